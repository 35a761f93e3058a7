//! Decisions in detail: actions, switches, impersonation, tips and counterfactuals.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use posthouse_policy::*;
use posthouse_types::{
    Action, Address, AsfSwitch, Category, CompositeAuthentication, CompositeResult, Decision,
    Domain, Impersonation, Judged, PhishConfidence, QuarantineReason, RecipientContext, SafetyTip,
    Sfv, UnixMillis,
};

const TABL: &str =
    "[[tenant_allow_block]]\nlist_type = \"sender\"\nvalue = \"fabrikam.com\"\naction = \"allow\"";
const NOW: UnixMillis = UnixMillis(1_795_615_200_000);

fn composite(result: CompositeResult) -> CompositeAuthentication {
    CompositeAuthentication { result, ..CompositeAuthentication::default() }
}

fn address(text: &str) -> Address {
    Address::from_text(text).unwrap()
}

fn recipient() -> RecipientContext {
    RecipientContext::of(address("rita@contoso.com"))
}

/// A message of these verdicts from an authenticated stranger.
fn judged(categories: &[Category]) -> Judged {
    Judged {
        categories: categories.to_vec(),
        scl: if categories.contains(&Category::HighConfidenceSpam) { 9 } else { 5 },
        composite: composite(CompositeResult::Pass),
        has_spf_or_dkim: true,
        from: Some(address("anna@fabrikam.com")),
        mail_from: Some(address("bounce@fabrikam.com")),
        client_ip: Some("192.0.2.9".parse().unwrap()),
        ..Judged::default()
    }
}

fn tenant(tables: &str) -> Tenant {
    Tenant::from_toml(&format!("tenant.name = \"contoso\"\n{tables}"))
        .unwrap_or_else(|error| panic!("{error}\n{tables}"))
}

fn protection(tables: &str) -> Protection {
    tenant(tables).protection().cloned().unwrap_or_default()
}

fn decided(judged: &Judged, tables: &str) -> Decision {
    decide(judged, &recipient(), &protection(tables), NOW)
}

/// What came of it: the action's word, and `inbox` where it is simply delivered.
fn action(decision: &Decision) -> &'static str {
    match decision.action.as_str() {
        "deliver" => "inbox",
        "move-to-jmf" => "junk",
        other => other,
    }
}

#[test]
fn every_action_of_the_anti_spam_policy() {
    let with = |settings: &str| {
        let tables = format!("[[anti_spam_policy]]\nname = \"Default\"\n{settings}");
        decided(&judged(&[Category::Spam]), &tables).action
    };
    assert_eq!(with(""), Action::JunkHeader);
    assert_eq!(with("spam_action = \"delete\""), Action::Delete);
    assert_eq!(
        with("spam_action = \"add-x-header\"\nadd_x_header_value = \"X-Odd\""),
        Action::AddXHeader {
            name: "X-Odd".to_owned(),
            value: "This message appears to be spam.".to_owned()
        }
    );
    assert_eq!(
        with("spam_action = \"ModifySubject\"\nmodify_subject_value = \"[junk] \""),
        Action::ModifySubject { prefix: "[junk] ".to_owned() }
    );
    assert_eq!(
        with("spam_action = \"redirect\"\nredirect_to_recipients = [\"spam@contoso.com\"]"),
        Action::Redirect { to: vec![address("spam@contoso.com")] }
    );
    let Action::Quarantine(kept) = with("spam_action = \"quarantine\"") else { panic!() };
    assert_eq!((kept.reason, kept.retention_days), (QuarantineReason::Spam, 15));
    assert_eq!((kept.policy.as_str(), kept.permissions), (FULL_ACCESS, FULL_ACCESS_BITS));
    let bulk = Judged { bcl: 8, ..judged(&[]) };
    let tables = "[[anti_spam_policy]]\nname = \"Default\"\nbulk_spam_action = \"no-action\"";
    assert_eq!(decided(&bulk, tables).action, Action::NoAction);
    assert_eq!(decided(&bulk, "").scl, 6, "bulk is SCL 6");
}

#[test]
fn web_07_quarantine_tags_never_let_a_user_release_malware() {
    let tables = "[[quarantine_policy]]\nname = \"generous\"\nend_user_quarantine_permissions_value = 39\nesn_enabled = true\n\
                  [[malware_policy]]\nname = \"Default\"\nquarantine_tag = \"generous\"\n\
                  [[anti_spam_policy]]\nname = \"Default\"\nhigh_confidence_phish_quarantine_tag = \"generous\"\nspam_action = \"quarantine\"\nspam_quarantine_tag = \"generous\"";
    for (category, permissions) in [
        (Category::Malware, LIMITED_ACCESS),
        (Category::HighConfidencePhish, LIMITED_ACCESS),
        (Category::Spam, FULL_ACCESS_BITS),
    ] {
        let Action::Quarantine(kept) = decided(&judged(&[category]), tables).action else {
            panic!("{category:?}")
        };
        assert_eq!((kept.permissions, kept.notifies), (permissions, true), "{category:?}");
    }
}

#[test]
fn asf_switches_mark_and_test() {
    let message = Judged { asf: vec![AsfSwitch::FormTags, AsfSwitch::NumericIps], ..judged(&[]) };
    let with = |settings: &str| {
        decided(&message, &format!("[[anti_spam_policy]]\nname = \"Default\"\n{settings}"))
    };
    assert_eq!(action(&with("")), "inbox");
    let on = with("mark_as_spam_form_tags_in_html = \"on\"");
    assert_eq!((on.scl, on.category_word), (9, "HSPM"));
    assert_eq!(on.custom_spam, ["Form tag in html"]);
    assert_eq!(with("increase_score_with_numeric_ips = \"on\"").scl, 6);
    let test =
        with("mark_as_spam_form_tags_in_html = \"test\"\ntest_mode_action = \"add-x-header\"");
    assert_eq!(action(&test), "inbox");
    assert_eq!(test.custom_spam, ["This message was filtered by the custom spam filter option"]);
    let copied = with(
        "mark_as_spam_form_tags_in_html = \"test\"\ntest_mode_action = \"bcc-message\"\n\
         test_mode_bcc_to_recipients = [\"audit@contoso.com\"]",
    );
    assert_eq!(copied.bcc, [address("audit@contoso.com")]);
}

#[test]
fn blocked_file_types_and_addresses() {
    let exe = Judged { file_types: vec!["pdf".into(), "exe".into()], ..judged(&[]) };
    let decision = decided(&exe, "");
    assert_eq!((action(&decision), decision.category_word), ("reject", "FTBP"));
    let tables = "[[malware_policy]]\nname = \"Default\"\nfile_type_action = \"quarantine\"";
    let Action::Quarantine(kept) = decided(&exe, tables).action else { panic!() };
    assert_eq!((kept.reason, kept.retention_days), (QuarantineReason::FileType, 30));
    let off = "[[malware_policy]]\nname = \"Default\"\nenable_file_filter = false";
    assert_eq!(action(&decided(&exe, off)), "inbox");
    let block = "[connection_filter]\nip_block_list = [\"192.0.2.1-192.0.2.20\"]";
    let Action::Reject { status, text, .. } = decided(&judged(&[]), block).action else { panic!() };
    assert_eq!(status.to_string(), "5.7.513");
    assert!(text.contains("[192.0.2.9] blocked by contoso.com using Customer Block list"));
    assert_eq!(
        action(&decided(&judged(&[]), &format!("{block}\nip_allow_list = [\"192.0.2.9\"]"))),
        "inbox"
    );
}

#[test]
fn impersonation_needs_the_policys_protection_and_no_correspondence() {
    let message = Judged {
        impersonations: vec![
            Impersonation {
                category: Category::UserImpersonation,
                protected: "ceo@contoso.com".into(),
            },
            Impersonation {
                category: Category::DomainImpersonation,
                protected: "contoso.com".into(),
            },
        ],
        ..judged(&[])
    };
    let preset = "[[preset]]\nlevel = \"standard\"\nrecipient_domain_is = [\"contoso.com\"]\n";
    let users = format!("{preset}targeted_users_to_protect = [\"CEO@contoso.com\"]");
    assert_eq!(decided(&message, "").category_word, "NONE");
    assert_eq!(decided(&message, preset).category_word, "DIMP");
    let decision = decided(&message, &users);
    assert_eq!(decision.category_word, "UIMP");
    assert_eq!(action(&decision), "quarantine");
    assert!(decision.safety_tips.contains(&SafetyTip::SimilarUser));
    let mut known = recipient();
    known.corresponded = true;
    assert_eq!(action(&decide(&message, &known, &protection(&users), NOW)), "inbox");
    let trusted = format!("{users}\nexcluded_domains = [\"fabrikam.com\"]");
    assert_eq!(action(&decided(&message, &trusted)), "inbox");
}

#[test]
fn phish_thresholds() {
    use PhishConfidence::*;
    for (level, [low, medium, high]) in [
        (1, ["PHSH", "PHSH", "PHSH"]),
        (2, ["PHSH", "PHSH", "HPHSH"]),
        (3, ["PHSH", "HPHSH", "HPHSH"]),
        (4, ["HPHSH", "HPHSH", "HPHSH"]),
    ] {
        let tables =
            format!("[[anti_phish_policy]]\nname = \"Default\"\nphish_threshold_level = {level}");
        for (phish_confidence, wanted) in [(Low, low), (Medium, medium), (High, high)] {
            let message = Judged { phish_confidence, ..judged(&[Category::Phish]) };
            assert_eq!(decided(&message, &tables).category_word, wanted, "{level}");
        }
    }
}

#[test]
fn inside_the_organisation_only_the_state_s_verdicts_act() {
    use Category::*;
    for (state, acting) in [
        ("default", 2),
        ("high-confidence-phish", 2),
        ("phish", 3),
        ("high-confidence-spam", 4),
        ("spam", 5),
        ("disabled", 1),
    ] {
        let tables = format!(
            "[[anti_spam_policy]]\nname = \"Default\"\nintra_org_filter_state = \"{state}\""
        );
        let verdicts = [Malware, HighConfidencePhish, Phish, HighConfidenceSpam, Spam];
        for (place, category) in verdicts.into_iter().enumerate() {
            let message = Judged { is_internal: true, ..judged(&[category]) };
            let acts = decided(&message, &tables).category != None;
            assert_eq!(acts, place < acting, "{state} {category:?}");
        }
    }
    let message = Judged { is_internal: true, ..judged(&[HighConfidencePhish]) };
    assert_eq!(decided(&message, "").category_word, "INTOS");
}

#[test]
fn what_was_released_is_not_caught_again_but_for_malware() {
    for (category, wanted) in [
        (Category::HighConfidencePhish, "inbox"),
        (Category::Spam, "inbox"),
        (Category::Malware, "quarantine"),
    ] {
        let message = Judged { is_released: true, ..judged(&[category]) };
        let decision = decided(&message, "");
        assert_eq!(action(&decision), wanted, "{category:?}");
        assert_eq!(decision.sfv, if wanted == "inbox" { Sfv::Skq } else { Sfv::Spm });
    }
}

#[test]
fn the_security_team_gets_everything_as_it_came() {
    let tables = "[protection]\nsec_ops_mailboxes = [\"rita@contoso.com\"]";
    for category in [Category::Malware, Category::HighConfidencePhish, Category::Spam] {
        assert_eq!(action(&decided(&judged(&[category]), tables)), "inbox");
    }
}

#[test]
fn safety_tips_say_what_the_client_shows() {
    let standard = "[protection]\npreset = \"standard\"";
    let first = decided(&judged(&[]), standard);
    assert_eq!(
        first.safety_tips,
        [SafetyTip::FirstContact { address: "anna@fabrikam.com".into() }]
    );
    assert_eq!(first.sfty.map(|it| it.as_str()), Some("9.25"));
    let mut known = recipient();
    known.messages_before = 3;
    let again = decide(&judged(&[]), &known, &protection(standard), NOW);
    assert!(again.safety_tips.is_empty());
    let unknown = Judged {
        composite: composite(CompositeResult::None),
        has_spf_or_dkim: false,
        ..judged(&[])
    };
    assert!(decided(&unknown, "").safety_tips.contains(&SafetyTip::UnauthenticatedSender));
    let via = Judged { dkim_domains: vec![Domain::from_normalized("list.example")], ..judged(&[]) };
    assert_eq!(decided(&via, "").safety_tips, [SafetyTip::Via { domain: "list.example".into() }]);
}

#[test]
fn counterfactuals_are_found_by_deciding_again() {
    let spam = decided(&judged(&[Category::Spam]), "");
    let find = |decision: &Decision, setting: &str, value: &str| {
        decision
            .counterfactuals
            .iter()
            .find(|found| found.setting == setting && found.value == value)
            .map(|found| found.action)
    };
    assert_eq!(find(&spam, "spam_action", "quarantine"), Some("quarantine"));
    assert_eq!(find(&spam, "spam_action", "move-to-jmf"), None);
    assert_eq!(find(&spam, "sender", "allow anna@fabrikam.com"), Some("deliver"));
    let bulk = decided(&Judged { bcl: 7, ..judged(&[]) }, "");
    assert_eq!(find(&bulk, "bulk_threshold", "8"), Some("deliver"));
    let nearly = decided(&Judged { bcl: 6, ..judged(&[]) }, "");
    assert_eq!(find(&nearly, "bulk_threshold", "6"), Some("move-to-jmf"));
    let allowed = decided(&judged(&[Category::Spam]), TABL);
    assert_eq!(find(&allowed, "sender", "without fabrikam.com"), Some("move-to-jmf"));
    let exe = Judged { file_types: vec!["exe".into()], ..judged(&[]) };
    assert_eq!(find(&decided(&exe, ""), "enable_file_filter", "false"), Some("deliver"));
    assert!(decided(&judged(&[]), "").counterfactuals.is_empty());
    assert!(decided(&judged(&[Category::Spam]), "").counterfactuals.len() <= COUNTERFACTUALS_MAX);
}

#[test]
fn every_decision_says_which_setting_made_it() {
    let decision = decided(&judged(&[Category::Phish]), "[protection]\npreset = \"standard\"");
    let settings: Vec<_> = decision.because.iter().map(|because| because.setting).collect();
    assert_eq!(settings, ["verdict", "phish_spam_action"]);
    assert!(
        decision.because.iter().all(|because| because.name == "Standard Preset Security Policy")
    );
}
