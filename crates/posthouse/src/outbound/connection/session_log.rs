//! One outbound session's lines in Exchange's send protocol log.
//!
//! May touch: the node's protocol log. A session is one id, its lines are counted from 0.

use std::net::SocketAddr;

use posthouse_pki::certificate_summary;
use posthouse_smtp::client::{Client, LogDirection};
use posthouse_store::StoredMessage;
use posthouse_trace::protocol_log::{self, CertificateOwner, Line, LogEvent};

use crate::tls::HandshakeFacts;
use crate::world::{World, random_bytes};

/// The log of one session.
pub(super) struct SessionLog {
    connector: String,
    session_id: u64,
    sequence: u32,
    local: String,
    remote: String,
}

impl SessionLog {
    /// A session of a connector with a server.
    pub(super) fn new(connector: &str, remote: SocketAddr) -> Self {
        Self {
            connector: connector.to_owned(),
            session_id: u64::from_ne_bytes(random_bytes()),
            sequence: 0,
            local: String::new(),
            remote: remote.to_string(),
        }
    }

    /// Before the connection is made.
    pub(super) fn connecting(&mut self, world: &World) {
        self.write(world, &[(LogEvent::Information, "", "attempting to connect")]);
    }

    /// It is made.
    pub(super) fn connected(&mut self, world: &World, local: SocketAddr) {
        self.local = local.to_string();
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
        let owners = [
            (CertificateOwner::Sending, facts.sent.first()),
            (CertificateOwner::Remote, facts.presented.first()),
        ];
        for (owner, der) in owners {
            if let Some(summary) = der.and_then(|der| certificate_summary(der).ok()) {
                for (data, context) in protocol_log::certificate_lines(owner, &summary) {
                    self.write(world, &[(LogEvent::Information, &data, context)]);
                }
            }
        }
        let text = protocol_log::tls_succeeded(facts.version, &facts.cipher);
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
        let Some(log) = &world.send_log else { return };
        if lines.is_empty() {
            return;
        }
        let time = world.now();
        let mut text = String::with_capacity(lines.len() * 160);
        for (event, data, context) in lines {
            text.push_str(&protocol_log::line(&Line {
                time,
                connector_id: &self.connector,
                session_id: self.session_id,
                sequence: self.sequence,
                local: &self.local,
                remote: &self.remote,
                event: *event,
                data,
                context,
            }));
            self.sequence += 1;
        }
        log.append(time, &text);
    }
}
