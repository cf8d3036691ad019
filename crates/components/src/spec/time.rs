//! Spans of time as Flux and Prometheus write them.

use serde::{Serialize, Serializer};

/// A whole number of one unit: `30s`, `10m`, `12h`. CRD pattern of every `interval` and `timeout`:
/// `^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    count: u16,
    unit: char,
}

impl Interval {
    /// Seconds.
    pub const fn seconds(count: u16) -> Self {
        Self { count, unit: 's' }
    }

    /// Minutes.
    pub const fn minutes(count: u16) -> Self {
        Self { count, unit: 'm' }
    }

    /// Hours.
    pub const fn hours(count: u16) -> Self {
        Self { count, unit: 'h' }
    }
}

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}{}", self.count, self.unit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_number_with_its_unit() {
        let texts = [Interval::seconds(30), Interval::minutes(10), Interval::hours(12)];
        assert_eq!(serde_json::to_string(&texts).unwrap(), r#"["30s","10m","12h"]"#);
    }
}
