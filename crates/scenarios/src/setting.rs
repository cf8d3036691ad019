//! A setting of a cluster: an entry of the ConfigMap that its story names.

use diag::Span;
use flux::{ClusterBuild, Reference};
use model::yaml::Node;

use crate::design::ObjectName;

/// A cluster's setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its text, as Flux puts it in.
    pub text: String,
    /// Where it is written.
    pub span: Span,
}

/// A setting that is not there.
#[derive(Debug)]
pub struct NoSetting<'a> {
    /// What was looked for.
    pub wanted: String,
    /// What there is instead.
    pub found: &'static str,
    /// The ConfigMap that lacks it; none where that is not there either.
    pub map: Option<&'a Node>,
}

/// The setting of a name in the ConfigMap `map` of a cluster.
pub fn setting<'a>(
    cluster: &'a ClusterBuild,
    map: &ObjectName,
    name: &str,
) -> Result<Setting, NoSetting<'a>> {
    let reference = Reference {
        kind: map.kind.clone(),
        namespace: map.namespace.clone(),
        name: map.name.clone(),
        optional: false,
        span: Span::NONE,
    };
    let missing = |found, node| NoSetting {
        wanted: format!(
            "a setting `{name}` in `{map}` of cluster `{}`",
            cluster.cluster.name
        ),
        found,
        map: node,
    };
    let settings = cluster
        .pool
        .get(&reference)
        .ok_or_else(|| missing("no such object", None))?;
    let data = settings.at(&["data", name]);
    let (text, span) = data
        .and_then(|node| Some((node.scalar_text()?, node.span)))
        .ok_or_else(|| missing("no such setting", Some(settings)))?;
    // Flux takes the line breaks out of every value.
    Ok(Setting {
        text: text.replace('\n', ""),
        span,
    })
}
