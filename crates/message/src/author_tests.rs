//! Claims about who a From names: every address that some reader could take is found.

use super::*;

fn read(header: &str) -> FromFact {
    read_author(format!("{header}\r\n\r\nFrom: body@body.example\r\n").as_bytes())
}

fn has(fact: &FromFact, problem: FromProblem) -> bool {
    fact.problems.contains(&problem)
}

#[test]
fn an_ordinary_from_is_one_address_without_problems() {
    for (from, name) in [
        ("ann@contoso.example", ""),
        ("<ann@contoso.example>", ""),
        ("Ann Q. Doe <ann@Contoso.Example>", "Ann Q. Doe"),
        ("\"Doe, Ann\" (sales) <ann@contoso.example>", "Doe, Ann"),
        ("=?utf-8?q?Ann_M=C3=BCller?=\r\n <ann@contoso.example>", "Ann Müller"),
        ("Ann Müller <ann@contoso.example>", "Ann Müller"),
        ("Team: ann@contoso.example;", ""),
    ] {
        let fact = read(&format!("From: {from}"));
        assert_eq!(fact.problems, [], "{from}");
        assert_eq!(fact.domains, ["contoso.example"], "{from}");
        assert!(fact.addresses[0].starts_with("ann@"), "{from}");
        assert_eq!(fact.display_name, name);
        assert_eq!(fact.shown_addresses, Vec::<String>::new());
    }
}

/// What espoofer tries, in our own words: each field has a reader that shows boss@contoso.example
/// and a checker that asks about attacker.example, or the other way round.
#[test]
fn aut_01_every_domain_that_a_reader_could_see_is_found() {
    for header in [
        // Two fields, in both orders, and with odd names.
        "From: a@attacker.example\r\nFrom: boss@contoso.example",
        "From: boss@contoso.example\r\nFrom: a@attacker.example",
        "From: a@attacker.example\r\nfROM : boss@contoso.example",
        "From: a@attacker.example\r\nFrom\u{0}: boss@contoso.example",
        "From: a@attacker.example\r\nFrom\u{a0}: boss@contoso.example",
        "From\r\n : boss@contoso.example\r\nFrom: a@attacker.example",
        // Two addresses in one.
        "From: a@attacker.example, boss@contoso.example",
        "From: <a@attacker.example>, <boss@contoso.example>",
        "From: boss@contoso.example <a@attacker.example>",
        "From: <boss@contoso.example> a@attacker.example",
        "From: <a@attacker.example> <boss@contoso.example>",
        "From: a@attacker.example;boss@contoso.example",
        "From: a@attacker.example boss@contoso.example",
        // Encoded words around addresses.
        "From: =?utf-8?b?Ym9zc0Bjb250b3NvLmV4YW1wbGU=?=,<a@attacker.example>",
        "From: =?utf-8?q?boss=40contoso.example?=\r\n <a@attacker.example> x",
        // Comments, routes, groups, controls, quotes without end.
        "From: <@attacker.example:boss@contoso.example>",
        "From: <@contoso.example,@x.example:a@attacker.example>",
        "From: a: boss@contoso.example; <a@attacker.example>",
        "From: boss@contoso.example\u{0}, a@attacker.example",
        "From: \"boss@contoso.example <a@attacker.example>",
        "From: boss@contoso.example (<a@attacker.example>",
        "From: a@attacker.example@contoso.example",
        "From: <boss@contoso.example\r\n >; a@attacker.example",
        "From: boss@contoso.example\\,a@attacker.example",
        "From: \"Boss\" <boss@contoso.example><a@attacker.example>",
        "From:\r\n boss@contoso.example,\r\n\ta@attacker.example",
    ] {
        let fact = read(header);
        for domain in ["attacker.example", "contoso.example"] {
            assert!(fact.domains.iter().any(|found| found == domain), "{header:?}: {fact:?}");
        }
        assert_ne!(fact.problems, [], "{header:?}");
    }
}

#[test]
fn aut_02_two_addresses_in_angle_brackets_are_malformed() {
    for from in [
        "<a@evil.example> <ceo@tenant.example>",
        "\"Ceo <ceo@tenant.example> <a@evil.example>",
        "Ceo <ceo@tenant.example",
        "Ceo ceo@tenant.example>",
        "<>",
        "",
        "Ceo",
        "a@b@tenant.example",
        "a.@tenant.example",
        "ceo@tenant..example",
    ] {
        assert!(has(&read(&format!("From: {from}")), FromProblem::Malformed), "{from}");
    }
}

#[test]
fn several_authors_are_told_from_several_with_a_sender() {
    let without = read("From: a@a.example, b@b.example");
    assert!(has(&without, FromProblem::SeveralAddresses));
    let with = read("From: a@a.example, b@b.example\r\nSender: a@a.example");
    assert_eq!(
        (with.problems.len(), with.senders.as_slice()),
        (0, &["a@a.example".to_owned()][..])
    );
    assert_eq!(with.domains, ["a.example", "b.example"]);
}

#[test]
fn an_address_in_a_display_name_or_a_comment_is_shown_and_no_claim() {
    for from in [
        "\"boss@contoso.example\" <a@attacker.example>",
        "=?utf-8?q?boss=40contoso.example?= <a@attacker.example>",
        "a@attacker.example (boss@contoso.example)",
    ] {
        let fact = read(&format!("From: {from}"));
        assert_eq!(fact.shown_addresses, ["boss@contoso.example"], "{from}");
        assert_eq!(fact.domains, ["attacker.example"], "{from}");
        assert_eq!(fact.problems, [], "{from}");
    }
}

#[test]
fn a_repeated_own_address_as_name_is_malformed_and_not_ambiguous() {
    // Not in the grammar, and common in honest mail.
    let fact = read("From: info@contoso.example <info@contoso.example>");
    assert_eq!(fact.problems, [FromProblem::Malformed]);
    assert_eq!(fact.domains, ["contoso.example"]);
}

#[test]
fn aut_14_names_are_compared_as_a_labels_and_fake_ones_are_malformed() {
    assert_eq!(read("From: a@Bücher.example").domains, ["xn--bcher-kva.example"]);
    // Decodes to plain ASCII.
    assert!(has(&read("From: a@xn--contoso-.example"), FromProblem::Malformed));
    assert!(read("From: a@contoso.example.").domains.contains(&"contoso.example".to_owned()));
}

#[test]
fn no_from_and_too_much_of_it_are_said() {
    assert_eq!(read("Subject: x").problems, [FromProblem::Missing]);
    let many = vec!["a@a.example"; 20].join("\r\nFrom: ");
    assert!(has(&read(&format!("From: {many}")), FromProblem::TooMuch));
    let long = format!("From: {}a@a.example", " ".repeat(9000));
    assert!(has(&read(&long), FromProblem::TooMuch));
    let names: Vec<String> = (0..30).map(|number| format!("a@a{number}.example")).collect();
    let fact = read(&format!("From: {}", names.join(",")));
    assert!(has(&fact, FromProblem::TooMuch) && fact.addresses.len() == 16);
}

#[test]
fn aut_01_no_octets_make_the_reader_fall_over() {
    let alphabet = b"<>@,;:()\"\\[]. a\r\n\t\x00\xff\xc3\xa4=?utf-8?q?b?=";
    let mut seed = 7u32;
    for _ in 0..20_000 {
        let mut text = b"From: ".to_vec();
        for _ in 0..40 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            text.push(alphabet[(seed >> 16) as usize % alphabet.len()]);
        }
        let _ = read_author(&text);
    }
}
