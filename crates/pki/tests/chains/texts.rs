//! What people and peers read: sentences, repairs, errors.

use posthouse_pki::{
    KnownIntermediate, PkiError, TrustedRoots, certificate_pem, parse_pem_certificates, repairs,
    sentence,
};
use posthouse_types::{ChainReason, ChainReport};

use crate::rig::{Chain, Entity, Kind, PLAIN, World, at, ca_params, key};

#[test]
fn the_story_is_told_in_one_line() {
    let root = Entity::root("Root", key(Kind::P256, 0));
    let ca = root.ca("Contoso Issuing CA", key(Kind::P256, 0), PLAIN);
    let leaf = ca.leaf_with_address(key(Kind::P256, 0), "http://pki.example/issuing.cer");
    let report = World::trusting(&[&root]).examine(&[&leaf.der]);
    assert_eq!(
        sentence(&report),
        "Your server sent 1 certificate; the one that signed it, CN=Contoso Issuing CA, was not \
         sent. Get it from http://pki.example/issuing.cer"
    );
}

#[test]
fn a_gap_higher_up_says_whose_issuer_is_missing() {
    let root = Entity::root("Root", key(Kind::P256, 0));
    let upper = root.ca("Upper", key(Kind::P256, 0), PLAIN);
    let lower = upper.ca("Lower", key(Kind::P256, 0), PLAIN);
    let leaf = lower.leaf(key(Kind::P256, 0), PLAIN);
    let report = World::trusting(&[&root]).examine(&[&leaf.der, &lower.der]);
    assert_eq!(
        sentence(&report),
        "Your server sent 2 certificates; the one that signed CN=Lower, CN=Upper, was not sent and \
         is no root trusted here. Your server must send it after its own."
    );
}

#[test]
fn a_name_in_another_script_leaves_room_for_what_is_said_about_it() {
    let root = Entity::root("Root", key(Kind::P256, 0));
    let ca = root.ca(&"\u{42f}".repeat(60), key(Kind::P256, 0), PLAIN);
    let leaf = ca.leaf_with_address(key(Kind::P256, 0), "http://pki.example/issuing.cer");
    let text = sentence(&World::trusting(&[&root]).examine(&[&leaf.der]));
    assert!(text.contains("CN=\\u{42f}") && text.contains("[cut], was not sent."), "{text}");
    assert!(text.ends_with("Get it from http://pki.example/issuing.cer"), "{text}");
}

#[test]
fn certificates_beyond_the_limit_are_not_called_unsent() {
    let root = Entity::root("Root", key(Kind::P256, 0));
    let ca = root.ca("Intermediate", key(Kind::P256, 0), PLAIN);
    let leaf = ca.leaf(key(Kind::P256, 0), PLAIN);
    let mut sent = vec![leaf.der.as_slice()];
    sent.extend(std::iter::repeat_n(root.der.as_slice(), 11));
    sent.push(&ca.der);
    let report = posthouse_pki::examine(&sent, &World::trusting(&[&root]).examination());
    let text = sentence(&report);
    assert!(
        text.starts_with("Your server sent 13 certificates, of which only the first 10 count;")
    );
}

#[test]
fn an_issuer_without_a_name_is_called_that() {
    let mut params = ca_params("");
    params.distinguished_name = rcgen::DistinguishedName::new();
    let root = Entity::self_signed(params, key(Kind::P256, 0));
    let leaf = root.leaf(key(Kind::P256, 0), PLAIN);
    let text = sentence(&World::trusting(&[]).examine(&[&leaf.der]));
    assert!(text.contains("signed it, (without a name), was not sent"), "{text}");
}

#[test]
fn an_expired_leaf_alone_hears_of_both_faults() {
    let chain = Chain::tuned(Kind::P256, PLAIN, &|leaf| leaf.not_after = at(-1));
    let report = World::trusting(&[&chain.root]).examine(&[&chain.leaf.der]);
    assert_eq!(
        sentence(&report),
        "Your certificate CN=mail.contoso.example expired at 2026-05-31T00:00:00Z (is the clock \
         right?). CN=Intermediate was not sent either."
    );
}

const PLATFORMS: [&str; 7] =
    ["exchange", "iis", "postfix", "stunnel", "nginx", "pkcs12", "posthouse"];

#[test]
fn every_reason_has_a_sentence_and_a_repair_for_each_platform() {
    let chain = Chain::new(Kind::P256);
    let whole = World::trusting(&[&chain.root]).examine(&chain.sent());
    for reason in ChainReason::ALL {
        let report = ChainReport { reason, element: Some(0), ..whole.clone() };
        let text = sentence(&report);
        assert!(text.is_ascii() && text.ends_with('.') && text.len() > 20, "{reason}: {text}");
        let repairs = repairs(&report);
        if reason == ChainReason::Ok {
            assert!(repairs.is_empty());
            continue;
        }
        let platforms: Vec<_> = repairs.iter().map(|repair| repair.platform).collect();
        assert_eq!(platforms, PLATFORMS, "{reason}");
        assert!(repairs.iter().all(|repair| !repair.steps.is_empty() && !repair.title.is_empty()));
    }
}

#[test]
fn the_repair_for_windows_is_the_one_that_microsoft_documents() {
    let chain = Chain::new(Kind::P256);
    let report = World::trusting(&[&chain.root]).examine(&[&chain.leaf.der]);
    let repairs = repairs(&report);
    let import = "Get-ChildItem -Path C:\\import\\intermediate.cer | Import-Certificate \
                  -CertStoreLocation cert:\\LocalMachine\\CA";
    for windows in &repairs[..2] {
        assert_eq!(windows.commands[0], import);
        assert!(windows.steps[0].contains("CN=Intermediate"));
        assert!(windows.commands[1].starts_with("certutil -addstore CA "));
    }
    assert!(repairs[2].steps.iter().any(|step| step.contains("smtp_tls_chain_files")));
    let named = |platform: &str, word: &str| {
        let repair = repairs.iter().find(|repair| repair.platform == platform).unwrap();
        repair.steps.iter().chain(&repair.commands).any(|text| text.contains(word))
    };
    assert!(named("stunnel", "/etc/stunnel/chain.pem"));
    assert!(named("nginx", "proxy_ssl_certificate"));
    assert!(named("pkcs12", "openssl pkcs12 -export"));
    assert!(named("posthouse", "tls_certificate") && named("posthouse", "posthouse cert import"));
}

fn pem(entities: &[&Entity]) -> String {
    let blocks = entities.iter().map(|entity| certificate_pem(&entity.der));
    "A comment, as CA bundles have them.\n".to_owned() + &blocks.collect::<String>()
}

#[test]
fn roots_come_from_pem_and_are_counted_and_named() {
    let (a, b) = (Entity::root("A", key(Kind::P256, 0)), Entity::root("B", key(Kind::P256, 0)));
    let text = pem(&[&a, &b]);
    assert_eq!(parse_pem_certificates(text.as_bytes()).unwrap(), [a.der.clone(), b.der.clone()]);
    let roots = TrustedRoots::from_pem(text.as_bytes()).unwrap();
    assert_eq!(roots.len(), 2);
    let names: Vec<_> = roots.summaries().map(|one| one.subject.clone()).collect();
    assert_eq!(names, ["CN=A", "CN=B"]);
}

#[test]
fn a_file_that_cannot_be_used_says_why() {
    let (good, odd) = (Entity::root("A", key(Kind::P256, 0)), b"hello".to_vec());
    assert_eq!(TrustedRoots::from_pem(b"").unwrap_err(), PkiError::NoCertificate);
    assert_eq!(parse_pem_certificates(b"nothing").unwrap_err(), PkiError::NoCertificate);
    let cut = "-----BEGIN CERTIFICATE-----\nAAAA\n";
    assert!(matches!(parse_pem_certificates(cut.as_bytes()), Err(PkiError::NotPem(_))));
    let error = TrustedRoots::from_ders(&[good.der.clone(), odd.clone()]).unwrap_err();
    assert!(matches!(error, PkiError::NotACertificate { place: 1, .. }));
    assert!(error.to_string().starts_with("certificate number 2 cannot be read"), "{error}");
    let (roots, errors) = TrustedRoots::from_readable_ders(&[odd, good.der]);
    assert_eq!((roots.len(), errors.len()), (1, 1));
    let long = vec![b' '; posthouse_pki::limits::PEM_BYTES_MAX + 1];
    assert_eq!(parse_pem_certificates(&long).unwrap_err(), PkiError::TooLong);
    assert!(KnownIntermediate::from_der(b"hello").is_err());
    assert!(TrustedRoots::from_ders::<Vec<u8>>(&[]).unwrap().is_empty());
}

#[test]
fn a_chain_of_one_untrusted_root_names_that_root() {
    let root = Entity::self_signed(ca_params("Lab Root"), key(Kind::P256, 0));
    let leaf = root.leaf(key(Kind::P256, 0), PLAIN);
    let other = Entity::root("Other", key(Kind::P256, 0));
    let report = World::trusting(&[&other]).examine(&[&leaf.der, &root.der]);
    assert_eq!(
        sentence(&report),
        "The path of your certificate ends in CN=Lab Root, which is not trusted here."
    );
}
