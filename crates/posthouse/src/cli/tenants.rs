//! `posthouse tenant`, `domain`, `recipient` and `connector`: one thing of a tenant at a time.
//!
//! Touches nothing: the office answers.

use clap::{Args, Subcommand, ValueEnum};

use super::{Ask, Asking, View};
use crate::office::{Edit, Request, SenderList};

/// What is done with tenants.
#[derive(Subcommand)]
pub(super) enum TenantVerb {
    /// All tenants
    List(Asking),
    /// Forget a tenant that has no mail left in the queue: its domains are free at once
    Remove {
        /// The tenant's name
        tenant: String,
        #[command(flatten)]
        asking: Asking,
    },
}

/// What is done with accepted domains.
#[derive(Subcommand)]
pub(super) enum DomainVerb {
    /// Add an accepted domain
    Add {
        /// The tenant's name
        tenant: String,
        /// The domain
        domain: String,
        /// Recipients that are not listed: refused (authoritative) or passed on (internal-relay)
        #[arg(long = "type", value_name = "TYPE", default_value = "authoritative")]
        domain_type: String,
        /// Take mail for every domain below it too (internal-relay only)
        #[arg(long)]
        match_sub_domains: bool,
        /// The operator's word that this domain is the tenant's
        #[arg(long)]
        verified: bool,
        #[command(flatten)]
        asking: Asking,
    },
    /// Remove an accepted domain
    Remove {
        /// The tenant's name
        tenant: String,
        /// The domain
        domain: String,
        #[command(flatten)]
        asking: Asking,
    },
    /// Look for the domain's TXT proof in DNS
    Verify {
        /// The tenant's name
        tenant: String,
        /// The domain
        domain: String,
        #[command(flatten)]
        asking: Asking,
    },
}

/// What is done with recipients.
#[derive(Subcommand)]
pub(super) enum RecipientVerb {
    /// Add a recipient
    Add(RecipientName),
    /// Remove a recipient, and its lists of senders with it
    Remove(RecipientName),
    /// Senders that a recipient has made safe or blocked
    Senders(RecipientName),
    /// Make senders safe for one recipient: their mail reaches the inbox
    Safe(RecipientSenders),
    /// Block senders for one recipient: their mail goes to the junk folder
    Block(RecipientSenders),
    /// Take senders out of both lists
    Unlist(RecipientSenders),
}

/// One recipient.
#[derive(Args)]
pub(super) struct RecipientName {
    /// The tenant's name
    tenant: String,
    /// The address
    address: String,
    #[command(flatten)]
    asking: Asking,
}

/// Senders of one recipient.
#[derive(Args)]
pub(super) struct RecipientSenders {
    /// The tenant's name
    tenant: String,
    /// The recipient
    address: String,
    /// Addresses, or domains
    #[arg(required = true, value_name = "SENDER")]
    senders: Vec<String>,
    #[command(flatten)]
    asking: Asking,
}

/// Which way a connector is for.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Way {
    /// Recognises mail that comes in
    Inbound,
    /// Routes mail that goes out
    Outbound,
}

impl Way {
    fn table(self) -> &'static str {
        match self {
            Self::Inbound => "inbound_connector",
            Self::Outbound => "outbound_connector",
        }
    }
}

/// What is done with connectors.
#[derive(Subcommand)]
pub(super) enum ConnectorVerb {
    /// Set fields of a connector, and make it where it is not there
    Set {
        /// The tenant's name
        tenant: String,
        /// Which way
        way: Way,
        /// The connector's name
        name: String,
        /// Fields as in the file: 'connector_type="on-premises"' 'require_tls=true'
        #[arg(value_name = "FIELD=VALUE")]
        fields: Vec<String>,
        #[command(flatten)]
        asking: Asking,
    },
    /// Remove a connector
    Remove {
        /// The tenant's name
        tenant: String,
        /// Which way
        way: Way,
        /// The connector's name
        name: String,
        #[command(flatten)]
        asking: Asking,
    },
}

/// What is asked about tenants.
pub(super) fn tenant_request(verb: TenantVerb) -> Ask {
    match verb {
        TenantVerb::List(asking) => {
            Ask { request: Ok(Request::Tenants), asking, view: View::Tenants }
        }
        TenantVerb::Remove { tenant, asking } => {
            Ask { request: Ok(Request::TenantRemove { tenant }), asking, view: View::Changes }
        }
    }
}

/// What is asked about accepted domains.
pub(super) fn domain_request(verb: DomainVerb) -> Ask {
    let (request, asking) = match verb {
        DomainVerb::Add { tenant, domain, domain_type, match_sub_domains, verified, asking } => {
            let edit = Edit::DomainAdd { domain, domain_type, match_sub_domains, verified };
            (Request::Edit { tenant, edit }, asking)
        }
        DomainVerb::Remove { tenant, domain, asking } => {
            (Request::Edit { tenant, edit: Edit::DomainRemove { domain } }, asking)
        }
        DomainVerb::Verify { tenant, domain, asking } => {
            (Request::DomainVerify { tenant, domain }, asking)
        }
    };
    Ask { request: Ok(request), asking, view: View::Changes }
}

/// What is asked about recipients.
pub(super) fn recipient_request(verb: RecipientVerb) -> Ask {
    let edit = |tenant, edit, asking| {
        let request = Ok(Request::Edit { tenant, edit });
        Ask { request, asking, view: View::Changes }
    };
    let put = |given: RecipientSenders, list| {
        let RecipientSenders { tenant, address, senders, asking } = given;
        edit(tenant, Edit::RecipientSenders { address, senders, list }, asking)
    };
    match verb {
        RecipientVerb::Add(RecipientName { tenant, address, asking }) => {
            edit(tenant, Edit::RecipientAdd { address }, asking)
        }
        RecipientVerb::Remove(RecipientName { tenant, address, asking }) => {
            edit(tenant, Edit::RecipientRemove { address }, asking)
        }
        RecipientVerb::Senders(RecipientName { tenant, address, asking }) => {
            let request = Ok(Request::RecipientSenders { tenant, address });
            Ask { request, asking, view: View::Sentences }
        }
        RecipientVerb::Safe(given) => put(given, SenderList::Safe),
        RecipientVerb::Block(given) => put(given, SenderList::Blocked),
        RecipientVerb::Unlist(given) => put(given, SenderList::Neither),
    }
}

/// What is asked about connectors.
pub(super) fn connector_request(verb: ConnectorVerb) -> Ask {
    let (tenant, edit, asking) = match verb {
        ConnectorVerb::Set { tenant, way, name, fields, asking } => {
            let edit = Edit::ConnectorSet { table: way.table().to_owned(), name, fields };
            (tenant, edit, asking)
        }
        ConnectorVerb::Remove { tenant, way, name, asking } => {
            (tenant, Edit::ConnectorRemove { table: way.table().to_owned(), name }, asking)
        }
    };
    Ask { request: Ok(Request::Edit { tenant, edit }), asking, view: View::Changes }
}
