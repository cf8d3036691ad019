//! String literals of Go.

/// The text that a quoted literal stands for, given what is between its quotes; none when an escape is wrong.
pub(super) fn unquote(quoted: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(quoted.len());
    let mut chars = quoted.chars();
    while let Some(next) = chars.next() {
        if next == '\\' {
            escape(&mut chars, &mut bytes)?;
        } else {
            push(&mut bytes, next);
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn escape(chars: &mut std::str::Chars<'_>, bytes: &mut Vec<u8>) -> Option<()> {
    match chars.next()? {
        'a' => bytes.push(7),
        'b' => bytes.push(8),
        'f' => bytes.push(12),
        'n' => bytes.push(b'\n'),
        'r' => bytes.push(b'\r'),
        't' => bytes.push(b'\t'),
        'v' => bytes.push(11),
        quote @ ('\\' | '"' | '\'') => push(bytes, quote),
        'x' => bytes.push(u8::try_from(number(chars, 2, 16)?).ok()?),
        'u' => push(bytes, char::from_u32(number(chars, 4, 16)?)?),
        'U' => push(bytes, char::from_u32(number(chars, 8, 16)?)?),
        first @ '0'..='7' => {
            let rest = number(chars, 2, 8)?;
            bytes.push(u8::try_from(first.to_digit(8)? * 64 + rest).ok()?);
        }
        _ => return None,
    }
    Some(())
}

fn number(chars: &mut std::str::Chars<'_>, digits: usize, radix: u32) -> Option<u32> {
    (0..digits).try_fold(0_u32, |sum, _| {
        sum.checked_mul(radix)?
            .checked_add(chars.next()?.to_digit(radix)?)
    })
}

fn push(bytes: &mut Vec<u8>, next: char) {
    bytes.extend_from_slice(next.encode_utf8(&mut [0; 4]).as_bytes());
}
