//! How the store verbs write: one JSON object a line, or lines of at most 100 columns.
//!
//! May touch: standard output. A certificate's words are data: made printable and cut.

use std::io::{self, Write};
use std::process::ExitCode;

use posthouse_pki::certificate_kind;
use posthouse_types::{CertificateSummary, SHOWN_CHARACTERS_MAX, UnixMillis, printable};
use serde_json::{Map, Value, json};

/// The width that output keeps to.
const COLUMNS: usize = 100;

const DAY_SECONDS: i64 = 86_400;

/// Writes to standard output; whoever closed the pipe has read enough.
pub(super) fn write(text: &str, status: ExitCode) -> ExitCode {
    let mut out = anstream::AutoStream::auto(io::stdout().lock());
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => status,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => status,
        Err(_) => ExitCode::FAILURE,
    }
}

/// One JSON object a line.
pub(super) fn json_lines(objects: &[Value]) -> String {
    objects.iter().map(|object| format!("{object}\n")).collect()
}

/// A certificate's own words, on one line.
pub(super) fn shown(text: &str) -> String {
    if text.is_empty() { "(no name)".to_owned() } else { printable(text, SHOWN_CHARACTERS_MAX) }
}

/// A line that begins with `start` and goes on below the place where its text began.
pub(super) fn wrapped(start: &str, text: &str) -> String {
    let indent = start.chars().count();
    let (mut out, mut column) = (start.to_owned(), indent);
    for word in text.split(' ') {
        let length = word.chars().count();
        if column > indent && column + 1 + length > COLUMNS {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            column = indent;
        } else if column > indent {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out.push('\n');
    out
}

/// The day of a moment, as `2027-11-23`.
pub(super) fn day(time: UnixMillis) -> String {
    posthouse_message::date_rfc3339(time).get(..10).unwrap_or_default().to_owned()
}

/// Whole days until a moment; negative after it.
pub(super) fn days_left(end: UnixMillis, now: UnixMillis) -> i64 {
    (end.seconds() - now.seconds()).div_euclid(DAY_SECONDS)
}

/// When a certificate ends, in words.
pub(super) fn ends(certificate: &CertificateSummary, now: UnixMillis) -> String {
    let day = day(certificate.not_after);
    match days_left(certificate.not_after, now) {
        ..0 => format!("expired {day}"),
        days @ 0..30 => format!("ends {day}, in {days} days"),
        _ => format!("ends {day}"),
    }
}

/// A certificate as JSON: times in milliseconds since 1970, as everywhere.
pub(super) fn certificate_json(
    der: &[u8],
    certificate: &CertificateSummary,
    now: UnixMillis,
) -> Map<String, Value> {
    let CertificateSummary {
        subject,
        issuer,
        serial,
        thumbprint,
        key,
        signature,
        ca_issuers,
        dns_names,
        ..
    } = certificate;
    let fields = json!({
        "subject": subject,
        "issuer": issuer,
        "serial": serial,
        "thumbprint": thumbprint,
        "kind": certificate_kind(der).map(posthouse_pki::CertificateKind::id),
        "not_before": certificate.not_before.0,
        "not_after": certificate.not_after.0,
        "days_left": days_left(certificate.not_after, now),
        "key": key,
        "signature": signature,
        "subject_key_id": certificate.subject_key_id,
        "authority_key_id": certificate.authority_key_id,
        "get": ca_issuers,
        "dns_names": dns_names,
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_goes_on_below_its_beginning() {
        let text = wrapped("next: ", &"word ".repeat(40));
        assert!(text.lines().all(|line| line.chars().count() <= COLUMNS), "{text}");
        assert!(text.lines().skip(1).all(|line| line.starts_with("      word")), "{text}");
        assert_eq!(wrapped("a: ", &"x".repeat(200)).lines().count(), 1, "a word is never cut");
    }

    #[test]
    fn days_are_whole_and_end_below_zero() {
        let at = |days: i64| UnixMillis::from_seconds(days * DAY_SECONDS);
        assert_eq!(days_left(at(3), at(1)), 2);
        assert_eq!(days_left(UnixMillis::from_seconds(10), UnixMillis::from_seconds(11)), -1);
    }
}
