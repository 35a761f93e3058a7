//! One link, read as leniently as the program that opens it would.
//!
//! Touches nothing and fetches nothing. Follows the URL Standard (WHATWG) where browsers do, and
//! keeps in [`Url::tricks`] what was written so that a person reads another target.

pub(crate) mod find;
mod host;
pub mod lists;

use std::borrow::Cow;
use std::collections::BTreeSet;

pub use host::Host;
pub(crate) use host::{has_a_label, is_invisible, registrable};

/// Longest link that is read, in bytes; browsers take more, no honest mail does.
pub(crate) const URL_BYTES_MAX: usize = 8 * 1024;
/// Longest `@`-name, path and query that are kept, in bytes.
const PIECE_BYTES_MAX: usize = 2 * 1024;
/// How many links inside a link are followed.
const INNER_MAX: usize = 4;
/// How deep links inside links are followed.
const INNER_DEPTH_MAX: usize = 3;

/// A way of writing a link that hides where it leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trick {
    /// A name before an `@` stands where a reader expects the host.
    Userinfo,
    /// `\` instead of `/`.
    Backslash,
    /// Tabs, line breaks or other controls inside the scheme or the host.
    Control,
    /// More or fewer than two slashes after the scheme.
    Slashes,
    /// The host is written with `%`-codes.
    EncodedHost,
    /// Characters without width stand in the host.
    ZeroWidth,
    /// The host is an address, written otherwise than in four decimal numbers.
    OddNumber,
    /// The host's dots or letters are other characters than they look like.
    OddCharacter,
    /// One label of the host mixes scripts.
    MixedScript,
    /// The host is no name that could exist.
    BadHost,
}

/// Where in the message a link stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// In running text, found by its look.
    #[default]
    Text,
    /// A link of HTML.
    Link,
    /// An image that a mail program loads.
    Image,
    /// Where a form sends what was typed.
    Form,
    /// Anything else that HTML loads or goes to by itself.
    Resource,
    /// In a QR code.
    Code,
    /// In a calendar entry.
    Calendar,
    /// In an HTML file that is attached.
    AttachedPage,
    /// In a PDF file: a link annotation, or an action.
    Document,
    /// Inside another link, as the target of a redirection.
    Inner,
}

/// One link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Url {
    /// As it stands in the message, cut.
    pub raw: String,
    /// In lower case: `http`, `https`, `data`, `mailto` ...
    pub scheme: Cow<'static, str>,
    /// What stands before `@`.
    pub userinfo: Option<String>,
    /// Where it goes.
    pub host: Host,
    /// Where it is written and not the scheme's own.
    pub port: Option<u16>,
    /// From the first slash after the host up to `?` or `#`.
    pub path: String,
    /// Between `?` and `#`.
    pub query: String,
    /// After `#`.
    pub fragment: String,
    /// How it hides where it leads.
    pub tricks: BTreeSet<Trick>,
    /// Where it stands.
    pub origin: Origin,
}

impl Url {
    /// Reads a link; one without a scheme is relative to the base. None for what leads nowhere.
    pub fn read(text: &str, base: Option<&Self>) -> Option<Self> {
        let raw = crate::html::head(text, URL_BYTES_MAX);
        let text = raw.trim_matches(|c: char| c <= ' ');
        let mut tricks = BTreeSet::new();
        let text = without_breaks(text, &mut tricks);
        if let Some((scheme, rest)) = split_scheme(&text) {
            return Some(Self::with_scheme(raw, scheme, rest, tricks));
        }
        let base = base?;
        if text.starts_with("//") || text.starts_with("\\\\") || text.starts_with("/\\") {
            return Some(Self::with_scheme(raw, base.scheme.clone(), &text, tricks));
        }
        if text.is_empty() || text.starts_with('#') {
            return None;
        }
        Some(Self { raw: cut(raw), path: cut(&text), origin: Origin::Text, ..base.clone() })
    }

    fn with_scheme(
        raw: &str,
        scheme: Cow<'static, str>,
        rest: &str,
        mut tricks: BTreeSet<Trick>,
    ) -> Self {
        let url = Self { raw: cut(raw), ..Self::default() };
        if !is_web(&scheme) {
            return Self { path: cut(rest), scheme, tricks, ..url };
        }
        let slashes = rest.bytes().take_while(|byte| matches!(byte, b'/' | b'\\')).count();
        if rest.get(..slashes).is_some_and(|it| it.contains('\\')) {
            tricks.insert(Trick::Backslash);
        } else if slashes != 2 {
            tricks.insert(Trick::Slashes);
        }
        let rest = rest.get(slashes..).unwrap_or_default();
        let end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        if tail.starts_with('\\') {
            tricks.insert(Trick::Backslash);
        }
        let (userinfo, place) = match authority.rsplit_once('@') {
            Some((userinfo, place)) => (Some(userinfo), place),
            None => (None, authority),
        };
        if userinfo.is_some_and(|it| !it.is_empty()) {
            tricks.insert(Trick::Userinfo);
        }
        let (name, port) = split_port(place);
        let host = Host::read(name, &mut tricks);
        let own = if scheme == "https" { 443 } else { 80 };
        let (tail, fragment) = tail.split_once('#').unwrap_or((tail, ""));
        let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
        Self {
            scheme,
            userinfo: userinfo.map(cut),
            host,
            port: port.filter(|port| *port != own),
            path: match path.contains('\\') {
                true => cut(path).replace('\\', "/"),
                false => cut(path),
            },
            query: cut(query),
            fragment: cut(fragment),
            tricks,
            ..url
        }
    }

    /// Goes to a host of the web.
    pub fn is_web(&self) -> bool {
        is_web(&self.scheme) && !self.host.is_empty()
    }

    /// The domain that somebody registered, or the address; empty where there is none.
    pub fn domain(&self) -> Cow<'_, str> {
        self.host.domain()
    }

    /// The links inside this one that it may lead on to: in the query, the fragment or the path.
    pub fn inner(&self) -> Vec<Self> {
        let mut found = Vec::new();
        self.collect_inner(INNER_DEPTH_MAX, &mut found);
        found
    }

    fn collect_inner(&self, depth: usize, found: &mut Vec<Self>) {
        if depth == 0 || !self.is_web() {
            return;
        }
        let values = self.query.split(['&', ';']).chain(self.fragment.split('&'));
        let values = values.map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value));
        for value in values.chain([in_path(&self.path)]) {
            if found.len() >= INNER_MAX {
                return;
            }
            // Decoded twice: a redirection inside a redirection is.
            let once = percent_decoded(value);
            let twice = percent_decoded(&once);
            let Some(start) = link_start(&twice) else { continue };
            let Some(mut url) = Self::read(start, Some(self)) else { continue };
            if url.is_web() {
                url.origin = Origin::Inner;
                url.collect_inner(depth - 1, found);
                found.push(url);
            }
        }
    }
}

/// The part of a path that is a link of its own.
fn in_path(path: &str) -> &str {
    let start = path.get(1..).unwrap_or_default();
    let link = start.match_indices("http").find(|(at, http)| {
        let after = start.get(at + http.len()..).unwrap_or_default();
        let after = after.strip_prefix('s').unwrap_or(after);
        after.starts_with(":/") || after.starts_with("%3")
    });
    link.and_then(|(at, _)| start.get(at..)).unwrap_or_default()
}

/// The text, where it begins as a link does.
fn link_start(text: &str) -> Option<&str> {
    let lower = crate::html::head(text, 8).to_ascii_lowercase();
    let is_link = ["http:", "https:", "//"].iter().any(|start| lower.starts_with(start));
    (is_link && text.len() > 8).then_some(text)
}

pub(crate) fn is_web(scheme: &str) -> bool {
    matches!(scheme, "http" | "https" | "ftp" | "ws" | "wss")
}

fn cut(text: &str) -> String {
    crate::html::head(text, PIECE_BYTES_MAX).to_owned()
}

/// Browsers drop tabs and line breaks anywhere in a link (URL Standard 4.4, step 3).
fn without_breaks<'a>(text: &'a str, tricks: &mut BTreeSet<Trick>) -> Cow<'a, str> {
    let Some(first) = text.find(['\t', '\n', '\r']) else { return Cow::Borrowed(text) };
    // In the path it is a line that some program wrapped; before it, nobody wraps by accident.
    let before = text.get(..first).unwrap_or_default();
    let slashes = before.bytes().filter(|byte| *byte == b'/').count();
    if slashes < 3 && !before.contains('?') {
        tricks.insert(Trick::Control);
    }
    Cow::Owned(text.chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect())
}

fn split_scheme(text: &str) -> Option<(Cow<'static, str>, &str)> {
    let end = text
        .bytes()
        .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')))?;
    let (scheme, rest) = text.split_at(end);
    let rest = rest.strip_prefix(':')?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.len() <= 20;
    // `www.shop.example:8080/x` is a host with its port.
    let is_host = scheme.contains('.') && rest.starts_with(|c: char| c.is_ascii_digit());
    let known = ["https", "http", "mailto"].into_iter().find(|it| it.eq_ignore_ascii_case(scheme));
    let lower = || known.map_or_else(|| scheme.to_ascii_lowercase().into(), Cow::Borrowed);
    (is_scheme && !is_host).then(|| (lower(), rest))
}

fn split_port(place: &str) -> (&str, Option<u16>) {
    match place.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port.parse().ok()),
        _ => (place, None),
    }
}

/// `%41` becomes `A`; what is no code stays. Not UTF-8 is replaced.
pub(crate) fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    while let Some(byte) = bytes.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests;
