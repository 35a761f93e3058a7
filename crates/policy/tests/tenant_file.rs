//! Tenants as files: what is read, what is written, and what is said about a wrong one.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod support;

use posthouse_policy::{
    AcceptedDomain, CertificateName, ConnectorSource, ConnectorType, DomainPattern, DomainType,
    EnhancedFiltering, FromText, InboundConnector, InboundExtras, OutboundConnector, SmartHost,
    Tenant, TlsSettings,
};
use posthouse_types::{ChainMode, Domain};
use proptest::prelude::*;
use support::{address, tenant};

const FULL: &str = r#"[tenant]
name = "contoso"
postmaster = "admin@contoso.com"

[[accepted_domain]]
name = "contoso.com"
type = "authoritative"
verified = true

[[accepted_domain]]
name = "xn--mller-kva.example"
type = "internal-relay"
match_sub_domains = true

[[recipient]]
address = "Anna@contoso.com"

[[recipient]]
address = "bert@contoso.com"

[[inbound_connector]]
name = "From on-premises"
connector_type = "on-premises"
connector_source = "hybrid-wizard"
comment = "the hub"
sender_domains = ["contoso.com", "*.fabrikam.com"]
associated_accepted_domains = ["contoso.com"]
sender_ip_addresses = ["192.0.2.0/24", "2001:db8::/64"]
require_tls = true
tls_sender_certificate_name = "*.contoso.com"
tls_sender_issuer = "CN=CA,O=Contoso"
cloud_services_mail_enabled = true
allow_forwarding = true
ef_skip_ips = ["192.0.2.1-192.0.2.9", "198.51.100.0/24"]
ef_users = ["anna@contoso.com"]

[[inbound_connector]]
name = "Partner"
enabled = false
connector_type = "partner"
sender_ip_addresses = ["192.0.2.1"]
restrict_domains_to_ip_addresses = true
restrict_domains_to_certificate = true
tls_sender_certificate_name = "mx.partner.example"
ef_skip_last_ip = true

[[outbound_connector]]
name = "Home"
connector_type = "on-premises"
recipient_domains = ["*"]
use_mx_record = false
smart_hosts = ["mail.contoso.com:25", "[2001:db8::1]:2525"]
tls_settings = "domain-validation"
tls_domain = "*.contoso.com"
tls_certificate = "/etc/posthouse/contoso.pem"
tls_key = "/etc/posthouse/contoso.key"
all_accepted_domains = true
cloud_services_mail_enabled = true
is_transport_rule_scoped = true
sender_rewriting_enabled = true
test_mode = true
"#;

#[test]
fn what_is_written_is_what_was_read() {
    let read = tenant(FULL);
    assert_eq!(read.to_toml(), FULL);
    assert_eq!(Tenant::from_json(&read.to_json()).unwrap(), read);
    assert!(!read.to_json().contains('\n'));
}

#[test]
fn what_is_left_out_has_exchange_onlines_default() {
    let tenant = tenant(
        "[tenant]\nname = \"t\"\n[[accepted_domain]]\nname = \"t.example\"\n\
         [[inbound_connector]]\nname = \"in\"\nconnector_type = \"on-premises\"\n\
         tls_sender_certificate_name = \"mail.t.example\"\n\
         [[outbound_connector]]\nname = \"out\"\nconnector_type = \"partner\"\n\
         recipient_domains = [\"*\"]\nsmart_hosts = [\"mail.t.example\"]\n",
    );
    let domain = &tenant.accepted_domains[0];
    assert_eq!((domain.domain_type, domain.verified), (DomainType::Authoritative, false));
    let inbound = &tenant.inbound_connectors[0];
    assert!(inbound.enabled && !inbound.allow_forwarding && !inbound.cloud_services_mail_enabled);
    assert!(inbound.covers_sender(Some(&address("a@anything.example"))).is_some());
    let outbound = &tenant.outbound_connectors[0];
    assert!(outbound.enabled && !outbound.uses_mx() && outbound.tls_settings.is_none());
}

#[test]
fn microsofts_own_spelling_of_values_is_read() {
    let tenant = tenant(
        "[tenant]\nname = \"t\"\n[[accepted_domain]]\nname = \"T.Example\"\ntype = \"InternalRelay\"\n\
         [[inbound_connector]]\nname = \"in\"\nconnector_type = \"OnPremises\"\n\
         connector_source = \"HybridWizard\"\nsender_domains = [\"smtp:*;1\"]\n\
         tls_sender_certificate_name = \"mail.t.example\"\n\
         [[outbound_connector]]\nname = \"out\"\nconnector_type = \"OnPremises\"\n\
         recipient_domains = [\"*\"]\nsmart_hosts = [\"mail.t.example\"]\n\
         tls_settings = \"EncryptionOnly\"\nsender_rewriting_enabled = false\n",
    );
    assert_eq!(tenant.accepted_domains[0].domain_type, DomainType::InternalRelay);
    assert_eq!(tenant.inbound_connectors[0].connector_source, ConnectorSource::HybridWizard);
    assert_eq!(tenant.outbound_connectors[0].tls_settings, Some(TlsSettings::EncryptionOnly));
}

/// A file that is right but for these lines after `[tenant]`, from line 3 on.
fn error(rest: &str) -> String {
    Tenant::from_toml(&format!("[tenant]\nname = \"t\"\n{rest}")).unwrap_err().to_string()
}

#[test]
fn a_wrong_file_is_told_where_and_what_to_do() {
    let inbound = "[[inbound_connector]]\nname = \"in\"\nconnector_type = \"on-premises\"\n\
                   tls_sender_certificate_name = \"mail.t.example\"\n";
    let outbound = "[[outbound_connector]]\nname = \"out\"\nconnector_type = \"on-premises\"\n";
    let told = [
        error("nickname = \"x\"\n"),
        error("[[accepted_domains]]\nname = \"t.example\"\n"),
        error("[accepted_domain]\nname = \"t.example\"\n"),
        error("[[sharing_policy]]\nname = \"x\"\n"),
        error("[[accepted_domain]]\nname = \"t.example\"\nDomainType = \"Authoritative\"\n"),
        error("[[accepted_domain]]\nname = \"t.example\"\ntype = \"external-relay\"\n"),
        error("[[accepted_domain]]\nname = \"not a name\"\n"),
        error(
            "[[accepted_domain]]\nname = \"t.example\"\n[[accepted_domain]]\nname = \"T.example\"\n",
        ),
        error("[[recipient]]\naddress = \"nobody\"\n"),
        error(&format!("{inbound}treat_messages_as_internal = false\n")),
        error(&format!("{inbound}EFSkipLastIP = true\n")),
        error(&format!("{inbound}ef_test_mode = true\n")),
        error(&format!("{inbound}ef_users = [\"a@a.example\"]\n")),
        error(&format!("{inbound}ef_skip_last_ip = true\nef_skip_ips = [\"192.0.2.1\"]\n")),
        error(
            "[[inbound_connector]]\nname = \"in\"\nconnector_type = \"partner\"\nef_skip_last_ip = true\n",
        ),
        error(&format!("{inbound}TlsSenderCertificateName = \"x\"\n")),
        error(&format!("{inbound}sender_ip_address = [\"192.0.2.1\"]\n")),
        error(&format!("{inbound}sender_ip_addresses = [\"192.0.2.1\", \"10.0.0.0/8\"]\n")),
        error(&format!("{inbound}sender_domains = [\"a.*.b\"]\n")),
        error(&format!("{inbound}restrict_domains_to_certificate = true\n")),
        error("[[inbound_connector]]\nname = \"in\"\nconnector_type = \"on-premises\"\n"),
        error("[[inbound_connector]]\nname = \"in\"\n"),
        error(&format!("{outbound}recipient_domains = [\"*\"]\nuse_mx_record = false\n")),
        error(&format!(
            "{outbound}recipient_domains = [\"*\"]\nsmart_hosts = [\"a\"]\nuse_mx_record = true\n"
        )),
        error(&format!("{outbound}recipient_domains = [\"*\"]\ntls_domain = \"t.example\"\n")),
        error(&format!("{outbound}recipient_domains = [\"*\"]\ntls_key = \"/k\"\n")),
        error(&format!(
            "{outbound}recipient_domains = [\"*\"]\ntls_certificate = \"personal:mail\"\n\
             tls_key = \"/k\"\n"
        )),
        error(&format!(
            "{outbound}recipient_domains = [\"*\"]\nlink_for_modified_connector = \"x\"\n"
        )),
        error(&format!("{outbound}recipient_domains = [\"*\"]\nmta_sts_mode = \"None\"\n")),
        error(outbound),
        error("[[recipient]]\naddress = 5\n"),
        error("[[recipient]\n"),
    ];
    assert_eq!(told.join("\n") + "\n", include_str!("tenant_file_errors.txt"));
}

#[test]
fn a_file_without_a_tenant_is_refused() {
    assert!(Tenant::from_toml("").unwrap_err().message.contains("tenant"));
    assert!(Tenant::from_toml("[tenant]\n").unwrap_err().message.contains("name"));
    assert!(Tenant::from_toml("[tenant]\nname = \" \"\n").is_err());
    assert!(Tenant::from_toml("[tenant]\nname = \"a\\nb\"\n").is_err());
    assert!(Tenant::from_json("{}").is_err());
}

fn name() -> impl Strategy<Value = Domain> {
    "[a-z]{1,8}\\.[a-z]{1,8}\\.example".prop_map(Domain::from_normalized)
}

fn pattern() -> impl Strategy<Value = DomainPattern> {
    prop_oneof![
        Just(DomainPattern::Every),
        name().prop_map(DomainPattern::Exactly),
        name().prop_map(DomainPattern::WithSubdomains),
    ]
}

prop_compose! {
    fn inbound()(
        name in "[A-Za-z \"\\\\'#=é]{0,20}x",
        certificate in name(),
        patterns in prop::collection::vec(pattern(), 0..3),
        comment in prop::option::of(".{0,20}"),
        flags in any::<[bool; 4]>(),
        require_tls in any::<Option<bool>>(),
    ) -> InboundConnector {
        InboundConnector {
            name: format!("x{name}").into(),
            enabled: flags[0],
            connector_type: ConnectorType::OnPremises,
            connector_source: if flags[1] { ConnectorSource::Migrated } else { ConnectorSource::Default },
            sender_domains: patterns.into(),
            associated_accepted_domains: Box::default(),
            sender_ip_addresses: Box::default(),
            restrict_domains_to_ip_addresses: false,
            restrict_domains_to_certificate: false,
            require_tls,
            tls_sender_certificate_name: Some(CertificateName::from_text(certificate.as_str()).unwrap()),
            tls_sender_issuer: None,
            chain: if flags[2] { ChainMode::Repair } else { ChainMode::AsSent },
            check_revocation: flags[3],
            cloud_services_mail_enabled: flags[2],
            allow_forwarding: flags[3],
            extras: comment.map(|comment| {
                let enhanced_filtering =
                    EnhancedFiltering { skip_last_ip: flags[0], ..EnhancedFiltering::default() };
                Box::new(InboundExtras { comment: Some(comment.into()), enhanced_filtering })
            }),
        }
    }
}

prop_compose! {
    fn outbound()(
        name in "[a-z]{1,9}",
        patterns in prop::collection::vec(pattern(), 1..3),
        hosts in prop::collection::vec((name(), 1u16..), 0..3),
        flags in any::<[bool; 3]>(),
    ) -> OutboundConnector {
        OutboundConnector {
            name: name.into(),
            enabled: flags[0],
            connector_type: ConnectorType::OnPremises,
            connector_source: ConnectorSource::Default,
            comment: None,
            recipient_domains: patterns.into(),
            use_mx_record: None,
            smart_hosts: hosts
                .into_iter()
                .map(|(host, port)| SmartHost::from_text(&format!("{host}:{port}")).unwrap())
                .collect(),
            tls_settings: Some(TlsSettings::CertificateValidation),
            tls_domain: None,
            tls_certificate: None,
            tls_key: None,
            all_accepted_domains: flags[1],
            cloud_services_mail_enabled: false,
            is_transport_rule_scoped: flags[2],
            sender_rewriting_enabled: flags[1],
            test_mode: flags[2],
        }
    }
}

proptest! {
    #[test]
    fn any_tenant_survives_both_formats(
        domains in prop::collection::btree_set(name(), 0..4),
        inbound in prop::option::of(inbound()),
        outbound in prop::option::of(outbound()),
    ) {
        let mut tenant = Tenant {
            name: "t".into(),
            recipients: domains.iter().map(|domain| address(&format!("A.b@{domain}"))).collect(),
            accepted_domains: domains
                .into_iter()
                .map(|name| AcceptedDomain {
                    name,
                    domain_type: DomainType::InternalRelay,
                    match_sub_domains: true,
                    verified: false,
                })
                .collect(),
            inbound_connectors: inbound.into_iter().collect(),
            outbound_connectors: outbound.into_iter().collect(),
            postmaster: None,
            ..Tenant::default()
        };
        tenant.normalize();
        prop_assert_eq!(Tenant::from_toml(&tenant.to_toml()).unwrap(), tenant.clone());
        prop_assert_eq!(Tenant::from_json(&tenant.to_json()).unwrap(), tenant);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "(\\[\\[?(tenant|recipient|accepted_domain)\\]\\]?|name|address|=|\"|\n|é| ){0,30}") {
        let _ = Tenant::from_toml(&text);
        let _ = Tenant::from_json(&text);
    }
}
