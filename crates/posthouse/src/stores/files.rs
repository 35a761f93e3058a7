//! Reading and writing the stores' files: bounded, private, whole or not at all.
//!
//! May touch: the files that it is given. What is written lies aside first and is renamed, so that
//! nobody reads half of it; folders are 0700 and files 0600, since a `.pem` may hold a key. Run as
//! root, it leaves what it makes to the owner of `data_dir`, whose node has to read it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use posthouse_pki::limits::BUNDLE_BYTES_MAX;

/// Reads a file of certificates or keys, of which no more than its bound is taken into memory.
///
/// # Errors
/// What the operating system says, or that the file is too long.
pub(crate) fn read_bounded(file: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|file| file.take(BUNDLE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| error.to_string())?;
    if bytes.len() > BUNDLE_BYTES_MAX {
        return Err(format!("it is longer than {BUNDLE_BYTES_MAX} bytes"));
    }
    Ok(bytes)
}

/// Writes a file into a store's folder, which is made where it is not there yet, in place of what
/// was there.
///
/// # Errors
/// What the operating system says; what was there before is then there still.
pub(crate) fn write_into_store(data_dir: &Path, file: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = file.parent().unwrap_or(data_dir);
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    write_private(file, bytes)?;
    if rustix::process::geteuid().is_root() {
        let owner = fs::metadata(data_dir)?;
        let made = [file].into_iter().chain(folder.ancestors());
        for path in made.take_while(|path| *path != data_dir) {
            std::os::unix::fs::chown(path, Some(owner.uid()), Some(owner.gid()))?;
        }
    }
    Ok(())
}

fn write_private(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let aside = file.with_extension("new");
    // Left by a process that was killed.
    match fs::remove_file(&aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut to = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
    // The name points to the new bytes only once they are on the disk: a crash between the two
    // would otherwise leave an empty certificate behind, and the node without one.
    let written = to.write_all(bytes).and_then(|()| to.sync_all());
    written.and_then(|()| fs::rename(&aside, file)).inspect_err(|_| {
        // The first error is the one that counts.
        let _ = fs::remove_file(&aside);
    })?;
    file.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
