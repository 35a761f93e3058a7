//! Unix compress (`.Z`): LZW with codes of 9 to 16 bits.
//!
//! Touches nothing. The format is that of ncompress: three octets of header, codes with the lowest
//! bit first, in groups of eight codes that are thrown away to their end where the width changes.

use std::io::{Error, ErrorKind, Read};

/// A decoder.
pub(super) struct Compress<'b> {
    bytes: &'b [u8],
    bit: usize,
    group: usize,
    width: u32,
    width_max: u32,
    clears: bool,
    /// For each code from 257: what comes before its last octet, and that octet.
    table: Vec<(u16, u8)>,
    last: Option<u16>,
    first_octet: u8,
    /// Octets of the last code, back to front.
    waiting: Vec<u8>,
    is_damaged: bool,
}

/// The code that empties the table, in block mode.
const CLEAR: u16 = 256;

impl<'b> Compress<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        let flags = bytes.get(2).copied().unwrap_or_default();
        let width_max = u32::from(flags & 0x1f);
        Self {
            bytes,
            bit: 24,
            group: 24,
            width: 9,
            width_max,
            clears: flags & 0x80 != 0,
            table: Vec::new(),
            last: None,
            first_octet: 0,
            waiting: Vec::new(),
            is_damaged: !bytes.starts_with(b"\x1f\x9d") || !(9..=16).contains(&width_max),
        }
    }

    fn next_code(&mut self) -> Option<u16> {
        let mut code = 0;
        for at in 0..self.width {
            let bit = self.bit + at as usize;
            let octet = u32::from(*self.bytes.get(bit / 8)?);
            code |= (octet >> (bit % 8) & 1) << at;
        }
        self.bit += self.width as usize;
        u16::try_from(code).ok()
    }

    /// Codes come in groups of eight; a change of width begins a new one.
    fn next_group(&mut self) {
        let size = 8 * self.width as usize;
        let used = (self.bit - self.group).div_ceil(size) * size;
        self.bit = self.group + used;
        self.group = self.bit;
    }

    fn first_free(&self) -> usize {
        (if self.clears { 257 } else { 256 }) + self.table.len()
    }

    fn row(&self, code: u16) -> Option<(u16, u8)> {
        let base = if self.clears { 257 } else { 256 };
        self.table.get(usize::from(code).checked_sub(base)?).copied()
    }

    /// Decodes one code into `waiting`; false at the end.
    fn step(&mut self) -> Option<bool> {
        if self.first_free() >= 1 << self.width && self.width < self.width_max {
            self.next_group();
            self.width += 1;
        }
        let Some(code) = self.next_code() else { return Some(false) };
        if self.clears && code == CLEAR {
            self.next_group();
            self.table.clear();
            self.width = 9;
            self.last = None;
            return Some(true);
        }
        let mut at = code;
        if code >= 256 && self.row(code).is_none() {
            // The code that this very step makes: the last string and its first octet.
            let is_next = usize::from(code) == self.first_free();
            self.waiting.push(self.first_octet);
            at = self.last.filter(|_| is_next)?;
        }
        while at >= 256 {
            let (before, octet) = self.row(at)?;
            self.waiting.push(octet);
            at = before;
        }
        self.first_octet = u8::try_from(at).ok()?;
        self.waiting.push(self.first_octet);
        if let Some(last) = self.last
            && self.first_free() < 1 << self.width_max
        {
            self.table.push((last, self.first_octet));
        }
        self.last = Some(code);
        Some(true)
    }
}

impl Read for Compress<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let mut written = 0;
        for place in buffer.iter_mut() {
            while self.waiting.is_empty() && !self.is_damaged {
                match self.step() {
                    Some(true) => {}
                    Some(false) => return Ok(written),
                    None => self.is_damaged = true,
                }
            }
            let Some(octet) = self.waiting.pop() else { break };
            *place = octet;
            written += 1;
        }
        if written == 0 && self.is_damaged {
            return Err(Error::from(ErrorKind::InvalidData));
        }
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes codes of nine bits, enough for short texts: no table grows past 512.
    fn compress(text: &[u8]) -> Vec<u8> {
        let mut bits = Vec::new();
        for octet in text {
            (0..9).for_each(|at| bits.push(u16::from(*octet) >> at & 1));
        }
        let mut out = vec![0x1f, 0x9d, 0x90];
        for octet in bits.chunks(8) {
            out.push(octet.iter().enumerate().map(|(at, bit)| (*bit as u8) << at).sum());
        }
        out
    }

    #[test]
    fn compress_is_read() {
        let text = b"a text without any repetition of strings";
        let mut out = Vec::new();
        Compress::new(&compress(text)).read_to_end(&mut out).unwrap();
        assert_eq!(out, text);
        // "ababab" by gzip's and ncompress' rule: a, b, 257 (ab), 257.
        let mut bits = Vec::new();
        for code in [97_u16, 98, 257, 259] {
            (0..9).for_each(|at| bits.push(code >> at & 1));
        }
        let mut packed = vec![0x1f, 0x9d, 0x90];
        for octet in bits.chunks(8) {
            packed.push(octet.iter().enumerate().map(|(at, bit)| (*bit as u8) << at).sum());
        }
        let mut out = Vec::new();
        Compress::new(&packed).read_to_end(&mut out).unwrap();
        assert_eq!(out, b"abababa");
    }

    #[test]
    fn garbage_is_an_error_and_no_panic() {
        let mut out = Vec::new();
        assert!(Compress::new(b"\x1f\x9d\x90\xff\xff\xff").read_to_end(&mut out).is_err());
        assert!(Compress::new(b"\x1f\x9d").read_to_end(&mut out).is_err());
    }
}
