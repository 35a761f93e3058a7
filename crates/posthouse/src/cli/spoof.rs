//! `posthouse spoof`: who sent as whom without proof, and what the tenant's list says of it.
//!
//! Touches nothing: the office answers.

use clap::Subcommand;

use super::{Ask, Asking, View};
use crate::office::Request;

/// What can be asked about spoofed senders.
#[derive(Subcommand)]
pub(crate) enum SpoofVerb {
    /// Pairs of spoofed domain and sending infrastructure of the last 30 days, and what decides
    List {
        /// Only this tenant's
        #[arg(long)]
        tenant: Option<String>,
        #[command(flatten)]
        asking: Asking,
    },
}

/// What is asked, and how the answer is shown.
pub(super) fn request(verb: SpoofVerb) -> Ask {
    let SpoofVerb::List { tenant, asking } = verb;
    Ask { request: Ok(Request::Spoofs { tenant }), asking, view: View::Sentences }
}
