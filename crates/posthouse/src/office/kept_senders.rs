//! Senders of mail in quarantine, allowed or blocked by who deals with it (spec 3.2: AllowSender,
//! BlockSender).
//!
//! May touch: the store's record, and the tenant as any other change does. A user's wish goes into
//! that user's own lists, an administrator's into the tenant's for thirty days. It is the address
//! that is shown which counts, as those lists look at it.

use posthouse_message::{date_rfc3339, read_author};
use posthouse_store::{QuarantineRefused, Quarantined, SenderAct};
use posthouse_types::{UnixMillis, printable};
use serde_json::{Value, json};

use super::blocking::LISTED_FOR;
use super::quarantine::refused;
use super::{ActingAs, Edit, Office, SenderList, Trouble};

impl Office {
    /// Whom the message shows as its sender, where the one who acts may list him.
    pub(super) async fn sender_of(
        &self,
        row: &Quarantined,
        acting: &ActingAs,
        act: SenderAct,
        now: UnixMillis,
    ) -> Result<String, Trouble> {
        if !acting.actor().may(row, act.permission()) {
            return Err(refused(row, QuarantineRefused::NotPermitted));
        }
        let author = read_author(&self.kept_bytes(row.message, now).await?);
        let first = author.addresses.into_iter().next();
        first.ok_or_else(|| Trouble::new("it has no sender that could be listed", ""))
    }

    /// Puts the sender into the list of who acts, and writes that down.
    pub(super) async fn list_sender(
        &self,
        row: &Quarantined,
        acting: &ActingAs,
        (act, sender): (SenderAct, String),
        now: UnixMillis,
    ) -> Result<Value, Trouble> {
        let directory = self.loaded()?;
        let tenant = row.tenant.and_then(|id| directory.tenant(id));
        let tenant = tenant.ok_or_else(|| Trouble::new("it is no tenant's", ""))?;
        let name = tenant.name.to_string();
        let until = date_rfc3339(now + LISTED_FOR);
        let until = until.get(..10).unwrap_or_default();
        let word = match act {
            SenderAct::Allow => "allow",
            SenderAct::Block => "block",
        };
        let (edit, list) = match &acting.user {
            Some(user) => {
                let list = match act {
                    SenderAct::Allow => SenderList::Safe,
                    SenderAct::Block => SenderList::Blocked,
                };
                let senders = vec![sender.clone()];
                let address = user.clone();
                (Edit::RecipientSenders { address, senders, list }, format!("the list of {user}"))
            }
            None => (
                Edit::ListEntry {
                    list_type: "sender".to_owned(),
                    value: sender.clone(),
                    action: word.to_owned(),
                    expiration_date: until.to_owned(),
                    notes: format!(
                        "{} of message {} in quarantine, by {}",
                        act.as_str(),
                        row.id.number(),
                        printable(&acting.by, 40)
                    ),
                },
                format!("the list of {name} until {until}"),
            ),
        };
        self.edit(&name, edit, now).await?;
        let noted = (act, format!("{sender}, in {list}"));
        let noted = self.store.note_quarantine_sender(row.id, acting.actor(), noted, now).await?;
        noted.map_err(|why| refused(row, why))?;
        Ok(json!({
            "id": row.id.number(),
            "tenant": name,
            "sender": sender,
            "action": word,
            "recipient": acting.user,
            "sentence": format!("{sender}: {word} in {list}"),
        }))
    }
}
