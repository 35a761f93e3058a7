//! Reports on delivery as Exchange writes them: for people first, for administrators next, for
//! programs last (RFC 6522, RFC 3464), and with enough of the original to recognise it.
//!
//! Pure: one value in, one whole message out. Never decides who may get a report (a null sender
//! never does, RFC 3464 section 2): that is the caller's. Everything that came from a peer is
//! escaped for the part it stands in and can add neither field nor part (MIM-08).

mod advice;
mod advice_table;
mod document;
mod human;
mod machine;
mod original;

use std::net::IpAddr;

pub use advice::{ReplyAdvice, reply_advice};
use posthouse_types::{Address, EnhancedStatus, Reason, Reference, UnixMillis, printable};

use crate::date::date_rfc5322;
use crate::encode::{field, quoted_printable, unstructured_field};
use crate::report::original::Returned;

/// As much of a remote server's answer as is repeated, in characters: RFC 5321 allows 512 octets a
/// line, and nobody explains a refusal in more than a few.
const REPLY_CHARACTERS_MAX: usize = 4000;

/// One report, about one message, to its sender.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    /// What is reported.
    pub kind: ReportKind,
    /// The node that writes it.
    pub node_name: &'a str,
    /// From: the postmaster of the sender's own domain, or the operator.
    pub postmaster: &'a Address,
    /// To: the original's MAIL FROM. The report's own MAIL FROM is the null sender.
    pub to: &'a Address,
    /// The original's transaction, as its replies and trace show it.
    pub reference: Reference,
    /// Now.
    pub now: UnixMillis,
    /// The message that the report is about.
    pub original: OriginalMessage<'a>,
    /// Its recipients, as far as this report is about them. At least one.
    pub recipients: &'a [ReportedRecipient],
    /// The language of the part for people; the part for administrators is English always.
    pub language: Language,
}

/// What is reported (RFC 3464 section 2.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportKind {
    /// It will not be delivered.
    Failed,
    /// Not yet delivered, and still tried.
    Delayed,
    /// Delivered into the hands of its recipient's server, which speaks for the mailbox.
    Delivered,
    /// Handed to a server that makes no reports.
    Relayed,
}

/// The language of the part for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// German.
    German,
    /// English, then German.
    Both,
}

/// What a report says about the original.
#[derive(Clone, Debug)]
pub struct OriginalMessage<'a> {
    /// ENVID= as it was sent (xtext).
    pub envelope_id: Option<&'a str>,
    /// The HELO name of the server it came from; empty where this node wrote it.
    pub received_from: &'a str,
    /// When it came.
    pub arrival: UnixMillis,
    /// Its header block as stored; the report takes at most 64 KiB of it.
    pub header: &'a [u8],
    /// Its Message-ID, with angle brackets; empty where unknown.
    pub message_id: &'a str,
    /// Its Subject, decoded.
    pub subject: &'a str,
    /// The whole message, where the sender asked for it (RET=FULL). Returned with a failure only
    /// and up to 64 KiB; else the header goes back.
    pub full: Option<&'a [u8]>,
}

/// One recipient of the original.
#[derive(Clone, Debug)]
pub struct ReportedRecipient {
    /// The address that was tried.
    pub address: Address,
    /// ORCPT= as it was sent (`rfc822;xtext`).
    pub original_recipient: Option<String>,
    /// The status: the remote server's own where it gave one.
    pub status: EnhancedStatus,
    /// The remote server's name; `None` where no server was asked.
    pub remote_mta: Option<String>,
    /// The remote server's address.
    pub remote_ip: Option<IpAddr>,
    /// The remote server's words, line by line, code included, without line ends; empty where it
    /// said nothing.
    pub reply_lines: Vec<String>,
    /// Why, in this node's vocabulary.
    pub reason: Reason,
    /// When it was last tried.
    pub last_attempt: Option<UnixMillis>,
    /// Until when it will be tried; for [`ReportKind::Delayed`].
    pub will_retry_until: Option<UnixMillis>,
}

impl Report<'_> {
    /// The report as a whole message, CRLF throughout. All of it is ASCII, but for the To field of
    /// an internationalised address (RFC 6532) and a returned message that is not.
    pub fn build(&self) -> Vec<u8> {
        let returned = original::returned(self);
        let status = machine::delivery_status(self);
        let outer = self.boundary("report", &[&status, returned.body()]);
        let inner = self.boundary("text", &[]);
        let mut out = Vec::with_capacity(8 * 1024 + status.len() + 4 * returned.body().len());
        self.write_header(&mut out, &outer, &returned);

        part(&mut out, &outer, &format!("multipart/alternative;\r\n boundary=\"{inner}\""), "7bit");
        let document = human::document(self);
        part(&mut out, &inner, "text/plain; charset=utf-8", "quoted-printable");
        quoted_printable(&mut out, document::text(&document).as_bytes());
        part(&mut out, &inner, "text/html; charset=utf-8", "quoted-printable");
        quoted_printable(&mut out, document::html(&document).as_bytes());
        close(&mut out, &inner);

        if status.is_ascii() {
            part(&mut out, &outer, "message/delivery-status", "7bit");
            out.extend_from_slice(&status);
        } else {
            // RFC 6533 section 4: the same fields, with addresses in UTF-8.
            part(&mut out, &outer, "message/global-delivery-status", "quoted-printable");
            quoted_printable(&mut out, &status);
        }
        returned.write(&mut out, &outer);
        close(&mut out, &outer);
        out
    }

    fn write_header(&self, out: &mut Vec<u8>, boundary: &str, returned: &Returned<'_>) {
        let from = mailbox(self.postmaster);
        field(out, "From", ["Mail", "Delivery", "System", &from].into_iter());
        field(out, "To", std::iter::once(mailbox(self.to).as_str()));
        let prefix = human::subject_prefix(self.kind, self.language);
        unstructured_field(out, "Subject", &format!("{prefix}: {}", self.original.subject));
        field(out, "Date", std::iter::once(date_rfc5322(self.now).as_str()));
        // The time tells the reports on one message apart.
        let id = format!("<{}.{}@{}>", self.reference, self.now.0, self.node_name);
        field(out, "Message-ID", std::iter::once(id.as_str()));
        if is_message_id(self.original.message_id) {
            field(out, "In-Reply-To", std::iter::once(self.original.message_id));
            field(out, "References", std::iter::once(self.original.message_id));
        }
        field(out, "MIME-Version", std::iter::once("1.0"));
        field(
            out,
            "Content-Type",
            [
                "multipart/report;",
                "report-type=delivery-status;",
                &format!("boundary=\"{boundary}\""),
            ]
            .into_iter(),
        );
        field(out, "Content-Transfer-Encoding", std::iter::once(returned.outer_encoding()));
        field(out, "Auto-Submitted", std::iter::once("auto-replied"));
        if self.kind == ReportKind::Failed {
            out.extend_from_slice(b"X-MS-Exchange-Message-Is-Ndr:\r\n");
        }
        out.extend_from_slice(b"\r\n");
    }

    /// A boundary that occurs in none of `bodies`. `=_` cannot occur in quoted-printable; in the
    /// others whoever knew the reference could have put it, so they are searched.
    fn boundary(&self, word: &str, bodies: &[&[u8]]) -> String {
        let mut number = 0_u32;
        loop {
            let boundary = format!("=_{}_{word}_{number}", self.reference);
            if !bodies.iter().any(|body| contains(body, boundary.as_bytes())) {
                return boundary;
            }
            number += 1;
        }
    }
}

impl ReportedRecipient {
    /// The remote server's words on one line, made printable; empty where it said nothing.
    fn reply(&self) -> String {
        printable(&self.reply_lines.join(" "), REPLY_CHARACTERS_MAX)
    }
}

fn part(out: &mut Vec<u8>, boundary: &str, content_type: &str, encoding: &str) {
    out.extend_from_slice(
        format!(
            "\r\n--{boundary}\r\nContent-Type: {content_type}\r\n\
             Content-Transfer-Encoding: {encoding}\r\n\r\n"
        )
        .as_bytes(),
    );
}

fn close(out: &mut Vec<u8>, boundary: &str) {
    out.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
}

/// `<address>`, as one word of a header field.
fn mailbox(address: &Address) -> String {
    format!("<{}>", printable(&address.to_string(), REPLY_CHARACTERS_MAX))
}

/// Whether a peer's Message-ID may stand in our own fields: one `<...>` of printable ASCII.
fn is_message_id(id: &str) -> bool {
    let inner = id.strip_prefix('<').and_then(|id| id.strip_suffix('>'));
    id.len() < 900
        && inner.is_some_and(|inner| {
            !inner.is_empty() && inner.bytes().all(|b| b.is_ascii_graphic() && !b"<>".contains(&b))
        })
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
#[path = "report/tests.rs"]
mod tests;
