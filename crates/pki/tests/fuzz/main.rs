//! Fuzz targets: certificate bundles, PKCS#7 and PKCS#12 files, revocation lists. A few thousand
//! inputs in `make test`, ten minutes each in `make soak`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect should stop there"
)]

#[path = "../support/files.rs"]
mod files;
#[path = "../../../../tests/fuzz/harness.rs"]
mod harness;
#[path = "../chains/rig.rs"]
#[allow(dead_code, reason = "the other tests use the rest of it")]
mod rig;

use std::time::Duration;

use files::{p7b, pfx};
use harness::{Target, fuzz, trait_of};
use p12_keystore::{EncryptionAlgorithm, MacAlgorithm};
use posthouse_pki::{
    Examination, KnownIntermediate, RevocationLists, TrustedRoots, certificate_kind,
    certificate_pem, certificate_summary, chain_to_send, check_issuer, examine, examine_at_most,
    key_pem, presented_certificates, read_bundle, repairs, sentence, spki_of,
};
use posthouse_types::ChainMode;
use rig::{Chain, Entity, Kind, NOW, PLAIN, at, ca_issuers, key};

/// Longest time for one chain; far above the milliseconds that it takes, on a loaded machine and
/// unoptimised.
const CHAIN_TIME_MAX: Duration = Duration::from_secs(2);

/// Longest time for one file: PKCS#12 stretches passwords on purpose.
const FILE_TIME_MAX: Duration = Duration::from_secs(20);

/// Chains with much in them, of every key type.
fn chains() -> Vec<Chain> {
    let full = |leaf: &mut rcgen::CertificateParams| {
        leaf.subject_alt_names.push(rcgen::SanType::IpAddress([192, 0, 2, 1].into()));
        leaf.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
        leaf.custom_extensions = vec![ca_issuers("http://pki.example/issuing.cer")];
    };
    let constrained = |ca: &mut rcgen::CertificateParams| {
        ca.name_constraints = Some(rcgen::NameConstraints {
            permitted_subtrees: vec![rcgen::GeneralSubtree::DnsName("contoso.example".to_owned())],
            excluded_subtrees: vec![rcgen::GeneralSubtree::DnsName("x.example".to_owned())],
        });
        ca.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign, rcgen::KeyUsagePurpose::CrlSign];
    };
    Kind::ALL.iter().map(|kind| Chain::tuned(*kind, &constrained, &full)).collect()
}

fn pem(ders: &[&[u8]]) -> Vec<u8> {
    ders.iter().map(|der| certificate_pem(der)).collect::<String>().into_bytes()
}

/// Everything that a stranger's chain goes through.
fn look_at(bytes: &[u8], roots: &TrustedRoots, known: &[KnownIntermediate]) -> u64 {
    let mut sent = presented_certificates(bytes);
    // Damage inside PEM mostly ends in noise: take what is there as DER, one after the other, too.
    if sent.len() == 1 {
        sent.extend(
            bytes
                .windows(4)
                .enumerate()
                .filter(|(_, head)| head.starts_with(&[0x30, 0x82]))
                .filter_map(|(at, head)| {
                    let length = usize::from(head[2]) << 8 | usize::from(head[3]);
                    bytes.get(at..(at + 4 + length).min(bytes.len()))
                })
                .take(12)
                .map(<[u8]>::to_vec),
        );
    }
    let sent: Vec<&[u8]> = sent.iter().map(Vec::as_slice).collect();
    let plain = Examination { known, ..Examination::new(roots, NOW) };
    let repairing = Examination {
        chain: ChainMode::Repair,
        ..Examination { known, ..Examination::new(roots, NOW) }
    };
    let report = examine(&sent, &plain);
    let repaired = examine(&sent, &repairing);
    examine_at_most(&sent, 100, &plain);
    let said = sentence(&report);
    assert!(said.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{said:?}");
    for repair in repairs(&report) {
        assert!(!repair.title.contains(['\r', '\n']));
    }
    for der in sent.iter().take(4) {
        let _ = (certificate_summary(der), certificate_kind(der), spki_of(der));
        let _ = KnownIntermediate::from_der(der);
        chain_to_send(der, &plain);
    }
    if let [first, second, ..] = sent.as_slice() {
        let _ = check_issuer(second, first, NOW);
    }
    let (more, unreadable) =
        TrustedRoots::from_readable_ders(&sent.iter().map(|der| der.to_vec()).collect::<Vec<_>>());
    trait_of((
        report.reason,
        report.element,
        report.path.len(),
        report.names.len(),
        report.warnings.len(),
        repaired.reason,
        sent.len().min(20),
        (more.is_empty(), unreadable.len().min(5)),
        report.leaf().map(|leaf| (leaf.key.clone(), leaf.signature.clone(), leaf.ca_issuers.len())),
    ))
}

#[test]
fn fuzz_certificate_bundles() {
    let chains = chains();
    let roots: Vec<Vec<u8>> = chains.iter().map(|chain| chain.root.der.clone()).collect();
    let roots = TrustedRoots::from_ders(&roots).unwrap();
    let known: Vec<_> =
        chains.iter().map(|chain| KnownIntermediate::from_der(&chain.ca.der).unwrap()).collect();
    let mut seeds = Vec::new();
    for chain in &chains {
        let (leaf, ca, root) = (&chain.leaf.der[..], &chain.ca.der[..], &chain.root.der[..]);
        for ders in [&[leaf][..], &[leaf, ca], &[leaf, ca, root], &[ca, leaf], &[root]] {
            seeds.push(pem(ders));
            seeds.push(ders.concat());
        }
    }
    let cross = chains[0].root.issue(chains[1].root.params.clone(), chains[1].root.key.clone());
    seeds.push([&chains[1].leaf.der[..], &chains[1].ca.der, &cross.der].concat());
    fuzz(Target {
        name: "certificate-bundles",
        seeds,
        time_max: CHAIN_TIME_MAX,
        run: &|bytes| look_at(bytes, &roots, &known),
    });
}

#[test]
fn fuzz_pkcs7_and_pkcs12_files() {
    let chain = Chain::new(Kind::P256);
    let rsa = Chain::new(Kind::Rsa);
    let (leaf, ca) = (&chain.leaf.der[..], &chain.ca.der[..]);
    let seeds = vec![
        p7b(&[leaf, ca]),
        p7b(&[ca]),
        certificate_pem(&p7b(&[leaf, ca])).replace("CERTIFICATE", "PKCS7").into_bytes(),
        pfx(&chain, "", EncryptionAlgorithm::PbeWithHmacSha256AndAes256, MacAlgorithm::HmacSha256),
        pfx(
            &chain,
            "secret",
            EncryptionAlgorithm::PbeWithHmacSha256AndAes256,
            MacAlgorithm::HmacSha256,
        ),
        pfx(&rsa, "", EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc, MacAlgorithm::HmacSha1),
        leaf.to_vec(),
        pem(&[leaf, ca]),
        chain.leaf.key.serialize_pem().into_bytes(),
        chain.leaf.key.serialize_der(),
        [pem(&[leaf]), rsa.leaf.key.serialize_pem().into_bytes()].concat(),
    ];
    fuzz(Target {
        name: "pkcs7-and-pkcs12",
        seeds,
        time_max: FILE_TIME_MAX,
        run: &|bytes| {
            let passwords = [None, Some("secret")];
            trait_of(passwords.map(|password| match read_bundle(bytes, password) {
                Ok(bundle) => {
                    bundle.certificates.iter().for_each(|der| drop(certificate_summary(der)));
                    bundle.keys.iter().for_each(|key| drop(key_pem(key)));
                    format!("{} {} {}", bundle.format, bundle.certificates.len(), bundle.keys.len())
                }
                Err(error) => error.to_string(),
            }))
        },
    });
}

#[test]
fn tls_03_fuzz_revocation_lists() {
    let signs = |params: &mut rcgen::CertificateParams| {
        params.key_usages =
            vec![rcgen::KeyUsagePurpose::KeyCertSign, rcgen::KeyUsagePurpose::CrlSign];
    };
    let mut params = rig::ca_params("Root");
    signs(&mut params);
    let root = Entity::self_signed(params, key(Kind::P256, 0));
    let ca = root.ca("Intermediate", key(Kind::P256, 1), &signs);
    let leaf = ca.leaf(key(Kind::P256, 2), PLAIN);
    let list = |issuer: &Entity, address: Option<&str>| {
        let params = rcgen::CertificateRevocationListParams {
            this_update: at(-3),
            next_update: at(30),
            crl_number: rcgen::SerialNumber::from(1),
            issuing_distribution_point: address.map(|address| rcgen::CrlIssuingDistributionPoint {
                distribution_point: rcgen::CrlDistributionPoint { uris: vec![address.to_owned()] },
                scope: Some(rcgen::CrlScope::UserCertsOnly),
            }),
            revoked_certs: (0..4)
                .map(|serial| rcgen::RevokedCertParams {
                    serial_number: rcgen::SerialNumber::from(serial),
                    revocation_time: at(-2),
                    reason_code: Some(rcgen::RevocationReason::KeyCompromise),
                    invalidity_date: Some(at(-5)),
                })
                .collect(),
            key_identifier_method: rcgen::KeyIdMethod::Sha256,
        };
        let issuer = rcgen::Issuer::from_params(&issuer.params, &*issuer.key);
        params.signed_by(&issuer).unwrap()
    };
    let mut seeds = Vec::new();
    for list in [list(&ca, None), list(&root, None), list(&ca, Some("http://pki.example/1.crl"))] {
        seeds.push(list.der().to_vec());
        seeds.push(list.pem().unwrap().into_bytes());
    }
    let roots = TrustedRoots::from_ders(&[root.der]).unwrap();
    let sent = [&leaf.der[..], &ca.der];
    fuzz(Target {
        name: "revocation-lists",
        seeds,
        time_max: CHAIN_TIME_MAX,
        run: &|bytes| {
            let mut lists = RevocationLists::default();
            let added = lists.add_file(bytes).map_err(|error| error.to_string());
            let examination = Examination { crls: Some(&lists), ..Examination::new(&roots, NOW) };
            let report = examine(&sent, &examination);
            trait_of((report.reason, report.warnings.len(), added))
        },
    });
}
