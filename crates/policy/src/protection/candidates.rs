//! The verdicts that apply to one recipient: what the filter found, what the recipient's policies
//! make of it, and what the tenant's own lists say.
//!
//! Pure. Gathers only; which of them decides, and whether a list takes it away, comes after.

use posthouse_types::{Because, Category, Decision, Domain, PhishConfidence, PolicyKind};

use super::anti_spam::{ASF, IntraOrgFilterState, TestModeAction};
use super::decide::Case;
use super::spoof::{self, SpoofDoes};
use super::values::{AsfState, Switch, is_same};

/// A verdict that applies, and what says so.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) category: Category,
    pub(crate) scl: i8,
    pub(crate) why: Because,
    /// Not taken away by any allow: a block of the Tenant Allow/Block List.
    pub(crate) is_firm: bool,
    pub(crate) kind: Kind,
}

/// What a category does not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    FileType,
    Spoof(SpoofDoes),
}

/// The candidate that decides: the greatest category, of two the first.
pub(crate) fn greatest(candidates: &[Candidate]) -> Option<&Candidate> {
    candidates.iter().reduce(|best, next| if next.category > best.category { next } else { best })
}

/// Gathers every verdict that applies to this recipient.
pub(crate) fn candidates(case: &Case<'_>, decision: &mut Decision) -> Vec<Candidate> {
    let mut out = Vec::new();
    from_filter(case, &mut out);
    from_spoof(case, &mut out);
    from_impersonation(case, &mut out);
    from_switches(case, &mut out, decision);
    if case.judged.is_internal {
        let state = case.policies.anti_spam.intra_org_filter_state;
        out.retain(|candidate| candidate.is_firm || acts_inside(state, candidate.category));
    }
    // What the tenant's own list says holds inside the organisation too.
    from_lists(case, &mut out);
    out
}

/// Whether a verdict acts on mail within the organisation (spec 2.6, IntraOrgFilterState).
fn acts_inside(state: IntraOrgFilterState, category: Category) -> bool {
    let mildest = match state {
        IntraOrgFilterState::Default | IntraOrgFilterState::HighConfidencePhish => {
            Category::HighConfidencePhish
        }
        IntraOrgFilterState::Phish => Category::Phish,
        IntraOrgFilterState::HighConfidenceSpam => Category::HighConfidenceSpam,
        IntraOrgFilterState::Spam => Category::Bulk,
        IntraOrgFilterState::Disabled => Category::Malware,
    };
    category >= mildest
}

pub(crate) fn anti_spam_because(
    case: &Case<'_>,
    setting: &'static str,
    value: impl Into<String>,
) -> Because {
    Because {
        policy: PolicyKind::AntiSpam,
        name: case.policies.anti_spam.name.to_string(),
        setting,
        value: value.into(),
    }
}

fn candidate(category: Category, scl: i8, why: Because) -> Candidate {
    Candidate { category, scl, why, is_firm: false, kind: Kind::Plain }
}

fn from_filter(case: &Case<'_>, out: &mut Vec<Candidate>) {
    let policy = &case.policies.anti_spam;
    for category in &case.judged.categories {
        let (category, why) = match category {
            Category::Phish => phish(case),
            Category::Malware
            | Category::HighConfidencePhish
            | Category::HighConfidenceSpam
            | Category::Spam => (*category, anti_spam_because(case, "verdict", category.as_str())),
            // Decided from other facts, below.
            _ => continue,
        };
        let scl = match category {
            Category::Spam if matches!(case.judged.scl, 5 | 6) => case.judged.scl,
            Category::Spam => 5,
            Category::Phish => 8,
            Category::HighConfidenceSpam if (7..=9).contains(&case.judged.scl) => case.judged.scl,
            _ => 9,
        };
        out.push(candidate(category, scl, why));
    }
    if let Some(name) = case.policies.malware.blocked_type(&case.judged.file_types) {
        let why = Because {
            policy: PolicyKind::AntiMalware,
            name: case.policies.malware.name.to_string(),
            setting: "file_types",
            value: name.to_owned(),
        };
        let kind = Kind::FileType;
        out.push(Candidate { kind, ..candidate(Category::Malware, 9, why) });
    }
    let threshold = policy.bulk_threshold;
    if policy.mark_as_spam_bulk_mail == Switch::On && case.judged.bcl >= threshold {
        let why = anti_spam_because(case, "bulk_threshold", threshold.to_string());
        out.push(candidate(Category::Bulk, 6, why));
    }
}

/// Phishing, in high confidence where the policy's threshold makes it so (spec 2.8).
fn phish(case: &Case<'_>) -> (Category, Because) {
    let level = case.policies.anti_phish.phish_threshold_level;
    let raised = match case.judged.phish_confidence {
        PhishConfidence::High => level >= 2,
        PhishConfidence::Medium => level >= 3,
        PhishConfidence::Low => level >= 4,
    };
    if !raised {
        return (Category::Phish, anti_spam_because(case, "verdict", Category::Phish.as_str()));
    }
    let why = Because {
        policy: PolicyKind::AntiPhish,
        name: case.policies.anti_phish.name.to_string(),
        setting: "phish_threshold_level",
        value: level.to_string(),
    };
    (Category::HighConfidencePhish, why)
}

fn from_spoof(case: &Case<'_>, out: &mut Vec<Candidate>) {
    let policy = &case.policies.anti_phish;
    if case.hits.spoof_allow.is_some() && case.hits.spoof_block.is_none() {
        return;
    }
    let outcome = spoof::outcome(case.judged, policy, !case.recipient.mx_points_elsewhere);
    let Some((does, setting, value)) = spoof::answer(outcome, policy) else { return };
    let why = Because {
        policy: PolicyKind::AntiPhish,
        name: policy.name.to_string(),
        setting,
        value: value.to_owned(),
    };
    // Spec 2.3: 7 is what a DMARC failure gives.
    let scl = if outcome == spoof::SpoofOutcome::SpoofAction { 6 } else { 7 };
    out.push(Candidate { kind: Kind::Spoof(does), ..candidate(Category::Spoof, scl, why) });
}

fn from_impersonation(case: &Case<'_>, out: &mut Vec<Candidate>) {
    let policy = &case.policies.anti_phish;
    if case.recipient.corresponded || is_excluded(case) {
        return;
    }
    for found in &case.judged.impersonations {
        let names = |domain: &Domain| domain.as_str() == found.protected;
        let (category, applies, setting) = match found.category {
            Category::UserImpersonation => (
                Category::UserImpersonation,
                policy.enable_targeted_user_protection
                    && policy
                        .targeted_users_to_protect
                        .iter()
                        .any(|user| user.address.folded() == found.protected),
                "enable_targeted_user_protection",
            ),
            Category::DomainImpersonation => {
                let is_targeted = policy.targeted_domains_to_protect.iter().any(names);
                let by_target = policy.enable_targeted_domains_protection && is_targeted;
                // A domain that no list names is the tenant's own: the filter looks for no other.
                let by_own = policy.enable_organization_domains_protection && !is_targeted;
                let setting = if by_target {
                    "enable_targeted_domains_protection"
                } else {
                    "enable_organization_domains_protection"
                };
                (Category::DomainImpersonation, by_target || by_own, setting)
            }
            _ => (
                Category::GraphImpersonation,
                policy.enable_mailbox_intelligence && policy.enable_mailbox_intelligence_protection,
                "enable_mailbox_intelligence_protection",
            ),
        };
        if applies {
            let why = Because {
                policy: PolicyKind::AntiPhish,
                name: policy.name.to_string(),
                setting,
                value: found.protected.clone(),
            };
            out.push(candidate(category, 6, why));
        }
    }
}

/// Whether the policy trusts the sender never to imitate anybody.
pub(crate) fn is_excluded(case: &Case<'_>) -> bool {
    let policy = &case.policies.anti_phish;
    case.judged.from.as_ref().is_some_and(|from| {
        policy.excluded_senders.iter().any(|sender| is_same(sender, from))
            || policy.excluded_domains.contains(from.domain())
    })
}

/// The advanced spam filter's switches, languages and regions.
fn from_switches(case: &Case<'_>, out: &mut Vec<Candidate>, decision: &mut Decision) {
    let policy = &case.policies.anti_spam;
    for row in ASF.iter().filter(|row| case.judged.asf.contains(&row.switch)) {
        match (row.state)(policy) {
            AsfState::Off => {}
            AsfState::On => {
                decision.custom_spam.push(row.text);
                let category =
                    if row.scl >= 7 { Category::HighConfidenceSpam } else { Category::Spam };
                out.push(candidate(category, row.scl, anti_spam_because(case, row.setting, "on")));
            }
            AsfState::Test => test_mode(case, decision),
        }
    }
    let lists = [
        (
            policy.enable_language_block_list,
            &policy.language_block_list,
            &case.judged.language,
            "language_block_list",
        ),
        (
            policy.enable_region_block_list,
            &policy.region_block_list,
            &case.judged.country,
            "region_block_list",
        ),
    ];
    for (is_on, list, value, setting) in lists {
        let Some(value) = value.as_deref().filter(|_| is_on) else { continue };
        if list.iter().any(|code| code.is(value)) {
            out.push(candidate(Category::Spam, 6, anti_spam_because(case, setting, value)));
        }
    }
}

fn test_mode(case: &Case<'_>, decision: &mut Decision) {
    let policy = &case.policies.anti_spam;
    match policy.test_mode_action {
        TestModeAction::None => {}
        TestModeAction::AddXHeader => {
            const TEXT: &str = "This message was filtered by the custom spam filter option";
            if !decision.custom_spam.contains(&TEXT) {
                decision.custom_spam.push(TEXT);
            }
        }
        TestModeAction::BccMessage => {
            for address in policy.test_mode_bcc_to_recipients.iter() {
                if !decision.bcc.contains(address) {
                    decision.bcc.push(address.clone());
                }
            }
        }
    }
}

/// Blocks of the Tenant Allow/Block List (spec 2.2): no allow takes them away.
fn from_lists(case: &Case<'_>, out: &mut Vec<Candidate>) {
    let firm = |category, setting, value: String, kind| Candidate {
        is_firm: true,
        kind,
        ..candidate(
            category,
            9,
            Because { policy: PolicyKind::TenantAllowBlock, name: String::new(), setting, value },
        )
    };
    let hits = &case.hits;
    if let Some(entry) = hits.file_block {
        out.push(firm(Category::Malware, "file-hash", entry.entry(), Kind::Plain));
    } else if hits.file_allow.is_some() {
        // The malware engines' word stands; the type's does not.
        out.retain(|candidate| candidate.kind != Kind::FileType);
    }
    for (entry, setting) in [(hits.sender_block, "sender"), (hits.url_block, "url")] {
        if let Some(entry) = entry {
            out.push(firm(Category::HighConfidencePhish, setting, entry.entry(), Kind::Plain));
        }
    }
    if hits.url_block.is_none() && hits.url_allow.is_some() {
        out.retain(|candidate| candidate.category != Category::Phish);
    }
    if let Some(entry) = hits.spoof_block {
        let does = spoof::answer(spoof::SpoofOutcome::SpoofAction, &case.policies.anti_phish)
            .map_or(SpoofDoes::Quarantine, |(does, ..)| does);
        out.retain(|candidate| candidate.category != Category::Spoof);
        let kind = Kind::Spoof(does);
        out.push(Candidate { scl: 6, ..firm(Category::Spoof, "spoof", entry.entry(), kind) });
    }
}
