//! Fuzz targets: HTML and whole messages as the classifier reads them. A few thousand
//! inputs in `make test`, ten minutes in `make soak`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect should stop there"
)]

#[path = "../../../../tests/fuzz/harness.rs"]
mod harness;

use std::time::Duration;

use harness::{Target, fuzz, trait_of};
use posthouse_classifier::{Model, bulk_level, classify};
use posthouse_mime::{Body, MimeLimits, Part, Reading, read};
use posthouse_types::Language;

/// Longest time for one input of at most 200 KiB, unoptimised.
const TIME_MAX: Duration = Duration::from_secs(10);

/// What holds of every classification; gives its trait.
fn look_at(model: &Model, reading: &Reading) -> u64 {
    let said = classify(model, reading);
    assert!([said.bad, said.phish, said.bulk].iter().all(|odds| odds.is_finite()));
    for finding in said.findings() {
        assert!(!finding.sentence(Language::English).contains(['\r', '\n', '\0']));
    }
    let rounded = [said.bad, said.phish, said.bulk].map(|odds| (odds * 2.0) as i32);
    trait_of((rounded, said.telling.len(), bulk_level(reading, said.bulk)))
}

#[test]
fn fuzz_html() {
    let model = Model::shipped();
    let seeds = [
        "<p style='display:none'>filler</p><a href='https://evil.example/x?y'>https://bank.example</a>",
        "<!-- > --><table><td bgcolor=\"a>b\"><img src=cid:x><form action=x><input name='a\">&#x41;&amp",
        "<style>a{b:c}</style><script>x<\\/script></script><textarea><title>x</title><h1>&nbsp;y</h1>",
    ];
    fuzz(Target {
        name: "classifier-html",
        seeds: seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect(),
        time_max: TIME_MAX,
        run: &|octets| {
            let text = Some(String::from_utf8_lossy(octets).into_owned());
            let body = Body { bytes: octets.to_vec(), text };
            let part =
                Part { media_type: "text/html".to_owned(), bodies: vec![body], ..Part::default() };
            let reading = Reading { parts: vec![part], is_complete: true, ..Reading::default() };
            look_at(&model, &reading)
        },
    });
}

#[test]
fn fuzz_messages() {
    let model = Model::shipped();
    let seeds = [
        "From: A <a@b.example>\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nList-Unsubscribe: <x>\n\nhello\n",
        "From: x@y.example\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\ntext\n--b\n\
         Content-Type: text/html\n\n<a href=http://1.2.3.4/>\u{430}</a>\n--b--\n",
    ];
    fuzz(Target {
        name: "classifier-messages",
        seeds: seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect(),
        time_max: TIME_MAX,
        run: &|octets| look_at(&model, &read(octets, &MimeLimits::default())),
    });
}
