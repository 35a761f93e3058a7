//! Mail for an accepted domain is taken only where something leads to its mail server.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod support;

use posthouse_types::Reason;
use support::{answer, ask, certified, directory, plain};

/// A tenant with this outbound connector, and a neighbour that mail can go home to.
fn files(outbound: &str) -> [String; 2] {
    let contoso = format!(
        "[tenant]\nname = \"contoso\"\npostmaster = \"admin@elsewhere.example\"\n\
         [[accepted_domain]]\nname = \"contoso.com\"\nverified = true\n\
         [[accepted_domain]]\nname = \"below.org\"\ntype = \"internal-relay\"\n\
         match_sub_domains = true\nverified = true\n\
         [[recipient]]\naddress = \"anna@contoso.com\"\n\
         [[recipient]]\naddress = \"postmaster@contoso.com\"\n\
         [[inbound_connector]]\nname = \"in\"\nconnector_type = \"on-premises\"\n\
         tls_sender_certificate_name = \"mail.contoso.com\"\n\
         [[inbound_connector]]\nname = \"bank\"\nconnector_type = \"partner\"\n\
         sender_domains = [\"bank.example\"]\n{outbound}"
    );
    let fabrikam = "[tenant]\nname = \"fabrikam\"\n\
         [[accepted_domain]]\nname = \"fabrikam.com\"\nverified = true\n\
         [[inbound_connector]]\nname = \"in\"\nconnector_type = \"on-premises\"\n\
         tls_sender_certificate_name = \"mail.fabrikam.com\"\n";
    [contoso, fabrikam.to_owned()]
}

fn connector(lines: &str) -> String {
    format!("[[outbound_connector]]\nname = \"out\"\n{lines}\n")
}

const ON_PREMISES: &str = "connector_type = \"on-premises\"\nsmart_hosts = [\"192.0.2.25\"]\n";
const TAKEN: &str = "contoso incoming, hosted by contoso";
const NO_ROUTE: &str = "451 4.4.4 no-route-for-accepted-domain";

/// What a stranger is told about this recipient, with each of the outbound connectors.
fn holds(rows: &[(&str, String, &str, &str)]) {
    for (claim, outbound, recipient, expected) in rows {
        let [contoso, fabrikam] = files(outbound);
        let directory = directory(&[&contoso, &fabrikam]);
        let stranger = plain("198.51.100.99");
        assert_eq!(&answer(&directory, &stranger, "x@a.example", recipient), expected, "{claim}");
    }
}

#[test]
fn a_way_home_is_an_enabled_on_premises_connector_with_smart_hosts_that_covers_the_domain() {
    let named = format!("{ON_PREMISES}recipient_domains = [\"contoso.com\"]");
    holds(&[
        ("none at all", String::new(), "anna@contoso.com", NO_ROUTE),
        ("named", connector(&named), "anna@contoso.com", TAKEN),
        ("another domain", connector(&named), "x@below.org", NO_ROUTE),
        (
            "every domain",
            connector(&format!("{ON_PREMISES}recipient_domains = [\"*\"]")),
            "anna@contoso.com",
            TAKEN,
        ),
        (
            "all accepted domains",
            connector(&format!("{ON_PREMISES}all_accepted_domains = true")),
            "x@deep.below.org",
            TAKEN,
        ),
        (
            "the domain, but nothing below it",
            connector(&format!("{ON_PREMISES}recipient_domains = [\"below.org\"]")),
            "x@deep.below.org",
            NO_ROUTE,
        ),
        (
            "what is below it too",
            connector(&format!("{ON_PREMISES}recipient_domains = [\"*.below.org\"]")),
            "x@deep.below.org",
            TAKEN,
        ),
        ("off", connector(&format!("{named}\nenabled = false")), "anna@contoso.com", NO_ROUTE),
        ("a trial", connector(&format!("{named}\ntest_mode = true")), "anna@contoso.com", NO_ROUTE),
        (
            "a partner's server is not home",
            connector(&named.replace("on-premises", "partner")),
            "anna@contoso.com",
            NO_ROUTE,
        ),
        (
            "MX leads back here",
            connector(&named.replace("smart_hosts = [\"192.0.2.25\"]", "")),
            "anna@contoso.com",
            NO_ROUTE,
        ),
    ]);
}

#[test]
fn who_would_be_refused_for_good_is_told_that_first() {
    holds(&[("unlisted", String::new(), "nobody@contoso.com", "550 5.4.1 recipient-unknown")]);
    let [contoso, fabrikam] = files("");
    let directory = directory(&[&contoso, &fabrikam]);
    assert_eq!(
        answer(&directory, &plain("198.51.100.99"), "x@bank.example", "anna@contoso.com"),
        "550 5.7.3 partner-tls-required"
    );
}

#[test]
fn postmasters_are_accepted_without_a_way_home() {
    let taken = "contoso incoming, hosted by contoso";
    holds(&[("listed, so a mailbox", String::new(), "postmaster@contoso.com", taken)]);
    let postmaster = "contoso incoming, postmaster admin@elsewhere.example";
    holds(&[("not listed", String::new(), "postmaster@below.org", postmaster)]);
}

#[test]
fn tenants_are_told_too_about_their_own_domain_and_each_others() {
    let [contoso, fabrikam] = files("");
    let directory = directory(&[&contoso, &fabrikam]);
    for (held, sender) in
        [("mail.contoso.com", "anna@contoso.com"), ("mail.fabrikam.com", "b@fabrikam.com")]
    {
        let peer = certified("198.51.100.7", &[held]);
        assert_eq!(answer(&directory, &peer, sender, "anna@contoso.com"), NO_ROUTE, "{held}");
    }
}

#[test]
fn the_administrator_is_told_what_to_set_up_and_the_peer_is_not() {
    let [contoso, fabrikam] = files("");
    let directory = directory(&[&contoso, &fabrikam]);
    let asked = ask(&directory, &plain("198.51.100.99"), "x@a.example", "anna@contoso.com");
    let refusal = asked.outcome.unwrap_err();
    assert_eq!(refusal.reason, Reason::NoRouteForAcceptedDomain);
    assert_eq!(refusal.reply.to_string(), "451 4.4.4 No route to the recipient's mail server");
    for words in ["contoso.com", "on-premises", "smart_hosts", "all_accepted_domains"] {
        assert!(refusal.operator_text.contains(words), "{}", refusal.operator_text);
    }
}
