//! `cert list` and `cert show`: what the stores hold, and one certificate field by field.
//!
//! May touch: the stores, the file named, standard output. Changes nothing. A file of a store that
//! cannot be read is shown as a problem, and is a fault.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use posthouse_pki::certificate_summary;
use serde_json::{Value, json};

use super::room::{Room, Subject, tenant};
use super::view::{certificate_json, day, ends, json_lines, shown, wrapped, write};
use crate::cli::Asking;
use crate::office::Trouble;
use crate::stores::{Entry, StoreName};

/// A store, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StoreArgument {
    /// Our certificates, with keys
    Personal,
    /// Intermediates
    Ca,
    /// Trusted roots
    Root,
}

impl From<StoreArgument> for StoreName {
    fn from(store: StoreArgument) -> Self {
        match store {
            StoreArgument::Personal => Self::Personal,
            StoreArgument::Ca => Self::Ca,
            StoreArgument::Root => Self::Root,
        }
    }
}

/// `cert list`.
#[derive(Args)]
pub(crate) struct ListArguments {
    /// Only this store
    #[arg(long, value_enum)]
    store: Option<StoreArgument>,
    /// A tenant's intermediates, which count for its connectors with chain = "repair"
    #[arg(long, conflicts_with = "store")]
    tenant: Option<String>,
    #[command(flatten)]
    asking: Asking,
}

/// `cert show`.
#[derive(Args)]
pub(crate) struct ShowArguments {
    /// A certificate of a store by name or thumbprint, or a file
    #[arg(value_name = "NAME|THUMBPRINT|FILE")]
    subject: String,
    #[command(flatten)]
    asking: Asking,
}

pub(super) fn list(arguments: &ListArguments) -> Result<ExitCode, Trouble> {
    let asking = &arguments.asking;
    let room = Room::open(asking)?;
    let stores: Vec<StoreName> = match (&arguments.tenant, arguments.store) {
        (Some(name), _) => vec![StoreName::TenantCa(tenant(asking, name)?)],
        (None, Some(store)) => vec![store.into()],
        (None, None) => StoreName::OWN.to_vec(),
    };
    let (mut text, mut objects, mut is_faulty) = (String::new(), Vec::new(), false);
    for store in stores {
        let contents = room.stores.contents(store);
        let heading = format!("{store}  {}", room.stores.folder(store).display());
        text.push_str(&format!("{heading}\n"));
        if contents.entries.is_empty() && contents.problems.is_empty() {
            text.push_str("  empty\n");
        }
        for entry in &contents.entries {
            for place in 0..entry.certificates.len() {
                list_one(&room, entry, place, &mut text, &mut objects);
            }
        }
        for problem in &contents.problems {
            is_faulty = true;
            text.push_str(&wrapped("  problem: ", problem));
            objects.push(json!({"store": store.id(), "problem": problem}));
        }
    }
    let status = if is_faulty { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    Ok(write(&if asking.json { json_lines(&objects) } else { text }, status))
}

fn list_one(room: &Room, entry: &Entry, place: usize, text: &mut String, objects: &mut Vec<Value>) {
    let Some(der) = entry.certificates.get(place) else { return };
    let certificate = certificate_summary(der).unwrap_or_default();
    let mut object = certificate_json(der, &certificate, room.now);
    object.insert("store".to_owned(), entry.store.id().into());
    if let StoreName::TenantCa(tenant) = entry.store {
        object.insert("tenant".to_owned(), tenant.0.into());
    }
    object.insert("name".to_owned(), entry.name.as_str().into());
    object.insert("file".to_owned(), entry.file.display().to_string().into());
    let has_key = entry.key.is_some() && place == 0;
    object.insert("has_key".to_owned(), has_key.into());
    objects.push(Value::Object(object));
    let key = match (entry.store, place) {
        (StoreName::Personal, 0) if has_key => ", with its key",
        (StoreName::Personal, 0) => ", WITHOUT its key: of no use",
        (StoreName::Personal, _) => ", beside it",
        _ => "",
    };
    text.push_str(&format!("  {}\n", entry.name));
    text.push_str(&wrapped("    ", &shown(&certificate.subject)));
    text.push_str(&wrapped("    ", &format!("{}{key}", ends(&certificate, room.now))));
}

pub(super) fn show(arguments: &ShowArguments) -> Result<ExitCode, Trouble> {
    let room = Room::open_anywhere(&arguments.asking)?;
    let subject = room.find(&arguments.subject)?;
    let (mut text, mut objects) = (String::new(), Vec::new());
    for (place, der) in subject.certificates().iter().enumerate() {
        let certificate = certificate_summary(der).unwrap_or_default();
        let mut object = certificate_json(der, &certificate, room.now);
        object.insert("name".to_owned(), subject.name().into());
        objects.push(Value::Object(object));
        if place > 0 {
            text.push('\n');
        }
        text.push_str(&details(&room, &subject, place));
    }
    let text = if arguments.asking.json { json_lines(&objects) } else { text };
    Ok(write(&text, ExitCode::SUCCESS))
}

fn details(room: &Room, subject: &Subject, place: usize) -> String {
    let der = subject.certificates().get(place).map_or(&[][..], Vec::as_slice);
    let certificate = certificate_summary(der).unwrap_or_default();
    let kind = posthouse_pki::certificate_kind(der).map_or("unreadable", |kind| kind.id());
    let none = || "none".to_owned();
    let optional = |text: &Option<String>| text.clone().unwrap_or_else(none);
    let list = |texts: &[String]| {
        let texts: Vec<String> = texts.iter().map(|text| shown(text)).collect();
        if texts.is_empty() { none() } else { texts.join(", ") }
    };
    let has_key = match subject {
        Subject::Entry(Entry { key: Some(_), .. }) if place == 0 => ", its private key is there",
        _ => "",
    };
    let validity = format!(
        "{} to {} ({})",
        day(certificate.not_before),
        day(certificate.not_after),
        ends(&certificate, room.now)
    );
    let rows = [
        ("name", subject.name()),
        ("subject", shown(&certificate.subject)),
        ("issuer", shown(&certificate.issuer)),
        ("kind", format!("{kind}{has_key}")),
        ("DNS names", list(&certificate.dns_names)),
        ("valid", validity),
        ("serial", certificate.serial.clone()),
        ("thumbprint", certificate.thumbprint.clone()),
        ("key", certificate.key.clone()),
        ("signature", certificate.signature.clone()),
        ("key id", optional(&certificate.subject_key_id)),
        ("signed by", optional(&certificate.authority_key_id)),
        ("issuer at", list(&certificate.ca_issuers)),
    ];
    rows.iter().map(|(label, value)| wrapped(&format!("{label:<12}"), value)).collect()
}
