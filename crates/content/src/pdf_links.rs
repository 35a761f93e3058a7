//! Links in PDF files: URI actions, where forms send what was typed, and what link annotations go
//! to (ISO 32000-1, 12.6.4.7 and 12.7.5.2).
//!
//! Touches nothing. Strings are read wherever they stand behind their key, in the body and in object
//! streams, with `#xx` in names undone; where a key names another object, every string that stands
//! under its number is taken. Readers repair almost anything,
//! and so this asks for no structure. Bounded by [`PdfLimits`]; what was left out is said.

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::ops::ControlFlow;

use flate2::read::ZlibDecoder;
use memchr::{memchr_iter, memmem};

/// How much of one file is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PdfLimits {
    /// Bytes of the file.
    pub(crate) file_bytes_max: usize,
    /// Bytes that come out of its object streams, together: each is read in one pass.
    pub(crate) inflated_bytes_max: usize,
    /// Links that are kept.
    pub(crate) links_max: usize,
}

impl Default for PdfLimits {
    fn default() -> Self {
        Self {
            file_bytes_max: 16 * 1024 * 1024,
            inflated_bytes_max: 8 * 1024 * 1024,
            links_max: 1500,
        }
    }
}

/// Longest name that matters, `#xx` counted, and longest link, in bytes.
const NAME_BYTES_MAX: usize = 18;
const LINK_BYTES_MAX: usize = 4 * 1024;
/// How much behind a stream's type its octets begin at most.
const DICTIONARY_BYTES: usize = 512;
/// Object streams that are opened: each costs some microseconds, however short it is.
const STREAMS_MAX: usize = 2000;
/// How long a reference, or what stands before `obj`, is at most.
const OBJECT_HEAD_BYTES: usize = 32;
/// Objects of one stream that are looked at.
const OBJECTS_MAX: usize = 10_000;
/// How often each octet may be looked at, on average: strings in strings cost more, and are no
/// honest file's.
const WORK_PER_BYTE: usize = 4;

/// What was found in one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PdfLinks {
    /// Each once, as they stand.
    pub(crate) links: Vec<String>,
    /// A limit was reached.
    pub(crate) is_cut: bool,
}

/// Whether a file is a PDF: readers look for the mark within the first kilobyte.
pub(crate) fn is_pdf(bytes: &[u8]) -> bool {
    memmem::find(bytes.get(..bytes.len().min(1024)).unwrap_or_default(), b"%PDF-").is_some()
}

/// All links of a file. All of it is read, whatever calls itself a stream: what is one is the
/// reader's word, and the sender's choice.
pub(crate) fn links(file: &[u8], limits: &PdfLimits) -> PdfLinks {
    let bytes = file.get(..file.len().min(limits.file_bytes_max)).unwrap_or_default();
    let mut found = PdfLinks { is_cut: bytes.len() < file.len(), ..PdfLinks::default() };
    let mut seen = Seen::default();
    let streams = scan(bytes, limits, &mut seen, &mut found);
    seen.objects_of_body(bytes, limits);
    found.is_cut |= streams.len() > STREAMS_MAX;
    let mut left = limits.inflated_bytes_max;
    for stream in streams.into_iter().take(STREAMS_MAX) {
        let objects = inflated(bytes.get(stream..).unwrap_or_default(), &mut left);
        scan(&objects, limits, &mut seen, &mut found);
        seen.objects_of_stream(&objects, limits);
        if left == 0 {
            found.is_cut = true;
            break;
        }
    }
    seen.resolve(limits, &mut found);
    found
}

/// What was read of a file so far.
#[derive(Default)]
struct Seen {
    /// Links, each once.
    links: HashSet<String>,
    /// Numbers of objects that links are said to stand in, and whether any text there is one.
    named: Vec<(u32, bool)>,
    /// Strings that are objects of their own, by their numbers: a file may have several of one.
    strings: Vec<(u32, String)>,
}

impl Seen {
    /// Keeps the strings among the objects of the body: `12 0 obj (https://...)`.
    fn objects_of_body(&mut self, bytes: &[u8], limits: &PdfLimits) {
        let mut work_left = bytes.len().saturating_mul(WORK_PER_BYTE);
        for at in memmem::find_iter(bytes, b"obj") {
            let Some((text, work)) = string(bytes.get(at + 3..).unwrap_or_default()) else {
                continue;
            };
            let Some(left) = work_left.checked_sub(work) else { return };
            work_left = left;
            let before = bytes.get(at.saturating_sub(OBJECT_HEAD_BYTES)..at).unwrap_or_default();
            let mut words = before.split(u8::is_ascii_whitespace).rev().filter(|it| !it.is_empty());
            if let (Some(_), Some(number)) = (words.next(), words.next().and_then(number)) {
                self.keep(number, text, limits);
            }
        }
    }

    /// Keeps the strings among the objects of a stream, which begins with their numbers and places.
    fn objects_of_stream(&mut self, bytes: &[u8], limits: &PdfLimits) {
        let is_head = |octet: &u8| octet.is_ascii_digit() || octet.is_ascii_whitespace();
        let end = bytes.iter().position(|octet| !is_head(octet)).unwrap_or(bytes.len());
        let head = bytes.get(..end).unwrap_or_default();
        let words = head.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let mut numbers = words.take(2 * OBJECTS_MAX).map_while(number);
        let mut work_left = bytes.len().saturating_mul(WORK_PER_BYTE);
        while let (Some(number), Some(place)) = (numbers.next(), numbers.next()) {
            let object = usize::try_from(place).ok().and_then(|place| bytes.get(end + place..));
            let Some((text, work)) = object.and_then(string) else { continue };
            let Some(left) = work_left.checked_sub(work) else { return };
            work_left = left;
            self.keep(number, text, limits);
        }
    }

    fn keep(&mut self, number: u32, text: String, limits: &PdfLimits) {
        if self.strings.len() < limits.links_max {
            self.strings.push((number, text));
        }
    }

    /// Adds the links that stand in objects of their own.
    fn resolve(&mut self, limits: &PdfLimits, found: &mut PdfLinks) {
        let named: HashMap<u32, bool> = self.named.iter().copied().collect();
        for (number, text) in std::mem::take(&mut self.strings) {
            let Some(is_link) = named.get(&number) else { continue };
            if self.add(text, *is_link, limits, found).is_break() {
                return;
            }
        }
    }

    /// Adds a text where it is a link, and a new one; ends where there is room for no more.
    fn add(
        &mut self,
        text: String,
        is_link: bool,
        limits: &PdfLimits,
        found: &mut PdfLinks,
    ) -> ControlFlow<()> {
        if text.is_empty() || !(is_link || text.contains("://")) || self.links.contains(&text) {
            return ControlFlow::Continue(());
        }
        if found.links.len() == limits.links_max {
            found.is_cut = true;
            return ControlFlow::Break(());
        }
        self.links.insert(text.clone());
        found.links.push(text);
        ControlFlow::Continue(())
    }
}

/// A number of a few digits.
fn number(digits: &[u8]) -> Option<u32> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The object that comes next in place of a string: `12 0 R`.
fn reference(bytes: &[u8]) -> Option<u32> {
    let near = bytes.get(..bytes.len().min(OBJECT_HEAD_BYTES))?;
    let mut words = near.split(|octet| is_end(*octet)).filter(|word| !word.is_empty());
    let number = number(words.next()?)?;
    words.next()?;
    (words.next()? == b"R").then_some(number)
}

/// What comes out of an object stream; a broken end leaves what came before it.
fn inflated(data: &[u8], left: &mut usize) -> Vec<u8> {
    let mut out = Vec::new();
    let _ = ZlibDecoder::new(data).take(*left as u64).read_to_end(&mut out);
    *left = left.saturating_sub(out.len());
    out
}

/// Adds the links of some octets; gives where object streams begin.
fn scan(bytes: &[u8], limits: &PdfLimits, seen: &mut Seen, found: &mut PdfLinks) -> Vec<usize> {
    let mut streams = Vec::new();
    let mut work_left = bytes.len().saturating_mul(WORK_PER_BYTE);
    for slash in memchr_iter(b'/', bytes) {
        let rest = bytes.get(slash + 1..).unwrap_or_default();
        let head = rest.get(..rest.len().min(NAME_BYTES_MAX + 1)).unwrap_or_default();
        let Some(name) = head.split(|octet| is_end(*octet)).next() else { continue };
        let is_link = match undone(name).as_slice() {
            b"URI" => true,
            // A file, or where a form is sent; a relative name is no link.
            b"F" => false,
            b"ObjStm" => {
                streams
                    .extend(stream_behind(bytes, slash).filter(|_| streams.len() <= STREAMS_MAX));
                continue;
            }
            _ => continue,
        };
        let value = rest.get(name.len()..).unwrap_or_default();
        let Some((text, work)) = string(value) else {
            if let Some(object) = reference(value).filter(|_| seen.named.len() < limits.links_max) {
                seen.named.push((object, is_link));
            }
            continue;
        };
        let Some(left) = work_left.checked_sub(work) else {
            found.is_cut = true;
            break;
        };
        work_left = left;
        if seen.add(text, is_link, limits, found).is_break() {
            break;
        }
    }
    streams
}

/// Where the octets of a stream begin whose dictionary holds this place.
fn stream_behind(bytes: &[u8], at: usize) -> Option<usize> {
    let near = bytes.get(at..bytes.len().min(at + DICTIONARY_BYTES))?;
    let word = at + memmem::find(near, b"stream")? + 6;
    let line = bytes.get(word..bytes.len().min(word + 2))?;
    Some(word + usize::from(line.first() == Some(&b'\r')) + usize::from(line.contains(&b'\n')))
}

/// White space and delimiters end a name (ISO 32000-1, 7.2.2).
fn is_end(octet: u8) -> bool {
    octet <= b' ' || b"()<>[]{}/%".contains(&octet)
}

/// A name with `#xx` as the octets that they stand for.
fn undone(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    let mut rest = name;
    while let [first, after @ ..] = rest {
        match after.get(..2).filter(|_| *first == b'#').and_then(hexadecimal) {
            Some(octet) => {
                out.push(octet);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
    out
}

fn hexadecimal(pair: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()
}

/// The string that comes next, written in either way, and how many octets were looked at for it;
/// none where something else comes.
fn string(bytes: &[u8]) -> Option<(String, usize)> {
    let start = bytes.iter().position(|octet| !octet.is_ascii_whitespace() && *octet != 0)?;
    let rest = bytes.get(start + 1..)?;
    let octets = match bytes.get(start)? {
        b'(' => literal(rest),
        b'<' => {
            let is_inside = |octet: &u8| octet.is_ascii_hexdigit() || octet.is_ascii_whitespace();
            let inside = rest.iter().copied().take(2 * LINK_BYTES_MAX).take_while(is_inside);
            let digits: Vec<u8> = inside.filter(u8::is_ascii_hexdigit).collect();
            digits.chunks(2).filter_map(hexadecimal).collect()
        }
        _ => return None,
    };
    let work = start + octets.len();
    // UTF-16 is not allowed here, and read all the same.
    if let Some(wide) = octets.strip_prefix(b"\xfe\xff") {
        let units = wide.chunks_exact(2).filter_map(|pair| <[u8; 2]>::try_from(pair).ok());
        let text = char::decode_utf16(units.map(u16::from_be_bytes)).filter_map(Result::ok);
        return Some((text.collect(), work));
    }
    Some((String::from_utf8_lossy(&octets).into_owned(), work))
}

/// A string in parentheses, behind the first one: they may nest, and be escaped (7.3.4.2).
fn literal(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut depth, mut at) = (0_u32, 0);
    while let Some(octet) = bytes.get(at).filter(|_| out.len() < LINK_BYTES_MAX) {
        at += 1;
        match octet {
            b')' if depth == 0 => break,
            b'(' => depth += 1,
            b')' => depth -= 1,
            b'\\' => {
                at += escaped(bytes.get(at..).unwrap_or_default(), &mut out);
                continue;
            }
            _ => {}
        }
        out.push(*octet);
    }
    out
}

/// What stands behind a backslash; gives how many octets that is.
fn escaped(rest: &[u8], out: &mut Vec<u8>) -> usize {
    let digits = rest.iter().take(3).take_while(|octet| matches!(octet, b'0'..=b'7')).count();
    if digits > 0 {
        let value = rest
            .iter()
            .take(digits)
            .fold(0_u16, |value, octet| value * 8 + u16::from(octet - b'0'));
        // Beyond an octet the high bit is ignored.
        out.push((value & 0xff) as u8);
        return digits;
    }
    match rest {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        [b'n', ..] => {
            out.push(b'\n');
            1
        }
        [b'r' | b't' | b'b' | b'f', ..] => 1,
        [other, ..] => {
            out.push(*other);
            1
        }
        [] => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn found(body: &str) -> Vec<String> {
        links(format!("%PDF-1.7\n{body}").as_bytes(), &PdfLimits::default()).links
    }

    #[test]
    fn url_01_each_way_to_write_a_link_is_read() {
        for (written, read) in [
            ("/A<</S/URI/URI(https://a.example/x)>>", "https://a.example/x"),
            ("/URI (https://a.example/\\(x\\)\\050)", "https://a.example/(x)("),
            ("/URI(https://a.example/(x))", "https://a.example/(x)"),
            ("/URI(https://a.ex\\\r\nample)", "https://a.example"),
            ("/#55RI ( https://a.example)", " https://a.example"),
            ("/URI<68747470733a2f2f61 2e6578>", "https://a.ex"),
            ("/URI(\\376\\377\\000h\\000i)", "hi"),
            ("/S/SubmitForm/F<</FS/URL/F(https://a.example/p)>>", "https://a.example/p"),
        ] {
            assert_eq!(found(written), [read], "{written}");
        }
        for none in ["/F(a.pdf)", "/URI 12 0 R", "/URIs(x)", "/URI<</Base(x)>>", "/URI", "/URI("] {
            assert!(found(none).is_empty(), "{none}");
        }
    }

    #[test]
    fn url_01_a_link_that_is_an_object_of_its_own_is_followed() {
        let body = "1 0 obj<</S/URI/URI 12 0 R>>endobj\n12 0 obj\n(https://a.example/)\nendobj\n\
                    13 0 obj(https://b.example/)endobj 14 0 obj(x.pdf)endobj <</F 14 0 R>>";
        assert_eq!(found(body), ["https://a.example/"], "nothing names the object 13");
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(b"7 0 12 6 <<>>  (https://c.example/)").unwrap();
        let head = b"%PDF-1.7\n<</URI 12 0 R>>\n1 0 obj<</Type/ObjStm>>stream\r\n";
        let file = [head.as_slice(), &packed.finish().unwrap(), b"\nendstream"].concat();
        assert_eq!(links(&file, &PdfLimits::default()).links, ["https://c.example/"]);
    }

    #[test]
    fn url_01_links_in_packed_objects_are_read_and_those_in_pictures_are_not() {
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(b"1 0 <</S/URI/URI(https://a.example/)>>").unwrap();
        let packed = packed.finish().unwrap();
        let file = |kind: &str| {
            let head = format!("%PDF-1.7\n1 0 obj<</Type/{kind}/Filter/FlateDecode>>stream\r\n");
            [head.as_bytes(), &packed, b"\nendstream endobj"].concat()
        };
        let limits = PdfLimits::default();
        assert_eq!(links(&file("ObjStm"), &limits).links, ["https://a.example/"]);
        assert!(links(&file("XObject"), &limits).links.is_empty());
        let small = PdfLimits { inflated_bytes_max: 10, ..limits };
        assert!(links(&file("ObjStm"), &small).is_cut);
    }

    #[test]
    fn url_01_what_only_looks_like_a_stream_hides_nothing() {
        let hidden = "% stream\n1 0 obj<</URI(https://a.example/)>>endobj\nendstream";
        assert_eq!(found(hidden), ["https://a.example/"]);
        assert_eq!(found("/Obj#53tm stream\n/URI(https://a.example/)"), ["https://a.example/"]);
    }

    #[test]
    fn rx_01_strings_in_strings_end_with_the_work() {
        let nested = "/URI(".repeat(1_000_000);
        assert!(links(nested.as_bytes(), &PdfLimits::default()).is_cut);
        let objects = "/URI 1 0 R 1 0 obj(".repeat(1_000_000);
        assert!(links(objects.as_bytes(), &PdfLimits::default()).links.len() <= 1500);
        let streams = "/ObjStm stream\n".repeat(100_000);
        assert!(links(streams.as_bytes(), &PdfLimits::default()).is_cut);
    }

    #[test]
    fn more_links_than_are_kept_are_said() {
        let many: String = (0..1600).map(|n| format!("/URI(https://a.example/{n})\n")).collect();
        let all = links(many.as_bytes(), &PdfLimits::default());
        assert!(all.is_cut && all.links.len() == 1500);
        let same = "/URI(https://a.example/)".repeat(1600);
        let large = PdfLimits { file_bytes_max: 60, ..PdfLimits::default() };
        let start =
            links(b"/URI(https://a.example/1)/URI(https://a.example/2)/URI(https://a", &large);
        assert!(start.is_cut && start.links.len() > 1, "{start:?}");
        let one = links(same.as_bytes(), &PdfLimits::default());
        assert!(!one.is_cut && one.links.len() == 1);
    }
}
