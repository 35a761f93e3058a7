//! What a rule writes into a message, byte by byte.

use posthouse_types::DisclaimerPlace;

use super::*;

fn changed(message: &str, rewrites: &[Rewrite]) -> String {
    String::from_utf8(rewrite(message.as_bytes(), rewrites).unwrap().bytes).unwrap()
}

fn notice(text: &str) -> Disclaimer {
    Disclaimer {
        text: text.into(),
        html: "".into(),
        place: DisclaimerPlace::Append,
        fallback: DisclaimerFallback::Reject,
    }
}

fn noticed(message: &str, disclaimer: Disclaimer) -> String {
    changed(message, &[Rewrite::Disclaimer(disclaimer)])
}

/// The text of a part as a reader sees it, by another parser.
fn read(message: &str) -> (String, String) {
    let parsed = mail_parser::MessageParser::default().parse(message.as_bytes()).unwrap();
    let text = parsed.body_text(0).unwrap_or_default().into_owned();
    (text, parsed.body_html(0).unwrap_or_default().into_owned())
}

#[test]
fn fields_are_written_and_removed_and_the_rest_stays() {
    let message =
        "Received: a\r\n b\r\nX-Old: 1\r\nx-old : 2\r\n 3\r\nSubject: s\r\n\r\nX-Old: body\r\n";
    let set = Rewrite::SetHeader { name: "X-New".into(), value: "yes and no".into() };
    let found = changed(message, &[Rewrite::RemoveHeader("X-OLD".into()), set.clone()]);
    let expected = "Received: a\r\n b\r\nSubject: s\r\nX-New: yes and no\r\n\r\nX-Old: body\r\n";
    assert_eq!(found, expected);
    // A second time changes nothing.
    assert_eq!(changed(&found, &[set]), expected);
}

#[test]
fn a_subject_is_prefixed_once_whatever_its_encoding() {
    let prefix = |text: &str| [Rewrite::PrependSubject(text.into())];
    for (subject, text, expected) in [
        ("Subject: Offer\r\n", "[ext] ", "Subject: [ext]\r\n Offer\r\n"),
        ("Subject: [ext] Offer\r\n", "[ext]", "Subject: [ext] Offer\r\n"),
        ("Subject:\r\n", "[ext]", "Subject: [ext]\r\n"),
        ("", "[ext]", "Subject: [ext]\r\n"),
        (
            "Subject: =?iso-8859-1?Q?Gr=FC=DFe?=\r\n =?utf-8?Q?x?=\r\n",
            "ö",
            "Subject: =?utf-8?Q?=C3=B6?=\r\n =?iso-8859-1?Q?Gr=FC=DFe?=\r\n =?utf-8?Q?x?=\r\n",
        ),
    ] {
        let found = changed(&format!("{subject}To: a\r\n\r\nb"), &prefix(text));
        let (before, after) = found.split_once("\r\n\r\n").unwrap();
        assert_eq!(after, "b");
        let header = format!("{before}\r\n");
        assert_eq!(header.replace("To: a\r\n", ""), expected);
    }
}

#[test]
fn a_notice_stands_below_a_plain_text() {
    let found = noticed("Subject: s\r\n\r\nHello\r\n", notice("one\ntwo"));
    assert_eq!(found, "Subject: s\r\n\r\nHello\r\n\r\none\r\ntwo\r\n");
    let above = Disclaimer { place: DisclaimerPlace::Prepend, ..notice("one") };
    assert_eq!(noticed("A: b\r\n\r\nHello\r\n", above), "A: b\r\n\r\none\r\n\r\nHello\r\n");
}

#[test]
fn a_notice_with_letters_that_the_text_has_not_makes_it_utf8() {
    let found = noticed("Subject: s\r\n\r\nHello\r\n", notice("Größe"));
    assert!(found.is_ascii(), "what was 7-bit stays it: {found}");
    assert!(found.contains("MIME-Version: 1.0\r\n"), "{found}");
    assert_eq!(read(&found).0.replace("\r\n", "\n"), "Hello\n\nGröße\n");
    let latin = b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdfe\r\n";
    let rewrites = [Rewrite::Disclaimer(notice("Größe"))];
    let found = rewrite(latin, &rewrites).unwrap().bytes;
    let found = String::from_utf8(found).unwrap();
    assert_eq!(read(&found).0.replace("\r\n", "\n"), "Grüße\n\nGröße\n");
}

#[test]
fn every_alternative_gets_the_notice_in_its_own_encoding() {
    let message = "Content-Type: multipart/mixed; boundary=\"o\"\r\n\r\npreamble\r\n--o\r\n\
        Content-Type: multipart/alternative;\r\n boundary=i\r\n\r\n--i\r\n\
        Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n\
        SGVsbG8=\r\n--i\r\nContent-Type: text/html; charset=\"UTF-8\"\r\n\
        Content-Transfer-Encoding: quoted-printable\r\n\r\n\
        <html><BODY class=3Dx>Hello=\r\n</BODY></html>\r\n--i--\r\n--o\r\n\
        Content-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nattached\r\n--o--\r\nend";
    let found = noticed(message, notice("a < b ü"));
    let (text, html) = read(&found);
    assert_eq!(text, "Hello\r\n\r\na < b ü\r\n");
    assert!(html.contains("Hello<p>a &lt; b &#252;</p>\r\n</BODY></html>"), "{html}");
    assert!(found.ends_with("\r\n\r\nattached\r\n--o--\r\nend"), "{found}");
    assert!(found.contains("\r\n--i--\r\n--o\r\n"), "{found}");
    let html_above =
        Disclaimer { html: "<b>x</b>".into(), place: DisclaimerPlace::Prepend, ..notice("x") };
    assert!(read(&noticed(message, html_above)).1.contains("<BODY class=x><b>x</b>\r\nHello"));
}

#[test]
fn what_is_signed_or_encrypted_is_never_changed_inside() {
    for kind in [
        "multipart/signed; boundary=b; micalg=sha-256; protocol=\"application/pkcs7-signature\"",
        "application/pkcs7-mime; smime-type=enveloped-data",
        "multipart/encrypted; boundary=b",
    ] {
        let message = format!(
            "From: a@b.example\r\nSubject: s\r\nContent-Type: {kind}\r\n\r\n\
             --b\r\n\r\nHello\r\n--b--\r\n"
        );
        let with = |fallback| {
            let rewrites = [Rewrite::Disclaimer(Disclaimer { fallback, ..notice("n") })];
            rewrite(message.as_bytes(), &rewrites)
        };
        assert!(with(DisclaimerFallback::Reject).is_err(), "{kind}");
        let ignored = with(DisclaimerFallback::Ignore).unwrap();
        assert_eq!(ignored.bytes, message.as_bytes());
        assert_eq!(ignored.notes.len(), 2);
        let wrapped = String::from_utf8(with(DisclaimerFallback::Wrap).unwrap().bytes).unwrap();
        assert!(wrapped.contains(&message), "the message inside is untouched: {wrapped}");
        assert!(
            wrapped.starts_with("From: a@b.example\r\nSubject: s\r\nMIME-Version"),
            "{wrapped}"
        );
        let parsed = mail_parser::MessageParser::default().parse(wrapped.as_bytes()).unwrap();
        assert_eq!(parsed.attachment_count(), 1);
    }
}

#[test]
fn a_message_without_text_is_wrapped() {
    let message =
        "Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n";
    let rewrites =
        [Rewrite::Disclaimer(Disclaimer { fallback: DisclaimerFallback::Wrap, ..notice("n") })];
    let found = rewrite(message.as_bytes(), &rewrites).unwrap();
    assert_eq!(found.notes[0], "the message has no text for readers");
}

#[test]
fn mim_06_hostile_structure_ends_soon_and_without_harm() {
    let deep: String = (0..10_000)
        .map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n"))
        .collect();
    let many = format!(
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n{}",
        "--b\r\nContent-Type: image/png\r\n\r\nx\r\n".repeat(100_000)
    );
    for message in [
        deep.as_str(),
        many.as_str(),
        "Content-Type: multipart/mixed\r\n\r\n--\r\n",
        "Content-Type: multipart/mixed; boundary=\"\r\n\r\n--\"\r\n",
        "Content-Type: text/plain; charset=utf-16\r\n\r\n\u{0}h\u{0}i",
        "Content-Type: text/plain\r\nContent-Transfer-Encoding: x-uue\r\n\r\nx",
        "",
        "\r\n",
        "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b",
    ] {
        let rewrites = [Rewrite::Disclaimer(notice("ü")), Rewrite::PrependSubject("x".into())];
        let _ = rewrite(message.as_bytes(), &rewrites);
    }
}
