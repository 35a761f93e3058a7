//! Unpacking one member of a ZIP archive: by the method that its header tells, and by the others
//! where that one lies.
//!
//! Touches nothing. A member that its checksum does not confirm is tried in the other ways, since
//! some readers do (attacks.md ARC-05). Encrypted members are tried with the passwords that the
//! message gives.

use std::io::{BufReader, Cursor, Read};

use flate2::Crc;
use flate2::read::DeflateDecoder;
use posthouse_types::Finding;

use super::zip::Entry;
use crate::budget::{Budget, Cost};
use crate::bytes::{slice, u16_le};
use crate::examine::{Examiner, Got, Place};
use crate::findings as kinds;
use crate::types::ZIP;

/// Octets of `[Content_Types].xml` that are read.
const BEGINNING_BYTES: u64 = 64 * 1024;

/// Examines one member.
pub(super) fn member<'b>(
    examiner: &mut Examiner<'_>,
    place: &Place,
    bytes: &'b [u8],
    entry: &Entry,
    locks: &mut Locks<'b>,
) {
    let data = entry.data(bytes);
    let mut names = vec![entry.name.as_str()];
    names.extend(entry.other_name.as_deref());
    if entry.is_encrypted() {
        return encrypted(examiner, place, bytes, entry, locks);
    }
    if data.len() as u64 != entry.packed {
        examiner.unreadable(place, &ZIP);
    }
    let window = examiner.window_bytes_max(place);
    let declared = by_method(entry.method, data, entry.size, window);
    let confirmed = match declared {
        Some((reader, cost)) => {
            let mut checked = Checked { inner: reader, crc: Crc::new() };
            let got = examiner.member(place, &names, &mut checked, cost);
            got == Got::All && checked.crc.sum() == entry.crc
        }
        None => false,
    };
    if confirmed || examiner.budget.is_gone {
        return;
    }
    let others = [8, 0].into_iter().filter(|method| *method != entry.method);
    for method in others {
        let Some((reader, cost)) = by_method(method, data, entry.size, window) else { continue };
        // First alone: only what unpacks to something is another reading.
        let mut checked = Checked { inner: reader, crc: Crc::new() };
        let trial = examiner.budget.inflate(&mut checked, cost);
        examiner.budget.release(trial.bytes.len());
        let other_way = checked.crc.sum() == entry.crc || (method == 8 && !trial.is_damaged);
        if !other_way || trial.size == 0 || examiner.budget.is_gone {
            continue;
        }
        let finding = Finding::of(&kinds::METHOD_LIES).with("file", &place.shown());
        examiner.say(finding.with("member", &entry.name));
        if let Some((mut reader, cost)) = by_method(method, data, entry.size, window) {
            examiner.member(place, &names, &mut reader, cost);
        }
        return;
    }
    examiner.unreadable(place, &ZIP);
}

/// The beginning of a member, for what it says about the archive.
pub(super) fn beginning(budget: &mut Budget, bytes: &[u8], entry: &Entry) -> String {
    let Some((reader, cost)) = by_method(entry.method, entry.data(bytes), entry.size, 1 << 20)
    else {
        return String::new();
    };
    let read = budget.inflate(&mut reader.take(BEGINNING_BYTES), cost);
    budget.release(read.bytes.len());
    String::from_utf8_lossy(&read.bytes).into_owned()
}

type Reader<'b> = (Box<dyn Read + 'b>, Cost);

/// A decoder by the method's number (APPNOTE 4.4.5); none for those that are not known.
fn by_method(method: u16, data: &[u8], size: u64, window: u32) -> Option<Reader<'_>> {
    Some(match method {
        0 => (Box::new(data), Cost::Stored),
        8 => (Box::new(DeflateDecoder::new(data)), Cost::Fast),
        9 => (Box::new(deflate64::Deflate64Decoder::with_buffer(BufReader::new(data))), Cost::Fast),
        12 => (Box::new(bzip2::read::BzDecoder::new(data)), Cost::Slowest),
        14 => (lzma(data, size, window)?, Cost::Slow),
        20 | 93 => (super::packed::zstandard(data, window)?, Cost::Fast),
        95 => (super::packed::xz(data, window), Cost::Slow),
        _ => return None,
    })
}

/// LZMA in ZIP: a version, the length of the properties, the properties (APPNOTE 5.8.8).
fn lzma(data: &[u8], size: u64, window: u32) -> Option<Box<dyn Read + '_>> {
    let length = usize::from(u16_le(data, 2)?);
    let properties = slice(data, 4, length);
    let dictionary = crate::bytes::u32_le(properties, 1)?;
    let reader = lzma_rust2::LzmaReader::new_with_props(
        data.get(4 + length..)?,
        size,
        *properties.first()?,
        dictionary.min(window),
        None,
    );
    Some(Box::new(reader.ok()?))
}

/// Passes octets through and sums them up.
struct Checked<R> {
    inner: R,
    crc: Crc,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let got = self.inner.read(buffer)?;
        self.crc.update(buffer.get(..got).unwrap_or_default());
        Ok(got)
    }
}

/// What is known of an archive's passwords.
#[derive(Default)]
pub(super) struct Locks<'b> {
    archive: Option<zip::ZipArchive<Cursor<&'b [u8]>>>,
    /// The one that opened a member: it comes first for the next.
    right: Option<String>,
    /// None opened the first member: it is not tried again.
    in_vain: bool,
}

/// Tries the message's passwords; what stays locked is listed by its name.
fn encrypted<'b>(
    examiner: &mut Examiner<'_>,
    place: &Place,
    bytes: &'b [u8],
    entry: &Entry,
    locks: &mut Locks<'b>,
) {
    let passwords = match (&locks.right, locks.in_vain) {
        (Some(right), _) => vec![right.clone()],
        (None, true) => Vec::new(),
        (None, false) => examiner.passwords().to_vec(),
    };
    examiner.says(&kinds::ENCRYPTED, place);
    if !examiner.passwords().is_empty() {
        examiner.says(&kinds::PASSWORD_GIVEN, place);
    }
    if locks.archive.is_none() && !passwords.is_empty() {
        locks.archive = zip::ZipArchive::new(Cursor::new(bytes)).ok();
    }
    // Deriving a key for AES takes a thousand hashes.
    const KEY_WORK: u64 = 1_000_000;
    for password in passwords {
        if !examiner.budget.work(KEY_WORK) {
            return examiner.bomb(place);
        }
        let Some(archive) = &mut locks.archive else { break };
        let opened = decrypt(&mut examiner.budget, archive, entry, password.as_bytes());
        if let Some(opened) = opened {
            locks.right = Some(password);
            return examiner.inside(place, &entry.name, &opened);
        }
    }
    locks.in_vain |= locks.right.is_none();
    examiner.locked(place, &entry.name, entry.size, true);
}

/// The octets where the password is right: the cipher and the checksum both agree.
fn decrypt(
    budget: &mut Budget,
    archive: &mut zip::ZipArchive<Cursor<&[u8]>>,
    entry: &Entry,
    password: &[u8],
) -> Option<Vec<u8>> {
    let index = archive.index_for_name(&entry.name)?;
    let mut file = archive.by_index_decrypt(index, password).ok()?;
    let cost = if entry.method == 8 || entry.method == 0 { Cost::Fast } else { Cost::Slowest };
    let read = budget.inflate(&mut file, cost);
    budget.release(read.bytes.len());
    (!read.is_damaged && read.is_whole).then_some(read.bytes)
}
