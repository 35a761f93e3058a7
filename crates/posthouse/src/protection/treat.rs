//! What becomes of a judged message: for each recipient the tenant's rules and policies, then
//! recipients of whom the same becomes together (design decision 5).
//!
//! Touches nothing. Mail that a connector attributed is the tenant's own: its rules act, the
//! filter's verdict is stamped on it, and no inbound policy keeps it, unless a recipient is hosted
//! here.

use posthouse_message::{Wishes, verdict_rewrites};
use posthouse_policy::rules::{Disposal, RuleOutcome};
use posthouse_policy::{self as policy, Accepted, Directory, Protection, SpfFact, Tenant};
use posthouse_trace::Judgement;
use posthouse_types::{
    Action, Address, Because, Category, Counterfactual, Decision, EnhancedStatus, Judged,
    PolicyKind, Quarantine, QuarantineReason, Reason, Recipient, RecipientContext,
    RecipientParameters, Refusal, Rewrite, Sfv, SpfResult, TenantId, UnixMillis, Verdict,
    VerdictReason,
};

use super::rules::rule_outcomes;
use super::{Acquaintance, Judgment};
use crate::gateway::{Admitted, is_originating, tenant_of};
use crate::refusals;

/// Days that a rule's quarantine lasts (spec 3.1).
const RULE_QUARANTINE_DAYS: u16 = 30;
/// Days that mail which a policy deletes can still be found by an administrator: a mistake in a
/// policy is mended the next day.
const DELETED_DAYS: u16 = 1;
/// The quarantine policy of what its recipient may not touch.
const ADMIN_ONLY: &str = policy::ADMIN_ONLY;

/// Recipients of whom the same becomes.
pub(crate) struct Treatment {
    /// What was decided; none where nobody's policy was asked.
    pub(crate) decision: Option<Decision>,
    /// What the rules change in the message.
    pub(crate) rewrites: Vec<Rewrite>,
    /// How it is to leave.
    pub(crate) wishes: Wishes,
    /// Which rules it met, for the trace.
    pub(crate) rules: Vec<String>,
    /// Who gets it.
    pub(crate) recipients: Vec<Admitted>,
}

impl Treatment {
    /// How it is kept, where it is not delivered.
    pub(crate) fn quarantine(&self) -> Option<&Quarantine> {
        match &self.decision.as_ref()?.action {
            Action::Quarantine(quarantine) => Some(quarantine),
            _ => None,
        }
    }
}

/// All recipients' decisions say that the message is refused.
pub(crate) struct Refused {
    pub(crate) refusal: Refusal,
    /// Why, for `explain`.
    pub(crate) judgement: Judgement,
}

/// Everything that deciding needs beside the message.
pub(crate) struct Circumstances<'a> {
    pub(crate) accepted: &'a Accepted,
    pub(crate) directory: &'a Directory,
    pub(crate) sender: Option<&'a Address>,
    pub(crate) message_bytes: u64,
    /// How well the recipients know the sender.
    pub(crate) acquaintance: &'a Acquaintance,
    pub(crate) now: UnixMillis,
}

/// Decides for every recipient and puts those together of whom the same becomes.
///
/// # Errors
/// All recipients' decisions say that the message is refused.
pub(crate) fn treat(
    judgment: &Judgment,
    recipients: Vec<Admitted>,
    circumstances: &Circumstances<'_>,
) -> Result<Vec<Treatment>, Box<Refused>> {
    let outcomes = rule_outcomes(judgment, &recipients, circumstances);
    let is_high_risk = is_high_risk(judgment, circumstances);
    let mut treated: Vec<Treatment> = Vec::new();
    for (admitted, outcome) in recipients.into_iter().zip(outcomes) {
        let decision = decide(judgment, &admitted, &outcome, circumstances);
        let mut one = one(admitted, decision, outcome, circumstances.directory);
        one.wishes.is_high_risk = is_high_risk;
        treated.push(one);
    }
    let is_refused = |one: &Treatment| {
        matches!(one.decision, Some(Decision { action: Action::Reject { .. }, .. }))
    };
    if treated.iter().all(is_refused)
        && let Some(refusal) = treated.first().and_then(refusal)
    {
        let decision = treated.first().and_then(|one| one.decision.as_ref());
        let judgement = super::judgement(&judgment.verdicts, decision, judgment.change.as_ref());
        return Err(Box::new(Refused { refusal, judgement }));
    }
    for one in &mut treated {
        keep_what_was_to_be_refused(one);
    }
    Ok(together(treated))
}

/// Those of whom the same becomes, in the order of their first recipients.
fn together(treated: Vec<Treatment>) -> Vec<Treatment> {
    let mut groups: Vec<Treatment> = Vec::new();
    for one in treated {
        let same = groups.iter_mut().find(|group| {
            group.decision == one.decision
                && group.rewrites == one.rewrites
                && group.wishes == one.wishes
                && group.rules == one.rules
        });
        match same {
            Some(group) => group.recipients.extend(one.recipients),
            None => groups.push(one),
        }
    }
    groups
}

/// Mail that a tenant sends and that is probably unwanted leaves from another address, where its
/// outbound policy is set: one sender must not spoil the name of all (spec 4).
fn is_high_risk(judgment: &Judgment, circumstances: &Circumstances<'_>) -> bool {
    let has_policy = || {
        let tenant = circumstances.directory.tenant(tenant_of(circumstances.accepted)?)?;
        tenant.outbound_policy()
    };
    is_suspicious(judgment, circumstances.accepted) && has_policy().is_some()
}

/// Whether a tenant sends mail that is probably unwanted.
pub(super) fn is_suspicious(judgment: &Judgment, accepted: &Accepted) -> bool {
    is_originating(accepted) && judgment.verdicts.verdict >= Verdict::Spam
}

/// What the recipient's tenant decides; a rule that ends the message comes before the policies,
/// but not before malware.
fn decide(
    judgment: &Judgment,
    admitted: &Admitted,
    outcome: &RuleOutcome,
    circumstances: &Circumstances<'_>,
) -> Option<Decision> {
    let decided = admitted.hosted_by.and_then(|id| circumstances.directory.tenant(id)).map(
        |tenant: &std::sync::Arc<Tenant>| {
            let nothing_set = Protection::default();
            let protection = tenant.protection().unwrap_or(&nothing_set);
            let is_internal = judgment.is_internal_for(admitted.hosted_by);
            let judged = Judged { rule_scl: outcome.scl, is_internal, ..judgment.judged.clone() };
            let address = admitted.recipient.address.clone();
            let known = circumstances.acquaintance.with(&address, &judged);
            let recipient = RecipientContext {
                messages_before: known.messages_before,
                corresponded: known.corresponded,
                ..tenant.recipient_context(address, judged.from.as_ref())
            };
            policy::decide(&judged, &recipient, protection, circumstances.now)
        },
    );
    let is_malware = decided.as_ref().is_some_and(|decision| {
        matches!(
            decision.action,
            Action::Quarantine(Quarantine {
                reason: QuarantineReason::Malware | QuarantineReason::FileType,
                ..
            })
        )
    });
    match &outcome.disposal {
        Some((disposal, rule)) if !is_malware => {
            let base = decided.unwrap_or_else(|| blank(judgment));
            Some(by_rule(base, disposal, rule))
        }
        _ => decided,
    }
}

/// What is stamped on mail that leaves: the filter's verdict, on which no inbound policy acts
/// (`OSPM`, spec 2.4).
pub(super) fn outgoing(judgment: &Judgment) -> Decision {
    let is_unwanted = judgment.verdicts.verdict >= Verdict::Spam;
    let category = if is_unwanted { Category::Spam } else { Category::None };
    Decision {
        action: Action::Deliver,
        category,
        category_word: if is_unwanted { "OSPM" } else { category.as_str() },
        scl: judgment.verdicts.scl,
        sfv: if is_unwanted { Sfv::Spm } else { Sfv::Nspm },
        is_bulk: false,
        sfty: None,
        safety_tips: Vec::new(),
        custom_spam: Vec::new(),
        ..blank(judgment)
    }
}

/// A decision that nothing has decided yet, for mail that leaves.
fn blank(judgment: &Judgment) -> Decision {
    let recipient = RecipientContext::of(Address::new(
        "postmaster",
        posthouse_types::Domain::from_normalized("invalid"),
    ));
    let judged = Judged { categories: Vec::new(), ..judgment.judged.clone() };
    policy::decide(&judged, &recipient, &Protection::default(), UnixMillis(0))
}

fn by_rule(base: Decision, disposal: &Disposal, rule: &str) -> Decision {
    let action = match disposal {
        Disposal::Quarantine => {
            Action::Quarantine(kept(QuarantineReason::TransportRule, RULE_QUARANTINE_DAYS))
        }
        Disposal::Delete => Action::Delete,
        Disposal::Reject(words) => Action::Reject {
            status: words.enhanced().unwrap_or(EnhancedStatus(5, 7, 1)),
            text: words.text.to_string(),
            otherwise: kept(QuarantineReason::RejectNotUnanimous, RULE_QUARANTINE_DAYS),
        },
    };
    let without_rule = Counterfactual {
        policy: PolicyKind::MailFlowRule,
        name: rule.to_owned(),
        setting: "enabled".to_owned(),
        value: "false".to_owned(),
        action: base.action.as_str(),
    };
    let because = Because {
        policy: PolicyKind::MailFlowRule,
        name: rule.to_owned(),
        setting: "actions",
        value: action.as_str().to_owned(),
    };
    Decision {
        action,
        policy: PolicyKind::MailFlowRule,
        policy_name: rule.to_owned(),
        because: vec![because],
        counterfactuals: vec![without_rule],
        ..base
    }
}

fn kept(reason: QuarantineReason, retention_days: u16) -> Quarantine {
    Quarantine {
        reason,
        retention_days,
        policy: ADMIN_ONLY.to_owned(),
        permissions: 0,
        notifies: false,
    }
}

/// One recipient's treatment: who gets the message in its place, and who beside.
fn one(
    admitted: Admitted,
    decision: Option<Decision>,
    outcome: RuleOutcome,
    directory: &Directory,
) -> Treatment {
    let rules = outcome.matches.iter().map(describe_rule).collect();
    let redirected = match decision.as_ref().map(|decision| &decision.action) {
        Some(Action::Redirect { to }) => to.as_slice(),
        None | Some(Action::Deliver | Action::NoAction) => outcome.redirect_to.as_slice(),
        Some(_) => &[],
    };
    let copies: Vec<Address> = decision
        .iter()
        .flat_map(|decision| decision.bcc.iter())
        .chain(&outcome.blind_copy_to)
        .cloned()
        .collect();
    let instead = |address: &Address| stand_in(&admitted, address, directory);
    let mut recipients: Vec<Admitted> = redirected.iter().map(instead).collect();
    let copies: Vec<Admitted> = copies.iter().map(instead).collect();
    if recipients.is_empty() {
        recipients.push(admitted);
    }
    recipients.extend(copies);
    let mut rewrites = outcome.rewrites;
    rewrites.extend(decision.iter().flat_map(verdict_rewrites));
    let wishes = Wishes {
        connector: outcome.connector.map(String::from),
        requires_tls: outcome.require_tls,
        is_high_risk: false,
    };
    Treatment { decision, rewrites, wishes, rules, recipients }
}

fn describe_rule(matched: &policy::rules::RuleMatch) -> String {
    let acted = if matched.acted() { "acted" } else { "did not act" };
    format!("mail-flow rule \"{}\" {acted}", matched.rule)
}

/// Somebody who gets a message that was addressed to another one.
fn stand_in(admitted: &Admitted, address: &Address, directory: &Directory) -> Admitted {
    let given = &admitted.recipient;
    let original =
        given.parameters.original.clone().or_else(|| Some(format!("rfc822;{}", given.address)));
    Admitted {
        recipient: Recipient {
            address: address.clone(),
            parameters: RecipientParameters { original, ..RecipientParameters::default() },
        },
        hosted_by: directory.owner_of(address.domain()).map(|(tenant, _)| tenant),
        held: None,
    }
}

/// The reply to a message that all its recipients refuse.
fn refusal(one: &Treatment) -> Option<Refusal> {
    let decision = one.decision.as_ref()?;
    let Action::Reject { status, text, .. } = &decision.action else { return None };
    let reason = match decision.policy {
        PolicyKind::MailFlowRule => Reason::RejectedByRule,
        _ => Reason::RejectedByPolicy,
    };
    let operator_text = format!(
        "{} \"{}\" refuses it as {}.",
        decision.policy.as_str(),
        decision.policy_name,
        decision.category_word
    );
    Some(Refusal::new(reason, 550, *status, text.clone(), operator_text))
}

/// A refusal that is not everybody's becomes quarantine (decision 5), and what is deleted can be
/// found for a day: nothing that was acknowledged is lost by a policy's slip.
fn keep_what_was_to_be_refused(one: &mut Treatment) {
    let Some(decision) = &mut one.decision else { return };
    decision.action = match &decision.action {
        Action::Reject { otherwise, .. } => Action::Quarantine(Quarantine {
            reason: QuarantineReason::RejectNotUnanimous,
            ..otherwise.clone()
        }),
        Action::Delete => {
            let reason = reason_of(decision);
            Action::Quarantine(kept(reason, DELETED_DAYS))
        }
        _ => return,
    };
}

fn reason_of(decision: &Decision) -> QuarantineReason {
    match decision.category {
        Category::Bulk => QuarantineReason::Bulk,
        Category::HighConfidenceSpam => QuarantineReason::HighConfidenceSpam,
        Category::Phish => QuarantineReason::Phish,
        Category::HighConfidencePhish => QuarantineReason::HighConfidencePhish,
        Category::Spoof => QuarantineReason::Spoof,
        Category::UserImpersonation => QuarantineReason::UserImpersonation,
        Category::DomainImpersonation => QuarantineReason::DomainImpersonation,
        Category::GraphImpersonation => QuarantineReason::GraphImpersonation,
        Category::Malware => QuarantineReason::Malware,
        Category::Spam => QuarantineReason::Spam,
        Category::None => QuarantineReason::TransportRule,
    }
}

/// Which tenant's quarantine a treatment belongs to: the recipient's, else the sender's.
pub(crate) fn keeper(treatment: &Treatment, accepted: &Accepted) -> Option<TenantId> {
    let hosted = treatment.recipients.first().and_then(|admitted| admitted.hosted_by);
    hosted.or_else(|| tenant_of(accepted))
}

/// What is refused whatever any policy says: a stranger in the tenant's own name, and his pieces
/// of messages (row MIM-07).
pub(crate) fn refused_outright(
    judgment: &Judgment,
    accepted: &Accepted,
    sender: Option<&Address>,
    directory: &Directory,
) -> Option<Refusal> {
    unproven(judgment, accepted, sender, directory).or_else(|| {
        let is_piece = |found: &VerdictReason| found.id() == "mime-partial";
        let has_piece = judgment.verdicts.reasons.iter().any(is_piece);
        (has_piece && !is_originating(accepted)).then(refusals::message_fragment)
    })
}

/// A stranger in the tenant's own name (row ATT-02): refused where SPF was asked and does not
/// pass.
fn unproven(
    judgment: &Judgment,
    accepted: &Accepted,
    sender: Option<&Address>,
    directory: &Directory,
) -> Option<Refusal> {
    let spf = match judgment.facts.authentication.as_ref()?.spf.result {
        SpfResult::Pass => SpfFact::Pass,
        SpfResult::Fail => SpfFact::Fail,
        SpfResult::SoftFail => SpfFact::SoftFail,
        SpfResult::Neutral => SpfFact::Neutral,
        SpfResult::None => SpfFact::None,
        SpfResult::TempError => SpfFact::TemporaryError,
        SpfResult::PermError => SpfFact::PermanentError,
        // What nobody asked is no proof of anything: this node has no DNS.
        SpfResult::NotAsked => return None,
    };
    policy::own_domain_unproven(accepted, sender, spf, directory)
}
