//! An explanation for people: what was answered, why, the chain as a picture, the connectors that
//! were tried, and the repair. Plain text of 100 columns without colour.
//!
//! Pure. A peer's strings are made printable and cut, so that none of them can move a terminal's
//! cursor or add a line; commands to copy hold none at all, whoever made the explanation.

use posthouse_types::Language;

use crate::judgement;
use crate::page::{COLUMNS, Page, shown, shown_line};
use crate::picture::{self, Detail};
use crate::texts::{ENGLISH, ExplainTexts, GERMAN};
use crate::{ChainFacts, ConnectorFacts, Explanation};

/// The explanation, LF line ends.
pub fn explain_text(explanation: &Explanation, language: Language) -> String {
    let texts = match language {
        Language::English => &ENGLISH,
        Language::German => &GERMAN,
    };
    let mut page = Page::new();
    for (place, line) in explanation.reply.lines().enumerate() {
        page.labelled(if place == 0 { texts.reply } else { "" }, &shown_line(line));
    }
    page.gap();

    // A judgement says it itself, in the language that was asked for.
    if explanation.judgement.is_none() || !explanation.reply.is_empty() {
        why(&mut page, explanation, texts);
    }

    page.labelled(texts.peer, &peer(explanation, texts));
    let sender = if explanation.sender.is_empty() {
        texts.null_sender.to_owned()
    } else {
        shown(&explanation.sender)
    };
    page.labelled(texts.from, &sender);
    page.labelled(texts.to, &shown(&explanation.recipient));
    if explanation.chain.is_some() || explanation.missing.is_some() {
        let chain = explanation.chain.as_ref().unwrap_or(&NO_CHAIN);
        let missing = explanation.missing.as_ref().or(chain.missing.as_ref());
        picture::chain(&mut page, chain, missing, Detail::Short, texts);
    }
    if let Some(found) = &explanation.judgement {
        judgement::judgement(&mut page, found, language);
    }
    // Mail that came in was judged, not recognised: an empty list would only puzzle.
    if explanation.judgement.is_none() || !explanation.connectors.is_empty() {
        connectors(&mut page, &explanation.connectors, texts);
    }
    picture::repairs(&mut page, &explanation.fix, texts);
    page.finish()
}

fn why(page: &mut Page, explanation: &Explanation, texts: &ExplainTexts) {
    page.labelled(texts.why, &shown_line(&explanation.sentence));
    if !explanation.operator_text.is_empty() && explanation.operator_text != explanation.sentence {
        page.labelled("", &shown_line(&explanation.operator_text));
    }
    if !explanation.reason.is_empty() {
        page.labelled("", &format!("({})", explanation.reason));
    }
    page.gap();
}

/// Nothing was presented.
static NO_CHAIN: ChainFacts = ChainFacts {
    accepted: false,
    reason: String::new(),
    result: String::new(),
    trust_error_bits: 0,
    presented: Vec::new(),
    path: Vec::new(),
    element: None,
    names: Vec::new(),
    warnings: Vec::new(),
    missing: None,
};

fn peer(explanation: &Explanation, texts: &ExplainTexts) -> String {
    let peer = &explanation.peer;
    let tls = if peer.tls_version.is_empty() {
        texts.no_tls.to_owned()
    } else {
        format!("{} {}", shown(&peer.tls_version), shown(&peer.cipher))
    };
    format!("{} ({}), {tls}", shown(&peer.address), shown(&peer.helo))
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
            judgement: None,
        }
    }

    #[test]
    fn an_incomplete_chain_is_drawn_with_its_gap() {
        let text = explain_text(&explanation("CN=Example Issuing CA"), Language::English);
        assert_eq!(text, include_str!("golden/explain.txt"));
    }

    #[test]
    fn the_same_picture_is_drawn_in_german() {
        let text = explain_text(&explanation("CN=Example Issuing CA"), Language::German);
        assert!(text.starts_with("Antwort   550 5.7.64 TenantAttribution"), "{text}");
        assert!(text.contains("\nZertifikatskette\n") && text.contains("nicht gesendet"), "{text}");
    }

    #[test]
    fn any_other_fault_is_marked_at_its_certificate() {
        let mut explanation = explanation("CN=Example Issuing CA");
        explanation.missing = None;
        let chain = explanation.chain.as_mut().unwrap();
        chain.missing = None;
        chain.reason = "expired".to_owned();
        let text = explain_text(&explanation, Language::English);
        assert!(text.contains("1970-01-01 to 2027-11-23) <- expired\n"), "{text}");
        assert!(!text.contains("???"));
    }

    #[test]
    fn a_refusal_without_certificate_has_no_picture() {
        let explanation =
            Explanation { reason: "no-connector".to_owned(), ..Explanation::default() };
        let text = explain_text(&explanation, Language::English);
        assert!(!text.contains("Certificate chain") && text.contains("(none was considered)"));
    }

    #[test]
    fn web_09_hostile_names_add_no_line() {
        let plain = explain_text(&explanation("CN=Example Issuing CA"), Language::English);
        let text = explain_text(&explanation(HOSTILE), Language::English);
        assert!(!text.contains(['\r', '\0', '\u{202e}']), "{text}");
        assert!(!text.lines().any(|line| line.trim_start().starts_with("250")), "{text}");
        assert!(text.lines().count() <= plain.lines().count() + 6);
    }

    proptest! {
        #[test]
        fn lines_are_short_unless_a_word_is_long(name in "([a-z]{1,12} ){0,30}") {
            let text = explain_text(&explanation(&name), Language::English);
            for line in text.lines().filter(|line| !line.contains("Get-ChildItem")) {
                prop_assert!(line.chars().count() <= COLUMNS, "{}", line);
            }
        }
    }
}
