//! The SMTP service's log as IIS writes it, in the W3C extended format: what its administrators
//! grep, and what their tools read.
//!
//! Pure. A session's dialogue goes in as the protocol log has it, lines come out. One field never
//! breaks its line, whatever a peer says. TLS leaves no trace in this format: a refused relay
//! shows as the remote server's words alone.

use posthouse_types::{UnixMillis, printable};

use crate::protocol_log::{LogEvent, Side};
use crate::times::w3c;

/// What IIS calls its SMTP service.
const SITE: &str = "SMTPSVC1";

/// What stands in cs-username on a line about a session that we opened.
const OUTBOUND_COMMAND: &str = "OutboundConnectionCommand";
/// And on the answer to it.
const OUTBOUND_RESPONSE: &str = "OutboundConnectionResponse";

/// Longest field, in characters: a reply of some lines has room.
const FIELD_CHARACTERS_MAX: usize = 4096;

/// Lines of one reply that are put together; more are a server that does not stop.
const REPLY_LINES_MAX: usize = 32;

/// The lines that each file begins with, CRLF included.
pub fn header(now: UnixMillis) -> String {
    format!(
        "#Software: Microsoft Internet Information Services 7.0\r\n#Version: 1.0\r\n#Date: {}\r\n\
         #Fields: date time c-ip cs-username s-sitename s-computername s-ip s-port cs-method \
         cs-uri-stem cs-uri-query sc-status sc-win32-status sc-bytes cs-bytes time-taken \
         cs-version cs-host cs(User-Agent) cs(Cookie) cs(Referer)\r\n",
        w3c(now.0)
    )
}

/// One session: remembers what waits for its answer.
#[derive(Debug)]
pub struct Session {
    side: Side,
    computer: String,
    /// The other side's address.
    remote_ip: String,
    /// Our address and port, of a session opened to us; the other side's port else.
    local_ip: String,
    port: u16,
    /// What the client calls itself.
    helo: String,
    /// A command opened to us that was not answered yet.
    pending: Option<(String, UnixMillis)>,
    /// When we last said something.
    asked: Option<UnixMillis>,
    /// Lines of a reply whose last one did not come yet.
    reply: Vec<String>,
}

impl Session {
    /// A session. `remote` and `local` are addresses without ports; `port` is the one that the
    /// client connected to. Of a session that we open, IIS logs no address of its own.
    pub fn new(side: Side, computer: &str, remote: &str, local: &str, port: u16) -> Self {
        Self {
            side,
            computer: computer.to_owned(),
            remote_ip: remote.to_owned(),
            local_ip: local.to_owned(),
            port,
            helo: String::new(),
            pending: None,
            asked: None,
            reply: Vec::new(),
        }
    }

    /// Appends what IIS would log of this. Only what was said is: commands of a session that we
    /// open and the replies to them on a line each; of a session opened to us each command with
    /// its reply's code.
    pub fn write(&mut self, time: UnixMillis, event: LogEvent, text: &str, out: &mut String) {
        match (self.side, event) {
            (Side::Send, LogEvent::Send) => {
                self.asked = Some(time);
                self.command_sent(time, text, out);
            }
            (Side::Send, LogEvent::Receive) => self.reply_line(time, text, out),
            (Side::Receive, LogEvent::Receive) => {
                // What comes while a command is not answered belongs to it: a log-in's responses.
                self.pending.get_or_insert_with(|| (text.to_owned(), time));
            }
            (Side::Receive, LogEvent::Send) => self.command_answered(time, text, out),
            (_, LogEvent::Connect | LogEvent::Disconnect | LogEvent::Information) => {}
        }
    }

    fn command_sent(&self, time: UnixMillis, text: &str, out: &mut String) {
        let (verb, arguments) = text.split_once(' ').unwrap_or((text, ""));
        self.line(
            out,
            &Fields {
                time,
                user: OUTBOUND_COMMAND,
                method: verb,
                query: arguments,
                status: 0,
                bytes_sent: verb.len(),
                bytes_received: 0,
                milliseconds: 0,
            },
        );
    }

    fn reply_line(&mut self, time: UnixMillis, text: &str, out: &mut String) {
        if self.reply.len() < REPLY_LINES_MAX {
            self.reply.push(text.to_owned());
        }
        if text.as_bytes().get(3) == Some(&b'-') {
            return;
        }
        let reply = joined(&std::mem::take(&mut self.reply));
        self.line(
            out,
            &Fields {
                time,
                user: OUTBOUND_RESPONSE,
                method: "",
                query: &reply,
                status: 0,
                bytes_sent: reply.len(),
                bytes_received: 0,
                milliseconds: self.asked.map_or(0, |asked| time.since(asked).as_millis()),
            },
        );
    }

    fn command_answered(&mut self, time: UnixMillis, reply: &str, out: &mut String) {
        // 354 and 334 are questions within a command, not its answer.
        let code: u16 = reply.get(..3).and_then(|code| code.parse().ok()).unwrap_or_default();
        if (300..400).contains(&code) {
            return;
        }
        let Some((command, since)) = self.pending.take() else { return };
        let (verb, arguments) = command.split_once(' ').unwrap_or((&command, ""));
        if verb.eq_ignore_ascii_case("EHLO") || verb.eq_ignore_ascii_case("HELO") {
            arguments.clone_into(&mut self.helo);
        }
        let query = if arguments.is_empty() { String::new() } else { format!("+{arguments}") };
        self.line(
            out,
            &Fields {
                time,
                user: &self.helo,
                method: verb,
                query: &query,
                status: code,
                bytes_sent: reply.len(),
                bytes_received: command.len(),
                milliseconds: time.since(since).as_millis(),
            },
        );
    }

    fn line(&self, out: &mut String, fields: &Fields<'_>) {
        let local = match self.side {
            Side::Send => "",
            Side::Receive => &self.local_ip,
        };
        let cells = [
            w3c(fields.time.0),
            field(&self.remote_ip),
            field(fields.user),
            SITE.to_owned(),
            field(&self.computer),
            field(local),
            self.port.to_string(),
            field(fields.method),
            "-".to_owned(),
            field(fields.query),
            format!("{} 0", fields.status),
            fields.bytes_sent.to_string(),
            fields.bytes_received.to_string(),
            fields.milliseconds.to_string(),
            "SMTP - - - -".to_owned(),
        ];
        out.push_str(&cells.join(" "));
        out.push_str("\r\n");
    }
}

/// What differs from line to line.
struct Fields<'a> {
    time: UnixMillis,
    user: &'a str,
    method: &'a str,
    query: &'a str,
    status: u16,
    bytes_sent: usize,
    bytes_received: usize,
    milliseconds: u128,
}

/// One field: blanks become `+` as IIS writes them, nothing becomes `-`, controls are made visible.
fn field(text: &str) -> String {
    if text.is_empty() {
        return "-".to_owned();
    }
    printable(text, FIELD_CHARACTERS_MAX).replace(' ', "+")
}

/// The lines of a reply as one text that begins as its last line does: `550 5.7.64 first second`.
/// A code or status that a further line repeats is left out.
fn joined(lines: &[String]) -> String {
    let mut texts = lines.iter().map(String::as_str);
    let first = texts.next().unwrap_or_default();
    let code = first.get(..3).unwrap_or_default();
    let rest = first.get(4..).unwrap_or_default();
    let status = rest.split(' ').next().filter(|word| is_status(word)).unwrap_or_default();
    let mut joined = format!("{code} {rest}");
    for line in texts {
        let text = line.strip_prefix(code).and_then(|line| line.get(1..)).unwrap_or(line);
        let text = text.strip_prefix(status).unwrap_or(text).trim_start();
        joined.push(' ');
        joined.push_str(text);
    }
    joined.trim_end().to_owned()
}

/// Whether a word is an enhanced status code.
fn is_status(word: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    word.split('.').count() == 3 && word.split('.').all(digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capi2::tests::HOSTILE;

    const START: UnixMillis = UnixMillis(1_795_457_427_042);

    fn dialogue(session: &mut Session, lines: &[(i64, LogEvent, &str)]) -> String {
        let mut log = String::new();
        for (milliseconds, event, text) in lines {
            session.write(UnixMillis(START.0 + milliseconds), *event, text, &mut log);
        }
        log
    }

    #[test]
    fn a_refused_relay_reads_as_in_an_iis_log() {
        use LogEvent::{Connect, Disconnect, Information, Receive, Send};
        let mut session = Session::new(Side::Send, "MAIL01", "198.51.100.1", "192.0.2.10", 25);
        let lines = dialogue(
            &mut session,
            &[
                (0, Information, "attempting to connect"),
                (1, Connect, ""),
                (5, Receive, "220 gw.example.net ESMTP posthouse"),
                (6, Send, "EHLO mail.contoso.example"),
                (9, Receive, "250-gw.example.net Hello 192.0.2.10"),
                (9, Receive, "250-SIZE 37748736"),
                (9, Receive, "250 STARTTLS"),
                (10, Send, "STARTTLS"),
                (11, Receive, "220 2.0.0 SMTP server ready"),
                (20, Information, "Sending certificate"),
                (30, Send, "MAIL FROM:<ann@contoso.example> SIZE=1722"),
                (46, Receive, "250 2.1.0 Sender OK"),
                (50, Send, "RCPT TO:<bob@fabrikam.example>"),
                (
                    62,
                    Receive,
                    "550-5.7.64 TenantAttribution; Relay Access Denied [gw.example.net \
                 2026-11-23T18:10:27.104Z 9EMCV6SWP2T8M90S]",
                ),
                (62, Receive, "550 5.7.64 Your server sent 1 certificate"),
                (63, Send, "QUIT"),
                (64, Receive, "221 2.0.0 Service closing transmission channel"),
                (65, Disconnect, ""),
            ],
        );
        let log = header(START) + &lines;
        assert_eq!(log.replace("\r\n", "\n"), include_str!("golden/w3c_outbound.log"));
    }

    #[test]
    fn a_session_opened_to_us_has_a_line_for_each_command() {
        use LogEvent::{Receive, Send};
        let mut session = Session::new(Side::Receive, "MAIL01", "192.0.2.20", "192.0.2.10", 25);
        let lines = dialogue(
            &mut session,
            &[
                (0, Send, "220 mail.contoso.example ESMTP posthouse"),
                (3, Receive, "EHLO app01"),
                (3, Send, "250 mail.contoso.example Hello 192.0.2.20 SIZE 37748736"),
                (4, Receive, "AUTH LOGIN"),
                (4, Send, "334 <authentication response>"),
                (5, Receive, "<authentication information>"),
                (9, Send, "235 2.7.0 Authentication successful"),
                (9, Receive, "MAIL FROM: <app@contoso.example>"),
                (9, Send, "250 2.1.0 Sender OK"),
                (10, Receive, "RCPT TO:<bob@fabrikam.example>"),
                (10, Send, "550 5.7.54 Unable to relay"),
                (11, Receive, "DATA"),
                (11, Send, "354 Start mail input; end with <CRLF>.<CRLF>"),
                (31, Send, "250 2.6.0 <1@contoso.example> Queued mail for delivery"),
                (32, Receive, "QUIT"),
                (32, Send, "221 2.0.0 Service closing transmission channel"),
            ],
        );
        assert_eq!(lines.replace("\r\n", "\n"), include_str!("golden/w3c_inbound.log"));
    }

    #[test]
    fn web_09_a_peers_words_stay_in_their_field() {
        let mut session = Session::new(Side::Send, "MAIL01", "198.51.100.1", "", 25);
        let reply = format!("550 {HOSTILE}\r\n2026-01-01 00:00:00 forged");
        let line = dialogue(&mut session, &[(0, LogEvent::Receive, &reply)]);
        assert_eq!(line.matches(['\r', '\n']).count(), 2, "{line}");
        assert_eq!(line.trim_end().split(' ').count(), 21, "{line}");
    }

    #[test]
    fn a_reply_without_end_is_cut() {
        let mut session = Session::new(Side::Send, "MAIL01", "198.51.100.1", "", 25);
        let mut lines = vec![(0, LogEvent::Receive, "250-more"); 1000];
        lines.push((0, LogEvent::Receive, "250 end"));
        let line = dialogue(&mut session, &lines);
        assert_eq!(line.matches("more").count(), REPLY_LINES_MAX);
    }
}
