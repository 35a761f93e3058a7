//! `posthouse edge`: runs the on-premises sender, or makes what its settings file needs.
//!
//! May touch: nothing itself.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::Node;
use crate::edge::hash_password;
use crate::serve::{self, Role};

/// The on-premises sender.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct EdgeArguments {
    #[command(subcommand)]
    verb: Option<EdgeVerb>,
    #[command(flatten)]
    node: Node,
    /// Start even where the gateway would refuse the relay's certificate (for labs)
    #[arg(long)]
    skip_preflight: bool,
}

#[derive(Clone, Copy, Subcommand)]
enum EdgeVerb {
    /// Make a [[user]]'s password_hash of a password that is typed, or comes on standard input
    HashPassword,
}

/// Runs the edge, or a verb of it.
pub(super) fn run(arguments: &EdgeArguments) -> ExitCode {
    match arguments.verb {
        Some(EdgeVerb::HashPassword) => hash_password::run(),
        None => {
            let role = Role::Edge { skip_preflight: arguments.skip_preflight };
            serve::run(&arguments.node.config, role)
        }
    }
}
