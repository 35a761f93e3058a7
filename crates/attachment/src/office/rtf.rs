//! RTF: embedded objects in hexadecimal, also where odd control words stand between the digits.
//!
//! Touches nothing. Reads as Word does: whatever is no digit inside `\objdata` is passed over.

use memchr::memmem;
use posthouse_types::Finding;

use super::storage;
use crate::bytes::{has, slice, u32_le};
use crate::encoded;
use crate::examine::{Examiner, Place};
use crate::findings as kinds;
use crate::types::magic::OLE_MAGIC;

/// Objects that are looked at.
const OBJECTS_MAX: usize = 200;

/// Looks into a document.
pub(super) fn open(examiner: &mut Examiner<'_>, place: &Place, bytes: &[u8]) {
    let mut ended = 0;
    for at in memmem::find_iter(bytes, b"\\objdata").take(OBJECTS_MAX) {
        if at < ended {
            continue; // Inside the last one: one of the odd words.
        }
        if !examiner.budget.work(bytes.len() as u64 / 64) {
            return examiner.bomb(place);
        }
        let object = object(bytes, at + 8);
        ended = object.end;
        if object.is_odd {
            examiner.says(&kinds::RTF_OBFUSCATED, place);
        }
        embedded(examiner, place, &object.bytes);
        if examiner.budget.is_gone {
            return examiner.bomb(place);
        }
    }
    if let Some(target) = template(bytes) {
        let finding = Finding::of(&kinds::REMOTE_TEMPLATE).with("file", &place.shown());
        examiner.say(finding.with("target", &target));
    }
    for at in memmem::find_iter(bytes, b"\\fldinst").take(1000) {
        let field: Vec<u8> = slice(bytes, at + 8, 400)
            .iter()
            .copied()
            .filter(|octet| !matches!(octet, b'{' | b'}' | b'\r' | b'\n'))
            .collect();
        let text = String::from_utf8_lossy(&field).into_owned();
        let upper = text.to_ascii_uppercase();
        if let Some(from) =
            upper.find("DDEAUTO").or_else(|| upper.find("DDE \"")).filter(|from| *from < 100)
        {
            let command = text.get(from..).unwrap_or_default();
            let finding = Finding::of(&kinds::DDE).with("file", &place.shown());
            examiner.say(finding.with("command", command));
        }
    }
}

/// The digits of one object.
struct Object {
    bytes: Vec<u8>,
    /// Where the group ends.
    end: usize,
    /// Control words or groups stood between the digits.
    is_odd: bool,
}

fn object(bytes: &[u8], start: usize) -> Object {
    let (mut at, mut depth) = (start, 0_usize);
    let mut digits = Vec::new();
    let mut is_odd = false;
    while let Some(&octet) = bytes.get(at) {
        match octet {
            b'}' if depth == 0 => break,
            b'}' => depth -= 1,
            b'{' => {
                depth += 1;
                is_odd |= !digits.is_empty();
            }
            b'\\' => {
                is_odd |= !digits.is_empty();
                // A symbol has one character; a word is letters, and perhaps a number.
                let word = bytes.get(at + 1..).unwrap_or_default();
                let letters =
                    word.iter().take(32).take_while(|octet| octet.is_ascii_alphabetic()).count();
                let number = word
                    .iter()
                    .skip(letters)
                    .take(16)
                    .take_while(|octet| octet.is_ascii_digit() || **octet == b'-')
                    .count();
                if slice(word, 0, letters) == b"bin" {
                    let length = std::str::from_utf8(slice(word, letters, number)).ok();
                    let length =
                        length.and_then(|length| length.parse::<usize>().ok()).unwrap_or(0);
                    let from = at + 1 + letters + number + 1;
                    // As digits, so that one decoder makes the object.
                    for octet in slice(bytes, from, length) {
                        digits.extend(format!("{octet:02x}").into_bytes());
                    }
                    at = from.saturating_add(length);
                    continue;
                }
                at += if letters == 0 { 1 } else { letters + number };
            }
            digit if digit.is_ascii_hexdigit() => digits.push(digit),
            _ => {}
        }
        at += 1;
    }
    Object { bytes: encoded::hexadecimal(digits.into_iter()), end: at, is_odd }
}

/// An object of OLE 1: version, kind, class, topic, item, octets (MS-OLEDS 2.2).
fn embedded(examiner: &mut Examiner<'_>, place: &Place, object: &[u8]) {
    let class = u32_le(object, 8).map(|length| slice(object, 12, (length as usize).min(64)));
    let class = String::from_utf8_lossy(class.unwrap_or_default()).to_ascii_lowercase();
    let lower = object.to_ascii_lowercase();
    if class.starts_with("equation") || memmem::find(slice(&lower, 0, 128), b"equation").is_some() {
        examiner.say(Finding::of(&kinds::EQUATION).weighing(4.5).with("file", &place.shown()));
    }
    if class.starts_with("package") {
        let data = native(object).unwrap_or_default();
        // The same layout as in a compound file, without the length before it.
        if has(data, 0, b"\x02\0") {
            let with_length = [(data.len() as u32).to_le_bytes().as_slice(), data].concat();
            storage::package(examiner, place, &with_length);
        }
    }
    match memmem::find(object, OLE_MAGIC) {
        Some(at) => examiner.inside(place, "", slice(object, at, object.len())),
        None if !object.is_empty() => examiner.inside(place, "", native(object).unwrap_or(object)),
        None => {}
    }
    let finding = Finding::of(&kinds::EMBEDDED_OBJECT).with("file", &place.shown());
    let name = class.trim_end_matches('\0');
    examiner.say(finding.with("name", if name.is_empty() { "object" } else { name }));
}

/// What stands behind the three names.
fn native(object: &[u8]) -> Option<&[u8]> {
    let mut at = 8;
    for _ in 0..3 {
        at = u32_le(object, at)? as usize + at + 4;
    }
    let length = u32_le(object, at)? as usize;
    Some(slice(object, at + 4, length))
}

/// `\*\template` with an address.
fn template(bytes: &[u8]) -> Option<String> {
    memmem::find_iter(bytes, b"\\template").take(16).find_map(|at| {
        let text = slice(bytes, at + 9, 512).split(|octet| *octet == b'}').next()?;
        let text = String::from_utf8_lossy(text).trim().to_owned();
        let lower = text.to_ascii_lowercase();
        (lower.starts_with("http") || text.starts_with("\\\\")).then_some(text)
    })
}
