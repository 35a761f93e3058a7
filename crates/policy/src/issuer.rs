//! Whether a certificate's path goes through the issuer that a connector pins.
//!
//! Touches nothing. Names are RFC 4514 texts, as the chain's report has them. A name that cannot
//! be taken apart equals nothing but itself.

use posthouse_types::ChainReport;

use crate::tenant::InboundConnector;

/// Whether the connector pins no issuer, or one that the accepted path goes through.
pub(crate) fn is_pinned(connector: &InboundConnector, chain: &ChainReport) -> bool {
    match &connector.tls_sender_issuer {
        None => true,
        Some(pin) => issuers(chain).any(|issuer| is_meant(pin, issuer)),
    }
}

/// The names above the leaf on the accepted path, the nearest first.
pub(crate) fn issuers(chain: &ChainReport) -> impl Iterator<Item = &str> {
    let issued_by = chain.path.iter().map(|element| element.certificate.issuer.as_str());
    let above = chain.path.iter().skip(1).map(|element| element.certificate.subject.as_str());
    issued_by.chain(above).filter(|name| !name.is_empty())
}

/// A pin is the whole name, or the value of its common name alone; in any case.
fn is_meant(pin: &str, issuer: &str) -> bool {
    let parts =
        |name: &str| -> Vec<String> { rdns(name).map(|part| part.to_lowercase()).collect() };
    let wanted = pin.trim().to_lowercase();
    parts(issuer) == parts(pin)
        || rdns(issuer).any(|part| {
            part.split_once('=').is_some_and(|(kind, value)| {
                kind.eq_ignore_ascii_case("CN") && unescaped(value).to_lowercase() == wanted
            })
        })
}

/// The relative names of a distinguished name: what stands between commas that are not escaped.
fn rdns(name: &str) -> impl Iterator<Item = &str> {
    let mut is_escaped = false;
    name.split(move |character| {
        let ends = character == ',' && !is_escaped;
        is_escaped = character == '\\' && !is_escaped;
        ends
    })
    .map(str::trim)
}

/// RFC 4514 section 2.4 undone for characters that are escaped as themselves.
fn unescaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        out.push(if character == '\\' { characters.next().unwrap_or('\\') } else { character });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_a_whole_name_or_a_common_name() {
        let issuer = r"CN=Contoso Issuing\, CA 2,O=Contoso,C=US";
        for pin in [
            r"CN=Contoso Issuing\, CA 2,O=Contoso,C=US",
            r"cn=contoso issuing\, ca 2, o=contoso, c=us",
            "Contoso Issuing, CA 2",
        ] {
            assert!(is_meant(pin, issuer), "{pin}");
        }
        for pin in ["Contoso", "Contoso Issuing", "CA 2", "CN=Contoso Issuing", "", "O=Contoso"] {
            assert!(!is_meant(pin, issuer), "{pin}");
        }
    }
}
