//! A tenant's own domain in MAIL FROM of a stranger (row ATT-02, "Direct Send").
//!
//! Touches nothing: what SPF says comes in as a fact. A domain in From is not its affair: that is
//! the spoof verdict's.

use posthouse_types::{Address, EnhancedStatus, Reason, Refusal, SHOWN_CHARACTERS_MAX, printable};

use crate::attribution::{Accepted, Direction};
use crate::directory::Directory;

/// The words to a stranger who sends in the tenant's name: Microsoft's begin alike.
pub const OWN_DOMAIN_DENIED: &str = "TenantInboundAttribution; a domain of the recipient's \
    organization was used by a server that neither a connector nor SPF allows to";

/// What SPF says of MAIL FROM (RFC 7208 section 2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpfFact {
    /// The domain lists the server.
    Pass,
    /// It lists others only.
    Fail,
    /// It lists others, and is not sure.
    SoftFail,
    /// It says nothing of this server, or the look-up was not made.
    Neutral,
    /// It lists nobody.
    None,
    /// DNS did not answer.
    TemporaryError,
    /// The record cannot be used.
    PermanentError,
}

/// Refuses mail from a stranger whose MAIL FROM is a verified domain of the tenant that it is for,
/// where SPF does not pass. A domain that DNS does not answer about is refused for now only.
pub fn own_domain_unproven(
    accepted: &Accepted,
    sender: Option<&Address>,
    spf: SpfFact,
    directory: &Directory,
) -> Option<Refusal> {
    let Direction::Incoming { partner: None } = accepted.direction else { return None };
    let sender = sender?;
    let (owner, _) = directory.owner_of(sender.domain())?;
    if spf == SpfFact::Pass || crate::Owner::Tenant(owner) != accepted.owner {
        return None;
    }
    let (code, class) = match spf {
        SpfFact::TemporaryError => (451, 4),
        _ => (550, 5),
    };
    Some(Refusal::new(
        Reason::OwnDomainUnproven,
        code,
        EnhancedStatus(class, 7, 68),
        OWN_DOMAIN_DENIED,
        format!(
            "MAIL FROM is {}, whose domain is the tenant's own; no inbound connector recognised \
             the server, and SPF says {}: add the server to the domain's SPF record, or an \
             inbound connector for it",
            printable(&sender.to_string(), SHOWN_CHARACTERS_MAX),
            word(spf)
        ),
    ))
}

fn word(spf: SpfFact) -> &'static str {
    match spf {
        SpfFact::Pass => "pass",
        SpfFact::Fail => "fail",
        SpfFact::SoftFail => "softfail",
        SpfFact::Neutral => "neutral",
        SpfFact::None => "none",
        SpfFact::TemporaryError => "temperror",
        SpfFact::PermanentError => "permerror",
    }
}
