//! Behind another gateway: the address that counts is the one that the gateway took the mail from.

use crate::common::{Answer, Authority, Dialogue, Dns, NextHop, Node, Record, Settings, tenant};

/// A partner's gateway at loopback's address.
const PARTNER: &str = "\n[[inbound_connector]]\nname = \"Filter\"\nconnector_type = \"partner\"\n\
    require_tls = false\nsender_ip_addresses = [\"127.0.0.1\"]\nef_skip_last_ip = true\n";
const FORGED: &str = "Received: from x (x [192.0.2.66]) by mail.shop.example; \
    Mon, 23 Nov 2026 09:00:00 +0000\r\n";
const SECOND: &str = "\n[[recipient]]\naddress = \"bob@contoso.example\"\n";

fn stage(home: &NextHop, more: &str) -> Node {
    let dns = Dns::start(&[
        ("shop.example", Record::Txt("v=spf1 ip4:198.51.100.7 -all")),
        ("_dmarc.shop.example", Record::Txt("v=DMARC1; p=reject")),
        ("7.100.51.198.bl.example", Record::A([127, 0, 0, 2].into())),
    ]);
    let settings = Settings::default()
        .with("dns.servers", dns.setting())
        .with("filter.dns_block_lists", "[\"bl.example\"]");
    let node = Node::start(&Authority::new("Example"), &settings);
    node.apply(&(tenant("contoso", "contoso.example", &home.smart_host()) + SECOND + more));
    node
}

/// The shop's message, as its gateway hands it on; the hop below is the gateway's own inner one.
fn hand_on(node: &Node, recipients: &[&str], from_ip: &str) -> Answer {
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO filter.example");
    session.expect(250, "MAIL FROM:<news@shop.example>");
    for recipient in recipients {
        session.expect(250, &format!("RCPT TO:<{recipient}>"));
    }
    session.expect(354, "DATA");
    // What the shop itself wrote is anybody's word.
    let below = if from_ip.starts_with("10.") { "" } else { FORGED };
    let content = format!(
        "X-MS-Exchange-SkipListedInternetSender: ip=[192.0.2.9];domain=forged.example\r\n\
         Received: from inner.filter.example (inner.filter.example [10.0.0.5])\r\n\
         \tby filter.example with ESMTP id 2; Mon, 23 Nov 2026 10:00:01 +0000\r\n\
         Received: from mail.shop.example (mail.shop.example [{from_ip}])\r\n\
         \tby inner.filter.example with ESMTP id 1; Mon, 23 Nov 2026 10:00:00 +0000\r\n\
         {below}From: <news@shop.example>\r\nTo: <ann@contoso.example>\r\nSubject: Lunch\r\n\
         Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@shop.example>\r\n\r\n\
         Shall we meet at noon on Thursday?"
    );
    session.send(content.as_bytes());
    session.say("\r\n.")
}

/// The reference, in the `250` or at a refusal's end.
fn reference(answer: &Answer) -> String {
    let text = answer.text();
    let rest = text.split("InternalId=").nth(1).or_else(|| text.rsplit('[').next()).unwrap();
    let word = rest.split([',', ']']).next().unwrap();
    word.split(' ').next_back().unwrap().to_owned()
}

fn received(home: &NextHop, count: usize) -> String {
    let text = home.wait_for(count).pop().unwrap().text();
    text.replace("\r\n ", " ").replace("\r\n\t", " ")
}

#[test]
fn spf_dmarc_and_block_lists_are_asked_about_the_address_behind_a_gateway() {
    let home = NextHop::start();
    let node = stage(&home, PARTNER);
    let answer = hand_on(&node, &["ann@contoso.example"], "198.51.100.7");
    assert_eq!(answer.code, 250, "{answer}");
    let text = received(&home, 1);
    for part in [
        "spf=pass (sender IP is 198.51.100.7) smtp.mailfrom=shop.example;",
        "dmarc=pass action=none header.from=shop.example;compauth=pass reason=100",
        "CIP:198.51.100.7;",
        "H:mail.shop.example;",
        "X-MS-Exchange-ExternalOriginalInternetSender: ip=[198.51.100.7];domain=mail.shop.example",
        "X-MS-Exchange-SkipListedInternetSender: ip=[198.51.100.7];domain=mail.shop.example",
        // The hop itself stays as it was.
        "Received: from filter.example ([127.0.0.1]) by gw.example.net",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("forged.example"), "{text}");
    let told = node.ask(&["explain", &reference(&answer)]);
    assert!(told.contains("198.51.100.7 is on the block list bl.example"), "{told}");
    assert!(told.contains("Your gateway 127.0.0.1 brought this"), "{told}");
    let german = node.ask(&["explain", &reference(&answer), "--language", "de"]);
    assert!(german.contains("Ihr Gateway 127.0.0.1 hat dies gebracht"), "{german}");
}

#[test]
fn a_forged_sender_is_refused_behind_a_gateway_too() {
    let home = NextHop::start();
    let node = stage(&home, PARTNER);
    let answer = hand_on(&node, &["ann@contoso.example"], "203.0.113.5");
    assert_eq!(answer.code, 550, "{answer}");
    assert_eq!(node.json(&["trace"])[0]["from_ip"], "127.0.0.1");
}

#[test]
fn users_who_are_not_listed_leave_the_gateway_the_sender_for_all() {
    let home = NextHop::start();
    let node = stage(&home, &format!("{PARTNER}ef_users = [\"ann@contoso.example\"]\n"));
    let both = ["ann@contoso.example", "bob@contoso.example"];
    let answer = hand_on(&node, &both, "198.51.100.7");
    assert_eq!(answer.code, 550, "{answer}");
    let answer = hand_on(&node, &both[..1], "198.51.100.7");
    assert_eq!(answer.code, 250, "{answer}");
    assert!(received(&home, 1).contains("ExternalOriginalInternetSender"));
}

#[test]
fn what_an_own_server_passes_on_for_a_stranger_is_judged_as_a_strangers() {
    let home = NextHop::start();
    let own = "\n[[inbound_connector]]\nname = \"Hub\"\nconnector_type = \"on-premises\"\n\
        sender_ip_addresses = [\"127.0.0.1\"]\nef_skip_last_ip = true\n";
    let node = stage(
        &home,
        &format!(
            "\n[[accepted_domain]]\nname = \"shop.example\"\n\
        type = \"internal-relay\"\nverified = true\n{own}"
        ),
    );
    let answer = hand_on(&node, &["ann@contoso.example"], "203.0.113.5");
    assert_eq!(answer.code, 550, "{answer}");
    let answer = hand_on(&node, &["ann@contoso.example"], "10.0.0.9");
    assert_eq!(answer.code, 250, "{answer}");
    let text = received(&home, 1);
    assert!(text.contains("MessageDirectionality: Originating"), "{text}");
}

#[test]
fn a_gateway_that_does_not_tell_is_the_sender_itself_and_that_is_said() {
    let home = NextHop::start();
    let node = stage(&home, PARTNER);
    let answer = hand_on(&node, &["ann@contoso.example"], "10.0.0.9");
    assert_eq!(answer.code, 550, "{answer}");
    let told = node.ask(&["explain", &reference(&answer)]);
    assert!(told.contains("Your gateway 127.0.0.1 does not say"), "{told}");
}
