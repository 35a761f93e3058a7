//! OneNote: the files that lie in a page (MS-ONESTORE 2.6.13, FileDataStoreObject).
//!
//! Touches nothing. Each is found by its identifier, wherever it stands.

use memchr::memmem;
use posthouse_types::Finding;

use crate::bytes::{slice, u64_le};
use crate::examine::{Examiner, Place};
use crate::findings as kinds;
use crate::types::{Family, detect};

/// {BDE316E7-2665-4511-A4C4-8D4D0B7A9EAC}
const FILE: &[u8] = b"\xe7\x16\xe3\xbd\x65\x26\x11\x45\xa4\xc4\x8d\x4d\x0b\x7a\x9e\xac";
/// Files that are looked at.
const FILES_MAX: usize = 1000;

/// Opens every file in the page.
pub(super) fn open(examiner: &mut Examiner<'_>, place: &Place, bytes: &[u8]) {
    for at in memmem::find_iter(bytes, FILE).take(FILES_MAX) {
        // The length, four unused octets, eight reserved ones, the file.
        let Some(length) = u64_le(bytes, at + 16) else { break };
        let file = slice(bytes, at + 36, usize::try_from(length).unwrap_or(usize::MAX));
        let kind = detect(file);
        let runs = matches!(
            kind.family,
            Family::Program | Family::Script | Family::Shortcut | Family::Page
        );
        if runs {
            let finding = Finding::of(&kinds::ONENOTE_EMBEDS).with("file", &place.shown());
            examiner.say(finding.with("name", kind.name));
        }
        examiner.inside(place, "", file);
        if examiner.budget.is_gone {
            return examiner.bomb(place);
        }
    }
}
