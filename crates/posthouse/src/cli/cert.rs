//! `posthouse cert`: the verbs about certificates, each in a file of its own.
//!
//! May touch: nothing itself. A verb says for itself what it may touch, and gives its exit status.

mod diagnose;

use std::process::ExitCode;

use clap::Subcommand;

/// What can be done with certificates.
#[derive(Subcommand)]
pub(crate) enum CertVerb {
    /// Say whether a chain would be accepted; if not, why, and how to mend it
    Diagnose(diagnose::DiagnoseArguments),
}

/// Runs one verb.
pub(super) fn run(verb: CertVerb) -> ExitCode {
    match verb {
        CertVerb::Diagnose(arguments) => diagnose::run(&arguments),
    }
}
