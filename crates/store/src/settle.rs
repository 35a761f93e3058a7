//! What became of deliveries: queue row, trace row and reports change in one transaction.
//!
//! A message ends with its last recipient; its body file is unlinked after the commit, so that a
//! crash leaves at worst a file too many, never a row without its file.

use posthouse_trace::TraceStatus;
use posthouse_types::{Reason, UnixMillis};
use rusqlite::{Connection, OptionalExtension};

use crate::commit::Prepared;
use crate::trace::{Step, insert_event, record_step};
use crate::writer::{Class, Fault, Work};
use crate::{Committed, MessageId, Outcome, QueueId, Settlement, Store, StoreError};

/// Longest detail that is kept of one attempt, in bytes: four reply lines of full length.
const DETAIL_BYTES_MAX: usize = 4 * 512;

impl Store {
    /// Records what became of recipients, with the reports about it. One transaction.
    ///
    /// A recipient that is gone is passed over. Where all of them are gone, the settlement has
    /// been made before (its answer was lost to a failing disk), and no report is written again:
    /// so a caller may repeat a settlement that failed.
    ///
    /// # Errors
    /// As [`Store::commit`]; but a full disk gives up its reserve before a settlement fails.
    pub async fn settle(&self, settlement: Settlement) -> Result<Vec<Committed>, StoreError> {
        let Settlement { outcomes, reports, events } = settlement;
        let (mut prepared, mut files) = (Vec::new(), Vec::new());
        for report in reports {
            let (report, file) = self.prepare(report).await?;
            prepared.push(report);
            files.extend(file);
        }
        let bytes = prepared.iter().map(Prepared::bytes).sum();
        self.submit(Class::Settle, bytes, files, move |work| {
            if !apply(work, &outcomes, !prepared.is_empty())? && !outcomes.is_empty() {
                return Ok(Vec::new());
            }
            for event in &events {
                insert_event(work.connection, event)?;
            }
            prepared.iter().map(|report| report.insert(work.connection)).collect()
        })
        .await
    }
}

/// Applies outcomes; whether any of the recipients was still there.
pub(crate) fn apply(
    work: &mut Work<'_>,
    outcomes: &[(QueueId, Outcome)],
    reported: bool,
) -> Result<bool, Fault> {
    let mut any = false;
    for (id, outcome) in outcomes {
        let sql = if ends(outcome) {
            "DELETE FROM queue WHERE id = ?1 RETURNING message, trace, notice_sent"
        } else {
            "SELECT message, trace, notice_sent FROM queue WHERE id = ?1"
        };
        let found = work
            .connection
            .prepare_cached(sql)?
            .query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let Some((message, trace, notice_was_sent)): Option<(i64, Option<i64>, bool)> = found
        else {
            continue;
        };
        any = true;
        apply_one(work, *id, MessageId(message), outcome)?;
        if let Some(trace) = trace {
            let mut step = step_of(outcome);
            step.reported = reported
                && match outcome {
                    Outcome::Failed { .. } => true,
                    Outcome::Retry { notice_sent, .. } => *notice_sent && !notice_was_sent,
                    _ => false,
                };
            record_step(work.connection, trace, &step)?;
        }
    }
    Ok(any)
}

fn apply_one(
    work: &mut Work<'_>,
    id: QueueId,
    message: MessageId,
    outcome: &Outcome,
) -> Result<(), Fault> {
    match outcome {
        Outcome::Retry { due, reason, detail, notice_sent, .. } => {
            work.connection
                .prepare_cached(
                    "UPDATE queue SET state = 0, due = ?2, attempts = attempts + 1, reason = ?3,
                        detail = ?4, notice_sent = ?5
                     WHERE id = ?1 AND state < 3",
                )?
                .execute((id.0, due.0, reason.id(), cut(detail), notice_sent))?;
        }
        Outcome::Held { reason, detail, at } => {
            work.connection
                .prepare_cached(
                    "UPDATE queue SET state = 1, since = ?2, reason = ?3, detail = ?4
                     WHERE id = ?1 AND state < 3",
                )?
                .execute((id.0, at.0, reason.id(), cut(detail)))?;
        }
        Outcome::Delivered { .. } | Outcome::Failed { .. } | Outcome::Removed { .. } => {
            end_without_recipients(work, message)?;
        }
    }
    Ok(())
}

/// Whether a recipient leaves the queue with this outcome.
fn ends(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Delivered { .. } | Outcome::Failed { .. } | Outcome::Removed { .. } => true,
        Outcome::Retry { .. } | Outcome::Held { .. } => false,
    }
}

/// Takes a recipient out of the queue, and its message with the last one.
pub(crate) fn remove_recipient(
    work: &mut Work<'_>,
    id: QueueId,
    message: MessageId,
) -> Result<(), Fault> {
    work.connection.prepare_cached("DELETE FROM queue WHERE id = ?1")?.execute([id.0])?;
    end_without_recipients(work, message)
}

/// Ends a message that has no recipient left in the queue.
pub(crate) fn end_without_recipients(work: &mut Work<'_>, message: MessageId) -> Result<(), Fault> {
    let others = work
        .connection
        .prepare_cached("SELECT 1 FROM queue WHERE message = ?1 LIMIT 1")?
        .exists([message.0])?;
    if !others {
        work.fresh.take(message);
        let file = delete_message(work.connection, message)?;
        work.unlink.extend(file);
    }
    Ok(())
}

/// Deletes a message's rows; gives the name of its body file, to be unlinked after the commit.
pub(crate) fn delete_message(
    connection: &Connection,
    message: MessageId,
) -> rusqlite::Result<Option<String>> {
    connection.prepare_cached("DELETE FROM body WHERE message = ?1")?.execute([message.0])?;
    let file = connection
        .prepare_cached("DELETE FROM message WHERE id = ?1 RETURNING body_file")?
        .query_row([message.0], |row| row.get(0))
        .optional()?;
    Ok(file.flatten())
}

/// What an outcome is in the trace.
fn step_of(outcome: &Outcome) -> Step<'_> {
    let step = |status, at: &UnixMillis, reason: Option<Reason>, detail| Step {
        status,
        at: *at,
        reason: reason.map_or("", Reason::id),
        detail,
        to_ip: "",
        by: "",
        reported: false,
    };
    match outcome {
        Outcome::Delivered { to_ip, detail, at } => {
            Step { to_ip, ..step(TraceStatus::Delivered, at, None, cut(detail)) }
        }
        Outcome::Retry { reason, detail, at, .. } => {
            step(TraceStatus::Pending, at, Some(*reason), cut(detail))
        }
        Outcome::Failed { reason, detail, at } => {
            step(TraceStatus::Failed, at, Some(*reason), cut(detail))
        }
        Outcome::Held { reason, detail, at } => {
            step(TraceStatus::Quarantined, at, Some(*reason), cut(detail))
        }
        Outcome::Removed { by, at } => Step { by, ..step(TraceStatus::Failed, at, None, "") },
    }
}

/// The detail as far as it is kept, cut between characters.
pub(crate) fn cut(detail: &str) -> &str {
    let end = detail.floor_char_boundary(DETAIL_BYTES_MAX);
    detail.get(..end).unwrap_or_default()
}
