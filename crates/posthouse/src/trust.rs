//! What chains are judged against: trusted roots, revocation lists, the intermediates that tenants
//! have imported; and the memory of chains that were judged before.
//!
//! May touch: the files that `[trust]` names and the tenants' folders below `data_dir`. Roots and
//! lists that cannot be read keep the node from starting, and change nothing when it is told to
//! read its settings again; a tenant's file that cannot be read is left out, and said in the log.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use posthouse_pki::limits::{BUNDLE_BYTES_MAX, BUNDLE_CERTIFICATES_MAX};
use posthouse_pki::{
    Examination, KnownIntermediate, PkiError, RevocationLists, SeenChains, TrustedRoots,
    presented_certificates, sentence,
};
use posthouse_policy::{ChainRule, RuledChain};
use posthouse_types::{ChainReport, TenantId, UnixMillis};

use crate::settings::Settings;
use crate::stores::{FileStamps, StoreName, Stores};

/// Everything that a chain is judged against. Shared by all sessions.
#[derive(Debug)]
pub(crate) struct Trust {
    held: ArcSwap<Held>,
    /// The `root` store as it was when its roots were read.
    root_store: Mutex<FileStamps>,
    stores: Stores,
    intermediates: Intermediates,
    seen: SeenChains,
}

/// What `[trust]` names and the `root` store holds, as it was read.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) roots: TrustedRoots,
    crls: RevocationLists,
}

impl Held {
    /// Reads the files. Errors say what, where and what next.
    pub(crate) fn read(settings: &Settings) -> Result<Self, String> {
        Ok(Self { roots: trusted_roots(settings)?, crls: load_crls(&settings.trust.crls)? })
    }
}

impl Trust {
    pub(crate) fn new(held: Held, data_dir: &Path) -> Self {
        let stores = Stores::of(data_dir);
        Self {
            held: ArcSwap::from_pointee(held),
            root_store: Mutex::new(stores.stamps(&[StoreName::Root])),
            stores,
            intermediates: Intermediates::below(data_dir),
            seen: SeenChains::default(),
        }
    }

    /// What chains are judged against now.
    pub(crate) fn held(&self) -> Arc<Held> {
        self.held.load_full()
    }

    /// Takes up what the `root` store holds now; whether anything changed.
    pub(crate) fn reload_root_store(&self, settings: &Settings) -> Result<bool, String> {
        let stamps = self.stores.stamps(&[StoreName::Root]);
        let mut seen = self.root_store.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == stamps {
            return Ok(false);
        }
        *seen = stamps;
        self.replace(Held::read(settings)?);
        Ok(true)
    }

    /// From here on chains are judged against this. What was seen before is judged again.
    pub(crate) fn replace(&self, held: Held) {
        self.held.store(Arc::new(held));
    }

    /// What became of a peer's chain as it was sent; a chain seen before costs a look-up.
    pub(crate) fn examine(&self, presented: &[&[u8]], now: UnixMillis) -> Arc<ChainReport> {
        let held = self.held.load();
        self.seen.examine_cached(presented, &Examination::new(&held.roots, now))
    }

    /// What becomes of it by a connector's own rule.
    pub(crate) fn judge(
        &self,
        presented: &[Vec<u8>],
        rule: ChainRule,
        now: UnixMillis,
    ) -> RuledChain {
        let held = self.held.load();
        let known = self.intermediates.of(rule.tenant);
        let presented: Vec<&[u8]> = presented.iter().map(Vec::as_slice).collect();
        let examination = Examination {
            known: &known,
            chain: rule.mode,
            crls: rule.check_revocation.then_some(&held.crls),
            ..Examination::new(&held.roots, now)
        };
        let report = self.seen.examine_cached(&presented, &examination);
        let sentence = sentence(&report);
        RuledChain { rule, report, sentence }
    }
}

/// Who is trusted: the roots of `[trust] roots`, and those of the `root` store.
pub(crate) fn trusted_roots(settings: &Settings) -> Result<TrustedRoots, String> {
    let mut ders = root_ders(&settings.trust.roots)?;
    ders.extend(Stores::of(&settings.node.data_dir).roots());
    Ok(readable_roots(&ders))
}

/// The system's roots, or a PEM file's, without any store.
pub(crate) fn load_roots(from: &str) -> Result<TrustedRoots, String> {
    root_ders(from).map(|ders| readable_roots(&ders))
}

fn root_ders(from: &str) -> Result<Vec<Vec<u8>>, String> {
    if from == "system" {
        let found = rustls_native_certs::load_native_certs();
        return Ok(found.certs.iter().map(|root| root.to_vec()).collect());
    }
    let unusable = |error: PkiError| {
        format!("the trusted roots {from} cannot be used: {error}\n  next: correct [trust] roots")
    };
    let pem = std::fs::read(from).map_err(|error| {
        format!("cannot read the trusted roots {from}: {error}\n  next: correct [trust] roots")
    })?;
    let ders = posthouse_pki::parse_pem_certificates(&pem).map_err(unusable)?;
    // An operator's own file is taken as a whole or not at all.
    TrustedRoots::from_ders(&ders).map(|_| ders).map_err(unusable)
}

fn readable_roots(ders: &[Vec<u8>]) -> TrustedRoots {
    let (roots, unreadable) = TrustedRoots::from_readable_ders(ders);
    for error in unreadable {
        tracing::debug!(%error, "a root cannot be used");
    }
    roots
}

/// The revocation lists of all files.
pub(crate) fn load_crls(files: &[PathBuf]) -> Result<RevocationLists, String> {
    let mut lists = RevocationLists::default();
    for file in files {
        let next = "next: correct [trust] crls";
        let bytes = std::fs::read(file).map_err(|error| {
            format!("cannot read the revocation list {}: {error}\n  {next}", file.display())
        })?;
        lists.add_file(&bytes).map_err(|error| {
            format!("the revocation list {} cannot be used: {error}\n  {next}", file.display())
        })?;
    }
    Ok(lists)
}

/// Each tenant's imported intermediates: certificate files (PEM or DER) in the folder
/// `tenants/ID/ca` below `data_dir`, by the tenant's number, since its name may be anything.
#[derive(Debug)]
struct Intermediates {
    tenants: PathBuf,
    read: Mutex<HashMap<TenantId, Folder>>,
}

/// A folder as it was read.
#[derive(Debug)]
struct Folder {
    modified: Option<SystemTime>,
    read_at: SystemTime,
    certificates: Arc<[KnownIntermediate]>,
}

impl Folder {
    /// Clocks of file systems are coarse: a folder that was read right after a change may have
    /// been changed once more without another time to show for it.
    const TICK_MAX: Duration = Duration::from_secs(2);

    fn is_current(&self, modified: Option<SystemTime>) -> bool {
        self.modified == modified
            && modified.is_none_or(|modified| modified + Self::TICK_MAX < self.read_at)
    }
}

impl Intermediates {
    fn below(data_dir: &Path) -> Self {
        Self { tenants: data_dir.join("tenants"), read: Mutex::default() }
    }

    /// A tenant's intermediates; a change in its folder is noticed at once. None where it has no
    /// folder.
    fn of(&self, tenant: TenantId) -> Arc<[KnownIntermediate]> {
        let folder = self.tenants.join(tenant.0.to_string()).join("ca");
        let modified = std::fs::metadata(&folder).and_then(|found| found.modified()).ok();
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = read.get(&tenant).filter(|known| known.is_current(modified)) {
            return Arc::clone(&known.certificates);
        }
        let read_at = SystemTime::now();
        let certificates: Arc<[KnownIntermediate]> = read_folder(&folder).into();
        let known = Folder { modified, read_at, certificates: Arc::clone(&certificates) };
        read.insert(tenant, known);
        certificates
    }
}

/// The certificates of a folder's files, in the order of their names.
fn read_folder(folder: &Path) -> Vec<KnownIntermediate> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    let mut known = Vec::new();
    for file in files.iter().take(BUNDLE_CERTIFICATES_MAX) {
        let is_small = std::fs::metadata(file)
            .is_ok_and(|found| found.is_file() && found.len() <= BUNDLE_BYTES_MAX as u64);
        let bytes = if is_small { std::fs::read(file).unwrap_or_default() } else { Vec::new() };
        let before = known.len();
        known.extend(
            presented_certificates(&bytes)
                .iter()
                .filter_map(|der| KnownIntermediate::from_der(der).ok()),
        );
        if known.len() == before {
            tracing::warn!(file = %file.display(), "holds no certificate that can be read");
        }
    }
    known.truncate(BUNDLE_CERTIFICATES_MAX);
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(name: &str) -> Vec<u8> {
        rcgen::generate_simple_self_signed([name.to_owned()]).unwrap().cert.der().to_vec()
    }

    #[test]
    fn a_tenants_folder_is_read_again_when_it_changes() {
        let data_dir = tempfile::tempdir().unwrap();
        let store = Intermediates::below(data_dir.path());
        let tenant = TenantId(7);
        assert_eq!(store.of(tenant).len(), 0);
        let folder = data_dir.path().join("tenants/7/ca");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("one.cer"), certificate("one")).unwrap();
        assert_eq!(store.of(tenant).len(), 1);
        std::fs::write(folder.join("two.cer"), certificate("two")).unwrap();
        std::fs::write(folder.join("noise.cer"), "noise").unwrap();
        assert_eq!(store.of(tenant).len(), 2);
        std::fs::remove_file(folder.join("one.cer")).unwrap();
        assert_eq!(store.of(tenant).len(), 1);
        assert_eq!(store.of(TenantId(8)).len(), 0, "one tenant's are no other's");
    }
}
