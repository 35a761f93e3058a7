//! The addresses of From, Sender, Reply-To, To and Cc: each one that some reader could see.
//!
//! Touches nothing. Follows RFC 5322 with its obsolete forms, and where a value breaks them gives
//! what the various mail programs would show, marked as malformed. Never silently picks one.

use crate::words::{clean, decode_words};

/// Most addresses that are read from one field; what is more is left out.
const MAILBOXES_MAX: usize = 1000;

/// An address with the name beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mailbox {
    /// The name that a mail program shows: encoded words decoded, quotes removed, no controls.
    /// A comment where there is no other name. May be empty.
    pub display: String,
    /// The address as it stands, comments and blanks removed, no controls. May lack an `@` where
    /// the field holds no better.
    pub address: String,
    /// Two readers may see different addresses here: the value breaks the grammar, or hides an
    /// address in an encoded word.
    pub is_malformed: bool,
}

/// Reads the addresses of a field's unfolded value, in their order. Groups give their members.
/// Empty where nothing looks like an address.
pub fn addresses(value: &str) -> Vec<Mailbox> {
    let mut reader = Reader::default();
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => reader.quoted(&mut characters),
            '(' => reader.comment(&mut characters),
            '<' => reader.angle(&mut characters),
            '[' => reader.literal(&mut characters),
            ',' | ';' => reader.end(),
            // A group's name, unless it is part of an address (obsolete routes are in brackets).
            ':' if !reader.has_at => reader.forget_group(),
            // Nothing is quoted here: the backslash is malformed, and not shown.
            '\\' => reader.is_malformed = true,
            other => reader.push(other),
        }
    }
    reader.end();
    reader.found
}

#[derive(Default)]
struct Reader {
    found: Vec<Mailbox>,
    /// What stands outside brackets, quotes taken off.
    text: String,
    /// The same with what was quoted left out: here an `@` is an address, or malformed.
    bare: String,
    /// An `@` is in it.
    has_at: bool,
    comment: String,
    angles: Vec<String>,
    is_malformed: bool,
}

impl Reader {
    fn push(&mut self, character: char) {
        if !self.angles.is_empty() && !character.is_whitespace() {
            self.is_malformed = true;
        }
        self.has_at |= character == '@';
        self.text.push(character);
        self.bare.push(character);
    }

    fn forget_group(&mut self) {
        self.text.clear();
        self.bare.clear();
    }

    fn quoted(&mut self, characters: &mut std::str::Chars<'_>) {
        // A local part may be quoted, and then the quotes belong to it.
        let begin = self.text.len();
        loop {
            match characters.next() {
                Some('"') => break,
                Some('\\') => self.text.extend(characters.next()),
                Some(other) => self.text.push(other),
                None => {
                    self.is_malformed = true;
                    break;
                }
            }
        }
        if characters.as_str().starts_with('@') {
            self.text.insert(begin, '"');
            self.text.push('"');
            self.bare.push_str(self.text.get(begin..).unwrap_or_default());
        } else {
            self.bare.push(' ');
        }
    }

    fn comment(&mut self, characters: &mut std::str::Chars<'_>) {
        let mut depth = 1u32;
        let mut inside = String::new();
        while depth > 0 {
            match characters.next() {
                Some('(') => depth += 1,
                Some(')') => depth -= 1,
                Some('\\') => inside.extend(characters.next()),
                Some(other) => inside.push(other),
                None => {
                    self.is_malformed = true;
                    break;
                }
            }
        }
        if self.comment.is_empty() {
            self.comment = inside;
        }
    }

    fn angle(&mut self, characters: &mut std::str::Chars<'_>) {
        let mut inside = String::new();
        let mut comments = 0u32;
        let mut is_quoted = false;
        loop {
            match characters.next() {
                Some('"') if comments == 0 => {
                    is_quoted = !is_quoted;
                    inside.push('"');
                }
                Some('(') if !is_quoted => comments += 1,
                Some(')') if comments > 0 => comments -= 1,
                Some(_) if comments > 0 => {}
                Some('>') if !is_quoted => break,
                Some('<') if !is_quoted => {
                    self.is_malformed = true;
                    self.angles.push(std::mem::take(&mut inside));
                }
                Some(other) if other.is_whitespace() && !is_quoted => {}
                Some(other) => inside.push(other),
                None => {
                    self.is_malformed = true;
                    break;
                }
            }
        }
        self.angles.push(inside);
    }

    /// A domain literal: commas and colons in it end nothing.
    fn literal(&mut self, characters: &mut std::str::Chars<'_>) {
        self.push('[');
        for character in characters.by_ref() {
            self.push(character);
            if character == ']' {
                return;
            }
        }
        self.is_malformed = true;
    }

    /// Ends one element of the list.
    fn end(&mut self) {
        let element = std::mem::take(self);
        self.found = element.found;
        let mut is_malformed = element.is_malformed;
        let display = decode_words(element.text.trim());
        let comment = || decode_words(element.comment.trim());
        let mut angles: Vec<_> = element.angles.iter().map(|inside| unrouted(inside)).collect();
        if angles.len() > 1 {
            angles.retain(|inside| !inside.is_empty());
            is_malformed = true;
        }
        if !angles.is_empty() {
            is_malformed |= element.bare.contains('@');
            let display = match display.as_str() {
                "" => comment(),
                long if angles.len() > 1 && element_is_long(long) => String::new(),
                _ => display,
            };
            for inside in angles.into_iter().take(MAILBOXES_MAX) {
                let address = clean(inside).into_owned();
                let is_malformed = is_malformed || !is_plain(&address);
                self.add(Mailbox { display: display.clone(), address, is_malformed });
            }
            return;
        }
        if element.bare.contains('@') {
            self.bare(&element.bare, &display, comment(), is_malformed);
        } else if display.contains('@') {
            // Only an encoded word or quotes hold it: some programs show it as the address.
            let address = address_words(&display).next().unwrap_or_default().to_owned();
            self.add(Mailbox { display, address, is_malformed: true });
        } else if !display.is_empty() {
            self.add(Mailbox { address: display, display: comment(), is_malformed: true });
        }
    }

    /// An element without brackets: one address, or words among which some are addresses.
    fn bare(&mut self, bare: &str, display: &str, comment: String, is_malformed: bool) {
        let bare = bare.trim();
        let is_quoted = bare.starts_with('"') && is_plain(bare);
        let joined: String =
            if is_quoted { bare.to_owned() } else { bare.split_whitespace().collect() };
        let is_one = is_quoted
            || joined.matches('@').count() == 1
                && (bare.split_whitespace().count() == 1
                    || bare.contains(" @")
                    || bare.contains("@ ")
                    || bare.contains(" .")
                    || bare.contains(". "));
        if is_one {
            let address = clean(&joined).into_owned();
            let is_malformed = is_malformed || !is_plain(&address);
            self.add(Mailbox { display: comment, address, is_malformed });
            return;
        }
        let rest: Vec<_> = display.split_whitespace().filter(|word| !word.contains('@')).collect();
        let rest = if element_is_long(display) { String::new() } else { rest.join(" ") };
        for word in address_words(bare).take(MAILBOXES_MAX) {
            let address = clean(word).into_owned();
            self.add(Mailbox { display: rest.clone(), address, is_malformed: true });
        }
    }

    fn add(&mut self, mailbox: Mailbox) {
        if self.found.len() < MAILBOXES_MAX {
            self.found.push(mailbox);
        }
    }
}

/// Whether the words around several addresses are too many to be shown beside each.
fn element_is_long(display: &str) -> bool {
    display.len() > 1000
}

fn address_words(text: &str) -> impl Iterator<Item = &str> {
    let ends = |c: char| c.is_whitespace() || "<>,;()\"".contains(c);
    text.split(ends).filter(|word| word.contains('@'))
}

/// Without an obsolete source route: `@a,@b:c@d` is `c@d`.
fn unrouted(inside: &str) -> &str {
    match inside.split_once(':') {
        Some((route, rest)) if route.starts_with('@') => rest,
        _ => inside,
    }
}

/// One `@` outside quotes, something on both sides, nothing that hides.
fn is_plain(address: &str) -> bool {
    let Some((local, domain)) = address.rsplit_once('@') else { return false };
    let is_quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    let is_atom = !local.is_empty() && !local.contains(['@', '"', '<', '>', '(', ')', '\\', ',']);
    let is_hidden = |c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER;
    (is_quoted || is_atom)
        && !domain.is_empty()
        && !domain.contains(['"', '<', '>', '(', ')', '\\', ',', ';'])
        && !address.contains(is_hidden)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> String {
        let each = addresses(value).into_iter().map(|one| {
            format!("{}|{}{}", one.display, one.address, if one.is_malformed { "!" } else { "" })
        });
        each.collect::<Vec<_>>().join(" ; ")
    }

    #[test]
    fn addresses_are_read_as_the_standard_says() {
        let table = [
            ("a@example.org", "|a@example.org"),
            ("Ann <a@example.org>", "Ann|a@example.org"),
            (
                "\"Ann, B.\" <a@example.org>, c@example.net",
                "Ann, B.|a@example.org ; |c@example.net",
            ),
            ("a@example.org (Ann)", "Ann|a@example.org"),
            ("=?utf-8?q?J=C3=B6rg?= <j@example.org>", "Jörg|j@example.org"),
            ("Friends: a@example.org, B <b@example.org>;", "|a@example.org ; B|b@example.org"),
            ("undisclosed-recipients:;", ""),
            ("<@relay.example,@two.example:a@example.org>", "|a@example.org"),
            ("\"a b\"@example.org", "|\"a b\"@example.org"),
            ("a . b @ example . org", "|a.b@example.org"),
            ("x@[IPv6:2001:db8::1]", "|x@[IPv6:2001:db8::1]"),
            ("A (c (nested)) <a(x)@example.org>", "A|a@example.org"),
            ("", ""),
        ];
        for (given, expected) in table {
            assert_eq!(shown(given), expected, "{given}");
        }
    }

    #[test]
    fn every_address_that_a_reader_could_see_is_there_and_marked() {
        let table = [
            ("<a@example.org><b@example.net>", "|a@example.org! ; |b@example.net!"),
            ("a@example.org <b@example.net>", "a@example.org|b@example.net!"),
            ("\"a@example.org\" <b@example.net>", "a@example.org|b@example.net"),
            ("=?utf-8?q?a=40example.org?=", "a@example.org|a@example.org!"),
            ("Ann a@example.org", "Ann|a@example.org!"),
            ("a@example.org b@example.net", "|a@example.org! ; |b@example.net!"),
            ("<a@example.org", "|a@example.org!"),
            ("a@b@example.org", "|a@b@example.org!"),
            ("a@example.org\0.example.net", "|a@example.org\u{fffd}.example.net!"),
            ("Ann <>", "Ann|!"),
            ("postmaster", "|postmaster!"),
        ];
        for (given, expected) in table {
            assert_eq!(shown(given), expected, "{given}");
        }
    }

    #[test]
    fn many_addresses_are_cut() {
        assert_eq!(addresses(&"a@b,".repeat(5000)).len(), MAILBOXES_MAX);
        addresses(&"(".repeat(100_000));
        addresses(&"<".repeat(100_000));
    }
}
