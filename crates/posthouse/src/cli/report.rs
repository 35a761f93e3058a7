//! `posthouse report`: what people say of messages, and what was said; `posthouse zero-hour`: what
//! came of it and of other changes for mail that was judged before.
//!
//! May touch: the file named, for reading. The office answers.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use posthouse_message::base64;

use super::quarantine::who_runs_this;
use super::{Ask, Asking, View, ask, mails};
use crate::office::{ActingAs, Block, ReportRequest, Reported, Request, Word};

/// Largest file that is handed to a node: with a third more for its encoding it passes the door.
const REPORTED_BYTES_MAX: usize = 20 * 1024 * 1024;

/// What is said.
#[derive(Subcommand)]
pub(crate) enum ReportVerb {
    /// It is unwanted
    Junk {
        #[command(flatten)]
        say: SayArguments,
        #[command(flatten)]
        block: BlockArguments,
    },
    /// It is phishing
    Phish {
        #[command(flatten)]
        say: SayArguments,
        #[command(flatten)]
        block: BlockArguments,
    },
    /// It is wanted
    NotJunk(SayArguments),
    /// What was said, newest first
    List {
        /// Only this tenant's
        #[arg(long)]
        tenant: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 100)]
        limit: usize,
        #[command(flatten)]
        asking: Asking,
    },
}

/// Of which message, and who says it.
#[derive(Args)]
pub(crate) struct SayArguments {
    #[command(flatten)]
    which: Which,
    /// Whose mail it is
    #[arg(long, required_unless_present_any = ["reference", "message_id"])]
    tenant: Option<String>,
    /// Speak as this recipient: all users together count as one administrator
    #[arg(long = "as", value_name = "USER")]
    user: Option<String>,
    /// Who says it, for the record; the user who runs this where it is left out
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    asking: Asking,
}

/// What of it is blocked from now on.
#[derive(Args, Default)]
pub(crate) struct BlockArguments {
    /// Block its From address for 30 days
    #[arg(long)]
    block_sender: bool,
    /// Block a link for 30 days, as the allow and block list writes it: lure.example/*
    #[arg(long, value_name = "PATTERN")]
    block_url: Vec<String>,
    /// Block a file of it for 30 days, by its name there
    #[arg(long, value_name = "NAME")]
    block_file: Vec<String>,
}

/// Which message.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// The message (RFC 5322)
    file: Option<PathBuf>,
    /// The message of this reference, while it waits or is kept
    #[arg(long, value_name = "REF")]
    reference: Option<String>,
    /// The message with this Message-ID, while it waits or is kept
    #[arg(long, value_name = "ID")]
    message_id: Option<String>,
}

impl Which {
    fn read(self) -> Result<Reported, String> {
        match (self.file, self.reference, self.message_id) {
            (Some(file), ..) => {
                bytes(&file).map(|bytes| Reported::Bytes { base64: base64(&bytes) })
            }
            (None, Some(reference), _) => Ok(Reported::Reference(reference)),
            (None, None, id) => Ok(Reported::MessageId(id.unwrap_or_default())),
        }
    }
}

fn bytes(file: &Path) -> Result<Vec<u8>, String> {
    let bytes = mails::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    if bytes.len() > REPORTED_BYTES_MAX {
        return Err(format!("{}: larger than 20 MiB", file.display()));
    }
    Ok(bytes)
}

/// The request that was typed.
pub(super) fn request(verb: ReportVerb) -> Ask {
    let (word, arguments, block) = match verb {
        ReportVerb::Junk { say, block } => (Word::Junk, say, block),
        ReportVerb::Phish { say, block } => (Word::Phish, say, block),
        ReportVerb::NotJunk(say) => (Word::NotJunk, say, BlockArguments::default()),
        ReportVerb::List { tenant, limit, asking } => {
            let request = Request::Report(ReportRequest::List { tenant, limit });
            return Ask { request: Ok(request), asking, view: View::Sentences };
        }
    };
    let SayArguments { which, tenant, user, by, asking } = arguments;
    let acting = ActingAs { by: by.unwrap_or_else(who_runs_this), user, tenant };
    let BlockArguments { block_sender, block_url, block_file } = block;
    let block = Block { sender: block_sender, urls: block_url, files: block_file };
    let request = which.read().map(|what| ReportRequest::Say { word, what, acting, block });
    Ask { request: request.map(Request::Report), asking, view: View::Sentences }
}

/// What is asked about verdicts that have changed.
#[derive(Subcommand)]
pub(crate) enum ZeroHourVerb {
    /// What was found, newest first: quarantined, worsened, delivered before, improved
    List {
        /// Only this tenant's
        #[arg(long)]
        tenant: Option<String>,
        /// Only of the last so many hours
        #[arg(long, value_name = "HOURS")]
        hours: Option<u32>,
        /// At most so many
        #[arg(long, default_value_t = 1000)]
        limit: usize,
        #[command(flatten)]
        asking: Asking,
    },
}

/// The question that was typed.
pub(super) fn zero_hour_request(verb: ZeroHourVerb) -> Ask {
    let ZeroHourVerb::List { tenant, hours, limit, asking } = verb;
    let request = Request::ZeroHour { tenant, since: hours.map(ask::hours_ago), limit };
    Ask { request: Ok(request), asking, view: View::Sentences }
}
