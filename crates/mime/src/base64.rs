//! Base64, as strictly and as loosely as the programs that read mail.
//!
//! Touches nothing. Never fails: each way of reading gives octets, and [`readings`] gives all that
//! differ, RFC 2045's first.

/// What is longer is read in three ways only, in bytes: each way costs as much memory.
pub(crate) const LARGE_BYTES: usize = 16 * 1024 * 1024;

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

/// The same with the alphabet for URLs beside it.
static URL_TABLE: [u8; 256] = url_table();

#[expect(clippy::indexing_slicing, reason = "evaluated when it is compiled")]
const fn url_table() -> [u8; 256] {
    let mut table = table();
    table[b'-' as usize] = 62;
    table[b'_' as usize] = 63;
    table
}

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

/// Every way in which programs read these octets, the standard's first; one where they agree.
pub(crate) fn readings(encoded: &[u8]) -> Vec<Vec<u8>> {
    if let Some(clean) = decode_clean(encoded) {
        return vec![clean];
    }
    let mut readings = vec![until_padding(encoded)];
    let mut add = |reading: Vec<u8>| {
        if !reading.is_empty() && !readings.contains(&reading) {
            readings.push(reading);
        }
    };
    add(decode_loosely(encoded));
    add(digits_only(encoded, &TABLE));
    if encoded.len() > LARGE_BYTES {
        return readings;
    }
    if encoded.iter().any(|byte| matches!(byte, b'-' | b'_')) {
        add(digits_only(encoded, &URL_TABLE));
    }
    add(until_junk(encoded));
    add(line_by_line(encoded));
    // A program that finds an error shows what stands there.
    add(encoded.to_vec());
    readings
}

/// What is clean: digits and line ends, and padding at the end only, where it is due.
fn decode_clean(encoded: &[u8]) -> Option<Vec<u8>> {
    let mut decoder = Decoder::with_capacity(encoded.len());
    let mut rest = encoded;
    loop {
        // Whole groups at once: this is where the time goes.
        while decoder.digits == 0
            && let [first, second, third, fourth, after @ ..] = rest
        {
            let group = [kind(*first), kind(*second), kind(*third), kind(*fourth)];
            if group.iter().any(|digit| *digit >= 64) {
                break;
            }
            let bits = group.iter().fold(0, |bits, digit| (bits << 6) | u32::from(*digit));
            let [_, first, second, third] = bits.to_be_bytes();
            decoder.out.extend_from_slice(&[first, second, third]);
            rest = after;
        }
        let [byte, after @ ..] = rest else { break };
        match kind(*byte) {
            BLANK => {}
            JUNK => return None,
            PAD => {
                let pads = after.iter().filter(|byte| **byte == b'=').count() + 1;
                let is_due = decoder.digits + u32::try_from(pads).ok()? == 4 && pads <= 2;
                let is_end = after.iter().all(|byte| matches!(kind(*byte), BLANK | PAD));
                return (is_due && is_end).then(|| decoder.finish());
            }
            digit => decoder.push(digit),
        }
        rest = after;
    }
    // Without its padding it was cut: strict programs refuse it.
    (decoder.digits == 0).then_some(decoder.out)
}

/// RFC 2045: foreign characters are skipped, padding is the end.
fn until_padding(encoded: &[u8]) -> Vec<u8> {
    let end = memchr::memchr(b'=', encoded).unwrap_or(encoded.len());
    digits_only(encoded.get(..end).unwrap_or_default(), &TABLE)
}

/// Digits as one stream, all else skipped.
fn digits_only(encoded: &[u8], table: &[u8; 256]) -> Vec<u8> {
    let mut decoder = Decoder::with_capacity(encoded.len());
    for byte in encoded {
        let digit = table.get(usize::from(*byte)).copied().unwrap_or(JUNK);
        if digit < 64 {
            decoder.push(digit);
        }
    }
    decoder.finish()
}

/// A strict decoder's output up to its error.
fn until_junk(encoded: &[u8]) -> Vec<u8> {
    let end = encoded.iter().position(|byte| kind(*byte) == JUNK).unwrap_or(encoded.len());
    decode_loosely(encoded.get(..end).unwrap_or_default())
}

/// Each line by itself: what a line leaves over is its own.
fn line_by_line(encoded: &[u8]) -> Vec<u8> {
    let mut decoder = Decoder::with_capacity(encoded.len());
    for line in encoded.split(|byte| *byte == b'\n') {
        for byte in line.iter().take_while(|byte| **byte != b'=') {
            let digit = kind(*byte);
            if digit < 64 {
                decoder.push(digit);
            }
        }
        decoder.realign();
    }
    decoder.finish()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(encoded: &str) -> Vec<String> {
        let readings = readings(encoded.as_bytes());
        readings.iter().map(|octets| String::from_utf8_lossy(octets).into_owned()).collect()
    }

    #[test]
    fn clean_base64_has_one_reading() {
        for (encoded, expected) in [
            ("", ""),
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYg==\r\n", "foob"),
            ("Zm9v\r\nYmFy\r\n", "foobar"),
            ("Zm\n9v\nYm FyZg=\n=\n", "foobarf"),
        ] {
            assert_eq!(shown(encoded), [expected], "{encoded:?}");
        }
    }

    #[test]
    fn mim_05_odd_base64_has_every_reading() {
        let table: &[(&str, &[&str])] = &[
            // Two chunks, each padded.
            ("Zg==\nZm9v", &["f", "ffoo", "f\u{6}f\u{f6}\u{f0}"]),
            // Foreign characters.
            ("Z!m9v", &["foo"]),
            ("Zm9v!YmFy", &["foobar", "foo"]),
            ("Zm9vYmFy\n-- \nlist footer", &["foobar"]),
        ];
        for (encoded, expected) in table {
            let found = shown(encoded);
            let wanted = expected.first().unwrap();
            assert!(found[0].starts_with(wanted), "{encoded:?} {found:?}");
            for wanted in expected.iter().filter(|one| one.is_ascii()) {
                assert!(found.iter().any(|one| one.starts_with(wanted)), "{encoded:?} {found:?}");
            }
        }
        assert!(shown("Zm9v====Zm9v").contains(&"foofoo".to_owned()));
        assert!(shown("not base64: at all, really!").iter().any(|one| one.starts_with("not ")));
        assert!(readings(b"-_-_").contains(&vec![0xfb, 0xff, 0xbf]));
    }
}
