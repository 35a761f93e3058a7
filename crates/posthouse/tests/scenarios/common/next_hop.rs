//! A next hop that keeps what it is given and obeys a script: which reply to which command.
//!
//! It outlives any node, so it is also the ledger of what was really delivered.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoClientAuth, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::dialogue::Line;
use super::{Authority, Identity, Sent};

/// One message as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Delivered {
    /// The MAIL command.
    pub(crate) mail: String,
    /// The RCPT commands that were answered 250.
    pub(crate) recipients: Vec<String>,
    /// Header and body, dots unstuffed, CRLF kept.
    pub(crate) content: Vec<u8>,
}

impl Delivered {
    /// The content as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.content).into_owned()
    }

    /// The content behind the header.
    pub(crate) fn body(&self) -> String {
        let text = self.text();
        text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
    }
}

/// Answers a command (`.` is the end of the data, `CONTENT` its first line, after which it closes):
/// `None` for the usual reply, an empty text to close without one.
type Script = dyn Fn(&str) -> Option<String> + Send + Sync;

/// The next hop.
#[derive(Clone)]
pub(crate) struct NextHop {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    delivered: Mutex<Vec<Delivered>>,
    commands: Mutex<Vec<String>>,
    script: Mutex<Arc<Script>>,
    extensions: Vec<&'static str>,
    tls: Option<Arc<ServerConfig>>,
}

/// What a next hop offers where nothing else is said.
const EXTENSIONS: &[&str] = &["PIPELINING", "8BITMIME", "SMTPUTF8", "DSN", "SIZE 50000000"];

impl NextHop {
    /// A next hop that takes everything.
    pub(crate) fn start() -> Self {
        Self::with_extensions(EXTENSIONS)
    }

    /// A next hop that offers these extensions.
    pub(crate) fn with_extensions(extensions: &[&'static str]) -> Self {
        Self::listen("127.0.0.1:0", extensions, None)
    }

    /// A next hop that offers STARTTLS too, with this certificate.
    pub(crate) fn with_tls(identity: &Identity, sent: Sent) -> Self {
        Self::with_tls_at("127.0.0.1:0", identity, sent)
    }

    /// The same at this address.
    pub(crate) fn with_tls_at(address: &str, identity: &Identity, sent: Sent) -> Self {
        let tls = server_config(identity, sent, Arc::new(NoClientAuth));
        Self::listen(address, EXTENSIONS, Some(Arc::new(tls)))
    }

    /// The same, but it hangs up on whoever shows no certificate of this authority.
    pub(crate) fn with_tls_for(authority: &Authority, identity: &Identity) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.root_pem.as_bytes()).unwrap()).unwrap();
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
        let tls = server_config(identity, Sent::FullChain, clients.build().unwrap());
        Self::listen("127.0.0.1:0", EXTENSIONS, Some(Arc::new(tls)))
    }

    /// A next hop at this address: on port 25, as those that DNS names are, only root can have it.
    pub(crate) fn at(address: &str) -> Self {
        Self::listen(address, EXTENSIONS, None)
    }

    fn listen(address: &str, extensions: &[&'static str], tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let mut extensions = extensions.to_vec();
        extensions.extend(tls.is_some().then_some("STARTTLS"));
        let shared = Arc::new(Shared {
            delivered: Mutex::default(),
            commands: Mutex::default(),
            script: Mutex::new(Arc::new(|_| None)),
            extensions,
            tls,
        });
        let next_hop = Self { address: listener.local_addr().unwrap(), shared };
        let shared = Arc::clone(&next_hop.shared);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&shared);
                // A session that ends early is the node's business; the scenario sees the outcome.
                thread::spawn(move || serve(Box::new(stream), &shared));
            }
        });
        next_hop
    }

    /// `127.0.0.1:port`, as in `smart_hosts`.
    pub(crate) fn smart_host(&self) -> String {
        self.address.to_string()
    }

    /// From now on, answers by this script.
    pub(crate) fn obey(&self, script: impl Fn(&str) -> Option<String> + Send + Sync + 'static) {
        *self.shared.script.lock().unwrap() = Arc::new(script);
    }

    /// Everything that was taken with 250.
    pub(crate) fn delivered(&self) -> Vec<Delivered> {
        self.shared.delivered.lock().unwrap().clone()
    }

    /// How much was taken with 250.
    pub(crate) fn count(&self) -> usize {
        self.shared.delivered.lock().unwrap().len()
    }

    /// Waits for so many messages and gives them.
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Delivered> {
        super::wait_for(&format!("{count} messages at the next hop"), || {
            let delivered = self.delivered();
            (delivered.len() >= count).then_some(delivered)
        })
    }

    /// Every command that came, of all sessions.
    pub(crate) fn commands(&self) -> Vec<String> {
        self.shared.commands.lock().unwrap().clone()
    }
}

fn serve(stream: Box<dyn Line>, shared: &Shared) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let mut transaction = Delivered { mail: String::new(), recipients: vec![], content: vec![] };
    say(&mut stream, &script(shared, "CONNECT").unwrap_or("220 next.example ESMTP".to_owned()))?;
    loop {
        let command = read_line(&mut stream)?;
        shared.commands.lock().unwrap().push(command.clone());
        let scripted = script(shared, &command);
        let verb = command.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let accepted = scripted.as_ref().is_none_or(|reply| reply.starts_with('2'));
        let usual = match verb.as_str() {
            "EHLO" => ehlo(shared),
            "MAIL" => {
                let mail = command.clone();
                transaction = Delivered { mail, recipients: vec![], content: vec![] };
                "250 2.1.0 OK".to_owned()
            }
            "RCPT" => {
                if accepted {
                    transaction.recipients.push(command.clone());
                }
                "250 2.1.5 OK".to_owned()
            }
            "DATA" if transaction.recipients.is_empty() => "554 5.5.1 No recipients".to_owned(),
            "DATA" => "354 Go on".to_owned(),
            "STARTTLS" => "220 2.0.0 Go on".to_owned(),
            "QUIT" => return say(&mut stream, "221 2.0.0 Bye"),
            _ => "250 2.0.0 OK".to_owned(),
        };
        let reply = scripted.unwrap_or(usual);
        say(&mut stream, &reply)?;
        if verb == "STARTTLS" && reply.starts_with("220 ") {
            let config = Arc::clone(shared.tls.as_ref()?);
            let connection = ServerConnection::new(config).ok()?;
            let secured: Box<dyn Line> =
                Box::new(StreamOwned::new(connection, stream.into_inner()));
            stream = BufReader::new(secured);
        }
        if verb == "DATA" && reply.starts_with('3') {
            if let Some(reply) = script(shared, "CONTENT") {
                read_line(&mut stream)?;
                return say(&mut stream, &reply);
            }
            transaction.content = read_data(&mut stream)?;
            let reply = script(shared, ".").unwrap_or("250 2.6.0 Queued".to_owned());
            if reply.starts_with('2') {
                shared.delivered.lock().unwrap().push(transaction.clone());
            }
            say(&mut stream, &reply)?;
        }
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn server_config(
    identity: &Identity,
    sent: Sent,
    clients: Arc<dyn ClientCertVerifier>,
) -> ServerConfig {
    let pem = if sent == Sent::LeafOnly { &identity.leaf_pem } else { &identity.chain_pem };
    let chain = CertificateDer::pem_slice_iter(pem.as_bytes()).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes()).unwrap();
    ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_single_cert(chain, key)
        .unwrap()
}

fn script(shared: &Shared, command: &str) -> Option<String> {
    let script = Arc::clone(&shared.script.lock().unwrap());
    script(command)
}

fn ehlo(shared: &Shared) -> String {
    let mut lines = vec!["next.example".to_owned()];
    lines.extend(shared.extensions.iter().map(|extension| (*extension).to_owned()));
    let last = lines.pop().unwrap_or_default();
    let mut reply: String = lines.iter().map(|line| format!("250-{line}\r\n")).collect();
    reply.push_str(&format!("250 {last}"));
    reply
}

/// Says a reply; `None` where the script closes, or the peer is gone.
fn say(stream: &mut BufReader<Box<dyn Line>>, reply: &str) -> Option<()> {
    if reply.is_empty() {
        return None;
    }
    let line = stream.get_mut();
    line.write_all(format!("{reply}\r\n").as_bytes()).and_then(|()| line.flush()).ok()
}

fn read_line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = Vec::new();
    reader.take(64 * 1024).read_until(b'\n', &mut line).ok()?;
    let text = line.strip_suffix(b"\r\n")?;
    Some(String::from_utf8_lossy(text).into_owned())
}

fn read_data(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    loop {
        let mut line = Vec::new();
        if reader.read_until(b'\n', &mut line).ok()? == 0 {
            return None;
        }
        if line == b".\r\n" {
            return Some(content);
        }
        content.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}
