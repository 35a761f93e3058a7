//! Measures of a message: ratios, lengths and counts, each the same for every language.
//!
//! Touches nothing. Trees read them beside the scores of the hashed groups.

use crate::html::Page;
use crate::url;
use crate::view::View;

/// How many measures there are.
pub(crate) const DENSE: usize = 44;

/// Measures of one message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dense(pub(crate) [f32; DENSE]);

impl Default for Dense {
    fn default() -> Self {
        Self([0.0; DENSE])
    }
}

struct Writer<'a> {
    places: std::slice::IterMut<'a, f32>,
}

impl Writer<'_> {
    fn put(&mut self, value: f32) {
        if let Some(place) = self.places.next() {
            *place = value;
        }
    }

    fn flag(&mut self, value: bool) {
        self.put(f32::from(u8::from(value)));
    }

    fn log(&mut self, value: usize) {
        self.put((value as f32 + 1.0).ln());
    }

    fn share(&mut self, part: usize, whole: usize) {
        self.put(part as f32 / (whole.max(1)) as f32);
    }
}

/// Measures a view; `text` is its lower-case text, `urls` the addresses in it.
pub(crate) fn of(view: &View, text: &str, urls: &[&str], invisible: usize, words: usize) -> Dense {
    let mut dense = Dense::default();
    let mut to = Writer { places: dense.0.iter_mut() };
    text_measures(&mut to, view, text, words);
    to.log(invisible);
    subject_measures(&mut to, view);
    sender_measures(&mut to, view);
    markup_measures(&mut to, view, text);
    link_measures(&mut to, view, urls);
    part_measures(&mut to, view);
    dense
}

fn text_measures(to: &mut Writer<'_>, view: &View, text: &str, words: usize) {
    let (mut upper, mut digits, mut marks, mut shouts, mut money) = (0, 0, 0, 0, 0);
    for byte in view.text.bytes() {
        upper += usize::from(byte.is_ascii_uppercase());
        digits += usize::from(byte.is_ascii_digit());
        marks += usize::from(byte.is_ascii_punctuation());
        shouts += usize::from(byte == b'!');
        money += usize::from(byte == b'$');
    }
    let (mut lines, mut blank, mut quoted, mut code, mut long) = (0, 0, 0, 0, 0);
    for line in text.lines() {
        lines += 1;
        let trimmed = line.trim();
        blank += usize::from(trimmed.is_empty());
        quoted += usize::from(trimmed.starts_with('>'));
        code += usize::from(trimmed.ends_with([';', '{', '}']) || trimmed.starts_with(['+', '#']));
        long += usize::from(line.len() > 90);
    }
    to.log(text.trim().len());
    to.log(words);
    to.share(text.len(), words);
    to.share(upper, text.len());
    to.share(digits, text.len());
    to.share(marks, text.len());
    to.share(shouts, words);
    to.share(money, words);
    to.log(lines);
    to.share(blank, lines);
    to.share(quoted, lines);
    to.share(code, lines);
    to.share(long, lines);
    to.flag(text.contains("unsubscribe") || text.contains("abmelden") || text.contains("opt-out"));
    to.log(view.alternative.len());
}

fn subject_measures(to: &mut Writer<'_>, view: &View) {
    let length = view.subject.chars().count();
    let upper = view.subject.chars().filter(|c| c.is_uppercase()).count();
    let digits = view.subject.bytes().filter(u8::is_ascii_digit).count();
    let symbols = view.subject.chars().filter(|c| *c as u32 >= 0x2190).count();
    to.log(length);
    to.share(upper, length);
    to.share(digits, length);
    to.put(symbols.min(5) as f32);
    to.flag(view.subject.contains('!'));
    to.flag(view.subject.contains('?'));
}

fn sender_measures(to: &mut Writer<'_>, view: &View) {
    let (local, domain) = view.from_address.rsplit_once('@').unwrap_or((&view.from_address, ""));
    let digits = local.bytes().filter(u8::is_ascii_digit).count();
    to.log(view.from_name.len());
    to.flag(view.from_name.contains('@'));
    to.flag(view.from_name.split_whitespace().count() == 2);
    to.log(local.len());
    to.share(digits, local.len());
    to.log(domain.len());
    to.put(domain.split('.').count() as f32);
    let reply = view.reply_address.rsplit_once('@').map_or("", |(_, domain)| domain);
    to.put(match (view.reply_address.is_empty(), url::site(reply) == url::site(domain)) {
        (true, _) => 0.0,
        (false, true) => 1.0,
        (false, false) => 2.0,
    });
}

fn markup_measures(to: &mut Writer<'_>, view: &View, text: &str) {
    let sum = |of: fn(&Page) -> usize| view.pages.iter().map(of).sum::<usize>();
    let bytes = sum(|page| page.bytes);
    to.log(bytes);
    to.share(text.len(), bytes);
    to.log(sum(|page| page.hidden.len()));
    to.log(sum(|page| page.tags));
    to.log(sum(|page| page.images));
    to.put(sum(|page| page.inputs).min(9) as f32);
    to.share(sum(|page| page.references), text.len());
    to.log(sum(|page| page.comments));
}

fn link_measures(to: &mut Writer<'_>, view: &View, urls: &[&str]) {
    let domain = view.from_address.rsplit_once('@').map_or("", |(_, domain)| domain);
    let own = url::site(domain);
    let (mut links, mut foreign, mut lying, mut numeric) = (0, 0, 0, 0);
    for page in &view.pages {
        for link in &page.links {
            let Some(target) = url::split(&link.target) else { continue };
            links += 1;
            foreign += usize::from(!url::site(target.host).eq_ignore_ascii_case(own));
            numeric += usize::from(url::is_address(target.host));
            let shown = page.visible.get(link.text.0..link.text.1).unwrap_or_default().trim();
            let shown = url::split(shown).map_or("", |shown| shown.host);
            lying += usize::from(
                !shown.is_empty() && !url::site(shown).eq_ignore_ascii_case(url::site(target.host)),
            );
        }
    }
    for target in urls.iter().filter_map(|url| url::split(url)) {
        links += 1;
        foreign += usize::from(!url::site(target.host).eq_ignore_ascii_case(own));
        numeric += usize::from(url::is_address(target.host));
    }
    to.log(links);
    to.share(foreign, links);
    to.put(lying.min(5) as f32);
    to.put(numeric.min(5) as f32);
}

fn part_measures(to: &mut Writer<'_>, view: &View) {
    to.log(view.parts.len());
    to.put(view.parts.iter().filter(|part| part.is_attachment).count().min(9) as f32);
}
