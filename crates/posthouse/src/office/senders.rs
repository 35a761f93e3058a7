//! Recipients' own safe and blocked senders, as administrators see and change them.
//!
//! May touch: the directory snapshot. A change goes the way of every change to a tenant's file.

use posthouse_policy::{FromText, ListedSender};
use serde::{Deserialize, Serialize};
use serde_json::json;
use toml::{Table, Value as Toml};

use super::{Answer, Office, Trouble};

/// Which of a recipient's lists senders are to stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SenderList {
    /// Their mail is to reach the inbox.
    Safe,
    /// Their mail is to go to the junk folder.
    Blocked,
    /// In none.
    Neither,
}

const KEYS: [(&str, SenderList); 2] =
    [("safe_senders", SenderList::Safe), ("blocked_senders", SenderList::Blocked)];

impl Office {
    /// A recipient's lists, a line for each entry.
    pub(super) fn recipient_senders(&self, tenant: &str, address: &str) -> Answer {
        let (_, found) = self.tenant(tenant)?;
        let parsed = posthouse_smtp::parse_address(address, true)
            .map_err(|error| Trouble::new(format!("{address} is no address: {error}"), ""))?;
        if !found.recipients.contains(&parsed) {
            return Err(no_such_recipient(tenant, address));
        }
        let Some(lists) = found.sender_lists(&parsed) else { return Ok(Vec::new()) };
        let line = |list: &str, sender: &ListedSender| {
            let recipient = lists.recipient();
            let sentence = format!("{recipient}: {sender} is {list}");
            json!({"tenant": tenant, "recipient": recipient, "list": list,
                "sender": sender.as_str(), "sentence": sentence})
        };
        let safe = lists.safe_senders.iter().map(|sender| line("safe", sender));
        Ok(safe.chain(lists.blocked_senders.iter().map(|sender| line("blocked", sender))).collect())
    }
}

/// Puts senders into one of a recipient's lists, and takes them out of the other: the latest word
/// counts.
pub(super) fn put(
    file: &mut Table,
    address: &str,
    senders: &[String],
    list: SenderList,
) -> Result<(), Trouble> {
    let senders = senders.iter().map(|sender| ListedSender::from_text(sender));
    let senders = senders.collect::<Result<Vec<_>, _>>();
    let senders = senders.map_err(|error| Trouble::new(error, ""))?;
    let tenant = file.get("tenant").and_then(|head| head.get("name")).and_then(Toml::as_str);
    let missing = no_such_recipient(tenant.unwrap_or_default(), address);
    let rows = file.get_mut("recipient").and_then(Toml::as_array_mut);
    let is_this = |row: &&mut Toml| {
        row.get("address").and_then(Toml::as_str).is_some_and(|it| it.eq_ignore_ascii_case(address))
    };
    let row = rows.and_then(|rows| rows.iter_mut().find(is_this)).and_then(Toml::as_table_mut);
    let row = row.ok_or(missing)?;
    for (key, of) in KEYS {
        let mut entries = row.get(key).and_then(Toml::as_array).cloned().unwrap_or_default();
        let named = |entry: &Toml| senders.iter().any(|it| entry.as_str() == Some(it.as_str()));
        entries.retain(|entry| !named(entry));
        if of == list {
            entries.extend(senders.iter().map(|sender| Toml::String(sender.to_string())));
        }
        row.insert(key.to_owned(), Toml::Array(entries));
    }
    Ok(())
}

fn no_such_recipient(tenant: &str, address: &str) -> Trouble {
    let next = format!("posthouse recipient add {tenant} {address}");
    Trouble::new(format!("{tenant} lists no recipient {address}"), next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_stands_in_one_list_only_and_the_latest_word_counts() {
        let mut file: Table =
            "[tenant]\nname = \"t\"\n[[recipient]]\naddress = \"Ann@t.example\"\n\
             safe_senders = [\"eve@news.example\"]\n"
                .parse()
                .unwrap();
        let lists = |file: &Table| {
            KEYS.map(|(key, _)| file["recipient"][0].get(key).cloned().unwrap().to_string())
        };
        let eve = ["EVE@news.example".to_owned()];
        for (list, safe, blocked) in [
            (SenderList::Blocked, "[]", "[\"eve@news.example\"]"),
            (SenderList::Safe, "[\"eve@news.example\"]", "[]"),
            (SenderList::Safe, "[\"eve@news.example\"]", "[]"),
            (SenderList::Neither, "[]", "[]"),
        ] {
            put(&mut file, "ann@T.example", &eve, list).unwrap();
            assert_eq!(lists(&file), [safe, blocked]);
        }
        let trouble = put(&mut file, "bob@t.example", &eve, SenderList::Safe).unwrap_err();
        assert_eq!(trouble.next, "posthouse recipient add t bob@t.example");
        assert!(put(&mut file, "ann@t.example", &["*.x".to_owned()], SenderList::Safe).is_err());
    }
}
