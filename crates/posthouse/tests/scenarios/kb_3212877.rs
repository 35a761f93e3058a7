//! KB 3212877 from end to end: a server on its own premises relays through a gateway that knows it
//! by certificate, its chain lacks the intermediate, and nobody says so. Here everybody does: the
//! gateway refuses, the sender's own log proves the cause, the missing certificate is fetched,
//! proven and imported, and the message that waited goes out without being sent again.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;

use crate::common::{Authority, Dialogue, NextHop, Node, Sent, Settings, tenant, wait_for};
use crate::edge::settings;

const BODY: &str = "From: ann@contoso.example\r\nSubject: Quarterly figures\r\n\r\nAttached.";

/// The CA's web server: what was asked of it, and how often.
struct WebServer {
    address: String,
    asked: Arc<AtomicUsize>,
    paths: Arc<Mutex<Vec<String>>>,
}

impl WebServer {
    fn with(certificate: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/issuing-ca-1.cer", listener.local_addr().unwrap());
        let (asked, paths) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let server = Self { address, asked: Arc::clone(&asked), paths: Arc::clone(&paths) };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = [0; 1024];
                let length = stream.read(&mut request).unwrap_or(0);
                let request = String::from_utf8_lossy(&request[..length]).into_owned();
                paths.lock().unwrap().push(request.lines().next().unwrap_or("").to_owned());
                asked.fetch_add(1, Ordering::SeqCst);
                let head =
                    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", certificate.len());
                let _ = stream.write_all(&[head.as_bytes(), &certificate].concat());
            }
        });
        server
    }
}

/// `evidence --json` on every file of the edge's log folder: the last line of its output.
fn evidence(folder: &Path) -> (Option<i32>, Value) {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let output = Command::new(env!("CARGO_BIN_EXE_posthouse"))
        .arg("evidence")
        .args(files)
        .arg("--json")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code(), serde_json::from_str(text.lines().last().unwrap()).unwrap())
}

/// What a verb says with `--json`: one object a line.
fn objects(node: &Node, words: &[&str]) -> Vec<Value> {
    // A chain that is not complete ends with 1, and is shown all the same.
    let text = String::from_utf8(node.cli(&[words, &["--json"]].concat()).stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn kb_3212877_from_the_refusal_to_the_delivery_without_sending_again() {
    let authority = Authority::new("Example");
    let destination = NextHop::start();
    let gateway = Node::start(&authority, &Settings::default());
    gateway.apply(&tenant("contoso", "contoso.example", &destination.smart_host()));

    // The server on its own premises: a certificate in its personal store, and nothing beside it.
    let issuing = CertificateDer::from_pem_slice(authority.issuing_pem.as_bytes()).unwrap();
    let web = WebServer::with(issuing.to_vec());
    let mailbox = NextHop::start();
    let home = format!("mailbox_server = \"{}\"", mailbox.smart_host());
    let rest = "[log]\nsend = \"exchange\"\n\n[certificates]\nobtain_from_loopback = true\n";
    // The next try is an hour away, so that only the mended chain can have caused one.
    let file = settings(&gateway.smtp().to_string(), &home, rest)
        .replace("retry_seconds = [1, 1, 1]", "retry_seconds = [3600]")
        + "certificate = \"personal:mail\"\nexpected_name = \"mail.contoso.example\"\n";
    let mut edge = Node::prepare_edge(&authority, &file, &["edge", "--skip-preflight"]);
    let identity = authority.issue_with_address(&["mail.contoso.example"], &web.address);
    let (leaf, key) = identity.write(edge.folder(), "mail", Sent::LeafOnly);
    let (leaf, key) = (leaf.to_str().unwrap(), key.to_str().unwrap());
    edge.ask(&["cert", "import", leaf, key, "--name", "mail"]);
    edge.run();

    // 1. It is refused, and the message waits.
    let mut application = Dialogue::connect(edge.smtp());
    application.expect(250, "EHLO app01");
    let taken = application.send_message("ann@contoso.example", "bob@elsewhere.example", BODY);
    assert_eq!(taken.code, 250, "{taken}");
    application.expect(221, "QUIT");
    let notice = mailbox.wait_for(1).remove(0).text();
    assert!(notice.contains("5.7.64") && notice.contains("Action: delayed"), "{notice}");
    // The notice has arrived, and leaves the queue when that is stored.
    let waiting = wait_for("the message waits alone", || {
        let waiting = edge.json(&["queue"]);
        (waiting.len() == 1).then_some(waiting)
    });
    assert_eq!(waiting[0]["reason"], "relay-refused");
    let message = waiting[0]["reference"].clone();
    assert_eq!(destination.count(), 0);

    // 2. Its own log names the cause: a missing intermediate, not an untrusted root.
    let log = edge.data().join("ProtocolLog/SmtpSend");
    let (status, found) = evidence(&log);
    assert_eq!(status, Some(1), "a fault was found");
    assert_eq!(found["cause"], "chain-incomplete", "{found}");
    assert_eq!(found["confidence"], "certain", "{found}");
    assert!(!found["proof"].as_array().unwrap().is_empty(), "{found}");
    assert!(found["fix"].to_string().contains("intermediate"), "{found}");

    // 3. `cert chain` shows the KB's trap, and `cert obtain` fetches what the wire does not carry.
    let drawn = &objects(&edge, &["cert", "chain", "personal:mail"])[0];
    assert_eq!(drawn["sent"].as_array().unwrap().len(), 1, "{drawn}");
    let out = edge.path("obtained");
    let out = out.to_str().unwrap();
    let obtained = objects(&edge, &["cert", "obtain", "personal:mail", "--output", out]);
    assert_eq!(obtained[0]["subject"], "O=Example Trust,CN=Example Issuing CA 1");
    assert_eq!(obtained[0]["from"], web.address.as_str());
    assert_eq!(obtained[0]["imported"], false, "nothing changes without a yes");
    assert_eq!(obtained.last().unwrap()["complete"], true);
    assert_eq!(web.asked.load(Ordering::SeqCst), 1);
    assert_eq!(*web.paths.lock().unwrap(), ["GET /issuing-ca-1.cer HTTP/1.1"]);
    assert_eq!(edge.json(&["cert", "list", "--store", "ca"]).len(), 0);
    assert_eq!(destination.count(), 0);

    // 4. The administrator imports it, and touches nothing else.
    let file = obtained[0]["file"].as_str().unwrap();
    assert_eq!(fs::read(file).unwrap(), issuing.to_vec());
    let imported = objects(&edge, &["cert", "import", file]);
    assert_eq!(
        (&imported[0]["outcome"], &imported[0]["store"]),
        (&"imported".into(), &"ca".into())
    );
    let drawn = &objects(&edge, &["cert", "chain", "personal:mail"])[0];
    assert_eq!(drawn["sent"].as_array().unwrap().len(), 2, "{drawn}");

    // 5. The very message that waited goes out: the queue tries it as soon as the chain is whole.
    let delivered = destination.wait_for(1).remove(0);
    assert_eq!(delivered.body(), "Attached.\r\n");
    assert!(delivered.recipients[0].contains("<bob@elsewhere.example>"), "{delivered:?}");
    edge.wait_for_empty_queue();
    assert_eq!(destination.count(), 1, "once");
    let rows = edge.json(&["trace", "--recipient", "bob@elsewhere.example"]);
    assert_eq!((rows.len(), &rows[0]["message_trace_id"]), (1, &message), "{rows:?}");
    assert_eq!(rows[0]["status"], "Delivered", "{rows:?}");

    // 6. The log, read once more, says that it may be over: a later session took a message.
    wait_for("the log tells of the delivery", || {
        let (_, found) = evidence(&log);
        found["why"].as_str()?.contains("Since then 1 session took a message").then_some(())
    });
    // With the intermediate in the store the edge starts under its own preflight too.
    edge.stop();
    assert!(edge.ask(&["check"]).contains("passes the preflight"));
}
