//! What a file's names, its declared type and its content say together.
//!
//! Touches nothing. The content is what it is; a name or a declaration that says otherwise is a
//! lie or a mistake, and weighs by what the lie would hide.

use posthouse_types::Finding;

use crate::examine::{Examiner, Place};
use crate::findings as kinds;
use crate::names::{self, Name};
use crate::types::{Family, FileKind, by_extension};

/// Judges the names of one file against its content.
pub(crate) fn names(examiner: &mut Examiner<'_>, place: &Place, looked: &[Name], kind: &FileKind) {
    let file = place.shown();
    let of =
        |finding: &'static posthouse_types::FindingKind| Finding::of(finding).with("file", &file);
    for name in looked {
        let runs = name.extensions.iter().any(|extension| names::runs(extension));
        let hides = runs || is_program(kind);
        if name.is_turned {
            examiner.say(of(&kinds::TURNED_NAME).weighing(if hides { 6.0 } else { 1.5 }));
        }
        if name.is_double {
            examiner.say(of(&kinds::DOUBLE_EXTENSION));
        }
        if name.has_tail && hides {
            examiner.say(of(&kinds::NAME_TAIL));
        }
        if name.is_long {
            examiner.say(of(&kinds::LONG_NAME));
        }
        if let Some(finding) = name.extensions.first().and_then(|shown| mismatch(shown, kind)) {
            examiner.say(finding.with("file", &file).with("kind", kind.name));
        }
    }
    declared(examiner, place, kind);
    let runs = looked.iter().flat_map(|name| &name.extensions).find(|one| names::runs(one));
    // Sources of programs are text to read; only what the desktop would run counts.
    let extension = looked.iter().find_map(|name| name.extensions.first());
    let opens = extension.is_none_or(|one| names::is_harmless(one) || kind.fits(one));
    let program = is_program(kind)
        || kind.family == Family::Shortcut
        || (kind.family == Family::Script && kind.name != "sh" && opens);
    if program || runs.is_some() {
        let shown = if program { kind.name } else { runs.map_or(kind.name, String::as_str) };
        let finding = if place.depth == 0 { &kinds::PROGRAM } else { &kinds::PROGRAM_IN_ARCHIVE };
        examiner.say(of(finding).with("kind", shown));
    }
    if kind.family == Family::DiskImage {
        examiner.say(of(&kinds::DISK_IMAGE));
    }
}

/// The content is not what the extension says.
fn mismatch(shown: &str, kind: &FileKind) -> Option<Finding> {
    if kind.fits(shown) || kind.family == Family::Unknown {
        return None;
    }
    let known = by_extension(shown);
    if known.is_none() && !names::is_harmless(shown) {
        return None;
    }
    let finding =
        |weight: f32| Some(Finding::of(&kinds::MISMATCH).weighing(weight).with("shown", shown));
    match kind.family {
        Family::Program if is_certain(kind) && names::is_harmless(shown) => {
            Some(Finding::of(&kinds::DISGUISED).with("shown", shown))
        }
        Family::Program | Family::Shortcut => finding(3.0),
        // A listing of a program is text, too.
        Family::Script if shown == "txt" => finding(0.8),
        Family::Script if names::is_harmless(shown) => finding(2.0),
        Family::MacroDocument => finding(3.0),
        Family::DiskImage => finding(2.5),
        // A text called anything, and a picture in another format, are everyday mistakes.
        Family::Text | Family::Unknown => None,
        Family::Media if known.is_none_or(|known| known.family == Family::Media) => None,
        Family::Page if matches!(shown, "doc" | "xls" | "csv") => finding(0.8),
        Family::Archive if names::is_harmless(shown) => finding(2.0),
        Family::Document if known.is_some_and(|known| known.family == Family::Document) => {
            finding(0.5)
        }
        _ => finding(1.2),
    }
}

/// The content is not what Content-Type says.
fn declared(examiner: &mut Examiner<'_>, place: &Place, kind: &FileKind) {
    let media_type = place.media_type.as_str();
    let harmless =
        ["image/", "audio/", "video/", "text/"].iter().any(|top| media_type.starts_with(top))
            || matches!(media_type, "application/pdf" | "application/msword" | "application/rtf");
    if !harmless {
        return;
    }
    let weight = match kind.family {
        Family::Program if is_certain(kind) => 3.0,
        Family::Program | Family::DiskImage => 1.5,
        Family::Shortcut if kind.name == "lnk" => 3.0,
        Family::Archive => 1.0,
        _ => return,
    };
    examiner.say(
        Finding::of(&kinds::MEDIA_MISMATCH)
            .weighing(weight)
            .with("file", &place.shown())
            .with("shown", media_type)
            .with("kind", kind.name),
    );
}

/// Runs by itself, and is no library of parts.
fn is_program(kind: &FileKind) -> bool {
    kind.family == Family::Program && !matches!(kind.name, "lib" | "class" | "wasm")
}

/// Known by a structure that nothing else has, not by likelihood.
fn is_certain(kind: &FileKind) -> bool {
    is_program(kind) && !matches!(kind.name, "com" | "app" | "jar" | "apk" | "kext")
}
