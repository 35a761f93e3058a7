//! Disk images: ISO 9660 with Joliet by their folders, others by what begins at a sector.
//!
//! Touches nothing. UDF, FAT and NTFS are not walked: their sectors are searched for the
//! beginnings of programs and archives, and the image is said not to be read whole.

use std::collections::BTreeSet;

use crate::bytes::{has, slice, u16_be, u32_le, utf16_le};
use crate::examine::{Examiner, Place};
use crate::types::{Family, FileKind, detect};

/// A logical block of ISO 9660.
const SECTOR: usize = 2048;
/// A sector of the other file systems, on which every file begins.
const SMALL_SECTOR: usize = 512;
/// Folders inside one another (ECMA-119 allows 8, Joliet more).
const DEPTH_MAX: usize = 32;
/// Files that are cut out of an image without folders.
const FOUND_MAX: usize = 64;
/// Octets of each: where it ends is not known.
const FOUND_BYTES: usize = 1024 * 1024;

/// Opens an image.
pub(super) fn open(
    examiner: &mut Examiner<'_>,
    place: &Place,
    bytes: &[u8],
    kind: &'static FileKind,
) {
    let mut seen = BTreeSet::new();
    let mut volumes = 0;
    // Volume descriptors stand from sector 16 on, until one of kind 255.
    for sector in 16..32 {
        let at = sector * SECTOR;
        if !has(bytes, at + 1, b"CD001") {
            break;
        }
        let joliet = match bytes.get(at) {
            Some(1) => false,
            Some(2) => true,
            _ => continue,
        };
        volumes += 1;
        let root = slice(bytes, at + 156, 34);
        folder(examiner, place, bytes, root, "", joliet, &mut seen, 0);
    }
    if volumes == 0 || seen.is_empty() {
        examiner.unreadable(place, kind);
        sectors(examiner, place, bytes);
    }
}

#[allow(clippy::too_many_arguments)]
fn folder(
    examiner: &mut Examiner<'_>,
    place: &Place,
    bytes: &[u8],
    record: &[u8],
    path: &str,
    joliet: bool,
    seen: &mut BTreeSet<(usize, usize)>,
    depth: usize,
) {
    let Some((start, length)) = extent(record) else { return };
    if depth > DEPTH_MAX || !seen.insert((start, usize::MAX)) {
        return;
    }
    let listing = slice(bytes, start, length);
    let mut at = 0;
    while at < listing.len() && !examiner.budget.is_gone {
        let record_length = listing.get(at).copied().map_or(0, usize::from);
        if record_length < 34 {
            at = (at / SECTOR + 1) * SECTOR; // Records do not cross sectors.
            continue;
        }
        let record = slice(listing, at, record_length);
        at += record_length;
        let name_length = record.get(32).copied().map_or(0, usize::from);
        let name = slice(record, 33, name_length);
        if name == b"\0" || name == b"\x01" {
            continue; // The folder itself, and the one above.
        }
        let name = if joliet {
            let swapped: Vec<u8> = (0..name.len() / 2)
                .filter_map(|at| u16_be(name, at * 2))
                .flat_map(u16::to_le_bytes)
                .collect();
            utf16_le(&swapped)
        } else {
            String::from_utf8_lossy(name).into_owned()
        };
        let name = format!("{path}{}", name.split(';').next().unwrap_or_default());
        if record.get(25).is_some_and(|flags| flags & 2 != 0) {
            let below = format!("{name}/");
            folder(examiner, place, bytes, record, &below, joliet, seen, depth + 1);
        } else if let Some((start, length)) = extent(record)
            && seen.insert((start, length))
        {
            examiner.inside(place, name.trim_end_matches('.'), slice(bytes, start, length));
        }
    }
    if examiner.budget.is_gone {
        examiner.bomb(place);
    }
}

/// Where a record's file lies, in octets.
fn extent(record: &[u8]) -> Option<(usize, usize)> {
    let start = (u32_le(record, 2)? as usize).checked_mul(SECTOR)?;
    Some((start, u32_le(record, 10)? as usize))
}

/// Cuts out what begins at a sector and is no text or picture.
fn sectors(examiner: &mut Examiner<'_>, place: &Place, bytes: &[u8]) {
    let starts = (1..bytes.len() / SMALL_SECTOR).map(|sector| sector * SMALL_SECTOR);
    let mut found = 0;
    for at in starts {
        let rest = slice(bytes, at, FOUND_BYTES);
        let promising = [
            b"MZ".as_slice(),
            b"PK\x03\x04",
            b"\x4c\0\0\0\x01\x14",
            b"\xd0\xcf\x11\xe0",
            b"Rar!",
            b"7z\xbc\xaf",
            b"MSCF",
        ]
        .iter()
        .any(|magic| rest.starts_with(magic));
        if !promising {
            continue;
        }
        if !matches!(detect(rest).family, Family::Unknown | Family::Text) {
            found += 1;
            examiner.inside(place, &format!("sector-{}", at / SMALL_SECTOR), rest);
        }
        if found >= FOUND_MAX || examiner.budget.is_gone {
            break;
        }
    }
}
