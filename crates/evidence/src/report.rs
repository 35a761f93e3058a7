//! Delivery reports: the part for programs (RFC 3464), the part for people as Exchange writes it,
//! and, in texts of no known kind, replies as people paste them.
//!
//! Pure. A message without a report in it gives nothing, and is no error.

use std::sync::Arc;

use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders, PartType};
use posthouse_types::UnixMillis;

use crate::facts::{Failure, Proof, Report, value};
use crate::limits::{PARTS_MAX, REPLIES_IN_TEXT_MAX};
use crate::reply::{Meaning, meaning, quoted_replies, reference, unified};

/// The reports that a message holds.
pub(crate) fn reports(file: &Arc<str>, bytes: &[u8]) -> Vec<Report> {
    let bytes = &flat(bytes)[..];
    let Some(message) = MessageParser::default().parse(bytes) else { return Vec::new() };
    let mut reports = Vec::new();
    let written = message.date().map(|date| UnixMillis::from_seconds(date.to_timestamp()));
    let original = original_message_id(&message);
    for part in message.parts.iter().take(PARTS_MAX) {
        if is_kind(part, "delivery-status") {
            let line = line_of(bytes, part.offset_body as usize);
            reports.extend(delivery_status(file, &text_of(part), line, written));
        }
    }
    // What a person is shown, where it says more or where there is no other part.
    if reports.is_empty() {
        for part in message.parts.iter().take(PARTS_MAX) {
            if is_kind(part, "plain") || (is_kind(part, "html") && reports.is_empty()) {
                let line = line_of(bytes, part.offset_body as usize);
                let text = readable(part);
                let found = replies_of(file, &text, line, bytes, part);
                reports.extend(found);
            }
        }
        for report in &mut reports {
            report.time = written;
        }
    }
    for report in &mut reports {
        report.links.extend(original.clone());
        if report.reporter.is_empty() {
            report.reporter = generating_server(&message);
        }
    }
    reports.truncate(REPLIES_IN_TEXT_MAX);
    reports
}

/// A copy in which no part is a message or a digest of messages any more: their types are spelt
/// with an `x`. The parser would take a message in a message apart too, and its result is as deep
/// as a hostile file wants; of what came back only the header matters here.
fn flat(bytes: &[u8]) -> Vec<u8> {
    let mut flat = bytes.to_vec();
    let mut before = 0;
    for (at, byte) in bytes.iter().enumerate() {
        // Where a subtype may begin: after the slash, or a comment or quote after it.
        if matches!(before, b'/' | b')' | b'"' | b'\\') {
            let word = bytes.get(at..at + 6).unwrap_or_default();
            let is_message = word.eq_ignore_ascii_case(b"rfc822")
                || word.eq_ignore_ascii_case(b"global")
                || word.eq_ignore_ascii_case(b"digest");
            // `rfc822-headers` and `global-delivery-status` are parts of a report.
            if is_message
                && bytes.get(at + 6) != Some(&b'-')
                && let Some(first) = flat.get_mut(at)
            {
                *first = b'x';
            }
        }
        if !byte.is_ascii_whitespace() {
            before = *byte;
        }
    }
    flat
}

/// Replies in a line of text of no known kind.
pub(crate) fn pasted(file: &Arc<str>, line: u64, text: &str) -> Vec<Report> {
    let mut replies = quoted_replies(text);
    if replies.is_empty() && meaning(text) != Meaning::Other {
        replies.push(value(text));
    }
    replies.into_iter().map(|reply| report(reply, vec![Proof::new(file, line, text)])).collect()
}

fn report(text: String, proof: Vec<Proof>) -> Report {
    let links = reference(&text).map(str::to_owned).into_iter().collect();
    Report { failure: Failure { text: value(&text), proof }, links, ..Report::default() }
}

/// The recipients' blocks of a delivery-status part.
fn delivery_status(
    file: &Arc<str>,
    text: &str,
    first_line: u64,
    written: Option<UnixMillis>,
) -> Vec<Report> {
    let mut reports = Vec::new();
    let mut reporter = String::new();
    let mut block = Block::default();
    for field in fields(text) {
        let Some(field) = field else {
            reports.extend(block.finish(file, first_line, &reporter, written));
            block = Block::default();
            continue;
        };
        if field.is("Reporting-MTA") {
            reporter = after_type(&field.value).to_owned();
        }
        block.fields.push(field);
    }
    reports.extend(block.finish(file, first_line, &reporter, written));
    reports
}

/// One recipient's fields.
#[derive(Default)]
struct Block {
    fields: Vec<Field>,
}

impl Block {
    fn finish(
        &self,
        file: &Arc<str>,
        first_line: u64,
        reporter: &str,
        written: Option<UnixMillis>,
    ) -> Option<Report> {
        let field = |name: &str| self.fields.iter().find(|field| field.is(name));
        let word = |name: &str| field(name).map_or("", |field| field.value.as_str());
        let action = word("Action").to_ascii_lowercase();
        if self.fields.is_empty() || matches!(action.as_str(), "delivered" | "relayed" | "expanded")
        {
            return None;
        }
        let status = field("Status")?;
        let proof = |field: &Field| {
            let shown = format!("{}: {}", field.name, field.value);
            Proof::new(file, first_line + field.line, &shown)
        };
        let diagnostic = field("Diagnostic-Code");
        let words = diagnostic.map_or("", |field| after_type(&field.value));
        let begins_with_code = words.get(..3).is_some_and(|code| code.parse::<u16>().is_ok());
        let text =
            if begins_with_code { unified(words) } else { format!("{} {words}", status.value) };
        let reason = word("X-Posthouse-Reason");
        let text =
            if words.is_empty() && !reason.is_empty() { format!("{text}{reason}") } else { text };
        let mut report = report(text, vec![proof(diagnostic.unwrap_or(status))]);
        report.reporter = value(reporter);
        report.remote = value(after_type(word("Remote-MTA"))).to_ascii_lowercase();
        report.stated_reason = value(reason);
        report.time = date(word("Last-Attempt-Date")).or(written);
        Some(report)
    }
}

/// One field, unfolded.
struct Field {
    name: String,
    value: String,
    line: u64,
}

impl Field {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// The fields of a text in order; `None` for each empty line.
fn fields(text: &str) -> Vec<Option<Field>> {
    /// More than a report about a full transaction has.
    const FIELDS_MAX: usize = 10_000;
    let mut fields: Vec<Option<Field>> = Vec::new();
    for (line, text) in text.lines().enumerate().take(FIELDS_MAX) {
        if text.starts_with([' ', '\t']) && !text.trim().is_empty() {
            if let Some(Some(last)) = fields.last_mut() {
                last.value.push(' ');
                last.value.push_str(&value(text));
            }
        } else if let Some((name, rest)) = text.split_once(':') {
            let line = line as u64;
            fields.push(Some(Field { name: value(name), value: value(rest), line }));
        } else if text.trim().is_empty() {
            fields.push(None);
        }
    }
    fields
}

/// `dns;host` and `smtp;550 ...` without their type.
fn after_type(text: &str) -> &str {
    text.split_once(';')
        .filter(|(kind, _)| !kind.contains(' '))
        .map_or(text, |(_, rest)| rest)
        .trim()
}

/// Replies in the part for people.
fn replies_of(
    file: &Arc<str>,
    text: &str,
    line: u64,
    bytes: &[u8],
    part: &MessagePart<'_>,
) -> Vec<Report> {
    let mut replies = quoted_replies(text);
    if replies.is_empty() {
        let said = text.lines().filter(|line| meaning(line) != Meaning::Other);
        replies.extend(said.take(REPLIES_IN_TEXT_MAX).map(value));
    }
    replies
        .into_iter()
        .map(|reply| {
            // The line, where the part is not encoded.
            let status = reply.split(' ').nth(1).unwrap_or_default().as_bytes();
            let body = bytes.get(part.offset_body as usize..part.offset_end as usize);
            let at = body.and_then(|body| {
                body.windows(status.len().max(1)).position(|window| window == status)
            });
            let before = at.and_then(|at| body?.get(..at)).unwrap_or_default();
            let line = line + before.iter().filter(|byte| **byte == b'\n').count() as u64;
            let proof = Proof::new(file, line, &reply);
            report(reply, vec![proof])
        })
        .collect()
}

fn generating_server(message: &Message<'_>) -> String {
    let text = message.body_text(0).unwrap_or_default();
    let server = text.split_once("Generating server:").map_or("", |(_, rest)| rest);
    value(server.lines().next().unwrap_or_default())
}

/// The Message-ID of the message that came back: joins the report to a session.
fn original_message_id(message: &Message<'_>) -> Option<String> {
    let parts = message.parts.iter().take(PARTS_MAX).skip(1);
    let mut returned = parts.filter(|part| {
        ["rfc822-headers", "xfc822", "xlobal", "global-headers"]
            .iter()
            .any(|one| is_kind(part, one))
    });
    let headers = returned.find_map(|part| {
        let text = text_of(part);
        let mut header = fields(&text).into_iter().map_while(|field| field);
        header.find(|field| field.is("Message-ID")).map(|field| field.value)
    });
    headers.or_else(|| message.in_reply_to().as_text().map(|id| format!("<{id}>")))
}

fn is_kind(part: &MessagePart<'_>, subtype: &str) -> bool {
    let kind = part.content_type();
    let is_default = kind.is_none() && subtype == "plain" && part.is_text();
    is_default
        || kind.and_then(|kind| kind.subtype()).is_some_and(|one| {
            one.eq_ignore_ascii_case(subtype)
                || (subtype == "delivery-status"
                    && one.eq_ignore_ascii_case("global-delivery-status"))
        })
}

fn text_of(part: &MessagePart<'_>) -> String {
    match &part.body {
        PartType::Text(text) | PartType::Html(text) => text.to_string(),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
        PartType::Message(_) | PartType::Multipart(_) => String::new(),
    }
}

/// A part for people as plain words: HTML without its tags.
fn readable(part: &MessagePart<'_>) -> String {
    let text = text_of(part);
    if !is_kind(part, "html") {
        return text;
    }
    mail_parser::decoders::html::html_to_text(&text)
}

/// RFC 5322's date.
fn date(text: &str) -> Option<UnixMillis> {
    let header = format!("{text}\r\n");
    let parsed = mail_parser::parsers::MessageStream::new(header.as_bytes()).parse_date();
    match parsed {
        mail_parser::HeaderValue::DateTime(date) => {
            Some(UnixMillis::from_seconds(date.to_timestamp()))
        }
        _ => None,
    }
}

fn line_of(bytes: &[u8], offset: usize) -> u64 {
    let before = bytes.get(..offset).unwrap_or(bytes);
    before.iter().filter(|byte| **byte == b'\n').count() as u64 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Report> {
        reports(&"a.eml".into(), text.replace('\n', "\r\n").as_bytes())
    }

    const STATUS: &str = "From: postmaster@a.example\nDate: Mon, 23 Nov 2026 18:10:27 +0000\n\
        MIME-Version: 1.0\nContent-Type: multipart/report; boundary=b\n\n--b\nContent-Type: \
        text/plain\n\nIt failed.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: \
        dns;edge.a.example\n\nFinal-Recipient: rfc822;b@c.example\nAction: failed\nStatus: 5.7.64\n\
        Remote-MTA: dns;gw.example\nDiagnostic-Code: smtp;550 5.7.64 TenantAttribution;\n Relay \
        Access Denied [gw.example 2026 0W3GE1R70W3GE1R7]\n\n--b\nContent-Type: \
        text/rfc822-headers\n\nMessage-ID: <1@a.example>\n\n--b--\n";

    #[test]
    fn a_delivery_status_is_read_with_its_line() {
        let reports = read(STATUS);
        assert_eq!(reports.len(), 1);
        let report = &reports[0];
        assert_eq!(
            report.failure.text,
            "550 5.7.64 TenantAttribution; Relay Access Denied [gw.example 2026 0W3GE1R70W3GE1R7]"
        );
        assert_eq!(
            (report.reporter.as_str(), report.remote.as_str()),
            ("edge.a.example", "gw.example")
        );
        assert_eq!(report.links, ["0W3GE1R70W3GE1R7", "<1@a.example>"]);
        assert_eq!(report.time, Some(UnixMillis(1_795_457_427_000)));
        assert_eq!(report.failure.proof[0].line, 19);
        assert!(report.failure.proof[0].text.starts_with("Diagnostic-Code: smtp;550 5.7.64"));
    }

    #[test]
    fn a_report_for_people_only_is_read_too() {
        let text = "From: a@b.example\nSubject: FW: Undeliverable\n\nGenerating server: \
                    ex.a.example\n\nb@c.example\nRemote Server returned '550 5.7.64 \
                    TenantAttribution;\nRelay Access Denied'\n\nOriginal message headers:\n";
        let reports = read(text);
        assert_eq!(reports[0].failure.text, "550 5.7.64 TenantAttribution; Relay Access Denied");
        assert_eq!(reports[0].reporter, "ex.a.example");
        assert_eq!(reports[0].failure.proof[0].line, 7);
    }

    #[test]
    fn a_message_that_came_back_whole_joins_by_its_header() {
        let whole = STATUS.replace("text/rfc822-headers\n", "message/rfc822\n");
        let whole = whole.replace("<1@a.example>\n", "<1@a.example>\n\nMessage-ID: <2@body>\n");
        assert_eq!(read(&whole)[0].links, ["0W3GE1R70W3GE1R7", "<1@a.example>"]);
    }

    #[test]
    fn deliveries_that_went_well_and_other_mail_are_no_failures() {
        assert!(read(&STATUS.replace("failed\nStatus", "delivered\nStatus")).is_empty());
        assert!(read("From: a@b.example\nSubject: Hi\n\nSee you at 5.\n").is_empty());
        assert!(read("").is_empty());
    }
}
