//! The walk over a message's files: each is named, typed, searched, and opened where it can hold
//! others.
//!
//! Touches nothing. Every reading of every part is walked; what is the same twice is opened once.
//! Formats live in `archive`, `office` and `document`; they hand what they hold back to
//! [`Examiner::member`], and so a file is treated alike wherever it lies.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::io::Read;

use posthouse_mime::{Part, Reading};
use posthouse_types::{Finding, FindingKind};
use sha2::{Digest as _, Sha256};

use crate::budget::{Budget, Cost, Inflated};
use crate::findings as kinds;
use crate::item::{Attachments, Item};
use crate::signature::Needles;
use crate::types::{self, Family, FileKind};
use crate::{AttachmentLimits, archive, document, names, office, password, verdicts, yara};

/// What else is asked of the examination.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extra<'a> {
    /// Rules to search every file with.
    pub yara: Option<&'a yara::Rules>,
}

/// Findings of one kind: a hundred programs in an archive say no more than five.
const SAME_KIND_MAX: usize = 5;

/// Examines everything that a message carries, in every reading of every part.
pub fn examine(reading: &Reading, limits: &AttachmentLimits, extra: &Extra<'_>) -> Attachments {
    let bytes = reading.parts.iter().flat_map(|part| &part.bodies).map(|body| body.bytes.len());
    let mut examiner = Examiner {
        limits,
        extra,
        budget: Budget::new(limits, bytes.sum::<usize>() as u64),
        reading,
        passwords: OnceCell::new(),
        out: Attachments { is_complete: reading.is_complete, ..Attachments::default() },
        opened: BTreeSet::new(),
    };
    for (index, part) in reading.parts.iter().enumerate() {
        for body in &part.bodies {
            examiner.part(index, part, &body.bytes);
        }
    }
    examiner.out
}

/// Where a file lies.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The part of the message.
    pub(crate) part: usize,
    /// Names of the file.
    pub(crate) names: Vec<String>,
    /// Names of the containers around it.
    pub(crate) path: Vec<String>,
    /// What the message declares it as.
    pub(crate) media_type: String,
    /// Containers around it.
    pub(crate) depth: usize,
    /// Text to be read in the message itself, no file.
    pub(crate) is_message_text: bool,
}

impl Place {
    /// How findings call it: the containers' names and its own.
    pub(crate) fn shown(&self) -> String {
        let own = self.names.first().map_or("(no name)", String::as_str);
        let mut shown = self.path.join(" > ");
        if !shown.is_empty() {
            shown.push_str(" > ");
        }
        shown.push_str(own);
        shown
    }

    /// A place inside this one.
    pub(crate) fn child(&self, names: &[&str]) -> Self {
        /// Longer names are cut: thousands of them are kept.
        const KEPT_CHARACTERS: usize = 1024;
        let mut path = self.path.clone();
        path.push(self.names.first().cloned().unwrap_or_default());
        let cut = |name: &&str| name.chars().take(KEPT_CHARACTERS).collect::<String>();
        Self {
            part: self.part,
            names: names.iter().filter(|name| !name.is_empty()).map(cut).collect(),
            path,
            media_type: String::new(),
            depth: self.depth + 1,
            is_message_text: false,
        }
    }
}

/// The state of one examination.
pub(crate) struct Examiner<'a> {
    pub(crate) limits: &'a AttachmentLimits,
    extra: &'a Extra<'a>,
    pub(crate) budget: Budget,
    /// Candidates from the message's text, looked for when something is locked.
    passwords: OnceCell<Vec<String>>,
    reading: &'a Reading,
    pub(crate) out: Attachments,
    /// Contents that were opened already.
    opened: BTreeSet<[u8; 32]>,
}

impl Examiner<'_> {
    fn part(&mut self, index: usize, part: &Part, bytes: &[u8]) {
        let is_text = part.names.is_empty() && !part.is_attachment;
        let place = Place {
            part: index,
            names: part.names.clone(),
            path: Vec::new(),
            media_type: part.media_type.clone(),
            depth: 0,
            is_message_text: is_text && part.media_type.starts_with("text/"),
        };
        let read = Inflated {
            size: bytes.len() as u64,
            sha256: Sha256::digest(bytes).into(),
            is_whole: true,
            needles: Needles::search(bytes),
            ..Inflated::default()
        };
        self.file(&place, bytes, &read);
    }

    /// Passwords that the message's text may give away.
    pub(crate) fn passwords(&self) -> &[String] {
        self.passwords.get_or_init(|| password::candidates(self.reading, self.limits.passwords_max))
    }

    /// A member that a container holds: unpacked, examined, forgotten.
    pub(crate) fn member(
        &mut self,
        around: &Place,
        names: &[&str],
        from: &mut dyn Read,
        cost: Cost,
    ) -> Got {
        if self.budget.is_gone || !self.budget.member() {
            self.bomb(around);
            return Got::Nothing;
        }
        // Documents hold documents, too: whatever nests ends here.
        if around.depth >= self.limits.depth_max {
            self.too_deep(around);
            return Got::Nothing;
        }
        let mut read = self.budget.inflate(from, cost);
        let place = around.child(names);
        if self.budget.is_gone {
            self.bomb(&place);
        }
        let bytes = std::mem::take(&mut read.bytes);
        self.file(&place, &bytes, &read);
        self.budget.release(bytes.len());
        match (read.is_damaged, read.size) {
            (true, 0) => Got::Nothing,
            (true, _) => Got::Part,
            (false, _) => Got::All,
        }
    }

    /// Octets that lie openly inside a file, found by its reader.
    pub(crate) fn inside(&mut self, around: &Place, name: &str, bytes: &[u8]) {
        self.member(around, &[name], &mut { bytes }, Cost::Stored);
    }

    /// A member of which only the name is known.
    pub(crate) fn locked(&mut self, around: &Place, name: &str, size: u64, is_encrypted: bool) {
        self.out.is_complete = false;
        if !self.budget.member() {
            return self.bomb(around);
        }
        let place = around.child(&[name]);
        let looked: Vec<_> = place.names.iter().map(|name| names::look(name)).collect();
        verdicts::names(self, &place, &looked, &types::UNREAD);
        self.push(&place, &looked, &types::UNREAD, size, None);
        if let Some(item) = self.out.items.last_mut() {
            item.is_encrypted = is_encrypted;
        }
    }

    /// One file: named, typed, searched, opened.
    fn file(&mut self, place: &Place, bytes: &[u8], read: &Inflated) {
        if !read.is_whole || read.is_damaged {
            self.out.is_complete = false;
        }
        if !read.is_whole && !self.budget.is_gone {
            self.say(Finding::of(&kinds::PARTLY).with("file", &place.shown()));
        }
        self.test_strings(place, &read.needles);
        let Some(detected) = self.detect(place, bytes) else { return self.bomb(place) };
        let listing = archive::zip::listing(self, bytes, detected);
        let kind = listing.as_ref().map_or(detected, |listing| listing.kind(detected));
        let sha256 = (read.is_whole && !read.is_damaged).then_some(read.sha256);
        let is_file = !place.is_message_text || is_binary(kind);
        if is_file {
            let looked: Vec<_> = place.names.iter().map(|name| names::look(name)).collect();
            verdicts::names(self, place, &looked, kind);
            self.push(place, &looked, kind, read.size, sha256);
        }
        if !self.opened.insert(read.sha256) {
            return;
        }
        if let Some(rules) = self.extra.yara {
            yara::search(self, place, rules, bytes);
        }
        let opened = listing.is_some() || archive::opens(kind) || office::opens(kind);
        if opened && place.depth >= self.limits.depth_max {
            return self.too_deep(place);
        }
        if let Some(listing) = listing {
            archive::zip::open(self, place, bytes, &listing, kind, read.is_whole);
        }
        archive::open(self, place, bytes, kind);
        office::open(self, place, bytes, kind);
        document::open(self, place, bytes, kind);
    }

    /// What it is, if the budget allows to ask.
    fn detect(&mut self, place: &Place, bytes: &[u8]) -> Option<&'static FileKind> {
        // The message's own text is no script, whatever its words are.
        if place.is_message_text {
            return Some(types::magic::detect_binary(bytes));
        }
        self.budget.work(types::detect_work(bytes)).then(|| types::detect(bytes))
    }

    /// A file lies too deep to be opened.
    fn too_deep(&mut self, place: &Place) {
        self.out.is_complete = false;
        let depth = self.limits.depth_max.to_string();
        let finding = Finding::of(&kinds::DEPTH).with("file", &place.shown());
        self.say(finding.with("depth", &depth));
    }

    fn push(
        &mut self,
        place: &Place,
        looked: &[names::Name],
        kind: &'static FileKind,
        size: u64,
        sha256: Option<[u8; 32]>,
    ) {
        let mut extensions: Vec<String> =
            looked.iter().flat_map(|name| name.extensions.iter().cloned()).collect();
        extensions.dedup();
        self.out.items.push(Item {
            part: place.part,
            names: place.names.clone(),
            path: place.path.clone(),
            kind,
            extensions,
            media_type: place.media_type.clone(),
            size,
            sha256,
            is_encrypted: false,
        });
    }

    fn test_strings(&mut self, place: &Place, needles: &Needles) {
        if needles.eicar {
            let file = if place.is_message_text { "The text" } else { &place.shown() };
            self.say(Finding::of(&kinds::EICAR).with("file", file));
        }
        if needles.gtube {
            self.say(Finding::of(&kinds::GTUBE));
        }
    }

    /// Says something, once.
    pub(crate) fn say(&mut self, finding: Finding) {
        let said = &self.out.findings;
        let same = said.iter().filter(|one| one.kind.id == finding.kind.id);
        let repeated = same.clone().any(|one| one.arguments == finding.arguments);
        if !repeated && same.count() < SAME_KIND_MAX && said.len() < self.limits.findings_max {
            self.out.findings.push(finding);
        }
    }

    /// Says something about one file.
    pub(crate) fn says(&mut self, kind: &'static FindingKind, place: &Place) {
        self.say(Finding::of(kind).with("file", &place.shown()));
    }

    /// Octets that a decoder here may look back on: outer ones still hold theirs.
    pub(crate) fn window_bytes_max(&self, place: &Place) -> u32 {
        self.limits.window_bytes_max >> place.depth.min(2)
    }

    /// The budget is gone: nothing more is opened.
    pub(crate) fn bomb(&mut self, place: &Place) {
        self.out.is_complete = false;
        let said = self.out.findings.iter().any(|one| one.kind.id == kinds::BOMB.id);
        if !said {
            // Much honest work ends here, too.
            let weight = if self.budget.is_bomb() { 4.0 } else { 1.0 };
            let finding = Finding::of(&kinds::BOMB).with("file", &place.shown());
            self.say(finding.weighing(weight));
        }
    }

    /// Not everything in a container could be read.
    pub(crate) fn unreadable(&mut self, place: &Place, kind: &FileKind) {
        self.out.is_complete = false;
        let finding = Finding::of(&kinds::UNREADABLE).with("file", &place.shown());
        self.say(finding.with("kind", kind.name));
    }
}

/// How much of a member came out of its decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Got {
    /// To the end.
    All,
    /// Some, then the decoder complained.
    Part,
    /// The decoder complained at once, or nothing may be unpacked any more.
    Nothing,
}

/// No text: what calls itself the message's text but is none is a file.
fn is_binary(kind: &FileKind) -> bool {
    !matches!(
        kind.family,
        Family::Text | Family::Page | Family::Script | Family::Unknown | Family::Shortcut
    ) || kind.name == "lnk"
}
