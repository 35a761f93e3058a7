//! Decisions, as the tables of the specification read: who wins, presets, precedence, DMARC.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use posthouse_policy::*;
use posthouse_types::{
    Action, Address, Category, CompositeAuthentication, CompositeResult, Decision, DmarcOutcome,
    Judged, PhishConfidence, PolicyKind, RecipientContext, Sfv, UnixMillis,
};

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

const RULE_ALLOW: &str = "rule-allow";
const RULE_BLOCK: &str = "rule-block";
const IP: &str = "[connection_filter]\nip_allow_list = [\"192.0.2.0/24\"]";
const POLICY: &str =
    "[[anti_spam_policy]]\nname = \"Default\"\nallowed_senders = [\"anna@fabrikam.com\"]";
const TABL: &str =
    "[[tenant_allow_block]]\nlist_type = \"sender\"\nvalue = \"fabrikam.com\"\naction = \"allow\"";
const SAFE: &str = "user-safe";
const BLOCKED: &str = "user-blocked";
const POLICY_BLOCK: &str =
    "[[anti_spam_policy]]\nname = \"Default\"\nblocked_sender_domains = [\"fabrikam.com\"]";

fn overridden(category: Category, bcl: u8, by: &str) -> Decision {
    let mut message = judged(&[category]);
    message.bcl = bcl;
    let mut to = recipient();
    match by {
        RULE_ALLOW => message.rule_scl = Some(-1),
        RULE_BLOCK => message.rule_scl = Some(9),
        SAFE => to.safe_senders.push("anna@fabrikam.com".to_owned()),
        BLOCKED => to.blocked_senders.push("fabrikam.com".to_owned()),
        _ => {}
    }
    let tables = if by.contains('[') { by } else { "" };
    decide(&message, &to, &protection(tables), NOW)
}

/// Spec 2.2, line by line. The default policy: phishing and spam go to junk, so that "filter",
/// "policy action" and "junk" are told apart by SCL and SFV below.
#[test]
fn the_allow_and_block_matrix() {
    use Category::*;
    let columns = [RULE_ALLOW, IP, POLICY, TABL, SAFE, BLOCKED, RULE_BLOCK, POLICY_BLOCK];
    #[rustfmt::skip]
    let rows: [(Category, u8, [&str; 8]); 7] = [
        //                       rule allow    IP allow      policy allow  TABL allow    safe          blocked       rule block    policy block
        (Malware,             0, ["quarantine", "quarantine", "quarantine", "quarantine", "quarantine", "quarantine", "quarantine", "quarantine"]),
        (HighConfidencePhish, 0, ["quarantine", "quarantine", "quarantine", "quarantine", "quarantine", "quarantine", "quarantine", "quarantine"]),
        (Phish,               0, ["inbox",      "inbox",      "inbox",      "inbox",      "inbox",      "junk",       "junk",       "junk"]),
        (HighConfidenceSpam,  0, ["inbox",      "inbox",      "inbox",      "inbox",      "inbox",      "junk",       "junk",       "junk"]),
        (Spam,                0, ["inbox",      "inbox",      "inbox",      "inbox",      "inbox",      "junk",       "junk",       "junk"]),
        (None,                9, ["inbox",      "inbox",      "inbox",      "inbox",      "inbox",      "junk",       "junk",       "junk"]),
        (None,                0, ["inbox",      "inbox",      "inbox",      "inbox",      "inbox",      "junk",       "junk",       "junk"]),
    ];
    for (category, bcl, row) in rows {
        for (by, wanted) in columns.into_iter().zip(row) {
            let decision = overridden(category, bcl, by);
            assert_eq!(action(&decision), wanted, "{category:?} bcl {bcl}, {by}: {decision:?}");
        }
    }
}

/// "Policy action" is the policy's, "junk" is junk whatever the policy says.
#[test]
fn a_block_of_phishing_leaves_the_policys_action_and_of_spam_gives_junk() {
    let strict = "[protection]\npreset = \"strict\"";
    for (category, user, rule) in [
        (Category::Phish, "quarantine", "quarantine"),
        (Category::Spam, "quarantine", "junk"),
        (Category::None, "junk", "junk"),
    ] {
        let mut message = judged(&[category]);
        let mut to = recipient();
        to.blocked_senders.push("fabrikam.com".to_owned());
        let by_user = decide(&message, &to, &protection(strict), NOW);
        assert_eq!(action(&by_user), user, "{category:?} by user");
        message.rule_scl = Some(6);
        assert_eq!(action(&decided(&message, strict)), rule, "{category:?} by rule");
    }
}

#[test]
fn what_stands_in_sfv_and_scl() {
    for (by, sfv, scl) in [
        (RULE_ALLOW, Sfv::Skn, -1),
        (IP, Sfv::Nspm, -1),
        (POLICY, Sfv::Ska, -1),
        (TABL, Sfv::Ska, -1),
        (SAFE, Sfv::Sfe, -1),
        (BLOCKED, Sfv::Blk, 5),
        (RULE_BLOCK, Sfv::Sks, 9),
        (POLICY_BLOCK, Sfv::Skb, 6),
        ("nothing", Sfv::Spm, 5),
    ] {
        let decision = overridden(Category::Spam, 0, by);
        assert_eq!((decision.sfv, decision.scl), (sfv, scl), "{by}");
    }
    let clean = decided(&judged(&[]), "");
    assert_eq!((clean.sfv, clean.scl, clean.category_word), (Sfv::Nspm, 1, "NONE"));
    for scl in 2..=4 {
        let message = Judged { scl, ..judged(&[]) };
        assert_eq!(decided(&message, "").scl, 1, "2, 3 and 4 are never stamped");
    }
}

#[test]
fn user_against_tenant() {
    let both = |message: &Judged, tables: &str, safe: bool| {
        let mut to = recipient();
        let list = if safe { &mut to.safe_senders } else { &mut to.blocked_senders };
        list.push("fabrikam.com".to_owned());
        action(&decide(message, &to, &protection(tables), NOW))
    };
    let block = "[[tenant_allow_block]]\nlist_type = \"sender\"\nvalue = \"fabrikam.com\"\naction = \"block\"";
    let spoof = "[[tenant_allow_block]]\nlist_type = \"spoof\"\nspoofed_user = \"fabrikam.com\"\nsending_infrastructure = \"192.0.2.0/24\"\naction = \"block\"";
    let clean = judged(&[]);
    assert_eq!(both(&clean, block, true), "quarantine", "TABL block beats the safe list");
    assert_eq!(both(&clean, spoof, true), "junk", "a spoof block beats the safe list");
    assert_eq!(both(&clean, POLICY_BLOCK, true), "inbox", "the safe list beats a policy's block");
    let rule = Judged { rule_scl: Some(9), ..judged(&[]) };
    assert_eq!(both(&rule, "", true), "inbox", "the safe list beats a rule's block");
    let dmarc = Judged { dmarc: DmarcOutcome::FailReject, ..judged(&[Category::Spoof]) };
    assert_eq!(both(&dmarc, "", true), "inbox", "the safe list beats what DMARC asks");
    let mut to = recipient();
    to.safe_senders.push("fabrikam.com".to_owned());
    to.blocked_senders.push("anna@fabrikam.com".to_owned());
    let decision = decide(&judged(&[Category::Spam]), &to, &Protection::default(), NOW);
    assert_eq!(action(&decision), "inbox", "safe beats blocked");
}

#[test]
fn the_tenants_own_list() {
    let hash = "ab".repeat(32);
    let file = format!("list_type = \"file-hash\"\nvalue = \"{}\"", hash.to_uppercase());
    let entry = |what: &str, action: &str| {
        format!("[[tenant_allow_block]]\n{what}\naction = \"{action}\"\n")
    };
    let sender = "list_type = \"sender\"\nvalue = \"anna@fabrikam.com\"";
    let url = "list_type = \"url\"\nvalue = \"~evil.example~\"";
    let spoof =
        "list_type = \"spoof\"\nspoofed_user = \"*\"\nsending_infrastructure = \"192.0.2.0/24\"";
    let message = |categories: &[Category]| Judged {
        file_hashes: vec![hash.clone()],
        urls: vec!["https://a.evil.example/x".to_owned()],
        ..judged(categories)
    };
    for (tables, categories, cat, wanted) in [
        (entry(sender, "block"), &[][..], "HPHSH", "quarantine"),
        (entry(sender, "block"), &[Category::Malware], "MALW", "quarantine"),
        (entry(&file, "block"), &[], "MALW", "quarantine"),
        (entry(url, "block"), &[], "HPHSH", "quarantine"),
        (entry(url, "block"), &[Category::Malware], "MALW", "quarantine"),
        (entry(url, "allow"), &[Category::Phish], "NONE", "inbox"),
        (entry(url, "allow"), &[Category::HighConfidencePhish], "HPHSH", "quarantine"),
        (entry(spoof, "block"), &[], "SPOOF", "junk"),
        (entry(spoof, "block"), &[Category::HighConfidencePhish], "HPHSH", "quarantine"),
        (entry(spoof, "allow"), &[Category::Spoof], "NONE", "inbox"),
        (entry(sender, "allow") + &entry(sender, "block"), &[], "HPHSH", "quarantine"),
        (entry(spoof, "allow") + &entry(spoof, "block"), &[Category::Spoof], "SPOOF", "junk"),
    ] {
        let decision = decided(&message(categories), &tables);
        assert_eq!((decision.category_word, action(&decision)), (cat, wanted), "{tables}");
    }
}

#[test]
fn an_entry_counts_until_it_expires() {
    let entry = |until: &str| {
        format!("{TABL}\nexpiration_date = \"{until}\"").replace("allow\"\n", "block\"\n")
    };
    assert_eq!(action(&decided(&judged(&[]), &entry("2026-11-25T14:00:01Z"))), "quarantine");
    assert_eq!(action(&decided(&judged(&[]), &entry("2026-11-25T14:00:00Z"))), "inbox");
}

/// Spec 2.11: senders, links and files last 30 days, addresses and spoofed senders for ever.
#[test]
fn an_entry_without_an_end_gets_one_once_and_keeps_it() {
    let entry = |list_type: &str, rest: &str| {
        format!("[[tenant_allow_block]]\nlist_type = \"{list_type}\"\naction = \"block\"\n{rest}\n")
    };
    let file = |more: &str| {
        let spoof = "spoofed_user = \"a.example\"\nsending_infrastructure = \"*\"";
        let tables = entry("sender", &format!("value = \"a.example\"\n{more}"))
            + &entry("ip", "value = \"192.0.2.1\"")
            + &entry("spoof", spoof);
        Tenant::from_toml(&format!("[tenant]\nname = \"t\"\n{tables}")).unwrap()
    };
    let lasts = |tenant: &Tenant| -> Vec<Lasts> {
        let entries = &tenant.protection().unwrap().tenant_allow_blocks;
        entries.iter().map(|entry| entry.lasts).collect()
    };
    let (now, later) = (UnixMillis(0), UnixMillis(86_400_000));
    let mut first = file("");
    first.give_entries_ends(None, now);
    let until = Lasts::Until(Instant::from_text("1970-01-31").unwrap());
    assert_eq!(lasts(&first), [until, Lasts::Default, Lasts::Default]);
    // The same file again is no change; what says an end has that one.
    let mut again = file("");
    again.give_entries_ends(Some(&first), later);
    assert_eq!(again, first);
    let mut forever = file("no_expiration = true");
    forever.give_entries_ends(Some(&first), later);
    assert_eq!(lasts(&forever)[0], Lasts::Forever);
}

#[test]
fn how_long_an_entry_lasts_is_said_once() {
    let read = |action: &str, rest: &str| {
        let entry = format!(
            "[[tenant_allow_block]]\nlist_type = \"sender\"\nvalue = \"a.example\"\n\
             action = \"{action}\"\n{rest}\n"
        );
        Tenant::from_toml(&format!("[tenant]\nname = \"t\"\n{entry}")).map_err(|e| e.message)
    };
    let kept = read("allow", "remove_after = 45").unwrap();
    assert!(kept.to_toml().contains("remove_after = 45"));
    for (action, rest, says) in [
        ("block", "remove_after = 45", "for entries that allow only"),
        ("allow", "remove_after = 46", "none of 1 to 45 days"),
        ("allow", "remove_after = 0", "none of 1 to 45 days"),
        ("allow", "remove_after = 9\nno_expiration = true", "has one of"),
        ("block", "expiration_date = \"2027-01-01\"\nno_expiration = true", "has one of"),
    ] {
        let error = read(action, rest).unwrap_err();
        assert!(error.contains(says), "{rest}: {error}");
    }
}

#[test]
fn an_allow_is_used_by_the_mail_that_it_lets_through() {
    let file = "[tenant]\nname = \"t\"\n[[tenant_allow_block]]\nlist_type = \"sender\"\n\
         value = \"fabrikam.com\"\naction = \"allow\"\nremove_after = 45\n";
    let tenant = Tenant::from_toml(file).unwrap();
    let entries = &tenant.protection().unwrap().tenant_allow_blocks;
    let used = |from: &str| {
        let message = Judged { from: Some(address(from)), ..judged(&[]) };
        used_entries(entries, &message, NOW).iter().map(|entry| entry.key()).collect::<Vec<_>>()
    };
    assert_eq!(used("anna@fabrikam.com"), ["sender allow fabrikam.com"]);
    assert!(used("anna@other.example").is_empty());
}

#[test]
fn an_allowed_sender_is_not_whoever_forges_it() {
    let forged = Judged {
        composite: composite(CompositeResult::Fail),
        ..judged(&[Category::Spoof, Category::Spam])
    };
    for tables in [POLICY, TABL] {
        let decision = decided(&forged, tables);
        assert_eq!((decision.category, action(&decision)), (Category::Spoof, "junk"), "{tables}");
    }
    let by_other_name = Judged {
        from: Some(address("mallory@evil.example")),
        mail_from: Some(address("anna@fabrikam.com")),
        ..judged(&[Category::Spam])
    };
    assert_eq!(action(&decided(&by_other_name, POLICY)), "junk", "MAIL FROM allows nobody");
}

/// Spec 2.8, its matrix. `spoof` is the policy's spoof action (junk), `p` the owner's wish.
#[test]
fn the_dmarc_matrix() {
    use DmarcOutcome::*;
    #[rustfmt::skip]
    let rows = [
        // spoof intelligence, honour    nothing explicit   p=none fails  p=quarantine   p=reject
        (true,  true,                    ["junk",           "inbox",      "quarantine",  "reject"]),
        (true,  false,                   ["junk",           "inbox",      "junk",        "junk"]),
        (false, true,                    ["inbox",          "inbox",      "quarantine",  "reject"]),
        (false, false,                   ["inbox",          "inbox",      "quarantine",  "quarantine"]),
    ];
    for (intelligence, honour, row) in rows {
        let tables = format!(
            "[[anti_phish_policy]]\nname = \"Default\"\nenable_spoof_intelligence = {intelligence}\n\
             honor_dmarc_policy = {honour}"
        );
        let messages = [
            (NoRecord, &[Category::Spoof][..]),
            (FailNone, &[]),
            (FailQuarantine, &[Category::Spoof]),
            (FailReject, &[Category::Spoof]),
        ];
        for ((dmarc, categories), wanted) in messages.into_iter().zip(row) {
            let message =
                Judged { dmarc, composite: composite(CompositeResult::Fail), ..judged(categories) };
            let decision = decided(&message, &tables);
            assert_eq!(action(&decision), wanted, "{intelligence} {honour} {dmarc:?}");
        }
    }
    let message = Judged {
        dmarc: FailReject,
        composite: composite(CompositeResult::Fail),
        ..judged(&[Category::Spoof])
    };
    let Action::Reject { status, text, .. } = decided(&message, "").action else { panic!() };
    assert_eq!(status.to_string(), "5.7.509");
    assert!(text.starts_with("Access denied, sending domain [fabrikam.com] does not pass"));
    let mut to = recipient();
    to.mx_points_elsewhere = true;
    assert_eq!(action(&decide(&message, &to, &Protection::default(), NOW)), "junk");
}

#[test]
fn of_several_verdicts_the_first_of_the_list_decides() {
    use Category::*;
    let order = [
        Malware,
        HighConfidencePhish,
        Phish,
        HighConfidenceSpam,
        Spoof,
        UserImpersonation,
        DomainImpersonation,
        GraphImpersonation,
        Spam,
        Bulk,
    ];
    for pair in order.windows(2) {
        assert!(pair[0] > pair[1], "{pair:?}");
    }
    let all = Judged {
        bcl: 9,
        ..judged(&[Spam, Spoof, HighConfidenceSpam, Phish, HighConfidencePhish, Malware])
    };
    let mut left = all;
    for wanted in ["MALW", "HPHSH", "PHSH", "HSPM", "SPOOF", "SPM", "BULK"] {
        assert_eq!(decided(&left, "").category_word, wanted);
        let greatest = left.categories.iter().max().copied();
        left.categories.retain(|category| Some(*category) != greatest);
    }
    assert_eq!(decided(&left, "").category_word, "BULK");
}

/// Spec 2.6: what each verdict does under each preset.
#[test]
fn presets_act_as_their_tables() {
    use Category::*;
    #[rustfmt::skip]
    let rows = [
        // verdict            default       standard      strict
        (Spam,                ["junk",       "junk",       "quarantine"]),
        (HighConfidenceSpam,  ["junk",       "quarantine", "quarantine"]),
        (Phish,               ["junk",       "quarantine", "quarantine"]),
        (HighConfidencePhish, ["quarantine", "quarantine", "quarantine"]),
        (Bulk,                ["junk",       "junk",       "quarantine"]),
        (Spoof,               ["junk",       "junk",       "quarantine"]),
        (Malware,             ["quarantine", "quarantine", "quarantine"]),
    ];
    let presets = ["", "[protection]\npreset = \"standard\"", "[protection]\npreset = \"strict\""];
    for (category, row) in rows {
        for (tables, wanted) in presets.into_iter().zip(row) {
            let mut message = judged(&[category]);
            if category == Bulk {
                message.bcl = 7;
            }
            if category == Phish {
                message.phish_confidence = PhishConfidence::Low;
            }
            assert_eq!(action(&decided(&message, tables)), wanted, "{category:?} {tables}");
        }
    }
    // Thresholds: met or exceeded.
    for (tables, threshold) in presets.into_iter().zip([7, 6, 5]) {
        for bcl in 0..=9 {
            let message = Judged { bcl, ..judged(&[]) };
            let is_bulk = decided(&message, tables).category == Bulk;
            assert_eq!(is_bulk, bcl >= threshold, "{tables} {bcl}");
        }
    }
}

/// Spec 2.6, 2.8, 2.9 as they are written, against the constants.
#[test]
fn presets_hold_what_the_specification_lists() {
    let columns = [Column::Default, Column::Standard, Column::Strict].map(built_in);
    let spam = |field: fn(&AntiSpamPolicy) -> String| columns.map(|c| field(&c.anti_spam));
    let phish = |field: fn(&AntiPhishPolicy) -> String| columns.map(|c| field(&c.anti_phish));
    assert_eq!(spam(|p| p.bulk_threshold.to_string()), ["7", "6", "5"]);
    assert_eq!(spam(|p| p.quarantine_retention_period.to_string()), ["15", "30", "30"]);
    assert_eq!(spam(|p| p.intra_org_filter_state.to_string()), ["default"; 3]);
    assert_eq!(
        spam(|p| p.high_confidence_spam_quarantine_tag.to_string()),
        [FULL_ACCESS, FULL_ACCESS_NOTIFIED, FULL_ACCESS_NOTIFIED]
    );
    assert_eq!(
        spam(|p| p.spam_quarantine_tag.to_string()),
        [FULL_ACCESS, FULL_ACCESS, FULL_ACCESS_NOTIFIED]
    );
    assert_eq!(spam(|p| p.high_confidence_phish_quarantine_tag.to_string()), [ADMIN_ONLY; 3]);
    for column in columns {
        assert!(ASF.iter().all(|row| (row.state)(&column.anti_spam) == AsfState::Off));
        assert_eq!(column.malware.file_types.len(), 53);
        assert_eq!(column.malware.file_type_action, FileTypeAction::Reject);
    }
    assert_eq!(phish(|p| p.phish_threshold_level.to_string()), ["1", "3", "4"]);
    assert_eq!(
        phish(|p| p.enable_first_contact_safety_tips.to_string()),
        ["false", "true", "true"]
    );
    assert_eq!(
        phish(|p| p.targeted_user_protection_action.to_string()),
        ["no-action", "quarantine", "quarantine"]
    );
    assert_eq!(
        phish(|p| p.mailbox_intelligence_protection_action.to_string()),
        ["no-action", "move-to-jmf", "quarantine"]
    );
    assert_eq!(
        phish(|p| p.authentication_fail_action.to_string()),
        ["move-to-jmf", "move-to-jmf", "quarantine"]
    );
}

#[test]
fn only_the_first_policy_for_a_recipient_applies() {
    let custom = |name: &str, priority: u16, threshold: u8, scope: &str| {
        format!(
            "[[anti_spam_policy]]\nname = \"{name}\"\npriority = {priority}\n\
             bulk_threshold = {threshold}\n{scope}\n"
        )
    };
    let rita = "sent_to = [\"rita@contoso.com\"]";
    let domain = "recipient_domain_is = [\"contoso.com\"]";
    let others =
        "recipient_domain_is = [\"contoso.com\"]\nexcept_if_sent_to = [\"Rita@contoso.com\"]";
    let strict_for = "[[preset]]\nlevel = \"strict\"\nsent_to = [\"rita@contoso.com\"]\n";
    let standard_for =
        "[[preset]]\nlevel = \"standard\"\nrecipient_domain_is = [\"contoso.com\"]\n";
    for (tables, applies) in [
        (String::new(), "Default"),
        (custom("b", 1, 3, rita) + &custom("a", 0, 4, domain), "a"),
        (custom("b", 0, 3, rita) + &custom("a", 1, 4, domain), "b"),
        (custom("b", 0, 3, others) + &custom("a", 1, 4, domain), "a"),
        (custom("b", 0, 3, &format!("{rita}\nenabled = false")), "Default"),
        (custom("b", 0, 3, rita) + standard_for, "Standard Preset Security Policy"),
        (standard_for.to_owned() + strict_for, "Strict Preset Security Policy"),
        (custom("Default", 0, 3, "") + &custom("a", 9, 4, domain), "a"),
    ] {
        let protection = protection(&tables);
        let to = address("RITA@contoso.com");
        assert_eq!(&*protection.policies_for(&to).anti_spam.name, applies, "{tables}");
        let preview = protection.preview(&to);
        let chosen: Vec<_> = preview
            .iter()
            .filter(|found| found.applies && found.kind == PolicyKind::AntiSpam)
            .collect();
        assert_eq!(chosen.len(), 1, "{preview:#?}");
        assert_eq!(chosen[0].name, applies);
    }
    // Never merged: the first policy has spoof off, and a later one does not act instead.
    let tables = "[[anti_phish_policy]]\nname = \"a\"\nsent_to = [\"rita@contoso.com\"]\nenable_spoof_intelligence = false\n\
                  [[anti_phish_policy]]\nname = \"b\"\npriority = 1\nrecipient_domain_is = [\"contoso.com\"]\nauthentication_fail_action = \"quarantine\"";
    let message =
        Judged { composite: composite(CompositeResult::Fail), ..judged(&[Category::Spoof]) };
    assert_eq!(action(&decided(&message, tables)), "inbox");
}
