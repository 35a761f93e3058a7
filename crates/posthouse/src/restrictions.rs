//! Who has sent how much lately, and who may not send any more.
//!
//! May touch: the store, for restrictions. Counts are in memory only: a node that starts anew
//! counts from zero; a restriction outlives it. What is refused is said with its reason; a store
//! that fails stops no mail that is within its limits.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use posthouse_policy::{
    Counted, CountedKind, Exceeded, LimitAnswer, OutboundLimits, OutboundPolicy, limit_exceeded,
    sender_restricted,
};
use posthouse_store::{Committed, NewMessage, Restricted, Store, StoreError};
use posthouse_trace::{EventData, Level, OperationalEvent};
use posthouse_types::{Address, Refusal, TenantId, UnixMillis};

/// The counters and restrictions of a node.
#[derive(Default)]
pub(crate) struct Restrictions {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    limits: OutboundLimits,
    restricted: BTreeMap<Counted, (Option<UnixMillis>, String)>,
}

/// A message that leaves, as the limits see it.
pub(crate) struct Leaving<'a> {
    pub(crate) tenant: TenantId,
    /// MAIL FROM; reports have none, and are not counted for anybody but connector and tenant.
    pub(crate) sender: Option<&'a Address>,
    /// The inbound connector that it came by.
    pub(crate) connector: &'a str,
    /// Recipients outside the organisation, and within it.
    pub(crate) external: u32,
    pub(crate) internal: u32,
    pub(crate) now: UnixMillis,
}

/// Why a message does not go.
#[derive(Debug)]
pub(crate) struct Stopped {
    pub(crate) refusal: Refusal,
    /// Its sender is to be restricted from now on.
    pub(crate) restricts: Option<Restriction>,
}

/// A sender that is to be restricted.
#[derive(Debug)]
pub(crate) struct Restriction {
    exceeded: Exceeded,
    /// When it ends by itself.
    pub(crate) until: Option<UnixMillis>,
    since: UnixMillis,
}

impl Restriction {
    /// The sender, folded.
    pub(crate) fn sender(&self) -> &str {
        &self.exceeded.entity.name
    }

    /// Why, in plain words.
    pub(crate) fn why(&self) -> String {
        limit_exceeded(&self.exceeded).operator_text
    }
}

impl Restrictions {
    /// Takes up what the store knows: at start, before mail is taken.
    pub(crate) async fn load(&self, store: &Store) -> Result<(), StoreError> {
        let rows = store.restricted().await?;
        let mut inner = self.lock();
        for row in rows {
            if let Some(kind) = CountedKind::from_word(&row.kind) {
                let entity = Counted { tenant: row.tenant, kind, name: row.name.into() };
                inner.restricted.insert(entity, (row.until, row.why));
            }
        }
        Ok(())
    }

    /// Whether a sender may send at all: to be asked at MAIL or RCPT, before a body comes.
    pub(crate) fn check(
        &self,
        tenant: TenantId,
        sender: Option<&Address>,
        now: UnixMillis,
    ) -> Result<(), Refusal> {
        let Some(sender) = sender else { return Ok(()) };
        let inner = self.lock();
        match inner.restricted.get(&of_sender(tenant, sender)) {
            Some((until, why)) if until.is_none_or(|until| until > now) => {
                Err(sender_restricted(&sender.to_string(), why, *until))
            }
            _ => Ok(()),
        }
    }

    /// Counts a message, or stops it. What is over a limit that only alerts goes, with an event; a
    /// sender that is over one that blocks is to be restricted.
    pub(crate) async fn count(
        &self,
        store: &Store,
        policy: Option<&OutboundPolicy>,
        leaving: &Leaving<'_>,
    ) -> Result<(), Box<Stopped>> {
        let may_send = self.check(leaving.tenant, leaving.sender, leaving.now);
        may_send.map_err(|refusal| Stopped { refusal, restricts: None })?;
        let Some(policy) = policy else { return Ok(()) };
        let entities = entities(leaving);
        let (external, internal, now) = (leaving.external, leaving.internal, leaving.now);
        let answer = self.lock().limits.count(policy, &entities, external, internal, now);
        match answer {
            LimitAnswer::Within | LimitAnswer::Alert { is_first: false, .. } => Ok(()),
            LimitAnswer::Alert { exceeded, is_first: true } => {
                self.tell(store, &exceeded, leaving.now).await;
                Ok(())
            }
            LimitAnswer::Restrict { exceeded, until } => {
                self.tell(store, &exceeded, leaving.now).await;
                let refusal = limit_exceeded(&exceeded);
                let is_sender = exceeded.entity.kind == CountedKind::Sender;
                let restriction = Restriction { exceeded, until, since: leaving.now };
                let restricts = is_sender.then_some(restriction);
                Err(Box::new(Stopped { refusal, restricts }))
            }
        }
    }

    /// Releases a sender; `false` where it was not restricted. Its counts begin at zero.
    ///
    /// # Errors
    /// The store failed; then it is restricted still.
    pub(crate) async fn release(
        &self,
        store: &Store,
        tenant: TenantId,
        sender: &str,
    ) -> Result<bool, StoreError> {
        let name = sender.to_lowercase();
        let kind = CountedKind::Sender;
        let released = store.release_restricted(tenant, kind.as_str(), &name).await?;
        let entity = Counted { tenant, kind, name: name.into() };
        let mut inner = self.lock();
        inner.limits.forget(&entity);
        Ok(inner.restricted.remove(&entity).is_some() || released)
    }

    /// Restricts a sender from now on, with what is written about it: in one transaction, so that
    /// whoever is to be told is told once. Gives what was stored.
    pub(crate) async fn restrict(
        &self,
        store: &Store,
        restriction: &Restriction,
        notifications: Vec<NewMessage>,
    ) -> Vec<Committed> {
        let Restriction { exceeded, until, since } = restriction;
        let (entity, until) = (&exceeded.entity, *until);
        let why = restriction.why();
        let before = self.lock().restricted.insert(entity.clone(), (until, why.clone()));
        // Another session was faster by a moment, and told it.
        let is_new = before.is_none_or(|(until, _)| until.is_some_and(|until| until <= *since));
        let notifications = if is_new { notifications } else { Vec::new() };
        let row = Restricted {
            tenant: entity.tenant,
            kind: entity.kind.as_str().to_owned(),
            name: entity.name.to_string(),
            since: *since,
            until,
            why,
        };
        store.put_restricted(row, notifications).await.unwrap_or_else(|error| {
            tracing::error!(%error, "a restriction could not be stored: it ends with this process");
            Vec::new()
        })
    }

    async fn tell(&self, store: &Store, exceeded: &Exceeded, now: UnixMillis) {
        let refusal = limit_exceeded(exceeded);
        let event = OperationalEvent {
            time: now.0,
            level: Level::Warning,
            tenant: Some(exceeded.entity.tenant.0),
            reference: String::new(),
            reason: refusal.reason.id().to_owned(),
            text: refusal.operator_text,
            data: EventData::LimitReached {
                entity: exceeded.entity.kind.as_str().to_owned(),
                name: exceeded.entity.name.to_string(),
                limit: u64::from(exceeded.limit),
            },
        };
        if let Err(error) = store.record(Vec::new(), vec![event]).await {
            tracing::error!(%error, "an event could not be stored");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn entities(leaving: &Leaving<'_>) -> Vec<Counted> {
    let tenant = leaving.tenant;
    let sender = leaving.sender.map(|sender| of_sender(tenant, sender));
    let connector = Counted {
        tenant,
        kind: CountedKind::Connector,
        name: leaving.connector.to_lowercase().into(),
    };
    let whole = Counted { tenant, kind: CountedKind::Tenant, name: Box::default() };
    sender.into_iter().chain([connector, whole]).collect()
}

fn of_sender(tenant: TenantId, sender: &Address) -> Counted {
    Counted { tenant, kind: CountedKind::Sender, name: sender.folded().into() }
}

#[cfg(test)]
mod tests {
    use posthouse_policy::ThresholdAction;
    use posthouse_store::StoreOptions;
    use posthouse_types::{Domain, Reason};

    use super::*;

    const NOW: UnixMillis = UnixMillis(1_795_000_000_000);

    #[tokio::test]
    async fn a_sender_over_its_limit_is_restricted_until_released_even_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let options = || StoreOptions { secret_if_new: Some([7; 32]), ..StoreOptions::default() };
        let (store, _) = Store::open(folder.path(), options()).unwrap();
        let policy = OutboundPolicy {
            recipient_limit_external_per_hour: 10,
            action_when_threshold_reached: Some(ThresholdAction::BlockUser),
            ..OutboundPolicy::default()
        };
        let sender = Address::new("Ann", Domain::from_normalized("t.example"));
        let leaving = |external| Leaving {
            tenant: TenantId(1),
            sender: Some(&sender),
            connector: "in",
            external,
            internal: 0,
            now: NOW,
        };
        let restrictions = Restrictions::default();
        restrictions.count(&store, Some(&policy), &leaving(10)).await.unwrap();
        let stopped = restrictions.count(&store, Some(&policy), &leaving(1)).await.unwrap_err();
        let refused = stopped.refusal;
        assert_eq!((refused.reason, refused.reply.code), (Reason::OutboundLimitExceeded, 550));
        let restriction = stopped.restricts.unwrap();
        restrictions.restrict(&store, &restriction, Vec::new()).await;
        let stopped = restrictions.count(&store, Some(&policy), &leaving(1)).await.unwrap_err();
        assert!(stopped.restricts.is_none(), "once");

        let again = Restrictions::default();
        again.load(&store).await.unwrap();
        let refused = again.check(TenantId(1), Some(&sender), NOW).unwrap_err();
        assert_eq!(refused.reason, Reason::SenderRestricted);
        assert!(again.check(TenantId(2), Some(&sender), NOW).is_ok(), "another tenant's");
        assert!(again.release(&store, TenantId(1), "ANN@t.example").await.unwrap());
        assert!(again.check(TenantId(1), Some(&sender), NOW).is_ok());
        assert!(!again.release(&store, TenantId(1), "ann@t.example").await.unwrap());
        store.close().await;
    }
}
