//! From a picture to black and white, and from there to the texts of its codes.
//!
//! Touches nothing. The decoder (`rqrr`) compares every corner mark with every pair of others, so
//! hostile pictures full of marks would keep it busy for hours: marks are counted here first, in
//! one pass, and it only gets pictures with a few.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::{DynamicImage, ImageFormat, ImageReader, Limits};

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
}

impl Budget {
    pub(crate) fn new(limits: &CodeLimits) -> Self {
        Self {
            pictures: limits.pictures_max,
            pixels: limits.pixels_max,
            picture_pixels_max: limits.picture_pixels_max,
            decoder_work: DECODER_WORK_MAX,
            missed: None,
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
    fn row(&self, y: usize) -> &[u8] {
        self.grey.get(y * self.width..(y + 1) * self.width).unwrap_or_default()
    }

    /// In a size that the decoder likes, with a border.
    fn fitted(&self) -> Self {
        let longest = self.width.max(self.height).max(1);
        let shrink = longest.div_ceil(SEARCH_SIDE_MAX);
        let grow = if shrink == 1 { (SEARCH_SIDE_MIN / longest).clamp(1, 8) } else { 1 };
        let (width, height) = (self.width / shrink * grow, self.height / shrink * grow);
        let border = 4 * grow + 4;
        let stride = width + 2 * border;
        // The border continues a dark ground: light codes on dark are turned as a whole.
        let corner = self.grey.first().copied().unwrap_or(255);
        let mut grey = vec![corner; stride * (height + 2 * border)];
        let mut sums = vec![0_u32; width];
        for (y, line) in grey.chunks_exact_mut(stride).skip(border).take(height).enumerate() {
            let line = line.get_mut(border..border + width).unwrap_or_default();
            if shrink == 1 {
                let row = self.row(y / grow);
                line.chunks_mut(grow).zip(row).for_each(|(slots, value)| slots.fill(*value));
                continue;
            }
            sums.fill(0);
            for row in (y * shrink..(y + 1) * shrink).map(|y| self.row(y)) {
                for (sum, values) in sums.iter_mut().zip(row.chunks_exact(shrink)) {
                    *sum += values.iter().map(|value| u32::from(*value)).sum::<u32>();
                }
            }
            let pixels = u32::try_from(shrink * shrink).unwrap_or(u32::MAX);
            for (slot, sum) in line.iter_mut().zip(&sums) {
                *slot = u8::try_from(sum / pixels).unwrap_or(255);
            }
        }
        Self { width: stride, height: height + 2 * border, grey }
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
    Some(Bitmap { width, height, grey: grey(decoded) })
}

/// What is transparent shows the white of the mail.
fn grey(picture: DynamicImage) -> Vec<u8> {
    let is_opaque = match &picture {
        DynamicImage::ImageRgba8(rgba) => {
            rgba.as_raw().as_chunks().0.iter().all(|[_, _, _, alpha]| *alpha == 255)
        }
        other => !other.color().has_alpha(),
    };
    if is_opaque {
        return picture.into_luma8().into_raw();
    }
    let both = picture.into_luma_alpha8().into_raw();
    let grey = both.as_chunks().0.iter().map(|[luma, alpha]| {
        let (luma, alpha) = (u32::from(*luma), u32::from(*alpha));
        u8::try_from((luma * alpha + 255 * (255 - alpha)) / 255).unwrap_or(255)
    });
    grey.collect()
}

/// The texts of all codes in grey values: dark on light first, then light on dark, first by one
/// threshold for all, then by local ones.
pub(crate) fn read(bitmap: &Bitmap, budget: &mut Budget) -> Vec<String> {
    if bitmap.width < CODE_SIDE_MIN || bitmap.height < CODE_SIDE_MIN {
        return Vec::new();
    }
    let fitted = bitmap.fitted();
    for make in [global, local] {
        let binary = make(&fitted);
        let marks = marks(&binary, fitted.width);
        for (colour, marks) in [DARK, LIGHT].into_iter().zip(&marks) {
            match marks.count() {
                None => budget.miss(Missed::Work),
                Some(count) if count > MARKS_MAX => budget.miss(Missed::Work),
                Some(count) if count >= MARKS_MIN && budget.take_decoding(count, binary.len()) => {
                    let texts = decode(&binary, colour, fitted.width, fitted.height);
                    if !texts.is_empty() {
                        return texts;
                    }
                }
                Some(_) => {}
            }
        }
    }
    Vec::new()
}

/// What a pixel is in black and white.
const DARK: u8 = 1;
const LIGHT: u8 = 0;

/// The texts of all codes whose modules have this colour.
fn decode(binary: &[u8], colour: u8, width: usize, height: usize) -> Vec<String> {
    let work = || {
        let mut image = rqrr::PreparedImage::prepare_from_bitmap(width, height, |x, y| {
            binary.get(y * width + x) == Some(&colour)
        });
        let grids = image.detect_grids();
        grids.iter().filter_map(|grid| grid.decode().ok().map(|(_, text)| text)).collect()
    };
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_default()
}

/// One threshold for all, where both sides differ most (Otsu 1979).
fn global(bitmap: &Bitmap) -> Vec<u8> {
    let mut counts = [0_u64; 256];
    for value in &bitmap.grey {
        if let Some(count) = counts.get_mut(usize::from(*value)) {
            *count += 1;
        }
    }
    let total = bitmap.grey.len() as f64;
    let sum: f64 =
        counts.iter().enumerate().map(|(value, count)| value as f64 * *count as f64).sum();
    let (mut below, mut sum_below, mut best, mut threshold) = (0.0, 0.0, -1.0, 127_u8);
    for (value, count) in (0_u8..=255).zip(counts) {
        below += count as f64;
        sum_below += f64::from(value) * count as f64;
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
    bitmap.grey.iter().map(|value| u8::from(*value <= threshold)).collect()
}

/// Darker than the mean around it, by sums of each column over the rows around, which move down
/// row by row.
fn local(bitmap: &Bitmap) -> Vec<u8> {
    let (width, height) = (bitmap.width, bitmap.height);
    let half = (width.max(height) / 16).max(6);
    let around = 2 * half + 1;
    let mut columns = vec![0_u32; width];
    // What stands before each place, continued to both sides: two of them, `around` places apart,
    // differ by what stands around the place in the middle.
    let mut before = vec![0_u32; width + around];
    let places = (0..width).map(|x| (x + half + 1).min(width) - x.saturating_sub(half));
    let places: Vec<u32> = places.map(|count| u32::try_from(count).unwrap_or(1)).collect();
    let (mut top, mut bottom) = (0, 0);
    let mut binary = Vec::with_capacity(width * height);
    for y in 0..height {
        while bottom < (y + half + 1).min(height) {
            let row = bitmap.row(bottom);
            columns.iter_mut().zip(row).for_each(|(sum, value)| *sum += u32::from(*value));
            bottom += 1;
        }
        while top < y.saturating_sub(half) {
            let row = bitmap.row(top);
            columns.iter_mut().zip(row).for_each(|(sum, value)| *sum -= u32::from(*value));
            top += 1;
        }
        let mut sum = 0;
        let mut slots = before.iter_mut().skip(half + 1);
        for (column, slot) in columns.iter().zip(&mut slots) {
            sum += column;
            *slot = sum;
        }
        slots.for_each(|slot| *slot = sum);
        let rows = u32::try_from(bottom - top).unwrap_or(1);
        let sums = before.iter().zip(before.get(around..).unwrap_or_default());
        let pixels = bitmap.row(y).iter().zip(sums.zip(&places));
        binary.extend(pixels.map(|(value, ((left, right), places))| {
            u8::from(u32::from(*value) * 100 * rows * places < (right - left) * 96)
        }));
    }
    binary
}

/// Corner marks (1:1:3:1:1 in both directions) of one colour.
#[derive(Default)]
struct Marks {
    /// Column, row and size.
    centres: Vec<(usize, usize, usize)>,
    /// Runs of a row that look like a mark.
    runs: usize,
}

impl Marks {
    /// How many there are; none where there are so many runs that it is no code.
    fn count(&self) -> Option<usize> {
        (self.runs <= RUNS_MAX).then_some(self.centres.len())
    }

    /// Takes five runs of a row that end before `x`; `is_down` says whether a mark of that centre
    /// and size is one downwards too.
    fn add(
        &mut self,
        runs: &[usize; 5],
        (x, y): (usize, usize),
        is_down: impl FnOnce(usize, usize) -> bool,
    ) {
        if !is_mark(runs) || self.runs > RUNS_MAX || self.centres.len() > MARKS_MAX {
            return;
        }
        self.runs += 1;
        let total: usize = runs.iter().sum();
        let centre = x - total / 2;
        let is_known = self
            .centres
            .iter()
            .any(|(cx, cy, size)| cx.abs_diff(centre) <= *size / 2 && cy.abs_diff(y) <= *size);
        if self.runs <= RUNS_MAX && !is_known && is_down(centre, total) {
            self.centres.push((centre, y, total));
        }
    }
}

/// The marks that are dark, and those that are light.
fn marks(binary: &[u8], width: usize) -> [Marks; 2] {
    let (mut dark, mut light) = (Marks::default(), Marks::default());
    for (y, row) in binary.chunks_exact(width.max(1)).enumerate() {
        let mut runs = [0_usize; 5];
        let mut start = 0;
        let mut colour = row.first().copied().unwrap_or(LIGHT);
        changes(row, |x| {
            let [_, a, b, c, d] = runs;
            runs = [a, b, c, d, x - start];
            start = x;
            let marks = if colour == DARK { &mut dark } else { &mut light };
            marks.add(&runs, (x, y), |x, size| is_mark_down(binary, colour, width, (x, y), size));
            colour ^= DARK;
        });
    }
    [dark, light]
}

/// Tells each place of a row where the colour changes, and its end. Eight pixels at a time: most
/// are like those beside them.
fn changes(row: &[u8], mut tell: impl FnMut(usize)) {
    let (words, rest) = row.as_chunks();
    let mut last = row.first().copied().unwrap_or(LIGHT);
    let mut at = 0;
    for word in words {
        let word = u64::from_le_bytes(*word);
        let mut changed = word ^ (word << 8 | u64::from(last));
        while changed != 0 {
            tell(at + changed.trailing_zeros() as usize / 8);
            changed &= changed - 1;
        }
        last = (word >> 56) as u8;
        at += 8;
    }
    for pixel in rest {
        if *pixel != last {
            tell(at);
            last = *pixel;
        }
        at += 1;
    }
    tell(at);
}

/// One colour, the other, and so on as 1:1:3:1:1, with room for blur and rotation.
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
    // The middle first: that is what hardly any other runs have.
    near(c, 3.0) && near(a, 1.0) && near(b, 1.0) && near(d, 1.0) && near(e, 1.0)
}

/// The same downwards through a point.
fn is_mark_down(
    binary: &[u8],
    colour: u8,
    width: usize,
    (x, y): (usize, usize),
    size: usize,
) -> bool {
    let at = |y: usize| binary.get(y * width + x).map(|pixel| *pixel == colour);
    let mut runs = [0_usize; 5];
    // From the middle up, then down: middle, other, own.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Noise of a fixed seed.
    fn noise(width: usize, height: usize) -> Bitmap {
        let mut state = 1_u32;
        let grey = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        });
        Bitmap { width, height, grey: grey.take(width * height).collect() }
    }

    #[test]
    fn local_thresholds_are_means_of_the_square_around() {
        for (width, height) in [(21, 40), (130, 21), (97, 103)] {
            let bitmap = noise(width, height);
            let half = (width.max(height) / 16).max(6);
            let around = |at: usize, end: usize| at.saturating_sub(half)..(at + half + 1).min(end);
            let expected =
                (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| {
                    let rows: Vec<_> =
                        around(y, height).map(|y| &bitmap.row(y)[around(x, width)]).collect();
                    let sum: u32 = rows.iter().copied().flatten().map(|it| u32::from(*it)).sum();
                    let count = rows.iter().copied().flatten().count() as u32;
                    u8::from(u32::from(bitmap.row(y)[x]) * 100 * count < sum * 96)
                });
            assert_eq!(local(&bitmap), expected.collect::<Vec<_>>(), "{width} {height}");
        }
    }

    #[test]
    fn every_change_of_a_row_is_told_and_its_end() {
        for length in 0..40 {
            let row: Vec<u8> = noise(length, 1).grey.iter().map(|it| it & 1).collect();
            let mut expected: Vec<usize> =
                (1..length).filter(|at| row[*at] != row[at - 1]).collect();
            expected.push(length);
            let mut told = Vec::new();
            changes(&row, |at| told.push(at));
            assert_eq!(told, expected, "{row:?}");
        }
    }
}
