//! The language of a text, for the policies that block some and the field that names it.
//!
//! Touches nothing. A guess by letters and groups of three of them; a text that is short, or
//! between two languages, has none. It never has a weight of its own.

use whatlang::Lang;

/// How much of a text is looked at, in bytes: more changes no answer.
const TEXT_BYTES_MAX: usize = 1000;
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
    let found = whatlang::detect(&words).filter(whatlang::Info::is_reliable)?;
    Some(code(found.lang()))
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
