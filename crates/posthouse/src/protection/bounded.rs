//! A table in memory that forgets what was not used for longest.
//!
//! Touches nothing. Forgets an eighth at once, so that a flood of new keys costs each of them little.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

/// At most so many values by their keys.
pub(super) struct Bounded<K, V> {
    rows: HashMap<K, Row<V>>,
    rows_max: usize,
    /// Goes up with each use.
    uses: u64,
}

struct Row<V> {
    value: V,
    used: u64,
    is_changed: bool,
}

impl<K: Eq + Hash + Clone, V: Clone> Bounded<K, V> {
    pub(super) fn new(rows_max: usize) -> Self {
        Self { rows: HashMap::new(), rows_max: rows_max.max(8), uses: 0 }
    }

    /// The value, which counts as used now.
    pub(super) fn find<Q>(&mut self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.uses += 1;
        let row = self.rows.get_mut(key)?;
        row.used = self.uses;
        Some(&row.value)
    }

    /// Puts a value that is to be written down.
    pub(super) fn change(&mut self, key: K, value: V) {
        self.put(key, value, true);
    }

    /// Puts a value that was read; where there is one already, `together` makes one of both.
    pub(super) fn restore(&mut self, key: K, value: V, together: impl FnOnce(&V, V) -> V) {
        match self.rows.get_mut(&key) {
            Some(row) => {
                row.value = together(&row.value, value);
                row.is_changed = true;
            }
            None => self.put(key, value, false),
        }
    }

    /// What has changed since this was asked last.
    pub(super) fn changed(&mut self) -> Vec<(K, V)> {
        let changed = self.rows.iter_mut().filter(|(_, row)| row.is_changed);
        changed
            .map(|(key, row)| {
                row.is_changed = false;
                (key.clone(), row.value.clone())
            })
            .collect()
    }

    fn put(&mut self, key: K, value: V, is_changed: bool) {
        if self.rows.len() >= self.rows_max && !self.rows.contains_key(&key) {
            self.forget_an_eighth();
        }
        self.uses += 1;
        self.rows.insert(key, Row { value, used: self.uses, is_changed });
    }

    fn forget_an_eighth(&mut self) {
        let mut used: Vec<u64> = self.rows.values().map(|row| row.used).collect();
        let place = used.len() / 8;
        let (_, last, _) = used.select_nth_unstable(place);
        let last = *last;
        self.rows.retain(|_, row| row.used > last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_holds_more_and_forgets_what_was_not_used() {
        let mut table = Bounded::new(16);
        for number in 0..1_000_u32 {
            table.change(number, number);
            assert_eq!(table.find(&0).copied(), Some(0), "used all the time");
            assert!(table.rows.len() <= 16);
        }
        assert_eq!(table.find(&999).copied(), Some(999));
        assert!(table.find(&5).is_none());
    }

    #[test]
    fn a_change_is_told_once_and_what_was_read_is_no_change() {
        let mut table = Bounded::new(16);
        table.change("a", 1);
        table.restore("a", 7, |new, old| new + old);
        table.restore("b", 2, |new, old| new + old);
        assert_eq!(table.changed(), [("a", 8)]);
        assert_eq!(table.changed(), []);
        assert_eq!(table.find("b").copied(), Some(2));
    }
}
