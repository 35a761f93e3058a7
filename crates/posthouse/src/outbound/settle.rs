//! What a delivery's end means for each recipient: delivered, tried again, returned or held; and
//! whether the sender is told. Pure: the attempt in, decisions out.
//!
//! Who is told (decision 6): the sender of attributed mail, unless it is the null sender or said
//! NOTIFY without FAILURE. Everybody else's mail is held for the tenant: no backscatter, no loss.

use posthouse_queue::{NextStep, RetrySchedule};
use posthouse_smtp::client::RecipientOutcome;
use posthouse_smtp::reply_reader::RemoteReply;
use posthouse_store::{Outcome, QueueState, QueuedRecipient};
use posthouse_trace::{EventData, Level, OperationalEvent};
use posthouse_types::{EnhancedStatus, Reason, UnixMillis};

/// What became of one recipient, as seen from here.
#[derive(Clone, Debug)]
pub(super) struct End {
    pub(super) outcome: RecipientOutcome,
    /// The address it went to; empty where nothing was reached.
    pub(super) to_ip: String,
    /// Our own words, where the remote server said nothing.
    pub(super) text: String,
}

/// Everything that decides: one attempt, and the rules of the queue.
pub(super) struct Situation<'a> {
    pub(super) recipients: &'a [QueuedRecipient],
    /// In the order of `recipients`.
    pub(super) ends: &'a [End],
    pub(super) schedule: &'a RetrySchedule,
    /// The route is a connector's, so that a refused relay is a matter of its set-up.
    pub(super) via_connector: bool,
    pub(super) now: UnixMillis,
    /// A random byte that pulls retries apart.
    pub(super) spread: u8,
}

/// What happens to one recipient.
pub(super) struct Decision {
    pub(super) outcome: Outcome,
    /// The report that the sender gets.
    pub(super) report: Option<ReportKind>,
    pub(super) reason: Option<Reason>,
    pub(super) status: EnhancedStatus,
}

/// Which report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReportKind {
    /// It is returned.
    Failed,
    /// It is late, and still tried.
    Delayed,
    /// It was handed to a server that does not report (RFC 3461 section 5.2.2).
    Relayed,
}

/// Decides for every recipient.
pub(super) fn decide(situation: &Situation<'_>) -> Vec<Decision> {
    situation
        .recipients
        .iter()
        .zip(situation.ends)
        .map(|(recipient, end)| decide_one(situation, recipient, end))
        .collect()
}

fn decide_one(situation: &Situation<'_>, recipient: &QueuedRecipient, end: &End) -> Decision {
    let at = situation.now;
    let detail = detail(end);
    match &end.outcome {
        RecipientOutcome::Delivered { dsn_passed_on, .. } => {
            let asked = recipient.parameters.notify.is_some_and(|notify| notify.success);
            let report = asked && !dsn_passed_on && knows_sender(recipient);
            Decision {
                outcome: Outcome::Delivered { to_ip: end.to_ip.clone(), detail, at },
                report: report.then_some(ReportKind::Relayed),
                reason: None,
                status: EnhancedStatus(2, 0, 0),
            }
        }
        // The smart host does not recognise us: that is the connector's fault, not the message's.
        // It waits for the repair, and its sender is told at once what is wrong.
        RecipientOutcome::Failed { reason: Reason::RelayRefused, status, .. }
            if situation.via_connector =>
        {
            retry(situation, recipient, Reason::RelayRefused, *status, detail, Notice::AtOnce)
        }
        RecipientOutcome::Failed { reason, status, .. } => {
            give_up(recipient, *reason, *status, detail, at)
        }
        RecipientOutcome::Deferred { reason, status, .. } => {
            retry(situation, recipient, *reason, *status, detail, Notice::WhenLate)
        }
    }
}

/// When a sender hears of a delay.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Notice {
    AtOnce,
    WhenLate,
}

fn retry(
    situation: &Situation<'_>,
    recipient: &QueuedRecipient,
    reason: Reason,
    status: EnhancedStatus,
    detail: String,
    notice: Notice,
) -> Decision {
    let attempts = recipient.attempts.saturating_add(1);
    let (schedule, now) = (situation.schedule, situation.now);
    let due = match schedule.after_failure(attempts, recipient.since, now, situation.spread) {
        NextStep::RetryAt(due) => due,
        NextStep::GiveUp => {
            let status = EnhancedStatus(5, 4, 300);
            return give_up(recipient, Reason::MessageExpired, status, detail, now);
        }
    };
    let late =
        notice == Notice::AtOnce || schedule.delay_notice_due(attempts, recipient.since, now);
    let wanted = recipient.parameters.notify.is_none_or(|notify| notify.delay && !notify.never);
    let tell = late && wanted && !recipient.notice_sent && knows_sender(recipient);
    let notice_sent = recipient.notice_sent || tell;
    Decision {
        outcome: Outcome::Retry { due, reason, detail, notice_sent, at: now },
        report: tell.then_some(ReportKind::Delayed),
        reason: Some(reason),
        status,
    }
}

fn give_up(
    recipient: &QueuedRecipient,
    reason: Reason,
    status: EnhancedStatus,
    detail: String,
    at: UnixMillis,
) -> Decision {
    let wanted = recipient.parameters.notify.is_none_or(|notify| notify.failure && !notify.never);
    let (outcome, report) = if wanted && knows_sender(recipient) {
        (Outcome::Failed { reason, detail, at }, Some(ReportKind::Failed))
    } else {
        (
            Outcome::Held {
                reason: Reason::Undeliverable,
                detail: format!("{reason}: {detail}"),
                at,
            },
            None,
        )
    };
    Decision { outcome, report, reason: Some(reason), status }
}

/// Whether there is somebody who may be told: an attributed sender that is not null.
fn knows_sender(recipient: &QueuedRecipient) -> bool {
    recipient.authenticated && recipient.sender.is_some()
}

fn detail(end: &End) -> String {
    match end.outcome.reply() {
        Some(reply) => words(reply),
        None => end.text.clone(),
    }
}

/// The remote server's words on one line.
pub(super) fn words(reply: &RemoteReply) -> String {
    reply.raw_lines().join(" ")
}

/// The events that decisions leave: mail that is held ends in front of an administrator.
pub(super) fn events(
    recipients: &[QueuedRecipient],
    decisions: &[Decision],
    now: UnixMillis,
) -> Vec<OperationalEvent> {
    let held = recipients.iter().zip(decisions).filter_map(|(recipient, decision)| {
        let Outcome::Held { reason, detail, .. } = &decision.outcome else { return None };
        Some(OperationalEvent {
            time: now.0,
            level: Level::Warning,
            tenant: recipient.tenant.map(|tenant| tenant.0),
            reference: recipient.reference.to_string(),
            reason: reason.id().to_owned(),
            text: format!("A message was held: {detail}"),
            data: EventData::MessageHeld {
                sender: recipient.sender.as_ref().map(ToString::to_string).unwrap_or_default(),
                recipient: recipient.address.to_string(),
            },
        })
    });
    held.collect()
}

impl Decision {
    /// The outcome's word, for metrics.
    pub(super) fn word(&self) -> &'static str {
        match self.outcome {
            Outcome::Delivered { .. } => "delivered",
            Outcome::Retry { .. } => "deferred",
            Outcome::Failed { .. } => "returned",
            Outcome::Held { .. } => "held",
            Outcome::Removed { .. } => "removed",
        }
    }

    /// Notes the decision on the recipient as memory holds it, as the store did on disk.
    pub(super) fn note(&self, recipient: &mut QueuedRecipient) {
        match &self.outcome {
            Outcome::Retry { due, reason, detail, notice_sent, .. } => {
                recipient.attempts = recipient.attempts.saturating_add(1);
                recipient.due = *due;
                recipient.last_reason = Some(*reason);
                recipient.last_detail.clone_from(detail);
                recipient.notice_sent = *notice_sent;
            }
            // Anything else is in the queue no more.
            _ => recipient.state = QueueState::Held,
        }
    }
}
