//! The harness: a node to start and kill, certificates, a next hop that obeys a script, a client
//! that says exactly what it is told, and foreign programs.

mod certificates;
mod dialogue;
mod dns;
mod foreign;
mod next_hop;
mod node;

pub(crate) use certificates::{Authority, Identity, Sent, ca_issuers};
pub(crate) use dialogue::{Answer, Dialogue, client_config};
pub(crate) use dns::{Dns, Record};
pub(crate) use foreign::{needs, needs_root, script};
pub(crate) use next_hop::NextHop;
pub(crate) use node::{Node, Settings};

use std::time::{Duration, Instant};

/// Longest wait for something that should happen at once; a loaded machine may need some.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// Looks again and again until there is something, or fails with `what`.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    wait_up_to(SOON, what, &mut look)
}

/// [`wait_for`] with another patience.
pub(crate) fn wait_up_to<T>(
    patience: Duration,
    what: &str,
    mut look: impl FnMut() -> Option<T>,
) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < patience, "waited {patience:?} in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A tenant's file: one accepted domain, one connector by certificate name, everything sent to
/// one smart host.
pub(crate) fn tenant(name: &str, domain: &str, next_hop: &str) -> String {
    format!(
        r#"
[tenant]
name = "{name}"

[[accepted_domain]]
name = "{domain}"
type = "authoritative"
verified = true

[[recipient]]
address = "ann@{domain}"

[[inbound_connector]]
name = "From {name}"
connector_type = "on-premises"
tls_sender_certificate_name = "mail.{domain}"

[[outbound_connector]]
name = "To the next hop"
connector_type = "on-premises"
recipient_domains = ["*"]
smart_hosts = ["{next_hop}"]
"#
    )
}

/// [`tenant`] that is recognised by loopback's address, for stories that are not about
/// certificates.
pub(crate) fn tenant_by_address(name: &str, domain: &str, next_hop: &str) -> String {
    tenant(name, domain, next_hop).replace(
        &format!("tls_sender_certificate_name = \"mail.{domain}\""),
        "sender_ip_addresses = [\"127.0.0.1\"]",
    )
}
