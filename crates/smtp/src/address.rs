//! The one parser of mailboxes and domains: routing, policy, the command line and configuration
//! files all come here, so that the domain a message is routed by is the domain that was allowed.
//!
//! Bytes in, one canonical form out. Guesses nothing: what does not follow RFC 5321 section 4.1.2
//! (with RFC 6531 section 3.3) is an [`AddressError`] that says which rule was broken.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use posthouse_types::{Address, Domain};

/// Longest local part, in octets: RFC 5321 section 4.5.3.1.1.
pub const LOCAL_PART_OCTETS_MAX: usize = 64;

/// Longest domain, in octets: RFC 5321 section 4.5.3.1.2.
pub const DOMAIN_OCTETS_MAX: usize = 255;

/// Longest label of a domain, in octets: RFC 1035 section 2.3.4.
const LABEL_OCTETS_MAX: usize = 63;

/// Longest domain before it is mapped to A-labels, in octets. Mapping may shorten a name, yet
/// its cost grows with its length; a command line never brings more than this anyway.
const UNMAPPED_DOMAIN_OCTETS_MAX: usize = 1024;

/// Reads `local@domain` (RFC 5321 `Mailbox`), without angle brackets.
///
/// The local part loses needless quoting and keeps its case; the domain becomes lower-case
/// A-labels, or a canonical address literal. `smtputf8` says whether characters beyond ASCII may
/// stand in it (RFC 6531).
///
/// # Errors
/// The first rule that the text breaks.
pub fn parse_address(text: &str, smtputf8: bool) -> Result<Address, AddressError> {
    let (address, rest) = read_mailbox(text, smtputf8)?;
    if rest.is_empty() { Ok(address) } else { Err(AddressError::DomainSyntax) }
}

/// Reads a domain name into lower-case A-labels (UTS 46, without transitional mapping). U-labels
/// are welcome; address literals are not, since nobody can own one.
///
/// # Errors
/// The first rule that the text breaks.
pub fn parse_domain(text: &str) -> Result<Domain, AddressError> {
    if text.starts_with('[') {
        return Err(AddressError::LiteralNotADomain);
    }
    if is_lower_case_name(text) {
        return Ok(Domain::from_normalized(text));
    }
    if text.is_ascii() && !has_ace_label(text) {
        let lower = text.to_ascii_lowercase();
        check_name(&lower)?;
        return Ok(Domain::from_normalized(lower));
    }
    if text.len() > UNMAPPED_DOMAIN_OCTETS_MAX {
        return Err(AddressError::DomainTooLong);
    }
    // Strict: only letters, digits and hyphens after mapping, and an A-label must decode to what
    // would encode to it again; `xn--` in front of plain ASCII is a second spelling of one name.
    let mapped = idna::domain_to_ascii_strict(text).map_err(|_| AddressError::DomainNotIdna)?;
    check_name(&mapped)?;
    Ok(Domain::from_normalized(mapped))
}

/// Which rule an address or a domain breaks. Displayed as half a sentence for a reply's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressError {
    /// Nothing is there.
    Empty,
    /// The angle brackets around a path are missing.
    BracketsMissing,
    /// No `@` after the local part.
    DomainMissing,
    /// The local part is neither a dot-string nor a quoted string.
    LocalPartSyntax,
    /// The local part is longer than [`LOCAL_PART_OCTETS_MAX`].
    LocalPartTooLong,
    /// The domain is not made of letters, digits, hyphens and dots.
    DomainSyntax,
    /// The domain is longer than [`DOMAIN_OCTETS_MAX`], or a label longer than 63 octets.
    DomainTooLong,
    /// The domain is no valid internationalised name (UTS 46).
    DomainNotIdna,
    /// The address literal in brackets is neither IPv4 nor `IPv6:`.
    LiteralSyntax,
    /// An address literal stands where only a domain name can.
    LiteralNotADomain,
    /// The source route in front of the mailbox is malformed.
    RouteSyntax,
    /// Characters beyond ASCII without SMTPUTF8.
    SmtpUtf8Required,
}

impl fmt::Display for AddressError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Empty => "the address is empty",
            Self::BracketsMissing => "the address must stand in angle brackets: <user@domain>",
            Self::DomainMissing => "the @ and the domain are missing after the local part",
            Self::LocalPartSyntax => "the local part holds a character that must be quoted",
            Self::LocalPartTooLong => "the local part is longer than 64 octets",
            Self::DomainSyntax => "the domain is not made of letters, digits, hyphens and dots",
            Self::DomainTooLong => "the domain is longer than 255 octets, or a label than 63",
            Self::DomainNotIdna => "the domain is not a valid internationalised name",
            Self::LiteralSyntax => "the address literal must be [a.b.c.d] or [IPv6:...]",
            Self::LiteralNotADomain => "an address literal is not a domain name",
            Self::RouteSyntax => "the source route must be @domain,@domain: before the mailbox",
            Self::SmtpUtf8Required => "characters beyond ASCII need SMTPUTF8",
        })
    }
}

impl std::error::Error for AddressError {}

/// What stands between angle brackets in MAIL or RCPT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    /// `<>`.
    Null,
    /// `<Postmaster>`, without a domain, in any case.
    Postmaster,
    /// `<user@domain>`, its source route dropped.
    Mailbox(Address),
}

/// Reads a path in angle brackets from the front of `text`; returns it and what follows it.
pub(crate) fn read_path(text: &str, smtputf8: bool) -> Result<(Path, &str), AddressError> {
    let inner = text.strip_prefix('<').ok_or(AddressError::BracketsMissing)?;
    if let Some(rest) = inner.strip_prefix('>') {
        return Ok((Path::Null, rest));
    }
    if let Some((word, rest)) = inner.split_once('>')
        && word.eq_ignore_ascii_case("postmaster")
    {
        return Ok((Path::Postmaster, rest));
    }
    let (address, rest) = read_mailbox(skip_source_route(inner, smtputf8)?, smtputf8)?;
    let rest = rest.strip_prefix('>').ok_or(AddressError::BracketsMissing)?;
    Ok((Path::Mailbox(address), rest))
}

/// Drops `@a,@b:` (RFC 5321 section 4.1.1.3 and appendix C: accepted, then ignored).
fn skip_source_route(text: &str, smtputf8: bool) -> Result<&str, AddressError> {
    if !text.starts_with('@') {
        return Ok(text);
    }
    let mut rest = text;
    loop {
        rest = rest.strip_prefix('@').ok_or(AddressError::RouteSyntax)?;
        let (_, after) = read_domain(rest, smtputf8)?;
        if let Some(mailbox) = after.strip_prefix(':') {
            return Ok(mailbox);
        }
        rest = after.strip_prefix(',').ok_or(AddressError::RouteSyntax)?;
    }
}

/// Reads a mailbox from the front of `text`; returns it and what follows it.
fn read_mailbox(text: &str, smtputf8: bool) -> Result<(Address, &str), AddressError> {
    if text.is_empty() || text.starts_with('>') {
        return Err(AddressError::Empty);
    }
    let (local, rest) = if text.starts_with('"') {
        read_quoted_local(text, smtputf8)?
    } else {
        let (local, rest) = split_at_first(text, |character| !is_atom_or_dot(character));
        if !smtputf8 && !local.is_ascii() {
            return Err(AddressError::SmtpUtf8Required);
        }
        if !is_dot_string(local) {
            return Err(AddressError::LocalPartSyntax);
        }
        (Box::from(local), rest)
    };
    let Some(domain) = rest.strip_prefix('@') else {
        let ended = rest.is_empty() || rest.starts_with('>');
        return Err(if ended {
            AddressError::DomainMissing
        } else {
            AddressError::LocalPartSyntax
        });
    };
    if local.len() > LOCAL_PART_OCTETS_MAX {
        return Err(AddressError::LocalPartTooLong);
    }
    let (domain, rest) = read_domain(domain, smtputf8)?;
    Ok((Address::new(local, domain), rest))
}

/// Reads `"..."` into its canonical form: bare where it may be, else with only `"` and `\`
/// escaped, so that all spellings of one mailbox compare equal.
fn read_quoted_local(text: &str, smtputf8: bool) -> Result<(Box<str>, &str), AddressError> {
    let mut content = String::new();
    let mut characters = text.strip_prefix('"').unwrap_or(text).chars();
    loop {
        let character = characters.next().ok_or(AddressError::LocalPartSyntax)?;
        let meant = match character {
            '"' => break,
            '\\' => characters
                .next()
                .filter(|escaped| (' '..='~').contains(escaped))
                .ok_or(AddressError::LocalPartSyntax)?,
            other => other,
        };
        if !meant.is_ascii() && !smtputf8 {
            return Err(AddressError::SmtpUtf8Required);
        }
        if meant.is_control() {
            return Err(AddressError::LocalPartSyntax);
        }
        content.push(meant);
    }
    let rest = characters.as_str();
    if is_dot_string(&content) {
        return Ok((content.into_boxed_str(), rest));
    }
    let mut quoted = String::with_capacity(content.len() + 2);
    quoted.push('"');
    for character in content.chars() {
        if matches!(character, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    Ok((quoted.into_boxed_str(), rest))
}

/// Reads a domain or an address literal from the front of `text`.
fn read_domain(text: &str, smtputf8: bool) -> Result<(Domain, &str), AddressError> {
    if let Some(literal) = text.strip_prefix('[') {
        let (literal, rest) = literal.split_once(']').ok_or(AddressError::LiteralSyntax)?;
        return Ok((parse_literal(literal)?, rest));
    }
    // Everything up to a character that can only be what follows the mailbox; what is in between
    // and not allowed in a domain is then refused as a whole, never cut.
    let (name, rest) =
        split_at_first(text, |character| matches!(character, '>' | ',' | ':' | ' ' | '@'));
    if name.is_empty() {
        return Err(AddressError::DomainSyntax);
    }
    if !smtputf8 && !name.is_ascii() {
        return Err(AddressError::SmtpUtf8Required);
    }
    Ok((parse_domain(name)?, rest))
}

/// Reads what stands inside `[...]`: IPv4, or `IPv6:` and an IPv6 address (RFC 5321 section
/// 4.1.3). General literals are refused: no tag but `IPv6` was ever registered.
fn parse_literal(text: &str) -> Result<Domain, AddressError> {
    if let Ok(address) = text.parse::<Ipv4Addr>() {
        return Ok(Domain::from_normalized(format!("[{address}]")));
    }
    let tag = "IPv6:";
    let address = text
        .get(..tag.len())
        .filter(|front| front.eq_ignore_ascii_case(tag))
        .and_then(|_| text.get(tag.len()..))
        .and_then(|address| address.parse::<Ipv6Addr>().ok())
        .ok_or(AddressError::LiteralSyntax)?;
    Ok(Domain::from_normalized(format!("[IPv6:{address}]")))
}

/// Checks an ASCII name (RFC 5321 `sub-domain`): letters, digits, inner hyphens. A name whose
/// last label is a number would be an address without its brackets.
fn check_name(name: &str) -> Result<(), AddressError> {
    if name.len() > DOMAIN_OCTETS_MAX {
        return Err(AddressError::DomainTooLong);
    }
    let mut last = "";
    for label in name.split('.') {
        if label.len() > LABEL_OCTETS_MAX {
            return Err(AddressError::DomainTooLong);
        }
        let ldh = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if label.is_empty() || !ldh || label.starts_with('-') || label.ends_with('-') {
            return Err(AddressError::DomainSyntax);
        }
        last = label;
    }
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(AddressError::DomainSyntax);
    }
    Ok(())
}

/// The common case, decided without an allocation: already in canonical form.
fn is_lower_case_name(text: &str) -> bool {
    !text.bytes().any(|byte| byte.is_ascii_uppercase())
        && text.is_ascii()
        && !has_ace_label(text)
        && check_name(text).is_ok()
}

/// Whether some label starts with `xn--`, in any case.
fn has_ace_label(text: &str) -> bool {
    text.split('.')
        .any(|label| label.get(..4).is_some_and(|front| front.eq_ignore_ascii_case("xn--")))
}

/// RFC 5321 `Dot-string`, with RFC 6531's additions.
fn is_dot_string(text: &str) -> bool {
    text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom_character))
}

fn is_atom_or_dot(character: char) -> bool {
    character == '.' || is_atom_character(character)
}

/// RFC 5322 `atext`, or any character beyond ASCII that is not a control (RFC 6531 section 3.3).
fn is_atom_character(character: char) -> bool {
    match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' => true,
        '!' | '#' | '$' | '%' | '&' | '\'' | '*' | '+' | '-' | '/' | '=' | '?' | '^' | '_'
        | '`' | '{' | '|' | '}' | '~' => true,
        other => !other.is_ascii() && !other.is_control() && !other.is_whitespace(),
    }
}

/// Splits before the first character that `ends` says ends it.
fn split_at_first(text: &str, ends: impl Fn(char) -> bool) -> (&str, &str) {
    let at = text.find(ends).unwrap_or(text.len());
    text.split_at_checked(at).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn canonical(text: &str) -> String {
        parse_address(text, true).unwrap().to_string()
    }

    #[test]
    fn needless_quoting_is_removed_and_needed_quoting_stays() {
        assert_eq!(canonical(r#""a.b"@D.Example"#), "a.b@d.example");
        assert_eq!(canonical(r#""\a"@d.example"#), "a@d.example");
        assert_eq!(canonical(r#""a b"@d.example"#), r#""a b"@d.example"#);
        assert_eq!(canonical(r#""a\"b\\"@d.example"#), r#""a\"b\\"@d.example"#);
        assert_eq!(canonical(r#""a@evil.example"@d.example"#), r#""a@evil.example"@d.example"#);
        assert_eq!(canonical(r#"""@d.example"#), r#"""@d.example"#);
    }

    #[test]
    fn a_domain_is_compared_in_lower_case_a_labels() {
        assert_eq!(parse_domain("Bücher.Example").unwrap().as_str(), "xn--bcher-kva.example");
        assert_eq!(
            parse_domain("XN--BCHER-KVA.example").unwrap().as_str(),
            "xn--bcher-kva.example"
        );
        assert_eq!(parse_domain("faß.example").unwrap().as_str(), "xn--fa-hia.example");
        assert_eq!(parse_domain("a。example").unwrap().as_str(), "a.example");
        assert_eq!(parse_domain("LOCALHOST").unwrap().as_str(), "localhost");
        assert_eq!(parse_domain("r3---sn.example").unwrap().as_str(), "r3---sn.example");
    }

    #[test]
    fn an_a_label_that_decodes_to_ascii_is_refused() {
        for text in ["xn--contoso-.example", "xn--example-", "xn--.example", "xn--a.example"] {
            assert_eq!(parse_domain(text), Err(AddressError::DomainNotIdna), "{text}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in
            ["", ".", "a.", ".a", "a..b", "-a.b", "a-.b", "a_b.example", "a b", "a/b", "ä b"]
        {
            assert!(parse_domain(text).is_err(), "{text}");
        }
        assert_eq!(parse_domain("192.0.2.1"), Err(AddressError::DomainSyntax));
        assert_eq!(parse_domain("[192.0.2.1]"), Err(AddressError::LiteralNotADomain));
        let label = "a".repeat(64);
        assert_eq!(parse_domain(&format!("{label}.b")), Err(AddressError::DomainTooLong));
        let long = format!("{}a", "a.".repeat(128));
        assert_eq!(parse_domain(&long), Err(AddressError::DomainTooLong));
    }

    #[test]
    fn address_literals_have_one_spelling() {
        assert_eq!(canonical("a@[192.0.2.1]"), "a@[192.0.2.1]");
        assert_eq!(canonical("a@[ipv6:2001:DB8:0::1]"), "a@[IPv6:2001:db8::1]");
        for text in ["a@[192.0.2]", "a@[2001:db8::1]", "a@[x:y]", "a@[192.0.2.1", "a@[[192.0.2.1]"]
        {
            assert_eq!(parse_address(text, true), Err(AddressError::LiteralSyntax), "{text}");
        }
        assert_eq!(parse_address("a@[192.0.2.1]x", true), Err(AddressError::DomainSyntax));
    }

    #[test]
    fn smtp_12_encoded_words_comments_and_utf_7_are_literal_bytes_or_refused() {
        let encoded = canonical("=?utf-8?q?a=40evil.com?=@tenant.com");
        assert_eq!(encoded, "=?utf-8?q?a=40evil.com?=@tenant.com");
        assert_eq!(parse_address(&encoded, false).unwrap().domain().as_str(), "tenant.com");
        assert_eq!(canonical("a+AEA-evil.com@tenant.com"), "a+AEA-evil.com@tenant.com");
        for text in [
            "a@tenant.com(@evil.com)",
            "a(@evil.com)@tenant.com",
            "a@evil.com@tenant.com",
            "a@tenant.com,b@evil.com",
            "a@tenant.com b",
            "a%0d@tenant.com\r",
            "a\0@tenant.com",
            "a@tenant.com\0.evil.com",
            "a@tenant.com＠evil.com",
            "\"a\n\"@tenant.com",
            "a\u{85}@tenant.com",
        ] {
            assert!(parse_address(text, true).is_err(), "{text:?}");
        }
    }

    #[test]
    fn smtp_10_shell_words_are_only_bytes() {
        for local in ["$(id)", "`id`", "${run{/bin/id}}", ";id", "|id", "' OR 1=1--"] {
            let quoted = format!("\"{local}\"@d.example");
            let address = parse_address(&quoted, false).unwrap();
            let bare = address.local().trim_matches('"');
            assert_eq!(bare, local);
        }
    }

    #[test]
    fn characters_beyond_ascii_need_smtputf8() {
        for text in ["jürgen@d.example", "a@bücher.example", "\"jürgen\"@d.example"] {
            assert_eq!(parse_address(text, false), Err(AddressError::SmtpUtf8Required), "{text}");
            assert!(parse_address(text, true).is_ok(), "{text}");
        }
    }

    #[test]
    fn lengths_end_where_the_rfc_says() {
        let local = "a".repeat(64);
        assert!(parse_address(&format!("{local}@d.example"), false).is_ok());
        let error = parse_address(&format!("{local}a@d.example"), false);
        assert_eq!(error, Err(AddressError::LocalPartTooLong));
    }

    #[test]
    fn paths_know_null_postmaster_and_source_routes() {
        let mailbox = parse_address("u@d.example", false).unwrap();
        let read = |text| read_path(text, false);
        assert_eq!(read("<> X"), Ok((Path::Null, " X")));
        assert_eq!(read("<PostMaster>"), Ok((Path::Postmaster, "")));
        assert_eq!(read("<u@d.example>"), Ok((Path::Mailbox(mailbox.clone()), "")));
        assert_eq!(read("<@a.example,@[192.0.2.1]:u@d.example>"), Ok((Path::Mailbox(mailbox), "")));
        assert_eq!(read("u@d.example"), Err(AddressError::BracketsMissing));
        assert_eq!(read("<u@d.example"), Err(AddressError::BracketsMissing));
        assert_eq!(read("<@a.example u@d.example>"), Err(AddressError::RouteSyntax));
        assert_eq!(read("<@a.example,b.example:u@d.example>"), Err(AddressError::RouteSyntax));
        assert_eq!(read("<u>"), Err(AddressError::DomainMissing));
        assert_eq!(read("<@a.example:>"), Err(AddressError::Empty));
        assert_eq!(read("<<u@d.example>>"), Err(AddressError::LocalPartSyntax));
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in ".{0,80}", smtputf8: bool) {
            let _ = parse_address(&text, smtputf8);
            let _ = parse_domain(&text);
            let _ = read_path(&text, smtputf8);
        }

        #[test]
        fn a_canonical_address_is_read_as_itself(
            local in "[a-z!#$\\\\\" .@>\u{e4}]{0,20}",
            domain in "[a-zA-Z0-9\u{fc}-]{1,12}(\\.[a-z]{1,5}){0,2}",
        ) {
            let escaped = local.replace('\\', "\\\\").replace('"', "\\\"");
            if let Ok(address) = parse_address(&format!("\"{escaped}\"@{domain}"), true) {
                let written = address.to_string();
                prop_assert_eq!(parse_address(&written, true), Ok(address));
            }
        }
    }
}
