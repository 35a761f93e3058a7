//! `posthouse doctor`: what a sender would meet at a server, or what a sender presents.
//!
//! May touch: the files named, the doctor's own sockets, standard output and error. Exit status 0
//! where no fault was found (warnings are none), 1 where one was, 2 for a wrong call.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use posthouse_lookup::Resolver;
use posthouse_pki::TrustedRoots;
use posthouse_smtp::{parse_address, parse_domain};
use posthouse_types::Address;

use super::{Node, show};
use crate::doctor::{self, ListenWishes, Report, Status, Target, Told, Wishes};
use crate::office::Trouble;
use crate::settings::Settings;
use crate::tls::{CertificateSource, personal_name};
use crate::trust;

/// Exit status of a wrong call, as clap's.
const WRONG_CALL: u8 = 2;

/// DNS's port.
const DNS_PORT: u16 = 53;

/// Whom to examine, and with what.
#[derive(Args)]
#[command(after_help = "\
Examples:
  posthouse doctor contoso.example                     the servers that its MX records name
  posthouse doctor mail.contoso.example:25             one server, as a smart host
  posthouse doctor contoso-com.mail.protection.outlook.com:25 --cert chain.pem --key key.pem \\
      --as ann@contoso.example --to bob@fabrikam.example
  posthouse doctor contoso.example --html report.html  a page to hand to the other administrator
  posthouse doctor --listen 0.0.0.0:2525               a receiver: point your sender here

Exit status: 0 no fault found, 1 fault found, 2 wrong call.")]
pub(crate) struct DoctorArguments {
    /// A mail domain; or a server: HOST:PORT, [HOST], an address
    #[arg(value_name = "HOST", required_unless_present = "listen")]
    host: Option<String>,
    /// The certificate to show, as your server sends it (PEM, your own first); or personal:NAME
    #[arg(long, value_name = "FILE")]
    cert: Option<PathBuf>,
    /// Its key (PEM); the same file where --key is left out
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// MAIL FROM: the sender to speak for; "<>" is the null sender
    #[arg(long = "as", value_name = "MAILFROM")]
    sender: Option<String>,
    /// RCPT TO: the recipient to ask for
    #[arg(long = "to", value_name = "RCPT", requires = "sender")]
    recipient: Option<String>,
    /// Send a small test message too, where the recipient is accepted
    #[arg(long, requires = "recipient")]
    data: bool,
    /// The trusted roots (PEM); "system" means this machine's
    #[arg(long, value_name = "PEM", default_value = "system")]
    roots: String,
    /// Ask this name server, ADDRESS or ADDRESS:PORT, several times for several; "none" asks none
    #[arg(long, value_name = "SERVER")]
    dns: Vec<String>,
    /// The port of the servers that a domain names
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// The name to say in EHLO; this machine's where it is left out
    #[arg(long, value_name = "NAME")]
    helo: Option<String>,
    /// One JSON object on one line (with --listen: one for each connection)
    #[arg(long)]
    json: bool,
    /// Show the repairs for this platform in full: exchange, iis, postfix, ...
    #[arg(long, value_name = "NAME")]
    platform: Option<String>,
    /// Write the report as an HTML page that needs nothing else
    #[arg(long, value_name = "FILE", conflicts_with = "listen")]
    html: Option<PathBuf>,
    /// Be a receiver instead, and tell each sender what it presents
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with_all = ["host", "cert", "sender"])]
    listen: Option<SocketAddr>,
    /// Stop after so many connections
    #[arg(long, value_name = "N", requires = "listen")]
    count: Option<u64>,
    #[command(flatten)]
    node: Node,
    /// Where MTA-STS policies are served, for tests
    #[arg(long, hide = true, default_value_t = 443)]
    policy_port: u16,
}

/// Examines, shows, and says how it went.
pub(super) fn run(arguments: &DoctorArguments) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&Trouble::new(format!("cannot start: {error}"), "")),
    };
    let roots = match trust::load_roots(&arguments.roots) {
        Ok(roots) => Arc::new(roots),
        Err(error) => return wrong(&Trouble::new(error, "correct --roots")),
    };
    match arguments.listen {
        Some(address) => runtime.block_on(receive(arguments, address, roots)),
        None => runtime.block_on(examine(arguments, roots)),
    }
}

async fn examine(arguments: &DoctorArguments, roots: Arc<TrustedRoots>) -> ExitCode {
    let wishes = match wishes(arguments, roots) {
        Ok(wishes) => wishes,
        Err(trouble) => return wrong(&trouble),
    };
    let report = doctor::examine(&wishes).await;
    show_report(&report, arguments);
    if let Some(file) = &arguments.html
        && let Err(error) = std::fs::write(file, doctor::html(&report))
    {
        let what = format!("cannot write {}: {error}", file.display());
        return failed(&Trouble::new(what, "correct --html"));
    }
    if report.verdict() == Status::Error { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

async fn receive(
    arguments: &DoctorArguments,
    address: SocketAddr,
    roots: Arc<TrustedRoots>,
) -> ExitCode {
    let wishes = ListenWishes { address, count: arguments.count, roots };
    let tell = |told| match told {
        // Beside the results: a script reads those, and waits for this.
        Told::Listening(address) => {
            anstream::eprintln!("listening on {address}; point your sender here, Ctrl-C ends it")
        }
        Told::Sender(report) => show_report(&report, arguments),
    };
    match doctor::listen(wishes, tell).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => failed(&Trouble::new(error, "choose another address, or free the port")),
    }
}

fn show_report(report: &Report, arguments: &DoctorArguments) {
    if arguments.json {
        anstream::println!("{}", report.json());
    } else {
        anstream::println!("{}", doctor::text(report, arguments.platform.as_deref()));
    }
}

fn wishes(arguments: &DoctorArguments, roots: Arc<TrustedRoots>) -> Result<Wishes, Trouble> {
    let host = arguments.host.as_deref().unwrap_or_default();
    let target = Target::parse(host, arguments.port).map_err(|error| Trouble::new(error, ""))?;
    let sender = match arguments.sender.as_deref() {
        None => None,
        Some("" | "<>") => Some(None),
        Some(text) => Some(Some(address("--as", text)?)),
    };
    let recipient = arguments.recipient.as_deref().map(|text| address("--to", text)).transpose()?;
    Ok(Wishes {
        target,
        helo: helo(arguments.helo.as_deref())?,
        identity: identity(arguments)?,
        sender,
        recipient,
        send_message: arguments.data,
        roots,
        resolver: resolver(&arguments.dns)?,
        policy_port: arguments.policy_port,
    })
}

/// Two files; or an entry of the node's stores, with the chain that the node would send.
fn identity(arguments: &DoctorArguments) -> Result<Option<CertificateSource>, Trouble> {
    let Some(certificate) = &arguments.cert else { return Ok(None) };
    if certificate.to_str().and_then(personal_name).is_none() {
        let key = arguments.key.as_ref().unwrap_or(certificate);
        return Ok(Some(CertificateSource::files(certificate, key)));
    }
    let settings = Settings::read(&arguments.node.config)
        .map_err(|error| Trouble::new(error.to_string(), "name the node's settings by --config"))?;
    let supply = super::check::supply(&settings).map_err(|error| Trouble::new(error, ""))?;
    Ok(Some(CertificateSource::new(certificate, certificate, &supply)))
}

fn address(option: &str, text: &str) -> Result<Address, Trouble> {
    let bare = text.strip_prefix('<').and_then(|text| text.strip_suffix('>')).unwrap_or(text);
    parse_address(bare, true).map_err(|error| {
        Trouble::new(
            format!("{option}: {text} is no address: {error}"),
            "as in ann@contoso.example",
        )
    })
}

fn resolver(servers: &[String]) -> Result<Resolver, Trouble> {
    if servers.is_empty() {
        return Resolver::system().map_err(|error| Trouble::new(error, "name one with --dns"));
    }
    if matches!(servers, [one] if one == "none") {
        return Ok(Resolver::none());
    }
    let parsed: Option<Vec<SocketAddr>> = servers
        .iter()
        .map(|text| {
            let bare = text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, DNS_PORT));
            bare.ok().or_else(|| text.parse().ok())
        })
        .collect();
    parsed.map(|servers| Resolver::with_servers(&servers)).ok_or_else(|| {
        Trouble::new("--dns: each name server is an address", "as in --dns 192.0.2.53")
    })
}

/// What EHLO says: what was given, else this machine's name where it is a full one.
fn helo(given: Option<&str>) -> Result<Option<String>, Trouble> {
    let Some(given) = given else {
        let name = std::fs::read_to_string(Path::new("/proc/sys/kernel/hostname"));
        let name = name.ok().and_then(|name| parse_domain(name.trim()).ok());
        return Ok(name.map(|name| name.as_str().to_owned()).filter(|name| name.contains('.')));
    };
    match parse_domain(given) {
        Ok(name) => Ok(Some(name.as_str().to_owned())),
        Err(error) => Err(Trouble::new(format!("--helo: {error}"), "as in mail.contoso.example")),
    }
}

fn wrong(trouble: &Trouble) -> ExitCode {
    show::trouble(trouble);
    ExitCode::from(WRONG_CALL)
}

fn failed(trouble: &Trouble) -> ExitCode {
    show::trouble(trouble);
    ExitCode::FAILURE
}
