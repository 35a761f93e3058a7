//! A node: the real binary in a folder of its own, started, asked, stopped and killed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::{Authority, Sent, wait_for};

/// The node's settings, by `section.key`, values as TOML.
pub(crate) struct Settings(BTreeMap<String, String>);

impl Default for Settings {
    /// Loopback, no DNS, and a queue that tries again every second.
    fn default() -> Self {
        let values = [
            ("node.name", "\"gw.example.net\""),
            ("node.data_dir", "\"data\""),
            ("node.postmaster", "\"operator@operator.example\""),
            ("smtp.listen", "[\"127.0.0.1:0\"]"),
            ("smtp.certificate", "\"gw.pem\""),
            ("smtp.key", "\"gw.key\""),
            ("trust.roots", "\"root.pem\""),
            ("dns.servers", "[]"),
            ("queue.retry_seconds", "[1, 1, 1]"),
            ("queue.retry_interval_seconds", "1"),
        ];
        Self(values.map(|(key, value)| (key.to_owned(), value.to_owned())).into())
    }
}

impl Settings {
    /// Sets one.
    pub(crate) fn with(mut self, key: &str, value: impl ToString) -> Self {
        self.0.insert(key.to_owned(), value.to_string());
        self
    }

    /// Leaves one out.
    pub(crate) fn without(mut self, key: &str) -> Self {
        self.0.remove(key);
        self
    }

    fn to_toml(&self) -> String {
        let mut text = String::new();
        let mut section = "";
        for (key, value) in &self.0 {
            let (table, name) = key.rsplit_once('.').unwrap();
            if table != section {
                text.push_str(&format!("\n[{table}]\n"));
                section = table;
            }
            text.push_str(&format!("{name} = {value}\n"));
        }
        text
    }
}

/// A node and its folder. Dropped, it is killed and forgotten.
pub(crate) struct Node {
    folder: TempDir,
    process: Option<Child>,
    addresses: Vec<SocketAddr>,
    /// What runs the binary: nothing, or `strace` and its options.
    wrapper: Vec<String>,
    environment: Vec<(String, String)>,
    /// What it runs as: `serve`, or `edge` and its options.
    verb: Vec<&'static str>,
}

impl Node {
    /// Writes the files of a node that trusts this authority, and starts nothing.
    pub(crate) fn prepare(authority: &Authority, settings: &Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        authority.issue(&["gw.example.net"]).write(folder.path(), "gw", Sent::FullChain);
        fs::write(folder.path().join("root.pem"), &authority.root_pem).unwrap();
        fs::write(folder.path().join("node.toml"), settings.to_toml()).unwrap();
        let (wrapper, environment) = (Vec::new(), Vec::new());
        let (addresses, verb) = (Vec::new(), vec!["serve"]);
        Self { folder, process: None, addresses, wrapper, environment, verb }
    }

    /// The same for an edge, whose settings these are.
    pub(crate) fn prepare_edge(
        authority: &Authority,
        settings: &str,
        verb: &[&'static str],
    ) -> Self {
        let mut node = Self::prepare(authority, &Settings::default());
        fs::write(node.path("node.toml"), settings).unwrap();
        node.verb = verb.to_vec();
        node
    }

    /// A running node.
    pub(crate) fn start(authority: &Authority, settings: &Settings) -> Self {
        let mut node = Self::prepare(authority, settings);
        node.run();
        node
    }

    /// Runs the binary under another program from the next start on.
    pub(crate) fn under(&mut self, wrapper: &[&str]) {
        self.wrapper = wrapper.iter().map(|word| (*word).to_owned()).collect();
    }

    /// Sets a variable for the next start.
    pub(crate) fn set_environment(&mut self, name: &str, value: impl ToString) {
        self.environment.push((name.to_owned(), value.to_string()));
    }

    /// Starts the prepared or stopped node, and waits until it listens and knows its tenants.
    pub(crate) fn run(&mut self) {
        let said = self.log().len();
        self.run_until_it_listens();
        wait_for("the tenants are loaded", || {
            self.log()[said..].contains("directory loaded").then_some(())
        });
    }

    /// Starts the node and waits until it listens: before it knows its tenants.
    pub(crate) fn run_until_it_listens(&mut self) {
        self.spawn();
        self.addresses = wait_for("the node listens", || {
            if let Some(status) = self.process.as_mut().unwrap().try_wait().unwrap() {
                panic!("the node ended with {status}:\n{}", self.log());
            }
            self.read_listening()
        });
    }

    /// [`run`](Self::run) for a node that may die on its way; says whether it got there.
    pub(crate) fn run_unless_it_ends(&mut self) -> bool {
        let said = self.log().len();
        self.spawn();
        wait_for("the node listens or ends", || {
            let ended = !self.is_running();
            let address = self.read_listening().filter(|_| self.log()[said..].contains("loaded"));
            self.addresses = address.unwrap_or_default();
            (ended || !self.addresses.is_empty()).then_some(!ended)
        })
    }

    /// Kills it if it is still there. Where a wrapper is about to kill it too, it may end at any
    /// moment: then there is nothing left to kill, which is as good.
    pub(crate) fn kill_if_running(&mut self) {
        if self.is_running() {
            match kill_process(self.process_in_rustix(), Signal::KILL) {
                Ok(()) | Err(Errno::SRCH) => {}
                Err(error) => panic!("cannot kill the node: {error}"),
            }
        }
        self.wait_for_end();
    }

    fn read_listening(&self) -> Option<Vec<SocketAddr>> {
        let text = fs::read_to_string(self.data().join("listening")).ok()?;
        let smtp = text.lines().filter_map(|line| line.strip_prefix("smtp "));
        Some(smtp.map(|address| address.parse().unwrap()).collect())
    }

    /// Starts without waiting for anything.
    pub(crate) fn spawn(&mut self) {
        // A killed node leaves its old addresses behind.
        let _ = fs::remove_file(self.data().join("listening"));
        let log = File::options().create(true).append(true).open(self.path("log")).unwrap();
        let binary = env!("CARGO_BIN_EXE_posthouse").to_owned();
        let words: Vec<_> = self.wrapper.iter().chain([&binary]).collect();
        let process = Command::new(words[0])
            .args(&words[1..])
            .args(&self.verb)
            .arg("--config")
            .arg(self.path("node.toml"))
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.process = Some(process);
    }

    /// Where it listens for this, as `data/listening` calls it.
    pub(crate) fn listens_for(&self, what: &str) -> SocketAddr {
        let text = fs::read_to_string(self.data().join("listening")).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{what} "))).unwrap();
        line.parse().unwrap()
    }

    /// Where it listens for mail.
    pub(crate) fn smtp(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// A file in its folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Its folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its `data_dir`.
    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// All it has said so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Writes other settings; the node sees them when it starts or gets SIGHUP.
    pub(crate) fn rewrite_settings(&self, settings: &Settings) {
        fs::write(self.path("node.toml"), settings.to_toml()).unwrap();
    }

    /// The process of the binary itself.
    pub(crate) fn process_id(&self) -> u32 {
        let outer = self.process.as_ref().unwrap().id();
        if self.wrapper.is_empty() { outer } else { child_of(outer).unwrap_or(outer) }
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.process_in_rustix(), signal).unwrap();
    }

    fn process_in_rustix(&self) -> Pid {
        Pid::from_raw(self.process_id().cast_signed()).unwrap()
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.wait_for_end();
    }

    /// SIGTERM, and waits.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait_for_end()
    }

    /// Waits until it has ended.
    pub(crate) fn wait_for_end(&mut self) -> ExitStatus {
        let mut process = self.process.take().unwrap();
        wait_for("the node ends", || process.try_wait().unwrap())
    }

    /// Whether it still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| process.try_wait().unwrap().is_none())
    }

    /// Runs a verb of the command line for this node.
    pub(crate) fn cli(&self, words: &[&str]) -> Output {
        let config = self.path("node.toml");
        let binary = env!("CARGO_BIN_EXE_posthouse");
        Command::new(binary).args(words).arg("--config").arg(config).output().unwrap()
    }

    /// Runs a verb that has to succeed, and gives its standard output.
    pub(crate) fn ask(&self, words: &[&str]) -> String {
        let output = self.cli(words);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "posthouse {words:?}: {error}\n{}", self.log());
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a reading verb with `--json`: one object a line.
    pub(crate) fn json(&self, words: &[&str]) -> Vec<Value> {
        let text = self.ask(&[words, &["--json"]].concat());
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Applies a tenant's file.
    pub(crate) fn apply(&self, tenant: &str) {
        let file = self.path("tenant.toml");
        fs::write(&file, tenant).unwrap();
        self.ask(&["apply", file.to_str().unwrap()]);
    }

    /// What `explain` says about a reference.
    pub(crate) fn explain(&self, reference: &str) -> Value {
        let mut found = self.json(&["explain", reference]);
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    /// How many entries the queue has.
    pub(crate) fn queue_length(&self) -> usize {
        self.json(&["queue", "--limit", "100000"]).len()
    }

    /// Waits until nothing is queued.
    pub(crate) fn wait_for_empty_queue(&self) {
        wait_for("the queue is empty", || (self.queue_length() == 0).then_some(()));
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // Under a wrapper the binary is its child, and would stay.
            if let Some(child) = child_of(process.id()).and_then(|id| Pid::from_raw(id as i32)) {
                let _ = kill_process(child, Signal::KILL);
            }
            let _ = process.kill();
            let _ = process.wait();
        }
        if std::thread::panicking() {
            let mut log = String::new();
            if let Ok(mut file) = File::open(self.path("log")) {
                let _ = file.read_to_string(&mut log);
            }
            let tail: Vec<_> = log.lines().rev().take(40).collect();
            eprintln!("the node's last words:");
            tail.iter().rev().for_each(|line| eprintln!("  {line}"));
        }
    }
}

/// The first child of a process.
fn child_of(id: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}
