//! Where the texts for readers stand in a message: as much of MIME as a notice needs.
//!
//! Pure. Reads by the letter of RFC 2046 only: where a message can be read in two ways, the other
//! way has no notice, and nothing else is at stake here. Depth and parts are bounded.

use std::ops::Range;

use crate::header::{field_name, field_value, fields};

/// Multiparts within one another that are entered.
const DEPTH_MAX: usize = 8;
/// Parts of one multipart that are looked at: the texts stand first.
const PARTS_MAX: usize = 100;
/// Longest boundary (RFC 2046 section 5.1.1).
const BOUNDARY_BYTES_MAX: usize = 70;

/// One text for readers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TextPart {
    /// Where its header stands, the empty line not included.
    pub(super) header: Range<usize>,
    /// Where its body stands.
    pub(super) body: Range<usize>,
    pub(super) is_html: bool,
    /// Lower case; empty where none is named.
    pub(super) charset: String,
    /// Content-Transfer-Encoding in lower case; empty where there is none.
    pub(super) encoding: String,
}

/// The header with its last line end, and the empty line with all that follows.
pub(super) fn split_header(bytes: &[u8]) -> (&[u8], &[u8]) {
    if bytes.starts_with(b"\r\n") {
        return (&[], bytes);
    }
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    bytes.split_at(end.map_or(bytes.len(), |end| end + 2))
}

/// The texts that a notice goes to: of alternatives all, of other parts the first.
///
/// # Errors
/// Why there is none.
pub(super) fn texts(message: &[u8]) -> Result<Vec<TextPart>, &'static str> {
    let mut found = Vec::new();
    look(message, 0..message.len(), 0, &mut found)?;
    if found.is_empty() { Err("the message has no text for readers") } else { Ok(found) }
}

fn look(
    message: &[u8],
    part: Range<usize>,
    depth: usize,
    found: &mut Vec<TextPart>,
) -> Result<(), &'static str> {
    let bytes = message.get(part.clone()).unwrap_or_default();
    let (header, rest) = split_header(bytes);
    let body_start = part.start + header.len() + rest.len().min(2);
    let kind = ContentType::of(header);
    match kind.name.as_str() {
        "multipart/signed" | "multipart/encrypted" => {
            return Err("the message is signed or encrypted: a notice would break it");
        }
        "application/pkcs7-mime" | "application/x-pkcs7-mime" | "application/pgp-encrypted" => {
            return Err("the message is signed or encrypted: a notice would break it");
        }
        "text/plain" | "text/html" if !is_attachment(header) => found.push(TextPart {
            header: part.start..part.start + header.len(),
            body: body_start..part.end,
            is_html: kind.name == "text/html",
            charset: kind.charset,
            encoding: value(header, "Content-Transfer-Encoding"),
        }),
        name if name.starts_with("multipart/") && depth < DEPTH_MAX => {
            let Some(boundary) = kind.boundary else { return Ok(()) };
            let wants_all = name == "multipart/alternative";
            for child in children(message, body_start..part.end, &boundary) {
                look(message, child, depth + 1, found)?;
                if !found.is_empty() && !wants_all {
                    break;
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// The parts between the boundaries, each without the line end that belongs to the next one.
fn children(message: &[u8], within: Range<usize>, boundary: &str) -> Vec<Range<usize>> {
    let delimiter = format!("--{boundary}");
    let mut parts = Vec::new();
    let (mut begun, mut at) = (None, within.start);
    let body = message.get(within.clone()).unwrap_or_default();
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let start = at;
        at += line.len();
        let Some(rest) = line.strip_prefix(delimiter.as_bytes()) else { continue };
        let is_last = rest.starts_with(b"--");
        if !is_last && !rest.trim_ascii().is_empty() {
            continue; // Another boundary that begins with this one.
        }
        if let Some(begun) = begun.take() {
            parts.push(begun..start.saturating_sub(2).max(begun));
        }
        if is_last || parts.len() >= PARTS_MAX {
            return parts;
        }
        begun = Some(at);
    }
    // Without a last boundary, the last part goes to the end.
    parts.extend(begun.map(|begun| begun..within.end));
    parts
}

fn is_attachment(header: &[u8]) -> bool {
    value(header, "Content-Disposition").starts_with("attachment")
}

/// A field's value, trimmed, in lower case; of several the first.
fn value(header: &[u8], name: &str) -> String {
    let is = |field: &&[u8]| {
        field_name(field).is_some_and(|other| other.eq_ignore_ascii_case(name.as_bytes()))
    };
    let value = fields(header).find(is).map(field_value).unwrap_or_default();
    String::from_utf8_lossy(value.trim_ascii()).to_ascii_lowercase()
}

struct ContentType {
    /// `type/subtype` in lower case; text/plain where none is said.
    name: String,
    charset: String,
    boundary: Option<String>,
}

impl ContentType {
    fn of(header: &[u8]) -> Self {
        let is = |field: &&[u8]| {
            field_name(field).is_some_and(|name| name.eq_ignore_ascii_case(b"Content-Type"))
        };
        let Some(field) = fields(header).find(is) else {
            // RFC 2045 section 5.2.
            return Self { name: "text/plain".to_owned(), charset: String::new(), boundary: None };
        };
        let text = String::from_utf8_lossy(field_value(field)).replace(['\r', '\n'], "");
        let (name, rest) = text.split_once(';').unwrap_or((&text, ""));
        let boundary = parameter(rest, "boundary")
            .filter(|boundary| (1..=BOUNDARY_BYTES_MAX).contains(&boundary.len()));
        Self {
            name: name.trim().to_ascii_lowercase(),
            charset: parameter(rest, "charset").unwrap_or_default().to_ascii_lowercase(),
            boundary,
        }
    }
}

/// One parameter's value, its quotation marks taken away.
fn parameter(text: &str, wanted: &str) -> Option<String> {
    let mut rest = text;
    loop {
        let (name, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => {
                let end = quoted.find('"')?;
                (quoted.get(..end)?.to_owned(), quoted.get(end + 1..)?)
            }
            None => {
                let end = after.find(';').unwrap_or(after.len());
                (after.get(..end)?.trim().to_owned(), after.get(end..)?)
            }
        };
        let name = name.trim_matches(|c: char| c == ';' || c.is_ascii_whitespace());
        if name.eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = next;
    }
}
