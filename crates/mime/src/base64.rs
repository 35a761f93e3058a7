//! Base64, as strictly and as loosely as the programs that read mail.
//!
//! Touches nothing. Never fails: each way of reading gives octets, and [`readings`] gives all that
//! differ, RFC 2045's first.

/// The value of a digit of RFC 2045's alphabet.
pub(crate) fn value(byte: u8) -> Option<u8> {
    match TABLE.get(usize::from(byte)) {
        Some(value) if *value < 64 => Some(*value),
        _ => None,
    }
}

const JUNK: u8 = 0xff;
const BLANK: u8 = 0xfe;
const PAD: u8 = 0xfd;

/// What each octet is: a digit's value, a blank or line end, padding, or junk.
static TABLE: [u8; 256] = table();

#[expect(clippy::indexing_slicing, reason = "evaluated when it is compiled")]
const fn table() -> [u8; 256] {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut table = [JUNK; 256];
    let mut at = 0;
    while at < 64 {
        table[digits[at] as usize] = at as u8;
        at += 1;
    }
    table[b' ' as usize] = BLANK;
    table[b'\t' as usize] = BLANK;
    table[b'\r' as usize] = BLANK;
    table[b'\n' as usize] = BLANK;
    table[b'=' as usize] = PAD;
    table
}

/// Every digit, whatever stands between; padding realigns.
pub(crate) fn decode_loosely(encoded: &[u8]) -> Vec<u8> {
    let mut decoder = Decoder::with_capacity(encoded.len());
    for byte in encoded {
        match kind(*byte) {
            BLANK | JUNK => {}
            PAD => decoder.realign(),
            digit => decoder.push(digit),
        }
    }
    decoder.finish()
}

fn kind(byte: u8) -> u8 {
    TABLE.get(usize::from(byte)).copied().unwrap_or(JUNK)
}

/// Collects digits to octets.
struct Decoder {
    out: Vec<u8>,
    bits: u32,
    digits: u32,
}

impl Decoder {
    fn with_capacity(encoded: usize) -> Self {
        Self { out: Vec::with_capacity(encoded / 4 * 3 + 3), bits: 0, digits: 0 }
    }

    fn push(&mut self, digit: u8) {
        self.bits = (self.bits << 6) | u32::from(digit);
        self.digits += 1;
        if self.digits == 4 {
            let [_, first, second, third] = self.bits.to_be_bytes();
            self.out.extend_from_slice(&[first, second, third]);
            (self.bits, self.digits) = (0, 0);
        }
    }

    /// Ends a group: two digits are one octet, three are two, one is nothing.
    fn realign(&mut self) {
        let [first, second, ..] = (self.bits << (6 * (4 - self.digits)) << 8).to_be_bytes();
        match self.digits {
            2 => self.out.push(first),
            3 => self.out.extend_from_slice(&[first, second]),
            _ => {}
        }
        (self.bits, self.digits) = (0, 0);
    }

    fn finish(mut self) -> Vec<u8> {
        self.realign();
        self.out
    }
}
