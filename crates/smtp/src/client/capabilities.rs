//! What a server offers in its answer to EHLO (RFC 5321 section 4.1.1.1).
//!
//! Touches nothing. What cannot be read is taken as not offered.

use crate::reply_reader::RemoteReply;

/// What a server offers. Forgotten when TLS begins (RFC 3207 section 4.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// STARTTLS (RFC 3207).
    pub starttls: bool,
    /// PIPELINING (RFC 2920).
    pub pipelining: bool,
    /// SIZE (RFC 1870).
    pub size: SizeOffer,
    /// 8BITMIME (RFC 6152).
    pub eight_bit_mime: bool,
    /// SMTPUTF8 (RFC 6531).
    pub smtputf8: bool,
    /// DSN (RFC 3461).
    pub dsn: bool,
}

/// What SIZE says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SizeOffer {
    /// Nothing: no SIZE parameter may be sent.
    #[default]
    NotOffered,
    /// Offered without a fixed limit, or with 0, which means the same.
    NoLimit,
    /// The largest message that the server takes, in octets.
    Limit(u64),
}

impl Capabilities {
    /// Reads a positive answer to EHLO: the first line is the greeting, each other one an offer.
    pub fn from_reply(reply: &RemoteReply) -> Self {
        let mut offered = Self::default();
        for line in reply.offers() {
            let mut words = line.split_ascii_whitespace();
            let keyword = words.next().unwrap_or_default().to_ascii_uppercase();
            match keyword.as_str() {
                "STARTTLS" => offered.starttls = true,
                "PIPELINING" => offered.pipelining = true,
                "8BITMIME" => offered.eight_bit_mime = true,
                "SMTPUTF8" => offered.smtputf8 = true,
                "DSN" => offered.dsn = true,
                "SIZE" => {
                    offered.size = match words.next().and_then(|word| word.parse().ok()) {
                        Some(0) | None => SizeOffer::NoLimit,
                        Some(limit) => SizeOffer::Limit(limit),
                    };
                }
                _ => {}
            }
        }
        offered
    }
}
