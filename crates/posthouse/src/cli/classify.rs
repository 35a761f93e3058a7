//! `posthouse classify`: messages in files, judged by what they say.
//!
//! May touch: the files named, for reading; standard output and error. With `--json` one object a
//! line, in the order of the files; a file that cannot be read is an object with `error`, and the
//! exit status is 1.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use posthouse_classifier::{Classification, Model, bulk_finding, bulk_level, classify};
use posthouse_mime::Reading;
use posthouse_types::{Finding, Language, Verdict, printable};
use serde_json::{Value, json};

use super::mails;

/// What is judged, and how.
#[derive(Args)]
pub(crate) struct ClassifyArguments {
    /// Messages (RFC 5322), or folders of them
    #[arg(required = true, value_name = "FILE|DIR")]
    files: Vec<PathBuf>,
    /// Make no look-up at all
    #[arg(long)]
    offline: bool,
    /// One JSON object a line, with stable field names
    #[arg(long)]
    json: bool,
    /// Judge as for this tenant
    #[arg(long)]
    tenant: Option<String>,
    /// A trained model, instead of the one that comes with the program
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
}

/// One message's judgement.
pub(super) struct Judgement {
    pub(super) verdict: Verdict,
    pub(super) spam_level: i8,
    pub(super) bulk_level: u8,
    pub(super) score: f32,
    pub(super) reasons: Vec<Finding>,
}

/// Log-odds from which a message is spam: about one ham in a thousand lies above (docs/filter-quality.md).
const SPAM: f32 = 4.0;
/// Log-odds from which it is so with high confidence.
const SURE: f32 = 7.0;
/// Log-odds from which bad mail is phishing rather than spam.
const PHISH: f32 = 0.0;
/// The bulk level from which Exchange Online calls a message bulk by default (spec 2.3).
const BULK_LEVEL_DEFAULT: u8 = 7;

/// Judges one message by its content alone.
pub(super) fn judge(model: &Model, _tenant: Option<&str>, reading: &Reading) -> Judgement {
    let classification = classify(model, reading);
    let Classification { bad, phish, bulk, .. } = &classification;
    let bulk_level = bulk_level(reading, *bulk);
    let (verdict, spam_level) = match (*bad, *phish >= PHISH) {
        (bad, true) if bad >= SURE => (Verdict::HighConfidencePhish, 9),
        (bad, true) if bad >= SPAM => (Verdict::Phish, 8),
        (bad, false) if bad >= SURE => (Verdict::HighConfidenceSpam, 9),
        (bad, false) if bad >= SPAM => (Verdict::Spam, 5),
        _ if bulk_level >= BULK_LEVEL_DEFAULT => (Verdict::Bulk, 1),
        _ => (Verdict::None, 1),
    };
    let mut reasons = classification.findings();
    reasons.extend(bulk_finding(reading, *bulk));
    Judgement { verdict, spam_level, bulk_level, score: *bad, reasons }
}

/// Judges and shows: 0 every file was judged, 1 some could not be.
pub(super) fn run(arguments: &ClassifyArguments) -> ExitCode {
    let model = match mails::model(arguments.model.as_deref()) {
        Ok(model) => model,
        Err(why) => {
            anstream::eprintln!(
                "error: {why}\n  next: train one with 'posthouse train DIR --out FILE'"
            );
            return ExitCode::FAILURE;
        }
    };
    let files = mails::files(&arguments.files);
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut all_read = !files.is_empty();
    let mut written = Ok(());
    mails::in_parallel(
        &files,
        |(path, found)| found.clone().and_then(|()| one(&model, arguments, path)),
        |at, result| {
            all_read &= result.is_ok();
            let name =
                files.get(at).map_or_else(String::new, |(path, _)| path.display().to_string());
            written = show(&mut out, &name, result, arguments.json);
            written.is_ok()
        },
    );
    match written.and_then(|()| out.flush()) {
        // Whoever closed the pipe has read enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => ExitCode::FAILURE,
        _ if all_read => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn one(
    model: &Model,
    arguments: &ClassifyArguments,
    path: &std::path::Path,
) -> Result<(Judgement, u128), String> {
    let bytes = mails::read(path)?;
    let started = Instant::now();
    let judgement = judge(model, arguments.tenant.as_deref(), &mails::reading(&bytes));
    Ok((judgement, started.elapsed().as_micros()))
}

fn show(
    out: &mut impl Write,
    file: &str,
    result: Result<(Judgement, u128), String>,
    as_json: bool,
) -> io::Result<()> {
    match (result, as_json) {
        (Ok((judgement, micros)), true) => writeln!(out, "{}", object(file, &judgement, micros)),
        (Err(error), true) => writeln!(out, "{}", json!({ "file": file, "error": error })),
        (Ok((judgement, _)), false) => {
            let Judgement { verdict, spam_level, bulk_level, score, reasons } = judgement;
            let file = printable(file, 200);
            writeln!(
                out,
                "{file}: {} score {score:.2}, SCL {spam_level}, BCL {bulk_level}",
                verdict.as_str()
            )?;
            reasons.iter().try_for_each(|reason| {
                writeln!(out, "  {:+.2} {}", reason.weight(), reason.sentence(Language::English))
            })
        }
        (Err(error), false) => writeln!(out, "{}: error: {error}", printable(file, 200)),
    }
}

fn object(file: &str, judgement: &Judgement, micros: u128) -> Value {
    let reasons: Vec<Value> = judgement
        .reasons
        .iter()
        .map(|reason| {
            json!({
                "id": reason.kind.id,
                "weight": reason.weight(),
                "text": reason.sentence(Language::English),
            })
        })
        .collect();
    json!({
        "file": file,
        "verdict": judgement.verdict.as_str(),
        "scl": judgement.spam_level,
        "bcl": judgement.bulk_level,
        "category": judgement.verdict.as_str(),
        "score": judgement.score,
        "reasons": reasons,
        "micros": u64::try_from(micros).unwrap_or(u64::MAX),
    })
}
