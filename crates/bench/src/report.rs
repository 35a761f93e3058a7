//! The table: each figure beside its target, and whether it was reached.
//!
//! May touch: standard output. A measurement that failed is a row that says so, never left out.

use std::fmt::Write as _;

/// One line of the table.
pub(crate) struct Row {
    what: String,
    figure: String,
    target: String,
    mark: Mark,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Reached,
    Missed,
    /// No target: what a target is compared with, or what helps to understand it.
    Figure,
    NotMeasured,
}

impl Row {
    /// A figure with a target.
    pub(crate) fn target(what: &str, figure: String, target: &str, reached: bool) -> Self {
        let mark = if reached { Mark::Reached } else { Mark::Missed };
        Self { what: what.to_owned(), figure, target: target.to_owned(), mark }
    }

    /// A figure without one.
    pub(crate) fn figure(what: &str, figure: String) -> Self {
        Self { what: what.to_owned(), figure, target: String::new(), mark: Mark::Figure }
    }

    /// What could not be measured, and why.
    pub(crate) fn not_measured(what: &str, why: &str) -> Self {
        let (what, figure) = (what.to_owned(), why.to_owned());
        Self { what, figure, target: String::new(), mark: Mark::NotMeasured }
    }
}

/// The table as Markdown, which also reads well in a terminal.
pub(crate) fn table(rows: &[Row]) -> String {
    let cells = |row: &Row| {
        let reached = match row.mark {
            Mark::Reached => "yes",
            Mark::Missed => "NO",
            Mark::Figure => "",
            Mark::NotMeasured => "NOT MEASURED",
        };
        [row.what.clone(), row.figure.clone(), row.target.clone(), reached.to_owned()]
    };
    let heads = ["what", "figure", "target", "reached"].map(str::to_owned);
    let lines: Vec<[String; 4]> = std::iter::once(heads).chain(rows.iter().map(cells)).collect();
    let mut widths = [0; 4];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        for (cell, width) in line.iter().zip(widths) {
            let _ = write!(text, "| {cell:width$} ");
        }
        text.push_str("|\n");
        if number == 0 {
            for width in widths {
                let _ = write!(text, "|{}", "-".repeat(width + 2));
            }
            text.push_str("|\n");
        }
    }
    text
}

/// One sentence: how many targets there are and which were missed.
pub(crate) fn verdict(rows: &[Row]) -> String {
    let count = |mark| rows.iter().filter(|row| row.mark == mark).count();
    let (reached, missed, unknown) =
        (count(Mark::Reached), count(Mark::Missed), count(Mark::NotMeasured));
    let mut text = format!("{reached} of {} targets reached", reached + missed);
    if unknown > 0 {
        let _ = write!(text, ", {unknown} measurements could not be made");
    }
    let names: Vec<&str> =
        rows.iter().filter(|row| row.mark == Mark::Missed).map(|row| row.what.as_str()).collect();
    if !names.is_empty() {
        let _ = write!(text, "; not reached: {}", names.join("; "));
    }
    text + "."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missed_is_named_and_what_was_not_measured_is_counted() {
        let rows = [
            Row::target("speed", "9/s".to_owned(), "10/s", false),
            Row::target("size", "1 MiB".to_owned(), "2 MiB", true),
            Row::figure("peer", "3/s".to_owned()),
            Row::not_measured("memory", "no /proc"),
        ];
        assert_eq!(
            verdict(&rows),
            "1 of 2 targets reached, 1 measurements could not be made; not reached: speed."
        );
        let table = table(&rows);
        assert!(table.contains("| speed  | 9/s "), "{table}");
        assert!(table.contains("| NO "), "{table}");
    }
}
