//! How much a sender, a connector or a tenant has sent lately.
//!
//! Touches nothing: `now` comes in. Windows slide in steps, so an entity takes fixed memory
//! however much it sends; entities are bounded, and the one that was silent longest goes first.
//! What is forgotten that way counts from zero again: the limits are against floods, and a flood
//! keeps its entity in memory.

use std::collections::BTreeMap;
use std::time::Duration;

use posthouse_types::{TenantId, UnixMillis};

use super::{OutboundPolicy, ThresholdAction};

/// Senders, connectors and tenants that are counted at once: about 400 bytes each.
pub const ENTITIES_MAX: usize = 200_000;

/// Steps of an hour's window: a limit is exact to 5 minutes.
const HOUR_STEPS: usize = 12;
/// Steps of a day's window: a limit is exact to an hour.
const DAY_STEPS: usize = 24;

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CountedKind {
    /// A sender: MAIL FROM, case folded.
    Sender,
    /// An inbound connector, by its name.
    Connector,
    /// A whole tenant.
    Tenant,
}

impl CountedKind {
    /// Its word, as the store and the command line have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sender => "sender",
            Self::Connector => "connector",
            Self::Tenant => "tenant",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Sender, Self::Connector, Self::Tenant].into_iter().find(|k| k.as_str() == word)
    }
}

/// One entity of one tenant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Counted {
    /// Whose.
    pub tenant: TenantId,
    /// What.
    pub kind: CountedKind,
    /// The sender's address or the connector's name, folded; empty for a tenant.
    pub name: Box<str>,
}

/// Which window is over its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Recipients outside, in an hour.
    ExternalPerHour,
    /// Recipients within, in an hour.
    InternalPerHour,
    /// All of them, in a day.
    PerDay,
    /// All of them, in an hour.
    PerHour,
}

/// A limit that was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// Who sends more.
    pub entity: Counted,
    /// Than what.
    pub window: Window,
    /// The limit, in recipients.
    pub limit: u32,
}

/// What a message's recipients come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LimitAnswer {
    /// They are within every limit, and counted.
    Within,
    /// A limit is reached that only alerts: they are counted, and the message goes. `is_first`
    /// says that the message before was still within it, so that one event is written, not many.
    Alert {
        /// Which.
        exceeded: Exceeded,
        /// The message before was within it.
        is_first: bool,
    },
    /// A limit is reached and the message is refused. Its recipients are not counted; the entity
    /// is restricted until then, or until somebody releases it.
    Restrict {
        /// Which.
        exceeded: Exceeded,
        /// When it ends by itself.
        until: Option<UnixMillis>,
    },
}

/// The counters of a node.
#[derive(Debug, Default)]
pub struct OutboundLimits {
    entities: BTreeMap<Counted, Counters>,
    /// The same entities by when they were last counted.
    by_last: BTreeMap<(i64, Counted), ()>,
}

#[derive(Clone, Debug, Default)]
struct Counters {
    external: Sliding<HOUR_STEPS>,
    internal: Sliding<HOUR_STEPS>,
    day: Sliding<DAY_STEPS>,
    last: i64,
}

/// Counts of the last steps. `newest` is the number of the step that `steps[newest % N]` counts.
#[derive(Clone, Debug)]
struct Sliding<const N: usize> {
    steps: [u32; N],
    newest: i64,
}

impl<const N: usize> Default for Sliding<N> {
    fn default() -> Self {
        Self { steps: [0; N], newest: 0 }
    }
}

impl<const N: usize> Sliding<N> {
    /// Forgets what is older than the window.
    fn advance(&mut self, step: i64) {
        let length = i64::try_from(N).unwrap_or(i64::MAX);
        // A clock that is put back counts into the newest step: nothing is forgotten for it.
        for skipped in (self.newest + 1..=step).rev().take(N) {
            let index = usize::try_from(skipped.rem_euclid(length)).unwrap_or(0);
            if let Some(count) = self.steps.get_mut(index) {
                *count = 0;
            }
        }
        self.newest = self.newest.max(step);
    }

    fn add(&mut self, count: u32) {
        let length = i64::try_from(N).unwrap_or(i64::MAX);
        let index = usize::try_from(self.newest.rem_euclid(length)).unwrap_or(0);
        if let Some(step) = self.steps.get_mut(index) {
            *step = step.saturating_add(count);
        }
    }

    fn total(&self) -> u32 {
        self.steps.iter().fold(0, |total, step| total.saturating_add(*step))
    }
}

impl Counters {
    fn advance(&mut self, now: UnixMillis) {
        let step = |window: Duration, steps: usize| {
            let millis = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
            now.0.div_euclid(millis / i64::try_from(steps).unwrap_or(1))
        };
        self.external.advance(step(HOUR, HOUR_STEPS));
        self.internal.advance(step(HOUR, HOUR_STEPS));
        self.day.advance(step(HOUR * 24, DAY_STEPS));
    }
}

impl OutboundLimits {
    /// Counts a message's recipients for its sender, connector and tenant, or says which limit
    /// they would go over. Nothing is counted where one refuses.
    pub fn count(
        &mut self,
        policy: &OutboundPolicy,
        entities: &[Counted],
        external: u32,
        internal: u32,
        now: UnixMillis,
    ) -> LimitAnswer {
        let mut alert = None;
        for entity in entities {
            let counters = self.counters(entity, now);
            let Some((window, limit, before)) =
                over(policy, entity.kind, counters, external, internal)
            else {
                continue;
            };
            let exceeded = Exceeded { entity: entity.clone(), window, limit };
            // Restricting a connector or a tenant would stop everybody: it is refused while it
            // sends too much, and is free again when the window has passed.
            match (policy.action(), entity.kind) {
                (ThresholdAction::Alert, _) => {
                    alert.get_or_insert((exceeded, before <= limit));
                }
                (action, _) => {
                    return LimitAnswer::Restrict {
                        exceeded,
                        until: restricted_until(action, now),
                    };
                }
            }
        }
        for entity in entities {
            self.add(entity, external, internal, now);
        }
        match alert {
            Some((exceeded, is_first)) => LimitAnswer::Alert { exceeded, is_first },
            None => LimitAnswer::Within,
        }
    }

    /// How many entities are counted at this moment.
    pub fn len(&self) -> usize {
        self.entities.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.entities.is_empty()
    }

    /// Forgets what was counted of an entity: somebody has released it.
    pub fn forget(&mut self, entity: &Counted) {
        if let Some(counters) = self.entities.remove(entity) {
            self.by_last.remove(&(counters.last, entity.clone()));
        }
    }

    fn counters(&self, entity: &Counted, now: UnixMillis) -> Counters {
        let mut counters = self.entities.get(entity).cloned().unwrap_or_default();
        counters.advance(now);
        counters
    }

    fn add(&mut self, entity: &Counted, external: u32, internal: u32, now: UnixMillis) {
        let mut counters = self.counters(entity, now);
        self.forget(entity);
        while self.entities.len() >= ENTITIES_MAX {
            let Some(((_, oldest), ())) = self.by_last.pop_first() else { break };
            self.entities.remove(&oldest);
        }
        counters.external.add(external);
        counters.internal.add(internal);
        counters.day.add(external.saturating_add(internal));
        counters.last = now.0;
        self.by_last.insert((now.0, entity.clone()), ());
        self.entities.insert(entity.clone(), counters);
    }
}

/// The limit that these recipients would go over, and what was counted before them.
fn over(
    policy: &OutboundPolicy,
    kind: CountedKind,
    counters: Counters,
    external: u32,
    internal: u32,
) -> Option<(Window, u32, u32)> {
    let all = external.saturating_add(internal);
    let (outside, within) = (counters.external.total(), counters.internal.total());
    let hour = outside.saturating_add(within);
    let sender = [
        (Window::ExternalPerHour, policy.recipient_limit_external_per_hour, outside, external),
        (Window::InternalPerHour, policy.recipient_limit_internal_per_hour, within, internal),
        (Window::PerDay, policy.recipient_limit_per_day, counters.day.total(), all),
    ];
    let connector = [(Window::PerHour, policy.connector_limit_per_hour, hour, all)];
    let tenant = [(Window::PerHour, policy.tenant_limit_per_hour, hour, all)];
    let checks = match kind {
        CountedKind::Sender => &sender[..],
        CountedKind::Connector => &connector[..],
        CountedKind::Tenant => &tenant[..],
    };
    checks
        .iter()
        .filter(|(_, limit, _, more)| *limit > 0 && *more > 0)
        .find(|(_, limit, before, more)| before.saturating_add(*more) > *limit)
        .map(|(window, limit, before, _)| (*window, *limit, *before))
}

/// When a restriction ends by itself: with the day, in UTC; or never.
pub fn restricted_until(action: ThresholdAction, now: UnixMillis) -> Option<UnixMillis> {
    match action {
        ThresholdAction::BlockUserForToday => {
            Some(UnixMillis((now.0.div_euclid(DAY_MILLIS) + 1).saturating_mul(DAY_MILLIS)))
        }
        ThresholdAction::Alert | ThresholdAction::BlockUser => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_795_000_000_000);

    fn sender(name: &str) -> Counted {
        Counted { tenant: TenantId(1), kind: CountedKind::Sender, name: name.into() }
    }

    fn later(minutes: i64) -> UnixMillis {
        UnixMillis(NOW.0 + minutes * 60_000)
    }

    fn policy(action: ThresholdAction) -> OutboundPolicy {
        OutboundPolicy {
            recipient_limit_external_per_hour: 10,
            recipient_limit_per_day: 25,
            tenant_limit_per_hour: 15,
            action_when_threshold_reached: Some(action),
            ..OutboundPolicy::default()
        }
    }

    #[test]
    fn recipients_count_for_an_hour_and_for_a_day() {
        let mut limits = OutboundLimits::default();
        let policy = policy(ThresholdAction::BlockUser);
        let mut send = |count, minutes| {
            let answer = limits.count(&policy, &[sender("a")], count, 0, later(minutes));
            match answer {
                LimitAnswer::Within => None,
                LimitAnswer::Restrict { exceeded, until: None } => Some(exceeded.window),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(send(10, 0), None);
        assert_eq!(send(1, 30), Some(Window::ExternalPerHour));
        assert_eq!(send(10, 65), None);
        assert_eq!(send(5, 130), None);
        assert_eq!(send(1, 200), Some(Window::PerDay));
        // A day later the first ten are forgotten.
        assert_eq!(send(1, 25 * 60), None);
    }

    #[test]
    fn no_limit_is_set_until_somebody_sets_one() {
        let mut limits = OutboundLimits::default();
        let none = OutboundPolicy::default();
        let answer = limits.count(&none, &[sender("a")], u32::MAX, u32::MAX, NOW);
        assert_eq!(answer, LimitAnswer::Within);
    }

    #[test]
    fn an_alert_lets_mail_go_and_is_told_once() {
        let mut limits = OutboundLimits::default();
        let policy = policy(ThresholdAction::Alert);
        let mut send = |count| limits.count(&policy, &[sender("a")], count, 0, NOW);
        assert_eq!(send(9), LimitAnswer::Within);
        assert!(matches!(send(2), LimitAnswer::Alert { is_first: true, .. }));
        assert!(matches!(send(2), LimitAnswer::Alert { is_first: false, .. }));
    }

    #[test]
    fn a_tenants_limit_is_shared_by_its_senders() {
        let mut limits = OutboundLimits::default();
        let policy = policy(ThresholdAction::BlockUserForToday);
        let tenant = Counted { tenant: TenantId(1), kind: CountedKind::Tenant, name: "".into() };
        for (name, is_within) in [("a", true), ("b", false)] {
            let entities = [sender(name), tenant.clone()];
            let answer = limits.count(&policy, &entities, 9, 0, NOW);
            match answer {
                LimitAnswer::Within => assert!(is_within),
                LimitAnswer::Restrict { exceeded, until } => {
                    assert_eq!(exceeded.entity, tenant);
                    assert_eq!(until.unwrap().0 % DAY_MILLIS, 0);
                    assert!(!is_within);
                }
                other => panic!("{other:?}"),
            }
        }
        // What was refused is not counted.
        assert_eq!(limits.len(), 2);
    }

    #[test]
    fn who_is_released_begins_at_nothing() {
        let mut limits = OutboundLimits::default();
        let policy = policy(ThresholdAction::BlockUser);
        assert_eq!(limits.count(&policy, &[sender("a")], 10, 0, NOW), LimitAnswer::Within);
        limits.forget(&sender("a"));
        assert!(limits.is_empty());
        assert_eq!(limits.count(&policy, &[sender("a")], 10, 0, NOW), LimitAnswer::Within);
    }

    #[test]
    fn a_flood_of_senders_takes_bounded_memory() {
        let mut limits = OutboundLimits::default();
        let policy = policy(ThresholdAction::BlockUser);
        for number in 0..ENTITIES_MAX + 10 {
            let at = UnixMillis(NOW.0 + i64::try_from(number).unwrap());
            limits.count(&policy, &[sender(&number.to_string())], 1, 0, at);
        }
        assert_eq!(limits.len(), ENTITIES_MAX);
    }

    #[test]
    fn a_clock_that_is_put_back_forgets_nothing() {
        let mut limits = OutboundLimits::default();
        let policy = policy(ThresholdAction::BlockUser);
        assert_eq!(limits.count(&policy, &[sender("a")], 10, 0, NOW), LimitAnswer::Within);
        let answer = limits.count(&policy, &[sender("a")], 1, 0, later(-600));
        assert!(matches!(answer, LimitAnswer::Restrict { .. }));
    }
}
