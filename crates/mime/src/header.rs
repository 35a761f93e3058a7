//! The header of a message or part: its fields, and where it ends for whom.
//!
//! Touches nothing. Takes RFC 5322 with its obsolete forms, mbox lines, NUL, octets above 127 and
//! lone CR; what programs would read differently is told in [`Header`], never guessed silently.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memmem};

use crate::Field;
use crate::charset;

/// Fields of one message, all parts together, that are kept. Later ones are read for the
/// structure and then forgotten. Real mail has under 200.
pub(crate) const FIELDS_MAX: usize = 5_000;

/// Ends of one header that are tried. Programs stop at the first line that is odd to them; they
/// differ in what is.
const EARLIER_BODIES_MAX: usize = 3;

/// A header as it was split.
#[derive(Debug, Default)]
pub(crate) struct Header<'a> {
    /// Name and raw value of each field, as they stand.
    pub(crate) raw: Vec<(&'a [u8], &'a [u8])>,
    /// Where the body begins, from the start of the entity.
    pub(crate) body: usize,
    /// Where programs that end the header at an odd line see the body begin: the first few.
    pub(crate) earlier_bodies: Vec<usize>,
    /// A line that is neither a field nor a continuation.
    pub(crate) has_odd_line: bool,
    /// A CR without LF inside a value.
    pub(crate) has_lone_cr: bool,
    /// A NUL.
    pub(crate) has_nul: bool,
}

/// Splits the entity's header off. `end` cuts it there, for the reading of a program that stops
/// at an odd line.
pub(crate) fn split(entity: &[u8], end: Option<usize>) -> Header<'_> {
    let limit = end.unwrap_or(entity.len()).min(entity.len());
    let mut header = Header { body: limit, ..Header::default() };
    let mut at = 0;
    while at < limit {
        let rest = entity.get(at..limit).unwrap_or_default();
        let next = at + memchr(b'\n', rest).map_or(rest.len(), |found| found + 1);
        let line = trim_end(entity.get(at..next).unwrap_or_default());
        header.lone_cr(line, at);
        match line.first() {
            None => {
                header.body = next;
                break;
            }
            Some(b' ' | b'\t') => header.continuation(entity, line, at, next),
            Some(_) => header.line(line, at, entity.get(at..next).unwrap_or_default()),
        }
        at = next;
    }
    if header.raw.is_empty() && header.has_odd_line {
        // Not one field: it is all body.
        return Header { body: 0, has_odd_line: true, ..Header::default() };
    }
    header
}

impl<'a> Header<'a> {
    fn line(&mut self, line: &'a [u8], at: usize, whole: &'a [u8]) {
        let colon = memchr(b':', line);
        let name = colon.and_then(|colon| line.get(..colon)).map(<[u8]>::trim_ascii_end);
        match (name, colon) {
            (Some(name), Some(colon)) if is_name(name) || is_odd_content(name) => {
                if !is_name(name) {
                    self.odd(at);
                }
                let value = whole.get(colon + 1..).unwrap_or_default();
                self.look(value);
                self.raw.push((name, value));
            }
            _ if at == 0 && (line.starts_with(b"From ") || line.starts_with(b">From ")) => {}
            _ => self.odd(at),
        }
    }

    fn continuation(&mut self, entity: &'a [u8], line: &'a [u8], at: usize, next: usize) {
        let Some((_, value)) = self.raw.last_mut() else {
            // The first line: some programs pass over the blank and see a field.
            self.odd(at);
            self.line(line, at, line);
            return;
        };
        // The slices stand in one buffer, so the value grows over the line that follows it. After
        // an odd line there is a gap: then the line belongs to what is left out.
        let start = offset(entity, value);
        if start + value.len() != at {
            return;
        }
        if let Some(longer) = entity.get(start..next) {
            *value = longer;
        }
        if line.trim_ascii().is_empty() {
            // RFC 5322 4.2 allows a folded line of blanks; many programs take it for the end.
            self.odd(at);
        } else {
            self.look(line);
        }
    }

    fn look(&mut self, line: &[u8]) {
        self.has_nul |= memchr(0, line).is_some();
    }

    /// What a program sees for which a lone CR ends the line: a field, or the end of the header.
    fn lone_cr(&mut self, line: &[u8], at: usize) {
        let Some(end) = memchr(b'\r', line) else { return };
        self.has_lone_cr = true;
        let rest = line.get(end + 1..).unwrap_or_default();
        let name = memchr(b':', rest).and_then(|colon| rest.get(..colon));
        let is_field = name.is_some_and(is_name) || matches!(rest.first(), Some(b' ' | b'\t'));
        if !is_field && self.earlier_bodies.len() < EARLIER_BODIES_MAX {
            self.earlier_bodies.push(at + end + 1);
        }
    }

    fn odd(&mut self, at: usize) {
        self.has_odd_line = true;
        if self.earlier_bodies.len() < EARLIER_BODIES_MAX && !self.earlier_bodies.contains(&at) {
            self.earlier_bodies.push(at);
        }
    }

    /// The values of a field that MIME needs, in their order.
    pub(crate) fn values(&self, name: &str) -> Vec<String> {
        let same = self.raw.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name.as_bytes()));
        same.map(|(_, raw)| value(raw)).collect()
    }

    /// Values that only some programs see: of a field that begins after a lone CR inside another,
    /// or whose name has characters in it that a name must not have.
    pub(crate) fn odd_values(&self, name: &str) -> Vec<String> {
        if !self.has_lone_cr && !self.has_odd_line {
            return Vec::new();
        }
        let mut values = Vec::new();
        for (field, raw) in &self.raw {
            if self.has_lone_cr {
                values.extend(after_lone_cr(raw, name));
            }
            if !is_name(field) && graphic(field).eq_ignore_ascii_case(name.as_bytes()) {
                values.push(value(raw));
            }
        }
        values
    }

    /// The fields for others to read, as many as `room` allows.
    pub(crate) fn fields(&self, room: usize) -> Vec<Field> {
        let fields = self.raw.iter().take(room);
        fields
            .map(|(name, raw)| Field { name: text(name).into_owned(), value: value(raw) })
            .collect()
    }
}

fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(u8::is_ascii_graphic)
}

/// Whether a program that passes over odd octets sees a field of MIME's here.
fn is_odd_content(name: &[u8]) -> bool {
    const FIELDS: [&[u8]; 3] =
        [b"content-type", b"content-transfer-encoding", b"content-disposition"];
    name.len() < 100 && FIELDS.iter().any(|field| graphic(name).eq_ignore_ascii_case(field))
}

/// The octets that can be seen.
fn graphic(name: &[u8]) -> Vec<u8> {
    name.iter().copied().filter(u8::is_ascii_graphic).collect()
}

/// Where a slice of `whole` begins in it.
fn offset(whole: &[u8], part: &[u8]) -> usize {
    (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize)
}

/// A value unfolded: without CR and LF, NUL made visible, blanks around it cut.
fn value(raw: &[u8]) -> String {
    let raw = raw.trim_ascii();
    if memchr::memchr3(b'\n', b'\r', 0, raw).is_none() {
        return text(raw).into_owned();
    }
    let unfolded: Vec<u8> =
        raw.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let text = text(&unfolded);
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text.into_owned() }
}

fn text(bytes: &[u8]) -> Cow<'_, str> {
    charset::guess(bytes)
}

/// Without its end; CR CR LF is one, as broken relays make it.
fn trim_end(line: &[u8]) -> &[u8] {
    let mut line = line.strip_suffix(b"\n").unwrap_or(line);
    while let Some(shorter) = line.strip_suffix(b"\r") {
        line = shorter;
    }
    line
}

/// Values of a field that begins after a lone CR inside another.
fn after_lone_cr(raw: &[u8], name: &str) -> Vec<String> {
    let starts = memchr_iter(b'\r', raw).filter_map(|at| raw.get(at + 1..));
    let values = starts.filter_map(|rest| {
        let colon = rest.get(name.len())?;
        let is_field =
            *colon == b':' && rest.get(..name.len())?.eq_ignore_ascii_case(name.as_bytes());
        let line = rest.get(name.len() + 1..)?;
        let line = line.get(..memchr(b'\r', line).unwrap_or(line.len()))?;
        is_field.then(|| value(line))
    });
    values.take(4).collect()
}

/// Whether a body begins with what looks like a header: some programs skip blank lines before it.
pub(crate) fn second_header(body: &[u8]) -> Option<usize> {
    let blank = body.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let start = body.get(blank..)?;
    let is_field = start.get(..8)?.eq_ignore_ascii_case(b"content-")
        || start.get(..13)?.eq_ignore_ascii_case(b"mime-version:");
    let line = start.get(..memchr(b'\n', start).unwrap_or(start.len()))?;
    (is_field && memmem::find(line, b":").is_some()).then_some(blank)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(entity: &str) -> (Vec<String>, usize) {
        let header = split(entity.as_bytes(), None);
        let fields = header.fields(FIELDS_MAX);
        (fields.iter().map(|f| format!("{}={}", f.name, f.value)).collect(), header.body)
    }

    #[test]
    fn fields_are_unfolded_in_every_line_ending() {
        for entity in [
            "A: b\r\n c\r\nD:e\r\n\r\nx",
            "A: b\n c\nD:e\n\nx",
            "A: b\r\r\n c\r\r\nD:e\r\r\n\r\r\nx",
        ] {
            let (fields, body) = shown(entity);
            assert_eq!(fields, ["A=b c", "D=e"]);
            assert_eq!(&entity[body..], "x");
        }
    }

    #[test]
    fn obsolete_and_odd_fields_are_read() {
        let table: &[(&str, &[&str])] = &[
            ("A : b\n\n", &["A=b"]),
            ("A:\n b\n\n", &["A=b"]),
            ("From x Mon\nA: b\n\n", &["A=b"]),
            ("A: b\nno field\nC: d\n\n", &["A=b", "C=d"]),
            ("A: b\nno field\n more\nC: d\n\n", &["A=b", "C=d"]),
            ("A: b\0c\n\n", &["A=b\u{fffd}c"]),
            ("A: b", &["A=b"]),
            ("A:\n\n", &["A="]),
            ("just text\nmore\n", &[]),
            (" A: b\n\n", &[]),
            ("", &[]),
        ];
        for (given, expected) in table {
            assert_eq!(shown(given).0, *expected, "{given:?}");
        }
    }

    #[test]
    fn the_end_of_the_header_may_differ_and_is_told() {
        let entity = b"A: b\n \nContent-Type: x/y\n\nz";
        let header = split(entity, None);
        assert_eq!(header.earlier_bodies, [5]);
        assert_eq!(split(entity, Some(5)).body, 5);
        assert_eq!(split(b"text only\nA: b\n\n", None).raw.len(), 1);
    }

    #[test]
    fn a_field_after_a_lone_cr_is_a_reading() {
        let header =
            split(b"X: a\rContent-Type: text/html\r\nContent-Type: text/plain\r\n\r\n", None);
        assert!(header.has_lone_cr);
        assert_eq!(header.values("content-type"), ["text/plain"]);
        assert_eq!(header.odd_values("content-type"), ["text/html"]);
        let header = split(b" Content-Type: text/html\n\n", None);
        assert_eq!(header.odd_values("content-type"), ["text/html"]);
        let header = split(b"Content-\0Type: text/html\n\n", None);
        assert_eq!(header.odd_values("content-type"), ["text/html"]);
        assert_eq!(split(b"Content Type: text/html\n\n", None).values("content-type").len(), 0);
    }
}
