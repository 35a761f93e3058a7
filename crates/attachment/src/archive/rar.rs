//! RAR 4 and 5: the list of members, and those that are only stored.
//!
//! Touches nothing. RAR's packing is not open, so that packed members are listed by name and said
//! to be unreadable. Layout by RARLAB's "RAR 5.0 archive format" and the older technote.

use crate::bytes::{slice, u16_le, u32_le};
use crate::examine::{Examiner, Place};
use crate::findings as kinds;
use crate::types::RAR;

/// Blocks that are looked at: a block may be a few octets long.
const BLOCKS_MAX: usize = 40_000;

/// One member as its header has it.
#[derive(Debug, Default)]
struct Member {
    name: String,
    size: u64,
    is_stored: bool,
    is_encrypted: bool,
}

/// Lists, and opens what is stored.
pub(super) fn open(examiner: &mut Examiner<'_>, place: &Place, bytes: &[u8]) {
    let encrypted = if bytes.starts_with(b"Rar!\x1a\x07\x01\0") {
        version_5(examiner, place, bytes)
    } else {
        version_4(examiner, place, bytes)
    };
    match encrypted {
        Some(true) => {
            examiner.says(&kinds::ENCRYPTED, place);
            if !examiner.passwords().is_empty() {
                examiner.says(&kinds::PASSWORD_GIVEN, place);
            }
            examiner.out.is_complete = false;
        }
        Some(false) => {}
        None => examiner.unreadable(place, &RAR),
    }
}

/// One member; its octets are there where it is only stored.
fn member(examiner: &mut Examiner<'_>, place: &Place, member: &Member, data: &[u8]) {
    if super::escapes(&member.name) {
        let finding = posthouse_types::Finding::of(&kinds::ESCAPES).with("file", &place.shown());
        examiner.say(finding.with("member", &member.name));
    }
    if member.is_stored && !member.is_encrypted {
        examiner.inside(place, &member.name, data);
    } else {
        examiner.locked(place, &member.name, member.size, member.is_encrypted);
        if !member.is_encrypted {
            examiner.unreadable(place, &RAR);
        }
    }
}

/// True where something is encrypted; none where the headers end in nonsense.
fn version_4(examiner: &mut Examiner<'_>, place: &Place, bytes: &[u8]) -> Option<bool> {
    const MAIN: u8 = 0x73;
    const FILE: u8 = 0x74;
    const END: u8 = 0x7b;
    let (mut at, mut encrypted) = (7, false);
    for _ in 0..BLOCKS_MAX {
        if at >= bytes.len() {
            return Some(encrypted);
        }
        let kind = *bytes.get(at + 2)?;
        let flags = u16_le(bytes, at + 3)?;
        let header_size = usize::from(u16_le(bytes, at + 5)?);
        if header_size < 7 {
            return None;
        }
        let mut data_size = 0;
        match kind {
            MAIN if flags & 0x80 != 0 => return Some(true), // Headers are encrypted too.
            END => return Some(encrypted),
            FILE => {
                let wide = if flags & 0x100 != 0 { 8 } else { 0 };
                let high = if wide > 0 { u64::from(u32_le(bytes, at + 32)?) } else { 0 };
                data_size = u64::from(u32_le(bytes, at + 7)?) | high << 32;
                let name_size = usize::from(u16_le(bytes, at + 26)?);
                let name = slice(bytes, at + 32 + wide, name_size);
                let name = name.split(|octet| *octet == 0).next().unwrap_or_default();
                let found = Member {
                    name: String::from_utf8_lossy(name).into_owned(),
                    size: u64::from(u32_le(bytes, at + 11)?),
                    is_stored: bytes.get(at + 25) == Some(&0x30),
                    is_encrypted: flags & 4 != 0,
                };
                encrypted |= found.is_encrypted;
                let is_folder = flags & 0xe0 == 0xe0;
                if !is_folder {
                    let length = usize::try_from(data_size).unwrap_or(usize::MAX);
                    member(examiner, place, &found, slice(bytes, at + header_size, length));
                }
            }
            _ if flags & 0x8000 != 0 => data_size = u64::from(u32_le(bytes, at + 7)?),
            _ => {}
        }
        if examiner.budget.is_gone {
            examiner.bomb(place);
            return Some(encrypted);
        }
        at = at.checked_add(header_size)?.checked_add(usize::try_from(data_size).ok()?)?;
    }
    None
}

/// A number of seven bits an octet, and where it ends.
fn number(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0;
    for shift in (0..70).step_by(7) {
        let octet = *bytes.get(*at)?;
        *at += 1;
        if shift < 64 {
            value |= u64::from(octet & 0x7f) << shift;
        }
        if octet & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// As [`version_4`].
fn version_5(examiner: &mut Examiner<'_>, place: &Place, bytes: &[u8]) -> Option<bool> {
    const FILE: u64 = 2;
    const ENCRYPTION: u64 = 4;
    const END: u64 = 5;
    let (mut start, mut encrypted) = (8, false);
    for _ in 0..BLOCKS_MAX {
        if start >= bytes.len() {
            return Some(encrypted);
        }
        let mut at = start + 4; // Behind the checksum.
        let header_size = usize::try_from(number(bytes, &mut at)?).ok()?;
        let end = at.checked_add(header_size)?;
        let kind = number(bytes, &mut at)?;
        let flags = number(bytes, &mut at)?;
        let extra = if flags & 1 != 0 { number(bytes, &mut at)? } else { 0 };
        let data = if flags & 2 != 0 { number(bytes, &mut at)? } else { 0 };
        match kind {
            ENCRYPTION => return Some(true),
            END => return Some(encrypted),
            FILE => {
                let found = file_5(bytes, at, end, extra)?;
                if let Some(found) = found {
                    encrypted |= found.is_encrypted;
                    let length = usize::try_from(data).unwrap_or(usize::MAX);
                    member(examiner, place, &found, slice(bytes, end, length));
                }
            }
            _ => {}
        }
        if examiner.budget.is_gone {
            examiner.bomb(place);
            return Some(encrypted);
        }
        start = end.checked_add(usize::try_from(data).ok()?)?;
    }
    None
}

/// The fields of a file's header; `Some(None)` for a folder.
fn file_5(bytes: &[u8], mut at: usize, end: usize, extra: u64) -> Option<Option<Member>> {
    let flags = number(bytes, &mut at)?;
    let size = number(bytes, &mut at)?;
    number(bytes, &mut at)?; // Attributes.
    at += if flags & 2 != 0 { 4 } else { 0 };
    at += if flags & 4 != 0 { 4 } else { 0 };
    let packing = number(bytes, &mut at)?;
    number(bytes, &mut at)?; // The host's system.
    let name_length = usize::try_from(number(bytes, &mut at)?).ok()?;
    let name = String::from_utf8_lossy(slice(bytes, at, name_length)).into_owned();
    if flags & 1 != 0 {
        return Some(None);
    }
    // Records behind the name: the first kind is encryption.
    let mut record = end.checked_sub(usize::try_from(extra).ok()?)?;
    let mut is_encrypted = false;
    while record < end {
        let length = usize::try_from(number(bytes, &mut record)?).ok()?;
        let next = record.checked_add(length)?;
        is_encrypted |= number(bytes, &mut record)? == 1;
        record = next.max(record);
    }
    Some(Some(Member { name, size, is_stored: packing >> 7 & 7 == 0, is_encrypted }))
}
