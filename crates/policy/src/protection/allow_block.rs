//! The Tenant Allow/Block List (spec 2.11): senders, spoofed senders, files, links, addresses.
//!
//! Touches nothing. An entry counts until its expiry. Within the list block beats allow.

use std::net::IpAddr;
use std::time::Duration;

use posthouse_types::{Address, Domain, Judged, UnixMillis};
use serde::{Deserialize, Serialize};

use super::url_pattern::{UrlPattern, UrlReading};
use super::values::{Instant, SenderPattern};
use crate::ranges::AddressRange;
use crate::text::{self, FromText, shown, words};

/// Entries of one kind and direction. Exchange Online Protection has 500; Defender plan 2 has
/// 10,000 blocks.
pub const ALLOW_BLOCK_MAX: usize = 10_000;
/// Days that an entry lasts whose file does not say (spec 2.11).
pub const EXPIRES_DAYS: u16 = 30;
/// Most days until an entry about a sender, link or file ends, unless it never does (spec 2.11).
pub const EXPIRES_DAYS_MAX: u16 = 90;
/// Most days after its last use that an allowing entry may last.
pub const REMOVE_AFTER_DAYS_MAX: u16 = 45;
/// Pairs of spoofed sender and sending infrastructure.
pub const SPOOF_PAIRS_MAX: usize = 1024;

words! {
    /// What an entry is about.
    ListType {
        /// The sender's address or domain.
        Sender = "sender",
        /// A link.
        Url = "url",
        /// A file, by its SHA-256.
        FileHash = "file-hash",
        /// The connecting address.
        Ip = "ip",
        /// A pair of spoofed sender and sending infrastructure.
        Spoof = "spoof",
    }
}

words! {
    /// Which way an entry decides.
    ListAction {
        /// Let it through.
        Allow = "allow",
        /// Stop it.
        Block = "block",
    }
}

words! {
    /// Whose domain is spoofed. Informs; changes nothing.
    SpoofType {
        /// The tenant's own.
        Internal = "internal",
        /// Another's.
        External = "external",
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Row", into = "Row")]
pub struct TenantAllowBlock {
    /// What it is about.
    pub what: Listed,
    /// Which way it decides.
    pub action: ListAction,
    /// For how long it counts.
    pub lasts: Lasts,
    /// For people.
    pub notes: Option<Box<str>>,
}

/// For how long an entry counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasts {
    /// The file does not say: [`EXPIRES_DAYS`] from when it was applied, for senders, links and
    /// files; for ever, for addresses and spoofed senders.
    Default,
    /// For ever.
    Forever,
    /// Until then.
    Until(Instant),
    /// So many days after it was used last: then it is taken out.
    AfterUse(u16),
}

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listed {
    /// A sender.
    Sender(SenderPattern),
    /// A link.
    Url(UrlPattern),
    /// A file: 64 lower-case hex digits.
    FileHash(Box<str>),
    /// An address.
    Ip(AddressRange),
    /// A pair.
    Spoof(SpoofPair),
}

/// Who sends as whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpoofPair {
    /// The From address or domain; `None` is anybody.
    pub spoofed_user: Option<SenderPattern>,
    /// Where it comes from.
    pub infrastructure: Infrastructure,
    /// Whose domain it is.
    pub spoof_type: SpoofType,
}

/// Where a spoofed sender's mail comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Infrastructure {
    /// Anywhere.
    Any,
    /// A verified DKIM domain, or the domain of the connecting host's reverse name.
    Domain(Domain),
    /// The connecting address's network.
    Network(AddressRange),
}

impl Infrastructure {
    fn covers(&self, judged: &Judged) -> bool {
        match self {
            Self::Any => true,
            Self::Domain(domain) => {
                judged.dkim_domains.contains(domain)
                    || judged
                        .ptr_domain
                        .as_ref()
                        .is_some_and(|name| name.is_or_below(domain.as_str()))
            }
            Self::Network(range) => judged.client_ip.is_some_and(|ip| range.contains(ip)),
        }
    }
}

impl FromText for Infrastructure {
    fn from_text(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        if let Ok(range) = AddressRange::of_any_size(text) {
            return AddressRange::from_text(text).map(|_| Self::Network(range));
        }
        Domain::from_text(text).map(Self::Domain).map_err(|_| {
            format!("{} is no sending infrastructure: write *, a domain, or a range", shown(text))
        })
    }
}

impl std::fmt::Display for Infrastructure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Any => formatter.write_str("*"),
            Self::Domain(domain) => write!(formatter, "{domain}"),
            Self::Network(range) => write!(formatter, "{range}"),
        }
    }
}

impl TenantAllowBlock {
    /// The keys of its table.
    pub const KEYS: &'static [&'static str] = &[
        "list_type",
        "value",
        "spoofed_user",
        "sending_infrastructure",
        "spoof_type",
        "action",
        "expiration_date",
        "no_expiration",
        "remove_after",
        "notes",
    ];

    /// Whether it counts at a time.
    pub fn is_valid_at(&self, now: UnixMillis) -> bool {
        match self.lasts {
            Lasts::Until(expires) => now < expires.0,
            Lasts::Default | Lasts::Forever | Lasts::AfterUse(_) => true,
        }
    }

    /// Its name among the entries of a tenant.
    pub fn key(&self) -> String {
        format!("{} {} {}", self.list_type(), self.action, self.entry())
    }

    /// Whether it ends by itself where its file does not say for how long it lasts.
    fn ends_by_default(&self) -> bool {
        matches!(self.list_type(), ListType::Sender | ListType::Url | ListType::FileHash)
    }

    /// What it is about, as one kind.
    pub fn list_type(&self) -> ListType {
        match self.what {
            Listed::Sender(_) => ListType::Sender,
            Listed::Url(_) => ListType::Url,
            Listed::FileHash(_) => ListType::FileHash,
            Listed::Ip(_) => ListType::Ip,
            Listed::Spoof(_) => ListType::Spoof,
        }
    }

    /// The entry as it is shown.
    pub fn entry(&self) -> String {
        match &self.what {
            Listed::Sender(pattern) => pattern.to_string(),
            Listed::Url(pattern) => pattern.to_string(),
            Listed::FileHash(hash) => hash.to_string(),
            Listed::Ip(range) => range.to_string(),
            Listed::Spoof(pair) => {
                let user = pair.spoofed_user.as_ref().map_or("*".to_owned(), ToString::to_string);
                format!("{user}, {}", pair.infrastructure)
            }
        }
    }
}

/// Gives each entry an end that has none and must have one: the one that it had before, where it was
/// there, so that applying the same file again changes nothing.
pub(crate) fn give_ends(
    entries: &mut [TenantAllowBlock],
    before: &[TenantAllowBlock],
    now: UnixMillis,
) {
    let until = now + Duration::from_secs(u64::from(EXPIRES_DAYS) * 24 * 3600);
    for entry in entries.iter_mut() {
        if entry.lasts != Lasts::Default || !entry.ends_by_default() {
            continue;
        }
        let known = before.iter().find(|one| one.what == entry.what && one.action == entry.action);
        entry.lasts = match known.map(|one| one.lasts) {
            Some(Lasts::Until(until)) => Lasts::Until(until),
            _ => Lasts::Until(Instant(UnixMillis::from_seconds(until.seconds()))),
        };
    }
}

/// The first new entry about a sender, link or file that ends later than one may (spec 2.11): those
/// end within 90 days, or never.
pub(crate) fn ends_too_late<'a>(
    entries: &'a [TenantAllowBlock],
    before: &[TenantAllowBlock],
    now: UnixMillis,
) -> Option<&'a TenantAllowBlock> {
    let latest = now + Duration::from_secs(u64::from(EXPIRES_DAYS_MAX) * 24 * 3600);
    entries.iter().find(|entry| {
        let Lasts::Until(Instant(until)) = entry.lasts else { return false };
        entry.ends_by_default() && until > latest && !before.contains(entry)
    })
}

/// The allowing entries that a message uses, of those that are taken out when nobody does.
pub fn used_entries<'a>(
    entries: &'a [TenantAllowBlock],
    judged: &Judged,
    now: UnixMillis,
) -> Vec<&'a TenantAllowBlock> {
    if !entries.iter().any(|entry| matches!(entry.lasts, Lasts::AfterUse(_))) {
        return Vec::new();
    }
    let hits = Hits::of(entries, judged, now);
    let allows =
        [hits.sender_allow, hits.url_allow, hits.file_allow, hits.ip_allow, hits.spoof_allow];
    let allows = allows.into_iter().flatten();
    allows.filter(|entry| matches!(entry.lasts, Lasts::AfterUse(_))).collect()
}

/// What the list says about a message: the first entry of each kind and direction that counts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hits<'a> {
    pub(crate) sender_block: Option<&'a TenantAllowBlock>,
    pub(crate) sender_allow: Option<&'a TenantAllowBlock>,
    pub(crate) url_block: Option<&'a TenantAllowBlock>,
    /// Only where every link of the message is allowed.
    pub(crate) url_allow: Option<&'a TenantAllowBlock>,
    pub(crate) file_block: Option<&'a TenantAllowBlock>,
    /// Only where every file of the message is allowed.
    pub(crate) file_allow: Option<&'a TenantAllowBlock>,
    pub(crate) ip_block: Option<&'a TenantAllowBlock>,
    pub(crate) ip_allow: Option<&'a TenantAllowBlock>,
    pub(crate) spoof_block: Option<&'a TenantAllowBlock>,
    pub(crate) spoof_allow: Option<&'a TenantAllowBlock>,
}

impl<'a> Hits<'a> {
    /// Looks a message up. A block is looked for in MAIL FROM and From; an allow only in the From
    /// address, which is the one that is shown and authenticated.
    pub(crate) fn of(entries: &'a [TenantAllowBlock], judged: &Judged, now: UnixMillis) -> Self {
        let mut hits = Self::default();
        if entries.is_empty() {
            return hits;
        }
        let valid = || entries.iter().filter(|entry| entry.is_valid_at(now));
        let first = |action: ListAction, covers: &dyn Fn(&Listed) -> bool| {
            valid().find(|entry| entry.action == action && covers(&entry.what))
        };
        let (from, mail_from) = (judged.from.as_ref(), judged.mail_from.as_ref());
        let names = |what: &Listed, address: Option<&Address>| match what {
            Listed::Sender(pattern) => address.is_some_and(|address| pattern.covers(address)),
            _ => false,
        };
        let has_ip = |what: &Listed| match (what, judged.client_ip) {
            (Listed::Ip(range), Some(IpAddr::V4(_) | IpAddr::V6(_))) => {
                judged.client_ip.is_some_and(|ip| range.contains(ip))
            }
            _ => false,
        };
        let has_pair = |what: &Listed| match what {
            Listed::Spoof(pair) => {
                let user = pair.spoofed_user.as_ref();
                let is_user = user.is_none_or(|user| from.is_some_and(|from| user.covers(from)));
                is_user && pair.infrastructure.covers(judged)
            }
            _ => false,
        };
        hits.sender_block =
            first(ListAction::Block, &|what| names(what, from) || names(what, mail_from));
        hits.sender_allow = first(ListAction::Allow, &|what| names(what, from));
        hits.ip_block = first(ListAction::Block, &has_ip);
        hits.ip_allow = first(ListAction::Allow, &has_ip);
        hits.spoof_block = first(ListAction::Block, &has_pair);
        hits.spoof_allow = first(ListAction::Allow, &has_pair);
        let is_file = |what: &Listed, hash: &String| match what {
            Listed::FileHash(listed) => **listed == **hash,
            _ => false,
        };
        let file = |hash| first(ListAction::Block, &|what| is_file(what, hash));
        hits.file_block = judged.file_hashes.iter().find_map(file);
        hits.file_allow =
            all(&judged.file_hashes, |hash| first(ListAction::Allow, &|what| is_file(what, hash)));
        let is_url = |what: &Listed, url: &String, reading| match what {
            Listed::Url(pattern) => pattern.covers(url, reading),
            _ => false,
        };
        if valid().any(|entry| entry.list_type() == ListType::Url) {
            let block = |url| first(ListAction::Block, &|what| is_url(what, url, UrlReading::Wide));
            hits.url_block = judged.urls.iter().find_map(block);
            hits.url_allow = all(&judged.urls, |url| {
                first(ListAction::Allow, &|what| is_url(what, url, UrlReading::Narrow))
            });
        }
        hits
    }
}

/// Whether an entry blocks an address as a sender: nobody of the tenant may write to it either (spec
/// 2.11).
pub(crate) fn blocks(entries: &[TenantAllowBlock], address: &Address, now: UnixMillis) -> bool {
    entries.iter().any(|entry| {
        let is_named = matches!(&entry.what, Listed::Sender(pattern) if pattern.covers(address));
        is_named && entry.action == ListAction::Block && entry.is_valid_at(now)
    })
}

/// The last one's entry, where each has one.
fn all<'a, T>(
    values: &[T],
    find: impl Fn(&T) -> Option<&'a TenantAllowBlock>,
) -> Option<&'a TenantAllowBlock> {
    let found: Option<Vec<_>> = values.iter().map(find).collect();
    found.and_then(|found| found.last().copied())
}

/// An entry as the file has it.
#[derive(Clone, Serialize, Deserialize)]
struct Row {
    list_type: ListType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    spoofed_user: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sending_infrastructure: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    spoof_type: Option<SpoofType>,
    action: ListAction,
    #[serde(default, with = "text::optional", skip_serializing_if = "Option::is_none")]
    expiration_date: Option<Instant>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    no_expiration: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    remove_after: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    notes: Option<Box<str>>,
}

impl TryFrom<Row> for TenantAllowBlock {
    type Error = String;

    fn try_from(row: Row) -> Result<Self, String> {
        let what = if row.list_type == ListType::Spoof {
            spoof_of(&row)?
        } else {
            let is_pair = row.spoofed_user.is_some()
                || row.sending_infrastructure.is_some()
                || row.spoof_type.is_some();
            let value = match &row.value {
                Some(value) if !is_pair => value.as_str(),
                _ => return Err(format!("list_type = \"{}\" has one value", row.list_type)),
            };
            match row.list_type {
                ListType::Sender => SenderPattern::from_text(value).map(Listed::Sender)?,
                ListType::Url => UrlPattern::from_text(value).map(Listed::Url)?,
                ListType::Ip => AddressRange::from_text(value).map(Listed::Ip)?,
                ListType::FileHash | ListType::Spoof => Listed::FileHash(hash_of(value)?),
            }
        };
        Ok(Self { what, action: row.action, lasts: lasts_of(&row)?, notes: row.notes })
    }
}

fn lasts_of(row: &Row) -> Result<Lasts, String> {
    match (row.expiration_date, row.no_expiration, row.remove_after) {
        (None, false, None) => Ok(Lasts::Default),
        (Some(until), false, None) => Ok(Lasts::Until(until)),
        (None, true, None) => Ok(Lasts::Forever),
        (None, false, Some(days)) if row.action == ListAction::Block => {
            Err(format!("remove_after = {days} is for entries that allow only"))
        }
        (None, false, Some(days)) if (1..=REMOVE_AFTER_DAYS_MAX).contains(&days) => {
            Ok(Lasts::AfterUse(days))
        }
        (None, false, Some(days)) => {
            Err(format!("remove_after = {days} is none of 1 to {REMOVE_AFTER_DAYS_MAX} days"))
        }
        _ => Err("an entry has one of expiration_date, no_expiration and remove_after".to_owned()),
    }
}

fn spoof_of(row: &Row) -> Result<Listed, String> {
    let (Some(user), Some(infrastructure), None) =
        (&row.spoofed_user, &row.sending_infrastructure, &row.value)
    else {
        return Err("list_type = \"spoof\" has spoofed_user and sending_infrastructure, and no \
                    value"
            .to_owned());
    };
    let spoofed_user = match user.as_str() {
        "*" => None,
        user => Some(SenderPattern::from_text(user)?),
    };
    let infrastructure = Infrastructure::from_text(infrastructure)?;
    if spoofed_user.is_none() && infrastructure == Infrastructure::Any {
        return Err("a pair of * and * is about all mail: name one of them".to_owned());
    }
    let spoof_type = row.spoof_type.unwrap_or(SpoofType::External);
    Ok(Listed::Spoof(SpoofPair { spoofed_user, infrastructure, spoof_type }))
}

fn hash_of(text: &str) -> Result<Box<str>, String> {
    let hash = text.to_ascii_lowercase();
    if hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(hash.into())
    } else {
        Err(format!("{} is no SHA-256: it has 64 hexadecimal digits", shown(text)))
    }
}

impl From<TenantAllowBlock> for Row {
    fn from(entry: TenantAllowBlock) -> Self {
        let (expiration_date, no_expiration, remove_after) = match entry.lasts {
            Lasts::Default => (None, false, None),
            Lasts::Until(until) => (Some(until), false, None),
            Lasts::Forever => (None, true, None),
            Lasts::AfterUse(days) => (None, false, Some(days)),
        };
        let mut row = Self {
            list_type: entry.list_type(),
            value: None,
            spoofed_user: None,
            sending_infrastructure: None,
            spoof_type: None,
            action: entry.action,
            expiration_date,
            no_expiration,
            remove_after,
            notes: entry.notes.clone(),
        };
        match &entry.what {
            Listed::Spoof(pair) => {
                let user = pair.spoofed_user.as_ref().map_or("*".to_owned(), ToString::to_string);
                row.spoofed_user = Some(user);
                row.sending_infrastructure = Some(pair.infrastructure.to_string());
                row.spoof_type = Some(pair.spoof_type);
            }
            _ => row.value = Some(entry.entry()),
        }
        row
    }
}
