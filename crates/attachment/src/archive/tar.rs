//! tar: ustar, PAX and GNU (POSIX.1-2024 `pax`), and the `ar` archives of Debian packages.
//!
//! Touches nothing. Where a PAX header and the ustar header tell two sizes, programs go on reading
//! at two places: both ways are walked, and the difference is said (attacks.md ARC-04).

use std::collections::BTreeSet;

use posthouse_types::Finding;

use crate::bytes::slice;
use crate::examine::{Examiner, Place};
use crate::findings as kinds;
use crate::types::{LIB, TAR};

const BLOCK: usize = 512;
/// Octets of a PAX or long-name record that are read.
const RECORD_BYTES_MAX: usize = 64 * 1024;

/// Which of two sizes a reader believes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Believes {
    Pax,
    Ustar,
}

/// The block is a header: its checksum says so.
pub(crate) fn is_header(block: &[u8]) -> bool {
    let Some(told) = octal(slice(block, 148, 8)) else { return false };
    if block.len() < BLOCK || block.first() == Some(&0) {
        return false;
    }
    let sum: u64 = block
        .iter()
        .take(BLOCK)
        .enumerate()
        .map(|(at, octet)| if (148..156).contains(&at) { 32 } else { u64::from(*octet) })
        .sum();
    sum == told
}

/// Opens every member, in both ways where there are two.
pub(super) fn open(examiner: &mut Examiner<'_>, place: &Place, bytes: &[u8]) {
    let mut seen = BTreeSet::new();
    let differs = walk(examiner, place, bytes, Believes::Pax, &mut seen);
    if differs {
        // No honest program writes that (row ARC-04).
        let finding = Finding::of(&kinds::AMBIGUOUS).weighing(kinds::TWO_ARCHIVES);
        let finding = finding.with("file", &place.shown());
        examiner.say(finding.with("difference", "two headers tell two sizes of a member"));
        walk(examiner, place, bytes, Believes::Ustar, &mut seen);
    }
}

/// Walks from header to header; true where the other way would differ.
fn walk(
    examiner: &mut Examiner<'_>,
    place: &Place,
    bytes: &[u8],
    believes: Believes,
    seen: &mut BTreeSet<(usize, usize)>,
) -> bool {
    let (mut at, mut differs) = (0, false);
    let (mut long_name, mut pax): (Option<String>, Pax) = (None, Pax::default());
    while let Some(header) = bytes.get(at..at + BLOCK) {
        if header.iter().all(|octet| *octet == 0) {
            at += BLOCK; // Programs that ignore the end read on, and so do we.
            continue;
        }
        if !is_header(header) {
            // GNU tar looks for the next header and says that it skips; that costs a sum a block.
            if !examiner.budget.work(BLOCK as u64) {
                examiner.bomb(place);
                return differs;
            }
            if at == 0 {
                examiner.unreadable(place, &TAR);
            }
            at += BLOCK;
            continue;
        }
        let told = number(slice(header, 124, 12));
        let size = match (believes, pax.size) {
            (Believes::Pax, Some(size)) => size,
            _ => told,
        };
        differs |= pax.size.is_some_and(|size| size != told);
        let length = usize::try_from(size).unwrap_or(usize::MAX);
        let data = slice(bytes, at + BLOCK, length);
        let kind = header.get(156).copied().unwrap_or_default();
        match kind {
            b'x' | b'X' => pax = Pax::read(slice(data, 0, RECORD_BYTES_MAX)),
            b'L' => long_name = Some(text(slice(data, 0, RECORD_BYTES_MAX))),
            b'g' | b'K' => {}
            _ => {
                let name =
                    pax.path.take().or_else(|| long_name.take()).unwrap_or_else(|| name(header));
                pax = Pax::default();
                long_name = None;
                if !entry(examiner, place, &name, kind, data, seen.insert((at, data.len()))) {
                    return differs;
                }
                if data.len() < length && matches!(kind, b'0' | 0 | b'7') {
                    examiner.unreadable(place, &TAR);
                }
            }
        }
        // Links and folders have no data, whatever their size says.
        let length = if matches!(kind, b'1'..=b'6') { 0 } else { length };
        at = at.saturating_add(BLOCK).saturating_add(length.div_ceil(BLOCK).saturating_mul(BLOCK));
    }
    differs
}

/// One member; false where nothing more may be opened.
fn entry(
    examiner: &mut Examiner<'_>,
    place: &Place,
    name: &str,
    kind: u8,
    data: &[u8],
    is_new: bool,
) -> bool {
    if super::escapes(name) {
        let finding = Finding::of(&kinds::ESCAPES).with("file", &place.shown());
        examiner.say(finding.with("member", name));
    }
    if is_new && !matches!(kind, b'1'..=b'6') {
        examiner.inside(place, name, data);
    }
    if examiner.budget.is_gone {
        examiner.bomb(place);
    }
    !examiner.budget.is_gone
}

/// What a PAX record says about the member behind it.
#[derive(Default)]
struct Pax {
    path: Option<String>,
    size: Option<u64>,
}

impl Pax {
    /// `LENGTH KEY=VALUE\n`, again and again. The last of two counts.
    fn read(mut record: &[u8]) -> Self {
        let mut pax = Self::default();
        while let Some(space) = memchr::memchr(b' ', record) {
            let length = std::str::from_utf8(slice(record, 0, space)).ok();
            let Some(length) = length.and_then(|length| length.parse::<usize>().ok()) else {
                break;
            };
            if length <= space {
                break;
            }
            let line = String::from_utf8_lossy(record.get(space + 1..length).unwrap_or_default())
                .into_owned();
            match line.trim_end_matches('\n').split_once('=') {
                Some(("path", value)) => pax.path = Some(value.to_owned()),
                Some(("size", value)) => pax.size = value.parse().ok(),
                _ => {}
            }
            record = record.get(length..).unwrap_or_default();
        }
        pax
    }
}

fn name(header: &[u8]) -> String {
    let name = text(slice(header, 0, 100));
    let prefix = if slice(header, 257, 6) == b"ustar\0" {
        text(slice(header, 345, 155))
    } else {
        String::new()
    };
    if prefix.is_empty() { name } else { format!("{prefix}/{name}") }
}

/// Up to the NUL.
fn text(bytes: &[u8]) -> String {
    let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
    String::from_utf8_lossy(slice(bytes, 0, end)).into_owned()
}

fn octal(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?;
    let text = text.trim_matches(|c: char| c == '\0' || c == ' ');
    u64::from_str_radix(text, 8).ok()
}

/// A size: octal, or GNU's binary with the highest bit set.
fn number(field: &[u8]) -> u64 {
    if field.first().is_some_and(|first| first & 0x80 != 0) {
        return field.iter().skip(4).fold(0, |sum, octet| sum << 8 | u64::from(*octet));
    }
    octal(field).unwrap_or_default()
}

/// Opens an `ar` archive: 60 octets of header before each member.
pub(super) fn open_ar(examiner: &mut Examiner<'_>, place: &Place, bytes: &[u8]) {
    let mut at = 8;
    while let Some(header) = bytes.get(at..at + 60) {
        let size = std::str::from_utf8(slice(header, 48, 10)).ok();
        let Some(size) = size.and_then(|size| size.trim().parse::<usize>().ok()) else {
            return examiner.unreadable(place, &LIB);
        };
        let name =
            String::from_utf8_lossy(slice(header, 0, 16)).trim_end_matches([' ', '/']).to_owned();
        examiner.inside(place, &name, slice(bytes, at + 60, size));
        if examiner.budget.is_gone {
            return examiner.bomb(place);
        }
        at = at.saturating_add(60).saturating_add(size).saturating_add(size & 1);
    }
}
