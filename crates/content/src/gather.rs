//! Everything of a message that this room looks at, taken out of the reading once.
//!
//! Touches nothing. Every reading of every part counts: what only some programs show may still be
//! what the reader sees.

use std::ops::Range;

use posthouse_mime::{Part, Reading, addresses, decode_words};

use crate::html::{self, Loads, Page};
use crate::identity::Sender;
use crate::pdf_links::{self, PdfLimits};
use crate::pictures;
use crate::url::find::{self, shown_host};
use crate::url::lists::is_free_mail;
use crate::url::{Origin, Url};

/// Longest text of all parts together that is read, in bytes; more is said (`content-limit`).
const TEXT_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Most links of one message that are kept.
const URLS_MAX: usize = 3000;
/// Longest subject that is read, in bytes.
const SUBJECT_BYTES_MAX: usize = 2 * 1024;

/// What was taken out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gathered {
    pub(crate) sender: Sender,
    /// Decoded.
    pub(crate) subject: String,
    /// What a reader sees: plain texts and the seen part of HTML, one after the other.
    pub(crate) text: String,
    /// The longest single text, in bytes: alternatives say the same twice.
    pub(crate) longest_text: usize,
    /// Where in `text` the first plain text and the first page stand, with the part around each.
    pub(crate) first_plain: Option<(Option<usize>, Range<usize>)>,
    pub(crate) first_page: Option<(Option<usize>, Range<usize>)>,
    /// HTML that is shown as the message.
    pub(crate) pages: Vec<Page>,
    /// HTML that is attached, with its name.
    pub(crate) attached: Vec<(String, Page)>,
    /// All links, and those inside them.
    pub(crate) urls: Vec<Url>,
    /// Links of HTML that show a host: that, and where they go.
    pub(crate) links: Vec<(Url, Url)>,
    /// Width and height of a large GIF that the message shows by itself.
    pub(crate) drawing: Option<(u16, u16)>,
    pub(crate) says_utf7: bool,
    pub(crate) is_complete: bool,
}

impl Gathered {
    /// Reads every part.
    pub(crate) fn from(reading: &Reading) -> Self {
        let mut gathered = Self { is_complete: true, ..Self::default() };
        if let Some(first) = reading.parts.first() {
            gathered.header(first);
        }
        let mut left = TEXT_BYTES_MAX;
        for part in &reading.parts {
            gathered.says_utf7 |= is_utf7(part);
            gathered.document(part);
            if let Some(body) = part.bodies.first().filter(|_| part.content_id.is_some()) {
                gathered.drawing = gathered.drawing.or_else(|| pictures::drawing(&body.bytes));
            }
            let Some(role) = Role::of(part) else { continue };
            let mut before: Option<&str> = None;
            for text in part.bodies.iter().filter_map(|body| body.text.as_deref()) {
                if before == Some(text) {
                    continue;
                }
                before = Some(text);
                let cut = html::head(text, left);
                left -= cut.len();
                gathered.is_complete &= cut.len() == text.len();
                gathered.part(role, part, cut);
            }
            if part.bodies.iter().all(|body| body.text.is_none())
                && let Some(body) = part.bodies.first()
            {
                // Attached as octets: HTML all the same for the program that opens it.
                let bytes = body.bytes.get(..body.bytes.len().min(left)).unwrap_or_default();
                left -= bytes.len();
                gathered.is_complete &= bytes.len() == body.bytes.len();
                gathered.part(role, part, &String::from_utf8_lossy(bytes));
            }
        }
        gathered.add_inner();
        gathered
    }

    fn header(&mut self, first: &Part) {
        let from = first.field("From").map(addresses).unwrap_or_default();
        let author = from.into_iter().next().unwrap_or_default();
        let reply_to = first.field("Reply-To").map(addresses).unwrap_or_default();
        self.sender = Sender {
            display: author.display,
            address: author.address,
            reply_to,
            has_corresponded: None,
        };
        let subject = first.field("Subject").unwrap_or_default();
        self.subject = decode_words(html::head(subject, SUBJECT_BYTES_MAX));
    }

    /// Subject and text, plain: what phrases and words are looked for in.
    pub(crate) fn plain(&self) -> String {
        let cut = html::head(&self.text, crate::wording::TEXT_BYTES_MAX);
        crate::normal::plain(&format!("{}\n{cut}", self.subject))
    }

    /// The free mailbox that answers go to, where the mail itself comes from elsewhere.
    pub(crate) fn free_reply(&self) -> Option<&str> {
        let sender = self.sender.domain();
        let replies = self.sender.reply_to.iter().map(|reply| reply.address.as_str());
        replies.into_iter().find(|address| {
            let domain = crate::identity::domain_of(address);
            is_free_mail(&domain) && domain != sender
        })
    }

    fn part(&mut self, role: Role, part: &Part, text: &str) {
        match role {
            Role::Plain => {
                let range = self.add_text(text);
                self.first_plain.get_or_insert((part.parent, range));
                self.add_found(text, Origin::Text);
            }
            Role::Calendar => {
                let text = unfolded(text);
                self.add_found(&text, Origin::Calendar);
                self.add_text(&entry(&text));
            }
            Role::Page => {
                let page = html::read(text);
                self.is_complete &= page.is_complete;
                let range = self.add_text(&page.visible);
                self.first_page.get_or_insert((part.parent, range));
                self.add_found(&page.visible, Origin::Text);
                self.add_links(&page, None);
                self.pages.push(page);
            }
            Role::AttachedPage => {
                let page = html::read(text);
                self.is_complete &= page.is_complete;
                self.add_links(&page, Some(Origin::AttachedPage));
                let name = part.names.first().cloned().unwrap_or_else(|| part.media_type.clone());
                self.attached.push((name, page));
            }
        }
    }

    /// The links of a PDF file, whatever the part calls itself.
    fn document(&mut self, part: &Part) {
        for body in part.bodies.iter().filter(|body| pdf_links::is_pdf(&body.bytes)) {
            let found = pdf_links::links(&body.bytes, &PdfLimits::default());
            self.is_complete &= !found.is_cut;
            for link in &found.links {
                if let Some(url) = Url::read(link, None) {
                    self.add(url, Origin::Document);
                }
            }
        }
    }

    fn add_text(&mut self, text: &str) -> Range<usize> {
        self.longest_text = self.longest_text.max(text.len());
        let start = self.text.len();
        self.text.push_str(text);
        self.text.push('\n');
        start..start + text.len()
    }

    /// Plain text and page of the same part, which are to say the same.
    pub(crate) fn alternatives(&self) -> Option<(&str, &str)> {
        let ((around, plain), (around_page, page)) =
            (self.first_plain.as_ref()?, self.first_page.as_ref()?);
        let text = |range: &Range<usize>| self.text.get(range.clone());
        (around == around_page).then_some((text(plain)?, text(page)?))
    }

    fn add(&mut self, mut url: Url, origin: Origin) {
        url.origin = origin;
        if self.urls.len() < URLS_MAX {
            self.urls.push(url);
        } else {
            self.is_complete = false;
        }
    }

    fn add_found(&mut self, text: &str, origin: Origin) {
        for url in find::links(text) {
            self.add(url, origin);
        }
    }

    /// Links found by other means, as in a QR code.
    pub(crate) fn add_code(&mut self, text: &str) -> Option<Url> {
        let found = Url::read(text, None).filter(|url| url.is_web() || url.scheme == "data");
        let found = found.or_else(|| find::links(text).into_iter().next())?;
        self.add(found.clone(), Origin::Code);
        for inner in found.inner() {
            self.add(inner, Origin::Inner);
        }
        Some(found)
    }

    fn add_links(&mut self, page: &Page, all: Option<Origin>) {
        let base = page.base.as_deref().and_then(|base| Url::read(base, None));
        for link in &page.links {
            let Some(url) = Url::read(&link.href, base.as_ref()) else { continue };
            if all.is_none()
                && self.links.len() < URLS_MAX
                && url.is_web()
                && let Some(shown) = shown_host(&link.text)
            {
                self.links.push((shown, url.clone()));
            }
            self.add(url, all.unwrap_or(Origin::Link));
        }
        for picture in &page.pictures {
            // A picture in a `data:` URL is no link.
            let url = Url::read(&picture.source, base.as_ref()).filter(Url::is_web);
            if let Some(url) = url {
                self.add(url, all.unwrap_or(Origin::Image));
            }
        }
        for (loads, target) in &page.resources {
            let origin = if *loads == Loads::Form { Origin::Form } else { Origin::Resource };
            if let Some(url) = Url::read(target, base.as_ref()) {
                self.add(url, all.unwrap_or(origin));
            }
        }
    }

    fn add_inner(&mut self) {
        let inner: Vec<Url> = self
            .urls
            .iter()
            .filter(|url| !matches!(url.origin, Origin::Image))
            .flat_map(Url::inner)
            .collect();
        for url in inner {
            self.add(url, Origin::Inner);
        }
    }
}

/// What a part is for a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Plain,
    Page,
    AttachedPage,
    Calendar,
}

impl Role {
    fn of(part: &Part) -> Option<Self> {
        let is_page_name = |name: &String| {
            let name = name.to_ascii_lowercase();
            [".html", ".htm", ".shtml", ".xhtml", ".xht", ".mht", ".svg"]
                .iter()
                .any(|ending| name.trim_end().ends_with(ending))
        };
        let is_calendar_name = |name: &String| {
            let name = name.trim_end().to_ascii_lowercase();
            name.ends_with(".ics") || name.ends_with(".vcs")
        };
        let is_named_page = part.names.iter().any(is_page_name);
        match part.media_type.as_str() {
            "text/calendar" | "application/ics" => Some(Self::Calendar),
            "text/html" | "application/xhtml+xml" if part.is_attachment => Some(Self::AttachedPage),
            "image/svg+xml" => Some(Self::AttachedPage),
            _ if is_named_page => Some(Self::AttachedPage),
            _ if part.names.iter().any(is_calendar_name) => Some(Self::Calendar),
            "text/html" | "application/xhtml+xml" => Some(Self::Page),
            "text/plain" | "text/enriched" | "text/richtext" if !part.is_attachment => {
                Some(Self::Plain)
            }
            _ => None,
        }
    }
}

fn is_utf7(part: &Part) -> bool {
    part.charset.as_deref().is_some_and(|charset| {
        matches!(charset, "utf-7" | "utf7" | "unicode-1-1-utf-7" | "x-unicode-2-0-utf-7")
    })
}

/// What a calendar shows of an entry: its title and description, as a mail's text.
fn entry(unfolded: &str) -> String {
    // Values go over several lines once their line ends are told apart; fields are in capitals.
    let is_field = |line: &str| {
        let name = line.split([':', ';']).next().unwrap_or_default();
        name.len() < line.len()
            && !name.is_empty()
            && name.chars().all(|c| c.is_ascii_uppercase() || c == '-')
    };
    let mut out = String::new();
    let mut is_shown = false;
    for line in unfolded.lines() {
        if is_field(line) {
            is_shown = line.starts_with("SUMMARY") || line.starts_with("DESCRIPTION");
        }
        if is_shown {
            let value = if is_field(line) { line.split_once(':').map(|(_, it)| it) } else { None };
            out.push_str(value.unwrap_or(line));
            out.push('\n');
        }
    }
    out
}

/// Calendar lines are folded at any place (RFC 5545 section 3.1), and escape a few characters.
fn unfolded(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "");
    text.replace("\\n", "\n").replace("\\N", "\n").replace("\\,", ",").replace("\\;", ";")
}
