//! Everything that can be said about a message without asking anybody: its structure, its files,
//! its content, its words.
//!
//! Touches nothing. Each room measures on its own; here they are only called in turn and their
//! findings put together.

use posthouse_attachment::{AttachmentLimits, Attachments, Extra, yara};
use posthouse_classifier::{self as classifier, Learned, Model};
use posthouse_content::{Asf, AsfFacts, CodeLimits, ContentContext, Protected};
use posthouse_mime::{MimeLimits, Reading};
use posthouse_types::Finding;

/// What measuring needs beside the message.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tools<'a> {
    /// YARA rules to search every file with.
    pub yara: Option<&'a yara::Rules>,
    /// What words and structure are weighed by; without it nobody reads them.
    pub model: Option<&'a Model>,
    /// What the tenant's own releases and reports taught.
    pub learned: Option<&'a Learned>,
    /// Whom the recipients' tenant protects from being imitated.
    pub protected: Option<&'a Protected>,
    /// Whether the recipients wrote to the sender before; `None` where nobody knows.
    pub has_corresponded: Option<bool>,
}

/// What the measuring rooms found in one message.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// Everything that was found, the classifier's opinion among it.
    pub findings: Vec<Finding>,
    /// How much more phishing than other bad mail it is, in log-odds, by the classifier.
    pub phish_log_odds: f32,
    /// Bulk complaint level, 0 to 9.
    pub bulk_level: u8,
    /// Some of it could not be read at all: a limit was reached, or it is a piece of a message.
    /// Nobody may call it clean.
    pub is_unreadable: bool,
    /// What readers would disagree on, for programs behind us; empty where they agree.
    pub ambiguity: String,
    /// Its files.
    pub attachments: Attachments,
    /// Addresses of its links, as they stand.
    pub urls: Vec<String>,
    /// Switches of the advanced spam filter whose sign is there.
    pub asf: Vec<Asf>,
}

/// Measures a message: its octets as they were sent, lines ended by CRLF or LF.
pub fn measure(message: &[u8], tools: &Tools<'_>) -> (Reading, Measured) {
    let mut reading = posthouse_mime::read(message, &MimeLimits::default());
    let is_ambiguous = !reading.findings.is_empty() || !reading.is_complete;
    let ambiguity =
        if is_ambiguous { posthouse_mime::ambiguity_results(&reading) } else { String::new() };
    let mut findings = std::mem::take(&mut reading.findings);
    let is_unreadable =
        !reading.is_complete || findings.iter().any(|found| found.kind.id == "mime-partial");
    let extra = Extra { yara: tools.yara };
    let mut attachments =
        posthouse_attachment::examine(&reading, &AttachmentLimits::default(), &extra);
    findings.append(&mut attachments.findings);
    let nobody = Protected::default();
    let context = ContentContext {
        protected: tools.protected.unwrap_or(&nobody),
        has_corresponded: tools.has_corresponded,
        file_links: &attachments.links,
        asf: AsfFacts::default(),
        codes: CodeLimits::default(),
    };
    let mut content = posthouse_content::measure(&reading, &context);
    findings.append(&mut content.findings);
    let urls = content.urls.into_iter().map(|url| url.raw).collect();
    let asf = content.asf;
    let mut measured = Measured {
        findings,
        is_unreadable,
        ambiguity,
        attachments,
        urls,
        asf,
        ..Measured::default()
    };
    if let Some(model) = tools.model {
        let classified = classifier::classify_for(model, tools.learned, &reading);
        measured.findings.extend(classified.findings());
        measured.findings.extend(classifier::bulk_finding(&reading, classified.bulk));
        measured.phish_log_odds = classified.phish;
        measured.bulk_level = classifier::bulk_level(&reading, classified.bulk);
    }
    (reading, measured)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_document(document: &str) -> Measured {
        let message = format!(
            "From: Ann <ann@a.example>\r\nSubject: The papers\r\nMIME-Version: 1.0\r\n\
             Content-Type: application/pdf; name=papers.pdf\r\n\r\n%PDF-1.4\n{document}\n%%EOF\r\n"
        );
        measure(message.as_bytes(), &Tools::default()).1
    }

    #[test]
    fn url_01_a_link_in_a_pdf_is_judged_as_one_in_the_text() {
        let link = |target: &str| {
            with_document(&format!("1 0 obj<</Subtype/Link/A<</S/URI/URI({target})>>>>endobj"))
        };
        let ids = |measured: &Measured| {
            measured.findings.iter().map(|finding| finding.kind.id).collect::<Vec<_>>()
        };
        for (target, id) in [
            ("https://paypal.com.evil.example/", "url-lookalike"),
            ("https://www.paypal.com@evil.example/", "url-userinfo"),
            ("http://0xc0.0x0.0x2.0x21/", "url-odd-number"),
            ("https://www.google.com/url?q=https://evil.example", "url-redirect"),
            ("https://bit.ly/x", "url-shortener"),
        ] {
            let measured = link(target);
            assert!(ids(&measured).contains(&id), "{target}: {:?}", ids(&measured));
            // And block lists see it.
            assert!(measured.urls.iter().any(|url| url == target), "{:?}", measured.urls);
        }
        let good = link("https://www.example.com/papers");
        assert!(good.findings.is_empty(), "{:?}", good.findings);
    }
}
