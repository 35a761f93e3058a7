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
use crate::findings::{HEADER_NUL, HEADER_ODD, HEADER_TWICE, HIDDEN_LINE, LIMIT, LONE_CR};
use crate::header::{self, FIELDS_MAX, Header};
use crate::{MimeLimits, Origin, Part, Reading, words};

mod containers;
mod leaves;

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

    fn find_all(&mut self, findings: Vec<Finding>) {
        findings.into_iter().for_each(|finding| self.find(finding));
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
        self.find_all(about.findings);
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
        if header.has_odd_line && !header.earlier_bodies.is_empty() {
            self.find(Finding::of(&HEADER_ODD));
        }
        for end in &header.earlier_bodies {
            let header_end = Some(*end);
            next.push(Job::Entity(Task { header_end, ..task.clone() }.alternative()));
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
}

fn is_message(media_type: &str) -> bool {
    matches!(media_type, "message/rfc822" | "message/global" | "message/news")
}

/// Whether it holds parts.
fn is_container(media_type: &str) -> bool {
    media_type.starts_with("multipart/") || is_message(media_type)
}
