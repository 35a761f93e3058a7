//! Debian's Rspamd beside us, as Postfix' milter: an instance of its own, on a high port, in a
//! folder of its own, with the rules that it ships.
//!
//! May touch: its folder and the process that it starts; never `/etc/rspamd`. It has no network:
//! what asks DNS gets no answer and costs it little. Dropped, it is stopped and gone.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::Result;

const PROGRAM: &str = "/usr/bin/rspamd";

/// Longest wait for it to listen: it compiles its rules first.
const PATIENCE: Duration = Duration::from_secs(60);

/// An Rspamd.
pub(crate) struct Rspamd {
    /// Holds its files until it is gone.
    _folder: TempDir,
    process: Child,
    /// Where its milter listens.
    pub(crate) milter: SocketAddr,
}

impl Rspamd {
    /// One that scans by itself, with as many workers as there are processors.
    pub(crate) fn start(place: &Path) -> Result<Self> {
        if !Path::new(PROGRAM).exists() {
            return Err("Rspamd is not installed; next: apt-get install rspamd".into());
        }
        let folder = tempfile::Builder::new().prefix("posthouse-bench-").tempdir_in(place)?;
        let milter = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let local = folder.path().join("local.d");
        fs::create_dir(&local)?;
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let proxy = format!(
            "bind_socket = \"{milter}\";\nmilter = yes;\ncount = {workers};\n\
             upstream \"local\" {{ default = yes; self_scan = yes; }}\n"
        );
        fs::write(local.join("worker-proxy.inc"), proxy)?;
        for worker in ["normal", "controller", "fuzzy"] {
            fs::write(local.join(format!("worker-{worker}.inc")), "enabled = false;\n")?;
        }
        // The loopback server's port is closed: every question fails at once.
        let options = "dns { nameserver = [\"127.0.0.1:9\"]; timeout = 0.01s; retransmits = 1; }\n";
        fs::write(local.join("options.inc"), options)?;
        let root = folder.path().display();
        let process = Command::new(PROGRAM)
            .args(["-f", "-i", "-c", "/etc/rspamd/rspamd.conf"])
            .arg(format!("--var=LOCAL_CONFDIR={root}"))
            .arg(format!("--var=DBDIR={root}"))
            .arg(format!("--var=RUNDIR={root}"))
            .arg(format!("--var=LOGDIR={root}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut rspamd = Self { _folder: folder, process, milter };
        let give_up = Instant::now() + PATIENCE;
        while TcpStream::connect(milter).is_err() {
            if let Some(status) = rspamd.process.try_wait()? {
                return Err(format!("Rspamd ended with {status}").into());
            }
            if Instant::now() > give_up {
                return Err("Rspamd does not listen".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(rspamd)
    }

    /// The number of its main process.
    pub(crate) fn process(&self) -> u32 {
        self.process.id()
    }

    /// Its version.
    pub(crate) fn version() -> String {
        let output = Command::new(PROGRAM).arg("--version").output();
        let said = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        said.ok()
            .and_then(|said| said.split_whitespace().last().map(str::to_owned))
            .unwrap_or_default()
    }
}

impl Drop for Rspamd {
    fn drop(&mut self) {
        // Its workers end with it; a signal that finds nobody is as good.
        let process = rustix::process::Pid::from_child(&self.process);
        let _ = rustix::process::kill_process(process, rustix::process::Signal::TERM);
        let _ = self.process.wait();
    }
}
