//! The quarantine notification (spec 3.2): what is kept of one recipient's mail, why, until when,
//! and how to ask for it.
//!
//! Pure. What a stranger wrote stands on its own line, made printable and cut.

use posthouse_types::{
    Address, Language, QuarantineReason, SHOWN_CHARACTERS_MAX, UnixMillis, printable,
};

use super::NotificationText;
use crate::date::date_rfc5322;

/// Messages that one notification names, so that it stays readable; the others it counts.
pub const DIGEST_ENTRIES_MAX: usize = 100;

/// One message that is kept.
#[derive(Clone, Debug)]
pub struct DigestEntry<'a> {
    /// Its number, by which it is asked for.
    pub number: i64,
    /// MAIL FROM; `None` is the null sender.
    pub sender: Option<&'a str>,
    /// The Subject, decoded.
    pub subject: &'a str,
    /// When it came.
    pub received: UnixMillis,
    /// When it ends.
    pub expires: UnixMillis,
    /// Why it is kept; `None`: by a reason that this version does not know.
    pub reason: Option<QuarantineReason>,
    /// Its recipient may have it for the asking; else an administrator decides.
    pub is_theirs_to_release: bool,
}

/// What a recipient is told of these messages.
pub fn quarantine_digest(
    recipient: &Address,
    entries: &[DigestEntry<'_>],
    language: Language,
) -> NotificationText {
    let recipient = printable(&recipient.to_string(), SHOWN_CHARACTERS_MAX);
    let count = entries.len();
    let (subject, first) = match (language, count) {
        (Language::English, 1) => (
            "1 message in quarantine".to_owned(),
            format!("1 message to {recipient} is kept in quarantine and was not delivered."),
        ),
        (Language::English, _) => (
            format!("{count} messages in quarantine"),
            format!("{count} messages to {recipient} are kept in quarantine, not delivered."),
        ),
        (Language::German, 1) => (
            "1 Nachricht in Quarantäne".to_owned(),
            format!("1 Nachricht an {recipient} liegt in Quarantäne und wurde nicht zugestellt."),
        ),
        (Language::German, _) => (
            format!("{count} Nachrichten in Quarantäne"),
            format!("{count} Nachrichten an {recipient} liegen in Quarantäne, nicht zugestellt."),
        ),
    };
    let named = entries.iter().take(DIGEST_ENTRIES_MAX);
    let mut listed: String = named.map(|entry| entry.text(language)).collect();
    if let Some(more) = count.checked_sub(DIGEST_ENTRIES_MAX).filter(|more| *more > 0) {
        listed.push_str(&match language {
            Language::English => format!("And {more} more, which your administrator can list.\n\n"),
            Language::German => {
                format!("Und {more} weitere, die Ihr Administrator auflisten kann.\n\n")
            }
        });
    }
    let last = match language {
        Language::English => {
            "To get a message, answer this mail or ask your administrator, and give its number.\n\
             Whatever nobody asks for is deleted at the end of its time. This mail holds no link \
             on\npurpose: one that asks you to sign in to a quarantine is not from this gateway.\n"
        }
        Language::German => {
            "Wenn Sie eine Nachricht brauchen, antworten Sie auf diese Mail oder fragen Sie Ihren \
             Administrator,\nund nennen Sie die Nummer. Was niemand verlangt, wird am Ende seiner \
             Zeit gelöscht. Diese Mail\nenthält absichtlich keinen Link: Eine, die Sie zur \
             Anmeldung an einer Quarantäne auffordert,\nist nicht von diesem Gateway.\n"
        }
    };
    NotificationText { subject, body: format!("{first}\n\n{listed}{last}") }
}

impl DigestEntry<'_> {
    fn text(&self, language: Language) -> String {
        let sender = defused(&printable(self.sender.unwrap_or("<>"), SHOWN_CHARACTERS_MAX));
        let subject = defused(&printable(self.subject, SHOWN_CHARACTERS_MAX));
        let (received, expires) = (date_rfc5322(self.received), date_rfc5322(self.expires));
        let reason = reason_words(self.reason, language);
        let number = self.number;
        let (labels, release) = match (language, self.is_theirs_to_release) {
            (Language::English, true) => (ENGLISH, "you get it when you ask for it"),
            (Language::English, false) => (ENGLISH, "an administrator decides about it"),
            (Language::German, true) => (GERMAN, "Sie erhalten sie auf Nachfrage"),
            (Language::German, false) => (GERMAN, "ein Administrator entscheidet darüber"),
        };
        let values = [&number.to_string(), &sender, &subject, &received, &reason, &expires];
        let mut out = String::new();
        for (label, value) in labels.iter().zip(values.into_iter().map(String::as_str)) {
            out.push_str(&format!("{label:<12} {value}\n"));
        }
        let [.., last] = labels;
        out.push_str(&format!("{last:<12} {release}\n\n"));
        out
    }
}

const ENGLISH: [&str; 7] =
    ["Number:", "From:", "Subject:", "Received:", "Reason:", "Kept until:", "Release:"];
const GERMAN: [&str; 7] =
    ["Nummer:", "Von:", "Betreff:", "Empfangen:", "Grund:", "Behalten bis:", "Freigabe:"];

/// Why a message is kept, in a few words.
fn reason_words(reason: Option<QuarantineReason>, language: Language) -> String {
    use QuarantineReason::{
        Bulk, Dmarc, DomainImpersonation, FileType, GraphImpersonation, HighConfidencePhish,
        HighConfidenceSpam, Malware, Outbound, Phish, RejectNotUnanimous, Spam, Spoof,
        TransportRule, UserImpersonation,
    };
    let (english, german) = match reason {
        Some(Spam) => ("spam", "Spam"),
        Some(HighConfidenceSpam) => ("spam, beyond doubt", "Spam, ohne Zweifel"),
        Some(Bulk) => ("bulk mail", "Massenmail"),
        Some(Phish) => ("phishing", "Phishing"),
        Some(HighConfidencePhish) => ("phishing, beyond doubt", "Phishing, ohne Zweifel"),
        Some(Spoof) => ("its sender is forged", "der Absender ist gefälscht"),
        Some(Dmarc) => (
            "its sender could not be proven, and the domain's owner asks to keep such mail",
            "der Absender ist nicht nachgewiesen, und der Inhaber der Domain bittet darum",
        ),
        Some(UserImpersonation | GraphImpersonation) => {
            ("it imitates somebody you know", "sie ahmt jemanden nach, den Sie kennen")
        }
        Some(DomainImpersonation) => {
            ("it imitates a domain you know", "sie ahmt eine Domain nach, die Sie kennen")
        }
        Some(Malware) => ("malware", "Schadsoftware"),
        Some(FileType) => ("a blocked type of file", "ein gesperrter Dateityp"),
        Some(TransportRule | RejectNotUnanimous) => {
            ("a rule of your organisation", "eine Regel Ihrer Organisation")
        }
        Some(Outbound) => ("your organisation's outbound policy", "die Regeln für ausgehende Mail"),
        None => ("a policy of your organisation", "eine Richtlinie Ihrer Organisation"),
    };
    match language {
        Language::English => english.to_owned(),
        Language::German => german.to_owned(),
    }
}

/// A stranger's words, of which no mail program makes a link: `shop[.]example`.
fn defused(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    let mut rest = words.chars().peekable();
    let mut is_in_word = false;
    while let Some(character) = rest.next() {
        let goes_on = rest.peek().is_some_and(|next| next.is_alphanumeric());
        match character {
            '.' if is_in_word && goes_on => out.push_str("[.]"),
            ':' if rest.peek() == Some(&'/') => out.push_str("[:]"),
            other => out.push(other),
        }
        is_in_word = character.is_alphanumeric();
    }
    out
}

#[cfg(test)]
mod tests {
    use posthouse_types::Domain;

    use super::*;

    fn entry<'a>(number: i64, subject: &'a str, reason: QuarantineReason) -> DigestEntry<'a> {
        DigestEntry {
            number,
            sender: Some("eve@stranger.example"),
            subject,
            received: UnixMillis(1_795_000_000_000),
            expires: UnixMillis(1_796_296_000_000),
            reason: Some(reason),
            is_theirs_to_release: !reason.is_admin_release_only(),
        }
    }

    fn ann() -> Address {
        Address::new("ann", Domain::from_normalized("contoso.example"))
    }

    #[test]
    fn a_digest_says_what_is_kept_why_until_when_and_how_to_ask() {
        let entries = [
            entry(7, "Offer", QuarantineReason::Spam),
            entry(9, "Invoice", QuarantineReason::Malware),
        ];
        let english = quarantine_digest(&ann(), &entries, Language::English);
        assert_eq!(english.subject, "2 messages in quarantine");
        assert_eq!(
            english.body.split("\n\n").nth(1),
            Some(
                "Number:      7\nFrom:        eve@stranger[.]example\nSubject:     Offer\n\
                 Received:    Wed, 18 Nov 2026 11:06:40 +0000\nReason:      spam\n\
                 Kept until:  Thu, 03 Dec 2026 11:06:40 +0000\n\
                 Release:     you get it when you ask for it"
            )
        );
        assert!(english.body.contains("Release:     an administrator decides about it"));
        let german = quarantine_digest(&ann(), &entries, Language::German);
        assert_eq!(german.subject, "2 Nachrichten in Quarantäne");
        assert!(german.body.contains("Grund:       Schadsoftware\n"), "{}", german.body);
    }

    #[test]
    fn a_strangers_words_make_no_line_and_no_link_of_ours() {
        let hostile = "x\r\nNumber: 1\u{202e}\u{0} http://evil.example/x";
        let said = quarantine_digest(
            &ann(),
            &[entry(7, hostile, QuarantineReason::Phish)],
            Language::English,
        );
        assert_eq!(said.subject, "1 message in quarantine");
        assert_eq!(said.body.matches("\nNumber:").count(), 1, "{}", said.body);
        let links = ["://", "evil.example", "\u{202e}"];
        assert!(links.iter().all(|link| !said.body.contains(link)), "{}", said.body);
    }

    #[test]
    fn a_flood_makes_one_readable_digest() {
        let entries: Vec<_> = (0..1000).map(|n| entry(n, "x", QuarantineReason::Spam)).collect();
        for (language, words) in
            [(Language::English, "\n\nAnd 900 more,"), (Language::German, "\n\nUnd 900 weitere,")]
        {
            let said = quarantine_digest(&ann(), &entries, language);
            assert!(
                said.subject.starts_with("1000 ") && said.body.contains(words),
                "{}",
                said.body
            );
            assert!(said.body.len() < 40_000, "{}", said.body.len());
        }
    }

    #[test]
    fn every_reason_has_its_words_in_both_languages() {
        for reason in QuarantineReason::ALL.iter().copied().map(Some).chain([None]) {
            let words = [Language::English, Language::German].map(|it| reason_words(reason, it));
            assert!(words.iter().all(|words| !words.is_empty()), "{reason:?}");
        }
    }
}
