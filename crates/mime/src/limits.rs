//! Bounds of reading one message. Touches nothing.

/// How much of a message's structure is read. What is more is left out, with a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MimeLimits {
    /// Parts, nested ones included. Exchange Online takes 250 (spec 7).
    pub parts_max: usize,
    /// Multiparts and messages inside one another. Exchange Online takes 30 embedded messages.
    pub depth_max: usize,
    /// Decoded bytes of all parts and readings together.
    pub decoded_bytes_max: usize,
}

impl Default for MimeLimits {
    fn default() -> Self {
        Self { parts_max: 1000, depth_max: 30, decoded_bytes_max: 64 * 1024 * 1024 }
    }
}
