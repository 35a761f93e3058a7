//! What a tenant's mail-flow rules are asked about one message, and what they say.
//!
//! Touches nothing. Rules are asked for each recipient; what they read is decoded here once. A
//! check that nobody made has not failed.

use posthouse_policy::rules::{
    AttachmentFacts, AuthenticationCheck, MessageCategory, RuleFacts, RuleOutcome, RuleRecipient,
    evaluate,
};
use posthouse_types::{
    Address, CompositeResult, DkimResult, DmarcResult, Facts, SpfResult, Verdict,
};

use super::Judgment;
use super::treat::Circumstances;
use crate::gateway::{Admitted, is_originating, tenant_of};

/// What the rules of the message's tenant say, for each recipient.
pub(super) fn rule_outcomes(
    judgment: &Judgment,
    recipients: &[Admitted],
    circumstances: &Circumstances<'_>,
) -> Vec<RuleOutcome> {
    let nothing = || recipients.iter().map(|_| RuleOutcome::default()).collect();
    let Some(owner) = tenant_of(circumstances.accepted) else { return nothing() };
    let Some(tenant) = circumstances.directory.tenant(owner) else { return nothing() };
    if tenant.mail_flow_rules().is_empty() {
        return nothing();
    }
    let reading = &judgment.reading;
    let fields: Vec<_> =
        reading.header().iter().map(|field| (field.name.as_str(), field.decoded())).collect();
    let header: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let texts: Vec<_> = reading.visible_texts().filter_map(|part| part.text()).collect();
    let attachments: Vec<_> = judgment
        .measured
        .attachments
        .items
        .iter()
        .map(|item| AttachmentFacts {
            name: item.shown_name(),
            bytes: item.size,
            is_password_protected: item.is_encrypted,
        })
        .collect();
    let subject = header
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("Subject"))
        .map_or("", |one| one.1);
    let authors: Vec<Address> = reading
        .fields("From")
        .flat_map(|field| posthouse_mime::addresses(&field.value))
        .filter_map(|author| posthouse_smtp::parse_address(&author.address, true).ok())
        .collect();
    let failed = failed_checks(&judgment.facts);
    let verdicts = &judgment.verdicts;
    let facts = RuleFacts {
        envelope_sender: circumstances.sender,
        authors: &authors,
        sender_is_inside: is_originating(circumstances.accepted),
        source: judgment.judged.client_ip,
        header: &header,
        subject,
        texts: &texts,
        attachments: &attachments,
        message_bytes: circumstances.message_bytes,
        scl: judgment.is_judged.then_some(verdicts.scl),
        authentication_failed: &failed,
        category: category(verdicts.verdict),
    };
    let asked: Vec<_> = recipients
        .iter()
        .map(|admitted| RuleRecipient {
            address: &admitted.recipient.address,
            is_inside: admitted.hosted_by == Some(owner),
        })
        .collect();
    evaluate(tenant.mail_flow_rules(), &facts, &asked)
}

/// The checks that did not pass. A look-up that failed says nothing of the sender.
fn failed_checks(facts: &Facts) -> Vec<AuthenticationCheck> {
    let Some(found) = &facts.authentication else { return Vec::new() };
    let spf =
        matches!(found.spf.result, SpfResult::Fail | SpfResult::SoftFail | SpfResult::PermError);
    let is_broken =
        found.dkim.iter().any(|one| matches!(one.result, DkimResult::Fail | DkimResult::PermError));
    let dkim = is_broken && found.verified_domains().next().is_none();
    let dmarc = found.dmarc.result == DmarcResult::Fail;
    let compauth = facts.composite.result == CompositeResult::Fail;
    [
        (spf, AuthenticationCheck::Spf),
        (dkim, AuthenticationCheck::Dkim),
        (dmarc, AuthenticationCheck::Dmarc),
        (compauth, AuthenticationCheck::Compauth),
    ]
    .into_iter()
    .filter_map(|(has_failed, check)| has_failed.then_some(check))
    .collect()
}

/// The verdict in the rules' words.
fn category(verdict: Verdict) -> Option<MessageCategory> {
    match verdict {
        Verdict::None => None,
        Verdict::Bulk => Some(MessageCategory::Bulk),
        Verdict::Spam => Some(MessageCategory::Spam),
        Verdict::HighConfidenceSpam => Some(MessageCategory::HighConfidenceSpam),
        Verdict::Spoof => Some(MessageCategory::Spoof),
        Verdict::Phish => Some(MessageCategory::Phish),
        Verdict::HighConfidencePhish => Some(MessageCategory::HighConfidencePhish),
        Verdict::Malware => Some(MessageCategory::Malware),
    }
}

#[cfg(test)]
mod tests {
    use posthouse_types::{AuthenticationFacts, DkimFact, DmarcFact, SpfFact};

    use super::*;

    fn failed(spf: SpfResult, dkim: &[DkimResult], dmarc: DmarcResult) -> Vec<AuthenticationCheck> {
        let signature = |result: &DkimResult| DkimFact {
            result: *result,
            covers_from: true,
            ..DkimFact::default()
        };
        failed_checks(&Facts {
            authentication: Some(AuthenticationFacts {
                spf: SpfFact { result: spf, ..SpfFact::default() },
                dkim: dkim.iter().map(signature).collect(),
                dmarc: DmarcFact { result: dmarc, ..DmarcFact::default() },
                ..AuthenticationFacts::default()
            }),
            ..Facts::default()
        })
    }

    #[test]
    fn a_check_fails_where_the_sender_is_at_fault_and_not_the_look_up() {
        use AuthenticationCheck::{Dkim, Dmarc, Spf};
        let none = DmarcResult::None;
        assert_eq!(failed(SpfResult::Fail, &[], DmarcResult::Fail), [Spf, Dmarc]);
        assert_eq!(failed(SpfResult::SoftFail, &[DkimResult::Fail], none), [Spf, Dkim]);
        assert_eq!(failed(SpfResult::TempError, &[DkimResult::TempError], none), []);
        assert_eq!(failed(SpfResult::None, &[], none), [], "nobody promised anything");
        assert_eq!(failed(SpfResult::Pass, &[DkimResult::Fail, DkimResult::Pass], none), []);
        assert_eq!(failed_checks(&Facts::default()), [], "the tenant's own mail was not asked");
    }
}
