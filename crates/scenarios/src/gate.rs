//! The gate of a story: one pure function from what is known of it to PASS, CONCERNS, FAIL or WAIVED.
//!
//! `docs/reference/gate.md` is its specification; this file's test runs each row of the table there.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::coverage::Coverage;
use crate::design::Priority;
use crate::outcome::Status;
use crate::risk::Risk;
use crate::settle::Promise;
use crate::waiver::Waiver;

/// From this score on a risk is heavy: High or Critical.
const HEAVY: u8 = 6;

/// What a gate says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Decision {
    /// All of it was looked at, and holds.
    Pass,
    /// It may go on, and somebody must look at the reasons.
    Concerns,
    /// It must not go on.
    Fail,
    /// Something does not hold, and somebody has answered for it for a time.
    Waived,
}

impl Decision {
    /// `PASS`, `CONCERNS`, `FAIL` or `WAIVED`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Concerns => "CONCERNS",
            Self::Fail => "FAIL",
            Self::Waived => "WAIVED",
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How much a reason weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// The gate fails for it.
    Fail,
    /// The gate has concerns for it.
    Concern,
}

/// Why a gate says what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// How much it weighs; what it would weigh when it is waived.
    pub weight: Weight,
    /// Id of the scenario, risk or criterion; empty for the story as a whole.
    #[serde(rename = "for")]
    pub about: String,
    /// One line.
    pub why: String,
    /// Whether a waiver lets it through.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waived: bool,
}

/// What is known of a story.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// What has become of its scenarios.
    pub promises: &'a [Promise],
    /// Its risks.
    pub risks: &'a [Risk],
    /// What its design leaves open.
    pub coverage: &'a Coverage,
    /// What somebody lets through.
    pub waivers: &'a [Waiver],
    /// Today, `YYYY-MM-DD`.
    pub today: &'a str,
}

/// A decision with its reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// What the gate says.
    pub decision: Decision,
    /// Why, the heaviest first; none for PASS.
    pub because: Vec<Reason>,
}

/// The gate of a story.
pub fn gate(facts: Facts<'_>) -> Gate {
    let mut because = of_scenarios(facts);
    because.extend(of_coverage(facts));
    let mut about_waivers = Vec::new();
    for waiver in facts.waivers {
        let is_over = waiver.until.to_string().as_str() < facts.today;
        let mut is_used = false;
        for reason in because.iter_mut().filter(|reason| reason.about == waiver.about) {
            is_used = true;
            reason.waived = !is_over;
        }
        let id = &waiver.about;
        if is_over {
            let why = format!("the waiver of `{id}` ended on {}", waiver.until);
            about_waivers.push(reason(Weight::Fail, id, why));
        } else if !is_used {
            let why = format!("the waiver of `{id}` lets nothing through");
            about_waivers.push(reason(Weight::Concern, id, why));
        }
    }
    because.extend(about_waivers);
    because.sort_by_key(|reason| (reason.waived, reason.weight));
    Gate {
        decision: decide(&because),
        because,
    }
}

fn decide(because: &[Reason]) -> Decision {
    let any = |weight, waived| {
        because
            .iter()
            .any(|reason| reason.weight == weight && reason.waived == waived)
    };
    if any(Weight::Fail, false) {
        Decision::Fail
    } else if any(Weight::Fail, true) {
        Decision::Waived
    } else if any(Weight::Concern, false) {
        Decision::Concerns
    } else if any(Weight::Concern, true) {
        Decision::Waived
    } else {
        Decision::Pass
    }
}

fn reason(weight: Weight, about: &str, why: String) -> Reason {
    Reason {
        weight,
        about: about.to_owned(),
        why,
        waived: false,
    }
}

fn of_scenarios(facts: Facts<'_>) -> Vec<Reason> {
    if facts.promises.is_empty() {
        return vec![reason(Weight::Fail, "", "no scenario was run".to_owned())];
    }
    let reasons = facts.promises.iter().filter_map(|promise| {
        let priority = promise.priority;
        let heaviest = facts
            .risks
            .iter()
            .filter(|risk| promise.risks.contains(&risk.id))
            .filter(|risk| risk.weight().is_some_and(|score| score >= HEAVY))
            .max_by_key(|risk| risk.weight());
        let covers = heaviest.map_or_else(String::new, |risk| {
            format!(", covers `{}` of score {}", risk.id, risk.weight().unwrap_or(0))
        });
        let head = format!("`{}` ({}{covers})", promise.id, priority.name());
        match promise.status {
            Status::Passed => None,
            Status::Deferred => {
                let until: Vec<&str> = promise.needs.iter().map(|need| need.until()).collect();
                let why = format!("{head} is not proven {}", until.join(", "));
                Some(reason(Weight::Concern, &promise.id, why.trim_end().to_owned()))
            }
            Status::Failed => {
                let weight = if priority == Priority::P2 && heaviest.is_none() {
                    Weight::Concern
                } else {
                    Weight::Fail
                };
                let first = promise.failures.first().map_or("", String::as_str);
                Some(reason(weight, &promise.id, format!("{head} fails: {first}")))
            }
        }
    });
    reasons.collect()
}

fn of_coverage(facts: Facts<'_>) -> Vec<Reason> {
    let Coverage {
        criteria_without_scenario,
        risks_without_scenario,
        scenarios_without_criterion,
    } = facts.coverage;
    let mut reasons = Vec::new();
    for id in risks_without_scenario {
        let score = facts
            .risks
            .iter()
            .find(|risk| risk.id == *id)
            .and_then(Risk::weight);
        let weight = match score {
            Some(score) if score >= HEAVY => Weight::Fail,
            _ => Weight::Concern,
        };
        let score = score.map_or_else(String::new, |score| format!(" of score {score}"));
        reasons.push(reason(
            weight,
            id,
            format!("no scenario looks at the risk `{id}`{score}"),
        ));
    }
    for id in criteria_without_scenario {
        let why = format!("no scenario proves the criterion `{id}`");
        reasons.push(reason(Weight::Concern, id, why));
    }
    for id in scenarios_without_criterion {
        let why = format!("`{id}` proves no criterion");
        reasons.push(reason(Weight::Concern, id, why));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Need;
    use crate::waiver::Day;

    const PAGE: &str = include_str!("../../../docs/reference/gate.md");
    const TODAY: &str = "2026-11-27";

    /// What a row of the page says is known.
    struct Known {
        promises: Vec<Promise>,
        risks: Vec<Risk>,
        coverage: Coverage,
        waivers: Vec<Waiver>,
    }

    impl Known {
        fn gate(&self) -> Gate {
            gate(Facts {
                promises: &self.promises,
                risks: &self.risks,
                coverage: &self.coverage,
                waivers: &self.waivers,
                today: TODAY,
            })
        }
    }

    fn promise(index: usize, text: &str) -> Promise {
        let (priority, status) = text.split_once(' ').unwrap();
        let status = match status {
            "passed" => Status::Passed,
            "deferred" => Status::Deferred,
            "failed" => Status::Failed,
            other => panic!("no status: {other}"),
        };
        Promise {
            id: format!("S{index}"),
            priority: priority.parse().unwrap(),
            criterion: "AC".into(),
            risks: vec!["R".into()],
            status,
            needs: if status == Status::Deferred {
                vec![Need::Network]
            } else {
                Vec::new()
            },
            failures: if status == Status::Failed {
                vec!["wanted a, found b".into()]
            } else {
                Vec::new()
            },
        }
    }

    fn known(scenarios: &str, risk: &str, open: &str, waivers: &str) -> Known {
        let list = |text: &str| -> Vec<String> {
            let parts = text
                .split(',')
                .map(|part| part.trim().trim_matches('`').to_owned());
            parts.filter(|part| !part.is_empty() && part != "-").collect()
        };
        let promises = list(scenarios)
            .iter()
            .enumerate()
            .map(|(index, text)| promise(index + 1, text))
            .collect();
        let score: Option<u8> = risk.parse().ok();
        let risks = vec![Risk {
            id: "R".into(),
            category: "OPS".into(),
            title: "t".into(),
            score: score.map(|score| (score / 3, 3)),
            mitigation: "m".into(),
            owner: "o".into(),
        }];
        let mut coverage = Coverage::default();
        for open in list(open) {
            match open.as_str() {
                "the risk" => coverage.risks_without_scenario.push("R".into()),
                "a criterion" => coverage.criteria_without_scenario.push("AC".into()),
                "a scenario" => coverage.scenarios_without_criterion.push("S1".into()),
                other => panic!("nothing can be left open like this: {other}"),
            }
        }
        let waivers = list(waivers)
            .iter()
            .map(|text| {
                let (about, until) = text.split_once(" until ").unwrap();
                Waiver {
                    about: about.into(),
                    reason: "r".into(),
                    approver: "a".into(),
                    until: Day::parse(until).unwrap(),
                }
            })
            .collect();
        Known {
            promises,
            risks,
            coverage,
            waivers,
        }
    }

    #[test]
    fn each_row_of_the_page_holds() {
        let mut rows = 0;
        let mut seen = std::collections::BTreeSet::new();
        for line in PAGE.lines().filter(|line| line.starts_with("| ")) {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [scenarios, risk, open, waivers, wanted, because] = cells[..] else {
                panic!("six cells wanted: {line}");
            };
            if scenarios == "scenarios" || scenarios.starts_with("---") {
                continue;
            }
            let found = known(scenarios, risk, open, waivers).gate();
            assert_eq!(format!("**{}**", found.decision), wanted, "{line}\n{found:#?}");
            let whys: Vec<String> = found
                .because
                .iter()
                .map(|reason| {
                    let waived = if reason.waived { " (waived)" } else { "" };
                    format!("{}{waived}", reason.why)
                })
                .collect();
            assert_eq!(whys.join("; "), because, "{line}");
            seen.insert(wanted.to_owned());
            rows += 1;
        }
        assert!(
            rows >= 20 && seen.len() == 4,
            "{rows} rows, {} decisions",
            seen.len()
        );
    }

    #[test]
    fn nothing_gets_greener_when_a_scenario_gets_worse() {
        let rank = |decision| match decision {
            Decision::Pass => 0,
            Decision::Concerns | Decision::Waived => 1,
            Decision::Fail => 2,
        };
        for priority in ["P0", "P1", "P2"] {
            for risk in ["-", "3", "6", "9"] {
                for waiver in ["-", "S1 until 2026-12-31", "S1 until 2026-11-26"] {
                    let of = |status: &str| {
                        let scenarios = format!("{priority} {status}, P1 passed");
                        rank(known(&scenarios, risk, "-", waiver).gate().decision)
                    };
                    let ranks = [of("passed"), of("deferred"), of("failed")];
                    assert!(ranks.is_sorted(), "{priority} {risk} {waiver}: {ranks:?}");
                }
            }
        }
    }
}
