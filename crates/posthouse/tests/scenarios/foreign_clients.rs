//! The story with clients that others wrote: smtplib, openssl s_client, swaks, nodemailer and
//! JavaMail (Exim and Postfix have files of their own), each with the leaf only, the full chain and
//! no certificate, over TLS 1.2 and 1.3.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::common::{Authority, Dialogue, NextHop, Node, Sent, Settings, needs, script, tenant};

/// Debian's JavaMail, and what it needs since Java 11.
const JAVAMAIL: &str = "/usr/share/java/javax.mail.jar";
const ACTIVATION: &str = "/usr/share/java/javax.activation.jar";

/// One attempt: what is sent, over which TLS, with which files.
pub(crate) struct Attempt {
    pub(crate) port: u16,
    pub(crate) sent: Sent,
    pub(crate) tls: &'static str,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) root: PathBuf,
    /// Root and issuing CA in one file, for clients that complete chains from their CA file.
    store: PathBuf,
}

/// The server's last word.
pub(crate) struct Word {
    pub(crate) code: u16,
    pub(crate) text: String,
}

#[test]
fn smtplib_relays_with_its_chain_and_learns_why_not_without() {
    if needs("foreign_clients::smtplib", &["python3"]) {
        play(|attempt| run_script("python3", &[], "send.py", attempt));
    }
}

#[test]
fn nodemailer_relays_with_its_chain_and_learns_why_not_without() {
    if needs("foreign_clients::nodemailer", &["node", "/usr/share/nodejs/nodemailer"]) {
        play(|attempt| run_script("node", &[], "send.js", attempt));
    }
}

#[test]
fn javamail_relays_with_its_chain_and_learns_why_not_without() {
    let needed = ["java", "javac", JAVAMAIL, ACTIVATION];
    if needs("foreign_clients::javamail", &needed) {
        play(|attempt| {
            let path = format!("{JAVAMAIL}:{ACTIVATION}");
            run_script("java", &["-cp", &path], "Send.java", attempt)
        });
    }
}

#[test]
fn swaks_relays_with_its_chain_and_learns_why_not_without() {
    if needs("foreign_clients::swaks", &["swaks"]) {
        play(swaks);
    }
}

#[test]
fn openssl_s_client_relays_with_its_chain_and_learns_why_not_without() {
    if needs("foreign_clients::openssl", &["openssl", "timeout"]) {
        play(s_client);
    }
}

/// Every combination, with one client.
pub(crate) fn play(client: impl Fn(&Attempt) -> Word) {
    let authority = Authority::new("Example");
    let next_hop = NextHop::start();
    let node = Node::start(&authority, &Settings::default());
    node.apply(&tenant("contoso", "contoso.example", &next_hop.smart_host()));
    let identity = authority.issue(&["mail.contoso.example"]);
    let store = node.path("store.pem");
    std::fs::write(&store, format!("{}{}", authority.issuing_pem, authority.root_pem)).unwrap();

    let mut relayed = 0;
    for tls in ["1.2", "1.3"] {
        for sent in [Sent::Nothing, Sent::LeafOnly, Sent::FullChain] {
            let (certificate, key) = identity.write(node.folder(), "sender", sent);
            let (root, store) = (node.path("root.pem"), store.clone());
            let port = node.smtp().port();
            let word = client(&Attempt { port, sent, tls, certificate, key, root, store });
            let shown = format!("{sent:?} over TLS {tls}: {} {}", word.code, word.text);
            if sent == Sent::FullChain {
                assert_eq!(word.code, 250, "{shown}");
                relayed += 1;
                next_hop.wait_for(relayed);
                continue;
            }
            assert_eq!(word.code, 550, "{shown}");
            assert!(word.text.contains("TenantAttribution; Relay Access Denied"), "{shown}");
            let explained = node.explain(&reference(&word.text));
            assert_eq!(explained["peer"]["tls_version"], format!("TLSv{tls}"), "{shown}");
            if sent == Sent::LeafOnly {
                assert!(word.text.contains("Example Issuing CA 1"), "{shown}");
                assert_eq!(explained["reason"], "chain-incomplete", "{shown}");
            } else {
                assert_eq!(explained["reason"], "no-certificate", "{shown}");
            }
        }
    }
    node.wait_for_empty_queue();
    assert_eq!(next_hop.count(), relayed);
}

fn reference(text: &str) -> String {
    let inside = text.split_once('[').unwrap().1.split_once(']').unwrap().0;
    inside.split(' ').next_back().unwrap().to_owned()
}

fn run_script(interpreter: &str, options: &[&str], name: &str, attempt: &Attempt) -> Word {
    let mut wish = json!({ "port": attempt.port, "tls": attempt.tls, "ca": attempt.root });
    if attempt.sent != Sent::Nothing {
        wish["cert"] = json!(attempt.certificate);
        wish["key"] = json!(attempt.key);
    }
    let mut command = Command::new(interpreter);
    let output = command.args(options).arg(script(name)).arg(wish.to_string()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    let word: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{error}"));
    let code = word["code"].as_u64().unwrap().try_into().unwrap();
    Word { code, text: word["text"].as_str().unwrap().to_owned() }
}

fn swaks(attempt: &Attempt) -> Word {
    let mut command = Command::new("swaks");
    command
        .args(["--server", "127.0.0.1", "--ehlo", "mail.example", "--tls", "--timeout", "30"])
        .args(["--from", "ann@contoso.example", "--to", "bob@elsewhere.example"])
        .args(["--port", &attempt.port.to_string()])
        .args(["--tls-protocol", if attempt.tls == "1.2" { "tlsv1_2" } else { "tlsv1_3" }]);
    if attempt.sent != Sent::Nothing {
        command.arg("--tls-cert").arg(&attempt.certificate);
        command.arg("--tls-key").arg(&attempt.key);
    }
    if attempt.sent == Sent::FullChain {
        // It sends one certificate of the file; the library completes the chain from the CA file.
        command.arg("--tls-ca-path").arg(&attempt.store);
    }
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains(&format!("TLSv{}", attempt.tls)), "{text}");
    let refusals: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("<~* ").or(line.strip_prefix("<~  550")))
        .collect();
    match refusals.first() {
        None => Word { code: if output.status.success() { 250 } else { 0 }, text },
        Some(_) => Word { code: 550, text: refusals.join("\n") },
    }
}

fn s_client(attempt: &Attempt) -> Word {
    let mut command = Command::new("timeout");
    command
        .args(["60", "openssl", "s_client", "-quiet", "-starttls", "smtp"])
        .args(["-connect", &format!("127.0.0.1:{}", attempt.port)])
        .arg(format!("-tls{}", attempt.tls.replace('.', "_")));
    if attempt.sent != Sent::Nothing {
        command.arg("-cert").arg(&attempt.certificate).arg("-key").arg(&attempt.key);
    }
    if attempt.sent == Sent::FullChain {
        command.arg("-cert_chain").arg(&attempt.certificate);
    }
    let child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut session = Dialogue::over(Pipes(child));
    session.send(b"EHLO mail.example\r\n");
    // It shows the last line of its own EHLO's reply first.
    while session.answer().lines.len() == 1 {}
    let body = "Subject: From s_client\r\n\r\nHello.";
    let answer = session.send_message("ann@contoso.example", "bob@elsewhere.example", body);
    Word { code: answer.code, text: answer.text() }
}

/// Another program's standard input and output as one line to talk over.
struct Pipes(Child);

impl Read for Pipes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.stdout.as_mut().unwrap().read(buffer)
    }
}

impl Write for Pipes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.stdin.as_mut().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.stdin.as_mut().unwrap().flush()
    }
}

impl Drop for Pipes {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
