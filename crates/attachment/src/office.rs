//! Office documents: macros, embedded objects, fields and links that run or fetch something.
//!
//! Touches nothing. One file a format.

use crate::examine::{Examiner, Place};
use crate::types::FileKind;

/// This room knows how to look into it.
pub(crate) fn opens(kind: &FileKind) -> bool {
    let _ = kind;
    false
}

/// Looks into a document.
pub(crate) fn open(
    examiner: &mut Examiner<'_>,
    place: &Place,
    bytes: &[u8],
    kind: &'static FileKind,
) {
    let _ = (examiner, place, bytes, kind);
}
