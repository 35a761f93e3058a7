//! Evidence: the sending server's own logs, reports and events tell the cause, before the repair
//! and after it; and whatever is handed in, the last line on standard output is JSON.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

use crate::common::{Authority, Dialogue, NextHop, Node, Sent, Settings, tenant, wait_for};

/// Runs the verb on files, wherever a node is.
fn evidence(files: &[PathBuf], json: bool) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_posthouse"));
    command.arg("evidence").args(files);
    if json {
        command.arg("--json");
    }
    command.output().unwrap()
}

/// The last line on standard output, and the exit status.
fn verdict(files: &[PathBuf]) -> (Value, i32) {
    let output = evidence(files, true);
    let text = String::from_utf8(output.stdout).unwrap();
    let last = text.lines().last().unwrap();
    (serde_json::from_str(last).unwrap(), output.status.code().unwrap())
}

/// The files of the send log, written by now or not.
fn send_logs(node: &Node) -> Vec<PathBuf> {
    let folder = node.data().join("ProtocolLog").join("SmtpSend");
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// Contoso on its own premises: its mailboxes here, everybody else behind the gateway.
fn on_premises(mailboxes: &NextHop, gateway: &Node, lines: &str) -> String {
    let gateway = gateway.smtp();
    format!(
        r#"
[tenant]
name = "contoso"

[[accepted_domain]]
name = "contoso.example"
verified = true

[[inbound_connector]]
name = "Applications"
connector_type = "on-premises"
sender_ip_addresses = ["127.0.0.1"]

[[outbound_connector]]
name = "Mailboxes"
connector_type = "on-premises"
recipient_domains = ["contoso.example"]
smart_hosts = ["{}"]

[[outbound_connector]]
name = "To the gateway"
connector_type = "partner"
recipient_domains = ["*"]
smart_hosts = ["{gateway}"]
{lines}
"#,
        mailboxes.smart_host()
    )
}

fn send(sender: &Node) {
    let mut session = Dialogue::connect(sender.smtp());
    session.expect(250, "EHLO pc17.contoso.example");
    let body = "From: ann@contoso.example\r\nSubject: Offer\r\n\
                Message-ID: <1@contoso.example>\r\n\r\nHello Bob.";
    let answer = session.send_message("ann@contoso.example", "bob@elsewhere.example", body);
    assert_eq!(answer.code, 250, "{answer}");
}

#[test]
fn the_senders_own_log_report_and_the_gateways_events_name_the_missing_certificate() {
    let authority = Authority::new("Example");
    let (world, mailboxes) = (NextHop::start(), NextHop::start());
    let gateway = Node::start(&authority, &Settings::default());
    gateway.apply(&tenant("contoso", "contoso.example", &world.smart_host()));
    let sender = Node::start(&authority, &Settings::default());
    let ours = authority.issue(&["mail.contoso.example"]);
    let (certificate, key) = ours.write(sender.folder(), "ours", Sent::LeafOnly);
    let lines = format!(
        "tls_settings = \"encryption-only\"\ntls_certificate = {certificate:?}\ntls_key = {key:?}"
    );
    sender.apply(&on_premises(&mailboxes, &gateway, &lines));
    send(&sender);

    // The send log alone.
    let logs = wait_for("the refusal is in the send log", || {
        let logs = send_logs(&sender);
        logs.iter()
            .any(|log| fs::read_to_string(log).unwrap().contains("was not sent"))
            .then_some(logs)
    });
    let (found, exit) = verdict(&logs);
    assert_eq!((found["cause"].as_str(), exit), (Some("chain-incomplete"), 1), "{found}");
    assert_eq!(found["confidence"], "certain");
    assert!(
        found["proof"][0]["text"].as_str().unwrap().contains("Example Issuing CA 1"),
        "{found}"
    );
    let line = found["proof"][0]["line"].as_u64().unwrap() as usize;
    let log = fs::read_to_string(found["proof"][0]["file"].as_str().unwrap()).unwrap();
    assert!(log.lines().nth(line - 1).unwrap().contains("Example Issuing CA 1"));
    assert!(found["fix"].to_string().contains("LocalMachine"), "{found}");
    assert!(found["fix"].to_string().contains("http://pki.example/issuing1.cer"), "{found}");

    // The notice in ann's mailbox alone.
    let notice = mailboxes.wait_for(1).remove(0);
    let report = sender.path("notice.eml");
    fs::write(&report, &notice.content).unwrap();
    let (found, _) = verdict(std::slice::from_ref(&report));
    assert_eq!(found["cause"], "chain-incomplete", "{found}");
    assert_eq!(found["confidence"], "certain");

    // The gateway's events alone; and all together, for people.
    let events = sender.path("events.xml");
    fs::write(&events, gateway.ask(&["events", "--format", "xml"])).unwrap();
    let (found, _) = verdict(std::slice::from_ref(&events));
    assert_eq!(
        (&found["cause"], &found["confidence"]),
        (&"chain-incomplete".into(), &"certain".into())
    );
    let output = evidence(&[&logs[..], &[report, events]].concat(), false);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("Cause    chain-incomplete (certain"), "{text}");

    // Mended: the log still names the cause, and says that mail flows again.
    ours.write(sender.folder(), "ours", Sent::FullChain);
    sender.ask(&["queue", "retry"]);
    world.wait_for(1);
    let why = wait_for("the success is in the log", || {
        let (found, _) = verdict(&send_logs(&sender));
        found["why"].as_str().filter(|why| why.contains("Since then")).map(str::to_owned)
    });
    assert!(why.contains("took a message"), "{why}");
}

#[test]
fn a_log_in_which_all_went_well_says_so() {
    let authority = Authority::new("Example");
    let (world, mailboxes) = (NextHop::start(), NextHop::start());
    let gateway = Node::start(&authority, &Settings::default());
    gateway.apply(&tenant("contoso", "contoso.example", &world.smart_host()));
    let sender = Node::start(&authority, &Settings::default());
    let ours = authority.issue(&["mail.contoso.example"]);
    let (certificate, key) = ours.write(sender.folder(), "ours", Sent::FullChain);
    let lines = format!(
        "tls_settings = \"encryption-only\"\ntls_certificate = {certificate:?}\ntls_key = {key:?}"
    );
    sender.apply(&on_premises(&mailboxes, &gateway, &lines));
    send(&sender);
    world.wait_for(1);
    let (found, exit) = wait_for("the message is in the log", || {
        let (found, exit) = verdict(&send_logs(&sender));
        (found["cause"] == "none").then_some((found, exit))
    });
    assert_eq!((found["confidence"].as_str(), exit), (Some("certain"), 0), "{found}");
}

#[test]
fn whatever_is_handed_in_the_last_line_is_json() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.log");
    fs::write(&empty, "").unwrap();
    let random = folder.path().join("random.evtx");
    fs::write(&random, [&b"ElfFile\0"[..], &[0xa5; 100_000]].concat()).unwrap();
    for file in
        [empty, random, folder.path().to_owned(), folder.path().join("none"), "/dev/zero".into()]
    {
        let (found, exit) = verdict(std::slice::from_ref(&file));
        assert_eq!((found["cause"].as_str(), exit), (Some("unknown"), 1), "{found}");
        assert_eq!(found["notes"].as_array().unwrap().len(), 1, "{found}");
    }
    let wrong_call = Command::new(env!("CARGO_BIN_EXE_posthouse"))
        .args(["evidence", "--json"])
        .output()
        .unwrap();
    assert_eq!(wrong_call.status.code(), Some(2));
    let text = String::from_utf8(wrong_call.stdout).unwrap();
    let found: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(found["cause"], "unknown", "{found}");
}
