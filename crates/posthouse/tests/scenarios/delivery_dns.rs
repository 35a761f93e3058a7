//! The way out by DNS: MX records, their order, their absence, and what a failing server means.
//! MX names no ports, so the servers of these stories stand on port 25 of loopback addresses.

use std::net::Ipv4Addr;

use serde_json::Value;

use crate::common::{
    Authority, Dialogue, Dns, NextHop, Node, Record, Sent, Settings, needs_root, tenant_by_address,
    wait_for,
};
use crate::doctor::serve_policy_as;

/// A tenant whose own mail goes home, and all other mail by MX.
fn stage(dns: &Dns, home: &NextHop) -> Node {
    let settings = Settings::default().with("dns.servers", dns.setting());
    let node = Node::start(&Authority::new("Example"), &settings);
    let file = tenant_by_address("contoso", "contoso.example", &home.smart_host());
    node.apply(&file.replace("[\"*\"]", "[\"contoso.example\"]"));
    node
}

fn send(node: &Node, recipient: &str) {
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.example");
    let answer = session.send_message("ann@contoso.example", recipient, "Subject: x\r\n\r\nx");
    assert_eq!(answer.code, 250, "{answer}");
}

fn queued_for(node: &Node, reason: &str) -> Value {
    wait_for(&format!("the queue says {reason}"), || {
        let queue = node.json(&["queue"]);
        queue.into_iter().find(|entry| entry.to_string().contains(reason))
    })
}

/// The report that came home, unfolded.
fn report(home: &NextHop) -> String {
    let report = home.wait_for(1).remove(0);
    assert!(report.mail.starts_with("MAIL FROM:<>"), "{}", report.mail);
    report.text()
}

fn host(last: u8) -> Record {
    Record::A(Ipv4Addr::new(127, 25, 0, last))
}

#[test]
fn servers_are_tried_in_the_order_of_their_preference() {
    if !needs_root("delivery_dns::servers_are_tried_in_the_order_of_their_preference", &[]) {
        return;
    }
    // The best one is not there, the next refuses for now, the third takes it.
    let busy = NextHop::at("127.25.0.2:25");
    busy.obey(|said| (said == "CONNECT").then(|| "421 4.3.2 Busy".to_owned()));
    let third = NextHop::at("127.25.0.3:25");
    let last = NextHop::at("127.25.0.4:25");
    let dns = Dns::start(&[
        ("many.example", Record::Mx(40, "mx4.many.example")),
        ("many.example", Record::Mx(20, "mx2.many.example")),
        ("many.example", Record::Mx(10, "mx1.many.example")),
        ("many.example", Record::Mx(30, "mx3.many.example")),
        ("mx1.many.example", host(1)),
        ("mx2.many.example", host(2)),
        ("mx3.many.example", host(3)),
        ("mx4.many.example", host(4)),
    ]);
    let home = NextHop::start();
    let node = stage(&dns, &home);
    send(&node, "bob@many.example");
    third.wait_for(1);
    node.wait_for_empty_queue();
    assert_eq!((last.count(), home.count()), (0, 0));
}

#[test]
fn a_domain_without_mx_is_its_own_server_and_every_address_is_tried() {
    if !needs_root("delivery_dns::a_domain_without_mx_is_its_own_server", &[]) {
        return;
    }
    let server = NextHop::at("127.25.0.12:25");
    let dns = Dns::start(&[
        ("plain.example", host(11)),
        ("plain.example", host(12)),
        ("two.example", Record::Mx(10, "mx.two.example")),
        ("mx.two.example", host(11)),
        ("mx.two.example", host(12)),
    ]);
    let node = stage(&dns, &NextHop::start());
    send(&node, "bob@plain.example");
    send(&node, "bob@two.example");
    server.wait_for(2);
    node.wait_for_empty_queue();
}

#[test]
fn a_domain_that_takes_no_mail_or_does_not_exist_is_reported_at_once() {
    let dns = Dns::start(&[("never.example", Record::Mx(0, "."))]);
    for (recipient, status, reason) in [
        ("bob@never.example", "Status: 5.1.10", "null-mx"),
        ("bob@nowhere.example", "Status: 5.1.2", "no-such-domain"),
    ] {
        let home = NextHop::start();
        let node = stage(&dns, &home);
        send(&node, recipient);
        let text = report(&home);
        assert!(text.contains(status), "{text}");
        node.wait_for_empty_queue();
        let rows = node.json(&["trace", "--status", "Failed"]);
        assert!(rows.iter().any(|row| row.to_string().contains(reason)), "{rows:?}");
    }
}

#[test]
fn flt_14_a_dns_failure_never_returns_mail() {
    if !needs_root("delivery_dns::flt_14_a_dns_failure_never_returns_mail", &[]) {
        return;
    }
    let dns = Dns::start(&[
        ("broken.example", Record::ServerFails),
        ("half.example", Record::Mx(10, "gone.half.example")),
    ]);
    let server = NextHop::at("127.25.0.21:25");
    let home = NextHop::start();
    let node = stage(&dns, &home);
    send(&node, "bob@broken.example");
    queued_for(&node, "dns-failed");
    // An MX that names a server without an address may be repaired, too.
    send(&node, "bob@half.example");
    wait_for("both wait", || {
        let queue = node.json(&["queue"]);
        let failed = |entry: &&Value| entry.to_string().contains("dns-failed");
        (queue.iter().filter(failed).count() == 2).then_some(())
    });
    assert_eq!(home.count(), 0);

    dns.change(&[
        ("broken.example", Record::Mx(10, "mx.broken.example")),
        ("mx.broken.example", host(21)),
        ("half.example", Record::Mx(10, "gone.half.example")),
        ("gone.half.example", host(21)),
    ]);
    server.wait_for(2);
    node.wait_for_empty_queue();
}

#[test]
fn flt_15_an_mx_that_leads_to_this_very_node_is_a_loop() {
    if !needs_root("delivery_dns::flt_15_an_mx_that_leads_to_this_very_node_is_a_loop", &[]) {
        return;
    }
    let dns = Dns::start(&[
        ("self.example", Record::Mx(10, "gw.self.example")),
        ("gw.self.example", host(31)),
        // Here this node is the second choice: while the first is away, the mail waits.
        ("backup.example", Record::Mx(10, "mx.backup.example")),
        ("backup.example", Record::Mx(20, "gw.self.example")),
        ("mx.backup.example", host(32)),
    ]);
    let home = NextHop::start();
    let settings = Settings::default()
        .with("dns.servers", dns.setting())
        .with("smtp.listen", "[\"127.0.0.1:0\", \"127.25.0.31:25\"]");
    let node = Node::start(&Authority::new("Example"), &settings);
    let file = tenant_by_address("contoso", "contoso.example", &home.smart_host());
    node.apply(&file.replace("[\"*\"]", "[\"contoso.example\"]"));
    send(&node, "bob@self.example");
    assert!(report(&home).contains("Status: 5.4.6"));
    send(&node, "bob@backup.example");
    queued_for(&node, "connection-failed");
    assert_eq!(home.count(), 1);
    let first = NextHop::at("127.25.0.32:25");
    first.wait_for(1);
}

#[test]
fn a_node_without_dns_says_so_and_keeps_the_mail() {
    let home = NextHop::start();
    let node = Node::start(&Authority::new("Example"), &Settings::default());
    let file = tenant_by_address("contoso", "contoso.example", &home.smart_host());
    node.apply(&file.replace("[\"*\"]", "[\"contoso.example\"]"));
    send(&node, "bob@elsewhere.example");
    let entry = queued_for(&node, "dns-failed").to_string();
    assert!(entry.contains("[dns] servers"), "{entry}");
}

/// A next hop on port 25 of this address whose certificate is for this name.
fn server_at(authority: &Authority, last: u8, name: &str) -> NextHop {
    let identity = authority.issue(&[name]);
    NextHop::with_tls_at(&format!("127.25.0.{last}:25"), &identity, Sent::FullChain)
}

#[test]
fn tls_10_a_policy_is_kept_to_past_a_dns_outage_and_an_unnamed_server_gets_nothing() {
    if !needs_root("delivery_dns::tls_10_a_policy_is_kept_to", &[]) {
        return;
    }
    const POLICY: (&str, Record) = ("_mta-sts.safe.example", Record::Txt("v=STSv1; id=1;"));
    let authority = Authority::new("Example");
    let (named, stranger) = (
        server_at(&authority, 61, "mx.safe.example"),
        server_at(&authority, 62, "mx.stranger.example"),
    );
    let port = serve_policy_as(&authority, "mta-sts.safe.example", "mx.safe.example");
    let dns = Dns::start(&[
        ("safe.example", Record::Mx(10, "mx.safe.example")),
        ("mx.safe.example", host(61)),
        POLICY,
        ("mta-sts.safe.example", Record::A(Ipv4Addr::LOCALHOST)),
    ]);
    let settings = Settings::default()
        .with("dns.servers", dns.setting())
        .with("queue.mta_sts_from_loopback_port", port);
    let node = Node::start(&authority, &settings);
    let home = NextHop::start();
    let file = tenant_by_address("contoso", "contoso.example", &home.smart_host());
    node.apply(&file.replace("[\"*\"]", "[\"contoso.example\"]"));
    send(&node, "bob@safe.example");
    named.wait_for(1);
    node.wait_for_empty_queue();

    // The session that is kept for the next message ends with it.
    named.obey(|said| said.starts_with("MAIL").then(String::new));
    // Somebody lies about the mail exchanger, and has the policy's record fail: it counts still.
    dns.change(&[
        ("safe.example", Record::Mx(10, "mx.stranger.example")),
        ("mx.stranger.example", host(62)),
        ("_mta-sts.safe.example", Record::ServerFails),
    ]);
    send(&node, "carol@safe.example");
    let waiting = queued_for(&node, "mta-sts-not-met");
    assert!(waiting.to_string().contains("mx.stranger.example"), "{waiting}");
    assert_eq!(stranger.count(), 0);
    assert!(stranger.commands().is_empty(), "not even a greeting is answered");

    // The lie ends, and the mail goes out by itself.
    named.obey(|_| None);
    dns.change(&[
        ("safe.example", Record::Mx(10, "mx.safe.example")),
        ("mx.safe.example", host(61)),
    ]);
    named.wait_for(2);
    node.wait_for_empty_queue();
}

#[test]
fn tls_10_where_a_policy_demands_it_a_certificate_for_another_name_gets_nothing() {
    if !needs_root("delivery_dns::tls_10_where_a_policy_demands_it", &[]) {
        return;
    }
    let authority = Authority::new("Example");
    // By name it is the right one; what it shows is somebody else's.
    let server = server_at(&authority, 71, "mx.other.example");
    let port = serve_policy_as(&authority, "mta-sts.safe.example", "mx.safe.example");
    let dns = Dns::start(&[
        ("safe.example", Record::Mx(10, "mx.safe.example")),
        ("mx.safe.example", host(71)),
        ("_mta-sts.safe.example", Record::Txt("v=STSv1; id=1;")),
        ("mta-sts.safe.example", Record::A(Ipv4Addr::LOCALHOST)),
        ("plain.example", Record::Mx(10, "mx.safe.example")),
    ]);
    let settings = Settings::default()
        .with("dns.servers", dns.setting())
        .with("queue.mta_sts_from_loopback_port", port);
    let node = Node::start(&authority, &settings);
    let home = NextHop::start();
    let file = tenant_by_address("contoso", "contoso.example", &home.smart_host());
    node.apply(&file.replace("[\"*\"]", "[\"contoso.example\"]"));
    send(&node, "bob@safe.example");
    let waiting = queued_for(&node, "remote-certificate-refused");
    assert!(waiting.to_string().contains("MTA-STS policy of safe.example"), "{waiting}");
    // A domain without a policy takes any certificate, as ever.
    send(&node, "bob@plain.example");
    server.wait_for(1);
    assert!(server.delivered()[0].recipients[0].contains("plain.example"));
}
