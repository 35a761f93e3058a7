//! Archives that unpack to too much: each ends early, and is said.

use std::time::Instant;

use zip::CompressionMethod;

use crate::{found, has, ids, make};

/// Tests are not optimised; the program is some ten times as fast, see `examples/bomb.rs`.
const SECONDS_MAX: f32 = 20.0;

fn ends(name: &str, bytes: &[u8]) {
    let start = Instant::now();
    let found = found(name, bytes);
    let seconds = start.elapsed().as_secs_f32();
    assert!(
        has(&found, "archive-bomb") || has(&found, "archive-depth"),
        "{name}: {:?}",
        ids(&found)
    );
    assert!(!found.is_complete, "{name}");
    assert!(seconds < SECONDS_MAX, "{name}: {seconds} s");
}

#[test]
fn arc_07_much_of_nothing_ends_early() {
    let zeros = vec![0; 64 * 1024 * 1024];
    ends("a.zip", &make::zip(&[("zeros", &zeros)]));
    ends("a.gz", &make::gzip(&zeros));
    ends("a.bz2", &make::bzip2(&zeros));
    ends("a.zst", &make::zstd(&zeros));
}

#[test]
fn arc_07_many_members_and_deep_nests_end() {
    // Each of another length: what is the same is opened once.
    let many: Vec<(String, Vec<u8>)> =
        (0..100).map(|at| (format!("{at}.gz"), make::gzip(&vec![0; 1024 * 1024 + at]))).collect();
    let many: Vec<(&str, &[u8])> =
        many.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    ends("a.zip", &make::zip_by(CompressionMethod::Stored, &many));
    let mut nest = b"nothing".to_vec();
    (0..12).for_each(|_| nest = make::zip(&[("inner.zip", &nest)]));
    ends("a.zip", &nest);
    let names: Vec<String> = (0..10_500).map(|at| format!("{at}")).collect();
    let empty: Vec<(&str, &[u8])> =
        names.iter().map(|name| (name.as_str(), b"".as_slice())).collect();
    ends("a.zip", &make::zip_by(CompressionMethod::Stored, &empty));
}

#[test]
fn arc_07_members_that_share_their_octets_end() {
    // One member of some megabytes, and a directory that names it 2,000 times.
    let zeros = vec![0; 8 * 1024 * 1024];
    let bytes = make::zip(&[("a", &zeros)]);
    let central = memchr::memmem::find(&bytes, b"PK\x01\x02").unwrap();
    let end = memchr::memmem::find(&bytes, b"PK\x05\x06").unwrap();
    let mut forged = bytes[..central].to_vec();
    for at in 0..2000_u16 {
        let mut row = bytes[central..end].to_vec();
        let name = row.len() - 1;
        row[name] = b'a' + (at % 26) as u8;
        forged.extend(row);
    }
    let size = (forged.len() - central) as u32;
    let mut last = bytes[end..].to_vec();
    last[12..16].copy_from_slice(&size.to_le_bytes());
    forged.extend(last);
    ends("a.zip", &forged);
}

#[test]
fn arc_07_an_archive_that_holds_itself_ends() {
    // Not a quine of bits, but of reading: a directory that points into its own octets.
    let inner = make::zip_by(CompressionMethod::Stored, &[("a.zip", &[b'x'; 200])]);
    let mut bytes = inner.clone();
    let data = 30 + 5;
    let copy: Vec<u8> = bytes[..200].to_vec();
    bytes[data..data + 200].copy_from_slice(&copy);
    let found = found("a.zip", &bytes);
    assert!(found.items.len() < 20);
}

#[test]
fn an_honest_big_attachment_is_no_bomb() {
    // Text that packs ten times, and 20 MiB of it.
    let text: Vec<u8> =
        (0..20 * 1024 * 1024_u32).map(|at| (at / 7 % 61 + at % 3) as u8 + 32).collect();
    let found = found("a.zip", &make::zip(&[("log.txt", &text)]));
    assert!(!has(&found, "archive-bomb"), "{:?}", found.findings);
}
