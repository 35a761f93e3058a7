//! A report on a terminal, at most 100 columns: a stage a row, then the repairs, then the verdict.
//!
//! Pure. Styles are there for a terminal; whoever prints strips them for a pipe.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use posthouse_trace::{CertificateFacts, ChainFacts, Fix};
use posthouse_types::{SHOWN_CHARACTERS_MAX, printable};

use super::report::{Report, Stage, Status};
use super::texts;

/// Columns of a line; a single longer word, or a command, stands alone on its own.
const COLUMNS: usize = 100;
/// Where a stage's title begins.
const TITLE_COLUMN: usize = 10;
/// Where a stage's text begins.
const TEXT_COLUMN: usize = 38;

const BOLD: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

/// The whole report, LF line ends. Of repairs for several platforms only their titles are shown,
/// but all of the one for `platform`.
pub(crate) fn text(report: &Report, platform: Option<&str>) -> String {
    let mut page = String::with_capacity(4096);
    let head = format!("{}, port {}", report.host, report.port);
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(page, "{BOLD}{head}{BOLD:#}  {FAINT}{}{FAINT:#}\n", report.time);
    for stage in &report.stages {
        row(&mut page, stage);
    }
    for stage in report.stages.iter().filter(|stage| !stage.fix.is_empty()) {
        let style = style(stage.status);
        let _ = writeln!(page, "\n{style}{}{style:#}: how to mend it", stage.id.title());
        repairs(&mut page, &stage.fix, platform);
    }
    let style = style(report.verdict());
    let verdict = texts::verdict(report.verdict());
    let _ = writeln!(page, "\n{style}{verdict}{style:#}");
    wrapped(&mut page, "", 0, &report.summary);
    page
}

fn style(status: Status) -> Style {
    match status {
        Status::Ok => AnsiColor::Blue.on_default().bold(),
        Status::Warning => AnsiColor::Yellow.on_default().bold(),
        Status::Error => AnsiColor::Red.on_default().bold(),
        Status::NotRun => FAINT,
    }
}

fn row(page: &mut String, stage: &Stage) {
    let style = style(stage.status);
    let (status, title) = (texts::status(stage.status), stage.id.title());
    let title_columns = TEXT_COLUMN - TITLE_COLUMN;
    let start =
        format!("{style}{status:<TITLE_COLUMN$}{style:#}{BOLD}{title:<title_columns$}{BOLD:#}");
    let took = stage.millis.map_or(String::new(), |millis| format!(" ({})", texts::took(millis)));
    wrapped(page, &start, TEXT_COLUMN, &format!("{}{took}", stage.text));
    if stage.status != Status::Ok
        && let Some(chain) = &stage.chain
    {
        picture(page, chain);
    }
}

/// The chain from the leaf up, a certificate a line.
fn picture(page: &mut String, chain: &ChainFacts) {
    for (place, element) in chain.path.iter().enumerate() {
        let start = if place == 0 { "" } else { "-> " };
        let fault = match chain.element == Some(place) && !chain.accepted {
            true if chain.missing.is_none() => format!(" <- {}", chain.reason),
            _ => String::new(),
        };
        let line = format!("{}{fault}", certificate(element));
        wrapped(page, &pad(TITLE_COLUMN + 2, start), TITLE_COLUMN + 5, &line);
    }
    if let Some(missing) = &chain.missing {
        let line = format!("??? {} (not sent)", shown(&missing.subject));
        wrapped(page, &pad(TITLE_COLUMN + 2, "-> "), TITLE_COLUMN + 5, &line);
    }
}

fn certificate(element: &CertificateFacts) -> String {
    let subject = if element.subject.is_empty() { "(no name)" } else { &element.subject };
    format!("{} ({})", shown(subject), element.origin)
}

fn repairs(page: &mut String, fixes: &[Fix], platform: Option<&str>) {
    if let [fix] = fixes {
        return repair(page, fix);
    }
    match fixes.iter().find(|fix| Some(fix.platform.as_str()) == platform) {
        Some(fix) => repair(page, fix),
        None => {
            for fix in fixes {
                let start = format!("  {BOLD}{:<10}{BOLD:#}", fix.platform);
                wrapped(page, &start, 12, &fix.title);
            }
            wrapped(page, "  ", 2, texts::PLATFORM_WANTED);
        }
    }
}

fn repair(page: &mut String, fix: &Fix) {
    wrapped(page, "  ", 2, &fix.title);
    for (number, step) in fix.steps.iter().enumerate() {
        wrapped(page, &pad(2, &format!("{}. ", number + 1)), 5, step);
    }
    for command in &fix.commands {
        // Never wrapped: a command is copied as it stands.
        let _ = writeln!(page, "     {command}");
    }
}

fn pad(columns: usize, start: &str) -> String {
    format!("{}{start}", " ".repeat(columns))
}

/// `start` and `text`, broken at blanks; further lines begin at column `indent`, where `start`
/// (styles not counted) is to end.
fn wrapped(page: &mut String, start: &str, indent: usize, text: &str) {
    page.push_str(start);
    let mut column = indent;
    let mut is_first = true;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let width = word.chars().count();
        if !is_first && column + 1 + width > COLUMNS {
            page.push('\n');
            page.push_str(&" ".repeat(indent));
            column = indent;
            is_first = true;
        }
        if !is_first {
            page.push(' ');
            column += 1;
        }
        page.push_str(word);
        column += width;
        is_first = false;
    }
    page.push('\n');
}

fn shown(text: &str) -> String {
    printable(text, SHOWN_CHARACTERS_MAX)
}
