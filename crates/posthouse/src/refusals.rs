//! Refusals that the binary itself makes: its own state, its store, the message's header. Texts
//! follow Exchange Online's where it has one; each has a reason and two texts (decision 9).

use posthouse_message::{IntakeRefusal, NoticeImpossible};
use posthouse_store::StoreError;
use posthouse_types::{EnhancedStatus, Reason, Refusal};

/// The node is stopping: try another one, or this one again.
pub(crate) fn shutting_down() -> Refusal {
    Refusal::new(
        Reason::ShuttingDown,
        421,
        EnhancedStatus(4, 3, 2),
        "Service not available, closing transmission channel",
        "The node is stopping; the peer was told to come back.",
    )
}

/// This node serves as many sessions as it may.
pub(crate) fn too_many_sessions(reason: Reason) -> Refusal {
    Refusal::new(
        reason,
        421,
        EnhancedStatus(4, 3, 2),
        "Too many sessions. Please try again later",
        "The limit of sessions is reached; see [smtp] sessions_max and sessions_per_address_max.",
    )
}

/// The store refused: full disk or fault. Never a lie, always temporary.
pub(crate) fn store(error: &StoreError) -> Refusal {
    match error {
        StoreError::DiskFull => Refusal::new(
            Reason::DiskFull,
            452,
            EnhancedStatus(4, 3, 1),
            "Insufficient system resources",
            format!("The disk that holds data_dir is full: {error}."),
        ),
        _ => Refusal::new(
            Reason::StoreUnavailable,
            451,
            EnhancedStatus(4, 3, 0),
            "Temporary server error. Please try again later",
            format!("The store failed: {error}."),
        ),
    }
}

/// An engine that has to see every message has not seen this one: it never passes unseen.
pub(crate) fn filter_unavailable(operator_text: impl Into<String>) -> Refusal {
    Refusal::new(
        Reason::FilterUnavailable,
        451,
        EnhancedStatus(4, 7, 1),
        "The message could not be checked. Please try again later",
        operator_text,
    )
}

/// A piece of a message: whatever is in the whole, no piece shows it.
pub(crate) fn message_fragment() -> Refusal {
    Refusal::new(
        Reason::MessageFragment,
        550,
        EnhancedStatus(5, 6, 1),
        "Message refused: it is a piece of a larger message (message/partial), which nobody can check",
        "The message is a message/partial of a stranger: no piece shows what is in the whole.",
    )
}

/// A mail-flow rule's notice cannot be added, and the rule says to refuse then.
pub(crate) fn notice_impossible(why: NoticeImpossible) -> Refusal {
    Refusal::new(
        Reason::RejectedByRule,
        550,
        EnhancedStatus(5, 7, 1),
        "Delivery not authorized, message refused",
        format!("A rule's disclaimer has fallback = \"reject\", and cannot be added: {}.", why.0),
    )
}

/// The header is over a bound, or the message goes round in circles.
pub(crate) fn intake(refusal: &IntakeRefusal) -> Refusal {
    let (code, status, text) = match refusal.reason {
        Reason::RoutingLoop => (554, EnhancedStatus(5, 4, 14), "Routing loop detected"),
        _ => (552, EnhancedStatus(5, 3, 4), "Message header size exceeds fixed maximum size"),
    };
    Refusal::new(refusal.reason, code, status, text, refusal.reason.summary())
}

/// A command that the core should not have let through; answered, never trusted.
pub(crate) fn bad_sequence() -> Refusal {
    Refusal::new(
        Reason::BadSequence,
        503,
        EnhancedStatus(5, 5, 1),
        "Bad sequence of commands",
        "A command came without the transaction it belongs to.",
    )
}
