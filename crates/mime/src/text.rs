//! The text of a part in Unicode, in every charset that some reader would take.
//!
//! Touches nothing. The declared charset comes first, then what a byte order mark or HTML itself
//! says. One reading where all agree, as with ASCII.

use std::borrow::Cow;

use posthouse_types::Finding;

use crate::charset::{Charset, byte_order_mark};
use crate::findings::{CHARSET_DISAGREES, CHARSET_GUESSED, CHARSET_UNKNOWN, CHARSET_UTF7};

/// How far into HTML a charset is looked for, in bytes (WHATWG: 1024; some look further).
const META_BYTES_MAX: usize = 4096;
/// Texts of one body that are kept.
const TEXTS_MAX: usize = 4;

/// Every text that the octets can be, the most usual first. There is always one.
pub(crate) fn readings<'a>(
    bytes: &'a [u8],
    is_html: bool,
    declared: &[String],
    findings: &mut Vec<Finding>,
) -> Vec<Cow<'a, str>> {
    let mut labels: Vec<(Cow<'_, str>, Charset)> =
        declared.iter().map(|label| (Cow::Borrowed(label.as_str()), Charset::of(label))).collect();
    if let Some((label, _)) = labels.iter().find(|(_, charset)| *charset == Charset::Unknown) {
        findings.push(Finding::of(&CHARSET_UNKNOWN).with("charset", label));
    }
    if let Some(mark) = byte_order_mark(bytes) {
        labels.push((Cow::Borrowed("byte order mark"), mark));
    }
    let is_ascii = bytes.is_ascii();
    if is_html
        && !is_ascii
        && let Some(label) = meta_charset(bytes)
    {
        if declared.is_empty() {
            // Programs that do not look into HTML guess.
            findings.push(Finding::of(&CHARSET_GUESSED).with("charset", &label));
        }
        // What could be read as ASCII up to here is no UTF-16 (WHATWG: then it is UTF-8).
        let charset = match Charset::of(&label) {
            Charset::Known(encoding) if !encoding.is_ascii_compatible() => {
                Charset::Known(encoding_rs::UTF_8)
            }
            charset => charset,
        };
        labels.push((Cow::Owned(label), charset));
    }
    if let Some(at) = labels.iter().position(|(_, charset)| *charset == Charset::Utf7) {
        findings.push(Finding::of(&CHARSET_UTF7));
        // TXT-01: no browser decodes UTF-7, so in HTML what is decoded is the odd reading.
        let plain = (Cow::Borrowed("us-ascii"), Charset::Guessed);
        labels.insert(if is_html { at } else { at + 1 }, plain);
    } else if is_ascii && labels.iter().all(|(_, charset)| is_ascii_alike(*charset)) {
        labels.truncate(1);
    }
    // UTF-16 by its label alone, and all of it ASCII: the label is wrong, or it is hidden there.
    let is_utf_16 = |one: Charset| {
        matches!(one, Charset::Known(encoding)
            if encoding == encoding_rs::UTF_16LE || encoding == encoding_rs::UTF_16BE)
    };
    if is_ascii && !bytes.contains(&0) && labels.iter().any(|(_, one)| is_utf_16(*one)) {
        labels.push((Cow::Borrowed("us-ascii"), Charset::Guessed));
    }
    if labels.is_empty() {
        labels.push((Cow::Borrowed(""), Charset::Guessed));
    }
    decode(bytes, &labels, findings)
}

fn decode<'a>(
    bytes: &'a [u8],
    labels: &[(Cow<'_, str>, Charset)],
    findings: &mut Vec<Finding>,
) -> Vec<Cow<'a, str>> {
    let mut texts: Vec<Cow<'a, str>> = Vec::with_capacity(1);
    let mut tried: Vec<Charset> = Vec::new();
    for (label, charset) in labels.iter().take(TEXTS_MAX) {
        if tried.contains(charset) {
            continue;
        }
        tried.push(*charset);
        let (text, is_guess) = charset.decode_and_tell(bytes);
        if texts.contains(&text) {
            continue;
        }
        let is_told = findings.iter().any(|one| one.kind.id == CHARSET_UTF7.id);
        if texts.len() == 1 && !is_told {
            let first = labels.first().map_or("", |(label, _)| label.as_ref());
            let found = Finding::of(&CHARSET_DISAGREES).with("first", first);
            findings.push(found.with("second", label));
        }
        if is_guess && texts.is_empty() && *charset != Charset::Unknown {
            let label = if label.is_empty() { "us-ascii" } else { label };
            findings.push(Finding::of(&CHARSET_GUESSED).with("charset", label));
        }
        texts.push(text);
    }
    texts
}

/// Whether ASCII octets are themselves in this charset.
fn is_ascii_alike(charset: Charset) -> bool {
    match charset {
        Charset::Utf7 => false,
        Charset::Known(encoding) => encoding.is_ascii_compatible(),
        Charset::Guessed | Charset::Unknown => true,
    }
}

/// The charset that a `meta` element or an XML declaration names.
fn meta_charset(html: &[u8]) -> Option<String> {
    let head = html.get(..html.len().min(META_BYTES_MAX))?;
    let lower = head.to_ascii_lowercase();
    let at = memchr::memmem::find(&lower, b"charset=").map(|at| at + 8).or_else(|| {
        let is_xml = lower.starts_with(b"<?xml");
        let at = memchr::memmem::find(&lower, b"encoding=")?;
        is_xml.then_some(at + 9)
    })?;
    let value = lower.get(at..)?;
    let value = value.strip_prefix(b"\"").or(value.strip_prefix(b"'")).unwrap_or(value);
    let end = value.iter().position(|byte| {
        !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'_' | b'.' | b':')
    });
    let label = String::from_utf8_lossy(value.get(..end.unwrap_or(value.len()))?).into_owned();
    (!label.is_empty()).then_some(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bytes: &[u8], is_html: bool, declared: &[&str]) -> (Vec<String>, Vec<&'static str>) {
        let declared: Vec<String> = declared.iter().map(|label| (*label).to_owned()).collect();
        let mut findings = Vec::new();
        let texts = readings(bytes, is_html, &declared, &mut findings);
        let texts = texts.into_iter().map(Cow::into_owned).collect();
        (texts, findings.iter().map(|finding| finding.kind.id).collect())
    }

    #[test]
    fn txt_01_text_is_read_in_every_charset_that_is_named() {
        type Row<'a> = (&'a [u8], bool, &'a [&'a str], &'a [&'a str], &'a [&'a str]);
        let table: &[Row<'_>] = &[
            (b"abc", false, &[], &["abc"], &[]),
            (b"abc", true, &["utf-8", "iso-8859-1"], &["abc"], &[]),
            (b"\xe4", false, &["iso-8859-1"], &["ä"], &[]),
            (b"\xe4", false, &["us-ascii"], &["ä"], &["mime-charset-guessed"]),
            (b"\xe4", false, &["utf-8"], &["\u{fffd}"], &["mime-charset-guessed"]),
            (b"\xc3\xa4", false, &[], &["ä"], &[]),
            (
                b"\xc3\xa4",
                false,
                &["iso-8859-1", "utf-8"],
                &["Ã¤", "ä"],
                &["mime-charset-disagrees"],
            ),
            (b"\xe4", false, &["x-none"], &["ä"], &["mime-charset-unknown"]),
            (b"\xef\xbb\xbfa", false, &[], &["a"], &[]),
            (b"\xff\xfea\0", false, &[], &["a"], &[]),
            (b"a\0", false, &["utf-16le"], &["a"], &[]),
            (
                b"<meta charset=utf-8>\xc3\xa4",
                true,
                &["iso-8859-1"],
                &["<meta charset=utf-8>Ã¤", "<meta charset=utf-8>ä"],
                &["mime-charset-disagrees"],
            ),
            (
                b"<meta charset='utf-8'>\xc3\xa4",
                true,
                &["utf-8"],
                &["<meta charset='utf-8'>ä"],
                &[],
            ),
            (
                b"<meta charset=big5>\xa4\xa4",
                true,
                &[],
                &["<meta charset=big5>中"],
                &["mime-charset-guessed"],
            ),
            (
                b"<meta charset=unicode>\xc3\xa4",
                true,
                &["utf-8"],
                &["<meta charset=unicode>ä"],
                &[],
            ),
            (b"\x1b$B\x46\x7c\x1b(B", false, &["iso-2022-jp"], &["日"], &[]),
            (b"ab", false, &["utf-16le"], &["\u{6261}", "ab"], &["mime-charset-disagrees"]),
            (b"+ADw-b", true, &["utf-7"], &["+ADw-b", "<b"], &["mime-charset-utf7"]),
            (b"+ADw-b", false, &["utf-7"], &["<b", "+ADw-b"], &["mime-charset-utf7"]),
        ];
        for (bytes, is_html, declared, texts, ids) in table {
            let (found, found_ids) = shown(bytes, *is_html, declared);
            assert_eq!(found, *texts, "{declared:?}");
            assert_eq!(found_ids, *ids, "{declared:?}");
        }
    }
}
