//! Who may not send, as administrators see and release it.
//!
//! May touch: the store's restrictions, and the running node's counters.

use posthouse_message::date_rfc3339;
use posthouse_types::UnixMillis;
use serde_json::json;

use super::{Answer, Office, Trouble};

impl Office {
    /// Everybody who is restricted at this moment.
    pub(super) async fn restricted(&self, tenant: Option<&str>, now: UnixMillis) -> Answer {
        let only = tenant.map(|name| self.tenant(name)).transpose()?.map(|(id, _)| id);
        let directory = self.loaded()?;
        let rows = self.store.restricted().await?;
        let lines = rows
            .into_iter()
            .filter(|row| only.is_none_or(|only| row.tenant == only))
            .filter(|row| row.until.is_none_or(|until| until > now))
            .map(|row| {
                let tenant = directory.tenant(row.tenant).map(|tenant| tenant.name.to_string());
                let tenant = tenant.unwrap_or_default();
                let until = row.until.map(date_rfc3339);
                let ends = until.as_deref().unwrap_or("it is released");
                let sentence = format!(
                    "{tenant}: {} {} may not send since {}, until {ends}: {}",
                    row.kind,
                    row.name,
                    date_rfc3339(row.since),
                    row.why
                );
                json!({
                    "tenant": tenant,
                    "kind": row.kind,
                    "name": row.name,
                    "since": date_rfc3339(row.since),
                    "until": until,
                    "why": row.why,
                    "sentence": sentence,
                })
            })
            .collect();
        Ok(lines)
    }

    /// Lets a sender send again.
    pub(super) async fn release(&self, tenant: &str, sender: &str) -> Answer {
        let (id, _) = self.tenant(tenant)?;
        if !self.restrictions.release(&self.store, id, sender).await? {
            return Err(Trouble::new(
                format!("{sender} of {tenant} is not restricted"),
                "posthouse restricted list",
            ));
        }
        let sentence = format!("{sender} of {tenant} may send again.");
        Ok(vec![json!({"tenant": tenant, "name": sender, "sentence": sentence})])
    }
}
