//! Reports to senders: NDRs, delay notices and `relayed` reports, as messages of the queue.
//!
//! May touch: what `notifications` may. Written in the same
//! transaction as the outcome that they report, so that neither can be without the other.

use posthouse_message::{
    Departure, Language, OriginalMessage, Outgoing, Report, ReportKind as Kind, ReportedRecipient,
};
use posthouse_store::{NewMessage, QueuedRecipient, StoreError, StoredMessage};
use posthouse_types::{Address, DsnReturn, Reason, UnixMillis};

use super::connection::Attempt;
use super::settle::{Decision, End, ReportKind};
use crate::notifications::{OwnMail, postmaster};
use crate::world::World;

/// As much of the original as a report quotes or returns: a report takes no more.
const ORIGINAL_BYTES_MAX: usize = 64 * 1024;

/// Writes the reports that the decisions ask for: one for each kind, about all its recipients.
///
/// # Errors
/// The store has no room for a report. Nothing is settled then: the delivery's outcome and its
/// report stand or fall together.
pub(super) async fn write(
    world: &World,
    message: &StoredMessage,
    recipients: &[QueuedRecipient],
    attempt: &Attempt,
    decisions: &[Decision],
    now: UnixMillis,
) -> Result<Vec<NewMessage>, StoreError> {
    let mut reports = Vec::new();
    let Some(sender) = &message.sender else { return Ok(reports) };
    for kind in [ReportKind::Failed, ReportKind::Delayed, ReportKind::Relayed] {
        let reported: Vec<ReportedRecipient> = recipients
            .iter()
            .zip(&attempt.ends)
            .zip(decisions)
            .filter(|(_, decision)| decision.report == Some(kind))
            .map(|((recipient, end), decision)| {
                reported(world, recipient, end, decision, &attempt.remote_host, now)
            })
            .collect();
        if reported.is_empty() {
            continue;
        }
        let bytes = build(world, kind, sender, message, &reported, now).await?;
        reports.push(as_message(world, sender, message, &bytes, kind, now)?);
    }
    Ok(reports)
}

fn reported(
    world: &World,
    recipient: &QueuedRecipient,
    end: &End,
    decision: &Decision,
    remote_host: &str,
    now: UnixMillis,
) -> ReportedRecipient {
    let reply_lines = match end.outcome.reply() {
        Some(reply) => reply.raw_lines().to_vec(),
        None => Vec::new(),
    };
    let delayed = decision.report == Some(ReportKind::Delayed);
    let lifetime = world.settings().queue.schedule().lifetime;
    ReportedRecipient {
        address: recipient.address.clone(),
        original_recipient: recipient.parameters.original.clone(),
        status: decision.status,
        remote_mta: (!remote_host.is_empty()).then(|| remote_host.to_owned()),
        remote_ip: end.to_ip.parse().ok(),
        reply_lines,
        reason: decision.reason.unwrap_or(Reason::RemoteRefused),
        last_attempt: Some(now),
        will_retry_until: delayed.then(|| recipient.since + lifetime),
    }
}

async fn build(
    world: &World,
    kind: ReportKind,
    sender: &Address,
    message: &StoredMessage,
    recipients: &[ReportedRecipient],
    now: UnixMillis,
) -> Result<Vec<u8>, StoreError> {
    let (start, is_whole) = beginning(message).await?;
    let wants_all = message.parameters.dsn_return == Some(DsnReturn::Full);
    let report = Report {
        kind: match kind {
            ReportKind::Failed => Kind::Failed,
            ReportKind::Delayed => Kind::Delayed,
            ReportKind::Relayed => Kind::Relayed,
        },
        node_name: &world.node_name(),
        postmaster: &postmaster(world, message.tenant, sender),
        to: sender,
        reference: message.reference,
        now,
        original: OriginalMessage {
            envelope_id: message.parameters.envelope_id.as_deref(),
            received_from: "",
            arrival: message.received,
            header: header_block(&start),
            message_id: &message.message_id,
            subject: &message.subject,
            full: (wants_all && is_whole).then_some(&*start),
        },
        recipients,
        language: Language::English,
    };
    Ok(report.build())
}

/// The message's first bytes, as much as a report may quote, and whether that is all of it. A
/// report may leave the organisation, so what the organisation says within itself is left out.
async fn beginning(message: &StoredMessage) -> Result<(Vec<u8>, bool), StoreError> {
    let mut outgoing = Outgoing::new(Departure::Foreign);
    let mut start = Vec::new();
    let rest = outgoing.push(&message.head, &mut start);
    start.extend_from_slice(rest);
    let mut reader = message.body.reader();
    while start.len() <= ORIGINAL_BYTES_MAX {
        let piece = reader.next().await?;
        if piece.is_empty() {
            outgoing.finish(&mut start);
            return Ok((start, true));
        }
        let rest = outgoing.push(piece, &mut start);
        start.extend_from_slice(rest);
    }
    start.truncate(ORIGINAL_BYTES_MAX);
    Ok((start, false))
}

/// Up to and with the line end before the empty line.
fn header_block(start: &[u8]) -> &[u8] {
    let end = start.windows(4).position(|window| window == b"\r\n\r\n");
    end.and_then(|end| start.get(..end + 2)).unwrap_or(start)
}

fn as_message(
    world: &World,
    sender: &Address,
    about: &StoredMessage,
    bytes: &[u8],
    kind: ReportKind,
    now: UnixMillis,
) -> Result<NewMessage, StoreError> {
    let word = match kind {
        ReportKind::Failed => "non-delivery report",
        ReportKind::Delayed => "delay notice",
        ReportKind::Relayed => "relay report",
    };
    OwnMail {
        reference: world.new_reference(),
        tenant: about.tenant,
        to: sender,
        subject: format!("{word}: {}", about.subject),
        detail: format!("{word} about {}", about.reference),
        bytes,
        now,
    }
    .message(world)
}
