//! Block entries that come with a report: its sender, links and files, for thirty days.
//!
//! May touch: the tenant, as any other change does. What a person did not name is not blocked: a
//! message of a thief holds links and pictures of whom he imitates, too.

use std::time::Duration;

use posthouse_filter::{self as filter, Tools};
use posthouse_message::{date_rfc3339, read_author};
use posthouse_store::Report;
use posthouse_types::{UnixMillis, printable};
use serde_json::{Value, json};

use super::{ActingAs, Block, Edit, Office, Trouble, Word};

/// How long an entry lasts that comes with an act (spec 2.11: the default of an entry).
pub(super) const LISTED_FOR: Duration = Duration::from_secs(30 * 24 * 3600);

/// One entry: its type, its value.
pub(super) type Entry = (&'static str, String);

/// The entries that a report asks for.
///
/// # Errors
/// Somebody asks who may not, or for something that the message does not have.
pub(super) async fn entries(
    block: &Block,
    word: Word,
    acting: &ActingAs,
    message: &[u8],
) -> Result<Vec<Entry>, Trouble> {
    if !block.sender && block.urls.is_empty() && block.files.is_empty() {
        return Ok(Vec::new());
    }
    if acting.user.is_some() || word == Word::NotJunk {
        return Err(Trouble::new(
            "only an administrator blocks, and only what is junk or phishing",
            "leave out --block-sender, --block-url and --block-file",
        ));
    }
    let message = message.to_vec();
    let measured = tokio::task::spawn_blocking(move || {
        (read_author(&message), filter::measure(&message, &Tools::default()).1)
    });
    let (author, measured) = measured
        .await
        .map_err(|panic| Trouble::new(format!("it could not be read: {panic}"), ""))?;
    let mut entries: Vec<Entry> = block.urls.iter().map(|url| ("url", url.clone())).collect();
    if block.sender {
        let Some(address) = author.addresses.into_iter().next() else {
            return Err(Trouble::new("it has no sender that could be blocked", ""));
        };
        entries.push(("sender", address));
    }
    for name in &block.files {
        let named = measured.attachments.items.iter().find(|item| item.shown_name() == *name);
        let hash = named.and_then(|item| item.sha256_hex()).ok_or_else(|| {
            let shown = printable(name, 60);
            Trouble::new(format!("it has no file {shown}"), "name it as the message does")
        })?;
        entries.push(("file-hash", hash));
    }
    Ok(entries)
}

impl Office {
    /// Blocks what a report names; mail of the last two days is judged again by it.
    pub(super) async fn block(
        &self,
        report: &Report,
        entries: Vec<Entry>,
        now: UnixMillis,
    ) -> Result<Vec<Value>, Trouble> {
        let directory = self.loaded()?;
        let Some(tenant) = directory.tenant(report.tenant) else { return Ok(Vec::new()) };
        let name = tenant.name.to_string();
        let until = date_rfc3339(now + LISTED_FOR);
        let until = until.get(..10).unwrap_or_default();
        let mut lines = Vec::new();
        for (list_type, value) in entries {
            let edit = Edit::ListEntry {
                list_type: list_type.to_owned(),
                value: value.clone(),
                action: "block".to_owned(),
                expiration_date: until.to_owned(),
                notes: format!("reported as {} by {}", report.said, printable(&report.by, 40)),
            };
            self.edit(&name, edit, now).await?;
            lines.push(json!({
                "tenant": name,
                "list_type": list_type,
                "value": value,
                "action": "block",
                "expiration_date": until,
                "sentence": format!("{list_type} {value} is blocked until {until}"),
            }));
        }
        Ok(lines)
    }
}
