//! ClamAV's daemon beside a node: limits below the node's own are told before mail meets them, and
//! what it has learned since is asked for when quarantine is released.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::common::{Authority, Dialogue, NextHop, Node, Settings, needs, tenant, wait_for};

const CLAMD: &str = "/usr/sbin/clamd";

/// A daemon of our own on loopback that knows one limit and one signature.
struct FalseClamd {
    address: SocketAddr,
    signature: Arc<Mutex<Option<&'static str>>>,
}

impl FalseClamd {
    fn start(stream_bytes_max: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let signature = Arc::new(Mutex::new(None));
        let known = Arc::clone(&signature);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let known = Arc::clone(&known);
                // A peer that goes away ends its connection only.
                thread::spawn(move || answer(stream, stream_bytes_max, *known.lock().unwrap()));
            }
        });
        Self { address, signature }
    }

    fn learn(&self, signature: &'static str) {
        *self.signature.lock().unwrap() = Some(signature);
    }

    fn settings(&self) -> Settings {
        Settings::default().with("filter.clamd", format!("\"{}\"", self.address))
    }
}

fn answer(
    mut stream: TcpStream,
    stream_bytes_max: usize,
    signature: Option<&str>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut command = Vec::new();
    reader.read_until(0, &mut command)?;
    if command == b"zVERSION\0" {
        return stream.write_all(b"ClamAV 1.4.3/27450/Mon Nov 23 08:26:41 2026\0");
    }
    assert_eq!(command, b"zINSTREAM\0");
    let mut message = Vec::new();
    loop {
        let mut length = [0; 4];
        reader.read_exact(&mut length)?;
        let length = u32::from_be_bytes(length) as usize;
        if length == 0 {
            break;
        }
        if message.len() + length > stream_bytes_max {
            return stream.write_all(b"INSTREAM size limit exceeded. ERROR\0");
        }
        let before = message.len();
        message.resize(before + length, 0);
        reader.read_exact(&mut message[before..])?;
    }
    let is_known = signature
        .is_some_and(|mark| message.windows(mark.len()).any(|window| window == mark.as_bytes()));
    stream.write_all(if is_known { b"stream: Learned.Since FOUND\0" } else { b"stream: OK\0" })
}

/// The real one, in a folder of its own. Dropped, it ends.
struct RealClamd {
    child: Child,
    folder: tempfile::TempDir,
}

impl RealClamd {
    fn start(stream_max_length: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        std::fs::create_dir(path.join("db")).unwrap();
        // Something that no test sends: without any signature it does not start.
        std::fs::write(path.join("db/own.ndb"), "Posthouse.Test:0:*:00112233445566778899\n")
            .unwrap();
        let configuration = format!(
            "Foreground yes\nDatabaseDirectory {path}/db\nLocalSocket {path}/clamd.sock\n\
             StreamMaxLength {stream_max_length}\nTemporaryDirectory {path}\nMaxThreads 2\n",
            path = path.display(),
        );
        std::fs::write(path.join("clamd.conf"), configuration).unwrap();
        let mut child = Command::new(CLAMD)
            .arg("-c")
            .arg(path.join("clamd.conf"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        assert!(lines.any(|line| line.contains("Self checking")), "clamd did not start");
        Self { child, folder }
    }
}

impl Drop for RealClamd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What `check` says of clamd: level, what, next.
fn checked(node: &Node) -> [String; 3] {
    let said = String::from_utf8(node.cli(&["check", "--json"]).stdout).unwrap();
    let line = said.lines().find(|line| line.contains("clamd")).unwrap_or_else(|| panic!("{said}"));
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    ["level", "what", "next"].map(|key| line[key].as_str().unwrap().to_owned())
}

#[test]
fn av_01_a_stream_limit_below_the_largest_message_is_told_at_start_and_by_check() {
    let clamd = FalseClamd::start(25 * 1024 * 1024);
    let node = Node::start(&Authority::new("Example"), &clamd.settings());
    let [level, what, next] = checked(&node);
    assert_eq!(level, "warning");
    assert_eq!(
        what,
        "clamd takes less than [smtp] message_bytes_max (36 MiB): larger mail passes unscanned"
    );
    assert!(next.starts_with("set StreamMaxLength") && next.contains("37M"), "{next}");
    let said = String::from_utf8(node.cli(&["check"]).stdout).unwrap();
    for line in said.lines().filter(|line| line.contains("clamd")) {
        assert!(line.len() <= 100, "{line}");
    }
    wait_for("the log to warn of it", || {
        let log = node.log();
        (log.contains("larger mail passes unscanned") && log.contains("StreamMaxLength"))
            .then_some(())
    });
}

#[test]
fn av_01_with_clamd_required_a_stream_limit_that_is_too_small_is_an_error() {
    let clamd = FalseClamd::start(1024 * 1024);
    let settings = clamd.settings().with("filter.clamd_required", true);
    let node = Node::start(&Authority::new("Example"), &settings);
    let [level, what, _] = checked(&node);
    assert_eq!(level, "error");
    assert!(what.ends_with("larger mail is answered 451"), "{what}");
    assert!(!node.cli(&["check"]).status.success());
}

#[test]
fn av_01_a_clamd_that_takes_the_largest_message_or_does_not_answer_is_told_too() {
    let clamd = FalseClamd::start(40 * 1024 * 1024);
    let mut node = Node::start(&Authority::new("Example"), &clamd.settings());
    let [level, what, _] = checked(&node);
    assert_eq!(level, "ok");
    assert_eq!(
        what,
        "clamd (ClamAV 1.4.3, signatures of Mon Nov 23 08:26:41 2026) takes messages of 36 MiB"
    );
    // Nobody listens on port 9.
    node.stop();
    node.rewrite_settings(&Settings::default().with("filter.clamd", "\"127.0.0.1:9\""));
    let [level, what, _] = checked(&node);
    assert_eq!(level, "warning");
    assert!(what.starts_with("clamd gives no proper answer: cannot connect"), "{what}");
}

#[test]
fn av_01_the_real_clamd_is_found_to_take_less_or_enough() {
    let name = "clamd::av_01_the_real_clamd_is_found_to_take_less_or_enough";
    if !needs(name, &[CLAMD]) {
        return;
    }
    for (stream_max_length, expected) in [("25M", "warning"), ("37M", "ok")] {
        let clamd = RealClamd::start(stream_max_length);
        let setting = format!("\"{}/clamd.sock\"", clamd.folder.path().display());
        let settings = Settings::default().with("filter.clamd", setting);
        let node = Node::prepare(&Authority::new("Example"), &settings);
        let [level, what, next] = checked(&node);
        assert_eq!(level, expected, "{stream_max_length}: {what} {next}");
    }
}

#[test]
fn av_01_what_clamd_has_learned_since_is_not_released_from_quarantine() {
    let gtube = ["XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-", "ANTI-UBE-TEST-EMAIL*C.34X"];
    let home = NextHop::start();
    let clamd = FalseClamd::start(40 * 1024 * 1024);
    let node = Node::start(&Authority::new("Example"), &clamd.settings());
    let policy = "\n[[anti_spam_policy]]\nname = \"Default\"\n\
        high_confidence_spam_action = \"quarantine\"\n";
    node.apply(&(tenant("contoso", "contoso.example", &home.smart_host()) + policy));
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.stranger.example");
    let content = format!(
        "From: Eve <eve@stranger.example>\r\nTo: ann@contoso.example\r\nSubject: Offer\r\n\
         \r\n{}\r\na mark that nobody knows yet\r\n",
        gtube.concat()
    );
    for _ in 0..2 {
        let sent = session.send_message("eve@stranger.example", "ann@contoso.example", &content);
        assert_eq!(sent.code, 250, "{sent}");
    }
    let rows = node.json(&["quarantine", "list"]);
    let ids: Vec<String> = rows.iter().map(|row| row["id"].to_string()).collect();
    assert_eq!(rows[0]["reason"], "high-confidence-spam", "{rows:?}");
    // Nothing is known of the first.
    node.ask(&["quarantine", "release", &ids[0]]);
    home.wait_for(1);
    clamd.learn("a mark that nobody knows yet");
    let refused = node.cli(&["quarantine", "release", &ids[1]]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && said.contains("malware, found when it was scanned again"),
        "{said}"
    );
    let shown = node.json(&["quarantine", "show", &ids[1]]);
    assert_eq!(shown[0]["release_status"], "error", "{shown:?}");
    let act = shown[0]["acts"].as_array().unwrap().last().unwrap();
    assert_eq!(act["act"], "refused", "{act}");
    assert!(act["detail"].as_str().unwrap().contains("Learned.Since"), "{act}");
    assert_eq!(home.count(), 1);
}
