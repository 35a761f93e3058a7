//! 7z, through `sevenz-rust2`: LZMA, LZMA2, bzip2, DEFLATE and the usual filters.
//!
//! Touches nothing, and uses no further thread. Encrypted ones are listed where their header is
//! open.

use std::io::Cursor;

use sevenz_rust2::{ArchiveReader, EntryDecision, Error, Password};

use crate::budget::Cost;
use crate::examine::{Examiner, Place};
use crate::findings as kinds;
use crate::types::SEVEN_ZIP;

/// Opens every member.
pub(super) fn open(examiner: &mut Examiner<'_>, place: &Place, bytes: &[u8]) {
    let limit_kb = examiner.window_bytes_max(place) as usize / 1024 + 1024;
    let source = Cursor::new(bytes);
    let mut reader = match ArchiveReader::new_with_memory_limit(source, Password::empty(), limit_kb)
    {
        Ok(reader) => reader,
        Err(error) => return failed(examiner, place, &error),
    };
    reader.set_thread_count(1);
    let entries = &reader.archive().files;
    let listed: Vec<(String, u64)> = entries
        .iter()
        .filter(|entry| !entry.is_directory())
        .map(|entry| (entry.name().to_owned(), entry.size()))
        .collect();
    let mut read = 0;
    let result = reader.for_each_entries_with_decision(|entry, from| {
        if entry.is_directory() {
            return Ok(EntryDecision::Continue);
        }
        read += 1;
        examiner.member(place, &[entry.name()], from, Cost::Slow);
        Ok(if examiner.budget.is_gone { EntryDecision::Stop } else { EntryDecision::Continue })
    });
    if let Err(error) = result {
        failed(examiner, place, &error);
        let is_encrypted = needs_password(&error);
        for (name, size) in listed.iter().skip(if is_encrypted { 0 } else { read }) {
            examiner.locked(place, name, *size, is_encrypted);
        }
    }
}

fn needs_password(error: &Error) -> bool {
    match error {
        Error::PasswordRequired | Error::MaybeBadPassword(_) => true,
        Error::UnsupportedCompressionMethod(name) => name.to_ascii_uppercase().contains("AES"),
        _ => false,
    }
}

fn failed(examiner: &mut Examiner<'_>, place: &Place, error: &Error) {
    if needs_password(error) {
        examiner.out.is_complete = false;
        examiner.says(&kinds::ENCRYPTED, place);
        if !examiner.passwords().is_empty() {
            examiner.says(&kinds::PASSWORD_GIVEN, place);
        }
    } else {
        examiner.unreadable(place, &SEVEN_ZIP);
    }
}
