//! Claims about the intake: what goes through, what does not, and that the cuts do not matter.

use proptest::prelude::*;

use super::*;

const NODE: &str = "mx.gateway.example";

fn options(cross_premises: CrossPremises) -> IntakeOptions {
    IntakeOptions {
        node_name: NODE.to_owned(),
        header_bytes_max: 1000,
        received_lines_max: 10,
        own_passes_max: 4,
        cross_premises,
    }
}

type Outcome = Result<(HeaderFacts, Vec<u8>), IntakeRefusal>;

fn run(options: IntakeOptions, pieces: &[&[u8]]) -> Outcome {
    let mut intake = Intake::new(options);
    let mut out = Vec::new();
    for piece in pieces {
        intake.push(piece, &mut out)?;
    }
    let facts = intake.finish(&mut out)?;
    Ok((facts, out))
}

fn pass(message: &str) -> (HeaderFacts, String) {
    let (facts, out) = run(options(CrossPremises::Strip), &[message.as_bytes()]).unwrap();
    (facts, String::from_utf8(out).unwrap())
}

fn refusal(message: &str) -> Reason {
    run(options(CrossPremises::Strip), &[message.as_bytes()]).unwrap_err().reason
}

#[test]
fn the_header_that_was_signed_is_kept_where_another_one_goes_on() {
    let header = "From: a@contoso.example\r\nX-OriginatorOrg: contoso.example\r\n";
    let (facts, out) = pass(&format!("{header}\r\nbody\r\n"));
    assert_eq!(facts.original.as_deref(), Some(header.as_bytes()));
    assert_eq!(out.get(facts.header_bytes..), Some("\r\nbody\r\n"));
    assert_eq!(pass("From: a@contoso.example\r\n\r\nbody\r\n").0.original, None);
}

#[test]
fn an_ordinary_message_passes_unchanged_and_is_known() {
    let message = "Received: from a by b; x\r\nFrom: Anna <anna@contoso.example>\r\n\
                   Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <1@contoso.example>\r\n\
                   Date: x\r\n\r\nbody\r\n\r\nFrom: x\r\n";
    let (facts, out) = pass(message);
    assert_eq!(out, message);
    assert_eq!(facts.subject, "Grüße");
    assert_eq!(facts.from, "anna@contoso.example");
    assert_eq!(facts.message_id, "<1@contoso.example>");
    assert!(facts.has_date && facts.has_from && !facts.has_8bit_body && !facts.has_utf8_header);
    assert_eq!((facts.received_lines, facts.own_passes, facts.removed_headers), (1, 0, 0));
    assert_eq!(facts.header_bytes, message.find("\r\n\r\n").unwrap() + 2);
}

#[test]
fn att_07_three_forged_results_in_a_row_are_all_gone() {
    let forged = "Authentication-Results: MX.gateway.example;\r\n\tspf=pass\r\n".repeat(3);
    let (facts, out) = pass(&format!(
        "{forged}X-MS-Exchange-Organization-SCL: -1\r\nx-posthouse-FILTERED :\r\n yes\r\n\
         Authentication-Results: other.example; spf=fail\r\nSubject: x\r\n{forged}\r\nbody\r\n"
    ));
    assert_eq!(
        out,
        "Authentication-Results-Original: other.example; spf=fail\r\nSubject: x\r\n\r\nbody\r\n"
    );
    assert_eq!(facts.removed_headers, 8);
}

#[test]
fn att_07_an_upstream_report_stays_under_a_name_that_nobody_trusts() {
    let (_, out) = pass("X-FOREFRONT-Antispam-Report: SFV:SKN;\r\n SCL:-1\r\n\r\n");
    assert_eq!(out, "X-Forefront-Antispam-Report-Untrusted: SFV:SKN;\r\n SCL:-1\r\n\r\n");
}

#[test]
fn cross_premises_fields_are_promoted_only_for_the_organisations_other_half() {
    let message = "X-MS-Exchange-Organization-AuthAs: Forged\r\n\
                   x-ms-exchange-crosspremises-AuthAs : Internal\r\n\
                   X-MS-Exchange-CrossPremises-MessageDirectionality: Incoming\r\n\
                   X-MS-Exchange-Organization-AuthAs: Forged\r\n\r\n";
    let (facts, out) = run(options(CrossPremises::Promote), &[message.as_bytes()]).unwrap();
    assert_eq!(out, b"X-MS-Exchange-Organization-AuthAs: Internal\r\n\r\n");
    assert_eq!((facts.promoted_headers, facts.removed_headers), (1, 3));
    assert!(facts.has_promoted_auth_as);
    assert_eq!(pass(message).1, "\r\n");
}

#[test]
fn a_line_that_is_no_field_begins_the_body() {
    assert_eq!(
        pass("Subject: x\r\nno field\r\nX-Posthouse-Filtered: yes\r\n").1,
        "Subject: x\r\n\r\nno field\r\nX-Posthouse-Filtered: yes\r\n"
    );
    assert_eq!(
        pass(" begins with a blank\r\nSubject: x\r\n").1,
        "\r\n begins with a blank\r\nSubject: x\r\n"
    );
    assert_eq!(pass("From a@b Mon Nov 23\r\nSubject: x\r\n\r\n").1, "Subject: x\r\n\r\n");
    assert_eq!(
        pass("From a@b Mon\r\n X-Posthouse-a: b\r\nSubject: x\r\n\r\n").1,
        "Subject: x\r\n\r\n"
    );
}

#[test]
fn a_message_may_be_empty_or_all_header() {
    assert_eq!(pass("").1, "");
    assert_eq!(pass("Subject: x").1, "Subject: x\r\n");
    assert_eq!(pass("Subject: x\r\n").0.subject, "x");
    assert_eq!(pass("\r\nbody").1, "\r\nbody");
}

#[test]
fn smtp_16_a_message_that_goes_in_circles_is_refused() {
    let own = "Received: from a ([192.0.2.1]) by mx.gateway.example\r\n (posthouse) with X; d\r\n";
    assert_eq!(pass(&format!("{}\r\n", own.repeat(3))).0.own_passes, 3);
    assert_eq!(refusal(&format!("{}\r\nbody", own.repeat(4))), Reason::RoutingLoop);
    let other = "Received: from a by b; d\r\n";
    assert_eq!(pass(&format!("{}\r\n", other.repeat(9))).0.received_lines, 9);
    assert_eq!(refusal(&other.repeat(10)), Reason::RoutingLoop);
}

#[test]
fn a_header_ends_at_its_limit() {
    let header = format!("S: {}\r\n", "x".repeat(995));
    assert_eq!(header.len(), 1000);
    assert_eq!(pass(&format!("{header}\r\n{}", "y".repeat(5000))).0.header_bytes, 1000);
    assert_eq!(refusal(&format!("S: x{header}\r\n")), Reason::HeaderTooLarge);
    assert_eq!(refusal(&"x".repeat(1001)), Reason::HeaderTooLarge);
}

#[test]
fn after_a_refusal_nothing_more_goes_out() {
    let mut intake = Intake::new(options(CrossPremises::Strip));
    let mut out = Vec::new();
    assert!(intake.push(&[b'x'; 2000], &mut out).is_err());
    assert!(intake.push(b"\r\n\r\nbody", &mut out).is_err());
    assert!(intake.finish(&mut out).is_err());
    assert!(out.is_empty());
}

#[test]
fn eight_bit_octets_are_noticed_where_they_are() {
    let (facts, _) = pass("Subject: ü\r\n\r\nplain");
    assert!(facts.has_utf8_header && !facts.has_8bit_body);
    let (facts, _) = pass("Subject: x\r\n\r\nü");
    assert!(!facts.has_utf8_header && facts.has_8bit_body);
}

/// Lines as a peer that tries things might send them.
fn line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(b"X-MS-Exchange-Organization-SCL: -1\r\n".to_vec()),
        Just(b"x-posthouse-Filtered\t:\r\n".to_vec()),
        Just(b"X-MS-Exchange-CrossPremises-AuthAs: a\r\n".to_vec()),
        Just(b"Authentication-Results: (\r\n) mx.gateway.example; x\r\n".to_vec()),
        Just(b"Received: by mx.gateway.example (posthouse)\r\n".to_vec()),
        Just(b"Subject: =?utf-8?q?=0D=0AX-Posthouse-a:_b?=\r\n".to_vec()),
        Just(b" folded\r\n".to_vec()),
        Just(b"From a\r\n".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"\n".to_vec()),
        Just(vec![b'x'; 400]),
        proptest::collection::vec(any::<u8>(), 0..40),
    ]
}

proptest! {
    #[test]
    fn the_cuts_make_no_difference(
        lines in proptest::collection::vec(line(), 0..14),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..12),
        promote in any::<bool>(),
    ) {
        let message = lines.concat();
        let options =
            options(if promote { CrossPremises::Promote } else { CrossPremises::Strip });
        let whole = run(options.clone(), &[&message]);
        let mut at: Vec<_> = cuts.iter().map(|cut| cut.index(message.len() + 1)).collect();
        at.extend([0, message.len()]);
        at.sort_unstable();
        let pieces: Vec<_> = at.windows(2).map(|pair| &message[pair[0]..pair[1]]).collect();
        prop_assert_eq!(&run(options.clone(), &pieces), &whole);
        let bytes: Vec<_> = message.chunks(1).collect();
        prop_assert_eq!(&run(options, &bytes), &whole);
    }

    #[test]
    fn att_07_no_output_header_holds_a_removed_field(
        lines in proptest::collection::vec(line(), 0..14),
    ) {
        if let Ok((facts, out)) = run(options(CrossPremises::Strip), &[&lines.concat()]) {
            let header = &out[..facts.header_bytes];
            for field in fields(header) {
                let name = field_name(field).expect("only fields stand in a header");
                prop_assert_eq!(treatment(name, field_value(field), NODE), Treatment::Keep);
            }
            // What follows the header is the empty line, or nothing.
            let rest = &out[facts.header_bytes..];
            prop_assert!(rest.is_empty() || rest.starts_with(b"\r\n"));
        }
    }
}
