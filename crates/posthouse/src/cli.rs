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
mod restricted;
mod show;
mod spoof;
mod train;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
pub(crate) use language::LanguageArgument;
use posthouse_types::Language;

use crate::office::{Edit, EventFilter, QueueFilter, Request, TraceFilter};

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
    Tenant(TenantVerb),
    /// Add, remove and verify a tenant's accepted domains
    #[command(subcommand)]
    Domain(DomainVerb),
    /// Add and remove a tenant's recipients
    #[command(subcommand)]
    Recipient(RecipientVerb),
    /// Set, enable, disable and remove a tenant's connectors
    #[command(subcommand)]
    Connector(ConnectorVerb),
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
    Trace(TraceArguments),
    /// Senders that reached a limit of the outbound policy and may not send
    #[command(subcommand)]
    Restricted(restricted::RestrictedVerb),
    /// Who sent as whom without proof
    #[command(subcommand)]
    Spoof(spoof::SpoofVerb),
    /// What waits for delivery or is held
    Queue(QueueArguments),
    /// Mail that is kept: list, show, release, deny, delete
    #[command(subcommand)]
    Quarantine(quarantine::QuarantineVerb),
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
    Events(EventArguments),
    /// Copy the store to an empty folder, consistently, while the node runs
    Backup {
        /// The folder; must be empty or not there
        directory: PathBuf,
        #[command(flatten)]
        asking: Asking,
    },
}

#[derive(Subcommand)]
enum TenantVerb {
    /// All tenants
    List(Asking),
    /// Forget a tenant that has no mail left in the queue: its domains are free at once
    Remove {
        /// The tenant's name
        tenant: String,
        #[command(flatten)]
        asking: Asking,
    },
}

#[derive(Subcommand)]
enum DomainVerb {
    /// Add an accepted domain
    Add {
        /// The tenant's name
        tenant: String,
        /// The domain
        domain: String,
        /// Recipients that are not listed: refused (authoritative) or passed on (internal-relay)
        #[arg(long = "type", value_name = "TYPE", default_value = "authoritative")]
        domain_type: String,
        /// Take mail for every domain below it too (internal-relay only)
        #[arg(long)]
        match_sub_domains: bool,
        /// The operator's word that this domain is the tenant's
        #[arg(long)]
        verified: bool,
        #[command(flatten)]
        asking: Asking,
    },
    /// Remove an accepted domain
    Remove {
        /// The tenant's name
        tenant: String,
        /// The domain
        domain: String,
        #[command(flatten)]
        asking: Asking,
    },
    /// Look for the domain's TXT proof in DNS
    Verify {
        /// The tenant's name
        tenant: String,
        /// The domain
        domain: String,
        #[command(flatten)]
        asking: Asking,
    },
}

#[derive(Subcommand)]
enum RecipientVerb {
    /// Add a recipient
    Add {
        /// The tenant's name
        tenant: String,
        /// The address
        address: String,
        #[command(flatten)]
        asking: Asking,
    },
    /// Remove a recipient
    Remove {
        /// The tenant's name
        tenant: String,
        /// The address
        address: String,
        #[command(flatten)]
        asking: Asking,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Way {
    /// Recognises mail that comes in
    Inbound,
    /// Routes mail that goes out
    Outbound,
}

impl Way {
    fn table(self) -> &'static str {
        match self {
            Self::Inbound => "inbound_connector",
            Self::Outbound => "outbound_connector",
        }
    }
}

#[derive(Subcommand)]
enum ConnectorVerb {
    /// Set fields of a connector, and make it where it is not there
    Set {
        /// The tenant's name
        tenant: String,
        /// Which way
        way: Way,
        /// The connector's name
        name: String,
        /// Fields as in the file: 'connector_type="on-premises"' 'require_tls=true'
        #[arg(value_name = "FIELD=VALUE")]
        fields: Vec<String>,
        #[command(flatten)]
        asking: Asking,
    },
    /// Remove a connector
    Remove {
        /// The tenant's name
        tenant: String,
        /// Which way
        way: Way,
        /// The connector's name
        name: String,
        #[command(flatten)]
        asking: Asking,
    },
}

#[derive(Args)]
struct TraceArguments {
    /// Only this tenant's
    #[arg(long)]
    tenant: Option<String>,
    /// Only from this sender
    #[arg(long)]
    sender: Option<String>,
    /// Only to this recipient
    #[arg(long)]
    recipient: Option<String>,
    /// Only with this Message-ID
    #[arg(long)]
    message_id: Option<String>,
    /// Only with this status: Delivered, Failed, Pending, Quarantined, ...
    #[arg(long)]
    status: Option<String>,
    /// Only of the last so many hours
    #[arg(long, value_name = "HOURS")]
    hours: Option<u32>,
    /// At most so many rows
    #[arg(long, default_value_t = 1000)]
    limit: usize,
    #[command(flatten)]
    asking: Asking,
}

#[derive(Args)]
struct QueueArguments {
    /// What to do with what is found
    #[arg(value_enum, default_value = "list")]
    action: QueueAction,
    /// Only this tenant's
    #[arg(long)]
    tenant: Option<String>,
    /// Only of this message
    #[arg(long, value_name = "REF")]
    reference: Option<String>,
    /// Only to this recipient
    #[arg(long)]
    recipient: Option<String>,
    /// Only held mail
    #[arg(long)]
    held: bool,
    /// At most so many entries
    #[arg(long, default_value_t = 1000)]
    limit: usize,
    #[command(flatten)]
    asking: Asking,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum QueueAction {
    /// Show it
    List,
    /// Try it now; held mail goes back into the queue
    Retry,
    /// Give it up without telling anybody; needs --reference
    Remove,
}

#[derive(Args)]
struct EventArguments {
    /// Only this tenant's
    #[arg(long)]
    tenant: Option<String>,
    /// Only with this reference
    #[arg(long, value_name = "REF")]
    reference: Option<String>,
    /// Only of the last so many hours
    #[arg(long, value_name = "HOURS")]
    hours: Option<u32>,
    /// How to write them
    #[arg(long, value_enum, default_value = "text")]
    format: EventFormat,
    /// At most so many events
    #[arg(long, default_value_t = 1000)]
    limit: usize,
    #[command(flatten)]
    asking: Asking,
}

/// How events are written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EventFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
    /// Windows event XML, as CAPI2's exports have it
    Xml,
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
        Verb::Tenant(verb) => tenant_request(verb),
        Verb::Domain(verb) => domain_request(verb),
        Verb::Recipient(verb) => recipient_request(verb),
        Verb::Connector(verb) => connector_request(verb),
        Verb::Trace(arguments) => {
            let filter = TraceFilter {
                tenant: arguments.tenant,
                sender: arguments.sender,
                recipient: arguments.recipient,
                reference: None,
                message_id: arguments.message_id,
                status: arguments.status,
                since: arguments.hours.map(ask::hours_ago),
                limit: arguments.limit,
            };
            ask(Request::Trace(filter), arguments.asking, View::Trace)
        }
        Verb::Queue(arguments) => queue_request(arguments),
        Verb::Quarantine(verb) => quarantine::request(verb),
        Verb::Policy(verb) => quarantine::policy_request(verb),
        Verb::Restricted(verb) => restricted::request(verb),
        Verb::Spoof(verb) => spoof::request(verb),
        Verb::Explain { reference, language, asking } => {
            ask(Request::Explain { reference }, asking, View::Explanations(language.into()))
        }
        Verb::Events(arguments) => {
            let filter = EventFilter {
                tenant: arguments.tenant,
                reference: arguments.reference,
                since: arguments.hours.map(ask::hours_ago),
                limit: arguments.limit,
            };
            ask(Request::Events(filter), arguments.asking, View::Events(arguments.format))
        }
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

fn tenant_request(verb: TenantVerb) -> Ask {
    match verb {
        TenantVerb::List(asking) => {
            Ask { request: Ok(Request::Tenants), asking, view: View::Tenants }
        }
        TenantVerb::Remove { tenant, asking } => {
            Ask { request: Ok(Request::TenantRemove { tenant }), asking, view: View::Changes }
        }
    }
}

fn domain_request(verb: DomainVerb) -> Ask {
    let (request, asking) = match verb {
        DomainVerb::Add { tenant, domain, domain_type, match_sub_domains, verified, asking } => {
            let edit = Edit::DomainAdd { domain, domain_type, match_sub_domains, verified };
            (Request::Edit { tenant, edit }, asking)
        }
        DomainVerb::Remove { tenant, domain, asking } => {
            (Request::Edit { tenant, edit: Edit::DomainRemove { domain } }, asking)
        }
        DomainVerb::Verify { tenant, domain, asking } => {
            (Request::DomainVerify { tenant, domain }, asking)
        }
    };
    Ask { request: Ok(request), asking, view: View::Changes }
}

fn recipient_request(verb: RecipientVerb) -> Ask {
    let (tenant, edit, asking) = match verb {
        RecipientVerb::Add { tenant, address, asking } => {
            (tenant, Edit::RecipientAdd { address }, asking)
        }
        RecipientVerb::Remove { tenant, address, asking } => {
            (tenant, Edit::RecipientRemove { address }, asking)
        }
    };
    Ask { request: Ok(Request::Edit { tenant, edit }), asking, view: View::Changes }
}

fn connector_request(verb: ConnectorVerb) -> Ask {
    let (tenant, edit, asking) = match verb {
        ConnectorVerb::Set { tenant, way, name, fields, asking } => {
            let edit = Edit::ConnectorSet { table: way.table().to_owned(), name, fields };
            (tenant, edit, asking)
        }
        ConnectorVerb::Remove { tenant, way, name, asking } => {
            (tenant, Edit::ConnectorRemove { table: way.table().to_owned(), name }, asking)
        }
    };
    Ask { request: Ok(Request::Edit { tenant, edit }), asking, view: View::Changes }
}

fn queue_request(arguments: QueueArguments) -> Ask {
    let filter = QueueFilter {
        tenant: arguments.tenant,
        reference: arguments.reference,
        recipient: arguments.recipient,
        held: arguments.held.then_some(true),
        limit: arguments.limit,
    };
    let (request, view) = match arguments.action {
        QueueAction::List => (Ok(Request::Queue(filter)), View::Queue),
        QueueAction::Retry => (Ok(Request::QueueRetry(filter)), View::Sentences),
        QueueAction::Remove if filter.reference.is_none() => {
            let text = "queue remove needs --reference: mail is never given up by the dozen";
            (Err(text.to_owned()), View::Sentences)
        }
        QueueAction::Remove => (Ok(Request::QueueRemove(filter)), View::Sentences),
    };
    Ask { request, asking: arguments.asking, view }
}
