//! Who knows whom: the line above a stranger's first message, and who is no stranger any more.

use crate::common::{Authority, Dialogue, NextHop, Node, Sent, Settings, tenant, wait_for};

const PRESET: &str = "\n[protection]\npreset = \"standard\"\n";
const TIP: &str = "X-Posthouse-Safety-Tip: You don't often get email from";

fn stage(authority: &Authority, home: &NextHop) -> Node {
    let node = Node::start(authority, &Settings::default());
    node.apply(&(tenant("contoso", "contoso.example", &home.smart_host()) + PRESET));
    node
}

fn content(from: &str, to: &str) -> String {
    format!(
        "From: <{from}>\r\nTo: <{to}>\r\nSubject: Lunch\r\n\
         Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@lunch.example>\r\n\r\n\
         Shall we meet at noon on Thursday?"
    )
}

/// Sends a stranger's message to ann; what arrived of it.
fn receive(node: &Node, home: &NextHop, from: &str) -> String {
    let before = home.count();
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.stranger.example");
    let answer =
        session.send_message(from, "ann@contoso.example", &content(from, "ann@contoso.example"));
    assert_eq!(answer.code, 250, "{answer}");
    home.wait_for(before + 1).pop().unwrap().text()
}

#[test]
fn only_the_first_message_of_a_sender_carries_the_tip() {
    let home = NextHop::start();
    let node = stage(&Authority::new("Example"), &home);
    let first = receive(&node, &home, "eve@stranger.example");
    assert!(first.contains(TIP), "{first}");
    // The count is written beside the mail: nobody waits for it.
    let second = wait_for("a message without the tip", || {
        let text = receive(&node, &home, "eve@stranger.example");
        (!text.contains(TIP)).then_some(text)
    });
    assert!(!second.contains("FirstContact"), "{second}");
    let other = receive(&node, &home, "mallory@stranger.example");
    assert!(other.contains(TIP), "{other}");
}

#[test]
fn the_tip_is_in_the_tenant_s_language() {
    let home = NextHop::start();
    let node = Node::start(&Authority::new("Example"), &Settings::default());
    let german = format!("{PRESET}notification_language = \"de\"\n");
    node.apply(&(tenant("contoso", "contoso.example", &home.smart_host()) + &german));
    let text = receive(&node, &home, "eve@stranger.example");
    assert!(text.contains("X-Posthouse-Safety-Tip: Sie erhalten nicht oft E-Mails von"), "{text}");
}

#[test]
fn whom_a_user_wrote_to_is_no_stranger() {
    let (authority, home) = (Authority::new("Example"), NextHop::start());
    let node = stage(&authority, &home);
    let identity = authority.issue(&["mail.contoso.example"]);
    let shown = Some((&identity, Sent::FullChain));
    let mut session = Dialogue::secured(node.smtp(), &authority, shown);
    let (ann, bob) = ("ann@contoso.example", "bob@partner.example");
    let answer = session.send_message(ann, bob, &content(ann, bob));
    assert_eq!(answer.code, 250, "{answer}");
    home.wait_for(1);
    wait_for("the trace of what went out", || {
        (node.json(&["trace"])[0]["status"] == "Delivered").then_some(())
    });
    let answered = receive(&node, &home, bob);
    assert!(!answered.contains(TIP), "{answered}");
    let stranger = receive(&node, &home, "eve@partner.example");
    assert!(stranger.contains(TIP), "{stranger}");
}
