//! The diagnosis of one chain, outside any mail session: what `cert diagnose` and everybody else
//! who looks at a chain says of it, for people and for programs.
//!
//! Pure. A peer's strings are made printable and cut in the text; JSON escapes for itself.

use serde_json::{Value, json};

use crate::capi2::result_text;
use crate::page::{Page, shown_line};
use crate::picture::{self, Detail};
use crate::texts::{DIAGNOSIS_ENGLISH, ENGLISH};
use crate::{CertificateFacts, ChainFacts, Fix};

/// One chain and all that there is to say about it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagnosis {
    /// The chain as presented and as judged.
    pub chain: ChainFacts,
    /// The verdict in one plain sentence or two.
    pub sentence: String,
    /// The repair for each platform.
    pub fix: Vec<Fix>,
    /// What else whoever asked should know about what was handed in; our own words.
    pub notes: Vec<String>,
}

/// A diagnosis as one JSON object, every name always there: `accepted`, `reason`, `element` (the
/// place in `path` that the reason is about), `missing`, `presented`, `path`, `result`, `warnings`,
/// `fix`, and beside them `sentence`, `result_text`, `trust_error_bits`, `names` and `notes`.
///
/// Where a certificate is missing and nobody has it, `path` ends with one of origin `nowhere`,
/// which holds what is known of it.
pub fn diagnosis_json(diagnosis: &Diagnosis) -> Value {
    let chain = &diagnosis.chain;
    json!({
        "accepted": chain.accepted,
        "reason": chain.reason,
        "sentence": diagnosis.sentence,
        "element": chain.element,
        "missing": chain.missing,
        "presented": chain.presented,
        "path": with_gap(chain),
        "result": chain.result,
        "result_text": result_text(&chain.result),
        "trust_error_bits": chain.trust_error_bits,
        "names": chain.names,
        "warnings": chain.warnings,
        "fix": diagnosis.fix,
        "notes": diagnosis.notes,
    })
}

/// The path, with an element for the one that is nowhere to be had.
fn with_gap(chain: &ChainFacts) -> Vec<CertificateFacts> {
    let mut path = chain.path.clone();
    let ends_open = path.last().is_some_and(|last| last.origin == "sent");
    if let Some(missing) = chain.missing.as_ref().filter(|missing| ends_open && !missing.in_store) {
        path.push(CertificateFacts {
            subject: missing.subject.clone(),
            subject_key_id: missing.key_id.clone(),
            origin: "nowhere".to_owned(),
            ..CertificateFacts::default()
        });
    }
    path
}

/// A diagnosis for people: the verdict, the warnings, the chain as a picture, the repair. Plain
/// text of 100 columns, LF line ends.
pub fn diagnosis_text(diagnosis: &Diagnosis) -> String {
    let (texts, words) = (&ENGLISH, &DIAGNOSIS_ENGLISH);
    let chain = &diagnosis.chain;
    let mut page = Page::new();
    let verdict = if chain.accepted { words.accepted } else { words.refused };
    page.labelled(verdict, &chain.reason);
    page.labelled("", &shown_line(&diagnosis.sentence));
    for warning in &chain.warnings {
        let text = words.warnings.iter().find(|(id, _)| id == warning);
        let text = text.map_or(String::new(), |(_, text)| format!(": {text}"));
        page.labelled(words.warning, &format!("{warning}{text}"));
    }
    for note in &diagnosis.notes {
        page.labelled(words.note, &shown_line(note));
    }
    picture::chain(&mut page, chain, chain.missing.as_ref(), Detail::Full, texts);
    picture::repairs(&mut page, &diagnosis.fix, texts);
    page.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EventData;
    use crate::capi2::tests::{HOSTILE, chain_event};

    fn diagnosis(missing: &str) -> Diagnosis {
        let EventData::ChainVerified { mut chain, .. } = chain_event(missing).data else {
            unreachable!()
        };
        if let Some(leaf) = chain.path.first_mut() {
            leaf.authority_key_id = "a1b2c3".to_owned();
            leaf.subject_key_id = "d4e5f6".to_owned();
        }
        chain.warnings = vec!["expires-soon".to_owned()];
        Diagnosis {
            sentence: format!("Your server sent 1 certificate; {missing} was not sent."),
            fix: vec![Fix {
                platform: "postfix".to_owned(),
                title: "Append the missing intermediate".to_owned(),
                steps: vec!["Reload Postfix.".to_owned()],
                commands: vec!["postfix reload".to_owned()],
            }],
            notes: vec!["a note".to_owned()],
            chain,
        }
    }

    #[test]
    fn a_diagnosis_is_drawn_with_keys_and_gap() {
        let text = diagnosis_text(&diagnosis("CN=Example Issuing CA"));
        assert_eq!(text, include_str!("golden/diagnosis.txt"));
    }

    #[test]
    fn every_name_is_in_the_json_of_every_diagnosis() {
        for diagnosis in [Diagnosis::default(), diagnosis("CN=Example Issuing CA")] {
            let value = diagnosis_json(&diagnosis);
            for name in
                "accepted reason element missing presented path result warnings fix".split(' ')
            {
                assert!(value.get(name).is_some(), "{name}: {value}");
            }
        }
    }

    #[test]
    fn what_nobody_has_ends_the_path_in_json() {
        let mut diagnosis = diagnosis("CN=Example Issuing CA");
        let value = diagnosis_json(&diagnosis);
        assert_eq!(value["path"][1]["origin"], "nowhere");
        assert_eq!(value["path"][1]["subject"], "CN=Example Issuing CA");
        assert_eq!(value["path"][1]["subject_key_id"], "a1b2c3");
        assert_eq!(value["element"], 0);
        diagnosis.chain.missing = None;
        assert_eq!(diagnosis_json(&diagnosis)["path"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn web_09_hostile_names_add_no_line_to_a_diagnosis() {
        let text = diagnosis_text(&diagnosis(HOSTILE));
        assert!(!text.contains(['\r', '\0', '\u{202e}']), "{text}");
        assert!(!text.lines().any(|line| line.trim_start().starts_with("250")), "{text}");
        assert!(!diagnosis_json(&diagnosis(HOSTILE)).to_string().contains('\n'));
    }

    #[test]
    fn each_warning_has_words() {
        use posthouse_types::ChainWarning as W;
        for warning in [
            W::OutOfOrder,
            W::RootSent,
            W::Unrelated(0),
            W::NoClientAuthUsage,
            W::ExpiresSoon(0),
            W::NamesakeTrusted,
            W::NotLookedAt(1),
            W::KeyUnusable,
            W::CompletedFromStore,
            W::CrlStale,
            W::CrlUnusable,
            W::RevocationUnknown,
        ] {
            assert!(DIAGNOSIS_ENGLISH.warnings.iter().any(|(id, _)| *id == warning.id()));
        }
    }
}
