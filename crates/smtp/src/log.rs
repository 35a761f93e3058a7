//! The dialogue as a protocol log shows it: each command without the body, each reply. A client's
//! log has a line for each line of a reply; a server's has one for each reply of its own.
//!
//! Touches nothing. Never holds what a user logged in with. Bounded: a caller that does not
//! collect its lines loses the newest, and the log says how many.

use posthouse_types::printable;

/// Who said it; `>`, `<` and `*` in Exchange's protocol log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogDirection {
    /// This side.
    Sent,
    /// The other side.
    Received,
    /// Neither: something happened.
    Info,
}

/// One line of the dialogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Who said it.
    pub direction: LogDirection,
    /// What, printable and without line end.
    pub text: String,
}

/// Lines kept between two calls of `take`: more than one transaction of 100 recipients has.
const LINES_MAX: usize = 1024;

/// Characters of one line: the longest reply line that is read at all.
const LINE_CHARACTERS_MAX: usize = 2048;

/// The lines since they were last taken.
#[derive(Debug)]
pub(crate) struct Log {
    lines: Vec<LogLine>,
    left_out: usize,
    enabled: bool,
}

impl Log {
    pub(crate) fn new(enabled: bool) -> Self {
        Self { lines: Vec::new(), left_out: 0, enabled }
    }

    /// Whether anybody wants the lines: what costs something to make is not made for nobody.
    pub(crate) fn is_enabled(&self) -> bool {
        self.enabled
    }

    pub(crate) fn sent(&mut self, text: &str) {
        self.push(LogDirection::Sent, text);
    }

    pub(crate) fn received(&mut self, text: &str) {
        self.push(LogDirection::Received, text);
    }

    pub(crate) fn info(&mut self, text: &str) {
        self.push(LogDirection::Info, text);
    }

    fn push(&mut self, direction: LogDirection, text: &str) {
        if !self.enabled {
            return;
        }
        if self.lines.len() >= LINES_MAX {
            self.left_out += 1;
            return;
        }
        self.lines.push(LogLine { direction, text: printable(text, LINE_CHARACTERS_MAX) });
    }

    pub(crate) fn take(&mut self) -> Vec<LogLine> {
        if self.left_out > 0 {
            let text = format!("{} lines left out", std::mem::take(&mut self.left_out));
            self.lines.push(LogLine { direction: LogDirection::Info, text });
        }
        std::mem::take(&mut self.lines)
    }
}
