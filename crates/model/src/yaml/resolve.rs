//! What a plain scalar means, in the two dialects of the Kubernetes world.
//!
//! Sources: the resolvers of go-yaml v3 (kustomize) and go-yaml v2 (sigs.k8s.io/yaml: kubectl, helm, Flux after
//! substitution), as measured on the real programs. Neither is YAML 1.2.

use super::{Dialect, Value};

/// The value of a plain scalar, or why it has none.
pub(super) enum Resolved {
    Value(Value),
    /// The merge key `<<`.
    Merge,
    /// `.inf` and `.nan`, which JSON cannot hold.
    NotFinite,
}

/// The value of a plain scalar.
pub(super) fn plain(text: &str, dialect: Dialect) -> Resolved {
    let Some(first) = text.bytes().next() else {
        return Resolved::Value(Value::Null);
    };
    let string = || Resolved::Value(Value::Str(text.into()));
    match first {
        b'~' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'y' | b'Y' | b'o' | b'O' => {
            match word(text, dialect) {
                Some(value) => Resolved::Value(value),
                None => string(),
            }
        }
        b'<' if text == "<<" => Resolved::Merge,
        b'.' | b'+' | b'-' | b'0'..=b'9' => {
            if matches!(text, ".nan" | ".NaN" | ".NAN") || is_infinite(text) {
                return Resolved::NotFinite;
            }
            if dialect == Dialect::Kustomize
                && let Some(time) = timestamp(text)
            {
                return Resolved::Value(Value::Str(time.into()));
            }
            number(text).map_or_else(string, Resolved::Value)
        }
        _ => string(),
    }
}

fn word(text: &str, dialect: Dialect) -> Option<Value> {
    match text {
        "~" | "null" | "Null" | "NULL" => return Some(Value::Null),
        "true" | "True" | "TRUE" => return Some(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Some(Value::Bool(false)),
        _ => {}
    }
    if dialect == Dialect::Kustomize {
        return None;
    }
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(Value::Bool(true)),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(Value::Bool(false)),
        _ => None,
    }
}

fn is_infinite(text: &str) -> bool {
    matches!(text.trim_start_matches(['+', '-']), ".inf" | ".Inf" | ".INF") && text.len() <= 5
}

/// A number as go-yaml reads it: `_` anywhere, a leading 0 means octal, `0x`, `0o`, `0b`.
fn number(text: &str) -> Option<Value> {
    let stripped;
    let plain = if text.contains('_') {
        stripped = text.replace('_', "");
        stripped.as_str()
    } else {
        text
    };
    if let Some(value) = integer(plain) {
        return Some(Value::Int(value));
    }
    if !looks_like_float(plain) {
        return None;
    }
    plain
        .parse()
        .ok()
        .filter(|value: &f64| value.is_finite())
        .map(from_float)
}

/// A number as JSON carries it: whole ones that fit an integer are integers again.
pub(super) fn from_float(value: f64) -> Value {
    // Go writes a whole float64 below 1e21 without an exponent, and reads it back as an integer if it fits one.
    if value.fract() == 0.0 && value.abs() < 1e19 {
        let whole = value as i128;
        if in_range(whole) {
            return Value::Int(whole);
        }
    }
    Value::Float(value)
}

fn in_range(value: i128) -> bool {
    (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&value)
}

fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, digits.get(2..)?),
        [b'0', b'o' | b'O', ..] => (8, digits.get(2..)?),
        [b'0', b'b' | b'B', ..] => (2, digits.get(2..)?),
        [b'0', _, ..] => (8, digits.get(1..)?),
        _ => (10, digits),
    };
    if digits.is_empty() || digits.len() > 64 || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let value = i128::from_str_radix(digits, radix).ok()?;
    let value = if negative { -value } else { value };
    in_range(value).then_some(value)
}

/// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`
fn looks_like_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (
            mantissa,
            Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)),
        ),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let good = match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && digits(fraction),
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => !mantissa.is_empty() && digits(mantissa),
    };
    good && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
}

/// A timestamp in one of the four forms that go-yaml knows, as RFC 3339 text; none for anything else.
fn timestamp(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    if bytes.len() < 8 || !bytes.iter().take(4).all(u8::is_ascii_digit) || bytes.get(4) != Some(&b'-') {
        return None;
    }
    let (date, rest) = match text.find(['T', 't', ' ']) {
        Some(at) => (
            text.get(..at)?,
            Some((text.get(at..at + 1)?, text.get(at + 1..)?)),
        ),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let year: u32 = parts.next()?.parse().ok()?;
    let month = small(parts.next()?, 1, 12)?;
    let day = small(parts.next()?, 1, days_in(year, month))?;
    if parts.next().is_some() {
        return None;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    let Some((separator, rest)) = rest else {
        return Some(format!("{date}T00:00:00Z"));
    };
    let (clock, zone) = split_zone(rest, separator)?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut parts = clock.split(':');
    let (hour, minute, second) = (
        small(parts.next()?, 0, 23)?,
        small(parts.next()?, 0, 59)?,
        small(parts.next()?, 0, 59)?,
    );
    if parts.next().is_some() || fraction.len() > 9 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let dot = if fraction.is_empty() { "" } else { "." };
    Some(format!(
        "{date}T{hour:02}:{minute:02}:{second:02}{dot}{fraction}{zone}"
    ))
}

/// The clock and the zone; with a blank between date and clock there is no zone, with a `T` there must be one.
fn split_zone<'a>(rest: &'a str, separator: &str) -> Option<(&'a str, String)> {
    if separator == " " {
        return Some((rest, "Z".to_owned()));
    }
    if let Some(clock) = rest.strip_suffix('Z') {
        return Some((clock, "Z".to_owned()));
    }
    let at = rest.find(['+', '-'])?;
    let (clock, zone) = (rest.get(..at)?, rest.get(at..)?);
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    if hours.len() != 2 || minutes.len() != 2 {
        return None;
    }
    small(hours, 0, 24)?;
    small(minutes, 0, 60)?;
    let zone = if hours == "00" && minutes == "00" {
        "Z".to_owned()
    } else {
        zone.to_owned()
    };
    Some((clock, zone))
}

fn small(text: &str, low: u32, high: u32) -> Option<u32> {
    let plain = !text.is_empty() && text.len() <= 2 && text.bytes().all(|b| b.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|value| plain && (low..=high).contains(value))
}

fn days_in(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Whether a string must be quoted so that a YAML 1.1 reader takes it for a string.
pub(super) fn must_quote(text: &str) -> bool {
    if text.is_empty() || text.starts_with(['+', '-', '.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
    {
        return matches!(plain(text, Dialect::Sigs), Resolved::NotFinite)
            || !matches!(plain(text, Dialect::Sigs), Resolved::Value(Value::Str(_)))
            || timestamp(text).is_some()
            || is_base60(text);
    }
    !matches!(
        plain(text, Dialect::Sigs),
        Resolved::Value(Value::Str(_)) | Resolved::Merge
    )
}

/// `^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$`: YAML 1.1 counted hours and minutes that way.
fn is_base60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let counted = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let mut parts = whole.split(':');
    let head = parts.next().unwrap_or_default();
    let mut tail = 0;
    for part in parts {
        let good = match part.as_bytes() {
            [ones] => ones.is_ascii_digit(),
            [tens, ones] => (b'0'..=b'5').contains(tens) && ones.is_ascii_digit(),
            _ => false,
        };
        if !good {
            return false;
        }
        tail += 1;
    }
    tail > 0 && head.starts_with(|c: char| c.is_ascii_digit()) && counted(head) && counted(fraction)
}

/// A float as Go's shortest `%g` writes it: an exponent of at least two digits from 1e+06 on and below 1e-04.
pub(super) fn go_float(value: f64) -> String {
    let scientific = format!("{value:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return format!("{value}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, dialect: Dialect) -> String {
        match plain(text, dialect) {
            Resolved::Value(value) => format!("{value:?}"),
            Resolved::Merge => "merge".into(),
            Resolved::NotFinite => "not finite".into(),
        }
    }

    #[test]
    fn dialects_differ_in_words_and_dates() {
        for word in ["yes", "on", "y", "No", "off"] {
            assert_eq!(shown(word, Dialect::Kustomize), format!("Str({word:?})"));
            assert!(shown(word, Dialect::Sigs).starts_with("Bool("), "{word}");
        }
        assert_eq!(
            shown("2001-01-01", Dialect::Kustomize),
            "Str(\"2001-01-01T00:00:00Z\")"
        );
        assert_eq!(shown("2001-01-01", Dialect::Sigs), "Str(\"2001-01-01\")");
        assert_eq!(shown("2001-02-30", Dialect::Kustomize), "Str(\"2001-02-30\")");
    }

    #[test]
    fn numbers_are_those_of_go() {
        for (text, wanted) in [
            ("0777", "Int(511)"),
            ("0o17", "Int(15)"),
            ("0x1F", "Int(31)"),
            ("0b101", "Int(5)"),
            ("1_000", "Int(1000)"),
            ("0123456789", "Int(123456789)"),
            ("1e3", "Int(1000)"),
            ("1.10", "Float(1.1)"),
            ("+5", "Int(5)"),
            ("-0", "Int(0)"),
            (".5", "Float(0.5)"),
            ("1:30", "Str(\"1:30\")"),
            ("12345678901234567890", "Int(12345678901234567890)"),
            ("1.2.3", "Str(\"1.2.3\")"),
            ("08x", "Str(\"08x\")"),
            (".inf", "not finite"),
        ] {
            assert_eq!(shown(text, Dialect::Kustomize), wanted, "{text}");
            assert_eq!(shown(text, Dialect::Sigs), wanted, "{text}");
        }
    }

    #[test]
    fn strings_that_would_read_as_something_else_need_quotes() {
        for text in [
            "",
            "yes",
            "n",
            "null",
            "~",
            "08",
            "0x1F",
            "1_000",
            "2001-01-01",
            "1:30",
            "1e3",
            ".5",
            ".inf",
        ] {
            assert!(must_quote(text), "{text:?}");
        }
        for text in [
            "=",
            "<<",
            "1.2.3",
            "v1",
            "10m",
            "no-way",
            "-",
            "10.0.0.0/16",
            "1:75:3x",
        ] {
            assert!(!must_quote(text), "{text:?}");
        }
    }

    #[test]
    fn floats_are_written_as_go_writes_them() {
        for (value, wanted) in [
            (1.1, "1.1"),
            (0.5, "0.5"),
            (1.234_567_890_123_456_9e23, "1.2345678901234569e+23"),
            (0.00001, "1e-05"),
        ] {
            assert_eq!(go_float(value), wanted);
        }
    }
}
