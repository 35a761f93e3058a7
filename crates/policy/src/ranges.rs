//! Address ranges, and the addresses and names that many organisations share.
//!
//! Touches nothing. The built-in list is data with a date; a node's settings add to it. A range
//! that cannot be read is an error that says what was expected.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use posthouse_types::Domain;

use crate::text::{FromText, shown};

/// The shortest IPv4 prefix in a connector: Exchange Online's own limit.
pub const IPV4_PREFIX_MIN: u8 = 24;
/// The shortest IPv6 prefix in a connector: one site's /64 is what /32 is in IPv4; Exchange Online
/// takes no IPv6 at all.
pub const IPV6_PREFIX_MIN: u8 = 64;

/// A range of addresses: a network and the length of its prefix.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressRange {
    network: IpAddr,
    prefix: u8,
}

impl AddressRange {
    /// The range of this prefix length around an address; its host bits are cleared. A prefix
    /// longer than the address is the address itself.
    pub fn around(address: IpAddr, prefix: u8) -> Self {
        match address {
            IpAddr::V4(address) => {
                let prefix = prefix.min(32);
                let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
                Self { network: Ipv4Addr::from_bits(address.to_bits() & mask).into(), prefix }
            }
            IpAddr::V6(address) => {
                let prefix = prefix.min(128);
                let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
                Self { network: Ipv6Addr::from_bits(address.to_bits() & mask).into(), prefix }
            }
        }
    }

    /// Whether an address lies in it. An IPv4-mapped IPv6 address has to be unmapped before.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.network.is_ipv4() == address.is_ipv4() && Self::around(address, self.prefix) == *self
    }

    /// Whether two ranges share an address: then one lies within the other.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.contains(other.network) || other.contains(self.network)
    }

    /// The prefix length.
    pub fn prefix(&self) -> u8 {
        self.prefix
    }

    /// Whether this is IPv4.
    pub fn is_ipv4(&self) -> bool {
        self.network.is_ipv4()
    }

    /// Reads a range of any size: `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/32`.
    ///
    /// # Errors
    /// What was expected instead.
    pub fn of_any_size(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("{} is no address and no range, as 192.0.2.1 or 192.0.2.0/24 is", shown(text))
        };
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(width);
        if prefix > width {
            return Err(wrong());
        }
        let range = Self::around(address, prefix);
        if range.network == address {
            Ok(range)
        } else {
            // Which of the two was meant cannot be told, and a guess would grant relay.
            Err(format!(
                "{} is not the start of its range: write {range} or {address}",
                shown(text)
            ))
        }
    }
}

impl FromText for AddressRange {
    /// A connector's range: IPv4 /24 to /32, IPv6 /64 to /128.
    fn from_text(text: &str) -> Result<Self, String> {
        let range = Self::of_any_size(text)?;
        let prefix_min = if range.is_ipv4() { IPV4_PREFIX_MIN } else { IPV6_PREFIX_MIN };
        if range.prefix < prefix_min {
            return Err(format!(
                "{} is too wide for a connector: /{prefix_min} is the shortest prefix, list \
                 several ranges instead",
                shown(text)
            ));
        }
        Ok(range)
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.network, self.prefix) {
            (IpAddr::V4(address), 32) => write!(formatter, "{address}"),
            (IpAddr::V6(address), 128) => write!(formatter, "{address}"),
            (address, prefix) => write!(formatter, "{address}/{prefix}"),
        }
    }
}

impl fmt::Debug for AddressRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Addresses and certificate names that many organisations share, so that they prove nothing
/// about one of them: in 2024 mail of strangers was relayed wherever a whole cloud's addresses
/// were trusted ("EchoSpoofing").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedIdentities {
    ranges: Vec<(AddressRange, Box<str>)>,
    names: Vec<(Domain, Box<str>)>,
}

impl SharedIdentities {
    /// The built-in list's date: what a provider has published since then is missing from it.
    pub const BUILT_IN_DATE: &'static str = "2026-11-23";

    /// The built-in list of large cloud mail senders.
    pub fn built_in() -> Self {
        let mut shared = Self { ranges: Vec::new(), names: Vec::new() };
        for (owner, ranges, names) in BUILT_IN {
            let ranges = ranges.split_whitespace().flat_map(AddressRange::of_any_size);
            shared.ranges.extend(ranges.map(|range| (range, Box::from(*owner))));
            let names = names.split_whitespace().map(Domain::from_normalized);
            shared.names.extend(names.map(|name| (name, Box::from(*owner))));
        }
        shared
    }

    /// Adds a range that a node's settings name.
    pub fn add_range(&mut self, range: AddressRange, owner: &str) {
        self.ranges.push((range, owner.into()));
    }

    /// Adds a name that a node's settings give; names below it count too.
    pub fn add_name(&mut self, name: Domain, owner: &str) {
        self.names.push((name, owner.into()));
    }

    /// Who shares out this address, where it is a shared one.
    pub fn owner_of_address(&self, address: IpAddr) -> Option<&str> {
        self.ranges.iter().find(|(range, _)| range.contains(address)).map(|(_, owner)| &**owner)
    }

    /// Who shares out a part of this range.
    pub fn owner_of_range(&self, range: &AddressRange) -> Option<&str> {
        self.ranges.iter().find(|(shared, _)| shared.overlaps(range)).map(|(_, owner)| &**owner)
    }

    /// Who shares out this name, or one above it.
    pub fn owner_of_name(&self, name: &Domain) -> Option<&str> {
        self.names
            .iter()
            .find(|(shared, _)| name.is_or_below(shared.as_str()))
            .map(|(_, owner)| &**owner)
    }
}

impl Default for SharedIdentities {
    fn default() -> Self {
        Self::built_in()
    }
}

/// Owner, ranges, names. Facts as the providers publish them for senders' and receivers' filters.
const BUILT_IN: &[(&str, &str, &str)] = &[
    (
        "Microsoft 365",
        "40.92.0.0/15 40.95.0.0/16 40.107.0.0/16 52.100.0.0/14 104.47.0.0/17 \
         2a01:111:f400::/48 2a01:111:f403::/48",
        "protection.outlook.com outlook.com mx.microsoft",
    ),
    (
        "Google Workspace",
        "35.190.247.0/24 64.233.160.0/19 66.102.0.0/20 66.249.80.0/20 72.14.192.0/18 74.125.0.0/16 \
         108.177.8.0/21 173.194.0.0/16 209.85.128.0/17 216.58.192.0/19 216.239.32.0/19 \
         2001:4860:4000::/36 2404:6800:4000::/36 2607:f8b0:4000::/36 2800:3f0:4000::/36 \
         2a00:1450:4000::/36 2c0f:fb50:4000::/36",
        "google.com googlemail.com gmail.com",
    ),
    (
        "Amazon SES",
        "23.249.208.0/20 23.251.224.0/19 54.240.0.0/17 69.169.224.0/20 76.223.128.0/18 \
         199.127.232.0/22 199.255.192.0/22",
        "amazonses.com",
    ),
    (
        "SendGrid",
        "50.31.32.0/19 149.72.0.0/16 167.89.0.0/17 168.245.0.0/17 192.254.112.0/20 198.21.0.0/21 \
         198.37.144.0/20 208.117.48.0/20",
        "sendgrid.net",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connectors_range_has_bounds_and_says_so() {
        for text in ["192.0.2.1", "192.0.2.0/24", "192.0.2.128/25", "2001:db8::/64", "2001:db8::1"]
        {
            assert_eq!(AddressRange::from_text(text).unwrap().to_string(), text);
        }
        for (text, says) in [
            ("192.0.0.0/16", "/24 is the shortest"),
            ("2001:db8::/32", "/64 is the shortest"),
            ("192.0.2.5/24", "write 192.0.2.0/24 or 192.0.2.5"),
            ("192.0.2.1-192.0.2.9", "no address and no range"),
            ("192.0.2.0/33", "no address and no range"),
            ("mail.contoso.com", "no address and no range"),
        ] {
            let error = AddressRange::from_text(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn a_range_contains_its_own_family_only() {
        let everything = AddressRange::of_any_size("0.0.0.0/0").unwrap();
        assert!(everything.contains("192.0.2.1".parse().unwrap()));
        assert!(!everything.contains("2001:db8::1".parse().unwrap()));
    }

    #[test]
    fn every_built_in_range_can_be_read() {
        let written: usize =
            BUILT_IN.iter().map(|(_, ranges, _)| ranges.split_whitespace().count()).sum();
        assert_eq!(SharedIdentities::built_in().ranges.len(), written);
    }
}
