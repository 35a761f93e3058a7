//! Compound files (MS-CFB): macros, embedded objects, encrypted documents, files in streams.
//!
//! Touches nothing. Every stream is read within the budget; what is a file by its content is
//! examined as one, so that installers and stored messages show what they carry.

use std::io::Cursor;

use memchr::{memchr, memmem};
use posthouse_types::Finding;

use super::sheet;
use super::vba::{self, Acts};
use crate::budget::{Cost, Inflated};
use crate::bytes::{has, slice, u16_le, u32_le};
use crate::examine::{Examiner, Place};
use crate::findings as kinds;
use crate::types::{Family, FileKind, detect};

/// Streams that are read: installers have some hundred, mails of Outlook a few thousand.
const STREAMS_MAX: usize = 5000;
/// {0002CE02-0000-0000-C000-000000000046}, Microsoft Equation 3.0.
const EQUATION: &[u8] = b"\x02\xce\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";

/// What was found on the way.
#[derive(Default)]
struct Seen {
    has_macros: bool,
    acts: Acts,
    offsets: Vec<u32>,
}

/// Looks into one.
pub(super) fn open(
    examiner: &mut Examiner<'_>,
    place: &Place,
    bytes: &[u8],
    kind: &'static FileKind,
) {
    let mut seen = Seen::default();
    if streams(examiner, place, bytes, &mut seen).is_none() {
        examiner.out.is_complete = false;
        examiner.says(&kinds::DAMAGED_DOCUMENT, place);
    }
    // Also outside of the streams that are listed: Office repairs what we do not.
    if !seen.has_macros {
        for at in memmem::find_iter(bytes, b"\0Attribut\0e ").take(100) {
            let Some(source) = at.checked_sub(3).and_then(|at| vba::decompress(bytes.get(at..)?))
            else {
                continue;
            };
            seen.has_macros = true;
            if examiner.budget.work(source.len() as u64 * vba::WORK_EACH) {
                seen.acts.read(&source);
            }
        }
    }
    if memmem::find(bytes, EQUATION).is_some() {
        examiner.says(&kinds::EQUATION, place);
    }
    if seen.has_macros || kind.family == Family::MacroDocument {
        macros(examiner, place, seen.acts);
    }
}

fn macros(examiner: &mut Examiner<'_>, place: &Place, acts: Acts) {
    let file = place.shown();
    let of = |kind| Finding::of(kind).with("file", &file);
    examiner.say(of(&kinds::MACROS));
    if let (Some(automatic), Some(starts), Some(fetches)) =
        (acts.automatic, acts.starts, acts.fetches)
    {
        let call = format!("{}, {}", fetches.trim(), starts.trim());
        examiner.say(of(&kinds::MACRO_DOWNLOADS).with("name", automatic).with("call", &call));
        return;
    }
    if let Some(name) = acts.automatic {
        examiner.say(of(&kinds::MACRO_RUNS).with("name", name));
    }
    if let Some(call) = acts.starts.or(acts.fetches).or(acts.hides) {
        examiner.say(of(&kinds::MACRO_SUSPICIOUS).with("name", call.trim()));
    }
}

/// Reads every stream; none where the file system of it is damaged.
fn streams(
    examiner: &mut Examiner<'_>,
    place: &Place,
    bytes: &[u8],
    seen: &mut Seen,
) -> Option<()> {
    let mut file = cfb::OpenOptions::new().open_with(Cursor::new(bytes)).ok()?;
    let mut entries: Vec<(std::path::PathBuf, String, u64)> = file
        .walk()
        .take(STREAMS_MAX)
        .filter(|entry| entry.is_stream())
        .map(|entry| (entry.path().to_path_buf(), entry.name().to_owned(), entry.len()))
        .collect();
    // The directory of modules comes before the modules.
    entries.sort_by_key(|(_, name, _)| name != "dir");
    let mut is_whole = true;
    for (path, name, length) in entries {
        if !examiner.budget.member() {
            examiner.bomb(place);
            break;
        }
        // A stream is never longer than its file.
        if length > bytes.len() as u64 {
            is_whole = false;
        }
        let Ok(mut stream) = file.open_stream(&path) else {
            is_whole = false;
            continue;
        };
        let read = examiner.budget.inflate(&mut stream, Cost::Stored);
        is_whole &= !read.is_damaged;
        one(examiner, place, &name, &read, seen);
        examiner.budget.release(read.bytes.len());
        if examiner.budget.is_gone {
            examiner.bomb(place);
            break;
        }
    }
    is_whole.then_some(())
}

/// One stream, by its name and content.
fn one(examiner: &mut Examiner<'_>, place: &Place, name: &str, read: &Inflated, seen: &mut Seen) {
    let bytes = read.bytes.as_slice();
    match name {
        "dir" => {
            if let Some(dir) = vba::decompress(bytes) {
                seen.has_macros = true;
                seen.offsets = vba::offsets(&dir);
            }
        }
        "\u{1}Ole10Native" => package(examiner, place, bytes),
        "EncryptedPackage" => {
            examiner.out.is_complete = false;
            examiner.says(&kinds::ENCRYPTED_DOCUMENT, place);
        }
        "Workbook" | "Book" => {
            let workbook = sheet::workbook(bytes);
            if workbook.has_macro_sheet {
                examiner.says(&kinds::EXCEL4, place);
            }
            if workbook.is_encrypted {
                examiner.out.is_complete = false;
                examiner.says(&kinds::ENCRYPTED_DOCUMENT, place);
            }
        }
        "WordDocument" => word(examiner, place, bytes),
        _ => {}
    }
    if let Some(source) = vba::source(bytes, &seen.offsets)
        && vba::is_source(&source)
        && examiner.budget.work(source.len() as u64 * vba::WORK_EACH)
    {
        seen.has_macros = true;
        seen.acts.read(&source);
    }
    let kind = detect(bytes);
    let known = !matches!(kind.family, Family::Unknown | Family::Text | Family::Media);
    if known && kind.name != "com" || read.needles.eicar || read.needles.gtube {
        // Windows Installer writes names in a code of its own; they say nothing here.
        let name: String = name.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').collect();
        examiner.inside(place, &name, bytes);
    }
}

/// Word's old format: fields stand in the text behind U+0013, and a bit says encrypted (MS-DOC 2.5.2).
fn word(examiner: &mut Examiner<'_>, place: &Place, bytes: &[u8]) {
    if u16_le(bytes, 10).is_some_and(|flags| flags & 0x100 != 0) {
        examiner.out.is_complete = false;
        examiner.says(&kinds::ENCRYPTED_DOCUMENT, place);
    }
    let narrow = memmem::find_iter(bytes, b"DDE").map(|at| (at, slice(bytes, at, 200).to_vec()));
    let wide = memmem::find_iter(bytes, b"D\0D\0E\0")
        .map(|at| (at, slice(bytes, at, 400).iter().step_by(2).copied().collect::<Vec<u8>>()));
    for (at, text) in narrow.chain(wide).take(1000) {
        let before = slice(bytes, at.saturating_sub(8), 8.min(at));
        let ends = text.iter().position(|octet| matches!(octet, 0x14 | 0x15 | b'\r'));
        let text =
            String::from_utf8_lossy(slice(&text, 0, ends.unwrap_or(text.len()))).into_owned();
        if before.contains(&0x13)
            && let Some(command) = sheet::dde(&text)
        {
            let finding = Finding::of(&kinds::DDE).with("file", &place.shown());
            return examiner.say(finding.with("command", command));
        }
    }
}

/// A file that was put into a document by "Insert object": names, then the file.
pub(super) fn package(examiner: &mut Examiner<'_>, place: &Place, bytes: &[u8]) {
    let Some((name, file)) = packaged(bytes) else {
        return;
    };
    let finding = Finding::of(&kinds::EMBEDDED_OBJECT).with("file", &place.shown());
    examiner.say(finding.with("name", &name));
    examiner.inside(place, &name, file);
}

/// Length, 2, label, path, 3, path's length, path, length, octets; strings end with NUL.
fn packaged(bytes: &[u8]) -> Option<(String, &[u8])> {
    let mut at = 6;
    if !has(bytes, 4, b"\x02\0") {
        return Some((String::new(), bytes.get(4..)?)); // The equation editor's: only octets.
    }
    let mut text = || {
        let rest = bytes.get(at..)?;
        let length = memchr(0, rest)?;
        at += length + 1;
        Some(slice(rest, 0, length).iter().map(|&octet| char::from(octet)).collect::<String>())
    };
    let label = text()?;
    text()?;
    at += 4;
    let path_length = u32_le(bytes, at)? as usize;
    at = at.checked_add(4)?.checked_add(path_length)?;
    let length = u32_le(bytes, at)? as usize;
    Some((label, slice(bytes, at + 4, length)))
}
