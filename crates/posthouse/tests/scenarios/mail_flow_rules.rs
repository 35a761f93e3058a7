//! Mail-flow rules on the way of a message: what the filter found is theirs to ask, for mail that
//! comes, that stays within and that leaves.

use crate::common::{
    Authority, Dialogue, Dns, NextHop, Node, Record, Settings, tenant, tenant_by_address,
};

/// The test string that makes a message spam for every filter.
fn gtube() -> String {
    ["XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-", "ANTI-UBE-TEST-EMAIL*C.34X"].concat()
}

/// A rule that puts its name before the subject.
fn rule(name: &str, conditions: &str) -> String {
    format!(
        "[[mail_flow_rule]]\nname = \"{name}\"\nconditions = {{ {conditions} }}\n\
         actions = {{ prepend_subject = \"[{name}] \" }}\n"
    )
}

/// What arrives of a message, as one line a field.
fn delivered(node: &Node, home: &NextHop, sender: &str, recipient: &str, content: &str) -> String {
    let before = home.count();
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.stranger.example");
    session.expect(250, &format!("MAIL FROM:<{sender}>"));
    session.expect(250, &format!("RCPT TO:<{recipient}>"));
    session.expect(354, "DATA");
    session.send(content.as_bytes());
    session.expect(250, "\r\n.");
    let all = home.wait_for(before + 1);
    all.last().unwrap().text().replace("\r\n ", " ")
}

fn content(from: &str, text: &str) -> String {
    format!("From: <{from}>\r\nTo: <ann@contoso.example>\r\nSubject: Lunch\r\n\r\n{text}\r\n")
}

#[test]
fn a_rule_asks_what_the_filter_made_of_the_message() {
    let home = NextHop::start();
    let dns = Dns::start(&[
        ("fabrikam.example", Record::Txt("v=spf1 -all")),
        ("_dmarc.fabrikam.example", Record::Txt("v=DMARC1; p=none")),
    ]);
    let settings = Settings::default().with("dns.servers", dns.setting());
    let node = Node::start(&Authority::new("Example"), &settings);
    let rules = rule("level", "scl_over = 5")
        + &rule("kind", "classified_as = [\"high-confidence-spam\"]")
        + &rule("spf", "authentication_fails = [\"spf\"]")
        + &rule("dmarc", "authentication_fails = [\"dmarc\"]");
    node.apply(&(tenant("contoso", "contoso.example", &home.smart_host()) + &rules));

    let of = |sender: &str, text: &str| {
        delivered(&node, &home, sender, "ann@contoso.example", &content(sender, text))
    };
    let spam = of("eve@stranger.example", &gtube());
    assert!(spam.contains("[level]") && spam.contains("[kind]"), "{spam}");
    assert!(!spam.contains("[spf]") && !spam.contains("[dmarc]"), "{spam}");
    let forged = of("eve@fabrikam.example", "At noon?");
    assert!(forged.contains("[spf]") && forged.contains("[dmarc]"), "{forged}");
    assert!(!forged.contains("[kind]"), "{forged}");
}

#[test]
fn a_rule_knows_who_wrote_what_a_connector_recognised() {
    let home = NextHop::start();
    let node = Node::start(&Authority::new("Example"), &Settings::default());
    let rules = rule("author", "from = [\"bob@contoso.example\"]");
    node.apply(&(tenant_by_address("contoso", "contoso.example", &home.smart_host()) + &rules));
    let sender = "bounces@contoso.example";
    let ours = content("bob@contoso.example", "At noon?");
    let seen = delivered(&node, &home, sender, "eve@stranger.example", &ours);
    assert!(seen.contains("[author]"), "{seen}");
}

#[test]
fn with_the_filter_off_rules_still_read_the_message() {
    let home = NextHop::start();
    let settings = Settings::default().with("filter.enabled", false);
    let node = Node::start(&Authority::new("Example"), &settings);
    let rules = rule("subject", "subject_contains = [\"lunch\"]") + &rule("level", "scl_over = 0");
    node.apply(&(tenant("contoso", "contoso.example", &home.smart_host()) + &rules));
    let (sender, mail) = ("eve@stranger.example", content("eve@stranger.example", "At noon?"));
    let seen = delivered(&node, &home, sender, "ann@contoso.example", &mail);
    assert!(seen.contains("[subject]") && !seen.contains("[level]"), "{seen}");
}

#[test]
fn spec_2_6_spam_within_the_organisation_is_delivered_and_certain_phishing_is_not() {
    let home = NextHop::start();
    let node = Node::start(&Authority::new("Example"), &Settings::default());
    let tables = "[protection]\npreset = \"strict\"\n";
    node.apply(&(tenant_by_address("contoso", "contoso.example", &home.smart_host()) + tables));
    let recipient = "ann@contoso.example";
    let own = content("bob@contoso.example", &gtube());
    let seen = delivered(&node, &home, "bob@contoso.example", recipient, &own);
    assert!(seen.contains("SCL:1;") && seen.contains("DIR:INT;"), "{seen}");
    // What the tenant's server only passes on is a stranger's.
    let foreign = content("eve@stranger.example", &gtube());
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.contoso.example");
    let answer = session.send_message("bob@contoso.example", recipient, &foreign);
    assert_eq!(answer.code, 250, "{answer}");
    let kept = node.json(&["quarantine", "list"]);
    assert_eq!(kept[0]["reason"], "high-confidence-spam", "{kept:?}");
    assert_eq!(home.count(), 1);
}

#[test]
fn a_blocked_language_is_spam_and_any_language_is_named_in_the_report() {
    let home = NextHop::start();
    let node = Node::start(&Authority::new("Example"), &Settings::default());
    let policy = "\n[[anti_spam_policy]]\nname = \"Default\"\nenable_language_block_list = true\n\
                  language_block_list = [\"de\"]\n";
    node.apply(&(tenant("contoso", "contoso.example", &home.smart_host()) + policy));
    let of = |text: &str| {
        let content = content("eve@stranger.example", text);
        delivered(&node, &home, "eve@stranger.example", "ann@contoso.example", &content)
    };
    let german = of(
        "Anbei finden Sie das Protokoll unserer Sitzung vom Dienstag mit der Bitte um Durchsicht.",
    );
    assert!(german.contains("LANG:de;SCL:6;"), "{german}");
    let english = of(
        "Please find attached the minutes of our meeting on Tuesday, and tell me what is missing.",
    );
    assert!(english.contains("LANG:en;SCL:1;"), "{english}");
}
