//! A tenant as a file: TOML for people, the same shape as JSON for the store.
//!
//! Touches nothing. Never takes a key that does not act: an unknown or unsupported one is refused
//! by name, with its place and what to do instead, because a setting that is silently ignored is
//! one that an administrator relies on. A refused file changes nothing.

use std::fmt;
use std::ops::Range;

use posthouse_types::{Address, Domain};
use serde::{Deserialize, Serialize};
use toml::de::{DeTable, DeValue};

use crate::keys;
use crate::outbound::{DkimDomain, OutboundPolicy, OutboundSettings};
use crate::protection::values::List;
use crate::rules::MailFlowRule;
use crate::sender_lists::{ListedSender, SenderLists};
use crate::tenant::{AcceptedDomain, InboundConnector, OutboundConnector, Tenant, TenantExtras};
use crate::text;
use crate::violations::{self, Violation};
use crate::{
    AntiPhishPolicy, AntiSpamPolicy, ConnectionFilter, GeneralProtection, MalwarePolicy, Preset,
    Protection, QuarantinePolicy, TenantAllowBlock,
};

impl Tenant {
    /// Reads a tenant's file.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place: the grammar, a key that is unknown or not
    /// supported, a value that cannot be read, or settings that contradict each other.
    pub fn from_toml(text: &str) -> Result<Self, TenantFileError> {
        let place = |span| Place::of(text, span);
        let table = DeTable::parse(text).map_err(|error| from_toml_error(text, &error))?;
        keys::check(table.get_ref()).map_err(|refused| {
            let place = place(Some(refused.span));
            TenantFileError::new(place, refused.message, refused.hint)
        })?;
        let file: TenantFile =
            toml::from_str(text).map_err(|error| from_toml_error(text, &error))?;
        let mut tenant = Self::from(file);
        if let Some(violation) = violations::first(&tenant) {
            let span = span_of(table.get_ref(), &violation);
            return Err(TenantFileError::new(place(span), violation.message, violation.hint));
        }
        tenant.normalize();
        Ok(tenant)
    }

    /// Writes the tenant's file: what is default is left out, lists are in one order, and reading
    /// it again gives the same tenant.
    pub fn to_toml(&self) -> String {
        // Every field is a string, a flag or a list of them: the writer has nothing to refuse.
        toml::to_string(&TenantFile::from(self)).unwrap_or_default()
    }

    /// Reads what [`Tenant::to_json`] wrote.
    ///
    /// # Errors
    /// As [`Tenant::from_toml`]; but keys that are not known are passed over, so that a newer
    /// node's row can still be read.
    pub fn from_json(text: &str) -> Result<Self, TenantFileError> {
        let file: TenantFile = serde_json::from_str(text).map_err(|error| {
            let place = Place { line: error.line(), column: error.column() };
            TenantFileError::new(place, error.to_string(), None)
        })?;
        let mut tenant = Self::from(file);
        if let Some(violation) = violations::first(&tenant) {
            let place = Place { line: 1, column: 1 };
            return Err(TenantFileError::new(place, violation.message, violation.hint));
        }
        tenant.normalize();
        Ok(tenant)
    }

    /// The tenant as compact JSON, in the file's shape, for the store.
    pub fn to_json(&self) -> String {
        serde_json::to_string(&TenantFile::from(self)).unwrap_or_default()
    }
}

/// What is wrong with a tenant's file, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantFileError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong, on one line.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl TenantFileError {
    fn new(place: Place, message: String, hint: Option<String>) -> Self {
        Self { line: place.line, column: place.column, message, hint }
    }
}

impl fmt::Display for TenantFileError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}, column {}: {}", self.line, self.column, self.message)?;
        match &self.hint {
            Some(hint) => write!(formatter, " ({hint})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for TenantFileError {}

/// The file's shape.
#[derive(Serialize, Deserialize)]
struct TenantFile {
    tenant: Head,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    accepted_domain: Vec<AcceptedDomain>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    recipient: Vec<RecipientRow>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    inbound_connector: Vec<InboundConnector>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    outbound_connector: Vec<OutboundConnector>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    mail_flow_rule: Vec<MailFlowRule>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outbound_policy: Option<OutboundPolicy>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    dkim: Vec<DkimDomain>,
    // The protection's tables, one by one: flattened, an error would lose its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    protection: Option<GeneralProtection>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    connection_filter: Option<ConnectionFilter>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    preset: Vec<Preset>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    anti_spam_policy: Vec<AntiSpamPolicy>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    anti_phish_policy: Vec<AntiPhishPolicy>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    malware_policy: Vec<MalwarePolicy>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tenant_allow_block: Vec<TenantAllowBlock>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    quarantine_policy: Vec<QuarantinePolicy>,
}

#[derive(Serialize, Deserialize)]
struct Head {
    name: Box<str>,
    #[serde(default, with = "text::optional", skip_serializing_if = "Option::is_none")]
    postmaster: Option<Address>,
    #[serde(default, with = "text::optional", skip_serializing_if = "Option::is_none")]
    srs_domain: Option<Domain>,
    #[serde(default, with = "text::optional", skip_serializing_if = "Option::is_none")]
    arc_seal_domain: Option<Domain>,
}

#[derive(Serialize, Deserialize)]
struct RecipientRow {
    #[serde(with = "text::one")]
    address: Address,
    #[serde(default, skip_serializing_if = "no_senders")]
    safe_senders: List<ListedSender>,
    #[serde(default, skip_serializing_if = "no_senders")]
    blocked_senders: List<ListedSender>,
}

impl From<TenantFile> for Tenant {
    fn from(file: TenantFile) -> Self {
        let outbound = OutboundSettings {
            srs_domain: file.tenant.srs_domain,
            arc_seal_domain: file.tenant.arc_seal_domain,
            dkim: file.dkim,
            policy: file.outbound_policy,
        };
        let protection = Protection {
            general: file.protection.unwrap_or_default(),
            presets: file.preset,
            anti_spam_policies: file.anti_spam_policy,
            anti_phish_policies: file.anti_phish_policy,
            malware_policies: file.malware_policy,
            connection_filter: file.connection_filter.unwrap_or_default(),
            tenant_allow_blocks: file.tenant_allow_block,
            quarantine_policies: file.quarantine_policy,
        };
        let mail_flow_rules = file.mail_flow_rule;
        let mut sender_lists = Vec::new();
        let mut address = |row: RecipientRow| {
            let RecipientRow { address, safe_senders, blocked_senders } = row;
            if !no_senders(&safe_senders) || !no_senders(&blocked_senders) {
                sender_lists.push(SenderLists::new(&address, safe_senders, blocked_senders));
            }
            address
        };
        let recipients = file.recipient.into_iter().map(&mut address).collect();
        let sender_lists = sender_lists.into();
        let extras = TenantExtras { mail_flow_rules, outbound, protection, sender_lists };
        Self {
            name: file.tenant.name,
            postmaster: file.tenant.postmaster,
            accepted_domains: file.accepted_domain,
            recipients,
            inbound_connectors: file.inbound_connector,
            outbound_connectors: file.outbound_connector,
            extras: Some(Box::new(extras)),
        }
    }
}

impl From<&Tenant> for TenantFile {
    fn from(tenant: &Tenant) -> Self {
        let mut tenant = tenant.clone();
        tenant.normalize();
        let row = |address| {
            let lists = tenant.sender_lists(&address).cloned();
            let (safe_senders, blocked_senders) =
                lists.map(|lists| (lists.safe_senders, lists.blocked_senders)).unwrap_or_default();
            RecipientRow { address, safe_senders, blocked_senders }
        };
        let rows = tenant.recipients.iter().map(row).collect();
        let TenantExtras { mail_flow_rules, outbound, protection, .. } =
            tenant.extras.map(|extras| *extras).unwrap_or_default();
        let (general, filter) = (protection.general, protection.connection_filter);
        Self {
            tenant: Head {
                name: tenant.name,
                postmaster: tenant.postmaster,
                srs_domain: outbound.srs_domain,
                arc_seal_domain: outbound.arc_seal_domain,
            },
            accepted_domain: tenant.accepted_domains,
            recipient: rows,
            inbound_connector: tenant.inbound_connectors,
            outbound_connector: tenant.outbound_connectors,
            mail_flow_rule: mail_flow_rules,
            outbound_policy: outbound.policy,
            dkim: outbound.dkim,
            protection: (general != GeneralProtection::default()).then_some(general),
            connection_filter: (filter != ConnectionFilter::default()).then_some(filter),
            preset: protection.presets,
            anti_spam_policy: protection.anti_spam_policies,
            anti_phish_policy: protection.anti_phish_policies,
            malware_policy: protection.malware_policies,
            tenant_allow_block: protection.tenant_allow_blocks,
            quarantine_policy: protection.quarantine_policies,
        }
    }
}

fn no_senders(list: &List<ListedSender>) -> bool {
    list.is_empty()
}

#[derive(Clone, Copy)]
struct Place {
    line: usize,
    column: usize,
}

impl Place {
    /// The start of a span; the file's start where there is none.
    fn of(text: &str, span: Option<Range<usize>>) -> Self {
        let before = span.and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let column = before.get(line_start..).map_or(0, |line| line.chars().count()) + 1;
        Self { line: before.matches('\n').count() + 1, column }
    }
}

/// The parser's own words, without its drawing of the line: the caller has line and column.
fn from_toml_error(text: &str, error: &toml::de::Error) -> TenantFileError {
    let message = error.message().lines().collect::<Vec<_>>().join(", ");
    TenantFileError::new(Place::of(text, error.span()), message, None)
}

/// Where a violation stands: at the key, else at its table, else nowhere.
fn span_of(table: &DeTable<'_>, violation: &Violation) -> Option<Range<usize>> {
    let value = table.get(violation.table)?;
    let (element, span) = match value.get_ref() {
        DeValue::Array(elements) => {
            let element = elements.get(violation.index)?;
            (element.get_ref(), element.span())
        }
        other => (other, value.span()),
    };
    let key = element
        .as_table()
        .and_then(|element| element.iter().find(|(key, _)| key.get_ref() == violation.key));
    Some(key.map_or(span, |(key, _)| key.span()))
}
