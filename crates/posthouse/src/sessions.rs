//! How many sessions at once, in all and from one address.
//!
//! Touches nothing but its own counters. A slot is given back when it is dropped, also when the
//! session's task panics.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use posthouse_types::Reason;

/// The counters.
#[derive(Default)]
pub(crate) struct Sessions {
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    all: usize,
    /// By source; a source without sessions has no entry, so this is bounded by `all`.
    by_source: HashMap<IpAddr, usize>,
}

/// One session's place.
pub(crate) struct Slot {
    sessions: Arc<Sessions>,
    source: IpAddr,
}

impl Sessions {
    /// Takes a place, or says which limit is reached.
    pub(crate) fn enter(
        self: &Arc<Self>,
        address: IpAddr,
        sessions_max: usize,
        sessions_per_source_max: usize,
    ) -> Result<Slot, Reason> {
        let source = source_of(address);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.all >= sessions_max {
            return Err(Reason::TooManySessions);
        }
        let of_source = counts.by_source.entry(source).or_default();
        if *of_source >= sessions_per_source_max {
            return Err(Reason::TooManySessionsFromAddress);
        }
        *of_source += 1;
        counts.all += 1;
        metrics::gauge!("posthouse_sessions").set(counts.all as f64);
        Ok(Slot { sessions: Arc::clone(self), source })
    }

    /// Sessions at this moment.
    pub(crate) fn count(&self) -> usize {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).all
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut counts = self.sessions.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.all = counts.all.saturating_sub(1);
        metrics::gauge!("posthouse_sessions").set(counts.all as f64);
        if let Some(of_source) = counts.by_source.get_mut(&self.source) {
            *of_source -= 1;
            if *of_source == 0 {
                counts.by_source.remove(&self.source);
            }
        }
    }
}

/// What counts as one source: an IPv4 address, an IPv6 /64 (one subscriber has a whole one).
fn source_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_source_has_its_limit_and_gives_places_back() {
        let sessions = Arc::new(Sessions::default());
        let first = sessions.enter(address("192.0.2.1"), 10, 1).ok();
        assert!(first.is_some());
        assert!(matches!(
            sessions.enter(address("192.0.2.1"), 10, 1),
            Err(Reason::TooManySessionsFromAddress)
        ));
        assert!(sessions.enter(address("192.0.2.2"), 10, 1).is_ok());
        drop(first);
        assert!(sessions.enter(address("192.0.2.1"), 10, 1).is_ok());
    }

    #[test]
    fn the_whole_node_has_its_limit() {
        let sessions = Arc::new(Sessions::default());
        let _held = sessions.enter(address("192.0.2.1"), 1, 9);
        assert!(matches!(sessions.enter(address("192.0.2.2"), 1, 9), Err(Reason::TooManySessions)));
        assert_eq!(sessions.count(), 1);
    }

    #[test]
    fn one_ipv6_subscriber_is_one_source() {
        let sessions = Arc::new(Sessions::default());
        let _held = sessions.enter(address("2001:db8:1:2::1"), 9, 1);
        assert!(sessions.enter(address("2001:db8:1:2:ffff::9"), 9, 1).is_err());
        assert!(sessions.enter(address("2001:db8:1:3::1"), 9, 1).is_ok());
    }
}
