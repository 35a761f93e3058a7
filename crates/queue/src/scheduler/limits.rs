//! The scheduler's bounds by name, each with its reason.

use std::time::Duration;

/// Bounds of a [`Scheduler`](crate::Scheduler).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchedulerLimits {
    /// Deliveries under way in all: each is a connection, a task and a body buffer.
    pub concurrent_total: usize,
    /// Deliveries under way to one destination: receivers count connections from one address,
    /// and 20 is what Exchange opens to one domain (MaxPerDomainOutboundConnections).
    pub concurrent_per_destination: usize,
    /// The last of `concurrent_total` are given only to tenants with fewer deliveries under way
    /// than [`Self::quiet_tenant_concurrent_max`]: a tenant whose thousand destinations all
    /// answer slowly never holds the last connection.
    pub kept_for_quiet_tenants: usize,
    /// Up to this many deliveries under way a tenant counts as quiet.
    pub quiet_tenant_concurrent_max: usize,
    /// Recipients held, waiting or under way: some 400 bytes each, the rest is in the store.
    pub held_items_max: usize,
    /// Recipients of one transaction: RFC 5321 section 4.5.3.1.8 has every server take 100.
    pub recipients_per_delivery_max: usize,
    /// A destination that failed rests this long at first; each failed probe doubles it.
    pub pause_first: Duration,
    /// It never rests longer than this: the retry interval, so that no message waits for its
    /// destination much longer than for itself.
    pub pause_max: Duration,
    /// Failed destinations without mail that are remembered, so that their next message does not
    /// start with a crowd of connections.
    pub idle_destinations_max: usize,
}

impl SchedulerLimits {
    /// [`Self::kept_for_quiet_tenants`], but never more than a tenth: on a node that is set to
    /// few deliveries a single tenant still gets most of them.
    pub(super) fn kept_for_quiet_tenants(&self) -> usize {
        self.kept_for_quiet_tenants.min(self.concurrent_total / 10)
    }
}

impl Default for SchedulerLimits {
    fn default() -> Self {
        Self {
            concurrent_total: 1000,
            concurrent_per_destination: 20,
            kept_for_quiet_tenants: 50,
            quiet_tenant_concurrent_max: 5,
            held_items_max: 50_000,
            recipients_per_delivery_max: 100,
            pause_first: Duration::from_secs(15),
            pause_max: Duration::from_secs(5 * 60),
            idle_destinations_max: 10_000,
        }
    }
}
