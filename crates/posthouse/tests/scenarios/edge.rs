//! The edge as an administrator meets it: the preflight, the story with its own logs, a gateway
//! that is down, the pickup folder, and the verbs of the office.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::Value;

use crate::common::{Authority, Dialogue, NextHop, Node, Sent, Settings, tenant, wait_for};

const BODY: &str = "From: ann@contoso.example\r\nSubject: Quarterly figures\r\n\r\nAttached.";

/// An edge's file. `[relay]` is the last table, so that more of it may follow.
pub(crate) fn settings(smart_host: &str, edge: &str, rest: &str) -> String {
    format!(
        r#"
[node]
name = "mail.contoso.example"
data_dir = "data"

[trust]
roots = "root.pem"

[dns]
servers = []

[queue]
retry_seconds = [1, 1, 1]
retry_interval_seconds = 1

[edge]
accepted_domains = ["contoso.example"]
listen = ["127.0.0.1:0"]
{edge}
{rest}

[relay]
smart_hosts = ["{smart_host}"]
"#
    )
}

const CERTIFICATE: &str = "certificate = \"relay.pem\"\nkey = \"relay.key\"\n";

fn run_edge(node: &Node, options: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_posthouse"))
        .args(["edge", "--config"])
        .arg(node.path("node.toml"))
        .args(options)
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_chain_that_would_be_refused_keeps_the_edge_from_starting_and_the_message_is_the_repair() {
    let authority = Authority::new("Example");
    let file = settings("127.0.0.1:9", "", "") + CERTIFICATE;
    let node = Node::prepare_edge(&authority, &file, &["edge"]);
    let identity = authority.issue(&["mail.contoso.example"]);
    identity.write(node.folder(), "relay", Sent::LeafOnly);
    let (status, words) = run_edge(&node, &[]);
    assert_eq!(status, Some(1), "{words}");
    for part in [
        "chain-incomplete",
        "CN=Example Issuing CA 1",
        "was not sent",
        "http://pki.example/issuing1.cer",
        "cat intermediate.pem >>",
        "relay.pem",
        "--skip-preflight",
    ] {
        assert!(words.contains(part), "no {part} in {words}");
    }

    // The same file through `check`, before anybody starts anything.
    let check = String::from_utf8(node.cli(&["check"]).stdout).unwrap();
    assert!(check.contains("chain-incomplete"), "{check}");

    identity.write(node.folder(), "relay", Sent::FullChain);
    fs::write(node.path("node.toml"), format!("{file}expected_name = \"smtp.contoso.example\"\n"))
        .unwrap();
    let (status, words) = run_edge(&node, &[]);
    assert_eq!(status, Some(1), "{words}");
    assert!(words.contains("name-mismatch") && words.contains("smtp.contoso.example"), "{words}");
}

#[test]
fn each_kind_of_settings_file_has_its_own_verb() {
    let authority = Authority::new("Example");
    let gateway = Node::prepare(&authority, &Settings::default());
    let (status, words) = run_edge(&gateway, &[]);
    assert!(status == Some(1) && words.contains("posthouse serve"), "{words}");
    let node = Node::prepare_edge(&authority, &settings("127.0.0.1:9", "", ""), &["edge"]);
    let refused = node.cli(&["serve"]);
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && words.contains("posthouse edge"), "{words}");
}

/// The story of the README, on the sender's side, with IIS' log.
#[test]
fn a_refused_relay_is_told_in_the_edges_own_logs_and_goes_out_once_the_chain_is_mended() {
    let authority = Authority::new("Example");
    let (next_hop, mailbox) = (NextHop::start(), NextHop::start());
    let gateway = Node::start(&authority, &Settings::default());
    gateway.apply(&tenant("contoso", "contoso.example", &next_hop.smart_host()));

    let home = format!("mailbox_server = \"{}\"", mailbox.smart_host());
    let logs = "[log]\nsend = \"iis\"\nreceive = \"exchange\"\n";
    let gateway_port = gateway.smtp().port();
    let file = settings(&format!("127.0.0.1:{gateway_port}"), &home, logs) + CERTIFICATE;
    let file =
        file.clone() + "tls_settings = \"domain-validation\"\ntls_domain = \"gw.example.net\"\n";
    let mut edge = Node::prepare_edge(&authority, &file, &["edge", "--skip-preflight"]);
    let identity = authority.issue(&["mail.contoso.example"]);
    let (certificate, _) = identity.write(edge.folder(), "relay", Sent::LeafOnly);
    edge.run();
    assert!(edge.log().contains("preflight skipped"), "{}", edge.log());

    let mut application = Dialogue::connect(edge.smtp());
    application.expect(250, "EHLO app01");
    let taken = application.send_message("ann@contoso.example", "bob@elsewhere.example", BODY);
    assert_eq!(taken.code, 250, "{taken}");
    application.expect(221, "QUIT");

    // Ann hears of it at once, in the gateway's words.
    let notice = mailbox.wait_for(1).remove(0).text();
    for words in ["Status: 5.7.64", "Action: delayed", "CN=Example Issuing CA 1"] {
        assert!(notice.contains(words), "no {words} in {notice}");
    }
    let waiting = edge.json(&["queue"]);
    assert_eq!(waiting[0]["reason"], "relay-refused", "{waiting:?}");

    // Her administrator finds the line that every forum quotes, with the rest of the words.
    let log = log_file(&edge, "SMTPSVC1", "ex");
    let line = log
        .lines()
        .find(|line| line.contains("550+5.7.64+TenantAttribution;+Relay+Access+Denied+[gw.example"))
        .unwrap_or_else(|| panic!("no such line in {log}"));
    let expected = format!("OutboundConnectionResponse SMTPSVC1 MAIL - {gateway_port} - - 550+");
    assert!(line.contains(&expected), "{line}");
    assert!(line.ends_with("SMTP - - - -") && line.split(' ').count() == 21, "{line}");
    assert!(line.contains("Example+Issuing+CA+1"), "{line}");
    let received = log_file(&edge, "SmtpReceive", "RECV");
    assert!(received.starts_with("#Software: Microsoft Exchange Server\r\n"), "{received}");
    assert!(received.contains(",<,MAIL FROM:<ann@contoso.example>,"), "{received}");
    assert!(received.contains(",>,\"250 2.6.0 [InternalId="), "{received}");

    // The program reads its own log, and finds the cause.
    let file = edge.data().join("ProtocolLog/SMTPSVC1");
    let file = fs::read_dir(file).unwrap().next().unwrap().unwrap().path();
    let binary = env!("CARGO_BIN_EXE_posthouse");
    let read = Command::new(binary).arg("evidence").arg(file).arg("--json").output().unwrap();
    let found = String::from_utf8_lossy(&read.stdout).into_owned();
    let found: Value = serde_json::from_str(found.lines().last().unwrap()).unwrap();
    assert_eq!(found["cause"], "chain-incomplete", "{found}");

    // One certificate is appended, and nothing else is touched.
    let mended = fs::read_to_string(&certificate).unwrap() + &authority.issuing_pem;
    fs::write(&certificate, mended).unwrap();
    assert_eq!(next_hop.wait_for(1)[0].body(), "Attached.\r\n");
    edge.wait_for_empty_queue();
}

fn log_file(node: &Node, folder: &str, prefix: &str) -> String {
    let folder = node.data().join("ProtocolLog").join(folder);
    let entries = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap());
    let file = entries
        .into_iter()
        .find(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .unwrap();
    fs::read_to_string(file.path()).unwrap()
}

/// A smart host that speaks TLS and asks for nothing.
fn smart_host(authority: &Authority) -> NextHop {
    NextHop::with_tls(&authority.issue(&["gw.example.net"]), Sent::FullChain)
}

#[test]
fn a_renewal_is_taken_up_and_a_bad_one_leaves_the_old_chain_in_use() {
    let authority = Authority::new("Example");
    let hop = smart_host(&authority);
    let file = settings(&hop.smart_host(), "", "") + CERTIFICATE;
    let mut edge = Node::prepare_edge(&authority, &file, &["edge"]);
    authority.issue(&["mail.contoso.example"]).write(edge.folder(), "relay", Sent::FullChain);
    edge.run();

    authority.issue(&["mail.contoso.example"]).write(edge.folder(), "relay", Sent::LeafOnly);
    let told = |words: &str| {
        wait_for(words, || {
            let events = edge.json(&["events"]);
            events.iter().any(|event| event.to_string().contains(words)).then_some(())
        });
    };
    told("The certificate read before stays in use.");
    let mut application = Dialogue::connect(edge.smtp());
    application.expect(250, "EHLO app01");
    application.send_message("ann@contoso.example", "bob@elsewhere.example", BODY);
    hop.wait_for(1);

    authority.issue(&["mail.contoso.example"]).write(edge.folder(), "relay", Sent::FullChain);
    told("passed the preflight");
}

#[test]
fn while_the_gateway_is_down_everything_waits_and_then_goes() {
    let authority = Authority::new("Example");
    let reserved = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = reserved.local_addr().unwrap().to_string();
    drop(reserved);
    let mut edge = Node::prepare_edge(&authority, &settings(&address, "", ""), &["edge"]);
    edge.run();
    let mut application = Dialogue::connect(edge.smtp());
    application.expect(250, "EHLO app01");
    for number in 0..3 {
        let sender = format!("app{number}@contoso.example");
        let taken = application.send_message(&sender, "bob@elsewhere.example", BODY);
        assert_eq!(taken.code, 250, "{taken}");
    }
    wait_for("the queue says why", || {
        let waiting = edge.json(&["queue"]);
        let said = waiting.iter().filter(|entry| entry["reason"] == "connection-failed").count();
        (said == 3).then_some(())
    });
    edge.kill();
    edge.run();
    let hop =
        NextHop::with_tls_at(&address, &authority.issue(&["gw.example.net"]), Sent::FullChain);
    hop.wait_for(3);
    edge.wait_for_empty_queue();
}

#[test]
fn only_the_listed_networks_relay_without_logging_in() {
    let authority = Authority::new("Example");
    let file = settings("127.0.0.1:9", "networks = [\"10.0.0.0/8\"]", "");
    let mut edge = Node::prepare_edge(&authority, &file, &["edge"]);
    edge.run();
    let mut stranger = Dialogue::connect(edge.smtp());
    stranger.expect(250, "EHLO app01");
    stranger.expect(250, "MAIL FROM:<ann@contoso.example>");
    let refusal = stranger.expect(550, "RCPT TO:<bob@elsewhere.example>");
    assert!(refusal.text().contains("5.7.54 Unable to relay"), "{refusal}");
    let explained = edge.explain(&refusal.reference());
    assert_eq!(explained["reason"], "relay-not-permitted");
    assert!(explained.to_string().contains("127.0.0.1"), "{explained}");
    stranger.expect(550, "RCPT TO:<ann@contoso.example>");
}

#[test]
fn files_in_the_pickup_folder_are_sent_and_those_that_cannot_be_say_why() {
    let authority = Authority::new("Example");
    let hop = smart_host(&authority);
    let file = settings(&hop.smart_host(), "pickup = \"pickup\"", "");
    let mut edge = Node::prepare_edge(&authority, &file, &["edge"]);
    let pickup = edge.path("pickup");
    fs::create_dir(&pickup).unwrap();
    // Left over from a process that was killed while it read it.
    fs::write(
        pickup.join("left.tmp"),
        "From: app@contoso.example\nTo: left@elsewhere.example\n\nLeft over.\n",
    )
    .unwrap();
    edge.run();
    fs::write(
        pickup.join("one.eml"),
        "X-Sender: bounce@contoso.example\nX-Receiver: carl@elsewhere.example\n\
         From: app@contoso.example\nTo: bob@elsewhere.example\nBcc: dora@elsewhere.example\n\
         Subject: Nightly\n\nDone.\n.\n",
    )
    .unwrap();
    fs::write(pickup.join("bad.eml"), "From: app@contoso.example\n\nNobody to send it to.\n")
        .unwrap();
    let secret = edge.path("secret");
    fs::write(&secret, "From: a@contoso.example\nTo: thief@elsewhere.example\n\nsecret\n").unwrap();
    symlink(&secret, pickup.join("link.eml")).unwrap();

    let delivered = hop.wait_for(2);
    let one = delivered.iter().find(|message| message.text().contains("Nightly")).unwrap();
    assert!(one.mail.contains("<bounce@contoso.example>"), "{}", one.mail);
    assert_eq!(one.recipients.len(), 1);
    assert!(one.recipients[0].contains("carl@elsewhere.example"));
    assert_eq!(one.body(), "Done.\r\n.\r\n");
    for absent in ["X-Sender", "X-Receiver", "Bcc", "dora"] {
        assert!(!one.text().contains(absent), "{absent} in {}", one.text());
    }
    assert!(one.text().contains("\r\nMessage-ID: <") && one.text().contains("\r\nDate: "));

    let why = |name: &str| {
        wait_for("the text beside a refused file", || {
            fs::read_to_string(pickup.join("badmail").join(name))
                .ok()
                .filter(|text| !text.is_empty())
        })
    };
    assert!(why("bad.txt").contains("names no recipient"));
    assert!(why("link.txt").contains("symbolic link"));
    let left: Vec<_> =
        fs::read_dir(&pickup).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["badmail"]);
    let rows = edge.json(&["trace", "--recipient", "carl@elsewhere.example"]);
    assert!(rows[0].to_string().contains("the pickup folder"), "{rows:?}");
    assert_eq!(hop.count(), 2);
}

#[test]
fn the_verbs_of_the_office_answer_for_an_edge_and_leave_its_organisation_alone() {
    let authority = Authority::new("Example");
    let mut edge = Node::prepare_edge(&authority, &settings("127.0.0.1:9", "", ""), &["edge"]);
    edge.run();
    for verb in [&["queue"][..], &["trace"], &["events"], &["export"], &["check"]] {
        edge.ask(verb);
    }
    fs::write(edge.path("other.toml"), tenant("other", "other.example", "127.0.0.1:9")).unwrap();
    let refused = edge.cli(&["apply", edge.path("other.toml").to_str().unwrap()]);
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && words.contains("settings file"), "{words}");
    edge.stop();
    assert!(edge.ask(&["export"]).contains("Relay"));
}

#[test]
fn an_entry_of_the_personal_store_passes_once_the_ca_store_completes_it() {
    let authority = Authority::new("Example");
    let file = settings("127.0.0.1:9", "", "") + "certificate = \"personal:mail\"\n";
    let mut edge = Node::prepare_edge(&authority, &file, &["edge"]);
    let identity = authority.issue(&["mail.contoso.example"]);
    let (leaf, key) = identity.write(edge.folder(), "relay", Sent::LeafOnly);
    let (leaf, key) = (leaf.to_str().unwrap(), key.to_str().unwrap());
    edge.ask(&["cert", "import", leaf, key, "--name", "mail"]);
    let (status, words) = run_edge(&edge, &[]);
    assert_eq!(status, Some(1), "{words}");
    assert!(words.contains("chain-incomplete") && words.contains("cert obtain"), "{words}");
    assert!(!words.contains(">> personal:mail"), "{words}");

    let issuing = edge.path("issuing.pem");
    fs::write(&issuing, &authority.issuing_pem).unwrap();
    edge.ask(&["cert", "import", issuing.to_str().unwrap()]);
    edge.run();
    assert!(edge.ask(&["check"]).contains("passes the preflight"));
}
