//! A message body on its way in: in memory while small, then in a file of its own.
//!
//! Touches `bodies/` below the data folder. Never waits for the disk before the message is
//! committed; a draft that is dropped, and a body whose sync failed, leaves no file behind.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::StoreError;
use crate::checksum::Checksum;

/// A body file is written in pieces of this size: large enough that the system call is cheap,
/// small enough that a thousand open drafts fit into memory.
const PIECE_BYTES: usize = 128 * 1024;

/// Folders below `bodies/`: no folder gets so large that syncing it is slow.
const FOLDERS: u64 = 256;

/// A body that is being received. Made by [`crate::Store::draft`]; dropped, it leaves nothing.
#[derive(Debug)]
pub struct Draft {
    bodies: Arc<Bodies>,
    /// All of it while in memory; of a file what has not been written yet.
    buffer: Vec<u8>,
    file: Option<BodyFile>,
    checksum: Checksum,
    len: u64,
    /// The first failure: a body with a hole must never be committed.
    failed: Option<StoreError>,
}

impl Draft {
    pub(crate) fn new(bodies: Arc<Bodies>) -> Self {
        Self {
            bodies,
            buffer: Vec::new(),
            file: None,
            checksum: Checksum::new(),
            len: 0,
            failed: None,
        }
    }

    /// Adds the next bytes.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`] or [`StoreError::Unavailable`]; the draft is then of no use, and
    /// every later call fails in the same way.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.checksum.add(bytes);
        self.len += bytes.len() as u64;
        self.buffer.extend_from_slice(bytes);
        let full = match self.file {
            None => self.buffer.len() > self.bodies.inline_bytes_max,
            Some(_) => self.buffer.len() >= PIECE_BYTES,
        };
        if full {
            self.write_out().inspect_err(|error| self.failed = Some(error.clone()))
        } else {
            Ok(())
        }
    }

    /// Bytes so far.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing has been added.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Reads all of it back, for whoever has to look at the whole. Of a file it reads the disk, so
    /// this may block.
    ///
    /// # Errors
    /// The first failure of [`append`](Self::append), or that the file cannot be read.
    pub fn read(&self) -> Result<Vec<u8>, StoreError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let mut bytes = Vec::with_capacity(usize::try_from(self.len).unwrap_or(0));
        if let Some(body) = &self.file {
            File::open(&body.path)?.read_to_end(&mut bytes)?;
        }
        bytes.extend_from_slice(&self.buffer);
        Ok(bytes)
    }

    /// Makes the body ready for the commit. Of a file: writes the rest, then syncs the file, then
    /// its folder. Only then may a row name it: a row that is on disk must never name a file that
    /// a power cut can take away. Each sync is tried once; a file whose sync failed is unlinked,
    /// since the kernel may have dropped its pages and would answer a second sync with success.
    pub(crate) fn seal(mut self, head: &[u8]) -> Result<Sealed, StoreError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.file.is_some() {
            self.write_out()?;
        }
        if let Some(body) = &self.file {
            body.file.sync_all()?;
            sync_folder(body.path.parent().unwrap_or(&body.path))?;
        }
        self.checksum.add(head);
        let size = self.len + head.len() as u64;
        Ok(Sealed { data: self.buffer, file: self.file, size, checksum: self.checksum.value() })
    }

    fn write_out(&mut self) -> Result<(), StoreError> {
        if self.file.is_none() {
            self.file = Some(self.bodies.create()?);
        }
        if let Some(body) = &mut self.file {
            body.file.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }
}

/// A body that is on disk or fits into a row.
pub(crate) struct Sealed {
    /// The body, where it has no file.
    pub(crate) data: Vec<u8>,
    pub(crate) file: Option<BodyFile>,
    /// Head and body, in bytes.
    pub(crate) size: u64,
    /// Over body, then head.
    pub(crate) checksum: i64,
}

/// Where bodies are, and how they are named.
#[derive(Debug)]
pub(crate) struct Bodies {
    root: PathBuf,
    inline_bytes_max: usize,
    /// This opening's number: no other opening of this store makes the same names.
    start: i64,
    next: AtomicU64,
}

impl Bodies {
    /// Makes the folders that are missing. They are synced here, once, so that a commit needs to
    /// sync one folder only.
    pub(crate) fn open(root: PathBuf, inline_bytes_max: usize, start: i64) -> io::Result<Self> {
        let mut made = false;
        for number in 0..FOLDERS {
            match std::fs::create_dir(root.join(format!("{number:02x}"))) {
                Ok(()) => made = true,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        if made {
            sync_folder(&root)?;
        }
        Ok(Self { root, inline_bytes_max, start, next: AtomicU64::new(0) })
    }

    /// Bodies up to this size stand in the database.
    pub(crate) fn inline_bytes_max(&self) -> u64 {
        self.inline_bytes_max as u64
    }

    fn create(&self) -> io::Result<BodyFile> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let name = format!("{:02x}/{:x}-{number:x}", number % FOLDERS, self.start);
        let path = self.root.join(&name);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(BodyFile { name, path, file, keep: false })
    }

    /// The same in another place, whether it is there or not.
    #[cfg(test)]
    pub(crate) fn at(self, root: PathBuf) -> Self {
        Self { root, ..self }
    }

    /// The path of a body that a row names.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Names of all body files there are.
    pub(crate) fn names(root: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for folder in std::fs::read_dir(root)? {
            let folder = folder?;
            if !folder.file_type()?.is_dir() {
                continue;
            }
            for file in std::fs::read_dir(folder.path())? {
                let (folder, file) = (folder.file_name(), file?.file_name());
                names.push(format!("{}/{}", folder.to_string_lossy(), file.to_string_lossy()));
            }
        }
        Ok(names)
    }
}

/// A body's file; unlinked when dropped, until a commit has made it part of the store.
#[derive(Debug)]
pub(crate) struct BodyFile {
    pub(crate) name: String,
    path: PathBuf,
    file: File,
    keep: bool,
}

impl BodyFile {
    /// A row on disk names it now, or may.
    pub(crate) fn keep(mut self) {
        self.keep = true;
    }
}

impl Drop for BodyFile {
    fn drop(&mut self) {
        if !self.keep {
            // What cannot be unlinked now is found, and removed, at the next start.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Makes a folder's entries durable.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
