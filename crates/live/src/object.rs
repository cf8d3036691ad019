//! Fields of objects as the API server has them.

use serde_json::Value as Json;

/// A string by JSON pointer; empty where there is none.
pub(crate) fn text<'a>(object: &'a Json, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Json::as_str).unwrap_or_default()
}

/// A number by JSON pointer; 0 where there is none.
pub(crate) fn number(object: &Json, pointer: &str) -> u64 {
    object.pointer(pointer).and_then(Json::as_u64).unwrap_or(0)
}

/// Whether a value by JSON pointer is `true`.
pub(crate) fn is_true(object: &Json, pointer: &str) -> bool {
    object.pointer(pointer) == Some(&Json::Bool(true))
}

/// The elements of a list by JSON pointer.
pub(crate) fn items<'a>(object: &'a Json, pointer: &str) -> impl Iterator<Item = &'a Json> {
    object
        .pointer(pointer)
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
}

/// The condition of a type.
pub(crate) fn condition<'a>(object: &'a Json, kind: &str) -> Option<&'a Json> {
    items(object, "/status/conditions").find(|condition| text(condition, "/type") == kind)
}

/// Whether the status is about the present generation.
pub(crate) fn is_observed(object: &Json) -> bool {
    number(object, "/status/observedGeneration") >= number(object, "/metadata/generation")
}

/// A LabelSelector as a query has it; none where it is absent and selects nothing.
pub(crate) fn selector(object: &Json, pointer: &str) -> Option<String> {
    let selector = object.pointer(pointer)?;
    let labels = labels(selector.get("matchLabels"));
    let expressions = items(selector, "/matchExpressions").filter_map(|expression| {
        let key = text(expression, "/key");
        let values: Vec<&str> = items(expression, "/values").filter_map(Json::as_str).collect();
        let values = values.join(",");
        match text(expression, "/operator") {
            "In" => Some(format!("{key} in ({values})")),
            "NotIn" => Some(format!("{key} notin ({values})")),
            "Exists" => Some(key.to_owned()),
            "DoesNotExist" => Some(format!("!{key}")),
            _ => None,
        }
    });
    Some(
        labels
            .into_iter()
            .chain(expressions)
            .collect::<Vec<_>>()
            .join(","),
    )
}

/// The labels of a Service's selector as a query has them; none where it has no selector.
pub(crate) fn plain_selector(object: &Json, pointer: &str) -> Option<String> {
    let labels = labels(object.pointer(pointer));
    (!labels.is_empty()).then(|| labels.join(","))
}

fn labels(labels: Option<&Json>) -> Vec<String> {
    let labels = labels.and_then(Json::as_object).into_iter().flatten();
    labels
        .filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn selectors_become_queries() {
        let object = json!({"spec": {"selector": {
            "matchLabels": {"app": "dns"},
            "matchExpressions": [
                {"key": "tier", "operator": "In", "values": ["a", "b"]},
                {"key": "old", "operator": "DoesNotExist"},
            ],
        }}});
        assert_eq!(
            selector(&object, "/spec/selector").unwrap(),
            "app=dns,tier in (a,b),!old"
        );
        assert_eq!(selector(&json!({}), "/spec/selector"), None);
        assert_eq!(selector(&json!({"s": {}}), "/s").unwrap(), "");
        assert_eq!(plain_selector(&json!({"s": {}}), "/s"), None);
    }
}
