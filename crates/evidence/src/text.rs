//! The verdict for people: plain text of 100 columns, without colour.
//! Pure. Everything that a file says was made printable when it was read.

use std::fmt::Write;

use posthouse_types::{SHOWN_CHARACTERS_MAX, printable};

use crate::verdict::{Cause, Confidence, Verdict};

/// The width that output keeps to; commands to copy alone may be longer.
const COLUMNS: usize = 100;

impl Verdict {
    /// The whole verdict, LF line ends.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let sure = match (self.cause, self.confidence) {
            (Cause::None, _) => "nothing is wrong",
            (Cause::Unknown, _) => "the evidence does not decide",
            (_, Confidence::Certain) => "certain: the side that knows says so",
            (_, Confidence::VeryLikely) => "very likely",
            (_, Confidence::Likely) => "likely",
            (_, Confidence::Weak) => "perhaps",
        };
        wrapped(&mut out, &format!("Cause    {}", self.cause), 9, &format!("({sure})"));
        wrapped(&mut out, "Why     ", 9, &self.why);
        self.proof_text(&mut out);
        if !self.candidates.is_empty() {
            let title = if self.cause == Cause::Unknown { "It may be" } else { "Or it is" };
            let _ = writeln!(out, "\n{title}");
            for candidate in &self.candidates {
                wrapped(
                    &mut out,
                    &format!("  {:<26}", candidate.cause.id()),
                    29,
                    candidate.tell_apart,
                );
            }
        }
        if !self.fix.is_empty() {
            let title = if self.cause == Cause::Unknown { "Next" } else { "Repair" };
            let _ = writeln!(out, "\n{title}");
        }
        for fix in &self.fix {
            wrapped(&mut out, &format!("  {}:", fix.platform), 4, &fix.title);
            for (number, step) in fix.steps.iter().enumerate() {
                wrapped(&mut out, &format!("    {}.", number + 1), 7, step);
            }
            for command in &fix.commands {
                let _ = writeln!(out, "       {command}");
            }
        }
        let _ = writeln!(out, "\nRead");
        for file in &self.files {
            let name = printable(&file.name, SHOWN_CHARACTERS_MAX);
            let kind = format!("{}, {} entries", file.kind.id(), file.entries);
            wrapped(&mut out, &format!("  {name}"), 4, &kind);
        }
        for note in &self.notes {
            let name = printable(&note.file, SHOWN_CHARACTERS_MAX);
            let start = if name.is_empty() { "  note:".to_owned() } else { format!("  {name}:") };
            wrapped(&mut out, &start, 4, &note.text);
        }
        out
    }

    fn proof_text(&self, out: &mut String) {
        if !self.proof.is_empty() {
            out.push_str("\nProof\n");
        }
        for proof in &self.proof {
            let name = printable(&proof.file, SHOWN_CHARACTERS_MAX);
            wrapped(out, &format!("  {name}:{}", proof.line), 4, &proof.text);
        }
    }
}

/// Appends `start` and the words of `text`, broken at blanks, further lines indented.
fn wrapped(out: &mut String, start: &str, indent: usize, text: &str) {
    let mut column = 0;
    // What has no blank is broken where the line ends.
    for word in start.split_inclusive(' ').chain([" "]).chain(text.split_inclusive(' ')) {
        let width = word.trim_end().chars().count();
        if column > indent && column + width > COLUMNS {
            out.truncate(out.trim_end_matches(' ').len());
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        }
        for character in word.chars() {
            if column == COLUMNS {
                if character == ' ' {
                    continue;
                }
                out.push('\n');
                out.extend(std::iter::repeat_n(' ', indent));
                column = indent;
            }
            out.push(character);
            column += 1;
        }
    }
    out.truncate(out.trim_end_matches(' ').len());
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_wider_than_its_page_and_no_word_is_lost() {
        let long = "word ".repeat(60) + &"x".repeat(250);
        let mut out = String::new();
        wrapped(&mut out, "  start:", 4, &long);
        assert!(out.lines().all(|line| line.chars().count() <= COLUMNS), "{out}");
        let letters = |text: &str| text.replace([' ', '\n'], "");
        assert_eq!(letters(&out), letters(&format!("start:{long}")));
        assert!(out.lines().all(|line| !line.ends_with(' ')));
    }
}
