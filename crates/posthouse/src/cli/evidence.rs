//! `posthouse evidence`: what logs, events and reports of other programs say about a refused
//! relay.
//!
//! May touch: the files named, for reading; standard output and error. Files that cannot be read
//! are said so in the verdict; with `--json` standard output always ends with one JSON line.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use posthouse_evidence::{Cause, Collector, Verdict, Wants, judge};
use posthouse_types::{SHOWN_CHARACTERS_MAX, printable};

/// Bytes read at a time: large enough that a big log is read in few calls.
const PIECE_BYTES: usize = 256 * 1024;

/// What is looked at.
#[derive(Args)]
pub(crate) struct EvidenceArguments {
    /// Exchange protocol logs, IIS W3C logs, CAPI2 events (.evtx, XML), delivery reports (.eml)
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// One JSON object on one line, with stable field names
    #[arg(long)]
    json: bool,
}

/// Reads, judges and shows: 0 all went well, 1 a fault was found or nothing can be told.
pub(super) fn run(arguments: &EvidenceArguments) -> ExitCode {
    let mut collector = Collector::new();
    for path in &arguments.files {
        read(&mut collector, path);
    }
    let verdict = judge(&collector.facts());
    let shown = if arguments.json { verdict.json() + "\n" } else { verdict.text() };
    let mut out = io::stdout().lock();
    match out.write_all(shown.as_bytes()).and_then(|()| out.flush()) {
        // Whoever closed the pipe has read enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => ExitCode::FAILURE,
        _ => exit_code(&verdict),
    }
}

/// The JSON of a call that was not understood: nothing was looked at.
pub(super) fn no_verdict_json(why: &str) -> String {
    let mut collector = Collector::new();
    collector.unreadable("command line", &printable(why, SHOWN_CHARACTERS_MAX));
    judge(&collector.facts()).json()
}

fn exit_code(verdict: &Verdict) -> ExitCode {
    if verdict.cause == Cause::None { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn read(collector: &mut Collector, path: &Path) {
    let name = path.display().to_string();
    let mut source = match open(path) {
        Ok(source) => source,
        Err(why) => return collector.unreadable(&name, &why),
    };
    let mut file = collector.open(&name);
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match source.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => {
                let bytes = piece.get(..length).unwrap_or_default();
                if collector.push(&mut file, bytes) == Wants::Nothing {
                    break;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // What was read so far counts all the same.
            Err(error) => {
                collector.close(file);
                return collector.unreadable(&name, &format!("cannot be read on: {error}"));
            }
        }
    }
    collector.close(file);
}

/// Regular files only: a pipe or a device may never end.
fn open(path: &Path) -> Result<File, String> {
    let metadata = path.metadata().map_err(|error| format!("cannot be read: {error}"))?;
    if metadata.is_dir() {
        return Err("a folder: name the files in it".to_owned());
    }
    if !metadata.is_file() {
        return Err("not a file: a pipe or a device is not read".to_owned());
    }
    File::open(path).map_err(|error| format!("cannot be read: {error}"))
}
