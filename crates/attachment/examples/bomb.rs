//! Measures what archive bombs cost: seconds, and the peak of resident memory above the start.
//!
//! Makes the bombs itself, writes nothing to disk. `cargo run --release -p posthouse-attachment
//! --example bomb`. Memory is read from /proc and so on Linux only.

#![allow(clippy::unwrap_used, reason = "a measurement that fails should stop there")]

use std::io::{Cursor, Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::Instant;

use posthouse_attachment::{AttachmentLimits, Extra, examine};
use posthouse_mime::{Body, Part, Reading};
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

fn zip_of(method: CompressionMethod, members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    for (name, bytes) in members {
        writer.start_file(name.as_str(), options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Octets that hardly pack.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// Octets that pack some hundred times.
fn dull(length: usize) -> Vec<u8> {
    let part = noise(600);
    let mut out = Vec::with_capacity(length);
    while out.len() < length {
        out.extend_from_slice(&part);
        out.extend(std::iter::repeat_n(b'x', 60_000));
    }
    out
}

fn one(name: &str, bytes: Vec<u8>) -> Vec<(String, Vec<u8>)> {
    vec![(name.to_owned(), bytes)]
}

/// A member again and again under other names, its octets there once.
fn overlapping() -> Vec<u8> {
    let bytes = zip_of(CompressionMethod::Deflated, &one("a", vec![0; 8 << 20]));
    let find = |what: &[u8]| bytes.windows(4).position(|window| window == what).unwrap();
    let (central, end) = (find(b"PK\x01\x02"), find(b"PK\x05\x06"));
    let mut forged = bytes.get(..central).unwrap().to_vec();
    for at in 0..9_000_u16 {
        let mut row = bytes.get(central..end).unwrap().to_vec();
        if let Some(name) = row.last_mut() {
            *name = b'a' + (at % 26) as u8;
        }
        forged.extend(row);
    }
    let size = (forged.len() - central) as u32;
    let mut last = bytes.get(end..).unwrap().to_vec();
    last.splice(12..16, size.to_le_bytes());
    forged.extend(last);
    forged
}

fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let mut nested = dull(64 << 20);
    for _ in 0..5 {
        nested = zip_of(
            CompressionMethod::Stored,
            &one("inner.zip", zip_of(CompressionMethod::Deflated, &one("inner", nested))),
        );
    }
    let stored_nest = (0..5).fold(noise(16 << 20), |inner, _| {
        zip_of(CompressionMethod::Stored, &one("inner.zip", inner))
    });
    let names = (0..12_000).map(|at| (format!("{at}"), Vec::new())).collect::<Vec<_>>();
    let mut bzip = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    bzip.write_all(&dull(256 << 20)).unwrap();
    vec![
        (
            "zip, 512 MiB of zeros",
            zip_of(CompressionMethod::Deflated, &one("zeros", vec![0; 512 << 20])),
        ),
        ("gzip, 512 MiB of zeros", gzip(&vec![0; 512 << 20])),
        ("gzip, 512 MiB that pack 100 times", gzip(&dull(512 << 20))),
        ("bzip2, 256 MiB that pack well", bzip.finish().unwrap()),
        (
            "zip by Zstandard, 512 MiB of zeros",
            zip_of(CompressionMethod::Zstd, &one("zeros", vec![0; 512 << 20])),
        ),
        (
            "zip by bzip2, 20 MiB of noise",
            zip_of(CompressionMethod::Bzip2, &one("noise", noise(20 << 20))),
        ),
        (
            "zip, 20 MiB of noise",
            zip_of(CompressionMethod::Deflated, &one("noise", noise(20 << 20))),
        ),
        ("zip, 12,000 members", zip_of(CompressionMethod::Stored, &names)),
        ("zip, members that share octets", overlapping()),
        ("zip in zip, 10 deep", nested),
        ("16 MiB of noise, stored 5 deep", stored_nest),
    ]
}

/// Some 16 MiB of what makes a careless reader search again and again.
fn mazes() -> Vec<(&'static str, Vec<u8>)> {
    let many = |start: &[u8], part: &[u8]| {
        let mut out = start.to_vec();
        while out.len() < 16 << 20 {
            out.extend_from_slice(part);
        }
        out
    };
    let local = b"PK\x03\x04\x14\0\x08\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0a";
    let ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
    let row = noise(16_384);
    vec![
        ("local headers of ZIP", many(local, local)),
        ("ends of ZIP", many(local, b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x2e\0\0\0\0\0\0\0\0\0")),
        ("streams of PDF", many(b"%PDF-1.4\n", b"1 0 obj<</Type/ObjStm>>stream\n")),
        ("names of PDF", many(b"%PDF-1.4\n", b"/#4aS/AA")),
        ("objects of RTF", many(b"{\\rtf1", b"{\\objdata 01")),
        ("fields of RTF", many(b"{\\rtf1", b"\\fldinst DDE")),
        ("beginnings of uuencode", many(b"text\n", b"begin 644 a\nM\n")),
        ("base64 in base64", many(b"x", b"QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD ")),
        ("starts of macros", many(ole, b"\x01\x19\xb0\0Attribut\0e VB_Nam")),
        ("fields of Word", many(ole, b"W\0o\0r\0d\0D\0o\0c\0u\0m\0e\0n\0t\0\x13DDEAUTO a")),
        ("sections of settings", many(b"[a]\n", b"[shell]\n")),
        ("elements of a page", many(b"<html>", b"<script onload=\"a\">")),
        ("octets of noise", many(b"\x00", &row)),
        ("files of OneNote", many(b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", b"\xe7\x16\xe3\xbd\x65\x26\x11\x45\xa4\xc4\x8d\x4d\x0b\x7a\x9e\xac\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")),
        ("programs on sectors", many(&[0; 512], &[b"MZ\x40\0\x01\0".as_slice(), &[0x90; 506]].concat())),
    ]
}

/// Kibibytes of resident memory: now, or at its peak since the last reset.
fn memory(row: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(row)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Seconds of processor time of this process.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks: f64 = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<f64>().ok())
        .sum();
    ticks / 100.0
}

fn main() {
    if std::env::args().nth(1).is_some() {
        return measure();
    }
    println!(
        "{:36} {:>9} {:>8} {:>8} {:>9}  findings",
        "bomb", "octets", "seconds", "CPU", "peak MiB"
    );
    for (name, bytes) in bombs().into_iter().chain(mazes()) {
        // A process each: memory that an allocator keeps would hide the peak.
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg("one")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        print!("{name:36} {:>9} ", bytes.len());
        child.stdin.take().unwrap().write_all(&bytes).unwrap();
        let said = child.wait_with_output().unwrap();
        print!("{}", String::from_utf8_lossy(&said.stdout));
    }
}

/// One bomb, from standard input.
fn measure() {
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).unwrap();
    bytes.shrink_to_fit();
    let reading = Reading {
        parts: vec![Part {
            names: vec!["bomb.bin".to_owned()],
            is_attachment: true,
            bodies: vec![Body { bytes, text: None }],
            ..Part::default()
        }],
        is_complete: true,
        ..Reading::default()
    };
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let (before, start, cpu) = (memory("VmRSS"), Instant::now(), processor_seconds());
    let found = examine(&reading, &AttachmentLimits::default(), &Extra::default());
    let (seconds, cpu) = (start.elapsed().as_secs_f64(), processor_seconds() - cpu);
    let peak = memory("VmHWM").saturating_sub(before) as f64 / 1024.0;
    let ids: Vec<_> = found.findings.iter().map(|finding| finding.kind.id).collect();
    println!("{seconds:>8.3} {cpu:>8.2} {peak:>9.1}  {ids:?}");
}
