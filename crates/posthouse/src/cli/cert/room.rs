//! What the store verbs work with: the stores, who is trusted, the time; and how a text that
//! somebody typed becomes a certificate.
//!
//! May touch: the settings file, the stores, the files named, the node's door (for a tenant's
//! number). On a machine without a node the verbs that only read files work all the same.

use std::path::{Path, PathBuf};

use posthouse_pki::{
    CertificateKind, Examination, KnownIntermediate, TrustedRoots, certificate_kind,
    certificate_summary, chain_to_send, read_bundle,
};
use posthouse_types::{SHOWN_CHARACTERS_MAX, TenantId, UnixMillis, printable};
use serde_json::Value;

use crate::cli::{Asking, ask};
use crate::office::{Request, Trouble};
use crate::settings::Settings;
use crate::stores::{Entry, StoreError, StoreName, Stores, read_bounded};
use crate::tls::personal_name;
use crate::{trust, world};

/// Fewest digits of a thumbprint that name a certificate.
const THUMBPRINT_DIGITS_MIN: usize = 8;

/// The stores and what surrounds them.
pub(super) struct Room {
    /// None on a machine without a node.
    pub(super) settings: Option<Settings>,
    pub(super) stores: Stores,
    pub(super) roots: TrustedRoots,
    pub(super) now: UnixMillis,
}

/// What a verb is about.
pub(super) enum Subject {
    /// An entry of a store.
    Entry(Entry),
    /// A file: the certificates that it holds, in its order, never empty.
    File(PathBuf, Vec<Vec<u8>>),
}

impl Room {
    /// The stores of the node whose settings are named.
    pub(super) fn open(asking: &Asking) -> Result<Self, Trouble> {
        let settings = Settings::read(&asking.node.config)
            .map_err(|error| Trouble::new(error.to_string(), ""))?;
        let roots = trust::trusted_roots(&settings).map_err(|error| Trouble::new(error, ""))?;
        let stores = Stores::of(&settings.node.data_dir);
        Ok(Self { settings: Some(settings), stores, roots, now: world::now() })
    }

    /// The same; or no stores and the system's roots, where no node was ever set up here.
    pub(super) fn open_anywhere(asking: &Asking) -> Result<Self, Trouble> {
        if asking.node.config.exists() || !asking.node.is_default() {
            return Self::open(asking);
        }
        let roots = trust::load_roots("system").map_err(|error| Trouble::new(error, ""))?;
        let stores = Stores::of(Path::new("/nonexistent"));
        Ok(Self { settings: None, stores, roots, now: world::now() })
    }

    /// What a text names: an entry by name or thumbprint, else a file.
    pub(super) fn find(&self, text: &str) -> Result<Subject, Trouble> {
        if let Some(name) = personal_name(text) {
            return self.stores.personal(name).map(Subject::Entry).map_err(Trouble::from);
        }
        let mut found: Vec<Entry> = Vec::new();
        for store in StoreName::OWN {
            let entries = self.stores.contents(store).entries;
            found.extend(entries.into_iter().filter(|entry| is_named(entry, text)));
        }
        if found.len() > 1 {
            let names: Vec<String> =
                found.iter().map(|entry| entry.file.display().to_string()).collect();
            let text = printable(text, SHOWN_CHARACTERS_MAX);
            return Err(Trouble::new(
                format!("{text} names more than one certificate: {}", names.join(", ")),
                "give the thumbprint, the file, or personal:NAME",
            ));
        }
        match found.pop() {
            Some(entry) => Ok(Subject::Entry(entry)),
            None => self.file(text),
        }
    }

    fn file(&self, text: &str) -> Result<Subject, Trouble> {
        let file = Path::new(text);
        let shown = printable(text, SHOWN_CHARACTERS_MAX);
        if !file.exists() {
            return Err(Trouble::new(
                format!("there is no certificate and no file {shown}"),
                "posthouse cert list shows what the stores hold",
            ));
        }
        let unusable = |why: String| Trouble::new(format!("{shown}: {why}"), "");
        let bytes = read_bounded(file).map_err(unusable)?;
        let bundle = read_bundle(&bytes, None).map_err(|error| {
            let next = "bring a .pfx in with posthouse cert import";
            Trouble::new(format!("{shown} is {error}"), next)
        })?;
        if bundle.certificates.is_empty() {
            return Err(unusable("it holds a key and no certificate".to_owned()));
        }
        Ok(Subject::File(file.to_owned(), bundle.certificates))
    }

    /// What a handshake with this certificate really sends, leaf first: what a file holds, or
    /// what the stores have for an entry.
    pub(super) fn sent(&self, subject: &Subject) -> Vec<Vec<u8>> {
        match subject {
            Subject::Entry(entry) => self.stores.chain_to_send(entry, &self.roots, self.now),
            Subject::File(_, certificates) => certificates.clone(),
        }
    }

    /// The leaf and every intermediate of it that is to be had here, whether it is sent or not.
    pub(super) fn whole_chain(&self, subject: &Subject) -> Vec<Vec<u8>> {
        let mut known = self.stores.intermediates(StoreName::Ca);
        let sent = self.sent(subject);
        let beside = sent.iter().skip(1);
        known.extend(beside.filter_map(|der| KnownIntermediate::from_der(der).ok()));
        let examination = Examination { known: &known, ..Examination::new(&self.roots, self.now) };
        chain_to_send(sent.first().map_or(&[], Vec::as_slice), &examination)
    }

    /// Refuses what no server presents: a CA's certificate.
    pub(super) fn presentable(&self, subject: Subject) -> Result<Subject, Trouble> {
        use CertificateKind as K;
        let leaf = match &subject {
            Subject::Entry(entry) => entry.leaf(),
            Subject::File(_, certificates) => certificates.first().map_or(&[][..], Vec::as_slice),
        };
        match certificate_kind(leaf) {
            Some(K::Root | K::Intermediate) => {
                let name = certificate_summary(leaf).unwrap_or_default().subject;
                Err(Trouble::new(
                    format!(
                        "{} is a CA's certificate: no server presents it",
                        printable(&name, SHOWN_CHARACTERS_MAX)
                    ),
                    "name a certificate of the personal store, or a PEM file with the leaf first",
                ))
            }
            _ => Ok(subject),
        }
    }
}

/// A tenant's number, by its name.
pub(in crate::cli) fn tenant(asking: &Asking, name: &str) -> Result<TenantId, Trouble> {
    let tenants = ask::answer(&asking.node.config, Request::Tenants)?;
    let is_it = |tenant: &&Value| {
        tenant
            .get("tenant")
            .and_then(Value::as_str)
            .is_some_and(|one| one.eq_ignore_ascii_case(name))
    };
    let found = tenants.iter().find(is_it).and_then(|tenant| tenant.get("id")?.as_u64());
    found.map(TenantId).ok_or_else(|| {
        let name = printable(name, SHOWN_CHARACTERS_MAX);
        Trouble::new(format!("there is no tenant {name}"), "posthouse tenant list")
    })
}

impl Subject {
    /// How it is called.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Entry(entry) => format!("{}:{}", entry.store.id(), entry.name),
            Self::File(file, _) => file.display().to_string(),
        }
    }

    /// All its certificates.
    pub(super) fn certificates(&self) -> &[Vec<u8>] {
        match self {
            Self::Entry(entry) => &entry.certificates,
            Self::File(_, certificates) => certificates,
        }
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::new(error.what, error.next)
    }
}

fn is_named(entry: &Entry, text: &str) -> bool {
    let digits: String = text.chars().filter(|digit| !matches!(digit, ':' | ' ')).collect();
    let is_thumbprint = digits.len() >= THUMBPRINT_DIGITS_MIN
        && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    entry.name == text
        || is_thumbprint
            && entry.certificates.iter().any(|der| {
                let thumbprint = certificate_summary(der).unwrap_or_default().thumbprint;
                thumbprint.starts_with(&digits.to_ascii_uppercase())
            })
}
