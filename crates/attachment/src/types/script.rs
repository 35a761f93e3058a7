//! Kinds of text: scripts, shortcuts and pages, by words that stand in such files and rarely in
//! prose.
//!
//! Touches nothing. Reads the first 32 KiB. A script needs one sign that nothing else has, or many
//! weak ones; letters about scripts have neither at the beginning of a line.

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

/// How the lines of a language look.
struct Language {
    kind: &'static FileKind,
    /// One line that begins so decides.
    surely_begins: &'static [&'static str],
    /// One line that holds this decides.
    surely_holds: &'static [&'static str],
    /// Lines that begin so count.
    begins: &'static [&'static str],
    /// And they must end in one of these, where there are any.
    ends: &'static [char],
}

static LANGUAGES: &[Language] = &[
    Language {
        kind: &BAT,
        surely_begins: &[
            "@echo off",
            "@echo on",
            "@setlocal",
            "@start ",
            "@cmd",
            "@powershell",
            "@rem ",
            "cmd /c ",
            "cmd.exe /c ",
            "powershell -",
            "powershell.exe -",
            "start /b ",
            "for %%",
            "for /f ",
            "for /l ",
            "if not exist \"",
            "if exist \"%",
            "if \"%",
            "set /a ",
            "set /p ",
        ],
        surely_holds: &[],
        begins: &[
            "setlocal",
            "goto ",
            "rem ",
            "echo ",
            "start \"",
            "del /",
            "copy /",
            "pause",
            "set ",
            "certutil ",
            "bitsadmin ",
            "rundll32",
            "regsvr32",
            "mshta",
            "cscript ",
            "wscript ",
            "net use ",
            "schtasks ",
            "if exist ",
            "xcopy ",
            "cls",
            "call ",
        ],
        ends: &[],
    },
    Language {
        kind: &VBS,
        surely_begins: &[
            "on error resume next",
            "attribute vb_",
            "option explicit",
            "imports system",
        ],
        surely_holds: &[
            "wscript.createobject",
            "createobject(\"wscript",
            "createobject(\"shell",
            "createobject(\"scripting",
            "createobject(\"msxml",
            "createobject(\"adodb",
        ],
        begins: &[
            "dim ",
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
            "set ",
        ],
        ends: &[],
    },
    Language {
        kind: &PS1,
        surely_begins: &["[cmdletbinding", "#requires ", "set-executionpolicy"],
        surely_holds: &[
            "invoke-expression",
            "downloadstring(",
            "frombase64string(",
            "new-object net.webclient",
            "new-object system.net",
            "invoke-webrequest",
            "start-process ",
        ],
        begins: &["param(", "write-host ", "import-module ", "get-", "set-", "new-"],
        ends: &[],
    },
    Language {
        kind: &JS,
        surely_begins: &["(function", "!function", "(()=>", "(() =>"],
        surely_holds: &[
            "new activexobject",
            "wscript.createobject(",
            "wscript.shell",
            "eval(unescape",
            "eval(string.fromcharcode",
        ],
        begins: &[
            "var ",
            "let ",
            "const ",
            "function ",
            "try{",
            "try {",
            "document.",
            "window.",
            "return ",
            "}",
        ],
        ends: &[';', '{', '}', ')', ','],
    },
];

/// Scripts proper: one line that nothing else has, or a third of all lines.
fn program(text: &str) -> Option<&'static FileKind> {
    /// Fewer lines are no habit.
    const LINES_MIN: usize = 3;
    let lines: Vec<&str> = text
        .lines()
        .take(LINES_MAX)
        .map(|line| line.trim().trim_start_matches('\u{feff}'))
        .filter(|line| !line.is_empty())
        .collect();
    let surely = LANGUAGES.iter().find(|language| {
        lines.iter().any(|line| {
            language.surely_begins.iter().any(|word| line.starts_with(word))
                || language.surely_holds.iter().any(|word| line.contains(word))
        })
    });
    let likely = || {
        LANGUAGES.iter().find(|language| {
            let count = lines.iter().filter(|line| {
                language.begins.iter().any(|word| line.starts_with(word))
                    && (language.ends.is_empty() || line.ends_with(language.ends))
            });
            let count = count.count();
            count >= LINES_MIN && count * 3 >= lines.len()
        })
    };
    surely.or_else(likely).map(|language| language.kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> &'static str {
        detect(text.as_bytes()).map_or("none", |kind| kind.name)
    }

    #[test]
    fn scripts_are_told_from_letters_about_them() {
        assert_eq!(kind("@ECHO OFF\r\nstart a\r\n"), "bat");
        assert_eq!(kind("rem a\necho b\ngoto c\n"), "bat");
        assert_eq!(kind("Set s = CreateObject(\"WScript.Shell\")\ns.Run \"a\"\n"), "vbs");
        assert_eq!(kind("$a = (New-Object Net.WebClient).DownloadString('x')\n"), "ps1");
        assert_eq!(kind("var a = 1;\nfunction b() {\nreturn a;\n}\n"), "js");
        assert_eq!(kind("Dear all,\nlet us meet (soon);\nset the date, please.\nYours\n"), "none");
        assert_eq!(kind("Use \"@echo off\" to be quiet.\nFor the rest see below.\n"), "none");
        let wide: Vec<u8> = "@echo off\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(detect(&[b"\xff\xfe".as_slice(), &wide].concat()).unwrap().name, "bat");
    }
}
