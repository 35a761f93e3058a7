//! Tables of facts and what they mean.

use posthouse_lookup::{Answer, HttpAnswer, MailExchangers, Mx, Proof, Tlsa};
use posthouse_smtp::client::Capabilities;
use posthouse_smtp::reply_reader::{RemoteReply, ReplyReader};
use posthouse_types::{ChainReason, ChainReport, Domain, Reason, UnixMillis};

use super::*;
use crate::doctor::Target;
use crate::doctor::dane::DaneMatch;
use crate::doctor::facts::{
    Attempt, DaneFacts, Hello, HostAddresses, Identified, PolicyFacts, PolicyFile, Session,
    Silence, Timed, VersionTry, Wanted,
};
use crate::doctor::{html, text};
use crate::tls::{HandshakeFacts, HandshakeFailure};

const HOST: &str = "mx.contoso.example";

fn timed<T>(value: T) -> Timed<T> {
    Timed { millis: 3, value }
}

fn reply(text: &str) -> RemoteReply {
    let mut reader = ReplyReader::default();
    reader.push(text.as_bytes());
    reader.next_reply().unwrap().unwrap()
}

fn heard(text: &str) -> Heard {
    Heard { millis: 2, answer: Ok(reply(text)) }
}

fn silent(silence: Silence) -> Heard {
    Heard { millis: 2, answer: Err(silence) }
}

fn hello(text: &str) -> Hello {
    let answer = reply(text);
    Hello {
        by_helo: false,
        offered: Capabilities::from_reply(&answer),
        offers: answer.offers().map(str::to_owned).collect(),
        heard: heard(text),
    }
}

fn chain(reason: ChainReason, names: &[&str]) -> ChainReport {
    ChainReport {
        reason,
        names: names.iter().map(|name| Domain::from_normalized(*name)).collect(),
        valid_until: (reason == ChainReason::Ok).then_some(UnixMillis::from_seconds(1_900_000_000)),
        ..ChainReport::no_certificate()
    }
}

fn tls_facts(asked: bool, sent: usize) -> HandshakeFacts {
    HandshakeFacts {
        version: "TLSv1.3",
        cipher: "TLS_AES_256_GCM_SHA384".to_owned(),
        presented: Vec::new(),
        sent: vec![Vec::new(); sent],
        asked,
    }
}

/// A domain, its one server, and nothing wrong with either.
fn sound() -> Facts {
    let good = chain(ChainReason::Ok, &[HOST]);
    let mx = Mx { preference: 10, host: HOST.to_owned() };
    let address = "192.0.2.25:25".parse().unwrap();
    Facts {
        target: Target { host: "contoso.example".to_owned(), port: 25, by_mx: true },
        started: UnixMillis::from_seconds(1_795_000_000),
        identity: None,
        exchangers: Some(timed(Answer::Found(MailExchangers::Hosts(vec![mx])))),
        addresses: timed(vec![HostAddresses {
            host: HOST.to_owned(),
            addresses: Answer::Found(vec!["192.0.2.25".parse().unwrap()]),
        }]),
        attempts: vec![Attempt { host: HOST.to_owned(), address, millis: 9, failure: None }],
        session: Some(Session {
            host: HOST.to_owned(),
            greeting: heard("220 mx.contoso.example ESMTP\r\n"),
            hello: Some(hello("250-mx.contoso.example\r\n250 STARTTLS\r\n")),
            starttls: Some(heard("220 2.0.0 go ahead\r\n")),
            injected: false,
            handshake: Some(timed(Ok(tls_facts(true, 0)))),
            hello_again: Some(hello("250-mx.contoso.example\r\n250 SIZE\r\n")),
            mail: None,
            recipient: None,
            message: None,
            transcript: Vec::new(),
        }),
        server_chain: Some(good.clone()),
        server_name: Some(good),
        versions: Some(timed(vec![
            VersionTry { version: "TLSv1.2", outcome: Ok("ECDHE".to_owned()) },
            VersionTry { version: "TLSv1.3", outcome: Ok("AES".to_owned()) },
        ])),
        policy: Some(timed(PolicyFacts { record: Answer::NoSuchName, file: None })),
        dane: Some(timed(DaneFacts {
            records: Answer::NoSuchName,
            proof: None,
            mx_proof: None,
            matched: None,
        })),
        wanted: Wanted::default(),
    }
}

fn session(facts: &mut Facts) -> &mut Session {
    facts.session.as_mut().unwrap()
}

fn of(facts: &Facts, id: StageId) -> Stage {
    report(facts).stages.into_iter().find(|stage| stage.id == id).unwrap()
}

#[test]
fn nothing_is_wrong_where_nothing_is() {
    let report = report(&sound());
    assert_eq!(report.verdict(), Status::Ok, "{}", text(&report, None));
    assert!(report.summary.starts_with("No fault was found"));
    assert_eq!(report.stages.len(), 15);
}

#[test]
fn a_stage_without_ground_names_the_stage_that_failed_and_has_no_repair() {
    let mut facts = sound();
    facts.session = None;
    facts.attempts[0].failure = Some("Connection refused".to_owned());
    (facts.server_chain, facts.server_name) = (None, None);
    (facts.versions, facts.dane) = (None, None);
    let report = report(&facts);
    for stage in &report.stages {
        match stage.id {
            StageId::Connect => assert_eq!(stage.status, Status::Error),
            StageId::Hello | StageId::Dane => {
                assert_eq!(stage.details.get("parent").unwrap(), "connect");
            }
            _ => assert!(stage.status <= Status::Ok, "{:?}", stage.id),
        }
        assert_eq!(stage.status >= Status::Warning, !stage.fix.is_empty(), "{:?}", stage.id);
    }
}

#[test]
fn sessions_that_go_wrong_say_where() {
    type Change = fn(&mut Session);
    let cases: [(Change, StageId, &str); 7] = [
        (
            |session| {
                session.greeting = heard("554 5.7.1 not you\r\n");
                session.hello = None;
            },
            StageId::Hello,
            "not you",
        ),
        (
            |session| {
                session.greeting = silent(Silence::TimedOut);
                session.hello = None;
            },
            StageId::Hello,
            "did not answer",
        ),
        (
            |session| session.hello = Some(hello("250 mx.contoso.example\r\n")),
            StageId::StartTls,
            "does not offer STARTTLS",
        ),
        (
            |session| {
                session.starttls = Some(heard("454 4.7.0 no key\r\n"));
                session.handshake = None;
            },
            StageId::StartTls,
            "no key",
        ),
        (|session| session.injected = true, StageId::StartTls, "hangs up"),
        (
            |session| {
                let text = "the server ended the handshake".to_owned();
                let reason = Reason::TlsHandshakeFailed;
                session.handshake = Some(timed(Err(HandshakeFailure { reason, text })));
            },
            StageId::StartTls,
            "ended the handshake",
        ),
        (
            |session| {
                let mut hello = hello("250 x\r\n");
                hello.heard = silent(Silence::Closed);
                session.hello_again = Some(hello);
            },
            StageId::StartTls,
            "within TLS",
        ),
    ];
    for (change, id, word) in cases {
        let mut facts = sound();
        change(session(&mut facts));
        let stage = of(&facts, id);
        assert_eq!(stage.status, Status::Error, "{word}");
        assert!(stage.text.contains(word), "{}", stage.text);
        assert!(!stage.fix.is_empty());
    }
}

#[test]
fn a_servers_chain_and_name_are_two_findings() {
    let mut facts = sound();
    facts.server_chain = Some(chain(ChainReason::SelfSigned, &[HOST]));
    facts.server_name = facts.server_chain.clone();
    assert_eq!(of(&facts, StageId::ServerCertificate).status, Status::Error);
    assert_eq!(of(&facts, StageId::ServerName).status, Status::Ok);
    facts.server_chain = Some(chain(ChainReason::Ok, &["other.example"]));
    facts.server_name = Some(chain(ChainReason::NameMismatch, &["other.example"]));
    assert_eq!(of(&facts, StageId::ServerCertificate).status, Status::Ok);
    assert_eq!(of(&facts, StageId::ServerName).status, Status::Error);
    // The name stands in the common name only.
    facts.server_chain = Some(chain(ChainReason::Ok, &[HOST]));
    assert_eq!(of(&facts, StageId::ServerName).status, Status::Warning);
}

#[test]
fn one_tls_version_alone_is_worth_a_warning() {
    for failed in ["TLSv1.2", "TLSv1.3"] {
        let mut facts = sound();
        let versions = &mut facts.versions.as_mut().unwrap().value;
        let one = versions.iter_mut().find(|one| one.version == failed).unwrap();
        one.outcome = Err("alert ProtocolVersion".to_owned());
        let stage = of(&facts, StageId::TlsVersions);
        assert_eq!(stage.status, Status::Warning);
        assert!(stage.text.contains(failed) && stage.text.contains("ProtocolVersion"));
    }
}

fn own(facts: &mut Facts, reason: ChainReason) {
    let chain = chain(reason, &["mail.fabrikam.example"]);
    facts.identity = Some(timed(Ok(Identified { file: "chain.pem".to_owned(), chain })));
}

#[test]
fn what_became_of_our_certificate() {
    let alert = || {
        let mut hello = hello("250 x\r\n");
        hello.heard = silent(Silence::Broke("received fatal alert: UnknownCA".to_owned()));
        Some(hello)
    };
    for (asked, sent, reason, ended, status, word) in [
        (true, 2, ChainReason::Ok, false, Status::Ok, "the whole chain"),
        (true, 1, ChainReason::ChainIncomplete, false, Status::Error, "chain-incomplete"),
        (false, 0, ChainReason::Ok, false, Status::Warning, "did not ask"),
        (true, 0, ChainReason::Ok, false, Status::Error, "key of your kind"),
        (true, 1, ChainReason::ChainIncomplete, true, Status::Error, "UnknownCA"),
    ] {
        let mut facts = sound();
        own(&mut facts, reason);
        session(&mut facts).handshake = Some(timed(Ok(tls_facts(asked, sent))));
        if ended {
            session(&mut facts).hello_again = alert();
            // The handshake itself is not at fault.
            assert_eq!(of(&facts, StageId::StartTls).status, Status::Ok);
        }
        let stage = of(&facts, StageId::ClientCertificate);
        assert_eq!(stage.status, status, "{word}");
        assert!(stage.text.contains(word), "{}", stage.text);
    }
}

#[test]
fn a_relay_denied_is_explained_by_what_was_shown() {
    let denied = "550 5.7.64 TenantAttribution; Relay Access Denied [x 2026 Y]\r\n";
    type Change = fn(&mut Facts);
    let cases: [(Change, &str); 6] = [
        (|facts| session(facts).handshake = None, "without TLS none can be shown"),
        (|_| {}, "No certificate was shown"),
        (
            |facts| {
                own(facts, ChainReason::Ok);
                session(facts).handshake = Some(timed(Ok(tls_facts(false, 0))));
            },
            "did not ask for a certificate",
        ),
        (
            |facts| {
                own(facts, ChainReason::ChainIncomplete);
                session(facts).handshake = Some(timed(Ok(tls_facts(true, 1))));
            },
            "chain-incomplete",
        ),
        (
            |facts| {
                own(facts, ChainReason::Ok);
                session(facts).handshake = Some(timed(Ok(tls_facts(true, 2))));
            },
            "none there expects mail.fabrikam.example",
        ),
        (
            |facts| {
                session(facts).recipient = Some(heard("550 5.7.64 Relay Access Denied ATTR36\r\n"));
            },
            "accepted domain",
        ),
    ];
    for (change, word) in cases {
        let mut facts = sound();
        facts.wanted.sender = Some(None);
        facts.wanted.recipient = Some(posthouse_smtp::parse_address("b@d.example", false).unwrap());
        session(&mut facts).mail = Some(heard("250 2.1.0 ok\r\n"));
        session(&mut facts).recipient = Some(heard(denied));
        change(&mut facts);
        let stage = of(&facts, StageId::Recipient);
        assert_eq!(stage.status, Status::Error);
        assert!(stage.text.contains(word), "{}", stage.text);
        assert!(stage.text.contains("5.7.64") && !stage.fix.is_empty());
    }
}

#[test]
fn other_refusals_have_the_advice_of_a_delivery_report() {
    for (answer, status, word) in [
        ("550 5.1.1 no such user\r\n", Status::Error, "address does not exist"),
        ("450 4.4.317 Cannot connect to remote server\r\n", Status::Error, "encrypted connection"),
        ("451 4.7.10 TLS needed\r\n", Status::Error, "encrypted connection"),
        ("550 5.7.51 TenantInboundAttribution\r\n", Status::Error, "only from certain"),
        ("451 4.7.1 Greylisted, come back\r\n", Status::Warning, "greylisting"),
        ("550 no status at all\r\n", Status::Error, "for good"),
    ] {
        let mut facts = sound();
        facts.wanted.sender = Some(None);
        session(&mut facts).mail = Some(heard(answer));
        let stage = of(&facts, StageId::Mail);
        assert_eq!(stage.status, status, "{answer}");
        assert!(stage.text.contains(word), "{}", stage.text);
    }
}

fn policy(facts: &mut Facts, chain_reason: ChainReason, answer: Result<HttpAnswer, String>) {
    let record = Answer::Found(vec!["v=STSv1; id=1".to_owned()]);
    let file = PolicyFile { chain: chain(chain_reason, &[]), answer };
    facts.policy = Some(timed(PolicyFacts { record, file: Some(Ok(file)) }));
}

fn page(status: u16, content_type: &str, body: &str) -> Result<HttpAnswer, String> {
    let body = body.as_bytes().to_vec();
    let content_type = content_type.to_owned();
    Ok(HttpAnswer { status, content_type, body, location: None })
}

#[test]
fn tls_10_a_policy_counts_only_as_its_rfc_says() {
    let good = "version: STSv1\nmode: enforce\nmx: *.contoso.example\nmax_age: 86400\n";
    let stray = good.replace("*.contoso", "*.other");
    let testing = stray.replace("enforce", "testing");
    for (reason, answer, status, word) in [
        (ChainReason::Ok, page(200, "text/plain", good), Status::Ok, "meets it"),
        (ChainReason::Ok, page(200, "text/plain", &stray), Status::Error, "does not name"),
        (ChainReason::Ok, page(200, "text/plain", &testing), Status::Warning, "does not name"),
        (ChainReason::Ok, page(404, "text/plain", good), Status::Warning, "404"),
        (ChainReason::Ok, page(200, "text/html", good), Status::Warning, "text/html"),
        (ChainReason::Ok, page(200, "text/plain", "<html>"), Status::Warning, "colon"),
        (ChainReason::NameMismatch, page(200, "text/plain", good), Status::Warning, "mta-sts."),
        (ChainReason::Ok, Err("cut off".to_owned()), Status::Warning, "cut off"),
    ] {
        let mut facts = sound();
        policy(&mut facts, reason, answer);
        let stage = of(&facts, StageId::MtaSts);
        assert_eq!(stage.status, status, "{word}");
        assert!(stage.text.contains(word), "{}", stage.text);
    }
    let mut facts = sound();
    policy(&mut facts, ChainReason::Ok, page(200, "text/plain", good));
    facts.server_name = Some(chain(ChainReason::Expired, &[HOST]));
    assert!(of(&facts, StageId::MtaSts).text.contains("does not give that"));
}

#[test]
fn tls_10_dane_counts_only_with_dnssec() {
    let secure = || Some(Proof::Secure);
    for (proof, mx_proof, matched, status) in [
        (secure(), secure(), DaneMatch::EndEntity, Status::Ok),
        (secure(), None, DaneMatch::TrustAnchor, Status::Ok),
        (secure(), Some(Proof::Insecure), DaneMatch::EndEntity, Status::Warning),
        (secure(), secure(), DaneMatch::Nothing, Status::Error),
        (secure(), secure(), DaneMatch::NoneUsable, Status::Warning),
        (Some(Proof::Insecure), None, DaneMatch::EndEntity, Status::Warning),
        (Some(Proof::Bogus), None, DaneMatch::EndEntity, Status::Error),
        (Some(Proof::NotValidated("why".into())), None, DaneMatch::EndEntity, Status::Warning),
    ] {
        let mut facts = sound();
        let tlsa = Tlsa { usage: 3, selector: 1, matching: 1, data: vec![0xab; 32] };
        let (records, matched) = (Answer::Found(vec![tlsa]), Some(matched));
        facts.dane = Some(timed(DaneFacts { records, proof, mx_proof, matched }));
        let stage = of(&facts, StageId::Dane);
        assert_eq!(stage.status, status, "{}", stage.text);
    }
}

#[test]
fn a_key_that_dane_vouches_for_needs_no_public_root() {
    let mut facts = sound();
    facts.server_chain = Some(chain(ChainReason::SelfSigned, &[HOST]));
    let tlsa = Tlsa { usage: 3, selector: 1, matching: 1, data: vec![0xab; 32] };
    facts.dane = Some(timed(DaneFacts {
        records: Answer::Found(vec![tlsa]),
        proof: Some(Proof::Secure),
        mx_proof: Some(Proof::Secure),
        matched: Some(DaneMatch::EndEntity),
    }));
    assert_eq!(of(&facts, StageId::ServerCertificate).status, Status::Warning);
}

#[test]
fn web_09_hostile_words_stay_words_in_text_and_page() {
    let hostile = "220 <script>alert(1)</script>\"'&\u{1b}[31m\u{202e}x\r\n";
    let mut facts = sound();
    session(&mut facts).greeting = heard(hostile);
    let report = report(&facts);
    let page = html(&report);
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;"));
    for shown in [page, text(&report, None)] {
        assert!(!shown.contains(['\u{202e}']), "{shown}");
        assert!(!shown.contains("\u{1b}[31mx"));
    }
}

#[test]
fn text_is_a_hundred_columns_wide_at_most() {
    let mut facts = sound();
    own(&mut facts, ChainReason::Expired);
    session(&mut facts).greeting = heard(&format!("220 {}\r\n", "word ".repeat(60)));
    let plain = anstream::adapter::strip_str(&text(&report(&facts), None)).to_string();
    for line in plain.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}
