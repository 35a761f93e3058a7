//! Framing attacks on the server: no octets around a dot, no command injected, cut or mixed in,
//! ever make a second message or a command of what was content.

mod server_support;

use posthouse_smtp::LineEnds;
use posthouse_types::Reason;
use proptest::prelude::*;

use server_support::{Session, codes, limited, options};

/// Every published spelling of a false end of data (VU#302671), and the NUL ones.
const FALSE_ENDS: [&str; 18] = [
    "\n.\n",
    "\n.\r\n",
    "\r\n.\n",
    "\r.\r",
    "\r\n.\r",
    "\n.\r",
    "\r.\n",
    "\r.\r\n",
    "\r\r\n.\r\r\n",
    "\r\n\0.\r\n",
    "\r\n.\0\r\n",
    "\0\r\n.\r\0\n",
    "\r\0\n.\r\n",
    "\n\0.\n",
    "\0.\0",
    "\n\r.\n\r",
    "\n..\r\n",
    "\r\n.\r.\r\n",
];

const SMUGGLED: &str =
    "MAIL FROM:<evil@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nsecond\r\n.\r\nQUIT\r\n";

fn smuggling_body(end: &str) -> String {
    format!("Subject: first\r\n\r\nfirst{end}{SMUGGLED}")
}

/// Sends in two pieces cut at `at`.
fn send_cut(session: &mut Session, octets: &[u8], at: usize) {
    let (front, back) = octets.split_at(at);
    session.send(front);
    session.send(back);
}

#[test]
fn smtp_01_no_false_end_of_data_makes_a_second_message() {
    for end in FALSE_ENDS {
        let mut session = Session::in_data(options());
        let replies = session.say(&smuggling_body(end));
        assert_eq!(session.messages.len(), 0, "{end:?}");
        assert_eq!(codes(&replies), [550], "{end:?}: {replies}");
        assert!(replies.starts_with("550 5.5.2 "), "{replies}");
        let reason = session.notes.last().copied();
        let nul_first = end.find('\0') < end.find(['\r', '\n']).filter(|_| end.contains('\0'));
        let expected = if end.starts_with('\0') || (end.contains('\0') && !nul_first) {
            [Some(Reason::NulOctet), Some(Reason::BareLineEnding)]
        } else {
            [Some(Reason::BareLineEnding); 2]
        };
        assert!(expected.contains(&reason), "{end:?} {reason:?}");
        assert!(session.closed && session.discards == 1, "{end:?}");
    }
}

#[test]
fn smtp_01_cleaning_never_makes_a_second_message_either() {
    for end in FALSE_ENDS {
        let mut cleaning = options();
        cleaning.line_ends = LineEnds::Clean;
        let mut session = Session::in_data(cleaning);
        session.say(&smuggling_body(end));
        assert!(session.messages.len() <= 1, "{end:?}");
        for message in &session.messages {
            let text = String::from_utf8(message.clone()).unwrap();
            assert!(text.contains("MAIL FROM:<evil@b.example>"), "content stays content: {text}");
            assert!(!text.replace("\r\n", "").contains(['\r', '\n', '\0']), "{text:?}");
        }
    }
}

#[test]
fn smtp_02_cut_at_every_octet_the_outcome_is_the_same() {
    for end in FALSE_ENDS.into_iter().chain(["\r\n.\r\n", "\r\n..\r\n"]) {
        let body = smuggling_body(end);
        // As DATA's own end is honest here, what follows it is a pipelined second message whose
        // own DATA would be pipelined unlawfully: cut the tail there.
        let body = body.replace("DATA\r\nsecond\r\n.\r\n", "RSET\r\n");
        let body = format!("{body}\r\n.\r\n");
        let mut whole = Session::in_data(options());
        whole.say(&body);
        for at in 0..body.len() {
            let mut cut = Session::in_data(options());
            send_cut(&mut cut, body.as_bytes(), at);
            assert_eq!(whole.replies, cut.replies, "{end:?} at {at}");
            assert_eq!(whole.messages, cut.messages, "{end:?} at {at}");
            assert_eq!(whole.notes, cut.notes, "{end:?} at {at}");
        }
    }
}

#[test]
fn smtp_01_chunks_with_false_ends_are_refused_wherever_they_are_cut() {
    for end in FALSE_ENDS.into_iter().filter(|end| *end != "\r\n.\r\n") {
        let content = format!("first{end}MAIL FROM:<evil@b.example>\r\n");
        for at in 0..=content.len() {
            let (front, back) = content.split_at(at);
            let input = format!(
                "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nBDAT {}\r\n{front}BDAT {} \
                 LAST\r\n{back}QUIT\r\n",
                front.len(),
                back.len()
            );
            let mut session = Session::esmtp(options());
            let replies = session.say(&input);
            assert_eq!(session.messages.len(), 0, "{end:?} at {at}");
            assert!(replies.contains("550 5.5.2") && session.closed, "{end:?} at {at}: {replies}");
        }
    }
}

#[test]
fn smtp_01_a_dot_line_in_a_chunk_is_content() {
    let mut session = Session::esmtp(options());
    let content = "a\r\n.\r\nMAIL FROM:<evil@b.example>\r\n";
    session.say(&format!(
        "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nBDAT {} LAST\r\n{content}",
        content.len()
    ));
    assert_eq!(session.messages, [content.as_bytes()]);
}

#[test]
fn smtp_04_commands_injected_behind_starttls_are_never_answered() {
    let mut session = Session::esmtp(options());
    let replies = session.say("STARTTLS\r\nNOOP\r\nEHLO evil.example\r\nMAIL FROM:<a@b.example>");
    assert_eq!(replies, "220 2.0.0 SMTP server ready\r\n");
    assert!(session.server.is_secured() && session.server.helo().is_empty());
    assert_eq!(codes(&session.say("\r\n")), [500], "a new line, not the end of the old one");
    let mut session = Session::esmtp(options());
    session.say("STARTTLS\r\nBDAT 5 LAST\r\nab");
    assert_eq!(codes(&session.say("EHLO a.example\r\n")), [250]);
}

#[test]
fn tls_from_the_first_octet_keeps_the_greeting_and_offers_no_starttls() {
    let mut session = Session::silent(options());
    session.server.secured(session.now);
    session.run();
    assert_eq!(codes(&session.replies), [220]);
    assert!(!session.say("EHLO a.example\r\n").contains("STARTTLS"));
}

#[test]
fn smtp_07_an_http_request_ends_the_session_at_its_first_line() {
    for request in [
        "POST / HTTP/1.1\r\nHost: x\r\n\r\nMAIL FROM:<a@b.example>\r\n",
        "GET http://x/ HTTP/1.0\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "BREW /pot HTTP/1.1\r\n",
    ] {
        let mut session = Session::new();
        assert_eq!(codes(&session.say(request)), [554], "{request}");
        assert!(session.closed);
        assert_eq!(session.notes, [Reason::CommandUnknown]);
    }
}

#[test]
fn a_tls_hello_in_clear_ends_the_session() {
    let mut session = Session::new();
    session.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
    assert!(session.closed);
    assert_eq!(session.notes, [Reason::NulOctet]);
}

#[test]
fn smtp_08_a_chunk_cut_short_is_no_message() {
    let mut session = Session::esmtp(options());
    session.say("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nBDAT 10 LAST\r\n123456789");
    session.server.peer_closed();
    session.run();
    assert!(session.closed && session.messages.is_empty());
    assert_eq!(session.discards, 1);
}

#[test]
fn smtp_08_a_boundless_chunk_is_refused_at_once() {
    for octets in ["18446744073709551615", "99999999999999999999999", "5000000000"] {
        let mut session = Session::esmtp(options());
        session.say("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n");
        let replies = session.say(&format!("BDAT {octets} LAST\r\nabc"));
        assert!(replies.starts_with("552 5.3.4 ") && session.closed, "{replies}");
        assert_eq!((session.discards, session.messages.len()), (1, 0));
    }
}

#[test]
fn smtp_08_data_and_bdat_do_not_mix() {
    let mut session = Session::esmtp(options());
    session.say("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nBDAT 3\r\na\r\n");
    for command in ["DATA\r\n", "MAIL FROM:<a@b.example>\r\n", "RCPT TO:<e@d.example>\r\n"] {
        assert_eq!(codes(&session.say(command)), [503], "{command}");
    }
    assert_eq!(codes(&session.say("BDAT 0 LAST\r\n")), [250]);
    assert_eq!(session.messages, [b"a\r\n"]);
}

#[test]
fn smtp_08_a_refused_chunks_octets_are_not_commands() {
    let mut session = Session::esmtp(options());
    let replies = session.say("BDAT 6\r\nNOOP\r\nNOOP\r\n");
    assert_eq!(codes(&replies), [503, 250]);
    let replies = session.say("MAIL FROM:<a@b.example>\r\nBDAT 6 LAST\r\nNOOP\r\nRSET\r\n");
    assert_eq!(codes(&replies), [250, 554, 250]);
    let replies = session.say("BDAT x\r\nNOOP\r\n");
    assert_eq!(codes(&replies), [501]);
    assert!(session.closed, "where the chunk ends is not known");
}

#[test]
fn smtp_08_chunks_over_the_limit_are_swallowed_and_refused() {
    let mut session = Session::esmtp(limited(|limits| limits.message_bytes_max = 8));
    let replies = session.say(
        "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nBDAT 5\r\nabc\r\nBDAT 6\r\nRSET\r\nBDAT \
         6 LAST\r\nRSET\r\nNOOP\r\n",
    );
    assert_eq!(codes(&replies), [250, 250, 250, 552, 503, 250]);
    assert_eq!((session.discards, session.messages.len()), (1, 0));
    assert!(!session.server.in_transaction());
}

#[test]
fn smtp_09_octets_before_the_greeting_are_refused_and_never_read() {
    let mut session = Session::silent(options());
    let replies = session.say("EHLO a.example\r\nQUIT\r\n");
    assert_eq!(codes(&replies), [554], "and no 220: {replies}");
    assert_eq!(session.notes, [Reason::UnauthorisedPipelining]);
    assert!(session.closed);
}

#[test]
fn unauthorised_pipelining_is_refused() {
    for group in [
        "EHLO a.example\r\nMAIL FROM:<a@b.example>\r\n",
        "HELO a.example\r\nMAIL FROM:<a@b.example>\r\n",
    ] {
        let mut session = Session::new();
        assert_eq!(codes(&session.say(group)), [503], "{group}");
        assert!(session.closed);
        assert_eq!(session.notes, [Reason::UnauthorisedPipelining]);
    }
    let mut session = Session::esmtp(options());
    session.say("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nbody\r\n.\r\n");
    assert_eq!(session.notes, [Reason::UnauthorisedPipelining]);
    assert!(session.closed && session.messages.is_empty() && session.discards == 1);
    let mut session = Session::new();
    session.say("HELO a.example\r\n");
    session.say("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n");
    assert_eq!(session.notes, [Reason::UnauthorisedPipelining], "HELO offers no PIPELINING");
}

#[test]
fn a_command_that_lf_alone_ends_is_refused() {
    let mut session = Session::esmtp(options());
    assert_eq!(codes(&session.say("NOOP\nQUIT\r\n")), [500]);
    assert_eq!(session.notes, [Reason::BareLineEnding]);
    assert!(session.closed);
}

proptest! {
    #[test]
    fn smtp_02_any_session_cut_anywhere_has_the_same_outcome(
        content in "[a\r\n.\0]{0,24}", cut in 0..400usize, every in 1..8usize, chunked: bool,
    ) {
        // One batch without a command that must be last: MAIL, RCPT, BDAT or what follows 354.
        let tail = "RSET\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<unknown@d.example>\r\nQUIT\r\n";
        let (start, input) = if chunked {
            let input = format!(
                "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nBDAT {}\r\n{content}BDAT 2 \
                 LAST\r\n\r\n{tail}", content.len());
            (Session::esmtp as fn(_) -> Session, input)
        } else {
            (Session::in_data as fn(_) -> Session, format!("{content}\r\n.\r\n{tail}"))
        };
        let mut whole = start(options());
        whole.say(&input);
        let mut halves = start(options());
        send_cut(&mut halves, input.as_bytes(), cut.min(input.len()));
        let mut pieces = start(options());
        for piece in input.as_bytes().chunks(every) {
            pieces.send(piece);
        }
        for other in [&halves, &pieces] {
            prop_assert_eq!(&whole.replies, &other.replies);
            prop_assert_eq!(&whole.messages, &other.messages);
            prop_assert_eq!(&whole.notes, &other.notes);
            prop_assert_eq!(whole.closed, other.closed);
        }
    }
}
