//! AUTH as a client sees it: where it is offered, in which order, and what cannot be read.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

mod server_support;

use posthouse_smtp::{Authentication, LogDirection, Server, ServerOptions};
use posthouse_types::Reason;
use proptest::prelude::*;
use server_support::{Session, codes, options, play};

fn with(authentication: Authentication) -> ServerOptions {
    ServerOptions { authentication: Some(authentication), ..options() }
}

/// A session inside TLS that said EHLO.
fn secured(authentication: Authentication) -> Session {
    let mut session = Session::esmtp(with(authentication));
    session.say("STARTTLS\r\n");
    session.say("EHLO client.example\r\n");
    session
}

#[test]
fn plain_with_an_initial_response_logs_in() {
    let mut session = secured(Authentication::Offered);
    // NUL alice NUL secret
    assert_eq!(
        session.say("AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n"),
        "235 2.7.0 Authentication successful\r\n"
    );
    assert_eq!(session.server.user(), Some("alice"));
    assert_eq!(codes(&session.say("AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n")), [503]);
    assert_eq!(codes(&session.say("MAIL FROM:<a@b.example> AUTH=<>\r\n")), [250]);
}

#[test]
fn login_asks_for_user_and_password() {
    play(
        with(Authentication::Offered),
        r"
        S: 220 mx.gateway.example ESMTP posthouse
        C: EHLO client.example
        S: 250-mx.gateway.example Hello [192.0.2.1]
        S: 250-SIZE 37748736
        S: 250-PIPELINING
        S: 250-DSN
        S: 250-ENHANCEDSTATUSCODES
        S: 250-STARTTLS
        S: 250-8BITMIME
        S: 250-CHUNKING
        S: 250 SMTPUTF8
        C: AUTH LOGIN
        note tls-required
        S: 530 5.7.0 Must issue a STARTTLS command first
        C: STARTTLS
        S: 220 2.0.0 SMTP server ready
        tls
        C: EHLO client.example
        S: 250-mx.gateway.example Hello [192.0.2.1]
        S: 250-SIZE 37748736
        S: 250-PIPELINING
        S: 250-DSN
        S: 250-ENHANCEDSTATUSCODES
        S: 250-AUTH PLAIN LOGIN
        S: 250-8BITMIME
        S: 250-CHUNKING
        S: 250 SMTPUTF8
        C: AUTH LOGIN
        S: 334 VXNlcm5hbWU6
        C: YWxpY2U=
        S: 334 UGFzc3dvcmQ6
        C: c2VjcmV0
        authenticate alice
        S: 235 2.7.0 Authentication successful
        C: QUIT
        S: 221 2.0.0 Service closing transmission channel
        close
        ",
    );
}

#[test]
fn a_submission_port_takes_no_mail_without_tls_and_a_user() {
    let mut session = Session::esmtp(with(Authentication::Required));
    let clear = session.say("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n");
    assert!(clear.starts_with("530 5.7.0 Must issue a STARTTLS command first"), "{clear}");
    assert_eq!(codes(&clear), [530, 503]);
    let mut session = secured(Authentication::Required);
    let nobody = session.say("MAIL FROM:<a@b.example>\r\n");
    assert!(nobody.starts_with("530 5.7.57 Client not authenticated"), "{nobody}");
    session.say("AUTH LOGIN YWxpY2U=\r\n");
    session.say("c2VjcmV0\r\n");
    assert_eq!(codes(&session.say("MAIL FROM:<a@b.example>\r\n")), [250]);
    assert_eq!(session.server.user(), Some("alice"));
}

#[test]
fn a_gateway_that_offers_no_log_in_knows_no_auth() {
    let mut session = Session::esmtp(options());
    session.say("STARTTLS\r\n");
    assert!(!session.say("EHLO client.example\r\n").contains("AUTH"));
    assert_eq!(codes(&session.say("AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n")), [502]);
    assert_eq!(codes(&session.say("MAIL FROM:<a@b.example> AUTH=<>\r\n")), [555]);
}

#[test]
fn what_cannot_be_read_ends_the_exchange_with_a_reply() {
    for (lines, code) in [
        (&["AUTH"][..], 501),
        (&["AUTH CRAM-MD5"], 504),
        (&["AUTH NTLM TlRMTVNTUAAB"], 504),
        (&["AUTH PLAIN a b c"], 501),
        (&["AUTH PLAIN ="], 501),
        (&["AUTH PLAIN AGFsaWNlAHNlY3JldA"], 501),
        (&["AUTH PLAIN", "*"], 501),
        (&["AUTH PLAIN", "not base64"], 501),
        (&["AUTH LOGIN =", "c2VjcmV0"], 501),
        (&["AUTH LOGIN", "YWxpY2U=", "*"], 501),
    ] {
        let mut session = secured(Authentication::Offered);
        let replies: Vec<_> =
            lines.iter().map(|line| session.say(&format!("{line}\r\n"))).collect();
        assert_eq!(codes(replies.last().unwrap()), [code], "{lines:?}");
        assert_eq!(session.server.user(), None);
        assert_eq!(codes(&session.say("NOOP\r\n")), [250], "{lines:?}");
    }
}

#[test]
fn smtp_14_an_oversized_response_closes_the_session() {
    let mut session = secured(Authentication::Offered);
    session.say("AUTH PLAIN\r\n");
    let reply = session.say(&"A".repeat(12_288));
    assert!(reply.starts_with("500 5.5.6 Authentication exchange line is too long"), "{reply}");
    assert!(session.closed);
    let mut session = secured(Authentication::Offered);
    session.say("AUTH PLAIN\r\n");
    assert_eq!(codes(&session.say(&format!("{}\r\n", "A".repeat(12_284)))), [501]);
}

#[test]
fn guessing_ends_after_three_wrong_passwords() {
    let mut session = secured(Authentication::Offered);
    for _ in 0..2 {
        assert_eq!(codes(&session.say("AUTH PLAIN AGFsaWNlAHdyb25n\r\n")), [535]);
    }
    assert_eq!(codes(&session.say("AUTH PLAIN AGFsaWNlAHdyb25n\r\n")), [535, 421]);
    assert!(session.closed);
    assert_eq!(session.notes, [Reason::TooManyErrors]);
}

#[test]
fn auth_may_not_stand_inside_a_transaction_or_be_pipelined() {
    let mut session = secured(Authentication::Offered);
    session.say("MAIL FROM:<a@b.example>\r\n");
    assert_eq!(codes(&session.say("AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n")), [503]);
    let mut session = secured(Authentication::Offered);
    let replies = session.say("AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\nMAIL FROM:<a@b.example>\r\n");
    assert_eq!(codes(&replies), [503]);
    assert!(session.closed && session.server.user().is_none());
}

#[test]
fn web_13_nothing_that_a_user_logs_in_with_is_in_the_log() {
    let options = ServerOptions { log_lines: true, ..with(Authentication::Offered) };
    let mut session = Session::esmtp(options);
    session.say("STARTTLS\r\n");
    session.say("EHLO client.example\r\n");
    session.say("AUTH PLAIN AGFsaWNlAHdyb25n\r\n");
    session.say("AUTH LOGIN YWxpY2U=\r\n");
    session.say("c2VjcmV0\r\n");
    session.say("c2VjcmV0\r\n");
    let log = session.server.take_log();
    let text: String = log.iter().map(|line| format!("{}\n", line.text)).collect();
    for secret in ["AGFsaWNlAHdyb25n", "YWxpY2U=", "c2VjcmV0", "secret", "VXNlcm5hbWU6"] {
        assert!(!text.contains(secret), "{secret} in\n{text}");
    }
    let own = |direction| log.iter().filter(move |line| line.direction == direction);
    assert_eq!(
        own(LogDirection::Sent).next().unwrap().text,
        "220 mx.gateway.example ESMTP posthouse"
    );
    assert!(text.contains("AUTH PLAIN <authentication information>\n535 5.4.1"), "{text}");
    assert!(
        text.contains("334 <authentication response>\n<authentication information>\n"),
        "{text}"
    );
    assert!(text.contains("250 mx.gateway.example Hello [192.0.2.1] SIZE 37748736 PIPELINING"));
}

proptest! {
    #[test]
    fn smtp_14_no_octets_within_an_exchange_make_it_panic(
        mechanism in prop::sample::select(vec!["PLAIN", "LOGIN", "plain ", "LOGIN =", ""]),
        octets in prop::collection::vec(any::<u8>(), 0..600),
        cut in 0_usize..600,
    ) {
        let mut session = secured(Authentication::Required);
        session.say(&format!("AUTH {mechanism}\r\n"));
        let cut = cut.min(octets.len());
        session.send(&octets[..cut]);
        session.send(&octets[cut..]);
        session.send(b"\r\n*\r\n");
        prop_assert_eq!(session.server.user(), None);
    }

    #[test]
    fn smtp_14_no_initial_response_makes_it_panic(response in "[A-Za-z0-9+/=*\\x00-\\x20]{0,200}") {
        let mut session = secured(Authentication::Offered);
        session.say(&format!("AUTH PLAIN {response}\r\n"));
        let server: &Server = &session.server;
        prop_assert!(server.user().is_none());
    }
}
