//! The gateway's end: asks for a client certificate, requires none, names no authorities.
//!
//! May touch the stream that it is given and the node's own certificate and key files. Never
//! judges a chain (see `possession`). A bad new certificate file leaves the old one in use.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::server::{ServerSessionMemoryCache, StoresServerSessions};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsAcceptor, TlsStream};

use super::possession::PossessionOnly;
use super::source::Look;
use super::{
    CertificateSource, ClientIdentity, HANDSHAKE_TIME_MAX, HandshakeFacts, HandshakeFailure,
    PROTOCOL_VERSIONS, Side, provider,
};

/// The application protocol's name (IANA registry of ALPN identifiers). A client that offers
/// others only is a browser that somebody tricked into talking to us (ALPACA), and gets an alert.
const ALPN_SMTP: &[u8] = b"smtp";

/// Sessions that can be resumed, in all. Senders that resume at all come back within minutes.
const RESUMABLE_SESSIONS_MAX: usize = 512;

/// Longest state of one resumable session, client certificates included; a longer one is not
/// kept. With the number above this bounds what strangers can make us remember, at 8 MiB.
const RESUMABLE_SESSION_BYTES_MAX: usize = 16 * 1024;

/// The server's TLS settings; share it by `Arc`.
#[derive(Debug)]
pub(crate) struct ServerTls {
    /// None: the certificate is fixed.
    source: Option<CertificateSource>,
    config: ArcSwap<ServerConfig>,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    /// The source as it was at the last attempt, good or bad.
    look: Look,
    /// The chain that is in use.
    chain: Vec<Vec<u8>>,
}

impl ServerTls {
    /// Shows this identity for as long as it lives: there are no files behind it.
    pub(crate) fn fixed(identity: &ClientIdentity) -> Self {
        let seen = Seen { look: Look::default(), chain: Vec::new() };
        Self { source: None, config: ArcSwap::new(config(identity)), seen: Mutex::new(seen) }
    }

    /// Reads the node's certificate. Any will do, a self-signed one included: SMTP clients judge
    /// for themselves.
    ///
    /// # Errors
    /// Reason `own-certificate-unusable`; the text says what, where, and what to do.
    pub(crate) fn new(source: CertificateSource) -> Result<Self, HandshakeFailure> {
        // Before anything is read: a change in between is then seen as one.
        let look = source.look();
        let identity = source.load()?;
        let seen = Seen { look, chain: identity.certificates().map(<[u8]>::to_vec).collect() };
        let source = Some(source);
        Ok(Self { source, config: ArcSwap::new(config(&identity)), seen: Mutex::new(seen) })
    }

    /// Takes up a new certificate. `Ok(true)`: a new one is in use from the next handshake on.
    /// `Ok(false)`: the same certificates as before. Blocks for a few small reads at most.
    ///
    /// # Errors
    /// The new one cannot be used and the old certificate stays; said once for each change.
    pub(crate) fn reload_if_changed(&self) -> Result<bool, HandshakeFailure> {
        let Some(source) = &self.source else { return Ok(false) };
        let look = source.look();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.look == look {
            return Ok(false);
        }
        seen.look = look;
        let loaded = source.load().map_err(|failure| HandshakeFailure {
            text: format!("{}; the certificate read before stays in use", failure.text),
            ..failure
        })?;
        self.config.store(config(&loaded));
        let chain = loaded.certificates().map(<[u8]>::to_vec).collect();
        Ok(std::mem::replace(&mut seen.chain, chain) != seen.chain)
    }

    /// The leaf that clients are shown (DER), for logs.
    pub(crate) fn leaf(&self) -> Option<Vec<u8>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).chain.first().cloned()
    }

    /// Does the server's part of a handshake within [`HANDSHAKE_TIME_MAX`]. The peer gets an
    /// alert where it fails.
    ///
    /// # Errors
    /// Reasons `key-unusable` and `malformed` for a client certificate whose possession cannot be
    /// proven at all, else `tls-handshake-failed`.
    pub(crate) async fn accept<S>(
        &self,
        stream: S,
    ) -> Result<(TlsStream<S>, HandshakeFacts), HandshakeFailure>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let handshake = TlsAcceptor::from(self.config.load_full()).accept(stream);
        let stream = match tokio::time::timeout(HANDSHAKE_TIME_MAX, handshake).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(HandshakeFailure::from_io(&error, Side::Server)),
            Err(_) => return Err(HandshakeFailure::timed_out(Side::Server)),
        };
        let facts = HandshakeFacts::of(stream.get_ref().1, Vec::new(), false);
        Ok((TlsStream::from(stream), facts))
    }
}

#[expect(clippy::expect_used, reason = "depends on how this program was built alone")]
fn config(identity: &ClientIdentity) -> Arc<ServerConfig> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(PROTOCOL_VERSIONS)
        .expect("aws-lc-rs has suites for TLS 1.2 and 1.3")
        .with_client_cert_verifier(PossessionOnly::new())
        .with_cert_resolver(identity.resolver());
    config.alpn_protocols = vec![ALPN_SMTP.to_vec()];
    // Nothing is taken from a client before its handshake is complete (RFC 8446 section 8).
    config.max_early_data_size = 0;
    config.session_storage = Arc::new(BoundedSessions {
        sessions: ServerSessionMemoryCache::new(RESUMABLE_SESSIONS_MAX),
    });
    // Few senders resume, and each ticket is an entry in the store above.
    config.send_tls13_tickets = 1;
    Arc::new(config)
}

/// rustls' own store, with a bound on the length of one session's state.
#[derive(Debug)]
struct BoundedSessions {
    sessions: Arc<ServerSessionMemoryCache>,
}

impl StoresServerSessions for BoundedSessions {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        value.len() <= RESUMABLE_SESSION_BYTES_MAX && self.sessions.put(key, value)
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.sessions.get(key)
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.sessions.take(key)
    }

    fn can_cache(&self) -> bool {
        true
    }
}
