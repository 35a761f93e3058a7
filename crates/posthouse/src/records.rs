//! What is written down of what happened: trace rows, events and explanations, made from facts.
//!
//! May touch: the store, through `record`. A refusal is recorded before its reply is sent, so that
//! whoever reads the reply can ask `explain` at once (decision 11). A record that cannot be
//! written is counted and logged; it never changes the answer to the peer.

use posthouse_message::{self as message, HeaderFacts};
use posthouse_pki as pki;
use posthouse_policy::{Accepted, Attribution, Direction as Way, Proof};
use posthouse_trace::{
    ChainFacts, ConnectorFacts, Direction, EventData, Explanation, Fix, Judgement, Level,
    MissingFacts, OperationalEvent, PeerFacts, TraceEvent, TraceRow, TraceStatus, TraceStep,
};
use posthouse_types::{
    Address, ChainReport, Peer, Reason, Reference, Refusal, Reply, TenantId, UnixMillis,
};

use crate::gateway::{Admitted, is_completed, tenant_of};
use crate::tls::HandshakeFailure;
use crate::world::World;

/// One attempt to hand over a message for one recipient.
pub(crate) struct Submission<'a> {
    pub(crate) peer: &'a Peer,
    /// The report on the peer's chain that decided, where it is not the one on the chain as sent.
    pub(crate) chain: Option<&'a ChainReport>,
    pub(crate) reference: Reference,
    pub(crate) sender: Option<&'a Address>,
    pub(crate) recipient: String,
    pub(crate) now: UnixMillis,
}

impl Submission<'_> {
    /// The report that decided.
    fn chain(&self) -> Option<&ChainReport> {
        self.chain.or_else(|| self.peer.tls.as_ref().map(|tls| &*tls.chain))
    }
}

/// Records a recipient's refusal with its explanation and, where the chain is to blame, the pair
/// of events that a Windows administrator would look for. Returns the refusal with its stamp.
pub(crate) async fn refused(
    world: &World,
    submission: &Submission<'_>,
    refusal: Refusal,
    attribution: &Attribution,
) -> Refusal {
    let refusal = stamped(world, refusal, submission.reference, submission.now);
    world.count_refusal(refusal.reason);
    let explanation = explain(submission, &refusal, attribution);
    let tenants: Vec<Option<u64>> = match attribution.concerned_tenants.as_slice() {
        [] => vec![None],
        tenants => tenants.iter().map(|tenant| Some(tenant.0)).collect(),
    };
    let rows = tenants
        .iter()
        .map(|tenant| {
            let mut own = explanation.clone();
            own.connectors = connectors(attribution, *tenant);
            failed_row(submission, &refusal, *tenant, Some(own))
        })
        .collect();
    let events = match (submission.chain(), refusal.reason) {
        (Some(chain), Reason::Chain(reason)) if !chain.presented.is_empty() => {
            let first = tenants.first().copied().flatten();
            chain_events(submission, chain, reason, first, &refusal)
        }
        _ => Vec::new(),
    };
    write(world, rows, events).await;
    refusal
}

/// The connectors that a tenant's row may show: its own. A row without a tenant is the operator's
/// and shows all.
fn connectors(attribution: &Attribution, tenant: Option<u64>) -> Vec<ConnectorFacts> {
    attribution
        .considered
        .iter()
        .filter(|considered| tenant.is_none_or(|tenant| considered.tenant.0 == tenant))
        .map(|considered| ConnectorFacts {
            tenant: considered.tenant_name.to_string(),
            name: considered.connector.to_string(),
            connector_type: considered.connector_type.to_string(),
            matched: considered.matched,
            why: considered.why.clone(),
        })
        .collect()
}

/// Records the refusal of a whole message, for one of its recipients.
pub(crate) async fn message_refused(
    world: &World,
    submission: &Submission<'_>,
    refusal: &Refusal,
    tenant: Option<TenantId>,
    judgement: Option<&Judgement>,
) {
    let explanation = Explanation {
        reason: refusal.reason.id().to_owned(),
        sentence: refusal.reason.summary().to_owned(),
        operator_text: refusal.operator_text.clone(),
        reply: as_sent(&refusal.reply),
        peer: peer_facts(submission.peer),
        sender: sender_text(submission.sender),
        recipient: submission.recipient.clone(),
        judgement: judgement.cloned(),
        ..Explanation::default()
    };
    let row = failed_row(submission, refusal, tenant.map(|tenant| tenant.0), Some(explanation));
    write(world, vec![row], Vec::new()).await;
}

/// Records a TLS handshake that failed before SMTP could say why.
pub(crate) async fn handshake_failed(
    world: &World,
    peer: &Peer,
    reference: Reference,
    failure: &HandshakeFailure,
) {
    world.count_refusal(failure.reason);
    let now = world.now();
    let event = OperationalEvent {
        time: now.0,
        level: Level::Warning,
        tenant: None,
        reference: reference.to_string(),
        reason: failure.reason.id().to_owned(),
        text: format!("{} {}", failure.reason.summary(), failure.text),
        data: EventData::HandshakeFailed { peer: peer_facts(peer), error: failure.text.clone() },
    };
    let (sender, recipient) = (None, String::new());
    let submission = Submission { peer, chain: None, reference, sender, recipient, now };
    let row = TraceRow {
        reason: failure.reason.id().to_owned(),
        events: vec![TraceEvent {
            time: now.0,
            event: TraceStep::Fail,
            reason: failure.reason.id().to_owned(),
            detail: failure.text.clone(),
        }],
        ..empty_row(&submission)
    };
    write(world, vec![row], vec![event]).await;
}

/// What is told of a message in its rows, beside who sent it to whom.
pub(crate) struct Told<'a> {
    pub(crate) header: &'a HeaderFacts,
    /// In bytes.
    pub(crate) size: u64,
    /// What the filter and the policies made of it.
    pub(crate) judgement: &'a Judgement,
    /// The filter was on.
    pub(crate) is_judged: bool,
    /// Mail-flow rules that it met.
    pub(crate) rules: &'a [String],
}

/// The rows of a message that was taken over: one for each recipient, and for mail from one
/// tenant to another one for each of both.
pub(crate) fn received(
    submission: &Submission<'_>,
    accepted: &Accepted,
    recipients: &[Admitted],
    told: &Told<'_>,
) -> Vec<TraceRow> {
    let (direction, connector, recognised) = describe(accepted);
    let Told { header, size, judgement, is_judged, rules } = told;
    let judged: Vec<&str> =
        judgement.reasons.iter().take(5).map(|reason| reason.id.as_str()).collect();
    let mut detail = format!("{recognised}; judged {} ({})", judgement.verdict, judged.join(", "));
    for rule in *rules {
        detail.push_str(&format!("; {rule}"));
    }
    if let Some(chain) = submission.chain.filter(|chain| is_completed(chain)) {
        detail.push_str(&format!("; completed-from-store: {}", pki::sentence(chain)));
    }
    let owner = tenant_of(accepted);
    let mut rows = Vec::with_capacity(recipients.len());
    for admitted in recipients {
        let row = TraceRow {
            tenant: owner.map(|owner| owner.0),
            message_id: header.message_id.clone(),
            recipient: admitted.recipient.address.to_string(),
            subject: header.subject.clone(),
            status: if admitted.held.is_some() {
                TraceStatus::Quarantined
            } else {
                TraceStatus::Pending
            },
            size: *size,
            connector: connector.clone(),
            direction,
            explanation: is_judged.then(|| judged_explanation(submission, admitted, judgement)),
            reason: admitted.held.map_or(String::new(), |reason| reason.id().to_owned()),
            events: vec![TraceEvent::new(submission.now, TraceStep::Receive, detail.clone())],
            ..empty_row(submission)
        };
        if let Some(other) = admitted.hosted_by.filter(|other| Some(*other) != owner) {
            rows.push(TraceRow {
                tenant: Some(other.0),
                connector: String::new(),
                direction: Direction::Incoming,
                ..row.clone()
            });
        }
        rows.push(row);
    }
    rows
}

/// A judgement as `explain` finds it.
fn judged_explanation(
    submission: &Submission<'_>,
    admitted: &Admitted,
    judgement: &Judgement,
) -> Explanation {
    Explanation {
        reason: admitted.held.map_or(String::new(), |reason| reason.id().to_owned()),
        sentence: judgement.sentence.en.clone(),
        peer: peer_facts(submission.peer),
        sender: sender_text(submission.sender),
        recipient: admitted.recipient.address.to_string(),
        judgement: Some(judgement.clone()),
        ..Explanation::default()
    }
}

/// Puts `[node time ref]` on a refusal.
pub(crate) fn stamped(
    world: &World,
    refusal: Refusal,
    reference: Reference,
    now: UnixMillis,
) -> Refusal {
    refusal.stamped(&world.node_name(), &message::date_rfc3339(now), reference)
}

/// Writes rows and events; a failure is ours alone.
pub(crate) async fn write(world: &World, rows: Vec<TraceRow>, events: Vec<OperationalEvent>) {
    if let Err(error) = world.store().record(rows, events).await {
        metrics::counter!("posthouse_records_lost_total").increment(1);
        tracing::error!(%error, "a trace row or event could not be written");
    }
}

/// A peer as trace and events show it.
pub(crate) fn peer_facts(peer: &Peer) -> PeerFacts {
    PeerFacts {
        address: peer.address.ip().to_string(),
        helo: peer.helo.clone(),
        tls_version: peer.tls.as_ref().map_or(String::new(), |tls| tls.version.to_owned()),
        cipher: peer.tls.as_ref().map_or(String::new(), |tls| tls.cipher.clone()),
    }
}

fn explain(
    submission: &Submission<'_>,
    refusal: &Refusal,
    attribution: &Attribution,
) -> Explanation {
    let chain = submission.chain();
    let repairs = chain.map(pki::repairs).unwrap_or_default();
    Explanation {
        reason: refusal.reason.id().to_owned(),
        sentence: refusal
            .reply
            .lines
            .get(1)
            .cloned()
            .unwrap_or_else(|| refusal.reason.summary().to_owned()),
        operator_text: refusal.operator_text.clone(),
        reply: as_sent(&refusal.reply),
        peer: peer_facts(submission.peer),
        sender: sender_text(submission.sender),
        recipient: submission.recipient.clone(),
        missing: chain.and_then(MissingFacts::of),
        chain: chain.filter(|chain| !chain.presented.is_empty()).map(ChainFacts::from),
        connectors: connectors(attribution, None),
        fix: repairs
            .into_iter()
            .map(|repair| Fix {
                platform: repair.platform.to_owned(),
                title: repair.title,
                steps: repair.steps,
                commands: repair.commands,
            })
            .collect(),
        judgement: None,
    }
}

/// CAPI2's pair: 11, the chain as it was built, and 30, the verdict on it.
fn chain_events(
    submission: &Submission<'_>,
    chain: &ChainReport,
    reason: posthouse_types::ChainReason,
    tenant: Option<u64>,
    refusal: &Refusal,
) -> Vec<OperationalEvent> {
    let peer = peer_facts(submission.peer);
    let facts = ChainFacts::from(chain);
    let event = |data| OperationalEvent {
        time: submission.now.0,
        level: Level::Error,
        tenant,
        reference: submission.reference.to_string(),
        reason: reason.id().to_owned(),
        text: refusal.operator_text.clone(),
        data,
    };
    vec![
        event(EventData::ChainBuilt { peer: peer.clone(), chain: facts.clone() }),
        event(EventData::ChainVerified { peer, chain: facts }),
    ]
}

fn failed_row(
    submission: &Submission<'_>,
    refusal: &Refusal,
    tenant: Option<u64>,
    explanation: Option<Explanation>,
) -> TraceRow {
    TraceRow {
        tenant,
        reason: refusal.reason.id().to_owned(),
        events: vec![TraceEvent {
            time: submission.now.0,
            event: TraceStep::Fail,
            reason: refusal.reason.id().to_owned(),
            detail: refusal.reply.to_string(),
        }],
        explanation,
        ..empty_row(submission)
    }
}

fn empty_row(submission: &Submission<'_>) -> TraceRow {
    TraceRow {
        received: submission.now.0,
        tenant: None,
        reference: submission.reference.to_string(),
        message_id: String::new(),
        sender: sender_text(submission.sender),
        recipient: submission.recipient.clone(),
        subject: String::new(),
        status: TraceStatus::Failed,
        from_ip: submission.peer.address.ip().to_string(),
        to_ip: String::new(),
        size: 0,
        connector: String::new(),
        direction: Direction::Incoming,
        reason: String::new(),
        events: Vec::new(),
        explanation: None,
    }
}

/// A reply as it stood on the wire, lines joined by line feeds.
fn as_sent(reply: &Reply) -> String {
    let mut bytes = Vec::new();
    reply.encode(&mut bytes);
    String::from_utf8_lossy(&bytes).trim_end().replace("\r\n", "\n")
}

fn sender_text(sender: Option<&Address>) -> String {
    sender.map(ToString::to_string).unwrap_or_default()
}

/// Direction, connector, and how the sender was recognised, in words.
fn describe(accepted: &Accepted) -> (Direction, String, String) {
    match &accepted.direction {
        Way::Originating { connector, proof, .. } => {
            let by = match proof {
                Proof::Certificate(name) => format!("its certificate for {name}"),
                Proof::Address(address) => format!("its address {address}"),
                Proof::Local(words) => words.to_string(),
            };
            let text = format!("recognised by connector {connector} by {by}");
            (Direction::Originating, connector.to_string(), text)
        }
        Way::Incoming { partner: Some(partner) } => {
            let text = format!("incoming, within the partner connector {partner}");
            (Direction::Incoming, partner.to_string(), text)
        }
        Way::Incoming { partner: None } => {
            (Direction::Incoming, String::new(), "incoming, no connector matched".to_owned())
        }
    }
}

/// Notes that settings, a certificate or a tenant changed, or could not be.
pub(crate) async fn configuration_changed(world: &World, level: Level, what: &str, text: String) {
    let data = EventData::ConfigurationChanged { what: what.to_owned() };
    node_event(world, level, text, data).await;
}

/// Notes a jump of the machine's clock.
pub(crate) async fn clock_jumped(world: &World, seconds: i64) {
    let text = format!(
        "The machine's clock jumped by {seconds} seconds. Nothing expires for that alone: the \
         queue counts attempts too."
    );
    node_event(world, Level::Warning, text, EventData::ClockJumped { seconds }).await;
}

/// Notes an orderly stop.
pub(crate) async fn node_stopped(world: &World) {
    let text = "The node stopped in order.".to_owned();
    node_event(world, Level::Information, text, EventData::NodeStopped).await;
}

async fn node_event(world: &World, level: Level, text: String, data: EventData) {
    let event = OperationalEvent {
        time: world.now().0,
        level,
        tenant: None,
        reference: String::new(),
        reason: String::new(),
        text,
        data,
    };
    write(world, Vec::new(), vec![event]).await;
}
