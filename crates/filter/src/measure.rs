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
    /// Some of it could not be read at all: a limit was reached, it is a piece of a message, or two
    /// programs take different files out of it. Nobody may call it clean.
    pub is_unreadable: bool,
    /// What readers would disagree on, for programs behind us; empty where they agree.
    pub ambiguity: String,
    /// Its files.
    pub attachments: Attachments,
    /// Addresses of its links, as they stand.
    pub urls: Vec<String>,
    /// Switches of the advanced spam filter whose sign is there.
    pub asf: Vec<Asf>,
    /// The text's language (ISO 639-1), where it can be told.
    pub language: Option<&'static str>,
}

/// Measures a message: its octets as they were sent, lines ended by CRLF or LF.
pub fn measure(message: &[u8], tools: &Tools<'_>) -> (Reading, Measured) {
    let mut reading = posthouse_mime::read(message, &MimeLimits::default());
    let is_ambiguous = !reading.findings.is_empty() || !reading.is_complete;
    let ambiguity =
        if is_ambiguous { posthouse_mime::ambiguity_results(&reading) } else { String::new() };
    let mut findings = std::mem::take(&mut reading.findings);
    let mut is_unreadable =
        !reading.is_complete || findings.iter().any(|found| found.kind.id == "mime-partial");
    let extra = Extra { yara: tools.yara };
    let mut attachments =
        posthouse_attachment::examine(&reading, &AttachmentLimits::default(), &extra);
    // One program takes out what another never sees (row ARC-04).
    is_unreadable |= attachments.findings.iter().any(posthouse_attachment::is_two_archives);
    findings.append(&mut attachments.findings);
    let nobody = Protected::default();
    let context = ContentContext {
        protected: tools.protected.unwrap_or(&nobody),
        has_corresponded: tools.has_corresponded,
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
        language: content.language,
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
    use posthouse_types::{Facts, Verdict};

    use super::*;

    /// One member's header: its name, its size by ustar, and its type.
    fn tar_header(name: &str, size: usize, kind: u8) -> Vec<u8> {
        let mut block = vec![0; 512];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
        block[156] = kind;
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|octet| u32::from(*octet)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        block
    }

    #[test]
    fn arc_04_an_archive_that_is_two_is_kept_though_nothing_in_it_is_bad() {
        let verdict = |pax_size: &str| {
            let record = format!("{} size={pax_size}\n", 8 + pax_size.len());
            let mut bytes = tar_header("pax", record.len(), b'x');
            bytes.extend(record.as_bytes());
            bytes.resize(1024, 0);
            bytes.extend(tar_header("letter.txt", 512, b'0'));
            bytes.extend([b'a'; 512]);
            bytes.extend([0; 1024]);
            let packed: String = bytes.iter().map(|octet| format!("={octet:02X}")).collect();
            let message = format!(
                "Content-Type: application/x-tar; name=\"a.tar\"\r\n\
                 Content-Transfer-Encoding: quoted-printable\r\n\r\n{packed}\r\n"
            );
            let (_, measured) = measure(message.as_bytes(), &Tools::default());
            crate::judge(&Facts::default(), &measured).verdict
        };
        assert_eq!(verdict("0"), Verdict::Malware);
        assert_eq!(verdict("512"), Verdict::None);
    }
}
