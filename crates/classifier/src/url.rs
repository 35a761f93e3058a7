//! Web addresses as a classifier sees them: host, path's shape, mismatch with what is shown.
//!
//! Touches nothing and asks nobody. Only the parts that generalise become features; numbers and
//! long random words become shapes.

use crate::html::halves;

/// A web address in pieces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Url<'a> {
    pub(crate) scheme: &'a str,
    pub(crate) has_userinfo: bool,
    pub(crate) host: &'a str,
    pub(crate) has_port: bool,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
}

/// Takes an address to pieces; none for what has no host (`mailto:`, `cid:`, fragments).
pub(crate) fn split(url: &str) -> Option<Url<'_>> {
    let url = url.trim();
    let (scheme, rest) = match scheme_end(url).and_then(|at| url.split_at_checked(at)) {
        Some((scheme, rest)) if scheme.len() <= 8 => (scheme, rest.get(3..)?),
        _ if url.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("www.")) => ("", url),
        _ => return None,
    };
    let is_end = |byte: u8| matches!(byte, b'/' | b'?' | b'#' | b'\\');
    let (authority, after) = rest.split_at(rest.bytes().position(is_end).unwrap_or(rest.len()));
    let (has_userinfo, host) = match authority.rsplit_once('@') {
        Some((_, host)) => (true, host),
        None => (false, authority),
    };
    let (host, has_port) = match host.rsplit_once(':') {
        Some((host, _)) => (host, true),
        None => (host, false),
    };
    let (path, query) = halves(after, b'?').unwrap_or((after, ""));
    (!host.is_empty()).then_some(Url { scheme, has_userinfo, host, has_port, path, query })
}

/// Where the first `://` begins.
pub(crate) fn scheme_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b':', bytes).find(|at| bytes.get(at + 1..at + 3) == Some(b"//"))
}

/// Whether a host is an IPv4 address.
pub(crate) fn is_address(host: &str) -> bool {
    host.split('.').count() == 4 && host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// The last two labels, three where the second last is short (`co.uk`): near enough for a feature.
pub(crate) fn site(host: &str) -> &str {
    let host = host.trim_end_matches('.');
    let mut dots = host.rmatch_indices('.').map(|(at, _)| at);
    let Some(last) = dots.next() else { return host };
    let Some(second) = dots.next() else { return host };
    let cut = if last - second <= 4 && host.len() - last <= 3 {
        let Some(third) = dots.next() else { return host };
        third
    } else {
        second
    };
    host.get(cut + 1..).unwrap_or(host)
}

/// A word's shape, runs shortened: `a` letters, `0` digits, others as they are.
pub(crate) fn shape(word: &str) -> u64 {
    let mut hash = 7_u64;
    let mut previous = ' ';
    let mut run = 0_u32;
    for character in word.chars().take(64) {
        let class = match character {
            'a'..='z' => 'a',
            'A'..='Z' => 'A',
            '0'..='9' => '0',
            other => other,
        };
        if class == previous {
            run += 1;
            if run == 8 {
                hash = crate::html::mix(hash, u64::from('+'));
            }
            continue;
        }
        run = 1;
        previous = class;
        hash = crate::html::mix(hash, u64::from(class));
    }
    hash
}
