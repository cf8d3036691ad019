//! The transformer configuration: which fields each transformer looks at, built in and from `configurations`.
//!
//! A custom configuration acts in its own kustomization and in those above it, not in the ones below.

mod defaults;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, OnceLock};

use crate::fieldspec::{self, FieldSpec};
use crate::order;

static DEFAULT: LazyLock<Arc<Config>> = LazyLock::new(|| Arc::new(defaults::config()));

/// The fields of each transformer.
#[derive(Debug, Default)]
pub(crate) struct Config {
    pub(crate) name_prefix: Vec<FieldSpec>,
    pub(crate) name_suffix: Vec<FieldSpec>,
    pub(crate) namespace: Vec<FieldSpec>,
    pub(crate) common_labels: Vec<FieldSpec>,
    pub(crate) labels: Vec<FieldSpec>,
    pub(crate) template_labels: Vec<FieldSpec>,
    pub(crate) common_annotations: Vec<FieldSpec>,
    pub(crate) images: Vec<FieldSpec>,
    pub(crate) replicas: Vec<FieldSpec>,
    pub(crate) name_reference: Vec<Target>,
    index: OnceLock<HashMap<String, Vec<(usize, usize)>>>,
}

/// A kind of object, and the fields that may name such objects.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// Empty for any.
    pub(crate) group: String,
    /// Empty for any.
    pub(crate) version: String,
    /// Empty for any.
    pub(crate) kind: String,
    pub(crate) fields: Vec<FieldSpec>,
}

impl Config {
    /// The built-in configuration.
    pub(crate) fn built_in() -> Arc<Self> {
        DEFAULT.clone()
    }

    /// Both configurations in one.
    pub(crate) fn merged(self: &Arc<Self>, more: &Arc<Self>) -> Result<Arc<Self>, String> {
        if Arc::ptr_eq(self, more) {
            return Ok(self.clone());
        }
        let both = |mine: &[FieldSpec], theirs: &[FieldSpec]| {
            let mut all = mine.to_vec();
            fieldspec::merge(&mut all, theirs)?;
            all.sort_by_cached_key(|spec| order::gvk_key(&spec.group, &spec.version, &spec.kind));
            Ok::<_, String>(all)
        };
        let mut targets = self.name_reference.clone();
        for target in &more.name_reference {
            let same = |old: &&mut Target| {
                (&old.group, &old.version, &old.kind) == (&target.group, &target.version, &target.kind)
            };
            match targets.iter_mut().find(same) {
                Some(old) => fieldspec::merge(&mut old.fields, &target.fields)?,
                None => targets.push(target.clone()),
            }
        }
        targets.sort_by_cached_key(|target| order::gvk_key(&target.group, &target.version, &target.kind));
        Ok(Arc::new(Self {
            name_prefix: both(&self.name_prefix, &more.name_prefix)?,
            name_suffix: both(&self.name_suffix, &more.name_suffix)?,
            namespace: both(&self.namespace, &more.namespace)?,
            common_labels: both(&self.common_labels, &more.common_labels)?,
            labels: both(&self.labels, &more.labels)?,
            template_labels: both(&self.template_labels, &more.template_labels)?,
            common_annotations: both(&self.common_annotations, &more.common_annotations)?,
            images: both(&self.images, &more.images)?,
            replicas: both(&self.replicas, &more.replicas)?,
            name_reference: targets,
            index: OnceLock::new(),
        }))
    }

    /// The reference fields of objects of a kind, as places in `name_reference`, in the order of the table.
    pub(crate) fn references_of(&self, kind: &str) -> impl Iterator<Item = (&Target, &FieldSpec)> {
        let index = self.index.get_or_init(|| self.make_index());
        let places = index
            .get(kind)
            .or_else(|| index.get(""))
            .map_or(&[][..], Vec::as_slice);
        places.iter().filter_map(|(target, field)| {
            let target = self.name_reference.get(*target)?;
            Some((target, target.fields.get(*field)?))
        })
    }

    /// Places by kind; those without a kind stand under every kind, and alone under the empty one.
    fn make_index(&self) -> HashMap<String, Vec<(usize, usize)>> {
        let mut index: HashMap<String, Vec<(usize, usize)>> = HashMap::from([(String::new(), Vec::new())]);
        for field in self.name_reference.iter().flat_map(|target| &target.fields) {
            index.entry(field.kind.clone()).or_default();
        }
        for (t, target) in self.name_reference.iter().enumerate() {
            for (f, field) in target.fields.iter().enumerate() {
                if field.kind.is_empty() {
                    #[expect(clippy::iter_over_hash_type, reason = "each list grows on its own")]
                    for places in index.values_mut() {
                        places.push((t, f));
                    }
                } else if let Some(places) = index.get_mut(&field.kind) {
                    places.push((t, f));
                }
            }
        }
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_table_knows_who_refers_to_what() {
        let config = Config::built_in();
        let paths = |kind: &str, target: &str| {
            config
                .references_of(kind)
                .filter(|(t, _)| t.kind == target)
                .map(|(_, field)| field.path.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            paths("HorizontalPodAutoscaler", "Deployment"),
            ["spec/scaleTargetRef/name"]
        );
        assert!(paths("CronJob", "ConfigMap").len() == 6 && paths("Pod", "Secret").len() == 7);
        assert!(paths("HelmRelease", "ConfigMap").is_empty());
    }

    #[test]
    fn merging_keeps_the_built_in_fields() {
        let mut own = Config::default();
        own.name_reference.push(Target {
            group: String::new(),
            version: "v1".into(),
            kind: "ConfigMap".into(),
            fields: vec![FieldSpec::new("", "", "HelmRelease", "spec/valuesFrom/name", false).unwrap()],
        });
        let merged = Config::built_in().merged(&Arc::new(own)).unwrap();
        assert_eq!(merged.references_of("HelmRelease").count(), 1);
        assert_eq!(
            merged.references_of("Pod").count(),
            Config::built_in().references_of("Pod").count()
        );
    }
}
