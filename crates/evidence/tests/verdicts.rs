//! The table: files as they lie about on a mail server, alone and together, and what they prove.
//! All were written for this test, in the shapes that the programs give them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use posthouse_evidence::Cause::{self, *};
use posthouse_evidence::Confidence::{self, *};
use support::verdict;

/// Files; cause; confidence; candidates that must be named; words that must be in the proof.
type Case = (&'static [&'static str], Cause, Confidence, &'static [Cause], &'static str);

/// What a gateway, Exchange or Windows says in so many words.
const STATED: &[Case] = &[
    (&["send-told-leaf-only.log"], ChainIncomplete, Certain, &[], "CN=Example Issuing CA 01"),
    (&["send-told-maybe-root.log"], ChainIncomplete, Certain, &[RootUntrusted], "no root trusted"),
    (&["send-told-root.log"], RootUntrusted, Certain, &[], "CN=Private Root"),
    (&["send-told-self.log"], RootUntrusted, Certain, &[], "signed itself"),
    (&["send-told-expired.log"], Expired, Certain, &[], "expired at 2026-01-01"),
    (&["send-told-none.log"], NoCertificate, Certain, &[], "sent no client certificate"),
    (&["send-told-no-tls.log"], TlsNotUsed, Certain, &[], "used no TLS"),
    (&["send-told-issuer.log"], NameMismatch, Certain, &[], "was not issued by the issuer"),
    (&["send-told-other.log"], NoConnector, Likely, &[NameMismatch], "gives no right to relay"),
    (&["send-told-revoked.log"], Unknown, Weak, &[], "is revoked"),
    (&["send-mended.log"], ChainIncomplete, Certain, &[], "was not sent"),
    (&["ndr-told.eml"], ChainIncomplete, Certain, &[], "Diagnostic-Code: smtp;550-5.7.64"),
    (&["capi2-gateway.xml"], ChainIncomplete, Certain, &[], "Result=800B010A"),
    (&["send-attr36.log"], SenderDomainNotAccepted, Certain, &[], "ATTR36"),
    (&["ndr-attr36.eml"], SenderDomainNotAccepted, Certain, &[], "ATTR36"),
    (&["send-certificate-not-found.log"], CertificateNotFound, Certain, &[], "TlsCertificateName"),
    (&["ndr-certificate-not-found.eml"], CertificateNotFound, Certain, &[], "454 4.7.5"),
    (&["queue-tls-certificate.txt"], CertificateNotFound, Certain, &[], "454 4.7.5"),
    (&["exchange-12014.xml"], CertificateNotFound, VeryLikely, &[], "event 12014"),
    (
        &["send-no-credentials.log"],
        PrivateKeyUnavailable,
        VeryLikely,
        &[CertificateNotFound],
        "NoCredentials",
    ),
    (
        &["send-tls-failed-then-clear.log"],
        PrivateKeyUnavailable,
        VeryLikely,
        &[TlsNotUsed],
        "NoCredentials",
    ),
    (&["capi2-private-key.xml"], PrivateKeyUnavailable, VeryLikely, &[], "80090016"),
    (
        &["ndr-own-certificate-unusable.eml"],
        PrivateKeyUnavailable,
        Likely,
        &[CertificateNotFound],
        "own-certificate-unusable",
    ),
    (&["send-starttls-required.log"], TlsNotUsed, Certain, &[], "STARTTLS is required"),
    (&["ndr-starttls-required.eml"], TlsNotUsed, Certain, &[], "STARTTLS is required"),
    (&["send-tls-certificate-expired.log"], Expired, Certain, &[], "CertExpired"),
    (&["ndr-subject-mismatch.eml"], NameMismatch, Certain, &[], "SubjectMismatch"),
    (&["ndr-untrusted-root.eml"], ChainIncomplete, Likely, &[RootUntrusted], "UntrustedRoot"),
    (&["send-tls-untrusted-root.log"], ChainIncomplete, Likely, &[RootUntrusted], "UntrustedRoot"),
];

/// What follows from one session, or from what changed since the one before.
const SESSIONS: &[Case] = &[
    (&["send-well.log"], None, Certain, &[], "Queued mail for delivery"),
    (&["iis-well.log"], None, Certain, &[], "Queued+mail+for+delivery"),
    (&["send-unknown-recipient.log"], None, Certain, &[], "Queued mail for delivery"),
    (&["send-no-certificate.log"], NoCertificate, Likely, &[CertificateNotFound], "5.7.64"),
    (&["receive-no-certificate.log"], NoCertificate, Likely, &[AddressChanged], "5.7.64"),
    (&["send-no-tls.log"], TlsNotUsed, Likely, &[AddressChanged, NoConnector], "5.7.64"),
    (&["send-tls-not-offered.log"], TlsNotUsed, Likely, &[AddressChanged], "5.7.64"),
    (&["iis-no-tls.log"], TlsNotUsed, Likely, &[AddressChanged], "550+5.7.64"),
    (&["iis-fewer-fields.log"], TlsNotUsed, Likely, &[AddressChanged], "550+5.7.64"),
    (&["send-self-signed.log"], RootUntrusted, Likely, &[NameMismatch], "CN=EX01"),
    (&["send-partner-restricted.log"], NameMismatch, Likely, &[ChainIncomplete], "5.7.51"),
    (&["send-unable-to-relay.log"], NoConnector, Weak, &[AddressChanged], "Unable to relay"),
    (
        &["send-renewed-other-name.log"],
        NameMismatch,
        VeryLikely,
        &[ChainIncomplete],
        "smtp.contoso-mail.example",
    ),
    (
        &["send-renewed-other-issuer.log"],
        ChainIncomplete,
        Likely,
        &[RootUntrusted],
        "CN=Example Issuing CA 02",
    ),
    (&["send-renewed-same-issuer.log"], Unknown, Weak, &[ChainIncomplete, NameMismatch], "5.7.64"),
    (&["send-same-as-before.log"], Unknown, Weak, &[NoConnector, Expired], "5.7.64"),
    (&["send-stopped-sending.log"], NoCertificate, VeryLikely, &[PrivateKeyUnavailable], "5.7.64"),
    (&["send-stopped-tls.log"], TlsNotUsed, VeryLikely, &[PrivateKeyUnavailable], "5.7.64"),
    (&["send-address-changed.log"], AddressChanged, VeryLikely, &[NoConnector], "5.7.64"),
    (&["send-address-changed-tls.log"], AddressChanged, VeryLikely, &[NoConnector], "5.7.64"),
    (&["iis-address-changed.log"], AddressChanged, VeryLikely, &[NoConnector], "550+5.7.64"),
    (
        &["send-address-changed-with-certificate.log"],
        AddressChanged,
        Likely,
        &[ChainIncomplete],
        "5.7.64",
    ),
];

/// What Windows logged, alone and beside the refusal that it explains.
const EVENTS: &[Case] = &[
    // The KB's own event blames the root. It is the intermediate.
    (&["capi2-event30.xml"], ChainIncomplete, Likely, &[RootUntrusted], "Result=800B0109"),
    (&["capi2-event30-utf16.xml"], ChainIncomplete, Likely, &[RootUntrusted], "800B0109"),
    (&["capi2-event30-copied.xml"], ChainIncomplete, Likely, &[RootUntrusted], "800B0109"),
    (&["capi2-cut.xml"], ChainIncomplete, Likely, &[RootUntrusted], "800B0109"),
    (&["capi2.evtx"], ChainIncomplete, Likely, &[RootUntrusted], "*.contoso.example"),
    (&["capi2-event30-chaining.xml"], ChainIncomplete, Likely, &[RootUntrusted], "800B010A"),
    (&["capi2-partial-chain.xml"], ChainIncomplete, VeryLikely, &[RootUntrusted], "800B010A"),
    (&["capi2-path-from-own-stores.xml"], ChainIncomplete, Likely, &[RootUntrusted], "800B0109"),
    (&["capi2-untrusted-root.xml"], RootUntrusted, VeryLikely, &[ChainIncomplete], "800B0109"),
    (&["capi2-self-signed.xml"], RootUntrusted, VeryLikely, &[ChainIncomplete], "EX01"),
    (&["capi2-expired.xml"], Expired, VeryLikely, &[], "800B0101"),
    (&["capi2-other-name.xml"], NameMismatch, VeryLikely, &[NoConnector], "800B010F"),
    (&["capi2-well.xml"], None, Likely, &[], "event 30"),
    // The log knows which certificate was sent; event and log share its thumbprint.
    (
        &["send-own-certificate-refused.log", "capi2-event30.xml"],
        ChainIncomplete,
        VeryLikely,
        &[RootUntrusted],
        "Certificate thumbprint",
    ),
    (
        &["capi2-days-later.xml", "send-own-certificate-refused.log"],
        ChainIncomplete,
        VeryLikely,
        &[RootUntrusted],
        "5.7.64",
    ),
    (
        &["send-own-certificate-refused.log", "capi2.evtx"],
        ChainIncomplete,
        VeryLikely,
        &[RootUntrusted],
        "800B0109",
    ),
    (
        &["send-own-certificate-refused.utf16.log", "capi2-event30-utf16.xml"],
        ChainIncomplete,
        VeryLikely,
        &[RootUntrusted],
        "5.7.64",
    ),
    (
        &["send-own-certificate-refused.log", "capi2-untrusted-root.xml"],
        RootUntrusted,
        VeryLikely,
        &[ChainIncomplete],
        "5.7.64",
    ),
    (
        &["send-own-certificate-refused.log", "capi2-expired.xml"],
        Expired,
        VeryLikely,
        &[],
        "5.7.64",
    ),
    (
        &["send-same-as-before.log", "capi2-event30.xml"],
        ChainIncomplete,
        VeryLikely,
        &[RootUntrusted],
        "800B0109",
    ),
    // IIS and a report show no certificate: the time joins them.
    (
        &["iis-refused.log", "capi2-event30.xml"],
        ChainIncomplete,
        VeryLikely,
        &[RootUntrusted],
        "550+5.7.64",
    ),
    (
        &["ndr-relay-denied.eml", "capi2-event30.xml"],
        ChainIncomplete,
        VeryLikely,
        &[RootUntrusted],
        "Diagnostic-Code",
    ),
    (
        &["ndr-relay-denied.eml", "iis-refused.log", "capi2.evtx"],
        ChainIncomplete,
        VeryLikely,
        &[RootUntrusted],
        "Diagnostic-Code",
    ),
    (
        &["iis-refused.log", "capi2-days-later.xml"],
        ChainIncomplete,
        Likely,
        &[RootUntrusted],
        "550+5.7.64",
    ),
    // An event about something else decides nothing.
    (
        &["send-own-certificate-refused.log", "capi2-other-certificate.xml"],
        Unknown,
        Weak,
        &[ChainIncomplete],
        "5.7.64",
    ),
    (&["iis-refused.log", "capi2-other-program.xml"], Unknown, Weak, &[ChainIncomplete], "5.7.64"),
    (&["send-well.log", "capi2-other-program.xml"], None, Certain, &[], "Queued"),
];

/// What cannot be decided, and what cannot be read: said as such.
const UNDECIDED: &[Case] = &[
    (
        &["send-own-certificate-refused.log"],
        Unknown,
        Weak,
        &[ChainIncomplete, NameMismatch],
        "Certificate subject",
    ),
    (&["send-own-certificate-refused.bom.log"], Unknown, Weak, &[ChainIncomplete], "5.7.64"),
    (&["send-piece-without-header.log"], Unknown, Weak, &[ChainIncomplete], "5.7.64"),
    (&["send-not-verbose.log"], Unknown, Weak, &[ChainIncomplete, NoCertificate], "5.7.64"),
    (&["iis-refused.log"], Unknown, Weak, &[ChainIncomplete, AddressChanged], "550+5.7.64"),
    (&["ndr-relay-denied.eml"], Unknown, Weak, &[ChainIncomplete, NoConnector], "5.7.64"),
    (&["ndr-relay-denied-people-only.eml"], Unknown, Weak, &[ChainIncomplete], "5.7.64"),
    (&["queue-last-error.txt"], Unknown, Weak, &[ChainIncomplete], "LastError"),
    (&["send-banned-address.log"], Unknown, Weak, &[], "5.7.606"),
    (&["ndr-unknown-recipient.eml"], Unknown, Weak, &[], "5.1.10"),
    (&["send-tls-other-error.log"], Unknown, Weak, &[], "SocketError"),
    (&["capi2-revoked.xml"], Unknown, Weak, &[], ""),
    (&["capi2-other-program.xml"], Unknown, Weak, &[], ""),
    (&["events-of-others.xml"], Unknown, Weak, &[], ""),
    (&["header-only.log"], Unknown, Weak, &[], ""),
    (&["ndr-delivered.eml"], Unknown, Weak, &[], ""),
    (&["mail-no-report.eml"], Unknown, Weak, &[], ""),
    (&["notes.txt"], Unknown, Weak, &[], ""),
    (&["empty.log"], Unknown, Weak, &[], ""),
    (&["archive.zip"], Unknown, Weak, &[], ""),
];

fn check(cases: &[Case]) {
    let mut wrong = Vec::new();
    for (files, cause, confidence, candidates, proof) in cases {
        let verdict = verdict(files);
        let named: Vec<Cause> = verdict.candidates.iter().map(|one| one.cause).collect();
        let proven = verdict.proof.iter().any(|line| line.text.contains(proof));
        if (verdict.cause, verdict.confidence) != (*cause, *confidence)
            || !candidates.iter().all(|one| named.contains(one))
            || named.contains(cause)
            || !(proven || proof.is_empty())
        {
            wrong.push(format!(
                "{files:?}: expected {cause} {confidence} {candidates:?} {proof}\n{}",
                verdict.text()
            ));
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_is_said_in_words_is_believed() {
    check(STATED);
}

#[test]
fn what_a_session_shows_and_what_changed_is_inferred() {
    check(SESSIONS);
}

#[test]
fn windows_events_are_read_for_what_they_mean() {
    check(EVENTS);
}

#[test]
fn what_cannot_be_decided_is_said_as_such() {
    check(UNDECIDED);
}

#[test]
fn the_order_of_the_files_changes_nothing() {
    for (files, ..) in EVENTS.iter().filter(|(files, ..)| files.len() > 1) {
        let backwards: Vec<&str> = files.iter().rev().copied().collect();
        let (one, other) = (verdict(files), verdict(&backwards));
        assert_eq!((one.cause, one.confidence), (other.cause, other.confidence), "{files:?}");
        assert_eq!(one.candidates, other.candidates, "{files:?}");
    }
}

#[test]
fn every_fixture_is_in_the_table() {
    let tables = [STATED, SESSIONS, EVENTS, UNDECIDED];
    let used: Vec<&str> =
        tables.iter().flat_map(|cases| cases.iter()).flat_map(|case| case.0).copied().collect();
    let unused: Vec<_> =
        support::fixtures().into_iter().filter(|name| !used.contains(&name.as_str())).collect();
    assert!(unused.is_empty(), "{unused:?}");
    assert!(tables.iter().map(|cases| cases.len()).sum::<usize>() >= 90);
}

#[test]
fn a_proof_names_its_line_as_an_editor_counts() {
    let verdict = verdict(&["send-no-certificate.log"]);
    let line = verdict.proof.iter().find(|line| line.text.contains("5.7.64")).unwrap();
    assert_eq!(&*line.file, "send-no-certificate.log");
    let text = String::from_utf8(support::bytes("send-no-certificate.log")).unwrap();
    assert!(text.lines().nth(line.line as usize - 1).unwrap().contains("550 5.7.64"));
}

#[test]
fn the_missing_certificate_is_in_the_repair() {
    let verdict = verdict(&["send-told-leaf-only.log"]);
    let exchange = verdict.fix.iter().find(|fix| fix.platform == "exchange").unwrap();
    let steps = exchange.steps.join(" ");
    assert!(steps.contains("CN=Example Issuing CA 01") && steps.contains("http://ca.example/"));
    assert!(exchange.commands.iter().any(|line| line.contains("cert:\\LocalMachine\\CA")));
}

#[test]
fn mail_that_went_well_afterwards_is_mentioned() {
    let why = verdict(&["send-mended.log"]).why;
    assert!(why.contains("Since then 1 session took a message"), "{why}");
}

#[test]
fn the_json_has_its_fields_and_stands_on_one_line() {
    let json = verdict(&["iis-refused.log", "empty.log"]).json();
    assert!(!json.contains('\n'));
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["cause"], "unknown");
    assert_eq!(value["confidence"], "weak");
    assert_eq!(value["candidates"][0]["cause"], "chain-incomplete");
    assert!(!value["candidates"][0]["tell_apart"].as_str().unwrap().is_empty());
    assert_eq!(value["proof"][0]["file"], "iis-refused.log");
    assert!(value["proof"][0]["line"].as_u64().unwrap() > 0);
    assert!(value["fix"][0]["platform"].is_string());
    assert_eq!(value["notes"][0]["text"], "the file is empty");
}

#[test]
fn people_get_a_page_of_100_columns() {
    for name in support::fixtures() {
        let text = verdict(&[&name]).text();
        let long =
            text.lines().find(|line| line.chars().count() > 100 && !line.starts_with("       "));
        assert_eq!(long, Option::None, "{name}");
    }
}
