//! A node that is told to stop: what may end in order does, within its time, and what does not
//! was never acknowledged.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::common::{Authority, Dialogue, NextHop, Node, Settings, tenant_by_address, wait_up_to};

/// What a node allows sessions and deliveries for their end, and what a loaded machine may add.
const DRAIN_TIME: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(45);

fn stage() -> (NextHop, Node) {
    let next_hop = NextHop::start();
    let node = Node::start(&Authority::new("Example"), &Settings::default());
    node.apply(&tenant_by_address("contoso", "contoso.example", &next_hop.smart_host()));
    (next_hop, node)
}

/// A session within its message.
fn in_data(node: &Node, subject: &str) -> Dialogue {
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.example");
    session.expect(250, "MAIL FROM:<ann@contoso.example>");
    session.expect(250, "RCPT TO:<bob@elsewhere.example>");
    session.expect(354, "DATA");
    session.send(format!("Subject: {subject}\r\n\r\n").as_bytes());
    session
}

#[test]
fn flt_29_what_does_not_end_in_time_was_never_acknowledged() {
    let (next_hop, mut node) = stage();
    // A next hop that takes the message and does not say so: delivered or not, it is kept.
    next_hop.obey(|said| {
        if said == "." {
            std::thread::sleep(Duration::from_secs(120));
        }
        None
    });
    let mut finished = in_data(&node, "slow next hop");
    finished.expect(250, ".");
    let mut endless = in_data(&node, "endless");
    let start = Instant::now();
    node.signal(Signal::TERM);
    // Alive to the end, and well above the minimum rate.
    let writer = std::thread::spawn(move || {
        let line = format!("{}\r\n", "x".repeat(70));
        while endless.try_send(line.as_bytes()) {
            std::thread::sleep(Duration::from_millis(100));
        }
        endless.answers_until_closed()
    });
    wait_up_to(PATIENCE, "the node ends", || (!node.is_running()).then_some(()));
    let took = start.elapsed();
    assert!(took >= DRAIN_TIME - Duration::from_secs(1), "nobody was waited for: {took:?}");
    for answer in writer.join().unwrap() {
        assert!(answer.code >= 400, "an unfinished message was acknowledged: {answer}");
    }

    next_hop.obey(|_| None);
    node.run();
    let delivered = next_hop.wait_for(1);
    assert!(delivered[0].text().contains("Subject: slow next hop"));
    node.wait_for_empty_queue();
    assert_eq!(node.json(&["trace"]).len(), 1, "of the unfinished one nothing is there");
}

#[test]
fn flt_29_an_idle_node_stops_at_once_and_takes_nobody_new() {
    let (_, mut node) = stage();
    let address = node.smtp();
    let mut idle = Dialogue::connect(address);
    idle.expect(250, "EHLO mail.example");
    let mut busy = in_data(&node, "last");
    let start = Instant::now();
    node.signal(Signal::TERM);
    let answer = idle.answer();
    assert!(answer.text().starts_with("421 4.3.2"), "{answer}");
    assert!(idle.try_answer().is_none(), "closed after it");
    // While a message ends, nobody else comes in.
    assert!(Dialogue::try_connect(address).is_none());
    busy.expect(250, ".");
    assert_eq!(busy.answer().code, 421);
    wait_up_to(PATIENCE, "the node ends", || (!node.is_running()).then_some(()));
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}
