//! The host of a link: a name or an address, in every form that browsers take.
//!
//! Touches nothing. URL Standard 3.5: percent codes, IDNA, and IPv4 in one to four numbers to
//! three bases.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use unicode_security::MixedScript;

use super::{Trick, percent_decoded};

/// Longest host that is read, in bytes (RFC 1035 allows 253; with codes it may be longer).
const HOST_BYTES_MAX: usize = 1024;

/// Where a link goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Host {
    /// Nowhere: the scheme has no host.
    #[default]
    None,
    /// A name, in lower case, non-ASCII as A-labels where that is possible.
    Name(String),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address.
    V6(Ipv6Addr),
}

impl Host {
    pub(crate) fn read(text: &str, tricks: &mut BTreeSet<Trick>) -> Self {
        let text = crate::html::head(text, HOST_BYTES_MAX);
        if let Some(inside) = text.strip_prefix('[') {
            let inside = inside.trim_end_matches(']').split('%').next().unwrap_or_default();
            return inside.parse().map_or(Self::None, Self::V6);
        }
        let decoded = percent_decoded(text);
        if decoded != text {
            tricks.insert(Trick::EncodedHost);
        }
        if !decoded.is_ascii() && decoded.contains(is_invisible) {
            tricks.insert(Trick::ZeroWidth);
        }
        let name = Self::name(&decoded, tricks);
        let name = name.trim_end_matches('.');
        if name.is_empty() {
            return Self::None;
        }
        match ipv4(name) {
            Some(address) => {
                if address.to_string() != name {
                    tricks.insert(Trick::OddNumber);
                }
                Self::V4(address)
            }
            None => Self::Name(name.to_owned()),
        }
    }

    fn name<'a>(text: &'a str, tricks: &mut BTreeSet<Trick>) -> Cow<'a, str> {
        let is_plain = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_')
        };
        if text.bytes().all(is_plain) && !has_a_label(text) {
            return Cow::Borrowed(text);
        }
        if let Ok(ascii) = idna::domain_to_ascii(text) {
            if !text.is_ascii() || has_a_label(&ascii) {
                judge_characters(text, &ascii, tricks);
            }
            let is_good = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            if !ascii.chars().all(is_good) {
                tricks.insert(Trick::BadHost);
            }
            return Cow::Owned(ascii);
        }
        tricks.insert(Trick::BadHost);
        let visible = text.chars().filter(|c| !c.is_control() && !is_invisible(*c));
        Cow::Owned(visible.flat_map(char::to_lowercase).collect())
    }

    /// Goes nowhere.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::None)
    }

    /// The name, where it is one.
    pub fn as_name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            Self::None | Self::V4(_) | Self::V6(_) => None,
        }
    }

    /// The name with its A-labels as characters, or the address.
    pub fn shown(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::Name(name) if has_a_label(name) => idna::domain_to_unicode(name).0,
            Self::Name(name) => name.clone(),
            Self::V4(address) => address.to_string(),
            Self::V6(address) => format!("[{address}]"),
        }
    }

    /// The domain that somebody registered, or the address.
    pub fn domain(&self) -> Cow<'_, str> {
        match self {
            Self::Name(name) => Cow::Borrowed(registrable(name)),
            _ => Cow::Owned(self.shown()),
        }
    }
}

/// The domain that somebody registered, of a name in lower case; the name itself where the public
/// suffix list knows none.
pub(crate) fn registrable(name: &str) -> &str {
    psl::domain_str(name).unwrap_or(name)
}

/// What a name holds that looks like something else.
fn judge_characters(text: &str, ascii: &str, tricks: &mut BTreeSet<Trick>) {
    let is_dot = |c: char| matches!(c, '\u{3002}' | '\u{ff0e}' | '\u{ff61}' | '\u{2024}');
    let is_styled = |c: char| matches!(c, '\u{ff01}'..='\u{ff5e}' | '\u{1d400}'..='\u{1d7ff}' | '\u{2460}'..='\u{24ff}');
    if text.contains(|c| is_dot(c) || is_styled(c)) {
        tricks.insert(Trick::OddCharacter);
    }
    if !has_a_label(ascii) {
        return;
    }
    let (unicode, _) = idna::domain_to_unicode(ascii);
    for label in unicode.split('.').filter(|label| !label.is_ascii()) {
        if !label.is_single_script() {
            tricks.insert(Trick::MixedScript);
        }
        // A whole label in another script that reads as Latin: `аррӏе`.
        let skeleton: String = unicode_security::skeleton(label).collect();
        let is_latin = label.chars().any(|c| c.is_ascii_alphabetic());
        if skeleton.is_ascii() && !is_latin {
            tricks.insert(Trick::OddCharacter);
        }
    }
}

/// A label of the name may be written in other characters (RFC 5890: an A-label).
pub(crate) fn has_a_label(name: &str) -> bool {
    name.as_bytes().windows(4).any(|four| four == b"xn--")
}

/// Characters that are not drawn.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// One to four numbers, each decimal, octal (`0..`) or hexadecimal (`0x..`), the last one filling
/// what is left (URL Standard 3.5).
fn ipv4(name: &str) -> Option<Ipv4Addr> {
    if !name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let parts: Vec<&str> = name.split('.').take(5).collect();
    let (last, firsts) = parts.split_last()?;
    if firsts.len() > 3 {
        return None;
    }
    let mut value = u64::from(number(last)?);
    if value >= 1 << (8 * (4 - firsts.len())) {
        return None;
    }
    for (at, part) in firsts.iter().enumerate() {
        let number = number(part).filter(|number| *number < 256)?;
        value |= u64::from(number) << (8 * (3 - at));
    }
    u32::try_from(value).ok().map(Ipv4Addr::from)
}

fn number(text: &str) -> Option<u32> {
    let (digits, radix) = match text.strip_prefix("0x") {
        Some("") => return Some(0),
        Some(digits) => (digits, 16),
        None if text.len() > 1 && text.starts_with('0') => (text, 8),
        None => (text, 10),
    };
    // `from_str_radix` takes a sign, an address does not.
    let is_good = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_good.then(|| u32::from_str_radix(digits, radix).ok()).flatten()
}
