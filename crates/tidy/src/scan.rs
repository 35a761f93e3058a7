//! A scanner for Rust that knows just enough: comments, literals, braces, function bodies.
//!
//! Pure. Never meets the compiler's cases that we do not write (raw identifiers as names of
//! functions, macros that unbalance braces). Every step keeps line numbers.

/// The text with comments and the contents of literals blanked, line breaks kept.
pub(crate) fn code_only(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let length = if rest.starts_with(b"//") {
            rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())
        } else if rest.starts_with(b"/*") {
            block_comment(rest)
        } else if let Some(length) = raw_string(bytes, at) {
            length
        } else if rest[0] == b'"' {
            quoted(rest, b'"')
        } else if rest[0] == b'\'' && is_character(rest) {
            quoted(rest, b'\'')
        } else {
            at += 1;
            continue;
        };
        for byte in &mut code[at..at + length] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at += length;
    }
    String::from_utf8(code).unwrap()
}

/// Code (see [`code_only`]) with the bodies of `#[cfg(test)]` modules blanked.
pub(crate) fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = code.to_owned();
    let mut from = 0;
    while let Some(found) = out[from..].find(MARK) {
        let start = from + found;
        from = start + MARK.len();
        let brace = out[from..].find(['{', ';']).map(|place| from + place);
        let Some(open) = brace.filter(|open| out[*open..].starts_with('{')) else { continue };
        let end = matching_brace(&out, open);
        let blank: String =
            out[open..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        out.replace_range(open..end, &blank);
    }
    out
}

/// One function of a file.
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// The line it starts on, from 1.
    pub(crate) line: usize,
    /// From `fn` to the closing brace, both lines counted.
    pub(crate) lines: usize,
}

/// The functions with a body in code (see [`code_only`]), nested ones too.
pub(crate) fn functions(code: &str) -> Vec<Function> {
    let mut functions = Vec::new();
    for (start, _) in code.match_indices("fn ") {
        if code[..start].ends_with(|before: char| before.is_alphanumeric() || before == '_') {
            continue;
        }
        let after = &code[start + 3..];
        let name: String = after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let body = after.find(['{', ';']).map(|place| start + 3 + place);
        let Some(open) = body.filter(|open| code[*open..].starts_with('{')) else { continue };
        if name.is_empty() {
            continue;
        }
        let end = matching_brace(code, open);
        functions.push(Function {
            name,
            line: line_of(code, start),
            lines: code[start..end].lines().count(),
        });
    }
    functions
}

/// The line of a byte, from 1.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// The place after the brace or parenthesis that closes the one at `open`; the end where none
/// does.
pub(crate) fn matching_brace(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (place, character) in code[open..].char_indices() {
        match character {
            '{' | '(' => depth += 1,
            '}' | ')' => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if depth == 0 {
            return open + place + 1;
        }
    }
    code.len()
}

fn block_comment(rest: &[u8]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// The length of `r"…"`, `r#"…"#`, `br#"…"#` at this place, where one begins.
fn raw_string(bytes: &[u8], at: usize) -> Option<usize> {
    let in_a_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    let rest = &bytes[at..];
    let prefix = usize::from(rest[0] == b'b');
    if in_a_word || rest.get(prefix) != Some(&b'r') {
        return None;
    }
    let hashes = rest[prefix + 1..].iter().take_while(|byte| **byte == b'#').count();
    let open = prefix + 1 + hashes;
    if rest.get(open) != Some(&b'"') {
        return None;
    }
    let mut close = vec![b'"'];
    close.resize(1 + hashes, b'#');
    let body = &rest[open + 1..];
    let end = body.windows(close.len()).position(|window| window == close)?;
    Some(open + 1 + end + close.len())
}

/// The length of a literal in quotes with backslash escapes.
fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// Tells `'a'` from the lifetime `'a`.
fn is_character(rest: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&rest[1..rest.len().min(12)]).into_owned();
    let mut characters = text.chars();
    match characters.next() {
        Some('\\') => true,
        Some(_) => characters.next() == Some('\''),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_comments_are_blank_and_lines_stay() {
        let text =
            "let a = \"x{\\\"y\"; // }\nlet b = r#\"}\"#; let c = '{'; /* { \n */ let d: &'a u8;";
        let code = code_only(text);
        assert!(!code.contains(['{', '}']), "{code}");
        assert!(code.contains("&'a u8"), "{code}");
        assert_eq!(code.lines().count(), text.lines().count());
    }

    #[test]
    fn a_function_is_measured_from_its_name_to_its_closing_brace() {
        let found = functions("fn a();\nfn b() {\n if x {\n }\n}\nlet f: fn (u8);\n");
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].name.as_str(), found[0].line, found[0].lines), ("b", 2, 4));
    }

    #[test]
    fn test_modules_are_no_production_code() {
        let code =
            without_tests("fn a() {}\n#[cfg(test)]\nmod tests {\n fn b() {}\n}\nfn c() {}\n");
        let names: Vec<_> = functions(&code).into_iter().map(|function| function.name).collect();
        assert_eq!(names, ["a", "c"]);
    }
}
