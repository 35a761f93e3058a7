//! Connections to the next hop: gone stale, refused, secured or not, and which server is next.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::{
    Authority, Dialogue, Identity, NextHop, Node, Sent, Settings, tenant_by_address, wait_for,
};

/// Retries so late that within a test only what is done at once is done.
fn never_again() -> Settings {
    Settings::default().with("queue.retry_seconds", "[3600]")
}

/// A node of the tenant on loopback, whose connector to everywhere has these further lines.
fn stage(settings: &Settings, smart_hosts: &str, lines: &str) -> Node {
    stage_with(&Authority::new("Example"), settings, smart_hosts, lines)
}

fn stage_with(authority: &Authority, settings: &Settings, smart_hosts: &str, lines: &str) -> Node {
    let node = Node::start(authority, settings);
    node.apply(&tenant(smart_hosts, lines));
    node
}

fn tenant(smart_hosts: &str, lines: &str) -> String {
    tenant_by_address("contoso", "contoso.example", smart_hosts) + lines
}

fn send(node: &Node, body: &str) {
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.example");
    let message = format!("Subject: test\r\n\r\n{body}");
    let answer = session.send_message("ann@contoso.example", "bob@elsewhere.example", &message);
    assert_eq!(answer.code, 250, "{answer}");
}

/// Waits until the only queue entry has failed once for this reason, and gives it.
fn wait_until_queued_for(node: &Node, reason: &str) -> Value {
    wait_for(&format!("the queue says {reason}"), || {
        let queue = node.json(&["queue"]);
        queue.into_iter().find(|entry| entry.to_string().contains(reason))
    })
}

/// How many commands with this start have come.
fn commands(next_hop: &NextHop, start: &str) -> usize {
    next_hop.commands().iter().filter(|command| command.starts_with(start)).count()
}

#[test]
fn a_connection_that_went_stale_is_replaced_at_once() {
    for (command, reply) in [
        ("MAIL", ""),
        ("MAIL", "421 4.4.2 Idle for too long"),
        ("RCPT", ""),
        ("DATA", "421 4.3.2 Shutting down"),
    ] {
        let next_hop = NextHop::start();
        let node = stage(&never_again(), &next_hop.smart_host(), "");
        send(&node, "first");
        next_hop.wait_for(1);
        node.wait_for_empty_queue();
        let count = AtomicUsize::new(0);
        next_hop.obey(move |said| {
            let now = said.starts_with(command) && count.fetch_add(1, Ordering::SeqCst) == 0;
            now.then(|| reply.to_owned())
        });
        send(&node, "second");
        assert_eq!(next_hop.wait_for(2)[1].body(), "second\r\n", "{command} {reply:?}");
        node.wait_for_empty_queue();
        assert_eq!(commands(&next_hop, "EHLO"), 2, "{command} {reply:?}: reused, then replaced");
        assert_eq!(next_hop.count(), 2, "{command} {reply:?}");
    }
}

#[test]
fn a_fresh_connection_that_is_lost_waits_for_its_turn() {
    let next_hop = NextHop::start();
    let node = stage(&never_again(), &next_hop.smart_host(), "");
    next_hop.obey(|said| said.starts_with("MAIL").then(String::new));
    send(&node, "x");
    wait_until_queued_for(&node, "connection-lost");
    assert_eq!(commands(&next_hop, "MAIL"), 1, "a server that does so always is not hammered");
}

#[test]
fn a_message_in_doubt_is_not_sent_again_at_once() {
    let next_hop = NextHop::start();
    let node = stage(&never_again(), &next_hop.smart_host(), "");
    send(&node, "first");
    next_hop.wait_for(1);
    node.wait_for_empty_queue();
    next_hop.obey(|said| (said == ".").then(String::new));
    send(&node, "second");
    wait_until_queued_for(&node, "connection-lost");
    assert_eq!(commands(&next_hop, "DATA"), 2);
}

#[test]
fn a_server_that_ends_the_session_with_its_answer_has_answered() {
    let next_hop = NextHop::start();
    let node = stage(&never_again(), &next_hop.smart_host(), "");
    next_hop.obey(|said| {
        (said == ".").then(|| "250 2.6.0 Queued\r\n421 4.3.2 One message each".to_owned())
    });
    for count in 1..=3 {
        send(&node, "x");
        next_hop.wait_for(count);
    }
    node.wait_for_empty_queue();
    assert_eq!(next_hop.count(), 3);
}

#[test]
fn smtp_05_words_said_before_the_handshake_are_not_heard_after_it() {
    let authority = Authority::new("Example");
    let next_hop = NextHop::with_tls(&authority.issue(&["next.example"]), Sent::FullChain);
    let node = stage_with(&authority, &never_again(), &next_hop.smart_host(), "");
    next_hop.obey(|said| {
        (said == "STARTTLS").then(|| "220 2.0.0 Go on\r\n250 next.example".to_owned())
    });
    send(&node, "secret");
    wait_until_queued_for(&node, "protocol-error");
    assert_eq!(commands(&next_hop, "MAIL"), 0);
}

#[test]
fn smtp_05_where_tls_is_demanded_nothing_leaves_in_clear_text() {
    let authority = Authority::new("Example");
    let identity = authority.issue(&["next.example"]);
    let cases: [(&str, &str, &str); 3] = [
        ("EHLO", "250 next.example", "tls-required-not-offered"),
        ("STARTTLS", "454 4.7.0 Not now", "tls-required-not-offered"),
        ("STARTTLS", "", "connection-lost"),
    ];
    for (command, reply, reason) in cases {
        let next_hop = NextHop::with_tls(&identity, Sent::FullChain);
        let lines = "tls_settings = \"encryption-only\"\n";
        let node = stage_with(&authority, &Settings::default(), &next_hop.smart_host(), lines);
        next_hop.obey(move |said| said.starts_with(command).then(|| reply.to_owned()));
        send(&node, "secret");
        let entry = wait_until_queued_for(&node, reason);
        assert!(entry.to_string().contains("bob@elsewhere.example"), "{entry}");
        assert_eq!(commands(&next_hop, "MAIL"), 0, "{command} {reply:?}");
        // Once it is offered, the mail leaves.
        next_hop.obey(|_| None);
        assert_eq!(next_hop.wait_for(1)[0].body(), "secret\r\n");
        let said = next_hop.commands();
        let mail = said.iter().position(|said| said.starts_with("MAIL")).unwrap();
        assert_eq!(said[mail - 2..mail], ["STARTTLS", "EHLO gw.example.net"], "{said:?}");
    }
}

#[test]
fn tls_that_is_only_wished_for_gives_way_to_clear_text() {
    // It offers STARTTLS and hangs up on the handshake.
    let next_hop = NextHop::with_extensions(&["PIPELINING", "STARTTLS"]);
    let node = stage(&never_again(), &next_hop.smart_host(), "");
    send(&node, "postcard");
    next_hop.wait_for(1);
    node.wait_for_empty_queue();
    let said = next_hop.commands();
    let begun: Vec<_> = said.iter().map(|said| said.split(' ').next().unwrap()).collect();
    assert_eq!(begun[..4], ["EHLO", "STARTTLS", "EHLO", "MAIL"], "{said:?}");

    node.apply(&tenant(&next_hop.smart_host(), "tls_settings = \"encryption-only\"\n"));
    send(&node, "secret");
    wait_until_queued_for(&node, "tls-handshake-failed");
    assert_eq!(commands(&next_hop, "MAIL"), 1);
}

#[test]
fn a_destination_that_rests_is_tried_when_its_connector_or_an_operator_says_so() {
    let next_hop = NextHop::start();
    // It would rest for 15 seconds, and the message wait for an hour.
    let settings = never_again().with("queue.retry_interval_seconds", 3600);
    let node = stage(&settings, &next_hop.smart_host(), "");
    next_hop.obey(|said| (said == "CONNECT").then(String::new));
    send(&node, "first");
    wait_until_queued_for(&node, "connection-lost");
    next_hop.obey(|_| None);
    let start = Instant::now();
    node.apply(&tenant(&next_hop.smart_host(), "comment = \"repaired\"\n"));
    send(&node, "second");
    assert_eq!(next_hop.wait_for(1)[0].body(), "second\r\n");
    node.ask(&["queue", "retry"]);
    assert_eq!(next_hop.wait_for(2)[1].body(), "first\r\n");
    assert!(start.elapsed() < Duration::from_secs(12), "{:?}", start.elapsed());
}

#[test]
fn tls_11_a_certificate_for_another_name_gets_no_mail() {
    let authority = Authority::new("Example");
    let next_hop = NextHop::with_tls(&authority.issue(&["other.example"]), Sent::FullChain);
    let demand =
        |domain: &str| format!("tls_settings = \"domain-validation\"\ntls_domain = \"{domain}\"\n");
    let lines = demand("mail.elsewhere.example");
    let node = stage_with(&authority, &Settings::default(), &next_hop.smart_host(), &lines);
    send(&node, "secret");
    let entry = wait_until_queued_for(&node, "remote-certificate-refused").to_string();
    assert!(entry.contains("other.example, not for mail.elsewhere.example"), "{entry}");
    assert_eq!(commands(&next_hop, "MAIL"), 0);
    // The connector is repaired: the queue's own retry delivers.
    node.apply(&tenant(&next_hop.smart_host(), &demand("other.example")));
    assert_eq!(next_hop.wait_for(1)[0].body(), "secret\r\n");
}

#[test]
fn tls_11_a_chain_without_its_intermediate_gets_no_mail_where_chains_count() {
    let authority = Authority::new("Example");
    let identity: Identity = authority.issue(&["next.example"]);
    for (settings, sent, delivered) in [
        ("certificate-validation", Sent::LeafOnly, false),
        ("certificate-validation", Sent::FullChain, true),
        ("encryption-only", Sent::LeafOnly, true),
    ] {
        let next_hop = NextHop::with_tls(&identity, sent);
        let lines = format!("tls_settings = \"{settings}\"\n");
        let node = stage_with(&authority, &never_again(), &next_hop.smart_host(), &lines);
        send(&node, "secret");
        if delivered {
            next_hop.wait_for(1);
        } else {
            let entry = wait_until_queued_for(&node, "remote-certificate-refused").to_string();
            assert!(entry.contains("chain-incomplete"), "{entry}");
            assert!(entry.contains("Example Issuing CA 1"), "the missing one is named: {entry}");
            assert_eq!(commands(&next_hop, "MAIL"), 0);
        }
    }
}

#[test]
fn a_server_that_refuses_our_certificate_is_quoted_and_a_better_one_is_taken_up() {
    let authority = Authority::new("Example");
    let next_hop = NextHop::with_tls_for(&authority, &authority.issue(&["next.example"]));
    let node = Node::start(&authority, &Settings::default());
    let ours = authority.issue(&["mail.contoso.example"]);
    let (certificate, key) = ours.write(node.folder(), "ours", Sent::LeafOnly);
    let lines = format!(
        "tls_settings = \"encryption-only\"\ntls_certificate = {certificate:?}\ntls_key = {key:?}\n"
    );
    node.apply(&tenant(&next_hop.smart_host(), &lines));
    send(&node, "secret");
    let entry = wait_until_queued_for(&node, "connection-lost").to_string();
    assert!(entry.contains("alert"), "what the server said in TLS is lost: {entry}");
    assert_eq!(next_hop.count(), 0);
    // The intermediate is appended to the file: the queue's own retry delivers.
    ours.write(node.folder(), "ours", Sent::FullChain);
    assert_eq!(next_hop.wait_for(1)[0].body(), "secret\r\n");
}

#[test]
fn a_session_in_clear_text_is_not_used_once_tls_is_demanded() {
    let next_hop = NextHop::start();
    let node = stage(&never_again(), &next_hop.smart_host(), "");
    send(&node, "postcard");
    next_hop.wait_for(1);
    node.wait_for_empty_queue();
    node.apply(&tenant(&next_hop.smart_host(), "tls_settings = \"encryption-only\"\n"));
    send(&node, "secret");
    wait_until_queued_for(&node, "tls-required-not-offered");
    assert_eq!(commands(&next_hop, "MAIL"), 1);
}

#[test]
fn when_the_first_smart_host_is_no_use_the_second_is_tried_at_once() {
    for (command, reply) in
        [("CONNECT", ""), ("CONNECT", "421 4.3.2 Busy"), ("CONNECT", "554 5.3.2 Not here")]
    {
        let [first, second] = [(); 2].map(|()| NextHop::start());
        let both = format!("{}\", \"{}", first.smart_host(), second.smart_host());
        let node = stage(&never_again(), &both, "");
        first.obey(move |said| said.starts_with(command).then(|| reply.to_owned()));
        send(&node, "x");
        second.wait_for(1);
        node.wait_for_empty_queue();
        assert_eq!(first.count(), 0);
    }
    // Nobody listens at the first at all.
    let second = NextHop::start();
    let node = stage(&never_again(), &format!("127.0.0.1:9\", \"{}", second.smart_host()), "");
    send(&node, "x");
    second.wait_for(1);
}

#[test]
fn a_refusal_is_final_only_where_every_server_refuses() {
    let refusing = NextHop::start();
    refusing.obey(|said| (said == "CONNECT").then(|| "554 5.3.2 Not here".to_owned()));
    // The other one is down: it may take the message when it is back.
    let both = format!("{}\", \"127.0.0.1:9", refusing.smart_host());
    let node = stage(&never_again(), &both, "");
    send(&node, "x");
    let entry = wait_until_queued_for(&node, "remote-deferred").to_string();
    assert!(entry.contains("554 5.3.2 Not here"), "what one said is kept: {entry}");
    assert!(node.json(&["trace", "--status", "Failed"]).is_empty());
}

#[test]
fn a_connector_that_leads_to_this_very_node_is_a_loop_and_not_a_delivery() {
    let home = NextHop::start();
    let node = stage(&Settings::default(), &home.smart_host(), "");
    let file = tenant_by_address("contoso", "contoso.example", &home.smart_host())
        .replace("recipient_domains = [\"*\"]", "recipient_domains = [\"contoso.example\"]")
        + &format!(
            "[[outbound_connector]]\nname = \"Round\"\nconnector_type = \"partner\"\n\
         recipient_domains = [\"*\"]\nsmart_hosts = [\"{}\"]\n",
            node.smtp()
        );
    node.apply(&file);
    send(&node, "x");
    let report = home.wait_for(1).remove(0);
    assert!(report.recipients[0].contains("<ann@contoso.example>"), "{report:?}");
    assert!(report.text().contains("Status: 5.4.6"), "{}", report.text());
    wait_for("the trace tells", || {
        let rows = node.json(&["trace", "--status", "Failed"]);
        rows.iter().any(|row| row.to_string().contains("loop-to-self")).then_some(())
    });
    assert_eq!(home.count(), 1);
}

/// More than sockets hold on their way.
fn large_body() -> String {
    ("x".repeat(70) + "\r\n").repeat(140_000)
}

#[test]
fn a_server_that_refuses_in_the_middle_of_the_message_is_heard() {
    let next_hop = NextHop::start();
    let node = stage(&Settings::default(), &next_hop.smart_host(), "");
    next_hop.obey(|said| (said == "CONTENT").then(|| "552 5.3.4 Not more than a line".to_owned()));
    send(&node, &large_body());
    wait_for("the refusal is final", || {
        let rows = node.json(&["trace", "--status", "Failed"]);
        rows.iter().any(|row| row.to_string().contains("Not more than a line")).then_some(())
    });
}

#[test]
fn flt_26_a_server_that_breaks_off_in_the_data_gets_the_message_later_and_whole() {
    let next_hop = NextHop::start();
    let node = stage(&Settings::default(), &next_hop.smart_host(), "");
    // 354, a line, and then it is gone: what was sent is not a message.
    let count = AtomicUsize::new(0);
    next_hop.obey(move |said| {
        let now = said == "CONTENT" && count.fetch_add(1, Ordering::SeqCst) < 2;
        now.then(String::new)
    });
    let large = large_body();
    send(&node, &large);
    let delivered = next_hop.wait_for(1);
    assert_eq!(delivered[0].body().len(), large.len() + 2);
    node.wait_for_empty_queue();
    assert_eq!(next_hop.count(), 1);
}
