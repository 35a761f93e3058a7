//! Spoof intelligence as administrators see it: who sent as whom, how often, and what the tenant's
//! list says of it.
//!
//! May touch: the store and the directory snapshot, for reading.

use posthouse_message::date_rfc3339;
use posthouse_policy::{
    AddressRange, Infrastructure, ListAction, Listed, Protection, SenderPattern, SpoofPair,
    TenantAllowBlock,
};
use posthouse_store::SpoofSeen;
use posthouse_types::{Domain, UnixMillis};
use serde_json::{Value, json};

use super::{Answer, Office};

/// How far back is shown: the 30 days of Microsoft's insight (spec 2.11).
const SHOWN_DAYS: i64 = 30;

impl Office {
    /// The pairs of one tenant, or of all, the most frequent of each first.
    pub(super) async fn spoofs(&self, tenant: Option<&str>, now: UnixMillis) -> Answer {
        let tenants = match tenant {
            Some(name) => vec![self.tenant(name)?.0],
            None => self.each_tenant(|id, _| id).await?,
        };
        let since = now.0 - 24 * 3_600_000 * SHOWN_DAYS;
        let directory = self.loaded()?;
        let mut lines = Vec::new();
        for id in tenants {
            let Some(tenant) = directory.tenant(id) else { continue };
            let protection = tenant.protection();
            for seen in self.store.spoofs(id, UnixMillis(since)).await? {
                lines.push(line(&tenant.name, &seen, protection, now));
            }
        }
        Ok(lines)
    }
}

fn line(tenant: &str, seen: &SpoofSeen, protection: Option<&Protection>, now: UnixMillis) -> Value {
    let decided = protection.and_then(|protection| deciding(protection, seen, now));
    let (listed, words) = match decided {
        Some((entry, reach)) => words(entry, reach),
        None => ("", "no entry names it: the anti-phishing policy decides".to_owned()),
    };
    let entry = decided.map(|(entry, _)| entry);
    let last = date_rfc3339(seen.last);
    let sentence = format!(
        "{tenant}: {} through {}, {} messages, last {last}: {words}",
        seen.spoofed, seen.infrastructure, seen.count
    );
    json!({
        "tenant": tenant,
        "spoofed": seen.spoofed.to_string(),
        "infrastructure": seen.infrastructure,
        "address": seen.address.map(|address| address.to_string()),
        "spoof_type": if seen.is_internal { "internal" } else { "external" },
        "count": seen.count,
        "last": last,
        "listed": listed,
        "entry": entry.map(TenantAllowBlock::entry),
        "sentence": sentence,
    })
}

/// How much of what was seen an entry decides about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// All of it.
    All,
    /// A part: one sender of the domain, or some of the addresses.
    Part,
}

fn words(entry: &TenantAllowBlock, reach: Reach) -> (&'static str, String) {
    let name = entry.entry();
    match (entry.action, reach) {
        (ListAction::Allow, Reach::All) => ("allowed", format!("allowed by \"{name}\"")),
        (ListAction::Block, Reach::All) => ("blocked", format!("blocked by \"{name}\"")),
        (ListAction::Allow, Reach::Part) => {
            ("partly-allowed", format!("a part of it allowed by \"{name}\""))
        }
        (ListAction::Block, Reach::Part) => {
            ("partly-blocked", format!("a part of it blocked by \"{name}\""))
        }
    }
}

/// The entry that decides about this pair: one about all of it before one about a part, and a block
/// before an allow.
fn deciding<'a>(
    protection: &'a Protection,
    seen: &SpoofSeen,
    now: UnixMillis,
) -> Option<(&'a TenantAllowBlock, Reach)> {
    let all = protection.tenant_allow_blocks.iter().filter(|entry| entry.is_valid_at(now));
    let reaching = all.filter_map(|entry| match &entry.what {
        Listed::Spoof(pair) => reach(pair, seen).map(|reach| (entry, reach)),
        _ => None,
    });
    reaching.min_by_key(|(entry, reach)| (*reach == Reach::Part, entry.action == ListAction::Allow))
}

/// How much of what was seen a pair covers. Where the sending host has a name, a range is held
/// against the address that it was seen at last.
fn reach(pair: &SpoofPair, seen: &SpoofSeen) -> Option<Reach> {
    let spoofed = match &pair.spoofed_user {
        None => Reach::All,
        Some(SenderPattern::Address(address)) if *address.domain() == seen.spoofed => Reach::Part,
        Some(SenderPattern::Domain(domain)) if *domain == seen.spoofed => Reach::All,
        Some(SenderPattern::WithSubdomains(domain))
            if seen.spoofed.is_or_below(domain.as_str()) =>
        {
            Reach::All
        }
        Some(_) => return None,
    };
    let sent_by = match &pair.infrastructure {
        Infrastructure::Any => Reach::All,
        Infrastructure::Domain(domain) => {
            let named = Domain::from_normalized(seen.infrastructure.as_str());
            named.is_or_below(domain.as_str()).then_some(Reach::All)?
        }
        Infrastructure::Network(range) => match AddressRange::of_any_size(&seen.infrastructure) {
            Ok(network) if !range.overlaps(&network) => return None,
            Ok(network) if range.prefix() <= network.prefix() => Reach::All,
            Ok(_) => Reach::Part,
            Err(_) => {
                let address = seen.address.filter(|address| range.contains(*address));
                address.map(|_| Reach::Part)?
            }
        },
    };
    Some(if spoofed == Reach::All { sent_by } else { Reach::Part })
}

#[cfg(test)]
mod tests {
    use posthouse_policy::Tenant;

    use super::*;

    fn listed(infrastructure: &str, entries: &[(&str, &str, &str)]) -> (String, Option<String>) {
        let mut file = "[tenant]\nname = \"t\"\n".to_owned();
        for (user, sender, action) in entries {
            file.push_str(&format!(
                "[[tenant_allow_block]]\nlist_type = \"spoof\"\naction = \"{action}\"\n\
                 spoofed_user = \"{user}\"\nsending_infrastructure = \"{sender}\"\n"
            ));
        }
        let tenant = Tenant::from_toml(&file).unwrap();
        let seen = SpoofSeen {
            spoofed: Domain::from_normalized("news.bank.example"),
            infrastructure: infrastructure.to_owned(),
            address: Some("192.0.2.7".parse().unwrap()),
            is_internal: false,
            count: 3,
            last: UnixMillis(0),
        };
        let line = line("t", &seen, tenant.protection(), UnixMillis(1));
        let entry = line["entry"].as_str().map(str::to_owned);
        (line["listed"].as_str().unwrap().to_owned(), entry)
    }

    #[test]
    fn an_entry_is_shown_however_much_of_a_pair_it_decides_about() {
        let network = "192.0.2.0/24";
        for (infrastructure, user, sender, expected) in [
            (network, "news.bank.example", network, "allowed"),
            (network, "*.bank.example", "*", "allowed"),
            (network, "bank.example", "*", ""),
            (network, "*", "192.0.2.0/28", "partly-allowed"),
            (network, "*", "192.0.2.7", "partly-allowed"),
            (network, "*", "198.51.100.0/24", ""),
            (network, "ann@news.bank.example", "*", "partly-allowed"),
            ("sender.example", "*", "192.0.2.0/24", "partly-allowed"),
            ("sender.example", "*", "192.0.2.8", ""),
            ("mail.sender.example", "*", "sender.example", "allowed"),
        ] {
            let (found, _) = listed(infrastructure, &[(user, sender, "allow")]);
            assert_eq!(found, expected, "{infrastructure}: {user}, {sender}");
        }
    }

    #[test]
    fn what_decides_about_all_comes_first_and_a_block_before_an_allow() {
        let (found, entry) = listed(
            "192.0.2.0/24",
            &[
                ("*", "192.0.2.7", "block"),
                ("*.bank.example", "*", "allow"),
                ("news.bank.example", "192.0.2.0/24", "block"),
            ],
        );
        assert_eq!(found, "blocked");
        assert_eq!(entry.unwrap(), "news.bank.example, 192.0.2.0/24");
    }
}
