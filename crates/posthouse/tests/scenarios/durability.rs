//! Disk and database: 250 means on the disk, a fault is a 4yz reply and never a lie, a backup is a
//! node.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::common::{
    Answer, Authority, Dialogue, NextHop, Node, Settings, needs, needs_root, tenant_by_address,
    wait_for,
};

fn stage() -> (Authority, NextHop, Node) {
    let authority = Authority::new("Example");
    let next_hop = NextHop::start();
    let node = Node::start(&authority, &Settings::default());
    node.apply(&tenant_by_address("contoso", "contoso.example", &next_hop.smart_host()));
    (authority, next_hop, node)
}

fn send(node: &Node, subject: &str, bytes: usize) -> Answer {
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.example");
    let line = format!("{}\r\n", "x".repeat(70));
    let body = format!("Subject: {subject}\r\n\r\n{}", line.repeat(bytes / line.len() + 1));
    session.send_message("ann@contoso.example", "bob@elsewhere.example", &body)
}

fn subjects(next_hop: &NextHop) -> Vec<String> {
    let messages = next_hop.delivered();
    let subject = |text: String| text.split("Subject: ").nth(1)?.lines().next().map(str::to_owned);
    messages.iter().filter_map(|message| subject(message.text())).collect()
}

/// `strace` attached to a running node, with these options.
struct Tracer {
    process: Child,
    output: PathBuf,
}

impl Tracer {
    fn attach(node: &Node, options: &[&str]) -> Self {
        let output = node.path("strace");
        let process = Command::new("strace")
            .args(["-f", "-y", "-s", "80", "-o"])
            .arg(&output)
            .args(options)
            .args(["-p", &node.process_id().to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let id = node.process_id();
        wait_for("strace is attached to every thread", || {
            let tasks = fs::read_dir(format!("/proc/{id}/task")).ok()?;
            let traced = |status: PathBuf| {
                let text = fs::read_to_string(status).unwrap_or_default();
                !text.contains("TracerPid:\t0\n")
            };
            tasks.flatten().all(|task| traced(task.path().join("status"))).then_some(())
        });
        Self { process, output }
    }

    /// Detaches, and gives what was seen.
    fn detach(mut self) -> String {
        let id = Pid::from_raw(self.process.id().cast_signed()).unwrap();
        kill_process(id, Signal::INT).unwrap();
        self.process.wait().unwrap();
        fs::read_to_string(&self.output).unwrap()
    }
}

#[test]
fn between_the_last_byte_and_250_the_log_has_reached_the_disk() {
    if !needs("durability::fsync_order", &["strace"]) {
        return;
    }
    let (_, next_hop, node) = stage();
    let calls = "trace=fsync,fdatasync,sync_file_range,recvfrom,read,sendto,write,writev,sendmsg";
    let tracer = Tracer::attach(&node, &["-e", calls]);
    assert_eq!(send(&node, "small", 1000).code, 250);
    assert_eq!(send(&node, "big", 1_000_000).code, 250);
    let calls = tracer.detach();
    next_hop.wait_for(2);

    let [small, big] = &before_each_250(&calls)[..] else { panic!("not two messages:\n{calls}") };
    assert!(has_synced(small, "-wal>"), "no sync of the WAL before 250:\n{small}");
    assert!(has_synced(big, "-wal>"), "no sync of the WAL before 250:\n{big}");
    let below = |line| Path::new(descriptor(line)).strip_prefix(node.data().join("bodies")).ok();
    let depths: Vec<_> =
        synced(big).filter_map(below).map(|path| path.components().count()).collect();
    assert!(depths.contains(&2), "the body's file was not synced:\n{big}");
    assert!(depths.contains(&1), "the body's folder was not synced:\n{big}");
}

/// One call a line, at the place of its return: `strace` writes calls that others overtook in two
/// pieces.
fn whole_calls(output: &str) -> Vec<String> {
    let mut begun: HashMap<&str, &str> = HashMap::new();
    let mut calls = Vec::new();
    for line in output.lines() {
        let (thread, call) = line.split_once(' ').unwrap();
        if let Some(start) = call.strip_suffix("<unfinished ...>") {
            begun.insert(thread, start);
        } else if let Some((_, rest)) = call.split_once(" resumed>") {
            let start = begun.remove(thread).unwrap_or_default();
            calls.push(format!("{thread} {start}{rest}"));
        } else {
            calls.push(line.to_owned());
        }
    }
    calls
}

/// For each message: the calls from the last byte of its body to the 250 that ended it.
fn before_each_250(output: &str) -> Vec<String> {
    let lines = whole_calls(output);
    let is_end = |line: &str| line.contains("sendto(") && line.contains("\"250 2.6.0 ");
    let ends = lines.iter().enumerate().filter(|(_, line)| is_end(line)).map(|(place, _)| place);
    ends.map(|end| {
        let socket = descriptor(&lines[end]);
        let received = lines[..end].iter().rposition(|line| {
            line.contains("recvfrom(") && descriptor(line) == socket && !line.contains("= -1 ")
        });
        lines[received.unwrap()..end].join("\n")
    })
    .collect()
}

/// The path or socket that a call is about: what `strace -y` writes between angle brackets.
fn descriptor(line: &str) -> &str {
    line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or("", |(name, _)| name)
}

/// The syncs that returned 0.
fn synced(calls: &str) -> impl Iterator<Item = &str> {
    calls.lines().filter(|line| line.contains("sync(") && line.trim_end().ends_with("= 0"))
}

fn has_synced(calls: &str, what: &str) -> bool {
    synced(calls).any(|line| line.contains(what))
}

#[test]
fn flt_03_a_failed_sync_is_451_and_the_message_is_never_delivered_behind_the_senders_back() {
    if !needs("durability::flt_03", &["strace"]) {
        return;
    }
    let (_, next_hop, node) = stage();
    assert_eq!(send(&node, "before", 1000).code, 250);
    next_hop.wait_for(1);
    node.wait_for_empty_queue();

    let fault = "inject=fsync,fdatasync:error=EIO";
    let tracer = Tracer::attach(&node, &["-e", "trace=fsync,fdatasync", "-e", fault]);
    let refused = send(&node, "refused", 1000);
    assert_eq!(refused.code, 451, "{refused}");
    let refused = send(&node, "refused and big", 300_000);
    assert_eq!(refused.code, 451, "{refused}");
    assert!(tracer.detach().contains("(INJECTED)"));

    wait_for("the store works again", || (send(&node, "after", 1000).code == 250).then_some(()));
    node.wait_for_empty_queue();
    let subjects = subjects(&next_hop);
    assert_eq!(subjects, ["before", "after"], "a message that was refused was delivered");
}

#[test]
fn flt_04_a_full_disk_is_452_and_mends_itself() {
    if !needs_root("durability::flt_04", &["mount", "umount"]) {
        return;
    }
    let authority = Authority::new("Example");
    let next_hop = NextHop::start();
    let mut node = Node::prepare(&authority, &Settings::default());
    fs::create_dir(node.data()).unwrap();
    let _disk = SmallDisk::mount(&node.data(), "size=192m");
    node.run();
    node.apply(&tenant_by_address("contoso", "contoso.example", &next_hop.smart_host()));
    // Nothing leaves, so that the disk fills.
    next_hop.obey(|command| command.starts_with("MAIL").then(|| "451 4.3.0 Later".to_owned()));
    let mut taken = 0;
    let refused = loop {
        let answer = send(&node, "fill", 5_000_000);
        if answer.code != 250 {
            break answer;
        }
        taken += 1;
        assert!(taken < 40, "a disk of 192 MB took 200 MB");
    };
    assert_eq!(refused.code, 452, "{refused}");
    assert!(refused.text().contains("4.3.1"), "{refused}");
    assert!(taken > 0, "nothing was taken at all");
    // Reading, delivering and deleting still work, and then there is room again.
    assert_eq!(node.queue_length(), taken);
    next_hop.obey(|_| None);
    node.ask(&["queue", "retry"]);
    next_hop.wait_for(taken);
    node.wait_for_empty_queue();
    wait_for("there is room again", || (send(&node, "after", 1000).code == 250).then_some(()));
    next_hop.wait_for(taken + 1);
    node.wait_for_empty_queue();
    assert_eq!(next_hop.count(), taken + 1);
}

#[test]
fn flt_08_a_disk_that_turns_read_only_is_451_and_the_node_goes_on_reading() {
    if !needs("durability::flt_08", &["strace"]) {
        return;
    }
    let (_, next_hop, mut node) = stage();
    assert_eq!(send(&node, "before", 1000).code, 250);
    next_hop.wait_for(1);
    node.wait_for_empty_queue();

    // A file system with open files cannot be remounted by force, so its answer is injected.
    let log = node.data().join("posthouse.db-wal").display().to_string();
    let database = node.data().join("posthouse.db").display().to_string();
    let calls = "pwrite64,pwritev,ftruncate,fallocate,fsync,fdatasync";
    let fault = format!("inject={calls}:error=EROFS");
    let trace = format!("trace={calls}");
    let tracer = Tracer::attach(&node, &["-P", &log, "-P", &database, "-e", &trace, "-e", &fault]);
    let refused = send(&node, "refused", 1000);
    assert!((400..500).contains(&refused.code), "{refused}");
    assert!(node.is_running());
    assert_eq!(node.json(&["trace", "--status", "Delivered"]).len(), 1, "it can be read");
    let seen = tracer.detach();
    assert!(seen.contains("(INJECTED)"), "nothing was written at all: {seen}");

    wait_for("the store works again", || (send(&node, "after", 1000).code == 250).then_some(()));
    next_hop.wait_for(2);
    node.wait_for_empty_queue();
    assert_eq!(subjects(&next_hop), ["before", "after"]);
}

/// A small file system in memory, gone when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(folder: &Path, options: &str) -> Self {
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(folder);
        assert!(command.status().unwrap().success());
        Self(folder.to_owned())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn flt_11_a_slow_disk_slows_and_loses_nothing() {
    if !needs("durability::flt_11", &["strace"]) {
        return;
    }
    let (_, next_hop, node) = stage();
    let delay = "inject=fsync,fdatasync:delay_exit=500000";
    let tracer = Tracer::attach(&node, &["-e", "trace=fsync,fdatasync", "-e", delay]);
    let answers: Vec<_> = std::thread::scope(|scope| {
        let node = &node;
        let senders: Vec<_> = (0..20)
            .map(|number| scope.spawn(move || send(node, &format!("{number}"), 500)))
            .collect();
        senders.into_iter().map(|sender| sender.join().unwrap()).collect()
    });
    tracer.detach();
    let taken = answers.iter().filter(|answer| answer.code == 250).count();
    assert!(taken > 0, "{answers:?}");
    next_hop.wait_for(taken);
    node.wait_for_empty_queue();
    assert_eq!(next_hop.count(), taken);
}

#[test]
fn flt_02_a_torn_log_ends_where_the_last_250_was() {
    let (_, next_hop, mut node) = stage();
    next_hop.obey(|command| command.starts_with("MAIL").then(|| "451 4.3.0 Later".to_owned()));
    for number in 0..20 {
        assert_eq!(send(&node, &format!("{number}"), 500).code, 250);
    }
    node.kill();
    // What came after the last sync may be anything: here it is half a frame of noise.
    let database = fs::read_dir(node.data()).unwrap().flatten().map(|entry| entry.path());
    let log = database.into_iter().find(|path| path.to_string_lossy().ends_with("-wal")).unwrap();
    let mut bytes = fs::read(&log).unwrap();
    bytes.extend((0..3000_u32).map(|number| (number % 251) as u8));
    fs::write(&log, bytes).unwrap();

    next_hop.obey(|_| None);
    node.run();
    next_hop.wait_for(20);
    node.wait_for_empty_queue();
    assert_eq!(next_hop.count(), 20);
}

#[test]
fn a_backup_of_a_running_node_is_a_node() {
    let (authority, next_hop, node) = stage();
    next_hop.obey(|command| command.starts_with("MAIL").then(|| "451 4.3.0 Later".to_owned()));
    assert_eq!(send(&node, "small", 1000).code, 250);
    assert_eq!(send(&node, "big", 300_000).code, 250);
    let other = Node::prepare(&authority, &Settings::default());
    node.ask(&["backup", other.data().to_str().unwrap()]);
    drop(node);

    next_hop.obey(|_| None);
    let mut other = other;
    other.run();
    let delivered = next_hop.wait_for(2);
    assert!(delivered.iter().any(|message| message.content.len() > 300_000));
    other.wait_for_empty_queue();
    assert!(other.ask(&["export", "contoso"]).contains("contoso.example"));
}

#[test]
fn flt_13_a_second_node_on_the_same_folder_does_not_start() {
    let (_, _, node) = stage();
    let output = Command::new(env!("CARGO_BIN_EXE_posthouse"))
        .args(["serve", "--config"])
        .arg(node.path("node.toml"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("data"), "{error}");
    assert_eq!(send(&node, "still here", 100).code, 250);
}

#[test]
fn flt_12_a_clock_that_jumps_ahead_expires_nothing() {
    const LIBRARY: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
    if !needs("durability::flt_12", &[LIBRARY]) {
        return;
    }
    let authority = Authority::new("Example");
    let next_hop = NextHop::start();
    next_hop.obey(|command| command.starts_with("MAIL").then(|| "451 4.3.0 Later".to_owned()));
    let mut node = Node::prepare(&authority, &Settings::default());
    let clock = node.path("clock");
    fs::write(&clock, "+0\n").unwrap();
    node.set_environment("LD_PRELOAD", LIBRARY);
    node.set_environment("FAKETIME_TIMESTAMP_FILE", clock.display());
    node.set_environment("FAKETIME_NO_CACHE", 1);
    node.set_environment("FAKETIME_DONT_FAKE_MONOTONIC", 1);
    node.run();
    node.apply(&tenant_by_address("contoso", "contoso.example", &next_hop.smart_host()));
    assert_eq!(send(&node, "patience", 100).code, 250);
    wait_for("it was tried", || {
        next_hop.commands().iter().any(|c| c.starts_with("MAIL")).then_some(())
    });
    fs::write(&clock, "+400d\n").unwrap();
    wait_for("the jump is told", || {
        node.ask(&["events", "--format", "json"]).contains("1008").then_some(())
    });
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(node.queue_length(), 1, "it expired because of the clock");
    next_hop.obey(|_| None);
    node.ask(&["queue", "retry"]);
    assert_eq!(subjects_after_one(&next_hop), ["patience"]);
}

fn subjects_after_one(next_hop: &NextHop) -> Vec<String> {
    next_hop.wait_for(1);
    subjects(next_hop)
}
