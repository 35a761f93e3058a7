//! Message trace: one row for each message and recipient, with its history (Microsoft's fields and
//! statuses: Get-MessageTraceV2 and Get-MessageTraceDetailV2).

use posthouse_types::UnixMillis;
use serde::{Deserialize, Serialize};

use crate::Explanation;

/// One message's way to one recipient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TraceRow {
    /// When the gateway first saw it, milliseconds since 1970.
    pub received: i64,
    /// The tenant's number; `None` where nobody's tenant could be found.
    pub tenant: Option<u64>,
    /// The reference printed in replies; shared by all recipients of one transaction.
    pub reference: String,
    /// The Message-ID header, without checking; empty where unknown or refused before DATA.
    pub message_id: String,
    /// MAIL FROM; empty for the null sender.
    pub sender: String,
    /// RCPT TO.
    pub recipient: String,
    /// The Subject, decoded, first 256 characters.
    pub subject: String,
    /// What became of it so far.
    pub status: TraceStatus,
    /// The peer's address; empty for mail that this node wrote itself.
    pub from_ip: String,
    /// Where it was delivered to; empty before.
    pub to_ip: String,
    /// Size in bytes as stored; 0 where refused before DATA.
    pub size: u64,
    /// The connector that attributed it; empty without one.
    pub connector: String,
    /// Which way it goes.
    pub direction: Direction,
    /// The reason id of the last refusal, deferral or failure; empty otherwise.
    pub reason: String,
    /// Its history, oldest first.
    pub events: Vec<TraceEvent>,
    /// Why it was refused or judged so; only where there is something to explain.
    pub explanation: Option<Explanation>,
}

/// Microsoft's message trace statuses (spec 3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TraceStatus {
    /// Handed to the next hop, which took responsibility.
    Delivered,
    /// Replaced by other recipients.
    Expanded,
    /// Refused or returned.
    Failed,
    /// In the queue.
    Pending,
    /// Held.
    Quarantined,
    /// Delivered as spam.
    FilteredAsSpam,
    /// Just received.
    GettingStatus,
}

impl TraceStatus {
    /// Microsoft's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "Delivered",
            Self::Expanded => "Expanded",
            Self::Failed => "Failed",
            Self::Pending => "Pending",
            Self::Quarantined => "Quarantined",
            Self::FilteredAsSpam => "FilteredAsSpam",
            Self::GettingStatus => "GettingStatus",
        }
    }
}

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// From the internet or a partner to a tenant.
    Incoming,
    /// Sent by a tenant through its connector, or written by this node.
    Originating,
}

/// One step in a row's history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TraceEvent {
    /// When, milliseconds since 1970.
    pub time: i64,
    /// What happened.
    pub event: TraceStep,
    /// The reason id, where there is one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// In words: the remote server's reply, the operator's text.
    pub detail: String,
}

impl TraceEvent {
    /// A step without a reason.
    pub fn new(time: UnixMillis, event: TraceStep, detail: impl Into<String>) -> Self {
        Self { time: time.0, event, reason: String::new(), detail: detail.into() }
    }
}

/// Microsoft's event names of the message trace detail (spec 3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TraceStep {
    /// Taken over from a peer.
    Receive,
    /// Written by this node (NDR, delay notice).
    Submit,
    /// Handed to the next hop, which is the tenant's.
    Deliver,
    /// Handed to the next hop.
    Send,
    /// Tried without success; will be tried again.
    Defer,
    /// Refused or returned.
    Fail,
    /// Held for the tenant.
    Quarantine,
    /// A delivery report was written for it.
    Report,
    /// Its verdict has changed since (spec 2.10, zero-hour auto purge).
    ZeroHour,
}

impl TraceStep {
    /// Microsoft's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Receive => "Receive",
            Self::Submit => "Submit",
            Self::Deliver => "Deliver",
            Self::Send => "Send",
            Self::Defer => "Defer",
            Self::Fail => "Fail",
            Self::Quarantine => "Quarantine",
            Self::Report => "Report",
            Self::ZeroHour => "ZeroHour",
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A message that went out, for the renderers' tests.
    pub(crate) fn row() -> TraceRow {
        let at = UnixMillis(1_795_457_427_042);
        TraceRow {
            received: at.0,
            tenant: Some(1),
            reference: "0W3GE1R70W3GE1R7".to_owned(),
            message_id: "<1@contoso.example>".to_owned(),
            sender: "anna@contoso.example".to_owned(),
            recipient: "bob@fabrikam.example".to_owned(),
            subject: "Offer 12".to_owned(),
            status: TraceStatus::Delivered,
            from_ip: "192.0.2.1".to_owned(),
            to_ip: "198.51.100.1".to_owned(),
            size: 2048,
            connector: "from office".to_owned(),
            direction: Direction::Originating,
            reason: String::new(),
            events: vec![
                TraceEvent::new(at, TraceStep::Receive, "by certificate"),
                TraceEvent::new(at, TraceStep::Send, "250 2.0.0 ok"),
            ],
            explanation: None,
        }
    }

    #[test]
    fn a_status_is_stored_under_the_name_that_it_shows() {
        for status in [TraceStatus::Delivered, TraceStatus::FilteredAsSpam, TraceStatus::Pending] {
            let stored = serde_json::to_value(status).unwrap();
            assert_eq!(stored, status.as_str());
        }
    }
}
