//! Against the real clamd (Debian's clamav-daemon) with a signature database of our own.
//!
//! Starts the daemon in a folder of its own on a socket of its own, and stops it. Where it is not
//! installed, the test says so and passes, except with CI=true.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets what it did not expect should stop there"
)]

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use posthouse_lookup::{Clamd, ClamdAt, ClamdLimits, ClamdReach};
use posthouse_types::EngineFact;

const CLAMD: &str = "/usr/sbin/clamd";
/// What our signature looks for: invented for this test.
const MARK: &str = "posthouse's own mark for a test of clamd";

/// A daemon that ends with the test.
struct Daemon {
    child: Child,
    at: ClamdAt,
    _folder: tempfile::TempDir,
}

impl Daemon {
    fn start(more: &str) -> Option<Self> {
        if !Path::new(CLAMD).exists() {
            assert!(std::env::var_os("CI").is_none(), "{CLAMD} is not installed");
            eprintln!("not run: {CLAMD} is not installed (Debian: clamav-daemon)");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        std::fs::create_dir(path.join("db")).unwrap();
        let mut hexadecimal = String::new();
        MARK.bytes().for_each(|octet| write!(hexadecimal, "{octet:02x}").unwrap());
        // Name, any type of file, any offset, octets.
        let signature = format!("Posthouse.Test.Mark:0:*:{hexadecimal}\n");
        std::fs::write(path.join("db/own.ndb"), signature).unwrap();
        let socket = path.join("clamd.sock");
        let configuration = format!(
            "Foreground yes\nDatabaseDirectory {db}\nLocalSocket {socket}\nStreamMaxLength 1M\n\
             MaxThreads 2\nConcurrentDatabaseReload no\nTemporaryDirectory {path}\n{more}",
            db = path.join("db").display(),
            socket = socket.display(),
            path = path.display(),
        );
        std::fs::write(path.join("clamd.conf"), configuration).unwrap();
        let mut child = Command::new(CLAMD)
            .arg("-c")
            .arg(path.join("clamd.conf"))
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        // The last line before it answers.
        let said: Vec<String> = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok)
            .take_while(|line| !line.contains("Self checking"))
            .collect();
        assert!(child.try_wait().unwrap().is_none(), "clamd ended: {said:?}");
        Some(Self { child, at: ClamdAt::Unix(socket), _folder: folder })
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn av_01_the_real_clamd_is_asked_over_instream_and_its_end_is_a_failure() {
    let Some(mut daemon) = Daemon::start("") else { return };
    let clamd = Clamd::new(daemon.at.clone(), ClamdLimits::default());
    let version = clamd.version().await.unwrap();
    assert!(version.program.starts_with("ClamAV "), "{version:?}");
    assert_eq!(clamd.scan(b"Subject: hello\r\n\r\nnothing bad\r\n").await, EngineFact::Clean);
    let marked = format!("Subject: hello\r\n\r\nHere is {MARK}.\r\n");
    let found = EngineFact::Infected("Posthouse.Test.Mark.UNOFFICIAL".to_owned());
    for _ in 0..20 {
        assert_eq!(clamd.scan(marked.as_bytes()).await, found);
    }
    // Its own limit ends the scan: no answer that counts.
    let long = vec![b'x'; 2 * 1024 * 1024];
    let fact = clamd.scan(&long).await;
    assert!(fact.failure().is_some(), "{fact:?}");
    daemon.child.kill().unwrap();
    daemon.child.wait().unwrap();
    let fact = clamd.scan(marked.as_bytes()).await;
    assert!(fact.failure().is_some(), "{fact:?}");
}

#[tokio::test]
async fn av_01_the_real_clamd_s_limits_are_found() {
    let Some(daemon) = Daemon::start("MaxFileSize 256K\n") else { return };
    let clamd = Clamd::new(daemon.at.clone(), ClamdLimits::default());
    let reach = async |octets| clamd.reach(MARK.as_bytes(), octets).await.unwrap();
    assert_eq!(reach(100 * 1024).await, ClamdReach::Looks);
    // It says OK, and has not looked.
    assert_eq!(reach(500 * 1024).await, ClamdReach::Skips);
    let ends = reach(2 * 1024 * 1024).await;
    assert!(matches!(ends, ClamdReach::Ends(_)), "{ends:?}");
}
