//! Whom the doctor examines: a mail domain, whose servers DNS names, or one server by its name.
//!
//! Pure. A text that is neither is an error that says what was expected.

use std::net::IpAddr;

use posthouse_smtp::parse_domain;
use posthouse_types::{SHOWN_CHARACTERS_MAX, printable};

/// SMTP's port.
const SMTP_PORT: u16 = 25;

/// Whom a sender would connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// A domain or host name in A-labels, or an IP address.
    pub(crate) host: String,
    /// The port.
    pub(crate) port: u16,
    /// Its MX records name the servers; otherwise it is the server itself, as a smart host is.
    pub(crate) by_mx: bool,
}

impl Target {
    /// Reads `domain`, `host:port`, `[host]`, an address, or `[address]:port`. With a port or
    /// brackets it is a server; a bare name is a mail domain. `port` is for a bare name's servers.
    pub(crate) fn parse(text: &str, port: Option<u16>) -> Result<Self, String> {
        let bad = || {
            format!(
                "\"{}\" is neither a domain nor a server: give DOMAIN, HOST:PORT or [HOST]",
                printable(text, SHOWN_CHARACTERS_MAX)
            )
        };
        let default = port.unwrap_or(SMTP_PORT);
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self { host: address.to_string(), port: default, by_mx: false });
        }
        let (name, port, by_mx) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']'))
        {
            Some((name, "")) => (name, default, false),
            Some((name, rest)) => {
                let port = rest.strip_prefix(':').and_then(|port| port.parse().ok());
                (name, port.ok_or_else(bad)?, false)
            }
            None => match text.split_once(':') {
                Some((name, port)) => (name, port.parse().map_err(|_| bad())?, false),
                None => (text, default, true),
            },
        };
        let address = name.strip_prefix("IPv6:").unwrap_or(name).parse::<IpAddr>();
        if let Ok(address) = address {
            return Ok(Self { host: address.to_string(), port, by_mx: false });
        }
        let host = parse_domain(name).map_err(|_| bad())?;
        if host.is_literal() || port == 0 {
            return Err(bad());
        }
        Ok(Self { host: host.as_str().to_owned(), port, by_mx })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_name_is_a_domain_and_a_port_or_brackets_make_a_server() {
        for (text, host, port, by_mx) in [
            ("Contoso.Example", "contoso.example", 25, true),
            ("m\u{fc}ller.example", "xn--mller-kva.example", 25, true),
            ("mail.contoso.example:587", "mail.contoso.example", 587, false),
            ("[mail.contoso.example]", "mail.contoso.example", 25, false),
            ("[mail.contoso.example]:2525", "mail.contoso.example", 2525, false),
            ("192.0.2.1", "192.0.2.1", 25, false),
            ("192.0.2.1:2525", "192.0.2.1", 2525, false),
            ("2001:db8::1", "2001:db8::1", 25, false),
            ("[2001:db8::1]:2525", "2001:db8::1", 2525, false),
            ("[IPv6:2001:db8::1]", "2001:db8::1", 25, false),
        ] {
            let expected = Target { host: host.to_owned(), port, by_mx };
            assert_eq!(Target::parse(text, None), Ok(expected), "{text}");
        }
        assert_eq!(Target::parse("contoso.example", Some(2525)).unwrap().port, 2525);
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in ["", "a b", "host:", "host:99999", "host:0", "[host", "[host]x", "a\r\nb"] {
            assert!(Target::parse(text, None).is_err(), "{text}");
        }
    }
}
