//! Fixtures, and the way from files to a verdict.

use std::path::PathBuf;

use posthouse_evidence::{Collector, Facts, Verdict, judge};

/// The folder of the fixtures.
fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// The names of all fixtures, in order.
pub(crate) fn fixtures() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// One fixture.
pub(crate) fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap()
}

/// The facts of files in memory, read in pieces of some size.
pub(crate) fn facts(files: &[(&str, &[u8])], piece: usize) -> Facts {
    let mut collector = Collector::new();
    for (name, bytes) in files {
        let mut file = collector.open(name);
        for piece in bytes.chunks(piece) {
            collector.push(&mut file, piece);
        }
        collector.close(file);
    }
    collector.facts()
}

/// The verdict on fixtures.
#[allow(dead_code, reason = "not every test program judges fixtures")]
pub(crate) fn verdict(names: &[&str]) -> Verdict {
    let files: Vec<_> = names.iter().map(|name| (*name, bytes(name))).collect();
    let files: Vec<_> = files.iter().map(|(name, bytes)| (*name, &bytes[..])).collect();
    judge(&facts(&files, 1000))
}
