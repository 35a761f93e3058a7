//! A message on its way into the store, whoever brings it: its header filtered, its body streamed
//! to a draft, our own fields above it, its rows in the queue.
//!
//! May touch: the store's drafts. A failure is a refusal with its reason, and the draft is gone.

use std::net::IpAddr;

use posthouse_message::{
    CrossPremises, Directionality, HeaderFacts, Intake, IntakeOptions, Protocol, ReceivedFrom,
    Stamps, received_field, trace_headers,
};
use posthouse_policy::{Accepted, Direction};
use posthouse_store::{Draft, NewRecipient};
use posthouse_types::{
    Address, BodyType, MailParameters, Reference, Refusal, TlsFacts, UnixMillis,
};

use crate::gateway::{Admitted, is_originating, tenant_of};
use crate::listeners::Entrance;
use crate::refusals;
use crate::world::World;

/// A message that is arriving.
pub(crate) struct Body {
    intake: Intake,
    draft: Draft,
}

impl Body {
    /// Before its first octet. `accepted` says what becomes of the sender's own fields.
    pub(crate) fn new(world: &World, accepted: Option<&Accepted>) -> Self {
        let intake = Intake::new(intake_options(world, accepted));
        Self { intake, draft: world.store().draft() }
    }

    /// Takes the next piece; past the header it goes to the draft without a copy.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        if self.intake.is_in_body() {
            self.intake.note_body(bytes);
            return self.draft.append(bytes).map_err(|error| refusals::store(&error));
        }
        let mut out = Vec::with_capacity(bytes.len());
        self.intake.push(bytes, &mut out).map_err(|refusal| refusals::intake(&refusal))?;
        self.draft.append(&out).map_err(|error| refusals::store(&error))
    }

    /// The message is whole.
    pub(crate) fn finish(mut self) -> Result<(Draft, HeaderFacts), Refusal> {
        let mut out = Vec::new();
        let header = self.intake.finish(&mut out).map_err(|refusal| refusals::intake(&refusal))?;
        self.draft.append(&out).map_err(|error| refusals::store(&error))?;
        Ok((self.draft, header))
    }
}

/// Where a message came from, as our Received line tells it.
#[derive(Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub(crate) helo: &'a str,
    /// None for what was not brought over the network.
    pub(crate) address: Option<IpAddr>,
    pub(crate) protocol: Protocol,
    /// A user logged in.
    pub(crate) authenticated: bool,
    pub(crate) tls: Option<&'a TlsFacts>,
    pub(crate) reference: Reference,
    pub(crate) recipients: &'a [Admitted],
    pub(crate) now: UnixMillis,
}

/// What the node writes above a message: Received and its own stamps.
pub(crate) fn head(
    world: &World,
    origin: &Origin<'_>,
    accepted: &Accepted,
    header: &HeaderFacts,
) -> Vec<u8> {
    let node_name = world.node_name();
    let mut head = received_field(&ReceivedFrom {
        helo: origin.helo,
        address: origin.address,
        node_name: &node_name,
        protocol: origin.protocol,
        authenticated: origin.authenticated,
        tls: origin.tls.map(|tls| (tls.version, tls.cipher.as_str())),
        reference: origin.reference,
        recipient: only(origin.recipients),
        now: origin.now,
    });
    let directory = world.directory();
    let tenant = tenant_of(accepted).and_then(|tenant| directory.tenant(tenant));
    let stamps = Stamps {
        directionality: if is_originating(accepted) {
            Directionality::Originating
        } else {
            Directionality::Incoming
        },
        node_name: &node_name,
        reference: origin.reference,
        tenant_domain: tenant
            .and_then(|tenant| tenant.accepted_domains.first())
            .map(|domain| &domain.name),
        filtered: world.settings().filter.enabled,
        now: origin.now,
    };
    head.extend(trace_headers(&stamps, header));
    head
}

/// The recipient, where there is exactly one: blind copies stay blind.
fn only(recipients: &[Admitted]) -> Option<&Address> {
    match recipients {
        [only] => Some(&only.recipient.address),
        _ => None,
    }
}

/// A message's rows in the queue, due at once.
pub(crate) fn queue_rows(recipients: &[Admitted], now: UnixMillis) -> Vec<NewRecipient> {
    let row = |admitted: &Admitted| NewRecipient {
        address: admitted.recipient.address.clone(),
        parameters: admitted.recipient.parameters.clone(),
        due: now,
        held: admitted.held,
        quarantine: None,
    };
    recipients.iter().map(row).collect()
}

/// What the body really is counts for the next hop, not what MAIL FROM said.
pub(crate) fn with_measured_body(
    parameters: &MailParameters,
    header: &HeaderFacts,
) -> MailParameters {
    let body = if header.has_8bit_body { BodyType::EightBitMime } else { BodyType::SevenBit };
    MailParameters { body, ..parameters.clone() }
}

fn intake_options(world: &World, accepted: Option<&Accepted>) -> IntakeOptions {
    let options = world.server_options(Entrance::Mail);
    let promotes = accepted.is_some_and(|accepted| {
        matches!(
            accepted.direction,
            Direction::Originating { cloud_services_mail_enabled: true, .. }
        )
    });
    IntakeOptions {
        node_name: options.node_name.clone(),
        header_bytes_max: options.limits.header_bytes_max,
        received_lines_max: options.limits.received_lines_max,
        own_passes_max: options.limits.own_passes_max,
        cross_premises: if promotes { CrossPremises::Promote } else { CrossPremises::Strip },
    }
}
