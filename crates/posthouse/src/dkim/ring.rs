//! One domain's keys on disk: making, rotating, choosing, and what stands in DNS for each.
//!
//! May touch: the domain's folder, randomness for new keys. A file that cannot be read is an
//! error with its place, never a ring without it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use posthouse_message::SignatureAlgorithm;
use posthouse_types::{Domain, TenantId, UnixMillis};
use serde::{Deserialize, Serialize};

use crate::stores::{read_bounded, write_into_store};

/// Keys of one domain: two algorithms, each with one that signs, one that will and one that did.
const KEYS_MAX: usize = 16;

/// How long a key that signs no more has to be published still: as long as mail is on its way
/// (queues give up after 5 days at most).
pub(crate) const RETIRED_DAYS: i64 = 7;

const MILLIS_PER_DAY: i64 = 24 * 60 * 60 * 1000;

/// Which kind of key.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Algorithm {
    /// RSA with 2048 bits: everybody can check it
    Rsa2048,
    /// Ed25519: short and quick, but many servers cannot check it: beside an RSA key only
    Ed25519,
}

impl Algorithm {
    /// The word that commands and files use.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Rsa2048 => "rsa2048",
            Self::Ed25519 => "ed25519",
        }
    }

    /// The names of its two selectors.
    fn selectors(self) -> [&'static str; 2] {
        match self {
            Self::Rsa2048 => ["selector1", "selector2"],
            Self::Ed25519 => ["ed1", "ed2"],
        }
    }
}

/// One key, without its secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Key {
    /// `s=`, and the file's name.
    pub(crate) selector: String,
    pub(crate) algorithm: Algorithm,
    /// When it was made, in milliseconds since 1970.
    pub(crate) created: i64,
    /// From when on it signs.
    pub(crate) signs_from: i64,
    /// What stands in DNS.
    pub(crate) record: String,
}

/// What becomes of a key at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyState {
    /// It signs.
    Active,
    /// It will.
    Waiting,
    /// It did; its record has to stay until then.
    Retired { published_until: UnixMillis },
}

/// The keys of one domain.
pub(crate) struct Ring {
    folder: PathBuf,
    data_dir: PathBuf,
    keys: Vec<Key>,
    secrets: Vec<(String, Secret)>,
}

enum Secret {
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Ring {
    /// Reads a domain's ring; one that is not there is empty.
    ///
    /// # Errors
    /// Which file cannot be read, and why.
    pub(crate) fn read(data_dir: &Path, tenant: TenantId, domain: &Domain) -> Result<Self, String> {
        // By number: a tenant that is removed and made anew inherits nobody's keys.
        let tenants = data_dir.join("tenants").join(tenant.0.to_string());
        let folder = tenants.join("dkim").join(domain.as_str());
        let mut ring =
            Self { folder, data_dir: data_dir.to_owned(), keys: Vec::new(), secrets: Vec::new() };
        let list = ring.folder.join("keys.json");
        if !list.exists() {
            return Ok(ring);
        }
        let named = |file: &Path, why: String| format!("{}: {why}", file.display());
        let text = read_bounded(&list).map_err(|why| named(&list, why))?;
        ring.keys =
            serde_json::from_slice(&text).map_err(|error| named(&list, error.to_string()))?;
        for key in &ring.keys {
            if !posthouse_policy::is_selector(&key.selector) {
                return Err(named(&list, "a selector is not one DNS label".to_owned()));
            }
            let file = ring.file(&key.selector);
            let bytes = read_bounded(&file).map_err(|why| named(&file, why))?;
            let secret = Secret::read(key.algorithm, &bytes).map_err(|why| named(&file, why))?;
            ring.secrets.push((key.selector.clone(), secret));
        }
        Ok(ring)
    }

    /// Its keys, in the order that they were made.
    pub(crate) fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The keys that sign now: of each algorithm the one that began last; or the pinned one.
    pub(crate) fn active(&self, pinned: Option<&str>, now: UnixMillis) -> Vec<&Key> {
        if let Some(selector) = pinned {
            return self.keys.iter().filter(|key| key.selector == selector).collect();
        }
        let of = |algorithm| {
            let keys = self.keys.iter().filter(move |key| key.algorithm == algorithm);
            keys.filter(|key| key.signs_from <= now.0).max_by_key(|key| key.signs_from)
        };
        [Algorithm::Rsa2048, Algorithm::Ed25519].into_iter().filter_map(of).collect()
    }

    /// What becomes of a key.
    pub(crate) fn state(&self, key: &Key, now: UnixMillis) -> KeyState {
        if key.signs_from > now.0 {
            return KeyState::Waiting;
        }
        let after = self.keys.iter().filter(|other| {
            other.algorithm == key.algorithm
                && other.signs_from > key.signs_from
                && other.signs_from <= now.0
        });
        match after.map(|other| other.signs_from).min() {
            None => KeyState::Active,
            Some(since) => KeyState::Retired {
                published_until: UnixMillis(since + RETIRED_DAYS * MILLIS_PER_DAY),
            },
        }
    }

    /// Makes a key that signs from a time on, and keeps it.
    ///
    /// # Errors
    /// The selector is in use still, there are too many keys, or the disk failed.
    pub(crate) fn make(
        &mut self,
        algorithm: Algorithm,
        selector: Option<&str>,
        signs_from: UnixMillis,
        now: UnixMillis,
    ) -> Result<&Key, String> {
        let selector = match selector {
            Some(selector) => selector.to_owned(),
            None => self.free_selector(algorithm, now)?,
        };
        if !posthouse_policy::is_selector(&selector) {
            return Err(format!("\"{selector}\" is no selector: letters, digits and hyphens"));
        }
        if let Some(key) = self.keys.iter().find(|key| key.selector == selector)
            && !self.is_over(key, now)
        {
            return Err(format!("selector {selector} is in use, or its record has to stay"));
        }
        if self.keys.len() >= KEYS_MAX {
            return Err(format!("this domain has {KEYS_MAX} keys already"));
        }
        let (bytes, record) = generate(algorithm)?;
        let secret = Secret::read(algorithm, &bytes)?;
        let failed =
            |error: io::Error| format!("cannot write into {}: {error}", self.folder.display());
        // The key first: a list that names a key without a file would keep the ring from being read.
        write_into_store(&self.data_dir, &self.file(&selector), &bytes).map_err(failed)?;
        let key = Key {
            selector: selector.clone(),
            algorithm,
            created: now.0,
            signs_from: signs_from.0,
            record,
        };
        let mut keys: Vec<Key> =
            self.keys.iter().filter(|key| key.selector != selector).cloned().collect();
        keys.push(key);
        let text = serde_json::to_vec_pretty(&keys).map_err(|error| error.to_string())?;
        write_into_store(&self.data_dir, &self.folder.join("keys.json"), &text).map_err(failed)?;
        self.keys = keys;
        self.secrets.retain(|(name, _)| *name != selector);
        self.secrets.push((selector, secret));
        self.keys.last().ok_or_else(|| "no key".to_owned())
    }

    /// Signs by one of its keys.
    ///
    /// # Errors
    /// The key failed.
    pub(crate) fn sign(&self, key: &Key, bytes: &[u8]) -> Result<Vec<u8>, String> {
        let secret = self.secrets.iter().find(|(selector, _)| *selector == key.selector);
        let (_, secret) = secret.ok_or_else(|| format!("there is no key {}", key.selector))?;
        secret.sign(bytes)
    }

    fn file(&self, selector: &str) -> PathBuf {
        self.folder.join(format!("{selector}.key"))
    }

    fn is_over(&self, key: &Key, now: UnixMillis) -> bool {
        matches!(self.state(key, now), KeyState::Retired { published_until } if published_until <= now)
    }

    /// Of the two names the one whose key is not needed.
    fn free_selector(&self, algorithm: Algorithm, now: UnixMillis) -> Result<String, String> {
        let is_free = |name: &&str| {
            self.keys
                .iter()
                .find(|key| key.selector == **name)
                .is_none_or(|key| self.is_over(key, now))
        };
        let [one, two] = algorithm.selectors();
        let free = [one, two].into_iter().find(is_free).map(str::to_owned);
        free.ok_or_else(|| {
            format!(
                "{one} and {two} are both needed: the last rotation is less than {RETIRED_DAYS} \
                 days old, or has not begun; name another with --selector"
            )
        })
    }
}

impl Secret {
    fn read(algorithm: Algorithm, pkcs8: &[u8]) -> Result<Self, String> {
        let rejected = |error: aws_lc_rs::error::KeyRejected| format!("no usable key: {error}");
        match algorithm {
            Algorithm::Rsa2048 => RsaKeyPair::from_pkcs8(pkcs8).map(Self::Rsa).map_err(rejected),
            Algorithm::Ed25519 => {
                Ed25519KeyPair::from_pkcs8(pkcs8).map(Self::Ed25519).map_err(rejected)
            }
        }
    }

    fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), bytes, &mut signature)
                    .map_err(|_| "the RSA key does not sign".to_owned())?;
                Ok(signature)
            }
            Self::Ed25519(key) => {
                // RFC 8463 section 3: what is signed is the digest.
                let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
                Ok(key.sign(digest.as_ref()).as_ref().to_vec())
            }
        }
    }
}

/// A new key as PKCS#8, and its record.
fn generate(algorithm: Algorithm) -> Result<(Vec<u8>, String), String> {
    let failed = |_| "the key could not be made".to_owned();
    match algorithm {
        Algorithm::Rsa2048 => {
            let key = RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
            let public = key.public_key().as_der().map_err(failed)?;
            let record =
                format!("v=DKIM1; k=rsa; p={}", posthouse_message::base64(public.as_ref()));
            let pkcs8 = key.as_der().map_err(failed)?;
            Ok((pkcs8.as_ref().to_vec(), record))
        }
        Algorithm::Ed25519 => {
            let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(failed)?;
            let key = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).map_err(|e| e.to_string())?;
            // RFC 8463 section 4.2: the bare 32 octets.
            let public = posthouse_message::base64(key.public_key().as_ref());
            Ok((pkcs8.as_ref().to_vec(), format!("v=DKIM1; k=ed25519; p={public}")))
        }
    }
}

impl From<Algorithm> for SignatureAlgorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Rsa2048 => Self::RsaSha256,
            Algorithm::Ed25519 => Self::Ed25519Sha256,
        }
    }
}

/// The domains that a tenant has rings for, by name.
pub(crate) fn domains(data_dir: &Path, tenant: TenantId) -> Vec<Domain> {
    let folder = data_dir.join("tenants").join(tenant.0.to_string()).join("dkim");
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut domains: Vec<Domain> = names.map(Domain::from_normalized).collect();
    domains.sort();
    domains
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const NOW: UnixMillis = UnixMillis(1_795_000_000_000);

    fn days(count: i64) -> UnixMillis {
        UnixMillis(NOW.0 + count * MILLIS_PER_DAY)
    }

    fn ring(folder: &Path) -> Ring {
        let domain = Domain::from_normalized("t.example");
        Ring::read(folder, TenantId(3), &domain).unwrap()
    }

    fn active(ring: &Ring, at: UnixMillis) -> Vec<&str> {
        ring.active(None, at).into_iter().map(|key| key.selector.as_str()).collect()
    }

    #[test]
    fn a_rotation_signs_with_the_new_key_from_its_date_on() {
        let folder = tempfile::tempdir().unwrap();
        let mut made = ring(folder.path());
        made.make(Algorithm::Ed25519, None, NOW, NOW).unwrap();
        assert_eq!(active(&made, NOW), ["ed1"]);
        made.make(Algorithm::Ed25519, None, days(4), NOW).unwrap();
        let read = ring(folder.path());
        assert_eq!(active(&read, days(3)), ["ed1"]);
        assert_eq!(active(&read, days(4)), ["ed2"]);
        let first = &read.keys()[0];
        assert_eq!(
            read.state(first, days(5)),
            KeyState::Retired { published_until: days(4 + RETIRED_DAYS) }
        );
        assert!(read.active(Some("ed1"), days(9)).iter().all(|key| key.selector == "ed1"));
    }

    #[test]
    fn a_selector_is_used_again_only_when_its_record_may_go() {
        let folder = tempfile::tempdir().unwrap();
        let mut ring = ring(folder.path());
        ring.make(Algorithm::Ed25519, None, NOW, NOW).unwrap();
        ring.make(Algorithm::Ed25519, None, days(4), NOW).unwrap();
        let error = ring.make(Algorithm::Ed25519, None, days(9), days(5)).unwrap_err();
        assert!(error.contains("both needed"), "{error}");
        assert!(ring.make(Algorithm::Ed25519, Some("ed2"), days(9), days(5)).is_err());
        let again = ring.make(Algorithm::Ed25519, None, days(15), days(11)).unwrap();
        assert_eq!(again.selector, "ed1");
        assert_eq!(ring.keys().len(), 2);
    }

    #[test]
    fn keys_are_for_their_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let mut made = ring(folder.path());
        made.make(Algorithm::Rsa2048, None, NOW, NOW).unwrap();
        let file = made.file("selector1");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(domains(folder.path(), TenantId(3)), [Domain::from_normalized("t.example")]);
        assert!(
            made.keys()[0].record.starts_with("v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOC")
        );
    }

    #[test]
    fn a_damaged_key_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let mut made = ring(folder.path());
        made.make(Algorithm::Ed25519, None, NOW, NOW).unwrap();
        fs::write(made.file("ed1"), "no key").unwrap();
        let domain = Domain::from_normalized("t.example");
        let error = Ring::read(folder.path(), TenantId(3), &domain).err().unwrap();
        assert!(error.contains("ed1.key"), "{error}");
    }
}
