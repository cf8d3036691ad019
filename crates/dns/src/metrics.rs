//! Metrics in Prometheus' text format, as `/metrics` has them.
//!
//! The format: prometheus.io/docs/instrumenting/exposition_formats, text version 0.0.4.

use std::collections::BTreeMap;

/// More samples than a server of this size has.
const MAX_SAMPLES: usize = 100_000;

/// One sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The metric.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
}

impl Sample {
    /// `name{label="value"}`, as a selector writes it.
    pub fn series(&self) -> String {
        let labels: Vec<String> = self
            .labels
            .iter()
            .map(|(name, value)| {
                let value = value
                    .replace('\\', "\\\\")
                    .replace('"', "\\\"")
                    .replace('\n', "\\n");
                format!("{name}=\"{value}\"")
            })
            .collect();
        format!("{}{{{}}}", self.name, labels.join(","))
    }
}

/// The samples of a page. Lines that are none are left out: what a page lacks shows where it is looked for.
pub fn samples(page: &str) -> Vec<Sample> {
    let lines = page.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter_map(sample)
        .take(MAX_SAMPLES)
        .collect()
}

fn sample(line: &str) -> Option<Sample> {
    let end = line.find(|c: char| c == '{' || c.is_whitespace())?;
    let (name, rest) = line.split_at_checked(end)?;
    if !name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':')
    {
        return None;
    }
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (BTreeMap::new(), rest),
    };
    // A time may follow.
    let value = rest.split_whitespace().next()?;
    Some(Sample {
        name: name.to_owned(),
        labels,
        value: value.parse().ok()?,
    })
}

/// Labels up to the brace that closes them, and what follows.
fn labels(mut rest: &str) -> Option<(BTreeMap<String, String>, &str)> {
    let mut labels = BTreeMap::new();
    loop {
        rest = rest.trim_start_matches([' ', ',']);
        if let Some(rest) = rest.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (name, after) = rest.split_once("=\"")?;
        let mut value = String::new();
        let mut chars = after.char_indices();
        let end = loop {
            match chars.next()? {
                (at, '"') => break at + 1,
                (_, '\\') => value.push(match chars.next()?.1 {
                    'n' => '\n',
                    other => other,
                }),
                (_, c) => value.push(c),
            }
        };
        labels.insert(name.trim().to_owned(), value);
        rest = after.get(end..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_labels_and_values() {
        let page = "# HELP a b\n# TYPE a counter\na{zone=\".\",said=\"x\\\"y\\\\\\n}\"} 3\nb 1.5e3 1700000000000\nc{le=\"+Inf\"} +Inf\n";
        let found = samples(page);
        let names: Vec<(&str, f64)> = found
            .iter()
            .map(|sample| (sample.name.as_str(), sample.value))
            .collect();
        assert_eq!(names, [("a", 3.0), ("b", 1500.0), ("c", f64::INFINITY)]);
        assert_eq!(found[0].labels["said"], "x\"y\\\n}");
        assert_eq!(found[0].series(), r#"a{said="x\"y\\\n}",zone="."}"#);
        assert_eq!(found[1].series(), "b{}");
    }

    #[test]
    fn what_is_no_sample_is_left_out() {
        assert_eq!(
            samples("a{b=\"c\nd\n\n<html> 1\ne{f=\"g\"} x\nHTTP/1.0 200 OK\n"),
            []
        );
    }
}
