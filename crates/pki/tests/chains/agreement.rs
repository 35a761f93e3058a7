//! Our verdict and webpki's over chains put together at random, and over damaged ones.

use std::sync::OnceLock;

use posthouse_types::{ChainReason, ChainWarning, ElementOrigin};
use proptest::prelude::*;
use rcgen::{BasicConstraints, ExtendedKeyUsagePurpose, IsCa};

use crate::rig::{Entity, Kind, PLAIN, World, at, ca_params, key};

/// CAs and leaves that relate in many ways: cross-signed, renewed, expired, constrained, of one
/// name, without identifiers.
struct Pool {
    roots: Vec<Entity>,
    cas: Vec<Entity>,
    leaves: Vec<Entity>,
}

fn pool() -> &'static Pool {
    static POOL: OnceLock<Pool> = OnceLock::new();
    POOL.get_or_init(|| {
        let fresh = || key(Kind::P256, 0);
        let roots = vec![
            Entity::root("Root A", fresh()),
            Entity::root("Root B", fresh()),
            Entity::root("Root A", fresh()),
        ];
        let one = roots[0].ca("CA 1", fresh(), PLAIN);
        let cross = roots[1].issue(ca_params("CA 1"), one.key.clone());
        let namesake = roots[2].ca("CA 1", fresh(), PLAIN);
        let expired = roots[0].issue(
            {
                let mut params = ca_params("CA 1");
                params.not_after = at(-5);
                params
            },
            one.key.clone(),
        );
        let two = one.ca("CA 2", fresh(), &|ca| {
            ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        });
        let three = two.ca("CA 3", fresh(), PLAIN);
        let three_direct = roots[1].issue(ca_params("CA 3"), three.key.clone());
        let code = one.ca("CA 4", fresh(), &|ca| {
            ca.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
        });
        let anonymous = one.ca("CA 5", fresh(), &|ca| {
            ca.use_authority_key_identifier_extension = false;
        });
        let loop_back = two.issue(ca_params("CA 1"), one.key.clone());
        let no_identifier = |leaf: &mut rcgen::CertificateParams| {
            leaf.use_authority_key_identifier_extension = false;
        };
        let mut leaves: Vec<_> = [&one, &namesake, &two, &three, &code, &anonymous, &roots[0]]
            .into_iter()
            .flat_map(|ca| [ca.leaf(fresh(), PLAIN), ca.leaf(fresh(), &no_identifier)])
            .collect();
        leaves.push(Entity::self_signed(crate::rig::leaf_params(), fresh()));
        leaves.push(one.clone());
        let mut cas = roots.clone();
        cas.extend([
            one,
            cross,
            namesake,
            expired,
            two,
            three,
            three_direct,
            code,
            anonymous,
            loop_back,
        ]);
        Pool { roots, cas, leaves }
    })
}

/// A leaf, up to nine of the pool in any order, some of the roots, some known.
type Draw = (usize, Vec<usize>, Vec<usize>, Vec<usize>);

fn draw() -> impl Strategy<Value = Draw> {
    let pool = pool();
    (
        0..pool.leaves.len(),
        prop::collection::vec(0..pool.cas.len(), 0..=9),
        prop::collection::vec(0..pool.roots.len(), 0..=3),
        prop::collection::vec(0..pool.cas.len(), 0..=4),
    )
}

fn world(roots: &[usize], known: &[usize]) -> World {
    let pool = pool();
    let roots: Vec<_> = roots.iter().map(|&place| &pool.roots[place]).collect();
    let known: Vec<_> = known.iter().map(|&place| &pool.cas[place]).collect();
    World::trusting(&roots).knowing(&known)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_bundle_is_accepted_if_and_only_if_webpki_accepts((leaf, sent, roots, known) in draw()) {
        let pool = pool();
        let mut ders = vec![pool.leaves[leaf].der.clone()];
        ders.extend(sent.iter().map(|&place| pool.cas[place].der.clone()));
        // The comparison with webpki is in `examine`.
        let report = world(&roots, &known).examine(&ders);
        let is_gap = report.reason == ChainReason::ChainIncomplete;
        prop_assert!(!is_gap || report.missing.is_some(), "{report:#?}");
        prop_assert_ne!(report.reason, ChainReason::NoCertificate);
        prop_assert_eq!(report.valid_until.is_some(), report.is_accepted());
        prop_assert!(posthouse_pki::sentence(&report).is_ascii());
    }

    #[test]
    fn a_repaired_bundle_is_accepted_if_and_only_if_webpki_accepts_it_with_what_is_known(
        (leaf, sent, roots, known) in draw(),
    ) {
        let pool = pool();
        let mut ders = vec![pool.leaves[leaf].der.clone()];
        ders.extend(sent.iter().map(|&place| pool.cas[place].der.clone()));
        let report = world(&roots, &known).repairing().examine(&ders);
        let is_completed = report.warnings.contains(&ChainWarning::CompletedFromStore);
        let uses_store = report.path.iter().any(|one| one.origin == ElementOrigin::Store);
        prop_assert_eq!(is_completed, report.is_accepted() && uses_store, "{:#?}", report);
        prop_assert!(!is_completed || report.missing.is_some_and(|missing| missing.in_store));
    }

    #[test]
    fn a_damaged_bundle_is_accepted_if_and_only_if_webpki_accepts(
        (leaf, sent, roots, known) in draw(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        place in any::<prop::sample::Index>(),
    ) {
        let pool = pool();
        let mut ders = vec![pool.leaves[leaf].der.clone()];
        ders.extend(sent.iter().map(|&place| pool.cas[place].der.clone()));
        let der = place.get_mut(&mut ders);
        for (at, byte) in damage {
            *at.get_mut(der) = byte;
        }
        let report = world(&roots, &known).examine(&ders);
        prop_assert!(posthouse_pki::sentence(&report).is_ascii());
        prop_assert_eq!(posthouse_pki::repairs(&report).is_empty(), report.is_accepted());
    }

    #[test]
    fn noise_never_fails_the_examination(noise in prop::collection::vec(any::<u8>(), 0..300)) {
        let report = world(&[0], &[]).examine(&[noise.clone(), noise]);
        prop_assert!(!report.is_accepted());
    }
}

#[test]
fn without_damage_the_pool_has_chains_of_both_kinds() {
    let pool = pool();
    let accepted = world(&[0], &[]).examine(&[&pool.leaves[0].der, &pool.cas[3].der]);
    assert!(accepted.is_accepted());
    let refused = world(&[1], &[]).examine(&[&pool.leaves[0].der, &pool.cas[3].der]);
    assert!(!refused.is_accepted());
}
