//! `posthouse evaluate`: how well the filter judges folders of mail whose class is known.
//!
//! May touch: the mails and their manifest, for reading; standard output and error. Says each figure
//! with the number of mails behind it; a recall at a rate of false positives that the ham cannot
//! show is said to rest on one mail.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use posthouse_classifier::{BULK_LEVEL_STRICT, Label};
use posthouse_types::{Verdict, Verdicts};
use serde_json::{Value, json};

use super::classify::judge;
use super::mails::{self, Progress};
use super::train::labelled;

/// What is measured.
#[derive(Args)]
pub(crate) struct EvaluateArguments {
    /// A folder with the folders ham, spam, bulk and phish in it
    directory: PathBuf,
    /// A trained model, instead of the one that comes with the program
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// One JSON object on one line, with stable field names
    #[arg(long)]
    json: bool,
}

/// Rates of false positives at which recall is told.
const RATES: [f64; 4] = [0.0005, 0.001, 0.005, 0.01];
/// Log-odds at which the calibration table is cut.
const CUTS: [f32; 8] = [-6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0, 8.0];

struct Judged {
    label: Label,
    source: String,
    judgement: Verdicts,
    micros: u64,
}

/// Measures: 0 measured, 1 not.
pub(super) fn run(arguments: &EvaluateArguments) -> ExitCode {
    match measure(arguments) {
        Ok(judged) => {
            let report = report(&judged);
            if arguments.json {
                anstream::println!("{report}");
            } else {
                anstream::print!("{}", text(&report));
            }
            ExitCode::SUCCESS
        }
        Err(why) => {
            anstream::eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &EvaluateArguments) -> Result<Vec<Judged>, String> {
    let model = mails::model(arguments.model.as_deref())?;
    let files = labelled(&arguments.directory)?;
    let sources = sources(&arguments.directory);
    let mut progress = Progress::new("judging", files.len());
    let mut judged = Vec::with_capacity(files.len());
    mails::in_parallel(
        &files,
        |(label, path)| {
            let bytes = mails::read(path).map_err(|why| format!("{}: {why}", path.display()))?;
            let started = Instant::now();
            let judgement = judge(&model, None, &bytes);
            let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let source = sources.get(name.as_ref()).cloned().unwrap_or_default();
            Ok(Judged { label: *label, source, judgement, micros })
        },
        |at, result: Result<Judged, String>| {
            match result {
                Ok(one) => judged.push(one),
                Err(why) => anstream::eprintln!("left out: {why}"),
            }
            progress.at(at + 1);
            true
        },
    );
    Ok(judged)
}

/// Where each mail comes from, by file name: `manifest.tsv` in the folder (file, source), or the
/// corpus' `manifest.NAME.jsonl` beside it. Empty where there is neither.
fn sources(directory: &Path) -> BTreeMap<String, String> {
    let base = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    if let Ok(text) = fs::read_to_string(directory.join("manifest.tsv")) {
        let lines = text.lines().filter_map(|line| line.split_once('\t'));
        return lines
            .map(|(file, source)| {
                (base(file), source.split('\t').next().unwrap_or_default().to_owned())
            })
            .collect();
    }
    let name = directory.file_name().unwrap_or_default().to_string_lossy();
    let beside = directory.with_file_name(format!("manifest.{name}.jsonl"));
    let text = fs::read_to_string(beside).unwrap_or_default();
    text.lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|entry| {
            Some((base(entry.get("path")?.as_str()?), entry.get("source")?.as_str()?.to_owned()))
        })
        .collect()
}

fn report(judged: &[Judged]) -> Value {
    let mut ham: Vec<f32> = of(judged, Label::Ham).map(|one| one.judgement.score).collect();
    ham.sort_by(|one, other| other.total_cmp(one));
    let recalls: Vec<Value> = RATES
        .iter()
        .map(|rate| {
            let threshold = threshold(&ham, *rate);
            let caught = |label| share(of(judged, label), |one| one.judgement.score > threshold);
            json!({
                "false_positive_rate": rate,
                "ham_above": ham.iter().filter(|score| **score > threshold).count(),
                "threshold": threshold,
                "spam": caught(Label::Spam),
                "phish": caught(Label::Phish),
                "bulk": caught(Label::Bulk),
            })
        })
        .collect();
    let is_bulk = |one: &Judged| one.judgement.bcl >= BULK_LEVEL_STRICT;
    let mut micros: Vec<u64> = judged.iter().map(|one| one.micros).collect();
    micros.sort_unstable();
    let at = |share: usize| micros.get(micros.len() * share / 100).copied().unwrap_or(0);
    json!({
        "mails": judged.len(),
        "confusion": confusion(judged),
        "recall": recalls,
        "bulk_level_at_least_4": {
            "bulk": share(of(judged, Label::Bulk), is_bulk),
            "ham": share(of(judged, Label::Ham), is_bulk),
        },
        "calibration": calibration(judged),
        "sources": by_source(judged, threshold(&ham, 0.001)),
        "micros": { "median": at(50), "percentile_99": at(99) },
    })
}

fn of(judged: &[Judged], label: Label) -> impl Iterator<Item = &Judged> {
    judged.iter().filter(move |one| one.label == label)
}

/// The score above which no more than that share of ham lies.
fn threshold(ham: &[f32], rate: f64) -> f32 {
    let allowed = (ham.len() as f64 * rate) as usize;
    ham.get(allowed).copied().unwrap_or(f32::NEG_INFINITY)
}

/// Share in percent, to a hundredth; none where there is nothing.
fn share<'a>(all: impl Iterator<Item = &'a Judged>, is: impl Fn(&Judged) -> bool) -> Option<f64> {
    let (mut yes, mut count) = (0_u32, 0_u32);
    for one in all {
        count += 1;
        yes += u32::from(is(one));
    }
    (count > 0).then(|| (f64::from(yes) * 10_000.0 / f64::from(count)).round() / 100.0)
}

fn confusion(judged: &[Judged]) -> Value {
    let mut table: BTreeMap<&str, BTreeMap<&str, u32>> = BTreeMap::new();
    for (label, name) in Label::ALL {
        let row = table.entry(name).or_default();
        for verdict in [
            Verdict::None,
            Verdict::Bulk,
            Verdict::Spam,
            Verdict::HighConfidenceSpam,
            Verdict::Phish,
            Verdict::HighConfidencePhish,
        ] {
            row.insert(verdict.as_str(), 0);
        }
        for one in of(judged, label) {
            *row.entry(one.judgement.verdict.as_str()).or_default() += 1;
        }
    }
    json!(table)
}

/// For each band of scores: how many mails, how many are bad, and how many the score promises when
/// good and bad are equally frequent.
fn calibration(judged: &[Judged]) -> Value {
    let ham = of(judged, Label::Ham).count().max(1) as f64;
    let bad = judged.iter().filter(|one| one.label >= Label::Spam).count().max(1) as f64;
    let edges: Vec<f32> =
        [f32::NEG_INFINITY].into_iter().chain(CUTS).chain([f32::INFINITY]).collect();
    let bands = edges.windows(2).filter_map(|pair| match pair {
        [from, to] => Some((*from, *to)),
        _ => None,
    });
    let rows: Vec<Value> = bands
        .map(|(from, to)| {
            let inside = |one: &&Judged| one.judgement.score >= from && one.judgement.score < to;
            let hams = of(judged, Label::Ham).filter(inside).count();
            let bads = judged.iter().filter(|one| one.label >= Label::Spam).filter(inside).count();
            let (share_bad, share_ham) = (bads as f64 / bad, hams as f64 / ham);
            let seen = share_bad / (share_bad + share_ham);
            json!({
                "from": from.is_finite().then_some(from),
                "to": to.is_finite().then_some(to),
                "ham": hams,
                "bad": bads,
                "bad_share_at_even_odds": seen.is_finite().then(|| (seen * 1000.0).round() / 1000.0),
            })
        })
        .collect();
    json!(rows)
}

fn by_source(judged: &[Judged], threshold: f32) -> Value {
    let mut table: BTreeMap<(&str, &str), (u32, u32)> = BTreeMap::new();
    for (label, name) in Label::ALL {
        for one in of(judged, label).filter(|one| !one.source.is_empty()) {
            let (above, count) = table.entry((&one.source, name)).or_default();
            *above += u32::from(one.judgement.score > threshold);
            *count += 1;
        }
    }
    let rows = table.into_iter().map(|((source, class), (above, mails))| {
        json!({ "source": source, "class": class, "mails": mails, "above_threshold": above })
    });
    Value::Array(rows.collect())
}

/// The report for people.
fn text(report: &Value) -> String {
    use std::fmt::Write;
    let mut out = String::new();
    let percent =
        |value: &Value| value.as_f64().map_or("–".to_owned(), |value| format!("{value:.1} %"));
    let _ = writeln!(out, "{} mails", report["mails"]);
    let _ = writeln!(out, "\nCaught at a rate of false positives (ham above the threshold):");
    for row in report["recall"].as_array().into_iter().flatten() {
        let rate = row["false_positive_rate"].as_f64().unwrap_or(0.0) * 100.0;
        let _ = writeln!(
            out,
            "  {rate:>5.2} % ({:>3} ham, score > {:.2})  spam {:>7}  phish {:>7}  bulk {:>7}",
            row["ham_above"],
            row["threshold"].as_f64().unwrap_or(0.0),
            percent(&row["spam"]),
            percent(&row["phish"]),
            percent(&row["bulk"]),
        );
    }
    let bulk = &report["bulk_level_at_least_4"];
    let _ = writeln!(
        out,
        "\nBCL 4 or more: {} of bulk, {} of ham",
        percent(&bulk["bulk"]),
        percent(&bulk["ham"])
    );
    let _ = writeln!(out, "\nVerdicts:");
    for (class, row) in report["confusion"].as_object().into_iter().flatten() {
        let cells = row
            .as_object()
            .into_iter()
            .flatten()
            .map(|(verdict, count)| format!("{verdict} {count}"));
        let _ = writeln!(out, "  {class:<6} {}", cells.collect::<Vec<_>>().join("  "));
    }
    let _ = writeln!(out, "\nScores (natural log-odds at even odds):");
    for row in report["calibration"].as_array().into_iter().flatten() {
        let edge =
            |value: &Value| value.as_f64().map_or("…".to_owned(), |value| format!("{value:.0}"));
        let _ = writeln!(
            out,
            "  {:>3} to {:>3}: {:>6} ham, {:>6} bad",
            edge(&row["from"]),
            edge(&row["to"]),
            row["ham"],
            row["bad"]
        );
    }
    for row in report["sources"].as_array().into_iter().flatten() {
        let _ = writeln!(
            out,
            "  {} {}: {} of {} above the 0.1 % threshold",
            row["source"].as_str().unwrap_or_default(),
            row["class"].as_str().unwrap_or_default(),
            row["above_threshold"],
            row["mails"]
        );
    }
    let micros = &report["micros"];
    let _ = writeln!(
        out,
        "\nTime a message: median {} µs, 99th percentile {} µs",
        micros["median"], micros["percentile_99"]
    );
    out
}
