//! What the texts and pages of a message give away: forms, scripts, what is hidden, what is asked.
//!
//! Touches nothing.

use posthouse_types::Finding;

use crate::attached;
use crate::disguise::disguised;
use crate::gather::Gathered;
use crate::html::{Loads, Page};
use crate::identity::is_mixed;
use crate::kinds;
use crate::links::Heaviest;
use crate::normal::fold;
use crate::pictures;
use crate::url::{Origin, Url, is_invisible};
use crate::wording::{self, Theme, Wording};

/// Row TXT-02: from this share of unseen text on it is said, in percent.
const HIDDEN_PERCENT_MIN: usize = 30;
/// Shorter hidden text is a preview line or a remark for machines, in characters.
const HIDDEN_CHARACTERS_MIN: usize = 200;
/// Broken or mixed words from which on it is no accident.
const ODD_WORDS_MIN: usize = 3;

/// What one, two and more disguised words weigh.
const DISGUISE_GRADES: [f32; 3] = [0.8, 1.2, 1.6];
/// Alternatives that have fewer of their words in common do not say the same, in percent.
const COMMON_PERCENT_MIN: usize = 30;

/// A shorter plain text only says that there is a page, in words.
const ALTERNATIVE_WORDS_MIN: usize = 20;
/// How much of either text is compared, in bytes: the table of words stays sparse.
const ALTERNATIVE_BYTES_MAX: usize = 16 * 1024;

/// All findings about pages.
pub(crate) fn findings(gathered: &Gathered) -> Vec<Finding> {
    let mut found = Heaviest::default();
    for page in &gathered.pages {
        shown(page, &mut found);
        hidden(page, &mut found);
    }
    for (name, page) in &gathered.attached {
        attached::findings(name, page, &mut found);
    }
    if gathered.says_utf7 {
        found.add(Finding::of(&kinds::UTF7));
    }
    let calendar = gathered.urls.iter().find(|url| url.origin == Origin::Calendar);
    if let Some(url) = calendar.filter(|url| !is_meeting(url)) {
        found.add(Finding::of(&kinds::CALENDAR_LINK).with("target", &url.host.shown()));
    }
    letters(gathered, &mut found);
    disguises(gathered, &mut found);
    pictures::findings(gathered, &mut found);
    alternatives(gathered, &mut found);
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

pub(crate) fn first_of(page: &Page, loads: Loads) -> Option<&str> {
    let found = page.resources.iter().find(|(kind, target)| *kind == loads && !target.is_empty());
    found.map(|(_, target)| target.as_str())
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

fn disguises(gathered: &Gathered, found: &mut Heaviest) {
    let mut words = disguised(&gathered.subject);
    for word in disguised(crate::html::head(&gathered.text, wording::TEXT_BYTES_MAX)) {
        if words.iter().all(|(_, reads)| *reads != word.1) {
            words.push(word);
        }
    }
    if words.is_empty() {
        return;
    }
    let shown = words.iter().take(4).map(|(shown, reads)| format!("{shown} ({reads})"));
    let shown = shown.collect::<Vec<_>>().join(", ");
    let finding = Finding::of(&kinds::DISGUISED).with("shown", &shown);
    let [one, two, more] = DISGUISE_GRADES;
    let grade = match words.len() {
        1 => one,
        2 => two,
        _ => more,
    };
    let weight = finding.weight() * grade;
    found.add(finding.weighing(weight));
}

/// Plain text and HTML are to say the same. Where they do not, one is for filters.
fn alternatives(gathered: &Gathered, found: &mut Heaviest) {
    let percent = gathered.alternatives().and_then(|(plain, page)| common_percent(plain, page));
    if let Some(percent) = percent.filter(|percent| *percent < COMMON_PERCENT_MIN) {
        let finding = Finding::of(&kinds::ALTERNATIVES_DIFFER);
        found.add(finding.with("percent", &percent.to_string()));
    }
}

/// How many of a plain text's words its page has too; `None` where the text is too short to say.
/// Words are bits in a table: rarely two share one, and then the answer errs on the mild side.
fn common_percent(plain: &str, page: &str) -> Option<usize> {
    const BITS: usize = 1 << 14;
    let mut table = [0_u64; BITS / 64];
    for bit in long_words(page).map(|word| word % BITS) {
        if let Some(bits) = table.get_mut(bit / 64) {
            *bits |= 1 << (bit % 64);
        }
    }
    let mut counts = (0, 0);
    for bit in long_words(plain).map(|word| word % BITS) {
        let is_there = table.get(bit / 64).is_some_and(|bits| bits >> (bit % 64) & 1 == 1);
        counts = (counts.0 + 1, counts.1 + usize::from(is_there));
    }
    (counts.0 >= ALTERNATIVE_WORDS_MIN).then(|| counts.1 * 100 / counts.0)
}

/// Words of four letters and more at the beginning of a text, each as a number (FNV-1a).
fn long_words(text: &str) -> impl Iterator<Item = usize> {
    let head = crate::html::head(text, ALTERNATIVE_BYTES_MAX);
    let words = head.split(|c: char| !c.is_alphabetic()).filter(|word| word.len() >= 4);
    words.map(|word| {
        let hash = word.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193)
        });
        (hash ^ (hash >> 15)) as usize
    })
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
