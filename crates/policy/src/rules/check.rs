//! The keys of `[[mail_flow_rule]]`, and what contradicts itself in one.
//!
//! Touches nothing. A rule that could never act, or that would act on a message's structure, is
//! refused with its place.

use super::actions::{field_name_is_wrong, is_one_line, is_structural};
use super::conditions::Conditions;
use super::{MailFlowRule, RULE_REJECTION_CHARACTERS_MAX, RULE_TEXTS_MAX, RULES_MAX, RuleActions};
use crate::keys::Table;
use crate::tenant::Tenant;
use crate::text::shown;
use crate::violations::{CONNECTOR_LIST_MAX, Violation, double, name_is_wrong};

const NAME: &str = "mail_flow_rule";

/// Longest value of a field that a rule writes, in characters: one line of RFC 5322 section 2.1.1
/// with its name.
const HEADER_VALUE_CHARACTERS_MAX: usize = 900;
/// Longest words before a subject, in characters: what is before them is not read any more.
const PREPEND_CHARACTERS_MAX: usize = 128;
/// Longest notice, in characters: Exchange Online's limit.
const DISCLAIMER_CHARACTERS_MAX: usize = 5_000;
/// Entries of any one list in a rule's actions: each is a recipient or field of every message.
const ACTION_LIST_MAX: usize = 100;

const NOT_HERE: &str = "leave it out";

/// The keys of a rule.
pub(crate) const TABLE: Table = Table {
    name: NAME,
    repeats: true,
    keys: &[
        "name",
        "enabled",
        "priority",
        "mode",
        "comment",
        "conditions",
        "exceptions",
        "actions",
    ],
    unsupported: &[
        ("activation_date", NOT_HERE),
        ("expiry_date", NOT_HERE),
        ("rule_error_action", NOT_HERE),
        ("state", "use enabled"),
        ("stop_rule_processing", "use stop_processing in [mail_flow_rule.actions]"),
    ],
};

const CONDITION_KEYS: &[&str] = &[
    "sender_location",
    "from",
    "from_domain",
    "from_scope",
    "sent_to",
    "recipient_domain",
    "sent_to_scope",
    "sender_ip_ranges",
    "message_size_over",
    "scl_over",
    "authentication_fails",
    "classified_as",
    "has_attachment",
    "attachment_name_matches",
    "attachment_extension",
    "attachment_size_over",
    "attachment_is_password_protected",
    "header_contains",
    "header_matches",
    "subject_contains",
    "subject_matches",
    "subject_or_body_contains",
    "subject_or_body_matches",
];

/// The tables within a rule: the key of the rule that holds them, and their keys.
pub(crate) const NESTED: &[(&str, Table)] = &[
    (
        "conditions",
        Table {
            name: "mail_flow_rule.conditions",
            repeats: false,
            keys: CONDITION_KEYS,
            unsupported: &[],
        },
    ),
    (
        "exceptions",
        Table {
            name: "mail_flow_rule.exceptions",
            repeats: false,
            keys: CONDITION_KEYS,
            unsupported: &[],
        },
    ),
    (
        "actions",
        Table {
            name: "mail_flow_rule.actions",
            repeats: false,
            keys: &[
                "set_scl",
                "set_header",
                "remove_header",
                "prepend_subject",
                "disclaimer",
                "redirect_to",
                "blind_copy_to",
                "route_by_connector",
                "require_tls",
                "quarantine",
                "reject",
                "delete",
                "stop_processing",
            ],
            unsupported: &[("copy_to", "use blind_copy_to")],
        },
    ),
];

/// The first thing that is wrong with a tenant's rules.
pub(crate) fn broken(tenant: &Tenant) -> Option<Violation> {
    let rules = tenant.mail_flow_rules();
    let whole = |index, key, message| Violation { table: NAME, index, key, message, hint: None };
    if rules.len() > RULES_MAX {
        let message = format!("more than {RULES_MAX} [[{NAME}]] tables");
        return Some(whole(RULES_MAX, "", message));
    }
    let names = rules.iter().map(|rule| rule.name.to_lowercase());
    if let Some(index) = double(names) {
        return Some(whole(index, "name", format!("a second [[{NAME}]] of this name")));
    }
    let mut texts = 0;
    rules.iter().enumerate().find_map(|(index, rule)| {
        if let Some(message) = name_is_wrong(&rule.name) {
            return Some(whole(index, "name", message));
        }
        texts += text_count(&rule.conditions) + text_count(&rule.exceptions);
        if texts > RULE_TEXTS_MAX {
            let message = format!("more than {RULE_TEXTS_MAX} words and patterns in all rules");
            return Some(whole(index, "conditions", message));
        }
        let wrong = conditions("conditions", &rule.conditions)
            .or_else(|| conditions("exceptions", &rule.exceptions))
            .or_else(|| contradiction(&rule.actions))
            .or_else(|| fields(&rule.actions))
            .or_else(|| unknown_connector(tenant, rule));
        wrong.map(|(key, message, hint)| Violation {
            table: NAME,
            index,
            key,
            message: format!("rule {}: {message}", shown(&rule.name)),
            hint: (!hint.is_empty()).then(|| hint.to_owned()),
        })
    })
}

/// Key, what is wrong, what to do.
type Wrong = (&'static str, String, &'static str);

fn text_count(conditions: &Conditions) -> usize {
    let words = conditions.header_contains.iter().map(|field| field.words.len());
    let patterns = conditions.header_matches.iter().map(|field| field.patterns.len());
    words.chain(patterns).sum::<usize>()
        + conditions.attachment_name_matches.len()
        + conditions.subject_contains.len()
        + conditions.subject_matches.len()
        + conditions.subject_or_body_contains.len()
        + conditions.subject_or_body_matches.len()
}

fn conditions(key: &'static str, asked: &Conditions) -> Option<Wrong> {
    let longest = [
        asked.from.len(),
        asked.from_domain.len(),
        asked.sent_to.len(),
        asked.recipient_domain.len(),
        asked.sender_ip_ranges.len(),
        asked.attachment_extension.len(),
    ];
    if longest.into_iter().any(|length| length > CONNECTOR_LIST_MAX) {
        let message = format!("a list has more than {CONNECTOR_LIST_MAX} entries");
        return Some((key, message, "use a second rule"));
    }
    let names = asked.header_contains.iter().map(|field| &field.header);
    let mut names = names.chain(asked.header_matches.iter().map(|field| &field.header));
    if let Some(message) = names.find_map(|name| field_name_is_wrong(name)) {
        return Some((key, message, ""));
    }
    if asked.scl_over.is_some_and(|scl| !(-1..=9).contains(&scl)) {
        return Some((key, "scl_over is -1 to 9".to_owned(), ""));
    }
    None
}

fn contradiction(actions: &RuleActions) -> Option<Wrong> {
    const KEY: &str = "actions";
    let wrong = |message: &str, hint| Some((KEY, message.to_owned(), hint));
    if *actions == RuleActions::default() {
        return wrong("it does nothing", "add an action, as set_scl = -1");
    }
    let ends = [actions.quarantine, actions.reject.is_some(), actions.delete];
    if ends.into_iter().filter(|end| *end).count() > 1 {
        return wrong("quarantine, reject and delete exclude one another", "keep one of them");
    }
    if actions.set_scl.is_some_and(|scl| !(-1..=9).contains(&scl)) {
        return wrong("set_scl is -1 to 9", "");
    }
    if let Some(rejection) = &actions.reject {
        if rejection.enhanced().is_none() {
            return wrong("the status of reject is none of class 5, as 5.7.1 is", "");
        }
        if !is_one_line(&rejection.text, RULE_REJECTION_CHARACTERS_MAX) {
            return wrong("the text of reject is not one line of at most 400 ASCII characters", "");
        }
    }
    let prepended = actions.prepend_subject.as_deref().unwrap_or_default();
    if prepended.chars().count() > PREPEND_CHARACTERS_MAX || prepended.chars().any(char::is_control)
    {
        return wrong("prepend_subject is not one line of at most 128 characters", "");
    }
    let notice = actions.disclaimer.as_ref();
    let longest = notice.map(|n| n.text.chars().count().max(n.html.chars().count()));
    if longest.is_some_and(|length| length > DISCLAIMER_CHARACTERS_MAX) {
        return wrong("the disclaimer has more than 5000 characters", "");
    }
    if notice.is_some_and(|notice| notice.text.trim().is_empty()) {
        return wrong("the disclaimer has no text", "give text, and html beside it where you like");
    }
    None
}

fn fields(actions: &RuleActions) -> Option<Wrong> {
    const KEY: &str = "actions";
    let lists = [
        actions.set_header.len(),
        actions.remove_header.len(),
        actions.redirect_to.len(),
        actions.blind_copy_to.len(),
    ];
    if lists.into_iter().any(|length| length > ACTION_LIST_MAX) {
        return Some((KEY, format!("a list has more than {ACTION_LIST_MAX} entries"), ""));
    }
    let written = actions.set_header.iter().map(|field| &field.header);
    for name in written.chain(&actions.remove_header) {
        if let Some(message) = field_name_is_wrong(name) {
            return Some((KEY, message, ""));
        }
        if is_structural(name) {
            let message =
                format!("{} says how the message is read or who vouches for it", shown(name));
            return Some((KEY, message, "leave it alone"));
        }
    }
    let too_long = |value: &str| !is_one_line(value, HEADER_VALUE_CHARACTERS_MAX);
    let long = actions.set_header.iter().find(|field| too_long(&field.value))?;
    let message = format!("the value of {} is not one line of ASCII", shown(&long.header));
    Some((KEY, message, ""))
}

fn unknown_connector(tenant: &Tenant, rule: &MailFlowRule) -> Option<Wrong> {
    let name = rule.actions.route_by_connector.as_deref()?;
    let is = |other: &str| other.to_lowercase() == name.to_lowercase();
    let known = tenant.outbound_connectors.iter().any(|connector| is(&connector.name));
    (!known).then(|| {
        let message = format!("there is no outbound connector {}", shown(name));
        ("actions", message, "name one of [[outbound_connector]]")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_condition_can_be_written_in_a_file() {
        let checked = super::super::conditions::names();
        let written: Vec<_> = CONDITION_KEYS.iter().skip(1).copied().collect();
        assert_eq!(checked, written);
    }
}
