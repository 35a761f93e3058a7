//! Windows events: CAPI2's 11 (chain built), 30 (chain judged) and 70 (private key), and the two
//! that Exchange and Schannel write about certificates; from exported XML and from .evtx files.
//!
//! Pure and streaming: one event, or one chunk of an .evtx file, is in memory at a time. Whatever
//! the library for .evtx does on a hostile chunk ends with that chunk.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use evtx::{EvtxChunkData, ParserSettings};

use crate::facts::{ChainedCertificate, Event, Proof, value};
use crate::limits::{CHAIN_ELEMENTS_MAX, EVENT_BYTES_MAX, EVENT_KINDS_MAX};
use crate::times::moment;
use crate::xml::{Element, elements};

/// An .evtx file's header block, and each chunk after it (MS-EVEN6, and the file format's own
/// documentation).
const EVTX_HEADER_BYTES: usize = 4096;
const EVTX_CHUNK_BYTES: usize = 65_536;

/// The first bytes of an .evtx file.
pub(crate) const EVTX_START: &[u8] = b"ElfFile\0";

/// All events, by their kind.
#[derive(Debug, Default)]
pub(crate) struct EventBook {
    kinds: BTreeMap<Kind, Event>,
    /// Kinds that found no room.
    pub(crate) left_out: u64,
}

/// What events of one kind share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    provider: String,
    id: u32,
    subject: String,
    thumbprint: String,
    result: Option<u32>,
    process: String,
    reason: String,
    additional: Vec<String>,
}

impl EventBook {
    /// Takes one event in; the later one's lines stay.
    pub(crate) fn keep(&mut self, event: Event) {
        let kind = Kind {
            provider: event.provider.clone(),
            id: event.id,
            subject: event.subject.clone(),
            thumbprint: event.thumbprint.clone(),
            result: event.result,
            process: event.process.clone(),
            reason: event.stated_reason.clone(),
            additional: event.additional.clone(),
        };
        if let Some(kept) = self.kinds.get_mut(&kind) {
            let count = kept.count + event.count;
            if event.time >= kept.time {
                *kept = event;
            }
            kept.count = count;
        } else if self.kinds.len() < EVENT_KINDS_MAX {
            self.kinds.insert(kind, event);
        } else {
            self.left_out += 1;
        }
    }

    /// Every kind.
    pub(crate) fn finish(self) -> Vec<Event> {
        self.kinds.into_values().collect()
    }
}

/// Cuts a stream of UTF-8 into `<Event>` elements.
#[derive(Debug, Default)]
pub(crate) struct XmlReader {
    buffer: Vec<u8>,
    /// The line of the buffer's first byte, from 0.
    line: u64,
    /// The buffer begins with an event, searched for its end up to here.
    searched: Option<usize>,
    /// Events in the file.
    pub(crate) entries: u64,
    /// Events longer than the limit, left out.
    pub(crate) too_long: u64,
}

impl XmlReader {
    /// Reads a piece.
    pub(crate) fn push(&mut self, text: &[u8], file: &Arc<str>, book: &mut EventBook) {
        self.buffer.extend_from_slice(text);
        let mut at = 0;
        // Line ends are counted once, up to here.
        let mut counted = 0;
        loop {
            let rest = self.buffer.get(at..).unwrap_or_default();
            match self.searched {
                None => match start_of_event(rest) {
                    Some(start) => {
                        at += start;
                        self.searched = Some(0);
                    }
                    None => {
                        // A start that the piece cut stays.
                        at += rest.len().saturating_sub(b"<Event".len());
                        break;
                    }
                },
                Some(from) => match find(rest.get(from..).unwrap_or_default(), b"</Event>") {
                    Some(found) => {
                        let end = from + found + b"</Event>".len();
                        self.line += newlines(self.buffer.get(counted..at).unwrap_or_default());
                        counted = at;
                        let line = self.line + 1;
                        let whole = rest.get(..end).unwrap_or_default();
                        self.entries += 1;
                        if let Some(event) = event(&String::from_utf8_lossy(whole), file, line) {
                            book.keep(event);
                        }
                        at += end;
                        self.searched = None;
                    }
                    None if rest.len() > EVENT_BYTES_MAX => {
                        self.too_long += 1;
                        at += rest.len();
                        self.searched = None;
                        break;
                    }
                    None => {
                        self.searched = Some(rest.len().saturating_sub(b"</Event".len()));
                        break;
                    }
                },
            }
        }
        self.line += newlines(self.buffer.get(counted..at).unwrap_or_default());
        self.buffer.drain(..at.min(self.buffer.len()));
    }

    /// An event that never ended is read as far as it goes.
    pub(crate) fn finish(&mut self, file: &Arc<str>, book: &mut EventBook) {
        if self.searched.take().is_some() {
            self.entries += 1;
            let text = String::from_utf8_lossy(&self.buffer).into_owned();
            if let Some(event) = event(&text, file, self.line + 1) {
                book.keep(event);
            }
        }
        self.buffer.clear();
    }
}

/// Cuts a stream into the chunks of an .evtx file.
#[derive(Debug, Default)]
pub(crate) struct EvtxReader {
    buffer: Vec<u8>,
    has_header: bool,
    /// Events in the file.
    pub(crate) entries: u64,
    /// Chunks and events that could not be read.
    pub(crate) damaged: u64,
}

impl EvtxReader {
    /// Reads a piece.
    pub(crate) fn push(&mut self, bytes: &[u8], file: &Arc<str>, book: &mut EventBook) {
        self.buffer.extend_from_slice(bytes);
        let mut at = 0;
        loop {
            let length = if self.has_header { EVTX_CHUNK_BYTES } else { EVTX_HEADER_BYTES };
            let Some(block) = self.buffer.get(at..at + length).map(<[u8]>::to_vec) else { break };
            at += length;
            if std::mem::replace(&mut self.has_header, true) {
                self.chunk(block, file, book);
            }
        }
        self.buffer.drain(..at);
    }

    /// A last chunk that was cut is read as far as it goes.
    pub(crate) fn finish(&mut self, file: &Arc<str>, book: &mut EventBook) {
        let mut block = std::mem::take(&mut self.buffer);
        if self.has_header && !block.is_empty() {
            block.resize(EVTX_CHUNK_BYTES, 0);
            self.chunk(block, file, book);
        }
    }

    fn chunk(&mut self, block: Vec<u8>, file: &Arc<str>, book: &mut EventBook) {
        if block.iter().all(|byte| *byte == 0) {
            return; // Reserved, not yet used.
        }
        // The library has no unsafe code of its own and bounds its work; a panic in it would be a
        // fault of its, and must not take the other files' evidence along.
        let read = catch_unwind(AssertUnwindSafe(|| records(block, file)));
        match read {
            Ok(Some((events, entries, damaged))) => {
                self.entries += entries;
                self.damaged += damaged;
                events.into_iter().for_each(|event| book.keep(event));
            }
            Ok(None) | Err(_) => self.damaged += 1,
        }
    }
}

/// The events of one chunk, how many records it has, and how many of them are damaged.
fn records(block: Vec<u8>, file: &Arc<str>) -> Option<(Vec<Event>, u64, u64)> {
    let mut data = EvtxChunkData::new(block, false).ok()?;
    let settings = Arc::new(ParserSettings::new().num_threads(1).indent(false));
    let mut chunk = data.parse(settings).ok()?;
    let (mut events, mut entries, mut damaged) = (Vec::new(), 0, 0);
    /// A record is 24 bytes at least; a chunk cannot hold more than this.
    const RECORDS_MAX: usize = EVTX_CHUNK_BYTES / 24;
    for record in chunk.iter().take(RECORDS_MAX) {
        entries += 1;
        match record.and_then(evtx::EvtxRecord::into_xml) {
            Ok(record) if record.data.len() <= EVENT_BYTES_MAX => {
                events.extend(event(&record.data, file, 0).map(|mut event| {
                    if let Some(proof) = &mut event.proof {
                        proof.line = record.event_record_id;
                    }
                    event
                }));
            }
            _ => damaged += 1,
        }
    }
    Some((events, entries, damaged))
}

/// One event, where it is one of those that say something about certificates. `line` is where its
/// text begins.
fn event(text: &str, file: &Arc<str>, line: u64) -> Option<Event> {
    let elements = elements(text);
    let first = |name: &str| elements.iter().find(|element| element.name == name);
    let word = |name: &str| first(name).map_or("", |element| element.text.as_str());
    let attribute = |name: &str, key: &str| first(name).map_or("", |one| one.attribute(key));
    let mut event = Event {
        count: 1,
        time: moment(attribute("TimeCreated", "SystemTime")),
        provider: value(attribute("Provider", "Name")),
        id: word("EventID").parse().ok()?,
        ..Event::default()
    };
    let is_capi2 = event.provider.ends_with("CAPI2") && matches!(event.id, 11 | 30 | 70);
    let is_other = matches!(event.id, 12014 | 12015 | 12016 | 12023 | 36870 | 36871);
    if !is_capi2 && !is_other {
        return None;
    }
    event.policy = value(attribute("Policy", "type"));
    event.process = value(attribute("EventAuxInfo", "ProcessName"));
    event.stated_reason = value(attribute("PosthouseInfo", "reason"));
    event.missing = value(attribute("MissingCertificate", "subjectName"));
    event.result = first("Result").and_then(|result| code(result.attribute("value")));
    let get = elements.iter().filter(|element| element.name == "Get");
    event.get = get.take(CHAIN_ELEMENTS_MAX).map(|element| value(&element.text)).collect();
    certificates(&mut event, &elements);
    if is_other {
        let data = elements.iter().filter(|one| one.name == "Data").map(|one| one.text.as_str());
        let words: Vec<_> = data.chain([word("Message")]).filter(|text| !text.is_empty()).collect();
        event.text = value(&words.join(" "));
    }
    let telling = first("Result").or(first("Message")).or(first("EventID"))?;
    let before = text.get(..telling.offset).unwrap_or_default();
    let mut shown = format!("event {}", event.id);
    for (label, word) in [
        ("", event.policy.as_str()),
        ("subjectName=", &event.subject),
        ("ProcessName=", &event.process),
        ("Result=", attribute("Result", "value")),
        ("", first("Result").map_or("", |result| &result.text)),
        ("", &event.text),
    ] {
        if !word.is_empty() {
            shown.push_str(&format!(" {label}{word}"));
        }
    }
    event.proof = Some(Proof::new(file, line + newlines(before.as_bytes()), &shown));
    Some(event)
}

/// The certificates of an event, by where they stand.
fn certificates(event: &mut Event, elements: &[Element]) {
    let name_of = |at: Option<usize>| {
        at.and_then(|at| elements.get(at)).map_or("", |element| element.name.as_str())
    };
    for element in elements {
        let parent = name_of(element.parent);
        let around = element.parent.and_then(|at| elements.get(at)).and_then(|one| one.parent);
        match (element.name.as_str(), parent) {
            ("Certificate", "AdditionalStore") if event.additional.len() < CHAIN_ELEMENTS_MAX => {
                event.additional.push(thumbprint(element));
            }
            ("Certificate", "ChainElement") if event.chain.len() < CHAIN_ELEMENTS_MAX => {
                event.chain.push(ChainedCertificate {
                    subject: value(element.attribute("subjectName")),
                    thumbprint: thumbprint(element),
                    ..ChainedCertificate::default()
                });
            }
            ("Certificate", _) if event.subject.is_empty() => {
                event.subject = value(element.attribute("subjectName"));
                event.thumbprint = thumbprint(element);
            }
            ("ErrorStatus" | "InfoStatus", "TrustStatus") => {
                let bits = code(element.attribute("value")).unwrap_or(0);
                let is_error = element.name == "ErrorStatus";
                match (name_of(around), event.chain.last_mut()) {
                    ("CertificateChain", _) if is_error => event.chain_error |= bits,
                    ("ChainElement", Some(last)) if is_error => last.error |= bits,
                    ("ChainElement", Some(last)) => last.information |= bits,
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

/// `<SHA1>.cer`, without its end.
fn thumbprint(element: &Element) -> String {
    let name = element.attribute("fileRef");
    value(name.strip_suffix(".cer").unwrap_or(name)).to_ascii_uppercase()
}

/// A hexadecimal number, with or without `0x`.
fn code(text: &str) -> Option<u32> {
    let digits = text.trim().trim_start_matches("0x").trim_start_matches("0X");
    u32::from_str_radix(digits, 16).ok()
}

/// Where an `<Event>` begins, told from `<Events>` and `<EventID>`; also at the very end, where
/// what follows has not come yet, it is none.
fn start_of_event(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = find(text.get(at..)?, b"<Event") {
        let start = at + found;
        match text.get(start + b"<Event".len()) {
            Some(b' ' | b'>' | b'\t' | b'\r' | b'\n') => return Some(start),
            _ => at = start + 1,
        }
    }
    None
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, wanted)
}

fn newlines(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, piece: usize) -> Vec<Event> {
        let (mut reader, mut book) = (XmlReader::default(), EventBook::default());
        let file: Arc<str> = "a.xml".into();
        for piece in text.as_bytes().chunks(piece) {
            reader.push(piece, &file, &mut book);
        }
        reader.finish(&file, &mut book);
        book.finish()
    }

    const EVENT: &str = "<Events>\n<Event xmlns='x'><System><Provider Name=\"Microsoft-Windows-\
        CAPI2\"/><EventID>11</EventID><TimeCreated SystemTime=\"2026-11-23T18:10:27.0420000Z\"/>\
        </System>\n<UserData><CertGetCertificateChain>\n<Certificate fileRef=\"ab.cer\" subjectName=\
        \"mail\"/><AdditionalStore><Certificate fileRef=\"ab.cer\"/></AdditionalStore>\
        <CertificateChain><TrustStatus><ErrorStatus value=\"10000\"/></TrustStatus><ChainElement>\
        <Certificate fileRef=\"ab.cer\" subjectName=\"mail\"/><TrustStatus><ErrorStatus value=\"0\"/>\
        <InfoStatus value=\"8\"/></TrustStatus></ChainElement></CertificateChain>\
        <EventAuxInfo ProcessName=\"lsass.exe\"/>\n<Result value=\"800B010A\">no</Result>\
        </CertGetCertificateChain></UserData></Event>\n</Events>";

    #[test]
    fn an_event_is_read_in_pieces_of_any_size() {
        for piece in [1, 7, 64, 100_000] {
            let events = read(EVENT, piece);
            assert_eq!(events.len(), 1, "pieces of {piece}");
            let event = &events[0];
            assert_eq!((event.id, event.result), (11, Some(0x800b_010a)));
            assert_eq!((event.subject.as_str(), event.thumbprint.as_str()), ("mail", "AB"));
            assert_eq!((event.chain_error, event.chain[0].information), (0x1_0000, 8));
            assert_eq!(event.additional, ["AB"]);
            assert_eq!(event.proof.as_ref().unwrap().line, 5);
            assert!(event.proof.as_ref().unwrap().text.contains("800B010A"));
        }
    }

    #[test]
    fn an_event_without_end_takes_bounded_memory_and_time() {
        let (mut reader, mut book) = (XmlReader::default(), EventBook::default());
        let file: Arc<str> = "a.xml".into();
        for _ in 0..400 {
            reader.push(&b"<Event x='".repeat(1000), &file, &mut book);
            assert!(reader.buffer.len() <= EVENT_BYTES_MAX + 100_000);
        }
        assert!(reader.too_long >= 2);
    }

    #[test]
    fn other_events_are_counted_and_left_alone() {
        let other = EVENT.replace(">11<", ">4624<");
        assert!(read(&other, 1000).is_empty());
    }
}
