//! `cert export`: a certificate, its chain or its intermediates, as files for another machine.
//!
//! May touch: the stores, the files named, standard output. Never writes a private key, and never
//! over a file that holds something else.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use posthouse_pki::{certificate_pem, certificate_summary};
use serde_json::{Value, json};

use super::room::Room;
use super::view::{json_lines, shown, wrapped, write};
use crate::cli::Asking;
use crate::office::Trouble;
use crate::stores::{authority_name, read_bounded};

/// `cert export`.
#[derive(Args)]
#[command(after_help = "\
--intermediates writes one DER file for each, ready for Windows' store of intermediates:
  Get-ChildItem -Path C:\\import\\*.cer | Import-Certificate -CertStoreLocation cert:\\LocalMachine\\CA
  certutil -addstore CA FILE.cer")]
pub(crate) struct ExportArguments {
    /// A certificate of a store by name or thumbprint, or a file
    #[arg(value_name = "NAME|THUMBPRINT|FILE")]
    subject: String,
    /// Each intermediate of its chain, into a file of its own
    #[arg(long, conflicts_with = "chain")]
    intermediates: bool,
    /// The certificate and its intermediates in one PEM file, in the order that servers send
    #[arg(long)]
    chain: bool,
    /// How to write them; left out: DER with --intermediates, else PEM
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The file; with --intermediates the folder, left out: this one
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
    #[command(flatten)]
    asking: Asking,
}

/// How a certificate is written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Binary, .cer
    Der,
    /// Base64 between BEGIN and END, .pem
    Pem,
}

pub(super) fn run(arguments: &ExportArguments) -> Result<ExitCode, Trouble> {
    let room = Room::open_anywhere(&arguments.asking)?;
    let subject = room.find(&arguments.subject)?;
    if arguments.intermediates {
        let chain = room.whole_chain(&room.presentable(subject)?);
        return intermediates(arguments, chain.get(1..).unwrap_or_default());
    }
    let certificates = if arguments.chain {
        room.whole_chain(&room.presentable(subject)?)
    } else {
        subject.certificates().iter().take(1).cloned().collect()
    };
    let bytes = match (arguments.format, certificates.as_slice()) {
        (Some(Format::Der), [one]) => one.clone(),
        (Some(Format::Der), _) => {
            let what = "a DER file holds one certificate, and a chain has more";
            return Err(Trouble::new(what, "--format pem, or --intermediates for a file each"));
        }
        _ => certificates.iter().map(|der| certificate_pem(der)).collect::<String>().into_bytes(),
    };
    let Some(file) = &arguments.output else {
        if arguments.format == Some(Format::Der) {
            return Err(Trouble::new("DER is binary and goes into a file", "add --output FILE"));
        }
        return Ok(write(&String::from_utf8_lossy(&bytes), ExitCode::SUCCESS));
    };
    put(file, &bytes)?;
    Ok(told(arguments, &certificates, std::slice::from_ref(file), ""))
}

fn intermediates(arguments: &ExportArguments, chain: &[Vec<u8>]) -> Result<ExitCode, Trouble> {
    if chain.is_empty() {
        return Err(Trouble::new(
            "no intermediate of its chain is to be had here",
            format!("posthouse cert obtain {} fetches it", shown(&arguments.subject)),
        ));
    }
    let folder = arguments.output.clone().unwrap_or_else(|| PathBuf::from("."));
    let files = put_each(&folder, chain, arguments.format.unwrap_or(Format::Der))?;
    let next = "on Windows: Get-ChildItem -Path C:\\import\\*.cer | Import-Certificate \
                -CertStoreLocation cert:\\LocalMachine\\CA";
    Ok(told(arguments, chain, &files, next))
}

/// Writes each certificate into a file of its own, named after its subject; makes the folder.
pub(super) fn put_each(
    folder: &Path,
    ders: &[Vec<u8>],
    format: Format,
) -> Result<Vec<PathBuf>, Trouble> {
    std::fs::create_dir_all(folder).map_err(|error| {
        Trouble::new(format!("cannot make the folder {}: {error}", folder.display()), "")
    })?;
    let mut files = Vec::new();
    for der in ders {
        let name = authority_name(&certificate_summary(der).unwrap_or_default());
        let (extension, bytes) = match format {
            Format::Pem => ("pem", certificate_pem(der).into_bytes()),
            Format::Der => ("cer", der.clone()),
        };
        let file = folder.join(format!("{name}.{extension}"));
        put(&file, &bytes)?;
        files.push(file);
    }
    Ok(files)
}

/// Writes a file; one that is there already has to be the same.
fn put(file: &Path, bytes: &[u8]) -> Result<(), Trouble> {
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(file)
        .and_then(|mut file| file.write_all(bytes));
    match written {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if read_bounded(file).is_ok_and(|there| there == bytes) {
                return Ok(());
            }
            let what = format!("{} is there already and holds something else", file.display());
            Err(Trouble::new(what, "name another file with --output"))
        }
        Err(error) => Err(Trouble::new(format!("cannot write {}: {error}", file.display()), "")),
    }
}

/// Says what was written where.
fn told(arguments: &ExportArguments, ders: &[Vec<u8>], files: &[PathBuf], next: &str) -> ExitCode {
    let summaries: Vec<_> =
        ders.iter().map(|der| certificate_summary(der).unwrap_or_default()).collect();
    // A chain lies in one file.
    let file_of = |place: usize| files.get(place).or(files.first()).map(|file| file.display());
    if arguments.asking.json {
        let object = |(place, summary): (usize, &posthouse_types::CertificateSummary)| -> Value {
            let file = file_of(place).map(|file| file.to_string());
            json!({"subject": summary.subject, "thumbprint": summary.thumbprint, "file": file})
        };
        let objects: Vec<Value> = summaries.iter().enumerate().map(object).collect();
        return write(&json_lines(&objects), ExitCode::SUCCESS);
    }
    let mut text = String::new();
    for (place, summary) in summaries.iter().enumerate() {
        let file = file_of(place).map(|file| file.to_string()).unwrap_or_default();
        text.push_str(&wrapped("", &format!("{file}  {}", shown(&summary.subject))));
    }
    if !next.is_empty() {
        // A command to copy is never broken.
        text.push_str(&format!("next: {next}\n"));
    }
    write(&text, ExitCode::SUCCESS)
}
