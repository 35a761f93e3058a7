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
    let entry = protection.and_then(|protection| deciding(protection, seen, now));
    let (verdict, words) = match entry.map(|entry| (entry.action, entry.entry())) {
        Some((ListAction::Allow, entry)) => ("allowed", format!("allowed by \"{entry}\"")),
        Some((ListAction::Block, entry)) => ("blocked", format!("blocked by \"{entry}\"")),
        None => ("", "no entry names it: the anti-phishing policy decides".to_owned()),
    };
    let last = date_rfc3339(seen.last);
    let sentence = format!(
        "{tenant}: {} through {}, {} messages, last {last}: {words}",
        seen.spoofed, seen.infrastructure, seen.count
    );
    json!({
        "tenant": tenant,
        "spoofed": seen.spoofed.to_string(),
        "infrastructure": seen.infrastructure,
        "spoof_type": if seen.is_internal { "internal" } else { "external" },
        "count": seen.count,
        "last": last,
        "listed": verdict,
        "entry": entry.map(TenantAllowBlock::entry),
        "sentence": sentence,
    })
}

/// The entry that decides about every sender of this pair; a block before an allow.
fn deciding<'a>(
    protection: &'a Protection,
    seen: &SpoofSeen,
    now: UnixMillis,
) -> Option<&'a TenantAllowBlock> {
    let all = protection.tenant_allow_blocks.iter().filter(|entry| entry.is_valid_at(now));
    let of = |action| {
        all.clone().find(|entry| match &entry.what {
            Listed::Spoof(pair) => entry.action == action && covers(pair, seen),
            _ => false,
        })
    };
    of(ListAction::Block).or_else(|| of(ListAction::Allow))
}

/// Whether a pair covers what was seen. An entry for one address is not about its whole domain.
fn covers(pair: &SpoofPair, seen: &SpoofSeen) -> bool {
    let is_spoofed = match &pair.spoofed_user {
        None => true,
        Some(SenderPattern::Address(_)) => false,
        Some(SenderPattern::Domain(domain)) => *domain == seen.spoofed,
        Some(SenderPattern::WithSubdomains(domain)) => seen.spoofed.is_or_below(domain.as_str()),
    };
    let is_sent_by = match &pair.infrastructure {
        Infrastructure::Any => true,
        Infrastructure::Domain(domain) => {
            Domain::from_normalized(seen.infrastructure.as_str()).is_or_below(domain.as_str())
        }
        Infrastructure::Network(range) => AddressRange::of_any_size(&seen.infrastructure)
            .is_ok_and(|network| range.prefix() <= network.prefix() && range.overlaps(&network)),
    };
    is_spoofed && is_sent_by
}
