//! Parts that hold parts: multiparts by every boundary in every manner, and messages inside.
//!
//! Touches nothing. Makes tasks of what is inside; never reads it itself.

use std::borrow::Cow;
use std::ops::Range;

use posthouse_types::Finding;

use super::{Job, Reader, Source, Task};
use crate::about::About;
use crate::findings::{
    BOUNDARY_MISSING, BOUNDARY_OVERLAP, BOUNDARY_PREFIX, CLOSE_MISSING, ENCODED_MULTIPART,
    EPILOGUE_PART, LONE_CR, MARGIN_TEXT,
};
use crate::structure::{self, Delimiters, Division, Manner};
use crate::transfer::{self, Encoding};
use crate::{Body, Origin, Part, header};

/// How much of what follows a multipart without an end is read as if it still belonged to it, in
/// bytes, where nothing there speaks for it: it costs as much memory as it is long.
const BEYOND_BYTES_MAX: usize = 4 * 1024 * 1024;

impl<'a> Reader<'a, '_> {
    pub(super) fn multipart(
        &mut self,
        index: usize,
        task: &Task<'a>,
        body: &Range<usize>,
        about: &About,
        next: &mut Vec<Job<'a>>,
    ) {
        let source = &task.source;
        let mut is_divided = false;
        // Whether somebody sees no parts here, because he takes a boundary that does not occur.
        let mut is_whole = about.has_doubtful_boundary;
        for (order, boundary) in about.boundaries.iter().enumerate() {
            let boundary = boundary.as_bytes();
            let found = self.divide(index, task, source, body, boundary, is_divided, next);
            is_whole |= order == 0 && !found;
            is_divided |= found;
        }
        if !about.encodings.is_identity() {
            let raw = source.at(body);
            for decoded in self.decoded(raw, about) {
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
            if is_whole && let Some(kept) = self.reserve(source.at(body)) {
                let body = Body { bytes: kept.to_vec(), text: None };
                let part = self.reading.parts.get_mut(index);
                part.into_iter().for_each(|part| part.bodies.push(body.clone()));
            }
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
        let shown = String::from_utf8_lossy(boundary);
        if found.has_longer {
            self.find(Finding::of(&BOUNDARY_PREFIX).with("boundary", &shown));
        }
        if found.has_lone_cr {
            self.find(Finding::of(&LONE_CR));
        }
        let exact = found.divide(bytes.len(), Manner::Exact);
        let is_loose = found.has_longer || found.has_lone_cr;
        let is_exact = !is_loose || !exact.parts.is_empty() || !exact.late.is_empty();
        if is_exact {
            self.children(index, &task, source, body.start, &exact, next);
        }
        if is_loose {
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

    /// A boundary that was not closed may go on where the part's container has ended it: for
    /// programs that look for the innermost boundary only, its last part goes on to the end.
    fn overlap(
        &mut self,
        index: usize,
        task: &Task<'a>,
        source: &Source<'a>,
        body: &Range<usize>,
        boundary: &[u8],
        next: &mut Vec<Job<'a>>,
    ) {
        let end = source.all().len();
        let beyond = body.end..end;
        let whole = body.start..end;
        if beyond.is_empty() || !self.spend(beyond.len()) || !self.spend(whole.len()) {
            return;
        }
        if !self.delimiters(source.at(&beyond), boundary).is_empty() {
            let shown = String::from_utf8_lossy(boundary);
            self.find(Finding::of(&BOUNDARY_OVERLAP).with("boundary", &shown));
        } else if beyond.len() > BEYOND_BYTES_MAX {
            self.limit("readings");
            return;
        }
        let division = self.delimiters(source.at(&whole), boundary);
        let division = division.divide(whole.len(), Manner::Exact);
        let task = task.clone().alternative();
        self.children(index, &task, source, whole.start, &division, next);
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

    pub(super) fn message(
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
        let encoding = about.encodings.shown.as_str();
        self.find(Finding::of(&ENCODED_MULTIPART).with("encoding", encoding));
        let readings = self.decoded(raw, about);
        // In base64 nothing can be hidden from who decodes it; in anything else it can.
        let is_other = about.encodings.all.iter().any(|one| *one != Encoding::Base64);
        if !is_plain && (readings.is_empty() || is_other) {
            let is_only = readings.is_empty();
            next.push(Job::Entity(if is_only { inside } else { inside.alternative() }));
        }
        for (count, decoded) in readings.into_iter().enumerate() {
            let Some(source) = self.source(decoded) else { return };
            let range = 0..source.all().len();
            let child = task.child(index, source, range);
            let is_other = is_plain || count > 0;
            next.push(Job::Entity(if is_other { child.alternative() } else { child }));
        }
    }

    /// The readings of a body that are not the octets as they stand.
    fn decoded(&mut self, raw: &[u8], about: &About) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        let readings = transfer::bodies(raw, &about.encodings, &mut found);
        self.find_all(found);
        readings.into_iter().filter(|one| **one != *raw).map(Cow::into_owned).collect()
    }
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
