//! The keys that sign for tenants' domains: where they lie, which one signs, and the DNS records.
//!
//! May touch: the folders `data_dir/tenants/N/dkim`, randomness for new keys. A ring is a folder
//! of one domain: `keys.json` says which key signs from when, beside it lie the keys (0600). A
//! rotation is a key that signs from a later date, so that its record is in everybody's DNS by
//! then; the one before stays, for mail that is still on its way.

mod ring;
mod signing;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use posthouse_types::{Domain, TenantId};

pub(crate) use ring::{Algorithm, Key, KeyState, Ring, domains};
pub(crate) use signing::{Signing, fields};

/// How long a ring that was read is believed: a rotation takes days, and a key that was made a
/// moment ago has no record in DNS yet.
const RING_AGE_MAX: Duration = Duration::from_secs(5);

/// Rings in memory at once, a few KiB each; beyond it all are read anew.
const RINGS_MAX: usize = 10_000;

/// Rings that were read, and when.
type Rings = HashMap<(TenantId, Domain), (Instant, Arc<Ring>)>;

/// The rings of a node, as deliveries see them.
pub(crate) struct DkimKeys {
    data_dir: PathBuf,
    rings: Mutex<Rings>,
}

impl DkimKeys {
    /// The rings below a node's `data_dir`. Touches nothing yet.
    pub(crate) fn of(data_dir: &Path) -> Self {
        Self { data_dir: data_dir.to_owned(), rings: Mutex::default() }
    }

    /// The ring of a domain; empty where no key was made.
    ///
    /// # Errors
    /// What cannot be read, and why.
    pub(crate) fn ring(&self, tenant: TenantId, domain: &Domain) -> Result<Arc<Ring>, String> {
        let key = (tenant, domain.clone());
        let mut rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((read, ring)) = rings.get(&key)
            && read.elapsed() < RING_AGE_MAX
        {
            return Ok(Arc::clone(ring));
        }
        let ring = Arc::new(Ring::read(&self.data_dir, tenant, domain)?);
        if rings.len() >= RINGS_MAX {
            rings.clear();
        }
        rings.insert(key, (Instant::now(), Arc::clone(&ring)));
        Ok(ring)
    }
}
