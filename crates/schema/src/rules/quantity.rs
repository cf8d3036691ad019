//! Quantities: `100m`, `1.5Gi`, `1e3`, as numbers that can be compared.

use model::yaml::{Node, Value};

/// The value of a quantity; none for what is none.
#[expect(
    clippy::cast_precision_loss,
    reason = "whole quantities beyond 2^53 are compared roughly"
)]
pub(crate) fn of(node: &Node) -> Option<f64> {
    match &node.value {
        Value::Int(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        // Go decodes null into the zero value.
        Value::Null => Some(0.0),
        Value::Str(text) => parse(text.trim()),
        _ => None,
    }
}

fn parse(text: &str) -> Option<f64> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && !"+-.".contains(c))
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let number: f64 = number.parse().ok()?;
    let factor = match suffix {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1024f64.powi(2),
        "Gi" => 1024f64.powi(3),
        "Ti" => 1024f64.powi(4),
        "Pi" => 1024f64.powi(5),
        "Ei" => 1024f64.powi(6),
        exponent => 10f64.powi(exponent.strip_prefix(['e', 'E'])?.parse().ok()?),
    };
    Some(number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_of_all_suffixes_can_be_compared() {
        assert_eq!(parse("1.5Gi"), Some(1.5 * 1024f64.powi(3)));
        assert_eq!(parse("100m"), Some(0.1));
        assert_eq!(parse("-1e3"), Some(-1000.0));
        assert_eq!(parse("1GiB"), None);
    }
}
