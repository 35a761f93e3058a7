//! Who wrote to whom before, and who sends as whom: pairs with counts, for first contact and spoof
//! intelligence.
//!
//! Addresses are stored folded. A tenant's pairs are its own.

use std::net::IpAddr;

use posthouse_types::{Address, Domain, TenantId, UnixMillis};
use rusqlite::{Connection, OptionalExtension};

use crate::writer::Fault;
use crate::{Store, StoreError};

/// How well a sender and a recipient know each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// Messages from the sender to the recipient.
    pub messages_before: u64,
    /// When the last one came.
    pub last: Option<UnixMillis>,
    /// Whether the recipient wrote to the sender.
    pub corresponded: bool,
}

/// A sender that was forged, and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpoofSeen {
    /// The From domain.
    pub spoofed: Domain,
    /// The sending infrastructure: a domain, or a network.
    pub infrastructure: String,
    /// The address that it came from last; none of one that an earlier version counted.
    pub address: Option<IpAddr>,
    /// Whether the domain is the tenant's own.
    pub is_internal: bool,
    /// How many messages.
    pub count: u64,
    /// When the last one came.
    pub last: UnixMillis,
}

/// Forgets pairs of which nothing was seen for as long as a trace is kept: strangers can make as
/// many of them as they can make trace rows.
pub(crate) fn purge(
    connection: &Connection,
    before: UnixMillis,
    rows_max: u64,
) -> Result<u64, Fault> {
    let contacts = connection
        .prepare_cached(
            "DELETE FROM contact WHERE (tenant, sender, recipient) IN
                (SELECT tenant, sender, recipient FROM contact WHERE last < ?1 LIMIT ?2)",
        )?
        .execute((before.0, rows_max.cast_signed()))? as u64;
    let left = rows_max.saturating_sub(contacts);
    let spoofs = connection
        .prepare_cached(
            "DELETE FROM spoof_pair WHERE (tenant, spoofed, infrastructure) IN
                (SELECT tenant, spoofed, infrastructure FROM spoof_pair WHERE last < ?1 LIMIT ?2)",
        )?
        .execute((before.0, left.cast_signed()))? as u64;
    Ok(contacts + spoofs)
}

impl Store {
    /// How well a sender and each of these recipients know each other, in their order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn contacts(
        &self,
        tenant: TenantId,
        sender: &Address,
        recipients: &[Address],
    ) -> Result<Vec<Contact>, StoreError> {
        const PAIR: &str =
            "SELECT count, last FROM contact WHERE tenant = ?1 AND sender = ?2 AND recipient = ?3";
        let sender = sender.folded();
        let recipients: Vec<String> = recipients.iter().map(Address::folded).collect();
        self.inner
            .readers
            .read(move |connection| {
                let mut pair = connection.prepare_cached(PAIR)?;
                let mut out = Vec::with_capacity(recipients.len());
                for recipient in &recipients {
                    let number = tenant.0.cast_signed();
                    let there: Option<(i64, i64)> = pair
                        .query_row((number, &sender, recipient), |row| {
                            Ok((row.get(0)?, row.get(1)?))
                        })
                        .optional()?;
                    let corresponded = pair.exists((number, recipient, &sender))?;
                    out.push(Contact {
                        messages_before: there.map_or(0, |(count, _)| count.cast_unsigned()),
                        last: there.map(|(_, last)| UnixMillis(last)),
                        corresponded,
                    });
                }
                Ok(out)
            })
            .await
    }

    /// A tenant's forged senders since a time, the most frequent first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn spoofs(
        &self,
        tenant: TenantId,
        since: UnixMillis,
    ) -> Result<Vec<SpoofSeen>, StoreError> {
        self.inner
            .readers
            .read(move |connection| {
                let mut statement = connection.prepare_cached(
                    "SELECT spoofed, infrastructure, internal, count, last, address FROM spoof_pair
                     WHERE tenant = ?1 AND last >= ?2 ORDER BY count DESC LIMIT ?3",
                )?;
                let limit = crate::trace::bounded(0).cast_signed() as i64;
                let rows =
                    statement.query_map((tenant.0.cast_signed(), since.0, limit), |row| {
                        Ok(SpoofSeen {
                            spoofed: Domain::from_normalized(row.get::<_, String>(0)?),
                            infrastructure: row.get(1)?,
                            is_internal: row.get(2)?,
                            count: row.get::<_, i64>(3)?.cast_unsigned(),
                            last: UnixMillis(row.get(4)?),
                            address: row.get::<_, Option<String>>(5)?.and_then(|a| a.parse().ok()),
                        })
                    })?;
                Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
            })
            .await
    }
}
