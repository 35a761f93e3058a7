//! Public keys of DKIM and ARC: their record (RFC 6376 section 3.6.1), and what is no key.
//!
//! Asks DNS for all keys of a message at once, each once. A key is looked at before it is used: one
//! that is too short, too long or odd never reaches the arithmetic (AUT-06).

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use mail_auth::common::crypto::{Algorithm, VerifyingKey};
use mail_auth::common::parse::TxtRecordParser;
use mail_auth::common::verify::DomainKey;
use posthouse_types::DkimReason;

use super::questions::{Questions, is_refused};
use super::tags::{Tags, base64, rsa_numbers};
use crate::Answer;

/// Keys below are refused (RFC 8301 section 3.2).
pub(crate) const RSA_BITS_MIN: usize = 1024;
/// Keys above are refused: verifying them costs more than a message is worth.
pub(crate) const RSA_BITS_MAX: usize = 8192;
/// Longest public exponent. 65537 has 17 bits; larger ones make verifying slow and serve nobody.
const RSA_EXPONENT_BITS_MAX: usize = 33;
/// Octets of an Ed25519 public key (RFC 8463 section 4.2).
const ED25519_BYTES: usize = 32;
/// Bits of an Ed25519 public key.
const ED25519_BITS: u32 = 256;

/// A key that can be used.
pub(crate) struct PublicKey {
    key: Box<dyn VerifyingKey + Send + Sync>,
    pub(crate) bits: u32,
    is_rsa: bool,
    hashes: Option<Vec<String>>,
    /// `t=y`.
    pub(crate) is_test: bool,
    /// `t=s`: `i=` must be of the very domain.
    pub(crate) is_strict: bool,
}

impl PublicKey {
    /// Whether the key may be used with that algorithm.
    pub(crate) fn allows(&self, algorithm: Algorithm) -> bool {
        let fits = match algorithm {
            Algorithm::RsaSha256 => self.is_rsa,
            Algorithm::Ed25519Sha256 => !self.is_rsa,
            Algorithm::RsaSha1 => false,
        };
        let hashes = self.hashes.as_ref();
        fits && hashes.is_none_or(|hashes| hashes.iter().any(|hash| hash == "sha256"))
    }

    /// Whether `signature` is this key's over `signed`.
    pub(crate) fn verifies(&self, signed: &[u8], signature: &[u8], algorithm: Algorithm) -> bool {
        self.key.verify_bytes(signed, signature, algorithm).is_ok()
    }
}

/// Why there is no key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoKey {
    pub(crate) reason: DkimReason,
    /// The size, where the key was read and refused for it.
    pub(crate) bits: Option<u32>,
}

impl NoKey {
    fn because(reason: DkimReason) -> Self {
        Self { reason, bits: None }
    }
}

/// The keys of one message by their names.
#[derive(Default)]
pub(crate) struct Keys {
    by_name: BTreeMap<String, Result<PublicKey, NoKey>>,
}

impl Keys {
    /// Asks for the keys of these pairs of selector and domain, each once, all at the same time.
    pub(crate) async fn ask<'n>(
        questions: &Questions<'_>,
        pairs: impl Iterator<Item = (&'n str, &'n str)>,
    ) -> Self {
        // In the callers' order: what comes first is asked first where the share ends.
        let mut names: Vec<String> = Vec::new();
        for (selector, domain) in pairs {
            let name = key_name(selector, domain);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let answers = all(names.iter().map(|name| questions.txt(name))).await;
        let keys = answers.into_iter().map(|answer| match answer {
            Answer::Found(records) => best_key(&records),
            Answer::NoRecords | Answer::NoSuchName => Err(NoKey::because(DkimReason::NoKey)),
            Answer::Failed(why) if is_refused(&why) => Err(NoKey::because(DkimReason::TooManyKeys)),
            Answer::Failed(_) => Err(NoKey::because(DkimReason::KeyUnavailable)),
            Answer::NotAsked => Err(NoKey::because(DkimReason::NotAsked)),
        });
        Self { by_name: names.iter().cloned().zip(keys).collect() }
    }

    pub(crate) fn key(&self, selector: &str, domain: &str) -> Result<&PublicKey, NoKey> {
        match self.by_name.get(&key_name(selector, domain)) {
            Some(Ok(key)) => Ok(key),
            Some(Err(no_key)) => Err(no_key.clone()),
            None => Err(NoKey::because(DkimReason::NotAsked)),
        }
    }
}

pub(crate) fn key_name(selector: &str, domain: &str) -> String {
    format!("{selector}._domainkey.{domain}").to_ascii_lowercase()
}

/// The first record that is a key; where there is none, what is wrong with the first.
fn best_key(records: &[String]) -> Result<PublicKey, NoKey> {
    let mut first_wrong = None;
    for record in records {
        match parse_key(record) {
            Ok(key) => return Ok(key),
            Err(wrong) => first_wrong = first_wrong.or(Some(wrong)),
        }
    }
    Err(first_wrong.unwrap_or(NoKey::because(DkimReason::NoKey)))
}

/// Reads one record.
pub(crate) fn parse_key(record: &str) -> Result<PublicKey, NoKey> {
    let bad = || NoKey::because(DkimReason::BadKey);
    let tags = Tags::parse(record).ok_or_else(bad)?;
    match tags.value("v") {
        None => {}
        Some("DKIM1") if tags.first == "v" => {}
        Some(_) => return Err(bad()),
    }
    let services = tags.list("s").filter(|services| !services.is_empty());
    if services.is_some_and(|all| !all.iter().any(|service| service == "*" || service == "email")) {
        return Err(bad());
    }
    let is_rsa = match tags.value("k").unwrap_or("rsa") {
        "rsa" => true,
        "ed25519" => false,
        _ => return Err(bad()),
    };
    let text = tags.value("p").ok_or_else(bad)?;
    if text.is_empty() {
        return Err(NoKey::because(DkimReason::Revoked));
    }
    let bytes = base64(text).ok_or_else(bad)?;
    let bits = if is_rsa { rsa_bits(&bytes)? } else { ed25519_bits(&bytes)? };
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let kind = if is_rsa { "rsa" } else { "ed25519" };
    let parsed = DomainKey::parse(format!("v=DKIM1; k={kind}; p={compact}").as_bytes());
    let key = parsed.map_err(|_| bad())?.p;
    let flags = tags.list("t").unwrap_or_default();
    Ok(PublicKey {
        key,
        bits,
        is_rsa,
        hashes: tags.list("h").filter(|hashes| !hashes.is_empty()),
        is_test: flags.iter().any(|flag| flag == "y"),
        is_strict: flags.iter().any(|flag| flag == "s"),
    })
}

fn rsa_bits(der: &[u8]) -> Result<u32, NoKey> {
    let bad = NoKey::because(DkimReason::BadKey);
    let Some(numbers) = rsa_numbers(der) else {
        return Err(bad);
    };
    let bits = u32::try_from(numbers.modulus_bits).ok();
    if numbers.modulus_bits < RSA_BITS_MIN {
        return Err(NoKey { reason: DkimReason::ShortKey, bits });
    }
    let is_odd = numbers.is_exponent_odd
        && (2..=RSA_EXPONENT_BITS_MAX).contains(&numbers.exponent_bits)
        && numbers.modulus_bits <= RSA_BITS_MAX;
    match bits {
        Some(bits) if is_odd => Ok(bits),
        bits => Err(NoKey { bits, ..bad }),
    }
}

fn ed25519_bits(bytes: &[u8]) -> Result<u32, NoKey> {
    if bytes.len() == ED25519_BYTES {
        Ok(ED25519_BITS)
    } else {
        Err(NoKey::because(DkimReason::BadKey))
    }
}

/// Waits for all of them at the same time, and keeps their order.
pub(crate) async fn all<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut waiting: Vec<(Pin<Box<_>>, Option<T>)> =
        futures.map(|future| (Box::pin(future), None)).collect();
    poll_fn(|context| {
        let mut is_pending = false;
        for (future, answer) in waiting.iter_mut().filter(|(_, answer)| answer.is_none()) {
            match future.as_mut().poll(context) {
                Poll::Ready(value) => *answer = Some(value),
                Poll::Pending => is_pending = true,
            }
        }
        if is_pending { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    waiting.into_iter().filter_map(|(_, answer)| answer).collect()
}
