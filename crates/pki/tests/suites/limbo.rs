//! x509-limbo: 208 cases of RFC 5280, of what public CAs agreed on beyond it, and of attacks. Our
//! verdict is the expected one in 140; the others are listed here by their cause.

use std::collections::BTreeSet;

use posthouse_pki::{Examination, RevocationLists};
use posthouse_types::ChainReport;
use serde_json::Value;

use crate::{Case, corpus, moment};

/// Cases in which our verdict is not the expected one, by cause. `docs/x509.md` explains each cause
/// under the same name.
const DIFFERENCES: &[(&str, &[&str])] = &[
    // What a root says of itself is not looked at: being trusted is what counts.
    (
        "root",
        &[
            "rfc5280::aki::critical-aki",
            "rfc5280::aki::cross-signed-root-missing-aki",
            "rfc5280::nc::permitted-dns-match-noncritical",
            "rfc5280::nc::invalid-dnsname-leading-period",
            "rfc5280::ski::critical-ski",
            "rfc5280::ski::root-missing-ski",
            "rfc5280::validity::expired-root",
            "rfc5280::ca-empty-subject",
            "rfc5280::unknown-critical-extension-root",
            "rfc5280::root-missing-basic-constraints",
            "rfc5280::root-non-critical-basic-constraints",
            "rfc5280::root-inconsistent-ca-extensions",
            "webpki::aki::root-with-aki-missing-keyidentifier",
            "webpki::aki::root-with-aki-authoritycertissuer",
            "webpki::aki::root-with-aki-authoritycertserialnumber",
            "webpki::aki::root-with-aki-all-fields",
            "webpki::aki::root-with-aki-ski-mismatch",
            "webpki::eku::root-has-eku",
            "webpki::forbidden-rsa-not-divisible-by-8-in-root",
        ],
    ),
    // Usages are judged by the rule for mail: none, or one of three.
    (
        "usage",
        &[
            "rfc5280::eku::ee-wrong-eku",
            "webpki::eku::ee-anyeku",
            "webpki::eku::ee-critical-eku",
            "webpki::eku::ee-without-eku",
        ],
    ),
    // The leaf's own key signs nothing on the path; a handshake with it fails, or is sound.
    (
        "leaf-key",
        &[
            "webpki::forbidden-p192-leaf",
            "webpki::forbidden-dsa-leaf",
            "webpki::forbidden-weak-rsa-in-leaf",
            "webpki::forbidden-rsa-key-not-divisible-by-8-in-leaf",
        ],
    ),
    // Constraints on e-mail addresses and directory names refuse whatever they are on, as do those on names of a CA that issued itself a certificate.
    (
        "constraints",
        &[
            "rfc5280::nc::permitted-dn-match",
            "rfc5280::nc::permitted-self-issued",
            "rfc5280::nc::nc-permits-email-exact",
            "rfc5280::nc::nc-permits-email-domain",
            "rfc5280::nc::nc-permits-email-literal-asterisk-exact-match",
            "rfc5280::nc::nc-permits-email-literal-double-asterisk",
            "rfc5280::nc::nc-permits-email-literal-mid-asterisk",
        ],
    ),
    // A CA's own certificate may not act as the leaf.
    ("ca-as-leaf", &["pathlen::validation-ignores-pathlen-in-leaf", "rfc5280::ca-as-leaf"]),
    // A CA's certificate for itself counts against a path length.
    ("self-issued", &["pathlen::self-issued-certs-pathlen"]),
    // The depth is fixed at six intermediates and cannot be asked for.
    ("depth", &["pathlen::max-chain-depth-0-exhausted", "pathlen::max-chain-depth-1-exhausted"]),
    // A wildcard below a public suffix is a matter for CAs; attribution does not follow it.
    (
        "public-suffix",
        &[
            "webpki::san::public-suffix-multi-label-wildcard-san",
            "webpki::san::public-suffix-private-namespace-wildcard-san",
        ],
    ),
    // A revocation list that breaks a rule for lists is asked all the same, or set aside with a warning.
    (
        "lists",
        &["crl::crlnumber-missing", "crl::crlnumber-critical", "crl::issuer-missing-crlsign"],
    ),
    // Rules on how a CA has to issue, which do not touch what the path proves.
    (
        "issuance",
        &[
            "rfc5280::aki::leaf-missing-aki",
            "rfc5280::aki::intermediate-missing-aki",
            "rfc5280::nc::not-allowed-in-ee-noncritical",
            "rfc5280::nc::not-allowed-in-ee-critical",
            "rfc5280::pc::ica-noncritical-pc",
            "rfc5280::san::noncritical-with-empty-subject",
            "rfc5280::san::underscore-dns",
            "rfc5280::serial::too-long",
            "rfc5280::serial::zero",
            "rfc5280::ski::intermediate-missing-ski",
            "rfc5280::leaf-ku-keycertsign",
            "webpki::cn::ipv4-hex-mismatch",
            "webpki::cn::ipv4-leading-zeros-mismatch",
            "webpki::cn::ipv6-uppercase-mismatch",
            "webpki::cn::ipv6-uncompressed-mismatch",
            "webpki::cn::ipv6-non-rfc5952-mismatch",
            "webpki::cn::punycode-not-in-san",
            "webpki::cn::utf8-vs-punycode-mismatch",
            "webpki::cn::not-in-san",
            "webpki::cn::case-mismatch",
            "webpki::nc::intermediate-permitted-excluded-subtrees-both-null",
            "webpki::nc::intermediate-permitted-excluded-subtrees-both-empty-sequences",
            "webpki::san::san-critical-with-nonempty-subject",
            "webpki::malformed-aia",
        ],
    ),
];

#[test]
fn every_case_of_x509_limbo_is_as_expected_or_explained() {
    let Some(suite) = corpus::suite("x509-limbo", "x509-limbo.json.zst") else { return };
    let cases = suite["testcases"].as_array().unwrap();
    assert_eq!(cases.len(), 208);
    let explained: BTreeSet<&str> =
        DIFFERENCES.iter().flat_map(|(_, ids)| ids.iter().copied()).collect();
    let is_other =
        |case: &&Value| (case["expected_result"] == "SUCCESS") != report(case).is_accepted();
    let others = cases.iter().filter(is_other).map(|case| case["id"].as_str().unwrap());
    assert_eq!(others.collect::<BTreeSet<_>>(), explained);
}

#[test]
fn each_cause_of_a_difference_has_its_place_in_the_documentation() {
    let page = include_str!("../../../../docs/x509.md");
    for (cause, ids) in DIFFERENCES {
        assert!(page.contains(&format!("| {cause} | {} |", ids.len())), "{cause}: {}", ids.len());
    }
}

fn report(case: &Value) -> ChainReport {
    let mut presented = vec![corpus::certificate(&case["peer_certificate"])];
    presented.extend(corpus::certificates(&case["untrusted_intermediates"]));
    let roots = corpus::certificates(&case["trusted_certs"]);
    let asked = &case["expected_peer_name"];
    let is_host = matches!(asked["kind"].as_str(), Some("DNS" | "IP"));
    let name = asked["value"].as_str().filter(|_| is_host);
    // Cases without a moment of their own are about certificates that are long-lived.
    let now = moment(case["validation_time"].as_str().unwrap_or("2026-06-01T00:00:00Z"));
    let one = Case { presented: &presented, roots: &roots, name };
    let lists = case["crls"].as_array().unwrap();
    if lists.is_empty() {
        return one.judge(now);
    }
    let mut crls = RevocationLists::default();
    for list in lists {
        crls.add_file(list.as_str().unwrap().as_bytes()).unwrap();
    }
    one.examine(|examination| {
        let examination = Examination { now, crls: Some(&crls), ..examination };
        posthouse_pki::examine(&one.slices(), &examination)
    })
}
