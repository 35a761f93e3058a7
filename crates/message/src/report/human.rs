//! What a report says to people: what happened to whom, why, who can repair it and how; then the
//! diagnostic part, in the form that Exchange's administrators and their tools know.
//! Pure. The diagnostic part is English whatever the language, as Exchange's is.

use posthouse_types::{Reason, SHOWN_CHARACTERS_MAX, printable};

use super::advice::{Phrase, Who, added_words, advice};
use super::document::Block;
use super::original::whole_lines;
use super::{Language, REPLY_CHARACTERS_MAX, Report, ReportKind, ReportedRecipient};
use crate::date::{date_exchange, date_rfc5322};

/// As much of the header as the diagnostic part shows; the rest is in the last part.
const SHOWN_HEADER_BYTES_MAX: usize = 16 * 1024;

/// What stands before the original's subject.
pub(super) fn subject_prefix(kind: ReportKind, language: Language) -> &'static str {
    let phrase = match kind {
        ReportKind::Failed => Phrase { english: "Undeliverable", german: "Unzustellbar" },
        ReportKind::Delayed => {
            Phrase { english: "Delivery delayed", german: "Zustellung verzögert" }
        }
        ReportKind::Delivered => Phrase { english: "Delivered", german: "Zugestellt" },
        ReportKind::Relayed => Phrase { english: "Relayed", german: "Weitergeleitet" },
    };
    // A subject has room for one language, and filters look for this word in English.
    phrase.in_language(if language == Language::Both { Language::English } else { language })
}

/// The whole part for people.
pub(super) fn document(report: &Report<'_>) -> Vec<Block> {
    let mut blocks = Vec::new();
    if report.language == Language::Both {
        in_one_language(report, Language::English, &mut blocks);
        blocks.push(Block::Rule);
        in_one_language(report, Language::German, &mut blocks);
    } else {
        in_one_language(report, report.language, &mut blocks);
    }
    diagnostics(report, &mut blocks);
    blocks
}

impl Phrase {
    fn in_language(&self, language: Language) -> &'static str {
        if language == Language::German { self.german } else { self.english }
    }
}

fn in_one_language(report: &Report<'_>, language: Language, blocks: &mut Vec<Block>) {
    blocks.push(Block::Title(title(report.kind).in_language(language).to_owned()));
    let is_bad = matches!(report.kind, ReportKind::Failed | ReportKind::Delayed);
    for recipient in report.recipients {
        blocks.push(Block::Recipient(shown_address(recipient)));
        if is_bad {
            explain(recipient, language, blocks);
        }
        if let Some(until) =
            recipient.will_retry_until.filter(|_| report.kind == ReportKind::Delayed)
        {
            let sentence = Phrase {
                english: "The message is not lost. This server keeps trying until ",
                german: "Die Nachricht ist nicht verloren. Dieser Server versucht es weiter bis ",
            };
            let again = Phrase {
                english: "; there is no need to send it again.",
                german: "; Sie brauchen sie nicht erneut zu senden.",
            };
            blocks.push(Block::Text(format!(
                "{}{}{}",
                sentence.in_language(language),
                date_rfc5322(until),
                again.in_language(language)
            )));
        }
    }
}

fn title(kind: ReportKind) -> Phrase {
    match kind {
        ReportKind::Failed => Phrase {
            english: "Delivery has failed to these recipients or groups:",
            german: "Fehler bei der Zustellung an diese Empfänger oder Gruppen:",
        },
        ReportKind::Delayed => Phrase {
            english: "Delivery is delayed to these recipients or groups:",
            german: "Die Zustellung an diese Empfänger oder Gruppen verzögert sich:",
        },
        ReportKind::Delivered => Phrase {
            english: "Your message has been delivered to these recipients or groups:",
            german: "Ihre Nachricht wurde diesen Empfängern oder Gruppen zugestellt:",
        },
        ReportKind::Relayed => Phrase {
            english: "Your message was handed to the mail server of these recipients or groups. \
                      That server sends no confirmations, so you may hear nothing more:",
            german: "Ihre Nachricht wurde dem Mailserver dieser Empfänger oder Gruppen übergeben. \
                     Dieser Server sendet keine Bestätigungen; es kann sein, dass Sie nichts \
                     weiter hören:",
        },
    }
}

fn explain(recipient: &ReportedRecipient, language: Language, blocks: &mut Vec<Block>) {
    let advice = advice(recipient);
    let label = |english, german| Phrase { english, german }.in_language(language);
    blocks.push(Block::Text(advice.cause.in_language(language).to_owned()));
    if let Some(sentence) = added_words(recipient) {
        let sentence = printable(&sentence, REPLY_CHARACTERS_MAX);
        blocks.push(Block::Labelled(
            label("What the server said about it:", "Was der Server dazu sagte:"),
            sentence,
        ));
    }
    let who = match advice.who {
        Who::Sender => label("You, the sender.", "Sie, der Absender."),
        Who::SenderAdministrator => label(
            "The administrator of your own organization's mail server.",
            "Der Administrator des Mailservers Ihrer eigenen Organisation.",
        ),
        Who::RecipientAdministrator => label(
            "The administrator of the recipient's mail server.",
            "Der Administrator des Mailservers des Empfängers.",
        ),
    };
    blocks.push(Block::Labelled(label("Who can fix it:", "Wer kann es beheben:"), who.to_owned()));
    blocks.push(Block::Labelled(
        label("How to fix it:", "So wird es behoben:"),
        advice.fix.in_language(language).to_owned(),
    ));
    if !recipient.reply_lines.is_empty() {
        let said = label("gave this error:", "meldete diesen Fehler:");
        blocks.push(Block::Text(format!("{} {said}", remote_name(recipient))));
        let lines = recipient.reply_lines.iter();
        blocks
            .push(Block::Quote(lines.map(|line| printable(line, REPLY_CHARACTERS_MAX)).collect()));
    }
}

/// Exchange's diagnostic section.
fn diagnostics(report: &Report<'_>, blocks: &mut Vec<Block>) {
    blocks.push(Block::Heading("Diagnostic information for administrators:"));
    blocks.push(Block::Lines(vec![format!("Generating server: {}", report.node_name)]));
    for recipient in report.recipients {
        let mut lines = vec![shown_address(recipient)];
        if recipient.remote_mta.is_some() || recipient.remote_ip.is_some() {
            lines.push(remote_name(recipient));
        }
        match report.kind {
            ReportKind::Failed if recipient.reason == Reason::MessageExpired => {
                lines.push(expired(report, recipient));
                lines.extend(last_answer(recipient));
            }
            ReportKind::Delayed => lines.extend(last_answer(recipient)),
            _ if recipient.reply_lines.is_empty() => lines.push(own_words(recipient)),
            _ => lines.push(format!("Remote Server returned '{}'", recipient.reply())),
        }
        blocks.push(Block::Lines(lines));
    }
    blocks.push(Block::Lines(vec![format!("Reference: {}", report.reference)]));
    blocks.push(Block::Heading("Original message headers:"));
    let header = whole_lines(report.original.header, SHOWN_HEADER_BYTES_MAX);
    let header = String::from_utf8_lossy(&header);
    blocks.push(Block::Lines(header.lines().map(printable_line).collect()));
}

/// `11/23/2026 6:10:27 PM - Server at host returned '550 5.4.300 Message expired'`: the verdict of
/// this node, in the place where Exchange puts its own.
fn expired(report: &Report<'_>, recipient: &ReportedRecipient) -> String {
    let server = server_at(recipient);
    format!(
        "{} - Server at {server} returned '550 5.4.300 Message expired ({} {})'",
        date_exchange(report.now),
        recipient.status,
        recipient.reason
    )
}

/// The last attempt, and what came of it.
fn last_answer(recipient: &ReportedRecipient) -> Option<String> {
    let at = recipient.last_attempt?;
    let words =
        if recipient.reply_lines.is_empty() { own_text(recipient) } else { recipient.reply() };
    Some(format!("{} - Server at {} returned '{words}'", date_exchange(at), server_at(recipient)))
}

/// The line of a failure that no remote server explained: the generating server's own.
fn own_words(recipient: &ReportedRecipient) -> String {
    format!("#{} ##", own_text(recipient))
}

fn own_text(recipient: &ReportedRecipient) -> String {
    let code = if recipient.status.0 == 4 { 450 } else { 550 };
    format!("{code} {} {}; {}", recipient.status, recipient.reason, recipient.reason.summary())
}

fn server_at(recipient: &ReportedRecipient) -> String {
    match (&recipient.remote_mta, recipient.remote_ip) {
        (Some(name), Some(address)) => {
            format!("{} ({address})", printable(name, SHOWN_CHARACTERS_MAX))
        }
        _ => remote_name(recipient),
    }
}

fn remote_name(recipient: &ReportedRecipient) -> String {
    match (&recipient.remote_mta, recipient.remote_ip) {
        (Some(name), _) => printable(name, SHOWN_CHARACTERS_MAX),
        (None, Some(address)) => address.to_string(),
        (None, None) => recipient.address.domain().to_string(),
    }
}

fn shown_address(recipient: &ReportedRecipient) -> String {
    printable(&recipient.address.to_string(), REPLY_CHARACTERS_MAX)
}

/// A header line with its tabs as blanks and nothing else that is not shown.
fn printable_line(line: &str) -> String {
    printable(&line.replace('\t', " "), SHOWN_HEADER_BYTES_MAX)
}
