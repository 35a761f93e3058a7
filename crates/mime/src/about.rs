//! What an entity's header says about its content: types, boundaries, charsets, names, encoding.
//!
//! Touches nothing. Every field that counts is read, however often it stands there; the first is
//! the standard's reading, and where another differs there is a finding.

use posthouse_types::Finding;

use crate::findings::{
    BOUNDARY_UNCLEAR, DUPLICATE_FIELD, DUPLICATE_PARAMETER, NAMES_DISAGREE, TYPE_MALFORMED,
};
use crate::header::Header;
use crate::parameters::{self, Candidates, Value};
use crate::transfer::Encodings;
use crate::words::decode_words;

/// Fields of one name that are read.
const SAME_FIELDS_MAX: usize = 8;
/// Boundaries longer than this break RFC 2046 5.1.1; some programs cut them there.
const BOUNDARY_BYTES_MAX: usize = 70;

/// All of it.
#[derive(Clone, Debug)]
pub(crate) struct About {
    /// Lower case, never empty, the standard's first.
    pub(crate) media_types: Vec<String>,
    pub(crate) boundaries: Vec<String>,
    /// A strict program sees no boundary: no semicolon stands before it.
    pub(crate) has_doubtful_boundary: bool,
    pub(crate) charsets: Vec<String>,
    pub(crate) names: Vec<String>,
    pub(crate) content_id: Option<String>,
    pub(crate) encodings: Encodings,
    pub(crate) says_attachment: bool,
    pub(crate) findings: Vec<Finding>,
}

impl About {
    /// Reads a header. `default_type` is the type of what says none.
    pub(crate) fn of(header: &Header<'_>, default_type: &str) -> Self {
        let mut findings = Vec::new();
        let types = parsed(header, "content-type", &mut findings);
        let dispositions = parsed(header, "content-disposition", &mut findings);
        let (names, differ) = parameters::names(&dispositions, &types);
        if differ && let [first, second, ..] = names.as_slice() {
            findings.push(Finding::of(&NAMES_DISAGREE).with("first", first).with("second", second));
        }
        for value in &dispositions {
            repeated(&value.candidates("filename", true), "filename", &mut findings);
        }
        let mut about = Self {
            media_types: media_types(&types, default_type, &mut findings),
            boundaries: Vec::new(),
            has_doubtful_boundary: types.iter().any(|value| value.lacks_semicolon),
            charsets: charsets(&types, &mut findings),
            names,
            content_id: content_id(header),
            encodings: encodings(header),
            says_attachment: dispositions.iter().any(|value| value.main.starts_with("attachment")),
            findings,
        };
        if about.media_types.iter().any(|kind| kind.starts_with("multipart/")) {
            about.boundaries = boundaries(&types, &mut about.findings);
        }
        about
    }

    /// Whether it is shown as an attachment under this type.
    pub(crate) fn is_attachment(&self, media_type: &str) -> bool {
        self.says_attachment
            || (!self.names.is_empty()
                && !media_type.starts_with("text/")
                && !media_type.starts_with("multipart/"))
    }
}

fn parsed(header: &Header<'_>, name: &str, findings: &mut Vec<Finding>) -> Vec<Value> {
    let mut values = header.values(name);
    let odd = header.odd_values(name);
    if let Some(first) = values.first()
        && let Some(second) = values.iter().find(|value| !value.eq_ignore_ascii_case(first))
    {
        let found = Finding::of(&DUPLICATE_FIELD).with("name", title(name));
        findings.push(found.with("first", first).with("second", second));
    }
    if values.is_empty() && !odd.is_empty() {
        // For most programs the field is not there.
        values.push(String::new());
    }
    values.extend(odd);
    let mut parsed: Vec<Value> =
        values.iter().take(SAME_FIELDS_MAX).map(|value| parameters::parse(value)).collect();
    for value in values.iter().take(SAME_FIELDS_MAX).filter(|value| value.starts_with("=?")) {
        parsed.push(parameters::parse(&decode_words(value)));
    }
    parsed
}

/// The encodings that the header names, an odd field's among them.
fn encodings(header: &Header<'_>) -> Encodings {
    let mut values = header.values("content-transfer-encoding");
    let odd = header.odd_values("content-transfer-encoding");
    if values.is_empty() && !odd.is_empty() {
        values.push(String::new());
    }
    values.extend(odd);
    Encodings::of(&values)
}

fn title(name: &str) -> &str {
    if name == "content-type" { "Content-Type" } else { "Content-Disposition" }
}

fn repeated(candidates: &Candidates, name: &str, findings: &mut Vec<Finding>) {
    if candidates.is_repeated
        && let [first, second, ..] = candidates.values.as_slice()
    {
        let found = Finding::of(&DUPLICATE_PARAMETER).with("name", name);
        findings.push(found.with("first", first).with("second", second));
    }
}

fn media_types(types: &[Value], default_type: &str, findings: &mut Vec<Finding>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for value in types {
        let has_boundary = !value.candidates("boundary", false).values.is_empty();
        let (media_type, is_odd) = media_type(&value.main, has_boundary, default_type);
        if is_odd || (value.lacks_semicolon && has_boundary) {
            findings.push(Finding::of(&TYPE_MALFORMED).with("type", &value.main));
        }
        if !all.contains(&media_type) {
            all.push(media_type);
        }
    }
    if all.is_empty() {
        all.push(default_type.to_owned());
    }
    all
}

/// The type that a value means, and whether it is malformed.
fn media_type(main: &str, has_boundary: bool, default_type: &str) -> (String, bool) {
    let is_token = |word: &str| {
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&byte);
        !word.is_empty() && word.bytes().all(is_plain)
    };
    match main.split_once('/') {
        Some((kind, subtype)) if is_token(kind) && is_token(subtype) => (main.to_owned(), false),
        Some(("multipart", "")) => ("multipart/mixed".to_owned(), true),
        Some((kind, _)) if is_token(kind) => (main.to_owned(), true),
        _ if main.is_empty() && !has_boundary => (default_type.to_owned(), false),
        _ if has_boundary || main == "multipart" => ("multipart/mixed".to_owned(), true),
        // RFC 2045 5.2: what cannot be understood is plain text.
        _ => (if main == "html" { "text/html" } else { "text/plain" }.to_owned(), true),
    }
}

fn charsets(types: &[Value], findings: &mut Vec<Finding>) -> Vec<String> {
    let mut all = Candidates::default();
    for value in types {
        let candidates = value.candidates("charset", false);
        repeated(&candidates, "charset", findings);
        for label in candidates.values {
            let label = label.trim().to_ascii_lowercase();
            if !label.is_empty() {
                all.add(label);
            }
        }
    }
    all.values
}

fn boundaries(types: &[Value], findings: &mut Vec<Finding>) -> Vec<String> {
    let mut all = Candidates::default();
    let mut is_told = types.len() > 1;
    for value in types {
        let candidates = value.candidates("boundary", false);
        repeated(&candidates, "boundary", findings);
        is_told |= candidates.is_repeated;
        for boundary in candidates.values {
            let trimmed = boundary.trim().to_owned();
            let cut: String = boundary.chars().take(BOUNDARY_BYTES_MAX).collect();
            let stopped =
                boundary.split(['\0', char::REPLACEMENT_CHARACTER]).next().map(str::to_owned);
            all.add(boundary.trim_end().to_owned());
            all.add(trimmed);
            all.add(cut);
            if boundary.contains("=?") {
                all.add(decode_words(&boundary));
            }
            stopped.into_iter().for_each(|boundary| all.add(boundary));
        }
    }
    // What is only empty by one reading would divide at every "--".
    let has_other = all.values.iter().any(|boundary| !boundary.is_empty());
    all.values.retain(|boundary| !(has_other && boundary.is_empty()));
    if let [first, second, ..] = all.values.as_slice()
        && !is_told
    {
        findings.push(Finding::of(&BOUNDARY_UNCLEAR).with("first", first).with("second", second));
    } else if let [only] = all.values.as_slice()
        && only.is_empty()
    {
        findings.push(Finding::of(&BOUNDARY_UNCLEAR).with("first", "").with("second", ""));
    }
    all.values
}

fn content_id(header: &Header<'_>) -> Option<String> {
    let value = header.values("content-id").into_iter().next()?;
    let id = value.trim().trim_start_matches('<').trim_end_matches('>').to_owned();
    (!id.is_empty()).then_some(id)
}
