//! The reader: takes a message apart into the list of parts, by every reading at once.
//!
//! Touches nothing. Works through a list of tasks, never by recursion, so that depth costs no
//! stack. Octets looked at, parts, depth and decoded octets are bounded; what is left out is said.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;
use std::rc::Rc;

use posthouse_types::{Finding, FindingKind};

use crate::about::About;
use crate::findings::{
    BOUNDARY_MISSING, BOUNDARY_OVERLAP, BOUNDARY_PREFIX, CLOSE_MISSING, EMBEDDED,
    ENCODED_MULTIPART, EPILOGUE_PART, EXTERNAL_BODY, HEADER_NUL, HEADER_ODD, HEADER_TWICE,
    HIDDEN_LINE, LIMIT, LONE_CR, MARGIN_TEXT, PARTIAL, TNEF, TNEF_BROKEN,
};
use crate::header::{self, FIELDS_MAX, Header};
use crate::structure::{self, Delimiters, Division, Manner};
use crate::{
    Body, MimeLimits, Origin, Part, Reading, base64, embedded, text, tnef, transfer, words,
};

/// Octets that all searches together may look at, for each octet of the message: 30 levels, each
/// searched for a boundary, twice where programs differ.
const WORK_PER_OCTET: usize = 64;
/// The same for a message of any size, so that small ones are never cut.
const WORK_BASE: usize = 4 * 1024 * 1024;
/// Findings of one kind that are kept: ten show what one shows.
const FINDINGS_OF_A_KIND_MAX: usize = 5;
/// Values longer than this, in bytes, are not searched for hidden line ends.
const HIDDEN_LINE_BYTES_MAX: usize = 16 * 1024;

/// Reads one message. Lines may end in CRLF or LF, or both.
pub fn read(message: &[u8], limits: &MimeLimits) -> Reading {
    let mut reader = Reader {
        limits,
        reading: Reading { is_complete: true, ..Reading::default() },
        pending: Vec::new(),
        seen: BTreeSet::new(),
        sources: 0,
        work_left: message.len().saturating_mul(WORK_PER_OCTET).saturating_add(WORK_BASE),
        decoded_left: limits.decoded_bytes_max,
        fields_left: FIELDS_MAX,
    };
    let source = Source { id: 0, bytes: Bytes::Message(message) };
    reader.pending.push(Job::Entity(Task::new(source, 0..message.len())));
    while let Some(job) = reader.pending.pop() {
        reader.work(job);
    }
    if reader.reading.parts.is_empty() {
        reader.reading.parts.push(Part { media_type: "text/plain".to_owned(), ..Part::default() });
    }
    reader.reading
}

/// Octets that parts lie in: the message, or what a part was decoded to.
#[derive(Clone)]
struct Source<'a> {
    id: usize,
    bytes: Bytes<'a>,
}

#[derive(Clone)]
enum Bytes<'a> {
    Message(&'a [u8]),
    Decoded(Rc<Vec<u8>>),
}

impl Source<'_> {
    fn all(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Message(bytes) => bytes,
            Bytes::Decoded(bytes) => bytes,
        }
    }

    fn at(&self, range: &Range<usize>) -> &[u8] {
        self.all().get(range.clone()).unwrap_or_default()
    }
}

/// An entity that is to be read.
#[derive(Clone)]
struct Task<'a> {
    source: Source<'a>,
    range: Range<usize>,
    /// Where the header ends for a program that stops there.
    header_end: Option<usize>,
    /// Which of several content types is taken.
    view: usize,
    parent: Option<usize>,
    depth: usize,
    origin: Origin,
    /// The type of what says none.
    default_type: &'static str,
}

impl<'a> Task<'a> {
    fn new(source: Source<'a>, range: Range<usize>) -> Self {
        Self {
            source,
            range,
            header_end: None,
            view: 0,
            parent: None,
            depth: 0,
            origin: Origin::Standard,
            default_type: "text/plain",
        }
    }

    /// An entity inside this one.
    fn child(&self, index: usize, source: Source<'a>, range: Range<usize>) -> Self {
        Self {
            parent: Some(index),
            depth: self.depth + 1,
            origin: self.origin,
            ..Self::new(source, range)
        }
    }

    fn alternative(self) -> Self {
        Self { origin: Origin::Alternative, ..self }
    }
}

enum Job<'a> {
    Entity(Task<'a>),
    /// A part that needs no reading.
    Ready(Box<Part>),
}

struct Reader<'a, 'l> {
    limits: &'l MimeLimits,
    reading: Reading,
    /// The last is next.
    pending: Vec<Job<'a>>,
    /// What was read: source, range, end of header, type.
    seen: BTreeSet<(usize, usize, usize, usize, usize)>,
    sources: usize,
    work_left: usize,
    decoded_left: usize,
    fields_left: usize,
}

impl<'a> Reader<'a, '_> {
    fn find(&mut self, finding: Finding) {
        let same = self.reading.findings.iter().filter(|one| one.kind.id == finding.kind.id);
        if same.count() < FINDINGS_OF_A_KIND_MAX {
            self.reading.findings.push(finding);
        }
    }

    fn limit(&mut self, what: &str) {
        self.reading.is_complete = false;
        let is_told = self.reading.findings.iter().any(|one| {
            one.kind.id == LIMIT.id && one.arguments.iter().any(|(_, value)| value == what)
        });
        if !is_told {
            self.find(Finding::of(&LIMIT).with("what", what));
        }
    }

    /// Takes from the budget of octets looked at.
    fn spend(&mut self, octets: usize) -> bool {
        match self.work_left.checked_sub(octets) {
            Some(left) => self.work_left = left,
            None => self.limit("work"),
        }
        self.work_left >= octets
    }

    fn has_room(&mut self) -> bool {
        let has_room = self.reading.parts.len() < self.limits.parts_max;
        if !has_room {
            self.limit("parts");
            // What else is pending would be refused one by one.
            self.pending.clear();
        }
        has_room
    }

    fn work(&mut self, job: Job<'a>) {
        match job {
            Job::Entity(task) => {
                let header_end = task.header_end.map_or(0, |end| end + 1);
                let Range { start, end } = task.range;
                if self.seen.insert((task.source.id, start, end, header_end, task.view))
                    && self.has_room()
                    && self.spend(end.saturating_sub(start))
                {
                    self.entity(&task);
                }
            }
            Job::Ready(part) => {
                if self.has_room() {
                    self.reading.parts.push(*part);
                }
            }
        }
    }

    fn entity(&mut self, task: &Task<'a>) {
        let source = task.source.clone();
        let entity = source.at(&task.range);
        let header = header::split(entity, task.header_end);
        let about = About::of(&header, task.default_type);
        let Some(media_type) = about.media_types.get(task.view).cloned() else { return };
        let fields = header.fields(self.fields_left);
        if fields.len() < header.raw.len() {
            self.limit("fields");
        }
        self.fields_left -= fields.len();
        let index = self.reading.parts.len();
        self.reading.parts.push(Part {
            parent: task.parent,
            depth: task.depth,
            origin: task.origin,
            fields,
            charset: about.charsets.first().cloned(),
            names: about.names.clone(),
            is_attachment: about.is_attachment(&media_type),
            content_id: about.content_id.clone(),
            media_type: media_type.clone(),
            bodies: Vec::new(),
        });
        let mut next = Vec::new();
        let body = task.range.start + header.body..task.range.end;
        if task.depth >= self.limits.depth_max && is_container(&media_type) {
            self.limit("depth");
            self.keep(index, vec![Cow::Borrowed(source.at(&body))], &about);
        } else if media_type.starts_with("multipart/") {
            self.multipart(index, task, &body, &about, &mut next);
        } else if is_message(&media_type) {
            self.message(index, task, &body, &about, &mut next);
        } else {
            self.leaf(index, task, source.at(&body), &about, &mut next);
        }
        self.other_readings(task, entity, &header, &about, &mut next);
        about.findings.into_iter().for_each(|finding| self.find(finding));
        self.pending.extend(next.into_iter().rev());
    }

    /// Where other programs see another header or another type.
    fn other_readings(
        &mut self,
        task: &Task<'a>,
        entity: &[u8],
        header: &Header<'_>,
        about: &About,
        next: &mut Vec<Job<'a>>,
    ) {
        if task.view == 0 {
            for view in 1..about.media_types.len() {
                next.push(Job::Entity(Task { view, ..task.clone() }.alternative()));
            }
        }
        self.header_findings(task, header);
        if task.header_end.is_some() {
            return;
        }
        if let Some(end) = header.earlier_body
            && header.has_content_field_after(entity, end)
        {
            self.find(Finding::of(&HEADER_ODD));
            next.push(Job::Entity(Task { header_end: Some(end), ..task.clone() }.alternative()));
        }
        let body = entity.get(header.body..).unwrap_or_default();
        if let Some(blank) = header::second_header(body)
            && !about
                .media_types
                .iter()
                .any(|kind| is_container(kind) || kind.starts_with("message/"))
        {
            self.find(Finding::of(&HEADER_TWICE));
            let start = task.range.start + header.body + blank;
            next.push(Job::Entity(
                Task { range: start..task.range.end, ..task.clone() }.alternative(),
            ));
        }
    }

    fn header_findings(&mut self, task: &Task<'a>, header: &Header<'_>) {
        let table: [(bool, &'static FindingKind); 2] =
            [(header.has_lone_cr, &LONE_CR), (header.has_nul, &HEADER_NUL)];
        for (is_there, kind) in table {
            if is_there {
                self.find(Finding::of(kind));
            }
        }
        if task.origin != Origin::Standard {
            return;
        }
        for (name, raw) in &header.raw {
            // What is written by programs for programs is not decoded by any: X-Face is not text.
            let is_shown = !name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case(b"x-"));
            if is_shown
                && memchr::memchr(b'?', raw).is_some()
                && raw.len() <= HIDDEN_LINE_BYTES_MAX
                && words::has_hidden_line(&String::from_utf8_lossy(raw))
            {
                let name = String::from_utf8_lossy(name);
                self.find(Finding::of(&HIDDEN_LINE).with("name", &name));
            }
        }
    }

    fn multipart(
        &mut self,
        index: usize,
        task: &Task<'a>,
        body: &Range<usize>,
        about: &About,
        next: &mut Vec<Job<'a>>,
    ) {
        let source = &task.source;
        let mut is_divided = false;
        for boundary in &about.boundaries {
            is_divided |=
                self.divide(index, task, source, body, boundary.as_bytes(), is_divided, next);
        }
        if !about.encodings.is_identity() {
            let raw = source.at(body);
            let readings = transfer::bodies(raw, &about.encodings, &mut self.reading.findings);
            let readings: Vec<Vec<u8>> =
                readings.into_iter().filter(|one| **one != *raw).map(Cow::into_owned).collect();
            for decoded in readings {
                let Some(decoded) = self.source(decoded) else { return };
                let range = 0..decoded.all().len();
                for boundary in &about.boundaries {
                    let boundary = boundary.as_bytes();
                    let found =
                        self.divide(index, task, &decoded, &range, boundary, is_divided, next);
                    if found {
                        let encoding = about.encodings.shown.as_str();
                        self.find(Finding::of(&ENCODED_MULTIPART).with("encoding", encoding));
                    }
                    is_divided |= found;
                }
            }
        }
        if is_divided {
            return;
        }
        if task.origin == Origin::Standard {
            self.find(Finding::of(&BOUNDARY_MISSING));
        }
        let raw = source.at(body);
        if let Some(boundary) = structure::guess_boundary(raw) {
            let boundary = boundary.to_vec();
            self.divide(index, task, source, body, &boundary, true, next);
        }
        // Most programs show such a body as text, some decoded.
        self.leaf(index, task, raw, about, next);
    }

    /// Divides by one boundary in every manner; false where it does not occur.
    #[expect(clippy::too_many_arguments, reason = "they are one place in the message")]
    fn divide(
        &mut self,
        index: usize,
        task: &Task<'a>,
        source: &Source<'a>,
        body: &Range<usize>,
        boundary: &[u8],
        is_other: bool,
        next: &mut Vec<Job<'a>>,
    ) -> bool {
        let bytes = source.at(body);
        if !self.spend(bytes.len()) {
            return false;
        }
        let found = self.delimiters(bytes, boundary);
        if found.is_empty() {
            return false;
        }
        let task = if is_other { task.clone().alternative() } else { task.clone() };
        let exact = found.divide(bytes.len(), Manner::Exact);
        let is_exact = !exact.parts.is_empty() || !exact.late.is_empty() || exact.is_closed;
        let shown = String::from_utf8_lossy(boundary);
        if is_exact {
            self.children(index, &task, source, body.start, &exact, next);
        }
        if found.has_longer {
            self.find(Finding::of(&BOUNDARY_PREFIX).with("boundary", &shown));
        }
        if found.has_lone_cr {
            self.find(Finding::of(&LONE_CR));
        }
        if found.has_longer || found.has_lone_cr {
            let task = if is_exact { task.clone().alternative() } else { task.clone() };
            let loose = found.divide(bytes.len(), Manner::Loose);
            self.children(index, &task, source, body.start, &loose, next);
        }
        if !exact.is_closed {
            if task.origin == Origin::Standard {
                self.find(Finding::of(&CLOSE_MISSING));
            }
            self.overlap(index, &task, source, body, boundary, next);
        }
        true
    }

    /// A boundary that was not closed may go on where the part's container has ended it.
    fn overlap(
        &mut self,
        index: usize,
        task: &Task<'a>,
        source: &Source<'a>,
        body: &Range<usize>,
        boundary: &[u8],
        next: &mut Vec<Job<'a>>,
    ) {
        let beyond = body.end..source.all().len();
        if beyond.is_empty() || !self.spend(beyond.len()) {
            return;
        }
        if self.delimiters(source.at(&beyond), boundary).is_empty() {
            return;
        }
        let shown = String::from_utf8_lossy(boundary);
        self.find(Finding::of(&BOUNDARY_OVERLAP).with("boundary", &shown));
        let whole = body.start..source.all().len();
        if self.spend(whole.len()) {
            let found = self.delimiters(source.at(&whole), boundary);
            let division = found.divide(whole.len(), Manner::Exact);
            let task = task.clone().alternative();
            self.children(index, &task, source, whole.start, &division, next);
        }
    }

    fn delimiters(&mut self, bytes: &[u8], boundary: &[u8]) -> Delimiters {
        let found = structure::delimiters(bytes, boundary, self.limits.parts_max + 2);
        if found.is_cut {
            self.limit("parts");
        }
        found
    }

    fn children(
        &mut self,
        index: usize,
        task: &Task<'a>,
        source: &Source<'a>,
        start: usize,
        division: &Division,
        next: &mut Vec<Job<'a>>,
    ) {
        let is_digest =
            self.reading.parts.get(index).is_some_and(|part| part.media_type == "multipart/digest");
        let default_type = if is_digest { "message/rfc822" } else { "text/plain" };
        let place = |range: &Range<usize>| start + range.start..start + range.end;
        for range in &division.parts {
            if range.is_empty() && task.origin == Origin::Alternative {
                continue;
            }
            let child = task.child(index, source.clone(), place(range));
            next.push(Job::Entity(Task { default_type, ..child }));
        }
        for range in division.late.iter().filter(|range| !range.is_empty()) {
            self.find(Finding::of(&EPILOGUE_PART));
            let child = task.child(index, source.clone(), place(range)).alternative();
            next.push(Job::Entity(Task { default_type, ..child }));
        }
        for range in &division.margins {
            let bytes = source.at(&place(range));
            if task.origin == Origin::Standard && !is_expected_margin(bytes) {
                self.find(Finding::of(&MARGIN_TEXT));
                self.ready(index, task, bytes, next);
            }
        }
    }

    /// Text that no reader shows, kept for those who scan octets.
    fn ready(&mut self, index: usize, task: &Task<'a>, bytes: &[u8], next: &mut Vec<Job<'a>>) {
        let Some(kept) = self.reserve(bytes) else { return };
        let part = Part {
            parent: Some(index),
            depth: task.depth + 1,
            origin: Origin::Margin,
            media_type: "text/plain".to_owned(),
            bodies: vec![Body { bytes: kept.to_vec(), text: None }],
            ..Part::default()
        };
        next.push(Job::Ready(Box::new(part)));
        self.embedded(index, task, bytes, next);
    }

    fn message(
        &mut self,
        index: usize,
        task: &Task<'a>,
        body: &Range<usize>,
        about: &About,
        next: &mut Vec<Job<'a>>,
    ) {
        let raw = task.source.at(body);
        let inside = task.child(index, task.source.clone(), body.clone());
        let is_identity = about.encodings.is_identity();
        // RFC 2046 5.2.1 forbids an encoding here; programs label plain messages so all the same.
        let is_plain = is_identity || !header::split(raw, None).raw.is_empty();
        if is_plain {
            next.push(Job::Entity(inside.clone()));
        }
        if is_identity {
            return;
        }
        let readings = transfer::bodies(raw, &about.encodings, &mut self.reading.findings);
        let readings: Vec<Vec<u8>> =
            readings.into_iter().filter(|one| **one != *raw).map(Cow::into_owned).collect();
        for (count, decoded) in readings.into_iter().enumerate() {
            let Some(source) = self.source(decoded) else { return };
            let range = 0..source.all().len();
            let child = task.child(index, source, range);
            let is_other = is_plain || count > 0;
            next.push(Job::Entity(if is_other { child.alternative() } else { child }));
        }
    }

    fn leaf(
        &mut self,
        index: usize,
        task: &Task<'a>,
        raw: &[u8],
        about: &About,
        next: &mut Vec<Job<'a>>,
    ) {
        let media_type = self.media_type(index);
        match media_type.as_str() {
            "message/partial" => self.find(Finding::of(&PARTIAL)),
            "message/external-body" => self.find(Finding::of(&EXTERNAL_BODY)),
            _ => {}
        }
        let mut found = Vec::new();
        let bodies = transfer::bodies(raw, &about.encodings, &mut found);
        if bodies.len() > 1 && raw.len() > base64::LARGE_BYTES {
            self.limit("readings");
        }
        found.into_iter().for_each(|finding| self.find(finding));
        if media_type.starts_with("text/") || media_type.starts_with("multipart/") {
            for body in bodies.iter().take(2) {
                self.embedded(index, task, body, next);
            }
        }
        let is_tnef =
            matches!(media_type.as_str(), "application/ms-tnef" | "application/vnd.ms-tnef")
                || about.names.iter().any(|name| name.eq_ignore_ascii_case("winmail.dat"));
        for body in &bodies {
            if is_tnef || tnef::is_package(body) {
                self.tnef(index, task, body, next);
            }
        }
        let is_mail = |name: &String| {
            let name = name.to_ascii_lowercase();
            [".eml", ".mht", ".mhtml"].iter().any(|end| name.trim_end().ends_with(end))
        };
        if media_type == "message/partial" || about.names.iter().any(is_mail) {
            for body in &bodies {
                self.unpacked_message(index, task, body.to_vec(), next);
            }
        }
        self.keep(index, bodies, about);
    }

    /// A message inside a part that is not declared as one.
    fn unpacked_message(
        &mut self,
        index: usize,
        task: &Task<'a>,
        bytes: Vec<u8>,
        next: &mut Vec<Job<'a>>,
    ) {
        if task.depth >= self.limits.depth_max {
            self.limit("depth");
            return;
        }
        let Some(source) = self.source(bytes) else { return };
        let range = 0..source.all().len();
        let child = task.child(index, source, range);
        next.push(Job::Entity(Task { origin: Origin::Unpacked, ..child }));
    }

    fn embedded(&mut self, index: usize, task: &Task<'a>, text: &[u8], next: &mut Vec<Job<'a>>) {
        for file in embedded::find(text) {
            let found = Finding::of(&EMBEDDED).with("name", &file.name);
            self.find(found.with("encoding", file.encoding));
            let item = tnef::Item {
                names: vec![file.name],
                media_type: String::new(),
                content_id: None,
                bytes: file.bytes,
            };
            self.unpacked(index, task, item, next);
        }
    }

    fn tnef(&mut self, index: usize, task: &Task<'a>, bytes: &[u8], next: &mut Vec<Job<'a>>) {
        let package = tnef::unpack(bytes);
        self.find(Finding::of(if package.is_damaged { &TNEF_BROKEN } else { &TNEF }));
        for item in package.items {
            self.unpacked(index, task, item, next);
        }
    }

    /// A file from inside a part, as a part of its own; a package in a package is read again.
    fn unpacked(
        &mut self,
        index: usize,
        task: &Task<'a>,
        item: tnef::Item,
        next: &mut Vec<Job<'a>>,
    ) {
        if tnef::is_package(&item.bytes) || item.media_type == "message/rfc822" {
            // Read as a message: its type comes from the octets, its name from here.
            if tnef::is_package(&item.bytes) && task.depth < self.limits.depth_max {
                let child = Task { depth: task.depth + 1, ..task.clone() };
                self.tnef(index, &child, &item.bytes, next);
            } else {
                self.unpacked_message(index, task, item.bytes, next);
            }
            return;
        }
        let Some(kept) = self.reserve(&item.bytes) else { return };
        let media_type = match item.media_type.as_str() {
            "" => "application/octet-stream",
            other => other,
        };
        let text =
            media_type.starts_with("text/").then(|| crate::charset::guess(kept).into_owned());
        let part = Part {
            parent: Some(index),
            depth: self.reading.parts.get(index).map_or(0, |parent| parent.depth) + 1,
            origin: Origin::Unpacked,
            media_type: media_type.to_owned(),
            is_attachment: !item.names.is_empty(),
            names: item.names,
            content_id: item.content_id,
            bodies: vec![Body { bytes: kept.to_vec(), text }],
            ..Part::default()
        };
        next.push(Job::Ready(Box::new(part)));
    }

    fn media_type(&self, index: usize) -> String {
        self.reading.parts.get(index).map(|part| part.media_type.clone()).unwrap_or_default()
    }

    /// Octets that parts will lie in, within the budget.
    fn source(&mut self, mut bytes: Vec<u8>) -> Option<Source<'a>> {
        let length = self.reserve(&bytes)?.len();
        bytes.truncate(length);
        self.sources += 1;
        Some(Source { id: self.sources, bytes: Bytes::Decoded(Rc::new(bytes)) })
    }

    /// As many octets as the budget of decoded ones allows; none where it is used up.
    fn reserve<'b>(&mut self, bytes: &'b [u8]) -> Option<&'b [u8]> {
        let kept = bytes.get(..bytes.len().min(self.decoded_left)).unwrap_or_default();
        self.decoded_left -= kept.len();
        if kept.len() < bytes.len() {
            self.limit("decoded bytes");
        }
        (!kept.is_empty() || bytes.is_empty()).then_some(kept)
    }

    /// Puts the readings of a body into its part, as text too where it is text.
    fn keep(&mut self, index: usize, readings: Vec<Cow<'_, [u8]>>, about: &About) {
        let media_type = self.media_type(index);
        let is_text = media_type.starts_with("text/")
            || is_container(&media_type)
            || media_type.starts_with("message/");
        let is_html = matches!(media_type.as_str(), "text/html" | "application/xhtml+xml");
        let mut bodies = Vec::with_capacity(readings.len());
        for reading in readings {
            let Some(kept) = self.reserve(&reading) else { break };
            if !is_text && !is_html {
                let bytes =
                    if kept.len() == reading.len() { reading.into_owned() } else { kept.to_vec() };
                bodies.push(Body { bytes, text: None });
                continue;
            }
            let mut found = Vec::new();
            let texts = text::readings(kept, is_html, &about.charsets, &mut found);
            for (count, text) in texts.into_iter().enumerate() {
                if count > 0 && self.reserve(kept).is_none_or(|more| more.len() < kept.len()) {
                    break;
                }
                bodies.push(Body { bytes: kept.to_vec(), text: Some(text.into_owned()) });
            }
            found.into_iter().for_each(|finding| self.find(finding));
        }
        if let Some(part) = self.reading.parts.get_mut(index) {
            part.bodies.append(&mut bodies);
        }
    }
}

fn is_message(media_type: &str) -> bool {
    matches!(media_type, "message/rfc822" | "message/global" | "message/news")
}

/// Whether it holds parts.
fn is_container(media_type: &str) -> bool {
    media_type.starts_with("multipart/") || is_message(media_type)
}

/// Blank, or the sentence that mail programs put there for readers from before 1992.
fn is_expected_margin(bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii();
    text.is_empty()
        || [
            &b"This is a multi-part message in MIME format."[..],
            b"This is a multipart message in MIME format.",
            b"This is a cryptographically signed message in MIME format.",
            b"This is an OpenPGP/MIME signed message (RFC 4880 and 3156)",
        ]
        .contains(&text)
}
