//! One outbound session's lines in the send protocol log.
//!
//! May touch: the node's protocol log. Where none is kept, nothing is made.

use std::net::SocketAddr;

use posthouse_smtp::client::{Client, LogDirection};
use posthouse_store::StoredMessage;
use posthouse_trace::protocol_log::{self, CertificateOwner, LogEvent, Side};

use crate::protocol_log::SessionLines;
use crate::tls::HandshakeFacts;
use crate::world::World;

/// The log of one session.
pub(super) struct SessionLog(SessionLines);

impl SessionLog {
    /// A session of a connector with a server.
    pub(super) fn new(connector: &str, remote: SocketAddr) -> Self {
        Self(SessionLines::new(connector, remote))
    }

    /// Before the connection is made.
    pub(super) fn connecting(&mut self, world: &World) {
        self.write(world, &[(LogEvent::Information, "", "attempting to connect")]);
    }

    /// It is made.
    pub(super) fn connected(&mut self, world: &World, local: SocketAddr) {
        self.0.connected(local);
        self.write(world, &[(LogEvent::Connect, "", "")]);
    }

    /// It is over.
    pub(super) fn disconnected(&mut self, world: &World, by: &str) {
        self.write(world, &[(LogEvent::Disconnect, "", by)]);
    }

    /// Something happened that nobody said.
    pub(super) fn information(&mut self, world: &World, text: &str) {
        self.write(world, &[(LogEvent::Information, "", text)]);
    }

    /// A message begins.
    pub(super) fn message(&mut self, world: &World, message: &StoredMessage) {
        let text = format!(
            "sending message with RecordId {} and InternetMessageId {}",
            message.id.number(),
            message.message_id
        );
        self.information(world, &text);
    }

    /// Both sides' certificates, and what the handshake agreed on.
    pub(super) fn certificates(&mut self, world: &World, facts: &HandshakeFacts) {
        let Some(log) = &world.send_log else { return };
        let now = world.now();
        for (owner, der) in [
            (CertificateOwner::Sending, facts.sent.first()),
            (CertificateOwner::Remote, facts.presented.first()),
        ] {
            self.0.certificate(log, now, owner, der.map(Vec::as_slice));
        }
        let text = protocol_log::tls_succeeded(Side::Send, facts.version, &facts.cipher);
        self.information(world, &text);
    }

    /// What was said since the last call.
    pub(super) fn note(&mut self, world: &World, client: &mut Client) {
        let said = client.take_log();
        let lines: Vec<(LogEvent, &str, &str)> = said
            .iter()
            .map(|line| match line.direction {
                LogDirection::Sent => (LogEvent::Send, line.text.as_str(), ""),
                LogDirection::Received => (LogEvent::Receive, line.text.as_str(), ""),
                LogDirection::Info => (LogEvent::Information, "", line.text.as_str()),
            })
            .collect();
        self.write(world, &lines);
    }

    fn write(&mut self, world: &World, lines: &[(LogEvent, &str, &str)]) {
        if let Some(log) = world.send_log.as_ref().filter(|_| !lines.is_empty()) {
            self.0.write(log, world.now(), lines);
        }
    }
}
