//! What can be wrong with certificates that *we* are given in files. A peer's faults are reasons
//! of a report, never errors.

use std::fmt;

use crate::limits::PEM_BYTES_MAX;

/// Why a file of certificates cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PkiError {
    /// No `BEGIN CERTIFICATE` block in it.
    NoCertificate,
    /// The PEM armour is damaged; the text says how.
    NotPem(String),
    /// The certificate at this place (0 is the first) cannot be read; the text says why.
    NotACertificate {
        /// Its place in the file or list.
        place: usize,
        /// What the reader stumbled over.
        why: String,
    },
    /// No revocation list in it.
    NoRevocationList,
    /// The revocation list at this place (0 is the first) cannot be used; the text says why.
    NotARevocationList {
        /// Its place in the file or list.
        place: usize,
        /// What the reader stumbled over.
        why: String,
    },
    /// Longer than [`PEM_BYTES_MAX`].
    TooLong,
}

impl fmt::Display for PkiError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCertificate => formatter.write_str(
                "no certificate in it: expected at least one block that begins with \
                 -----BEGIN CERTIFICATE-----",
            ),
            Self::NotPem(why) => write!(formatter, "not PEM: {why}"),
            Self::NotACertificate { place, why } => {
                write!(formatter, "certificate number {} cannot be read: {why}", place + 1)
            }
            Self::NoRevocationList => formatter.write_str(
                "no revocation list in it: expected DER, or a block that begins with \
                 -----BEGIN X509 CRL-----",
            ),
            Self::NotARevocationList { place, why } => {
                write!(formatter, "revocation list number {} cannot be used: {why}", place + 1)
            }
            Self::TooLong => write!(formatter, "longer than {PEM_BYTES_MAX} bytes"),
        }
    }
}

impl std::error::Error for PkiError {}
