//! Parts that hold no parts: their bodies in every reading, and what is packed inside of them.
//!
//! Touches nothing. A package in a package is read by recursion, as deep as the limit of depth.

use std::borrow::Cow;

use posthouse_types::Finding;

use super::{Job, Reader, Task, is_container};
use crate::about::About;
use crate::findings::{EMBEDDED, EXTERNAL_BODY, PARTIAL, TNEF, TNEF_BROKEN};
use crate::{Body, Origin, Part, base64, embedded, signed, text, tnef, transfer};

impl<'a> Reader<'a, '_> {
    pub(super) fn leaf(
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
        self.find_all(found);
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
                self.unpacked_message(index, task, Origin::Unpacked, body.to_vec(), next);
            }
        }
        if matches!(media_type.as_str(), "application/pkcs7-mime" | "application/x-pkcs7-mime")
            || about.names.iter().any(|name| name.to_ascii_lowercase().ends_with(".p7m"))
        {
            for content in bodies.iter().filter_map(|body| signed::content(body)) {
                // RFC 8551: this is what the reader sees.
                self.unpacked_message(index, task, task.origin, content, next);
            }
        }
        self.keep(index, bodies, about);
    }

    /// A message inside a part that is not declared as one.
    pub(super) fn unpacked_message(
        &mut self,
        index: usize,
        task: &Task<'a>,
        origin: Origin,
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
        next.push(Job::Entity(Task { origin, ..child }));
    }

    pub(super) fn embedded(
        &mut self,
        index: usize,
        task: &Task<'a>,
        text: &[u8],
        next: &mut Vec<Job<'a>>,
    ) {
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
                self.unpacked_message(index, task, Origin::Unpacked, item.bytes, next);
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

    /// Puts the readings of a body into its part, as text too where it is text.
    pub(super) fn keep(&mut self, index: usize, readings: Vec<Cow<'_, [u8]>>, about: &About) {
        let media_type = self.media_type(index);
        let is_text = media_type.starts_with("text/")
            || is_container(&media_type)
            || media_type.starts_with("message/");
        let is_html = matches!(media_type.as_str(), "text/html" | "application/xhtml+xml");
        let is_standard =
            self.reading.parts.get(index).is_some_and(|part| part.origin == Origin::Standard);
        let mut bodies = Vec::with_capacity(readings.len());
        for (order, reading) in readings.into_iter().enumerate() {
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
            if order == 0 && is_standard {
                self.find_all(found);
            }
        }
        if let Some(part) = self.reading.parts.get_mut(index) {
            part.bodies.append(&mut bodies);
        }
    }
}
