//! The way out: what the next hop refuses, postpones or loses, and who is told.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::common::{Authority, Dialogue, NextHop, Node, Settings, tenant_by_address, wait_for};

fn stage(next_hop: &NextHop) -> Node {
    let node = Node::start(&Authority::new("Example"), &Settings::default());
    node.apply(&tenant_by_address("contoso", "contoso.example", &next_hop.smart_host()));
    node
}

fn send(node: &Node, sender: &str, recipient: &str) {
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.example");
    let body = "From: ann@contoso.example\r\nSubject: Report\r\n\
                Message-ID: <7@contoso.example>\r\n\r\nHello.";
    let answer = session.send_message(sender, recipient, body);
    assert_eq!(answer.code, 250, "{answer}");
}

/// A script that gives this reply to the first `times` commands with this start.
fn first(
    times: usize,
    start: &'static str,
    reply: &'static str,
) -> impl Fn(&str) -> Option<String> + Send + Sync {
    let count = AtomicUsize::new(0);
    move |command| {
        let matches = command.starts_with(start);
        (matches && count.fetch_add(1, Ordering::SeqCst) < times).then(|| reply.to_owned())
    }
}

#[test]
fn flt_26_what_is_postponed_is_tried_again_and_arrives_once() {
    for (start, reply) in [
        ("MAIL", "451 4.3.0 Later"),
        ("RCPT", "450 4.2.0 Greylisted"),
        ("DATA", "452 4.3.1 Full"),
        (".", "451 4.3.0 Later"),
    ] {
        let next_hop = NextHop::start();
        let node = stage(&next_hop);
        next_hop.obey(first(2, start, reply));
        send(&node, "ann@contoso.example", "bob@elsewhere.example");
        next_hop.wait_for(1);
        node.wait_for_empty_queue();
        assert_eq!(next_hop.count(), 1, "{start} {reply:?}");
        let rows = node.json(&["trace"]);
        assert_eq!(rows.len(), 1, "no report was written: {rows:?}");
        assert_eq!(rows[0]["status"], "Delivered");
    }
}

#[test]
fn flt_26_a_destination_that_does_not_answer_is_tried_again_after_a_pause() {
    // Fifteen seconds, whatever the message's own schedule says: side by side, then.
    std::thread::scope(|scope| {
        for (start, reply) in [("CONNECT", "421 4.3.2 Busy"), ("CONNECT", ""), ("EHLO", "421 No")] {
            scope.spawn(move || {
                let next_hop = NextHop::start();
                let node = stage(&next_hop);
                next_hop.obey(first(1, start, reply));
                send(&node, "ann@contoso.example", "bob@elsewhere.example");
                next_hop.wait_for(1);
                node.wait_for_empty_queue();
                assert_eq!(next_hop.count(), 1, "{start} {reply:?}");
            });
        }
    });
}

#[test]
fn flt_26_a_lost_last_reply_is_tried_again_never_forgotten() {
    let next_hop = NextHop::start();
    let node = stage(&next_hop);
    next_hop.obey(first(1, ".", ""));
    send(&node, "ann@contoso.example", "bob@elsewhere.example");
    next_hop.wait_for(1);
    node.wait_for_empty_queue();
}

#[test]
fn what_is_refused_for_good_is_returned_with_the_servers_own_words() {
    let next_hop = NextHop::start();
    let node = stage(&next_hop);
    next_hop.obey(|command| {
        let refused = command.starts_with("RCPT TO:<bob@");
        refused.then(|| "550-5.1.1 No such person\r\n550 5.1.1 <ask the desk> & co".to_owned())
    });
    send(&node, "ann@contoso.example", "bob@elsewhere.example");
    let report = next_hop.wait_for(1).remove(0);
    assert!(report.mail.starts_with("MAIL FROM:<>"), "{}", report.mail);
    assert!(report.recipients[0].contains("<ann@contoso.example>"));
    let text = report.text();
    for words in [
        "Subject: Undeliverable: Report",
        "multipart/report",
        "Diagnostic information for administrators:",
        "Remote Server returned '550",
        "Final-Recipient: rfc822;bob@elsewhere.example",
        "Action: failed",
        "Status: 5.1.1",
        "<7@contoso.example>",
    ] {
        assert!(unfolded(&text).contains(words), "no {words} in {text}");
    }
    assert!(!text.contains("<ask the desk>\r\n</"), "remote words unescaped in HTML: {text}");
    node.wait_for_empty_queue();
    assert_eq!(node.json(&["trace", "--status", "Failed"]).len(), 1);
}

/// Header folding undone, as far as the search for words needs it.
fn unfolded(text: &str) -> String {
    text.replace("\r\n ", " ").replace("\r\n\t", " ").replace("rfc822; ", "rfc822;")
}

#[test]
fn smtp_16_a_report_never_causes_a_report() {
    let next_hop = NextHop::start();
    let node = stage(&next_hop);
    next_hop.obey(|command| command.starts_with("RCPT").then(|| "550 5.1.1 Nobody".to_owned()));
    // A bounce that is handed in for a hosted recipient, and cannot be delivered.
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.example");
    let answer = session.send_message("", "ann@contoso.example", "Subject: bounce\r\n\r\nx");
    assert_eq!(answer.code, 250, "{answer}");
    let held = wait_for("the message is held", || {
        let held = node.json(&["queue", "--held"]);
        (!held.is_empty()).then_some(held)
    });
    assert!(held[0].to_string().contains("undeliverable"), "{held:?}");
    assert!(held[0].to_string().contains("Nobody"), "the remote words are kept: {held:?}");
    assert_eq!(next_hop.count(), 0);

    // On demand it goes out after all.
    next_hop.obey(|_| None);
    node.ask(&["queue", "retry", "--held"]);
    assert_eq!(next_hop.wait_for(1)[0].body(), "x\r\n");
}

#[test]
fn a_slow_destination_does_not_hold_up_another() {
    let slow = NextHop::start();
    let quick = NextHop::start();
    slow.obey(|command| {
        if command == "." {
            std::thread::sleep(std::time::Duration::from_secs(5));
        }
        None
    });
    let node = stage(&quick);
    let to_slow = tenant_by_address("contoso", "contoso.example", &quick.smart_host())
        + &format!(
            "[[outbound_connector]]\nname = \"Slow\"\nconnector_type = \"partner\"\n\
             recipient_domains = [\"slow.example\"]\nsmart_hosts = [\"{}\"]\n",
            slow.smart_host()
        );
    node.apply(&to_slow);
    for _ in 0..60 {
        send(&node, "ann@contoso.example", "bob@slow.example");
    }
    let start = std::time::Instant::now();
    send(&node, "ann@contoso.example", "bob@elsewhere.example");
    quick.wait_for(1);
    assert!(start.elapsed() < std::time::Duration::from_secs(4), "{:?}", start.elapsed());
}

#[test]
fn a_hop_without_smtputf8_or_with_a_small_size_is_not_bothered() {
    let next_hop = NextHop::with_extensions(&["PIPELINING", "SIZE 1000"]);
    let node = stage(&next_hop);
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.example");
    session.expect(250, "MAIL FROM:<ann@contoso.example> SMTPUTF8");
    session.expect(250, "RCPT TO:<jürgen@elsewhere.example>");
    session.expect(354, "DATA");
    session.send("Subject: ü\r\n\r\nx".as_bytes());
    session.expect(250, "\r\n.");
    // Its report is an ordinary message of more than 1,000 bytes, so it cannot leave here either;
    // what counts is that the original was never offered.
    wait_for("the trace tells 5.6.7", || {
        let rows = node.json(&["trace", "--status", "Failed"]);
        rows.iter().find(|row| row.to_string().contains("smtputf8-not-offered")).cloned()
    });
    let body = format!("Subject: large\r\n\r\n{}", "y".repeat(5000));
    session.send_message("ann@contoso.example", "bob@elsewhere.example", &body);
    wait_for("the trace tells 5.3.4", || {
        let rows = node.json(&["trace", "--status", "Failed"]);
        rows.iter().find(|row| row.to_string().contains("remote-size-exceeded")).cloned()
    });
    let offered = next_hop.commands().iter().any(|command| command.starts_with("DATA"));
    assert!(!offered, "{:?}", next_hop.commands());
}

#[test]
fn mail_that_needs_tls_waits_rather_than_leaving_in_clear_text() {
    let next_hop = NextHop::start();
    let node = stage(&next_hop);
    let file = tenant_by_address("contoso", "contoso.example", &next_hop.smart_host());
    node.apply(&format!("{file}tls_settings = \"encryption-only\"\n"));
    send(&node, "ann@contoso.example", "bob@elsewhere.example");
    wait_for("the queue says why", || {
        let queue = node.json(&["queue"]);
        queue.first()?.to_string().contains("tls-required-not-offered").then_some(())
    });
    assert!(!next_hop.commands().iter().any(|command| command.starts_with("MAIL")));
}

#[test]
fn smtp_05_words_injected_before_the_handshake_end_the_delivery_attempt() {
    let next_hop = NextHop::with_extensions(&["STARTTLS"]);
    next_hop.obey(|command| {
        (command == "STARTTLS").then(|| "220 2.0.0 Go\r\n250 2.1.0 Injected".to_owned())
    });
    let node = stage(&next_hop);
    let file = tenant_by_address("contoso", "contoso.example", &next_hop.smart_host());
    node.apply(&format!("{file}tls_settings = \"encryption-only\"\n"));
    send(&node, "ann@contoso.example", "bob@elsewhere.example");
    wait_for("an attempt was made", || {
        let queue = node.json(&["queue"]);
        queue.first().filter(|entry| entry["attempts"].as_u64() > Some(0)).cloned()
    });
    assert!(!next_hop.commands().iter().any(|command| command.starts_with("MAIL")));
}

#[test]
fn a_sender_is_told_of_a_delay_once_and_of_the_end() {
    let settings =
        Settings::default().with("queue.delay_notice_seconds", 2).with("queue.lifetime_seconds", 8);
    let next_hop = NextHop::start();
    next_hop.obey(|command| {
        command.starts_with("RCPT TO:<bob@").then(|| "450 4.2.0 Not now, dear".to_owned())
    });
    let node = Node::start(&Authority::new("Example"), &settings);
    node.apply(&tenant_by_address("contoso", "contoso.example", &next_hop.smart_host()));
    send(&node, "ann@contoso.example", "bob@elsewhere.example");
    let delay = next_hop.wait_for(1).remove(0).text();
    assert!(delay.contains("Action: delayed") && delay.contains("Will-Retry-Until:"), "{delay}");
    let end = next_hop.wait_for(2).remove(1).text();
    assert!(end.contains("Action: failed") && end.contains("Not now, dear"), "{end}");
    node.wait_for_empty_queue();
    assert_eq!(next_hop.count(), 2);
}
