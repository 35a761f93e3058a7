//! The names of a certificate that may identify a peer, and the one rule by which they match.
//!
//! Pure. Names are DNS names: of the subject alternative names, or the common name where there
//! is no DNS name at all (design decision 2; RFC 6125 section 6.4.4 allows no more). What is not
//! a clean host name is ignored, never repaired.

use std::fmt;

use posthouse_types::Domain;
use rustls_pki_types::{CertificateDer, ServerName};
use webpki::EndEntityCert;

use crate::certificate::Certificate;
use crate::distinguished;
use crate::limits::DNS_NAMES_MAX;

/// Whether one of a certificate's names matches what is looked for.
///
/// `mail.d` is matched by the name `mail.d` and by `*.d`: a wildcard covers exactly one label
/// (RFC 6125 section 6.4.3). `*.d`, as a connector may name it, is matched by any name one label
/// below `d` and by `*.d` itself, never by `d`. Both sides are lower-case A-labels.
pub fn names_match(names: &[Domain], pattern: &Domain) -> bool {
    let covers = |wildcard: &str, name: &str| {
        wildcard.strip_prefix("*.").is_some_and(|parent| {
            name.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest == parent)
        })
    };
    names.iter().any(|name| {
        name == pattern
            || covers(name.as_str(), pattern.as_str())
            || covers(pattern.as_str(), name.as_str())
    })
}

/// The name that a peer is asked to hold: a DNS name or an IP address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PeerName(ServerName<'static>);

impl PeerName {
    /// Reads a DNS name (any case, Unicode or A-labels, with or without the last dot) or an IP
    /// address. `None` for anything else; a wildcard is no name of a peer.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(address) = text.parse::<std::net::IpAddr>() {
            return Some(Self(ServerName::IpAddress(address.into())));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        let ascii = idna::domain_to_ascii_cow(name.as_bytes(), idna::AsciiDenyList::URL).ok()?;
        let name = ServerName::try_from(ascii.into_owned()).ok()?;
        matches!(name, ServerName::DnsName(_)).then_some(Self(name))
    }

    /// Whether a leaf holds it: webpki's verdict, which looks at subject alternative names only
    /// (RFC 9525 section 6.3), never at the common name.
    pub(crate) fn is_held_by(&self, leaf: &Certificate<'_>) -> bool {
        let der = CertificateDer::from(leaf.der);
        EndEntityCert::try_from(&der)
            .is_ok_and(|leaf| leaf.verify_is_valid_for_subject_name(&self.0).is_ok())
    }
}

impl fmt::Display for PeerName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.to_str())
    }
}

/// The names that a connector may match, lower-case A-labels, each once. At most
/// [`DNS_NAMES_MAX`] alternative names are looked at.
pub(crate) fn names(leaf: &Certificate<'_>) -> Vec<Domain> {
    let mut names: Vec<Domain> = Vec::new();
    let mut has_dns_name = false;
    for name in leaf.dns_names().take(DNS_NAMES_MAX) {
        has_dns_name = true;
        // IA5String: other bytes would only be a way to look like another name.
        let name = std::str::from_utf8(name).ok().filter(|name| name.is_ascii());
        names.extend(name.and_then(normalized));
    }
    if !has_dns_name {
        let common_name = distinguished::common_name(leaf.subject);
        names.extend(common_name.and_then(|name| normalized(&name)));
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// One host name, or `*.` and one, in the comparable form; `None` for anything else.
fn normalized(name: &str) -> Option<Domain> {
    let (prefix, host) = match name.strip_prefix("*.") {
        // A wildcard straight below a top-level domain would speak for everybody.
        Some(host) if host.contains('.') => ("*.", host),
        Some(_) => return None,
        None => ("", name),
    };
    let host = idna::domain_to_ascii_cow(host.as_bytes(), idna::AsciiDenyList::URL).ok()?;
    is_host_name(&host).then(|| Domain::from_normalized(format!("{prefix}{host}")))
}

/// Labels of letters, digits, hyphens and underscores (which some hosts really have), within
/// RFC 1035's lengths, the last one not a number: that would be an address.
fn is_host_name(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let last_is_number = host
        .rsplit('.')
        .next()
        .is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    host.len() <= 253 && host.split('.').all(is_label) && !last_is_number
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(name: &str) -> Domain {
        Domain::from_normalized(name)
    }

    #[test]
    fn a_wildcard_covers_one_label_only() {
        let names = [domain("*.contoso.example")];
        assert!(names_match(&names, &domain("mail.contoso.example")));
        assert!(names_match(&names, &domain("*.contoso.example")));
        assert!(!names_match(&names, &domain("contoso.example")));
        assert!(!names_match(&names, &domain("a.mail.contoso.example")));
        assert!(!names_match(&names, &domain("mailcontoso.example")));
    }

    #[test]
    fn a_wildcard_pattern_asks_for_one_label_and_never_for_the_domain() {
        let pattern = domain("*.contoso.example");
        assert!(names_match(&[domain("mail.contoso.example")], &pattern));
        assert!(!names_match(&[domain("contoso.example")], &pattern));
        assert!(!names_match(&[domain("a.b.contoso.example")], &pattern));
        assert!(!names_match(&[], &pattern));
    }

    #[test]
    fn a_peer_is_asked_for_a_dns_name_or_an_address() {
        let read = |text: &str| PeerName::parse(text).map(|name| name.to_string());
        assert_eq!(read("Mail.Contoso.Example.").as_deref(), Some("mail.contoso.example"));
        assert_eq!(read("m\u{fc}ller.example").as_deref(), Some("xn--mller-kva.example"));
        assert_eq!(read("192.0.2.1").as_deref(), Some("192.0.2.1"));
        assert_eq!(read("2001:db8::1").as_deref(), Some("2001:db8::1"));
        for odd in ["", ".", "*.contoso.example", "a b", "a..b", "192.0.2.300", "a@b"] {
            assert_eq!(read(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn only_clean_host_names_are_names() {
        let kept = |name: &str| normalized(name).map(|name| name.as_str().to_owned());
        assert_eq!(kept("Mail.Contoso.Example").as_deref(), Some("mail.contoso.example"));
        assert_eq!(kept("*.M\u{fc}ller.example").as_deref(), Some("*.xn--mller-kva.example"));
        for odd in [
            "mail.contoso.example\0.attacker.example",
            "m*.contoso.example",
            "a.*.contoso.example",
            "*.*.contoso.example",
            "*",
            "*.",
            "*.example",
            "mail.contoso.example.",
            ".contoso.example",
            "a..b",
            "a b.example",
            "192.0.2.1",
            "-a.example",
            "a@b.example",
            "xn--a\u{301}.example",
            "",
        ] {
            assert_eq!(kept(odd), None, "{odd:?}");
        }
        assert_eq!(kept(&format!("{}.example", "a".repeat(64))), None);
        assert_eq!(kept(&format!("{}example", "abcdefgh.".repeat(28))), None);
    }
}
