//! Whether a server's certificates match its TLSA records (RFC 6698, RFC 7672 section 3).
//!
//! Pure. Says nothing about whether the records are to be believed: that is DNSSEC's word.

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use posthouse_lookup::Tlsa;
use posthouse_pki::{Examination, PeerName, TrustedRoots, examine, spki_of};
use posthouse_types::UnixMillis;

/// DANE-TA: a trust anchor that the server has to send.
const USAGE_TRUST_ANCHOR: u8 = 2;
/// DANE-EE: the server's own key.
const USAGE_END_ENTITY: u8 = 3;

/// How certificates and records fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DaneMatch {
    /// The leaf is the one named: names and dates do not count (RFC 7672 section 3.1.1).
    EndEntity,
    /// The chain leads to a certificate that is named, and holds the server's name.
    TrustAnchor,
    /// None of the records that can be used matches.
    Nothing,
    /// No record can be used at all: other usages than 2 and 3, or unknown algorithms.
    NoneUsable,
}

/// Matches what a server presented (DER, leaf first) with its records. `name` is the server's.
pub(super) fn matches(
    presented: &[&[u8]],
    records: &[Tlsa],
    name: Option<&PeerName>,
    now: UnixMillis,
) -> DaneMatch {
    let usable: Vec<&Tlsa> = records.iter().filter(|record| is_usable(record)).collect();
    if usable.is_empty() {
        return DaneMatch::NoneUsable;
    }
    let of_usage = |usage| usable.iter().filter(move |record| record.usage == usage);
    if let Some(leaf) = presented.first()
        && of_usage(USAGE_END_ENTITY).any(|record| names(record, leaf))
    {
        return DaneMatch::EndEntity;
    }
    let is_anchor = |der: &&&[u8]| of_usage(USAGE_TRUST_ANCHOR).any(|record| names(record, der));
    let anchors: Vec<&[u8]> = presented.iter().filter(is_anchor).copied().collect();
    let roots = TrustedRoots::from_readable_ders(&anchors).0;
    let examination = Examination { name, ..Examination::new(&roots, now) };
    if !roots.is_empty() && examine(presented, &examination).is_accepted() {
        return DaneMatch::TrustAnchor;
    }
    DaneMatch::Nothing
}

/// RFC 7672 section 3.1.3: PKIX-TA and PKIX-EE are not for SMTP.
fn is_usable(record: &Tlsa) -> bool {
    matches!(record.usage, USAGE_TRUST_ANCHOR | USAGE_END_ENTITY)
        && record.selector <= 1
        && record.matching <= 2
}

/// Whether a record names this certificate.
fn names(record: &Tlsa, der: &[u8]) -> bool {
    let selected = match record.selector {
        0 => Some(der),
        _ => spki_of(der),
    };
    let Some(selected) = selected else { return false };
    match record.matching {
        0 => selected == record.data,
        1 => digest(&SHA256, selected).as_ref() == record.data,
        _ => digest(&SHA512, selected).as_ref() == record.data,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A leaf below a CA, and the CA.
    fn chain() -> (Vec<u8>, Vec<u8>) {
        let ca_key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, "DANE CA");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let ca = params.self_signed(&ca_key).unwrap();
        let issuer = rcgen::Issuer::new(params, ca_key);
        let key = rcgen::KeyPair::generate().unwrap();
        let leaf = rcgen::CertificateParams::new(["mx.contoso.example".to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &issuer).unwrap();
        (leaf.der().to_vec(), ca.der().to_vec())
    }

    fn record(usage: u8, selector: u8, matching: u8, of: &[u8]) -> Tlsa {
        let selected = if selector == 0 { of } else { spki_of(of).unwrap() };
        let data = match matching {
            0 => selected.to_vec(),
            1 => digest(&SHA256, selected).as_ref().to_vec(),
            _ => digest(&SHA512, selected).as_ref().to_vec(),
        };
        Tlsa { usage, selector, matching, data }
    }

    fn found(presented: &[&[u8]], records: &[Tlsa], name: &str) -> DaneMatch {
        let name = PeerName::parse(name).unwrap();
        matches(presented, records, Some(&name), UnixMillis::from_seconds(1_795_000_000))
    }

    #[test]
    fn the_servers_own_key_matches_by_every_selector_and_digest() {
        let (leaf, ca) = chain();
        for (selector, matching) in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)] {
            let records = [record(3, selector, matching, &leaf)];
            assert_eq!(found(&[&leaf], &records, "other.example"), DaneMatch::EndEntity);
            assert_eq!(found(&[&ca], &records, "mx.contoso.example"), DaneMatch::Nothing);
        }
    }

    #[test]
    fn a_trust_anchor_has_to_be_sent_and_the_name_has_to_fit() {
        let (leaf, ca) = chain();
        let records = [record(2, 1, 1, &ca)];
        let name = "mx.contoso.example";
        assert_eq!(found(&[&leaf, &ca], &records, name), DaneMatch::TrustAnchor);
        assert_eq!(found(&[&leaf], &records, name), DaneMatch::Nothing);
        assert_eq!(found(&[&leaf, &ca], &records, "other.example"), DaneMatch::Nothing);
    }

    #[test]
    fn records_for_the_web_are_of_no_use_to_mail() {
        let (leaf, _) = chain();
        let records = [record(1, 1, 1, &leaf), Tlsa { matching: 9, ..record(3, 1, 1, &leaf) }];
        assert_eq!(found(&[&leaf], &records, "mx.contoso.example"), DaneMatch::NoneUsable);
    }
}
