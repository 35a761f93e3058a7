//! Recipients' own safe and blocked senders: one message, two recipients, two fates.

use serde_json::Value;

use crate::common::{Answer, Authority, Dialogue, NextHop, Node, Settings, tenant};

/// The test string that makes a message spam for every filter.
fn gtube() -> String {
    ["XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-", "ANTI-UBE-TEST-EMAIL*C.34X"].concat()
}

/// A stranger's message to Ann and Bob.
fn write(node: &Node, text: &str) -> Answer {
    let mut session = Dialogue::connect(node.smtp());
    session.expect(250, "EHLO mail.news.example");
    session.expect(250, "MAIL FROM:<bounce@mailer.example>");
    session.expect(250, "RCPT TO:<ann@contoso.example>");
    session.expect(250, "RCPT TO:<bob@contoso.example>");
    session.expect(354, "DATA");
    let content = format!(
        "From: Eve <Eve@news.example>\r\nTo: undisclosed-recipients:;\r\nSubject: News\r\n\
         Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@news.example>\r\n\r\n{text}\r\n"
    );
    session.send(content.as_bytes());
    session.say("\r\n.")
}

/// What came for a recipient, unfolded.
fn copy_of(home: &NextHop, recipient: &str) -> String {
    let delivered = home.wait_for(2);
    let mut to =
        delivered.iter().filter(|one| one.recipients.iter().any(|it| it.contains(recipient)));
    let found = to.next().unwrap_or_else(|| panic!("nothing for {recipient}"));
    assert_eq!(found.recipients.len(), 1, "the message forks");
    found.text().replace("\r\n ", "")
}

fn stage(home: &NextHop, lists: &str) -> Node {
    let node = Node::start(&Authority::new("Example"), &Settings::default());
    let file = tenant("contoso", "contoso.example", &home.smart_host());
    let both = format!(
        "[[recipient]]\naddress = \"bob@contoso.example\"\n{lists}\n\
         [[recipient]]\naddress = \"ann@contoso.example\"\n"
    );
    node.apply(&file.replace("[[recipient]]\naddress = \"ann@contoso.example\"\n", &both));
    node
}

#[test]
fn one_recipients_safe_sender_is_anothers_blocked_one_and_the_message_forks() {
    let home = NextHop::start();
    let node = stage(&home, "blocked_senders = [\"news.example\"]");
    node.ask(&["recipient", "safe", "contoso", "ann@contoso.example", "EVE@news.example"]);
    let answer = write(&node, "What is new this week.");
    assert_eq!(answer.code, 250, "{answer}");
    let ann = copy_of(&home, "ann@contoso.example");
    assert!(ann.contains("SFV:SFE;"), "{ann}");
    assert!(ann.contains("X-MS-Exchange-Organization-SCL: -1\r\n"), "{ann}");
    let bob = copy_of(&home, "bob@contoso.example");
    assert!(bob.contains("SFV:BLK;"), "{bob}");
    assert!(bob.contains("X-MS-Exchange-Organization-SCL: 6\r\n"), "{bob}");
}

#[test]
fn a_safe_sender_lets_spam_through_for_its_recipient_alone() {
    let home = NextHop::start();
    let node = stage(&home, "");
    node.ask(&["recipient", "safe", "contoso", "ann@contoso.example", "news.example"]);
    let answer = write(&node, &gtube());
    assert_eq!(answer.code, 250, "{answer}");
    assert!(copy_of(&home, "ann@contoso.example").contains("SFV:SFE;"));
    let bob = copy_of(&home, "bob@contoso.example");
    assert!(bob.contains("X-MS-Exchange-Organization-SCL: 9\r\n"), "{bob}");
}

#[test]
fn lists_are_changed_shown_exported_and_refused_from_the_command_line() {
    let home = NextHop::start();
    let node = stage(&home, "");
    let bob = ["contoso", "bob@contoso.example"];
    let recipient = |verb: &str, senders: &[&str]| {
        node.cli(&[&["recipient", verb], bob.as_slice(), senders].concat())
    };
    assert!(recipient("block", &["eve@news.example", "@shop.example"]).status.success());
    assert!(recipient("safe", &["eve@news.example"]).status.success());
    let listed = node.json(&[&["recipient", "senders"], bob.as_slice()].concat());
    let shown = |row: &Value| format!("{} {}", row["sender"], row["list"]).replace('"', "");
    let shown: Vec<_> = listed.iter().map(shown).collect();
    assert_eq!(shown, ["eve@news.example safe", "shop.example blocked"]);
    let exported = node.ask(&["export", "contoso"]);
    assert!(exported.contains("safe_senders = [\"eve@news.example\"]"), "{exported}");

    let refused = recipient("safe", &["contoso.example"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("organisation itself"), "{said}");
    assert!(recipient("unlist", &["eve@news.example", "shop.example"]).status.success());
    assert!(node.json(&[&["recipient", "senders"], bob.as_slice()].concat()).is_empty());
}
