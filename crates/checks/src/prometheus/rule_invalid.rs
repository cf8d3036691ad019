//! An expression that Prometheus cannot read.

use diag::{CheckMeta, Findings, Level, Stage};

use super::rules;
use crate::cluster_view::ClusterView;
use crate::context::{Check, Context};

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "prometheus/rule-invalid",
        summary: "an expression of a PrometheusRule is no PromQL",
        level: Level::Error,
        stage: Stage::Built,
        docs: r"## What it does
Parses the `expr` of every rule of every PrometheusRule.

## Why it matters
The API server and Flux accept any text. Prometheus then rejects the whole rule file: no alert of it ever fires.

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
          expr: absent(up{job='dns'} == 1
#               ^^^ error[prometheus/rule-invalid]: no PromQL
          labels: {severity: critical}
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
- <https://prometheus.io/docs/prometheus/latest/querying/basics/>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for subject in cx.views.iter().flat_map(ClusterView::everything) {
        for (path, rule) in rules(subject) {
            let Some(node) = rule.get("expr").filter(|node| subject.is_settled(node.span)) else {
                continue;
            };
            let Some(Err(trouble)) = node.as_str().map(promql_parser::parser::parse) else {
                continue;
            };
            let name = rule
                .str_at(&["alert"])
                .or_else(|| rule.str_at(&["record"]))
                .unwrap_or_default();
            findings.push(
                subject
                    .finding(
                        &CHECK.meta,
                        node.span,
                        format!("`expr` of `{name}` is no PromQL: {}", one_line(&trouble)),
                    )
                    .with_path(format!("{path}.expr"))
                    .with_why("Prometheus rejects the whole rule file, which Flux does not see")
                    .with_help("`promtool check rules` explains the expression"),
            );
        }
    }
}

fn one_line(trouble: &str) -> String {
    let line: Vec<&str> = trouble.split_whitespace().collect();
    line.join(" ").trim_end_matches('.').to_owned()
}
