//! Attribution as a table that reads like its rules: what the peer shows, MAIL FROM and RCPT TO on
//! the left, the answer on the right.

mod support;

use posthouse_policy::Owner;
use posthouse_types::{ChainReason, Peer, TenantId};
use support::{
    answer, ask_in, certified, chain, directory, directory_with_grants, line, plain, tls,
};

/// A connector by certificate, one by address, one that is off; edge blocking; a hybrid domain.
const CONTOSO: &str = r#"
[tenant]
name = "contoso"
postmaster = "admin@contoso.com"
[[accepted_domain]]
name = "contoso.com"
verified = true
[[accepted_domain]]
name = "relay.contoso.com"
type = "internal-relay"
match_sub_domains = true
verified = true
[[accepted_domain]]
name = "unproven.org"
[[recipient]]
address = "anna@contoso.com"
[[inbound_connector]]
name = "by certificate"
connector_type = "on-premises"
tls_sender_certificate_name = "mail.contoso.com"
[[inbound_connector]]
name = "by address"
connector_type = "on-premises"
sender_ip_addresses = ["192.0.2.1", "2001:db8:1::/64"]
[[inbound_connector]]
name = "switched off"
enabled = false
connector_type = "on-premises"
sender_ip_addresses = ["192.0.2.9"]
[[outbound_connector]]
name = "home"
connector_type = "on-premises"
all_accepted_domains = true
smart_hosts = ["exchange.contoso.com"]
"#;

/// A wildcard certificate name, forwarding allowed; partners with restrictions.
const FABRIKAM: &str = r#"
[tenant]
name = "fabrikam"
[[accepted_domain]]
name = "fabrikam.com"
verified = true
[[recipient]]
address = "bob@fabrikam.com"
[[inbound_connector]]
name = "any host"
connector_type = "on-premises"
tls_sender_certificate_name = "*.fabrikam.com"
allow_forwarding = true
[[inbound_connector]]
name = "bank"
connector_type = "partner"
sender_domains = ["*.bank.example"]
[[inbound_connector]]
name = "court by address"
connector_type = "partner"
sender_domains = ["court.example"]
require_tls = false
restrict_domains_to_ip_addresses = true
sender_ip_addresses = ["203.0.113.0/24"]
[[inbound_connector]]
name = "lab by certificate"
connector_type = "partner"
sender_domains = ["lab.example"]
restrict_domains_to_certificate = true
tls_sender_certificate_name = "*.lab.example"
[[outbound_connector]]
name = "home"
connector_type = "on-premises"
all_accepted_domains = true
smart_hosts = ["exchange.fabrikam.com"]
"#;

fn mail() -> Peer {
    certified("198.51.100.7", &["mail.contoso.com"])
}

fn holds(rows: &[(&str, Peer, &str, &str, &str)]) {
    let directory = directory(&[CONTOSO, FABRIKAM]);
    for (claim, peer, sender, recipient, expected) in rows {
        assert_eq!(&answer(&directory, peer, sender, recipient), expected, "{claim}");
    }
}

const BY_CERTIFICATE: &str =
    "contoso originating by certificate mail.contoso.com via by certificate, elsewhere";
const BY_ADDRESS: &str = "contoso originating by address 192.0.2.1 via by address, elsewhere";
const DENIED: &str = "550 5.7.64 no-connector";
const ATTR36: &str = "550 5.7.64 sender-domain-not-accepted";

#[test]
fn the_certificate_recognises_its_tenant() {
    holds(&[
        ("own sender", mail(), "a@contoso.com", "x@example.net", BY_CERTIFICATE),
        ("a report has no sender", mail(), "", "x@example.net", BY_CERTIFICATE),
        ("a forward has a stranger's", mail(), "a@example.org", "x@example.net", BY_CERTIFICATE),
        (
            "the address does not matter",
            certified("192.0.2.1", &["mail.contoso.com"]),
            "a@contoso.com",
            "x@example.net",
            BY_CERTIFICATE,
        ),
        (
            "one name among others is enough",
            certified("198.51.100.7", &["www.example.org", "mail.contoso.com"]),
            "a@contoso.com",
            "x@example.net",
            BY_CERTIFICATE,
        ),
        (
            "a wildcard certificate covers the host",
            certified("198.51.100.7", &["*.contoso.com"]),
            "a@contoso.com",
            "x@example.net",
            "contoso originating by certificate *.contoso.com via by certificate, elsewhere",
        ),
        (
            "a wildcard connector covers one label",
            certified("198.51.100.7", &["mx1.fabrikam.com"]),
            "b@fabrikam.com",
            "x@example.net",
            "fabrikam originating by certificate mx1.fabrikam.com via any host, elsewhere",
        ),
        (
            "not the domain itself",
            certified("198.51.100.7", &["fabrikam.com"]),
            "b@fabrikam.com",
            "x@example.net",
            DENIED,
        ),
        (
            "not two labels",
            certified("198.51.100.7", &["a.mx1.fabrikam.com"]),
            "b@fabrikam.com",
            "x@example.net",
            DENIED,
        ),
        (
            "another host is not meant",
            certified("198.51.100.7", &["www.contoso.com"]),
            "a@contoso.com",
            "x@example.net",
            DENIED,
        ),
    ]);
}

#[test]
fn a_chain_that_is_not_accepted_gives_no_identity() {
    let refused = |reason| chain("198.51.100.7", &["mail.contoso.com"], reason);
    holds(&[
        (
            "the missing intermediate",
            refused(ChainReason::ChainIncomplete),
            "a@contoso.com",
            "x@example.net",
            "550 5.7.64 chain-incomplete",
        ),
        (
            "whatever MAIL FROM says",
            refused(ChainReason::RootUntrusted),
            "a@example.org",
            "x@example.net",
            "550 5.7.64 root-untrusted",
        ),
        ("expired", refused(ChainReason::Expired), "", "x@example.net", "550 5.7.64 expired"),
        (
            "a name that no connector looks for",
            chain("198.51.100.7", &["www.example.org"], ChainReason::SelfSigned),
            "a@contoso.com",
            "x@example.net",
            DENIED,
        ),
        (
            "the address still may",
            chain("192.0.2.1", &["mail.contoso.com"], ChainReason::Expired),
            "a@contoso.com",
            "x@example.net",
            BY_ADDRESS,
        ),
        (
            "no certificate where one is wanted",
            tls("198.51.100.7"),
            "a@contoso.com",
            "x@example.net",
            "550 5.7.64 no-certificate",
        ),
        (
            "no TLS where a certificate is wanted",
            plain("198.51.100.7"),
            "a@contoso.com",
            "x@example.net",
            "550 5.7.64 no-certificate",
        ),
        ("nothing at all", tls("198.51.100.7"), "a@example.org", "x@example.net", DENIED),
    ]);
}

#[test]
fn the_address_recognises_only_with_mail_from() {
    holds(&[
        ("own sender", plain("192.0.2.1"), "a@contoso.com", "x@example.net", BY_ADDRESS),
        (
            "a sender below an accepted domain",
            plain("192.0.2.1"),
            "a@sub.contoso.com",
            "x@example.net",
            BY_ADDRESS,
        ),
        (
            "IPv6",
            plain("2001:db8:1::25"),
            "a@contoso.com",
            "x@example.net",
            "contoso originating by address 2001:db8:1::25 via by address, elsewhere",
        ),
        (
            "IPv4 on an IPv6 socket",
            plain("::ffff:192.0.2.1"),
            "a@contoso.com",
            "x@example.net",
            BY_ADDRESS,
        ),
        ("a stranger's sender", plain("192.0.2.1"), "a@example.org", "x@example.net", ATTR36),
        ("the null sender", plain("192.0.2.1"), "", "x@example.net", ATTR36),
        ("an unverified domain", plain("192.0.2.1"), "a@unproven.org", "x@example.net", ATTR36),
        ("another tenant's sender", plain("192.0.2.1"), "b@fabrikam.com", "x@example.net", ATTR36),
        (
            "a connector that is off",
            plain("192.0.2.9"),
            "a@contoso.com",
            "x@example.net",
            "550 5.7.64 no-certificate",
        ),
        ("the neighbour's address", tls("192.0.2.2"), "b@example.org", "x@example.net", DENIED),
    ]);
}

#[test]
fn a_sender_of_another_tenant_is_relayed_only_where_forwarding_is_allowed() {
    let fabrikam = certified("198.51.100.8", &["mx1.fabrikam.com"]);
    holds(&[
        (
            "without",
            mail(),
            "b@fabrikam.com",
            "x@example.net",
            "550 5.7.64 sender-domain-of-another-tenant",
        ),
        (
            "to a hosted recipient it is anybody's mail",
            mail(),
            "b@fabrikam.com",
            "anna@contoso.com",
            "contoso incoming, hosted by contoso",
        ),
        (
            "with",
            fabrikam,
            "a@contoso.com",
            "x@example.net",
            "fabrikam originating by certificate mx1.fabrikam.com via any host, elsewhere",
        ),
    ]);
}

#[test]
fn mail_for_a_hosted_domain_comes_in_from_anywhere() {
    let stranger = || plain("198.51.100.99");
    holds(&[
        (
            "listed",
            stranger(),
            "x@example.net",
            "anna@contoso.com",
            "contoso incoming, hosted by contoso",
        ),
        ("in any case", stranger(), "", "ANNA@contoso.com", "contoso incoming, hosted by contoso"),
        (
            "not listed",
            stranger(),
            "x@example.net",
            "nobody@contoso.com",
            "550 5.4.1 recipient-unknown",
        ),
        (
            "internal relay knows nobody",
            stranger(),
            "x@example.net",
            "nobody@relay.contoso.com",
            "contoso incoming, hosted by contoso",
        ),
        (
            "below, with match_sub_domains",
            stranger(),
            "x@example.net",
            "n@a.b.relay.contoso.com",
            "contoso incoming, hosted by contoso",
        ),
        ("below, without", stranger(), "x@example.net", "anna@sub.contoso.com", DENIED),
        ("unverified", stranger(), "x@example.net", "anna@unproven.org", DENIED),
        (
            "a failing chain does not hinder it",
            chain("198.51.100.7", &["mail.contoso.com"], ChainReason::ChainIncomplete),
            "a@contoso.com",
            "anna@contoso.com",
            "contoso incoming, hosted by contoso",
        ),
        (
            "nor does an unproven sender on a listed address",
            plain("192.0.2.1"),
            "x@example.net",
            "anna@contoso.com",
            "contoso incoming, hosted by contoso",
        ),
    ]);
}

#[test]
fn a_recognised_sender_may_send_to_hosted_recipients_by_their_rules() {
    holds(&[
        (
            "hybrid: to its own",
            mail(),
            "a@contoso.com",
            "anna@contoso.com",
            "contoso originating by certificate mail.contoso.com via by certificate, hosted by contoso",
        ),
        (
            "its own unknown",
            mail(),
            "a@contoso.com",
            "nobody@contoso.com",
            "550 5.4.1 recipient-unknown",
        ),
        (
            "to another tenant",
            mail(),
            "a@contoso.com",
            "bob@fabrikam.com",
            "contoso originating by certificate mail.contoso.com via by certificate, hosted by fabrikam",
        ),
        (
            "another tenant's unknown",
            mail(),
            "a@contoso.com",
            "nobody@fabrikam.com",
            "550 5.4.1 recipient-unknown",
        ),
        (
            "another tenant's partner rule",
            certified("198.51.100.7", &["mail.contoso.com"]),
            "j@court.example",
            "bob@fabrikam.com",
            "550 5.7.51 partner-address-restricted",
        ),
    ]);
}

#[test]
fn partner_connectors_restrict_and_never_grant() {
    let lab = |names: &[&str], reason| chain("198.51.100.9", names, reason);
    holds(&[
        (
            "TLS is the default",
            plain("198.51.100.9"),
            "c@bank.example",
            "bob@fabrikam.com",
            "550 5.7.3 partner-tls-required",
        ),
        (
            "below the domain too",
            plain("198.51.100.9"),
            "c@a.bank.example",
            "bob@fabrikam.com",
            "550 5.7.3 partner-tls-required",
        ),
        (
            "TLS without a certificate will do",
            tls("198.51.100.9"),
            "c@bank.example",
            "bob@fabrikam.com",
            "fabrikam incoming from partner bank, hosted by fabrikam",
        ),
        (
            "another address",
            plain("198.51.100.9"),
            "j@court.example",
            "bob@fabrikam.com",
            "550 5.7.51 partner-address-restricted",
        ),
        (
            "the right address",
            plain("203.0.113.5"),
            "j@court.example",
            "bob@fabrikam.com",
            "fabrikam incoming from partner court by address, hosted by fabrikam",
        ),
        (
            "no certificate",
            tls("198.51.100.9"),
            "s@lab.example",
            "bob@fabrikam.com",
            "550 5.7.51 partner-certificate-restricted",
        ),
        (
            "the right name, not accepted",
            lab(&["mx.lab.example"], ChainReason::ChainIncomplete),
            "s@lab.example",
            "bob@fabrikam.com",
            "550 5.7.51 partner-certificate-restricted",
        ),
        (
            "another name",
            lab(&["lab.example"], ChainReason::Ok),
            "s@lab.example",
            "bob@fabrikam.com",
            "550 5.7.51 partner-certificate-restricted",
        ),
        (
            "the right certificate",
            lab(&["mx.lab.example"], ChainReason::Ok),
            "s@lab.example",
            "bob@fabrikam.com",
            "fabrikam incoming from partner lab by certificate, hosted by fabrikam",
        ),
        (
            "who is no partner",
            plain("198.51.100.9"),
            "x@example.net",
            "bob@fabrikam.com",
            "fabrikam incoming, hosted by fabrikam",
        ),
        (
            "a partner may not relay",
            lab(&["mx.lab.example"], ChainReason::Ok),
            "s@lab.example",
            "x@example.net",
            DENIED,
        ),
        (
            "edge blocking comes first",
            plain("198.51.100.9"),
            "j@court.example",
            "nobody@fabrikam.com",
            "550 5.4.1 recipient-unknown",
        ),
    ]);
}

#[test]
fn postmasters_are_always_accepted() {
    holds(&[
        (
            "the node's",
            plain("198.51.100.99"),
            "x@example.net",
            "Postmaster",
            "operator incoming, postmaster of the node",
        ),
        (
            "the sending tenant's",
            mail(),
            "a@contoso.com",
            "Postmaster",
            "contoso originating by certificate mail.contoso.com via by certificate, postmaster admin@contoso.com",
        ),
        (
            "unlisted, in any case",
            plain("198.51.100.99"),
            "x@example.net",
            "PostMaster@contoso.com",
            "contoso incoming, postmaster admin@contoso.com",
        ),
        (
            "the node's, where the tenant names none",
            plain("198.51.100.99"),
            "x@example.net",
            "postmaster@fabrikam.com",
            "fabrikam incoming, postmaster of the node",
        ),
        (
            "whatever partners are held to",
            plain("198.51.100.99"),
            "j@court.example",
            "postmaster@fabrikam.com",
            "fabrikam incoming, postmaster of the node",
        ),
        (
            "elsewhere it is a mailbox",
            plain("198.51.100.99"),
            "x@example.net",
            "postmaster@example.org",
            DENIED,
        ),
    ]);
}

#[test]
fn a_transaction_has_one_owner() {
    let directory = directory(&[CONTOSO, FABRIKAM]);
    let in_transaction = |owner, peer: &Peer, sender, recipient| {
        line(&ask_in(Some(owner), &directory, peer, sender, recipient), &directory)
    };
    let contoso = Owner::Tenant(TenantId(1));
    let stranger = plain("198.51.100.99");
    assert_eq!(
        in_transaction(contoso, &stranger, "x@example.net", "anna@contoso.com"),
        "contoso incoming, hosted by contoso"
    );
    assert_eq!(
        in_transaction(contoso, &stranger, "x@example.net", "bob@fabrikam.com"),
        "452 4.5.3 other-tenant-in-transaction"
    );
    assert_eq!(
        in_transaction(Owner::Operator, &stranger, "x@example.net", "anna@contoso.com"),
        "452 4.5.3 other-tenant-in-transaction"
    );
    assert_eq!(
        in_transaction(contoso, &stranger, "x@example.net", "Postmaster"),
        "contoso incoming, postmaster admin@contoso.com"
    );
    assert_eq!(
        in_transaction(contoso, &mail(), "a@contoso.com", "bob@fabrikam.com"),
        "contoso originating by certificate mail.contoso.com via by certificate, hosted by fabrikam",
        "what a tenant sends is one transaction, wherever the recipients are"
    );
    assert_eq!(
        in_transaction(contoso, &stranger, "x@example.net", "nobody@fabrikam.com"),
        "550 5.4.1 recipient-unknown",
        "what will never be accepted is not asked for again"
    );
}

#[test]
fn connectors_have_limits_of_their_own() {
    let limited = r#"
[tenant]
name = "limited"
[[accepted_domain]]
name = "one.example"
verified = true
[[accepted_domain]]
name = "two.example"
verified = true
[[inbound_connector]]
name = "associated"
connector_type = "on-premises"
sender_ip_addresses = ["192.0.2.1"]
associated_accepted_domains = ["one.example"]
[[inbound_connector]]
name = "over TLS"
connector_type = "on-premises"
sender_ip_addresses = ["192.0.2.2"]
require_tls = true
[[inbound_connector]]
name = "for two"
connector_type = "on-premises"
tls_sender_certificate_name = "mail.two.example"
sender_domains = ["two.example"]
[[inbound_connector]]
name = "pinned"
connector_type = "on-premises"
tls_sender_certificate_name = "pinned.one.example"
tls_sender_issuer = "Private CA"
[[inbound_connector]]
name = "pinned rightly"
connector_type = "on-premises"
tls_sender_certificate_name = "right.one.example"
tls_sender_issuer = "cn=issuing ca, o=public ca"
"#;
    let directory = directory(&[limited]);
    let certificate = |name: &str| certified("198.51.100.7", &[name]);
    for (claim, peer, sender, expected) in [
        (
            "associated domain",
            plain("192.0.2.1"),
            "a@one.example",
            "limited originating by address 192.0.2.1 via associated, elsewhere",
        ),
        ("another domain", plain("192.0.2.1"), "a@two.example", ATTR36),
        ("address without TLS", plain("192.0.2.2"), "a@one.example", "550 5.7.64 no-certificate"),
        (
            "address with TLS",
            tls("192.0.2.2"),
            "a@one.example",
            "limited originating by address 192.0.2.2 via over TLS, elsewhere",
        ),
        (
            "sender_domains covers",
            certificate("mail.two.example"),
            "a@two.example",
            "limited originating by certificate mail.two.example via for two, elsewhere",
        ),
        (
            "sender_domains never stops reports",
            certificate("mail.two.example"),
            "",
            "limited originating by certificate mail.two.example via for two, elsewhere",
        ),
        ("sender_domains does not cover", certificate("mail.two.example"), "a@one.example", DENIED),
        (
            "another issuer",
            certificate("pinned.one.example"),
            "a@one.example",
            "550 5.7.64 issuer-mismatch",
        ),
        (
            "the pinned issuer",
            certificate("right.one.example"),
            "a@one.example",
            "limited originating by certificate right.one.example via pinned rightly, elsewhere",
        ),
    ] {
        assert_eq!(answer(&directory, &peer, sender, "x@example.net"), expected, "{claim}");
    }
}

#[test]
fn within_a_tenant_the_most_specific_connector_wins_then_the_first_by_name() {
    let tenant = r#"
[tenant]
name = "t"
[[accepted_domain]]
name = "t.example"
verified = true
[[inbound_connector]]
name = "1 wildcard"
connector_type = "on-premises"
tls_sender_certificate_name = "*.t.example"
[[inbound_connector]]
name = "3 host"
connector_type = "on-premises"
tls_sender_certificate_name = "mail.t.example"
[[inbound_connector]]
name = "2 host"
connector_type = "on-premises"
tls_sender_certificate_name = "mail.t.example"
[[inbound_connector]]
name = "4 net"
connector_type = "on-premises"
sender_ip_addresses = ["192.0.2.0/24"]
[[inbound_connector]]
name = "5 address"
connector_type = "on-premises"
sender_ip_addresses = ["192.0.2.1"]
"#;
    let directory = directory(&[tenant]);
    let via = |peer: &Peer| answer(&directory, peer, "a@t.example", "x@example.net");
    assert!(via(&certified("198.51.100.1", &["mail.t.example"])).contains("via 2 host"));
    assert!(via(&certified("198.51.100.1", &["other.t.example"])).contains("via 1 wildcard"));
    assert!(via(&plain("192.0.2.1")).contains("via 5 address"));
    assert!(via(&plain("192.0.2.2")).contains("via 4 net"));
}

#[test]
fn a_certificate_name_outside_the_tenants_domains_counts_only_where_the_operator_grants_it() {
    let hosted = r#"
[tenant]
name = "hosted"
[[accepted_domain]]
name = "hosted.example"
verified = true
[[inbound_connector]]
name = "provider"
connector_type = "on-premises"
tls_sender_certificate_name = "relay.provider.example"
"#;
    let peer = certified("198.51.100.7", &["relay.provider.example"]);
    let ungranted = directory(&[hosted]);
    assert_eq!(answer(&ungranted, &peer, "a@hosted.example", "x@example.net"), DENIED);
    let granted = directory_with_grants(&[(hosted, &["relay.provider.example"])]);
    assert_eq!(
        answer(&granted, &peer, "a@hosted.example", "x@example.net"),
        "hosted originating by certificate relay.provider.example via provider, elsewhere"
    );
    assert_eq!(answer(&granted, &peer, "a@example.org", "x@example.net"), ATTR36);
    assert_eq!(answer(&granted, &peer, "", "x@example.net"), ATTR36);
}

#[test]
fn two_tenants_may_be_granted_one_certificate_and_mail_from_decides() {
    let file = |name: &str| {
        format!(
            "[tenant]\nname = \"{name}\"\n[[accepted_domain]]\nname = \"{name}.example\"\nverified = true\n\
             [[inbound_connector]]\nname = \"provider\"\nconnector_type = \"on-premises\"\n\
             tls_sender_certificate_name = \"relay.provider.example\"\n"
        )
    };
    let (one, two) = (file("one"), file("two"));
    let grant: &[&str] = &["relay.provider.example"];
    let directory = directory_with_grants(&[(&one, grant), (&two, grant)]);
    let peer = certified("198.51.100.7", &["relay.provider.example"]);
    assert!(answer(&directory, &peer, "a@two.example", "x@example.net").starts_with("two "));
    assert!(answer(&directory, &peer, "a@one.example", "x@example.net").starts_with("one "));
    assert_eq!(
        answer(&directory, &peer, "a@example.org", "x@example.net"),
        "451 4.7.0 ambiguous-connector"
    );
}

#[test]
fn an_authoritative_domain_without_any_recipient_listed_accepts_all() {
    let unlisted = "[tenant]\nname = \"t\"\n\
        [[accepted_domain]]\nname = \"t.example\"\nverified = true\n\
        [[outbound_connector]]\nname = \"home\"\nconnector_type = \"on-premises\"\n\
        all_accepted_domains = true\nsmart_hosts = [\"mail.t.example\"]\n";
    let directory = directory(&[unlisted]);
    assert_eq!(
        answer(&directory, &plain("192.0.2.1"), "x@example.net", "anyone@t.example"),
        "t incoming, hosted by t"
    );
}

#[test]
fn while_the_directory_is_not_there_every_recipient_has_to_wait() {
    let directory = posthouse_policy::Directory::loading();
    for recipient in ["x@example.net", "anna@contoso.com", "Postmaster"] {
        let reply = support::wire(&directory, &mail(), "a@contoso.com", recipient);
        assert_eq!(reply, "451 4.3.2 Temporary server error. Please try again later ATTR55\r\n");
    }
}
