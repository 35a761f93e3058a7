//! A tenant's protection: policies, presets, lists, and which of them are for a recipient.
//!
//! Touches nothing. What is not set is Exchange Online's default. A tenant that sets nothing has
//! no [`Protection`] at all: a million of them live in memory.

pub(crate) mod act;
pub(crate) mod allow_block;
pub(crate) mod anti_phish;
pub(crate) mod anti_spam;
pub(crate) mod candidates;
pub(crate) mod connection;
pub(crate) mod counterfactuals;
pub(crate) mod decide;
pub(crate) mod malware;
pub(crate) mod matrix;
pub(crate) mod overrides;
pub(crate) mod presets;
pub(crate) mod quarantine;
pub(crate) mod rules;
pub(crate) mod scope;
pub(crate) mod spoof;
pub(crate) mod tables;
pub(crate) mod url_pattern;
pub(crate) mod values;

use std::borrow::Cow;
use std::time::Duration;

use posthouse_types::{Address, Domain, Language, PolicyKind};
use serde::{Deserialize, Serialize};

use allow_block::TenantAllowBlock;
use anti_phish::AntiPhishPolicy;
use anti_spam::AntiSpamPolicy;
use connection::ConnectionFilter;
use malware::MalwarePolicy;
use presets::{Column, Preset, PresetLevel, built_in};
use quarantine::QuarantinePolicy;
use scope::{Addresses, Scoped, first_custom, own_default};
use values::{List, ProtectedUser, is_same};

use crate::tenant::Tenant;
use crate::text::words;

/// Everything that a tenant has set about its protection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Protection {
    /// What is for the whole tenant.
    pub general: GeneralProtection,
    /// Presets for some recipients; Strict is looked at first.
    pub presets: Vec<Preset>,
    /// Anti-spam policies.
    pub anti_spam_policies: Vec<AntiSpamPolicy>,
    /// Anti-phishing policies.
    pub anti_phish_policies: Vec<AntiPhishPolicy>,
    /// Anti-malware policies.
    pub malware_policies: Vec<MalwarePolicy>,
    /// The connection filter.
    pub connection_filter: ConnectionFilter,
    /// The Tenant Allow/Block List.
    pub tenant_allow_blocks: Vec<TenantAllowBlock>,
    /// Quarantine policies of its own.
    pub quarantine_policies: Vec<QuarantinePolicy>,
}

/// What is for the whole tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GeneralProtection {
    /// A preset for everybody whom no `[[preset]]` is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<PresetLevel>,
    /// Mailboxes of the security team, which get everything as it came (advanced delivery).
    #[serde(skip_serializing_if = "no_addresses")]
    pub sec_ops_mailboxes: Addresses,
    /// Domains whose ARC seals are believed where a message was changed on its way (spec 4).
    #[serde(skip_serializing_if = "no_domains")]
    pub arc_trusted_sealers: List<Domain>,
    /// How often recipients are told what is kept of their mail; left out: daily.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_user_spam_notification_frequency: Option<NotificationFrequency>,
    /// The language of what this gateway writes to the tenant's people; left out: English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notification_language: Option<NotificationLanguage>,
}

words! {
    /// How often recipients are told what is kept of their mail (DefaultGlobalTag, spec 3.2).
    NotificationFrequency {
        /// Every four hours.
        FourHours = "four-hours",
        /// Once a day.
        Daily = "daily",
        /// Once a week.
        Weekly = "weekly",
    }
}

words! {
    /// A language of notifications.
    NotificationLanguage {
        /// English.
        En = "en",
        /// German.
        De = "de",
    }
}

impl From<NotificationLanguage> for Language {
    fn from(language: NotificationLanguage) -> Self {
        match language {
            NotificationLanguage::En => Self::English,
            NotificationLanguage::De => Self::German,
        }
    }
}

fn no_addresses(list: &Addresses) -> bool {
    list.is_empty()
}

fn no_domains(list: &List<Domain>) -> bool {
    list.is_empty()
}

impl Tenant {
    /// The language of what this gateway writes to the tenant's people.
    pub fn notification_language(&self) -> Language {
        let protection = self.protection();
        let language = protection.and_then(|protection| protection.general.notification_language);
        language.map_or(Language::English, Language::from)
    }
}

impl GeneralProtection {
    /// The keys of its table.
    pub const KEYS: &'static [&'static str] = &[
        "preset",
        "sec_ops_mailboxes",
        "arc_trusted_sealers",
        "end_user_spam_notification_frequency",
        "notification_language",
    ];

    fn notification_interval(&self) -> Duration {
        const HOUR: u64 = 60 * 60;
        let hours = match self.end_user_spam_notification_frequency {
            Some(NotificationFrequency::FourHours) => 4,
            None | Some(NotificationFrequency::Daily) => 24,
            Some(NotificationFrequency::Weekly) => 7 * 24,
        };
        Duration::from_secs(hours * HOUR)
    }
}

/// The one policy of each type that is for a recipient.
#[derive(Clone, Debug)]
pub struct Policies<'a> {
    /// Anti-spam.
    pub anti_spam: Cow<'a, AntiSpamPolicy>,
    /// Anti-phishing.
    pub anti_phish: Cow<'a, AntiPhishPolicy>,
    /// Anti-malware.
    pub malware: Cow<'a, MalwarePolicy>,
}

/// Whose imitation some policy of a tenant looks for.
#[derive(Clone, Debug, Default)]
pub struct Targets<'a> {
    /// People.
    pub users: Vec<&'a ProtectedUser>,
    /// Domains beside the tenant's own.
    pub domains: Vec<&'a Domain>,
}

/// Why a policy is the one for a recipient: for `policy preview`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Considered {
    /// Its type.
    pub kind: PolicyKind,
    /// Its name.
    pub name: String,
    /// Whether it is the one.
    pub applies: bool,
    /// Why, or why not.
    pub why: &'static str,
}

impl Protection {
    /// Whether nothing is set.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The policies for a recipient: Strict, then Standard, then custom ones by priority, then the
    /// default. Only the first of each type; nothing is merged (spec 2.1).
    pub fn policies_for(&self, recipient: &Address) -> Policies<'_> {
        if let Some(preset) = self.preset_for(recipient) {
            let built_in = built_in(preset.level.into());
            let anti_phish = if preset.has_own_lists() {
                Cow::Owned(preset.anti_phish())
            } else {
                Cow::Borrowed(&built_in.anti_phish)
            };
            return Policies {
                anti_spam: Cow::Borrowed(&built_in.anti_spam),
                anti_phish,
                malware: Cow::Borrowed(&built_in.malware),
            };
        }
        // A preset for everybody stands before every custom policy too: it has no exceptions.
        let built_in = built_in(self.general.preset.map_or(Column::Default, Column::from));
        if self.general.preset.is_some() {
            return Policies {
                anti_spam: Cow::Borrowed(&built_in.anti_spam),
                anti_phish: Cow::Borrowed(&built_in.anti_phish),
                malware: Cow::Borrowed(&built_in.malware),
            };
        }
        Policies {
            anti_spam: choose(&self.anti_spam_policies, recipient, &built_in.anti_spam),
            anti_phish: choose(&self.anti_phish_policies, recipient, &built_in.anti_phish),
            malware: choose(&self.malware_policies, recipient, &built_in.malware),
        }
    }

    /// Everybody whose imitation a policy or preset looks for. Which of them acts for a recipient
    /// is decided with the recipient's own policy.
    pub fn targets(&self) -> Targets<'_> {
        let mut targets = Targets::default();
        for policy in self.anti_phish_policies.iter().filter(|policy| policy.enabled) {
            if policy.enable_targeted_user_protection {
                targets.users.extend(policy.targeted_users_to_protect.iter());
            }
            if policy.enable_targeted_domains_protection {
                targets.domains.extend(policy.targeted_domains_to_protect.iter());
            }
        }
        // Both presets protect whom they name (spec 2.8).
        for preset in self.presets.iter().filter(|preset| preset.enabled) {
            targets.users.extend(preset.targeted_users_to_protect.iter());
            targets.domains.extend(preset.targeted_domains_to_protect.iter());
        }
        targets
    }

    /// The preset that is for a recipient: Strict before Standard.
    fn preset_for(&self, recipient: &Address) -> Option<&Preset> {
        let of = |level| {
            self.presets
                .iter()
                .filter(move |preset| preset.enabled && preset.level == level)
                .find(|preset| preset.scope().covers(recipient))
        };
        of(PresetLevel::Strict).or_else(|| of(PresetLevel::Standard))
    }

    /// Whether a recipient is a mailbox of the security team.
    pub fn is_sec_ops_mailbox(&self, recipient: &Address) -> bool {
        self.general.sec_ops_mailboxes.iter().any(|mailbox| is_same(mailbox, recipient))
    }

    /// Every policy in the order it is looked at for a recipient, and why it is the one or not.
    pub fn preview(&self, recipient: &Address) -> Vec<Considered> {
        let chosen = self.policies_for(recipient);
        let has_preset = self.preset_for(recipient).is_some() || self.general.preset.is_some();
        let mut out = Vec::new();
        for level in [PresetLevel::Strict, PresetLevel::Standard] {
            for kind in [PolicyKind::AntiSpam, PolicyKind::AntiPhish, PolicyKind::AntiMalware] {
                let name = Column::from(level).name();
                let applies = chosen.anti_spam.name.as_ref() == name;
                let is_set = self.general.preset == Some(level)
                    || self.presets.iter().any(|preset| preset.level == level);
                let why = match (applies, is_set) {
                    (true, _) => "the preset is for this recipient, and presets come first",
                    (false, true) => "not for this recipient, or another preset came first",
                    (false, false) => "not set up",
                };
                out.push(Considered { kind, name: name.to_owned(), applies, why });
            }
        }
        consider(
            &mut out,
            PolicyKind::AntiSpam,
            &self.anti_spam_policies,
            &chosen.anti_spam.name,
            recipient,
            has_preset,
        );
        consider(
            &mut out,
            PolicyKind::AntiPhish,
            &self.anti_phish_policies,
            &chosen.anti_phish.name,
            recipient,
            has_preset,
        );
        consider(
            &mut out,
            PolicyKind::AntiMalware,
            &self.malware_policies,
            &chosen.malware.name,
            recipient,
            has_preset,
        );
        out
    }
}

/// The policy for a recipient among those of one type.
fn choose<'a, P: Scoped + Clone>(
    policies: &'a [P],
    recipient: &Address,
    built_in: &'a P,
) -> Cow<'a, P> {
    Cow::Borrowed(
        first_custom(policies, recipient).or_else(|| own_default(policies)).unwrap_or(built_in),
    )
}

fn consider<P: Scoped>(
    out: &mut Vec<Considered>,
    kind: PolicyKind,
    policies: &[P],
    chosen: &str,
    recipient: &Address,
    has_preset: bool,
) {
    let mut ordered: Vec<&P> = policies.iter().filter(|policy| !policy.is_default()).collect();
    ordered.sort_by_key(|policy| policy.priority());
    for policy in ordered {
        let applies = policy.name() == chosen && !has_preset;
        let why = if applies {
            "the first that is for this recipient"
        } else if !policy.is_enabled() {
            "switched off"
        } else if !policy.scope().covers(recipient) {
            "not for this recipient"
        } else if has_preset {
            "a preset came first"
        } else {
            "another policy came first; policies are never merged"
        };
        out.push(Considered { kind, name: policy.name().to_owned(), applies, why });
    }
    let applies = chosen.eq_ignore_ascii_case(scope::DEFAULT_POLICY) && !has_preset;
    out.push(Considered {
        kind,
        name: scope::DEFAULT_POLICY.to_owned(),
        applies,
        why: if applies { "no other is for this recipient" } else { "another policy came first" },
    });
}
