//! `posthouse-bench`: every figure of docs/benchmarks.md, measured on this machine in one run,
//! beside its target and, where there is one, beside a peer's figure.
//!
//! May touch: processes that it starts, folders that it makes, `/proc`, loopback. Every part ends
//! by itself; one that fails becomes a row that says so. Targets are ratios where that is possible,
//! since machines differ.

mod certificates;
mod diagnosis;
mod engine;
mod load;
mod node;
mod postfix;
mod process;
mod relay;
mod report;
mod rspamd;
mod sink;
mod start;
mod tenants;
mod tls;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use report::Row;

/// The node's allocator, so that memory figures of parts in this process are the node's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Measures posthouse beside Postfix, SQLite and OpenSSL on this machine
#[derive(Parser)]
struct Options {
    #[command(subcommand)]
    part: Option<Part>,
    /// Where queues and databases are made: on the disk that is measured, never in memory
    #[arg(long, global = true, default_value = "/var/tmp")]
    folder: PathBuf,
    /// Messages of one relay round
    #[arg(long, global = true, default_value_t = 10_000)]
    messages: u64,
    /// Sessions at once of a relay round
    #[arg(long, global = true, default_value_t = 64)]
    sessions: u64,
    /// Relay rounds of each side, in turns; the best of each counts
    #[arg(long, global = true, default_value_t = 2)]
    rounds: u32,
    /// Tenants of the largest directory
    #[arg(long, global = true, default_value_t = 1_000_000)]
    tenants: u64,
    /// Idle TLS sessions
    #[arg(long, global = true, default_value_t = 10_000)]
    idle_sessions: u64,
}

/// What to measure; everything where none is named.
#[derive(Clone, Subcommand)]
enum Part {
    /// Relay of 10 kB messages, beside Postfix
    Relay,
    /// The same with filtering, beside Postfix with Rspamd
    Filtered,
    /// Accepting while the next hop is off, beside SQLite alone
    Commit,
    /// Attribution and memory of the directory
    Directory,
    /// A node with very many tenants: start, memory, a change
    Tenants,
    /// Handshakes with client certificates, beside OpenSSL
    Handshakes,
    /// What examining a chain costs, of hostile bundles too
    Diagnosis,
    /// Memory of idle TLS sessions
    Idle,
    /// Start, memory at rest, size of the binary
    Start,
    /// One directory, in a process of its own
    #[command(hide = true)]
    DirectoryChild {
        /// How many tenants
        count: u64,
    },
    /// Sessions to be held, in a process of its own
    #[command(hide = true)]
    IdleChild {
        /// The node
        address: SocketAddr,
        /// How many
        sessions: u64,
    },
}

impl Part {
    fn name(&self) -> &'static str {
        match self {
            Self::Relay => "relay",
            Self::Filtered => "filtered",
            Self::Commit => "commit",
            Self::Directory | Self::DirectoryChild { .. } => "directory",
            Self::Tenants => "tenants",
            Self::Handshakes => "handshakes",
            Self::Diagnosis => "diagnosis",
            Self::Idle | Self::IdleChild { .. } => "idle",
            Self::Start => "start",
        }
    }
}

impl Options {
    fn effort(&self) -> relay::Effort {
        relay::Effort { messages: self.messages, sessions: self.sessions, rounds: self.rounds }
    }

    fn measure(&self, part: &Part) -> Result<Vec<Row>> {
        match part {
            Part::Relay => relay::measure(&self.folder, self.effort()),
            Part::Filtered => relay::measure_filtered(&self.folder, self.effort()),
            Part::Commit => relay::measure_commit(&self.folder, self.effort()),
            Part::Directory => tenants::measure_directory(&[1_000, 100_000, self.tenants]),
            Part::Tenants => tenants::measure_node(&self.folder, self.tenants),
            Part::Handshakes => tls::measure_handshakes(&self.folder),
            Part::Diagnosis => diagnosis::measure(),
            Part::Idle => tls::measure_idle(&self.folder, self.idle_sessions),
            Part::Start => start::measure(&self.folder),
            Part::DirectoryChild { count } => tenants::directory_child(*count).map(|()| Vec::new()),
            Part::IdleChild { address, sessions } => {
                tls::idle_child(*address, *sessions).map(|()| Vec::new())
            }
        }
    }
}

/// Every part, the quick ones first.
const ALL: [Part; 9] = [
    Part::Start,
    Part::Handshakes,
    Part::Diagnosis,
    Part::Idle,
    Part::Commit,
    Part::Relay,
    Part::Filtered,
    Part::Directory,
    Part::Tenants,
];

fn main() -> ExitCode {
    let options = Options::parse();
    let parts = match &options.part {
        Some(part @ (Part::DirectoryChild { .. } | Part::IdleChild { .. })) => {
            return match options.measure(part) {
                Ok(_) => ExitCode::SUCCESS,
                Err(error) => {
                    eprintln!("error: {error}");
                    ExitCode::FAILURE
                }
            };
        }
        Some(part) => vec![part.clone()],
        None => ALL.to_vec(),
    };
    println!("{}, {}\n", process::machine(), time::OffsetDateTime::now_utc().date());
    let mut rows = Vec::new();
    for part in &parts {
        eprintln!("measuring: {}", part.name());
        match options.measure(part) {
            Ok(measured) => rows.extend(measured),
            Err(error) => rows.push(Row::not_measured(part.name(), &error.to_string())),
        }
    }
    println!("{}\n{}", report::table(&rows), report::verdict(&rows));
    ExitCode::SUCCESS
}
