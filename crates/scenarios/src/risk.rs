//! A story's risks: how probable, how bad, what is done about them.

use serde::de::Deserializer;
use serde::{Deserialize, Serialize};

use crate::placed;

/// The file of a story's risks, beside its test design.
pub(crate) const FILE_NAME: &str = "risks.yaml";

/// One risk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Risk {
    /// `TECH-001-OCI-URL`.
    pub id: String,
    /// `TECH`, `OPS`.
    pub category: String,
    /// What may happen, and what then.
    pub title: String,
    /// Probability and impact, 1 to 3 each; none for a risk that the profile names without a score.
    pub score: Option<(u8, u8)>,
    /// What is done about it.
    pub mitigation: String,
    /// The role that answers for it.
    pub owner: String,
}

/// How much a risk weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Band {
    /// No score.
    Unscored,
    /// 1 to 3.
    Low,
    /// 4.
    Medium,
    /// 6.
    High,
    /// 9.
    Critical,
}

impl Band {
    /// `Critical`, `High`, `Medium`, `Low` or `unscored`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unscored => "unscored",
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High => "High",
            Self::Critical => "Critical",
        }
    }
}

impl Risk {
    /// Probability times impact.
    pub fn weight(&self) -> Option<u8> {
        self.score.map(|(probability, impact)| probability * impact)
    }

    /// How much it weighs.
    pub fn band(&self) -> Band {
        match self.weight() {
            None => Band::Unscored,
            Some(0..=3) => Band::Low,
            Some(4..=5) => Band::Medium,
            Some(6..=8) => Band::High,
            Some(_) => Band::Critical,
        }
    }
}

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Register {
    pub(crate) risks: Vec<Risk>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    id: String,
    category: String,
    title: String,
    probability: Option<u8>,
    impact: Option<u8>,
    score: Option<u8>,
    mitigation: String,
    owner: String,
}

impl<'de> Deserialize<'de> for Risk {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        placed::read::<D, Raw, Self>(deserializer)
    }
}

impl TryFrom<Raw> for Risk {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        let score = match (raw.probability, raw.impact, raw.score) {
            (Some(probability), Some(impact), Some(score)) => {
                for (what, value) in [("probability", probability), ("impact", impact)] {
                    if !(1..=3).contains(&value) {
                        return Err(format!("{what} of `{}` is {value}, wanted 1, 2 or 3", raw.id));
                    }
                }
                let product = probability * impact;
                if product != score {
                    let sum = format!("probability {probability} times impact {impact} is {product}");
                    return Err(format!("score of `{}` is {score}, but {sum}", raw.id));
                }
                Some((probability, impact))
            }
            (None, None, None) => None,
            _ => {
                return Err(format!(
                    "`{}` has only a part of probability, impact and score",
                    raw.id
                ));
            }
        };
        let Raw {
            id,
            category,
            title,
            mitigation,
            owner,
            ..
        } = raw;
        Ok(Self {
            id,
            category,
            title,
            score,
            mitigation,
            owner,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(numbers: &str) -> Result<Register, String> {
        let text =
            format!("risks:\n  - {{id: R, category: OPS, title: t, mitigation: m, owner: o{numbers}}}\n");
        serde_yaml::from_str(&text).map_err(|error| error.to_string())
    }

    #[test]
    fn the_score_is_the_product() {
        let bands = [
            (", probability: 3, impact: 3, score: 9", Band::Critical),
            ("", Band::Unscored),
        ];
        for (numbers, band) in bands {
            assert_eq!(read(numbers).unwrap().risks[0].band(), band);
        }
        let error = read(", probability: 2, impact: 3, score: 5").unwrap_err();
        assert!(
            error.contains("score of `R` is 5, but probability 2 times impact 3 is 6"),
            "{error}"
        );
        assert!(error.contains("line 2"), "{error}");
        assert!(read(", probability: 2").unwrap_err().contains("only a part"));
        assert!(
            read(", probability: 4, impact: 1, score: 4")
                .unwrap_err()
                .contains("wanted 1, 2 or 3")
        );
    }
}
