//! Rules as CRDs write them, on one object.

use diag::Span;
use model::yaml::from_json;
use serde_json::json;

use super::super::parse::parse;
use super::*;

fn outcome(rule: &str) -> Result<bool, Failure> {
    let schema = from_json(&json!({
        "type": "object",
        "properties": {
            "a": {"type": "string"},
            "n": {"type": "integer", "default": 3},
            "l": {"type": "array", "items": {"type": "string"}},
            "m": {"type": "object", "additionalProperties": {"type": "string"}},
            "t": {"type": "string", "format": "duration"},
            "gone": {"type": "string"},
        }
    }));
    let object = from_json(&json!({"a": "x", "l": ["p", "q"], "m": {"k": "v"}, "t": "1s", "gone": null}));
    let (document, troubles) = Document::of_crd(&schema);
    assert_eq!(troubles, []);
    let schema = document.definition(0).unwrap();
    holds(
        &parse(rule).unwrap(),
        &document,
        schema,
        &Node {
            span: Span::NONE,
            ..object
        },
    )
}

#[test]
fn rules_hold_or_not() {
    for rule in [
        "has(self.a) && !has(self.b)",
        "self.n == 3",
        "has(self.n)",
        "!has(self.gone)",
        "self.a in ['x', 'y']",
        "'k' in self.m && self.m['k'] == 'v'",
        "self.l.all(i, size(i) == 1)",
        "self.l.exists(i, i.startsWith('q'))",
        "self.l.exists_one(i, i == 'p')",
        "self.m.all(k, k.matches('^[a-z]$'))",
        "self.b == 'z' || true",
        "size(self.l) > 1 ? self.l[1] == 'q' : false",
        "self.n + 1 == 4 && self.n / 2 == 1",
        "has(self.t)",
        "self.l[0].substring(1) == '' && 'oci://x/y'.substring(6).contains('/')",
        "self.l.filter(i, i == 'p').size() == 1",
        "self.l.map(i, i + 'x')[1] == 'qx'",
    ] {
        assert_eq!(outcome(rule), Ok(true), "{rule}");
        assert_eq!(outcome(&format!("!({rule})")), Ok(false), "{rule}");
    }
}

#[test]
fn failures_are_told_from_what_is_unknown() {
    assert_eq!(outcome("self.b == 'x'"), Err(Failure::Absent));
    assert_eq!(outcome("self.l[7] == 'x'"), Err(Failure::Absent));
    assert_eq!(outcome("self.a"), Err(Failure::Unknown));
    assert_eq!(
        outcome("duration(self.a) > duration('1s')"),
        Err(Failure::Unknown)
    );
    assert_eq!(outcome("self.t == '1s'"), Err(Failure::Unknown));
    assert_eq!(outcome("other.a == 'x'"), Err(Failure::Unknown));
}

#[test]
fn a_rule_that_never_ends_is_unknown() {
    let list = format!("[{}]", vec!["1"; 300].join(","));
    let rule = format!("{list}.all(a, {list}.all(b, {list}.all(c, a == b || true)))");
    assert_eq!(outcome(&rule), Err(Failure::Unknown));
}
