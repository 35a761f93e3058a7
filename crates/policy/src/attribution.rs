//! Whose mail is this? Answered at RCPT, for one recipient, with every reason.
//!
//! Touches nothing: the session's facts and a snapshot of the directory go in, the answer comes
//! out, and nothing is kept between two questions. The order is Exchange Online's: a connector
//! that recognises the sender makes the mail *originating* from its tenant, which may relay;
//! otherwise it is *incoming* for whoever hosts the recipient; otherwise it is refused. A refusal
//! tells the peer about its own certificate, address and message only, never about a tenant.

use std::net::IpAddr;
use std::sync::Arc;

use posthouse_types::{Address, ChainReport, Domain, Peer, Refusal, TenantId};

use crate::chains::RuledChain;
use crate::directory::{Directory, Entry};
use crate::enhanced_filtering::own_gateway;
use crate::explain;
use crate::partner;
use crate::ranges::SharedIdentities;
use crate::recognition::{self, Failure, Recognised};
use crate::replies;
use crate::route;
use crate::tenant::{AcceptedDomain, ConnectorType, DomainType};

/// One recipient's question.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The other end of the session.
    pub peer: &'a Peer,
    /// MAIL FROM; `None` is the null sender.
    pub sender: Option<&'a Address>,
    /// RCPT TO.
    pub recipient: RecipientPath<'a>,
    /// Whose the transaction is, once it has an accepted recipient.
    pub transaction: Option<Owner>,
    /// Addresses and names that prove nothing.
    pub shared: &'a SharedIdentities,
    /// Why the peer's chain is not accepted, in one sentence for the peer; empty where it is, or
    /// where there is none.
    pub chain_sentence: &'a str,
    /// The peer's chain judged by the rules that [`chain_rules`](crate::chain_rules()) asks for. A
    /// connector whose rule is not among them judges the chain as it was sent.
    pub chains: &'a [RuledChain],
}

impl Question<'_> {
    /// The peer's address, IPv4 written as IPv4 even on a socket that speaks both.
    pub(crate) fn address(&self) -> IpAddr {
        self.peer.address.ip().to_canonical()
    }
}

/// RCPT TO as a question sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecipientPath<'a> {
    /// `<Postmaster>`, without a domain (RFC 5321 section 4.1.1.3).
    Postmaster,
    /// A mailbox.
    Mailbox(&'a Address),
}

/// Whose a transaction is: the path has one owner from its first accepted recipient on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// A tenant's.
    Tenant(TenantId),
    /// The operator's: mail to `<Postmaster>` that no tenant sent.
    Operator,
}

/// The answer.
#[derive(Clone, Debug)]
pub struct Attribution {
    /// Accepted for whom, or refused with what.
    pub outcome: Result<Accepted, Refusal>,
    /// The report on the peer's chain that decided, where it is not the one on the chain as sent:
    /// what a connector with `chain = "repair"` or `check_revocation` recognised it by, or the
    /// revocation that it was refused for.
    pub chain: Option<Arc<ChainReport>>,
    /// The connectors that were looked at, for the administrators of their tenants; at most
    /// [`CONSIDERED_MAX`](crate::CONSIDERED_MAX). Show each tenant its own only.
    pub considered: Vec<ConsideredConnector>,
    /// The tenants whose administrators may see this: the one that sent it, the recipient's; of
    /// mail that was to be relayed and was not recognised: the owner of MAIL FROM's domain, those
    /// whose connectors look for a name that the certificate holds (accepted or not), and the one
    /// that lists the address, unless MAIL FROM is another tenant's.
    pub concerned_tenants: Vec<TenantId>,
}

/// A recipient that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Whose the transaction is from here on.
    pub owner: Owner,
    /// Which way the mail goes.
    pub direction: Direction,
    /// Where the recipient is.
    pub place: Place,
    /// The connector by which the peer is known as another gateway, whose word on where it had the
    /// mail from counts: see [`enhanced_filtering`](crate::enhanced_filtering()).
    pub gateway: Option<Box<str>>,
}

/// Which way mail goes, seen from its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Sent by the tenant: an on-premises connector recognised the sender.
    Originating {
        /// The connector's name.
        connector: Box<str>,
        /// Its `cloud_services_mail_enabled`.
        cloud_services_mail_enabled: bool,
        /// What it recognised.
        proof: Proof,
    },
    /// For the tenant, from anyone.
    Incoming {
        /// The partner connector whose restrictions it passed.
        partner: Option<Box<str>>,
    },
}

/// What a connector recognised a sender by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// This name in its accepted certificate.
    Certificate(Domain),
    /// Its address, together with MAIL FROM.
    Address(IpAddr),
    /// What a sending edge knows its own people and programs by, in words: `the user ann`. No
    /// connector of a gateway recognises anybody so.
    Local(Box<str>),
}

/// Where an accepted recipient is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A recipient of this tenant.
    Hosted(TenantId),
    /// A postmaster.
    Postmaster {
        /// The tenant's, or the node's.
        tenant: Option<TenantId>,
        /// Where its mail goes; `None`: to the operator.
        address: Option<Address>,
    },
    /// Not here: relayed.
    Elsewhere,
}

/// One connector that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsideredConnector {
    /// Its tenant.
    pub tenant: TenantId,
    /// Its tenant's name.
    pub tenant_name: Box<str>,
    /// Its name.
    pub connector: Box<str>,
    /// Its type.
    pub connector_type: ConnectorType,
    /// Whether it recognised this mail, or, of a partner, let it pass.
    pub matched: bool,
    /// Why, or why not: for administrators.
    pub why: String,
}

/// Answers whose mail this is, and whether this recipient may be accepted.
pub fn attribute(question: &Question<'_>, directory: &Directory) -> Attribution {
    if !directory.is_loaded() {
        let outcome = Err(replies::directory_not_loaded());
        let (considered, concerned_tenants) = (Vec::new(), Vec::new());
        return Attribution { outcome, chain: None, considered, concerned_tenants };
    }
    let sender_owner = question.sender.and_then(|sender| directory.owning_entry(sender.domain()));
    let recognised = recognition::recognise(question, directory, sender_owner);
    let hosted = match question.recipient {
        RecipientPath::Mailbox(address) => directory.hosting_entry(address.domain()),
        RecipientPath::Postmaster => None,
    };
    let mut ruled = recognised.as_ref().ok().and_then(|sender| sender.ruled);
    let outcome = match (question.recipient, hosted) {
        (RecipientPath::Postmaster, _) => {
            Ok(to_node_postmaster(question, directory, recognised.as_ref().ok()))
        }
        (RecipientPath::Mailbox(recipient), Some(hosted)) => {
            to_hosted(question, recipient, hosted, recognised.as_ref().ok())
        }
        (RecipientPath::Mailbox(_), None) => match &recognised {
            Ok(sender) => Ok(Accepted {
                owner: Owner::Tenant(sender.entry.id),
                direction: sender.direction(),
                place: Place::Elsewhere,
                gateway: None,
            }),
            Err(failure) => {
                ruled = failure.revoked;
                Err(replies::relay_denied(failure.reason, question, ruled))
            }
        },
    };
    let outcome = outcome.and_then(|accepted| match question.transaction {
        Some(owner) if owner != accepted.owner => Err(replies::other_tenant_in_transaction()),
        _ => Ok(accepted),
    });
    let explained = explain::Parties {
        sender_owner: sender_owner.map(|(entry, _)| entry),
        recognised: &recognised,
        host: hosted.map(|(entry, _)| entry),
    };
    Attribution {
        chain: ruled.map(|ruled| Arc::clone(&ruled.report)),
        considered: explain::considered(question, directory, &explained),
        concerned_tenants: explain::concerned_tenants(&explained),
        outcome,
    }
}

/// `<Postmaster>` is always accepted (RFC 5321 section 4.5.1), and goes to the postmaster of the
/// transaction's tenant, where it has one.
fn to_node_postmaster(
    question: &Question<'_>,
    directory: &Directory,
    sender: Option<&Recognised<'_>>,
) -> Accepted {
    let owner = match (sender, question.transaction) {
        (Some(sender), _) => Owner::Tenant(sender.entry.id),
        (None, Some(owner)) => owner,
        (None, None) => Owner::Operator,
    };
    let tenant = match owner {
        Owner::Tenant(id) => Some(id),
        Owner::Operator => None,
    };
    let address =
        tenant.and_then(|id| directory.tenant(id)).and_then(|tenant| tenant.postmaster.clone());
    Accepted {
        owner,
        direction: sender.map_or(Direction::Incoming { partner: None }, Recognised::direction),
        place: Place::Postmaster { tenant, address },
        gateway: None,
    }
}

/// A recipient in an accepted domain. Mail that a tenant sends to another tenant of this node has
/// to satisfy that tenant's rules as anybody's mail would.
fn to_hosted(
    question: &Question<'_>,
    recipient: &Address,
    (host, domain): (&Entry, &AcceptedDomain),
    sender: Option<&Recognised<'_>>,
) -> Result<Accepted, Refusal> {
    let owner = Owner::Tenant(sender.map_or(host.id, |sender| sender.entry.id));
    let is_listed = host.tenant.recipients.contains(recipient);
    let gateway = match sender {
        Some(sender) => {
            let tenants = (sender.entry.id, host.id);
            own_gateway(sender.connector, question.address(), tenants)
        }
        None => partner::gateway(host, domain, question),
    };
    // RFC 5321 section 4.5.1: whatever the lists and restrictions say.
    if recipient.is_postmaster() && !is_listed {
        let place =
            Place::Postmaster { tenant: Some(host.id), address: host.tenant.postmaster.clone() };
        let direction = sender.map_or(Direction::Incoming { partner: None }, Recognised::direction);
        return Ok(Accepted { owner, direction, place, gateway });
    }
    if !is_listed && blocks_at_the_edge(host, domain, recipient) {
        return Err(replies::recipient_unknown(recipient));
    }
    let is_own_mail = sender.is_some_and(|sender| sender.entry.id == host.id);
    let partner = if is_own_mail || recipient.is_postmaster() {
        None
    } else {
        partner::check(host, domain, question)
            .map_err(|failure| replies::partner_restriction(&failure, question))?
    };
    // Taken now it could go nowhere: MX leads back here. The sender's queue keeps it better than
    // ours, for the sender hears of the delay.
    if !recipient.is_postmaster()
        && route::connector_home(&host.tenant, recipient.domain()).is_none()
    {
        return Err(replies::no_route(&host.tenant.name, recipient.domain()));
    }
    let incoming = || Direction::Incoming { partner: partner.map(|found| found.name.clone()) };
    Ok(Accepted {
        owner,
        direction: sender.map_or_else(incoming, Recognised::direction),
        place: Place::Hosted(host.id),
        gateway,
    })
}

/// Directory-based edge blocking: authoritative domains refuse whom they do not list. A domain
/// that lists nobody at all has no list yet: refusing all of its mail for good would lose it, so
/// everything passes and the tenant's problems say so.
fn blocks_at_the_edge(host: &Entry, domain: &AcceptedDomain, recipient: &Address) -> bool {
    domain.domain_type == DomainType::Authoritative
        && (host.tenant.recipients.has_any_of(&domain.name)
            || host.tenant.recipients.has_any_of(recipient.domain()))
}

impl Recognised<'_> {
    fn direction(&self) -> Direction {
        Direction::Originating {
            connector: self.connector.name.clone(),
            cloud_services_mail_enabled: self.connector.cloud_services_mail_enabled,
            proof: self.proof.clone(),
        }
    }
}

/// What recognition came to, borrowed by those who explain it.
pub(crate) type Recognition<'a> = Result<Recognised<'a>, Failure<'a>>;
