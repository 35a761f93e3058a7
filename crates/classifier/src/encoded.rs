//! Encoded words of RFC 2047 in From, Reply-To and Subject. Touches nothing.
//!
//! UTF-8 and Latin-1 are decoded; bytes of other charsets are read as Latin-1, which is the same for
//! every mail, and all that hashing needs. What is broken stays as it stands.

use std::borrow::Cow;

/// Decodes the encoded words of one field's value.
pub(crate) fn decode(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    let mut after_word = false;
    while let Some((before, from)) = rest.split_once("=?") {
        // White space between two encoded words is no text (RFC 2047, 6.2).
        if !(after_word && before.trim().is_empty()) {
            out.push_str(before);
        }
        if let Some((text, after)) = word(from) {
            out.push_str(&text);
            rest = after;
            after_word = true;
        } else {
            out.push_str("=?");
            rest = from;
            after_word = false;
        }
    }
    out.push_str(rest);
    out
}

fn word(from: &str) -> Option<(String, &str)> {
    let (charset, rest) = from.split_once('?')?;
    let (encoding, rest) = rest.split_once('?')?;
    let (text, after) = rest.split_once("?=")?;
    if charset.len() > 40 {
        return None;
    }
    let bytes = match encoding {
        "b" | "B" => base64(text),
        "q" | "Q" => quoted(text),
        _ => return None,
    };
    let is_utf_8 = charset.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("utf-8"));
    let text = match String::from_utf8_lossy(&bytes) {
        Cow::Borrowed(text) => text.to_owned(),
        Cow::Owned(text) if is_utf_8 => text,
        Cow::Owned(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    };
    Some((text, after))
}

fn quoted(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'_' => out.push(b' '),
            b'=' => {
                let digits = [bytes.next(), bytes.next()];
                let hex = |digit: Option<u8>| digit.and_then(|d| char::from(d).to_digit(16));
                if let (Some(high), Some(low)) = (hex(digits[0]), hex(digits[1])) {
                    out.extend(u8::try_from(high * 16 + low));
                }
            }
            other => out.push(other),
        }
    }
    out
}

fn base64(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    out
}
