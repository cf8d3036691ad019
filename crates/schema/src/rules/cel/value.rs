//! Values of CEL, and what can be done with two of them.

use std::borrow::Cow;
use std::cmp::Ordering;

use model::yaml::{Map, Node, Value};

use crate::schema::Schema;

/// Why a rule has no outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// It uses what is not known here, or takes too long.
    Unknown,
    /// It reads a key or an index that is absent, which the API server refuses like a rule that is broken.
    Absent,
}

/// A value during evaluation.
#[derive(Debug, Clone)]
pub(super) enum Val<'a> {
    Null,
    Bool(bool),
    Int(i128),
    Double(f64),
    Text(Cow<'a, str>),
    List(Vec<Val<'a>>),
    /// A list or mapping of the object.
    Node(&'a Node, Option<&'a Schema>),
}

/// A value, or why there is none.
pub(super) type Outcome<'a> = Result<Val<'a>, Failure>;

pub(super) fn size(value: &Val<'_>) -> Result<usize, Failure> {
    match value {
        Val::Text(text) => Ok(text.chars().count()),
        Val::List(items) => Ok(items.len()),
        Val::Node(node, _) => match &node.value {
            Value::Seq(items) => Ok(items.len()),
            Value::Map(map) => Ok(Map::len(map)),
            _ => Err(Failure::Unknown),
        },
        _ => Err(Failure::Unknown),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "CEL compares whole numbers and doubles as doubles"
)]
fn double(value: &Val<'_>) -> Option<f64> {
    match value {
        Val::Int(value) => Some(*value as f64),
        Val::Double(value) => Some(*value),
        _ => None,
    }
}

pub(super) fn same(left: &Val<'_>, right: &Val<'_>) -> Result<bool, Failure> {
    Ok(match (left, right) {
        (Val::Null, Val::Null) => true,
        (Val::Bool(a), Val::Bool(b)) => a == b,
        (Val::Text(a), Val::Text(b)) => a == b,
        (Val::Int(a), Val::Int(b)) => a == b,
        (Val::Int(_) | Val::Double(_), Val::Int(_) | Val::Double(_)) => {
            compare(left, right) == Some(Ordering::Equal)
        }
        (Val::List(_) | Val::Node(..), Val::List(_) | Val::Node(..)) => match (left, right) {
            (Val::Node(a, None), Val::Node(b, None)) => a.same_data(b),
            _ if size(left)? == 0 && size(right)? == 0 => true,
            _ => return Err(Failure::Unknown),
        },
        _ => false,
    })
}

pub(super) fn compare(left: &Val<'_>, right: &Val<'_>) -> Option<Ordering> {
    match (left, right) {
        (Val::Text(a), Val::Text(b)) => Some(a.cmp(b)),
        (Val::Bool(a), Val::Bool(b)) => Some(a.cmp(b)),
        (Val::Int(a), Val::Int(b)) => Some(a.cmp(b)),
        _ => double(left)?.partial_cmp(&double(right)?),
    }
}

pub(super) fn arithmetic<'a>(operator: &str, left: &Val<'a>, right: &Val<'a>) -> Outcome<'a> {
    match (operator, left, right) {
        ("+", Val::Text(a), Val::Text(b)) => Ok(Val::Text(format!("{a}{b}").into())),
        (_, Val::Int(a), Val::Int(b)) => {
            let value = match operator {
                "+" => a.checked_add(*b),
                "-" => a.checked_sub(*b),
                "*" => a.checked_mul(*b),
                "/" => a.checked_div(*b),
                _ => a.checked_rem(*b),
            };
            let fits = |value: &i128| i64::try_from(*value).is_ok();
            value.filter(fits).map(Val::Int).ok_or(Failure::Unknown)
        }
        _ => Err(Failure::Unknown),
    }
}
