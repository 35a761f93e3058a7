//! Complaints: people who call a sender's bulk mail junk, and how far that raises the bulk complaint
//! level of its later mail.
//!
//! Touches nothing. Only a domain that is proven is complained about, and only its bulk mail gets a
//! higher level. Complaints are tenants' words and act for all tenants: each tenant counts for one
//! step at most, so that three have to agree before the level rises by three.

use posthouse_classifier::BULK_LEVEL_STRICT;
use posthouse_types::{Concern, Facts, Finding, FindingKind, Force, SourceKind};

use crate::Measured;
use crate::reputation::{is_told_by_gateway, proven_domain, share_left};

/// Complaints among a domain's messages that raise the level by one: mailbox providers ask senders
/// to stay below one in a thousand, and take three for the end of patience.
const STEP_SHARE: f32 = 0.001;
/// Of a domain with few messages, one complaint is a step for four weeks, until it has faded to this.
const STEP_MIN: f32 = 0.25;
/// The level never rises by more.
const STEPS_MAX: u8 = 3;
/// The highest level (spec 2.3).
const LEVEL_MAX: u8 = 9;

static COMPLAINTS: FindingKind = FindingKind {
    id: "bulk-complaints",
    concern: Concern::Bulk,
    force: Force::Informs,
    en: "Recipients called recent bulk mail of {name} junk: that raises its bulk level by {steps}.",
    de: "Empfänger nannten jüngere Massenmails von {name} Junk: das hebt ihre Massenmail-Stufe um {steps}.",
};

/// Every kind of finding that this file makes.
pub(crate) const FINDINGS: &[&FindingKind] = &[&COMPLAINTS];

/// The domain that a complaint about this message would be about. `None` where nothing proves it,
/// where a tenant's gateway tells where the message came from, and for mail that is no bulk mail.
pub fn bulk_domain(facts: &Facts, measured: &Measured, has_list_fields: bool) -> Option<String> {
    let is_bulk = has_list_fields || measured.bulk_level >= BULK_LEVEL_STRICT;
    if facts.attributed || is_told_by_gateway(facts) || !is_bulk {
        return None;
    }
    proven_domain(facts.authentication.as_ref()?).map(str::to_owned)
}

/// A tenant's count after a time, with what is said now: one more, or one less.
pub fn counted(count: f32, elapsed_days: f32, more: f32) -> f32 {
    (count * share_left(elapsed_days) + more).max(0.0)
}

/// The bulk complaint level: what the message itself shows, and complaints about earlier mail.
pub(crate) fn bulk_level(facts: &Facts, measured: &Measured) -> u8 {
    measured.bulk_level.saturating_add(steps(facts, measured)).min(LEVEL_MAX)
}

/// What is to be said about that.
pub(crate) fn finding(facts: &Facts, measured: &Measured) -> Option<Finding> {
    let steps = Some(steps(facts, measured)).filter(|steps| *steps > 0)?;
    let name = proven_domain(facts.authentication.as_ref()?)?;
    Some(Finding::of(&COMPLAINTS).with("name", name).with("steps", &steps.to_string()))
}

fn steps(facts: &Facts, measured: &Measured) -> u8 {
    if measured.bulk_level < BULK_LEVEL_STRICT {
        return 0;
    }
    let domain = facts.reputation.iter().find(|fact| fact.kind == SourceKind::Domain);
    let messages = domain.map_or(0.0, |fact| {
        let tally = &fact.tally;
        tally.good + tally.spam + tally.phish + tally.malware + tally.bulk
    });
    let step = (messages * STEP_SHARE).max(STEP_MIN);
    let sum: f32 = facts.complaints.iter().map(|count| count.min(step) / step).sum();
    // Thirds add up to a little less than one.
    let whole = (1..=STEPS_MAX).rev().find(|steps| sum + 1e-3 >= f32::from(*steps));
    whole.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use posthouse_types::{
        AuthenticationFacts, ConnectionFacts, DmarcFact, DmarcResult, GatewayFact, Language,
        Lookup, ReputationFact, Tally, Verdict,
    };

    use super::*;
    use crate::judge;

    fn facts(complaints: &[f32], messages: f32) -> Facts {
        let dmarc = DmarcFact {
            result: DmarcResult::Pass,
            organizational_domain: "shop.example".into(),
            ..DmarcFact::default()
        };
        let tally = Tally { good: messages / 2.0, bulk: messages / 2.0, ..Tally::default() };
        let name = "shop.example".into();
        Facts {
            authentication: Some(AuthenticationFacts { dmarc, ..AuthenticationFacts::default() }),
            reputation: vec![ReputationFact { kind: SourceKind::Domain, name, tally }],
            complaints: complaints.to_vec(),
            ..Facts::default()
        }
    }

    fn bulk(bulk_level: u8) -> Measured {
        Measured { bulk_level, ..Measured::default() }
    }

    #[test]
    fn a_tenant_alone_raises_the_level_by_one_and_all_together_by_three() {
        let raised =
            |complaints: &[f32], messages| bulk_level(&facts(complaints, messages), &bulk(4)) - 4;
        for messages in [0.0, 10.0, 100_000.0] {
            assert_eq!(raised(&[1e9], messages), 1, "{messages}");
            assert_eq!(raised(&[f32::INFINITY, 1e9], messages), 2, "{messages}");
            assert_eq!(raised(&[1e9; 50], messages), 3, "{messages}");
        }
        assert_eq!(raised(&[], 0.0), 0);
        // One has to be said by somebody: a tenant does not lend its voice to another.
        assert_eq!(raised(&[1e9, 0.1], 100_000.0), 1);
    }

    #[test]
    fn of_a_sender_with_much_mail_complaints_count_by_their_share() {
        let raised = |complaints: &[f32]| bulk_level(&facts(complaints, 10_000.0), &bulk(4)) - 4;
        assert_eq!(raised(&[1.0; 9]), 0);
        assert_eq!(raised(&[1.0; 10]), 1);
        assert_eq!(raised(&[1.0; 20]), 2);
        assert_eq!(raised(&[1.0; 30]), 3);
    }

    #[test]
    fn only_bulk_mail_gets_a_higher_level_and_none_above_nine() {
        let complained = facts(&[1.0; 3], 0.0);
        for (measured, level) in [(0, 0), (3, 3), (4, 7), (8, 9)] {
            assert_eq!(bulk_level(&complained, &bulk(measured)), level);
        }
    }

    #[test]
    fn the_verdict_is_made_by_the_level_and_says_so_in_both_languages() {
        let verdicts = judge(&facts(&[1.0; 3], 0.0), &bulk(4));
        assert_eq!((verdicts.verdict, verdicts.bcl), (Verdict::Bulk, 7));
        let finding =
            &verdicts.reasons.iter().find(|one| one.id() == COMPLAINTS.id).unwrap().finding;
        assert_eq!(
            finding.sentence(Language::English),
            "Recipients called recent bulk mail of shop.example junk: that raises its bulk level by 3."
        );
        assert!(finding.sentence(Language::German).contains("um 3"));
        let without = judge(&facts(&[], 0.0), &bulk(4));
        assert_eq!((without.verdict, without.bcl), (Verdict::None, 4));
    }

    #[test]
    fn a_complaint_lasts_four_weeks_and_can_be_taken_back() {
        let raised = |count| bulk_level(&facts(&[count], 0.0), &bulk(4)) - 4;
        let one = counted(0.0, 0.0, 1.0);
        assert_eq!(raised(counted(one, 27.9, 0.0)), 1);
        assert_eq!(raised(counted(one, 28.5, 0.0)), 0);
        assert_eq!(counted(one, 3.0, -1.0), 0.0);
    }

    #[test]
    fn a_complaint_is_about_bulk_mail_that_is_proven() {
        let proven = facts(&[], 0.0);
        let shop = Some("shop.example".to_owned());
        assert_eq!(bulk_domain(&proven, &bulk(4), false), shop);
        assert_eq!(bulk_domain(&proven, &bulk(0), true), shop);
        assert_eq!(bulk_domain(&proven, &bulk(3), false), None, "a person's mail");
        assert_eq!(bulk_domain(&Facts::default(), &bulk(9), true), None, "anybody's");
        // A tenant's gateway could tell any address, and prove any domain by it.
        let gateway = GatewayFact { address: "192.0.2.2".parse().unwrap(), is_lost: false };
        let connection = ConnectionFacts {
            address: "192.0.2.1".parse().unwrap(),
            helo: String::new(),
            gateway: Some(gateway),
            reverse_name: Lookup::NotAsked,
            block_lists: Vec::new(),
        };
        let told = Facts { connection: Some(connection), ..proven };
        assert_eq!(bulk_domain(&told, &bulk(9), true), None);
    }
}
