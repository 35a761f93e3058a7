//! What a mail-flow rule does with a message.
//!
//! Touches nothing. Plain data; what contradicts itself is refused in `check`.

use posthouse_types::{Address, Disclaimer, DisclaimerFallback, DisclaimerPlace, EnhancedStatus};
use serde::{Deserialize, Serialize};

use crate::text::{self, shown};

/// Longest text of a rejection, in characters: with the reply's own words it stays one line of
/// RFC 5321 section 4.5.3.1.5.
pub const RULE_REJECTION_CHARACTERS_MAX: usize = 400;

/// A field to write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderValue {
    /// Its name.
    pub header: Box<str>,
    /// Its value: one line of ASCII.
    pub value: Box<str>,
}

/// What a sender is told whose message is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleRejection {
    /// The enhanced status code, of class 5; its basic code is 550.
    #[serde(default = "default_status", skip_serializing_if = "is_default_status")]
    pub status: Box<str>,
    /// The words, one line of ASCII.
    #[serde(default = "default_text")]
    pub text: Box<str>,
}

impl RuleRejection {
    /// The enhanced status as a value; `None` where it is none of class 5.
    pub fn enhanced(&self) -> Option<EnhancedStatus> {
        let mut parts = self.status.split('.').map(str::parse::<u16>);
        let (class, subject, detail) = (parts.next()?, parts.next()?, parts.next()?);
        let (class, subject, detail) = (class.ok()?, subject.ok()?, detail.ok()?);
        // RFC 3463 section 2: three digits at most.
        let is_sound = class == 5 && subject <= 999 && detail <= 999 && parts.next().is_none();
        is_sound.then_some(EnhancedStatus(5, subject, detail))
    }
}

/// A notice to add, as a file spells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleDisclaimer {
    /// For plain text.
    pub text: Box<str>,
    /// For HTML; left out: the text.
    #[serde(default, skip_serializing_if = "str_is_empty")]
    pub html: Box<str>,
    /// Below or above; left out: below.
    #[serde(default, with = "text::one", skip_serializing_if = "is_append")]
    pub location: Place,
    /// For messages that it cannot be added to; left out: wrap.
    #[serde(default, with = "text::one", skip_serializing_if = "is_wrap")]
    pub fallback: Fallback,
}

text::words! {
    /// Where a notice goes.
    Place {
        /// Below the text.
        Append = "append",
        /// Above it.
        Prepend = "prepend",
    }
}

text::words! {
    /// What is done with a message that a notice cannot be added to.
    Fallback {
        /// It is attached to one that carries the notice.
        Wrap = "wrap",
        /// It goes out without.
        Ignore = "ignore",
        /// It is refused.
        Reject = "reject",
    }
}

#[expect(clippy::derivable_impls, reason = "`words!` derives what all of its enums have")]
impl Default for Place {
    fn default() -> Self {
        Self::Append
    }
}

#[expect(clippy::derivable_impls, reason = "`words!` derives what all of its enums have")]
impl Default for Fallback {
    fn default() -> Self {
        Self::Wrap
    }
}

impl From<&RuleDisclaimer> for Disclaimer {
    fn from(rule: &RuleDisclaimer) -> Self {
        Self {
            text: rule.text.clone(),
            html: rule.html.clone(),
            place: match rule.location {
                Place::Append => DisclaimerPlace::Append,
                Place::Prepend => DisclaimerPlace::Prepend,
            },
            fallback: match rule.fallback {
                Fallback::Wrap => DisclaimerFallback::Wrap,
                Fallback::Ignore => DisclaimerFallback::Ignore,
                Fallback::Reject => DisclaimerFallback::Reject,
            },
        }
    }
}

/// What is done with a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RuleActions {
    /// The spam confidence level: -1 skips the content filter, 0 to 9 stand as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_scl: Option<i8>,
    /// Fields to write; others of their names go.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub set_header: Box<[HeaderValue]>,
    /// Fields to leave out.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub remove_header: Box<[Box<str>]>,
    /// Stands before the subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prepend_subject: Option<Box<str>>,
    /// A notice for the readers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disclaimer: Option<RuleDisclaimer>,
    /// These get it, and not the recipient.
    #[serde(with = "text::list", skip_serializing_if = "<[_]>::is_empty")]
    pub redirect_to: Box<[Address]>,
    /// These get it too, unseen.
    #[serde(with = "text::list", skip_serializing_if = "<[_]>::is_empty")]
    pub blind_copy_to: Box<[Address]>,
    /// It leaves by this outbound connector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route_by_connector: Option<Box<str>>,
    /// It leaves with TLS, or not at all.
    #[serde(skip_serializing_if = "is_false")]
    pub require_tls: bool,
    /// It is held in quarantine.
    #[serde(skip_serializing_if = "is_false")]
    pub quarantine: bool,
    /// It is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reject: Option<RuleRejection>,
    /// It is thrown away, and nobody is told.
    #[serde(skip_serializing_if = "is_false")]
    pub delete: bool,
    /// No rule after this one is looked at.
    #[serde(skip_serializing_if = "is_false")]
    pub stop_processing: bool,
}

/// A field that a rule may not write or remove, because what stands in it is not a matter of
/// words: how the message is read, and who vouches for it.
pub(super) fn is_structural(name: &str) -> bool {
    const STRUCTURAL: &[&str] = &[
        "content-type",
        "content-transfer-encoding",
        "mime-version",
        "received",
        "return-path",
        "authentication-results",
        "dkim-signature",
        "arc-seal",
        "arc-message-signature",
        "arc-authentication-results",
    ];
    STRUCTURAL.iter().any(|structural| structural.eq_ignore_ascii_case(name))
}

/// A field's name by RFC 5322 section 3.6.8, 1 to 64 characters as in Exchange.
pub(super) fn field_name_is_wrong(name: &str) -> Option<String> {
    let is_sound = (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
    (!is_sound).then(|| format!("{} is no name of a header field", shown(name)))
}

/// A text that goes into a header field or a reply: one line of printable ASCII.
pub(super) fn is_one_line(text: &str, characters_max: usize) -> bool {
    text.len() <= characters_max && text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

fn default_status() -> Box<str> {
    "5.7.1".into()
}

fn is_default_status(status: &str) -> bool {
    status == "5.7.1"
}

fn default_text() -> Box<str> {
    "Delivery not authorized, message refused".into()
}

fn str_is_empty(text: &str) -> bool {
    text.is_empty()
}

fn is_append(place: &Place) -> bool {
    *place == Place::Append
}

fn is_wrap(fallback: &Fallback) -> bool {
    *fallback == Fallback::Wrap
}

fn is_false(value: &bool) -> bool {
    !*value
}
