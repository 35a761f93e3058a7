//! Mail-flow rules: what a tenant wants done with messages of a kind, with Exchange's names.
//!
//! Touches nothing. Plain data and one pure function, [`evaluate`]; the bytes of a message are
//! changed by `message`, its way by `posthouse`. A rule that cannot be read refuses the file.

mod actions;
mod check;
mod conditions;
mod evaluate;
mod pattern;

use serde::{Deserialize, Serialize};

pub use actions::{
    HeaderValue, RULE_REJECTION_CHARACTERS_MAX, RuleActions, RuleDisclaimer, RuleRejection,
};
pub use conditions::{
    AuthenticationCheck, Conditions, HeaderPatterns, HeaderWords, MessageCategory, Scope,
    SenderLocation, WideRange,
};
pub use evaluate::{
    AttachmentFacts, Disposal, RULE_TEXT_BYTES_MAX, RuleFacts, RuleMatch, RuleOutcome,
    RuleRecipient, Why, evaluate,
};
pub use pattern::{
    PATTERN_CHARACTERS_MAX, PATTERN_COMPILED_BYTES_MAX, Pattern, WORD_CHARACTERS_MAX, Word,
};

pub(crate) use check::{NESTED, TABLE, broken};

use crate::text::words;

/// Rules of one tenant: Exchange Online's limit.
pub const RULES_MAX: usize = 300;
/// Patterns and words in all rules of one tenant: each costs memory for as long as the node runs,
/// and time for every message.
pub const RULE_TEXTS_MAX: usize = 2_000;

words! {
    /// Whether a rule acts.
    RuleMode {
        /// It does.
        Enforce = "enforce",
        /// It says in the trace what it would have done.
        Audit = "audit",
    }
}

/// One rule (New-TransportRule).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailFlowRule {
    /// Unique within the tenant, any case; 1 to 64 characters.
    pub name: Box<str>,
    /// Whether it is looked at.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub enabled: bool,
    /// The lower is looked at first; equals in the order of their names.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub priority: u32,
    /// Whether it acts.
    #[serde(default = "enforce", skip_serializing_if = "is_enforce")]
    pub mode: RuleMode,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<Box<str>>,
    /// All of these have to be met; none means every message.
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    pub conditions: Conditions,
    /// None of these may be met.
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    pub exceptions: Conditions,
    /// What is done then.
    #[serde(default)]
    pub actions: RuleActions,
}

/// The order that rules are looked at in.
pub(crate) fn sort(rules: &mut [MailFlowRule]) {
    rules.sort_by(|a, b| (a.priority, &a.name).cmp(&(b.priority, &b.name)));
}

fn yes() -> bool {
    true
}

fn is_true(value: &bool) -> bool {
    *value
}

fn is_zero(value: &u32) -> bool {
    *value == 0
}

fn enforce() -> RuleMode {
    RuleMode::Enforce
}

fn is_enforce(mode: &RuleMode) -> bool {
    *mode == RuleMode::Enforce
}
