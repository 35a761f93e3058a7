//! Mail of our own making: modern transactional, business and bulk mail, and modern fraud, in
//! English and German, and fraud in some other languages.
//!
//! Every sentence is invented here. Names of companies are invented; brands that fraud imitates
//! are named as fraud names them. Addresses are example domains and made-up hosts that nobody is
//! to visit. The same seed makes the same mails.
#![allow(clippy::indexing_slicing)]

use crate::notes::note;
use crate::texts::{self, Story};
use crate::{fraud, notes_bulk, notes_fraud, notes_ham, notes_spam, notes_trade, unwanted};
use posthouse_classifier::Label;

/// Notes on each topic: of wanted mail more, since it has fewer topics here than in life.
const NOTES: usize = 100;
const HAM_NOTES: usize = 200;

/// A stream of choices from a seed.
pub(crate) struct Choices(u64);

impl Choices {
    /// Choices that begin with a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn number(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) % below.max(1) as u64) as usize
    }

    pub(crate) fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of.get(self.number(of.len())).copied().unwrap_or_default()
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.number(100) < percent
    }

    fn capitals(&mut self, length: usize) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        (0..length).map(|_| char::from(LETTERS[self.number(LETTERS.len())])).collect()
    }

    pub(crate) fn letters(&mut self, length: usize) -> String {
        const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        (0..length).map(|_| char::from(LETTERS[self.number(LETTERS.len())])).collect()
    }
}

/// All mails: each story told so many times.
pub(crate) fn mails(tellings: usize) -> Vec<(Label, Vec<u8>)> {
    let mut out = Vec::new();
    let all = [
        (Label::Ham, texts::HAM),
        (Label::Bulk, texts::BULK),
        (Label::Spam, unwanted::SPAM),
        (Label::Phish, fraud::PHISH),
    ];
    for (label, stories) in all {
        for (at, story) in stories.iter().enumerate() {
            for telling in 0..tellings {
                let seed = (at * 1000 + telling + 1) as u64 + label as u64 * 1_000_003;
                out.push((label, tell(label, story, &mut Choices::new(seed))));
            }
        }
    }
    let topics = [
        notes_ham::HAM,
        notes_spam::SPAM,
        notes_spam::PHISH,
        notes_trade::SPAM,
        notes_fraud::PHISH,
        notes_bulk::BULK,
    ];
    for (at, topic) in topics.into_iter().flatten().enumerate() {
        let times = if topic.label == Label::Ham { HAM_NOTES } else { NOTES };
        for telling in 0..times {
            let seed = (at * 1000 + telling + 1) as u64 + 7_000_003;
            out.push((topic.label, note(topic, &mut Choices::new(seed))));
        }
    }
    out
}

fn tell(label: Label, story: &Story, choices: &mut Choices) -> Vec<u8> {
    for _ in 0..8 {
        choices.number(2);
    }
    let is_bad = label >= Label::Spam;
    let host = host(is_bad, story, choices);
    let (name, address) = sender(is_bad, story, &host, choices);
    let subject = fill(choices.one(story.subjects), choices);
    let mut lines: Vec<String> = Vec::new();
    lines.push(fill(choices.one(story.greetings), choices));
    for paragraph in story.paragraphs {
        if paragraph.len() == 1 || choices.chance(85) {
            lines.push(fill(choices.one(paragraph), choices));
        }
    }
    let action = (!story.actions.is_empty()).then(|| choices.one(story.actions).to_owned());
    let closing = fill(choices.one(story.closings), choices);
    let link = link(is_bad, &host, choices);
    let quoted = label == Label::Ham && story.actions.is_empty() && choices.chance(50);
    let plain =
        plain(&lines, action.as_deref().map(|text| (text, link.as_str())), &closing, quoted);
    let mut head = format!("From: {name} <{address}>\nSubject: {subject}\nMIME-Version: 1.0\n");
    if is_bad && choices.chance(15) {
        head += &format!("Reply-To: {}@mail-{}.example\n", choices.letters(8), choices.letters(4));
    }
    let only_plain = match label {
        Label::Ham => story.actions.is_empty() && choices.chance(60),
        _ => choices.chance(12),
    };
    if only_plain {
        return format!("{head}Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{plain}\n").into_bytes();
    }
    if label == Label::Ham && story.actions.is_empty() {
        let html = letter(&lines, &closing, quoted, choices);
        return format!("{head}Content-Type: multipart/alternative; boundary=B\n\n--B\nContent-Type: text/plain; charset=utf-8\n\n{plain}\n--B\nContent-Type: text/html; charset=utf-8\n\n{html}\n--B--\n").into_bytes();
    }
    let html = page(
        &lines,
        action.as_deref().map(|text| (text, link.as_str())),
        &closing,
        is_bad,
        label,
        choices,
    );
    if choices.chance(if is_bad { 45 } else { 20 }) {
        return format!("{head}Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{html}\n").into_bytes();
    }
    format!(
        "{head}Content-Type: multipart/alternative; boundary=B\n\n--B\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{plain}\n--B\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{html}\n--B--\n"
    )
    .into_bytes()
}

/// Puts invented names and numbers into a sentence.
pub(crate) fn fill(sentence: &str, choices: &mut Choices) -> String {
    let mut out = sentence.to_owned();
    while let Some(at) = out.find('{') {
        let Some(end) = out[at..].find('}').map(|length| at + length) else { break };
        let value = match &out[at + 1..end] {
            "first" => choices.one(texts::FIRST_NAMES).to_owned(),
            "last" => choices.one(texts::LAST_NAMES).to_owned(),
            "firm" => choices.one(texts::FIRMS).to_owned(),
            "brand" => choices.one(texts::IMITATED).to_owned(),
            "city" => choices.one(texts::CITIES).to_owned(),
            "thing" => choices.one(texts::THINGS).to_owned(),
            "price" => format!("{}.{:02}", choices.number(900) + 5, choices.number(100)),
            "sum" => format!("{}00,000", choices.number(90) + 1),
            "number" => format!("{}", choices.number(90_000_000) + 1_000_000),
            "ticker" => choices.capitals(4),
            "cents" => format!("0.{:02}", choices.number(90) + 2),
            "salad" => choices.one(texts::WORDS).to_owned(),
            "path" => choices.letters(6),
            "site" => format!(
                "{}.{}",
                choices.one(texts::FIRMS).to_ascii_lowercase().replace([' ', '&'], ""),
                choices.one(&["com", "de", "org", "net", "edu"])
            ),
            "small" => format!("{}", choices.number(28) + 2),
            "time" => format!("{}:{}0", choices.number(9) + 8, choices.number(6)),
            "mail" => {
                format!("{}@example.{}", choices.letters(7), choices.one(&["com", "net", "org"]))
            }
            _ => String::new(),
        };
        out.replace_range(at..=end, &value);
    }
    out
}

fn host(is_bad: bool, story: &Story, choices: &mut Choices) -> String {
    if !is_bad {
        let firm = choices.one(texts::FIRMS).to_ascii_lowercase().replace([' ', '&'], "");
        return format!("{firm}.{}", choices.one(&["com", "de", "net", "org", "example", "eu"]));
    }
    let top = choices.one(&[
        "com", "xyz", "info", "top", "ru", "online", "site", "shop", "net", "de", "click", "com.br",
    ]);
    match choices.number(5) {
        0 => format!("{}.{top}", choices.letters(10)),
        1 => format!(
            "{}-{}.{top}",
            choices.one(story.hosts),
            choices.one(&["secure", "login", "verify", "update", "service", "support"])
        ),
        2 => format!("{}.{}.{top}", choices.one(story.hosts), choices.letters(9)),
        3 => format!(
            "{}.{}",
            choices.letters(8),
            choices.one(&[
                "web.app",
                "pages.dev",
                "blogspot.com",
                "appspot.com",
                "herokuapp.com",
                "weebly.com",
                "r2.dev"
            ])
        ),
        _ => format!(
            "{}{}.{top}",
            choices.one(&["deal", "offer", "mail", "news", "best", "smart", "go"]),
            choices.letters(5)
        ),
    }
}

fn sender(is_bad: bool, story: &Story, host: &str, choices: &mut Choices) -> (String, String) {
    let name = fill(choices.one(story.senders), choices);
    let is_person = story.actions.is_empty() && !is_bad;
    let local = if is_person {
        name.to_lowercase().replace(' ', ".")
    } else if is_bad && choices.chance(40) {
        choices.letters(9)
    } else {
        choices
            .one(&[
                "noreply", "no-reply", "info", "service", "support", "news", "hello", "billing",
                "contact",
            ])
            .to_owned()
    };
    let domain = if is_bad && choices.chance(40) {
        format!(
            "{}.{}",
            choices.letters(9),
            choices.one(&["com", "jp", "net", "org", "co.uk", "com.br"])
        )
    } else {
        host.to_owned()
    };
    (format!("\"{name}\""), format!("{local}@{domain}"))
}

fn link(is_bad: bool, host: &str, choices: &mut Choices) -> String {
    if !is_bad {
        let path = choices.one(&[
            "account/orders",
            "orders",
            "help",
            "meetings",
            "invoices",
            "de/konto/bestellungen",
            "track",
            "settings/notifications",
            "newsletter/web",
        ]);
        return format!("https://www.{host}/{path}/{}", choices.number(90_000) + 100);
    }
    match choices.number(5) {
        0 => format!("http://{host}/{}", choices.letters(24)),
        1 => format!(
            "https://{host}/{}.php?id={}",
            choices.one(&["index", "login", "go", "c", "verify"]),
            choices.letters(12)
        ),
        2 => format!(
            "http://{host}/cl/{}_md/{}/{}",
            choices.number(9000),
            choices.number(900),
            choices.number(90_000)
        ),
        3 => format!("https://{host}/#{}", choices.letters(18)),
        _ => format!(
            "http://{}.{}.{}.{}/{}",
            choices.number(200) + 20,
            choices.number(250),
            choices.number(250),
            choices.number(250),
            choices.letters(8)
        ),
    }
}

fn plain(lines: &[String], action: Option<(&str, &str)>, closing: &str, quoted: bool) -> String {
    let mut out = lines.join("\n\n");
    if let Some((text, link)) = action {
        out += &format!("\n\n{text}: {link}");
    }
    out += &format!("\n\n{closing}\n");
    if quoted {
        out += &format!(
            "\n> {}\n> {}\n",
            lines.first().map_or("", String::as_str),
            "Thanks, that works for me."
        );
    }
    out
}

fn page(
    lines: &[String],
    action: Option<(&str, &str)>,
    closing: &str,
    is_bad: bool,
    label: Label,
    choices: &mut Choices,
) -> String {
    let font = choices.one(&["Arial, sans-serif", "Helvetica", "'Segoe UI', Verdana", "Calibri"]);
    let mut out = String::from(
        "<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\"></head><body>",
    );
    if is_bad && choices.chance(25) {
        out += &format!(
            "<div style=\"display:none;font-size:0px\">{} {}</div>",
            choices.letters(12),
            choices.letters(30)
        );
    }
    let in_table = action.is_some() && choices.chance(70);
    if in_table {
        out += &format!(
            "<table width=\"{}\" align=\"center\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"font-family:{font}\"><tr><td>",
            choices.one(&["600", "100%", "640"])
        );
    }
    let is_pictured = is_bad && choices.chance(35);
    if let Some((_, link)) = action.filter(|_| is_pictured) {
        out += &format!(
            "<center><a href=\"{link}\"><img src=\"{link}.png\" border=\"0\"></a></center>"
        );
    }
    for (at, line) in lines.iter().enumerate() {
        out += &if at == 1 && is_bad && choices.chance(40) {
            format!("<h2>{line}</h2>")
        } else {
            format!("<p style=\"font-family:{font};font-size:14px\">{line}</p>")
        };
    }
    if let Some((text, link)) = action {
        let colour =
            choices.one(&["#0078d4", "#d9230f", "#1a73e8", "#28a745", "#ff6600", "#222222"]);
        out += &format!(
            "<p align=\"center\"><a href=\"{link}\" style=\"background-color:{colour};color:#ffffff;padding:12px 24px;text-decoration:none\">{text}</a></p>"
        );
    }
    out += &format!("<p>{closing}</p>");
    if label == Label::Bulk {
        out += "<p style=\"font-size:11px;color:#888888\">You receive this newsletter because you subscribed. <a href=\"https://news.example/unsubscribe\">Unsubscribe</a> | <a href=\"https://news.example/privacy\">Privacy</a></p>";
    } else if is_bad && choices.chance(30) {
        out += "<p style=\"font-size:9px\">If you no longer wish to receive these emails, <a href=\"http://u.example/u\">unsubscribe here</a></p>";
    }
    if in_table {
        out += "</td></tr></table>";
    }
    out += "</body></html>";
    out
}

/// A person's letter as mail programs write it.
fn letter(lines: &[String], closing: &str, quoted: bool, choices: &mut Choices) -> String {
    let style = choices.number(3);
    let paragraph = |text: &str| match style {
        0 => format!("<div>{text}</div><div><br></div>"),
        1 => format!(
            "<p class=\"MsoNormal\"><span style=\"font-size:11.0pt;font-family:&quot;Calibri&quot;,sans-serif\">{text}<o:p></o:p></span></p><p class=\"MsoNormal\"><o:p>&nbsp;</o:p></p>"
        ),
        _ => format!("<p>{text}</p>"),
    };
    let mut body: String = lines.iter().map(|line| paragraph(line)).collect();
    body += &paragraph(closing);
    let earlier = lines.first().map_or("", String::as_str);
    if quoted {
        body += &match style {
            0 => format!(
                "<br><div class=\"gmail_quote\"><div dir=\"ltr\" class=\"gmail_attr\">On Monday wrote:<br></div><blockquote class=\"gmail_quote\" style=\"margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex\"><div dir=\"ltr\">{earlier}</div></blockquote></div>"
            ),
            1 => format!(
                "<div style=\"border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0in 0in 0in\"><p class=\"MsoNormal\"><b>From:</b> A colleague<br><b>Subject:</b> Question<o:p></o:p></p></div>{}",
                paragraph(earlier)
            ),
            _ => format!(
                "<blockquote type=\"cite\" cite=\"mid:1@example.org\">{}</blockquote>",
                paragraph(earlier)
            ),
        };
    }
    match style {
        0 => format!("<div dir=\"ltr\">{body}</div>"),
        1 => format!(
            "<html xmlns:o=\"urn:schemas-microsoft-com:office:office\"><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\"><style>p.MsoNormal {{margin:0in}}</style></head><body lang=\"EN-US\" link=\"#0563C1\" vlink=\"#954F72\"><div class=\"WordSection1\">{body}</div></body></html>"
        ),
        _ => format!(
            "<html><head><meta http-equiv=\"content-type\" content=\"text/html; charset=UTF-8\"></head><body text=\"#000000\" bgcolor=\"#FFFFFF\">{body}</body></html>"
        ),
    }
}
