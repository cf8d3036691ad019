//! Formats that the API server checks: those of kube-openapi's strfmt for custom resources, Go's own for built-in kinds.

use std::net::{Ipv4Addr, Ipv6Addr};

use model::yaml::Value;

use crate::compile::pattern::Pattern;

/// A format with a check. Names that the API server does not know have none: it ignores them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Int32,
    Int64,
    DateTime,
    Date,
    Duration,
    /// Base64 with padding.
    Byte,
    Ipv4,
    Ipv6,
    Cidr,
    Mac,
    Uuid,
    Uri,
    Email,
    Hostname,
    ShortName,
    LongName,
    /// `resource.Quantity`: a string or a number.
    Quantity,
    /// `metav1.Time`.
    GoTime,
    /// `metav1.MicroTime`.
    MicroTime,
    /// `metav1.Duration`.
    GoDuration,
    /// A format that the API server checks and this validator does not.
    Unchecked(&'static str),
}

/// Names of formats, as CRDs and the bundle write them.
const NAMES: [(&str, Format); 28] = [
    ("int32", Format::Int32),
    ("int64", Format::Int64),
    ("datetime", Format::DateTime),
    ("date", Format::Date),
    ("duration", Format::Duration),
    ("byte", Format::Byte),
    ("ipv4", Format::Ipv4),
    ("ipv6", Format::Ipv6),
    ("cidr", Format::Cidr),
    ("mac", Format::Mac),
    ("uuid", Format::Uuid),
    ("uuid3", Format::Uuid),
    ("uuid4", Format::Uuid),
    ("uuid5", Format::Uuid),
    ("uri", Format::Uri),
    ("email", Format::Email),
    ("hostname", Format::Hostname),
    ("k8sshortname", Format::ShortName),
    ("k8slongname", Format::LongName),
    ("quantity", Format::Quantity),
    ("gotime", Format::GoTime),
    ("microtime", Format::MicroTime),
    ("goduration", Format::GoDuration),
    ("isbn", Format::Unchecked("isbn")),
    ("isbn10", Format::Unchecked("isbn10")),
    ("isbn13", Format::Unchecked("isbn13")),
    ("creditcard", Format::Unchecked("creditcard")),
    ("hexcolor", Format::Unchecked("hexcolor")),
];

/// A label of a DNS name as kube-openapi writes it.
const SHORT_NAME: &str = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
const LONG_NAME: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
const MAC: &str = r"^([0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5,7}|[0-9A-Fa-f]{4}(\.[0-9A-Fa-f]{4}){2,3})$";
const UUID: &str = "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$";
const EMAIL: &str = r"^[^@\s]+@[^@\s]+$|<[^@\s]+@[^@\s]+>$";
const QUANTITY: &str = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?$";
/// What Go's `time.ParseDuration` reads.
const GO_DURATION: &str = r"^[-+]?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$";
/// What kube-openapi reads besides, with days and weeks.
const LONG_DURATION: &str =
    r"(?i)[0-9]+\s*(ns|nano|us|µs|micro|ms|milli|s|sec|m|min|h|hr|hour|d|day|w|wk|week)";

impl Format {
    /// The format of a name; dashes do not count.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let name = name.replace('-', "");
        NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, format)| *format)
    }

    /// The name that messages use.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::DateTime | Self::GoTime => "date-time",
            Self::GoDuration => "duration",
            Self::ShortName => "k8s-short-name",
            Self::LongName => "k8s-long-name",
            Self::MicroTime => "date-time with microseconds",
            Self::Unchecked(name) => name,
            _ => NAMES
                .iter()
                .find(|(_, format)| *format == self)
                .map_or("", |(name, _)| name),
        }
    }

    /// An example of a right value.
    pub(crate) fn example(self) -> &'static str {
        match self {
            Self::DateTime | Self::GoTime => "2026-01-31T12:00:00Z",
            Self::MicroTime => "2026-01-31T12:00:00.000000Z",
            Self::Date => "2026-01-31",
            Self::Duration | Self::GoDuration => "1m30s",
            Self::Byte => "base64 with padding, such as aGk=",
            Self::Ipv4 => "10.0.0.1",
            Self::Ipv6 => "2001:db8::1",
            Self::Cidr => "10.0.0.0/16",
            Self::Quantity => "100m or 128Mi",
            _ => "",
        }
    }

    /// Whether a value has the format; none when that cannot be told. Values of types that the format says nothing
    /// about have it.
    pub(crate) fn holds(self, value: &Value) -> Option<bool> {
        match (self, value) {
            (Self::Int32, Value::Int(number)) => Some(i32::try_from(*number).is_ok()),
            (Self::Int64, Value::Int(number)) => Some(i64::try_from(*number).is_ok()),
            (Self::Quantity, Value::Int(_)) => Some(true),
            (Self::Quantity, Value::Float(number)) => Some(number.is_finite()),
            (Self::Quantity, Value::Str(text)) => Pattern::new(QUANTITY).is_match(text.trim()),
            (Self::Quantity, _) => Some(false),
            (Self::Unchecked(_), Value::Str(_)) => None,
            (_, Value::Str(text)) => self.text(text),
            _ => Some(true),
        }
    }

    fn text(self, text: &str) -> Option<bool> {
        match self {
            Self::DateTime => Some(is_date_time(text)),
            Self::GoTime => Some(is_go_time(text)),
            Self::MicroTime => Some(is_go_time(text) && text.contains('.')),
            Self::Date => Some(is_date(text)),
            Self::Duration => match Pattern::new(GO_DURATION).is_match(text) {
                Some(false) => Pattern::new(LONG_DURATION).is_match(text),
                known => known,
            },
            Self::GoDuration => Pattern::new(GO_DURATION).is_match(text),
            Self::Byte => Some(is_base64(text)),
            Self::Ipv4 => Some(is_ip(text) && text.contains('.')),
            Self::Ipv6 => Some(is_ip(text) && text.contains(':')),
            Self::Cidr => Some(is_cidr(text)),
            Self::Mac => Pattern::new(MAC).is_match(text),
            Self::Uuid => Pattern::new(UUID).is_match(text),
            Self::Uri => Some(is_request_uri(text)),
            Self::Email => Pattern::new(EMAIL).is_match(text),
            Self::Hostname => Some(is_hostname(text)),
            Self::ShortName => Pattern::new(SHORT_NAME)
                .is_match(text)
                .map(|ok| ok && text.len() <= 63),
            Self::LongName => Pattern::new(LONG_NAME)
                .is_match(text)
                .map(|ok| ok && text.len() <= 253),
            _ => Some(true),
        }
    }
}

/// Base64 with padding; line breaks do not count.
fn is_base64(text: &str) -> bool {
    let letters: Vec<u8> = text
        .bytes()
        .filter(|byte| !matches!(byte, b'\r' | b'\n'))
        .collect();
    let padding = letters.iter().rev().take_while(|byte| **byte == b'=').count();
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    letters.len().is_multiple_of(4)
        && padding <= 2
        && letters.iter().take(letters.len() - padding).all(is_letter)
}

/// An address, leading zeros allowed as Kubernetes does for old objects.
pub(crate) fn is_ip(text: &str) -> bool {
    text.parse::<Ipv6Addr>().is_ok() || ipv4(text).is_some()
}

fn ipv4(text: &str) -> Option<Ipv4Addr> {
    let mut octets = [0u8; 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        let part = parts
            .next()
            .filter(|part| part.bytes().all(|b| b.is_ascii_digit()))?;
        *octet = part.parse().ok()?;
    }
    parts.next().is_none().then_some(octets.into())
}

/// An address with the length of a prefix.
pub(crate) fn is_cidr(text: &str) -> bool {
    let Some((address, prefix)) = text.split_once('/') else {
        return false;
    };
    let most = if ipv4(address).is_some() { 32 } else { 128 };
    let digits = !prefix.is_empty() && prefix.bytes().all(|b| b.is_ascii_digit());
    is_ip(address) && digits && prefix.parse::<u8>().is_ok_and(|prefix| prefix <= most)
}

/// What `url.ParseRequestURI` reads: a path or an address with a scheme.
fn is_request_uri(text: &str) -> bool {
    if text.is_empty() || text.bytes().any(|byte| byte < 0x20 || byte == 0x7f) || text.starts_with("//") {
        return false;
    }
    text.starts_with('/')
        || text.split_once(':').is_some_and(|(scheme, rest)| {
            let mut letters = scheme.chars();
            letters.next().is_some_and(|c| c.is_ascii_alphabetic())
                && letters.all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
                && rest.starts_with('/')
                && !rest
                    .trim_start_matches('/')
                    .split('/')
                    .next()
                    .is_some_and(|host| host.contains(' '))
        })
}

/// What strfmt's `HostnamePattern` says: labels and a last one of letters, or one label whose only dash comes second.
fn is_hostname(text: &str) -> bool {
    let inner = |c: char| c.is_alphanumeric();
    if text.len() > 255 || text.split('.').any(|label| label.len() > 63) {
        return false;
    }
    let Some((labels, last)) = text.rsplit_once('.') else {
        let mut rest = text.chars();
        let starts = rest.next().is_some_and(inner);
        let rest = rest.as_str();
        return starts && rest.strip_prefix('-').unwrap_or(rest).chars().all(inner);
    };
    last.chars().count() >= 2
        && last.chars().all(char::is_alphabetic)
        && labels.split('.').all(|label| {
            label.starts_with(inner) && label.ends_with(inner) && label.chars().all(|c| inner(c) || c == '-')
        })
}

fn digits(text: &str, range: std::ops::Range<usize>) -> Option<u32> {
    let part = text.get(range)?;
    part.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| part.parse().ok())?
}

/// `2026-01-31`.
fn is_date(text: &str) -> bool {
    let parts = (digits(text, 0..4), digits(text, 5..7), digits(text, 8..10));
    let (Some(year), Some(month @ 1..=12), Some(day)) = parts else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    text.len() == 10
        && text.get(4..5) == Some("-")
        && text.get(7..8) == Some("-")
        && (1..=days).contains(&day)
}

/// RFC 3339 as kube-openapi reads it: either case, any separator before the fraction.
fn is_date_time(text: &str) -> bool {
    let lower = text.to_lowercase();
    let Some((date, time)) = lower.split_once('t') else {
        return false;
    };
    let time = time.split('t').next().unwrap_or(time);
    is_date(date) && is_time(time)
}

/// RFC 3339 as Go's `time.Parse` reads it.
fn is_go_time(text: &str) -> bool {
    text.split_once('T')
        .is_some_and(|(date, time)| is_date(date) && !time.contains('z') && is_time(&time.to_lowercase()))
}

fn is_time(time: &str) -> bool {
    let clock = (digits(time, 0..2), digits(time, 3..5), digits(time, 6..8));
    let (Some(0..=23), Some(0..=59), Some(0..=59)) = clock else {
        return false;
    };
    if time.get(2..3) != Some(":") || time.get(5..6) != Some(":") {
        return false;
    }
    let mut zone = time.get(8..).unwrap_or_default();
    if let Some(fraction) = zone.strip_prefix(['.', ',']) {
        zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
        if zone.len() == fraction.len() {
            return false;
        }
    }
    let offset = || {
        zone.len() == 6
            && zone.starts_with(['+', '-'])
            && zone.get(3..4) == Some(":")
            && digits(zone, 1..3).is_some()
            && digits(zone, 4..6).is_some()
    };
    zone == "z" || offset()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(format: &str, text: &str) -> Option<bool> {
        Format::named(format).unwrap().holds(&Value::Str(text.into()))
    }

    #[test]
    fn formats_tell_right_from_wrong() {
        for (format, right, wrong) in [
            ("date-time", "2026-02-28T23:59:59.5+02:00", "2026-02-30T00:00:00Z"),
            ("date", "2024-02-29", "2023-02-29"),
            ("duration", "2 days", "soon"),
            ("go-duration", "1h0.5m", "1d"),
            ("byte", "aGk=", "aGk"),
            ("ipv4", "10.0.0.1", "10.0.0.256"),
            ("ipv6", "::1", "10.0.0.1"),
            ("cidr", "10.0.0.0/16", "10.0.0.0/33"),
            ("quantity", "1.5Gi", "1GiB"),
            ("quantity", "1e3", "abc"),
            ("uri", "https://x.example/y", "x"),
            ("hostname", "a.example", "a_b!"),
            ("k8s-short-name", "a-b", "A"),
        ] {
            assert_eq!(holds(format, right), Some(true), "{format} {right}");
            assert_eq!(holds(format, wrong), Some(false), "{format} {wrong}");
        }
    }

    #[test]
    fn numbers_have_the_size_of_their_go_type() {
        assert_eq!(Format::Int32.holds(&Value::Int(1 << 31)), Some(false));
        assert_eq!(Format::Int64.holds(&Value::Int(1 << 31)), Some(true));
    }

    #[test]
    fn formats_that_the_api_server_ignores_are_none() {
        assert_eq!(Format::named("semver"), None);
        assert_eq!(holds("isbn", "x"), None);
    }
}
