//! The presets Standard and Strict, and the built-in default policies, as the tables of spec 2.6,
//! 2.8 and 2.9.
//!
//! Touches nothing. Each row of a table is one line here: default, Standard, Strict.

use std::sync::LazyLock;

use posthouse_types::Address;

use super::anti_phish::{
    AntiPhishPolicy, DmarcRejectAction as Dmarc, ImpersonationAction as Imp, SpoofAction as Spoof,
};
use super::anti_spam::{AntiSpamPolicy, SpamAction as Spam};
use super::malware::{FileTypeAction, MalwarePolicy};
use super::quarantine::{ADMIN_ONLY, FULL_ACCESS, FULL_ACCESS_NOTIFIED};
use super::scope::{Addresses, DEFAULT_POLICY, Domains, Scope};
use super::values::{List, ProtectedUser, Switch};
use crate::text::words;

words! {
    /// A preset security policy.
    PresetLevel {
        /// For most.
        Standard = "standard",
        /// For those who are attacked more.
        Strict = "strict",
    }
}

/// The name of a preset's policies, as Exchange Online calls them.
pub(crate) const STANDARD_NAME: &str = "Standard Preset Security Policy";
pub(crate) const STRICT_NAME: &str = "Strict Preset Security Policy";

/// A preset, and whom it is for. Its settings are fixed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Preset {
    /// Which.
    pub level: PresetLevel,
    /// Whether it acts.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub enabled: bool,
    /// For these recipients.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub sent_to: Addresses,
    /// For recipients of these domains.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub recipient_domain_is: Domains,
    /// But not for these.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub except_if_sent_to: Addresses,
    /// And not for recipients of these domains.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub except_if_recipient_domain_is: Domains,
    /// Protected users of its anti-phishing policy.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub targeted_users_to_protect: List<ProtectedUser>,
    /// Protected domains of it.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub targeted_domains_to_protect: Domains,
    /// Senders that never imitate.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub excluded_senders: List<Address>,
    /// Domains that never imitate.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub excluded_domains: Domains,
}

fn is_empty<T>(list: &List<T>) -> bool {
    list.is_empty()
}

fn yes() -> bool {
    true
}

fn is_true(value: &bool) -> bool {
    *value
}

impl Preset {
    /// The keys of its table.
    pub const KEYS: &'static [&'static str] = &[
        "level",
        "enabled",
        "sent_to",
        "recipient_domain_is",
        "except_if_sent_to",
        "except_if_recipient_domain_is",
        "targeted_users_to_protect",
        "targeted_domains_to_protect",
        "excluded_senders",
        "excluded_domains",
    ];

    /// A preset for everybody.
    pub fn for_everybody(level: PresetLevel) -> Self {
        Self {
            level,
            enabled: true,
            sent_to: Addresses::default(),
            recipient_domain_is: Domains::default(),
            except_if_sent_to: Addresses::default(),
            except_if_recipient_domain_is: Domains::default(),
            targeted_users_to_protect: List::default(),
            targeted_domains_to_protect: Domains::default(),
            excluded_senders: List::default(),
            excluded_domains: Domains::default(),
        }
    }

    pub(crate) fn scope(&self) -> Scope<'_> {
        Scope {
            sent_to: &self.sent_to,
            recipient_domain_is: &self.recipient_domain_is,
            except_if_sent_to: &self.except_if_sent_to,
            except_if_recipient_domain_is: &self.except_if_recipient_domain_is,
        }
    }

    /// Its anti-phishing policy: the table's, with this preset's own lists.
    pub(crate) fn anti_phish(&self) -> AntiPhishPolicy {
        AntiPhishPolicy {
            targeted_users_to_protect: self.targeted_users_to_protect.clone(),
            targeted_domains_to_protect: self.targeted_domains_to_protect.clone(),
            excluded_senders: self.excluded_senders.clone(),
            excluded_domains: self.excluded_domains.clone(),
            ..built_in(self.level.into()).anti_phish.clone()
        }
    }

    /// Whether its anti-phishing policy is exactly the table's.
    pub(crate) fn has_own_lists(&self) -> bool {
        !(self.targeted_users_to_protect.is_empty()
            && self.targeted_domains_to_protect.is_empty()
            && self.excluded_senders.is_empty()
            && self.excluded_domains.is_empty())
    }
}

/// A column of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// The default policy.
    Default,
    /// Standard.
    Standard,
    /// Strict.
    Strict,
}

impl From<PresetLevel> for Column {
    fn from(level: PresetLevel) -> Self {
        match level {
            PresetLevel::Standard => Self::Standard,
            PresetLevel::Strict => Self::Strict,
        }
    }
}

impl Column {
    /// A row's value in this column.
    fn of<T>(self, row: [T; 3]) -> T {
        let [default, standard, strict] = row;
        match self {
            Self::Default => default,
            Self::Standard => standard,
            Self::Strict => strict,
        }
    }

    /// The name of the policies in this column.
    pub fn name(self) -> &'static str {
        self.of([DEFAULT_POLICY, STANDARD_NAME, STRICT_NAME])
    }
}

/// One policy of each type.
#[derive(Debug)]
pub struct BuiltIn {
    /// The anti-spam policy.
    pub anti_spam: AntiSpamPolicy,
    /// The anti-phishing policy.
    pub anti_phish: AntiPhishPolicy,
    /// The anti-malware policy.
    pub malware: MalwarePolicy,
}

/// The built-in policies of a column.
pub fn built_in(column: Column) -> &'static BuiltIn {
    static COLUMNS: LazyLock<[BuiltIn; 3]> = LazyLock::new(|| {
        [Column::Default, Column::Standard, Column::Strict].map(|column| BuiltIn {
            anti_spam: anti_spam(column),
            anti_phish: anti_phish(column),
            malware: malware(column),
        })
    });
    let [default, standard, strict] = &*COLUMNS;
    column.of([default, standard, strict])
}

/// Spec 2.6.
#[rustfmt::skip]
fn anti_spam(column: Column) -> AntiSpamPolicy {
    let row = |row| column.of(row);
    let tag = |row| -> Box<str> { Box::from(column.of::<&str>(row)) };
    AntiSpamPolicy {
        name: column.name().into(),
        //                                                Default          Standard              Strict
        bulk_threshold: column.of([                       7,               6,                    5]),
        mark_as_spam_bulk_mail: column.of([               Switch::On,      Switch::On,           Switch::On]),
        spam_action: row([                                Spam::MoveToJmf, Spam::MoveToJmf,      Spam::Quarantine]),
        high_confidence_spam_action: row([                Spam::MoveToJmf, Spam::Quarantine,     Spam::Quarantine]),
        phish_spam_action: row([                          Spam::MoveToJmf, Spam::Quarantine,     Spam::Quarantine]),
        high_confidence_phish_action: row([               Spam::Quarantine, Spam::Quarantine,    Spam::Quarantine]),
        bulk_spam_action: row([                           Spam::MoveToJmf, Spam::MoveToJmf,      Spam::Quarantine]),
        quarantine_retention_period: column.of([          15,              30,                   30]),
        spam_quarantine_tag: tag([                        FULL_ACCESS,     FULL_ACCESS,          FULL_ACCESS_NOTIFIED]),
        high_confidence_spam_quarantine_tag: tag([        FULL_ACCESS,     FULL_ACCESS_NOTIFIED, FULL_ACCESS_NOTIFIED]),
        phish_quarantine_tag: tag([                       FULL_ACCESS,     FULL_ACCESS_NOTIFIED, FULL_ACCESS_NOTIFIED]),
        high_confidence_phish_quarantine_tag: tag([       ADMIN_ONLY,      ADMIN_ONLY,           ADMIN_ONLY]),
        bulk_quarantine_tag: tag([                        FULL_ACCESS,     FULL_ACCESS,          FULL_ACCESS_NOTIFIED]),
        inline_safety_tips_enabled: column.of([           true,            true,                 true]),
        phish_zap_enabled: column.of([                    true,            true,                 true]),
        spam_zap_enabled: column.of([                     true,            true,                 true]),
        ..AntiSpamPolicy::default()
    }
}

/// Spec 2.8.
#[rustfmt::skip]
fn anti_phish(column: Column) -> AntiPhishPolicy {
    let flag = |row| -> bool { column.of(row) };
    AntiPhishPolicy {
        name: column.name().into(),
        //                                                Default            Standard           Strict
        enable_spoof_intelligence: flag([                 true,              true,              true]),
        honor_dmarc_policy: flag([                        true,              true,              true]),
        dmarc_quarantine_action: column.of([              Spoof::Quarantine, Spoof::Quarantine, Spoof::Quarantine]),
        dmarc_reject_action: column.of([                  Dmarc::Reject,     Dmarc::Reject,     Dmarc::Reject]),
        authentication_fail_action: column.of([           Spoof::MoveToJmf,  Spoof::MoveToJmf,  Spoof::Quarantine]),
        enable_first_contact_safety_tips: flag([          false,             true,              true]),
        enable_unauthenticated_sender: flag([             true,              true,              true]),
        enable_via_tag: flag([                            true,              true,              true]),
        phish_threshold_level: column.of([                1,                 3,                 4]),
        enable_targeted_user_protection: flag([           false,             true,              true]),
        enable_organization_domains_protection: flag([    false,             true,              true]),
        enable_targeted_domains_protection: flag([        false,             true,              true]),
        enable_mailbox_intelligence: flag([               true,              true,              true]),
        enable_mailbox_intelligence_protection: flag([    false,             true,              true]),
        targeted_user_protection_action: column.of([      Imp::NoAction,     Imp::Quarantine,   Imp::Quarantine]),
        targeted_domain_protection_action: column.of([    Imp::NoAction,     Imp::Quarantine,   Imp::Quarantine]),
        mailbox_intelligence_protection_action: column.of([Imp::NoAction,    Imp::MoveToJmf,    Imp::Quarantine]),
        enable_similar_users_safety_tips: flag([          false,             true,              true]),
        enable_similar_domains_safety_tips: flag([        false,             true,              true]),
        enable_unusual_characters_safety_tips: flag([     false,             true,              true]),
        ..AntiPhishPolicy::default()
    }
}

/// Spec 2.9: the same in all columns.
fn malware(column: Column) -> MalwarePolicy {
    MalwarePolicy {
        name: column.name().into(),
        enable_file_filter: true,
        file_type_action: FileTypeAction::Reject,
        zap_enabled: true,
        quarantine_tag: ADMIN_ONLY.into(),
        ..MalwarePolicy::default()
    }
}
