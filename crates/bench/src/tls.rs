//! Sessions over TLS with a client certificate: how many handshakes a core makes, and what an idle
//! session holds.
//!
//! May touch: a node, connections to it, this program as a child process that holds ten thousand
//! of them, `openssl speed` as the bound.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::Result;
use crate::certificates::{Authority, Identity, Kind};
use crate::load::Dialogue;
use crate::node::Node;
use crate::process::{allow_open_files, processor_time, resident_kib};
use crate::report::Row;

/// How long handshakes are made, for each kind of key.
const HANDSHAKES_TIME: Duration = Duration::from_secs(4);

/// Handshakes at once: enough that the node never waits for us.
const HANDSHAKES_AT_ONCE: usize = 8;

/// What a handshake must reach of OpenSSL's bound.
const OF_OPENSSL: f64 = 0.5;

/// What an idle session may hold, in KiB.
const IDLE_KIB_MAX: f64 = 30.0;

/// Files that processes need beside their sessions.
const OTHER_FILES: u64 = 200;

/// How long the child keeps its sessions at most.
const IDLE_TIME_MAX: Duration = Duration::from_secs(120);

/// The handshake rows.
pub(crate) fn measure_handshakes(place: &Path) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let openssl = OpenSsl::measure();
    for (kind, name) in [(Kind::P256, "P-256"), (Kind::Rsa2048, "RSA-2048")] {
        let authority = Authority::new(kind)?;
        let mut node = Node::prepare(place, &authority)?;
        node.start()?;
        let identity = authority.issue("mail.contoso.example")?;
        let (per_second, per_core) = handshakes(&node, &identity)?;
        let what = format!("handshakes with client certificate, {name}");
        rows.push(Row::figure(
            &format!("{what}, sender on the same machine"),
            format!("{per_second:.0}/s"),
        ));
        match &openssl {
            Ok(openssl) => {
                let bound = openssl.handshakes_per_second(kind);
                let share = per_core / bound;
                rows.push(Row::target(
                    &format!("{what}, a core"),
                    format!("{per_core:.0}/s, {:.0} % of {bound:.0}/s", share * 100.0),
                    "≥ 50 % of OpenSSL's bound",
                    share >= OF_OPENSSL,
                ));
            }
            Err(error) => rows.push(Row::not_measured(&what, &error.to_string())),
        }
    }
    Ok(rows)
}

/// Handshakes in a second, and handshakes in a second of the node's processor time.
fn handshakes(node: &Node, identity: &Identity) -> Result<(f64, f64)> {
    let connector = connector(Some(identity))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let address = node.address;
    runtime.block_on(async {
        // The first one has the chain examined.
        drop(secure_session(address, &connector).await?);
        let before = processor_time(node.process()?)?;
        let begun = Instant::now();
        let mut running = JoinSet::new();
        for _ in 0..HANDSHAKES_AT_ONCE {
            let connector = connector.clone();
            running.spawn(async move {
                let mut count = 0_u64;
                while begun.elapsed() < HANDSHAKES_TIME {
                    drop(secure_session(address, &connector).await?);
                    count += 1;
                }
                Result::Ok(count)
            });
        }
        let mut count = 0;
        while let Some(ended) = running.join_next().await {
            count += ended??;
        }
        let time = begun.elapsed();
        let used = processor_time(node.process()?)?.saturating_sub(before);
        Ok((count as f64 / time.as_secs_f64(), count as f64 / used.as_secs_f64()))
    })
}

/// The rows of idle sessions.
pub(crate) fn measure_idle(place: &Path, wanted: u64) -> Result<Vec<Row>> {
    let allowed = allow_open_files(wanted + OTHER_FILES).saturating_sub(OTHER_FILES);
    let sessions = wanted.min(allowed);
    let authority = Authority::new(Kind::P256)?;
    let mut node = Node::prepare(place, &authority)?;
    node.start()?;
    node.wait_until_loaded()?;
    let before = resident_kib(node.process()?)?;
    let mut child = Command::new(std::env::current_exe()?)
        .args(["idle-child", &node.address.to_string(), &sessions.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut said = String::new();
    if let Some(output) = child.stdout.take() {
        BufReader::new(output).read_line(&mut said)?;
    }
    // Memory of the handshakes themselves is given back little by little.
    std::thread::sleep(Duration::from_secs(3));
    let after = resident_kib(node.process()?)?;
    drop(child.stdin.take());
    child.wait()?;
    if said.trim() != "ready" {
        return Err("the sessions could not be opened".into());
    }
    let each = after.saturating_sub(before) as f64 / sessions as f64;
    let mut rows = vec![Row::target(
        &format!("{sessions} idle TLS sessions: memory of each"),
        format!("{each:.1} KiB ({} MiB in all)", after / 1024),
        "≤ 30 KiB",
        each <= IDLE_KIB_MAX,
    )];
    if sessions < wanted {
        let why = format!("this user may open {allowed} files only");
        rows.push(Row::not_measured(&format!("{wanted} idle TLS sessions"), &why));
    }
    Ok(rows)
}

/// The child's part: opens the sessions, says so, and keeps them until its input ends.
pub(crate) fn idle_child(address: SocketAddr, sessions: u64) -> Result<()> {
    let authority = Authority::new(Kind::P256)?;
    let connector = connector(Some(&authority.issue("mail.contoso.example")?))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let held = runtime.block_on(async {
        let mut held = Vec::new();
        let mut opening = JoinSet::new();
        for number in 0..sessions {
            let connector = connector.clone();
            opening.spawn(async move { secure_session(address, &connector).await });
            // Few at once: the memory of handshakes under way is not what is measured.
            if number >= 16
                && let Some(opened) = opening.join_next().await
            {
                held.push(opened??);
            }
        }
        while let Some(opened) = opening.join_next().await {
            held.push(opened??);
        }
        Result::Ok(held)
    })?;
    println!("ready");
    std::io::stdout().flush()?;
    // A parent that is gone without a word closes our input too; the clock is for the rest.
    std::thread::spawn(|| {
        std::thread::sleep(IDLE_TIME_MAX);
        std::process::exit(1);
    });
    std::io::stdin().read_line(&mut String::new())?;
    drop(held);
    Ok(())
}

/// A session that has shaken hands and said EHLO again.
async fn secure_session(
    address: SocketAddr,
    connector: &TlsConnector,
) -> Result<TlsStream<TcpStream>> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut dialogue = Dialogue::open(address).await?;
    dialogue.say(b"STARTTLS\r\n", 1).await?;
    let name = ServerName::try_from("gw.example.net")?;
    let mut stream = connector.connect(name, dialogue.into_stream()).await?;
    stream.write_all(b"EHLO mail.contoso.example\r\n").await?;
    let mut reply = [0; 1024];
    match stream.read(&mut reply).await? {
        0 => Err("the node hung up after the handshake".into()),
        _ => Ok(stream),
    }
}

fn connector(identity: Option<&Identity>) -> Result<TlsConnector> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = Arc::new(AnyServer(Arc::clone(&provider)));
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match identity {
        Some(identity) => {
            let chain = CertificateDer::pem_slice_iter(identity.chain_pem.as_bytes())
                .collect::<std::result::Result<Vec<_>, _>>()?;
            let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes())?;
            builder.with_client_auth_cert(chain, key)?
        }
        None => builder.with_no_client_auth(),
    };
    // Every handshake is a full one.
    config.resumption = Resumption::disabled();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Believes every server: the sender's side is not what is measured.
#[derive(Debug)]
struct AnyServer(Arc<rustls::crypto::CryptoProvider>);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// How often one core computes OpenSSL's primitives in a second.
struct OpenSsl {
    rsa_sign: f64,
    rsa_verify: f64,
    ecdsa_sign: f64,
    ecdsa_verify: f64,
    x25519: f64,
}

impl OpenSsl {
    fn measure() -> Result<Self> {
        let output = Command::new("openssl")
            .args(["speed", "-mr", "-seconds", "2", "rsa2048", "ecdsap256", "ecdhx25519"])
            .output()
            .map_err(|error| format!("openssl: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        // A number and bits, then how often in a second: of +F2 (RSA) and +F4 (ECDSA) signing and
        // verifying, of +F5 (ECDH) deriving.
        let field = |line: &str, place: usize| -> Result<f64> {
            let line = text.lines().find(|found| found.starts_with(line));
            let field = line.and_then(|line| line.split(':').nth(place));
            Ok(field.ok_or("openssl speed said something unknown")?.parse()?)
        };
        Ok(Self {
            rsa_sign: field("+F2", 3)?,
            rsa_verify: field("+F2", 4)?,
            ecdsa_sign: field("+F4", 3)?,
            ecdsa_verify: field("+F4", 4)?,
            x25519: field("+F5", 3)?,
        })
    }

    /// What a server does at least: makes an ephemeral key, derives the secret, signs with its own
    /// key and verifies the client's signature.
    fn handshakes_per_second(&self, kind: Kind) -> f64 {
        let signatures = match kind {
            Kind::P256 => 1.0 / self.ecdsa_sign + 1.0 / self.ecdsa_verify,
            Kind::Rsa2048 => 1.0 / self.rsa_sign + 1.0 / self.rsa_verify,
        };
        1.0 / (2.0 / self.x25519 + signatures)
    }
}
