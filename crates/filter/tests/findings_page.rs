//! `docs/findings.md` lists every kind of finding; it is made from the code.
//!
//! With `POSTHOUSE_WRITE_DOCS=1` in the environment the test writes the page instead of comparing.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use posthouse_filter::finding_kinds;
use posthouse_types::{Concern, FindingKind, Force};

/// The concerns in the order of the page, each with its heading.
const SECTIONS: &[(Concern, &str)] = &[
    (Concern::Malware, "Malware"),
    (Concern::Phish, "Phishing and fraud"),
    (Concern::Spoof, "Who the sender claims to be"),
    (Concern::Spam, "Spam"),
    (Concern::Bulk, "Bulk mail"),
    (Concern::Ambiguity, "Structure that two readers read differently"),
    (Concern::Trust, "What speaks for a message, or only informs"),
];

#[test]
fn the_page_lists_what_the_code_knows() {
    let page = page();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/findings.md");
    if std::env::var_os("POSTHOUSE_WRITE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written == page, "docs/findings.md is old: run this test with POSTHOUSE_WRITE_DOCS=1");
}

#[test]
fn every_kind_has_its_own_id_and_both_languages_with_the_same_arguments() {
    let mut ids = BTreeSet::new();
    for kind in finding_kinds() {
        assert!(ids.insert(kind.id), "{} is there twice", kind.id);
        let is_kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(kind.id.chars().all(is_kebab), "{}", kind.id);
        assert!(!kind.en.is_empty() && !kind.de.is_empty(), "{}", kind.id);
        assert_eq!(arguments(kind.en), arguments(kind.de), "{}", kind.id);
    }
}

fn arguments(template: &str) -> BTreeSet<&str> {
    template.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
}

fn page() -> String {
    let mut page = String::from(
        "# Findings\n\n\
         What the filter may find in a message. A weight is in natural logarithms of odds: +0.7 \
         doubles the odds\n\
         that the message is bad, +2.3 makes them ten times as high, a negative weight speaks for \
         it. *decides*:\n\
         the finding alone makes the verdict. *graded*: the weight depends on what exactly was \
         found.\n\
         `posthouse explain REF` shows those of one message; their weights add up to its score.\n",
    );
    for (concern, heading) in SECTIONS {
        let mut kinds: Vec<_> = finding_kinds().filter(|kind| kind.concern == *concern).collect();
        kinds.sort_by_key(|kind| kind.id);
        if kinds.is_empty() {
            continue;
        }
        let _ = write!(page, "\n## {heading}\n\n| id | weight | meaning |\n|---|---|---|\n");
        for kind in kinds {
            let _ = writeln!(page, "| `{}` | {} | {} |", kind.id, weight(kind), kind.en);
        }
    }
    page
}

fn weight(kind: &FindingKind) -> String {
    match kind.force {
        Force::Decisive => "decides".to_owned(),
        Force::Weight(weight) => format!("{weight:+.1}"),
        Force::Informs => "informs".to_owned(),
    }
}
