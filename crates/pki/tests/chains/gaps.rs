//! Where a chain has a gap, and what is said about the certificate that was not sent.

use posthouse_types::{ChainReason, ChainReport, ChainWarning, ElementOrigin, MissingCertificate};
use rcgen::SigningKey as _;

use crate::rig::{Chain, Entity, Kind, PLAIN, World, at, ca_params, key};

#[track_caller]
fn gap(report: &ChainReport, element: usize) -> &MissingCertificate {
    assert_eq!(report.reason, ChainReason::ChainIncomplete, "{report:#?}");
    assert_eq!(report.element, Some(element), "{report:#?}");
    report.missing.as_ref().expect("a chain with a gap names what is missing")
}

fn origins(report: &ChainReport) -> Vec<ElementOrigin> {
    report.path.iter().map(|element| element.origin).collect()
}

#[test]
fn a_leaf_alone_lacks_its_issuer() {
    for kind in Kind::ALL {
        let root = Entity::root("Root", key(kind, 0));
        let ca = root.ca("Contoso Issuing CA", key(kind, 1), PLAIN);
        let leaf = ca.leaf_with_address(key(kind, 2), "http://pki.example/issuing.cer");
        let report = World::trusting(&[&root]).examine(&[&leaf.der]);
        let missing = gap(&report, 0);
        assert_eq!(missing.subject, "CN=Contoso Issuing CA", "{kind:?}");
        assert_eq!(missing.get, ["http://pki.example/issuing.cer"]);
        let ca_summary = posthouse_pki::certificate_summary(&ca.der).unwrap();
        assert_eq!(missing.key_id, ca_summary.subject_key_id);
        assert!(missing.key_id.is_some() && !missing.in_store && !missing.namesake_sent);
        assert_eq!(origins(&report), [ElementOrigin::Sent(0)]);
    }
}

#[test]
fn a_copy_in_our_store_is_named_and_accepts_nothing() {
    for kind in Kind::ALL {
        let chain = Chain::new(kind);
        let world = World::trusting(&[&chain.root]).knowing(&[&chain.ca]);
        let report = world.examine(&[&chain.leaf.der]);
        assert!(gap(&report, 0).in_store, "{kind:?}");
        assert_eq!(
            origins(&report),
            [ElementOrigin::Sent(0), ElementOrigin::Store, ElementOrigin::Root]
        );
    }
}

#[test]
fn tls_06_a_store_full_of_self_signed_certificates_verifies_nothing() {
    let chain = Chain::new(Kind::P256);
    let other = Entity::root("Other Root", key(Kind::P256, 0));
    let world = World::trusting(&[&other]).knowing(&[&chain.root, &chain.ca, &chain.leaf]);
    let report = world.examine(&[&chain.leaf.der]);
    assert_eq!(report.reason, ChainReason::RootUntrusted);
    assert!(!report.is_accepted());
    let leaf = Entity::self_signed(crate::rig::leaf_params(), key(Kind::P256, 0));
    let world = World::trusting(&[&other]).knowing(&[&leaf]);
    assert_eq!(world.examine(&[&leaf.der]).reason, ChainReason::SelfSigned);
}

/// Root, three intermediates, leaf.
fn deep(kind: Kind) -> Vec<Entity> {
    let root = Entity::root("Root", key(kind, 0));
    let top = root.ca("Top", key(kind, 1), PLAIN);
    let middle = top.ca("Middle", key(kind, 2), PLAIN);
    let low = middle.ca("Low", key(kind, 3), PLAIN);
    let leaf = low.leaf(key(kind, 4), PLAIN);
    vec![root, top, middle, low, leaf]
}

#[test]
fn a_gap_is_named_wherever_it_is() {
    for kind in [Kind::P256, Kind::Rsa] {
        let entities = deep(kind);
        let [root, top, middle, low, leaf] = entities.as_slice() else { panic!() };
        for (sent, absent, name, element) in [
            (vec![leaf, top, middle], low, "CN=Low", 0),
            (vec![leaf, low, top], middle, "CN=Middle", 1),
            (vec![leaf, low, middle], top, "CN=Top", 2),
        ] {
            let ders: Vec<_> = sent.iter().map(|one| &one.der).collect();
            let report = World::trusting(&[root]).examine(&ders);
            assert_eq!(gap(&report, element).subject, name);
            let report = World::trusting(&[root]).knowing(&[absent]).examine(&ders);
            assert!(gap(&report, element).in_store, "{name}");
            assert_eq!(report.path.len(), 5);
        }
    }
}

#[test]
fn an_unrelated_certificate_in_its_place_is_called_that() {
    let chain = Chain::new(Kind::P256);
    let stranger = chain.root.ca("Stranger", key(Kind::P256, 0), PLAIN);
    let report = World::trusting(&[&chain.root]).examine(&[&chain.leaf.der, &stranger.der]);
    assert_eq!(gap(&report, 0).subject, "CN=Intermediate");
    assert!(!gap(&report, 0).namesake_sent);
    assert_eq!(report.warnings, [ChainWarning::Unrelated(1)]);
}

#[test]
fn a_namesake_with_another_key_is_called_that() {
    for kind in Kind::ALL {
        let chain = Chain::new(kind);
        let namesake = chain.root.ca("Intermediate", key(kind, 3), PLAIN);
        let world = World::trusting(&[&chain.root]);
        let report = world.examine(&[&chain.leaf.der, &namesake.der]);
        let missing = gap(&report, 0);
        assert!(missing.namesake_sent, "{kind:?}: {report:#?}");
        assert_eq!(missing.subject, "CN=Intermediate");
        let right = posthouse_pki::certificate_summary(&chain.ca.der).unwrap();
        assert_eq!(missing.key_id, right.subject_key_id);
        assert_eq!(report.warnings, [], "a namesake is not unrelated");
        let sentence = posthouse_pki::sentence(&report);
        assert!(sentence.contains("sent under that name has another key"), "{sentence}");
        // Beside the right one it does no harm.
        let both = world.examine(&[&chain.leaf.der, &namesake.der, &chain.ca.der]);
        assert!(both.is_accepted());
    }
}

#[test]
fn a_namesake_of_another_key_type_needs_no_identifier_to_be_told_apart() {
    let chain = Chain::tuned(Kind::P256, PLAIN, &|leaf| {
        leaf.use_authority_key_identifier_extension = false;
    });
    let namesake = chain.root.ca("Intermediate", key(Kind::Rsa, 0), PLAIN);
    let report = World::trusting(&[&chain.root]).examine(&[&chain.leaf.der, &namesake.der]);
    assert!(gap(&report, 0).namesake_sent);
}

#[test]
fn a_namesake_that_leads_nowhere_is_not_taken_for_the_issuer() {
    let chain = Chain::tuned(Kind::P256, PLAIN, &|leaf| {
        leaf.use_authority_key_identifier_extension = false;
    });
    let namesake = Entity::root("Intermediate", key(Kind::P256, 0));
    let report = World::trusting(&[&chain.root]).examine(&[&chain.leaf.der, &namesake.der]);
    assert!(gap(&report, 0).namesake_sent);
    assert_eq!(gap(&report, 0).key_id, None);
}

#[test]
fn a_gap_without_key_identifiers_is_named_by_its_subject() {
    for kind in Kind::ALL {
        let chain = Chain::tuned(kind, PLAIN, &|leaf| {
            leaf.use_authority_key_identifier_extension = false;
        });
        let report = World::trusting(&[&chain.root]).examine(&[&chain.leaf.der]);
        let missing = gap(&report, 0);
        assert_eq!((missing.subject.as_str(), &missing.key_id), ("CN=Intermediate", &None));
        // A copy in our store knows the identifier.
        let world = World::trusting(&[&chain.root]).knowing(&[&chain.ca]);
        let report = world.examine(&[&chain.leaf.der]);
        assert!(gap(&report, 0).in_store && gap(&report, 0).key_id.is_some());
    }
}

#[test]
fn cross_signed_with_only_the_untrusted_side_sent() {
    for kind in Kind::ALL {
        let trusted = Entity::root("Trusted Root", key(kind, 0));
        let untrusted = Entity::root("Untrusted Root", key(kind, 1));
        let ca = trusted.ca("Intermediate", key(kind, 2), PLAIN);
        let cross = untrusted.issue(ca_params("Intermediate"), ca.key.clone());
        let leaf = ca.leaf(key(kind, 3), PLAIN);

        let world = World::trusting(&[&trusted]);
        let report = world.examine(&[&leaf.der, &cross.der]);
        assert_eq!(gap(&report, 1).subject, "CN=Untrusted Root");
        // Our store knows the other side: then that is what is missing, and it is no namesake.
        let world = World::trusting(&[&trusted]).knowing(&[&ca]);
        let report = world.examine(&[&leaf.der, &cross.der]);
        assert_eq!(gap(&report, 0).subject, "CN=Intermediate");
        assert!(gap(&report, 0).in_store && !gap(&report, 0).namesake_sent);
        // With the untrusted root sent too, the store's copy still shows the way.
        let report = world.examine(&[&leaf.der, &cross.der, &untrusted.der]);
        assert_eq!(gap(&report, 0).subject, "CN=Intermediate");
        // Both sides sent: the one that works is found, in either order.
        for sent in [[&leaf, &cross, &ca], [&leaf, &ca, &cross]] {
            assert!(world.examine(&sent.map(|one| &one.der)).is_accepted());
        }
    }
}

#[test]
fn a_renewed_intermediate_with_a_new_key_leaves_a_gap() {
    let chain = Chain::new(Kind::P256);
    let renewed = chain.root.ca("Intermediate", key(Kind::P256, 0), PLAIN);
    let leaf = renewed.leaf(key(Kind::P256, 0), PLAIN);
    let world = World::trusting(&[&chain.root]).knowing(&[&renewed]);
    let report = world.examine(&[&leaf.der, &chain.ca.der]);
    assert!(gap(&report, 0).namesake_sent && gap(&report, 0).in_store);
}

#[test]
fn a_renewed_intermediate_with_the_same_key_shows_the_old_one_expired() {
    let root = Entity::root("Root", key(Kind::P256, 0));
    let old = root.ca("Intermediate", key(Kind::P256, 0), &|ca| ca.not_after = at(-1));
    let renewed = root.issue(ca_params("Intermediate"), old.key.clone());
    let leaf = renewed.leaf(key(Kind::P256, 0), PLAIN);
    let world = World::trusting(&[&root]).knowing(&[&renewed]);
    let report = world.examine(&[&leaf.der, &old.der]);
    assert_eq!((report.reason, report.element), (ChainReason::Expired, Some(1)));
    let missing = report.missing.unwrap();
    assert!(missing.in_store && !missing.namesake_sent);
    assert!(world.examine(&[&leaf.der, &old.der, &renewed.der]).is_accepted());
}

#[test]
fn a_trusted_root_of_the_same_name_with_another_key_is_mentioned() {
    for kind in Kind::ALL {
        let chain = Chain::new(kind);
        let namesake = Entity::root("Root", key(kind, 4));
        let report = World::trusting(&[&namesake]).examine(&chain.sent());
        assert_eq!(gap(&report, 1).subject, "CN=Root");
        assert!(!gap(&report, 1).namesake_sent);
        assert_eq!(report.warnings, [ChainWarning::NamesakeTrusted], "{kind:?}");
        let mut sent = chain.sent();
        sent.push(chain.root.der.clone());
        let report = World::trusting(&[&namesake]).examine(&sent);
        assert_eq!(report.reason, ChainReason::RootUntrusted);
        assert_eq!(report.warnings, [ChainWarning::NamesakeTrusted]);
    }
}

#[test]
fn a_leaf_straight_below_a_trusted_root_needs_nothing_else() {
    let root = Entity::root("Root", key(Kind::P256, 0));
    let leaf = root.leaf(key(Kind::P256, 0), PLAIN);
    let report = World::trusting(&[&root]).examine(&[&leaf.der]);
    assert!(report.is_accepted());
    let report = World::trusting(&[]).examine(&[&leaf.der]);
    assert_eq!(gap(&report, 0).subject, "CN=Root");
}

#[test]
fn two_cas_that_vouch_for_each_other_end_in_no_trusted_root() {
    let (a, b) = (key(Kind::P256, 0), key(Kind::P256, 0));
    let first = Entity::root("A", a.clone());
    let second = first.issue(ca_params("B"), b.clone());
    let first_by_second = second.issue(ca_params("A"), a.clone());
    let leaf = first.leaf(key(Kind::P256, 0), PLAIN);
    let root = Entity::root("Root", key(Kind::P256, 0));
    let world = World::trusting(&[&root]);
    let report = world.examine(&[&leaf.der, &first_by_second.der, &second.der]);
    assert_eq!(report.reason, ChainReason::RootUntrusted, "{report:#?}");
    assert!(a.sign(b"").is_ok());
}

#[test]
fn order_and_needless_roots_are_warnings_beside_ok() {
    let entities = deep(Kind::P256);
    let [root, top, middle, low, leaf] = entities.as_slice() else { panic!() };
    let world = World::trusting(&[root]);
    let sent = [&leaf.der, &middle.der, &low.der, &top.der, &root.der];
    let report = world.examine(&sent);
    assert!(report.is_accepted());
    assert_eq!(report.warnings, [ChainWarning::OutOfOrder, ChainWarning::RootSent]);
}

#[test]
fn what_expires_within_thirty_days_is_a_warning() {
    let chain = Chain::tuned(Kind::P256, &|ca| ca.not_after = at(29), &|leaf| {
        leaf.not_after = at(31);
    });
    let report = World::trusting(&[&chain.root]).examine(&chain.sent());
    assert!(report.is_accepted());
    assert_eq!(report.warnings, [ChainWarning::ExpiresSoon(1)]);
    assert_eq!(report.valid_until, Some(report.presented[1].not_after));
}

#[test]
fn a_leaf_without_client_authentication_is_accepted_with_a_warning() {
    let chain = Chain::tuned(Kind::P256, PLAIN, &|leaf| {
        leaf.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    });
    let report = World::trusting(&[&chain.root]).examine(&chain.sent());
    assert!(report.is_accepted());
    assert_eq!(report.warnings, [ChainWarning::NoClientAuthUsage]);
}
