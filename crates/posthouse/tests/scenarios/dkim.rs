//! Mail that leaves is signed with the tenant's own keys, and an implementation that others wrote
//! (dkimpy) agrees: for each size, cut and kind of key, before and after a rotation.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};

use crate::common::{Authority, Dialogue, NextHop, Node, Settings, needs, script};

const PROGRAMS: &[&str] = &[
    "/usr/bin/python3",
    "/usr/lib/python3/dist-packages/dkim",
    "/usr/lib/python3/dist-packages/nacl",
];

fn tenant(rest: &str, next_hop: &NextHop) -> String {
    format!(
        "[tenant]\nname = \"contoso\"\n{rest}\
         [[accepted_domain]]\nname = \"contoso.example\"\ntype = \"internal-relay\"\n\
         verified = true\n\
         [[inbound_connector]]\nname = \"in\"\nconnector_type = \"on-premises\"\n\
         sender_ip_addresses = [\"127.0.0.1\"]\n\
         [[outbound_connector]]\nname = \"away\"\nconnector_type = \"partner\"\n\
         recipient_domains = [\"*\"]\nsmart_hosts = [\"{0}\"]\n\
         [[outbound_connector]]\nname = \"home\"\nconnector_type = \"on-premises\"\n\
         all_accepted_domains = true\nsmart_hosts = [\"{0}\"]\n",
        next_hop.smart_host()
    )
}

const SIGNED: &str = "[[dkim]]\ndomain = \"contoso.example\"\n";

fn send(node: &Node, recipient: &str, message: &str) {
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.contoso.example");
    session.expect(250, "MAIL FROM:<ann@contoso.example>");
    session.expect(250, &format!("RCPT TO:<{recipient}>"));
    session.expect(354, "DATA");
    session.send(message.as_bytes());
    session.expect(250, ".");
}

/// What dkimpy says, with the node's records for DNS.
fn verified(node: &Node, message: &[u8]) -> Value {
    let keys = node.json(&["dkim", "list", "contoso"]);
    let zone: Map<String, Value> = keys
        .iter()
        .map(|key| (key["record_name"].as_str().unwrap().to_owned(), key["record"].clone()))
        .collect();
    let file = node.path("zone.json");
    std::fs::write(&file, Value::Object(zone).to_string()).unwrap();
    let mut child = Command::new("/usr/bin/python3")
        .arg(script("verify_dkim.py"))
        .arg(&file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(message).unwrap();
    let output = child.wait_with_output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn what_leaves_is_signed_as_others_verify_it() {
    if !needs("dkim::what_leaves_is_signed_as_others_verify_it", PROGRAMS) {
        return;
    }
    let next_hop = NextHop::start();
    let node = Node::start(&Authority::new("Example"), &Settings::default());
    node.apply(&tenant("", &next_hop));
    let made = node.ask(&["dkim", "create", "contoso", "contoso.example"]);
    assert!(made.contains("selector1._domainkey.contoso.example. IN TXT ( \"v=DKIM1;"), "{made}");
    node.ask(&["dkim", "create", "contoso", "contoso.example", "--algorithm", "ed25519"]);
    node.apply(&format!("{}{SIGNED}", tenant("", &next_hop)));

    let large = "0123456789 abcdef \t .\r\n.dots\r\n".repeat(20_000);
    let messages = [
        "From: Ann <ann@contoso.example>\r\nTo: bob@away.example\r\nSubject: one\r\n\r\nHello \t you\r\n"
            .to_owned(),
        "From: ann@contoso.example\r\nSubject:  folded\r\n\t and  more \r\nTo: a@b.example\r\n\
         TO: c@d.example\r\n\r\n\r\n\r\n".to_owned(),
        format!("From: ann@contoso.example\r\nSubject: large\r\n\r\n{large}\r\n\r\n"),
        "From: ann@contoso.example\r\n\r\n".to_owned(),
    ];
    for (number, message) in messages.iter().enumerate() {
        send(&node, "bob@away.example", message);
        let arrived = next_hop.wait_for(number + 1).pop().unwrap();
        let expected = json!([
            { "domain": "contoso.example", "selector": "selector1", "algorithm": "rsa-sha256", "valid": true },
            { "domain": "contoso.example", "selector": "ed1", "algorithm": "ed25519-sha256", "valid": true },
        ]);
        let found = verified(&node, &arrived.content);
        assert_eq!(found["dkim"], expected, "message {number}: {found}\n{:.2000}", arrived.text());
    }
    // A second subject that is added on the way is seen (row AUT-05).
    let mut changed = b"Subject: another\r\n".to_vec();
    changed.extend(next_hop.delivered()[0].content.clone());
    assert_ne!(verified(&node, &changed)["dkim"][0]["valid"], json!(true));
}

#[test]
fn a_rotation_begins_at_its_date_and_strangers_are_not_signed_for() {
    if !needs("dkim::a_rotation_begins_at_its_date", PROGRAMS) {
        return;
    }
    let next_hop = NextHop::start();
    let node = Node::start(&Authority::new("Example"), &Settings::default());
    node.apply(&format!("{}{SIGNED}", tenant("", &next_hop)));
    let ed25519 = ["--algorithm", "ed25519"];
    node.ask(&[&["dkim", "create", "contoso", "contoso.example"], &ed25519[..]].concat());
    let rotated =
        node.ask(&[&["dkim", "rotate", "contoso", "contoso.example"], &ed25519[..]].concat());
    assert!(rotated.contains("It signs from"), "{rotated}");
    let states = |node: &Node| -> Vec<String> {
        let keys = node.json(&["dkim", "show", "contoso", "contoso.example"]);
        keys.iter().map(|key| format!("{} {}", key["selector"], key["state"])).collect()
    };
    assert_eq!(states(&node), [r#""ed1" "active""#, r#""ed2" "waiting""#]);

    send(&node, "bob@away.example", "From: ann@contoso.example\r\n\r\nx\r\n");
    let arrived = next_hop.wait_for(1).pop().unwrap();
    let found = verified(&node, &arrived.content);
    assert_eq!(found["dkim"][0]["selector"], "ed1", "{found}");
    assert_eq!(found["dkim"][0]["valid"], true, "{found}");
    // Another author's domain has no key here; and what stays in the house needs no signature.
    for (number, (recipient, author)) in
        [("bob@away.example", "eve@other.example"), ("ann@contoso.example", "ann@contoso.example")]
            .iter()
            .enumerate()
    {
        send(&node, recipient, &format!("From: {author}\r\n\r\nx\r\n"));
        let arrived = next_hop.wait_for(number + 2).pop().unwrap();
        assert!(!arrived.text().contains("DKIM-Signature"), "{}", arrived.text());
    }
    let trouble =
        node.cli(&["dkim", "create", "contoso", "contoso.example", "--algorithm", "ed25519"]);
    assert_eq!(trouble.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&trouble.stderr).contains("dkim rotate"));
}
