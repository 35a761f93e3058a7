//! Reputation: what this node's own verdicts on earlier mail say of a source, how they fade, and how
//! far they may count.
//!
//! Touches nothing. A source that was not seen before, or hardly, is neutral. All reputation of one
//! message together stays below half of what makes it spam, and none of it counts into later
//! reputation: a verdict must not feed itself. Nor does anything that a tenant may set, since the
//! counts are for all of the node's tenants.

use std::net::{IpAddr, Ipv6Addr};

use posthouse_types::{
    AuthenticationFacts, Concern, ConnectionFacts, DmarcResult, Facts, Finding, FindingKind, Force,
    ReputationFact, SourceKind, Tally, Verdict, Verdicts,
};

use crate::Measured;
use crate::judge::weigh;

/// In this time a count fades to its half: an address changes hands, and a server is mended, within
/// weeks.
pub const HALF_LIFE_DAYS: f32 = 14.0;
/// Messages that have to be known of a source before anything is said of it.
const MESSAGES_MIN: f32 = 5.0;
/// How much of the counted log-odds is believed: the next message is not drawn from the same bag.
const BELIEVED: f32 = 0.15;
/// Weights below this are not worth a line.
const WEIGHT_MIN: f32 = 0.05;

static BAD: FindingKind = FindingKind {
    id: "reputation-bad",
    concern: Concern::Spam,
    force: Force::Weight(0.5),
    en: "Of the recent messages from {name}, this server held about {share} % for unwanted.",
    de: "Von den jüngeren Nachrichten von {name} hielt dieser Server etwa {share} % für unerwünscht.",
};

static GOOD: FindingKind = FindingKind {
    id: "reputation-good",
    concern: Concern::Trust,
    force: Force::Weight(-0.4),
    en: "Of the recent messages from {name}, about {share} % were harmless.",
    de: "Von den jüngeren Nachrichten von {name} waren etwa {share} % harmlos.",
};

/// Every kind of finding that this file makes.
pub(crate) const FINDINGS: &[&FindingKind] = &[&BAD, &GOOD];

/// Findings whose cause a tenant sets, so that they say nothing to another one.
const SET_BY_TENANT: &[&str] = &[
    "spoof-blocked",
    "own-domain-spoofed",
    "impersonation-user",
    "impersonation-user-similar",
    "impersonation-domain",
];

/// The most and the least that a source of this kind may count.
fn bounds(kind: SourceKind) -> (f32, f32) {
    match kind {
        SourceKind::Address => (-0.3, 0.5),
        // Neighbours share a provider, not a purpose: nobody is good by where he lives.
        SourceKind::Network => (0.0, 0.3),
        SourceKind::Domain => (-0.4, 0.5),
    }
}

/// What one message came to, for the reputation of its sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is against it.
    Good,
    /// It is spam.
    Spam,
    /// It is phishing, or its sender is forged.
    Phish,
    /// It is malware.
    Malware,
    /// It is bulk mail.
    Bulk,
}

/// The sources of a message whose reputation counts: the address, its network, and the From domain
/// where it is proven. A domain that anybody may claim has no reputation.
pub fn sources(
    connection: Option<&ConnectionFacts>,
    authentication: Option<&AuthenticationFacts>,
) -> Vec<(SourceKind, String)> {
    let mut found = Vec::with_capacity(3);
    if let Some(connection) = connection {
        let (host, network) = match connection.address.to_canonical() {
            IpAddr::V4(v4) => {
                let network = std::net::Ipv4Addr::from_bits(v4.to_bits() & 0xffff_ff00);
                (v4.to_string(), format!("{network}/24"))
            }
            IpAddr::V6(v6) => {
                let cut = |bits: u32| Ipv6Addr::from_bits(v6.to_bits() >> bits << bits);
                (format!("{}/64", cut(64)), format!("{}/48", cut(80)))
            }
        };
        found.extend([(SourceKind::Address, host), (SourceKind::Network, network)]);
    }
    let domain = authentication.and_then(proven_domain);
    found.extend(domain.map(|domain| (SourceKind::Domain, domain.to_owned())));
    found
}

/// The domain that a message proves to be from.
pub(crate) fn proven_domain(authentication: &AuthenticationFacts) -> Option<&str> {
    let dmarc = &authentication.dmarc;
    let is_proven = matches!(dmarc.result, DmarcResult::Pass | DmarcResult::BestGuessPass);
    let domain = Some(dmarc.organizational_domain.as_str());
    domain.filter(|domain| is_proven && !domain.is_empty())
}

/// The share of a count that is left after a time.
pub(crate) fn share_left(elapsed_days: f32) -> f32 {
    0.5_f32.powf(elapsed_days.max(0.0) / HALF_LIFE_DAYS)
}

/// What is left of counts after a time. A clock that went back leaves them as they are.
pub fn faded(tally: Tally, elapsed_days: f32) -> Tally {
    let left = share_left(elapsed_days);
    Tally {
        good: tally.good * left,
        spam: tally.spam * left,
        phish: tally.phish * left,
        malware: tally.malware * left,
        bulk: tally.bulk * left,
    }
}

/// Counts of one source from two places.
pub fn together(one: Tally, other: Tally) -> Tally {
    Tally {
        good: one.good + other.good,
        spam: one.spam + other.spam,
        phish: one.phish + other.phish,
        malware: one.malware + other.malware,
        bulk: one.bulk + other.bulk,
    }
}

/// Counts one more message.
pub fn counted(mut tally: Tally, outcome: Outcome) -> Tally {
    let place = match outcome {
        Outcome::Good => &mut tally.good,
        Outcome::Spam => &mut tally.spam,
        Outcome::Phish => &mut tally.phish,
        Outcome::Malware => &mut tally.malware,
        Outcome::Bulk => &mut tally.bulk,
    };
    *place += 1.0;
    tally
}

/// What a judged message counts as, by what the node alone found in it. `None` where that cannot be
/// said: it could not be read, or a tenant's gateway tells where it came from, and a tenant could
/// have it tell anything.
pub fn outcome(facts: &Facts, measured: &Measured, verdicts: &Verdicts) -> Option<Outcome> {
    if facts.attributed || measured.is_unreadable || is_told_by_gateway(facts) {
        return None;
    }
    let is_own = |id: &str| {
        !SET_BY_TENANT.contains(&id) && FINDINGS.iter().all(|reputation| reputation.id != id)
    };
    let own = verdicts.reasons.iter().filter(|reason| is_own(reason.id()));
    let findings: Vec<Finding> = own.map(|reason| reason.finding.clone()).collect();
    // Nor does compauth, which knows the tenant's lists.
    let again = weigh(&Facts::default(), measured, findings);
    Some(match again.verdict {
        Verdict::None => Outcome::Good,
        Verdict::Bulk => Outcome::Bulk,
        Verdict::Spam | Verdict::HighConfidenceSpam => Outcome::Spam,
        Verdict::Spoof | Verdict::Phish | Verdict::HighConfidencePhish => Outcome::Phish,
        Verdict::Malware => Outcome::Malware,
    })
}

/// A tenant's gateway says where it came from.
pub(crate) fn is_told_by_gateway(facts: &Facts) -> bool {
    facts.connection.as_ref().is_some_and(|connection| connection.gateway.is_some())
}

/// What is to be said of a message's sources.
pub(crate) fn findings(reputation: &[ReputationFact]) -> Vec<Finding> {
    reputation.iter().filter_map(finding).collect()
}

fn finding(fact: &ReputationFact) -> Option<Finding> {
    let tally = &fact.tally;
    let bad = tally.spam + tally.phish + tally.malware;
    let count = bad + tally.good;
    if count < MESSAGES_MIN {
        return None;
    }
    let (least, most) = bounds(fact.kind);
    let log_odds = ((bad + 1.0) / (tally.good + 1.0)).ln();
    let weight = (log_odds * BELIEVED).clamp(least, most);
    if weight.abs() < WEIGHT_MIN {
        return None;
    }
    let (kind, part) = if weight > 0.0 { (&BAD, bad) } else { (&GOOD, tally.good) };
    let finding = Finding::of(kind).with("name", &fact.name).with("share", &share(part, count));
    Some(finding.weighing(weight))
}

/// In tens of percent: how much mail others get is not a tenant's affair.
fn share(part: f32, all: f32) -> String {
    format!("{:.0}", (part / all * 10.0).round() * 10.0)
}

#[cfg(test)]
mod tests {
    use posthouse_types::{DmarcFact, GatewayFact, Lookup};

    use super::*;
    use crate::judge;

    fn fact(kind: SourceKind, good: f32, spam: f32) -> ReputationFact {
        let tally = Tally { good, spam, ..Tally::default() };
        ReputationFact { kind, name: "192.0.2.1".into(), tally }
    }

    fn connection(address: &str) -> ConnectionFacts {
        ConnectionFacts {
            address: address.parse().unwrap(),
            helo: String::new(),
            gateway: None,
            reverse_name: Lookup::NotAsked,
            block_lists: Vec::new(),
        }
    }

    #[test]
    fn an_unseen_source_is_neutral() {
        for (good, spam) in [(0.0, 0.0), (2.0, 0.0), (0.0, 4.9), (50.0, 50.0)] {
            assert!(findings(&[fact(SourceKind::Address, good, spam)]).is_empty());
        }
    }

    #[test]
    fn reputation_alone_never_makes_spam_and_never_excuses_it() {
        let all = [SourceKind::Address, SourceKind::Network, SourceKind::Domain];
        let judged = |good, spam| {
            let reputation = all.map(|kind| fact(kind, good, spam)).to_vec();
            judge(&Facts { reputation, ..Facts::default() }, &Measured::default())
        };
        let worst = judged(0.0, f32::MAX);
        assert_eq!(worst.verdict, Verdict::None);
        assert!(worst.score > 1.0 && worst.score < 2.0, "{}", worst.score);
        let best = judged(f32::MAX, 0.0);
        assert!(best.score < 0.0 && best.score > -1.0, "{}", best.score);
        assert!(worst.score.is_finite() && best.score.is_finite());
    }

    #[test]
    fn what_is_told_is_a_share_and_no_number_of_other_tenants_messages() {
        let said = |good, spam| {
            let found = findings(&[fact(SourceKind::Address, good, spam)]);
            found[0].sentence(posthouse_types::Language::English)
        };
        let sentence =
            "Of the recent messages from 192.0.2.1, this server held about 90 % for unwanted.";
        assert_eq!(said(123.0, 1_234.0), sentence);
        assert_eq!(
            said(1_234.0, 13.0),
            "Of the recent messages from 192.0.2.1, about 100 % were harmless."
        );
        assert!(said(0.0, f32::MAX).contains("100 %"));
    }

    #[test]
    fn counts_fade_by_half_in_a_fortnight() {
        let tally = counted(Tally { spam: 7.0, ..Tally::default() }, Outcome::Spam);
        assert_eq!(tally.spam, 8.0);
        assert_eq!(faded(tally, 14.0).spam, 4.0);
        assert_eq!(faded(tally, 42.0).spam, 1.0);
        assert_eq!(faded(tally, -3.0), tally);
    }

    #[test]
    fn a_source_is_a_host_its_site_and_a_domain_that_is_proven() {
        let names = |address: &str, result| {
            let dmarc = DmarcFact {
                result,
                organizational_domain: "shop.example".into(),
                ..DmarcFact::default()
            };
            let authentication = AuthenticationFacts { dmarc, ..AuthenticationFacts::default() };
            let found = sources(Some(&connection(address)), Some(&authentication));
            found.into_iter().map(|(_, name)| name).collect::<Vec<_>>()
        };
        assert_eq!(
            names("192.0.2.9", DmarcResult::Pass),
            ["192.0.2.9", "192.0.2.0/24", "shop.example"]
        );
        assert_eq!(
            names("2001:db8:1:2:3::9", DmarcResult::Fail),
            ["2001:db8:1:2::/64", "2001:db8:1::/48"]
        );
    }

    static BLOCKED: FindingKind = FindingKind {
        id: "spoof-blocked",
        concern: Concern::Spoof,
        force: Force::Weight(9.0),
        en: "x",
        de: "x",
    };
    static WORDS: FindingKind = FindingKind { id: "words", ..BLOCKED_AS_SPAM };
    const BLOCKED_AS_SPAM: FindingKind =
        FindingKind { id: "", concern: Concern::Spam, force: Force::Weight(9.0), en: "x", de: "x" };

    #[test]
    fn what_a_tenant_sets_never_counts_for_another_one() {
        let of = |kind: &'static FindingKind, connection: ConnectionFacts| {
            let measured = Measured { findings: vec![Finding::of(kind)], ..Measured::default() };
            let facts = Facts { connection: Some(connection), ..Facts::default() };
            outcome(&facts, &measured, &judge(&facts, &measured))
        };
        assert_eq!(of(&WORDS, connection("192.0.2.1")), Some(Outcome::Spam));
        assert_eq!(of(&BLOCKED, connection("192.0.2.1")), Some(Outcome::Good));
        // A tenant's gateway could tell any address.
        let gateway = GatewayFact { address: "192.0.2.2".parse().unwrap(), is_lost: false };
        let told = ConnectionFacts { gateway: Some(gateway), ..connection("192.0.2.1") };
        assert_eq!(of(&WORDS, told), None);
    }

    #[test]
    fn a_bad_name_does_not_make_itself_worse() {
        let reputation = vec![fact(SourceKind::Address, 0.0, 1e9); 3];
        let facts = Facts {
            connection: Some(connection("192.0.2.1")),
            reputation: [reputation.clone(), reputation.clone(), reputation].concat(),
            ..Facts::default()
        };
        let verdicts = judge(&facts, &Measured::default());
        assert!(verdicts.score >= 4.0, "as if many lists agreed");
        assert_eq!(outcome(&facts, &Measured::default(), &verdicts), Some(Outcome::Good));
    }
}
