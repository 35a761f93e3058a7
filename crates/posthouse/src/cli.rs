//! The command line: what can be typed, and who answers it.
//!
//! May touch: arguments, standard output and error. Exit status 0 is done, 1 a failure or a fault
//! found, 2 a wrong call (clap's). Results go to standard output, troubles to standard error with
//! what, where and what next.

mod ask;
mod cert;
mod check;
mod classify;
mod dkim;
mod doctor;
mod edge;
mod evaluate;
mod evidence;
mod language;
mod mails;
mod quarantine;
mod report;
mod restricted;
mod show;
mod spoof;
mod tenants;
mod train;
mod views;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
pub(crate) use language::LanguageArgument;
use posthouse_types::Language;
pub(crate) use views::EventFormat;

use crate::office::Request;

/// A self-hosted, multi-tenant mail-protection gateway that says why.
#[derive(Parser)]
#[command(name = "posthouse", version, max_term_width = 100, propagate_version = true)]
#[command(after_help = "\
First steps:
  posthouse demo                          see the whole story on loopback, in seconds
  posthouse check --config node.toml      what is wrong with this configuration
  posthouse serve --config node.toml      run the gateway
  posthouse explain REF                   why a message was refused, and how to mend it
  posthouse doctor HOST                   what a sender would meet there, stage by stage

Exit status: 0 done, 1 failure or fault found, 2 wrong call.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

/// Where the node's settings are.
#[derive(Args, Clone)]
pub(crate) struct Node {
    /// The node's settings file
    #[arg(long, short, value_name = "FILE", default_value = Node::DEFAULT)]
    pub(crate) config: PathBuf,
}

impl Node {
    const DEFAULT: &str = "/etc/posthouse/node.toml";

    /// Whether nobody said where the settings are.
    fn is_default(&self) -> bool {
        self.config == std::path::Path::new(Self::DEFAULT)
    }
}

/// Where the settings are, and whether a machine reads the answer.
#[derive(Args, Clone)]
pub(crate) struct Asking {
    #[command(flatten)]
    pub(crate) node: Node,
    /// One JSON object a line, with stable field names
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Subcommand)]
enum Verb {
    /// Play the story on loopback: a relay refused for a missing intermediate, and mended
    Demo,
    /// Run the gateway
    Serve(Node),
    /// Run the on-premises sender: local mail in, everything out through a gateway
    Edge(edge::EdgeArguments),
    /// Say what is wrong with this configuration, its certificates, DNS and ports
    Check(Asking),
    /// Make a tenant as a file says: domains, recipients, connectors (shows what changes)
    Apply {
        /// The tenant's file, or - for standard input
        file: PathBuf,
        /// Show what would change, and change nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        asking: Asking,
    },
    /// Print a tenant's file, or every tenant's
    Export {
        /// The tenant's name
        tenant: Option<String>,
        #[command(flatten)]
        asking: Asking,
    },
    /// List and remove tenants
    #[command(subcommand)]
    Tenant(tenants::TenantVerb),
    /// Add, remove and verify a tenant's accepted domains
    #[command(subcommand)]
    Domain(tenants::DomainVerb),
    /// Add and remove a tenant's recipients, and their own safe and blocked senders
    #[command(subcommand)]
    Recipient(tenants::RecipientVerb),
    /// Set, enable, disable and remove a tenant's connectors
    #[command(subcommand)]
    Connector(tenants::ConnectorVerb),
    /// Certificates: why a chain is refused, and how to mend it
    #[command(subcommand)]
    Cert(cert::CertVerb),
    /// Keys that sign for tenants' domains (DKIM): make, rotate, and what to publish in DNS
    #[command(subcommand)]
    Dkim(dkim::DkimVerb),
    /// Read logs, events and reports of other programs, and name the cause of a refused relay
    Evidence(evidence::EvidenceArguments),
    /// Do what a sender does, and say what is wrong with a server; or listen, and with a sender
    Doctor(Box<doctor::DoctorArguments>),
    /// Judge messages in files, as the gateway would by their content
    Classify(classify::ClassifyArguments),
    /// Train the classifier on folders of mail
    Train(train::TrainArguments),
    /// Measure the classifier on folders of mail
    Evaluate(evaluate::EvaluateArguments),
    /// What happened to messages, newest first
    Trace(views::TraceArguments),
    /// Senders that reached a limit of the outbound policy and may not send
    #[command(subcommand)]
    Restricted(restricted::RestrictedVerb),
    /// Who sent as whom without proof
    #[command(subcommand)]
    Spoof(spoof::SpoofVerb),
    /// What waits for delivery or is held
    Queue(views::QueueArguments),
    /// Mail that is kept: list, show, release, deny, delete
    #[command(subcommand)]
    Quarantine(quarantine::QuarantineVerb),
    /// Say of a message that it is junk, phishing or wanted: its tenant's filter learns from it
    #[command(subcommand)]
    Report(report::ReportVerb),
    /// Mail of the last 48 hours whose verdict has changed since it came
    #[command(subcommand)]
    ZeroHour(report::ZeroHourVerb),
    /// Protection policies: which there are, what they say, and which are for whom
    #[command(subcommand)]
    Policy(quarantine::PolicyVerb),
    /// Why a message was refused or judged so, and what to do about it
    Explain {
        /// The last word in the brackets of the reply
        reference: String,
        /// The language of the explanation
        #[arg(long, value_enum, default_value_t)]
        language: LanguageArgument,
        #[command(flatten)]
        asking: Asking,
    },
    /// The operational event log
    Events(views::EventArguments),
    /// Copy the store to an empty folder, consistently, while the node runs
    Backup {
        /// The folder; must be empty or not there
        directory: PathBuf,
        #[command(flatten)]
        asking: Asking,
    },
}

/// Runs what was typed.
pub(crate) fn run() -> ExitCode {
    let verb = match Cli::try_parse() {
        Ok(cli) => cli.verb,
        Err(error) => return not_understood(&error),
    };
    match verb {
        Verb::Demo => crate::demo::run(),
        Verb::Serve(node) => crate::serve::run(&node.config, crate::serve::Role::Gateway),
        Verb::Edge(arguments) => edge::run(&arguments),
        Verb::Check(asking) => check::run(&asking),
        Verb::Cert(verb) => cert::run(verb),
        Verb::Dkim(verb) => dkim::run(verb),
        Verb::Doctor(arguments) => doctor::run(&arguments),
        Verb::Evidence(arguments) => evidence::run(&arguments),
        Verb::Classify(arguments) => classify::run(&arguments),
        Verb::Train(arguments) => train::run(&arguments),
        Verb::Evaluate(arguments) => evaluate::run(&arguments),
        verb => ask::run(verb_request(verb)),
    }
}

/// Help, or a wrong call. The two verbs that promise a JSON line at the end of standard output, for
/// scripts that pipe it on, keep that promise even then.
fn not_understood(error: &clap::Error) -> ExitCode {
    // Whoever closed the pipe has read enough.
    let _ = error.print();
    if !error.use_stderr() {
        return ExitCode::SUCCESS;
    }
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    let text = error.to_string();
    let why = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
    if words.iter().any(|word| word == "--json") {
        match words.as_slice() {
            [first, second, ..] if first == "cert" && second == "diagnose" => {
                anstream::println!("{}", cert::no_diagnosis_json(why));
            }
            [first, ..] if first == "evidence" => {
                anstream::println!("{}", evidence::no_verdict_json(why));
            }
            _ => {}
        }
    }
    ExitCode::from(WRONG_CALL)
}

/// Exit status of a wrong call, as clap's.
const WRONG_CALL: u8 = 2;

/// A verb that the office answers: what is asked, and how the answer is shown.
pub(crate) struct Ask {
    pub(crate) request: Result<Request, String>,
    pub(crate) asking: Asking,
    pub(crate) view: View,
}

/// How an answer is shown.
#[derive(Clone, Copy)]
pub(crate) enum View {
    /// What changed.
    Changes,
    /// Tenant files.
    Files,
    /// Tenants, one a line.
    Tenants,
    /// Message trace.
    Trace,
    /// Queue entries.
    Queue,
    /// Mail in quarantine.
    Quarantine,
    /// A message itself.
    Message,
    /// Explanations, in this language.
    Explanations(Language),
    /// Events.
    Events(EventFormat),
    /// A sentence for each item.
    Sentences,
}

fn verb_request(verb: Verb) -> Ask {
    let ask = |request, asking, view| Ask { request: Ok(request), asking, view };
    match verb {
        Verb::Apply { file, dry_run, asking } => {
            let request = ask::read_file(&file).map(|toml| Request::Apply { toml, dry_run });
            Ask { request, asking, view: View::Changes }
        }
        Verb::Export { tenant, asking } => ask(Request::Export { tenant }, asking, View::Files),
        Verb::Tenant(verb) => tenants::tenant_request(verb),
        Verb::Domain(verb) => tenants::domain_request(verb),
        Verb::Recipient(verb) => tenants::recipient_request(verb),
        Verb::Connector(verb) => tenants::connector_request(verb),
        Verb::Trace(arguments) => views::trace_request(arguments),
        Verb::Queue(arguments) => views::queue_request(arguments),
        Verb::Quarantine(verb) => quarantine::request(verb),
        Verb::Report(verb) => report::request(verb),
        Verb::ZeroHour(verb) => report::zero_hour_request(verb),
        Verb::Policy(verb) => quarantine::policy_request(verb),
        Verb::Restricted(verb) => restricted::request(verb),
        Verb::Spoof(verb) => spoof::request(verb),
        Verb::Explain { reference, language, asking } => {
            ask(Request::Explain { reference }, asking, View::Explanations(language.into()))
        }
        Verb::Events(arguments) => views::event_request(arguments),
        Verb::Backup { directory, asking } => {
            let directory = std::path::absolute(&directory).unwrap_or(directory);
            let directory = directory.display().to_string();
            ask(Request::Backup { directory }, asking, View::Sentences)
        }
        Verb::Demo
        | Verb::Serve(_)
        | Verb::Edge(_)
        | Verb::Check(_)
        | Verb::Cert(_)
        | Verb::Dkim(_)
        | Verb::Doctor(_)
        | Verb::Evidence(_)
        | Verb::Classify(_)
        | Verb::Train(_)
        | Verb::Evaluate(_) => Ask {
            request: Err("this verb asks no node".to_owned()),
            asking: Asking { node: Node { config: PathBuf::new() }, json: false },
            view: View::Sentences,
        },
    }
}
