//! The table of faults in one place: every reason at least twice, with every key type. Other files
//! here look at each reason closely; this one holds that none is left out.

use std::collections::BTreeMap;

use posthouse_pki::{Examination, PeerName, examine};
use posthouse_types::{ChainReason, UnixMillis};
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, SanType};

use crate::faults::{constrained, unknown_critical};
use crate::revocation::{SERIAL, chain_that_signs_lists, list, numbered};
use crate::rig::{
    Chain, Entity, Kind, NOW, PLAIN, Tune, World, at, damaged, key, leaf_params, replaced,
};

/// One chain as a server would send it, and what has to be said of it.
struct Case {
    what: &'static str,
    reason: ChainReason,
    element: Option<usize>,
    sent: Vec<Vec<u8>>,
    world: World,
    name: Option<&'static str>,
}

/// The table of one key type.
struct Cases {
    kind: Kind,
    cases: Vec<Case>,
}

impl Cases {
    fn add(
        &mut self,
        what: &'static str,
        (reason, element): (ChainReason, usize),
        world: World,
        sent: &[&[u8]],
    ) {
        let sent = sent.iter().map(|der| der.to_vec()).collect();
        let element = Some(element);
        self.cases.push(Case { what, reason, element, sent, world, name: None });
    }

    /// Root, intermediate and leaf, so tuned.
    fn tuned(
        &mut self,
        what: &'static str,
        expected: (ChainReason, usize),
        ca: Tune<'_>,
        leaf: Tune<'_>,
    ) {
        let chain = Chain::tuned(self.kind, ca, leaf);
        let world = World::trusting(&[&chain.root]);
        self.add(what, expected, world, &[&chain.leaf.der, &chain.ca.der]);
    }
}

/// A key type's signature algorithm, and one that does not count, by the bytes of their
/// identifiers: SHA-1 with RSA, SHA-224 with ECDSA, Ed448 in Ed25519's place.
fn algorithms(kind: Kind) -> (&'static [u8], &'static [u8]) {
    match kind {
        Kind::P256 => (
            &[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2],
            &[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 1],
        ),
        Kind::P384 => (
            &[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3],
            &[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 1],
        ),
        Kind::Ed25519 => (&[0x06, 3, 0x2b, 0x65, 0x70], &[0x06, 3, 0x2b, 0x65, 0x71]),
        Kind::Rsa => (
            &[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11],
            &[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5],
        ),
    }
}

fn paths(cases: &mut Cases) {
    let kind = cases.kind;
    let chain = Chain::new(kind);
    let other = Entity::root("Other Root", key(kind, 3));
    let (leaf, ca, root) = (&chain.leaf.der[..], &chain.ca.der[..], &chain.root.der[..]);
    let trusting = || World::trusting(&[&chain.root]);

    cases.tuned("a sound chain", (ChainReason::Ok, 0), PLAIN, PLAIN);
    cases.add("with its root", (ChainReason::Ok, 0), trusting(), &[leaf, ca, root]);
    for world in [trusting(), World::trusting(&[])] {
        cases.add("nothing sent", (ChainReason::NoCertificate, 0), world, &[]);
    }

    let incomplete = ChainReason::ChainIncomplete;
    cases.add("the leaf alone", (incomplete, 0), trusting(), &[leaf]);
    cases.add("a stranger in its place", (incomplete, 0), trusting(), &[leaf, &other.der]);
    let upper = chain.root.ca("Upper", key(kind, 3), PLAIN);
    let lower = upper.ca("Lower", key(kind, 4), PLAIN);
    let deep = lower.leaf(key(kind, 2), PLAIN);
    cases.add("the upper of two", (incomplete, 1), trusting(), &[&deep.der, &lower.der]);
    cases.add("the lower of two", (incomplete, 0), trusting(), &[&deep.der, &upper.der]);

    let untrusted = (ChainReason::RootUntrusted, 2);
    cases.add("a root of theirs", untrusted, World::trusting(&[&other]), &[leaf, ca, root]);
    cases.add("nobody is trusted", untrusted, World::trusting(&[]), &[leaf, ca, root]);

    let itself = Entity::self_signed(leaf_params(), key(kind, 1));
    let another = Entity::self_signed(
        CertificateParams::new(vec!["mail.fabrikam.example".to_owned()]).unwrap(),
        key(kind, 2),
    );
    for one in [&itself, &another] {
        cases.add("signed by itself", (ChainReason::SelfSigned, 0), trusting(), &[&one.der]);
    }

    let invalid = ChainReason::SignatureInvalid;
    cases.add("a damaged leaf", (invalid, 0), trusting(), &[&damaged(leaf), ca]);
    cases.add("a damaged intermediate", (invalid, 1), trusting(), &[leaf, &damaged(ca)]);

    let constrained = chain.root.ca("Constrained", key(kind, 3), &|ca| {
        ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    });
    let below = constrained.ca("Below", key(kind, 4), PLAIN);
    let bottom = below.ca("Bottom", key(kind, 5), PLAIN);
    let long = below.leaf(key(kind, 2), PLAIN);
    let longer = bottom.leaf(key(kind, 2), PLAIN);
    let sent = [&long.der[..], &below.der, &constrained.der];
    cases.add("one CA too many", (ChainReason::PathTooLong, 2), trusting(), &sent);
    let sent = [&longer.der[..], &bottom.der, &below.der, &constrained.der];
    cases.add("two CAs too many", (ChainReason::PathTooLong, 3), trusting(), &sent);

    cases.add("noise", (ChainReason::Malformed, 0), trusting(), &[b"hello", ca]);
    let cut = &leaf[..leaf.len() - 10];
    cases.add("a leaf cut short", (ChainReason::Malformed, 0), trusting(), &[cut, ca]);
}

fn elements(cases: &mut Cases) {
    let expired: Tune<'_> = &|params| params.not_after = at(-1);
    cases.tuned("an expired leaf", (ChainReason::Expired, 0), PLAIN, expired);
    cases.tuned("an expired intermediate", (ChainReason::Expired, 1), expired, PLAIN);
    let future: Tune<'_> = &|params| params.not_before = at(1);
    cases.tuned("a leaf of the future", (ChainReason::NotYetValid, 0), PLAIN, future);
    cases.tuned("an intermediate of the future", (ChainReason::NotYetValid, 1), future, PLAIN);

    let no_ca: Tune<'_> = &|ca| ca.is_ca = IsCa::NoCa;
    let explicit: Tune<'_> = &|ca| ca.is_ca = IsCa::ExplicitNoCa;
    cases.tuned("an issuer that is no CA", (ChainReason::IssuerNotACa, 1), no_ca, PLAIN);
    cases.tuned("and that says so", (ChainReason::IssuerNotACa, 1), explicit, PLAIN);

    let outside: Tune<'_> =
        &|ca| ca.name_constraints = Some(constrained(&["fabrikam.example"], &[]));
    let excluded: Tune<'_> =
        &|ca| ca.name_constraints = Some(constrained(&[], &["contoso.example"]));
    cases.tuned("a name not permitted", (ChainReason::NameConstraint, 0), outside, PLAIN);
    cases.tuned("a name excluded", (ChainReason::NameConstraint, 0), excluded, PLAIN);

    let code: Tune<'_> = &|params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
    };
    cases.tuned("a leaf for code", (ChainReason::UsageNotPermitted, 0), PLAIN, code);
    cases.tuned("an intermediate for code", (ChainReason::UsageNotPermitted, 1), code, PLAIN);

    let critical: Tune<'_> = &|params| params.custom_extensions = vec![unknown_critical()];
    let unknown = ChainReason::UnknownCriticalExtension;
    cases.tuned("a leaf that demands the unknown", (unknown, 0), PLAIN, critical);
    cases.tuned("an intermediate that does", (unknown, 1), critical, PLAIN);
}

fn weak_algorithms(cases: &mut Cases) {
    let kind = cases.kind;
    let root = Entity::root("Root", key(kind, 0));
    let ca = root.ca("Intermediate", key(kind, 1), PLAIN);
    // A leaf's key of another type: the bytes to replace then stand in the signature alone.
    let own = if kind == Kind::Ed25519 { Kind::P256 } else { Kind::Ed25519 };
    let leaf = ca.leaf(key(own, 0), PLAIN);
    let (sound, weak) = algorithms(kind);
    let world = || World::trusting(&[&root]);
    let expected = ChainReason::AlgorithmWeak;
    let weak_leaf = replaced(&leaf.der, sound, weak);
    cases.add("a weak leaf", (expected, 0), world(), &[&weak_leaf, &ca.der]);
    cases.add("a weak leaf alone", (expected, 0), world(), &[&weak_leaf]);
    let weak_ca = replaced(&ca.der, sound, weak);
    cases.add("a weak intermediate", (expected, 1), world(), &[&leaf.der, &weak_ca]);
}

fn names_and_lists(cases: &mut Cases) {
    let kind = cases.kind;
    let named: Tune<'_> = &|leaf| {
        leaf.subject_alt_names = vec![
            SanType::DnsName("*.contoso.example".try_into().unwrap()),
            SanType::IpAddress([192, 0, 2, 1].into()),
        ];
    };
    for name in ["mail.fabrikam.example", "a.b.contoso.example", "192.0.2.2"] {
        cases.tuned("another name", (ChainReason::NameMismatch, 0), PLAIN, named);
        cases.cases.last_mut().unwrap().name = Some(name);
    }

    let chain = chain_that_signs_lists(kind, PLAIN, &numbered);
    let world = World::trusting(&[&chain.root]).checking(&[list(&chain.ca, &[SERIAL], 30)]);
    let sent = [&chain.leaf.der[..], &chain.ca.der];
    cases.add("a revoked leaf", (ChainReason::Revoked, 0), world, &sent);
    let chain = chain_that_signs_lists(kind, &numbered, PLAIN);
    let world = World::trusting(&[&chain.root]).checking(&[list(&chain.root, &[SERIAL], 30)]);
    let sent = [&chain.leaf.der[..], &chain.ca.der];
    cases.add("a revoked intermediate", (ChainReason::Revoked, 1), world, &sent);
}

/// What a case comes to; where no name is asked for, held against webpki too.
fn judge(case: &Case) -> posthouse_types::ChainReport {
    let Some(name) = case.name else { return case.world.examine(&case.sent) };
    let name = PeerName::parse(name).unwrap();
    let sent: Vec<&[u8]> = case.sent.iter().map(Vec::as_slice).collect();
    examine(&sent, &Examination { name: Some(&name), ..case.world.examination() })
}

#[test]
fn every_reason_is_found_at_least_twice_with_every_key_type() {
    for kind in Kind::ALL {
        let mut cases = Cases { kind, cases: Vec::new() };
        paths(&mut cases);
        elements(&mut cases);
        weak_algorithms(&mut cases);
        names_and_lists(&mut cases);
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for case in &cases.cases {
            let report = judge(case);
            let what = format!("{kind:?}, {}: {report:#?}", case.what);
            assert_eq!(report.reason, case.reason, "{what}");
            let names_none = [ChainReason::Ok, ChainReason::NoCertificate].contains(&case.reason);
            assert_eq!(report.element, case.element.filter(|_| !names_none), "{what}");
            // Whatever is wrong, there is a sentence, and a way to mend it.
            assert!(!posthouse_pki::sentence(&report).is_empty(), "{what}");
            let is_ok = case.reason == ChainReason::Ok;
            assert_eq!(posthouse_pki::repairs(&report).is_empty(), is_ok, "{what}");
            *counts.entry(case.reason.id()).or_default() += 1;
        }
        for reason in ChainReason::ALL {
            let count = counts.get(reason.id()).copied().unwrap_or_default();
            assert!(count >= 2, "{kind:?}: {reason} is tried {count} times");
        }
    }
}

#[test]
fn an_ed448_signature_is_named_as_too_weak_to_count() {
    let root = Entity::root("Root", key(Kind::Ed25519, 0));
    let ca = root.ca("Intermediate", key(Kind::Ed25519, 1), PLAIN);
    let leaf = ca.leaf(key(Kind::P256, 2), PLAIN);
    let (sound, weak) = algorithms(Kind::Ed25519);
    let world = World::trusting(&[&root]).at(UnixMillis(NOW.0));
    let report = world.examine(&[replaced(&leaf.der, sound, weak), ca.der]);
    assert_eq!(report.reason, ChainReason::AlgorithmWeak, "{report:#?}");
    assert_eq!(report.leaf().unwrap().signature, "Ed448");
    assert!(posthouse_pki::sentence(&report).contains("Ed448"));
}
