//! The operational event log: what an administrator would look for in the Windows event viewer.
//! Events 11 and 30 have CAPI2's shape; ids from 1000 on are this gateway's own.

use serde::{Deserialize, Serialize};

use crate::{ChainFacts, PeerFacts};

/// One event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperationalEvent {
    /// When, milliseconds since 1970.
    pub time: i64,
    /// How grave.
    pub level: Level,
    /// The tenant's number, where the event is one tenant's affair.
    pub tenant: Option<u64>,
    /// The reference of the session or message it belongs to; empty for the node's own events.
    pub reference: String,
    /// The reason id; empty where nothing went wrong.
    pub reason: String,
    /// The event in one plain sentence.
    pub text: String,
    /// What the event carries.
    pub data: EventData,
}

/// Windows event levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// 2: an operation failed.
    Error,
    /// 3: somebody should look at it.
    Warning,
    /// 4: worth knowing.
    Information,
}

impl Level {
    /// The number that event logs use.
    pub fn number(self) -> u8 {
        match self {
            Self::Error => 2,
            Self::Warning => 3,
            Self::Information => 4,
        }
    }
}

/// The event's own data; it decides the event id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum EventData {
    /// Event 11, CertGetCertificateChain: the chain that was built (spec 5.5).
    ChainBuilt {
        /// The session's peer.
        peer: PeerFacts,
        /// The chain.
        chain: ChainFacts,
    },
    /// Event 30, CertVerifyCertificateChainPolicy: the verdict on it (spec 5.6).
    ChainVerified {
        /// The session's peer.
        peer: PeerFacts,
        /// The chain.
        chain: ChainFacts,
    },
    /// Event 1000: this node started; the text says what start-up found.
    NodeStarted {
        /// Messages found waiting.
        queued: u64,
        /// Rows set aside as damaged.
        damaged: u64,
    },
    /// Event 1001: this node stopped in order.
    NodeStopped,
    /// Event 1002: settings, a certificate or a tenant changed, or could not be changed.
    ConfigurationChanged {
        /// What changed: `tenant contoso`, `certificate`, `node settings`.
        what: String,
    },
    /// Event 1003: a stored message is damaged and was set aside.
    MessageDamaged {
        /// Where it is kept.
        kept: String,
    },
    /// Event 1004: the disk is full or failing; mail is answered 4xx.
    StoreFault {
        /// The engine's words.
        error: String,
    },
    /// Event 1005: a message was held because it can neither be delivered nor returned.
    MessageHeld {
        /// Sender of the message.
        sender: String,
        /// Its recipient.
        recipient: String,
    },
    /// Event 1006: retention ended something.
    RetentionPurged {
        /// What was purged, as `held messages`, `trace rows`, `events`.
        what: String,
        /// How many.
        count: u64,
    },
    /// Event 1007: a handshake failed before SMTP could say why.
    HandshakeFailed {
        /// The session's peer.
        peer: PeerFacts,
        /// The TLS library's words.
        error: String,
    },
    /// Event 1008: the clock jumped; expiry is paused.
    ClockJumped {
        /// By how many seconds; negative is backwards.
        seconds: i64,
    },
    /// Event 1010: a sender, connector or tenant has reached a limit of the outbound policy.
    LimitReached {
        /// `sender`, `connector` or `tenant`.
        entity: String,
        /// Which; empty for a tenant.
        name: String,
        /// The limit, in recipients.
        limit: u64,
    },
    /// Event 1011: the verdict on a message has changed after it was taken over.
    VerdictChanged {
        /// `quarantined`, `worsened`, `delivered`, `improved`.
        outcome: String,
        /// The verdict before.
        before: String,
        /// And now.
        now: String,
    },
    /// Event 1009: somebody could not log in on a sending edge.
    LoginFailed {
        /// The session's peer.
        peer: PeerFacts,
        /// The user's name as given, made printable.
        user: String,
    },
}

impl EventData {
    /// The event id.
    pub fn id(&self) -> u32 {
        match self {
            Self::ChainBuilt { .. } => 11,
            Self::ChainVerified { .. } => 30,
            Self::NodeStarted { .. } => 1000,
            Self::NodeStopped => 1001,
            Self::ConfigurationChanged { .. } => 1002,
            Self::MessageDamaged { .. } => 1003,
            Self::StoreFault { .. } => 1004,
            Self::MessageHeld { .. } => 1005,
            Self::RetentionPurged { .. } => 1006,
            Self::HandshakeFailed { .. } => 1007,
            Self::ClockJumped { .. } => 1008,
            Self::LoginFailed { .. } => 1009,
            Self::LimitReached { .. } => 1010,
            Self::VerdictChanged { .. } => 1011,
        }
    }
}
