//! Training: labelled mails in, a model out; the same mails in any order make the same model.
//!
//! Touches nothing. The caller reads files and says which class each is; only the neutral view is
//! looked at. Examples are sorted by their own content before anything is learned, and the shuffle
//! has a fixed seed.

use posthouse_mime::Reading;

use crate::features::{self, GROUPS};
use crate::linear::{HEADS, Lanes, Lesson, Linear, Row, Settings};
use crate::model::{Counts, Model, SLOTS, slot};
use crate::view;

/// A mail's class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Label {
    /// Wanted mail from one to one or to a discussion.
    Ham,
    /// Mail to many who may have asked for it.
    Bulk,
    /// Mail to many who have not.
    Spam,
    /// Fraud.
    Phish,
}

impl Label {
    /// Every class, with the name of its folder.
    pub const ALL: [(Self, &'static str); 4] =
        [(Self::Ham, "ham"), (Self::Bulk, "bulk"), (Self::Spam, "spam"), (Self::Phish, "phish")];
}

/// Whose mail a model will meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Of those whose mail it learns from: what tells there, tells.
    Own,
    /// Of anybody. Each pass hides half of every mail's features and rare ones are left out, so
    /// that the model leans on no single word which others' mail may lack.
    Anybody,
}

impl Audience {
    fn settings(self) -> Settings {
        let usual = Settings { epochs: EPOCHS, ..Settings::default() };
        match self {
            Self::Own => usual,
            Self::Anybody => Settings { epochs: 10, rate: 0.15, hidden_percent: 50, ..usual },
        }
    }

    /// A slot that fewer mails use is not learned: it would name one mail, not a kind.
    fn mails_min(self) -> u16 {
        match self {
            Self::Own => 2,
            Self::Anybody => 3,
        }
    }
}

/// Parts of the training mail that are held out in turn to calibrate.
const FOLDS: u64 = 3;
/// What a bulk mail weighs where good is told from bad: bulk is rare in training and common in
/// mailboxes, and newsletters are the wanted mail that looks most like spam.
const BULK_WEIGHT: f32 = 3.0;
/// Passes over all examples.
const EPOCHS: usize = 6;

struct Example {
    label: Label,
    digest: u64,
    row: Row,
}

/// Collects examples.
#[derive(Default)]
pub struct Trainer {
    examples: Vec<Example>,
}

impl Trainer {
    /// A trainer that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one mail.
    pub fn add(&mut self, label: Label, reading: &Reading) {
        self.examples.push(Example::of(label, reading));
    }

    /// Adds what another trainer collected, so that several threads may read mail.
    pub fn append(&mut self, other: &mut Self) {
        self.examples.append(&mut other.examples);
    }

    /// How many mails were added.
    pub fn len(&self) -> usize {
        self.examples.len()
    }

    /// Whether none was added.
    pub fn is_empty(&self) -> bool {
        self.examples.is_empty()
    }

    /// Learns for those whose mail it is. `on_step` is told how many of how many steps are done.
    pub fn finish(self, on_step: impl FnMut(u64, u64)) -> Model {
        self.finish_for(Audience::Own, on_step)
    }

    /// Learns for an audience; see [`Trainer::finish`].
    pub fn finish_for(mut self, audience: Audience, mut on_step: impl FnMut(u64, u64)) -> Model {
        self.examples.sort_by(|one, other| {
            (one.digest, one.label, &one.row.ids).cmp(&(other.digest, other.label, &other.row.ids))
        });
        let settings = audience.settings();
        let (ids, known) = number_slots(&self.examples, audience.mails_min());
        for example in &mut self.examples {
            example.row.renumber(|slot| ids.get(slot as usize).copied().flatten());
        }
        let lessons: Vec<Lesson> =
            self.examples.iter().map(|example| lesson(example.label)).collect();
        let mut held_out = Vec::with_capacity(self.examples.len());
        for fold in 0..FOLDS {
            on_step(fold, FOLDS + 1);
            let is_held = |example: &Example| example.digest % FOLDS == fold;
            let rows: Vec<_> = self.examples.iter().zip(&lessons).collect();
            let learn: Vec<(&Row, Lesson)> = rows
                .iter()
                .filter(|(example, _)| !is_held(example))
                .map(|(example, lesson)| (&example.row, **lesson))
                .collect();
            let linear = Linear::learn(&learn, known, settings);
            held_out.extend(
                rows.iter()
                    .filter(|(example, _)| is_held(example))
                    .map(|(example, lesson)| (linear.score(&example.row), **lesson)),
            );
        }
        on_step(FOLDS, FOLDS + 1);
        let all: Vec<(&Row, Lesson)> =
            self.examples.iter().zip(&lessons).map(|(e, lesson)| (&e.row, *lesson)).collect();
        let linear = Linear::learn(&all, known, settings);
        let model = pack(&linear, &ids, &held_out, self.counts());
        on_step(FOLDS + 1, FOLDS + 1);
        model
    }

    fn counts(&self) -> Counts {
        let of =
            |label| self.examples.iter().filter(|example| example.label == label).count() as u32;
        Counts {
            ham: of(Label::Ham),
            bulk: of(Label::Bulk),
            spam: of(Label::Spam),
            phish: of(Label::Phish),
        }
    }
}

impl Example {
    fn of(label: Label, reading: &Reading) -> Self {
        let features = features::of(&view::of(reading));
        let row = Row::of(&features, |hash| Some(slot(hash) as u32));
        let mut digest = 0x9e37_79b9_7f4a_7c15_u64;
        for id in &row.ids {
            digest = crate::html::mix(digest, u64::from(*id));
        }
        Self { label, digest, row }
    }
}

fn lesson(label: Label) -> Lesson {
    let is = |yes: bool| f32::from(u8::from(yes));
    let bulk = if label == Label::Bulk { BULK_WEIGHT } else { 1.0 };
    Lesson {
        targets: [
            is(label >= Label::Spam),
            is(label == Label::Phish),
            is(label == Label::Bulk),
            0.0,
        ],
        weights: [bulk, 1.0, bulk, 0.0],
    }
}

/// A number for each slot that enough mails use, and how many there are.
fn number_slots(examples: &[Example], mails_min: u16) -> (Vec<Option<u32>>, usize) {
    let mut mails = vec![0_u16; SLOTS];
    for example in examples {
        let mut ids = example.row.ids.clone();
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            if let Some(count) = mails.get_mut(id as usize) {
                *count = count.saturating_add(1);
            }
        }
    }
    let mut known = 0;
    let ids = mails
        .iter()
        .map(|count| {
            (*count >= mails_min).then(|| {
                known += 1;
                known - 1
            })
        })
        .collect();
    (ids, known as usize)
}

fn pack(
    linear: &Linear,
    ids: &[Option<u32>],
    held_out: &[(Lanes, Lesson)],
    counts: Counts,
) -> Model {
    let mut largest = [1e-6_f32; HEADS];
    for weights in &linear.weights {
        for (largest, weight) in largest.iter_mut().zip(weights) {
            *largest = largest.max(weight.abs());
        }
    }
    let scales = largest.map(|largest| largest / SCALE_STEPS);
    let mut table = vec![[0_i16; 3]; SLOTS];
    for (entry, id) in table.iter_mut().zip(ids) {
        let Some(weights) = id.and_then(|id| linear.weights.get(id as usize)) else { continue };
        for ((value, weight), scale) in entry.iter_mut().zip(weights).zip(scales) {
            *value = (weight / scale).round() as i16;
        }
    }
    let mut calibration = [(1.0, 0.0); 3];
    for (head, pair) in calibration.iter_mut().enumerate() {
        *pair = calibrate(held_out, head);
    }
    let gains: [f32; GROUPS] = linear.settings.gains;
    Model { table, scales, bias: linear.bias, calibration, gains, counts }
}

/// Steps of a stored weight on each side of zero: finer ones change no verdict.
const SCALE_STEPS: f32 = 1000.0;
/// Bounds of the calibration's slope: a raw score is log-odds already, only too sure or too shy.
const SLOPE_MIN: f64 = 0.1;
/// See [`SLOPE_MIN`].
const SLOPE_MAX: f64 = 2.0;
/// Passes of the calibration's fit, which converges long before.
const FIT_PASSES: usize = 200;

/// Slope and offset that turn held-out scores into log-odds at even odds (Platt's method, by
/// Newton's steps, classes weighted equally).
fn calibrate(held_out: &[(Lanes, Lesson)], head: usize) -> (f32, f32) {
    let points: Vec<(f64, f64)> = held_out
        .iter()
        .filter(|(_, lesson)| lesson.weights.get(head).is_some_and(|weight| *weight > 0.0))
        .filter_map(|(score, lesson)| {
            Some((f64::from(*score.get(head)?), f64::from(*lesson.targets.get(head)?)))
        })
        .collect();
    let yes = points.iter().filter(|(_, target)| *target > 0.5).count();
    let no = points.len() - yes;
    if yes < 10 || no < 10 {
        return (1.0, 0.0);
    }
    let (share_yes, share_no) = (1.0 / yes as f64, 1.0 / no as f64);
    let (mut slope, mut offset) = (1.0_f64, 0.0_f64);
    for _ in 0..FIT_PASSES {
        let (mut g0, mut g1, mut h00, mut h01, mut h11) = (0.0, 0.0, 1e-9, 0.0, 1e-9);
        for (score, target) in &points {
            let weight = if *target > 0.5 { share_yes } else { share_no };
            let p = 1.0 / (1.0 + (-(slope * score + offset)).exp());
            let (error, curve) = (weight * (p - target), weight * p * (1.0 - p));
            g0 += error * score;
            g1 += error;
            h00 += curve * score * score;
            h01 += curve * score;
            h11 += curve;
        }
        let determinant = h00 * h11 - h01 * h01;
        if determinant.abs() < 1e-18 {
            break;
        }
        let step_slope = (h11 * g0 - h01 * g1) / determinant;
        let step_offset = (h00 * g1 - h01 * g0) / determinant;
        slope -= step_slope.clamp(-0.5, 0.5);
        offset -= step_offset.clamp(-1.0, 1.0);
        if step_slope.abs() + step_offset.abs() < 1e-9 {
            break;
        }
    }
    if !(slope.is_finite() && offset.is_finite() && slope > 0.0) {
        return (1.0, 0.0);
    }
    // Classes that training separates completely would have no finite slope.
    let held = slope.clamp(SLOPE_MIN, SLOPE_MAX);
    (held as f32, (offset * held / slope).clamp(-20.0, 20.0) as f32)
}
