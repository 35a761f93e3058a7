//! What would have changed the verdict: the fewest findings without which it would be another.
//!
//! Touches nothing. Found by judging again without them, so that it cannot say what is not so.

use posthouse_types::{Facts, Verdict, Verdicts};

use crate::Measured;
use crate::judge::weigh;

/// Findings that are named together at most: more is no answer.
const TOGETHER_MAX: usize = 3;

/// Without these findings the verdict would have been that one.
#[derive(Clone, Debug, PartialEq)]
pub struct Counterfactual {
    /// Places in [`Verdicts::reasons`], the heaviest first.
    pub without: Vec<usize>,
    /// The verdict then.
    pub verdict: Verdict,
}

/// The smallest change of what was found that would have led to another verdict: one finding, the
/// lightest that suffices; else up to three of the heaviest together. `None` where nothing is
/// against the message, or where too much is.
pub fn counterfactual(
    facts: &Facts,
    measured: &Measured,
    verdicts: &Verdicts,
) -> Option<Counterfactual> {
    if verdicts.verdict == Verdict::None {
        return None;
    }
    let against: Vec<usize> = verdicts
        .reasons
        .iter()
        .enumerate()
        .filter(|(_, reason)| reason.weight > 0.0 || reason.decisive)
        .map(|(place, _)| place)
        .collect();
    // Reasons stand heaviest first, so the last one that suffices is the lightest.
    let single = against.iter().rev().map(std::slice::from_ref);
    let together = (2..=TOGETHER_MAX.min(against.len())).filter_map(|many| against.get(..many));
    single.chain(together).find_map(|without| {
        let verdict = judged_without(facts, measured, verdicts, without);
        (verdict != verdicts.verdict).then(|| Counterfactual { without: without.to_vec(), verdict })
    })
}

fn judged_without(
    facts: &Facts,
    measured: &Measured,
    verdicts: &Verdicts,
    without: &[usize],
) -> Verdict {
    let kept = verdicts.reasons.iter().enumerate().filter(|(place, _)| !without.contains(place));
    let findings = kept.map(|(_, reason)| reason.finding.clone()).collect();
    weigh(facts, measured, findings).verdict
}

#[cfg(test)]
mod tests {
    use posthouse_types::{Concern, Finding, FindingKind, Force};

    use super::*;
    use crate::judge;

    static WORDS: FindingKind = kind("words", 5.0);
    static LINK: FindingKind = kind("link", 3.5);
    static TRIFLE: FindingKind = kind("trifle", 0.1);

    const fn kind(id: &'static str, weight: f32) -> FindingKind {
        FindingKind { id, concern: Concern::Spam, force: Force::Weight(weight), en: "x", de: "x" }
    }

    fn found(kinds: &[&'static FindingKind]) -> Option<(Vec<&'static str>, Verdict)> {
        let findings = kinds.iter().map(|kind| Finding::of(kind)).collect();
        let measured = Measured { findings, ..Measured::default() };
        let verdicts = judge(&Facts::default(), &measured);
        let found = counterfactual(&Facts::default(), &measured, &verdicts)?;
        let ids = found.without.iter().map(|place| verdicts.reasons[*place].id()).collect();
        Some((ids, found.verdict))
    }

    #[test]
    fn the_lightest_finding_that_suffices_alone_is_named() {
        // 8.6 is spam in high confidence; without either of the heavy ones it is less.
        assert_eq!(found(&[&WORDS, &LINK, &TRIFLE]), Some((vec!["link"], Verdict::Spam)));
    }

    #[test]
    fn several_are_named_where_none_suffices_alone() {
        static HEAVY: FindingKind = kind("heavy", 9.0);
        static OTHER: FindingKind = kind("other", 9.5);
        let found = found(&[&HEAVY, &OTHER]);
        assert_eq!(found, Some((vec!["other", "heavy"], Verdict::None)));
    }

    #[test]
    fn a_message_with_nothing_against_it_needs_no_change() {
        assert_eq!(found(&[&TRIFLE]), None);
    }
}
