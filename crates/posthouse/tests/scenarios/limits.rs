//! Bounds, met from outside: each is said with its own reply, and the node goes on.

use std::fs;
use std::time::{Duration, Instant};

use crate::common::{
    Answer, Authority, Dialogue, NextHop, Node, Settings, needs, tenant_by_address, wait_for,
};

/// A node for the tenant on loopback, with these settings.
fn stage(settings: Settings) -> (NextHop, Node) {
    let next_hop = NextHop::start();
    let node = Node::start(&Authority::new("Example"), &settings);
    node.apply(&tenant_by_address("contoso", "contoso.example", &next_hop.smart_host()));
    (next_hop, node)
}

fn greeted(node: &Node) -> Dialogue {
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.example");
    session
}

fn in_data(node: &Node) -> Dialogue {
    let mut session = greeted(node);
    session.expect(250, "MAIL FROM:<ann@contoso.example>");
    session.expect(250, "RCPT TO:<bob@elsewhere.example>");
    session.expect(354, "DATA");
    session
}

fn assert_says(answer: &Answer, words: &str) {
    assert!(answer.text().contains(words), "no {words:?} in {answer}");
}

#[test]
fn smtp_13_a_command_without_an_end_is_cut_off_at_the_limit() {
    let (_, node) = stage(Settings::default());
    let mut session = greeted(&node);
    let endless = vec![b'a'; 64 * 1024];
    for _ in 0..160 {
        if !session.try_send(&endless) {
            break;
        }
    }
    let answers = session.answers_until_closed();
    // A reset may overtake the reply; the connection's end is what counts.
    assert!(answers.iter().all(|answer| answer.text().contains("500 5.5.6")), "{answers:?}");
    greeted(&node);
}

#[test]
fn the_two_hundred_and_first_recipient_is_told_to_come_later() {
    let (_, node) = stage(Settings::default());
    let mut session = greeted(&node);
    session.expect(250, "MAIL FROM:<ann@contoso.example>");
    for number in 0..200 {
        session.expect(250, &format!("RCPT TO:<bob{number}@elsewhere.example>"));
    }
    assert_says(&session.say("RCPT TO:<one.more@elsewhere.example>"), "452 4.5.3");
}

#[test]
fn a_message_over_the_limit_is_refused_as_soon_as_it_is_known() {
    let (next_hop, node) = stage(Settings::default().with("smtp.message_bytes_max", 100_000));
    let mut session = greeted(&node);
    let early = session.say("MAIL FROM:<ann@contoso.example> SIZE=100001");
    assert_says(&early, "552 5.3.4");

    let mut session = in_data(&node);
    session.send("Subject: large\r\n\r\n".as_bytes());
    for _ in 0..2000 {
        session.send(format!("{}\r\n", "y".repeat(98)).as_bytes());
    }
    assert_says(&session.say("."), "552 5.3.4");
    // The session is still good for a smaller one.
    let answer =
        session.send_message("ann@contoso.example", "bob@elsewhere.example", "A: b\r\n\r\nc");
    assert_eq!(answer.code, 250, "{answer}");
    assert_eq!(next_hop.wait_for(1).len(), 1);
}

#[test]
fn a_header_over_the_limit_is_refused() {
    let (_, node) = stage(Settings::default());
    let mut session = in_data(&node);
    for number in 0..3000 {
        session.send(format!("X-Field-{number}: {}\r\n", "z".repeat(90)).as_bytes());
    }
    session.send(b"\r\nbody\r\n");
    assert_says(&session.say("."), "552 5.3.4");
}

#[test]
fn smtp_16_a_message_that_goes_in_circles_is_refused() {
    let (_, node) = stage(Settings::default());
    let mut session = in_data(&node);
    for number in 0..100 {
        let line = format!("Received: from a by b{number}.example; Mon, 1 Jan 2024 00:00:00 +0000");
        session.send(format!("{line}\r\n").as_bytes());
    }
    session.send(b"Subject: round\r\n\r\nbody\r\n");
    assert_says(&session.say("."), "554 5.4.14");
}

#[test]
fn guessing_commands_ends_the_session() {
    let (_, node) = stage(Settings::default());
    let mut session = greeted(&node);
    let mut codes = Vec::new();
    while let Some(answer) = session.try_answer_to("NONSENSE") {
        codes.push(answer.code);
        // Twenty are forgiven; the next one is the last, and 421 comes behind its own reply.
        assert!(codes.len() <= 22, "{codes:?}");
    }
    assert_eq!(codes.last(), Some(&421), "{codes:?}");
}

#[test]
fn one_address_may_hold_so_many_sessions_and_no_more() {
    let (_, node) = stage(Settings::default().with("smtp.sessions_per_address_max", 3));
    let held: Vec<_> = (0..3).map(|_| greeted(&node)).collect();
    let mut fourth = Dialogue::connect_silently(node.smtp());
    assert_says(&fourth.answer(), "421 4.3.2");
    drop(held);
    wait_for("a place is free again", || {
        let mut session = Dialogue::connect_silently(node.smtp());
        session.try_answer().filter(|answer| answer.code == 220)
    });
}

#[test]
fn flt_20_a_body_that_drips_is_cut_off_and_leaves_nothing() {
    let settings = Settings::default()
        .with("smtp.body_rate_window_seconds", 1)
        .with("smtp.body_bytes_per_second_min", 1000);
    let (next_hop, node) = stage(settings);
    let mut session = in_data(&node);
    session.send(b"Subject: slow\r\n\r\n");
    let answer = wait_for("the node has enough", || {
        session.try_send(b"x\r\n");
        session.answer_within(Duration::from_millis(200))
    });
    assert_says(&answer, "421 4.4.2");
    assert_eq!(node.queue_length() + next_hop.count(), 0);
}

#[test]
fn a_silent_peer_is_sent_away() {
    let (_, node) = stage(Settings::default().with("smtp.idle_seconds_max", 1));
    let mut session = greeted(&node);
    let start = Instant::now();
    assert_says(&session.answer(), "421 4.4.2");
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn flt_09_without_file_descriptors_the_node_neither_spins_nor_stops() {
    if !needs("limits::flt_09", &["prlimit"]) {
        return;
    }
    let next_hop = NextHop::start();
    let mut node = Node::prepare(&Authority::new("Example"), &Settings::default());
    node.under(&["prlimit", "--nofile=64:64"]);
    node.run();
    node.apply(&tenant_by_address("contoso", "contoso.example", &next_hop.smart_host()));
    // Under `prlimit` the binary takes its process over: there is no child.
    let process = node.process_id();
    let held: Vec<_> = (0..90).map(|_| Dialogue::connect_silently(node.smtp())).collect();
    let before = processor_ticks(process);
    std::thread::sleep(Duration::from_secs(2));
    let ticks = processor_ticks(process) - before;
    assert!(ticks < 40, "{ticks} ticks of processor time in 2 s, of 200 on one core");
    drop(held);
    wait_for("the node greets again", || {
        let mut session = Dialogue::connect_silently(node.smtp());
        session.try_answer().filter(|answer| answer.code == 220)
    });
}

/// User and system time of a process, in ticks of 10 ms.
fn processor_ticks(process: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let behind_name = text.rsplit_once(')').unwrap().1;
    let fields: Vec<_> = behind_name.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}
