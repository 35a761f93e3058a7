//! Whose mail is it, may it pass, and where does it go: tenants, attribution and routes.
//!
//! Pure: facts and settings in, decisions with their reasons out; no IO, no clock, no randomness.
//! Never reads a peer's bytes, only what `smtp` and `pki` made of them. A refusal is a value that
//! says one thing to the peer and another to the administrator.

mod file;
mod keys;
mod names;
mod ranges;
mod tenant;
mod text;
mod violations;

pub use file::TenantFileError;
pub use names::{CertificateName, DomainPattern, Host, SmartHost};
pub use ranges::{AddressRange, IPV4_PREFIX_MIN, IPV6_PREFIX_MIN, SharedIdentities};
pub use tenant::{
    AcceptedDomain, ConnectorSource, ConnectorType, DomainType, InboundConnector,
    OutboundConnector, Tenant, TlsSettings,
};
pub use text::FromText;
pub use violations::{
    ACCEPTED_DOMAINS_MAX, CONNECTOR_LIST_MAX, CONNECTORS_MAX, NAME_CHARACTERS_MAX,
};
