//! `cert obtain`: fetches the intermediates that our own chain lacks, and imports them on `--yes`.
//!
//! May touch: the stores, the files named, DNS and the public web through `lookup`, standard output.
//! What is offered has proven by its signature that it is the issuer.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use posthouse_lookup::AiaFetcher;
use posthouse_pki::{Bundle, BundleFormat};
use serde_json::{Value, json};

use super::export::{Format, put_each};
use super::room::{Room, Subject};
use super::view::{ends, json_lines, shown, wrapped, write};
use crate::cli::Asking;
use crate::office::Trouble;
use crate::stores::{
    Import, ImportOrder, Imported, Obtained, Outcome, OwnChain, StoreName, obtain,
};

/// `cert obtain`.
#[derive(Args)]
pub(crate) struct ObtainArguments {
    /// A certificate of the personal store, or a PEM file as tls_certificate names it
    #[arg(value_name = "NAME|FILE")]
    subject: String,
    /// Import what was obtained into the ca store; without it nothing changes
    #[arg(long)]
    yes: bool,
    /// Write what was obtained into this folder, one DER file each, to import here or elsewhere
    #[arg(long, short, value_name = "DIR")]
    output: Option<PathBuf>,
    #[command(flatten)]
    asking: Asking,
}

pub(super) fn run(arguments: &ObtainArguments) -> Result<ExitCode, Trouble> {
    let room = Room::open(&arguments.asking)?;
    let subject = room.presentable(room.find(&arguments.subject)?)?;
    let obtained = fetch(&room, &subject)?;
    let imported = if arguments.yes { import(&room, &obtained)? } else { Vec::new() };
    let files = match &arguments.output {
        Some(folder) if !obtained.fetched.is_empty() => {
            let ders: Vec<_> = obtained.fetched.iter().map(|one| one.der.clone()).collect();
            put_each(folder, &ders, Format::Der)?
        }
        _ => Vec::new(),
    };
    let text = if arguments.asking.json {
        json_lines(&as_json(&obtained, &imported, &files))
    } else {
        as_text(arguments, &room, &subject, &obtained, &imported, &files)
    };
    Ok(write(&text, if obtained.complete { ExitCode::SUCCESS } else { ExitCode::FAILURE }))
}

fn fetch(room: &Room, subject: &Subject) -> Result<Obtained, Trouble> {
    let own = OwnChain {
        sent: room.sent(subject),
        known: room.stores.intermediates(StoreName::Ca),
        roots: &room.roots,
        now: room.now,
    };
    let Some(settings) = &room.settings else {
        return Err(Trouble::new("there are no settings", "--config FILE"));
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Trouble::new(format!("cannot start: {error}"), ""))?;
    runtime.block_on(async {
        let resolver = settings.dns.resolver().map_err(|error| Trouble::new(error, ""))?;
        let fetcher = AiaFetcher::new(resolver, settings.certificates.loopback());
        Ok(obtain(own, &fetcher).await)
    })
}

fn import(room: &Room, obtained: &Obtained) -> Result<Vec<Imported>, Trouble> {
    let bundle = Bundle {
        format: BundleFormat::Der,
        certificates: obtained.fetched.iter().map(|fetched| fetched.der.clone()).collect(),
        keys: Vec::new(),
        name: None,
    };
    let order = ImportOrder { store: Some(StoreName::Ca), ..ImportOrder::default() };
    let import = Import { bundle: &bundle, order: &order, trusted: &room.roots, now: room.now };
    import
        .into_stores(&room.stores)
        .map_err(|error| Trouble::new(format!("cannot write the ca store: {error}"), ""))
}

fn is_imported(imported: &[Imported], thumbprint: &str) -> bool {
    imported.iter().any(|one| {
        one.certificate.thumbprint == thumbprint
            && matches!(one.outcome, Outcome::Imported | Outcome::AlreadyThere)
    })
}

fn as_json(obtained: &Obtained, imported: &[Imported], files: &[PathBuf]) -> Vec<Value> {
    let mut objects: Vec<Value> = obtained
        .fetched
        .iter()
        .enumerate()
        .map(|(place, fetched)| {
            let certificate = &fetched.certificate;
            json!({
                "file": files.get(place).map(|file| file.display().to_string()),
                "subject": certificate.subject,
                "thumbprint": certificate.thumbprint,
                "not_after": certificate.not_after.0,
                "issuer_of": fetched.issuer_of,
                "from": fetched.from,
                "imported": is_imported(imported, &certificate.thumbprint),
            })
        })
        .collect();
    objects.extend(
        obtained
            .failures
            .iter()
            .map(|failure| json!({"from": failure.address, "error": failure.why})),
    );
    objects.push(json!({
        "complete": obtained.complete,
        "reason": obtained.report.reason.id(),
        "fetched": obtained.fetched.len(),
        "imported": imported.len(),
    }));
    objects
}

fn as_text(
    arguments: &ObtainArguments,
    room: &Room,
    subject: &Subject,
    obtained: &Obtained,
    imported: &[Imported],
    files: &[PathBuf],
) -> String {
    let mut text = String::new();
    for (place, fetched) in obtained.fetched.iter().enumerate() {
        let certificate = &fetched.certificate;
        let word = match is_imported(imported, &certificate.thumbprint) {
            true => "imported  ",
            false => "obtained  ",
        };
        text.push_str(&wrapped(word, &shown(&certificate.subject)));
        let proof = format!("proven by its signature on {}", shown(&fetched.issuer_of));
        for line in [shown(&fetched.from), proof, ends(certificate, room.now)] {
            text.push_str(&wrapped("          ", &line));
        }
        if let Some(file) = files.get(place) {
            text.push_str(&wrapped("          ", &format!("written to {}", file.display())));
        }
    }
    for failure in &obtained.failures {
        let line = format!("{}: {}", shown(&failure.address), failure.why);
        text.push_str(&wrapped("nothing   ", &line));
    }
    let verdict = match (obtained.complete, obtained.fetched.is_empty()) {
        (true, true) => "the chain is complete as it is: nothing is missing",
        (true, false) => "with that the chain is complete",
        (false, _) => {
            "the chain is not complete: ask the CA that issued the certificate for its \
                       intermediates, and import them with posthouse cert import"
        }
    };
    text.push_str(&wrapped("", verdict));
    if let Some(next) = next(arguments, subject, obtained) {
        text.push_str(&wrapped("next: ", &next));
    }
    text
}

fn next(arguments: &ObtainArguments, subject: &Subject, obtained: &Obtained) -> Option<String> {
    let name = shown(&arguments.subject);
    match subject {
        _ if obtained.fetched.is_empty() => None,
        _ if !arguments.yes => {
            Some(format!("posthouse cert obtain {name} --yes puts it into the ca store"))
        }
        Subject::File(..) => Some(format!(
            "{name} still sends only what it holds: posthouse cert export {name} --chain --output \
             FILE writes the whole chain, for tls_certificate to name"
        )),
        Subject::Entry(_) => None,
    }
}
