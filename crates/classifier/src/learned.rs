//! What one tenant's releases and reports taught: a small change to the model, for that tenant only.
//!
//! Touches nothing. Bounded three ways, so that a careless or bought reporter cannot turn the filter
//! off: each report moves little, the sum for one message is held within [`SAYS_MAX`], which is below
//! what any verdict needs by itself, and only [`ENTRIES_MAX`] features are kept. There is no way from
//! here into the shared model.

use std::collections::BTreeMap;

use posthouse_mime::Reading;

use crate::classify::LEARNED_GROUPS;
use crate::features::{self, Features};
use crate::model::{ModelError, checksum};
use crate::view;

/// Features that are remembered for one tenant; the weakest go first.
pub const ENTRIES_MAX: usize = 8192;
/// Most that it says of one message, in log-odds: five to one. High confidence needs far more.
pub const SAYS_MAX: f32 = 1.6;
/// How far one report moves its own message, in log-odds.
const STEP: f32 = 0.5;
/// Most that one feature weighs, in units of [`UNIT`].
const WEIGHT_MAX: i16 = 1600;
/// A stored weight's unit.
const UNIT: f32 = 0.001;
const MAGIC: &[u8; 8] = b"PHLEARN\x01";

/// What a person said of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Released from quarantine, or reported as not junk.
    Wanted,
    /// Reported as junk.
    Unwanted,
}

/// One tenant's change to the model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learned {
    weights: BTreeMap<u32, i16>,
}

impl Learned {
    /// Nothing learned.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many features are remembered.
    pub fn len(&self) -> usize {
        self.weights.len()
    }

    /// Whether nothing was learned.
    pub fn is_empty(&self) -> bool {
        self.weights.is_empty()
    }

    /// Learns from one release or report.
    pub fn learn(&mut self, reading: &Reading, said: Said) {
        let features = features::of(&view::of(reading));
        let toward = match said {
            Said::Wanted => -1.0,
            Said::Unwanted => 1.0,
        };
        // What it says already needs no more teaching: a thousand reports of one mail are one.
        let missing = (SAYS_MAX - toward * self.raw(&features)).clamp(0.0, STEP);
        let step = toward * missing / LEARNED_GROUPS.len() as f32;
        for group in groups(&features) {
            let size = (group.len().max(1) as f32).sqrt();
            let change = (step / size / UNIT).round() as i16;
            if change == 0 {
                continue;
            }
            for hash in group {
                let weight = self.weights.entry(*hash).or_insert(0);
                *weight = weight.saturating_add(change).clamp(-WEIGHT_MAX, WEIGHT_MAX);
            }
        }
        self.forget();
    }

    /// Drops the weakest entries above the limit, the same ones each time.
    fn forget(&mut self) {
        self.weights.retain(|_, weight| *weight != 0);
        let Some(excess) = self.weights.len().checked_sub(ENTRIES_MAX) else { return };
        let mut order: Vec<(u16, u32)> =
            self.weights.iter().map(|(hash, weight)| (weight.unsigned_abs(), *hash)).collect();
        order.sort_unstable();
        for (_, hash) in order.into_iter().take(excess) {
            self.weights.remove(&hash);
        }
    }

    /// What it says of a message, within [`SAYS_MAX`] on each side.
    pub(crate) fn says(&self, features: &Features) -> f32 {
        self.raw(features).clamp(-SAYS_MAX, SAYS_MAX)
    }

    fn raw(&self, features: &Features) -> f32 {
        if self.weights.is_empty() {
            return 0.0;
        }
        let mut sum = 0.0;
        for group in groups(features) {
            let size = (group.len().max(1) as f32).sqrt();
            let weights = group.iter().filter_map(|hash| self.weights.get(hash));
            sum += weights.map(|weight| f32::from(*weight) * UNIT).sum::<f32>() / size;
        }
        sum
    }

    /// As bytes, for the store.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(16 + self.weights.len() * 6);
        out.extend_from_slice(MAGIC);
        for (hash, weight) in &self.weights {
            out.extend_from_slice(&hash.to_le_bytes());
            out.extend_from_slice(&weight.to_le_bytes());
        }
        out.extend_from_slice(&checksum(&out).to_le_bytes());
        out
    }

    /// From the store's bytes; bounded, and total over any bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        if bytes.len() > 16 + ENTRIES_MAX * 6 {
            return Err(ModelError::TooLong);
        }
        let inside = bytes.strip_prefix(MAGIC.as_slice()).ok_or(ModelError::NotAModel)?;
        let (inside, sum) = inside.split_last_chunk::<8>().ok_or(ModelError::Damaged)?;
        if checksum(bytes.get(..bytes.len() - 8).unwrap_or_default()) != u64::from_le_bytes(*sum) {
            return Err(ModelError::Damaged);
        }
        let (entries, rest) = inside.as_chunks::<6>();
        if !rest.is_empty() {
            return Err(ModelError::Inconsistent);
        }
        let mut weights = BTreeMap::new();
        for [a, b, c, d, low, high] in entries {
            let weight = i16::from_le_bytes([*low, *high]);
            if !(-WEIGHT_MAX..=WEIGHT_MAX).contains(&weight) {
                return Err(ModelError::Inconsistent);
            }
            weights.insert(u32::from_le_bytes([*a, *b, *c, *d]), weight);
        }
        Ok(Self { weights })
    }
}

fn groups(features: &Features) -> impl Iterator<Item = &Vec<u32>> {
    LEARNED_GROUPS.iter().filter_map(|at| features.groups.get(*at))
}
