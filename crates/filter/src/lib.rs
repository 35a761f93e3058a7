//! The filter: measures a message, never acts on it.
//!
//! Touches nothing: facts in, verdicts with their reasons out; one total function. Today there is
//! no engine behind it, and it says so in every verdict (`filter-absent`): the mail carries
//! `X-Posthouse-Filtered: no`, and `posthouse check` warns.

use posthouse_types::{Facts, Reason, Verdict, VerdictReason, Verdicts};

/// Whether any engine judges messages; decides the `X-Posthouse-Filtered` field.
pub const HAS_ENGINES: bool = false;

/// Judges one message by what was gathered about it.
pub fn judge(_facts: &Facts) -> Verdicts {
    Verdicts {
        verdict: Verdict::None,
        reasons: vec![VerdictReason {
            id: Reason::FilterAbsent.id(),
            weight: 0.0,
            text: Reason::FilterAbsent.summary().to_owned(),
        }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_never_claims_a_judgement_that_no_engine_made() {
        let verdicts = judge(&Facts::default());
        assert_eq!(verdicts.verdict, Verdict::None);
        assert_eq!(verdicts.reasons[0].id, "filter-absent");
    }
}
