//! Changing a message by a tenant's rules: fields, the subject, a notice for its readers.
//!
//! Pure. The whole message in, the whole message out; what is not changed is copied as it is. A
//! message that is signed or encrypted inside (S/MIME, PGP/MIME) is never changed inside: it is
//! wrapped, left, or refused, as the rule says, and the outcome tells which and why.

mod notice;
mod structure;

use posthouse_types::{Disclaimer, DisclaimerFallback, Rewrite};

use crate::encode::{field, unstructured_field};
use crate::facts::decoded;
use crate::header::{field_name, field_value, fields};
use structure::split_header;

/// Largest message that is rewritten, in bytes: every message that is taken in is smaller. The
/// work needs about three times as much memory.
pub const REWRITTEN_BYTES_MAX: usize = 150 * 1024 * 1024;

/// A message after its changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewritten {
    /// The message.
    pub bytes: Vec<u8>,
    /// What could not be done as it was said, and what was done instead: for the trace.
    pub notes: Vec<&'static str>,
}

/// Why a message is refused instead: its notice cannot be added, and the rule says `reject`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoticeImpossible(pub &'static str);

/// Applies changes in their order.
///
/// # Errors
/// A notice cannot be added and its fallback is to refuse; the text says why it cannot.
pub fn rewrite(message: &[u8], rewrites: &[Rewrite]) -> Result<Rewritten, NoticeImpossible> {
    let mut out = Rewritten { bytes: message.to_vec(), notes: Vec::new() };
    if message.len() > REWRITTEN_BYTES_MAX {
        out.notes.push("the message is too large to be changed");
        return Ok(out);
    }
    for rewrite in rewrites {
        match rewrite {
            Rewrite::SetHeader { name, value } => {
                out.bytes = with_header(&out.bytes, |header| {
                    let mut header = without(header, name);
                    field(&mut header, name, value.split(' ').filter(|word| !word.is_empty()));
                    header
                });
            }
            Rewrite::RemoveHeader(name) => {
                out.bytes = with_header(&out.bytes, |header| without(header, name));
            }
            Rewrite::PrependSubject(prefix) => {
                out.bytes = with_header(&out.bytes, |header| with_subject(header, prefix));
            }
            Rewrite::Disclaimer(disclaimer) => add_notice(&mut out, disclaimer)?,
        }
    }
    Ok(out)
}

fn add_notice(out: &mut Rewritten, disclaimer: &Disclaimer) -> Result<(), NoticeImpossible> {
    let why = match notice::added(&out.bytes, disclaimer) {
        Ok(bytes) => {
            out.bytes = bytes;
            return Ok(());
        }
        Err(why) => why,
    };
    match disclaimer.fallback {
        DisclaimerFallback::Wrap => match notice::wrapped(&out.bytes, disclaimer) {
            Some(bytes) => {
                out.bytes = bytes;
                out.notes.push(why);
                out.notes.push("the message was attached to one with the notice");
            }
            None => {
                out.notes.push(why);
                out.notes.push("the message was left without the notice");
            }
        },
        DisclaimerFallback::Ignore => {
            out.notes.push(why);
            out.notes.push("the message was left without the notice");
        }
        DisclaimerFallback::Reject => return Err(NoticeImpossible(why)),
    }
    Ok(())
}

/// The message with another header; the empty line and the body as they are.
fn with_header(message: &[u8], change: impl FnOnce(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let (header, rest) = split_header(message);
    let mut out = change(header);
    // A message that is all header has no line end to stand behind.
    if rest.is_empty() && !out.ends_with(b"\n") && !out.is_empty() {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(rest);
    out
}

fn is_named(field: &[u8], name: &str) -> bool {
    field_name(field).is_some_and(|other| other.eq_ignore_ascii_case(name.as_bytes()))
}

/// The header without every field of this name.
fn without(header: &[u8], name: &str) -> Vec<u8> {
    fields(header).filter(|field| !is_named(field, name)).collect::<Vec<_>>().concat()
}

/// The header with these words before every subject: readers differ in which of two they show.
fn with_subject(header: &[u8], prefix: &str) -> Vec<u8> {
    let words = prefix.trim();
    let mut out = Vec::with_capacity(header.len() + prefix.len() + 16);
    let mut has_subject = false;
    for one in fields(header) {
        if !is_named(one, "Subject") {
            out.extend_from_slice(one);
            continue;
        }
        has_subject = true;
        let value = field_value(one);
        if words.is_empty() || decoded(value).trim_start().starts_with(words) {
            out.extend_from_slice(one);
            continue;
        }
        unstructured_field(&mut out, "Subject", words);
        let value = value.trim_ascii();
        // The old value follows on a line of its own, as it was: whatever its encoding is.
        if !value.is_empty() {
            out.push(b' ');
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
        }
    }
    if !has_subject && !words.is_empty() {
        unstructured_field(&mut out, "Subject", words);
    }
    out
}

#[cfg(test)]
mod tests;
