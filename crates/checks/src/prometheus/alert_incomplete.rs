//! An alert that does not say how bad it is or what it means.

use diag::{CheckMeta, Findings, Level, Stage};

use super::rules;
use crate::context::{Check, Context};
use crate::wording::some_of;

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "prometheus/alert-incomplete",
        summary: "an alert has no severity or no summary",
        level: Level::Note,
        stage: Stage::Built,
        docs: r"## What it does
Notes alerts without the label `severity`, or without any of the annotations `summary`, `description` and `message`.

## Why it matters
Alertmanager routes by severity, and whoever is woken needs a sentence.

## Example
```yaml
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: dns, namespace: default}
spec:
  groups:
    - name: dns
      rules:
        - alert: DNSGone
#                ^^^ note[prometheus/alert-incomplete]: alert `DNSGone` has no `labels.severity`
          expr: absent(up{job='dns'} == 1)
          annotations: {summary: DNS is gone}
```

## How to fix
```yaml
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: dns, namespace: default}
spec:
  groups:
    - name: dns
      rules:
        - alert: DNSGone
          expr: absent(up{job='dns'} == 1)
          labels: {severity: critical}
          annotations: {summary: DNS is gone}
```

## References
- <https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for subject in cx.views.iter().flat_map(|view| &view.objects) {
        for (path, rule) in rules(subject) {
            let Some(alert) = rule.get("alert") else { continue };
            let said = |key: &str| {
                rule.str_at(&["annotations", key])
                    .is_some_and(|text| !text.is_empty())
            };
            let mut missing = Vec::new();
            if rule.at(&["labels", "severity"]).is_none() {
                missing.push("labels.severity");
            }
            if !["summary", "description", "message"].into_iter().any(said) {
                missing.push("annotations.summary");
            }
            if missing.is_empty() {
                continue;
            }
            let message = format!(
                "alert `{}` has no {}",
                alert.as_str().unwrap_or_default(),
                some_of(&missing, 2)
            );
            findings.push(
                subject
                    .finding(&CHECK.meta, alert.span, message)
                    .with_path(path)
                    .with_why("Alertmanager routes by severity, and whoever is woken needs a sentence"),
            );
        }
    }
}
