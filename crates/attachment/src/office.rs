//! Office documents: macros, embedded objects, fields and links that run or fetch something.
//!
//! Touches nothing. One file a format: compound files, the parts of Office Open XML, RTF; the
//! language of macros in `vba`.

mod ooxml;
mod rtf;
mod sheet;
mod storage;
mod vba;

use crate::examine::{Examiner, Place};
use crate::types::FileKind;
use crate::types::magic::OLE_MAGIC;

/// This room knows how to look into it.
pub(crate) fn opens(kind: &FileKind) -> bool {
    matches!(
        kind.name,
        "ole" | "doc" | "xls" | "ppt" | "msg" | "msi" | "msp" | "mst" | "msc" | "rtf"
    )
}

/// Looks into a document, or into a part of one.
pub(crate) fn open(
    examiner: &mut Examiner<'_>,
    place: &Place,
    bytes: &[u8],
    kind: &'static FileKind,
) {
    if bytes.starts_with(OLE_MAGIC) {
        storage::open(examiner, place, bytes, kind);
    } else if kind.name == "rtf" {
        rtf::open(examiner, place, bytes);
    }
    if place.depth > 0 {
        ooxml::part(examiner, place, bytes);
    }
    if place.names.iter().any(|name| name.to_ascii_lowercase().ends_with(".csv")) {
        sheet::formulas(examiner, place, bytes);
    }
}
