//! Attribution under attack: shared addresses, strangers' certificates, lists of other people's
//! servers, and questions that try to find out who the tenants are.

mod support;

use posthouse_policy::{Directory, Grants, ProblemContext, Severity, SharedIdentities};
use posthouse_types::{ChainReason, TenantId};
use support::{answer, ask, certified, chain, directory, plain, tenant, tls, wire};

fn by_address(name: &str, address: &str) -> String {
    format!(
        "[tenant]\nname = \"{name}\"\n[[accepted_domain]]\nname = \"{name}.example\"\nverified = true\n\
         [[inbound_connector]]\nname = \"by address\"\nconnector_type = \"on-premises\"\n\
         sender_ip_addresses = [\"{address}\"]\n"
    )
}

fn by_certificate(name: &str, host: &str) -> String {
    format!(
        "[tenant]\nname = \"{name}\"\n[[accepted_domain]]\nname = \"{name}.example\"\nverified = true\n\
         [[inbound_connector]]\nname = \"by certificate\"\nconnector_type = \"on-premises\"\n\
         tls_sender_certificate_name = \"{host}\"\n"
    )
}

const DENIED: &str = "550 5.7.64 no-connector";

#[test]
fn att_01_an_address_of_a_shared_cloud_is_never_an_identity() {
    let careless = by_address("careless", "40.107.5.0/24");
    let directory = directory(&[&careless, &by_certificate("other", "mail.other.example")]);
    let cloud = || plain("40.107.5.9");
    for peer in
        [cloud(), tls("40.107.5.9"), certified("40.107.5.9", &["mail.protection.outlook.com"])]
    {
        assert_eq!(
            answer(&directory, &peer, "ceo@careless.example", "x@example.net"),
            "550 5.7.64 shared-ip-not-identity"
        );
    }
    assert_eq!(
        answer(&directory, &cloud(), "a@example.org", "x@example.net"),
        "550 5.7.64 shared-ip-not-identity"
    );
    assert_eq!(
        wire(&directory, &cloud(), "ceo@careless.example", "x@example.net"),
        wire(&Directory::empty(), &cloud(), "ceo@careless.example", "x@example.net"),
        "whether anyone lists the address does not show"
    );
}

#[test]
fn att_01_a_shared_address_cannot_be_stored_as_the_only_proof() {
    let problems = |file: &str| {
        tenant(file).problems(&ProblemContext {
            grants: &Grants::default(),
            shared: &SharedIdentities::built_in(),
            verification_value: &|_| String::new(),
        })
    };
    let errors = |file: &str| {
        let problems = problems(file);
        problems.into_iter().filter(|problem| problem.severity == Severity::Error).count()
    };
    assert_eq!(errors(&by_address("careless", "40.107.5.0/24")), 1);
    assert_eq!(errors(&by_address("careful", "192.0.2.1")), 0);
    assert_eq!(errors(&by_certificate("careless", "mail.protection.outlook.com")), 1);
    let both = by_address("both", "40.107.5.0/24")
        + "tls_sender_certificate_name = \"mail.both.example\"\n";
    assert_eq!(errors(&both), 0);
}

#[test]
fn att_04_of_two_tenants_on_one_address_the_certificate_decides_and_else_mail_from() {
    let directory = directory(&[
        &by_address("one", "192.0.2.1"),
        &by_address("two", "192.0.2.0/24"),
        &by_certificate("three", "mail.three.example"),
    ]);
    let plain = plain("192.0.2.1");
    assert!(
        answer(&directory, &plain, "a@one.example", "x@example.net").starts_with("one originating")
    );
    assert!(
        answer(&directory, &plain, "a@two.example", "x@example.net").starts_with("two originating")
    );
    for undecided in ["a@example.org", ""] {
        assert_eq!(
            answer(&directory, &plain, undecided, "x@example.net"),
            "451 4.7.0 ambiguous-connector"
        );
    }
    let certified = certified("192.0.2.1", &["mail.three.example"]);
    assert!(
        answer(&directory, &certified, "a@example.org", "x@example.net")
            .starts_with("three originating by certificate")
    );
    assert_eq!(
        answer(&directory, &certified, "a@one.example", "x@example.net"),
        "550 5.7.64 sender-domain-of-another-tenant",
        "the address does not make the certificate's server another tenant's"
    );
}

#[test]
fn att_04_a_certificate_of_two_tenants_is_never_given_to_the_first() {
    let directory = directory(&[
        &by_certificate("one", "mail.one.example"),
        &by_certificate("two", "mail.two.example"),
    ]);
    let peer = certified("192.0.2.1", &["mail.one.example", "mail.two.example"]);
    assert!(answer(&directory, &peer, "a@one.example", "x@example.net").starts_with("one "));
    assert!(answer(&directory, &peer, "a@two.example", "x@example.net").starts_with("two "));
    assert_eq!(
        answer(&directory, &peer, "a@example.org", "x@example.net"),
        "451 4.7.0 ambiguous-connector"
    );
}

#[test]
fn att_05_a_certificate_of_another_issuer_than_the_pinned_one_is_not_attributed() {
    let pinned = by_certificate("one", "mail.one.example") + "tls_sender_issuer = \"Private CA\"\n";
    let directory = directory(&[&pinned]);
    let peer = certified("192.0.2.1", &["mail.one.example"]);
    assert_eq!(
        answer(&directory, &peer, "a@one.example", "x@example.net"),
        "550 5.7.64 issuer-mismatch"
    );
}

#[test]
fn att_05_a_tenant_cannot_claim_the_certificate_of_another() {
    let thief = by_certificate("thief", "mail.owner.example");
    let owner = by_certificate("owner", "mail.owner.example");
    let peer = certified("192.0.2.1", &["mail.owner.example"]);
    let both = directory(&[&thief, &owner]);
    assert!(answer(&both, &peer, "a@owner.example", "x@example.net").starts_with("owner "));
    assert!(answer(&both, &peer, "a@example.org", "x@example.net").starts_with("owner "));
    let alone = directory(&[&thief]);
    for sender in ["a@owner.example", "a@thief.example", "a@example.org", ""] {
        assert_eq!(answer(&alone, &peer, sender, "x@example.net"), DENIED, "{sender}");
    }
}

#[test]
fn att_10_without_a_connector_nobody_relays() {
    let file =
        "[tenant]\nname = \"t\"\n[[accepted_domain]]\nname = \"t.example\"\nverified = true\n";
    for directory in [Directory::empty(), directory(&[file])] {
        for peer in [
            plain("127.0.0.1"),
            plain("::1"),
            tls("192.0.2.1"),
            certified("192.0.2.1", &["mail.t.example"]),
        ] {
            for sender in ["a@t.example", "a@example.org", ""] {
                for recipient in ["x@example.net", "x@sub.t.example", "x@com"] {
                    let reply = wire(&directory, &peer, sender, recipient);
                    assert!(
                        reply.starts_with("550-5.7.64 TenantAttribution; Relay Access Denied\r\n")
                    );
                }
            }
        }
    }
}

#[test]
fn no_reply_to_a_stranger_says_who_the_tenants_are() {
    let full = directory(&[
        &by_certificate("one", "mail.one.example"),
        &by_address("two", "192.0.2.1"),
        &by_certificate("three", "*.three.example"),
    ]);
    let empty = Directory::empty();
    let peers = [
        plain("198.51.100.1"),
        tls("198.51.100.1"),
        chain("198.51.100.1", &["mail.one.example"], ChainReason::SelfSigned),
        chain("198.51.100.1", &["mail.three.example"], ChainReason::ChainIncomplete),
        chain("198.51.100.1", &["www.example.org"], ChainReason::Expired),
        certified("198.51.100.1", &["www.example.org"]),
    ];
    for peer in &peers {
        for sender in ["a@one.example", "a@two.example", "a@sub.three.example", "a@example.org", ""]
        {
            assert_eq!(
                wire(&full, peer, sender, "x@example.net"),
                wire(&empty, peer, sender, "x@example.net"),
                "{sender}"
            );
        }
    }
}

#[test]
fn no_reply_to_one_tenant_names_another() {
    let directory = directory(&[
        &by_certificate("one", "mail.one.example"),
        &by_certificate("two", "mail.two.example"),
        &by_address("three", "192.0.2.1"),
    ]);
    let one = certified("198.51.100.1", &["mail.one.example"]);
    assert_eq!(
        wire(&directory, &one, "a@two.example", "x@example.net"),
        wire(&Directory::empty(), &one, "a@two.example", "x@example.net"),
        "as if the certificate gave no right at all"
    );
    let three = plain("192.0.2.1");
    assert_eq!(
        wire(&directory, &three, "a@two.example", "x@example.net"),
        wire(&directory, &three, "a@example.org", "x@example.net"),
        "ATTR36, whether the domain is somebody's or not"
    );
}

#[test]
fn listing_the_server_of_another_tenant_shows_nothing_of_its_mail() {
    let directory = directory(&[
        &by_certificate("victim", "mail.victim.example"),
        &by_address("snoop", "192.0.2.1"),
    ]);
    let failing = chain("192.0.2.1", &["mail.victim.example"], ChainReason::ChainIncomplete);
    let refused = ask(&directory, &failing, "a@victim.example", "x@example.net");
    assert_eq!(
        answer(&directory, &failing, "a@victim.example", "x@example.net"),
        "550 5.7.64 chain-incomplete",
        "nor does it spoil the victim's diagnosis"
    );
    assert_eq!(refused.concerned_tenants, [TenantId(1)]);
    assert!(refused.considered.iter().all(|row| row.tenant == TenantId(1)));
    let spoofed = ask(&directory, &plain("198.51.100.1"), "a@snoop.example", "b@victim.example");
    assert_eq!(spoofed.concerned_tenants, [TenantId(1)], "the recipient's affair alone");
}

#[test]
fn the_story_is_told_to_the_peer_and_to_the_administrator() {
    let directory = directory(&[&by_certificate("contoso", "mail.contoso.example")]);
    let peer = chain("192.0.2.1", &["mail.contoso.example"], ChainReason::ChainIncomplete);
    assert_eq!(
        wire(&directory, &peer, "a@contoso.example", "x@example.net"),
        "550-5.7.64 TenantAttribution; Relay Access Denied\r\n\
         550 5.7.64 The issuer of your certificate was not sent.\r\n"
    );
    let refused = ask(&directory, &peer, "a@contoso.example", "x@example.net");
    let [row] = &refused.considered[..] else { panic!("{:?}", refused.considered) };
    assert_eq!((&*row.connector, row.matched), ("by certificate", false));
    assert_eq!(
        row.why,
        "the certificate presented holds mail.contoso.example, but its chain is not accepted: \
         chain-incomplete"
    );
}

#[test]
fn each_connector_says_why_it_did_not_match() {
    let file = by_certificate("t", "mail.t.example")
        + "[[inbound_connector]]\nname = \"off\"\nenabled = false\nconnector_type = \"on-premises\"\n\
           sender_ip_addresses = [\"192.0.2.1\"]\n\
           [[inbound_connector]]\nname = \"both\"\nconnector_type = \"on-premises\"\n\
           tls_sender_certificate_name = \"gw.t.example\"\nsender_ip_addresses = [\"192.0.2.1\"]\n\
           [[inbound_connector]]\nname = \"limited\"\nconnector_type = \"on-premises\"\n\
           sender_ip_addresses = [\"198.51.100.1\"]\nassociated_accepted_domains = [\"other.example\"]\n";
    let directory = directory(&[&file]);
    let peer = certified("198.51.100.1", &["www.t.example"]);
    let refused = ask(&directory, &peer, "a@t.example", "x@example.net");
    let told: Vec<String> =
        refused.considered.iter().map(|row| format!("{}: {}", row.connector, row.why)).collect();
    assert_eq!(
        told,
        [
            "both: wants a certificate that holds gw.t.example; the one presented holds www.t.example; \
         sender_ip_addresses does not hold 198.51.100.1",
            "by certificate: wants a certificate that holds mail.t.example; the one presented holds \
         www.t.example",
            "limited: sender_ip_addresses holds 198.51.100.1, but MAIL FROM <a@t.example> is not in \
         associated_accepted_domains",
            "off: it is not enabled",
        ]
    );
}

#[test]
fn a_hostile_name_cannot_break_a_reply_or_a_line() {
    let peer = certified("192.0.2.1", &["a\r\n250 ok", "\u{202e}moc"]);
    let directory = directory(&[&by_certificate("t", "mail.t.example")]);
    let reply = wire(&directory, &peer, "a@t.example", "x@example.net");
    assert!(reply.is_ascii());
    assert!(
        reply.split("\r\n").filter(|line| !line.is_empty()).all(|line| line.starts_with("550"))
    );
    let refused = ask(&directory, &peer, "a@t.example", "x@example.net");
    let told = format!("{:?}", refused.considered.iter().map(|row| &row.why).collect::<Vec<_>>());
    assert!(!told.contains("\\r\\n") && !told.contains('\u{202e}'));
    assert!(!refused.outcome.unwrap_err().operator_text.contains(['\r', '\n', '\u{202e}']));
}
