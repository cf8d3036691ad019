//! Waivers: what a story is let through with, by whom, why and until when.

use std::fmt;

use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};

/// The file of a story's waivers, beside its test design; it may be absent.
pub(crate) const FILE_NAME: &str = "waivers.yaml";

/// One exception from the gate.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// Id of the scenario, risk or criterion that is let through.
    #[serde(rename = "for")]
    pub about: String,
    /// Why.
    pub reason: String,
    /// The role that answers for it.
    pub approver: String,
    /// Last day on which it holds.
    pub until: Day,
}

/// A day of the calendar as `YYYY-MM-DD`; days compare as their texts do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Day(String);

impl Day {
    /// A day from its text.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let refused = || format!("`{text}` is no day, wanted `YYYY-MM-DD`");
        let parts: Vec<&str> = text.split('-').collect();
        let [year, month, day] = parts.as_slice() else {
            return Err(refused());
        };
        let number = |part: &str, digits: usize| {
            let plain = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| part.parse::<u32>().ok()).flatten()
        };
        match (number(year, 4), number(month, 2), number(day, 2)) {
            (Some(year), Some(month), Some(day)) if (1..=days(year, month)).contains(&day) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(refused()),
        }
    }
}

/// Days of a month; none for a month that there is not.
fn days(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Register {
    pub(crate) waivers: Vec<Waiver>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_one_of_the_calendar() {
        for good in ["2026-12-31", "2028-02-29", "2000-02-29"] {
            assert_eq!(Day::parse(good).unwrap().to_string(), good);
        }
        for bad in [
            "2026-13-01",
            "2026-02-29",
            "2100-02-29",
            "2026-04-31",
            "2026-1-1",
            "26-01-01",
            "tomorrow",
            "2026-01-00",
            "+026-01-01",
        ] {
            let error = Day::parse(bad).unwrap_err();
            assert_eq!(error, format!("`{bad}` is no day, wanted `YYYY-MM-DD`"));
        }
        assert!(Day::parse("2026-09-30").unwrap() < Day::parse("2026-10-01").unwrap());
    }
}
