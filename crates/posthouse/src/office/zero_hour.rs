//! Verdicts that have changed, as administrators and the hook see them: one JSON object a line.
//!
//! May touch: the store, for reading.

use posthouse_message::date_rfc3339;
use posthouse_policy::Directory;
use posthouse_store::{Changes, VerdictChange};
use posthouse_types::{UnixMillis, printable};
use serde_json::{Value, json};

use super::{Answer, Office};

impl Office {
    /// What was found, newest first.
    pub(super) async fn verdict_changes(
        &self,
        tenant: Option<String>,
        since: Option<i64>,
        limit: usize,
    ) -> Answer {
        let tenant = tenant.map(|name| self.tenant(&name)).transpose()?.map(|(id, _)| id);
        let since = since.map(UnixMillis);
        let changes = Changes { tenant, since, only_to_tell: false, limit };
        let changes = self.store.verdict_changes(changes).await?;
        let directory = self.directory();
        Ok(changes.iter().map(|change| change_line(change, &directory)).collect())
    }
}

/// One change as a line of JSON.
pub(crate) fn change_line(change: &VerdictChange, directory: &Directory) -> Value {
    let tenant = directory.tenant(change.tenant).map(|tenant| tenant.name.to_string());
    let sender = if change.sender.is_empty() { "<>" } else { &change.sender };
    let sentence = format!(
        "{}  {:<11} {} -> {}  {} instead of {}\n    {}  {}\n    {}",
        date_rfc3339(change.time).get(..19).unwrap_or_default(),
        change.outcome.as_str(),
        printable(sender, 24),
        printable(&change.recipient, 24),
        change.now,
        change.before,
        change.reference,
        printable(&change.subject, 60),
        printable(&change.why_en, 94),
    );
    json!({
        "id": change.id,
        "time": date_rfc3339(change.time),
        "tenant": tenant,
        "outcome": change.outcome.as_str(),
        "reference": change.reference,
        "received": date_rfc3339(change.received),
        "sender": change.sender,
        "recipient": change.recipient,
        "message_id": change.message_id,
        "subject": change.subject,
        "before": change.before,
        "now": change.now,
        "why": { "en": change.why_en, "de": change.why_de },
        "sentence": sentence,
    })
}
