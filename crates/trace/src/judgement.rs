//! Why a message was judged and treated so: kept with its trace row, shown by `explain`.
//!
//! Pure. Made once, when the message came, with both languages in it; never recomputed with newer
//! rules: what changes later is added in words. What was quoted from the message was made printable and cut by whoever found it.

use posthouse_types::{Finding, Language};
use serde::{Deserialize, Serialize};

use crate::page::{LABEL_COLUMNS, Page, shown_line};

/// One sentence in the languages that users read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bilingual {
    /// English.
    pub en: String,
    /// German.
    pub de: String,
}

impl Bilingual {
    /// Both.
    pub fn new(en: impl Into<String>, de: impl Into<String>) -> Self {
        Self { en: en.into(), de: de.into() }
    }

    /// A finding's sentence.
    pub fn of(finding: &Finding) -> Self {
        Self { en: finding.sentence(Language::English), de: finding.sentence(Language::German) }
    }

    /// The one that is asked for.
    pub fn text(&self, language: Language) -> &str {
        match language {
            Language::English => &self.en,
            Language::German => &self.de,
        }
    }
}

/// What was decided about one message for one recipient, and why.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// `NONE`, `BULK`, `SPM`, `HSPM`, `SPOOF`, `PHSH`, `HPHSH` or `MALW`.
    pub verdict: String,
    /// Spam confidence level, -1 to 9.
    pub scl: i8,
    /// Bulk complaint level, 0 to 9.
    pub bcl: u8,
    /// The sum of the weights, in natural logarithms of odds.
    pub score: f32,
    /// What was done: `deliver`, `junk`, `quarantine`, `reject`, ...
    pub action: String,
    /// The policy that said so; empty where none had to.
    pub policy: String,
    /// The whole in one sentence, without codes.
    pub sentence: Bilingual,
    /// What was found, heaviest first. The weights add up to the score.
    pub reasons: Vec<Weighed>,
    /// What of the tenant's settings decided, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<Bilingual>,
    /// The smallest changes that would have led to another action.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub would_change: Vec<Bilingual>,
    /// What has changed since, oldest first (zero-hour).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub since: Vec<Bilingual>,
}

/// One finding with what it counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Weighed {
    /// The finding's id.
    pub id: String,
    /// Positive speaks against the message; 0 only informs, or decides alone.
    pub weight: f32,
    /// It decided alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub decisive: bool,
    /// In words.
    pub text: Bilingual,
}

struct Words {
    verdict: &'static str,
    against: &'static str,
    in_favour: &'static str,
    beside: &'static str,
    decisive: &'static str,
    total: &'static str,
    decided: &'static str,
    otherwise: &'static str,
    since: &'static str,
    nothing: &'static str,
}

const ENGLISH: Words = Words {
    verdict: "Verdict",
    against: "Against",
    in_favour: "For",
    beside: "Beside",
    decisive: "decides",
    total: "in all; positive speaks against the message",
    decided: "Decided",
    otherwise: "Otherwise",
    since: "Since",
    nothing: "nothing was found",
};

const GERMAN: Words = Words {
    verdict: "Urteil",
    against: "Dagegen",
    in_favour: "Dafür",
    beside: "Daneben",
    decisive: "entscheidet",
    total: "zusammen; positiv spricht gegen die Nachricht",
    decided: "Maßgabe",
    otherwise: "Sonst",
    since: "Seither",
    nothing: "nichts gefunden",
};

/// Puts a judgement on a page.
pub(crate) fn judgement(page: &mut Page, judgement: &Judgement, language: Language) {
    let words = match language {
        Language::English => &ENGLISH,
        Language::German => &GERMAN,
    };
    page.gap();
    let Judgement { verdict, scl, bcl, action, policy, .. } = judgement;
    let by = if policy.is_empty() { String::new() } else { format!(" ({})", shown_line(policy)) };
    page.labelled(
        words.verdict,
        &format!("{} SCL {scl} BCL {bcl} -> {}{by}", shown_line(verdict), shown_line(action)),
    );
    page.labelled("", &shown_line(judgement.sentence.text(language)));
    let (against, others): (Vec<_>, Vec<_>) =
        judgement.reasons.iter().partition(|reason| reason.weight > 0.0 || reason.decisive);
    let (in_favour, beside): (Vec<_>, Vec<_>) =
        others.into_iter().partition(|reason| reason.weight < 0.0);
    reasons(page, words.against, &against, words, language);
    reasons(page, words.in_favour, &in_favour, words, language);
    reasons(page, words.beside, &beside, words, language);
    if judgement.reasons.is_empty() {
        page.labelled(words.against, words.nothing);
    }
    let start = format!("{:LABEL_COLUMNS$}{:+6.2}  ", "", judgement.score);
    page.wrapped(&start, LABEL_COLUMNS + 8, words.total);
    sentences(page, words.decided, &judgement.because, language);
    sentences(page, words.otherwise, &judgement.would_change, language);
    sentences(page, words.since, &judgement.since, language);
}

fn reasons(page: &mut Page, label: &str, reasons: &[&Weighed], words: &Words, language: Language) {
    for (place, reason) in reasons.iter().enumerate() {
        let label = if place == 0 { label } else { "" };
        let weight = if reason.decisive {
            words.decisive.to_owned()
        } else {
            format!("{:+6.2}", reason.weight)
        };
        let start = format!("{label:LABEL_COLUMNS$}{weight}  ");
        let text = shown_line(reason.text.text(language));
        page.wrapped(&start, LABEL_COLUMNS + 8, &format!("{text} ({})", reason.id));
    }
}

fn sentences(page: &mut Page, label: &str, sentences: &[Bilingual], language: Language) {
    for (place, sentence) in sentences.iter().enumerate() {
        page.labelled(if place == 0 { label } else { "" }, &shown_line(sentence.text(language)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Judgement {
        let weighed = |id: &str, weight, en: &str, de: &str| Weighed {
            id: id.to_owned(),
            weight,
            decisive: false,
            text: Bilingual::new(en, de),
        };
        Judgement {
            verdict: "PHSH".to_owned(),
            scl: 5,
            bcl: 0,
            score: 3.25,
            action: "quarantine".to_owned(),
            policy: "Standard".to_owned(),
            sentence: Bilingual::new("Held as phishing.", "Als Phishing zurückgehalten."),
            reasons: vec![
                weighed(
                    "link-text-mismatch",
                    4.0,
                    "The link says paypal.com and goes to evil.example.",
                    "Der Link zeigt paypal.com und führt zu evil.example.",
                ),
                weighed("dmarc-pass", -0.75, "DMARC passes.", "DMARC ist bestanden."),
            ],
            because: Vec::new(),
            would_change: vec![Bilingual::new("An allow entry would.", "Ein Eintrag würde.")],
            since: Vec::new(),
        }
    }

    #[test]
    fn reasons_stand_against_and_for_with_their_weights_and_sum() {
        let mut page = Page::new();
        judgement(&mut page, &sample(), Language::English);
        assert_eq!(
            page.finish(),
            "Verdict   PHSH SCL 5 BCL 0 -> quarantine (Standard)\n\
             \x20         Held as phishing.\n\
             Against    +4.00  The link says paypal.com and goes to evil.example. \
             (link-text-mismatch)\n\
             For        -0.75  DMARC passes. (dmarc-pass)\n\
             \x20          +3.25  in all; positive speaks against the message\n\
             Otherwise An allow entry would.\n"
        );
    }

    #[test]
    fn the_same_stands_there_in_german() {
        let mut page = Page::new();
        judgement(&mut page, &sample(), Language::German);
        let text = page.finish();
        assert!(text.contains("Dagegen    +4.00  Der Link zeigt paypal.com"), "{text}");
        assert!(text.contains("Dafür      -0.75  DMARC ist bestanden."), "{text}");
    }
}
