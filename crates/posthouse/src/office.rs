//! The office: what administrators read and change, on a running node or on its store alone.
//!
//! May touch: the store, the directory snapshot, DNS for one domain proof. Every verb of the
//! command line ends in `Office::answer`, whether it came through the door or opened the store
//! itself. A change is checked whole, stored, and only then swapped in: a failure changes nothing.

mod blocking;
mod changes;
mod grants;
mod kept_senders;
mod list_entries;
mod policies;
mod quarantine;
mod reports;
mod restricted;
mod senders;
mod spoofs;
mod views;
mod zero_hour;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use posthouse_lookup::Resolver;
use posthouse_policy::{Directory, Grants, SharedIdentities, Tenant};
use posthouse_store::{Store, StoreError};
use posthouse_types::{TenantId, UnixMillis};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::complaints::Complaints;
use crate::learned::LearnedByTenant;
use crate::outbound::QueueChange;
use crate::protection::Engines;
use crate::restrictions::Restrictions;
use crate::zero_hour::ZeroHour;
pub(crate) use changes::Edit;
pub(crate) use grants::GrantsByTenant;
pub(crate) use policies::PolicyRequest;
pub(crate) use quarantine::{ActingAs, QuarantineFilter, QuarantineRequest};
pub(crate) use reports::{Block, ReportRequest, Reported, Word};
pub(crate) use senders::SenderList;
pub(crate) use zero_hour::change_line;

/// How long an administrator's question waits for the tenants of a node that has just started: a
/// million of them take about ten seconds.
const LOADING_TIME_MAX: Duration = Duration::from_secs(60);

/// What is asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "kebab-case")]
pub(crate) enum Request {
    /// Make a tenant as the file says.
    Apply { toml: String, dry_run: bool },
    /// A tenant's file, or all of them.
    Export { tenant: Option<String> },
    /// All tenants.
    Tenants,
    /// Forget a tenant.
    TenantRemove { tenant: String },
    /// Change one thing of a tenant.
    Edit { tenant: String, edit: Edit },
    /// A recipient's own safe and blocked senders.
    RecipientSenders { tenant: String, address: String },
    /// Look for a domain's TXT proof and remember it.
    DomainVerify { tenant: String, domain: String },
    /// Message trace.
    Trace(TraceFilter),
    /// The queue.
    Queue(QueueFilter),
    /// Try now.
    QueueRetry(QueueFilter),
    /// Give up on messages without telling anybody.
    QueueRemove(QueueFilter),
    /// All that is known under a reference.
    Explain { reference: String },
    /// The operational event log.
    Events(EventFilter),
    /// Mail in quarantine.
    Quarantine(QuarantineRequest),
    /// What people said of messages.
    Report(ReportRequest),
    /// Verdicts that have changed.
    ZeroHour { tenant: Option<String>, since: Option<i64>, limit: usize },
    /// Policies.
    Policy(PolicyRequest),
    /// Who may not send.
    Restricted { tenant: Option<String> },
    /// Who sent as whom.
    Spoofs { tenant: Option<String> },
    /// Let a sender send again.
    RestrictedRelease { tenant: String, sender: String },
    /// A consistent copy while running.
    Backup { directory: String },
}

impl Request {
    /// Whether it can only be answered once the tenants are there.
    fn needs_tenants(&self) -> bool {
        match self {
            Self::Explain { .. } | Self::Backup { .. } => false,
            Self::Quarantine(request) => request.needs_tenants(),
            Self::Report(request) => request.needs_tenants(),
            Self::ZeroHour { tenant, .. } => tenant.is_some(),
            Self::Trace(filter) => filter.tenant.is_some(),
            Self::Events(filter) => filter.tenant.is_some(),
            Self::Queue(filter) | Self::QueueRetry(filter) | Self::QueueRemove(filter) => {
                filter.tenant.is_some()
            }
            Self::Policy(_)
            | Self::Apply { .. }
            | Self::Export { .. }
            | Self::Tenants
            | Self::Restricted { .. }
            | Self::Spoofs { .. }
            | Self::RestrictedRelease { .. }
            | Self::TenantRemove { .. }
            | Self::Edit { .. }
            | Self::RecipientSenders { .. }
            | Self::DomainVerify { .. } => true,
        }
    }

    /// Whether it makes, changes or removes a tenant.
    fn changes_tenants(&self) -> bool {
        matches!(
            self,
            Self::Apply { .. }
                | Self::TenantRemove { .. }
                | Self::Edit { .. }
                | Self::DomainVerify { .. }
        )
    }
}

/// Which trace rows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct TraceFilter {
    pub(crate) tenant: Option<String>,
    pub(crate) sender: Option<String>,
    pub(crate) recipient: Option<String>,
    pub(crate) reference: Option<String>,
    pub(crate) message_id: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) since: Option<i64>,
    pub(crate) limit: usize,
}

/// Which queue entries.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct QueueFilter {
    pub(crate) tenant: Option<String>,
    pub(crate) reference: Option<String>,
    pub(crate) recipient: Option<String>,
    pub(crate) held: Option<bool>,
    pub(crate) limit: usize,
}

/// Which events.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct EventFilter {
    pub(crate) tenant: Option<String>,
    pub(crate) reference: Option<String>,
    pub(crate) since: Option<i64>,
    pub(crate) limit: usize,
}

/// Why a request was not done: what, and what to do next.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Trouble {
    /// What failed, with its cause.
    pub(crate) what: String,
    /// What to do next; empty where nothing sure can be said.
    pub(crate) next: String,
}

impl Trouble {
    pub(crate) fn new(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what: what.into(), next: next.into() }
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::new(
            format!("the store failed: {error}"),
            "look at `posthouse events` and at the disk that holds data_dir",
        )
    }
}

/// The answer: one JSON object a line.
pub(crate) type Answer = Result<Vec<Value>, Trouble>;

/// What administrators read and change.
pub(crate) struct Office {
    pub(crate) store: Store,
    pub(crate) directory: ArcSwap<Directory>,
    pub(crate) resolver: Resolver,
    /// Who has sent how much, and who may not send.
    pub(crate) restrictions: Restrictions,
    /// What tenants have learned from their own releases and reports.
    pub(crate) learned: LearnedByTenant,
    /// What their people complained about.
    pub(crate) complaints: Complaints,
    /// Reasons to judge again; the running node takes them up.
    pub(crate) zero_hour: ZeroHour,
    /// One change at a time: each is checked against the state that it will replace.
    changes: tokio::sync::Mutex<()>,
    /// Told once the directory is there.
    loaded: tokio::sync::Notify,
    /// For warnings about addresses and names that prove nothing.
    shared: SharedIdentities,
    /// What the operator's settings grant.
    grants: ArcSwap<GrantsByTenant>,
    /// Called when queue entries became due or vanished; the running node's outbound half.
    queue_changed: Box<dyn Fn(QueueChange) + Send + Sync>,
    /// What the running node scans with; `None` where the store was opened alone.
    engines: Option<Arc<ArcSwap<Engines>>>,
    /// The only tenant is what an edge's settings file says; nothing else may change it.
    is_edge: bool,
}

impl Office {
    /// An office over a store whose directory is not loaded yet.
    pub(crate) fn new(
        store: Store,
        resolver: Resolver,
        queue_changed: Box<dyn Fn(QueueChange) + Send + Sync>,
    ) -> Self {
        Self {
            store,
            directory: ArcSwap::from_pointee(Directory::loading()),
            resolver,
            restrictions: Restrictions::default(),
            learned: LearnedByTenant::default(),
            complaints: Complaints::default(),
            zero_hour: ZeroHour::default(),
            changes: tokio::sync::Mutex::default(),
            loaded: tokio::sync::Notify::new(),
            shared: SharedIdentities::built_in(),
            grants: ArcSwap::default(),
            queue_changed,
            engines: None,
            is_edge: false,
        }
    }

    /// The office of an edge, where `is_edge`.
    pub(crate) fn of_edge(self, is_edge: bool) -> Self {
        Self { is_edge, ..self }
    }

    /// The office of a node that has engines.
    pub(crate) fn scanning_with(self, engines: Arc<ArcSwap<Engines>>) -> Self {
        Self { engines: Some(engines), ..self }
    }

    /// Answers one request.
    pub(crate) async fn answer(&self, request: Request, now: UnixMillis) -> Answer {
        if request.needs_tenants() {
            self.wait_for_directory().await;
        }
        if self.is_edge && request.changes_tenants() {
            return Err(Trouble::new(
                "this is an edge: its one organisation is what its settings file says",
                "edit that file, and have it read again: systemctl reload posthouse-edge",
            ));
        }
        match request {
            Request::Apply { toml, dry_run } => self.apply(&toml, dry_run, now).await,
            Request::Export { tenant } => self.export(tenant.as_deref(), now).await,
            Request::Tenants => self.tenants().await,
            Request::TenantRemove { tenant } => self.remove_tenant(&tenant, now).await,
            Request::Edit { tenant, edit } => self.edit(&tenant, edit, now).await,
            Request::RecipientSenders { tenant, address } => {
                self.recipient_senders(&tenant, &address)
            }
            Request::DomainVerify { tenant, domain } => {
                self.verify_domain(&tenant, &domain, now).await
            }
            Request::Trace(filter) => self.trace(filter).await,
            Request::Queue(filter) => self.queue(filter, now).await,
            Request::QueueRetry(filter) => self.queue_retry(filter, now).await,
            Request::QueueRemove(filter) => self.queue_remove(filter, now).await,
            Request::Explain { reference } => self.explain(&reference).await,
            Request::Events(filter) => self.events(filter).await,
            Request::Quarantine(request) => self.quarantine(request, now).await,
            Request::Report(request) => self.reports(request, now).await,
            Request::ZeroHour { tenant, since, limit } => {
                self.verdict_changes(tenant, since, limit).await
            }
            Request::Policy(request) => self.policies(request),
            Request::Restricted { tenant } => self.restricted(tenant.as_deref(), now).await,
            Request::Spoofs { tenant } => self.spoofs(tenant.as_deref(), now).await,
            Request::RestrictedRelease { tenant, sender } => self.release(&tenant, &sender).await,
            Request::Backup { directory } => self.backup(&directory).await,
        }
    }

    /// Whoever asks a node in its first moments waits for its tenants, up to a bound.
    pub(crate) async fn wait_for_directory(&self) {
        let told = self.loaded.notified();
        if !self.directory().is_loaded() {
            // The time is over: the answer will say so.
            let _ = tokio::time::timeout(LOADING_TIME_MAX, told).await;
        }
    }

    /// Loads the tenants. One that cannot be read or may not come in is named in the log and left
    /// out; the others are served.
    pub(crate) async fn load_directory(&self) -> Result<(), Trouble> {
        self.restrictions.load(&self.store).await?;
        self.learned.load(&self.store).await?;
        self.complaints.load(&self.store).await?;
        let grants = self.grants.load_full();
        let read = move |tenants: &mut Vec<(TenantId, Arc<Tenant>, Grants)>,
                         id,
                         name: &str,
                         json: &str| {
            match Tenant::from_json(json) {
                Ok(tenant) => tenants.push((id, Arc::new(tenant), grants.of(name))),
                Err(error) => tracing::error!(tenant = name, %error, "a tenant cannot be read"),
            }
        };
        let tenants = self.store.for_each_tenant(Vec::new(), read).await?;
        let _one_at_a_time = self.changes.lock().await;
        let built = tokio::task::spawn_blocking(move || Directory::build(tenants)).await;
        let (directory, refused) = built.map_err(|error| {
            Trouble::new(format!("the directory could not be built: {error}"), "")
        })?;
        for (id, error) in refused {
            tracing::error!(tenant = id.0, %error, "a tenant is left out");
        }
        self.directory.store(Arc::new(directory));
        self.loaded.notify_waiters();
        Ok(())
    }

    /// The directory as it stands.
    pub(crate) fn directory(&self) -> Arc<Directory> {
        self.directory.load_full()
    }
}
