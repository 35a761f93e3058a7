//! Mails in files: what `classify`, `train` and `evaluate` share.
//!
//! May touch: the files named, for reading; standard error. Files are handled on every processor,
//! and their results come in the order of the list, so that output is the same each time.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use posthouse_classifier::{MODEL_BYTES_MAX, Model};
use posthouse_mime::{MimeLimits, Reading};

/// Largest file that is read as a mail: Exchange Online's limit for one message (spec 7).
const MAIL_BYTES_MAX: u64 = 150 * 1024 * 1024;
/// Folders inside one another that are walked: a link into itself ends here.
const DEPTH_MAX: usize = 16;
/// Results that wait for an earlier one, at most: what bounds the memory of a long list.
const WAITING_MAX: usize = 256;

/// A file that was named, or lies in a folder that was named; or why that could not be looked at.
pub(super) type Named = (PathBuf, Result<(), String>);

/// All files below what was named: each folder's in the order of their names.
pub(super) fn files(named: &[PathBuf]) -> Vec<Named> {
    let mut out = Vec::new();
    for path in named {
        walk(path, 0, &mut out);
    }
    out
}

fn walk(path: &Path, depth: usize, out: &mut Vec<Named>) {
    if !path.is_dir() {
        out.push((path.to_owned(), Ok(())));
        return;
    }
    if depth >= DEPTH_MAX {
        out.push((path.to_owned(), Err("folders are too deep inside one another".to_owned())));
        return;
    }
    let entries = fs::read_dir(path).and_then(|entries| {
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()
    });
    match entries {
        Ok(mut entries) => {
            entries.sort();
            for entry in entries {
                walk(&entry, depth + 1, out);
            }
        }
        Err(error) => out.push((path.to_owned(), Err(error.to_string()))),
    }
}

/// One mail's bytes. Regular files only: a pipe or a device may never end.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let metadata = path.metadata().map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("not a regular file".to_owned());
    }
    if metadata.len() > MAIL_BYTES_MAX {
        return Err("larger than 150 MiB".to_owned());
    }
    fs::read(path).map_err(|error| error.to_string())
}

/// A mail's structure.
pub(super) fn reading(bytes: &[u8]) -> Reading {
    posthouse_mime::read(bytes, &MimeLimits::default())
}

/// The model named, or the one that comes with the program.
pub(super) fn model(path: Option<&Path>) -> Result<Model, String> {
    let Some(path) = path else { return Ok(Model::shipped()) };
    let shown = path.display();
    let metadata = path.metadata().map_err(|error| format!("{shown}: {error}"))?;
    if metadata.len() > MODEL_BYTES_MAX as u64 {
        return Err(format!("{shown}: larger than a model can be"));
    }
    let bytes = fs::read(path).map_err(|error| format!("{shown}: {error}"))?;
    Model::from_bytes(&bytes).map_err(|error| format!("{shown}: {error}"))
}

/// Does `work` for each item on every processor, and `take` with each result in the items' order.
/// `take` says whether to go on.
pub(super) fn in_parallel<Item: Sync, Done: Send>(
    items: &[Item],
    work: impl Fn(&Item) -> Done + Sync,
    mut take: impl FnMut(usize, Done) -> bool,
) {
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(1, usize::from).min(items.len().max(1));
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::sync_channel(WAITING_MAX);
        for _ in 0..threads {
            let (sender, next, work) = (sender.clone(), &next, &work);
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else { return };
                    if sender.send((at, work(item))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut waiting = BTreeMap::new();
        let mut expected = 0;
        for (at, done) in receiver {
            waiting.insert(at, done);
            while let Some(done) = waiting.remove(&expected) {
                if !take(expected, done) {
                    return;
                }
                expected += 1;
            }
        }
    });
}

/// Shows how far long work is, on a terminal only.
pub(super) struct Progress {
    what: &'static str,
    total: usize,
    shown: usize,
    is_shown: bool,
}

impl Progress {
    /// Work of `total` steps.
    pub(super) fn new(what: &'static str, total: usize) -> Self {
        Self { what, total, shown: usize::MAX, is_shown: io::stderr().is_terminal() }
    }

    /// So many steps are done.
    pub(super) fn at(&mut self, done: usize) {
        let percent = done * 100 / self.total.max(1);
        if self.is_shown && percent != self.shown {
            self.shown = percent;
            let _ = write!(io::stderr(), "\r{} {percent} %", self.what);
            if done >= self.total {
                let _ = writeln!(io::stderr());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_list() {
        let items: Vec<u64> = (0..2000).collect();
        let mut seen = Vec::new();
        in_parallel(
            &items,
            |item| item * 2,
            |at, done| {
                seen.push((at as u64, done));
                true
            },
        );
        assert_eq!(seen, (0..2000).map(|at| (at, at * 2)).collect::<Vec<_>>());
    }

    #[test]
    fn whoever_has_seen_enough_ends_it() {
        let items: Vec<u64> = (0..5000).collect();
        let mut count = 0;
        in_parallel(
            &items,
            |item| *item,
            |_, _| {
                count += 1;
                count < 10
            },
        );
        assert_eq!(count, 10);
    }

    #[test]
    fn folders_are_walked_in_the_order_of_names() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.eml", "a.eml"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        let found = files(&[folder.path().to_owned()]);
        let names: Vec<_> = found.iter().map(|(path, _)| path.file_name().unwrap()).collect();
        assert_eq!(names, ["a.eml", "b.eml"]);
    }
}
