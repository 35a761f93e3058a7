//! Who may send through the edge: addresses of its networks, users who logged in, and nobody else.
//!
//! Touches nothing. Takes the place of a gateway's attribution, and gives the same answer: whose
//! the mail is, where the recipient is, or a refusal with two texts.

use posthouse_policy::{
    Accepted, Attribution, ConnectorType, ConsideredConnector, Direction, Owner, Place, Proof,
    RecipientPath,
};
use posthouse_types::{
    EnhancedStatus, Peer, Reason, Refusal, SHOWN_CHARACTERS_MAX, TenantId, printable,
};

use super::settings::{EdgeSettings, TENANT};
use super::users::User;

/// How senders are recognised, as connectors' names in traces and logs.
pub(crate) const NETWORKS: &str = "Networks";
pub(crate) const SUBMISSION: &str = "Submission";
pub(crate) const PICKUP: &str = "Pickup";

/// Decides about one recipient. `id` is the edge's one tenant.
pub(crate) fn attribute(
    edge: &EdgeSettings,
    id: TenantId,
    peer: &Peer,
    user: Option<&User>,
    recipient: RecipientPath<'_>,
) -> Attribution {
    let address = peer.address.ip().to_canonical();
    let (connector, proof) = match user {
        Some(user) => {
            let name = printable(user.name(), SHOWN_CHARACTERS_MAX);
            (SUBMISSION, Proof::Local(format!("the user {name}").into()))
        }
        None if edge.is_local(address) => (NETWORKS, Proof::Address(address)),
        None => return unable_to_relay(id, peer),
    };
    Attribution {
        outcome: Ok(accept(edge, id, connector, proof, recipient)),
        chain: None,
        considered: Vec::new(),
        concerned_tenants: vec![id],
    }
}

/// Accepts one recipient's mail from a sender that is known.
pub(super) fn accept(
    edge: &EdgeSettings,
    id: TenantId,
    connector: &str,
    proof: Proof,
    recipient: RecipientPath<'_>,
) -> Accepted {
    let place = match recipient {
        RecipientPath::Postmaster => Place::Postmaster { tenant: Some(id), address: None },
        RecipientPath::Mailbox(address)
            if edge.tenant.accepted_domain(address.domain().as_str()).is_some() =>
        {
            Place::Hosted(id)
        }
        RecipientPath::Mailbox(_) => Place::Elsewhere,
    };
    let connector = connector.into();
    Accepted {
        owner: Owner::Tenant(id),
        direction: Direction::Originating { connector, cloud_services_mail_enabled: false, proof },
        place,
        gateway: None,
    }
}

/// Exchange's status for a relay that is not permitted.
fn unable_to_relay(id: TenantId, peer: &Peer) -> Attribution {
    let address = peer.address.ip();
    let why = format!("[edge] networks does not hold {address}, and nobody logged in");
    let refusal = Refusal::new(
        Reason::RelayNotPermitted,
        550,
        EnhancedStatus(5, 7, 54),
        "Unable to relay: your address may not send here without logging in",
        format!("{why}. Add the address to [edge] networks, or give its program a [[user]]."),
    );
    Attribution {
        outcome: Err(refusal),
        chain: None,
        considered: vec![ConsideredConnector {
            tenant: id,
            tenant_name: TENANT.into(),
            connector: NETWORKS.into(),
            connector_type: ConnectorType::OnPremises,
            matched: false,
            why,
        }],
        concerned_tenants: vec![id],
    }
}
