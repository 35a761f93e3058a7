//! Zero-hour: what was known of messages for two days, and verdicts that have changed since.
//!
//! The facts are the caller's text: the store keeps them beside each trace row, in the transaction
//! of the message, and forgets them by age. A change of verdict is one transaction: the recipient
//! leaves the queue for quarantine, with trace, event and a row that says what changed. A row that
//! is no longer where the caller saw it is left alone: whoever delivers it, or released it, was
//! first. The caller makes sure that nobody delivers what it moves.

mod list;

use posthouse_trace::{
    Bilingual, EventData, Explanation, Level, OperationalEvent, TraceStatus, TraceStep,
};
use posthouse_types::{Reason, TenantId, UnixMillis};
use rusqlite::{Connection, OptionalExtension};

use crate::quarantine::{self, KeptOf, QuarantineStatus};
use crate::trace::{Step, insert_event, note_step, record_step};
use crate::writer::{Class, Fault, Work};
use crate::{MessageId, NewQuarantine, QuarantineId, QueueId, Store, StoreError};
pub use list::{Changes, DeliveredPage, Examined, KeptPage, Where};

/// What a change costs in its transaction, about.
const CHANGE_BYTES: usize = 2048;

/// The step that brings the tables. See `schema`.
pub(crate) const STEP: &str = "
BEGIN IMMEDIATE;
CREATE TABLE zero_hour (
    trace INTEGER PRIMARY KEY,
    received INTEGER NOT NULL,
    facts TEXT NOT NULL
) STRICT;
CREATE TABLE verdict_change (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time INTEGER NOT NULL,
    tenant INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    trace INTEGER NOT NULL,
    reference TEXT NOT NULL,
    received INTEGER NOT NULL,
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    message_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    before TEXT NOT NULL,
    now TEXT NOT NULL,
    why_en TEXT NOT NULL,
    why_de TEXT NOT NULL,
    to_tell INTEGER NOT NULL   -- the hook has not been told of it yet
) STRICT;
CREATE INDEX verdict_change_tenant ON verdict_change (tenant, id);
CREATE INDEX verdict_change_time ON verdict_change (time);
CREATE INDEX verdict_change_to_tell ON verdict_change (id) WHERE to_tell = 1;
PRAGMA user_version = 6;
COMMIT;
";

/// The trace row of one recipient's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId(pub(crate) i64);

/// What a changed verdict led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeOutcome {
    /// It was taken out of the queue into quarantine.
    Quarantined,
    /// It was in quarantine, and has a graver reason now.
    Worsened,
    /// It was delivered before.
    Delivered,
    /// It is in quarantine, and a list would let it through now.
    Improved,
}

/// The numbers that the column holds are places in this table: add at the end only.
const OUTCOMES: [ChangeOutcome; 4] = [
    ChangeOutcome::Quarantined,
    ChangeOutcome::Worsened,
    ChangeOutcome::Delivered,
    ChangeOutcome::Improved,
];

impl ChangeOutcome {
    /// The word, in kebab-case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Quarantined => "quarantined",
            Self::Worsened => "worsened",
            Self::Delivered => "delivered",
            Self::Improved => "improved",
        }
    }

    fn number(self) -> i64 {
        (0i64..).zip(OUTCOMES).find(|(_, outcome)| *outcome == self).map_or(0, |(place, _)| place)
    }
}

/// A verdict that has changed, as it is kept and listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerdictChange {
    /// Its place in the list; 0 before it has one.
    pub id: i64,
    /// When it changed.
    pub time: UnixMillis,
    /// Whose message it is.
    pub tenant: TenantId,
    /// What came of it.
    pub outcome: ChangeOutcome,
    /// The message's trace row.
    pub trace: TraceId,
    /// The transaction's reference.
    pub reference: String,
    /// When the message was taken over.
    pub received: UnixMillis,
    /// MAIL FROM; empty is the null sender.
    pub sender: String,
    /// The recipient.
    pub recipient: String,
    /// The Message-ID header.
    pub message_id: String,
    /// The Subject.
    pub subject: String,
    /// The verdict's word before.
    pub before: String,
    /// And now.
    pub now: String,
    /// Why, in English.
    pub why_en: String,
    /// Why, in German.
    pub why_de: String,
}

/// What is done about a changed verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// From the queue into quarantine.
    Quarantine(QueueId, Box<NewQuarantine>),
    /// A graver reason for what is in quarantine.
    Worsen(QuarantineId, Box<NewQuarantine>),
    /// What is in quarantine stays there, and says that a list would let it through.
    Improve(QuarantineId),
    /// Nothing but to say so.
    Tell,
    /// Only the facts are kept: the message is on its way, and is looked at again.
    Remember,
}

/// One changed verdict, and what is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeOrder {
    /// What is done.
    pub act: Act,
    /// What is told.
    pub change: VerdictChange,
    /// What is known of the message from now on.
    pub facts: String,
}

/// Writes what is known of a message, in its transaction.
pub(crate) fn insert_facts(
    connection: &Connection,
    trace: i64,
    received: i64,
    facts: &str,
) -> Result<(), Fault> {
    connection
        .prepare_cached("INSERT INTO zero_hour (trace, received, facts) VALUES (?1, ?2, ?3)")?
        .execute((trace, received, facts))?;
    Ok(())
}

impl Store {
    /// Acts on changed verdicts, all in one transaction; gives those that were still where the
    /// caller saw them.
    ///
    /// # Errors
    /// As [`Store::settle`]; then nothing has changed.
    pub async fn change_verdicts(
        &self,
        orders: Vec<ChangeOrder>,
        now: UnixMillis,
    ) -> Result<Vec<VerdictChange>, StoreError> {
        let bytes = orders.len() * CHANGE_BYTES;
        self.submit(Class::Settle, bytes, Vec::new(), move |work| {
            let mut changed = Vec::with_capacity(orders.len());
            for order in &orders {
                if apply(work, order, now)? && order.act != Act::Remember {
                    changed.push(order.change.clone());
                }
            }
            Ok(changed)
        })
        .await
    }
}

fn apply(work: &Work<'_>, order: &ChangeOrder, now: UnixMillis) -> Result<bool, Fault> {
    let ChangeOrder { act, change, facts } = order;
    let is_there = match act {
        Act::Quarantine(queue, kept) => quarantine_queued(work, *queue, kept, change, now)?,
        Act::Worsen(id, kept) => worsen(work.connection, *id, kept, change, now)?,
        Act::Improve(id) => improve(work.connection, *id, change, now)?,
        Act::Tell | Act::Remember => true,
    };
    if !is_there {
        return Ok(false);
    }
    work.connection
        .prepare_cached("UPDATE zero_hour SET facts = ?2 WHERE trace = ?1")?
        .execute((change.trace.0, facts))?;
    if *act != Act::Remember {
        explain(work.connection, change)?;
        list::insert(work.connection, change)?;
        insert_event(work.connection, &event(change, now))?;
    }
    if *act == Act::Tell {
        let words = detail(change);
        note_step(
            work.connection,
            change.trace.0,
            TraceStep::ZeroHour,
            Reason::ZeroHour,
            &words,
            now,
        )?;
    }
    Ok(true)
}

/// Adds the change to what `explain` shows of the message.
fn explain(connection: &Connection, change: &VerdictChange) -> Result<(), Fault> {
    let json: Option<String> = connection
        .prepare_cached("SELECT explanation FROM trace WHERE id = ?1")?
        .query_row([change.trace.0], |row| row.get(0))
        .optional()?
        .flatten();
    let read = |json: String| serde_json::from_str::<Explanation>(&json).ok();
    let Some(mut explanation) = json.and_then(read) else { return Ok(()) };
    let Some(judgement) = &mut explanation.judgement else { return Ok(()) };
    judgement.since.push(sentence(change));
    let json = serde_json::to_string(&explanation)
        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
    connection
        .prepare_cached("UPDATE trace SET explanation = ?2 WHERE id = ?1")?
        .execute((change.trace.0, json))?;
    Ok(())
}

fn sentence(change: &VerdictChange) -> Bilingual {
    let VerdictChange { before, now, why_en, why_de, .. } = change;
    let (en, de) = match change.outcome {
        ChangeOutcome::Quarantined => (
            "taken from the queue into quarantine",
            "aus der Warteschlange in die Quarantäne genommen",
        ),
        ChangeOutcome::Worsened => {
            ("kept for the graver reason", "aus dem schwereren Grund zurückgehalten")
        }
        ChangeOutcome::Delivered => ("it was delivered before", "vorher schon zugestellt"),
        ChangeOutcome::Improved => {
            ("kept until somebody releases it", "zurückgehalten, bis jemand sie freigibt")
        }
    };
    Bilingual::new(
        format!("{now} instead of {before}; {en}. {why_en}"),
        format!("{now} statt {before}; {de}. {why_de}"),
    )
}

fn detail(change: &VerdictChange) -> String {
    format!("{} instead of {}: {}", change.now, change.before, change.why_en)
}

/// The recipient's row changes its state, and nothing else of the message does: one message stays
/// one object, and its release is that row's change back.
fn quarantine_queued(
    work: &Work<'_>,
    queue: QueueId,
    kept: &NewQuarantine,
    change: &VerdictChange,
    now: UnixMillis,
) -> Result<bool, Fault> {
    let moved: Option<(i64, Option<i64>)> = work
        .connection
        .prepare_cached(
            "UPDATE queue SET state = 3, since = ?2, reason = ?3, detail = ''
             WHERE id = ?1 AND state = 0 RETURNING message, trace",
        )?
        .query_row((queue.0, now.0, kept.quarantine.reason.id()), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((message, trace)) = moved else { return Ok(false) };
    // In memory it is as it was before: a release has to read it anew.
    work.fresh.take(MessageId(message));
    let of = KeptOf {
        message: MessageId(message),
        queue,
        tenant: Some(change.tenant.0.cast_signed()),
        reference: &change.reference,
        received: change.received,
        since: now,
        sender: Some(change.sender.as_str()).filter(|sender| !sender.is_empty()),
        recipient: &change.recipient,
        subject: &change.subject,
        message_id: &change.message_id,
        size: size_of(work.connection, message)?,
    };
    quarantine::insert_by(work.connection, &of, kept, "zero-hour", &detail(change))?;
    if let Some(trace) = trace {
        let words = detail(change);
        let step = Step {
            status: TraceStatus::Quarantined,
            at: now,
            reason: Reason::ZeroHour.id(),
            detail: &words,
            to_ip: "",
            by: "",
            reported: false,
        };
        record_step(work.connection, trace, &step)?;
    }
    Ok(true)
}

fn size_of(connection: &Connection, message: i64) -> rusqlite::Result<u64> {
    let size: Option<i64> = connection
        .prepare_cached("SELECT size FROM message WHERE id = ?1")?
        .query_row([message], |row| row.get(0))
        .optional()?;
    Ok(size.unwrap_or_default().cast_unsigned())
}

/// A graver reason and what it permits; it is kept at least as long as before.
fn worsen(
    connection: &Connection,
    id: QuarantineId,
    kept: &NewQuarantine,
    change: &VerdictChange,
    now: UnixMillis,
) -> Result<bool, Fault> {
    let days =
        std::time::Duration::from_secs(24 * 3600 * u64::from(kept.quarantine.retention_days));
    let changed = connection
        .prepare_cached(
            "UPDATE quarantine SET reason = ?2, policy_kind = ?3, policy_name = ?4,
                quarantine_policy = ?5, permissions = ?6, notifies = ?7,
                expires = max(expires, ?8),
                notify_due = CASE WHEN ?10 IS NULL THEN NULL WHEN notifies THEN notify_due
                    ELSE ?10 END
             WHERE id = ?1 AND status <> ?9",
        )?
        .execute((
            id.0,
            kept.quarantine.reason.id(),
            kept.policy.as_str(),
            &kept.policy_name,
            &kept.quarantine.policy,
            kept.quarantine.permissions,
            kept.quarantine.notifies,
            (now + days).0,
            QuarantineStatus::Released.number(),
            kept.notify_after.map(|after| (now + after).0),
        ))?;
    if changed == 0 {
        return Ok(false);
    }
    let words = detail(change);
    quarantine::note_zero_hour(connection, id, change.tenant, "worsened", &words, now)?;
    note_step(connection, change.trace.0, TraceStep::ZeroHour, Reason::ZeroHour, &words, now)?;
    Ok(true)
}

fn improve(
    connection: &Connection,
    id: QuarantineId,
    change: &VerdictChange,
    now: UnixMillis,
) -> Result<bool, Fault> {
    let words = detail(change);
    quarantine::note_zero_hour(connection, id, change.tenant, "improved", &words, now)?;
    note_step(connection, change.trace.0, TraceStep::ZeroHour, Reason::ZeroHour, &words, now)?;
    Ok(true)
}

fn event(change: &VerdictChange, now: UnixMillis) -> OperationalEvent {
    let shown =
        |text: &str| posthouse_types::printable(text, posthouse_types::SHOWN_CHARACTERS_MAX);
    let sender = if change.sender.is_empty() { "<>" } else { &change.sender };
    let done = match change.outcome {
        ChangeOutcome::Quarantined => "it was taken from the queue into quarantine",
        ChangeOutcome::Worsened => "it stays in quarantine for the graver reason",
        ChangeOutcome::Delivered => "it was delivered before",
        ChangeOutcome::Improved => "it stays in quarantine until somebody releases it",
    };
    let level = match change.outcome {
        ChangeOutcome::Delivered => Level::Warning,
        _ => Level::Information,
    };
    OperationalEvent {
        time: now.0,
        level,
        tenant: Some(change.tenant.0),
        reference: change.reference.clone(),
        reason: Reason::ZeroHour.id().to_owned(),
        text: format!(
            "Mail from {} to {} is {} now, not {}: {done}. {}",
            shown(sender),
            shown(&change.recipient),
            change.now,
            change.before,
            change.why_en,
        ),
        data: EventData::VerdictChanged {
            outcome: change.outcome.as_str().to_owned(),
            before: change.before.clone(),
            now: change.now.clone(),
        },
    }
}

/// Forgets facts that are too old to be judged again, and changes that have been listed long
/// enough; gives how many.
pub(crate) fn purge(
    connection: &Connection,
    facts_before: UnixMillis,
    changes_before: UnixMillis,
    rows_max: u64,
) -> Result<u64, Fault> {
    // Trace rows come in the order of time, near enough: only the oldest are looked at.
    let facts = connection
        .prepare_cached(
            "DELETE FROM zero_hour WHERE trace IN (SELECT trace FROM
                (SELECT trace, received FROM zero_hour ORDER BY trace LIMIT ?2)
                WHERE received < ?1)",
        )?
        .execute((facts_before.0, rows_max.cast_signed()))? as u64;
    let left = rows_max.saturating_sub(facts);
    let changes = connection
        .prepare_cached(
            "DELETE FROM verdict_change WHERE id IN (SELECT id FROM verdict_change WHERE time < ?1
                ORDER BY time LIMIT ?2)",
        )?
        .execute((changes_before.0, left.cast_signed()))? as u64;
    Ok(facts + changes)
}
