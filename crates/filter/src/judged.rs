//! A judgement in the words that policies read: one plain value for all that they may ask.
//!
//! Touches nothing.

use posthouse_content::Asf;
use posthouse_types::{
    Address, AsfSwitch, Category, CompAuth, CompositeResult, DmarcOutcome, DmarcPolicy,
    DmarcResult, Domain, Facts, Judged, Verdict, Verdicts,
};

use crate::Measured;

/// Puts everything that a policy may ask about a message in one place.
pub fn judged(
    facts: &Facts,
    measured: &Measured,
    verdicts: &Verdicts,
    mail_from: Option<&Address>,
) -> Judged {
    let authentication = facts.authentication.as_ref();
    let connection = facts.connection.as_ref();
    let from = authentication.and_then(|found| found.from.addresses.first());
    let from = from.and_then(|text| posthouse_smtp::parse_address(text, true).ok());
    let verified: Vec<_> =
        authentication.into_iter().flat_map(|found| found.verified_domains()).collect();
    let has_spf =
        authentication.is_some_and(|found| found.spf.result == posthouse_types::SpfResult::Pass);
    let ptr = connection
        .and_then(|found| found.reverse_name.found())
        .filter(|name| name.is_confirmed)
        .and_then(|name| psl::domain_str(&name.name));
    Judged {
        categories: verdicts.all.iter().filter_map(|verdict| category(*verdict)).collect(),
        scl: verdicts.scl,
        bcl: verdicts.bcl,
        compauth: match facts.composite.result {
            CompositeResult::Pass => CompAuth::Pass,
            CompositeResult::SoftPass => CompAuth::SoftPass,
            CompositeResult::Fail => CompAuth::Fail,
            CompositeResult::None => CompAuth::None,
        },
        compauth_reason: facts.composite.reason,
        dmarc: authentication.map_or(DmarcOutcome::NoRecord, |found| {
            outcome(found.dmarc.result, found.dmarc.policy)
        }),
        has_spf_or_dkim: has_spf || !verified.is_empty(),
        asf: measured.asf.iter().map(|one| switch(*one)).collect(),
        urls: measured.urls.clone(),
        file_types: file_types(measured),
        file_hashes: measured.attachments.items.iter().filter_map(|one| one.sha256_hex()).collect(),
        mail_from: mail_from.cloned(),
        from,
        dkim_domains: verified.into_iter().map(Domain::from_normalized).collect(),
        client_ip: connection.map(|found| found.address),
        ptr_domain: ptr.map(Domain::from_normalized),
        attributed: facts.attributed,
        ..Judged::default()
    }
}

/// Bulk is no category here: each recipient's policy has a threshold of its own.
fn category(verdict: Verdict) -> Option<Category> {
    match verdict {
        Verdict::None | Verdict::Bulk => None,
        Verdict::Spam => Some(Category::Spam),
        Verdict::HighConfidenceSpam => Some(Category::HighConfidenceSpam),
        Verdict::Spoof => Some(Category::Spoof),
        Verdict::Phish => Some(Category::Phish),
        Verdict::HighConfidencePhish => Some(Category::HighConfidencePhish),
        Verdict::Malware => Some(Category::Malware),
    }
}

fn outcome(result: DmarcResult, policy: DmarcPolicy) -> DmarcOutcome {
    match (result, policy) {
        (DmarcResult::Pass, _) => DmarcOutcome::Pass,
        (DmarcResult::Fail, DmarcPolicy::None) => DmarcOutcome::FailNone,
        (DmarcResult::Fail, DmarcPolicy::Quarantine) => DmarcOutcome::FailQuarantine,
        (DmarcResult::Fail, DmarcPolicy::Reject) => DmarcOutcome::FailReject,
        _ => DmarcOutcome::NoRecord,
    }
}

/// The same switch in the words of the policies.
fn switch(asf: Asf) -> AsfSwitch {
    match asf {
        Asf::ImageLinks => AsfSwitch::ImageLinks,
        Asf::NumericIps => AsfSwitch::NumericIps,
        Asf::RedirectToOtherPort => AsfSwitch::RedirectToOtherPort,
        Asf::BizOrInfoUrls => AsfSwitch::BizOrInfoUrls,
        Asf::EmptyMessages => AsfSwitch::EmptyMessages,
        Asf::EmbedTags => AsfSwitch::EmbedTags,
        Asf::JavaScript => AsfSwitch::JavaScript,
        Asf::FormTags => AsfSwitch::FormTags,
        Asf::Frames => AsfSwitch::Frames,
        Asf::WebBugs => AsfSwitch::WebBugs,
        Asf::ObjectTags => AsfSwitch::ObjectTags,
        Asf::SensitiveWordList => AsfSwitch::SensitiveWords,
        Asf::SpfRecordHardFail => AsfSwitch::SpfHardFail,
        Asf::FromAddressAuthFail => AsfSwitch::FromAddressAuthFail,
        Asf::NdrBackscatter => AsfSwitch::NdrBackscatter,
    }
}

/// By content first, extension second (spec 2.9); each once.
fn file_types(measured: &Measured) -> Vec<String> {
    let mut types: Vec<String> = measured
        .attachments
        .items
        .iter()
        .flat_map(|item| {
            let by_content = std::iter::once(item.kind.name.to_owned());
            by_content.chain(item.extensions.iter().cloned())
        })
        .collect();
    types.sort_unstable();
    types.dedup();
    types
}

#[cfg(test)]
mod tests {
    use posthouse_types::{AuthenticationFacts, DmarcFact};

    use super::*;

    #[test]
    fn what_an_owner_asks_counts_only_where_dmarc_fails() {
        let fails = |result| {
            let dmarc = DmarcFact { result, policy: DmarcPolicy::Reject, ..DmarcFact::default() };
            let authentication = AuthenticationFacts { dmarc, ..AuthenticationFacts::default() };
            let facts = Facts { authentication: Some(authentication), ..Facts::default() };
            judged(&facts, &Measured::default(), &Verdicts::default(), None).dmarc
        };
        assert_eq!(fails(DmarcResult::Fail), DmarcOutcome::FailReject);
        assert_eq!(fails(DmarcResult::Pass), DmarcOutcome::Pass);
        assert_eq!(fails(DmarcResult::TempError), DmarcOutcome::NoRecord);
    }

    #[test]
    fn bulk_is_left_to_the_threshold_of_each_recipient() {
        let verdicts =
            Verdicts { all: vec![Verdict::Spam, Verdict::Bulk], bcl: 8, ..Verdicts::default() };
        let judged = judged(&Facts::default(), &Measured::default(), &verdicts, None);
        assert_eq!((judged.categories, judged.bcl), (vec![Category::Spam], 8));
    }
}
