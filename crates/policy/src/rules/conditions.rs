//! What a mail-flow rule asks of a message, and whether one message has it.
//!
//! Touches nothing. Within one condition any entry is enough; a condition that says nothing asks
//! nothing. Each is one line of a table, with the words that explain why it was met.

use std::fmt;

use posthouse_types::{Address, Domain, SHOWN_CHARACTERS_MAX, printable};
use serde::{Deserialize, Serialize};

use super::evaluate::{Examined, Why};
use super::pattern::{Pattern, Word};
use crate::names::DomainPattern;
use crate::ranges::AddressRange;
use crate::text::{self, FromText, words};

words! {
    /// On which side of the organisation somebody is.
    Scope {
        /// In it: a sender that a connector proved to be the tenant's, or a hosted recipient.
        InOrganization = "in-organization",
        /// Anybody else.
        NotInOrganization = "not-in-organization",
    }
}

words! {
    /// Which of a message's senders a rule means.
    SenderLocation {
        /// Those in From, as Exchange's default is.
        Header = "header",
        /// That of MAIL FROM.
        Envelope = "envelope",
        /// Either.
        HeaderOrEnvelope = "header-or-envelope",
    }
}

words! {
    /// A check of who sent a message, which did not pass.
    AuthenticationCheck {
        /// The sender's address list (RFC 7208).
        Spf = "spf",
        /// Signatures (RFC 6376).
        Dkim = "dkim",
        /// Their alignment with From (RFC 7489).
        Dmarc = "dmarc",
        /// The gateway's own judgement over all of them.
        Compauth = "compauth",
    }
}

words! {
    /// What the filter makes of a message.
    MessageCategory {
        /// Sent to many who may have asked for it.
        Bulk = "bulk",
        /// Unsolicited.
        Spam = "spam",
        /// The same, beyond doubt.
        HighConfidenceSpam = "high-confidence-spam",
        /// In another's name.
        Spoof = "spoof",
        /// Fraud.
        Phish = "phish",
        /// The same, beyond doubt.
        HighConfidencePhish = "high-confidence-phish",
        /// Something that runs.
        Malware = "malware",
    }
}

/// A range of addresses of any size: a rule grants no relay, so it may be wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WideRange(pub AddressRange);

impl FromText for WideRange {
    fn from_text(text: &str) -> Result<Self, String> {
        AddressRange::of_any_size(text).map(Self)
    }
}

impl fmt::Display for WideRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A field, and words to look for in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderWords {
    /// The field's name, any case.
    pub header: Box<str>,
    /// Any of these.
    #[serde(with = "text::list")]
    pub words: Box<[Word]>,
}

/// A field, and patterns to look for in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderPatterns {
    /// The field's name, any case.
    pub header: Box<str>,
    /// Any of these.
    #[serde(with = "text::list")]
    pub patterns: Box<[Pattern]>,
}

/// What is asked of a message. Sizes are in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conditions {
    /// Which senders the next two mean; left out: those in From.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender_location: Option<SenderLocation>,
    /// A sender, in full.
    #[serde(with = "text::list", skip_serializing_if = "<[_]>::is_empty")]
    pub from: Box<[Address]>,
    /// A sender's domain.
    #[serde(with = "text::list", skip_serializing_if = "<[_]>::is_empty")]
    pub from_domain: Box<[DomainPattern]>,
    /// On which side the sender is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_scope: Option<Scope>,
    /// The recipient, in full.
    #[serde(with = "text::list", skip_serializing_if = "<[_]>::is_empty")]
    pub sent_to: Box<[Address]>,
    /// The recipient's domain.
    #[serde(with = "text::list", skip_serializing_if = "<[_]>::is_empty")]
    pub recipient_domain: Box<[DomainPattern]>,
    /// On which side the recipient is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_to_scope: Option<Scope>,
    /// The connecting server's address.
    #[serde(with = "text::list", skip_serializing_if = "<[_]>::is_empty")]
    pub sender_ip_ranges: Box<[WideRange]>,
    /// The message is larger than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_size_over: Option<u64>,
    /// The spam confidence level is this or more, as in Exchange in spite of the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scl_over: Option<i8>,
    /// One of these did not pass.
    #[serde(with = "text::list", skip_serializing_if = "<[_]>::is_empty")]
    pub authentication_fails: Box<[AuthenticationCheck]>,
    /// The filter says one of these.
    #[serde(with = "text::list", skip_serializing_if = "<[_]>::is_empty")]
    pub classified_as: Box<[MessageCategory]>,
    /// There is an attachment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_attachment: Option<bool>,
    /// An attachment's file name.
    #[serde(with = "text::list", skip_serializing_if = "<[_]>::is_empty")]
    pub attachment_name_matches: Box<[Pattern]>,
    /// An attachment's last extension, without the dot, any case.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub attachment_extension: Box<[Box<str>]>,
    /// An attachment is larger than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachment_size_over: Option<u64>,
    /// An attachment cannot be read without a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachment_is_password_protected: Option<bool>,
    /// A field has one of these words.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub header_contains: Box<[HeaderWords]>,
    /// A field has one of these patterns.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub header_matches: Box<[HeaderPatterns]>,
    /// The subject has one of these words.
    #[serde(with = "text::list", skip_serializing_if = "<[_]>::is_empty")]
    pub subject_contains: Box<[Word]>,
    /// The subject has one of these patterns.
    #[serde(with = "text::list", skip_serializing_if = "<[_]>::is_empty")]
    pub subject_matches: Box<[Pattern]>,
    /// The subject or a text for readers has one of these words.
    #[serde(with = "text::list", skip_serializing_if = "<[_]>::is_empty")]
    pub subject_or_body_contains: Box<[Word]>,
    /// The subject or a text for readers has one of these patterns.
    #[serde(with = "text::list", skip_serializing_if = "<[_]>::is_empty")]
    pub subject_or_body_matches: Box<[Pattern]>,
}

/// Whether one condition is met.
#[derive(Clone)]
pub(super) enum Answer {
    /// It asks nothing.
    NotAsked,
    /// It is not met.
    No,
    /// It is, by this.
    Yes(String),
}

impl Answer {
    fn of(is_asked: bool, found: Option<String>) -> Self {
        match (is_asked, found) {
            (false, _) => Self::NotAsked,
            (true, None) => Self::No,
            (true, Some(found)) => Self::Yes(found),
        }
    }
}

/// One line of the table: a condition's name, and how it is answered.
type Check = (&'static str, fn(&Conditions, &Examined<'_>) -> Answer);

impl Conditions {
    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Why all of them are met; `None` where one is not.
    pub(super) fn all_met(&self, message: &Examined<'_>) -> Option<Vec<Why>> {
        let mut why = Vec::new();
        for (condition, check) in CHECKS {
            match self.answer(condition, *check, message) {
                Answer::NotAsked => {}
                Answer::No => return None,
                Answer::Yes(by) => why.push(Why::new(condition, &by)),
            }
        }
        Some(why)
    }

    /// The first that is met.
    pub(super) fn first_met(&self, message: &Examined<'_>) -> Option<Why> {
        CHECKS.iter().find_map(|(condition, check)| match self.answer(condition, *check, message) {
            Answer::Yes(by) => Some(Why::new(condition, &by)),
            Answer::NotAsked | Answer::No => None,
        })
    }

    /// One answer. What only the message's texts decide is the same for all its recipients, and
    /// asked once: a body may be large, and recipients many.
    fn answer(
        &self,
        condition: &'static str,
        check: fn(&Self, &Examined<'_>) -> Answer,
        message: &Examined<'_>,
    ) -> Answer {
        if !OF_TEXTS.contains(&condition) {
            return check(self, message);
        }
        message.once_for_all_recipients(condition, || check(self, message))
    }
}

/// The conditions that neither the recipient nor an earlier rule changes, and that cost time.
const OF_TEXTS: &[&str] = &[
    "attachment_name_matches",
    "subject_contains",
    "subject_matches",
    "subject_or_body_contains",
    "subject_or_body_matches",
];

/// Every condition; those that read texts stand last, since they cost most.
const CHECKS: &[Check] = &[
    ("from", |asked, message| {
        let mut senders = senders(asked, message);
        let is = |sender: &&Address| asked.from.iter().any(|from| is_same(from, sender));
        Answer::of(!asked.from.is_empty(), senders.find(is).map(ToString::to_string))
    }),
    ("from_domain", |asked, message| {
        let found = senders(asked, message)
            .map(Address::domain)
            .find(|domain| covers(&asked.from_domain, domain));
        Answer::of(!asked.from_domain.is_empty(), found.map(ToString::to_string))
    }),
    ("from_scope", |asked, message| scope(asked.from_scope, message.facts.sender_is_inside)),
    ("sent_to", |asked, message| {
        let recipient = message.recipient.address;
        let is = asked.sent_to.iter().any(|to| is_same(to, recipient));
        Answer::of(!asked.sent_to.is_empty(), is.then(|| recipient.to_string()))
    }),
    ("recipient_domain", |asked, message| {
        let domain = message.recipient.address.domain();
        let is = covers(&asked.recipient_domain, domain);
        Answer::of(!asked.recipient_domain.is_empty(), is.then(|| domain.to_string()))
    }),
    ("sent_to_scope", |asked, message| scope(asked.sent_to_scope, message.recipient.is_inside)),
    ("sender_ip_ranges", |asked, message| {
        let address = message.facts.source.map(|address| address.to_canonical());
        let is = |address: &std::net::IpAddr| {
            asked.sender_ip_ranges.iter().any(|range| range.0.contains(*address))
        };
        let found = address.filter(is).map(|address| address.to_string());
        Answer::of(!asked.sender_ip_ranges.is_empty(), found)
    }),
    ("message_size_over", |asked, message| {
        over(asked.message_size_over, Some(message.facts.message_bytes))
    }),
    ("scl_over", |asked, message| {
        let found = message.scl.filter(|scl| asked.scl_over.is_some_and(|least| *scl >= least));
        Answer::of(asked.scl_over.is_some(), found.map(|scl| scl.to_string()))
    }),
    ("authentication_fails", |asked, message| {
        let failed = message.facts.authentication_failed;
        let found = asked.authentication_fails.iter().find(|check| failed.contains(check));
        Answer::of(!asked.authentication_fails.is_empty(), found.map(ToString::to_string))
    }),
    ("classified_as", |asked, message| {
        let is = |category: &MessageCategory| asked.classified_as.contains(category);
        let found = message.facts.category.filter(is).map(|category| category.to_string());
        Answer::of(!asked.classified_as.is_empty(), found)
    }),
    ("has_attachment", |asked, message| {
        flag(asked.has_attachment, !message.facts.attachments.is_empty())
    }),
    ("attachment_name_matches", |asked, message| {
        let names = message.facts.attachments.iter().map(|attachment| attachment.name);
        let is = |name: &&str| asked.attachment_name_matches.iter().any(|p| p.find(name).is_some());
        let found = names.filter(is).map(str::to_owned).next();
        Answer::of(!asked.attachment_name_matches.is_empty(), found)
    }),
    ("attachment_extension", |asked, message| {
        let names = message.facts.attachments.iter().map(|attachment| attachment.name);
        let is = |name: &&str| {
            // Windows leaves blanks and dots at the end away when it saves a file.
            let name = name.trim_end_matches(['.', ' ']);
            name.rsplit_once('.').is_some_and(|(_, extension)| {
                asked
                    .attachment_extension
                    .iter()
                    .any(|wanted| extension.eq_ignore_ascii_case(wanted.trim_start_matches('.')))
            })
        };
        let found = names.filter(is).map(str::to_owned).next();
        Answer::of(!asked.attachment_extension.is_empty(), found)
    }),
    ("attachment_size_over", |asked, message| {
        let largest = message.facts.attachments.iter().map(|attachment| attachment.bytes).max();
        over(asked.attachment_size_over, largest)
    }),
    ("attachment_is_password_protected", |asked, message| {
        let is = message.facts.attachments.iter().any(|a| a.is_password_protected);
        flag(asked.attachment_is_password_protected, is)
    }),
    ("header_contains", |asked, message| {
        let found = asked.header_contains.iter().find_map(|field| {
            let words = &field.words;
            let word = words.iter().find(|w| message.fields(&field.header).any(|v| w.is_in(v)));
            word.map(|word| format!("{}: {word}", field.header))
        });
        Answer::of(!asked.header_contains.is_empty(), found)
    }),
    ("header_matches", |asked, message| {
        let found = asked.header_matches.iter().find_map(|field| {
            let mut values = message.fields(&field.header);
            let matched = values.find_map(|value| matched(&field.patterns, value));
            matched.map(|by| format!("{}: {by}", field.header))
        });
        Answer::of(!asked.header_matches.is_empty(), found)
    }),
    ("subject_contains", |asked, message| {
        let found = asked.subject_contains.iter().find(|word| word.is_in(message.facts.subject));
        Answer::of(!asked.subject_contains.is_empty(), found.map(ToString::to_string))
    }),
    ("subject_matches", |asked, message| {
        let found = matched(&asked.subject_matches, message.facts.subject);
        Answer::of(!asked.subject_matches.is_empty(), found)
    }),
    ("subject_or_body_contains", |asked, message| {
        let words = &asked.subject_or_body_contains;
        let found = words.iter().find(|word| message.texts().any(|text| word.is_in(text)));
        Answer::of(!words.is_empty(), found.map(ToString::to_string))
    }),
    ("subject_or_body_matches", |asked, message| {
        let patterns = &asked.subject_or_body_matches;
        let found = message.texts().find_map(|text| matched(patterns, text));
        Answer::of(!patterns.is_empty(), found)
    }),
];

/// The names that a file may use, in the table's order.
#[cfg(test)]
pub(super) fn names() -> Vec<&'static str> {
    CHECKS.iter().map(|(name, _)| *name).collect()
}

fn senders<'a>(asked: &Conditions, message: &Examined<'a>) -> impl Iterator<Item = &'a Address> {
    let location = asked.sender_location.unwrap_or(SenderLocation::Header);
    let authors = match location {
        SenderLocation::Envelope => &[],
        SenderLocation::Header | SenderLocation::HeaderOrEnvelope => message.facts.authors,
    };
    let envelope = message.facts.envelope_sender.filter(|_| location != SenderLocation::Header);
    authors.iter().chain(envelope)
}

fn is_same(one: &Address, other: &Address) -> bool {
    one.domain() == other.domain() && one.folded() == other.folded()
}

fn covers(patterns: &[DomainPattern], domain: &Domain) -> bool {
    patterns.iter().any(|pattern| pattern.covers(domain).is_some())
}

fn scope(asked: Option<Scope>, is_inside: bool) -> Answer {
    let is = if is_inside { Scope::InOrganization } else { Scope::NotInOrganization };
    Answer::of(asked.is_some(), asked.filter(|asked| *asked == is).map(|is| is.to_string()))
}

fn flag(asked: Option<bool>, is: bool) -> Answer {
    Answer::of(asked.is_some(), asked.filter(|asked| *asked == is).map(|is| is.to_string()))
}

fn over(limit: Option<u64>, bytes: Option<u64>) -> Answer {
    let found = bytes.filter(|bytes| limit.is_some_and(|limit| *bytes > limit));
    Answer::of(limit.is_some(), found.map(|bytes| format!("{bytes} bytes")))
}

fn matched(patterns: &[Pattern], text: &str) -> Option<String> {
    let found = patterns.iter().find_map(|pattern| Some((pattern, pattern.find(text)?)))?;
    let (pattern, text) = found;
    let shown = |text: &str| printable(text, SHOWN_CHARACTERS_MAX);
    Some(format!("{} in \"{}\"", shown(&pattern.to_string()), shown(text)))
}
