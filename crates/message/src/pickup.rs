//! A message as an application leaves it in a pickup folder: who it is from and for, and what of
//! it goes on.
//!
//! Pure. The envelope is what `X-Sender` and `X-Receiver` say, as in Exchange's Replay folder and
//! IIS' Pickup folder; else what From, To, Cc and Bcc say, as in Exchange's Pickup folder. Those
//! that are for us alone go, and so do blind copies. What cannot be sent is refused in a sentence
//! that is meant for whoever wrote the file.

use crate::facts::addresses;
use crate::header::{Line, field_name, field_value, fields, read_line};

/// What is added where an application left it out (RFC 5322 section 3.6 wants both).
#[derive(Clone, Copy, Debug)]
pub struct PickupOptions<'a> {
    /// The value of Date.
    pub date: &'a str,
    /// The value of Message-ID, with its angle brackets.
    pub message_id: &'a str,
}

/// A message that was left in a pickup folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PickedUp {
    /// The envelope sender, as written; `None` for `<>`.
    pub sender: Option<String>,
    /// The recipients, as written; never empty.
    pub recipients: Vec<String>,
    /// What goes on: every line end is CRLF.
    pub content: Vec<u8>,
}

/// Reads a whole file. Line ends may be CRLF, LF or CR.
///
/// # Errors
/// What is wrong with the file, in a sentence with its repair.
pub fn read_pickup(file: &[u8], options: &PickupOptions<'_>) -> Result<PickedUp, &'static str> {
    if file.contains(&0) {
        return Err("The file holds a NUL octet: it is no mail message. Encode binary content as \
                    base64 (RFC 2045).");
    }
    let message = with_crlf(file);
    let (header, body) = message.split_at(header_length(&message));
    let envelope = Envelope::read(header);
    let mut content = Vec::with_capacity(message.len() + 128);
    let mut has_from = false;
    for field in fields(header) {
        let name = field_name(field).unwrap_or_default();
        let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        has_from |= is("From");
        if !(is("X-Sender") || is("X-Receiver") || is("Bcc")) {
            content.extend_from_slice(field);
        }
    }
    if !has_from {
        return Err("The file has no From field. A message begins with its header: From, To, \
                    Subject, an empty line, and then the text.");
    }
    for (name, value, is_there) in [
        ("Date", options.date, envelope.has_date),
        ("Message-ID", options.message_id, envelope.has_message_id),
    ] {
        if !is_there {
            content.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
    }
    if !body.starts_with(b"\r\n") {
        content.extend_from_slice(b"\r\n");
    }
    content.extend_from_slice(body);
    let (sender, recipients) = envelope.decide()?;
    Ok(PickedUp { sender, recipients, content })
}

/// What the header says about the envelope.
#[derive(Default)]
struct Envelope {
    x_sender: Option<String>,
    x_receivers: Vec<String>,
    sender: Vec<String>,
    from: Vec<String>,
    to: Vec<String>,
    has_date: bool,
    has_message_id: bool,
}

impl Envelope {
    fn read(header: &[u8]) -> Self {
        let mut found = Self::default();
        for field in fields(header) {
            let name = field_name(field).unwrap_or_default();
            let value = field_value(field);
            let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
            if is("X-Sender") {
                found.x_sender.get_or_insert_with(|| bare_path(value));
            } else if is("X-Receiver") {
                found.x_receivers.push(bare_path(value));
            } else if is("Sender") {
                found.sender.extend(addresses(value));
            } else if is("From") {
                found.from.extend(addresses(value));
            } else if is("To") || is("Cc") || is("Bcc") {
                found.to.extend(addresses(value));
            }
            found.has_date |= is("Date");
            found.has_message_id |= is("Message-ID");
        }
        found
    }

    fn decide(self) -> Result<(Option<String>, Vec<String>), &'static str> {
        let sender = match self.x_sender {
            Some(path) => path,
            None => self.sender.into_iter().chain(self.from).next().ok_or(
                "The From field holds no address. Write it as Name <local@domain.example>.",
            )?,
        };
        let recipients = if self.x_receivers.is_empty() { self.to } else { self.x_receivers };
        if recipients.is_empty() {
            return Err("The message names no recipient: there is none in To, Cc, Bcc or \
                        X-Receiver.");
        }
        Ok(((!sender.is_empty()).then_some(sender), recipients))
    }
}

/// An address with or without its angle brackets; `<>` is empty.
fn bare_path(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    let text = text.trim();
    let inner = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
    inner.unwrap_or(text).trim().to_owned()
}

/// How long the header is, without the empty line.
fn header_length(message: &[u8]) -> usize {
    let mut length = 0;
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        match read_line(line) {
            Line::Field => {}
            Line::Continuation if length > 0 => {}
            Line::Continuation | Line::Blank | Line::Other => break,
        }
        length += line.len();
    }
    length
}

/// Every line end as CRLF, one behind the last line too.
fn with_crlf(file: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(file.len() + file.len() / 32 + 2);
    let mut rest = file.iter().peekable();
    while let Some(octet) = rest.next() {
        match octet {
            b'\r' => {
                rest.next_if_eq(&&b'\n');
                out.extend_from_slice(b"\r\n");
            }
            b'\n' => out.extend_from_slice(b"\r\n"),
            other => out.push(*other),
        }
    }
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(file: &str) -> Result<PickedUp, &'static str> {
        let options = PickupOptions { date: "DATE", message_id: "<ID>" };
        read_pickup(file.as_bytes(), &options)
    }

    #[test]
    fn the_fields_are_the_envelope_and_blind_copies_stay_blind() {
        let found = read(
            "From: Ann <ann@a.example>\nTo: bob@b.example, Group: c@c.example;\ncc: d@d.example\n\
             Bcc: e@e.example,\n f@f.example\nSubject: x\n\ntext\n.\n",
        )
        .unwrap();
        assert_eq!(found.sender.as_deref(), Some("ann@a.example"));
        assert_eq!(
            found.recipients,
            ["bob@b.example", "c@c.example", "d@d.example", "e@e.example", "f@f.example"]
        );
        assert_eq!(
            String::from_utf8(found.content).unwrap(),
            "From: Ann <ann@a.example>\r\nTo: bob@b.example, Group: c@c.example;\r\n\
             cc: d@d.example\r\nSubject: x\r\nDate: DATE\r\nMessage-ID: <ID>\r\n\r\ntext\r\n.\r\n"
        );
    }

    #[test]
    fn x_sender_and_x_receiver_go_before_the_fields_and_then_away() {
        let found = read(
            "x-sender: <bounce@a.example>\r\nX-Receiver: b@b.example\r\nX-Receiver: <c@c.example>\r\n\
             From: ann@a.example\r\nTo: list@a.example\r\nDate: d\r\nMessage-Id: <m>\r\n\r\ntext",
        )
        .unwrap();
        assert_eq!(found.sender.as_deref(), Some("bounce@a.example"));
        assert_eq!(found.recipients, ["b@b.example", "c@c.example"]);
        let content = String::from_utf8(found.content).unwrap();
        assert!(content.starts_with("From: ann@a.example\r\nTo: list@a.example\r\nDate: d\r\n"));
        assert!(content.ends_with("<m>\r\n\r\ntext\r\n") && !content.contains("X-"), "{content}");
        let null = read("X-Sender: <>\nFrom: a@a.example\nTo: b@b.example\n\n").unwrap();
        assert_eq!(null.sender, None);
    }

    #[test]
    fn the_sender_field_goes_before_from() {
        let found = read("From: a@a.example\nSender: s@a.example\nTo: b@b.example\n\nx").unwrap();
        assert_eq!(found.sender.as_deref(), Some("s@a.example"));
    }

    #[test]
    fn what_is_no_message_is_refused_with_the_repair() {
        for (file, words) in [
            ("", "no From field"),
            ("hello", "no From field"),
            ("From: a@a.example\n\nno recipient", "names no recipient"),
            ("From: nobody\nTo: b@b.example\n\n", "holds no address"),
            ("From: a@a.example\nTo: b@b.example\n\n\0", "NUL"),
            ("To: b@b.example\n\nFrom: a@a.example\n", "no From field"),
        ] {
            assert!(read(file).unwrap_err().contains(words), "{file:?}");
        }
    }

    proptest! {
        #[test]
        fn no_file_panics_and_none_leaves_a_bare_line_end(
            file in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let head = b"From: a@a.example\rTo: b@b.example\n";
            let file = [&head[..], &file].concat();
            let options = PickupOptions { date: "DATE", message_id: "<ID>" };
            if let Ok(found) = read_pickup(&file, &options) {
                let text = String::from_utf8_lossy(&found.content).replace("\r\n", "");
                prop_assert!(!text.contains(['\r', '\n']));
                prop_assert!(!found.recipients.is_empty());
            }
        }
    }
}
