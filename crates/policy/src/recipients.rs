//! The recipients that a tenant lists, packed: a provider's node holds tens of millions of them.
//!
//! Touches nothing. A list is built whole and then only read. Local parts are compared in any
//! case, as Exchange does, and kept as they were written.

use std::cmp::Ordering;

use posthouse_types::{Address, Domain};

/// Recipients by domain. Each domain's local parts are one sorted text, a line each, in which a
/// look-up is a binary search: an address costs its local part and one octet, where a list of
/// [`Address`] takes over 60.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecipientList {
    domains: Box<[(Domain, Box<str>)]>,
}

impl RecipientList {
    /// Whether an address is listed.
    pub fn contains(&self, address: &Address) -> bool {
        self.locals_of(address.domain()).is_some_and(|locals| has_line(locals, address.local()))
    }

    /// Whether any address of this very domain is listed.
    pub fn has_any_of(&self, domain: &Domain) -> bool {
        self.locals_of(domain).is_some()
    }

    /// Every address, by domain and then by local part.
    pub fn iter(&self) -> impl Iterator<Item = Address> {
        self.domains.iter().flat_map(|(domain, locals)| {
            locals.lines().map(|local| Address::new(local, domain.clone()))
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.domains.iter().map(|(_, locals)| locals.lines().count()).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.domains.is_empty()
    }

    fn locals_of(&self, domain: &Domain) -> Option<&str> {
        let index = self.domains.binary_search_by(|(listed, _)| listed.cmp(domain)).ok()?;
        self.domains.get(index).map(|(_, locals)| &**locals)
    }
}

impl FromIterator<Address> for RecipientList {
    /// Doubles, in any case, are dropped; the first stays. A local part with a line break, which
    /// only a quoted one could have, cannot be listed.
    fn from_iter<I: IntoIterator<Item = Address>>(addresses: I) -> Self {
        let mut addresses: Vec<Address> = addresses.into_iter().collect();
        addresses.retain(|address| !address.local().contains(['\r', '\n']));
        let compare = |a: &Address, b: &Address| {
            a.domain().cmp(b.domain()).then_with(|| compare_folded(a.local(), b.local()))
        };
        addresses.sort_by(compare);
        addresses.dedup_by(|second, first| compare(second, first).is_eq());
        let domains = addresses.chunk_by(|a, b| a.domain() == b.domain()).filter_map(|chunk| {
            let locals: Vec<&str> = chunk.iter().map(Address::local).collect();
            Some((chunk.first()?.domain().clone(), locals.join("\n").into()))
        });
        Self { domains: domains.collect() }
    }
}

/// Whether a sorted text has this line, in any case.
fn has_line(text: &str, wanted: &str) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        // A byte search: the middle may lie within a character, line ends never do.
        let (before, after) = rest.as_bytes().split_at(rest.len() / 2);
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let end = after
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(rest.len(), |end| before.len() + end);
        match compare_folded(rest.get(start..end).unwrap_or_default(), wanted) {
            Ordering::Equal => return true,
            Ordering::Less => rest = rest.get(end + 1..).unwrap_or_default(),
            Ordering::Greater => rest = rest.get(..start.saturating_sub(1)).unwrap_or_default(),
        }
    }
    false
}

/// Compares in lower case, without allocating: this runs for each recipient of each message.
fn compare_folded(a: &str, b: &str) -> Ordering {
    a.chars().flat_map(char::to_lowercase).cmp(b.chars().flat_map(char::to_lowercase))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(local: &str) -> Address {
        Address::new(local, Domain::from_normalized("t.example"))
    }

    #[test]
    fn recipients_are_one_in_any_case_and_keep_the_first_spelling() {
        let list: RecipientList =
            ["Anna", "ANNA", "bert", "Ärzte"].map(address).into_iter().collect();
        assert_eq!(list.len(), 3);
        assert_eq!(list.iter().next(), Some(address("Anna")));
        for local in ["aNNa", "BERT", "ärzte"] {
            assert!(list.contains(&address(local)), "{local}");
        }
        for local in ["ann", "annaa", "", "b", "anna\nbert"] {
            assert!(!list.contains(&address(local)), "{local}");
        }
        assert!(!list.contains(&Address::new("anna", Domain::from_normalized("a.t.example"))));
    }

    proptest! {
        #[test]
        fn a_list_contains_exactly_what_was_put_in(
            listed in prop::collection::btree_set("[a-c.äß]{1,4}", 0..40),
            asked in "[a-c.äß]{1,4}",
        ) {
            let list: RecipientList = listed.iter().map(|local| address(local)).collect();
            prop_assert_eq!(list.contains(&address(&asked)), listed.contains(&asked));
            prop_assert!(listed.iter().all(|local| list.contains(&address(local))));
            prop_assert_eq!(list.len(), listed.len());
        }
    }
}
