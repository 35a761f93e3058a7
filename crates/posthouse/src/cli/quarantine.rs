//! `posthouse quarantine` and `posthouse policy`: what can be typed about them.
//!
//! May touch: nothing; it turns words into requests for the office.

use clap::{Args, Subcommand};

use super::{Ask, Asking, View, ask};
use crate::office::{ActingAs, PolicyRequest, QuarantineFilter, QuarantineRequest, Request};

/// What is done with mail in quarantine.
#[derive(Subcommand)]
pub(crate) enum QuarantineVerb {
    /// What is in quarantine, newest first
    List(ListArguments),
    /// One message, with everything that was done with it
    Show(ActArguments),
    /// Let it go out: scanned again first, delivered once
    Release {
        #[command(flatten)]
        act: ActArguments,
        /// Release it although malware is found again, and why (administrators only)
        #[arg(long, value_name = "WHY")]
        although: Option<String>,
        /// Say that it was kept wrongly: its tenant's filter learns from it
        #[arg(long, visible_alias = "report")]
        report_false_positive: bool,
        /// Let its sender's next mail in: by the user's own list with --as, else by the tenant's
        /// for 30 days
        #[arg(long)]
        allow_sender: bool,
    },
    /// Block its sender: in the user's own list with --as, else in the tenant's for 30 days
    BlockSender(ActArguments),
    /// Ask for its release in a user's name
    Request(ActArguments),
    /// Deny a request
    Deny(ActArguments),
    /// Delete it for good
    Delete(ActArguments),
    /// Print the message itself
    Export(ActArguments),
}

/// Which messages.
#[derive(Args)]
pub(crate) struct ListArguments {
    /// Only this tenant's
    #[arg(long)]
    tenant: Option<String>,
    /// Only to this recipient
    #[arg(long)]
    recipient: Option<String>,
    /// Only from this sender; * at the start stands for anything
    #[arg(long)]
    sender: Option<String>,
    /// Only with this in the subject
    #[arg(long)]
    subject: Option<String>,
    /// Only with this Message-ID
    #[arg(long)]
    message_id: Option<String>,
    /// Only of this transaction
    #[arg(long, value_name = "REF")]
    reference: Option<String>,
    /// Only for this reason: spam, phish, malware, ...
    #[arg(long)]
    reason: Option<String>,
    /// Only by this type of policy: anti-spam-policy, malware-policy, ...
    #[arg(long)]
    policy_type: Option<String>,
    /// Only in this status: not-released, requested, denied, released, error
    #[arg(long)]
    status: Option<String>,
    /// Only mail that leaves (outbound), or that comes in (inbound)
    #[arg(long, value_parser = ["inbound", "outbound"])]
    direction: Option<String>,
    /// Only of the last so many hours
    #[arg(long, value_name = "HOURS")]
    hours: Option<u32>,
    /// Only what ends within so many hours
    #[arg(long, value_name = "HOURS")]
    expires_within: Option<u32>,
    /// At most so many
    #[arg(long, default_value_t = 100)]
    limit: usize,
    #[command(flatten)]
    asking: Asking,
}

/// Which message, and who acts.
#[derive(Args)]
pub(crate) struct ActArguments {
    /// Its number, as the list shows it
    id: i64,
    /// Only if it is this tenant's
    #[arg(long)]
    tenant: Option<String>,
    /// Act as this recipient, with no more rights than the quarantine policy gives
    #[arg(long = "as", value_name = "USER")]
    user: Option<String>,
    /// Who acts, for the record; the user who runs this where it is left out
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    asking: Asking,
}

impl ActArguments {
    fn split(self) -> (i64, ActingAs, Asking) {
        let by = self.by.unwrap_or_else(who_runs_this);
        (self.id, ActingAs { by, user: self.user, tenant: self.tenant }, self.asking)
    }
}

/// Who acts, where nobody said.
pub(super) fn who_runs_this() -> String {
    std::env::var("SUDO_USER")
        .or_else(|_| std::env::var("USER"))
        .unwrap_or_else(|_| "an operator at the command line".to_owned())
}

/// The request that was typed.
pub(super) fn request(verb: QuarantineVerb) -> Ask {
    let act = |arguments: ActArguments, view, make: &dyn Fn(i64, ActingAs) -> QuarantineRequest| {
        let (id, acting, asking) = arguments.split();
        Ask { request: Ok(Request::Quarantine(make(id, acting))), asking, view }
    };
    match verb {
        QuarantineVerb::List(arguments) => list(arguments),
        QuarantineVerb::Show(arguments) => {
            act(arguments, View::Quarantine, &|id, acting| QuarantineRequest::Show { id, acting })
        }
        QuarantineVerb::Release {
            act: arguments,
            although,
            report_false_positive,
            allow_sender,
        } => act(arguments, View::Sentences, &|id, acting| QuarantineRequest::Release {
            id,
            acting,
            although: although.clone(),
            false_positive: report_false_positive,
            allow_sender,
        }),
        QuarantineVerb::BlockSender(arguments) => act(arguments, View::Sentences, &|id, acting| {
            QuarantineRequest::BlockSender { id, acting }
        }),
        QuarantineVerb::Request(arguments) => {
            act(arguments, View::Sentences, &|id, acting| QuarantineRequest::Ask { id, acting })
        }
        QuarantineVerb::Deny(arguments) => {
            act(arguments, View::Sentences, &|id, acting| QuarantineRequest::Deny { id, acting })
        }
        QuarantineVerb::Delete(arguments) => {
            act(arguments, View::Sentences, &|id, acting| QuarantineRequest::Delete { id, acting })
        }
        QuarantineVerb::Export(arguments) => {
            act(arguments, View::Message, &|id, acting| QuarantineRequest::Export { id, acting })
        }
    }
}

fn list(arguments: ListArguments) -> Ask {
    let filter = QuarantineFilter {
        tenant: arguments.tenant,
        recipient: arguments.recipient,
        sender: arguments.sender,
        subject: arguments.subject,
        message_id: arguments.message_id,
        reference: arguments.reference,
        reason: arguments.reason,
        policy_type: arguments.policy_type,
        status: arguments.status,
        outbound: arguments.direction.map(|direction| direction == "outbound"),
        since: arguments.hours.map(ask::hours_ago),
        expires_before: arguments
            .expires_within
            .map(|hours| ask::hours_ago(0) + i64::from(hours) * 3_600_000),
        limit: arguments.limit,
    };
    Ask {
        request: Ok(Request::Quarantine(QuarantineRequest::List(filter))),
        asking: arguments.asking,
        view: View::Quarantine,
    }
}

/// What is asked about policies.
#[derive(Subcommand)]
pub(crate) enum PolicyVerb {
    /// Every policy of a tenant, the presets and the built-in ones too
    List {
        /// The tenant's name
        tenant: String,
        #[command(flatten)]
        asking: Asking,
    },
    /// What the policies of a name say
    Show {
        /// The tenant's name
        tenant: String,
        /// The policy's name
        name: String,
        #[command(flatten)]
        asking: Asking,
    },
    /// Which policies are for a recipient, and why
    Preview {
        /// The recipient's address
        #[arg(long)]
        recipient: String,
        #[command(flatten)]
        asking: Asking,
    },
}

/// The question that was typed.
pub(super) fn policy_request(verb: PolicyVerb) -> Ask {
    let (request, asking) = match verb {
        PolicyVerb::List { tenant, asking } => (PolicyRequest::List { tenant }, asking),
        PolicyVerb::Show { tenant, name, asking } => (PolicyRequest::Show { tenant, name }, asking),
        PolicyVerb::Preview { recipient, asking } => (PolicyRequest::Preview { recipient }, asking),
    };
    Ask { request: Ok(Request::Policy(request)), asking, view: View::Sentences }
}
