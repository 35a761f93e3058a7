//! The list of parts. Touches nothing.

use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders, PartType};
use posthouse_types::Finding;

use crate::MimeLimits;

/// One message, read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Every part, depth first; the first is the message itself, and there is always one.
    pub parts: Vec<Part>,
    /// What readers would disagree on, and limits that were reached.
    pub findings: Vec<Finding>,
    /// Nothing was left out.
    pub is_complete: bool,
}

/// One header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name as it stands.
    pub name: String,
    /// The value, unfolded, encoded words as they stand; not UTF-8 is replaced.
    pub value: String,
}

/// One part: a leaf, a multipart or a message inside the message.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// Its parent's index in [`Reading::parts`]; none for the message itself.
    pub parent: Option<usize>,
    /// How deep it lies; 0 for the message itself.
    pub depth: usize,
    /// Its header; for a `message/rfc822` that of the message inside.
    pub fields: Vec<Field>,
    /// `type/subtype` in lower case; `text/plain` where nothing is said.
    pub media_type: String,
    /// The charset as declared, in lower case.
    pub charset: Option<String>,
    /// Every file name that some reader would show, decoded; empty where there is none.
    pub names: Vec<String>,
    /// Content-Disposition says attachment, or it has a name and is no text.
    pub is_attachment: bool,
    /// Content-ID without brackets.
    pub content_id: Option<String>,
    /// What it decodes to, the standard's reading first; empty for a multipart.
    pub bodies: Vec<Body>,
}

/// One reading of a part's body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// The decoded octets.
    pub bytes: Vec<u8>,
    /// The text in Unicode, where the part is text.
    pub text: Option<String>,
}

impl Part {
    /// The first field of a name, any case.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|field| field.name.eq_ignore_ascii_case(name))
            .map(|field| field.value.as_str())
    }

    /// The standard's reading as text.
    pub fn text(&self) -> Option<&str> {
        self.bodies.first().and_then(|body| body.text.as_deref())
    }
}

/// Reads one message. Lines may end in CRLF or LF.
pub fn read(message: &[u8], limits: &MimeLimits) -> Reading {
    let mut reading = Reading { is_complete: true, ..Reading::default() };
    match MessageParser::default().parse(message) {
        Some(parsed) => add(&parsed, message, None, 0, limits, &mut reading),
        None => reading.parts.push(Part {
            media_type: "text/plain".to_owned(),
            bodies: vec![Body { bytes: message.to_vec(), text: None }],
            ..Part::default()
        }),
    }
    reading
}

fn add(
    message: &Message<'_>,
    raw: &[u8],
    parent: Option<usize>,
    depth: usize,
    limits: &MimeLimits,
    reading: &mut Reading,
) {
    for part in &message.parts {
        if reading.parts.len() >= limits.parts_max || depth > limits.depth_max {
            reading.is_complete = false;
            return;
        }
        let index = reading.parts.len();
        reading.parts.push(one(part, raw, parent, depth));
        if let PartType::Message(inner) = &part.body {
            add(inner, &inner.raw_message, Some(index), depth + 1, limits, reading);
        }
    }
}

fn one(part: &MessagePart<'_>, raw: &[u8], parent: Option<usize>, depth: usize) -> Part {
    let content_type = part.content_type();
    let media_type = content_type.map_or_else(
        || "text/plain".to_owned(),
        |found| format!("{}/{}", found.ctype(), found.subtype().unwrap_or("")).to_ascii_lowercase(),
    );
    let body = match &part.body {
        PartType::Text(text) | PartType::Html(text) => {
            Some(Body { bytes: text.as_bytes().to_vec(), text: Some(text.to_string()) })
        }
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => {
            Some(Body { bytes: bytes.to_vec(), text: None })
        }
        PartType::Message(_) | PartType::Multipart(_) => None,
    };
    let names: Vec<String> = part.attachment_name().map(str::to_owned).into_iter().collect();
    Part {
        parent,
        depth,
        fields: fields(part, raw),
        charset: content_type
            .and_then(|found| found.attribute("charset"))
            .map(str::to_ascii_lowercase),
        is_attachment: part.content_disposition().is_some_and(|found| found.is_attachment())
            || (!names.is_empty() && !media_type.starts_with("text/")),
        content_id: part.content_id().map(str::to_owned),
        bodies: body.into_iter().collect(),
        media_type,
        names,
    }
}

fn fields(part: &MessagePart<'_>, raw: &[u8]) -> Vec<Field> {
    part.headers
        .iter()
        .map(|header| {
            let range = header.offset_start as usize..header.offset_end as usize;
            let value = String::from_utf8_lossy(raw.get(range).unwrap_or_default());
            let value = value.replace(['\r', '\n'], "").trim().to_owned();
            Field { name: header.name.as_str().to_owned(), value }
        })
        .collect()
}
