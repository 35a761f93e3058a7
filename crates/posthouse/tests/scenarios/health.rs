//! Health and metrics over HTTP, as a balancer and a Prometheus see them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use crate::common::{Authority, Dialogue, Node, Settings};

#[test]
fn a_node_says_that_it_is_ready_and_counts_refusals_by_reason() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let settings = Settings::default().with("metrics.listen", format!("\"{free}\""));
    let node = Node::start(&Authority::new("Example"), &settings);
    assert!(fetch(free, "/health/live").starts_with("HTTP/1.1 200"));
    assert!(fetch(free, "/health/ready").starts_with("HTTP/1.1 200"));

    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.example");
    session.expect(250, "MAIL FROM:<ann@contoso.example>");
    session.expect(550, "RCPT TO:<bob@elsewhere.example>");
    let metrics = fetch(free, "/metrics");
    let counted = metrics.lines().find(|line| line.contains("reason=\"no-connector\""));
    assert!(counted.is_some_and(|line| line.ends_with(" 1")), "{metrics}");
    assert!(!metrics.contains("contoso"), "names are no labels: {metrics}");
}

fn fetch(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
