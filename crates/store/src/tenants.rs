//! Tenants and the domains they have proven to own. The settings are the caller's JSON: the store
//! keeps them and does not read them.

use posthouse_types::{TenantId, UnixMillis};
use rusqlite::Connection;

use crate::writer::{Class, Fault};
use crate::{Store, StoreError, StoredTenant, VerifiedDomain};

/// Tenants in one transaction, reading or writing: a few milliseconds each.
const PAGE_TENANTS: usize = 2000;

impl Store {
    /// Stores a tenant's settings under its name; gives its number, which never changes.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`] or [`StoreError::Unavailable`]; then nothing has changed.
    pub async fn put_tenant(&self, name: &str, json: &str) -> Result<TenantId, StoreError> {
        let (name, json) = (name.to_owned(), json.to_owned());
        let bytes = json.len();
        self.submit(Class::Record, bytes, Vec::new(), move |work| {
            put(work.connection, &name, &json)
        })
        .await
    }

    /// Stores many tenants, some thousand per transaction; gives their numbers in order.
    ///
    /// # Errors
    /// As [`Store::put_tenant`]; transactions before the one that failed stay.
    pub async fn put_tenants_bulk(
        &self,
        tenants: Vec<(String, String)>,
    ) -> Result<Vec<TenantId>, StoreError> {
        let mut ids = Vec::with_capacity(tenants.len());
        let mut tenants = tenants.into_iter();
        loop {
            let chunk: Vec<_> = tenants.by_ref().take(PAGE_TENANTS).collect();
            if chunk.is_empty() {
                return Ok(ids);
            }
            let bytes = chunk.iter().map(|(name, json)| name.len() + json.len()).sum();
            let stored = self.submit(Class::Record, bytes, Vec::new(), move |work| {
                chunk.iter().map(|(name, json)| put(work.connection, name, json)).collect()
            });
            let stored: Vec<TenantId> = stored.await?;
            ids.extend(stored);
        }
    }

    /// Deletes a tenant, the domains it had proven, what it has learned and complained about; `false`
    /// where there was none. Its mail and trace stay until they end by themselves.
    ///
    /// # Errors
    /// As [`Store::put_tenant`].
    pub async fn delete_tenant(&self, tenant: TenantId) -> Result<bool, StoreError> {
        let id = tenant.0.cast_signed();
        self.submit(Class::Settle, 0, Vec::new(), move |work| {
            let connection = work.connection;
            connection
                .prepare_cached("DELETE FROM verified_domain WHERE tenant = ?1")?
                .execute([id])?;
            connection.prepare_cached("DELETE FROM learned WHERE tenant = ?1")?.execute([id])?;
            connection.prepare_cached("DELETE FROM complaint WHERE tenant = ?1")?.execute([id])?;
            let deleted =
                connection.prepare_cached("DELETE FROM tenant WHERE id = ?1")?.execute([id])?;
            Ok(deleted > 0)
        })
        .await
    }

    /// Hands every tenant to `each`, by number, with a state that is given back. Read in pages,
    /// so that a million tenants neither fill the memory nor hold a transaction open.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn for_each_tenant<S, F>(&self, state: S, each: F) -> Result<S, StoreError>
    where
        S: Send + 'static,
        F: FnMut(&mut S, TenantId, &str, &str) + Send + 'static,
    {
        let (mut state, mut each) = (state, each);
        let mut after = 0;
        loop {
            let page =
                self.inner.readers.read(move |connection| Ok(tenants(connection, after)?)).await?;
            let Some(last) = page.last() else { return Ok(state) };
            after = last.id.0.cast_signed();
            for tenant in &page {
                each(&mut state, tenant.id, &tenant.name, &tenant.json);
            }
        }
    }

    /// One tenant, by its name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn tenant(&self, name: &str) -> Result<Option<StoredTenant>, StoreError> {
        let name = name.to_owned();
        self.inner
            .readers
            .read(move |connection| {
                let mut statement = connection
                    .prepare_cached("SELECT id, name, json FROM tenant WHERE name = ?1")?;
                let mut rows = statement.query_map([name], tenant_of)?;
                Ok(rows.next().transpose()?)
            })
            .await
    }

    /// Notes that a tenant has proven to own a domain (normalized). Another tenant's earlier
    /// proof is replaced: the caller has decided.
    ///
    /// # Errors
    /// As [`Store::put_tenant`].
    pub async fn put_verified(
        &self,
        domain: &str,
        tenant: TenantId,
        at: UnixMillis,
    ) -> Result<(), StoreError> {
        let domain = domain.to_owned();
        self.submit(Class::Record, domain.len(), Vec::new(), move |work| {
            work.connection
                .prepare_cached(
                    "INSERT INTO verified_domain (domain, tenant, at) VALUES (?1, ?2, ?3)
                     ON CONFLICT (domain) DO UPDATE SET tenant = excluded.tenant, at = excluded.at",
                )?
                .execute((&domain, tenant.0.cast_signed(), at.0))?;
            Ok(())
        })
        .await
    }

    /// The domains that a tenant has proven to own, by name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn verified(&self, tenant: TenantId) -> Result<Vec<VerifiedDomain>, StoreError> {
        self.inner
            .readers
            .read(move |connection| {
                let mut statement = connection.prepare_cached(
                    "SELECT domain, tenant, at FROM verified_domain WHERE tenant = ?1
                     ORDER BY domain",
                )?;
                let rows = statement.query_map([tenant.0.cast_signed()], |row| {
                    Ok(VerifiedDomain {
                        domain: row.get(0)?,
                        tenant: TenantId(row.get::<_, i64>(1)?.cast_unsigned()),
                        at: UnixMillis(row.get(2)?),
                    })
                })?;
                Ok(rows.collect::<rusqlite::Result<_>>()?)
            })
            .await
    }
}

fn put(connection: &Connection, name: &str, json: &str) -> Result<TenantId, Fault> {
    // An upsert would burn a number each time; numbers are to be short.
    let id = connection
        .prepare_cached("UPDATE tenant SET json = ?2 WHERE name = ?1 RETURNING id")?
        .query_map((name, json), |row| row.get::<_, i64>(0))?
        .next()
        .transpose()?;
    let id = match id {
        Some(id) => id,
        None => {
            connection
                .prepare_cached("INSERT INTO tenant (name, json) VALUES (?1, ?2)")?
                .execute((name, json))?;
            connection.last_insert_rowid()
        }
    };
    Ok(TenantId(id.cast_unsigned()))
}

fn tenants(connection: &Connection, after: i64) -> rusqlite::Result<Vec<StoredTenant>> {
    let mut statement = connection
        .prepare_cached("SELECT id, name, json FROM tenant WHERE id > ?1 ORDER BY id LIMIT ?2")?;
    let rows = statement.query_map((after, PAGE_TENANTS.cast_signed() as i64), tenant_of)?;
    rows.collect()
}

fn tenant_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<StoredTenant> {
    let id = TenantId(row.get::<_, i64>(0)?.cast_unsigned());
    Ok(StoredTenant { id, name: row.get(1)?, json: row.get(2)? })
}
