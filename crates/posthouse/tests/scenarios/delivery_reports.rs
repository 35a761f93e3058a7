//! Who is told what became of a message, and when: reports, notices, and mail that is held
//! because nobody may be told.

use serde_json::Value;

use crate::common::{Authority, Dialogue, NextHop, Node, Settings, tenant_by_address, wait_for};

/// Mail to elsewhere goes to `away`, the tenant's own to `home`.
fn stage(settings: &Settings, away: &NextHop, home: &NextHop) -> Node {
    let node = Node::start(&Authority::new("Example"), settings);
    node.apply(&tenant(away, home));
    node
}

fn tenant(away: &NextHop, home: &NextHop) -> String {
    let file = tenant_by_address("contoso", "contoso.example", &home.smart_host());
    file.replace("[\"*\"]", "[\"contoso.example\"]")
        + &format!(
            "[[outbound_connector]]\nname = \"Away\"\nconnector_type = \"partner\"\n\
             recipient_domains = [\"*\"]\nsmart_hosts = [\"{}\"]\n",
            away.smart_host()
        )
}

/// Sends with these parameters of MAIL and RCPT.
fn send(node: &Node, mail: &str, recipient: &str) {
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.example");
    session.expect(250, &format!("MAIL FROM:{mail}"));
    session.expect(250, &format!("RCPT TO:{recipient}"));
    session.expect(354, "DATA");
    session.send(b"Subject: Report\r\n\r\nHello.\r\n");
    session.expect(250, ".");
}

fn refuse(next_hop: &NextHop, reply: &'static str) {
    next_hop.obey(move |said| said.starts_with("RCPT").then(|| reply.to_owned()));
}

/// Waits for something held, and gives it.
fn held(node: &Node) -> Value {
    wait_for("something is held", || node.json(&["queue", "--held"]).into_iter().next())
}

/// Header folding undone, as far as the search for words needs it.
fn unfolded(text: &str) -> String {
    text.replace("\r\n ", " ").replace("\r\n\t", " ").replace("rfc822; ", "rfc822;")
}

const ANN: &str = "<ann@contoso.example>";
const BOB: &str = "<bob@elsewhere.example>";

#[test]
fn a_smart_host_that_does_not_recognise_us_keeps_the_mail_waiting_and_its_sender_informed() {
    const DENIED: &str = "550-5.7.64 TenantAttribution; Relay Access Denied [HUB 2026 ABC]\r\n\
        550 5.7.64 The issuing certificate CN=Example Issuing CA 1 was not sent.";
    let [away, home] = [(); 2].map(|()| NextHop::start());
    refuse(&away, DENIED);
    let node = stage(&Settings::default(), &away, &home);
    send(&node, ANN, BOB);

    let notice = home.wait_for(1).remove(0);
    assert!(notice.mail.starts_with("MAIL FROM:<>"), "{}", notice.mail);
    assert!(notice.recipients[0].contains(ANN), "{notice:?}");
    let text = unfolded(&notice.text());
    assert!(text.contains("Action: delayed"), "{text}");
    assert!(text.contains("5.7.64"), "{text}");
    assert!(text.contains("CN=Example Issuing CA 1"), "{text}");
    let queue = node.json(&["queue"]);
    assert!(queue[0].to_string().contains("relay-refused"), "{queue:?}");

    // Two more attempts, and still one notice.
    let attempts = || away.commands().iter().filter(|said| said.starts_with("RCPT")).count();
    wait_for("two more attempts", || (attempts() >= 3).then_some(()));
    assert_eq!(home.count(), 1);

    // The connector is repaired: the queue's own retry delivers.
    away.obey(|_| None);
    assert_eq!(away.wait_for(1)[0].body(), "Hello.\r\n");
    node.wait_for_empty_queue();
    assert_eq!(home.count(), 1);
}

#[test]
fn by_mx_or_connector_a_refusal_for_good_is_returned_to_whom_a_connector_recognised() {
    let [away, home] = [(); 2].map(|()| NextHop::start());
    refuse(&away, "550 5.1.1 No such person");
    let node = stage(&Settings::default(), &away, &home);
    send(&node, &format!("{ANN} RET=HDRS ENVID=QQ314159"), &format!("{BOB} NOTIFY=FAILURE"));
    let report = home.wait_for(1).remove(0);
    let text = unfolded(&report.text());
    for words in ["Action: failed", "Status: 5.1.1", "Original-Envelope-Id: QQ314159"] {
        assert!(text.contains(words), "no {words} in {text}");
    }
    assert!(!text.contains("Hello."), "RET=HDRS: the body stays here: {text}");
    node.wait_for_empty_queue();
    assert_eq!((away.count(), home.count()), (0, 1));
}

#[test]
fn smtp_16_what_a_stranger_sent_is_held_and_not_returned() {
    let [away, home] = [(); 2].map(|()| NextHop::start());
    refuse(&home, "550 5.1.1 No such person here");
    let node = stage(&Settings::default(), &away, &home);
    send(&node, "<mallory@innocent.example>", ANN);
    let entry = held(&node).to_string();
    assert!(entry.contains("undeliverable"), "{entry}");
    assert!(entry.contains("No such person here"), "the remote words are kept: {entry}");
    assert_eq!((away.count(), home.count()), (0, 0));
    let events = node.json(&["events", "--format", "json"]);
    assert!(events.iter().any(|event| event.to_string().contains("undeliverable")), "{events:?}");
    // Its administrator may have it delivered after all.
    home.obey(|_| None);
    node.ask(&["queue", "retry", "--held"]);
    assert_eq!(home.wait_for(1)[0].body(), "Hello.\r\n");
}

#[test]
fn who_asked_never_to_be_told_is_not_told_and_the_mail_is_kept() {
    let [away, home] = [(); 2].map(|()| NextHop::start());
    refuse(&away, "550 5.1.1 No such person");
    let node = stage(&Settings::default(), &away, &home);
    send(&node, ANN, &format!("{BOB} NOTIFY=NEVER"));
    assert!(held(&node).to_string().contains("undeliverable"));
    assert_eq!((away.count(), home.count()), (0, 0));
}

#[test]
fn success_is_reported_here_only_where_the_next_hop_cannot() {
    let [with_dsn, home] = [(); 2].map(|()| NextHop::start());
    let node = stage(&Settings::default(), &with_dsn, &home);
    send(&node, &format!("{ANN} ENVID=e1"), &format!("{BOB} NOTIFY=SUCCESS,FAILURE"));
    let passed_on = with_dsn.wait_for(1).remove(0);
    assert!(passed_on.recipients[0].contains("NOTIFY=SUCCESS,FAILURE"), "{passed_on:?}");
    assert!(passed_on.mail.contains("ENVID=e1"), "{passed_on:?}");
    node.wait_for_empty_queue();
    assert_eq!(home.count(), 0, "the next hop reports, or whoever comes after it");

    let without = NextHop::with_extensions(&["PIPELINING"]);
    node.apply(&tenant(&without, &home));
    send(&node, &format!("{ANN} ENVID=e2"), &format!("{BOB} NOTIFY=SUCCESS"));
    let delivered = without.wait_for(1).remove(0);
    assert!(!delivered.recipients[0].contains("NOTIFY"), "{delivered:?}");
    let text = unfolded(&home.wait_for(1)[0].text());
    assert!(text.contains("Action: relayed"), "{text}");
    assert!(text.contains("Original-Envelope-Id: e2"), "{text}");
    assert!(text.contains("Final-Recipient: rfc822;bob@elsewhere.example"), "{text}");
    // A stranger's wish is passed on, never answered from here.
    send(&node, "<mallory@innocent.example>", &format!("{ANN} NOTIFY=SUCCESS"));
    let incoming = home.wait_for(2).remove(1);
    assert!(incoming.recipients[0].contains("NOTIFY=SUCCESS"), "{incoming:?}");
    node.wait_for_empty_queue();
    assert_eq!((without.count(), home.count()), (1, 2));
}

#[test]
fn flt_26_what_is_late_is_said_once_and_what_is_too_late_is_returned() {
    let [away, home] = [(); 2].map(|()| NextHop::start());
    refuse(&away, "451 4.2.1 Try later");
    let settings =
        Settings::default().with("queue.delay_notice_seconds", 2).with("queue.lifetime_seconds", 5);
    let node = stage(&settings, &away, &home);
    send(&node, ANN, BOB);
    let told = home.wait_for(2);
    let [notice, report] = [0, 1].map(|index| unfolded(&told[index].text()));
    assert!(notice.contains("Action: delayed"), "{notice}");
    assert!(notice.contains("Will-Retry-Until:"), "{notice}");
    assert!(report.contains("Action: failed"), "{report}");
    assert!(report.contains("Status: 5.4.300"), "{report}");
    assert!(report.contains("451 4.2.1 Try later"), "the last words are quoted: {report}");
    node.wait_for_empty_queue();
    assert_eq!(home.count(), 2);
    let rows = node.json(&["trace", "--status", "Failed"]);
    assert!(rows[0].to_string().contains("message-expired"), "{rows:?}");
}

#[test]
fn recipients_of_one_message_are_each_told_apart() {
    let [away, home] = [(); 2].map(|()| NextHop::start());
    away.obey(|said| match said {
        _ if said.starts_with("RCPT TO:<gone@") => Some("550 5.1.1 Gone".to_owned()),
        _ if said.starts_with("RCPT TO:<full@") => Some("452 4.2.2 Full".to_owned()),
        _ => None,
    });
    let node = stage(&Settings::default(), &away, &home);
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.example");
    session.expect(250, &format!("MAIL FROM:{ANN}"));
    for local in ["good", "gone", "full"] {
        session.expect(250, &format!("RCPT TO:<{local}@elsewhere.example>"));
    }
    session.expect(354, "DATA");
    session.send(b"Subject: three\r\n\r\nx\r\n");
    session.expect(250, ".");
    assert_eq!(away.wait_for(1)[0].recipients.len(), 1);
    let text = unfolded(&home.wait_for(1)[0].text());
    assert!(text.contains("gone@elsewhere.example"), "{text}");
    assert!(!text.contains("Final-Recipient: rfc822;full@"), "{text}");
    wait_for("one waits", || {
        let queue = node.json(&["queue"]);
        (queue.len() == 1 && queue[0].to_string().contains("full@")).then_some(())
    });
    away.obey(|_| None);
    let delivered = away.wait_for(2);
    assert!(delivered[1].recipients[0].contains("<full@"), "{delivered:?}");
    node.wait_for_empty_queue();
    assert_eq!((away.count(), home.count()), (2, 1));
}
