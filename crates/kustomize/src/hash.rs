//! The suffix of generated objects.
//!
//! Source: kustomize's hasher: SHA-256 over compact JSON with sorted keys. Upstream looks up `metadata/name` as one key
//! and finds nothing, so the name never counts.

use model::yaml::{Node, Value};
use sha2::{Digest, Sha256};

use crate::resource::Resource;
use crate::scalar;

/// The ten characters that go behind the name.
pub(crate) fn suffix(resource: &Resource) -> String {
    let mut json = String::new();
    match &*resource.kind() {
        "ConfigMap" => {
            json.push('{');
            if let Some(binary) = resource
                .node
                .get("binaryData")
                .filter(|node| node.as_map().is_some())
            {
                json.push_str("\"binaryData\":");
                write(&mut json, binary);
                json.push(',');
            }
            field(&mut json, resource, "data");
            json.push_str(",\"kind\":\"ConfigMap\",\"name\":\"\"}");
        }
        "Secret" => {
            json.push('{');
            field(&mut json, resource, "data");
            json.push_str(",\"kind\":\"Secret\",\"name\":\"\"");
            if let Some(data) = resource
                .node
                .get("stringData")
                .filter(|node| node.as_map().is_some())
            {
                json.push_str(",\"stringData\":");
                write(&mut json, data);
            }
            json.push(',');
            field(&mut json, resource, "type");
            json.push('}');
        }
        _ => write(&mut json, &resource.node),
    }
    let digest = Sha256::digest(json.as_bytes());
    let hex = digest.iter().take(5).flat_map(|byte| [byte >> 4, byte & 15]);
    hex.map(|digit| match digit {
        0 => 'g',
        1 => 'h',
        3 => 'k',
        10 => 'm',
        14 => 't',
        _ => char::from_digit(u32::from(digit), 16).unwrap_or('g'),
    })
    .collect()
}

fn field(json: &mut String, resource: &Resource, name: &str) {
    quote(json, name);
    json.push(':');
    match resource.node.get(name) {
        None => json.push_str("\"\""),
        Some(node) if matches!(node.value, Value::Map(_) | Value::Seq(_)) => write(json, node),
        Some(node) => quote(json, &scalar::text(node)),
    }
}

/// JSON as Go's encoder writes it, keys sorted.
pub(crate) fn write(json: &mut String, node: &Node) {
    match &node.value {
        Value::Str(text) => quote(json, text),
        Value::Seq(items) => {
            json.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    json.push(',');
                }
                write(json, item);
            }
            json.push(']');
        }
        Value::Map(map) => {
            let mut entries: Vec<_> = map.entries().iter().collect();
            entries.sort_by(|a, b| a.key.cmp(&b.key));
            json.push('{');
            for (at, entry) in entries.into_iter().enumerate() {
                if at > 0 {
                    json.push(',');
                }
                quote(json, &entry.key);
                json.push(':');
                write(json, &entry.value);
            }
            json.push('}');
        }
        _ => json.push_str(&node.scalar_text().unwrap_or_default()),
    }
}

fn quote(json: &mut String, text: &str) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                let hex = format!("\\u{:04x}", c as u32);
                json.push_str(&hex);
            }
            _ => json.push(c),
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::yaml::{Dialect, parse};

    fn hash(text: &str) -> String {
        let node = parse(diag::SourceId::NONE, text, Dialect::Kustomize)
            .documents
            .remove(0);
        suffix(&Resource::new(node, Vec::new()))
    }

    #[test]
    fn suffixes_are_those_of_the_real_program() {
        assert_eq!(
            hash("kind: ConfigMap\nmetadata: {name: cm}\ndata: {a: b}\n"),
            "4h2mbtbbt6"
        );
        assert_eq!(hash("kind: ConfigMap\nmetadata: {name: other}\n"), "6ct58987ht");
        assert_eq!(hash("kind: ConfigMap\ndata: {a: '<b>&c', u: é}\n"), "fbt757b874");
        assert_eq!(
            hash("kind: ConfigMap\nbinaryData: {b.bin: Yf/+YgA=}\n"),
            "5th86hcfgf"
        );
        assert_eq!(
            hash("kind: Secret\ntype: Opaque\ndata: {a: Yg==}\n"),
            "k695gkmbtk"
        );
        assert_ne!(hash("kind: ConfigMap\ndata: {a: c}\n"), "4h2mbtbbt6");
    }
}
