//! From what was decided to what is stored: a message of its own for each group of recipients.
//!
//! May touch: the store's drafts. A draft that cannot be copied is a refusal for now, and nothing
//! is stored.

use std::time::Duration;

use posthouse_filter as filter;
use posthouse_filter::authentication::dmarc_action;
use posthouse_message::{
    HeaderFacts, ReportDirection, ResultsStamp, VerdictStamp, authentication_results, received_spf,
    rewrite, verdict_headers,
};
use posthouse_policy::{Accepted, Directory, KeptFacts, sender_override};
use posthouse_store::{Draft, NewMessage, NewQuarantine};
use posthouse_types::{Language, MailParameters, PolicyKind, Reason, Refusal, Rewrite};

use super::history::has_list_fields;
use super::leaving::suspicious_copy;
use super::treat::outgoing;
use super::{Judgment, Treatment, explanation};
use crate::body::{self, Origin};
use crate::gateway::{Admitted, is_originating, tenant_of};
use crate::records::{self, Submission, Told};
use crate::refusals;
use crate::world::World;

/// One message as it was taken, before it is stored.
pub(crate) struct Taken<'a> {
    pub(crate) submission: &'a Submission<'a>,
    pub(crate) origin: Origin<'a>,
    pub(crate) parameters: &'a MailParameters,
    pub(crate) accepted: &'a Accepted,
    pub(crate) header: &'a HeaderFacts,
    pub(crate) judgment: &'a Judgment,
}

/// A message for the store of each treatment, and one for the copies that the outbound policy asks
/// for: all in one transaction. The first takes the draft; mostly it is the only one.
pub(crate) fn messages(
    world: &World,
    taken: &Taken<'_>,
    draft: Draft,
    mut treatments: Vec<Treatment>,
) -> Result<Vec<NewMessage>, Refusal> {
    let directory = world.directory();
    let copy = suspicious_copy(taken.judgment, taken.accepted, &directory, &treatments);
    treatments.extend(copy);
    let mut drafts = drafts(world, draft, &treatments)?;
    let mut messages = Vec::with_capacity(treatments.len());
    for treatment in treatments {
        let draft = drafts.pop_front().unwrap_or_else(|| world.store().draft());
        messages.push(message(world, taken, draft, treatment));
    }
    Ok(messages)
}

/// The content of each treatment: the draft itself where nothing is changed, else a copy.
fn drafts(
    world: &World,
    draft: Draft,
    treatments: &[Treatment],
) -> Result<std::collections::VecDeque<Draft>, Refusal> {
    let unchanged = |one: &Treatment| one.rewrites.is_empty();
    if let [only] = treatments
        && unchanged(only)
    {
        return Ok([draft].into());
    }
    let content = draft.read().map_err(|error| refusals::store(&error))?;
    let copy = |rewrites: &[Rewrite]| -> Result<Draft, Refusal> {
        let mut copy = world.store().draft();
        let appended = match rewrites {
            [] => copy.append(&content),
            rewrites => {
                let rewritten = rewrite(&content, rewrites).map_err(refusals::notice_impossible)?;
                copy.append(&rewritten.bytes)
            }
        };
        appended.map_err(|error| refusals::store(&error))?;
        Ok(copy)
    };
    treatments.iter().map(|one| copy(&one.rewrites)).collect()
}

/// The fields of the filter and the policies.
fn stamps(world: &World, taken: &Taken<'_>, treatment: &Treatment) -> Vec<u8> {
    let judgment = taken.judgment;
    let (facts, source) = (&judgment.facts, &judgment.source);
    let mut out = source.stamps.clone();
    let client = source.client;
    if let Some(authentication) = &facts.authentication {
        let stamp = ResultsStamp {
            facts: authentication,
            client,
            composite: facts.composite,
            action: dmarc_action(&authentication.dmarc, facts.dmarc_sample),
        };
        out.extend(received_spf(&authentication.spf, &world.node_name(), &source.helo));
        out.extend(authentication_results(&stamp));
    }
    if !judgment.measured.ambiguity.is_empty() {
        let value = format!("{}; {}", world.node_name(), judgment.measured.ambiguity);
        out.extend(format!("MIME-Ambiguity-Results: {value}\r\n").into_bytes());
    }
    let is_leaving = treatment.decision.is_none() && is_originating(taken.accepted);
    let leaving = (is_leaving && judgment.is_judged).then(|| outgoing(judgment));
    if let Some(decision) = treatment.decision.as_ref().or(leaving.as_ref()) {
        let reverse = facts.connection.as_ref().and_then(|found| found.reverse_name.found());
        let directory = world.directory();
        let tenant = tenant_of(taken.accepted).and_then(|id| directory.tenant(id));
        let stamp = VerdictStamp {
            tips_in: tenant.map_or(Language::English, |it| it.notification_language()),
            client_ip: Some(client),
            language: judgment.measured.language.unwrap_or_default(),
            helo: &source.helo,
            reverse_name: reverse.map_or("", |reverse| reverse.name.as_str()),
            direction: match (is_leaving, is_internal(judgment, treatment)) {
                (true, _) => ReportDirection::Outbound,
                (false, true) => ReportDirection::Internal,
                (false, false) => ReportDirection::Inbound,
            },
            ..VerdictStamp::default()
        };
        out.extend(verdict_headers(&stamp, decision));
    }
    out
}

/// Whether it went from one of a tenant's people to others of them.
fn is_internal(judgment: &Judgment, treatment: &Treatment) -> bool {
    let first = treatment.recipients.first();
    judgment.is_internal_for(first.and_then(|admitted| admitted.hosted_by))
}

/// What is kept of a message whose verdict may change; of the tenant's own mail nothing.
fn facts(judgment: &Judgment, treatment: &Treatment) -> String {
    let Some(decision) = &treatment.decision else { return String::new() };
    let sender = filter::sender_weight(&judgment.facts);
    let facts = KeptFacts {
        sender_weight: sender.sum,
        sender_phish_weight: sender.phish,
        has_corresponded: judgment.has_corresponded,
        bulk_domain: filter::complaints::bulk_domain(
            &judgment.facts,
            &judgment.measured,
            has_list_fields(&judgment.reading),
        ),
        is_internal: is_internal(judgment, treatment),
        ..KeptFacts::of(&judgment.judged, decision)
    };
    // Plain values; there is no way for this to fail.
    serde_json::to_string(&facts).unwrap_or_default()
}

/// How soon a recipient is to be told that its mail is kept. Strangers are told nothing.
fn notify_after(
    directory: &Directory,
    treatment: &Treatment,
    admitted: &Admitted,
) -> Option<Duration> {
    let tenant = directory.tenant(admitted.hosted_by?)?;
    tenant.notify_after(treatment.decision.as_ref()?, treatment.quarantine()?)
}

fn message(world: &World, taken: &Taken<'_>, draft: Draft, mut treatment: Treatment) -> NewMessage {
    let Taken { submission, accepted, header, judgment, .. } = taken;
    let decision = treatment.decision.as_ref();
    let judgement = explanation::judgement(&judgment.verdicts, decision, judgment.change.as_ref());
    if treatment.quarantine().is_some() {
        for admitted in &mut treatment.recipients {
            admitted.held = admitted.held.or(Some(Reason::Quarantined));
        }
    }
    let quarantine = treatment.quarantine().map(|kept| NewQuarantine {
        quarantine: kept.clone(),
        policy: decision.map_or(PolicyKind::MailFlowRule, |decision| decision.policy),
        policy_name: decision.map_or_else(String::new, |decision| decision.policy_name.clone()),
        override_reason: decision.map_or("", sender_override).to_owned(),
        is_outbound: is_originating(accepted),
        notify_after: None,
    });
    let mut rows = body::queue_rows(&treatment.recipients, submission.now);
    for (row, admitted) in rows.iter_mut().zip(&treatment.recipients) {
        let notify_after = notify_after(&world.directory(), &treatment, admitted);
        row.quarantine =
            quarantine.clone().map(|kept| NewQuarantine { notify_after, ..kept }.into());
    }
    let recipients: &[Admitted] = &treatment.recipients;
    let origin = Origin { recipients, ..taken.origin };
    let told = Told {
        header,
        size: draft.len(),
        judgement: &judgement,
        is_judged: world.settings().filter.enabled,
        rules: &treatment.rules,
    };
    let mut head = body::head(world, &origin, accepted, header);
    head.extend(treatment.wishes.fields());
    head.extend(stamps(world, taken, &treatment));
    NewMessage {
        reference: submission.reference,
        // What is kept is its recipient's tenant's; what goes on is whoever's the transaction is.
        tenant: quarantine
            .as_ref()
            .and_then(|_| super::keeper(&treatment, accepted))
            .or_else(|| tenant_of(accepted)),
        received: submission.now,
        sender: submission.sender.cloned(),
        parameters: body::with_measured_body(taken.parameters, header),
        authenticated: is_originating(accepted),
        head,
        message_id: header.message_id.clone(),
        subject: header.subject.clone(),
        recipients: rows,
        trace: records::received(submission, accepted, recipients, &told),
        body: draft,
        events: Vec::new(),
        facts: if told.is_judged { facts(judgment, &treatment) } else { String::new() },
    }
}
