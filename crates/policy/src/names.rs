//! What connectors match on besides addresses: domain patterns, certificate names, smart hosts.
//!
//! Touches nothing. Names arrive as lower-case A-labels and are compared as such. A text that
//! cannot be read is an error that says what was expected.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use posthouse_types::Domain;

use crate::text::{FromText, shown};

/// The name that a connector looks for in a certificate: a host, or `*.` and a domain
/// (TlsSenderCertificateName, TlsDomain).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertificateName(Domain);

impl CertificateName {
    /// Whether a certificate that holds `presented` bears this name. `mail.d` is borne by
    /// `mail.d` and by `*.d`; `*.d` by one label below d, or by `*.d` itself; never by d: a
    /// wildcard covers one label only (RFC 9525 section 6.3), in either direction.
    pub fn is_borne_by(&self, presented: &Domain) -> bool {
        if self.0 == *presented {
            return true;
        }
        match (self.0.as_str().strip_prefix("*."), presented.as_str().strip_prefix("*.")) {
            (Some(base), None) => presented.parent() == Some(base),
            (None, Some(base)) => self.0.parent() == Some(base),
            _ => false,
        }
    }

    /// Whether this is `*.` and a domain.
    pub fn is_wildcard(&self) -> bool {
        self.0.as_str().starts_with("*.")
    }

    /// The name without its `*.`: what has to belong to an accepted domain.
    pub fn base(&self) -> Domain {
        Domain::from_normalized(self.0.as_str().trim_start_matches("*."))
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromText for CertificateName {
    fn from_text(text: &str) -> Result<Self, String> {
        if text.contains('<') {
            return Err(format!(
                "{} is not a name but Exchange's <I>issuer<S>subject: give the host name here, and \
                 the issuer in tls_sender_issuer",
                shown(text)
            ));
        }
        match text.strip_prefix("*.") {
            Some(base) => Domain::from_text(base)
                .map(|base| Self(Domain::from_normalized(format!("*.{base}")))),
            None => Domain::from_text(text).map(Self),
        }
        .map_err(|_| {
            format!(
                "{} is no certificate name: it is a host, as mail.contoso.com, or *. and a domain, \
                 as *.contoso.com",
                shown(text)
            )
        })
    }
}

impl fmt::Display for CertificateName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

impl fmt::Debug for CertificateName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

/// Which domains a connector is about (SenderDomains, RecipientDomains).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DomainPattern {
    /// `*`: every domain.
    Every,
    /// `contoso.com`: this one.
    Exactly(Domain),
    /// `*.contoso.com`: this one and all below it, as Exchange Online reads it.
    WithSubdomains(Domain),
}

impl DomainPattern {
    /// How specifically this covers a domain: the larger the more; `None` where it does not.
    pub fn covers(&self, domain: &Domain) -> Option<usize> {
        match self {
            Self::Every => Some(0),
            Self::Exactly(name) => (name == domain).then_some(usize::MAX),
            Self::WithSubdomains(name) => {
                domain.is_or_below(name.as_str()).then(|| name.as_str().len())
            }
        }
    }
}

impl FromText for DomainPattern {
    /// Exchange's stored form `smtp:*;1` is read too: exports have it.
    fn from_text(text: &str) -> Result<Self, String> {
        let pattern = text.strip_prefix("smtp:").unwrap_or(text);
        let pattern = pattern.split_once(';').map_or(pattern, |(pattern, _cost)| pattern);
        match (pattern, pattern.strip_prefix("*.")) {
            ("*", _) => Ok(Self::Every),
            (_, Some(base)) => Domain::from_text(base).map(Self::WithSubdomains),
            (_, None) => Domain::from_text(pattern).map(Self::Exactly),
        }
        .map_err(|_| {
            format!(
                "{} is no domain pattern: it is *, a domain, or *. and a domain (which means the \
                 domain and all below it); a * elsewhere is not possible",
                shown(text)
            )
        })
    }
}

impl fmt::Display for DomainPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every => formatter.write_str("*"),
            Self::Exactly(name) => write!(formatter, "{name}"),
            Self::WithSubdomains(name) => write!(formatter, "*.{name}"),
        }
    }
}

/// The port where mail servers listen (RFC 5321 section 4.5.4.2).
const SMTP_PORT: u16 = 25;

/// Where an outbound connector delivers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SmartHost {
    /// A name to look up (A and AAAA, never MX), or an address.
    pub host: Host,
    /// The port; 25 where the file gives none.
    pub port: u16,
}

/// A host by name or by address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// By name.
    Name(Domain),
    /// By address.
    Address(IpAddr),
}

impl FromText for SmartHost {
    /// `host`, `host:port`, an IPv4 address with or without port, an IPv6 address, `[v6]:port`.
    fn from_text(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{} is no smart host: it is a name or an address, and may have a port, as \
                 mail.contoso.com:25 or [2001:db8::1]:25",
                shown(text)
            )
        };
        if let Ok(address) = text.parse::<Ipv6Addr>() {
            return Ok(Self { host: Host::Address(address.into()), port: SMTP_PORT });
        }
        let (host, port) = match text.strip_prefix('[').map(|rest| rest.split_once(']')) {
            Some(Some((address, port))) => (address, port),
            Some(None) => return Err(wrong()),
            None => text.split_at(text.find(':').unwrap_or(text.len())),
        };
        let port = match port.strip_prefix(':') {
            Some(port) => port.parse().ok().filter(|port| *port != 0).ok_or_else(wrong)?,
            None if port.is_empty() => SMTP_PORT,
            None => return Err(wrong()),
        };
        let host = match host.parse::<IpAddr>() {
            Ok(address) => Host::Address(address),
            Err(_) if text.starts_with('[') => return Err(wrong()),
            Err(_) => Host::Name(Domain::from_text(host).map_err(|_| wrong())?),
        };
        Ok(Self { host, port })
    }
}

impl fmt::Display for SmartHost {
    /// `host:port`, always with the port, so that two spellings of one host are one text.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Name(name) => write!(formatter, "{name}:{}", self.port),
            Host::Address(IpAddr::V4(address)) => write!(formatter, "{address}:{}", self.port),
            Host::Address(IpAddr::V6(address)) => write!(formatter, "[{address}]:{}", self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn borne(connector: &str, presented: &str) -> bool {
        CertificateName::from_text(connector)
            .unwrap()
            .is_borne_by(&Domain::from_normalized(presented))
    }

    #[test]
    fn att_05_a_wildcard_covers_one_label_only() {
        assert!(borne("mail.contoso.com", "mail.contoso.com"));
        assert!(borne("mail.contoso.com", "*.contoso.com"));
        assert!(!borne("a.mail.contoso.com", "*.contoso.com"));
        assert!(!borne("contoso.com", "*.contoso.com"));
        assert!(borne("*.contoso.com", "mail.contoso.com"));
        assert!(borne("*.contoso.com", "*.contoso.com"));
        assert!(!borne("*.contoso.com", "contoso.com"));
        assert!(!borne("*.contoso.com", "a.mail.contoso.com"));
        assert!(!borne("*.contoso.com", "*.mail.contoso.com"));
        assert!(!borne("*.mail.contoso.com", "*.contoso.com"));
        assert!(!borne("mail.contoso.com", "xmail.contoso.com"));
    }

    #[test]
    fn a_wildcard_stands_leftmost_or_nowhere() {
        for text in ["a.*.contoso.com", "*", "*.", "*contoso.com", "mail.*", "<I>CN=R<S>CN=mail"] {
            assert!(CertificateName::from_text(text).is_err(), "{text}");
        }
        for text in ["a.*.b", "*a.b", "a.*"] {
            assert!(DomainPattern::from_text(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_pattern_with_a_star_means_the_domain_and_all_below_it() {
        let pattern = DomainPattern::from_text("*.contoso.com").unwrap();
        let covers = |name: &str| pattern.covers(&Domain::from_normalized(name)).is_some();
        assert!(covers("contoso.com") && covers("a.contoso.com") && covers("b.a.contoso.com"));
        assert!(!covers("xcontoso.com") && !covers("com"));
        assert_eq!(DomainPattern::from_text("smtp:*;1"), Ok(DomainPattern::Every));
    }

    #[test]
    fn the_more_specific_pattern_covers_more() {
        let domain = Domain::from_normalized("a.contoso.com");
        let order = ["*", "*.contoso.com", "*.a.contoso.com", "a.contoso.com"]
            .map(|text| DomainPattern::from_text(text).unwrap().covers(&domain).unwrap());
        assert!(order.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn a_smart_host_may_be_written_in_each_usual_way() {
        for (text, written) in [
            ("Mail.Contoso.com", "mail.contoso.com:25"),
            ("mail.contoso.com:2525", "mail.contoso.com:2525"),
            ("localhost:25", "localhost:25"),
            ("192.0.2.1", "192.0.2.1:25"),
            ("192.0.2.1:26", "192.0.2.1:26"),
            ("2001:db8::1", "[2001:db8::1]:25"),
            ("[2001:db8::1]", "[2001:db8::1]:25"),
            ("[2001:db8::1]:26", "[2001:db8::1]:26"),
        ] {
            let host = SmartHost::from_text(text).unwrap();
            assert_eq!(host.to_string(), written);
            assert_eq!(SmartHost::from_text(written), Ok(host));
        }
        for text in
            ["", ":25", "a b", "mail.contoso.com:0", "mail:x", "192.0.2.0/24", "[a]:25", "[::1"]
        {
            assert!(SmartHost::from_text(text).is_err(), "{text}");
        }
    }
}
