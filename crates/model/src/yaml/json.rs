//! Trees to JSON values and back: for libraries and for values that Rust computes.

use base64::Engine;
use diag::Span;
use serde::Serialize;
use serde_json::Value as Json;

use super::{Entry, Map, Node, Value, resolve};

/// The JSON of a tree.
pub fn to_json(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(_) | Value::Float(_) => number_to_json(&node.value),
        Value::Str(text) => Json::String(text.to_string()),
        Value::Seq(items) => Json::Array(items.iter().map(to_json).collect()),
        Value::Map(map) => Json::Object(
            map.entries()
                .iter()
                .map(|e| (e.key.to_string(), to_json(&e.value)))
                .collect(),
        ),
    }
}

/// The JSON of a number; null for anything else.
fn number_to_json(value: &Value) -> Json {
    match *value {
        Value::Int(value) => i64::try_from(value)
            .map(Json::from)
            .or_else(|_| u64::try_from(value).map(Json::from))
            .unwrap_or(Json::Null),
        Value::Float(value) => serde_json::Number::from_f64(value).map_or(Json::Null, Json::Number),
        _ => Json::Null,
    }
}

/// The tree of anything that serializes, its fields in their written order, without positions.
pub fn from_serialize(value: &impl Serialize) -> Result<Node, serde_json::Error> {
    Ok(from_json(&serde_json::to_value(value)?))
}

/// The tree of a JSON value, without positions.
pub fn from_json(json: &Json) -> Node {
    let value = match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(value), ..) => Value::Int(value.into()),
            (_, Some(value), _) => Value::Int(value.into()),
            (_, _, Some(value)) => resolve::from_float(value),
            _ => Value::Null,
        },
        Json::String(text) => Value::Str(text.as_str().into()),
        Json::Array(items) => Value::Seq(items.iter().map(from_json).collect()),
        Json::Object(fields) => {
            let mut map = Map::default();
            for (key, value) in fields {
                map.push_new(Entry {
                    key: key.as_str().into(),
                    key_span: Span::NONE,
                    value: from_json(value),
                });
            }
            Value::Map(map)
        }
    };
    Node::new(value, Span::NONE)
}

/// The bytes of standard base64; none for anything else.
pub fn base64_decode(text: &str) -> Option<Vec<u8>> {
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}
