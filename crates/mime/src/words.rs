//! Encoded words (RFC 2047) and octets of a header, as text that is safe to show on one line.
//!
//! Touches nothing. What comes out never holds CR, LF, NUL or another control character, whatever
//! was encoded (MIM-08). Reads leniently what mail programs read: blanks in a Q word, words inside
//! quotes, characters cut between two words. Time is linear.

use std::borrow::Cow;

use memchr::memmem;

use crate::base64;
use crate::charset::Charset;

/// Longest charset label in an encoded word, language included, in bytes.
const LABEL_BYTES_MAX: usize = 60;

/// Decodes the encoded words of a field's value. Controls become blanks (CR, LF, TAB) or U+FFFD.
pub fn decode_words(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    decode_into(value, &mut out);
    match clean(&out) {
        Cow::Borrowed(_) => out,
        Cow::Owned(cleaned) => cleaned,
    }
}

/// Whether an encoded word holds CR, LF or NUL: somebody tries to write lines of a header.
pub(crate) fn has_hidden_line(value: &str) -> bool {
    if memmem::find(value.as_bytes(), b"=?").is_none() {
        return false;
    }
    let mut out = String::with_capacity(value.len());
    decode_into(value, &mut out);
    let count = |text: &str| text.matches(['\r', '\n', '\0']).count();
    count(&out) > count(value)
}

/// Text without control characters.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(char::is_control) {
        return Cow::Borrowed(text);
    }
    let replaced = text.chars().map(|character| match character {
        '\r' | '\n' | '\t' => ' ',
        other if other.is_control() => char::REPLACEMENT_CHARACTER,
        other => other,
    });
    Cow::Owned(replaced.collect())
}

/// One encoded word, its octets decoded.
struct Word {
    label: String,
    octets: Vec<u8>,
    /// How many bytes of the input it is.
    length: usize,
}

fn decode_into(value: &str, out: &mut String) {
    let mut rest = value;
    // Words of one charset that follow one another are one run of octets: programs cut characters.
    let mut run: Option<(String, Vec<u8>)> = None;
    let mut can_end = true;
    while let Some(at) = memmem::find(rest.as_bytes(), b"=?") {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        let word = if can_end { word(from, &mut can_end) } else { None };
        let Some(word) = word else {
            flush(&mut run, out);
            let (skipped, after) = rest.split_at_checked(at + 2).unwrap_or((rest, ""));
            out.push_str(skipped);
            rest = after;
            continue;
        };
        let continues = before.trim().is_empty()
            && run.as_ref().is_some_and(|(label, _)| label.eq_ignore_ascii_case(&word.label));
        if !continues {
            let is_gap = run.is_some() && before.trim().is_empty();
            flush(&mut run, out);
            if !is_gap {
                out.push_str(before);
            }
        }
        run.get_or_insert_with(|| (word.label, Vec::new())).1.extend(word.octets);
        rest = from.get(word.length..).unwrap_or_default();
    }
    flush(&mut run, out);
    out.push_str(rest);
}

fn flush(run: &mut Option<(String, Vec<u8>)>, out: &mut String) {
    if let Some((label, octets)) = run.take() {
        out.push_str(&Charset::of(&label).decode(&octets));
    }
}

/// The encoded word that `text` starts with. `can_end` turns false where no end follows at all,
/// so that many beginnings without an end cost one search only.
fn word(text: &str, can_end: &mut bool) -> Option<Word> {
    let bytes = text.as_bytes();
    let head = bytes.get(2..bytes.len().min(2 + LABEL_BYTES_MAX))?;
    let label_end = 2 + head.iter().position(|byte| *byte == b'?')?;
    let label = text.get(2..label_end)?;
    let label = label.split_once('*').map_or(label, |(label, _)| label);
    if label.is_empty() || !label.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let encoding = bytes.get(label_end + 1)?.to_ascii_lowercase();
    if bytes.get(label_end + 2) != Some(&b'?') || !matches!(encoding, b'b' | b'q') {
        return None;
    }
    let start = label_end + 3;
    let Some(length) = memmem::find(bytes.get(start..)?, b"?=") else {
        *can_end = false;
        return None;
    };
    let encoded = bytes.get(start..start + length)?;
    let octets = if encoding == b'b' { base64::decode_loosely(encoded) } else { q(encoded) };
    Some(Word { label: label.to_owned(), octets, length: start + length + 2 })
}

/// The Q encoding: `_` is a blank, `=XY` an octet; anything else is itself.
fn q(encoded: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let [byte, after @ ..] = rest {
        rest = after;
        match (byte, after) {
            (b'_', _) => out.push(b' '),
            (b'=', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    out.push((high << 4) | low);
                    rest = after;
                }
                _ => out.push(b'='),
            },
            (byte, _) => out.push(*byte),
        }
    }
    out
}

/// The value of a hexadecimal digit.
pub(crate) fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_decoded_and_joined() {
        let table = [
            ("plain", "plain"),
            ("=?utf-8?q?caf=C3=A9?= au lait", "café au lait"),
            ("=?UTF-8?B?w6Q=?= =?utf-8?B?w7Y=?=", "äö"),
            ("=?utf-8?b?ww==?= =?utf-8?b?pA?=", "ä"),
            ("=?utf-8?q?=C3?=\t=?utf-8?q?=A4?=", "ä"),
            ("=?iso-8859-1*de?Q?=E4_b?= x =?iso-8859-1?Q?=F6?=", "ä b x ö"),
            ("=?utf-8?q?two words?=", "two words"),
            ("a=?utf-8?q?b?=c", "abc"),
            ("\"=?utf-8?q?in_quotes?=\"", "\"in quotes\""),
            ("=?nobody-knows?q?=E4?=", "ä"),
            ("=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
            ("=?utf-8?q?no end", "=?utf-8?q?no end"),
            ("=?=?utf-8?q?a?=", "=?a"),
            ("=?utf-8?q?100=25_=zz?=", "100% =zz"),
        ];
        for (given, expected) in table {
            assert_eq!(decode_words(given), expected, "{given}");
        }
    }

    #[test]
    fn mim_08_decoded_words_never_hold_a_line_end() {
        for given in [
            "=?utf-8?q?=0D=0ABcc:_x@example.org?=",
            "=?utf-8?b?DQpCY2M6IHhAZXhhbXBsZS5vcmcA?=",
            "=?utf-16be?b?AA0ACgAA?=",
            "=?utf-7?q?+AA0ACg-Bcc?=",
            "=?utf-8?q?=00=1B[2J=C2=85?=",
            "raw\r\nBcc: y\0",
        ] {
            let decoded = decode_words(given);
            assert!(!decoded.chars().any(char::is_control), "{given}: {decoded:?}");
        }
        assert!(has_hidden_line("=?utf-8?q?=0D=0ABcc:_x@example.org?="));
        assert!(!has_hidden_line("=?utf-8?q?fine?="));
    }

    #[test]
    fn rx_01_many_beginnings_without_an_end_take_linear_time() {
        let long = "=?a?q? ".repeat(200_000);
        assert_eq!(decode_words(&long).len(), long.len());
        let long = "=?a?q?x?= ".repeat(100_000);
        assert_eq!(decode_words(&long).len(), 100_001);
    }
}
