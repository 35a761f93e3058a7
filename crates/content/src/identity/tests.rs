//! Row AUT-15 of the attack list, and the tables of spec 2.8.

use posthouse_types::Language;

use super::*;

fn protected() -> Protected {
    Protected::new(
        [("Erika Mustermann", "erika@contoso.com"), ("John Doe", "john.doe@contoso.com")],
        ["contoso.com"],
        ["fabrikam.com"],
    )
}

fn ids(display: &str, address: &str) -> Vec<&'static str> {
    let sender = Sender { display: display.into(), address: address.into(), ..Sender::default() };
    impersonation(&sender, &protected()).iter().map(|finding| finding.kind.id).collect()
}

#[test]
fn aut_15_names_of_protected_people_with_a_foreign_address() {
    for display in [
        "John Doe",
        "john doe",
        "Doe, John",
        "John Doe (CEO)",
        "J\u{43e}hn Doe",
        "John\u{200b} Doe",
        "Jоhn Dое",
        "JOHN D0E",
        "ＪＯＨＮ　ＤＯＥ",
    ] {
        assert!(ids(display, "x@evil.example").contains(&"impersonation-user"), "{display}");
    }
    assert_eq!(ids("Jon Doe", "x@evil.example"), ["impersonation-user-similar"]);
    assert_eq!(ids("Erika Musterman", "x@evil.example"), ["impersonation-user-similar"]);
    for (display, address) in [
        ("John Doe", "john.doe@contoso.com"),
        ("John Doe", "JOHN.DOE@contoso.com"),
        ("John Doe", "other@mail.contoso.com"),
        ("John Smith", "x@evil.example"),
        ("Doe", "x@evil.example"),
    ] {
        assert!(ids(display, address).is_empty(), "{display} {address}");
    }
}

#[test]
fn aut_15_both_strings_stand_side_by_side() {
    let sender = Sender {
        display: "J\u{43e}hn Doe".into(),
        address: "ceo@evil.example".into(),
        ..Sender::default()
    };
    let findings = impersonation(&sender, &protected());
    let user = findings.iter().find(|finding| finding.kind.id == "impersonation-user").unwrap();
    assert_eq!(
        user.sentence(Language::English),
        "The sender is shown as J\u{43e}hn Doe, like John Doe <john.doe@contoso.com>, but writes from ceo@evil.example."
    );
}

#[test]
fn aut_15_turned_invisible_and_mixed_characters_in_names() {
    assert!(ids("\u{202e}fdp.exe", "x@evil.example").contains(&"name-reversed"));
    assert!(ids("Pay\u{200b}ment", "x@evil.example").contains(&"name-invisible"));
    assert!(ids("Suppоrt", "x@evil.example").contains(&"name-mixed-scripts"));
    assert!(ids("Support", "x@pаypal.example").contains(&"sender-unusual-characters"));
    for honest in ["Иван Петров", "Müller GmbH", "山田", "Γιώργος Smith", "µTorrent"]
    {
        assert!(ids(honest, "x@honest.example").is_empty(), "{honest}");
    }
}

#[test]
fn spec_2_8_domains_that_look_like_a_protected_one() {
    for address in [
        "x@contoso.net",
        "x@ćóntoso.com",
        "x@contosososo.com",
        "x@contoabcdef.com",
        "x@fabrikarn.com",
    ] {
        assert!(ids("", address).contains(&"impersonation-domain"), "{address}");
    }
    for address in ["x@contoso.com", "x@eu.contoso.com", "x@fabrikam.com", "x@honest.example"] {
        assert!(ids("", address).is_empty(), "{address}");
    }
}

#[test]
fn spec_2_8_who_has_corresponded_before_is_not_impersonating() {
    let mut sender = Sender {
        display: "John Doe".into(),
        address: "john@home.example".into(),
        has_corresponded: Some(true),
        ..Sender::default()
    };
    assert!(impersonation(&sender, &protected()).is_empty());
    sender.has_corresponded = Some(false);
    let findings = impersonation(&sender, &protected());
    assert_eq!(
        findings.last().unwrap().sentence(Language::English),
        "You don't often get email from john@home.example."
    );
}

#[test]
fn brands_are_borrowed_in_names_and_domains() {
    for (display, address) in [
        ("PayPal", "x@evil.example"),
        ("PayPal Service", "x@evil.example"),
        ("PаyPаl", "x@evil.example"),
        ("Microsoft 365 Security", "x@evil.example"),
        ("Apple", "x@evil.example"),
        ("Bank of America Alert", "x@evil.example"),
    ] {
        assert!(ids(display, address).contains(&"impersonation-brand"), "{display}");
    }
    for (display, address) in [
        ("PayPal", "service@paypal.com"),
        ("PayPal", "service@e.paypal.de"),
        ("Shop via PayPal", "service@paypal.com"),
        ("Apple Pie Recipes", "x@cooking.example"),
        ("Tim Apple", "tim@home.example"),
        ("People who like to talk about PayPal", "list@home.example"),
    ] {
        assert!(!ids(display, address).contains(&"impersonation-brand"), "{display}");
    }
    for address in
        ["x@paypa1.com", "x@paypal-login.com", "x@netfliix.com", "x@paypal.com.evil.example"]
    {
        assert!(ids("", address).contains(&"impersonation-brand-domain"), "{address}");
    }
    assert!(ids("", "x@amazon.de").is_empty());
}

#[test]
fn an_address_within_the_name_is_seen() {
    assert_eq!(ids("ceo@contoso.com", "x@evil.example"), ["display-protected-address"]);
    assert_eq!(ids("service@paypal.com", "x@evil.example")[0], "display-protected-address");
    assert_eq!(ids("\"a@b.example\" (via list)", "x@lists.example"), ["display-other-address"]);
    assert_eq!(ids("shop.com", "x@evil.example"), ["display-other-domain"]);
    assert!(ids("x@evil.example", "x@evil.example").is_empty());
    assert!(ids("mail.evil.example", "x@evil.example").is_empty());
}

#[test]
fn answers_that_go_elsewhere_are_said() {
    let to = |reply: &str| {
        let reply_to = vec![Mailbox { address: reply.into(), ..Mailbox::default() }];
        let sender =
            Sender { address: "boss@partner.example".into(), reply_to, ..Sender::default() };
        impersonation(&sender, &protected()).first().map(|finding| finding.kind.id)
    };
    assert_eq!(to("boss@gmail.com"), Some("reply-to-free-mail"));
    assert_eq!(to("boss@partnar.example"), Some("reply-to-lookalike"));
    assert_eq!(to("boss@c0ntoso.com"), Some("reply-to-lookalike"));
    assert_eq!(to("tickets@helpdesk.example"), Some("reply-to-other-domain"));
    assert_eq!(to("other@partner.example"), None);
}

#[test]
fn the_words_of_offices_are_sorted_or_searched_in_vain() {
    let mut sorted = OFFICE_WORDS.to_vec();
    sorted.sort_unstable();
    assert_eq!(sorted, OFFICE_WORDS);
}
