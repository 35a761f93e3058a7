//! What else carries something that runs: pages, PDF, shortcuts, OneNote, and files in text.
//!
//! Touches nothing. One file a format.

mod onenote;
mod page;
mod pdf;
mod shortcut;
mod text;

use crate::examine::{Examiner, Place};
use crate::types::{Family, FileKind};

/// Looks into one.
pub(crate) fn open(
    examiner: &mut Examiner<'_>,
    place: &Place,
    bytes: &[u8],
    kind: &'static FileKind,
) {
    match kind.name {
        "pdf" => pdf::open(examiner, place, bytes),
        "lnk" => shortcut::open(examiner, place, bytes),
        "url" => shortcut::open_url(examiner, place, bytes),
        "one" => onenote::open(examiner, place, bytes),
        "html" | "svg" | "hta" => page::open(examiner, place, bytes, kind),
        _ => {}
    }
    if matches!(kind.family, Family::Text | Family::Page | Family::Script) {
        text::open(examiner, place, bytes);
    }
}
