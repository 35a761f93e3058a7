//! The connection filter (spec 2.7): addresses that are let through, and addresses that are shut
//! out. One for each tenant.
//!
//! Touches nothing. Allow beats block. What is allowed skips the spam filter; malware and phishing
//! of high confidence are still looked for.

use std::net::IpAddr;

use super::values::{List, SourceRange, settings};

/// Entries of either list (spec 2.7).
pub const CONNECTION_LIST_MAX: usize = 1273;

settings! {
    /// A tenant's connection filter.
    ConnectionFilter {
        /// Addresses whose mail is not taken for spam.
        ip_allow_list: List<SourceRange> = List::default(),
        /// Addresses whose mail is refused.
        ip_block_list: List<SourceRange> = List::default(),
    }
}

/// What the lists say of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed<'a> {
    /// Nothing.
    No,
    /// Let through by this entry.
    Allowed(&'a SourceRange),
    /// Shut out by this entry.
    Blocked(&'a SourceRange),
}

impl ConnectionFilter {
    /// What the lists say of an address. An IPv4-mapped IPv6 address has to be unmapped before.
    pub fn look_up(&self, address: IpAddr) -> Listed<'_> {
        if let Some(range) = self.ip_allow_list.iter().find(|range| range.contains(address)) {
            return Listed::Allowed(range);
        }
        match self.ip_block_list.iter().find(|range| range.contains(address)) {
            Some(range) => Listed::Blocked(range),
            None => Listed::No,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::FromText;

    #[test]
    fn allow_beats_block() {
        let ranges = |texts: &[&str]| -> List<SourceRange> {
            texts.iter().map(|text| SourceRange::from_text(text).unwrap()).collect()
        };
        let filter = ConnectionFilter {
            ip_allow_list: ranges(&["192.0.2.5", "2001:db8::/64"]),
            ip_block_list: ranges(&["192.0.2.0/24", "198.51.100.1-198.51.100.9"]),
        };
        for (address, says) in [
            ("192.0.2.5", "allow"),
            ("192.0.2.6", "block"),
            ("198.51.100.9", "block"),
            ("198.51.100.10", "no"),
            ("2001:db8::1", "allow"),
            ("2001:db8:1::1", "no"),
        ] {
            let found = match filter.look_up(address.parse().unwrap()) {
                Listed::Allowed(_) => "allow",
                Listed::Blocked(_) => "block",
                Listed::No => "no",
            };
            assert_eq!(found, says, "{address}");
        }
    }
}
