//! A posthouse node under measurement: the release binary, in a folder of its own.
//!
//! May touch: processes that it starts, its folder. Dropped, the node is killed and forgotten.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::Result;
use crate::certificates::Authority;

/// Longest wait for a node to listen or to load its tenants.
const PATIENCE: Duration = Duration::from_secs(120);

/// Whether the node looks at content.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filtering {
    /// As it comes.
    On,
    /// Relay only.
    Off,
}

/// A node.
pub(crate) struct Node {
    folder: TempDir,
    process: Option<Child>,
    /// Where it listens for mail.
    pub(crate) address: SocketAddr,
}

impl Node {
    /// Writes the files of a node that trusts this authority. Everything that is not about where
    /// it stands, or how many sessions one address may have, is as it comes.
    pub(crate) fn prepare(place: &Path, authority: &Authority) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("posthouse-bench-").tempdir_in(place)?;
        // A port that was free a moment ago; no other process here asks for ports of this kind.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text);
        let server = authority.issue("gw.example.net")?;
        write("gw.pem", &server.chain_pem)?;
        write("gw.key", &server.key_pem)?;
        write("root.pem", &authority.root_pem)?;
        let settings = format!(
            "[node]\nname = \"gw.example.net\"\ndata_dir = \"data\"\n\
             postmaster = \"operator@example.net\"\n\
             [smtp]\nlisten = [\"{address}\"]\ncertificate = \"gw.pem\"\nkey = \"gw.key\"\n\
             sessions_max = 20000\nsessions_per_address_max = 20000\n\
             [trust]\nroots = \"root.pem\"\n[dns]\nservers = []\n"
        );
        write("node.toml", &settings)?;
        Ok(Self { folder, process: None, address })
    }

    /// A node with one tenant that loopback may relay for, and whose mail goes to `next_hop`.
    pub(crate) fn relaying(
        place: &Path,
        authority: &Authority,
        next_hop: SocketAddr,
        filtering: Filtering,
    ) -> Result<Self> {
        let mut node = Self::prepare(place, authority)?;
        if filtering == Filtering::Off {
            let file = node.path("node.toml");
            let settings = fs::read_to_string(&file)?;
            fs::write(file, format!("{settings}[filter]\nenabled = false\n"))?;
        }
        node.start()?;
        node.wait_until_loaded()?;
        node.apply(&relaying_tenant(next_hop))?;
        Ok(node)
    }

    /// Starts it; gives how long it took until the first 220.
    pub(crate) fn start(&mut self) -> Result<Duration> {
        let log = fs::File::create(self.path("log"))?;
        let begun = Instant::now();
        let mut command = Command::new(binary()?);
        command.args(["serve", "--config"]).arg(self.path("node.toml"));
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        self.process = Some(command.spawn()?);
        while !greets(self.address) {
            let process = self.process.as_mut().ok_or("not started")?;
            if let Some(status) = process.try_wait()? {
                return Err(format!("the node ended with {status}: {}", self.log()).into());
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("no 220 within {PATIENCE:?}: {}", self.log()).into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(begun.elapsed())
    }

    /// Waits until it knows its tenants.
    pub(crate) fn wait_until_loaded(&self) -> Result<()> {
        let begun = Instant::now();
        while !self.log().contains("directory loaded") {
            if begun.elapsed() > PATIENCE {
                return Err(format!("not loaded within {PATIENCE:?}: {}", self.log()).into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// `posthouse apply`, as an operator would; gives how long it took.
    pub(crate) fn apply(&self, tenant: &str) -> Result<Duration> {
        fs::write(self.path("tenant.toml"), tenant)?;
        let begun = Instant::now();
        let output = Command::new(binary()?)
            .arg("apply")
            .arg(self.path("tenant.toml"))
            .arg("--config")
            .arg(self.path("node.toml"))
            .stdin(Stdio::null())
            .output()?;
        if output.status.success() {
            return Ok(begun.elapsed());
        }
        Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
    }

    /// Kills it and waits for its end; its folder stays, to be started again.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It may have ended by itself; then there is nothing to kill.
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// The number of its process.
    pub(crate) fn process(&self) -> Result<u32> {
        Ok(self.process.as_ref().ok_or("not started")?.id())
    }

    /// Its `data_dir`.
    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The tenant of the relay measurements.
fn relaying_tenant(next_hop: SocketAddr) -> String {
    format!(
        "[tenant]\nname = \"contoso\"\n\
         [[accepted_domain]]\nname = \"contoso.example\"\ntype = \"authoritative\"\nverified = true\n\
         [[inbound_connector]]\nname = \"From contoso\"\nconnector_type = \"on-premises\"\n\
         sender_ip_addresses = [\"127.0.0.1\"]\n\
         [[outbound_connector]]\nname = \"To the next hop\"\nconnector_type = \"on-premises\"\n\
         recipient_domains = [\"*\"]\nsmart_hosts = [\"{next_hop}\"]\n"
    )
}

/// The release binary, which stands beside this one.
pub(crate) fn binary() -> Result<PathBuf> {
    let binary = std::env::current_exe()?.with_file_name("posthouse");
    if binary.is_file() {
        return Ok(binary);
    }
    let build = "cargo build --release -p posthouse -p posthouse-bench";
    Err(format!("{} is not there; next: {build}", binary.display()).into())
}

/// Whether a server says 220 there.
fn greets(address: SocketAddr) -> bool {
    use std::io::Read as _;
    let Ok(mut stream) = std::net::TcpStream::connect(address) else { return false };
    let mut code = [0; 3];
    stream.set_read_timeout(Some(PATIENCE)).is_ok()
        && stream.read_exact(&mut code).is_ok()
        && code == *b"220"
}
