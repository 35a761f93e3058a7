//! Distinguished names as text (RFC 4514) and the comparison of such texts.
//!
//! Pure string work on a peer's bytes; output is bounded. A value that cannot be decoded is shown
//! as `#` and its DER in hexadecimal, as RFC 4514 section 2.4 has it.

use crate::der::{self, Element, OBJECT_IDENTIFIER, Reader, SEQUENCE, SET};
use crate::limits::DISTINGUISHED_NAME_BYTES_MAX;

/// Attribute types that have a short name: RFC 4514 section 3, then those that CAs use in
/// practice, under their LDAP names (RFC 4519, RFC 2985).
const SHORT_NAMES: [(&[u8], &str); 17] = [
    (&[0x55, 4, 3], "CN"),
    (&[0x55, 4, 7], "L"),
    (&[0x55, 4, 8], "ST"),
    (&[0x55, 4, 10], "O"),
    (&[0x55, 4, 11], "OU"),
    (&[0x55, 4, 6], "C"),
    (&[0x55, 4, 9], "STREET"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25], "DC"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1], "UID"),
    (&[0x55, 4, 4], "SN"),
    (&[0x55, 4, 5], "serialNumber"),
    (&[0x55, 4, 12], "title"),
    (&[0x55, 4, 15], "businessCategory"),
    (&[0x55, 4, 17], "postalCode"),
    (&[0x55, 4, 42], "givenName"),
    (&[0x55, 4, 97], "organizationIdentifier"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1], "emailAddress"),
];

/// commonName, RFC 5280 appendix A.
const COMMON_NAME: &[u8] = &[0x55, 4, 3];

/// The content of a Name as RFC 4514 text, most specific part first; control characters as hex
/// pairs, so that it never breaks a line. Cut with `…` beyond [`DISTINGUISHED_NAME_BYTES_MAX`].
pub(crate) fn text(name: &[u8]) -> String {
    let parts: Vec<_> = Reader::new(name).filter(|part| part.tag == SET).collect();
    let mut out = String::new();
    for (place, part) in parts.iter().rev().enumerate() {
        if place > 0 {
            out.push(',');
        }
        for (place, attribute) in part.inside().filter(|one| one.tag == SEQUENCE).enumerate() {
            if place > 0 {
                out.push('+');
            }
            push_attribute(&mut out, attribute);
        }
        if out.len() > DISTINGUISHED_NAME_BYTES_MAX {
            out.truncate(out.floor_char_boundary(DISTINGUISHED_NAME_BYTES_MAX));
            out.push('…');
            break;
        }
    }
    out
}

/// The last commonName of a Name's content: the most specific one.
pub(crate) fn common_name(name: &[u8]) -> Option<String> {
    Reader::new(name)
        .filter(|part| part.tag == SET)
        .flat_map(Element::inside)
        .filter_map(|attribute| {
            let mut parts = attribute.inside();
            parts.expect(OBJECT_IDENTIFIER).filter(|id| id.content == COMMON_NAME)?;
            string(parts.next()?)
        })
        .last()
}

/// Whether two distinguished names in text form are the same name: attribute types and values in
/// any case, spaces around separators ignored, runs of spaces as one (RFC 5280 section 7.1).
/// Microsoft's spelling (`, ` between parts, `S=`, `E=`) is understood.
pub(crate) fn is_same_text(left: &str, right: &str) -> bool {
    let (left, right) = (parts(left), parts(right));
    !left.is_empty() && left == right
}

/// The value of the most specific CN of a distinguished name in text form, folded.
pub(crate) fn common_name_of_text(name: &str) -> Option<String> {
    parts(name).into_iter().find(|(kind, _)| kind == "cn").map(|(_, value)| value)
}

/// A text folded as attribute values are compared: lower case, runs of spaces as one.
pub(crate) fn folded(value: &str) -> String {
    let words: Vec<_> = value.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ")
}

fn push_attribute(out: &mut String, attribute: Element<'_>) {
    let mut parts = attribute.inside();
    let Some(id) = parts.expect(OBJECT_IDENTIFIER) else { return };
    let Some(value) = parts.next() else { return };
    let short = SHORT_NAMES.iter().find(|(known, _)| *known == id.content);
    match short {
        Some((_, name)) => out.push_str(name),
        None => out.push_str(&der::oid_text(id.content)),
    }
    out.push('=');
    match (short, string(value)) {
        (Some(_), Some(value)) => push_escaped(out, &value),
        _ => {
            let shown = value.whole.get(..DISTINGUISHED_NAME_BYTES_MAX / 2).unwrap_or(value.whole);
            out.push('#');
            out.push_str(&der::hex(shown));
        }
    }
}

/// RFC 4514 section 2.4, and every ASCII control as a hex pair, which that section allows.
fn push_escaped(out: &mut String, value: &str) {
    let last = value.chars().count().saturating_sub(1);
    for (place, character) in value.chars().enumerate().take(DISTINGUISHED_NAME_BYTES_MAX) {
        match character {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => out.extend(['\\', character]),
            ' ' if place == 0 || place == last => out.push_str("\\ "),
            '#' if place == 0 => out.push_str("\\#"),
            _ if character.is_ascii_control() => {
                out.push_str(&format!("\\{:02X}", u32::from(character)));
            }
            _ => out.push(character),
        }
    }
}

/// A directory string's characters (RFC 5280 section 4.1.2.4); `None` for other types and for
/// bytes that are not what their type says.
fn string(value: Element<'_>) -> Option<String> {
    const UTF8_STRING: u8 = 0x0c;
    const NUMERIC_STRING: u8 = 0x12;
    const PRINTABLE_STRING: u8 = 0x13;
    const TELETEX_STRING: u8 = 0x14;
    const IA5_STRING: u8 = 0x16;
    const VISIBLE_STRING: u8 = 0x1a;
    const UNIVERSAL_STRING: u8 = 0x1c;
    const BMP_STRING: u8 = 0x1e;
    match value.tag {
        UTF8_STRING | NUMERIC_STRING | PRINTABLE_STRING | IA5_STRING | VISIBLE_STRING => {
            String::from_utf8(value.content.to_vec()).ok()
        }
        // T.61 in theory, Latin-1 in every certificate that uses it.
        TELETEX_STRING => Some(value.content.iter().map(|&byte| char::from(byte)).collect()),
        BMP_STRING => {
            let units = value.content.chunks(2).map(|pair| match pair {
                [high, low] => u16::from_be_bytes([*high, *low]),
                _ => 0xfffd,
            });
            char::decode_utf16(units).collect::<Result<_, _>>().ok()
        }
        UNIVERSAL_STRING => value
            .content
            .chunks(4)
            .map(|four| <[u8; 4]>::try_from(four).ok().map(u32::from_be_bytes))
            .map(|number| number.and_then(char::from_u32))
            .collect(),
        _ => None,
    }
}

/// A text's attributes in order, types and values folded, escapes undone.
fn parts(name: &str) -> Vec<(String, String)> {
    let mut parts = Vec::new();
    let (mut kind, mut value) = (None, String::new());
    let mut quoted = false;
    let mut characters = name.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => value.extend(unescaped(&mut characters)),
            '"' => quoted = !quoted,
            '=' if !quoted && kind.is_none() => kind = Some(std::mem::take(&mut value)),
            ',' | ';' | '+' if !quoted => push_part(&mut parts, kind.take(), &mut value),
            _ => value.push(character),
        }
    }
    push_part(&mut parts, kind, &mut value);
    parts
}

/// What stands after a backslash: a special character, or the bytes of one as hex pairs. Only
/// ASCII is ever escaped that way by [`text`]; other bytes stay as written on both sides.
fn unescaped(characters: &mut std::str::Chars<'_>) -> Option<char> {
    let first = characters.next()?;
    let mut ahead = characters.clone();
    if let (Some(high), Some(low)) = (first.to_digit(16), ahead.next().and_then(|c| c.to_digit(16)))
    {
        *characters = ahead;
        return char::from_u32(high << 4 | low);
    }
    Some(first)
}

fn push_part(parts: &mut Vec<(String, String)>, kind: Option<String>, value: &mut String) {
    let value = std::mem::take(value);
    let Some(kind) = kind else { return };
    let kind = folded(&kind);
    let kind = match kind.as_str() {
        "s" => "st".to_owned(),
        "e" => "emailaddress".to_owned(),
        _ => kind,
    };
    parts.push((kind, folded(&value)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(id: &[u8], tag: u8, value: &[u8]) -> Vec<u8> {
        let element = |tag: u8, content: &[u8]| {
            let mut out = vec![tag, content.len() as u8];
            out.extend(content);
            out
        };
        let mut inside = element(OBJECT_IDENTIFIER, id);
        inside.extend(element(tag, value));
        element(SET, &element(SEQUENCE, &inside))
    }

    #[test]
    fn names_are_written_most_specific_first_with_escapes() {
        let mut name = attribute(&[0x55, 4, 6], 0x13, b"DE");
        name.extend(attribute(&[0x55, 4, 10], 0x0c, "M\u{fc}ller, S\u{f6}hne + Co".as_bytes()));
        name.extend(attribute(COMMON_NAME, 0x0c, b" #1 "));
        assert_eq!(text(&name), "CN=\\ #1\\ ,O=M\u{fc}ller\\, S\u{f6}hne \\+ Co,C=DE");
        assert_eq!(common_name(&name).as_deref(), Some(" #1 "));
    }

    #[test]
    fn line_breaks_and_nul_become_hex_pairs() {
        let name = attribute(COMMON_NAME, 0x0c, b"a\r\n250 ok\0");
        assert_eq!(text(&name), "CN=a\\0D\\0A250 ok\\00");
    }

    #[test]
    fn old_string_types_are_read_and_undecodable_ones_shown_as_hex() {
        let bmp = attribute(COMMON_NAME, 0x1e, &[0, b'C', 0, b'A']);
        assert_eq!(text(&bmp), "CN=CA");
        let teletex = attribute(COMMON_NAME, 0x14, &[b'M', 0xfc]);
        assert_eq!(text(&teletex), "CN=M\u{fc}");
        let universal = attribute(COMMON_NAME, 0x1c, &[0, 0, 0, b'C']);
        assert_eq!(text(&universal), "CN=C");
        assert_eq!(text(&attribute(COMMON_NAME, 0x0c, &[0xff])), "CN=#0c01ff");
        assert_eq!(text(&attribute(&[0x2a, 3], 0x0c, b"x")), "1.2.3=#0c0178");
    }

    #[test]
    fn a_long_name_is_cut() {
        let mut name = Vec::new();
        for _ in 0..500 {
            name.extend(attribute(COMMON_NAME, 0x0c, "\u{fc}".repeat(50).as_bytes()));
        }
        let text = text(&name);
        assert!(text.len() <= DISTINGUISHED_NAME_BYTES_MAX + 3 && text.ends_with('…'));
    }

    #[test]
    fn texts_are_compared_as_names() {
        assert!(is_same_text("CN=R3,O=Let's Encrypt,C=US", "cn=r3, O = let's  encrypt, C=us"));
        assert!(is_same_text("CN=a\\, b,ST=x", "CN=\"a, b\", S=x"));
        assert!(!is_same_text("CN=a\\,O=b", "CN=a,O=b"));
        assert!(!is_same_text("CN=a", "CN=a,O=b"));
        assert!(!is_same_text("", ""));
        assert_eq!(common_name_of_text("OU=x, CN=The  CA").as_deref(), Some("the ca"));
    }
}
