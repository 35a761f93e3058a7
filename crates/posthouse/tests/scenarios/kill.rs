//! The kill loop: eight clients, a node that is killed again and again, and a ledger outside of
//! it. What was answered 250 is delivered, whole, however often the node dies.
//!
//! `POSTHOUSE_KILLS` says how often (100; `make soak` sets 1,000).

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::{
    Authority, Dialogue, NextHop, Node, Settings, needs, tenant_by_address, wait_up_to,
};

const CLIENTS: usize = 8;
const KILLS: usize = 100;
/// How long a node lives, in milliseconds: from still starting to well under way.
const LIFE_MS: [u64; 7] = [20, 60, 100, 150, 220, 300, 450];

/// Messages that were acknowledged and have not arrived, about: beyond, the clients wait. An
/// unoptimised node beside other tests delivers some 400 a second, and is given a minute.
const BACKLOG_MAX: usize = 5_000;

/// What the clients share: where the node is, what was acknowledged, whether to go on.
#[derive(Default)]
struct Ledger {
    node: Mutex<Option<SocketAddr>>,
    acknowledged: Mutex<HashMap<String, String>>,
    attempts: AtomicUsize,
    over: AtomicBool,
}

#[test]
fn flt_01_nothing_acknowledged_is_lost_however_often_the_node_is_killed() {
    let kills = std::env::var("POSTHOUSE_KILLS").map_or(KILLS, |text| text.parse().unwrap());
    let next_hop = NextHop::start();
    let settings = Settings::default().with("smtp.sessions_per_address_max", 1000);
    let mut node = Node::start(&Authority::new("Example"), &settings);
    node.apply(&tenant_by_address("contoso", "contoso.example", &next_hop.smart_host()));

    let ledger = Arc::new(Ledger::default());
    *ledger.node.lock().unwrap() = Some(node.smtp());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (ledger, next_hop) = (Arc::clone(&ledger), next_hop.clone());
            thread::spawn(move || send_until_over(client, &ledger, &next_hop))
        })
        .collect();
    for kill in 0..kills {
        thread::sleep(Duration::from_millis(LIFE_MS[kill % LIFE_MS.len()]));
        *ledger.node.lock().unwrap() = None;
        node.kill();
        node.run_until_it_listens();
        *ledger.node.lock().unwrap() = Some(node.smtp());
    }
    thread::sleep(Duration::from_millis(500));
    ledger.over.store(true, Ordering::SeqCst);
    clients.into_iter().for_each(|client| client.join().unwrap());

    let last_start = Instant::now();
    wait_up_to(Duration::from_secs(60), "the backlog is gone", || {
        (node.queue_length() == 0).then_some(())
    });
    settle(&ledger, &next_hop, kills, last_start.elapsed());
}

/// The kernel itself kills the node, at the N-th call of each kind that matters for durability.
#[test]
fn flt_01_a_kill_at_every_call_to_disk_or_peer_loses_nothing() {
    if !needs("kill::flt_01_every_call", &["strace"]) {
        return;
    }
    const CALLS: &str = "pwrite64,fsync,fdatasync,sendto,unlink,rename,ftruncate";
    let next_hop = NextHop::start();
    let mut node = Node::start(&Authority::new("Example"), &Settings::default());
    node.apply(&tenant_by_address("contoso", "contoso.example", &next_hop.smart_host()));
    node.stop();

    let mut acknowledged = HashSet::new();
    // Every place of the start, then steps into the life of a session and its delivery.
    for place in (1..20).chain((20..200).step_by(9)) {
        let inject = format!("inject={CALLS}:signal=KILL:when={place}");
        let trace = format!("trace={CALLS}");
        node.under(&["strace", "-f", "-o", "/dev/null", "-e", &trace, "-e", &inject]);
        if node.run_unless_it_ends() {
            let lines = [20, 3000, 20, 20, 3000, 20, 20, 20];
            let mut sent = Vec::new();
            for (number, lines) in lines.iter().enumerate() {
                sent.push(send_one(&node, &format!("{place}-{number}"), *lines));
            }
            acknowledged.extend(sent.into_iter().flatten());
        }
        node.kill_if_running();
        node.under(&[]);
        node.run();
        node.wait_for_empty_queue();
        node.stop();
    }
    let arrived: HashSet<_> =
        next_hop.delivered().iter().map(|message| id_of(&message.text())).collect();
    let lost: Vec<_> = acknowledged.difference(&arrived).collect();
    println!("{} acknowledged, {} arrived", acknowledged.len(), arrived.len());
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    assert!(!acknowledged.is_empty());
}

/// Sends one message to a node that may die meanwhile; gives its id where it was acknowledged.
fn send_one(node: &Node, id: &str, lines: usize) -> Option<String> {
    let mut session = Dialogue::try_connect(node.smtp())?;
    session.try_answer_to("EHLO mail.example")?;
    session.try_answer_to("MAIL FROM:<ann@contoso.example>")?;
    let answer = session.try_answer_to("RCPT TO:<bob@elsewhere.example>")?;
    if answer.code != 250 || session.try_answer_to("DATA")?.code != 354 {
        return None;
    }
    session.try_send(format!("X-Id: {id}\r\n\r\n{}", "0123456789\r\n".repeat(lines)).as_bytes());
    (session.try_answer_to(".")?.code == 250).then(|| id.to_owned())
}

fn id_of(text: &str) -> String {
    text.split("X-Id: ").nth(1).unwrap().split("\r\n").next().unwrap().to_owned()
}

/// Compares the ledger with what arrived.
fn settle(ledger: &Ledger, next_hop: &NextHop, kills: usize, backlog: Duration) {
    let acknowledged = ledger.acknowledged.lock().unwrap();
    let mut arrived: HashSet<String> = HashSet::new();
    let mut twice = 0;
    for message in next_hop.delivered() {
        let text = message.text();
        let id = id_of(&text);
        if let Some(body) = acknowledged.get(&id) {
            assert_eq!(&message.body(), body, "{id} arrived damaged");
        }
        twice += usize::from(!arrived.insert(id));
    }
    let lost: Vec<_> = acknowledged.keys().filter(|id| !arrived.contains(*id)).collect();
    println!(
        "{kills} kills, {} attempts, {} acknowledged, {} lost, {twice} delivered twice, \
         backlog gone after {backlog:?}",
        ledger.attempts.load(Ordering::SeqCst),
        acknowledged.len(),
        lost.len(),
    );
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    assert!(acknowledged.len() >= kills, "too few to prove anything: {}", acknowledged.len());
}

fn send_until_over(client: usize, ledger: &Ledger, next_hop: &NextHop) {
    let mut number = 0;
    while !ledger.over.load(Ordering::SeqCst) {
        let node = *ledger.node.lock().unwrap();
        let session =
            node.and_then(|node| send_in_one_session(node, client, &mut number, ledger, next_hop));
        if session.is_none() {
            thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Sends messages until the session breaks; `None` is the node's death, at whatever point.
fn send_in_one_session(
    node: SocketAddr,
    client: usize,
    number: &mut usize,
    ledger: &Ledger,
    next_hop: &NextHop,
) -> Option<()> {
    let mut session = Dialogue::try_connect(node)?;
    session.try_answer_to("EHLO mail.example")?;
    while !ledger.over.load(Ordering::SeqCst) {
        if ledger.acknowledged.lock().unwrap().len() > next_hop.count() + BACKLOG_MAX {
            return None;
        }
        *number += 1;
        ledger.attempts.fetch_add(1, Ordering::SeqCst);
        let id = format!("{client}-{number}");
        // Every tenth goes through a file of its own beside the database.
        let lines = if number.is_multiple_of(10) { 3000 } else { 20 };
        let body = format!("{id} {}\r\n", "0123456789".repeat(4)).repeat(lines);
        session.try_answer_to("MAIL FROM:<ann@contoso.example>")?;
        session.try_answer_to("RCPT TO:<bob@elsewhere.example>")?;
        if session.try_answer_to("DATA")?.code != 354 {
            continue;
        }
        let sent = session.try_send(format!("X-Id: {id}\r\n\r\n{body}").as_bytes());
        let answer = session.try_answer_to(".")?;
        if sent && answer.code == 250 {
            ledger.acknowledged.lock().unwrap().insert(id, body);
        }
    }
    Some(())
}
