//! What every source file keeps: sizes, a head that says what it holds, no leftovers, no SQL
//! built from strings.
//!
//! Reads the tree. Words that are forbidden are put together here, so that this file may stay
//! under its own rules.

use crate::scan::{Function, code_only, functions, line_of, matching_brace, without_tests};
use crate::tree::{File, assert_none, files, sources};

/// Longest source file, in lines: what one person holds in mind at once, with its tests.
const FILE_LINES_MAX: usize = 600;
/// Longest function, in lines; no exceptions.
const FUNCTION_LINES_MAX: usize = 120;
/// What a function should stay below, in lines.
const FUNCTION_LINES_GOAL: usize = 70;
/// How many functions in a hundred may miss that goal.
const FUNCTIONS_OVER_GOAL_PERCENT_MAX: usize = 2;

#[test]
fn no_source_file_is_too_long() {
    let long = sources().into_iter().filter_map(|file| {
        let lines = file.text.lines().count();
        (lines > FILE_LINES_MAX).then(|| format!("{}: {lines} lines", file.path))
    });
    assert_none("files of more than 600 lines:", &long.collect::<Vec<_>>());
}

#[test]
fn no_function_is_too_long() {
    let long = production_functions().into_iter().filter_map(|(path, function)| {
        let Function { name, line, lines } = function;
        (lines > FUNCTION_LINES_MAX).then(|| format!("{path}:{line} {name}: {lines} lines"))
    });
    assert_none("functions of more than 120 lines:", &long.collect::<Vec<_>>());
}

#[test]
fn few_functions_are_longer_than_a_screen() {
    let functions = production_functions();
    let over: Vec<_> = functions
        .iter()
        .filter(|(_, function)| function.lines > FUNCTION_LINES_GOAL)
        .map(|(path, function)| format!("{path}:{} {}", function.line, function.name))
        .collect();
    if over.len() * 100 > functions.len() * FUNCTIONS_OVER_GOAL_PERCENT_MAX {
        assert_none("more than 2 % of the functions are longer than 70 lines:", &over);
    }
}

#[test]
fn every_source_file_begins_by_saying_what_it_holds() {
    let silent = sources().into_iter().filter(|file| !file.text.starts_with("//!"));
    let silent: Vec<_> = silent.map(|file| file.path).collect();
    assert_none("source files that do not begin with //!:", &silent);
}

#[test]
fn nothing_is_left_over() {
    let words = [
        concat!("to", "do!"),
        concat!("unimpl", "emented!"),
        concat!("db", "g!"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
        concat!("TO", "DO"),
    ];
    assert_none("leftovers:", &whole_words_in_files(&words));
}

#[test]
fn no_file_names_a_place_on_one_machine() {
    let words = [concat!("/wo", "rk/"), concat!("/ho", "me/"), concat!("/ro", "ot/")];
    let mut findings = Vec::new();
    for file in files() {
        for word in words {
            let places = file.text.match_indices(word);
            // A path from the root of a machine, not the middle of an address or a longer path.
            let starts = places.filter(|(at, _)| {
                !file.text[..*at].ends_with(|c: char| c.is_alphanumeric() || "._-*}".contains(c))
            });
            findings.extend(starts.map(|(at, _)| finding(&file, at, word)));
        }
    }
    assert_none("places on one machine:", &findings);
}

#[test]
fn smtp_11_no_sql_is_built_from_strings() {
    let verbs = ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "CREATE ", "DROP ", "PRAGMA "];
    let mut findings = Vec::new();
    for file in sources() {
        let code = code_only(&file.text);
        for (at, word) in code.match_indices("format!(") {
            let open = at + word.len() - 1;
            let call = &file.text[open..matching_brace(&code, open)];
            let literal = call.trim_start_matches('(').trim_start().trim_start_matches('"');
            if verbs.iter().any(|verb| literal.trim_start().starts_with(verb)) {
                findings.push(finding(&file, at, "SQL in format!"));
            }
        }
    }
    assert_none("SQL built from strings; bind parameters instead:", &findings);
}

fn whole_words_in_files(words: &[&str]) -> Vec<String> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut findings = Vec::new();
    for file in files() {
        for word in words {
            for (at, _) in file.text.match_indices(word) {
                let before = file.text[..at].ends_with(is_word);
                let after = file.text[at + word.len()..].starts_with(is_word);
                if !before && !after {
                    findings.push(finding(&file, at, word));
                }
            }
        }
    }
    findings
}

fn finding(file: &File, at: usize, what: &str) -> String {
    format!("{}:{} {what}", file.path, line_of(&file.text, at))
}

/// Every function with a body outside tests, with its file's path.
fn production_functions() -> Vec<(String, Function)> {
    let mut all = Vec::new();
    for file in sources().into_iter().filter(|file| !file.path.starts_with("crates/tidy/")) {
        let code = without_tests(&code_only(&file.text));
        all.extend(functions(&code).into_iter().map(|function| (file.path.clone(), function)));
    }
    all
}
