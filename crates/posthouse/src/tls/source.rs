//! Where a certificate of our own comes from: two PEM files, or the personal store.
//!
//! May read those files and the stores, and the clock. A source knows how it looked when it was
//! read, so that a change is seen without a restart; what cannot be used is an error that says so.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use posthouse_types::{SHOWN_CHARACTERS_MAX, printable};

use super::identity::unusable;
use super::{ClientIdentity, HandshakeFailure};
use crate::stores::{FileStamps, StoreName, Stores};
use crate::trust::Trust;
use crate::world;

/// How a certificate of the personal store is named where a file's path could stand.
const PERSONAL: &str = "personal:";

/// A completed chain is looked at again after this time: a certificate of it may have ended.
const COMPLETED_FOR_SECONDS: i64 = 3600;

/// The stores that chains are completed from, and the roots to which a chain should lead.
#[derive(Clone, Debug)]
pub(crate) struct ChainSupply {
    /// The node's stores.
    pub(crate) stores: Stores,
    /// A chain to one of its roots is preferred.
    pub(crate) trust: Arc<Trust>,
}

/// Where a certificate of our own comes from.
#[derive(Clone, Debug)]
pub(crate) enum CertificateSource {
    /// A PEM file, leaf first, of which everything is sent; and the leaf's key.
    Files {
        /// The chain.
        certificate: PathBuf,
        /// The key.
        key: PathBuf,
    },
    /// An entry of the personal store, which is sent with the chain that the `ca` store has.
    Personal {
        /// The entry's name.
        name: String,
        /// Where it is, and its chain.
        supply: ChainSupply,
    },
}

/// How a source looked when it was read: another look means that it changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Look {
    files: FileStamps,
    /// The roots and the hour, where a chain was completed by them.
    completed: Option<(u64, i64)>,
}

/// The name in `personal:NAME`; `None` where the text is a file's path.
pub(crate) fn personal_name(text: &str) -> Option<&str> {
    text.strip_prefix(PERSONAL)
}

impl CertificateSource {
    /// Two files.
    pub(crate) fn files(certificate: &Path, key: &Path) -> Self {
        Self::Files { certificate: certificate.to_owned(), key: key.to_owned() }
    }

    /// What two settings name: `personal:NAME`, whose key lies with it, or two files.
    pub(crate) fn new(certificate: &Path, key: &Path, supply: &ChainSupply) -> Self {
        match certificate.to_str().and_then(personal_name) {
            Some(name) => Self::Personal { name: name.to_owned(), supply: supply.clone() },
            None => Self::files(certificate, key),
        }
    }

    /// Reads the certificate and what is sent with it.
    ///
    /// # Errors
    /// Reason `own-certificate-unusable`, with a text that says what, where, and what to do.
    pub(crate) fn load(&self) -> Result<ClientIdentity, HandshakeFailure> {
        match self {
            Self::Files { certificate, key } => ClientIdentity::from_pem_files(certificate, key),
            Self::Personal { name, supply: ChainSupply { stores, trust } } => {
                let entry = stores.personal(name).map_err(|error| unusable(error.to_string()))?;
                let Some(key) = &entry.key else {
                    return Err(unusable(format!(
                        "{self} has no private key in {}: import it again with its key",
                        entry.file.display()
                    )));
                };
                let chain = stores.chain_to_send(&entry, &trust.held().roots, world::now());
                let chain = chain.into_iter().map(Into::into).collect();
                let name = self.to_string();
                ClientIdentity::from_parts(chain, key, &name, &name)
            }
        }
    }

    /// How it looks now: some calls of stat(2), cheap enough to be made where a task runs.
    pub(crate) fn look(&self) -> Look {
        match self {
            Self::Files { certificate, key } => {
                Look { files: FileStamps::of([certificate, key]), completed: None }
            }
            Self::Personal { supply: ChainSupply { stores, trust }, .. } => {
                let files = stores.stamps(&[StoreName::Personal, StoreName::Ca]);
                let hour = world::now().seconds() / COMPLETED_FOR_SECONDS;
                Look { files, completed: Some((trust.held().roots.generation, hour)) }
            }
        }
    }

    /// What tells it from every other source of the same node.
    pub(super) fn key(&self) -> (PathBuf, PathBuf) {
        match self {
            Self::Files { certificate, key } => (certificate.clone(), key.clone()),
            Self::Personal { name, .. } => (format!("{PERSONAL}{name}").into(), PathBuf::new()),
        }
    }
}

impl fmt::Display for CertificateSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files { certificate, .. } => write!(formatter, "{}", certificate.display()),
            Self::Personal { name, .. } => {
                write!(formatter, "{PERSONAL}{}", printable(name, SHOWN_CHARACTERS_MAX))
            }
        }
    }
}
