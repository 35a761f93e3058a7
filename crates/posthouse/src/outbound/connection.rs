//! One outbound connection: from a route to a session that is ready, and messages over it.
//!
//! May touch: sockets outward, DNS through the resolver, the send protocol log. The dialogue is
//! `smtp::Client`'s; this moves its bytes, shakes hands and applies the connector's TLS settings.
//! Whatever fails becomes an end for each recipient, never an error.

mod dial;
mod session_log;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use posthouse_message::{Departure, Outgoing};
use posthouse_policy::srs;
use posthouse_queue::Outcome as DestinationOutcome;
use posthouse_smtp::client::{
    Client, ClientStep, RecipientOutcome, SessionFailure, TlsWish, Transaction,
};
use posthouse_store::{BodyReader, QueuedRecipient, StoreError, StoredMessage};
use posthouse_trace::protocol_log::tls_failed;
use posthouse_types::{Address, BodyType, EnhancedStatus, Reason, Recipient, UnixMillis};

use super::MESSAGES_PER_CONNECTION_MAX;
use super::pool::Pool;
use super::route::{Route, TlsDemand};
use super::settle::End;
use crate::dkim;
use crate::wire::{ReadOutcome, Wire};
use crate::world::World;
use session_log::SessionLog;

/// A session that is open, or was.
pub(crate) struct Connection {
    wire: Wire,
    client: Client,
    log: SessionLog,
    /// What it was opened for.
    route: Route,
    /// From which of our addresses.
    pool: Pool,
    /// The server's name, as routed to.
    host: String,
    remote: SocketAddr,
    messages: u32,
}

/// How one attempt at a batch went.
pub(super) struct Attempt {
    /// One end for each recipient, in their order.
    pub(super) ends: Vec<End>,
    /// The server that was spoken to; empty where none was reached.
    pub(super) remote_host: String,
    /// The connection, where it may be used again.
    pub(super) connection: Option<Connection>,
    /// The route is a connector's.
    pub(super) via_connector: bool,
    reached: bool,
}

impl Attempt {
    /// An attempt that another one has made already, in vain, at the same destination.
    pub(super) fn unreached(ends: Vec<End>) -> Self {
        let remote_host = String::new();
        Self { ends, remote_host, connection: None, via_connector: false, reached: false }
    }

    /// Whether nothing but the connection failed, and the server cannot have the message.
    fn found_it_stale(&self) -> bool {
        self.ends.iter().all(|end| match &end.outcome {
            RecipientOutcome::Deferred { reason, reply, in_doubt: false, .. } => match reply {
                None => *reason == Reason::ConnectionLost,
                Some(reply) => reply.code == 421,
            },
            _ => false,
        })
    }

    /// What the attempt says about the destination as a whole.
    pub(super) fn destination_outcome(&self) -> DestinationOutcome {
        let delivered = |end: &End| matches!(end.outcome, RecipientOutcome::Delivered { .. });
        if self.ends.iter().any(delivered) {
            DestinationOutcome::Ok
        } else if self.reached {
            DestinationOutcome::MessageFailed
        } else {
            DestinationOutcome::DestinationFailed
        }
    }
}

/// Why no session could be opened.
#[derive(Debug)]
struct Unreached {
    failure: SessionFailure,
    status: EnhancedStatus,
    host: String,
    address: Option<IpAddr>,
    /// No other server of the destination can do better.
    is_final: bool,
}

impl Unreached {
    fn new(reason: Reason, status: EnhancedStatus, host: &str, text: impl Into<String>) -> Self {
        let failure = SessionFailure { reason, reply: None, text: text.into() };
        Self { failure, status, host: host.to_owned(), address: None, is_final: false }
    }

    /// The same for each recipient.
    fn end(&self) -> End {
        let (reason, status) = (self.failure.reason, self.status);
        let reply = self.failure.reply.clone();
        let outcome = if status.0 == 5 {
            RecipientOutcome::Failed { reason, status, reply }
        } else {
            RecipientOutcome::Deferred { reason, status, reply, in_doubt: false }
        };
        let to_ip = self.address.map(|address| address.to_string()).unwrap_or_default();
        End { outcome, to_ip, text: self.failure.text.clone() }
    }
}

/// Tries to deliver one message to a batch of its recipients.
pub(super) async fn attempt(
    world: &Arc<World>,
    route: &Route,
    message: &StoredMessage,
    recipients: &[QueuedRecipient],
    reuse: Option<Connection>,
) -> Attempt {
    let pool = Pool::of(message, route, &world.settings().outbound);
    if let Some(connection) = still_good(world, route, pool, reuse).await {
        let attempt = connection.deliver(world, route, message, recipients).await;
        // A server may close a connection between two messages at any time, and we notice with
        // the next one: that says nothing about the message or the destination.
        if !attempt.found_it_stale() {
            return attempt;
        }
    }
    match dial::open(world, route, pool).await {
        Ok(connection) => connection.deliver(world, route, message, recipients).await,
        Err(unreached) => {
            tracing::info!(
                destination = %route.key(), host = %unreached.host,
                reason = %unreached.failure.reason, text = %unreached.failure.text,
                "a destination was not reached"
            );
            let ends = recipients.iter().map(|_| unreached.end()).collect();
            let remote_host = unreached.host.clone();
            // A refusal is an answer: the destination is there.
            let reached = unreached.failure.reply.is_some() && unreached.status.0 == 5;
            let via_connector = route.is_connector();
            Attempt { ends, remote_host, connection: None, via_connector, reached }
        }
    }
}

/// The connection that waited for the next message, where it may carry it. One that was opened on
/// other terms may not: it may be in clear text where the connector demands TLS by now.
async fn still_good(
    world: &World,
    route: &Route,
    pool: Pool,
    reuse: Option<Connection>,
) -> Option<Connection> {
    let connection = reuse?;
    if !connection.route.shares_sessions_with(route) || connection.pool != pool {
        connection.leave();
        return None;
    }
    connection.still_ready(world).await
}

/// Where driving the client came to a stop.
enum Halt {
    Ready,
    BodyWanted,
    Finished(Vec<RecipientOutcome>),
    Closed(Option<SessionFailure>),
}

impl Connection {
    /// Moves bytes until the client wants something that only its caller can give.
    async fn drive(&mut self, world: &World, tls: Option<&TlsTerms<'_>>) -> Halt {
        loop {
            match self.client.next_step(world.now()) {
                ClientStep::Send { until } => self.send(world, until).await,
                ClientStep::Receive { until } => self.receive(world, until).await,
                ClientStep::StartTls => match tls {
                    Some(terms) => self.start_tls(world, terms).await,
                    None => self.client.tls_failed("TLS was not expected here"),
                },
                ClientStep::Ready => return Halt::Ready,
                ClientStep::BodyWanted => return Halt::BodyWanted,
                ClientStep::Finished(outcomes) => return Halt::Finished(outcomes),
                ClientStep::Closed(failure) => return Halt::Closed(failure),
            }
        }
    }

    async fn send(&mut self, world: &World, until: UnixMillis) {
        let output = self.client.take_output();
        let within = until.since(world.now());
        match tokio::time::timeout(within, self.wire.write(&output)).await {
            Ok(Ok(())) => {}
            Ok(Err(failed)) => {
                // A server that refuses in the middle says why before it closes.
                if let ReadOutcome::Bytes(bytes) = self.wire.read(Duration::ZERO).await {
                    self.client.receive(bytes);
                }
                self.client.connection_broke(&failed.text);
            }
            Err(_) => self.client.timed_out(),
        }
        self.log.note(world, &mut self.client);
    }

    async fn receive(&mut self, world: &World, until: UnixMillis) {
        let within = until.since(world.now());
        match self.wire.read(within).await {
            ReadOutcome::Bytes(bytes) => self.client.receive(bytes),
            ReadOutcome::Closed => match self.wire.ended_by() {
                Some(cause) => self.client.connection_broke(cause),
                None => self.client.peer_closed(),
            },
            ReadOutcome::TimedOut => {} // The next step sees the time.
        }
        self.log.note(world, &mut self.client);
    }

    /// Shakes hands and looks at the server's certificate as the connector's settings demand.
    async fn start_tls(&mut self, world: &World, terms: &TlsTerms<'_>) {
        self.log.note(world, &mut self.client);
        let facts = self
            .wire
            .start_tls_client(&world.client_tls, &self.host, terms.identity.as_ref())
            .await;
        let facts = match facts {
            Ok(facts) => facts,
            Err(failure) => {
                self.log.information(world, &tls_failed(&failure.text));
                return self.client.tls_failed(failure.text);
            }
        };
        self.log.certificates(world, &facts);
        let presented: Vec<&[u8]> = facts.presented.iter().map(Vec::as_slice).collect();
        let report = world.examine(&presented);
        match terms.demand.judge(&report, &self.host) {
            Ok(()) => self.client.secured(),
            Err(text) => {
                self.log.information(world, &text);
                self.client.abandon(Reason::RemoteCertificateRefused, text);
            }
        }
    }

    /// Sends one message, and says what became of it and of the connection.
    async fn deliver(
        mut self,
        world: &World,
        route: &Route,
        message: &StoredMessage,
        recipients: &[QueuedRecipient],
    ) -> Attempt {
        let to_ip = self.remote.ip().to_string();
        let remote_host = self.host.clone();
        let (outcomes, text) = self.transact(world, route, message, recipients).await;
        let lost = |outcome: &RecipientOutcome| {
            matches!(outcome, RecipientOutcome::Deferred { reason: Reason::ConnectionLost, .. })
        };
        let reached = !outcomes.iter().all(lost);
        // A server that does not recognise us judged the certificate of this connection: the next
        // attempt has to show the one that the file holds by then.
        let unrecognised = |outcome: &RecipientOutcome| {
            matches!(outcome, RecipientOutcome::Failed { reason: Reason::RelayRefused, .. })
        };
        let keep = self.is_worth_keeping(world) && !outcomes.iter().any(unrecognised);
        let ends = outcomes
            .into_iter()
            .map(|outcome| End { outcome, to_ip: to_ip.clone(), text: text.clone() })
            .collect();
        let connection = if keep {
            Some(self)
        } else {
            self.leave();
            None
        };
        Attempt { ends, remote_host, connection, via_connector: route.is_connector(), reached }
    }

    /// Sends one message. The text says what happened where the server said nothing.
    async fn transact(
        &mut self,
        world: &World,
        route: &Route,
        message: &StoredMessage,
        recipients: &[QueuedRecipient],
    ) -> (Vec<RecipientOutcome>, String) {
        self.messages += 1;
        let transaction = Transaction {
            sender: leaving_sender(world, route, message).or_else(|| message.sender.clone()),
            recipients: recipients
                .iter()
                .map(|recipient| Recipient {
                    address: recipient.address.clone(),
                    parameters: recipient.parameters.clone(),
                })
                .collect(),
            parameters: message.parameters.clone(),
            // An estimate, as RFC 1870 section 6.2 permits: fields may be left out or renamed.
            size: message.head.len() as u64 + message.body.len(),
            has_8bit: message.parameters.body == BodyType::EightBitMime,
        };
        self.log.message(world, message);
        if self.client.begin(transaction).is_err() {
            let text = "the connection was not ready".to_owned();
            return (recipients.iter().map(|_| lost()).collect(), text);
        }
        let departure = route.departure();
        let mut pieces = match signed(world, message, departure).await {
            Ok(signatures) => Pieces::of(signatures, message, departure),
            Err(error) => {
                let text = format!("the message cannot be read: {error}");
                return (recipients.iter().map(|_| lost()).collect(), text);
            }
        };
        loop {
            match self.drive(world, None).await {
                Halt::BodyWanted => {
                    if let Err(error) = pieces.feed(&mut self.client).await {
                        let text = format!("the message cannot be read: {error}");
                        self.client.abandon(Reason::StoreUnavailable, text);
                    }
                }
                Halt::Finished(outcomes) => return (outcomes, String::new()),
                Halt::Ready => continue,
                Halt::Closed(failure) => {
                    let text = failure.map(|failure| failure.text).unwrap_or_default();
                    return (recipients.iter().map(|_| lost()).collect(), text);
                }
            }
        }
    }

    /// Whether the server still waits for the next message: between two, it may have closed.
    async fn still_ready(mut self, world: &World) -> Option<Self> {
        match self.wire.read(Duration::ZERO).await {
            ReadOutcome::TimedOut => {}
            ReadOutcome::Closed | ReadOutcome::Bytes(_) => return None,
        }
        matches!(self.drive(world, None).await, Halt::Ready).then_some(self)
    }

    fn is_worth_keeping(&mut self, world: &World) -> bool {
        self.messages < MESSAGES_PER_CONNECTION_MAX
            && !matches!(self.client.next_step(world.now()), ClientStep::Closed(_))
    }

    /// Says QUIT in a task of its own: nothing waits for the answer.
    pub(super) fn leave(mut self) {
        tokio::spawn(async move {
            self.client.quit();
            let output = self.client.take_output();
            if self.wire.write(&output).await.is_ok() {
                self.wire.close().await;
            }
        });
    }
}

/// A message as it goes out: our own fields, then what was taken in, without the fields that are
/// not for whoever gets it.
struct Pieces<'a> {
    /// What signs all that follows.
    signatures: Vec<u8>,
    head: Option<&'a [u8]>,
    body: BodyReader,
    outgoing: Outgoing,
}

impl<'a> Pieces<'a> {
    fn of(signatures: Vec<u8>, message: &'a StoredMessage, departure: Departure) -> Self {
        let (head, body) = (Some(&*message.head), message.body.reader());
        Self { signatures, head, body, outgoing: Outgoing::new(departure) }
    }

    /// Hands the next piece to the client, or tells it that the message is over.
    async fn feed(&mut self, client: &mut Client) -> Result<(), StoreError> {
        client.body(&std::mem::take(&mut self.signatures));
        let piece = match self.head.take() {
            Some(head) if !head.is_empty() => head,
            _ => self.body.next().await?,
        };
        let mut header = Vec::new();
        if piece.is_empty() {
            let outgoing = std::mem::replace(&mut self.outgoing, Outgoing::new(Departure::Home));
            outgoing.finish(&mut header);
            client.body(&header);
            client.body_end();
        } else {
            let rest = self.outgoing.push(piece, &mut header);
            client.body(&header);
            client.body(rest);
        }
        Ok(())
    }
}

/// The sender in our own domain, where the message's is of nobody in the tenant (SRS).
fn leaving_sender(world: &World, route: &Route, message: &StoredMessage) -> Option<Address> {
    let tenant = message.tenant.filter(|_| route.rewrites_sender())?;
    let sender = message.sender.as_ref();
    srs::leaving(tenant, sender, &world.directory(), &world.srs, world.now())
}

/// The signatures of a message that its tenant has keys for.
async fn signed(
    world: &World,
    message: &StoredMessage,
    departure: Departure,
) -> Result<Vec<u8>, StoreError> {
    let directory = world.directory();
    let Some((id, tenant)) = message.tenant.and_then(|id| Some((id, directory.tenant(id)?))) else {
        return Ok(Vec::new());
    };
    let (keys, now) = (&world.dkim, world.now());
    let node_name = &world.node_name();
    dkim::fields(&dkim::Signing { keys, id, tenant, node_name, departure, now }, message).await
}

/// What the connector says about TLS, for one session.
struct TlsTerms<'a> {
    demand: &'a TlsDemand,
    identity: Option<crate::tls::ClientIdentity>,
}

impl TlsDemand {
    fn wish(&self) -> TlsWish {
        match self {
            Self::Opportunistic => TlsWish::Opportunistic,
            _ => TlsWish::Required,
        }
    }
}

fn lost() -> RecipientOutcome {
    RecipientOutcome::Deferred {
        reason: Reason::ConnectionLost,
        status: EnhancedStatus(4, 4, 2),
        reply: None,
        in_doubt: false,
    }
}
