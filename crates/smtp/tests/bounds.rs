//! Every bound of a session: sizes, counts and times, and that honest peers stay within them.

mod server_support;

use std::time::Duration;

use posthouse_types::{EnhancedStatus, Reason, Refusal, UnixMillis};
use proptest::prelude::*;

use server_support::{Session, codes, limited, options, refusal};

const MAIL: &str = "MAIL FROM:<a@b.example>\r\n";

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[test]
fn smtp_13_a_line_without_end_closes_the_session_at_its_limit() {
    for (verb, octets) in [("NOOP ", 512), ("MAIL FROM:<", 4096)] {
        let mut session = Session::esmtp(options());
        session.say(verb);
        let drip = vec![b'a'; octets - verb.len() - 1];
        assert_eq!(session.send(&drip), "", "not over the limit yet");
        let replies = session.say("a");
        assert!(replies.starts_with("500 5.5.6 ") && session.closed, "{replies}");
        assert_eq!(session.notes, [Reason::LineTooLong]);
    }
}

#[test]
fn smtp_13_replies_to_a_large_batch_are_sent_piece_by_piece() {
    let mut session = Session::esmtp(options());
    let before = session.sends;
    let replies = session.say(&"VRFY a\r\n".repeat(2000));
    assert_eq!(codes(&replies).len(), 2000);
    assert!(session.sends > before + 5, "the output is bounded");
}

#[test]
fn smtp_15_vrfy_and_expn_say_nothing_about_who_exists() {
    let mut session = Session::esmtp(options());
    assert_eq!(session.say("VRFY root\r\n"), session.say("VRFY nobody\r\n"));
    assert_eq!(codes(&session.say("VRFY root\r\nEXPN staff\r\nHELP\r\n")), [252, 502, 214]);
}

#[test]
fn smtp_15_guessing_recipients_ends_the_session() {
    let mut session = Session::esmtp(limited(|limits| limits.refused_recipients_max = 3));
    session.say(MAIL);
    let replies = session.say(&"RCPT TO:<unknown@d.example>\r\n".repeat(6));
    assert_eq!(codes(&replies), [550, 550, 550, 550, 421]);
    assert!(session.closed && session.discards == 1);
}

#[test]
fn recipients_put_off_to_the_next_transaction_are_no_guesses() {
    let mut session = Session::esmtp(limited(|limits| limits.refused_recipients_max = 3));
    session.say(MAIL);
    let replies = session.say(&"RCPT TO:<later@d.example>\r\n".repeat(300));
    assert_eq!(codes(&replies), [452; 300]);
    assert!(!session.closed);
}

#[test]
fn recipients_over_the_limit_come_in_the_next_transaction() {
    let mut session = Session::esmtp(limited(|limits| limits.recipients_max = 2));
    session.say(MAIL);
    let replies = session.say(&"RCPT TO:<c@d.example>\r\n".repeat(40));
    assert_eq!(codes(&replies)[..3], [250, 250, 452]);
    assert!(replies.ends_with("452 4.5.3 Too many recipients\r\n"));
    assert_eq!(session.notes, [Reason::TooManyRecipients; 38]);
    assert_eq!(codes(&session.say("DATA\r\n")), [354], "no error of the peer's");
}

#[test]
fn errors_and_commands_are_counted() {
    let mut session = Session::esmtp(limited(|limits| limits.errors_max = 2));
    assert_eq!(codes(&session.say("X\r\nX\r\nX\r\nX\r\n")), [500, 500, 500, 421]);
    assert_eq!(session.notes.last(), Some(&Reason::TooManyErrors));
    assert!(session.closed);
    let mut session = Session::esmtp(limited(|limits| limits.commands_max = 3));
    assert_eq!(codes(&session.say("NOOP\r\nNOOP\r\nNOOP\r\n")), [250, 250, 421]);
    assert_eq!(session.notes, [Reason::TooManyCommands]);
}

#[test]
fn a_pipelining_client_is_not_blamed_for_what_it_sent_before_a_refusal() {
    let mut session = Session::esmtp(limited(|limits| limits.errors_max = 2));
    let recipients = "RCPT TO:<c@d.example>\r\n".repeat(50);
    session.say(&format!("MAIL FROM:<refused@b.example>\r\n{recipients}DATA\r\n"));
    assert!(!session.closed);
    session.say(&format!("MAIL FROM:<a@b.example> SIZE=99999999999\r\n{recipients}DATA\r\n"));
    assert!(!session.closed);
    assert_eq!(codes(&session.say(MAIL)), [250]);
}

#[test]
fn a_message_over_the_limit_is_swallowed_and_refused_and_the_session_goes_on() {
    let mut session = Session::in_data(limited(|limits| limits.message_bytes_max = 10));
    let replies = session.say("0123456789\r\nMAIL FROM:<x@y.example>\r\n.\r\nNOOP\r\n");
    assert_eq!(codes(&replies), [552, 250]);
    assert_eq!((session.notes.as_slice(), session.discards), (&[Reason::MessageTooLarge][..], 1));
    assert!(session.messages.is_empty() && !session.closed);
}

#[test]
fn a_message_as_large_as_the_limit_is_taken_dots_not_counted() {
    let mut session = Session::in_data(limited(|limits| limits.message_bytes_max = 5));
    session.say("..ab\r\n.\r\n");
    assert_eq!(session.messages, [b".ab\r\n"]);
}

#[test]
fn a_silent_peer_is_closed_after_the_idle_time() {
    let mut session = Session::esmtp(options());
    assert_eq!(session.until, Some(session.now + seconds(300)));
    session.say(MAIL);
    assert_eq!(session.wait(seconds(299)), "");
    let replies = session.wait(seconds(1));
    assert!(replies.starts_with("421 4.4.2 ") && session.closed, "{replies}");
    assert_eq!((session.notes.as_slice(), session.discards), (&[Reason::IdleTimeout][..], 1));
}

#[test]
fn flt_20_a_command_dripped_octet_by_octet_is_idle() {
    let mut session = Session::esmtp(options());
    for _ in 0..30 {
        session.say("N");
        session.wait(seconds(10));
    }
    assert!(session.closed);
    assert_eq!(session.notes, [Reason::IdleTimeout]);
}

#[test]
fn flt_20_a_body_below_the_minimum_rate_ends_the_session() {
    let mut session = Session::in_data(options());
    for _ in 0..6 {
        assert!(!session.closed);
        session.say("a");
        session.wait(seconds(10));
    }
    assert!(session.replies.ends_with("421 4.4.2 Message data arrives too slowly\r\n"));
    assert_eq!((session.notes.as_slice(), session.discards), (&[Reason::TooSlow][..], 1));
}

#[test]
fn flt_20_a_body_above_the_minimum_rate_may_take_long() {
    let mut session = Session::in_data(options());
    for _ in 0..30 {
        session.say(&format!("{}\r\n", "a".repeat(1100)));
        assert_eq!(session.wait(seconds(10)), "");
    }
    session.say(".\r\n");
    assert_eq!(session.messages.len(), 1);
}

#[test]
fn flt_20_chunks_have_the_minimum_rate_too() {
    let mut session = Session::esmtp(options());
    session.say("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nBDAT 1000 LAST\r\nab");
    session.wait(seconds(60));
    assert_eq!(session.notes, [Reason::TooSlow]);
}

#[test]
fn the_time_that_the_caller_takes_is_not_the_peers() {
    let mut session = Session::in_data(options());
    for _ in 0..5 {
        session.server.receive(session.now, b"a\r\n");
        // The caller stores for a minute before it asks to read on.
        session.now = session.now + seconds(61);
        session.run();
    }
    assert!(!session.closed, "{}", session.replies);
}

#[test]
fn a_sender_waiting_behind_a_false_end_of_data_is_told_about_its_line_ends() {
    let mut session = Session::in_data(options());
    session.say("ab\r\nc\n.\n");
    let replies = session.wait(seconds(60));
    assert!(replies.starts_with("550 5.5.2 Bare CR or LF"), "{replies}");
    assert!(replies.ends_with(": behind octet 5 of the message\r\n"), "{replies}");
    assert_eq!((session.notes.as_slice(), session.discards), (&[Reason::BareLineEnding][..], 1));
    assert!(session.closed);
}

#[test]
fn however_lively_a_session_ends_after_its_total_time() {
    let mut session = Session::esmtp(options());
    for _ in 0..35 {
        assert_eq!(codes(&session.say("NOOP\r\n")), [250]);
        session.wait(seconds(100));
    }
    assert_eq!(session.until, Some(UnixMillis(1_000_000) + seconds(3600)));
    session.wait(seconds(100));
    assert_eq!(session.notes, [Reason::SessionTimeout]);
    assert!(session.replies.ends_with("421 4.4.2 Session time is over; connect again\r\n"));
}

#[test]
fn a_stopping_node_finishes_the_message_and_then_says_why() {
    let stop = || {
        let text = "Stopping";
        Refusal::new(Reason::ShuttingDown, 421, EnhancedStatus(4, 3, 2), text, "stop")
    };
    let mut session = Session::in_data(options());
    session.server.shut_down(stop());
    assert_eq!(session.say("a\r\n"), "");
    assert_eq!(codes(&session.say(".\r\nMAIL FROM:<a@b.example>\r\n")), [250, 421]);
    assert!(session.closed && session.messages.len() == 1);
    let mut session = Session::esmtp(options());
    session.say(MAIL);
    session.server.shut_down(stop());
    session.run();
    assert!(session.closed && session.discards == 1);
    let mut session = Session::silent(options());
    session.server.shut_down(stop());
    session.run();
    assert_eq!(session.replies, "421 4.3.2 Stopping\r\n");
}

#[test]
fn a_question_without_an_answer_is_never_acceptance() {
    let mut session = Session::esmtp(options());
    session.server.receive(session.now, MAIL.as_bytes());
    session.server.next_step(session.now);
    session.run();
    assert!(session.replies.ends_with("451 4.3.0 Local error in processing; try again later\r\n"));
    let mut session = Session::in_data(options());
    session.server.receive(session.now, b"a\r\n.\r\n");
    session.server.next_step(session.now);
    session.server.next_step(session.now);
    session.run();
    assert!(session.replies.contains("\r\n451 4.3.0 ") && session.messages.is_empty());
}

#[test]
fn a_callers_reply_is_cut_and_kept_ascii_and_421_closes() {
    let mut session = Session::esmtp(options());
    session.server.receive(session.now, MAIL.as_bytes());
    session.server.next_step(session.now);
    session.server.answer_mail(Err(refusal(421, &"ä".repeat(600))));
    session.run();
    let line = session.replies.lines().last().unwrap();
    assert!(line.is_ascii() && line.len() <= 510 && line.starts_with("421 4.4.1 "), "{line}");
    assert!(session.closed);
}

/// What a fuzzing peer and its caller may do.
#[derive(Clone, Debug)]
enum Act {
    Say(Vec<u8>),
    Wait(u64),
    Stop,
    Close,
}

fn act() -> impl Strategy<Value = Act> {
    let words = [
        "EHLO a.example\r\n",
        "HELO a\r\n",
        "MAIL FROM:<a@b.example>",
        " SMTPUTF8\r\n",
        "\r\n",
        "MAIL FROM:<refused@b.example>\r\n",
        "RCPT TO:<c@d.example>\r\n",
        "DATA\r\n",
        ".\r\n",
        "RCPT TO:<unknown@d.example>\r\n",
        "BDAT 5\r\n",
        "BDAT 3 LAST\r\n",
        "BDAT 0 LAST\r\n",
        "STARTTLS\r\n",
        "RSET\r\n",
        "NOOP\r\n",
        "VRFY ",
        "<",
        "@",
        "\"",
        "\\",
        "a",
        "\n",
        "\r",
    ];
    prop_oneof![
        12 => proptest::sample::select(words.to_vec()).prop_map(|word| Act::Say(word.into())),
        2 => proptest::collection::vec(any::<u8>(), 0..12).prop_map(Act::Say),
        1 => (0..70u64).prop_map(Act::Wait),
        1 => proptest::sample::select(vec![Act::Stop, Act::Close]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn nothing_a_peer_does_in_any_state_breaks_the_session(
        acts in proptest::collection::vec(act(), 0..40), start in 0..4usize,
    ) {
        let limits = limited(|limits| limits.message_bytes_max = 64);
        let mut session = match start {
            0 => Session::silent(limits),
            1 => Session::with(limits),
            2 => Session::esmtp(limits),
            _ => Session::in_data(limits),
        };
        for act in acts {
            match act {
                Act::Say(octets) => drop(session.send(&octets)),
                Act::Wait(time) => drop(session.wait(seconds(time))),
                Act::Stop => session.server.shut_down(refusal(421, "Stopping")),
                Act::Close => {
                    session.server.peer_closed();
                    session.run();
                    prop_assert!(session.closed);
                }
            }
        }
        // Every reply is whole lines with a code; every message has whole lines.
        for line in session.replies.split_terminator("\r\n") {
            prop_assert!(line.as_bytes()[..3].iter().all(u8::is_ascii_digit), "{}", line);
            prop_assert!(!line.contains(['\r', '\n']), "{}", line);
        }
        for message in &session.messages {
            prop_assert!(message.is_empty() || message.ends_with(b"\r\n"));
        }
        if session.closed {
            let replies = session.replies.len();
            session.server.receive(session.now, b"EHLO a.example\r\n");
            session.run();
            prop_assert_eq!(replies, session.replies.len(), "nothing comes behind the end");
        }
    }
}
