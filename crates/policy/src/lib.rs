//! Whose mail is it, may it pass, and where does it go: tenants, attribution and routes.
//!
//! Pure: facts and settings in, decisions with their reasons out; no IO, no clock, no randomness.
//! Never reads a peer's bytes, only what `smtp` and `pki` made of them. A refusal is a value that
//! says one thing to the peer and another to the administrator.

mod attribution;
mod chains;
mod directory;
mod explain;
mod file;
mod index;
mod issuer;
mod keys;
mod names;
mod outbound;
mod partner;
mod problems;
mod ranges;
mod recipients;
mod recognition;
mod replies;
mod route;
pub mod rules;
mod tenant;
mod text;
mod violations;

pub use attribution::{
    Accepted, Attribution, ConsideredConnector, Direction, Owner, Place, Proof, Question,
    RecipientPath, attribute,
};
pub use chains::{CHAIN_RULES_MAX, ChainRule, RuledChain, chain_rules};
pub use directory::{CANDIDATES_MAX, Directory, DirectoryError, Grants};
pub use explain::CONSIDERED_MAX;
pub use file::TenantFileError;
pub use names::{CertificateName, DomainPattern, Host, SmartHost};
pub use outbound::{
    AutoForwardingMode, Counted, CountedKind, DkimDomain, ENTITIES_MAX, Exceeded,
    FORWARDING_DENIED, LimitAnswer, OWN_DOMAIN_DENIED, OutboundLimits, OutboundPolicy,
    OutboundSettings, RECIPIENT_LIMIT_MAX, SENDER_RESTRICTED, SHARED_LIMIT_MAX, SpfFact,
    TENANT_LIMIT_EXCEEDED, ThresholdAction, Window, forwarding_denied, is_selector, limit_exceeded,
    own_domain_unproven, rejected_by_rule, restricted_until, sender_restricted, srs,
};
pub use problems::{Problem, ProblemContext, Severity, verification_record_name};
pub use ranges::{AddressRange, IPV4_PREFIX_MIN, IPV6_PREFIX_MIN, SharedIdentities};
pub use recipients::RecipientList;
pub use recognition::CERTIFICATE_NAMES_MAX;
pub use replies::{
    NOT_LOADED_ATTR55, PARTNER_RESTRICTED, RECIPIENT_UNKNOWN, RELAY_DENIED, RELAY_DENIED_ATTR36,
    TLS_REQUIRED,
};
pub use route::{ConnectorRoute, ConnectorTls, NextHop, Route, route, route_by_rule};
pub use tenant::{
    AcceptedDomain, ConnectorSource, ConnectorType, DomainType, InboundConnector,
    OutboundConnector, Tenant, TlsSettings,
};
pub use text::FromText;
pub use violations::{
    ACCEPTED_DOMAINS_MAX, CONNECTOR_LIST_MAX, CONNECTORS_MAX, NAME_CHARACTERS_MAX,
};
