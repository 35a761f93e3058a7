//! What we link: licences that ask for no more than attribution, and no version with a known
//! hole.
//!
//! Runs `cargo metadata --offline`, which needs only what the build has fetched already.

use std::process::Command;

use crate::tree::{assert_none, root};

/// The licences that a dependency may have; `deny.toml` holds the same list.
const ALLOWED: &[&str] = &[
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Zlib",
    "bzip2-1.0.6",
];

/// First versions without the holes that the RustSec database knows (August 2026).
const VERSIONS_MIN: &[(&str, [u64; 3])] = &[
    ("aws-lc-sys", [0, 39, 0]),
    ("bytes", [1, 11, 1]),
    ("h2", [0, 4, 16]),
    ("hickory-proto", [0, 26, 1]),
    ("idna", [1, 0, 0]),
    ("rustls", [0, 23, 18]),
    ("rustls-webpki", [0, 103, 13]),
    ("time", [0, 3, 47]),
    ("tokio-postgres", [0, 7, 18]),
];

#[test]
fn every_dependency_may_be_shipped() {
    let findings: Vec<_> = packages()
        .into_iter()
        .filter(|package| !package.licence.as_deref().is_some_and(is_allowed))
        .map(|package| format!("{} {:?}", package.name, package.licence))
        .collect();
    assert_none("licences that are not on the list:", &findings);
}

#[test]
fn sup_01_no_dependency_has_a_version_with_a_known_hole() {
    let mut findings = Vec::new();
    for package in packages() {
        let known = VERSIONS_MIN.iter().find(|(name, _)| *name == package.name);
        if let Some((name, minimum)) = known
            && version(&package.version) < *minimum
        {
            findings.push(format!("{name} {} is older than {minimum:?}", package.version));
        }
    }
    assert_none("versions with known holes:", &findings);
}

#[test]
fn deny_toml_holds_the_same_list() {
    let text = std::fs::read_to_string(root().join("deny.toml")).unwrap();
    let deny: toml::Table = text.parse().unwrap();
    let allowed = deny["licenses"]["allow"].as_array().unwrap();
    let allowed: Vec<_> = allowed.iter().filter_map(toml::Value::as_str).collect();
    assert_eq!(allowed, ALLOWED);
}

#[test]
fn licence_expressions_are_read_as_spdx_means_them() {
    assert!(is_allowed("MIT OR GPL-3.0"));
    assert!(is_allowed("MIT/Apache-2.0"));
    assert!(is_allowed("(MIT OR GPL-2.0) AND Unicode-3.0"));
    assert!(!is_allowed("MIT AND GPL-3.0"));
    assert!(!is_allowed("GPL-3.0 WITH Classpath-exception-2.0"));
    assert!(!is_allowed("(GPL-2.0 OR LGPL-3.0) AND MIT"));
}

/// One package that is linked.
struct Package {
    name: String,
    version: String,
    licence: Option<String>,
}

/// The packages of the dependency graph on this machine's platform, without our own.
fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--locked", "--format-version=1", "--filter-platform"])
        .arg(host())
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let packages: Vec<_> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|package| !package["source"].is_null())
        .map(|package| Package {
            name: text(&package["name"]).unwrap(),
            version: text(&package["version"]).unwrap(),
            licence: text(&package["license"]),
        })
        .collect();
    assert!(packages.len() > 50, "only {} packages", packages.len());
    packages
}

fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

/// Whether an SPDX expression is satisfied by the licences of [`ALLOWED`].
fn is_allowed(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<_> = spaced.split_whitespace().collect();
    let mut words = &words[..];
    any_of(&mut words) && words.is_empty()
}

fn any_of(words: &mut &[&str]) -> bool {
    let mut allowed = all_of(words);
    while let ["OR", rest @ ..] = words {
        *words = rest;
        allowed |= all_of(words);
    }
    allowed
}

fn all_of(words: &mut &[&str]) -> bool {
    let mut allowed = one_of(words);
    while let ["AND", rest @ ..] = words {
        *words = rest;
        allowed &= one_of(words);
    }
    allowed
}

fn one_of(words: &mut &[&str]) -> bool {
    match words {
        ["(", rest @ ..] => {
            *words = rest;
            let allowed = any_of(words);
            if let [")", rest @ ..] = words {
                *words = rest;
            }
            allowed
        }
        [licence, "WITH", exception, rest @ ..] => {
            let name = format!("{licence} WITH {exception}");
            *words = rest;
            ALLOWED.contains(&name.as_str())
        }
        [licence, rest @ ..] => {
            let allowed = ALLOWED.contains(licence);
            *words = rest;
            allowed
        }
        [] => false,
    }
}

fn version(text: &str) -> [u64; 3] {
    let mut parts = text.split(['.', '-', '+']).map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}
