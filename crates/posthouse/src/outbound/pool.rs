//! Which of our addresses a message leaves from: the usual one, or that for mail that is probably
//! unwanted, so that it does not harm the reputation of all other mail (spec 4, high-risk pool).
//!
//! Touches nothing. Only for mail by MX: a smart host knows us by our address, or by what
//! stands for it. Without settings there is one pool.

use std::net::IpAddr;

use posthouse_message::Wishes;
use posthouse_store::StoredMessage;
use serde::Deserialize;

use super::route::Route;

/// `[outbound]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PoolSettings {
    /// The address that reports, and mail that is judged to be spam on its way out, leave from.
    /// Servers that have no address of its family are not reached from it.
    pub(crate) high_risk_source_address: Option<IpAddr>,
    /// The name in EHLO there; left out: the node's.
    pub(crate) high_risk_helo: Option<String>,
}

/// A pool of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pool {
    /// The usual one.
    Usual,
    /// That for mail that is probably unwanted.
    HighRisk,
}

impl Pool {
    /// The pool of a message on a route. Reports have no sender; what was judged carries a word
    /// of it among our own fields.
    pub(super) fn of(message: &StoredMessage, route: &Route, settings: &PoolSettings) -> Self {
        let is_high_risk = settings.high_risk_source_address.is_some()
            && route.is_by_mx()
            && (message.sender.is_none() || Wishes::read(&message.head).is_high_risk);
        if is_high_risk { Self::HighRisk } else { Self::Usual }
    }

    /// The address to leave from, where it is not the system's choice.
    pub(super) fn source_address(self, settings: &PoolSettings) -> Option<IpAddr> {
        settings.high_risk_source_address.filter(|_| self == Self::HighRisk)
    }

    /// The name in EHLO, where it is not the node's.
    pub(super) fn helo_name(self, settings: &PoolSettings) -> Option<String> {
        settings.high_risk_helo.clone().filter(|_| self == Self::HighRisk)
    }
}
