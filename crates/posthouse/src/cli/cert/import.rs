//! `cert import`: files into the stores, each certificate where it belongs.
//!
//! May touch: the files named, the terminal for a password, the stores, standard output. Says of
//! each certificate what became of it and why; a refusal is exit status 1.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use posthouse_pki::{Bundle, FormatError, read_bundle};
use serde_json::{Value, json};

use super::list::StoreArgument;
use super::password;
use super::room::{Room, tenant};
use super::view::{ends, json_lines, shown, wrapped, write};
use crate::cli::Asking;
use crate::office::Trouble;
use crate::stores::{Import, ImportOrder, Imported, Outcome, StoreName, read_bounded};

/// `cert import`.
#[derive(Args)]
pub(crate) struct ImportArguments {
    /// Certificates and keys: DER, PEM, PKCS#7 (.p7b) or PKCS#12 (.pfx)
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The private key, where it lies in a file of its own
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Only into this store; --store root is how a root becomes trusted
    #[arg(long, value_enum)]
    store: Option<StoreArgument>,
    /// Into a tenant's store of intermediates, for its connectors with chain = "repair"
    #[arg(long, conflicts_with = "name")]
    tenant: Option<String>,
    /// The name in the personal store; left out, the certificate's first DNS name
    #[arg(long)]
    name: Option<String>,
    /// The certificate of this name in the personal store gives way: a renewal
    #[arg(long)]
    replace: bool,
    /// The password of a .pfx: the first line of this file, - for standard input
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    #[command(flatten)]
    asking: Asking,
}

pub(super) fn run(arguments: &ImportArguments) -> Result<ExitCode, Trouble> {
    let room = Room::open(&arguments.asking)?;
    let tenant =
        arguments.tenant.as_ref().map(|name| tenant(&arguments.asking, name)).transpose()?;
    let order = ImportOrder {
        store: arguments.store.map(StoreName::from),
        tenant,
        name: arguments.name.clone(),
        replace: arguments.replace,
    };
    let bundle = read(arguments)?;
    let import = Import { bundle: &bundle, order: &order, trusted: &room.roots, now: room.now };
    let imported = import.into_stores(&room.stores).map_err(|error| {
        Trouble::new(
            format!("cannot write the stores: {error}"),
            "run this as the user that runs the node, or as root",
        )
    })?;
    let text = if arguments.asking.json {
        json_lines(&imported.iter().map(as_json).collect::<Vec<_>>())
    } else {
        imported.iter().map(|one| as_text(one, &room)).collect()
    };
    let is_refused = |one: &Imported| matches!(one.outcome, Outcome::Refused(..));
    let is_settled = |one: &Imported| match &one.outcome {
        Outcome::Imported | Outcome::AlreadyThere => true,
        Outcome::LeftOut(_, next) => next.is_empty(),
        Outcome::Refused(..) => false,
    };
    let is_done = imported.iter().any(is_settled) && !imported.iter().any(is_refused);
    Ok(write(&text, if is_done { ExitCode::SUCCESS } else { ExitCode::FAILURE }))
}

/// All files as one: a key in one of them belongs to a certificate in another.
fn read(arguments: &ImportArguments) -> Result<Bundle, Trouble> {
    let mut all: Option<Bundle> = None;
    for file in arguments.files.iter().chain(&arguments.key) {
        let bundle = read_one(file, arguments.password_file.as_deref())?;
        match &mut all {
            Some(all) => {
                all.certificates.extend(bundle.certificates);
                all.keys.extend(bundle.keys);
                all.name = all.name.take().or(bundle.name);
            }
            None => all = Some(bundle),
        }
    }
    all.ok_or_else(|| Trouble::new("no file was given", ""))
}

fn read_one(file: &Path, password_file: Option<&Path>) -> Result<Bundle, Trouble> {
    let name = file.display();
    let bytes = read_bounded(file).map_err(|error| {
        Trouble::new(format!("cannot read {name}: {error}"), "look at its path and permissions")
    })?;
    let mut read = read_bundle(&bytes, None);
    if read.as_ref().is_err_and(|error| *error == FormatError::PasswordNeeded) {
        let password = match password_file {
            Some(file) => Some(password::from_file(file)?),
            None => password::from_terminal(file),
        };
        if let Some(password) = password {
            read = read_bundle(&bytes, Some(&password));
        }
    }
    read.map_err(|error| {
        let next = match error {
            FormatError::PasswordNeeded => "--password-file FILE, or type it on a terminal",
            FormatError::PasswordWrong => "give the password that the file was exported with",
            _ => "",
        };
        Trouble::new(format!("{name} is {error}"), next)
    })
}

/// The outcome's id, why, and what next.
fn words(outcome: &Outcome) -> (&'static str, &str, &str) {
    match outcome {
        Outcome::Imported => ("imported", "", ""),
        Outcome::AlreadyThere => ("already-there", "", ""),
        Outcome::LeftOut(why, next) => ("left-out", why, next),
        Outcome::Refused(why, next) => ("refused", why, next),
    }
}

fn as_json(one: &Imported) -> Value {
    let (outcome, why, next) = words(&one.outcome);
    let tenant = match one.store {
        Some(StoreName::TenantCa(tenant)) => Some(tenant.0),
        _ => None,
    };
    json!({
        "outcome": outcome,
        "subject": one.certificate.subject,
        "thumbprint": one.certificate.thumbprint,
        "kind": one.kind.map(posthouse_pki::CertificateKind::id),
        "store": one.store.map(StoreName::id),
        "tenant": tenant,
        "name": one.name,
        "why": why,
        "next": next,
    })
}

fn as_text(one: &Imported, room: &Room) -> String {
    let (outcome, why, next) = words(&one.outcome);
    let subject = match one.kind {
        None if one.certificate.thumbprint.is_empty() => "a private key".to_owned(),
        _ => shown(&one.certificate.subject),
    };
    let mut text = wrapped(&format!("{outcome:<14}"), &subject);
    let indent = " ".repeat(14);
    if let Some(store) = one.store.filter(|_| why.is_empty()) {
        let line = format!("{store}, as {}; {}", one.name, ends(&one.certificate, room.now));
        text.push_str(&wrapped(&indent, &line));
    }
    if !why.is_empty() {
        text.push_str(&wrapped(&indent, why));
    }
    let next = match (&one.outcome, one.store) {
        (Outcome::Imported, Some(StoreName::Personal)) => {
            format!("posthouse cert chain personal:{} shows what is sent with it", one.name)
        }
        _ => next.to_owned(),
    };
    if !next.is_empty() {
        text.push_str(&wrapped(&format!("{indent}next: "), &next));
    }
    text
}
