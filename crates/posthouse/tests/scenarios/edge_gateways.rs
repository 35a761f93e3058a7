//! What an edge does with a gateway of another make that requires client certificates. The gateways
//! have files of their own; this is the story that each of them plays.

use crate::common::{Authority, Dialogue, Identity, Node, Sent, wait_for};
use crate::edge::settings;

const BODY: &str = "From: ann@contoso.example\r\nSubject: Figures\r\n\r\nAttached.";

/// An edge that shows this, started without its preflight, which would keep it from the fault.
fn edge_that_shows(authority: &Authority, gateway: &str, identity: &Identity, sent: Sent) -> Node {
    let mut file = settings(gateway, "", "");
    if sent != Sent::Nothing {
        file += "certificate = \"relay.pem\"\nkey = \"relay.key\"\n";
    }
    let mut edge = Node::prepare_edge(authority, &file, &["edge", "--skip-preflight"]);
    identity.write(edge.folder(), "relay", sent);
    edge.run();
    edge
}

fn hand_in(edge: &Node) {
    let mut application = Dialogue::connect(edge.smtp());
    application.expect(250, "EHLO app01");
    let taken = application.send_message("ann@contoso.example", "bob@elsewhere.example", BODY);
    assert_eq!(taken.code, 250, "{taken}");
}

/// No certificate, the leaf only, the whole chain: only the last is delivered, and of the others
/// nothing is lost. `count` says how many messages the gateway has delivered.
pub(crate) fn edge_story(authority: &Authority, gateway: &str, count: impl Fn() -> usize) {
    let identity = authority.issue(&["mail.contoso.example"]);
    for sent in [Sent::Nothing, Sent::LeafOnly] {
        let edge = edge_that_shows(authority, gateway, &identity, sent);
        hand_in(&edge);
        wait_for("the queue says why it waits", || {
            let waiting = edge.json(&["queue"]);
            let entry = waiting.first()?;
            (entry["attempts"].as_u64()? >= 1 && !entry["detail"].as_str()?.is_empty())
                .then_some(())
        });
        assert_eq!(count(), 0, "{sent:?}");
        assert_eq!(edge.queue_length(), 1, "{sent:?}: nothing is lost");
        if sent == Sent::LeafOnly {
            // The chain is mended under the running edge, and what waited goes out by itself.
            identity.write(edge.folder(), "relay", Sent::FullChain);
            wait_for("the gateway takes the mended chain", || (count() == 1).then_some(()));
            edge.wait_for_empty_queue();
        }
    }
    let edge = edge_that_shows(authority, gateway, &identity, Sent::FullChain);
    hand_in(&edge);
    wait_for("the gateway delivers", || (count() == 2).then_some(()));
    edge.wait_for_empty_queue();
}
