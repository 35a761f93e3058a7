//! The grammar of SPF records (RFC 7208 sections 4.6 and 5 to 7), and the expansion of macros.
//!
//! Pure. A record is read whole before anything of it is used: an error anywhere in it makes all of
//! it unusable, as section 4.6 asks. What is wrong comes back as a few words.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Longest record that is read. Several times what fits into one UDP answer; a longer one is
/// nobody's honest policy.
const RECORD_BYTES_MAX: usize = 8 * 1024;
/// Longest name in DNS, in characters (RFC 1035 section 2.3.4).
pub(crate) const NAME_BYTES_MAX: usize = 253;

/// What a matching mechanism means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Qualifier {
    Pass,
    Fail,
    SoftFail,
    Neutral,
}

/// Prefix lengths for both families.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prefixes {
    pub(crate) v4: u8,
    pub(crate) v6: u8,
}

/// A piece of a macro string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    Macro {
        letter: char,
        is_escaped: bool,
        parts_kept: Option<usize>,
        is_reversed: bool,
        delimiters: String,
    },
}

/// A string with macros in it.
pub(crate) type Template = Vec<Piece>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mechanism {
    All,
    Include(Template),
    A(Option<Template>, Prefixes),
    Mx(Option<Template>, Prefixes),
    Ptr(Option<Template>),
    Ip4(Ipv4Addr, u8),
    Ip6(Ipv6Addr, u8),
    Exists(Template),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Directive {
    pub(crate) qualifier: Qualifier,
    pub(crate) mechanism: Mechanism,
    /// As it stands in the record.
    pub(crate) text: String,
}

/// A whole record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SpfRecord {
    pub(crate) directives: Vec<Directive>,
    pub(crate) redirect: Option<Template>,
    pub(crate) explanation: Option<Template>,
}

/// Whether a text record is meant as SPF (section 4.5): other texts are passed over.
pub(crate) fn is_spf(text: &str) -> bool {
    let version = "v=spf1";
    text.get(..version.len()).is_some_and(|start| start.eq_ignore_ascii_case(version))
        && matches!(text.as_bytes().get(version.len()), None | Some(b' '))
}

/// Reads a record that [`is_spf`].
pub(crate) fn parse_record(text: &str) -> Result<SpfRecord, String> {
    if text.len() > RECORD_BYTES_MAX {
        return Err("the record is too long".to_owned());
    }
    if !text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
        return Err("the record holds characters that are not allowed".to_owned());
    }
    let mut record = SpfRecord::default();
    for term in text.split(' ').skip(1).filter(|term| !term.is_empty()) {
        if let Some((name, value)) = modifier(term) {
            let slot = match name.to_ascii_lowercase().as_str() {
                "redirect" => &mut record.redirect,
                "exp" => &mut record.explanation,
                _ => {
                    parse_template(value, Use::Domain).map_err(|error| wrong(term, &error))?;
                    continue;
                }
            };
            let target = domain_spec(value).map_err(|error| wrong(term, &error))?;
            if slot.replace(target).is_some() {
                return Err(wrong(term, "stands twice"));
            }
        } else {
            record.directives.push(directive(term).map_err(|error| wrong(term, &error))?);
        }
    }
    Ok(record)
}

fn wrong(term: &str, error: &str) -> String {
    format!("{term}: {error}")
}

/// `name=value`, where the equals sign comes before anything that only a mechanism has.
fn modifier(term: &str) -> Option<(&str, &str)> {
    let (name, value) = term.split_once('=')?;
    let mut characters = name.bytes();
    let is_name = characters.next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && characters.all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    is_name.then_some((name, value))
}

fn directive(term: &str) -> Result<Directive, String> {
    let (qualifier, rest) = match term.as_bytes().first() {
        Some(b'+') => (Qualifier::Pass, term.get(1..)),
        Some(b'-') => (Qualifier::Fail, term.get(1..)),
        Some(b'~') => (Qualifier::SoftFail, term.get(1..)),
        Some(b'?') => (Qualifier::Neutral, term.get(1..)),
        _ => (Qualifier::Pass, Some(term)),
    };
    let rest = rest.unwrap_or_default();
    let end = rest.find([':', '/']).unwrap_or(rest.len());
    let (name, arguments) = rest.split_at(end);
    let given = arguments.strip_prefix(':');
    let mechanism = match name.to_ascii_lowercase().as_str() {
        "all" if arguments.is_empty() => Mechanism::All,
        "include" => Mechanism::Include(domain_spec(given.ok_or("names no domain")?)?),
        "exists" => Mechanism::Exists(domain_spec(given.ok_or("names no domain")?)?),
        "ptr" if arguments.is_empty() => Mechanism::Ptr(None),
        "ptr" => Mechanism::Ptr(Some(domain_spec(given.ok_or("takes no prefix length")?)?)),
        "ip4" => {
            let (address, bits) = network(given.ok_or("names no address")?, 32)?;
            Mechanism::Ip4(ipv4(address)?, bits)
        }
        "ip6" => {
            let (address, bits) = network(given.ok_or("names no address")?, 128)?;
            Mechanism::Ip6(address.parse().map_err(|_| "is no IPv6 address")?, bits)
        }
        "a" => {
            let (target, prefixes) = target_with_prefixes(arguments)?;
            Mechanism::A(target, prefixes)
        }
        "mx" => {
            let (target, prefixes) = target_with_prefixes(arguments)?;
            Mechanism::Mx(target, prefixes)
        }
        _ => return Err("is no mechanism".to_owned()),
    };
    Ok(Directive { qualifier, mechanism, text: term.to_owned() })
}

/// An address and a prefix length, the whole address without one.
fn network(text: &str, bits_max: u8) -> Result<(&str, u8), String> {
    match text.split_once('/') {
        None => Ok((text, bits_max)),
        Some((address, bits)) => Ok((address, prefix_length(bits, bits_max)?)),
    }
}

fn ipv4(text: &str) -> Result<Ipv4Addr, String> {
    text.parse().map_err(|_| "is no IPv4 address".to_owned())
}

/// A number without leading zeros, not over `bits_max`.
fn prefix_length(text: &str, bits_max: u8) -> Result<u8, String> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let has_zeros = text.len() > 1 && text.starts_with('0');
    let bits: Option<u8> = text.parse().ok();
    bits.filter(|bits| is_number && !has_zeros && *bits <= bits_max)
        .ok_or_else(|| "has a prefix length that cannot be".to_owned())
}

/// `[:domain][/length][//length]` of `a` and `mx`.
fn target_with_prefixes(arguments: &str) -> Result<(Option<Template>, Prefixes), String> {
    let mut prefixes = Prefixes { v4: 32, v6: 128 };
    let mut rest = arguments;
    if let Some((before, bits)) = trailing_number(rest, "//") {
        prefixes.v6 = prefix_length(bits, 128)?;
        rest = before;
    }
    if let Some((before, bits)) = trailing_number(rest, "/") {
        prefixes.v4 = prefix_length(bits, 32)?;
        rest = before;
    }
    match rest.strip_prefix(':') {
        Some(domain) => Ok((Some(domain_spec(domain)?), prefixes)),
        None if rest.is_empty() => Ok((None, prefixes)),
        None => Err("has a prefix length that cannot be".to_owned()),
    }
}

/// The digits after the last `separator`, where nothing else follows it.
fn trailing_number<'a>(text: &'a str, separator: &str) -> Option<(&'a str, &'a str)> {
    let (before, digits) = text.rsplit_once(separator)?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    // `//64` is not `/` and `/64`.
    (is_number && !(separator == "/" && before.ends_with('/'))).then_some((before, digits))
}

/// A domain with macros: it ends in a label that could be a top-level domain, or in a macro.
fn domain_spec(text: &str) -> Result<Template, String> {
    let template = parse_template(text, Use::Domain)?;
    match template.last() {
        None => Err("names no domain".to_owned()),
        Some(Piece::Macro { .. }) => Ok(template),
        Some(Piece::Text(end)) => {
            let end = end.strip_suffix('.').unwrap_or(end);
            let is_top = end.rsplit_once('.').is_some_and(|(_, label)| is_top_label(label));
            if is_top { Ok(template) } else { Err("does not name a domain".to_owned()) }
        }
    }
}

fn is_top_label(label: &str) -> bool {
    let is_word = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_word
        && !label.is_empty()
        && !label.starts_with('-')
        && !label.ends_with('-')
        && !label.bytes().all(|byte| byte.is_ascii_digit())
}

/// Where a template is used: explanations know three letters more (section 7.2).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    Domain,
    Explanation,
}

/// Reads a string with macros (section 7.1).
pub(crate) fn parse_template(text: &str, used_for: Use) -> Result<Template, String> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        plain.push_str(before);
        let mut characters = after.chars();
        match characters.next() {
            Some('%') => plain.push('%'),
            Some('_') => plain.push(' '),
            Some('-') => plain.push_str("%20"),
            Some('{') => {
                let (inside, tail) =
                    characters.as_str().split_once('}').ok_or("has a macro without end")?;
                if !plain.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                }
                pieces.push(parse_macro(inside, used_for)?);
                rest = tail;
                continue;
            }
            _ => return Err("has a percent sign alone".to_owned()),
        }
        rest = characters.as_str();
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Ok(pieces)
}

fn parse_macro(inside: &str, used_for: Use) -> Result<Piece, String> {
    let unreadable = || format!("has the unreadable macro {{{inside}}}");
    let mut characters = inside.chars();
    let letter = characters.next().ok_or_else(unreadable)?;
    let lower = letter.to_ascii_lowercase();
    let is_known = match used_for {
        Use::Domain => "slodiphv".contains(lower),
        Use::Explanation => "slodiphvcrt".contains(lower),
    };
    if !is_known {
        return Err(unreadable());
    }
    let rest = characters.as_str();
    let digits_end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, rest) = rest.split_at(digits_end);
    let parts_kept = if digits.is_empty() {
        None
    } else {
        // More than all parts are all parts.
        Some(digits.parse::<u32>().map_or(usize::MAX, |count| count as usize))
    };
    let (is_reversed, delimiters) = match rest.strip_prefix(['r', 'R']) {
        Some(delimiters) => (true, delimiters),
        None => (false, rest),
    };
    let are_known = delimiters.chars().all(|character| ".-+,/_=".contains(character));
    if parts_kept == Some(0) || !are_known {
        return Err(unreadable());
    }
    Ok(Piece::Macro {
        letter: lower,
        is_escaped: letter.is_ascii_uppercase(),
        parts_kept,
        is_reversed,
        delimiters: delimiters.to_owned(),
    })
}

/// Whether `%{p}` stands in it: the one macro that has to ask DNS.
pub(crate) fn needs_name(template: &Template) -> bool {
    template.iter().any(|piece| matches!(piece, Piece::Macro { letter: 'p', .. }))
}

/// Puts values in place of macros.
pub(crate) fn expand(template: &Template, value_of: impl Fn(char) -> String) -> String {
    let mut out = String::new();
    for piece in template {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Macro { letter, is_escaped, parts_kept, is_reversed, delimiters } => {
                let value = value_of(*letter);
                let is_delimiter = |character: char| {
                    if delimiters.is_empty() {
                        character == '.'
                    } else {
                        delimiters.contains(character)
                    }
                };
                let mut parts: Vec<&str> = value.split(is_delimiter).collect();
                if *is_reversed {
                    parts.reverse();
                }
                let kept = parts_kept.unwrap_or(parts.len()).min(parts.len());
                let value = parts.get(parts.len() - kept..).unwrap_or_default().join(".");
                if *is_escaped {
                    push_escaped(&mut out, &value);
                } else {
                    out.push_str(&value);
                }
            }
        }
    }
    out
}

/// Percent encoding of everything but unreserved characters (RFC 3986 section 2.3).
fn push_escaped(out: &mut String, value: &str) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

/// An expanded domain, short enough for DNS: labels go from its left (section 7.3).
pub(crate) fn as_name(expanded: &str) -> String {
    let mut name = expanded.strip_suffix('.').unwrap_or(expanded);
    while name.len() > NAME_BYTES_MAX {
        let Some((_, rest)) = name.split_once('.') else {
            break;
        };
        name = rest;
    }
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(template: &str) -> String {
        let template = parse_template(template, Use::Explanation).unwrap();
        expand(&template, |letter| {
            match letter {
                's' => "strong-bad@email.example.com",
                'l' => "strong-bad",
                'o' | 'd' => "email.example.com",
                'i' => "192.0.2.3",
                'v' => "in-addr",
                _ => "?",
            }
            .to_owned()
        })
    }

    #[test]
    fn macros_expand_as_in_the_examples_of_the_rfc() {
        // RFC 7208 section 7.4.
        for (template, expected) in [
            ("%{s}", "strong-bad@email.example.com"),
            ("%{d4}", "email.example.com"),
            ("%{d2}", "example.com"),
            ("%{dr}", "com.example.email"),
            ("%{d2r}", "example.email"),
            ("%{l-}", "strong.bad"),
            ("%{lr-}", "bad.strong"),
            ("%{l1r-}", "strong"),
            ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
            ("%{S}%%%_%-", "strong-bad%40email.example.com% %20"),
        ] {
            assert_eq!(expanded(template), expected, "{template}");
        }
    }

    #[test]
    fn aut_09_a_macro_asking_for_many_parts_gives_what_is_there() {
        assert_eq!(expanded("%{d32r}"), "com.example.email");
        assert_eq!(expanded(&format!("%{{d{}r}}", "9".repeat(40))), "com.example.email");
        let long = as_name(&vec!["a".repeat(63); 100].join("."));
        assert!(long.len() <= NAME_BYTES_MAX);
    }

    #[test]
    fn aut_10_no_text_makes_the_reader_of_records_fall_over() {
        let mut seed = 1u32;
        let alphabet = b"v=spf1 ainclude:mxp4t6/%{d}rex0+-~?.,_ allistsredirect\xc3\xa9";
        for _ in 0..20_000 {
            let mut text = b"v=spf1 ".to_vec();
            for _ in 0..40 {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                text.push(alphabet[(seed >> 16) as usize % alphabet.len()]);
            }
            let _ = parse_record(&String::from_utf8_lossy(&text));
        }
    }

    #[test]
    fn an_error_anywhere_makes_the_whole_record_unusable() {
        for record in [
            "v=spf1 a:example",
            "v=spf1 ip4:1.2.3.4/33",
            "v=spf1 a/024",
            "v=spf1 all:x.example",
            "v=spf1 include:",
            "v=spf1 redirect=a.example redirect=b.example",
            "v=spf1 foo",
            "v=spf1 exists:%{c}.example.com",
            "v=spf1 a:1.2.3.4",
            "v=spf1 ptr/24",
            "v=spf1 x=%a",
            "v=spf1 ip6:::1//64",
            "v=spf1 a:example.com/-1",
            "v=spf1 exp=",
            "v=spf1 a:%{d0}",
        ] {
            assert!(parse_record(record).is_err(), "{record}");
        }
        for record in [
            "v=spf1",
            "v=spf1  a/24//64 mx:%{d1r-}.example.com//0 x.y=%{h} -all",
            "V=SPF1 +A:foo:bar/baz.example.com IP6:::1/64 ?ptr:example.com. redirect=%{d}",
        ] {
            assert!(is_spf(record));
            parse_record(record).unwrap();
        }
        assert!(!is_spf("v=spf10") && !is_spf("v=spf1-a"));
    }
}
