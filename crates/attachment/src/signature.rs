//! The two public test strings: EICAR's anti-virus test file and GTUBE, the generic test for
//! unsolicited bulk e-mail.
//!
//! Touches nothing. Both are put together when they are needed, so that neither the sources nor
//! the program are taken for the thing itself. Both have exactly 68 characters.

use std::hint::black_box;

use memchr::memmem;

/// The length of either string in octets.
pub const TEST_STRING_BYTES: usize = 68;

/// EICAR's string, back to front (eicar.org, "Anti-Malware Testfile", 2003 wording).
const EICAR_BACKWARDS: &[u8; TEST_STRING_BYTES] =
    br"*H+H$!ELIF-TSET-SURIVITNA-DRADNATS-RACIE$}7)CC7)^P(45XZP\4[PA@%P!O5X";
/// GTUBE, back to front (SpamAssassin's `GTUBE` rule and spamassassin.apache.org/gtube).
const GTUBE_BACKWARDS: &[u8; TEST_STRING_BYTES] =
    br"X43.C*LIAME-TSET-EBU-ITNA-DRADNATS-EBUTG*NENDI2*3NBSN.1NDAQBDJ4C*SJX";

/// EICAR's anti-virus test file: harmless, and every engine must name it.
pub fn eicar() -> [u8; TEST_STRING_BYTES] {
    forwards(EICAR_BACKWARDS)
}

/// The string that makes a message spam to every filter.
pub fn gtube() -> [u8; TEST_STRING_BYTES] {
    forwards(GTUBE_BACKWARDS)
}

fn forwards(backwards: &[u8; TEST_STRING_BYTES]) -> [u8; TEST_STRING_BYTES] {
    // Not to be worked out by the compiler, or the program would hold it.
    let mut out = *black_box(backwards);
    out.reverse();
    out
}

/// What was found of the two, in octets that come in pieces.
#[derive(Clone, Debug, Default)]
pub(crate) struct Needles {
    pub(crate) eicar: bool,
    pub(crate) gtube: bool,
    tail: Vec<u8>,
}

impl Needles {
    /// Searches octets that are there at once.
    pub(crate) fn search(bytes: &[u8]) -> Self {
        let mut needles = Self::default();
        needles.find(bytes);
        needles
    }

    /// Searches the next piece, and where it meets the last one.
    pub(crate) fn stream(&mut self, piece: &[u8]) {
        let seam = piece.get(..TEST_STRING_BYTES.min(piece.len())).unwrap_or_default();
        let mut joined = std::mem::take(&mut self.tail);
        joined.extend_from_slice(seam);
        self.find(&joined);
        self.find(piece);
        let keep = TEST_STRING_BYTES - 1;
        let from = if piece.len() >= keep { piece } else { joined.as_slice() };
        self.tail = from.get(from.len().saturating_sub(keep)..).unwrap_or_default().to_vec();
    }

    fn find(&mut self, bytes: &[u8]) {
        // Two letters of each are rare enough that a miss costs one pass.
        self.eicar |= memmem::find(bytes, &eicar()).is_some();
        self.gtube |= memmem::find(bytes, &gtube()).is_some();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_strings_are_whole() {
        for (text, middle) in [(eicar(), "STANDARD-ANTIVIRUS-TEST"), (gtube(), "ANTI-UBE-TEST")] {
            assert!(String::from_utf8(text.to_vec()).unwrap().contains(middle));
            assert!(text[0] == b'X');
        }
    }

    #[test]
    fn a_string_cut_anywhere_is_found() {
        let mut bytes = vec![b'.'; 50];
        bytes.extend_from_slice(&eicar());
        bytes.extend_from_slice(&[b'.'; 50]);
        for size in [1, 2, 7, 40, 66, 67, 68, 69, 100] {
            let mut needles = Needles::default();
            bytes.chunks(size).for_each(|piece| needles.stream(piece));
            assert!(needles.eicar && !needles.gtube, "{size}");
        }
    }
}
