//! The questions to DNS that one message may cause, counted and under one deadline.
//!
//! Asks the name servers through the crate's resolver, nothing else. Whatever is asked beyond a
//! share or after the deadline is the fact [`Answer::Failed`], and is said: a stranger's records
//! decide what we ask, so that they must not decide how much (AUT-09, AUT-12).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::time::Instant;

use crate::dns::ADDRESSES_MAX;
use crate::{Answer, Resolver, TXT_RECORDS_MAX};

/// Names that one address may have in reverse DNS and that are looked at (RFC 7208 section 4.6.4).
pub(crate) const REVERSE_NAMES_MAX: usize = 10;

/// Why a question beyond the share has no answer.
const REFUSED: &str = "too many DNS questions for one message";

/// Whether an answer failed because it was not asked for: that is the message's fault, and never
/// mends itself like a failure of DNS.
pub(crate) fn is_refused(why: &str) -> bool {
    why == REFUSED
}

/// A share of one message's questions.
pub(crate) struct Questions<'a> {
    resolver: &'a Resolver,
    left: AtomicU32,
    deadline: Instant,
    is_over_share: AtomicBool,
    is_over_time: AtomicBool,
}

impl<'a> Questions<'a> {
    /// At most `questions_max` of them, all answered before `deadline`.
    pub(crate) fn new(resolver: &'a Resolver, questions_max: u32, deadline: Instant) -> Self {
        let left = AtomicU32::new(questions_max);
        let (is_over_share, is_over_time) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { resolver, left, deadline, is_over_share, is_over_time }
    }

    /// Whether anybody is asked at all.
    pub(crate) fn asks(&self) -> bool {
        self.resolver.asks()
    }

    /// Whether something stayed unasked or unanswered for the message's sake.
    pub(crate) fn is_cut_short(&self) -> bool {
        self.is_over_share.load(Ordering::Relaxed) || self.is_over_time.load(Ordering::Relaxed)
    }

    async fn ask<T>(
        &self,
        name: &str,
        record_type: RecordType,
        read: impl Fn(&Record) -> Option<T>,
        records_max: usize,
    ) -> Answer<Vec<T>> {
        let less = |left: u32| left.checked_sub(1);
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        if self.asks() && taken.is_err() {
            self.is_over_share.store(true, Ordering::Relaxed);
            return Answer::Failed(REFUSED.to_owned());
        }
        let asked = self.resolver.ask_octets(name, record_type);
        let Ok(answer) = tokio::time::timeout_at(self.deadline, asked).await else {
            self.is_over_time.store(true, Ordering::Relaxed);
            return Answer::Failed("no DNS answer within the message's time".to_owned());
        };
        match answer {
            Answer::Found(records) => {
                let found: Vec<T> = records.iter().filter_map(read).take(records_max).collect();
                if found.is_empty() { Answer::NoRecords } else { Answer::Found(found) }
            }
            other => other.without_records(),
        }
    }

    /// Texts, each with its strings joined.
    pub(crate) async fn txt(&self, name: &str) -> Answer<Vec<String>> {
        self.ask(name, RecordType::TXT, crate::dns::text, TXT_RECORDS_MAX).await
    }

    /// IPv4 addresses.
    pub(crate) async fn a(&self, name: &str) -> Answer<Vec<Ipv4Addr>> {
        let read = |record: &Record| match &record.data {
            RData::A(address) => Some(address.0),
            _ => None,
        };
        self.ask(name, RecordType::A, read, ADDRESSES_MAX).await
    }

    /// IPv6 addresses.
    pub(crate) async fn aaaa(&self, name: &str) -> Answer<Vec<Ipv6Addr>> {
        let read = |record: &Record| match &record.data {
            RData::AAAA(address) => Some(address.0),
            _ => None,
        };
        self.ask(name, RecordType::AAAA, read, ADDRESSES_MAX).await
    }

    /// Addresses of the family of `like`.
    pub(crate) async fn addresses_like(&self, name: &str, like: IpAddr) -> Answer<Vec<IpAddr>> {
        match like {
            IpAddr::V4(_) => map(self.a(name).await, IpAddr::V4),
            IpAddr::V6(_) => map(self.aaaa(name).await, IpAddr::V6),
        }
    }

    /// Mail exchangers' names, lowest preference first; a null MX is none.
    pub(crate) async fn mx(&self, name: &str) -> Answer<Vec<String>> {
        let read = |record: &Record| match &record.data {
            RData::MX(mx) if !mx.exchange.is_root() => {
                Some((mx.preference, plain_text(&mx.exchange)))
            }
            _ => None,
        };
        match self.ask(name, RecordType::MX, read, ADDRESSES_MAX).await {
            Answer::Found(mut found) => {
                found.sort();
                found.dedup();
                Answer::Found(found.into_iter().map(|(_, host)| host).collect())
            }
            other => other.without_records(),
        }
    }

    /// The names of an address, at most [`REVERSE_NAMES_MAX`].
    pub(crate) async fn ptr(&self, address: IpAddr) -> Answer<Vec<String>> {
        let read = |record: &Record| match &record.data {
            RData::PTR(name) => Some(plain_text(name)).filter(|name| !name.is_empty()),
            _ => None,
        };
        let name = format!("{}.arpa", reversed(address));
        self.ask(&name, RecordType::PTR, read, REVERSE_NAMES_MAX).await
    }
}

/// A name without the escapes that DNS software writes: it is asked for again, not shown.
fn plain_text(name: &Name) -> String {
    let labels = name.iter().map(|label| String::from_utf8_lossy(label).to_lowercase());
    labels.collect::<Vec<_>>().join(".")
}

fn map<T, U>(answer: Answer<Vec<T>>, into: impl Fn(T) -> U) -> Answer<Vec<U>> {
    match answer {
        Answer::Found(found) => Answer::Found(found.into_iter().map(into).collect()),
        other => other.without_records(),
    }
}

/// An address in the order of DNS names, with the zone's first label: `1.2.0.192.in-addr`.
pub(crate) fn reversed(address: IpAddr) -> String {
    let mut parts = dotted(address);
    parts.reverse();
    let zone = if address.is_ipv4() { "in-addr" } else { "ip6" };
    format!("{}.{zone}", parts.join("."))
}

/// The octets of an IPv4 address, the nibbles of an IPv6 address, in writing order.
pub(crate) fn dotted(address: IpAddr) -> Vec<String> {
    match address {
        IpAddr::V4(address) => address.octets().iter().map(u8::to_string).collect(),
        IpAddr::V6(address) => {
            let nibbles = address.octets().into_iter().flat_map(|octet| [octet >> 4, octet & 15]);
            nibbles.map(|nibble| format!("{nibble:X}")).collect()
        }
    }
}
