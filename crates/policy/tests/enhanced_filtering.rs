//! Which connectors know a peer as another gateway, and for whom its word on the sender counts.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod support;

use posthouse_policy::{Direction, Directory, enhanced_filtering, from_behind};
use posthouse_types::Peer;
use support::{address, ask, certified, directory, plain};

const HEAD: &str = r#"
[tenant]
name = "t"
[[accepted_domain]]
name = "t.example"
verified = true
[[recipient]]
address = "a@t.example"
[[recipient]]
address = "b@t.example"
[[outbound_connector]]
name = "home"
connector_type = "on-premises"
recipient_domains = ["*"]
smart_hosts = ["mail.t.example"]
"#;

fn with(connector: &str) -> Directory {
    directory(&[&format!("{HEAD}[[inbound_connector]]\nname = \"in\"\n{connector}")])
}

/// The connector that knows this peer as a gateway, for a stranger's mail to this recipient.
fn gateway(directory: &Directory, peer: &Peer, recipient: &str) -> Option<String> {
    let accepted = ask(directory, peer, "eve@stranger.example", recipient).outcome.unwrap();
    accepted.gateway.map(String::from)
}

#[test]
fn a_partners_server_is_believed_only_where_its_address_or_certificate_is_named() {
    let by_address = with(
        "connector_type = \"partner\"\nrequire_tls = false\n\
         sender_ip_addresses = [\"192.0.2.1\"]\nef_skip_last_ip = true\n",
    );
    let is_gateway = |directory: &Directory, peer: &Peer| {
        gateway(directory, peer, "a@t.example").as_deref() == Some("in")
    };
    assert!(is_gateway(&by_address, &plain("192.0.2.1")));
    assert!(!is_gateway(&by_address, &plain("192.0.2.2")));

    let by_certificate = with(
        "connector_type = \"partner\"\n\
         tls_sender_certificate_name = \"mx.filter.example\"\nef_skip_last_ip = true\n",
    );
    assert!(is_gateway(&by_certificate, &certified("192.0.2.9", &["mx.filter.example"])));
    assert!(!is_gateway(&by_certificate, &certified("192.0.2.9", &["mx.other.example"])));

    let listed = with(
        "connector_type = \"partner\"\nrequire_tls = false\n\
         ef_skip_ips = [\"192.0.2.1-192.0.2.3\"]\n",
    );
    assert!(is_gateway(&listed, &plain("192.0.2.3")));
    assert!(!is_gateway(&listed, &plain("192.0.2.4")));
}

#[test]
fn an_own_server_is_a_gateway_for_its_own_recipients_only() {
    let directory = with(
        "connector_type = \"on-premises\"\n\
         tls_sender_certificate_name = \"mail.t.example\"\nef_skip_last_ip = true\n",
    );
    let peer = certified("192.0.2.1", &["mail.t.example"]);
    assert_eq!(gateway(&directory, &peer, "a@t.example").as_deref(), Some("in"));
    assert_eq!(gateway(&directory, &peer, "c@elsewhere.example"), None);

    let sent = ask(&directory, &peer, "eve@stranger.example", "a@t.example").outcome.unwrap();
    assert!(matches!(sent.direction, Direction::Originating { .. }));
    let Direction::Incoming { partner } = from_behind(sent).direction else { panic!() };
    assert_eq!(partner.as_deref(), Some("in"));
}

#[test]
fn it_is_for_its_users_only_where_every_recipient_is_one() {
    let directory = with(
        "connector_type = \"partner\"\nrequire_tls = false\n\
         ef_skip_ips = [\"192.0.2.1\"]\nef_users = [\"A@t.example\"]\n",
    );
    let peer = plain("192.0.2.1");
    let accepted = ask(&directory, &peer, "eve@stranger.example", "a@t.example").outcome.unwrap();
    let settings = enhanced_filtering(&accepted, &directory).unwrap();
    let (a, b) = (address("a@t.example"), address("b@t.example"));
    assert!(settings.is_for([&a].into_iter()));
    assert!(!settings.is_for([&a, &b].into_iter()));
    assert!(settings.lists("192.0.2.1".parse().unwrap()));
}
