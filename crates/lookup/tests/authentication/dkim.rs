//! Public messages with DKIM signatures: those whose keys are at hand verify, and the body's hash
//! of those whose keys are not.

use posthouse_types::{ArcResult, DkimReason, DkimResult};

use crate::corpus;
use crate::dns::{Dns, Zone};
use crate::rows::facts;

/// Keys in the first lines, an empty line, and the message.
fn with_keys(bytes: &[u8]) -> (Zone, String) {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    let (keys, message) = text.split_once("\n\n").unwrap();
    let mut zone = Zone::default();
    for line in keys.lines() {
        let (name, record) = line.split_once(' ').unwrap();
        zone = zone.txt(name, record);
    }
    (zone, message.replace('\n', "\r\n"))
}

#[tokio::test]
async fn messages_with_their_keys_verify() {
    // The fifth signature expired in 2022, as it says itself.
    let expected = [
        ("001", vec![DkimReason::Verified, DkimReason::Verified]),
        ("002", vec![DkimReason::Verified]),
        ("003", vec![DkimReason::Verified, DkimReason::Verified]),
        ("004", vec![DkimReason::Verified]),
        ("005", vec![DkimReason::Expired]),
        ("006", vec![DkimReason::Verified]),
    ];
    for (number, expected) in expected {
        let member = format!("suites/auth/stalwart-mail-auth/dkim/{number}.txt");
        let Some(bytes) = corpus::archived("dkim", &member) else { return };
        let (zone, message) = with_keys(&bytes);
        let facts = facts(&Dns::serve(zone).await, &message).await;
        let reasons: Vec<_> = facts.dkim.iter().map(|fact| fact.reason).collect();
        assert_eq!(reasons, expected, "{number}: {:#?}", facts.dkim);
    }
}

#[tokio::test]
async fn sealed_messages_with_their_keys_verify() {
    for number in ["001", "002"] {
        let member = format!("suites/auth/stalwart-mail-auth/arc/{number}.txt");
        let Some(bytes) = corpus::archived("dkim", &member) else { return };
        let (zone, message) = with_keys(&bytes);
        let arc = facts(&Dns::serve(zone).await, &message).await.arc;
        assert_eq!(arc.result, ArcResult::Pass, "{number}: {arc:#?}");
        assert!(!arc.claims.is_empty());
    }
}

#[tokio::test]
async fn a_message_and_its_key_of_2013_verify() {
    let Some(bytes) = corpus::archived("dkim", "suites/dkim/mimekit/gmail.msg") else { return };
    let key = corpus::archived("dkim", "suites/dkim/mimekit/gmail.pub").unwrap();
    let key = String::from_utf8(key).unwrap();
    let key: String = key.lines().filter(|line| !line.starts_with('-')).collect();
    let zone = Zone::default().txt("20120113._domainkey.gmail.com", &format!("k=rsa; p={key}"));
    let message = String::from_utf8_lossy(&bytes).replace("\r\n", "\n").replace('\n', "\r\n");
    let facts = facts(&Dns::serve(zone).await, &message).await;
    assert_eq!(facts.dkim[0].reason, DkimReason::Verified, "{:#?}", facts.dkim);
    assert_eq!(facts.dkim[0].key_bits, Some(2048));
}

/// The keys of these messages were never published in the suite. What does not need them can be
/// held: a body that is as it was signed gets as far as the key, and no further.
#[tokio::test]
async fn bodies_of_spamassassin_s_messages_hash_as_signed() {
    let dns = Dns::serve(Zone::default()).await;
    for number in 1..=23 {
        let member = format!("suites/dkim/spamassassin/test-pass-{number:02}.msg");
        let Some(bytes) = corpus::archived("dkim", &member) else { return };
        let message = String::from_utf8_lossy(&bytes).replace("\r\n", "\n").replace('\n', "\r\n");
        let facts = facts(&dns, &message).await;
        let gets_to_the_key = facts.dkim.iter().any(|fact| fact.reason == DkimReason::NoKey);
        // RFC 8301 forbids rsa-sha1 after the suite was made.
        let is_sha1 = facts.dkim.iter().any(|fact| fact.reason == DkimReason::Algorithm);
        assert!(gets_to_the_key || is_sha1, "{member}: {:#?}", facts.dkim);
        assert!(facts.dkim.iter().all(|fact| fact.result != DkimResult::Pass));
    }
}
