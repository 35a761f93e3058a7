//! `posthouse train`: folders of mail in, a model out.
//!
//! May touch: the mails, for reading; the model's file, written whole or not at all; standard error.
//! The same mails make the same model, whatever order the disk lists them in.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;
use std::{fs, io};

use clap::Args;
use posthouse_classifier::{Label, Model, Trainer};

use super::mails::{self, Progress};

/// What is learned from, and where the model goes.
#[derive(Args)]
pub(crate) struct TrainArguments {
    /// A folder with the folders ham, spam, bulk and phish in it
    directory: PathBuf,
    /// Where the model is written
    #[arg(long, value_name = "MODEL")]
    out: PathBuf,
}

/// Trains: 0 a model was written, 1 not.
pub(super) fn run(arguments: &TrainArguments) -> ExitCode {
    match train(arguments) {
        Ok(sentence) => {
            anstream::println!("{sentence}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            anstream::eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn train(arguments: &TrainArguments) -> Result<String, String> {
    let started = Instant::now();
    let mails = labelled(&arguments.directory)?;
    let model = learn(&mails);
    let bytes = model.to_bytes();
    write(&arguments.out, &bytes)
        .map_err(|error| format!("{}: {error}", arguments.out.display()))?;
    let counts = model.counts();
    Ok(format!(
        "{}: learned from {} ham, {} bulk, {} spam, {} phish in {} s; {} kB",
        arguments.out.display(),
        counts.ham,
        counts.bulk,
        counts.spam,
        counts.phish,
        started.elapsed().as_secs(),
        bytes.len() / 1000
    ))
}

/// All mails in a folder's class folders.
pub(super) fn labelled(directory: &Path) -> Result<Vec<(Label, PathBuf)>, String> {
    let mut out = Vec::new();
    for (label, name) in Label::ALL {
        let folder = directory.join(name);
        if !folder.is_dir() {
            continue;
        }
        for (path, found) in mails::files(&[folder]) {
            found.map_err(|why| format!("{}: {why}", path.display()))?;
            out.push((label, path));
        }
    }
    let has = |wanted: fn(Label) -> bool| out.iter().any(|(label, _)| wanted(*label));
    if has(|label| label == Label::Ham) && has(|label| label >= Label::Spam) {
        return Ok(out);
    }
    Err(format!(
        "{}: nothing to tell apart: mails are needed in the folder ham, and in spam or phish",
        directory.display()
    ))
}

fn learn(mails: &[(Label, PathBuf)]) -> Model {
    let mut trainer = Trainer::new();
    let mut progress = Progress::new("reading", mails.len());
    mails::in_parallel(
        mails,
        |(label, path)| {
            let mut one = Trainer::new();
            let bytes = mails::read(path).map_err(|why| format!("{}: {why}", path.display()))?;
            one.add(*label, &mails::reading(&bytes));
            Ok(one)
        },
        |at, result: Result<Trainer, String>| {
            match result {
                Ok(mut one) => trainer.append(&mut one),
                Err(why) => anstream::eprintln!("left out: {why}"),
            }
            progress.at(at + 1);
            true
        },
    );
    let mut progress = Progress::new("learning", 100);
    trainer.finish(|done, of| progress.at((done * 100 / of.max(1)) as usize))
}

/// Writes beside the place and renames: a reader sees the old model or the new one.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    fs::write(&beside, bytes)?;
    fs::rename(&beside, path)
}
