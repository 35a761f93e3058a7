//! Connectors that have a chain judged by a rule of their own: who is asked for it, what counts,
//! and what the peer is told.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod support;

use std::sync::Arc;

use posthouse_policy::{
    Attribution, ChainRule, Directory, Question, RecipientPath, RuledChain, SharedIdentities,
    attribute, chain_rules,
};
use posthouse_types::{
    ChainMode, ChainReason, ChainReport, ChainWarning, MissingCertificate, Peer, TenantId,
};
use support::{address, certified, chain, directory, plain, tls};

const IP: &str = "192.0.2.1";
const REVOKED: &str = "Your certificate CN=mail.contoso.example is revoked.";

fn contoso(rule: &str) -> String {
    tenant("contoso", rule)
}

fn tenant(name: &str, rule: &str) -> String {
    format!(
        "[tenant]\nname = \"{name}\"\n[[accepted_domain]]\nname = \"{name}.example\"\nverified = true\n\
         [[inbound_connector]]\nname = \"own\"\nconnector_type = \"on-premises\"\n\
         tls_sender_certificate_name = \"mail.{name}.example\"\n{rule}\n"
    )
}

/// The report of `peer`, with another reason; a repaired one says what was not sent.
fn judged(peer: &Peer, rule: ChainRule, reason: ChainReason) -> RuledChain {
    let as_sent = peer.tls.as_ref().unwrap().chain.as_ref().clone();
    let mut report = ChainReport { reason, ..as_sent };
    if reason == ChainReason::Ok && rule.mode == ChainMode::Repair {
        report.warnings = vec![ChainWarning::CompletedFromStore];
        report.missing = Some(MissingCertificate {
            subject: "CN=Issuing CA".into(),
            key_id: None,
            get: Vec::new(),
            in_store: true,
            namesake_sent: false,
        });
    }
    RuledChain { rule, report: Arc::new(report), sentence: REVOKED.to_owned() }
}

/// Asks as the gateway does: which rules, then whose mail.
fn ask(
    directory: &Directory,
    peer: &Peer,
    (sender, recipient): (&str, &str),
    judge: impl Fn(ChainRule) -> ChainReason,
) -> (Vec<ChainRule>, Attribution) {
    let (sender, recipient) = (address(sender), address(recipient));
    let question = Question {
        peer,
        sender: Some(&sender),
        recipient: RecipientPath::Mailbox(&recipient),
        transaction: None,
        shared: &SharedIdentities::built_in(),
        chain_sentence: support::CHAIN_SENTENCE,
        chains: &[],
    };
    let rules = chain_rules(&question, directory);
    let chains: Vec<_> = rules.iter().map(|rule| judged(peer, *rule, judge(*rule))).collect();
    (rules, attribute(&Question { chains: &chains, ..question }, directory))
}

fn reason(attribution: &Attribution) -> &'static str {
    attribution.outcome.as_ref().map_or_else(|refusal| refusal.reason.id(), |_| "accepted")
}

const RELAY: (&str, &str) = ("ann@contoso.example", "bob@elsewhere.example");

#[test]
fn nobody_is_asked_where_no_connector_has_a_rule_or_nothing_was_sent() {
    let usual = directory(&[&contoso("")]);
    let repair = directory(&[&contoso("chain = \"repair\"")]);
    let never = |_| -> ChainReason { panic!("nobody was to be asked") };
    for (directory, peer) in [
        (&usual, certified(IP, &["mail.contoso.example"])),
        (&usual, chain(IP, &["mail.contoso.example"], ChainReason::ChainIncomplete)),
        (&repair, plain(IP)),
        (&repair, tls(IP)),
        (&repair, chain(IP, &["mail.fabrikam.example"], ChainReason::ChainIncomplete)),
        // Accepted as it was sent: repair adds nothing.
        (&repair, certified(IP, &["mail.contoso.example"])),
    ] {
        assert_eq!(ask(directory, &peer, RELAY, never).0, []);
    }
}

#[test]
fn a_repaired_chain_is_recognised_and_the_administrator_is_told_what_was_not_sent() {
    let directory = directory(&[&contoso("chain = \"repair\"")]);
    let peer = chain(IP, &["mail.contoso.example"], ChainReason::ChainIncomplete);
    let (rules, answer) = ask(&directory, &peer, RELAY, |_| ChainReason::Ok);
    let rule = ChainRule { tenant: TenantId(1), mode: ChainMode::Repair, check_revocation: false };
    assert_eq!(rules, [rule]);
    assert_eq!(reason(&answer), "accepted");
    let decided = answer.chain.as_ref().unwrap();
    assert!(decided.is_accepted() && decided.warnings == [ChainWarning::CompletedFromStore]);
    assert!(answer.considered[0].why.contains("CN=Issuing CA was not sent"), "{answer:?}");
}

#[test]
fn a_chain_that_cannot_be_repaired_is_refused_as_it_was_sent() {
    let directory = directory(&[&contoso("chain = \"repair\"")]);
    let peer = chain(IP, &["mail.contoso.example"], ChainReason::ChainIncomplete);
    let (_, answer) = ask(&directory, &peer, RELAY, |_| ChainReason::ChainIncomplete);
    let refusal = answer.outcome.unwrap_err();
    assert_eq!(refusal.reason.id(), "chain-incomplete");
    assert!(refusal.reply.lines[1].contains(support::CHAIN_SENTENCE), "{:?}", refusal.reply);
    assert!(answer.chain.is_none());
}

#[test]
fn a_revoked_certificate_is_refused_by_those_who_ask_and_said_to_be_revoked() {
    let peer = certified(IP, &["mail.contoso.example"]);
    let asking = directory(&[&contoso("check_revocation = true")]);
    let (rules, answer) = ask(&asking, &peer, RELAY, |_| ChainReason::Revoked);
    assert_eq!(rules.len(), 1);
    assert_eq!(answer.chain.as_ref().unwrap().reason, ChainReason::Revoked);
    let refusal = answer.outcome.unwrap_err();
    assert_eq!(refusal.reason.id(), "revoked");
    assert_eq!(refusal.reply.lines[1], REVOKED);
    assert!(answer.considered[0].why.contains("revoked"), "{:?}", answer.considered);

    let (_, answer) = ask(&asking, &peer, RELAY, |_| ChainReason::Ok);
    assert_eq!(reason(&answer), "accepted");
    let usual = directory(&[&contoso("")]);
    assert_eq!(reason(&ask(&usual, &peer, RELAY, |_| ChainReason::Revoked).1), "accepted");
}

#[test]
fn what_repairs_one_tenants_chain_is_no_proof_for_another() {
    let both = ["mail.contoso.example", "mail.fabrikam.example"];
    let peer = chain(IP, &both, ChainReason::ChainIncomplete);
    let repair = "chain = \"repair\"";
    let directory = directory(&[&contoso(repair), &tenant("fabrikam", repair)]);
    let only_contoso = |rule: ChainRule| match rule.tenant {
        TenantId(1) => ChainReason::Ok,
        _ => ChainReason::ChainIncomplete,
    };
    let (rules, answer) = ask(&directory, &peer, RELAY, only_contoso);
    assert_eq!((rules.len(), reason(&answer)), (2, "accepted"));
    let as_fabrikam = ("ann@fabrikam.example", "bob@elsewhere.example");
    let (_, answer) = ask(&directory, &peer, as_fabrikam, only_contoso);
    assert_eq!(reason(&answer), "sender-domain-of-another-tenant");
}

#[test]
fn a_partners_connector_judges_by_its_own_rule_too() {
    let host = "[tenant]\nname = \"contoso\"\n[[accepted_domain]]\nname = \"contoso.example\"\n\
        verified = true\ntype = \"internal-relay\"\n\
        [[inbound_connector]]\nname = \"partner\"\nconnector_type = \"partner\"\n\
        sender_domains = [\"partner.example\"]\nrestrict_domains_to_certificate = true\n\
        tls_sender_certificate_name = \"mx.partner.example\"\ncheck_revocation = true\n\
        [[outbound_connector]]\nname = \"home\"\nconnector_type = \"on-premises\"\n\
        all_accepted_domains = true\nsmart_hosts = [\"mail.contoso.example\"]\n";
    let directory = directory(&[host]);
    let peer = certified(IP, &["mx.partner.example"]);
    let mail = ("bob@partner.example", "ann@contoso.example");
    let (rules, answer) = ask(&directory, &peer, mail, |_| ChainReason::Ok);
    assert_eq!((rules.len(), reason(&answer)), (1, "accepted"));
    let (_, answer) = ask(&directory, &peer, mail, |_| ChainReason::Revoked);
    let refusal = answer.outcome.unwrap_err();
    assert_eq!(refusal.reason.id(), "partner-certificate-restricted");
    assert!(refusal.reply.lines.contains(&REVOKED.to_owned()), "{:?}", refusal.reply);
}

#[test]
fn a_rule_without_a_certificate_name_is_refused() {
    for rule in ["chain = \"repair\"", "check_revocation = true"] {
        let file = contoso(rule).replace(
            "tls_sender_certificate_name = \"mail.contoso.example\"",
            "sender_ip_addresses = [\"192.0.2.1\"]",
        );
        let error = posthouse_policy::Tenant::from_toml(&file).unwrap_err().to_string();
        assert!(error.contains("tls_sender_certificate_name"), "{error}");
    }
    let error = posthouse_policy::Tenant::from_toml(&contoso("chain = \"fetch\"")).unwrap_err();
    assert!(error.to_string().contains("\"as-sent\", \"repair\""), "{error}");
}

#[test]
fn the_number_of_rules_for_one_question_is_bounded() {
    let files: Vec<String> =
        (0..20).map(|number| tenant(&format!("t{number}"), "check_revocation = true")).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let names: Vec<String> = (0..20).map(|number| format!("mail.t{number}.example")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (rules, _) = ask(&directory(&files), &certified(IP, &names), RELAY, |_| ChainReason::Ok);
    assert_eq!(rules.len(), posthouse_policy::CHAIN_RULES_MAX);
}
