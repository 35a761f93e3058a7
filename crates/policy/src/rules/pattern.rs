//! What a mail-flow rule looks for in texts: words, and patterns.
//!
//! Touches nothing. The engine (`regex`) is linear in the text: it has no backtracking and no
//! look-around or back-references, which are refused by name when the file is read. A pattern's
//! compiled size is bounded too, so that the time for one text is (row RX-01).

use std::fmt;

use regex::{Regex, RegexBuilder};

use crate::text::{FromText, shown};

/// Longest pattern, in characters: Exchange Online takes 128; a list of alternatives needs more.
pub const PATTERN_CHARACTERS_MAX: usize = 1_024;
/// Longest word or phrase, in characters: Exchange Online's limit.
pub const WORD_CHARACTERS_MAX: usize = 128;
/// Largest compiled pattern, in bytes. The slowest way of the engine costs time in proportion to
/// this times the text; `.{1,20000}` is what it keeps out.
pub const PATTERN_COMPILED_BYTES_MAX: usize = 256 * 1024;
/// The engine's cache for one pattern, in bytes. Beyond it the engine takes its slower way.
const PATTERN_CACHE_BYTES_MAX: usize = 1024 * 1024;

/// A regular expression, found anywhere in a text, without regard to case.
#[derive(Clone)]
pub struct Pattern {
    source: Box<str>,
    regex: Regex,
}

impl Pattern {
    /// The first place in a text that it matches.
    pub(crate) fn find<'t>(&self, text: &'t str) -> Option<&'t str> {
        self.regex.find(text).map(|found| found.as_str())
    }
}

impl FromText for Pattern {
    fn from_text(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.chars().count() > PATTERN_CHARACTERS_MAX {
            return Err(format!(
                "{} is no pattern: it has 1 to {PATTERN_CHARACTERS_MAX} characters",
                shown(text)
            ));
        }
        let regex = compile(text).map_err(|error| why_not(text, &error))?;
        Ok(Self { source: text.into(), regex })
    }
}

fn compile(source: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(source)
        .case_insensitive(true)
        .size_limit(PATTERN_COMPILED_BYTES_MAX)
        .dfa_size_limit(PATTERN_CACHE_BYTES_MAX)
        .build()
}

/// What is wrong with a pattern. The engine draws a picture over several lines, the last of which
/// has the words.
fn why_not(text: &str, error: &regex::Error) -> String {
    let drawn = error.to_string();
    let words = match error {
        regex::Error::CompiledTooBig(_) => {
            "it is too large once counted out: use fewer or smaller repetitions".to_owned()
        }
        _ => {
            let last = drawn.lines().last().unwrap_or_default();
            last.strip_prefix("error: ").unwrap_or(last).to_owned()
        }
    };
    format!("{} is no pattern that can be used: {words}", shown(text))
}

/// A word or phrase, found where no letter or digit stands next to it, without regard to case.
#[derive(Clone)]
pub struct Word {
    source: Box<str>,
    regex: Regex,
}

impl Word {
    /// Whether a text has it.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

impl FromText for Word {
    fn from_text(text: &str) -> Result<Self, String> {
        let is_sound = !text.trim().is_empty()
            && text.trim() == text
            && text.chars().count() <= WORD_CHARACTERS_MAX;
        if !is_sound {
            return Err(format!(
                "{} is no word or phrase: it has 1 to {WORD_CHARACTERS_MAX} characters, and no \
                 blanks around it",
                shown(text)
            ));
        }
        // A blank stands for any run of blanks: a text that was folded still has the phrase.
        let phrase: Vec<_> = text.split_whitespace().map(regex::escape).collect();
        let source = format!(r"(?:^|\W)(?:{})(?:\W|$)", phrase.join(r"\s+"));
        let regex = compile(&source).map_err(|error| why_not(text, &error))?;
        Ok(Self { source: text.into(), regex })
    }
}

macro_rules! by_source {
    ($name:ident) => {
        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.source == other.source
            }
        }

        impl Eq for $name {}

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.source)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.source, formatter)
            }
        }
    };
}

by_source!(Pattern);
by_source!(Word);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stands_alone_and_knows_no_case() {
        let word = Word::from_text("Free offer").unwrap();
        for text in ["FREE OFFER", "a free\r\n offer!", "(free  offer)"] {
            assert!(word.is_in(text), "{text}");
        }
        for text in ["carefree offer", "free offers", "freeoffer", ""] {
            assert!(!word.is_in(text), "{text}");
        }
    }

    #[test]
    fn what_needs_backtracking_is_refused_by_name() {
        for (text, says) in [
            (r"(a)\1", "backreferences are not supported"),
            ("(?=a)b", "look-around"),
            ("a{1000}{1000}", "too large"),
            ("(", "unclosed group"),
            ("", "1 to 1024 characters"),
        ] {
            let error = Pattern::from_text(text).unwrap_err();
            assert!(error.contains(says) && !error.contains('\n'), "{text}: {error}");
        }
    }
}
