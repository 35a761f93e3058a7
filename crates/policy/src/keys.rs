//! The keys that a tenant's file may have, and what is said about any other.
//!
//! Touches nothing. An unknown key is always an error: one that Exchange Online has and this
//! gateway does not act on is named as such; Microsoft's spelling and slips of the pen get a
//! suggestion.

use std::ops::Range;

use posthouse_types::{SHOWN_CHARACTERS_MAX, printable};
use toml::de::{DeTable, DeValue};

use crate::outbound;
use crate::protection;
use crate::rules;

/// A key that is not taken.
pub(crate) struct RefusedKey {
    pub(crate) span: Range<usize>,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

/// Holds each key of the file against the ones that act.
pub(crate) fn check(file: &DeTable<'_>) -> Result<(), RefusedKey> {
    for (key, value) in file {
        let name = key.get_ref().as_ref();
        let Some(table) = tables().find(|table| table.name == name) else {
            return Err(refused_table(name, key.span()));
        };
        match (table.repeats, value.get_ref()) {
            (true, DeValue::Array(elements)) => {
                for element in elements {
                    let Some(element) = element.get_ref().as_table() else {
                        return Err(wrong_brackets(table, key.span()));
                    };
                    check_table(table, element)?;
                }
            }
            (false, DeValue::Table(element)) => check_table(table, element)?,
            _ => return Err(wrong_brackets(table, key.span())),
        }
    }
    Ok(())
}

fn check_table(table: &Table, element: &DeTable<'_>) -> Result<(), RefusedKey> {
    for (key, value) in element {
        let name = key.get_ref().as_ref();
        if !table.keys.contains(&name) {
            return Err(refused_key(table, name, key.span()));
        }
        let nested = rules::NESTED.iter().filter(|_| table.name == rules::TABLE.name);
        let nested = nested.filter(|(held_by, _)| *held_by == name).map(|(_, nested)| nested);
        for nested in nested {
            match value.get_ref() {
                DeValue::Table(inner) => check_table(nested, inner)?,
                _ => return Err(wrong_brackets(nested, key.span())),
            }
        }
    }
    Ok(())
}

/// A table of the file.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) repeats: bool,
    pub(crate) keys: &'static [&'static str],
    /// Keys that Exchange Online has and that do not act here, with what to do instead.
    pub(crate) unsupported: &'static [(&'static str, &'static str)],
}

impl Table {
    fn written(&self) -> String {
        if self.repeats { format!("[[{}]]", self.name) } else { format!("[{}]", self.name) }
    }
}

const LEAVE_OUT: &str = "leave it out";

const TABLES: &[Table] = &[
    Table {
        name: "tenant",
        repeats: false,
        keys: &["name", "postmaster", "srs_domain", "arc_seal_domain"],
        unsupported: &[],
    },
    Table {
        name: "accepted_domain",
        repeats: true,
        keys: &["name", "type", "match_sub_domains", "verified"],
        unsupported: &[
            ("outbound_only", LEAVE_OUT),
            ("sending_from_domain_disabled", LEAVE_OUT),
            ("sending_to_domain_disabled", LEAVE_OUT),
            ("mail_flow_region", "leave it out: a node has one region"),
        ],
    },
    Table {
        name: "recipient",
        repeats: true,
        keys: &["address", "safe_senders", "blocked_senders"],
        unsupported: &[
            ("trusted_senders_and_domains", "write safe_senders"),
            ("blocked_senders_and_domains", "write blocked_senders"),
            ("trusted_recipients_and_domains", LEAVE_OUT),
            ("contacts_trusted", LEAVE_OUT),
        ],
    },
    Table {
        name: "inbound_connector",
        repeats: true,
        keys: &[
            "name",
            "enabled",
            "connector_type",
            "connector_source",
            "comment",
            "sender_domains",
            "associated_accepted_domains",
            "sender_ip_addresses",
            "restrict_domains_to_ip_addresses",
            "restrict_domains_to_certificate",
            "require_tls",
            "tls_sender_certificate_name",
            "tls_sender_issuer",
            "chain",
            "check_revocation",
            "cloud_services_mail_enabled",
            "allow_forwarding",
            "ef_skip_last_ip",
            "ef_skip_ips",
            "ef_users",
        ],
        unsupported: &[
            ("treat_messages_as_internal", "leave it out: no mail bypasses the filter yet"),
            ("trusted_organizations", "leave it out: identify the sender by its certificate"),
            ("ef_skip_mail_gateway", "leave it out: Microsoft reserves it"),
            ("ef_test_mode", "leave it out: Microsoft reserves it"),
            ("scan_and_drop_recipients", LEAVE_OUT),
            ("client_host_names", "leave it out: identify the sender by its certificate"),
        ],
    },
    Table {
        name: "outbound_connector",
        repeats: true,
        keys: &[
            "name",
            "enabled",
            "connector_type",
            "connector_source",
            "comment",
            "recipient_domains",
            "use_mx_record",
            "smart_hosts",
            "tls_settings",
            "tls_domain",
            "tls_certificate",
            "tls_key",
            "all_accepted_domains",
            "cloud_services_mail_enabled",
            "is_transport_rule_scoped",
            "sender_rewriting_enabled",
            "test_mode",
        ],
        unsupported: &[
            ("link_for_modified_connector", "leave it out: Microsoft reserves it"),
            (
                "route_all_messages_via_on_premises",
                "leave it out; recipient_domains = [\"*\"] sends all other mail through a connector",
            ),
            ("mta_sts_mode", "leave it out: give the destination a connector with tls_settings"),
            ("smtp_dane_mode", "leave it out: give the destination a connector with tls_settings"),
        ],
    },
    rules::TABLE,
    outbound::POLICY_TABLE,
    outbound::DKIM_TABLE,
];

/// Every table: the tenant's own, then its protection's.
fn tables() -> impl Iterator<Item = &'static Table> {
    TABLES.iter().chain(protection::tables::TABLES)
}

fn refused_table(name: &str, span: Range<usize>) -> RefusedKey {
    let suggestion = closest(name, tables().map(|table| table.name))
        .and_then(|name| tables().find(|table| table.name == name));
    let known = tables().map(Table::written).collect::<Vec<_>>().join(", ");
    RefusedKey {
        span,
        message: format!(
            "{} is no table of a tenant's file",
            printable(name, SHOWN_CHARACTERS_MAX)
        ),
        hint: Some(match suggestion {
            Some(table) => format!("did you mean {}?", table.written()),
            None => format!("there are {known}"),
        }),
    }
}

fn wrong_brackets(table: &Table, span: Range<usize>) -> RefusedKey {
    RefusedKey {
        span,
        message: format!("{} is not written as a table of this file", table.name),
        hint: Some(format!("write {}", table.written())),
    }
}

fn refused_key(table: &Table, name: &str, span: Range<usize>) -> RefusedKey {
    let place = table.written();
    let shown = printable(name, SHOWN_CHARACTERS_MAX);
    let unsupported = table.unsupported.iter().find(|(key, _)| folded(key) == folded(name));
    if let Some((key, instead)) = unsupported {
        let message = format!("{key} in {place} is not supported yet");
        return RefusedKey { span, message, hint: Some((*instead).to_owned()) };
    }
    // Microsoft's DomainType is the one field whose name is shorter here.
    let suggestion = match folded(name).as_str() {
        "domaintype" => Some("type"),
        "domainname" => Some("name"),
        _ => closest(name, table.keys.iter().copied()),
    };
    RefusedKey {
        span,
        message: format!("{shown} is no key of {place}"),
        hint: Some(match suggestion.filter(|key| table.keys.contains(key)) {
            Some(key) => format!("did you mean {key}?"),
            None => format!("there are {}", table.keys.join(", ")),
        }),
    }
}

/// The known word that this one spells in another case or with a slip or two.
fn closest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    /// Letters that may be wrong: `sender_domain`, `smarthost`, `tls_sender_certifcate_name`.
    const SLIPS_MAX: usize = 2;
    let folded_word = folded(word);
    known
        .map(|candidate| (distance(&folded_word, &folded(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= SLIPS_MAX && *distance < candidate.len() / 2)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Case and separators taken away: `TlsSenderCertificateName` is `tls_sender_certificate_name`.
fn folded(word: &str) -> String {
    word.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Levenshtein's distance, in characters.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (line, left) in a.bytes().enumerate() {
        let mut diagonal = line;
        let mut before = line + 1;
        for (cell, right) in row.iter_mut().zip(std::iter::once(None).chain(b.bytes().map(Some))) {
            let Some(right) = right else {
                *cell = line + 1;
                continue;
            };
            let best = (diagonal + usize::from(left != right)).min(*cell + 1).min(before + 1);
            diagonal = std::mem::replace(cell, best);
            before = best;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_slips() {
        for (a, b, slips) in
            [("", "", 0), ("a", "", 1), ("", "ab", 2), ("kitten", "sitting", 3), ("abc", "abc", 0)]
        {
            assert_eq!(distance(a, b), slips, "{a} {b}");
        }
    }
}
