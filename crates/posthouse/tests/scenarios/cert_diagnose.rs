//! `posthouse cert diagnose`: the verdict, its JSON, its picture and its exit status, on files as an
//! administrator or a script hands them in.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::common::Authority;

/// A folder with a leaf, its intermediate, its root, and what else is asked for.
struct Files {
    folder: TempDir,
    authority: Authority,
}

impl Files {
    fn new() -> Self {
        let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new("Example"));
        let identity = authority.issue(&["mail.contoso.example"]);
        let files = Self { folder, authority };
        files.write("leaf.pem", &identity.leaf_pem);
        files.write("chain.pem", &identity.chain_pem);
        files.write("ca.pem", &files.authority.issuing_pem);
        files.write("root.pem", &files.authority.root_pem);
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    /// Runs the verb in the folder.
    fn run(&self, words: &str) -> Output {
        Command::new(env!("CARGO_BIN_EXE_posthouse"))
            .args(["cert", "diagnose"])
            .args(words.split_whitespace())
            .current_dir(self.folder.path())
            .output()
            .unwrap()
    }

    /// The last line of standard output as JSON, and the exit status.
    fn json(&self, words: &str) -> (Value, i32) {
        let output = self.run(&format!("{words} --json"));
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.ends_with('\n'));
        (serde_json::from_str(text.trim_end()).unwrap(), output.status.code().unwrap())
    }
}

#[test]
fn a_whole_chain_is_accepted() {
    let (said, exit) = Files::new().json("--presented chain.pem --roots root.pem");
    assert_eq!(exit, 0, "{said}");
    assert_eq!(said["accepted"], true);
    assert_eq!(said["reason"], "ok");
    assert_eq!(said["result"], "00000000");
    assert_eq!((&said["element"], &said["missing"]), (&Value::Null, &Value::Null));
    assert_eq!((&said["warnings"], &said["fix"]), (&Value::Array(vec![]), &Value::Array(vec![])));
    let origins: Vec<_> =
        said["path"].as_array().unwrap().iter().map(|element| &element["origin"]).collect();
    assert_eq!(origins, ["sent", "sent", "root"]);
    assert_eq!(said["presented"].as_array().unwrap().len(), 2);
}

#[test]
fn the_missing_intermediate_is_named_with_the_repair() {
    let files = Files::new();
    let (said, exit) = files.json("--presented leaf.pem --roots root.pem");
    assert_eq!(exit, 1);
    assert_eq!((&said["accepted"], &said["element"]), (&Value::Bool(false), &Value::from(0)));
    assert_eq!(said["reason"], "chain-incomplete");
    assert_eq!(said["result"], "800B010A");
    let missing = &said["missing"];
    assert!(missing["subject"].as_str().unwrap().contains("CN=Example Issuing CA 1"));
    assert_eq!(missing["key_id"], said["presented"][0]["authority_key_id"]);
    assert_eq!(missing["get"][0], "http://pki.example/issuing1.cer");
    assert_eq!(missing["in_store"], false);
    assert_eq!(said["path"][1]["origin"], "nowhere");
    let platforms: Vec<_> = said["fix"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fix| fix["platform"].as_str().unwrap())
        .collect();
    for platform in ["exchange", "iis", "postfix", "posthouse"] {
        assert!(platforms.contains(&platform), "{platforms:?}");
    }

    let output = files.run("--presented leaf.pem --roots root.pem");
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    for words in [
        "Refused   chain-incomplete",
        "-> ??? (not sent: O=Example Trust,CN=Example Issuing CA 1",
        "certutil -addstore CA",
        "postfix reload",
    ] {
        assert!(text.contains(words), "no {words} in\n{text}");
    }
    let is_command = |line: &&str| line.starts_with("        ");
    for line in text.lines().filter(|line| !is_command(line)) {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[test]
fn known_intermediates_inform_and_count_with_repair_only() {
    let files = Files::new();
    let words = "--presented leaf.pem --roots root.pem --intermediates ca.pem";
    let (said, exit) = files.json(words);
    assert_eq!((exit, &said["reason"]), (1, &Value::from("chain-incomplete")));
    assert_eq!(said["missing"]["in_store"], true);
    assert_eq!(said["path"][1]["origin"], "store");
    let (said, exit) = files.json(&format!("{words} --repair"));
    assert_eq!((exit, &said["accepted"]), (0, &Value::Bool(true)), "{said}");
    assert_eq!(said["warnings"][0], "completed-from-store");
    assert_eq!(said["missing"]["in_store"], true);
    // Without a copy there is nothing to repair with.
    assert_eq!(files.json("--presented leaf.pem --roots root.pem --repair").1, 1);
}

#[test]
fn a_name_is_looked_for() {
    let files = Files::new();
    let with =
        |name: &str| files.json(&format!("--presented chain.pem --roots root.pem --name {name}"));
    assert_eq!(with("mail.contoso.example").1, 0);
    assert_eq!(with("MAIL.CONTOSO.EXAMPLE.").1, 0);
    for name in ["contoso.example", "192.0.2.1", "2001:db8::1"] {
        let (said, exit) = with(name);
        assert_eq!((exit, &said["reason"]), (1, &Value::from("name-mismatch")), "{said}");
        assert_eq!(said["result"], "800B010F");
        assert!(said["notes"][0].as_str().unwrap().contains("mail.contoso.example"), "{said}");
    }
    let (said, exit) = with("*.contoso.example");
    assert_eq!((exit, &said["accepted"]), (2, &Value::Bool(false)));
}

#[test]
fn a_moment_is_judged_as_given() {
    let files = Files::new();
    let at =
        |moment: &str| files.json(&format!("--presented chain.pem --roots root.pem --at {moment}"));
    assert_eq!(at("2026-11-23T18:10:27Z").1, 0);
    assert_eq!(at("2026-11-23T18:10:27.5+01:00").1, 0);
    let (said, exit) = at("1960-01-01T00:00:00Z");
    assert_eq!((exit, &said["reason"]), (1, &Value::from("not-yet-valid")));
    assert_eq!(at("9999-01-01T00:00:00Z").0["reason"], "expired");
    assert_eq!(at("yesterday").1, 2);
}

#[test]
fn revocation_lists_are_asked_where_they_are_given() {
    let files = Files::new();
    let revoked = files.authority.issue(&["mail.contoso.example"]);
    files.write("revoked.pem", &revoked.chain_pem);
    files.write("ca.crl", files.authority.revocation_list(&[&revoked]));
    let (said, exit) = files.json("--presented revoked.pem --roots root.pem --crls ca.crl");
    assert_eq!((exit, &said["reason"]), (1, &Value::from("revoked")));
    assert_eq!((&said["element"], &said["result"]), (&Value::from(0), &Value::from("80092010")));
    assert_eq!(files.json("--presented revoked.pem --roots root.pem").1, 0);
    assert_eq!(files.json("--presented chain.pem --roots root.pem --crls ca.crl").1, 0);
    let (said, exit) = files.json("--presented chain.pem --roots root.pem --crls leaf.pem");
    assert_eq!((exit, &said["accepted"]), (1, &Value::Bool(false)), "{said}");
}

#[test]
fn whatever_is_handed_in_the_last_line_is_json() {
    let files = Files::new();
    files.write("empty", "");
    files.write("noise", [0, 159, 146, 150, 10, 13]);
    files.write("open.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n");
    let leaf = fs::read_to_string(files.path("chain.pem")).unwrap();
    files.write("damaged.pem", leaf.replacen("MII", "M!I", 1));
    fs::create_dir(files.path("folder")).unwrap();
    for (presented, reason) in [
        ("empty", "no-certificate"),
        ("noise", "malformed"),
        ("open.pem", "malformed"),
        ("damaged.pem", "malformed"),
        ("folder", "malformed"),
        ("nothing", "malformed"),
    ] {
        let (said, exit) = files.json(&format!("--presented {presented} --roots root.pem"));
        assert_eq!((exit, &said["reason"]), (1, &Value::from(reason)), "{presented}: {said}");
        for name in "accepted element missing presented path result warnings fix".split(' ') {
            assert!(said.get(name).is_some(), "{presented}: no {name} in {said}");
        }
    }
    for roots in ["empty", "noise", "open.pem", "nothing"] {
        let (said, exit) = files.json(&format!("--presented chain.pem --roots {roots}"));
        assert_eq!((exit, &said["accepted"]), (1, &Value::Bool(false)), "{roots}: {said}");
        assert!(!said["notes"].as_array().unwrap().is_empty(), "{roots}: {said}");
    }
    for wrong_call in ["--presented chain.pem", "--presented chain.pem --roots root.pem --nonsense"]
    {
        let (said, exit) = files.json(wrong_call);
        assert_eq!((exit, &said["accepted"]), (2, &Value::Bool(false)), "{said}");
        assert_eq!(said["notes"].as_array().unwrap().len(), 1, "{said}");
    }
    // Without --json there is nothing to read on standard output.
    let wrong_call = files.run("--presented chain.pem");
    assert_eq!((wrong_call.status.code(), wrong_call.stdout.len()), (Some(2), 0));
}

#[test]
fn der_is_taken_as_well_as_pem() {
    let files = Files::new();
    for (pem, der) in [("leaf.pem", "leaf.cer"), ("root.pem", "root.cer"), ("ca.pem", "ca.cer")] {
        let pem = fs::read(files.path(pem)).unwrap();
        let der_bytes = pem_to_der(&pem);
        files.write(der, der_bytes);
    }
    let both = [fs::read(files.path("leaf.cer")).unwrap(), fs::read(files.path("ca.cer")).unwrap()];
    files.write("chain.der", both.concat());
    assert_eq!(files.json("--presented chain.der --roots root.cer").1, 0);
    let (said, _) = files.json("--presented leaf.cer --roots root.cer --intermediates ca.cer");
    assert_eq!(said["missing"]["in_store"], true);
}

fn pem_to_der(pem: &[u8]) -> Vec<u8> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    CertificateDer::from_pem_slice(pem).unwrap().to_vec()
}

#[test]
fn tls_02_thousands_of_look_alikes_are_decided_and_said_to_be_left_out() {
    let files = Files::new();
    let one = fs::read_to_string(files.path("ca.pem")).unwrap();
    let leaf = fs::read_to_string(files.path("leaf.pem")).unwrap();
    files.write("many.pem", format!("{leaf}{}", one.repeat(5_000)));
    let (said, exit) = files.json("--presented many.pem --roots root.pem");
    assert_eq!((exit, &said["reason"]), (0, &Value::from("ok")));
    assert!(said["warnings"].to_string().contains("not-looked-at"), "{said}");
}
