//! Claims about what a text asks for.

use super::*;

fn ids(subject: &str, text: &str) -> Vec<&'static str> {
    measure(subject, text).findings().iter().map(|finding| finding.kind.id).collect()
}

#[test]
fn every_theme_speaks_seven_languages() {
    for (theme, texts) in [
        (
            "wording-credentials",
            [
                "Please verify your account now",
                "Ihr Konto wurde gesperrt",
                "Votre compte a été suspendu",
                "Su cuenta ha sido suspendida",
                "Uw rekening is geblokkeerd",
                "Sua conta foi bloqueada",
                "Il tuo account è stato sospeso",
            ],
        ),
        (
            "wording-parcel",
            [
                "Your package could not be delivered",
                "Ihr Paket konnte nicht zugestellt werden",
                "Votre colis est en attente",
                "Confirmar la entrega: su paquete",
                "Bevestig uw pakket en betaal de verzendkosten",
                "Sua encomenda está retida",
                "Il tuo pacco ti aspetta",
            ],
        ),
        (
            "wording-bank-details",
            [
                "Please note our new bank details",
                "Unsere Bankverbindung hat sich geändert",
                "Veuillez noter notre nouveau RIB",
                "Le enviamos nuestros nuevos datos bancarios",
                "Ons nieuw rekeningnummer",
                "Seguem os novos dados bancários",
                "Ecco il nuovo IBAN",
            ],
        ),
    ] {
        for text in texts {
            assert!(ids("", text).contains(&theme), "{theme}: {text}");
        }
    }
}

#[test]
fn txt_01_disguised_letters_change_nothing() {
    for text in [
        "V\u{435}rify your acc\u{43e}unt",
        "Ver\u{200b}ify your ac\u{ad}count",
        "Ｖｅｒｉｆｙ your account",
        "𝗩𝗲𝗿𝗶𝗳𝘆 𝘆𝗼𝘂𝗿 𝗮𝗰𝗰𝗼𝘂𝗻𝘁",
        "Verify\n\n  your   account!",
    ] {
        assert_eq!(ids("", text), ["wording-credentials"], "{text}");
    }
}

#[test]
fn are_you_available_counts_only_where_nothing_else_is_said() {
    assert!(
        ids("Quick task", "Are you available? Send me your cell.")
            .contains(&"wording-are-you-there")
    );
    let long =
        format!("Are you available for lunch? {}", "We talked about the project. ".repeat(40));
    assert!(ids("", &long).is_empty());
}

#[test]
fn ordinary_mail_asks_for_nothing() {
    for text in [
        "Hi Anna, thanks for the patch, I will look at it tomorrow.",
        "Das Protokoll der Sitzung liegt bei. Viele Grüße",
        "Voici le compte rendu de la réunion de mardi.",
        "unverify youraccount",
    ] {
        assert!(ids("", text).is_empty(), "{text}");
    }
}

#[test]
fn wallets_are_known_by_their_form() {
    // Well-formed by alphabet and length, and made up.
    for word in [
        "1BoatSLRHtKNngkdXEeobR76b53LETtpyT",
        "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
        "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
        "0x52908400098527886E0F7030069857D2E4169EE7",
    ] {
        assert_eq!(wallet(&format!("send to {word}, now")), Some(word));
    }
    for text in
        ["c0ffee1234567890c0ffee1234567890c0ffee12", "1234567890123456789012345678", "a plain text"]
    {
        assert_eq!(wallet(text), None, "{text}");
    }
}

#[test]
fn a_password_given_in_the_text_is_found() {
    for (text, expected) in [
        ("The password is 4711.", "4711"),
        ("Password: Secret", "Secret"),
        ("password:abc123", "abc123"),
        ("Das Passwort lautet \"xy99z\"", "xy99z"),
        ("Archive pass 2024", "2024"),
        ("Contraseña: 8841", "8841"),
    ] {
        assert_eq!(passwords(text), [expected], "{text}");
    }
    for text in ["Never tell your password to anybody", "Reset your password here", ""] {
        assert!(passwords(text).is_empty(), "{text}");
    }
}

#[test]
fn the_words_before_passwords_are_sorted() {
    assert!(PASSWORD_WORDS.windows(2).all(|pair| pair[0] < pair[1]));
}

#[test]
fn phrases_are_found_as_words_of_their_own_in_the_order_in_which_they_end() {
    let every: Vec<String> = PHRASES.all.iter().map(|phrase| plain(phrase.text)).collect();
    let backwards: Vec<&str> = every.iter().rev().map(String::as_str).collect();
    for text in [every.join(" x "), backwards.join(" "), every.join("x"), "é 1 it's".to_owned()] {
        let text = plain(&text);
        let is_word = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_alphanumeric);
        let first = |phrase: &str| {
            let phrase = phrase.trim();
            let mut places = text.match_indices(phrase).map(|(at, _)| (at + phrase.len(), at));
            places.find(|(end, at)| !is_word(*end) && (*at == 0 || !is_word(at - 1)))
        };
        let places = every.iter().enumerate().filter_map(|(index, it)| Some((first(it)?, index)));
        let mut expected: Vec<_> = places.collect();
        expected.sort();
        let expected: Vec<_> = expected.iter().map(|(_, index)| PHRASES.all[*index].text).collect();
        let found: Vec<_> = PHRASES.in_plain(&text).iter().map(|phrase| phrase.text).collect();
        assert_eq!(found, expected, "{text}");
    }
}
