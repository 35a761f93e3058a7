//! Links in running text, found as mail programs find them.
//!
//! Touches nothing. One pass over the text; each link is looked at once.

use super::{URL_BYTES_MAX, Url, is_web};

/// Most links that are taken from one text.
const FOUND_MAX: usize = 2000;

/// Endings of names that are made a link without `http` or `www` before them: those that are
/// rarely the ending of a file's name or a word after a missing blank.
const BARE_ENDINGS: &[&str] = &[
    "app", "biz", "br", "cc", "ch", "click", "club", "cn", "co", "com", "de", "dev", "es", "eu",
    "fr", "info", "io", "it", "ly", "net", "nl", "online", "org", "page", "ru", "shop", "site",
    "store", "tk", "top", "uk", "us", "vip", "xyz",
];

/// The longest of them, in bytes.
const ENDING_BYTES_MAX: usize = 6;

/// The links of a text with the places where they begin.
pub(crate) fn links(text: &str) -> Vec<Url> {
    let mut found = Vec::new();
    let mut taken_to = 0;
    let bytes = text.as_bytes();
    for dot in memchr::memchr2_iter(b':', b'.', bytes) {
        if dot < taken_to || found.len() >= FOUND_MAX {
            continue;
        }
        let candidate = match bytes.get(dot) {
            Some(b':') => with_scheme(text, taken_to, dot),
            _ => bare(text, taken_to, dot),
        };
        if let Some((end, url)) = candidate {
            // Also past what leads nowhere: nothing is looked at twice.
            taken_to = end;
            found.extend(url);
        }
    }
    found
}

/// `scheme:` followed by slashes, in any mixture of case, and with `hxxp` as it is.
fn with_scheme(text: &str, from: usize, colon: usize) -> Option<(usize, Option<Url>)> {
    let after = text.get(colon + 1..)?;
    if !after.starts_with(['/', '\\']) {
        return None;
    }
    let before = text.get(from..colon)?.as_bytes();
    let letters = before.iter().rev().take(8).take_while(|byte| byte.is_ascii_alphanumeric());
    let start = colon - letters.count();
    let scheme = text.get(start..colon)?.to_ascii_lowercase();
    if !is_web(&scheme) {
        return None;
    }
    let end = colon + 1 + link_end(after);
    let url = Url::read(text.get(start..end)?, None);
    Some((end, url.filter(Url::is_web)))
}

/// `www.` or a name that ends as names of sites do, without a scheme.
fn bare(text: &str, from: usize, dot: usize) -> Option<(usize, Option<Url>)> {
    let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | 128..);
    let before = text.get(from..dot)?.as_bytes();
    let label = before.iter().rev().take(63).take_while(is_name).count();
    let start = dot - label;
    // Not inside an address, a path or another word.
    let previous = text.get(..start)?.bytes().next_back();
    if label == 0 || matches!(previous, Some(b'@' | b'/' | b'\\' | b'.' | b'=' | b'%')) {
        return None;
    }
    let rest = text.get(start..)?;
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let host_end = rest.bytes().take(254).position(|byte| !is_host(byte));
    let host = rest.get(..host_end.unwrap_or(rest.len().min(254)))?.trim_end_matches('.');
    let follows = rest.as_bytes().get(host.len());
    if follows == Some(&b'@') {
        return None;
    }
    let (_, ending) = host.rsplit_once('.')?;
    let is_www = host.len() > 7 && host.get(..4).is_some_and(|it| it.eq_ignore_ascii_case("www."));
    let is_known = (2..=ENDING_BYTES_MAX).contains(&ending.len())
        && BARE_ENDINGS.binary_search(&ending.to_ascii_lowercase().as_str()).is_ok()
        && host.len() > ending.len() + 2
        && !host.contains("..");
    if !is_www && !is_known {
        return None;
    }
    let tail = rest.get(host.len()..)?;
    let tail = match follows {
        Some(b'/' | b'?' | b'#' | b':') => link_end(tail),
        _ => 0,
    };
    let end = host.len() + tail;
    let url = Url::read(&format!("http://{}", rest.get(..end)?), None);
    Some((start + end, url.filter(Url::is_web)))
}

/// Where a link ends: at what no link holds, without the punctuation of the sentence around it.
fn link_end(text: &str) -> usize {
    let is_end = |c: char| c.is_whitespace() || c.is_control() || "<>\"`{}|^«»“”„‘’".contains(c);
    let head = crate::html::head(text, URL_BYTES_MAX);
    let mut link = head.get(..head.find(is_end).unwrap_or(head.len())).unwrap_or_default();
    // A bracket or quote that was opened inside belongs to it. Each turn takes a byte off.
    let mut opened = link.matches('(').count();
    let mut closed = link.matches(')').count();
    while let Some(last) = link.chars().next_back() {
        let goes = match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_' | ']' => true,
            ')' if closed > opened => {
                closed -= 1;
                true
            }
            '(' => {
                opened = opened.saturating_sub(1);
                true
            }
            _ => false,
        };
        if !goes {
            break;
        }
        link = link.get(..link.len() - last.len_utf8()).unwrap_or_default();
    }
    link.len()
}

/// The first name of a host in a text that a reader would take for the target: `paypal.com`,
/// `https://www.paypal.com/login`.
pub(crate) fn shown_host(text: &str) -> Option<Url> {
    let text = crate::html::head(text, 300);
    let found = links(text).into_iter().next()?;
    // In the middle of a sentence it is a remark about a site, at the start it is the target.
    let before = text.find(found.host.as_name()?.split('.').next()?).unwrap_or(0);
    (before <= 12).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        links(text).into_iter().map(|url| format!("{}{}", url.host.shown(), url.path)).collect()
    }

    #[test]
    fn links_are_found_as_programs_find_them() {
        let cases: &[(&str, &[&str])] = &[
            ("see http://a.example/x.", &["a.example/x"]),
            ("(http://a.example/x_(y))", &["a.example/x_(y)"]),
            ("<https://a.example>", &["a.example"]),
            ("HTTPS://A.example/Q?x=1, then", &["a.example/Q"]),
            ("go to www.a.example now", &["www.a.example"]),
            ("go to paypal.com/login now", &["paypal.com/login"]),
            ("go to paypal.com.", &["paypal.com"]),
            ("write to info@paypal.com", &[]),
            ("main.rs and lib.py", &[]),
            ("end.Start of", &[]),
            ("a:b c://d", &[]),
            ("http://a.example http://b.example", &["a.example", "b.example"]),
            ("http:\\\\a.example\\x", &["a.example/x"]),
            ("\u{201c}https://a.example/\u{201d}", &["a.example/"]),
            ("xhttp://a.example", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(found(text), *expected, "{text}");
        }
    }

    #[test]
    fn the_endings_are_sorted() {
        assert!(BARE_ENDINGS.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(BARE_ENDINGS.iter().map(|it| it.len()).max(), Some(ENDING_BYTES_MAX));
    }

    #[test]
    fn rx_01_text_of_dots_and_brackets_is_read_in_linear_time() {
        // Ends in a moment if linear; a quadratic reader would need minutes for this size.
        for piece in [".", "a.", ":/", "http://", "www.", "http://a.com/)))))", "a.com@", "ü."] {
            assert!(links(&piece.repeat(2_000_000 / piece.len())).len() <= FOUND_MAX);
        }
    }
}
