//! A judgement in the words that policies read: one plain value for all that they may ask.
//!
//! Touches nothing.

use posthouse_content::Asf;
use posthouse_types::{
    Address, AsfSwitch, Category, Domain, Facts, Impersonation, Judged, SpfResult, Verdict,
    Verdicts,
};

use crate::Measured;
use crate::authentication::{dmarc_action, reasons, tell};

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
    let has_spf = authentication.is_some_and(|found| found.spf.result == SpfResult::Pass);
    let was_asked = authentication.is_some_and(|found| found.spf.result != SpfResult::NotAsked);
    let ptr = connection
        .and_then(|found| found.reverse_name.found())
        .filter(|name| name.is_confirmed)
        .and_then(|name| psl::domain_str(&name.name));
    let mut judged = Judged {
        categories: categories(verdicts),
        phish_confidence: verdicts.phish_confidence,
        scl: verdicts.scl,
        bcl: verdicts.bcl,
        // What nobody asked proves nothing against the sender, so no reader is warned of it.
        has_spf_or_dkim: has_spf || !verified.is_empty() || !was_asked,
        asf: asf(facts, measured),
        urls: measured.urls.clone(),
        language: measured.language.map(str::to_owned),
        file_types: file_types(measured),
        file_hashes: measured.attachments.items.iter().filter_map(|one| one.sha256_hex()).collect(),
        mail_from: mail_from.cloned(),
        from,
        dkim_domains: verified.into_iter().map(Domain::from_normalized).collect(),
        client_ip: connection.map(|found| found.address),
        ptr_domain: ptr.map(Domain::from_normalized),
        attributed: facts.attributed,
        impersonations: impersonations(verdicts),
        has_unusual_characters: has(verdicts, "sender-unusual-characters"),
        ..Judged::default()
    };
    if let Some(found) = authentication {
        let action = dmarc_action(&found.dmarc, facts.dmarc_sample);
        tell(&mut judged, facts.composite, &found.dmarc, action);
        // That nothing proves the sender is not enough alone (spec 2.5).
        let is_only_unproven = facts.composite.reason == reasons::IMPLICIT_FAIL
            && !verdicts.all.contains(&Verdict::Spoof);
        if is_only_unproven {
            judged.categories.retain(|category| *category != Category::Spoof);
        }
    }
    judged
}

/// Every verdict that holds, as policies read it.
pub fn categories(verdicts: &Verdicts) -> Vec<Category> {
    verdicts.all.iter().filter_map(|verdict| category(*verdict)).collect()
}

fn has(verdicts: &Verdicts, id: &str) -> bool {
    verdicts.reasons.iter().any(|reason| reason.id() == id)
}

/// Who is imitated, as the content room found it.
fn impersonations(verdicts: &Verdicts) -> Vec<Impersonation> {
    let found = verdicts.reasons.iter().filter_map(|reason| {
        let (category, argument) = match reason.id() {
            "impersonation-user" | "impersonation-user-similar" => {
                (Category::UserImpersonation, "address")
            }
            "impersonation-domain" => (Category::DomainImpersonation, "protected"),
            _ => return None,
        };
        let mut arguments = reason.finding.arguments.iter();
        let protected = arguments.find(|(name, _)| *name == argument)?.1.to_lowercase();
        Some(Impersonation { category, protected })
    });
    found.collect()
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

/// What the content shows, and what the facts show: those are gathered while the content is
/// measured, so that it cannot know them (spec 2.2).
fn asf(facts: &Facts, measured: &Measured) -> Vec<AsfSwitch> {
    let mut all: Vec<AsfSwitch> = measured.asf.iter().map(|one| switch(*one)).collect();
    let Some(found) = &facts.authentication else { return all };
    if found.spf.result == SpfResult::Fail {
        all.push(AsfSwitch::SpfHardFail);
        // The From address was asked where it is in the domain that MAIL FROM is in.
        if found.from.domains.contains(&found.spf.domain) {
            all.push(AsfSwitch::FromAddressAuthFail);
        }
    }
    all
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
    let items = &measured.attachments.items;
    let mut types: Vec<String> = Vec::new();
    for name in items.iter().flat_map(|item| item.type_names()) {
        // In order: what is refused is named by what it is before what it could be run as.
        if !types.iter().any(|known| known == name) {
            types.push(name.to_owned());
        }
    }
    types
}

#[cfg(test)]
mod tests {
    use posthouse_types::{
        AuthenticationFacts, CompositeAuthentication, CompositeResult, FromFact, SpfFact,
    };

    use super::*;

    #[test]
    fn a_sender_that_nothing_proves_is_not_forged_by_that_alone() {
        let composite = CompositeAuthentication {
            result: CompositeResult::Fail,
            reason: reasons::IMPLICIT_FAIL,
        };
        let facts = Facts {
            authentication: Some(AuthenticationFacts::default()),
            composite,
            ..Facts::default()
        };
        let judge = |all: Vec<Verdict>| {
            let verdicts = Verdicts { all, ..Verdicts::default() };
            judged(&facts, &Measured::default(), &verdicts, None).categories
        };
        assert_eq!(judge(vec![]), []);
        assert_eq!(judge(vec![Verdict::Spoof]), [Category::Spoof]);
    }

    #[test]
    fn arc_09_a_policy_is_told_all_that_a_disguised_program_could_be_run_as() {
        let mut program = b"MZ".to_vec();
        program.resize(0x3c, 0);
        program.extend(b"\x40\0\0\0PE\0\0\x4c\x01");
        program.resize(512, 0);
        let packed: String = program.iter().map(|octet| format!("={octet:02X}")).collect();
        let types = |name: &str| {
            let message = format!(
                "Content-Type: application/octet-stream; name=\"{name}\"\r\n\
                 Content-Transfer-Encoding: quoted-printable\r\n\r\n{packed}\r\n"
            );
            let (_, measured) = crate::measure(message.as_bytes(), &crate::Tools::default());
            judged(&Facts::default(), &measured, &Verdicts::default(), None).file_types
        };
        assert_eq!(types("setup.exe"), ["exe"]);
        assert_eq!(types("holiday.txt"), ["exe", "scr", "com", "pif", "app", "txt"]);
    }

    #[test]
    fn bulk_is_left_to_the_threshold_of_each_recipient() {
        let verdicts =
            Verdicts { all: vec![Verdict::Spam, Verdict::Bulk], bcl: 8, ..Verdicts::default() };
        let judged = judged(&Facts::default(), &Measured::default(), &verdicts, None);
        assert_eq!((judged.categories, judged.bcl), (vec![Category::Spam], 8));
    }

    #[test]
    fn spec_2_2_a_hard_fail_of_spf_sets_its_switches() {
        let switches = |result, domain: &str, from: &str| {
            let spf = SpfFact { result, domain: domain.to_owned(), ..SpfFact::default() };
            let from = FromFact { domains: vec![from.to_owned()], ..FromFact::default() };
            let authentication = Some(AuthenticationFacts { spf, from, ..Default::default() });
            let facts = Facts { authentication, ..Facts::default() };
            judged(&facts, &Measured::default(), &Verdicts::default(), None).asf
        };
        let both = [AsfSwitch::SpfHardFail, AsfSwitch::FromAddressAuthFail];
        assert_eq!(switches(SpfResult::Fail, "a.example", "a.example"), both);
        let other = switches(SpfResult::Fail, "a.example", "b.example");
        assert_eq!(other, [AsfSwitch::SpfHardFail], "nobody asked about the From domain");
        assert_eq!(switches(SpfResult::SoftFail, "a.example", "a.example"), []);
    }
}
