//! A page of plain text of 100 columns, that grows downwards: labels, headings, steps, wrapping.
//!
//! Pure. A peer's strings pass `shown` before they are put on it, so that none of them can move a
//! terminal's cursor or add a line.

use posthouse_types::{SHOWN_CHARACTERS_MAX, printable};

/// Columns of a line; a single longer word stands alone on its own.
pub(crate) const COLUMNS: usize = 100;
/// Where the text beside a label begins.
pub(crate) const LABEL_COLUMNS: usize = 10;

/// A peer's string.
pub(crate) fn shown(text: &str) -> String {
    printable(text, SHOWN_CHARACTERS_MAX)
}

/// A sentence of our own, with a peer's strings in it that were cut before.
pub(crate) fn shown_line(text: &str) -> String {
    const CHARACTERS_MAX: usize = 2000;
    printable(text, CHARACTERS_MAX)
}

/// Text that grows downwards.
pub(crate) struct Page(String);

impl Page {
    pub(crate) fn new() -> Self {
        Self(String::with_capacity(4096))
    }

    /// The text, with exactly one line feed at its end.
    pub(crate) fn finish(mut self) -> String {
        self.0.truncate(self.0.trim_end().len());
        self.0.push('\n');
        self.0
    }

    pub(crate) fn labelled(&mut self, label: &str, text: &str) {
        self.wrapped(&format!("{label:LABEL_COLUMNS$}"), LABEL_COLUMNS, text);
    }

    pub(crate) fn heading(&mut self, text: &str) {
        self.gap();
        self.0.push_str(text);
        self.0.push('\n');
    }

    /// One certificate of the picture; an arrow leads to every one but the first.
    pub(crate) fn step(&mut self, place: usize, text: &str) {
        self.wrapped(if place == 0 { "  " } else { "   -> " }, 8, text);
    }

    pub(crate) fn indented(&mut self, columns: usize, text: &str) {
        self.wrapped(&" ".repeat(columns), columns, text);
    }

    /// A command between empty lines. Never wrapped: it is copied as it stands.
    pub(crate) fn command(&mut self, command: &str) {
        self.0.push_str(&format!("\n        {}\n", shown_line(command)));
    }

    /// An empty line, unless there is one.
    pub(crate) fn gap(&mut self) {
        if !self.0.is_empty() && !self.0.ends_with("\n\n") {
            self.0.push('\n');
        }
    }

    /// `start` and `text`, broken at blanks; further lines begin at column `indent`.
    pub(crate) fn wrapped(&mut self, start: &str, indent: usize, text: &str) {
        let mut line = start.to_owned();
        let mut column = start.chars().count();
        let mut is_first_word = true;
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let width = word.chars().count();
            if !is_first_word && column + 1 + width > COLUMNS {
                self.0.push_str(line.trim_end());
                self.0.push('\n');
                line = " ".repeat(indent);
                column = indent;
                is_first_word = true;
            }
            if !is_first_word {
                line.push(' ');
                column += 1;
            }
            line.push_str(word);
            column += width;
            is_first_word = false;
        }
        self.0.push_str(line.trim_end());
        self.0.push('\n');
    }
}
