//! Protocol logs line by line: Exchange's CSV (send and receive) and IIS' W3C format. Which one,
//! and which columns, the `#Fields` line says; a piece cut out of a log without it is known by its
//! form.
//!
//! Pure. A line that fits no format is counted, never an error.

use std::collections::BTreeMap;

use posthouse_types::UnixMillis;

use crate::book::SessionBook;
use crate::cells;
use crate::facts::FileKind;
use crate::session::{Place, SessionBuilder, Speaker};
use crate::times::{moment, moment_of};

/// Two commands of one IIS conversation are never further apart: RFC 5321 section 4.5.3.2 gives
/// ten minutes at most to any one answer.
const IIS_PAUSE_MILLIS_MAX: i64 = 600_000;

/// Reads the lines of one file.
#[derive(Debug, Default)]
pub(crate) struct LogReader {
    format: Option<Format>,
    is_receiving: Option<bool>,
    /// `#Date`, for W3C lines without a date of their own.
    date: String,
    /// IIS gives no session ids: the number of the conversation by address.
    conversations: BTreeMap<String, Conversation>,
    conversations_begun: u64,
    /// Lines understood.
    pub(crate) entries: u64,
}

#[derive(Debug)]
enum Format {
    Exchange(ExchangeColumns),
    W3c(W3cColumns),
}

#[derive(Debug)]
struct ExchangeColumns {
    time: usize,
    connector: Option<usize>,
    session: usize,
    local: Option<usize>,
    remote: Option<usize>,
    event: usize,
    data: usize,
    context: Option<usize>,
}

#[derive(Debug)]
struct W3cColumns {
    date: Option<usize>,
    time: usize,
    client: usize,
    user: Option<usize>,
    method: Option<usize>,
    query: Option<usize>,
}

#[derive(Debug)]
struct Conversation {
    id: String,
    last: Option<UnixMillis>,
    has_greeting: bool,
    asked_for_tls: bool,
}

impl LogReader {
    /// Reads one line into the book.
    pub(crate) fn line(&mut self, place: &Place<'_>, book: &mut SessionBook) {
        let text = place.text;
        if let Some(rest) = text.trim_start_matches('\u{feff}').strip_prefix('#') {
            self.directive(rest);
            return;
        }
        if text.is_empty() {
            return;
        }
        if self.format.is_none() {
            self.format = Format::without_header(text);
        }
        let understood = match &self.format {
            Some(Format::Exchange(columns)) => exchange(columns, self.is_receiving, place, book),
            Some(Format::W3c(columns)) => w3c(
                columns,
                &self.date,
                &mut self.conversations,
                &mut self.conversations_begun,
                place,
                book,
            ),
            None => None,
        };
        self.entries += u64::from(understood.is_some());
    }

    /// The kind of the file, as far as it is known.
    pub(crate) fn kind(&self) -> Option<FileKind> {
        self.format.as_ref().map(|format| match format {
            Format::Exchange(_) => FileKind::ExchangeLog,
            Format::W3c(_) => FileKind::IisLog,
        })
    }

    fn directive(&mut self, rest: &str) {
        let Some((name, words)) = rest.split_once(':') else { return };
        let words = words.trim();
        match name.trim().to_ascii_lowercase().as_str() {
            "fields" => self.format = Format::of(words).or(self.format.take()),
            "log-type" => {
                let words = words.to_ascii_lowercase();
                self.is_receiving = Some(words.contains("receive"));
            }
            "date" => self.date = words.chars().take(10).collect(),
            _ => {}
        }
    }
}

/// Whether a file that begins so is a log.
pub(crate) fn looks_like_a_log(start: &str) -> bool {
    let mut lines = start.lines().take(20).map(|line| line.trim_start_matches('\u{feff}'));
    lines.any(|line| {
        let lower = line.to_ascii_lowercase();
        lower.starts_with("#fields:")
            || lower.starts_with("#software: microsoft")
            || Format::without_header(line).is_some()
    })
}

impl Format {
    fn of(fields: &str) -> Option<Self> {
        if fields.contains(',') {
            let names: Vec<_> = fields.split(',').map(str::trim).collect();
            let at = |name: &str| names.iter().position(|one| one.eq_ignore_ascii_case(name));
            return Some(Self::Exchange(ExchangeColumns {
                time: at("date-time")?,
                connector: at("connector-id"),
                session: at("session-id")?,
                local: at("local-endpoint"),
                remote: at("remote-endpoint"),
                event: at("event")?,
                data: at("data")?,
                context: at("context"),
            }));
        }
        let names: Vec<_> = fields.split_whitespace().collect();
        let at = |name: &str| names.iter().position(|one| one.eq_ignore_ascii_case(name));
        Some(Self::W3c(W3cColumns {
            date: at("date"),
            time: at("time")?,
            client: at("c-ip")?,
            user: at("cs-username"),
            method: at("cs-method"),
            query: at("cs-uri-query"),
        }))
    }

    /// The format of a line that stands without its header: all columns, in their usual order.
    fn without_header(line: &str) -> Option<Self> {
        let cells = cells::csv(line);
        let cell = |at: usize| cells.get(at).map_or("", |cell| cell.trim());
        if (8..=12).contains(&cells.len()) && moment(cell(0)).is_some() {
            let is_session = cell(2).len() == 16 && cell(2).bytes().all(|b| b.is_ascii_hexdigit());
            if is_session && matches!(cell(6), "+" | "-" | "<" | ">" | "*") {
                return Self::of(
                    "date-time,connector-id,session-id,sequence-number,local-endpoint,\
                     remote-endpoint,event,data,context",
                );
            }
        }
        let cells = cells::w3c(line);
        let is_dated = moment_of(cells.first()?, cells.get(1)?).is_some();
        let outbound = cells.get(3).is_some_and(|user| user.starts_with("OutboundConnection"));
        let is_smtp = cells.iter().any(|cell| cell.starts_with("SMTPSVC"));
        (is_dated && (outbound || is_smtp))
            .then(|| {
                Self::of(
                    "date time c-ip cs-username s-sitename s-computername s-ip s-port cs-method \
                     cs-uri-stem cs-uri-query sc-status",
                )
            })
            .flatten()
    }
}

fn exchange(
    columns: &ExchangeColumns,
    is_receiving: Option<bool>,
    place: &Place<'_>,
    book: &mut SessionBook,
) -> Option<()> {
    let cells = cells::csv(place.text);
    let cell = |at: usize| cells.get(at).map_or("", |cell| cell.trim());
    let optional = |at: Option<usize>| at.map_or("", &cell);
    let time = moment(cell(columns.time))?;
    let id = cell(columns.session);
    let event = cell(columns.event);
    if id.is_empty() || id.len() > 64 {
        return None;
    }
    // Data that holds commas and was not quoted: the context is the last cell all the same.
    let surplus = cells.len().saturating_sub(columns.context.map_or(columns.data, |at| at) + 1);
    let joined;
    let (data, context) = if surplus > 0 && columns.context == Some(columns.data + 1) {
        joined = cells.get(columns.data..=columns.data + surplus)?.join(",");
        (joined.trim(), cell(columns.data + surplus + 1))
    } else {
        (cell(columns.data), optional(columns.context))
    };
    // Without a header the one who greets is the server.
    let greets = |from: &str| event == from && data.starts_with("220");
    let receiving = is_receiving.unwrap_or_else(|| greets(">"));
    let connector = optional(columns.connector);
    let session = book.session(id, || SessionBuilder::new(connector, receiving));
    if is_receiving.is_none() && greets(">") {
        session.is_a_server();
    }
    session.seen(place, Some(time));
    session.between(optional(columns.local), optional(columns.remote));
    match event {
        "<" | ">" => session.heard(event == ">", data, place),
        "*" => session.information(data, context, place),
        "-" => book.close(id),
        _ => {}
    }
    Some(())
}

fn w3c(
    columns: &W3cColumns,
    date: &str,
    conversations: &mut BTreeMap<String, Conversation>,
    begun: &mut u64,
    place: &Place<'_>,
    book: &mut SessionBook,
) -> Option<()> {
    /// Addresses with a conversation at one time; beyond that the oldest address is forgotten.
    const ADDRESSES_MAX: usize = 10_000;
    let cells = cells::w3c(place.text);
    let cell = |at: Option<usize>| at.and_then(|at| cells.get(at)).copied().unwrap_or("-");
    let day = columns.date.map_or(date, |at| cell(Some(at)));
    let time = moment_of(day, cell(Some(columns.time)))?;
    let user = cell(columns.user);
    let is_command = user == "OutboundConnectionCommand";
    if !is_command && user != "OutboundConnectionResponse" {
        // What others sent to this server: read, and no evidence about its own relaying.
        return Some(());
    }
    let address = cell(Some(columns.client));
    if conversations.len() >= ADDRESSES_MAX && !conversations.contains_key(address) {
        conversations.pop_first();
    }
    let words = cells::w3c_words(cell(columns.query));
    let method = cells::w3c_words(cell(columns.method));
    let said = if is_command { format!("{method} {words}").trim().to_owned() } else { words };
    let is_greeting = !is_command && said.starts_with("220");
    let fresh = conversations.get(address).is_none_or(|conversation| {
        let pause = conversation.last.map_or(0, |last| time.0.saturating_sub(last.0));
        (is_greeting && conversation.has_greeting && !conversation.asked_for_tls)
            || pause > IIS_PAUSE_MILLIS_MAX
    });
    if fresh {
        *begun += 1;
        // The file is part of the id: conversations of two logs never mix.
        let id = format!("iis {} {address} {begun}", place.file);
        let conversation =
            Conversation { id, last: None, has_greeting: false, asked_for_tls: false };
        if let Some(old) = conversations.insert(address.to_owned(), conversation) {
            book.close(&old.id);
        }
    }
    let conversation = conversations.get_mut(address)?;
    conversation.last = Some(time);
    conversation.has_greeting |= is_greeting;
    conversation.asked_for_tls = is_command && said.eq_ignore_ascii_case("STARTTLS");
    let session = book.session(&conversation.id, || SessionBuilder::new("", false));
    session.seen(place, Some(time));
    session.between("", address);
    let speaker = if is_command { Speaker::Client } else { Speaker::Server };
    session.said(speaker, &said, place);
    Some(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::facts::{Session, Tls};

    fn sessions(lines: &str) -> Vec<Session> {
        let (mut reader, mut book) = (LogReader::default(), SessionBook::default());
        let file: Arc<str> = "log".into();
        for (number, text) in lines.lines().enumerate() {
            reader.line(&Place { file: &file, line: number as u64 + 1, text }, &mut book);
        }
        book.finish().0
    }

    const SEND: &str = "2016-12-01T03:09:55.100Z,Outbound,08D41A0000000001";

    #[test]
    fn a_piece_of_a_send_log_without_its_header_is_read() {
        let log = format!(
            "{SEND},0,192.0.2.1:5,198.51.100.1:25,<,220 mx.example,\n\
             {SEND},1,192.0.2.1:5,198.51.100.1:25,>,STARTTLS,\n\
             {SEND},2,192.0.2.1:5,198.51.100.1:25,<,220 2.0.0 SMTP server ready,\n\
             {SEND},3,192.0.2.1:5,198.51.100.1:25,*,CN=a, O=b, C=d,Certificate subject\n"
        );
        let sessions = sessions(&log);
        assert_eq!(sessions.len(), 1);
        assert_eq!((sessions[0].tls.clone(), sessions[0].is_receiving), (Tls::Begun, false));
        assert_eq!(sessions[0].source, "192.0.2.1");
    }

    #[test]
    fn unquoted_commas_do_not_hide_the_context() {
        let log = format!(
            "{SEND},0,a:1,b:25,*,,Sending certificate\n\
             {SEND},1,a:1,b:25,*,CN=a, O=b, C=d,Certificate subject\n"
        );
        let certificate = sessions(&log).remove(0).client_certificate.unwrap();
        assert_eq!(certificate.subject, "CN=a, O=b, C=d");
    }

    #[test]
    fn a_receive_log_is_told_by_its_header_and_by_who_greets() {
        let header = "#Log-type: SMTP Receive Protocol Log\n";
        let lines = format!("{SEND},0,192.0.2.1:25,198.51.100.1:5,>,220 mx.example,\n");
        for log in [lines.clone(), format!("{header}{lines}")] {
            let session = sessions(&log).remove(0);
            assert!(session.is_receiving);
            assert_eq!(session.source, "198.51.100.1");
        }
    }

    #[test]
    fn iis_conversations_are_told_apart_by_address_and_greeting() {
        let row = |time: &str, ip: &str, user: &str, method: &str, query: &str| {
            format!(
                "2017-02-09 {time} {ip} OutboundConnection{user} SMTPSVC1 H - 25 {method} - \
                     {query} 0 0 4 0 0 SMTP - - - -\n"
            )
        };
        let log = [
            "#Software: Microsoft Internet Information Services 7.0\n".to_owned(),
            row("05:00:00", "192.0.2.1", "Response", "-", "220+mx.a.example+ESMTP"),
            row("05:00:00", "192.0.2.2", "Response", "-", "220+mx.b.example+ESMTP"),
            row("05:00:01", "192.0.2.1", "Command", "STARTTLS", "-"),
            row("05:00:01", "192.0.2.1", "Response", "-", "220+2.0.0+ready"),
            row("05:00:02", "192.0.2.1", "Command", "RCPT", "TO:<b@c.example>"),
            row("05:00:02", "192.0.2.1", "Response", "-", "550+5.7.64+TenantAttribution;+Denied"),
            row("05:01:00", "192.0.2.1", "Response", "-", "220+mx.a.example+ESMTP"),
        ]
        .concat();
        let sessions = sessions(&log);
        assert_eq!(sessions.len(), 3);
        let refused: Vec<_> = sessions.iter().filter(|one| !one.failures.is_empty()).collect();
        assert_eq!(refused.len(), 1);
        assert_eq!(refused[0].tls, Tls::Begun);
        assert!(refused[0].failures[0].text.starts_with("550 5.7.64"));
    }
}
