//! As much XML as Windows events need: elements with their attributes, first text and parent.
//!
//! Pure, without recursion, and forgiving: what was copied from the event viewer has hyphens and
//! plus signs before its tags, and pieces may be missing. Nothing outside the text is ever loaded;
//! a document type is skipped and its entities stay unread.

use crate::limits::{EVENT_ELEMENTS_MAX, VALUE_CHARACTERS_MAX};

/// One element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    /// Its name without prefix.
    pub(crate) name: String,
    /// Its attributes, unescaped.
    attributes: Vec<(String, String)>,
    /// The text directly in it, unescaped and trimmed.
    pub(crate) text: String,
    /// The element around it, by its place in the list.
    pub(crate) parent: Option<usize>,
    /// Where its tag begins, in bytes.
    pub(crate) offset: usize,
}

impl Element {
    /// An attribute's value; empty where it is not there.
    pub(crate) fn attribute(&self, name: &str) -> &str {
        let found = self.attributes.iter().find(|(other, _)| other == name);
        found.map_or("", |(_, value)| value)
    }
}

/// The elements of a text, in the order of their start tags.
pub(crate) fn elements(text: &str) -> Vec<Element> {
    let mut elements: Vec<Element> = Vec::new();
    let mut open: Option<usize> = None;
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('<')) {
        let start = at + found;
        add_text(&mut elements, open, text.get(at..start).unwrap_or_default());
        let rest = text.get(start..).unwrap_or_default();
        let Some(length) = tag_length(rest) else { break };
        at = start + length;
        let tag = rest.get(1..length - 1).unwrap_or_default();
        if let Some(inner) = cdata(rest) {
            add_text(&mut elements, open, inner);
        } else if tag.starts_with(['!', '?']) {
            continue;
        } else if tag.starts_with('/') {
            open = open.and_then(|open| elements.get(open)).and_then(|element| element.parent);
        } else if elements.len() < EVENT_ELEMENTS_MAX {
            let mut element = start_tag(tag.trim_end_matches('/'));
            element.parent = open;
            element.offset = start;
            elements.push(element);
            if !tag.ends_with('/') {
                open = Some(elements.len() - 1);
            }
        }
    }
    elements
}

/// The bytes of a tag, comment or section that begins here; `None` where it never ends.
fn tag_length(rest: &str) -> Option<usize> {
    for (start, end) in [("<!--", "-->"), ("<![CDATA[", "]]>")] {
        if rest.starts_with(start) {
            return rest.find(end).map(|found| found + end.len());
        }
    }
    let mut quote = None;
    for (at, byte) in rest.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

fn cdata(rest: &str) -> Option<&str> {
    let inner = rest.strip_prefix("<![CDATA[")?;
    inner.find("]]>").and_then(|end| inner.get(..end))
}

fn start_tag(tag: &str) -> Element {
    let end = tag.find(char::is_whitespace).unwrap_or(tag.len());
    let (name, mut rest) = tag.split_at(end);
    let mut element =
        Element { name: name.rsplit(':').next().unwrap_or(name).to_owned(), ..Element::default() };
    /// More than any event has.
    const ATTRIBUTES_MAX: usize = 64;
    while let Some((name, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let Some(quote) = after.chars().next().filter(|c| matches!(c, '"' | '\'')) else { break };
        let Some((value, next)) = after.get(1..).and_then(|rest| rest.split_once(quote)) else {
            break;
        };
        if element.attributes.len() < ATTRIBUTES_MAX {
            element.attributes.push((name.trim().to_owned(), unescaped(value)));
        }
        rest = next;
    }
    element
}

fn add_text(elements: &mut [Element], open: Option<usize>, text: &str) {
    let text = text.trim();
    let Some(element) = open.and_then(|open| elements.get_mut(open)) else { return };
    // The marks of the event viewer's outline are no text.
    if !text.is_empty() && text != "-" && text != "+" && element.text.len() < VALUE_CHARACTERS_MAX {
        element.text.push_str(&unescaped(text));
    }
}

/// The five entities of XML and character references; others stay as they are.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(VALUE_CHARACTERS_MAX));
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let known = after.split_once(';').and_then(|(name, next)| {
            let character = match name {
                "lt" => '<',
                "gt" => '>',
                "amp" => '&',
                "quot" => '"',
                "apos" => '\'',
                _ => {
                    let number = name.strip_prefix('#')?;
                    let code = match number.strip_prefix(['x', 'X']) {
                        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                        None => number.parse().ok()?,
                    };
                    char::from_u32(code)?
                }
            };
            Some((character, next))
        });
        match known {
            Some((character, next)) => {
                out.push(character);
                rest = next;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
        if out.len() > VALUE_CHARACTERS_MAX {
            return out;
        }
    }
    out.push_str(rest);
    out.chars().take(VALUE_CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_keep_attributes_text_and_parents() {
        let text = "- <a:Event x='1'>\n- <Data Name=\"k\">v &lt;&#x41;&unknown;</Data><Empty/>\n\
                    <![CDATA[raw <b>]]></a:Event>";
        let elements = elements(text);
        let names: Vec<_> = elements.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["Event", "Data", "Empty"]);
        assert_eq!(elements[0].attribute("x"), "1");
        assert_eq!(elements[0].text, "raw <b>");
        assert_eq!(elements[1].text, "v <A&unknown;");
        assert_eq!((elements[1].parent, elements[2].parent), (Some(0), Some(0)));
    }

    #[test]
    fn broken_xml_ends_and_gives_what_it_has() {
        for text in ["<", "<a", "<a b=\"", "</a></b><c>", "<a><b", "<!-- ", "<![CDATA[", "a > b"] {
            assert!(elements(text).len() <= 1, "{text}");
        }
        assert_eq!(elements(&"<a>".repeat(100_000)).len(), EVENT_ELEMENTS_MAX);
        assert_eq!(elements("<!DOCTYPE x [<!ENTITY y 'z'>]><a>&y;</a>").len(), 1);
    }
}
