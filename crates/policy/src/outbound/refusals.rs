//! What is refused on the way out, and by a mail-flow rule: Exchange Online's words, and what the
//! administrator needs.
//!
//! Touches nothing.

use posthouse_types::{
    Address, EnhancedStatus, Reason, Refusal, SHOWN_CHARACTERS_MAX, UnixMillis, printable_ascii,
};

use super::limits::{CountedKind, Exceeded, Window};
use crate::rules::RuleRejection;
use crate::text::shown;

/// Blocked recipients that a refusal names: a reply is one line.
const NAMED_MAX: usize = 3;
/// The words to a sender that sent too much.
pub const SENDER_RESTRICTED: &str = "Access denied, bad outbound sender";
/// The words where a connector or the whole tenant sends too much.
pub const TENANT_LIMIT_EXCEEDED: &str = "Access denied, tenant has exceeded threshold";
/// The words to a mailbox that forwards by itself where it may not.
pub const FORWARDING_DENIED: &str = "Access denied, Your organization does not allow external \
    forwarding. Please contact your administrator for further assistance. AS(7555)";

/// `550 5.1.8`: the sender is restricted.
pub fn sender_restricted(sender: &str, why: &str, until: Option<UnixMillis>) -> Refusal {
    let ends = match until {
        Some(_) => "it ends with this day (UTC), or with",
        None => "it ends with",
    };
    Refusal::new(
        Reason::SenderRestricted,
        550,
        EnhancedStatus(5, 1, 8),
        SENDER_RESTRICTED,
        format!("{} is restricted ({why}); {ends} posthouse restricted release", shown(sender)),
    )
}

/// A limit of the outbound policy is reached: `550 5.1.8` for a sender, `451 4.7.705` for what
/// many share, which sends on once the hour has passed.
pub fn limit_exceeded(exceeded: &Exceeded) -> Refusal {
    let window = match exceeded.window {
        Window::ExternalPerHour => "recipients outside the organisation in an hour",
        Window::InternalPerHour => "recipients within the organisation in an hour",
        Window::PerDay => "recipients in a day",
        Window::PerHour => "recipients in an hour",
    };
    let (kind, name) = (exceeded.entity.kind, &exceeded.entity.name);
    let operator = format!(
        "{} {} has reached the limit of {} {window} in [outbound_policy]",
        kind.as_str(),
        shown(name),
        exceeded.limit
    );
    let (code, status, words) = match kind {
        CountedKind::Sender => (550, EnhancedStatus(5, 1, 8), SENDER_RESTRICTED),
        CountedKind::Connector | CountedKind::Tenant => {
            (451, EnhancedStatus(4, 7, 705), TENANT_LIMIT_EXCEEDED)
        }
    };
    Refusal::new(Reason::OutboundLimitExceeded, code, status, words, operator)
}

/// `550 5.7.520`: a mailbox forwards to the outside by itself, and may not.
pub fn forwarding_denied() -> Refusal {
    Refusal::new(
        Reason::ForwardingDenied,
        550,
        EnhancedStatus(5, 7, 520),
        FORWARDING_DENIED,
        "the message was forwarded by a mailbox itself, and auto_forwarding_mode of \
         [outbound_policy] does not allow that",
    )
}

/// `550 5.7.703`: some recipients are blocked by the tenant's own list, as senders are.
pub fn recipients_blocked(blocked: &[&Address]) -> Refusal {
    let names: Vec<_> = blocked
        .iter()
        .take(NAMED_MAX)
        .map(|address| printable_ascii(&address.to_string(), SHOWN_CHARACTERS_MAX))
        .collect();
    let names = names.join(", ");
    Refusal::new(
        Reason::RecipientBlocked,
        550,
        EnhancedStatus(5, 7, 703),
        format!(
            "Your message can't be delivered because messages to {names} are blocked by your \
             organization using Tenant Allow Block List."
        ),
        format!("a tenant_allow_block entry blocks {names}; the whole message is refused"),
    )
}

/// A mail-flow rule refuses a message.
pub fn rejected_by_rule(rule: &str, rejection: &RuleRejection) -> Refusal {
    Refusal::new(
        Reason::RejectedByRule,
        550,
        rejection.enhanced().unwrap_or(EnhancedStatus(5, 7, 1)),
        &*rejection.text,
        format!("the mail-flow rule {} refuses it", shown(rule)),
    )
}
