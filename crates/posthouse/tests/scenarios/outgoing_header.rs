//! What an organisation says within itself about a message, and who gets to read it.

use crate::common::{Authority, Dialogue, NextHop, Node, Settings};

/// A tenant with a hybrid organisation's inbound connector, and one outbound connector for each
/// kind of neighbour.
fn hybrid(name: &str, domain: &str, outbound: &[(&str, &str, bool, &NextHop)]) -> String {
    let mut file = format!(
        "[tenant]\nname = \"{name}\"\n\
         [[accepted_domain]]\nname = \"{domain}\"\ntype = \"authoritative\"\nverified = true\n\
         [[recipient]]\naddress = \"ann@{domain}\"\n\
         [[inbound_connector]]\nname = \"From {name}\"\nconnector_type = \"on-premises\"\n\
         sender_ip_addresses = [\"127.0.0.1\"]\ncloud_services_mail_enabled = true\n"
    );
    for (recipients, connector_type, cloud_services, next_hop) in outbound {
        file.push_str(&format!(
            "[[outbound_connector]]\nname = \"To {recipients}\"\n\
             connector_type = \"{connector_type}\"\nrecipient_domains = [\"{recipients}\"]\n\
             cloud_services_mail_enabled = {cloud_services}\nsmart_hosts = [\"{}\"]\n",
            next_hop.smart_host()
        ));
    }
    file
}

/// Sends as the organisation's own server, which says that the message is internal.
fn send_internal(node: &Node, recipients: &[&str]) {
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.contoso.example");
    session.expect(250, "MAIL FROM:<ann@contoso.example>");
    for recipient in recipients {
        session.expect(250, &format!("RCPT TO:<{recipient}>"));
    }
    session.expect(354, "DATA");
    session.send(
        b"X-MS-Exchange-CrossPremises-AuthAs: Internal\r\n\
          x-ms-exchange-crosspremises-SCL:\r\n -1\r\n\
          X-MS-Exchange-Organization-Forged: 1\r\n\
          Subject: hello\r\n\r\nX-MS-Exchange-Organization-Body: stays\r\n",
    );
    session.expect(250, ".");
}

/// The header, and the body.
fn arrived(next_hop: &NextHop) -> (String, String) {
    let delivered = next_hop.wait_for(1).remove(0);
    let text = delivered.text();
    let (header, body) = text.split_once("\r\n\r\n").unwrap();
    (header.to_owned(), body.to_owned())
}

const BODY: &str = "X-MS-Exchange-Organization-Body: stays\r\n";

#[test]
fn an_organisations_own_fields_reach_its_own_servers_only() {
    let [home, half, partner] = [(); 3].map(|()| NextHop::start());
    let node = Node::start(&Authority::new("Example"), &Settings::default());
    node.apply(&hybrid(
        "contoso",
        "contoso.example",
        &[
            ("contoso.example", "on-premises", false, &home),
            ("half.example", "on-premises", true, &half),
            ("partner.example", "partner", false, &partner),
        ],
    ));
    send_internal(&node, &["ann@contoso.example", "bob@half.example", "eve@partner.example"]);

    let (header, body) = arrived(&home);
    assert!(header.contains("X-MS-Exchange-Organization-AuthAs: Internal\r\n"), "{header}");
    assert!(header.contains("X-MS-Exchange-Organization-SCL:\r\n -1\r\n"), "{header}");
    assert!(header.contains("Organization-MessageDirectionality: Originating\r\n"), "{header}");
    assert!(!header.contains("Forged"), "{header}");
    assert_eq!(body, BODY);

    let (header, body) = arrived(&half);
    assert!(header.contains("X-MS-Exchange-CrossPremises-AuthAs: Internal\r\n"), "{header}");
    assert!(header.contains("X-MS-Exchange-CrossPremises-SCL:\r\n -1\r\n"), "{header}");
    assert!(header.contains("CrossPremises-MessageDirectionality: Originating\r\n"), "{header}");
    assert!(!header.contains("X-MS-Exchange-Organization-"), "{header}");
    assert_eq!(body, BODY);

    let (header, body) = arrived(&partner);
    assert!(!header.contains("X-MS-Exchange-"), "{header}");
    assert!(!header.contains("-1"), "a folded line stayed behind: {header}");
    assert_eq!(body, BODY);
    // What finds loops and what `explain` asks for go with the message everywhere.
    assert!(header.starts_with("Received: "), "{header}");
    assert!(header.contains("\r\nX-Posthouse-Reference: "), "{header}");
}

#[test]
fn att_07_one_tenants_word_is_nothing_to_another_tenants_servers() {
    let [own, other] = [(); 2].map(|()| NextHop::start());
    let node = Node::start(&Authority::new("Example"), &Settings::default());
    node.apply(&hybrid("contoso", "contoso.example", &[("*", "on-premises", true, &own)]));
    let fabrikam = hybrid(
        "fabrikam",
        "fabrikam.example",
        &[("fabrikam.example", "on-premises", true, &other)],
    );
    node.apply(&fabrikam.replace("127.0.0.1\"]", "192.0.2.1\"]"));
    send_internal(&node, &["ann@fabrikam.example"]);
    let (header, _) = arrived(&other);
    assert!(!header.contains("X-MS-Exchange-"), "{header}");
    assert_eq!(own.count(), 0);
}

#[test]
fn a_report_does_not_quote_what_stays_inside() {
    let next_hop = NextHop::start();
    let node = Node::start(&Authority::new("Example"), &Settings::default());
    node.apply(&hybrid("contoso", "contoso.example", &[("*", "on-premises", false, &next_hop)]));
    next_hop.obey(|command| {
        command.starts_with("RCPT TO:<nobody@").then(|| "550 5.1.1 No such person".to_owned())
    });
    send_internal(&node, &["nobody@elsewhere.example"]);
    let (_, report) = arrived(&next_hop);
    assert!(report.contains("Subject: hello"), "{report}");
    assert!(report.contains("X-Posthouse-Reference: "), "{report}");
    assert!(!report.contains("X-MS-Exchange-Organization-"), "{report}");
}

#[test]
fn smtp_16_a_message_that_comes_back_is_known_whichever_way_it_left() {
    let next_hop = NextHop::start();
    let node = Node::start(&Authority::new("Example"), &Settings::default());
    node.apply(&hybrid("contoso", "contoso.example", &[("*", "partner", false, &next_hop)]));
    let mut message = b"Subject: round\r\n\r\nx\r\n".to_vec();
    for pass in 0..5 {
        let mut session = Dialogue::connect(node.smtp());
        session.expect(250, "EHLO mail.contoso.example");
        session.expect(250, "MAIL FROM:<ann@contoso.example>");
        session.expect(250, "RCPT TO:<bob@elsewhere.example>");
        session.expect(354, "DATA");
        session.send(&message);
        let answer = session.say(".");
        if pass == 4 {
            assert!(answer.text().contains("554 5.4.14"), "{answer}");
            return;
        }
        assert_eq!(answer.code, 250, "pass {pass}: {answer}");
        message = next_hop.wait_for(pass + 1).pop().unwrap().content;
    }
}
