//! `cert diagnose`: one chain judged as the gateway would judge it, and explained.
//!
//! May touch: the files named, the clock, standard output and error.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use posthouse_pki::{Examination, TrustedRoots, parse_pem_certificates};

use crate::world;

/// A chain, and what it is judged against.
#[derive(Args)]
pub(crate) struct DiagnoseArguments {
    /// What a server presents, leaf first (PEM)
    #[arg(long, value_name = "FILE")]
    presented: PathBuf,
    /// The trusted roots (PEM)
    #[arg(long, value_name = "FILE")]
    roots: PathBuf,
}

/// Judges, shows, and says how it went: 0 accepted, 1 a fault, 2 a wrong call.
pub(super) fn run(arguments: &DiagnoseArguments) -> ExitCode {
    let read = |file: &PathBuf| std::fs::read(file).unwrap_or_default();
    let presented = parse_pem_certificates(&read(&arguments.presented)).unwrap_or_default();
    let presented: Vec<&[u8]> = presented.iter().map(Vec::as_slice).collect();
    let Ok(roots) = TrustedRoots::from_pem(&read(&arguments.roots)) else {
        return ExitCode::from(2);
    };
    let examination = Examination::new(&roots, world::now());
    let report = posthouse_pki::examine(&presented, &examination);
    println!("{}", posthouse_pki::sentence(&report));
    if report.is_accepted() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
