//! Writing text so that it survives mail: folding, encoded words, quoted-printable.
//! Pure; whatever comes in, what goes out is ASCII without bare CR, LF or other controls.

/// Where a header line is folded (RFC 5322 section 2.1.1 recommends 78).
const FOLD_COLUMN: usize = 78;
/// Longest line that SMTP must carry, without CRLF (RFC 5321 section 4.5.3.1.6); a single word
/// beyond it is cut apart.
pub(crate) const LINE_BYTES_MAX: usize = 998;
/// Longest line of quoted-printable (RFC 2045 section 6.7), the soft break included.
const QUOTED_PRINTABLE_COLUMN: usize = 76;
/// Payload of one encoded word: 75 (RFC 2047 section 2) without `=?utf-8?Q?` and `?=`.
const ENCODED_WORD_PAYLOAD: usize = 75 - 12;

/// Writes `name: words...`, folded before the word that would pass column 78, and CRLF. A word is
/// never empty and holds no line end: callers split on white space.
pub(crate) fn field<'a>(out: &mut Vec<u8>, name: &str, words: impl Iterator<Item = &'a str>) {
    out.extend_from_slice(name.as_bytes());
    out.push(b':');
    let mut column = name.len() + 1;
    for word in words {
        for piece in pieces(word) {
            let is_first_on_line = column <= 1;
            if column + 1 + piece.len() >= FOLD_COLUMN && !is_first_on_line {
                out.extend_from_slice(b"\r\n");
                column = 0;
            }
            out.push(b' ');
            out.extend_from_slice(piece.as_bytes());
            column += 1 + piece.len();
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// `word` in pieces that each fit on a line.
fn pieces(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut end = rest.len().min(LINE_BYTES_MAX - 100);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}

/// Writes an unstructured field. Text that is not plain ASCII becomes encoded words (RFC 2047).
pub(crate) fn unstructured_field(out: &mut Vec<u8>, name: &str, text: &str) {
    let is_plain = |c: char| c == ' ' || c.is_ascii_graphic();
    if text.chars().all(is_plain) && !text.contains("=?") {
        field(out, name, text.split(' ').filter(|word| !word.is_empty()));
    } else {
        let words = encoded_words(text);
        field(out, name, words.iter().map(String::as_str));
    }
}

/// `text` as encoded words; between two of them a reader ignores the white space.
fn encoded_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut payload = String::new();
    for character in text.chars() {
        let mut unit = String::new();
        if character == ' ' {
            unit.push('_');
        } else if character.is_ascii_alphanumeric() {
            unit.push(character);
        } else {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                push_hex(&mut unit, byte);
            }
        }
        // A character is never divided between two words (RFC 2047 section 5).
        if payload.len() + unit.len() > ENCODED_WORD_PAYLOAD {
            words.push(format!("=?utf-8?Q?{payload}?="));
            payload.clear();
        }
        payload.push_str(&unit);
    }
    words.push(format!("=?utf-8?Q?{payload}?="));
    words
}

/// `text` in quoted-printable (RFC 2045 section 6.7). Its lines may end in LF or CRLF; the
/// result's end in CRLF. `=` is always encoded, so no boundary that holds `=_` can occur in it.
pub(crate) fn quoted_printable(out: &mut Vec<u8>, text: &[u8]) {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    for line in text.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut column = 0;
        for (index, byte) in line.iter().enumerate() {
            // Blanks at a line's end are lost on the way; `From ` and a lone dot at its start meet
            // programs that change them.
            let rest = line.get(index..).unwrap_or_default();
            let is_risky = match byte {
                b' ' | b'\t' => rest.len() == 1,
                b'F' => column == 0 && rest.starts_with(b"From "),
                b'.' => column == 0 && rest.len() == 1,
                _ => !byte.is_ascii_graphic() || *byte == b'=',
            };
            let width = if is_risky { 3 } else { 1 };
            if column + width > QUOTED_PRINTABLE_COLUMN - 1 {
                out.extend_from_slice(b"=\r\n");
                column = 0;
            }
            if is_risky {
                let mut hex = String::with_capacity(width);
                push_hex(&mut hex, *byte);
                out.extend_from_slice(hex.as_bytes());
            } else {
                out.push(*byte);
            }
            column += width;
        }
        out.extend_from_slice(b"\r\n");
    }
}

fn push_hex(out: &mut String, byte: u8) {
    out.push_str(&format!("={byte:02X}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(text: &str) -> String {
        let mut out = Vec::new();
        unstructured_field(&mut out, "Subject", text);
        String::from_utf8(out).unwrap()
    }

    fn quoted(text: &str) -> String {
        let mut out = Vec::new();
        quoted_printable(&mut out, text.as_bytes());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_plain_subject_stays_as_it_is_and_long_ones_are_folded() {
        assert_eq!(subject("Offer 12"), "Subject: Offer 12\r\n");
        let long = subject(&"word ".repeat(60));
        assert!(long.lines().all(|line| line.len() <= FOLD_COLUMN), "{long}");
        assert!(long.lines().skip(1).all(|line| line.starts_with(' ')));
        assert_eq!(long.split_whitespace().count(), 61);
    }

    #[test]
    fn mim_08_a_subject_cannot_inject_a_field() {
        let hostile = subject("a\r\nBcc: all@example.com\u{0}=?utf-8?Q?=0D=0A?=");
        assert_eq!(hostile.matches('\n').count(), hostile.lines().count());
        assert!(hostile.lines().skip(1).all(|line| line.starts_with(' ')), "{hostile}");
        assert!(!hostile.contains("\nBcc"));
    }

    #[test]
    fn encoded_words_are_short_and_divide_no_character() {
        let line = subject(&"Größe ".repeat(40));
        for word in line.split_whitespace().skip(1) {
            assert!(word.len() <= 75 && word.starts_with("=?utf-8?Q?") && word.ends_with("?="));
            assert!(!word.contains("=C3?="), "{word}");
        }
    }

    #[test]
    fn quoted_printable_has_short_lines_and_no_bare_controls() {
        assert_eq!(
            quoted("Grüße\nFrom a\n.\nx \n"),
            "Gr=C3=BC=C3=9Fe\r\n=46rom a\r\n=2E\r\nx=20\r\n"
        );
        let long = quoted(&format!("{}\rx\u{7}", "ä=".repeat(200)));
        assert!(long.lines().all(|line| line.len() <= QUOTED_PRINTABLE_COLUMN), "{long}");
        assert!(!long.contains('\u{7}') && long.contains("=0Dx"));
    }

    #[test]
    fn an_endless_word_is_cut_apart() {
        let long = subject(&"x".repeat(5000));
        assert!(long.lines().all(|line| line.len() <= LINE_BYTES_MAX));
    }
}
