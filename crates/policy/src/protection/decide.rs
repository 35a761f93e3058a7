//! What becomes of a judged message for one recipient: verdict precedence, lists, actions.
//!
//! Pure and total. Reads policies, never a message. The order: candidates for a verdict are
//! gathered, lists and rules take some away or force a folder, the greatest one that is left
//! decides, and the recipient's one policy says what that verdict does.

use std::net::IpAddr;

use posthouse_types::{
    Action, AppliedOverride, Because, Category, Decision, EnhancedStatus, Judged, OverrideWhy,
    PolicyKind, QuarantineReason, RecipientContext, Sfv, UnixMillis,
};

use super::act::{act, quarantine, reject, tips};
use super::allow_block::Hits;
use super::candidates::{Candidate, Kind, candidates, greatest};
use super::connection::Listed;
use super::overrides::{self, Outcome};
use super::quarantine::{self, QuarantinePolicy};
use super::{Policies, Protection, counterfactuals};

/// Decides what becomes of a message for one recipient.
pub fn decide(
    judged: &Judged,
    recipient: &RecipientContext,
    protection: &Protection,
    now: UnixMillis,
) -> Decision {
    let case = Case {
        judged,
        recipient,
        policies: protection.policies_for(&recipient.address),
        quarantine_policies: &protection.quarantine_policies,
        listed: judged.client_ip.map_or(Listed::No, |ip| protection.connection_filter.look_up(ip)),
        hits: Hits::of(&protection.tenant_allow_blocks, judged, now),
        is_sec_ops_mailbox: recipient.is_sec_ops_mailbox
            || protection.is_sec_ops_mailbox(&recipient.address),
        supposed: None,
        ignored: None,
    };
    let mut decision = decide_case(&case);
    decision.counterfactuals = counterfactuals::of(&case, &decision);
    decision
}

/// Everything that one decision is made from.
#[derive(Clone)]
pub(crate) struct Case<'a> {
    pub(crate) judged: &'a Judged,
    pub(crate) recipient: &'a RecipientContext,
    pub(crate) policies: Policies<'a>,
    pub(crate) quarantine_policies: &'a [QuarantinePolicy],
    pub(crate) listed: Listed<'a>,
    pub(crate) hits: Hits<'a>,
    pub(crate) is_sec_ops_mailbox: bool,
    /// A counterfactual: this list has an entry that it has not.
    pub(crate) supposed: Option<super::matrix::Source>,
    /// A counterfactual: this list has no entry.
    pub(crate) ignored: Option<super::matrix::Source>,
}

/// The decision of one case, without its counterfactuals.
pub(crate) fn decide_case(case: &Case<'_>) -> Decision {
    let mut decision = blank(case);
    if case.is_sec_ops_mailbox {
        decision.sfv = Sfv::Skn;
        decision.scl = -1;
        decision.overrides.push(AppliedOverride {
            policy: PolicyKind::AntiSpam,
            allows: true,
            entry: "sec_ops_mailboxes".to_owned(),
            acted: true,
            why: OverrideWhy::SecurityTeam,
        });
        return decision;
    }
    if let Some(refused) = blocked_address(case) {
        decision.category = Category::HighConfidenceSpam;
        decision.category_word = decision.category.as_str();
        decision.scl = 9;
        decision.policy = refused.policy;
        decision.policy_name.clone_from(&refused.name);
        decision.action = reject(
            EnhancedStatus(5, 7, 513),
            format!(
                "Service unavailable, Client host [{}] blocked by {} using Customer Block list",
                case.judged.client_ip.map(|ip| ip.to_string()).unwrap_or_default(),
                case.recipient.address.domain(),
            ),
            quarantine(case, QuarantineReason::RejectNotUnanimous, quarantine::ADMIN_ONLY),
        );
        decision.because.push(refused);
        return decision;
    }
    let mut candidates = candidates(case, &mut decision);
    if case.judged.is_released {
        candidates.retain(|candidate| candidate.category == Category::Malware);
        decision.sfv = Sfv::Skq;
        decision.scl = -1;
    }
    let outcome = overrides::apply(case, &mut candidates, &mut decision);
    conclude(case, greatest(&candidates), outcome, &mut decision);
    tips(case, &mut decision);
    decision
}

/// Nothing against it, delivered.
fn blank(case: &Case<'_>) -> Decision {
    Decision {
        action: Action::Deliver,
        category: Category::None,
        category_word: Category::None.as_str(),
        scl: if case.judged.scl == 0 { 0 } else { 1 },
        bcl: case.judged.bcl.min(9),
        is_bulk: false,
        sfv: Sfv::Nspm,
        is_ip_allowed: false,
        sfty: None,
        policy: PolicyKind::AntiSpam,
        policy_name: case.policies.anti_spam.name.to_string(),
        overrides: Vec::new(),
        safety_tips: Vec::new(),
        custom_spam: Vec::new(),
        bcc: Vec::new(),
        because: Vec::new(),
        counterfactuals: Vec::new(),
    }
}

/// The list that shuts the connecting address out, unless one lets it in.
fn blocked_address(case: &Case<'_>) -> Option<Because> {
    if case.hits.ip_allow.is_some() || case.judged.is_released {
        return None;
    }
    if let Some(entry) = case.hits.ip_block {
        return Some(Because {
            policy: PolicyKind::TenantAllowBlock,
            name: String::new(),
            setting: "ip",
            value: entry.entry(),
        });
    }
    match case.listed {
        Listed::Blocked(range) => Some(Because {
            policy: PolicyKind::ConnectionFilter,
            name: super::scope::DEFAULT_POLICY.to_owned(),
            setting: "ip_block_list",
            value: range.to_string(),
        }),
        Listed::Allowed(_) | Listed::No => None,
    }
}

/// Turns the verdict that is left into an action.
fn conclude(
    case: &Case<'_>,
    winner: Option<&Candidate>,
    outcome: Outcome,
    decision: &mut Decision,
) {
    if let Some(winner) = winner {
        decision.category = winner.category;
        decision.category_word = match winner.kind {
            Kind::FileType => "FTBP",
            _ if case.judged.is_internal
                && winner.category >= Category::Phish
                && winner.category < Category::Malware =>
            {
                "INTOS"
            }
            _ => winner.category.as_str(),
        };
        decision.policy = winner.why.policy;
        decision.policy_name.clone_from(&winner.why.name);
        decision.because.push(winner.why.clone());
        decision.is_bulk = winner.category == Category::Bulk;
    }
    match outcome {
        Outcome::Junk { scl } => {
            if winner.is_none() {
                decision.category = Category::Spam;
                decision.category_word = Category::Spam.as_str();
            }
            decision.scl = scl.max(winner.map_or(5, |winner| winner.scl));
            decision.action = Action::JunkHeader;
        }
        Outcome::Filter => {
            let Some(winner) = winner else { return };
            if decision.sfv == Sfv::Nspm || winner.category >= Category::HighConfidencePhish {
                decision.sfv = Sfv::Spm;
            }
            decision.scl = winner.scl;
            act(case, winner, decision);
            if decision.action == Action::JunkHeader {
                decision.scl = decision.scl.max(5);
            }
        }
    }
}

/// The address that the connection filter knows, for texts.
pub(crate) fn shown_ip(ip: Option<IpAddr>) -> String {
    ip.map_or_else(String::new, |ip| ip.to_string())
}
