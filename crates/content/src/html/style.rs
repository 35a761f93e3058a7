//! What of CSS decides whether a reader sees a text: in attributes and in simple style sheets.
//!
//! Touches nothing. No layout is made: each declaration is judged by itself, what cannot be known
//! (images, descendant selectors) counts as visible, so that ordinary newsletters stay so.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// Most rules of a document's style sheets that are kept: with them an element costs one look-up
/// for each of its classes.
const RULES_MAX: usize = 500;
/// Most classes of one element that are looked up.
const CLASSES_MAX: usize = 8;
/// Text smaller than this cannot be read, in CSS pixels.
const READABLE_PIXELS_MIN: f32 = 2.5;
/// Colours that differ by less in each channel look the same.
const CHANNEL_DIFFERENCE_MIN: u8 = 16;
/// What lies so far out cannot be seen, in CSS pixels.
const OFF_SCREEN_PIXELS: f32 = -300.0;

/// Red, green, blue.
pub(crate) type Rgb = (u8, u8, u8);

/// What lies behind a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ground {
    /// One colour.
    Plain(Rgb),
    /// An image, or what is not read here.
    Unknown,
}

/// What one element's declarations say.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Style {
    /// It and everything in it is gone, whatever is said inside.
    pub(crate) gone: bool,
    /// `visibility`: the inside may say otherwise.
    pub(crate) invisible: Option<bool>,
    /// Too small to be read: the inside may say otherwise.
    pub(crate) tiny: Option<bool>,
    /// The text's colour; fully transparent is `gone`.
    pub(crate) ink: Option<Rgb>,
    pub(crate) ground: Option<Ground>,
}

/// What a text inherits from everything around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Look {
    gone: bool,
    invisible: bool,
    tiny: bool,
    ink: Rgb,
    ground: Ground,
}

impl Look {
    /// Black on white.
    pub(crate) const START: Self = Self {
        gone: false,
        invisible: false,
        tiny: false,
        ink: (0, 0, 0),
        ground: Ground::Plain((255, 255, 255)),
    };

    /// The look inside an element.
    pub(crate) fn inside(self, style: &Style) -> Self {
        Self {
            gone: self.gone || style.gone,
            invisible: style.invisible.unwrap_or(self.invisible),
            tiny: style.tiny.unwrap_or(self.tiny),
            ink: style.ink.unwrap_or(self.ink),
            ground: style.ground.unwrap_or(self.ground),
        }
    }

    /// A reader does not see text that looks like this.
    pub(crate) fn is_hidden(&self) -> bool {
        let same = |a: u8, b: u8| a.abs_diff(b) < CHANNEL_DIFFERENCE_MIN;
        let melts = match self.ground {
            Ground::Plain((r, g, b)) => {
                same(r, self.ink.0) && same(g, self.ink.1) && same(b, self.ink.2)
            }
            Ground::Unknown => false,
        };
        self.gone || self.invisible || self.tiny || melts
    }
}

impl Style {
    /// What the second says goes over what the first says.
    pub(crate) fn under(self, over: &Self) -> Self {
        Self {
            gone: self.gone || over.gone,
            invisible: over.invisible.or(self.invisible),
            tiny: over.tiny.or(self.tiny),
            ink: over.ink.or(self.ink),
            ground: over.ground.or(self.ground),
        }
    }

    /// Reads a `style` attribute or the inside of a rule.
    pub(crate) fn read(text: &str) -> Self {
        let text = without_comments(text);
        let mut style = Self::default();
        let mut box_is_empty = false;
        let mut cuts = false;
        for declaration in text.split(';') {
            let Some((name, value)) = declaration.split_once(':') else { continue };
            let name = name.trim();
            let value = value.split('!').next().unwrap_or_default().trim();
            if is_one_of(name, &["height", "max-height", "width", "max-width"]) {
                box_is_empty |= pixels(value).is_some_and(|pixels| pixels < 1.5);
            } else if is_one_of(name, &["overflow", "overflow-y", "overflow-x"]) {
                cuts |= is_one_of(value, &["hidden", "clip"]);
            } else {
                style.declare(name, value);
            }
        }
        style.gone |= box_is_empty && cuts;
        style
    }

    fn declare(&mut self, name: &str, value: &str) {
        let is = |names: &[&str]| is_one_of(name, names);
        if is(&["display", "content-visibility"]) {
            self.gone |= is_one_of(value, &["none", "hidden"]);
        } else if is(&["visibility"]) {
            self.invisible = Some(is_one_of(value, &["hidden", "collapse"]));
        } else if is(&["opacity"]) {
            self.gone |= number(value).is_some_and(|opacity| opacity < 0.05);
        } else if is(&["font-size"]) {
            self.tiny = pixels(value).map(|size| size < READABLE_PIXELS_MIN);
        } else if is(&["color", "-webkit-text-fill-color"]) {
            match colour(value) {
                Some(Ink::Clear) => self.gone = true,
                Some(Ink::Solid(rgb)) => self.ink = Some(rgb),
                None => {}
            }
        } else if is(&["background", "background-color", "background-image"]) {
            self.ground = ground(value).or(self.ground);
        } else if is(&["text-indent", "left", "top", "margin-left", "margin-top", "right"]) {
            self.gone |= pixels(value).is_some_and(|pixels| pixels < OFF_SCREEN_PIXELS);
        } else if is(&["clip", "clip-path"]) {
            let compact: String = value.chars().filter(|c| !c.is_whitespace()).collect();
            self.gone |= ["rect(0", "inset(50%", "inset(100%", "circle(0", "polygon(00"]
                .iter()
                .any(|start| starts_with(&compact, start));
        } else if is(&["transform"]) {
            self.gone |= starts_with(value, "scale(0)") || starts_with(value, "scale(0,");
        } else if is(&["filter"]) {
            self.gone |= starts_with(value, "opacity(0)") || starts_with(value, "opacity(0%)");
        }
    }
}

fn is_one_of(text: &str, names: &[&str]) -> bool {
    names.iter().any(|name| name.eq_ignore_ascii_case(text))
}

fn starts_with(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

fn without_comments(text: &str) -> Cow<'_, str> {
    if !text.contains("/*") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn number(text: &str) -> Option<f32> {
    let end = text
        .bytes()
        .position(|byte| !byte.is_ascii_digit() && !matches!(byte, b'.' | b'-' | b'+'))
        .unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

/// A length in pixels, where it does not depend on what is around it.
fn pixels(text: &str) -> Option<f32> {
    let value = number(text)?;
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || ".-+".contains(c)).trim();
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" | "px" => 1.0,
        "pt" => 4.0 / 3.0,
        "em" | "rem" => 16.0,
        "cm" => 37.8,
        "mm" => 3.78,
        "in" => 96.0,
        // Of a width nobody knows: only nothing is nothing.
        "%" | "vw" | "vh" if value == 0.0 => 1.0,
        _ => return None,
    };
    Some(value * factor)
}

enum Ink {
    Clear,
    Solid(Rgb),
}

/// A colour by name, number or function.
fn colour(text: &str) -> Option<Ink> {
    if let Some(hex) = text.strip_prefix('#') {
        return hexadecimal(hex).map(Ink::Solid);
    }
    let named = [
        ("white", (255, 255, 255)),
        ("black", (0, 0, 0)),
        ("snow", (255, 250, 250)),
        ("ivory", (255, 255, 240)),
        ("whitesmoke", (245, 245, 245)),
        ("red", (255, 0, 0)),
        ("green", (0, 128, 0)),
        ("blue", (0, 0, 255)),
        ("yellow", (255, 255, 0)),
        ("gray", (128, 128, 128)),
        ("grey", (128, 128, 128)),
        ("silver", (192, 192, 192)),
        ("navy", (0, 0, 128)),
        ("orange", (255, 165, 0)),
    ];
    if let Some((_, rgb)) = named.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
        return Some(Ink::Solid(*rgb));
    }
    if text.eq_ignore_ascii_case("transparent") {
        return Some(Ink::Clear);
    }
    let inside = text.get(..3).filter(|head| head.eq_ignore_ascii_case("rgb"))?;
    let inside = text.get(inside.len()..)?.trim_start_matches(['a', 'A']);
    let inside = inside.trim().strip_prefix('(')?.trim_end_matches(')');
    let mut parts = inside.split([',', ' ', '/']).filter(|part| !part.is_empty()).map(number);
    let mut channel = || parts.next().flatten().map(|value| value.clamp(0.0, 255.0) as u8);
    let rgb = (channel()?, channel()?, channel()?);
    let alpha = parts.next().flatten();
    Some(if alpha.is_some_and(|alpha| alpha < 0.05) { Ink::Clear } else { Ink::Solid(rgb) })
}

/// `abc` or `aabbcc`, with or without transparency.
fn hexadecimal(text: &str) -> Option<Rgb> {
    let digit = |at: usize| {
        let byte = text.as_bytes().get(at)?;
        char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
    };
    let pair = |at: usize| Some(digit(at)? * 16 + digit(at + 1)?);
    match text.len() {
        3 | 4 => Some((digit(0)? * 17, digit(1)? * 17, digit(2)? * 17)),
        6 | 8 => Some((pair(0)?, pair(2)?, pair(4)?)),
        _ => None,
    }
}

/// A colour as old HTML writes it: in attributes, `#` often left out.
pub(crate) fn attribute_colour(text: &str) -> Option<Rgb> {
    let text = text.trim();
    match colour(text) {
        Some(Ink::Solid(rgb)) => Some(rgb),
        Some(Ink::Clear) => None,
        None if text.len() == 6 => hexadecimal(text),
        None => None,
    }
}

fn ground(value: &str) -> Option<Ground> {
    if memchr::memmem::find(value.as_bytes(), b"(").is_some() && !starts_with(value, "rgb") {
        // An image or a gradient.
        return Some(Ground::Unknown);
    }
    if let Some(Ink::Solid(rgb)) = colour(value) {
        return Some(Ground::Plain(rgb));
    }
    match value.split_ascii_whitespace().find_map(colour) {
        Some(Ink::Solid(rgb)) => Some(Ground::Plain(rgb)),
        _ => None,
    }
}

/// A document's style sheets, as far as they are read: what simple selectors say.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    rules: BTreeMap<String, Style>,
}

impl Sheet {
    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Adds the inside of a `style` element.
    pub(crate) fn add(&mut self, text: &str) {
        let text = without_comments(text);
        let mut rest = text.as_ref();
        while let Some((selectors, after)) = rest.split_once('{') {
            let selectors = selectors.rsplit([';', '}']).next().unwrap_or_default().trim();
            if selectors.starts_with('@') {
                // What holds for some screens only is no trick: skipped, with its inner braces.
                rest = after_block(after);
                continue;
            }
            let (inside, after) = after.split_once('}').unwrap_or((after, ""));
            rest = after;
            let style = Style::read(inside);
            if style != Style::default() {
                self.add_rule(selectors, style);
            }
        }
    }

    fn add_rule(&mut self, selectors: &str, style: Style) {
        for selector in selectors.split(',') {
            if self.rules.len() >= RULES_MAX {
                return;
            }
            let mut words = selector.split_ascii_whitespace();
            let last = words.next_back().unwrap_or_default();
            let is_simple = words.next().is_none() && !last.contains(['[', '>', '+', '~']);
            let style = if is_simple && !last.contains(':') {
                style
            } else {
                // Where it applies is not known: nothing may be called hidden by its colour.
                let has_colour = style.ground.is_some() || style.ink.is_some();
                let ground = has_colour.then_some(Ground::Unknown);
                Style { ground, ..Style::default() }
            };
            let last = last.split([':', '[']).next().unwrap_or_default();
            let key = last.rfind(['.', '#']).and_then(|at| last.get(at..)).unwrap_or(last);
            let known = self.rules.entry(key.to_ascii_lowercase()).or_default();
            *known = known.under(&style);
        }
    }

    /// What the sheets say about an element.
    pub(crate) fn style_of(&self, tag: &str, class: Option<&str>, id: Option<&str>) -> Style {
        let mut style = Style::default();
        let mut key = String::with_capacity(24);
        let mut look = |mark: &str, name: &str| {
            key.clear();
            key.push_str(mark);
            key.push_str(name);
            key.make_ascii_lowercase();
            if let Some(found) = self.rules.get(&key) {
                style = style.under(found);
            }
        };
        look("", tag);
        for class in class.unwrap_or_default().split_ascii_whitespace().take(CLASSES_MAX) {
            look(".", class);
        }
        if let Some(id) = id {
            look("#", id);
        }
        style
    }
}

/// What follows the block that is open at the start of the text.
fn after_block(text: &str) -> &str {
    let mut depth = 1_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text.get(at + 1..).unwrap_or_default();
        }
    }
    ""
}

impl Ground {
    /// The ground of a `bgcolor` attribute.
    pub(crate) fn of_attribute(text: &str) -> Option<Self> {
        attribute_colour(text).map(Self::Plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hides(style: &str) -> bool {
        Look::START.inside(&Style::read(style)).is_hidden()
    }

    #[test]
    fn txt_02_every_way_of_hiding_a_text_by_style_is_seen() {
        for style in [
            "display:none",
            "DISPLAY : none !important",
            "display:/* a */none",
            "visibility:hidden",
            "visibility: collapse",
            "opacity:0",
            "opacity:0.01",
            "font-size:0",
            "font-size:1px",
            "font-size:0.1pt",
            "color:#fff",
            "color:#fefefe",
            "color:white",
            "color:rgb(255, 255, 255)",
            "color:rgba(0,0,0,0)",
            "color:transparent",
            "background:#000;color:#010101",
            "text-indent:-9999px",
            "position:absolute;left:-5000px",
            "height:0;overflow:hidden",
            "max-height:0px;overflow:hidden",
            "width:1px;height:1px;overflow:hidden",
            "clip:rect(0 0 0 0)",
            "clip-path: inset(50%)",
            "transform:scale(0)",
            "filter:opacity(0)",
            "content-visibility:hidden",
        ] {
            assert!(hides(style), "{style}");
        }
    }

    #[test]
    fn ordinary_styles_hide_nothing() {
        for style in [
            "",
            "color:#333;font-size:14px",
            "font-size:80%",
            "color:#fff;background-color:#0a2540",
            "color:#fff;background:url(a.png) no-repeat",
            "overflow:hidden;height:40px",
            "display:block;opacity:.9",
            "color:#eee",
            "margin-left:-10px",
            "mso-hide:all",
            "font-size:medium",
            "background-color:#000;color:#fff",
        ] {
            assert!(!hides(style), "{style}");
        }
    }

    #[test]
    fn a_size_of_nothing_ends_where_the_inside_sets_another() {
        let outer = Look::START.inside(&Style::read("font-size:0"));
        assert!(!outer.inside(&Style::read("font-size:14px")).is_hidden());
        let gone = Look::START.inside(&Style::read("display:none"));
        assert!(gone.inside(&Style::read("display:block")).is_hidden());
    }

    #[test]
    fn style_sheets_are_read_outside_media_queries() {
        let mut sheet = Sheet::default();
        sheet.add("@import 'a'; .x, p.y {display:none} @media all { .z {display:none} } #i{opacity:0} div .d{display:none}");
        assert!(sheet.style_of("b", Some("a X"), None).gone);
        assert!(sheet.style_of("p", Some("y"), None).gone);
        assert!(!sheet.style_of("p", Some("z d"), None).gone);
        assert!(sheet.style_of("p", None, Some("i")).gone);
    }
}
