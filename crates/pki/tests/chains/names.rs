//! Which names of a certificate count.

use posthouse_pki::{certificate_summary, issuer_matches};
use rcgen::string::Ia5String;
use rcgen::{CertificateParams, DnType, SanType};

use crate::rig::{Chain, Entity, Kind, PLAIN, Tune, World, key, name};

fn names(tune: Tune<'_>) -> Vec<String> {
    let root = Entity::root("Root", key(Kind::P256, 0));
    let leaf = root.leaf(key(Kind::P256, 0), tune);
    let report = World::trusting(&[&root]).examine(&[&leaf.der]);
    report.names.iter().map(ToString::to_string).collect()
}

fn dns(name: &str) -> SanType {
    SanType::DnsName(Ia5String::try_from(name).unwrap())
}

#[test]
fn the_common_name_counts_only_where_there_is_no_dns_name() {
    let with = |leaf: &mut CertificateParams| {
        leaf.distinguished_name = name("mail.fabrikam.example");
        leaf.subject_alt_names = vec![dns("mail.contoso.example")];
    };
    assert_eq!(names(&with), ["mail.contoso.example"]);
    let without = |leaf: &mut CertificateParams| {
        leaf.distinguished_name = name("Mail.Fabrikam.example");
        leaf.subject_alt_names = vec![SanType::IpAddress([192, 0, 2, 1].into())];
    };
    assert_eq!(names(&without), ["mail.fabrikam.example"]);
    let unusable = |leaf: &mut CertificateParams| {
        leaf.distinguished_name = name("mail.fabrikam.example");
        leaf.subject_alt_names = vec![dns("not a host name")];
    };
    assert_eq!(names(&unusable), [""; 0]);
}

#[test]
fn a_common_name_that_is_no_host_name_is_no_name() {
    for common_name in ["Contoso Mail Gateway", "mail.contoso.example\0.evil.example", "192.0.2.1"]
    {
        let tune = |leaf: &mut CertificateParams| {
            leaf.distinguished_name = name(common_name);
            leaf.subject_alt_names.clear();
        };
        assert_eq!(names(&tune), [""; 0], "{common_name:?}");
    }
}

#[test]
fn names_come_in_lower_case_a_labels_each_once() {
    let tune = |leaf: &mut CertificateParams| {
        leaf.subject_alt_names =
            ["MAIL.Contoso.example", "mail.contoso.example", "*.CONTOSO.example", "m*.x.example"]
                .map(dns)
                .to_vec();
    };
    assert_eq!(names(&tune), ["*.contoso.example", "mail.contoso.example"]);
    let international = |leaf: &mut CertificateParams| {
        leaf.distinguished_name = name("mail.m\u{fc}ller.example");
        leaf.subject_alt_names.clear();
    };
    assert_eq!(names(&international), ["mail.xn--mller-kva.example"]);
}

#[test]
fn an_issuer_is_pinned_by_its_whole_name_or_its_cn() {
    let root = Entity::root("Root", key(Kind::P256, 0));
    let ca = root.ca("x", key(Kind::P256, 0), &|ca| {
        ca.distinguished_name = name("Contoso Issuing CA");
        ca.distinguished_name.push(DnType::OrganizationName, "Contoso, Ltd");
    });
    let leaf = ca.leaf(key(Kind::P256, 0), PLAIN);
    let report = World::trusting(&[&root]).examine(&[&leaf.der, &ca.der]);
    assert_eq!(report.leaf().unwrap().issuer, "O=Contoso\\, Ltd,CN=Contoso Issuing CA");
    for pinned in [
        "O=Contoso\\, Ltd,CN=Contoso Issuing CA",
        "o=\"Contoso, Ltd\", cn=contoso  issuing ca",
        "Contoso Issuing CA",
        "CN=Root",
        "root",
    ] {
        assert!(issuer_matches(&report, pinned), "{pinned}");
    }
    for pinned in ["", " ", "CN=", "Contoso", "CN=Contoso Issuing CA", "mail.contoso.example"] {
        assert!(!issuer_matches(&report, pinned), "{pinned}");
    }
    let refused = World::trusting(&[]).examine(&[&leaf.der, &ca.der]);
    assert!(!issuer_matches(&refused, "Contoso Issuing CA"), "only accepted paths can be believed");
}

#[test]
fn a_summary_says_what_other_readers_say() {
    for kind in Kind::ALL {
        let chain = Chain::new(kind);
        for entity in [&chain.leaf, &chain.ca, &chain.root] {
            let ours = certificate_summary(&entity.der).unwrap();
            let (_, theirs) = x509_parser::parse_x509_certificate(&entity.der).unwrap();
            assert_eq!(ours.subject, theirs.subject().to_string());
            assert_eq!(ours.issuer, theirs.issuer().to_string());
            assert_eq!(ours.not_before.seconds(), theirs.validity().not_before.timestamp());
            assert_eq!(ours.not_after.seconds(), theirs.validity().not_after.timestamp());
            assert_eq!(ours.is_ca, theirs.is_ca());
            assert_eq!(ours.serial, whole_bytes(&format!("{:X}", theirs.serial)));
            assert_eq!(
                ours.key,
                match kind {
                    Kind::P256 => "ECDSA P-256",
                    Kind::P384 => "ECDSA P-384",
                    Kind::Ed25519 => "Ed25519",
                    Kind::Rsa => "RSA 2048",
                }
            );
            assert_eq!(ours.thumbprint.len(), 40);
        }
        let leaf = certificate_summary(&chain.leaf.der).unwrap();
        let ca = certificate_summary(&chain.ca.der).unwrap();
        assert_eq!(leaf.authority_key_id, ca.subject_key_id);
        assert_eq!(leaf.dns_names, ["mail.contoso.example"]);
    }
}

/// Hexadecimal digits in whole bytes.
fn whole_bytes(digits: &str) -> String {
    if digits.len().is_multiple_of(2) { digits.to_owned() } else { format!("0{digits}") }
}

#[test]
fn what_is_no_certificate_has_no_summary() {
    assert!(certificate_summary(b"hello").is_err());
    assert!(certificate_summary(&[]).is_err());
    assert_eq!(posthouse_pki::spki_of(b"hello"), None);
}
