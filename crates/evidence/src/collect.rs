//! Files in, facts out: what each file is, by its content, and the reader that fits.
//!
//! Pure: the caller brings the bytes, in pieces of any size, one file after the other. No file can
//! make this fail, hang or grow: what is cut or left out becomes a note.

use std::sync::Arc;

use crate::book::SessionBook;
use crate::events::{EVTX_START, EventBook, EvtxReader, XmlReader};
use crate::facts::{Facts, FileKind, FileRead, Note, Report};
use crate::limits::{FILE_BYTES_MAX, NOTES_MAX, REPORT_BYTES_MAX, REPORTS_MAX, SNIFFED_BYTES};
use crate::lines::{Decoder, Encoding, Lines};
use crate::logs::{LogReader, looks_like_a_log};
use crate::report::{pasted, reports};
use crate::session::Place;

/// Reads files one after the other.
#[derive(Debug, Default)]
pub struct Collector {
    files: Vec<FileRead>,
    notes: Vec<Note>,
    sessions: SessionBook,
    events: EventBook,
    reports: Vec<Report>,
    reports_left_out: u64,
}

/// Whether a file has more that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// Bring the next piece.
    More,
    /// The rest will not be looked at.
    Nothing,
}

/// One file that is being read.
#[derive(Debug)]
pub struct OpenFile {
    name: Arc<str>,
    /// The first bytes, until they tell the kind.
    start: Vec<u8>,
    reader: Option<Reader>,
    bytes: u64,
    is_cut: bool,
}

#[derive(Debug)]
enum Reader {
    Log(Decoder, Lines, LogReader),
    Text(Decoder, Lines, u64),
    Xml(Decoder, XmlReader),
    Evtx(EvtxReader),
    Report(Decoder, Vec<u8>),
    Unreadable(&'static str),
}

impl Collector {
    /// Nothing read yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins a file; `name` stands in proofs and notes.
    pub fn open(&self, name: &str) -> OpenFile {
        let reader = None;
        OpenFile { name: name.into(), start: Vec::new(), reader, bytes: 0, is_cut: false }
    }

    /// The next piece of a file.
    pub fn push(&mut self, file: &mut OpenFile, piece: &[u8]) -> Wants {
        let room = FILE_BYTES_MAX.saturating_sub(file.bytes);
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        file.is_cut |= piece.len() > room;
        let piece = piece.get(..room).unwrap_or(piece);
        file.bytes += piece.len() as u64;
        if file.reader.is_none() {
            file.start.extend_from_slice(piece);
            if file.start.len() < SNIFFED_BYTES && !file.is_cut {
                return Wants::More;
            }
            let start = std::mem::take(&mut file.start);
            self.read(file, &start);
        } else {
            self.read(file, piece);
        }
        let is_readable = !matches!(file.reader, Some(Reader::Unreadable(_)));
        if is_readable && !file.is_cut { Wants::More } else { Wants::Nothing }
    }

    /// The file is over.
    pub fn close(&mut self, mut file: OpenFile) {
        if file.reader.is_none() {
            let start = std::mem::take(&mut file.start);
            self.read(&mut file, &start);
        }
        if file.is_cut {
            let text = format!("only the first {} MiB were looked at", file.bytes >> 20);
            self.note(&file.name, &text);
        }
        let Some(reader) = file.reader.take() else { return };
        let (kind, entries) = self.finish(reader, &file.name);
        self.files.push(FileRead { name: file.name, kind, entries });
    }

    /// A file that could not even be opened.
    pub fn unreadable(&mut self, name: &str, why: &str) {
        let name: Arc<str> = name.into();
        self.note(&name, why);
        self.files.push(FileRead { name, kind: FileKind::Unreadable, entries: 0 });
    }

    /// Everything that was found.
    pub fn facts(mut self) -> Facts {
        let all: Arc<str> = "".into();
        let (sessions, sessions_left_out) = self.sessions.finish();
        for (count, what) in [
            (sessions_left_out, "sessions"),
            (self.events.left_out, "events"),
            (self.reports_left_out, "replies"),
        ] {
            if count > 0 && self.notes.len() < NOTES_MAX {
                let text = format!("too many different {what}: {count} were left out");
                self.notes.push(Note { file: Arc::clone(&all), text });
            }
        }
        Facts {
            files: self.files,
            sessions,
            events: self.events.finish(),
            reports: self.reports,
            notes: self.notes,
        }
    }

    fn read(&mut self, file: &mut OpenFile, bytes: &[u8]) {
        let name = Arc::clone(&file.name);
        let mut text = Vec::new();
        match file.reader.get_or_insert_with(|| reader_for(bytes)) {
            Reader::Log(decoder, lines, log) => {
                decoder.push(bytes, &mut text);
                let sessions = &mut self.sessions;
                lines.push(&text, |line, text| {
                    log.line(&Place { file: &name, line, text }, sessions);
                });
            }
            Reader::Text(decoder, lines, found) => {
                decoder.push(bytes, &mut text);
                let mut replies = Vec::new();
                lines.push(&text, |line, text| replies.extend(pasted(&name, line, text)));
                *found += replies.len() as u64;
                self.keep_reports(replies);
            }
            Reader::Xml(decoder, reader) => {
                decoder.push(bytes, &mut text);
                reader.push(&text, &name, &mut self.events);
            }
            Reader::Evtx(reader) => reader.push(bytes, &name, &mut self.events),
            Reader::Report(decoder, held) => {
                decoder.push(bytes, held);
                file.is_cut |= held.len() > REPORT_BYTES_MAX;
                held.truncate(REPORT_BYTES_MAX);
            }
            Reader::Unreadable(_) => {}
        }
    }

    fn finish(&mut self, reader: Reader, name: &Arc<str>) -> (FileKind, u64) {
        match reader {
            Reader::Log(_, mut lines, mut log) => {
                let sessions = &mut self.sessions;
                lines.finish(|line, text| log.line(&Place { file: name, line, text }, sessions));
                self.cut_lines(name, &lines);
                if log.entries == 0 {
                    self.note(name, "a log without entries that could be read");
                }
                (log.kind().unwrap_or(FileKind::Text), log.entries)
            }
            Reader::Text(_, mut lines, mut found) => {
                let mut replies = Vec::new();
                lines.finish(|line, text| replies.extend(pasted(name, line, text)));
                found += replies.len() as u64;
                self.keep_reports(replies);
                self.cut_lines(name, &lines);
                if found == 0 {
                    self.note(name, NOT_RECOGNISED);
                }
                (FileKind::Text, found)
            }
            Reader::Xml(_, mut reader) => {
                reader.finish(name, &mut self.events);
                if reader.too_long > 0 {
                    self.note(name, &format!("{} events are too long to read", reader.too_long));
                }
                if reader.entries == 0 {
                    self.note(name, "XML without a Windows event in it");
                }
                (FileKind::EventXml, reader.entries)
            }
            Reader::Evtx(mut reader) => {
                reader.finish(name, &mut self.events);
                if reader.damaged > 0 {
                    let text = format!("{} events or chunks could not be read", reader.damaged);
                    self.note(name, &text);
                }
                (FileKind::Evtx, reader.entries)
            }
            Reader::Report(_, held) => {
                let found = reports(name, &held);
                let count = found.len() as u64;
                self.keep_reports(found);
                if count == 0 {
                    self.note(name, "a message without a delivery failure in it");
                }
                (FileKind::Report, count)
            }
            Reader::Unreadable(why) => {
                self.note(name, why);
                (FileKind::Unreadable, 0)
            }
        }
    }

    fn keep_reports(&mut self, found: Vec<Report>) {
        let room = REPORTS_MAX.saturating_sub(self.reports.len());
        self.reports_left_out += found.len().saturating_sub(room) as u64;
        self.reports.extend(found.into_iter().take(room));
    }

    fn cut_lines(&mut self, name: &Arc<str>, lines: &Lines) {
        if lines.cut() > 0 {
            let text =
                format!("{} of {} lines are too long and were cut", lines.cut(), lines.count());
            self.note(name, &text);
        }
    }

    fn note(&mut self, file: &Arc<str>, text: &str) {
        if self.notes.len() < NOTES_MAX {
            self.notes.push(Note { file: Arc::clone(file), text: text.to_owned() });
        }
    }
}

const NOT_RECOGNISED: &str = "not recognised: neither a protocol log, nor Windows events, nor a \
    delivery report, and no SMTP reply is quoted in it";

/// What a file is, by its first bytes.
fn reader_for(start: &[u8]) -> Reader {
    if start.starts_with(EVTX_START) {
        return Reader::Evtx(EvtxReader::default());
    }
    if start.is_empty() {
        return Reader::Unreadable("the file is empty");
    }
    for (magic, what) in [
        (&b"PK\x03\x04"[..], "a ZIP archive: unpack it first"),
        (b"\x1f\x8b", "compressed with gzip: unpack it first"),
        (b"7z\xbc\xaf", "a 7z archive: unpack it first"),
        (b"\xd0\xcf\x11\xe0", "an Outlook or Office file: save the report as .eml instead"),
    ] {
        if start.starts_with(magic) {
            return Reader::Unreadable(what);
        }
    }
    let encoding = Encoding::of(start);
    let mut text = Vec::new();
    Decoder::new(encoding).push(start, &mut text);
    if text.iter().filter(|byte| **byte == 0).count() * 10 > text.len() {
        return Reader::Unreadable("a binary file of no kind that is known here");
    }
    let text = String::from_utf8_lossy(&text);
    let decoder = Decoder::new(encoding);
    if looks_like_a_log(&text) {
        return Reader::Log(decoder, Lines::default(), LogReader::default());
    }
    let bare = text.trim_start_matches(|c: char| c.is_whitespace() || "-+\u{feff}".contains(c));
    let has_event = ["<Event ", "<Event>", "<Events>", "<Event\n", "<Event\r", "<Events "];
    if has_event.iter().any(|tag| text.contains(tag)) || bare.starts_with("<?xml") {
        return Reader::Xml(decoder, XmlReader::default());
    }
    if is_message(&text) {
        return Reader::Report(decoder, Vec::new());
    }
    Reader::Text(decoder, Lines::default(), 0)
}

/// Whether a text begins with a header as RFC 5322 has it: some fields, of which one is known.
fn is_message(text: &str) -> bool {
    const KNOWN: &[&str] = &[
        "received",
        "from",
        "to",
        "date",
        "subject",
        "message-id",
        "mime-version",
        "content-type",
        "return-path",
        "delivered-to",
        "x-ms-exchange-message-is-ndr",
        "auto-submitted",
        "reporting-mta",
    ];
    let mut known = 0;
    for (at, line) in text.lines().enumerate() {
        // An mbox line, and folds.
        if line.starts_with([' ', '\t']) || (at == 0 && line.starts_with("From ")) {
            continue;
        }
        let Some((name, _)) = line.split_once(':') else { break };
        if name.is_empty() || name.bytes().any(|byte| !byte.is_ascii_graphic()) {
            break;
        }
        known += usize::from(KNOWN.iter().any(|one| name.eq_ignore_ascii_case(one)));
    }
    known >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(bytes: &[u8]) -> FileKind {
        let mut collector = Collector::new();
        let mut file = collector.open("name.does.not.matter");
        collector.push(&mut file, bytes);
        collector.close(file);
        collector.facts().files[0].kind
    }

    #[test]
    fn a_file_is_known_by_its_content() {
        let log = "#Software: Microsoft Exchange Server\n#Fields: date-time,connector-id,session-id,\
                   sequence-number,local-endpoint,remote-endpoint,event,data,context\n";
        for (text, expected) in [
            (log, FileKind::ExchangeLog),
            ("#Version: 1.0\n#Fields: date time c-ip cs-method\n", FileKind::IisLog),
            ("<Event xmlns='x'></Event>", FileKind::EventXml),
            ("- <Event xmlns='x'>\n", FileKind::EventXml),
            ("Log Name: CAPI2\nEvent Xml:\n<Event xmlns='x'>", FileKind::EventXml),
            ("Received: from a\nSubject: x\n\n", FileKind::Report),
            ("From a@b Mon\nFrom: a\nTo: b\n\n", FileKind::Report),
            ("550 5.7.64 TenantAttribution", FileKind::Text),
            ("", FileKind::Unreadable),
            ("PK\x03\x04rest", FileKind::Unreadable),
            ("ElfFile\0", FileKind::Evtx),
        ] {
            assert_eq!(kind(text.as_bytes()), expected, "{text}");
        }
        let utf16: Vec<u8> = log.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(kind(&[&[0xff, 0xfe], &utf16[..]].concat()), FileKind::ExchangeLog);
        assert_eq!(kind(&[0, 1, 2, 0, 0, 0, 7, 0, 0]), FileKind::Unreadable);
    }

    #[test]
    fn a_file_that_is_too_large_is_cut_with_a_note() {
        let mut collector = Collector::new();
        let mut file = collector.open("big.log");
        let line = b"#Fields: date time c-ip\n".repeat(1000);
        assert_eq!(collector.push(&mut file, &line), Wants::More);
        file.bytes = FILE_BYTES_MAX - 10;
        assert_eq!(collector.push(&mut file, &line), Wants::Nothing);
        collector.close(file);
        assert_eq!(collector.facts().notes[0].text, "only the first 1024 MiB were looked at");
    }
}
