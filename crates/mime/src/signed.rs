//! S/MIME's opaque signed messages: what was signed lies inside the signature (RFC 8551 3.5.2).
//!
//! Touches nothing. Finds the content in DER or BER without reading the rest, and checks nothing:
//! a mail program shows it whether the signature is good or not.

use memchr::memmem;

/// The object identifier of plain content, 1.2.840.113549.1.7.1, as an element.
const DATA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
/// Containers around the octets that are opened.
const DEPTH_MAX: usize = 8;

/// The content, where there is one.
pub(crate) fn content(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut at = 0;
    while let Some(found) = memmem::find(bytes.get(at..)?, DATA) {
        at += found + DATA.len();
        // [0] EXPLICIT OCTET STRING follows in what is signed; in what is encrypted it does not.
        if let Some(inside) = bytes.get(at..).and_then(explicit)
            && !inside.is_empty()
        {
            return Some(inside);
        }
    }
    None
}

fn explicit(rest: &[u8]) -> Option<Vec<u8>> {
    let (tag, mut inside, _) = element(rest)?;
    if tag != 0xa0 {
        return None;
    }
    let mut out = Vec::new();
    let mut is_first = true;
    // Either one string, or a string made of strings, each of any form, to the end of contents.
    for _ in 0..DEPTH_MAX {
        let (tag, value, _) = element(inside)?;
        match tag {
            0x04 if is_first => return Some(value.to_vec()),
            0x24 => {
                inside = value;
                is_first = false;
            }
            _ => break,
        }
        if element(inside).is_some_and(|(tag, ..)| tag == 0x04) {
            while let Some((0x04, value, after)) = element(inside) {
                out.extend_from_slice(value);
                inside = after;
            }
            return Some(out);
        }
    }
    None
}

/// Tag, value and what follows. An indefinite length goes to the end.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    match *first {
        0x80 => Some((*tag, rest, &[])),
        short @ 0..0x80 => {
            let (value, after) = rest.split_at_checked(usize::from(short))?;
            Some((*tag, value, after))
        }
        long => {
            let (digits, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            let length = digits.iter().try_fold(0usize, |length, digit| {
                length.checked_mul(256)?.checked_add(usize::from(*digit))
            })?;
            // What was cut is read as far as it goes.
            let (value, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            Some((*tag, value, after))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(tag: u8, inside: &[u8]) -> Vec<u8> {
        let mut out = vec![tag, 0x82];
        out.extend(u16::try_from(inside.len()).unwrap().to_be_bytes());
        out.extend(inside);
        out
    }

    #[test]
    fn what_was_signed_is_found_in_both_forms() {
        let message = b"Content-Type: text/html\n\n<b>";
        let simple = wrapped(0xa0, &wrapped(0x04, message));
        let chunks = [wrapped(0x04, &message[..9]), wrapped(0x04, &message[9..])].concat();
        let mut indefinite = vec![0xa0, 0x80, 0x24, 0x80];
        indefinite.extend(&chunks);
        indefinite.extend([0, 0, 0, 0]);
        for form in [simple, wrapped(0xa0, &wrapped(0x24, &chunks)), indefinite] {
            let whole = [b"0\x80junk", DATA, &form].concat();
            assert_eq!(content(&whole).as_deref(), Some(&message[..]), "{form:?}");
            for cut in 0..whole.len() {
                content(&whole[..cut]);
            }
        }
        assert_eq!(content(DATA), None);
        assert_eq!(content(b"no signature"), None);
    }
}
