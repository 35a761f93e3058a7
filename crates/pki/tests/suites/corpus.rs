//! Where the public suites lie, how they are unpacked, and what is said where they are not there.
//!
//! They are large and not ours, so that they are no part of this repository: `POSTHOUSE_CORPUS`
//! names their folder, `../shared/corpus` beside the checkout is looked at without it.

use std::path::{Path, PathBuf};
use std::process::Command;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::Value;

/// A suite as JSON; `None`, and a note for the end of `make test`, where it is not to be had.
pub(crate) fn suite(test: &str, file: &str) -> Option<Value> {
    json(test, file, |path| {
        let mut zstd = Command::new("zstd");
        zstd.arg("-dcq").arg(path);
        zstd
    })
}

/// One JSON file out of the archive of suites, likewise.
pub(crate) fn archived(test: &str, member: &str) -> Option<Value> {
    json(test, "suites.tar.zst", |path| {
        let mut tar = Command::new("tar");
        tar.args(["--use-compress-program", "zstd -dq --long=27", "-xOf"]).arg(path).arg(member);
        tar
    })
}

fn json(test: &str, file: &str, unpack: impl Fn(&Path) -> Command) -> Option<Value> {
    let path = folder().join(file);
    if !path.exists() {
        return not_run(test, "the corpus of public suites is not here (POSTHOUSE_CORPUS)");
    }
    let Ok(output) = unpack(&path).output() else {
        return not_run(test, "zstd or tar is not installed");
    };
    assert!(output.status.success(), "{file}: {}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

fn folder() -> PathBuf {
    std::env::var_os("POSTHOUSE_CORPUS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
        PathBuf::from,
    )
}

/// Leaves a file that `make test` counts and names.
fn not_run(test: &str, why: &str) -> Option<Value> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("not-run");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(test), why).unwrap();
    None
}

/// A list of PEM texts as DER.
pub(crate) fn certificates(list: &Value) -> Vec<Vec<u8>> {
    list.as_array().unwrap().iter().map(certificate).collect()
}

/// One PEM text as DER; some suites hold what is none.
pub(crate) fn certificate(pem: &Value) -> Vec<u8> {
    let pem = pem.as_str().unwrap().as_bytes();
    CertificateDer::from_pem_slice(pem).map_or(Vec::new(), |der| der.to_vec())
}

/// A certificate that is written as Base64 without armour.
pub(crate) fn unarmoured(base64: &Value) -> Vec<u8> {
    let text = base64.as_str().unwrap();
    let pem = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
    certificate(&Value::String(pem))
}
