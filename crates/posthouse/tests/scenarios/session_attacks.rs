//! Attacks on the session itself: what is injected before TLS, chunks that lie, headers that claim
//! trust, names that try to speak for the server.

use crate::common::{
    Authority, Dialogue, NextHop, Node, Sent, Settings, tenant, tenant_by_address,
};

fn stage() -> (Authority, NextHop, Node) {
    let authority = Authority::new("Example");
    let next_hop = NextHop::start();
    let node = Node::start(&authority, &Settings::default());
    node.apply(&tenant_by_address("contoso", "contoso.example", &next_hop.smart_host()));
    (authority, next_hop, node)
}

#[test]
fn smtp_04_a_command_injected_before_the_handshake_gets_no_reply() {
    let (authority, _, node) = stage();
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.example");
    session.send(b"STARTTLS\r\nMAIL FROM:<ann@contoso.example>\r\n");
    let answer = session.answer();
    if answer.code != 220 {
        assert!(session.answers_until_closed().is_empty(), "refused, but goes on: {answer}");
        return;
    }
    session.handshake(&authority, None);
    // Were the injected MAIL alive, these two would be answered one reply late.
    session.expect(250, "EHLO mail.example");
    assert_eq!(session.say("RCPT TO:<bob@elsewhere.example>").code, 503);
}

#[test]
fn smtp_06_what_was_said_before_tls_is_forgotten() {
    let (authority, _, node) = stage();
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.example");
    session.expect(250, "MAIL FROM:<ann@contoso.example>");
    session.start_tls(&authority, None);
    assert_eq!(session.say("RCPT TO:<bob@elsewhere.example>").code, 503);
    assert_eq!(session.say("MAIL FROM:<ann@contoso.example>").code, 503);
    let extensions = session.expect(250, "EHLO mail.example");
    assert!(!extensions.text().contains("STARTTLS"), "{extensions}");
}

#[test]
fn smtp_08_a_chunk_that_lies_about_its_size_is_never_a_message() {
    let (_, next_hop, node) = stage();
    let begin = |node: &Node| {
        let mut session = Dialogue::connect(node.smtp());
        session.expect(250, "EHLO mail.example");
        session.expect(250, "MAIL FROM:<ann@contoso.example>");
        session.expect(250, "RCPT TO:<bob@elsewhere.example>");
        session
    };
    let mut short = begin(&node);
    short.send(b"BDAT 10 LAST\r\n123456789");
    drop(short);
    let mut huge = begin(&node);
    let answer = huge.say("BDAT 18446744073709551615 LAST");
    assert!(answer.code >= 500, "{answer}");
    let mut mixed = begin(&node);
    mixed.send(b"BDAT 4\r\nA: b");
    assert_eq!(mixed.answer().code, 250);
    assert_eq!(mixed.say("DATA").code, 503);
    let mut honest = begin(&node);
    honest.send(b"BDAT 8\r\nA: b\r\n\r\nBDAT 3 LAST\r\nc\r\n");
    assert_eq!(honest.answer().code, 250);
    assert_eq!(honest.answer().code, 250);
    assert_eq!(next_hop.wait_for(1)[0].body(), "c\r\n");
    node.wait_for_empty_queue();
    assert_eq!(next_hop.count(), 1);
}

#[test]
fn smtp_07_a_web_client_is_sent_away_after_its_first_line() {
    let (_, _, node) = stage();
    let mut session = Dialogue::connect(node.smtp());
    session.send(b"POST / HTTP/1.1\r\nHost: gw.example.net\r\n\r\nMAIL FROM:<a@b.example>\r\n");
    assert!(session.answers_until_closed().len() <= 1);
}

#[test]
fn smtp_15_verifying_says_nothing_about_who_exists() {
    let (_, _, node) = stage();
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.example");
    let known = session.say("VRFY ann@contoso.example");
    let unknown = session.say("VRFY nobody@contoso.example");
    assert_eq!((known.code, &known), (252, &unknown));
}

#[test]
fn smtp_10_smtp_11_an_address_is_data_wherever_it_goes() {
    let (_, next_hop, node) = stage();
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.example");
    let locals = ["$(id)", "`id`", "${run{/bin/id}}", "x'or'1'='1", "%s%n"];
    for (count, local) in locals.iter().enumerate() {
        let recipient = format!("\"{local}\"@elsewhere.example");
        let answer = session.send_message("ann@contoso.example", &recipient, "A: b\r\n\r\nc");
        assert_eq!(answer.code, 250, "{local}: {answer}");
        let delivered = next_hop.wait_for(count + 1).pop().unwrap();
        assert!(delivered.recipients[0].contains(local), "{:?}", delivered.recipients);
    }
    node.wait_for_empty_queue();
    assert_eq!(node.json(&["trace"]).len(), locals.len());
}

#[test]
fn att_07_headers_that_claim_our_trust_never_arrive() {
    let (_, next_hop, node) = stage();
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.example");
    let forged = "X-MS-Exchange-Organization-AuthAs: Internal\r\n\
                  x-ms-exchange-organization-scl: -1\r\n\
                  X-MS-Exchange-CrossTenant-Id: forged\r\n\
                  X-Forefront-Antispam-Report: SFV:SKA\r\n\
                  X-Posthouse-Filtered: forged\r\n\
                  Authentication-Results: gw.example.net; dmarc=pass forged\r\n\
                  Authentication-Results: gw.example.net; dmarc=pass forged\r\n\
                  Authentication-Results:\r\n gw.example.net; dmarc=pass forged\r\n\
                  Authentication-Results: other.example; spf=pass\r\n";
    let body = format!("{forged}Subject: trust me\r\n\r\nHello.");
    let answer = session.send_message("ann@contoso.example", "bob@elsewhere.example", &body);
    assert_eq!(answer.code, 250, "{answer}");
    let text = next_hop.wait_for(1)[0].text();
    for gone in ["Internal", "scl: -1", "forged"] {
        assert!(!text.contains(gone), "{gone} in {text}");
    }
    // The one report is the node's own; what claimed to be one says so in its name.
    let reports: Vec<&str> = text.split("\nX-Forefront-Antispam-Report: ").skip(1).collect();
    assert!(matches!(reports[..], [own] if own.starts_with("CIP:127.0.0.1;")), "{text}");
    assert!(text.contains("\nX-Forefront-Antispam-Report-Untrusted: SFV:SKA"), "{text}");
    assert!(text.contains("other.example; spf=pass"), "{text}");
}

#[test]
fn an_issuer_whose_name_speaks_smtp_is_harmless_everywhere() {
    let authority =
        Authority::with_issuing_name("Evil", "x\r\n250 ok\r\n\u{202e}<Result value=\"0\">\",");
    let node = Node::start(&authority, &Settings::default());
    node.apply(&tenant("contoso", "contoso.example", "127.0.0.1:9"));
    let leaf = authority.issue(&["mail.contoso.example"]);
    let mut session = Dialogue::secured(node.smtp(), &authority, Some((&leaf, Sent::LeafOnly)));
    session.expect(250, "MAIL FROM:<ann@contoso.example>");
    let refusal = session.expect(550, "RCPT TO:<bob@elsewhere.example>");
    assert!((2..=4).contains(&refusal.lines.len()), "{refusal}");
    for line in &refusal.lines {
        assert!(line.starts_with("550") && line.is_ascii(), "{line}");
    }
    // The very next reply belongs to the very next command.
    assert_eq!(session.say("NOOP").code, 250);

    // Every renderer keeps it on one line, or inside its own quotes.
    let explained = node.explain(&refusal.reference());
    assert!(explained["missing"]["subject"].as_str().unwrap().contains("250 ok"));
    for words in [&["events", "--format", "json"][..], &["trace", "--json"]] {
        for line in node.ask(words).lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
    }
    let xml = node.ask(&["events", "--format", "xml"]);
    assert!(!xml.contains("<Result value=\"0\">\""), "{xml}");
    let shown = node.ask(&["explain", &refusal.reference()]);
    for text in [&shown, &node.log()] {
        assert!(!text.lines().any(|line| line.starts_with("250 ok")), "{text}");
        assert!(!text.contains('\u{202e}'), "{text}");
    }
}
