//! What the connection showed of whoever sent a message, and what earlier mail of the same source
//! came to.
//!
//! Plain data, gathered by `lookup` and by the node itself, judged by `filter`. A look-up that failed
//! or that nobody made is a fact of its own, never a verdict against the sender.

use std::net::IpAddr;

/// A look-up's outcome where only the answer matters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Lookup<T> {
    /// The answer.
    Found(T),
    /// There is nothing under that name.
    None,
    /// No usable answer: time over, SERVFAIL, a budget used up. The text is printable.
    Failed(String),
    /// Nobody asked: no DNS is configured, or nothing to ask for was given.
    #[default]
    NotAsked,
}

impl<T> Lookup<T> {
    /// The answer, where there is one.
    pub fn found(&self) -> Option<&T> {
        match self {
            Self::Found(value) => Some(value),
            _ => None,
        }
    }
}

/// What the connection showed of the peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionFacts {
    /// The address that counts: the connecting one, or behind another gateway the one that this
    /// gateway took the message from.
    pub address: IpAddr,
    /// What it called itself in HELO or EHLO, printable; empty where it did not.
    pub helo: String,
    /// The other gateway, where a connector with enhanced filtering knows the peer as one.
    pub gateway: Option<GatewayFact>,
    /// The name that reverse DNS gives the address, lower case, no final dot.
    pub reverse_name: Lookup<ReverseName>,
    /// The block lists that hold the address; empty where none is configured.
    pub block_lists: Vec<BlockListFact>,
}

/// Another gateway that brought a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GatewayFact {
    /// The connecting address.
    pub address: IpAddr,
    /// Its Received lines lead to no public address: the gateway itself counts as the sender.
    pub is_lost: bool,
}

/// A name from reverse DNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReverseName {
    /// The PTR record's name.
    pub name: String,
    /// The organisational domain of the name, by the public suffix list.
    pub organization: String,
    /// Whether the name's own addresses hold the connecting one.
    pub is_confirmed: bool,
}

/// What one DNS block list (RFC 5782) said of the connecting address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockListFact {
    /// The list's zone.
    pub zone: String,
    /// The address that the list answered with (`127.0.0.x`); `None`: it is not listed.
    pub answer: Lookup<IpAddr>,
}

/// What a count of earlier mail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceKind {
    /// One address; of IPv6 the /64, which is what one host has.
    Address,
    /// Its neighbourhood: a /24 of IPv4, a /48 of IPv6, which is what one site has.
    Network,
    /// A domain that was proven to have sent.
    Domain,
}

/// What this node held messages of one source for. Numbers fade with time, so that they are not
/// whole.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Nothing was against them.
    pub good: f32,
    /// Spam.
    pub spam: f32,
    /// Phishing.
    pub phish: f32,
    /// Malware.
    pub malware: f32,
    /// Bulk mail: neither good nor bad.
    pub bulk: f32,
}

/// What earlier mail of one of a message's sources came to, as of now.
#[derive(Clone, Debug, PartialEq)]
pub struct ReputationFact {
    /// What kind of source.
    pub kind: SourceKind,
    /// Which: an address, a network with its prefix, a domain.
    pub name: String,
    /// The counts, faded until now.
    pub tally: Tally,
}

/// What is known of a message's recipients, and of its signatures' earlier use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplayFacts {
    /// The envelope's recipients, folded.
    pub recipients: Vec<String>,
    /// The addresses of To and Cc, folded.
    pub shown_recipients: Vec<String>,
    /// Whether it says that a mailing list passed it on (RFC 2919, RFC 2369): anybody's word.
    pub is_list: bool,
    /// Recipients that messages with one of its signatures had in the same way so far, itself
    /// included; 0 where that is not counted.
    pub seen: u64,
    /// Now, in seconds since 1970; 0 where ages are not to count.
    pub now_seconds: u64,
}
