//! Bundles made to cost time, to slip through, or to write into our lines.
//!
//! Time is bounded by what a search may spend, not by a clock: without these bounds the tests about
//! time would not end.

use posthouse_pki::{examine, repairs, sentence};
use posthouse_types::{ChainReason, ChainWarning};
use rcgen::{DnType, PublicKeyData, SanType, SignatureAlgorithm, SigningKey};

use crate::rig::{
    Chain, Entity, Kind, PLAIN, World, ca_issuers, ca_params, key, leaf_params, name, tlv,
};

fn crafted(count: usize) -> (Entity, Vec<Vec<u8>>) {
    // All of one name and each signed by the next: every one looks like every other's issuer.
    let mut above = Entity::root("Look-alike", key(Kind::P256, 0));
    let mut cas = Vec::new();
    for _ in 0..count {
        let ca = above.issue(ca_params("Look-alike"), key(Kind::P256, 0));
        cas.push(ca.der.clone());
        above = ca;
    }
    let leaf = above.leaf(key(Kind::P256, 0), &|leaf| {
        leaf.use_authority_key_identifier_extension = false;
    });
    (leaf, cas)
}

#[test]
fn tls_02_a_thousand_cross_signed_look_alikes_are_decided_at_once() {
    let (leaf, cas) = crafted(1000);
    let mut sent = vec![leaf.der.as_slice()];
    sent.extend(cas.iter().map(Vec::as_slice));
    let root = Entity::root("Look-alike", key(Kind::P256, 0));
    let world = World::trusting(&[&root]);
    let report = examine(&sent, &world.examination());
    assert!(!report.is_accepted());
    assert_eq!(report.presented.len(), posthouse_pki::limits::PRESENTED_CERTIFICATES_MAX);
    assert!(report.warnings.contains(&ChainWarning::NotLookedAt(991)));
}

#[test]
fn tls_02_ten_look_alikes_in_the_worst_order_are_decided_at_once() {
    let (leaf, mut cas) = crafted(9);
    for _ in 0..2 {
        let mut sent = vec![leaf.der.as_slice()];
        sent.extend(cas.iter().map(Vec::as_slice));
        for roots in [vec![], vec![Entity::root("Look-alike", key(Kind::P256, 0))]] {
            let world = World::trusting(&roots.iter().collect::<Vec<_>>());
            let report = examine(&sent, &world.examination());
            assert_eq!(report.reason, ChainReason::ChainIncomplete);
            assert!(report.missing.is_some_and(|missing| missing.namesake_sent));
            assert_eq!(report.path.len(), 10, "every one is on the path, in its true order");
        }
        cas.reverse();
    }
}

#[test]
fn tls_02_the_right_path_is_found_among_look_alikes() {
    let root = Entity::root("Root", key(Kind::P256, 0));
    let ca = root.ca("Intermediate", key(Kind::P256, 0), PLAIN);
    let leaf = ca.leaf(key(Kind::P256, 0), &|leaf| {
        leaf.use_authority_key_identifier_extension = false;
    });
    let mut sent = vec![leaf.der];
    for _ in 0..8 {
        sent.push(Entity::root("Intermediate", key(Kind::P256, 0)).der);
    }
    sent.push(ca.der);
    assert!(World::trusting(&[&root]).examine(&sent).is_accepted());
}

#[test]
fn tls_02_layers_of_cross_signed_cas_stay_within_the_budget() {
    // Three CAs, each with three certificates by each of the next: many paths, none trusted.
    let keys: Vec<_> = (0..4).map(|_| key(Kind::P256, 0)).collect();
    let cas: Vec<_> = (0..4).map(|n| Entity::root(&format!("CA {n}"), keys[n].clone())).collect();
    let leaf = cas[0].leaf(key(Kind::P256, 0), PLAIN);
    let mut sent = vec![leaf.der.clone()];
    for layer in 0..3 {
        for edition in 0..3 {
            let mut params = ca_params(&format!("CA {layer}"));
            params.serial_number = Some(rcgen::SerialNumber::from(100 + edition));
            sent.push(cas[layer + 1].issue(params, keys[layer].clone()).der);
        }
    }
    let report = World::trusting(&[&cas[3]]).examine(&sent);
    assert!(report.is_accepted());
    let other = Entity::root("Other", key(Kind::P256, 0));
    assert!(!World::trusting(&[&other]).examine(&sent).is_accepted());
}

#[test]
fn tls_09_a_megabyte_certificate_is_not_looked_at() {
    let chain = Chain::tuned(Kind::P256, PLAIN, &|leaf| {
        let noise = rcgen::CustomExtension::from_oid_content(&[1, 2, 3], vec![0; 60_000]);
        leaf.custom_extensions = vec![noise.clone(), noise];
    });
    let world = World::trusting(&[&chain.root]);
    let sent = [chain.leaf.der.as_slice(), &chain.ca.der];
    let report = examine(&sent, &world.examination());
    assert_eq!(report.reason, ChainReason::Malformed);
    assert!(report.presented.is_empty());
    assert_eq!(report.warnings, [ChainWarning::NotLookedAt(2)]);
    assert!(sentence(&report).contains("cannot be read"));
}

#[test]
fn tls_09_more_than_two_hundred_names_are_not_looked_at() {
    let chain = Chain::tuned(Kind::P256, PLAIN, &|leaf| {
        leaf.subject_alt_names = (0..1000)
            .map(|n| SanType::DnsName(format!("n{n}.contoso.example").try_into().unwrap()))
            .collect();
    });
    let report = World::trusting(&[&chain.root]).examine(&chain.sent());
    assert_eq!(report.names.len(), posthouse_pki::limits::DNS_NAMES_MAX);
    assert_eq!(report.presented[0].dns_names.len(), posthouse_pki::limits::DNS_NAMES_MAX);
}

#[test]
fn a_name_with_line_breaks_and_a_reply_code_stays_on_its_line() {
    let hostile = "Evil CA\r\n250 ok\r\n\u{202e}\u{0}";
    let root = Entity::root("Root", key(Kind::P256, 0));
    let mut params = ca_params("x");
    params.distinguished_name = name(hostile);
    params.distinguished_name.push(DnType::OrganizationName, "\" & del /s C:\\, `id`; $(id)");
    let ca = root.issue(params, key(Kind::P256, 0));
    let leaf = ca.leaf(key(Kind::P256, 0), &|leaf| {
        leaf.custom_extensions.push(ca_issuers("http://x/\r\n250 ok $(reboot)"));
    });
    let report = World::trusting(&[&root]).examine(&[&leaf.der]);
    assert_eq!(report.reason, ChainReason::ChainIncomplete);
    let text = sentence(&report);
    assert!(text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{text:?}");
    assert!(text.contains("Evil CA\\") && text.contains("250 ok"), "{text}");
    for repair in repairs(&report) {
        let lines = repair.steps.iter().chain([&repair.title]);
        assert!(lines.into_iter().all(|line| !line.contains(['\r', '\n', '\u{202e}', '\0'])));
        for command in &repair.commands {
            assert!(!command.contains("Evil") && !command.contains("reboot"), "{command}");
        }
    }
}

#[test]
fn the_longest_names_are_cut_before_they_fill_a_reply() {
    let long = "A".repeat(5000);
    let root = Entity::root("Root", key(Kind::P256, 0));
    let ca = root.ca(&long, key(Kind::P256, 0), PLAIN);
    let address = format!("http://x/{}", "a".repeat(900));
    let leaf = ca.leaf_with_address(key(Kind::P256, 0), &address);
    let text = sentence(&World::trusting(&[&root]).examine(&[&leaf.der]));
    assert!(text.len() <= posthouse_pki::limits::SENTENCE_CHARACTERS_MAX, "{}", text.len());
    assert!(text.contains("[cut]"));
}

#[test]
fn times_before_1970_and_absurd_ones_do_no_harm() {
    let chain = Chain::new(Kind::P256);
    for now in [i64::MIN, -1, 0, i64::MAX] {
        let world = World::trusting(&[&chain.root]).at(posthouse_types::UnixMillis(now));
        assert!(!world.examine(&chain.sent()).is_accepted());
    }
}

/// An RSA key whose exponent has eight thousand octets; what it "signs" is noise.
struct EnormousExponent(Vec<u8>);

impl EnormousExponent {
    fn new() -> Self {
        let mut modulus = vec![0x00, 0xc3];
        modulus.extend([0x5b; 255]);
        let mut exponent = vec![0x5b; 8 * 1024];
        exponent.push(0x01);
        Self(tlv(0x30, &[tlv(0x02, &modulus), tlv(0x02, &exponent)].concat()))
    }
}

impl PublicKeyData for EnormousExponent {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

impl SigningKey for EnormousExponent {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(vec![0x5a; 256])
    }
}

#[test]
fn tls_09_an_rsa_key_with_an_enormous_exponent_proves_nothing() {
    let enormous = EnormousExponent::new();
    let root = Entity::root("Root", key(Kind::P256, 0));
    let issuer = rcgen::Issuer::from_params(&root.params, &*root.key);
    let params = ca_params("Enormous");
    let ca = params.signed_by(&enormous, &issuer).unwrap();
    let below = rcgen::Issuer::from_params(&params, &enormous);
    let leaf = leaf_params().signed_by(&*key(Kind::P256, 0), &below).unwrap();
    let world = World::trusting(&[&root]);
    let report = world.examine(&[leaf.der(), ca.der()]);
    assert!(!report.is_accepted(), "{report:#?}");
    assert_eq!(report.element, Some(0), "{report:#?}");
    // As a leaf's own key it signs nothing on the path; the handshake would end at its proof.
    let leaf = leaf_params().signed_by(&enormous, &issuer).unwrap();
    world.examine(&[leaf.der()]);
}
