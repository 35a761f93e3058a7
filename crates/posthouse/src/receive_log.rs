//! One inbound session's lines in the receive protocol log.
//!
//! May touch: the node's protocol log. Where none is kept, nothing is made.

use std::net::SocketAddr;

use posthouse_smtp::{LogDirection, Server};
use posthouse_trace::protocol_log::{self, CertificateOwner, LogEvent, Side};
use posthouse_types::Peer;

use crate::protocol_log::SessionLines;
use crate::tls::HandshakeFacts;
use crate::world::World;

/// The log of one session; nothing where none is kept.
pub(crate) struct ReceiveLog(Option<Box<SessionLines>>);

impl ReceiveLog {
    /// A session that begins. `connector` is what the listener is called.
    pub(crate) fn begin(world: &World, connector: &str, peer: &Peer) -> Self {
        let lines = world.receive_log.as_ref().map(|_| lines(connector, peer));
        let mut log = Self(lines.map(Box::new));
        log.write(world, &[(LogEvent::Connect, "", "")]);
        log
    }

    /// What was said since the last call.
    pub(crate) fn note(&mut self, world: &World, protocol: &mut Server) {
        if self.0.is_none() {
            return;
        }
        let said = protocol.take_log();
        let lines: Vec<(LogEvent, &str, &str)> = said
            .iter()
            .map(|line| match line.direction {
                LogDirection::Sent => (LogEvent::Send, line.text.as_str(), ""),
                LogDirection::Received => (LogEvent::Receive, line.text.as_str(), ""),
                LogDirection::Info => (LogEvent::Information, "", line.text.as_str()),
            })
            .collect();
        if !lines.is_empty() {
            self.write(world, &lines);
        }
    }

    /// Something happened that nobody said.
    pub(crate) fn information(&mut self, world: &World, data: &str, context: &str) {
        self.write(world, &[(LogEvent::Information, data, context)]);
    }

    /// Both sides' certificates, and what the handshake agreed on.
    pub(crate) fn certificates(&mut self, world: &World, facts: &HandshakeFacts) {
        if let (Some(log), Some(lines)) = (&world.receive_log, &mut self.0) {
            let now = world.now();
            let own = world.server_tls.as_ref().and_then(|tls| tls.leaf());
            let remote = facts.presented.first().map(Vec::as_slice);
            lines.certificate(log, now, CertificateOwner::Sending, own.as_deref());
            lines.certificate(log, now, CertificateOwner::Remote, remote);
        }
        let text = protocol_log::tls_succeeded(Side::Receive, facts.version, &facts.cipher);
        self.information(world, "", &text);
    }

    /// The session is over.
    pub(crate) fn end(&mut self, world: &World, by: &str) {
        self.write(world, &[(LogEvent::Disconnect, "", by)]);
    }

    fn write(&mut self, world: &World, lines: &[(LogEvent, &str, &str)]) {
        if let (Some(log), Some(session)) = (&world.receive_log, &mut self.0) {
            session.write(log, world.now(), lines);
        }
    }
}

fn lines(connector: &str, peer: &Peer) -> SessionLines {
    let remote = SocketAddr::new(peer.address.ip().to_canonical(), peer.address.port());
    let mut lines = SessionLines::new(connector, remote);
    let local = peer.local_address;
    lines.connected(SocketAddr::new(local.ip().to_canonical(), local.port()));
    lines
}
