//! Which rules a message meets, why, and what comes of them together.
//!
//! Touches nothing. Total: a message that cannot be read in full is judged by what is there, and
//! the outcome says so. Conditions on texts cost time in proportion to the texts, which are cut.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::IpAddr;

use posthouse_types::{Address, Disclaimer, Language, Rewrite, SHOWN_CHARACTERS_MAX, printable};

use super::actions::RuleActions;
use super::conditions::{Answer, AuthenticationCheck, MessageCategory};
use super::{MailFlowRule, RuleMode, RuleRejection};
use crate::text::shown;

/// As much of each text as rules read, in bytes: Exchange Online reads the first 150 kB of a
/// message's texts.
pub const RULE_TEXT_BYTES_MAX: usize = 256 * 1024;

/// What is known about a message. Texts are decoded; they are a stranger's words.
#[derive(Clone, Debug, Default)]
pub struct RuleFacts<'a> {
    /// MAIL FROM; `None` is the null sender.
    pub envelope_sender: Option<&'a Address>,
    /// The addresses in From.
    pub authors: &'a [Address],
    /// A connector proved that the sender is the tenant's.
    pub sender_is_inside: bool,
    /// The connecting server.
    pub source: Option<IpAddr>,
    /// The header: names, and values decoded and unfolded.
    pub header: &'a [(&'a str, &'a str)],
    /// The subject, decoded.
    pub subject: &'a str,
    /// Every reading of every text for readers; of HTML what is seen of it.
    pub texts: &'a [&'a str],
    /// What is attached.
    pub attachments: &'a [AttachmentFacts<'a>],
    /// The size of the whole message.
    pub message_bytes: u64,
    /// The spam confidence level before any rule.
    pub scl: Option<i8>,
    /// What did not pass.
    pub authentication_failed: &'a [AuthenticationCheck],
    /// The filter's verdict, where it has one yet.
    pub category: Option<MessageCategory>,
}

/// One attachment.
#[derive(Clone, Copy, Debug, Default)]
pub struct AttachmentFacts<'a> {
    /// Its file name, decoded; empty where it has none.
    pub name: &'a str,
    /// Its size, decoded.
    pub bytes: u64,
    /// It cannot be read without a password.
    pub is_password_protected: bool,
}

/// Whom the rules are evaluated for.
#[derive(Clone, Copy, Debug)]
pub struct RuleRecipient<'a> {
    /// The recipient.
    pub address: &'a Address,
    /// The tenant hosts it.
    pub is_inside: bool,
}

/// A condition that was met, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// Its name, as in the file.
    pub condition: &'static str,
    /// What met it: words of the message or the file, printable and cut.
    pub by: String,
}

impl Why {
    pub(super) fn new(condition: &'static str, by: &str) -> Self {
        Self { condition, by: printable(by, SHOWN_CHARACTERS_MAX) }
    }
}

/// A rule whose conditions a message met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleMatch {
    /// The rule's name.
    pub rule: Box<str>,
    /// Whether it acted.
    pub mode: RuleMode,
    /// Which conditions were met, and by what; empty where the rule has none.
    pub why: Vec<Why>,
    /// The exception that kept it from acting.
    pub except: Option<Why>,
}

impl RuleMatch {
    /// Whether its actions are in the outcome.
    pub fn acted(&self) -> bool {
        self.mode == RuleMode::Enforce && self.except.is_none()
    }
}

impl RuleMatch {
    /// The match in one sentence, for `explain`.
    pub fn sentence(&self, language: Language) -> String {
        let is_german = language == Language::German;
        let rule = shown(&self.rule);
        let conditions = match self.why.as_slice() {
            [] if is_german => "Sie gilt jeder Nachricht".to_owned(),
            [] => "it is for every message".to_owned(),
            why => {
                let each: Vec<_> =
                    why.iter().map(|w| format!("{} = {}", w.condition, w.by)).collect();
                each.join(", ")
            }
        };
        let except = self.except.as_ref().map(|w| format!("{} = {}", w.condition, w.by));
        match (is_german, self.mode, except) {
            (false, RuleMode::Enforce, None) => {
                format!("The mail-flow rule {rule} acted: {conditions}.")
            }
            (false, RuleMode::Audit, None) => {
                format!("The mail-flow rule {rule} would have acted (mode = audit): {conditions}.")
            }
            (false, _, Some(except)) => {
                format!("The mail-flow rule {rule} did not act, because of its exception {except}.")
            }
            (true, RuleMode::Enforce, None) => {
                format!("Die Nachrichtenflussregel {rule} hat gehandelt: {conditions}.")
            }
            (true, RuleMode::Audit, None) => format!(
                "Die Nachrichtenflussregel {rule} hätte gehandelt (mode = audit): {conditions}."
            ),
            (true, _, Some(except)) => format!(
                "Die Nachrichtenflussregel {rule} hat nicht gehandelt, wegen ihrer Ausnahme {except}."
            ),
        }
    }
}

/// How a rule ends a message's way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disposal {
    /// Held, with the rule's name for reason.
    Quarantine,
    /// Refused with these words.
    Reject(RuleRejection),
    /// Thrown away.
    Delete,
}

/// What comes of all rules for one recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleOutcome {
    /// The rules that it met, in their order.
    pub matches: Vec<RuleMatch>,
    /// The spam confidence level that a rule set; the last one counts.
    pub scl: Option<i8>,
    /// Changes of the message, in their order.
    pub rewrites: Vec<Rewrite>,
    /// Who gets it instead of the recipient; the last rule's.
    pub redirect_to: Vec<Address>,
    /// Who gets it too.
    pub blind_copy_to: Vec<Address>,
    /// The outbound connector that it leaves by.
    pub connector: Option<Box<str>>,
    /// It leaves with TLS only.
    pub require_tls: bool,
    /// It ends here, by the word of the rule of this name: the first that says so.
    pub disposal: Option<(Disposal, Box<str>)>,
    /// A text was longer than [`RULE_TEXT_BYTES_MAX`]: its end was not read.
    pub texts_were_cut: bool,
}

/// One recipient's message, as the conditions see it.
pub(super) struct Examined<'a> {
    pub(super) facts: &'a RuleFacts<'a>,
    pub(super) recipient: RuleRecipient<'a>,
    /// As the rules before left it.
    pub(super) scl: Option<i8>,
    /// What the rules before changed.
    rewrites: &'a [Rewrite],
    /// Which conditions of which rule are asked about.
    asked: Asked,
    answers: &'a Answers,
}

/// A rule by its place, and whether its exceptions are meant.
type Asked = (usize, bool);

/// What was answered before, for another recipient.
type Answers = RefCell<BTreeMap<(Asked, &'static str), Answer>>;

impl Examined<'_> {
    /// An answer that was given before, or is worked out now.
    pub(super) fn once_for_all_recipients(
        &self,
        condition: &'static str,
        work_out: impl FnOnce() -> Answer,
    ) -> Answer {
        let key = (self.asked, condition);
        if let Some(answer) = self.answers.borrow().get(&key) {
            return answer.clone();
        }
        let answer = work_out();
        self.answers.borrow_mut().insert(key, answer.clone());
        answer
    }

    /// The values of a field, as the rules before left them.
    pub(super) fn fields<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s str> {
        let is = move |other: &str| other.eq_ignore_ascii_case(name);
        let change = self.rewrites.iter().rev().find_map(move |rewrite| match rewrite {
            Rewrite::SetHeader { name, value } if is(name) => Some(Some(&**value)),
            Rewrite::RemoveHeader(name) if is(name) => Some(None),
            _ => None,
        });
        let written = change.flatten();
        let original =
            self.facts.header.iter().filter(move |(name, _)| change.is_none() && is(name));
        written.into_iter().chain(original.map(|(_, value)| cut(value)))
    }

    /// The subject and every text for readers.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.facts.subject).chain(self.facts.texts.iter().copied()).map(cut)
    }
}

/// The beginning of a text that is read.
fn cut(text: &str) -> &str {
    if text.len() <= RULE_TEXT_BYTES_MAX {
        return text;
    }
    let end = (0..=RULE_TEXT_BYTES_MAX).rev().find(|end| text.is_char_boundary(*end));
    end.and_then(|end| text.get(..end)).unwrap_or_default()
}

/// Evaluates a tenant's rules, in their order, for each recipient.
pub fn evaluate(
    rules: &[MailFlowRule],
    facts: &RuleFacts<'_>,
    recipients: &[RuleRecipient<'_>],
) -> Vec<RuleOutcome> {
    let answers = Answers::default();
    recipients.iter().map(|recipient| for_one(rules, facts, *recipient, &answers)).collect()
}

fn for_one(
    rules: &[MailFlowRule],
    facts: &RuleFacts<'_>,
    recipient: RuleRecipient<'_>,
    answers: &Answers,
) -> RuleOutcome {
    let mut outcome = RuleOutcome {
        texts_were_cut: facts.texts.iter().any(|text| text.len() > RULE_TEXT_BYTES_MAX),
        ..RuleOutcome::default()
    };
    for (place, rule) in rules.iter().enumerate().filter(|(_, rule)| rule.enabled) {
        let scl = outcome.scl.or(facts.scl);
        let rewrites = &outcome.rewrites;
        let asked = (place, false);
        let message = Examined { facts, recipient, scl, rewrites, asked, answers };
        let Some(why) = rule.conditions.all_met(&message) else { continue };
        let message = Examined { asked: (place, true), ..message };
        let except = rule.exceptions.first_met(&message);
        let matched = RuleMatch { rule: rule.name.clone(), mode: rule.mode, why, except };
        let acted = matched.acted();
        outcome.matches.push(matched);
        if acted {
            outcome.apply(&rule.name, &rule.actions);
            // What is refused, held or thrown away meets no further rule.
            if rule.actions.stop_processing || outcome.disposal.is_some() {
                break;
            }
        }
    }
    outcome
}

impl RuleOutcome {
    fn apply(&mut self, rule: &str, actions: &RuleActions) {
        self.scl = actions.set_scl.or(self.scl);
        self.rewrites.extend(actions.remove_header.iter().cloned().map(Rewrite::RemoveHeader));
        self.rewrites.extend(actions.set_header.iter().map(|field| Rewrite::SetHeader {
            name: field.header.clone(),
            value: field.value.clone(),
        }));
        self.rewrites.extend(actions.prepend_subject.iter().cloned().map(Rewrite::PrependSubject));
        let disclaimer = actions.disclaimer.iter().map(Disclaimer::from);
        self.rewrites.extend(disclaimer.map(Rewrite::Disclaimer));
        if !actions.redirect_to.is_empty() {
            self.redirect_to = actions.redirect_to.to_vec();
        }
        for address in &actions.blind_copy_to {
            if !self.blind_copy_to.contains(address) {
                self.blind_copy_to.push(address.clone());
            }
        }
        if let Some(connector) = &actions.route_by_connector {
            self.connector = Some(connector.clone());
        }
        self.require_tls |= actions.require_tls;
        let disposal = match &actions.reject {
            Some(rejection) => Some(Disposal::Reject(rejection.clone())),
            None if actions.delete => Some(Disposal::Delete),
            None if actions.quarantine => Some(Disposal::Quarantine),
            None => None,
        };
        self.disposal = disposal.map(|disposal| (disposal, rule.into()));
    }
}
