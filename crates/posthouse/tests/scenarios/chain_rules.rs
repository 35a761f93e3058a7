//! Connectors that judge a chain by a rule of their own: `chain = "repair"` and
//! `check_revocation`.

use std::fs;

use rustix::process::Signal;

use crate::common::{
    Authority, Dialogue, Identity, NextHop, Node, Sent, Settings, tenant, wait_for,
};

const BODY: &str = "From: ann@contoso.example\r\nSubject: x\r\nMessage-ID: <1@contoso.example>\r\n\
                    \r\nx";

fn with(rule: &str, next_hop: &NextHop) -> String {
    tenant("contoso", "contoso.example", &next_hop.smart_host()).replace(
        "connector_type = \"on-premises\"\ntls_sender",
        &format!("connector_type = \"on-premises\"\n{rule}\ntls_sender"),
    )
}

fn session(node: &Node, authority: &Authority, identity: &Identity, sent: Sent) -> Dialogue {
    Dialogue::secured(node.smtp(), authority, Some((identity, sent)))
}

#[test]
fn a_repaired_chain_relays_with_a_warning_to_the_sender_and_in_the_trace() {
    let authority = Authority::new("Example");
    let next_hop = NextHop::start();
    let node = Node::start(&authority, &Settings::default());
    node.apply(&with("chain = \"repair\"", &next_hop));
    let identity = authority.issue(&["mail.contoso.example"]);

    // Nothing imported yet: refused as anybody's would be.
    let mut sender = session(&node, &authority, &identity, Sent::LeafOnly);
    sender.expect(250, "MAIL FROM:<ann@contoso.example>");
    let refusal = sender.expect(550, "RCPT TO:<bob@elsewhere.example>");
    assert!(refusal.text().contains("Example Issuing CA 1"), "{refusal}");
    sender.expect(250, "RSET");

    // The very session goes on once the tenant has imported it.
    let file = node.path("issuing.pem");
    fs::write(&file, &authority.issuing_pem).unwrap();
    node.ask(&["cert", "import", file.to_str().unwrap(), "--tenant", "contoso"]);
    let answer = sender.send_message("ann@contoso.example", "bob@elsewhere.example", BODY);
    assert_eq!(answer.code, 250, "{answer}");
    assert!(answer.text().contains("Example Issuing CA 1"), "{answer}");
    assert!(answer.text().contains("was not sent"), "{answer}");
    next_hop.wait_for(1);
    let rows = node.json(&["trace", "--sender", "ann@contoso.example"]);
    let received = rows.iter().find(|row| row["status"] != "Failed").unwrap();
    let events = received["events"].to_string();
    assert!(events.contains("completed-from-store"), "{events}");

    // A whole chain draws no warning.
    let mut whole = session(&node, &authority, &identity, Sent::FullChain);
    let answer = whole.send_message("ann@contoso.example", "bob@elsewhere.example", BODY);
    assert!(answer.code == 250 && !answer.text().contains("was not sent"), "{answer}");
}

#[test]
fn what_one_tenant_has_imported_repairs_nothing_for_another() {
    let authority = Authority::new("Example");
    let next_hop = NextHop::start();
    let node = Node::start(&authority, &Settings::default());
    node.apply(&with("chain = \"repair\"", &next_hop));
    node.apply(&tenant("fabrikam", "fabrikam.example", &next_hop.smart_host()).replace(
        "connector_type = \"on-premises\"\ntls_sender",
        "connector_type = \"on-premises\"\nchain = \"repair\"\ntls_sender",
    ));
    let file = node.path("issuing.pem");
    fs::write(&file, &authority.issuing_pem).unwrap();
    node.ask(&["cert", "import", file.to_str().unwrap(), "--tenant", "fabrikam"]);
    let identity = authority.issue(&["mail.contoso.example"]);
    let mut sender = session(&node, &authority, &identity, Sent::LeafOnly);
    sender.expect(250, "MAIL FROM:<ann@contoso.example>");
    sender.expect(550, "RCPT TO:<bob@elsewhere.example>");
}

#[test]
fn the_nodes_own_store_says_where_a_copy_is_and_repairs_nothing() {
    let authority = Authority::new("Example");
    let next_hop = NextHop::start();
    let node = Node::start(&authority, &Settings::default());
    node.apply(&tenant("contoso", "contoso.example", &next_hop.smart_host()));
    let file = node.path("issuing.pem");
    fs::write(&file, &authority.issuing_pem).unwrap();
    node.ask(&["cert", "import", file.to_str().unwrap()]);
    let identity = authority.issue(&["mail.contoso.example"]);
    let mut sender = session(&node, &authority, &identity, Sent::LeafOnly);
    sender.expect(250, "MAIL FROM:<ann@contoso.example>");
    let refusal = sender.expect(550, "RCPT TO:<bob@elsewhere.example>");
    let explained = node.explain(&refusal.reference());
    assert_eq!(explained["reason"], "chain-incomplete");
    assert_eq!(explained["missing"]["in_store"], true);
}

#[test]
fn a_revoked_certificate_is_refused_by_the_connector_that_asks_for_it_only() {
    let authority = Authority::new("Example");
    let next_hop = NextHop::start();
    let settings = || Settings::default().with("trust.crls", "[\"ca.crl\"]");
    let mut node = Node::prepare(&authority, &settings());
    let identity = authority.issue(&["mail.contoso.example"]);
    fs::write(node.path("ca.crl"), authority.revocation_list(&[])).unwrap();
    node.run();
    node.apply(&with("check_revocation = true", &next_hop));
    let send = |node: &Node| {
        let mut sender = session(node, &authority, &identity, Sent::FullChain);
        sender.send_message("ann@contoso.example", "bob@elsewhere.example", BODY)
    };
    assert_eq!(send(&node).code, 250);

    // The new list is read when the node is told to.
    fs::write(node.path("ca.crl"), authority.revocation_list(&[&identity])).unwrap();
    node.signal(Signal::HUP);
    let refusal = wait_for("the new list counts", || {
        let answer = send(&node);
        (answer.code == 550).then_some(answer)
    });
    assert!(refusal.text().contains("is revoked"), "{refusal}");
    let explained = node.explain(&refusal.reference());
    assert_eq!(explained["reason"], "revoked");
    assert_eq!(explained["chain"]["reason"], "revoked");
    assert_eq!(explained["chain"]["element"], 0);
    let xml = node.ask(&["events", "--format", "xml"]);
    assert!(xml.contains("80092010") && xml.contains("CERT_TRUST_IS_REVOKED"), "{xml}");

    node.apply(&tenant("contoso", "contoso.example", &next_hop.smart_host()));
    assert_eq!(send(&node).code, 250, "nobody asked");
}

#[test]
fn a_list_that_cannot_be_used_keeps_the_node_from_starting() {
    let authority = Authority::new("Example");
    let mut node =
        Node::prepare(&authority, &Settings::default().with("trust.crls", "[\"ca.crl\"]"));
    fs::write(node.path("ca.crl"), "no list").unwrap();
    node.spawn();
    assert!(!node.wait_for_end().success());
    let log = node.log();
    assert!(log.contains("ca.crl") && log.contains("next: correct [trust] crls"), "{log}");
}

#[test]
fn a_certificate_name_outside_the_tenants_domains_counts_once_the_operator_grants_it() {
    let authority = Authority::new("Example");
    let next_hop = NextHop::start();
    let settings = Settings::default();
    let node = Node::start(&authority, &settings);
    let file = tenant("contoso", "contoso.example", &next_hop.smart_host()).replace(
        "tls_sender_certificate_name = \"mail.contoso.example\"",
        "tls_sender_certificate_name = \"relay.provider.example\"",
    );
    let path = node.path("contoso.toml");
    fs::write(&path, &file).unwrap();
    let warned = node.ask(&["apply", path.to_str().unwrap()]);
    assert!(warned.contains("only the operator can grant"), "{warned}");

    let identity = authority.issue(&["relay.provider.example"]);
    let try_to_relay = |sender: &str, code: u16| {
        let mut session =
            Dialogue::secured(node.smtp(), &authority, Some((&identity, Sent::FullChain)));
        session.expect(250, &format!("MAIL FROM:<{sender}>"));
        session.expect(code, "RCPT TO:<bob@elsewhere.example>");
    };
    try_to_relay("ann@contoso.example", 550);

    // By the tenant's name in any case, taken up with the settings.
    let granted = settings.with("attribution.grants.Contoso", "[\"relay.provider.example\"]");
    node.rewrite_settings(&granted);
    node.signal(Signal::HUP);
    wait_for("the settings are read again", || {
        node.log().contains("settings were read again").then_some(())
    });
    try_to_relay("ann@contoso.example", 250);
    // It is the provider's certificate: MAIL FROM has to be the tenant's.
    try_to_relay("eve@elsewhere.example", 550);
    assert!(!node.ask(&["check"]).contains("only the operator can grant"));
    let unchanged = node.ask(&["apply", path.to_str().unwrap()]);
    assert!(!unchanged.contains("only the operator can grant"), "{unchanged}");

    // And taken back.
    node.rewrite_settings(&Settings::default());
    node.signal(Signal::HUP);
    wait_for("the settings are read once more", || {
        (node.log().matches("settings were read again").count() == 2).then_some(())
    });
    try_to_relay("ann@contoso.example", 550);
}
