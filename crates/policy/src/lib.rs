//! Whose mail is it, may it pass, and where does it go: tenants, attribution and routes.
//!
//! Pure: facts and settings in, decisions with their reasons out; no IO, no clock, no randomness.
//! Never reads a peer's bytes, only what `smtp` and `pki` made of them. A refusal is a value that
//! says one thing to the peer and another to the administrator.

mod attribution;
mod chains;
mod connector_row;
mod directory;
mod enhanced_filtering;
mod explain;
mod file;
mod index;
mod issuer;
mod keys;
mod names;
mod outbound;
mod partner;
mod problems;
mod protection;
mod ranges;
mod recipients;
mod recognition;
mod replies;
mod route;
pub mod rules;
mod sender_lists;
mod tenant;
mod text;
mod violations;
mod zero_hour;

pub use attribution::{
    Accepted, Attribution, ConsideredConnector, Direction, Owner, Place, Proof, Question,
    RecipientPath, attribute,
};
pub use chains::{CHAIN_RULES_MAX, ChainRule, RuledChain, chain_rules};
pub use directory::{CANDIDATES_MAX, Directory, DirectoryError, Grants};
pub use enhanced_filtering::{EnhancedFiltering, enhanced_filtering, from_behind};
pub use explain::CONSIDERED_MAX;
pub use file::TenantFileError;
pub use names::{CertificateName, DomainPattern, Host, SmartHost};
pub use outbound::{
    AutoForwardingMode, Counted, CountedKind, DkimDomain, ENTITIES_MAX, Exceeded,
    FORWARDING_DENIED, LimitAnswer, OWN_DOMAIN_DENIED, OutboundLimits, OutboundPolicy,
    OutboundSettings, RECIPIENT_LIMIT_MAX, SENDER_RESTRICTED, SHARED_LIMIT_MAX, SpfFact,
    TENANT_LIMIT_EXCEEDED, ThresholdAction, Window, forwarding, forwarding_denied,
    is_auto_forwarded, is_selector, limit_exceeded, own_domain_unproven, recipients_blocked,
    rejected_by_rule, restricted_until, sender_restricted, srs,
};
pub use problems::{Problem, ProblemContext, Severity, verification_record_name};
pub use protection::allow_block::{
    ALLOW_BLOCK_MAX, EXPIRES_DAYS, EXPIRES_DAYS_MAX, Infrastructure, Lasts, ListAction, ListType,
    Listed, REMOVE_AFTER_DAYS_MAX, SPOOF_PAIRS_MAX, SpoofPair, SpoofType, TenantAllowBlock,
    used_entries,
};
pub use protection::anti_phish::{
    AntiPhishPolicy, DmarcRejectAction, EXCLUDED_MAX, ImpersonationAction, SpoofAction,
    TARGETED_DOMAINS_MAX, TARGETED_USERS_MAX,
};
pub use protection::anti_spam::{
    ASF, AntiSpamPolicy, AsfRow, IntraOrgFilterState, QUARANTINE_DAYS_MAX, SpamAction,
    TestModeAction,
};
pub use protection::connection::{CONNECTION_LIST_MAX, ConnectionFilter, Listed as ListedAddress};
pub use protection::counterfactuals::COUNTERFACTUALS_MAX;
pub use protection::decide::decide;
pub use protection::malware::{
    DEFAULT_FILE_TYPES, FileTypeAction, MALWARE_QUARANTINE_DAYS, MalwarePolicy,
};
pub use protection::matrix::{Effect, MATRIX, Row, Source, effect};
pub use protection::presets::{BuiltIn, Column, Preset, PresetLevel, built_in};
pub use protection::quarantine::{
    ADMIN_ONLY, BUILT_IN as BUILT_IN_QUARANTINE_POLICIES, FULL_ACCESS, FULL_ACCESS_BITS,
    FULL_ACCESS_NOTIFIED, LIMITED_ACCESS, NO_ACCESS, QuarantinePolicy, permission, permissions_for,
    sender_override,
};
pub use protection::rules::{POLICIES_MAX, POLICY_LIST_MAX};
pub use protection::scope::{DEFAULT_POLICY, Scope};
pub use protection::spoof::{
    Failure as SpoofFailure, MATRIX as SPOOF_MATRIX, SpoofOutcome, outcome as spoof_outcome,
};
pub use protection::url_pattern::{URL_CHARACTERS_MAX, UrlPattern, UrlReading};
pub use protection::values::{
    AsfState, Code, FileType, Instant, List, ProtectedUser, SenderPattern, SourceRange, Switch,
};
pub use protection::{
    Considered, GeneralProtection, NotificationFrequency, NotificationLanguage, Policies,
    Protection, Targets,
};
pub use ranges::{AddressRange, IPV4_PREFIX_MIN, IPV6_PREFIX_MIN, SharedIdentities};
pub use recipients::RecipientList;
pub use recognition::CERTIFICATE_NAMES_MAX;
pub use replies::{
    NOT_LOADED_ATTR55, PARTNER_RESTRICTED, RECIPIENT_UNKNOWN, RELAY_DENIED, RELAY_DENIED_ATTR36,
    TLS_REQUIRED, other_tenant_in_transaction,
};
pub use route::{ConnectorRoute, ConnectorTls, NextHop, Route, route, route_by_rule};
pub use sender_lists::{BLOCKED_SENDERS_MAX, ListedSender, SAFE_SENDERS_MAX, SenderLists};
pub use tenant::{
    AcceptedDomain, ConnectorSource, ConnectorType, DomainType, InboundConnector, InboundExtras,
    OutboundConnector, Tenant, TenantExtras, TlsSettings,
};
pub use text::FromText;
pub use violations::{
    ACCEPTED_DOMAINS_MAX, CONNECTOR_LIST_MAX, CONNECTORS_MAX, NAME_CHARACTERS_MAX,
};
pub use zero_hour::{Changed, KeptFacts, ZERO_HOUR_TIME_MAX, decide_again};
