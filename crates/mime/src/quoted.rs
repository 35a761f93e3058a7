//! Quoted-printable, in every way that programs decode it.
//!
//! Touches nothing. Never fails; RFC 2045's reading comes first, and others only where a sequence
//! is one that the standard forbids.

use memchr::memchr2;

use crate::words::hex;

/// What to do with what the standard forbids.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// `=` that begins nothing is itself.
    Keep,
    /// `=` that begins nothing is left out.
    Drop,
    /// Lower-case digits are none, and only CRLF or LF right after `=` is a soft break.
    Strict,
}

/// Every reading that differs, the usual one first.
pub(crate) fn readings(encoded: &[u8]) -> Vec<Vec<u8>> {
    let (usual, is_odd) = decode(encoded, Manner::Keep);
    let mut readings = vec![usual];
    if is_odd {
        for manner in [Manner::Drop, Manner::Strict] {
            let (reading, _) = decode(encoded, manner);
            if !readings.contains(&reading) {
                readings.push(reading);
            }
        }
    }
    readings
}

/// The octets, and whether a forbidden sequence was there.
fn decode(encoded: &[u8], manner: Manner) -> (Vec<u8>, bool) {
    let mut out = Vec::with_capacity(encoded.len());
    let mut is_odd = false;
    let mut rest = encoded;
    // Blanks at a line's end are cut, but not what `=20` made.
    let mut keep = 0;
    while let Some(at) = memchr2(b'=', b'\n', rest) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        out.extend_from_slice(before);
        let after = from.get(1..).unwrap_or_default();
        if from.first() == Some(&b'\n') {
            end_line(&mut out, keep);
            keep = out.len();
            rest = after;
            continue;
        }
        let blanks = after.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let tail = after.get(blanks..).unwrap_or_default();
        rest = match (after, tail) {
            ([high, low, after @ ..], _) if digits(*high, *low, manner, &mut is_odd).is_some() => {
                out.extend(digits(*high, *low, manner, &mut is_odd));
                after
            }
            (_, [b'\r', b'\n', tail @ ..] | [b'\n', tail @ ..])
                if blanks == 0 || manner != Manner::Strict =>
            {
                is_odd |= blanks > 0;
                tail
            }
            (_, []) => tail,
            _ => {
                is_odd = true;
                if manner != Manner::Drop {
                    out.push(b'=');
                }
                after
            }
        };
        keep = out.len();
    }
    out.extend_from_slice(rest);
    (out, is_odd)
}

fn digits(high: u8, low: u8, manner: Manner, is_odd: &mut bool) -> Option<u8> {
    let octet = (hex(high)? << 4) | hex(low)?;
    if high.is_ascii_lowercase() || low.is_ascii_lowercase() {
        *is_odd = true;
        if manner == Manner::Strict {
            return None;
        }
    }
    Some(octet)
}

/// Cuts the blanks before a line end (RFC 2045 6.7 rule 3) and adds it.
fn end_line(out: &mut Vec<u8>, keep: usize) {
    let has_cr = out.len() > keep && out.last() == Some(&b'\r');
    if has_cr {
        out.pop();
    }
    while out.len() > keep && matches!(out.last(), Some(b' ' | b'\t')) {
        out.pop();
    }
    if has_cr {
        out.push(b'\r');
    }
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(encoded: &str) -> Vec<String> {
        let readings = readings(encoded.as_bytes());
        readings.iter().map(|octets| String::from_utf8_lossy(octets).into_owned()).collect()
    }

    #[test]
    fn clean_quoted_printable_has_one_reading() {
        for (encoded, expected) in [
            ("a=3Db", "a=b"),
            ("caf=C3=A9", "café"),
            ("a=\r\nb=\nc", "abc"),
            ("a  \r\nb\t\nc=20\n", "a\r\nb\nc \n"),
            ("end=", "end"),
            ("", ""),
        ] {
            assert_eq!(shown(encoded), [expected], "{encoded:?}");
        }
    }

    #[test]
    fn mim_05_odd_quoted_printable_has_every_reading() {
        for (encoded, expected) in [
            ("a=zzb", &["a=zzb", "azzb"][..]),
            ("a=3db", &["a=b", "a=3db"]),
            ("a= \nb", &["ab", "a=\nb"]),
            ("a==3D", &["a==", "a="]),
            ("a=\rb", &["a=\rb", "a\rb"]),
        ] {
            assert_eq!(shown(encoded), expected, "{encoded:?}");
        }
    }
}
