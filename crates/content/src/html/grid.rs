//! Tables that are pictures: cells of two colours and no text, as a QR code drawn in HTML is.
//!
//! Touches nothing. Only what is big enough for a code and square enough is kept.

use super::Kind;
use super::style::Ground;

/// Fewest rows and columns of a QR code (ISO/IEC 18004: version 1 has 21).
const SIDE_MIN: usize = 21;
/// Most rows and columns that are kept: version 40 has 177, with a border.
const SIDE_MAX: usize = 200;
/// Most tables that are kept.
const GRIDS_MAX: usize = 4;
/// Tables inside one another that are followed.
const DEPTH_MAX: usize = 8;

/// Dark and light cells, in rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grid {
    pub(crate) rows: Vec<Vec<bool>>,
}

impl Grid {
    /// Could hold a code: big, and as wide as high.
    pub(crate) fn is_code_like(&self) -> bool {
        let width = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let height = self.rows.len();
        height >= SIDE_MIN && width >= SIDE_MIN && width * 2 >= height && height * 3 >= width
    }
}

/// The tables that are open.
#[derive(Debug, Default)]
pub(crate) struct Grids {
    open: Vec<Grid>,
    /// Tables deeper than is followed.
    deeper: usize,
}

impl Grids {
    pub(crate) fn open(&mut self, kind: Kind, span: Option<&str>, ground: Option<Ground>) {
        match kind {
            Kind::Table if self.open.len() < DEPTH_MAX => self.open.push(Grid::default()),
            Kind::Table => self.deeper += 1,
            Kind::Row => {
                if let Some(grid) = self.open.last_mut()
                    && grid.rows.len() < SIDE_MAX
                {
                    grid.rows.push(Vec::new());
                }
            }
            Kind::Cell => {
                let Some(row) = self.open.last_mut().and_then(|grid| grid.rows.last_mut()) else {
                    return;
                };
                let span = span.and_then(|span| span.trim().parse().ok()).unwrap_or(1);
                let span = span.min(SIDE_MAX.saturating_sub(row.len()));
                let is_dark = matches!(ground, Some(Ground::Plain((r, g, b)))
                    if u16::from(r) + u16::from(g) + u16::from(b) < 384);
                row.extend(std::iter::repeat_n(is_dark, span));
            }
            _ => {}
        }
    }

    pub(crate) fn close(&mut self, kind: Kind, found: &mut Vec<Grid>) {
        if kind != Kind::Table {
            return;
        }
        if self.deeper > 0 {
            self.deeper -= 1;
        } else if let Some(grid) = self.open.pop()
            && grid.is_code_like()
            && found.len() < GRIDS_MAX
        {
            found.push(grid);
        }
    }

    pub(crate) fn end(&mut self, found: &mut Vec<Grid>) {
        while !self.open.is_empty() {
            self.close(Kind::Table, found);
        }
    }
}
