//! Pictures inside PDF files, without a PDF reader: image objects are found by their dictionary.
//!
//! Touches nothing. Reads JPEG (`DCTDecode`) and deflated samples (`FlateDecode`, with PNG
//! predictors) of grey, RGB, CMYK and indexed pictures (ISO 32000-1 section 8.9). Image objects
//! never stand in compressed object streams, so the file is searched as it is.

use std::io::Read;

use flate2::read::ZlibDecoder;
use memchr::memmem;

use super::CodeLimits;
use super::pixels::{self, Bitmap, Budget, Format, Missed};

/// Longest dictionary of an image object, in bytes.
const DICTIONARY_BYTES_MAX: usize = 4 * 1024;
/// Most image objects of one file that are looked at.
const OBJECTS_MAX: usize = 60;

/// The texts of all codes in the file's pictures.
pub(super) fn codes(file: &[u8], limits: &CodeLimits, budget: &mut Budget) -> Vec<String> {
    let bytes = file.get(..file.len().min(limits.pdf_bytes_max)).unwrap_or_default();
    if bytes.len() < file.len() {
        budget.miss(Missed::Size);
    }
    let mut found = Vec::new();
    let mut seen = 0;
    for at in memmem::find_iter(bytes, b"/Image") {
        // `/ImageMask`, `/ImageB` and the like are other names.
        let is_whole = bytes.get(at + 6).is_none_or(|byte| !byte.is_ascii_alphanumeric());
        if !is_whole {
            continue;
        }
        seen += 1;
        if seen > OBJECTS_MAX {
            budget.miss(Missed::Work);
            break;
        }
        if let Some(picture) = Picture::around(bytes, at) {
            found.extend(picture.codes(budget));
        }
    }
    found
}

/// One image object.
struct Picture<'a> {
    dictionary: &'a [u8],
    data: &'a [u8],
}

impl<'a> Picture<'a> {
    /// The object whose dictionary holds this place.
    fn around(bytes: &'a [u8], at: usize) -> Option<Self> {
        let from = at.saturating_sub(DICTIONARY_BYTES_MAX);
        let before = bytes.get(from..at)?;
        let start =
            from + memmem::rfind(before, b" obj").or_else(|| memmem::rfind(before, b"obj"))?;
        let after = bytes.get(at..(at + DICTIONARY_BYTES_MAX).min(bytes.len()))?;
        let stream = at + memmem::find(after, b"stream")?;
        let dictionary = bytes.get(start..stream)?;
        let rest = bytes.get(stream + 6..)?;
        let rest = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n")).unwrap_or(rest);
        // The length may be a reference; the end mark is good enough for what is compressed.
        let length = number(dictionary, b"/Length").filter(|length| *length <= rest.len());
        let direct = length.filter(|length| {
            let tail = rest.get(*length..(*length + 20).min(rest.len())).unwrap_or_default();
            memmem::find(tail, b"endstream").is_some()
        });
        let length = direct.or_else(|| memmem::find(rest, b"endstream")).unwrap_or(rest.len());
        Some(Self { dictionary, data: rest.get(..length)? })
    }

    fn says(&self, name: &[u8]) -> bool {
        memmem::find(self.dictionary, name).is_some()
    }

    fn codes(&self, budget: &mut Budget) -> Vec<String> {
        if self.says(b"/DCTDecode") {
            return pixels::in_picture(self.data, Format::JPEG, budget);
        }
        match self.samples(budget) {
            Some(bitmap) => pixels::read(&bitmap, budget),
            None => Vec::new(),
        }
    }

    fn samples(&self, budget: &mut Budget) -> Option<Bitmap> {
        let width = number(self.dictionary, b"/Width")?;
        let height = number(self.dictionary, b"/Height")?;
        if width < 21 || height < 21 || !budget.take(width, height) {
            return None;
        }
        let is_mask = self.says(b"/ImageMask true");
        let bits =
            if is_mask { 1 } else { number(self.dictionary, b"/BitsPerComponent").unwrap_or(8) };
        let channels = if self.says(b"/Indexed")
            || self.says(b"/DeviceGray")
            || self.says(b"/CalGray")
            || is_mask
        {
            1
        } else if self.says(b"/DeviceCMYK") {
            4
        } else if self.says(b"/DeviceRGB") || self.says(b"/CalRGB") {
            3
        } else {
            // An ICC profile elsewhere: told by the length below.
            0
        };
        let most = (width * 4 + 16) * (height + 1);
        let mut raw = Vec::new();
        if self.says(b"/FlateDecode") {
            let limit = u64::try_from(most).unwrap_or(u64::MAX);
            // A broken end leaves what came before it.
            let _ = ZlibDecoder::new(self.data).take(limit).read_to_end(&mut raw);
        } else if self.says(b"/Filter") {
            return None;
        } else {
            raw.extend_from_slice(self.data.get(..self.data.len().min(most)).unwrap_or_default());
        }
        let has_predictor = number(self.dictionary, b"/Predictor").is_some_and(|it| it >= 10);
        let extra = usize::from(has_predictor);
        let row_of = |channels: usize| (width * channels * bits).div_ceil(8);
        let channels = match channels {
            0 => *[1, 3, 4]
                .iter()
                .find(|it| (row_of(**it) + extra) * height >= raw.len().saturating_sub(2))?,
            known => known,
        };
        let row = row_of(channels);
        if has_predictor {
            raw = unpredicted(&raw, row, (channels * bits).div_ceil(8));
        }
        Some(grey(&raw, width, height, row, channels, bits))
    }
}

/// The number after a name in a dictionary.
fn number(dictionary: &[u8], name: &[u8]) -> Option<usize> {
    let at = memmem::find(dictionary, name)? + name.len();
    let rest = dictionary.get(at..)?;
    let rest = rest.get(rest.iter().position(|byte| !byte.is_ascii_whitespace())?..)?;
    let end = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    std::str::from_utf8(rest.get(..end.min(9))?).ok()?.parse().ok()
}

/// Undoes the filters of PNG, row by row (RFC 2083 section 6).
fn unpredicted(raw: &[u8], row: usize, step: usize) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(raw.len());
    let mut above = vec![0_u8; row];
    for line in raw.chunks(row + 1) {
        let Some((filter, line)) = line.split_first() else { break };
        let mut current: Vec<u8> = Vec::with_capacity(row);
        for (at, byte) in line.iter().enumerate() {
            let before = |values: &[u8]| {
                at.checked_sub(step).and_then(|at| values.get(at)).copied().unwrap_or(0)
            };
            let left = before(&current);
            let up = above.get(at).copied().unwrap_or(0);
            let corner = before(&above);
            let guess = match filter {
                1 => left,
                2 => up,
                3 => u8::try_from((u16::from(left) + u16::from(up)) / 2).unwrap_or(0),
                4 => paeth(left, up, corner),
                _ => 0,
            };
            current.push(byte.wrapping_add(guess));
        }
        out.extend_from_slice(&current);
        current.resize(row, 0);
        above = current;
    }
    out
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let guess = i16::from(left) + i16::from(up) - i16::from(corner);
    let off = |value: u8| (guess - i16::from(value)).abs();
    if off(left) <= off(up) && off(left) <= off(corner) {
        left
    } else if off(up) <= off(corner) {
        up
    } else {
        corner
    }
}

/// Samples as grey values. An index counts as its number: two colours differ, that is enough.
fn grey(
    raw: &[u8],
    width: usize,
    height: usize,
    row: usize,
    channels: usize,
    bits: usize,
) -> Bitmap {
    let mut grey = Vec::with_capacity(width * height);
    for y in 0..height {
        let line = raw.get(y * row..).unwrap_or_default();
        for x in 0..width {
            let value = match bits {
                8 => {
                    let pixel = line.get(x * channels..(x + 1) * channels).unwrap_or(&[255]);
                    let sum: usize = pixel.iter().map(|byte| usize::from(*byte)).sum();
                    let mean = u8::try_from(sum / pixel.len().max(1)).unwrap_or(255);
                    if channels == 4 { 255 - mean } else { mean }
                }
                1 | 2 | 4 => {
                    let at = x * channels * bits;
                    let byte = line.get(at / 8).copied().unwrap_or(255);
                    let value = (usize::from(byte) >> (8 - bits - at % 8)) & ((1 << bits) - 1);
                    u8::try_from(value * 255 / ((1 << bits) - 1)).unwrap_or(255)
                }
                _ => 255,
            };
            grey.push(value);
        }
    }
    Bitmap { width, height, grey }
}
