//! The table of faults: every reason, with every key type.

use posthouse_types::{ChainReason, ChainReport, ElementOrigin};
use rcgen::{
    BasicConstraints, CustomExtension, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    NameConstraints, PublicKeyData, SignatureAlgorithm, SigningKey,
};

use crate::rig::{
    Chain, Entity, Kind, NOW, PLAIN, Tune, World, at, ca_params, damaged, key, leaf_params,
    replaced,
};

/// Examines the chain of root, intermediate and leaf, so tuned, with every key type.
#[track_caller]
fn assert_reason(ca: Tune<'_>, leaf: Tune<'_>, reason: ChainReason, element: usize) {
    for kind in Kind::ALL {
        let chain = Chain::tuned(kind, ca, leaf);
        let report = World::trusting(&[&chain.root]).examine(&chain.sent());
        assert_found(&report, reason, element, &format!("{kind:?}"));
    }
}

#[track_caller]
fn assert_found(report: &ChainReport, reason: ChainReason, element: usize, what: &str) {
    assert_eq!((report.reason, report.element), (reason, Some(element)), "{what}: {report:#?}");
}

#[test]
fn a_sound_chain_is_accepted_with_its_path_drawn() {
    for kind in Kind::ALL {
        let chain = Chain::new(kind);
        let report = World::trusting(&[&chain.root]).examine(&chain.sent());
        assert_eq!(report.reason, ChainReason::Ok, "{kind:?}: {report:#?}");
        assert_eq!(report.element, None);
        assert_eq!(report.missing, None);
        assert_eq!(report.warnings, []);
        let origins: Vec<_> = report.path.iter().map(|element| element.origin).collect();
        assert_eq!(origins, [ElementOrigin::Sent(0), ElementOrigin::Sent(1), ElementOrigin::Root]);
        assert_eq!(report.path[1].certificate.subject, "CN=Intermediate");
        assert_eq!(report.path[2].certificate.subject, "CN=Root");
        assert_eq!(
            report.names.iter().map(|n| n.as_str()).collect::<Vec<_>>(),
            ["mail.contoso.example"]
        );
        assert_eq!(report.valid_until, Some(report.presented[0].not_after));
    }
}

#[test]
fn no_certificate_is_a_reason_of_its_own() {
    let chain = Chain::new(Kind::P256);
    let report = World::trusting(&[&chain.root]).examine::<&[u8]>(&[]);
    assert_eq!(report, ChainReport::no_certificate());
}

#[test]
fn an_expired_leaf_is_expired() {
    assert_reason(PLAIN, &|leaf| leaf.not_after = at(-1), ChainReason::Expired, 0);
}

#[test]
fn an_expired_intermediate_is_expired() {
    assert_reason(&|ca| ca.not_after = at(-1), PLAIN, ChainReason::Expired, 1);
}

#[test]
fn a_leaf_of_the_future_is_not_yet_valid() {
    assert_reason(PLAIN, &|leaf| leaf.not_before = at(1), ChainReason::NotYetValid, 0);
}

#[test]
fn an_intermediate_of_the_future_is_not_yet_valid() {
    assert_reason(&|ca| ca.not_before = at(1), PLAIN, ChainReason::NotYetValid, 1);
}

#[test]
fn tls_08_a_clock_two_years_ahead_says_when_the_certificate_expired() {
    let chain = Chain::new(Kind::P256);
    let ahead = NOW + std::time::Duration::from_secs(2 * 365 * 86_400);
    let report = World::trusting(&[&chain.root]).at(ahead).examine(&chain.sent());
    assert_found(&report, ChainReason::Expired, 0, "two years ahead");
    let sentence = posthouse_pki::sentence(&report);
    assert!(
        sentence.contains("expired at 2027-06-01T00:00:00Z (is the clock right?)"),
        "{sentence}"
    );
}

#[test]
fn validity_includes_its_first_and_last_second() {
    let chain = Chain::new(Kind::P256);
    let first = at(-30).unix_timestamp() * 1000;
    let last = at(365).unix_timestamp() * 1000;
    for (now, reason) in [
        (first - 1, ChainReason::NotYetValid),
        (first, ChainReason::Ok),
        (last + 999, ChainReason::Ok),
        (last + 1000, ChainReason::Expired),
    ] {
        let now = posthouse_types::UnixMillis(now);
        let report = World::trusting(&[&chain.root]).at(now).examine(&chain.sent());
        assert_eq!(report.reason, reason, "{now:?}");
    }
}

#[test]
fn a_damaged_leaf_has_an_invalid_signature() {
    for kind in Kind::ALL {
        for with_identifier in [true, false] {
            let chain = Chain::tuned(kind, PLAIN, &|leaf| {
                leaf.use_authority_key_identifier_extension = with_identifier;
            });
            let sent = [damaged(&chain.leaf.der), chain.ca.der.clone()];
            let report = World::trusting(&[&chain.root]).examine(&sent);
            let what = format!("{kind:?}, identifier {with_identifier}");
            assert_found(&report, ChainReason::SignatureInvalid, 0, &what);
        }
    }
}

#[test]
fn a_damaged_intermediate_under_a_trusted_root_has_an_invalid_signature() {
    for kind in Kind::ALL {
        let chain = Chain::new(kind);
        let sent = [chain.leaf.der.clone(), damaged(&chain.ca.der)];
        let report = World::trusting(&[&chain.root]).examine(&sent);
        assert_found(&report, ChainReason::SignatureInvalid, 1, &format!("{kind:?}"));
    }
}

#[test]
fn a_leaf_altered_after_signing_has_an_invalid_signature() {
    let chain = Chain::new(Kind::P256);
    let altered = replaced(&chain.leaf.der, b"mail.contoso", b"mail.fabrika");
    let report = World::trusting(&[&chain.root]).examine(&[altered, chain.ca.der.clone()]);
    assert_found(&report, ChainReason::SignatureInvalid, 0, "altered");
}

#[test]
fn a_leaf_that_signed_another_is_not_a_ca() {
    assert_reason(&|ca| ca.is_ca = IsCa::ExplicitNoCa, PLAIN, ChainReason::IssuerNotACa, 1);
    assert_reason(&|ca| ca.is_ca = IsCa::NoCa, PLAIN, ChainReason::IssuerNotACa, 1);
}

#[test]
fn a_path_length_is_kept() {
    for kind in Kind::ALL {
        let root = Entity::root("Root", key(kind, 0));
        let upper = root.ca("Upper", key(kind, 1), &|ca| {
            ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        });
        let lower = upper.ca("Lower", key(kind, 2), PLAIN);
        let leaf = lower.leaf(key(kind, 3), PLAIN);
        let world = World::trusting(&[&root]);
        let report = world.examine(&[&leaf.der, &lower.der, &upper.der]);
        assert_found(&report, ChainReason::PathTooLong, 2, &format!("{kind:?}"));
        // Straight below it, the same CA may sign.
        let direct = upper.leaf(key(kind, 3), PLAIN);
        assert!(world.examine(&[&direct.der, &upper.der]).is_accepted());
    }
}

#[test]
fn a_path_deeper_than_webpki_goes_is_too_long() {
    // The costlier keys too: the budget of signatures ends no honest path.
    for kind in [Kind::P256, Kind::P384, Kind::Ed25519] {
        let root = Entity::root("Root", key(kind, 0));
        let mut cas = vec![root.clone()];
        for depth in 1..=7 {
            let above = cas.last().unwrap();
            cas.push(above.ca(&format!("CA {depth}"), key(kind, 0), PLAIN));
        }
        let world = World::trusting(&[&root]);
        for (depth, reason) in [(6, ChainReason::Ok), (7, ChainReason::PathTooLong)] {
            let leaf = cas[depth].leaf(key(kind, 0), PLAIN);
            let mut sent = vec![leaf.der];
            sent.extend(cas[1..=depth].iter().rev().map(|ca| ca.der.clone()));
            assert_eq!(world.examine(&sent).reason, reason, "{kind:?}: {depth} intermediates");
        }
    }
}

pub(crate) fn constrained(permitted: &[&str], excluded: &[&str]) -> NameConstraints {
    let subtrees =
        |names: &[&str]| names.iter().map(|n| GeneralSubtree::DnsName((*n).to_owned())).collect();
    NameConstraints {
        permitted_subtrees: subtrees(permitted),
        excluded_subtrees: subtrees(excluded),
    }
}

#[test]
fn a_name_outside_the_permitted_ones_breaks_the_constraint() {
    let outside = |ca: &mut rcgen::CertificateParams| {
        ca.name_constraints = Some(constrained(&["fabrikam.example"], &[]));
    };
    assert_reason(&outside, PLAIN, ChainReason::NameConstraint, 0);
    let inside = |ca: &mut rcgen::CertificateParams| {
        ca.name_constraints = Some(constrained(&["contoso.example"], &[]));
    };
    let chain = Chain::tuned(Kind::P256, &inside, PLAIN);
    assert!(World::trusting(&[&chain.root]).examine(&chain.sent()).is_accepted());
}

#[test]
fn an_excluded_name_breaks_the_constraint() {
    let excluded = |ca: &mut rcgen::CertificateParams| {
        ca.name_constraints = Some(constrained(&[], &["contoso.example"]));
    };
    assert_reason(&excluded, PLAIN, ChainReason::NameConstraint, 0);
}

#[test]
fn tls_01_a_wildcard_that_could_cover_an_excluded_name_breaks_the_constraint() {
    for (excluded, permitted) in
        [(Some("a.contoso.example"), None), (None, Some("a.contoso.example"))]
    {
        let lists = [permitted.as_slice(), excluded.as_slice()];
        let constraint = |ca: &mut rcgen::CertificateParams| {
            ca.name_constraints = Some(constrained(lists[0], lists[1]));
        };
        let wildcard = |leaf: &mut rcgen::CertificateParams| {
            leaf.subject_alt_names =
                vec![rcgen::SanType::DnsName("*.contoso.example".try_into().unwrap())];
        };
        assert_reason(&constraint, &wildcard, ChainReason::NameConstraint, 0);
    }
}

#[test]
fn a_broken_constraint_is_told_where_ca_and_root_share_a_name() {
    let root = Entity::root("Contoso CA", key(Kind::P256, 0));
    let ca = root.ca("Contoso CA", key(Kind::P256, 0), &|ca| {
        ca.name_constraints = Some(constrained(&["fabrikam.example"], &[]));
    });
    let leaf = ca.leaf(key(Kind::P256, 0), PLAIN);
    let report = World::trusting(&[&root]).examine(&[&leaf.der, &ca.der]);
    assert_found(&report, ChainReason::NameConstraint, 0, "one name for both");
}

#[test]
fn code_signing_is_no_usage_for_mail() {
    let code_signing = |params: &mut rcgen::CertificateParams| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
    };
    assert_reason(PLAIN, &code_signing, ChainReason::UsageNotPermitted, 0);
    assert_reason(&code_signing, PLAIN, ChainReason::UsageNotPermitted, 1);
}

#[test]
fn one_of_three_usages_is_enough_on_each_element_in_any_mixture() {
    use ExtendedKeyUsagePurpose::{Any, ClientAuth, CodeSigning, ServerAuth};
    let sets = [
        vec![],
        vec![ServerAuth],
        vec![ClientAuth],
        vec![Any],
        vec![CodeSigning, ServerAuth],
        vec![ClientAuth, CodeSigning],
    ];
    for ca_usages in &sets {
        for leaf_usages in &sets {
            let chain = Chain::tuned(
                Kind::P256,
                &|ca| ca.extended_key_usages.clone_from(ca_usages),
                &|leaf| leaf.extended_key_usages.clone_from(leaf_usages),
            );
            let report = World::trusting(&[&chain.root]).examine(&chain.sent());
            assert!(report.is_accepted(), "{ca_usages:?} over {leaf_usages:?}: {report:#?}");
        }
    }
}

#[test]
fn a_ca_certificate_may_not_stand_for_a_server() {
    let ca = |leaf: &mut rcgen::CertificateParams| {
        leaf.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    };
    assert_reason(PLAIN, &ca, ChainReason::UsageNotPermitted, 0);
}

pub(crate) fn unknown_critical() -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![0x05, 0x00]);
    extension.set_criticality(true);
    extension
}

#[test]
fn an_unknown_critical_extension_is_named_for_what_it_is() {
    let add = |params: &mut rcgen::CertificateParams| {
        params.custom_extensions = vec![unknown_critical()];
    };
    assert_reason(PLAIN, &add, ChainReason::UnknownCriticalExtension, 0);
    assert_reason(&add, PLAIN, ChainReason::UnknownCriticalExtension, 1);
}

#[test]
fn a_leaf_that_webpki_cannot_parse_is_still_named() {
    let chain = Chain::tuned(Kind::P256, PLAIN, &|leaf| {
        leaf.custom_extensions = vec![unknown_critical()];
    });
    let report = World::trusting(&[&chain.root]).examine(&chain.sent());
    assert_eq!(report.leaf().unwrap().subject, "CN=mail.contoso.example");
    assert_eq!(report.names[0].as_str(), "mail.contoso.example");
    let spki = posthouse_pki::spki_of(&chain.leaf.der).unwrap();
    assert_eq!(spki, chain.leaf.key.subject_public_key_info());
}

#[test]
fn what_is_no_certificate_is_malformed() {
    let chain = Chain::new(Kind::P256);
    let world = World::trusting(&[&chain.root]);
    let cut = &chain.leaf.der[..chain.leaf.der.len() - 10];
    for noise in [&b""[..], b"hello", cut, &[0x30, 0x82, 0xff, 0xff]] {
        let report = world.examine(&[noise, &chain.ca.der]);
        assert_found(&report, ChainReason::Malformed, 0, "noise");
        assert_eq!(report.presented.len(), 2);
        assert_eq!(report.presented[0], Default::default());
        assert_eq!(report.presented[1].subject, "CN=Intermediate");
    }
}

#[test]
fn trailing_bytes_and_old_versions_are_malformed() {
    for kind in Kind::ALL {
        let chain = Chain::new(kind);
        let world = World::trusting(&[&chain.root]);
        let mut longer = chain.leaf.der.clone();
        longer.push(0);
        let report = world.examine(&[longer, chain.ca.der.clone()]);
        assert_found(&report, ChainReason::Malformed, 0, "trailing");
        // Version 3 is the number 2.
        let version_2 = replaced(&chain.leaf.der, &[0xa0, 3, 2, 1, 2], &[0xa0, 3, 2, 1, 1]);
        let report = world.examine(&[version_2, chain.ca.der.clone()]);
        assert_found(&report, ChainReason::Malformed, 0, "version");
        assert_eq!(report.leaf().unwrap().subject, "CN=mail.contoso.example");
    }
}

#[test]
fn an_unreadable_intermediate_is_not_a_crash_but_a_gap() {
    let chain = Chain::new(Kind::P256);
    let sent = [chain.leaf.der.clone(), b"noise".to_vec()];
    let report = World::trusting(&[&chain.root]).examine(&sent);
    assert_found(&report, ChainReason::ChainIncomplete, 0, "noise above");
}

#[test]
fn sha_1_is_too_weak_wherever_it_stands() {
    let sha_256 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
    let sha_1 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5];
    let chain = Chain::new(Kind::Rsa);
    let world = World::trusting(&[&chain.root]);
    let leaf = replaced(&chain.leaf.der, &sha_256, &sha_1);
    let report = world.examine(&[leaf.clone(), chain.ca.der.clone()]);
    assert_found(&report, ChainReason::AlgorithmWeak, 0, "leaf");
    assert_eq!(report.leaf().unwrap().signature, "sha1WithRSAEncryption");
    // However the chain is mended, such a leaf must be replaced.
    assert_found(&world.examine(&[leaf]), ChainReason::AlgorithmWeak, 0, "leaf alone");
    let ca = replaced(&chain.ca.der, &sha_256, &sha_1);
    let report = world.examine(&[chain.leaf.der.clone(), ca]);
    assert_found(&report, ChainReason::AlgorithmWeak, 1, "intermediate");
}

#[test]
fn an_unknown_signature_algorithm_is_weak() {
    let sha_256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    let sha_224 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 1];
    let chain = Chain::new(Kind::P256);
    let leaf = replaced(&chain.leaf.der, &sha_256, &sha_224);
    let report = World::trusting(&[&chain.root]).examine(&[leaf, chain.ca.der.clone()]);
    assert_found(&report, ChainReason::AlgorithmWeak, 0, "ecdsa-with-SHA224");
}

/// An RSA key of 1,024 bits, which our libraries will not sign with: its signatures are noise,
/// and would not count if they were right.
struct ShortRsaKey(Vec<u8>);

impl ShortRsaKey {
    fn new() -> Self {
        let mut modulus = vec![0x00, 0xc3];
        modulus.extend([0x5b; 127]);
        let mut numbers = crate::rig::tlv(0x02, &modulus);
        numbers.extend(crate::rig::tlv(0x02, &[1, 0, 1]));
        Self(crate::rig::tlv(0x30, &numbers))
    }
}

impl PublicKeyData for ShortRsaKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

impl SigningKey for ShortRsaKey {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(vec![0x5a; 128])
    }
}

#[test]
fn an_issuer_with_a_short_rsa_key_is_too_weak() {
    let short = ShortRsaKey::new();
    let root = Entity::root("Root", key(Kind::P256, 0));
    let params = ca_params("Short");
    let issuer = rcgen::Issuer::from_params(&root.params, &*root.key);
    let ca = params.signed_by(&short, &issuer).unwrap();
    let by_short = rcgen::Issuer::from_params(&params, &short);
    let leaf = leaf_params().signed_by(&*key(Kind::P256, 0), &by_short).unwrap();
    let report = World::trusting(&[&root]).examine(&[leaf.der(), ca.der()]);
    assert_found(&report, ChainReason::AlgorithmWeak, 1, "short intermediate");
    assert_eq!(report.path[1].certificate.key, "RSA 1024");

    let der = params.self_signed(&short).unwrap().der().to_vec();
    let short_root = Entity { params: params.clone(), key: key(Kind::P256, 0), der };
    let report = World::trusting(&[&short_root]).examine(&[leaf.der()]);
    assert_found(&report, ChainReason::AlgorithmWeak, 1, "short root");
    assert_eq!(report.path[1].origin, ElementOrigin::Root);
}

#[test]
fn a_leaf_that_signed_itself_is_self_signed() {
    for kind in Kind::ALL {
        let root = Entity::root("Root", key(kind, 0));
        let leaf = Entity::self_signed(leaf_params(), key(kind, 1));
        let report = World::trusting(&[&root]).examine(&[&leaf.der]);
        assert_found(&report, ChainReason::SelfSigned, 0, &format!("{kind:?}"));
        assert_eq!(report.missing, None);
        assert!(World::trusting(&[&leaf]).examine(&[&leaf.der]).is_accepted());
    }
}

#[test]
fn what_a_root_signed_itself_with_is_nobodys_concern() {
    let sha_256 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
    let sha_1 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5];
    let chain = Chain::new(Kind::Rsa);
    let old_root = replaced(&chain.root.der, &sha_256, &sha_1);
    let other = Entity::root("Other Root", key(Kind::P256, 0));
    let mut sent = chain.sent();
    sent.push(old_root.clone());
    let report = World::trusting(&[&other]).examine(&sent);
    assert_found(&report, ChainReason::RootUntrusted, 2, "SHA-1 root, not trusted");
    let old_root = Entity { der: old_root, ..chain.root.clone() };
    assert!(World::trusting(&[&old_root]).examine(&sent).is_accepted());
}

#[test]
fn self_signed_comes_before_what_else_is_wrong_with_it() {
    let root = Entity::root("Root", key(Kind::P256, 0));
    let mut params = ca_params("mail.contoso.example");
    params.not_after = at(-10);
    let leaf = Entity::self_signed(params, key(Kind::P256, 0));
    let report = World::trusting(&[&root]).examine(&[&leaf.der]);
    assert_found(&report, ChainReason::SelfSigned, 0, "expired CA");
}

#[test]
fn a_path_to_a_root_that_was_sent_and_is_not_trusted_ends_there() {
    for kind in Kind::ALL {
        let chain = Chain::new(kind);
        let other = Entity::root("Other Root", key(kind, 3));
        let mut sent = chain.sent();
        sent.push(chain.root.der.clone());
        let report = World::trusting(&[&other]).examine(&sent);
        assert_found(&report, ChainReason::RootUntrusted, 2, &format!("{kind:?}"));
        assert_eq!(report.missing, None);
        assert_eq!(report.path[2].certificate.subject, "CN=Root");
    }
}

#[test]
fn a_path_to_a_root_that_only_our_store_knows_is_not_trusted_either() {
    for kind in Kind::ALL {
        let chain = Chain::new(kind);
        let other = Entity::root("Other Root", key(kind, 3));
        let world = World::trusting(&[&other]).knowing(&[&chain.root]);
        let report = world.examine(&chain.sent());
        assert_found(&report, ChainReason::RootUntrusted, 2, &format!("{kind:?}"));
        assert_eq!(report.path[2].origin, ElementOrigin::Store);
    }
}

#[test]
fn nobody_is_accepted_where_nobody_is_trusted() {
    let chain = Chain::new(Kind::P256);
    let mut sent = chain.sent();
    sent.push(chain.root.der.clone());
    assert_found(&World::trusting(&[]).examine(&sent), ChainReason::RootUntrusted, 2, "empty");
}

#[test]
fn two_faults_are_told_in_the_order_of_the_path() {
    let chain = Chain::tuned(Kind::P256, PLAIN, &|leaf| leaf.not_after = at(-1));
    let world = World::trusting(&[&chain.root]);
    let report = world.examine(&[&chain.leaf.der]);
    assert_found(&report, ChainReason::Expired, 0, "expired and alone");
    assert_eq!(report.missing.unwrap().subject, "CN=Intermediate");

    let chain = Chain::tuned(Kind::P256, &|ca| ca.not_after = at(-1), PLAIN);
    let other = Entity::root("Other", key(Kind::P256, 0));
    let report = World::trusting(&[&other]).examine(&chain.sent());
    assert_found(&report, ChainReason::Expired, 1, "expired CA of an unknown root");
}
