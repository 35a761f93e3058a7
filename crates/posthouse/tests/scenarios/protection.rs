//! The filter on the way of a message: what is delivered, what is kept, what is refused, and that
//! `explain` says why in both languages.

use serde_json::Value;

use crate::common::{Answer, Authority, Dialogue, NextHop, Node, Settings, tenant, wait_for};

/// The test file of the European Institute for Computer Antivirus Research, put together here so
/// that no scanner finds it in this file.
fn eicar() -> String {
    let halves = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!$H+H*"];
    halves.concat()
}

/// The test string that makes a message spam for every filter.
fn gtube() -> String {
    ["XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-", "ANTI-UBE-TEST-EMAIL*C.34X"].concat()
}

/// A node with one tenant that strangers may write to; its mail goes to `home`.
fn stage(home: &NextHop, more: &str) -> Node {
    stage_with(&Settings::default(), home, more)
}

fn stage_with(settings: &Settings, home: &NextHop, more: &str) -> Node {
    let node = Node::start(&Authority::new("Example"), settings);
    node.apply(&(tenant("contoso", "contoso.example", &home.smart_host()) + more));
    node
}

/// A stranger's message to a recipient of the tenant; the last reply.
fn write(node: &Node, recipients: &[&str], content: &str) -> Answer {
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.stranger.example");
    session.expect(250, "MAIL FROM:<eve@stranger.example>");
    for recipient in recipients {
        session.expect(250, &format!("RCPT TO:<{recipient}>"));
    }
    session.expect(354, "DATA");
    session.send(content.as_bytes());
    session.say("\r\n.")
}

const ANN: &str = "ann@contoso.example";

fn plain(subject: &str, text: &str) -> String {
    format!(
        "From: Eve <eve@stranger.example>\r\nTo: Ann <ann@contoso.example>\r\n\
         Subject: {subject}\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n\
         Message-ID: <1@stranger.example>\r\n\r\n{text}\r\n"
    )
}

fn with_attachment(name: &str, content: &str) -> String {
    format!(
        "From: Eve <eve@stranger.example>\r\nTo: Ann <ann@contoso.example>\r\n\
         Subject: The files you asked for\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nSee the attachment.\r\n\
         --b\r\nContent-Type: application/octet-stream; name=\"{name}\"\r\n\
         Content-Disposition: attachment; filename=\"{name}\"\r\n\r\n{content}\r\n--b--\r\n"
    )
}

/// The reference in `[InternalId=REF, Hostname=NODE]`.
fn reference(answer: &Answer) -> String {
    let text = answer.text();
    let rest = text.split("InternalId=").nth(1).unwrap_or_else(|| panic!("{text}"));
    rest.split(',').next().unwrap().to_owned()
}

fn judgement(node: &Node, reference: &str) -> Value {
    node.explain(reference)["judgement"].clone()
}

#[test]
fn a_message_with_nothing_against_it_is_delivered_and_says_that_it_was_judged() {
    let home = NextHop::start();
    let node = stage(&home, "");
    let answer = write(&node, &[ANN], &plain("Lunch", "Shall we meet at noon on Thursday?"));
    assert_eq!(answer.code, 250, "{}", answer.text());
    let text = home.wait_for(1)[0].text();
    assert!(text.contains("X-Posthouse-Filtered: yes\r\n"), "{text}");
    let judged = judgement(&node, &reference(&answer));
    assert_eq!(judged["verdict"], "NONE", "{judged}");
    assert_eq!(judged["action"], "deliver");
}

#[test]
fn malware_is_kept_and_both_languages_say_why() {
    let home = NextHop::start();
    let node = stage(&home, "");
    let answer = write(&node, &[ANN], &with_attachment("invoice.txt", &eicar()));
    assert_eq!(answer.code, 250, "{}", answer.text());
    let reference = reference(&answer);
    let judged = judgement(&node, &reference);
    assert_eq!(judged["verdict"], "MALW", "{judged}");
    assert_eq!(judged["action"], "quarantine");
    assert_eq!(judged["reasons"][0]["id"], "eicar-test-file", "{judged}");
    let trace = node.json(&["trace"]);
    assert_eq!(trace[0]["status"], "Quarantined", "{trace:?}");
    let german = node.ask(&["explain", &reference, "--language", "de"]);
    assert!(german.contains("Schadsoftware"), "{german}");
    assert_eq!(home.count(), 0);
}

#[test]
fn spam_goes_to_the_junk_folder_by_default() {
    let home = NextHop::start();
    let node = stage(&home, "");
    let answer = write(&node, &[ANN], &plain("Offer", &gtube()));
    assert_eq!(answer.code, 250, "{}", answer.text());
    let text = home.wait_for(1)[0].text();
    assert!(text.contains("SFV:SPM"), "{text}");
    assert!(text.contains("SCL:9"), "{text}");
    let judged = judgement(&node, &reference(&answer));
    assert_eq!(judged["action"], "move-to-jmf", "{judged}");
}

#[test]
fn a_blocked_type_of_file_is_refused_with_the_policy_that_says_so() {
    let home = NextHop::start();
    let node = stage(&home, "");
    // A shortcut file by its name: on the default list (spec 2.9).
    let answer = write(&node, &[ANN], &with_attachment("open-me.reg", "REGEDIT4"));
    assert_eq!(answer.code, 550, "{}", answer.text());
    let judged = judgement(&node, &answer.reference());
    assert_eq!(judged["verdict"], "FTBP", "{judged}");
    assert!(judged["policy"].as_str().unwrap().contains("malware-policy"), "{judged}");
    assert!(!judged["would_change"].as_array().unwrap().is_empty(), "{judged}");
}

#[test]
fn mim_07_a_piece_of_a_message_is_refused() {
    let home = NextHop::start();
    let node = stage(&home, "");
    let piece = "From: eve@stranger.example\r\nSubject: Holiday (1/2)\r\nMIME-Version: 1.0\r\n\
        Content-Type: message/partial; id=\"a@b\"; number=1; total=2\r\n\r\n\
        Subject: Holiday\r\n\r\nThe first half\r\n";
    let answer = write(&node, &[ANN], piece);
    assert_eq!(answer.code, 550, "{}", answer.text());
    assert_eq!(node.explain(&answer.reference())["reason"], "message-fragment");
}

#[test]
fn a_message_forks_by_its_recipients_policies() {
    let home = NextHop::start();
    let more = "[[recipient]]\naddress = \"bob@contoso.example\"\n\
        [[anti_spam_policy]]\nname = \"Bob\"\nsent_to = [\"bob@contoso.example\"]\n\
        high_confidence_spam_action = \"quarantine\"\n";
    let node = stage(&home, more);
    let answer = write(&node, &[ANN, "bob@contoso.example"], &plain("Offer", &gtube()));
    assert_eq!(answer.code, 250, "{}", answer.text());
    let delivered = home.wait_for(1);
    assert_eq!(delivered[0].recipients.len(), 1);
    assert!(delivered[0].recipients[0].contains(ANN), "{delivered:?}");
    let explained = node.json(&["explain", &reference(&answer)]);
    let action_of = |who: &str| {
        let row = explained.iter().find(|row| row["recipient"] == who).unwrap();
        row["judgement"]["action"].as_str().unwrap().to_owned()
    };
    assert_eq!(action_of(ANN), "move-to-jmf");
    assert_eq!(action_of("bob@contoso.example"), "quarantine");
}

#[test]
fn aut_15_whoever_a_preset_protects_cannot_be_imitated_by_name() {
    let home = NextHop::start();
    let more = "[[preset]]\nlevel = \"standard\"\nrecipient_domain_is = [\"contoso.example\"]\n\
        targeted_users_to_protect = [\"Carla Chief;ceo@contoso.example\"]\n\
        targeted_domains_to_protect = [\"fabrikam.example\"]\n";
    let node = stage(&home, more);
    let shown = |name: &str, address: &str| {
        plain("Lunch", "At noon?")
            .replace("Eve <eve@stranger.example>", &format!("{name} <{address}>"))
    };
    for (name, address, word) in [
        ("Carla Chief", "eve@stranger.example", "UIMP"),
        ("\"C\u{430}rla Chief (CEO)\"", "eve@stranger.example", "PHSH"),
        ("Eve", "eve@fabrikarn.example", "DIMP"),
    ] {
        let answer = write(&node, &[ANN], &shown(name, address));
        assert_eq!(answer.code, 250, "{}", answer.text());
        let judged = judgement(&node, &reference(&answer));
        assert_eq!(judged["verdict"], word, "{name}: {judged}");
        assert_eq!(judged["action"], "quarantine", "{name}: {judged}");
        assert!(judged.to_string().contains("ceo@contoso.example") || word == "DIMP", "{judged}");
    }
    assert_eq!(home.count(), 0);
}

#[test]
fn a_refusal_that_is_not_every_recipient_s_becomes_quarantine() {
    let home = NextHop::start();
    let more = "[[recipient]]\naddress = \"bob@contoso.example\"\n\
        [[malware_policy]]\nname = \"Bob\"\nsent_to = [\"bob@contoso.example\"]\n\
        enable_file_filter = false\n";
    let node = stage(&home, more);
    let content = with_attachment("open-me.reg", "REGEDIT4");
    let answer = write(&node, &[ANN, "bob@contoso.example"], &content);
    assert_eq!(answer.code, 250, "{}", answer.text());
    let delivered = home.wait_for(1);
    assert!(delivered[0].recipients[0].contains("bob@contoso.example"), "{delivered:?}");
    let kept = node.json(&["quarantine", "list"]);
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!(kept[0]["recipient"], ANN);
    assert_eq!(kept[0]["reason"], "reject-not-unanimous");
}

#[test]
fn a_mail_flow_rule_marks_the_subject_and_copies_somebody() {
    let home = NextHop::start();
    let more = "[[recipient]]\naddress = \"audit@contoso.example\"\n\
        [[mail_flow_rule]]\nname = \"Outside\"\n\
        conditions = { from_scope = \"not-in-organization\" }\n\
        actions = { prepend_subject = \"[outside] \", blind_copy_to = [\"audit@contoso.example\"] }\n";
    let node = stage(&home, more);
    let answer = write(&node, &[ANN], &plain("Lunch", "At noon?"));
    assert_eq!(answer.code, 250, "{}", answer.text());
    let delivered = wait_for("both copies", || {
        let all = home.delivered();
        let recipients: usize = all.iter().map(|one| one.recipients.len()).sum();
        (recipients == 2).then_some(all)
    });
    let text = delivered[0].text().replace("\r\n ", " ");
    assert!(text.contains("Subject: [outside] Lunch"), "{text}");
    let trace = node.json(&["trace"]);
    assert!(trace[0].to_string().contains("mail-flow rule"), "{trace:?}");
}

#[test]
fn a_mail_flow_rule_refuses_with_its_own_words() {
    let home = NextHop::start();
    let more = "[[mail_flow_rule]]\nname = \"No offers\"\n\
        conditions = { subject_contains = [\"offer\"] }\n\
        actions = { reject = { status = \"5.7.1\", text = \"No offers here\" } }\n";
    let node = stage(&home, more);
    let answer = write(&node, &[ANN], &plain("An Offer for you", "Cheap."));
    assert_eq!(answer.code, 550);
    assert!(answer.text().contains("No offers here"), "{}", answer.text());
    assert_eq!(node.explain(&answer.reference())["reason"], "rejected-by-rule");
}

#[test]
fn av_02_a_required_scanner_that_is_down_defers_the_message() {
    let home = NextHop::start();
    let settings = Settings::default()
        .with("filter.clamd", "\"127.0.0.1:9\"")
        .with("filter.clamd_required", true);
    let node = stage_with(&settings, &home, "");
    let answer = write(&node, &[ANN], &plain("Lunch", "At noon?"));
    assert_eq!(answer.code, 451, "{}", answer.text());
    assert_eq!(node.explain(&answer.reference())["reason"], "filter-unavailable");
    assert_eq!(home.count(), 0);
}

#[test]
fn with_the_filter_off_every_message_says_that_nobody_judged_it() {
    let home = NextHop::start();
    let node = stage_with(&Settings::default().with("filter.enabled", false), &home, "");
    let answer = write(&node, &[ANN], &plain("Offer", &gtube()));
    assert_eq!(answer.code, 250);
    assert!(home.wait_for(1)[0].text().contains("X-Posthouse-Filtered: no\r\n"));
}
