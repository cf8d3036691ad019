//! Alerts (`monitoring.coreos.com/v1`).

use model::yaml::Node;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::object::{self, Metadata, Object};
use super::{Interval, Name, SpecError};

/// `PrometheusRule`.
#[derive(Debug, Clone)]
pub struct PrometheusRule {
    /// `metadata`.
    pub metadata: Metadata,
    /// `spec`.
    pub spec: PrometheusRuleSpec,
}

/// `PrometheusRule.spec`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PrometheusRuleSpec {
    /// `groups`.
    pub groups: Vec<RuleGroup>,
}

/// `PrometheusRule.spec.groups[]`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleGroup {
    /// `name`.
    pub name: Name,
    /// `interval`: how often the group is evaluated.
    pub interval: Interval,
    /// `rules`.
    pub rules: Vec<Alert>,
}

/// `labels.severity`: who is woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Somebody, now.
    Critical,
    /// Somebody, in working hours.
    Warning,
}

/// What an alert is made of; see [`Alert::new`].
#[derive(Debug, Clone, Copy)]
pub struct AlertSpec {
    /// `alert`: its name.
    pub alert: &'static str,
    /// `expr`: PromQL.
    pub expr: &'static str,
    /// `for`: how long the expression holds before somebody hears of it.
    pub r#for: Interval,
    /// `labels.severity`.
    pub severity: Severity,
    /// `annotations.summary`.
    pub summary: &'static str,
    /// `annotations.description`.
    pub description: &'static str,
}

/// An alerting rule that has all its parts.
#[derive(Debug, Clone)]
pub struct Alert(AlertSpec);

impl Alert {
    /// Refuses an alert with an empty part.
    pub fn new(spec: AlertSpec) -> Result<Self, SpecError> {
        let fields = [
            ("name", spec.alert),
            ("expr", spec.expr),
            ("summary", spec.summary),
            ("description", spec.description),
        ];
        match fields.iter().find(|(_, text)| text.trim().is_empty()) {
            Some((field, _)) => Err(SpecError::AlertText {
                alert: spec.alert.to_owned(),
                field,
            }),
            None => Ok(Self(spec)),
        }
    }
}

impl Serialize for Alert {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Labels {
            severity: Severity,
        }
        #[derive(Serialize)]
        struct Annotations {
            summary: &'static str,
            description: &'static str,
        }
        let AlertSpec {
            alert,
            expr,
            r#for,
            severity,
            summary,
            description,
        } = self.0;
        let mut map = serializer.serialize_map(Some(5))?;
        map.serialize_entry("alert", alert)?;
        map.serialize_entry("expr", expr)?;
        map.serialize_entry("for", &r#for)?;
        map.serialize_entry("labels", &Labels { severity })?;
        map.serialize_entry("annotations", &Annotations { summary, description })?;
        map.end()
    }
}

impl Object for PrometheusRule {
    fn node(&self) -> Result<Node, SpecError> {
        object::node(
            "monitoring.coreos.com/v1",
            "PrometheusRule",
            Some(&self.metadata),
            "spec",
            &self.spec,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: AlertSpec = AlertSpec {
        alert: "Gone",
        expr: "absent(up)",
        r#for: Interval::minutes(5),
        severity: Severity::Critical,
        summary: "gone",
        description: "gone for 5 minutes",
    };

    #[test]
    fn an_alert_has_all_its_parts() {
        let json = serde_json::to_value(Alert::new(GOOD).unwrap()).unwrap();
        assert_eq!(json["labels"]["severity"], "critical");
        assert_eq!(json["for"], "5m");
        for bad in [
            AlertSpec { alert: "", ..GOOD },
            AlertSpec { expr: " ", ..GOOD },
            AlertSpec { summary: "", ..GOOD },
            AlertSpec {
                description: "",
                ..GOOD
            },
        ] {
            assert!(Alert::new(bad).is_err(), "{bad:?}");
        }
    }
}
