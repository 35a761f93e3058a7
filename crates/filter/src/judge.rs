//! The judgement: one sum, a few thresholds, and what decides alone.
//!
//! Touches nothing. Everything is in natural logarithms of odds, so that findings add up; the
//! reasons that are shown are the very summands.

use posthouse_classifier::{WORDS_LIKE_PHISH, WORDS_LIKE_RELEASED, WORDS_LIKE_WANTED};
use posthouse_types::{
    CompositeAuthentication, CompositeResult, Concern, EngineFact, Facts, Finding, FindingKind,
    Force, PhishConfidence, Verdict, VerdictReason, Verdicts,
};

use crate::authentication::{authentication_findings, connection_findings, reasons};
use crate::{Measured, complaints, reputation};

/// From here on a message is spam.
const SPAM_MIN: f32 = 4.0;
/// From here on it is spam in high confidence.
const HIGH_CONFIDENCE_SPAM_MIN: f32 = 8.0;
/// Of a message that is no good, the phishing share from which it is phishing.
const PHISH_MIN: f32 = 1.0;
/// The same in high confidence.
const HIGH_CONFIDENCE_PHISH_MIN: f32 = 6.0;
/// What speaks of something that runs, from which it is malware: one strong sign suffices.
const MALWARE_MIN: f32 = 4.0;
/// From here on a single sign of phishing or malware outweighs all wording for the message.
const ATTACK_MIN: f32 = 3.0;
/// From here on a single sign says that a bad message is phishing, whatever its words are like.
const LURE_MIN: f32 = 2.0;
/// Signs of forgery beside a sender that nothing proves.
const SPOOF_SIGNS_MIN: f32 = 2.0;
/// What many recipients complain about (spec 2.3: the default threshold).
const BULK_MIN: u8 = 7;

/// No engine has seen the message: it is off, or could not be asked.
static FILTER_ABSENT: FindingKind = FindingKind {
    id: "filter-absent",
    concern: Concern::Trust,
    force: Force::Informs,
    en: "No filter engine has judged this message.",
    de: "Kein Filter hat diese Nachricht beurteilt.",
};

/// Every kind of finding that this room makes.
pub(crate) const FINDINGS: &[&FindingKind] =
    &[&FILTER_ABSENT, &ENGINE_FOUND, &ENGINE_SILENT, &NOTHING_FOUND, &KNOWN_BEFORE];

/// The malware engine knows what is in the message.
static ENGINE_FOUND: FindingKind = FindingKind {
    id: "engine-found-malware",
    concern: Concern::Malware,
    force: Force::Decisive,
    en: "The malware engine names it: {name}.",
    de: "Die Schadsoftware-Erkennung nennt es: {name}.",
};

/// The malware engine was asked and gave no answer that counts.
static ENGINE_SILENT: FindingKind = FindingKind {
    id: "engine-did-not-answer",
    concern: Concern::Trust,
    force: Force::Informs,
    en: "The malware engine did not answer: {why}.",
    de: "Die Schadsoftware-Erkennung hat nicht geantwortet: {why}.",
};

/// Nothing at all was found.
static NOTHING_FOUND: FindingKind = FindingKind {
    id: "nothing-found",
    concern: Concern::Trust,
    force: Force::Informs,
    en: "Nothing in this message stood out.",
    de: "An dieser Nachricht fiel nichts auf.",
};

/// What was found out about the sender of a message that is judged again.
static KNOWN_BEFORE: FindingKind = FindingKind {
    id: "sender-known-before",
    concern: Concern::Trust,
    force: Force::Weight(1.0),
    en: "What was found out about its sender when it came.",
    de: "Was über den Absender bekannt war, als die Nachricht kam.",
};

/// What the facts about a message's sender counted, so that its content can be judged again when
/// nobody can ask about the sender any more.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SenderWeight {
    /// All together.
    pub sum: f32,
    /// Of these, what spoke of phishing and forgery.
    pub phish: f32,
}

/// What the facts counted.
pub fn sender_weight(facts: &Facts) -> SenderWeight {
    let findings = gathered(&Facts { engine: EngineFact::NotAsked, ..facts.clone() });
    let of_phish = |found: &&Finding| matches!(found.kind.concern, Concern::Phish | Concern::Spoof);
    SenderWeight {
        sum: findings.iter().map(Finding::weight).sum(),
        phish: findings.iter().filter(of_phish).map(Finding::weight).sum(),
    }
}

/// Judges a message again by what is measured in it now, what an engine says now, and what its
/// sender counted when it came.
pub fn judge_again(measured: &Measured, engine: EngineFact, sender: SenderWeight) -> Verdicts {
    let facts = Facts { engine, ..Facts::default() };
    let mut findings = measured.findings.clone();
    findings.extend(gathered(&facts));
    if sender.sum != 0.0 {
        findings.push(Finding::of(&KNOWN_BEFORE).weighing(sender.sum));
    }
    let phish_log_odds = measured.phish_log_odds + sender.phish;
    weigh(&facts, &Measured { phish_log_odds, ..measured.clone() }, findings)
}

/// The verdict on a message that nobody looked at.
pub fn absent() -> Verdicts {
    Verdicts { reasons: vec![informing(&FILTER_ABSENT)], ..Verdicts::default() }
}

/// Judges one message by what was gathered about it and measured in it.
pub fn judge(facts: &Facts, measured: &Measured) -> Verdicts {
    let mut findings = measured.findings.clone();
    findings.extend(gathered(facts));
    findings.extend(complaints::finding(facts, measured));
    weigh(facts, measured, findings)
}

/// Judges by these findings alone.
pub(crate) fn weigh(facts: &Facts, measured: &Measured, findings: Vec<Finding>) -> Verdicts {
    let findings = without_borrowed_trust(findings);
    let mut reasons: Vec<VerdictReason> = findings.into_iter().map(weighed).collect();
    if reasons.is_empty() {
        reasons.push(informing(&NOTHING_FOUND));
    }
    reasons.sort_by(|a, b| {
        let key = |reason: &VerdictReason| (reason.decisive, reason.weight.abs());
        key(b).partial_cmp(&key(a)).unwrap_or(std::cmp::Ordering::Equal)
    });
    let score: f32 = reasons.iter().map(|reason| reason.weight).sum();
    let all = holding(&reasons, score, facts, measured);
    let verdict = Verdict::PRECEDENCE.iter().copied().find(|one| all.contains(one));
    let verdict = verdict.unwrap_or_default();
    let scl = spam_confidence(verdict, &all);
    let phish_confidence = phish_confidence(score, phish_share(&reasons, measured));
    let bcl = complaints::bulk_level(facts, measured);
    Verdicts { verdict, all, scl, bcl, score, phish_confidence, reasons }
}

/// Whoever attacks chooses the words around what he sends: where the message itself does what
/// only attacks do, words like wanted mail speak for nothing.
fn without_borrowed_trust(mut findings: Vec<Finding>) -> Vec<Finding> {
    let attacks = |found: &Finding| {
        (is_lure(found) || found.kind.concern == Concern::Malware) && found.weight() >= ATTACK_MIN
    };
    if findings.iter().any(attacks) {
        findings.retain(|found| found.kind.id != WORDS_LIKE_WANTED.id);
    }
    findings
}

/// Something in the message itself, and not its wording alone, that speaks of phishing.
fn is_lure(found: &Finding) -> bool {
    found.kind.concern == Concern::Phish && found.kind.id != WORDS_LIKE_PHISH.id
}

/// How much of what was found speaks of phishing. That the words are other than known phishing's
/// takes nothing from a lure that stands in the message.
fn phish_share(reasons: &[VerdictReason], measured: &Measured) -> f32 {
    let has_lure = reasons.iter().any(|one| is_lure(&one.finding) && one.weight >= LURE_MIN);
    let words = measured.phish_log_odds;
    let words = if has_lure { words.max(0.0) } else { words };
    words + share(reasons, &[Concern::Phish, Concern::Spoof])
}

/// What speaks of these concerns, together.
fn share(reasons: &[VerdictReason], concerns: &[Concern]) -> f32 {
    let counted = reasons.iter().filter(|one| concerns.contains(&one.finding.kind.concern));
    counted.map(|reason| reason.weight).sum()
}

/// How sure phishing is that is not of high confidence by itself: thirds of the way there, by
/// whichever of the score and the phishing share is less far (spec 2.8, the phish threshold).
fn phish_confidence(score: f32, share: f32) -> PhishConfidence {
    let way = |value: f32, from: f32, to: f32| (value - from) / (to - from);
    let badness = way(score, SPAM_MIN, HIGH_CONFIDENCE_SPAM_MIN);
    let phishing = way(share, PHISH_MIN, HIGH_CONFIDENCE_PHISH_MIN);
    match badness.min(phishing) {
        way if way >= 2.0 / 3.0 => PhishConfidence::High,
        way if way >= 1.0 / 3.0 => PhishConfidence::Medium,
        _ => PhishConfidence::Low,
    }
}

/// What the facts say, as findings.
fn gathered(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(authentication) = &facts.authentication {
        findings.extend(authentication_findings(authentication, facts));
    }
    if let Some(connection) = &facts.connection {
        findings.extend(connection_findings(connection));
    }
    findings.extend(reputation::findings(&facts.reputation));
    match &facts.engine {
        EngineFact::Infected(name) => findings.push(Finding::of(&ENGINE_FOUND).with("name", name)),
        EngineFact::Failed(why) => findings.push(Finding::of(&ENGINE_SILENT).with("why", why)),
        EngineFact::Clean | EngineFact::NotAsked => {}
    }
    findings
}

/// Whether the From address is forged: somebody who may say so does, or nothing proves it and
/// other signs of forgery stand beside. That nothing proves it is not enough alone (spec 2.5).
fn is_spoofed(composite: CompositeAuthentication, share: f32) -> bool {
    composite.result == CompositeResult::Fail
        && (composite.reason != reasons::IMPLICIT_FAIL || share >= SPOOF_SIGNS_MIN)
}

fn weighed(finding: Finding) -> VerdictReason {
    let decisive = matches!(finding.kind.force, Force::Decisive);
    VerdictReason { weight: finding.weight(), finding, decisive }
}

fn informing(kind: &'static FindingKind) -> VerdictReason {
    VerdictReason { finding: Finding::of(kind), weight: 0.0, decisive: false }
}

/// Every verdict that holds, by precedence.
fn holding(
    reasons: &[VerdictReason],
    score: f32,
    facts: &Facts,
    measured: &Measured,
) -> Vec<Verdict> {
    let decided = |concern| {
        reasons.iter().any(|reason| reason.decisive && reason.finding.kind.concern == concern)
    };
    let share = |concerns: &[Concern]| share(reasons, concerns);
    let phish = phish_share(reasons, measured);
    let is_bad = score >= SPAM_MIN;
    // What a tenant's people said of other mail never frees certain phishing.
    let released = reasons.iter().filter(|one| one.id() == WORDS_LIKE_RELEASED.id);
    let unforgiving = score - released.map(|one| one.weight).sum::<f32>();
    Verdict::PRECEDENCE
        .iter()
        .copied()
        .filter(|verdict| match verdict {
            Verdict::Malware => {
                decided(Concern::Malware)
                    || share(&[Concern::Malware]) >= MALWARE_MIN
                    || measured.is_unreadable
            }
            Verdict::HighConfidencePhish => {
                decided(Concern::Phish)
                    || (unforgiving >= HIGH_CONFIDENCE_SPAM_MIN
                        && phish >= HIGH_CONFIDENCE_PHISH_MIN)
            }
            Verdict::Phish => is_bad && phish >= PHISH_MIN,
            Verdict::HighConfidenceSpam => {
                decided(Concern::Spam) || score >= HIGH_CONFIDENCE_SPAM_MIN
            }
            Verdict::Spoof => {
                decided(Concern::Spoof) || is_spoofed(facts.composite, share(&[Concern::Spoof]))
            }
            Verdict::Spam => is_bad,
            Verdict::Bulk => complaints::bulk_level(facts, measured) >= BULK_MIN,
            Verdict::None => false,
        })
        .collect()
}

/// The level that is stamped (spec 2.3). Phishing and spoofing have no level of their own:
/// they count as spam, in high confidence where the verdict says so.
fn spam_confidence(verdict: Verdict, all: &[Verdict]) -> i8 {
    match verdict {
        Verdict::None | Verdict::Bulk => 1,
        Verdict::HighConfidenceSpam | Verdict::HighConfidencePhish | Verdict::Malware => 9,
        _ if all.contains(&Verdict::HighConfidenceSpam) => 9,
        Verdict::Phish | Verdict::Spoof | Verdict::Spam => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! kind {
        ($name:ident, $id:literal, $concern:ident, $force:expr) => {
            static $name: FindingKind = FindingKind {
                id: $id,
                concern: Concern::$concern,
                force: $force,
                en: "x",
                de: "x",
            };
        };
    }
    kind!(SPAM, "spam-words", Spam, Force::Weight(4.5));
    kind!(LURE, "lure", Phish, Force::Weight(5.0));
    kind!(VIRUS, "virus", Malware, Force::Decisive);
    kind!(KNOWN, "known", Trust, Force::Weight(-3.0));

    fn judged(kinds: &[&'static FindingKind]) -> Verdicts {
        let findings = kinds.iter().map(|kind| Finding::of(kind)).collect();
        judge(&Facts::default(), &Measured { findings, ..Measured::default() })
    }

    #[test]
    fn a_verdict_never_claims_a_judgement_that_no_engine_made() {
        let verdicts = absent();
        assert_eq!(verdicts.verdict, Verdict::None);
        assert_eq!(verdicts.reasons[0].id(), "filter-absent");
    }

    #[test]
    fn weights_add_up_to_the_score_and_heavier_reasons_stand_first() {
        let verdicts = judged(&[&KNOWN, &SPAM, &LURE]);
        assert_eq!(verdicts.score, 6.5);
        let ids: Vec<_> = verdicts.reasons.iter().map(VerdictReason::id).collect();
        assert_eq!(ids, ["lure", "spam-words", "known"]);
    }

    #[test]
    fn malware_comes_before_phishing_and_phishing_before_spam() {
        assert_eq!(judged(&[&SPAM]).verdict, Verdict::Spam);
        assert_eq!(judged(&[&SPAM, &LURE]).all[0], Verdict::Phish);
        assert_eq!(judged(&[&SPAM, &LURE, &VIRUS]).verdict, Verdict::Malware);
        assert_eq!(judged(&[&KNOWN]).verdict, Verdict::None);
    }

    #[test]
    fn what_a_tenant_released_never_frees_certain_phishing_or_malware() {
        let released =
            || Finding::of(&WORDS_LIKE_RELEASED).weighing(-posthouse_classifier::SAYS_MAX);
        let judged = |kind: &'static FindingKind, weight: f32, phish_log_odds: f32| {
            let findings = vec![Finding::of(kind).weighing(weight), released()];
            let measured = Measured { findings, phish_log_odds, ..Measured::default() };
            judge(&Facts::default(), &measured).verdict
        };
        assert_eq!(judged(&LURE, 8.5, 0.0), Verdict::HighConfidencePhish);
        assert_eq!(judged(&VIRUS, 0.0, 0.0), Verdict::Malware);
        assert_eq!(judged(&SPAM, 4.5, 0.0), Verdict::None, "what was close is freed");
    }

    #[test]
    fn judged_again_the_same_content_of_the_same_sender_gets_the_same_verdict() {
        let facts = Facts {
            authentication: Some(posthouse_types::AuthenticationFacts::default()),
            ..Facts::default()
        };
        for (kind, weight) in [(&SPAM, 4.5), (&LURE, 9.0), (&KNOWN, -3.0)] {
            let findings = vec![Finding::of(kind).weighing(weight)];
            let measured = Measured { findings, ..Measured::default() };
            let first = judge(&facts, &measured);
            let again = judge_again(&measured, EngineFact::NotAsked, sender_weight(&facts));
            assert_eq!(again.verdict, first.verdict);
            assert!((again.score - first.score).abs() < 1e-4);
        }
        let found = EngineFact::Infected("Eicar".to_owned());
        let again = judge_again(&Measured::default(), found, SenderWeight::default());
        assert_eq!(again.verdict, Verdict::Malware);
    }

    #[test]
    fn mim_06_what_could_not_be_read_is_kept_like_malware_never_called_clean() {
        let measured = Measured { is_unreadable: true, ..Measured::default() };
        assert_eq!(judge(&Facts::default(), &measured).verdict, Verdict::Malware);
    }

    #[test]
    fn chosen_words_never_outweigh_what_only_attacks_do() {
        let wanted = || Finding::of(&WORDS_LIKE_WANTED).weighing(-4.0);
        let score = |weight: f32| {
            let findings = vec![Finding::of(&LURE).weighing(weight), wanted()];
            judge(&Facts::default(), &Measured { findings, ..Measured::default() }).score
        };
        assert_eq!(score(ATTACK_MIN), ATTACK_MIN);
        assert_eq!(score(2.0), -2.0);
    }

    #[test]
    fn a_lure_makes_a_bad_message_phishing_whatever_its_words_are_like() {
        let verdict = |lure: f32| {
            let findings = vec![Finding::of(&LURE).weighing(lure), Finding::of(&SPAM)];
            let measured = Measured { findings, phish_log_odds: -5.0, ..Measured::default() };
            judge(&Facts::default(), &measured).verdict
        };
        assert_eq!(verdict(LURE_MIN), Verdict::Phish);
        assert_eq!(verdict(1.0), Verdict::Spam);
    }

    #[test]
    fn spec_2_8_phishing_is_surer_the_nearer_it_is_to_high_confidence() {
        for (weight, confidence) in [
            (4.5, PhishConfidence::Low),
            (5.5, PhishConfidence::Medium),
            (7.0, PhishConfidence::High),
        ] {
            let findings = vec![Finding::of(&LURE).weighing(weight)];
            let verdicts = judge(&Facts::default(), &Measured { findings, ..Measured::default() });
            assert_eq!(verdicts.verdict, Verdict::Phish, "{weight}");
            assert_eq!(verdicts.phish_confidence, confidence, "{weight}");
        }
        let spam = judged(&[&SPAM, &KNOWN, &LURE]);
        assert_eq!(spam.phish_confidence, PhishConfidence::Medium, "6.5, and 5 of it phishing");
    }

    #[test]
    fn levels_two_to_four_are_never_stamped() {
        for kinds in [vec![], vec![&SPAM], vec![&SPAM, &LURE], vec![&VIRUS]] {
            assert!([1, 5, 9].contains(&judged(&kinds).scl));
        }
    }
}
