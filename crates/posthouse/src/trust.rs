//! What chains are judged against: trusted roots, revocation lists, the intermediates that tenants
//! have imported; and the memory of chains that were judged before.
//!
//! May touch: the files that `[trust]` names and the `ca` stores below `data_dir`. Roots and lists
//! that cannot be read keep the node from starting, and change nothing when it is told to read its
//! settings again; a file of a store that cannot be read is left out.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use posthouse_pki::{
    Examination, KnownIntermediate, PkiError, RevocationLists, SeenChains, TrustedRoots, sentence,
};
use posthouse_policy::{ChainRule, RuledChain};
use posthouse_types::{ChainReport, UnixMillis};

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
            intermediates: Intermediates::of(data_dir),
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

    /// What became of a peer's chain as it was sent; a chain seen before costs a look-up. Where
    /// something is missing, the node's own `ca` store is asked whether it has a copy: to say so,
    /// never to accept.
    pub(crate) fn examine(&self, presented: &[&[u8]], now: UnixMillis) -> Arc<ChainReport> {
        let held = self.held.load();
        let examination = Examination::new(&held.roots, now);
        let report = self.seen.examine_cached(presented, &examination);
        if report.missing.is_none() {
            return report;
        }
        let known = self.intermediates.of_store(StoreName::Ca);
        if known.is_empty() {
            return report;
        }
        self.seen.examine_cached(presented, &Examination { known: &known, ..examination })
    }

    /// What becomes of it by a connector's own rule.
    pub(crate) fn judge(
        &self,
        presented: &[Vec<u8>],
        rule: ChainRule,
        now: UnixMillis,
    ) -> RuledChain {
        let held = self.held.load();
        let known = self.intermediates.of_store(StoreName::TenantCa(rule.tenant));
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

/// The intermediates of `ca` stores, read again when a file there changes.
#[derive(Debug)]
struct Intermediates {
    stores: Stores,
    read: Mutex<HashMap<StoreName, Read>>,
}

/// A store as it was read.
#[derive(Debug)]
struct Read {
    stamps: FileStamps,
    certificates: Arc<[KnownIntermediate]>,
}

impl Intermediates {
    fn of(data_dir: &Path) -> Self {
        Self { stores: Stores::of(data_dir), read: Mutex::default() }
    }

    /// What a store holds now: an import counts from the next message on.
    fn of_store(&self, store: StoreName) -> Arc<[KnownIntermediate]> {
        let stamps = self.stores.stamps(&[store]);
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = read.get(&store).filter(|known| known.stamps == stamps) {
            return Arc::clone(&known.certificates);
        }
        let certificates: Arc<[KnownIntermediate]> = self.stores.intermediates(store).into();
        read.insert(store, Read { stamps, certificates: Arc::clone(&certificates) });
        certificates
    }
}

#[cfg(test)]
mod tests {
    use posthouse_types::TenantId;

    use super::*;

    fn certificate(name: &str) -> Vec<u8> {
        rcgen::generate_simple_self_signed([name.to_owned()]).unwrap().cert.der().to_vec()
    }

    #[test]
    fn a_tenants_store_is_read_again_when_it_changes() {
        let data_dir = tempfile::tempdir().unwrap();
        let intermediates = Intermediates::of(data_dir.path());
        let store = StoreName::TenantCa(TenantId(7));
        assert_eq!(intermediates.of_store(store).len(), 0);
        let folder = Stores::of(data_dir.path()).folder(store);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("one.cer"), certificate("one")).unwrap();
        assert_eq!(intermediates.of_store(store).len(), 1);
        std::fs::write(folder.join("two.cer"), certificate("two")).unwrap();
        std::fs::write(folder.join("noise.cer"), "noise").unwrap();
        assert_eq!(intermediates.of_store(store).len(), 2);
        std::fs::remove_file(folder.join("one.cer")).unwrap();
        assert_eq!(intermediates.of_store(store).len(), 1);
        let other = StoreName::TenantCa(TenantId(8));
        assert_eq!(intermediates.of_store(other).len(), 0, "one tenant's are no other's");
    }
}
