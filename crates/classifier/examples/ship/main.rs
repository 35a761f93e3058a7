//! Makes the model that comes with the program: `ship CORPUS OUT`.
//!
//! Learns from the SpamAssassin public corpus (PDDL/CC0) in the training part, and from mail of our
//! own making; from nothing else, since the other sources have no licence that allows it.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

mod fraud;
mod notes;
mod notes_bulk;
mod notes_fraud;
mod notes_ham;
mod notes_spam;
mod notes_trade;
mod synthetic;
mod texts;
mod unwanted;

use posthouse_classifier::{Audience, Label, Trainer};

/// Sources whose licence lets anybody learn from them: PDDL/CC0, and "without restriction".
const OPEN: [&str; 2] = ["spamassassin", "glitchyzorua"];
/// It is calibrated on mail that is old or invented, and will meet other mail.
const CERTAINTY: f32 = 0.8;
/// Most of the mailings that it saw are invented.
const BULK_LEANING: f32 = 0.7;
/// How often each invented story is told.
const TELLINGS: usize = 24;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let (corpus, out) = (&arguments[1], &arguments[2]);
    let manifest = std::fs::read_to_string(format!("{corpus}/manifest.train.jsonl")).unwrap();
    let mut trainer = Trainer::new();
    let mut add = |label, raw: &[u8]| {
        trainer.add(label, &posthouse_mime::read(raw, &posthouse_mime::MimeLimits::default()));
    };
    let is_open =
        |line: &&str| OPEN.iter().any(|name| line.contains(&format!("\"source\": \"{name}\"")));
    for line in manifest.lines().filter(is_open) {
        let path =
            line.split("\"path\": \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        let class = path.split('/').nth(1).unwrap();
        let label = Label::ALL.iter().find(|(_, name)| *name == class).unwrap().0;
        add(label, &std::fs::read(format!("{corpus}/{path}")).unwrap());
    }
    for (label, raw) in synthetic::mails(TELLINGS) {
        add(label, &raw);
    }
    let model = trainer.finish_for(Audience::Anybody, |_, _| ());
    let model = model.tempered(CERTAINTY).leaning_to_bulk(BULK_LEANING);
    let bytes = model.to_bytes();
    println!("{:?}, {} bytes", model, bytes.len());
    std::fs::write(out, bytes).unwrap();
}
