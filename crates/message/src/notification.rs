//! What the gateway tells people by mail of its own accord, in English or German: who may not send
//! any more, and what is kept in quarantine (`digest`).
//!
//! Pure: values in, a whole message out. Never holds a link, since a link in such a mail is what
//! phishing imitates. What a stranger wrote is quoted on one line, made printable.

mod digest;

use posthouse_types::{Address, Language, Reference, SHOWN_CHARACTERS_MAX, UnixMillis, printable};

use crate::date::{date_rfc3339, date_rfc5322};
use crate::encode::{field, quoted_printable, unstructured_field};
pub use digest::{DIGEST_ENTRIES_MAX, DigestEntry, quarantine_digest};

/// A text to one person.
#[derive(Clone, Debug)]
pub struct Notification<'a> {
    /// The node that writes it.
    pub node_name: &'a str,
    /// From: whoever reads the answers.
    pub from: &'a Address,
    /// To.
    pub to: &'a Address,
    /// Its own reference.
    pub reference: Reference,
    /// Now.
    pub now: UnixMillis,
    /// What it says.
    pub text: &'a NotificationText,
}

/// What a notification says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationText {
    /// The Subject.
    pub subject: String,
    /// The body, LF line ends.
    pub body: String,
}

impl Notification<'_> {
    /// The whole message, CRLF throughout; all of it is ASCII, but for an internationalised address
    /// (RFC 6532).
    pub fn build(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(512 + 2 * self.text.body.len());
        let mailbox = |address: &Address| format!("<{address}>");
        field(&mut out, "From", std::iter::once(mailbox(self.from).as_str()));
        field(&mut out, "To", std::iter::once(mailbox(self.to).as_str()));
        unstructured_field(&mut out, "Subject", &self.text.subject);
        field(&mut out, "Date", std::iter::once(date_rfc5322(self.now).as_str()));
        let id = format!("<{}@{}>", self.reference, self.node_name);
        field(&mut out, "Message-ID", std::iter::once(id.as_str()));
        field(&mut out, "MIME-Version", std::iter::once("1.0"));
        field(&mut out, "Content-Type", ["text/plain;", "charset=utf-8"].into_iter());
        field(&mut out, "Content-Transfer-Encoding", std::iter::once("quoted-printable"));
        // RFC 3834 section 5: no vacation answers to it.
        field(&mut out, "Auto-Submitted", std::iter::once("auto-generated"));
        out.extend_from_slice(b"\r\n");
        quoted_printable(&mut out, self.text.body.as_bytes());
        out.extend_from_slice(b"\r\n");
        out
    }
}

/// That a sender may not send any more, for those whom the outbound policy names.
pub fn sender_restricted_text(
    sender: &str,
    why: &str,
    until: Option<UnixMillis>,
    tenant: &str,
    language: Language,
) -> NotificationText {
    let sender = printable(sender, SHOWN_CHARACTERS_MAX);
    let until = until.map(date_rfc3339);
    match language {
        Language::English => NotificationText {
            subject: format!("{sender} may not send any more"),
            body: format!(
                "{sender} is restricted from sending mail: {why}.\n\nThe restriction ends {}.\n\n\
                 This happens where an account was taken over. Look at what it sent, change its \
                 password, and then release it:\n\n    posthouse trace --tenant {tenant} --sender \
                 {sender}\n    posthouse restricted release {tenant} {sender}\n",
                until.map_or("once it is released".to_owned(), |until| format!(
                    "at {until}, or once it is released"
                )),
            ),
        },
        Language::German => NotificationText {
            subject: format!("{sender} darf nicht mehr senden"),
            body: format!(
                "{sender} ist für das Senden von Mail gesperrt: {why}.\n\nDie Sperre endet {}.\n\n\
                 So etwas geschieht, wenn ein Konto übernommen wurde. Sehen Sie nach, was es \
                 gesendet hat, ändern Sie sein Kennwort, und geben Sie es dann frei:\n\n    \
                 posthouse trace --tenant {tenant} --sender {sender}\n    posthouse restricted \
                 release {tenant} {sender}\n",
                until.map_or("mit der Freigabe".to_owned(), |until| format!(
                    "um {until} oder mit der Freigabe"
                )),
            ),
        },
    }
}

#[cfg(test)]
mod tests {
    use posthouse_types::Domain;

    use super::*;

    #[test]
    fn a_notification_is_one_ascii_message_that_nobody_answers_by_machine() {
        let address = |local| Address::new(local, Domain::from_normalized("t.example"));
        let text = sender_restricted_text("eve@t.example", "zu viel", None, "t", Language::German);
        let built = Notification {
            node_name: "gw.example",
            from: &address("postmaster"),
            to: &address("ann"),
            reference: Reference::from_random([7; 10]),
            now: UnixMillis(1_795_000_000_000),
            text: &text,
        }
        .build();
        assert!(built.is_ascii());
        let built = String::from_utf8(built).unwrap();
        assert!(built.starts_with("From: <postmaster@t.example>\r\nTo: <ann@t.example>\r\n"));
        assert!(
            built.contains("\r\nAuto-Submitted: auto-generated\r\n\r\neve@t.example ist f=C3=BC")
        );
        assert_eq!(built.matches('\n').count(), built.matches("\r\n").count());
    }

    #[test]
    fn a_restriction_says_when_it_ends_and_how_to_end_it() {
        let said = |until, language| {
            sender_restricted_text("eve@t.example", "too much", until, "t", language).body
        };
        let until = Some(UnixMillis(1_795_000_000_000));
        for (language, released, at) in [
            (Language::English, "ends once it is released", "ends at 2026-"),
            (Language::German, "endet mit der Freigabe", "endet um 2026-"),
        ] {
            assert!(said(None, language).contains(released));
            assert!(said(until, language).contains(at), "{}", said(until, language));
            assert!(said(None, language).contains("posthouse restricted release t eve@t.example"));
        }
    }
}
