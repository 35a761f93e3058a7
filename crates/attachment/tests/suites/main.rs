//! The malware suite of the shared corpus: every message gets the verdict that stands there.
//!
//! Reads ../shared/corpus/suites.tar.zst from the repository's root. Where it is absent, the test
//! says so and passes, except with CI=true.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect should stop there"
)]

use std::path::Path;
use std::process::Command;

use posthouse_attachment::{
    AttachmentLimits, Attachments, DEFAULT_BLOCKED_TYPES, Extra, blocked_types, examine,
};
use posthouse_mime::{MimeLimits, Reading, read};

/// The suites, unpacked into the target folder; none where the corpus is not at hand.
fn suite() -> Option<std::path::PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let packed = root.join("../shared/corpus/suites.tar.zst");
    if !packed.is_file() {
        assert!(std::env::var_os("CI").is_none(), "{} is absent", packed.display());
        eprintln!("not run: {} is absent", packed.display());
        return None;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("malware-suite");
    std::fs::create_dir_all(&folder).unwrap();
    let status = Command::new("tar")
        .args(["--zstd", "-xf"])
        .arg(&packed)
        .arg("-C")
        .arg(&folder)
        .arg("suites/malware")
        .status()
        .unwrap();
    assert!(status.success());
    Some(folder.join("suites/malware"))
}

/// The words of `expected.json` that hold for a message.
fn verdicts(reading: &Reading, found: &Attachments) -> Vec<&'static str> {
    let has = |id: &str| found.findings.iter().any(|finding| finding.kind.id == id);
    let mut words = Vec::new();
    let mut when = |holds: bool, word| {
        if holds {
            words.push(word);
        }
    };
    when(has("eicar-test-file"), "malware");
    when(has("gtube-test-string"), "spam");
    when(blocked_types(found, &DEFAULT_BLOCKED_TYPES).is_some(), "blocked-ext");
    when(has("encrypted-archive"), "encrypted-archive");
    when(has("archive-depth"), "depth-limit");
    when(has("archive-bomb") && !found.is_complete, "limit-hit");
    when(has("macros"), "macro-document");
    when(has("html-smuggling"), "html-smuggling");
    when(!reading.findings.is_empty(), "malformed");
    if found.findings.is_empty() && words.is_empty() {
        words.push("clean");
    }
    words
}

#[test]
fn every_message_of_the_malware_suite_is_judged_as_expected() {
    let Some(folder) = suite() else { return };
    let expected = std::fs::read(folder.join("expected.json")).unwrap();
    let expected: serde_json::Value = serde_json::from_slice(&expected).unwrap();
    let mut wrong = Vec::new();
    for (name, row) in expected.as_object().unwrap() {
        let message = std::fs::read(folder.join(name)).unwrap();
        let reading = read(&message, &MimeLimits::default());
        let found = examine(&reading, &AttachmentLimits::default(), &Extra::default());
        let words = verdicts(&reading, &found);
        let wanted = row["expected"].as_str().unwrap();
        // "a+b" wants both, "a-or-b" one of them.
        let right = wanted.split("-or-").any(|all| all.split('+').all(|one| words.contains(&one)));
        if !right {
            wrong.push(format!("{name}: {wanted}, but {words:?} {:?}", found.findings));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(expected.as_object().unwrap().len() >= 40);
}
