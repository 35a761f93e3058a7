//! `posthouse cert`: the verbs about certificates, each in a file of its own.
//!
//! May touch: nothing itself. A verb says for itself what it may touch, and gives its exit status.

mod chain;
mod diagnose;
mod export;
mod import;
mod list;
mod obtain;
mod password;
mod room;
mod view;

pub(super) use room::tenant;

use std::process::ExitCode;

use clap::Subcommand;

/// What can be done with certificates.
#[derive(Subcommand)]
pub(crate) enum CertVerb {
    /// What the stores hold: personal (with keys), ca (intermediates), root
    List(list::ListArguments),
    /// One certificate, field by field
    Show(list::ShowArguments),
    /// The path that exists, and what a handshake really sends
    Chain(chain::ChainArguments),
    /// Put certificates where they belong: DER, PEM, PKCS#7 (.p7b) or PKCS#12 (.pfx)
    Import(import::ImportArguments),
    /// Write a certificate, its chain or its intermediates to files
    Export(export::ExportArguments),
    /// Fetch the intermediates that our own chain lacks, from where its certificates say
    Obtain(obtain::ObtainArguments),
    /// Say whether a chain would be accepted; if not, why, and how to mend it
    Diagnose(diagnose::DiagnoseArguments),
}

pub(super) use diagnose::no_diagnosis_json;

/// Runs one verb.
pub(super) fn run(verb: CertVerb) -> ExitCode {
    let done = match verb {
        CertVerb::Diagnose(arguments) => return diagnose::run(&arguments),
        CertVerb::List(arguments) => list::list(&arguments),
        CertVerb::Show(arguments) => list::show(&arguments),
        CertVerb::Chain(arguments) => chain::run(&arguments),
        CertVerb::Import(arguments) => import::run(&arguments),
        CertVerb::Export(arguments) => export::run(&arguments),
        CertVerb::Obtain(arguments) => obtain::run(&arguments),
    };
    done.unwrap_or_else(|trouble| {
        super::show::trouble(&trouble);
        ExitCode::FAILURE
    })
}
