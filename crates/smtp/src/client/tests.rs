//! The client against scripted servers: each claim is one dialogue. Here transactions; in
//! `session` what comes before and around them.

use std::sync::Arc;

use posthouse_types::{
    Address, Domain, DsnNotify, DsnReturn, EnhancedStatus, MailParameters, Reason, Recipient,
    RecipientParameters, UnixMillis,
};

use super::*;

mod session;

const NOW: UnixMillis = UnixMillis(1_750_000_000_000);

/// A client, driven by hand.
struct Talk {
    client: Client,
    now: UnixMillis,
}

fn options(tls: TlsWish) -> Arc<ClientOptions> {
    Arc::new(ClientOptions {
        helo_name: "edge.contoso.example".into(),
        tls,
        timeouts: ClientTimeouts::default(),
        log_lines: true,
    })
}

impl Talk {
    fn new(tls: TlsWish) -> Self {
        Self { client: Client::new(options(tls)), now: NOW }
    }

    /// A client that is ready, on a server that offers this.
    fn ready(offers: &[&str]) -> Self {
        let mut talk = Self::new(TlsWish::Never);
        talk.hear("220 mx.example ESMTP");
        assert_eq!(talk.said(), "EHLO edge.contoso.example\r\n");
        talk.hear_offers(offers);
        assert!(matches!(talk.step(), ClientStep::Ready));
        talk
    }

    fn step(&mut self) -> ClientStep {
        self.client.next_step(self.now)
    }

    fn hear(&mut self, line: &str) {
        self.client.receive(format!("{line}\r\n").as_bytes());
    }

    fn hear_offers(&mut self, offers: &[&str]) {
        let mut lines = vec!["mx.example"];
        lines.extend(offers);
        let (last, first) = lines.split_last().unwrap();
        for line in first {
            self.hear(&format!("250-{line}"));
        }
        self.hear(&format!("250 {last}"));
    }

    /// What the client sends now.
    fn said(&mut self) -> String {
        assert!(matches!(self.step(), ClientStep::Send { .. }), "{:?}", self.client);
        String::from_utf8(self.client.take_output()).unwrap()
    }

    fn begin(&mut self, transaction: Transaction) {
        self.client.begin(transaction).unwrap();
    }

    fn finished(&mut self) -> Vec<RecipientOutcome> {
        match self.step() {
            ClientStep::Finished(outcomes) => outcomes,
            other => panic!("not finished: {other:?}"),
        }
    }

    fn closed(&mut self) -> Option<SessionFailure> {
        match self.step() {
            ClientStep::Closed(failure) => failure,
            other => panic!("not closed: {other:?}"),
        }
    }

    /// Goes as far as the answer to the message.
    fn send_message(&mut self) {
        assert!(matches!(self.step(), ClientStep::BodyWanted));
        self.client.body(b"Subject: x\r\n\r\n.hello");
        self.client.body_end();
        assert_eq!(self.said(), "Subject: x\r\n\r\n..hello\r\n.\r\n");
        assert!(matches!(self.step(), ClientStep::Receive { .. }));
    }
}

fn address(text: &str) -> Address {
    let (local, domain) = text.rsplit_once('@').unwrap();
    Address::new(local, Domain::from_normalized(domain))
}

fn transaction(recipients: &[&str]) -> Transaction {
    Transaction {
        sender: Some(address("a@contoso.example")),
        recipients: recipients
            .iter()
            .map(|text| Recipient {
                address: address(text),
                parameters: RecipientParameters::default(),
            })
            .collect(),
        parameters: MailParameters::default(),
        size: 20,
        has_8bit: false,
    }
}

fn reason_of(outcome: &RecipientOutcome) -> Option<Reason> {
    match outcome {
        RecipientOutcome::Delivered { .. } => None,
        RecipientOutcome::Deferred { reason, .. } | RecipientOutcome::Failed { reason, .. } => {
            Some(*reason)
        }
    }
}

fn is_deferred(outcome: &RecipientOutcome) -> bool {
    matches!(outcome, RecipientOutcome::Deferred { .. })
}

#[test]
fn a_pipelined_envelope_goes_in_one_round_trip() {
    let mut talk = Talk::ready(&["PIPELINING", "SIZE 1000"]);
    talk.begin(transaction(&["x@d.example", "y@d.example"]));
    assert_eq!(
        talk.said(),
        "MAIL FROM:<a@contoso.example> SIZE=20\r\nRCPT TO:<x@d.example>\r\n\
         RCPT TO:<y@d.example>\r\nDATA\r\n"
    );
    for line in ["250 2.1.0 ok", "250 2.1.5 ok", "550 5.1.1 no such user"] {
        talk.hear(line);
    }
    talk.hear("354 go");
    talk.send_message();
    talk.hear("250 2.0.0 queued as 42");
    let outcomes = talk.finished();
    let RecipientOutcome::Delivered { reply, dsn_passed_on: false } = &outcomes[0] else {
        panic!("{outcomes:?}");
    };
    assert_eq!(reply.lines, ["queued as 42"]);
    assert_eq!(reason_of(&outcomes[1]), Some(Reason::RemoteRefused));
    assert!(matches!(talk.step(), ClientStep::Ready));
    talk.client.quit();
    assert_eq!(talk.said(), "QUIT\r\n");
    talk.hear("221 bye");
    assert_eq!(talk.closed(), None);
}

#[test]
fn without_pipelining_each_command_waits_for_its_answer() {
    let mut talk = Talk::ready(&[]);
    talk.begin(transaction(&["x@d.example", "y@d.example"]));
    assert_eq!(talk.said(), "MAIL FROM:<a@contoso.example>\r\n");
    assert!(matches!(talk.step(), ClientStep::Receive { .. }));
    talk.hear("250 ok");
    assert_eq!(talk.said(), "RCPT TO:<x@d.example>\r\n");
    talk.hear("450 4.2.1 later");
    assert_eq!(talk.said(), "RCPT TO:<y@d.example>\r\n");
    talk.hear("250 ok");
    assert_eq!(talk.said(), "DATA\r\n");
    talk.hear("354 go");
    talk.send_message();
    talk.hear("451 4.3.0 disk");
    let outcomes = talk.finished();
    assert!(outcomes.iter().all(is_deferred));
    assert_eq!(outcomes[0].reply().unwrap().lines, ["later"]);
    assert_eq!(outcomes[1].reply().unwrap().lines, ["disk"]);
    assert!(matches!(talk.step(), ClientStep::Ready));
}

#[test]
fn where_every_recipient_is_refused_the_session_is_reset_and_goes_on() {
    let mut talk = Talk::ready(&[]);
    talk.begin(transaction(&["x@d.example"]));
    talk.said();
    talk.hear("250 ok");
    talk.said();
    talk.hear("550 5.7.64 TenantAttribution; Relay Access Denied");
    let outcomes = talk.finished();
    assert_eq!(reason_of(&outcomes[0]), Some(Reason::RelayRefused));
    assert_eq!(talk.said(), "RSET\r\n");
    talk.hear("250 ok");
    assert!(matches!(talk.step(), ClientStep::Ready));
}

#[test]
fn a_354_for_nobody_is_answered_by_a_lone_dot() {
    let mut talk = Talk::ready(&["PIPELINING"]);
    talk.begin(transaction(&["x@d.example"]));
    talk.said();
    for line in ["250 ok", "550 no", "354 go"] {
        talk.hear(line);
    }
    assert_eq!(talk.said(), ".\r\n");
    talk.hear("554 no valid recipients");
    assert_eq!(talk.finished()[0].reply().unwrap().lines, ["no"]);
    assert!(matches!(talk.step(), ClientStep::Ready));
}

#[test]
fn a_server_that_takes_what_it_refused_gets_not_even_a_dot() {
    let mut talk = Talk::ready(&["PIPELINING"]);
    talk.begin(transaction(&["x@d.example"]));
    talk.said();
    for line in ["550 sender refused", "250 ok", "354 go"] {
        talk.hear(line);
    }
    assert_eq!(talk.finished()[0].reply().unwrap().lines, ["sender refused"]);
    assert_eq!(talk.closed().unwrap().reason, Reason::ProtocolError);
}

#[test]
fn a_refused_sender_is_refused_for_every_recipient() {
    let mut talk = Talk::ready(&[]);
    talk.begin(transaction(&["x@d.example", "y@d.example"]));
    talk.said();
    talk.hear("553 5.1.8 who are you");
    let outcomes = talk.finished();
    assert_eq!(outcomes.len(), 2);
    for outcome in &outcomes {
        let RecipientOutcome::Failed { status, reply: Some(reply), .. } = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!((*status, reply.code), (EnhancedStatus(5, 1, 8), 553));
    }
}

#[test]
fn parameters_are_sent_where_they_are_offered_only() {
    let mut full = transaction(&["x@d.example"]);
    full.has_8bit = true;
    full.parameters.dsn_return = Some(DsnReturn::Headers);
    full.parameters.envelope_id = Some("id+2B1".into());
    full.recipients[0].parameters = RecipientParameters {
        notify: Some(DsnNotify { success: true, delay: true, ..DsnNotify::default() }),
        original: Some("rfc822;x@old.example".into()),
    };
    let mut talk = Talk::ready(&["PIPELINING", "SIZE", "8BITMIME", "DSN", "SMTPUTF8"]);
    talk.begin(full.clone());
    assert_eq!(
        talk.said(),
        "MAIL FROM:<a@contoso.example> SIZE=20 BODY=8BITMIME RET=HDRS ENVID=id+2B1\r\n\
         RCPT TO:<x@d.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x@old.example\r\nDATA\r\n"
    );
    for line in ["250 ok", "250 ok", "354 go"] {
        talk.hear(line);
    }
    talk.send_message();
    talk.hear("250 ok");
    let outcomes = talk.finished();
    assert!(matches!(&outcomes[0], RecipientOutcome::Delivered { dsn_passed_on: true, .. }));

    let mut talk = Talk::ready(&["PIPELINING"]);
    talk.begin(full);
    assert_eq!(talk.said(), "MAIL FROM:<a@contoso.example>\r\nRCPT TO:<x@d.example>\r\nDATA\r\n");
}

#[test]
fn the_null_sender_and_notify_never_are_written_as_the_rfcs_have_them() {
    let mut report = transaction(&["x@d.example"]);
    report.sender = None;
    let never = DsnNotify { never: true, ..DsnNotify::default() };
    report.recipients[0].parameters.notify = Some(never);
    let mut talk = Talk::ready(&["PIPELINING", "DSN"]);
    talk.begin(report);
    assert_eq!(talk.said(), "MAIL FROM:<>\r\nRCPT TO:<x@d.example> NOTIFY=NEVER\r\nDATA\r\n");
}

#[test]
fn a_message_too_large_for_the_server_fails_here() {
    let mut talk = Talk::ready(&["SIZE 19"]);
    talk.begin(transaction(&["x@d.example"]));
    let outcomes = talk.finished();
    let RecipientOutcome::Failed { reason, status, reply: None } = &outcomes[0] else {
        panic!("{outcomes:?}");
    };
    assert_eq!((*reason, *status), (Reason::RemoteSizeExceeded, EnhancedStatus(5, 3, 4)));
    assert!(matches!(talk.step(), ClientStep::Ready));
}

#[test]
fn an_address_that_needs_smtputf8_fails_alone_where_the_server_lacks_it() {
    let mut talk = Talk::ready(&["PIPELINING"]);
    let mut mixed = transaction(&["grå@d.example", "x@d.example"]);
    mixed.parameters.smtputf8 = true;
    talk.begin(mixed.clone());
    assert_eq!(talk.said(), "MAIL FROM:<a@contoso.example>\r\nRCPT TO:<x@d.example>\r\nDATA\r\n");
    for line in ["250 ok", "250 ok", "354 go"] {
        talk.hear(line);
    }
    talk.send_message();
    talk.hear("250 ok");
    let outcomes = talk.finished();
    let RecipientOutcome::Failed { reason, status, .. } = &outcomes[0] else {
        panic!("{outcomes:?}");
    };
    assert_eq!((*reason, *status), (Reason::SmtpUtf8NotOffered, EnhancedStatus(5, 6, 7)));
    assert!(matches!(&outcomes[1], RecipientOutcome::Delivered { .. }));

    let mut talk = Talk::ready(&["PIPELINING", "smtputf8"]);
    talk.begin(mixed);
    assert!(talk.said().starts_with("MAIL FROM:<a@contoso.example> SMTPUTF8\r\nRCPT TO:<grå@"));
}

#[test]
fn a_sender_that_needs_smtputf8_fails_for_every_recipient_where_the_server_lacks_it() {
    let mut talk = Talk::ready(&["PIPELINING"]);
    let mut mail = transaction(&["x@d.example", "y@d.example"]);
    mail.sender = Some(address("grå@contoso.example"));
    talk.begin(mail);
    for outcome in talk.finished() {
        assert_eq!(reason_of(&outcome), Some(Reason::SmtpUtf8NotOffered));
    }
    assert!(matches!(talk.step(), ClientStep::Ready));
}

#[test]
fn smtp_03_a_line_break_in_an_address_never_becomes_a_command() {
    let mut talk = Talk::ready(&["PIPELINING"]);
    talk.begin(transaction(&["x>\r\nRCPT TO:<y@d.example"]));
    assert_eq!(reason_of(&talk.finished()[0]), Some(Reason::SyntaxError));
    let mut other = transaction(&["x@d.example"]);
    other.recipients[0].parameters.original = Some("rfc822;x\r\nRSET".into());
    other.parameters.envelope_id = Some("a b".into());
    let mut talk = Talk::ready(&["PIPELINING", "DSN"]);
    talk.begin(other);
    assert_eq!(talk.said(), "MAIL FROM:<a@contoso.example>\r\nRCPT TO:<x@d.example>\r\nDATA\r\n");
}

#[test]
fn a_refusal_in_the_middle_of_the_body_ends_it_without_a_dot() {
    let mut talk = Talk::ready(&["PIPELINING"]);
    talk.begin(transaction(&["x@d.example"]));
    talk.said();
    for line in ["250 ok", "250 ok", "354 go"] {
        talk.hear(line);
    }
    talk.client.body(b"part");
    talk.said();
    talk.hear("552 5.3.4 too much");
    talk.client.body_end();
    let outcomes = talk.finished();
    assert!(matches!(&outcomes[0], RecipientOutcome::Failed { .. }), "{outcomes:?}");
    assert!(talk.closed().is_some());
    assert!(talk.client.take_output().is_empty());
}

#[test]
fn a_message_that_cannot_be_read_is_abandoned_without_a_dot() {
    let mut talk = Talk::ready(&["PIPELINING"]);
    talk.begin(transaction(&["x@d.example"]));
    talk.said();
    for line in ["250 ok", "250 ok", "354 go"] {
        talk.hear(line);
    }
    talk.client.body(b"part");
    talk.client.abandon(Reason::StoreUnavailable, "the stored message cannot be read");
    assert_eq!(reason_of(&talk.finished()[0]), Some(Reason::StoreUnavailable));
    assert!(talk.client.take_output().is_empty());
}

#[test]
fn rfc_1047_a_lost_answer_to_the_final_dot_is_deferred_and_in_doubt() {
    for lost in [Client::peer_closed as fn(&mut Client), Client::timed_out] {
        let mut talk = Talk::ready(&["PIPELINING"]);
        talk.begin(transaction(&["x@d.example"]));
        talk.said();
        for line in ["250 ok", "250 ok", "354 go"] {
            talk.hear(line);
        }
        talk.send_message();
        lost(&mut talk.client);
        let outcomes = talk.finished();
        let RecipientOutcome::Deferred { reason, in_doubt: true, .. } = &outcomes[0] else {
            panic!("{outcomes:?}");
        };
        assert_eq!(*reason, Reason::ConnectionLost);
    }
}

#[test]
fn a_552_to_a_later_recipient_means_too_many_not_never() {
    let mut talk = Talk::ready(&["PIPELINING"]);
    talk.begin(transaction(&["x@d.example", "y@d.example", "z@d.example"]));
    talk.said();
    for line in ["250 ok", "250 ok", "552 too many", "552 5.2.2 full", "354 go"] {
        talk.hear(line);
    }
    talk.send_message();
    talk.hear("250 ok");
    let outcomes = talk.finished();
    assert!(is_deferred(&outcomes[1]));
    assert!(matches!(&outcomes[2], RecipientOutcome::Failed { .. }));
}

#[test]
fn many_recipients_go_in_windows_so_that_neither_side_blocks_the_other() {
    let names: Vec<String> = (0..300).map(|number| format!("u{number}@d.example")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut talk = Talk::ready(&["PIPELINING"]);
    talk.begin(transaction(&names));
    let first = talk.said();
    assert_eq!(first.lines().count(), COMMANDS_DUE_MAX);
    let mut commands: VecDeque<String> = first.lines().map(str::to_owned).collect();
    let mut recipients = 0;
    while let Some(command) = commands.pop_front() {
        recipients += usize::from(command.starts_with("RCPT"));
        talk.hear(if command == "DATA" { "354 go" } else { "250 ok" });
        if matches!(talk.step(), ClientStep::Send { .. }) {
            commands.extend(talk.said().lines().map(str::to_owned));
        }
    }
    assert_eq!(recipients, 300);
    talk.send_message();
    talk.hear("250 ok");
    assert_eq!(talk.finished().len(), 300);
}

#[test]
fn begin_is_refused_while_a_transaction_runs_and_quit_waits_for_ready() {
    let mut talk = Talk::ready(&[]);
    talk.begin(transaction(&["x@d.example"]));
    let second = transaction(&["y@d.example"]);
    assert_eq!(*talk.client.begin(second.clone()).unwrap_err(), second);
    talk.client.quit();
    assert_eq!(talk.said(), "MAIL FROM:<a@contoso.example>\r\n");
}

#[test]
fn more_answers_than_commands_that_left_end_the_session() {
    let names: Vec<String> = (0..200).map(|number| format!("u{number}@d.example")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut talk = Talk::ready(&["PIPELINING"]);
    talk.begin(transaction(&names));
    talk.said();
    // The commands that follow are waiting to be sent; nobody can have answered them.
    talk.client.receive("250 ok\r\n".repeat(COMMANDS_DUE_MAX + 1).as_bytes());
    assert!(talk.finished().iter().all(is_deferred));
    assert_eq!(talk.closed().unwrap().reason, Reason::ProtocolError);
}

#[test]
fn half_a_line_that_nothing_asked_for_is_not_the_begin_of_an_answer() {
    let mut talk = Talk::ready(&[]);
    talk.client.receive(b"250 o");
    talk.begin(transaction(&["x@d.example"]));
    assert_eq!(reason_of(&talk.finished()[0]), Some(Reason::ProtocolError));
    assert!(talk.client.take_output().is_empty());
}
