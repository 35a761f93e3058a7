//! Messages made to cost time or memory, and octets of any kind.

use std::time::{Duration, Instant};

use posthouse_mime::{MimeLimits, Reading, addresses, decode_words, read};
use proptest::prelude::*;

/// What one message may take; unoptimised code is given ten times as much.
const READ_MAX: Duration = Duration::from_secs(if cfg!(debug_assertions) { 20 } else { 2 });
/// What the result may hold, in bytes: the decoded octets, their text, and what describes them.
const HELD_BYTES_MAX: usize = 64 * 1024 * 1024;

fn read_in_time(what: &str, message: &[u8]) -> Reading {
    let start = Instant::now();
    let reading = read(message, &MimeLimits::default());
    let took = start.elapsed();
    assert!(took < READ_MAX, "{what} took {took:?}");
    assert!(held(&reading) < HELD_BYTES_MAX, "{what} holds {} bytes", held(&reading));
    reading
}

fn held(reading: &Reading) -> usize {
    let bodies = reading.parts.iter().flat_map(|part| &part.bodies);
    let bodies: usize =
        bodies.map(|body| body.bytes.len() + body.text.as_ref().map_or(0, String::len)).sum();
    let fields = reading.parts.iter().flat_map(|part| &part.fields);
    let fields: usize = fields.map(|field| 48 + field.name.len() + field.value.len()).sum();
    bodies + fields + reading.parts.len() * size_of::<posthouse_mime::Part>()
}

#[test]
fn mim_06_bombs_of_structure_end_in_time_and_say_so() {
    let nested: String = (0..10_000)
        .map(|at| format!("Content-Type: multipart/mixed; boundary=b{at}\n\n--b{at}\n"))
        .collect();
    let same = "Content-Type: multipart/mixed; boundary=b\n\n--b\n".repeat(10_000);
    let messages = "Content-Type: message/rfc822\n\n".repeat(10_000);
    let parts =
        format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(100_000));
    let two_ways =
        "Content-Type: multipart/mixed; boundary=b; boundary=c; boundary=d\n\n--b\n--c\n--d\n"
            .repeat(3_000);
    let fields = format!("{}\nx", "A: b\n".repeat(200_000));
    for (what, message) in [
        ("nested multiparts", nested),
        ("nested multiparts of one boundary", same),
        ("nested messages", messages),
        ("parts", parts),
        ("readings of readings", two_ways),
        ("fields", fields),
    ] {
        let reading = read_in_time(what, message.as_bytes());
        assert!(!reading.is_complete, "{what}");
        assert!(reading.findings.iter().any(|one| one.kind.id == "mime-limit"), "{what}");
    }
}

#[test]
fn mim_06_a_megabyte_of_anything_ends_in_time() {
    const PIECES: &[&str] = &[
        "",
        "x",
        "\n",
        "\r",
        "\0",
        ":",
        "a:",
        "A: b\n",
        " \n",
        "\t",
        "=",
        "==",
        "=\n",
        "= ",
        "--",
        "--b",
        "\n--b",
        "\r--b",
        "\n--b\n",
        "\n--b--",
        "\n--b--\n",
        "--\n",
        "(",
        ")",
        "\"",
        "\\",
        ";",
        "a=b;",
        "a*0=b;",
        "boundary=b;",
        "boundary=\"",
        "=?",
        "=?a?q?",
        "=?a?b?=?=",
        "?=",
        "begin 644 a\n",
        "begin-base64 644 a\n",
        "=ybegin name=a\n",
        "#9F]O\n",
        "<",
        ">",
        ",",
        "@",
        "a@b,",
        "Content-Type: text/html\n",
        "\n\nContent-Type: multipart/mixed; boundary=b\n\n--b",
        "\nContent-Type: message/rfc822\n\n",
        "\u{e9}",
        "+A",
        "+-",
        "%41",
    ];
    const HEADS: &[&str] = &[
        "",
        "Subject: ",
        "Content-Type: multipart/mixed; ",
        "Content-Type: multipart/mixed; boundary=b\n\n",
        "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\n--b\n",
        "Content-Type: text/html; charset=utf-7\nContent-Transfer-Encoding: quoted-printable\n\n",
        "Content-Disposition: attachment; filename=",
        "Content-Transfer-Encoding: ",
        "Content-Type: multipart/mixed; boundary=\"\"\n\n",
    ];
    for head in HEADS {
        for piece in PIECES.iter().filter(|piece| !piece.is_empty()) {
            let count = if cfg!(debug_assertions) { 100_000 } else { 1_000_000 } / piece.len();
            let message = format!("{head}{}", piece.repeat(count));
            read_in_time(&format!("{head:?} {piece:?}"), message.as_bytes());
        }
    }
}

#[test]
fn mim_06_decoded_octets_are_bounded() {
    let limits = MimeLimits { decoded_bytes_max: 1000, ..MimeLimits::default() };
    let part = format!("--b\n\n{}\n", "x".repeat(600));
    let message = format!("Content-Type: multipart/mixed; boundary=b\n\n{}", part.repeat(5));
    let reading = read(message.as_bytes(), &limits);
    let octets: usize =
        reading.parts.iter().flat_map(|part| &part.bodies).map(|body| body.bytes.len()).sum();
    assert_eq!(octets, 1000);
    assert!(!reading.is_complete);
}

#[test]
fn mim_06_a_megabyte_of_addresses_ends_in_time() {
    for head in ["", "a@b ", "\"x\"@", "a <", "(", "=?utf-8?q?"] {
        for piece in [
            "a",
            ":",
            "a@b:",
            "<",
            "<>",
            "<a>",
            "(",
            ")",
            "\"",
            "\\",
            "@",
            " @",
            "a@b ",
            ";",
            "[",
            "=?a?q?a?= ",
        ] {
            let count = if cfg!(debug_assertions) { 100_000 } else { 1_000_000 } / piece.len();
            let long = "x".repeat(count);
            for value in [
                format!("{head}{}", piece.repeat(count)),
                format!("{long}{head}{}", piece.repeat(count)),
                format!("{head}{}{long}", piece.repeat(count)),
            ] {
                let start = Instant::now();
                let found = addresses(&value);
                assert!(start.elapsed() < READ_MAX, "{head} {piece}");
                let held: usize =
                    found.iter().map(|one| one.display.len() + one.address.len()).sum();
                assert!(held < HELD_BYTES_MAX, "{head} {piece}: {held}");
            }
        }
    }
}

/// Pieces that mean something to the reader, in any order.
pub(crate) fn message() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("Content-Type: multipart/mixed; boundary=b\n".to_owned()),
        Just("Content-Type: multipart/digest; boundary=\"bb\"\r\n".to_owned()),
        Just("Content-Type: multipart/mixed; boundary=b; boundary=c\n".to_owned()),
        Just("Content-Type: message/rfc822\n".to_owned()),
        Just("Content-Type: text/html; charset=utf-8\n".to_owned()),
        Just("Content-Type: application/octet-stream; name=a.exe\n".to_owned()),
        Just("Content-Disposition: attachment; filename*0=a; filename*1=.b\n".to_owned()),
        Just("Content-Transfer-Encoding: base64\n".to_owned()),
        Just("Content-Transfer-Encoding: quoted-printable\r\n".to_owned()),
        Just("Content-Transfer-Encoding: x-uuencode\n".to_owned()),
        Just("Subject: =?utf-8?q?a=0D=0Ab?=\n".to_owned()),
        Just(" folded\n".to_owned()),
        Just("\n".to_owned()),
        Just("\r\n".to_owned()),
        Just("\r".to_owned()),
        Just("--b\n".to_owned()),
        Just("--bb\r\n".to_owned()),
        Just("--c\n".to_owned()),
        Just("--b--\n".to_owned()),
        Just("--bb--\n".to_owned()),
        Just("aGVsbG8=\n".to_owned()),
        Just("h=65l=\nlo\n".to_owned()),
        Just("begin 644 a\n#9F]O\n`\nend\n".to_owned()),
        "[ -~]{0,20}\n",
        any::<String>(),
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat().into_bytes())
}

/// What holds for any message.
fn holds_together(message: &[u8]) {
    let reading = read(message, &MimeLimits::default());
    assert!(!reading.parts.is_empty());
    assert_eq!(reading.parts[0].parent, None);
    for (index, part) in reading.parts.iter().enumerate().skip(1) {
        // Another reading of the message itself has no parent either.
        let Some(parent) = part.parent else { continue };
        assert!(parent < index);
        assert_eq!(part.depth, reading.parts[parent].depth + 1);
        assert!(!part.media_type.is_empty());
    }
    let is_told = reading.findings.iter().any(|one| one.kind.id == "mime-limit");
    assert_eq!(is_told, !reading.is_complete);
    let bad = |text: &str| text.contains(['\r', '\n', '\0']);
    for part in &reading.parts {
        assert!(part.fields.iter().all(|field| !bad(&field.value) && !bad(&field.decoded())));
        assert!(part.names.iter().all(|name| !name.chars().any(char::is_control)));
    }
    assert_eq!(held(&reading), held(&read(message, &MimeLimits::default())));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_octets_are_read(octets in prop::collection::vec(any::<u8>(), 0..2000)) {
        holds_together(&octets);
    }

    #[test]
    fn any_message_of_meaningful_pieces_is_read(message in message()) {
        holds_together(&message);
    }

    #[test]
    fn mim_07_any_package_is_unpacked(octets in prop::collection::vec(any::<u8>(), 0..500)) {
        let mut message = b"Content-Type: application/ms-tnef\n\n\x78\x9f\x3e\x22\x01\0".to_vec();
        message.extend(octets);
        holds_together(&message);
    }

    #[test]
    fn any_value_is_read_as_words_and_addresses(value in any::<String>()) {
        prop_assert!(!decode_words(&value).chars().any(char::is_control));
        for mailbox in addresses(&value) {
            prop_assert!(!mailbox.display.chars().any(char::is_control));
            prop_assert!(!mailbox.address.chars().any(char::is_control));
        }
    }
}
