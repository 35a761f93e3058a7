//! Files written as text: base64, hexadecimal, uuencode.
//!
//! Touches nothing. Lenient, since what is looked for was written to be read by lenient programs.

/// What is no digit, in [`DIGITS`].
const NO_DIGIT: u8 = 0xff;

/// The value of each octet as a base64 digit of either alphabet: every text is looked through.
#[expect(clippy::indexing_slicing, reason = "the compiler counts to 255 here")]
const DIGITS: [u8; 256] = {
    let mut table = [NO_DIGIT; 256];
    let mut octet = 0_usize;
    while octet < 256 {
        table[octet] = match octet as u8 {
            upper @ b'A'..=b'Z' => upper - b'A',
            lower @ b'a'..=b'z' => lower - b'a' + 26,
            digit @ b'0'..=b'9' => digit - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => NO_DIGIT,
        };
        octet += 1;
    }
    table
};

/// One base64 digit.
fn digit(octet: u8) -> Option<u32> {
    let value = DIGITS.get(usize::from(octet)).copied().filter(|value| *value != NO_DIGIT);
    value.map(u32::from)
}

/// Decodes what is base64 in it and skips the rest.
pub(crate) fn base64(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for value in text.iter().filter_map(|octet| digit(*octet)) {
        bits = bits << 6 | value;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count & 0xff) as u8);
        }
    }
    out
}

/// Runs of base64 of at least so many digits. A run goes on over line ends.
pub(crate) fn base64_runs(text: &[u8], digits_min: usize) -> impl Iterator<Item = &[u8]> {
    let is_of_run = |octet: &u8| digit(*octet).is_some() || matches!(octet, b'\r' | b'\n' | b'=');
    let mut rest = text;
    std::iter::from_fn(move || {
        // Looked at from the end: what is no digit there spares a look at all before it.
        while let Some(at) = rest.get(..digits_min)?.iter().rposition(|octet| !is_of_run(octet)) {
            rest = rest.get(at + 1..)?;
        }
        let end = rest.iter().position(|octet| !is_of_run(octet)).unwrap_or(rest.len());
        let (run, after) = rest.split_at_checked(end)?;
        rest = after;
        Some(run)
    })
    // Prose without spaces is no base64: all lines of a run but the last are long.
    .filter(|run| run.split(|octet| *octet == b'\n').next().is_some_and(|line| line.len() >= 32))
}

/// Decodes hexadecimal digits, and skips the rest.
pub(crate) fn hexadecimal(text: impl Iterator<Item = u8>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut half = None;
    for value in text.filter_map(|octet| char::from(octet).to_digit(16)) {
        let value = value as u8;
        match half.take() {
            None => half = Some(value),
            Some(high) => out.push(high << 4 | value),
        }
    }
    out
}

/// Gives every uuencoded file in a text, with its name, until one is not wanted.
pub(crate) fn uuencoded(text: &[u8], mut file: impl FnMut(&str, &[u8]) -> bool) {
    let mut open: Option<(String, Vec<u8>)> = None;
    let mut rest = text.len();
    for line in text.split(|octet| *octet == b'\n') {
        rest = rest.saturating_sub(line.len());
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match &mut open {
            // Room for all that can follow: growing step by step would take twice as much.
            None => open = begin(line).map(|name| (name, Vec::with_capacity(rest / 4 * 3))),
            Some((name, bytes)) if line == b"end" => {
                if !file(name, bytes) {
                    return;
                }
                open = None;
            }
            Some((_, bytes)) => uu_line(line, bytes),
        }
    }
    // The end is missing: lenient programs take it all the same.
    if let Some((name, bytes)) = open {
        file(&name, &bytes);
    }
}

/// `begin 644 NAME`.
fn begin(line: &[u8]) -> Option<String> {
    let rest = line.strip_prefix(b"begin ")?;
    let (mode, name) = rest.split_at_checked(3)?;
    let name = name.strip_prefix(b" ")?;
    mode.iter().all(u8::is_ascii_digit).then(|| String::from_utf8_lossy(name).trim().to_owned())
}

fn uu_line(line: &[u8], out: &mut Vec<u8>) {
    let value = |octet: u8| u32::from(octet.wrapping_sub(32) & 0x3f);
    let Some((first, digits)) = line.split_first() else { return };
    let length = value(*first) as usize;
    let end = out.len() + length;
    for four in digits.chunks(4) {
        let bits =
            (0..4).fold(0, |bits, at| bits << 6 | four.get(at).map_or(0, |octet| value(*octet)));
        out.extend([(bits >> 16) as u8, (bits >> 8) as u8, bits as u8]);
    }
    out.truncate(end); // Short lines are not filled up: they would blow up the text.
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_are_decoded() {
        assert_eq!(base64(b"aGVs\r\nbG8="), b"hello");
        assert_eq!(hexadecimal(b"68 65\n6c6C6f".iter().copied()), b"hello");
        let mut files = Vec::new();
        uuencoded(b"text\nbegin 644 a.txt\n%:&5L;&\\ \n`\nend\nmore", |name, bytes| {
            files.push((name.to_owned(), bytes.to_vec()));
            true
        });
        assert_eq!(files, [("a.txt".to_owned(), b"hello".to_vec())]);
    }

    #[test]
    fn runs_are_long_and_cross_lines() {
        let line = "QUJD".repeat(19);
        let text = format!("see x = \"{line}\r\n{line}\"; and so on");
        assert_eq!(base64_runs(text.as_bytes(), 60).count(), 1);
        assert_eq!(base64_runs(b"a\nb\nc\nd\ne\nf\ng\nh\na\nb\nc\nd\ne\nf\ng\nh\na\nb\nc\nd\ne\nf\ng\nh\na\nb\nc\nd\ne\nf\ng\nh\n", 60).count(), 0);
    }
}
