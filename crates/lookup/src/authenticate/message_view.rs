//! A message as DKIM and ARC sign it: fields as they stand, and the body.
//!
//! Pure. Reads the header line by line and decodes nothing. At most [`FIELDS_MAX`] fields are
//! looked at; a message with more has signatures that nobody checks.

use std::collections::BTreeMap;

use mail_auth::common::crypto::HashAlgorithm;
use mail_auth::common::headers::Writable;
use mail_auth::dkim::Canonicalization;

/// Fields of one header that are looked at: ten times what the longest honest ones have.
pub(crate) const FIELDS_MAX: usize = 20_000;

/// One field as it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawField<'a> {
    /// Before the colon, blanks at its end gone.
    pub(crate) name: &'a str,
    /// The whole field with its folded lines, without the last line end.
    pub(crate) text: &'a [u8],
    /// After the colon, likewise.
    pub(crate) value: &'a [u8],
}

impl RawField<'_> {
    /// The value on one line, octets that are not UTF-8 replaced.
    pub(crate) fn unfolded(&self) -> String {
        String::from_utf8_lossy(self.value).replace(['\r', '\n'], "")
    }
}

/// A message in two parts.
#[derive(Clone, Debug, Default)]
pub(crate) struct MessageView<'a> {
    pub(crate) fields: Vec<RawField<'a>>,
    pub(crate) body: &'a [u8],
    /// Places in `fields` by name in lower case, top to bottom: a signature may name hundreds.
    by_name: BTreeMap<String, Vec<usize>>,
    /// There were more fields than are looked at.
    pub(crate) is_cut: bool,
}

impl<'a> MessageView<'a> {
    /// Divides a message with CRLF line ends.
    pub(crate) fn of(message: &'a [u8]) -> Self {
        let mut view = Self::default();
        let mut rest = message;
        loop {
            let mut end = line_length(rest);
            let first = rest.get(..end).unwrap_or_default();
            if first.is_empty() {
                return view;
            }
            if matches!(first, b"\r\n" | b"\n") {
                view.body = rest.get(end..).unwrap_or_default();
                return view;
            }
            while matches!(rest.get(end), Some(b' ' | b'\t')) {
                end += line_length(rest.get(end..).unwrap_or_default());
            }
            let (field, after) = rest.split_at(end.min(rest.len()));
            rest = after;
            if view.fields.len() == FIELDS_MAX {
                view.is_cut = true;
            } else if let Some(field) = raw_field(field) {
                let name = field.name.to_ascii_lowercase();
                view.by_name.entry(name).or_default().push(view.fields.len());
                view.fields.push(field);
            }
        }
    }

    /// The fields of that name, top to bottom.
    pub(crate) fn named(&self, name: &str) -> impl ExactSizeIterator<Item = RawField<'a>> {
        let places = self.by_name.get(&name.to_ascii_lowercase());
        let found: Vec<_> =
            places.into_iter().flatten().filter_map(|at| self.fields.get(*at).copied()).collect();
        found.into_iter()
    }
}

fn line_length(text: &[u8]) -> usize {
    text.iter().position(|byte| *byte == b'\n').map_or(text.len(), |end| end + 1)
}

fn raw_field(field: &[u8]) -> Option<RawField<'_>> {
    let text = field.strip_suffix(b"\n").unwrap_or(field);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let colon = text.iter().position(|byte| *byte == b':')?;
    let name = std::str::from_utf8(text.get(..colon)?.trim_ascii_end()).ok()?;
    Some(RawField { name, text, value: text.get(colon + 1..)? })
}

/// Writes a field as it is signed (RFC 6376 sections 3.4.1 and 3.4.2), without a line end.
pub(crate) fn write_field(out: &mut Vec<u8>, field: &[u8], how: Canonicalization) {
    if how == Canonicalization::Simple {
        out.extend_from_slice(field);
        return;
    }
    let colon = field.iter().position(|byte| *byte == b':').unwrap_or(field.len());
    let (name, value) = field.split_at(colon);
    out.extend(name.trim_ascii_end().iter().map(u8::to_ascii_lowercase));
    out.push(b':');
    let mut is_first = true;
    let value = value.get(1..).unwrap_or_default();
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    for word in value.split(is_blank).filter(|word| !word.is_empty()) {
        if !is_first {
            out.push(b' ');
        }
        is_first = false;
        out.extend_from_slice(word);
    }
}

/// The fields that `h=` names, from the bottom up for a name that stands there often (section
/// 5.4.2), each with its line end.
pub(crate) fn write_signed_fields(
    out: &mut Vec<u8>,
    view: &MessageView<'_>,
    names: &[String],
    how: Canonicalization,
) {
    let mut taken = BTreeMap::<String, usize>::new();
    for name in names {
        let name = name.to_ascii_lowercase();
        let places = view.by_name.get(&name).map_or(&[][..], Vec::as_slice);
        let count = taken.entry(name).or_default();
        *count += 1;
        // What is signed more often than it stands there is signed as absent.
        let place = places.len().checked_sub(*count).and_then(|at| places.get(at));
        if let Some(field) = place.and_then(|at| view.fields.get(*at)) {
            write_field(out, field.text, how);
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// A signature's own field with the value of `b=` taken out, as it signs itself (section 3.5).
pub(crate) fn without_signature(field: &[u8]) -> Vec<u8> {
    let colon = field.iter().position(|byte| *byte == b':').map_or(field.len(), |at| at + 1);
    let (name, value) = field.split_at(colon);
    let mut out = name.to_vec();
    for (index, spec) in value.split(|byte| *byte == b';').enumerate() {
        if index > 0 {
            out.push(b';');
        }
        let equals = spec.iter().position(|byte| *byte == b'=');
        let tag = equals.and_then(|at| spec.get(..at)).unwrap_or_default().trim_ascii();
        match equals {
            Some(at) if tag == b"b" => out.extend_from_slice(spec.get(..=at).unwrap_or(spec)),
            _ => out.extend_from_slice(spec),
        }
    }
    out
}

/// What a body hashes to, each way once.
#[derive(Default)]
pub(crate) struct BodyHashes {
    known: Vec<(Canonicalization, Option<u64>, BodyHash)>,
}

/// A body's hash.
#[derive(Clone)]
pub(crate) struct BodyHash {
    pub(crate) sha256: Vec<u8>,
    /// Octets of the canonical body; 0 where no limit was given.
    pub(crate) canonical_bytes: u64,
}

impl BodyHashes {
    /// `signed_bytes_max` is `l=`: RFC 6376 section 3.4.5 counts canonical octets, so that the cut
    /// comes after the canonical form is made (mail-auth cuts before).
    pub(crate) fn of(
        &mut self,
        body: &[u8],
        how: Canonicalization,
        signed_bytes_max: Option<u64>,
    ) -> BodyHash {
        let same = |(form, limit, _): &&(_, _, _)| *form == how && *limit == signed_bytes_max;
        if let Some((_, _, hash)) = self.known.iter().find(same) {
            return hash.clone();
        }
        let hash = body_hash(body, how, signed_bytes_max);
        self.known.push((how, signed_bytes_max, hash.clone()));
        hash
    }
}

fn body_hash(body: &[u8], how: Canonicalization, signed_bytes_max: Option<u64>) -> BodyHash {
    let algorithm = HashAlgorithm::Sha256;
    let Some(signed_bytes_max) = signed_bytes_max else {
        let hash = algorithm.hash(how.canonical_body(body, 0));
        return BodyHash { sha256: hash.as_ref().to_vec(), canonical_bytes: 0 };
    };
    let mut canonical: Vec<u8> = Vec::with_capacity(body.len());
    how.canonical_body(body, 0).write(&mut canonical);
    let end = usize::try_from(signed_bytes_max).unwrap_or(usize::MAX).min(canonical.len());
    let hash = algorithm.hash(canonical.get(..end).unwrap_or_default());
    BodyHash { sha256: hash.as_ref().to_vec(), canonical_bytes: canonical.len() as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_divided_as_it_stands() {
        let view = MessageView::of(b"A: 1\r\n 2\r\nb :3\r\nno field\r\n\r\nbody\r\n");
        assert_eq!(view.fields.len(), 2);
        assert_eq!(view.fields[0].text, b"A: 1\r\n 2");
        assert_eq!((view.fields[1].name, view.fields[1].value), ("b", &b"3"[..]));
        assert_eq!(view.body, b"body\r\n");
        for odd in [&b""[..], b"\r\n", b"x", b":", b"a:", b" \r\n \r\n", b"\xff: x\r\n\r\n"] {
            let _ = MessageView::of(odd);
        }
    }

    #[test]
    fn aut_05_a_name_signed_once_is_taken_from_the_bottom() {
        let view = MessageView::of(b"Subject: evil\r\nFrom: a@b\r\nSubject: good\r\n\r\n");
        let signed = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let mut out = Vec::new();
            write_signed_fields(&mut out, &view, &names, Canonicalization::Relaxed);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(signed(&["subject"]), "subject:good\r\n");
        assert_eq!(signed(&["subject", "SUBJECT"]), "subject:good\r\nsubject:evil\r\n");
        assert_eq!(signed(&["subject", "subject", "subject", "x"]).lines().count(), 2);
    }

    #[test]
    fn a_signature_is_taken_out_of_its_own_field_and_nothing_else() {
        let field = b"DKIM-Signature: v=1; b =abc\r\n def ; bh=x; d=b";
        let without = without_signature(field);
        assert_eq!(without, b"DKIM-Signature: v=1; b =; bh=x; d=b");
    }

    #[test]
    fn relaxed_fields_lose_folding_and_blanks() {
        let mut out = Vec::new();
        write_field(&mut out, b"SubJect : a\t b\r\n\tc  ", Canonicalization::Relaxed);
        assert_eq!(out, b"subject:a b c");
    }
}
