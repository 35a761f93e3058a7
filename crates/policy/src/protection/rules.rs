//! Rules between the settings of a protection that no single value can break: a file that breaks
//! one is refused.
//!
//! Touches nothing.

use std::collections::BTreeSet;

use super::Protection;
use super::allow_block::{ALLOW_BLOCK_MAX, ListType, SPOOF_PAIRS_MAX};
use super::anti_phish::{
    AntiPhishPolicy, EXCLUDED_MAX, ImpersonationAction, TARGETED_DOMAINS_MAX, TARGETED_USERS_MAX,
};
use super::anti_spam::{ASF, AntiSpamPolicy, QUARANTINE_DAYS_MAX, SpamAction};
use super::connection::CONNECTION_LIST_MAX;
use super::quarantine::{self, permission};
use super::scope::Scoped;
use super::values::AsfState;
use crate::text::shown;
use crate::violations::{Violation, name_is_wrong};

/// Policies of one type: each is looked at for each recipient that no earlier one is for.
pub const POLICIES_MAX: usize = 500;
/// Entries of a policy's list of recipients or senders.
pub const POLICY_LIST_MAX: usize = 1024;

/// The first broken rule.
pub(crate) fn first(protection: &Protection) -> Option<Violation> {
    policies("anti_spam_policy", &protection.anti_spam_policies)
        .or_else(|| policies("anti_phish_policy", &protection.anti_phish_policies))
        .or_else(|| policies("malware_policy", &protection.malware_policies))
        .or_else(|| each(&protection.anti_spam_policies, anti_spam))
        .or_else(|| each(&protection.anti_phish_policies, anti_phish))
        .or_else(|| lists(protection))
        .or_else(|| quarantine_policies(protection))
        .or_else(|| tags(protection))
}

fn each<P>(policies: &[P], rules: fn(&P) -> Vec<Rule>) -> Option<Violation>
where
    P: Scoped + Table,
{
    policies.iter().enumerate().find_map(|(index, policy)| {
        let (_, key, message) = rules(policy).into_iter().find(|(is_broken, ..)| *is_broken)?;
        let message = format!("policy {}: {message}", shown(policy.name()));
        Some(Violation { table: P::TABLE, index, key, message, hint: None })
    })
}

trait Table {
    const TABLE: &'static str;
}

impl Table for AntiSpamPolicy {
    const TABLE: &'static str = "anti_spam_policy";
}

impl Table for AntiPhishPolicy {
    const TABLE: &'static str = "anti_phish_policy";
}

/// Broken, at which key, and what is said.
type Rule = (bool, &'static str, &'static str);

/// Names and recipients of one type's policies.
fn policies<P: Scoped>(table: &'static str, policies: &[P]) -> Option<Violation> {
    let broken = |index, key, message: String, hint: &str| {
        let hint = (!hint.is_empty()).then(|| hint.to_owned());
        Some(Violation { table, index, key, message, hint })
    };
    if policies.len() > POLICIES_MAX {
        return broken(
            POLICIES_MAX,
            "",
            format!("more than {POLICIES_MAX} [[{table}]] tables"),
            "",
        );
    }
    let mut seen = BTreeSet::new();
    for (index, policy) in policies.iter().enumerate() {
        if let Some(message) = name_is_wrong(policy.name()) {
            return broken(index, "name", message, "");
        }
        if !seen.insert(policy.name().to_lowercase()) {
            return broken(index, "name", format!("a second [[{table}]] of this name"), "");
        }
        let scope = policy.scope();
        let shown = shown(policy.name());
        if policy.is_default() && !scope.is_empty() {
            let message = format!("policy {shown} is for everybody whom no other is for");
            return broken(index, "name", message, "leave out sent_to and the like");
        }
        if policy.is_default() && !policy.is_enabled() {
            let message = format!("policy {shown} cannot be switched off");
            return broken(index, "enabled", message, "leave enabled out");
        }
        if !policy.is_default() && !scope.has_condition() {
            let message = format!("policy {shown} does not say whom it is for");
            let hint = "add recipient_domain_is or sent_to, or name it \"Default\"";
            return broken(index, "name", message, hint);
        }
        let longest = scope
            .sent_to
            .len()
            .max(scope.recipient_domain_is.len())
            .max(scope.except_if_sent_to.len())
            .max(scope.except_if_recipient_domain_is.len());
        if longest > POLICY_LIST_MAX {
            let message = format!("policy {shown}: a list has more than {POLICY_LIST_MAX} entries");
            return broken(index, "name", message, "use recipient_domain_is");
        }
    }
    None
}

fn anti_spam(policy: &AntiSpamPolicy) -> Vec<Rule> {
    let actions = [
        policy.spam_action,
        policy.high_confidence_spam_action,
        policy.phish_spam_action,
        policy.high_confidence_phish_action,
        policy.bulk_spam_action,
    ];
    let redirects = actions.contains(&SpamAction::Redirect);
    let has_no_test = ASF.iter().find(|row| !row.has_test && (row.state)(policy) == AsfState::Test);
    let longest = policy
        .allowed_senders
        .len()
        .max(policy.allowed_sender_domains.len())
        .max(policy.blocked_senders.len())
        .max(policy.blocked_sender_domains.len());
    let only_bulk = |action: SpamAction| action == SpamAction::NoAction;
    vec![
        (!(1..=9).contains(&policy.bulk_threshold), "bulk_threshold", "bulk_threshold is 1 to 9"),
        (
            !(1..=QUARANTINE_DAYS_MAX).contains(&policy.quarantine_retention_period),
            "quarantine_retention_period",
            "quarantine_retention_period is 1 to 30 days",
        ),
        (
            !matches!(
                policy.high_confidence_phish_action,
                SpamAction::Quarantine | SpamAction::Redirect
            ),
            "high_confidence_phish_action",
            "high_confidence_phish_action is \"quarantine\" or \"redirect\"",
        ),
        (only_bulk(policy.spam_action), "spam_action", "\"no-action\" is for bulk only"),
        (
            only_bulk(policy.high_confidence_spam_action),
            "high_confidence_spam_action",
            "\"no-action\" is for bulk only",
        ),
        (
            only_bulk(policy.phish_spam_action),
            "phish_spam_action",
            "\"no-action\" is for bulk only",
        ),
        (
            redirects && policy.redirect_to_recipients.is_empty(),
            "redirect_to_recipients",
            "an action redirects, and redirect_to_recipients is empty",
        ),
        (
            has_no_test.is_some(),
            has_no_test.map_or("name", |row| row.setting),
            "this switch is \"off\" or \"on\": it has no \"test\"",
        ),
        (
            policy.enable_region_block_list,
            "enable_region_block_list",
            "nothing here knows an address's country: leave it out, or block the addresses",
        ),
        (longest > POLICY_LIST_MAX, "name", "a list of senders has more than 1024 entries"),
        (
            policy.modify_subject_value.chars().any(char::is_control)
                || policy.modify_subject_value.len() > SUBJECT_TEXT_MAX,
            "modify_subject_value",
            "modify_subject_value is one line of at most 100 octets",
        ),
    ]
}

/// Longest text before a subject: with a subject of 255 characters it stays one that Exchange
/// takes.
const SUBJECT_TEXT_MAX: usize = 100;

fn anti_phish(policy: &AntiPhishPolicy) -> Vec<Rule> {
    let needs = |action: ImpersonationAction, recipients: &[posthouse_types::Address]| {
        matches!(action, ImpersonationAction::Redirect | ImpersonationAction::BccMessage)
            && recipients.is_empty()
    };
    let excluded = policy.excluded_senders.len().max(policy.excluded_domains.len());
    vec![
        (
            !(1..=4).contains(&policy.phish_threshold_level),
            "phish_threshold_level",
            "phish_threshold_level is 1 to 4",
        ),
        (
            policy.targeted_users_to_protect.len() > TARGETED_USERS_MAX,
            "targeted_users_to_protect",
            "more than 350 protected users",
        ),
        (
            policy.targeted_domains_to_protect.len() > TARGETED_DOMAINS_MAX,
            "targeted_domains_to_protect",
            "more than 50 protected domains",
        ),
        (excluded > EXCLUDED_MAX, "excluded_senders", "more than 1024 trusted senders or domains"),
        (
            needs(policy.targeted_user_protection_action, &policy.targeted_user_action_recipients),
            "targeted_user_protection_action",
            "this action needs targeted_user_action_recipients",
        ),
        (
            needs(
                policy.targeted_domain_protection_action,
                &policy.targeted_domain_action_recipients,
            ),
            "targeted_domain_protection_action",
            "this action needs targeted_domain_action_recipients",
        ),
        (
            needs(
                policy.mailbox_intelligence_protection_action,
                &policy.mailbox_intelligence_action_recipients,
            ),
            "mailbox_intelligence_protection_action",
            "this action needs mailbox_intelligence_action_recipients",
        ),
    ]
}

fn lists(protection: &Protection) -> Option<Violation> {
    let filter = &protection.connection_filter;
    for (key, length) in [
        ("ip_allow_list", filter.ip_allow_list.len()),
        ("ip_block_list", filter.ip_block_list.len()),
    ] {
        if length > CONNECTION_LIST_MAX {
            let message = format!("{key} has more than {CONNECTION_LIST_MAX} entries");
            let hint = Some("a mail-flow rule with SCL -1 takes larger ranges".to_owned());
            return Some(Violation { table: "connection_filter", index: 0, key, message, hint });
        }
    }
    let entries = &protection.tenant_allow_blocks;
    let pairs = entries.iter().filter(|entry| entry.list_type() == ListType::Spoof).count();
    let too_many = [(pairs, SPOOF_PAIRS_MAX), (entries.len() - pairs, ALLOW_BLOCK_MAX)];
    too_many.into_iter().find(|(count, most)| count > most).map(|(_, most)| Violation {
        table: "tenant_allow_block",
        index: 0,
        key: "",
        message: format!("more than {most} entries of this kind"),
        hint: None,
    })
}

fn quarantine_policies(protection: &Protection) -> Option<Violation> {
    let mut seen = BTreeSet::new();
    for (index, policy) in protection.quarantine_policies.iter().enumerate() {
        let broken = |key, message: String| {
            Some(Violation { table: "quarantine_policy", index, key, message, hint: None })
        };
        if let Some(message) = name_is_wrong(&policy.name) {
            return broken("name", message);
        }
        let is_built_in =
            quarantine::BUILT_IN.iter().any(|(name, ..)| name.eq_ignore_ascii_case(&policy.name));
        if is_built_in || !seen.insert(policy.name.to_lowercase()) {
            return broken("name", "a second quarantine policy of this name".to_owned());
        }
        let both = permission::RELEASE | permission::REQUEST_RELEASE;
        if policy.end_user_quarantine_permissions_value & both == both {
            return broken(
                "end_user_quarantine_permissions_value",
                "Release (4) and RequestRelease (8) exclude each other".to_owned(),
            );
        }
    }
    None
}

/// Every tag has to name a quarantine policy: a slip of the pen would take away what users may do.
fn tags(protection: &Protection) -> Option<Violation> {
    let is_known = |tag: &str| {
        quarantine::BUILT_IN.iter().any(|(name, ..)| name.eq_ignore_ascii_case(tag))
            || protection
                .quarantine_policies
                .iter()
                .any(|policy| policy.name.eq_ignore_ascii_case(tag))
    };
    let wrong = |table, index, key, tag: &str| {
        let message = format!("{} is no quarantine policy", shown(tag));
        let hint = Some("add a [[quarantine_policy]], or use a built-in one".to_owned());
        (!is_known(tag)).then_some(Violation { table, index, key, message, hint })
    };
    let spam = protection.anti_spam_policies.iter().enumerate().find_map(|(index, policy)| {
        [
            ("spam_quarantine_tag", &policy.spam_quarantine_tag),
            ("high_confidence_spam_quarantine_tag", &policy.high_confidence_spam_quarantine_tag),
            ("phish_quarantine_tag", &policy.phish_quarantine_tag),
            ("high_confidence_phish_quarantine_tag", &policy.high_confidence_phish_quarantine_tag),
            ("bulk_quarantine_tag", &policy.bulk_quarantine_tag),
        ]
        .into_iter()
        .find_map(|(key, tag)| wrong("anti_spam_policy", index, key, tag))
    });
    let phish = || {
        protection.anti_phish_policies.iter().enumerate().find_map(|(index, policy)| {
            [
                ("spoof_quarantine_tag", &policy.spoof_quarantine_tag),
                ("targeted_user_quarantine_tag", &policy.targeted_user_quarantine_tag),
                ("targeted_domain_quarantine_tag", &policy.targeted_domain_quarantine_tag),
                (
                    "mailbox_intelligence_quarantine_tag",
                    &policy.mailbox_intelligence_quarantine_tag,
                ),
            ]
            .into_iter()
            .find_map(|(key, tag)| wrong("anti_phish_policy", index, key, tag))
        })
    };
    let malware = || {
        protection.malware_policies.iter().enumerate().find_map(|(index, policy)| {
            wrong("malware_policy", index, "quarantine_tag", &policy.quarantine_tag)
        })
    };
    spam.or_else(phish).or_else(malware)
}
