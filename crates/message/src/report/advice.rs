//! From a status code, and the words beside it, to a cause and a repair.
//! Pure. A code that is not in the table falls to its subject, then to its class: there is always
//! an answer. The status itself is never changed.

use posthouse_types::{EnhancedStatus, Reason};

use super::advice_table as table;
use super::{Language, ReportedRecipient};

/// What a refusal usually means, in words for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyAdvice {
    /// What happened.
    pub cause: &'static str,
    /// What helps.
    pub fix: &'static str,
}

/// What a 4yz or 5yz reply usually means, by its status and its lines as they came, code included.
/// The same words as in a report about it; of [`Language::Both`] the English ones.
pub fn reply_advice(status: EnhancedStatus, lines: &[String], language: Language) -> ReplyAdvice {
    let advice = advice_on(status, lines, None);
    let say = |phrase: &Phrase| match language {
        Language::German => phrase.german,
        Language::English | Language::Both => phrase.english,
    };
    ReplyAdvice { cause: say(&advice.cause), fix: say(&advice.fix) }
}

/// Cause, repair, and whose affair it is, each in both languages.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Advice {
    /// What happened.
    pub(super) cause: Phrase,
    /// Who can do something.
    pub(super) who: Who,
    /// What that is.
    pub(super) fix: Phrase,
}

/// The same words in each language.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Phrase {
    pub(super) english: &'static str,
    pub(super) german: &'static str,
}

/// Whose affair a repair is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// The person who wrote.
    Sender,
    /// Whoever runs the sending side's mail server.
    SenderAdministrator,
    /// Whoever runs the recipient's mail server.
    RecipientAdministrator,
}

/// The advice for one recipient.
pub(super) fn advice(recipient: &ReportedRecipient) -> &'static Advice {
    advice_on(recipient.status, &recipient.reply_lines, Some(recipient.reason))
}

fn advice_on(status: EnhancedStatus, lines: &[String], reason: Option<Reason>) -> &'static Advice {
    // A message that waited for the repair of a relay's certificate fails as expired in the end;
    // what helps is still the certificate.
    let words = lines.join(" ");
    if is_relay_denial(status, lines) {
        return if words.contains("ATTR36") {
            &table::SENDER_DOMAIN
        } else if added(lines).is_some_and(|added| names_missing_certificate(&added)) {
            &table::CHAIN_INCOMPLETE
        } else {
            &table::RELAY_DENIED
        };
    }
    if reason == Some(Reason::MessageExpired) {
        return &table::EXPIRED;
    }
    by_status(status, &words)
}

fn by_status(status: EnhancedStatus, words: &str) -> &'static Advice {
    match (status.0, status.1, status.2) {
        (_, 1, 1 | 10 | 6) => &table::NO_RECIPIENT,
        (_, 4, 1) if words.contains("Recipient address rejected") => &table::NO_RECIPIENT,
        (5, 4, 1) => &table::NOT_HOSTED,
        (_, 1, 2) | (_, 4, 4 | 310) => &table::NO_ROUTE,
        (_, 2, 2) => &table::MAILBOX_FULL,
        (_, 2, 3) | (_, 3, 4) => &table::TOO_LARGE,
        (_, 4, 6 | 14) => &table::LOOP,
        (_, 4, 7 | 300) => &table::EXPIRED,
        (_, 4, 317) | (_, 7, 10) => &table::TLS,
        (_, 6, 7) => &table::UTF8,
        (_, 7, 51) => &table::PARTNER_RESTRICTED,
        (_, 7, 1) => &table::NOT_PERMITTED,
        (_, 7, 23..=26) => &table::NOT_AUTHENTICATED,
        (5, 7, _) => &table::POLICY,
        (4, _, _) => &table::TEMPORARY,
        _ => &table::PERMANENT,
    }
}

/// What the server added to its refusal to relay, in its own words: the lines after the first,
/// without code and status. A gateway of our kind names the certificate that it missed there.
pub(super) fn added_words(recipient: &ReportedRecipient) -> Option<String> {
    added(&recipient.reply_lines)
        .filter(|_| is_relay_denial(recipient.status, &recipient.reply_lines))
}

fn added(lines: &[String]) -> Option<String> {
    let words: Vec<_> = lines.iter().skip(1).map(|line| without_codes(line)).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

fn is_relay_denial(status: EnhancedStatus, lines: &[String]) -> bool {
    status == EnhancedStatus(5, 7, 64) || lines.iter().any(|line| line.contains("5.7.64"))
}

/// Whether those words speak of a certificate that was not sent, as the cause (a root that is not
/// trusted may lack its intermediate too: `not sent either`).
fn names_missing_certificate(words: &str) -> bool {
    let lower = words.to_lowercase();
    let is_cause = ["not sent", "did not send", "chain-incomplete"];
    is_cause.iter().any(|word| lower.contains(word)) && !lower.contains("not sent either")
}

/// A reply line's text: `550-5.7.64 text` without its first word, where that is a code.
fn without_codes(line: &str) -> &str {
    let is_code = line.get(..3).is_some_and(|code| code.bytes().all(|b| b.is_ascii_digit()));
    let Some(text) = line.get(4..).filter(|_| is_code) else {
        return line;
    };
    let Some((first, rest)) = text.split_once(' ') else {
        return text;
    };
    let is_status = first.contains('.') && first.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if is_status { rest } else { text }
}
