//! The story: a leaf without its intermediate is refused and everybody can see why; with it, mail
//! flows; another tenant's certificate does not help.

use crate::common::{Authority, Dialogue, NextHop, Node, Sent, Settings, tenant, wait_for};

/// Two tenants on one gateway, and the world behind it.
struct Stage {
    authority: Authority,
    next_hop: NextHop,
    node: Node,
}

fn stage() -> Stage {
    let authority = Authority::new("Example");
    let next_hop = NextHop::start();
    let node = Node::start(&authority, &Settings::default());
    node.apply(&tenant("contoso", "contoso.example", &next_hop.smart_host()));
    node.apply(&tenant("fabrikam", "fabrikam.example", &next_hop.smart_host()));
    Stage { authority, next_hop, node }
}

const BODY: &str = "From: ann@contoso.example\r\nTo: bob@elsewhere.example\r\n\
                    Subject: Quarterly figures\r\nMessage-ID: <1@contoso.example>\r\n\r\nAttached.";

#[test]
fn a_leaf_without_its_intermediate_is_refused_and_everybody_can_see_why() {
    let Stage { authority, next_hop, node } = stage();
    let contoso = authority.issue(&["mail.contoso.example"]);
    let mut sender = Dialogue::secured(node.smtp(), &authority, Some((&contoso, Sent::LeafOnly)));
    sender.expect(250, "MAIL FROM:<ann@contoso.example>");
    let refusal = sender.say("RCPT TO:<bob@elsewhere.example>");

    // The reply: Microsoft's words first, then the certificate that is missing.
    assert_eq!(refusal.code, 550);
    let first = &refusal.lines[0];
    assert!(
        first.starts_with("550-5.7.64 TenantAttribution; Relay Access Denied [gw.example.net "),
        "{first}"
    );
    assert!((2..=4).contains(&refusal.lines.len()), "{refusal}");
    for words in ["Example Issuing CA 1", "not sent", "http://pki.example/issuing1.cer"] {
        assert!(refusal.lines[1..].join(" ").contains(words), "no {words} in {refusal}");
    }
    let reference = refusal.reference();
    assert!((13..=26).contains(&reference.len()), "{reference}");

    // The explanation can be read as soon as the reply: no waiting here.
    let explained = node.explain(&reference);
    assert_eq!(explained["reason"], "chain-incomplete");
    let missing = &explained["missing"];
    assert!(missing["subject"].as_str().unwrap().contains("CN=Example Issuing CA 1"));
    assert_eq!(missing["key_id"].as_str().unwrap().len(), 40, "{missing}");
    assert_eq!(missing["get"][0], "http://pki.example/issuing1.cer");
    let connectors = explained["connectors"].as_array().unwrap();
    let own = connectors.iter().find(|connector| connector["name"] == "From contoso").unwrap();
    assert_eq!(own["matched"], false);
    assert!(own["why"].as_str().unwrap().contains("chain-incomplete"), "{own}");
    let platforms: Vec<_> = explained["fix"].as_array().unwrap().iter().collect();
    assert!(platforms.len() >= 4, "{platforms:?}");

    // The event that a Windows administrator would look for.
    let xml = node.ask(&["events", "--format", "xml"]);
    assert!(xml.contains("<EventID>30</EventID>") && xml.contains("800B010A"), "{xml}");
    let json = node.ask(&["events", "--format", "json"]);
    assert!(json.lines().any(|line| line.contains(&reference)), "{json}");

    // The trace, and nothing at the next hop.
    let rows = node.json(&["trace", "--sender", "ann@contoso.example"]);
    assert_eq!(rows[0]["status"], "Failed");
    assert_eq!(next_hop.count(), 0);
    assert_eq!(node.queue_length(), 0);
}

#[test]
fn with_its_intermediate_the_same_server_relays_and_the_mail_arrives() {
    let Stage { authority, next_hop, node } = stage();
    let contoso = authority.issue(&["mail.contoso.example"]);
    let mut sender = Dialogue::secured(node.smtp(), &authority, Some((&contoso, Sent::FullChain)));
    let answer = sender.send_message("ann@contoso.example", "bob@elsewhere.example", BODY);
    assert_eq!(answer.code, 250, "{answer}");

    let delivered = next_hop.wait_for(1).remove(0);
    assert!(delivered.mail.contains("<ann@contoso.example>"), "{}", delivered.mail);
    assert_eq!(delivered.recipients.len(), 1);
    assert_eq!(delivered.body(), "Attached.\r\n");
    assert!(delivered.text().starts_with("Received: from "), "{}", delivered.text());
    assert!(delivered.text().contains("X-Posthouse-Filtered: yes"), "{}", delivered.text());

    node.wait_for_empty_queue();
    let row = wait_for("the trace says Delivered", || {
        let rows = node.json(&["trace", "--recipient", "bob@elsewhere.example"]);
        rows.into_iter().find(|row| row["status"] == "Delivered")
    });
    assert_eq!(row["subject"], "Quarterly figures");
    assert_eq!(row["sender_address"], "ann@contoso.example");
}

#[test]
fn the_certificate_of_another_tenant_does_not_send_as_this_one() {
    let Stage { authority, next_hop, node } = stage();
    let fabrikam = authority.issue(&["mail.fabrikam.example"]);
    let identity = Some((&fabrikam, Sent::FullChain));
    let mut sender = Dialogue::secured(node.smtp(), &authority, identity);
    sender.expect(250, "MAIL FROM:<ann@contoso.example>");
    let refusal = sender.expect(550, "RCPT TO:<bob@elsewhere.example>");
    assert!(refusal.text().contains("5.7.64"), "{refusal}");
    let explained = node.explain(&refusal.reference());
    assert_eq!(explained["reason"], "sender-domain-of-another-tenant");
    assert_eq!(next_hop.count(), 0);
}

#[test]
fn att_10_without_a_connector_nobody_relays() {
    let authority = Authority::new("Example");
    let node = Node::start(&authority, &Settings::default());
    let mut sender = Dialogue::connect(node.smtp());
    sender.expect(250, "EHLO mail.example");
    sender.expect(250, "MAIL FROM:<ann@contoso.example>");
    let refusal = sender.expect(550, "RCPT TO:<bob@elsewhere.example>");
    assert!(refusal.text().contains("5.7.64 TenantAttribution; Relay Access Denied"), "{refusal}");
}

#[test]
fn a_change_of_a_tenant_is_live_when_apply_returns() {
    let Stage { authority, next_hop, node } = stage();
    let contoso = authority.issue(&["relay.contoso.example"]);
    let identity = Some((&contoso, Sent::FullChain));
    let mut sender = Dialogue::secured(node.smtp(), &authority, identity);
    sender.expect(250, "MAIL FROM:<ann@contoso.example>");
    sender.expect(550, "RCPT TO:<bob@elsewhere.example>");
    sender.expect(250, "RSET");

    let file = tenant("contoso", "contoso.example", &next_hop.smart_host());
    node.apply(&file.replace("mail.contoso.example", "relay.contoso.example"));
    // The session that was open sees it too.
    sender.expect(250, "MAIL FROM:<ann@contoso.example>");
    sender.expect(250, "RCPT TO:<bob@elsewhere.example>");
}

#[test]
fn mail_for_an_accepted_domain_reaches_its_server_and_unknown_recipients_are_refused() {
    let Stage { authority: _, next_hop, node } = stage();
    let mut stranger = Dialogue::connect(node.smtp());
    stranger.expect(250, "EHLO mx.elsewhere.example");
    stranger.expect(250, "MAIL FROM:<bob@elsewhere.example>");
    let refusal = stranger.expect(550, "RCPT TO:<nobody@contoso.example>");
    assert!(
        refusal.text().contains("5.4.1 Recipient address rejected: Access denied"),
        "{refusal}"
    );
    stranger.expect(250, "RCPT TO:<ann@contoso.example>");
    stranger.expect(354, "DATA");
    stranger.send(b"Subject: Hello\r\n\r\nHi Ann\r\n");
    stranger.expect(250, ".");
    assert_eq!(next_hop.wait_for(1)[0].body(), "Hi Ann\r\n");
}
