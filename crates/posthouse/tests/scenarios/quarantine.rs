//! Quarantine from the command line: what is kept is listed, shown, exported, asked for, denied,
//! released once and deleted, and policies say whom they are for.

use crate::common::{Authority, Dialogue, NextHop, Node, Settings, tenant, wait_for};

const QUARANTINE_SPAM: &str = "\n[[anti_spam_policy]]\nname = \"Default\"\n\
    high_confidence_spam_action = \"quarantine\"\nspam_action = \"quarantine\"\n";

/// The test string that makes a message spam for every filter.
fn gtube() -> String {
    ["XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-", "ANTI-UBE-TEST-EMAIL*C.34X"].concat()
}

fn eicar() -> String {
    let halves = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!$H+H*"];
    halves.concat()
}

fn stage(home: &NextHop) -> Node {
    let node = Node::start(&Authority::new("Example"), &Settings::default());
    node.apply(&(tenant("contoso", "contoso.example", &home.smart_host()) + QUARANTINE_SPAM));
    node
}

fn write(node: &Node, subject: &str, text: &str) {
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.stranger.example");
    session.expect(250, "MAIL FROM:<eve@stranger.example>");
    session.expect(250, "RCPT TO:<ann@contoso.example>");
    session.expect(354, "DATA");
    let content = format!(
        "From: Eve <eve@stranger.example>\r\nTo: ann@contoso.example\r\nSubject: {subject}\r\n\
         Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{subject}@stranger.example>\r\n\
         \r\n{text}\r\n"
    );
    session.send(content.as_bytes());
    assert_eq!(session.say("\r\n.").code, 250);
}

fn id_of(node: &Node, subject: &str) -> String {
    let rows = node.json(&["quarantine", "list", "--subject", subject]);
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows[0]["id"].to_string()
}

fn status(node: &Node, id: &str) -> String {
    node.json(&["quarantine", "show", id])[0]["release_status"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_kept_is_listed_shown_exported_and_released_once() {
    let home = NextHop::start();
    let node = stage(&home);
    write(&node, "Offer", &gtube());
    let rows = node.json(&["quarantine", "list", "--tenant", "contoso"]);
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(rows[0]["recipient"], "ann@contoso.example");
    assert_eq!(rows[0]["policy_type"], "anti-spam-policy");
    assert_eq!(rows[0]["release_status"], "not-released");
    assert!(node.json(&["queue"]).is_empty(), "the queue does not show what is in quarantine");
    assert!(node.json(&["quarantine", "list", "--reason", "malware"]).is_empty());

    let id = id_of(&node, "Offer");
    let exported = node.ask(&["quarantine", "export", &id]);
    assert!(exported.contains(&gtube()), "{exported}");
    node.ask(&["quarantine", "release", &id, "--by", "root"]);
    let again = node.json(&["quarantine", "release", &id, "--by", "root"]);
    assert_eq!(again[0]["changed"], false, "{again:?}");
    let text = home.wait_for(1)[0].text();
    assert!(text.contains(&gtube()), "{text}");
    let unfolded = text.replace("\r\n ", "");
    assert!(unfolded.contains("SCL:-1;SRV:;IPV:NLI;SFV:SKQ;"), "released: {text}");
    assert!(text.contains("X-MS-Exchange-Organization-SCL: -1\r\n"), "{text}");
    let shown = node.json(&["quarantine", "show", &id]);
    let acts: Vec<_> = shown[0]["acts"].as_array().unwrap().iter().map(|act| &act["act"]).collect();
    assert_eq!(acts, ["quarantined", "exported", "released"], "{shown:?}");
    assert_eq!(shown[0]["released_by"], "root");
    wait_for("the trace to say that it went out", || {
        let trace = node.json(&["trace"]);
        (trace[0]["status"] == "Delivered").then_some(())
    });
    assert_eq!(home.count(), 1, "once");
}

#[test]
fn a_user_asks_and_an_administrator_denies_or_deletes() {
    let home = NextHop::start();
    let node = stage(&home);
    write(&node, "Offer", &gtube());
    let id = id_of(&node, "Offer");
    let ann = ["--as", "ann@contoso.example"];
    node.ask(&[&["quarantine", "request", id.as_str()], ann.as_slice()].concat());
    assert_eq!(status(&node, &id), "requested");
    node.ask(&["quarantine", "deny", &id]);
    assert_eq!(status(&node, &id), "denied");
    node.ask(&["quarantine", "delete", &id]);
    assert!(node.json(&["quarantine", "list"]).is_empty());
    assert_eq!(home.count(), 0);
}

#[test]
fn web_07_a_user_never_releases_malware() {
    let home = NextHop::start();
    let node = stage(&home);
    write(&node, "Invoice", &eicar());
    let id = id_of(&node, "Invoice");
    for arguments in [
        vec!["quarantine", "release", &id, "--as", "ann@contoso.example"],
        vec!["quarantine", "release", &id, "--as", "eve@stranger.example"],
        vec!["quarantine", "release", &id],
    ] {
        let refused = node.cli(&arguments);
        assert!(!refused.status.success(), "{arguments:?}");
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(said.contains("not permitted") || said.contains("malware"), "{said}");
    }
    assert_eq!(home.count(), 0);
}

#[test]
fn a_release_may_let_the_sender_in_and_who_may_not_list_him_cannot() {
    let home = NextHop::start();
    let node = stage(&home);
    let senders = || node.json(&["recipient", "senders", "contoso", "ann@contoso.example"]).len();
    for subject in ["First", "Second", "Third"] {
        write(&node, subject, &gtube());
    }
    let (first, second) = (id_of(&node, "First"), id_of(&node, "Second"));
    let ann = ["--as", "ann@contoso.example"];
    // Full access has AllowSender and not BlockSender.
    let refused = node.cli(&[&["quarantine", "block-sender", &first], &ann[..]].concat());
    assert!(!refused.status.success());
    assert_eq!(senders(), 0);
    let released = [&["quarantine", "release", &first, "--allow-sender"], &ann[..]].concat();
    let lines = node.json(&released);
    assert_eq!(
        (lines[0]["act"].as_str(), lines[1]["sender"].as_str()),
        (Some("released"), Some("eve@stranger.example")),
        "{lines:?}"
    );
    assert_eq!(senders(), 1);
    let acts = node.json(&["quarantine", "show", &first])[0]["acts"].to_string();
    assert!(acts.contains("sender-allowed"), "{acts}");
    write(&node, "Fourth", &gtube());
    assert!(node.json(&["quarantine", "list", "--subject", "Fourth"]).is_empty(), "ann knows eve");

    // An administrator's word is for the whole tenant, and the latest counts.
    for (verb, word) in
        [(vec!["release", "--allow-sender"], "allow"), (vec!["block-sender"], "block")]
    {
        let id = if word == "allow" { second.clone() } else { id_of(&node, "Third") };
        node.json(&[&["quarantine"], &verb[..], &[id.as_str()]].concat());
        let file = node.ask(&["export", "contoso"]);
        let entries = file.matches("[[tenant_allow_block]]").count();
        assert_eq!(entries, 1, "{file}");
        assert!(file.contains(&format!("action = \"{word}\"")), "{file}");
    }
}

#[test]
fn policies_say_whom_they_are_for() {
    let home = NextHop::start();
    let node = stage(&home);
    let preview = node.json(&["policy", "preview", "--recipient", "ann@contoso.example"]);
    let applied: Vec<_> = preview.iter().filter(|line| line["applies"] == true).collect();
    assert_eq!(applied.len(), 3, "{preview:?}");
    let listed = node.json(&["policy", "list", "contoso"]);
    assert_eq!(listed.len(), 9, "two presets and three policies: {listed:?}");
    let shown = node.json(&["policy", "show", "contoso", "default"]);
    assert_eq!(shown[0]["settings"]["spam_action"], "quarantine", "{shown:?}");
}

#[test]
fn a_release_is_scanned_with_the_rules_that_the_node_has() {
    let home = NextHop::start();
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("own.yar");
    std::fs::write(&rules, "rule own { strings: $a = \"a-mark-of-our-own\" condition: $a }")
        .unwrap();
    let settings = Settings::default().with("filter.yara", format!("[\"{}\"]", rules.display()));
    let node = Node::start(&Authority::new("Example"), &settings);
    node.apply(&tenant("contoso", "contoso.example", &home.smart_host()));
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.stranger.example");
    let content = "From: Eve <eve@stranger.example>\r\nTo: ann@contoso.example\r\n\
        Subject: Notes\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/plain\r\n\r\nSee the notes.\r\n\
        --b\r\nContent-Type: text/plain; name=notes.txt\r\n\
        Content-Disposition: attachment; filename=notes.txt\r\n\r\na-mark-of-our-own\r\n--b--\r\n";
    let answer = session.send_message("eve@stranger.example", "ann@contoso.example", content);
    assert_eq!(answer.code, 250, "{answer}");
    let id = id_of(&node, "Notes");
    let refused = node.cli(&["quarantine", "release", &id]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("malware"), "{said}");
    assert_eq!(home.count(), 0);
}
