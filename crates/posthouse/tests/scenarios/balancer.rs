//! Behind a load balancer: the PROXY protocol's address is the peer's, from listed balancers only.

use std::net::{Ipv4Addr, SocketAddr};

use crate::common::{
    Answer, Authority, Dialogue, NextHop, Node, Settings, tenant_by_address, wait_for,
};

/// A node that believes these balancers, for a tenant that is recognised by 192.0.2.7.
fn stage(balancers: &str, settings: Settings) -> (NextHop, Node) {
    let next_hop = NextHop::start();
    let settings = settings.with("smtp.proxy_from", balancers);
    let node = Node::start(&Authority::new("Example"), &settings);
    let file = tenant_by_address("contoso", "contoso.example", &next_hop.smart_host());
    node.apply(&file.replace("127.0.0.1\"]", "192.0.2.7\"]"));
    (next_hop, node)
}

const LISTED: &str = "[\"127.0.0.1\"]";
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// A version 2 header: this client, over TCP and IPv4.
fn header(client: [u8; 4]) -> Vec<u8> {
    let mut header = [SIGNATURE, &[0x21, 0x11, 0, 12]].concat();
    header.extend_from_slice(&client);
    header.extend_from_slice(&[198, 51, 100, 1]);
    header.extend_from_slice(&[0x9c, 0x40, 0, 25]);
    header
}

/// A session that a balancer hands on from this client; its first reply was read.
fn from_client(node: SocketAddr, client: [u8; 4]) -> (Dialogue, Answer) {
    let mut session = Dialogue::connect_silently(node);
    session.send(&header(client));
    let greeting = session.answer();
    (session, greeting)
}

fn relay(session: &mut Dialogue) -> Answer {
    session.expect(250, "EHLO mail.example");
    let body = "Subject: x\r\n\r\nx";
    session.send_message("ann@contoso.example", "bob@elsewhere.example", body)
}

#[test]
fn whose_mail_it_is_follows_from_the_address_that_the_balancer_names() {
    let (next_hop, node) = stage(LISTED, Settings::default());
    let (mut session, greeting) = from_client(node.smtp(), [192, 0, 2, 7]);
    assert_eq!(greeting.code, 220, "{greeting}");
    assert_eq!(relay(&mut session).code, 250);
    let text = next_hop.wait_for(1)[0].text();
    assert!(text.starts_with("Received: from mail.example ([192.0.2.7]) "), "{text}");
    wait_for("the trace names the client", || {
        let rows = node.json(&["trace"]);
        rows.first()?.to_string().contains("192.0.2.7").then_some(())
    });

    let (mut stranger, _) = from_client(node.smtp(), [192, 0, 2, 8]);
    let refusal = relay(&mut stranger);
    assert!(refusal.code == 550 && refusal.text().contains("5.7.64"), "{refusal}");
    assert!(refusal.text().contains("192.0.2.8"), "{refusal}");
    assert!(!refusal.text().contains("127.0.0.1"), "{refusal}");
}

#[test]
fn smtp_14_from_anybody_else_the_header_is_garbage() {
    let (next_hop, node) = stage("[\"203.0.113.9\"]", Settings::default());
    let mut session = Dialogue::connect(node.smtp());
    session.try_send(&header([192, 0, 2, 7]));
    session.try_send(
        b"\r\nEHLO mail.example\r\nMAIL FROM:<ann@contoso.example>\r\n\
          RCPT TO:<bob@elsewhere.example>\r\n",
    );
    let answers = session.answers_until_closed();
    assert!(answers[0].code >= 500, "{answers:?}");
    for answer in &answers {
        assert!(answer.code >= 221 && answer.code != 354, "{answers:?}");
        assert!(!answer.text().contains("2.1.5"), "a recipient was accepted: {answers:?}");
    }
    // Nor does a peer become another one by it in a session of its own.
    let mut honest = Dialogue::connect(node.smtp());
    let refusal = relay(&mut honest);
    assert!(refusal.text().contains("127.0.0.1"), "{refusal}");
    assert_eq!(next_hop.count(), 0);
}

#[test]
fn smtp_14_a_balancer_that_sends_no_proper_header_gets_no_session() {
    let (_, node) = stage(LISTED, Settings::default());
    let [mut too_long, mut unknown_command, mut unix_socket] = [(); 3].map(|()| header([1; 4]));
    too_long[14] = 0xff;
    unknown_command[12] = 0x2f;
    unix_socket[13] = 0x31;
    for start in [
        b"EHLO mail.example\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.7 198.51.100.1 40000 25\r\nEHLO mail.example\r\n".to_vec(),
        too_long,
        unknown_command,
        unix_socket,
        header([192, 0, 2, 7])[..20].to_vec(),
    ] {
        let mut session = Dialogue::connect_silently(node.smtp());
        session.send(&start);
        let answers = session.answers_until_closed();
        assert!(answers.is_empty(), "{start:?}: {answers:?}");
    }
    assert!(node.log().contains("a balancer sent no PROXY v2 header"), "{}", node.log());
}

#[test]
fn a_balancers_health_check_is_greeted() {
    let (_, node) = stage(LISTED, Settings::default());
    let mut session = Dialogue::connect_silently(node.smtp());
    session.send(&[SIGNATURE, &[0x20, 0, 0, 0]].concat());
    assert_eq!(session.answer().code, 220);
    session.expect(221, "QUIT");
}

#[test]
fn each_client_behind_the_balancer_has_the_limit_of_an_address() {
    let (_, node) = stage(LISTED, Settings::default().with("smtp.sessions_per_address_max", 2));
    let node_address = node.smtp();
    let one = Ipv4Addr::new(192, 0, 2, 7).octets();
    let held = [from_client(node_address, one), from_client(node_address, one)];
    assert!(held.iter().all(|(_, greeting)| greeting.code == 220));
    let (_, third) = from_client(node_address, one);
    assert!(third.text().contains("421 4.3.2"), "{third}");
    let (_other, greeting) = from_client(node_address, [192, 0, 2, 8]);
    assert_eq!(greeting.code, 220, "{greeting}");
    drop(held);
    wait_for("a place is free again", || {
        let (_, greeting) = from_client(node_address, one);
        (greeting.code == 220).then_some(())
    });
}
