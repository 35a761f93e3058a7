//! What a tenant's people say of messages: its own filter learns from it, nobody else's does, and a
//! restart keeps it.

use serde_json::Value;

use crate::common::{Authority, Dialogue, NextHop, Node, Settings, tenant};

const QUARANTINE_ALL: &str = "\n[[anti_spam_policy]]\nname = \"Default\"\n\
    high_confidence_spam_action = \"quarantine\"\nspam_action = \"quarantine\"\n\
    phish_spam_action = \"quarantine\"\n";

/// Spam by its wording, and by little else.
const OFFER: &str = "Congratulations, dear winner! You have won the lottery of 5,000,000 dollars. \
    Claim your prize money now: send your bank account details and a small transfer fee today, \
    100% free, no risk, act now, cheap pills, casino bonus, click here.";

fn stage(home: &NextHop) -> Node {
    let node = Node::start(&Authority::new("Example"), &Settings::default());
    for name in ["contoso", "fabrikam"] {
        let domain = format!("{name}.example");
        node.apply(&(tenant(name, &domain, &home.smart_host()) + QUARANTINE_ALL));
    }
    node
}

fn content(to: &str, subject: &str) -> String {
    format!(
        "From: Prizes <eve@stranger.example>\r\nTo: {to}\r\nSubject: {subject}\r\n\
         Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{subject}@stranger.example>\r\n\
         \r\n{OFFER}\r\n"
    )
}

/// Sends the offer to a tenant; its judgement.
fn judged(node: &Node, tenant: &str) -> Value {
    let to = format!("ann@{tenant}.example");
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.stranger.example");
    let answer = session.send_message("eve@stranger.example", &to, &content(&to, "Prize"));
    assert_eq!(answer.code, 250, "{answer}");
    let text = answer.text();
    let reference = text.split("InternalId=").nth(1).unwrap().split(',').next().unwrap().to_owned();
    node.explain(&reference)["judgement"].clone()
}

fn reason<'a>(judgement: &'a Value, id: &str) -> Option<&'a Value> {
    judgement["reasons"].as_array().unwrap().iter().find(|reason| reason["id"] == id)
}

fn score(judgement: &Value) -> f64 {
    judgement["score"].as_f64().unwrap()
}

#[test]
fn what_one_tenant_releases_changes_its_own_verdicts_alone_and_a_restart_keeps_it() {
    let home = NextHop::start();
    let mut node = stage(&home);
    let before = judged(&node, "contoso");
    assert!(score(&before) > 4.0, "the story needs spam: {before}");
    let kept = node.json(&["quarantine", "list", "--tenant", "contoso"]);
    let id = kept[0]["id"].to_string();
    node.ask(&["quarantine", "release", &id, "--report-false-positive", "--by", "root"]);
    for _ in 0..4 {
        let kept =
            node.json(&["quarantine", "list", "--tenant", "contoso", "--status", "not-released"]);
        let Some(row) = kept.first() else {
            judged(&node, "contoso");
            continue;
        };
        node.ask(&["quarantine", "release", &row["id"].to_string(), "--report", "--by", "root"]);
    }

    let after = judged(&node, "contoso");
    assert!(score(&after) < score(&before) - 0.3, "{after}");
    let told = reason(&after, "words-like-released-here").unwrap();
    assert!(told["weight"].as_f64().unwrap() < 0.0, "{told}");
    assert!(told["text"]["en"].as_str().unwrap().contains("has released such mail before"));
    assert!(told["text"]["de"].as_str().unwrap().contains("freigegeben"), "{told}");
    let others = judged(&node, "fabrikam");
    assert!((score(&others) - score(&before)).abs() < 0.01, "{others}");
    assert!(reason(&others, "words-like-released-here").is_none());
    let reports = node.json(&["report", "list", "--tenant", "contoso"]);
    assert_eq!(reports.last().unwrap()["by"], "root", "{reports:?}");
    assert_eq!(reports.last().unwrap()["said"], "not-junk");
    assert!(node.json(&["report", "list", "--tenant", "fabrikam"]).is_empty());

    node.stop();
    node.run();
    let kept = judged(&node, "contoso");
    assert!((score(&kept) - score(&after)).abs() < 0.01, "{kept}");
}

#[test]
fn a_file_is_reported_and_classify_judges_by_what_its_tenant_learned() {
    let home = NextHop::start();
    let node = stage(&home);
    let file = node.path("offer.eml");
    std::fs::write(&file, content("ann@contoso.example", "Prize")).unwrap();
    let file = file.to_str().unwrap();
    let classify = |name: &str| {
        let judged = node.json(&["classify", "--offline", "--tenant", name, file]);
        judged[0]["score"].as_f64().unwrap()
    };
    let before = classify("contoso");
    node.ask(&["report", "junk", file, "--tenant", "contoso"]);
    let after_one = classify("contoso");
    assert!(after_one > before + 0.3, "{before} {after_one}");
    assert!((classify("fabrikam") - before).abs() < 0.01, "another tenant's stays");
    for _ in 0..3 {
        let again = node.json(&["report", "junk", file, "--tenant", "contoso"]);
        assert_eq!(again[0]["changed"], false, "{again:?}");
    }
    assert!((classify("contoso") - after_one).abs() < 0.01, "one message counts once");
    assert_eq!(node.json(&["report", "list", "--tenant", "contoso"]).len(), 1);
    let stranger = node.cli(&[
        "report",
        "not-junk",
        file,
        "--tenant",
        "contoso",
        "--as",
        "bob@fabrikam.example",
    ]);
    assert!(!stranger.status.success(), "a user of another tenant has no say");
    for _ in 0..8 {
        node.ask(&[
            "report",
            "not-junk",
            file,
            "--tenant",
            "contoso",
            "--as",
            "ann@contoso.example",
        ]);
    }
    assert!(classify("contoso") > before - 0.1, "all users count as one administrator");
}

#[test]
fn malware_teaches_nothing() {
    let home = NextHop::start();
    let node = stage(&home);
    let halves = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!$H+H*"];
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.stranger.example");
    let text = format!("From: <eve@stranger.example>\r\nSubject: x\r\n\r\n{}\r\n", halves.concat());
    let answer = session.send_message("eve@stranger.example", "ann@contoso.example", &text);
    assert_eq!(answer.code, 250, "{answer}");
    let id = node.json(&["quarantine", "list"])[0]["id"].to_string();
    let arguments = ["quarantine", "release", &id, "--report", "--although", "I am sure"];
    let refused = node.cli(&arguments);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("nothing can be learned"), "{said}");
    assert_eq!(home.count(), 0);
    assert!(node.json(&["report", "list"]).is_empty());
}

#[test]
fn what_is_still_here_is_reported_by_its_name() {
    let home = NextHop::start();
    let node = stage(&home);
    judged(&node, "contoso");
    let kept = node.json(&["quarantine", "list"]).remove(0);
    let reference = kept["reference"].as_str().unwrap();
    for which in [["--reference", reference], ["--message-id", "<Prize@stranger.example>"]] {
        let said = node.json(&[&["report", "not-junk"], &which[..]].concat());
        assert_eq!(said[0]["tenant"], "contoso", "{said:?}");
        assert_eq!(said[0]["quarantine"], kept["id"], "{said:?}");
    }
    let refused = |more: &[&str], words: &str| {
        let output = node.cli(&[&["report", "junk"], more].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(words), "{said}");
    };
    refused(&["--message-id", "<other@stranger.example>"], "not here any more");
    refused(&["--reference", reference, "--tenant", "fabrikam"], "not here any more");
    refused(&["--reference", reference, "--as", "bob@contoso.example"], "no recipient");
    refused(&["nowhere.eml"], "--tenant");
    let told = "one message counts once, and what was refused taught nothing";
    assert_eq!(node.json(&["report", "list"]).len(), 1, "{told}");
}
