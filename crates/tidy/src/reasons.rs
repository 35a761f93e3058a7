//! One reason, one page: every id of the vocabulary has `docs/reasons/<id>.md`, and no page is
//! left without an id.
//!
//! Reads the tree and `posthouse_types::Reason`. A page that lacks a section fails by name.

use std::collections::BTreeSet;

use posthouse_types::Reason;

use crate::tree::{assert_none, files};

/// The sections that an administrator looks for, in this order, on every page.
const SECTIONS: [&str; 4] = ["**What you see**", "**Why**", "**How to mend it**", "**Check**"];

/// Where the pages are.
const FOLDER: &str = "docs/reasons/";

#[test]
fn every_reason_has_a_page_and_every_page_a_reason() {
    let ids: BTreeSet<_> = Reason::all().map(|reason| reason.id().to_owned()).collect();
    let pages: BTreeSet<_> = pages().into_iter().map(|(id, _)| id).collect();
    let missing = ids.difference(&pages).map(|id| format!("{FOLDER}{id}.md is missing"));
    let orphans = pages.difference(&ids).map(|id| format!("{FOLDER}{id}.md has no reason"));
    assert_none("reasons and pages differ:", &missing.chain(orphans).collect::<Vec<_>>());
}

#[test]
fn every_page_has_its_sections_in_order() {
    let mut findings = Vec::new();
    for (id, text) in pages() {
        if text.lines().next() != Some(&format!("# {id}")) {
            findings.push(format!("{id}: the first line is not `# {id}`"));
        }
        let meaning = text.split("\n\n").nth(1).unwrap_or_default();
        if !meaning.ends_with('.') || meaning.starts_with("**") {
            findings.push(format!("{id}: no sentence of meaning below the title"));
        }
        let places: Vec<_> = SECTIONS.iter().map(|section| text.find(section)).collect();
        for (section, place) in SECTIONS.iter().zip(&places) {
            if place.is_none() {
                findings.push(format!("{id}: no {section}"));
            }
        }
        if !places.is_sorted() {
            findings.push(format!("{id}: sections in another order"));
        }
    }
    assert_none("pages that are not as an administrator expects:", &findings);
}

#[test]
fn every_page_is_in_the_index_once() {
    let index = files().into_iter().find(|file| file.path == format!("{FOLDER}README.md")).unwrap();
    let findings: Vec<_> = Reason::all()
        .map(|reason| format!("]({}.md)", reason.id()))
        .filter(|link| index.text.matches(link).count() != 1)
        .collect();
    assert_none("not exactly once in docs/reasons/README.md:", &findings);
}

/// The pages, by id.
fn pages() -> Vec<(String, String)> {
    files()
        .into_iter()
        .filter_map(|file| {
            let id = file.path.strip_prefix(FOLDER)?.strip_suffix(".md")?.to_owned();
            (id != "README").then_some((id, file.text))
        })
        .collect()
}
