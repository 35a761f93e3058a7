//! When a domain is made to look like another one.
//!
//! Touches nothing. Spec 2.8 names three ways (other ending, homoglyph, partial); attackers know
//! more.

use crate::normal::{distance, fold};
use crate::url::registrable;

/// Shorter labels are too near to one another for likeness to mean anything.
const LABEL_CHARACTERS_MIN: usize = 5;
/// Shorter ones are not looked at at all.
const SHORT_LABEL_CHARACTERS_MIN: usize = 4;
/// From this length on two edits still look the same.
const TWO_EDITS_CHARACTERS_MIN: usize = 9;

/// How a domain looks like another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// Begins alike: `contoabcdef.com`.
    Partial,
    /// The same name below another ending: `contoso.net`.
    OtherEnding,
    /// The name stands within a longer one: `contoso-billing.com`.
    Embedded,
    /// One or two letters differ: `contsoo.com`.
    Edited,
    /// With a hyphen put in or left out: `con-toso.com`.
    Hyphenated,
    /// Characters that look alike: `c0ntoso.com`, `ćóntoso.com`.
    Homoglyph,
    /// The whole domain stands before another one: `contoso.com.evil.example`.
    Subdomain,
}

/// A domain that others may not look like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// In lower case, as A-labels.
    pub(crate) domain: String,
    /// The domain that was registered, and its first label.
    registrable: String,
    label: Label,
}

impl Target {
    pub(crate) fn new(domain: &str) -> Self {
        let domain = domain.trim_matches('.').to_lowercase();
        let domain = idna::domain_to_ascii(&domain).unwrap_or(domain);
        let registrable = registrable(&domain).to_owned();
        Self { label: Label::of(&registrable), registrable, domain }
    }
}

/// The label that was registered, with all that is asked about it: of each host that a message
/// names, for each target.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Label {
    /// As characters.
    shown: String,
    folded: String,
    /// Folded, in characters.
    length: usize,
    /// Folded, without hyphens; none where there are none.
    joined: Option<String>,
    /// Which letters stand in it, as shown and folded.
    shown_letters: u64,
    folded_letters: u64,
}

impl Label {
    fn of(registrable: &str) -> Self {
        let label = registrable.split('.').next().unwrap_or_default();
        let shown = match label.starts_with("xn--") {
            true => idna::domain_to_unicode(label).0,
            false => label.to_owned(),
        };
        let folded = fold(&shown);
        Self {
            length: folded.chars().count(),
            joined: folded.contains('-').then(|| folded.replace('-', "")),
            shown_letters: letters(&shown),
            folded_letters: letters(&folded),
            shown,
            folded,
        }
    }

    fn joined(&self) -> &str {
        self.joined.as_deref().unwrap_or(&self.folded)
    }
}

/// The letters of a text, each a bit; some share one.
fn letters(text: &str) -> u64 {
    text.bytes().fold(0, |all, byte| all | 1 << (byte.wrapping_sub(b'-') & 63))
}

/// A name that is looked at, prepared once for all targets.
pub(crate) struct Candidate<'a> {
    name: &'a str,
    registrable: &'a str,
    label: Label,
    /// Which letters stand in the name.
    letters: u64,
}

impl<'a> Candidate<'a> {
    /// The name in lower case, as A-labels.
    pub(crate) fn new(name: &'a str) -> Self {
        let registrable = registrable(name);
        Self { name, registrable, label: Label::of(registrable), letters: letters(name) }
    }

    /// How the name looks like a target; none where it is the target's own, or nothing like it.
    pub(crate) fn likeness(&self, target: &Target) -> Option<Likeness> {
        let same = |name: &str| {
            name == target.domain
                || name.strip_suffix(&target.domain).is_some_and(|it| it.ends_with('.'))
        };
        if target.domain.is_empty() || same(self.name) || target.domain == self.registrable {
            return None;
        }
        // The target's own parent or sister below the same registered domain.
        if target.registrable == self.registrable {
            return None;
        }
        // Most names have nothing before the registered domain, or nothing like the target.
        let before = self.name.len() > self.registrable.len();
        if before
            && target.label.shown_letters & !self.letters == 0
            && self.name.contains(target.label.shown.as_str())
            && is_before(self.name, self.registrable, &target.domain)
        {
            return Some(Likeness::Subdomain);
        }
        if target.label.length < SHORT_LABEL_CHARACTERS_MIN {
            return None;
        }
        if self.label.shown == target.label.shown {
            return Some(Likeness::OtherEnding);
        }
        if self.label.folded == target.label.folded {
            return Some(Likeness::Homoglyph);
        }
        self.label.by_letters(&target.label)
    }
}

impl Label {
    fn by_letters(&self, target: &Self) -> Option<Likeness> {
        let (own, other) = (self.folded.as_str(), target.folded.as_str());
        let length = target.length;
        if length < LABEL_CHARACTERS_MIN {
            // Short names only as a word of their own: `abc-login.com`.
            return own.split('-').any(|word| word == other).then_some(Likeness::Embedded);
        }
        let is_hyphenated = self.joined.is_some() || target.joined.is_some();
        if is_hyphenated && self.joined() == target.joined() {
            return Some(Likeness::Hyphenated);
        }
        let most = if length >= TWO_EDITS_CHARACTERS_MIN { 2 } else { 1 };
        // More than two letters for each edit are too many, and far cheaper to see than the
        // distance.
        let differ = (self.folded_letters ^ target.folded_letters).count_ones();
        if differ <= 2 * most as u32 && distance(own, other, most) <= most {
            return Some(Likeness::Edited);
        }
        if own.split('-').any(|word| word == other)
            || own.starts_with(other)
            || (length > LABEL_CHARACTERS_MIN && own.ends_with(other))
        {
            return Some(Likeness::Embedded);
        }
        let common = own.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
        (common >= LABEL_CHARACTERS_MIN && common * 3 >= length * 2).then_some(Likeness::Partial)
    }
}

/// The whole target stands before the registered domain, as labels or within them.
fn is_before(name: &str, registrable: &str, target: &str) -> bool {
    let Some(before) = name.strip_suffix(registrable) else { return false };
    let before = before.trim_end_matches('.');
    let as_word = target.replace('.', "-");
    before.split('.').any(|label| label == as_word)
        || before == target
        || before.strip_suffix(target).is_some_and(|it| it.ends_with(['.', '-']))
        || before.strip_prefix(target).is_some_and(|it| it.starts_with(['.', '-']))
        || before.contains(&format!(".{target}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn likeness(name: &str, target: &str) -> Option<Likeness> {
        let name = idna::domain_to_ascii(name).unwrap();
        Candidate::new(&name).likeness(&Target::new(target))
    }

    #[test]
    fn aut_15_domains_that_look_like_a_protected_one() {
        use Likeness::*;
        let cases = [
            ("contoso.net", OtherEnding),
            ("contoso.com.co", OtherEnding),
            ("mail.contoso.xyz", OtherEnding),
            ("ćóntoso.com", Homoglyph),
            ("c0nt0so.com", Homoglyph),
            ("cоntоsо.com", Homoglyph),
            ("contsoo.com", Edited),
            ("contoos.com", Edited),
            ("contos.com", Edited),
            ("contosoo.com", Edited),
            ("cantoso.com", Edited),
            ("con-toso.com", Hyphenated),
            ("contoso-billing.com", Embedded),
            ("contosobilling.com", Embedded),
            ("my-contoso.com", Embedded),
            ("mycontoso.com", Embedded),
            ("contosososo.com", Embedded),
            ("contoabcdef.com", Partial),
            ("contoso.com.evil.example", Subdomain),
            ("contoso-com.evil.example", Subdomain),
            ("login.contoso.com.evil.example", Subdomain),
        ];
        for (name, expected) in cases {
            assert_eq!(likeness(name, "contoso.com"), Some(expected), "{name}");
        }
        assert_eq!(likeness("rnicrosoft.com", "microsoft.com"), Some(Homoglyph));
        assert_eq!(likeness("micorsoft-support.com", "microsoft.com"), None);
        assert_eq!(likeness("xn--pypal-4ve.com", "paypal.com"), Some(Homoglyph));
    }

    #[test]
    fn own_domains_and_strangers_look_like_nobody() {
        for name in [
            "contoso.com",
            "mail.contoso.com",
            "example.com",
            "consort.example",
            "toso.com",
            "confused.com",
        ] {
            assert_eq!(likeness(name, "contoso.com"), None, "{name}");
        }
        assert_eq!(likeness("other.contoso.com", "mail.contoso.com"), None);
        assert_eq!(likeness("abx.com", "abc.com"), None);
        assert_eq!(likeness("abcd-login.com", "abcd.com"), Some(Likeness::Embedded));
    }
}
