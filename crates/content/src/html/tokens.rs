//! HTML cut into tags and text, as a browser does it, in one pass.
//!
//! Touches nothing and never fails: what is broken is read as browsers read it (HTML Living
//! Standard, 13.2.5). Every byte is looked at a bounded number of times: each search either moves
//! past what it found or ends the document.

use memchr::{memchr, memmem};

/// Most attributes of one tag that are read; what is more is skipped.
const ATTRIBUTES_MAX: usize = 64;

/// One piece of a document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// Text with its references (`&amp;`) as they stand.
    Text(&'a str),
    /// `<name ...>`; the attributes are in [`Tokens::attributes`].
    Open(&'a str),
    /// `</name>`.
    Close(&'a str),
    /// What stands in a comment, a declaration or a processing instruction.
    Comment(&'a str),
    /// The inside of an element whose content is no HTML: `script`, `style` and so on.
    Raw(&'a str, &'a str),
}

/// The elements whose inside is read as one piece of text (13.2.6.4.4 and following, with
/// scripting off as in mail programs, so that `noscript` is read as HTML).
const RAW: &[&str] =
    &["script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"];

/// A document while it is cut.
pub(crate) struct Tokens<'a> {
    text: &'a str,
    at: usize,
    /// The attributes of the last [`Token::Open`]: name and value as they stand.
    pub(crate) attributes: Vec<(&'a str, &'a str)>,
    /// The element whose raw inside comes next.
    raw: Option<&'a str>,
    /// Bytes looked at, for the test that holds this linear.
    pub(crate) steps: usize,
}

impl<'a> Tokens<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0, attributes: Vec::new(), raw: None, steps: 0 }
    }

    /// The value of an attribute of the last opened tag, references as they stand.
    pub(crate) fn attribute(&self, name: &str) -> Option<&'a str> {
        self.attributes
            .iter()
            .find(|(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| *value)
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Takes everything up to `end` bytes from here.
    fn take(&mut self, end: usize) -> &'a str {
        let rest = self.rest();
        let piece = rest.get(..end).unwrap_or(rest);
        self.at += piece.len();
        self.steps += piece.len();
        piece
    }

    /// Takes what stands before a mark, and skips the mark; everything where there is none.
    fn take_until(&mut self, mark: &str) -> &'a str {
        match memmem::find(self.rest().as_bytes(), mark.as_bytes()) {
            Some(end) => {
                let piece = self.take(end);
                self.take(mark.len());
                piece
            }
            None => self.take(usize::MAX),
        }
    }

    fn raw_text(&mut self, name: &'a str) -> Token<'a> {
        let rest = self.rest().as_bytes();
        let mut end = rest.len();
        let mut from = 0;
        while let Some(found) = memmem::find(rest.get(from..).unwrap_or_default(), b"</") {
            let start = from + found;
            let after = rest.get(start + 2..).unwrap_or_default();
            let closes = after.get(..name.len()).is_some_and(|it| {
                it.eq_ignore_ascii_case(name.as_bytes())
                    && after.get(name.len()).is_none_or(|byte| !byte.is_ascii_alphanumeric())
            });
            if closes {
                end = start;
                break;
            }
            from = start + 2;
        }
        self.steps += from;
        Token::Raw(name, self.take(end))
    }

    fn markup(&mut self) -> Option<Token<'a>> {
        let bytes = self.rest().as_bytes();
        match (bytes.get(1), bytes.get(2)) {
            (Some(b'!'), _) if bytes.starts_with(b"<!--") => Some(self.comment()),
            (Some(b'!' | b'?'), _) => {
                self.take(1);
                Some(Token::Comment(self.take_until(">")))
            }
            (Some(b'/'), Some(letter)) if letter.is_ascii_alphabetic() => {
                self.take(2);
                let name = self.name();
                self.attributes();
                Some(Token::Close(name))
            }
            (Some(b'/'), Some(_)) => {
                self.take(1);
                Some(Token::Comment(self.take_until(">")))
            }
            (Some(letter), _) if letter.is_ascii_alphabetic() => {
                self.take(1);
                let name = self.name();
                self.attributes();
                self.raw = RAW.iter().find(|raw| raw.eq_ignore_ascii_case(name)).map(|_| name);
                Some(Token::Open(name))
            }
            _ => None,
        }
    }

    fn comment(&mut self) -> Token<'a> {
        self.take(4);
        // `<!-->` and `<!--->` are complete comments (13.2.5.43).
        let rest = self.rest();
        for short in [">", "->"] {
            if rest.starts_with(short) {
                self.take(short.len());
                return Token::Comment("");
            }
        }
        let inside = self.take_until("-->");
        Token::Comment(inside)
    }

    fn name(&mut self) -> &'a str {
        let is_end = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>');
        let bytes = self.rest().as_bytes();
        self.take(bytes.iter().position(is_end).unwrap_or(bytes.len()))
    }

    /// Reads attributes up to the tag's end, and skips that.
    fn attributes(&mut self) {
        self.attributes.clear();
        loop {
            let bytes = self.rest().as_bytes();
            let blanks = bytes
                .iter()
                .position(|byte| !byte.is_ascii_whitespace() && *byte != b'/')
                .unwrap_or(bytes.len());
            self.take(blanks);
            let bytes = self.rest().as_bytes();
            match bytes.first() {
                None => return,
                Some(b'>') => {
                    self.take(1);
                    return;
                }
                Some(_) => self.one_attribute(),
            }
        }
    }

    fn one_attribute(&mut self) {
        let bytes = self.rest().as_bytes();
        let is_end = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>' | b'=');
        // A leading `=` belongs to the name (13.2.5.32), so that this always moves on.
        let tail = bytes.get(1..).unwrap_or_default();
        let end = tail.iter().position(is_end).map_or(bytes.len(), |end| end + 1);
        let name = self.take(end);
        let bytes = self.rest().as_bytes();
        let blanks =
            bytes.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(bytes.len());
        let mut value = "";
        if bytes.get(blanks) == Some(&b'=') {
            self.take(blanks + 1);
            value = self.value();
        }
        if self.attributes.len() < ATTRIBUTES_MAX {
            self.attributes.push((name, value));
        }
    }

    fn value(&mut self) -> &'a str {
        let bytes = self.rest().as_bytes();
        let blanks =
            bytes.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(bytes.len());
        self.take(blanks);
        let bytes = self.rest().as_bytes();
        match bytes.first() {
            Some(quote @ (b'"' | b'\'')) => {
                let mark = if *quote == b'"' { "\"" } else { "'" };
                self.take(1);
                self.take_until(mark)
            }
            _ => {
                let is_end = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'>';
                self.take(bytes.iter().position(is_end).unwrap_or(bytes.len()))
            }
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        if let Some(name) = self.raw.take() {
            return Some(self.raw_text(name));
        }
        let bytes = self.rest().as_bytes();
        if bytes.is_empty() {
            return None;
        }
        if bytes.first() == Some(&b'<')
            && let Some(token) = self.markup()
        {
            return Some(token);
        }
        // A `<` that opens nothing is text.
        let tail = bytes.get(1..).unwrap_or_default();
        let end = memchr(b'<', tail).map_or(bytes.len(), |end| end + 1);
        Some(Token::Text(self.take(end)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<Token<'_>> {
        Tokens::new(text).collect()
    }

    #[test]
    fn tags_text_and_comments_are_told_apart() {
        assert_eq!(
            cut("a<B x=1>b</b ><!-- c --><!doctype html>1 < 2"),
            vec![
                Token::Text("a"),
                Token::Open("B"),
                Token::Text("b"),
                Token::Close("b"),
                Token::Comment(" c "),
                Token::Comment("!doctype html"),
                Token::Text("1 "),
                Token::Text("< 2"),
            ]
        );
    }

    #[test]
    fn attributes_are_read_in_every_way_of_writing_them() {
        let mut tokens = Tokens::new("<a HREF = 'x y' title=\"<b>\" c=d/e disabled =f/>g");
        assert_eq!(tokens.next(), Some(Token::Open("a")));
        assert_eq!(tokens.attribute("href"), Some("x y"));
        assert_eq!(tokens.attribute("title"), Some("<b>"));
        assert_eq!(tokens.attribute("c"), Some("d/e"));
        assert_eq!(tokens.attribute("disabled"), Some("f/"));
        assert_eq!(tokens.next(), Some(Token::Text("g")));
    }

    #[test]
    fn the_inside_of_a_script_is_one_piece() {
        assert_eq!(
            cut("<script>a<b></scripty></SCRIPT>c"),
            vec![
                Token::Open("script"),
                Token::Raw("script", "a<b></scripty>"),
                Token::Close("SCRIPT"),
                Token::Text("c"),
            ]
        );
    }

    #[test]
    fn rx_01_the_work_on_hostile_html_grows_with_its_length_only() {
        let size = 200_000;
        for piece in ["<", "<a ", "<a b='", "<!--", "</", "<script>", "<a b=", "=", "<!", "<a/=\"é"]
        {
            let text = piece.repeat(size / piece.len());
            let mut tokens = Tokens::new(&text);
            let count = tokens.by_ref().count();
            assert!(tokens.steps <= 3 * text.len(), "{piece}: {} steps", tokens.steps);
            assert!(count <= text.len());
        }
    }
}
