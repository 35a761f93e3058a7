//! Text made comparable: what looks the same becomes the same.
//!
//! Touches nothing. Two ways: [`fold`] for names (who looks like whom), [`plain`] for running
//! text (which phrases stand in it). Linear.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::url::is_invisible;

/// A name as a hurried reader sees it: lower case, without accents, look-alike characters as the
/// Latin letter that they look like (UTS 39 skeletons), `0` as `o`, `rn` as `m`.
pub(crate) fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    if text.is_ascii() {
        text.bytes().for_each(|byte| fold_ascii(char::from(byte), &mut out));
    } else {
        for character in text.nfkc().filter(|c| !is_invisible(*c)) {
            if character.is_ascii() {
                fold_ascii(character, &mut out);
                continue;
            }
            let lower: String = character.to_lowercase().collect();
            for look in unicode_security::skeleton(&lower).filter(|c| !is_combining_mark(*c)) {
                match look {
                    look if look.is_ascii() => fold_ascii(look, &mut out),
                    look => out.extend(look.to_lowercase()),
                }
            }
        }
    }
    // Pairs that look like one letter. The skeleton of `m` is `rn`; the other way round is shorter.
    if out.contains("rn") || out.contains("vv") {
        out = out.replace("rn", "m").replace("vv", "w");
    }
    out
}

fn fold_ascii(character: char, out: &mut String) {
    out.push(match character {
        '0' => 'o',
        '1' | '|' => 'l',
        '3' => 'e',
        '5' | '$' => 's',
        other => other.to_ascii_lowercase(),
    });
}

/// Running text for the phrase tables: lower case, without accents, look-alikes of other scripts
/// as Latin letters, without invisible characters, blanks made one. Digits stay.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = true;
    let mut rest = text;
    let mut run = Vec::new();
    while !rest.is_empty() {
        // Nearly all text is ASCII: taken in runs.
        let end = rest.bytes().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
        let (ascii, after) = rest.split_at(end);
        run.clear();
        run.extend(ascii.bytes().filter_map(|byte| {
            let plain = PLAIN.get(usize::from(byte)).copied().filter(|it| *it != NOTHING)?;
            let was_blank = std::mem::replace(&mut blank, plain == b' ');
            (!was_blank || !blank).then_some(plain)
        }));
        out.push_str(std::str::from_utf8(&run).unwrap_or_default());
        let run = after.bytes().position(|byte| byte.is_ascii()).unwrap_or(after.len());
        let (other, after) = after.split_at(run);
        for character in other.nfkd() {
            if is_combining_mark(character) || is_invisible(character) {
                continue;
            }
            push_plain(latin(character), &mut out, &mut blank);
        }
        rest = after;
    }
    out
}

/// What is left out, in [`PLAIN`].
const NOTHING: u8 = 0;

/// What each ASCII character becomes in running text.
#[expect(clippy::indexing_slicing, reason = "the compiler counts to 127 here")]
const PLAIN: [u8; 128] = {
    let mut table = [b' '; 128];
    let mut octet = 0_usize;
    while octet < 128 {
        match octet as u8 {
            kept @ (b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'@' | b'$' | b'%' | b'/') => {
                table[octet] = kept.to_ascii_lowercase();
            }
            // "don't" is one word in every spelling.
            b'\'' | b'`' => table[octet] = NOTHING,
            _ => {}
        }
        octet += 1;
    }
    table
};

fn push_plain(character: char, out: &mut String, blank: &mut bool) {
    if character.is_ascii_alphanumeric() {
        out.push(character.to_ascii_lowercase());
        *blank = false;
    } else if character.is_alphanumeric() {
        match character {
            'ß' => out.push_str("ss"),
            other => out.extend(other.to_lowercase()),
        }
        *blank = false;
    } else if matches!(character, '@' | '$' | '%' | '/') {
        out.push(character);
        *blank = false;
    } else if matches!(character, '\'' | '’' | '`' | '´') {
        // "don't" is one word in every spelling.
    } else if !*blank {
        out.push(' ');
        *blank = true;
    }
}

/// Letters of Cyrillic and Greek that are drawn as Latin ones (UTS 39, the usual ones).
fn latin(character: char) -> char {
    match character {
        'а' | 'А' | 'α' | 'Α' => 'a',
        'В' | 'Β' => 'b',
        'с' | 'С' => 'c',
        'ԁ' => 'd',
        'е' | 'Е' | 'Ε' => 'e',
        'һ' | 'Н' | 'Η' => 'h',
        'і' | 'І' | 'ι' | 'Ι' | 'ı' => 'i',
        'ј' | 'Ј' => 'j',
        'К' | 'κ' | 'Κ' | 'к' => 'k',
        'ӏ' | 'Ӏ' => 'l',
        'М' | 'Μ' => 'm',
        'Ν' => 'n',
        'о' | 'О' | 'ο' | 'Ο' => 'o',
        'р' | 'Р' | 'ρ' | 'Ρ' => 'p',
        'ԛ' => 'q',
        'ѕ' | 'Ѕ' => 's',
        'Т' | 'Τ' | 'τ' => 't',
        'υ' => 'u',
        'ν' => 'v',
        'ԝ' => 'w',
        'х' | 'Х' | 'Χ' => 'x',
        'у' | 'У' | 'Υ' => 'y',
        'Ζ' => 'z',
        other => other,
    }
}

/// Distance of two short texts in insertions, deletions, replacements and swaps of neighbours
/// (optimal string alignment); at most `most + 1`.
pub(crate) fn distance(a: &str, b: &str, most: usize) -> usize {
    let a: Vec<char> = a.chars().take(DISTANCE_CHARACTERS_MAX).collect();
    let b: Vec<char> = b.chars().take(DISTANCE_CHARACTERS_MAX).collect();
    if a.len().abs_diff(b.len()) > most {
        return most + 1;
    }
    let width = b.len() + 1;
    let mut older = vec![0_usize; width];
    let mut old: Vec<usize> = (0..width).collect();
    for (row, first) in a.iter().enumerate() {
        let mut new = Vec::with_capacity(width);
        new.push(row + 1);
        for (column, second) in b.iter().enumerate() {
            let at =
                |line: &[usize], index: usize| line.get(index).copied().unwrap_or(usize::MAX / 2);
            let mut best = at(&old, column) + usize::from(first != second);
            best = best.min(at(&old, column + 1) + 1).min(at(&new, column) + 1);
            let swapped = row > 0
                && column > 0
                && a.get(row - 1) == Some(second)
                && b.get(column - 1) == Some(first);
            if swapped {
                best = best.min(at(&older, column - 1) + 1);
            }
            new.push(best);
        }
        if new.iter().all(|value| *value > most) {
            return most + 1;
        }
        older = old;
        old = new;
    }
    old.last().copied().unwrap_or(0).min(most + 1)
}

/// Longest text whose distance is taken: a label of a domain.
const DISTANCE_CHARACTERS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_the_same_folds_to_the_same() {
        for (a, b) in [
            ("paypal", "раураl"),
            ("paypal", "PAYPA1"),
            ("microsoft", "rnicros0ft"),
            ("contoso", "ćóntoso"),
            ("google", "ɡ00gle"),
            ("amazon", "ａｍａｚｏｎ"),
            ("apple", "аррӏе"),
            ("John Doe", "J\u{200b}ohn D\u{43e}e"),
            ("walmart", "vvalmart"),
            ("bank", "𝐛𝐚𝐧𝐤"),
        ] {
            assert_eq!(fold(a), fold(b), "{a} {b}");
        }
    }

    #[test]
    fn txt_01_running_text_is_plain() {
        for (text, expected) in [
            ("Über\u{200b}weisung: SOFORT!", "uberweisung sofort "),
            ("Your  p\u{430}ssw\u{43e}rd\n has", "your password has"),
            ("don\u{2019}t \u{fb01}ne", "dont fine"),
            ("𝐏𝐚𝐲 ｎｏｗ", "pay now"),
            ("straße $500", "strasse $500"),
        ] {
            assert_eq!(plain(text), expected);
        }
    }

    #[test]
    fn distances_count_swaps_once() {
        assert_eq!(distance("paypal", "payapl", 2), 1);
        assert_eq!(distance("paypal", "paypall", 2), 1);
        assert_eq!(distance("paypal", "paypl", 2), 1);
        assert_eq!(distance("paypal", "pxypxl", 2), 2);
        assert_eq!(distance("paypal", "google", 2), 3);
        assert_eq!(distance("", "", 2), 0);
        assert_eq!(distance("a", "", 2), 1);
    }
}
