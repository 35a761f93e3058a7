//! Archives and disk images, opened in memory.
//!
//! Touches nothing: members are streamed through the examiner's budget, and never have a path.
//! One file a format. What cannot be opened is said, with the names where they can be listed.

mod cab;
mod disk;
mod packed;
mod packed_lzw;
mod rar;
mod seven;
pub(crate) mod tar;
pub(crate) mod zip;
mod zip_read;

use crate::examine::{Examiner, Place};
use crate::types::{Family, FileKind};

/// This room knows how to look into it.
pub(crate) fn opens(kind: &FileKind) -> bool {
    matches!(kind.family, Family::Archive | Family::DiskImage) || matches!(kind.name, "deb" | "rpm")
}

/// Opens everything but ZIP, which [`zip::open`] does, as it may hide in any other file.
pub(crate) fn open(
    examiner: &mut Examiner<'_>,
    place: &Place,
    bytes: &[u8],
    kind: &'static FileKind,
) {
    if examiner.budget.is_gone && opens(kind) {
        return examiner.bomb(place);
    }
    match kind.name {
        "gz" | "bz2" | "xz" | "lzma" | "zst" | "z" => packed::open(examiner, place, bytes, kind),
        "tar" => tar::open(examiner, place, bytes),
        "7z" => seven::open(examiner, place, bytes),
        "rar" => rar::open(examiner, place, bytes),
        "cab" => cab::open(examiner, place, bytes),
        "iso" | "img" | "vhd" => disk::open(examiner, place, bytes, kind),
        "deb" | "lib" => tar::open_ar(examiner, place, bytes),
        "rev" | "arj" | "ace" | "lzh" | "cpio" | "uif" | "dmg" | "rpm" => {
            examiner.unreadable(place, kind);
        }
        _ => {}
    }
}

/// A member's name that leads out of the folder that one unpacks to. It harms nobody here.
pub(crate) fn escapes(name: &str) -> bool {
    let name = name.replace('\\', "/");
    name.starts_with('/')
        || name.split('/').any(|step| step == "..")
        || name.get(1..3) == Some(":/")
        || name.contains('\0')
}
