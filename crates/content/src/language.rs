//! The language of a text, for the policies that block some and the field that names it.
//!
//! Touches nothing. A guess: Latin letters by the commonest words, other scripts by letters and
//! groups of three of them, which would cost as much as a sixth of all else in Latin. A text that is
//! short, or between two languages, has none. It never has a weight of its own.

use std::collections::HashMap;
use std::sync::LazyLock;

use whatlang::{Lang, Script};

/// How much of a text is looked at, in bytes: more changes no answer.
const TEXT_BYTES_MAX: usize = 500;
/// In shorter texts a name or a greeting decides, in characters.
const LETTERS_MIN: usize = 40;

/// The language's code of two letters (ISO 639-1), lower case; `None` where nobody can say.
pub(crate) fn of(text: &str) -> Option<&'static str> {
    let head = crate::html::head(text.trim_start(), TEXT_BYTES_MAX);
    // Addresses have no language.
    let words = head.split_whitespace().filter(|word| !word.contains(['/', '@']));
    let words = words.collect::<Vec<_>>().join(" ");
    if words.chars().filter(|letter| letter.is_alphabetic()).count() < LETTERS_MIN {
        return None;
    }
    if whatlang::detect_script(&words)? == Script::Latin {
        return by_common_words(&words);
    }
    let found = whatlang::detect(&words).filter(whatlang::Info::is_reliable)?;
    Some(code(found.lang()))
}

/// Words that one of these languages uses all the time, and the others do not.
#[rustfmt::skip]
const COMMON: [(&str, &[&str]); 16] = [
    ("en", &["the", "and", "you", "your", "for", "with", "this", "that", "have", "are", "from", "will", "of", "our", "to", "we", "is", "be"]),
    ("de", &["der", "die", "und", "sie", "das", "ist", "nicht", "mit", "ich", "ein", "für", "wir"]),
    ("fr", &["les", "vous", "est", "pour", "une", "dans", "votre", "nous", "pas", "avec", "sur", "vos"]),
    ("es", &["los", "las", "una", "usted", "del", "por", "con", "que", "para", "sus", "el", "nos"]),
    ("it", &["che", "per", "una", "con", "del", "della", "sono", "non", "gli", "nel", "questo", "alla"]),
    ("nl", &["het", "een", "van", "voor", "met", "niet", "wij", "uw", "op", "zijn", "dat", "deze"]),
    ("sv", &["och", "att", "det", "som", "är", "på", "inte", "för", "jag", "vi", "har", "av"]),
    ("da", &["og", "at", "det", "er", "ikke", "til", "på", "jeg", "af", "vi", "har", "som"]),
    ("nb", &["og", "å", "det", "er", "ikke", "til", "på", "jeg", "av", "vi", "har", "som"]),
    ("fi", &["ja", "on", "ei", "että", "se", "mutta", "tai", "jos", "ovat", "voit", "kanssa", "myös"]),
    ("pl", &["nie", "się", "jest", "na", "do", "że", "oraz", "dla", "jak", "przez", "po", "są"]),
    ("cs", &["se", "je", "na", "že", "pro", "jsou", "není", "jako", "ale", "nebo", "jsme", "vás"]),
    ("hu", &["az", "és", "hogy", "nem", "egy", "meg", "ez", "csak", "van", "vagy", "ha", "mint"]),
    ("ro", &["și", "de", "la", "nu", "este", "pentru", "cu", "din", "care", "sunt", "în", "să"]),
    ("tr", &["ve", "bir", "bu", "için", "ile", "da", "de", "çok", "olarak", "daha", "var", "ne"]),
    ("pt", &["que", "para", "uma", "com", "não", "seu", "sua", "dos", "por", "você", "os", "em"]),
];
/// Common words that decide, and how many times those of any other language they must be.
const COMMON_MIN: usize = 3;
const LEAD_MIN: usize = 2;

/// Each common word with a bit for every language that uses it.
static LANGUAGES_OF: LazyLock<HashMap<&str, u16>> = LazyLock::new(|| {
    let mut all = HashMap::new();
    for (at, (_, words)) in COMMON.iter().enumerate() {
        for word in *words {
            *all.entry(*word).or_default() |= 1 << at;
        }
    }
    all
});

fn by_common_words(text: &str) -> Option<&'static str> {
    let mut counts = [0_usize; COMMON.len()];
    let lower = text.to_lowercase();
    for word in lower.split(|c: char| !c.is_alphabetic()) {
        let languages = LANGUAGES_OF.get(word).copied().unwrap_or(0);
        for (at, count) in counts.iter_mut().enumerate() {
            *count += usize::from(languages >> at & 1);
        }
    }
    let best = *counts.iter().max()?;
    let mut leaders = counts.iter().zip(COMMON).filter(|(count, _)| **count * LEAD_MIN > best);
    let (_, (language, _)) = leaders.next()?;
    (best >= COMMON_MIN && leaders.next().is_none()).then_some(language)
}

#[rustfmt::skip]
fn code(language: Lang) -> &'static str {
    match language {
        Lang::Afr => "af", Lang::Aka => "ak", Lang::Amh => "am", Lang::Ara => "ar",
        Lang::Aze => "az", Lang::Bel => "be", Lang::Ben => "bn", Lang::Bul => "bg",
        Lang::Cat => "ca", Lang::Ces => "cs", Lang::Cmn => "zh", Lang::Cym => "cy",
        Lang::Dan => "da", Lang::Deu => "de", Lang::Ell => "el", Lang::Eng => "en",
        Lang::Epo => "eo", Lang::Est => "et", Lang::Fin => "fi", Lang::Fra => "fr",
        Lang::Guj => "gu", Lang::Heb => "he", Lang::Hin => "hi", Lang::Hrv => "hr",
        Lang::Hun => "hu", Lang::Hye => "hy", Lang::Ind => "id", Lang::Ita => "it",
        Lang::Jav => "jv", Lang::Jpn => "ja", Lang::Kan => "kn", Lang::Kat => "ka",
        Lang::Khm => "km", Lang::Kor => "ko", Lang::Lat => "la", Lang::Lav => "lv",
        Lang::Lit => "lt", Lang::Mal => "ml", Lang::Mar => "mr", Lang::Mkd => "mk",
        Lang::Mya => "my", Lang::Nep => "ne", Lang::Nld => "nl", Lang::Nob => "nb",
        Lang::Ori => "or", Lang::Pan => "pa", Lang::Pes => "fa", Lang::Pol => "pl",
        Lang::Por => "pt", Lang::Ron => "ro", Lang::Rus => "ru", Lang::Sin => "si",
        Lang::Slk => "sk", Lang::Slv => "sl", Lang::Sna => "sn", Lang::Spa => "es",
        Lang::Srp => "sr", Lang::Swe => "sv", Lang::Tam => "ta", Lang::Tel => "te",
        Lang::Tgl => "tl", Lang::Tha => "th", Lang::Tuk => "tk", Lang::Tur => "tr",
        Lang::Ukr => "uk", Lang::Urd => "ur", Lang::Uzb => "uz", Lang::Vie => "vi",
        Lang::Yid => "yi", Lang::Zul => "zu",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_letters_have_a_language() {
        for (text, language) in [
            (
                "Please find attached the minutes of our meeting on Tuesday, and tell me by Friday.",
                "en",
            ),
            (
                "Anbei finden Sie das Protokoll unserer Sitzung; bitte prüfen Sie es bis Freitag.",
                "de",
            ),
            (
                "Пожалуйста, проверьте протокол нашей встречи и ответьте до пятницы. Если у вас есть вопросы, позвоните мне в любое время; большое спасибо за помощь, мы очень рады работать с вами и надеемся увидеть вас на следующей неделе.",
                "ru",
            ),
            (
                "本公司可代开各种发票，税率优惠，欢迎来电咨询，可先验证后付款，手续简单方便，请尽快与我们联系，我们随时为您服务。",
                "zh",
            ),
        ] {
            assert_eq!(of(text), Some(language), "{text}");
        }
    }

    #[test]
    fn addresses_and_a_word_have_none() {
        for text in
            ["", "Danke!", "https://www.contoso.example/de/konto/bestellungen/uebersicht/alle/2026"]
        {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
