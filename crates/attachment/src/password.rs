//! Passwords that a message's text may give for the archive that it carries.
//!
//! Touches nothing. Takes words that stand where such texts put them: behind a cue, or in quotes.

use posthouse_mime::Reading;

/// Words that announce a password, in the languages that such mails come in.
const CUES: &[&str] = &[
    "password",
    "passwort",
    "kennwort",
    "passcode",
    "pass code",
    "passphrase",
    "pwd",
    "pw",
    "pass",
    "pin",
    "code",
    "mot de passe",
    "contraseña",
    "contrasena",
    "clave",
    "senha",
    "hasło",
    "haslo",
    "wachtwoord",
    "parola",
    "пароль",
    "密码",
    "パスワード",
];
/// Words between the cue and the password.
const BETWEEN: &[&str] = &[
    "is",
    "ist",
    "lautet",
    "for",
    "für",
    "the",
    "to",
    "das",
    "der",
    "die",
    "archive",
    "archiv",
    "zip",
    "file",
    "datei",
    "open",
    "est",
    "es",
    "é",
    "attachment",
    "document",
    "extract",
    "unzip",
    "zum",
    "öffnen",
    "of",
    "this",
    "your",
    "our",
    "rar",
    "lautet:",
    "será",
    "below",
    "protected",
];
/// Longer words are no passwords that anybody types.
const PASSWORD_CHARACTERS_MAX: usize = 64;
/// Text that is read for it, of each part.
const TEXT_BYTES_MAX: usize = 256 * 1024;
/// Words behind a cue that are looked at.
const WORDS_BEHIND: usize = 6;

/// Candidates, the likeliest first.
pub(crate) fn candidates(reading: &Reading, count_max: usize) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let bodies = reading
        .parts
        .iter()
        .filter(|part| !part.is_attachment)
        .flat_map(|part| part.bodies.iter().filter_map(|body| body.text.as_deref()));
    let subject = reading.parts.first().and_then(|part| part.field("subject"));
    for text in bodies.chain(subject) {
        let end = text.floor_char_boundary(TEXT_BYTES_MAX);
        in_text(text.get(..end).unwrap_or_default(), count_max, &mut found);
        if found.len() >= count_max {
            break;
        }
    }
    found
}

fn in_text(text: &str, count_max: usize, found: &mut Vec<String>) {
    let plain = without_tags(text);
    let words: Vec<&str> = plain.split_whitespace().collect();
    for (at, word) in words.iter().enumerate() {
        if !is_cue(word) {
            continue;
        }
        // "password:secret" in one word.
        let glued =
            word.split_once([':', '=']).map(|(_, behind)| behind).filter(|one| !one.is_empty());
        let behind = words.iter().skip(at + 1).take(WORDS_BEHIND).copied();
        for candidate in glued.into_iter().chain(behind) {
            let lower = candidate.to_lowercase();
            if BETWEEN.contains(&lower.trim_end_matches([':', '='])) || is_cue(candidate) {
                continue;
            }
            for form in forms(candidate) {
                let fits = (2..=PASSWORD_CHARACTERS_MAX).contains(&form.chars().count());
                if fits && found.len() < count_max && !found.iter().any(|one| one == form) {
                    found.push(form.to_owned());
                }
            }
            break; // The first word that is none of the usual ones.
        }
    }
}

fn is_cue(word: &str) -> bool {
    let lower = word.to_lowercase();
    let bare = lower.split([':', '=']).next().unwrap_or_default();
    let bare = bare.trim_matches(|c: char| !c.is_alphanumeric());
    CUES.contains(&bare)
}

/// As it stands, and without the marks around it.
fn forms(word: &str) -> impl Iterator<Item = &str> {
    const QUOTES: &str = "\"'“”„‘’«»()[]<>:*`";
    const ENDS: &str = ".,;!?";
    let bare = word.trim_matches(|c| QUOTES.contains(c) || ENDS.contains(c));
    let quoted = word.trim_matches(|c| QUOTES.contains(c));
    let all = [bare, quoted, word.trim_end_matches(|c| ENDS.contains(c)), word];
    (0..all.len()).filter_map(move |at| {
        let one = all.get(at).copied()?;
        (!all.iter().take(at).any(|before| *before == one)).then_some(one)
    })
}

fn without_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for c in text.chars() {
        match c {
            '<' => {
                inside = true;
                out.push(' ');
            }
            '>' if inside => inside = false,
            _ if !inside => out.push(c),
            _ => {}
        }
    }
    // A lone '<' took the rest away: then the text is no markup.
    if inside { text.to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        in_text(text, 20, &mut found);
        found
    }

    #[test]
    fn the_word_behind_the_cue_is_a_candidate() {
        for (text, password) in [
            ("Fixture. The password is infected\n", "infected"),
            ("Passwort: Sommer2026!", "Sommer2026!"),
            ("Das Kennwort für die Datei lautet \"geheim\".", "geheim"),
            ("pw=1234", "1234"),
            ("<p>Password: <b>x9-Z</b></p>", "x9-Z"),
        ] {
            assert!(found(text).iter().any(|one| one == password), "{text}: {:?}", found(text));
        }
        assert!(found("Nothing is said here about anything.").is_empty());
        assert!(found(&"password a1b ".repeat(100)).len() <= 20);
    }
}
