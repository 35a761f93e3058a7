//! `cert chain`: the path that exists, and what a handshake really sends.
//!
//! May touch: the stores, the file named, standard output. The two differ where a store (on
//! Windows: a viewer) completes the path that no server sends; that difference is the fault behind
//! many refused relays.

use std::process::ExitCode;

use clap::Args;
use posthouse_pki::{Examination, Repair, certificate_summary, examine, repairs, sentence};
use posthouse_trace::{ChainFacts, Diagnosis, Fix, diagnosis_json, diagnosis_text};
use posthouse_types::{ChainReport, ElementOrigin};
use serde_json::{Value, json};

use super::room::{Room, Subject};
use super::view::{json_lines, shown, wrapped, write};
use crate::cli::Asking;
use crate::office::Trouble;
use crate::stores::StoreName;

/// The platform whose repair is printed where nobody names another.
const OWN_PLATFORM: &str = "posthouse";

/// `cert chain`.
#[derive(Args)]
pub(crate) struct ChainArguments {
    /// A certificate of the personal store, or a PEM file as tls_certificate names it
    #[arg(value_name = "NAME|FILE")]
    subject: String,
    /// Print the repair for this platform: exchange, iis, postfix, stunnel, nginx, pkcs12, posthouse
    #[arg(long)]
    platform: Option<String>,
    #[command(flatten)]
    asking: Asking,
}

pub(super) fn run(arguments: &ChainArguments) -> Result<ExitCode, Trouble> {
    let room = Room::open_anywhere(&arguments.asking)?;
    let subject = room.presentable(room.find(&arguments.subject)?)?;
    let sent = room.sent(&subject);
    let known = room.stores.intermediates(StoreName::Ca);
    let presented: Vec<&[u8]> = sent.iter().map(Vec::as_slice).collect();
    let examination = Examination { known: &known, ..Examination::new(&room.roots, room.now) };
    let report = examine(&presented, &examination);
    let platform = arguments.platform.as_deref();
    // A person mends one platform: this one, unless another is named.
    let is_for_person = !arguments.asking.json && platform.is_none();
    let fix = fixes(&report, if is_for_person { Some(OWN_PLATFORM) } else { platform })?;
    let mut notes = Vec::new();
    if is_for_person && !fix.is_empty() {
        notes.push("the repair for other servers: --platform NAME".to_owned());
    }
    let diagnosis =
        Diagnosis { chain: ChainFacts::from(&report), sentence: sentence(&report), fix, notes };
    let text = if arguments.asking.json {
        json_lines(&[as_json(&subject, &sent, &diagnosis)])
    } else {
        as_text(&subject, &sent, &report, &diagnosis)
    };
    let is_accepted = report.is_accepted();
    Ok(write(&text, if is_accepted { ExitCode::SUCCESS } else { ExitCode::FAILURE }))
}

fn fixes(report: &ChainReport, platform: Option<&str>) -> Result<Vec<Fix>, Trouble> {
    let all = repairs(report);
    let is_wanted = |repair: &Repair| platform.is_none_or(|wanted| wanted == repair.platform);
    if !all.is_empty() && !all.iter().any(is_wanted) {
        let names: Vec<&str> = all.iter().map(|repair| repair.platform).collect();
        let wanted = shown(platform.unwrap_or_default());
        let what = format!("there is no repair for the platform {wanted}");
        return Err(Trouble::new(what, format!("there are {}", names.join(", "))));
    }
    let fix = |repair: Repair| Fix {
        platform: repair.platform.to_owned(),
        title: repair.title,
        steps: repair.steps,
        commands: repair.commands,
    };
    Ok(all.into_iter().filter(is_wanted).map(fix).collect())
}

fn as_json(subject: &Subject, sent: &[Vec<u8>], diagnosis: &Diagnosis) -> Value {
    let mut object = diagnosis_json(diagnosis);
    let sent: Vec<Value> = sent
        .iter()
        .map(|der| {
            let certificate = certificate_summary(der).unwrap_or_default();
            json!({"subject": certificate.subject, "thumbprint": certificate.thumbprint})
        })
        .collect();
    if let Value::Object(fields) = &mut object {
        fields.insert("name".to_owned(), subject.name().into());
        fields.insert("sent".to_owned(), sent.into());
    }
    object
}

fn as_text(
    subject: &Subject,
    sent: &[Vec<u8>],
    report: &ChainReport,
    diagnosis: &Diagnosis,
) -> String {
    let mut text = wrapped("", &format!("{} in a handshake", subject.name()));
    for (place, der) in sent.iter().enumerate() {
        let certificate = certificate_summary(der).unwrap_or_default();
        text.push_str(&wrapped(&format!("  {} sends   ", place + 1), &shown(&certificate.subject)));
    }
    let is_unsent = |origin| matches!(origin, ElementOrigin::Store);
    for element in report.path.iter().filter(|element| is_unsent(element.origin)) {
        let line =
            format!("{} (it only lies in the ca store)", shown(&element.certificate.subject));
        text.push_str(&wrapped("  NOT sent  ", &line));
    }
    if !report.is_accepted() && report.missing.is_some() {
        let next = match subject {
            Subject::Entry(entry) => format!("posthouse cert obtain personal:{} --yes", entry.name),
            Subject::File(file, _) => format!(
                "posthouse cert obtain {0}, or import it with its key and name it personal:NAME",
                file.display()
            ),
        };
        text.push_str(&wrapped("  next: ", &next));
    }
    text.push('\n');
    text.push_str(&diagnosis_text(diagnosis));
    text
}
