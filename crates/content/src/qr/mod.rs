//! QR codes in pictures, in PDF files, and drawn with characters or tables (row QR-01).
//!
//! Touches nothing. Work is bounded by [`CodeLimits`]; what was left out is said. The links found
//! go through the same tests as all others.

mod drawn;
mod pdf;
mod pixels;

use posthouse_mime::Reading;
use posthouse_types::Finding;

use crate::gather::Gathered;
use crate::kinds;
use crate::pdf_links::is_pdf;
pub(crate) use pixels::Bitmap;
use pixels::{Budget, Format, Missed};

/// How much work one message may cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeLimits {
    /// Pictures that are opened.
    pub pictures_max: usize,
    /// Pixels of one picture; bigger ones are not opened. A page scanned at 300 dpi has 8.7 million.
    pub picture_pixels_max: usize,
    /// Pixels of all opened pictures together: each is looked at up to four times.
    pub pixels_max: usize,
    /// Bytes of one PDF file that are searched for pictures.
    pub pdf_bytes_max: usize,
}

impl Default for CodeLimits {
    fn default() -> Self {
        Self {
            pictures_max: 20,
            picture_pixels_max: 9_000_000,
            pixels_max: 12_000_000,
            pdf_bytes_max: 16 * 1024 * 1024,
        }
    }
}

/// Smaller files hold no code that a camera could read, in bytes.
const PICTURE_BYTES_MIN: usize = 120;
/// Most codes of one message that are reported.
const CODES_MAX: usize = 10;

/// A code that was read, and where it was.
struct Code {
    text: String,
    place: String,
    is_drawn: bool,
}

/// Searches everything, adds the links to what was gathered, and says what was found.
pub(crate) fn findings(
    reading: &Reading,
    gathered: &mut Gathered,
    limits: &CodeLimits,
) -> Vec<Finding> {
    let mut budget = Budget::new(limits);
    let mut codes = Vec::new();
    for part in reading.leaves() {
        let place = part.names.first().unwrap_or(&part.media_type);
        for body in &part.bodies {
            search_file(&body.bytes, place, limits, &mut budget, &mut codes);
        }
    }
    for page in &gathered.pages {
        for picture in &page.pictures {
            if let Some(bytes) = drawn::data_url(&picture.source) {
                search_file(&bytes, "data:", limits, &mut budget, &mut codes);
            }
        }
        for grid in &page.grids {
            let texts = pixels::read(&drawn::of_grid(grid), &mut budget);
            codes.extend(texts.into_iter().map(|text| drawn_code(text, "<table>")));
        }
    }
    for bitmap in drawn::in_text(&gathered.text) {
        let texts = pixels::read(&bitmap, &mut budget);
        codes.extend(texts.into_iter().map(|text| drawn_code(text, "█▀▄")));
    }
    let mut findings = Vec::new();
    codes.truncate(CODES_MAX);
    for code in codes {
        findings.push(said(&code, gathered));
    }
    if let Some(missed) = budget.missed() {
        let why = match missed {
            Missed::Size => "too big / zu groß",
            Missed::Work => "too much work / zu viel Arbeit",
        };
        findings.push(Finding::of(&kinds::IMAGE_LIMIT).with("why", why));
    }
    findings
}

fn drawn_code(text: String, place: &str) -> Code {
    Code { text, place: place.to_owned(), is_drawn: true }
}

fn search_file(
    bytes: &[u8],
    place: &str,
    limits: &CodeLimits,
    budget: &mut Budget,
    codes: &mut Vec<Code>,
) {
    if bytes.len() < PICTURE_BYTES_MIN {
        return;
    }
    let found = if let Some(format) = Format::of(bytes) {
        pixels::in_picture(bytes, format, budget)
    } else if is_pdf(bytes) {
        pdf::codes(bytes, limits, budget)
    } else {
        Vec::new()
    };
    codes.extend(found.into_iter().map(|text| Code {
        text,
        place: place.to_owned(),
        is_drawn: false,
    }));
}

fn said(code: &Code, gathered: &mut Gathered) -> Finding {
    let kind = if code.is_drawn { &kinds::CODE_DRAWN } else { &kinds::CODE_LINK };
    match gathered.add_code(code.text.trim()) {
        Some(url) => Finding::of(kind).with("place", &code.place).with("target", &url.host.shown()),
        None => Finding::of(&kinds::CODE_OTHER)
            .with("place", &code.place)
            .with("shown", code.text.trim()),
    }
}

#[cfg(test)]
mod tests;
