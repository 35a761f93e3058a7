//! `posthouse classify`: messages in files, judged by what they say.
//!
//! May touch: the files named, for reading; the node or its store, for what a tenant has learned;
//! standard output and error. With `--json` one object a
//! line, in the order of the files; a file that cannot be read is an object with `error`, and the
//! exit status is 1.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use posthouse_classifier::{Learned, Model};
use posthouse_filter::{self as filter, Tools};
use posthouse_message::from_base64;
use posthouse_types::{Facts, Language, Verdicts, printable};
use serde_json::{Value, json};

use super::{Node, ask, mails};
use crate::office::{ReportRequest, Request, Trouble};

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
    /// Judge as for this tenant, with what it has learned from its own releases and reports
    #[arg(long)]
    tenant: Option<String>,
    #[command(flatten)]
    node: Node,
    /// A trained model, instead of the one that comes with the program
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
}

/// Judges one message as the gateway does, but asks nobody anything: what needs DNS or a daemon is
/// not known.
pub(super) fn judge(model: &Model, learned: Option<&Learned>, message: &[u8]) -> Verdicts {
    let tools = Tools { model: Some(model), learned, ..Tools::default() };
    let (_, measured) = filter::measure(message, &tools);
    filter::judge(&Facts::default(), &measured)
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
    let learned = match arguments.tenant.as_deref().map(|name| learned(arguments, name)) {
        None => None,
        Some(Ok(learned)) => learned,
        Some(Err(trouble)) => {
            super::show::trouble(&trouble);
            return ExitCode::FAILURE;
        }
    };
    let files = mails::files(&arguments.files);
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut all_read = !files.is_empty();
    let mut written = Ok(());
    mails::in_parallel(
        &files,
        |(path, found)| found.clone().and_then(|()| one(&model, learned.as_ref(), path)),
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

/// What the tenant has learned, of the node that runs here or of its store.
fn learned(arguments: &ClassifyArguments, name: &str) -> Result<Option<Learned>, Trouble> {
    let request = Request::Report(ReportRequest::Learned { tenant: name.to_owned() });
    let answer = ask::answer(&arguments.node.config, request)?;
    let text = answer.first().and_then(|item| item.get("base64")).and_then(Value::as_str);
    let bytes = text.and_then(from_base64).unwrap_or_default();
    if bytes.is_empty() {
        return Ok(None);
    }
    let learned = Learned::from_bytes(&bytes).map_err(|error| {
        Trouble::new(format!("what {name} has learned cannot be read: {error}"), "")
    });
    learned.map(Some)
}

fn one(
    model: &Model,
    learned: Option<&Learned>,
    path: &std::path::Path,
) -> Result<(Verdicts, u128), String> {
    let bytes = mails::read(path)?;
    let started = Instant::now();
    let verdicts = judge(model, learned, &bytes);
    Ok((verdicts, started.elapsed().as_micros()))
}

fn show(
    out: &mut impl Write,
    file: &str,
    result: Result<(Verdicts, u128), String>,
    as_json: bool,
) -> io::Result<()> {
    match (result, as_json) {
        (Ok((verdicts, micros)), true) => writeln!(out, "{}", object(file, &verdicts, micros)),
        (Err(error), true) => writeln!(out, "{}", json!({ "file": file, "error": error })),
        (Ok((verdicts, _)), false) => {
            let Verdicts { verdict, scl, bcl, score, reasons, .. } = verdicts;
            let file = printable(file, 200);
            let verdict = verdict.as_str();
            writeln!(out, "{file}: {verdict} score {score:.2}, SCL {scl}, BCL {bcl}")?;
            reasons.iter().try_for_each(|reason| {
                let sentence = reason.finding.sentence(Language::English);
                writeln!(out, "  {:+6.2}  {sentence} ({})", reason.weight, reason.id())
            })
        }
        (Err(error), false) => writeln!(out, "{}: error: {error}", printable(file, 200)),
    }
}

fn object(file: &str, verdicts: &Verdicts, micros: u128) -> Value {
    let reasons: Vec<Value> = verdicts
        .reasons
        .iter()
        .map(|reason| {
            json!({
                "id": reason.id(),
                "weight": reason.weight,
                "decisive": reason.decisive,
                "text": reason.finding.sentence(Language::English),
            })
        })
        .collect();
    json!({
        "file": file,
        "verdict": verdicts.verdict.as_str(),
        "scl": verdicts.scl,
        "bcl": verdicts.bcl,
        "category": verdicts.verdict.as_str(),
        "score": verdicts.score,
        "reasons": reasons,
        "micros": u64::try_from(micros).unwrap_or(u64::MAX),
    })
}
