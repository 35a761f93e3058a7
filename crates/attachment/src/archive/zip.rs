//! ZIP (PKWARE's APPNOTE 6.3.10), in every way that a reader could see it.
//!
//! Touches nothing. Readers disagree on which end of central directory counts, on local against
//! central headers, and on what lies outside of both: the union is listed, and every difference is
//! said (attacks.md ARC-05, ARC-06).

use std::collections::BTreeSet;

use memchr::memmem;
use posthouse_types::Finding;

use super::zip_read;
use crate::bytes::{has, slice, u16_le, u32_le, u64_le};
use crate::examine::{Examiner, Place};
use crate::findings as kinds;
use crate::types::{Family, FileKind, UNKNOWN, ZIP, by_members};

const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
/// Ends of central directories that are followed: one is usual, two are an attack.
const ENDS_MAX: usize = 32;
/// Entries that are listed: a few more than members may be opened, so that the limit is seen.
const ENTRIES_MAX: usize = 20_000;
/// Longer member names are nonsense.
const NAME_BYTES_MAX: usize = 4096;

/// One member, as one header has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    /// The name in the other header, where that differs.
    pub(crate) other_name: Option<String>,
    pub(crate) method: u16,
    pub(crate) flags: u16,
    pub(crate) crc: u32,
    pub(crate) packed: u64,
    pub(crate) size: u64,
    /// Where the local header stands.
    pub(crate) local_at: usize,
    /// Where the packed octets begin.
    pub(crate) data_at: usize,
}

impl Entry {
    pub(crate) fn is_encrypted(&self) -> bool {
        self.flags & 1 != 0 || self.method == 99
    }

    /// The packed octets, or those that are there.
    pub(crate) fn data<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        slice(bytes, self.data_at, usize::try_from(self.packed).unwrap_or(usize::MAX))
    }
}

/// Everything that some reader would find.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listing {
    pub(crate) entries: Vec<Entry>,
    /// What readers differ on.
    differences: Vec<&'static str>,
    /// A local header has another method than the central one.
    liars: Vec<String>,
    members_kind: Option<&'static FileKind>,
}

impl Listing {
    /// What the file is, given what its beginning says.
    pub(crate) fn kind(&self, detected: &'static FileKind) -> &'static FileKind {
        if *detected == ZIP || matches!(detected.family, Family::Unknown | Family::Text) {
            self.members_kind.unwrap_or(&ZIP)
        } else {
            detected
        }
    }
}

/// Lists the archive that these octets are, or that follows in them; none where there is none.
pub(crate) fn listing(
    examiner: &mut Examiner<'_>,
    bytes: &[u8],
    detected: &'static FileKind,
) -> Option<Listing> {
    let starts = bytes.starts_with(LOCAL) || bytes.starts_with(END);
    // What lies openly in these is found when they are opened.
    if matches!(detected.name, "tar" | "iso" | "img" | "vhd" | "cpio" | "deb" | "lib") {
        return None;
    }
    let ends: Vec<usize> = memmem::find_iter(bytes, END).collect();
    if ends.is_empty() && !starts {
        return None;
    }
    let mut listing = Listing::default();
    let mut known = Known::default();
    let (mut directories, mut followed) = (0, 0);
    let mut joined = Vec::new();
    for &end in ends.iter().rev() {
        if covers(&joined, end) {
            continue; // The end of an archive that is a member of this one.
        }
        followed += 1;
        if followed > ENDS_MAX {
            listing.differences.push("it has more ends than are followed");
            break;
        }
        if central(bytes, end, &mut listing, &mut known) {
            directories += 1;
            joined = known.joined();
        }
    }
    locals(bytes, starts, &mut listing, &known, directories > 0);
    if directories > 1 {
        listing.differences.push("it holds more than one central directory");
    }
    if directories == 0 && !listing.entries.is_empty() {
        listing.differences.push("it has no central directory");
    }
    if listing.entries.is_empty() && !starts {
        return None;
    }
    let names: Vec<&str> = listing.entries.iter().map(|entry| entry.name.as_str()).collect();
    let types = listing.entries.iter().find(|entry| entry.name == "[Content_Types].xml");
    let types = types.map(|entry| zip_read::beginning(&mut examiner.budget, bytes, entry));
    listing.members_kind = Some(by_members(&names, &types.unwrap_or_default()));
    Some(listing)
}

/// Octets that belong to members.
#[derive(Default)]
struct Known {
    ranges: Vec<(usize, usize)>,
    locals: BTreeSet<usize>,
}

impl Known {
    fn add(&mut self, entry: &Entry) -> bool {
        let length = usize::try_from(entry.packed).unwrap_or(usize::MAX);
        self.ranges.push((entry.data_at, entry.data_at.saturating_add(length)));
        self.locals.insert(entry.local_at)
    }

    /// Sorted and joined, for [`covered`].
    fn joined(&self) -> Vec<(usize, usize)> {
        let mut sorted = self.ranges.clone();
        sorted.sort_unstable();
        let mut joined: Vec<(usize, usize)> = Vec::new();
        for (start, end) in sorted {
            match joined.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => joined.push((start, end)),
            }
        }
        joined
    }
}

/// The place lies in one of the ranges, which are sorted and apart.
fn covers(joined: &[(usize, usize)], at: usize) -> bool {
    let before = joined.partition_point(|(start, _)| *start <= at);
    before.checked_sub(1).and_then(|last| joined.get(last)).is_some_and(|(_, end)| at < *end)
}

/// Reads the central directory before one end; false where there is none.
fn central(bytes: &[u8], end: usize, listing: &mut Listing, known: &mut Known) -> bool {
    let (Some(size), Some(offset)) = (u32_le(bytes, end + 12), u32_le(bytes, end + 16)) else {
        return false;
    };
    let mut directory = end.checked_sub(size as usize).unwrap_or(usize::MAX);
    // ZIP64: the directory lies before its own end record, and its offset says too little.
    let wide = end.checked_sub(20).filter(|at| has(bytes, *at, b"PK\x06\x07"));
    let mut base = directory.saturating_sub(offset as usize);
    if let Some(record) =
        wide.and_then(|at| at.checked_sub(56)).filter(|at| has(bytes, *at, b"PK\x06\x06"))
    {
        let size = u64_le(bytes, record + 40).and_then(|size| usize::try_from(size).ok());
        directory = record.checked_sub(size.unwrap_or(usize::MAX)).unwrap_or(usize::MAX);
        let offset = u64_le(bytes, record + 48).and_then(|offset| usize::try_from(offset).ok());
        base = directory.saturating_sub(offset.unwrap_or_default());
    }
    if !has(bytes, directory, CENTRAL) {
        // The end may count from the file's beginning although something was put behind.
        directory = offset as usize;
        base = 0;
    }
    let mut at = directory;
    let mut found = false;
    while has(bytes, at, CENTRAL) && listing.entries.len() < ENTRIES_MAX {
        let Some((mut entry, next)) = central_entry(bytes, at) else { break };
        at = next;
        found = true;
        entry.local_at = entry.local_at.saturating_add(base);
        compare(bytes, &mut entry, listing);
        if known.add(&entry) {
            listing.entries.push(entry);
        } else if !listing
            .entries
            .iter()
            .rev()
            .take(64)
            .any(|one| one.local_at == entry.local_at && one.name == entry.name)
        {
            listing.differences.push("two members share their octets");
            listing.entries.push(entry);
        }
    }
    found
}

fn central_entry(bytes: &[u8], at: usize) -> Option<(Entry, usize)> {
    let name_length = usize::from(u16_le(bytes, at + 28)?);
    let extra_length = usize::from(u16_le(bytes, at + 30)?);
    let comment_length = usize::from(u16_le(bytes, at + 32)?);
    let mut entry = Entry {
        name: name_of(slice(bytes, at + 46, name_length.min(NAME_BYTES_MAX))),
        flags: u16_le(bytes, at + 8)?,
        method: u16_le(bytes, at + 10)?,
        crc: u32_le(bytes, at + 16)?,
        packed: u64::from(u32_le(bytes, at + 20)?),
        size: u64::from(u32_le(bytes, at + 24)?),
        local_at: u32_le(bytes, at + 42)? as usize,
        ..Entry::default()
    };
    wide_sizes(slice(bytes, at + 46 + name_length, extra_length), &mut entry);
    Some((entry, at + 46 + name_length + extra_length + comment_length))
}

/// ZIP64's extra field 1 holds what does not fit, in this order (APPNOTE 4.5.3).
fn wide_sizes(mut extra: &[u8], entry: &mut Entry) {
    const FULL: u64 = u32::MAX as u64;
    while let (Some(id), Some(length)) = (u16_le(extra, 0), u16_le(extra, 2)) {
        let mut field = slice(extra, 4, usize::from(length));
        if id == 1 {
            let mut next = || {
                let value = u64_le(field, 0)?;
                field = field.get(8..)?;
                Some(value)
            };
            if entry.size == FULL {
                entry.size = next().unwrap_or(entry.size);
            }
            if entry.packed == FULL {
                entry.packed = next().unwrap_or(entry.packed);
            }
            if entry.local_at as u64 == FULL {
                let wide = next().and_then(|at| usize::try_from(at).ok());
                entry.local_at = wide.unwrap_or(entry.local_at);
            }
        }
        extra = extra.get(4 + usize::from(length)..).unwrap_or_default();
    }
}

/// The local header that a central one points to, and where they differ.
fn compare(bytes: &[u8], entry: &mut Entry, listing: &mut Listing) {
    let Some(local) = local_entry(bytes, entry.local_at) else {
        listing.differences.push("a member has no local header");
        entry.data_at = entry.local_at.saturating_add(30);
        return;
    };
    entry.data_at = local.data_at;
    if local.name != entry.name {
        listing.differences.push("a member has two names");
        entry.other_name = Some(local.name);
    }
    if local.method != entry.method {
        listing.liars.push(entry.name.clone());
    }
    if (local.flags ^ entry.flags) & 1 != 0 {
        listing.differences.push("one header says that a member is encrypted, the other not");
        // Whoever believes the header that says "not" reads it.
        entry.flags &= !1;
    }
    let in_header = local.flags & 8 == 0;
    if in_header
        && (local.packed != entry.packed || local.size != entry.size)
        && local.packed != u64::from(u32::MAX)
    {
        listing.differences.push("a member has two sizes");
        // The longer one holds the shorter one.
        entry.packed = entry.packed.max(local.packed);
    }
}

fn local_entry(bytes: &[u8], at: usize) -> Option<Entry> {
    if !has(bytes, at, LOCAL) {
        return None;
    }
    let name_length = usize::from(u16_le(bytes, at + 26)?);
    let extra_length = usize::from(u16_le(bytes, at + 28)?);
    let mut entry = Entry {
        name: name_of(slice(bytes, at + 30, name_length.min(NAME_BYTES_MAX))),
        flags: u16_le(bytes, at + 6)?,
        method: u16_le(bytes, at + 8)?,
        crc: u32_le(bytes, at + 14)?,
        packed: u64::from(u32_le(bytes, at + 18)?),
        size: u64::from(u32_le(bytes, at + 22)?),
        local_at: at,
        data_at: at + 30 + name_length + extra_length,
        ..Entry::default()
    };
    wide_sizes(slice(bytes, at + 30 + name_length, extra_length), &mut entry);
    Some(entry)
}

/// Local headers that no directory knows: readers that stream find them.
fn locals(bytes: &[u8], starts: bool, listing: &mut Listing, known: &Known, has_directory: bool) {
    let ranges = known.joined();
    let mut range = ranges.iter().peekable();
    let mut skip_until = 0;
    for at in memmem::find_iter(bytes, LOCAL) {
        while range.next_if(|(_, end)| *end <= at).is_some() {}
        let covered = range.peek().is_some_and(|(start, _)| *start <= at);
        if at < skip_until || covered || known.locals.contains(&at) {
            continue;
        }
        if listing.entries.len() >= ENTRIES_MAX {
            break;
        }
        let Some(mut entry) = local_entry(bytes, at) else { continue };
        // Four octets in a stranger's data are no header yet.
        let plausible = entry.method < 100 && !entry.name.is_empty() && !entry.name.contains('\0');
        if !plausible || (!starts && !has_directory) {
            continue;
        }
        if entry.flags & 8 != 0 && entry.packed == 0 {
            entry.packed = until_descriptor(bytes, entry.data_at);
        }
        skip_until =
            entry.data_at.saturating_add(usize::try_from(entry.packed).unwrap_or(usize::MAX));
        if has_directory {
            listing.differences.push("a member is missing in the central directory");
        }
        listing.entries.push(entry);
    }
}

/// The packed length where only the data descriptor knows it: up to the next signature.
fn until_descriptor(bytes: &[u8], data_at: usize) -> u64 {
    let rest = bytes.get(data_at..).unwrap_or_default();
    // One search for what all have in common: three would each go to the end where one is missing.
    let next = memmem::find_iter(rest, b"PK").find(|at| {
        [b"PK\x07\x08".as_slice(), LOCAL, CENTRAL].iter().any(|signature| has(rest, *at, signature))
    });
    next.unwrap_or(rest.len()) as u64
}

fn name_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(name) => name.to_owned(),
        // Code page 437 by the letter; what matters here, the extension, is ASCII.
        Err(_) => bytes.iter().map(|&octet| char::from(octet)).collect(),
    }
}

/// Opens every member, and says what readers differ on.
pub(crate) fn open(
    examiner: &mut Examiner<'_>,
    place: &Place,
    bytes: &[u8],
    listing: &Listing,
    kind: &'static FileKind,
    is_whole: bool,
) {
    let file = place.shown();
    // Of an archive that is held in part, nobody sees what its end says.
    let mut differences = if is_whole { listing.differences.clone() } else { Vec::new() };
    differences.sort_unstable();
    differences.dedup();
    for difference in differences {
        let finding = Finding::of(&kinds::AMBIGUOUS).with("file", &file);
        examiner.say(finding.with("difference", difference));
        if kind.family == Family::Document || kind.family == Family::MacroDocument {
            examiner.says(&kinds::DAMAGED_DOCUMENT, place);
        }
    }
    for member in &listing.liars {
        let finding = Finding::of(&kinds::METHOD_LIES).with("file", &file);
        examiner.say(finding.with("member", member));
    }
    if listing.entries.is_empty() && *kind != UNKNOWN && bytes.len() > 22 {
        examiner.unreadable(place, kind);
    }
    let mut locks = zip_read::Locks::default();
    for entry in &listing.entries {
        if examiner.budget.is_gone {
            return examiner.bomb(place);
        }
        if super::escapes(&entry.name) {
            let finding = Finding::of(&kinds::ESCAPES).with("file", &file);
            examiner.say(finding.with("member", &entry.name));
        }
        if entry.name.ends_with('/') && entry.packed == 0 {
            if !examiner.budget.member() {
                return examiner.bomb(place);
            }
            continue;
        }
        zip_read::member(examiner, place, bytes, entry, &mut locks);
    }
    if listing.entries.len() >= ENTRIES_MAX {
        examiner.bomb(place);
    }
}
