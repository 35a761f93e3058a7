//! Signs of a mailing in what a reader sees: how to leave it, who has the rights, many links and
//! pictures.
//!
//! Touches nothing. Weighted by hand and the same for every model: newsletters of all times and
//! trades have these, so that a model which knows few of them still finds the others. Only the end
//! of a text is read for words, since that is where a mailing speaks of itself.

use crate::view::View;

/// What a sum of signs is worth in log-odds, and the sum that is worth nothing.
const WORTH: f32 = 0.7;
/// See [`WORTH`]: a way to leave, and something more.
const EVEN: f32 = 3.0;
/// Links that are counted.
const LINKS_MAX: usize = 100;

/// Which of the signs in words are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Said {
    leave: bool,
    rights: bool,
    privacy: bool,
    list: bool,
    sponsor: bool,
}

/// Log-odds that a message is a mailing, by its signs.
pub(crate) fn says(view: &View) -> f32 {
    let said = said(&view.ends);
    let links = links(view);
    let pictures: usize = view.pages.iter().map(|page| page.images).sum();
    let signs = [
        (said.leave, 2.0),
        (links >= 5, 1.5),
        (links >= 12, 1.0),
        (pictures >= 2, 1.5),
        (said.rights, 1.0),
        (said.privacy, 1.0),
        (said.list, 1.0),
        (said.sponsor, 0.5),
        (view.is_reply, -3.0),
    ];
    let sum: f32 = signs.iter().filter(|(there, _)| *there).map(|(_, weight)| weight).sum();
    WORTH * (sum - EVEN)
}

fn said(text: &str) -> Said {
    let mut said = Said::default();
    let lower = text.to_lowercase();
    said.rights = lower.contains('©');
    let mut before = "";
    for word in lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        match (before, word) {
            (_, "unsubscribe" | "optout" | "abmelden" | "abbestellen" | "afmelden")
            | (_, "uitschrijven" | "désabonner" | "désinscrire" | "disiscriviti")
            | ("opt", "out" | "in")
            | ("remove", "me" | "yourself" | "your")
            | ("be", "removed")
            | ("stop", "receiving")
            | ("longer", "wish")
            | ("cancelar", _)
            | ("darse" | "darte", "de") => said.leave = true,
            (_, "copyright") | ("all", "rights") => said.rights = true,
            (_, "privacy" | "datenschutz" | "impressum")
            | ("terms", "of" | "and")
            | ("contact", "us")
            | ("customer", "service") => said.privacy = true,
            (_, "subscription" | "subscriber" | "newsletter" | "preferences" | "profile")
            | ("because", "you")
            | ("are" | "currently", "subscribed")
            | ("was", "sent") => said.list = true,
            (_, "advertise" | "advertising" | "advertisement" | "sponsor" | "partners") => {
                said.sponsor = true;
            }
            _ => {}
        }
        before = word;
    }
    said
}

/// Distinct addresses of links, at most [`LINKS_MAX`].
fn links(view: &View) -> usize {
    let of_pages = view.pages.iter().flat_map(|page| &page.links).map(|link| link.target.as_str());
    let of_text = view.text.split_whitespace().filter(|word| word.contains("://"));
    let mut all: Vec<&str> = of_pages.chain(of_text).take(LINKS_MAX).collect();
    all.sort_unstable();
    all.dedup();
    all.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn newsletter() -> View {
        let links: String = (0..14).map(|n| format!("https://news.example/{n}\n")).collect();
        View {
            text: links,
            ends: "© 2026 Example Inc. All rights reserved. Privacy policy. To opt out click here"
                .into(),
            ..View::default()
        }
    }

    #[test]
    fn a_way_to_leave_with_links_and_rights_is_a_mailing() {
        assert!(says(&newsletter()) > 1.0, "{}", says(&newsletter()));
    }

    #[test]
    fn an_answer_that_quotes_a_mailing_is_much_less_of_one() {
        assert!(says(&View { is_reply: true, ..newsletter() }) < says(&newsletter()) - 2.0);
    }

    #[test]
    fn a_letter_has_no_signs() {
        let letter =
            View { ends: "See you on Monday, and thanks for all.".into(), ..View::default() };
        assert_eq!(said(&letter.ends), Said::default());
    }
}
