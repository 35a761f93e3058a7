//! One message, many decisions: recipients grouped by what becomes of it for them (decision 5).
//!
//! Pure. A rejection is given only where every recipient's decision says so; otherwise those
//! recipients' mail is quarantined with the reason `reject-not-unanimous`.

use posthouse_types::{Action, Because, Decision, QuarantineReason};

/// Recipients of whom the same becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group<R> {
    /// What.
    pub decision: Decision,
    /// For whom, in the order they came; never empty.
    pub recipients: Vec<R>,
}

/// Groups recipients by their decisions, over one stored body. Order is kept: the first group is
/// the first recipient's. Where the first is [`Action::Reject`], all are: the message is refused.
pub fn fork<R>(decided: Vec<(R, Decision)>) -> Vec<Group<R>> {
    let is_reject = |decision: &Decision| matches!(decision.action, Action::Reject { .. });
    let is_unanimous = decided.iter().all(|(_, decision)| is_reject(decision));
    let mut groups: Vec<Group<R>> = Vec::new();
    for (recipient, mut decision) in decided {
        if !is_unanimous {
            keep_rejected(&mut decision);
        }
        match groups.iter_mut().find(|group| group.decision == decision) {
            Some(group) => group.recipients.push(recipient),
            None => groups.push(Group { decision, recipients: vec![recipient] }),
        }
    }
    groups
}

fn keep_rejected(decision: &mut Decision) {
    let Action::Reject { otherwise, status, .. } = &decision.action else { return };
    let mut quarantine = otherwise.clone();
    quarantine.reason = QuarantineReason::RejectNotUnanimous;
    decision.because.push(Because {
        policy: decision.policy,
        name: decision.policy_name.clone(),
        setting: "reject-not-unanimous",
        value: format!("550 {status}"),
    });
    decision.action = Action::Quarantine(quarantine);
}
