//! Smuggling over TCP: whatever stands around a dot, there is never a second message.

use crate::common::{Authority, Dialogue, NextHop, Node, Settings, tenant_by_address};

/// What may stand before the dot.
const BEFORE: [&str; 8] = ["\n", "\r", "\r\n", "\r\r\n", "\n\r", "\0\r\n", "\r\n\0", "\r\0\n"];
/// What may stand behind it.
const BEHIND: [&str; 8] = ["\n", "\r", "\r\n", "\r\r\n", "\n\r", "\0\r\n", "\r\0\n", "\r\n\0"];

/// What would be a message of its own, if the server believed the dot before it.
const SECOND: &str = "MAIL FROM:<ann@contoso.example>\r\nRCPT TO:<victim@elsewhere.example>\r\n\
                      DATA\r\nSubject: smuggled\r\n\r\nSecond.\r\n.\r\n";

/// Every end of data that is not one.
fn false_ends() -> Vec<String> {
    // CRLF dot CRLF is an end, whatever follows.
    let is_an_end = |end: &String| end.starts_with("\r\n.\r\n");
    let pairs = BEFORE.iter().flat_map(|before| BEHIND.iter().map(move |behind| (before, behind)));
    let ends = pairs.map(|(before, behind)| format!("{before}.{behind}"));
    ends.filter(|end| !is_an_end(end)).collect()
}

fn stage(line_ends: &str) -> (NextHop, Node) {
    let next_hop = NextHop::start();
    let settings = Settings::default().with("smtp.line_ends", format!("\"{line_ends}\""));
    let node = Node::start(&Authority::new("Example"), &settings);
    node.apply(&tenant_by_address("contoso", "contoso.example", &next_hop.smart_host()));
    (next_hop, node)
}

/// A session that has said everything up to the message.
fn before_the_message(node: &Node) -> Dialogue {
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.example");
    session.expect(250, "MAIL FROM:<ann@contoso.example>");
    session.expect(250, "RCPT TO:<bob@elsewhere.example>");
    session
}

/// An honest message, so that everything before it has been settled, and its count.
fn send_an_honest_one(node: &Node) {
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.example");
    let body = "Subject: honest\r\n\r\nFirst and last.";
    let answer = session.send_message("ann@contoso.example", "bob@elsewhere.example", body);
    assert_eq!(answer.code, 250, "{answer}");
}

#[test]
fn smtp_01_no_false_end_of_data_makes_a_second_message() {
    let (next_hop, node) = stage("refuse");
    for end in false_ends() {
        let mut session = before_the_message(&node);
        session.expect(354, "DATA");
        let attack = format!("Subject: first\r\n\r\nFirst.{end}{SECOND}");
        session.try_send(attack.as_bytes());
        let answers = session.answers_until_closed();
        let refused = answers.first().is_some_and(|answer| answer.text().contains("550 5.5.2"));
        assert!(refused, "{end:?}: {answers:?}");
        assert!(answers.iter().all(|answer| answer.code >= 400), "{end:?}: {answers:?}");
    }
    send_an_honest_one(&node);
    node.wait_for_empty_queue();
    assert_eq!(next_hop.count(), 1);
}

#[test]
fn smtp_02_nor_does_it_when_every_byte_comes_alone() {
    let (next_hop, node) = stage("refuse");
    for end in ["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\r\n.\r\r\n", "\r\n\0.\r\n"] {
        let mut session = before_the_message(&node);
        session.expect(354, "DATA");
        let attack = format!("Subject: first\r\n\r\nFirst.{end}{SECOND}");
        let _ = attack.as_bytes().chunks(1).all(|byte| session.try_send(byte));
        let answers = session.answers_until_closed();
        assert!(answers.iter().all(|answer| answer.code >= 400), "{end:?}: {answers:?}");
    }
    send_an_honest_one(&node);
    node.wait_for_empty_queue();
    assert_eq!(next_hop.count(), 1);
}

#[test]
fn smtp_01_nor_in_a_chunk_pipelined_or_not() {
    let (next_hop, node) = stage("refuse");
    for end in false_ends() {
        let content = format!("Subject: first\r\n\r\nFirst.{end}{SECOND}");
        let chunk = format!("BDAT {} LAST\r\n{content}", content.len());
        let mut session = Dialogue::connect(node.smtp());
        session.expect(250, "EHLO mail.example");
        let envelope = "MAIL FROM:<ann@contoso.example>\r\nRCPT TO:<bob@elsewhere.example>\r\n";
        session.try_send(format!("{envelope}{chunk}").as_bytes());
        let answers = session.answers_until_closed();
        let taken = answers.iter().filter(|answer| answer.code < 400).count();
        assert_eq!(taken, 2, "MAIL and RCPT, and nothing else: {end:?}: {answers:?}");
    }
    send_an_honest_one(&node);
    node.wait_for_empty_queue();
    assert_eq!(next_hop.count(), 1);
}

#[test]
fn smtp_01_cleaned_line_ends_never_end_a_message() {
    let (next_hop, node) = stage("clean");
    let mut taken = 0;
    for end in ["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r", "\n.\r"] {
        let mut session = before_the_message(&node);
        session.expect(354, "DATA");
        session.send(format!("Subject: first\r\n\r\nFirst.{end}Not a command.").as_bytes());
        let answer = session.expect(250, "\r\n.");
        taken += 1;
        let delivered = next_hop.wait_for(taken).pop().unwrap();
        assert!(delivered.text().contains("Not a command."), "{end:?}: {answer}");
        let content = String::from_utf8(delivered.content).unwrap();
        let bare = content.replace("\r\n", "");
        assert!(!bare.contains(['\r', '\n']), "{end:?}: {content:?}");
    }
}

#[test]
fn smtp_03_dots_and_long_lines_arrive_as_they_were_sent() {
    let (next_hop, node) = stage("refuse");
    let long = "x".repeat(5000);
    let body = format!(".\r\n..\r\n.a\r\n{long}\r\n");
    let mut session = before_the_message(&node);
    session.expect(354, "DATA");
    let stuffed = format!("..\r\n...\r\n..a\r\n{long}\r\n");
    session.send(format!("Subject: dots\r\n\r\n{stuffed}").as_bytes());
    session.expect(250, ".");
    assert_eq!(next_hop.wait_for(1)[0].body(), body);
}
