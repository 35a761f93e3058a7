//! Words written so that a reader knows them and a filter does not: `V1agra`, `C.ial.is`,
//! `A*D*U*L*T*S`, `v i a g r a`.
//!
//! Touches nothing. One pass; a word that is written plainly is nobody's disguise.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Shortest and longest disguise that is looked at, in bytes.
const DISGUISE_BYTES: std::ops::RangeInclusive<usize> = 4..=40;
/// Most words that are looked at, and most disguises that are told.
const WORDS_MAX: usize = 50_000;
const FOUND_MAX: usize = 8;
/// Shortest word that is put together from single letters.
const SPELT_MIN: usize = 4;

/// Words that mail disguises, in order: goods, and what they are sold with.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "account", "action", "adipex", "adobe", "adult", "adults", "aggressive", "amateur", "ambien",
    "approved", "bachelors", "bitcoin", "bonus", "broker", "bullish", "buy", "cash", "casino",
    "cheap", "cialis", "click", "codeine", "congratulations", "consolidation", "cost", "could",
    "credit", "current", "debt", "degree", "degrees", "demanded", "diet", "diploma", "diplomas",
    "discount", "discounts", "doctor", "doctors", "drugs", "earn", "ejaculation", "enhancement",
    "enlarge", "enlargement", "erection", "erections", "expire", "explode", "free", "friend",
    "from", "fuck", "funds", "gambling", "generic", "girls", "growth", "guarantee", "guaranteed",
    "hardcore", "health", "here", "home", "hoodia", "horny", "hydrocodone", "impotence", "inches",
    "income", "increase", "insurance", "investment", "investors", "invoice", "jackpot", "levitra",
    "loan", "loans", "looking", "lookup", "lose", "lottery", "masters", "medical", "medication",
    "medications", "medicine", "medicines", "meds", "meridia", "microsoft", "money", "more",
    "mortgage", "naked", "nude", "offer", "office", "online", "opportunity", "orgasm", "oxycodone",
    "password", "payment", "paypal", "penis", "percocet", "pharmacy", "phentermine", "phone",
    "photoshop", "pills", "poker", "porn", "prescription", "prescriptions", "price", "prices",
    "prize", "profile", "profit", "profits", "propecia", "prozac", "refinance", "replica",
    "replicas", "report", "requests", "rolex", "rolexes", "sale", "sales", "save", "security",
    "sex", "sexual", "sexually", "sexy", "sildenafil", "sluts", "software", "soma", "sperm",
    "stock", "stockreport", "stocks", "suspended", "symbol", "tablets", "tadalafil", "target",
    "teens", "tests", "tramadol", "unlimited", "urgent", "valium", "verify", "viagra", "vicodin",
    "virgin", "vista", "watches", "weight", "windows", "winner", "xanax", "xxx", "your", "zoloft",
];

/// Disguised words of a text, each as it stands and as it reads; every reading once.
pub(crate) fn disguised(text: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut spelt: Vec<&str> = Vec::new();
    for word in text.split_whitespace().take(WORDS_MAX) {
        if found.len() >= FOUND_MAX {
            break;
        }
        if word.len() == 1 && word.as_bytes().first().is_some_and(u8::is_ascii_graphic) {
            spelt.push(word);
            continue;
        }
        if spelt.len() >= SPELT_MIN {
            add(&spelt.join(" "), &mut found);
        }
        spelt.clear();
        if DISGUISE_BYTES.contains(&word.len()) && is_odd(word) {
            add(word, &mut found);
        }
    }
    if spelt.len() >= SPELT_MIN {
        add(&spelt.join(" "), &mut found);
    }
    found
}

/// Letters with something else among them, and neither an address nor a number with its unit.
fn is_odd(word: &str) -> bool {
    let is_plain = |word: &str| word.bytes().all(|byte| byte.is_ascii_alphabetic());
    // Most words need no closer look.
    if is_plain(word) {
        return false;
    }
    let inner = trimmed(word);
    let digits = inner.bytes().take_while(u8::is_ascii_digit).count();
    !is_plain(inner)
        && digits <= 1
        && inner.chars().any(char::is_alphabetic)
        && !inner.contains(['/', '=', '&', '<', '>', '(', '[', '{', '#'])
        && !inner.starts_with("www.")
}

/// A word without the marks of the sentence around it. `@` and `$` stay: they stand for letters.
fn trimmed(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '@' | '$' | '|'))
}

fn add(word: &str, found: &mut Vec<(String, String)>) {
    // A `1` stands for an `i` or an `l`; what is no ASCII may hold one in another form.
    let has_one = !word.is_ascii() || word.contains(ONES);
    let ones = if has_one { &['i', 'l'][..] } else { &['i'] };
    let known = ones.iter().find_map(|one| {
        let reads = folded(word, *one);
        WORDS.binary_search(&reads.as_str()).is_ok().then_some(reads)
    });
    let Some(reads) = known else { return };
    let shown = trimmed(word);
    // "soft-ware" at the end of a line, "don't", "money-".
    let is_hyphenated = shown.len() == reads.len() + 1 && shown.contains(['-', '\'']);
    let is_written_so = shown.eq_ignore_ascii_case(&reads) || is_hyphenated;
    if !is_written_so && found.iter().all(|(_, known)| *known != reads) {
        found.push((shown.to_owned(), reads));
    }
}

/// What is drawn like an `i` and an `l`.
const ONES: [char; 4] = ['1', '!', '|', '¡'];

/// What a reader makes of it; marks between letters are nothing.
fn folded(word: &str, one: char) -> String {
    let mut out = String::with_capacity(word.len());
    for character in trimmed(word).nfkd().filter(|c| !is_combining_mark(*c)) {
        match character {
            'a'..='z' => out.push(character),
            'A'..='Z' => out.push(character.to_ascii_lowercase()),
            '0' => out.push('o'),
            one_of if ONES.contains(&one_of) => out.push(one),
            '3' | '€' => out.push('e'),
            '4' | '@' => out.push('a'),
            '5' | '$' => out.push('s'),
            '6' | '9' => out.push('g'),
            '7' | '+' => out.push('t'),
            '8' => out.push('b'),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_in_order() {
        assert!(WORDS.is_sorted());
    }

    #[test]
    fn txt_01_a_disguised_word_is_read() {
        for (text, reads) in [
            ("buy V1agra now", "viagra"),
            ("C.ial.is, best price", "cialis"),
            ("V1Agr@ is the best", "viagra"),
            ("!!!A*D*U*L*T*S only", "adults"),
            ("get v i a g r a here", "viagra"),
            ("Need S0ftware?", "software"),
            ("L00kup: ABCD", "lookup"),
            ("Sym8oL: ABCD", "symbol"),
            ("Víagrá for less", "viagra"),
            ("medication$ for you", "medications"),
        ] {
            let found = disguised(text);
            assert!(found.iter().any(|(_, known)| known == reads), "{text}: {found:?}");
        }
    }

    #[test]
    fn plain_words_addresses_and_hyphens_are_no_disguise() {
        for text in [
            "the price, the offer! (free) \"software\" 'money'",
            "soft-ware and pre-scription",
            "see www.cash.example/o-f-f-e-r and free@example.org",
            "section 5.1.3, option B-2, rev1 a b c d e",
            "stock's price is $5",
            "50mA \u{201c}medicines.\u{201d} Windows\u{ae} Security\u{2122}",
        ] {
            assert_eq!(disguised(text), Vec::new(), "{text}");
        }
    }
}
