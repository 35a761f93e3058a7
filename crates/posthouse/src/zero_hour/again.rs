//! One message judged again: what was known of it, what its content says now, and what its
//! tenant's lists and policies make of both.
//!
//! May touch: the message's bytes, where it is still here, and the engines. Changes nothing.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use posthouse_filter as filter;
use posthouse_policy::{Changed, KeptFacts, Protection, Tenant, decide_again, sender_override};
use posthouse_store::{
    ChangeAct, ChangeOrder, ChangeOutcome, Examined, MessageId, NewQuarantine, VerdictChange, Where,
};
use posthouse_trace::Bilingual;
use posthouse_types::{
    Address, Category, Decision, Quarantine, QuarantineReason, TenantId, UnixMillis, Verdicts,
};

use super::Cause;
use crate::protection::{self, Again};
use crate::world::World;

/// Largest message that is looked at again, in bytes: every message that is taken in is smaller.
const MESSAGE_BYTES_MAX: u64 = 150 * 1024 * 1024;

/// One look at mail.
pub(super) struct Pass<'a> {
    pub(super) world: &'a World,
    pub(super) causes: &'a BTreeSet<Cause>,
    pub(super) now: UnixMillis,
    /// The message that was looked at last: its recipients' rows follow one another.
    last: Mutex<Option<(MessageId, TenantId, Option<Verdicts>)>>,
}

impl<'a> Pass<'a> {
    /// A look that begins.
    pub(super) fn new(world: &'a World, causes: &'a BTreeSet<Cause>) -> Self {
        Self { world, causes, now: world.now(), last: Mutex::default() }
    }

    /// What follows for one message; `None` where nothing does.
    pub(super) async fn order(&self, found: Examined) -> Option<ChangeOrder> {
        let mut facts: KeptFacts = serde_json::from_str(&found.facts).ok()?;
        let recipient = posthouse_smtp::parse_address(&found.recipient, true).ok()?;
        let (id, tenant) = self.owner(&recipient)?;
        let looks_inside = self.looks_inside(id);
        if !looks_inside && !self.causes.contains(&Cause::Tenant(id)) {
            return None;
        }
        let verdicts = match &found.place {
            Where::Queued(_, message) | Where::Quarantined(_, message, _) if looks_inside => {
                self.look_inside(*message, &facts, (id, &tenant)).await
            }
            _ => None,
        };
        if let Some(verdicts) = &verdicts {
            facts.add(&filter::categories(verdicts), verdicts.scl);
        }
        let is_reported = self.reported_as(id, &found);
        facts.add(is_reported.as_slice(), 5);
        let nothing_set = Protection::default();
        let protection = tenant.protection().unwrap_or(&nothing_set);
        let context = tenant.recipient_context(recipient, facts.author().as_ref());
        let changed = decide_again(&facts, &context, protection, self.now)?;
        let (decision, act, outcome) = acted(&found.place, &changed, &tenant)?;
        let why = why(decision, verdicts.as_ref(), is_reported);
        let before = std::mem::replace(&mut facts.category, decision.category.as_str().to_owned());
        let change = VerdictChange {
            id: 0,
            time: self.now,
            tenant: id,
            outcome,
            trace: found.trace,
            reference: found.reference,
            received: found.received,
            sender: found.sender,
            recipient: found.recipient,
            message_id: found.message_id,
            subject: found.subject,
            before,
            now: decision.category.as_str().to_owned(),
            why_en: why.en,
            why_de: why.de,
        };
        Some(ChangeOrder { act, change, facts: serde_json::to_string(&facts).ok()? })
    }

    /// The tenant whose policies are for a recipient.
    fn owner(&self, recipient: &Address) -> Option<(TenantId, Arc<Tenant>)> {
        let directory = self.world.directory();
        let (id, _) = directory.owner_of(recipient.domain())?;
        Some((id, Arc::clone(directory.tenant(id)?)))
    }

    /// Whether a tenant's messages themselves are looked at, not only what was known of them: the
    /// engines say something new, or the tenant has learned something.
    fn looks_inside(&self, owner: TenantId) -> bool {
        self.causes.iter().any(|cause| match cause {
            Cause::Engines => true,
            Cause::Report { tenant, .. } => *tenant == owner,
            Cause::Tenant(_) => false,
        })
    }

    /// The worst that an administrator said of this very message.
    fn reported_as(&self, owner: TenantId, found: &Examined) -> Option<Category> {
        let said = self.causes.iter().filter_map(|cause| match cause {
            Cause::Report { tenant, message_id, category }
                if *tenant == owner
                    && !message_id.is_empty()
                    && *message_id == found.message_id =>
            {
                Some(*category)
            }
            _ => None,
        });
        said.max()
    }

    /// What the engines of now say. What cannot be read or scanned is as it was.
    async fn look_inside(
        &self,
        message: MessageId,
        facts: &KeptFacts,
        tenant: (TenantId, &Tenant),
    ) -> Option<Verdicts> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, _, verdicts)) = last.filter(|last| (last.0, last.1) == (message, tenant.0))
        {
            return verdicts;
        }
        let verdicts = self.judge_inside(message, facts, tenant).await;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some((message, tenant.0, verdicts.clone()));
        verdicts
    }

    async fn judge_inside(
        &self,
        message: MessageId,
        facts: &KeptFacts,
        tenant: (TenantId, &Tenant),
    ) -> Option<Verdicts> {
        let bytes = self.bytes_of(message).await?;
        let again = Again::of(&self.world.office, facts, tenant).await;
        match protection::scan_again(Some(self.world.engines()), bytes, again).await {
            Ok(verdicts) => Some(verdicts),
            Err(error) => {
                tracing::warn!(%message, error, "a message could not be scanned again");
                None
            }
        }
    }

    async fn bytes_of(&self, message: MessageId) -> Option<Vec<u8>> {
        let stored = self.world.store().load(message, self.now).await.ok()?;
        if stored.body.len() > MESSAGE_BYTES_MAX {
            return None;
        }
        let mut bytes = stored.head.clone();
        let mut reader = stored.body.reader();
        loop {
            let piece = reader.next().await.ok()?;
            if piece.is_empty() {
                return Some(bytes);
            }
            bytes.extend_from_slice(piece);
        }
    }
}

/// The facts of a message on which nothing was done yet: what was decided stays what it was.
pub(super) fn still_as_before(facts: &str, before: &str) -> String {
    match serde_json::from_str::<KeptFacts>(facts) {
        Ok(mut known) => {
            before.clone_into(&mut known.category);
            serde_json::to_string(&known).unwrap_or_else(|_| facts.to_owned())
        }
        Err(_) => facts.to_owned(),
    }
}

/// What is done, by where the message is.
fn acted<'a>(
    place: &Where,
    changed: &'a Changed,
    tenant: &Tenant,
) -> Option<(&'a Decision, ChangeAct, ChangeOutcome)> {
    match (place, changed) {
        (Where::Queued(id, _), Changed::Worse { decision, quarantine: Some(quarantine) }) => {
            let act = ChangeAct::Quarantine(*id, kept(decision, quarantine, tenant));
            Some((decision, act, ChangeOutcome::Quarantined))
        }
        // Its policy keeps no such mail: it is delivered, and told then.
        (Where::Queued(..), Changed::Worse { decision, quarantine: None }) => {
            Some((decision, ChangeAct::Remember, ChangeOutcome::Delivered))
        }
        (
            Where::Quarantined(id, _, reason),
            Changed::Worse { decision, quarantine: Some(quarantine) },
        ) if gravity(quarantine.reason) > QuarantineReason::from_id(reason).map_or(0, gravity) => {
            let act = ChangeAct::Worsen(*id, kept(decision, quarantine, tenant));
            Some((decision, act, ChangeOutcome::Worsened))
        }
        (Where::Quarantined(id, ..), Changed::Better { decision }) => {
            Some((decision, ChangeAct::Improve(*id), ChangeOutcome::Improved))
        }
        (Where::Delivered, Changed::Worse { decision, .. }) => {
            Some((decision, ChangeAct::Tell, ChangeOutcome::Delivered))
        }
        _ => None,
    }
}

fn kept(decision: &Decision, quarantine: &Quarantine, tenant: &Tenant) -> Box<NewQuarantine> {
    Box::new(NewQuarantine {
        quarantine: quarantine.clone(),
        policy: decision.policy,
        policy_name: decision.policy_name.clone(),
        override_reason: sender_override(decision).to_owned(),
        is_outbound: false,
        notify_after: tenant.notify_after(decision, quarantine),
    })
}

/// How grave a reason is: only a graver one replaces another.
fn gravity(reason: QuarantineReason) -> u8 {
    match reason {
        QuarantineReason::Malware => 5,
        QuarantineReason::HighConfidencePhish => 4,
        QuarantineReason::FileType | QuarantineReason::RejectNotUnanimous => 3,
        QuarantineReason::Phish | QuarantineReason::Spoof | QuarantineReason::Dmarc => 2,
        _ => 1,
    }
}

/// Why the verdict is another one now: what a person said, what the tenant's list says, else the
/// strongest finding.
fn why(
    decision: &Decision,
    verdicts: Option<&Verdicts>,
    is_reported: Option<Category>,
) -> Bilingual {
    if is_reported == Some(decision.category) {
        return Bilingual::new(
            "An administrator has reported it.",
            "Ein Administrator hat sie gemeldet.",
        );
    }
    let is_found = |verdicts: &&Verdicts| filter::categories(verdicts).contains(&decision.category);
    let strongest = verdicts.filter(is_found).and_then(|verdicts| {
        verdicts.reasons.iter().find(|reason| reason.decisive || reason.weight > 0.0)
    });
    if let Some(reason) = strongest {
        return Bilingual::of(&reason.finding);
    }
    let mut because = protection::because(decision).into_iter();
    because.next().unwrap_or_else(|| Bilingual::new("The verdict changed.", "Das Urteil ist neu."))
}
