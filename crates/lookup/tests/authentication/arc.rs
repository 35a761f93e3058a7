//! The public suite of ARC's validation (171 cases), each scenario with its keys on loopback.

use posthouse_types::ArcResult;

use crate::corpus;
use crate::dns::{Dns, Zone};
use crate::rows::facts;

/// Cases in which our result is not the expected one; `docs/authentication.md` explains each.
const DIFFERENCES: &[&str] = &["ams_fields_c_na"];

#[tokio::test]
async fn every_case_of_the_arc_suite_is_as_expected() {
    let member = "suites/arc/arc-draft-validation-tests.yml";
    let Some(documents) = corpus::yaml("arc", member) else { return };
    let (mut ran, mut wrong) = (0, Vec::new());
    for document in documents.iter().filter(|document| !document["tests"].is_badvalue()) {
        let mut zone = Zone::default();
        if let Some(records) = document["txt-records"].as_hash() {
            for (name, text) in records {
                zone = zone.txt(name.as_str().unwrap(), text.as_str().unwrap().trim());
            }
        }
        let dns = Dns::serve(zone).await;
        for (name, case) in document["tests"].as_hash().unwrap() {
            ran += 1;
            let name = name.as_str().unwrap();
            let message = case["message"].as_str().unwrap_or_default().replace('\n', "\r\n");
            let arc = facts(&dns, &message).await.arc;
            // An empty expectation stands where the newest seal itself says cv=fail.
            let expected = match case["cv"].as_str().unwrap_or_default().trim() {
                "Pass" => ArcResult::Pass,
                "None" => ArcResult::None,
                "Fail" | "" => ArcResult::Fail,
                other => panic!("{name}: {other}"),
            };
            if arc.result != expected && !DIFFERENCES.contains(&name) {
                wrong.push(format!(
                    "{name}: expected {expected:?}: {:?} {}",
                    arc.result, arc.reason
                ));
            }
        }
    }
    // 171 names; four of them stand twice with different messages.
    assert_eq!(ran, 175);
    assert!(wrong.is_empty(), "{} {wrong:#?}", wrong.len());
}
