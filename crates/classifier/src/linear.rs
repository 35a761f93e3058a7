//! The linear stage: one weight for each head and hashed feature, learned by logistic regression.
//!
//! Touches nothing. AdaGrad over shuffled examples; the shuffle's seed is a constant and the caller
//! sorts the examples, so the same mails make the same weights.

use crate::features::{Features, GROUPS};

/// What is told apart: bad from ham, phish from the rest, bulk from the rest; the last is spare.
pub(crate) const HEADS: usize = 4;
/// One value for each head.
pub(crate) type Lanes = [f32; HEADS];

/// One message's features as compact numbers, group after group.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub(crate) ids: Vec<u32>,
    pub(crate) ends: [u32; GROUPS],
}

impl Row {
    /// Numbers each hash by `number`; what has no number is left out.
    pub(crate) fn of(features: &Features, mut number: impl FnMut(u32) -> Option<u32>) -> Self {
        let mut row = Self::default();
        for (group, end) in features.groups.iter().zip(&mut row.ends) {
            row.ids.extend(group.iter().filter_map(|hash| number(*hash)));
            *end = row.ids.len() as u32;
        }
        row
    }

    /// Numbers the ids anew; what has no number is left out.
    pub(crate) fn renumber(&mut self, number: impl Fn(u32) -> Option<u32>) {
        let mut out = Vec::with_capacity(self.ids.len());
        let mut ends = self.ends;
        for (group, end) in self.groups().zip(&mut ends) {
            out.extend(group.iter().filter_map(|id| number(*id)));
            *end = out.len() as u32;
        }
        self.ids = out;
        self.ends = ends;
    }

    /// The row without so many of a hundred of its features, chosen anew each time.
    fn without(&self, hidden_percent: u64, random: &mut u64) -> Self {
        let mut rest = Self::default();
        for (group, end) in self.groups().zip(&mut rest.ends) {
            rest.ids.extend(group.iter().filter(|_| next(random) % 100 >= hidden_percent));
            *end = rest.ids.len() as u32;
        }
        rest
    }

    fn groups(&self) -> impl Iterator<Item = &[u32]> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let slice = self.ids.get(start..*end as usize).unwrap_or_default();
            start = *end as usize;
            slice
        })
    }
}

/// How the learner learns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// Passes over the examples.
    pub(crate) epochs: usize,
    /// Step.
    pub(crate) rate: f32,
    /// Decay of weights.
    pub(crate) decay: f32,
    /// How much each group counts.
    pub(crate) gains: [f32; GROUPS],
    /// Sum of the group: exponent of length normalisation.
    pub(crate) power: f32,
    /// How many of a hundred features each pass hides of each example, others each time.
    pub(crate) hidden_percent: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            epochs: 8,
            rate: 0.3,
            decay: 0.0,
            gains: [1.0; GROUPS],
            power: 0.5,
            hidden_percent: 0,
        }
    }
}

/// What an example teaches each head: target (1 or 0) and weight; weight 0 teaches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lesson {
    pub(crate) targets: Lanes,
    pub(crate) weights: Lanes,
}

/// Learned weights.
#[derive(Clone, Debug)]
pub(crate) struct Linear {
    pub(crate) weights: Vec<Lanes>,
    pub(crate) bias: Lanes,
    pub(crate) settings: Settings,
}

impl Linear {
    /// What each group says for each head.
    pub(crate) fn partial(&self, row: &Row) -> [Lanes; GROUPS] {
        let mut out = [Lanes::default(); GROUPS];
        for ((group, gain), sum) in row.groups().zip(self.settings.gains).zip(&mut out) {
            let value = gain / (group.len().max(1) as f32).powf(self.settings.power);
            for id in group {
                let Some(weight) = self.weights.get(*id as usize) else { continue };
                for (sum, weight) in sum.iter_mut().zip(weight) {
                    *sum += weight;
                }
            }
            for sum in sum {
                *sum *= value;
            }
        }
        out
    }

    /// The sum over all groups.
    pub(crate) fn score(&self, row: &Row) -> Lanes {
        let mut out = self.bias;
        for partial in self.partial(row) {
            for (out, partial) in out.iter_mut().zip(partial) {
                *out += partial;
            }
        }
        out
    }

    /// Learns from rows in the order that a fixed seed gives.
    pub(crate) fn learn(rows: &[(&Row, Lesson)], ids: usize, settings: Settings) -> Self {
        let mut linear =
            Self { weights: vec![Lanes::default(); ids], bias: Lanes::default(), settings };
        let mut sums = vec![[1e-3_f32; HEADS]; ids];
        let mut bias_sums = [1.0_f32; HEADS];
        let mut order: Vec<usize> = (0..rows.len()).collect();
        let mut random = 0x2545_f491_4f6c_dd1d_u64;
        let mut hiding = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..settings.epochs {
            shuffle(&mut order, &mut random);
            for at in &order {
                let Some((row, lesson)) = rows.get(*at) else { continue };
                if settings.hidden_percent == 0 {
                    linear.step(row, lesson, &mut sums, &mut bias_sums);
                } else {
                    let rest = row.without(settings.hidden_percent, &mut hiding);
                    linear.step(&rest, lesson, &mut sums, &mut bias_sums);
                }
            }
        }
        linear
    }

    fn step(&mut self, row: &Row, lesson: &Lesson, sums: &mut [Lanes], bias_sums: &mut Lanes) {
        let score = self.score(row);
        let mut slope = Lanes::default();
        for (((slope, score), target), weight) in
            slope.iter_mut().zip(score).zip(lesson.targets).zip(lesson.weights)
        {
            *slope = weight * (1.0 / (1.0 + (-score).exp()) - target);
        }
        if slope.iter().all(|slope| slope.abs() < 1e-4) {
            return;
        }
        let rate = self.settings.rate;
        let decay = self.settings.decay;
        for (group, gain) in row.groups().zip(self.settings.gains) {
            let value = gain / (group.len().max(1) as f32).powf(self.settings.power);
            let step = slope.map(|slope| slope * value);
            for id in group {
                let (Some(weight), Some(sum)) =
                    (self.weights.get_mut(*id as usize), sums.get_mut(*id as usize))
                else {
                    continue;
                };
                for lane in 0..HEADS {
                    if let (Some(weight), Some(sum), Some(step)) =
                        (weight.get_mut(lane), sum.get_mut(lane), step.get(lane))
                    {
                        let step = step + decay * *weight;
                        *sum += step * step;
                        *weight -= rate * step / sum.sqrt();
                    }
                }
            }
        }
        for ((bias, sum), slope) in self.bias.iter_mut().zip(bias_sums).zip(slope) {
            *sum += slope * slope;
            *bias -= rate * slope / sum.sqrt();
        }
    }
}

/// Fisher-Yates: the same order each time.
pub(crate) fn shuffle(order: &mut [usize], random: &mut u64) {
    for at in (1..order.len()).rev() {
        let other = xorshift(random) % (at as u64 + 1);
        order.swap(at, other as usize);
    }
}

/// The next of a fixed row of numbers, its better bits.
fn next(random: &mut u64) -> u64 {
    xorshift(random) >> 11
}

fn xorshift(random: &mut u64) -> u64 {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    *random
}
