//! Who wrote to whom before: asked before a message is judged, counted once it is stored.
//!
//! May touch: the store. A failure of it is no failure of the mail: the sender counts as a
//! stranger, or a message is not counted. Whoever forges a known sender is not that sender.

use std::collections::BTreeMap;

use posthouse_message::HeaderFacts;
use posthouse_policy::Accepted;
use posthouse_store::Contact;
use posthouse_types::{Address, Category, Judged, TenantId, UnixMillis};

use super::Treatment;
use crate::gateway::{Admitted, is_originating, tenant_of};
use crate::world::World;

/// How well the recipients know a message's sender.
#[derive(Default)]
pub(crate) struct Acquaintance {
    /// Who it is from, in the eyes of its reader: From, else MAIL FROM.
    sender: Option<Address>,
    /// By folded recipient; of hosted recipients only.
    known: BTreeMap<String, Contact>,
}

/// Pairs of a sender and recipients that are to be counted, by the tenant whose they are.
pub(crate) struct Contacts {
    sender: Option<Address>,
    recipients: BTreeMap<TenantId, Vec<Address>>,
}

impl Acquaintance {
    /// Asks the store. Where nobody judges the mail nobody asks.
    pub(crate) async fn of(
        world: &World,
        header: &HeaderFacts,
        envelope_sender: Option<&Address>,
        recipients: &[Admitted],
    ) -> Self {
        if !world.settings().filter.enabled {
            return Self::default();
        }
        let author = header.authors.addresses.first();
        let author = author.and_then(|text| posthouse_smtp::parse_address(text, true).ok());
        let Some(sender) = author.or_else(|| envelope_sender.cloned()) else {
            return Self::default();
        };
        let mut known = BTreeMap::new();
        for (tenant, addresses) in by_tenant(recipients.iter(), None) {
            // What is not written yet first: it may be written meanwhile, and then counts twice.
            let waiting = addresses.iter().map(|one| waiting(world, tenant, &sender, one));
            let waiting: Vec<Contact> = waiting.collect();
            match world.store().contacts(tenant, &sender, &addresses).await {
                Ok(contacts) => {
                    let all = contacts.into_iter().zip(waiting).map(|(one, more)| Contact {
                        messages_before: one.messages_before + more.messages_before,
                        corresponded: one.corresponded || more.corresponded,
                        ..one
                    });
                    known.extend(addresses.iter().map(Address::folded).zip(all));
                }
                Err(error) => tracing::warn!(%error, "the store does not say who knows a sender"),
            }
        }
        Self { sender: Some(sender), known }
    }

    /// `Some(true)` where every hosted recipient wrote to the sender; nothing sure otherwise.
    pub(super) fn has_corresponded(&self) -> Option<bool> {
        let all = !self.known.is_empty() && self.known.values().all(|known| known.corresponded);
        all.then_some(true)
    }

    /// What one recipient knows of the sender, if it is that sender.
    pub(super) fn with(&self, recipient: &Address, judged: &Judged) -> Contact {
        if judged.categories.contains(&Category::Spoof) {
            return Contact::default();
        }
        self.known.get(&recipient.folded()).copied().unwrap_or_default()
    }

    /// What is to be counted of a message: those who get it. What is kept was not read by anybody.
    pub(crate) fn to_count(&self, treatments: &[Treatment], accepted: &Accepted) -> Contacts {
        let delivered = treatments.iter().filter(|one| one.quarantine().is_none());
        let recipients = delivered.flat_map(|one| &one.recipients);
        let writer = is_originating(accepted).then(|| tenant_of(accepted)).flatten();
        Contacts { sender: self.sender.clone(), recipients: by_tenant(recipients, writer) }
    }
}

impl Contacts {
    /// Counts them without anybody waiting.
    pub(crate) fn count(self, world: &World, now: UnixMillis) {
        let Some(sender) = self.sender else { return };
        let sender: Box<str> = sender.folded().into();
        for (tenant, recipients) in self.recipients {
            for recipient in recipients {
                let pair = (tenant, sender.clone(), recipient.folded().into());
                world.ledger.count_contact(pair, now);
            }
        }
    }
}

/// What the ledger knows of a sender and a recipient that the store does not yet.
fn waiting(world: &World, tenant: TenantId, sender: &Address, recipient: &Address) -> Contact {
    let (sender, recipient) = (sender.folded(), recipient.folded());
    Contact {
        messages_before: world.ledger.contacts(tenant, &sender, &recipient),
        corresponded: world.ledger.contacts(tenant, &recipient, &sender) > 0,
        last: None,
    }
}

/// Recipients by the tenant that keeps their pairs: the one that hosts them, and the one that
/// writes to them.
fn by_tenant<'a>(
    recipients: impl Iterator<Item = &'a Admitted>,
    writer: Option<TenantId>,
) -> BTreeMap<TenantId, Vec<Address>> {
    let mut tenants: BTreeMap<TenantId, Vec<Address>> = BTreeMap::new();
    for admitted in recipients {
        let host = admitted.hosted_by;
        let address = || admitted.recipient.address.clone();
        if let Some(host) = host {
            tenants.entry(host).or_default().push(address());
        }
        if let Some(writer) = writer.filter(|writer| Some(*writer) != host) {
            tenants.entry(writer).or_default().push(address());
        }
    }
    tenants
}
