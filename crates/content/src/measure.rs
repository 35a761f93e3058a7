//! The one way in: everything that this room measures in a message.
//!
//! Touches nothing.

use posthouse_mime::Reading;
use posthouse_types::Finding;

use crate::asf::{self, Asf, AsfFacts};
use crate::gather::Gathered;
use crate::identity::{Protected, Sender, impersonation};
use crate::url::Url;
use crate::wording::{self, Wording};
use crate::{kinds, language, links, pages, qr};

/// What is known about the recipient and the sender before the message is read.
#[derive(Clone, Copy, Debug)]
pub struct ContentContext<'a> {
    /// People and domains that the tenant protects.
    pub protected: &'a Protected,
    /// Sender and recipient have written to one another before; none where nobody knows.
    pub has_corresponded: Option<bool>,
    /// For the switches that ask for more than the message.
    pub asf: AsfFacts,
    /// How much work the search for QR codes may do.
    pub codes: qr::CodeLimits,
}

/// Everything that was measured.
#[derive(Clone, Debug, Default)]
pub struct Content {
    /// What was found, in no order.
    pub findings: Vec<Finding>,
    /// All links: of text, HTML, calendar entries, attached pages and QR codes.
    pub urls: Vec<Url>,
    /// The ASF switches that hit; the policy says which ones act.
    pub asf: Vec<Asf>,
    /// The author as shown.
    pub sender: Sender,
    /// What the phrases add up to.
    pub wording: Wording,
    /// The text's language as a code of two letters, lower case; none where nobody can say.
    pub language: Option<&'static str>,
    /// Passwords that the text gives away: candidates for encrypted attachments (row ARC-08).
    pub passwords: Vec<String>,
}

/// Measures one message.
pub fn measure(reading: &Reading, context: &ContentContext<'_>) -> Content {
    let mut gathered = Gathered::from(reading);
    gathered.sender.has_corresponded = context.has_corresponded;
    let mut findings = qr::findings(reading, &mut gathered, &context.codes);
    findings.extend(impersonation(&gathered.sender, context.protected));
    findings.extend(links::findings(&gathered, context.protected));
    findings.extend(pages::findings(&gathered));
    let plain = gathered.plain();
    let mut wording = wording::measure_plain(&plain);
    wording.is_complete = gathered.text.len() <= wording::TEXT_BYTES_MAX;
    wording.length = wording.length.min(gathered.longest_text + gathered.subject.len());
    findings.extend(pages::says(&gathered, &wording));
    let passwords = files(reading, &gathered, &mut findings);
    if !gathered.is_complete || !wording.is_complete {
        findings.push(Finding::of(&kinds::LIMIT));
    }
    Content {
        language: language::of(&gathered.text),
        asf: asf::hits(reading, &gathered, &plain, &context.asf),
        urls: gathered.urls,
        sender: gathered.sender,
        findings,
        wording,
        passwords,
    }
}

/// Attachments that the text leads to: archives with a password, OneNote files.
fn files(reading: &Reading, gathered: &Gathered, findings: &mut Vec<Finding>) -> Vec<String> {
    let mut has_archive = false;
    for part in reading.leaves() {
        for name in &part.names {
            let lower = name.trim_end().to_ascii_lowercase();
            let ends = |endings: &[&str]| endings.iter().any(|ending| lower.ends_with(ending));
            has_archive |= ends(&[".zip", ".rar", ".7z", ".docx", ".xlsx", ".doc", ".xls", ".pdf"]);
            if ends(&[".one", ".onepkg"]) {
                findings.push(Finding::of(&kinds::ONENOTE).with("name", name));
            }
        }
    }
    if !has_archive {
        return Vec::new();
    }
    let passwords = wording::passwords(&format!("{}\n{}", gathered.subject, gathered.text));
    if let Some(password) = passwords.first() {
        findings.push(Finding::of(&kinds::SAYS_PASSWORD).with("password", password));
    }
    passwords
}
