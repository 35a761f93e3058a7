//! Enhanced filtering behind another gateway: which hop's address counts (spec 2.8, 1.1:
//! EFSkipLastIP, EFSkipIPs).
//!
//! Touches nothing. Only hops that a listed gateway wrote are believed: the first address that is
//! not skipped is the sender's, and what stands below it is anybody's word.

use std::net::IpAddr;

/// Received lines that are looked at; a message with a hundred goes in circles anyway.
const HOPS_MAX: usize = 100;

/// How hops are skipped.
#[derive(Clone, Copy)]
pub enum SkipListing<'a> {
    /// The connecting address counts.
    Off,
    /// The connecting address alone is skipped (EFSkipLastIP), with private ones.
    Last,
    /// These addresses are skipped (EFSkipIPs), with private ones.
    Listed(&'a dyn Fn(IpAddr) -> bool),
}

/// The address that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedAddress {
    /// The one that is judged.
    pub address: IpAddr,
    /// The ones before it, the connecting one first.
    pub skipped: Vec<IpAddr>,
    /// The chain could not be followed to a public address that is not skipped: `address` is the
    /// last one that was known, and says nothing about the sender.
    pub is_lost: bool,
    /// What the sender called itself to that gateway; empty where the hop does not tell.
    pub helo: String,
}

/// Follows the Received lines, topmost first, as long as the address is to be skipped. `received`
/// are values as they came in, ours not among them.
pub fn counted_address(
    connecting: IpAddr,
    received: &[&str],
    listing: SkipListing<'_>,
) -> CountedAddress {
    let mut counted = CountedAddress {
        address: connecting,
        skipped: Vec::new(),
        is_lost: false,
        helo: String::new(),
    };
    let mut hops = received.iter().take(HOPS_MAX);
    loop {
        let is_first = counted.skipped.is_empty();
        let is_skipped = match listing {
            SkipListing::Off => false,
            SkipListing::Last => is_first || is_private(counted.address),
            SkipListing::Listed(is_listed) => {
                is_listed(counted.address) || (!is_first && is_private(counted.address))
            }
        };
        if !is_skipped {
            return counted;
        }
        let Some((address, helo)) = hops.next().and_then(|value| received_address(value)) else {
            counted.is_lost = true;
            return counted;
        };
        counted.skipped.push(counted.address);
        counted.address = address;
        counted.helo = helo;
    }
}

/// The client's address and name of one Received line: what its writer put after `from`, before
/// `by`. The address is taken from the comment or literal there, never from the name the client
/// chose for itself.
pub fn received_address(value: &str) -> Option<(IpAddr, String)> {
    let value = value.replace(['\r', '\n', '\t'], " ");
    let value = value.trim_start();
    let rest =
        value.get(..5).filter(|word| word.eq_ignore_ascii_case("from ")).and(value.get(5..))?;
    let clause = from_clause(rest);
    let (helo, after) = clause.trim_start().split_once(' ').unwrap_or((clause.trim(), ""));
    // The last address of the clause: writers put what they saw behind what they were told.
    let in_comment = after.split(|c: char| "()[] ,;".contains(c)).filter_map(address).next_back();
    let literal = helo.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let found = in_comment.or_else(|| literal.and_then(address))?;
    Some((found, helo.to_owned()))
}

/// Up to ` by ` outside a comment.
fn from_clause(text: &str) -> &str {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ' ' if depth == 0 => {
                let next = text.get(at + 1..at + 4);
                if next.is_some_and(|word| word.eq_ignore_ascii_case("by ")) {
                    return text.get(..at).unwrap_or(text);
                }
            }
            _ => {}
        }
    }
    text
}

fn address(word: &str) -> Option<IpAddr> {
    let tag = "IPv6:";
    let bare = match word.get(..tag.len()) {
        Some(start) if start.eq_ignore_ascii_case(tag) => word.get(tag.len()..)?,
        _ => word,
    };
    // A lone number is an address to nobody; a port may follow an IPv4 address.
    let bare = bare.split_once('%').map_or(bare, |(bare, _)| bare);
    bare.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// Addresses that cannot be a sender on the Internet: a gateway's inner hops.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || (v6.segments()[0] & 0xfe00) == 0xfc00
                || (v6.segments()[0] & 0xffc0) == 0xfe80
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    const CHAIN: [&str; 4] = [
        "from gateway.example (gateway.example [203.0.113.9]) by inner.example with ESMTPS; date",
        "from 10.0.0.5 (10.0.0.5) by gateway.example id 1; date",
        "from mail.sender.example ([IPv6:2001:db8::7]) by mx.gateway.example; date",
        "from forged.example ([192.0.2.66]) by mail.sender.example; date",
    ];

    #[test]
    fn without_skip_listing_the_connecting_address_counts() {
        let counted = counted_address(ip("203.0.113.1"), &CHAIN, SkipListing::Off);
        assert_eq!((counted.address, counted.is_lost), (ip("203.0.113.1"), false));
    }

    #[test]
    fn the_last_address_is_skipped_with_the_private_ones_behind_it() {
        let counted = counted_address(ip("198.51.100.1"), &CHAIN, SkipListing::Last);
        assert_eq!(counted.address, ip("203.0.113.9"));
        assert_eq!(counted.skipped, [ip("198.51.100.1")]);
        let inner = counted_address(ip("198.51.100.1"), &CHAIN[1..], SkipListing::Last);
        assert_eq!(
            (inner.address, inner.helo.as_str()),
            (ip("2001:db8::7"), "mail.sender.example")
        );
    }

    #[test]
    fn listed_addresses_are_skipped_up_to_the_first_that_is_not() {
        let is_listed = |address| [ip("198.51.100.1"), ip("203.0.113.9")].contains(&address);
        let counted = counted_address(ip("198.51.100.1"), &CHAIN, SkipListing::Listed(&is_listed));
        assert_eq!(counted.address, ip("2001:db8::7"));
        assert_eq!(counted.skipped.len(), 3);
        // Not listed at all: a stranger's Received lines are not believed.
        let counted = counted_address(ip("192.0.2.1"), &CHAIN, SkipListing::Listed(&is_listed));
        assert_eq!((counted.address, counted.skipped.len()), (ip("192.0.2.1"), 0));
        let everybody = |_| true;
        let counted = counted_address(ip("192.0.2.1"), &CHAIN, SkipListing::Listed(&everybody));
        assert!(counted.is_lost);
    }

    #[test]
    fn the_address_is_what_the_writer_saw_and_not_what_the_client_said() {
        for (value, expected) in [
            ("from [192.0.2.7] (helo=[192.0.2.8]) by x; d", Some("192.0.2.8")),
            ("from 192.0.2.9 (unknown [198.51.100.4]) by x", Some("198.51.100.4")),
            ("from a (b by c [192.0.2.1])\r\n\tby x", Some("192.0.2.1")),
            ("from [192.0.2.7] by x", Some("192.0.2.7")),
            ("from 192.0.2.7 by x", None),
            ("from a by x ([192.0.2.1])", None),
            ("by x with local", None),
            ("", None),
            ("from (", None),
        ] {
            let found = received_address(value).map(|(address, _)| address.to_string());
            assert_eq!(found.as_deref(), expected, "{value}");
        }
    }
}
