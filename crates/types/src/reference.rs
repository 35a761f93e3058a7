//! The reference that a reply, a trace row and a question to `explain` share.

use std::fmt;
use std::str::FromStr;

/// Names one transaction: 16 characters of `0-9A-Z`, 80 random bits, so that nobody can guess
/// another's. Written as the last word in the first brackets of a reply.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference([u8; 16]);

/// Crockford's alphabet: no I, L, O or U, so a reference survives being read aloud.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl Reference {
    /// Makes a reference of 80 bits. The caller brings the randomness: this room has none.
    #[expect(clippy::indexing_slicing, reason = "five bits always lie in an alphabet of 32")]
    pub fn from_random(bits: [u8; 10]) -> Self {
        let mut number = bits.iter().fold(0u128, |number, byte| (number << 8) | u128::from(*byte));
        let mut characters = [b'0'; 16];
        for character in characters.iter_mut().rev() {
            *character = ALPHABET[(number & 31) as usize];
            number >>= 5;
        }
        Self(characters)
    }

    /// The 16 characters.
    pub fn as_str(&self) -> &str {
        // The bytes come from ALPHABET or passed `from_str`: ASCII always.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for Reference {
    type Err = NotAReference;

    /// Accepts lower case too, and surrounding blanks or brackets as a copied reply has them.
    fn from_str(text: &str) -> Result<Self, NotAReference> {
        let word = text.trim().trim_matches(['[', ']']);
        let upper = word.to_ascii_uppercase();
        let characters: [u8; 16] = upper.as_bytes().try_into().map_err(|_| NotAReference)?;
        if characters.iter().all(|character| ALPHABET.contains(character)) {
            Ok(Self(characters))
        } else {
            Err(NotAReference)
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The text is not 16 characters of the reference alphabet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAReference;

impl fmt::Display for NotAReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .write_str("a reference is 16 characters of 0-9 and A-Z, as in the reply's brackets")
    }
}

impl std::error::Error for NotAReference {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_survives_being_written_and_read() {
        let reference = Reference::from_random([0xff, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(reference.as_str().len(), 16);
        assert_eq!(reference.to_string().to_lowercase().parse(), Ok(reference));
        assert_eq!(format!("[{reference}]").parse(), Ok(reference));
    }

    #[test]
    fn anything_else_is_not_a_reference() {
        for text in ["", "ABC", "0123456789ABCDEU", "0123456789ABCDEFG", "' OR 1=1 --      "] {
            assert_eq!(text.parse::<Reference>(), Err(NotAReference), "{text}");
        }
    }
}
