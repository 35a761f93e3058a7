//! From a picture to black and white, and from there to the texts of its codes.
//!
//! Touches nothing. The decoder (`rqrr`) compares every corner mark with every pair of others, so
//! hostile pictures full of marks would keep it busy for hours: marks are counted here first, in
//! one pass, and it only gets pictures with a few.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::{ImageFormat, ImageReader, Limits};

use super::CodeLimits;

/// Longest side of a picture that is opened, in pixels.
const SIDE_MAX: u32 = 8_000;
/// Most memory that decoding one picture may take, in bytes.
const DECODE_BYTES_MAX: u64 = 96 * 1024 * 1024;
/// Longest side that is searched; bigger pictures are made smaller first.
const SEARCH_SIDE_MAX: usize = 900;
/// Pictures with a shorter side are made bigger first: the decoder wants some pixels a module.
const SEARCH_SIDE_MIN: usize = 240;
/// Shortest side that can hold a code: 21 modules.
const CODE_SIDE_MIN: usize = 21;
/// Fewest corner marks of a code, and most that are given to the decoder.
const MARKS_MIN: usize = 3;
const MARKS_MAX: usize = 16;
/// Most work of the decoder in one message: marks squared times pixels, since it copies the
/// picture for every pair of marks it tries. A code alone in a picture of 300 by 300 takes 810,000.
const DECODER_WORK_MAX: usize = 400_000_000;
/// Most runs of a row that look like a mark: a code has some hundreds.
const RUNS_MAX: usize = 8_000;

/// Kinds of pictures that are opened, by their first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Format(ImageFormat);

impl Format {
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        let starts = |mark: &[u8]| bytes.starts_with(mark);
        let format = if starts(b"\x89PNG") {
            ImageFormat::Png
        } else if starts(b"\xff\xd8\xff") {
            ImageFormat::Jpeg
        } else if starts(b"GIF8") {
            ImageFormat::Gif
        } else if starts(b"BM") && bytes.len() > 54 {
            ImageFormat::Bmp
        } else if starts(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            ImageFormat::WebP
        } else {
            return None;
        };
        Some(Self(format))
    }

    pub(crate) const JPEG: Self = Self(ImageFormat::Jpeg);
}

/// Why something was not searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missed {
    Size,
    Work,
}

/// What may still be done.
pub(crate) struct Budget {
    pictures: usize,
    pixels: usize,
    picture_pixels_max: usize,
    decoder_work: usize,
    missed: Option<Missed>,
    /// Pixels that were looked at, for tests.
    pub(crate) work: usize,
}

impl Budget {
    pub(crate) fn new(limits: &CodeLimits) -> Self {
        Self {
            pictures: limits.pictures_max,
            pixels: limits.pixels_max,
            picture_pixels_max: limits.picture_pixels_max,
            decoder_work: DECODER_WORK_MAX,
            missed: None,
            work: 0,
        }
    }

    pub(crate) fn missed(&self) -> Option<Missed> {
        self.missed
    }

    pub(crate) fn miss(&mut self, why: Missed) {
        self.missed = self.missed.or(Some(why));
    }

    /// Takes what the decoder may cost on a picture with so many marks.
    fn take_decoding(&mut self, marks: usize, pixels: usize) -> bool {
        let left = self.decoder_work.checked_sub(marks * marks * pixels);
        if left.is_none() {
            self.miss(Missed::Work);
        }
        self.decoder_work = left.unwrap_or(self.decoder_work);
        left.is_some()
    }

    /// Takes what opening a picture costs.
    pub(crate) fn take(&mut self, width: usize, height: usize) -> bool {
        let pixels = width.saturating_mul(height);
        if pixels > self.picture_pixels_max {
            self.miss(Missed::Size);
            return false;
        }
        if self.pictures == 0 || pixels > self.pixels {
            self.miss(Missed::Work);
            return false;
        }
        self.pictures -= 1;
        self.pixels -= pixels;
        true
    }
}

/// Grey values, row after row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bitmap {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) grey: Vec<u8>,
}

impl Bitmap {
    fn at(&self, x: usize, y: usize) -> u8 {
        if x >= self.width {
            return 255;
        }
        self.grey.get(y * self.width + x).copied().unwrap_or(255)
    }

    /// In a size that the decoder likes, with a light border.
    fn fitted(&self) -> Self {
        let longest = self.width.max(self.height).max(1);
        let shrink = longest.div_ceil(SEARCH_SIDE_MAX);
        let grow = if shrink == 1 { (SEARCH_SIDE_MIN / longest).clamp(1, 8) } else { 1 };
        let (width, height) = (self.width / shrink * grow, self.height / shrink * grow);
        let border = 4 * grow + 4;
        let mut out = Self {
            width: width + 2 * border,
            height: height + 2 * border,
            grey: vec![255; (width + 2 * border) * (height + 2 * border)],
        };
        // The border continues a dark ground: light codes on dark are turned as a whole.
        let corner = self.at(0, 0);
        out.grey.fill(corner);
        for y in 0..height {
            for x in 0..width {
                let value = self.mean(x / grow * shrink, y / grow * shrink, shrink);
                if let Some(slot) = out.grey.get_mut((y + border) * out.width + x + border) {
                    *slot = value;
                }
            }
        }
        out
    }

    fn mean(&self, x: usize, y: usize, side: usize) -> u8 {
        if side == 1 {
            return self.at(x, y);
        }
        let mut sum = 0_usize;
        for dy in 0..side {
            for dx in 0..side {
                sum += usize::from(self.at(x + dx, y + dy));
            }
        }
        u8::try_from(sum / (side * side)).unwrap_or(255)
    }
}

/// The texts of all codes in a picture file.
pub(crate) fn in_picture(bytes: &[u8], format: Format, budget: &mut Budget) -> Vec<String> {
    match open(bytes, format, budget) {
        Some(bitmap) => read(&bitmap, budget),
        None => Vec::new(),
    }
}

fn open(bytes: &[u8], format: Format, budget: &mut Budget) -> Option<Bitmap> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_MAX);
    limits.max_image_height = Some(SIDE_MAX);
    limits.max_alloc = Some(DECODE_BYTES_MAX);
    let reader = |limits: Limits| {
        let mut reader = ImageReader::with_format(Cursor::new(bytes), format.0);
        reader.limits(limits);
        reader
    };
    let (width, height) = reader(limits.clone()).into_dimensions().ok()?;
    let (width, height) = (usize::try_from(width).ok()?, usize::try_from(height).ok()?);
    if width < CODE_SIDE_MIN || height < CODE_SIDE_MIN || !budget.take(width, height) {
        return None;
    }
    // The decoders are fuzzed, and still the only code here that is not ours: a panic in one of
    // them must not end the session.
    let decoded = catch_unwind(AssertUnwindSafe(|| reader(limits).decode().ok())).ok()??;
    let both = decoded.to_luma_alpha8();
    // What is transparent shows the white of the mail.
    let grey = both.pixels().map(|pixel| {
        let [luma, alpha] = pixel.0;
        let (luma, alpha) = (u32::from(luma), u32::from(alpha));
        u8::try_from((luma * alpha + 255 * (255 - alpha)) / 255).unwrap_or(255)
    });
    Some(Bitmap { width, height, grey: grey.collect() })
}

/// The texts of all codes in grey values: dark on light first, then light on dark, first by one
/// threshold for all, then by local ones.
pub(crate) fn read(bitmap: &Bitmap, budget: &mut Budget) -> Vec<String> {
    if bitmap.width < CODE_SIDE_MIN || bitmap.height < CODE_SIDE_MIN {
        return Vec::new();
    }
    let fitted = bitmap.fitted();
    for make in [global, local] {
        let mut dark = make(&fitted);
        for _ in 0..2 {
            budget.work += dark.len();
            match marks(&dark, fitted.width) {
                None => budget.miss(Missed::Work),
                Some(count) if count > MARKS_MAX => budget.miss(Missed::Work),
                Some(count) if count >= MARKS_MIN && budget.take_decoding(count, dark.len()) => {
                    let texts = decode(&dark, fitted.width, fitted.height);
                    if !texts.is_empty() {
                        return texts;
                    }
                }
                Some(_) => {}
            }
            dark.iter_mut().for_each(|pixel| *pixel = !*pixel);
        }
    }
    Vec::new()
}

fn decode(dark: &[bool], width: usize, height: usize) -> Vec<String> {
    let work = || {
        let mut image = rqrr::PreparedImage::prepare_from_bitmap(width, height, |x, y| {
            dark.get(y * width + x).copied().unwrap_or(false)
        });
        let grids = image.detect_grids();
        grids.iter().filter_map(|grid| grid.decode().ok().map(|(_, text)| text)).collect()
    };
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_default()
}

/// One threshold for all, where both sides differ most (Otsu 1979).
fn global(bitmap: &Bitmap) -> Vec<bool> {
    let mut counts = [0_u64; 256];
    for value in &bitmap.grey {
        if let Some(count) = counts.get_mut(usize::from(*value)) {
            *count += 1;
        }
    }
    let total = bitmap.grey.len() as f64;
    let sum: f64 =
        counts.iter().enumerate().map(|(value, count)| value as f64 * *count as f64).sum();
    let (mut below, mut sum_below, mut best, mut threshold) = (0.0, 0.0, -1.0, 127_usize);
    for (value, count) in counts.iter().enumerate() {
        below += *count as f64;
        sum_below += value as f64 * *count as f64;
        let above = total - below;
        if below > 0.0 && above > 0.0 {
            let apart = sum_below / below - (sum - sum_below) / above;
            let between = below * above * apart * apart;
            if between > best {
                best = between;
                threshold = value;
            }
        }
    }
    bitmap.grey.iter().map(|value| usize::from(*value) <= threshold).collect()
}

/// Darker than the mean around it, by sums of all rows and columns before.
fn local(bitmap: &Bitmap) -> Vec<bool> {
    let (width, height) = (bitmap.width, bitmap.height);
    let stride = width + 1;
    let mut sums = vec![0_u32; stride * (height + 1)];
    for y in 0..height {
        let mut row = 0_u32;
        for x in 0..width {
            row += u32::from(bitmap.at(x, y));
            let above = sums.get(y * stride + x + 1).copied().unwrap_or(0);
            if let Some(slot) = sums.get_mut((y + 1) * stride + x + 1) {
                *slot = above + row;
            }
        }
    }
    let half = (width.max(height) / 16).max(6);
    let sum = |x: usize, y: usize| sums.get(y * stride + x).copied().unwrap_or(0);
    let mut dark = Vec::with_capacity(width * height);
    for y in 0..height {
        let (top, bottom) = (y.saturating_sub(half), (y + half + 1).min(height));
        for x in 0..width {
            let (left, right) = (x.saturating_sub(half), (x + half + 1).min(width));
            let inside = sum(right, bottom) + sum(left, top) - sum(left, bottom) - sum(right, top);
            let count = u32::try_from((right - left) * (bottom - top)).unwrap_or(1).max(1);
            dark.push(u32::from(bitmap.at(x, y)) * 100 * count < inside * 96);
        }
    }
    dark
}

/// How many corner marks (1:1:3:1:1 in both directions) there are; none where there are so many
/// runs that it is no code.
fn marks(dark: &[bool], width: usize) -> Option<usize> {
    let height = dark.len() / width.max(1);
    let mut centres: Vec<(usize, usize, usize)> = Vec::new();
    let mut runs_seen = 0;
    for y in 0..height {
        let row = dark.get(y * width..(y + 1) * width).unwrap_or_default();
        let mut runs = [0_usize; 5];
        let mut last = false;
        let mut length = 0;
        for (x, pixel) in row.iter().copied().chain([false]).enumerate() {
            if pixel == last && x < width {
                length += 1;
                continue;
            }
            runs.rotate_left(1);
            if let Some(slot) = runs.last_mut() {
                *slot = length;
            }
            if last && is_mark(&runs) {
                runs_seen += 1;
                if runs_seen > RUNS_MAX {
                    return None;
                }
                let total: usize = runs.iter().sum();
                let centre = x - total / 2;
                let known = centres.iter().any(|(cx, cy, size)| {
                    cx.abs_diff(centre) <= *size / 2 && cy.abs_diff(y) <= *size
                });
                if !known && is_mark_down(dark, width, centre, y, total) {
                    centres.push((centre, y, total));
                    if centres.len() > MARKS_MAX {
                        return Some(centres.len());
                    }
                }
            }
            last = pixel;
            length = 1;
        }
    }
    Some(centres.len())
}

/// Dark, light, dark, light, dark as 1:1:3:1:1, with room for blur and rotation.
fn is_mark(runs: &[usize; 5]) -> bool {
    let [a, b, c, d, e] = *runs;
    let total = a + b + c + d + e;
    if a == 0 || total < 7 {
        return false;
    }
    let module = total as f32 / 7.0;
    let near = |run: usize, modules: f32| {
        (run as f32 - module * modules).abs() < module * (0.4 + modules * 0.3)
    };
    near(a, 1.0) && near(b, 1.0) && near(c, 3.0) && near(d, 1.0) && near(e, 1.0)
}

/// The same downwards through a point.
fn is_mark_down(dark: &[bool], width: usize, x: usize, y: usize, size: usize) -> bool {
    let at = |y: usize| dark.get(y * width + x).copied();
    let mut runs = [0_usize; 5];
    // From the middle up, then down: middle, light, dark.
    let mut walk =
        |slots: [usize; 3], step: &dyn Fn(usize) -> Option<usize>, from: Option<usize>| {
            let mut place = from;
            for (turn, slot) in slots.into_iter().enumerate() {
                let wanted = turn != 1;
                while let Some(y) = place.filter(|y| at(*y) == Some(wanted)) {
                    if let Some(run) = runs.get_mut(slot) {
                        *run += 1;
                        if *run > size * 2 {
                            return;
                        }
                    }
                    place = step(y);
                }
            }
        };
    walk([2, 1, 0], &|y| y.checked_sub(1), Some(y));
    walk([2, 3, 4], &|y| y.checked_add(1), Some(y + 1));
    is_mark(&runs)
}
