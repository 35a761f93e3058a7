//! DMARC (RFC 7489): the record of a From domain, and whether what passed is aligned with it.
//!
//! Asks DNS through a counted share: for the From domain, then for its organisation by the public
//! suffix list. A record of the From domain itself that says `psd=n` (RFC 9989 section 4.10) makes
//! that name its own organisation. docs/authentication.md has the differences.

use posthouse_types::{
    AuthenticationFacts, DkimResult, DmarcFact, DmarcPolicy, DmarcRecord, DmarcResult,
    SHOWN_CHARACTERS_MAX, SpfResult, printable,
};

use super::questions::{Questions, is_refused};
use super::tags::Tags;
use crate::Answer;

/// What the look-up found for one domain.
#[derive(Clone, Debug, Default)]
pub(crate) struct PolicyLookup {
    pub(crate) domain: String,
    organization: String,
    found: Option<DmarcRecord>,
    trouble: Option<(DmarcResult, String)>,
    was_asked: bool,
}

/// The organisational domain by the public suffix list; the name itself where it has none.
pub(crate) fn organizational_domain(name: &str) -> &str {
    psl::domain_str(name).unwrap_or(name)
}

/// Looks for the record of a From domain.
pub(crate) async fn look_up(questions: &Questions<'_>, domain: &str) -> PolicyLookup {
    let mut lookup = PolicyLookup {
        domain: domain.to_owned(),
        organization: organizational_domain(domain).to_owned(),
        ..PolicyLookup::default()
    };
    if !questions.asks() || !super::dkim::is_domain(domain) {
        return lookup;
    }
    lookup.was_asked = true;
    let organization = lookup.organization.clone();
    let above = Some(organization.as_str()).filter(|organization| *organization != domain);
    for name in std::iter::once(domain).chain(above) {
        match questions.txt(&format!("_dmarc.{name}")).await {
            Answer::Found(texts) => match best_record(name, &texts) {
                Some(Ok((record, begins_organization))) => {
                    if begins_organization {
                        name.clone_into(&mut lookup.organization);
                    }
                    lookup.found = Some(record);
                    return lookup;
                }
                Some(Err(why)) => {
                    lookup.trouble =
                        Some((DmarcResult::PermError, format!("_dmarc.{name}: {why}")));
                    return lookup;
                }
                None => {}
            },
            Answer::NoRecords | Answer::NoSuchName | Answer::NotAsked => {}
            Answer::Failed(why) => {
                // What the message asks for too much of is no failure of DNS: who writes a From of
                // many names must not get the mild result.
                let result =
                    if is_refused(&why) { DmarcResult::PermError } else { DmarcResult::TempError };
                lookup.trouble = Some((result, why));
                return lookup;
            }
        }
    }
    lookup
}

type ParsedRecord = Result<(DmarcRecord, bool), String>;

/// The one record among the texts; `None` where there is none, or more than one (RFC 7489 section
/// 6.6.3: then DMARC does not apply).
fn best_record(name: &str, texts: &[String]) -> Option<ParsedRecord> {
    let mut records = texts.iter().filter(|text| is_record(text));
    let record = records.next()?;
    if records.next().is_some() {
        return None;
    }
    Some(parse_record(name, record))
}

/// `v=DMARC1` stands first, in that case (section 6.3).
fn is_record(text: &str) -> bool {
    let first = text.split(';').next().unwrap_or_default();
    first.split_once('=').is_some_and(|(v, version)| v.trim() == "v" && version.trim() == "DMARC1")
}

fn parse_record(name: &str, text: &str) -> ParsedRecord {
    let tags = Tags::parse(text).ok_or("the record is no list of tags")?;
    let policy = |tag: &str| match tags.value(tag).map(str::to_ascii_lowercase).as_deref() {
        None => Ok(None),
        Some("none") => Ok(Some(DmarcPolicy::None)),
        Some("quarantine") => Ok(Some(DmarcPolicy::Quarantine)),
        Some("reject") => Ok(Some(DmarcPolicy::Reject)),
        Some(_) => Err(format!("{tag}= is no policy")),
    };
    let is = |tag: &str, wanted: &str| {
        tags.value(tag).is_some_and(|value| value.eq_ignore_ascii_case(wanted))
    };
    let has_reports = tags.value("rua").is_some_and(|rua| rua.to_lowercase().contains("mailto:"));
    let (own, below) = match (policy("p"), policy("sp")) {
        (Ok(Some(own)), Ok(below)) => (own, below),
        // Section 6.6.3: unreadable policies of a record that asks for reports are p=none.
        (Err(_), _) | (_, Err(_)) | (Ok(None), _) if has_reports => (DmarcPolicy::None, None),
        (Err(why), _) | (_, Err(why)) => return Err(why),
        (Ok(None), _) => return Err("there is no p=".to_owned()),
    };
    let percent = tags.number("pct").ok().flatten().and_then(|percent| u8::try_from(percent).ok());
    let record = DmarcRecord {
        domain: name.to_owned(),
        policy: own,
        subdomain_policy: below,
        percent: percent.filter(|percent| *percent <= 100).unwrap_or(100),
        is_spf_strict: is("aspf", "s"),
        is_dkim_strict: is("adkim", "s"),
        is_testing: is("t", "y"),
    };
    Ok((record, is("psd", "n")))
}

/// Whether `claimed` is aligned with the From domain.
fn is_aligned(lookup: &PolicyLookup, claimed: &str, is_strict: bool) -> bool {
    let claimed = claimed.strip_suffix('.').unwrap_or(claimed);
    if claimed.is_empty() || is_strict {
        return claimed == lookup.domain && !claimed.is_empty();
    }
    let is_inside = |name: &str| {
        name.strip_suffix(lookup.organization.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    // Both ends: where `psd=n` narrowed the organisation, a name beside it is not aligned.
    is_inside(claimed) && organizational_domain(claimed) == organizational_domain(&lookup.domain)
}

/// What DMARC says of one From domain, given what SPF and DKIM say of the message.
pub(crate) fn conclude(lookup: &PolicyLookup, facts: &AuthenticationFacts) -> DmarcFact {
    let record = lookup.found.as_ref();
    let is_spf_strict = record.is_some_and(|record| record.is_spf_strict);
    let is_dkim_strict = record.is_some_and(|record| record.is_dkim_strict);
    let spf_domain_fits = is_aligned(lookup, &facts.spf.domain, is_spf_strict);
    let spf_aligned = facts.spf.result == SpfResult::Pass && spf_domain_fits;
    let dkim_aligned =
        facts.verified_domains().any(|domain| is_aligned(lookup, domain, is_dkim_strict));
    let could_pass_later = (facts.spf.result == SpfResult::TempError && spf_domain_fits)
        || facts.dkim.iter().any(|fact| {
            fact.result == DkimResult::TempError && is_aligned(lookup, &fact.domain, is_dkim_strict)
        });
    let passes = spf_aligned || dkim_aligned;
    let (result, reason) = match (&lookup.trouble, record) {
        _ if !lookup.was_asked => (DmarcResult::NotAsked, String::new()),
        (Some((result, why)), _) => (*result, why.clone()),
        (None, Some(_)) if passes => (DmarcResult::Pass, String::new()),
        (None, Some(_)) if could_pass_later => {
            (DmarcResult::TempError, "a look-up for SPF or DKIM failed".to_owned())
        }
        (None, Some(_)) => (DmarcResult::Fail, String::new()),
        (None, None) if passes => (DmarcResult::BestGuessPass, String::new()),
        (None, None) => (DmarcResult::None, String::new()),
    };
    DmarcFact {
        result,
        header_from: printable(&lookup.domain, SHOWN_CHARACTERS_MAX),
        organizational_domain: lookup.organization.clone(),
        policy: record.map(|record| applied_policy(record, &lookup.domain)).unwrap_or_default(),
        record: record.cloned(),
        spf_aligned,
        dkim_aligned,
        reason: printable(&reason, SHOWN_CHARACTERS_MAX),
    }
}

/// `p` for the record's own name, `sp` below it; one step milder where the owner tests (RFC 9989).
fn applied_policy(record: &DmarcRecord, domain: &str) -> DmarcPolicy {
    let stated = if record.domain == domain {
        record.policy
    } else {
        record.subdomain_policy.unwrap_or(record.policy)
    };
    match stated {
        DmarcPolicy::Reject if record.is_testing => DmarcPolicy::Quarantine,
        DmarcPolicy::Quarantine if record.is_testing => DmarcPolicy::None,
        stated => stated,
    }
}

/// Of several From domains the worst counts, and it comes first: a pass for one of them proves
/// nothing about the one that is shown (AUT-01).
pub(crate) fn worst_first(mut all: Vec<DmarcFact>) -> (DmarcFact, Vec<DmarcFact>) {
    all.sort_by_key(|fact| {
        let grade = match fact.result {
            DmarcResult::Fail => 0,
            DmarcResult::PermError => 1,
            DmarcResult::TempError => 2,
            DmarcResult::None => 3,
            DmarcResult::NotAsked => 4,
            DmarcResult::BestGuessPass => 5,
            DmarcResult::Pass => 6,
        };
        (grade, std::cmp::Reverse(fact.policy))
    });
    let mut all = all.into_iter();
    (all.next().unwrap_or_default(), all.collect())
}
