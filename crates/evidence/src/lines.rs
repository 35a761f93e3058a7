//! From bytes in pieces to numbered lines of text: UTF-8 and UTF-16, with and without BOM, any
//! line end. Pure and streaming: memory is one line, whatever the file.

use crate::limits::LINE_BYTES_MAX;

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// UTF-8, or any 8-bit text: what is not UTF-8 is replaced.
    Utf8,
    /// UTF-16, least significant byte first: what Windows calls Unicode.
    Utf16Le,
    /// UTF-16, most significant byte first.
    Utf16Be,
}

impl Encoding {
    /// Told by the BOM, else by where the zero bytes of ASCII text stand.
    pub(crate) fn of(start: &[u8]) -> Self {
        if start.starts_with(&[0xff, 0xfe]) {
            return Self::Utf16Le;
        }
        if start.starts_with(&[0xfe, 0xff]) {
            return Self::Utf16Be;
        }
        let pairs = start.len().min(512) / 2;
        let zeros = |offset: usize| {
            start.iter().skip(offset).step_by(2).take(pairs).filter(|byte| **byte == 0).count()
        };
        match (zeros(0), zeros(1)) {
            (even, odd) if pairs >= 2 && odd * 2 > pairs && even == 0 => Self::Utf16Le,
            (even, odd) if pairs >= 2 && even * 2 > pairs && odd == 0 => Self::Utf16Be,
            _ => Self::Utf8,
        }
    }
}

/// Turns pieces of a text into UTF-8, without the BOM.
#[derive(Debug)]
pub(crate) struct Decoder {
    encoding: Encoding,
    /// The first half of a unit that the last piece cut.
    half: Option<u8>,
    /// The first half of a character outside the basic plane.
    surrogate: Option<u16>,
    is_at_start: bool,
}

impl Decoder {
    pub(crate) fn new(encoding: Encoding) -> Self {
        Self { encoding, half: None, surrogate: None, is_at_start: true }
    }

    /// Appends a piece to `out`. The first piece of UTF-8 must hold the whole BOM, if there is one.
    pub(crate) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.encoding == Encoding::Utf8 {
            let bom: &[u8] = &[0xef, 0xbb, 0xbf];
            let rest = bytes.strip_prefix(bom).filter(|_| self.is_at_start).unwrap_or(bytes);
            self.is_at_start &= bytes.is_empty();
            out.extend_from_slice(rest);
            return;
        }
        for byte in bytes {
            match self.half.take() {
                None => self.half = Some(*byte),
                Some(first) => self.unit(first, *byte, out),
            }
        }
    }

    fn unit(&mut self, first: u8, second: u8, out: &mut Vec<u8>) {
        let unit = match self.encoding {
            Encoding::Utf16Be => u16::from_be_bytes([first, second]),
            _ => u16::from_le_bytes([first, second]),
        };
        if std::mem::take(&mut self.is_at_start) && unit == 0xfeff {
            return;
        }
        let before = self.surrogate.take();
        if (0xd800..0xdc00).contains(&unit) {
            // Its second half comes next; two first halves in a row are damage.
            self.surrogate = Some(unit);
            if before.is_some() {
                out.extend_from_slice("\u{fffd}".as_bytes());
            }
            return;
        }
        for decoded in char::decode_utf16(before.into_iter().chain([unit])) {
            let character = decoded.unwrap_or(char::REPLACEMENT_CHARACTER);
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}

/// Cuts UTF-8 in pieces into lines.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    line: Vec<u8>,
    number: u64,
    cut: u64,
}

impl Lines {
    /// Gives each whole line, without its end, with its number from 1.
    pub(crate) fn push(&mut self, text: &[u8], mut each: impl FnMut(u64, &str)) {
        let mut rest = text;
        while !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            let (piece, after) = rest.split_at(end);
            rest = after;
            let room = LINE_BYTES_MAX.saturating_sub(self.line.len());
            self.cut += u64::from(piece.len() > room && room > 0);
            self.line.extend_from_slice(piece.get(..room).unwrap_or(piece));
            if piece.ends_with(b"\n") {
                self.give(&mut each);
            }
        }
    }

    /// Gives the last line, where the text does not end with a line end.
    pub(crate) fn finish(&mut self, mut each: impl FnMut(u64, &str)) {
        if !self.line.is_empty() {
            self.give(&mut each);
        }
    }

    /// Lines so far.
    pub(crate) fn count(&self) -> u64 {
        self.number
    }

    /// Lines that were longer than the limit, and cut.
    pub(crate) fn cut(&self) -> u64 {
        self.cut
    }

    fn give(&mut self, each: &mut impl FnMut(u64, &str)) {
        self.number += 1;
        let text = String::from_utf8_lossy(&self.line);
        each(self.number, text.trim_end_matches(['\r', '\n', '\0', '\u{1a}']));
        self.line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8], piece: usize) -> Vec<String> {
        let mut decoder = Decoder::new(Encoding::of(bytes));
        let (mut lines, mut out) = (Lines::default(), Vec::new());
        // The start of a file is always looked at as a whole.
        let (start, rest) = bytes.split_at(bytes.len().min(4));
        for piece in [start].into_iter().chain(rest.chunks(piece)) {
            let mut text = Vec::new();
            decoder.push(piece, &mut text);
            lines.push(&text, |_, line| out.push(line.to_owned()));
        }
        lines.finish(|_, line| out.push(line.to_owned()));
        out
    }

    #[test]
    fn text_is_the_same_in_every_encoding_and_in_pieces_of_any_size() {
        let text = "#Fields: a\r\nGrüße 𝄞\nlast";
        let expected = ["#Fields: a", "Grüße 𝄞", "last"];
        let utf16 = |big: bool| -> Vec<u8> {
            let bytes = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
            text.encode_utf16().flat_map(bytes).collect()
        };
        let mut files = vec![text.as_bytes().to_vec(), utf16(false), utf16(true)];
        files.push([&[0xef, 0xbb, 0xbf], text.as_bytes()].concat());
        files.push([&[0xff, 0xfe], &utf16(false)[..]].concat());
        files.push([&[0xfe, 0xff], &utf16(true)[..]].concat());
        for file in files {
            for piece in [1, 2, 3, 1000] {
                assert_eq!(lines(&file, piece), expected, "{file:?} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn a_line_without_end_takes_no_more_memory_than_its_limit() {
        let mut lines = Lines::default();
        for _ in 0..100 {
            lines.push(&[b'x'; 10_000], |_, _| panic!("no line ended"));
        }
        assert!(lines.line.len() <= LINE_BYTES_MAX);
        lines.push(b"\nnext\n", |number, line| {
            assert!(number == 1 && line.len() == LINE_BYTES_MAX || number == 2 && line == "next");
        });
        assert_eq!((lines.cut(), lines.count()), (1, 2));
    }

    #[test]
    fn broken_halves_of_characters_are_replaced() {
        let bytes = [0xff, 0xfe, 0x3c, 0xd8, 0x3c, 0xd8, b'a', 0, 0, 0xdc, b'b', 0];
        assert_eq!(lines(&bytes, 3), ["\u{fffd}\u{fffd}a\u{fffd}b"]);
    }
}
