//! The checksum over a stored message: finds damage, proves nothing against malice.
//!
//! Eight bytes at a time: xor, then multiply by an odd number and fold, twice. Each of these steps
//! can be undone, so two texts that differ in one group of eight bytes never have the same sum;
//! others do with a chance of 2^-64. It costs a fraction of what hashing for security would.

/// A running sum.
#[derive(Clone, Debug)]
pub(crate) struct Checksum {
    state: u64,
    tail: u64,
    bytes: u64,
}

/// Odd, with bits all over: 2^64 divided by the golden ratio.
const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;

impl Checksum {
    /// The sum of nothing.
    pub(crate) fn new() -> Self {
        Self { state: FACTOR, tail: 0, bytes: 0 }
    }

    /// Adds bytes. How they are cut into pieces makes no difference.
    pub(crate) fn add(&mut self, mut bytes: &[u8]) {
        while !self.bytes.is_multiple_of(8) {
            let Some((first, rest)) = bytes.split_first() else { return };
            self.add_byte(*first);
            bytes = rest;
        }
        let (groups, rest) = bytes.as_chunks::<8>();
        for group in groups {
            self.mix(u64::from_le_bytes(*group));
        }
        self.bytes += 8 * groups.len() as u64;
        for byte in rest {
            self.add_byte(*byte);
        }
    }

    fn add_byte(&mut self, byte: u8) {
        self.tail |= u64::from(byte) << (8 * (self.bytes % 8));
        self.bytes += 1;
        if self.bytes.is_multiple_of(8) {
            let group = std::mem::take(&mut self.tail);
            self.mix(group);
        }
    }

    fn mix(&mut self, group: u64) {
        // Once would not do: the highest bit of a group would move to one known bit of the next.
        let once = (self.state ^ group).wrapping_mul(FACTOR);
        let twice = (once ^ (once >> 32)).wrapping_mul(FACTOR);
        self.state = twice ^ (twice >> 29);
    }

    /// The sum, as the database keeps numbers. The length is part of it.
    pub(crate) fn value(&self) -> i64 {
        let mut last = self.clone();
        last.mix(self.tail);
        last.mix(self.bytes);
        last.state.cast_signed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(pieces: &[&[u8]]) -> i64 {
        let mut checksum = Checksum::new();
        pieces.iter().for_each(|piece| checksum.add(piece));
        checksum.value()
    }

    #[test]
    fn pieces_do_not_change_the_sum() {
        let text = b"Received: from mail.contoso.example by edge; 1 Jan";
        for cut in 0..text.len() {
            let (front, back) = text.split_at(cut);
            assert_eq!(sum(&[front, back]), sum(&[text]), "cut at {cut}");
        }
    }

    #[test]
    fn every_single_damaged_bit_and_every_lost_byte_changes_the_sum() {
        let text = [0u8; 21];
        let mut seen = std::collections::HashSet::from([sum(&[&text])]);
        for bit in 0..text.len() * 8 {
            let mut damaged = text;
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(seen.insert(sum(&[&damaged])), "bit {bit}");
        }
        for length in 0..text.len() {
            assert!(seen.insert(sum(&[&text[..length]])), "length {length}");
        }
    }
}
