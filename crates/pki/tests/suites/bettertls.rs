//! BetterTLS: 9,491 cases of name constraints and 81 of finding a path. Our verdict is the expected
//! one in all of them.

use crate::{Case, corpus, moment};

/// When the suite's certificates are valid.
const NOW: &str = "2026-11-24T00:00:00Z";

#[test]
fn every_case_of_bettertls_is_as_expected() {
    let Some(suite) = corpus::suite("bettertls", "x509-bettertls.json.zst") else { return };
    let roots = [corpus::unarmoured(&suite["trustRoot"])];
    for (part, count) in [("nameconstraints", 9_491), ("pathbuilding", 81)] {
        let cases = suite["suites"][part]["testCases"].as_array().unwrap();
        assert_eq!(cases.len(), count);
        for case in cases {
            let presented = case["certificates"].as_array().unwrap();
            let presented: Vec<_> = presented.iter().map(corpus::unarmoured).collect();
            let name = case["hostname"].as_str();
            let report = Case { presented: &presented, roots: &roots, name }.judge(moment(NOW));
            let is_expected = (case["expected"] == "ACCEPT") == report.is_accepted();
            assert!(is_expected, "{part} {}: {report:#?}", case["id"]);
        }
    }
}
