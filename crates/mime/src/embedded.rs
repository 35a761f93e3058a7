//! Files inside text: uuencode and yEnc.
//!
//! Touches nothing. Finds blocks at the beginning of lines and decodes them loosely; a block
//! without an end goes to the end of the text.

use memchr::{memchr, memmem};

/// Blocks of one text that are unpacked.
const BLOCKS_MAX: usize = 100;

/// A file that was found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Embedded {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) encoding: &'static str,
}

/// All files in a text, in their order of kind.
pub(crate) fn find(text: &[u8]) -> Vec<Embedded> {
    let mut found = Vec::new();
    blocks(text, b"begin ", &mut found, uuencoded);
    blocks(text, b"begin-base64 ", &mut found, base64_block);
    blocks(text, b"=ybegin ", &mut found, yencoded);
    found
}

/// Calls `decode` with what follows each `start` at a line's beginning; it says how far it read.
fn blocks(
    text: &[u8],
    start: &[u8],
    found: &mut Vec<Embedded>,
    decode: fn(&[u8]) -> Option<(Embedded, usize)>,
) {
    let mut at = 0;
    let finder = memmem::Finder::new(start);
    while let Some(next) = text.get(at..).and_then(|rest| finder.find(rest)) {
        let begin = at + next;
        at = begin + start.len();
        let is_line = begin == 0 || matches!(text.get(begin - 1), Some(b'\n' | b'\r'));
        if !is_line || found.len() >= BLOCKS_MAX {
            continue;
        }
        if let Some((file, length)) = text.get(at..).and_then(decode) {
            found.push(file);
            at += length;
        }
    }
}

/// One line without its end, and how long it is with it.
fn line(text: &[u8]) -> (&[u8], usize) {
    let length = memchr(b'\n', text).map_or(text.len(), |at| at + 1);
    let line = text.get(..length).unwrap_or_default();
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    (line.strip_suffix(b"\r").unwrap_or(line), length)
}

/// After `begin `: mode, name, lines, `end`.
fn uuencoded(text: &[u8]) -> Option<(Embedded, usize)> {
    let (head, mut at) = line(text);
    let (name, _) = mode_and_name(head)?;
    let (bytes, length) = uu_lines(text.get(at..)?);
    at += length;
    (!bytes.is_empty()).then_some((Embedded { name, bytes, encoding: "uuencode" }, at))
}

fn mode_and_name(head: &[u8]) -> Option<(String, usize)> {
    let head = String::from_utf8_lossy(head);
    let (mode, name) = head.trim().split_once(' ')?;
    let is_mode = (3..=6).contains(&mode.len()) && mode.bytes().all(|byte| byte.is_ascii_digit());
    is_mode.then(|| (crate::words::clean(name.trim()).into_owned(), head.len()))
}

/// The octets of uuencoded lines up to `end`, and how many bytes were read.
pub(crate) fn uu_lines(text: &[u8]) -> (Vec<u8>, usize) {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let mut at = 0;
    while at < text.len() {
        let (row, length) = line(text.get(at..).unwrap_or_default());
        if row.trim_ascii() == b"end" {
            return (bytes, at + length);
        }
        let Some((count, digits)) = row.split_first() else {
            at += length;
            continue;
        };
        if !(b' '..=b'`').contains(count) {
            // No uuencoded line: the block has ended without saying so.
            return (bytes, at);
        }
        at += length;
        let count = usize::from((count - b' ') & 0x3f);
        let before = bytes.len();
        for group in digits.chunks(4) {
            let digit = |index: usize| {
                u32::from(group.get(index).copied().unwrap_or(b' ').wrapping_sub(b' ') & 0x3f)
            };
            let bits = (digit(0) << 18) | (digit(1) << 12) | (digit(2) << 6) | digit(3);
            let [_, first, second, third] = bits.to_be_bytes();
            bytes.extend_from_slice(&[first, second, third]);
        }
        bytes.truncate(before + count);
    }
    (bytes, at)
}

/// After `begin-base64 `: mode, name, base64, `====`.
fn base64_block(text: &[u8]) -> Option<(Embedded, usize)> {
    let (head, at) = line(text);
    let (name, _) = mode_and_name(head)?;
    let rest = text.get(at..)?;
    let length = memmem::find(rest, b"====").unwrap_or(rest.len());
    let bytes = crate::base64::decode_loosely(rest.get(..length)?);
    Some((Embedded { name, bytes, encoding: "base64" }, at + length))
}

/// After `=ybegin `: `line=.. size=.. name=..`, lines, `=yend`.
fn yencoded(text: &[u8]) -> Option<(Embedded, usize)> {
    let (head, at) = line(text);
    let head = String::from_utf8_lossy(head);
    let (_, name) = head.split_once("name=")?;
    let rest = text.get(at..)?;
    let length = memmem::find(rest, b"\n=yend").map_or(rest.len(), |end| end + 1);
    let mut bytes = Vec::with_capacity(length);
    let mut is_escaped = false;
    let mut body = rest.get(..length)?;
    if body.starts_with(b"=ypart") {
        let (_, skipped) = line(body);
        body = body.get(skipped..)?;
    }
    for byte in body {
        match byte {
            b'\r' | b'\n' => {}
            b'=' if !is_escaped => is_escaped = true,
            other => {
                let shift = if is_escaped { 42 + 64 } else { 42 };
                bytes.push(other.wrapping_sub(shift));
                is_escaped = false;
            }
        }
    }
    let name = crate::words::clean(name.trim()).into_owned();
    Some((Embedded { name, bytes, encoding: "yEnc" }, at + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_in_text_are_unpacked() {
        let text = b"hello\r\nbegin 644 a.txt\r\n#9F]O\r\n`\r\nend\r\nbye\nbegin of something\n\
            begin-base64 644 b.txt\nYmFy\n====\n=ybegin line=128 size=3 name=c.txt\n\x8c\x8b\x9c\n=yend size=3\n";
        let found = find(text);
        let shown: Vec<_> =
            found.iter().map(|file| (file.name.as_str(), &file.bytes[..])).collect();
        assert_eq!(shown, [("a.txt", &b"foo"[..]), ("b.txt", &b"bar"[..]), ("c.txt", &b"bar"[..])]);
        let cut = find(b"begin 644 x\n#9F]O");
        assert_eq!(cut[0].bytes, b"foo");
    }

    #[test]
    fn mim_06_many_blocks_take_linear_time() {
        assert!(find(&b"begin 644 a\n#9F]O\n".repeat(50_000)).len() <= BLOCKS_MAX);
        find(&b"=ybegin name=\n".repeat(50_000));
        find(&b"begin-base64 644 a\n".repeat(50_000));
    }
}
