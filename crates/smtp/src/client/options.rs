//! What the caller of the client wants, and what one transaction consists of.
//!
//! Plain data, touches nothing.

use std::time::Duration;

use posthouse_types::{Address, MailParameters, Recipient};

/// Settings of a client; many connections share one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientOptions {
    /// What EHLO says: this node's name, or its address literal (RFC 5321 section 4.1.1.1).
    pub helo_name: String,
    /// Whether TLS is wanted.
    pub tls: TlsWish,
    /// How long each answer may take.
    pub timeouts: ClientTimeouts,
    /// Whether the dialogue is kept for [`Client::take_log`](crate::client::Client::take_log).
    pub log_lines: bool,
}

/// Whether TLS is wanted (RFC 3207).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsWish {
    /// Clear text, even where STARTTLS is offered: the last resort of opportunistic delivery
    /// after a failed handshake.
    Never,
    /// TLS where it is offered, clear text otherwise.
    Opportunistic,
    /// TLS, or no mail at all.
    Required,
}

/// How long each answer may take: RFC 5321 section 4.5.3.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientTimeouts {
    /// The greeting (4.5.3.2.1).
    pub greeting: Duration,
    /// The answer to EHLO, HELO, STARTTLS and RSET. The RFC names none; as long as MAIL's.
    pub hello: Duration,
    /// The answer to MAIL (4.5.3.2.2).
    pub mail: Duration,
    /// The answer to RCPT (4.5.3.2.3).
    pub recipient: Duration,
    /// The 354 after DATA (4.5.3.2.4).
    pub data_initiation: Duration,
    /// One write, of the body or of commands (4.5.3.2.5).
    pub data_block: Duration,
    /// The answer to the final dot (4.5.3.2.6). Too short a wait here means duplicates.
    pub data_termination: Duration,
    /// The answer to QUIT. Nothing depends on it, so it is worth a moment only.
    pub quit: Duration,
}

impl Default for ClientTimeouts {
    fn default() -> Self {
        Self {
            greeting: Duration::from_secs(5 * 60),
            hello: Duration::from_secs(5 * 60),
            mail: Duration::from_secs(5 * 60),
            recipient: Duration::from_secs(5 * 60),
            data_initiation: Duration::from_secs(2 * 60),
            data_block: Duration::from_secs(3 * 60),
            data_termination: Duration::from_secs(10 * 60),
            quit: Duration::from_secs(5),
        }
    }
}

/// One message for one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// MAIL FROM; `None` is the null sender `<>`.
    pub sender: Option<Address>,
    /// RCPT TO, at least one. The caller keeps their number within what servers take (100,
    /// RFC 5321 section 4.5.3.1.8).
    pub recipients: Vec<Recipient>,
    /// What the message came with. Its `size` is not used: [`Self::size`] is.
    pub parameters: MailParameters,
    /// The message as stored, in octets.
    pub size: u64,
    /// Whether it holds octets above 127.
    pub has_8bit: bool,
}
