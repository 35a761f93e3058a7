//! A reading written on one line, for tables of expected trees.
//!
//! `type=body|other body[children]`, after it `:name`. `~` marks what only some programs see, `.`
//! text in the margins, `+` what was unpacked, `@` an attachment. After `!` the findings without
//! their `mime-`.

use posthouse_mime::{Origin, Part, Reading};

/// Longest body that is shown, in characters.
const SHOWN_MAX: usize = 40;

/// The tree and the findings.
pub(crate) fn shown(reading: &Reading) -> String {
    let mut out = String::new();
    children(reading, None, &mut out);
    if !reading.findings.is_empty() {
        let mut ids: Vec<_> =
            reading.findings.iter().map(|one| one.kind.id.trim_start_matches("mime-")).collect();
        ids.sort_unstable();
        ids.dedup();
        out.push_str(" !");
        out.push_str(&ids.join(" "));
    }
    out
}

fn children(reading: &Reading, parent: Option<usize>, out: &mut String) {
    let mut is_first = true;
    for (index, part) in reading.parts.iter().enumerate() {
        if part.parent != parent {
            continue;
        }
        if !is_first {
            out.push(' ');
        }
        is_first = false;
        one(part, out);
        if reading.parts.iter().any(|child| child.parent == Some(index)) {
            out.push('[');
            children(reading, Some(index), out);
            out.push(']');
        }
    }
}

fn one(part: &Part, out: &mut String) {
    out.push_str(match part.origin {
        Origin::Standard => "",
        Origin::Alternative => "~",
        Origin::Margin => ".",
        Origin::Unpacked => "+",
    });
    if part.is_attachment {
        out.push('@');
    }
    out.push_str(&part.media_type);
    let bodies: Vec<String> = part
        .bodies
        .iter()
        .map(|body| {
            let text = body.text.clone();
            let text = text.unwrap_or_else(|| String::from_utf8_lossy(&body.bytes).into_owned());
            let text: String = text.chars().take(SHOWN_MAX).collect();
            text.replace('\r', "").replace('\n', "/")
        })
        .collect();
    if !bodies.is_empty() {
        out.push('=');
        out.push_str(&bodies.join("|"));
    }
    for name in &part.names {
        out.push(':');
        out.push_str(name);
    }
}
