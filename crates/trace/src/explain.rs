//! An explanation for people: what was answered, why, the chain as a picture, the connectors that
//! were tried, and the repair. Plain text of 100 columns without colour.
//!
//! Pure. A peer's strings are made printable and cut, so that none of them can move a terminal's
//! cursor or add a line; commands to copy hold none at all, whoever made the explanation.

use posthouse_types::{SHOWN_CHARACTERS_MAX, printable};

use crate::capi2::result_text;
use crate::texts::{ENGLISH, ExplainTexts};
use crate::times::day;
use crate::{CertificateFacts, ChainFacts, ConnectorFacts, Explanation, MissingFacts};

/// Columns of a line; a single longer word stands alone on its own.
const COLUMNS: usize = 100;
/// Where the text beside a label begins.
const LABEL_COLUMNS: usize = 10;

/// The explanation in English, LF line ends.
pub fn explain_text(explanation: &Explanation) -> String {
    let texts = &ENGLISH;
    let mut page = Page(String::with_capacity(4096));
    let mut reply = explanation.reply.lines();
    page.labelled(texts.reply, &shown_line(reply.next().unwrap_or_default()));
    reply.for_each(|line| page.labelled("", &shown_line(line)));
    page.gap();

    page.labelled(texts.why, &shown_line(&explanation.sentence));
    if !explanation.operator_text.is_empty() && explanation.operator_text != explanation.sentence {
        page.labelled("", &shown_line(&explanation.operator_text));
    }
    page.labelled("", &format!("({})", explanation.reason));
    page.gap();

    page.labelled(texts.peer, &peer(explanation, texts));
    let sender = if explanation.sender.is_empty() {
        texts.null_sender.to_owned()
    } else {
        shown(&explanation.sender)
    };
    page.labelled(texts.from, &sender);
    page.labelled(texts.to, &shown(&explanation.recipient));
    if explanation.chain.is_some() || explanation.missing.is_some() {
        chain(&mut page, explanation, texts);
    }
    connectors(&mut page, &explanation.connectors, texts);
    repairs(&mut page, explanation, texts);
    page.0.truncate(page.0.trim_end().len());
    page.0.push('\n');
    page.0
}

fn peer(explanation: &Explanation, texts: &ExplainTexts) -> String {
    let peer = &explanation.peer;
    let tls = if peer.tls_version.is_empty() {
        texts.no_tls.to_owned()
    } else {
        format!("{} {}", shown(&peer.tls_version), shown(&peer.cipher))
    };
    format!("{} ({}), {tls}", shown(&peer.address), shown(&peer.helo))
}

/// `leaf (sent) -> ??? (not sent: ...) -> root`, a step a line.
fn chain(page: &mut Page, explanation: &Explanation, texts: &ExplainTexts) {
    page.heading(texts.chain);
    let empty = ChainFacts::default();
    let chain = explanation.chain.as_ref().unwrap_or(&empty);
    if chain.path.is_empty() && chain.presented.is_empty() {
        page.step(0, texts.nothing_sent);
    }
    for (place, element) in chain.path.iter().enumerate() {
        page.step(place, &chain_element(chain, place, element, texts));
    }
    let missing = explanation.missing.as_ref().or(chain.missing.as_ref());
    if let Some(missing) = missing {
        page.step(1, &not_sent(missing, texts));
        page.step(1, texts.trusted_root);
        for (holds, text) in
            [(missing.in_store, texts.in_store), (missing.namesake_sent, texts.namesake)]
        {
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

fn chain_element(
    chain: &ChainFacts,
    place: usize,
    element: &CertificateFacts,
    texts: &ExplainTexts,
) -> String {
    let origin = texts.origins.iter().find(|(id, _)| *id == element.origin);
    let origin = origin.map_or(element.origin.as_str(), |(_, text)| text);
    let mut line = format!("{} ({origin}", shown(&element.subject));
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

fn connectors(page: &mut Page, connectors: &[ConnectorFacts], texts: &ExplainTexts) {
    page.heading(texts.connectors);
    if connectors.is_empty() {
        page.indented(2, texts.no_connectors);
        return;
    }
    let mut rows = vec![texts.connector_columns.map(str::to_owned)];
    rows.extend(connectors.iter().map(|connector| {
        let matched = if connector.matched { texts.matched } else { texts.not_matched };
        [
            shown(&connector.name),
            shown(&connector.tenant),
            shown(&connector.connector_type),
            matched.to_owned(),
            shown_line(&connector.why),
        ]
    }));
    // The last column is prose: it is wrapped, the others are as wide as their widest cell.
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..4).filter_map(width).collect();
    for row in &rows {
        let [cells @ .., why] = row;
        let mut start = String::from("  ");
        for (cell, width) in cells.iter().zip(&widths) {
            start.push_str(&format!("{cell:width$}  "));
        }
        page.wrapped(&start, start.chars().count().min(COLUMNS / 2), why);
    }
}

fn repairs(page: &mut Page, explanation: &Explanation, texts: &ExplainTexts) {
    if explanation.fix.is_empty() {
        return;
    }
    page.heading(texts.repair);
    for fix in &explanation.fix {
        page.wrapped("  ", 4, &format!("{}: {}", fix.platform, shown_line(&fix.title)));
        for (number, step) in fix.steps.iter().enumerate() {
            page.wrapped(&format!("    {}. ", number + 1), 7, &shown_line(step));
        }
        for command in &fix.commands {
            // Never wrapped: a command is copied as it stands.
            page.0.push_str(&format!("\n        {}\n", shown_line(command)));
        }
        page.gap();
    }
}

/// A peer's string.
fn shown(text: &str) -> String {
    printable(text, SHOWN_CHARACTERS_MAX)
}

/// A sentence of our own, with a peer's strings in it that were cut before.
fn shown_line(text: &str) -> String {
    const CHARACTERS_MAX: usize = 2000;
    printable(text, CHARACTERS_MAX)
}

/// Text that grows downwards.
struct Page(String);

impl Page {
    fn labelled(&mut self, label: &str, text: &str) {
        self.wrapped(&format!("{label:LABEL_COLUMNS$}"), LABEL_COLUMNS, text);
    }

    fn heading(&mut self, text: &str) {
        self.gap();
        self.0.push_str(text);
        self.0.push('\n');
    }

    /// One certificate of the picture; an arrow leads to every one but the first.
    fn step(&mut self, place: usize, text: &str) {
        self.wrapped(if place == 0 { "  " } else { "   -> " }, 8, text);
    }

    fn indented(&mut self, columns: usize, text: &str) {
        self.wrapped(&" ".repeat(columns), columns, text);
    }

    /// An empty line, unless there is one.
    fn gap(&mut self) {
        if !self.0.is_empty() && !self.0.ends_with("\n\n") {
            self.0.push('\n');
        }
    }

    /// `start` and `text`, broken at blanks; further lines begin at column `indent`.
    fn wrapped(&mut self, start: &str, indent: usize, text: &str) {
        let mut line = start.to_owned();
        let mut column = start.chars().count();
        let mut is_first_word = true;
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let width = word.chars().count();
            if !is_first_word && column + 1 + width > COLUMNS {
                self.0.push_str(line.trim_end());
                self.0.push('\n');
                line = " ".repeat(indent);
                column = indent;
                is_first_word = true;
            }
            if !is_first_word {
                line.push(' ');
                column += 1;
            }
            line.push_str(word);
            column += width;
            is_first_word = false;
        }
        self.0.push_str(line.trim_end());
        self.0.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::capi2::tests::{HOSTILE, chain_event};
    use crate::{EventData, Fix};

    fn explanation(missing: &str) -> Explanation {
        let EventData::ChainVerified { peer, chain } = chain_event(missing).data else {
            unreachable!()
        };
        let connector = |name: &str, why: &str| ConnectorFacts {
            tenant: "contoso".to_owned(),
            name: name.to_owned(),
            connector_type: "on-premises".to_owned(),
            matched: false,
            why: why.to_owned(),
        };
        Explanation {
            reason: "chain-incomplete".to_owned(),
            sentence: format!(
                "Your server sent 1 certificate; the one that signed it, {missing}, was not sent."
            ),
            operator_text: "The certificate that mail.contoso.example presented would have \
                            identified it, had its chain been whole."
                .to_owned(),
            reply: "550 5.7.64 TenantAttribution; Relay Access Denied [mx.gateway.example \
                    2026-11-23T18:10:27.042Z 0W3GE1R70W3GE1R7]\nYour server sent 1 certificate."
                .to_owned(),
            peer,
            sender: "anna@contoso.example".to_owned(),
            recipient: "bob@fabrikam.example".to_owned(),
            missing: chain.missing.clone(),
            chain: Some(chain),
            connectors: vec![
                connector("from office", "the certificate names it, but its chain is incomplete"),
                connector(
                    "by address",
                    "192.0.2.1 is none of its addresses, which are these: \
                    198.51.100.0/24, 203.0.113.0/24",
                ),
            ],
            fix: vec![Fix {
                platform: "exchange".to_owned(),
                title: "Import the missing intermediate".to_owned(),
                steps: vec!["Save it as C:\\import\\intermediate.cer.".to_owned()],
                commands: vec![
                    "Get-ChildItem -Path C:\\import\\intermediate.cer | \
                    Import-Certificate -CertStoreLocation cert:\\LocalMachine\\CA"
                        .to_owned(),
                ],
            }],
        }
    }

    #[test]
    fn an_incomplete_chain_is_drawn_with_its_gap() {
        let text = explain_text(&explanation("CN=Example Issuing CA"));
        assert_eq!(text, include_str!("golden/explain.txt"));
    }

    #[test]
    fn any_other_fault_is_marked_at_its_certificate() {
        let mut explanation = explanation("CN=Example Issuing CA");
        explanation.missing = None;
        let chain = explanation.chain.as_mut().unwrap();
        chain.missing = None;
        chain.reason = "expired".to_owned();
        let text = explain_text(&explanation);
        assert!(text.contains("1970-01-01 to 2027-11-23) <- expired\n"), "{text}");
        assert!(!text.contains("???"));
    }

    #[test]
    fn a_refusal_without_certificate_has_no_picture() {
        let explanation =
            Explanation { reason: "no-connector".to_owned(), ..Explanation::default() };
        let text = explain_text(&explanation);
        assert!(!text.contains("Certificate chain") && text.contains("(none was considered)"));
    }

    #[test]
    fn web_09_hostile_names_add_no_line() {
        let plain = explain_text(&explanation("CN=Example Issuing CA"));
        let text = explain_text(&explanation(HOSTILE));
        assert!(!text.contains(['\r', '\0', '\u{202e}']), "{text}");
        assert!(!text.lines().any(|line| line.trim_start().starts_with("250")), "{text}");
        assert!(text.lines().count() <= plain.lines().count() + 6);
    }

    proptest! {
        #[test]
        fn lines_are_short_unless_a_word_is_long(name in "([a-z]{1,12} ){0,30}") {
            let text = explain_text(&explanation(&name));
            for line in text.lines().filter(|line| !line.contains("Get-ChildItem")) {
                prop_assert!(line.chars().count() <= COLUMNS, "{}", line);
            }
        }
    }
}
