//! Every bound on evidence by name, with its reason: the files may come from anybody.

/// Bytes of one file that are looked at. A day's protocol log of a busy server fits; what is
/// larger is cut, and a note says so.
pub const FILE_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Bytes by which a file's kind is told: the header of every kind is in the first lines.
pub(crate) const SNIFFED_BYTES: usize = 8 * 1024;
/// Longest line of a log. Exchange cuts its data at far less.
pub(crate) const LINE_BYTES_MAX: usize = 64 * 1024;
/// Cells of one line: W3C's full set has 21.
pub(crate) const CELLS_MAX: usize = 64;
/// A report is held whole while it is read; Exchange returns headers only.
pub(crate) const REPORT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Parts of a report that are looked at: a report has three, and alternatives in the first.
pub(crate) const PARTS_MAX: usize = 64;
/// Replies found in one text.
pub(crate) const REPLIES_IN_TEXT_MAX: usize = 64;
/// One `<Event>` of an export. Event 90 dumps a whole chain in tens of kilobytes.
pub(crate) const EVENT_BYTES_MAX: usize = 1024 * 1024;
/// Elements read of one event.
pub(crate) const EVENT_ELEMENTS_MAX: usize = 10_000;
/// Certificates of one chain that are remembered.
pub(crate) const CHAIN_ELEMENTS_MAX: usize = 32;
/// Sessions that may be open at once: more than Exchange's MaxOutboundConnections of 1,000.
pub(crate) const SESSIONS_OPEN_MAX: usize = 4096;
/// Kinds of sessions kept. Sessions that differ in nothing but their time are one kind.
pub(crate) const SESSION_KINDS_MAX: usize = 2048;
/// Kinds of events kept, likewise.
pub(crate) const EVENT_KINDS_MAX: usize = 2048;
/// Reports kept.
pub(crate) const REPORTS_MAX: usize = 2048;
/// Different failures kept of one session.
pub(crate) const FAILURES_MAX: usize = 8;
/// Lines of one multi-line reply that are joined (a gateway of ours sends four).
pub(crate) const REPLY_LINES_MAX: usize = 16;
/// Replies that a pipelining client may wait for: 100 recipients and their envelope.
pub(crate) const COMMANDS_WAITING_MAX: usize = 256;
/// Message-IDs and references kept of one kind of session, to find the report that belongs to it.
pub(crate) const LINKS_MAX: usize = 64;
/// Names of one certificate that are kept.
pub(crate) const NAMES_MAX: usize = 128;
/// Longest value kept of anything, in characters: a reply of four full lines.
pub(crate) const VALUE_CHARACTERS_MAX: usize = 2048;
/// Longest text of a proof, in characters.
pub(crate) const PROOF_CHARACTERS_MAX: usize = 600;
/// Lines that prove one cause, at most: more would hide the ones that matter.
pub(crate) const PROOFS_MAX: usize = 16;
/// Notes kept on what could not be read.
pub(crate) const NOTES_MAX: usize = 100;
/// Longest verdict in JSON, in bytes: what all the bounds above allow, with room.
pub const VERDICT_BYTES_MAX: usize = 512 * 1024;
