//! One connection, plain or TLS: reads and writes with deadlines, in little memory.
//!
//! May touch its socket only. Knows nothing of SMTP: what it reads goes to the protocol's state
//! machine, and what that says is written. While it waits it holds no buffer, so that an idle
//! session costs its socket and its TLS state alone. Whatever ends the connection is an outcome,
//! never a panic.

use std::fmt;
use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use posthouse_types::{SHOWN_CHARACTERS_MAX, printable};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::tls::{ClientIdentity, ClientTls, HandshakeFacts, HandshakeFailure, ServerTls};

/// One piece that is written, until the peer has taken it: RFC 5321 section 4.5.3.2.5 gives each
/// block of data three minutes. A peer that does not read cannot hold us longer.
const WRITE_TIME_MAX: Duration = Duration::from_secs(180);

/// Saying good-bye, in all: the last reply is on its way, and nothing depends on it any more.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(2);

/// What a peer may go on sending after our last word before we hang up on it.
const CLOSE_BYTES_MAX: usize = 256 * 1024;

/// A read that follows a small one: room for the longest pipelined batch of usual commands.
const READ_BYTES_MIN: usize = 4 * 1024;

/// A read within a body: four TLS records.
const READ_BYTES_MAX: usize = 64 * 1024;

/// What a wire can run over: a TCP stream, or half of `tokio::io::duplex` in a test.
pub(crate) trait Socket: AsyncRead + AsyncWrite + Unpin + Send + Sync {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + Sync> Socket for S {}

/// What came of one read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ReadOutcome<'a> {
    /// Octets, never none; at most 64 KiB.
    Bytes(&'a [u8]),
    /// The peer closed, or the connection broke: see [`Wire::ended_by`].
    Closed,
    /// Nothing came in time.
    TimedOut,
}

/// The connection broke or the peer does not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WriteFailed {
    /// What happened, printable.
    pub(crate) text: String,
}

impl fmt::Display for WriteFailed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl std::error::Error for WriteFailed {}

/// One connection.
pub(crate) struct Wire {
    socket: Box<dyn Socket>,
    /// Empty, and without memory of its own, while a read waits.
    buffer: Vec<u8>,
    /// How much the next read asks for; follows what the last ones brought.
    read_bytes: usize,
    ended_by: Option<String>,
}

impl Wire {
    /// A connection without TLS as yet.
    pub(crate) fn plain(socket: impl Socket + 'static) -> Self {
        let socket = Box::new(socket);
        Self { socket, buffer: Vec::new(), read_bytes: READ_BYTES_MIN, ended_by: None }
    }

    /// Waits for the next octets; with a zero duration only takes what has already come. May be
    /// dropped while it waits without losing anything.
    pub(crate) async fn read(&mut self, within: Duration) -> ReadOutcome<'_> {
        let Self { socket, buffer, read_bytes, .. } = self;
        let read =
            timeout(within, poll_fn(|context| poll_read(socket, buffer, *read_bytes, context)));
        match read.await {
            Err(_) => return ReadOutcome::TimedOut,
            Ok(Err(error)) => {
                self.ended_by = Some(cause(&error));
                return ReadOutcome::Closed;
            }
            Ok(Ok(0)) => return ReadOutcome::Closed,
            Ok(Ok(_)) => {}
        }
        self.read_bytes = next_read_bytes(self.read_bytes, self.buffer.len());
        ReadOutcome::Bytes(&self.buffer)
    }

    /// Writes everything, or fails within [`WRITE_TIME_MAX`]; the wire is then of no more use.
    ///
    /// # Errors
    /// The connection broke, or the peer does not read.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), WriteFailed> {
        let socket = &mut self.socket;
        let write = async {
            socket.write_all(bytes).await?;
            // TLS keeps octets back until it is told to flush.
            socket.flush().await
        };
        let text = match timeout(WRITE_TIME_MAX, write).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => cause(&error),
            Err(_) => format!("the peer took nothing for {} s", WRITE_TIME_MAX.as_secs()),
        };
        self.ended_by = Some(text.clone());
        Err(WriteFailed { text })
    }

    /// Goes over to TLS as the server. Octets that came before the handshake have been handed out
    /// by [`Self::read`]: dropping them is the protocol's part (RFC 3207 section 4.2).
    ///
    /// # Errors
    /// See [`ServerTls::accept`]. The wire is closed then.
    pub(crate) async fn start_tls_server(
        &mut self,
        tls: &ServerTls,
    ) -> Result<HandshakeFacts, HandshakeFailure> {
        let plain = self.take_socket();
        let (stream, facts) = tls.accept(plain).await?;
        self.socket = Box::new(stream);
        Ok(facts)
    }

    /// Goes over to TLS as the client, showing `identity` where the server asks for one.
    ///
    /// # Errors
    /// See [`ClientTls::connect`]. The wire is closed then.
    pub(crate) async fn start_tls_client(
        &mut self,
        tls: &ClientTls,
        server_name: &str,
        identity: Option<&ClientIdentity>,
    ) -> Result<HandshakeFacts, HandshakeFailure> {
        let plain = self.take_socket();
        let (stream, facts) = tls.connect(plain, server_name, identity).await?;
        self.socket = Box::new(stream);
        Ok(facts)
    }

    /// What broke the connection, printable; `None` while it lives and after an orderly end. A
    /// server that refuses our certificate in TLS 1.3 shows here, as the alert that it sent.
    pub(crate) fn ended_by(&self) -> Option<&str> {
        self.ended_by.as_deref()
    }

    /// Ends the connection in order: what was written gets through, since the peer's last octets
    /// are read too (closing over unread ones would reset the connection under our last reply).
    /// Takes [`CLOSE_TIME_MAX`] at most.
    pub(crate) async fn close(mut self) {
        let farewell = async {
            self.socket.shutdown().await?;
            let mut left = CLOSE_BYTES_MAX;
            let mut unwanted = Vec::with_capacity(READ_BYTES_MIN);
            while left > 0 {
                unwanted.clear();
                match self.socket.read_buf(&mut unwanted).await? {
                    0 => break,
                    count => left = left.saturating_sub(count),
                }
            }
            Ok::<(), io::Error>(())
        };
        // Either way the socket is dropped now.
        let _ = timeout(CLOSE_TIME_MAX, farewell).await;
    }

    /// Leaves a socket behind that is at its end.
    fn take_socket(&mut self) -> Box<dyn Socket> {
        self.buffer = Vec::new();
        std::mem::replace(&mut self.socket, Box::new(tokio::io::empty()))
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Wire").field("ended_by", &self.ended_by).finish_non_exhaustive()
    }
}

/// Polls for up to `read_bytes` octets into the emptied buffer. Where nothing is there yet the
/// buffer's memory is given back: ten thousand sessions that wait hold no buffers at all.
fn poll_read(
    socket: &mut Box<dyn Socket>,
    buffer: &mut Vec<u8>,
    read_bytes: usize,
    context: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    buffer.clear();
    if buffer.capacity() != read_bytes {
        *buffer = Vec::with_capacity(read_bytes);
    }
    let polled = pin!(socket.read_buf(buffer)).poll(context);
    if polled.is_pending() {
        *buffer = Vec::new();
    }
    polled
}

/// A read that filled its buffer has more behind it; one that brought little is a command.
fn next_read_bytes(asked: usize, got: usize) -> usize {
    if got >= asked {
        (asked * 4).min(READ_BYTES_MAX)
    } else if got < asked / 4 {
        (asked / 4).max(READ_BYTES_MIN)
    } else {
        asked
    }
}

fn cause(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        // The end of a TLS session that did not say so; SMTP has its own end of data.
        return "the peer closed the connection without ending the TLS session".to_owned();
    }
    printable(&error.to_string(), SHOWN_CHARACTERS_MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::io::{DuplexStream, duplex};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::tls::CertificateSource;

    const SECOND: Duration = Duration::from_secs(1);

    fn pair() -> (Wire, DuplexStream) {
        let (near, far) = duplex(256 * 1024);
        (Wire::plain(near), far)
    }

    fn certificate() -> rcgen::CertifiedKey<rcgen::KeyPair> {
        rcgen::generate_simple_self_signed(["mx.gateway.example".to_owned()]).unwrap()
    }

    fn server_tls() -> ServerTls {
        let made = certificate();
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("chain.pem"), folder.path().join("key.pem"));
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        ServerTls::new(CertificateSource::files(&certificate, &key)).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_ends_with_octets_or_in_time_or_with_the_peer() {
        let (mut wire, mut far) = pair();
        assert_eq!(wire.read(SECOND).await, ReadOutcome::TimedOut);
        far.write_all(b"QUIT\r\n").await.unwrap();
        assert_eq!(wire.read(Duration::ZERO).await, ReadOutcome::Bytes(b"QUIT\r\n"));
        assert_eq!(wire.read(Duration::ZERO).await, ReadOutcome::TimedOut);
        drop(far);
        assert_eq!(wire.read(SECOND).await, ReadOutcome::Closed);
        assert_eq!(wire.ended_by(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_that_waits_holds_no_buffer() {
        let (mut wire, mut far) = pair();
        far.write_all(&[b'x'; 200_000]).await.unwrap();
        while wire.read(Duration::ZERO).await != ReadOutcome::TimedOut {}
        assert_eq!(wire.buffer.capacity(), 0);
    }

    #[tokio::test]
    async fn reads_grow_with_a_body_and_shrink_with_commands() {
        let (mut wire, mut far) = pair();
        far.write_all(&[b'x'; 200_000]).await.unwrap();
        let mut sizes = Vec::new();
        while let ReadOutcome::Bytes(bytes) = wire.read(Duration::ZERO).await {
            sizes.push(bytes.len());
        }
        assert_eq!(sizes[..3], [4 * 1024, 16 * 1024, 64 * 1024]);
        assert_eq!(sizes.iter().sum::<usize>(), 200_000);
        for _ in 0..3 {
            far.write_all(b"NOOP\r\n").await.unwrap();
            wire.read(SECOND).await;
        }
        assert_eq!(wire.read_bytes, READ_BYTES_MIN);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_read_cannot_hold_us() {
        let (near, _far) = duplex(16);
        let mut wire = Wire::plain(near);
        let failed = wire.write(&[b'x'; 1000]).await.unwrap_err();
        assert!(failed.text.contains("180 s"), "{failed}");
        assert_eq!(wire.ended_by(), Some(failed.text.as_str()));
    }

    #[tokio::test]
    async fn two_wires_go_over_to_tls_and_on() {
        let (near, far) = duplex(64 * 1024);
        let (mut server, mut client) = (Wire::plain(near), Wire::plain(far));
        let (server_tls, client_tls) = (server_tls(), ClientTls::default());
        let (theirs, ours) = tokio::join!(
            server.start_tls_server(&server_tls),
            client.start_tls_client(&client_tls, "mx.gateway.example", None)
        );
        assert_eq!(theirs.unwrap().version, "TLSv1.3");
        assert_eq!(ours.unwrap().presented.len(), 1);
        client.write(b"EHLO client.example\r\n").await.unwrap();
        assert_eq!(server.read(SECOND).await, ReadOutcome::Bytes(b"EHLO client.example\r\n"));
        server.write(b"221 bye\r\n").await.unwrap();
        let listen = async {
            assert_eq!(client.read(SECOND).await, ReadOutcome::Bytes(b"221 bye\r\n"));
            assert_eq!(client.read(SECOND).await, ReadOutcome::Closed);
            assert_eq!(client.ended_by(), None);
            client.close().await;
        };
        tokio::join!(server.close(), listen);
    }

    /// In TLS 1.3 our handshake is over before the server has looked at our certificate.
    #[tokio::test]
    async fn a_server_that_refuses_our_certificate_is_quoted() {
        let (trusted, ours) = (certificate(), certificate());
        let mut roots = rustls::RootCertStore::empty();
        roots.add(trusted.cert.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(
            Arc::new(roots),
            Arc::clone(&provider),
        );
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(
                vec![trusted.cert.der().clone()],
                trusted.signing_key.serialize_der().try_into().unwrap(),
            )
            .unwrap();
        let identity = ClientIdentity::from_pem(
            ours.cert.pem().as_bytes(),
            ours.signing_key.serialize_pem().as_bytes(),
            "chain.pem",
            "key.pem",
        )
        .unwrap();
        let (near, far) = duplex(64 * 1024);
        let mut wire = Wire::plain(far);
        let tls = ClientTls::default();
        let (refused, shaken) = tokio::join!(
            tokio_rustls::TlsAcceptor::from(Arc::new(config)).accept(near),
            wire.start_tls_client(&tls, "[192.0.2.1]", Some(&identity))
        );
        assert!(refused.is_err());
        assert_eq!(shaken.unwrap().sent, [ours.cert.der().to_vec()]);
        assert_eq!(wire.read(SECOND).await, ReadOutcome::Closed);
        let ended_by = wire.ended_by().unwrap();
        assert!(ended_by.contains("alert"), "{ended_by}");
    }

    #[tokio::test]
    async fn after_a_failed_handshake_the_wire_is_at_its_end() {
        let (near, mut far) = duplex(64 * 1024);
        let mut wire = Wire::plain(near);
        far.write_all(b"EHLO plain.example\r\n").await.unwrap();
        assert!(wire.start_tls_server(&server_tls()).await.is_err());
        assert_eq!(wire.read(SECOND).await, ReadOutcome::Closed);
    }

    /// Closing a TCP socket over unread octets resets it, and a reset can overtake the reply.
    #[tokio::test]
    async fn the_last_reply_arrives_though_the_peer_went_on_sending() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut far = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let mut wire = Wire::plain(listener.accept().await.unwrap().0);
        far.write_all(&[b'x'; 50_000]).await.unwrap();
        wire.write(b"554 5.5.0 enough\r\n").await.unwrap();
        let mut seen = Vec::new();
        let listen = async {
            far.read_to_end(&mut seen).await.unwrap();
            far.shutdown().await.unwrap();
        };
        tokio::join!(wire.close(), listen);
        assert_eq!(seen, b"554 5.5.0 enough\r\n");
    }

    #[tokio::test(start_paused = true)]
    async fn closing_does_not_wait_for_a_peer_that_stays() {
        let (wire, _far) = pair();
        let start = tokio::time::Instant::now();
        wire.close().await;
        assert!(start.elapsed() <= CLOSE_TIME_MAX + SECOND);
    }
}
