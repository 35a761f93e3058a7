//! Mail that a mailbox forwards to the outside by itself: what whoever takes it over sets up first.
//!
//! Touches nothing. Known by the marks that mail systems leave on what their rules send; a server
//! that leaves none is not known.

use posthouse_types::Refusal;

use super::{OutboundPolicy, forwarding_denied};

/// Fields that a mailbox rule or a mailbox's own forwarding leaves: Exchange's inbox rules and its
/// agent for them, Gmail's forwarding, and what Dovecot's and others' sieve engines write. An empty
/// text stands for any value.
const MARKS: &[(&str, &str)] = &[
    ("X-MS-Exchange-Inbox-Rules-Loop", ""),
    ("X-MS-Exchange-Generated-Message-Source", "mailbox rules agent"),
    ("X-Forwarded-For", ""),
    ("X-Sieve-Redirected-From", ""),
    ("Auto-Submitted", "auto-forwarded"),
];

/// Whether a mailbox forwards this message by itself. The header: names, and decoded values.
pub fn is_auto_forwarded(header: &[(&str, &str)]) -> bool {
    header.iter().any(|(name, value)| {
        MARKS.iter().any(|(mark, word)| {
            name.eq_ignore_ascii_case(mark) && value.to_ascii_lowercase().contains(word)
        })
    })
}

/// Refuses it on its way to a recipient outside, where the policy does not allow that.
pub fn forwarding(
    policy: &OutboundPolicy,
    header: &[(&str, &str)],
    has_external_recipient: bool,
) -> Option<Refusal> {
    let is_denied =
        !policy.allows_forwarding() && has_external_recipient && is_auto_forwarded(header);
    is_denied.then(forwarding_denied)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::AutoForwardingMode;

    #[test]
    fn what_a_mailbox_forwards_stays_inside_where_the_policy_says_so() {
        let policy =
            |mode| OutboundPolicy { auto_forwarding_mode: mode, ..OutboundPolicy::default() };
        let marked = [("Subject", "x"), ("x-ms-exchange-inbox-rules-loop", "ann@t.example")];
        let plain = [("Subject", "FW: x"), ("X-MS-Exchange-Generated-Message-Source", "Journal")];
        for mode in [Some(AutoForwardingMode::Off), Some(AutoForwardingMode::Automatic)] {
            let refused = forwarding(&policy(mode), &marked, true).unwrap();
            assert_eq!(refused.reply.status.unwrap().to_string(), "5.7.520");
            assert!(forwarding(&policy(mode), &marked, false).is_none());
            assert!(forwarding(&policy(mode), &plain, true).is_none());
        }
        for mode in [None, Some(AutoForwardingMode::On)] {
            assert!(forwarding(&policy(mode), &marked, true).is_none());
        }
    }
}
