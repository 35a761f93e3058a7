//! The directory: who owns which name, what a change changes, and that size does not matter.

mod support;

use std::sync::Arc;

use posthouse_policy::{Directory, DirectoryError, Grants, Tenant};
use posthouse_types::TenantId;
use support::{answer, certified, domain, plain, tenant};

fn with(directory: &Directory, id: u64, file: &str) -> Result<Directory, DirectoryError> {
    directory.with_tenant(TenantId(id), Arc::new(tenant(file)), Grants::default())
}

/// A tenant of this name with one verified domain.
fn file(name: &str, domain: &str) -> String {
    format!(
        "[tenant]\nname = \"{name}\"\n[[accepted_domain]]\nname = \"{domain}\"\nverified = true\n"
    )
}

fn owner(directory: &Directory, name: &str) -> Option<u64> {
    directory.owner_of(&domain(name)).map(|(id, _)| id.0)
}

#[test]
fn the_longest_match_owns_a_name() {
    let directory = with(&Directory::empty(), 1, &file("a", "contoso.com")).unwrap();
    let directory = with(&directory, 2, &file("b", "eu.contoso.com")).unwrap();
    assert_eq!(owner(&directory, "contoso.com"), Some(1));
    assert_eq!(owner(&directory, "us.contoso.com"), Some(1));
    assert_eq!(owner(&directory, "eu.contoso.com"), Some(2));
    assert_eq!(owner(&directory, "mail.eu.contoso.com"), Some(2));
    assert_eq!(owner(&directory, "xcontoso.com"), None);
    assert_eq!(owner(&directory, "com"), None);
}

#[test]
fn a_more_specific_domain_of_another_tenant_takes_its_certificate_names() {
    let upper = file("a", "contoso.com")
        + "[[inbound_connector]]\nname = \"in\"\nconnector_type = \"on-premises\"\n\
           tls_sender_certificate_name = \"mail.eu.contoso.com\"\n";
    let peer = certified("192.0.2.1", &["mail.eu.contoso.com"]);
    let before = with(&Directory::empty(), 1, &upper).unwrap();
    assert!(answer(&before, &peer, "", "x@example.net").starts_with("a originating"));
    let after = with(&before, 2, &file("b", "eu.contoso.com")).unwrap();
    assert_eq!(answer(&after, &peer, "", "x@example.net"), "550 5.7.64 no-connector");
    assert!(
        answer(&after.without_tenant(TenantId(2)), &peer, "", "x@example.net").starts_with("a ")
    );
}

#[test]
fn a_domain_has_one_owner_and_the_error_does_not_say_whom() {
    let directory = with(&Directory::empty(), 1, &file("a", "contoso.com")).unwrap();
    let error = with(&directory, 2, &file("b", "contoso.com")).unwrap_err();
    assert_eq!(error, DirectoryError::DomainTaken(domain("contoso.com")));
    assert_eq!(error.to_string(), "the domain contoso.com is not available");
    assert_eq!(
        with(&directory, 2, &file("A", "b.example")).unwrap_err(),
        DirectoryError::NameTaken("A".into())
    );
    assert!(with(&directory, 1, &file("a", "contoso.com")).is_ok(), "its own again");
}

#[test]
fn public_suffixes_and_single_labels_have_no_owner() {
    for name in ["com", "co.uk", "localhost", "github.io"] {
        assert_eq!(
            with(&Directory::empty(), 1, &file("a", name)).unwrap_err(),
            DirectoryError::PublicSuffix(domain(name))
        );
    }
    for name in ["contoso.co.uk", "contoso.example", "corp.internal"] {
        assert!(with(&Directory::empty(), 1, &file("a", name)).is_ok(), "{name}");
    }
}

#[test]
fn an_unverified_domain_belongs_to_nobody_and_bars_nobody() {
    let claim = file("a", "contoso.com").replace("verified = true", "verified = false");
    let directory = with(&Directory::empty(), 1, &claim).unwrap();
    assert_eq!(owner(&directory, "contoso.com"), None);
    let directory = with(&directory, 2, &file("b", "contoso.com")).unwrap();
    assert_eq!(owner(&directory, "contoso.com"), Some(2));
}

#[test]
fn a_change_replaces_all_that_was_known_of_a_tenant() {
    let before = file("a", "old.example")
        + "[[inbound_connector]]\nname = \"in\"\nconnector_type = \"on-premises\"\n\
           sender_ip_addresses = [\"192.0.2.0/24\"]\ntls_sender_certificate_name = \"mx.old.example\"\n";
    let old = with(&Directory::empty(), 1, &before).unwrap();
    let new = with(&old, 1, &file("renamed", "new.example")).unwrap();
    assert_eq!((owner(&new, "old.example"), owner(&new, "new.example")), (None, Some(1)));
    assert!(new.tenant_by_name("a").is_none() && new.tenant_by_name("RENAMED").is_some());
    for peer in [plain("192.0.2.1"), certified("192.0.2.1", &["mx.old.example"])] {
        assert_eq!(
            answer(&new, &peer, "a@new.example", "x@example.net"),
            "550 5.7.64 no-connector"
        );
    }
    assert_eq!(new.len(), 1);
    assert_eq!(owner(&old, "old.example"), Some(1), "whoever holds the old version sees it whole");
    let gone = new.without_tenant(TenantId(1));
    assert!(gone.is_empty() && gone.tenant(TenantId(1)).is_none());
    assert_eq!(owner(&gone, "new.example"), None);
}

#[test]
fn a_refused_change_changes_nothing() {
    let directory = with(&Directory::empty(), 1, &file("a", "a.example")).unwrap();
    let directory = with(&directory, 2, &file("b", "b.example")).unwrap();
    let both =
        file("b", "c.example") + "[[accepted_domain]]\nname = \"a.example\"\nverified = true\n";
    assert!(with(&directory, 2, &both).is_err());
    assert_eq!(owner(&directory, "b.example"), Some(2));
    assert_eq!(owner(&directory, "c.example"), None);
}

#[test]
fn one_bad_tenant_does_not_keep_the_others_out() {
    let tenants = [("a", "a.example"), ("b", "a.example"), ("c", "c.example")];
    let rows = tenants.iter().zip(1..).map(|((name, domain), id)| {
        (TenantId(id), Arc::new(tenant(&file(name, domain))), Grants::default())
    });
    let (directory, refused) = Directory::build(rows);
    assert_eq!(refused, [(TenantId(2), DirectoryError::DomainTaken(domain("a.example")))]);
    assert_eq!(directory.len(), 2);
}

fn numbered(number: u64) -> Tenant {
    let [_, _, _, _, _, a, b, c] = number.to_be_bytes();
    tenant(
        &(file(&format!("tenant {number}"), &format!("t{number}.example"))
            + &format!(
                "[[recipient]]\naddress = \"u@t{number}.example\"\n\
                 [[inbound_connector]]\nname = \"certificate\"\nconnector_type = \"on-premises\"\n\
                 tls_sender_certificate_name = \"mail.t{number}.example\"\n\
                 [[inbound_connector]]\nname = \"address\"\nconnector_type = \"on-premises\"\n\
                 sender_ip_addresses = [\"11.{a}.{b}.{c}\", \"192.0.2.0/24\"]\n\
                 [[outbound_connector]]\nname = \"home\"\nconnector_type = \"on-premises\"\n\
                 all_accepted_domains = true\nsmart_hosts = [\"mail.t{number}.example\"]\n"
            )),
    )
}

#[test]
fn each_of_ten_thousand_tenants_gets_its_own_mail() {
    const TENANTS: u64 = 10_000;
    let rows = (0..TENANTS).map(|n| (TenantId(n), Arc::new(numbered(n)), Grants::default()));
    let (directory, refused) = Directory::build(rows);
    assert!(refused.is_empty());
    assert_eq!(directory.len(), TENANTS as usize);
    for n in (0..TENANTS).step_by(97) {
        let sender = format!("u@t{n}.example");
        let who = format!("tenant {n} ");
        let held = format!("mail.t{n}.example");
        let [_, _, _, _, _, a, b, c] = n.to_be_bytes();
        for peer in [
            certified("198.51.100.1", &[&held]),
            plain(&format!("11.{a}.{b}.{c}")),
            // An address that all of them list: MAIL FROM decides, however many they are.
            plain("192.0.2.77"),
        ] {
            let answer = answer(&directory, &peer, &sender, "x@example.net");
            assert!(answer.starts_with(&(who.clone() + "originating")), "{answer}");
        }
        let stranger = plain("198.51.100.1");
        assert!(answer(&directory, &stranger, "", &sender).starts_with(&(who + "incoming")));
        assert_eq!(
            answer(&directory, &stranger, "", &format!("v@t{n}.example")),
            "550 5.4.1 recipient-unknown"
        );
    }
    assert_eq!(
        answer(&directory, &plain("192.0.2.77"), "a@example.org", "x@example.net"),
        "451 4.7.0 ambiguous-connector"
    );
}
