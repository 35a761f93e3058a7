//! What a tenant wants of mail that leaves: keys that sign it, limits, and rewritten senders.
//!
//! Touches nothing. Plain data with Exchange's names; who counts is `limits`, who rewrites `srs`,
//! and what is refused on the way out is here. Off until set: a tenant that says nothing gets no
//! limit.

mod forwarding;
mod limits;
mod own_domain;
mod refusals;
pub mod srs;

use posthouse_types::{Address, Domain};
use serde::{Deserialize, Serialize};

pub use forwarding::{forwarding, is_auto_forwarded};
pub use limits::{
    Counted, CountedKind, ENTITIES_MAX, Exceeded, LimitAnswer, OutboundLimits, Window,
    restricted_until,
};
pub use own_domain::{OWN_DOMAIN_DENIED, SpfFact, own_domain_unproven};
pub use refusals::{
    FORWARDING_DENIED, SENDER_RESTRICTED, TENANT_LIMIT_EXCEEDED, forwarding_denied, limit_exceeded,
    recipients_blocked, rejected_by_rule, sender_restricted,
};

use crate::keys::Table;
use crate::tenant::Tenant;
use crate::text::{self, shown, words};
use crate::violations::{Violation, double};

/// Domains of one tenant that are signed for: as many as it may have.
const DKIM_DOMAINS_MAX: usize = 5_000;
/// Recipients that get copies of suspicious mail, or are told of a restricted sender.
const TOLD_MAX: usize = 100;
/// The largest limit that can be set: Exchange Online's.
pub const RECIPIENT_LIMIT_MAX: u32 = 10_000;
/// The largest limit of a connector or a whole tenant, which many senders share.
pub const SHARED_LIMIT_MAX: u32 = 10_000_000;

/// A domain whose mail is signed (New-DkimSigningConfig).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DkimDomain {
    /// The domain in From, and in the signature's `d=`. Names below it need tables of their own.
    #[serde(with = "text::one")]
    pub domain: Domain,
    /// Whether it is signed.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub enabled: bool,
    /// The selector to sign with; left out: the one that `posthouse dkim` made active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<Box<str>>,
}

words! {
    /// What happens to who sends more than a limit.
    ThresholdAction {
        /// An event for the administrator; the mail goes.
        Alert = "alert",
        /// The sender is restricted until the day ends, in UTC.
        BlockUserForToday = "block-user-for-today",
        /// The sender is restricted until somebody releases it.
        BlockUser = "block-user",
    }
}

words! {
    /// Whether mailboxes may forward to the outside by themselves.
    AutoForwardingMode {
        /// The system decides, which today is: no.
        Automatic = "automatic",
        /// They may.
        On = "on",
        /// They may not.
        Off = "off",
    }
}

/// Limits and rules for what leaves (New-HostedOutboundSpamFilterPolicy). Numbers are recipients;
/// left out or 0: no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OutboundPolicy {
    /// One sender's outside the organisation, in any hour.
    #[serde(skip_serializing_if = "is_zero")]
    pub recipient_limit_external_per_hour: u32,
    /// One sender's within it, in any hour.
    #[serde(skip_serializing_if = "is_zero")]
    pub recipient_limit_internal_per_hour: u32,
    /// One sender's in all, in any 24 hours.
    #[serde(skip_serializing_if = "is_zero")]
    pub recipient_limit_per_day: u32,
    /// Those of one inbound connector, in any hour.
    #[serde(skip_serializing_if = "is_zero")]
    pub connector_limit_per_hour: u32,
    /// Those of the whole tenant, in any hour.
    #[serde(skip_serializing_if = "is_zero")]
    pub tenant_limit_per_hour: u32,
    /// What happens to who sends more; left out: block-user-for-today, as in Exchange Online.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_when_threshold_reached: Option<ThresholdAction>,
    /// Whether mailboxes may forward by themselves; left out: they may, until somebody says
    /// otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_forwarding_mode: Option<AutoForwardingMode>,
    /// Whether outbound mail that is judged to be spam is copied.
    #[serde(skip_serializing_if = "is_false")]
    pub bcc_suspicious_outbound_mail: bool,
    /// Who gets the copies.
    #[serde(with = "text::list", skip_serializing_if = "<[_]>::is_empty")]
    pub bcc_suspicious_outbound_additional_recipients: Box<[Address]>,
    /// Whether somebody is told when a sender is restricted.
    #[serde(skip_serializing_if = "is_false")]
    pub notify_outbound_spam: bool,
    /// Who is told.
    #[serde(with = "text::list", skip_serializing_if = "<[_]>::is_empty")]
    pub notify_outbound_spam_recipients: Box<[Address]>,
}

impl OutboundPolicy {
    /// What happens to who sends more than a limit.
    pub fn action(&self) -> ThresholdAction {
        self.action_when_threshold_reached.unwrap_or(ThresholdAction::BlockUserForToday)
    }

    /// Who gets a copy of outbound mail that is judged to be spam.
    pub fn suspicious_copies(&self) -> &[Address] {
        let recipients = &self.bcc_suspicious_outbound_additional_recipients;
        if self.bcc_suspicious_outbound_mail { recipients } else { &[] }
    }

    /// Who is told when a sender is restricted.
    pub fn told_of_restrictions(&self) -> &[Address] {
        if self.notify_outbound_spam { &self.notify_outbound_spam_recipients } else { &[] }
    }

    /// Whether mailboxes may forward to the outside by themselves.
    pub fn allows_forwarding(&self) -> bool {
        matches!(self.auto_forwarding_mode, None | Some(AutoForwardingMode::On))
    }
}

/// What a tenant wants of mail that leaves; most tenants say nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboundSettings {
    /// MAIL FROM outside the tenant's domains is rewritten into this one of them on the way out,
    /// so that SPF holds and reports come back here.
    pub srs_domain: Option<Domain>,
    /// Mail of others that is passed on is sealed with this domain's key (ARC, RFC 8617).
    pub arc_seal_domain: Option<Domain>,
    /// Domains whose mail is signed.
    pub dkim: Vec<DkimDomain>,
    /// Limits and rules.
    pub policy: Option<OutboundPolicy>,
}

impl OutboundSettings {
    /// Sorts the lists.
    pub(crate) fn normalize(&mut self) {
        self.dkim.sort_by(|a, b| a.domain.cmp(&b.domain));
        self.dkim.shrink_to_fit();
    }
}

impl Tenant {
    /// The domain that senders outside the tenant are rewritten into.
    pub fn srs_domain(&self) -> Option<&Domain> {
        self.outbound()?.srs_domain.as_ref()
    }

    /// The domain whose key seals what is passed on.
    pub fn arc_seal_domain(&self) -> Option<&Domain> {
        self.outbound()?.arc_seal_domain.as_ref()
    }

    /// How mail of this domain is signed, where it is.
    pub fn dkim(&self, domain: &Domain) -> Option<&DkimDomain> {
        let mut domains = self.outbound()?.dkim.iter();
        domains.find(|dkim| dkim.enabled && dkim.domain == *domain)
    }

    /// Limits and rules for what leaves.
    pub fn outbound_policy(&self) -> Option<&OutboundPolicy> {
        self.outbound()?.policy.as_ref()
    }
}

/// `[[dkim]]`.
pub(crate) const DKIM_TABLE: Table = Table {
    name: "dkim",
    repeats: true,
    keys: &["domain", "enabled", "selector"],
    unsupported: &[
        ("key_size", "leave it out: posthouse dkim create --algorithm says which key is made"),
        ("body_canonicalization", "leave it out: it is always relaxed"),
        ("header_canonicalization", "leave it out: it is always relaxed"),
    ],
};

const BCC: &str = "bcc_suspicious_outbound_mail";
const BCC_RECIPIENTS: &str = "bcc_suspicious_outbound_additional_recipients";
const NOTIFY: &str = "notify_outbound_spam";
const NOTIFY_RECIPIENTS: &str = "notify_outbound_spam_recipients";

/// `[outbound_policy]`.
pub(crate) const POLICY_TABLE: Table = Table {
    name: "outbound_policy",
    repeats: false,
    keys: &[
        "recipient_limit_external_per_hour",
        "recipient_limit_internal_per_hour",
        "recipient_limit_per_day",
        "connector_limit_per_hour",
        "tenant_limit_per_hour",
        "action_when_threshold_reached",
        "auto_forwarding_mode",
        BCC,
        BCC_RECIPIENTS,
        NOTIFY,
        NOTIFY_RECIPIENTS,
    ],
    unsupported: &[(
        "bcc_suspicious",
        "write bcc_suspicious_outbound_mail, and bcc_suspicious_outbound_additional_recipients",
    )],
};

/// The first thing that is wrong with what a tenant wants of mail that leaves.
pub(crate) fn broken(tenant: &Tenant) -> Option<Violation> {
    let outbound = tenant.outbound()?;
    let wrong = |table, index, key, message: String, hint: &str| {
        let hint = (!hint.is_empty()).then(|| hint.to_owned());
        Some(Violation { table, index, key, message, hint })
    };
    let accepted = |name: &Domain| {
        let mut domains = tenant.accepted_domains.iter();
        domains.any(|domain| {
            domain.name == *name
                || domain.match_sub_domains && name.is_or_below(domain.name.as_str())
        })
    };
    let add = "add it as [[accepted_domain]]";
    if let Some(domain) = outbound.srs_domain.as_ref().filter(|domain| !accepted(domain)) {
        let message = format!(
            "srs_domain {domain} is no accepted domain of this tenant, so reports would not come back"
        );
        return wrong("tenant", 0, "srs_domain", message, add);
    }
    if outbound.dkim.len() > DKIM_DOMAINS_MAX {
        let message = format!("more than {DKIM_DOMAINS_MAX} [[dkim]] tables");
        return wrong("dkim", DKIM_DOMAINS_MAX, "", message, "");
    }
    if let Some(index) = double(outbound.dkim.iter().map(|dkim| dkim.domain.to_string())) {
        return wrong("dkim", index, "domain", "a second [[dkim]] of this domain".to_owned(), "");
    }
    for (index, dkim) in outbound.dkim.iter().enumerate() {
        if !accepted(&dkim.domain) {
            let message = format!("{} is no accepted domain of this tenant", dkim.domain);
            return wrong("dkim", index, "domain", message, add);
        }
        if let Some(selector) = dkim.selector.as_deref().filter(|name| !is_selector(name)) {
            let message =
                format!("{} is no selector: letters, digits and hyphens", shown(selector));
            return wrong("dkim", index, "selector", message, "");
        }
    }
    if let Some(domain) = &outbound.arc_seal_domain
        && !outbound.dkim.iter().any(|dkim| dkim.domain == *domain)
    {
        let message = format!("arc_seal_domain {domain} has no [[dkim]], whose key would seal");
        return wrong("tenant", 0, "arc_seal_domain", message, "add [[dkim]] of this domain");
    }
    let (key, message) = policy_is_wrong(outbound.policy.as_ref()?)?;
    wrong("outbound_policy", 0, key, message, "")
}

fn policy_is_wrong(policy: &OutboundPolicy) -> Option<(&'static str, String)> {
    let limits = [
        ("recipient_limit_external_per_hour", policy.recipient_limit_external_per_hour),
        ("recipient_limit_internal_per_hour", policy.recipient_limit_internal_per_hour),
        ("recipient_limit_per_day", policy.recipient_limit_per_day),
    ];
    let shared = [
        ("connector_limit_per_hour", policy.connector_limit_per_hour),
        ("tenant_limit_per_hour", policy.tenant_limit_per_hour),
    ];
    let over = |limit_max: u32| {
        move |(key, limit): (&'static str, u32)| {
            (limit > limit_max).then(|| (key, format!("{key} is 0 to {limit_max}")))
        }
    };
    let bcc = &policy.bcc_suspicious_outbound_additional_recipients;
    let notified = &policy.notify_outbound_spam_recipients;
    for (key, is_on, list_key, list) in [
        (BCC, policy.bcc_suspicious_outbound_mail, BCC_RECIPIENTS, bcc),
        (NOTIFY, policy.notify_outbound_spam, NOTIFY_RECIPIENTS, notified),
    ] {
        if list.len() > TOLD_MAX {
            return Some((list_key, format!("more than {TOLD_MAX} entries")));
        }
        if is_on && list.is_empty() {
            return Some((key, format!("{key} without {list_key} reaches nobody")));
        }
        if !is_on && !list.is_empty() {
            return Some((list_key, format!("{list_key} does nothing without {key} = true")));
        }
    }
    let found = limits.into_iter().find_map(over(RECIPIENT_LIMIT_MAX));
    found.or_else(|| shared.into_iter().find_map(over(SHARED_LIMIT_MAX)))
}

/// Whether this can be a selector (RFC 6376 section 3.1): one DNS label.
pub fn is_selector(name: &str) -> bool {
    (1..=63).contains(&name.len())
        && !name.starts_with('-')
        && !name.ends_with('-')
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn yes() -> bool {
    true
}

fn is_true(value: &bool) -> bool {
    *value
}

fn is_false(value: &bool) -> bool {
    !*value
}

fn is_zero(value: &u32) -> bool {
    *value == 0
}
