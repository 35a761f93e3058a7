//! Fuzz targets: messages, Outlook's packages, header values. A few thousand inputs in `make test`,
//! ten minutes in `make soak`.

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
use posthouse_mime::{MimeLimits, Reading, addresses, ambiguity_results, decode_words, read};

/// Longest time for one input of at most 200 KiB, unoptimised.
const TIME_MAX: Duration = Duration::from_secs(5);

fn look_at(reading: &Reading) -> u64 {
    assert!(!reading.parts.is_empty());
    let bad = |text: &str| text.contains(['\r', '\n', '\0']);
    for (index, part) in reading.parts.iter().enumerate() {
        assert!(part.parent.is_none_or(|parent| parent < index));
        assert!(part.fields.iter().all(|field| !bad(&field.value) && !bad(&field.decoded())));
        assert!(part.names.iter().all(|name| !name.chars().any(char::is_control)));
    }
    let results = ambiguity_results(reading);
    assert!(results.split("\r\n").all(|line| line.len() <= 78 && !bad(line)), "{results:?}");
    let kinds: Vec<_> = reading.findings.iter().map(|finding| finding.kind.id).collect();
    let parts: Vec<_> = reading
        .parts
        .iter()
        .take(12)
        .map(|part| (part.origin, part.depth.min(6), part.bodies.len(), part.names.len().min(3)))
        .collect();
    trait_of((kinds, parts, reading.is_complete))
}

#[test]
fn fuzz_messages() {
    let seeds = [
        "Subject: a\n\nhello\n",
        "Content-Type: multipart/mixed; boundary=b\n\npre\n--b\n\none\n--b\nContent-Type: text/html; \
            charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n=C3=A4=\n\n--b--\npost\n",
        "Content-Type: multipart/mixed; boundary=a; boundary=\"b\\c\"\n\n--a\nContent-Type: \
            message/rfc822\n\nSubject: x\nContent-Transfer-Encoding: base64\n\naGVsbG8=\n--a--\n",
        "Content-Type: application/x; name*0*=utf-8''a%2e; name*1=exe\nContent-Disposition: \
            attachment; filename=\"=?utf-8?q?b?=\"\nContent-Transfer-Encoding: x-uuencode\n\nbegin \
            644 a\n#9F]O\n`\nend\n",
        "Content-Type: text/plain; charset=utf-7\r\n\r\n+AOQ-\r\n",
    ];
    fuzz(Target {
        name: "mime-messages",
        seeds: seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect(),
        time_max: TIME_MAX,
        run: &|octets| look_at(&read(octets, &MimeLimits::default())),
    });
}

#[test]
fn mim_07_fuzz_outlook_s_packages() {
    let attribute = |level: u8, id: u16, data: &[u8]| {
        let mut out = vec![level];
        out.extend(id.to_le_bytes());
        out.extend([0, 0]);
        out.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        out.extend(data);
        out.extend([0, 0]);
        out
    };
    let mut properties = 3u32.to_le_bytes().to_vec();
    properties.extend([0x1f, 0, 0x07, 0x37, 1, 0, 0, 0, 6, 0, 0, 0, b'a', 0, b'b', 0, 0, 0, 0, 0]);
    properties.extend([0x02, 1, 0x01, 0x37, 1, 0, 0, 0, 3, 0, 0, 0, b'x', b'y', b'z', 0]);
    properties.extend([0x02, 1, 0x09, 0x10, 1, 0, 0, 0, 20, 0, 0, 0]);
    properties.extend(b"\x14\0\0\0\x10\0\0\0LZFu\0\0\0\0\x00ab\x0c\x10\0");
    let mut package = vec![0x78, 0x9f, 0x3e, 0x22, 1, 0];
    for part in [
        attribute(1, 0x800c, b"hello\0"),
        attribute(1, 0x9003, &properties),
        attribute(2, 0x9002, b"x"),
        attribute(2, 0x8010, b"a.txt\0"),
        attribute(2, 0x800f, b"content"),
        attribute(2, 0x9005, &properties),
    ] {
        package.extend(part);
    }
    fuzz(Target {
        name: "mime-tnef",
        seeds: vec![package],
        time_max: TIME_MAX,
        run: &|octets| {
            let mut message = b"Content-Type: application/ms-tnef\n\n".to_vec();
            message.extend(octets);
            look_at(&read(&message, &MimeLimits::default()))
        },
    });
}

#[test]
fn fuzz_header_values() {
    let seeds = [
        "Ann <a@example.org>, \"B, C\" <b@example.net> (c), Group: d@e.example, f@[IPv6:::1];",
        "=?utf-8?q?a=0D=0Ab?= =?iso-2022-jp?b?GyRCJUYlOSVIGyhC?= <@r.example:x@y.example>",
    ];
    fuzz(Target {
        name: "mime-values",
        seeds: seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect(),
        time_max: TIME_MAX,
        run: &|octets| {
            let value = String::from_utf8_lossy(octets);
            assert!(!decode_words(&value).chars().any(char::is_control));
            let found = addresses(&value);
            let shown: Vec<_> = found
                .iter()
                .take(6)
                .map(|one| (one.is_malformed, one.display.is_empty(), one.address.len().min(20)))
                .collect();
            assert!(found.iter().all(|one| !one.address.chars().any(char::is_control)));
            trait_of((shown, found.len().min(10)))
        },
    });
}
