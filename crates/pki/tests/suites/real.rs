//! The chains of 14 well-known hosts, as they were sent, and with one fault made into each: 70 cases.

use posthouse_pki::{Examination, KnownIntermediate, examine};
use posthouse_types::{ChainMode, ChainReason, ChainWarning};
use serde_json::Value;

use crate::{Case, corpus, moment};

#[test]
fn the_faults_made_into_real_chains_are_named() {
    let test = "real-chain-faults";
    let Some(cases) = corpus::archived(test, "suites/x509/real_chain_faults.json") else { return };
    let Some(limbo) = corpus::suite(test, "x509-limbo.json.zst") else { return };
    let cases = cases.as_array().unwrap();
    assert_eq!(cases.len(), 70);
    for case in cases {
        let id = format!("online::{}", case["host"].as_str().unwrap());
        let whole = limbo["testcases"].as_array().unwrap().iter().find(|one| one["id"] == *id);
        assert_fault(case, &corpus::certificates(&whole.unwrap()["trusted_certs"]));
    }
}

fn assert_fault(case: &Value, roots: &[Vec<u8>]) {
    let id = case["id"].as_str().unwrap();
    let (_, fault) = id.rsplit_once("::").unwrap();
    let presented = corpus::certificates(&case["presented"]);
    let now = moment(case["validation_time"].as_str().unwrap());
    let one = Case { presented: &presented, roots, name: None };
    let report = one.judge(now);
    let expected = match fault {
        "full" | "extra-duplicate" => ChainReason::Ok,
        "missing-intermediate" | "missing-on-wire-in-store" => ChainReason::ChainIncomplete,
        "reversed" => ChainReason::UsageNotPermitted,
        _ => panic!("{id}"),
    };
    assert_eq!(report.reason, expected, "{id}: {report:#?}");
    if fault == "reversed" {
        assert!(report.warnings.contains(&ChainWarning::OutOfOrder), "{id}: {report:#?}");
    }
    if fault.starts_with("missing") {
        let missing = report.missing.as_ref().unwrap();
        assert_eq!(missing.subject, report.presented[0].issuer, "{id}");
        assert_eq!(missing.key_id, report.presented[0].authority_key_id, "{id}");
        assert_eq!(missing.get, report.presented[0].ca_issuers, "{id}");
    }
    let store = corpus::certificates(&case["local_intermediate_store"]);
    let known: Vec<_> = store.iter().map(|der| KnownIntermediate::from_der(der).unwrap()).collect();
    let of_mode = |chain| {
        one.examine(|examination| {
            examine(&one.slices(), &Examination { now, known: &known, chain, ..examination })
        })
    };
    // What our store holds informs, and counts with chain = "repair" alone.
    assert_eq!(of_mode(ChainMode::AsSent).reason, expected, "{id}");
    let repaired = of_mode(ChainMode::Repair);
    if fault == "missing-on-wire-in-store" {
        assert!(repaired.is_accepted(), "{id}: {repaired:#?}");
        assert!(repaired.warnings.contains(&ChainWarning::CompletedFromStore));
        assert!(repaired.missing.unwrap().in_store);
    } else {
        assert_eq!(repaired.reason, expected, "{id}");
    }
}
