//! What leaves: whose name the sender has by then, from which address, and who may not send.

use crate::common::{
    Authority, Dialogue, Dns, NextHop, Node, Record, Sent, Settings, needs_root, tenant,
    tenant_by_address,
};

fn host(last: u8) -> Record {
    Record::A(std::net::Ipv4Addr::new(127, 26, 0, last))
}

#[test]
fn a_forwarded_sender_is_rewritten_into_our_own_domain_and_our_own_is_not() {
    let authority = Authority::new("Example");
    let [away, home] = [(); 2].map(|()| NextHop::start());
    let node = Node::start(&authority, &Settings::default());
    let file = tenant("contoso", "contoso.example", &home.smart_host())
        .replace("name = \"contoso\"\n", "name = \"contoso\"\nsrs_domain = \"contoso.example\"\n")
        .replace("recipient_domains = [\"*\"]", "recipient_domains = [\"contoso.example\"]");
    node.apply(&format!(
        "{file}\n[[outbound_connector]]\nname = \"away\"\nconnector_type = \"partner\"\n\
         recipient_domains = [\"*\"]\nsmart_hosts = [\"{}\"]\n",
        away.smart_host()
    ));
    let identity = authority.issue(&["mail.contoso.example"]);
    let shown = Some((&identity, Sent::FullChain));
    let mut session = Dialogue::secured(node.smtp(), &authority, shown);
    for (number, (sender, recipient)) in [
        ("eve@news.example", "bob@away.example"),
        ("ann@contoso.example", "bob@away.example"),
        ("", "bob@away.example"),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = session.send_message(sender, recipient, "Subject: x\r\n\r\nx");
        assert_eq!(answer.code, 250, "{answer}");
        away.wait_for(number + 1);
    }
    let senders: Vec<String> = away.delivered().into_iter().map(|one| one.mail).collect();
    let rewritten = &senders[0];
    assert!(rewritten.starts_with("MAIL FROM:<SRS0="), "{rewritten}");
    assert!(rewritten.contains("=news.example=eve@contoso.example>"), "{rewritten}");
    assert!(senders[1].starts_with("MAIL FROM:<ann@contoso.example>"), "{}", senders[1]);
    assert!(senders[2].starts_with("MAIL FROM:<>"), "{}", senders[2]);

    // What goes home keeps its sender.
    let answer = session.send_message("eve@news.example", "ann@contoso.example", "A: b\r\n\r\nx");
    assert_eq!(answer.code, 250, "{answer}");
    let mail = home.wait_for(1).remove(0).mail;
    assert!(mail.starts_with("MAIL FROM:<eve@news.example>"), "{mail}");
}

#[test]
fn what_leaves_carries_the_verdict_on_it() {
    let away = NextHop::start();
    let node = Node::start(&Authority::new("Example"), &Settings::default());
    node.apply(&tenant_by_address("contoso", "contoso.example", &away.smart_host()));
    let gtube = ["XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-", "ANTI-UBE-TEST-EMAIL*C.34X"];
    for (place, (text, says)) in
        [(gtube.concat(), "CAT:OSPM"), ("At noon?".to_owned(), "CAT:NONE")].into_iter().enumerate()
    {
        let mut session = Dialogue::connect(node.smtp());
        session.expect(250, "EHLO mail.contoso.example");
        let content = format!("From: ann@contoso.example\r\nSubject: x\r\n\r\n{text}\r\n");
        let answer = session.send_message("ann@contoso.example", "bob@away.example", &content);
        assert_eq!(answer.code, 250, "{answer}");
        let seen = away.wait_for(place + 1).remove(place).text().replace("\r\n ", " ");
        assert!(seen.contains(says) && seen.contains("DIR:OUT;"), "{seen}");
    }
}

#[test]
fn spec_2_11_nobody_writes_to_whom_the_tenant_blocks() {
    let away = NextHop::start();
    let node = Node::start(&Authority::new("Example"), &Settings::default());
    let block = "[[tenant_allow_block]]\nlist_type = \"sender\"\nvalue = \"*.fraud.example\"\n\
        action = \"block\"\n";
    let file = tenant_by_address("contoso", "contoso.example", &away.smart_host());
    node.apply(&(file + block));
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.contoso.example");
    session.expect(250, "MAIL FROM:<ann@contoso.example>");
    session.expect(250, "RCPT TO:<bob@away.example>");
    session.expect(250, "RCPT TO:<eve@mail.fraud.example>");
    session.expect(354, "DATA");
    let refused = session.say("Subject: x\r\n\r\nx\r\n.");
    assert!(refused.text().contains("550 5.7.703"), "{refused}");
    assert!(refused.text().contains("eve@mail.fraud.example"), "{refused}");
    let told = node.json(&["explain", &refused.reference()]);
    assert!(told.iter().all(|one| one["reason"] == "recipient-blocked"), "{told:?}");
    assert_eq!(away.count(), 0, "one blocked recipient stops the whole message");
}

#[test]
fn reports_leave_from_an_address_and_a_name_of_their_own() {
    if !needs_root("outbound::reports_leave_from_an_address_of_their_own", &[]) {
        return;
    }
    let server = NextHop::at("127.26.0.1:25");
    let dns = Dns::start(&[
        ("away.example", Record::Mx(10, "mx.away.example")),
        ("mx.away.example", host(1)),
    ]);
    let settings = Settings::default()
        .with("dns.servers", dns.setting())
        .with("outbound.high_risk_source_address", "\"127.26.0.99\"")
        .with("outbound.high_risk_helo", "\"risky.example.net\"");
    let authority = Authority::new("Example");
    let node = Node::start(&authority, &settings);
    let file = tenant("contoso", "contoso.example", "127.0.0.1:9");
    node.apply(&file.replace("[\"*\"]", "[\"contoso.example\"]"));
    let identity = authority.issue(&["mail.contoso.example"]);
    let shown = Some((&identity, Sent::FullChain));
    let mut session = Dialogue::secured(node.smtp(), &authority, shown);
    for sender in ["ann@contoso.example", ""] {
        let count = server.count();
        let answer = session.send_message(sender, "bob@away.example", "Subject: x\r\n\r\nx");
        assert_eq!(answer.code, 250, "{answer}");
        server.wait_for(count + 1);
    }
    let names: Vec<String> =
        server.commands().into_iter().filter(|command| command.starts_with("EHLO")).collect();
    // The session that was open was not used for the report: it is known by the usual name.
    assert_eq!(names, ["EHLO gw.example.net", "EHLO risky.example.net"]);
}

#[test]
fn nobody_is_restricted_until_a_limit_is_set() {
    let node = Node::start(&Authority::new("Example"), &Settings::default());
    node.apply(&tenant("contoso", "contoso.example", "127.0.0.1:9"));
    assert_eq!(node.json(&["restricted", "list"]), [] as [serde_json::Value; 0]);
    let trouble = node.cli(&["restricted", "release", "contoso", "ann@contoso.example"]);
    assert_eq!(trouble.status.code(), Some(1));
    let said = String::from_utf8_lossy(&trouble.stderr).into_owned();
    assert!(said.contains("is not restricted"), "{said}");
}

/// A node whose tenant's mail all goes to one next hop, and a session of the tenant's own server.
fn sending(home: &NextHop, more: &str) -> (Node, Dialogue) {
    let node = Node::start(&Authority::new("Example"), &Settings::default());
    node.apply(&(tenant_by_address("contoso", "contoso.example", &home.smart_host()) + more));
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.contoso.example");
    (node, session)
}

/// Who got what, in the order of the recipients.
fn recipients(home: &NextHop, count: usize) -> Vec<String> {
    let delivered = home.wait_for(count);
    let mut all: Vec<String> = delivered.into_iter().flat_map(|one| one.recipients).collect();
    all.sort();
    all
}

#[test]
fn suspicious_outbound_mail_is_copied_to_whom_the_policy_names_and_other_mail_is_not() {
    let home = NextHop::start();
    let (node, mut session) = sending(
        &home,
        "\n[outbound_policy]\nbcc_suspicious_outbound_mail = true\n\
         bcc_suspicious_outbound_additional_recipients = [\"security@soc.example\"]\n",
    );
    let spam =
        ["XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-", "ANTI-UBE-TEST-EMAIL*C.34X"].concat();
    let ann = "ann@contoso.example";
    for (to, text) in [("bob@away.example", "Lunch at noon?"), ("ann@contoso.example", &spam)] {
        let content = format!("From: <{ann}>\r\nSubject: x\r\n\r\n{text}");
        assert_eq!(session.send_message(ann, to, &content).code, 250);
    }
    // Neither was wanted to be copied: one is no spam, one does not leave.
    assert_eq!(recipients(&home, 2).len(), 2);
    let content = format!("From: <{ann}>\r\nSubject: offer\r\n\r\n{spam}");
    assert_eq!(session.send_message(ann, "bob@away.example", &content).code, 250);
    let all = home.wait_for(4);
    let copy = all.iter().find(|one| one.recipients.iter().any(|to| to.contains("security@")));
    let copy = copy.unwrap();
    assert!(copy.mail.starts_with("MAIL FROM:<ann@contoso.example>"), "{}", copy.mail);
    assert!(copy.text().contains(&spam) && !copy.text().contains("bob@away.example"));
    node.wait_for_empty_queue();
    assert_eq!(home.count(), 4, "{:?}", recipients(&home, 4));
}

#[test]
fn whom_the_policy_names_is_told_once_of_a_restricted_sender() {
    let home = NextHop::start();
    let (node, mut session) = sending(
        &home,
        "\n[protection]\nnotification_language = \"de\"\n[outbound_policy]\n\
         recipient_limit_external_per_hour = 1\nnotify_outbound_spam = true\n\
         notify_outbound_spam_recipients = [\"admin@contoso.example\"]\n",
    );
    let codes = [(); 3].map(|()| {
        session.send_message("ann@contoso.example", "bob@away.example", "Subject: x\r\n\r\nx").code
    });
    assert_eq!(codes, [250, 550, 550]);
    node.wait_for_empty_queue();
    let told: Vec<_> = home.wait_for(2).into_iter().filter(|one| one.mail.contains("<>")).collect();
    assert_eq!(told.len(), 1);
    assert!(told[0].recipients[0].contains("admin@contoso.example"), "{:?}", told[0].recipients);
    let text = told[0].text();
    assert!(text.contains("From: <postmaster@contoso.example>\r\n"), "{text}");
    assert!(text.contains("Subject: ann@contoso.example darf nicht mehr senden\r\n"), "{text}");
    assert!(text.contains("posthouse restricted release contoso ann@contoso.example"), "{text}");
    assert_eq!(node.json(&["restricted", "list"]).len(), 1);
}
