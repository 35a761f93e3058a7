//! What the texts and pages of a message give away: forms, scripts, what is hidden, what is asked.
//!
//! Touches nothing.

use posthouse_types::Finding;

use crate::gather::Gathered;
use crate::html::{Loads, Page};
use crate::identity::is_mixed;
use crate::kinds;
use crate::links::Heaviest;
use crate::normal::fold;
use crate::url::{Origin, Url, is_invisible};
use crate::wording::{self, Theme, Wording};

/// Row TXT-02: from this share of unseen text on it is said, in percent.
const HIDDEN_PERCENT_MIN: usize = 30;
/// Shorter hidden text is a preview line or a remark for machines, in characters.
const HIDDEN_CHARACTERS_MIN: usize = 200;
/// Broken or mixed words from which on it is no accident.
const ODD_WORDS_MIN: usize = 3;
/// A message with less text says nothing itself, in characters.
const TEXT_CHARACTERS_MIN: usize = 60;

/// All findings about pages.
pub(crate) fn findings(gathered: &Gathered) -> Vec<Finding> {
    let mut found = Heaviest::default();
    for page in &gathered.pages {
        shown(page, &mut found);
        hidden(page, &mut found);
    }
    for (name, page) in &gathered.attached {
        attached(name, page, &mut found);
    }
    if gathered.says_utf7 {
        found.add(Finding::of(&kinds::UTF7));
    }
    let calendar = gathered.urls.iter().find(|url| url.origin == Origin::Calendar);
    if let Some(url) = calendar.filter(|url| !is_meeting(url)) {
        found.add(Finding::of(&kinds::CALENDAR_LINK).with("target", &url.host.shown()));
    }
    letters(gathered, &mut found);
    image_only(gathered, &mut found);
    found.into_findings()
}

/// Where meetings are held, and calendars come from.
fn is_meeting(url: &Url) -> bool {
    matches!(
        &*url.domain(),
        "zoom.us"
            | "microsoft.com"
            | "live.com"
            | "google.com"
            | "webex.com"
            | "gotomeeting.com"
            | "goto.com"
            | "whereby.com"
            | "jit.si"
            | "bluejeans.com"
            | "aka.ms"
            | "office.com"
    )
}

fn shown(page: &Page, found: &mut Heaviest) {
    let counts = &page.counts;
    if counts.passwords > 0 {
        found.add(Finding::of(&kinds::PASSWORD));
    }
    if counts.forms > 0 {
        let target = first_of(page, Loads::Form).unwrap_or("?");
        found.add(Finding::of(&kinds::FORM).with("target", target));
    }
    if let Some(target) = first_of(page, Loads::Refresh) {
        found.add(Finding::of(&kinds::REFRESH).with("target", target));
    }
    if counts.scripts > 0 && !page.script.trim().is_empty() {
        found.add(Finding::of(&kinds::SCRIPT));
    }
    let relative =
        |link: &crate::html::Link| Url::read(&link.href, None).is_none() && link.href.len() > 1;
    if let Some(base) = page.base.as_deref().and_then(|base| Url::read(base, None))
        && base.is_web()
        && page.links.iter().any(relative)
    {
        found.add(Finding::of(&kinds::BASE).with("target", &base.host.shown()));
    }
}

fn first_of(page: &Page, loads: Loads) -> Option<&str> {
    let found = page.resources.iter().find(|(kind, target)| *kind == loads && !target.is_empty());
    found.map(|(_, target)| target.as_str())
}

fn attached(name: &str, page: &Page, found: &mut Heaviest) {
    let counts = &page.counts;
    // A form that only exists once its script has run is a form.
    let script = &page.script;
    let builds = |mark: &str| script.contains(mark);
    if counts.passwords > 0 || builds("type=\"password\"") || builds("type='password'") {
        found.add(Finding::of(&kinds::ATTACHED_PASSWORD).with("name", name));
    } else if counts.forms > 0 {
        found.add(Finding::of(&kinds::ATTACHED_FORM).with("name", name));
    }
    if let Some(target) = first_of(page, Loads::Refresh) {
        found.add(Finding::of(&kinds::ATTACHED_REFRESH).with("name", name).with("target", target));
    } else if builds("location.href") || builds("location.replace") || builds("window.location") {
        found
            .add(Finding::of(&kinds::ATTACHED_REFRESH).with("name", name).with("target", "script"));
    }
    if counts.scripts > 0 {
        found.add(Finding::of(&kinds::ATTACHED_SCRIPT).with("name", name));
    }
}

fn hidden(page: &Page, found: &mut Heaviest) {
    if page.hidden.len() < HIDDEN_CHARACTERS_MIN {
        return;
    }
    let count = |text: &str| {
        text.chars().filter(|c| !c.is_whitespace() && !is_invisible(*c) && *c != '\u{a0}').count()
    };
    let (hidden, seen) = (count(&page.hidden), count(&page.visible));
    let percent = hidden * 100 / (hidden + seen).max(1);
    if hidden >= HIDDEN_CHARACTERS_MIN && percent > HIDDEN_PERCENT_MIN {
        found.add(
            Finding::of(&kinds::HIDDEN_TEXT)
                .with("percent", &percent.to_string())
                .with("seen", page.visible.trim())
                .with("hidden", page.hidden.trim()),
        );
    }
}

/// Words that are broken up or put together from several scripts.
fn letters(gathered: &Gathered, found: &mut Heaviest) {
    let all = [gathered.subject.as_str(), gathered.text.as_str()];
    if all.iter().all(|text| text.is_ascii()) {
        return;
    }
    let mut broken = (0_usize, "");
    let mut mixed = (0_usize, "");
    for word in all.iter().flat_map(|text| text.split_whitespace()).filter(|word| !word.is_ascii())
    {
        if is_broken(word) {
            broken = (broken.0 + 1, word);
        }
        if is_mixed(word) {
            mixed = (mixed.0 + 1, word);
        }
    }
    if broken.0 >= ODD_WORDS_MIN {
        found.add(
            Finding::of(&kinds::BROKEN_WORDS)
                .with("count", &broken.0.to_string())
                .with("shown", broken.1),
        );
    }
    if mixed.0 >= ODD_WORDS_MIN {
        let word = crate::html::head(mixed.1, 64);
        found.add(
            Finding::of(&kinds::MIXED_WORDS)
                .with("count", &mixed.0.to_string())
                .with("shown", word)
                .with("reads", &fold(word)),
        );
    }
}

/// An invisible character between two Latin letters. The soft hyphen is left out: it is for
/// that; joiners belong between the letters of other scripts.
fn is_broken(word: &str) -> bool {
    let mut before = None;
    let mut gap = false;
    for character in word.chars() {
        if is_invisible(character) {
            gap = before.is_some() && character != '\u{ad}';
            continue;
        }
        let is_letter = character.is_ascii_alphabetic();
        if gap && is_letter {
            return true;
        }
        gap = false;
        before = is_letter.then_some(character);
    }
    false
}

fn image_only(gathered: &Gathered, found: &mut Heaviest) {
    let text = gathered.text.chars().filter(|c| c.is_alphanumeric()).take(TEXT_CHARACTERS_MIN);
    let has_picture =
        gathered.pages.iter().any(|page| page.pictures.iter().any(|picture| picture.is_linked));
    if has_picture && text.count() < TEXT_CHARACTERS_MIN {
        found.add(Finding::of(&kinds::IMAGE_ONLY));
    }
}

/// Findings of the wording, and of what only counts together with it.
pub(crate) fn says(gathered: &Gathered, wording: &Wording) -> Vec<Finding> {
    let mut findings = wording.findings();
    if wording.speaks_of(Theme::Extortion)
        && let Some(wallet) = wording::wallet(&gathered.text)
    {
        findings.push(Finding::of(&kinds::EXTORTION).with("wallet", wallet));
    }
    // Answers to a free mailbox are common; together with a request for money they are a plan.
    let money = [Theme::Payment, Theme::Gift, Theme::Bank, Theme::Available, Theme::Fortune];
    if money.into_iter().any(|theme| wording.speaks_of(theme))
        && let Some(reply) = gathered.free_reply()
    {
        findings.push(
            Finding::of(&kinds::REPLY_FREE_MONEY)
                .with("reply", reply)
                .with("sender", &gathered.sender.address),
        );
    }
    findings
}
