//! A reader of DER's outer shape: tag, length, content; and the two leaf values that certificates
//! need (object identifiers and times).
//!
//! Borrows, never copies; allocates only in `oid_text`. More lenient than webpki on purpose: what
//! webpki can read, this can, so that nothing acceptable is lost here. On damage it says `None`.

use posthouse_types::UnixMillis;

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;

/// Longest object identifier that is spelled out, in bytes; longer ones are noise.
const OID_BYTES_MAX: usize = 64;

/// One element: its tag, its content, and both with the length between them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    pub(crate) whole: &'a [u8],
}

impl<'a> Element<'a> {
    /// The elements inside this one.
    pub(crate) fn inside(self) -> Reader<'a> {
        Reader::new(self.content)
    }
}

/// Reads elements one after another. Ends at the end of the bytes or at damage, and then stays
/// there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next element, which must have this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Option<Element<'a>> {
        self.next().filter(|element| element.tag == tag)
    }

    /// The next element where it has this tag; otherwise nothing is consumed.
    pub(crate) fn optional(&mut self, tag: u8) -> Option<Element<'a>> {
        if self.rest.first() == Some(&tag) { self.next() } else { None }
    }

    fn read(&mut self) -> Option<Element<'a>> {
        let start = self.rest;
        let (&tag, rest) = start.split_first()?;
        // Tags of more than one byte do not occur in certificates.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = if first < 0x80 {
            (usize::from(first), rest)
        } else {
            // Indefinite lengths (0x80) are BER, not DER; four bytes of length are plenty.
            let count = usize::from(first & 0x7f);
            if !(1..=4).contains(&count) {
                return None;
            }
            let (digits, rest) = rest.split_at_checked(count)?;
            (digits.iter().fold(0, |sum, &digit| sum << 8 | usize::from(digit)), rest)
        };
        let (content, rest) = rest.split_at_checked(length)?;
        let whole = start.get(..start.len() - rest.len())?;
        self.rest = rest;
        Some(Element { tag, content, whole })
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let element = self.read();
        if element.is_none() {
            self.rest = &[];
        }
        element
    }
}

/// An object identifier's content in dotted form; `?` where it is damaged or absurdly long.
pub(crate) fn oid_text(content: &[u8]) -> String {
    if content.len() > OID_BYTES_MAX || content.last().is_none_or(|last| last & 0x80 != 0) {
        return "?".to_owned();
    }
    let mut text = String::new();
    let mut arc: u128 = 0;
    for &byte in content {
        arc = arc << 7 | u128::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            if arc > u128::MAX >> 8 {
                return "?".to_owned();
            }
            continue;
        }
        if text.is_empty() {
            // The first two arcs share a number: 40 * first + second, first at most 2.
            let first = (arc / 40).min(2);
            text = format!("{first}.{}", arc - 40 * first);
        } else {
            text.push_str(&format!(".{arc}"));
        }
        arc = 0;
    }
    text
}

/// A UTCTime or GeneralizedTime as RFC 5280 section 4.1.2.5 wants it: in UTC, with seconds.
pub(crate) fn time(element: Element<'_>) -> Option<UnixMillis> {
    let text = std::str::from_utf8(element.content).ok()?.strip_suffix('Z')?;
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, rest) = match (element.tag, text.len()) {
        // Two digits of a year: 50 to 99 are of the last century.
        (UTC_TIME, 12) => (number(0, 2).map(|year| year + if year < 50 { 2000 } else { 1900 })?, 2),
        (GENERALIZED_TIME, 14) => (number(0, 4)?, 4),
        _ => return None,
    };
    let part = |place: usize| number(rest + 2 * place, rest + 2 * place + 2);
    let (month, day) = (part(0)?, part(1)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let seconds = part(2)? * 3600 + part(3)? * 60 + part(4)?;
    Some(UnixMillis::from_seconds(days_since_1970(year, month, day) * 86_400 + seconds))
}

/// Days from 1970-01-01 in the Gregorian calendar. Years begin in March here, so that the leap
/// day is the last one and needs no case of its own.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let before_year = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    before_year + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// Bytes as hexadecimal digits, lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or('?');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0f)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time_of(tag: u8, text: &str) -> Option<i64> {
        time(Element { tag, content: text.as_bytes(), whole: &[] }).map(UnixMillis::seconds)
    }

    #[test]
    fn times_are_read_in_both_forms() {
        assert_eq!(time_of(UTC_TIME, "700101000000Z"), Some(0));
        assert_eq!(time_of(UTC_TIME, "491231235959Z"), Some(2_524_607_999));
        assert_eq!(time_of(UTC_TIME, "500101000000Z"), Some(-631_152_000));
        assert_eq!(time_of(GENERALIZED_TIME, "20240229120000Z"), Some(1_709_208_000));
        assert_eq!(time_of(GENERALIZED_TIME, "99991231235959Z"), Some(253_402_300_799));
        assert_eq!(time_of(UTC_TIME, "7001010000Z"), None);
        assert_eq!(time_of(UTC_TIME, "701301000000Z"), None);
        assert_eq!(time_of(GENERALIZED_TIME, "2024022912000\u{e9}Z"), None);
    }

    #[test]
    fn object_identifiers_are_dotted() {
        assert_eq!(oid_text(&[0x55, 0x04, 0x03]), "2.5.4.3");
        assert_eq!(
            oid_text(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11]),
            "1.2.840.113549.1.1.11"
        );
        assert_eq!(oid_text(&[0x88, 0x37, 0x03]), "2.999.3");
        assert_eq!(oid_text(&[]), "?");
        assert_eq!(oid_text(&[0xff; 65]), "?");
        assert_eq!(oid_text(&[0x55, 0x84]), "?");
    }

    #[test]
    fn damage_ends_the_reading() {
        assert_eq!(Reader::new(&[0x30, 0x05, 0x00]).count(), 0);
        assert_eq!(Reader::new(&[0x30, 0x80, 0x00, 0x00]).count(), 0);
        assert_eq!(Reader::new(&[0x04, 0x00, 0x1f, 0x00, 0x04, 0x00]).count(), 1);
        assert_eq!(Reader::new(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]).count(), 0);
    }
}
