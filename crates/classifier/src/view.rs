//! The neutral view: the only part of a message that a model may learn from.
//!
//! Touches nothing. From, Reply-To, Subject, MIME headers and body; no other header field is looked
//! at, since the set of names alone tells which system collected a mail. List tags, list footers
//! and what marks a recipient are taken out, so that a model cannot learn who collected the mail.

use posthouse_mime::{Origin, Part, Reading};

use crate::html::{self, Page};

/// Text of one message that is looked at, in bytes.
pub(crate) const TEXT_BYTES_MAX: usize = 24 * 1024;
/// Parts that are looked at.
const PARTS_MAX: usize = 64;
/// The end of a text in which a list's footer is looked for, in bytes.
const FOOTER_BYTES_MAX: usize = 700;
/// The end of a text that is read for what a mailing says of itself, in bytes.
const END_BYTES_MAX: usize = 3000;
/// Longest subject or address that is looked at, in bytes.
const HEADER_BYTES_MAX: usize = 1000;

/// What may be learned from.
#[derive(Debug, Default)]
pub(crate) struct View {
    /// The display name of From.
    pub(crate) from_name: String,
    /// The address of From.
    pub(crate) from_address: String,
    /// The address of Reply-To; empty where there is none.
    pub(crate) reply_address: String,
    /// The subject without list tags and `Re:`.
    pub(crate) subject: String,
    /// Text that is shown: of HTML where there is any, else plain.
    pub(crate) text: String,
    /// Whether the subject calls it an answer, or passed on.
    pub(crate) is_reply: bool,
    /// The end of each text, where a mailing speaks of itself.
    pub(crate) ends: String,
    /// The plain alternative, where HTML is shown.
    pub(crate) alternative: String,
    /// HTML parts, read.
    pub(crate) pages: Vec<Page>,
    /// Each part: type, transfer encoding, kind of name.
    pub(crate) parts: Vec<Shape>,
}

/// A part's outside.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    pub(crate) media_type: String,
    pub(crate) encoding: String,
    pub(crate) extension: String,
    pub(crate) is_attachment: bool,
    pub(crate) has_content_id: bool,
    pub(crate) is_flowed: bool,
    pub(crate) bytes: usize,
}

/// Takes the neutral view of a message.
pub(crate) fn of(reading: &Reading) -> View {
    let mut view = View::default();
    let header = |name: &str| {
        let found = reading.fields(name).next().map(|field| field.decoded()).unwrap_or_default();
        cut(&found, HEADER_BYTES_MAX).to_owned()
    };
    let from = header("from");
    let (name, address) = split_address(&from);
    view.from_name = name.to_owned();
    view.from_address = address.to_ascii_lowercase();
    view.reply_address = split_address(&header("reply-to")).1.to_ascii_lowercase();
    let subject = header("subject");
    view.is_reply = without_reply_mark(subject.trim_start()).is_some();
    view.subject = plain_subject(&subject);
    let mut plain = String::new();
    let shown = reading.parts.iter().filter(|part| part.origin == Origin::Standard);
    for part in shown.take(PARTS_MAX) {
        view.parts.push(shape(part));
        if part.is_attachment {
            continue;
        }
        let Some(text) = part.text() else { continue };
        if part.media_type == "text/html" {
            view.pages.push(html::read(text));
        } else if part.media_type.starts_with("text/") || part.media_type.is_empty() {
            let text = without_footer(text);
            push_end(&mut view.ends, text);
            push_bounded(&mut plain, text);
        }
    }
    let mut shown = String::new();
    for page in &view.pages {
        let text = without_footer(&page.visible);
        push_end(&mut view.ends, text);
        push_bounded(&mut shown, text);
    }
    if shown.trim().is_empty() {
        view.text = plain;
    } else {
        view.text = shown;
        view.alternative = plain;
    }
    view
}

fn push_bounded(into: &mut String, text: &str) {
    let room = TEXT_BYTES_MAX.saturating_sub(into.len());
    into.push_str(cut(text, room));
    into.push('\n');
}

/// The end of a text, at most [`END_BYTES_MAX`] bytes of it; of all texts, four such ends.
fn push_end(into: &mut String, text: &str) {
    let mut from = text.len().saturating_sub(END_BYTES_MAX);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    if into.len() < END_BYTES_MAX * 4 {
        into.push_str(text.get(from..).unwrap_or_default());
        into.push('\n');
    }
}

/// The start of a text, at most so many bytes.
pub(crate) fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

fn shape(part: &Part) -> Shape {
    let name = part.names.first().map_or("", String::as_str);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let content_type = part.field("content-type").unwrap_or_default();
    Shape {
        media_type: cut(&part.media_type, 64).to_owned(),
        encoding: cut(part.field("content-transfer-encoding").unwrap_or_default(), 24)
            .trim()
            .to_ascii_lowercase(),
        extension: cut(extension, 8).to_ascii_lowercase(),
        is_attachment: part.is_attachment,
        has_content_id: part.content_id.is_some(),
        is_flowed: content_type.contains("flowed"),
        bytes: part.bodies.first().map_or(0, |body| body.bytes.len()),
    }
}

/// Display name and address of the first mailbox.
fn split_address(value: &str) -> (&str, &str) {
    let value = value.trim();
    if let Some((name, rest)) = value.rsplit_once('<') {
        let address = rest.split('>').next().unwrap_or_default().trim();
        return (name.trim().trim_matches('"').trim(), address);
    }
    match value.split_once('(') {
        Some((address, name)) => (name.trim().trim_end_matches(')'), address.trim()),
        None => ("", value),
    }
}

/// A subject without `Re:`, `Fwd:` and `[list]`: they tell the list, not the content.
fn plain_subject(subject: &str) -> String {
    let mut out = String::with_capacity(subject.len());
    let mut rest = subject.trim_start();
    while let Some(after) = without_reply_mark(rest) {
        rest = after.trim_start();
    }
    while let Some((before, from)) = rest.split_once('[') {
        out.push_str(before);
        match from.split_once(']') {
            Some((tag, after)) if is_tag(tag) => rest = after.trim_start(),
            _ => {
                out.push('[');
                rest = from;
            }
        }
    }
    out.push_str(rest);
    let mut plain = out.as_str();
    while let Some(after) = without_reply_mark(plain) {
        plain = after.trim_start();
    }
    plain.trim().to_owned()
}

fn is_tag(tag: &str) -> bool {
    (2..=40).contains(&tag.len())
        && tag.chars().all(|c| c.is_ascii_alphanumeric() || " _./-".contains(c))
}

fn without_reply_mark(subject: &str) -> Option<&str> {
    ["re", "fw", "fwd", "aw", "sv", "wg"].iter().find_map(|mark| {
        let start = subject.get(..mark.len())?;
        let after = subject.get(mark.len()..)?.trim_start();
        start.eq_ignore_ascii_case(mark).then(|| after.strip_prefix(':')).flatten()
    })
}

/// A text without the footer that a list server added below a ruled line.
fn without_footer(text: &str) -> &str {
    let mut from = text.len().saturating_sub(FOOTER_BYTES_MAX);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let tail = text.get(from..).unwrap_or_default();
    let mut at = from;
    for line in tail.split_inclusive('\n') {
        let ruled = line.trim_end();
        let is_rule = ruled.len() >= 20
            && (ruled.bytes().all(|byte| byte == b'_') || ruled.bytes().all(|byte| byte == b'-'));
        if is_rule {
            let rest = text.get(at..).unwrap_or_default().to_ascii_lowercase();
            if ["mailing list", "mailman", "listinfo", "unsubscribe"]
                .iter()
                .any(|w| rest.contains(w))
            {
                return text.get(..at).unwrap_or_default();
            }
        }
        at += line.len();
    }
    text
}
