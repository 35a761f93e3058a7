//! Facts in, verdict out. Three kinds of theory: what a server said in words ([`stated`]), what
//! follows from sessions and their history ([`relay`]), what Windows logged about certificates
//! ([`windows`]). The surest wins; others become candidates. Where nothing decides, the verdict is
//! `unknown` with candidates: better than a guess.
//!
//! Pure and total: every combination of facts has a verdict.

mod relay;
mod stated;
mod windows;

use posthouse_types::UnixMillis;

use crate::advice;
use crate::facts::{Facts, Failure, Proof, Report, Session};
use crate::limits::PROOFS_MAX;
use crate::reply::{Meaning, meaning};
use crate::verdict::{Candidate, Cause, Confidence, Verdict};

/// Two things that happen within this time on one server belong together, where nothing else
/// joins them: a handshake, its event and its refusal are seconds apart, clocks a little more.
const NEAR_MILLIS: u64 = 10 * 60 * 1000;

/// Judges what the files say.
pub fn judge(facts: &Facts) -> Verdict {
    let denials = denials(facts);
    let mut theories = stated::theories(facts);
    theories.extend(denials.iter().map(|denial| relay::explain(denial, facts)));
    theories.extend(windows::theories(facts, &denials));
    let mut theories = merged(theories);
    theories.sort_by_key(|theory| {
        let is_unknown = theory.cause == Cause::Unknown;
        (is_unknown, std::cmp::Reverse((theory.confidence, theory.time)))
    });
    let mut theories = theories.into_iter();
    match theories.next() {
        Some(first) => verdict(first, theories.collect(), &denials, facts),
        None => without_theory(facts),
    }
}

/// One reading of the evidence.
#[derive(Clone, Debug)]
struct Theory {
    cause: Cause,
    confidence: Confidence,
    /// In a sentence or two.
    why: String,
    /// What it could be instead.
    instead: Vec<Cause>,
    proof: Vec<Proof>,
    time: Option<UnixMillis>,
    /// The kind of evidence behind it: two kinds make it surer.
    source: Source,
    /// The certificate that should have been sent too, and where to get it.
    missing: Option<(String, Vec<String>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// A session or a report: the dialogue.
    Dialogue,
    /// A Windows event.
    Event,
}

impl Theory {
    fn new(cause: Cause, confidence: Confidence, why: impl Into<String>) -> Self {
        Self {
            cause,
            confidence,
            why: why.into(),
            instead: Vec::new(),
            proof: Vec::new(),
            time: None,
            source: Source::Dialogue,
            missing: None,
        }
    }

    fn instead(mut self, instead: &[Cause]) -> Self {
        self.instead = instead.to_vec();
        self
    }

    fn proven_by<'a>(mut self, proof: impl IntoIterator<Item = &'a Proof>) -> Self {
        self.proof.extend(proof.into_iter().cloned());
        self
    }

    fn at(mut self, time: Option<UnixMillis>) -> Self {
        self.time = time;
        self
    }
}

/// A refusal to relay whose words leave the cause open.
#[derive(Clone, Debug)]
struct Denial<'a> {
    /// The session it was given in, where a log has it.
    session: Option<&'a Session>,
    failure: &'a Failure,
    time: Option<UnixMillis>,
    /// A partner connector refused (5.7.51).
    is_restriction: bool,
    /// The reports on it.
    reports: Vec<&'a Report>,
}

impl Denial<'_> {
    fn proof(&self) -> impl Iterator<Item = &Proof> {
        let reports = self.reports.iter().flat_map(|report| &report.failure.proof);
        self.failure.proof.iter().chain(reports)
    }
}

fn denials(facts: &Facts) -> Vec<Denial<'_>> {
    let open = |failure: &Failure| match meaning(&failure.text) {
        Meaning::Denied => Some(false),
        Meaning::Restricted => Some(true),
        Meaning::Stated { .. } | Meaning::Other => None,
    };
    let mut denials: Vec<Denial<'_>> = Vec::new();
    for session in &facts.sessions {
        for failure in &session.failures {
            if let Some(is_restriction) = open(failure) {
                let (session, time) = (Some(session), session.last);
                denials.push(Denial {
                    session,
                    failure,
                    time,
                    is_restriction,
                    reports: Vec::new(),
                });
            }
        }
    }
    for report in &facts.reports {
        let Some(is_restriction) = open(&report.failure) else { continue };
        let joined = denials.iter_mut().find(|denial| {
            denial
                .session
                .is_some_and(|session| session.links.iter().any(|link| report.links.contains(link)))
        });
        match joined {
            Some(denial) => denial.reports.push(report),
            None => denials.push(Denial {
                session: None,
                failure: &report.failure,
                time: report.time,
                is_restriction,
                reports: Vec::new(),
            }),
        }
    }
    denials
}

/// Theories of one cause as one; two kinds of evidence that agree make it surer.
fn merged(theories: Vec<Theory>) -> Vec<Theory> {
    let mut merged: Vec<Theory> = Vec::new();
    for theory in theories {
        let Some(kept) = merged.iter_mut().find(|kept| kept.cause == theory.cause) else {
            merged.push(theory);
            continue;
        };
        let agree = kept.source != theory.source && kept.cause != Cause::Unknown;
        let is_better = (theory.confidence, theory.time) > (kept.confidence, kept.time);
        let (mut winner, other) =
            if is_better { (theory, kept.clone()) } else { (kept.clone(), theory) };
        if agree
            && winner.confidence == Confidence::Likely
            && other.confidence >= Confidence::Likely
        {
            winner.confidence = Confidence::VeryLikely;
        }
        winner.proof.extend(other.proof);
        winner.instead.extend(other.instead);
        winner.missing = winner.missing.or(other.missing);
        *kept = winner;
    }
    merged
}

fn verdict(first: Theory, others: Vec<Theory>, denials: &[Denial<'_>], facts: &Facts) -> Verdict {
    let mut causes = Vec::new();
    let other_causes = others.iter().map(|theory| theory.cause);
    let generic = advice::mistaken_for(first.cause).iter().copied();
    let is_certain = first.confidence == Confidence::Certain;
    let generic = generic.filter(|_| !is_certain);
    for cause in first.instead.iter().copied().chain(other_causes).chain(generic) {
        let is_cause = !matches!(cause, Cause::None | Cause::Unknown) && cause != first.cause;
        if is_cause && !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    let mut proof: Vec<Proof> = Vec::new();
    for line in first.proof.iter().chain(denials.iter().flat_map(Denial::proof)) {
        if proof.len() < PROOFS_MAX && !proof.contains(line) {
            proof.push(line.clone());
        }
    }
    let mut why = first.why;
    if let Some(count) = went_well_since(facts, first.time) {
        why.push_str(&format!(
            " Since then {count} session{} took a message: it may be mended.",
            if count == 1 { "" } else { "s" }
        ));
    }
    Verdict {
        cause: first.cause,
        confidence: first.confidence,
        why,
        candidates: causes
            .into_iter()
            .map(|cause| Candidate { cause, tell_apart: advice::tell_apart(cause) })
            .collect(),
        proof,
        fix: advice::fixes(first.cause, first.missing),
        files: facts.files.clone(),
        notes: facts.notes.clone(),
    }
}

/// How many sessions after the last refusal took a message, on a route that had been refused.
fn went_well_since(facts: &Facts, time: Option<UnixMillis>) -> Option<u64> {
    let time = time?;
    let is_later = |session: &&Session| {
        session.accepted.is_some() && session.failures.is_empty() && session.last > Some(time)
    };
    let refused: Vec<_> = facts.sessions.iter().filter(|one| !one.failures.is_empty()).collect();
    let good = facts.sessions.iter().filter(is_later);
    let good = good.filter(|good| refused.iter().any(|bad| relay::same_route(good, bad)));
    // Of sessions folded into one, only those after that time count; at least the latest is.
    let count = good.map(|good| if good.first > Some(time) { good.count } else { 1 }).sum();
    (count > 0).then_some(count)
}

/// Nothing points to a cause: all went well, something else failed, or nothing is there.
fn without_theory(facts: &Facts) -> Verdict {
    let failures: Vec<&Failure> = facts
        .sessions
        .iter()
        .flat_map(|session| &session.failures)
        .chain(facts.reports.iter().map(|report| &report.failure))
        .collect();
    let tls = facts.sessions.iter().filter(|one| matches!(one.tls, crate::facts::Tls::Failed(_)));
    let tls: Vec<&Proof> = tls.flat_map(|session| &session.tls_proof).collect();
    let accepted: Vec<&Session> =
        facts.sessions.iter().filter(|session| session.accepted.is_some()).collect();
    let harmless = failures.iter().all(|failure| is_about_a_recipient(&failure.text));
    let events_well = windows::all_well(facts);
    let (cause, confidence, why, proof): (_, _, _, Vec<&Proof>) =
        if !accepted.is_empty() && harmless && tls.is_empty() {
            let count: u64 = accepted.iter().map(|session| session.count).sum();
            let lines = accepted.iter().filter_map(|session| session.accepted.as_ref());
            let but = if failures.is_empty() { "" } else { "; refused were recipients only" };
            let why = format!("All went well: {count} sessions took messages{but}.");
            (Cause::None, Confidence::Certain, why, lines.collect())
        } else if let Some(first) = failures.first() {
            let why = format!(
                "A refusal that has nothing to do with certificates or connectors: {}",
                posthouse_types::printable(&first.text, posthouse_types::SHOWN_CHARACTERS_MAX)
            );
            let lines = failures.iter().flat_map(|failure| &failure.proof);
            (Cause::Unknown, Confidence::Weak, why, lines.collect())
        } else if !tls.is_empty() {
            let why = "TLS failed, and the log does not say why.".to_owned();
            (Cause::Unknown, Confidence::Weak, why, tls)
        } else if !events_well.is_empty() {
            let why = "Windows found nothing wrong with the certificates.".to_owned();
            let lines = events_well.into_iter().filter_map(|event| event.proof.as_ref());
            (Cause::None, Confidence::Likely, why, lines.collect())
        } else {
            let why = "Nothing was found that says anything about a refused relay.".to_owned();
            let lines = facts.sessions.iter().filter_map(|session| session.opened.as_ref());
            (Cause::Unknown, Confidence::Weak, why, lines.collect())
        };
    Verdict {
        cause,
        confidence,
        why,
        candidates: Vec::new(),
        proof: proof.into_iter().take(PROOFS_MAX).cloned().collect(),
        fix: advice::fixes(cause, None),
        files: facts.files.clone(),
        notes: facts.notes.clone(),
    }
}

/// Refusals of one mailbox (RFC 3463 subjects 1 and 2, and directory-based edge blocking): daily
/// bread of a server that relays well.
fn is_about_a_recipient(text: &str) -> bool {
    let status = text.split_whitespace().nth(1).unwrap_or_default();
    let subject = status.split('.').nth(1).unwrap_or_default();
    matches!(subject, "1" | "2") || text.contains("Recipient address rejected")
}

/// Whether two moments belong together.
fn is_near(one: Option<UnixMillis>, other: Option<UnixMillis>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one.0.abs_diff(other.0) <= NEAR_MILLIS)
}
