//! Codes that are no picture: drawn with block characters, or with the cells of a table.
//!
//! Touches nothing. Each module becomes a few pixels, and the same decoder reads them.

use super::Bitmap;
use crate::html::Grid;

/// Pixels of a module.
const MODULE_PIXELS: usize = 4;
/// Light modules around (ISO/IEC 18004 asks for four).
const BORDER_MODULES: usize = 4;
/// Fewest lines of block characters: half blocks draw two rows of 21.
const LINES_MIN: usize = 11;
/// Most lines and columns that are drawn: version 40 has 177 modules, here two characters each.
const LINES_MAX: usize = 200;
const COLUMNS_MAX: usize = 400;
/// Most drawings of one text.
const DRAWINGS_MAX: usize = 3;
/// Longest picture within a link that is decoded, in bytes of base64.
const DATA_BYTES_MAX: usize = 256 * 1024;

/// A table's cells as pixels.
pub(crate) fn of_grid(grid: &Grid) -> Bitmap {
    let rows: Vec<Vec<bool>> = grid.rows.clone();
    drawn(&rows)
}

fn drawn(rows: &[Vec<bool>]) -> Bitmap {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = (columns + 2 * BORDER_MODULES) * MODULE_PIXELS;
    let height = (rows.len() + 2 * BORDER_MODULES) * MODULE_PIXELS;
    let mut grey = vec![255; width * height];
    for (y, row) in rows.iter().enumerate() {
        for (x, _) in row.iter().enumerate().filter(|(_, is_dark)| **is_dark) {
            for line in 0..MODULE_PIXELS {
                let start = ((y + BORDER_MODULES) * MODULE_PIXELS + line) * width
                    + (x + BORDER_MODULES) * MODULE_PIXELS;
                if let Some(slots) = grey.get_mut(start..start + MODULE_PIXELS) {
                    slots.fill(0);
                }
            }
        }
    }
    Bitmap { width, height, grey }
}

/// Drawings of block characters in a text.
pub(crate) fn in_text(text: &str) -> Vec<Bitmap> {
    let mut found = Vec::new();
    // Cheap for all other texts: the three blocks share their first two bytes.
    if memchr::memmem::find(text.as_bytes(), &[0xe2, 0x96]).is_none() {
        return found;
    }
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines().chain([""]) {
        if is_drawing(line) && lines.len() < LINES_MAX {
            lines.push(line);
            continue;
        }
        if lines.len() >= LINES_MIN && found.len() < DRAWINGS_MAX {
            found.extend(of_lines(&lines));
        }
        lines.clear();
    }
    found
}

/// Only blocks and blanks, and at least a few blocks.
fn is_drawing(line: &str) -> bool {
    let mut blocks = 0;
    for character in line.chars().take(COLUMNS_MAX + 1) {
        match character {
            '\u{2580}'..='\u{2588}' | '\u{2591}'..='\u{2593}' | '\u{25a0}' | '\u{25a1}' => {
                blocks += 1
            }
            ' ' | '\u{a0}' | '\u{2003}' | '\u{2007}' | '\u{3000}' | '\r' => {}
            _ => return false,
        }
    }
    blocks > 0
}

fn of_lines(lines: &[&str]) -> Vec<Bitmap> {
    let has_halves = lines.iter().any(|line| line.contains(['▀', '▄']));
    let mut rows: Vec<Vec<bool>> = Vec::new();
    for line in lines {
        let characters = line.chars().take(COLUMNS_MAX);
        let (mut upper, mut lower) = (Vec::new(), Vec::new());
        for character in characters.filter(|c| *c != '\r') {
            let (top, bottom) = match character {
                '█' | '▓' | '■' => (true, true),
                '▀' => (true, false),
                '▄' => (false, true),
                _ => (false, false),
            };
            upper.push(top);
            lower.push(bottom);
        }
        rows.push(upper);
        if has_halves {
            rows.push(lower);
        }
    }
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    if columns * 2 >= rows.len() * 3 {
        // Two characters make a square.
        for row in &mut rows {
            *row = row.iter().copied().step_by(2).collect();
        }
    }
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    // On a dark screen the light modules are the ones that are drawn.
    let turned = rows.iter().map(|row| {
        let mut row: Vec<bool> = row.iter().map(|is_dark| !is_dark).collect();
        row.resize(columns, true);
        row
    });
    let turned: Vec<Vec<bool>> = turned.collect();
    vec![drawn(&rows), drawn(&turned)]
}

/// The bytes of a picture that stands in a link itself.
pub(crate) fn data_url(source: &str) -> Option<Vec<u8>> {
    let start = source.get(..11)?;
    if !start.eq_ignore_ascii_case("data:image/") {
        return None;
    }
    let (head, data) = source.split_once(',')?;
    let data = crate::html::head(data, DATA_BYTES_MAX);
    head.to_ascii_lowercase().contains(";base64").then(|| base64(data))
}

/// Base64, whatever is not of its alphabet skipped.
fn base64(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => break,
            _ => continue,
        };
        bits = (bits << 6 | u32::from(value)) & 0x00ff_ffff;
        count += 1;
        if count == 4 {
            out.extend(bits.to_be_bytes().iter().skip(1));
            (bits, count) = (0, 0);
        }
    }
    match count {
        2 => out.extend((bits << 12).to_be_bytes().iter().skip(1).take(1)),
        3 => out.extend((bits << 6).to_be_bytes().iter().skip(1).take(2)),
        _ => {}
    }
    out
}
