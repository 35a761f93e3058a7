//! Attachments as attackers make them: a test for each row of the list of attacks, and each of the
//! 53 types that are blocked by default.
//!
//! Every fixture is made here; nothing in it does harm.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "a test that meets what it did not expect should stop there"
)]

mod archives;
mod bombs;
mod documents;
mod make;
mod properties;
mod samples;
mod types;

use posthouse_attachment::{AttachmentLimits, Attachments, Extra, examine};
use posthouse_mime::{Body, Part, Reading};

/// A message with one attachment.
pub(crate) fn reading(name: &str, bytes: &[u8]) -> Reading {
    typed(name, "application/octet-stream", bytes)
}

/// The same with a media type.
pub(crate) fn typed(name: &str, media_type: &str, bytes: &[u8]) -> Reading {
    with_text("", name, media_type, bytes)
}

/// The same with a text before it.
pub(crate) fn with_text(text: &str, name: &str, media_type: &str, bytes: &[u8]) -> Reading {
    let body = |bytes: &[u8], text: Option<&str>| {
        vec![Body { bytes: bytes.to_vec(), text: text.map(str::to_owned) }]
    };
    let parts = vec![
        Part { media_type: "multipart/mixed".to_owned(), ..Part::default() },
        Part {
            parent: Some(0),
            depth: 1,
            media_type: "text/plain".to_owned(),
            bodies: body(text.as_bytes(), Some(text)),
            ..Part::default()
        },
        Part {
            parent: Some(0),
            depth: 1,
            media_type: media_type.to_owned(),
            names: vec![name.to_owned()],
            is_attachment: true,
            bodies: body(bytes, None),
            ..Part::default()
        },
    ];
    Reading { parts, is_complete: true, ..Reading::default() }
}

/// What is found in one attachment.
pub(crate) fn found(name: &str, bytes: &[u8]) -> Attachments {
    of(&reading(name, bytes))
}

pub(crate) fn of(reading: &Reading) -> Attachments {
    examine(reading, &AttachmentLimits::default(), &Extra::default())
}

/// The ids of what was found.
pub(crate) fn ids(found: &Attachments) -> Vec<&'static str> {
    found.findings.iter().map(|finding| finding.kind.id).collect()
}

pub(crate) fn has(found: &Attachments, id: &str) -> bool {
    ids(found).contains(&id)
}
