//! What the demo plays on: a folder of its own, two nodes of this very program, and its own
//! command line.
//!
//! May touch: a new folder below the system's temporary one, child processes of this binary. Both
//! are gone when the stage is dropped, however the demo ends.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::process::{Child, Command};

use crate::world::random_bytes;

/// A node that does not listen within this time has failed.
const START_TIME_MAX: Duration = Duration::from_secs(10);

/// How often a file that another process writes is looked for.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// The demo's folder.
pub(super) struct Stage {
    folder: PathBuf,
    binary: PathBuf,
}

/// A running node.
pub(super) struct Node {
    pub(super) address: SocketAddr,
    pub(super) config: PathBuf,
    pub(super) data_dir: PathBuf,
    /// Killed with the demo, should it not end in order.
    process: Child,
}

impl Stage {
    /// A new folder that only this user can read.
    pub(super) fn build() -> io::Result<Self> {
        let number = u64::from_ne_bytes(random_bytes());
        let folder = std::env::temp_dir().join(format!("posthouse-demo-{number:016x}"));
        fs::DirBuilder::new().mode(0o700).create(&folder)?;
        Ok(Self { folder, binary: std::env::current_exe()? })
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) -> io::Result<()> {
        fs::write(self.path(name), text)
    }

    pub(super) fn append(&self, name: &str, text: &str) -> io::Result<()> {
        let old = fs::read_to_string(self.path(name))?;
        fs::write(self.path(name), old + text)
    }

    /// Starts a node, and waits until it listens.
    pub(super) async fn start(&self, name: &str, settings: &str) -> io::Result<Node> {
        let config = self.path(&format!("{name}.toml"));
        fs::write(&config, settings)?;
        let data_dir = self.path(name);
        let log = fs::File::create(self.path(&format!("{name}.log")))?;
        let process = Command::new(&self.binary)
            .arg("serve")
            .arg("--config")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        let address = tokio::time::timeout(START_TIME_MAX, listening(&data_dir))
            .await
            .map_err(|_| io::Error::other(format!("the node {name} did not start")))?;
        Ok(Node { address, config, data_dir, process })
    }

    /// Runs a verb of this program on a node; its standard output, and an error where it failed.
    pub(super) async fn run(&self, node: &Node, arguments: &[&str]) -> io::Result<String> {
        let output = Command::new(&self.binary)
            .args(arguments)
            .arg("--config")
            .arg(&node.config)
            .stdin(Stdio::null())
            .output()
            .await?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            let words = String::from_utf8_lossy(&output.stderr).into_owned();
            Err(io::Error::other(format!("posthouse {} failed: {words}", arguments.join(" "))))
        }
    }

    /// The same, its answer read as one JSON object a line.
    pub(super) async fn ask(&self, node: &Node, arguments: &[&str]) -> io::Result<Vec<Value>> {
        let text = self.run(node, arguments).await?;
        text.lines().map(|line| serde_json::from_str(line).map_err(io::Error::other)).collect()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // Nothing is left to be done where the folder cannot be removed; it is in the temporary
        // folder, which the system empties.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Node {
    /// Stops it in order.
    pub(super) async fn stop(mut self) -> io::Result<()> {
        if let Some(id) = self.process.id().and_then(|id| i32::try_from(id).ok())
            && let Some(process) = rustix::process::Pid::from_raw(id)
        {
            rustix::process::kill_process(process, rustix::process::Signal::TERM)?;
        }
        self.process.wait().await.map(|_| ())
    }
}

async fn listening(data_dir: &Path) -> SocketAddr {
    loop {
        let text = fs::read_to_string(data_dir.join("listening")).unwrap_or_default();
        let found = text.lines().find_map(|line| line.strip_prefix("smtp ")?.parse().ok());
        match found {
            Some(address) => return address,
            None => tokio::time::sleep(LOOK_INTERVAL).await,
        }
    }
}
