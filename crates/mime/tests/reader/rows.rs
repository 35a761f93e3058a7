//! Rows of the attack list: the test file of virus scanners, hidden in every way, is in the union.

use posthouse_mime::{MimeLimits, Reading, ambiguity_results, decode_words, read};

/// The test file, put together here so that no scanner finds it in this source.
fn eicar() -> String {
    let pieces = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!$H+H*"];
    pieces.concat()
}

fn base64(bytes: &[u8]) -> String {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let octet = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = octet(0) << 16 | octet(1) << 8 | octet(2);
        for at in 0..4 {
            let digit = digits[(bits >> (18 - 6 * at)) as usize & 0x3f];
            out.push(if at <= group.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

/// Whether some reading of some part holds the test file.
fn holds(reading: &Reading) -> bool {
    let needle = eicar();
    reading.leaves().flat_map(|part| &part.bodies).any(|body| {
        body.text.as_ref().is_some_and(|text| text.contains(&needle))
            || body.bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
    })
}

fn found(reading: &Reading, id: &str) -> bool {
    reading.findings.iter().any(|finding| finding.kind.id == id)
}

/// The row's claim: the test file is in the union, the finding is there, and so is its class in
/// the header that the draft defines.
fn is_caught(id: &str, message: &[u8]) {
    let reading = read(message, &MimeLimits::default());
    let ids: Vec<_> = reading.findings.iter().map(|finding| finding.kind.id).collect();
    let shown = String::from_utf8_lossy(message);
    assert!(holds(&reading), "{id}: not in the union of\n{shown}\n{reading:#?}");
    assert!(found(&reading, id), "{id} is not among {ids:?}\n{shown}");
    let class = format!("class={}", id.trim_start_matches("mime-"));
    assert!(ambiguity_results(&reading).contains(&class), "{id}");
}

/// A part that holds the test file, encoded.
fn part() -> String {
    format!(
        "Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n{}\n",
        base64(eicar().as_bytes())
    )
}

fn multipart(content_type: &str, body: &str) -> String {
    format!("MIME-Version: 1.0\nContent-Type: multipart/mixed{content_type}\n\n{body}")
}

#[test]
fn mim_01_the_test_file_is_found_behind_every_structural_ambiguity() {
    let part = part();
    let one = |boundary: &str| format!("--{boundary}\n{part}--{boundary}--\n");
    let decoy = "--a\n\nclean\n--a--\n";
    let long = "x".repeat(90);
    let twice = |first: &str, second: &str| {
        multipart(&format!("; {first}; {second}"), &format!("{decoy}{}", one("b")))
    };
    let table = [
        ("mime-duplicate-parameter", twice("boundary=a", "boundary=b")),
        ("mime-duplicate-parameter", twice("boundary=\"a\"", "BOUNDARY = b")),
        ("mime-boundary-unclear", twice("boundary=a", "boundary*=us-ascii''b")),
        ("mime-boundary-unclear", twice("boundary=a", "boundary*0=b")),
        (
            "mime-duplicate-field",
            format!("Content-Type: text/plain\n{}", multipart("; boundary=b", &one("b"))),
        ),
        (
            "mime-duplicate-field",
            format!(
                "Content-Type: multipart/mixed; boundary=a\n{}",
                multipart("; boundary=b", &format!("{decoy}{}", one("b")))
            ),
        ),
        ("mime-boundary-unclear", multipart("; boundary=\"a\\b\"", &one("a\\b"))),
        ("mime-boundary-unclear", multipart("; boundary=\"a\\b\"", &one("ab"))),
        ("mime-boundary-unclear", multipart("; boundary='b'", &one("b"))),
        ("mime-boundary-unclear", multipart("; boundary=b(c)", &one("b(c)"))),
        ("mime-boundary-unclear", multipart("; boundary=b (c)", &one("b (c)"))),
        ("mime-boundary-unclear", multipart("; boundary=a b", &one("a b"))),
        ("mime-boundary-unclear", multipart("; boundary=\"\"", &one(""))),
        ("mime-boundary-unclear", multipart(&format!("; boundary={long}"), &one(&long[..70]))),
        ("mime-boundary-unclear", multipart("; boundary=\"=?us-ascii?q?b?=\"", &one("b"))),
        ("mime-boundary-unclear", multipart("; boundary=\"b\0c\"", &one("b"))),
        ("mime-header-nul", multipart("; boundary=\"b\0c\"", &one("b"))),
        ("mime-boundary-prefix", multipart("; boundary=b", &format!("--b x\n{part}"))),
        (
            "mime-boundary-prefix",
            multipart("; boundary=b", &format!("--b\n\nclean\n--bb\n{part}--b--\n")),
        ),
        (
            "mime-boundary-overlap",
            multipart(
                "; boundary=o",
                &format!(
                    "--o\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nclean\n--o\nContent-Type: image/png\n\n--b\n{part}--b--\n--o--\n"
                ),
            ),
        ),
        ("mime-boundary-missing", multipart("", &one("b"))),
        ("mime-boundary-missing", multipart("; boundary=other", &one("b"))),
        ("mime-close-delimiter-missing", multipart("; boundary=b", &format!("--b\n{part}"))),
        ("mime-epilogue-part", multipart("; boundary=a", &format!("{decoy}--a\n{part}--a--\n"))),
        ("mime-text-between-parts", multipart("; boundary=a", &format!("{}\n{decoy}", eicar()))),
        ("mime-text-between-parts", multipart("; boundary=a", &format!("{decoy}{}", eicar()))),
        ("mime-header-malformed", format!("Subject: a\n odd\n \n{part}")),
        ("mime-header-malformed", format!("Subject: a\nno field\n{part}")),
        (
            "mime-header-malformed",
            format!("Content-Type: text/plain\n{}", part.replace("Encoding:", "Encoding\0:")),
        ),
        ("mime-header-after-blank-line", format!("Subject: a\n\n{part}")),
        ("mime-header-after-blank-line", format!("\n{part}")),
        ("mime-lone-cr", format!("X: a\r{part}")),
        ("mime-lone-cr", multipart("; boundary=b", &format!("--b\n\nx\r--b\n{part}--b--\n"))),
        (
            "mime-type-malformed",
            multipart("; boundary=b", &one("b")).replace("multipart/mixed", "multipart"),
        ),
        (
            "mime-type-malformed",
            multipart("; boundary=b", &one("b")).replace("multipart/mixed;", ""),
        ),
        (
            "mime-encoded-multipart",
            multipart(
                "; boundary=b\nContent-Transfer-Encoding: base64",
                &base64(one("b").as_bytes()),
            ),
        ),
        (
            "mime-encoded-multipart",
            multipart(
                "; boundary=b\nContent-Transfer-Encoding: quoted-printable",
                &one("b").replace("--b", "=2D-b").replace("=\n", "=3D\n"),
            ),
        ),
    ];
    for (id, message) in table {
        is_caught(id, message.as_bytes());
        is_caught(id, message.replace('\n', "\r\n").as_bytes());
    }
}

#[test]
fn mim_02_both_boundaries_are_read_whichever_comes_first() {
    let part = part();
    for (first, second) in [("a", "b"), ("b", "a")] {
        let body = format!("--a\n\nclean\n--a--\n--b\n{part}--b--\n");
        let message = multipart(&format!("; boundary={first}; boundary={second}"), &body);
        is_caught("mime-duplicate-parameter", message.as_bytes());
    }
}

#[test]
fn mim_03_every_name_that_a_program_shows_is_a_candidate() {
    let message = "Content-Type: application/x; name=c.js; name=d.vbs\n\
        Content-Disposition: attachment; filename=a.txt;\n filename*0*=utf-8''inv%6Fice;\n \
        filename*1=.exe\n\nx";
    let reading = read(message.as_bytes(), &MimeLimits::default());
    assert_eq!(reading.parts[0].names, ["invoice.exe", "a.txt", "c.js", "d.vbs"]);
    assert!(found(&reading, "mime-names-disagree"));
}

#[test]
fn mim_05_the_test_file_is_found_behind_every_encoding_trick() {
    let eicar = eicar();
    let encoded = base64(eicar.as_bytes());
    let with = |encoding: &str, body: &str| {
        format!("Content-Type: application/x\nContent-Transfer-Encoding: {encoding}\n\n{body}\n")
    };
    let (left, right) = encoded.split_at(20);
    let chunks: String = eicar.as_bytes().chunks(4).map(|four| base64(four) + "\n").collect();
    let quoted = eicar.replace('=', "=3D").replace('!', "=21");
    let masked: Vec<u8> = eicar.bytes().map(|byte| byte | 0x80).collect();
    let utf7 = format!(
        "Content-Type: text/html; charset=utf-7\n\n+{}-{}\n",
        base64(b"\0X").trim_end_matches('='),
        &eicar[1..].replace('+', "+-")
    );
    let utf16: Vec<u8> = eicar.bytes().flat_map(|byte| [byte, 0]).collect();
    let with_utf16 = format!(
        "Content-Type: text/plain; charset=us-ascii; charset=utf-16le\nContent-Transfer-Encoding: base64\n\n{}\n",
        base64(&utf16)
    );
    let table = [
        ("mime-base64-unclear", with("base64", &format!("{left}!{right}"))),
        ("mime-base64-unclear", with("base64", &format!("{}.{}", &encoded[..21], &encoded[21..]))),
        ("mime-base64-unclear", with("base64", &chunks)),
        ("mime-base64-unclear", with("base64", &format!("{left}====\n{right}"))),
        ("mime-base64-unclear", with("base64", &format!("{left}={right}"))),
        ("mime-base64-unclear", with("base64", &format!("{}=={}", &encoded[..22], &encoded[22..]))),
        ("mime-base64-unclear", with("base64", &format!("{encoded}\n-- \nfooter"))),
        ("mime-base64-unclear", with("base64", &eicar)),
        ("mime-quoted-printable-unclear", with("quoted-printable", &format!("=zz{quoted}"))),
        ("mime-quoted-printable-unclear", with("quoted-printable", &eicar.replace('A', "= \nA"))),
        (
            "mime-quoted-printable-unclear",
            with("quoted-printable", &eicar.replace('P', "=50").replace('O', "=4f")),
        ),
        ("mime-quoted-printable-unclear", with("quoted-printable", &eicar.replace("ST", "S=T"))),
        ("mime-encoding-unclear", with("base 64", &encoded)),
        ("mime-encoding-unclear", with("\"base64\"", &encoded)),
        ("mime-encoding-unclear", with("x-base64", &encoded)),
        ("mime-encoding-unclear", with("base64 (c)", &encoded)),
        ("mime-encoding-unclear", with("base64 (c)", &eicar)),
        ("mime-encoding-unclear", with("x-unknown", &encoded)),
        ("mime-encoding-unclear", with("x-unknown", &eicar)),
        ("mime-encoding-unclear", with("=?us-ascii?q?base64?=", &encoded)),
        ("mime-duplicate-field", with("7bit\nContent-Transfer-Encoding: base64", &encoded)),
        ("mime-duplicate-field", with("base64\nContent-Transfer-Encoding: 8bit", &eicar)),
        (
            "mime-duplicate-field",
            with("quoted-printable\nContent-Transfer-Encoding: base64", &encoded),
        ),
        ("mime-charset-utf7", utf7),
        ("mime-charset-disagrees", with_utf16),
        (
            "mime-embedded-file",
            format!("Subject: a\n\nhi\nbegin-base64 644 a.com\n{encoded}\n====\n"),
        ),
    ];
    for (id, message) in table {
        is_caught(id, message.as_bytes());
        is_caught(id, message.replace('\n', "\r\n").as_bytes());
    }
    let mut message = with("7bit", "").into_bytes();
    message.extend(masked);
    is_caught("mime-8bit-in-7bit", &message);
}

/// An opaque signature around a part, as far as a reader looks at it.
fn signed(part: &str) -> String {
    let mut bytes = b"0\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0\x80\x04\x82".to_vec();
    bytes.extend(u16::try_from(part.len()).unwrap().to_be_bytes());
    bytes.extend(part.as_bytes());
    let head = "Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\n\
        Content-Transfer-Encoding: base64\n\n";
    format!("{head}{}\n", base64(&bytes))
}

#[test]
fn mim_07_messages_inside_are_read_however_they_are_packed() {
    let part = part();
    let file = eicar();
    let attribute = |level: u8, id: u16, data: &[u8]| {
        let mut out = vec![level];
        out.extend(id.to_le_bytes());
        out.extend([0, 0]);
        out.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        out.extend(data);
        out.extend([0, 0]);
        out
    };
    let mut package = vec![0x78, 0x9f, 0x3e, 0x22, 1, 0];
    package.extend(attribute(2, 0x9002, b"x"));
    package.extend(attribute(2, 0x8010, b"a.com\0"));
    package.extend(attribute(2, 0x800f, file.as_bytes()));
    let winmail = |package: &[u8]| {
        format!(
            "Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n{}\n",
            base64(package)
        )
    };
    is_caught("mime-tnef", winmail(&package).as_bytes());
    package.push(9);
    is_caught("mime-tnef-broken", winmail(&package).as_bytes());
    let partial = format!("Content-Type: message/partial; id=x; number=1; total=1\n\n{part}");
    is_caught("mime-partial", partial.as_bytes());
    let external =
        "Content-Type: message/external-body; access-type=URL; URL=\"http://a.example/\"\n\n\n";
    assert!(found(&read(external.as_bytes(), &MimeLimits::default()), "mime-external-body"));
    for message in [
        format!("Content-Type: message/rfc822\n\n{part}"),
        format!(
            "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{}",
            base64(part.as_bytes())
        ),
        format!("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{part}"),
        format!("Content-Type: multipart/digest; boundary=b\n\n--b\n\n{part}--b--\n"),
        signed(&part),
        format!(
            "Content-Type: application/x; name=a.eml\nContent-Transfer-Encoding: base64\n\n{}",
            base64(part.as_bytes())
        ),
    ] {
        assert!(holds(&read(message.as_bytes(), &MimeLimits::default())), "{message}");
    }
}

#[test]
fn mim_08_no_line_end_comes_out_of_a_header() {
    let message = "Subject: =?utf-8?q?a=0D=0ABcc:_x@example.org?=\n\
        Content-Type: application/x; name=\"=?utf-8?b?YQ0KQmNjOiB4AA==?=\"\n\
        Content-Disposition: attachment; filename*=utf-8''b%0d%0aBcc%3a%00.exe\nX: a\0b\rc\n\nx";
    let reading = read(message.as_bytes(), &MimeLimits::default());
    assert!(found(&reading, "mime-encoded-line-end"));
    let bad = |text: &str| text.contains(['\r', '\n', '\0']);
    for field in reading.header() {
        assert!(!bad(&field.value) && !bad(&field.decoded()) && !bad(&field.name), "{field:?}");
    }
    assert!(reading.parts[0].names.iter().all(|name| !bad(name)), "{reading:?}");
    let address = &posthouse_mime::addresses("=?utf-8?q?a=0D=0Ab?= <a@b.example>")[0];
    assert!(!bad(&address.display) && !bad(&address.address));
    assert!(!bad(&decode_words("=?utf-8?q?=0D=0A=00?=")));
}
