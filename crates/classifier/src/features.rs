//! A neutral view as features: hashed words, pairs of words, character n-grams, structure.
//!
//! Touches nothing. Each namespace is a group of its own, so that a long body cannot drown a
//! subject. Numbers become zeros: no date, year or serial number can be learned. Nothing says which
//! charset or language a text has; bounded in everything that a stranger controls.

use crate::dense::{self, Dense};
use crate::html::{hash_name, mix, without_invisible};
use crate::url::{self, Url};
use crate::view::{View, cut};

/// Namespaces of hashed features.
pub(crate) const GROUPS: usize = 9;
pub(crate) const WORDS: usize = 0;
pub(crate) const PAIRS: usize = 1;
pub(crate) const GRAMS: usize = 2;
pub(crate) const SUBJECT: usize = 3;
pub(crate) const SENDER: usize = 4;
pub(crate) const MARKUP: usize = 5;
pub(crate) const LINKS: usize = 6;
pub(crate) const SHAPE: usize = 7;
pub(crate) const MEASURES: usize = 8;

/// Words of the body that are looked at.
const WORDS_MAX: usize = 1500;
/// Characters of the body whose n-grams are looked at.
const GRAM_CHARACTERS_MAX: usize = 3000;
/// Features of one group.
const GROUP_MAX: usize = 6000;
/// Tags, attributes and declarations that are looked at.
const MARKUP_MAX: usize = 6000;
/// Addresses in one message that are looked at.
const URLS_MAX: usize = 80;
/// How finely a measure is cut: shares lie between 0 and 1, logarithms up to 12.
const STEPS_PER_UNIT: f32 = 4.0;
/// Longest word that is a word; longer ones are shapes. In bytes.
const WORD_BYTES_MAX: usize = 24;

/// The features of one message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Features {
    /// Distinct hashes of each group.
    pub(crate) groups: [Vec<u32>; GROUPS],
    /// Measures.
    pub(crate) dense: Dense,
    /// The text that [`Features::words`] point into.
    pub(crate) text: String,
    /// Hash and place of the body's distinct words, for explanations.
    pub(crate) words: Vec<(u32, u32, u32)>,
}

/// A set of hashes that were seen, of fixed size; full, it lets nothing more in.
struct Seen {
    slots: Vec<u32>,
}

impl Seen {
    const BITS: u32 = 14;

    fn new() -> Self {
        Self { slots: vec![0; 1 << Self::BITS] }
    }

    /// Whether this is the first time, in the group that `salt` names.
    fn is_new(&mut self, hash: u32) -> bool {
        let hash = hash | 1;
        let mask = (1 << Self::BITS) - 1;
        let mut at = (hash.wrapping_mul(0x9e37_79b1) >> (32 - Self::BITS)) as usize;
        for _ in 0..16 {
            match self.slots.get_mut(at) {
                Some(slot) if *slot == 0 => {
                    *slot = hash;
                    return true;
                }
                Some(slot) if *slot == hash => return false,
                _ => at = (at + 1) & mask,
            }
        }
        false
    }
}

struct Builder {
    features: Features,
    seen: Seen,
}

impl Builder {
    fn add(&mut self, group: usize, hash: u64) -> bool {
        let hash = (mix(hash, 0x51 + group as u64) >> 32) as u32;
        let Some(list) = self.features.groups.get_mut(group) else { return false };
        if list.len() < GROUP_MAX && self.seen.is_new(hash) {
            list.push(hash | 1);
            return true;
        }
        false
    }
}

/// Takes the features of a view.
pub(crate) fn of(view: &View) -> Features {
    let mut builder = Builder { features: Features::default(), seen: Seen::new() };
    let (shown, invisible) = without_invisible(&view.text);
    let text = shown.to_lowercase();
    let mut urls: Vec<&str> = Vec::new();
    let body = words(&text, WORDS_MAX, |word| urls.push(word));
    for (at, word) in body.iter().enumerate() {
        if builder.add(WORDS, word.hash) {
            let hash = last(&builder, WORDS);
            builder.features.words.push((hash, word.start as u32, word.end as u32));
        }
        for gap in 1..=2 {
            if let Some(other) = at.checked_sub(gap).and_then(|before| body.get(before)) {
                builder.add(PAIRS, mix(mix(other.hash, word.hash), gap as u64));
            }
        }
    }
    grams(&mut builder, &text);
    subject(&mut builder, &view.subject);
    sender(&mut builder, view);
    for page in &view.pages {
        for hash in page.structure.iter().take(MARKUP_MAX) {
            builder.add(MARKUP, *hash);
        }
    }
    links(&mut builder, view, &urls);
    parts(&mut builder, view);
    let dense = dense::of(view, &text, &urls, invisible, body.len());
    drop(body);
    for (at, value) in dense.0.iter().enumerate() {
        let step = (value.clamp(0.0, 40.0) * STEPS_PER_UNIT).round() as u64;
        builder.add(MEASURES, mix(at as u64, step));
    }
    builder.features.dense = dense;
    builder.features.text = text;
    builder.features
}

fn last(builder: &Builder, group: usize) -> u32 {
    builder.features.groups.get(group).and_then(|list| list.last()).copied().unwrap_or(0)
}

/// One word with its place.
struct Word {
    hash: u64,
    start: usize,
    end: usize,
}

/// Words of a lower-case text; addresses go to `on_url` and count as one word each.
fn words<'a>(text: &'a str, words_max: usize, mut on_url: impl FnMut(&'a str)) -> Vec<Word> {
    let mut out = Vec::with_capacity(256);
    let base = text.as_ptr() as usize;
    for chunk in text.split(|c: char| c.is_whitespace() || c == '<' || c == '>') {
        if chunk.is_empty() {
            continue;
        }
        if out.len() >= words_max {
            break;
        }
        let start = chunk.as_ptr() as usize - base;
        let whole = |hash| Word { hash, start, end: start + chunk.len() };
        if let Some(at) = url::scheme_end(chunk).or_else(|| chunk.starts_with("www.").then_some(0))
        {
            let from = chunk
                .get(..at)
                .and_then(|before| before.rfind(|c: char| !c.is_ascii_alphanumeric()));
            let url = chunk.get(from.map_or(0, |at| at + 1)..).unwrap_or(chunk);
            on_url(url.trim_end_matches(['.', ',', ')', ']', '"', '\'', ';']));
            out.push(whole(101));
            continue;
        }
        if chunk.len() > 4 && memchr::memchr(b'@', chunk.as_bytes()).is_some() {
            out.push(whole(102));
            continue;
        }
        chunk_words(chunk, start, &mut out);
    }
    out
}

fn chunk_words(chunk: &str, base: usize, out: &mut Vec<Word>) {
    let mut hash = 0_u64;
    let mut start = 0;
    let mut length = 0;
    for (at, character) in chunk.char_indices().chain([(chunk.len(), ' ')]) {
        let inside = character.is_alphanumeric()
            || matches!(character, '$' | '%' | '€' | '£' | '\'' | '’' | '!');
        if inside {
            if length == 0 {
                start = at;
                hash = 0xcbf2_9ce4_8422_2325;
            }
            let folded = if character.is_ascii_digit() { '0' } else { character };
            hash = (hash ^ u64::from(folded)).wrapping_mul(0x0100_0000_01b3);
            length += 1;
            continue;
        }
        if length > 0 {
            let word = chunk.get(start..at).unwrap_or_default();
            let hash = if word.len() > WORD_BYTES_MAX { mix(url::shape(word), 103) } else { hash };
            out.push(Word { hash, start: base + start, end: base + at });
            length = 0;
        }
    }
}

/// Character n-grams over lower-case text, digits as zeros, white space as one blank.
fn grams(builder: &mut Builder, text: &str) {
    let mut window = 0_u64;
    let mut blank = true;
    let mut count = 0_usize;
    for character in text.chars().take(GRAM_CHARACTERS_MAX * 2) {
        let folded = if character.is_whitespace() {
            if blank {
                continue;
            }
            blank = true;
            ' '
        } else {
            blank = false;
            if character.is_ascii_digit() { '0' } else { character }
        };
        window = (window << 12) | (u64::from(folded) & 0xfff);
        count += 1;
        if count > GRAM_CHARACTERS_MAX {
            return;
        }
        if count >= 4 {
            builder.add(GRAMS, mix(window & 0xffff_ffff_ffff, 4));
        }
        if count >= 5 {
            builder.add(GRAMS, mix(window & 0xfff_ffff_ffff_ffff, 5));
        }
    }
}

fn short_grams(builder: &mut Builder, group: usize, text: &str, salt: u64) {
    let mut window = 0_u64;
    for (at, character) in [' '].into_iter().chain(text.chars().take(120)).chain([' ']).enumerate()
    {
        let folded = if character.is_ascii_digit() { '0' } else { character };
        window = (window << 12) | (u64::from(folded) & 0xfff);
        if at >= 2 {
            builder.add(group, mix(window & 0xf_ffff_ffff, mix(salt, 3)));
        }
        if at >= 3 {
            builder.add(group, mix(window & 0xffff_ffff_ffff, mix(salt, 4)));
        }
    }
}

fn subject(builder: &mut Builder, subject: &str) {
    let (subject, _) = without_invisible(subject);
    let lower = subject.to_lowercase();
    let list = words(&lower, 60, |_| {});
    for (at, word) in list.iter().enumerate() {
        builder.add(SUBJECT, mix(word.hash, 1));
        for gap in 1..=2 {
            if let Some(other) = at.checked_sub(gap).and_then(|before| list.get(before)) {
                builder.add(SUBJECT, mix(mix(other.hash, word.hash), 1 + gap as u64));
            }
        }
    }
    short_grams(builder, SUBJECT, &lower, 9);
    builder.add(SUBJECT, mix(url::shape(&subject), 10));
}

fn sender(builder: &mut Builder, view: &View) {
    let name = view.from_name.to_lowercase();
    for word in words(&name, 12, |_| {}) {
        builder.add(SENDER, mix(word.hash, 1));
    }
    short_grams(builder, SENDER, &name, 2);
    builder.add(SENDER, mix(url::shape(&view.from_name), 3));
    address(builder, &view.from_address, 4);
    if !view.reply_address.is_empty() {
        address(builder, &view.reply_address, 20);
    }
}

fn address(builder: &mut Builder, address: &str, salt: u64) {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    builder.add(SENDER, mix(url::shape(local), salt));
    for word in local.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).take(6)
    {
        builder.add(SENDER, mix(digits_folded(word), salt + 1));
    }
    host(builder, SENDER, domain, salt + 2);
}

fn digits_folded(word: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in word.bytes().take(40) {
        let folded = if byte.is_ascii_digit() { b'0' } else { byte.to_ascii_lowercase() };
        hash = (hash ^ u64::from(folded)).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}

fn host(builder: &mut Builder, group: usize, host: &str, salt: u64) {
    if host.is_empty() {
        return;
    }
    if url::is_address(host) {
        builder.add(group, mix(1, salt));
        return;
    }
    let labels = host.split('.').count();
    builder.add(group, mix(labels.min(6) as u64, mix(salt, 2)));
    builder.add(group, mix(hash_name(url::site(host)), mix(salt, 3)));
    let top = host.rsplit('.').next().unwrap_or_default();
    builder.add(group, mix(hash_name(top), mix(salt, 4)));
    for token in host.split(['.', '-']).take(8) {
        builder.add(group, mix(digits_folded(token), mix(salt, 5)));
        builder.add(group, mix(url::shape(token), mix(salt, 6)));
    }
    short_grams(builder, group, cut(host, 60), mix(salt, 7));
}

fn links(builder: &mut Builder, view: &View, urls: &[&str]) {
    let targets = view.pages.iter().flat_map(|page| &page.links).map(|link| link.target.as_str());
    for target in targets.take(URLS_MAX) {
        match url::split(target) {
            Some(url) => one_url(builder, &url, 1),
            None => {
                let scheme = target.split(':').next().unwrap_or_default();
                builder.add(LINKS, mix(hash_name(cut(scheme, 12)), 30));
            }
        }
    }
    for url in urls.iter().take(URLS_MAX).filter_map(|url| url::split(url)) {
        one_url(builder, &url, 1);
    }
    let resources = view.pages.iter().flat_map(|page| &page.resources);
    for url in resources.take(URLS_MAX).filter_map(|source| url::split(source)) {
        one_url(builder, &url, 2);
    }
}

fn one_url(builder: &mut Builder, url: &Url<'_>, salt: u64) {
    let name = cut(url.host, 120);
    // The same host again says nothing new.
    if builder.add(LINKS, mix(hash_name(name), mix(salt, 10))) {
        host(builder, LINKS, &name.to_ascii_lowercase(), salt);
    }
    let tail = mix(hash_name(cut(url.path, 200)), hash_name(cut(url.query, 200)));
    if !builder.seen.is_new((mix(tail, mix(salt, 19)) >> 32) as u32) {
        return;
    }
    builder.add(LINKS, mix(hash_name(url.scheme), mix(salt, 11)));
    builder
        .add(LINKS, mix(u64::from(url.has_userinfo) * 2 + u64::from(url.has_port), mix(salt, 12)));
    let path = cut(url.path, 200);
    builder.add(LINKS, mix(path.split('/').count().min(9) as u64, mix(salt, 13)));
    builder.add(LINKS, mix((url.path.len().min(255) as u64).ilog2_or_zero(), mix(salt, 14)));
    builder.add(LINKS, mix((url.query.len().min(255) as u64).ilog2_or_zero(), mix(salt, 15)));
    for token in path.split(['/', '.', '-', '_']).filter(|token| !token.is_empty()).take(10) {
        let hash = if token.len() > 20 { url::shape(token) } else { digits_folded(token) };
        builder.add(LINKS, mix(hash, mix(salt, 16)));
        builder.add(LINKS, mix(url::shape(token), mix(salt, 17)));
    }
    for pair in cut(url.query, 200).split('&').take(8) {
        let key = pair.split('=').next().unwrap_or_default();
        builder.add(LINKS, mix(digits_folded(cut(key, 20)), mix(salt, 18)));
    }
}

fn parts(builder: &mut Builder, view: &View) {
    let mut previous = 0;
    for part in view.parts.iter().take(16) {
        let kind = hash_name(&part.media_type);
        builder.add(SHAPE, mix(kind, 1));
        builder.add(SHAPE, mix(mix(kind, previous), 2));
        let flags = u64::from(part.is_attachment) * 4
            + u64::from(part.has_content_id) * 2
            + u64::from(part.is_flowed);
        builder.add(SHAPE, mix(mix(kind, flags), 3));
        builder.add(SHAPE, mix(mix(kind, hash_name(&part.encoding)), 4));
        if !part.extension.is_empty() {
            builder.add(SHAPE, mix(hash_name(&part.extension), 5));
        }
        builder.add(SHAPE, mix(mix(kind, (part.bytes as u64 + 1).ilog2_or_zero()), 6));
        previous = kind;
    }
    builder.add(SHAPE, mix(view.parts.len().min(12) as u64, 7));
}

trait Log2 {
    fn ilog2_or_zero(self) -> Self;
}

impl Log2 for u64 {
    fn ilog2_or_zero(self) -> Self {
        self.checked_ilog2().map_or(0, Self::from)
    }
}
