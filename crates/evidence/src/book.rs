//! All sessions of all logs: open ones by their id, ended ones by their kind.
//!
//! Pure and bounded: a hostile log with a new session in each line ends the oldest ones early, and
//! sessions that differ in nothing but their time take the room of one.

use std::collections::{BTreeMap, VecDeque};

use crate::facts::{Session, Tls};
use crate::limits::{LINKS_MAX, SESSION_KINDS_MAX, SESSIONS_OPEN_MAX};
use crate::session::SessionBuilder;

/// The sessions so far.
#[derive(Debug, Default)]
pub(crate) struct SessionBook {
    open: BTreeMap<String, SessionBuilder>,
    /// Ids in the order of their opening; some may be closed already.
    order: VecDeque<String>,
    kinds: BTreeMap<Kind, Session>,
    left_out: u64,
}

/// What sessions of one kind share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    route: (bool, String, String),
    source: String,
    tls: Tls,
    is_verbose: bool,
    certificate: Option<(String, String)>,
    failures: Vec<String>,
    is_accepted: bool,
}

impl SessionBook {
    /// The session of this id, opened where it is new.
    pub(crate) fn session(
        &mut self,
        id: &str,
        open: impl FnOnce() -> SessionBuilder,
    ) -> &mut SessionBuilder {
        if !self.open.contains_key(id) {
            while self.open.len() >= SESSIONS_OPEN_MAX {
                let Some(oldest) = self.order.pop_front() else { break };
                self.close(&oldest);
            }
            // Closed sessions leave their ids behind; they must not outnumber the open ones.
            if self.order.len() > 2 * SESSIONS_OPEN_MAX {
                let open = &self.open;
                self.order.retain(|id| open.contains_key(id));
            }
            self.order.push_back(id.to_owned());
        }
        self.open.entry(id.to_owned()).or_insert_with(open)
    }

    /// The session is over.
    pub(crate) fn close(&mut self, id: &str) {
        if let Some(builder) = self.open.remove(id) {
            self.keep(builder.finish());
        }
    }

    /// Ends what is open, and gives all kinds, and how many sessions found no room.
    pub(crate) fn finish(mut self) -> (Vec<Session>, u64) {
        for builder in std::mem::take(&mut self.open).into_values() {
            self.keep(builder.finish());
        }
        (self.kinds.into_values().collect(), self.left_out)
    }

    fn keep(&mut self, session: Session) {
        let kind = Kind::of(&session);
        if !self.kinds.contains_key(&kind) && self.kinds.len() >= SESSION_KINDS_MAX {
            self.left_out += 1;
            return;
        }
        match self.kinds.get_mut(&kind) {
            Some(kept) => fold(kept, session),
            None => {
                self.kinds.insert(kind, session);
            }
        }
    }
}

impl Kind {
    fn of(session: &Session) -> Self {
        // The status says what a refusal is about; names and times in its text do not.
        let failures = session.failures.iter();
        Self {
            route: (session.is_receiving, session.connector.clone(), domain(&session.host)),
            source: session.source.clone(),
            tls: session.tls.clone(),
            is_verbose: session.is_verbose,
            certificate: session
                .client_certificate
                .as_ref()
                .map(|one| (one.thumbprint.clone(), one.subject.clone())),
            failures: failures.map(|one| one.text.chars().take(24).collect()).collect(),
            is_accepted: session.accepted.is_some(),
        }
    }
}

/// The later one's lines stay, both are counted.
fn fold(kept: &mut Session, new: Session) {
    let count = kept.count + new.count;
    let first = kept.first.into_iter().chain(new.first).min();
    let mut links = std::mem::take(&mut kept.links);
    links
        .extend(new.links.iter().filter(|link| !links.contains(link)).cloned().collect::<Vec<_>>());
    // The newest are the ones that a report at hand is about.
    links.drain(..links.len().saturating_sub(LINKS_MAX));
    if new.last >= kept.last {
        *kept = new;
    }
    kept.count = count;
    kept.first = first;
    kept.links = links;
}

/// The last two labels of a host's name: servers of one service share them.
pub(crate) fn domain(host: &str) -> String {
    let mut labels: Vec<&str> = host.trim_end_matches('.').rsplit('.').take(2).collect();
    labels.reverse();
    labels.join(".")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use posthouse_types::UnixMillis;

    use super::*;
    use crate::session::Place;

    #[test]
    fn sessions_of_one_kind_take_the_room_of_one() {
        let mut book = SessionBook::default();
        let file: Arc<str> = "a".into();
        for number in 0..10_000 {
            let place = Place { file: &file, line: number, text: "x" };
            let id = number.to_string();
            let session = book.session(&id, || SessionBuilder::new("c", false));
            session.seen(&place, Some(UnixMillis(number as i64)));
            assert!(book.open.len() <= SESSIONS_OPEN_MAX);
            assert!(book.order.len() <= 2 * SESSIONS_OPEN_MAX + 1);
        }
        let (kinds, left_out) = book.finish();
        assert_eq!((kinds.len(), left_out), (1, 0));
        assert_eq!(kinds[0].count, 10_000);
        assert_eq!(kinds[0].first, Some(UnixMillis(0)));
        assert_eq!(kinds[0].last, Some(UnixMillis(9_999)));
    }

    #[test]
    fn kinds_are_bounded_and_what_found_no_room_is_counted() {
        let mut book = SessionBook::default();
        for number in 0..SESSION_KINDS_MAX + 5 {
            let id = number.to_string();
            book.session(&id, || SessionBuilder::new(&id, false));
            book.close(&id);
        }
        assert_eq!(book.finish().1, 5);
    }

    #[test]
    fn a_service_is_known_by_two_labels() {
        assert_eq!(domain("am0.mail.protection.outlook.com"), "outlook.com");
        assert_eq!(domain("localhost"), "localhost");
        assert_eq!(domain(""), "");
    }
}
