//! Our own chains: what to send, and who truly issued what.

use posthouse_pki::{CertificateKind, NotIssuer, certificate_kind, chain_to_send, check_issuer};

use crate::rig::{
    Chain, Entity, Kind, NOW, PLAIN, World, at, ca_params, damaged, key, leaf_params,
};

fn sent(world: &World, leaf: &Entity) -> Vec<Vec<u8>> {
    chain_to_send(&leaf.der, &world.examination())
}

#[test]
fn a_chain_is_completed_from_the_store_and_never_holds_the_root() {
    for kind in Kind::ALL {
        let root = Entity::root("Root", key(kind, 0));
        let upper = root.ca("Upper", key(kind, 1), PLAIN);
        let lower = upper.ca("Lower", key(kind, 2), PLAIN);
        let other = Entity::root("Other", key(kind, 3)).ca("Unrelated", key(kind, 4), PLAIN);
        let leaf = lower.leaf(key(kind, 5), PLAIN);
        let expected = vec![leaf.der.clone(), lower.der.clone(), upper.der.clone()];
        let store = [&other, &upper, &root, &lower];
        // Whether the root is trusted here or not: the other side may well trust it.
        assert_eq!(sent(&World::trusting(&[&root]).knowing(&store), &leaf), expected);
        assert_eq!(sent(&World::trusting(&[]).knowing(&store), &leaf), expected);
    }
}

#[test]
fn a_gap_in_the_store_ends_the_chain() {
    let root = Entity::root("Root", key(Kind::P256, 0));
    let upper = root.ca("Upper", key(Kind::P256, 0), PLAIN);
    let lower = upper.ca("Lower", key(Kind::P256, 0), PLAIN);
    let leaf = lower.leaf(key(Kind::P256, 0), PLAIN);
    let world = World::trusting(&[&root]).knowing(&[&upper]);
    assert_eq!(sent(&world, &leaf), vec![leaf.der.clone()]);
    let world = World::trusting(&[&root]).knowing(&[&lower]);
    assert_eq!(sent(&world, &leaf), vec![leaf.der.clone(), lower.der]);
}

#[test]
fn tls_06_a_namesake_in_the_store_is_not_sent() {
    let chain = Chain::new(Kind::P256);
    let namesake =
        Entity::root("Other", key(Kind::P256, 0)).ca("Intermediate", key(Kind::P256, 0), PLAIN);
    let self_signed = Entity::self_signed(ca_params("Intermediate"), key(Kind::P256, 0));
    let world = World::trusting(&[&chain.root]).knowing(&[&namesake, &self_signed]);
    assert_eq!(sent(&world, &chain.leaf), vec![chain.leaf.der.clone()]);
    let world = World::trusting(&[&chain.root]).knowing(&[&namesake, &self_signed, &chain.ca]);
    assert_eq!(sent(&world, &chain.leaf), chain.sent());
}

#[test]
fn of_two_editions_the_valid_one_is_sent() {
    let root = Entity::root("Root", key(Kind::P256, 0));
    let shared = key(Kind::P256, 0);
    let old = root.ca("CA", shared.clone(), &|params| params.not_after = at(-1));
    let new = root.ca("CA", shared, PLAIN);
    let leaf = new.leaf(key(Kind::P256, 0), PLAIN);
    for store in [[&old, &new], [&new, &old]] {
        let world = World::trusting(&[&root]).knowing(&store);
        assert_eq!(sent(&world, &leaf), vec![leaf.der.clone(), new.der.clone()]);
    }
}

#[test]
fn a_self_signed_certificate_is_its_own_chain() {
    let alone = Entity::self_signed(leaf_params(), key(Kind::P256, 0));
    let world = World::trusting(&[]).knowing(&[&alone]);
    assert_eq!(sent(&world, &alone), vec![alone.der.clone()]);
    assert_eq!(chain_to_send(b"no certificate", &world.examination()), [b"no certificate"]);
}

#[test]
fn kinds_are_told_by_words_and_signature() {
    let chain = Chain::new(Kind::Rsa);
    let alone = Entity::self_signed(leaf_params(), key(Kind::Rsa, 0));
    assert_eq!(certificate_kind(&chain.root.der), Some(CertificateKind::Root));
    assert_eq!(certificate_kind(&chain.ca.der), Some(CertificateKind::Intermediate));
    assert_eq!(certificate_kind(&chain.leaf.der), Some(CertificateKind::EndEntity));
    assert_eq!(certificate_kind(&alone.der), Some(CertificateKind::SelfSigned));
    // A CA's new key signed with its old one: its own name, and no root.
    let rollover = chain.root.issue(ca_params("Root"), key(Kind::Rsa, 3));
    assert_eq!(certificate_kind(&rollover.der), Some(CertificateKind::Intermediate));
    assert_eq!(certificate_kind(b""), None);
}

#[test]
fn only_the_true_issuer_passes() {
    let chain = Chain::new(Kind::P256);
    let check = |issuer: &[u8]| check_issuer(issuer, &chain.leaf.der, NOW);
    assert_eq!(check(&chain.ca.der), Ok(()));
    assert_eq!(check(&chain.root.der), Err(NotIssuer::OtherName));
    let namesake = chain.root.ca("Intermediate", key(Kind::P256, 0), PLAIN);
    assert_eq!(check(&namesake.der), Err(NotIssuer::OtherKey));
    assert_eq!(check(b"<html>"), Err(NotIssuer::Malformed));
    let remade = |tune: &dyn Fn(&mut rcgen::CertificateParams)| {
        chain.root.ca("Intermediate", chain.ca.key.clone(), tune).der
    };
    let old = remade(&|params| params.not_after = at(-1));
    assert_eq!(check(&old), Err(NotIssuer::Expired));
    let early = remade(&|params| params.not_before = at(1));
    assert_eq!(check(&early), Err(NotIssuer::NotYetValid));
    let no_ca = remade(&|params| params.is_ca = rcgen::IsCa::NoCa);
    assert_eq!(check(&no_ca), Err(NotIssuer::NotACa));
    let broken = check_issuer(&chain.ca.der, &damaged(&chain.leaf.der), NOW);
    assert_eq!(broken, Err(NotIssuer::OtherKey));
}
