//! A trained model: weights by hash, calibration, and the bytes that it is kept as.
//!
//! Touches nothing. The bytes carry a version and a checksum and are bounded, so that a damaged or
//! hostile file is an error with a reason and never a wrong score, a panic or much memory.

use std::fmt;

use crate::features::GROUPS;
use crate::linear::Lanes;

/// Slots of the table, as a power of two. With 2^18 collisions cost 4 % of recall on held-out mail; with 2^20
/// the table is 6 MiB.
pub(crate) const SLOT_BITS: u32 = 20;
/// Slots of the table.
pub(crate) const SLOTS: usize = 1 << SLOT_BITS;
/// Longest model that is read, in bytes: a full table with the longest numbers fits well.
pub const MODEL_BYTES_MAX: usize = 12 * 1024 * 1024;

const MAGIC: &[u8; 8] = b"PHCLASS\x01";
/// What differs when features are made in another way: a model of another version says nothing.
const FEATURES_VERSION: u32 = 1;
/// The heads that are kept.
const KEPT_HEADS: usize = 3;
/// Largest number that a scale or a calibration may be.
const NUMBER_MAX: f32 = 1e6;

/// Why a file is no model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelError {
    /// Longer than [`MODEL_BYTES_MAX`].
    TooLong,
    /// It does not begin as a model does.
    NotAModel,
    /// Made by a version with other features: train again.
    OtherVersion,
    /// The checksum does not match: the file is damaged or cut.
    Damaged,
    /// It contradicts itself.
    Inconsistent,
}

impl fmt::Display for ModelError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::TooLong => "larger than a model can be",
            Self::NotAModel => "not a model: it does not begin as one",
            Self::OtherVersion => "made by another version of posthouse: train it again",
            Self::Damaged => "damaged or cut short: its checksum does not match",
            Self::Inconsistent => "not a model: it contradicts itself",
        })
    }
}

impl std::error::Error for ModelError {}

/// How often each class was learned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Wanted mail.
    pub ham: u32,
    /// Bulk mail.
    pub bulk: u32,
    /// Spam.
    pub spam: u32,
    /// Phishing.
    pub phish: u32,
}

/// A trained model.
#[derive(Clone, PartialEq)]
pub struct Model {
    /// Weights of each slot, in units of `scales`.
    pub(crate) table: Vec<[i16; KEPT_HEADS]>,
    pub(crate) scales: Lanes,
    pub(crate) bias: Lanes,
    /// Slope and offset that turn a raw score into log-odds, for each head.
    pub(crate) calibration: [(f32, f32); KEPT_HEADS],
    pub(crate) gains: [f32; GROUPS],
    pub(crate) counts: Counts,
}

impl fmt::Debug for Model {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Model({:?})", self.counts)
    }
}

/// The slot of a feature's hash.
pub(crate) fn slot(hash: u32) -> usize {
    (hash.wrapping_mul(0x85eb_ca6b) >> (32 - SLOT_BITS)) as usize
}

/// The model that comes with the program; `docs/model-card.md` says what it learned from.
const SHIPPED: &[u8] = include_bytes!("../models/shipped.model");

impl Model {
    /// The model that comes with the program.
    pub fn shipped() -> Self {
        Self::from_bytes(SHIPPED).unwrap_or_else(|_| Self::empty())
    }

    /// A model that knows nothing: every message is undecided.
    pub fn empty() -> Self {
        Self {
            table: vec![[0; KEPT_HEADS]; SLOTS],
            scales: Lanes::default(),
            bias: Lanes::default(),
            calibration: [(1.0, 0.0); KEPT_HEADS],
            gains: [0.0; GROUPS],
            counts: Counts::default(),
        }
    }

    /// The same order of mails, with log-odds of bad mail and phishing worth this share: for a
    /// model that is to judge mail unlike what it was calibrated on, where it is too sure of itself.
    #[must_use]
    pub fn tempered(mut self, share: f32) -> Self {
        for (slope, offset) in self.calibration.iter_mut().take(2) {
            *slope *= share;
            *offset *= share;
        }
        self
    }

    /// Bulk mail is likelier by so many log-odds: for a model that has seen little of it.
    #[must_use]
    pub fn leaning_to_bulk(mut self, log_odds: f32) -> Self {
        let [.., (_, offset)] = &mut self.calibration;
        *offset += log_odds;
        self
    }

    /// What it was trained on.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// How many slots say anything.
    pub fn weights(&self) -> usize {
        self.table.iter().filter(|entry| **entry != [0; KEPT_HEADS]).count()
    }

    /// What one feature says for each head, before its group is normalised.
    pub(crate) fn weight(&self, hash: u32) -> [f32; KEPT_HEADS] {
        let entry = self.table.get(slot(hash)).copied().unwrap_or_default();
        let mut out = [0.0; KEPT_HEADS];
        for ((out, value), scale) in out.iter_mut().zip(entry).zip(self.scales) {
            *out = f32::from(value) * scale;
        }
        out
    }

    /// Sums for each head over one group, normalised by its size.
    pub(crate) fn group(&self, at: usize, hashes: &[u32]) -> [f32; KEPT_HEADS] {
        let mut sums = [0_i32; KEPT_HEADS];
        for hash in hashes {
            let Some(entry) = self.table.get(slot(*hash)) else { continue };
            for (sum, value) in sums.iter_mut().zip(entry) {
                *sum += i32::from(*value);
            }
        }
        let gain = self.gains.get(at).copied().unwrap_or(0.0);
        let value = gain / (hashes.len().max(1) as f32).sqrt();
        let mut out = [0.0; KEPT_HEADS];
        for ((out, sum), scale) in out.iter_mut().zip(sums).zip(self.scales) {
            *out = sum as f32 * scale * value;
        }
        out
    }

    /// The model as bytes: the same model, the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024 * 1024);
        out.extend_from_slice(MAGIC);
        for number in [FEATURES_VERSION, SLOT_BITS] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        let Counts { ham, bulk, spam, phish } = self.counts;
        for number in [ham, bulk, spam, phish] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        for number in self.numbers() {
            out.extend_from_slice(&number.to_le_bytes());
        }
        let mut gap = 0_u32;
        for entry in &self.table {
            if *entry == [0; KEPT_HEADS] {
                gap += 1;
                continue;
            }
            put_varint(&mut out, gap);
            gap = 0;
            for value in entry {
                put_varint(&mut out, zigzag(*value));
            }
        }
        out.extend_from_slice(&checksum(&out).to_le_bytes());
        out
    }

    fn numbers(&self) -> Vec<f32> {
        let mut out: Vec<f32> = self.scales.iter().chain(&self.bias).copied().collect();
        out.extend(self.calibration.iter().flat_map(|(slope, offset)| [*slope, *offset]));
        out.extend(self.gains);
        out
    }

    /// Reads a model; bounded, and total over any bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        if bytes.len() > MODEL_BYTES_MAX {
            return Err(ModelError::TooLong);
        }
        let inside = bytes.strip_prefix(MAGIC.as_slice()).ok_or(ModelError::NotAModel)?;
        let (inside, sum) = inside.split_last_chunk::<8>().ok_or(ModelError::Damaged)?;
        let whole = bytes.get(..bytes.len() - sum.len()).unwrap_or_default();
        if checksum(whole) != u64::from_le_bytes(*sum) {
            return Err(ModelError::Damaged);
        }
        let mut reader = Reader { rest: inside };
        if reader.number()? != FEATURES_VERSION || reader.number()? != SLOT_BITS {
            return Err(ModelError::OtherVersion);
        }
        let counts = Counts {
            ham: reader.number()?,
            bulk: reader.number()?,
            spam: reader.number()?,
            phish: reader.number()?,
        };
        let mut model = Self {
            table: vec![[0; KEPT_HEADS]; SLOTS],
            scales: reader.floats()?,
            bias: reader.floats()?,
            calibration: [(1.0, 0.0); KEPT_HEADS],
            gains: [0.0; GROUPS],
            counts,
        };
        for pair in &mut model.calibration {
            let [slope, offset] = reader.floats()?;
            *pair = (slope, offset);
        }
        model.gains = reader.floats()?;
        let mut at = 0_usize;
        while !reader.rest.is_empty() {
            at += reader.varint()? as usize;
            let entry = model.table.get_mut(at).ok_or(ModelError::Inconsistent)?;
            for value in entry {
                *value = reader.value()?;
            }
            at += 1;
        }
        Ok(model)
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn number(&mut self) -> Result<u32, ModelError> {
        let (number, rest) = self.rest.split_first_chunk::<4>().ok_or(ModelError::Inconsistent)?;
        self.rest = rest;
        Ok(u32::from_le_bytes(*number))
    }

    fn floats<const N: usize>(&mut self) -> Result<[f32; N], ModelError> {
        let mut out = [0.0; N];
        for value in &mut out {
            *value = f32::from_bits(self.number()?);
            if !(value.is_finite() && value.abs() <= NUMBER_MAX) {
                return Err(ModelError::Inconsistent);
            }
        }
        Ok(out)
    }

    fn varint(&mut self) -> Result<u32, ModelError> {
        let mut value = 0_u32;
        for shift in [0, 7, 14] {
            let (byte, rest) = self.rest.split_first().ok_or(ModelError::Inconsistent)?;
            self.rest = rest;
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(ModelError::Inconsistent)
    }

    fn value(&mut self) -> Result<i16, ModelError> {
        let zigzag = self.varint()?;
        let value = (zigzag >> 1) as i32 ^ -((zigzag & 1) as i32);
        i16::try_from(value).map_err(|_| ModelError::Inconsistent)
    }
}

fn zigzag(value: i16) -> u32 {
    let wide = i32::from(value);
    ((wide << 1) ^ (wide >> 31)) as u32
}

fn put_varint(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// FNV-1a over eight bytes at a time: finds damage, proves nothing.
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let (words, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    for word in words.iter().chain((!rest.is_empty()).then_some(&last)) {
        hash = (hash ^ u64::from_le_bytes(*word)).wrapping_mul(0x0100_0000_01b3);
        hash ^= hash >> 32;
    }
    hash
}
