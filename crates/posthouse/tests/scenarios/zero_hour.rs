//! Zero-hour: a verdict that changes after a message was taken in. What waits is kept, what is kept
//! gets its graver reason, what was delivered is listed and told to the operator's program; what is
//! under way is delivered once.

use std::os::unix::fs::PermissionsExt;
use std::sync::Mutex;
use std::sync::mpsc;

use rustix::process::Signal;
use serde_json::Value;

use crate::common::{Authority, Dialogue, NextHop, Node, SOON, Settings, tenant, wait_for};

const QUARANTINE_SPAM: &str = "\n[[anti_spam_policy]]\nname = \"Default\"\n\
    high_confidence_spam_action = \"quarantine\"\nspam_action = \"quarantine\"\n";
const MARK: &str = "a-mark-of-our-own";

fn settings() -> Settings {
    // What could not be delivered waits until the story goes on.
    Settings::default()
        .with("queue.retry_seconds", "[3600]")
        .with("queue.retry_interval_seconds", "3600")
}

fn contoso(home: &NextHop) -> String {
    tenant("contoso", "contoso.example", &home.smart_host()) + QUARANTINE_SPAM
}

fn stage(home: &NextHop, settings: &Settings) -> Node {
    let node = Node::start(&Authority::new("Example"), settings);
    node.apply(&contoso(home));
    node
}

fn entry(list_type: &str, value: &str, action: &str) -> String {
    format!(
        "\n[[tenant_allow_block]]\nlist_type = \"{list_type}\"\nvalue = \"{value}\"\n\
         action = \"{action}\"\n"
    )
}

fn plain(subject: &str, text: &str) -> String {
    format!(
        "From: Eve <eve@stranger.example>\r\nTo: ann@contoso.example\r\nSubject: {subject}\r\n\
         Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{subject}@stranger.example>\r\n\
         \r\n{text}\r\n"
    )
}

fn with_notes(subject: &str, text: &str) -> String {
    plain(subject, "").trim_end().to_owned()
        + &format!(
            "\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\n{text}\r\n\
             --b\r\nContent-Type: text/plain; name=notes.txt\r\n\
             Content-Disposition: attachment; filename=notes.txt\r\n\r\n{MARK}\r\n--b--\r\n"
        )
}

fn write(node: &Node, content: &str) {
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.stranger.example");
    let answer = session.send_message("eve@stranger.example", "ann@contoso.example", content);
    assert_eq!(answer.code, 250, "{answer}");
}

/// Waits until a message was tried and waits for its next time.
fn wait_until_deferred(node: &Node, count: usize) {
    wait_for("what was deferred waits", || {
        let rows = node.json(&["queue"]);
        (rows.len() == count && rows.iter().all(|row| row["attempts"] == 1)).then_some(())
    });
}

fn wait_for_change(node: &Node, outcome: &str) -> Value {
    wait_for("the change is listed", || {
        let rows = node.json(&["zero-hour", "list", "--tenant", "contoso"]);
        rows.into_iter().find(|row| row["outcome"] == outcome)
    })
}

fn defer(home: &NextHop) {
    home.obey(|command| command.starts_with("MAIL").then(|| "451 4.3.2 later".to_owned()));
}

#[test]
fn what_waits_is_kept_when_its_sender_is_blocked_and_released_by_an_administrator_only() {
    let home = NextHop::start();
    defer(&home);
    let node = stage(&home, &settings());
    write(&node, &plain("Lunch", "Shall we meet at noon on Thursday?"));
    wait_until_deferred(&node, 1);
    node.apply(&(contoso(&home) + &entry("sender", "stranger.example", "block")));
    let change = wait_for_change(&node, "quarantined");
    assert_eq!((&change["before"], &change["now"]), (&"NONE".into(), &"HPHSH".into()), "{change}");
    assert!(change["why"]["en"].as_str().unwrap().contains("stranger.example"), "{change}");
    assert!(change["why"]["de"].as_str().unwrap().contains("Sperrliste"), "{change}");
    let text = node.ask(&["zero-hour", "list"]);
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");

    let kept = node.json(&["quarantine", "list"]).remove(0);
    assert_eq!(kept["reason"], "high-confidence-phish", "{kept}");
    let trace = node.json(&["trace"]).remove(0);
    assert_eq!((&trace["status"], &trace["reason"]), (&"Quarantined".into(), &"zero-hour".into()));
    let events = node.ask(&["events"]);
    assert!(events.contains("event 1011"), "{events}");
    home.obey(|_| None);
    node.ask(&["queue", "retry"]);
    assert!(node.json(&["queue"]).is_empty(), "nothing is left to deliver");

    let id = kept["id"].to_string();
    let user = node.cli(&["quarantine", "release", &id, "--as", "ann@contoso.example"]);
    assert!(!user.status.success(), "no user releases that");
    node.ask(&["quarantine", "release", &id]);
    home.wait_for(1);
    node.wait_for_empty_queue();
    assert_eq!(home.count(), 1, "once");
}

#[test]
fn what_is_under_way_is_delivered_once_and_listed_then() {
    let home = NextHop::start();
    let node = stage(&home, &settings());
    // The first message's data is answered when the story says so, the second is deferred.
    let (go, wait) = mpsc::channel::<()>();
    let (begun, has_begun) = mpsc::channel::<()>();
    let (wait, begun) = (Mutex::new(wait), Mutex::new(begun));
    home.obey(move |command| {
        if command == "." {
            begun.lock().unwrap().send(()).unwrap();
            wait.lock().unwrap().recv().unwrap();
        }
        None
    });
    write(&node, &plain("First", "Shall we meet at noon on Thursday?"));
    has_begun.recv_timeout(SOON).unwrap();
    let file = node.path("second.toml");
    let elsewhere = NextHop::start();
    defer(&elsewhere);
    std::fs::write(&file, contoso(&elsewhere)).unwrap();
    node.ask(&["apply", file.to_str().unwrap()]);
    write(&node, &plain("Second", "Shall we meet at noon on Friday?"));
    wait_for("the second waits", || {
        let rows = node.json(&["queue"]);
        rows.iter().any(|row| row["attempts"] == 1).then_some(())
    });

    node.apply(&(contoso(&elsewhere) + &entry("sender", "stranger.example", "block")));
    let moved = wait_for_change(&node, "quarantined");
    assert_eq!(moved["subject"], "Second", "the pass has run, and left the first alone");
    assert_eq!(node.json(&["quarantine", "list"]).len(), 1);
    assert_eq!(node.queue_length(), 1, "it is still its delivery's affair");
    go.send(()).unwrap();
    node.wait_for_empty_queue();
    assert_eq!((home.count(), elsewhere.count()), (1, 0));

    // It is looked at again by itself after a while; another change looks at once.
    let more = entry("sender", "stranger.example", "block") + &entry("url", "x.example/*", "block");
    node.apply(&(contoso(&elsewhere) + &more));
    assert_eq!(wait_for_change(&node, "delivered")["subject"], "First");
    assert_eq!(node.json(&["zero-hour", "list"]).len(), 2, "each once");
}

#[test]
fn what_was_delivered_is_listed_and_told_to_the_hook_once() {
    let home = NextHop::start();
    let folder = tempfile::tempdir().unwrap();
    let (program, told) = (folder.path().join("hook"), folder.path().join("told"));
    std::fs::write(&program, format!("#!/bin/sh\ncat >> {}\n", told.display())).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let hook = format!("\"{}\"", program.display());
    let mut node = stage(&home, &settings().with("filter.zero_hour_hook", hook));
    write(&node, &plain("Lunch", "See https://lure.example/login for the menu."));
    write(&node, &plain("Other", "Shall we meet at noon on Thursday?"));
    home.wait_for(2);
    node.wait_for_empty_queue();
    node.apply(&(contoso(&home) + &entry("url", "lure.example/*", "block")));
    let change = wait_for_change(&node, "delivered");
    assert_eq!((&change["subject"], &change["now"]), (&"Lunch".into(), &"HPHSH".into()));
    let line = wait_for("the hook is told", || {
        let text = std::fs::read_to_string(&told).unwrap_or_default();
        text.ends_with('\n').then_some(text)
    });
    let line: Value = serde_json::from_str(line.trim()).unwrap();
    assert_eq!(line["message_id"], "<Lunch@stranger.example>", "{line}");
    assert_eq!(line["recipient"], "ann@contoso.example");
    let trace = node.json(&["trace"]);
    let row = trace.iter().find(|row| row["subject"] == "Lunch").unwrap();
    assert_eq!(row["status"], "Delivered", "{row}");
    let explained = node.ask(&["explain", row["message_trace_id"].as_str().unwrap(), "--json"]);
    assert!(explained.contains("ZeroHour"), "{explained}");
    let german = ["explain", row["message_trace_id"].as_str().unwrap(), "--language", "de"];
    let german = node.ask(&german);
    assert!(german.contains("Seither   HPHSH statt NONE; vorher schon zugestellt."), "{german}");

    // Nothing is found or told twice, whatever changes or restarts.
    node.stop();
    node.run();
    let more = entry("url", "lure.example/*", "block") + &entry("url", "other.example/*", "block");
    node.apply(&(contoso(&home) + &more));
    write(&node, &plain("Third", "See https://other.example/login for the menu."));
    wait_for("the third is kept by the list itself", || {
        let rows = node.json(&["quarantine", "list"]);
        (rows.len() == 1).then_some(())
    });
    assert_eq!(node.json(&["zero-hour", "list"]).len(), 1);
    assert_eq!(std::fs::read_to_string(&told).unwrap().lines().count(), 1);
}

#[test]
fn new_rules_find_what_waits_and_give_what_is_kept_its_graver_reason() {
    let home = NextHop::start();
    defer(&home);
    let settings = settings();
    let node = stage(&home, &settings);
    let gtube = ["XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-", "ANTI-UBE-TEST-EMAIL*C.34X"];
    write(&node, &with_notes("Notes", "See the notes."));
    write(&node, &with_notes("Offer", &gtube.concat()));
    write(&node, &plain("Lunch", "Shall we meet at noon on Thursday?"));
    wait_until_deferred(&node, 2);
    assert_eq!(node.json(&["quarantine", "list"])[0]["reason"], "high-confidence-spam");

    let rules = node.path("own.yar");
    std::fs::write(&rules, format!("rule own {{ strings: $a = \"{MARK}\" condition: $a }}"))
        .unwrap();
    let with_rules = settings.with("filter.yara", format!("[\"{}\"]", rules.display()));
    node.rewrite_settings(&with_rules);
    node.signal(Signal::HUP);
    assert_eq!(wait_for_change(&node, "quarantined")["subject"], "Notes");
    let change = wait_for_change(&node, "worsened");
    assert_eq!((&change["subject"], &change["now"]), (&"Offer".into(), &"MALW".into()), "{change}");
    let kept = node.json(&["quarantine", "list"]);
    assert!(kept.iter().all(|row| row["reason"] == "malware"), "{kept:?}");
    let offer = kept.iter().find(|row| row["subject"] == "Offer").unwrap();
    let shown = node.json(&["quarantine", "show", &offer["id"].to_string()]).remove(0);
    assert!(shown["acts"].to_string().contains("worsened"), "{shown}");
    let id = offer["id"].to_string();
    let user = node.cli(&["quarantine", "release", &id, "--as", "ann@contoso.example"]);
    assert!(!user.status.success(), "no user releases malware");
    assert_eq!(node.queue_length(), 1, "the third stays");
}

#[test]
fn a_list_that_lets_a_message_through_releases_nothing_but_says_so() {
    let home = NextHop::start();
    let node = stage(&home, &settings());
    let gtube = ["XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-", "ANTI-UBE-TEST-EMAIL*C.34X"];
    write(&node, &plain("Offer", &gtube.concat()));
    node.apply(&(contoso(&home) + &entry("sender", "stranger.example", "allow")));
    let change = wait_for_change(&node, "improved");
    assert_eq!(change["before"], "HSPM", "{change}");
    assert_eq!(node.json(&["quarantine", "list"])[0]["release_status"], "not-released");
    assert_eq!(home.count(), 0);
}

#[test]
fn an_administrators_report_of_phishing_finds_the_copies_that_were_delivered() {
    let home = NextHop::start();
    let node = stage(&home, &settings());
    let content = plain("Lunch", "Shall we meet at noon on Thursday?");
    write(&node, &content);
    home.wait_for(1);
    node.wait_for_empty_queue();
    let file = node.path("reported.eml");
    std::fs::write(&file, content).unwrap();
    let file = file.to_str().unwrap();
    node.ask(&["report", "phish", file, "--tenant", "contoso", "--as", "ann@contoso.example"]);
    assert!(node.json(&["zero-hour", "list"]).is_empty(), "a user's word moves nothing");
    node.ask(&["report", "phish", file, "--tenant", "contoso", "--by", "root"]);
    let change = wait_for_change(&node, "delivered");
    assert_eq!(change["now"], "PHSH", "{change}");
    assert!(change["why"]["en"].as_str().unwrap().contains("reported"), "{change}");
}

#[test]
fn a_report_blocks_what_it_names_and_that_holds_for_mail_of_before_too() {
    let home = NextHop::start();
    defer(&home);
    let node = stage(&home, &settings());
    write(&node, &with_notes("First", "See the notes."));
    write(&node, &with_notes("Second", "See the notes."));
    write(&node, &plain("Third", "Shall we meet at noon on Thursday?"));
    wait_until_deferred(&node, 3);
    let file = node.path("reported.eml");
    std::fs::write(&file, with_notes("Reported", "See the notes.")).unwrap();
    let file = file.to_str().unwrap();
    let report = ["report", "phish", file, "--tenant", "contoso", "--block-file"];
    let user = [&report[..], &["notes.txt", "--as", "ann@contoso.example"]].concat();
    assert!(!node.cli(&user).status.success(), "users block nothing for others");
    let unknown = node.cli(&[&report[..], &["other.txt"]].concat());
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("no file other.txt"));
    node.ask(&[&report[..], &["notes.txt"]].concat());
    wait_for("both messages with that file are kept", || {
        (node.json(&["quarantine", "list", "--reason", "malware"]).len() == 2).then_some(())
    });
    assert_eq!(node.queue_length(), 1);
    let said = node.json(&["report", "phish", file, "--tenant", "contoso", "--block-sender"]);
    assert_eq!(said[1]["value"], "eve@stranger.example", "{said:?}");
    wait_for("all is kept", || (node.queue_length() == 0).then_some(()));
    let exported = node.ask(&["export", "contoso"]);
    assert_eq!(exported.matches("[[tenant_allow_block]]").count(), 2, "{exported}");
    assert!(exported.contains("reported as phish by"), "{exported}");
}
