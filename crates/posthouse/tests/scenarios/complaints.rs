//! Complaints about bulk mail: what several tenants' people call junk raises the bulk level of a
//! sender that is proven; one tenant alone raises it by one, and nobody can complain about another.

use serde_json::Value;

use crate::common::{Authority, Dialogue, Dns, NextHop, Node, Record, Settings, tenant};

const TENANTS: [&str; 4] = ["contoso", "fabrikam", "tailspin", "wingtip"];

fn stage(dns: &Dns, home: &NextHop) -> Node {
    let settings = Settings::default().with("dns.servers", dns.setting());
    let node = Node::start(&Authority::new("Example"), &settings);
    for name in TENANTS {
        let domain = format!("{name}.example");
        let file = tenant(name, &domain, &home.smart_host());
        // Each has ann and bob at least.
        node.apply(&file.replace("authoritative", "internal-relay"));
    }
    node
}

/// A newsletter; its number makes the Message-ID.
fn newsletter(domain: &str, to: &str, number: usize) -> String {
    format!(
        "From: The shop <news@{domain}>\r\nTo: {to}\r\nSubject: New this week\r\n\
         Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{number}@{domain}>\r\n\
         List-Unsubscribe: <https://{domain}/leave>\r\n\
         Dear customer, our new lamps and chairs have arrived. See them at https://{domain}/new\r\n"
    )
}

/// Sends the newsletter to a tenant; its judgement.
fn judged(node: &Node, domain: &str, to: &str, number: usize) -> Value {
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, &format!("EHLO mail.{domain}"));
    let recipient = format!("ann@{to}.example");
    let text = newsletter(domain, &recipient, number);
    let answer = session.send_message(&format!("news@{domain}"), &recipient, &text);
    assert_eq!(answer.code, 250, "{answer}");
    let text = answer.text();
    let reference = text.split("InternalId=").nth(1).unwrap().split(',').next().unwrap().to_owned();
    node.explain(&reference)["judgement"].clone()
}

fn level(judgement: &Value) -> u64 {
    judgement["bcl"].as_u64().unwrap_or_else(|| panic!("{judgement}"))
}

fn report(node: &Node, word: &str, domain: &str, tenant: &str, number: usize) {
    let file = node.path("reported.eml");
    let text = newsletter(domain, &format!("ann@{tenant}.example"), number);
    std::fs::write(&file, text).unwrap();
    node.ask(&["report", word, file.to_str().unwrap(), "--tenant", tenant]);
}

#[test]
fn junk_reports_about_bulk_mail_raise_its_level_by_one_for_each_tenant_up_to_three() {
    let dns = Dns::start(&[
        ("shop.example", Record::Txt("v=spf1 ip4:127.0.0.1 -all")),
        ("_dmarc.shop.example", Record::Txt("v=DMARC1; p=none")),
    ]);
    let home = NextHop::start();
    let mut node = stage(&dns, &home);
    let start = judged(&node, "shop.example", "contoso", 1);
    let before = level(&start);
    assert!((4..=6).contains(&before), "the story needs bulk mail: {start}");
    for name in &TENANTS[1..] {
        judged(&node, "shop.example", name, 1);
    }
    for (who, steps) in
        [("contoso", 1), ("contoso", 1), ("fabrikam", 2), ("tailspin", 3), ("wingtip", 3)]
    {
        report(&node, "junk", "shop.example", who, 1);
        let now = judged(&node, "shop.example", "contoso", 2);
        assert_eq!(level(&now), before + steps, "{who}: {now}");
    }
    let told = judged(&node, "shop.example", "wingtip", 3);
    let reasons = told["reasons"].as_array().unwrap();
    let reason = reasons.iter().find(|reason| reason["id"] == "bulk-complaints").unwrap();
    let says = |language: &str| reason["text"][language].as_str().unwrap().to_owned();
    assert!(says("en").contains("bulk mail of shop.example junk"), "{told}");
    assert!(says("de").contains("um 3"), "{told}");

    node.stop();
    node.run();
    assert_eq!(level(&judged(&node, "shop.example", "contoso", 4)), before + 3);
    for name in ["wingtip", "tailspin"] {
        report(&node, "not-junk", "shop.example", name, 1);
    }
    assert_eq!(level(&judged(&node, "shop.example", "contoso", 5)), before + 2);
}

#[test]
fn nobody_complains_about_a_sender_that_is_not_proven_or_never_wrote() {
    let dns = Dns::start(&[
        ("shop.example", Record::Txt("v=spf1 ip4:127.0.0.1 -all")),
        ("_dmarc.shop.example", Record::Txt("v=DMARC1; p=none")),
    ]);
    let home = NextHop::start();
    let node = stage(&dns, &home);
    // Another domain's mail, which nothing proves; and mail that never came, made up by a tenant.
    let before = level(&judged(&node, "loose.example", "contoso", 1));
    report(&node, "junk", "loose.example", "contoso", 1);
    report(&node, "junk", "shop.example", "contoso", 99);
    assert_eq!(level(&judged(&node, "loose.example", "fabrikam", 2)), before);
    let shop = judged(&node, "shop.example", "fabrikam", 1);
    // Nor does a tenant complain about what another tenant got.
    report(&node, "junk", "shop.example", "tailspin", 1);
    assert_eq!(level(&judged(&node, "shop.example", "fabrikam", 2)), level(&shop));
}
