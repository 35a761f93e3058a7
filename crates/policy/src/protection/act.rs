//! What a recipient's policies do with the verdict that decided: the action, how a message is kept,
//! and the lines that are shown above it.
//!
//! Pure.

use posthouse_types::{
    Action, Address, Because, Category, CompositeResult, Decision, Domain, EnhancedStatus,
    PolicyKind, Quarantine, QuarantineReason, SHOWN_CHARACTERS_MAX, SafetyTip, Sfty, Sfv,
    printable_ascii,
};

use super::anti_phish::ImpersonationAction;
use super::anti_spam::{SpamAction, X_HEADER_TEXT};
use super::candidates::{Candidate, Kind, anti_spam_because, is_excluded};
use super::decide::Case;
use super::malware::{FileTypeAction, MALWARE_QUARANTINE_DAYS};
use super::quarantine::{self, permissions_for};
use super::spoof::SpoofDoes;

/// What the recipient's policy does with the verdict.
pub(crate) fn act(case: &Case<'_>, winner: &Candidate, decision: &mut Decision) {
    let spam = &*case.policies.anti_spam;
    let mut set = |setting: &'static str, value: &str, action: Action| {
        decision.action = action;
        decision.because.push(anti_spam_because(case, setting, value));
    };
    let by_spam = |setting, action: SpamAction, reason, tag: &str| {
        (setting, action.as_str(), spam_action(case, action, reason, tag))
    };
    let tags = [&spam.spam_quarantine_tag, &spam.bulk_quarantine_tag];
    let [spam_tag, bulk_tag] = tags.map(|tag| &**tag);
    let (setting, value, action) = match winner.category {
        Category::None => return,
        Category::Malware => return act_on_malware(case, winner, decision),
        Category::Spoof => return act_on_spoof(case, winner, decision),
        Category::UserImpersonation
        | Category::DomainImpersonation
        | Category::GraphImpersonation => {
            return act_on_impersonation(case, winner.category, decision);
        }
        Category::HighConfidencePhish => by_spam(
            "high_confidence_phish_action",
            spam.high_confidence_phish_action,
            QuarantineReason::HighConfidencePhish,
            &spam.high_confidence_phish_quarantine_tag,
        ),
        Category::Phish => by_spam(
            "phish_spam_action",
            spam.phish_spam_action,
            QuarantineReason::Phish,
            &spam.phish_quarantine_tag,
        ),
        Category::HighConfidenceSpam => by_spam(
            "high_confidence_spam_action",
            spam.high_confidence_spam_action,
            QuarantineReason::HighConfidenceSpam,
            &spam.high_confidence_spam_quarantine_tag,
        ),
        Category::Spam => {
            by_spam("spam_action", spam.spam_action, QuarantineReason::Spam, spam_tag)
        }
        Category::Bulk => {
            by_spam("bulk_spam_action", spam.bulk_spam_action, QuarantineReason::Bulk, bulk_tag)
        }
    };
    set(setting, value, action);
}

/// An anti-spam action as it is done.
fn spam_action(case: &Case<'_>, action: SpamAction, reason: QuarantineReason, tag: &str) -> Action {
    let policy = &case.policies.anti_spam;
    match action {
        SpamAction::MoveToJmf => Action::JunkHeader,
        SpamAction::AddXHeader => Action::AddXHeader {
            name: policy.x_header_name().to_owned(),
            value: X_HEADER_TEXT.to_owned(),
        },
        SpamAction::ModifySubject => {
            Action::ModifySubject { prefix: policy.modify_subject_value.to_string() }
        }
        SpamAction::Redirect if !policy.redirect_to_recipients.is_empty() => {
            Action::Redirect { to: policy.redirect_to_recipients.to_vec() }
        }
        SpamAction::Delete => Action::Delete,
        SpamAction::NoAction => Action::NoAction,
        // Nobody to redirect to: kept, not lost.
        SpamAction::Quarantine | SpamAction::Redirect => {
            Action::Quarantine(quarantine(case, reason, tag))
        }
    }
}

fn act_on_malware(case: &Case<'_>, winner: &Candidate, decision: &mut Decision) {
    let policy = &case.policies.malware;
    let is_file_type = winner.kind == Kind::FileType;
    let reason = if is_file_type { QuarantineReason::FileType } else { QuarantineReason::Malware };
    let kept = |reason| quarantine(case, reason, &policy.quarantine_tag);
    let because = |setting, value: &str| Because {
        policy: PolicyKind::AntiMalware,
        name: policy.name.to_string(),
        setting,
        value: value.to_owned(),
    };
    if !is_file_type {
        decision.policy = PolicyKind::AntiMalware;
        decision.policy_name = policy.name.to_string();
    }
    if is_file_type && policy.file_type_action == FileTypeAction::Reject {
        let name = printable_ascii(&winner.why.value, 20);
        decision.action = reject(
            EnhancedStatus(5, 7, 1),
            format!("Message refused: it holds a file of a type that is blocked here ({name})"),
            kept(QuarantineReason::RejectNotUnanimous),
        );
        decision.because.push(because("file_type_action", "reject"));
        return;
    }
    decision.action = Action::Quarantine(kept(reason));
    decision.because.push(if is_file_type {
        because("file_type_action", "quarantine")
    } else {
        because("quarantine_tag", &policy.quarantine_tag)
    });
}

fn act_on_spoof(case: &Case<'_>, winner: &Candidate, decision: &mut Decision) {
    let policy = &case.policies.anti_phish;
    let Kind::Spoof(does) = winner.kind else { return };
    let is_dmarc = winner.scl == 7;
    let reason = if is_dmarc { QuarantineReason::Dmarc } else { QuarantineReason::Spoof };
    let kept = |reason| quarantine(case, reason, &policy.spoof_quarantine_tag);
    decision.action = match does {
        SpoofDoes::Junk => Action::JunkHeader,
        SpoofDoes::Quarantine => Action::Quarantine(kept(reason)),
        SpoofDoes::Reject => {
            let from = case.judged.from.as_ref().map_or("", |from| from.domain().as_str());
            reject(
                EnhancedStatus(5, 7, 509),
                format!(
                    "Access denied, sending domain [{}] does not pass DMARC verification and has \
                     a DMARC policy of reject.",
                    printable_ascii(from, SHOWN_CHARACTERS_MAX)
                ),
                kept(QuarantineReason::RejectNotUnanimous),
            )
        }
    };
}

fn act_on_impersonation(case: &Case<'_>, category: Category, decision: &mut Decision) {
    let policy = &case.policies.anti_phish;
    let (setting, action, copies, reason, tag) = match category {
        Category::UserImpersonation => (
            "targeted_user_protection_action",
            policy.targeted_user_protection_action,
            &policy.targeted_user_action_recipients,
            QuarantineReason::UserImpersonation,
            &policy.targeted_user_quarantine_tag,
        ),
        Category::DomainImpersonation => (
            "targeted_domain_protection_action",
            policy.targeted_domain_protection_action,
            &policy.targeted_domain_action_recipients,
            QuarantineReason::DomainImpersonation,
            &policy.targeted_domain_quarantine_tag,
        ),
        _ => (
            "mailbox_intelligence_protection_action",
            policy.mailbox_intelligence_protection_action,
            &policy.mailbox_intelligence_action_recipients,
            QuarantineReason::GraphImpersonation,
            &policy.mailbox_intelligence_quarantine_tag,
        ),
    };
    decision.because.push(Because {
        policy: PolicyKind::AntiPhish,
        name: policy.name.to_string(),
        setting,
        value: action.as_str().to_owned(),
    });
    decision.action = match action {
        ImpersonationAction::NoAction => Action::NoAction,
        ImpersonationAction::MoveToJmf => Action::JunkHeader,
        ImpersonationAction::Delete => Action::Delete,
        ImpersonationAction::BccMessage => {
            decision.bcc.extend(copies.iter().cloned());
            Action::Deliver
        }
        ImpersonationAction::Redirect if !copies.is_empty() => {
            Action::Redirect { to: copies.to_vec() }
        }
        ImpersonationAction::Quarantine | ImpersonationAction::Redirect => {
            Action::Quarantine(quarantine(case, reason, tag))
        }
    };
    if matches!(decision.action, Action::NoAction | Action::Deliver) {
        decision.scl = 1;
        decision.sfv = Sfv::Nspm;
    }
}

/// How a message is kept: days by the reason, permissions by the tag (spec 3.1, 3.2).
pub(crate) fn quarantine(case: &Case<'_>, reason: QuarantineReason, tag: &str) -> Quarantine {
    let own = case.quarantine_policies.iter().find(|own| own.name.eq_ignore_ascii_case(tag));
    let (policy, permissions, notifies) = match own {
        Some(own) => (&*own.name, own.end_user_quarantine_permissions_value, own.esn_enabled),
        None => quarantine::BUILT_IN
            .into_iter()
            .find(|(name, ..)| name.eq_ignore_ascii_case(tag))
            .unwrap_or((quarantine::ADMIN_ONLY, quarantine::NO_ACCESS, false)),
    };
    let retention_days = match reason {
        QuarantineReason::Malware
        | QuarantineReason::FileType
        | QuarantineReason::TransportRule
        | QuarantineReason::RejectNotUnanimous
        | QuarantineReason::Outbound => MALWARE_QUARANTINE_DAYS,
        _ => case.policies.anti_spam.quarantine_retention_period,
    };
    Quarantine {
        reason,
        retention_days,
        policy: policy.to_owned(),
        permissions: permissions_for(permissions, reason),
        notifies,
    }
}

/// Lines above the message, and `SFTY`.
pub(crate) fn tips(case: &Case<'_>, decision: &mut Decision) {
    let (spam, phish) = (&case.policies.anti_spam, &case.policies.anti_phish);
    let shows = decision.action.delivers() || matches!(decision.action, Action::Quarantine(_));
    let Some(from) = case.judged.from.as_ref().filter(|_| shows && spam.inline_safety_tips_enabled)
    else {
        return;
    };
    let imitates = |category| {
        !case.recipient.corresponded
            && !is_excluded(case)
            && case.judged.impersonations.iter().any(|found| found.category == category)
    };
    match decision.category {
        Category::DomainImpersonation => decision.sfty = Some(Sfty::DomainImpersonation),
        Category::UserImpersonation => decision.sfty = Some(Sfty::UserImpersonation),
        _ => {}
    }
    let address = from.to_string();
    let mut tips = Vec::new();
    if phish.enable_similar_users_safety_tips
        && (imitates(Category::UserImpersonation) || imitates(Category::GraphImpersonation))
    {
        tips.push(SafetyTip::SimilarUser);
    }
    if phish.enable_similar_domains_safety_tips && imitates(Category::DomainImpersonation) {
        tips.push(SafetyTip::SimilarDomain);
    }
    if phish.enable_unusual_characters_safety_tips && case.judged.has_unusual_characters {
        tips.push(SafetyTip::UnusualCharacters { address: address.clone() });
    }
    let is_stranger = case.recipient.messages_before == 0 && !case.recipient.corresponded;
    if phish.enable_first_contact_safety_tips && is_stranger && !case.judged.is_internal {
        tips.push(SafetyTip::FirstContact { address });
        decision.sfty = decision.sfty.or(Some(Sfty::FirstContact));
    }
    let composite = case.judged.composite.result;
    let authenticated = matches!(composite, CompositeResult::Pass | CompositeResult::SoftPass);
    if phish.enable_unauthenticated_sender
        && !authenticated
        && !case.judged.has_spf_or_dkim
        && !case.judged.attributed
    {
        tips.push(SafetyTip::UnauthenticatedSender);
    }
    if let Some(domain) = via(case, from).filter(|_| phish.enable_via_tag) {
        tips.push(SafetyTip::Via { domain });
    }
    decision.safety_tips = tips;
}

/// The domain that a message came by, where it is not the From address's (spec 2.8).
fn via(case: &Case<'_>, from: &Address) -> Option<String> {
    let own = from.domain();
    let is_own =
        |domain: &Domain| domain.is_or_below(own.as_str()) || own.is_or_below(domain.as_str());
    let signer = &case.judged.dkim_domains;
    if signer.iter().any(is_own) {
        return None;
    }
    let sender = case.judged.mail_from.as_ref().map(Address::domain);
    let other = signer.first().or(sender)?;
    (!is_own(other)).then(|| other.to_string())
}

pub(crate) fn reject(status: EnhancedStatus, text: String, otherwise: Quarantine) -> Action {
    Action::Reject { status, text, otherwise }
}
