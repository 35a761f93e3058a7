//! Files that stand as text in a page, a script or a letter.
//!
//! Touches nothing. A picture in a page is not news; an archive, a program or a test file is.

use posthouse_types::Finding;

use crate::encoded;
use crate::examine::{Examiner, Place};
use crate::findings as kinds;
use crate::signature::Needles;
use crate::types::{Family, detect};

/// The shortest run of base64 that is decoded: a file of 45 octets.
const DIGITS_MIN: usize = 60;
/// Runs that are decoded.
const RUNS_MAX: usize = 256;

/// Decodes what is encoded, and examines what it is.
pub(super) fn open(examiner: &mut Examiner<'_>, place: &Place, bytes: &[u8]) {
    if place.depth >= examiner.limits.depth_max || !examiner.budget.work(bytes.len() as u64 * 2) {
        return;
    }
    if memchr::memmem::find(bytes, b"begin ").is_some() {
        encoded::uuencoded(bytes, |name, file| {
            examiner.inside(place, name, file);
            !examiner.budget.is_gone
        });
    }
    for run in encoded::base64_runs(bytes, DIGITS_MIN).take(RUNS_MAX) {
        let decoded = encoded::base64(run);
        let kind = detect(&decoded);
        let needles = Needles::search(&decoded);
        let hides = matches!(
            kind.family,
            Family::Program
                | Family::Archive
                | Family::DiskImage
                | Family::Shortcut
                | Family::Document
                | Family::MacroDocument
                | Family::Page
                | Family::Script
        );
        // Text in base64 may hold the same again.
        let again = kind.family == Family::Text
            && encoded::base64_runs(&decoded, DIGITS_MIN).next().is_some();
        // DOS programs are known by likelihood only, and this may be any data.
        let hides = hides && kind.name != "com";
        if hides && !place.is_message_text {
            let finding = Finding::of(&kinds::HIDDEN_FILE).with("file", &place.shown());
            examiner.say(finding.with("kind", kind.name));
        }
        if hides || again || needles.eicar || needles.gtube {
            examiner.inside(place, "", &decoded);
        }
        if examiner.budget.is_gone {
            return examiner.bomb(place);
        }
    }
}
