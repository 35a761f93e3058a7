//! Allows and blocks over the filter's verdict: who asked, whether it acted, and why.
//!
//! Pure. The tables are in `matrix`. Between the tenant's own the first that acts decides, in the
//! order rule, address, Tenant Allow/Block List, policy; a user's lists come after them.

use posthouse_types::{
    AppliedOverride, Category, CompositeResult, Decision, OverrideWhy, PolicyKind, Sfv,
};

use super::candidates::{Candidate, greatest};
use super::connection::Listed;
use super::decide::{Case, shown_ip};
use super::matrix::{Effect, Source, effect};
use super::values::is_same;

/// What the lists leave to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The verdict that is left decides.
    Filter,
    /// To the junk folder, whatever the policy's action is.
    Junk {
        /// The level that comes with it.
        scl: i8,
    },
}

/// One list or rule that has something to say.
struct Asked {
    source: Source,
    policy: PolicyKind,
    entry: String,
}

/// Takes away what is allowed, and says what is forced.
pub(crate) fn apply(
    case: &Case<'_>,
    candidates: &mut Vec<Candidate>,
    decision: &mut Decision,
) -> Outcome {
    let mut outcome = Outcome::Filter;
    let mut tenant_decided = false;
    for asked in asked(case) {
        let category = greatest(candidates).map_or(Category::None, |found| found.category);
        let is_user = asked.policy == PolicyKind::User;
        let (acted, why) = if tenant_decided && !is_user {
            (false, OverrideWhy::DecidedBefore)
        } else {
            match effect(category, asked.source) {
                Effect::Filter => (false, OverrideWhy::NeverLetThrough),
                Effect::Deliver => {
                    let why = deliver(asked.source, case, candidates, decision);
                    if asked.source == Source::UserSafe {
                        outcome = Outcome::Filter;
                    }
                    why
                }
                Effect::PolicyAction => {
                    decision.sfv = sfv(asked.source);
                    (true, OverrideWhy::VerdictStands)
                }
                Effect::Junk => {
                    decision.sfv = sfv(asked.source);
                    let rule = case.judged.rule_scl.filter(|_| asked.source == Source::RuleBlock);
                    if category == Category::HighConfidenceSpam {
                        // A block never makes the policy's answer milder.
                        (true, OverrideWhy::VerdictStands)
                    } else {
                        outcome = Outcome::Junk { scl: rule.unwrap_or(6).clamp(5, 9) };
                        (true, OverrideWhy::Junk)
                    }
                }
            }
        };
        tenant_decided |= acted && !is_user;
        decision.overrides.push(AppliedOverride {
            policy: asked.policy,
            allows: allows(asked.source),
            entry: asked.entry,
            acted,
            why,
        });
    }
    outcome
}

fn allows(source: Source) -> bool {
    !matches!(source, Source::UserBlocked | Source::RuleBlock | Source::PolicyBlock)
}

fn sfv(source: Source) -> Sfv {
    match source {
        Source::RuleAllow => Sfv::Skn,
        Source::IpAllow => Sfv::Nspm,
        Source::PolicyAllow | Source::TenantAllow => Sfv::Ska,
        Source::UserSafe => Sfv::Sfe,
        Source::UserBlocked => Sfv::Blk,
        Source::RuleBlock => Sfv::Sks,
        Source::PolicyBlock => Sfv::Skb,
    }
}

/// Takes the verdicts away that a source lets through.
fn deliver(
    source: Source,
    case: &Case<'_>,
    candidates: &mut Vec<Candidate>,
    decision: &mut Decision,
) -> (bool, OverrideWhy) {
    let names_sender = matches!(source, Source::PolicyAllow | Source::TenantAllow);
    let is_forged = case.judged.composite.result == CompositeResult::Fail;
    candidates.retain(|candidate| {
        let is_about_identity = matches!(
            candidate.category,
            Category::Spoof
                | Category::UserImpersonation
                | Category::DomainImpersonation
                | Category::GraphImpersonation
        );
        // Whoever forges an allowed sender is not that sender; spoof pairs and trusted senders of
        // the anti-phishing policy are how such mail is let through.
        candidate.is_firm || (names_sender && is_about_identity)
    });
    if source == Source::IpAllow {
        decision.is_ip_allowed = true;
    }
    if !candidates.is_empty() {
        return (true, OverrideWhy::LetThroughInPart);
    }
    decision.sfv = sfv(source);
    decision.scl = -1;
    if names_sender && is_forged {
        (true, OverrideWhy::LetThroughUnproven)
    } else {
        (true, OverrideWhy::LetThrough)
    }
}

/// Who has something to say, in order.
fn asked(case: &Case<'_>) -> Vec<Asked> {
    let mut out = Vec::new();
    let mut ask = |source, policy, entry: String| {
        if case.ignored != Some(source) {
            out.push(Asked { source, policy, entry });
        }
    };
    match case.judged.rule_scl {
        Some(scl) if scl < 0 => {
            ask(Source::RuleAllow, PolicyKind::MailFlowRule, "SCL -1".to_owned());
        }
        Some(scl) if scl >= 5 => {
            ask(Source::RuleBlock, PolicyKind::MailFlowRule, format!("SCL {scl}"));
        }
        _ => {}
    }
    if let Listed::Allowed(range) = case.listed {
        ask(Source::IpAllow, PolicyKind::ConnectionFilter, range.to_string());
    } else if let Some(entry) = case.hits.ip_allow.filter(|_| case.hits.ip_block.is_none()) {
        ask(Source::IpAllow, PolicyKind::TenantAllowBlock, entry.entry());
    }
    if let Some(entry) = case.hits.sender_allow.filter(|_| case.hits.sender_block.is_none()) {
        ask(Source::TenantAllow, PolicyKind::TenantAllowBlock, entry.entry());
    }
    policy_lists(case, &mut ask);
    user_lists(case, &mut ask);
    if let Some(source) = case.supposed {
        let policy = match source {
            Source::UserSafe | Source::UserBlocked => PolicyKind::User,
            Source::IpAllow => PolicyKind::ConnectionFilter,
            _ => PolicyKind::TenantAllowBlock,
        };
        out.push(Asked { source, policy, entry: shown_ip(case.judged.client_ip) });
    }
    out
}

/// The anti-spam policy's own lists: a block is looked for first, and in both senders; an allow
/// in the one that is shown.
fn policy_lists(case: &Case<'_>, ask: &mut dyn FnMut(Source, PolicyKind, String)) {
    let policy = &case.policies.anti_spam;
    let (from, mail_from) = (case.judged.from.as_ref(), case.judged.mail_from.as_ref());
    for sender in [from, mail_from].into_iter().flatten() {
        if policy.blocked_senders.iter().any(|blocked| is_same(blocked, sender))
            || policy.blocked_sender_domains.contains(sender.domain())
        {
            return ask(Source::PolicyBlock, PolicyKind::AntiSpam, sender.to_string());
        }
    }
    if let Some(from) = from
        && (policy.allowed_senders.iter().any(|allowed| is_same(allowed, from))
            || policy.allowed_sender_domains.contains(from.domain()))
    {
        ask(Source::PolicyAllow, PolicyKind::AntiSpam, from.to_string());
    }
}

/// The recipient's own lists: safe beats blocked.
fn user_lists(case: &Case<'_>, ask: &mut dyn FnMut(Source, PolicyKind, String)) {
    let Some(from) = case.judged.from.as_ref() else { return };
    let folded = from.folded();
    let lists = |list: &[String]| {
        list.iter().find(|entry| **entry == folded || **entry == from.domain().as_str()).cloned()
    };
    if let Some(entry) = lists(&case.recipient.safe_senders) {
        ask(Source::UserSafe, PolicyKind::User, entry);
    } else if let Some(entry) = lists(&case.recipient.blocked_senders) {
        ask(Source::UserBlocked, PolicyKind::User, entry);
    }
}
