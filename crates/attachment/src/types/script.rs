//! Kinds of text: scripts, shortcuts and pages, by words that stand in such files and rarely in
//! prose.
//!
//! Touches nothing. Reads the first 32 KiB. A script needs two signs, or one that nothing else
//! has; letters and mails about scripts have neither at the beginning of a line.

use super::*;
use crate::bytes::{as_text, slice};

/// What is read: a script shows itself early, and padding of comments costs its author nothing, so
/// not too early.
pub(super) const READ_BYTES: usize = 32 * 1024;
/// Lines that are looked at.
const LINES_MAX: usize = 1000;

/// Text of a kind that is known.
pub(super) fn detect(bytes: &[u8]) -> Option<&'static FileKind> {
    let head = slice(bytes, 0, READ_BYTES);
    if head.starts_with(b"#@~^") {
        return Some(&VBE);
    }
    if !is_text(head) {
        return None;
    }
    let text = as_text(head).to_ascii_lowercase();
    let start = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    if start.starts_with("#@~^") {
        return Some(&VBE);
    }
    settings(start)
        .or_else(|| markup(start))
        .or_else(|| start.starts_with("#!").then_some(&SHELL))
        .or_else(|| program(&text))
}

/// No NUL and few control characters; UTF-16 counts as text too.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    let head = slice(bytes, 0, 4096);
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return true;
    }
    let nul = head.iter().filter(|octet| **octet == 0).count();
    if nul > 0 {
        let odd = head.chunks_exact(2).filter(|pair| pair.get(1) == Some(&0)).count();
        return head.len() >= 16 && odd * 2 >= head.len() - 8;
    }
    let control = head
        .iter()
        .filter(|octet| {
            **octet < 0x20 && !matches!(octet, b'\t' | b'\n' | b'\r' | 0x0c | 0x1a | 0x1b)
        })
        .count();
    control * 100 <= head.len()
}

/// Files of `[section]` and `key=value` that Windows acts on.
fn settings(start: &str) -> Option<&'static FileKind> {
    if start.starts_with("windows registry editor version") || start.starts_with("regedit4") {
        return Some(&REG);
    }
    let section = |name: &str| {
        start.starts_with(name)
            || start.get(..2000.min(start.len())).unwrap_or(start).contains(&format!("\n{name}"))
    };
    if section("[scriptfile]") {
        return Some(&WSH);
    }
    if section("[shell]") && (start.contains("iconfile=") || start.contains("command=")) {
        return Some(&SCF);
    }
    if section("[internetshortcut]") && start.contains("url=") {
        return Some(&URL);
    }
    None
}

/// What begins with `<`.
fn markup(start: &str) -> Option<&'static FileKind> {
    static ELEMENTS: &[(&[&str], &FileKind)] = &[
        (&["<mmc_consolefile"], &MSC),
        (&["<jnlp"], &JNLP),
        (&["<librarydescription"], &LIBRARY),
        (&["<searchconnectordescription", "<persistedquery"], &SEARCH),
        (&["<pcsettings", "<searchablecontent"], &SETTINGS),
        (&["<hta:application"], &HTA),
        (&["<scriptlet"], &SCT),
        (&["<component", "<registration", "<script"], &WSC),
        (&["<job", "<script"], &WSF),
        (&["<svg"], &SVG),
        (&["<html"], &HTML),
        (&["<!doctype html"], &HTML),
        (&["<body"], &HTML),
        (&["<head"], &HTML),
    ];
    if !start.starts_with('<') {
        return None;
    }
    // Any one of the first two alternatives, but all for those that need more words.
    let found = ELEMENTS.iter().find(|(words, kind)| match kind.name {
        "search-ms" | "settingcontent-ms" => words.iter().any(|word| start.contains(word)),
        _ => words.iter().all(|word| start.contains(word)),
    });
    if let Some((_, kind)) = found {
        // A page that names ActiveX' way to the shell works as an application only.
        return Some(kind);
    }
    if start.starts_with("<?xml") {
        return Some(&XML);
    }
    let page = [
        "<script", "<table", "<div", "<p>", "<a ", "<iframe", "<meta", "<form", "<!--", "<img",
        "<center", "<title",
    ];
    page.iter().any(|tag| start.starts_with(tag)).then_some(&HTML)
}

/// Scripts proper, by how their lines begin.
fn program(text: &str) -> Option<&'static FileKind> {
    let mut scores = [(0_u32, &BAT), (0, &VBS), (0, &PS1), (0, &JS)];
    for line in text.lines().take(LINES_MAX) {
        let line = line.trim_start().trim_start_matches('\u{feff}');
        for (score, kind) in &mut scores {
            *score += signs(kind, line);
        }
    }
    let best = scores.iter().max_by_key(|(score, _)| *score)?;
    (best.0 >= 2).then_some(best.1)
}

/// How much a line speaks for a language: 2 decides.
fn signs(kind: &FileKind, line: &str) -> u32 {
    let starts = |words: &[&str]| words.iter().any(|word| line.starts_with(word));
    let holds = |words: &[&str]| words.iter().any(|word| line.contains(word));
    let (strong, weak) = match kind.name {
        "bat" => (
            starts(&[
                "@echo off",
                "@echo on",
                "@setlocal",
                "@start ",
                "@cmd",
                "@powershell",
                "@rem ",
            ]) || (starts(&[
                "cmd /c ",
                "cmd.exe /c ",
                "powershell -",
                "powershell.exe -",
                "start /b ",
            ])) || (starts(&["set ", "if ", "for "])
                && holds(&["%~", "%%", "%temp%", "%appdata%", "%errorlevel%"])),
            starts(&[
                "setlocal",
                "set /a ",
                "set /p ",
                "goto ",
                "rem ",
                "echo ",
                "start \"",
                "del /",
                "copy /",
                "pause",
                "certutil ",
                "bitsadmin ",
                "rundll32",
                "regsvr32",
                "mshta",
                "cscript ",
                "wscript ",
                "net use ",
                "schtasks ",
            ]),
        ),
        "vbs" => (
            holds(&[
                "wscript.createobject",
                "createobject(\"wscript",
                "createobject(\"shell",
                "createobject(\"scripting",
                "createobject(\"msxml",
                "createobject(\"adodb",
            ]) || starts(&[
                "on error resume next",
                "attribute vb_",
                "option explicit",
                "imports system",
            ]),
            (starts(&["dim ", "set "])
                && (holds(&[" = ", "createobject", "=\""]) || line.starts_with("dim ")))
                || starts(&[
                    "sub ",
                    "private sub ",
                    "public sub ",
                    "end sub",
                    "end function",
                    "end if",
                    "wscript.",
                    "msgbox ",
                    "execute(",
                    "end module",
                ])
                || (holds(&["createobject("]) && holds(&["set "])),
        ),
        "ps1" => (
            holds(&[
                "invoke-expression",
                "downloadstring(",
                "frombase64string(",
                "new-object net.webclient",
                "new-object system.net",
                "invoke-webrequest",
                "start-process ",
            ]) || starts(&["[cmdletbinding", "#requires ", "set-executionpolicy"]),
            (line.starts_with('$') && holds(&[" = ", "="]))
                || starts(&["param(", "write-host ", "function ", "import-module "]),
        ),
        "js" => (
            holds(&[
                "new activexobject",
                "wscript.createobject(",
                "wscript.shell",
                "eval(unescape",
                "eval(string.fromcharcode",
            ]) || (starts(&["(function", "!function", "(()=>", "(() =>"]) && holds(&["{"])),
            starts(&[
                "var ",
                "let ",
                "const ",
                "function ",
                "try{",
                "try {",
                "document.",
                "window.",
                "return ",
            ]) && line.trim_end().ends_with([';', '{', '}', ')', ','])
                && holds(&["=", "(", "{"]),
        ),
        _ => (false, false),
    };
    u32::from(strong) * 2 + u32::from(weak)
}
