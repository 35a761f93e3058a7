//! Whose mail is it: shared addresses, several tenants in one session, sessions that are resumed,
//! balancers in front, the postmaster.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::HandshakeKind;

use crate::common::{
    Authority, Dialogue, NextHop, Node, Sent, Settings, client_config, tenant, tenant_by_address,
};

/// A node where contoso and fabrikam both list loopback's address.
fn two_tenants_at_one_address() -> (Authority, NextHop, Node) {
    let authority = Authority::new("Example");
    let next_hop = NextHop::start();
    let node = Node::start(&authority, &Settings::default());
    node.apply(&tenant_by_address("contoso", "contoso.example", &next_hop.smart_host()));
    node.apply(&tenant_by_address("fabrikam", "fabrikam.example", &next_hop.smart_host()));
    (authority, next_hop, node)
}

fn greeted(address: SocketAddr) -> Dialogue {
    let mut session = Dialogue::connect(address);
    session.expect(250, "EHLO mail.example");
    session
}

#[test]
fn att_04_at_a_shared_address_the_sender_decides_and_nobody_guesses() {
    let (_, next_hop, node) = two_tenants_at_one_address();
    let mut session = greeted(node.smtp());
    for (count, domain) in ["contoso.example", "fabrikam.example"].iter().enumerate() {
        let sender = format!("ann@{domain}");
        let answer = session.send_message(&sender, "bob@elsewhere.example", "A: b\r\n\r\nc");
        assert_eq!(answer.code, 250, "{answer}");
        next_hop.wait_for(count + 1);
    }
    for tenant in ["contoso", "fabrikam"] {
        let rows = node.json(&["trace", "--tenant", tenant]);
        assert_eq!(rows.len(), 1, "{rows:?}");
        assert_eq!(rows[0]["sender_address"], format!("ann@{tenant}.example"));
    }

    session.expect(250, "MAIL FROM:<bob@elsewhere.example>");
    let refusal = session.say("RCPT TO:<carol@else.example>");
    assert!([451, 550].contains(&refusal.code), "{refusal}");
    for name in ["contoso", "fabrikam"] {
        assert!(!refusal.text().contains(name), "a hint of a tenant: {refusal}");
    }
}

#[test]
fn the_recipient_of_another_tenant_comes_in_a_transaction_of_its_own() {
    let (_, next_hop, node) = two_tenants_at_one_address();
    let mut stranger = greeted(node.smtp());
    stranger.expect(250, "MAIL FROM:<bob@elsewhere.example>");
    stranger.expect(250, "RCPT TO:<ann@contoso.example>");
    let later = stranger.expect(452, "RCPT TO:<ann@fabrikam.example>");
    assert!(later.text().contains("4.5.3"), "{later}");
    stranger.expect(354, "DATA");
    stranger.send(b"A: b\r\n\r\nc\r\n");
    stranger.expect(250, ".");
    let answer =
        stranger.send_message("bob@elsewhere.example", "ann@fabrikam.example", "A: b\r\n\r\nc");
    assert_eq!(answer.code, 250, "{answer}");
    next_hop.wait_for(2);
}

#[test]
fn mail_from_one_tenant_to_another_arrives_and_is_traced_for_both() {
    let (_, next_hop, node) = two_tenants_at_one_address();
    let mut session = greeted(node.smtp());
    let body = "Message-ID: <between@contoso.example>\r\n\r\nc";
    let answer = session.send_message("ann@contoso.example", "ann@fabrikam.example", body);
    assert_eq!(answer.code, 250, "{answer}");
    next_hop.wait_for(1);
    node.wait_for_empty_queue();
    for tenant in ["contoso", "fabrikam"] {
        let rows = node.json(&["trace", "--tenant", tenant]);
        assert_eq!(rows.len(), 1, "{tenant}: {rows:?}");
    }
    assert_eq!(next_hop.count(), 1, "once, without a second hop");
}

#[test]
fn tls_07_a_resumed_session_is_recognised_anew() {
    let authority = Authority::new("Example");
    let next_hop = NextHop::start();
    let node = Node::start(&authority, &Settings::default());
    node.apply(&tenant("contoso", "contoso.example", &next_hop.smart_host()));
    let contoso = authority.issue(&["mail.contoso.example"]);
    let config = Arc::new(client_config(&authority, Some((&contoso, Sent::FullChain))));
    let connect = || {
        let mut session = greeted(node.smtp());
        session.expect(220, "STARTTLS");
        let kind = session.handshake_by(Arc::clone(&config)).unwrap();
        session.expect(250, "EHLO mail.example");
        session.expect(250, "MAIL FROM:<ann@contoso.example>");
        (session, kind)
    };
    let (mut session, kind) = connect();
    assert_eq!(kind, HandshakeKind::Full);
    session.expect(250, "RCPT TO:<bob@elsewhere.example>");
    let (mut session, _) = connect();
    session.expect(250, "RCPT TO:<bob@elsewhere.example>");

    node.ask(&["connector", "remove", "contoso", "inbound", "From contoso"]);
    let (mut session, _) = connect();
    session.expect(550, "RCPT TO:<bob@elsewhere.example>");
}

#[test]
fn smtp_14_a_balancers_word_is_taken_and_only_a_listed_ones() {
    let authority = Authority::new("Example");
    let settings = Settings::default().with("smtp.proxy_from", "[\"127.0.0.1\"]");
    let node = Node::start(&authority, &settings);
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c".to_vec();
    header.extend([203, 0, 113, 7, 192, 0, 2, 1, 0x30, 0x39, 0, 25]);
    let mut session = Dialogue::connect_silently(node.smtp());
    session.send(&header);
    assert_eq!(session.answer().code, 220);
    let hello = session.expect(250, "EHLO mail.example");
    assert!(hello.text().contains("203.0.113.7"), "{hello}");
    session.expect(250, "MAIL FROM:<ann@contoso.example>");
    let refusal = session.expect(550, "RCPT TO:<bob@elsewhere.example>");
    assert_eq!(node.explain(&refusal.reference())["peer"]["address"], "203.0.113.7");

    let mut liar = Dialogue::connect_silently(node.smtp());
    liar.send(b"PROXY TCP4 203.0.113.7 192.0.2.1 12345 25\r\nEHLO mail.example\r\n");
    assert!(liar.answers_until_closed().is_empty());

    let unlisted = Node::start(&authority, &Settings::default());
    let mut stranger = Dialogue::connect(unlisted.smtp());
    stranger.try_send(&header);
    let answers = stranger.answers_until_closed();
    assert!(answers.iter().all(|answer| answer.code >= 400), "{answers:?}");
}

#[test]
fn the_postmaster_can_always_be_written_to() {
    let (_, next_hop, node) = two_tenants_at_one_address();
    let mut stranger = greeted(node.smtp());
    let letter = "Subject: help\r\n\r\nc";
    for recipient in ["postmaster@contoso.example", "PostMaster@fabrikam.example"] {
        let answer = stranger.send_message("bob@elsewhere.example", recipient, letter);
        assert_eq!(answer.code, 250, "{recipient}: {answer}");
    }
    stranger.expect(250, "MAIL FROM:<>");
    stranger.expect(250, "RCPT TO:<Postmaster>");
    let _ = next_hop;
}
