//! How much a mutation moves on a cluster: what goes, comes or gets another owner is slow to come and slow to undo.

use std::collections::{BTreeMap, BTreeSet};

use helm::install::Outcome;
use model::object;

use crate::scenarios::world::World;

/// What one cluster owns.
#[derive(Debug, Default)]
pub(super) struct Owned {
    /// Every object with who applies or installs it, both as `Kind/namespace/name`.
    pairs: BTreeSet<(String, String)>,
    /// Releases whose objects are not known: their chart is not at hand.
    unknown: usize,
}

/// What the clusters of a world own, by name.
pub(super) fn owned(world: &World<'_>) -> BTreeMap<String, Owned> {
    let mut owned: BTreeMap<String, Owned> = BTreeMap::new();
    for build in world.clusters {
        let own = owned.entry(build.cluster.name.clone()).or_default();
        for (built, object) in build.objects() {
            let applier = format!("Kustomization/{}/{}", built.id.namespace, built.id.name);
            let id = object::reference(&object.node).to_string();
            own.pairs.insert((id, applier));
        }
    }
    for installed in &world.installs {
        let own = owned.entry(installed.cluster.cluster.name.clone()).or_default();
        for (install, object) in installed.objects() {
            let release = object::reference(install.node()).to_string();
            let id = object::reference(&object.node).to_string();
            own.pairs.insert((id, release));
        }
        let releases = installed.releases.iter();
        own.unknown = releases
            .filter(|install| !matches!(install.outcome, Outcome::Installed(_)))
            .count();
    }
    owned
}

impl Owned {
    /// How many objects are there in one of both only, or have another owner; none where that is not known.
    pub(super) fn moves(&self, other: &Self) -> Option<usize> {
        let is_known = self.unknown == 0 && other.unknown == 0;
        is_known.then(|| self.pairs.symmetric_difference(&other.pairs).count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(pairs: &[(&str, &str)], unknown: usize) -> Owned {
        let pairs = pairs.iter();
        Owned {
            pairs: pairs
                .map(|(object, owner)| ((*object).to_owned(), (*owner).to_owned()))
                .collect(),
            unknown,
        }
    }

    #[test]
    fn what_comes_goes_or_has_another_owner_moves() {
        let (service, pod) = (("Service/n/s", "HelmRelease/n/r"), ("Pod/n/p", "HelmRelease/n/r"));
        let good = owned(&[service, pod], 0);
        assert_eq!(good.moves(&owned(&[service, pod], 0)), Some(0));
        assert_eq!(good.moves(&owned(&[pod], 0)), Some(1));
        let elsewhere = ("Service/n/s", "HelmRelease/n/x");
        assert_eq!(good.moves(&owned(&[elsewhere, pod], 0)), Some(2));
        assert_eq!(good.moves(&owned(&[service, pod], 1)), None);
    }
}
