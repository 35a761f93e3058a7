//! Who is at the other end, as far as it has proven so.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::ChainReport;

/// The other end of one session.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its address: the socket's, or what a listed balancer's PROXY header said.
    pub address: SocketAddr,
    /// Our address that it reached.
    pub local_address: SocketAddr,
    /// What it called itself in HELO or EHLO, made printable; empty before.
    pub helo: String,
    /// The TLS session, where there is one.
    pub tls: Option<TlsFacts>,
}

/// What a TLS handshake showed.
#[derive(Clone, Debug)]
pub struct TlsFacts {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: &'static str,
    /// The cipher suite's IANA name.
    pub cipher: String,
    /// The peer's certificates and what became of them. A server that asked and got none has a
    /// report with reason `no-certificate`.
    pub chain: Arc<ChainReport>,
}
