//! URL entries of the Tenant Allow/Block List with `*` and `~` (spec 2.11).
//!
//! Touches nothing. A pattern is matched in time linear to pattern times address, without
//! backtracking over more than one star; a message's addresses are bounded before they come here.

use std::fmt;

use posthouse_types::Domain;

use crate::text::{FromText, shown};

/// Longest entry, in characters.
pub const URL_CHARACTERS_MAX: usize = 250;

/// A pattern: a host, and what may follow it.
///
/// `~contoso.com~` is the domain, all below it, and every path. `*.contoso.com` is what lies below
/// the domain, and not the domain. `contoso.com/a*` has `*` for any characters. Without a path, an
/// entry that blocks covers every path and what lies below, and one that allows covers the bare
/// host alone: a list's entry is read in the careful way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlPattern {
    text: Box<str>,
}

/// Which way an entry without wildcards is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlReading {
    /// As narrow as it is written.
    Narrow,
    /// With all paths and all below.
    Wide,
}

impl UrlPattern {
    /// Whether an address is meant, with or without its scheme.
    pub fn covers(&self, url: &str, reading: UrlReading) -> bool {
        let url = comparable(url);
        let (host, path) = split(&url);
        let (pattern_host, pattern_path) = split(&self.text);
        let has_right_tilde = pattern_host.ends_with('~');
        let pattern_host = pattern_host.trim_end_matches('~');
        let is_bare =
            !has_right_tilde && pattern_path.is_empty() && !pattern_host.starts_with(['~', '*']);
        let host_fits = if let Some(base) = pattern_host.strip_prefix('~') {
            is_or_below(host, base)
        } else if let Some(base) = pattern_host.strip_prefix("*.") {
            host != base && is_or_below(host, base)
        } else if is_bare && reading == UrlReading::Wide {
            is_or_below(host, pattern_host)
        } else {
            host == pattern_host
        };
        host_fits
            && if has_right_tilde || (is_bare && reading == UrlReading::Wide) {
                true
            } else {
                path_fits(pattern_path, path)
            }
    }
}

fn path_fits(pattern: &str, path: &str) -> bool {
    if pattern.is_empty() {
        return path.is_empty() || path == "/";
    }
    match pattern.strip_suffix('~') {
        Some(start) => {
            let start = start.trim_end_matches('/');
            path.strip_prefix(start)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
        }
        // `/*` means: some path, not the root alone.
        None if pattern == "/*" => path.len() > 1,
        None => glob(pattern.as_bytes(), path.as_bytes()),
    }
}

/// Whether a text fits a pattern in which `*` stands for any octets: only the last star is ever
/// tried again, so time is bounded by the product of the lengths.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut place) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = text.get(at) {
        match pattern.get(place) {
            Some(b'*') => {
                star = Some((place, at));
                place += 1;
            }
            Some(wanted) if wanted == byte => {
                at += 1;
                place += 1;
            }
            _ => {
                let Some((star_place, star_at)) = star else { return false };
                place = star_place + 1;
                at = star_at + 1;
                star = Some((star_place, at));
            }
        }
    }
    pattern.get(place..).is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

fn is_or_below(host: &str, base: &str) -> bool {
    host.strip_suffix(base).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The part before the first `/`, `?` or `#`, and the rest with it.
fn split(text: &str) -> (&str, &str) {
    let end = text.find(['/', '?', '#']).unwrap_or(text.len());
    text.split_at(end)
}

/// An address without scheme, user, port and last dot, its host in lower case: the form that both
/// sides are compared in. A backslash is a slash, as browsers read it.
fn comparable(url: &str) -> String {
    let url = url.trim().replace('\\', "/");
    let rest = match url.split_once(':') {
        Some((scheme, rest)) if rest.starts_with('/') && is_scheme(scheme) => {
            rest.trim_start_matches('/')
        }
        _ => url.trim_start_matches('/'),
    };
    let (authority, path) = split(rest);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let host = host.trim_end_matches('.');
    let host = Domain::from_text(host).map_or_else(|_| host.to_lowercase(), |it| it.to_string());
    format!("{host}{path}")
}

fn is_scheme(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

impl FromText for UrlPattern {
    fn from_text(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| Err(format!("{} is no URL entry: {why}", shown(text)));
        if text.chars().count() > URL_CHARACTERS_MAX {
            return wrong("it has at most 250 characters");
        }
        if text.contains("://") {
            return wrong("leave the scheme out");
        }
        if text.chars().any(|character| character.is_whitespace() || character.is_control()) {
            return wrong("it holds a blank");
        }
        let (host, path) = split(text);
        let (left, rest) = match host.strip_prefix('~') {
            Some(rest) => ("~", rest),
            None => host.strip_prefix("*.").map_or(("", host), |rest| ("*.", rest)),
        };
        let (name, right) = match rest.strip_suffix('~') {
            Some(name) if path.is_empty() => (name, "~"),
            _ => (rest, ""),
        };
        if name.contains(':') {
            return wrong("leave the port out");
        }
        if path.trim_end_matches('~').contains('~') {
            return wrong("~ stands at the start or at the end");
        }
        let name = if name.parse::<std::net::Ipv4Addr>().is_ok() {
            name.to_owned()
        } else {
            match Domain::from_text(name) {
                Ok(name) => name.to_string(),
                Err(_) => return wrong("it begins with a host, ~host or *.host"),
            }
        };
        Ok(Self { text: format!("{left}{name}{right}{path}").into() })
    }
}

impl fmt::Display for UrlPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_entries_cover_what_the_table_says() {
        use UrlReading::{Narrow, Wide};
        for (pattern, reading, url, covers) in [
            ("contoso.com", Narrow, "https://contoso.com/", true),
            ("contoso.com", Narrow, "https://contoso.com/a", false),
            ("contoso.com", Narrow, "https://www.contoso.com", false),
            ("contoso.com", Wide, "http://www.contoso.com/a?b", true),
            ("contoso.com", Wide, "http://notcontoso.com", false),
            ("~contoso.com~", Narrow, "contoso.com", true),
            ("~contoso.com~", Narrow, "a.b.contoso.com/x", true),
            ("~contoso.com~", Narrow, "mycontoso.com/x", false),
            ("~contoso.com", Narrow, "a.contoso.com", true),
            ("~contoso.com", Narrow, "a.contoso.com/x", false),
            ("contoso.com~", Narrow, "contoso.com?x", true),
            ("*.contoso.com", Narrow, "contoso.com", false),
            ("*.contoso.com", Narrow, "a.contoso.com", true),
            ("contoso.com/*", Narrow, "contoso.com/", false),
            ("contoso.com/*", Narrow, "contoso.com/a", true),
            ("*.contoso.com/*", Narrow, "x.contoso.com/a/b", true),
            ("contoso.com/a~", Narrow, "contoso.com/a/b", true),
            ("contoso.com/a~", Narrow, "contoso.com/ab", false),
            ("contoso.com/*.exe", Narrow, "contoso.com/x/y.exe", true),
            ("contoso.com/*.exe", Narrow, "contoso.com/x/y.exe.txt", false),
            ("contoso.com", Wide, "https://user:pw@CONTOSO.com.:8443/x", true),
            ("contoso.com", Wide, "https://contoso.com@evil.example/x", false),
            ("contoso.com", Wide, "https:\\\\contoso.com\\x", true),
            ("192.0.2.1", Wide, "http://192.0.2.1/x", true),
        ] {
            let read = UrlPattern::from_text(pattern).unwrap();
            assert_eq!(read.covers(url, reading), covers, "{pattern} {reading:?} {url}");
            assert_eq!(read.to_string(), pattern);
        }
    }

    #[test]
    fn what_is_no_entry_is_refused() {
        for text in ["", "https://contoso.com", "contoso.com:80", "*", "~", "a b", "c.com/~/a"] {
            assert!(UrlPattern::from_text(text).is_err(), "{text}");
        }
        assert!(UrlPattern::from_text(&format!("c.com/{}", "a".repeat(250))).is_err());
    }

    #[test]
    fn many_stars_end_in_time() {
        let pattern = UrlPattern::from_text(&format!("c.com/{}b", "a*".repeat(110))).unwrap();
        assert!(!pattern.covers(&format!("c.com/{}", "a".repeat(20_000)), UrlReading::Narrow));
    }
}
