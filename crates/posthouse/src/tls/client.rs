//! The sending end: shows the connector's certificate where it has one, takes any server chain.
//!
//! May touch the stream that it is given and the connectors' certificate and key files or
//! the stores. Never
//! judges the server's chain: the caller does, by the connector's `tls_settings`. A certificate
//! that cannot be used is an error before anything is sent.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::{ResolvesClientCert, Resumption};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, SignatureScheme, SupportedProtocolVersion};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsConnector, TlsStream};

use super::possession::PossessionOnly;
use super::source::Look;
use super::{
    CertificateSource, ClientIdentity, HANDSHAKE_TIME_MAX, HandshakeFacts, HandshakeFailure,
    PROTOCOL_VERSIONS, Side, provider, shown,
};

/// Identities kept in memory. A node that has more connectors with certificates than this reads
/// some files again.
const IDENTITIES_KEPT_MAX: usize = 1024;

/// The client's TLS settings; share it by `Arc`.
#[derive(Debug)]
pub(crate) struct ClientTls {
    config: Arc<ClientConfig>,
    identities: Mutex<HashMap<(PathBuf, PathBuf), (Look, ClientIdentity)>>,
    /// Identities that stay in use whatever becomes of their sources.
    pinned: Mutex<HashMap<(PathBuf, PathBuf), ClientIdentity>>,
    /// Notes whether a certificate was asked for, also where there is none to show.
    watches: bool,
}

impl Default for ClientTls {
    /// Settings without any identity of our own.
    fn default() -> Self {
        Self::speaking(PROTOCOL_VERSIONS)
    }
}

impl ClientTls {
    /// Settings that speak these versions only (not none), and note whether the server asks for a
    /// certificate: for finding out about a server, at the price of resuming no session.
    pub(crate) fn for_diagnosis(versions: &[&'static SupportedProtocolVersion]) -> Self {
        Self { watches: true, ..Self::speaking(versions) }
    }

    #[expect(clippy::expect_used, reason = "depends on how this program was built alone")]
    fn speaking(versions: &[&'static SupportedProtocolVersion]) -> Self {
        let config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(versions)
            .expect("aws-lc-rs has suites for TLS 1.2 and 1.3")
            .dangerous()
            // Any chain gets through; the key's possession is proven all the same.
            .with_custom_certificate_verifier(PossessionOnly::new())
            .with_no_client_auth();
        let (identities, pinned) = (Mutex::default(), Mutex::default());
        Self { config: Arc::new(config), identities, pinned, watches: false }
    }

    /// The identity in these two files. As [`identity_of`](Self::identity_of).
    ///
    /// # Errors
    /// Reason `own-certificate-unusable`; the text says what, where, and what to do.
    pub(crate) fn identity(
        &self,
        certificate: &Path,
        key: &Path,
    ) -> Result<ClientIdentity, HandshakeFailure> {
        self.identity_of(&CertificateSource::files(certificate, key))
    }

    /// The identity of this source, read again whenever it has changed: a repaired chain goes out
    /// with the queue's next attempt. Blocks for a few small reads at most.
    ///
    /// # Errors
    /// Reason `own-certificate-unusable`; the text says what, where, and what to do.
    pub(crate) fn identity_of(
        &self,
        source: &CertificateSource,
    ) -> Result<ClientIdentity, HandshakeFailure> {
        let key = source.key();
        {
            let pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(identity) = pinned.get(&key) {
                return Ok(identity.clone());
            }
        }
        let look = source.look();
        {
            let identities = self.identities.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((read_at, identity)) = identities.get(&key)
                && *read_at == look
            {
                return Ok(identity.clone());
            }
        }
        let identity = source.load()?;
        let mut identities = self.identities.lock().unwrap_or_else(PoisonError::into_inner);
        if identities.len() >= IDENTITIES_KEPT_MAX {
            identities.clear();
        }
        identities.insert(key, (look, identity.clone()));
        Ok(identity)
    }

    /// Keeps this identity in use for its source, until another one is pinned: for a caller that
    /// looks at each new one before it is shown to anybody.
    pub(crate) fn pin(&self, source: &CertificateSource, identity: ClientIdentity) {
        self.pinned.lock().unwrap_or_else(PoisonError::into_inner).insert(source.key(), identity);
    }

    /// Does the client's part of a handshake within [`HANDSHAKE_TIME_MAX`]. `server_name` is a
    /// host name, which is sent (SNI, RFC 6066 section 3), or an IP address, which is not; the
    /// brackets of an address literal are taken off.
    ///
    /// In TLS 1.3 this returns before the server has looked at our certificate: a server that
    /// ends the session for its sake does so in its first answer.
    ///
    /// # Errors
    /// Reason `remote-certificate-refused` where the server's key cannot be used at all, else
    /// `tls-handshake-failed`.
    pub(crate) async fn connect<S>(
        &self,
        stream: S,
        server_name: &str,
        identity: Option<&ClientIdentity>,
    ) -> Result<(TlsStream<S>, HandshakeFacts), HandshakeFailure>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let bare = server_name.trim_start_matches('[').trim_end_matches(']');
        let bare = bare.strip_prefix("IPv6:").unwrap_or(bare);
        let name = ServerName::try_from(bare.to_owned()).map_err(|_| {
            HandshakeFailure::failed(format!("{} is not a host name", shown(&server_name)))
        })?;
        let shown_identity = Arc::new(Shown::new(identity));
        let mut config = Arc::clone(&self.config);
        if identity.is_some() || self.watches {
            let config = Arc::make_mut(&mut config);
            config.client_auth_cert_resolver = Arc::<Shown>::clone(&shown_identity);
            // A resumed session would carry the chain of the first one: after a repair the
            // server would go on seeing the old chain, and our log would claim the new one.
            config.resumption = Resumption::disabled();
        }
        let handshake = TlsConnector::from(config).connect(name, stream);
        let stream = match tokio::time::timeout(HANDSHAKE_TIME_MAX, handshake).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(HandshakeFailure::from_io(&error, Side::Client)),
            Err(_) => return Err(HandshakeFailure::timed_out(Side::Client)),
        };
        let sent = match identity {
            Some(identity) if shown_identity.sent.load(Ordering::Relaxed) => {
                identity.certificates().map(<[u8]>::to_vec).collect()
            }
            _ => Vec::new(),
        };
        let asked = shown_identity.asked.load(Ordering::Relaxed);
        let facts = HandshakeFacts::of(stream.get_ref().1, sent, asked);
        Ok((TlsStream::from(stream), facts))
    }
}

/// One connection's certificate, where it has one; whether the server asked for one and got it.
#[derive(Debug)]
struct Shown {
    certified: Option<Arc<CertifiedKey>>,
    asked: AtomicBool,
    sent: AtomicBool,
}

impl Shown {
    fn new(identity: Option<&ClientIdentity>) -> Self {
        Self {
            certified: identity.map(|identity| Arc::clone(identity.certified())),
            asked: AtomicBool::new(false),
            sent: AtomicBool::new(false),
        }
    }
}

impl ResolvesClientCert for Shown {
    /// The same whatever authorities the server names: its administrator chose the certificate,
    /// and a server that does not take it can then say so.
    fn resolve(
        &self,
        _root_hint_subjects: &[&[u8]],
        schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        let certified = self.certified.as_ref()?;
        certified.key.choose_scheme(schemes)?;
        self.sent.store(true, Ordering::Relaxed);
        Some(Arc::clone(certified))
    }

    fn has_certs(&self) -> bool {
        self.certified.is_some()
    }
}
