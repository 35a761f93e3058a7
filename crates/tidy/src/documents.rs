//! Documents keep their promises: links lead somewhere, named files exist, examples are TOML.
//!
//! Reads the tree only; links to the web are not followed.

use crate::scan::line_of;
use crate::tree::{assert_none, files, files_ending, root};

#[test]
fn every_local_link_leads_somewhere() {
    let mut findings = Vec::new();
    for file in files_ending(".md") {
        let folder = root().join(&file.path).parent().unwrap().to_owned();
        for (at, _) in file.text.match_indices("](") {
            let target = file.text[at + 2..].split([')', ' ']).next().unwrap_or_default();
            let path = target.split('#').next().unwrap_or_default();
            let is_local =
                !path.is_empty() && !path.contains("://") && !path.starts_with("mailto:");
            if is_local && !folder.join(path).exists() {
                findings.push(format!("{}:{} {target}", file.path, line_of(&file.text, at)));
            }
        }
    }
    assert_none("links that lead nowhere:", &findings);
}

#[test]
fn every_file_that_a_document_names_exists() {
    let mut findings = Vec::new();
    for file in files_ending(".md") {
        let quoted = file.text.split('`').skip(1).step_by(2);
        for name in quoted.filter(|name| is_path(name)) {
            if !root().join(name).exists() {
                findings.push(format!("{} names {name}", file.path));
            }
        }
    }
    assert_none("files that documents name and that are not there:", &findings);
}

#[test]
fn every_protocol_that_is_spoken_names_where() {
    let table = files().into_iter().find(|file| file.path == "docs/protocols.md").unwrap();
    let rows: Vec<_> = table
        .text
        .lines()
        .filter(|line| line.starts_with("| RFC ") && !line.starts_with("| RFC |"))
        .collect();
    assert!(rows.len() > 20, "docs/protocols.md has {} rows", rows.len());
    let mut findings = Vec::new();
    for row in rows {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [_, _, state, place, _] = cells[..] else {
            findings.push(format!("not five cells: {row}"));
            continue;
        };
        if !["yes", "partial", "no"].contains(&state) {
            findings.push(format!("neither yes, partial nor no: {row}"));
        }
        if state != "no" && !place.contains("`crates/") {
            findings.push(format!("no file named: {row}"));
        }
    }
    assert_none("rows of docs/protocols.md:", &findings);
}

#[test]
fn every_example_is_toml() {
    let examples: Vec<_> =
        files_ending(".toml").into_iter().filter(|f| f.path.starts_with("examples/")).collect();
    assert!(examples.len() >= 4);
    let findings = examples.iter().filter_map(|file| {
        file.text.parse::<toml::Table>().err().map(|error| format!("{}: {error}", file.path))
    });
    assert_none("examples that cannot be read:", &findings.collect::<Vec<_>>());
}

/// Whether words in backticks are a path of this repository.
fn is_path(name: &str) -> bool {
    let starts = ["crates/", "docs/", "examples/", "packaging/", "tests/"];
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    starts.iter().any(|start| name.starts_with(start)) && name.chars().all(is_plain)
}
