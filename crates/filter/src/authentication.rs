//! Composite authentication: whether a sender is who the reader will think it is (spec 2.5, 2.8,
//! 2.11), and what was noticed on the way.
//!
//! Touches nothing: facts in, an answer with Microsoft's reason code and findings out. A look-up
//! that failed never counts against the sender (FLT-14).

mod findings;
mod skip_listing;
mod spoof;

use posthouse_types::{
    ArcClaims, ArcResult, AuthenticationFacts, Category, CompositeAuthentication, CompositeResult,
    ConnectionFacts, DmarcAction, DmarcFact, DmarcOutcome, DmarcPolicy, DmarcResult, FromProblem,
    Judged, SpfResult,
};

pub use findings::{FINDINGS, authentication_findings, connection_findings, is_sent_on};
pub use skip_listing::{CountedAddress, SkipListing, counted_address, received_address};
pub use spoof::{
    Infrastructure, SpoofAction, SpoofEntry, SpoofKind, Spoofed, infrastructure, spoof_entry,
};

/// What a tenant knows and wants, as far as it bears on who a sender is.
#[derive(Clone, Copy, Debug)]
pub struct SenderContext<'a> {
    /// The tenant's accepted domains, lower-case A-labels.
    pub own_domains: &'a [&'a str],
    /// Domains whose ARC seals the tenant trusts: `d=` of seal and signature equals one of them
    /// (spec 4).
    pub trusted_sealers: &'a [&'a str],
    /// The tenant's entries for spoofed senders.
    pub spoof_entries: &'a [SpoofEntry],
    /// What the connection showed.
    pub connection: Option<&'a ConnectionFacts>,
    /// Why nothing is to be asked of this message.
    pub bypass: Option<Bypass>,
    /// Which part of its domain's mail the message belongs to, 0 to 99; see [`applied_policy`].
    pub dmarc_sample: u8,
    /// What earlier mail says of this sender.
    pub history: SenderHistory,
}

impl SenderContext<'_> {
    /// A tenant without any settings.
    pub const EMPTY: SenderContext<'static> = SenderContext {
        own_domains: &[],
        trusted_sealers: &[],
        spoof_entries: &[],
        connection: None,
        bypass: None,
        dmarc_sample: 0,
        history: SenderHistory { is_known_infrastructure: false, was_written_to: false },
    };

    fn is_own(&self, domain: &str) -> bool {
        self.own_domains.iter().any(|own| is_or_below(domain, own))
    }
}

/// Why composite authentication is bypassed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bypass {
    /// A connector attributed the message: its sender is the tenant itself.
    Connector,
    /// The connecting address is on the tenant's allow list.
    AllowedAddress,
}

/// Implicit signs from earlier mail: sender reputation and history, recipient history (spec 2.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SenderHistory {
    /// This From domain has come through this infrastructure for a time, and nobody complained.
    pub is_known_infrastructure: bool,
    /// The recipient has written to this sender.
    pub was_written_to: bool,
}

/// Reason codes (spec 2.5). Microsoft documents the first digit and the ones named in its examples;
/// the others are chosen here within their hundred.
pub mod reasons {
    /// DMARC failed, and the domain's owner asked for quarantine or reject.
    pub const EXPLICIT_FAIL: u16 = 0;
    /// Nothing proves the sender, and the owner asks for nothing strict.
    pub const IMPLICIT_FAIL: u16 = 1;
    /// The tenant forbids this pair of domain and infrastructure.
    pub const TENANT_FORBIDS: u16 = 2;
    /// [`EXPLICIT_FAIL`], and From is one of the tenant's own domains.
    pub const EXPLICIT_FAIL_OWN: u16 = 10;
    /// DMARC passed.
    pub const DMARC_PASS: u16 = 100;
    /// There is no DMARC record, and an aligned identity passed.
    pub const BEST_GUESS_PASS: u16 = 109;
    /// A trusted sealer saw what failed here pass.
    pub const ARC_OVERRIDE: u16 = 130;
    /// The address's confirmed name is the From domain's.
    pub const SOFT_REVERSE_NAME: u16 = 201;
    /// Earlier mail came the same way.
    pub const SOFT_HISTORY: u16 = 202;
    /// The recipient knows the sender, and somebody vouches for the message.
    pub const SOFT_CORRESPONDENT: u16 = 203;
    /// No DNS is configured.
    pub const NOT_ASKED: u16 = 300;
    /// A look-up failed.
    pub const LOOKUP_FAILED: u16 = 301;
    /// The message names no sender at all.
    pub const NO_SENDER: u16 = 302;
    /// A connector attributed it.
    pub const CONNECTOR: u16 = 400;
    /// The address is allowed.
    pub const ALLOWED_ADDRESS: u16 = 401;
    /// [`IMPLICIT_FAIL`], and From is one of the tenant's own domains.
    pub const IMPLICIT_FAIL_OWN: u16 = 601;
    /// The tenant allows this pair of domain and infrastructure.
    pub const TENANT_ALLOWS: u16 = 701;
}

/// Answers for one message.
pub fn composite(
    facts: &AuthenticationFacts,
    context: &SenderContext<'_>,
) -> CompositeAuthentication {
    use CompositeResult::{Fail, None as Unchecked, Pass, SoftPass};

    let answer = |result, reason| CompositeAuthentication { result, reason };
    match context.bypass {
        Some(Bypass::Connector) => return answer(Unchecked, reasons::CONNECTOR),
        Some(Bypass::AllowedAddress) => return answer(Unchecked, reasons::ALLOWED_ADDRESS),
        None => {}
    }
    let dmarc = &facts.dmarc;
    match dmarc.result {
        DmarcResult::Pass => return answer(Pass, reasons::DMARC_PASS),
        DmarcResult::BestGuessPass => return answer(Pass, reasons::BEST_GUESS_PASS),
        _ => {}
    }
    if facts.from.problems.contains(&FromProblem::Missing) {
        return answer(Unchecked, reasons::NO_SENDER);
    }
    if dmarc.result == DmarcResult::NotAsked && facts.spf.result == SpfResult::NotAsked {
        return answer(Unchecked, reasons::NOT_ASKED);
    }
    if overriding_claims(facts, context).is_some() {
        return answer(Pass, reasons::ARC_OVERRIDE);
    }
    // From here on the sender is spoofed, or looks like it.
    match spoof_entry(facts, context).map(|entry| entry.action) {
        Some(SpoofAction::Block) => return answer(Fail, reasons::TENANT_FORBIDS),
        Some(SpoofAction::Allow) => return answer(Pass, reasons::TENANT_ALLOWS),
        None => {}
    }
    let is_own = facts.from.domains.iter().any(|domain| context.is_own(domain));
    if dmarc.result == DmarcResult::TempError || has_failed_lookup(facts) {
        return answer(Unchecked, reasons::LOOKUP_FAILED);
    }
    let policy = applied_policy(dmarc, context.dmarc_sample);
    if dmarc.result == DmarcResult::Fail && policy != DmarcPolicy::None {
        let reason = if is_own { reasons::EXPLICIT_FAIL_OWN } else { reasons::EXPLICIT_FAIL };
        return answer(Fail, reason);
    }
    if is_own {
        return answer(Fail, reasons::IMPLICIT_FAIL_OWN);
    }
    match implicit(facts, context) {
        Some(reason) => answer(SoftPass, reason),
        None => answer(Fail, reasons::IMPLICIT_FAIL),
    }
}

/// A look-up whose answer could have proven the sender, where there is no DMARC record to fail.
fn has_failed_lookup(facts: &AuthenticationFacts) -> bool {
    facts.dmarc.result == DmarcResult::None
        && facts.spf.result == SpfResult::TempError
        && is_or_below(&facts.spf.domain, &facts.dmarc.organizational_domain)
}

/// What speaks for a sender who proves nothing himself (spec 2.5: reputation and history). Not
/// where the From can be read in more than one way.
fn implicit(facts: &AuthenticationFacts, context: &SenderContext<'_>) -> Option<u16> {
    if !facts.from.problems.is_empty() || facts.from.domains.len() != 1 {
        return None;
    }
    let organization = &facts.dmarc.organizational_domain;
    let reverse = context.connection.and_then(|connection| connection.reverse_name.found());
    let has_name = reverse.is_some_and(|reverse| {
        reverse.is_confirmed && !organization.is_empty() && is_or_below(&reverse.name, organization)
    });
    let is_vouched_for = (facts.spf.result == SpfResult::Pass && !facts.spf.is_open)
        || facts.verified_domains().next().is_some();
    // A fail is the owner's word against the address: no sign outweighs it.
    if facts.spf.result == SpfResult::Fail {
        None
    } else if has_name {
        Some(reasons::SOFT_REVERSE_NAME)
    } else if context.history.is_known_infrastructure {
        Some(reasons::SOFT_HISTORY)
    } else if context.history.was_written_to && is_vouched_for {
        Some(reasons::SOFT_CORRESPONDENT)
    } else {
        None
    }
}

/// The claims of a trusted sealer that stand against our own failure (reason 130).
///
/// Only the newest sets that are sealed by trusted domains without a gap count: whoever seals after
/// them could have put an old chain on a new message, since only the newest signature is over what
/// we hold (RFC 8617 section 5.2). Nothing overrides where From names several domains.
pub fn overriding_claims<'f>(
    facts: &'f AuthenticationFacts,
    context: &SenderContext<'_>,
) -> Option<&'f ArcClaims> {
    let [domain] = facts.from.domains.as_slice() else {
        return None;
    };
    if facts.arc.result != ArcResult::Pass || !facts.dmarc_of_others.is_empty() {
        return None;
    }
    let is_trusted = |claims: &ArcClaims| {
        let trusts = |name: &str| context.trusted_sealers.contains(&name);
        trusts(&claims.sealer) && trusts(&claims.signer)
    };
    let organization = facts.dmarc.organizational_domain.as_str();
    let is_aligned = |claimed: &str| !organization.is_empty() && is_or_below(claimed, organization);
    facts.arc.claims.iter().rev().take_while(|claims| is_trusted(claims)).find(|claims| {
        claims.dmarc_pass.as_deref() == Some(domain)
            || claims.spf_pass.as_deref().is_some_and(is_aligned)
            || claims.dkim_pass.iter().any(|claimed| is_aligned(claimed))
    })
}

/// What the owner's policy comes to for one message: where he asks for a part of his mail only
/// (`pct=`), one step milder for the rest (RFC 7489 section 6.6.4). RFC 9989 knows no `pct=` any
/// more, but records have it, and Microsoft's words for it are what rules of hybrid organisations
/// read. `sample` is 0 to 99 and made from the message, so that it means the same each time.
pub fn applied_policy(dmarc: &DmarcFact, sample: u8) -> DmarcPolicy {
    let percent = dmarc.record.as_ref().map_or(100, |record| record.percent);
    match dmarc.policy {
        policy if sample < percent => policy,
        DmarcPolicy::Reject => DmarcPolicy::Quarantine,
        DmarcPolicy::Quarantine | DmarcPolicy::None => DmarcPolicy::None,
    }
}

/// `action=`: what the owner's policy asks for. `sample` is 0 to 99, drawn once for a message; a
/// message beyond `pct=` is treated one step milder (RFC 7489 section 6.6.4).
pub fn dmarc_action(dmarc: &DmarcFact, sample: u8) -> DmarcAction {
    match dmarc.result {
        DmarcResult::TempError => return DmarcAction::TempError,
        DmarcResult::PermError => return DmarcAction::PermError,
        DmarcResult::Fail => {}
        _ => return DmarcAction::None,
    }
    let percent = dmarc.record.as_ref().map_or(100, |record| record.percent);
    match (dmarc.policy, sample < percent) {
        (DmarcPolicy::None, _) => DmarcAction::None,
        (DmarcPolicy::Quarantine, true) => DmarcAction::Quarantine,
        (DmarcPolicy::Quarantine, false) => DmarcAction::PercentQuarantine,
        (DmarcPolicy::Reject, true) => DmarcAction::OverrideReject,
        (DmarcPolicy::Reject, false) => DmarcAction::PercentReject,
    }
}

/// Whether the failure is the owner's explicit word (000, 010) or only an implicit one (001, 601,
/// 002): the columns of the matrix of spec 2.8.
pub fn is_explicit_fail(composite: CompositeAuthentication) -> bool {
    composite.result == CompositeResult::Fail
        && matches!(composite.reason, reasons::EXPLICIT_FAIL | reasons::EXPLICIT_FAIL_OWN)
}

/// Puts the answer where the policies read it.
///
/// What the owner of the From domain asks is passed on as it applies to this message: not at all
/// where a trusted sealer or the tenant's list overrides, and one step milder where `pct=` spares
/// it (RFC 7489 section 6.6.4).
pub fn tell(
    judged: &mut Judged,
    composite: CompositeAuthentication,
    dmarc: &DmarcFact,
    action: DmarcAction,
) {
    judged.composite = composite;
    judged.dmarc = match (composite.reason, action) {
        (reasons::ARC_OVERRIDE, _) => DmarcOutcome::Pass,
        (reasons::TENANT_ALLOWS, _) if dmarc.result == DmarcResult::Fail => DmarcOutcome::FailNone,
        (_, DmarcAction::OverrideReject) => DmarcOutcome::FailReject,
        (_, DmarcAction::Quarantine | DmarcAction::PercentReject) => DmarcOutcome::FailQuarantine,
        (_, DmarcAction::PercentQuarantine) => DmarcOutcome::FailNone,
        _ if dmarc.result == DmarcResult::Fail => DmarcOutcome::FailNone,
        _ if dmarc.result == DmarcResult::Pass => DmarcOutcome::Pass,
        _ => DmarcOutcome::NoRecord,
    };
    let is_listed = judged.categories.contains(&Category::Spoof);
    if composite.result == CompositeResult::Fail && !is_listed {
        judged.categories.push(Category::Spoof);
    }
}

/// Whether a reader is to see a question mark for the sender's photo (spec 2.8): neither SPF nor
/// DKIM passes, and DMARC and compauth do not.
pub fn shows_question_mark(
    facts: &AuthenticationFacts,
    composite: CompositeAuthentication,
) -> bool {
    facts.spf.result != SpfResult::Pass
        && facts.verified_domains().next().is_none()
        && !matches!(facts.dmarc.result, DmarcResult::Pass | DmarcResult::BestGuessPass)
        && !matches!(composite.result, CompositeResult::Pass | CompositeResult::SoftPass)
}

/// The domain behind "via": the one that signed or sent, where it is not the From domain's.
pub fn via(facts: &AuthenticationFacts) -> Option<&str> {
    let from = facts.dmarc.organizational_domain.as_str();
    let signers: Vec<&str> = facts.verified_domains().collect();
    if from.is_empty() || signers.iter().any(|domain| is_or_below(domain, from)) {
        return None;
    }
    let sender = Some(facts.spf.domain.as_str()).filter(|domain| !domain.is_empty());
    signers.first().copied().or(sender).filter(|domain| !is_or_below(domain, from))
}

/// Whether `name` equals `domain` or lies below it.
pub(crate) fn is_or_below(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
#[path = "authentication/tests.rs"]
mod tests;
