//! Greeting, EHLO, STARTTLS, timeouts and the log.

use std::time::Duration;

use super::*;

#[test]
fn tls_begins_after_starttls_and_what_was_offered_before_is_forgotten() {
    let mut talk = Talk::new(TlsWish::Required);
    talk.hear("220 mx.example");
    talk.said();
    talk.hear_offers(&["STARTTLS", "PIPELINING", "DSN"]);
    assert_eq!(talk.said(), "STARTTLS\r\n");
    talk.hear("220 2.0.0 ready");
    assert!(matches!(talk.step(), ClientStep::StartTls));
    talk.client.secured();
    assert_eq!(talk.said(), "EHLO edge.contoso.example\r\n");
    talk.hear_offers(&["SIZE 5"]);
    assert!(matches!(talk.step(), ClientStep::Ready));
    let only_size = Capabilities { size: SizeOffer::Limit(5), ..Capabilities::default() };
    assert_eq!(talk.client.offered(), &only_size);
}

#[test]
fn smtp_05_anything_after_the_220_to_starttls_ends_the_session() {
    for extra in ["250 injected\r\n", "2", "\r\n"] {
        let mut talk = Talk::new(TlsWish::Opportunistic);
        talk.hear("220 mx.example");
        talk.said();
        talk.hear_offers(&["STARTTLS"]);
        talk.said();
        talk.client.receive(format!("220 ready\r\n{extra}").as_bytes());
        assert_eq!(talk.closed().unwrap().reason, Reason::ProtocolError, "{extra:?}");
    }
    let mut talk = Talk::new(TlsWish::Opportunistic);
    talk.hear("220 mx.example");
    talk.said();
    talk.hear_offers(&["STARTTLS"]);
    talk.said();
    talk.hear("220 ready");
    talk.hear("250 injected");
    assert_eq!(talk.closed().unwrap().reason, Reason::ProtocolError);
}

#[test]
fn smtp_05_an_answer_to_a_command_that_has_not_left_is_no_answer() {
    let mut talk = Talk::new(TlsWish::Opportunistic);
    talk.hear("220 mx.example");
    talk.said();
    talk.client.receive(b"250-mx.example\r\n250 STARTTLS\r\n220 go\r\n");
    assert_eq!(talk.closed().unwrap().reason, Reason::ProtocolError);
}

#[test]
fn smtp_05_where_tls_is_required_nothing_goes_in_clear() {
    let mut talk = Talk::new(TlsWish::Required);
    talk.hear("220 mx.example");
    talk.said();
    talk.hear_offers(&["PIPELINING"]);
    assert_eq!(talk.said(), "QUIT\r\n");
    talk.hear("221 bye");
    assert_eq!(talk.closed().unwrap().reason, Reason::TlsRequiredNotOffered);

    let mut talk = Talk::new(TlsWish::Required);
    talk.hear("220 mx.example");
    talk.said();
    talk.hear_offers(&["STARTTLS"]);
    talk.said();
    talk.hear("454 4.7.0 not now");
    assert_eq!(talk.said(), "QUIT\r\n");
    talk.client.peer_closed();
    let failure = talk.closed().unwrap();
    assert_eq!(failure.reason, Reason::TlsRequiredNotOffered);
    assert_eq!(failure.reply.unwrap().code, 454);
}

#[test]
fn opportunistic_tls_goes_on_in_clear_where_starttls_is_refused() {
    let mut talk = Talk::new(TlsWish::Opportunistic);
    talk.hear("220 mx.example");
    talk.said();
    talk.hear_offers(&["STARTTLS"]);
    talk.said();
    talk.hear("454 4.7.0 not now");
    assert!(matches!(talk.step(), ClientStep::Ready));
}

#[test]
fn a_failed_handshake_ends_the_session() {
    let mut talk = Talk::new(TlsWish::Opportunistic);
    talk.hear("220 mx.example");
    talk.said();
    talk.hear_offers(&["STARTTLS"]);
    talk.said();
    talk.hear("220 ready");
    talk.client.tls_failed("alert 42");
    let failure = talk.closed().unwrap();
    assert_eq!((failure.reason, failure.text.as_str()), (Reason::TlsHandshakeFailed, "alert 42"));
}

#[test]
fn a_server_that_does_not_know_ehlo_is_asked_by_helo() {
    let mut talk = Talk::new(TlsWish::Opportunistic);
    talk.hear("220 old.example");
    talk.said();
    talk.hear("502 what");
    assert_eq!(talk.said(), "HELO edge.contoso.example\r\n");
    talk.hear("250 hello");
    assert!(matches!(talk.step(), ClientStep::Ready));
    talk.begin(transaction(&["x@d.example"]));
    assert_eq!(talk.said(), "MAIL FROM:<a@contoso.example>\r\n");
}

#[test]
fn a_greeting_that_refuses_is_told_apart_by_its_class() {
    for (greeting, reason) in
        [("554 5.7.1 go away", Reason::RemoteRefused), ("450 later", Reason::RemoteDeferred)]
    {
        let mut talk = Talk::new(TlsWish::Never);
        talk.hear(greeting);
        assert_eq!(talk.said(), "QUIT\r\n");
        talk.hear("221 bye");
        let failure = talk.closed().unwrap();
        assert_eq!(failure.reason, reason);
        assert_eq!(failure.reply.unwrap().raw_lines(), [greeting]);
    }
    let mut talk = Talk::new(TlsWish::Never);
    talk.hear("SSH-2.0-OpenSSH_9.2");
    assert_eq!(talk.closed().unwrap().reason, Reason::ProtocolError);
}

#[test]
fn a_421_defers_whatever_it_answers() {
    let answers = ["250 ok", "250 ok", "354 go", "250 ok"];
    for refused_at in 0..answers.len() {
        let mut talk = Talk::ready(&[]);
        talk.begin(transaction(&["x@d.example"]));
        for answer in &answers[..refused_at] {
            if matches!(talk.step(), ClientStep::BodyWanted) {
                talk.client.body_end();
            }
            talk.said();
            talk.hear(answer);
        }
        if matches!(talk.step(), ClientStep::BodyWanted) {
            talk.client.body_end();
        }
        talk.said();
        talk.hear("421 4.3.2 closing");
        let outcomes = talk.finished();
        let RecipientOutcome::Deferred { reason, status, in_doubt, .. } = &outcomes[0] else {
            panic!("{refused_at}: {outcomes:?}");
        };
        assert_eq!((*reason, *in_doubt), (Reason::RemoteDeferred, false), "{refused_at}");
        assert_eq!(*status, EnhancedStatus(4, 3, 2));
        assert_eq!(talk.closed().unwrap().reason, Reason::RemoteDeferred);
    }
}

#[test]
fn codes_of_an_unexpected_class_end_the_session_and_defer() {
    let answers = ["250 ok", "250 ok", "354 go", "250 ok"];
    let wrong = ["354 go", "354 go", "250 ok", "354 go"];
    for wrong_at in 0..answers.len() {
        let mut talk = Talk::ready(&[]);
        talk.begin(transaction(&["x@d.example"]));
        for place in 0..=wrong_at {
            if matches!(talk.step(), ClientStep::BodyWanted) {
                talk.client.body_end();
            }
            talk.said();
            talk.hear(if place == wrong_at { wrong[place] } else { answers[place] });
        }
        let outcomes = talk.finished();
        assert!(is_deferred(&outcomes[0]), "{wrong_at}");
        assert_eq!(reason_of(&outcomes[0]), Some(Reason::ProtocolError), "{wrong_at}");
        assert_eq!(talk.closed().unwrap().reason, Reason::ProtocolError);
    }
}

#[test]
fn a_server_that_drips_its_answer_does_not_outlast_the_timeout() {
    let mut talk = Talk::new(TlsWish::Never);
    let ClientStep::Receive { until } = talk.step() else { panic!("a greeting is due") };
    assert_eq!(until.since(NOW), ClientTimeouts::default().greeting);
    for second in 1..300 {
        talk.now = NOW + Duration::from_secs(second);
        talk.hear("220-still here");
        assert!(matches!(talk.step(), ClientStep::Receive { until: same } if same == until));
    }
    talk.now = until;
    assert_eq!(talk.closed().unwrap().reason, Reason::ConnectionLost);
}

#[test]
fn the_log_has_each_command_and_each_reply_line_but_no_body() {
    let mut talk = Talk::ready(&["PIPELINING"]);
    talk.begin(transaction(&["x@d.example"]));
    talk.said();
    for line in ["250 ok", "250 ok", "354 go"] {
        talk.hear(line);
    }
    talk.send_message();
    talk.hear("550-5.7.1 no\u{1b}[2J\r\n550 5.7.1 really");
    let log: Vec<String> = talk
        .client
        .take_log()
        .into_iter()
        .map(|line| {
            let sign = match line.direction {
                LogDirection::Sent => '>',
                LogDirection::Received => '<',
                LogDirection::Info => '*',
            };
            format!("{sign} {}", line.text)
        })
        .collect();
    assert_eq!(
        log,
        [
            "< 220 mx.example ESMTP",
            "> EHLO edge.contoso.example",
            "< 250-mx.example",
            "< 250 PIPELINING",
            "> MAIL FROM:<a@contoso.example>",
            "> RCPT TO:<x@d.example>",
            "> DATA",
            "< 250 ok",
            "< 250 ok",
            "< 354 go",
            "< 550-5.7.1 no\\u{1b}[2J",
            "< 550 5.7.1 really",
        ]
    );
    assert!(talk.client.take_log().is_empty());
}
