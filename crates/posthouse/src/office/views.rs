//! What administrators read: trace, queue, explanations, events, tenants. One JSON object a line,
//! with stable field names; the command line draws people's view from the same objects.
//!
//! May touch: the store, for reading, and the queue's rows for retry and removal.

use posthouse_message::date_rfc3339;
use posthouse_policy::Tenant;
use posthouse_store::{EventQuery, Outcome, QueueFilter as StoreFilter, TraceQuery};
use posthouse_store::{QueueState, QueuedRecipient, Settlement};
use posthouse_trace::{self as trace, TraceRow, TraceStatus};
use posthouse_types::{Reference, TenantId, UnixMillis};
use serde_json::{Value, json};

use super::{
    Answer, EventFilter, Office, QueueFilter, TraceFilter, Trouble, changes, list_entries,
};
use crate::outbound::QueueChange;

impl Office {
    /// Every tenant, or one, as files.
    pub(super) async fn export(&self, name: Option<&str>, now: UnixMillis) -> Answer {
        let tenants = match name {
            Some(name) => vec![(*self.tenant(name)?.1).clone()],
            None => self.each_tenant(|_, tenant| tenant).await?,
        };
        let file = |tenant: &Tenant| {
            let mut warnings = self.warnings(tenant)?;
            warnings.extend(list_entries::expired(tenant, now));
            let (name, toml) = (tenant.name.to_string(), tenant.to_toml());
            Ok(json!({"tenant": name, "toml": toml, "warnings": warnings}))
        };
        tenants.iter().map(file).collect()
    }

    /// All tenants, a line each.
    pub(super) async fn tenants(&self) -> Answer {
        self.each_tenant(|id, tenant| changes::tenant_line(id, &tenant)).await
    }

    pub(super) async fn each_tenant<T: Send + 'static>(
        &self,
        make: impl Fn(TenantId, Tenant) -> T + Send + 'static,
    ) -> Result<Vec<T>, Trouble> {
        let each = move |made: &mut Vec<T>, id: TenantId, _: &str, json: &str| {
            // One that cannot be read was named when the directory was loaded.
            made.extend(Tenant::from_json(json).ok().map(|tenant| make(id, tenant)));
        };
        Ok(self.store.for_each_tenant(Vec::new(), each).await?)
    }

    /// Message trace, newest first.
    pub(super) async fn trace(&self, filter: TraceFilter) -> Answer {
        let tenant = filter.tenant.map(|name| self.tenant(&name)).transpose()?.map(|(id, _)| id);
        let status = filter.status.as_deref().map(status).transpose()?;
        let query = TraceQuery {
            tenant,
            sender: filter.sender,
            recipient: filter.recipient,
            reference: filter.reference,
            message_id: filter.message_id,
            since: filter.since.map(UnixMillis),
            status,
            limit: filter.limit,
            ..TraceQuery::default()
        };
        let rows = self.store.trace(query).await?;
        Ok(rows.iter().map(|stored| trace::row_json(&stored.row)).collect())
    }

    /// The queue, by place.
    pub(super) async fn queue(&self, filter: QueueFilter, now: UnixMillis) -> Answer {
        let recipients = self.found(filter).await?;
        Ok(recipients.iter().map(|recipient| self.queue_line(recipient, now)).collect())
    }

    /// Makes what is found due now; held mail goes back into the queue.
    pub(super) async fn queue_retry(&self, filter: QueueFilter, now: UnixMillis) -> Answer {
        let recipients = self.found(filter).await?;
        let mut count = 0;
        for recipient in recipients {
            let place = StoreFilter { id: Some(recipient.id), ..StoreFilter::default() };
            count += match recipient.state {
                QueueState::Held => self.store.release(place, now).await?,
                QueueState::Queued => self.store.retry_now(place, now).await?,
                QueueState::Damaged => 0,
            };
        }
        (self.queue_changed)(QueueChange::Retry);
        let sentence = format!("{count} recipients are tried now");
        Ok(vec![json!({"retried": count, "sentence": sentence})])
    }

    /// Gives up on what is found, without telling anybody.
    pub(super) async fn queue_remove(&self, filter: QueueFilter, now: UnixMillis) -> Answer {
        let recipients = self.found(filter).await?;
        let count = recipients.len();
        let removed =
            || Outcome::Removed { by: "an operator at the command line".to_owned(), at: now };
        let outcomes = recipients.iter().map(|recipient| (recipient.id, removed())).collect();
        self.store.settle(Settlement { outcomes, ..Settlement::default() }).await?;
        (self.queue_changed)(QueueChange::Rows);
        Ok(vec![json!({"removed": count, "sentence": format!("{count} recipients were removed")})])
    }

    /// All that is known under a reference: one object for each recipient.
    pub(super) async fn explain(&self, text: &str) -> Answer {
        let reference: Reference = text
            .parse()
            .map_err(|error| Trouble::new(format!("\"{text}\" is no reference: {error}"), ""))?;
        let rows = self.store.trace_by_reference(&reference).await?;
        if rows.is_empty() {
            let next = "ask the node that wrote the reply: its name stands first in the brackets";
            return Err(Trouble::new(format!("nothing is known under {reference}"), next));
        }
        Ok(by_recipient(rows).iter().map(explanation_line).collect())
    }

    /// The operational event log, newest first.
    pub(super) async fn events(&self, filter: EventFilter) -> Answer {
        let tenant = filter.tenant.map(|name| self.tenant(&name)).transpose()?.map(|(id, _)| id);
        let query = EventQuery {
            tenant,
            reference: filter.reference,
            since: filter.since.map(UnixMillis),
            limit: filter.limit,
            ..EventQuery::default()
        };
        let mut events = self.store.events(query).await?;
        // A log is read downwards: of what was found, the oldest comes first.
        events.reverse();
        let line = |record: i64, event| json!({"record": record, "event": event});
        Ok(events.into_iter().map(|stored| line(stored.record.number(), stored.event)).collect())
    }

    /// A consistent copy while running.
    pub(super) async fn backup(&self, directory: &str) -> Answer {
        let report = self.store.backup(directory.as_ref()).await?;
        let sentence = format!(
            "{} messages and {} body files are in {directory}; to restore, start a node with it as \
             data_dir",
            report.messages, report.bodies
        );
        Ok(vec![json!({
            "directory": directory,
            "messages": report.messages,
            "body_files": report.bodies,
            "sentence": sentence,
        })])
    }

    async fn found(&self, filter: QueueFilter) -> Result<Vec<QueuedRecipient>, Trouble> {
        let tenant = filter.tenant.map(|name| self.tenant(&name)).transpose()?.map(|(id, _)| id);
        let reference = filter
            .reference
            .map(|text| text.parse::<Reference>())
            .transpose()
            .map_err(|error| Trouble::new(error.to_string(), ""))?;
        let query = StoreFilter {
            tenant,
            reference,
            state: filter.held.map(|_| QueueState::Held),
            text: filter.recipient,
            limit: filter.limit,
            ..StoreFilter::default()
        };
        Ok(self.store.queue(query).await?)
    }

    fn queue_line(&self, recipient: &QueuedRecipient, now: UnixMillis) -> Value {
        let directory = self.directory();
        let tenant = recipient.tenant.and_then(|id| directory.tenant(id));
        json!({
            "reference": recipient.reference.to_string(),
            "tenant": tenant.map(|tenant| tenant.name.to_string()),
            "state": recipient.state.as_str(),
            "sender": recipient.sender.as_ref().map(ToString::to_string).unwrap_or_default(),
            "recipient": recipient.address.to_string(),
            "received": date_rfc3339(recipient.received),
            "due": date_rfc3339(recipient.due),
            "due_in_seconds": recipient.due.since(now).as_secs(),
            "attempts": recipient.attempts,
            "reason": recipient.last_reason.map(|reason| reason.id()).unwrap_or_default(),
            "detail": recipient.last_detail,
            "size": recipient.size,
            "message_id": recipient.message_id,
            "subject": recipient.subject,
        })
    }
}

/// A row's last step, in words.
fn story(row: &TraceRow) -> String {
    match row.events.last() {
        Some(last) => format!("{}: {}", row.status.as_str(), last.detail),
        None => row.status.as_str().to_owned(),
    }
}

/// A status by Microsoft's word, in any case.
fn status(word: &str) -> Result<TraceStatus, Trouble> {
    let all = [
        TraceStatus::Delivered,
        TraceStatus::Expanded,
        TraceStatus::Failed,
        TraceStatus::Pending,
        TraceStatus::Quarantined,
        TraceStatus::FilteredAsSpam,
        TraceStatus::GettingStatus,
    ];
    all.into_iter().find(|status| status.as_str().eq_ignore_ascii_case(word)).ok_or_else(|| {
        let words: Vec<&str> = all.iter().map(|status| status.as_str()).collect();
        Trouble::new(format!("{word} is no status"), format!("one of {}", words.join(", ")))
    })
}

/// One row for each recipient: what several tenants see apart, the operator sees together.
fn by_recipient(rows: Vec<TraceRow>) -> Vec<TraceRow> {
    let mut merged: Vec<TraceRow> = Vec::new();
    for row in rows {
        let same = merged.iter_mut().find(|other| other.recipient == row.recipient);
        match same {
            None => merged.push(row),
            Some(other) => {
                if let (Some(mine), Some(more)) = (&mut other.explanation, row.explanation) {
                    for connector in more.connectors {
                        if !mine.connectors.contains(&connector) {
                            mine.connectors.push(connector);
                        }
                    }
                }
            }
        }
    }
    merged
}

/// The explanation, or where nothing was refused the row's story in the same shape.
fn explanation_line(row: &TraceRow) -> Value {
    let mut line = match &row.explanation {
        Some(explanation) => json!(explanation),
        None => json!({
            "reason": row.reason,
            "sentence": story(row),
            "sender": row.sender,
            "recipient": row.recipient,
            "connectors": [],
            "fix": [],
        }),
    };
    if let Some(line) = line.as_object_mut() {
        line.insert("reference".to_owned(), json!(row.reference));
        line.insert("time".to_owned(), json!(date_rfc3339(UnixMillis(row.received))));
        line.insert("status".to_owned(), json!(row.status.as_str()));
        line.insert(
            "events".to_owned(),
            trace::row_json(row).get("events").cloned().unwrap_or_default(),
        );
    }
    line
}
