//! Claims about reports: their form, and what a hostile peer cannot do with them.

use mail_parser::{Message, MessageParser, MimeHeaders, PartType};
use posthouse_types::Domain;

use super::*;

const AT: UnixMillis = UnixMillis(1_795_457_427_042);

fn address(local: &str, domain: &str) -> Address {
    Address::new(local, Domain::from_normalized(domain))
}

fn original() -> OriginalMessage<'static> {
    OriginalMessage {
        envelope_id: Some("QQ+2B1"),
        received_from: "pc17.contoso.example",
        arrival: UnixMillis(AT.0 - 60_000),
        header: b"From: Anna <anna@contoso.example>\r\nTo: bob@fabrikam.example\r\n\
                  Subject: Offer 12\r\nMessage-ID: <1@contoso.example>\r\n",
        message_id: "<1@contoso.example>",
        subject: "Offer 12",
        full: None,
    }
}

fn recipient() -> ReportedRecipient {
    ReportedRecipient {
        address: address("bob", "fabrikam.example"),
        original_recipient: Some("rfc822;bob+2Bx@fabrikam.example".to_owned()),
        status: EnhancedStatus(5, 7, 64),
        remote_mta: Some("mx.gateway.example".to_owned()),
        remote_ip: Some("192.0.2.25".parse().unwrap()),
        reply_lines: vec![
            "550-5.7.64 TenantAttribution; Relay Access Denied [mx.gateway.example \
             2026-11-23T18:10:27.042Z 0W3GE1R70W3GE1R7]"
                .to_owned(),
            "550-5.7.64 Your server sent 1 certificate; the one that signed it, CN=Example Issuing"
                .to_owned(),
            "550 5.7.64 CA, was not sent. Get it from http://ca.example/issuing.cer".to_owned(),
        ],
        reason: Reason::RelayRefused,
        last_attempt: Some(UnixMillis(AT.0 - 30_000)),
        will_retry_until: Some(UnixMillis(AT.0 + 86_400_000)),
    }
}

fn build(
    kind: ReportKind,
    language: Language,
    original: OriginalMessage<'_>,
    recipients: &[ReportedRecipient],
) -> String {
    let report = Report {
        kind,
        node_name: "edge.contoso.example",
        postmaster: &address("postmaster", "contoso.example"),
        to: &address("anna", "contoso.example"),
        reference: Reference::from_random([7; 10]),
        now: AT,
        original,
        recipients,
        language,
    };
    String::from_utf8(report.build()).unwrap()
}

fn failed(recipient: ReportedRecipient) -> String {
    build(ReportKind::Failed, Language::English, original(), &[recipient])
}

fn parsed(report: &str) -> Message<'_> {
    MessageParser::default().parse(report.as_bytes()).unwrap()
}

fn text_of(report: &str) -> String {
    parsed(report).body_text(0).unwrap().replace("\r\n", "\n")
}

/// The parts' content types, in order.
fn types(report: &str) -> Vec<String> {
    let message = parsed(report);
    let parts = message.parts.iter();
    parts
        .filter_map(|part| part.content_type())
        .map(|kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()))
        .collect()
}

fn part_text(report: &str, wanted: &str) -> String {
    let message = parsed(report);
    let found = message.parts.iter().find(|part| {
        part.content_type().is_some_and(|kind| {
            format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()) == wanted
        })
    });
    match &found.unwrap_or_else(|| panic!("no {wanted}")).body {
        PartType::Text(text) | PartType::Html(text) => text.to_string(),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
        PartType::Message(message) => String::from_utf8_lossy(&message.raw_message).into_owned(),
        PartType::Multipart(_) => String::new(),
    }
}

#[test]
fn a_failure_report_has_the_form_that_exchange_gives_it() {
    let report = failed(recipient());
    let expected = include_str!("golden/failed.eml").replace('\n', "\r\n");
    assert!(report == expected, "{report}");
    assert_eq!(
        types(&report),
        [
            "multipart/report",
            "multipart/alternative",
            "text/plain",
            "text/html",
            "message/delivery-status",
            "text/rfc822-headers"
        ]
    );
}

#[test]
fn the_diagnostic_part_repeats_the_remote_words_untouched() {
    let text = text_of(&failed(recipient()));
    assert!(text.contains(
        "Diagnostic information for administrators:\n\nGenerating server: edge.contoso.example\n\n\
         bob@fabrikam.example\nmx.gateway.example\n\
         Remote Server returned '550-5.7.64 TenantAttribution; Relay Access Denied \
         [mx.gateway.example 2026-11-23T18:10:27.042Z 0W3GE1R70W3GE1R7] 550-5.7.64 Your \
         server sent 1 certificate; the one that signed it, CN=Example Issuing 550 5.7.64 CA, was \
         not sent. Get it from http://ca.example/issuing.cer'\n"
    ), "{text}");
    assert!(text.contains("Original message headers:\n\nFrom: Anna <anna@contoso.example>\n"));
}

#[test]
fn a_missing_certificate_is_named_in_the_part_for_people() {
    let text = text_of(&failed(recipient()));
    assert!(text.contains("did not send its complete certificate chain"), "{text}");
    assert!(text.contains(
        "What the server said about it: Your server sent 1 certificate; the one that signed it, \
         CN=Example Issuing CA, was not sent. Get it from http://ca.example/issuing.cer\n"
    ));
}

#[test]
fn another_fault_of_a_chain_is_not_called_a_missing_certificate() {
    let mut recipient = recipient();
    let added = "550 5.7.64 The root CN=R is not trusted here. CN=I was not sent either.";
    recipient.reply_lines = vec!["550-5.7.64 x".to_owned(), added.to_owned()];
    let text = text_of(&failed(recipient));
    assert!(text.contains("did not recognize your organization's mail server"), "{text}");
    assert!(text.contains("What the server said about it: The root CN=R is not trusted here."));
}

#[test]
fn an_expired_message_shows_its_last_answer_and_when() {
    let mut recipient = recipient();
    recipient.reason = Reason::MessageExpired;
    recipient.status = EnhancedStatus(5, 4, 300);
    recipient.reply_lines = vec!["450 4.4.317 Cannot connect to remote server".to_owned()];
    let text = text_of(&failed(recipient));
    assert!(
        text.contains(
            "11/23/2026 6:10:27 PM - Server at mx.gateway.example (192.0.2.25) returned \
         '550 5.4.300 Message expired (5.4.300 message-expired)'\n\
         11/23/2026 6:09:57 PM - Server at mx.gateway.example (192.0.2.25) returned \
         '450 4.4.317 Cannot connect to remote server'\n"
        ),
        "{text}"
    );
}

#[test]
fn a_failure_that_was_found_here_names_no_remote_server() {
    let mut recipient = recipient();
    recipient.remote_mta = None;
    recipient.remote_ip = None;
    recipient.reply_lines.clear();
    recipient.status = EnhancedStatus(5, 4, 4);
    recipient.reason = Reason::NoSuchDomain;
    let report = failed(recipient);
    let status = part_text(&report, "message/delivery-status");
    assert!(!status.contains("Remote-MTA") && !status.contains("Diagnostic-Code"), "{status}");
    assert!(text_of(&report).contains("\n#550 5.4.4 no-such-domain; The recipient's domain"));
}

#[test]
fn each_status_has_its_own_cause() {
    let cases: [((u8, u16, u16), &str, &str); 18] = [
        ((5, 7, 64), "550 5.7.64 TenantAttribution; Relay Access Denied", "did not recognize"),
        ((5, 7, 64), "550 5.7.64 Relay Access Denied ATTR36.", "nor that of the certificate"),
        ((5, 7, 51), "550 5.7.51 x", "only from certain servers"),
        ((5, 1, 1), "550 5.1.1 x", "does not exist"),
        ((5, 1, 10), "550 5.1.10 x", "does not exist"),
        ((5, 4, 1), "550 5.4.1 Recipient address rejected: Access denied", "does not exist"),
        ((5, 4, 1), "550 5.4.1 Relay Access Denied", "does not accept mail for"),
        ((5, 2, 2), "552 5.2.2 x", "mailbox is full"),
        ((5, 3, 4), "552 5.3.4 x", "larger than"),
        ((5, 4, 4), "550 5.4.4 x", "No mail server could be found"),
        ((4, 4, 7), "450 4.4.7 x", "as long as allowed"),
        ((5, 4, 14), "554 5.4.14 x", "in circles"),
        ((5, 6, 7), "550 5.6.7 x", "beyond ASCII"),
        ((5, 7, 1), "550 5.7.1 x", "does not permit"),
        ((4, 4, 317), "450 4.4.317 x", "No encrypted connection"),
        ((5, 7, 999), "550 5.7.999 x", "security or policy"),
        ((5, 0, 0), "550 x", "refused the message for good"),
        ((4, 2, 0), "450 x", "for now"),
    ];
    for ((class, subject, detail), reply, cause) in cases {
        let mut recipient = recipient();
        recipient.status = EnhancedStatus(class, subject, detail);
        recipient.reply_lines = vec![reply.to_owned()];
        let text = text_of(&failed(recipient));
        assert!(text.contains(cause), "{reply}: {text}");
    }
}

#[test]
fn a_delay_says_until_when_it_is_tried() {
    let mut recipient = recipient();
    recipient.status = EnhancedStatus(4, 4, 1);
    recipient.reply_lines.clear();
    recipient.reason = Reason::ConnectionFailed;
    let report = build(ReportKind::Delayed, Language::English, original(), &[recipient]);
    assert!(report.contains("Subject: Delivery delayed: Offer 12\r\n"));
    assert!(!report.contains("X-MS-Exchange-Message-Is-Ndr"));
    assert!(text_of(&report).contains("keeps trying until Tue, 24 Nov 2026 18:10:27 +0000"));
    let status = part_text(&report, "message/delivery-status");
    assert!(status.contains("Action: delayed\r\nStatus: 4.4.1\r\n"), "{status}");
    assert!(status.contains("Will-Retry-Until: Tue, 24 Nov 2026 18:10:27 +0000\r\n"));
}

#[test]
fn good_news_is_short() {
    for (kind, subject, action) in [
        (ReportKind::Delivered, "Delivered", "delivered"),
        (ReportKind::Relayed, "Relayed", "relayed"),
    ] {
        let mut recipient = recipient();
        recipient.status = EnhancedStatus(2, 0, 0);
        recipient.reply_lines = vec!["250 2.6.0 Queued".to_owned()];
        let report = build(kind, Language::English, original(), &[recipient]);
        assert!(report.contains(&format!("Subject: {subject}: Offer 12\r\n")));
        assert!(!text_of(&report).contains("Who can fix it"));
        assert!(
            part_text(&report, "message/delivery-status").contains(&format!("Action: {action}"))
        );
    }
}

#[test]
fn german_is_german_and_both_are_both() {
    let german = build(ReportKind::Failed, Language::German, original(), &[recipient()]);
    let text = text_of(&german);
    assert!(german.contains("Subject: Unzustellbar: Offer 12\r\n"));
    assert!(text.contains("nicht vollständig gesendet") && !text.contains("Who can fix it"));
    assert!(text.contains("Diagnostic information for administrators:"));
    let both = build(ReportKind::Failed, Language::Both, original(), &[recipient()]);
    assert!(both.contains("Subject: Undeliverable: Offer 12\r\n"));
    let text = text_of(&both);
    let english = text.find("Who can fix it").unwrap();
    assert!(english < text.find("Wer kann es beheben").unwrap());
}

#[test]
fn mim_08_hostile_words_add_neither_field_nor_part() {
    let boundary = "=_0W3GE1R70W3GE1R7_report_0";
    let hostile = format!(
        "550 5.7.1 x\r\n\r\n--{boundary}\r\nContent-Type: text/html\r\n\r\n<script>x</script>\r\n\
         Bcc: all@example.com\r\n250 ok\u{202e}\u{0}"
    );
    let mut recipient = recipient();
    recipient.reply_lines = vec![hostile.clone()];
    recipient.remote_mta = Some(hostile.clone());
    recipient.original_recipient = Some(format!("rfc822;{hostile}+0D+0ABcc: x"));
    recipient.address = address("\"a\r\nBcc: x\"", "fabrikam.example");
    let header = format!("Subject: x\r\n--{boundary}\r\n--{boundary}--\r\n");
    let original = OriginalMessage {
        envelope_id: Some("+0D+0ABcc:+20x"),
        received_from: &hostile,
        header: header.as_bytes(),
        message_id: "<a@b>\r\nBcc: x",
        subject: &hostile,
        ..original()
    };
    let report = build(ReportKind::Failed, Language::Both, original, &[recipient]);
    assert_eq!(types(&report).len(), 6, "{:?}", types(&report));
    let message = parsed(&report);
    assert!(message.header("Bcc").is_none() && message.header("In-Reply-To").is_none());
    for part in ["message/delivery-status", "text/plain", "text/html"] {
        let text = part_text(&report, part);
        assert!(!text.lines().any(|line| line.starts_with("Bcc:")), "{text}");
        assert!(!text.lines().any(|line| line.starts_with("250 ok")), "{text}");
        assert!(!text.contains(['\u{202e}', '\0']), "{text}");
    }
    assert!(!part_text(&report, "text/html").contains("<script"));
    assert!(report.is_ascii() && !report.replace("\r\n", "").contains(['\r', '\n']));
    assert!(report.lines().all(|line| line.len() <= 998));
}

#[test]
fn a_header_that_is_not_ascii_is_a_global_header() {
    let header = "Subject: Grüße\r\n".as_bytes();
    let original = OriginalMessage { header, subject: "Grüße", ..original() };
    let report = build(ReportKind::Failed, Language::English, original, &[recipient()]);
    assert!(report.is_ascii());
    assert!(report.contains("Subject: =?utf-8?Q?Undeliverable=3A_Gr=C3=BC=C3=9Fe?=\r\n"));
    assert!(types(&report).contains(&"message/global-headers".to_owned()));
}

#[test]
fn an_internationalised_recipient_is_named_in_its_own_letters() {
    let mut recipient = recipient();
    recipient.address = address("jürgen", "fabrikam.example");
    let report = failed(recipient);
    assert!(report.is_ascii());
    assert!(types(&report).contains(&"message/global-delivery-status".to_owned()));
    assert!(report.contains("Final-Recipient: utf-8;j=C3=BCrgen@fabrikam.example"), "{report}");
}

#[test]
fn only_an_internationalised_sender_makes_the_reports_own_header_utf8() {
    let report = Report {
        kind: ReportKind::Failed,
        node_name: "edge.contoso.example",
        postmaster: &address("postmaster", "contoso.example"),
        to: &address("änne", "contoso.example"),
        reference: Reference::from_random([7; 10]),
        now: AT,
        original: original(),
        recipients: &[recipient()],
        language: Language::English,
    };
    let report = String::from_utf8(report.build()).unwrap();
    let lines: Vec<_> = report.lines().filter(|line| !line.is_ascii()).collect();
    assert_eq!(lines, ["To: <änne@contoso.example>"]);
}

#[test]
fn a_message_goes_back_whole_only_after_a_failure_and_if_small() {
    let full = "Subject: x\r\n\r\nGrüße\r\n".as_bytes();
    let asked = OriginalMessage { full: Some(full), ..original() };
    let report = build(ReportKind::Failed, Language::English, asked.clone(), &[recipient()]);
    assert!(types(&report).contains(&"message/rfc822".to_owned()));
    assert!(report.contains("\r\nSubject: x\r\n\r\nGrüße\r\n\r\n--=_"));
    assert_eq!(report.matches("Content-Transfer-Encoding: 8bit\r\n").count(), 2);
    let report = build(ReportKind::Delayed, Language::English, asked, &[recipient()]);
    assert!(types(&report).contains(&"text/rfc822-headers".to_owned()));
    let large = vec![b'x'; 100_000];
    let large = OriginalMessage { full: Some(&large), ..original() };
    let report = build(ReportKind::Failed, Language::English, large, &[recipient()]);
    assert!(types(&report).contains(&"text/rfc822-headers".to_owned()));
}

proptest::proptest! {
    #[test]
    fn no_words_of_a_peer_break_a_report(
        words in "\\PC{0,80}|[\\x00-\\x7f]{0,120}|(--=_0W3GE1R70W3GE1R7_report_0|\r\n| |=){0,12}",
        header in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300),
    ) {
        let mut recipient = recipient();
        recipient.reply_lines = vec![words.clone()];
        let original = OriginalMessage { header: &header, subject: &words, ..original() };
        let report = build(ReportKind::Failed, Language::Both, original, &[recipient]);
        proptest::prop_assert_eq!(types(&report).len(), 6);
        proptest::prop_assert!(report.is_ascii());
        proptest::prop_assert!(!report.replace("\r\n", "").contains(['\r', '\n']));
    }
}
