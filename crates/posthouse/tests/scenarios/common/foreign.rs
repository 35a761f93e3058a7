//! Programs that others wrote. One that is missing makes the test count as not run: named in the
//! report of `make test`, a failure where `CI=true`.

use std::fs;
use std::path::{Path, PathBuf};

/// Whether this test can run: every program is there. `test` is the test's name.
pub(crate) fn needs(test: &str, programs: &[&str]) -> bool {
    let missing: Vec<_> = programs.iter().filter(|program| !is_there(program)).copied().collect();
    missing.is_empty() || not_run(test, &format!("{} not installed", missing.join(", ")))
}

/// Whether this test can run: it is root's, and the programs are there.
pub(crate) fn needs_root(test: &str, programs: &[&str]) -> bool {
    let root = rustix::process::geteuid().is_root();
    (root || not_run(test, "needs root")) && needs(test, programs)
}

/// A script of `tests/interop`.
pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/interop").join(name)
}

fn is_there(program: &str) -> bool {
    if program.starts_with('/') {
        return Path::new(program).exists();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).exists())
}

fn not_run(test: &str, why: &str) -> bool {
    let in_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!in_ci, "{test} cannot run: {why}");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("not-run");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(test.replace("::", "-")), format!("{why}\n")).unwrap();
    false
}
