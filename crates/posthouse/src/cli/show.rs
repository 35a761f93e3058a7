//! Showing answers: one JSON object a line for machines, or lines of at most 100 columns for
//! people, coloured only on a terminal.
//!
//! May touch: standard output and error. Every string of a peer passes `printable` first.

use std::io::{self, Write};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use posthouse_message::from_base64;
use posthouse_policy::permission;
use posthouse_trace::{self as trace, Explanation, OperationalEvent};
use posthouse_types::{Language, printable};
use serde_json::Value;

use super::{EventFormat, View};
use crate::office::Trouble;

const BOLD: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Blue.on_default().bold();
const BAD: Style = AnsiColor::Yellow.on_default().bold();
const FAINT: Style = Style::new().dimmed();

/// The width that output keeps to.
const COLUMNS: usize = 100;

/// Shows a whole answer.
pub(super) fn items(items: &[Value], view: View, json: bool, node_name: &str) -> ExitCode {
    let mut out = anstream::AutoStream::auto(io::stdout().lock());
    let written = if json {
        json_lines(&mut out, items, view)
    } else {
        match view {
            View::Changes => items.iter().try_for_each(|item| change(&mut out, item)),
            View::Files => files(&mut out, items),
            View::Tenants => tenants(&mut out, items),
            View::Trace => trace_rows(&mut out, items),
            View::Queue => queue(&mut out, items),
            View::Quarantine => quarantine(&mut out, items),
            View::Message => {
                let bytes = |item| from_base64(text(item, "base64")).unwrap_or_default();
                items.iter().try_for_each(|item| out.write_all(&bytes(item)))
            }
            View::Explanations(language) => explanations(&mut out, items, language),
            View::Events(format) => events(&mut out, items, format, node_name),
            View::Sentences => {
                items.iter().try_for_each(|item| writeln!(out, "{}", text(item, "sentence")))
            }
        }
    };
    match written.and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever closed the pipe has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Says what failed and what to do next, on standard error.
pub(super) fn trouble(trouble: &Trouble) {
    anstream::eprintln!("{BAD}error{BAD:#}: {}", trouble.what);
    if !trouble.next.is_empty() {
        anstream::eprintln!("  {BOLD}next{BOLD:#}: {}", trouble.next);
    }
}

fn json_lines(out: &mut impl Write, items: &[Value], view: View) -> io::Result<()> {
    for item in items {
        match (view, event_of(item)) {
            (View::Events(_), Some((record, event))) => {
                writeln!(out, "{}", trace::event_json(&event, record))?;
            }
            _ => writeln!(out, "{item}")?,
        }
    }
    Ok(())
}

fn change(out: &mut impl Write, item: &Value) -> io::Result<()> {
    let (tenant, action) = (text(item, "tenant"), text(item, "action"));
    for line in strings(item, "diff") {
        let style = if line.starts_with('+') { GOOD } else { BAD };
        writeln!(out, "  {style}{}{style:#}", printable(line, COLUMNS))?;
    }
    for warning in strings(item, "warnings") {
        writeln!(out, "{BAD}warning{BAD:#}: {}", printable(warning, 1000))?;
    }
    if item.get("dry_run").and_then(Value::as_bool) == Some(true) {
        writeln!(out, "tenant {tenant}: would be {action}; nothing was changed")
    } else {
        writeln!(out, "tenant {tenant}: {action}")
    }
}

fn files(out: &mut impl Write, items: &[Value]) -> io::Result<()> {
    for (place, item) in items.iter().enumerate() {
        if items.len() > 1 {
            writeln!(
                out,
                "{}# tenant {}",
                if place > 0 { "\n" } else { "" },
                text(item, "tenant")
            )?;
        }
        write!(out, "{}", text(item, "toml"))?;
    }
    Ok(())
}

fn tenants(out: &mut impl Write, items: &[Value]) -> io::Result<()> {
    if items.is_empty() {
        return writeln!(out, "No tenant yet. next: posthouse apply TENANT.toml");
    }
    writeln!(
        out,
        "{BOLD}{:<40} {:>8} {:>11} {:>11}{BOLD:#}",
        "tenant", "domains", "recipients", "connectors"
    )?;
    for item in items {
        let number = |key: &str| item.get(key).and_then(Value::as_u64).unwrap_or(0);
        writeln!(
            out,
            "{:<40} {:>8} {:>11} {:>11}",
            printable(text(item, "tenant"), 40),
            number("accepted_domains"),
            number("recipients"),
            number("inbound_connectors") + number("outbound_connectors"),
        )?;
    }
    Ok(())
}

fn quarantine(out: &mut impl Write, items: &[Value]) -> io::Result<()> {
    if items.is_empty() {
        return writeln!(out, "Nothing in quarantine matches.");
    }
    for item in items {
        let status = text(item, "release_status");
        let style = if status == "released" { GOOD } else { BAD };
        writeln!(
            out,
            "{FAINT}{}{FAINT:#}  {BOLD}{:>6}{BOLD:#} {style}{status}{style:#} {} ({})",
            seconds(text(item, "received")),
            item.get("id").and_then(Value::as_i64).unwrap_or(0),
            text(item, "reason"),
            policy_of(item),
        )?;
        writeln!(
            out,
            "    {} -> {}  {}",
            printable(or(text(item, "sender"), "<>"), 32),
            printable(text(item, "recipient"), 32),
            printable(text(item, "subject"), 60),
        )?;
        if let Some(acts) = item.get("acts").and_then(Value::as_array) {
            kept(out, item, acts)?;
        }
    }
    Ok(())
}

/// What decided, and by which name where it has one.
fn policy_of(item: &Value) -> String {
    let kind = text(item, "policy_type");
    match printable(text(item, "policy_name"), 40) {
        name if name.is_empty() => kind.to_owned(),
        name => format!("{kind} \"{name}\""),
    }
}

/// One message in full: until when it is kept, who may do what, and what was done.
fn kept(out: &mut impl Write, item: &Value, acts: &[Value]) -> io::Result<()> {
    let number = |key: &str| item.get(key).and_then(Value::as_u64).unwrap_or(0);
    writeln!(
        out,
        "    {} bytes, {}, Message-ID {}",
        number("size"),
        text(item, "direction"),
        printable(or(text(item, "message_id"), "none"), 80),
    )?;
    writeln!(
        out,
        "    kept until {} under {}",
        seconds(text(item, "expires")),
        printable(text(item, "quarantine_policy"), 60),
    )?;
    writeln!(out, "    its recipient may: {}", permitted(number("permissions")))?;
    let overridden = text(item, "sender_override");
    if !overridden.is_empty() {
        writeln!(out, "    {overridden}")?;
    }
    for act in acts {
        let detail = printable(text(act, "detail"), COLUMNS);
        let gap = if detail.is_empty() { "" } else { ": " };
        writeln!(
            out,
            "    {FAINT}{}{FAINT:#} {} by {}{gap}{detail}",
            seconds(text(act, "time")),
            text(act, "act"),
            printable(text(act, "by"), 60),
        )?;
    }
    writeln!(out, "next: posthouse explain {}", text(item, "reference"))
}

/// The permission bits of spec 3.2 that do something here, in words.
fn permitted(bits: u64) -> String {
    let words: Vec<_> = [
        (permission::PREVIEW, "see it"),
        (permission::RELEASE, "release it"),
        (permission::REQUEST_RELEASE, "ask for its release"),
        (permission::DELETE, "delete it"),
        (permission::ALLOW_SENDER, "allow its sender"),
        (permission::BLOCK_SENDER, "block its sender"),
    ]
    .into_iter()
    .filter_map(|(bit, word)| (bits & u64::from(bit) != 0).then_some(word))
    .collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

fn trace_rows(out: &mut impl Write, items: &[Value]) -> io::Result<()> {
    if items.is_empty() {
        return writeln!(out, "Nothing matches. A wider search: leave out filters, or --hours.");
    }
    for item in items {
        let status = text(item, "status");
        let style = if status == "Delivered" { GOOD } else { BAD };
        writeln!(
            out,
            "{FAINT}{}{FAINT:#}  {style}{status:<11}{style:#} {} -> {}",
            seconds(text(item, "received")),
            printable(or(text(item, "sender_address"), "<>"), 32),
            printable(text(item, "recipient_address"), 32),
        )?;
        let reason = text(item, "reason");
        let why = if reason.is_empty() { String::new() } else { format!("{reason}  ") };
        let reference = text(item, "message_trace_id");
        let subject = printable(text(item, "subject"), 50);
        writeln!(out, "    {BOLD}{reference}{BOLD:#}  {why}{subject}")?;
    }
    writeln!(out, "next: posthouse explain REF")
}

fn queue(out: &mut impl Write, items: &[Value]) -> io::Result<()> {
    if items.is_empty() {
        return writeln!(out, "The queue is empty.");
    }
    for item in items {
        let number = |key: &str| item.get(key).and_then(Value::as_u64).unwrap_or(0);
        let when = match text(item, "state") {
            "queued" => format!("tried again in {} s", number("due_in_seconds")),
            other => other.to_owned(),
        };
        writeln!(
            out,
            "{BOLD}{}{BOLD:#}  {} -> {}",
            text(item, "reference"),
            printable(or(text(item, "sender"), "<>"), 32),
            printable(text(item, "recipient"), 40),
        )?;
        writeln!(
            out,
            "    since {}, {} attempts, {BAD}{when}{BAD:#}",
            seconds(text(item, "received")),
            number("attempts"),
        )?;
        let reason = text(item, "reason");
        if !reason.is_empty() {
            let detail = printable(text(item, "detail"), COLUMNS - 8 - reason.len());
            writeln!(out, "    {reason}: {detail}")?;
        }
    }
    writeln!(out, "next: posthouse explain REF, posthouse queue retry")
}

fn explanations(out: &mut impl Write, items: &[Value], language: Language) -> io::Result<()> {
    for item in items {
        let story = || writeln_story(item);
        match serde_json::from_value::<Explanation>(item.clone()) {
            Ok(explanation) if !explanation.reply.is_empty() || explanation.judgement.is_some() => {
                write!(out, "{}", trace::explain_text(&explanation, language))?;
            }
            _ => write!(out, "{}", story())?,
        }
    }
    Ok(())
}

/// A row that was not refused: what happened, in order.
fn writeln_story(item: &Value) -> String {
    let mut lines = format!(
        "{}  {}  {}\n{} -> {}\n{}\n",
        text(item, "reference"),
        text(item, "time"),
        text(item, "status"),
        printable(or(text(item, "sender"), "<>"), 60),
        printable(text(item, "recipient"), 60),
        printable(text(item, "sentence"), 1000),
    );
    for event in item.get("events").and_then(Value::as_array).into_iter().flatten() {
        let detail = printable(text(event, "detail"), 1000);
        lines.push_str(&format!(
            "  {}  {:<10} {detail}\n",
            text(event, "time"),
            text(event, "event")
        ));
    }
    lines
}

fn events(
    out: &mut impl Write,
    items: &[Value],
    format: EventFormat,
    node_name: &str,
) -> io::Result<()> {
    if format == EventFormat::Xml {
        write!(out, "{}", trace::capi2::DOCUMENT_START)?;
    }
    for (record, event) in items.iter().filter_map(event_of) {
        match format {
            EventFormat::Xml => write!(out, "{}", trace::capi2::xml(&event, record, node_name))?,
            EventFormat::Json => writeln!(out, "{}", trace::event_json(&event, record))?,
            EventFormat::Text => {
                let style = if event.level.number() == 4 { GOOD } else { BAD };
                writeln!(
                    out,
                    "{FAINT}{}{FAINT:#}  {style}event {:<4}{style:#} {}",
                    posthouse_message::date_rfc3339(posthouse_types::UnixMillis(event.time)),
                    event.data.id(),
                    printable(&event.text, 1000),
                )?;
            }
        }
    }
    if format == EventFormat::Xml {
        write!(out, "{}", trace::capi2::DOCUMENT_END)?;
    }
    Ok(())
}

fn event_of(item: &Value) -> Option<(u64, OperationalEvent)> {
    let record = item.get("record")?.as_u64()?;
    Some((record, serde_json::from_value(item.get("event")?.clone()).ok()?))
}

fn text<'a>(item: &'a Value, key: &str) -> &'a str {
    item.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn strings<'a>(item: &'a Value, key: &str) -> impl Iterator<Item = &'a str> {
    item.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn or<'a>(text: &'a str, other: &'a str) -> &'a str {
    if text.is_empty() { other } else { text }
}

/// RFC 3339 cut to seconds: for a glance.
fn seconds(time: &str) -> &str {
    time.get(..19).unwrap_or(time)
}
