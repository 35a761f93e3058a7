//! Shows how messages are read: `cargo run --release --example read -- FILE|DIR...`.
//!
//! With `--time` only the time for each is told, the best of many. A tool for those who work on
//! the reader; the product does not use it.

#![allow(clippy::print_stdout, reason = "a tool's output")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use posthouse_mime::{MimeLimits, Reading, ambiguity_results, read};
use posthouse_types::Language;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_timed = arguments.iter().any(|argument| argument == "--time");
    let is_quiet = arguments.iter().any(|argument| argument == "--quiet");
    let mut files = Vec::new();
    for argument in arguments.iter().filter(|argument| !argument.starts_with("--")) {
        collect(Path::new(argument), &mut files);
    }
    let limits = MimeLimits::default();
    let (mut octets, mut slowest) = (0, (0.0, PathBuf::new()));
    let begin = Instant::now();
    for file in &files {
        let Ok(message) = std::fs::read(file) else { continue };
        octets += message.len();
        let start = Instant::now();
        let reading = read(&message, &limits);
        let seconds = start.elapsed().as_secs_f64();
        if seconds > slowest.0 {
            slowest = (seconds, file.clone());
        }
        if is_timed {
            let best = (0..200).map(|_| time(&message, &limits)).fold(f64::MAX, f64::min);
            println!("{:8.1} us {:8} bytes {}", best * 1e6, message.len(), file.display());
        } else if !is_quiet {
            show(file, &reading);
        }
    }
    println!(
        "{} files, {octets} bytes, {:.3} s; slowest {:.3} s {}",
        files.len(),
        begin.elapsed().as_secs_f64(),
        slowest.0,
        slowest.1.display()
    );
}

fn time(message: &[u8], limits: &MimeLimits) -> f64 {
    let start = Instant::now();
    std::hint::black_box(read(std::hint::black_box(message), limits));
    start.elapsed().as_secs_f64()
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    let Ok(folder) = std::fs::read_dir(path) else {
        files.push(path.to_owned());
        return;
    };
    let mut inside: Vec<_> = folder.filter_map(|entry| Some(entry.ok()?.path())).collect();
    inside.sort();
    inside.iter().for_each(|path| collect(path, files));
}

fn show(file: &Path, reading: &Reading) {
    println!("== {}", file.display());
    for part in &reading.parts {
        let bodies: Vec<_> = part.bodies.iter().map(|body| body.bytes.len()).collect();
        let indent = "  ".repeat(part.depth + 1);
        println!("{indent}{} {:?} {:?} {bodies:?}", part.media_type, part.origin, part.names);
    }
    for finding in &reading.findings {
        println!("  ! {}: {}", finding.kind.id, finding.sentence(Language::English));
    }
    println!("  {}", ambiguity_results(reading));
}
