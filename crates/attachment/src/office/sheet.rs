//! Workbooks: Excel 4 macro sheets in BIFF (MS-XLS), and formulas that start programs in text.
//!
//! Touches nothing.

use posthouse_types::Finding;

use crate::bytes::{as_text, slice, u16_le};
use crate::examine::{Examiner, Place};
use crate::findings as kinds;

/// What a Workbook stream says about itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Workbook {
    /// A sheet is a macro sheet.
    pub(super) has_macro_sheet: bool,
    /// The records are encrypted.
    pub(super) is_encrypted: bool,
}

/// Walks the records of a Workbook stream.
pub(super) fn workbook(stream: &[u8]) -> Workbook {
    const BOUND_SHEET: u16 = 0x85;
    const FILE_PASS: u16 = 0x2f;
    const MACRO_SHEET: u8 = 1;
    /// Sheets are listed before their contents; a workbook of many names has some 10,000 records.
    const RECORDS_MAX: usize = 200_000;
    let mut found = Workbook::default();
    let mut at = 0;
    for _ in 0..RECORDS_MAX {
        let (Some(kind), Some(length)) = (u16_le(stream, at), u16_le(stream, at + 2)) else {
            break;
        };
        let record = slice(stream, at + 4, usize::from(length));
        match kind {
            BOUND_SHEET => found.has_macro_sheet |= record.get(5) == Some(&MACRO_SHEET),
            FILE_PASS => found.is_encrypted = true,
            _ => {}
        }
        at += 4 + usize::from(length);
    }
    found
}

/// The instruction of a field that starts a program.
pub(super) fn dde(instructions: &str) -> Option<&str> {
    instructions.lines().find(|line| {
        let upper = line.trim_start().to_ascii_uppercase();
        upper.starts_with("DDEAUTO") || upper.starts_with("DDE ")
    })
}

/// `=cmd|'/c calc'!A0` in a text that Excel opens.
pub(super) fn formulas(examiner: &mut Examiner<'_>, place: &Place, bytes: &[u8]) {
    /// Text that is read.
    const READ_BYTES: usize = 1024 * 1024;
    let text = as_text(slice(bytes, 0, READ_BYTES));
    let cell = text
        .split([',', ';', '\t', '\n', '\r'])
        .map(|cell| cell.trim_matches(['"', ' ']))
        .find(|cell| {
            let starts = cell.starts_with(['=', '+', '-', '@']);
            let server = cell.split_once('|').map(|(server, rest)| (server, rest.contains('!')));
            starts && server.is_some_and(|(server, bang)| bang && server.len() <= 32)
        });
    if let Some(cell) = cell {
        let finding = Finding::of(&kinds::DDE).with("file", &place.shown());
        examiner.say(finding.with("command", cell));
    }
}
