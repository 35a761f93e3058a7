//! What a text asks for, by phrases of seven languages.
//!
//! Touches nothing. All phrases are looked for at once in text that was made plain first
//! (`normal::plain`), so that accents, other scripts and invisible characters change nothing.

mod dutch;
mod english;
mod german;
mod goods;
mod money;
mod offers;
mod romance;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use aho_corasick::automaton::Automaton as _;
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, MatchKind, PatternID};
use posthouse_types::{Finding, FindingKind};

use crate::kinds;
use crate::normal::plain;

/// Longest text that is searched, in bytes: fraud is said at the beginning.
pub(crate) const TEXT_BYTES_MAX: usize = 256 * 1024;
/// Points that make a finding.
const POINTS_MIN: u32 = 3;
/// Points beyond which a text does not say more.
const POINTS_MAX: u32 = 12;
/// "Are you available?" means something in a mail that says nothing else, in bytes of plain text.
const SHORT_TEXT_BYTES_MAX: usize = 600;
/// A fraud in a long text is told at length: from here on twice the points are asked, in bytes.
const LONG_TEXT_BYTES_MIN: usize = 6_000;
/// Most phrases that are quoted in a finding.
const QUOTED_MAX: usize = 4;
/// Most words that are looked at for wallets and passwords.
const WORDS_MAX: usize = 50_000;

/// What a phrase is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Theme {
    /// Passwords, locked accounts, data to be confirmed.
    Credentials,
    /// A full mailbox, mail held back.
    Mailbox,
    /// A payment in haste or in secret.
    Payment,
    /// Gift cards.
    Gift,
    /// Changed bank details.
    Bank,
    /// Are you there? I need a favour.
    Available,
    /// Invoices that press.
    Invoice,
    /// Threats to publish.
    Extortion,
    /// Prizes.
    Lottery,
    /// A share of a fortune.
    Fortune,
    /// Parcels that wait.
    Parcel,
    /// Money back from an authority.
    Tax,
    /// Voice messages and faxes.
    Voicemail,
    /// Documents to open or sign.
    Document,
    /// Stocks to buy at once.
    Stock,
    /// Medicines.
    Pharmacy,
    /// Means for potency.
    Potency,
    /// Acquaintances, pornography.
    Adult,
    /// Imitations of brands.
    Replica,
    /// Software far below its price.
    Software,
    /// Loans, insurance, relief of debts.
    Loan,
    /// Slim, young, healthy.
    Slimming,
    /// Casinos and bets.
    Gambling,
    /// Degrees for money.
    Diploma,
    /// Easy money.
    Income,
    /// Advertising for advertising, goods by the thousand.
    Marketing,
    /// Greeting cards that wait.
    Card,
    /// Wallets, tokens, coins.
    Crypto,
    /// Renewals and orders that nobody made, to be cancelled by telephone.
    Renewal,
}

impl Theme {
    const NAMES: &'static [(&'static str, Self, &'static FindingKind)] = &[
        ("credentials", Self::Credentials, &kinds::SAYS_CREDENTIALS),
        ("mailbox", Self::Mailbox, &kinds::SAYS_MAILBOX),
        ("payment", Self::Payment, &kinds::SAYS_PAYMENT),
        ("gift", Self::Gift, &kinds::SAYS_GIFT_CARDS),
        ("bank", Self::Bank, &kinds::SAYS_BANK_DETAILS),
        ("available", Self::Available, &kinds::SAYS_AVAILABLE),
        ("invoice", Self::Invoice, &kinds::SAYS_INVOICE),
        ("extortion", Self::Extortion, &kinds::SAYS_EXTORTION),
        ("lottery", Self::Lottery, &kinds::SAYS_LOTTERY),
        ("fortune", Self::Fortune, &kinds::SAYS_ADVANCE_FEE),
        ("parcel", Self::Parcel, &kinds::SAYS_PARCEL),
        ("tax", Self::Tax, &kinds::SAYS_TAX),
        ("voicemail", Self::Voicemail, &kinds::SAYS_VOICEMAIL),
        ("document", Self::Document, &kinds::SAYS_DOCUMENT),
        ("stock", Self::Stock, &kinds::SAYS_STOCK),
        ("pharmacy", Self::Pharmacy, &kinds::SAYS_PHARMACY),
        ("potency", Self::Potency, &kinds::SAYS_POTENCY),
        ("adult", Self::Adult, &kinds::SAYS_ADULT),
        ("replica", Self::Replica, &kinds::SAYS_REPLICAS),
        ("software", Self::Software, &kinds::SAYS_SOFTWARE),
        ("loan", Self::Loan, &kinds::SAYS_LOAN),
        ("slimming", Self::Slimming, &kinds::SAYS_SLIMMING),
        ("gambling", Self::Gambling, &kinds::SAYS_GAMBLING),
        ("diploma", Self::Diploma, &kinds::SAYS_DIPLOMA),
        ("income", Self::Income, &kinds::SAYS_INCOME),
        ("marketing", Self::Marketing, &kinds::SAYS_MARKETING),
        ("card", Self::Card, &kinds::SAYS_CARD),
        ("crypto", Self::Crypto, &kinds::SAYS_CRYPTO),
        ("renewal", Self::Renewal, &kinds::SAYS_RENEWAL),
    ];

    fn kind(self) -> &'static FindingKind {
        let found = Self::NAMES.iter().find(|(_, theme, _)| *theme == self);
        found.map_or(&kinds::SAYS_CREDENTIALS, |(_, _, kind)| kind)
    }
}

struct Phrase {
    text: &'static str,
    theme: Theme,
    points: u32,
}

struct Phrases {
    all: Vec<Phrase>,
    automaton: Option<NFA>,
}

static PHRASES: LazyLock<Phrases> = LazyLock::new(|| {
    let mut all = Vec::new();
    for table in [
        english::TABLE,
        german::TABLE,
        dutch::TABLE,
        romance::FRENCH,
        romance::SPANISH,
        romance::PORTUGUESE,
        romance::ITALIAN,
        goods::TABLE,
        offers::TABLE,
        money::TABLE,
    ] {
        let mut theme = Theme::Credentials;
        for line in table.lines() {
            let Some((head, text)) = line.split_once(' ') else { continue };
            if head == "#" {
                let named = Theme::NAMES.iter().find(|(name, ..)| *name == text);
                theme = named.map_or(theme, |(_, theme, _)| *theme);
            } else {
                let points: u32 = head.parse().unwrap_or(1);
                // A single word is no sentence: it never makes a finding alone.
                let most = if text.contains(' ') { POINTS_MIN } else { POINTS_MIN - 1 };
                all.push(Phrase { text, theme, points: points.min(most) });
            }
        }
    }
    let patterns = all.iter().map(|phrase| plain(phrase.text).trim().to_owned());
    // Standard semantics, so that phrases within phrases are found too.
    let automaton = NFA::builder().match_kind(MatchKind::Standard).build(patterns).ok();
    Phrases { all, automaton }
});

impl Phrases {
    /// The phrases that stand in a plain text as words of their own, each once, in the order in
    /// which they end. A phrase can only begin where a word does, and few words begin one: what
    /// follows is not looked at.
    fn in_plain(&self, plain: &str) -> Vec<&Phrase> {
        let bytes = plain.as_bytes();
        let is_word = |at: usize| bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric());
        let mut seen = BTreeSet::new();
        let mut found: Vec<(usize, usize, PatternID)> = Vec::new();
        for start in (0..bytes.len()).filter(|at| at.checked_sub(1).is_none_or(|at| !is_word(at))) {
            self.at(bytes.get(start..).unwrap_or_default(), |phrase, length| {
                let end = start + length;
                if !is_word(end) && seen.insert(phrase) {
                    found.push((end, start, phrase));
                }
            });
        }
        found.sort_unstable();
        found.iter().filter_map(|(.., phrase)| self.all.get(phrase.as_usize())).collect()
    }

    /// The phrases that a text begins with, and their lengths.
    fn at(&self, text: &[u8], mut tell: impl FnMut(PatternID, usize)) {
        let Some(automaton) = &self.automaton else { return };
        let Ok(mut state) = automaton.start_state(Anchored::Yes) else { return };
        for (at, byte) in text.iter().enumerate() {
            state = automaton.next_state(Anchored::Yes, state, *byte);
            if !automaton.is_special(state) {
                continue;
            }
            if automaton.is_dead(state) {
                return;
            }
            let count = if automaton.is_match(state) { automaton.match_len(state) } else { 0 };
            for phrase in (0..count).map(|index| automaton.match_pattern(state, index)) {
                // Those that only end here began later, and are told there.
                if automaton.pattern_len(phrase) == at + 1 {
                    tell(phrase, at + 1);
                }
            }
        }
    }
}

/// What the phrases of one message add up to.
#[derive(Clone, Debug, Default)]
pub struct Wording {
    /// Points of each theme, with the phrases that gave them.
    pub themes: BTreeMap<Theme, (u32, Vec<&'static str>)>,
    /// Bytes of the plain text.
    pub length: usize,
    /// Nothing was left out.
    pub is_complete: bool,
}

/// Looks for all phrases in what a reader sees: the subject and the text.
pub fn measure(subject: &str, text: &str) -> Wording {
    let cut = crate::html::head(text, TEXT_BYTES_MAX);
    let mut wording = measure_plain(&plain(&format!("{subject}\n{cut}")));
    wording.is_complete = cut.len() == text.len();
    wording
}

/// The same for text that is plain already.
pub(crate) fn measure_plain(plain: &str) -> Wording {
    let mut wording = Wording { length: plain.len(), is_complete: true, ..Wording::default() };
    for phrase in PHRASES.in_plain(plain) {
        let (points, texts) = wording.themes.entry(phrase.theme).or_default();
        *points += phrase.points;
        if texts.len() < QUOTED_MAX {
            texts.push(phrase.text);
        }
    }
    wording
}

impl Wording {
    /// The findings, each theme graded by its points.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let least = match self.length >= LONG_TEXT_BYTES_MIN {
            true => POINTS_MIN * 2,
            false => POINTS_MIN,
        };
        for (theme, (points, texts)) in &self.themes {
            let is_lost = *theme == Theme::Available && self.length > SHORT_TEXT_BYTES_MAX;
            if *points < least || is_lost {
                continue;
            }
            let kind = theme.kind();
            let finding = Finding::of(kind).with("phrases", &texts.join(", "));
            let grade = (*points).min(POINTS_MAX) as f32 / 6.0;
            let weight = finding.weight() * grade.clamp(0.6, 1.6);
            findings.push(finding.weighing(weight));
        }
        findings
    }

    /// Whether a theme has its points.
    pub fn speaks_of(&self, theme: Theme) -> bool {
        self.themes.get(&theme).is_some_and(|(points, _)| *points >= POINTS_MIN)
    }
}

/// The first address of a wallet in a text: Bitcoin (both forms), Ethereum, Litecoin, Monero,
/// Tron. By form and alphabet; checksums would need hashes and prove nothing more here.
pub fn wallet(text: &str) -> Option<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).take(WORDS_MAX);
    words.filter(|word| word.len() >= 26).find(|word| {
        let base58 = |from: usize, to: usize| {
            (from..=to).contains(&word.len())
                && !word.contains(['0', 'O', 'I', 'l'])
                && word.bytes().any(|byte| byte.is_ascii_digit())
                && word.bytes().any(|byte| byte.is_ascii_lowercase())
                && word.bytes().any(|byte| byte.is_ascii_uppercase())
        };
        let bech32 = |start: &str| {
            let lower = word.to_ascii_lowercase();
            let is_one_case = *word == lower || word.bytes().all(|byte| !byte.is_ascii_lowercase());
            lower.strip_prefix(start).is_some_and(|rest| {
                is_one_case && rest.len() >= 38 && !rest.contains(['1', 'b', 'i', 'o'])
            })
        };
        match word.as_bytes().first() {
            Some(b'1' | b'3') => base58(26, 35),
            Some(b'L' | b'M') => base58(33, 34),
            Some(b'T') => base58(34, 34),
            Some(b'4' | b'8') => base58(95, 95),
            Some(b'0') => {
                let digits = word.strip_prefix("0x").unwrap_or_default();
                digits.len() == 40 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
            }
            Some(b'b' | b'B') => bech32("bc1"),
            Some(b'l') => bech32("ltc1"),
            _ => false,
        }
    })
}

/// Words before a password in the seven languages, plain.
const PASSWORD_WORDS: &[&str] = &[
    "clave",
    "code",
    "contrasena",
    "kennwort",
    "parola",
    "pass",
    "password",
    "passwords",
    "passwort",
    "pw",
    "pwd",
    "senha",
    "wachtwoord",
];

/// Passwords that a text gives away: "password: 1234", "Das Passwort lautet abc123". At most ten.
pub fn passwords(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut since_word = usize::MAX;
    let mut has_mark = false;
    for word in text.split_whitespace().take(WORDS_MAX) {
        let bare = plain(word);
        let is_word = bare.split(' ').any(|word| PASSWORD_WORDS.binary_search(&word).is_ok());
        // "password:1234" in one piece.
        let inner = word.split_once([':', '=']).filter(|(_, value)| is_word && value.len() >= 3);
        if let Some((_, value)) = inner {
            found.push(trimmed(value));
            since_word = usize::MAX;
        } else if is_word {
            since_word = 0;
            has_mark = word.ends_with([':', '=']);
        } else if since_word < 3 {
            since_word += 1;
            let joins = matches!(bare.trim(), "is" | "ist" | "lautet" | "es" | "e" | "est" | "");
            let value = trimmed(word);
            let has_digit = value.bytes().any(|byte| byte.is_ascii_digit());
            let is_value = value.len() >= 3 && value.len() <= 40 && (has_digit || has_mark);
            if !joins && is_value && (has_mark || has_digit) {
                found.push(value);
                since_word = usize::MAX;
            }
            has_mark |= word.ends_with([':', '=']) || joins;
        }
        if found.len() >= 10 {
            break;
        }
    }
    found
}

fn trimmed(word: &str) -> String {
    word.trim_matches(|c: char| "\"'.,;:()<>„“”»«*".contains(c)).to_owned()
}

#[cfg(test)]
mod tests;
