//! Who the sender pretends to be: protected people, protected domains, well-known brands.
//!
//! Touches nothing. What stands in From and Reply-To is held against what the tenant protects and
//! against the brand table; both strings go into the finding, side by side (row AUT-15). Spec 2.8.

pub(crate) mod brands;
pub mod lookalike;

use posthouse_mime::Mailbox;
use posthouse_types::Finding;

pub(crate) use brands::{BRANDS, Brand, called, owner, words};
pub use lookalike::Likeness;
pub(crate) use lookalike::{Candidate, Target};

use crate::kinds;
use crate::normal::{distance, fold};
use crate::url::lists::is_free_mail;
use crate::url::{find, is_invisible, registrable};

/// Longest name that is looked at, in bytes.
const NAME_BYTES_MAX: usize = 512;
/// Most answer addresses that are looked at.
const REPLIES_MAX: usize = 10;
/// Shortest name whose likeness, not only equality, counts, in characters.
const SIMILAR_CHARACTERS_MIN: usize = 8;

/// The author as the message shows him.
#[derive(Clone, Debug, Default)]
pub struct Sender {
    /// The name beside the address, decoded.
    pub display: String,
    /// The address of From.
    pub address: String,
    /// What Reply-To says.
    pub reply_to: Vec<Mailbox>,
    /// Sender and recipient have written to one another before; none where nobody knows.
    pub has_corresponded: Option<bool>,
}

impl Sender {
    /// The address's domain, in lower case, as A-labels.
    pub fn domain(&self) -> String {
        domain_of(&self.address)
    }
}

/// What a tenant protects, prepared once and used for every message.
#[derive(Clone, Debug, Default)]
pub struct Protected {
    users: Vec<User>,
    own: Vec<Target>,
    others: Vec<Target>,
}

#[derive(Clone, Debug)]
struct User {
    name: String,
    address: String,
    words: Vec<String>,
    joined: String,
}

impl Protected {
    /// `users` are names with addresses (EOP protects up to 350), `own` the tenant's accepted
    /// domains, `others` further domains that nobody may look like.
    pub fn new<'a>(
        users: impl IntoIterator<Item = (&'a str, &'a str)>,
        own: impl IntoIterator<Item = &'a str>,
        others: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let users = users.into_iter().map(|(name, address)| {
            let mut words = words(name);
            words.sort();
            User {
                name: name.to_owned(),
                address: address.to_lowercase(),
                joined: words.join(" "),
                words,
            }
        });
        Self {
            users: users.filter(|user| !user.words.is_empty()).collect(),
            own: own.into_iter().map(Target::new).collect(),
            others: others.into_iter().map(Target::new).collect(),
        }
    }

    /// The domain, or one above it, is the tenant's own.
    pub(crate) fn is_own(&self, domain: &str) -> bool {
        self.own.iter().any(|own| is_within(domain, &own.domain))
    }

    /// The protected domain that a name looks like, and how.
    pub(crate) fn resembles(&self, name: &str) -> Option<(&str, Likeness)> {
        let candidate = Candidate::new(name);
        let all = self.own.iter().chain(&self.others);
        // A protected domain itself may look like another protected one.
        if all.clone().any(|target| is_within(name, &target.domain)) {
            return None;
        }
        all.filter_map(|target| Some((target.domain.as_str(), candidate.likeness(target)?)))
            .max_by_key(|(_, likeness)| *likeness)
    }

    /// The protected domain that a domain is or belongs to.
    fn owner(&self, domain: &str) -> Option<&str> {
        let all = self.own.iter().chain(&self.others);
        all.map(|target| target.domain.as_str()).find(|target| is_within(domain, target))
    }
}

/// Holds the sender against everything that is protected.
pub fn impersonation(sender: &Sender, protected: &Protected) -> Vec<Finding> {
    let mut findings = Vec::new();
    let display = crate::html::head(&sender.display, NAME_BYTES_MAX);
    let domain = sender.domain();
    characters(display, &sender.address, &mut findings);
    let is_own = protected.is_own(&domain);
    if sender.has_corresponded != Some(true) && !is_own {
        users(display, sender, protected, &mut findings);
        if let Some((target, likeness)) = protected.resembles(&domain) {
            findings.push(
                Finding::of(&kinds::DOMAIN)
                    .with("domain", &domain)
                    .with("protected", target)
                    .with("how", how(likeness))
                    .weighing(likeness_weight(likeness)),
            );
        }
    }
    if !is_own {
        shown_address(display, &sender.address, &domain, protected, &mut findings);
        brands(display, &domain, &mut findings);
    }
    replies(sender, &domain, protected, &mut findings);
    if sender.has_corresponded == Some(false) {
        findings.push(Finding::of(&kinds::FIRST_CONTACT).with("sender", &sender.address));
    }
    findings
}

/// Characters that turn, vanish or come from another script.
fn characters(display: &str, address: &str, findings: &mut Vec<Finding>) {
    let turns = |c: char| matches!(c, '\u{202d}' | '\u{202e}');
    // Marks and brackets of direction are ordinary in Hebrew and Arabic names, and some programs
    // put them around every name that is copied from a directory.
    let directs = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202c}' | '\u{2066}'..='\u{2069}');
    let vanishes = |c: char| is_invisible(c) && !turns(c) && !directs(c);
    if display.contains(turns) {
        findings.push(Finding::of(&kinds::NAME_REVERSED).with("shown", display));
    } else if display.contains(vanishes) {
        findings.push(Finding::of(&kinds::NAME_INVISIBLE).with("shown", display));
    }
    if let Some(word) = display.split_whitespace().find(|word| is_mixed(word)) {
        let reads = fold(word);
        findings.push(Finding::of(&kinds::NAME_MIXED).with("shown", word).with("reads", &reads));
    }
    let domain = domain_of(address);
    let is_odd = domain.contains("xn--") && {
        let (unicode, _) = idna::domain_to_unicode(&domain);
        unicode.split('.').any(|label| is_mixed(label) || reads_as_latin(label))
    };
    if is_odd || address.contains(is_invisible) {
        findings.push(Finding::of(&kinds::UNUSUAL).with("sender", address));
    }
}

/// Latin letters, and letters of Greek or Cyrillic, in one word.
pub(crate) fn is_mixed(word: &str) -> bool {
    let is_other = |c: char| matches!(c, '\u{370}'..='\u{52f}') && c != 'µ';
    !word.is_ascii()
        && word.contains(|c: char| c.is_ascii_alphabetic())
        && word.contains(|c: char| is_other(c) && c.is_alphabetic())
}

/// A word without a Latin letter that looks like one of Latin letters only.
fn reads_as_latin(word: &str) -> bool {
    !word.is_ascii()
        && !word.contains(|c: char| c.is_ascii_alphabetic())
        && fold(word).chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

fn users(display: &str, sender: &Sender, protected: &Protected, findings: &mut Vec<Finding>) {
    if protected.users.is_empty() {
        return;
    }
    let address = sender.address.to_lowercase();
    if protected.users.iter().any(|user| user.address == address) {
        return;
    }
    let mut shown = words(display);
    shown.sort();
    let joined = shown.join(" ");
    let found = protected.users.iter().find_map(|user| {
        let is_same = shown == user.words;
        // "John Doe (CEO)": all the words, and a few more.
        let is_within = user.words.len() >= 2
            && shown.len() <= user.words.len() + 3
            && user.words.iter().all(|word| shown.contains(word));
        (is_same || is_within).then_some((user, &kinds::USER))
    });
    let found = found.or_else(|| {
        let near = protected.users.iter().find(|user| {
            user.joined.chars().count() >= SIMILAR_CHARACTERS_MIN
                && distance(&user.joined, &joined, 1) <= 1
        });
        near.map(|user| (user, &kinds::USER_SIMILAR))
    });
    if let Some((user, kind)) = found {
        findings.push(
            Finding::of(kind)
                .with("shown", display)
                .with("protected", &user.name)
                .with("address", &user.address)
                .with("sender", &sender.address),
        );
    }
}

/// An address or a domain within the name, another one than the sender's.
fn shown_address(
    display: &str,
    address: &str,
    domain: &str,
    protected: &Protected,
    findings: &mut Vec<Finding>,
) {
    let inside = display.split(|c: char| c.is_whitespace() || "<>()[]\"',;:".contains(c));
    let shown = inside.filter(|word| word.len() > 4 && word.contains('.')).find_map(|word| {
        let word = word.trim_matches('.');
        match word.rsplit_once('@') {
            Some((_, host)) => Some((word, domain_of_host(host), true)),
            None => {
                let found = find::shown_host(word)?;
                Some((word, found.host.as_name()?.to_owned(), false))
            }
        }
    });
    let Some((shown, host, is_address)) = shown else { return };
    if registrable(&host) == registrable(domain) {
        return;
    }
    let is_brand = !is_free_mail(&host)
        && owner(registrable(&host)).is_some_and(|brand| !brand.owns(registrable(domain)));
    let kind = match (protected.owner(&host).is_some() || is_brand, is_address) {
        (true, _) => &kinds::NAME_IS_OWN_ADDRESS,
        (false, true) => &kinds::NAME_IS_ADDRESS,
        (false, false) => &kinds::NAME_IS_DOMAIN,
    };
    findings.push(Finding::of(kind).with("shown", shown).with("sender", address));
}

/// Shortest label of a brand whose misspelling counts, in characters.
const EDITED_BRAND_CHARACTERS_MIN: usize = 6;

/// Words that stand beside a brand's name when the brand itself writes.
const OFFICE_WORDS: &[&str] = &[
    "account",
    "accounts",
    "admin",
    "alert",
    "alerts",
    "billing",
    "care",
    "center",
    "client",
    "com",
    "customer",
    "express",
    "help",
    "id",
    "inc",
    "info",
    "kundenservice",
    "mail",
    "message",
    "no",
    "noreply",
    "notice",
    "notification",
    "notifications",
    "online",
    "payment",
    "payments",
    "reply",
    "reward",
    "rewards",
    "secure",
    "security",
    "service",
    "services",
    "support",
    "team",
    "the",
    "update",
    "verification",
];

fn brands(display: &str, domain: &str, findings: &mut Vec<Finding>) {
    let shown = words(display);
    let named = BRANDS.iter().find(|brand| names(brand, &shown));
    if let Some(brand) = named
        && !owned_by_somebody_named(&shown, domain)
    {
        findings.push(
            Finding::of(&kinds::BRAND)
                .with("shown", display)
                .with("domain", domain)
                .with("brand", brand.name)
                .with("real", brand.domain()),
        );
    }
    if let Some((brand, likeness)) = resembles_brand(domain) {
        findings.push(
            Finding::of(&kinds::BRAND_DOMAIN)
                .with("domain", domain)
                .with("brand", brand.name)
                .with("real", brand.domain())
                .with("how", how(likeness))
                .weighing((likeness_weight(likeness) - 0.8).max(0.3)),
        );
    }
}

/// The name is a brand's, alone or with words as its offices use them.
fn names(brand: &Brand, shown: &[String]) -> bool {
    brand.names.iter().any(|name| {
        let at = shown.windows(name.len().max(1)).position(|window| window == name);
        let Some(at) = at else { return false };
        let mut others =
            shown.iter().enumerate().filter(|(index, _)| *index < at || *index >= at + name.len());
        if brand.is_common_word {
            others.all(|(_, word)| OFFICE_WORDS.binary_search(&word.as_str()).is_ok())
        } else {
            // Not a sentence that speaks of it.
            shown.len() <= name.len() + 4
        }
    })
}

/// One of the brands in the name owns the domain: "Amazon via PayPal" is PayPal's to write.
fn owned_by_somebody_named(shown: &[String], domain: &str) -> bool {
    let registered = registrable(domain);
    owner(registered).is_some()
        && BRANDS.iter().any(|brand| brand.owns(registered) && names(brand, shown))
}

/// The brand that a host's name looks like, without being one of its own.
pub(crate) fn resembles_brand(name: &str) -> Option<(&'static Brand, Likeness)> {
    if owner(registrable(name)).is_some() {
        return None;
    }
    let candidate = Candidate::new(name);
    let all = TARGETS.iter().filter(|(brand, _)| !brand.is_common_word);
    all.filter_map(|(brand, target)| Some((*brand, candidate.likeness(target)?)))
        .filter(|(brand, likeness)| match likeness {
            Likeness::Partial => false,
            // Honest short names are one letter apart by accident.
            Likeness::Edited => brand.label.len() >= EDITED_BRAND_CHARACTERS_MIN,
            _ => true,
        })
        .max_by_key(|(_, likeness)| *likeness)
}

/// The brands' domains, prepared.
static TARGETS: std::sync::LazyLock<Vec<(&'static Brand, Target)>> =
    std::sync::LazyLock::new(|| {
        BRANDS.iter().map(|brand| (brand, Target::new(brand.domain()))).collect()
    });

fn replies(sender: &Sender, domain: &str, protected: &Protected, findings: &mut Vec<Finding>) {
    let registered = registrable(domain);
    for reply in sender.reply_to.iter().take(REPLIES_MAX) {
        let host = domain_of(&reply.address);
        if host.is_empty() || registered.is_empty() || registrable(&host) == registered {
            continue;
        }
        let target = Target::new(registered);
        let likeness = Candidate::new(&host).likeness(&target);
        let looks = likeness.is_some_and(|it| it >= Likeness::Edited)
            || protected.resembles(&host).is_some_and(|(_, it)| it >= Likeness::Edited);
        let kind = if looks && !is_free_mail(&host) {
            &kinds::REPLY_LOOKALIKE
        } else if is_free_mail(&host) {
            &kinds::REPLY_FREE
        } else {
            &kinds::REPLY_OTHER
        };
        findings
            .push(Finding::of(kind).with("reply", &reply.address).with("sender", &sender.address));
        return;
    }
}

/// Says a likeness in words that both languages share.
pub(crate) fn how(likeness: Likeness) -> &'static str {
    match likeness {
        Likeness::Partial => "abc…",
        Likeness::OtherEnding => ".com → .net",
        Likeness::Embedded => "abc → abc-xyz",
        Likeness::Edited => "abc → acb",
        Likeness::Hyphenated => "abc → a-bc",
        Likeness::Homoglyph => "o → 0",
        Likeness::Subdomain => "abc.com.xyz",
    }
}

/// What each likeness weighs where the target is protected.
pub(crate) fn likeness_weight(likeness: Likeness) -> f32 {
    match likeness {
        Likeness::Partial => 0.5,
        Likeness::OtherEnding => 1.4,
        Likeness::Embedded => 1.6,
        Likeness::Edited => 2.4,
        Likeness::Hyphenated => 2.4,
        Likeness::Homoglyph => 3.2,
        Likeness::Subdomain => 3.0,
    }
}

fn is_within(domain: &str, parent: &str) -> bool {
    domain == parent || domain.strip_suffix(parent).is_some_and(|it| it.ends_with('.'))
}

/// The domain of an address, in lower case, as A-labels.
pub(crate) fn domain_of(address: &str) -> String {
    address.rsplit_once('@').map(|(_, host)| domain_of_host(host)).unwrap_or_default()
}

fn domain_of_host(host: &str) -> String {
    let host = host.trim().trim_end_matches(['.', '>']).to_lowercase();
    match host.is_ascii() && !host.contains("xn--") {
        true => host,
        false => idna::domain_to_ascii(&host).unwrap_or(host),
    }
}

#[cfg(test)]
mod tests;
