//! Kubernetes label selectors: `matchLabels` and `matchExpressions` against a set of labels.

use crate::yaml::Node;

/// Whether a label selector matches labels.
///
/// # Errors
/// What of the selector cannot be understood. An empty selector matches everything, which nobody means: it is refused.
pub fn matches(selector: &Node, labels: &Node) -> Result<bool, String> {
    let Some(map) = selector.as_map() else {
        return Err(format!(
            "the selector is {}, wanted a mapping",
            selector.value.type_name()
        ));
    };
    if let Some(entry) = map
        .entries()
        .iter()
        .find(|e| !matches!(&*e.key, "matchLabels" | "matchExpressions"))
    {
        return Err(format!(
            "the selector has a field `{}`, wanted `matchLabels` or `matchExpressions`",
            entry.key
        ));
    }
    let wanted = selector.entries_at(&["matchLabels"]);
    let expressions = selector.seq_at(&["matchExpressions"]);
    if wanted.is_empty() && expressions.is_empty() {
        return Err("the selector is empty and matches every pod".to_owned());
    }
    let mut all = wanted
        .iter()
        .all(|entry| entry.value.as_str().is_some() && labels.str_at(&[&entry.key]) == entry.value.as_str());
    for expression in expressions {
        all &= holds(expression, labels)?;
    }
    Ok(all)
}

fn holds(expression: &Node, labels: &Node) -> Result<bool, String> {
    let key = expression.str_at(&["key"]).unwrap_or_default();
    let value = labels.str_at(&[key]);
    let listed = expression
        .seq_at(&["values"])
        .iter()
        .any(|item| value.is_some() && item.as_str() == value);
    match expression.str_at(&["operator"]).unwrap_or_default() {
        "In" => Ok(listed),
        "NotIn" => Ok(!listed),
        "Exists" => Ok(value.is_some()),
        "DoesNotExist" => Ok(value.is_none()),
        other => Err(format!(
            "the selector's operator is `{other}`, wanted In, NotIn, Exists or DoesNotExist"
        )),
    }
}

#[cfg(test)]
mod tests {
    use crate::yaml::{Dialect, parse};
    use diag::SourceId;

    use super::*;

    fn node(text: &str) -> Node {
        parse(SourceId::NONE, text, Dialect::Kustomize)
            .documents
            .remove(0)
    }

    #[test]
    fn selects_as_kubernetes_does() {
        let labels = node("{k8s-app: coredns, tier: dns}");
        let cases = [
            ("{matchLabels: {k8s-app: coredns}}", Ok(true)),
            ("{matchLabels: {k8s-app: kube-dns}}", Ok(false)),
            ("{matchLabels: {k8s-app: coredns, other: x}}", Ok(false)),
            (
                "{matchExpressions: [{key: tier, operator: In, values: [dns]}]}",
                Ok(true),
            ),
            (
                "{matchExpressions: [{key: tier, operator: NotIn, values: [dns]}]}",
                Ok(false),
            ),
            (
                "{matchExpressions: [{key: gone, operator: DoesNotExist}]}",
                Ok(true),
            ),
        ];
        for (selector, wanted) in cases {
            assert_eq!(matches(&node(selector), &labels), wanted, "{selector}");
        }
        assert!(
            matches(&node("{}"), &labels)
                .unwrap_err()
                .contains("matches every pod")
        );
        assert!(
            matches(&node("{k8s-app: coredns}"), &labels)
                .unwrap_err()
                .contains("a field `k8s-app`")
        );
    }
}
