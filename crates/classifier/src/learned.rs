//! What one tenant's releases and reports taught: a small change to the model, for that tenant only.
//!
//! Touches nothing. Bounded three ways, so that a careless or bought reporter cannot turn the filter
//! off: each report moves little, the sum for one message is held within [`SAYS_MAX`], which is below
//! what any verdict needs by itself, and only [`ENTRIES_MAX`] features are kept. What users reported
//! is kept apart: all of them together count no more than one report of an administrator. There is
//! no way from here into the shared model.

use std::collections::BTreeMap;

use posthouse_mime::Reading;

use crate::classify::LEARNED_GROUPS;
use crate::features::{self, Features};
use crate::model::{ModelError, checksum};
use crate::view;

/// Features that are remembered for one tenant of what its administrators said, and as many of what
/// its users did; the weakest go first.
pub const ENTRIES_MAX: usize = 8192;
/// Most that it says of one message, in log-odds: five to one. High confidence needs far more.
pub const SAYS_MAX: f32 = 1.6;
/// Most that all users of a tenant together say of one message: one administrator's report.
pub const USERS_SAY_MAX: f32 = 0.5;
/// How far one report of an administrator moves its own message, in log-odds.
const STEP: f32 = 0.5;
/// How far one report of a user does.
const USER_STEP: f32 = 0.125;
/// Most that one feature weighs, in units of [`UNIT`].
const WEIGHT_MAX: i16 = 1600;
/// A stored weight's unit.
const UNIT: f32 = 0.001;
const MAGIC: &[u8; 8] = b"PHLEARN\x02";
/// Magic, length of the first part, checksum.
const FRAME_BYTES: usize = 8 + 4 + 8;
const ENTRY_BYTES: usize = 6;
/// Longest form in bytes.
pub const LEARNED_BYTES_MAX: usize = FRAME_BYTES + 2 * ENTRIES_MAX * ENTRY_BYTES;

/// What a person said of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Released from quarantine, or reported as not junk.
    Wanted,
    /// Reported as junk or phishing.
    Unwanted,
}

/// Who said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// An administrator of the tenant.
    Administrator,
    /// A recipient.
    User,
}

impl Voice {
    /// How far one report moves, and how far all of them together.
    fn bounds(self) -> (f32, f32) {
        match self {
            Self::Administrator => (STEP, SAYS_MAX),
            Self::User => (USER_STEP, USERS_SAY_MAX),
        }
    }
}

/// One tenant's change to the model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learned {
    administrators: Weights,
    users: Weights,
}

impl Learned {
    /// Nothing learned.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many features are remembered.
    pub fn len(&self) -> usize {
        self.administrators.0.len() + self.users.0.len()
    }

    /// Whether nothing was learned.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Learns from one release or report.
    pub fn learn(&mut self, reading: &Reading, said: Said, voice: Voice) {
        let features = features::of(&view::of(reading));
        let toward = match said {
            Said::Wanted => -1.0,
            Said::Unwanted => 1.0,
        };
        let (step, most) = voice.bounds();
        let weights = match voice {
            Voice::Administrator => &mut self.administrators,
            Voice::User => &mut self.users,
        };
        // What it says already needs no more teaching: a thousand reports of one mail are one.
        let missing = (most - toward * weights.sum(&features)).clamp(0.0, step);
        weights.shift(&features, toward * missing);
        weights.forget();
    }

    /// What it says of a message, within [`SAYS_MAX`] on each side.
    pub(crate) fn says(&self, features: &Features) -> f32 {
        let users = self.users.sum(features).clamp(-USERS_SAY_MAX, USERS_SAY_MAX);
        (self.administrators.sum(features) + users).clamp(-SAYS_MAX, SAYS_MAX)
    }

    /// As bytes, for the store.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(FRAME_BYTES + self.len() * ENTRY_BYTES);
        out.extend_from_slice(MAGIC);
        let first = u32::try_from(self.administrators.0.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&first.to_le_bytes());
        for (hash, weight) in self.administrators.0.iter().chain(&self.users.0) {
            out.extend_from_slice(&hash.to_le_bytes());
            out.extend_from_slice(&weight.to_le_bytes());
        }
        out.extend_from_slice(&checksum(&out).to_le_bytes());
        out
    }

    /// From the store's bytes; bounded, and total over any bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        if bytes.len() > LEARNED_BYTES_MAX {
            return Err(ModelError::TooLong);
        }
        let inside = bytes.strip_prefix(MAGIC.as_slice()).ok_or(ModelError::NotAModel)?;
        let (inside, sum) = inside.split_last_chunk::<8>().ok_or(ModelError::Damaged)?;
        if checksum(bytes.get(..bytes.len() - 8).unwrap_or_default()) != u64::from_le_bytes(*sum) {
            return Err(ModelError::Damaged);
        }
        let (first, inside) = inside.split_first_chunk::<4>().ok_or(ModelError::Damaged)?;
        let (entries, rest) = inside.as_chunks::<ENTRY_BYTES>();
        let first = u32::from_le_bytes(*first) as usize;
        let parts = entries.split_at_checked(first).filter(|_| rest.is_empty());
        let (administrators, users) = parts.ok_or(ModelError::Inconsistent)?;
        Ok(Self { administrators: Weights::read(administrators)?, users: Weights::read(users)? })
    }
}

/// What one voice taught, by feature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Weights(BTreeMap<u32, i16>);

impl Weights {
    /// What it says of a message, without a bound.
    fn sum(&self, features: &Features) -> f32 {
        if self.0.is_empty() {
            return 0.0;
        }
        let mut sum = 0.0;
        for group in groups(features) {
            let size = (group.len().max(1) as f32).sqrt();
            let weights = group.iter().filter_map(|hash| self.0.get(hash));
            sum += weights.map(|weight| f32::from(*weight) * UNIT).sum::<f32>() / size;
        }
        sum
    }

    /// Moves what it says of a message, about that far.
    fn shift(&mut self, features: &Features, by: f32) {
        let count = groups(features).filter(|group| !group.is_empty()).count().max(1);
        let step = by / count as f32;
        for group in groups(features) {
            let size = (group.len().max(1) as f32).sqrt();
            let change = (step / size / UNIT).round() as i16;
            if change == 0 {
                continue;
            }
            for hash in group {
                let weight = self.0.entry(*hash).or_insert(0);
                *weight = weight.saturating_add(change).clamp(-WEIGHT_MAX, WEIGHT_MAX);
            }
        }
    }

    /// Drops the weakest entries above the limit, the same ones each time.
    fn forget(&mut self) {
        self.0.retain(|_, weight| *weight != 0);
        let Some(excess) = self.0.len().checked_sub(ENTRIES_MAX) else { return };
        let mut order: Vec<(u16, u32)> =
            self.0.iter().map(|(hash, weight)| (weight.unsigned_abs(), *hash)).collect();
        order.sort_unstable();
        for (_, hash) in order.into_iter().take(excess) {
            self.0.remove(&hash);
        }
    }

    fn read(entries: &[[u8; ENTRY_BYTES]]) -> Result<Self, ModelError> {
        if entries.len() > ENTRIES_MAX {
            return Err(ModelError::TooLong);
        }
        let mut weights = BTreeMap::new();
        for [a, b, c, d, low, high] in entries {
            let weight = i16::from_le_bytes([*low, *high]);
            if !(-WEIGHT_MAX..=WEIGHT_MAX).contains(&weight) {
                return Err(ModelError::Inconsistent);
            }
            weights.insert(u32::from_le_bytes([*a, *b, *c, *d]), weight);
        }
        Ok(Self(weights))
    }
}

fn groups(features: &Features) -> impl Iterator<Item = &Vec<u32>> {
    LEARNED_GROUPS.iter().filter_map(|at| features.groups.get(*at))
}
