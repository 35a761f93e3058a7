//! What one message's attachments may still cost, and reading within it.
//!
//! Touches nothing. Every octet that a decoder gives goes through [`Budget::inflate`]; once the
//! budget is gone, nothing more is unpacked, and the examiner says so.

use std::io::Read;

use sha2::{Digest as _, Sha256};

use crate::{AttachmentLimits, signature::Needles};

/// Octets that a decoder is asked for at once: a bomb is seen after this much.
const CHUNK_BYTES: usize = 32 * 1024;

/// Units of work that an octet out of a decoder costs at worst: about nanoseconds, measured on text
/// that hardly packs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cost {
    /// A copy.
    Stored = 1,
    /// DEFLATE, Zstandard.
    Fast = 3,
    /// LZMA: 26 MB in all, which also bounds what its decoders look back on.
    Slow = 30,
    /// bzip2: 11 MB in all.
    Slowest = 70,
}

/// What is left.
#[derive(Debug)]
pub(crate) struct Budget {
    work_left: u64,
    inflated: u64,
    inflated_max: u64,
    attached: u64,
    members_left: usize,
    held_left: usize,
    /// It was too much: nothing more is unpacked.
    pub(crate) is_gone: bool,
}

/// A member, read.
#[derive(Debug, Default)]
pub(crate) struct Inflated {
    /// Its octets, or the beginning of them.
    pub(crate) bytes: Vec<u8>,
    /// How many there were, or came before the end of the budget.
    pub(crate) size: u64,
    /// Of all octets that came.
    pub(crate) sha256: [u8; 32],
    /// All of it is in `bytes`.
    pub(crate) is_whole: bool,
    /// The decoder complained.
    pub(crate) is_damaged: bool,
    /// The test signatures, also beyond the beginning.
    pub(crate) needles: Needles,
}

impl Budget {
    /// A message whose attachments have this many octets.
    pub(crate) fn new(limits: &AttachmentLimits, attached_bytes: u64) -> Self {
        let by_ratio = attached_bytes.saturating_mul(limits.inflated_ratio_max);
        Self {
            work_left: limits.work_max,
            inflated: 0,
            attached: attached_bytes,
            inflated_max: by_ratio.max(limits.inflated_bytes_free).min(limits.inflated_bytes_max),
            members_left: limits.members_max,
            held_left: limits.held_bytes_max,
            is_gone: false,
        }
    }

    /// One more member; none is left when this is false.
    pub(crate) fn member(&mut self) -> bool {
        match self.members_left.checked_sub(1) {
            Some(left) => self.members_left = left,
            None => self.is_gone = true,
        }
        !self.is_gone
    }

    /// Some work that is no inflating; too much when this is false.
    pub(crate) fn work(&mut self, units: u64) -> bool {
        match self.work_left.checked_sub(units) {
            Some(left) => self.work_left = left,
            None => self.is_gone = true,
        }
        !self.is_gone
    }

    /// So many octets came out; too many when this is false.
    fn came(&mut self, bytes: u64, cost: Cost) -> bool {
        self.inflated = self.inflated.saturating_add(bytes);
        if self.inflated > self.inflated_max {
            self.is_gone = true;
        }
        // Hashing and searching come on top of decoding.
        self.work(bytes.saturating_mul(cost as u64 + 1))
    }

    /// Reads to the end, or to the end of the budget. What is held is given back by
    /// [`release`](Self::release).
    pub(crate) fn inflate(&mut self, reader: &mut dyn Read, cost: Cost) -> Inflated {
        let mut out = Inflated { is_whole: true, ..Inflated::default() };
        let mut hash = Sha256::new();
        let mut chunk = vec![0; CHUNK_BYTES];
        while !self.is_gone {
            let got = match reader.read(&mut chunk) {
                Ok(0) => break,
                Ok(got) => chunk.get(..got).unwrap_or_default(),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(_) => {
                    out.is_damaged = true;
                    break;
                }
            };
            if !self.came(got.len() as u64, cost) {
                out.is_whole = false;
            }
            out.size += got.len() as u64;
            hash.update(got);
            out.needles.stream(got);
            if out.is_whole && got.len() <= self.held_left {
                self.held_left -= got.len();
                out.bytes.extend_from_slice(got);
            } else {
                out.is_whole = false;
            }
        }
        out.is_whole &= !self.is_gone;
        out.sha256 = hash.finalize().into();
        out
    }

    /// So much came out of so little that nobody does that by chance.
    pub(crate) fn is_bomb(&self) -> bool {
        /// Text and sparse tables pack up to this.
        const HONEST_RATIO: u64 = 50;
        self.inflated > self.attached.saturating_mul(HONEST_RATIO)
    }

    /// What a member held is free again.
    pub(crate) fn release(&mut self, held: usize) {
        self.held_left += held;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endless_reader_ends_with_the_budget() {
        let limits = AttachmentLimits::default();
        let mut budget = Budget::new(&limits, 100);
        let out = budget.inflate(&mut std::io::repeat(0), Cost::Fast);
        assert!(budget.is_gone && !out.is_whole);
        assert!(out.size <= limits.inflated_bytes_free + CHUNK_BYTES as u64);
    }

    #[test]
    fn work_ends_what_is_small_but_slow() {
        let limits = AttachmentLimits { work_max: 1_000_000, ..AttachmentLimits::default() };
        let mut budget = Budget::new(&limits, 1 << 30);
        let out = budget.inflate(&mut std::io::repeat(0), Cost::Slowest);
        assert!(budget.is_gone && out.size < 100_000);
    }

    #[test]
    fn a_long_member_is_hashed_whole_and_held_in_part() {
        let limits = AttachmentLimits { held_bytes_max: 40_000, ..AttachmentLimits::default() };
        let mut budget = Budget::new(&limits, 1 << 20);
        let long = vec![7; 100_000];
        let out = budget.inflate(&mut long.as_slice(), Cost::Stored);
        assert_eq!(out.size, 100_000);
        assert!(!out.is_whole && out.bytes.len() <= 40_000);
        assert_eq!(out.sha256, <[u8; 32]>::from(Sha256::digest(&long)));
        budget.release(out.bytes.len());
        assert_eq!(budget.held_left, 40_000);
    }
}
