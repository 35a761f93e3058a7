//! Protocol logs: what was said in each session, as Exchange or IIS write it, for the tools that
//! read those.
//!
//! May touch: the log folders. Logging never delays or fails a session: a line that cannot be
//! written is counted and dropped. Bounded by size, folder size and age as Exchange's defaults:
//! 10 MB a file, 250 MB a folder, 30 days.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use posthouse_trace::protocol_log::{
    self, CertificateOwner, Line, LogEvent, Side, certificate_lines,
};
use posthouse_trace::w3c;
use posthouse_types::UnixMillis;
use serde::Deserialize;

use crate::world::random_bytes;

/// Exchange's SendProtocolLogMaxFileSize and ReceiveProtocolLogMaxFileSize.
const FILE_BYTES_MAX: u64 = 10 * 1024 * 1024;
/// Exchange's SendProtocolLogMaxDirectorySize and its counterpart.
const FOLDER_BYTES_MAX: u64 = 250 * 1024 * 1024;
/// Exchange's SendProtocolLogMaxAge and its counterpart.
const AGE_MAX: Duration = Duration::from_secs(30 * 24 * 3600);

/// How a side's sessions are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LogProtocol {
    /// Exchange's CSV, a folder for each side.
    Exchange,
    /// IIS's W3C extended format, one file for both sides.
    Iis,
    /// Not at all.
    None,
}

/// The log of one side's sessions.
pub(crate) struct ProtocolLog {
    side: Side,
    files: Arc<Files>,
}

/// The logs of both sides, below `data_dir/ProtocolLog`.
pub(crate) struct ProtocolLogs {
    pub(crate) send: Option<ProtocolLog>,
    pub(crate) receive: Option<ProtocolLog>,
}

impl ProtocolLogs {
    /// Logs as asked for; their folders are made with the first line. `node_name` is what IIS's
    /// lines name the computer after.
    pub(crate) fn new(
        data_dir: &Path,
        node_name: &str,
        send: LogProtocol,
        receive: LogProtocol,
    ) -> Self {
        let folder = data_dir.join("ProtocolLog");
        let label = node_name.split('.').next().unwrap_or_default();
        let iis = Arc::new(Files::new(
            folder.join("SMTPSVC1"),
            Kind::Iis { computer: label.to_ascii_uppercase() },
        ));
        let log = |side, protocol, name| {
            let files = match protocol {
                LogProtocol::None => return None,
                LogProtocol::Iis => Arc::clone(&iis),
                LogProtocol::Exchange => {
                    Arc::new(Files::new(folder.join(name), Kind::Exchange(side)))
                }
            };
            Some(ProtocolLog { side, files })
        };
        Self {
            send: log(Side::Send, send, "SmtpSend"),
            receive: log(Side::Receive, receive, "SmtpReceive"),
        }
    }
}

/// One session's lines: one id, counted from 0.
pub(crate) struct SessionLines {
    connector: String,
    session_id: u64,
    sequence: u32,
    local: Option<SocketAddr>,
    remote: SocketAddr,
    w3c: Option<Box<w3c::Session>>,
}

impl SessionLines {
    /// A session of a connector with a peer.
    pub(crate) fn new(connector: &str, remote: SocketAddr) -> Self {
        Self {
            connector: connector.to_owned(),
            session_id: u64::from_ne_bytes(random_bytes()),
            sequence: 0,
            local: None,
            remote,
            w3c: None,
        }
    }

    /// Our own end, once there is one.
    pub(crate) fn connected(&mut self, local: SocketAddr) {
        self.local = Some(local);
    }

    /// Writes events with their data and context.
    pub(crate) fn write(
        &mut self,
        log: &ProtocolLog,
        now: UnixMillis,
        lines: &[(LogEvent, &str, &str)],
    ) {
        let mut text = String::with_capacity(lines.len() * 160);
        match &log.files.kind {
            Kind::Exchange(_) => self.write_exchange(now, lines, &mut text),
            Kind::Iis { computer } => self.write_w3c(log.side, computer, now, lines, &mut text),
        }
        if !text.is_empty() {
            log.files.append(now, &text);
        }
    }

    /// Writes the lines about one certificate, where there is one that can be read.
    pub(crate) fn certificate(
        &mut self,
        log: &ProtocolLog,
        now: UnixMillis,
        owner: CertificateOwner,
        der: Option<&[u8]>,
    ) {
        let Some(summary) = der.and_then(|der| posthouse_pki::certificate_summary(der).ok()) else {
            return;
        };
        let lines = certificate_lines(owner, &summary);
        let lines = lines
            .each_ref()
            .map(|(data, context)| (LogEvent::Information, data.as_str(), *context));
        self.write(log, now, &lines);
    }

    fn write_exchange(
        &mut self,
        time: UnixMillis,
        lines: &[(LogEvent, &str, &str)],
        text: &mut String,
    ) {
        let local = self.local.map(|local| local.to_string()).unwrap_or_default();
        let remote = self.remote.to_string();
        for (event, data, context) in lines {
            text.push_str(&protocol_log::line(&Line {
                time,
                connector_id: &self.connector,
                session_id: self.session_id,
                sequence: self.sequence,
                local: &local,
                remote: &remote,
                event: *event,
                data,
                context,
            }));
            self.sequence += 1;
        }
    }

    fn write_w3c(
        &mut self,
        side: Side,
        computer: &str,
        now: UnixMillis,
        lines: &[(LogEvent, &str, &str)],
        text: &mut String,
    ) {
        let session = self.w3c.get_or_insert_with(|| {
            let local = self.local.map(|local| local.ip().to_string()).unwrap_or_default();
            let port = match side {
                Side::Send => self.remote.port(),
                Side::Receive => self.local.map_or(0, |local| local.port()),
            };
            let remote = self.remote.ip().to_string();
            Box::new(w3c::Session::new(side, computer, &remote, &local, port))
        });
        for (event, data, _) in lines {
            session.write(now, *event, data, text);
        }
    }
}

/// What a folder's files are.
enum Kind {
    Exchange(Side),
    Iis { computer: String },
}

impl Kind {
    /// `SENDyyyymmdd-n.log`, `RECVyyyymmdd-n.log`, `exyymmdd.log` and then `exyymmdd_n.log`.
    fn file_name(&self, day: &str, number: u32) -> String {
        match self {
            Self::Exchange(_) => format!("{}{day}-{number}.log", self.prefix()),
            Self::Iis { .. } => {
                let short = day.get(2..).unwrap_or(day);
                let more = if number > 1 { format!("_{number}") } else { String::new() };
                format!("{}{short}{more}.log", self.prefix())
            }
        }
    }

    fn prefix(&self) -> &'static str {
        match self {
            Self::Exchange(Side::Send) => "SEND",
            Self::Exchange(Side::Receive) => "RECV",
            Self::Iis { .. } => "ex",
        }
    }

    fn header(&self, now: UnixMillis) -> String {
        match self {
            Self::Exchange(side) => protocol_log::header(*side, now),
            Self::Iis { .. } => w3c::header(now),
        }
    }
}

/// A folder of log files, and the one that is written to.
struct Files {
    folder: PathBuf,
    kind: Kind,
    current: Mutex<Option<Current>>,
}

struct Current {
    day: String,
    number: u32,
    file: File,
    bytes: u64,
}

impl Files {
    fn new(folder: PathBuf, kind: Kind) -> Self {
        Self { folder, kind, current: Mutex::new(None) }
    }

    /// Appends whole lines. `now` names the file's day, in UTC.
    fn append(&self, now: UnixMillis, lines: &str) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = self.write(&mut current, now, lines) {
            *current = None;
            metrics::counter!("posthouse_protocol_log_dropped_total").increment(1);
            tracing::warn!(%error, folder = %self.folder.display(), "the protocol log lost lines");
        }
    }

    fn write(&self, slot: &mut Option<Current>, now: UnixMillis, lines: &str) -> io::Result<()> {
        let day = day(now);
        let fits = |current: &Current| {
            current.day == day && current.bytes + lines.len() as u64 <= FILE_BYTES_MAX
        };
        if !slot.as_ref().is_some_and(fits) {
            let number = match slot.take() {
                Some(current) if current.day == day => current.number + 1,
                _ => 1,
            };
            *slot = Some(self.open(day, number, now)?);
            self.forget_old()?;
        }
        let Some(current) = slot.as_mut() else { return Ok(()) };
        current.file.write_all(lines.as_bytes())?;
        current.bytes += lines.len() as u64;
        Ok(())
    }

    /// Opens the first file of the day that has room.
    fn open(&self, day: String, first: u32, now: UnixMillis) -> io::Result<Current> {
        fs::create_dir_all(&self.folder)?;
        let mut number = first;
        loop {
            let path = self.folder.join(self.kind.file_name(&day, number));
            let mut file = OpenOptions::new().append(true).create(true).open(&path)?;
            let mut bytes = file.metadata()?.len();
            if bytes >= FILE_BYTES_MAX {
                number += 1;
                continue;
            }
            if bytes == 0 {
                let header = self.kind.header(now);
                file.write_all(header.as_bytes())?;
                bytes = header.len() as u64;
            }
            return Ok(Current { day, number, file, bytes });
        }
    }

    /// Circular logging: the oldest files go when the folder is too large or they are too old.
    fn forget_old(&self) -> io::Result<()> {
        let mut files = logs_in(&self.folder, self.kind.prefix())?;
        files.sort_by_key(|(modified, ..)| *modified);
        let mut bytes: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
        let newest = files.pop();
        for (modified, size, path) in files {
            let old = modified.elapsed().is_ok_and(|age| age > AGE_MAX);
            if old || bytes > FOLDER_BYTES_MAX {
                fs::remove_file(path)?;
                bytes -= size;
            }
        }
        drop(newest);
        Ok(())
    }
}

fn logs_in(folder: &Path, prefix: &str) -> io::Result<Vec<(SystemTime, u64, PathBuf)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_string_lossy().starts_with(prefix) {
            let metadata = entry.metadata()?;
            files.push((metadata.modified()?, metadata.len(), entry.path()));
        }
    }
    Ok(files)
}

/// `yyyymmdd` in UTC.
fn day(now: UnixMillis) -> String {
    posthouse_message::date_rfc3339(now)
        .chars()
        .take(10)
        .filter(|character| *character != '-')
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_795_457_427_042);

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn say(log: &ProtocolLog) {
        let mut lines = SessionLines::new("Edge", "198.51.100.1:25".parse().unwrap());
        lines.connected("192.0.2.10:2525".parse().unwrap());
        let dialogue = [(LogEvent::Receive, "220 ready", ""), (LogEvent::Send, "QUIT", "")];
        lines.write(log, NOW, &dialogue);
    }

    #[test]
    fn each_side_has_its_files_in_exchanges_format_and_both_one_in_iiss() {
        let folder = tempfile::tempdir().unwrap();
        let logs =
            |protocol| ProtocolLogs::new(folder.path(), "mail.a.example", protocol, protocol);
        for protocol in [LogProtocol::Exchange, LogProtocol::Iis] {
            let logs = logs(protocol);
            logs.send.iter().chain(&logs.receive).for_each(say);
        }
        let root = folder.path().join("ProtocolLog");
        assert_eq!(names(&root.join("SmtpSend")), ["SEND20261123-1.log"]);
        assert_eq!(names(&root.join("SmtpReceive")), ["RECV20261123-1.log"]);
        assert_eq!(names(&root.join("SMTPSVC1")), ["ex261123.log"]);
        let text = fs::read_to_string(root.join("SMTPSVC1/ex261123.log")).unwrap();
        assert!(text.contains(" OutboundConnectionCommand SMTPSVC1 MAIL - 25 QUIT - - "), "{text}");
        assert_eq!(text.matches("#Software").count(), 1, "{text}");
        assert!(logs(LogProtocol::None).send.is_none());
    }

    #[test]
    fn a_full_file_is_followed_by_the_next_of_its_day() {
        let folder = tempfile::tempdir().unwrap();
        let logs =
            ProtocolLogs::new(folder.path(), "a.example", LogProtocol::Iis, LogProtocol::Exchange);
        let (send, receive) = (logs.send.unwrap(), logs.receive.unwrap());
        let line = "x".repeat(1024 * 1024);
        for _ in 0..11 {
            send.files.append(NOW, &line);
            receive.files.append(NOW, &line);
        }
        let root = folder.path().join("ProtocolLog");
        assert_eq!(names(&root.join("SMTPSVC1")), ["ex261123.log", "ex261123_2.log"]);
        assert_eq!(names(&root.join("SmtpReceive")), ["RECV20261123-1.log", "RECV20261123-2.log"]);
    }

    #[test]
    fn the_oldest_file_goes_when_the_folder_is_full() {
        let folder = tempfile::tempdir().unwrap();
        let logs =
            ProtocolLogs::new(folder.path(), "a.example", LogProtocol::Exchange, LogProtocol::None);
        let root = folder.path().join("ProtocolLog/SmtpSend");
        fs::create_dir_all(&root).unwrap();
        let old = File::create(root.join("SEND20260101-1.log")).unwrap();
        old.set_len(FOLDER_BYTES_MAX).unwrap();
        old.set_modified(SystemTime::now() - Duration::from_secs(60)).unwrap();
        say(logs.send.as_ref().unwrap());
        assert_eq!(names(&root), ["SEND20261123-1.log"]);
    }
}
