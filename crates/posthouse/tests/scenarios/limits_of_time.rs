//! Bounds of time and number that need more than one session to be met.

use std::time::{Duration, Instant};

use crate::common::{
    Answer, Authority, Dialogue, NextHop, Node, Settings, needs, tenant_by_address, wait_for,
};

fn stage(settings: Settings) -> (NextHop, Node) {
    let next_hop = NextHop::start();
    let node = Node::start(&Authority::new("Example"), &settings);
    node.apply(&tenant_by_address("contoso", "contoso.example", &next_hop.smart_host()));
    (next_hop, node)
}

fn assert_says(answer: &Answer, words: &str) {
    assert!(answer.text().contains(words), "no {words:?} in {answer}");
}

#[test]
fn the_node_holds_so_many_sessions_in_all_and_no_more() {
    let (_, node) = stage(Settings::default().with("smtp.sessions_max", 2));
    let held = [Dialogue::connect(node.smtp()), Dialogue::connect(node.smtp())];
    let mut third = Dialogue::connect_silently(node.smtp());
    assert_says(&third.answer(), "421 4.3.2");
    assert!(third.try_answer().is_none(), "and closed");
    drop(held);
    wait_for("a place is free again", || Dialogue::try_connect(node.smtp()));
}

#[test]
fn flt_20_a_command_that_drips_ends_with_the_idle_time() {
    let (_, node) = stage(Settings::default().with("smtp.idle_seconds_max", 1));
    let mut session = Dialogue::connect(node.smtp());
    let start = Instant::now();
    let answer = wait_for("the node has enough", || {
        session.try_send(b"N");
        session.answer_within(Duration::from_millis(100))
    });
    assert_says(&answer, "421 4.4.2");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn a_body_that_pauses_ends_with_the_idle_time() {
    let (next_hop, node) = stage(Settings::default().with("smtp.idle_seconds_max", 1));
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.example");
    session.expect(250, "MAIL FROM:<ann@contoso.example>");
    session.expect(250, "RCPT TO:<bob@elsewhere.example>");
    session.expect(354, "DATA");
    session.send(b"Subject: pause\r\n\r\nand then");
    assert_says(&session.answer(), "421 4.4.2");
    assert!(session.try_answer().is_none());
    assert_eq!(node.queue_length() + next_hop.count(), 0);
}

#[test]
fn however_lively_a_session_ends_with_its_time() {
    let (_, node) = stage(Settings::default().with("smtp.session_seconds_max", 2));
    let mut session = Dialogue::connect(node.smtp());
    let start = Instant::now();
    let last = loop {
        let answer = session.say("NOOP");
        if answer.code != 250 {
            break answer;
        }
        assert!(start.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(50));
    };
    assert_says(&last, "421 4.4.2");
}

#[test]
fn flt_09_a_peer_is_told_so_and_mail_flows_once_descriptors_are_free() {
    if !needs("limits_of_time::flt_09", &["prlimit"]) {
        return;
    }
    let next_hop = NextHop::start();
    let mut node = Node::prepare(&Authority::new("Example"), &Settings::default());
    node.under(&["prlimit", "--nofile=64:64"]);
    node.run();
    node.apply(&tenant_by_address("contoso", "contoso.example", &next_hop.smart_host()));
    let mut held = Vec::new();
    let told = wait_for("somebody is turned away", || {
        let mut session = Dialogue::connect_silently(node.smtp());
        let answer = session.answer_within(Duration::from_secs(2));
        held.push(session);
        answer.filter(|answer| answer.code != 220)
    });
    assert_says(&told, "421 4.3.2");
    drop(held);
    let mut session = wait_for("the node greets again", || Dialogue::try_connect(node.smtp()));
    session.expect(250, "EHLO mail.example");
    let body = format!("Subject: after\r\n\r\n{}", "x".repeat(200_000));
    let answer = session.send_message("ann@contoso.example", "bob@elsewhere.example", &body);
    assert_eq!(answer.code, 250, "{answer}");
    assert_eq!(next_hop.wait_for(1).len(), 1);
    node.wait_for_empty_queue();
}

#[test]
fn smtp_08_the_limit_of_a_message_holds_for_chunks_too() {
    let (next_hop, node) = stage(Settings::default().with("smtp.message_bytes_max", 100_000));
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.example");
    session.expect(250, "MAIL FROM:<ann@contoso.example>");
    session.expect(250, "RCPT TO:<bob@elsewhere.example>");
    let chunk = vec![b'x'; 60_000];
    session.send(b"BDAT 60000\r\n");
    session.send(&chunk);
    assert_eq!(session.answer().code, 250);
    session.send(b"BDAT 60000 LAST\r\n");
    session.send(&chunk);
    assert_says(&session.answer(), "552 5.3.4");
    session.expect(250, "RSET");
    let body = "Subject: small\r\n\r\nx";
    let answer = session.send_message("ann@contoso.example", "bob@elsewhere.example", body);
    assert_eq!(answer.code, 250, "{answer}");
    assert_eq!(next_hop.wait_for(1)[0].body(), "x\r\n");
}
