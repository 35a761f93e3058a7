//! The smallest change of one setting that would have made another action of a decision.
//!
//! Pure. Each is found by deciding again with that one change, so it is never a guess; their
//! number is bounded.

use posthouse_types::{Action, Category, Counterfactual, Decision, PolicyKind};

use super::anti_phish::{DmarcRejectAction, ImpersonationAction, SpoofAction};
use super::anti_spam::{ASF, SpamAction};
use super::decide::{Case, decide_case};
use super::malware::FileTypeAction;
use super::matrix::Source;

/// Counterfactuals of one decision at most: an explanation is read by people.
pub const COUNTERFACTUALS_MAX: usize = 12;

/// Finds them.
pub(crate) fn of(case: &Case<'_>, decision: &Decision) -> Vec<Counterfactual> {
    // Plain mail that nobody has anything against is most mail: nothing is asked again for it.
    let is_plain = decision.action == Action::Deliver
        && decision.category == Category::None
        && decision.overrides.is_empty()
        && (case.judged.bcl == 0 || case.judged.bcl >= case.policies.anti_spam.bulk_threshold);
    let mut search = Search { case, was: decision.action.as_str(), found: Vec::new() };
    if !is_plain && !case.is_sec_ops_mailbox {
        search.lists(decision);
        search.actions(decision);
        search.thresholds();
        search.identity(decision);
    }
    search.found
}

struct Search<'a, 'b> {
    case: &'a Case<'b>,
    was: &'static str,
    found: Vec<Counterfactual>,
}

impl Search<'_, '_> {
    fn try_change(
        &mut self,
        (policy, name): (PolicyKind, &str),
        setting: &str,
        value: impl Into<String>,
        change: impl FnOnce(&mut Case<'_>),
    ) {
        if self.found.len() >= COUNTERFACTUALS_MAX {
            return;
        }
        let mut changed = self.case.clone();
        change(&mut changed);
        let action = decide_case(&changed).action.as_str();
        if action != self.was {
            self.found.push(Counterfactual {
                policy,
                name: name.to_owned(),
                setting: setting.to_owned(),
                value: value.into(),
                action,
            });
        }
    }

    /// Entries that are there, and entries that could be.
    fn lists(&mut self, decision: &Decision) {
        let is_blocked = self.case.hits.sender_block.is_some()
            || self.case.hits.url_block.is_some()
            || self.case.hits.file_block.is_some()
            || self.case.hits.spoof_block.is_some()
            || self.case.hits.ip_block.is_some();
        let list = (PolicyKind::TenantAllowBlock, "");
        if is_blocked {
            let hits = self.case.hits;
            for (entry, setting) in [
                (hits.sender_block, "sender"),
                (hits.url_block, "url"),
                (hits.file_block, "file-hash"),
                (hits.spoof_block, "spoof"),
                (hits.ip_block, "ip"),
            ] {
                let Some(entry) = entry else { continue };
                let value = format!("without the entry {}", entry.entry());
                self.try_change(list, setting, value, |case| match setting {
                    "sender" => case.hits.sender_block = None,
                    "url" => case.hits.url_block = None,
                    "file-hash" => case.hits.file_block = None,
                    "spoof" => case.hits.spoof_block = None,
                    _ => case.hits.ip_block = None,
                });
            }
        }
        for acted in decision.overrides.iter().filter(|found| found.acted) {
            let value = format!("without {}", acted.entry);
            for source in sources(acted.policy, acted.allows) {
                let name = (acted.policy, decision.policy_name.as_str());
                self.try_change(name, word(*source), value.clone(), |case| {
                    case.ignored = Some(*source);
                });
            }
        }
        if let super::connection::Listed::Blocked(range) = self.case.listed {
            let value = format!("without {range}");
            let filter = (PolicyKind::ConnectionFilter, super::scope::DEFAULT_POLICY);
            self.try_change(filter, "ip_block_list", value, |case| {
                case.listed = super::connection::Listed::No;
            });
        }
        if decision.category == Category::None {
            return;
        }
        if let Some(from) = &self.case.judged.from {
            let entry = format!("allow {from}");
            self.try_change(list, "sender", entry, |case| {
                case.supposed = Some(Source::TenantAllow);
            });
            let user = (PolicyKind::User, "");
            self.try_change(user, "safe_senders", from.to_string(), |case| {
                case.supposed = Some(Source::UserSafe);
            });
        }
    }

    /// Another action for the verdict that decided.
    fn actions(&mut self, decision: &Decision) {
        let spam_name = self.case.policies.anti_spam.name.to_string();
        let phish_name = self.case.policies.anti_phish.name.to_string();
        let spam = (PolicyKind::AntiSpam, spam_name.as_str());
        let phish = (PolicyKind::AntiPhish, phish_name.as_str());
        for action in [SpamAction::MoveToJmf, SpamAction::Quarantine] {
            let setting = match decision.category {
                Category::Phish => "phish_spam_action",
                Category::HighConfidenceSpam => "high_confidence_spam_action",
                Category::Spam => "spam_action",
                Category::Bulk => "bulk_spam_action",
                _ => continue,
            };
            self.try_change(spam, setting, action.as_str(), |case| {
                let policy = case.policies.anti_spam.to_mut();
                match decision.category {
                    Category::Phish => policy.phish_spam_action = action,
                    Category::HighConfidenceSpam => policy.high_confidence_spam_action = action,
                    Category::Spam => policy.spam_action = action,
                    _ => policy.bulk_spam_action = action,
                }
            });
        }
        for action in [
            ImpersonationAction::NoAction,
            ImpersonationAction::MoveToJmf,
            ImpersonationAction::Quarantine,
        ] {
            let setting = match decision.category {
                Category::UserImpersonation => "targeted_user_protection_action",
                Category::DomainImpersonation => "targeted_domain_protection_action",
                Category::GraphImpersonation => "mailbox_intelligence_protection_action",
                _ => continue,
            };
            self.try_change(phish, setting, action.as_str(), |case| {
                let policy = case.policies.anti_phish.to_mut();
                match decision.category {
                    Category::UserImpersonation => policy.targeted_user_protection_action = action,
                    Category::DomainImpersonation => {
                        policy.targeted_domain_protection_action = action;
                    }
                    _ => policy.mailbox_intelligence_protection_action = action,
                }
            });
        }
        if decision.category_word == "FTBP" {
            let name = self.case.policies.malware.name.to_string();
            let malware = (PolicyKind::AntiMalware, name.as_str());
            for action in [FileTypeAction::Reject, FileTypeAction::Quarantine] {
                self.try_change(malware, "file_type_action", action.as_str(), |case| {
                    case.policies.malware.to_mut().file_type_action = action;
                });
            }
            self.try_change(malware, "enable_file_filter", "false", |case| {
                case.policies.malware.to_mut().enable_file_filter = false;
            });
        }
    }

    /// Levels and switches.
    fn thresholds(&mut self) {
        let name = self.case.policies.anti_spam.name.to_string();
        let spam = (PolicyKind::AntiSpam, name.as_str());
        let bcl = self.case.judged.bcl.min(9);
        let threshold = self.case.policies.anti_spam.bulk_threshold;
        let other = if bcl >= threshold { bcl + 1 } else { bcl };
        if (1..=9).contains(&other) && bcl > 0 {
            self.try_change(spam, "bulk_threshold", other.to_string(), |case| {
                case.policies.anti_spam.to_mut().bulk_threshold = other;
            });
        }
        let asf = &self.case.judged.asf;
        for row in ASF.iter().filter(|row| asf.contains(&row.switch)) {
            if (row.state)(&self.case.policies.anti_spam) != super::values::AsfState::On {
                continue;
            }
            let mut judged = self.case.judged.clone();
            judged.asf.retain(|switch| *switch != row.switch);
            let case = Case { judged: &judged, ..self.case.clone() };
            let action = decide_case(&case).action.as_str();
            if action != self.was && self.found.len() < COUNTERFACTUALS_MAX {
                self.found.push(Counterfactual {
                    policy: PolicyKind::AntiSpam,
                    name: name.clone(),
                    setting: row.setting.to_owned(),
                    value: "off".to_owned(),
                    action,
                });
            }
        }
    }

    /// Settings of the anti-phishing policy about who the sender is.
    fn identity(&mut self, decision: &Decision) {
        let name = self.case.policies.anti_phish.name.to_string();
        let phish = (PolicyKind::AntiPhish, name.as_str());
        if decision.category == Category::HighConfidencePhish {
            self.try_change(phish, "phish_threshold_level", "1", |case| {
                case.policies.anti_phish.to_mut().phish_threshold_level = 1;
            });
        }
        if decision.category != Category::Spoof {
            return;
        }
        for action in [SpoofAction::MoveToJmf, SpoofAction::Quarantine] {
            self.try_change(phish, "authentication_fail_action", action.as_str(), |case| {
                case.policies.anti_phish.to_mut().authentication_fail_action = action;
            });
            self.try_change(phish, "dmarc_quarantine_action", action.as_str(), |case| {
                case.policies.anti_phish.to_mut().dmarc_quarantine_action = action;
            });
        }
        for action in [DmarcRejectAction::Reject, DmarcRejectAction::Quarantine] {
            self.try_change(phish, "dmarc_reject_action", action.as_str(), |case| {
                case.policies.anti_phish.to_mut().dmarc_reject_action = action;
            });
        }
        let honours = !self.case.policies.anti_phish.honor_dmarc_policy;
        self.try_change(phish, "honor_dmarc_policy", honours.to_string(), |case| {
            case.policies.anti_phish.to_mut().honor_dmarc_policy = honours;
        });
        let is_on = !self.case.policies.anti_phish.enable_spoof_intelligence;
        self.try_change(phish, "enable_spoof_intelligence", is_on.to_string(), |case| {
            case.policies.anti_phish.to_mut().enable_spoof_intelligence = is_on;
        });
    }
}

/// Which columns of the matrix an override came from.
fn sources(policy: PolicyKind, allows: bool) -> &'static [Source] {
    match (policy, allows) {
        (PolicyKind::MailFlowRule, true) => &[Source::RuleAllow],
        (PolicyKind::MailFlowRule, false) => &[Source::RuleBlock],
        (PolicyKind::ConnectionFilter, _) => &[Source::IpAllow],
        (PolicyKind::TenantAllowBlock, _) => &[Source::TenantAllow, Source::IpAllow],
        (PolicyKind::User, true) => &[Source::UserSafe],
        (PolicyKind::User, false) => &[Source::UserBlocked],
        (_, true) => &[Source::PolicyAllow],
        (_, false) => &[Source::PolicyBlock],
    }
}

fn word(source: Source) -> &'static str {
    match source {
        Source::RuleAllow | Source::RuleBlock => "set_scl",
        Source::IpAllow => "ip_allow_list",
        Source::PolicyAllow => "allowed_senders",
        Source::PolicyBlock => "blocked_senders",
        Source::TenantAllow => "sender",
        Source::UserSafe => "safe_senders",
        Source::UserBlocked => "blocked_senders",
    }
}
