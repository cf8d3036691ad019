//! Whether every criterion and every risk of a story has a scenario, and every scenario a criterion.

use std::collections::BTreeSet;

use crate::design::Story;

/// What a test design leaves open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Ids of criteria that no scenario proves.
    pub criteria_without_scenario: Vec<String>,
    /// Ids of risks that no scenario covers.
    pub risks_without_scenario: Vec<String>,
    /// Ids of scenarios that prove no criterion.
    pub scenarios_without_criterion: Vec<String>,
}

impl Coverage {
    /// Whether nothing is left open.
    pub fn is_complete(&self) -> bool {
        *self == Self::default()
    }
}

/// What a story's test design leaves open.
pub fn coverage(story: &Story) -> Coverage {
    let proven: BTreeSet<&str> = story
        .scenarios
        .iter()
        .filter_map(|scenario| scenario.criterion.as_deref())
        .collect();
    let covered: BTreeSet<&str> = story
        .scenarios
        .iter()
        .flat_map(|scenario| &scenario.risks)
        .map(String::as_str)
        .collect();
    let without = |ids: Vec<&String>, known: &BTreeSet<&str>| {
        ids.into_iter()
            .filter(|id| !known.contains(id.as_str()))
            .cloned()
            .collect()
    };
    let bare = story
        .scenarios
        .iter()
        .filter(|scenario| scenario.criterion.is_none());
    Coverage {
        criteria_without_scenario: without(story.criteria.iter().map(|c| &c.id).collect(), &proven),
        risks_without_scenario: without(story.risks.iter().map(|risk| &risk.id).collect(), &covered),
        scenarios_without_criterion: bare.map(|scenario| scenario.id.clone()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_looks_at_is_named() {
        let text = "{story: '01', title: t, settings: {kind: ConfigMap, name: s}, clusters: all, \
                    criteria: [{id: AC1, title: t}, {id: AC2, title: t}], scenarios: [\
                    {id: A, priority: P0, level: integration, criterion: AC1, title: t, expectations: [], mutations: []}, \
                    {id: B, priority: P0, level: integration, risks: [R1], title: t, expectations: [], mutations: []}]}";
        let mut story: Story = serde_yaml::from_str(text).unwrap();
        let risk = |id: &str| format!("{{id: {id}, category: OPS, title: t, mitigation: m, owner: o}}");
        story.risks = ["R1", "R2"]
            .map(|id| serde_yaml::from_str(&risk(id)).unwrap())
            .to_vec();
        let found = coverage(&story);
        assert_eq!(found.criteria_without_scenario, ["AC2"]);
        assert_eq!(found.risks_without_scenario, ["R2"]);
        assert_eq!(found.scenarios_without_criterion, ["B"]);
        assert!(!found.is_complete());
    }
}
