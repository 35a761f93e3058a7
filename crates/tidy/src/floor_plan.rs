//! The floor plan: which room may know which, and what a room that thinks may not touch.
//!
//! Reads manifests and sources. A new crate fails here until it has a level in [`LEVELS`].

use crate::scan::{code_only, line_of, without_tests};
use crate::tree::{assert_none, files, sources};

/// Each crate with its level. An arrow of dependency points to a lower level, never sideways.
const LEVELS: &[(&str, u8)] = &[
    ("types", 0),
    ("smtp", THINKS),
    ("message", THINKS),
    ("pki", THINKS),
    ("policy", THINKS),
    ("queue", THINKS),
    ("trace", THINKS),
    ("mime", THINKS),
    ("evidence", CONCLUDES),
    ("attachment", CONCLUDES),
    ("content", CONCLUDES),
    ("classifier", CONCLUDES),
    ("filter", JUDGES),
    ("store", 4),
    ("lookup", 5),
    ("admin", 6),
    ("posthouse", 7),
    ("bench", 8),
    ("tidy", 8),
];

/// The rooms that think: bytes, facts and `now` in, steps and verdicts out.
const THINKS: u8 = 1;
/// Rooms that think with what other thinking rooms know; they reach outside no more than those.
const CONCLUDES: u8 = 2;
/// The room that weighs what all of those found.
const JUDGES: u8 = 3;

/// Libraries that reach outside, which the rooms that think may not even link.
const OUTSIDE_LIBRARIES: &[&str] = &[
    "getrandom",
    "hickory-resolver",
    "libc",
    "rand",
    "rusqlite",
    "rustix",
    "rustls-native-certs",
    "socket2",
    "tempfile",
    "tokio",
    "tokio-rustls",
    "tracing",
];

/// Words of the standard library that reach outside, or need someone else to run them.
const OUTSIDE_WORDS: &[&str] = &[
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "ToSocketAddrs",
    "UnixStream",
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "std::os::",
    "env::var",
    "fs::read",
    "fs::write",
    "File::open",
    "SystemTime::now",
    "Instant::now",
    "thread::",
    "stdin(",
    "stdout(",
    "println!",
    "eprintln!",
    "async fn",
    ".await",
    "static mut",
    "RandomState",
];

#[test]
fn every_crate_has_a_level() {
    let unknown = manifests().into_iter().filter(|room| level(&room.name).is_none());
    let unknown: Vec<_> = unknown.map(|room| format!("crates/{}", room.name)).collect();
    assert_none("crates without a place in the floor plan (LEVELS):", &unknown);
}

#[test]
fn dependencies_point_down_only() {
    let mut findings = Vec::new();
    for room in manifests() {
        let from = level(&room.name).unwrap_or(u8::MAX);
        let known = room.dependencies.iter().filter_map(|name| name.strip_prefix("posthouse-"));
        for to in known {
            if level(to).is_none_or(|to| to >= from) {
                findings.push(format!("crates/{} depends on {to}", room.name));
            }
        }
    }
    assert_none("dependencies that do not point down:", &findings);
}

#[test]
fn the_nouns_depend_on_nothing() {
    let types = manifests().into_iter().find(|room| room.name == "types").unwrap();
    assert_none("crates/types is std only, but depends on:", &types.dependencies);
}

#[test]
fn rooms_that_think_link_nothing_that_reaches_outside() {
    let mut findings = Vec::new();
    for room in manifests().into_iter().filter(|room| is_pure(&room.name)) {
        for name in room.dependencies {
            if OUTSIDE_LIBRARIES.contains(&name.as_str()) {
                findings.push(format!("crates/{} depends on {name}", room.name));
            }
        }
    }
    assert_none("rooms without IO, clock or randomness, with:", &findings);
}

#[test]
fn rooms_that_think_name_nothing_that_reaches_outside() {
    let mut findings = Vec::new();
    for file in sources().into_iter().filter(|file| is_pure(room_of(&file.path))) {
        let code = without_tests(&code_only(&file.text));
        for word in OUTSIDE_WORDS {
            for (at, _) in code.match_indices(word) {
                findings.push(format!("{}:{} says {word}", file.path, line_of(&code, at)));
            }
        }
        findings.extend(grouped_imports(&file.path, &code));
    }
    assert_none("rooms without IO, clock or randomness, where:", &findings);
}

/// `use std::{fs, io}` hides the words above.
fn grouped_imports(path: &str, code: &str) -> Vec<String> {
    let mut findings = Vec::new();
    for (at, _) in code.match_indices("use std::{") {
        let group = code[at..].split(';').next().unwrap_or_default();
        for word in ["fs", "env", "process", "thread"] {
            if group.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == word) {
                findings.push(format!("{path}:{} imports std::{word}", line_of(code, at)));
            }
        }
    }
    findings
}

/// One crate's manifest, as far as it matters here.
struct Room {
    /// The name of its directory.
    name: String,
    /// What it depends on outside its tests.
    dependencies: Vec<String>,
}

fn manifests() -> Vec<Room> {
    let is_manifest = |path: &str| path.starts_with("crates/") && path.ends_with("/Cargo.toml");
    let manifests = files().into_iter().filter(|file| is_manifest(&file.path));
    let rooms: Vec<_> = manifests
        .map(|file| {
            let manifest: toml::Table = file.text.parse().unwrap();
            let mut dependencies = Vec::new();
            for table in ["dependencies", "build-dependencies"] {
                if let Some(table) = manifest.get(table).and_then(toml::Value::as_table) {
                    dependencies.extend(table.keys().cloned());
                }
            }
            assert!(!manifest.contains_key("target"), "{}: per-target dependencies", file.path);
            Room { name: room_of(&file.path).to_owned(), dependencies }
        })
        .collect();
    assert!(rooms.len() >= 10, "only {} crates found", rooms.len());
    rooms
}

fn room_of(path: &str) -> &str {
    path.split('/').nth(1).unwrap_or_default()
}

fn level(room: &str) -> Option<u8> {
    LEVELS.iter().find(|(name, _)| *name == room).map(|(_, level)| *level)
}

fn is_pure(room: &str) -> bool {
    level(room).is_some_and(|level| level <= JUDGES)
}
