//! Revocation lists: what they refuse, what they only warn of, and what they must not do.

use posthouse_pki::{PkiError, RevocationLists, SeenChains};
use posthouse_types::{ChainReason, ChainWarning, UnixMillis};
use rcgen::{
    CertificateRevocationListParams, CrlDistributionPoint, CrlIssuingDistributionPoint, CrlScope,
    KeyIdMethod, KeyUsagePurpose, RevokedCertParams, SerialNumber,
};

use crate::rig::{Chain, Entity, Kind, NOW, PLAIN, Tune, World, at, damaged, key};

/// The serial number of whoever is revoked here.
pub(crate) const SERIAL: u64 = 0x1234_5678;

pub(crate) fn numbered(params: &mut rcgen::CertificateParams) {
    params.serial_number = Some(SerialNumber::from(SERIAL));
}

/// A list by `issuer` that names these serial numbers; its next one is due in `days`.
pub(crate) fn list(issuer: &Entity, serials: &[u64], days: i64) -> Vec<u8> {
    list_of(issuer, serials, days, None)
}

fn list_of(issuer: &Entity, serials: &[u64], days: i64, address: Option<&str>) -> Vec<u8> {
    let revoked = |serial: &u64| RevokedCertParams {
        serial_number: SerialNumber::from(*serial),
        revocation_time: at(-2),
        reason_code: None,
        invalidity_date: None,
    };
    let params = CertificateRevocationListParams {
        this_update: at(-3),
        next_update: at(days),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: address.map(|address| CrlIssuingDistributionPoint {
            distribution_point: CrlDistributionPoint { uris: vec![address.to_owned()] },
            scope: Some(CrlScope::UserCertsOnly),
        }),
        revoked_certs: serials.iter().map(revoked).collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let issuer = rcgen::Issuer::from_params(&issuer.params, &*issuer.key);
    params.signed_by(&issuer).unwrap().der().to_vec()
}

/// CAs that may sign lists: rcgen asks for it, webpki too where usages are named.
pub(crate) fn chain_that_signs_lists(kind: Kind, ca: Tune<'_>, leaf: Tune<'_>) -> Chain {
    let signs = |params: &mut rcgen::CertificateParams| {
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    };
    let mut params = crate::rig::ca_params("Root");
    signs(&mut params);
    let root = Entity::self_signed(params, key(kind, 0));
    let ca = root.ca("Intermediate", key(kind, 1), &|params| {
        signs(params);
        ca(params);
    });
    let leaf = ca.leaf(key(kind, 2), leaf);
    Chain { root, ca, leaf }
}

#[test]
fn a_leaf_that_its_issuers_list_names_is_revoked() {
    for kind in Kind::ALL {
        let chain = chain_that_signs_lists(kind, PLAIN, &numbered);
        let world = World::trusting(&[&chain.root]);
        let world = world.checking(&[list(&chain.ca, &[7, SERIAL], 30)]);
        let report = world.examine(&chain.sent());
        assert_eq!((report.reason, report.element), (ChainReason::Revoked, Some(0)), "{kind:?}");
        assert_eq!(report.valid_until, None);
        assert!(posthouse_pki::sentence(&report).contains("is revoked"));
        // Nobody asked: nobody minds.
        assert!(World::trusting(&[&chain.root]).examine(&chain.sent()).is_accepted());
    }
}

#[test]
fn an_intermediate_that_the_roots_list_names_is_revoked() {
    for kind in Kind::ALL {
        let chain = chain_that_signs_lists(kind, &numbered, PLAIN);
        let lists = [list(&chain.root, &[SERIAL], 30), list(&chain.ca, &[], 30)];
        let report = World::trusting(&[&chain.root]).checking(&lists).examine(&chain.sent());
        assert_eq!((report.reason, report.element), (ChainReason::Revoked, Some(1)), "{kind:?}");
    }
}

#[test]
fn a_list_that_does_not_name_it_lets_it_pass_without_a_word() {
    let chain = chain_that_signs_lists(Kind::P256, PLAIN, &numbered);
    let world = World::trusting(&[&chain.root]).checking(&[list(&chain.ca, &[7], 30)]);
    let report = world.examine(&chain.sent());
    assert_eq!((report.reason, report.warnings), (ChainReason::Ok, vec![]));
}

#[test]
fn a_stale_list_still_counts_and_warns() {
    let chain = chain_that_signs_lists(Kind::P256, PLAIN, &numbered);
    let stale = |serials: &[u64]| {
        World::trusting(&[&chain.root])
            .checking(&[list(&chain.ca, serials, -1)])
            .examine(&chain.sent())
    };
    assert_eq!(stale(&[SERIAL]).reason, ChainReason::Revoked);
    let report = stale(&[]);
    assert_eq!((report.reason, report.warnings), (ChainReason::Ok, vec![ChainWarning::CrlStale]));
}

#[test]
fn a_leaf_of_which_no_list_speaks_passes_with_a_warning() {
    let chain = chain_that_signs_lists(Kind::P256, PLAIN, &numbered);
    let other = Entity::root("Other", key(Kind::P256, 0));
    for lists in [vec![], vec![list(&other, &[SERIAL], 30)], vec![list(&chain.root, &[], 30)]] {
        let report = World::trusting(&[&chain.root]).checking(&lists).examine(&chain.sent());
        assert_eq!(report.reason, ChainReason::Ok);
        assert_eq!(report.warnings, [ChainWarning::RevocationUnknown]);
    }
}

#[test]
fn a_list_of_a_namesake_or_a_damaged_one_neither_refuses_nor_hides() {
    let chain = chain_that_signs_lists(Kind::P256, PLAIN, &numbered);
    let mut namesake = chain.ca.clone();
    namesake.key = key(Kind::P256, 0);
    for useless in [list(&namesake, &[SERIAL], 30), damaged(&list(&chain.ca, &[], 30))] {
        let alone = World::trusting(&[&chain.root]).checking(std::slice::from_ref(&useless));
        let report = alone.examine(&chain.sent());
        assert_eq!(report.reason, ChainReason::Ok);
        let warnings = [ChainWarning::CrlUnusable, ChainWarning::RevocationUnknown];
        assert_eq!(report.warnings, warnings);
        let lists = [useless, list(&chain.ca, &[SERIAL], 30)];
        let report = World::trusting(&[&chain.root]).checking(&lists).examine(&chain.sent());
        assert_eq!(report.reason, ChainReason::Revoked);
    }
}

#[test]
fn a_list_by_a_ca_that_may_sign_none_is_set_aside() {
    let may_not = |ca: &mut rcgen::CertificateParams| {
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    };
    let chain = chain_that_signs_lists(Kind::P256, &may_not, &numbered);
    let mut signer = chain.ca.clone();
    signer.params.key_usages = vec![KeyUsagePurpose::CrlSign];
    let world = World::trusting(&[&chain.root]).checking(&[list(&signer, &[SERIAL], 30)]);
    let report = world.examine(&chain.sent());
    assert_eq!(report.reason, ChainReason::Ok);
    assert!(report.warnings.contains(&ChainWarning::CrlUnusable), "{report:#?}");
}

#[test]
fn of_lists_that_share_a_ca_the_one_for_this_certificate_is_asked() {
    let address = "http://ca.example/1.crl";
    let pointing = |leaf: &mut rcgen::CertificateParams| {
        numbered(leaf);
        leaf.crl_distribution_points =
            vec![CrlDistributionPoint { uris: vec![address.to_owned()] }];
    };
    let chain = chain_that_signs_lists(Kind::P256, PLAIN, &pointing);
    let other = list_of(&chain.ca, &[SERIAL], 30, Some("http://ca.example/2.crl"));
    let own = |serials: &[u64]| list_of(&chain.ca, serials, 30, Some(address));
    let report =
        |lists: &[Vec<u8>]| World::trusting(&[&chain.root]).checking(lists).examine(&chain.sent());
    assert!(report(&[other.clone(), own(&[])]).is_accepted());
    assert_eq!(report(&[own(&[SERIAL]), other.clone()]).reason, ChainReason::Revoked);
    let unknown = report(&[other]);
    assert_eq!(unknown.warnings, [ChainWarning::RevocationUnknown]);
}

#[test]
fn a_revoked_path_does_not_keep_another_one_from_being_found() {
    let chain = chain_that_signs_lists(Kind::P256, &numbered, PLAIN);
    let other_root = Entity::root("Other Root", key(Kind::P256, 0));
    let cross = other_root.issue(chain.ca.params.clone(), chain.ca.key.clone());
    let world = World::trusting(&[&chain.root, &other_root]);
    let world = world.checking(&[list(&chain.root, &[SERIAL], 30)]);
    let sent = [chain.leaf.der.clone(), chain.ca.der.clone(), cross.der];
    let report = world.examine(&sent);
    assert_eq!(report.reason, ChainReason::Ok, "{report:#?}");
    assert_eq!(report.path[2].certificate.subject, "CN=Other Root");
}

#[test]
fn a_revoked_leaf_is_revoked_through_a_copy_of_ours_too() {
    let chain = chain_that_signs_lists(Kind::P256, PLAIN, &numbered);
    let world = World::trusting(&[&chain.root]).knowing(&[&chain.ca]);
    let world = world.checking(&[list(&chain.ca, &[SERIAL], 30)]);
    let report = world.repairing().examine(&[&chain.leaf.der]);
    assert_eq!((report.reason, report.element), (ChainReason::Revoked, Some(0)), "{report:#?}");
    assert!(report.missing.is_some_and(|missing| missing.in_store));
}

#[test]
fn what_is_no_list_is_refused_as_a_whole() {
    let chain = chain_that_signs_lists(Kind::P256, PLAIN, PLAIN);
    let mut lists = RevocationLists::default();
    assert_eq!(lists.add_file(b""), Err(PkiError::NoRevocationList));
    assert!(lists.add_file(&chain.leaf.der).is_err());
    let cut = &list(&chain.ca, &[], 30)[..50];
    assert!(matches!(lists.add_file(cut), Err(PkiError::NotARevocationList { place: 0, .. })));
    assert!(lists.is_empty());
    assert_eq!(lists.add_file(&list(&chain.ca, &[], 30)), Ok(()));
    assert_eq!((lists.len(), lists.stale(NOW)), (1, 0));
}

#[test]
fn tls_03_noise_is_no_list_and_no_panic() {
    let chain = chain_that_signs_lists(Kind::P256, PLAIN, &numbered);
    let sound = list_of(&chain.ca, &[SERIAL], 30, Some("http://ca.example/1.crl"));
    for place in 0..sound.len() {
        for change in [0x00, 0x01, 0x7f, 0x80, 0xff] {
            let mut noise = sound.clone();
            noise[place] ^= change;
            let mut lists = RevocationLists::default();
            if lists.add_file(&noise).is_ok() && place % 8 == 0 {
                let world = World::trusting(&[&chain.root]).checking(&[noise]);
                world.examine(&chain.sent());
            }
        }
    }
}

#[test]
fn a_remembered_report_ends_when_a_list_is_due_or_changes() {
    let chain = chain_that_signs_lists(Kind::P256, PLAIN, &numbered);
    let (seen, sent) = (SeenChains::default(), chain.sent());
    let sent: Vec<&[u8]> = sent.iter().map(Vec::as_slice).collect();
    let lists = [list(&chain.ca, &[], 10)];
    let mut world = World::trusting(&[&chain.root]).checking(&lists);
    for (days, warnings) in [(0, vec![]), (10, vec![ChainWarning::CrlStale]), (0, vec![])] {
        world.now = UnixMillis::from_seconds(at(days).unix_timestamp());
        let report = seen.examine_cached(&sent, &world.examination());
        assert_eq!(report.warnings, warnings, "day {days}");
    }
    let revoking = World::trusting(&[&chain.root]).checking(&[list(&chain.ca, &[SERIAL], 10)]);
    let report = seen.examine_cached(&sent, &revoking.examination());
    assert_eq!(report.reason, ChainReason::Revoked);
    let unasked = World::trusting(&[&chain.root]);
    assert!(seen.examine_cached(&sent, &unasked.examination()).is_accepted());
}

#[test]
fn a_remembered_report_ends_when_a_copy_of_ours_becomes_valid() {
    let chain = chain_that_signs_lists(Kind::P256, &|ca| ca.not_before = at(5), PLAIN);
    let (seen, sent) = (SeenChains::default(), [chain.leaf.der.as_slice()]);
    let mut world = World::trusting(&[&chain.root]).knowing(&[&chain.ca]).repairing();
    for (days, is_accepted) in [(0, false), (5, true), (0, false)] {
        world.now = UnixMillis::from_seconds(at(days).unix_timestamp());
        let report = seen.examine_cached(&sent, &world.examination());
        assert_eq!(report.is_accepted(), is_accepted, "day {days}");
    }
    world.mode = posthouse_types::ChainMode::AsSent;
    world.now = UnixMillis::from_seconds(at(5).unix_timestamp());
    assert!(!seen.examine_cached(&sent, &world.examination()).is_accepted(), "another rule");
}
