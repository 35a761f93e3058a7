//! Fuzz target: evidence files of every kind, whole and in pieces. A few thousand inputs in
//! `make test`, ten minutes in `make soak`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect should stop there"
)]

#[path = "../../../tests/fuzz/harness.rs"]
mod harness;
mod support;

use std::time::Duration;

use harness::{Target, fuzz, trait_of};
use posthouse_evidence::limits::VERDICT_BYTES_MAX;
use posthouse_evidence::{Facts, judge};
use support::{bytes, facts, fixtures};

/// Longest time for one file of at most 200 KiB; it takes milliseconds.
const TIME_MAX: Duration = Duration::from_secs(5);

/// Piece of a file that is pushed at a time: small, so that each cut falls somewhere.
const PIECE_BYTES: usize = 1021;

fn look_at(facts: &Facts) -> u64 {
    let verdict = judge(facts);
    let json = verdict.json();
    let value: serde_json::Value = serde_json::from_str(&json).expect("the verdict is JSON");
    assert!(!json.contains(['\n', '\r']), "one line");
    assert!(json.len() < VERDICT_BYTES_MAX, "{} bytes", json.len());
    let text = verdict.text();
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    let kinds: Vec<String> = value["files"]
        .as_array()
        .map(|files| files.iter().map(|file| file["kind"].to_string()).collect())
        .unwrap_or_default();
    trait_of((
        verdict.cause,
        verdict.confidence.id(),
        verdict.candidates.iter().map(|candidate| candidate.cause).collect::<Vec<_>>(),
        verdict.proof.len().min(12),
        kinds,
        value["notes"].as_array().map_or(0, |notes| notes.len().min(6)),
    ))
}

#[test]
fn fuzz_evidence_files() {
    let seeds: Vec<Vec<u8>> = fixtures().iter().map(|name| bytes(name)).collect();
    let companion = bytes("send-well.log");
    fuzz(Target {
        name: "evidence-files",
        seeds,
        time_max: TIME_MAX,
        run: &|bytes| {
            // Alone, and beside another file that it may be joined with.
            let alone = look_at(&facts(&[("x", bytes)], PIECE_BYTES));
            let joined = look_at(&facts(&[("x", bytes), ("y", &companion)], usize::MAX));
            trait_of((alone, joined))
        },
    });
}
