//! Exchange's send protocol log: one CSV file a day, as its readers expect it.
//!
//! May touch: the log folder. Logging never delays or fails a delivery: a line that cannot be
//! written is counted and dropped. Bounded by size, folder size and age as Exchange's defaults:
//! 10 MB a file, 250 MB a folder, 30 days.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use posthouse_trace::protocol_log;
use posthouse_types::UnixMillis;

/// Exchange's SendProtocolLogMaxFileSize.
const FILE_BYTES_MAX: u64 = 10 * 1024 * 1024;
/// Exchange's SendProtocolLogMaxDirectorySize.
const FOLDER_BYTES_MAX: u64 = 250 * 1024 * 1024;
/// Exchange's SendProtocolLogMaxAge.
const AGE_MAX: Duration = Duration::from_secs(30 * 24 * 3600);

/// The log of all outbound sessions.
pub(crate) struct ProtocolLog {
    folder: PathBuf,
    current: Mutex<Option<Current>>,
}

struct Current {
    day: String,
    number: u32,
    file: File,
    bytes: u64,
}

impl ProtocolLog {
    /// A log in `folder`, which is made with the first line.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, current: Mutex::new(None) }
    }

    /// Appends whole lines. `now` names the file's day, in UTC.
    pub(crate) fn append(&self, now: UnixMillis, lines: &str) {
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

    /// Opens `SENDyyyymmdd-n.log`, the first of the day that has room.
    fn open(&self, day: String, first: u32, now: UnixMillis) -> io::Result<Current> {
        fs::create_dir_all(&self.folder)?;
        let mut number = first;
        loop {
            let path = self.folder.join(format!("SEND{day}-{number}.log"));
            let mut file = OpenOptions::new().append(true).create(true).open(&path)?;
            let mut bytes = file.metadata()?.len();
            if bytes >= FILE_BYTES_MAX {
                number += 1;
                continue;
            }
            if bytes == 0 {
                let header = protocol_log::header(now);
                file.write_all(header.as_bytes())?;
                bytes = header.len() as u64;
            }
            return Ok(Current { day, number, file, bytes });
        }
    }

    /// Circular logging: the oldest files go when the folder is too large or they are too old.
    fn forget_old(&self) -> io::Result<()> {
        let mut files = logs_in(&self.folder)?;
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

fn logs_in(folder: &Path) -> io::Result<Vec<(SystemTime, u64, PathBuf)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_string_lossy().starts_with("SEND") {
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
