//! Character references of HTML: the ones that mail uses, and all numbers.
//!
//! Touches nothing. What is not known stays as it stands.

use std::borrow::Cow;

/// Longest reference that is looked at, in bytes: `&` to `;`.
const REFERENCE_BYTES_MAX: usize = 12;

/// Names that occur in mail, sorted (HTML Living Standard 13.5; a selection by hand).
const NAMED: &[(&str, &str)] = &[
    ("Agrave", "À"),
    ("Auml", "Ä"),
    ("Eacute", "É"),
    ("NewLine", "\n"),
    ("Ouml", "Ö"),
    ("Tab", "\t"),
    ("Uuml", "Ü"),
    ("aacute", "á"),
    ("acirc", "â"),
    ("agrave", "à"),
    ("amp", "&"),
    ("apos", "'"),
    ("aring", "å"),
    ("atilde", "ã"),
    ("auml", "ä"),
    ("bsol", "\\"),
    ("bull", "•"),
    ("ccedil", "ç"),
    ("cent", "¢"),
    ("colon", ":"),
    ("commat", "@"),
    ("copy", "©"),
    ("deg", "°"),
    ("eacute", "é"),
    ("ecirc", "ê"),
    ("egrave", "è"),
    ("emsp", "\u{2003}"),
    ("ensp", "\u{2002}"),
    ("euml", "ë"),
    ("euro", "€"),
    ("gt", ">"),
    ("hellip", "…"),
    ("iacute", "í"),
    ("iexcl", "¡"),
    ("igrave", "ì"),
    ("iquest", "¿"),
    ("laquo", "«"),
    ("ldquo", "“"),
    ("lpar", "("),
    ("lsquo", "‘"),
    ("lt", "<"),
    ("mdash", "—"),
    ("middot", "·"),
    ("nbsp", "\u{a0}"),
    ("ndash", "–"),
    ("ntilde", "ñ"),
    ("oacute", "ó"),
    ("ocirc", "ô"),
    ("ograve", "ò"),
    ("otilde", "õ"),
    ("ouml", "ö"),
    ("period", "."),
    ("pound", "£"),
    ("quot", "\""),
    ("raquo", "»"),
    ("rdquo", "”"),
    ("reg", "®"),
    ("rpar", ")"),
    ("rsquo", "’"),
    ("sect", "§"),
    ("shy", "\u{ad}"),
    ("sol", "/"),
    ("szlig", "ß"),
    ("thinsp", "\u{2009}"),
    ("times", "×"),
    ("trade", "™"),
    ("uacute", "ú"),
    ("ugrave", "ù"),
    ("uuml", "ü"),
    ("yen", "¥"),
    ("zwj", "\u{200d}"),
    ("zwnj", "\u{200c}"),
];

/// Appends text with its references replaced.
pub(crate) fn push_decoded(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'&', rest.as_bytes()) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        match reference(from) {
            Some((decoded, length)) => {
                out.push_str(&decoded);
                rest = from.get(length..).unwrap_or_default();
            }
            None => {
                out.push('&');
                rest = from.get(1..).unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
}

/// Text with its references replaced.
pub(crate) fn decoded(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'&', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    push_decoded(&mut out, text);
    Cow::Owned(out)
}

/// The reference at the start of a text, and its length in bytes.
fn reference(text: &str) -> Option<(Cow<'static, str>, usize)> {
    let inside = text.get(1..)?;
    let bytes = inside.as_bytes();
    let bytes = bytes.get(..bytes.len().min(REFERENCE_BYTES_MAX)).unwrap_or_default();
    if bytes.first() == Some(&b'#') {
        return numeric(bytes);
    }
    let length = bytes.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(bytes.len());
    let name = inside.get(..length)?;
    let index = NAMED.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
    let closed = usize::from(bytes.get(length) == Some(&b';'));
    let (_, value) = NAMED.get(index)?;
    Some((Cow::Borrowed(value), 1 + length + closed))
}

/// `#65` or `#x41`, with or without its semicolon (13.2.5.80).
fn numeric(bytes: &[u8]) -> Option<(Cow<'static, str>, usize)> {
    let (radix, start) = match bytes.get(1) {
        Some(b'x' | b'X') => (16, 2),
        _ => (10, 1),
    };
    let digits = bytes.get(start..)?;
    let length =
        digits.iter().position(|byte| !char::from(*byte).is_digit(radix)).unwrap_or(digits.len());
    let digits = std::str::from_utf8(digits.get(..length)?).ok()?;
    let code = u32::from_str_radix(digits, radix).ok()?;
    let character = match code {
        0 => '\u{fffd}',
        // Windows-1252 where Latin-1 has controls; the ones that mail uses.
        0x80 => '€',
        0x85 => '…',
        0x91 | 0x92 => '’',
        0x93 | 0x94 => '"',
        0x96 | 0x97 => '–',
        code => char::from_u32(code).unwrap_or('\u{fffd}'),
    };
    let closed = usize::from(bytes.get(start + length) == Some(&b';'));
    Some((Cow::Owned(character.to_string()), 1 + start + length + closed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_become_characters() {
        let cases = [
            ("a&amp;b", "a&b"),
            ("&#112;&#x61;&#121", "pay"),
            ("&nbsp;&uuml;&unknown;&", "\u{a0}ü&unknown;&"),
            ("java&Tab;script&colon;", "java\tscript:"),
            ("&lt;b&gt", "<b>"),
            ("&#xFFFFFFFFF;", "&#xFFFFFFFFF;"),
            ("&#0;&#55296;", "\u{fffd}\u{fffd}"),
        ];
        for (text, expected) in cases {
            assert_eq!(decoded(text), expected, "{text}");
        }
    }

    #[test]
    fn the_names_are_sorted() {
        assert!(NAMED.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
