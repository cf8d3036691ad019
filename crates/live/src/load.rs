//! Reading the live checks of a tree, with every mistake at its place.

use model::tree::Tree;
use model::tree::path;
use scenarios::{LoadError, Story};

use crate::consistency;
use crate::design::{Design, Program};
use crate::raw::File;

/// The file of a story, beside its test design.
pub const FILE_NAME: &str = "live.yaml";

/// The live checks of stories, in their order, and what is wrong with them. A story without the file has none; a file with an
/// error of its form gives none, one with a contradiction gives both.
pub fn load(tree: &Tree, stories: &[Story]) -> (Vec<Design>, Vec<LoadError>) {
    let mut designs = Vec::new();
    let mut errors = Vec::new();
    for story in stories {
        let name = format!("{}/{FILE_NAME}", path::parent(&story.file));
        if !tree.is_file(&name) {
            continue;
        }
        let Some(file) = scenarios::read::<File>(tree, &name, &mut errors) else {
            continue;
        };
        consistency::check(tree, &name, story, &file, &mut errors);
        designs.push(design(name, story, file));
    }
    errors.sort();
    (designs, errors)
}

fn design(name: String, story: &Story, file: File) -> Design {
    let from = file.from;
    let mut scenarios = file.scenarios;
    for scenario in &mut scenarios {
        if scenario.from.is_none() {
            scenario.from.clone_from(&from);
        }
    }
    let programs = file.programs.into_iter().map(|(name, program)| Program {
        name,
        config: program.config,
    });
    Design {
        file: name,
        story: story.story.clone(),
        settings: story.settings.clone(),
        clusters: story.clusters.clone(),
        programs: programs.collect(),
        not_verified: file.not_verified,
        scenarios,
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    pub(crate) const DESIGN: &str = "story: '01'
title: t
settings: {kind: ConfigMap, namespace: flux-system, name: cluster-settings}
clusters: [a]
criteria: [{id: AC1, title: t}]
scenarios:
  - {id: S1, priority: P0, level: integration, title: t, expectations: [{stage: built, file: a, exists: true}], mutations: [{title: t, edits: [{file: a, delete: true}]}]}
";

    pub(crate) fn loaded(live: &str) -> (Vec<Design>, Vec<String>) {
        let tree = Tree::from_files([
            ("docs/qa/01-x/test-design.yaml", DESIGN),
            ("docs/qa/01-x/risks.yaml", "risks: []\n"),
            ("docs/qa/01-x/live.yaml", live),
        ]);
        let (stories, errors) = scenarios::load(&tree);
        assert_eq!(errors, []);
        let (designs, errors) = load(&tree, &stories);
        (designs, errors.iter().map(ToString::to_string).collect())
    }

    pub(crate) fn loader_says(live: &str) -> String {
        loaded(live).1.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::testing::loaded;

    const HEAD: &str = "story: '01'
from: {kind: HelmRelease, namespace: n, name: r}
programs: {p: {config: {kind: ConfigMap, namespace: n, name: c, key: k}}}
scenarios:
";

    fn errors(scenario: &str) -> Vec<String> {
        loaded(&format!("{HEAD}  - {scenario}\n")).1
    }

    #[test]
    fn every_kind_of_check_is_read() {
        let head = "priority: P0, criterion: AC1, title: t";
        let object = |kind: &str| format!("object: {{kind: {kind}, namespace: n, name: o}}");
        let checks = [
            "ready: {kind: Kustomization, namespace: n, name: o}".to_owned(),
            format!("replicas: {{{}, equalsSetting: N}}", object("DaemonSet")),
            format!("spread: {{{}, topologyKey: kubernetes.io/hostname}}", object("StatefulSet")),
            format!("service: {{{}, clusterIPEqualsSetting: N}}", object("Service")),
            format!("disruption: {{{}, allows: 1}}", object("PodDisruptionBudget")),
            format!("rollout: {{{}, timeoutSeconds: 60}}", object("Deployment")),
            "program: p, dns: {ask: a.b, type: A, answersServiceOf: {namespace: n, name: o}}".to_owned(),
            "program: p, http: {port: 80, path: /, status: 200}".to_owned(),
            "program: p, metric: {port: 80, path: /, name: m}".to_owned(),
            "program: p, alerts: {rule: {kind: PrometheusRule, namespace: n, name: o}, given: down, fires: [A]}".to_owned(),
        ];
        let mut text = String::new();
        for (n, check) in checks.iter().enumerate() {
            text += &["  - {id: L", &n.to_string(), ", ", head, ", ", check, "}\n"].concat();
        }
        let (designs, errors) = loaded(&format!("{HEAD}{text}"));
        assert_eq!(errors, Vec::<String>::new());
        let scenarios = &designs[0].scenarios;
        let keys: Vec<&str> = scenarios.iter().map(|scenario| scenario.check.key()).collect();
        assert_eq!(keys, crate::raw::CHECKS);
        let from = scenarios[0].from.as_ref().map(ToString::to_string);
        assert_eq!(from.as_deref(), Some("HelmRelease/n/r"));
        let changing: Vec<usize> = (0..scenarios.len())
            .filter(|n| scenarios[*n].check.changes().is_some())
            .collect();
        assert_eq!(changing, [4, 5]);
    }

    #[test]
    fn what_is_wrong_is_said_at_its_place() {
        let head = "id: L1, priority: P0, title: t";
        let ready = "ready: {kind: Kustomization, namespace: n, name: o}";
        let cases = [
            (
                format!("{{{head}}}"),
                "5:5: scenarios[0]: a scenario without a check, wanted one of ready, ",
            ),
            (
                format!("{{{head}, {ready}, rollout: {{object: {{kind: Deployment, name: o}}}}}}"),
                "5:5: scenarios[0]: a scenario with more than one check",
            ),
            (
                format!("{{{head}, redy: 1}}"),
                "5:38: scenarios[0]: unknown field `redy`, expected one of",
            ),
            (
                format!("{{{head}, ready: {{kind: Deployment, namespace: n, name: o}}}}"),
                "5:5: scenarios[0]: `ready` cannot be claimed of a `Deployment`, wanted Kustomization, HelmRelease",
            ),
            (
                format!("{{{head}, program: q, http: {{port: 1, path: /, status: 200}}}}"),
                "5:47: no program is called `q`",
            ),
            (
                format!("{{{head}, http: {{port: 1, path: /, status: 200}}}}"),
                "5:5: scenarios[0]: a question without the `program`",
            ),
            (
                format!("{{{head}, criterion: AC9, {ready}}}"),
                "5:49: no criterion is called `AC9`",
            ),
            (
                format!("{{{head}, from: {{kind: Deployment, namespace: n, name: o}}, {ready}}}"),
                "5:44: `Deployment` is no kind of Flux",
            ),
            (
                format!("{{{head}, ready: {{kind: Kustomization, namespace: n, name: o/p}}}}"),
                "5:45: `o/p` is no name of an object",
            ),
            (
                format!(
                    "{{{head}, disruption: {{object: {{kind: PodDisruptionBudget, namespace: n, name: o}}, allows: 0}}}}"
                ),
                "5:5: scenarios[0]: `allows` is 0",
            ),
            (
                format!(
                    "{{{head}, rollout: {{object: {{kind: Deployment, namespace: n, name: o}}, timeoutSeconds: 4000}}}}"
                ),
                "5:5: scenarios[0]: `timeoutSeconds` is 4000, wanted 1 to 3600",
            ),
        ];
        for (scenario, wanted) in cases {
            let found = errors(&scenario);
            assert_eq!(found.len(), 1, "{scenario}: {found:?}");
            let wanted = format!("docs/qa/01-x/live.yaml:{wanted}");
            assert!(found[0].starts_with(&wanted), "{scenario}: {found:?}");
        }
        let one = "{id: S1, priority: P0, title: t, ready: {kind: Kustomization, namespace: n, name: o}}";
        assert_eq!(
            errors(one),
            ["docs/qa/01-x/live.yaml:5:10: scenario `S1` stands in the test design too"]
        );
    }

    #[test]
    fn a_story_of_another_number_is_refused() {
        let (_, errors) = loaded("story: '02'\nscenarios: []\n");
        assert_eq!(
            errors,
            ["docs/qa/01-x/live.yaml:1:8: story `02` beside the test design of story `01`"]
        );
    }
}
