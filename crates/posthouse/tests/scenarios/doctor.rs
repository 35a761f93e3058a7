//! `posthouse doctor` against real servers on loopback: the gateway, a scripted next hop, nobody.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;

use crate::common::{
    Authority, Dns, Identity, NextHop, Node, Record, Sent, Settings, needs, tenant,
};

const GATEWAY: &str = "gw.example.net";
const LOOPBACK: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// What the doctor said.
struct Verdict {
    exit: i32,
    report: Value,
}

impl Verdict {
    fn stage(&self, id: &str) -> &Value {
        let stages = self.report["stages"].as_array().unwrap();
        stages.iter().find(|stage| stage["id"] == id).unwrap()
    }

    fn status(&self, id: &str) -> &str {
        self.stage(id)["status"].as_str().unwrap()
    }

    fn text(&self, id: &str) -> &str {
        self.stage(id)["text"].as_str().unwrap()
    }

    /// The stages that are errors.
    fn errors(&self) -> Vec<&str> {
        let stages = self.report["stages"].as_array().unwrap();
        let errors = stages.iter().filter(|stage| stage["status"] == "error");
        errors.map(|stage| stage["id"].as_str().unwrap()).collect()
    }
}

fn run(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_posthouse")).arg("doctor").args(words).output().unwrap()
}

fn doctor(words: &[&str]) -> Verdict {
    let output = run(&[words, &["--json"]].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(text.lines().count(), 1, "{text}{error}");
    Verdict { exit: output.status.code().unwrap(), report: serde_json::from_str(&text).unwrap() }
}

/// A gateway with one tenant, and a name server that knows its name.
struct Scene {
    authority: Authority,
    node: Node,
    dns: Dns,
    /// Behind the gateway.
    _next_hop: NextHop,
}

impl Scene {
    fn new() -> Self {
        let authority = Authority::new("Example");
        let next_hop = NextHop::start();
        let node = Node::start(&authority, &Settings::default());
        node.apply(&tenant("contoso", "contoso.example", &next_hop.smart_host()));
        let dns = Dns::start(&[(GATEWAY, Record::A(LOOPBACK))]);
        Self { authority, node, dns, _next_hop: next_hop }
    }

    fn server(&self) -> String {
        format!("{GATEWAY}:{}", self.node.smtp().port())
    }

    /// Examines the gateway as contoso's server, with this certificate file.
    fn as_contoso(&self, sent: Sent) -> Verdict {
        let identity = self.authority.issue(&["mail.contoso.example"]);
        let (certificate, key) = identity.write(self.node.folder(), "sender", sent);
        let files = ["--cert", certificate.to_str().unwrap(), "--key", key.to_str().unwrap()];
        let envelope = ["--as", "ann@contoso.example", "--to", "bob@elsewhere.example"];
        let files: &[&str] = if sent == Sent::Nothing { &[] } else { &files };
        self.doctor(&self.server(), &[files, &envelope].concat())
    }

    fn doctor(&self, host: &str, words: &[&str]) -> Verdict {
        let (dns, roots) = (self.dns.address(), self.node.path("root.pem"));
        let common = [host, "--dns", &dns, "--roots", roots.to_str().unwrap()];
        doctor(&[&common, words].concat())
    }
}

#[test]
fn a_whole_chain_is_recognised_and_nothing_is_wrong() {
    let verdict = Scene::new().as_contoso(Sent::FullChain);
    assert_eq!((verdict.exit, &verdict.report["verdict"]), (0, &Value::from("ok")));
    for id in ["own-certificate", "starttls", "server-certificate", "server-name", "recipient"] {
        assert_eq!(verdict.status(id), "ok", "{id}: {}", verdict.text(id));
    }
    assert!(verdict.text("client-certificate").contains("2 certificates"));
    assert_eq!(verdict.stage("starttls")["details"]["tls_version"], "TLSv1.3");
    assert!(verdict.text("tls-versions").contains("TLS 1.2"));
    assert_eq!(verdict.status("message"), "not-run", "no message without --data");
    let transcript = verdict.report["transcript"].as_array().unwrap();
    assert!(!transcript.iter().any(|line| line["text"] == "DATA"));
}

#[test]
fn a_leaf_alone_is_found_in_the_file_on_the_wire_and_in_the_refusal() {
    let verdict = Scene::new().as_contoso(Sent::LeafOnly);
    assert_eq!(verdict.exit, 1);
    assert_eq!(verdict.errors(), ["own-certificate", "client-certificate", "recipient"]);
    let own = verdict.stage("own-certificate");
    assert_eq!(own["details"]["chain"]["reason"], "chain-incomplete");
    assert!(verdict.text("own-certificate").contains("Example Issuing CA 1"));
    assert!(own["fix"].as_array().unwrap().iter().any(|fix| fix["platform"] == "postfix"));
    let refused = verdict.stage("recipient");
    assert_eq!(refused["details"]["enhanced_status"], "5.7.64");
    assert!(verdict.text("recipient").contains("chain-incomplete"));
    assert!(!refused["fix"].as_array().unwrap().is_empty());
}

#[test]
fn without_a_certificate_the_refusal_says_that_none_was_shown() {
    let verdict = Scene::new().as_contoso(Sent::Nothing);
    assert_eq!(verdict.errors(), ["recipient"]);
    assert_eq!(verdict.status("own-certificate"), "not-run");
    assert!(verdict.text("client-certificate").contains("asks for a client certificate"));
    assert!(verdict.text("recipient").contains("No certificate was shown"));
}

#[test]
fn a_certificate_of_nobody_there_is_the_connectors_affair() {
    let scene = Scene::new();
    let identity = scene.authority.issue(&["mail.stranger.example"]);
    let (certificate, key) = identity.write(scene.node.folder(), "other", Sent::FullChain);
    let verdict = scene.doctor(
        &scene.server(),
        &[
            "--cert",
            certificate.to_str().unwrap(),
            "--key",
            key.to_str().unwrap(),
            "--as",
            "ann@stranger.example",
            "--to",
            "bob@elsewhere.example",
        ],
    );
    assert_eq!(verdict.errors(), ["recipient"]);
    assert!(verdict.text("recipient").contains("mail.stranger.example"));
}

#[test]
fn an_entry_of_the_stores_is_shown_with_the_chain_that_the_node_would_send() {
    let scene = Scene::new();
    let identity = scene.authority.issue(&["mail.contoso.example"]);
    let (certificate, key) = identity.write(scene.node.folder(), "sender", Sent::FullChain);
    let bundle = scene.node.path("bundle.pem");
    let both = [certificate, key].map(|file| fs::read_to_string(file).unwrap()).concat();
    fs::write(&bundle, both).unwrap();
    scene.node.ask(&["cert", "import", bundle.to_str().unwrap(), "--name", "relay"]);
    let config = scene.node.path("node.toml");
    let words = ["--cert", "personal:relay", "--config", config.to_str().unwrap()];
    let verdict = scene.doctor(&scene.server(), &words);
    assert_eq!(verdict.exit, 0, "{}", verdict.report);
    assert!(verdict.text("own-certificate").contains("personal:relay holds 2 certificates"));
    assert!(verdict.text("client-certificate").contains("whole chain (2 certificates)"));
}

#[test]
fn a_server_under_another_name_is_told_apart() {
    let scene = Scene::new();
    scene.dns.change(&[("mx.other.example", Record::A(LOOPBACK))]);
    let host = format!("mx.other.example:{}", scene.node.smtp().port());
    let verdict = scene.doctor(&host, &[]);
    assert_eq!((verdict.exit, verdict.errors()), (1, vec!["server-name"]));
    assert!(verdict.text("server-name").contains(GATEWAY));
}

#[test]
fn an_expired_server_certificate_is_named_with_its_day() {
    let (root_pem, expired) = expired();
    let hop = NextHop::with_tls(&expired, Sent::LeafOnly);
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("root.pem");
    fs::write(&roots, root_pem).unwrap();
    let dns = Dns::start(&[(GATEWAY, Record::A(LOOPBACK))]);
    let host = format!("{GATEWAY}:{}", port_of(&hop));
    let verdict = doctor(&[&host, "--dns", &dns.address(), "--roots", roots.to_str().unwrap()]);
    assert_eq!(verdict.errors(), ["server-certificate"]);
    assert!(verdict.text("server-certificate").contains("expired on 2020-02-01"));
    assert_eq!(verdict.stage("server-certificate")["details"]["reason"], "expired");
    // It asks for no certificate, which is no fault of a server that serves strangers.
    assert!(verdict.text("client-certificate").contains("does not ask"));
}

#[test]
fn a_server_without_starttls_is_a_fault_and_is_still_asked() {
    let hop = NextHop::start();
    let host = hop.smart_host();
    let words = ["--as", "<>", "--to", "bob@elsewhere.example"];
    let verdict = doctor(&[&[host.as_str()], &words[..]].concat());
    assert_eq!((verdict.exit, verdict.errors()), (1, vec!["starttls"]));
    assert_eq!(verdict.status("server-certificate"), "not-run");
    assert_eq!(verdict.stage("server-certificate")["details"]["parent"], "starttls");
    assert_eq!((verdict.status("mail"), verdict.status("recipient")), ("ok", "ok"));
    assert_eq!(hop.count(), 0, "RCPT is the last thing that is said");
}

#[test]
fn a_message_is_sent_only_when_it_is_asked_for() {
    let hop = NextHop::start();
    let host = hop.smart_host();
    let words = ["--as", "ann@contoso.example", "--to", "bob@elsewhere.example", "--data"];
    let verdict = doctor(&[&[host.as_str()], &words[..]].concat());
    assert_eq!(verdict.status("message"), "ok");
    hop.wait_for(1);
}

#[test]
fn words_of_a_refusal_are_quoted_and_explained() {
    let hop = NextHop::start();
    hop.obey(|command| {
        command.starts_with("RCPT").then(|| "550 5.1.10 RESOLVER.ADR.RecipientNotFound".to_owned())
    });
    let host = hop.smart_host();
    let verdict = doctor(&[&host, "--as", "ann@contoso.example", "--to", "nobody@b.example"]);
    assert!(verdict.text("recipient").contains("RESOLVER.ADR.RecipientNotFound"));
    assert!(verdict.text("recipient").contains("address does not exist"));
}

#[test]
fn a_closed_port_stops_everything_behind_it() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let verdict = doctor(&[&format!("127.0.0.1:{port}")]);
    assert_eq!((verdict.exit, verdict.errors()), (1, vec!["connect"]));
    assert!(verdict.text("connect").contains("refused"));
    assert_eq!(verdict.stage("hello")["details"]["parent"], "connect");
}

#[test]
fn a_name_without_dns_is_told_what_to_do() {
    let verdict = doctor(&["mail.contoso.example:25", "--dns", "none"]);
    assert_eq!((verdict.exit, verdict.errors()), (1, vec!["address"]));
    assert!(verdict.stage("address")["fix"][0]["title"].as_str().unwrap().contains("--dns"));
}

#[test]
fn a_wrong_call_is_no_fault_of_a_server() {
    for words in [&["a b"][..], &["contoso.example", "--as", "not an address"], &[]] {
        assert_eq!(run(words).status.code(), Some(2), "{words:?}");
    }
}

#[test]
fn a_domain_is_followed_through_mx_policy_and_tlsa() {
    let scene = Scene::new();
    let port = scene.node.smtp().port().to_string();
    let policy_port = serve_policy(&scene.authority).to_string();
    let zone = [
        ("contoso.example", Record::Mx(10, GATEWAY)),
        (GATEWAY, Record::A(LOOPBACK)),
        ("_mta-sts.contoso.example", Record::Txt("v=STSv1; id=20260101;")),
        ("mta-sts.contoso.example", Record::A(LOOPBACK)),
    ];
    scene.dns.change(&zone);
    let words = ["--port", &port, "--policy-port", &policy_port];
    let verdict = scene.doctor("contoso.example", &words);
    assert_eq!(verdict.exit, 0, "{}", verdict.report);
    assert!(verdict.text("mx").contains("gw.example.net (10)"));
    assert_eq!(verdict.status("mta-sts"), "ok", "{}", verdict.text("mta-sts"));
    assert_eq!(verdict.stage("mta-sts")["details"]["mode"], "enforce");
    assert!(verdict.text("dane").contains("not used"));

    // A policy that does not name the server; records that nobody has signed.
    let tlsa: &'static str = format!("_{port}._tcp.mx.stray.example").leak();
    scene.dns.change(
        &[
            &zone[2..],
            &[
                ("contoso.example", Record::Mx(10, "mx.stray.example")),
                ("mx.stray.example", Record::A(LOOPBACK)),
                (tlsa, Record::Tlsa([7; 32])),
            ],
        ]
        .concat(),
    );
    let verdict = scene.doctor("contoso.example", &words);
    assert_eq!(verdict.errors(), ["server-name", "mta-sts"]);
    assert!(verdict.text("mta-sts").contains("mx.stray.example"));
    assert_eq!(verdict.status("dane"), "warning");
    assert!(verdict.text("dane").contains("do not match"), "{}", verdict.text("dane"));
    assert!(verdict.text("dane").contains("was not validated"), "{}", verdict.text("dane"));
}

#[test]
fn domains_without_mail_are_told_apart() {
    let dns = Dns::start(&[
        ("null.example", Record::Mx(0, ".")),
        ("broken.example", Record::ServerFails),
        ("bare.example", Record::A(LOOPBACK)),
    ]);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    for (domain, status, word) in [
        ("null.example", "error", "null MX"),
        ("nowhere.example", "error", "does not exist"),
        ("broken.example", "error", "no answer"),
        ("bare.example", "warning", "no MX record"),
    ] {
        let verdict = doctor(&[domain, "--dns", &dns.address(), "--port", &port]);
        assert_eq!(verdict.status("mx"), status, "{domain}");
        assert!(verdict.text("mx").contains(word), "{}", verdict.text("mx"));
    }
}

#[test]
fn the_page_stands_alone_and_the_text_is_narrow() {
    let scene = Scene::new();
    let identity = scene.authority.issue(&["mail.contoso.example"]);
    let (certificate, key) = identity.write(scene.node.folder(), "sender", Sent::LeafOnly);
    let page = scene.node.path("report.html");
    let (dns, server, roots) = (scene.dns.address(), scene.server(), scene.node.path("root.pem"));
    let output = run(&[
        &server,
        "--dns",
        &dns,
        "--roots",
        roots.to_str().unwrap(),
        "--cert",
        certificate.to_str().unwrap(),
        "--key",
        key.to_str().unwrap(),
        "--as",
        "ann@contoso.example",
        "--to",
        "bob@elsewhere.example",
        "--html",
        page.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().find(|line| line.chars().count() > 100), None);
    assert!(text.contains("??? O=Example Trust,CN=Example Issuing CA 1"), "{text}");
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains("<html lang=\"en\">") && page.contains("default-src 'none'"));
    for outside in ["src=", "url(", "@import", "<script", "href=\"http", "<link"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("Example Issuing CA 1") && page.contains("Fault found"));
}

/// The receiver, told to stop after one connection.
struct Receiver {
    child: Child,
    port: u16,
}

impl Receiver {
    fn start(roots: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_posthouse"))
            .args(["doctor", "--listen", "127.0.0.1:0", "--count", "1", "--json", "--roots"])
            .arg(roots)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.split_whitespace().nth(2).unwrap().trim_end_matches(';');
        let port = address.rsplit(':').next().unwrap().parse().unwrap();
        Self { child, port }
    }

    fn verdict(mut self) -> Verdict {
        let mut text = String::new();
        self.child.stdout.as_mut().unwrap().read_to_string(&mut text).unwrap();
        let exit = self.child.wait().unwrap().code().unwrap();
        Verdict { exit, report: serde_json::from_str(&text).unwrap() }
    }
}

/// Each of these senders, with what it sent and what it was told.
fn with_receiver(sender: impl Fn(u16, &Path, &Path, &Path) -> String) {
    let authority = Authority::new("Example");
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("root.pem");
    fs::write(&roots, &authority.root_pem).unwrap();
    let identity = authority.issue(&["mail.contoso.example"]);
    let (certificate, key) = identity.write(folder.path(), "sender", Sent::LeafOnly);
    let receiver = Receiver::start(&roots);
    let said = sender(receiver.port, &certificate, &key, &roots);
    assert!(said.contains("Example Issuing CA 1"), "{said}");
    assert!(said.contains("stays in your queue"), "{said}");
    let verdict = receiver.verdict();
    assert_eq!(verdict.exit, 1);
    let stage = verdict.stage("client-certificate");
    assert_eq!(stage["details"]["reason"], "chain-incomplete");
    assert_eq!(stage["details"]["chain"]["presented"].as_array().unwrap().len(), 1);
}

#[test]
fn the_receiver_tells_smtplib_what_it_sent() {
    if !needs("doctor::smtplib", &["python3"]) {
        return;
    }
    with_receiver(|port, certificate, key, _| {
        let program = "import smtplib, ssl, sys\n\
            context = ssl._create_unverified_context()\n\
            context.load_cert_chain(sys.argv[2], sys.argv[3])\n\
            session = smtplib.SMTP('127.0.0.1', int(sys.argv[1]), 'mail.example')\n\
            session.starttls(context=context)\n\
            session.ehlo()\n\
            session.mail('ann@contoso.example')\n\
            print(session.rcpt('bob@elsewhere.example')[1].decode())\n\
            session.quit()\n";
        let output = Command::new("python3")
            .args(["-c", program, &port.to_string()])
            .args([certificate, key])
            .output()
            .unwrap();
        text_of(&output)
    });
}

#[test]
fn the_receiver_tells_swaks_what_it_sent() {
    if !needs("doctor::swaks", &["swaks"]) {
        return;
    }
    with_receiver(|port, certificate, key, _| {
        let output = Command::new("swaks")
            .args(["--server", "127.0.0.1", "--port", &port.to_string(), "--tls"])
            .args(["--from", "ann@contoso.example", "--to", "bob@elsewhere.example"])
            .arg("--tls-cert")
            .arg(certificate)
            .arg("--tls-key")
            .arg(key)
            .output()
            .unwrap();
        text_of(&output)
    });
}

#[test]
fn the_receiver_tells_s_client_what_it_sent() {
    if !needs("doctor::s_client", &["openssl", "timeout"]) {
        return;
    }
    with_receiver(|port, certificate, key, _| {
        let mut child = Command::new("timeout")
            .args(["60", "openssl", "s_client", "-quiet", "-starttls", "smtp", "-connect"])
            .arg(format!("127.0.0.1:{port}"))
            .arg("-cert")
            .arg(certificate)
            .arg("-key")
            .arg(key)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let commands = [
            "EHLO mail.example",
            "MAIL FROM:<ann@contoso.example>",
            "RCPT TO:<bob@elsewhere.example>",
            "QUIT",
        ];
        let mut input = child.stdin.take().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        for command in commands {
            writeln!(input, "{command}\r").unwrap();
            // It may show the last line of its own EHLO's reply first.
            let mut is_whole = !command.starts_with("EHLO");
            loop {
                let start = said.len();
                answers.read_line(&mut said).unwrap();
                let is_last = said.as_bytes().get(start + 3) != Some(&b'-');
                if is_last && is_whole {
                    break;
                }
                is_whole |= !is_last;
            }
        }
        let _ = child.wait();
        said
    });
}

fn text_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn port_of(hop: &NextHop) -> String {
    hop.smart_host().rsplit(':').next().unwrap().to_owned()
}

/// A root, and a leaf of its that ended in 2020.
fn expired() -> (String, Identity) {
    let root_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Old Root");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = params.self_signed(&root_key).unwrap();
    let issuer = Issuer::new(params, root_key);
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new([GATEWAY.to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2020, 2, 1);
    let leaf = params.signed_by(&key, &issuer).unwrap();
    let identity =
        Identity { leaf_pem: leaf.pem(), chain_pem: leaf.pem(), key_pem: key.serialize_pem() };
    (root.pem(), identity)
}

/// Serves contoso's MTA-STS policy over HTTPS to everybody; gives the port.
fn serve_policy(authority: &Authority) -> u16 {
    serve_policy_as(authority, "mta-sts.contoso.example", "gw.example.net")
}

/// The same by this host, for a domain whose only mail exchanger is this.
pub(crate) fn serve_policy_as(authority: &Authority, host: &str, mx: &'static str) -> u16 {
    let identity = authority.issue(&[host]);
    let chain = CertificateDer::pem_slice_iter(identity.chain_pem.as_bytes());
    let chain: Vec<_> = chain.map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let session = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(session, stream);
            let mut request = [0; 1024];
            let _ = stream.read(&mut request);
            let policy = format!("version: STSv1\nmode: enforce\nmx: {mx}\nmax_age: 604800\n");
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";
            let length = policy.len();
            let _ = write!(stream, "{head}Content-Length: {length}\r\n\r\n{policy}");
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    port
}
