//! The protection's tables in a tenant's file: their keys, and what Exchange Online has there that
//! does not act here.
//!
//! Touches nothing. `file` reads and writes the tables, `keys` refuses what is not listed here.

use super::GeneralProtection;
use super::allow_block::TenantAllowBlock;
use super::anti_phish::AntiPhishPolicy;
use super::anti_spam::AntiSpamPolicy;
use super::connection::ConnectionFilter;
use super::malware::MalwarePolicy;
use super::presets::Preset;
use super::quarantine::QuarantinePolicy;
use crate::keys::Table;

const GROUPS: (&str, &str) =
    ("sent_to_member_of", "leave it out: list the members in sent_to, or use recipient_domain_is");
const EXCEPT_GROUPS: (&str, &str) =
    ("except_if_sent_to_member_of", "leave it out: list the members in except_if_sent_to");
const NOTICES: &str = "leave it out: administrators see malware in posthouse quarantine list";

/// The tables.
pub(crate) const TABLES: &[Table] = &[
    Table {
        name: "protection",
        repeats: false,
        keys: GeneralProtection::KEYS,
        unsupported: &[("phish_sim_override_rule", "leave it out")],
    },
    Table {
        name: "preset",
        repeats: true,
        keys: Preset::KEYS,
        unsupported: &[GROUPS, EXCEPT_GROUPS],
    },
    Table {
        name: "anti_spam_policy",
        repeats: true,
        keys: AntiSpamPolicy::KEYS,
        unsupported: &[
            GROUPS,
            EXCEPT_GROUPS,
            ("enable_end_user_spam_notifications", "set esn_enabled in a [[quarantine_policy]]"),
            ("mark_as_spam_bulk_sender", "use mark_as_spam_bulk_mail"),
        ],
    },
    Table {
        name: "anti_phish_policy",
        repeats: true,
        keys: AntiPhishPolicy::KEYS,
        unsupported: &[
            GROUPS,
            EXCEPT_GROUPS,
            ("enable_suspicious_safety_tip", "leave it out"),
            ("impersonation_protection_state", "leave it out: the enable_ keys say it"),
        ],
    },
    Table {
        name: "malware_policy",
        repeats: true,
        keys: MalwarePolicy::KEYS,
        unsupported: &[
            GROUPS,
            EXCEPT_GROUPS,
            ("enable_internal_sender_admin_notifications", NOTICES),
            ("enable_external_sender_admin_notifications", NOTICES),
            ("internal_sender_admin_address", NOTICES),
            ("external_sender_admin_address", NOTICES),
            ("custom_notifications", NOTICES),
            ("custom_from_name", NOTICES),
            ("custom_from_address", NOTICES),
        ],
    },
    Table {
        name: "connection_filter",
        repeats: false,
        keys: ConnectionFilter::KEYS,
        unsupported: &[("enable_safe_list", "leave it out: that list is Microsoft's own")],
    },
    Table {
        name: "tenant_allow_block",
        repeats: true,
        keys: TenantAllowBlock::KEYS,
        unsupported: &[],
    },
    Table {
        name: "quarantine_policy",
        repeats: true,
        keys: QuarantinePolicy::KEYS,
        unsupported: &[
            (
                "include_messages_from_blocked_sender_address",
                "leave it out: nobody is told of senders that are blocked",
            ),
            ("end_user_quarantine_permissions", "use end_user_quarantine_permissions_value"),
            (
                "end_user_spam_notification_frequency",
                "set it in [protection]: as in Exchange Online, it is for the whole organisation",
            ),
        ],
    },
];
