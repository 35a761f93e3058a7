//! Content-Transfer-Encoding: which decodings programs would apply, and what each gives.
//!
//! Touches nothing. The standard's reading comes first; where programs differ, all are there.

use std::borrow::Cow;

use posthouse_types::Finding;

use crate::findings::{
    BASE64_UNCLEAR, DUPLICATE_FIELD, EIGHT_BIT, ENCODING_UNCLEAR, QUOTED_UNCLEAR,
};
use crate::{base64, embedded, parameters, quoted};

/// Readings of one body that are kept.
const READINGS_MAX: usize = 8;

/// A way to decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// 8bit, binary, nothing said, or unknown: as it stands.
    Identity,
    /// As it stands, and octets above 127 were ruled out.
    SevenBit,
    Base64,
    Quoted,
    Uuencode,
}

/// What the header says about the encoding.
#[derive(Clone, Debug)]
pub(crate) struct Encodings {
    /// The standard's first.
    pub(crate) all: Vec<Encoding>,
    /// The first field's value, to be shown.
    pub(crate) shown: String,
    finding: Option<Finding>,
}

impl Encodings {
    /// From the values of all fields of that name.
    pub(crate) fn of(values: &[String]) -> Self {
        let mut all: Vec<Encoding> = Vec::new();
        let mut finding = None;
        for value in values.iter().take(READINGS_MAX) {
            let (first, other) = meaning(value);
            if let Some(before) = all.first()
                && *before != first
                && finding.is_none()
            {
                let shown = values.first().map_or("", String::as_str);
                let found = Finding::of(&DUPLICATE_FIELD).with("name", "Content-Transfer-Encoding");
                finding = Some(found.with("first", shown).with("second", value));
            }
            for encoding in [Some(first), other].into_iter().flatten() {
                if !all.contains(&encoding) {
                    all.push(encoding);
                }
            }
            if other.is_some() && finding.is_none() {
                finding = Some(Finding::of(&ENCODING_UNCLEAR).with("encoding", value));
            }
        }
        if all.is_empty() {
            all.push(Encoding::Identity);
        }
        Self { all, shown: values.first().cloned().unwrap_or_default(), finding }
    }

    /// Whether anything is to be decoded by somebody.
    pub(crate) fn is_identity(&self) -> bool {
        self.all.iter().all(|one| matches!(one, Encoding::Identity | Encoding::SevenBit))
    }
}

/// What a value means by the standard, and what else a program could take it for.
fn meaning(value: &str) -> (Encoding, Option<Encoding>) {
    let parsed = parameters::parse(value);
    let word = parsed.main.as_str();
    let exact = match word {
        "" | "8bit" | "binary" | "8-bit" | "none" => Some(Encoding::Identity),
        "7bit" | "7-bit" => Some(Encoding::SevenBit),
        "base64" => Some(Encoding::Base64),
        "quoted-printable" => Some(Encoding::Quoted),
        "x-uuencode" | "uuencode" | "x-uue" | "uue" => Some(Encoding::Uuencode),
        _ => None,
    };
    let is_plain = value.trim().eq_ignore_ascii_case(word);
    match exact {
        Some(Encoding::Identity | Encoding::SevenBit) if !is_plain && !word.is_empty() => {
            (Encoding::Identity, guess(value))
        }
        // Not of the standard: many programs do not know it.
        Some(Encoding::Uuencode) => (Encoding::Uuencode, Some(Encoding::Identity)),
        // A program that cannot read comments, quotes or parameters leaves the body as it is.
        Some(exact) if !is_plain && exact != Encoding::Identity => {
            (exact, Some(Encoding::Identity))
        }
        Some(exact) => (exact, None),
        None => (Encoding::Identity, guess(value).or(Some(Encoding::Identity))),
    }
}

/// What somebody could see in an odd value.
fn guess(value: &str) -> Option<Encoding> {
    let letters: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
    let letters = letters.to_ascii_lowercase();
    let table = [
        ("base64", Encoding::Base64),
        ("b64", Encoding::Base64),
        ("quoted", Encoding::Quoted),
        ("uue", Encoding::Uuencode),
    ];
    table.iter().find(|(word, _)| letters.contains(word)).map(|(_, encoding)| *encoding)
}

/// Every reading of a body, none equal to another.
pub(crate) fn bodies<'a>(
    raw: &'a [u8],
    encodings: &Encodings,
    findings: &mut Vec<Finding>,
) -> Vec<Cow<'a, [u8]>> {
    let mut bodies: Vec<Cow<'a, [u8]>> = Vec::with_capacity(1);
    let mut add = |body: Cow<'a, [u8]>| {
        if bodies.len() < READINGS_MAX && !bodies.contains(&body) {
            bodies.push(body);
        }
    };
    let mut is_odd = false;
    for encoding in &encodings.all {
        match encoding {
            Encoding::Identity => add(Cow::Borrowed(raw)),
            Encoding::SevenBit => {
                add(Cow::Borrowed(raw));
                if !raw.is_ascii() {
                    findings.push(Finding::of(&EIGHT_BIT));
                    add(Cow::Owned(raw.iter().map(|byte| byte & 0x7f).collect()));
                }
            }
            Encoding::Base64 => {
                let readings = base64::readings(raw);
                if readings.len() > 1 {
                    findings.push(Finding::of(&BASE64_UNCLEAR));
                }
                readings.into_iter().for_each(|reading| add(Cow::Owned(reading)));
            }
            Encoding::Quoted => {
                let readings = quoted::readings(raw);
                if readings.len() > 1 {
                    findings.push(Finding::of(&QUOTED_UNCLEAR));
                    is_odd = true;
                }
                readings.into_iter().for_each(|reading| add(Cow::Owned(reading)));
                if is_odd {
                    // A program that finds an error shows what stands there.
                    add(Cow::Borrowed(raw));
                }
            }
            Encoding::Uuencode => {
                let start = memchr::memmem::find(raw, b"begin ");
                match start.and_then(|at| embedded::find(raw.get(at..)?).into_iter().next()) {
                    Some(file) => add(Cow::Owned(file.bytes)),
                    None => add(Cow::Owned(embedded::uu_lines(raw).0)),
                }
            }
        }
    }
    // An unknown encoding over a body that is base64 all through: somebody will decode it.
    let is_unknown = encodings.finding.is_some() && encodings.is_identity();
    if is_unknown && looks_like_base64(raw) {
        base64::readings(raw).into_iter().for_each(|reading| add(Cow::Owned(reading)));
    }
    if bodies.len() > 1 || is_unknown {
        findings.extend(encodings.finding.clone());
    }
    bodies
}

fn looks_like_base64(raw: &[u8]) -> bool {
    let digits = raw.iter().filter(|byte| base64::value(**byte).is_some()).count();
    let blanks = raw.iter().filter(|byte| byte.is_ascii_whitespace() || **byte == b'=').count();
    digits >= 16 && digits + blanks == raw.len() && !raw.contains(&b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str], raw: &str) -> (Vec<String>, Vec<&'static str>) {
        let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        let mut findings = Vec::new();
        let bodies = bodies(raw.as_bytes(), &Encodings::of(&values), &mut findings);
        let bodies = bodies.iter().map(|body| String::from_utf8_lossy(body).into_owned());
        (bodies.collect(), findings.iter().map(|finding| finding.kind.id).collect())
    }

    #[test]
    fn mim_05_every_encoding_that_is_named_is_tried() {
        type Row<'a> = (&'a [&'a str], &'a str, &'a [&'a str], &'a [&'a str]);
        let table: &[Row<'_>] = &[
            (&[], "Zm9v", &["Zm9v"], &[]),
            (&["base64"], "Zm9v", &["foo"], &[]),
            (&["BaSe64"], "Zm9v", &["foo"], &[]),
            (&["base64 (c)"], "Zm9v", &["foo", "Zm9v"], &["mime-encoding-unclear"]),
            (&["\"base64\""], "Zm9v", &["foo", "Zm9v"], &["mime-encoding-unclear"]),
            (&["base64;"], "Zm9v", &["foo", "Zm9v"], &["mime-encoding-unclear"]),
            (&["base 64"], "Zm9v", &["Zm9v", "foo"], &["mime-encoding-unclear"]),
            (&["x-base64"], "Zm9v", &["Zm9v", "foo"], &["mime-encoding-unclear"]),
            (&["7bit", "base64"], "Zm9v", &["Zm9v", "foo"], &["mime-duplicate-field"]),
            (&["base64", "base64"], "Zm9v", &["foo"], &[]),
            (&["quoted-printable", "base64"], "Zm9v", &["Zm9v", "foo"], &["mime-duplicate-field"]),
            (&["7bit"], "a\u{e4}", &["a\u{e4}", "aC$"], &["mime-8bit-in-7bit"]),
            (&["x-unknown"], "text, plain", &["text, plain"], &["mime-encoding-unclear"]),
            (
                &["x-unknown"],
                "Zm9vZm9vZm9vZm9v",
                &["Zm9vZm9vZm9vZm9v", "foofoofoofoo"],
                &["mime-encoding-unclear"],
            ),
            (
                &["x-uuencode"],
                "begin 644 a\n#9F]O\n`\nend\n",
                &["foo", "begin 644 a\n#9F]O\n`\nend\n"],
                &["mime-encoding-unclear"],
            ),
            (&["uue"], "#9F]O\n", &["foo", "#9F]O\n"], &["mime-encoding-unclear"]),
        ];
        for (values, raw, expected, ids) in table {
            assert_eq!(
                read(values, raw),
                (expected.iter().map(|one| (*one).to_owned()).collect(), ids.to_vec()),
                "{values:?}"
            );
        }
    }
}
