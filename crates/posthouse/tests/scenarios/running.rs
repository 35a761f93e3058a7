//! Running it: settings that are wrong, reloads, certificates that are renewed, an orderly end.

use std::fs;
use std::process::Command;

use rustix::process::Signal;

use crate::common::{
    Authority, Dialogue, NextHop, Node, Sent, Settings, tenant_by_address, wait_for,
};

fn stage() -> (Authority, NextHop, Node) {
    let authority = Authority::new("Example");
    let next_hop = NextHop::start();
    let node = Node::start(&authority, &Settings::default());
    node.apply(&tenant_by_address("contoso", "contoso.example", &next_hop.smart_host()));
    (authority, next_hop, node)
}

#[test]
fn flt_29_a_stopping_node_lets_a_message_finish_and_keeps_it() {
    let (_, next_hop, mut node) = stage();
    next_hop.obey(|command| command.starts_with("MAIL").then(|| "451 4.3.0 Later".to_owned()));
    let mut idle = Dialogue::connect(node.smtp());
    let mut busy = Dialogue::connect(node.smtp());
    busy.expect(250, "EHLO mail.example");
    busy.expect(250, "MAIL FROM:<ann@contoso.example>");
    busy.expect(250, "RCPT TO:<bob@elsewhere.example>");
    busy.expect(354, "DATA");
    busy.send(b"Subject: last\r\n\r\nfirst half");
    node.signal(Signal::TERM);
    assert_eq!(idle.answer().code, 421);
    busy.send(b", second half\r\n");
    busy.expect(250, ".");
    let status = node.wait_for_end();
    assert!(status.success(), "{status}");

    next_hop.obey(|_| None);
    node.run();
    assert_eq!(next_hop.wait_for(1)[0].body(), "first half, second half\r\n");
}

#[test]
fn flt_24_a_node_with_wrong_settings_says_what_and_where_and_does_not_start() {
    let authority = Authority::new("Example");
    let wrong = [
        (Settings::default().with("smtp.lissen", "[]"), "lissen"),
        (Settings::default().with("smtp.certificate", "\"missing.pem\""), "missing.pem"),
        (Settings::default().with("smtp.key", "\"root.pem\""), "root.pem"),
        (Settings::default().with("trust.roots", "\"gw.key\""), "gw.key"),
        (Settings::default().with("node.name", "\"not a name\""), "not a name"),
        (Settings::default().with("smtp.listen", "[\"192.0.2.1:0\"]"), "192.0.2.1"),
    ];
    for (settings, words) in wrong {
        let node = Node::prepare(&authority, &settings);
        let output = Command::new(env!("CARGO_BIN_EXE_posthouse"))
            .args(["serve", "--config"])
            .arg(node.path("node.toml"))
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{words}: {error}");
        assert!(error.contains(words), "no {words} in {error}");
        assert!(!error.contains("panicked"), "{error}");
    }
}

#[test]
fn flt_24_wrong_settings_at_a_reload_leave_the_node_as_it_was() {
    let (_, _, node) = stage();
    node.rewrite_settings(&Settings::default().with("smtp.lissen", "[]"));
    node.signal(Signal::HUP);
    wait_for("the node says what is wrong", || node.log().contains("lissen").then_some(()));
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.example");
}

#[test]
fn settings_that_are_right_act_after_a_reload() {
    let (_, _, node) = stage();
    node.rewrite_settings(&Settings::default().with("smtp.message_bytes_max", 70_000));
    node.signal(Signal::HUP);
    wait_for("the new size is offered", || {
        let mut session = Dialogue::connect(node.smtp());
        session.expect(250, "EHLO mail.example").text().contains("SIZE 70000").then_some(())
    });
}

#[test]
fn a_renewed_certificate_is_noticed_and_a_broken_one_is_not_taken() {
    let (authority, _, node) = stage();
    fs::write(node.path("gw.pem"), "not a certificate\n").unwrap();
    wait_for("the node tells of it", || node.log().contains("gw.pem").then_some(()));
    Dialogue::secured(node.smtp(), &authority, None);

    // Renewed by another CA: only who trusts that one gets through from now on.
    let other = Authority::new("Other");
    other.issue(&["gw.example.net"]).write(node.folder(), "gw", Sent::FullChain);
    wait_for("the new one is shown", || {
        let mut session = Dialogue::connect(node.smtp());
        session.expect(250, "EHLO mail.example");
        session.expect(220, "STARTTLS");
        session.try_handshake(&other, None).ok()
    });
}

#[test]
fn a_tenant_with_mail_in_the_queue_is_not_forgotten() {
    let (_, next_hop, node) = stage();
    next_hop.obey(|command| command.starts_with("MAIL").then(|| "451 4.3.0 Later".to_owned()));
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.example");
    let sent = session.send_message("ann@contoso.example", "bob@elsewhere.example", "wait");
    assert_eq!(sent.code, 250);
    let refused = node.cli(&["tenant", "remove", "contoso"]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("still has mail"));

    next_hop.obey(|_| None);
    node.ask(&["queue", "retry"]);
    node.wait_for_empty_queue();
    node.ask(&["tenant", "remove", "contoso"]);
    assert!(node.json(&["tenant", "list"]).is_empty());
}

#[test]
fn the_examples_can_be_applied() {
    let (_, _, node) = stage();
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");
    for name in ["contoso.toml", "fabrikam.toml"] {
        node.ask(&["tenant", "remove", "contoso"]);
        let file = format!("{examples}/{name}");
        node.ask(&["apply", &file]);
        node.ask(&["apply", &file]);
        let tenant = name.trim_end_matches(".toml");
        let exported = node.ask(&["export", tenant]);
        assert!(exported.contains(&format!("{tenant}.example")), "{exported}");
        node.apply(&exported);
        if tenant == "contoso" {
            continue;
        }
        node.ask(&["tenant", "remove", tenant]);
    }
}

#[test]
fn the_example_settings_are_read_to_the_last_key() {
    let (_, _, node) = stage();
    let example =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/node.toml"))
            .unwrap();
    // Every default that is commented out is a key that exists.
    let text: String = example
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(key) if key.contains(" = ") && !key.contains(". ") => format!("{key}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let text = text
        .replace("/var/lib/posthouse", "data")
        .replace("\"0.0.0.0:25\", \"[::]:25\"", "\"127.0.0.1:0\"")
        .replace("/etc/posthouse/fullchain.pem", "gw.pem")
        .replace("/etc/posthouse/key.pem", "gw.key")
        .replace("127.0.0.1:9325", "127.0.0.1:0");
    let mut other = Node::prepare(&Authority::new("Example"), &Settings::default());
    fs::write(other.path("node.toml"), text).unwrap();
    other.run();
    drop(node);
    assert!(other.stop().success());
}

#[test]
fn check_says_how_much_room_the_store_wants_before_it_takes_mail() {
    let authority = Authority::new("Example");
    let mut node = Node::prepare(&authority, &Settings::default());
    let said = String::from_utf8(node.cli(&["check"]).stdout).unwrap();
    assert!(said.contains("the store wants 96 MiB before it takes mail"), "{said}");
    // Its reserve is set aside by then.
    node.run();
    let said = node.ask(&["check"]);
    assert!(said.contains("the store wants 64 MiB before it takes mail"), "{said}");
}
