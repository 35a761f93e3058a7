//! Attached pages and pictures that the browser opens: scripts, and files put together there.
//!
//! Touches nothing. The message's own HTML is another room's affair (`content`).

use crate::bytes::{as_text, slice};
use crate::examine::{Examiner, Place};
use crate::findings as kinds;
use crate::types::FileKind;

/// What is read of a page for words: scripts of smuggled files are long, their ends are not.
const EDGE_BYTES: usize = 512 * 1024;

/// Words of scripts that turn text into octets.
const DECODES: &[&str] =
    &["atob(", "fromcharcode", "charcodeat", "unescape(", "frombase64", "decodeuricomponent("];
/// Words of scripts that make a file of octets.
const MAKES: &[&str] = &[
    "new blob",
    "createobjecturl",
    "mssaveoropenblob",
    "mssaveblob",
    "data:application",
    "uint8array",
    "new file(",
    "window[\"blob\"]",
    "window['blob']",
];
/// Words of scripts that have a file saved.
const SAVES: &[&str] = &[
    ".download",
    "download=",
    "\"download\"",
    "'download'",
    "mssave",
    "saveas(",
    "showsavefilepicker",
];

/// Looks for scripts.
pub(super) fn open(examiner: &mut Examiner<'_>, place: &Place, bytes: &[u8], kind: &FileKind) {
    /// What reading an octet costs, in nanoseconds.
    const WORK_EACH: u64 = 15;
    if place.is_message_text {
        return;
    }
    if !examiner.budget.work(bytes.len().min(2 * EDGE_BYTES) as u64 * WORK_EACH) {
        return examiner.bomb(place);
    }
    let mut text = as_text(slice(bytes, 0, EDGE_BYTES));
    if bytes.len() > EDGE_BYTES {
        let from = bytes.len().saturating_sub(EDGE_BYTES).max(EDGE_BYTES);
        text.push_str(&as_text(slice(bytes, from, EDGE_BYTES)));
    }
    let text = text.to_ascii_lowercase();
    let holds = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let script = holds(&[
        "<script",
        "javascript:",
        "vbscript:",
        " onload=",
        " onerror=",
        "\nonload=",
        " onclick=",
        " onbegin=",
    ]);
    if !script {
        return;
    }
    let (decodes, makes, saves) = (holds(DECODES), holds(MAKES), holds(SAVES));
    if makes && (saves || decodes) {
        examiner.says(&kinds::SMUGGLING, place);
    }
    let finding = if kind.name == "svg" { &kinds::SVG_SCRIPT } else { &kinds::PAGE_SCRIPT };
    examiner.says(finding, place);
}
