//! One mutation after the other on one control plane, and the good tree between them where it has to be.

use std::collections::BTreeMap;

use anyhow::bail;
use rehearse::{Change, Copy, Looks, Outcome, Request, Run, Stage};

use super::heard::Heard;
use super::trial::{Differs, Trial};

/// A cluster that runs.
pub(super) struct Turn<'a> {
    stage: Stage<'a>,
    copy: &'a Copy,
    run: &'a Run,
    good: &'a Request<'a>,
    /// What the cluster is like with the good tree.
    well: BTreeMap<String, String>,
    at: At,
    /// How many trees were pushed: no two commits are the same.
    pushes: usize,
}

/// What the cluster has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// The good tree.
    Good,
    /// A mutation that Flux has applied whole: another tree can follow it.
    Applied,
    /// A mutation that it has not.
    Refused,
}

impl<'a> Turn<'a> {
    /// Waits until the cluster has come up with the good tree.
    pub(super) fn begin(
        mut stage: Stage<'a>,
        copy: &'a Copy,
        run: &'a Run,
        good: &'a Request<'a>,
    ) -> anyhow::Result<Self> {
        let first = stage.settle(good)?;
        if first.failed() {
            bail!(
                "cluster `{name}` is not Ready without any mutation: `cargo xtask rehearse --cluster {name}` says why",
                name = first.cluster
            );
        }
        Ok(Self {
            stage,
            copy,
            run,
            good,
            well: state(&first),
            at: At::Good,
            pushes: 0,
        })
    }

    /// What Flux makes of a mutation; none where the cluster does not get well again, so that nothing more can be heard of it.
    pub(super) fn hear(
        &mut self,
        trial: &Trial,
        differs: &Differs,
        bad: &Request<'_>,
    ) -> anyhow::Result<Option<Heard>> {
        if self.at == At::Refused && !self.gets_well()? {
            return Ok(None);
        }
        let mut heard = self.push(trial, differs, bad)?;
        if self.at == At::Applied && matches!(heard, Heard::Noticed(_)) {
            // Perhaps Flux refuses no more than the way from the mutation before it.
            if !self.gets_well()? {
                return Ok(None);
            }
            heard = self.push(trial, differs, bad)?;
        }
        self.at = if heard == Heard::AllReady {
            At::Applied
        } else {
            At::Refused
        };
        Ok(Some(heard))
    }

    fn push(&mut self, trial: &Trial, differs: &Differs, bad: &Request<'_>) -> anyhow::Result<Heard> {
        let outcome = self.serve(&trial.changes, &trial.name, looks(differs), bad)?;
        Ok(Heard::of(&outcome, &differs.touched))
    }

    /// Pushes the good tree, and says whether the cluster is as it was at first.
    fn gets_well(&mut self) -> anyhow::Result<bool> {
        let mut back = self.serve(&[], "good", Looks::Once, self.good)?;
        if state(&back) != self.well {
            // A Kustomization may have been quicker than the settings that it reads.
            self.stage.refresh()?;
            back = self.stage.settle(self.good)?;
        }
        if state(&back) != self.well {
            // One release may have taken away what another one had installed.
            self.stage.force()?;
            back = self.stage.settle(self.good)?;
        }
        self.at = At::Good;
        Ok(state(&back) == self.well)
    }

    /// Serves another tree and waits for what Flux makes of it.
    fn serve(
        &mut self,
        changes: &[Change],
        title: &str,
        looks: Looks,
        request: &Request<'_>,
    ) -> anyhow::Result<Outcome> {
        self.pushes += 1;
        let title = format!("{}: {title}", self.pushes);
        let commit = self.copy.commit(self.run, changes, &title)?;
        self.stage.follow(&commit, looks)?;
        Ok(self.stage.settle(request)?)
    }
}

/// What was taken away may be missed only when Flux looks again, and what is read from another object may have been read before that
/// one was changed.
fn looks(differs: &Differs) -> Looks {
    let is_read = |id: &String| id.starts_with("ConfigMap/") || id.starts_with("Secret/");
    if differs.moves == Some(0) && !differs.touched.iter().any(is_read) {
        Looks::Once
    } else {
        Looks::Twice
    }
}

/// What a cluster is like, without what changes with each commit: verdicts, and how many pods are wanted.
fn state(outcome: &Outcome) -> BTreeMap<String, String> {
    let objects = outcome.objects.iter();
    let objects = objects.map(|object| (object.object.clone(), format!("{:?}", object.verdict)));
    let workloads = outcome.workloads.iter();
    let workloads = workloads.map(|workload| (workload.object.clone(), workload.wanted.to_string()));
    objects.chain(workloads).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn flux_looks_again_where_something_goes_or_is_read() {
        let looks = |moves, touched: &str| {
            looks(&Differs {
                touched: BTreeSet::from([touched.to_owned()]),
                pieces: BTreeSet::new(),
                moves,
            })
        };
        assert_eq!(looks(Some(0), "HelmRelease/n/r"), Looks::Once);
        assert_eq!(looks(Some(1), "HelmRelease/n/r"), Looks::Twice);
        assert_eq!(looks(None, "HelmRelease/n/r"), Looks::Twice);
        assert_eq!(looks(Some(0), "ConfigMap/flux-system/settings"), Looks::Twice);
    }
}
