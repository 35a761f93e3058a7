//! What the node itself remembers of earlier mail: its sources' reputation, signatures that are
//! repeated, and which part of a domain's mail DMARC spares.

use crate::common::{Answer, Authority, Dialogue, Dns, NextHop, Node, Record, Settings};
use crate::common::{tenant, wait_for};

/// The test string that makes a message spam for every filter.
fn gtube() -> String {
    ["XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-", "ANTI-UBE-TEST-EMAIL*C.34X"].concat()
}

fn relaying(name: &str, home: &NextHop) -> String {
    let domain = format!("{name}.example");
    tenant(name, &domain, &home.smart_host()).replace("authoritative", "internal-relay")
}

fn write(node: &Node, sender: &str, recipients: &[String], content: &str) -> Answer {
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.stranger.example");
    session.expect(250, &format!("MAIL FROM:<{sender}>"));
    for recipient in recipients {
        session.expect(250, &format!("RCPT TO:<{recipient}>"));
    }
    session.expect(354, "DATA");
    session.send(content.as_bytes());
    session.say("\r\n.")
}

fn content(text: &str) -> String {
    format!(
        "From: Eve <eve@stranger.example>\r\nTo: <ann@contoso.example>\r\nSubject: Lunch\r\n\
         Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@stranger.example>\r\n\r\n{text}"
    )
}

/// Why a message that was accepted was judged as it was, in words.
fn told(node: &Node, answer: &Answer) -> String {
    assert_eq!(answer.code, 250, "{answer}");
    let text = answer.text();
    let rest = text.split("InternalId=").nth(1).unwrap();
    let told = node.ask(&["explain", rest.split(',').next().unwrap()]);
    // Lines are cut where a terminal ends.
    told.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn what_earlier_mail_of_a_source_came_to_counts_and_outlives_a_restart() {
    let home = NextHop::start();
    let mut node = Node::start(&Authority::new("Example"), &Settings::default());
    node.apply(&relaying("contoso", &home));
    let ann = ["ann@contoso.example".to_owned()];
    let lunch = content("Shall we meet at noon on Thursday?");
    let sentence = "Of the recent messages from 127.0.0.1, this server held about";

    let first = told(&node, &write(&node, "eve@stranger.example", &ann, &lunch));
    assert!(!first.contains(sentence), "an unseen source is neutral: {first}");
    for _ in 0..6 {
        assert_eq!(write(&node, "eve@stranger.example", &ann, &content(&gtube())).code, 250);
    }
    let after = told(&node, &write(&node, "eve@stranger.example", &ann, &lunch));
    assert!(after.contains(&format!("{sentence} 90 % for unwanted.")), "{after}");
    assert!(after.contains("127.0.0.0/24"), "{after}");
    assert!(after.contains("NONE"), "it is no spam by that: {after}");

    assert!(node.stop().success());
    node.run();
    let later = wait_for("the counts of before", || {
        let text = told(&node, &write(&node, "eve@stranger.example", &ann, &lunch));
        text.contains(sentence).then_some(text)
    });
    assert!(later.contains(" % for unwanted"), "{later}");
}

#[test]
fn aut_04_a_signature_that_is_repeated_to_many_is_noticed() {
    let (authority, next_hop) = (Authority::new("Example"), NextHop::start());
    let signer = Node::start(&authority, &Settings::default());
    let own = relaying("shop", &next_hop)
        .replace(
            "tls_sender_certificate_name = \"mail.shop.example\"",
            "sender_ip_addresses = [\"127.0.0.1\"]",
        )
        .replace(
            "next hop\"\nconnector_type = \"on-premises\"",
            "next hop\"\nconnector_type = \"partner\"",
        );
    signer.apply(&own);
    signer.ask(&["dkim", "create", "shop", "shop.example", "--algorithm", "ed25519"]);
    signer.apply(&format!("{own}[[dkim]]\ndomain = \"shop.example\"\n"));
    let signed = "From: <news@shop.example>\r\nTo: <accomplice@mail.example>\r\n\
        Subject: An offer\r\nMessage-ID: <7@shop.example>\r\n\r\nBuy it today.";
    let accomplice = ["accomplice@mail.example".to_owned()];
    assert_eq!(write(&signer, "news@shop.example", &accomplice, signed).code, 250);
    let genuine = next_hop.wait_for(1).pop().unwrap().text();
    assert!(genuine.contains("DKIM-Signature:"), "{genuine}");

    let keys = signer.json(&["dkim", "list", "shop"]);
    let leaked = |key: &str| -> &'static str {
        keys[0][key].as_str().unwrap().trim_end_matches('.').to_owned().leak()
    };
    let dns = Dns::start(&[
        (leaked("record_name"), Record::Txt(leaked("record"))),
        ("stranger.example", Record::Txt("v=spf1 ip4:127.0.0.1 -all")),
    ]);
    let home = NextHop::start();
    let settings = Settings::default().with("dns.servers", dns.setting());
    let node = Node::start(&authority, &settings);
    node.apply(&relaying("contoso", &home));
    let victims = |from: usize| -> Vec<String> {
        (from..from + 30).map(|number| format!("victim{number}@contoso.example")).collect()
    };
    let first = told(&node, &write(&node, "eve@stranger.example", &victims(0), &genuine));
    assert!(!first.contains("is being repeated"), "{first}");
    let second = told(&node, &write(&node, "eve@stranger.example", &victims(30), &genuine));
    let sentence = "The signature of shop.example is genuine, but the message was written to \
        somebody else and is being repeated (60 ×)";
    assert!(second.contains(sentence), "{second}");
}

#[test]
fn a_percentage_of_nought_spares_a_failing_sender_the_refusal() {
    let home = NextHop::start();
    let dns = Dns::start(&[
        ("_dmarc.spared.example", Record::Txt("v=DMARC1; p=reject; pct=0")),
        ("_dmarc.strict.example", Record::Txt("v=DMARC1; p=reject; pct=100")),
    ]);
    let settings = Settings::default().with("dns.servers", dns.setting());
    let node = Node::start(&Authority::new("Example"), &settings);
    node.apply(&relaying("contoso", &home));
    let ann = ["ann@contoso.example".to_owned()];
    let of = |domain: &str| content("Lunch?").replace("stranger.example", domain);
    let strict = write(&node, "eve@strict.example", &ann, &of("strict.example"));
    assert_eq!(strict.code, 550, "{strict}");
    let spared = write(&node, "eve@spared.example", &ann, &of("spared.example"));
    assert_eq!(spared.code, 250, "{spared}");
    let kept = node.json(&["quarantine", "list"]);
    assert_eq!(kept.len(), 1, "reject becomes quarantine: {kept:?}");
}
