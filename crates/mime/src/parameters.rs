//! Values with parameters: Content-Type and Content-Disposition, in every way they are read.
//!
//! Touches nothing. RFC 2045, 2231 and 2047 in any order and mixture; comments, missing
//! semicolons, unended quotes, repeated names. Gives all candidates, the standard's first.

use memchr::memchr;

use crate::charset::Charset;
use crate::words::{clean, decode_words, hex};

/// Parameters of one value that are read.
const PARAMETERS_MAX: usize = 500;
/// Candidates for one parameter that are kept.
const CANDIDATES_MAX: usize = 8;

/// A value, taken apart.
#[derive(Clone, Debug, Default)]
pub(crate) struct Value {
    /// What stands before the first parameter, in lower case, comments removed.
    pub(crate) main: String,
    parameters: Vec<Parameter>,
    /// The first parameter follows without one: strict programs do not see it.
    pub(crate) lacks_semicolon: bool,
}

/// One `name=value`; `name*2*` is section 2, extended.
#[derive(Clone, Debug, Default)]
struct Parameter {
    name: String,
    section: Option<u32>,
    is_extended: bool,
    /// The ways to read the value, the standard's first.
    readings: Vec<String>,
}

/// What readers could take a parameter for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Candidates {
    /// All that differ.
    pub(crate) values: Vec<String>,
    /// It stands there more than once, with different values.
    pub(crate) is_repeated: bool,
}

impl Candidates {
    pub(crate) fn add(&mut self, value: String) {
        if self.values.len() < CANDIDATES_MAX && !self.values.contains(&value) {
            self.values.push(value);
        }
    }
}

/// Takes a value apart.
pub(crate) fn parse(value: &str) -> Value {
    let mut cursor = Cursor { rest: value };
    let main = cursor.main();
    cursor.skip_blanks();
    let lacks_semicolon = !cursor.rest.is_empty() && !cursor.rest.starts_with(';');
    let mut parsed = Value { main, parameters: Vec::new(), lacks_semicolon };
    while !cursor.rest.is_empty() && parsed.parameters.len() < PARAMETERS_MAX {
        if let Some(parameter) = cursor.parameter() {
            parsed.parameters.push(parameter);
        }
    }
    parsed
}

impl Value {
    /// Every reading of a parameter. `extended_first` puts RFC 2231's forms before the plain one.
    pub(crate) fn candidates(&self, name: &str, extended_first: bool) -> Candidates {
        let mut candidates = Candidates::default();
        let mut plain = Candidates::default();
        let mut extended = Candidates::default();
        let mut count = 0;
        for parameter in self.parameters.iter().filter(|one| one.name == name) {
            if parameter.section.is_some() {
                continue;
            }
            if parameter.is_extended {
                parameter.readings.iter().for_each(|value| extended.add(decode_extended(value)));
            } else {
                if count > 0 && parameter.readings.iter().any(|one| !plain.values.contains(one)) {
                    plain.is_repeated = true;
                }
                count += 1;
                parameter.readings.iter().for_each(|value| plain.add(value.clone()));
            }
        }
        self.sections(name, &mut extended);
        candidates.is_repeated = plain.is_repeated;
        let (first, second) = if extended_first { (extended, plain) } else { (plain, extended) };
        first.values.into_iter().chain(second.values).for_each(|value| candidates.add(value));
        candidates
    }

    /// The continuations of RFC 2231 section 3: in order of number up to a gap, all in order of
    /// number, and all as written.
    fn sections(&self, name: &str, into: &mut Candidates) {
        let written: Vec<&Parameter> = self
            .parameters
            .iter()
            .filter(|one| one.name == name && one.section.is_some())
            .collect();
        if written.is_empty() {
            return;
        }
        let mut sorted = written.clone();
        sorted.sort_by_key(|one| one.section);
        let mut first_of_each = sorted.clone();
        first_of_each.dedup_by_key(|one| one.section);
        let contiguous: Vec<&Parameter> = (0u32..)
            .zip(first_of_each.iter().copied())
            .take_while(|(number, one)| one.section == Some(*number))
            .map(|(_, one)| one)
            .collect();
        for order in [contiguous, first_of_each, sorted, written] {
            if !order.is_empty() {
                into.add(joined(&order));
            }
        }
    }
}

/// The sections as one value: the charset stands in the first, `%XY` in extended ones only.
fn joined(sections: &[&Parameter]) -> String {
    let mut octets = Vec::new();
    let mut label = String::new();
    for (index, section) in sections.iter().enumerate() {
        let value = section.readings.first().map_or("", String::as_str);
        if !section.is_extended {
            octets.extend_from_slice(value.as_bytes());
            continue;
        }
        let value = if index == 0 {
            let (charset, value) = split_charset(value);
            label = charset.to_owned();
            value
        } else {
            value
        };
        octets.extend(percent_decoded(value));
    }
    Charset::of(&label).decode(&octets).into_owned()
}

fn decode_extended(value: &str) -> String {
    let (label, value) = split_charset(value);
    Charset::of(label).decode(&percent_decoded(value)).into_owned()
}

/// `charset'language'value`; without quotes it is all value.
fn split_charset(value: &str) -> (&str, &str) {
    let mut pieces = value.splitn(3, '\'');
    match (pieces.next(), pieces.next(), pieces.next()) {
        (Some(charset), Some(_), Some(value)) => (charset, value),
        _ => ("", value),
    }
}

fn percent_decoded(value: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        if let (b'%', [high, low, after @ ..]) = (byte, after)
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            out.push((high << 4) | low);
            rest = after;
            continue;
        }
        out.push(*byte);
    }
    out
}

/// File names that programs would show, from all readings of `filename` and `name`: decoded, no
/// controls. The second value says whether programs would show different ones.
pub(crate) fn names(dispositions: &[Value], types: &[Value]) -> (Vec<String>, bool) {
    let mut names = Candidates::default();
    let files = dispositions.iter().map(|value| value.candidates("filename", true));
    let given = files.chain(types.iter().map(|value| value.candidates("name", true)));
    let raw: Vec<String> = given.flat_map(|candidates| candidates.values).collect();
    for value in &raw {
        let name = clean(decode_words(value).trim()).into_owned();
        if !name.is_empty() {
            names.add(name);
        }
    }
    let differ = names.values.len() > 1;
    for value in &raw {
        // A program in C ends at NUL; some decode percent signs wherever they see them.
        if let Some((before, _)) = value.split_once(['\0', char::REPLACEMENT_CHARACTER]) {
            names.add(clean(before.trim()).into_owned());
        }
        if value.contains('%') {
            let decoded = String::from_utf8_lossy(&percent_decoded(value)).into_owned();
            names.add(clean(decoded.trim()).into_owned());
        }
    }
    names.values.retain(|name| !name.is_empty());
    (names.values, differ)
}

struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    fn take_until(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        self.take(self.rest.find(ends).unwrap_or(self.rest.len()))
    }

    /// Blanks and comments; an unended comment is the rest.
    fn skip_blanks(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            if !self.rest.starts_with('(') {
                return;
            }
            let mut depth = 0u32;
            let mut is_escaped = false;
            let end = self.rest.bytes().position(|byte| {
                match byte {
                    _ if is_escaped => is_escaped = false,
                    b'\\' => is_escaped = true,
                    b'(' => depth += 1,
                    b')' => depth -= 1,
                    _ => {}
                }
                depth == 0 && !is_escaped
            });
            self.take(end.map_or(self.rest.len(), |end| end + 1));
        }
    }

    /// `type / subtype`, or one word.
    fn main(&mut self) -> String {
        let start = self.rest;
        let mut main = String::new();
        loop {
            self.skip_blanks();
            let word = self.take_until(|c| c.is_whitespace() || matches!(c, ';' | ',' | '('));
            main.push_str(&word.to_ascii_lowercase());
            let before = self.rest;
            self.skip_blanks();
            let continues = self.rest.starts_with('/') || main.ends_with('/');
            if word.is_empty() || !continues || self.rest.is_empty() {
                // What follows without a semicolon is read as parameters.
                self.rest = before;
                if main.contains('=') && !main.contains("=?") {
                    self.rest = start;
                    return String::new();
                }
                return main.trim_matches('"').to_owned();
            }
        }
    }

    fn parameter(&mut self) -> Option<Parameter> {
        loop {
            self.skip_blanks();
            let junk = self.rest.len() - self.rest.trim_start_matches([';', ',']).len();
            if junk == 0 {
                break;
            }
            self.take(junk);
        }
        let name = self.take_until(|c| c.is_whitespace() || matches!(c, '=' | ';' | '('));
        self.skip_blanks();
        if !self.rest.starts_with('=') {
            if name.is_empty() {
                self.take(self.rest.chars().next().map_or(0, char::len_utf8));
            }
            return None;
        }
        self.take(1);
        let before_comments = self.rest.trim_start();
        self.skip_blanks();
        let mut readings = Candidates::default();
        if self.rest.starts_with('"') {
            self.quoted(&mut readings);
        } else {
            let skipped = before_comments.len() - self.rest.len();
            self.token(&mut readings);
            if skipped > 0 {
                let whole = before_comments.get(..before_comments.len() - self.rest.len());
                readings.add(whole.unwrap_or_default().trim_end().to_owned());
            }
        }
        Some(named(name, readings.values))
    }

    /// A quoted string: without its backslashes, and as it stands.
    fn quoted(&mut self, readings: &mut Candidates) {
        self.take(1);
        let mut unescaped = String::new();
        let mut is_escaped = false;
        let mut end = None;
        for (at, character) in self.rest.char_indices() {
            match character {
                _ if is_escaped => {
                    unescaped.push(character);
                    is_escaped = false;
                }
                '\\' => is_escaped = true,
                '"' => {
                    end = Some(at);
                    break;
                }
                other => unescaped.push(other),
            }
        }
        let literal = self.take(end.unwrap_or(self.rest.len()));
        readings.add(unescaped);
        if literal.contains('\\') {
            readings.add(literal.to_owned());
        }
        let Some(_) = end else {
            // The quote never ends: some take all, some only up to the semicolon.
            if let Some((before, after)) = literal.split_once(';') {
                readings.add(before.trim_end().to_owned());
                self.rest = after;
            }
            readings.add(format!("\"{literal}"));
            return;
        };
        self.take(1);
        let before = self.rest;
        let more = self.take_until(|c| c == ';' || c.is_whitespace());
        if more.starts_with('(') {
            self.rest = before;
        } else if !more.is_empty() {
            readings.add(format!("{literal}{more}"));
            readings.add(format!("\"{literal}\"{more}"));
        }
    }

    /// A word: up to a blank by the standard, up to the semicolon for most programs.
    fn token(&mut self, readings: &mut Candidates) {
        let start = self.rest;
        let mut strict_end = None;
        loop {
            let word = self.take_until(|c| c.is_whitespace() || matches!(c, ';' | '('));
            strict_end.get_or_insert(start.len() - self.rest.len());
            if self.rest.starts_with('(') {
                self.take(1);
                continue;
            }
            if self.rest.is_empty() || self.rest.starts_with(';') {
                break;
            }
            let _ = word;
            // After a blank the next parameter may follow without a semicolon.
            let next = self.rest.trim_start();
            let word_end = next.find(|c: char| c.is_whitespace() || matches!(c, ';' | '='));
            if word_end.and_then(|at| next.as_bytes().get(at)) == Some(&b'=') {
                break;
            }
            self.rest = next;
        }
        let whole = start.get(..start.len() - self.rest.len()).unwrap_or_default().trim_end();
        let strict = start.get(..strict_end.unwrap_or(0)).unwrap_or_default();
        readings.add(strict.trim_end_matches(',').to_owned());
        if whole != strict || strict.ends_with(',') {
            readings.add(whole.to_owned());
        }
        let bare = strict.strip_prefix('\'').and_then(|inner| inner.strip_suffix('\''));
        if let Some(bare) = bare {
            readings.add(bare.to_owned());
        }
    }
}

fn named(name: &str, readings: Vec<String>) -> Parameter {
    let name = name.trim_matches('"').to_ascii_lowercase();
    let (base, is_extended) = match name.strip_suffix('*') {
        Some(base) => (base, true),
        None => (name.as_str(), false),
    };
    let section = memchr(b'*', base.as_bytes()).and_then(|at| {
        let number: u32 = base.get(at + 1..)?.parse().ok()?;
        Some((base.get(..at)?, number))
    });
    match section {
        Some((base, number)) => {
            Parameter { name: base.to_owned(), section: Some(number), is_extended, readings }
        }
        None => Parameter { name: base.to_owned(), section: None, is_extended, readings },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boundary(value: &str) -> Vec<String> {
        parse(value).candidates("boundary", false).values
    }

    #[test]
    fn the_type_is_read_with_its_oddities() {
        for (given, expected) in [
            ("text/plain", "text/plain"),
            ("TEXT / HTML; charset=x", "text/html"),
            ("(c) text/plain (d); a=b", "text/plain"),
            ("multipart/mixed boundary=x", "multipart/mixed"),
            ("text", "text"),
            ("\"text/plain\"", "text/plain"),
            ("", ""),
            (";a=b", ""),
            ("boundary=b", ""),
        ] {
            assert_eq!(parse(given).main, expected, "{given}");
        }
    }

    #[test]
    fn mim_04_a_boundary_is_read_in_every_way() {
        let table: &[(&str, &[&str])] = &[
            ("m/x; boundary=a", &["a"]),
            ("m/x; boundary=\"a b\"", &["a b"]),
            ("m/x; BOUNDARY = \"a\" ; c=d", &["a"]),
            ("m/x boundary=a charset=b", &["a"]),
            ("m/x;;; boundary=a", &["a"]),
            ("m/x; boundary=a (b)", &["a", "a (b)"]),
            ("m/x; boundary=a(b)", &["a", "a(b)"]),
            ("m/x; (boundary=b) boundary=a", &["a"]),
            ("m/x; boundary=(c)a", &["a", "(c)a"]),
            ("m/x; boundary=a; boundary=b", &["a", "b"]),
            ("m/x; boundary=\"a\\b\"", &["ab", "a\\b"]),
            ("m/x; boundary=\"a", &["a", "\"a"]),
            ("m/x; boundary=\"a; c=d", &["a; c=d", "a", "\"a; c=d"]),
            ("m/x; boundary='a'", &["'a'", "a"]),
            ("m/x; boundary=\"a\"b", &["a", "ab", "\"a\"b"]),
            ("m/x; boundary*=us-ascii''a%62", &["ab"]),
            ("m/x; boundary*0=a; boundary*1=b", &["ab"]),
            ("m/x; boundary=\"\"", &[""]),
            ("m/x; boundary=", &[""]),
            ("m/x; boundary=a b", &["a", "a b"]),
            ("m/x", &[]),
        ];
        for (given, expected) in table {
            assert_eq!(boundary(given), *expected, "{given}");
        }
        assert!(parse("m/x; boundary=a; boundary=b").candidates("boundary", false).is_repeated);
        assert!(!parse("m/x; boundary=a; boundary=a").candidates("boundary", false).is_repeated);
    }

    fn shown(disposition: &str, kind: &str) -> Vec<String> {
        names(&[parse(disposition)], &[parse(kind)]).0
    }

    #[test]
    fn mim_03_every_candidate_name_is_there() {
        let table: &[(&str, &str, &[&str])] = &[
            ("attachment; filename=a.exe", "x/y", &["a.exe"]),
            ("a; filename*0=\"inv\"; filename*1=\"oice.e\"; filename*2=xe", "", &["invoice.exe"]),
            ("a; filename*1=b.exe; filename*0=a", "", &["ab.exe", "b.exea"]),
            (
                "a; filename=a.txt; filename*=utf-8''b.exe",
                "x/y; name=c.js",
                &["b.exe", "a.txt", "c.js"],
            ),
            ("a; filename=a.txt; filename=b.exe", "", &["a.txt", "b.exe"]),
            ("a; filename*0*=utf-8''%e2%82; filename*1*=%ac.exe", "", &["€.exe"]),
            ("a; filename*0=a.; filename*2=exe", "", &["a.", "a.exe"]),
            ("a", "x/y; name=\"=?utf-8?q?=C3=A4.exe?=\"", &["ä.exe"]),
            ("a; filename=my file.exe", "", &["my", "my file.exe"]),
            ("a; filename=\"C:\\x.exe\"", "", &["C:x.exe", "C:\\x.exe"]),
            ("a; filename=\"a%2Eexe\"", "", &["a%2Eexe", "a.exe"]),
            ("a; filename=\"a.exe\u{fffd}.txt\"", "", &["a.exe\u{fffd}.txt", "a.exe"]),
            ("a; filename=\"=?utf-8?q?a=0D=0A.exe?=\"", "", &["a  .exe"]),
            ("a; filename=\"\"", "", &[]),
        ];
        for (disposition, kind, expected) in table {
            assert_eq!(shown(disposition, kind), *expected, "{disposition} {kind}");
        }
    }

    #[test]
    fn mim_06_long_values_take_linear_time() {
        for piece in ["(", "a=b;", "a= ", ";", "\"", "boundary=\"a;", "(a", "\\", "b ", "a*1=b;"] {
            let value = format!("m/x; {}", piece.repeat(200_000));
            let parsed = parse(&value);
            assert!(parsed.candidates("boundary", false).values.len() <= CANDIDATES_MAX);
            parsed.candidates("a", true);
        }
    }
}
