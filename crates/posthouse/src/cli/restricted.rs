//! `posthouse restricted`: senders that reached a limit of the outbound policy.
//!
//! Touches nothing: the office answers.

use clap::Subcommand;

use super::{Ask, Asking, View};
use crate::office::Request;

/// What can be done with restrictions.
#[derive(Subcommand)]
pub(crate) enum RestrictedVerb {
    /// Who may not send, since when and why
    List {
        /// Only this tenant's
        #[arg(long)]
        tenant: Option<String>,
        #[command(flatten)]
        asking: Asking,
    },
    /// Let a sender send again
    Release {
        /// The tenant's name
        tenant: String,
        /// The sender's address
        sender: String,
        #[command(flatten)]
        asking: Asking,
    },
}

/// What is asked, and how the answer is shown.
pub(super) fn request(verb: RestrictedVerb) -> Ask {
    let (request, asking) = match verb {
        RestrictedVerb::List { tenant, asking } => (Request::Restricted { tenant }, asking),
        RestrictedVerb::Release { tenant, sender, asking } => {
            (Request::RestrictedRelease { tenant, sender }, asking)
        }
    };
    Ask { request: Ok(request), asking, view: View::Sentences }
}
