//! A next hop that keeps what it is given and obeys a script: which reply to which command.
//!
//! It outlives any node, so it is also the ledger of what was really delivered.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

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

/// Answers a command (`.` is the end of the data): `None` for the usual reply, an empty text to
/// close without one.
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
}

impl NextHop {
    /// A next hop that takes everything.
    pub(crate) fn start() -> Self {
        Self::with_extensions(&["PIPELINING", "8BITMIME", "SMTPUTF8", "DSN", "SIZE 50000000"])
    }

    /// A next hop that offers these extensions.
    pub(crate) fn with_extensions(extensions: &[&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let shared = Arc::new(Shared {
            delivered: Mutex::default(),
            commands: Mutex::default(),
            script: Mutex::new(Arc::new(|_| None)),
            extensions: extensions.to_vec(),
        });
        let next_hop = Self { address: listener.local_addr().unwrap(), shared };
        let shared = Arc::clone(&next_hop.shared);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&shared);
                // A session that ends early is the node's business; the scenario sees the outcome.
                thread::spawn(move || serve(&stream, &shared));
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

fn serve(stream: &TcpStream, shared: &Shared) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut transaction = Delivered { mail: String::new(), recipients: vec![], content: vec![] };
    say(stream, &script(shared, "CONNECT").unwrap_or("220 next.example ESMTP".to_owned()))?;
    loop {
        let command = read_line(&mut reader)?;
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
            "QUIT" => {
                say(stream, "221 2.0.0 Bye")?;
                return stream.shutdown(Shutdown::Both).ok();
            }
            _ => "250 2.0.0 OK".to_owned(),
        };
        let reply = scripted.unwrap_or(usual);
        say(stream, &reply)?;
        if verb == "DATA" && reply.starts_with('3') {
            transaction.content = read_data(&mut reader)?;
            let reply = script(shared, ".").unwrap_or("250 2.6.0 Queued".to_owned());
            if reply.starts_with('2') {
                shared.delivered.lock().unwrap().push(transaction.clone());
            }
            say(stream, &reply)?;
        }
    }
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
fn say(mut stream: &TcpStream, reply: &str) -> Option<()> {
    if reply.is_empty() {
        let _ = stream.shutdown(Shutdown::Both);
        return None;
    }
    stream.write_all(format!("{reply}\r\n").as_bytes()).ok()
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
