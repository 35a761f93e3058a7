//! Where a multipart's parts begin and end, by one boundary.
//!
//! Touches nothing. One search over the octets, linear in them: delimiters by RFC 2046 5.1.1, and
//! what looser programs take for one. Content is never copied here.

use std::ops::Range;

use memchr::{memchr2, memmem};

/// A line that begins with `--` and the boundary.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Delimiter {
    /// Where the part before it ends: before the line end that belongs to the delimiter.
    before: usize,
    /// Where the next part begins.
    after: usize,
    is_close: bool,
    /// It follows a line end, and nothing but blanks follows it: every program takes it for one.
    is_exact: bool,
}

/// Which lines count as delimiters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Those that hold nothing else.
    Exact,
    /// Any that begins so (RFC 2046 permits the comparison of the beginning only), and those
    /// behind a lone CR.
    Loose,
}

/// Everything that one boundary divides.
#[derive(Clone, Debug, Default)]
pub(crate) struct Delimiters {
    found: Vec<Delimiter>,
    /// Some count for [`Manner::Loose`] only, because the line goes on.
    pub(crate) has_longer: bool,
    /// Some count for [`Manner::Loose`] only, because they follow a lone CR.
    pub(crate) has_lone_cr: bool,
    /// There were more than are kept.
    pub(crate) is_cut: bool,
}

/// A multipart, divided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Division {
    pub(crate) parts: Vec<Range<usize>>,
    /// Parts behind the close delimiter.
    pub(crate) late: Vec<Range<usize>>,
    /// Text before, behind and between.
    pub(crate) margins: Vec<Range<usize>>,
    pub(crate) is_closed: bool,
}

/// Finds the delimiters in `bytes`, as many as `count_max`.
pub(crate) fn delimiters(bytes: &[u8], boundary: &[u8], count_max: usize) -> Delimiters {
    let mut needle = Vec::with_capacity(boundary.len() + 2);
    needle.extend_from_slice(b"--");
    needle.extend_from_slice(boundary);
    let mut all = Delimiters::default();
    for at in memmem::find_iter(bytes, &needle) {
        let mut is_exact = true;
        let before = match at.checked_sub(1).and_then(|last| bytes.get(last)) {
            None => 0,
            Some(b'\n') if at >= 2 && bytes.get(at - 2) == Some(&b'\r') => at - 2,
            Some(b'\n') => at - 1,
            Some(b'\r') => {
                is_exact = false;
                all.has_lone_cr = true;
                at - 1
            }
            Some(_) => continue,
        };
        if all.found.len() >= count_max {
            all.is_cut = true;
            break;
        }
        let tail_at = at + needle.len();
        let tail = bytes.get(tail_at..).unwrap_or_default();
        let length = memchr2(b'\n', b'\r', tail).unwrap_or(tail.len());
        let line = tail.get(..length).unwrap_or_default().trim_ascii();
        // CR CR LF, as broken relays make it, is one line end.
        let ends = tail.get(length..).unwrap_or_default();
        let returns = ends.iter().take_while(|byte| **byte == b'\r').count();
        let end = match ends.get(returns) {
            Some(b'\n') => tail_at + length + returns + 1,
            _ => tail_at + length + ends.len().min(1),
        };
        let is_close = line.starts_with(b"--");
        let is_longer = !line.is_empty() && line != b"--";
        all.has_longer |= is_longer;
        is_exact &= !is_longer;
        all.found.push(Delimiter { before, after: end, is_close, is_exact });
    }
    all
}

impl Delimiters {
    /// Divides `0..length` by those that count.
    pub(crate) fn divide(&self, length: usize, manner: Manner) -> Division {
        let counts = |one: &&Delimiter| one.is_exact || manner == Manner::Loose;
        let mut division = Division::default();
        // What lies open: where it began, and whether it is a part.
        let mut open = (0, false);
        for delimiter in self.found.iter().filter(counts) {
            let range = open.0..delimiter.before.max(open.0);
            division.add(open.1, range);
            open = (delimiter.after, !delimiter.is_close);
            division.is_closed |= delimiter.is_close;
        }
        division.add(open.1, open.0..length);
        division
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }
}

impl Division {
    fn add(&mut self, is_part: bool, range: Range<usize>) {
        match (is_part, self.is_closed) {
            (true, false) => self.parts.push(range),
            (true, true) => self.late.push(range),
            (false, _) if !range.is_empty() => self.margins.push(range),
            (false, _) => {}
        }
    }
}

/// The boundary that a body uses by the look of it: its first line that begins with `--` and
/// comes again. For programs that guess where none is declared.
pub(crate) fn guess_boundary(body: &[u8]) -> Option<&[u8]> {
    let at = if body.starts_with(b"--") { 0 } else { memmem::find(body, b"\n--")? + 1 };
    let line = body.get(at + 2..)?;
    let line = line.get(..memchr2(b'\n', b'\r', line)?)?;
    let boundary = line.trim_ascii_end();
    let is_one = !boundary.is_empty() && boundary.len() <= 200 && !boundary.contains(&b' ');
    let rest = body.get(at + 2 + line.len()..)?;
    (is_one && memmem::find(rest, boundary).is_some()).then_some(boundary)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(body: &str, boundary: &str, manner: Manner) -> String {
        let division =
            delimiters(body.as_bytes(), boundary.as_bytes(), 100).divide(body.len(), manner);
        let show = |ranges: &[Range<usize>]| {
            let texts = ranges.iter().map(|range| body[range.clone()].replace('\n', "/"));
            texts.collect::<Vec<_>>().join("|")
        };
        let end = if division.is_closed { "." } else { "" };
        let (parts, late) = (show(&division.parts), show(&division.late));
        format!("[{parts}] [{late}] [{}]{end}", show(&division.margins))
    }

    #[test]
    fn mim_04_parts_are_divided_as_the_standard_says() {
        let table = [
            ("--b\none\n--b\ntwo\n--b--\n", "[one|two] [] []."),
            ("pre\n--b\none\n--b--\npost", "[one] [] [pre|post]."),
            ("--b \t\none\n--b-- \n", "[one] [] []."),
            ("--b\none\n", "[one/] [] []"),
            ("--b\n\n--b--", "[] [] []."),
            ("--b\n--b\nx\n--b--", "[|x] [] []."),
            ("x--b\none\n--b--", "[] [] [x--b/one]."),
            ("--bb\none\n--b--", "[] [] [--bb/one]."),
            ("--b\none\n--b--\n--b\ntwo\n--b--", "[one] [two] []."),
            ("--b--\n--b\none", "[] [one] []."),
            ("--b", "[] [] []"),
            ("", "[] [] []"),
        ];
        for (body, expected) in table {
            assert_eq!(shown(body, "b", Manner::Exact), expected, "{body:?}");
        }
    }

    #[test]
    fn mim_04_a_longer_line_divides_for_some() {
        let body = "--b\none\n--bb\ntwo\n--b--junk\nx";
        assert_eq!(shown(body, "b", Manner::Exact), "[one/--bb/two/--b--junk/x] [] []");
        assert_eq!(shown(body, "b", Manner::Loose), "[one|two] [] [x].");
        assert!(delimiters(body.as_bytes(), b"b", 100).has_longer);
        assert!(delimiters(b"a\r--b\rx", b"b", 100).has_lone_cr);
    }

    #[test]
    fn a_boundary_is_guessed_from_the_body() {
        assert_eq!(guess_boundary(b"hi\n--xyz\n\na\n--xyz--"), Some(&b"xyz"[..]));
        assert_eq!(guess_boundary(b"hi\n-- \nmy name"), None);
        assert_eq!(guess_boundary(b"hi"), None);
    }
}
