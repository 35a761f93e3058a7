//! Signatures over what leaves: DKIM (RFC 6376, RFC 8463), and ARC seals (RFC 8617).
//!
//! Pure: the key signs through a function that the caller gives. A message streams through
//! [`Digest`] once and only its header stays in memory; the signature then covers exactly the
//! bytes that were pushed. Always relaxed/relaxed: simple breaks at the first server that folds.

mod arc;
mod canonical;

use std::fmt::Write as _;

pub use arc::{SEALS_MAX, SealFailure, seal};
pub use canonical::{Digest, SIGNED_HEADER_BYTES_MAX};

use crate::facts::addresses;
use crate::header::{field_name, field_value, fields};
use canonical::relaxed_field;

/// Fields that are signed, each as often as it stands and once more: a second one that is added
/// on the way breaks the signature (row AUT-05). Those that say what a reader sees or how it is
/// read, after RFC 6376 section 5.4.1.
const OVERSIGNED: &[&str] = &[
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
];

/// Fields that are signed where they stand; a list on the way may add one.
const SIGNED: &[&str] = &[
    "Sender",
    "In-Reply-To",
    "References",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Auto-Submitted",
];

/// Fields of one signature: an honest message has about fifteen.
const SIGNED_FIELDS_MAX: usize = 200;

/// Where a signature's field is folded.
const FOLD_COLUMN: usize = 74;

/// How a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RsaSha256,
    /// Ed25519 over the SHA-256 digest (RFC 8463 section 3).
    Ed25519Sha256,
}

impl SignatureAlgorithm {
    /// The word in `a=`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RsaSha256 => "rsa-sha256",
            Self::Ed25519Sha256 => "ed25519-sha256",
        }
    }
}

/// Signs bytes, its digest included, or says why it cannot.
pub type Sign<'a> = dyn Fn(&[u8]) -> Result<Vec<u8>, String> + 'a;

/// A key that signs for a domain.
pub struct Signer<'a> {
    /// `d=`.
    pub domain: &'a str,
    /// `s=`.
    pub selector: &'a str,
    /// `a=`.
    pub algorithm: SignatureAlgorithm,
    /// Signs these bytes by the algorithm, its digest included.
    pub sign: &'a Sign<'a>,
}

/// The DKIM-Signature field for a message, CRLF included, to be put above it.
///
/// # Errors
/// The key failed, or the message has more fields than one signature covers.
pub fn dkim_signature(
    digest: &Digest,
    signer: &Signer<'_>,
    unix_seconds: i64,
) -> Result<Vec<u8>, String> {
    let start = format!(
        "v=1; a={}; c=relaxed/relaxed; d={}; s={}; t={unix_seconds};",
        signer.algorithm.as_str(),
        signer.domain,
        signer.selector
    );
    signature_over_message("DKIM-Signature", &start, digest, signer, &[])
}

/// The domain of the one author of a header; `None` where it names none, or more than one: a
/// signature would then vouch for whichever a reader happens to show.
pub fn author_domain(header: &[u8]) -> Option<String> {
    let is_from =
        |field: &&[u8]| field_name(field).is_some_and(|name| name.eq_ignore_ascii_case(b"From"));
    let mut from = fields(header).filter(is_from);
    let (first, None) = (from.next()?, from.next()) else { return None };
    let [address] = &addresses(field_value(first))[..] else { return None };
    let (_, domain) = address.rsplit_once('@')?;
    Some(domain.trim_end_matches('.').to_ascii_lowercase())
}

/// A field that signs the message: DKIM-Signature, or ARC-Message-Signature.
fn signature_over_message(
    name: &str,
    start: &str,
    digest: &Digest,
    signer: &Signer<'_>,
    also_signed: &[&str],
) -> Result<Vec<u8>, String> {
    let (names, signed) = signed_fields(digest.header(), also_signed)?;
    let mut field = Folded::begin(name);
    start.split_inclusive(' ').for_each(|word| field.word(word.trim_end()));
    field.list("h=", &names, ":");
    field.word(&format!("bh={};", base64(digest.body_hash())));
    field.word("b=");
    sign(field, signed, signer)
}

/// The fields that are signed: their names for `h=`, and their canonical form in that order. Of
/// fields that stand more than once the last counts first (RFC 6376 section 5.4.2).
fn signed_fields(header: &[u8], also_signed: &[&str]) -> Result<(Vec<String>, Vec<u8>), String> {
    let (mut names, mut signed) = (Vec::new(), Vec::new());
    let wanted = OVERSIGNED.iter().map(|name| (*name, true));
    let wanted = wanted.chain(SIGNED.iter().chain(also_signed).map(|name| (*name, false)));
    for (name, is_oversigned) in wanted {
        let is = |field: &&[u8]| {
            field_name(field).is_some_and(|other| other.eq_ignore_ascii_case(name.as_bytes()))
        };
        let found: Vec<&[u8]> = fields(header).filter(is).collect();
        for field in found.iter().rev() {
            signed.extend(relaxed_field(field));
            signed.extend_from_slice(b"\r\n");
        }
        names
            .extend(std::iter::repeat_n(name.to_owned(), found.len() + usize::from(is_oversigned)));
        if names.len() > SIGNED_FIELDS_MAX {
            return Err(format!("the header has more than {SIGNED_FIELDS_MAX} fields to sign"));
        }
    }
    Ok((names, signed))
}

/// Signs what was gathered and the field itself, whose `b=` is empty then, and fills it in.
fn sign(mut field: Folded, mut signed: Vec<u8>, signer: &Signer<'_>) -> Result<Vec<u8>, String> {
    // RFC 6376 section 3.7: the field itself comes last, without its line end.
    signed.extend(relaxed_field(field.text.as_bytes()));
    let signature = (signer.sign)(&signed)?;
    field.value(&base64(&signature));
    field.text.push_str("\r\n");
    Ok(field.text.into_bytes())
}

/// A field that is being written, folded at its blanks.
struct Folded {
    text: String,
    column: usize,
}

impl Folded {
    fn begin(name: &str) -> Self {
        let text = format!("{name}:");
        Self { column: text.len(), text }
    }

    fn word(&mut self, word: &str) {
        if word.is_empty() {
            return;
        }
        if self.column + 1 + word.len() > FOLD_COLUMN {
            self.text.push_str("\r\n\t");
            self.column = 8;
        } else {
            self.text.push(' ');
            self.column += 1;
        }
        self.text.push_str(word);
        self.column += word.len();
    }

    /// A tag whose list may be folded at its separators.
    fn list(&mut self, tag: &str, items: &[String], separator: &str) {
        let last = items.len().saturating_sub(1);
        for (index, item) in items.iter().enumerate() {
            let mut word = String::new();
            let tag = if index == 0 { tag } else { "" };
            let after = if index == last { ";" } else { separator };
            let _ = write!(word, "{tag}{item}{after}");
            if index == 0 || self.column + word.len() > FOLD_COLUMN {
                self.word(&word);
            } else {
                self.text.push_str(&word);
                self.column += word.len();
            }
        }
    }

    /// A long value, which may be folded anywhere.
    fn value(&mut self, value: &str) {
        for character in value.chars() {
            if self.column >= FOLD_COLUMN {
                self.text.push_str("\r\n\t");
                self.column = 8;
            }
            self.text.push(character);
            self.column += 1;
        }
    }
}

/// RFC 4648 section 4, in one line.
pub fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for index in 0..4 {
            if index > chunk.len() {
                out.push('=');
                continue;
            }
            let place = usize::try_from(bits >> (18 - 6 * index) & 63).unwrap_or(0);
            out.push(ALPHABET.get(place).copied().map_or('A', char::from));
        }
    }
    out
}

/// The octets of a text in base64 (RFC 4648 section 4); `None` where it is none.
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    mail_parser::decoders::base64::base64_decode(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "Received: x\r\nFrom: Anna <anna@T.example>\r\nTo: b@o.example\r\n\
        Subject:  a  b\r\n\tc \r\nX-Other: y\r\n\r\nHello  \t you \r\n\r\n\r\n";

    fn digest(message: &str, piece_bytes: usize) -> Digest {
        let mut digest = Digest::default();
        message.as_bytes().chunks(piece_bytes).for_each(|piece| digest.push(piece));
        digest.finished()
    }

    /// A "signature" that shows what was signed.
    fn shown(message: &str) -> (String, String) {
        let seen = std::cell::RefCell::new(Vec::new());
        let sign = |bytes: &[u8]| {
            *seen.borrow_mut() = bytes.to_vec();
            Ok(vec![7; 256])
        };
        let signer = Signer {
            domain: "t.example",
            selector: "s1",
            algorithm: SignatureAlgorithm::RsaSha256,
            sign: &sign,
        };
        let field = dkim_signature(&digest(message, 7), &signer, 1_795_000_000).unwrap();
        (String::from_utf8(field).unwrap(), String::from_utf8(seen.take()).unwrap())
    }

    #[test]
    fn what_is_signed_is_the_relaxed_header_and_the_field_itself() {
        let (field, signed) = shown(MESSAGE);
        assert!(signed.starts_with(
            "from:Anna <anna@T.example>\r\nto:b@o.example\r\nsubject:a b c\r\ndkim-signature:v=1; "
        ), "{signed}");
        assert!(signed.ends_with(" b="), "{signed}");
        let unfolded = field.replace("\r\n\t", "");
        assert!(unfolded.contains("h=From:From:To:To:Cc:Subject:Subject:Date:"), "{field}");
        assert!(field.lines().all(|line| line.len() <= 78), "{field}");
        assert!(field.ends_with("\r\n") && !field.contains("\r\n\r\n"));
    }

    #[test]
    fn aut_05_what_stands_twice_is_signed_from_the_bottom_and_once_more() {
        let (field, signed) = shown("Subject: one\r\nFrom: a@t.example\r\nSubject: two\r\n\r\n");
        assert!(signed.contains("subject:two\r\nsubject:one\r\n"), "{signed}");
        assert!(field.replace("\r\n\t", "").contains("Subject:Subject:Subject:Date"), "{field}");
    }

    #[test]
    fn wherever_a_message_is_cut_it_has_one_digest() {
        let whole = digest(MESSAGE, MESSAGE.len());
        for piece_bytes in 1..MESSAGE.len() {
            let cut = digest(MESSAGE, piece_bytes);
            assert_eq!((cut.header(), cut.body_hash()), (whole.header(), whole.body_hash()));
        }
    }

    #[test]
    fn one_author_is_needed() {
        let domain = |header: &str| author_domain(header.as_bytes());
        assert_eq!(domain("From: A <a@T.Example>\r\n"), Some("t.example".to_owned()));
        for header in [
            "To: a@t.example\r\n",
            "From: a@t.example\r\nfrom : b@t.example\r\n",
            "From: a@t.example, b@o.example\r\n",
            "From: nobody\r\n",
        ] {
            assert_eq!(domain(header), None, "{header}");
        }
    }

    #[test]
    fn base64_has_its_known_answers() {
        for (text, encoded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            assert_eq!(base64(text.as_bytes()), encoded);
        }
    }
}
