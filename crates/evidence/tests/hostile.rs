//! Hostile files: whatever is handed in, there is a verdict, in bounded time and memory.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::time::{Duration, Instant};

use posthouse_evidence::limits::VERDICT_BYTES_MAX;
use posthouse_evidence::{Collector, Facts, Wants, judge};
use proptest::prelude::*;
use support::{bytes, facts, fixtures};

/// Far more than any of these needs, even unoptimised on a loaded machine.
const TIME_MAX: Duration = Duration::from_secs(20);

fn is_sound(facts: &Facts) {
    let verdict = judge(facts);
    let json = verdict.json();
    assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
    assert!(!json.contains(['\n', '\r']));
    assert!(json.len() < VERDICT_BYTES_MAX, "{} bytes", json.len());
    let text = verdict.text();
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_have_a_verdict(bytes in proptest::collection::vec(any::<u8>(), 0..4096)) {
        is_sound(&facts(&[("x", &bytes)], 100));
    }

    #[test]
    fn a_damaged_file_has_a_verdict(
        which in any::<prop::sample::Index>(),
        places in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
        cut in any::<prop::sample::Index>(),
        piece in 1usize..5000,
    ) {
        let names = fixtures();
        let mut bytes = bytes(which.get::<String>(&names));
        if !bytes.is_empty() {
            for (place, byte) in places {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            bytes.truncate(cut.index(bytes.len() * 2).max(1));
        }
        is_sound(&facts(&[("x", &bytes)], piece));
    }

    #[test]
    fn two_files_in_one_have_a_verdict(
        first in any::<prop::sample::Index>(),
        second in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
    ) {
        let names = fixtures();
        let (first, second) = (bytes(first.get::<String>(&names)), bytes(second.get::<String>(&names)));
        let at = at.index(first.len() + 1);
        let spliced = [&first[..at], &second, &first[at..]].concat();
        is_sound(&facts(&[("x", &spliced)], 700));
    }

    #[test]
    fn pieces_of_any_size_make_the_same_facts(
        which in any::<prop::sample::Index>(),
        piece in 1usize..3000,
    ) {
        let names = fixtures();
        let bytes = bytes(which.get::<String>(&names));
        prop_assert_eq!(facts(&[("x", &bytes)], piece), facts(&[("x", &bytes)], usize::MAX));
    }
}

/// A file made of one start and one piece again and again, up to so many bytes.
fn repeated(start: &str, piece: &str, bytes: usize) -> Vec<u8> {
    let mut file = start.as_bytes().to_vec();
    while file.len() < bytes {
        file.extend_from_slice(piece.as_bytes());
    }
    file
}

#[test]
fn a_file_of_one_thing_over_and_over_takes_no_time() {
    let fields = "#Fields: date-time,connector-id,session-id,sequence-number,local-endpoint,\
                  remote-endpoint,event,data,context\n";
    let w3c = "#Fields: date time c-ip cs-username cs-method cs-uri-query\n";
    let mail = "From: a\nTo: b\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n";
    for (start, piece) in [
        (fields, "2016-12-01T03:09:55Z,c,08D4,0,a:1,b:2,<,550-5.7.64 x,\n"),
        (fields, "2016-12-01T03:09:55Z,c,08D4,0,a:1,b:2,*,x,Certificate subject\n"),
        (fields, "2016-12-01T03:09:55Z,\"\"\"\"\"\",08D4,"),
        (fields, ",,,,,,,,,,\n"),
        (w3c, "2016-12-01 03:09:55 a OutboundConnectionResponse - 220+x\n"),
        ("<Event ", "<Event "),
        ("<Event x='", "<Event x='></Event>"),
        ("<Events>", "<Event><a><b><System><EventID>30</EventID></System></Event>"),
        ("<Event>", "<a>"),
        ("<Event>", "&lt;<"),
        (mail, "--b\nContent-Type: multipart/mixed; boundary=b\n\n"),
        (mail, "--b\nContent-Type: message/delivery-status\n\nStatus: 5.7.64\n\n"),
        (mail, "--b\nContent-Type: message/rfc822\n\nFrom: a\n"),
        (mail, "--b\nContent-Type: multipart/digest; boundary=b\n\n--b\n\n"),
        ("From: a\nTo: b\nContent-Type: message/rfc822\n\n", "Content-Type: message/rfc822\n\n"),
        ("From: a\nTo: b\nContent-Type: message/rfc822\n\n", "Content-Type:\n Message/Global\n\n"),
        (
            "From: a\nTo: b\nContent-Type: message/(c)rfc822\n\n",
            "Content-Type: message/ \"rfc822\n\n",
        ),
        ("From: a\nTo: b\nSubject: x\n\n", "550 5.7.64 "),
        ("x\n", "550 5.7.64 '550-5.7.64 "),
        ("x\n", "(((((("),
    ] {
        let file = repeated(start, piece, 3_000_000);
        let started = Instant::now();
        is_sound(&facts(&[("x", &file)], 100_000));
        let taken = started.elapsed();
        assert!(taken < TIME_MAX, "{taken:?} for {piece:?}");
    }
}

#[test]
fn messages_in_an_encoded_message_are_not_taken_apart() {
    // Base64 of header after header, each a message in the one before.
    let inner = "Q29udGVudC1UeXBlOiBtZXNzYWdlL3JmYzgyMgoK";
    let start =
        "From: a\nTo: b\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n";
    is_sound(&facts(&[("x", &repeated(start, inner, 3_000_000))], 100_000));
}

#[test]
fn sessions_and_events_without_number_are_bounded_and_said_so() {
    let mut log = String::new();
    for number in 0..20_000 {
        log.push_str(&format!(
            "2016-12-01T03:09:55Z,c{number},{number:016X},0,a:1,b:2,<,220 host{number},\n"
        ));
    }
    let facts = facts(&[("x", log.as_bytes())], 10_000);
    assert!(facts.sessions.len() < 5_000, "{}", facts.sessions.len());
    assert!(facts.notes.iter().any(|note| note.text.contains("were left out")));
}

#[test]
fn a_report_that_is_too_large_is_cut_with_a_note() {
    let mut collector = Collector::new();
    let mut file = collector.open("big.eml");
    let piece = repeated("From: a\nTo: b\n\n", "x\n", 1 << 20);
    let mut pieces = 0;
    while collector.push(&mut file, &piece) == Wants::More {
        pieces += 1;
        assert!(pieces <= 8);
    }
    collector.close(file);
    assert!(collector.facts().notes[0].text.starts_with("only the first"));
}

#[test]
fn names_in_files_are_data() {
    let hostile = "\u{1b}[2J\u{202e}CN=x\\\"; rm -rf / #";
    let log = String::from_utf8(bytes("send-told-leaf-only.log")).unwrap();
    let log = log.replace("CN=Example Issuing CA 01", hostile);
    let facts = facts(&[("a\u{1b}[2Jb.log", log.as_bytes())], 500);
    is_sound(&facts);
    let verdict = judge(&facts);
    assert!(verdict.fix.iter().flat_map(|fix| &fix.commands).all(|line| !line.contains("rm -rf")));
}
