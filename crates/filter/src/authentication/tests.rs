//! Claims about composite authentication: a table of facts and answers, and what is said of them.

use posthouse_types::{
    ArcFact, BodyCoverage, DkimFact, DkimReason, DkimResult, DmarcRecord, Facts, Finding, FromFact,
    Language, Lookup, ReplayFacts, ReverseName, SpfFact,
};

use super::*;

const FROM: &str = "contoso.example";

fn dkim(domain: &str) -> DkimFact {
    DkimFact {
        result: DkimResult::Pass,
        reason: DkimReason::Verified,
        domain: domain.into(),
        algorithm: "rsa-sha256".into(),
        key_bits: Some(2048),
        covers_from: true,
        fingerprint: "abc".into(),
        signed_at_seconds: Some(1_000_000),
        ..DkimFact::default()
    }
}

/// A message from contoso.example with that DMARC result, sent through somebody else's server.
fn facts(result: DmarcResult, policy: DmarcPolicy) -> AuthenticationFacts {
    AuthenticationFacts {
        spf: SpfFact {
            result: SpfResult::Pass,
            domain: "bulk.example".into(),
            client: Some("192.0.2.1".parse().unwrap()),
            ..SpfFact::default()
        },
        dmarc: DmarcFact {
            result,
            policy,
            header_from: FROM.into(),
            organizational_domain: FROM.into(),
            ..DmarcFact::default()
        },
        from: FromFact {
            addresses: vec![format!("ann@{FROM}")],
            domains: vec![FROM.into()],
            fields: 1,
            ..FromFact::default()
        },
        ..AuthenticationFacts::default()
    }
}

fn connection(name: &str, is_confirmed: bool) -> ConnectionFacts {
    let name = ReverseName { name: name.into(), organization: name.into(), is_confirmed };
    ConnectionFacts {
        gateway: None,
        address: "192.0.2.1".parse().unwrap(),
        helo: "mail.bulk.example".into(),
        reverse_name: Lookup::Found(name),
        block_lists: Vec::new(),
    }
}

fn word(composite: CompositeAuthentication) -> String {
    format!("{} {:03}", composite.result.as_str(), composite.reason)
}

fn answer(facts: &AuthenticationFacts, context: &SenderContext<'_>) -> String {
    word(composite(facts, context))
}

#[test]
fn compauth_reads_as_the_table_of_reason_codes() {
    use DmarcPolicy as Policy;
    use DmarcResult as Dmarc;
    let own = SenderContext { own_domains: &[FROM], ..SenderContext::EMPTY };
    for (result, policy, expected, expected_own) in [
        (Dmarc::Pass, Policy::Reject, "pass 100", "pass 100"),
        (Dmarc::BestGuessPass, Policy::None, "pass 109", "pass 109"),
        (Dmarc::Fail, Policy::Reject, "fail 000", "fail 010"),
        (Dmarc::Fail, Policy::Quarantine, "fail 000", "fail 010"),
        (Dmarc::Fail, Policy::None, "fail 001", "fail 601"),
        (Dmarc::None, Policy::None, "fail 001", "fail 601"),
        (Dmarc::PermError, Policy::None, "fail 001", "fail 601"),
        (Dmarc::TempError, Policy::Reject, "none 301", "none 301"),
    ] {
        let facts = facts(result, policy);
        assert_eq!(answer(&facts, &SenderContext::EMPTY), expected, "{result:?} {policy:?}");
        assert_eq!(answer(&facts, &own), expected_own, "{result:?} {policy:?}");
        let bypass = SenderContext { bypass: Some(Bypass::Connector), ..own };
        assert_eq!(answer(&facts, &bypass), "none 400");
    }
}

#[test]
fn flt_14_what_nobody_could_look_up_is_never_a_fail() {
    let mut nothing = facts(DmarcResult::NotAsked, DmarcPolicy::None);
    nothing.spf.result = SpfResult::NotAsked;
    assert_eq!(answer(&nothing, &SenderContext::EMPTY), "none 300");
    let mut failed = facts(DmarcResult::None, DmarcPolicy::None);
    failed.spf =
        SpfFact { result: SpfResult::TempError, domain: FROM.into(), ..SpfFact::default() };
    assert_eq!(answer(&failed, &SenderContext::EMPTY), "none 301");
    for facts in [&nothing, &failed] {
        let composite = composite(facts, &SenderContext::EMPTY);
        let found = authentication_findings(facts, &all(composite, ReplayFacts::default()));
        assert!(found.iter().all(|finding| finding.weight() == 0.0), "{found:?}");
    }
    assert_eq!(dmarc_action(&failed.dmarc, 0), DmarcAction::None);
}

#[test]
fn implicit_signs_make_a_soft_pass_where_nothing_speaks_against_it() {
    let facts = facts(DmarcResult::None, DmarcPolicy::None);
    let named = connection("mail.contoso.example", true);
    let with = |connection, history| SenderContext {
        connection: Some(connection),
        history,
        ..SenderContext::EMPTY
    };
    let none = SenderHistory::default();
    assert_eq!(answer(&facts, &with(&named, none)), "softpass 201");
    // Anybody can write any name into his own reverse zone.
    let claimed = connection("mail.contoso.example", false);
    assert_eq!(answer(&facts, &with(&claimed, none)), "fail 001");
    let other = connection("mail.bulk.example", true);
    let known = SenderHistory { is_known_infrastructure: true, ..none };
    assert_eq!(answer(&facts, &with(&other, known)), "softpass 202");
    let correspondent = SenderHistory { was_written_to: true, ..none };
    assert_eq!(answer(&facts, &with(&other, correspondent)), "softpass 203");
    // The owner's word outweighs every sign, as does a From that reads two ways.
    let mut refused = facts.clone();
    refused.spf.result = SpfResult::Fail;
    assert_eq!(answer(&refused, &with(&named, known)), "fail 001");
    let mut odd = facts.clone();
    odd.from.problems = vec![FromProblem::Ambiguous];
    assert_eq!(answer(&odd, &with(&named, known)), "fail 001");
    let own = SenderContext { own_domains: &[FROM], ..with(&named, known) };
    assert_eq!(answer(&facts, &own), "fail 601");
}

fn sealed(sealers: &[(&str, Option<&str>)]) -> AuthenticationFacts {
    let mut facts = facts(DmarcResult::Fail, DmarcPolicy::Reject);
    let claims = sealers.iter().enumerate().map(|(at, (sealer, dmarc_pass))| ArcClaims {
        instance: at as u32 + 1,
        sealer: (*sealer).into(),
        signer: (*sealer).into(),
        dmarc_pass: dmarc_pass.map(str::to_owned),
        ..ArcClaims::default()
    });
    let (result, claims) = (ArcResult::Pass, claims.collect());
    facts.arc = ArcFact { result, claims, ..ArcFact::default() };
    facts
}

#[test]
fn aut_08_only_trusted_sealers_without_a_gap_override_a_failure() {
    let trusting =
        SenderContext { trusted_sealers: &["list.example", "hub.example"], ..SenderContext::EMPTY };
    let (claim, none) = (Some(FROM), None);
    for (sealers, expected) in [
        (vec![("list.example", claim)], "pass 130"),
        (vec![("list.example", claim), ("hub.example", none)], "pass 130"),
        (vec![("list.example", none)], "fail 000"),
        (vec![("list.example", Some("other.example"))], "fail 000"),
        (vec![("attacker.example", claim)], "fail 000"),
        // An old chain of a trusted sealer, sealed again by somebody else over another message.
        (vec![("list.example", claim), ("attacker.example", claim)], "fail 000"),
        (vec![("attacker.example", claim), ("list.example", none)], "fail 000"),
        (vec![("sub.list.example", claim)], "fail 000"),
    ] {
        assert_eq!(answer(&sealed(&sealers), &trusting), expected, "{sealers:?}");
        assert_eq!(answer(&sealed(&sealers), &SenderContext::EMPTY), "fail 000");
    }
    let mut broken = sealed(&[("list.example", claim)]);
    broken.arc.result = ArcResult::Fail;
    assert_eq!(answer(&broken, &trusting), "fail 000");
    let mut signed_by_other = sealed(&[("list.example", claim)]);
    signed_by_other.arc.claims[0].signer = "attacker.example".into();
    assert_eq!(answer(&signed_by_other, &trusting), "fail 000");
    let mut two = sealed(&[("list.example", claim)]);
    two.from.domains.push("other.example".into());
    assert_eq!(answer(&two, &trusting), "fail 000");
}

#[test]
fn an_entry_for_a_spoofed_sender_is_the_tenant_s_last_word_on_an_unproven_one() {
    let entry = |spoofed, infrastructure, action| SpoofEntry {
        spoofed,
        infrastructure,
        kind: SpoofKind::External,
        action,
    };
    let domain = || Spoofed::Domain(FROM.into());
    let through = |name: &str| Infrastructure::Domain(name.into());
    let network = Infrastructure::Network("192.0.2.200".parse().unwrap());
    let far = Infrastructure::Network("198.51.100.1".parse().unwrap());
    use SpoofAction::{Allow, Block};
    let connection = connection("out7.bulk.example", true);
    for (entries, expected) in [
        (vec![], "fail 000"),
        (vec![entry(domain(), through("bulk.example"), Allow)], "pass 701"),
        (vec![entry(domain(), through("signer.example"), Allow)], "pass 701"),
        (vec![entry(domain(), network.clone(), Allow)], "pass 701"),
        (vec![entry(domain(), far, Allow)], "fail 000"),
        (vec![entry(domain(), through("k.example"), Allow)], "fail 000"),
        (vec![entry(Spoofed::Address(format!("ann@{FROM}")), network.clone(), Allow)], "pass 701"),
        (vec![entry(Spoofed::Address(format!("bob@{FROM}")), network.clone(), Allow)], "fail 000"),
        (vec![entry(Spoofed::Anyone, network.clone(), Allow)], "pass 701"),
        (
            vec![entry(Spoofed::WithSubdomains("example".into()), network.clone(), Allow)],
            "pass 701",
        ),
        (vec![entry(Spoofed::WithSubdomains(FROM.into()), network.clone(), Block)], "fail 002"),
        (
            vec![entry(Spoofed::WithSubdomains("so.example".into()), network.clone(), Allow)],
            "fail 000",
        ),
        (
            vec![
                entry(domain(), network.clone(), Allow),
                entry(Spoofed::Anyone, Infrastructure::Anyone, Block),
            ],
            "fail 002",
        ),
        (
            vec![SpoofEntry {
                kind: SpoofKind::Internal,
                ..entry(domain(), network.clone(), Allow)
            }],
            "fail 000",
        ),
    ] {
        let mut facts = facts(DmarcResult::Fail, DmarcPolicy::Reject);
        facts.dkim = vec![dkim("signer.example")];
        let context = SenderContext {
            spoof_entries: &entries,
            connection: Some(&connection),
            ..SenderContext::EMPTY
        };
        assert_eq!(answer(&facts, &context), expected, "{entries:?}");
        // Who proves himself is no spoof, whatever the list says.
        facts.dmarc.result = DmarcResult::Pass;
        assert_eq!(answer(&facts, &context), "pass 100");
    }
}

#[test]
fn the_infrastructure_is_the_name_then_the_signer_then_the_network() {
    let mut facts = facts(DmarcResult::Fail, DmarcPolicy::None);
    let network = Infrastructure::Network("192.0.2.0".parse().unwrap());
    assert_eq!(infrastructure(&facts, None), Some(network));
    facts.dkim = vec![dkim("signer.example")];
    let unconfirmed = connection("bulk.example", false);
    let signer = Infrastructure::Domain("signer.example".into());
    assert_eq!(infrastructure(&facts, Some(&unconfirmed)), Some(signer));
    let named = Infrastructure::Domain("bulk.example".into());
    assert_eq!(infrastructure(&facts, Some(&connection("bulk.example", true))), Some(named));
}

#[test]
fn an_allow_that_fits_one_of_two_senders_allows_neither() {
    let mut facts = facts(DmarcResult::Fail, DmarcPolicy::Reject);
    facts.from.addresses.push("boss@other.example".into());
    facts.from.domains.push("other.example".into());
    let entries = [SpoofEntry {
        spoofed: Spoofed::Domain(FROM.into()),
        infrastructure: Infrastructure::Anyone,
        kind: SpoofKind::External,
        action: SpoofAction::Allow,
    }];
    let context = SenderContext { spoof_entries: &entries, ..SenderContext::EMPTY };
    assert_eq!(answer(&facts, &context), "fail 000");
}

#[test]
fn the_owner_s_percentage_makes_the_action_milder() {
    let mut fact = facts(DmarcResult::Fail, DmarcPolicy::Reject).dmarc;
    assert_eq!(dmarc_action(&fact, 99), DmarcAction::OverrideReject);
    fact.record = Some(DmarcRecord {
        domain: FROM.into(),
        policy: DmarcPolicy::Reject,
        subdomain_policy: None,
        percent: 20,
        is_spf_strict: false,
        is_dkim_strict: false,
        is_testing: false,
    });
    assert_eq!(dmarc_action(&fact, 19), DmarcAction::OverrideReject);
    assert_eq!(dmarc_action(&fact, 20), DmarcAction::PercentReject);
    fact.policy = DmarcPolicy::Quarantine;
    assert_eq!(dmarc_action(&fact, 20), DmarcAction::PercentQuarantine);
    fact.policy = DmarcPolicy::None;
    assert_eq!(dmarc_action(&fact, 0), DmarcAction::None);
    fact.result = DmarcResult::PermError;
    assert_eq!(dmarc_action(&fact, 0), DmarcAction::PermError);
}

#[test]
fn what_a_percentage_spares_is_no_explicit_failure_any_more() {
    let mut facts = facts(DmarcResult::Fail, DmarcPolicy::Quarantine);
    let record = DmarcRecord {
        domain: FROM.into(),
        policy: DmarcPolicy::Quarantine,
        subdomain_policy: None,
        percent: 20,
        is_spf_strict: false,
        is_dkim_strict: false,
        is_testing: false,
    };
    facts.dmarc.record = Some(record);
    let reason = |facts: &AuthenticationFacts, dmarc_sample| {
        composite(facts, &SenderContext { dmarc_sample, ..SenderContext::EMPTY }).reason
    };
    assert_eq!(reason(&facts, 19), reasons::EXPLICIT_FAIL);
    assert_eq!(reason(&facts, 20), reasons::IMPLICIT_FAIL);
    // Of reject quarantine is left (RFC 7489 section 6.6.4).
    facts.dmarc.policy = DmarcPolicy::Reject;
    assert_eq!(reason(&facts, 20), reasons::EXPLICIT_FAIL);
    assert_eq!(applied_policy(&facts.dmarc, 20), DmarcPolicy::Quarantine);
}

fn all(composite: CompositeAuthentication, replay: ReplayFacts) -> Facts {
    Facts { composite, replay, ..Facts::default() }
}

fn ids(facts: &AuthenticationFacts, replay: &ReplayFacts) -> Vec<&'static str> {
    let composite = composite(facts, &SenderContext::EMPTY);
    let found = authentication_findings(facts, &all(composite, replay.clone()));
    found.iter().map(|finding: &Finding| finding.kind.id).collect()
}

#[test]
fn aut_04_a_genuine_signature_on_somebody_else_s_mail_is_a_replay() {
    let mut facts = facts(DmarcResult::Pass, DmarcPolicy::Reject);
    facts.dkim = vec![dkim(FROM)];
    let recipients = vec!["victim@tenant.example".to_owned()];
    let old = ReplayFacts {
        recipients: recipients.clone(),
        shown_recipients: vec!["accomplice@mail.example".to_owned()],
        now_seconds: 1_000_000 + 2 * 3_600,
        ..ReplayFacts::default()
    };
    let weight = |facts: &AuthenticationFacts, replay: &ReplayFacts| {
        let composite = composite(facts, &SenderContext::EMPTY);
        let found = authentication_findings(facts, &all(composite, replay.clone()));
        found.iter().find(|found| found.kind.id == "dkim-replay").map(Finding::weight)
    };
    let has = |facts: &AuthenticationFacts, replay: &ReplayFacts| weight(facts, replay).is_some();
    assert!(has(&facts, &old));
    let fresh = ReplayFacts { now_seconds: 1_000_060, ..old.clone() };
    assert!(!has(&facts, &fresh));
    let many = ReplayFacts { seen: 51, ..fresh };
    assert_eq!(weight(&facts, &many), Some(1.8));
    // A list has many readers, and being late is nobody's fault.
    assert_eq!(weight(&facts, &ReplayFacts { is_list: true, ..many }), Some(0.5));
    assert_eq!(weight(&facts, &old), Some(0.5));
    assert!(!has(&facts, &ReplayFacts { shown_recipients: recipients, ..old.clone() }));
    // The signer's own envelope: a list or a Bcc of his.
    facts.spf.domain = FROM.into();
    assert!(!has(&facts, &old));
}

#[test]
fn aut_02_aut_03_aut_05_aut_06_are_said_in_both_languages() {
    let mut facts = facts(DmarcResult::None, DmarcPolicy::None);
    facts.from.problems = vec![FromProblem::Malformed, FromProblem::Ambiguous];
    facts.from.shown_addresses = vec!["boss@other.example".into()];
    facts.dkim = vec![
        DkimFact {
            body: BodyCoverage::Partial { signed_bytes: 10, body_bytes: 900 },
            unsigned_fields: vec!["subject".into()],
            key_bits: Some(1024),
            ..dkim("signer.example")
        },
        DkimFact {
            result: DkimResult::Fail,
            reason: DkimReason::ShortKey,
            key_bits: Some(512),
            ..dkim("weak.example")
        },
    ];
    facts.dkim_unchecked = 9_990;
    let found = ids(&facts, &ReplayFacts::default());
    for id in [
        "from-malformed",
        "from-ambiguous",
        "from-shows-other-address",
        "dkim-partial-body",
        "dkim-unsigned-field",
        "dkim-weak-key",
        "dkim-short-key",
        "dkim-many-signatures",
        "sender-unauthenticated",
    ] {
        assert!(found.contains(&id), "{id} in {found:?}");
    }
    let answer = composite(&facts, &SenderContext::EMPTY);
    for finding in authentication_findings(&facts, &all(answer, ReplayFacts::default())) {
        for language in [Language::English, Language::German] {
            let sentence = finding.sentence(language);
            assert!(!sentence.contains('?') && !sentence.contains('{'), "{sentence}");
        }
    }
}

#[test]
fn a_connection_is_described_by_what_dns_says_of_it() {
    let ids = |facts: &ConnectionFacts| -> Vec<&str> {
        connection_findings(facts).iter().map(|finding| finding.kind.id).collect()
    };
    let mut facts = connection("mail.bulk.example", true);
    assert_eq!(ids(&facts), Vec::<&str>::new());
    facts.reverse_name = Lookup::None;
    facts.helo = "WIN-PC".into();
    facts.block_lists = vec![posthouse_types::BlockListFact {
        zone: "list.example".into(),
        answer: Lookup::Found("127.0.0.2".parse().unwrap()),
    }];
    assert_eq!(ids(&facts), ["address-block-listed", "address-without-name", "helo-odd"]);
    facts.reverse_name = Lookup::Failed("x".into());
    facts.block_lists[0].answer = Lookup::Failed("x".into());
    facts.helo = "[192.0.2.1]".into();
    assert_eq!(ids(&facts), Vec::<&str>::new());
}

#[test]
fn a_question_mark_and_via_are_shown_as_the_specification_says() {
    let mut facts = facts(DmarcResult::None, DmarcPolicy::None);
    let fail = composite(&facts, &SenderContext::EMPTY);
    assert!(!shows_question_mark(&facts, fail));
    assert_eq!(via(&facts), Some("bulk.example"));
    facts.spf.result = SpfResult::SoftFail;
    assert!(shows_question_mark(&facts, fail));
    facts.dkim = vec![dkim("signer.example")];
    assert!(!shows_question_mark(&facts, fail));
    assert_eq!(via(&facts), Some("signer.example"));
    facts.dkim.push(dkim("mail.contoso.example"));
    assert_eq!(via(&facts), None);
    assert!(is_explicit_fail(CompositeAuthentication {
        result: CompositeResult::Fail,
        reason: 10
    }));
    assert!(!is_explicit_fail(fail));
}

#[test]
fn policies_are_told_what_the_owner_asks_of_this_very_message() {
    let told = |reason, action, result: DmarcResult, compauth| {
        let mut judged = Judged::default();
        let composite = CompositeAuthentication { result: compauth, reason };
        let dmarc = DmarcFact { result, ..DmarcFact::default() };
        tell(&mut judged, composite, &dmarc, action);
        assert_eq!(judged.composite, composite);
        (judged.dmarc, judged.categories.contains(&Category::Spoof))
    };
    use CompositeResult::{Fail, None as Unchecked, Pass};
    use DmarcResult as Dmarc;
    for (reason, action, result, compauth, expected) in [
        (0, DmarcAction::OverrideReject, Dmarc::Fail, Fail, (DmarcOutcome::FailReject, true)),
        (0, DmarcAction::PercentReject, Dmarc::Fail, Fail, (DmarcOutcome::FailQuarantine, true)),
        (10, DmarcAction::Quarantine, Dmarc::Fail, Fail, (DmarcOutcome::FailQuarantine, true)),
        (0, DmarcAction::PercentQuarantine, Dmarc::Fail, Fail, (DmarcOutcome::FailNone, true)),
        (1, DmarcAction::None, Dmarc::Fail, Fail, (DmarcOutcome::FailNone, true)),
        (1, DmarcAction::None, Dmarc::None, Fail, (DmarcOutcome::NoRecord, true)),
        (130, DmarcAction::OverrideReject, Dmarc::Fail, Pass, (DmarcOutcome::Pass, false)),
        (701, DmarcAction::OverrideReject, Dmarc::Fail, Pass, (DmarcOutcome::FailNone, false)),
        (100, DmarcAction::None, Dmarc::Pass, Pass, (DmarcOutcome::Pass, false)),
        (301, DmarcAction::TempError, Dmarc::TempError, Unchecked, (DmarcOutcome::NoRecord, false)),
    ] {
        assert_eq!(told(reason, action, result, compauth), expected, "{reason} {action:?}");
    }
}
