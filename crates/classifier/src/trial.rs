//! Trials: what the experiment binary calls. Touches nothing.
#![allow(missing_docs, clippy::indexing_slicing, clippy::unwrap_used)]

use crate::features::{self, Features, GROUPS};
use crate::linear::{HEADS, Lesson, Linear, Row, Settings};
use posthouse_mime::Reading;

pub const HAM: u8 = 0;
pub const BULK: u8 = 1;
pub const SPAM: u8 = 2;
pub const PHISH: u8 = 3;

pub struct Mail {
    pub label: u8,
    pub source: String,
    pub file: String,
    pub ts: i64,
    features: Features,
}

pub fn mail(label: u8, source: String, file: String, ts: i64, reading: &Reading) -> Mail {
    let mut features = features::of(&crate::view::of(reading));
    features.text = String::new();
    features.words = Vec::new();
    Mail { label, source, file, ts, features }
}

pub struct Config {
    pub bits: u32,
    pub df: u16,
    pub settings: Settings,
    pub bulk_weight: f32,
    pub spam_weight: f32,
}

pub fn lesson(label: u8, config: &Config) -> Lesson {
    let bad = label >= SPAM;
    Lesson {
        targets: [
            f32::from(u8::from(bad)),
            f32::from(u8::from(label == PHISH)),
            f32::from(u8::from(label == BULK)),
            f32::from(u8::from(bad)),
        ],
        weights: [
            if label == BULK { config.bulk_weight } else { 1.0 },
            1.0,
            if label == BULK { 3.0 } else { 1.0 },
            0.0,
        ],
    }
}

pub fn run(train: &[Mail], dev: &[Mail], config: &Config) -> Vec<[f32; HEADS]> {
    let size = 1usize << config.bits;
    let slot = |hash: u32| (hash.wrapping_mul(0x85eb_ca6b) >> (32 - config.bits)) as usize;
    let mut df = vec![0u16; size];
    for mail in train {
        for group in &mail.features.groups {
            for hash in group {
                let count = &mut df[slot(*hash)];
                *count = count.saturating_add(1);
            }
        }
    }
    let mut ids = vec![u32::MAX; size];
    let mut next = 0;
    for (id, count) in ids.iter_mut().zip(&df) {
        if *count >= config.df {
            *id = next;
            next += 1;
        }
    }
    eprintln!("features kept {next}");
    let number = |hash: u32| Some(ids[slot(hash)]).filter(|id| *id != u32::MAX);
    let rows: Vec<Row> = train.iter().map(|mail| Row::of(&mail.features, number)).collect();
    eprintln!("mean row {}", rows.iter().map(|r| r.ids.len()).sum::<usize>() / rows.len());
    let mut sizes = [0usize; GROUPS];
    for m in train {
        for (g, s) in m.features.groups.iter().zip(&mut sizes) {
            *s += g.len();
        }
    }
    eprintln!("group means {:?}", sizes.map(|s| s / train.len()));
    let lessons: Vec<_> =
        rows.iter().zip(train).map(|(row, mail)| (row, lesson(mail.label, config))).collect();
    let linear = Linear::learn(&lessons, next as usize, config.settings);
    dev.iter().map(|mail| linear.score(&Row::of(&mail.features, number))).collect()
}

pub fn settings() -> Settings {
    Settings::default()
}
