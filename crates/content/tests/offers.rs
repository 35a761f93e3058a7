//! What unwanted offers give away, on whole messages: pictures that speak instead of the text,
//! links that only look like many, and what is said.

use posthouse_content::{AsfFacts, CodeLimits, ContentContext, Protected, measure};
use posthouse_mime::{MimeLimits, read};

fn ids(message: &str) -> Vec<&'static str> {
    let protected = Protected::default();
    let context = ContentContext {
        protected: &protected,
        has_corresponded: None,
        asf: AsfFacts::default(),
        codes: CodeLimits::default(),
    };
    let content = measure(&read(message.as_bytes(), &MimeLimits::default()), &context);
    content.findings.iter().map(|finding| finding.kind.id).collect()
}

fn letter(kind: &str, text: &str) -> String {
    format!(
        "From: a <a@sender.example>\nSubject: x\nMIME-Version: 1.0\n\
         Content-Type: text/{kind}; charset=utf-8\n\n{text}\n"
    )
}

/// A page with a GIF of a size, which it shows after a text. Sizes are numbers of two bytes, the
/// lower one first.
fn with_gif(text: &str, shows: &str, size: &str) -> String {
    format!(
        "From: a <a@sender.example>\nSubject: x\nMIME-Version: 1.0\n\
         Content-Type: multipart/related; boundary=R\n\n--R\nContent-Type: text/html\n\n\
         <p>{text}</p>{shows}\n--R\nContent-Type: image/gif\nContent-ID: <p@x>\n\
         Content-Transfer-Encoding: binary\n\nGIF89a{size}\n--R--\n"
    )
}

/// 320 × 257 and 120 × 40 pixels.
const LARGE: &str = "\x40\x01\x01\x01";
const LOGO: &str = "\x78\x00\x28\x00";
const SHOWN: &str = "<img src='cid:p@x'>";

#[test]
fn a_large_drawn_picture_that_is_shown_is_told() {
    assert!(ids(&with_gif("", SHOWN, LARGE)).contains(&"embedded-picture-first"));
    let after = with_gif("the lamp was lit before the captain had found his shoe", SHOWN, LARGE);
    assert!(ids(&after).contains(&"embedded-picture-drawn"));
}

#[test]
fn a_logo_below_a_letter_and_a_picture_that_is_only_attached_are_not_told() {
    let text = "Dear Ruth, see you on Monday at ten. Best regards, Tom";
    for mail in [with_gif(text, SHOWN, LOGO), with_gif(text, "", LARGE)] {
        let found = ids(&mail);
        assert!(!found.iter().any(|id| id.starts_with("embedded-picture")), "{found:?}");
    }
}

#[test]
fn links_that_all_go_to_one_place_whatever_they_say_are_told() {
    let link = |target: &str, text: &str| format!("<a href='https://{target}'>{text}</a> ");
    let shell: String = ["View online", "Privacy", "Unsubscribe"]
        .map(|text| link("offers.example/x", text))
        .concat();
    assert!(ids(&letter("html", &shell)).contains(&"links-all-go-to-one-place"));
    let newsletter = [
        link("news.example/view", "View online"),
        link("news.example/privacy", "Privacy"),
        link("news.example/leave", "Unsubscribe"),
    ]
    .concat();
    assert!(!ids(&letter("html", &newsletter)).contains(&"links-all-go-to-one-place"));
    let twice = [link("shop.example/a", "The blue one"), link("shop.example/a", "Buy")].concat();
    assert!(!ids(&letter("html", &twice)).contains(&"links-all-go-to-one-place"));
}

#[test]
fn wallets_and_renewals_are_told_and_a_plain_invoice_is_not() {
    let wallet = "The token redistribution is open. Connect your wallet to claim your tokens.";
    assert!(ids(&letter("plain", wallet)).contains(&"wording-crypto-assets"));
    let renewal = "Your plan is set to renew today. If you did not authorize this, please call us \
                   immediately at our toll free helpline.";
    assert!(ids(&letter("plain", renewal)).contains(&"wording-renewal"));
    let invoice = "Please find the invoice of March attached. The amount is due within 30 days.";
    let found = ids(&letter("plain", invoice));
    assert!(!found.iter().any(|id| id.starts_with("wording-")), "{found:?}");
}
