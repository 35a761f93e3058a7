//! Client and server of this crate against each other: whole transactions, however the octets are
//! cut, and whatever becomes of the connection.

// The lints' exception for tests does not reach the helpers of an integration test.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, unreachable_pub)]

mod pair;

use pair::{Accepted, Break, Pieces, Plan, Played, address, transaction};
use posthouse_smtp::ForwardPath;
use posthouse_smtp::client::{RecipientOutcome, TlsWish};
use posthouse_types::{BodyType, DsnNotify, DsnReturn, EnhancedStatus, Reason, Reply};
use proptest::prelude::*;

const BODY: &[u8] = b"Subject: x\r\n\r\n.one\r\n..\r\n.\r\nlast without end";
/// What a server may make of [`BODY`]: the same, with its last line ended.
const BODY_READ: &[u8] = b"Subject: x\r\n\r\n.one\r\n..\r\n.\r\nlast without end\r\n";

fn delivered(outcome: &RecipientOutcome) -> bool {
    matches!(outcome, RecipientOutcome::Delivered { .. })
}

fn deferred(outcome: &RecipientOutcome) -> bool {
    matches!(outcome, RecipientOutcome::Deferred { .. })
}

fn failed(outcome: &RecipientOutcome) -> bool {
    matches!(outcome, RecipientOutcome::Failed { .. })
}

fn recipients(accepted: &Accepted) -> Vec<String> {
    let paths = accepted.recipients.iter().map(|recipient| match &recipient.path {
        ForwardPath::Mailbox(address) => address.to_string(),
        ForwardPath::Postmaster => "postmaster".into(),
    });
    paths.collect()
}

/// A plan with one of everything: two messages, and a recipient of each fate.
fn mixed_plan() -> Plan {
    Plan::new(vec![
        transaction(&["x@d.example", "no-one@d.example", "later-y@d.example"], BODY),
        transaction(&["no-body@d.example"], BODY),
        transaction(&["z@d.example"], b"second\r\n"),
    ])
}

fn assert_mixed(played: &Played) {
    assert_eq!(played.failure, None);
    assert_eq!(played.outcomes.len(), 3);
    let [x, no_one, later] = &played.outcomes[0][..] else { panic!("three recipients") };
    assert!(delivered(x) && failed(no_one) && deferred(later), "{:?}", played.outcomes);
    assert!(failed(&played.outcomes[1][0]) && delivered(&played.outcomes[2][0]));
    assert_eq!(played.accepted.len(), 2);
    assert_eq!(recipients(&played.accepted[0]), ["x@d.example"]);
    assert_eq!(played.accepted[0].body, BODY_READ);
    assert_eq!(played.accepted[1].body, b"second\r\n");
}

#[test]
fn one_connection_carries_accepted_and_refused_transactions() {
    assert_mixed(&mixed_plan().play());
}

#[test]
fn a_session_inside_tls_is_the_same_session() {
    assert_mixed(&Plan { tls: TlsWish::Required, ..mixed_plan() }.play());
}

#[test]
fn it_does_not_matter_in_what_pieces_octets_arrive() {
    for length in 1..=64 {
        assert_mixed(&Plan { pieces: Pieces::Of(length), ..mixed_plan() }.play());
    }
    let octets = mixed_plan().play().octets;
    for place in 1..octets {
        let pieces = Pieces::SplitAt(place);
        assert_mixed(&Plan { pieces, tls: TlsWish::Opportunistic, ..mixed_plan() }.play());
    }
}

#[test]
fn envelope_parameters_arrive_as_they_came() {
    let (mut full, body) = transaction(&["grå@d.example"], "Subject: grå\r\n\r\n".as_bytes());
    full.parameters.smtputf8 = true;
    full.parameters.dsn_return = Some(DsnReturn::Full);
    full.parameters.envelope_id = Some("id+2B1".into());
    let notify = DsnNotify { success: true, failure: true, ..DsnNotify::default() };
    full.recipients[0].parameters.notify = Some(notify);
    full.recipients[0].parameters.original = Some("rfc822;old@d.example".into());
    let played = Plan::new(vec![(full.clone(), body.clone())]).play();

    let [RecipientOutcome::Delivered { dsn_passed_on: true, .. }] = &played.outcomes[0][..] else {
        panic!("{played:?}");
    };
    let mail = &played.accepted[0].mail;
    assert_eq!(mail.sender, Some(address("a@contoso.example")));
    assert_eq!(mail.parameters.size, Some(body.len() as u64));
    assert_eq!(mail.parameters.body, BodyType::EightBitMime);
    assert!(mail.parameters.smtputf8);
    assert_eq!(mail.parameters.dsn_return, full.parameters.dsn_return);
    assert_eq!(mail.parameters.envelope_id, full.parameters.envelope_id);
    assert_eq!(played.accepted[0].recipients[0].parameters, full.recipients[0].parameters);
    assert_eq!(recipients(&played.accepted[0]), ["grå@d.example"]);
}

#[test]
fn recipients_beyond_the_servers_limit_wait_for_the_next_transaction() {
    let names: Vec<String> = (0..210).map(|number| format!("u{number}@d.example")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let played = Plan::new(vec![transaction(&names, BODY)]).play();
    assert!(played.outcomes[0][..200].iter().all(delivered));
    assert!(played.outcomes[0][200..].iter().all(deferred));
    assert_eq!(played.accepted[0].recipients.len(), 200);
}

#[test]
fn a_refused_message_keeps_the_connection_for_the_next() {
    for (code, class) in [(550, 5), (451, 4)] {
        let verdict = Reply::new(code, EnhancedStatus(class, 7, 1), "content");
        let two = vec![transaction(&["x@d.example"], BODY), transaction(&["y@d.example"], BODY)];
        let played = Plan { verdict, ..Plan::new(two) }.play();
        assert_eq!((played.failure, played.outcomes.len()), (None, 2));
        for outcome in played.outcomes.iter().flatten() {
            assert_eq!((failed(outcome), deferred(outcome)), (class == 5, class == 4));
            assert_eq!(outcome.reply().expect("the server spoke").lines, ["content"]);
        }
    }
}

#[test]
fn flt_29_a_server_that_stops_defers_and_the_session_ends() {
    let plan = Plan::new(vec![transaction(&["x@d.example", "y@d.example"], BODY)]);
    let played = Plan { stop_after_recipients: Some(1), ..plan }.play();
    assert!(played.accepted.is_empty());
    assert!(played.outcomes[0].iter().all(deferred), "{:?}", played.outcomes);
    assert_eq!(played.failure.expect("a failure").reason, Reason::RemoteDeferred);
}

/// At whatever octet the connection ends: at most one copy is accepted; "delivered" is said only
/// of an accepted one; and where the server accepted what we do not know of, that is in doubt.
fn assert_honest(played: &Played, context: &str) {
    assert!(played.accepted.len() <= 1, "{context}");
    assert!(played.outcomes.len() <= 1, "{context}");
    let taken = !played.accepted.is_empty();
    for outcome in played.outcomes.iter().flatten() {
        match outcome {
            RecipientOutcome::Delivered { .. } => assert!(taken, "a false delivery {context}"),
            RecipientOutcome::Deferred { reason, in_doubt, .. } => {
                assert_eq!(*reason, Reason::ConnectionLost, "{context}");
                assert!(*in_doubt || !taken, "a copy that nobody suspects {context}");
            }
            RecipientOutcome::Failed { .. } => panic!("a cut is no refusal {context}"),
        }
    }
    if taken {
        assert_eq!(played.accepted[0].body, BODY_READ, "{context}");
    }
}

#[test]
fn flt_26_a_connection_cut_at_any_octet_is_at_most_one_message_and_never_a_false_delivery() {
    let plan = || Plan::new(vec![transaction(&["x@d.example", "y@d.example"], BODY)]);
    for tls in [TlsWish::Never, TlsWish::Required] {
        let octets = Plan { tls, ..plan() }.play().octets;
        let mut counts = [0; 3];
        for after in 0..octets {
            let break_after = Some((after, Break::Closed));
            let played = Plan { break_after, tls, ..plan() }.play();
            assert_honest(&played, &format!("cut after {after} of {octets}"));
            let told = played.outcomes.iter().flatten().all(delivered);
            counts[match (played.accepted.is_empty(), told) {
                (true, _) => 0,
                (false, false) => 1,
                (false, true) => 2,
            }] += 1;
        }
        // Every kind of ending was met: not taken, taken without our knowledge, delivered.
        assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
    }
}

#[test]
fn flt_26_a_connection_that_falls_silent_at_any_octet_is_given_up_in_time() {
    let plan = || Plan::new(vec![transaction(&["x@d.example"], BODY)]);
    let octets = plan().play().octets;
    for after in 0..octets {
        let break_after = Some((after, Break::Silent));
        let played = Plan { break_after, ..plan() }.play();
        assert_honest(&played, &format!("silent after {after} of {octets}"));
        let minutes = played.took.as_secs() / 60;
        assert!(minutes <= 10, "{minutes} minutes after {after} of {octets}");
    }
}

/// Octets that matter, far more often than chance would have them.
fn any_message() -> impl Strategy<Value = Vec<u8>> {
    let octet = prop_oneof![
        3 => Just(b'\r'), 3 => Just(b'\n'), 3 => Just(b'.'), 1 => Just(0u8),
        2 => Just(b'a'), 1 => any::<u8>(),
    ];
    proptest::collection::vec(octet, 0..60)
}

/// The canonical form: LF ends a line, with or without its CR; other CRs and NULs are blanks.
fn canonical(message: &[u8]) -> Vec<u8> {
    let mut lines: Vec<&[u8]> = message.split(|byte| *byte == b'\n').collect();
    let last = lines.pop().unwrap_or_default();
    let mut out = Vec::new();
    let blank = |byte: &u8| if matches!(byte, b'\r' | 0) { b' ' } else { *byte };
    for line in lines {
        out.extend(line.strip_suffix(b"\r").unwrap_or(line).iter().map(blank));
        out.extend_from_slice(b"\r\n");
    }
    if !last.is_empty() {
        out.extend(last.iter().map(blank));
        out.extend_from_slice(b"\r\n");
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, ..ProptestConfig::default() })]

    #[test]
    fn smtp_03_whatever_was_stored_is_read_as_one_message_in_canonical_form(
        message in any_message(), length in 1usize..70,
    ) {
        let plan = Plan::new(vec![transaction(&["x@d.example"], &message)]);
        let played = Plan { pieces: Pieces::Of(length), ..plan }.play();
        prop_assert_eq!(&played.failure, &None);
        prop_assert!(delivered(&played.outcomes[0][0]), "{:?}", played.outcomes);
        prop_assert_eq!(played.accepted.len(), 1);
        prop_assert_eq!(&played.accepted[0].body, &canonical(&message));
    }
}
