//! Short mails of our own making: a few sentences of one topic, in the dress of its kind.
//!
//! Where `synthetic` tells whole stories, this deals sentences like cards, so that words and not
//! their order are learned.

use crate::notes_trade;
use crate::synthetic::{Choices, fill};
use posthouse_classifier::Label;

/// How a note is dressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dress {
    /// Text alone, now and then as HTML.
    Bare,
    /// A sentence or a few, and a link.
    Linked,
    /// An advertiser's mail with a link, and another to leave the list.
    Announcement,
    /// The shell of a newsletter around a linked picture.
    Newsletter,
    /// A mailing that somebody subscribed to: headlines with links, and how to leave it.
    Digest,
    /// A picture that is brought along, and words or prose that mean nothing.
    Salad,
    /// A person's mail: greeting, a paragraph, a name; sometimes a logo below or a quotation.
    Letter,
}

/// What a note can say.
pub(crate) struct Topic {
    pub(crate) label: Label,
    pub(crate) dress: Dress,
    pub(crate) subjects: &'static [&'static str],
    pub(crate) sentences: &'static [&'static str],
    pub(crate) closings: &'static [&'static str],
}

const PLAIN: &str = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n";
const PAGE: &str = "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n";
/// How a picture begins. What it shows is not read, how large it is counts.
const PICTURE: &str = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";
/// Bytes of base64 in a drawn picture of text, and in a logo.
const DRAWING_BYTES: std::ops::Range<usize> = 6_000..30_000;
const LOGO_BYTES: std::ops::Range<usize> = 200..9_000;

/// A note on a topic.
pub(crate) fn note(topic: &Topic, choices: &mut Choices) -> Vec<u8> {
    let sentences = sentences(topic, choices);
    let closing = fill(choices.one(topic.closings), choices);
    let subject = fill(choices.one(topic.subjects), choices);
    let head = format!("From: {}\nSubject: {subject}\nMIME-Version: 1.0\n", sender(topic, choices));
    let body = match topic.dress {
        Dress::Bare => bare(&sentences, &closing, choices),
        Dress::Linked | Dress::Announcement => linked(topic, &sentences, &closing, choices),
        Dress::Newsletter => newsletter(&sentences, &closing, choices),
        Dress::Digest => digest(&sentences, &closing, choices),
        Dress::Salad => salad(&sentences, choices),
        Dress::Letter => letter(&sentences, &closing, choices),
    };
    format!("{head}{body}\n").into_bytes()
}

fn sentences(topic: &Topic, choices: &mut Choices) -> Vec<String> {
    let most = match topic.dress {
        Dress::Linked => 3,
        Dress::Salad => 1,
        Dress::Bare | Dress::Digest if topic.label != Label::Ham => 9,
        _ => 5,
    };
    let mut left: Vec<&str> = topic.sentences.to_vec();
    let count = 1 + choices.number(most);
    let mut out = Vec::new();
    for _ in 0..count.min(left.len()) {
        let sentence = left.swap_remove(choices.number(left.len()));
        out.push(disguised(&fill(sentence, choices), topic.label, choices));
    }
    out
}

/// Some spam writes its words so that filters do not know them.
fn disguised(sentence: &str, label: Label, choices: &mut Choices) -> String {
    if label != Label::Spam || !choices.chance(12) {
        return sentence.to_owned();
    }
    let swap = |c: char| match c {
        'o' => '0',
        'i' => '1',
        'a' => '@',
        'e' => '3',
        other => other,
    };
    let words = sentence.split(' ').map(|word| match word.len() >= 5 && choices.chance(30) {
        true => word.chars().map(swap).collect(),
        false => word.to_owned(),
    });
    words.collect::<Vec<String>>().join(" ")
}

fn sender(topic: &Topic, choices: &mut Choices) -> String {
    let name = fill("{first} {last}", choices);
    if topic.dress == Dress::Letter {
        let local = name.to_lowercase().replace(' ', ".");
        let site = match choices.chance(35) {
            true => choices.one(&["gmail.com", "gmx.de", "outlook.com", "yahoo.com"]).to_owned(),
            false => fill("{site}", choices),
        };
        return format!("\"{name}\" <{local}@{site}>");
    }
    if topic.dress == Dress::Digest {
        let firm = fill("{firm}", choices);
        let local = choices.one(&["news", "newsletter", "alerts", "mailings", "info", "noreply"]);
        return format!("\"{firm}\" <{local}@{}>", fill("{site}", choices));
    }
    let top = choices.one(&["com", "net", "jp", "ru", "info", "de", "co.uk", "com.br", "xyz"]);
    let (local, host) = (choices.letters(7), choices.letters(9));
    format!("\"{name}\" <{local}@{host}.{top}>")
}

fn bare(sentences: &[String], closing: &str, choices: &mut Choices) -> String {
    let between = choices.one(&["\n", " ", "\n\n"]);
    let text = format!("{}\n\n{closing}", sentences.join(between));
    match choices.chance(30) {
        true => format!("{PAGE}<html><body>{}</body></html>", text.replace('\n', "<br>\n")),
        false => format!("{PLAIN}{text}"),
    }
}

fn linked(topic: &Topic, sentences: &[String], closing: &str, choices: &mut Choices) -> String {
    let top = choices.one(&["com", "info", "hk", "ru", "net", "cn", "top", "xyz", "de"]);
    let link = match choices.chance(50) {
        true => format!("http://{}.{top}/", choices.letters(8)),
        false => format!("http://{}.{top}/{}", choices.letters(8), choices.letters(12)),
    };
    let text = sentences.join(choices.one(&["\n", " "]));
    let leave = match topic.dress {
        Dress::Announcement => format!("\nTo stop receiving announcements: {link}out"),
        _ => String::new(),
    };
    let noise = match choices.chance(25) {
        true => format!("\n\n{}", words(30, choices)),
        false => String::new(),
    };
    if choices.chance(55) {
        return format!("{PLAIN}{text}\n{link}\n{closing}{leave}{noise}");
    }
    let shown = choices.one(&["Click here", "Visit us", "Order now", "Enter", "More"]);
    let html = format!(
        "<html><body><p>{}</p><a href=\"{link}\">{shown}</a><p>{closing}{leave}</p><p>{noise}</p></body></html>",
        text.replace('\n', "<br>")
    );
    format!("{PAGE}{html}")
}

fn newsletter(sentences: &[String], closing: &str, choices: &mut Choices) -> String {
    let link = format!("http://{}.{}/", choices.letters(9), choices.one(&["ru", "com", "cn"]));
    let noise = if choices.chance(60) { words(40, choices) } else { String::new() };
    format!(
        "{PAGE}<html><head><title>{noise}</title></head><body bgcolor=\"#ffffff\"><table width=\"600\"><tr><td>{}</td></tr><tr><td><a href=\"{link}\"><img src=\"{link}{}.jpg\" border=\"0\"></a></td></tr><tr><td>{noise}<br>{closing}</td></tr></table></body></html>",
        sentences.join(" "),
        choices.letters(5)
    )
}

fn digest(sentences: &[String], closing: &str, choices: &mut Choices) -> String {
    let site = fill("{site}", choices);
    let one = |choices: &mut Choices| {
        let path = choices.one(&["story", "news", "archive", "items", "go", "offers"]);
        format!("http://www.{site}/{path}/{}", choices.number(90_000))
    };
    if choices.chance(35) {
        let lines: String =
            sentences.iter().map(|line| format!("{line}\n{}\n\n", one(choices))).collect();
        return format!("{PLAIN}{lines}----------\n{closing}\nhttp://www.{site}/email");
    }
    let rows: String = sentences
        .iter()
        .map(|line| {
            let (link, picture) = (one(choices), one(choices));
            format!(
                "<tr><td><a href=\"{link}\"><img src=\"{picture}.gif\" border=\"0\"></a></td><td><font face=\"Arial\" size=\"2\"><a href=\"{link}\">{line}</a></font></td></tr>"
            )
        })
        .collect();
    let page = format!(
        "<html><head><title>{site}</title></head><body><table width=\"600\"><tr><td colspan=\"2\"><img src=\"http://www.{site}/top.gif\"></td></tr>{rows}</table><p><font size=\"1\">{closing} <a href=\"http://www.{site}/unsubscribe\">Unsubscribe</a> <a href=\"http://www.{site}/privacy\">Privacy policy</a></font></p></body></html>"
    );
    if choices.chance(50) {
        return format!("{PAGE}{page}");
    }
    let text = sentences.join("\n\n");
    format!(
        "Content-Type: multipart/alternative; boundary=B\n\n--B\n{PLAIN}{text}\n\n{closing}\n--B\n{PAGE}{page}\n--B--"
    )
}

/// A picture of about so many bytes in base64.
fn picture(bytes: &std::ops::Range<usize>, choices: &mut Choices) -> String {
    let length = bytes.start + choices.number(bytes.len());
    format!("{PICTURE}{}", "AAAA".repeat(length / 4))
}

/// Text that is to look like a message: words, or prose in the manner of books, manuals or news.
fn filler(choices: &mut Choices) -> String {
    if choices.chance(40) {
        let count = 40 + choices.number(60);
        return words(count, choices);
    }
    let lines = (0..6 + choices.number(10)).map(|_| choices.one(notes_trade::PROSE));
    lines.collect::<Vec<_>>().join(" ")
}

fn salad(sentences: &[String], choices: &mut Choices) -> String {
    let first = filler(choices);
    let second = if choices.chance(60) { first.clone() } else { filler(choices) };
    let text = sentences.join(" ");
    let shown = match choices.chance(30) {
        true => format!(
            "<a href=\"http://{}.hk/\"><img src=\"cid:p@x\" border=0></a>",
            choices.letters(7)
        ),
        false => "<img src=\"cid:p@x\" border=0>".to_owned(),
    };
    let html = match choices.number(3) {
        0 => format!("<html><body>{shown}<br>{text} {second}</body></html>"),
        1 => format!(
            "<html><head><meta http-equiv=Content-Type content=\"text/html; charset=iso-8859-1\"></head><body bgColor=#ffffff><div><font face=Arial size=2>{}</font></div><div>{shown}</div></body></html>",
            second.replace(". ", ".</font></div>\n<div><font face=Arial size=2>")
        ),
        _ => format!("<html><body bgcolor=\"#ffffff\">{shown}<br>{text}</body></html>"),
    };
    let kind = choices.one(&["gif", "gif", "jpeg", "png"]);
    let (name, picture) = (choices.letters(6), picture(&DRAWING_BYTES, choices));
    format!(
        "Content-Type: multipart/related; boundary=R\n\n--R\nContent-Type: multipart/alternative; boundary=B\n\n--B\n{PLAIN}{text} {first}\n--B\n{PAGE}{html}\n--B--\n--R\nContent-Type: image/{kind}; name=\"{name}.{kind}\"\nContent-Transfer-Encoding: base64\nContent-ID: <p@x>\n\n{picture}\n--R--"
    )
}

/// Words in no order.
fn words(count: usize, choices: &mut Choices) -> String {
    let one = |choices: &mut Choices| fill("{salad}", choices);
    (0..count).map(|_| one(choices)).collect::<Vec<_>>().join(" ")
}

fn letter(sentences: &[String], closing: &str, choices: &mut Choices) -> String {
    let greeting =
        fill(choices.one(&["Hi {first},", "Dear {first},", "Hello,", "{first},", ""]), choices);
    let text = format!("{greeting}\n\n{}\n\n{closing}", sentences.join(" "));
    let quoted = match choices.chance(40) {
        true => format!("\n\n> {}\n> {}", sentences.concat(), fill("Regards, {first}", choices)),
        false => String::new(),
    };
    if choices.chance(45) {
        return format!("{PLAIN}{text}{quoted}");
    }
    let html = markup(&text, choices);
    let alternatives = |html: &str| {
        format!(
            "Content-Type: multipart/alternative; boundary=B\n\n--B\n{PLAIN}{text}\n--B\n{PAGE}{html}\n--B--"
        )
    };
    match choices.number(10) {
        // The logo of a signature.
        0..=2 => {
            let inner = alternatives(&format!("{html}<br><img src=\"cid:logo@x\" width=120>"));
            let logo = picture(&LOGO_BYTES, choices);
            format!(
                "Content-Type: multipart/related; boundary=R\n\n--R\n{inner}\n--R\nContent-Type: image/png; name=\"image001.png\"\nContent-Transfer-Encoding: base64\nContent-ID: <logo@x>\n\n{logo}\n--R--"
            )
        }
        // What a list or a server adds below.
        3..=6 => {
            let footer = choices.one(&["", "Sent from my phone", "This message is confidential."]);
            format!(
                "Content-Type: multipart/mixed; boundary=M\n\n--M\n{}\n--M\n{PLAIN}{footer}\n--M--",
                alternatives(&html)
            )
        }
        _ => alternatives(&html),
    }
}

/// A letter as the mail programs of people write HTML.
fn markup(text: &str, choices: &mut Choices) -> String {
    let paragraphs = || text.split("\n\n").filter(|text| !text.is_empty());
    let joined = |open: &str, close: &str| -> String {
        paragraphs().map(|text| format!("{open}{}{close}\n", text.replace('\n', "<br>"))).collect()
    };
    match choices.number(4) {
        0 => joined("<p>", "</p>"),
        1 => format!("<div dir=\"ltr\">{}</div>", joined("<div>", "</div><div><br></div>")),
        2 => format!(
            "<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\"><style>p.MsoNormal {{margin:0cm; font-size:11.0pt; font-family:\"Calibri\",sans-serif;}}</style></head><body lang=\"EN-US\" link=\"#0563C1\"><div class=\"WordSection1\">{}</div></body></html>",
            joined("<p class=\"MsoNormal\">", "<o:p></o:p></p>")
        ),
        _ => format!(
            "<html><head></head><body style=\"word-wrap: break-word; line-break: after-white-space;\">{}</body></html>",
            joined("<div>", "</div><br>")
        ),
    }
}
