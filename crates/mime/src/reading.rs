//! The list of parts. Touches nothing.

use posthouse_types::Finding;

use crate::words::decode_words;

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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field {
    /// The name as it stands.
    pub name: String,
    /// The value, unfolded, encoded words as they stand. What is not UTF-8 is read as
    /// Windows-1252.
    pub value: String,
}

impl Field {
    /// The value as a reader sees it: encoded words decoded, no control characters.
    pub fn decoded(&self) -> String {
        decode_words(&self.value)
    }
}

/// How a part comes to be in the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// By the standard's reading.
    #[default]
    Standard,
    /// By another reading only: some programs see it, most do not.
    Alternative,
    /// Text before the first delimiter or after the last: nobody shows it, programs that look for
    /// attachments anywhere may find some. Its bodies have no text.
    Margin,
    /// Unpacked from its parent's body: TNEF, uuencode, yEnc, a message attached under another
    /// type.
    Unpacked,
}

/// One part: a leaf, a multipart or a message inside the message.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// Its parent's index in [`Reading::parts`]; none for the message itself.
    pub parent: Option<usize>,
    /// How deep it lies; 0 for the message itself.
    pub depth: usize,
    /// How it comes to be in the list.
    pub origin: Origin,
    /// Its own header. The message inside a `message/rfc822` is its child, with its header.
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

impl Reading {
    /// The message's own header.
    pub fn header(&self) -> &[Field] {
        self.parts.first().map_or(&[], |part| part.fields.as_slice())
    }

    /// The fields of that name in the message's own header, any case, in their order.
    pub fn fields<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Field> {
        self.header().iter().filter(move |field| field.name.eq_ignore_ascii_case(name))
    }

    /// Every part that has a body, in every reading: what is to be scanned.
    pub fn leaves(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| !part.bodies.is_empty())
    }

    /// The texts that a reader sees when he opens the message, as most programs show it: no
    /// attachments, nothing that only an odd reading finds. Every alternative of a
    /// `multipart/alternative` is among them.
    pub fn visible_texts(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| {
            part.origin == Origin::Standard && !part.is_attachment && part.text().is_some()
        })
    }
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
