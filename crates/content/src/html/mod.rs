//! What an HTML body shows, hides, links to and asks for.
//!
//! Touches nothing. Read in one pass, as a mail program's browser would: text that is seen and
//! text that is not apart (row TXT-02 of the attack list), and everything that leads elsewhere.
//! Bounded by the constants below; a bound that was reached is said in [`Page::is_complete`].

mod entities;
mod grid;
mod style;
mod tokens;

use std::borrow::Cow;

use entities::{decoded, push_decoded};
pub(crate) use grid::Grid;
use grid::Grids;
use style::{Ground, Look, Sheet, Style, attribute_colour};
use tokens::{Token, Tokens};

/// Most links of one body that are kept.
const LINKS_MAX: usize = 2000;
/// Most images, forms and other resources of one body that are kept, of each.
const RESOURCES_MAX: usize = 1000;
/// Deepest nesting that is followed; deeper elements count as part of their parent.
const DEPTH_MAX: usize = 512;
/// How far up an end tag looks for what it ends: keeps the work linear.
const CLOSE_LOOK_UP_MAX: usize = 64;
/// Longest text of scripts that is kept, in bytes.
const SCRIPT_BYTES_MAX: usize = 256 * 1024;
/// Longest address or title that is kept, in bytes; `data:` URLs are cut here.
const VALUE_BYTES_MAX: usize = 64 * 1024;

/// Where a link or form of a page leads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// The target as it stands, references decoded.
    pub href: String,
    /// The text that a reader sees on it; an image's replacement text where there is no other.
    pub text: String,
    /// What is shown when the mouse rests on it.
    pub title: String,
    /// No reader sees it.
    pub is_hidden: bool,
}

/// An image of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// Its source as it stands.
    pub source: String,
    /// It is remote and too small or too hidden to be seen: it tells that the mail was opened.
    pub is_web_bug: bool,
    /// It stands inside a link.
    pub is_linked: bool,
    /// Seen text before it, in bytes.
    pub text_before_bytes: usize,
}

/// What kind of element loads something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loads {
    /// `form action`, or `formaction` of a button.
    Form,
    /// `iframe` or `frame`.
    Frame,
    /// `embed`.
    Embed,
    /// `object` or `applet`.
    Object,
    /// `script src`.
    Script,
    /// `meta http-equiv=refresh`.
    Refresh,
    /// `link href`, `background` and the like.
    Other,
}

/// Everything that was found in one HTML body.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The text that is seen, blocks on lines of their own.
    pub visible: String,
    /// Text that is there and not seen.
    pub hidden: String,
    /// The document's title.
    pub title: String,
    /// All links, in their order.
    pub links: Vec<Link>,
    /// All images.
    pub pictures: Vec<Picture>,
    /// Everything else that leads elsewhere, by kind of element.
    pub resources: Vec<(Loads, String)>,
    /// `base href`.
    pub base: Option<String>,
    /// Inline scripts, one after the other.
    pub script: String,
    /// Elements of each kind that a mail rarely needs.
    pub counts: Counts,
    /// Tables whose cells are a picture of two colours.
    pub(crate) grids: Vec<Grid>,
    /// Nothing was left out.
    pub is_complete: bool,
    /// Bytes looked at, for tests that hold the work linear.
    pub steps: usize,
}

/// How often each of these elements occurs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// `form`.
    pub forms: u32,
    /// `input type=password`.
    pub passwords: u32,
    /// `input` that takes text, and `textarea`.
    pub inputs: u32,
    /// `script`, `javascript:` and `vbscript:` links, `on...` attributes.
    pub scripts: u32,
    /// `iframe`, `frame`.
    pub frames: u32,
    /// `embed`.
    pub embeds: u32,
    /// `object`, `applet`.
    pub objects: u32,
}

/// Reads one HTML body.
pub fn read(text: &str) -> Page {
    let mut reader = Reader::new(text);
    let mut tokens = Tokens::new(text);
    while let Some(token) = tokens.next() {
        match token {
            Token::Text(text) => reader.text(text),
            Token::Open(name) => reader.open(name, &tokens),
            Token::Close(name) => reader.close(name),
            Token::Comment(_) => {}
            Token::Raw(name, inside) => reader.raw(name, inside),
        }
    }
    reader.page.steps = tokens.steps;
    reader.end()
}

/// An element that is open.
struct Element<'a> {
    name: &'a str,
    kind: Kind,
    /// What is around it.
    look: Look,
}

struct Reader<'a> {
    page: Page,
    open: Vec<Element<'a>>,
    look: Look,
    sheet: Sheet,
    grids: Grids,
    /// The link that is open, with where its text begins in visible and hidden text.
    link: Option<(Link, usize, usize)>,
}

impl<'a> Reader<'a> {
    fn new(text: &str) -> Self {
        let page = Page {
            visible: String::with_capacity(text.len() / 3),
            is_complete: true,
            ..Page::default()
        };
        Self {
            page,
            open: Vec::new(),
            look: Look::START,
            sheet: Sheet::default(),
            grids: Grids::default(),
            link: None,
        }
    }

    fn text(&mut self, text: &str) {
        let out = match self.look.is_hidden() {
            true => &mut self.page.hidden,
            false => &mut self.page.visible,
        };
        push_text(out, text);
    }

    fn raw(&mut self, name: &str, inside: &str) {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if is("style") {
            self.sheet.add(inside);
        } else if is("script") {
            let room = SCRIPT_BYTES_MAX.saturating_sub(self.page.script.len());
            self.page.is_complete &= inside.len() <= room;
            self.page.script.push_str(head(inside, room));
            self.page.script.push('\n');
        } else if is("title") {
            self.page.title = decoded(head(inside.trim(), VALUE_BYTES_MAX)).into_owned();
        } else if is("textarea") || is("xmp") {
            self.text(inside);
        }
    }

    fn break_line(&mut self) {
        let out = match self.look.is_hidden() {
            true => &mut self.page.hidden,
            false => &mut self.page.visible,
        };
        if !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
    }

    fn open(&mut self, name: &'a str, tokens: &Tokens<'a>) {
        let kind = Kind::of(name);
        self.close_implied(name, kind);
        let outer = self.look;
        let style = self.style(name, tokens);
        self.look = outer.inside(&style);
        if kind.is_block() {
            self.break_line();
        }
        self.grids.open(kind, tokens.attribute("colspan"), style.ground);
        self.element(kind, name, tokens);
        if kind.is_void() {
            self.look = outer;
        } else if self.open.len() < DEPTH_MAX {
            self.open.push(Element { name, kind, look: outer });
        } else {
            self.page.is_complete = false;
            self.look = outer;
        }
    }

    /// A paragraph, list item or cell ends where the next begins, also without an end tag.
    fn close_implied(&mut self, name: &str, kind: Kind) {
        let Some(top) = self.open.last() else { return };
        let same = matches!(kind, Kind::Paragraph | Kind::Item | Kind::Row | Kind::Cell)
            && top.name.eq_ignore_ascii_case(name);
        let ends_paragraph = kind.is_block() && top.name.eq_ignore_ascii_case("p");
        let ends_cell = kind == Kind::Row && top.kind == Kind::Cell;
        if same || ends_paragraph || ends_cell {
            self.pop();
        }
        if kind == Kind::Link {
            self.end_link();
        }
    }

    fn pop(&mut self) {
        if let Some(element) = self.open.pop() {
            self.look = element.look;
        }
    }

    fn close(&mut self, name: &str) {
        let kind = Kind::of(name);
        if kind == Kind::Link {
            self.end_link();
        }
        let depth = self
            .open
            .iter()
            .rev()
            .take(CLOSE_LOOK_UP_MAX)
            .position(|element| element.name.eq_ignore_ascii_case(name));
        if let Some(depth) = depth {
            if kind.is_block() {
                self.break_line();
            } else if kind == Kind::Cell {
                push_text(&mut self.page.visible, " ");
            }
            for _ in 0..=depth {
                self.pop();
            }
        }
        self.grids.close(kind, &mut self.page.grids);
    }

    fn style(&self, name: &str, tokens: &Tokens<'a>) -> Style {
        let mut style = Style::default();
        if !self.sheet.is_empty() {
            style = self.sheet.style_of(name, tokens.attribute("class"), tokens.attribute("id"));
        }
        let mut inline = None;
        for (attribute, value) in &tokens.attributes {
            let is = |known: &str| attribute.eq_ignore_ascii_case(known);
            if is("style") {
                inline = Some(Style::read(&decoded(value)));
            } else if is("bgcolor") {
                style.ground = Ground::of_attribute(value).or(style.ground);
            } else if is("background") {
                style.ground = Some(Ground::Unknown);
            } else if is("hidden") {
                style.gone = true;
            } else if (is("color") && name.eq_ignore_ascii_case("font"))
                || (is("text") && name.eq_ignore_ascii_case("body"))
            {
                style.ink = attribute_colour(value).or(style.ink);
            }
        }
        match inline {
            Some(inline) => style.under(&inline),
            None => style,
        }
    }

    fn element(&mut self, kind: Kind, name: &'a str, tokens: &Tokens<'a>) {
        for (attribute, _) in &tokens.attributes {
            // `onclick`, `onload` and the rest of their family.
            if attribute.len() > 4
                && attribute.get(..2).is_some_and(|it| it.eq_ignore_ascii_case("on"))
            {
                self.page.counts.scripts += 1;
            }
        }
        match kind {
            Kind::Link => self.open_link(tokens),
            Kind::Image => self.image(tokens),
            Kind::Other | Kind::Void => self.rare(name, tokens),
            _ => {}
        }
        if let Some(background) = tokens.attribute("background") {
            self.resource(Loads::Other, background);
        }
    }

    fn open_link(&mut self, tokens: &Tokens<'a>) {
        let Some(href) = tokens.attribute("href") else { return };
        let link = Link {
            href: value(href),
            text: String::new(),
            title: value(tokens.attribute("title").unwrap_or_default()),
            is_hidden: self.look.is_hidden(),
        };
        if is_script(&link.href) {
            self.page.counts.scripts += 1;
        }
        self.link = Some((link, self.page.visible.len(), self.page.hidden.len()));
    }

    fn end_link(&mut self) {
        let Some((mut link, visible, hidden)) = self.link.take() else { return };
        let text = match link.is_hidden {
            true => self.page.hidden.get(hidden..),
            false => self.page.visible.get(visible..),
        };
        let text = text.unwrap_or_default().trim();
        if !text.is_empty() {
            link.text = head(text, VALUE_BYTES_MAX).to_owned();
        }
        if self.page.links.len() < LINKS_MAX {
            self.page.links.push(link);
        } else {
            self.page.is_complete = false;
        }
    }

    fn image(&mut self, tokens: &Tokens<'a>) {
        let source = value(tokens.attribute("src").unwrap_or_default());
        let is_small = |name: &str| {
            let size = tokens.attribute(name).map(|size| size.trim().trim_end_matches("px"));
            size.and_then(|size| size.parse::<f32>().ok()).is_some_and(|size| size <= 1.0)
        };
        let is_remote = is_remote(&source);
        if let Some((link, ..)) = &mut self.link
            && link.text.is_empty()
        {
            link.text = value(tokens.attribute("alt").unwrap_or_default());
        }
        let picture = Picture {
            is_web_bug: is_remote
                && ((is_small("width") && is_small("height")) || self.look.is_hidden()),
            is_linked: self.link.is_some(),
            text_before_bytes: self.page.visible.trim_start().len(),
            source,
        };
        if self.page.pictures.len() < RESOURCES_MAX {
            self.page.pictures.push(picture);
        } else {
            self.page.is_complete = false;
        }
    }

    fn rare(&mut self, name: &str, tokens: &Tokens<'a>) {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        let counts = &mut self.page.counts;
        let found = if is("form") {
            counts.forms += 1;
            Some((Loads::Form, tokens.attribute("action")))
        } else if is("input") || is("button") || is("textarea") {
            let default = if is("button") { "submit" } else { "text" };
            let kind = tokens.attribute("type").unwrap_or(default).trim();
            let is_kind = |known: &str| kind.eq_ignore_ascii_case(known);
            counts.passwords += u32::from(is_kind("password"));
            counts.inputs += u32::from(["text", "email", "tel", "number"].into_iter().any(is_kind));
            Some((Loads::Form, tokens.attribute("formaction")))
        } else if is("iframe") || is("frame") {
            counts.frames += 1;
            Some((Loads::Frame, tokens.attribute("src")))
        } else if is("embed") {
            counts.embeds += 1;
            Some((Loads::Embed, tokens.attribute("src")))
        } else if is("object") || is("applet") {
            counts.objects += 1;
            Some((Loads::Object, tokens.attribute("data")))
        } else if is("script") {
            counts.scripts += 1;
            Some((Loads::Script, tokens.attribute("src")))
        } else if is("meta") {
            let equals = tokens.attribute("http-equiv").unwrap_or_default().trim();
            let content = tokens.attribute("content").unwrap_or_default();
            let target = content.split_once('=').map(|(_, target)| target);
            equals.eq_ignore_ascii_case("refresh").then_some((Loads::Refresh, target))
        } else if is("base") {
            if self.page.base.is_none() {
                self.page.base = tokens.attribute("href").map(value);
            }
            None
        } else if is("link") {
            Some((Loads::Other, tokens.attribute("href")))
        } else if is("area") {
            let href = tokens.attribute("href");
            self.page.links.extend(href.map(|href| Link { href: value(href), ..Link::default() }));
            None
        } else {
            None
        };
        if let Some((loads, Some(target))) = found {
            self.resource(loads, target);
        }
    }

    fn resource(&mut self, loads: Loads, target: &str) {
        if self.page.resources.len() < RESOURCES_MAX {
            let target = value(target);
            let target = target.trim().trim_matches(['\'', '"']);
            self.page.resources.push((loads, target.to_owned()));
        } else {
            self.page.is_complete = false;
        }
    }

    fn end(mut self) -> Page {
        self.end_link();
        self.grids.end(&mut self.page.grids);
        self.page
    }
}

/// What the reader needs to know about an element's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Link,
    Image,
    Paragraph,
    Item,
    Table,
    Row,
    Cell,
    Block,
    Break,
    Void,
    Other,
}

impl Kind {
    fn of(name: &str) -> Self {
        let mut lower = [0_u8; 12];
        let Some(slot) = lower.get_mut(..name.len()) else { return Self::Other };
        slot.copy_from_slice(name.as_bytes());
        slot.make_ascii_lowercase();
        match &*slot {
            b"a" => Self::Link,
            b"img" | b"image" => Self::Image,
            b"p" => Self::Paragraph,
            b"li" | b"dt" | b"dd" | b"option" => Self::Item,
            b"table" => Self::Table,
            b"tr" => Self::Row,
            b"td" | b"th" => Self::Cell,
            b"div" | b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" | b"ul" | b"ol" | b"pre"
            | b"center" | b"blockquote" | b"section" | b"article" | b"header" | b"footer" => {
                Self::Block
            }
            b"br" | b"hr" => Self::Break,
            b"input" | b"meta" | b"link" | b"base" | b"embed" | b"area" | b"col" | b"source"
            | b"wbr" | b"param" | b"frame" => Self::Void,
            _ => Self::Other,
        }
    }

    fn is_void(self) -> bool {
        matches!(self, Self::Void | Self::Image | Self::Break)
    }

    fn is_block(self) -> bool {
        matches!(
            self,
            Self::Block | Self::Paragraph | Self::Item | Self::Table | Self::Row | Self::Break
        )
    }
}

/// An attribute's value, decoded and cut.
fn value(text: &str) -> String {
    let text = text.trim();
    match decoded(head(text, VALUE_BYTES_MAX)) {
        Cow::Borrowed(text) => text.to_owned(),
        Cow::Owned(text) => text,
    }
}

/// At most so many bytes of a text, whole characters.
pub(crate) fn head(text: &str, bytes_max: usize) -> &str {
    if text.len() <= bytes_max {
        return text;
    }
    let mut end = bytes_max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

pub(crate) fn is_script(target: &str) -> bool {
    // Browsers skip blanks and controls in a scheme (URL Standard 4.4).
    let clean = target.chars().filter(|c| !c.is_control() && *c != ' ').take(12);
    let clean: String = clean.map(|c| c.to_ascii_lowercase()).collect();
    clean.starts_with("javascript:") || clean.starts_with("vbscript:")
}

pub(crate) fn is_remote(source: &str) -> bool {
    let start = head(source, 8).to_ascii_lowercase();
    start.starts_with("http:") || start.starts_with("https:") || start.starts_with("//")
}

/// Appends text, runs of blanks made one.
fn push_text(out: &mut String, text: &str) {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x0c);
    let push = if memchr::memchr(b'&', text.as_bytes()).is_some() {
        push_decoded
    } else {
        String::push_str
    };
    let mut rest = text;
    while !rest.is_empty() {
        let bytes = rest.as_bytes();
        let blanks = bytes.iter().position(|byte| !is_blank(byte)).unwrap_or(bytes.len());
        if blanks > 0 && !out.is_empty() && !out.ends_with([' ', '\n']) {
            out.push(' ');
        }
        let bytes = bytes.get(blanks..).unwrap_or_default();
        let word = bytes.iter().position(is_blank).unwrap_or(bytes.len());
        push(out, rest.get(blanks..blanks + word).unwrap_or_default());
        rest = rest.get(blanks + word..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests;
