//! Files as people hand them around: each form read, and each damage named.

use p12_keystore::{EncryptionAlgorithm, MacAlgorithm};
use posthouse_pki::limits::{BUNDLE_BYTES_MAX, BUNDLE_CERTIFICATES_MAX};
use posthouse_pki::{BundleFormat, FormatError, certificate_pem, key_pem, read_bundle};
use proptest::prelude::*;
use rustls_pki_types::PrivateKeyDer;

use crate::files::{DATA, p7b, pfx};
use crate::rig::{Chain, Kind, tlv};

#[test]
fn one_certificate_is_read_in_both_of_its_forms() {
    let chain = Chain::new(Kind::P256);
    let bundle = read_bundle(&chain.ca.der, None).unwrap();
    assert_eq!((bundle.format, &bundle.certificates), (BundleFormat::Der, &vec![chain.ca.der]));
    let pem = format!("\u{feff}Bag Attributes\r\n{}", certificate_pem(&chain.leaf.der));
    let bundle = read_bundle(pem.as_bytes(), None).unwrap();
    assert_eq!((bundle.format, &bundle.certificates), (BundleFormat::Pem, &vec![chain.leaf.der]));
    assert!(bundle.keys.is_empty());
}

#[test]
fn pem_is_written_as_every_reader_wants_it() {
    for length in [0, 1, 2, 3, 47, 48, 49, 200] {
        let der: Vec<u8> = (0..length).collect();
        let pem = certificate_pem(&der);
        assert!(pem.lines().all(|line| line.len() <= 64), "{pem}");
        let back = rustls_pki_types::pem::from_buf(&mut pem.as_bytes()).unwrap().unwrap();
        assert_eq!(back.1, der);
    }
}

#[test]
fn keys_of_every_form_come_with_their_certificates() {
    for kind in Kind::ALL {
        let chain = Chain::new(kind);
        let key = PrivateKeyDer::try_from(chain.leaf.key.serialize_der()).unwrap();
        let text = key_pem(&key) + &certificate_pem(&chain.leaf.der);
        let bundle = read_bundle(text.as_bytes(), None).unwrap();
        assert_eq!(bundle.keys, [key.clone_key()]);
        assert_eq!(read_bundle(key.secret_der(), None).unwrap().keys, [key]);
    }
}

#[test]
fn pkcs7_is_read_binary_and_in_armour() {
    let chain = Chain::new(Kind::Rsa);
    let der = p7b(&[&chain.ca.der, &chain.root.der]);
    let expected = vec![chain.ca.der, chain.root.der];
    let bundle = read_bundle(&der, None).unwrap();
    assert_eq!((bundle.format, &bundle.certificates), (BundleFormat::Pkcs7, &expected));
    for label in ["PKCS7", "CMS", "CERTIFICATE"] {
        let pem = certificate_pem(&der).replace("CERTIFICATE", label);
        assert_eq!(read_bundle(pem.as_bytes(), None).unwrap().certificates, expected, "{label}");
    }
    let empty = read_bundle(&p7b(&[]), None).unwrap_err();
    assert!(matches!(empty, FormatError::Unreadable(BundleFormat::Pkcs7, _)), "{empty}");
}

#[test]
fn pkcs12_opens_with_its_password_only() {
    use EncryptionAlgorithm as E;
    for (kind, algorithm, mac) in [
        (Kind::P256, E::PbeWithHmacSha256AndAes256, MacAlgorithm::HmacSha256),
        (Kind::Rsa, E::PbeWithShaAnd3KeyTripleDesCbc, MacAlgorithm::HmacSha1),
    ] {
        let chain = Chain::new(kind);
        let file = pfx(&chain, "p\u{e4}ss", algorithm, mac);
        let bundle = read_bundle(&file, Some("p\u{e4}ss")).unwrap();
        assert_eq!(bundle.format, BundleFormat::Pkcs12);
        assert_eq!(bundle.certificates, chain.sent());
        assert_eq!(bundle.keys[0].secret_der(), chain.leaf.key.serialize_der());
        assert_eq!(bundle.name.as_deref(), Some("Mail 2026"));
        assert_eq!(read_bundle(&file, None).unwrap_err(), FormatError::PasswordNeeded);
        assert_eq!(read_bundle(&file, Some("no")).unwrap_err(), FormatError::PasswordWrong);
        assert!(!format!("{bundle:?}").contains(&format!("{:?}", bundle.keys[0].secret_der())));
    }
    let chain = Chain::new(Kind::P256);
    let open = pfx(&chain, "", E::PbeWithHmacSha256AndAes256, MacAlgorithm::HmacSha256);
    assert_eq!(read_bundle(&open, None).unwrap().keys.len(), 1);
}

#[test]
fn what_cannot_be_read_says_what_to_do() {
    let chain = Chain::new(Kind::P256);
    assert_eq!(read_bundle(b"", None).unwrap_err(), FormatError::Unknown);
    assert_eq!(read_bundle(b"hello", None).unwrap_err(), FormatError::Unknown);
    assert_eq!(read_bundle(&chain.ca.der[..40], None).unwrap_err(), FormatError::Unknown);
    let big = vec![0; BUNDLE_BYTES_MAX + 1];
    assert_eq!(read_bundle(&big, None).unwrap_err(), FormatError::TooLarge);
    let many = certificate_pem(&chain.ca.der).repeat(BUNDLE_CERTIFICATES_MAX + 1);
    assert_eq!(read_bundle(many.as_bytes(), None).unwrap_err(), FormatError::TooLarge);
    let locked = certificate_pem(b"x").replace("CERTIFICATE", "ENCRYPTED PRIVATE KEY");
    let error = read_bundle(locked.as_bytes(), None).unwrap_err();
    assert!(error.to_string().contains("openssl pkey"), "{error}");
    let cut = certificate_pem(&chain.ca.der).replace("-----END CERTIFICATE-----", "");
    let error = read_bundle(cut.as_bytes(), None).unwrap_err();
    assert!(error.to_string().contains("no END line"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn damaged_files_never_panic(place in any::<prop::sample::Index>(), value in any::<u8>(), cut in any::<prop::sample::Index>()) {
        static FILES: std::sync::OnceLock<[Vec<u8>; 3]> = std::sync::OnceLock::new();
        let files = FILES.get_or_init(|| {
            let chain = Chain::new(Kind::P256);
            let key = EncryptionAlgorithm::PbeWithHmacSha256AndAes256;
            [
                p7b(&[&chain.ca.der, &chain.root.der]),
                pfx(&chain, "", key, MacAlgorithm::HmacSha256),
                certificate_pem(&chain.ca.der).into_bytes(),
            ]
        });
        for file in files {
            let mut damaged = file.clone();
            let place = place.index(damaged.len());
            damaged[place] = value;
            let _ = read_bundle(&damaged, None);
            let _ = read_bundle(&file[..cut.index(file.len())], None);
        }
    }
}

#[test]
fn a_pfx_made_to_stretch_passwords_for_hours_is_refused_at_once() {
    let chain = Chain::new(Kind::P256);
    let mac = MacAlgorithm::HmacSha256;
    let one = pfx(&chain, "secret", EncryptionAlgorithm::PbeWithHmacSha256AndAes256, mac);
    assert!(read_bundle(&one, Some("secret")).is_ok());
    // PFX, version 3, whose safe holds this many times what asks for it.
    let oid = [0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 13];
    let with = |bytes: &[u8]| {
        let data = [tlv(0x06, DATA), tlv(0xa0, &tlv(0x04, bytes))].concat();
        let content = [tlv(0x02, &[3]), tlv(0x30, &data), tlv(0x04, bytes)].concat();
        let length = (content.len() as u32).to_be_bytes();
        [&[0x30, 0x84][..], &length, &content].concat()
    };
    for (file, why) in [(with(&oid.repeat(25)), "encrypted parts"), (with(&[0; 40_000]), "longer")]
    {
        let FormatError::Unreadable(BundleFormat::Pkcs12, said) =
            read_bundle(&file, Some("secret")).unwrap_err()
        else {
            panic!("no PKCS#12")
        };
        assert!(said.contains(why), "{said}");
    }
}
