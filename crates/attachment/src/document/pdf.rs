//! PDF: what acts by itself, what starts something, what is embedded (ISO 32000-1).
//!
//! Touches nothing. Objects are not resolved: names are read wherever they stand, in the body and
//! in object streams, with `#xx` undone. Readers repair almost anything, and so this asks for no
//! structure.

use flate2::read::ZlibDecoder;
use memchr::memmem;
use posthouse_types::Finding;

use crate::budget::Cost;
use crate::bytes::slice;
use crate::examine::{Examiner, Place};
use crate::findings as kinds;

/// Names that matter. `JS` and `AA` are short, but stand alone as names.
const NAMES: &[&str] =
    &["JavaScript", "JS", "OpenAction", "AA", "Launch", "EmbeddedFile", "RichMedia", "XFA"];
/// Streams that are looked at.
const STREAMS_MAX: usize = 5000;
/// How much before a stream its dictionary is looked for.
const DICTIONARY_BYTES: usize = 2048;

/// What was seen.
#[derive(Default)]
struct Seen {
    names: Vec<&'static str>,
    /// A name that was written in code.
    obfuscated: Option<&'static str>,
}

/// Looks into a document.
pub(super) fn open(examiner: &mut Examiner<'_>, place: &Place, bytes: &[u8]) {
    let mut seen = Seen::default();
    let mut at = 0;
    for _ in 0..STREAMS_MAX {
        let Some((start, end)) = next_stream(bytes, at) else { break };
        names(slice(bytes, at, start - at), &mut seen);
        let from = start.saturating_sub(DICTIONARY_BYTES).max(at);
        stream(
            examiner,
            place,
            slice(bytes, from, start - from),
            slice(bytes, start, end - start),
            &mut seen,
        );
        at = end;
        if examiner.budget.is_gone {
            examiner.bomb(place);
            break;
        }
    }
    names(bytes.get(at..).unwrap_or_default(), &mut seen);
    say(examiner, place, &seen);
}

fn say(examiner: &mut Examiner<'_>, place: &Place, seen: &Seen) {
    let has = |name: &str| seen.names.contains(&name);
    let script = has("JavaScript") || has("JS");
    if script {
        examiner.says(&kinds::PDF_SCRIPT, place);
    }
    if has("Launch") {
        examiner.says(&kinds::PDF_LAUNCHES, place);
    }
    // OpenAction alone sets the page to begin at.
    let opens = if has("OpenAction") { "OpenAction" } else { "AA" };
    if (has("OpenAction") || has("AA")) && (script || has("Launch")) {
        let finding = Finding::of(&kinds::PDF_OPENS).with("file", &place.shown());
        examiner.say(finding.with("action", opens));
    }
    if has("EmbeddedFile") {
        examiner.says(&kinds::PDF_EMBEDS, place);
    }
    if let Some(name) = seen.obfuscated {
        let finding = Finding::of(&kinds::PDF_OBFUSCATED).with("file", &place.shown());
        examiner.say(finding.with("action", name));
    }
}

/// The octets of the next stream from a place on.
fn next_stream(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let rest = bytes.get(at..)?;
    let word = memmem::find_iter(rest, b"stream").find(|word| {
        let before = word.checked_sub(3).and_then(|from| rest.get(from..*word));
        before != Some(b"end") && matches!(rest.get(word + 6), Some(b'\r' | b'\n' | b' '))
    })?;
    let mut start = at + word + 6;
    while matches!(bytes.get(start), Some(b' ')) {
        start += 1;
    }
    start += usize::from(bytes.get(start) == Some(&b'\r'));
    start += usize::from(bytes.get(start) == Some(&b'\n'));
    let length = memmem::find(bytes.get(start..)?, b"endstream");
    let end = length.map_or(bytes.len(), |length| start + length);
    Some((start, end.max(start)))
}

/// An object stream holds names; an embedded file is a file.
fn stream(examiner: &mut Examiner<'_>, place: &Place, before: &[u8], data: &[u8], seen: &mut Seen) {
    // The dictionary is the last one before.
    let from = memmem::rfind(before, b" obj").unwrap_or(0);
    let mut dictionary = Seen::default();
    let written = slice(before, from, before.len());
    names(written, &mut dictionary);
    let says = |name: &str| plain_names(written).any(|found| found == name);
    let packed = says("FlateDecode") || says("Fl");
    let is_file = dictionary.names.contains(&"EmbeddedFile");
    let is_objects = says("ObjStm");
    if is_file {
        if packed {
            examiner.member(place, &[""], &mut ZlibDecoder::new(data), Cost::Fast);
        } else {
            examiner.inside(place, "", data);
        }
    } else if is_objects {
        let read = if packed {
            examiner.budget.inflate(&mut ZlibDecoder::new(data), Cost::Fast)
        } else {
            examiner.budget.inflate(&mut { data }, Cost::Stored)
        };
        names(&read.bytes, seen);
        examiner.budget.release(read.bytes.len());
    }
}

/// Adds the names of [`NAMES`] that stand in some octets.
fn names(bytes: &[u8], seen: &mut Seen) {
    for slash in memchr::memchr_iter(b'/', bytes) {
        let rest = slice(bytes, slash + 1, 64);
        let written = rest.split(|octet| is_end(*octet)).next().unwrap_or_default();
        if written.is_empty() {
            continue;
        }
        let is_coded = written.contains(&b'#');
        let decoded = if is_coded { undo(written) } else { written.to_vec() };
        let Some(name) = NAMES.iter().find(|name| name.as_bytes() == decoded) else { continue };
        if is_coded {
            seen.obfuscated = Some(name);
        }
        if !seen.names.contains(name) {
            seen.names.push(name);
        }
    }
}

fn plain_names(bytes: &[u8]) -> impl Iterator<Item = String> + '_ {
    memchr::memchr_iter(b'/', bytes).map(|slash| {
        let rest = slice(bytes, slash + 1, 64);
        let written = rest.split(|octet| is_end(*octet)).next().unwrap_or_default();
        String::from_utf8_lossy(&undo(written)).into_owned()
    })
}

/// White space and delimiters end a name (ISO 32000-1, 7.2.2).
fn is_end(octet: u8) -> bool {
    octet <= b' ' || b"()<>[]{}/%".contains(&octet)
}

/// `#xx` as the octet that it stands for.
fn undo(written: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(written.len());
    let mut at = 0;
    while let Some(&octet) = written.get(at) {
        let pair = slice(written, at + 1, 2);
        let value = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2);
        let value = value.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match (octet, value) {
            (b'#', Some(value)) => {
                out.push(value);
                at += 3;
            }
            _ => {
                out.push(octet);
                at += 1;
            }
        }
    }
    out
}
