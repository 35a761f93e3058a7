//! Who the header says wrote the message, by every way of reading its From fields.
//!
//! Pure. Readers disagree on a From that breaks the grammar, and an attacker chooses one whose
//! address is checked by one reader and shown by another (AUT-01, AUT-02). So the field is read by
//! the grammar of RFC 5322, by a library, and by looking for anything that has the shape of an
//! address; every domain found is a claim that has to be proven. Nothing here decides.

use std::collections::BTreeSet;

use posthouse_types::{FromFact, FromProblem};

use crate::author_grammar::{Mailbox, mailboxes};
use crate::facts::addresses as library_addresses;

/// Octets of one From that are read; RFC 5322 lines of honest ones stay below a tenth of that.
const VALUE_BYTES_MAX: usize = 8 * 1024;
/// Addresses that are kept of all From fields together.
const ADDRESSES_MAX: usize = 16;
/// From fields that are read.
const FIELDS_MAX: usize = 8;
/// Longest address that is kept: RFC 5321 section 4.5.3.1 allows 64 + 1 + 255 octets.
const ADDRESS_BYTES_MAX: usize = 320;

/// Reads the header of a whole message.
pub fn read_author(message: &[u8]) -> FromFact {
    let mut reading = Reading::default();
    for field in fields(message) {
        let Some(colon) = field.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let (name, value) = field.split_at(colon);
        // A name with blanks or controls in it is shown as From by some readers.
        let letters: Vec<u8> = name.iter().copied().filter(u8::is_ascii_graphic).collect();
        let value = value.get(1..).unwrap_or_default();
        if letters.eq_ignore_ascii_case(b"From") {
            let is_plain = name.trim_ascii_end().iter().all(u8::is_ascii_graphic);
            reading.from(value, is_plain);
        } else if letters.eq_ignore_ascii_case(b"Sender") {
            reading.sender(value);
        }
    }
    reading.finish()
}

#[derive(Default)]
struct Reading {
    fact: FromFact,
    problems: BTreeSet<FromProblem>,
    authors: usize,
}

impl Reading {
    fn from(&mut self, value: &[u8], has_plain_name: bool) {
        self.fact.fields += 1;
        if self.fact.fields > FIELDS_MAX || value.len() > VALUE_BYTES_MAX {
            self.problems.insert(FromProblem::TooMuch);
        }
        if self.fact.fields > FIELDS_MAX {
            return;
        }
        let value = value.get(..value.len().min(VALUE_BYTES_MAX)).unwrap_or_default();
        let text = unfolded(value);
        let is_odd = |c: char| (c.is_control() && c != '\t') || c == '\u{fffd}' || c == '\u{a0}';
        if !has_plain_name || text.contains(is_odd) {
            self.problems.insert(FromProblem::OddOctets);
        }
        let by_grammar = mailboxes(&text);
        let by_library = library_addresses(value);
        let decoded = decoded(value);
        let Some(by_grammar) = by_grammar else {
            self.problems.insert(FromProblem::Malformed);
            let mut found = by_library;
            found.extend(shapes(&text));
            found.extend(shapes(&decoded));
            let domains: BTreeSet<String> =
                found.iter().map(|address| domain_of(address)).collect();
            if domains.len() != 1 {
                self.problems.insert(FromProblem::Ambiguous);
            }
            self.authors += domains.len();
            self.add(found);
            return;
        };
        self.authors += by_grammar.len();
        if self.fact.display_name.is_empty() {
            self.fact.display_name = by_grammar.first().map(shown_name).unwrap_or_default();
        }
        let authors: Vec<String> = by_grammar.iter().map(Mailbox::address).collect();
        let known: BTreeSet<String> = authors.iter().map(|address| domain_of(address)).collect();
        self.add(authors);
        let others = |found: Vec<String>| -> Vec<String> {
            found.into_iter().filter(|address| !known.contains(&domain_of(address))).collect()
        };
        // Quoted text and comments are no claim; a reader may show them.
        let mut shown = others(shapes(&text));
        shown.extend(others(shapes(&decoded)));
        let outside_quotes: Vec<String> = by_grammar.iter().flat_map(|m| shapes(&m.bare)).collect();
        let mut ambiguous = others(outside_quotes);
        ambiguous.extend(others(by_library).into_iter().filter(|address| !shown.contains(address)));
        if !ambiguous.is_empty() {
            self.problems.insert(FromProblem::Ambiguous);
            self.add(ambiguous);
        }
        for address in shown {
            let room = self.fact.shown_addresses.len() < ADDRESSES_MAX;
            if room && !self.fact.shown_addresses.contains(&address) {
                self.fact.shown_addresses.push(address);
            }
        }
    }

    fn sender(&mut self, value: &[u8]) {
        let value = value.get(..value.len().min(VALUE_BYTES_MAX)).unwrap_or_default();
        let text = unfolded(value);
        let found = match mailboxes(&text) {
            Some(by_grammar) => by_grammar.iter().map(Mailbox::address).collect(),
            None => shapes(&text),
        };
        let room = ADDRESSES_MAX.saturating_sub(self.fact.senders.len());
        self.fact.senders.extend(found.into_iter().take(room).map(|a| normalized(&a)));
    }

    fn add(&mut self, found: Vec<String>) {
        for address in found {
            let address = normalized(&address);
            let (_, domain) = address.rsplit_once('@').unwrap_or(("", ""));
            let domain = domain.to_owned();
            if !is_name(&domain) {
                self.problems.insert(FromProblem::Malformed);
            }
            if self.fact.addresses.contains(&address) {
                continue;
            }
            if self.fact.addresses.len() == ADDRESSES_MAX || address.len() > ADDRESS_BYTES_MAX {
                self.problems.insert(FromProblem::TooMuch);
                continue;
            }
            self.fact.addresses.push(address);
            if !domain.is_empty() && !self.fact.domains.contains(&domain) {
                self.fact.domains.push(domain);
            }
        }
    }

    fn finish(mut self) -> FromFact {
        match self.fact.fields {
            0 => drop(self.problems.insert(FromProblem::Missing)),
            1 => {}
            _ => drop(self.problems.insert(FromProblem::SeveralFields)),
        }
        if self.authors > 1 && self.fact.senders.is_empty() {
            self.problems.insert(FromProblem::SeveralAddresses);
        }
        if self.fact.fields > 0 && self.fact.addresses.is_empty() {
            self.problems.insert(FromProblem::Malformed);
        }
        self.fact.problems = self.problems.into_iter().collect();
        self.fact
    }
}

/// The fields of a header, folded lines included, whatever their names look like.
fn fields(message: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = message;
    std::iter::from_fn(move || {
        let mut end = line_length(rest);
        if matches!(rest.get(..end), None | Some(b"" | b"\r\n" | b"\n")) {
            return None;
        }
        while matches!(rest.get(end), Some(b' ' | b'\t')) {
            end += line_length(rest.get(end..).unwrap_or_default());
        }
        let (field, after) = rest.split_at(end);
        rest = after;
        Some(field)
    })
}

fn line_length(text: &[u8]) -> usize {
    text.iter().position(|byte| *byte == b'\n').map_or(text.len(), |end| end + 1)
}

/// On one line; a line end that no blank follows stays, as the oddity it is.
fn unfolded(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    let text = text.trim_end_matches(['\r', '\n']);
    text.replace("\r\n ", " ").replace("\r\n\t", "\t").replace("\n ", " ").replace("\n\t", "\t")
}

/// With encoded words decoded, as a reader does who decodes before parsing.
fn decoded(value: &[u8]) -> String {
    crate::facts::decoded(value)
}

fn shown_name(mailbox: &Mailbox) -> String {
    decoded(mailbox.name.as_bytes()).trim().to_owned()
}

/// Everything in a text that has the shape of an address, wherever it stands.
fn shapes(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices('@').take(4 * ADDRESSES_MAX) {
        let before = text.get(..at).unwrap_or_default();
        let after = text.get(at + 1..).unwrap_or_default();
        let is_outside =
            |c: char| c.is_whitespace() || c.is_control() || "<>,;:()\"[]@\\".contains(c);
        let start = before.rfind(is_outside).map_or(0, |start| {
            start
                + before.get(start..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
        });
        let is_domain = |c: char| c.is_alphanumeric() || "-_.".contains(c);
        let end = after.find(|c| !is_domain(c)).unwrap_or(after.len());
        let domain = after.get(..end).unwrap_or_default().trim_matches('.');
        let local = before.get(start..).unwrap_or_default();
        if domain.contains('.') {
            found.push(format!("{local}@{domain}"));
        }
    }
    found
}

fn domain_of(address: &str) -> String {
    let normalized = normalized(address);
    normalized.rsplit_once('@').map(|(_, domain)| domain.to_owned()).unwrap_or_default()
}

/// The domain in lower-case A-labels, without a final dot; the local part as it is.
fn normalized(address: &str) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let domain = domain.trim().trim_end_matches('.');
    let domain = idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_lowercase());
    format!("{local}@{domain}")
}

/// Whether DNS could know it, and IDNA has nothing against it: an A-label that decodes to plain
/// ASCII is no name (AUT-14).
fn is_name(domain: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    domain.starts_with('[')
        || (domain.contains('.')
            && domain.len() <= 253
            && domain.split('.').all(is_label)
            && idna::domain_to_ascii(domain).is_ok())
}

#[cfg(test)]
#[path = "author_tests.rs"]
mod tests;
