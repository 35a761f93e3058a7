//! Spoof intelligence: who sends as whom without proof is counted, and the tenant's word on it acts.

use crate::common::{Authority, Dialogue, Dns, NextHop, Node, Record, Settings, tenant, wait_for};

const ALLOWED: &str = "\n[[tenant_allow_block]]\nlist_type = \"spoof\"\naction = \"allow\"\n\
    spoofed_user = \"bank.example\"\nsending_infrastructure = \"localhost\"\n";

/// Sends as the bank; what arrived.
fn receive(node: &Node, home: &NextHop) -> String {
    let before = home.count();
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.stranger.example");
    let content = "From: <news@bank.example>\r\nTo: <ann@contoso.example>\r\nSubject: Lunch\r\n\
        Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@bank.example>\r\n\r\n\
        Shall we meet at noon on Thursday?";
    let answer = session.send_message("news@bank.example", "ann@contoso.example", content);
    assert_eq!(answer.code, 250, "{answer}");
    home.wait_for(before + 1).pop().unwrap().text()
}

#[test]
fn an_unproven_sender_is_counted_and_an_entry_of_the_list_lets_it_pass() {
    let home = NextHop::start();
    let dns = Dns::start(&[
        ("bank.example", Record::Txt("v=spf1 ?all")),
        ("_dmarc.bank.example", Record::Txt("v=DMARC1; p=none")),
    ]);
    let settings = Settings::default().with("dns.servers", dns.setting());
    let node = Node::start(&Authority::new("Example"), &settings);
    let file = tenant("contoso", "contoso.example", &home.smart_host());
    node.apply(&file);
    let text = receive(&node, &home);
    assert!(text.contains("compauth=fail"), "{text}");
    let list = || node.json(&["spoof", "list", "--tenant", "contoso"]);
    // The count is written beside the mail: nobody waits for it.
    let seen = wait_for("the pair", || list().pop());
    assert_eq!(seen["spoofed"], "bank.example", "{seen}");
    assert_eq!(seen["infrastructure"], "localhost", "{seen}");
    assert_eq!((&seen["count"], &seen["listed"]), (&1.into(), &"".into()), "{seen}");

    node.apply(&(file + ALLOWED));
    let seen = list().pop().unwrap();
    assert_eq!(seen["listed"], "allowed", "{seen}");
    assert_eq!(seen["entry"], "bank.example, localhost", "{seen}");
    let text = receive(&node, &home).replace("\r\n ", " ").replace('\t', " ");
    assert!(text.contains("compauth=pass reason=701"), "{text}");
    wait_for("the second one", || (list()[0]["count"] == 2).then_some(()));
}
