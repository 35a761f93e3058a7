//! A chain drawn element by element, and what mends it: the same for an explanation and for a
//! diagnosis.
//!
//! Pure. A peer's strings are made printable and cut; commands hold none at all.

use crate::capi2::result_text;
use crate::page::{Page, shown, shown_line};
use crate::texts::ExplainTexts;
use crate::times::day;
use crate::{CertificateFacts, ChainFacts, Fix, MissingFacts};

/// How much is said of each element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Its subject, validity and where it came from.
    Short,
    /// Its issuer, key, signature and key identifiers too.
    Full,
}

/// `leaf (sent) -> ??? (not sent: ...) -> root`, a step a line.
pub(crate) fn chain(
    page: &mut Page,
    chain: &ChainFacts,
    missing: Option<&MissingFacts>,
    detail: Detail,
    texts: &ExplainTexts,
) {
    page.heading(texts.chain);
    if chain.path.is_empty() && chain.presented.is_empty() {
        page.step(0, texts.nothing_sent);
    }
    for (place, element) in chain.path.iter().enumerate() {
        page.step(place, &element_line(chain, place, element, texts));
        if detail == Detail::Full {
            details(page, element, texts);
        }
    }
    if let Some(missing) = missing {
        // A copy of ours stands on the path already, where the missing one belongs.
        if !chain.path.iter().any(|element| element.origin == "store") {
            page.step(1, &not_sent(missing, texts));
            page.step(1, texts.trusted_root);
        }
        for (holds, text) in [
            (missing.in_store && !chain.accepted, texts.in_store),
            (missing.namesake_sent, texts.namesake),
        ] {
            if holds {
                page.indented(6, text);
            }
        }
    }
    let text = result_text(&chain.result);
    if !text.is_empty() {
        page.indented(2, &format!("{} {}: {text}", texts.windows_error, chain.result));
    }
}

fn element_line(
    chain: &ChainFacts,
    place: usize,
    element: &CertificateFacts,
    texts: &ExplainTexts,
) -> String {
    let origin = texts.origins.iter().find(|(id, _)| *id == element.origin);
    let origin = origin.map_or(element.origin.as_str(), |(_, text)| text);
    let subject = if element.subject.is_empty() { texts.no_name } else { &element.subject };
    let mut line = format!("{} ({origin}", shown(subject));
    if element.not_after != 0 {
        line.push_str(&format!(", {} to {}", day(element.not_before), day(element.not_after)));
    }
    line.push(')');
    // What is missing gets a step of its own; any other fault is this element's.
    if chain.element == Some(place) && !chain.accepted && chain.reason != "chain-incomplete" {
        line.push_str(&format!(" <- {}", chain.reason));
    }
    line
}

/// What an administrator compares with the other certificates at hand. Of a root that is known by
/// name and key only there may be nothing to say.
fn details(page: &mut Page, element: &CertificateFacts, texts: &ExplainTexts) {
    if !element.issuer.is_empty() {
        page.indented(8, &format!("{} {}", texts.issuer, shown(&element.issuer)));
    }
    let line = |pairs: [(&str, &String); 2], between: &str| {
        let there = pairs.iter().filter(|(_, value)| !value.is_empty());
        there
            .map(|(label, value)| format!("{label} {}", shown(value)))
            .collect::<Vec<_>>()
            .join(between)
    };
    let own = line([(texts.key, &element.key), (texts.key_id, &element.subject_key_id)], ", ");
    let signature =
        [(texts.signature, &element.signature), (texts.signed_by, &element.authority_key_id)];
    for text in [own, line(signature, " ")] {
        if !text.is_empty() {
            page.indented(8, &text);
        }
    }
}

fn not_sent(missing: &MissingFacts, texts: &ExplainTexts) -> String {
    let mut line = format!("??? ({}: {}", texts.not_sent, shown(&missing.subject));
    if !missing.key_id.is_empty() {
        line.push_str(&format!(", {} {}", texts.key_id, shown(&missing.key_id)));
    }
    for address in &missing.get {
        line.push_str(&format!(", {} {}", texts.get, shown(address)));
    }
    line.push(')');
    line
}

/// The repair for each platform, steps before commands.
pub(crate) fn repairs(page: &mut Page, fixes: &[Fix], texts: &ExplainTexts) {
    if fixes.is_empty() {
        return;
    }
    page.heading(texts.repair);
    for fix in fixes {
        page.wrapped("  ", 4, &format!("{}: {}", fix.platform, shown_line(&fix.title)));
        for (number, step) in fix.steps.iter().enumerate() {
            page.wrapped(&format!("    {}. ", number + 1), 7, &shown_line(step));
        }
        fix.commands.iter().for_each(|command| page.command(command));
        page.gap();
    }
}
