//! What the facts mean: one finding for each stage.
//!
//! Pure: facts in, a report out, so that each case is a line of a table. A stage whose ground is
//! missing says which stage failed, and nothing else. Peers' words are made printable here.

mod envelope;
mod reach;
#[cfg(test)]
mod tests;
mod tls;
mod trust;

use posthouse_message::date_rfc3339;
use posthouse_types::{SHOWN_CHARACTERS_MAX, printable};

use super::facts::{Facts, Heard};
use super::report::{Report, Stage, StageId, Status};
use super::{mend, texts};

/// Characters of one line of a server's reply that are shown: SMTP allows 512 octets.
const REPLY_LINE_CHARACTERS_MAX: usize = 512;

pub(super) use tls::fixes as own_fixes;

/// Everything that the facts say.
pub(super) fn report(facts: &Facts) -> Report {
    let stages = vec![
        tls::own_certificate(facts),
        reach::mx(facts),
        reach::address(facts),
        reach::connect(facts),
        reach::hello(facts),
        tls::starttls(facts),
        tls::versions(facts),
        tls::server_certificate(facts),
        tls::server_name(facts),
        trust::mta_sts(facts),
        trust::dane(facts),
        tls::client_certificate(facts),
        envelope::mail(facts),
        envelope::recipient(facts),
        envelope::message(facts),
    ];
    let session = facts.session.as_ref();
    Report {
        host: facts.target.host.clone(),
        port: facts.target.port,
        time: date_rfc3339(facts.started),
        summary: texts::summary(&facts.target.host, &stages),
        stages,
        transcript: session.map(|session| session.transcript.clone()).unwrap_or_default(),
    }
}

/// A peer's words, cut.
fn shown(text: &str) -> String {
    printable(text, SHOWN_CHARACTERS_MAX)
}

/// A server's answer as the lines that came, or what came instead.
fn words(heard: &Heard) -> Vec<String> {
    match &heard.answer {
        Ok(reply) => reply
            .raw_lines()
            .iter()
            .map(|line| printable(line, REPLY_LINE_CHARACTERS_MAX))
            .collect(),
        Err(silence) => vec![silence.to_string()],
    }
}

/// The same on one line.
fn said(heard: &Heard) -> String {
    words(heard).join(" / ")
}
