//! The operators `:start` and `:start:length`.

use super::ErrorKind;

/// Cuts `length` bytes out of `value` from byte `start` on; a negative start counts from the end.
///
/// As in the original, the whole value is the answer when a number is not one (also for reasons of size), and
/// what lies beyond the end is ignored.
pub(super) fn slice<'v>(value: &'v str, start: &str, length: Option<&str>) -> Result<&'v str, ErrorKind> {
    let Ok(start) = start.parse::<i64>() else {
        return Ok(value);
    };
    let size = i64::try_from(value.len()).unwrap_or(i64::MAX);
    let start = if start < 0 {
        size.saturating_add(start).max(0)
    } else {
        start
    };
    let end = match length.map(str::parse::<i64>) {
        None => size,
        Some(Err(_)) => return Ok(value),
        // Wraps as in Go, where a sum too large therefore is an end before the start.
        Some(Ok(length)) => start.wrapping_add(length),
    };
    if end >= size {
        return bytes(value, start.min(size), size);
    }
    if end < start {
        return Err(ErrorKind::InvertedSubstring);
    }
    bytes(value, start, end)
}

fn bytes(value: &str, start: i64, end: i64) -> Result<&str, ErrorKind> {
    let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    range
        .and_then(|(start, end)| value.get(start..end))
        .ok_or(ErrorKind::SplitCharacter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_counts_from_either_end() {
        assert_eq!(slice("cluster", "2", None), Ok("uster"));
        assert_eq!(slice("cluster", "+2", None), Ok("uster"));
        assert_eq!(slice("cluster", "-3", None), Ok("ter"));
        assert_eq!(slice("cluster", "-30", None), Ok("cluster"));
        assert_eq!(slice("cluster", "7", None), Ok(""));
        assert_eq!(slice("cluster", "70", None), Ok(""));
    }

    #[test]
    fn a_length_is_cut_at_the_end() {
        assert_eq!(slice("cluster", "1", Some("3")), Ok("lus"));
        assert_eq!(slice("cluster", "1", Some("0")), Ok(""));
        assert_eq!(slice("cluster", "5", Some("9")), Ok("er"));
        assert_eq!(slice("cluster", "9", Some("9")), Ok(""));
    }

    #[test]
    fn what_is_no_number_changes_nothing() {
        for number in ["", " 1", "1 ", "one", "0x1", "1_0", "-", "99999999999999999999"] {
            assert_eq!(slice("cluster", number, None), Ok("cluster"), "{number}");
            assert_eq!(slice("cluster", "1", Some(number)), Ok("cluster"), "{number}");
        }
    }

    #[test]
    fn a_negative_length_is_an_error_unless_both_ends_are_beyond_the_value() {
        assert_eq!(
            slice("cluster", "2", Some("-1")),
            Err(ErrorKind::InvertedSubstring)
        );
        assert_eq!(
            slice("cluster", "9", Some("-3")),
            Err(ErrorKind::InvertedSubstring)
        );
        assert_eq!(slice("cluster", "9", Some("-1")), Ok(""));
        assert_eq!(
            slice("cluster", "9223372036854775807", Some("1")),
            Err(ErrorKind::InvertedSubstring)
        );
    }

    #[test]
    fn half_a_character_is_an_error() {
        assert_eq!(slice("é", "1", None), Err(ErrorKind::SplitCharacter));
        assert_eq!(slice("é", "0", Some("1")), Err(ErrorKind::SplitCharacter));
        assert_eq!(slice("é", "0", Some("2")), Ok("é"));
    }
}
