//! Parts of Office Open XML: links to elsewhere, fields that start programs, macro sheets.
//!
//! Touches nothing. Each part is judged by its own name and text as it comes out of the archive;
//! macros lie in a compound file and are seen there.

use memchr::memmem;
use posthouse_types::Finding;

use crate::bytes::as_text;
use crate::examine::{Examiner, Place};
use crate::findings as kinds;

/// Relationships that load what they point to when the document is opened.
const LOADS: &[&str] =
    &["/attachedTemplate", "/oleObject", "/frame", "/subDocument", "/externalLinkPath/oleLink"];
/// Schemes that no template has for a good reason.
const ODD_SCHEMES: &[&str] =
    &["mhtml:", "x-usc:", "ms-msdt:", "search-ms:", "file:", "\\\\", "script:", "javascript:"];

/// One member of an archive, if it is such a part.
pub(super) fn part(examiner: &mut Examiner<'_>, place: &Place, bytes: &[u8]) {
    let Some(name) = place.names.first().map(|name| name.to_ascii_lowercase()) else { return };
    if name.ends_with("vbaproject.bin") {
        examiner.says(&kinds::MACROS, place);
    }
    if name.contains("xl/macrosheets/") && name.ends_with(".xml")
        || name.ends_with("xl/macrosheets/sheet1.bin")
    {
        examiner.says(&kinds::EXCEL4, place);
    }
    if !name.ends_with(".xml") && !name.ends_with(".rels") {
        return;
    }
    if name.ends_with(".rels") && memmem::find(bytes, b"xternal").is_some() {
        relationships(examiner, place, &as_text(bytes));
    }
    if memmem::find(bytes, b"DDE").is_some() || memmem::find(bytes, b"dde").is_some() {
        fields(examiner, place, &as_text(bytes));
    }
}

fn relationships(examiner: &mut Examiner<'_>, place: &Place, text: &str) {
    for tag in text.split('<').filter(|tag| tag.starts_with("Relationship ")) {
        let is_external =
            attribute(tag, "TargetMode").is_some_and(|mode| mode.eq_ignore_ascii_case("external"));
        let (Some(kind), Some(target)) = (attribute(tag, "Type"), attribute(tag, "Target")) else {
            continue;
        };
        let odd = ODD_SCHEMES.iter().any(|scheme| target.to_ascii_lowercase().starts_with(scheme));
        let is_template = kind.ends_with("/attachedTemplate");
        // A template from a path of the author's machine is everyday life.
        let remote = target.to_ascii_lowercase().starts_with("http")
            || (odd && !is_template)
            || target.starts_with("\\\\");
        if is_external
            && remote
            && (LOADS.iter().any(|loads| kind.ends_with(loads))
                || odd
                    && !kind.ends_with("/hyperlink")
                    && !kind.ends_with("/externalLinkPath")
                    && !kind.ends_with("/image"))
        {
            let finding = Finding::of(&kinds::REMOTE_TEMPLATE).with("file", &place.shown());
            examiner.say(finding.with("target", target));
        }
    }
}

/// An attribute's value, in either quotes.
fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let at = tag.find(&format!("{name}="))? + name.len() + 1;
    let quote = tag.get(at..)?.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    tag.get(at + 1..)?.split(quote).next()
}

/// Field instructions, which Word writes in pieces, and Excel's links to servers.
fn fields(examiner: &mut Examiner<'_>, place: &Place, text: &str) {
    let mut instructions = String::new();
    let mut inside = false;
    for piece in text.split('<') {
        let (tag, words) = piece.split_once('>').unwrap_or((piece, ""));
        if tag.starts_with("w:instrText") {
            inside = true;
            instructions.push_str(words);
        } else if tag.starts_with("/w:instrText") {
            inside = false;
        } else if inside {
            instructions.push_str(words);
        }
        if let Some(instruction) = attribute(tag, "w:instr") {
            instructions.push_str(instruction);
        }
        if tag.starts_with("w:fldChar") && tag.contains("begin") {
            instructions.push('\n');
        }
        if tag.starts_with("ddeLink ") {
            let service = attribute(tag, "ddeService").unwrap_or_default();
            let topic = attribute(tag, "ddeTopic").unwrap_or_default();
            say(examiner, place, &format!("{service}|{topic}"));
        }
    }
    if let Some(command) = super::sheet::dde(&instructions) {
        say(examiner, place, command);
    }
}

fn say(examiner: &mut Examiner<'_>, place: &Place, command: &str) {
    let finding = Finding::of(&kinds::DDE).with("file", &place.shown());
    examiner.say(finding.with("command", command.trim()));
}
