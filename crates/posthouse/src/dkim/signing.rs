//! Signing one message on its way out: which domain signs, and over which bytes.
//!
//! May touch: the message's body, which is read once more; the keys. A message that cannot be
//! signed goes out without a signature, with a word in the log and in the metrics: mail that waits
//! for a key helps nobody.

use posthouse_message::{
    Departure, Digest, Outgoing, SealFailure, Signer, author_domain, dkim_signature, seal,
};
use posthouse_policy::{FromText as _, Tenant};
use posthouse_store::{StoreError, StoredMessage};
use posthouse_types::{Domain, TenantId, UnixMillis};

use super::{DkimKeys, Key, Ring};

/// What decides about signing.
pub(crate) struct Signing<'a> {
    pub(crate) keys: &'a DkimKeys,
    pub(crate) id: TenantId,
    pub(crate) tenant: &'a Tenant,
    pub(crate) node_name: &'a str,
    /// What becomes of our own fields on this way.
    pub(crate) departure: Departure,
    pub(crate) now: UnixMillis,
}

/// The fields that go above a message: seals and signatures; empty where nothing signs.
///
/// # Errors
/// The body cannot be read: then it cannot be sent either.
pub(crate) async fn fields(
    signing: &Signing<'_>,
    message: &StoredMessage,
) -> Result<Vec<u8>, StoreError> {
    let signs = signing.departure == Departure::Foreign
        && message.authenticated
        && signing.tenant.outbound.as_ref().is_some_and(|outbound| !outbound.dkim.is_empty());
    // What the tenant's own servers sent is signed; what others sent is sealed.
    let seals = !message.authenticated && signing.tenant.arc_seal_domain().is_some();
    if !signs && !seals {
        return Ok(Vec::new());
    }
    let digest = digest(message, signing.departure).await?;
    if digest.is_too_large() {
        count("header-too-large");
        return Ok(Vec::new());
    }
    Ok(if signs { signatures(signing, &digest) } else { seals_of(signing, &digest, &message.head) })
}

/// The message as it will be sent, read once.
async fn digest(message: &StoredMessage, departure: Departure) -> Result<Digest, StoreError> {
    let mut digest = Digest::default();
    let mut outgoing = Outgoing::new(departure);
    let mut push = |digest: &mut Digest, piece: &[u8]| {
        let mut header = Vec::new();
        let rest = outgoing.push(piece, &mut header);
        digest.push(&header);
        digest.push(rest);
    };
    push(&mut digest, &message.head);
    let mut body = message.body.reader();
    loop {
        let piece = body.next().await?;
        if piece.is_empty() {
            break;
        }
        push(&mut digest, piece);
    }
    let mut header = Vec::new();
    outgoing.finish(&mut header);
    digest.push(&header);
    Ok(digest.finished())
}

fn signatures(signing: &Signing<'_>, digest: &Digest) -> Vec<u8> {
    let author = author_domain(digest.header()).and_then(|name| Domain::from_text(&name).ok());
    let Some(dkim) = author.as_ref().and_then(|domain| signing.tenant.dkim(domain)) else {
        count("no-key-for-author");
        return Vec::new();
    };
    let pinned = dkim.selector.as_deref();
    let signed = with_keys(signing, &dkim.domain, pinned, |signer| {
        dkim_signature(digest, signer, signing.now.seconds())
    });
    signed.concat()
}

fn seals_of(signing: &Signing<'_>, digest: &Digest, own_head: &[u8]) -> Vec<u8> {
    let Some(domain) = signing.tenant.arc_seal_domain() else { return Vec::new() };
    let pinned = signing.tenant.dkim(domain).and_then(|dkim| dkim.selector.as_deref());
    let sealed = with_keys(signing, domain, pinned, |signer| {
        let sealed = seal(digest, signer, own_head, signing.node_name, signing.now.seconds());
        sealed.map_err(|failure| match failure {
            SealFailure::NoResults => "it carries no results of ours".to_owned(),
            SealFailure::ChainNotPassed => "its chain did not pass, or was not judged".to_owned(),
            SealFailure::ChainFull => "its chain has 50 seals already".to_owned(),
            SealFailure::Key(why) => why,
        })
    });
    // One seal is one link: the first key makes it, which is the RSA one where there is one.
    sealed.into_iter().next().unwrap_or_default()
}

/// Calls with each key that signs now. What fails is left out, and told.
fn with_keys(
    signing: &Signing<'_>,
    domain: &Domain,
    pinned: Option<&str>,
    sign: impl Fn(&Signer<'_>) -> Result<Vec<u8>, String>,
) -> Vec<Vec<u8>> {
    let unsigned = |why: &str, outcome: &'static str| {
        tracing::warn!(%domain, why, "a message goes out without a signature");
        count(outcome);
    };
    let ring = match signing.keys.ring(signing.id, domain) {
        Ok(ring) => ring,
        Err(error) => {
            unsigned(&error, "key-unusable");
            return Vec::new();
        }
    };
    let active = ring.active(pinned, signing.now);
    if active.is_empty() {
        unsigned("there is no active key: posthouse dkim create", "no-key");
    }
    let mut made = Vec::new();
    for key in active {
        match sign_with(&ring, key, domain, &sign) {
            Ok(field) => {
                count("signed");
                made.push(field);
            }
            Err(why) => unsigned(&why, "not-signed"),
        }
    }
    made
}

fn sign_with(
    ring: &Ring,
    key: &Key,
    domain: &Domain,
    sign: &impl Fn(&Signer<'_>) -> Result<Vec<u8>, String>,
) -> Result<Vec<u8>, String> {
    let with_key = |bytes: &[u8]| ring.sign(key, bytes);
    sign(&Signer {
        domain: domain.as_str(),
        selector: &key.selector,
        algorithm: key.algorithm.into(),
        sign: &with_key,
    })
}

fn count(outcome: &'static str) {
    metrics::counter!("posthouse_signatures_total", "outcome" => outcome).increment(1);
}
