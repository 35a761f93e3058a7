//! The rows of attacks on who a message is from, against a name server on loopback.

use std::net::IpAddr;

use posthouse_lookup::{AuthenticationLimits, Authenticator, Submission};
use posthouse_types::AuthenticationFacts;

use crate::dns::Dns;

pub(crate) const CLIENT: &str = "192.0.2.1";

pub(crate) async fn facts(dns: &Dns, message: &str) -> AuthenticationFacts {
    sent(dns, "mail.sender.example", "", message).await
}

pub(crate) async fn sent(
    dns: &Dns,
    helo: &str,
    mail_from: &str,
    message: &str,
) -> AuthenticationFacts {
    let client: IpAddr = CLIENT.parse().unwrap();
    let authenticator = Authenticator::new(dns.resolver.clone(), AuthenticationLimits::default());
    let message = message.as_bytes();
    let node_name = "mx.gateway.example";
    authenticator.authenticate(&Submission { client, helo, mail_from, message, node_name }).await
}
