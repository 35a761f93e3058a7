//! The part for programs: RFC 3464's fields, or RFC 6533's where an address is not ASCII.
//! Pure. Each field is one line or folded; a peer's words stand in values only.

use posthouse_types::{printable, printable_ascii};

use super::{REPLY_CHARACTERS_MAX, Report, ReportKind, ReportedRecipient};
use crate::date::date_rfc5322;
use crate::encode::field;

/// The body of the delivery-status part. It holds octets above 127 only where an address does;
/// then it must be labelled `message/global-delivery-status`.
pub(super) fn delivery_status(report: &Report<'_>) -> Vec<u8> {
    let mut status = Status { out: Vec::with_capacity(1024), is_utf8: needs_utf8(report) };
    if let Some(id) = report.original.envelope_id {
        status.put("Original-Envelope-Id", &xtext_decoded(id));
    }
    status.put("Reporting-MTA", &format!("dns;{}", report.node_name));
    if !report.original.received_from.is_empty() {
        status.put("Received-From-MTA", &format!("dns;{}", report.original.received_from));
    }
    status.put("Arrival-Date", &date_rfc5322(report.original.arrival));
    status.put("X-Posthouse-Reference", report.reference.as_str());
    for recipient in report.recipients {
        status.out.extend_from_slice(b"\r\n");
        status.put_recipient(report.kind, recipient);
    }
    status.out
}

/// Whether an address needs more than ASCII.
pub(super) fn needs_utf8(report: &Report<'_>) -> bool {
    report.recipients.iter().any(|recipient| recipient.address.needs_smtputf8())
}

struct Status {
    out: Vec<u8>,
    is_utf8: bool,
}

impl Status {
    fn put_recipient(&mut self, kind: ReportKind, recipient: &ReportedRecipient) {
        if let Some((kind, address)) =
            recipient.original_recipient.as_deref().and_then(|original| original.split_once(';'))
        {
            self.put("Original-Recipient", &format!("{kind};{}", xtext_decoded(address)));
        }
        let address_type = if recipient.address.needs_smtputf8() { "utf-8" } else { "rfc822" };
        self.put("Final-Recipient", &format!("{address_type};{}", recipient.address));
        self.put(
            "Action",
            match kind {
                ReportKind::Failed => "failed",
                ReportKind::Delayed => "delayed",
                ReportKind::Delivered => "delivered",
                ReportKind::Relayed => "relayed",
            },
        );
        self.put("Status", &recipient.status.to_string());
        if let Some(host) = &recipient.remote_mta {
            self.put("Remote-MTA", &format!("dns;{host}"));
        }
        if !recipient.reply_lines.is_empty() {
            self.put("Diagnostic-Code", &format!("smtp;{}", recipient.reply_lines.join(" ")));
        }
        if let Some(at) = recipient.last_attempt {
            self.put("Last-Attempt-Date", &date_rfc5322(at));
        }
        if let Some(until) = recipient.will_retry_until.filter(|_| kind == ReportKind::Delayed) {
            self.put("Will-Retry-Until", &date_rfc5322(until));
        }
        self.put("X-Posthouse-Reason", recipient.reason.id());
    }

    fn put(&mut self, name: &str, value: &str) {
        let value = if self.is_utf8 {
            printable(value, REPLY_CHARACTERS_MAX)
        } else {
            printable_ascii(value, REPLY_CHARACTERS_MAX)
        };
        field(&mut self.out, name, value.split(' ').filter(|word| !word.is_empty()));
    }
}

/// Reads xtext (RFC 3461 section 4): `+` and two hexadecimal digits are one octet. What is no
/// xtext stays as it is; what is no UTF-8 afterwards too.
fn xtext_decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let digits = (ahead.next(), ahead.next());
        let octet = match digits {
            (Some(high), Some(low)) if byte == b'+' => hex(high).zip(hex(low)),
            _ => None,
        };
        if let Some((high, low)) = octet {
            out.push(high * 16 + low);
            bytes = ahead;
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xtext_is_read_and_anything_else_left_alone() {
        assert_eq!(xtext_decoded("a+2Bb+3D"), "a+b=");
        assert_eq!(xtext_decoded("QQ+314159"), "QQ14159");
        assert_eq!(xtext_decoded("a+"), "a+");
        assert_eq!(xtext_decoded("a+zz+4"), "a+zz+4");
        assert_eq!(xtext_decoded("a+FF"), "a+FF");
    }
}
