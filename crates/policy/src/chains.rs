//! By which rules a connector judges the peer's chain, and which report is the one that counts.
//!
//! Touches nothing. The chain as it was sent is judged once, in the handshake. A connector may have
//! it judged otherwise (`chain = "repair"`, `check_revocation`): [`chain_rules`] says for whom,
//! the caller has those reports made, and [`attribute`](crate::attribute()) looks them up.

use std::sync::Arc;

use posthouse_types::{ChainMode, ChainReason, ChainReport, TenantId};

use crate::attribution::{Question, RecipientPath};
use crate::directory::Directory;
use crate::partner;
use crate::recognition::{self, Shown};
use crate::tenant::InboundConnector;

/// Other rules than the usual ones by which one question has a chain judged. A certificate's names
/// seldom lead to more than one tenant, and each further one costs an examination.
pub const CHAIN_RULES_MAX: usize = 8;

/// How a chain is to be judged, where that is not: as sent, revocation left aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainRule {
    /// Whose intermediates count, with [`ChainMode::Repair`].
    pub tenant: TenantId,
    /// Which intermediates count.
    pub mode: ChainMode,
    /// Whether the node's revocation lists are consulted.
    pub check_revocation: bool,
}

impl ChainRule {
    /// The rule of a connector; `None` for the usual one.
    fn of(tenant: TenantId, connector: &InboundConnector) -> Option<Self> {
        let (mode, check_revocation) = (connector.chain, connector.check_revocation);
        let is_usual = mode == ChainMode::AsSent && !check_revocation;
        (!is_usual).then_some(Self { tenant, mode, check_revocation })
    }

    /// Whether it could come to another verdict than the usual one did.
    fn can_differ_from(self, as_sent: &ChainReport) -> bool {
        self.check_revocation || !as_sent.is_accepted()
    }
}

/// A chain judged by a rule.
#[derive(Clone, Debug)]
pub struct RuledChain {
    /// The rule.
    pub rule: ChainRule,
    /// What it came to.
    pub report: Arc<ChainReport>,
    /// Why the chain is not accepted, in one sentence for the peer.
    pub sentence: String,
}

/// The rules, other than the usual one, of the connectors that this question leads to; at most
/// [`CHAIN_RULES_MAX`]. Empty for most: then nothing has to be examined again.
pub fn chain_rules(question: &Question<'_>, directory: &Directory) -> Vec<ChainRule> {
    let Some(as_sent) = Shown::by(question.peer).chain() else { return Vec::new() };
    let named = recognition::candidates(question, directory);
    let named = named.iter().map(|candidate| (candidate.entry.id, candidate.connector));
    let hosting = match question.recipient {
        RecipientPath::Mailbox(address) => directory.hosting_entry(address.domain()),
        RecipientPath::Postmaster => None,
    };
    let partners = hosting.into_iter().flat_map(|(host, domain)| {
        let about = partner::about(host, domain, question).into_iter();
        about
            .filter(|connector| connector.restrict_domains_to_certificate)
            .map(|connector| (host.id, connector))
    });
    let mut rules = Vec::new();
    for (tenant, connector) in named.chain(partners) {
        let rule = ChainRule::of(tenant, connector).filter(|rule| rule.can_differ_from(as_sent));
        rules.extend(rule.filter(|rule| rules.len() < CHAIN_RULES_MAX && !rules.contains(rule)));
    }
    rules
}

impl<'a> Question<'a> {
    /// The report that counts for a connector of this tenant; `None` where no chain was sent.
    pub(crate) fn chain_for(
        &self,
        tenant: TenantId,
        connector: &InboundConnector,
    ) -> Option<JudgedChain<'a>> {
        let as_sent = Shown::by(self.peer).chain()?;
        let rule = ChainRule::of(tenant, connector);
        let ruled = rule.and_then(|rule| self.chains.iter().find(|ruled| ruled.rule == rule));
        Some(JudgedChain { as_sent, ruled })
    }
}

/// A chain as one connector judges it.
#[derive(Clone, Copy)]
pub(crate) struct JudgedChain<'a> {
    as_sent: &'a ChainReport,
    pub(crate) ruled: Option<&'a RuledChain>,
}

impl<'a> JudgedChain<'a> {
    pub(crate) fn report(self) -> &'a ChainReport {
        self.ruled.map_or(self.as_sent, |ruled| &ruled.report)
    }

    /// The report to explain a refusal with, where it is not the one on the chain as sent: a
    /// revoked certificate has to be replaced, whatever else is wrong.
    pub(crate) fn revoked(self) -> Option<&'a RuledChain> {
        self.ruled.filter(|ruled| ruled.report.reason == ChainReason::Revoked)
    }
}
