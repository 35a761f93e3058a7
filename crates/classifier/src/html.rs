//! One pass over HTML: what a reader sees, what is hidden from him, tags, links.
//!
//! Touches nothing. Linear in its input and bounded by [`HTML_BYTES_MAX`]: what lies behind is not
//! looked at here. Broken markup is read as far as it goes, as mail programs do.

use std::borrow::Cow;

use memchr::memchr;

/// Bytes of one HTML part that are looked at: a mail says what it wants before that.
pub(crate) const HTML_BYTES_MAX: usize = 96 * 1024;
/// Open elements that are remembered; deeper ones inherit their parent's visibility.
const OPEN_MAX: usize = 64;
/// Links that are kept.
pub(crate) const LINKS_MAX: usize = 200;
/// Bytes in which the `>` that ends a tag is looked for with quotes honoured: what keeps broken
/// quotes from being read again and again.
const TAG_BYTES_MAX: usize = 4096;
/// Attributes of one tag that are read.
const ATTRIBUTES_MAX: usize = 24;

/// A link with the text that it shows.
#[derive(Debug, Default)]
pub(crate) struct Link {
    /// Where it goes.
    pub(crate) target: String,
    /// Where its text starts and ends in [`Page::visible`].
    pub(crate) text: (usize, usize),
}

/// What one pass finds.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// The text that a reader sees, blocks separated by line ends.
    pub(crate) visible: String,
    /// The text that is there and not seen.
    pub(crate) hidden: String,
    /// `a href` and `area href`, in order.
    pub(crate) links: Vec<Link>,
    /// Sources of images and backgrounds, targets of forms.
    pub(crate) resources: Vec<String>,
    /// Hashes of tags with their parents, attributes and style properties.
    pub(crate) structure: Vec<u64>,
    /// Tags.
    pub(crate) tags: usize,
    /// `img`.
    pub(crate) images: usize,
    /// `form` and `input`.
    pub(crate) inputs: usize,
    /// Character references.
    pub(crate) references: usize,
    /// Comments.
    pub(crate) comments: usize,
    /// Bytes that were looked at.
    pub(crate) bytes: usize,
}

struct Open {
    name: u64,
    hidden: bool,
}

struct Walk<'a> {
    rest: &'a str,
    page: Page,
    open: Vec<Open>,
    link: Option<usize>,
    previous: u64,
}

/// Reads one HTML text.
pub(crate) fn read(html: &str) -> Page {
    let mut end = html.len().min(HTML_BYTES_MAX);
    while !html.is_char_boundary(end) {
        end -= 1;
    }
    let rest = html.get(..end).unwrap_or_default();
    let page = Page { bytes: end, visible: String::with_capacity(end / 3), ..Page::default() };
    let mut walk = Walk { rest, page, open: Vec::new(), link: None, previous: 0 };
    while !walk.rest.is_empty() {
        walk.step();
    }
    walk.end_link();
    walk.page
}

impl Walk<'_> {
    fn step(&mut self) {
        let at = memchr(b'<', self.rest.as_bytes()).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(at);
        self.rest = rest;
        if !text.is_empty() {
            self.text(text);
        }
        let Some(inside) = self.rest.strip_prefix('<') else { return };
        if let Some(comment) = inside.strip_prefix("!--") {
            self.page.comments += 1;
            self.rest = comment.split_once("-->").map_or("", |(_, after)| after);
        } else if inside
            .starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'))
        {
            let (tag, after) = split_tag(inside);
            self.rest = after;
            self.tag(tag);
        } else {
            self.text("<");
            self.rest = inside;
        }
    }

    fn is_hidden(&self) -> bool {
        self.open.last().is_some_and(|open| open.hidden)
    }

    fn text(&mut self, text: &str) {
        let hidden = self.is_hidden();
        let into = if hidden { &mut self.page.hidden } else { &mut self.page.visible };
        self.page.references += decode_into(text, into);
    }

    fn tag(&mut self, tag: &str) {
        if let Some(closing) = tag.strip_prefix('/') {
            return self.close(name_of(closing));
        }
        let name = name_of(tag);
        if name.is_empty() {
            return;
        }
        self.page.tags += 1;
        let name_hash = hash_name(name);
        let parent = self.open.last().map_or(0, |open| open.name);
        self.structure(mix(name_hash, 1));
        self.structure(mix(mix(name_hash, parent), 2));
        self.structure(mix(mix(name_hash, self.previous), 3));
        self.previous = name_hash;
        let kind = Kind::of(name);
        let hides = self.attributes(kind, name_hash, tag.get(name.len()..).unwrap_or_default());
        if kind.is_block {
            self.page.visible.push('\n');
        }
        if kind.is_raw {
            return self.skip_raw(name);
        }
        if kind.is_void || tag.ends_with('/') || self.open.len() >= OPEN_MAX {
            return;
        }
        let hidden = hides || self.is_hidden() || kind.is_hidden;
        self.open.push(Open { name: name_hash, hidden });
    }

    fn structure(&mut self, hash: u64) {
        self.page.structure.push(hash);
    }

    /// The raw text of a script or style: not shown to anybody.
    fn skip_raw(&mut self, name: &str) {
        let mut from = 0;
        while let Some(at) = self.rest.get(from..).and_then(|rest| rest.find("</")) {
            let after = from + at + 2;
            let close = self.rest.get(after..).unwrap_or_default();
            if name_of(close).eq_ignore_ascii_case(name) {
                self.rest = close;
                self.rest = self.rest.split_once('>').map_or("", |(_, rest)| rest);
                return;
            }
            from = after;
        }
        self.rest = "";
    }

    fn close(&mut self, name: &str) {
        let (hash, kind) = (hash_name(name), Kind::of(name));
        if kind.is_link {
            self.end_link();
        }
        if let Some(at) = self.open.iter().rposition(|open| open.name == hash) {
            self.open.truncate(at);
        }
        if kind.is_block {
            self.page.visible.push('\n');
        }
    }

    fn end_link(&mut self) {
        let end = self.page.visible.len();
        if let Some(link) = self.link.take().and_then(|at| self.page.links.get_mut(at)) {
            link.text.1 = end;
        }
    }

    /// Reads attributes; says whether they hide what is inside.
    fn attributes(&mut self, kind: Kind, tag_hash: u64, mut rest: &str) -> bool {
        let mut hides = false;
        self.page.images += usize::from(kind.is_image);
        self.page.inputs += usize::from(kind.is_input);
        for _ in 0..ATTRIBUTES_MAX {
            let Some((name, value, after)) = attribute(rest) else { break };
            rest = after;
            let name_hash = hash_name(name);
            self.structure(mix(mix(tag_hash, name_hash), 4));
            if name.eq_ignore_ascii_case("href") && kind.is_link {
                self.end_link();
                if self.page.links.len() < LINKS_MAX {
                    let mut target = String::with_capacity(value.len());
                    decode_into(value, &mut target);
                    let start = self.page.visible.len();
                    self.link = Some(self.page.links.len());
                    self.page.links.push(Link { target, text: (start, start) });
                }
            } else if ["src", "background", "action"].iter().any(|n| name.eq_ignore_ascii_case(n)) {
                if self.page.resources.len() < LINKS_MAX {
                    self.page.resources.push(value.to_owned());
                }
            } else if name.eq_ignore_ascii_case("style") {
                hides |= self.style(value);
            } else if name.eq_ignore_ascii_case("hidden") {
                hides = true;
            } else if value.len() <= 24 && !is_free_text(name) {
                self.structure(mix(mix(name_hash, hash_name(value)), 5));
            }
        }
        hides
    }

    /// Reads inline declarations; says whether they hide what they apply to.
    fn style(&mut self, style: &str) -> bool {
        let mut hides = false;
        let mut rest = Some(style);
        for _ in 0..ATTRIBUTES_MAX {
            let Some(declarations) = rest else { break };
            let declaration = match halves(declarations, b';') {
                Some((declaration, after)) => {
                    rest = Some(after);
                    declaration
                }
                None => rest.take().unwrap_or_default(),
            };
            let Some((property, value)) = halves(declaration, b':') else { continue };
            let (property, value) = (property.trim(), value.trim());
            let property_hash = hash_name(property);
            self.structure(mix(property_hash, 6));
            if value.len() <= 24 {
                self.structure(mix(mix(property_hash, hash_name(value)), 7));
            }
            hides |= declaration_hides(property, value);
        }
        hides
    }
}

fn declaration_hides(property: &str, value: &str) -> bool {
    let is = |name: &str| property.eq_ignore_ascii_case(name);
    let says = |word: &str| value.get(..word.len()).is_some_and(|v| v.eq_ignore_ascii_case(word));
    match value.as_bytes().first() {
        Some(b'0') => {
            let digits = value.bytes().take_while(|byte| matches!(byte, b'0'..=b'9' | b'.'));
            let is_nothing = digits.clone().all(|byte| matches!(byte, b'0' | b'.'));
            is_nothing && ["font-size", "opacity", "max-height", "max-width"].into_iter().any(is)
        }
        Some(b'1') => is("font-size") && says("1px"),
        Some(b'n' | b'N') => is("display") && says("none"),
        Some(b'h' | b'H') => is("visibility") && says("hidden"),
        _ => false,
    }
}

/// Alternative texts and addresses say nothing of the structure.
fn is_free_text(name: &str) -> bool {
    ["alt", "title", "id", "class", "name", "value", "content"]
        .iter()
        .any(|free| name.eq_ignore_ascii_case(free))
}

/// A tag's inside up to the `>` that ends it, quotes honoured; and what follows.
fn split_tag(inside: &str) -> (&str, &str) {
    let mut quote = None;
    for (at, byte) in inside.bytes().take(TAG_BYTES_MAX).enumerate() {
        match (quote, byte) {
            (None, b'>') => {
                let (tag, rest) = inside.split_at(at);
                return (tag, rest.get(1..).unwrap_or_default());
            }
            (None, b'"' | b'\'') if inside.as_bytes().get(at.wrapping_sub(1)) == Some(&b'=') => {
                quote = Some(byte);
            }
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    // A quote that never ends: the first `>` ends the tag, as browsers recover.
    halves(inside, b'>').unwrap_or((inside, ""))
}

/// What stands before the first mark and behind it. The mark is ASCII.
pub(crate) fn halves(text: &str, mark: u8) -> Option<(&str, &str)> {
    let at = memchr(mark, text.as_bytes())?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

fn name_of(tag: &str) -> &str {
    let end = tag
        .bytes()
        .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b':' | b'!')))
        .unwrap_or(tag.len());
    tag.get(..end).unwrap_or_default()
}

/// The next `name[=value]`, and what follows.
fn attribute(rest: &str) -> Option<(&str, &str, &str)> {
    let is_gap = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'/';
    let start = rest.bytes().position(|byte| !is_gap(&byte))?;
    let rest = rest.get(start..)?;
    let is_end = |byte: u8| byte.is_ascii_whitespace() || byte == b'=';
    let (name, after) = rest.split_at(rest.bytes().position(is_end).unwrap_or(rest.len()));
    let Some(value) = after.trim_ascii_start().strip_prefix('=') else {
        return (!name.is_empty()).then_some((name, "", after));
    };
    let value = value.trim_ascii_start();
    if let Some(quote @ (b'"' | b'\'')) = value.as_bytes().first().copied() {
        let inside = value.get(1..)?;
        let (value, after) = halves(inside, quote).unwrap_or((inside, ""));
        return Some((name, value.trim_ascii(), after));
    }
    let is_space = |byte: u8| byte.is_ascii_whitespace();
    let (value, after) = value.split_at(value.bytes().position(is_space).unwrap_or(value.len()));
    Some((name, value, after))
}

/// Appends text with its character references decoded; says how many there were.
pub(crate) fn decode_into(text: &str, out: &mut String) -> usize {
    let mut count = 0;
    let mut rest = text;
    while let Some((before, inside)) = halves(rest, b'&') {
        out.push_str(before);
        match reference(inside) {
            Some((character, length)) => {
                count += 1;
                out.push(character);
                rest = inside.get(length..).unwrap_or_default();
            }
            None => {
                out.push('&');
                rest = inside;
            }
        }
    }
    out.push_str(rest);
    count
}

fn reference(inside: &str) -> Option<(char, usize)> {
    let length = inside
        .bytes()
        .take(10)
        .position(|byte| !(byte.is_ascii_alphanumeric() || byte == b'#'))
        .unwrap_or(inside.len().min(10));
    let name = inside.get(..length)?;
    let ends = usize::from(inside.as_bytes().get(length) == Some(&b';'));
    let character = if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16).ok()?,
            None => number.parse().ok()?,
        };
        char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
    } else {
        NAMED.iter().find(|(known, _)| *known == name).map(|(_, character)| *character)?
    };
    Some((character, length + ends))
}

/// The references that mail uses; others stay as they are.
const NAMED: &[(&str, char)] = &[
    ("nbsp", ' '),
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("auml", 'ä'),
    ("ouml", 'ö'),
    ("uuml", 'ü'),
    ("Auml", 'Ä'),
    ("Ouml", 'Ö'),
    ("Uuml", 'Ü'),
    ("szlig", 'ß'),
    ("eacute", 'é'),
    ("egrave", 'è'),
    ("agrave", 'à'),
    ("ccedil", 'ç'),
    ("atilde", 'ã'),
    ("otilde", 'õ'),
    ("aacute", 'á'),
    ("iacute", 'í'),
    ("oacute", 'ó'),
    ("uacute", 'ú'),
    ("ecirc", 'ê'),
    ("acirc", 'â'),
    ("ntilde", 'ñ'),
    ("euro", '€'),
    ("pound", '£'),
    ("copy", '©'),
    ("reg", '®'),
    ("trade", '™'),
    ("bull", '•'),
    ("middot", '·'),
    ("ndash", '–'),
    ("mdash", '—'),
    ("hellip", '…'),
    ("lsquo", '\''),
    ("rsquo", '\''),
    ("ldquo", '"'),
    ("rdquo", '"'),
    ("laquo", '«'),
    ("raquo", '»'),
    ("zwnj", '\u{200c}'),
    ("zwj", '\u{200d}'),
    ("shy", '\u{ad}'),
    ("ensp", ' '),
    ("emsp", ' '),
    ("thinsp", ' '),
];

/// What an element is to a reader.
#[derive(Clone, Copy, Debug, Default)]
struct Kind {
    /// It begins a line of its own.
    is_block: bool,
    /// It has no end tag, or mail leaves it out.
    is_void: bool,
    /// Its inside is no text.
    is_raw: bool,
    /// Its inside is not shown.
    is_hidden: bool,
    is_link: bool,
    is_image: bool,
    is_input: bool,
}

impl Kind {
    fn of(name: &str) -> Self {
        let mut buffer = [0_u8; 12];
        let Some(lower) = buffer.get_mut(..name.len()) else { return Self::default() };
        lower.copy_from_slice(name.as_bytes());
        lower.make_ascii_lowercase();
        let block = Self { is_block: true, ..Self::default() };
        let void = Self { is_void: true, ..Self::default() };
        match &*lower {
            b"div" | b"tr" | b"td" | b"th" | b"table" | b"li" | b"ul" | b"ol" | b"h1" | b"h2"
            | b"h3" | b"h4" | b"h5" | b"h6" | b"center" | b"blockquote" | b"pre" | b"body"
            | b"section" => block,
            b"p" | b"br" | b"hr" => Self { is_void: true, ..block },
            b"form" => Self { is_input: true, ..block },
            b"input" => Self { is_input: true, ..void },
            b"img" => Self { is_image: true, ..void },
            b"area" => Self { is_link: true, ..void },
            b"a" => Self { is_link: true, ..Self::default() },
            b"meta" | b"link" | b"base" | b"col" | b"wbr" | b"!doctype" => void,
            b"script" | b"style" => Self { is_raw: true, ..Self::default() },
            b"title" => Self { is_hidden: true, ..Self::default() },
            _ => Self { is_void: name.starts_with('!'), ..Self::default() },
        }
    }
}

/// Hashes a short name without regard to ASCII case.
pub(crate) fn hash_name(name: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in name.bytes() {
        hash = (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}

/// Joins two hashes, order counted.
pub(crate) fn mix(one: u64, other: u64) -> u64 {
    let joined = (one.rotate_left(23) ^ other).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    joined ^ (joined >> 29)
}

/// Text without zero-width characters, where there are any; and how many there were.
pub(crate) fn without_invisible(text: &str) -> (Cow<'_, str>, usize) {
    let is_invisible = |c: char| matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{34f}');
    if text.is_ascii() {
        return (Cow::Borrowed(text), 0);
    }
    let count = text.chars().filter(|c| is_invisible(*c)).count();
    if count == 0 {
        return (Cow::Borrowed(text), 0);
    }
    (Cow::Owned(text.chars().filter(|c| !is_invisible(*c)).collect()), count)
}
