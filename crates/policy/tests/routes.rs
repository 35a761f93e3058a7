//! Where mail goes: home, to another tenant, through a connector, or to MX.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod support;

use posthouse_policy::{Directory, NextHop, Route, TlsSettings, route};
use posthouse_types::TenantId;
use support::{address, directory};

const CONTOSO: &str = r#"
[tenant]
name = "contoso"
[[accepted_domain]]
name = "contoso.com"
verified = true
[[accepted_domain]]
name = "lost.example"
verified = true
[[accepted_domain]]
name = "all.contoso.org"
verified = true
match_sub_domains = true
type = "internal-relay"
[[outbound_connector]]
name = "home"
connector_type = "on-premises"
recipient_domains = ["contoso.com", "*.all.contoso.org"]
smart_hosts = ["exchange.contoso.com:25", "192.0.2.1"]
tls_settings = "domain-validation"
tls_domain = "*.contoso.com"
[[outbound_connector]]
name = "by MX is not home"
connector_type = "on-premises"
recipient_domains = ["lost.example"]
[[outbound_connector]]
name = "a partner is not home"
connector_type = "partner"
recipient_domains = ["lost.example"]
smart_hosts = ["partner.example"]
[[outbound_connector]]
name = "everything else"
connector_type = "partner"
recipient_domains = ["*"]
smart_hosts = ["smart.example:587"]
tls_certificate = "/c.pem"
tls_key = "/k.pem"
tls_settings = "encryption-only"
[[outbound_connector]]
name = "bank"
connector_type = "partner"
recipient_domains = ["*.bank.example"]
tls_settings = "certificate-validation"
[[outbound_connector]]
name = "trial"
connector_type = "partner"
recipient_domains = ["www.bank.example"]
test_mode = true
[[outbound_connector]]
name = "off"
enabled = false
connector_type = "partner"
recipient_domains = ["www.bank.example"]
"#;

const FABRIKAM: &str = r#"
[tenant]
name = "fabrikam"
[[accepted_domain]]
name = "fabrikam.com"
verified = true
[[accepted_domain]]
name = "named.fabrikam.org"
verified = true
[[outbound_connector]]
name = "1 all"
connector_type = "on-premises"
all_accepted_domains = true
smart_hosts = ["all.fabrikam.com"]
[[outbound_connector]]
name = "2 named"
connector_type = "on-premises"
recipient_domains = ["*.fabrikam.org"]
smart_hosts = ["named.fabrikam.com"]
"#;

fn routed(id: u64, recipient: &str) -> Route {
    let directory = directory(&[CONTOSO, FABRIKAM]);
    let tenant = directory.tenant(TenantId(id)).unwrap();
    route(TenantId(id), tenant, &address(recipient), &directory)
}

fn connector(id: u64, recipient: &str) -> String {
    match routed(id, recipient) {
        Route::Connector(route) => route.name.to_string(),
        other => format!("{other:?}"),
    }
}

#[test]
fn mail_for_an_accepted_domain_goes_home_and_never_to_mx() {
    assert_eq!(connector(1, "a@contoso.com"), "home");
    assert_eq!(connector(1, "a@deep.all.contoso.org"), "home");
    assert_eq!(routed(1, "a@lost.example"), Route::NoRouteForAcceptedDomain);
    assert_eq!(connector(2, "a@fabrikam.com"), "1 all");
    assert_eq!(connector(2, "a@named.fabrikam.org"), "2 named", "named beats merely accepted");
}

#[test]
fn mail_for_another_tenant_stays_on_this_node() {
    assert_eq!(routed(1, "a@fabrikam.com"), Route::TenantOf(TenantId(2)));
    assert_eq!(routed(2, "a@lost.example"), Route::TenantOf(TenantId(1)));
}

#[test]
fn mail_that_leaves_takes_the_most_specific_connector_or_mx() {
    assert_eq!(connector(1, "a@example.net"), "everything else");
    assert_eq!(
        connector(1, "a@www.bank.example"),
        "bank",
        "neither the trial nor the one that is off"
    );
    assert_eq!(connector(1, "a@bank.example"), "bank");
    assert_eq!(routed(2, "a@example.net"), Route::Mx(support::domain("example.net")));
    assert_eq!(connector(1, "a@sub.contoso.com"), "everything else", "not a recipient domain");
}

#[test]
fn a_route_says_all_that_delivery_needs() {
    let Route::Connector(home) = routed(1, "a@contoso.com") else { panic!() };
    let NextHop::SmartHosts(hosts) = home.next_hop else { panic!() };
    let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
    assert_eq!(hosts, ["exchange.contoso.com:25", "192.0.2.1:25"], "in the file's order");
    assert_eq!(home.tls.settings, Some(TlsSettings::DomainValidation));
    assert_eq!(home.tls.domain.unwrap().as_str(), "*.contoso.com");
    let Route::Connector(away) = routed(1, "a@example.net") else { panic!() };
    assert_eq!(away.tls.certificate_and_key, Some(("/c.pem".into(), "/k.pem".into())));
    let Route::Connector(bank) = routed(1, "a@www.bank.example") else { panic!() };
    assert_eq!(bank.next_hop, NextHop::Mx(support::domain("www.bank.example")));
}

#[test]
fn a_tenant_without_anything_delivers_by_mx() {
    let tenant = support::tenant("[tenant]\nname = \"t\"\n");
    assert_eq!(
        route(TenantId(9), &tenant, &address("a@example.net"), &Directory::empty()),
        Route::Mx(support::domain("example.net"))
    );
}
