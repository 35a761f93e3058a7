//! How many sessions at once, in all and from one address.
//!
//! Touches nothing but its own counters. A slot is given back when it is dropped, also when the
//! session's task panics.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
        let mut counts = self.lock();
        if counts.all >= sessions_max {
            return Err(Reason::TooManySessions);
        }
        counts.enter_source(source, sessions_per_source_max)?;
        counts.all += 1;
        metrics::gauge!("posthouse_sessions").set(counts.all as f64);
        Ok(Slot { sessions: Arc::clone(self), source })
    }

    /// Sessions at this moment.
    pub(crate) fn count(&self) -> usize {
        self.lock().all
    }

    /// A task that panicked left the counters whole: each change is one step.
    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn enter_source(
        &mut self,
        source: IpAddr,
        sessions_per_source_max: usize,
    ) -> Result<(), Reason> {
        if self.by_source.get(&source).copied().unwrap_or_default() >= sessions_per_source_max {
            return Err(Reason::TooManySessionsFromAddress);
        }
        *self.by_source.entry(source).or_default() += 1;
        Ok(())
    }

    fn leave_source(&mut self, source: IpAddr) {
        if let Some(of_source) = self.by_source.get_mut(&source) {
            *of_source -= 1;
            if *of_source == 0 {
                self.by_source.remove(&source);
            }
        }
    }
}

impl Slot {
    /// The session turns out to be of another source, which a balancer named; or that source has
    /// its limit of sessions.
    pub(crate) fn belongs_to(
        &mut self,
        address: IpAddr,
        sessions_per_source_max: usize,
    ) -> Result<(), Reason> {
        let source = source_of(address);
        let mut counts = self.sessions.lock();
        counts.enter_source(source, sessions_per_source_max)?;
        counts.leave_source(self.source);
        self.source = source;
        Ok(())
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut counts = self.sessions.lock();
        counts.all = counts.all.saturating_sub(1);
        metrics::gauge!("posthouse_sessions").set(counts.all as f64);
        counts.leave_source(self.source);
    }
}

/// What counts as one source: an IPv4 address, an IPv6 /64 (one subscriber has a whole one).
pub(crate) fn source_of(address: IpAddr) -> IpAddr {
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
    fn behind_a_balancer_each_source_has_its_limit() {
        let sessions = Arc::new(Sessions::default());
        let balancer = || sessions.enter(address("192.0.2.99"), 10, usize::MAX).unwrap();
        let (mut first, mut second, mut third) = (balancer(), balancer(), balancer());
        assert_eq!(first.belongs_to(address("192.0.2.1"), 1), Ok(()));
        let refused = Err(Reason::TooManySessionsFromAddress);
        assert_eq!(second.belongs_to(address("192.0.2.1"), 1), refused);
        assert_eq!(third.belongs_to(address("192.0.2.2"), 1), Ok(()));
        drop(first);
        assert_eq!(second.belongs_to(address("192.0.2.1"), 1), Ok(()));
        drop((second, third));
        assert_eq!(sessions.count(), 0);
        assert!(sessions.lock().by_source.is_empty());
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
