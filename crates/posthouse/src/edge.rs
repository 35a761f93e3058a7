//! The edge: the on-premises sender. The same node as a gateway (store, queue, outbound), with one
//! organisation that its own settings file describes.
//!
//! application, user or pickup folder -> `admission` -> the gateway's own path -> store -> 250
//!       -> `outbound.rs` -> the gateway, shown a chain that passed `preflight`
//!
//! Read `settings` for what can be said, then these rooms in the order of that line.

mod admission;
pub(crate) mod hash_password;
pub(crate) mod pickup;
pub(crate) mod preflight;
mod settings;
mod users;

use std::sync::Arc;

use posthouse_policy::{Attribution, RecipientPath};
use posthouse_smtp::Credentials;
use posthouse_trace::{EventData, Level, OperationalEvent};
use posthouse_types::{
    EnhancedStatus, Peer, Reason, Refusal, SHOWN_CHARACTERS_MAX, TenantId, printable,
};

pub(crate) use self::settings::{EdgeSettings, is_edge, parse as parse_settings};
pub(crate) use self::users::{Logins, User};
use crate::records;
use crate::world::World;

/// The edge's one tenant among the node's, once it is loaded.
fn tenant(world: &World) -> TenantId {
    let found = world.directory().tenant_by_name(settings::TENANT).map(|(id, _)| id);
    found.unwrap_or(TenantId(0))
}

/// Stores the organisation as the settings describe it, before the directory is loaded.
///
/// # Errors
/// The store failed.
pub(crate) async fn put_tenant(world: &World, edge: &EdgeSettings) -> Result<(), String> {
    let stored = world.store().put_tenant(settings::TENANT, &edge.tenant.to_json()).await;
    stored.map(|_| ()).map_err(|error| format!("cannot store the edge's settings: {error}"))
}

/// Decides about one recipient of a session.
pub(crate) fn attribute(
    world: &World,
    edge: &EdgeSettings,
    peer: &Peer,
    user: Option<&User>,
    recipient: RecipientPath<'_>,
) -> Attribution {
    admission::attribute(edge, tenant(world), peer, user, recipient)
}

/// Answers AUTH. A failure is answered late, counted, and noted with the name that was given.
pub(crate) async fn log_in(
    world: &World,
    peer: &Peer,
    credentials: Credentials,
) -> Result<Arc<User>, Refusal> {
    let settings = world.settings();
    let users = settings.edge.as_ref().map(|edge| edge.users.as_slice()).unwrap_or_default();
    let name = printable(&credentials.user, SHOWN_CHARACTERS_MAX);
    let refusal =
        match world.logins.log_in(users, credentials, peer.address.ip(), world.now()).await {
            users::Login::User(user) => return Ok(user),
            users::Login::Locked => authentication_locked(),
            users::Login::Failed(delay) => {
                note_failed_login(world, peer, name).await;
                tokio::time::sleep(delay).await;
                authentication_failed()
            }
        };
    world.count_refusal(refusal.reason);
    Err(refusal)
}

async fn note_failed_login(world: &World, peer: &Peer, user: String) {
    let peer = records::peer_facts(peer);
    tracing::warn!(address = %peer.address, %user, "a log-in failed");
    let event = OperationalEvent {
        time: world.now().0,
        level: Level::Warning,
        tenant: None,
        reference: String::new(),
        reason: Reason::AuthenticationFailed.id().to_owned(),
        text: format!("{user} could not log in from {}.", peer.address),
        data: EventData::LoginFailed { peer, user },
    };
    records::write(world, Vec::new(), vec![event]).await;
}

/// Wrong name or password: Exchange's words.
fn authentication_failed() -> Refusal {
    Refusal::new(
        Reason::AuthenticationFailed,
        535,
        EnhancedStatus(5, 7, 3),
        "Authentication unsuccessful",
        "The user name is unknown, or the password is not this user's.",
    )
}

/// This address guessed too often.
fn authentication_locked() -> Refusal {
    Refusal::new(
        Reason::AuthenticationLocked,
        454,
        EnhancedStatus(4, 7, 0),
        "Too many failed log-ins from your address; try again later",
        "The address has failed too often and is not listened to for 15 minutes.",
    )
}

/// The user is somebody else than the sender.
pub(crate) fn send_as_denied(user: &User, sender: &str) -> Refusal {
    Refusal::new(
        Reason::SendAsDenied,
        550,
        EnhancedStatus(5, 7, 1),
        "Client does not have permissions to send as this sender",
        format!(
            "The user {} may not send as {}. may_send_as of this [[user]] lists whom it may.",
            printable(user.name(), SHOWN_CHARACTERS_MAX),
            printable(sender, SHOWN_CHARACTERS_MAX)
        ),
    )
}
