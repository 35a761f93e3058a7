//! Theories from words: a reply, a TLS error or an event that names its cause.
//! Pure. Such a theory is as sure as its words; nothing is inferred here.

use posthouse_types::{SHOWN_CHARACTERS_MAX, printable};

use super::Theory;
use crate::facts::{Facts, Failure, Proof, Tls};
use crate::reply::{Meaning, handshake_error, meaning};
use crate::verdict::{Cause, Confidence};
use posthouse_types::UnixMillis;

/// What was said in so many words.
pub(super) fn theories(facts: &Facts) -> Vec<Theory> {
    let mut theories = Vec::new();
    for session in &facts.sessions {
        for failure in &session.failures {
            theories.extend(of_failure(failure, session.last));
        }
        if let Tls::Failed(error) = &session.tls {
            let meaning = handshake_error(error);
            let why = format!(
                "The TLS handshake failed with error {}.",
                printable(error, SHOWN_CHARACTERS_MAX)
            );
            theories.extend(theory(meaning, &why, &session.tls_proof, session.last));
        }
    }
    for report in &facts.reports {
        theories.extend(of_failure(&report.failure, report.time));
    }
    theories
}

fn of_failure(failure: &Failure, time: Option<UnixMillis>) -> Option<Theory> {
    let why = format!(
        "The server says so: {}",
        printable(after_brackets(&failure.text), 3 * SHOWN_CHARACTERS_MAX)
    );
    theory(meaning(&failure.text), &why, &failure.proof, time)
}

fn theory(
    meaning: Meaning,
    why: &str,
    proof: &[Proof],
    time: Option<UnixMillis>,
) -> Option<Theory> {
    let Meaning::Stated { cause, confidence, instead, missing, get } = meaning else { return None };
    let why = match (cause, confidence) {
        (Cause::ChainIncomplete, Confidence::Likely) => format!(
            "{why} UntrustedRoot is what a receiver says too when the intermediate was not sent: it \
             fetches none."
        ),
        _ => why.to_owned(),
    };
    let mut theory =
        Theory::new(cause, confidence, why).instead(&instead).proven_by(proof).at(time);
    theory.missing = missing.map(|subject| (subject, get.into_iter().collect()));
    // The line with the sentence is the one that proves it.
    if theory.proof.len() > 1 {
        theory.proof.rotate_left(1);
    }
    Some(theory)
}

/// The sentence after `[node time ref]`, where there is one.
fn after_brackets(text: &str) -> &str {
    let after = text.split_once("] ").map(|(_, rest)| rest.trim());
    after.filter(|rest| rest.len() > 20).unwrap_or(text)
}
