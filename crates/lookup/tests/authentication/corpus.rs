//! Where the public suites lie, and what is said where they are not there.
//!
//! They are not ours, so that they are no part of this repository: `POSTHOUSE_CORPUS` names their
//! folder, `../shared/corpus` beside the checkout is looked at without it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use yaml_rust2::{Yaml, YamlLoader};

/// One file out of the archive of suites; `None`, and a note for the end of `make test`, where it
/// is not to be had.
pub(crate) fn archived(test: &str, member: &str) -> Option<Vec<u8>> {
    let path = folder().join("suites.tar.zst");
    if !path.exists() {
        return not_run(test, "the corpus of public suites is not here (POSTHOUSE_CORPUS)");
    }
    let mut tar = Command::new("tar");
    tar.args(["--use-compress-program", "zstd -dq --long=27", "-xOf"]).arg(path).arg(member);
    let Ok(output) = tar.output() else {
        return not_run(test, "zstd or tar is not installed");
    };
    assert!(output.status.success(), "{member}: {}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout)
}

/// The documents of one YAML file, likewise.
pub(crate) fn yaml(test: &str, member: &str) -> Option<Vec<Yaml>> {
    let text = String::from_utf8(archived(test, member)?).unwrap();
    Some(YamlLoader::load_from_str(&distinct_keys(&text)).unwrap())
}

/// The text with a number after each key of the second level that its document had before: a
/// mapping holds a key once, and every case is to run.
fn distinct_keys(text: &str) -> String {
    let mut seen = BTreeMap::<&str, usize>::new();
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        if line.starts_with("---") {
            seen.clear();
        }
        let key = line.strip_prefix("  ").and_then(|rest| rest.split_once(':'));
        let key = key.filter(|(key, after)| {
            after.trim().is_empty() && key.starts_with(|c: char| c.is_ascii_alphabetic())
        });
        if let Some((key, _)) = key {
            let count = seen.entry(key).or_default();
            *count += 1;
            if *count > 1 {
                out.push_str(&format!("  {key}_{count}:\n"));
                continue;
            }
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}

fn folder() -> PathBuf {
    std::env::var_os("POSTHOUSE_CORPUS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
        PathBuf::from,
    )
}

/// Leaves a file that `make test` counts and names.
fn not_run<T>(test: &str, why: &str) -> Option<T> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("not-run");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(test), why).unwrap();
    None
}
