//! A client that says exactly what it is told, byte for byte, and reads replies.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, HandshakeKind, RootCertStore, StreamOwned};

use super::{Authority, Identity, SOON, Sent};

/// One reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Its code.
    pub(crate) code: u16,
    /// Its lines, codes and all.
    pub(crate) lines: Vec<String>,
}

impl Answer {
    /// The text of all lines, in one.
    pub(crate) fn text(&self) -> String {
        self.lines.join("\n")
    }

    /// The reference: the last word in the first brackets.
    pub(crate) fn reference(&self) -> String {
        let text = self.text();
        let inside = text.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
        let words = inside.unwrap_or_else(|| panic!("no brackets in {text}")).0;
        words.split(' ').next_back().unwrap().to_owned()
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text())
    }
}

/// What a dialogue is held over: a socket, TLS, or the pipes of another program.
pub(crate) trait Line: Read + Write + Send {}
impl<T: Read + Write + Send> Line for T {}

/// One SMTP session, said line by line.
pub(crate) struct Dialogue {
    line: Box<dyn Line>,
    socket: Option<TcpStream>,
    received: Vec<u8>,
}

impl Dialogue {
    /// Connects and reads the greeting.
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let mut dialogue = Self::connect_silently(address);
        let greeting = dialogue.answer();
        assert_eq!(greeting.code, 220, "{greeting}");
        dialogue
    }

    /// [`connect`](Self::connect) to a node that may be dying.
    pub(crate) fn try_connect(address: SocketAddr) -> Option<Self> {
        let mut dialogue = Self::on(TcpStream::connect(address).ok()?);
        dialogue.try_answer().filter(|greeting| greeting.code == 220)?;
        Some(dialogue)
    }

    /// Connects and reads nothing.
    pub(crate) fn connect_silently(address: SocketAddr) -> Self {
        Self::on(TcpStream::connect(address).unwrap())
    }

    fn on(socket: TcpStream) -> Self {
        socket.set_read_timeout(Some(SOON)).unwrap();
        socket.set_nodelay(true).unwrap();
        let line = Box::new(socket.try_clone().unwrap());
        Self { line, socket: Some(socket), received: Vec::new() }
    }

    /// A session that somebody else has begun.
    pub(crate) fn over(line: impl Line + 'static) -> Self {
        Self { line: Box::new(line), socket: None, received: Vec::new() }
    }

    /// Connects, says EHLO, STARTTLS with this identity, and EHLO again.
    pub(crate) fn secured(
        address: SocketAddr,
        authority: &Authority,
        identity: Option<(&Identity, Sent)>,
    ) -> Self {
        let mut dialogue = Self::connect(address);
        dialogue.expect(250, "EHLO mail.example");
        dialogue.start_tls(authority, identity);
        dialogue.expect(250, "EHLO mail.example");
        dialogue
    }

    /// STARTTLS and the handshake; the server has to be `gw.example.net` of this authority.
    pub(crate) fn start_tls(&mut self, authority: &Authority, identity: Option<(&Identity, Sent)>) {
        self.expect(220, "STARTTLS");
        self.handshake(authority, identity);
    }

    /// The handshake alone, where 220 was read already.
    pub(crate) fn handshake(&mut self, authority: &Authority, identity: Option<(&Identity, Sent)>) {
        self.try_handshake(authority, identity).unwrap();
    }

    /// The handshake, which may fail: the server's certificate may not be trusted.
    pub(crate) fn try_handshake(
        &mut self,
        authority: &Authority,
        identity: Option<(&Identity, Sent)>,
    ) -> io::Result<()> {
        self.handshake_by(Arc::new(client_config(authority, identity))).map(drop)
    }

    /// The handshake by a configuration that may remember earlier sessions; says whether this one
    /// was resumed.
    pub(crate) fn handshake_by(&mut self, config: Arc<ClientConfig>) -> io::Result<HandshakeKind> {
        let socket = self.socket.take().unwrap();
        let name = ServerName::try_from("gw.example.net").unwrap();
        let connection = ClientConnection::new(config, name).unwrap();
        let mut stream = StreamOwned::new(connection, socket);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        let kind = stream.conn.handshake_kind().unwrap();
        self.line = Box::new(stream);
        Ok(kind)
    }

    /// Sends a command and reads the reply.
    pub(crate) fn say(&mut self, command: &str) -> Answer {
        self.send(format!("{command}\r\n").as_bytes());
        self.answer()
    }

    /// [`say`](Self::say), and the reply has to have this code.
    pub(crate) fn expect(&mut self, code: u16, command: &str) -> Answer {
        let answer = self.say(command);
        assert_eq!(answer.code, code, "{command} was answered {answer}");
        answer
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.line.write_all(bytes).unwrap();
        self.line.flush().unwrap();
    }

    /// Sends bytes; says whether the other side still took them.
    pub(crate) fn try_send(&mut self, bytes: &[u8]) -> bool {
        self.line.write_all(bytes).and_then(|()| self.line.flush()).is_ok()
    }

    /// Reads one reply.
    pub(crate) fn answer(&mut self) -> Answer {
        self.try_answer().expect("the server closed instead of answering")
    }

    /// Reads one reply; `None` where the connection ends before it is complete.
    pub(crate) fn try_answer(&mut self) -> Option<Answer> {
        let mut lines = Vec::new();
        loop {
            let line = self.read_line()?;
            let code = line.get(..3).and_then(|code| code.parse().ok());
            let more = line.as_bytes().get(3) == Some(&b'-');
            let code: u16 = code.unwrap_or_else(|| panic!("not a reply: {line:?}"));
            lines.push(line);
            if !more {
                return Some(Answer { code, lines });
            }
        }
    }

    /// Sends a command and reads the reply; `None` where the connection has ended.
    pub(crate) fn try_answer_to(&mut self, command: &str) -> Option<Answer> {
        self.try_send(format!("{command}\r\n").as_bytes());
        self.try_answer()
    }

    /// A reply that comes within this time. Over plain TCP only.
    pub(crate) fn answer_within(&mut self, time: Duration) -> Option<Answer> {
        let socket = self.socket.as_ref().unwrap();
        socket.set_read_timeout(Some(time)).unwrap();
        let ready = socket.peek(&mut [0]).is_ok_and(|count| count > 0);
        socket.set_read_timeout(Some(SOON)).unwrap();
        if ready { self.try_answer() } else { None }
    }

    /// Reads replies until the server closes.
    pub(crate) fn answers_until_closed(&mut self) -> Vec<Answer> {
        std::iter::from_fn(|| self.try_answer()).collect()
    }

    /// A whole message from EHLO's far side on; the last reply, or the first refusal.
    pub(crate) fn send_message(&mut self, sender: &str, recipient: &str, body: &str) -> Answer {
        for command in [format!("MAIL FROM:<{sender}>"), format!("RCPT TO:<{recipient}>")] {
            let answer = self.say(&command);
            if answer.code != 250 {
                return answer;
            }
        }
        self.expect(354, "DATA");
        self.send(body.as_bytes());
        self.say("\r\n.")
    }

    fn read_line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.received.windows(2).position(|pair| pair == b"\r\n") {
                let rest = self.received.split_off(end + 2);
                let line = std::mem::replace(&mut self.received, rest);
                return Some(String::from_utf8_lossy(&line[..end]).into_owned());
            }
            let mut buffer = [0; 4096];
            match self.line.read(&mut buffer) {
                Ok(0) => return None,
                Ok(count) => self.received.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    let waited = [ErrorKind::WouldBlock, ErrorKind::TimedOut];
                    assert!(!waited.contains(&error.kind()), "no reply within {SOON:?}");
                    return None; // Reset, or TLS cut short: closed all the same.
                }
            }
        }
    }
}

/// A client that trusts this authority and shows this identity.
pub(crate) fn client_config(
    authority: &Authority,
    identity: Option<(&Identity, Sent)>,
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.root_pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    match identity {
        None | Some((_, Sent::Nothing)) => builder.with_no_client_auth(),
        Some((identity, sent)) => {
            let pem = if sent == Sent::LeafOnly { &identity.leaf_pem } else { &identity.chain_pem };
            let chain = CertificateDer::pem_slice_iter(pem.as_bytes()).map(Result::unwrap);
            let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes()).unwrap();
            builder.with_client_auth_cert(chain.collect(), key).unwrap()
        }
    }
}
