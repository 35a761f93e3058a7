//! The public suite of SPF (RFC 7208, two copies) and its predecessor (RFC 4408), each scenario
//! against a name server on loopback that holds the scenario's zone.

use std::collections::BTreeSet;

use posthouse_lookup::{AuthenticationLimits, Authenticator, Submission};
use posthouse_types::SpfFact;
use yaml_rust2::Yaml;

use crate::corpus;
use crate::dns::{Dns, Said, Zone};

/// Cases of RFC 7208's suite in which our result is not an expected one; `docs/authentication.md`
/// explains each.
const DIFFERENCES: &[&str] = &["null-text"];

#[tokio::test]
async fn every_case_of_the_spf_suite_is_as_expected() {
    for (file, count) in [
        ("rfc7208-tests.yml", 200),
        ("rfc7208-tests-2014-05.yml", 193),
        ("rfc4408-tests.yml", 191),
        ("rfc7208-tests.pyspf.yml", 203),
    ] {
        let Some(documents) = corpus::yaml("spf", &format!("suites/spf/{file}")) else { return };
        let (ran, wrong) = run(&documents).await;
        assert_eq!(ran, count, "{file}");
        let wrong: Vec<_> =
            wrong.iter().filter(|line| !DIFFERENCES.iter().any(|d| line.starts_with(d))).collect();
        assert!(wrong.is_empty(), "{file}: {wrong:#?}");
    }
}

/// Runs all scenarios; gives the number of cases, and a line for each that differs.
async fn run(documents: &[Yaml]) -> (usize, Vec<String>) {
    let (mut ran, mut wrong) = (0, Vec::new());
    for document in documents.iter().filter(|document| !document["tests"].is_badvalue()) {
        let dns = Dns::serve(zone(&document["zonedata"])).await;
        let authenticator =
            Authenticator::new(dns.resolver.clone(), AuthenticationLimits::default());
        for (name, case) in document["tests"].as_hash().unwrap() {
            ran += 1;
            let fact = ask(&authenticator, case).await;
            if let Some(difference) = difference(case, &fact) {
                wrong.push(format!("{}: {difference}: {fact:?}", name.as_str().unwrap()));
            }
        }
    }
    (ran, wrong)
}

async fn ask(authenticator: &Authenticator, case: &Yaml) -> SpfFact {
    let mail_from = case["mailfrom"].as_str().unwrap_or_default();
    let submission = Submission {
        client: case["host"].as_str().unwrap().parse().unwrap(),
        helo: case["helo"].as_str().unwrap_or_default(),
        mail_from,
        message: b"",
        node_name: "receiver.example",
    };
    authenticator.spf(&submission).await
}

fn difference(case: &Yaml, fact: &SpfFact) -> Option<String> {
    let expected: BTreeSet<&str> = match &case["result"] {
        Yaml::Array(results) => results.iter().filter_map(Yaml::as_str).collect(),
        result => result.as_str().into_iter().collect(),
    };
    if !expected.contains(fact.result.as_str()) {
        return Some(format!("expected {expected:?}"));
    }
    let explanation = case["explanation"].as_str().filter(|text| *text != "DEFAULT")?;
    let is_expected = fact.explanation.as_deref() == Some(explanation);
    (!is_expected).then(|| format!("expected the explanation {explanation:?}"))
}

fn zone(data: &Yaml) -> Zone {
    let mut zone = Zone::default();
    for (name, records) in data.as_hash().unwrap() {
        let name = name.as_str().unwrap();
        let records = records.as_vec().unwrap();
        let has_txt = records.iter().any(|record| !record["TXT"].is_badvalue());
        for record in records {
            if record.as_str() == Some("TIMEOUT") {
                zone.add(name, Said::Fails);
                continue;
            }
            for (kind, value) in record.as_hash().unwrap() {
                match (kind.as_str().unwrap(), value) {
                    // A record of the abandoned type SPF stands for TXT where no TXT is given.
                    ("SPF", value) if !has_txt => add_text(&mut zone, name, value),
                    ("SPF", _) => {}
                    ("TXT", value) => add_text(&mut zone, name, value),
                    ("A", value) => {
                        zone.add(name, Said::A(value.as_str().unwrap().parse().unwrap()));
                    }
                    ("AAAA", value) => {
                        zone.add(name, Said::Aaaa(value.as_str().unwrap().parse().unwrap()));
                    }
                    ("PTR", value) => zone.add(name, Said::Ptr(value.as_str().unwrap().into())),
                    ("CNAME", value) => zone.add(name, Said::Cname(value.as_str().unwrap().into())),
                    ("MX", value) => {
                        let preference = u16::try_from(value[0].as_i64().unwrap()).unwrap();
                        let host = value[1].as_str().unwrap();
                        let host = if host.is_empty() { "." } else { host };
                        zone.add(name, Said::Mx(preference, host.to_owned()));
                    }
                    (other, _) => panic!("{name} has {other}"),
                }
            }
        }
    }
    zone
}

fn add_text(zone: &mut Zone, name: &str, value: &Yaml) {
    let octets = |text: &str| text.as_bytes().to_vec();
    match value {
        Yaml::String(text) if text == "NONE" => {}
        Yaml::String(text) => zone.add(name, Said::Txt(vec![octets(text)])),
        Yaml::Array(pieces) => {
            let pieces = pieces.iter().map(|piece| octets(piece.as_str().unwrap())).collect();
            zone.add(name, Said::Txt(pieces));
        }
        other => panic!("{name}: {other:?}"),
    }
}
