//! The corpus as mails, and the views of a mail that are measured. Reads the folder only.

use posthouse_classifier::Label;
use posthouse_mime::{MimeLimits, Reading};

/// One mail with what its manifest says.
pub(crate) struct Mail {
    pub(crate) label: Label,
    pub(crate) source: String,
    pub(crate) seconds: i64,
    pub(crate) raw: Vec<u8>,
}

/// Loads one part of the corpus.
pub(crate) fn load(corpus: &str, part: &str) -> Vec<Mail> {
    let manifest = std::fs::read_to_string(format!("{corpus}/manifest.{part}.jsonl")).unwrap();
    let mail = |line: &str| {
        let path = value(line, "path");
        let class = value(line, "label");
        Mail {
            label: Label::ALL.iter().find(|(_, name)| *name == class).unwrap().0,
            source: value(line, "source"),
            seconds: value(line, "ts").parse().unwrap_or(0),
            raw: std::fs::read(format!("{corpus}/{path}")).unwrap(),
        }
    };
    manifest.lines().map(mail).collect()
}

/// Sources that the shipped model learned from (`examples/ship`).
const LEARNED_BY_SHIPPED: [&str; 2] = ["spamassassin", "glitchyzorua"];

/// Writes dev in uniform headers to `uniform`, and the mails of train that the shipped model has
/// not learned from to `unlearned`.
pub(crate) fn write_views(corpus: &str, folder: &str) {
    let write = |view: &str, at: usize, mail: &Mail, raw: &[u8]| {
        let name = Label::ALL.iter().find(|(label, _)| *label == mail.label).unwrap().1;
        let folder = format!("{folder}/{view}/{name}");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(format!("{folder}/{at}.eml"), raw).unwrap();
    };
    for (at, mail) in load(corpus, "dev").iter().enumerate() {
        write("uniform", at, mail, &uniform(&mail.raw));
    }
    let is_learned = |mail: &Mail| LEARNED_BY_SHIPPED.contains(&mail.source.as_str());
    for (at, mail) in load(corpus, "train").iter().enumerate().filter(|(_, it)| !is_learned(it)) {
        write("unlearned", at, mail, &mail.raw);
    }
}

/// One value of the manifest's flat objects.
fn value(line: &str, name: &str) -> String {
    let key = format!("\"{name}\": ");
    let Some(at) = line.find(&key) else { return String::new() };
    let rest = &line[at + key.len()..];
    match rest.strip_prefix('"') {
        Some(text) => text.split('"').next().unwrap_or_default().to_owned(),
        None => rest.split([',', '}']).next().unwrap_or_default().to_owned(),
    }
}

/// Reads a mail.
pub(crate) fn read(raw: &[u8]) -> Reading {
    posthouse_mime::read(raw, &MimeLimits::default())
}

fn halves(raw: &[u8]) -> (Vec<Vec<u8>>, &[u8]) {
    let end = raw.windows(2).position(|two| two == b"\n\n").map_or(raw.len(), |at| at + 1);
    let (head, body) = raw.split_at(end);
    let mut fields: Vec<Vec<u8>> = Vec::new();
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        match fields.last_mut() {
            Some(field) if line.starts_with(b" ") || line.starts_with(b"\t") => field.extend(line),
            _ => fields.push(line.to_vec()),
        }
    }
    (fields, body)
}

fn is_neutral(field: &[u8]) -> bool {
    let name = field.split(|byte| *byte == b':').next().unwrap_or_default().to_ascii_lowercase();
    ["from", "reply-to", "subject", "mime-version", "content-type", "content-transfer-encoding"]
        .iter()
        .any(|known| known.as_bytes() == name)
}

/// The mail as if it had come by the same road as every other.
pub(crate) fn uniform(raw: &[u8]) -> Vec<u8> {
    let (fields, body) = halves(raw);
    let mut out = b"Received: from mx.example (mx.example [192.0.2.1]) by gw.example; Mon, 2 Jan 2023 10:00:00 +0000\nDate: Mon, 2 Jan 2023 10:00:00 +0000\nMessage-ID: <1@mx.example>\nTo: user@rcpt.example\n".to_vec();
    for field in fields.iter().filter(|field| is_neutral(field)) {
        out.extend(field);
    }
    out.extend(body);
    out
}

/// Only what [`uniform`] takes out: the fields that tell which system collected a mail.
pub(crate) fn other_fields(raw: &[u8]) -> Vec<u8> {
    let (fields, _) = halves(raw);
    let mut out: Vec<u8> =
        fields.into_iter().filter(|field| !is_neutral(field)).flatten().collect();
    out.extend(b"\n");
    out
}
