//! The certificate stores, as Windows names them: `personal` (certificates with their keys), `ca`
//! (intermediates) and `root`; and a `ca` store for each tenant.
//!
//! May touch: the folders below `data_dir/certificates` and `data_dir/tenants`. A store is a
//! folder of files: what an administrator puts there by hand counts as well. A file that cannot be
//! read is a problem that is shown, and never hides the others.

mod files;
mod import;
mod obtain;

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use posthouse_pki::{
    Bundle, Examination, KnownIntermediate, TrustedRoots, chain_to_send, read_bundle,
};
use posthouse_types::{SHOWN_CHARACTERS_MAX, TenantId, UnixMillis, printable};
use rustls_pki_types::PrivateKeyDer;

pub(crate) use self::files::{read_bounded, write_into_store};
pub(crate) use self::import::{Import, ImportOrder, Imported, Outcome, authority_name};
pub(crate) use self::obtain::{Obtained, OwnChain, obtain};

/// Files of one store that are looked at. A store of one organisation has a handful; more are a
/// folder given by mistake.
const FILES_MAX: usize = 1000;

/// How certificates are called on disk; in the personal store `.key` lies beside `.cer`.
const EXTENSIONS: [&str; 6] = ["cer", "crt", "der", "pem", "p7b", "p7c"];

/// Which store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum StoreName {
    /// Our certificates, with keys.
    Personal,
    /// Intermediates: what is sent with ours.
    Ca,
    /// Trusted roots, beside those of `[trust] roots`.
    Root,
    /// A tenant's intermediates, for connectors with `chain = "repair"`.
    TenantCa(TenantId),
}

impl StoreName {
    /// The stores of the node itself.
    pub(crate) const OWN: [Self; 3] = [Self::Personal, Self::Ca, Self::Root];

    /// The name that commands and JSON use.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Personal => "personal",
            Self::Ca | Self::TenantCa(_) => "ca",
            Self::Root => "root",
        }
    }
}

impl fmt::Display for StoreName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TenantCa(tenant) => write!(formatter, "ca store of tenant {}", tenant.0),
            own => write!(formatter, "{} store", own.id()),
        }
    }
}

/// The stores of one node.
#[derive(Clone, Debug)]
pub(crate) struct Stores {
    data_dir: PathBuf,
}

/// One file of a store.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The store that it lies in.
    pub(crate) store: StoreName,
    /// The file's name without its extension.
    pub(crate) name: String,
    /// The file.
    pub(crate) file: PathBuf,
    /// Its certificates (DER): in the personal store the leaf first. Never empty.
    pub(crate) certificates: Vec<Vec<u8>>,
    /// The private key, in the personal store.
    pub(crate) key: Option<PrivateKeyDer<'static>>,
}

impl Entry {
    /// The certificate that the entry is about.
    pub(crate) fn leaf(&self) -> &[u8] {
        self.certificates.first().map_or(&[], Vec::as_slice)
    }
}

/// What a store holds.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// Its entries, by name.
    pub(crate) entries: Vec<Entry>,
    /// Files that cannot be used: what, where, what to do.
    pub(crate) problems: Vec<String>,
}

/// Why something is not to be had from a store: what, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoreError {
    /// What and where.
    pub(crate) what: String,
    /// What to do about it.
    pub(crate) next: String,
}

impl StoreError {
    pub(crate) fn new(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what: what.into(), next: next.into() }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.what, self.next)
    }
}

impl std::error::Error for StoreError {}

impl Stores {
    /// The stores below a node's `data_dir`. Touches nothing yet.
    pub(crate) fn of(data_dir: &Path) -> Self {
        Self { data_dir: data_dir.to_owned() }
    }

    /// The folder of a store.
    pub(crate) fn folder(&self, store: StoreName) -> PathBuf {
        match store {
            // By number: a tenant that is removed and made anew inherits nobody's certificates.
            StoreName::TenantCa(tenant) => {
                self.data_dir.join("tenants").join(tenant.0.to_string()).join("ca")
            }
            own => self.data_dir.join("certificates").join(own.id()),
        }
    }

    /// The node's folder, whose owner owns the stores.
    fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// All that a store holds. A folder that is not there is an empty store.
    pub(crate) fn contents(&self, store: StoreName) -> Contents {
        let mut contents = Contents::default();
        let files = match list(&self.folder(store)) {
            Ok(files) => files,
            Err(error) => {
                let folder = self.folder(store);
                contents.problems.push(format!("cannot read {}: {error}", folder.display()));
                return contents;
            }
        };
        for file in files {
            match entry(store, &file) {
                Ok(Some(entry)) => contents.entries.push(entry),
                Ok(None) => {}
                Err(why) => contents.problems.push(format!("{}: {why}", file.display())),
            }
        }
        contents
    }

    /// One entry of the personal store.
    ///
    /// # Errors
    /// There is none of that name; the text lists what there is.
    pub(crate) fn personal(&self, name: &str) -> Result<Entry, StoreError> {
        let Contents { mut entries, problems } = self.contents(StoreName::Personal);
        if let Some(place) = entries.iter().position(|entry| entry.name == name) {
            return Ok(entries.swap_remove(place));
        }
        let names: Vec<_> = entries.iter().map(|entry| entry.name.as_str()).collect();
        let there = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
        let shown = printable(name, SHOWN_CHARACTERS_MAX);
        let mut what = format!("the personal store has no certificate {shown}; it holds {there}");
        for problem in problems {
            what.push_str("; ");
            what.push_str(&problem);
        }
        Err(StoreError::new(what, "bring it in with posthouse cert import FILE --name NAME"))
    }

    /// The certificates of a `ca` store, ready for an examination: links between a leaf and a
    /// trusted root. Nothing in this store is trusted for itself.
    pub(crate) fn intermediates(&self, store: StoreName) -> Vec<KnownIntermediate> {
        let entries = self.contents(store).entries;
        let ders = entries.iter().flat_map(|entry| &entry.certificates);
        ders.filter_map(|der| KnownIntermediate::from_der(der).ok()).collect()
    }

    /// The certificates of the `root` store (DER).
    pub(crate) fn roots(&self) -> Vec<Vec<u8>> {
        let entries = self.contents(StoreName::Root).entries;
        entries.into_iter().flat_map(|entry| entry.certificates).collect()
    }

    /// What is sent with a certificate of the personal store: itself, then the path that the `ca`
    /// store (and the entry's own file) has, never the root. DER, leaf first.
    pub(crate) fn chain_to_send(
        &self,
        entry: &Entry,
        roots: &TrustedRoots,
        now: UnixMillis,
    ) -> Vec<Vec<u8>> {
        let mut known = self.intermediates(StoreName::Ca);
        let beside = entry.certificates.iter().skip(1);
        known.extend(beside.filter_map(|der| KnownIntermediate::from_der(der).ok()));
        let examination = Examination { known: &known, ..Examination::new(roots, now) };
        chain_to_send(entry.leaf(), &examination)
    }

    /// How the files of these stores look now.
    pub(crate) fn stamps(&self, stores: &[StoreName]) -> FileStamps {
        let folders = stores.iter().map(|store| self.folder(*store));
        let files = folders.flat_map(|folder| list(&folder).unwrap_or_default());
        FileStamps::of(files)
    }
}

/// How files looked when they were read: another look means that they changed. The inode is there
/// for a file that is replaced within one tick of the file system's clock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FileStamps(Vec<Option<(i64, i64, u64, u64)>>);

impl FileStamps {
    /// A call of stat(2) for each file.
    pub(crate) fn of(files: impl IntoIterator<Item = impl AsRef<Path>>) -> Self {
        let stamp = |path: &Path| {
            let data = fs::metadata(path).ok()?;
            Some((data.mtime(), data.mtime_nsec(), data.len(), data.ino()))
        };
        Self(files.into_iter().map(|path| stamp(path.as_ref())).collect())
    }
}

/// The files of a folder in the order of their names; none where it is not there.
fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let found = match fs::read_dir(folder) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files = Vec::new();
    for file in found.take(FILES_MAX) {
        files.push(file?.path());
    }
    files.sort_unstable();
    Ok(files)
}

/// Reads one file of a store; `Ok(None)` for what is no certificate by its name.
fn entry(store: StoreName, file: &Path) -> Result<Option<Entry>, String> {
    let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let extension = extension.to_ascii_lowercase();
    if ["pfx", "p12"].contains(&extension.as_str()) {
        let text = "a .pfx is under a password: bring it in with posthouse cert import";
        return Err(text.to_owned());
    }
    if !EXTENSIONS.contains(&extension.as_str()) {
        return Ok(None);
    }
    let bytes = read_bounded(file)?;
    let Bundle { certificates, mut keys, .. } =
        read_bundle(&bytes, None).map_err(|error| error.to_string())?;
    if certificates.is_empty() {
        return Err("it holds no certificate".to_owned());
    }
    let mut key = None;
    if store == StoreName::Personal {
        let beside = file.with_extension("key");
        if keys.is_empty() && beside.exists() {
            let bytes = read_bounded(&beside)?;
            keys = read_bundle(&bytes, None).map_err(|error| error.to_string())?.keys;
        }
        key = keys.into_iter().next();
    }
    let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    Ok(Some(Entry { store, name, file: file.to_owned(), certificates, key }))
}

#[cfg(test)]
mod tests {
    use posthouse_pki::{certificate_pem, key_pem};

    use super::*;

    fn certificate(name: &str) -> (Vec<u8>, String) {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        (made.cert.der().to_vec(), key_pem(&key))
    }

    #[test]
    fn what_is_put_into_a_folder_by_hand_counts_as_well() {
        let data_dir = tempfile::tempdir().unwrap();
        let stores = Stores::of(data_dir.path());
        assert!(stores.contents(StoreName::Personal).entries.is_empty());
        let folder = stores.folder(StoreName::Personal);
        fs::create_dir_all(&folder).unwrap();
        let (der, key) = certificate("mail.example");
        fs::write(folder.join("apart.CER"), &der).unwrap();
        fs::write(folder.join("apart.key"), &key).unwrap();
        fs::write(folder.join("both.pem"), key + &certificate_pem(&der)).unwrap();
        fs::write(folder.join("alone.crt"), &der).unwrap();
        fs::write(folder.join("notes.txt"), "not ours").unwrap();
        let Contents { entries, problems } = stores.contents(StoreName::Personal);
        let found: Vec<_> =
            entries.iter().map(|entry| (entry.name.as_str(), entry.key.is_some())).collect();
        assert_eq!(found, [("alone", false), ("apart", true), ("both", true)]);
        assert!(entries.iter().all(|entry| entry.leaf() == der));
        assert_eq!(problems, Vec::<String>::new());
    }

    #[test]
    fn a_file_that_cannot_be_read_is_a_problem_and_hides_no_other() {
        let data_dir = tempfile::tempdir().unwrap();
        let stores = Stores::of(data_dir.path());
        let folder = stores.folder(StoreName::Ca);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("good.cer"), certificate("ca.example").0).unwrap();
        fs::write(folder.join("noise.cer"), "noise").unwrap();
        fs::write(folder.join("locked.pfx"), "noise").unwrap();
        fs::create_dir(folder.join("folder.pem")).unwrap();
        let Contents { entries, problems } = stores.contents(StoreName::Ca);
        assert_eq!(entries.len(), 1);
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(problems.iter().any(|text| text.contains("posthouse cert import")));
        assert_eq!(stores.intermediates(StoreName::Ca).len(), 1);
    }

    #[test]
    fn an_unknown_name_lists_what_there_is() {
        let data_dir = tempfile::tempdir().unwrap();
        let stores = Stores::of(data_dir.path());
        let text = stores.personal("mail").unwrap_err().to_string();
        assert!(text.contains("it holds nothing: bring it in with"), "{text}");
        let folder = stores.folder(StoreName::Personal);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("old.cer"), certificate("mail.example").0).unwrap();
        let text = stores.personal("mail").unwrap_err().to_string();
        assert!(text.contains("it holds old"), "{text}");
    }

    #[test]
    fn a_changed_file_has_another_stamp() {
        let data_dir = tempfile::tempdir().unwrap();
        let stores = Stores::of(data_dir.path());
        let folder = stores.folder(StoreName::Ca);
        let look = || stores.stamps(&[StoreName::Ca]);
        let empty = look();
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("one.cer"), "1").unwrap();
        let one = look();
        assert_ne!(one, empty);
        assert_eq!(one, look());
        fs::write(folder.join("one.cer"), "22").unwrap();
        assert_ne!(look(), one);
    }
}
