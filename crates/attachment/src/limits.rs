//! Bounds of examining one message's attachments. Touches nothing.

/// How much of a message's attachments is examined. What is more is left out, with a finding.
///
/// All of them are counted over the whole message, so that many small archives cost no more than
/// one big one. The sizes are those of attacks.md, row ARC-07.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttachmentLimits {
    /// Octets that come out of archives, all together.
    pub inflated_bytes_max: u64,
    /// How many times as long as the message's attachments that may be. Text in office documents
    /// is packed up to some 100 times; DEFLATE ends at 1,032.
    pub inflated_ratio_max: u64,
    /// Octets that may come out whatever the ratio: small documents pack well.
    pub inflated_bytes_free: u64,
    /// Archives inside one another.
    pub depth_max: usize,
    /// Members of all archives.
    pub members_max: usize,
    /// Octets of members that are held at one time, over all depths. A longer member is hashed and
    /// searched as it streams by, and examined by its beginning.
    pub held_bytes_max: usize,
    /// Octets that a decoder may look back on; half of it in an archive inside another, a quarter
    /// below. `xz -9` declares 64 MiB, whatever it packs; memory is taken as octets come, and the
    /// work ends them before that many.
    pub window_bytes_max: u32,
    /// Work in units of about one nanosecond of a 2020s core: 0.8 seconds. It stands for a clock,
    /// which a room that thinks does not have.
    pub work_max: u64,
    /// Passwords from the message's text that are tried on an encrypted archive.
    pub passwords_max: usize,
    /// Findings of one message; further ones are dropped.
    pub findings_max: usize,
}

impl Default for AttachmentLimits {
    fn default() -> Self {
        Self {
            inflated_bytes_max: 200 * 1024 * 1024,
            inflated_ratio_max: 200,
            inflated_bytes_free: 8 * 1024 * 1024,
            depth_max: 6,
            members_max: 10_000,
            held_bytes_max: 16 * 1024 * 1024,
            window_bytes_max: 64 * 1024 * 1024,
            work_max: 800_000_000,
            passwords_max: 20,
            findings_max: 200,
        }
    }
}
