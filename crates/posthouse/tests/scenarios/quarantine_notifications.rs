//! A recipient is told what is kept of its mail: once a day, once each, over a restart.

use std::fs;

use crate::common::{Authority, Dialogue, NextHop, Node, Settings, needs, tenant, wait_for};

/// Makes the node's wall clock one that a file sets.
const CLOCK: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

const POLICIES: &str = "\n[protection]\nnotification_language = \"de\"\n\
    end_user_spam_notification_frequency = \"daily\"\n\
    [[anti_spam_policy]]\nname = \"Default\"\nhigh_confidence_spam_action = \"quarantine\"\n\
    spam_action = \"quarantine\"\n\
    spam_quarantine_tag = \"DefaultFullAccessWithNotificationPolicy\"\n\
    high_confidence_spam_quarantine_tag = \"DefaultFullAccessWithNotificationPolicy\"\n";

fn stage(home: &NextHop) -> Node {
    let mut node = Node::prepare(&Authority::new("Example"), &Settings::default());
    set_clock(&node, 0);
    node.set_environment("LD_PRELOAD", CLOCK);
    node.set_environment("FAKETIME_TIMESTAMP_FILE", node.path("clock").display());
    node.set_environment("FAKETIME_NO_CACHE", 1);
    node.set_environment("FAKETIME_DONT_FAKE_MONOTONIC", 1);
    node.run();
    node.apply(&(tenant("contoso", "contoso.example", &home.smart_host()) + POLICIES));
    node
}

fn set_clock(node: &Node, hours: u32) {
    fs::write(node.path("clock"), format!("+{hours}h\n")).unwrap();
}

/// A stranger's message to Ann that is kept: spam, or the malware test file.
fn write(node: &Node, from: &str, subject: &str, halves: [&str; 2]) {
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.stranger.example");
    let content = format!(
        "From: <{from}>\r\nTo: ann@contoso.example\r\nSubject: {subject}\r\n\
         \r\n{}\r\n",
        halves.concat()
    );
    let answer = session.send_message("eve@stranger.example", "ann@contoso.example", &content);
    assert_eq!(answer.code, 250, "{answer}");
}

const EVE: &str = "eve@stranger.example";
const SPAM: [&str; 2] =
    ["XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-", "ANTI-UBE-TEST-EMAIL*C.34X"];
const MALWARE: [&str; 2] =
    ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!$H+H*"];

/// The subjects that a notification names.
fn subjects(text: &str) -> Vec<String> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("Betreff:"));
    lines.map(|subject| subject.trim().to_owned()).collect()
}

#[test]
fn a_recipient_is_told_once_of_each_message_that_is_kept() {
    if !needs("quarantine_notifications::a_recipient_is_told_once", &[CLOCK]) {
        return;
    }
    let home = NextHop::start();
    let mut node = stage(&home);
    write(&node, EVE, "Offer", SPAM);
    write(&node, EVE, "Invoice", MALWARE);
    write(&node, EVE, "Prize", SPAM);
    let ann = ["contoso", "ann@contoso.example"];
    node.ask(&[&["recipient", "block"], ann.as_slice(), &["nuisance.example"]].concat());
    write(&node, "bob@nuisance.example", "Again", SPAM);
    let again = node.json(&["quarantine", "list", "--subject", "Again"]);
    let why = &again[0]["sender_override"];
    assert_eq!(why, "Message sender is blocked by recipient settings", "{again:?}");
    set_clock(&node, 25);
    let first = home.wait_for(1).remove(0);
    assert!(first.mail.starts_with("MAIL FROM:<>"), "{}", first.mail);
    assert!(first.recipients[0].contains("ann@contoso.example"), "{:?}", first.recipients);
    let text = first.text();
    assert!(text.contains("From: <postmaster@contoso.example>\r\n"), "{text}");
    assert_eq!(subjects(&text), ["Offer", "Prize"], "not malware, not whom she blocked: {text}");

    // What it was told of is not told again, not even by a node that starts anew.
    node.wait_for_empty_queue();
    node.kill();
    node.run();
    write(&node, EVE, "Winner", SPAM);
    set_clock(&node, 50);
    let second = home.wait_for(2).remove(1).text();
    assert_eq!(subjects(&second), ["Winner"], "{second}");
    let id = node.json(&["quarantine", "list", "--subject", "Offer"])[0]["id"].to_string();
    let shown = node.json(&["quarantine", "show", &id]);
    let acts: Vec<_> = shown[0]["acts"].as_array().unwrap().iter().map(|act| &act["act"]).collect();
    assert_eq!(acts, ["quarantined", "notified"], "{shown:?}");

    node.ask(&["quarantine", "release", &id, "--as", "ann@contoso.example"]);
    wait_for("it is released", || (home.count() == 3).then_some(()));
    assert!(home.delivered()[2].text().contains("Subject: Offer\r\n"));
}
