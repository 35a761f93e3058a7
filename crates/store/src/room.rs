//! How much room is left on disk, and the reserve that lets a full disk be emptied.
//!
//! New mail is refused while room is short. Delivery needs a little room even to delete (the log
//! grows before the database shrinks), so a file of blocks is kept that is given up for that.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::StoreError;

/// A look at the file system is good for this long: MAIL commands come faster than disks fill.
const LOOK_AGE_MAX: Duration = Duration::from_secs(1);

/// With fewer free inodes than this the disk counts as full: each large body needs one.
const INODES_MIN: u64 = 64;

/// The look-out.
#[derive(Debug)]
pub(crate) struct Room {
    data_dir: PathBuf,
    reserve_bytes: u64,
    last: Mutex<Option<(Instant, bool)>>,
}

impl Room {
    pub(crate) fn new(data_dir: PathBuf, reserve_bytes: u64) -> Self {
        Self { data_dir, reserve_bytes, last: Mutex::new(None) }
    }

    /// Whether new mail may come in.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let enough = match *last {
            Some((at, enough)) if at.elapsed() < LOOK_AGE_MAX => enough,
            _ => {
                let (bytes, inodes) = free(&self.data_dir)?;
                let enough = bytes >= self.reserve_bytes && inodes >= INODES_MIN;
                *last = Some((Instant::now(), enough));
                enough
            }
        };
        if enough { Ok(()) } else { Err(StoreError::DiskFull) }
    }
}

/// Free bytes for us on the disk that holds this path.
///
/// # Errors
/// The file system does not say.
pub fn free_bytes(path: &Path) -> io::Result<u64> {
    free(path).map(|(bytes, _)| bytes)
}

/// Free bytes and inodes for us; file systems without a fixed number of inodes say 0 of 0.
fn free(path: &Path) -> io::Result<(u64, u64)> {
    let stat = rustix::fs::statvfs(path)?;
    let inodes = if stat.f_files == 0 { u64::MAX } else { stat.f_favail };
    Ok((stat.f_bavail.saturating_mul(stat.f_frsize), inodes))
}

/// The reserve: blocks that belong to us, given up when settling finds the disk full.
#[derive(Debug)]
pub(crate) struct Reserve {
    path: PathBuf,
    bytes: u64,
    held: bool,
    looked: Instant,
}

impl Reserve {
    /// Allocates it where there is room; without, it is tried again later.
    pub(crate) fn new(path: PathBuf, bytes: u64) -> Self {
        let mut reserve = Self { path, bytes, held: false, looked: Instant::now() };
        reserve.held = reserve.allocate().is_ok();
        reserve
    }

    /// Gives the blocks back to the file system; `false` where there were none to give.
    pub(crate) fn release(&mut self) -> bool {
        let released = self.held && File::create(&self.path).is_ok();
        self.held = false;
        self.looked = Instant::now();
        released
    }

    /// Takes the blocks back once there is room for them and as much again.
    pub(crate) fn refill(&mut self) {
        if self.held || self.looked.elapsed() < LOOK_AGE_MAX {
            return;
        }
        self.looked = Instant::now();
        let room = self.path.parent().and_then(|folder| free(folder).ok());
        if room.is_some_and(|(bytes, _)| bytes / 2 > self.bytes) {
            self.held = self.allocate().is_ok();
        }
    }

    fn allocate(&self) -> io::Result<()> {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&self.path)?;
        if file.metadata()?.len() == self.bytes {
            return Ok(());
        }
        let allocated =
            rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, self.bytes);
        if allocated.is_err() {
            file.set_len(0)?;
        }
        allocated.map_err(io::Error::from)
    }
}
