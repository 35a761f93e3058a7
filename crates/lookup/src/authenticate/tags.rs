//! Tag lists (RFC 6376 section 3.2), base64, and the little DER that a public key needs.
//!
//! Pure. A list that breaks the grammar, or says a tag twice, is no list at all: what two readers
//! would read differently must not be verified.

use std::collections::BTreeMap;

/// Tags of one list that are kept; honest ones have fewer than fifteen.
const TAGS_MAX: usize = 64;

/// A tag list with its values unfolded and trimmed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tags {
    by_name: BTreeMap<String, String>,
    /// The name that stands first.
    pub(crate) first: String,
}

impl Tags {
    /// Reads a list; `None` where it breaks the grammar.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut tags = Self::default();
        let mut specs = text.split(';').peekable();
        while let Some(spec) = specs.next() {
            if specs.peek().is_none() && spec.trim_matches(is_blank).is_empty() {
                break;
            }
            let (name, value) = spec.split_once('=')?;
            let (name, value) = (name.trim_matches(is_blank), value.trim_matches(is_blank));
            let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            let is_value = value.chars().all(|c| is_blank(c) || !c.is_control());
            if !is_name || !is_value || tags.by_name.len() == TAGS_MAX {
                return None;
            }
            if tags.by_name.insert(name.to_owned(), value.to_owned()).is_some() {
                return None;
            }
            if tags.first.is_empty() {
                name.clone_into(&mut tags.first);
            }
        }
        (!tags.by_name.is_empty()).then_some(tags)
    }

    /// A tag's value, which may be empty.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.by_name.get(name).map(String::as_str)
    }

    /// A tag's value that is there and not empty.
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        self.value(name).filter(|value| !value.is_empty())
    }

    /// A number; `Err` where the tag is there and is none. What does not fit is the largest.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, ()> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(());
        }
        Ok(Some(value.parse().unwrap_or(u64::MAX)))
    }

    /// Base64 with blanks anywhere; `None` where the tag is absent, empty or none.
    pub(crate) fn base64(&self, name: &str) -> Option<Vec<u8>> {
        base64(self.filled(name)?).filter(|bytes| !bytes.is_empty())
    }

    /// A list between colons, blanks around its members gone.
    pub(crate) fn list(&self, name: &str) -> Option<Vec<String>> {
        let value = self.value(name)?;
        let members = value.split(':').map(|member| member.trim_matches(is_blank).to_owned());
        Some(members.filter(|member| !member.is_empty()).collect())
    }
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

/// Base64 (RFC 4648 section 4) with white space anywhere and padding at the end or missing.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut buffer, mut bits, mut is_over) = (0u32, 0u32, false);
    for character in text.chars().filter(|character| !is_blank(*character)) {
        let value = match character {
            '=' => {
                is_over = true;
                continue;
            }
            _ if is_over => return None,
            'A'..='Z' => character as u32 - 'A' as u32,
            'a'..='z' => character as u32 - 'a' as u32 + 26,
            '0'..='9' => character as u32 - '0' as u32 + 52,
            '+' => 62,
            '/' => 63,
            _ => return None,
        };
        buffer = (buffer << 6) | value;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from((buffer >> bits) & 0xff).ok()?);
            buffer &= (1 << bits) - 1;
        }
    }
    Some(out)
}

/// What an RSA public key is made of, as far as it is looked at before it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RsaNumbers {
    pub(crate) modulus_bits: usize,
    pub(crate) exponent_bits: usize,
    pub(crate) is_exponent_odd: bool,
}

const INTEGER: u8 = 2;
const BIT_STRING: u8 = 3;
const SEQUENCE: u8 = 0x30;

/// Reads SubjectPublicKeyInfo (what RFC 6376's examples hold) or RSAPublicKey (what its text asks
/// for).
pub(crate) fn rsa_numbers(der: &[u8]) -> Option<RsaNumbers> {
    let (outer, _) = element(der, SEQUENCE)?;
    if let Some((_, after)) = element(outer, SEQUENCE) {
        let (bits, _) = element(after, BIT_STRING)?;
        return rsa_numbers_of(element(bits.get(1..)?, SEQUENCE)?.0);
    }
    rsa_numbers_of(outer)
}

fn rsa_numbers_of(inside: &[u8]) -> Option<RsaNumbers> {
    let (modulus, after) = element(inside, INTEGER)?;
    let (exponent, _) = element(after, INTEGER)?;
    Some(RsaNumbers {
        modulus_bits: bit_length(modulus),
        exponent_bits: bit_length(exponent),
        is_exponent_odd: exponent.last().is_some_and(|last| last & 1 == 1),
    })
}

fn bit_length(number: &[u8]) -> usize {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let first = number.get(zeros).map_or(0, |byte| byte.leading_zeros() as usize);
    (number.len() - zeros) * 8 - first
}

/// The content of an element of type `tag`, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, first], rest) = der.split_first_chunk::<2>()?;
    if found != tag {
        return None;
    }
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let count = usize::from(first & 0x7f);
        let (digits, rest) = rest.split_at_checked(count).filter(|_| (1..=4).contains(&count))?;
        (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_two_readers_read_differently_is_none() {
        let tags = Tags::parse(" a = 1 ; b=x y ;\r\n\tc=;").unwrap();
        assert_eq!(
            (tags.value("a"), tags.value("b"), tags.value("c")),
            (Some("1"), Some("x y"), Some(""))
        );
        assert_eq!((tags.first.as_str(), tags.filled("c"), tags.value("A")), ("a", None, None));
        for text in ["", "a=1;;b=2", "a=1; a=2", "a", "=1", "1a=2", "a b=1", "a=\u{0}"] {
            assert_eq!(Tags::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn base64_holds_what_it_should() {
        assert_eq!(base64("aGVs\r\n bG8=").as_deref(), Some(&b"hello"[..]));
        assert_eq!(base64("aGVsbG8").as_deref(), Some(&b"hello"[..]));
        assert_eq!(base64("aG=Vs"), None);
        assert_eq!(base64("aG-s"), None);
    }

    #[test]
    fn aut_06_odd_der_is_no_key() {
        for der in [&[][..], &[0x30], &[0x30, 0x85, 1, 1, 1, 1, 1], &[0x30, 2, 2, 9], &[0x30, 0x80]]
        {
            assert_eq!(rsa_numbers(der), None, "{der:?}");
        }
        let small = [0x30, 6, 2, 1, 0x81, 2, 1, 3];
        let numbers = RsaNumbers { modulus_bits: 8, exponent_bits: 2, is_exponent_odd: true };
        assert_eq!(rsa_numbers(&small), Some(numbers));
    }
}
