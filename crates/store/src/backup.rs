//! A consistent copy of the whole store while it works. Restoring is starting with that folder.
//!
//! First the database, which names the bodies; then those bodies. In between nothing is unlinked,
//! so every body that the copy names is there. The report comes when all of it is synced.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::oneshot;

use crate::draft::{Bodies, sync_folder};
use crate::open::Layout;
use crate::schema::count;
use crate::writer::Message;
use crate::{Store, StoreError};

/// What a backup holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackupReport {
    /// Messages in it.
    pub messages: u64,
    /// Recipients in its queue, held ones too.
    pub recipients: u64,
    /// Body files in it.
    pub bodies: u64,
    /// Its size in bytes.
    pub bytes: u64,
}

impl Store {
    /// Copies the store into this folder, which must be new or empty. Mail goes on meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where the folder holds something, another backup runs, or a
    /// disk fails; [`StoreError::DiskFull`]. What was copied by then is no backup: delete it.
    pub async fn backup(&self, folder: &Path) -> Result<BackupReport, StoreError> {
        let to = Layout { data_dir: folder.to_owned() };
        let made = to.clone();
        blocking(move || make_empty(&made)).await?;
        let jobs = self.inner.jobs.as_ref().ok_or_else(StoreError::closed)?;
        let (answer, copied) = oneshot::channel();
        // Lives until the bodies are copied, or this future is dropped.
        let wanted = Arc::new(());
        let bodies_wanted = Arc::downgrade(&wanted);
        let request = Message::Copy { to: to.database(), bodies_wanted, answer };
        jobs.send(request).await.map_err(|_closed| StoreError::closed())?;
        copied.await.unwrap_or_else(|_closed| Err(StoreError::closed()))?;
        let bodies = Arc::clone(&self.inner.bodies);
        let report = blocking(move || {
            let _wanted = wanted;
            copy_bodies(&bodies, &to)
        })
        .await;
        // The writer unlinks with its next group what it has put off.
        self.probe();
        report
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|panic| Err(StoreError::Unavailable(panic.to_string())))
}

/// Makes the backup's folders.
fn make_empty(to: &Layout) -> Result<(), StoreError> {
    let folder = &to.data_dir;
    if folder.exists() && fs::read_dir(folder)?.next().is_some() {
        let words =
            format!("{} is not empty: a backup needs a folder of its own", folder.display());
        return Err(StoreError::Unavailable(words));
    }
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    DirBuilder::new().mode(0o700).create(to.bodies())?;
    Ok(())
}

/// Copies the bodies that the copied database names, syncs everything, and counts.
fn copy_bodies(from: &Bodies, to: &Layout) -> Result<BackupReport, StoreError> {
    let database = Connection::open_with_flags(
        to.database(),
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    let mut report = BackupReport {
        messages: count(&database, "SELECT count(*) FROM message")?,
        recipients: count(&database, "SELECT count(*) FROM queue")?,
        bodies: 0,
        bytes: fs::metadata(to.database())?.len(),
    };
    let mut statement =
        database.prepare("SELECT body_file FROM message WHERE body_file IS NOT NULL")?;
    let mut rows = statement.query([])?;
    let mut folders = Vec::new();
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        let target = to.bodies().join(&name);
        if let Some(folder) = target.parent().filter(|folder| !folder.exists()) {
            DirBuilder::new().mode(0o700).create(folder)?;
            folders.push(folder.to_owned());
        }
        report.bytes += copy_synced(&from.path(&name), &target)?;
        report.bodies += 1;
    }
    folders.extend([to.bodies(), to.data_dir.clone()]);
    if let Some(parent) = to.data_dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        folders.push(parent.to_owned());
    }
    for folder in folders {
        sync_folder(&folder)?;
    }
    Ok(report)
}

/// A body that cannot be read is not copied: the restored store sets its message aside and says
/// so, which is better than no backup at all.
fn copy_synced(from: &Path, to: &PathBuf) -> io::Result<u64> {
    let mut source = match File::open(from) {
        Ok(source) => source,
        Err(error) => {
            tracing::error!(%error, body = %from.display(), "a body is not in the backup");
            return Ok(0);
        }
    };
    let mut target = File::create_new(to)?;
    let bytes = io::copy(&mut source, &mut target)?;
    target.sync_all()?;
    Ok(bytes)
}
