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
        && signing.tenant.outbound().is_some_and(|outbound| !outbound.dkim.is_empty());
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
        match seal(digest, signer, own_head, signing.node_name, signing.now.seconds()) {
            // What cannot be sealed by its nature is no fault that somebody should look at.
            Err(SealFailure::NoResults | SealFailure::ChainNotPassed | SealFailure::ChainFull) => {
                count("not-sealed");
                Ok(Vec::new())
            }
            Err(SealFailure::Key(why)) => Err(why),
            Ok(fields) => Ok(fields),
        }
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
            Ok(field) if field.is_empty() => {}
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

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::path::Path;
    use std::process::{Command, Stdio};
    use std::sync::Arc;

    use posthouse_store::{MessageId, StoredBody};
    use posthouse_types::{MailParameters, Reference};
    use serde_json::{Map, Value};

    use super::*;
    use crate::dkim::Algorithm;

    const NOW: UnixMillis = UnixMillis(1_795_000_000_000);

    fn incoming(head: &str, body: &[u8]) -> StoredMessage {
        StoredMessage {
            id: MessageId::from_number(1),
            reference: Reference::from_random([1; 10]),
            tenant: Some(TenantId(1)),
            received: NOW,
            sender: None,
            parameters: MailParameters::default(),
            authenticated: false,
            message_id: String::new(),
            subject: String::new(),
            head: head.as_bytes().to_vec(),
            is_released: false,
            body: StoredBody::Inline(Arc::from(body)),
        }
    }

    /// What dkimpy says of the chain; `None` where it is not installed.
    fn judged(folder: &Path, keys: &[Key], message: &[u8]) -> Option<Value> {
        if !Path::new("/usr/lib/python3/dist-packages/dkim").exists() {
            assert!(std::env::var("CI").is_err(), "python3-dkim is not installed");
            return None;
        }
        let name = |key: &Key| format!("{}._domainkey.t.example", key.selector);
        let zone: Map<String, Value> =
            keys.iter().map(|key| (name(key), key.record.clone().into())).collect();
        let file = folder.join("zone.json");
        std::fs::write(&file, Value::Object(zone).to_string()).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut child = Command::new("/usr/bin/python3")
            .arg(script.join("../../tests/interop/verify_dkim.py"))
            .arg(&file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(message).unwrap();
        serde_json::from_slice(&child.wait_with_output().unwrap().stdout).ok()
    }

    #[tokio::test]
    async fn what_is_passed_on_is_sealed_as_others_verify_it() {
        let folder = tempfile::tempdir().unwrap();
        let domain = Domain::from_normalized("t.example");
        let mut ring = Ring::read(folder.path(), TenantId(1), &domain).unwrap();
        ring.make(Algorithm::Rsa2048, None, NOW, NOW).unwrap();
        let tenant = Tenant::from_toml(
            "[tenant]\nname = \"t\"\narc_seal_domain = \"t.example\"\n[[accepted_domain]]\n\
             name = \"t.example\"\n[[dkim]]\ndomain = \"t.example\"\n",
        )
        .unwrap();
        let keys = DkimKeys::of(folder.path());
        let signing = Signing {
            keys: &keys,
            id: TenantId(1),
            tenant: &tenant,
            node_name: "gw.example",
            departure: Departure::Home,
            now: NOW,
        };
        let mut message =
            b"From: Eve <eve@news.example>\r\nSubject: a  b\r\n\r\nHello \r\n\r\n".to_vec();
        for arc in ["none (0)", "pass (0)", "pass (0)"] {
            let head = format!(
                "Authentication-Results: spf=pass (sender IP is 192.0.2.1)\r\n \
                 smtp.mailfrom=news.example; dkim=none; arc={arc}\r\n"
            );
            let stored = incoming(&head, &message);
            let seals = fields(&signing, &stored).await.unwrap();
            assert!(!seals.is_empty());
            message = [seals, stored.head, message].concat();
            if let Some(found) = judged(folder.path(), ring.keys(), &message) {
                assert_eq!(found["arc"], "pass", "{found}\n{}", String::from_utf8_lossy(&message));
            }
        }
        // Without results of ours nothing is sealed, whatever came with the message.
        let stored = incoming("Received: x\r\n", &message);
        assert!(fields(&signing, &stored).await.unwrap().is_empty());
    }
}
