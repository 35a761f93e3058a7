//! `cert diagnose`: one chain judged as the gateway would judge it, and explained.
//!
//! May touch: the files named, the clock, standard output and error. Decides nothing: the verdict
//! and its words are `pki`'s. With `--json` standard output always ends with one JSON line, whatever
//! was handed in: a script that pipes it on never meets nothing.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use posthouse_pki::limits::{
    DIAGNOSED_CERTIFICATES_MAX, PEM_BYTES_MAX, PRESENTED_CERTIFICATES_MAX,
};
use posthouse_pki::{
    Examination, KnownIntermediate, PeerName, RevocationLists, TrustedRoots, examine,
    examine_at_most, presented_certificates, repairs, sentence,
};
use posthouse_trace::{ChainFacts, Diagnosis, Fix, diagnosis_json, diagnosis_text};
use posthouse_types::{
    ChainMode, ChainReason, ChainReport, SHOWN_CHARACTERS_MAX, UnixMillis, printable,
};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::cli::{WRONG_CALL, show};
use crate::office::Trouble;
use crate::{trust, world};

/// A chain, and what it is judged against.
#[derive(Args)]
pub(crate) struct DiagnoseArguments {
    /// What a server presents, leaf first (PEM, or DER)
    #[arg(long, value_name = "FILE")]
    presented: PathBuf,
    /// The trusted roots (PEM, or DER); "system" means this machine's
    #[arg(long, value_name = "FILE")]
    roots: PathBuf,
    /// Intermediates that are known here: they help to explain, and accept nothing
    #[arg(long, value_name = "FILE")]
    intermediates: Option<PathBuf>,
    /// The name that the certificate has to hold: a DNS name or an IP address
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Judge as of this moment, as 2026-11-23T18:10:27Z; now where it is left out
    #[arg(long, value_name = "RFC3339")]
    at: Option<String>,
    /// Judge as a connector with chain = "repair" does: the intermediates count too
    #[arg(long)]
    repair: bool,
    /// Check revocation against these lists (PEM, or DER); may be given several times
    #[arg(long, value_name = "FILE")]
    crls: Vec<PathBuf>,
    /// One JSON object on one line, with stable field names
    #[arg(long)]
    json: bool,
}

/// Why there is no verdict, and the exit status that says so.
struct NoVerdict {
    trouble: Trouble,
    exit: u8,
}

/// Judges, shows, and says how it went: 0 accepted, 1 refused or not to be judged, 2 a wrong call.
pub(super) fn run(arguments: &DiagnoseArguments) -> ExitCode {
    let (diagnosis, exit) = match diagnose(arguments) {
        Ok(diagnosis) => {
            let exit = u8::from(!diagnosis.chain.accepted);
            (diagnosis, exit)
        }
        Err(NoVerdict { trouble, exit }) => {
            show::trouble(&trouble);
            if !arguments.json {
                return ExitCode::from(exit);
            }
            (no_diagnosis(trouble.what), exit)
        }
    };
    let text = if arguments.json {
        format!("{}\n", diagnosis_json(&diagnosis))
    } else {
        diagnosis_text(&diagnosis)
    };
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever closed the pipe has read enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => ExitCode::FAILURE,
        _ => ExitCode::from(exit),
    }
}

/// What is said where no chain was handed in. Nothing was judged: of the reasons this one says
/// least.
fn no_diagnosis(why: String) -> Diagnosis {
    let unreadable =
        ChainReport { reason: ChainReason::Malformed, ..ChainReport::no_certificate() };
    Diagnosis { chain: ChainFacts::from(&unreadable), notes: vec![why], ..Diagnosis::default() }
}

/// The same as JSON, for a call that was not understood.
pub(in crate::cli) fn no_diagnosis_json(why: &str) -> String {
    diagnosis_json(&no_diagnosis(printable(why, SHOWN_CHARACTERS_MAX))).to_string()
}

fn diagnose(arguments: &DiagnoseArguments) -> Result<Diagnosis, NoVerdict> {
    let now = arguments.at.as_deref().map_or_else(|| Ok(world::now()), moment)?;
    let name = arguments.name.as_deref().map(peer_name).transpose()?;
    let mut notes = Vec::new();
    let presented = presented_certificates(&read(&arguments.presented)?);
    let presented: Vec<&[u8]> = presented.iter().map(Vec::as_slice).collect();
    let roots = roots(&arguments.roots, &mut notes)?;
    let known = match &arguments.intermediates {
        Some(file) => intermediates(file, &mut notes)?,
        None => Vec::new(),
    };
    let crls = revocation_lists(&arguments.crls)?;
    let examination = Examination {
        known: &known,
        chain: if arguments.repair { ChainMode::Repair } else { ChainMode::AsSent },
        crls: (!arguments.crls.is_empty()).then_some(&crls),
        name: name.as_ref(),
        ..Examination::new(&roots, now)
    };
    let report = examine_at_most(&presented, DIAGNOSED_CERTIFICATES_MAX, &examination);
    if presented.len() > PRESENTED_CERTIFICATES_MAX && report.is_accepted() {
        let at_the_gateway = examine(&presented, &examination);
        if !at_the_gateway.is_accepted() {
            notes.push(format!(
                "a gateway looks at the first {PRESENTED_CERTIFICATES_MAX} certificates only, and \
                 would refuse this chain: {}",
                at_the_gateway.reason
            ));
        }
    }
    if let (Some(name), ChainReason::NameMismatch) = (&name, report.reason) {
        notes.push(name_note(name, &report));
    }
    let fix = repairs(&report).into_iter().map(|repair| Fix {
        platform: repair.platform.to_owned(),
        title: repair.title,
        steps: repair.steps,
        commands: repair.commands,
    });
    Ok(Diagnosis {
        chain: ChainFacts::from(&report),
        sentence: sentence(&report),
        fix: fix.collect(),
        notes,
    })
}

/// The name asked for, beside those that there are.
fn name_note(name: &PeerName, report: &ChainReport) -> String {
    const NAMES_SHOWN_MAX: usize = 5;
    const NAME_CHARACTERS_MAX: usize = 80;
    let names = report.leaf().map_or(&[][..], |leaf| leaf.dns_names.as_slice());
    let mut shown: Vec<String> =
        names.iter().take(NAMES_SHOWN_MAX).map(|one| printable(one, NAME_CHARACTERS_MAX)).collect();
    if names.len() > NAMES_SHOWN_MAX {
        shown.push(format!("and {} more", names.len() - NAMES_SHOWN_MAX));
    }
    let held = if shown.is_empty() {
        "no DNS name among its subject alternative names (the common name does not count)"
            .to_owned()
    } else {
        shown.join(", ")
    };
    format!("asked for {name}; the certificate holds {held}")
}

fn moment(text: &str) -> Result<UnixMillis, NoVerdict> {
    let moment = OffsetDateTime::parse(text, &Rfc3339).map_err(|error| {
        wrong_call(
            format!("--at {} is no moment: {error}", printable(text, 60)),
            "write it as 2026-11-23T18:10:27Z",
        )
    })?;
    let millis = i64::try_from(moment.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX);
    Ok(UnixMillis(millis))
}

fn peer_name(text: &str) -> Result<PeerName, NoVerdict> {
    PeerName::parse(text).ok_or_else(|| {
        wrong_call(
            format!("--name {} is no DNS name and no IP address", printable(text, 60)),
            "write it as mail.contoso.com or 192.0.2.1",
        )
    })
}

/// The roots of a file. One that holds none trusts nobody, and the verdict says so: to be told
/// nothing at all would help less.
fn roots(file: &Path, notes: &mut Vec<String>) -> Result<TrustedRoots, NoVerdict> {
    if file == Path::new("system") {
        return trust::load_roots("system").map_err(|error| failure(error, ""));
    }
    let (roots, unreadable) =
        TrustedRoots::from_readable_ders(&presented_certificates(&read(file)?));
    notes.extend(unreadable.iter().map(|error| format!("{}: {error}", file.display())));
    if roots.is_empty() {
        notes.push(format!("{} holds no root: nobody is trusted", file.display()));
    }
    Ok(roots)
}

fn intermediates(
    file: &Path,
    notes: &mut Vec<String>,
) -> Result<Vec<KnownIntermediate>, NoVerdict> {
    let mut known = Vec::new();
    for (place, der) in presented_certificates(&read(file)?).iter().enumerate() {
        match KnownIntermediate::from_der(der) {
            Ok(intermediate) => known.push(intermediate),
            Err(_) => notes.push(format!(
                "{}: certificate number {} cannot be read",
                file.display(),
                place + 1
            )),
        }
    }
    Ok(known)
}

/// The revocation lists of all files. One that cannot be used ends the matter: a verdict without
/// it would pass what it forbids.
fn revocation_lists(files: &[PathBuf]) -> Result<RevocationLists, NoVerdict> {
    let mut lists = RevocationLists::default();
    for file in files {
        lists.add_file(&read(file)?).map_err(|error| {
            let next = "give a complete revocation list, version 2, that says when the next comes";
            failure(format!("{}: {error}", file.display()), next)
        })?;
    }
    Ok(lists)
}

fn read(file: &Path) -> Result<Vec<u8>, NoVerdict> {
    let cannot = |error: io::Error| {
        let text = format!("cannot read {}: {error}", file.display());
        failure(text, "give a file of certificates, PEM or DER")
    };
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file).map_err(cannot)?;
    opened.take(PEM_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() > PEM_BYTES_MAX {
        let text = format!("{} is longer than {PEM_BYTES_MAX} bytes", file.display());
        return Err(failure(text, "give a file of certificates, PEM or DER"));
    }
    Ok(bytes)
}

fn failure(what: String, next: &str) -> NoVerdict {
    NoVerdict { trouble: Trouble::new(what, next), exit: 1 }
}

fn wrong_call(what: String, next: &str) -> NoVerdict {
    NoVerdict { trouble: Trouble::new(what, next), exit: WRONG_CALL }
}
