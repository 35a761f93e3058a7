//! What became of each recipient, and why a session ended.
//!
//! Plain data, and the one table that turns a remote reply into a reason and a status.

use std::sync::Arc;

use posthouse_types::{EnhancedStatus, Reason};

use crate::reply_reader::RemoteReply;

/// What became of one recipient of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecipientOutcome {
    /// The server has taken responsibility.
    Delivered {
        /// Its answer to the final dot.
        reply: Arc<RemoteReply>,
        /// The server offered DSN, so that reports which the sender asked for are now its affair;
        /// otherwise the `relayed` report is ours (RFC 3461 section 5.2.2).
        dsn_passed_on: bool,
    },
    /// Not now; try again later.
    Deferred {
        /// Why.
        reason: Reason,
        /// The status for a report: the reply's, or the reason's.
        status: EnhancedStatus,
        /// The server's words, where it spoke.
        reply: Option<Arc<RemoteReply>>,
        /// The final dot had been sent: the server may have taken the message after all, and the
        /// next attempt may make a second copy (RFC 1047).
        in_doubt: bool,
    },
    /// Never.
    Failed {
        /// Why. `relay-refused` is the smart host's 5.7.64: permanent by its code, though the
        /// caller may well hold the message until the connector is repaired.
        reason: Reason,
        /// The status for a report: the reply's, or the reason's.
        status: EnhancedStatus,
        /// The server's words; none where the failure was found here before anything was sent.
        reply: Option<Arc<RemoteReply>>,
    },
}

/// Why a session ended before the caller wanted it to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionFailure {
    /// Why: `connection-lost`, `protocol-error`, `tls-required-not-offered`,
    /// `tls-handshake-failed`, or `remote-deferred`, `remote-refused` and `relay-refused` for an
    /// answer to the connection itself, its EHLO, or a 421.
    pub reason: Reason,
    /// The server's words, where they are the cause.
    pub reply: Option<Arc<RemoteReply>>,
    /// For the operator, in one sentence.
    pub text: String,
}

impl RecipientOutcome {
    /// The reply, where there is one.
    pub fn reply(&self) -> Option<&Arc<RemoteReply>> {
        match self {
            Self::Delivered { reply, .. } => Some(reply),
            Self::Deferred { reply, .. } | Self::Failed { reply, .. } => reply.as_ref(),
        }
    }

    /// A refusal by the server, temporary or permanent by its code.
    pub(super) fn refused(reply: &Arc<RemoteReply>) -> Self {
        let (reason, status) = (refusal_reason(reply), status_of(reply));
        let reply = Some(Arc::clone(reply));
        if status.0 == 5 {
            Self::Failed { reason, status, reply }
        } else {
            Self::Deferred { reason, status, reply, in_doubt: false }
        }
    }

    /// A refusal that means "not now", whatever its code.
    pub(super) fn deferred(reply: &Arc<RemoteReply>) -> Self {
        let EnhancedStatus(_, subject, detail) = status_of(reply);
        Self::Deferred {
            reason: Reason::RemoteDeferred,
            status: EnhancedStatus(4, subject, detail),
            reply: Some(Arc::clone(reply)),
            in_doubt: false,
        }
    }

    /// A failure that was found before anything was sent.
    pub(super) fn failed_here(reason: Reason) -> Self {
        Self::Failed { reason, status: status_of_failure(reason), reply: None }
    }

    /// What a session's failure means for a recipient that is still undecided.
    pub(super) fn undecided(failure: &SessionFailure, doubt: Doubt) -> Self {
        let status = match &failure.reply {
            Some(reply) if reply.is_transient() => status_of(reply),
            _ => status_of_failure(failure.reason),
        };
        Self::Deferred {
            reason: failure.reason,
            status: EnhancedStatus(4, status.1, status.2),
            reply: failure.reply.clone(),
            in_doubt: doubt == Doubt::FinalDotSent,
        }
    }
}

/// Whether the server may hold the message already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// The end of the message was not sent: no server can have it.
    None,
    /// It was sent, at least in part.
    FinalDotSent,
}

/// What a smart host says that does not recognise us (Exchange Online's TenantAttribution).
const RELAY_ACCESS_DENIED: EnhancedStatus = EnhancedStatus(5, 7, 64);

/// The reason for a 4yz or 5yz reply.
pub(super) fn refusal_reason(reply: &RemoteReply) -> Reason {
    if reply.is_permanent() {
        match reply.status {
            Some(RELAY_ACCESS_DENIED) => Reason::RelayRefused,
            _ => Reason::RemoteRefused,
        }
    } else {
        Reason::RemoteDeferred
    }
}

/// The status for a report: the server's own where its class agrees with the code, else `x.0.0`
/// (RFC 3463 section 3.1: "other undefined status").
pub(super) fn status_of(reply: &RemoteReply) -> EnhancedStatus {
    let class = if reply.is_permanent() {
        5
    } else if reply.is_positive() {
        2
    } else {
        4
    };
    match reply.status {
        Some(status) if status.0 == class => status,
        _ => EnhancedStatus(class, 0, 0),
    }
}

/// The status of a failure that no reply explains (RFC 3463 section 3).
fn status_of_failure(reason: Reason) -> EnhancedStatus {
    match reason {
        // X.4.2 "bad connection".
        Reason::ConnectionLost => EnhancedStatus(4, 4, 2),
        // X.5.0 "other or undefined protocol status".
        Reason::ProtocolError => EnhancedStatus(4, 5, 0),
        // X.7.10 "encryption needed" (RFC 5248 registry).
        Reason::TlsRequiredNotOffered | Reason::TlsHandshakeFailed => EnhancedStatus(4, 7, 10),
        // X.3.4 "message too big for system".
        Reason::RemoteSizeExceeded => EnhancedStatus(5, 3, 4),
        // X.6.7 "non-ASCII addresses not permitted for that sender/recipient" (RFC 6531).
        Reason::SmtpUtf8NotOffered => EnhancedStatus(5, 6, 7),
        // X.1.3 "bad destination mailbox address syntax".
        Reason::SyntaxError => EnhancedStatus(5, 1, 3),
        // X.3.0 "other or undefined mail system status": ours.
        _ => EnhancedStatus(4, 3, 0),
    }
}
