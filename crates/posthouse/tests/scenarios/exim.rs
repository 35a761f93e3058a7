//! With Debian's Exim: as the on-premises sender, with every chain, and as the gateway of an edge
//! that has to show a certificate. Debian lets one mail server be installed, so `tests/interop/install`
//! unpacks it below the target folder; it needs root, as it changes its user.

use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::common::{Authority, Sent, needs_root, wait_for};
use crate::edge_gateways::edge_story;
use crate::foreign_clients::{Attempt, Word, play};

/// Installed, or unpacked beside another mail server.
fn program() -> PathBuf {
    let unpacked = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../interop/exim/usr/sbin/exim4");
    if unpacked.exists() { unpacked } else { PathBuf::from("/usr/sbin/exim4") }
}

fn is_there(test: &str) -> bool {
    needs_root(test, &[program().to_str().unwrap()])
}

/// What every instance says: a spool and a log of its own, no names asked of DNS. It stays root
/// but for the last step: where a container's `/dev/null` is root's alone, it could not open it.
fn main_section(folder: &Path, more: &str) -> String {
    let (folder, program) = (folder.display(), program());
    format!(
        "exim_path = {}\nexim_user = root\nexim_group = root\nprimary_hostname = mail.example\nspool_directory = {folder}/spool\n\
         log_file_path = {folder}/%slog\nhost_lookup =\nrfc1413_hosts =\n\
         disable_ipv6 = true\nkeep_environment =\ntls_advertise_hosts = *\n\
         trusted_users = root\n{more}\n",
        program.display()
    )
}

fn log(folder: &Path) -> String {
    fs::read_to_string(folder.join("mainlog")).unwrap_or_default()
}

fn open_folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    folder
}

/// One message through an Exim of its own, delivered while the command waits.
fn send(attempt: &Attempt) -> Word {
    let folder = open_folder();
    let files = attempt.certificate.parent().unwrap();
    fs::set_permissions(files, fs::Permissions::from_mode(0o755)).unwrap();
    let identity = match attempt.sent {
        Sent::Nothing => String::new(),
        _ => format!(
            "  tls_certificate = {}\n  tls_privatekey = {}\n",
            attempt.certificate.display(),
            attempt.key.display()
        ),
    };
    let configuration = main_section(folder.path(), "")
        + &format!(
            "begin routers\nown:\n  driver = redirect\n  domains = contoso.example\n  \
             data = :blackhole:\ngateway:\n  driver = manualroute\n  \
             route_list = * 127.0.0.1\n  self = send\n  transport = tls\n\
             begin transports\ntls:\n  driver = smtp\n  user = Debian-exim\n  port = {}\n  \
             hosts_require_tls = *\n  tls_verify_certificates = {}\n  tls_verify_hosts = :\n  \
             tls_require_ciphers = NORMAL:-VERS-ALL:+VERS-TLS{}\n{identity}\
             begin retry\n* * F,1h,1m\n",
            attempt.port,
            attempt.root.display(),
            attempt.tls,
        );
    let file = folder.path().join("exim.conf");
    fs::write(&file, configuration).unwrap();
    let mut command = Command::new(program());
    command.arg("-C").arg(&file).args([
        "-odf",
        "-f",
        "ann@contoso.example",
        "bob@elsewhere.example",
    ]);
    let mut process = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = process.stdin.take().unwrap();
    input.write_all(b"From: ann@contoso.example\nSubject: From Exim\n\nHello.\n").unwrap();
    drop(input);
    let output = process.wait_with_output().unwrap();
    let log = log(folder.path());
    let shown = format!("{}\n{log}", String::from_utf8_lossy(&output.stderr));
    let line = |mark: &str| log.lines().find(|line| line.contains(mark)).map(str::to_owned);
    // It writes => for a delivery, ** for a refusal, == for later.
    match (line(" => bob@"), line(" ** bob@")) {
        (Some(text), _) => Word { code: 250, text },
        (None, Some(text)) => {
            assert!(text.contains(&format!("X=TLS{}", attempt.tls)), "{text}");
            match text.split_once(": 550") {
                Some((_, reply)) => Word { code: 550, text: format!("550{reply}") },
                None => Word { code: 0, text },
            }
        }
        (None, None) => Word { code: 0, text: shown },
    }
}

#[test]
fn exim_relays_with_its_chain_and_learns_why_not_without() {
    if is_there("exim::relays") {
        play(send);
    }
}

/// A running Exim that takes mail from those who show a certificate of this authority.
struct Gateway {
    folder: TempDir,
    address: SocketAddr,
    process: Child,
}

impl Gateway {
    fn start(authority: &Authority) -> Self {
        let folder = open_folder();
        let (certificate, key) =
            authority.issue(&["gw.example.net"]).write(folder.path(), "gw", Sent::FullChain);
        let root = folder.path().join("root.pem");
        fs::write(&root, &authority.root_pem).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let configuration = main_section(
            folder.path(),
            &format!(
                "local_interfaces = 127.0.0.1\ndaemon_smtp_ports = {port}\n\
                 tls_certificate = {}\ntls_privatekey = {}\ntls_verify_certificates = {}\n\
                 tls_verify_hosts = *\nacl_smtp_rcpt = certified\nacl_smtp_data = accept",
                certificate.display(),
                key.display(),
                root.display()
            ),
        ) + "begin acl\ncertified:\n  accept verify = certificate\n  deny\n\
             begin routers\nhere:\n  driver = accept\n  transport = file\n\
             begin transports\nfile:\n  driver = appendfile\n  maildir_format\n  \
             user = Debian-exim\n  directory = "
            + &format!("{}/inbox\n", folder.path().display());
        let file = folder.path().join("exim.conf");
        fs::write(&file, configuration).unwrap();
        let mut command = Command::new(program());
        command.arg("-C").arg(&file).args(["-bdf", "-q1h"]).stdin(Stdio::null());
        let process = command.spawn().unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let gateway = Self { folder, address, process };
        wait_for("exim listens", || std::net::TcpStream::connect(gateway.address).ok());
        gateway
    }

    fn delivered(&self) -> usize {
        let inbox = self.folder.path().join("inbox/new");
        fs::read_dir(inbox).into_iter().flatten().count()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            eprintln!("exim's log:\n{}", log(self.folder.path()));
        }
    }
}

#[test]
fn an_edge_is_taken_by_an_exim_that_requires_certificates_with_its_whole_chain_only() {
    if !is_there("exim::requires_certificates") {
        return;
    }
    let authority = Authority::new("Example");
    let gateway = Gateway::start(&authority);
    edge_story(&authority, &gateway.address.to_string(), || gateway.delivered());
    let log = log(gateway.folder.path());
    assert!(log.contains("CV=yes"), "{log}");
}
