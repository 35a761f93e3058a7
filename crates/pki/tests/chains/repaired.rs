//! Chains judged as a connector with `chain = "repair"` judges them, names asked for, and the table
//! of warnings.

use posthouse_pki::{Examination, PeerName, examine, presented_certificates, repairs, sentence};
use posthouse_types::{ChainReason, ChainWarning, ElementOrigin};
use rcgen::{CidrSubnet, ExtendedKeyUsagePurpose, SanType};

use crate::rig::{Chain, Entity, Kind, PLAIN, World, at, key};

#[test]
fn a_copy_of_ours_completes_a_chain_with_a_warning_that_names_what_was_not_sent() {
    for kind in Kind::ALL {
        let chain = Chain::new(kind);
        let world = World::trusting(&[&chain.root]).knowing(&[&chain.ca]);
        let as_sent = world.examine(&[&chain.leaf.der]);
        assert_eq!(as_sent.reason, ChainReason::ChainIncomplete);
        let report = world.repairing().examine(&[&chain.leaf.der]);
        assert_eq!(report.reason, ChainReason::Ok, "{report:#?}");
        assert_eq!(report.warnings, [ChainWarning::CompletedFromStore]);
        let missing = report.missing.as_ref().unwrap();
        assert!(missing.in_store && missing.subject == "CN=Intermediate");
        let origins: Vec<_> = report.path.iter().map(|element| element.origin).collect();
        assert_eq!(origins, [ElementOrigin::Sent(0), ElementOrigin::Store, ElementOrigin::Root]);
        assert!(sentence(&report).contains("CN=Intermediate was not sent"));
        assert!(!repairs(&report).is_empty(), "the sender should still mend it");
    }
}

#[test]
fn a_whole_chain_is_accepted_as_it_was_sent_whatever_we_hold() {
    let chain = Chain::new(Kind::P256);
    let world = World::trusting(&[&chain.root]).knowing(&[&chain.ca]).repairing();
    let report = world.examine(&chain.sent());
    assert_eq!((report.reason, report.missing, report.warnings), (ChainReason::Ok, None, vec![]));
}

#[test]
fn tls_06_a_self_signed_certificate_in_the_store_trusts_nobody() {
    let chain = Chain::new(Kind::P256);
    let other = Entity::root("Other", key(Kind::P256, 0));
    let world = World::trusting(&[&other]).knowing(&[&chain.root, &chain.ca, &chain.leaf]);
    let report = world.repairing().examine(&[&chain.leaf.der]);
    assert_eq!(report.reason, ChainReason::RootUntrusted, "{report:#?}");
    let world = World::trusting(&[]).knowing(&[&chain.root, &chain.ca]).repairing();
    assert!(!world.examine(&chain.sent()).is_accepted());
}

#[test]
fn a_copy_that_is_no_use_repairs_nothing() {
    let chain = Chain::new(Kind::P256);
    let expired = chain.root.issue(
        {
            let mut params = chain.ca.params.clone();
            params.not_after = at(-1);
            params
        },
        chain.ca.key.clone(),
    );
    let namesake = chain.root.ca("Intermediate", key(Kind::P256, 0), PLAIN);
    for known in [[&expired], [&namesake]] {
        let world = World::trusting(&[&chain.root]).knowing(&known).repairing();
        let report = world.examine(&[&chain.leaf.der]);
        assert_eq!(report.reason, ChainReason::ChainIncomplete, "{report:#?}");
    }
    // Beside a copy that is of use they do no harm.
    let world = World::trusting(&[&chain.root]).knowing(&[&expired, &namesake, &chain.ca]);
    assert!(world.repairing().examine(&[&chain.leaf.der]).is_accepted());
}

#[test]
fn the_right_copy_is_found_in_a_store_full_of_namesakes() {
    let chain = Chain::new(Kind::P256);
    let namesakes: Vec<_> =
        (0..40).map(|_| chain.root.ca("Intermediate", key(Kind::P256, 0), PLAIN)).collect();
    let mut known: Vec<_> = namesakes.iter().collect();
    known.push(&chain.ca);
    let world = World::trusting(&[&chain.root]).knowing(&known).repairing();
    assert!(world.examine(&[&chain.leaf.der]).is_accepted());
}

#[test]
fn a_name_is_looked_for_among_the_alternative_names_only() {
    let names = |leaf: &mut rcgen::CertificateParams| {
        leaf.subject_alt_names = vec![
            SanType::DnsName("*.contoso.example".try_into().unwrap()),
            SanType::IpAddress("192.0.2.1".parse().unwrap()),
            SanType::IpAddress("2001:db8::1".parse().unwrap()),
        ];
    };
    let without = |leaf: &mut rcgen::CertificateParams| leaf.subject_alt_names.clear();
    for kind in Kind::ALL {
        for (tune, name, is_held) in [
            (&names as crate::rig::Tune<'_>, "mail.contoso.example", true),
            (&names, "MAIL.Contoso.Example.", true),
            (&names, "contoso.example", false),
            (&names, "a.mail.contoso.example", false),
            (&names, "192.0.2.1", true),
            (&names, "2001:db8:0::1", true),
            (&names, "192.0.2.2", false),
            // The common name is mail.contoso.example.
            (&without, "mail.contoso.example", false),
        ] {
            let chain = Chain::tuned(kind, PLAIN, tune);
            let world = World::trusting(&[&chain.root]);
            let name = PeerName::parse(name).unwrap();
            let examination = Examination { name: Some(&name), ..world.examination() };
            let report = examine(&[&chain.leaf.der, &chain.ca.der], &examination);
            let expected = if is_held { ChainReason::Ok } else { ChainReason::NameMismatch };
            assert_eq!(report.reason, expected, "{name}: {report:#?}");
            assert_eq!(report.element, (!is_held).then_some(0));
            assert_eq!(report.valid_until.is_some(), is_held);
        }
    }
}

#[test]
fn a_fault_of_the_chain_comes_before_the_name() {
    let chain = Chain::new(Kind::P256);
    let world = World::trusting(&[&chain.root]);
    let name = PeerName::parse("other.example").unwrap();
    let examination = Examination { name: Some(&name), ..world.examination() };
    let report = examine(&[&chain.leaf.der], &examination);
    assert_eq!(report.reason, ChainReason::ChainIncomplete);
}

#[test]
fn an_address_constraint_is_kept() {
    let constrained = |ca: &mut rcgen::CertificateParams| {
        ca.name_constraints = Some(rcgen::NameConstraints {
            permitted_subtrees: vec![rcgen::GeneralSubtree::IpAddress(CidrSubnet::V4(
                [192, 0, 2, 0],
                [255, 255, 255, 0],
            ))],
            excluded_subtrees: vec![],
        });
    };
    for (address, reason) in
        [("192.0.2.9", ChainReason::Ok), ("198.51.100.9", ChainReason::NameConstraint)]
    {
        let leaf = |leaf: &mut rcgen::CertificateParams| {
            leaf.subject_alt_names = vec![SanType::IpAddress(address.parse().unwrap())];
        };
        let chain = Chain::tuned(Kind::P256, &constrained, &leaf);
        assert_eq!(World::trusting(&[&chain.root]).examine(&chain.sent()).reason, reason);
    }
}

#[test]
fn every_warning_is_given_where_it_should_be_and_only_there() {
    for kind in Kind::ALL {
        let chain = Chain::new(kind);
        let server_only = Chain::tuned(kind, PLAIN, &|leaf| {
            leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        });
        let short = Chain::tuned(kind, PLAIN, &|leaf| leaf.not_after = at(29));
        let other = Entity::root("Unrelated", key(kind, 3));
        let upper = chain.root.ca("Upper", key(kind, 3), PLAIN);
        let lower = upper.ca("Lower", key(kind, 4), PLAIN);
        let deep = lower.leaf(key(kind, 5), PLAIN);
        let roots = [&chain.root, &server_only.root, &short.root];
        let of = |entities: &[&Entity]| -> Vec<Vec<u8>> {
            entities.iter().map(|entity| entity.der.clone()).collect()
        };
        for (sent, warnings) in [
            (of(&[&chain.leaf, &chain.ca]), vec![]),
            (of(&[&deep, &upper, &lower]), vec![ChainWarning::OutOfOrder]),
            (of(&[&chain.leaf, &chain.ca, &chain.root]), vec![ChainWarning::RootSent]),
            (of(&[&chain.leaf, &chain.ca, &other]), vec![ChainWarning::Unrelated(2)]),
            (of(&[&server_only.leaf, &server_only.ca]), vec![ChainWarning::NoClientAuthUsage]),
            (of(&[&short.leaf, &short.ca]), vec![ChainWarning::ExpiresSoon(0)]),
        ] {
            let report = World::trusting(&roots).examine(&sent);
            assert_eq!(report.warnings, warnings, "{kind:?}: {report:#?}");
            assert!(report.is_accepted());
        }
    }
}

#[test]
fn a_chain_sent_the_wrong_way_round_is_called_so() {
    for kind in Kind::ALL {
        let chain = Chain::new(kind);
        let report = World::trusting(&[&chain.root]).examine(&[&chain.ca.der, &chain.leaf.der]);
        assert_eq!(report.reason, ChainReason::UsageNotPermitted);
        assert!(report.warnings.contains(&ChainWarning::OutOfOrder), "{report:#?}");
        assert!(sentence(&report).contains("came first"), "{}", sentence(&report));
    }
}

#[test]
fn what_is_handed_in_is_taken_as_far_as_it_can_be_read() {
    let chain = Chain::new(Kind::P256);
    let (leaf, ca) = (chain.leaf.der.clone(), chain.ca.der.clone());
    let pem = |der: &[u8]| posthouse_pki::certificate_pem(der);
    let whole = format!("note\n{}text\r\n{}", pem(&leaf), pem(&ca));
    assert_eq!(presented_certificates(whole.as_bytes()), [leaf.clone(), ca.clone()]);
    assert_eq!(presented_certificates(&leaf), std::slice::from_ref(&leaf));
    assert_eq!(presented_certificates(&[&*leaf, &*ca].concat()), [leaf.clone(), ca.clone()]);

    // The end line of the first block is gone, or a letter of its Base64 is none.
    let open = whole.replacen("-----END CERTIFICATE-----", "", 1);
    assert_eq!(presented_certificates(open.as_bytes()), [vec![], ca.clone()]);
    let damaged = whole.replacen("MII", "M*I", 1);
    assert_eq!(presented_certificates(damaged.as_bytes()), [vec![], ca.clone()]);
    let cut = presented_certificates(&leaf[..100]);
    assert_eq!(cut, [leaf[..100].to_vec()]);

    let none: [Vec<u8>; 0] = [];
    assert_eq!(presented_certificates(b""), none);
    assert_eq!(presented_certificates(b" \r\n"), none);
    let key = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";
    assert_eq!(presented_certificates(key.as_bytes()), none);
    assert_eq!(presented_certificates(b"noise"), [vec![]]);
}
