//! Whether a forged From address acts, and how: spoof intelligence and the domain owner's wish, as
//! the matrix of spec 2.8.
//!
//! Touches nothing.

use posthouse_types::{Category, DmarcOutcome, Judged};

use super::anti_phish::{AntiPhishPolicy, DmarcRejectAction, SpoofAction};

/// What a failing sender comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpoofOutcome {
    /// Nothing.
    Nothing,
    /// The policy's action for forged senders.
    SpoofAction,
    /// What the policy does where the owner asks for quarantine.
    DmarcQuarantine,
    /// What the policy does where the owner asks for rejection.
    DmarcReject,
    /// Quarantine, although nothing is switched on.
    Quarantine,
}

/// How the sender fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nothing shows who it is.
    Implicit,
    /// DMARC fails, and the owner asks for quarantine.
    ExplicitQuarantine,
    /// DMARC fails, and the owner asks for rejection.
    ExplicitReject,
}

use Failure::{ExplicitQuarantine, ExplicitReject, Implicit};

/// Spec 2.8: spoof intelligence, honour DMARC, how the sender fails, what comes of it. A failing
/// `p=none` asks for nothing: it is implicit where the filter holds it to be forged.
#[rustfmt::skip]
pub const MATRIX: [(bool, bool, Failure, SpoofOutcome); 12] = [
    (true,  true,  Implicit,           SpoofOutcome::SpoofAction),
    (true,  true,  ExplicitQuarantine, SpoofOutcome::DmarcQuarantine),
    (true,  true,  ExplicitReject,     SpoofOutcome::DmarcReject),
    (true,  false, Implicit,           SpoofOutcome::SpoofAction),
    (true,  false, ExplicitQuarantine, SpoofOutcome::SpoofAction),
    (true,  false, ExplicitReject,     SpoofOutcome::SpoofAction),
    (false, true,  Implicit,           SpoofOutcome::Nothing),
    (false, true,  ExplicitQuarantine, SpoofOutcome::DmarcQuarantine),
    (false, true,  ExplicitReject,     SpoofOutcome::DmarcReject),
    (false, false, Implicit,           SpoofOutcome::Nothing),
    (false, false, ExplicitQuarantine, SpoofOutcome::Quarantine),
    (false, false, ExplicitReject,     SpoofOutcome::Quarantine),
];

/// What becomes of a message's sender under a policy. `dmarc_counts`: the connecting host is the
/// sender's own, so that the owner's wish can be honoured.
pub fn outcome(judged: &Judged, policy: &AntiPhishPolicy, dmarc_counts: bool) -> SpoofOutcome {
    let is_forged = judged.categories.contains(&Category::Spoof);
    let failure = match judged.dmarc {
        DmarcOutcome::FailQuarantine if dmarc_counts => ExplicitQuarantine,
        DmarcOutcome::FailReject if dmarc_counts => ExplicitReject,
        _ if is_forged => Implicit,
        _ => return SpoofOutcome::Nothing,
    };
    let (intelligence, honour) = (policy.enable_spoof_intelligence, policy.honor_dmarc_policy);
    MATRIX
        .iter()
        .find(|(on, honours, fails, _)| (*on, *honours, *fails) == (intelligence, honour, failure))
        .map_or(SpoofOutcome::Nothing, |(.., outcome)| *outcome)
}

/// What is done, and by which setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpoofDoes {
    Junk,
    Quarantine,
    Reject,
}

/// The policy's answer to an outcome: what is done, and the setting that says so.
pub(crate) fn answer(
    outcome: SpoofOutcome,
    policy: &AntiPhishPolicy,
) -> Option<(SpoofDoes, &'static str, &'static str)> {
    let by = |action: SpoofAction| match action {
        SpoofAction::MoveToJmf => SpoofDoes::Junk,
        SpoofAction::Quarantine => SpoofDoes::Quarantine,
    };
    match outcome {
        SpoofOutcome::Nothing => None,
        SpoofOutcome::SpoofAction => {
            let action = policy.authentication_fail_action;
            Some((by(action), "authentication_fail_action", action.as_str()))
        }
        SpoofOutcome::DmarcQuarantine => {
            let action = policy.dmarc_quarantine_action;
            Some((by(action), "dmarc_quarantine_action", action.as_str()))
        }
        SpoofOutcome::DmarcReject => {
            let action = policy.dmarc_reject_action;
            let does = match action {
                DmarcRejectAction::Reject => SpoofDoes::Reject,
                DmarcRejectAction::Quarantine => SpoofDoes::Quarantine,
            };
            Some((does, "dmarc_reject_action", action.as_str()))
        }
        SpoofOutcome::Quarantine => Some((SpoofDoes::Quarantine, "honor_dmarc_policy", "false")),
    }
}
