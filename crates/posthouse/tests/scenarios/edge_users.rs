//! Users of the edge: logging in over TLS, with clients that others wrote, and sending as oneself
//! only.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::edge::settings;
use crate::common::{Authority, Dialogue, NextHop, Node, Sent, needs, script};

struct Stage {
    authority: Authority,
    hop: NextHop,
    edge: Node,
}

/// An edge with one user, whose hash the program itself made.
fn stage() -> Stage {
    let authority = Authority::new("Example");
    let hop = NextHop::with_tls(&authority.issue(&["gw.example.net"]), Sent::FullChain);
    let rest = format!(
        "[submission]\nlisten = [\"127.0.0.1:0\"]\nlisten_tls = [\"127.0.0.1:0\"]\n\
         certificate = \"gw.pem\"\nkey = \"gw.key\"\n\n\
         [[user]]\nname = \"ann\"\npassword_hash = \"{}\"\n\
         may_send_as = [\"ann@contoso.example\", \"@sales.contoso.example\"]\n",
        hash("s3cret ")
    );
    // Nobody is trusted for an address here: every message is a user's.
    let networks = "networks = []";
    let file = settings(&hop.smart_host(), networks, &rest);
    let mut edge = Node::prepare_edge(&authority, &file, &["edge"]);
    edge.run();
    Stage { authority, hop, edge }
}

fn hash(password: &str) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_posthouse"))
        .args(["edge", "hash-password"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(format!("{password}\n").as_bytes()).unwrap();
    let hash = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    hash.trim_end().to_owned()
}

fn smtplib(stage: &Stage, wish: &Value) -> (u64, String) {
    let mut all = json!({
        "tls": "starttls", "mechanism": "PLAIN", "user": "ann", "password": "s3cret ",
        "sender": "ann@contoso.example", "author": "Ann <ann@contoso.example>",
        "recipient": "bob@elsewhere.example", "ca": stage.edge.path("root.pem"),
    });
    all.as_object_mut().unwrap().extend(wish.as_object().unwrap().clone());
    let listener = if all["tls"] == "implicit" { "submissions" } else { "submission" };
    all["port"] = json!(stage.edge.listens_for(listener).port());
    let output =
        Command::new("python3").arg(script("submit.py")).arg(all.to_string()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    let word: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{error}"));
    (word["code"].as_u64().unwrap(), word["text"].as_str().unwrap().to_owned())
}

#[test]
fn smtplib_logs_in_and_sends_as_itself_only() {
    if !needs("edge_users::smtplib", &["python3"]) {
        return;
    }
    let stage = stage();
    let mut sent = 0;
    for tls in ["starttls", "implicit"] {
        for mechanism in ["PLAIN", "LOGIN"] {
            let (code, text) = smtplib(&stage, &json!({ "tls": tls, "mechanism": mechanism }));
            assert_eq!(code, 250, "{tls} {mechanism}: {text}");
            sent += 1;
        }
    }
    let delivered = stage.hop.wait_for(sent).remove(0).text();
    assert!(delivered.replace("\r\n ", " ").contains(" with ESMTPSA (TLSv1.3 "), "{delivered}");

    let (code, text) = smtplib(&stage, &json!({ "password": "s3cret" }));
    assert!(code == 535 && text.contains("5.7.3 Authentication unsuccessful"), "{code} {text}");
    let (code, text) = smtplib(&stage, &json!({ "user": "nobody" }));
    assert!(code == 535 && text.contains("5.7.3 Authentication unsuccessful"), "{code} {text}");

    // ATT-11: the envelope and the header.
    let others = json!({ "sender": "boss@contoso.example" });
    let (code, text) = smtplib(&stage, &others);
    assert!(
        code == 550 && text.contains("5.7.1 Client does not have permissions"),
        "{code} {text}"
    );
    let others = json!({ "author": "boss@contoso.example" });
    let (code, text) = smtplib(&stage, &others);
    assert!(
        code == 550 && text.contains("5.7.1 Client does not have permissions"),
        "{code} {text}"
    );
    let reference = text.split_once(']').unwrap().0.rsplit(' ').next().unwrap().to_owned();
    assert_eq!(stage.edge.explain(&reference)["reason"], "send-as-denied");
    let sales = json!({ "sender": "x@sales.contoso.example", "author": "y@sales.contoso.example" });
    assert_eq!(smtplib(&stage, &sales).0, 250);
    stage.hop.wait_for(sent + 1);

    let events = stage.edge.ask(&["events", "--format", "json"]);
    assert!(events.contains("nobody could not log in from 127.0.0.1"), "{events}");
    web_13_no_secret_is_anywhere(&stage);
}

/// The receive log, the node's log, the events and the trace.
fn web_13_no_secret_is_anywhere(stage: &Stage) {
    let folder = stage.edge.data().join("ProtocolLog/SmtpReceive");
    let file = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let received = std::fs::read_to_string(file).unwrap();
    assert!(received.contains(",<,AUTH PLAIN <authentication information>,"), "{received}");
    assert!(received.contains(",*,ann,authenticated\r\n"), "{received}");
    assert!(received.contains(",*,CN=gw.example.net,Certificate subject\r\n"), "{received}");
    assert!(received.contains("TLS protocol SP_PROT_TLS1_3_SERVER negotiation succeeded"));
    let all = [
        received,
        stage.edge.log(),
        stage.edge.ask(&["events", "--format", "json"]),
        stage.edge.ask(&["trace", "--json"]),
    ];
    // The password, and PLAIN's and LOGIN's forms of it in base64.
    for secret in ["s3cret", "czNjcmV0", "AGFubgBzM2NyZXQ"] {
        assert!(all.iter().all(|text| !text.contains(secret)), "{secret}");
    }
}

#[test]
fn swaks_logs_in_both_ways() {
    if !needs("edge_users::swaks", &["swaks"]) {
        return;
    }
    let stage = stage();
    for (number, mechanism) in ["PLAIN", "LOGIN"].into_iter().enumerate() {
        let output = Command::new("swaks")
            .args(["--server", "127.0.0.1", "--ehlo", "pc.example", "--tls", "--timeout", "30"])
            .args(["--from", "ann@contoso.example", "--to", "bob@elsewhere.example"])
            .args(["--port", &stage.edge.listens_for("submission").port().to_string()])
            .args(["--auth", mechanism, "--auth-user", "ann", "--auth-password", "s3cret "])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && text.contains("235 2.7.0"), "{text}");
        stage.hop.wait_for(number + 1);
    }
}

#[test]
fn without_tls_or_a_user_a_submission_port_takes_nothing() {
    let stage = stage();
    let port = stage.edge.listens_for("submission");
    let mut clear = Dialogue::connect(port);
    let hello = clear.expect(250, "EHLO pc.example");
    assert!(!hello.text().contains("AUTH") && hello.text().contains("STARTTLS"), "{hello}");
    clear.expect(530, "AUTH PLAIN AGFubgBzM2NyZXQg");
    clear.expect(530, "MAIL FROM:<ann@contoso.example>");
    let mut secured = Dialogue::secured(port, &stage.authority, None);
    let refusal = secured.expect(530, "MAIL FROM:<ann@contoso.example>");
    assert!(refusal.text().contains("5.7.57 Client not authenticated"), "{refusal}");
    secured.expect(504, "AUTH CRAM-MD5");
    secured.expect(235, "AUTH PLAIN AGFubgBzM2NyZXQg");
    secured.expect(250, "MAIL FROM:<ann@contoso.example>");
}
