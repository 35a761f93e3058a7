//! A malware daemon beside the node: its limits are found before mail meets them, and what it has
//! learned since decides what is released from quarantine.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::common::{Authority, Dialogue, NextHop, Node, Settings, tenant, wait_for};

/// What the daemon does.
#[derive(Default)]
struct State {
    /// Longer streams are called clean and not looked at, as by `MaxFileSize`.
    looked_at_bytes_max: usize,
    /// What it finds.
    signatures: Vec<String>,
    /// It hangs up instead of answering.
    is_silent: bool,
}

/// A daemon that speaks clamd's protocol on loopback.
struct FakeClamd {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl FakeClamd {
    fn start(looked_at_bytes_max: usize) -> Self {
        let eicar = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!$H+H*"];
        let signatures = vec![eicar.concat()];
        let state =
            Arc::new(Mutex::new(State { looked_at_bytes_max, signatures, is_silent: false }));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // A peer that goes away is its own affair.
                let _ = Self::answer(stream, &shared);
            }
        });
        Self { address, state }
    }

    fn answer(mut stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
        let mut command = Vec::new();
        while !command.ends_with(&[0]) {
            let mut octet = [0];
            stream.read_exact(&mut octet)?;
            command.extend(octet);
        }
        if command == b"zVERSION\0" {
            return stream.write_all(b"ClamAV 1.4.3\0");
        }
        let mut message = Vec::new();
        loop {
            let mut length = [0; 4];
            stream.read_exact(&mut length)?;
            let length = u32::from_be_bytes(length) as usize;
            if length == 0 {
                break;
            }
            let start = message.len();
            message.resize(start + length, 0);
            stream.read_exact(&mut message[start..])?;
        }
        let state = state.lock().unwrap();
        let text = String::from_utf8_lossy(&message);
        let is_found = message.len() <= state.looked_at_bytes_max
            && state.signatures.iter().any(|signature| text.contains(signature));
        match (state.is_silent, is_found) {
            (true, _) => Ok(()),
            (false, true) => stream.write_all(b"stream: Own.Mark FOUND\0"),
            (false, false) => stream.write_all(b"stream: OK\0"),
        }
    }

    fn settings(&self) -> Settings {
        Settings::default()
            .with("filter.clamd", format!("\"{}\"", self.address))
            .with("filter.clamd_required", true)
            .with("smtp.message_bytes_max", 1024 * 1024)
    }
}

#[test]
fn av_01_check_and_the_log_name_a_limit_of_clamd_that_is_below_ours() {
    let clamd = FakeClamd::start(512 * 1024);
    let node = Node::start(&Authority::new("Example"), &clamd.settings());
    let said = "calls a message of 1 MiB clean without looking at it";
    wait_for("the log names the limit", || node.log().contains(said).then_some(()));
    let check = node.cli(&["check"]);
    assert!(!check.status.success());
    let text = String::from_utf8(check.stdout).unwrap();
    assert!(text.contains(said) && text.contains("MaxFileSize and MaxScanSize"), "{text}");
    clamd.state.lock().unwrap().looked_at_bytes_max = 1024 * 1024;
    let text = String::from_utf8(node.cli(&["check"]).stdout).unwrap();
    assert!(text.contains("looks at messages of 1 MiB"), "{text}");
    clamd.state.lock().unwrap().is_silent = true;
    let text = String::from_utf8(node.cli(&["check"]).stdout).unwrap();
    assert!(text.contains("does not answer") && text.contains("mail gets 451"), "{text}");
}

#[test]
fn av_01_a_release_is_refused_for_what_clamd_has_learned_since() {
    let clamd = FakeClamd::start(1024 * 1024);
    let home = NextHop::start();
    let node = Node::start(&Authority::new("Example"), &clamd.settings());
    let policy = "\n[[anti_spam_policy]]\nname = \"Default\"\n\
        high_confidence_spam_action = \"quarantine\"\n";
    node.apply(&(tenant("contoso", "contoso.example", &home.smart_host()) + policy));
    let gtube = ["XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-", "ANTI-UBE-TEST-EMAIL*C.34X"];
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.stranger.example");
    let content = format!(
        "From: Eve <eve@stranger.example>\r\nTo: ann@contoso.example\r\nSubject: Offer\r\n\r\n{}",
        gtube.concat()
    );
    let answer = session.send_message("eve@stranger.example", "ann@contoso.example", &content);
    assert_eq!(answer.code, 250, "{answer}");
    let id = node.json(&["quarantine", "list"])[0]["id"].to_string();
    let refused = |why: &str| {
        let refused = node.cli(&["quarantine", "release", &id]);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && said.contains(why), "{said}");
    };
    clamd.state.lock().unwrap().is_silent = true;
    refused("clamd did not answer");
    clamd.state.lock().unwrap().is_silent = false;
    clamd.state.lock().unwrap().signatures.push("GTUBE".to_owned());
    refused("malware");
    let shown = node.json(&["quarantine", "show", &id]);
    let act = shown[0]["acts"].as_array().unwrap().last().unwrap();
    assert!(act["detail"].as_str().unwrap().contains("Own.Mark"), "what was found is kept: {act}");
    assert_eq!(home.count(), 0);
    clamd.state.lock().unwrap().signatures.clear();
    node.ask(&["quarantine", "release", &id]);
    assert_eq!(home.wait_for(1).len(), 1);
}
