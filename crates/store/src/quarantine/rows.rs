//! Rows of quarantine as they are asked for and shown.
//!
//! Plain data, and the statements that read it.

use std::time::Duration;

use posthouse_types::{PolicyKind, Quarantine, QuarantineReason, TenantId, UnixMillis};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::{MessageId, QueueId, StoreError};

/// Rows of one page of a reading.
pub(super) const PAGE_ROWS: i64 = 500;

/// How one recipient's mail is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewQuarantine {
    /// Why, how long, and what its recipient may do.
    pub quarantine: Quarantine,
    /// The kind of the policy that decided.
    pub policy: PolicyKind,
    /// Its name.
    pub policy_name: String,
    /// Why the sender's address was overridden; empty where it was not.
    pub override_reason: String,
    /// Whether the message leaves the tenant.
    pub is_outbound: bool,
    /// How soon its recipient is to be told; `None`: not at all.
    pub notify_after: Option<Duration>,
}

/// One recipient's place in quarantine. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QuarantineId(pub(crate) i64);

impl QuarantineId {
    /// From the number that was shown to a person.
    pub fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// The number to show.
    pub fn number(self) -> i64 {
        self.0
    }
}

/// Where the next page goes on: before this place, newest first.
pub type QuarantineCursor = QuarantineId;

/// What has become of it (Microsoft's ReleaseStatus).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QuarantineStatus {
    /// Kept.
    NotReleased,
    /// Its recipient asked for it.
    Requested,
    /// The request was granted.
    Approved,
    /// The request was denied.
    Denied,
    /// It went out.
    Released,
    /// Its release failed: the words are in its acts.
    Error,
}

/// The numbers that the column holds are places in this table: add at the end only.
const STATUSES: [QuarantineStatus; 6] = [
    QuarantineStatus::NotReleased,
    QuarantineStatus::Requested,
    QuarantineStatus::Approved,
    QuarantineStatus::Denied,
    QuarantineStatus::Released,
    QuarantineStatus::Error,
];

impl QuarantineStatus {
    /// The word, in kebab-case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotReleased => "not-released",
            Self::Requested => "requested",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Released => "released",
            Self::Error => "error",
        }
    }

    /// From its word.
    pub fn from_word(word: &str) -> Option<Self> {
        STATUSES.into_iter().find(|status| status.as_str() == word)
    }

    pub(crate) fn number(self) -> i64 {
        (0i64..).zip(STATUSES).find(|(_, status)| *status == self).map_or(0, |(number, _)| number)
    }
}

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// An administrator, by name.
    Administrator(String),
    /// The recipient, by address.
    User(String),
}

impl Actor {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Administrator(name) | Self::User(name) => name,
        }
    }

    /// Whether this is a recipient with these permissions for this row.
    /// Whether it may do what this permission is for.
    pub fn may(&self, row: &Quarantined, permission: u8) -> bool {
        match self {
            Self::Administrator(_) => true,
            Self::User(address) => {
                address.eq_ignore_ascii_case(&row.recipient) && row.permissions & permission != 0
            }
        }
    }
}

/// What becomes of the sender of a message in quarantine, by somebody's wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SenderAct {
    /// Its mail is to reach the inbox.
    Allow,
    /// It is to be blocked.
    Block,
}

impl SenderAct {
    /// The permission bit that a user needs (spec 3.2: AllowSender, BlockSender).
    pub fn permission(self) -> u8 {
        match self {
            Self::Allow => 32,
            Self::Block => 16,
        }
    }

    /// The word in the record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "sender-allowed",
            Self::Block => "sender-blocked",
        }
    }
}

/// What the scanners say of a message that is to be released: the caller has asked them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rescan {
    /// Nothing was found.
    Clean,
    /// It holds malware: it stays, and the words are kept.
    Malware(String),
    /// An administrator releases it although it was not scanned again, or although it is malware.
    Overridden(String),
}

/// Why an act was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There is no such row.
    NotFound,
    /// It went out before: nothing is sent twice.
    AlreadyReleased,
    /// The quarantine policy does not permit it, or only an administrator may.
    NotPermitted,
    /// The scanners found malware.
    Malware,
    /// Nobody asked for it.
    NotRequested,
}

impl Refused {
    /// One sentence.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "there is no such message in quarantine",
            Self::AlreadyReleased => "it was released before",
            Self::NotPermitted => "this is not permitted: ask an administrator",
            Self::Malware => "it holds malware, found when it was scanned again",
            Self::NotRequested => "its release was not requested",
        }
    }
}

/// One recipient's message in quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Its place.
    pub id: QuarantineId,
    /// Its message, for [`crate::Store::load`]; gone once it was delivered everywhere.
    pub message: MessageId,
    pub(crate) queue: QueueId,
    /// Whose it is.
    pub tenant: Option<TenantId>,
    /// The transaction's reference.
    pub reference: String,
    /// When it was taken over.
    pub received: UnixMillis,
    /// When it ends.
    pub expires: UnixMillis,
    /// MAIL FROM; `None` is the null sender.
    pub sender: Option<String>,
    /// The recipient.
    pub recipient: String,
    /// The Subject.
    pub subject: String,
    /// The Message-ID header.
    pub message_id: String,
    /// Size on the wire, in bytes.
    pub size: u64,
    /// Whether it leaves the tenant.
    pub is_outbound: bool,
    /// Why it is there: [`QuarantineReason::id`].
    pub reason: String,
    /// The kind of policy: [`PolicyKind::as_str`].
    pub policy_kind: String,
    /// The policy.
    pub policy_name: String,
    /// The quarantine policy.
    pub quarantine_policy: String,
    /// What it permits its recipient: the bits of spec 3.2.
    pub permissions: u8,
    /// Whether its recipient is told.
    pub notifies: bool,
    /// Why the sender's address was overridden.
    pub override_reason: String,
    /// What has become of it.
    pub status: QuarantineStatus,
    /// Who released it.
    pub released_by: String,
}

/// One act, as it was written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineAct {
    /// When.
    pub time: UnixMillis,
    /// What: `quarantined`, `requested`, `released`, `denied`, `deleted`, `exported`, `expired`,
    /// `refused`, `reported`, `worsened`, `improved`.
    pub act: String,
    /// Who.
    pub by: String,
    /// More about it.
    pub detail: String,
}

/// Which rows are meant; what is `None` does not narrow. Newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuarantineFilter {
    /// This one.
    pub id: Option<QuarantineId>,
    /// Of this tenant.
    pub tenant: Option<TenantId>,
    /// To this recipient, in any case.
    pub recipient: Option<String>,
    /// From this sender, in any case; `*` at the start stands for anything.
    pub sender: Option<String>,
    /// The subject contains this, in any case.
    pub subject: Option<String>,
    /// With this Message-ID.
    pub message_id: Option<String>,
    /// Of the transaction with this reference.
    pub reference: Option<String>,
    /// For this reason.
    pub reason: Option<QuarantineReason>,
    /// By this kind of policy.
    pub policy: Option<PolicyKind>,
    /// In this status.
    pub status: Option<QuarantineStatus>,
    /// Leaving the tenant, or not.
    pub outbound: Option<bool>,
    /// Received at or after this time.
    pub since: Option<UnixMillis>,
    /// Received before this time.
    pub until: Option<UnixMillis>,
    /// Ends before this time.
    pub expires_before: Option<UnixMillis>,
    /// Before this place (pages).
    pub before: Option<QuarantineCursor>,
    /// At most so many; 0 is the store's own bound.
    pub limit: usize,
}

macro_rules! columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, message, queue, tenant, reference, received, expires, sender, recipient,
                subject, message_id, size, outbound, reason, policy_kind, policy_name,
                quarantine_policy, permissions, notifies, override, status, released_by
             FROM quarantine ",
            $rest
        )
    };
}

const ONE: &str = columns!("WHERE id = ?1");
pub(super) const EXPIRED: &str = columns!("WHERE expires <= ?1 ORDER BY expires LIMIT ?2");
const ALL: &str = columns!("WHERE id < ?1 ORDER BY id DESC LIMIT ?2");
const OF_TENANT: &str = columns!("WHERE tenant = ?3 AND id < ?1 ORDER BY id DESC LIMIT ?2");

pub(super) fn one(
    connection: &Connection,
    id: QuarantineId,
) -> rusqlite::Result<Option<Quarantined>> {
    connection.prepare_cached(ONE)?.query_row([id.0], read).optional()
}

const UNTOLD: &str = columns!(
    "WHERE recipient = ?1 AND tenant IS ?2 AND notify_due IS NOT NULL ORDER BY id LIMIT ?3"
);

/// What a recipient was not told yet and is to be.
pub(crate) fn untold(
    connection: &Connection,
    tenant: Option<i64>,
    recipient: &str,
    limit: usize,
) -> rusqlite::Result<Vec<Quarantined>> {
    let limit = i64::try_from(limit).unwrap_or(PAGE_ROWS);
    connection.prepare_cached(UNTOLD)?.query_map((recipient, tenant, limit), read)?.collect()
}

/// One page; where the next begins, if there may be one.
pub(super) fn page(
    connection: &Connection,
    filter: &QuarantineFilter,
    before: i64,
) -> Result<(Vec<Quarantined>, Option<i64>), StoreError> {
    if let Some(id) = filter.id {
        let row = one(connection, id)?.filter(|row| is_meant(filter, row));
        return Ok((row.into_iter().collect(), None));
    }
    let mut statement;
    let mut rows = match filter.tenant {
        Some(tenant) => {
            statement = connection.prepare_cached(OF_TENANT)?;
            statement.query((before, PAGE_ROWS, tenant.0.cast_signed()))?
        }
        None => {
            statement = connection.prepare_cached(ALL)?;
            statement.query((before, PAGE_ROWS))?
        }
    };
    let (mut found, mut seen, mut last) = (Vec::new(), 0, None);
    while let Some(row) = rows.next()? {
        let row = read(row)?;
        seen += 1;
        last = Some(row.id.0);
        if is_meant(filter, &row) {
            found.push(row);
        }
    }
    Ok((found, last.filter(|_| seen == PAGE_ROWS)))
}

fn is_meant(filter: &QuarantineFilter, row: &Quarantined) -> bool {
    let sender = row.sender.as_deref().unwrap_or("<>").to_lowercase();
    let from = |pattern: &String| match pattern.strip_prefix('*') {
        Some(end) => sender.ends_with(&end.to_lowercase()),
        None => sender == pattern.to_lowercase(),
    };
    filter.tenant.is_none_or(|tenant| row.tenant == Some(tenant))
        && filter
            .recipient
            .as_ref()
            .is_none_or(|it| it.to_lowercase() == row.recipient.to_lowercase())
        && filter.sender.as_ref().is_none_or(from)
        && filter
            .subject
            .as_ref()
            .is_none_or(|it| row.subject.to_lowercase().contains(&it.to_lowercase()))
        && filter.message_id.as_ref().is_none_or(|it| *it == row.message_id)
        && filter.reference.as_ref().is_none_or(|it| *it == row.reference)
        && filter.reason.is_none_or(|it| it.id() == row.reason)
        && filter.policy.is_none_or(|it| it.as_str() == row.policy_kind)
        && filter.status.is_none_or(|it| it == row.status)
        && filter.outbound.is_none_or(|it| it == row.is_outbound)
        && filter.since.is_none_or(|it| row.received >= it)
        && filter.until.is_none_or(|it| row.received < it)
        && filter.expires_before.is_none_or(|it| row.expires < it)
}

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Quarantined> {
    let status = usize::try_from(row.get::<_, i64>(20)?).ok();
    Ok(Quarantined {
        id: QuarantineId(row.get(0)?),
        message: MessageId(row.get(1)?),
        queue: QueueId(row.get(2)?),
        tenant: row.get::<_, Option<i64>>(3)?.map(|number| TenantId(number.cast_unsigned())),
        reference: row.get(4)?,
        received: UnixMillis(row.get(5)?),
        expires: UnixMillis(row.get(6)?),
        sender: row.get(7)?,
        recipient: row.get(8)?,
        subject: row.get(9)?,
        message_id: row.get(10)?,
        size: row.get::<_, i64>(11)?.cast_unsigned(),
        is_outbound: row.get(12)?,
        reason: row.get(13)?,
        policy_kind: row.get(14)?,
        policy_name: row.get(15)?,
        quarantine_policy: row.get(16)?,
        permissions: row.get(17)?,
        notifies: row.get(18)?,
        override_reason: row.get(19)?,
        status: status
            .and_then(|place| STATUSES.get(place))
            .copied()
            .unwrap_or(QuarantineStatus::Error),
        released_by: row.get(21)?,
    })
}
