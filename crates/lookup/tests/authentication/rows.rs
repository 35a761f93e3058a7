//! The rows of attacks on who a message is from, against a name server on loopback.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use posthouse_lookup::{AuthenticationLimits, Authenticator, QUESTIONS_MAX, Resolver, Submission};
use posthouse_types::{
    ArcResult, AuthenticationFacts, BodyCoverage, DkimReason, DkimResult, DmarcPolicy, DmarcResult,
    Lookup, ReverseName, SpfResult,
};

use crate::dns::{Dns, Said, Zone};
use crate::sign::{Signer, base64};

pub(crate) const CLIENT: &str = "192.0.2.1";

pub(crate) async fn facts(dns: &Dns, message: &str) -> AuthenticationFacts {
    sent(dns, "mail.sender.example", "", message).await
}

pub(crate) async fn sent(
    dns: &Dns,
    helo: &str,
    mail_from: &str,
    message: &str,
) -> AuthenticationFacts {
    let client: IpAddr = CLIENT.parse().unwrap();
    let authenticator = Authenticator::new(dns.resolver.clone(), AuthenticationLimits::default());
    let message = message.as_bytes();
    let node_name = "mx.gateway.example";
    authenticator.authenticate(&Submission { client, helo, mail_from, message, node_name }).await
}

const BODY: &str = "Dear Bob,\r\n\r\nplease pay.\r\n";

/// What contoso.example publishes, and an attacker who does everything right for himself.
fn zone(signers: &[&Signer]) -> Zone {
    let mut zone = Zone::default()
        .txt("contoso.example", "v=spf1 ip4:198.51.100.7 -all")
        .txt("_dmarc.contoso.example", "v=DMARC1; p=reject; rua=mailto:d@contoso.example")
        .txt("attacker.example", "v=spf1 ip4:192.0.2.1 -all")
        .txt("_dmarc.attacker.example", "v=DMARC1; p=none")
        .txt("mail.attacker.example", "v=spf1 ip4:192.0.2.1 -all");
    for signer in signers {
        let (name, record) = signer.record();
        zone = zone.txt(&name, &record);
    }
    zone
}

fn plain(from: &str) -> String {
    format!("From: {from}\r\nTo: bob@tenant.example\r\nSubject: Invoice\r\n\r\n{BODY}")
}

const H: &str = "from:to:subject";

#[tokio::test]
async fn a_message_that_is_what_it_says_passes_everything() {
    let signer = Signer::new("attacker.example");
    let dns = Dns::serve(zone(&[&signer])).await;
    let message = signer.signed(&plain("a@attacker.example"), H, "");
    let facts = sent(&dns, "mail.attacker.example", "x@attacker.example", &message).await;
    assert_eq!(facts.spf.result, SpfResult::Pass);
    assert_eq!(facts.dkim[0].reason, DkimReason::Verified);
    assert_eq!(facts.dmarc.result, DmarcResult::Pass);
    assert!(facts.dmarc.spf_aligned && facts.dmarc.dkim_aligned);
    assert_eq!(facts.from.domains, ["attacker.example"]);
    assert_eq!((facts.arc.result, facts.is_cut_short), (ArcResult::None, false));
}

/// The cases of espoofer in our own words. The attacker's SPF and DKIM pass; the From is such that
/// one reader shows boss@contoso.example.
#[tokio::test]
async fn aut_01_dmarc_never_passes_for_a_from_that_may_show_another_domain() {
    let signer = Signer::new("attacker.example");
    let dns = Dns::serve(zone(&[&signer])).await;
    for header in [
        "From: a@attacker.example\r\nFrom: boss@contoso.example\r\n",
        "From: boss@contoso.example\r\nFrom: a@attacker.example\r\n",
        "From : boss@contoso.example\r\nFrom: a@attacker.example\r\n",
        "fRoM: a@attacker.example\r\nFrom\r\n : boss@contoso.example\r\n",
        "From: a@attacker.example, boss@contoso.example\r\n",
        "From: a@attacker.example, boss@contoso.example\r\nSender: a@attacker.example\r\n",
        "From: boss@contoso.example <a@attacker.example>\r\n",
        "From: <boss@contoso.example> <a@attacker.example>\r\n",
        "From: =?utf-8?q?boss=40contoso.example=2C?= a@attacker.example x\r\n",
        "From: boss@contoso.example (<a@attacker.example>\r\n",
        "From: <@attacker.example,@x.example:boss@contoso.example>\r\n",
        "From: team: a@attacker.example, boss@contoso.example;\r\n",
        "From: boss@contoso.example\u{0}, a@attacker.example\r\n",
        "From: a@attacker.example@contoso.example\r\n",
        "From: \"a@attacker.example <boss@contoso.example>\r\n",
        "From: boss@contoso.example,\r\n <a@attacker.example>\r\n",
    ] {
        let message = format!("{header}To: bob@tenant.example\r\nSubject: Invoice\r\n\r\n{BODY}");
        let message = signer.signed(&message, H, "");
        let facts = sent(&dns, "mail.attacker.example", "x@attacker.example", &message).await;
        assert_eq!(facts.spf.result, SpfResult::Pass, "{header:?}");
        assert_eq!(facts.dmarc.result, DmarcResult::Fail, "{header:?}: {facts:#?}");
        assert_eq!(facts.dmarc.header_from, "contoso.example", "{header:?}");
        assert_eq!(facts.dmarc.policy, DmarcPolicy::Reject, "{header:?}");
    }
    // An address in a display name is no claim: DMARC is about the address, and says so.
    let message = signer.signed(&plain("\"boss@contoso.example\" <a@attacker.example>"), H, "");
    let facts = sent(&dns, "mail.attacker.example", "x@attacker.example", &message).await;
    assert_eq!(facts.dmarc.header_from, "attacker.example");
    assert_eq!(facts.from.shown_addresses, ["boss@contoso.example"]);
}

#[tokio::test]
async fn aut_01_no_trick_with_the_envelope_or_the_signature_aligns_another_domain() {
    let odd = Signer::new("contoso.example(.attacker.example");
    let below = Signer::new("contoso.example.attacker.example");
    let dns = Dns::serve(zone(&[&odd, &below])).await;
    let message = plain("boss@contoso.example");
    for mail_from in [
        // HELO passes for the attacker; MAIL FROM is null, does not exist, or is cut by some.
        "",
        "x@nothing.contoso.example",
        "x@attacker.example(.contoso.example",
        "x@attacker.example\u{0}.contoso.example",
        "x@attacker.example'@contoso.example",
        "x@attacker.example>,<y@contoso.example",
        "contoso.example",
        "@attacker.example:x@contoso.example",
    ] {
        let facts = sent(&dns, "mail.attacker.example", mail_from, &message).await;
        assert_eq!(facts.dmarc.result, DmarcResult::Fail, "{mail_from:?}: {facts:#?}");
    }
    for signer in [&odd, &below] {
        let facts = sent(&dns, "x", "x@attacker.example", &signer.signed(&message, H, "")).await;
        assert_eq!(facts.dmarc.result, DmarcResult::Fail, "{}", signer.domain);
    }
    // A selector with a NUL, which some resolvers cut at.
    let message = below.signed(&message, H, "").replace("s=key", "s=key\u{0}x");
    let facts = sent(&dns, "x", "x@attacker.example", &message).await;
    assert_eq!(facts.dkim[0].reason, DkimReason::Malformed);
}

#[tokio::test]
async fn aut_03_a_signature_over_part_of_the_body_is_no_alignment() {
    let signer = Signer::new("contoso.example");
    let dns = Dns::serve(zone(&[&signer])).await;
    let part = signer.signed(&plain("boss@contoso.example"), H, " l=11;");
    let facts = sent(&dns, "x", "x@attacker.example", &part).await;
    assert_eq!(facts.dkim[0].result, DkimResult::Pass);
    let body_bytes = BODY.len() as u64;
    assert_eq!(facts.dkim[0].body, BodyCoverage::Partial { signed_bytes: 11, body_bytes });
    assert_eq!(facts.dmarc.result, DmarcResult::Fail);
    // The whole length is the whole body; more than there is cannot have been signed.
    let whole = format!(" l={};", BODY.len());
    let whole = signer.signed(&plain("boss@contoso.example"), H, &whole);
    let facts = sent(&dns, "x", "x@attacker.example", &whole).await;
    assert_eq!(facts.dkim[0].body, BodyCoverage::Whole);
    assert_eq!(facts.dmarc.result, DmarcResult::Pass);
    let appended = format!("{whole}and more\r\n");
    let facts = sent(&dns, "x", "x@attacker.example", &appended).await;
    assert_eq!(facts.dmarc.result, DmarcResult::Fail);
}

#[tokio::test]
async fn aut_05_a_field_put_above_the_signed_one_is_named() {
    let signer = Signer::new("contoso.example");
    let dns = Dns::serve(zone(&[&signer])).await;
    let signed = signer.signed(&plain("boss@contoso.example"), H, "");
    let facts = sent(&dns, "x", "", &format!("Subject: other\r\n{signed}")).await;
    assert_eq!(facts.dkim[0].reason, DkimReason::Verified);
    assert_eq!(facts.dkim[0].unsigned_fields, ["subject"]);
    let facts = sent(&dns, "x", "", &format!("From: boss@contoso.example\r\n{signed}")).await;
    assert!(facts.verified_domains().next().is_none());
    assert_ne!(facts.dmarc.result, DmarcResult::Pass);
    // Signed once more than it stands there: a second one breaks the signature.
    let over = signer.signed(&plain("boss@contoso.example"), "from:from:to:subject:subject", "");
    let facts = sent(&dns, "x", "", &format!("Subject: other\r\n{over}")).await;
    assert_eq!(facts.dkim[0].reason, DkimReason::Signature);
    // From is not signed at all.
    let without = signer.signed(&plain("boss@contoso.example"), "to:subject", "");
    assert_eq!(sent(&dns, "x", "", &without).await.dkim[0].reason, DkimReason::FromNotSigned);
}

/// An RSA public key of that size and exponent, as DER.
fn rsa(bits: usize, exponent: &[u8]) -> String {
    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x82, length[0], length[1]], content].concat()
    }
    let mut modulus = vec![0];
    modulus.extend(vec![0xc5; bits / 8]);
    let inside = [element(2, &modulus), element(2, exponent)].concat();
    base64(&element(0x30, &inside))
}

#[tokio::test]
async fn aut_06_weak_and_odd_keys_are_told_apart_before_they_cost_anything() {
    let e = [1, 0, 1];
    let cases = [
        (format!("k=rsa; p={}", rsa(512, &e)), DkimReason::ShortKey, Some(512)),
        (format!("k=rsa; p={}", rsa(1016, &e)), DkimReason::ShortKey, Some(1016)),
        (format!("k=rsa; p={}", rsa(1024, &e)), DkimReason::Signature, Some(1024)),
        (format!("k=rsa; p={}", rsa(16_384, &e)), DkimReason::BadKey, Some(16_384)),
        (format!("k=rsa; p={}", rsa(2048, &[1])), DkimReason::BadKey, Some(2048)),
        (format!("k=rsa; p={}", rsa(2048, &[4])), DkimReason::BadKey, Some(2048)),
        (format!("k=rsa; p={}", rsa(2048, &[0x7f; 200])), DkimReason::BadKey, Some(2048)),
        (format!("k=rsa4096; p={}", rsa(2048, &e)), DkimReason::BadKey, None),
        (format!("h=sha1; p={}", rsa(2048, &e)), DkimReason::BadKey, Some(2048)),
        (format!("s=web; p={}", rsa(2048, &e)), DkimReason::BadKey, None),
        ("k=rsa; p=".to_owned(), DkimReason::Revoked, None),
        ("k=rsa; p=!!!".to_owned(), DkimReason::BadKey, None),
        ("k=ed25519; p=AAAA".to_owned(), DkimReason::BadKey, None),
        ("v=DKIM2; k=rsa; p=AAAA".to_owned(), DkimReason::BadKey, None),
    ];
    for (record, reason, bits) in cases {
        let zone = Zone::default().txt("key._domainkey.contoso.example", &record);
        let dns = Dns::serve(zone).await;
        let signer = Signer::new("contoso.example");
        let message = signer.signed(&plain("boss@contoso.example"), H, "");
        let message = message.replace("ed25519-sha256", "rsa-sha256");
        let fact = sent(&dns, "x", "", &message).await.dkim.remove(0);
        assert_eq!((fact.reason, fact.key_bits), (reason, bits), "{record}");
        assert_ne!(fact.result, DkimResult::Pass);
    }
    let signer = Signer::new("contoso.example");
    let message = signer.signed(&plain("boss@contoso.example"), H, "");
    let message = message.replace("ed25519-sha256", "rsa-sha1");
    let dns = Dns::serve(zone(&[&signer])).await;
    assert_eq!(sent(&dns, "x", "", &message).await.dkim[0].reason, DkimReason::Algorithm);
}

#[tokio::test]
async fn aut_07_of_ten_thousand_signatures_ten_are_checked() {
    let dns = Dns::serve(Zone::default()).await;
    let mut message = String::new();
    for number in 0..10_000 {
        message.push_str(&format!(
            "DKIM-Signature: v=1; a=rsa-sha256; d=d{number}.example; s=s; h=from; \
             bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; c=relaxed/relaxed; b=AAAA; l={number}\r\n"
        ));
    }
    message.push_str("From: a@contoso.example\r\n\r\n");
    let facts = sent(&dns, "x", "", &message).await;
    assert_eq!((facts.dkim.len(), facts.dkim_unchecked), (10, 9_990));
    let keys = dns.names().iter().filter(|name| name.contains("_domainkey")).count();
    assert!(keys <= 10, "{keys}");
    assert!(dns.questions() <= QUESTIONS_MAX as usize);
}

#[tokio::test]
async fn aut_07_no_flood_of_signatures_or_labels_makes_a_failure_look_like_an_outage() {
    let dns = Dns::serve(zone(&[])).await;
    // Bodies hash as signed, so that the keys are asked for.
    let signer = Signer::new("contoso.example");
    let signed = signer.signed(&plain("boss@contoso.example"), H, "");
    let (field, message) = signed.split_once("\r\n").unwrap();
    let flood: Vec<_> =
        (0..12).map(|number| field.replace("s=key", &format!("s=s{number}"))).collect();
    let message = format!("{}\r\n{message}", flood.join("\r\n"));
    let facts = sent(&dns, "x", "x@attacker.example", &message).await;
    assert_eq!(facts.dkim[9].reason, DkimReason::NoKey);
    assert_eq!(facts.dmarc.result, DmarcResult::Fail, "{facts:#?}");
    // A name so deep that asking for each part of it would not be affordable.
    let deep = format!("boss@{}contoso.example", "a.".repeat(60));
    let facts = sent(&dns, "x", "x@attacker.example", &plain(&deep)).await;
    assert_eq!(facts.dmarc.result, DmarcResult::Fail, "{facts:#?}");
    assert_eq!(facts.dmarc.policy, DmarcPolicy::Reject);
    // Four From domains, the spoofed one last, and below its organisation.
    let many = "a@w.attacker.example, a@x.one.example, a@x.two.example, boss@x.contoso.example";
    let facts = sent(&dns, "x", "x@attacker.example", &plain(many)).await;
    assert_eq!(facts.dmarc.result, DmarcResult::Fail, "{facts:#?}");
    let facts =
        sent(&dns, "x", "x@attacker.example", &plain(&format!("b@five.example, {many}"))).await;
    assert!(!matches!(facts.dmarc.result, DmarcResult::Pass | DmarcResult::BestGuessPass));
}

#[tokio::test]
async fn aut_08_a_chain_holds_whole_or_not_at_all() {
    let (list, google) = (Signer::new("list.example"), Signer::new("forwarder.example"));
    let dns = Dns::serve(zone(&[&list, &google])).await;
    let message = plain("boss@contoso.example");
    let claims = "spf=pass smtp.mailfrom=x@contoso.example; dkim=pass (2048-bit) \
                  header.d=contoso.example; dmarc=pass header.from=contoso.example";
    let first = list.sealed(&message, &[], "none", claims);
    let second =
        google.sealed(&first.message, std::slice::from_ref(&first.set), "pass", "dmarc=fail");
    let arc = sent(&dns, "x", "", &second.message).await.arc;
    assert_eq!(arc.result, ArcResult::Pass, "{arc:#?}");
    let sealers: Vec<_> = arc.claims.iter().map(|claims| claims.sealer.as_str()).collect();
    assert_eq!(sealers, ["list.example", "forwarder.example"]);
    assert_eq!(arc.claims[0].dmarc_pass.as_deref(), Some("contoso.example"));
    assert_eq!(arc.claims[0].dkim_pass, ["contoso.example"]);
    assert_eq!(arc.claims[0].spf_pass.as_deref(), Some("contoso.example"));
    assert_eq!(arc.claims[1].dmarc_pass, None);

    let wrong_cv = google.sealed(&first.message, std::slice::from_ref(&first.set), "none", "x");
    let forged = second.message.replace("dmarc=pass", "dmarc=none");
    let changed = second.message.replace("please pay", "please send");
    let without_first = google.sealed(&message, std::slice::from_ref(&first.set), "pass", "x");
    let gap = first.message.replace("i=1", "i=3");
    for (what, message) in [
        ("cv=none above a set", wrong_cv.message),
        ("a forged claim", forged),
        ("another body", changed),
        ("a set that is missing", without_first.message),
        ("a gap", gap),
    ] {
        let arc = sent(&dns, "x", "", &message).await.arc;
        assert_eq!(arc.result, ArcResult::Fail, "{what}");
        assert!(arc.claims.is_empty() && !arc.reason.is_empty(), "{what}");
    }
    let mut long = message;
    let mut sets = Vec::new();
    for instance in 0..51 {
        let sealed = list.sealed(&long, &sets, if instance == 0 { "none" } else { "pass" }, "x");
        (long, sets) = (sealed.message, [sets, vec![sealed.set]].concat());
        let expected = if instance == 50 { ArcResult::Fail } else { ArcResult::Pass };
        if instance >= 49 {
            assert_eq!(sent(&dns, "x", "", &long).await.arc.result, expected);
        }
    }
}

#[tokio::test]
async fn aut_09_a_greedy_record_is_a_permanent_error_at_little_cost() {
    let mut zone = Zone::default()
        .txt("loop.example", "v=spf1 include:loop.example -all")
        .txt("redirect.example", "v=spf1 redirect=redirect.example")
        .txt("macro.example", "v=spf1 exists:%{d32r}.%{d32r}.%{d32r}.example ?exists:%{l999999r}.x.example a:n1.example a:n2.example -all")
        .txt("void.example", "v=spf1 a:n1.example a:n2.example a:n3.example -all")
        .txt("mx.example", "v=spf1 mx -all");
    for host in 0..11 {
        zone.add("mx.example", Said::Mx(10, format!("m{host}.mx.example")));
    }
    let (mut wide, mut many) = ("v=spf1".to_owned(), "v=spf1".to_owned());
    for number in 0..10 {
        many.push_str(&format!(" mx:m{number}.example"));
        wide.push_str(&format!(" include:w{number}.example"));
        zone = zone.txt(&format!("w{number}.example"), "v=spf1 a:x1.example a:x2.example");
        for host in 0..10 {
            let host = format!("h{host}.m{number}.example");
            zone.add(&format!("m{number}.example"), Said::Mx(10, host.clone()));
            zone = zone.a(&host, "203.0.113.1");
        }
    }
    zone = zone.txt("wide.example", &wide).txt("many.example", &many);
    for domain in ["loop", "redirect", "macro", "void", "mx", "wide", "many"] {
        let dns = Dns::serve(zone.clone()).await;
        let mail_from = format!("{}@{domain}.example", "a.".repeat(200));
        let facts = sent(&dns, "x.example", &mail_from, &plain("a@contoso.example")).await;
        assert_eq!(facts.spf.result, SpfResult::PermError, "{domain}: {:?}", facts.spf);
        assert!(dns.questions() <= QUESTIONS_MAX as usize, "{domain}: {}", dns.questions());
    }
    const { assert!(QUESTIONS_MAX <= 40) };
}

#[tokio::test]
async fn aut_12_a_silent_name_server_costs_the_message_s_time_and_no_more() {
    let dns = Dns::serve(
        Zone::default()
            .with("contoso.example", Said::Silence)
            .with("_dmarc.contoso.example", Said::Silence)
            .with("key._domainkey.contoso.example", Said::Silence)
            .with("1.2.0.192.in-addr.arpa", Said::Silence),
    )
    .await;
    let time_max = Duration::from_millis(300);
    let limits = AuthenticationLimits { time_max, ..AuthenticationLimits::default() };
    let authenticator = Authenticator::new(dns.resolver.clone(), limits);
    let message = Signer::new("contoso.example").signed(&plain("boss@contoso.example"), H, "");
    let begun = Instant::now();
    let facts = authenticator
        .authenticate(&Submission {
            client: CLIENT.parse().unwrap(),
            helo: "x.example",
            mail_from: "boss@contoso.example",
            message: message.as_bytes(),
            node_name: "mx.gateway.example",
        })
        .await;
    assert!(begun.elapsed() < 10 * time_max);
    assert_eq!(facts.spf.result, SpfResult::TempError);
    assert_eq!(facts.dkim[0].result, DkimResult::TempError);
    assert_eq!(facts.dmarc.result, DmarcResult::TempError);
    assert!(facts.is_cut_short);
    let connection = authenticator.connection(CLIENT.parse().unwrap(), "x.example").await;
    assert!(matches!(connection.reverse_name, Lookup::Failed(_)));
}

#[tokio::test]
async fn flt_14_name_servers_that_fail_make_nothing_fail() {
    let zone = Zone::default()
        .with("contoso.example", Said::Fails)
        .with("_dmarc.contoso.example", Said::Fails)
        .with("key._domainkey.contoso.example", Said::Fails)
        .with("1.2.0.192.in-addr.arpa", Said::Fails);
    let signer = Signer::new("contoso.example");
    let message = signer.signed(&plain("boss@contoso.example"), H, "");
    let sealed = signer.sealed(&message, &[], "none", "dmarc=pass header.from=contoso.example");
    let facts =
        sent(&Dns::serve(zone.clone()).await, "x", "b@contoso.example", &sealed.message).await;
    assert_eq!(facts.spf.result, SpfResult::TempError);
    assert_eq!(facts.dkim[0].result, DkimResult::TempError);
    assert_eq!(facts.dmarc.result, DmarcResult::TempError);
    assert_eq!(facts.arc.result, ArcResult::TempError);
    assert!(!facts.is_cut_short);
    // The record is there, and the key is not to be had: it may pass another time.
    let zone = zone.clone().txt("_dmarc.contoso.example", "v=DMARC1; p=reject");
    let facts = sent(&Dns::serve(zone).await, "x", "b@contoso.example", &message).await;
    assert_eq!(facts.dmarc.result, DmarcResult::TempError);
}

#[tokio::test]
async fn without_dns_every_fact_is_not_asked_and_none_is_a_failure() {
    let authenticator = Authenticator::new(Resolver::none(), AuthenticationLimits::default());
    let signer = Signer::new("contoso.example");
    let message = signer.signed(&plain("boss@contoso.example"), H, "");
    let sealed = signer.sealed(&message, &[], "none", "dmarc=pass header.from=contoso.example");
    let facts = authenticator
        .authenticate(&Submission {
            client: CLIENT.parse().unwrap(),
            helo: "x",
            mail_from: "boss@contoso.example",
            message: sealed.message.as_bytes(),
            node_name: "mx.gateway.example",
        })
        .await;
    assert_eq!(facts.spf.result, SpfResult::NotAsked);
    assert_eq!(facts.dkim[0].result, DkimResult::NotAsked);
    assert_eq!(facts.dmarc.result, DmarcResult::NotAsked);
    assert_eq!(facts.arc.result, ArcResult::NotAsked);
    assert_eq!(facts.from.domains, ["contoso.example"]);
    let connection = authenticator.connection(CLIENT.parse().unwrap(), "x").await;
    assert_eq!(connection.reverse_name, Lookup::NotAsked);
}

#[tokio::test]
async fn aut_14_the_organisation_is_the_public_suffix_list_s_unless_its_owner_says_otherwise() {
    let signer = Signer::new("b.contoso.co.uk");
    let cases = [
        // Below one organisation both are aligned; strict alignment wants the very name.
        ("a.contoso.co.uk", "_dmarc.contoso.co.uk", "v=DMARC1; p=reject", DmarcResult::Pass),
        (
            "a.contoso.co.uk",
            "_dmarc.contoso.co.uk",
            "v=DMARC1; p=reject; adkim=s",
            DmarcResult::Fail,
        ),
        (
            "a.contoso.co.uk",
            "_dmarc.a.contoso.co.uk",
            "v=DMARC1; p=reject; psd=n",
            DmarcResult::Fail,
        ),
        // Beside it nothing is: co.uk is nobody's.
        ("fabrikam.co.uk", "_dmarc.fabrikam.co.uk", "v=DMARC1; p=reject", DmarcResult::Fail),
        ("fabrikam.co.uk", "_dmarc.co.uk", "v=DMARC1; p=reject", DmarcResult::None),
        ("b.contoso.co.uk", "_dmarc.x.example", "v=DMARC1; p=none", DmarcResult::BestGuessPass),
        ("a.contoso.co.uk", "_dmarc.contoso.co.uk", "v=DMARC1; p=bogus", DmarcResult::PermError),
    ];
    for (from, name, record, expected) in cases {
        let dns = Dns::serve(zone(&[&signer]).txt(name, record)).await;
        let message = signer.signed(&plain(&format!("a@{from}")), H, "");
        let dmarc = sent(&dns, "x", "", &message).await.dmarc;
        assert_eq!(dmarc.result, expected, "{from} {record}: {dmarc:#?}");
    }
    let zone =
        zone(&[]).txt("_dmarc.fabrikam.example", "v=DMARC1; p=reject; sp=quarantine; pct=20");
    let dns = Dns::serve(zone).await;
    let dmarc = sent(&dns, "x", "", &plain("a@deep.down.fabrikam.example")).await.dmarc;
    let record = dmarc.record.unwrap();
    assert_eq!((dmarc.policy, record.percent), (DmarcPolicy::Quarantine, 20));
    assert_eq!(record.domain, "fabrikam.example");
}

#[tokio::test]
async fn a_connection_is_named_and_looked_up_in_the_lists_that_the_operator_chose() {
    let zone = Zone::default()
        .with("1.2.0.192.in-addr.arpa", Said::Ptr("mail.sender.example".into()))
        .a("mail.sender.example", CLIENT)
        .a("1.2.0.192.list.example", "127.0.0.2")
        .a("1.2.0.192.liar.example", "203.0.113.5")
        .with("1.2.0.192.down.example", Said::Fails);
    let dns = Dns::serve(zone).await;
    let zones = ["list.example", "liar.example", "down.example", "clean.example"];
    let block_list_zones = zones.map(str::to_owned).to_vec();
    let limits = AuthenticationLimits { block_list_zones, ..AuthenticationLimits::default() };
    let authenticator = Authenticator::new(dns.resolver.clone(), limits);
    let facts = authenticator.connection(CLIENT.parse().unwrap(), "mail.sender.example").await;
    let name = ReverseName {
        name: "mail.sender.example".into(),
        organization: "sender.example".into(),
        is_confirmed: true,
    };
    assert_eq!(facts.reverse_name, Lookup::Found(name));
    let answers: Vec<_> = facts.block_lists.iter().map(|list| &list.answer).collect();
    assert_eq!(answers[0], &Lookup::Found("127.0.0.2".parse().unwrap()));
    assert_eq!((answers[1], answers[3]), (&Lookup::None, &Lookup::None));
    assert!(matches!(answers[2], Lookup::Failed(_)));
    let none = Authenticator::new(dns.resolver.clone(), AuthenticationLimits::default());
    let facts = none.connection("192.0.2.9".parse().unwrap(), "").await;
    assert_eq!((facts.reverse_name, facts.block_lists.len()), (Lookup::None, 0));
}

#[tokio::test]
async fn aut_11_no_octets_in_results_or_signatures_make_the_reader_fall_over() {
    let alphabet = b"i=1;a=rsa-sha256;b=;d.x;s:h(c)\"\\ \t=pass header.d=\xff\xc3\xa4\0";
    let mut seed = 3u32;
    for _ in 0..300 {
        let mut message = Vec::new();
        for name in
            ["ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results", "DKIM-Signature"]
        {
            message.extend_from_slice(format!("{name}: i=1; ").as_bytes());
            for _ in 0..60 {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                message.push(alphabet[(seed >> 16) as usize % alphabet.len()]);
            }
            message.extend_from_slice(b"\r\n");
        }
        message.extend_from_slice(b"\r\nx");
        let authenticator = Authenticator::new(Resolver::none(), AuthenticationLimits::default());
        let facts = authenticator
            .authenticate(&Submission {
                client: CLIENT.parse().unwrap(),
                helo: "x",
                mail_from: "",
                message: &message,
                node_name: "n",
            })
            .await;
        assert_ne!(facts.arc.result, ArcResult::Pass);
    }
}
