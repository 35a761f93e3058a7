//! A report as one HTML page that needs nothing else: no script, no font, no image from anywhere.
//!
//! Pure. Every text is escaped, whoever wrote it, and the page's own policy forbids the browser to
//! load or run anything. A status is a word and a shape before it is a colour (WCAG 2.2, 1.4.1).

use std::fmt::Write as _;

use posthouse_trace::{CertificateFacts, ChainFacts, Fix};
use posthouse_types::{SHOWN_CHARACTERS_MAX, UnixMillis, printable};
use serde_json::Value;

use super::dialogue::{Line, Speaker};
use super::report::{Report, Stage, StageId, Status};
use super::texts;

/// The page's looks.
const STYLE: &str = include_str!("page.css");

/// The legs of a sender's way, each with its stages.
const LEGS: [(&str, &[StageId]); 5] = [
    ("Reaching the server", &[StageId::Mx, StageId::Address, StageId::Connect, StageId::Hello]),
    ("Encryption", &[StageId::StartTls, StageId::TlsVersions]),
    (
        "Trusting the server",
        &[StageId::ServerCertificate, StageId::ServerName, StageId::MtaSts, StageId::Dane],
    ),
    ("Being recognised", &[StageId::OwnCertificate, StageId::ClientCertificate]),
    ("Being accepted", &[StageId::Mail, StageId::Recipient, StageId::Message]),
];

/// The whole page.
pub(crate) fn html(report: &Report) -> String {
    let mut page = Page(String::with_capacity(32 * 1024));
    page.head(report);
    page.verdict(report);
    page.next_steps(report);
    for (leg, ids) in LEGS {
        let stages: Vec<&Stage> =
            report.stages.iter().filter(|stage| ids.contains(&stage.id)).collect();
        if !stages.is_empty() {
            page.leg(leg, &stages);
        }
    }
    page.transcript(&report.transcript);
    page.foot(report);
    page.0
}

/// The page as it grows. Writing to a String cannot fail.
struct Page(String);

impl Page {
    fn put(&mut self, html: &str) {
        self.0.push_str(html);
    }

    fn head(&mut self, report: &Report) {
        let (host, verdict) = (escape(&report.host), texts::verdict(report.verdict()));
        let _ = write!(
            self.0,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
             style-src 'unsafe-inline'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>{host}: {verdict}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
             <header>\n<p class=\"product\">posthouse doctor</p>\n\
             <h1>{host}<span class=\"port\"> port {}</span></h1>\n\
             <p class=\"when\">Examined as a sender would, \
             <time datetime=\"{}\">{}</time></p>\n</header>\n",
            report.port,
            escape(&report.time),
            escape(&readable_time(&report.time)),
        );
    }

    fn verdict(&mut self, report: &Report) {
        let verdict = report.verdict();
        let _ = write!(
            self.0,
            "<section class=\"verdict {}\" aria-labelledby=\"verdict\">\n{}\n<div>\n\
             <h2 id=\"verdict\">{}</h2>\n<p>{}</p>\n</div>\n</section>\n",
            verdict.id(),
            shape(verdict),
            texts::verdict(verdict),
            escape(&report.summary)
        );
        self.put("<ol class=\"counts\" aria-label=\"Stages by result\">\n");
        for status in [Status::Error, Status::Warning, Status::Ok, Status::NotRun] {
            let count = report.stages.iter().filter(|stage| stage.status == status).count();
            let _ = writeln!(
                self.0,
                "<li class=\"{}\">{}<b>{count}</b> {}</li>",
                status.id(),
                shape(status),
                texts::counted(status, count)
            );
        }
        self.put("</ol>\n");
    }

    /// The faults first, each with a way to its stage: most readers need nothing else.
    fn next_steps(&mut self, report: &Report) {
        let mut worst: Vec<&Stage> =
            report.stages.iter().filter(|stage| stage.status >= Status::Warning).collect();
        if worst.is_empty() {
            return;
        }
        worst.sort_by_key(|stage| std::cmp::Reverse(stage.status));
        self.put(
            "<section class=\"todo\" aria-labelledby=\"todo\">\n\
             <h2 id=\"todo\">What to do</h2>\n<ol>\n",
        );
        for stage in worst {
            // With a repair for each platform none of them says it for all.
            let what = match stage.fix.as_slice() {
                [fix] => &fix.title,
                _ => &stage.text,
            };
            let _ = writeln!(
                self.0,
                "<li class=\"{}\">{}<div><a href=\"#{}\">{}</a><span>{}</span></div></li>",
                stage.status.id(),
                shape(stage.status),
                stage.id.id(),
                escape(stage.id.title()),
                escape(what)
            );
        }
        self.put("</ol>\n</section>\n");
    }

    fn leg(&mut self, title: &str, stages: &[&Stage]) {
        let _ =
            write!(self.0, "<section class=\"leg\">\n<h2>{title}</h2>\n<ol class=\"stages\">\n");
        for stage in stages {
            self.stage(stage);
        }
        self.put("</ol>\n</section>\n");
    }

    fn stage(&mut self, stage: &Stage) {
        let (id, status) = (stage.id.id(), stage.status);
        let took = stage.millis.map_or(String::new(), |millis| {
            format!("<span class=\"took\">{}</span>", escape(&texts::took(millis)))
        });
        let _ = write!(
            self.0,
            "<li class=\"stage {}\" id=\"{id}\">\n{}\n<div class=\"finding\">\n\
             <h3>{}<span class=\"word\">{}</span>{took}</h3>\n<p>{}</p>\n",
            status.id(),
            shape(status),
            escape(stage.id.title()),
            texts::status(status),
            escape(&stage.text)
        );
        if let Some(chain) = stage.chain.as_ref().filter(|chain| !chain.path.is_empty()) {
            self.chain(chain);
        }
        if !stage.fix.is_empty() {
            self.put("<h4>How to mend it</h4>\n<div class=\"fixes\">\n");
            match stage.fix.as_slice() {
                [fix] => self.fix(fix),
                several => several.iter().for_each(|fix| self.platform(fix)),
            }
            self.put("</div>\n");
        }
        self.details(stage);
        self.put("</div>\n</li>\n");
    }

    /// The path from the leaf up; what is missing is drawn as a gap.
    fn chain(&mut self, chain: &ChainFacts) {
        self.put("<ol class=\"chain\" aria-label=\"Certificate chain, from the leaf up\">\n");
        for (place, element) in chain.path.iter().enumerate() {
            let is_fault =
                chain.element == Some(place) && !chain.accepted && chain.missing.is_none();
            self.certificate(element, is_fault.then_some(chain.reason.as_str()));
        }
        if let Some(missing) = &chain.missing {
            let _ = write!(
                self.0,
                "<li class=\"gap\"><span class=\"origin\">not sent</span>\
                 <strong>{}</strong>",
                escape(&shown(&missing.subject))
            );
            if !missing.key_id.is_empty() {
                let _ = write!(self.0, "<small>key {}</small>", escape(&shown(&missing.key_id)));
            }
            for address in &missing.get {
                // Text, not a link: where it leads is the certificate's word, not ours.
                let _ = write!(self.0, "<small>get it from {}</small>", escape(&shown(address)));
            }
            self.put("</li>\n");
        }
        self.put("</ol>\n");
    }

    fn certificate(&mut self, element: &CertificateFacts, fault: Option<&str>) {
        let subject = if element.subject.is_empty() { "(no name)" } else { &element.subject };
        let class = if fault.is_some() { "fault" } else { element.origin.as_str() };
        let _ = write!(
            self.0,
            "<li class=\"{}\"><span class=\"origin\">{}</span><strong>{}</strong>",
            escape(class),
            escape(&element.origin),
            escape(&shown(subject))
        );
        if element.not_after != 0 {
            let _ = write!(
                self.0,
                "<small>{} to {} \u{b7} {}</small>",
                day(element.not_before),
                day(element.not_after),
                escape(&shown(&element.key))
            );
        }
        if let Some(fault) = fault {
            let _ = write!(self.0, "<small class=\"why\">{}</small>", escape(fault));
        }
        self.put("</li>\n");
    }

    /// One of several repairs: whoever reads needs their own platform's only.
    fn platform(&mut self, fix: &Fix) {
        let _ = write!(
            self.0,
            "<details class=\"fix\">\n<summary><b>{}</b> {}</summary>\n",
            escape(texts::platform(&fix.platform)),
            escape(&fix.title)
        );
        self.steps(fix);
        self.put("</details>\n");
    }

    fn fix(&mut self, fix: &Fix) {
        let _ = write!(self.0, "<div class=\"fix\">\n<p>{}</p>\n", escape(&fix.title));
        self.steps(fix);
        self.put("</div>\n");
    }

    fn steps(&mut self, fix: &Fix) {
        if !fix.steps.is_empty() {
            self.put("<ol>\n");
            for step in &fix.steps {
                let _ = writeln!(self.0, "<li>{}</li>", escape(step));
            }
            self.put("</ol>\n");
        }
        for command in &fix.commands {
            // A command that is wider than the page is scrolled to, by keyboard too.
            let _ = writeln!(self.0, "<pre tabindex=\"0\"><code>{}</code></pre>", escape(command));
        }
    }

    fn details(&mut self, stage: &Stage) {
        let rows: Vec<(String, String)> =
            stage.details.iter().filter_map(|(name, value)| detail(name, value)).collect();
        if rows.is_empty() {
            return;
        }
        self.put("<details>\n<summary>Details</summary>\n<dl>\n");
        for (name, value) in rows {
            let _ = writeln!(self.0, "<dt>{name}</dt><dd>{value}</dd>");
        }
        self.put("</dl>\n</details>\n");
    }

    fn transcript(&mut self, lines: &[Line]) {
        if lines.is_empty() {
            return;
        }
        self.put(
            "<section class=\"leg\">\n<h2>What was said</h2>\n<details class=\"dialogue\" open>\n\
             <summary>The dialogue, line by line</summary>\n<ol>\n",
        );
        for line in lines {
            let (class, mark, who) = match line.speaker {
                Speaker::Us => ("us", "\u{2192}", "sender"),
                Speaker::Server => ("server", "\u{2190}", "server"),
                Speaker::Event => ("event", "\u{b7}", "event"),
            };
            let _ = writeln!(
                self.0,
                "<li class=\"{class}\"><span aria-hidden=\"true\">{mark}</span>\
                 <span class=\"who\">{who}</span><code>{}</code></li>",
                escape(&line.text)
            );
        }
        self.put("</ol>\n</details>\n</section>\n");
    }

    fn foot(&mut self, report: &Report) {
        let _ = write!(
            self.0,
            "<footer><p>Written by posthouse {} for {}, {}. This page loads nothing from \
             anywhere.</p></footer>\n</main>\n</body>\n</html>\n",
            env!("CARGO_PKG_VERSION"),
            escape(&report.host),
            escape(&report.time)
        );
    }
}

/// One row of the details; nothing for a value without words.
fn detail(name: &str, value: &Value) -> Option<(String, String)> {
    let value = match value {
        Value::String(text) if !text.is_empty() => escape(text),
        Value::Number(number) => number.to_string(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Array(items) if !items.is_empty() => {
            let texts = items.iter().filter_map(Value::as_str).map(escape);
            texts.collect::<Vec<_>>().join("<br>")
        }
        _ => return None,
    };
    Some((escape(&name.replace('_', " ")), value))
}

/// A status as a shape: a disc with a tick, a triangle, an octagon, a dashed ring.
fn shape(status: Status) -> &'static str {
    match status {
        Status::Ok => {
            "<svg class=\"shape\" viewBox=\"0 0 24 24\" aria-hidden=\"true\">\
             <circle class=\"body\" cx=\"12\" cy=\"12\" r=\"10\"/>\
             <path class=\"mark\" d=\"M7.5 12.5l3 3 6-7\"/></svg>"
        }
        Status::Warning => {
            "<svg class=\"shape\" viewBox=\"0 0 24 24\" aria-hidden=\"true\">\
             <path class=\"body\" d=\"M12 2.5L22.5 21h-21z\"/>\
             <path class=\"mark\" d=\"M12 9v5.5M12 17.6v.3\"/></svg>"
        }
        Status::Error => {
            "<svg class=\"shape\" viewBox=\"0 0 24 24\" aria-hidden=\"true\">\
             <path class=\"body\" d=\"M8 2h8l6 6v8l-6 6H8l-6-6V8z\"/>\
             <path class=\"mark\" d=\"M8.5 8.5l7 7M15.5 8.5l-7 7\"/></svg>"
        }
        Status::NotRun => {
            "<svg class=\"shape\" viewBox=\"0 0 24 24\" aria-hidden=\"true\">\
             <circle class=\"ring\" cx=\"12\" cy=\"12\" r=\"9.5\"/>\
             <path class=\"dash\" d=\"M8 12h8\"/></svg>"
        }
    }
}

/// `2026-11-23 19:30:00 UTC`.
fn readable_time(time: &str) -> String {
    let (date, clock) = time.split_once('T').unwrap_or((time, ""));
    let clock: String = clock.chars().take(8).collect();
    format!("{date} {clock} UTC")
}

fn day(moment: i64) -> String {
    posthouse_message::date_rfc3339(UnixMillis(moment)).chars().take(10).collect()
}

fn shown(text: &str) -> String {
    printable(text, SHOWN_CHARACTERS_MAX)
}

/// Text as HTML text and attribute value.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
