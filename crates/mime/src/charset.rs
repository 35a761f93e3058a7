//! Octets to Unicode: by a label that a message declares, or by the best guess.
//!
//! Touches nothing. Never fails: octets that are no text in that charset become U+FFFD. UTF-7 is
//! decoded only where it is asked for by name (TXT-01: never in an HTML view).

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::borrow::Cow;

/// Labels that mail uses and that the WHATWG's table does not know.
const ALIASES: &[(&str, &str)] = &[
    ("cp932", "shift_jis"),
    ("cp936", "gbk"),
    ("cp949", "euc-kr"),
    ("cp950", "big5"),
    ("windows-936", "gbk"),
    ("windows-949", "euc-kr"),
    ("windows-950", "big5"),
    ("cp1250", "windows-1250"),
    ("cp1251", "windows-1251"),
    ("iso-8859-8-e", "iso-8859-8"),
    ("utf8mb4", "utf-8"),
    ("utf-8-mac", "utf-8"),
    ("ascii-8bit", "windows-1252"),
    ("us_ascii", "us-ascii"),
    ("ansi", "windows-1252"),
    ("latin-1", "iso-8859-1"),
    ("cp850", "windows-1252"),
    ("cp437", "windows-1252"),
    ("iso-2022-jp-2", "iso-2022-jp"),
    ("iso-2022-jp-ms", "iso-2022-jp"),
];

/// What a label means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Charset {
    /// Nothing is said, or only US-ASCII: UTF-8 where it is valid, else Windows-1252.
    Guessed,
    /// UTF-7 (RFC 2152).
    Utf7,
    /// What the WHATWG's table knows.
    Known(&'static Encoding),
    /// A label that nobody knows, or a charset whose decoder is left out because it can hide
    /// markup (ISO-2022-CN, ISO-2022-KR, HZ). Read like [`Charset::Guessed`].
    Unknown,
}

impl Charset {
    /// The meaning of a declared label, any case, quotes and blanks aside.
    pub(crate) fn of(label: &str) -> Self {
        let label = label.trim_matches(|c: char| c.is_whitespace() || "\"';,.".contains(c));
        let label = label.to_ascii_lowercase();
        match label.as_str() {
            "" | "us-ascii" | "ascii" | "ansi_x3.4-1968" | "iso-ir-6" | "us_ascii" => {
                return Self::Guessed;
            }
            "utf-7" | "utf7" | "unicode-1-1-utf-7" | "x-utf-7" | "csunicode11utf7" => {
                return Self::Utf7;
            }
            _ => {}
        }
        let known = Encoding::for_label(label.as_bytes()).or_else(|| {
            let (_, alias) = ALIASES.iter().find(|(alias, _)| *alias == label)?;
            Encoding::for_label(alias.as_bytes())
        });
        match known {
            Some(encoding) if encoding == encoding_rs::REPLACEMENT => Self::Unknown,
            Some(encoding) => Self::Known(encoding),
            None => Self::Unknown,
        }
    }

    /// The text; octets that mean nothing are U+FFFD. A byte order mark is not part of it.
    pub(crate) fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        self.decode_and_tell(bytes).0
    }

    /// The same, and whether it had to be guessed what some octets mean.
    pub(crate) fn decode_and_tell(self, bytes: &[u8]) -> (Cow<'_, str>, bool) {
        match self {
            Self::Guessed | Self::Unknown => {
                let text = guess(bytes);
                let is_guess = matches!(text, Cow::Owned(_));
                (text, is_guess)
            }
            Self::Utf7 => (Cow::Owned(utf7(bytes)), false),
            Self::Known(encoding) => encoding.decode_with_bom_removal(bytes),
        }
    }
}

/// The charset that a byte order mark at the start announces.
pub(crate) fn byte_order_mark(bytes: &[u8]) -> Option<Charset> {
    let encoding = match bytes {
        [0xef, 0xbb, 0xbf, ..] => UTF_8,
        [0xff, 0xfe, ..] => UTF_16LE,
        [0xfe, 0xff, ..] => UTF_16BE,
        _ => return None,
    };
    Some(Charset::Known(encoding))
}

/// UTF-8 where it is valid, else Windows-1252, where every octet means something.
pub(crate) fn guess(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0,
    }
}

/// RFC 2152: `+` begins modified base64 of UTF-16BE, `-` ends it, `+-` is a plus.
fn utf7(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    let mut units: Vec<u16> = Vec::new();
    let mut bytes = bytes.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'+' {
            out.push(if byte.is_ascii() { char::from(byte) } else { char::REPLACEMENT_CHARACTER });
            continue;
        }
        if bytes.next_if_eq(&b'-').is_some() {
            out.push('+');
            continue;
        }
        let (mut bits, mut count) = (0u32, 0u32);
        while let Some(value) = bytes.peek().and_then(|byte| crate::base64::value(*byte)) {
            bytes.next();
            bits = (bits << 6) | u32::from(value);
            count += 6;
            if count >= 16 {
                count -= 16;
                units.push(u16::try_from((bits >> count) & 0xffff).unwrap_or(0xfffd));
                bits &= (1 << count) - 1;
            }
        }
        bytes.next_if_eq(&b'-');
        out.extend(
            char::decode_utf16(units.drain(..)).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)),
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_as_mail_writes_them() {
        assert_eq!(Charset::of("\"UTF-8\""), Charset::Known(UTF_8));
        assert_eq!(Charset::of(" us-ascii "), Charset::Guessed);
        assert_eq!(Charset::of("cp936"), Charset::Known(encoding_rs::GBK));
        assert_eq!(Charset::of("x-nobody-knows"), Charset::Unknown);
        assert_eq!(Charset::of("unicode-1-1-utf-7"), Charset::Utf7);
    }

    #[test]
    fn txt_01_charsets_that_hide_markup_are_not_decoded() {
        for label in ["iso-2022-cn", "iso-2022-kr", "hz-gb-2312"] {
            assert_eq!(Charset::of(label), Charset::Unknown, "{label}");
            assert_eq!(Charset::of(label).decode(b"<b>"), "<b>");
        }
    }

    #[test]
    fn utf_7_is_read() {
        assert_eq!(Charset::Utf7.decode(b"1 +- 1, +AOQ-x +ADw-script+AD4-"), "1 + 1, äx <script>");
        assert_eq!(Charset::Utf7.decode(b"+2D3eAA-"), "\u{1f600}");
        assert_eq!(Charset::Utf7.decode(b"+2D0-+"), "\u{fffd}");
    }

    #[test]
    fn eight_bit_octets_are_utf_8_or_windows_1252() {
        assert_eq!(guess("ä".as_bytes()), "ä");
        assert_eq!(guess(b"\xe4\x80"), "ä€");
    }
}
