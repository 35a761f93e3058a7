//! TLS for SMTP (RFC 3207, RFC 8446, RFC 5246): both ends, with every chain let through.
//!
//! May touch the stream that it is given and the PEM files that it is told of. A handshake here
//! proves one thing about the peer: that it holds the private key of the leaf that it sent. It
//! never judges the chain; that is done at RCPT, where a refusal can say why. A handshake that
//! fails is a [`HandshakeFailure`] with a reason and a text for the operator.

mod client;
mod identity;
mod possession;
mod server;
mod source;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aws_lc_rs::hmac;
use posthouse_types::{ChainReason, Reason, SHOWN_CHARACTERS_MAX, printable};
use rustls::crypto::{CryptoProvider, aws_lc_rs as rustls_aws_lc_rs};
use rustls::{CommonState, ProtocolVersion, SupportedProtocolVersion};

pub(crate) use self::client::ClientTls;
pub(crate) use self::identity::{ClientIdentity, is_key_of};
use self::possession::UnusableKey;
pub(crate) use self::server::ServerTls;
pub(crate) use self::source::{CertificateSource, ChainSupply, Look, personal_name};

/// A whole handshake: a few round trips on the slowest link, and no room for one that trickles.
pub(crate) const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(30);

/// Certificates of one peer that are looked at. A real chain has two to four; what comes after
/// these is dropped unread (the handshake itself takes at most 64 KiB of certificates).
pub(crate) const CERTIFICATES_EXAMINED_MAX: usize = 10;

/// Octets of certificates of one peer that are looked at.
pub(crate) const CERTIFICATE_BYTES_EXAMINED_MAX: usize = 64 * 1024;

/// Older ones are broken (RFC 8996).
pub(crate) const PROTOCOL_VERSIONS: &[&SupportedProtocolVersion] =
    &[&rustls::version::TLS13, &rustls::version::TLS12];

/// One version alone, to find out whether a server speaks it.
pub(crate) const TLS12_ONLY: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12];
/// The newer one.
pub(crate) const TLS13_ONLY: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];

/// What a handshake showed.
#[derive(Clone, Debug)]
pub(crate) struct HandshakeFacts {
    /// `TLSv1.2` or `TLSv1.3`.
    pub(crate) version: &'static str,
    /// The cipher suite's IANA name.
    pub(crate) cipher: String,
    /// The peer's certificates as sent (DER, leaf first), cut at the bounds above. A resumed
    /// session has those of the session that it resumes: they are to be examined again.
    pub(crate) presented: Vec<Vec<u8>>,
    /// Our certificates that the peer asked for and got (client side only), leaf first.
    pub(crate) sent: Vec<Vec<u8>>,
    /// The peer asked for a certificate (client side only; a resumed session asks for none).
    pub(crate) asked: bool,
}

impl HandshakeFacts {
    fn of(session: &CommonState, sent: Vec<Vec<u8>>, asked: bool) -> Self {
        Self {
            version: match session.protocol_version() {
                Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
                _ => "TLSv1.3",
            },
            cipher: session.negotiated_cipher_suite().map_or_else(String::new, |suite| {
                let name = suite.suite().as_str().unwrap_or_default();
                // rustls' own spelling of the TLS 1.3 suites; IANA has TLS_ for all.
                name.replacen("TLS13_", "TLS_", 1)
            }),
            presented: presented(session),
            sent,
            asked,
        }
    }
}

fn presented(session: &CommonState) -> Vec<Vec<u8>> {
    let mut bytes = 0;
    session
        .peer_certificates()
        .unwrap_or_default()
        .iter()
        .take(CERTIFICATES_EXAMINED_MAX)
        .take_while(|certificate| {
            bytes += certificate.len();
            bytes <= CERTIFICATE_BYTES_EXAMINED_MAX
        })
        .map(|certificate| certificate.to_vec())
        .collect()
}

/// Why there is no TLS session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HandshakeFailure {
    /// `key-unusable`, `malformed`, `own-certificate-unusable`, `remote-certificate-refused`,
    /// or else `tls-handshake-failed`.
    pub(crate) reason: Reason,
    /// For the operator; printable, one line.
    pub(crate) text: String,
}

impl fmt::Display for HandshakeFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl std::error::Error for HandshakeFailure {}

/// Which end we are; the words about the other one follow from it.
#[derive(Clone, Copy)]
enum Side {
    Server,
    Client,
}

impl Side {
    fn peer(self) -> &'static str {
        match self {
            Self::Server => "client",
            Self::Client => "server",
        }
    }
}

impl HandshakeFailure {
    fn own_certificate(text: String) -> Self {
        Self { reason: Reason::OwnCertificateUnusable, text }
    }

    fn failed(text: String) -> Self {
        Self { reason: Reason::TlsHandshakeFailed, text }
    }

    fn timed_out(side: Side) -> Self {
        let seconds = HANDSHAKE_TIME_MAX.as_secs();
        Self::failed(format!("the {} did not finish within {seconds} s", side.peer()))
    }

    /// Reads the cause out of what tokio-rustls gives back.
    fn from_io(error: &io::Error, side: Side) -> Self {
        let peer = side.peer();
        let Some(cause) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>())
        else {
            return Self::failed(match error.kind() {
                io::ErrorKind::UnexpectedEof => {
                    format!("the {peer} closed the connection during the handshake")
                }
                _ => format!("the connection failed: {}", shown(error)),
            });
        };
        if let Some(unusable) = UnusableKey::in_error(cause) {
            let reason = match side {
                Side::Client => Reason::RemoteCertificateRefused,
                Side::Server if unusable.malformed => Reason::Chain(ChainReason::Malformed),
                Side::Server => Reason::KeyUnusable,
            };
            return Self { reason, text: unusable.to_string() };
        }
        Self::failed(match cause {
            rustls::Error::AlertReceived(alert) => {
                format!("the {peer} ended the handshake with the alert {alert:?}")
            }
            rustls::Error::NoApplicationProtocol => {
                format!(
                    "the {peer} offered application protocols (ALPN), and smtp is not among them"
                )
            }
            rustls::Error::InvalidCertificate(rustls::CertificateError::BadSignature) => {
                format!("the {peer} did not prove that it holds the key of its certificate")
            }
            rustls::Error::PeerIncompatible(detail) => format!(
                "the {peer} has no version or algorithm of TLS in common with this node, which \
                 speaks 1.2 and 1.3: {}",
                shown(&format_args!("{detail:?}"))
            ),
            other => shown(other),
        })
    }
}

fn shown(error: &dyn fmt::Display) -> String {
    printable(&error.to_string(), SHOWN_CHARACTERS_MAX)
}

/// The cryptography of this process: aws-lc-rs with rustls' suites, TLS 1.2 and 1.3.
fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> =
        LazyLock::new(|| Arc::new(rustls_aws_lc_rs::default_provider()));
    Arc::clone(&PROVIDER)
}

/// An HMAC-SHA256 (RFC 2104) of a text under a secret key, as lower-case hexadecimal: nobody
/// without the key can make one, or learn the key from it. 128 bits are kept, short enough to be
/// pasted into any DNS provider's form.
pub(crate) fn keyed_digest(key: &[u8], text: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text);
    tag.as_ref().iter().take(16).map(|octet| format!("{octet:02x}")).collect()
}
