//! `posthouse trace`, `queue` and `events`: what happened and what waits.
//!
//! Touches nothing: the office answers.

use clap::{Args, ValueEnum};

use super::{Ask, Asking, View, ask};
use crate::office::{EventFilter, QueueFilter, Request, TraceFilter};

/// Which rows of the trace.
#[derive(Args)]
pub(super) struct TraceArguments {
    /// Only this tenant's
    #[arg(long)]
    tenant: Option<String>,
    /// Only from this sender
    #[arg(long)]
    sender: Option<String>,
    /// Only to this recipient
    #[arg(long)]
    recipient: Option<String>,
    /// Only with this Message-ID
    #[arg(long)]
    message_id: Option<String>,
    /// Only with this status: Delivered, Failed, Pending, Quarantined, ...
    #[arg(long)]
    status: Option<String>,
    /// Only of the last so many hours
    #[arg(long, value_name = "HOURS")]
    hours: Option<u32>,
    /// At most so many rows
    #[arg(long, default_value_t = 1000)]
    limit: usize,
    #[command(flatten)]
    asking: Asking,
}

/// Which entries of the queue, and what is done with them.
#[derive(Args)]
pub(super) struct QueueArguments {
    /// What to do with what is found
    #[arg(value_enum, default_value = "list")]
    action: QueueAction,
    /// Only this tenant's
    #[arg(long)]
    tenant: Option<String>,
    /// Only of this message
    #[arg(long, value_name = "REF")]
    reference: Option<String>,
    /// Only to this recipient
    #[arg(long)]
    recipient: Option<String>,
    /// Only held mail
    #[arg(long)]
    held: bool,
    /// At most so many entries
    #[arg(long, default_value_t = 1000)]
    limit: usize,
    #[command(flatten)]
    asking: Asking,
}

/// What is done with entries of the queue.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum QueueAction {
    /// Show it
    List,
    /// Try it now; held mail goes back into the queue
    Retry,
    /// Give it up without telling anybody; needs --reference
    Remove,
}

/// Which events, and how they are written.
#[derive(Args)]
pub(super) struct EventArguments {
    /// Only this tenant's
    #[arg(long)]
    tenant: Option<String>,
    /// Only with this reference
    #[arg(long, value_name = "REF")]
    reference: Option<String>,
    /// Only of the last so many hours
    #[arg(long, value_name = "HOURS")]
    hours: Option<u32>,
    /// How to write them
    #[arg(long, value_enum, default_value = "text")]
    format: EventFormat,
    /// At most so many events
    #[arg(long, default_value_t = 1000)]
    limit: usize,
    #[command(flatten)]
    asking: Asking,
}

/// How events are written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EventFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
    /// Windows event XML, as CAPI2's exports have it
    Xml,
}

/// The rows that are asked for.
pub(super) fn trace_request(arguments: TraceArguments) -> Ask {
    let filter = TraceFilter {
        tenant: arguments.tenant,
        sender: arguments.sender,
        recipient: arguments.recipient,
        reference: None,
        message_id: arguments.message_id,
        status: arguments.status,
        since: arguments.hours.map(ask::hours_ago),
        limit: arguments.limit,
    };
    Ask { request: Ok(Request::Trace(filter)), asking: arguments.asking, view: View::Trace }
}

/// The events that are asked for.
pub(super) fn event_request(arguments: EventArguments) -> Ask {
    let filter = EventFilter {
        tenant: arguments.tenant,
        reference: arguments.reference,
        since: arguments.hours.map(ask::hours_ago),
        limit: arguments.limit,
    };
    let view = View::Events(arguments.format);
    Ask { request: Ok(Request::Events(filter)), asking: arguments.asking, view }
}

/// What is done with the queue.
pub(super) fn queue_request(arguments: QueueArguments) -> Ask {
    let filter = QueueFilter {
        tenant: arguments.tenant,
        reference: arguments.reference,
        recipient: arguments.recipient,
        held: arguments.held.then_some(true),
        limit: arguments.limit,
    };
    let (request, view) = match arguments.action {
        QueueAction::List => (Ok(Request::Queue(filter)), View::Queue),
        QueueAction::Retry => (Ok(Request::QueueRetry(filter)), View::Sentences),
        QueueAction::Remove if filter.reference.is_none() => {
            let text = "queue remove needs --reference: mail is never given up by the dozen";
            (Err(text.to_owned()), View::Sentences)
        }
        QueueAction::Remove => (Ok(Request::QueueRemove(filter)), View::Sentences),
    };
    Ask { request, asking: arguments.asking, view }
}
