//! `train`, `classify` and `evaluate` as a person calls them, on mails of our own.
//!
//! Touches a folder of its own; no network.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers fail as tests do")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn posthouse(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_posthouse")).args(arguments).output().unwrap()
}

fn mail(from: &str, subject: &str, body: &str) -> String {
    format!("From: {from}\nSubject: {subject}\nContent-Type: text/plain\n\n{body}\n")
}

/// Twenty mails of each class.
fn lay_out(folder: &Path) {
    for class in ["ham", "spam", "bulk", "phish"] {
        fs::create_dir(folder.join(class)).unwrap();
    }
    for n in 0..20 {
        let write = |class: &str, text: String| {
            fs::write(folder.join(class).join(format!("{class}{n}.eml")), text).unwrap();
        };
        write(
            "ham",
            mail(
                "Ada <ada@a.example>",
                "Minutes",
                &format!("We met and agreed on the draft, point {n} of the agenda."),
            ),
        );
        write(
            "spam",
            mail(
                "Shop <x@b.example>",
                "Cheap offer",
                &format!("Buy cheap capsules today, huge discount http://b{n}.example/"),
            ),
        );
        write(
            "bulk",
            mail(
                "News <news@c.example>",
                "Newsletter",
                &format!("In this newsletter: roses. Unsubscribe here http://c.example/{n}"),
            ),
        );
        write(
            "phish",
            mail(
                "Bank <y@d.example>",
                "Account closed",
                &format!("Verify your password within {n} hours http://192.0.2.7/{n}"),
            ),
        );
    }
}

#[test]
fn what_was_trained_classifies_and_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let mails = folder.path().join("mails");
    fs::create_dir(&mails).unwrap();
    lay_out(&mails);
    let (mails, model) =
        (mails.display().to_string(), folder.path().join("model").display().to_string());
    let trained = posthouse(&["train", &mails, "--out", &model]);
    assert!(trained.status.success(), "{trained:?}");

    let again = folder.path().join("again").display().to_string();
    posthouse(&["train", &mails, "--out", &again]);
    assert!(fs::read(&model).unwrap() == fs::read(&again).unwrap(), "not the same model each time");

    let judged = posthouse(&["classify", "--offline", "--json", "--model", &model, &mails]);
    assert!(judged.status.success(), "{judged:?}");
    let lines: Vec<serde_json::Value> = String::from_utf8(judged.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 80);
    let mean = |class: &str| {
        let scores: Vec<f64> = lines
            .iter()
            .filter(|line| line["file"].as_str().unwrap().contains(&format!("/{class}/")))
            .map(|line| line["score"].as_f64().unwrap())
            .collect();
        scores.iter().sum::<f64>() / scores.len() as f64
    };
    assert!(mean("ham") < mean("spam") && mean("ham") < mean("phish"));
    for line in &lines {
        for name in ["verdict", "scl", "bcl", "category", "reasons", "micros"] {
            assert!(!line[name].is_null(), "{name} is missing in {line}");
        }
        assert!(!line["reasons"][0]["text"].as_str().unwrap().is_empty());
    }

    let measured = posthouse(&["evaluate", &mails, "--model", &model, "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&measured.stdout).unwrap();
    assert_eq!(report["mails"], 80);
    assert_eq!(report["recall"].as_array().unwrap().len(), 4);
}

#[test]
fn a_file_that_cannot_be_read_is_an_object_and_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("good.eml");
    fs::write(&good, mail("Ada <ada@a.example>", "Minutes", "We met.")).unwrap();
    let good = good.display().to_string();
    let judged = posthouse(&["classify", "--offline", "--json", "/nowhere/at.eml", &good]);
    assert_eq!(judged.status.code(), Some(1));
    let text = String::from_utf8(judged.stdout).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["file"], "/nowhere/at.eml");
    assert!(lines[0]["error"].is_string());
    assert_eq!(lines[1]["file"], good.as_str());
    assert!(lines[1]["score"].is_number());
}

#[test]
fn a_damaged_model_is_said_to_be_one() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model");
    fs::write(&model, "no model").unwrap();
    let judged = posthouse(&["classify", "--model", &model.display().to_string(), "x.eml"]);
    assert_eq!(judged.status.code(), Some(1));
    assert!(String::from_utf8(judged.stderr).unwrap().contains("not a model"));
}
