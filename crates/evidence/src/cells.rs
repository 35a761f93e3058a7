//! One line of a log as its cells: CSV as Exchange writes it, and W3C's blanks.
//! Pure. A quote that never closes takes the rest of its line, and no more.

use std::borrow::Cow;

use crate::limits::CELLS_MAX;

/// The cells of a CSV line (RFC 4180 quoting). Beyond the limit the rest is one cell.
pub(crate) fn csv(line: &str) -> Vec<Cow<'_, str>> {
    let mut cells = Vec::with_capacity(9);
    let mut rest = Some(line);
    while let Some(text) = rest.take() {
        if cells.len() + 1 == CELLS_MAX {
            cells.push(Cow::Borrowed(text));
            break;
        }
        if let Some(quoted) = text.strip_prefix('"') {
            let (cell, after) = closed(quoted);
            cells.push(cell);
            rest = after.split_once(',').map(|(_, next)| next);
        } else {
            let (cell, after) = match text.split_once(',') {
                Some((cell, after)) => (cell, Some(after)),
                None => (text, None),
            };
            cells.push(Cow::Borrowed(cell));
            rest = after;
        }
    }
    cells
}

/// What stands before the closing quote, doubled quotes made single, and what stands after it.
fn closed(quoted: &str) -> (Cow<'_, str>, &str) {
    let mut at = 0;
    let mut has_doubled = false;
    while let Some(found) = quoted.get(at..).and_then(|rest| rest.find('"')) {
        let end = at + found;
        let after = quoted.get(end + 1..).unwrap_or_default();
        if !after.starts_with('"') {
            let cell = quoted.get(..end).unwrap_or_default();
            return (single(cell, has_doubled), after);
        }
        has_doubled = true;
        at = end + 2;
    }
    (single(quoted, has_doubled), "")
}

fn single(cell: &str, has_doubled: bool) -> Cow<'_, str> {
    if has_doubled { Cow::Owned(cell.replace("\"\"", "\"")) } else { Cow::Borrowed(cell) }
}

/// The cells of a W3C line: separated by blanks; `+` is a blank within one.
pub(crate) fn w3c(line: &str) -> Vec<&str> {
    line.split([' ', '\t']).filter(|cell| !cell.is_empty()).take(CELLS_MAX).collect()
}

/// A W3C cell's words: `+` is a blank, `-` alone is nothing.
pub(crate) fn w3c_words(cell: &str) -> String {
    if cell == "-" { String::new() } else { cell.replace('+', " ").trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_is_read_as_exchange_writes_it() {
        assert_eq!(csv("a,b,,c"), ["a", "b", "", "c"]);
        assert_eq!(csv("*,\"CN=x, O=y\",Certificate issuer name").len(), 3);
        assert_eq!(csv("a,\"say \"\"hi\"\", then\",c"), ["a", "say \"hi\", then", "c"]);
        assert_eq!(csv("a,\"open, to the end"), ["a", "open, to the end"]);
        assert_eq!(csv("\"a\"junk,b"), ["a", "b"]);
        assert_eq!(csv(""), [""]);
        assert_eq!(csv(&",".repeat(1000)).len(), CELLS_MAX);
    }

    #[test]
    fn w3c_cells_stand_between_blanks() {
        assert_eq!(w3c("a  b\tc"), ["a", "b", "c"]);
        assert_eq!(w3c_words("550+5.7.64+Denied"), "550 5.7.64 Denied");
        assert_eq!(w3c_words("-"), "");
    }
}
