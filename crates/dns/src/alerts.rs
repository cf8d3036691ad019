//! Alert expressions on metrics that a real server has given: a test file for `promtool test rules`.
//!
//! Two looks at `/metrics` give where each series stood and how much it grew; the growth goes on for as long as the alerts wait.

use serde_json::{Value as Json, json};

use crate::metrics::Sample;

/// How long the test lasts, in minutes: longer than any sensible `for` with the range of its expression.
const MINUTES: u32 = 60;

/// Two looks at the same page, one after the other.
#[derive(Debug, Clone, Copy)]
pub struct Scrape<'a> {
    /// The first.
    pub before: &'a [Sample],
    /// The second.
    pub after: &'a [Sample],
    /// The labels that Prometheus gives each series of a target: `job`, `instance`, ...
    pub target: &'a [(&'a str, &'a str)],
    /// Whether the target could be reached; None: there is no target.
    pub up: Option<bool>,
}

/// Which alerts must fire, and which must not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alerts<'a> {
    /// Names of those that fire.
    pub fires: &'a [String],
    /// Names of those that stay quiet.
    pub quiet: &'a [String],
}

/// A test file for `promtool test rules` beside the rules file `rules`: YAML that is also JSON.
///
/// Whether an alert fires is read from the series `ALERTS` that Prometheus keeps, so neither its labels nor its texts have to be
/// foretold.
pub fn rules_test(rules: &str, scrape: Scrape<'_>, alerts: Alerts<'_>) -> Json {
    let check = |name: &String, fires: bool| {
        let name = name.replace(['\\', '"'], "");
        let samples = if fires {
            json!([{"labels": "{}", "value": 1}])
        } else {
            json!([])
        };
        json!({
            "expr": format!("clamp_max(count(ALERTS{{alertname=\"{name}\",alertstate=\"firing\"}}), 1)"),
            "eval_time": format!("{MINUTES}m"),
            "exp_samples": samples,
        })
    };
    let fires = alerts.fires.iter().map(|name| check(name, true));
    let quiet = alerts.quiet.iter().map(|name| check(name, false));
    json!({
        "rule_files": [rules],
        "evaluation_interval": "1m",
        "tests": [{
            "interval": "1m",
            "input_series": series(scrape),
            "promql_expr_test": fires.chain(quiet).collect::<Vec<Json>>(),
        }],
    })
}

fn series(scrape: Scrape<'_>) -> Vec<Json> {
    let Some(up) = scrape.up else { return Vec::new() };
    let with_target = |sample: &Sample| {
        let mut sample = sample.clone();
        for (name, value) in scrape.target {
            sample.labels.insert((*name).to_owned(), (*value).to_owned());
        }
        sample.series()
    };
    let state = Sample {
        name: "up".to_owned(),
        labels: std::collections::BTreeMap::new(),
        value: f64::from(u8::from(up)),
    };
    let mut all = vec![json!({"series": with_target(&state), "values": constant(state.value)})];
    // A target that cannot be reached has no other series.
    for sample in scrape
        .after
        .iter()
        .filter(|sample| up && sample.value.is_finite())
    {
        let before = scrape
            .before
            .iter()
            .find(|old| old.name == sample.name && old.labels == sample.labels);
        let growth = before.map_or(sample.value, |old| sample.value - old.value);
        let start = sample.value - growth;
        let values = if growth < 0.0 || !growth.is_finite() {
            constant(sample.value)
        } else {
            format!("{start}+{growth}x{MINUTES}")
        };
        all.push(json!({"series": with_target(sample), "values": values}));
    }
    all
}

/// `0x60` alone would be a number in base 16.
fn constant(value: f64) -> String {
    format!("{value}+0x{MINUTES}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::samples;

    #[test]
    fn growth_goes_on_and_the_targets_labels_are_added() {
        let before = samples("a{z=\".\"} 10\n");
        let after = samples("a{z=\".\"} 14\nnew 3\nworse{} NaN\n");
        let scrape = Scrape {
            before: &before,
            after: &after,
            target: &[("job", "dns")],
            up: Some(true),
        };
        let alerts = Alerts {
            fires: &["Down".to_owned()],
            quiet: &["Slow".to_owned()],
        };
        let test = rules_test("rules.yaml", scrape, alerts);
        let series = &test["tests"][0]["input_series"];
        assert_eq!(
            series[0],
            json!({"series": "up{job=\"dns\"}", "values": "1+0x60"})
        );
        assert_eq!(
            series[1],
            json!({"series": "a{job=\"dns\",z=\".\"}", "values": "10+4x60"})
        );
        assert_eq!(
            series[2],
            json!({"series": "new{job=\"dns\"}", "values": "0+3x60"})
        );
        assert_eq!(series.as_array().unwrap().len(), 3);
        let checks = &test["tests"][0]["promql_expr_test"];
        assert_eq!(checks[0]["exp_samples"], json!([{"labels": "{}", "value": 1}]));
        assert_eq!(checks[1]["exp_samples"], json!([]));
    }

    #[test]
    fn a_target_that_is_down_has_nothing_but_that() {
        let after = samples("a 1\n");
        let scrape = |up| Scrape {
            before: &[],
            after: &after,
            target: &[],
            up,
        };
        let none = Alerts {
            fires: &[],
            quiet: &[],
        };
        let count = |up| {
            let test = rules_test("r", scrape(up), none);
            test["tests"][0]["input_series"].as_array().unwrap().len()
        };
        assert_eq!((count(Some(true)), count(Some(false)), count(None)), (2, 1, 0));
    }
}
