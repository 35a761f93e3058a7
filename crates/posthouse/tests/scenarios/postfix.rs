//! With Debian's Postfix: in front as the on-premises sender, behind as the next hop, and as the
//! gateway of an edge that has to show a certificate. An
//! instance of its own, on high ports, in a folder of its own; needs root, as its master does.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::common::{
    Authority, Dialogue, NextHop, Node, Sent, Settings, needs_root, tenant, wait_for,
};
use crate::edge_gateways::edge_story;
use crate::foreign_clients::{Attempt, Word, play};

const PROGRAM: &str = "/usr/sbin/postfix";

/// Services without chroot, as everything lives in one folder.
const SERVICES: &str = "\
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
";

/// A Postfix. Dropped, it is stopped and gone.
pub(crate) struct Postfix {
    folder: TempDir,
    address: SocketAddr,
}

impl Postfix {
    /// Starts one with these lines at the end of its `main.cf`.
    fn start(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let postfix = Self { folder, address: ([127, 0, 0, 1], port).into() };
        let root = postfix.folder.path().display();
        for name in ["conf", "spool", "data", "mail"] {
            fs::create_dir(postfix.path(name)).unwrap();
        }
        let owner = id_of("postfix");
        chown(postfix.path("data"), Some(owner), None).unwrap();
        chown(postfix.path("mail"), Some(NOBODY), None).unwrap();
        let main = format!(
            "compatibility_level = 3.6\nqueue_directory = {root}/spool\n\
             data_directory = {root}/data\ncommand_directory = /usr/sbin\n\
             daemon_directory = /usr/lib/postfix/sbin\nmail_owner = postfix\n\
             setgid_group = postdrop\nmaillog_file = {root}/log\nmaillog_file_prefixes = {root}\n\
             virtual_mailbox_base = {root}/mail\ninet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nmynetworks = 127.0.0.0/8\n\
             mydestination =\nalias_maps =\nsmtp_dns_support_level = disabled\n\
             smtp_host_lookup = native\nminimal_backoff_time = 1s\nqueue_run_delay = 1s\n{settings}\n"
        );
        fs::write(postfix.path("conf/main.cf"), main).unwrap();
        let master = format!("127.0.0.1:{port} inet n - n - - smtpd\n{SERVICES}");
        fs::write(postfix.path("conf/master.cf"), master).unwrap();
        let output = postfix.control("start");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "postfix: {error}{}", postfix.log());
        wait_for("postfix listens", || std::net::TcpStream::connect(postfix.address).ok());
        postfix
    }

    fn control(&self, verb: &str) -> Output {
        let mut command = Command::new(PROGRAM);
        command.arg("-c").arg(self.path("conf")).arg(verb).output().unwrap()
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// The messages in its one mailbox.
    fn mailbox(&self) -> Vec<Vec<u8>> {
        let folder = self.path("mail/inbox/new");
        let files = fs::read_dir(folder).into_iter().flatten().flatten();
        files.map(|file| fs::read(file.path()).unwrap()).collect()
    }

    fn wait_for_mail(&self, count: usize) -> Vec<Vec<u8>> {
        wait_for(&format!("{count} messages in the mailbox"), || {
            let mail = self.mailbox();
            (mail.len() >= count).then_some(mail)
        })
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        self.control("abort");
        if std::thread::panicking() {
            eprintln!("postfix's log:\n{}", self.log());
        }
    }
}

/// The user that owns delivered mail.
const NOBODY: u32 = 65534;

fn id_of(user: &str) -> u32 {
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let line = users.lines().find(|line| line.starts_with(&format!("{user}:"))).unwrap();
    line.split(':').nth(2).unwrap().parse().unwrap()
}

/// Files that the user `postfix` may read.
fn open_to_all(folder: &Path) {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn postfix_in_front_is_told_which_certificate_it_did_not_send_and_relays_once_it_does() {
    if !needs_root("postfix::in_front", &[PROGRAM]) {
        return;
    }
    let authority = Authority::new("Example");
    let next_hop = NextHop::start();
    let node = Node::start(&authority, &Settings::default());
    node.apply(&tenant("contoso", "contoso.example", &next_hop.smart_host()));
    open_to_all(node.folder());
    let identity = authority.issue(&["mail.contoso.example"]);
    let (certificate, key) = identity.write(node.folder(), "sender", Sent::LeafOnly);
    let postfix = Postfix::start(&format!(
        "myhostname = mail.contoso.example\nrelayhost = [127.0.0.1]:{}\n\
         smtp_tls_security_level = encrypt\nsmtp_tls_loglevel = 1\n\
         smtp_tls_chain_files = {}, {}\n",
        node.smtp().port(),
        key.display(),
        certificate.display(),
    ));
    let mut application = Dialogue::connect(postfix.address);
    application.expect(250, "EHLO app.contoso.example");
    let body = "Subject: Invoice\r\n\r\nPay.";
    let answer = application.send_message("ann@contoso.example", "bob@elsewhere.example", body);
    assert_eq!(answer.code, 250, "{answer}");

    // Its bounce to the sender goes the same way, as mail for an accepted domain, and quotes us.
    let bounce = next_hop.wait_for(1).remove(0);
    assert!(bounce.mail.starts_with("MAIL FROM:<>"), "{}", bounce.mail);
    let said = bounce.text().replace("\r\n", " ").replace("    ", " ");
    for words in ["5.7.64", "Relay Access Denied", "Example Issuing CA 1"] {
        assert!(said.contains(words), "no {words} in {said}");
        assert!(postfix.log().contains(words), "no {words} in {}", postfix.log());
    }

    fs::write(&certificate, &identity.chain_pem).unwrap();
    assert!(postfix.control("reload").status.success());
    let mut application = Dialogue::connect(postfix.address);
    application.expect(250, "EHLO app.contoso.example");
    let answer = application.send_message("ann@contoso.example", "bob@elsewhere.example", body);
    assert_eq!(answer.code, 250, "{answer}");
    let relayed = next_hop.wait_for(2).remove(1);
    assert!(relayed.recipients[0].contains("<bob@elsewhere.example>"), "{relayed:?}");
}

/// One message through a Postfix of its own, which drops the bounces to the sender.
fn relay(attempt: &Attempt) -> Word {
    open_to_all(attempt.certificate.parent().unwrap());
    let identity = match attempt.sent {
        Sent::Nothing => String::new(),
        _ => format!(
            "smtp_tls_chain_files = {}, {}\n",
            attempt.key.display(),
            attempt.certificate.display()
        ),
    };
    let (port, tls) = (attempt.port, attempt.tls);
    let postfix = Postfix::start(&format!(
        "myhostname = mail.contoso.example\nrelayhost = [127.0.0.1]:{port}\n\
         smtp_tls_security_level = encrypt\nsmtp_tls_mandatory_protocols = TLSv{tls}\n\
         transport_maps = inline:{{contoso.example=discard:}}\n{identity}",
    ));
    let mut application = Dialogue::connect(postfix.address);
    application.expect(250, "EHLO app.contoso.example");
    let body = "Subject: From Postfix\r\n\r\nHello.";
    let taken = application.send_message("ann@contoso.example", "bob@elsewhere.example", body);
    assert_eq!(taken.code, 250, "{taken}");
    let text = wait_for("Postfix logs what came of it", || {
        let log = postfix.log();
        let line =
            log.lines().find(|line| line.contains("to=<bob@") && line.contains("status="))?;
        Some(line.split_once("status=")?.1.to_owned())
    });
    let code = match text.split_once(' ').map_or("", |(word, _)| word) {
        "sent" => 250,
        "bounced" if text.contains("said: 550") => 550,
        _ => 0,
    };
    let text = text.split_once("said: ").map_or(text.clone(), |(_, said)| said.to_owned());
    Word { code, text }
}

#[test]
fn postfix_relays_with_its_chain_and_learns_why_not_without() {
    if needs_root("postfix::relays", &[PROGRAM]) {
        play(relay);
    }
}

#[test]
fn tls_11_postfix_behind_takes_what_it_can_and_refuses_in_its_own_words() {
    if !needs_root("postfix::behind", &[PROGRAM]) {
        return;
    }
    let authority = Authority::new("Example");
    let next_hop = NextHop::start();
    let node = Node::start(&authority, &Settings::default());
    open_to_all(node.folder());
    let server = authority.issue(&["mx.elsewhere.example"]);
    let (certificate, key) = server.write(node.folder(), "mx", Sent::FullChain);
    let postfix = Postfix::start(&format!(
        "myhostname = mx.elsewhere.example\nrelayhost = [127.0.0.1]:{}\n\
         smtpd_tls_security_level = may\nsmtpd_tls_chain_files = {}, {}\n\
         virtual_mailbox_domains = elsewhere.example\n\
         virtual_mailbox_maps = regexp:{{{{/./ inbox/}}}}\n\
         virtual_uid_maps = static:{NOBODY}\n\
         virtual_gid_maps = static:{NOBODY}\nsmtputf8_enable = yes\nmessage_size_limit = 200000\n\
         smtpd_recipient_restrictions = check_recipient_access inline:{{\
         {{full@elsewhere.example = 452 4.2.2 Mailbox full}},\
         {{gone@elsewhere.example = 550 5.1.1 Moved to the seaside}}}}, permit_mynetworks, reject\n",
        node.smtp().port(),
        key.display(),
        certificate.display(),
    ));
    let tenant = tenant("contoso", "contoso.example", &next_hop.smart_host())
        .replace(
            "tls_sender_certificate_name = \"mail.contoso.example\"",
            "sender_ip_addresses = [\"127.0.0.1\"]",
        )
        .replace("[\"*\"]", "[\"contoso.example\"]");
    let applied = format!(
        "{tenant}\n[[outbound_connector]]\nname = \"Elsewhere\"\nconnector_type = \"partner\"\n\
         recipient_domains = [\"elsewhere.example\"]\nsmart_hosts = [\"{}\"]\n\
         tls_settings = \"domain-validation\"\ntls_domain = \"mx.elsewhere.example\"\n",
        postfix.address
    );
    node.apply(&applied);
    let send = |parameters: &str, recipient: &str, body: &str| {
        let mut session = Dialogue::connect(node.smtp());
        session.expect(250, "EHLO mail.example");
        session.expect(250, &format!("MAIL FROM:<ann@contoso.example>{parameters}"));
        session.expect(250, &format!("RCPT TO:{recipient}"));
        session.expect(354, "DATA");
        session.send(body.as_bytes());
        session.expect(250, "\r\n.");
    };

    // 8BITMIME and SMTPUTF8: the bytes arrive as they were sent.
    send(" BODY=8BITMIME", "<bob@elsewhere.example>", "Subject: eight\r\n\r\nGrüße");
    assert!(String::from_utf8(postfix.wait_for_mail(1).remove(0)).unwrap().contains("Grüße"));
    send(" SMTPUTF8", "<jürgen@elsewhere.example>", "Subject: Grüße\r\n\r\nx");
    postfix.wait_for_mail(2);
    // It logs a delivery after it was made.
    wait_for("Postfix logs the recipient as it was given", || {
        postfix.log().contains("to=<jürgen@elsewhere.example>").then_some(())
    });

    // DSN is passed on, and Postfix reports the delivery.
    send("", "<bob@elsewhere.example> NOTIFY=SUCCESS", "Subject: tell me\r\n\r\nx");
    let report = next_hop.wait_for(1).remove(0);
    assert!(report.text().contains("Action: delivered"), "{}", report.text());

    // Refused for good: an NDR with Postfix's words. Too large: one without asking.
    send("", "<gone@elsewhere.example>", "Subject: whereabouts\r\n\r\nx");
    let report = next_hop.wait_for(2).remove(1);
    assert!(report.text().contains("Moved to the seaside"), "{}", report.text());
    let large = format!("Subject: large\r\n\r\n{}", "0123456789\r\n".repeat(20_000));
    send("", "<bob@elsewhere.example>", &large);
    let report = next_hop.wait_for(3).remove(2);
    assert!(report.text().contains("5.3.4"), "{}", report.text());

    // Refused for now: it waits.
    send("", "<full@elsewhere.example>", "Subject: patience\r\n\r\nx");
    wait_for("the queue quotes Postfix", || {
        node.json(&["queue"])
            .iter()
            .any(|entry| entry.to_string().contains("Mailbox full"))
            .then_some(())
    });
    assert_eq!(postfix.mailbox().len(), 3);

    // TLS-11: a server whose certificate holds another name gets nothing.
    node.apply(&applied.replace("tls_domain = \"mx.", "tls_domain = \"other."));
    send("", "<bob@elsewhere.example>", "Subject: sealed\r\n\r\nx");
    wait_for("the queue says why", || {
        let queue = node.json(&["queue", "--recipient", "bob@elsewhere.example"]);
        queue.first()?.to_string().contains("remote-certificate-refused").then_some(())
    });
    assert_eq!(postfix.mailbox().len(), 3);
}

#[test]
fn an_edge_is_taken_by_a_postfix_that_requires_certificates_with_its_whole_chain_only() {
    if !needs_root("postfix::requires_certificates", &[PROGRAM]) {
        return;
    }
    let authority = Authority::new("Example");
    let files = tempfile::tempdir().unwrap();
    open_to_all(files.path());
    let (certificate, key) =
        authority.issue(&["gw.example.net"]).write(files.path(), "gw", Sent::FullChain);
    let root = files.path().join("root.pem");
    fs::write(&root, &authority.root_pem).unwrap();
    let postfix = Postfix::start(&format!(
        "myhostname = gw.example.net\nsmtpd_tls_security_level = encrypt\n\
         smtpd_tls_chain_files = {}, {}\nsmtpd_tls_CAfile = {}\n\
         smtpd_tls_req_ccert = yes\nsmtpd_tls_loglevel = 1\n\
         virtual_mailbox_domains = elsewhere.example\n\
         virtual_mailbox_maps = regexp:{{{{/./ inbox/}}}}\n\
         virtual_uid_maps = static:{NOBODY}\nvirtual_gid_maps = static:{NOBODY}\n\
         smtpd_recipient_restrictions = permit_tls_all_clientcerts, reject\n",
        key.display(),
        certificate.display(),
        root.display(),
    ));
    edge_story(&authority, &postfix.address.to_string(), || postfix.mailbox().len());
    assert!(postfix.log().contains("Trusted TLS connection established"), "{}", postfix.log());
}
