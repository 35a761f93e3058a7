//! The certificate stores: files from other tools go where they belong, what is sent is shown and
//! completed, and a refused sender mends itself without an editor.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::Value;

use crate::common::{
    Authority, Dialogue, NextHop, Node, Sent, Settings, ca_issuers, needs, tenant,
};

fn write(node: &Node, name: &str, content: impl AsRef<[u8]>) -> String {
    let file = node.path(name);
    fs::write(&file, content).unwrap();
    file.display().to_string()
}

fn der(pem: &str) -> Vec<u8> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec()
}

fn openssl(node: &Node, words: &[&str]) -> Vec<u8> {
    let output = Command::new("openssl").args(words).current_dir(node.folder()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A verb's exit status, and its answer with `--json`.
fn answer(node: &Node, words: &[&str]) -> (i32, Vec<Value>) {
    let output = node.cli(&[words, &["--json"]].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    (output.status.code().unwrap(), lines.collect())
}

/// Outcome and store of each certificate, in the order of the file.
fn outcomes(objects: &[Value]) -> Vec<(&str, Option<&str>)> {
    objects.iter().map(|one| (one["outcome"].as_str().unwrap(), one["store"].as_str())).collect()
}

fn error_of(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_pfx_and_a_p7b_made_by_openssl_go_where_each_certificate_belongs() {
    if !needs("cert_stores::a_pfx_and_a_p7b_made_by_openssl", &["openssl"]) {
        return;
    }
    let authority = Authority::new("Example");
    let node = Node::prepare(&authority, &Settings::default());
    let identity = authority.issue(&["mail.contoso.example"]);
    write(&node, "leaf.pem", &identity.leaf_pem);
    write(&node, "leaf.key", &identity.key_pem);
    write(&node, "above.pem", format!("{}{}", authority.issuing_pem, authority.root_pem));
    write(&node, "password", "s\u{e9}cret word\nsecond line\n");
    let export = "pkcs12 -export -inkey leaf.key -in leaf.pem -certfile above.pem -name Mail \
                  -passout file:password -out";
    let old = "-keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1";
    let password = node.path("password").display().to_string();
    let expected = [("imported", Some("personal")), ("imported", Some("ca")), ("left-out", None)];
    for (name, options) in [("new.pfx", ""), ("old.pfx", old)] {
        let words: Vec<&str> =
            export.split_whitespace().chain([name]).chain(options.split_whitespace()).collect();
        openssl(&node, &words);
        let file = node.path(name).display().to_string();
        let unopened = node.cli(&["cert", "import", &file]);
        assert!(error_of(&unopened).contains("--password-file"), "{unopened:?}");
        let wrong = write(&node, "wrong", "other");
        let unopened = node.cli(&["cert", "import", &file, "--password-file", &wrong]);
        assert!(error_of(&unopened).contains("not its password"), "{unopened:?}");

        let import = ["cert", "import", &file, "--password-file", &password];
        let (status, imported) = answer(&node, &import);
        assert_eq!((status, outcomes(&imported).as_slice()), (0, &expected[..]), "{name}");
        let (status, again) = answer(&node, &import);
        let there: Vec<_> = again.iter().map(|one| one["outcome"].as_str().unwrap()).collect();
        assert_eq!(
            (status, there.as_slice()),
            (0, &["already-there", "already-there", "left-out"][..])
        );
        fs::remove_dir_all(node.data().join("certificates")).unwrap();
    }

    openssl(
        &node,
        &["crl2pkcs7", "-nocrl", "-certfile", "above.pem", "-outform", "DER", "-out", "above.p7b"],
    );
    openssl(&node, &["crl2pkcs7", "-nocrl", "-certfile", "above.pem", "-out", "above.p7c"]);
    for (name, outcome) in [("above.p7b", "imported"), ("above.p7c", "already-there")] {
        let file = node.path(name).display().to_string();
        let (status, imported) = answer(&node, &["cert", "import", &file]);
        assert_eq!(status, 0);
        assert_eq!(outcomes(&imported), [(outcome, Some("ca")), ("left-out", None)], "{name}");
    }
    let listed = node.json(&["cert", "list"]);
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["subject"], "O=Example Trust,CN=Example Issuing CA 1");
}

#[test]
fn keys_are_for_the_owner_only_and_replaced_by_name_only() {
    let authority = Authority::new("Example");
    let node = Node::prepare(&authority, &Settings::default());
    let import = |names: &[&str], more: &[&str]| {
        let identity = authority.issue(names);
        let leaf = write(&node, "leaf.cer", der(&identity.leaf_pem));
        let key = write(&node, "leaf.key", &identity.key_pem);
        answer(&node, &[&["cert", "import", &leaf, "--key", &key], more].concat())
    };
    let (status, imported) = import(&["*.contoso.example", "contoso.example"], &[]);
    assert_eq!((status, imported[0]["name"].as_str()), (0, Some("wildcard.contoso.example")));
    let file = node.data().join("certificates/personal/wildcard.contoso.example.pem");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let folder = fs::metadata(file.parent().unwrap()).unwrap();
    assert_eq!(folder.permissions().mode() & 0o777, 0o700);

    let (status, taken) = import(&["*.contoso.example"], &[]);
    assert_eq!((status, outcomes(&taken)[0].0), (1, "refused"));
    assert!(taken[0]["next"].as_str().unwrap().contains("--replace"), "{taken:?}");
    let before = fs::read(&file).unwrap();
    let (status, _) = import(&["*.contoso.example"], &["--replace"]);
    assert_eq!(status, 0);
    assert_ne!(fs::read(&file).unwrap(), before);
    let (status, named) = import(&["*.contoso.example"], &["--name", "../../Mail 2026"]);
    assert_eq!((status, named[0]["name"].as_str()), (0, Some("mail-2026")));
    let text = node.ask(&["cert", "list"]);
    assert!(text.contains("mail-2026") && text.contains("with its key"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 100 || line.contains("store  /")));
    let shown = node.ask(&["cert", "show", "mail-2026"]);
    assert!(shown.contains("kind        end-entity, its private key is there"), "{shown}");
}

#[test]
fn nonsense_is_refused_with_its_reason() {
    let authority = Authority::new("Example");
    let node = Node::prepare(&authority, &Settings::default());
    let (one, other) = (authority.issue(&["one.example"]), authority.issue(&["other.example"]));
    let leaf = write(&node, "leaf.pem", &one.leaf_pem);
    let key = write(&node, "other.key", &other.key_pem);
    let root = write(&node, "its-root.pem", &authority.root_pem);
    let issuing = write(&node, "issuing.pem", &authority.issuing_pem);
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Old CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_before = rcgen::date_time_ymd(2010, 1, 1);
    params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let expired = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    let expired = write(&node, "expired.cer", expired.der());
    for (words, why) in [
        (vec![leaf.as_str()], "private key"),
        (vec![leaf.as_str(), "--key", &key], "private key"),
        (vec![key.as_str()], "belongs to none"),
        (vec![leaf.as_str(), "--store", "root"], "signed itself can be a root"),
        (vec![issuing.as_str(), "--store", "root"], "signed itself can be a root"),
        (vec![leaf.as_str(), "--store", "ca"], "it is no CA"),
        (vec![issuing.as_str(), "--store", "personal"], "a CA's certificate"),
        (vec![root.as_str(), "--store", "ca"], "servers never send one"),
        (vec![expired.as_str()], "it has expired"),
        (vec![expired.as_str(), "--store", "root"], "it has expired"),
    ] {
        let (status, refused) = answer(&node, &[&["cert", "import"], words.as_slice()].concat());
        assert_eq!((status, outcomes(&refused)[0].0), (1, "refused"), "{words:?}");
        let said: Vec<_> = refused.iter().map(|one| one["why"].as_str().unwrap()).collect();
        assert!(said.iter().any(|text| text.contains(why)), "{words:?}: {said:?}");
    }
    assert!(!node.data().join("certificates").exists(), "nothing was written");
    let trusted = answer(&node, &["cert", "import", &root]);
    assert_eq!((trusted.0, outcomes(&trusted.1)[0].0), (0, "left-out"), "nothing to do");
    let stranger = write(&node, "stranger.pem", &Authority::new("Stranger").root_pem);
    let (status, left_out) = answer(&node, &["cert", "import", &stranger]);
    assert_eq!((status, outcomes(&left_out)[0].0), (1, "left-out"), "a decision to make");
    assert!(left_out[0]["next"].as_str().unwrap().contains("--store root"), "{left_out:?}");
    assert_eq!(node.cli(&["cert", "import"]).status.code(), Some(2), "a wrong call");
    let noise = write(&node, "noise", "hello");
    assert!(error_of(&node.cli(&["cert", "import", &noise])).contains("neither a certificate"));
}

#[test]
fn chain_shows_the_path_that_exists_and_what_is_really_sent() {
    let authority = Authority::new("Example");
    let node = Node::prepare(&authority, &Settings::default());
    let identity = authority.issue(&["mail.contoso.example"]);
    let (leaf, key) = identity.write(node.folder(), "mail", Sent::LeafOnly);
    let (leaf, key) = (leaf.display().to_string(), key.display().to_string());
    let issuing = write(&node, "issuing.pem", &authority.issuing_pem);
    let origins = |chain: &Value| -> Vec<String> {
        let path = chain["path"].as_array().unwrap().iter();
        path.map(|element| element["origin"].as_str().unwrap().to_owned()).collect()
    };

    let (status, chain) = answer(&node, &["cert", "chain", &leaf]);
    assert_eq!((status, chain[0]["reason"].as_str()), (1, Some("chain-incomplete")));
    assert_eq!(origins(&chain[0]), ["sent", "nowhere"]);

    // The trap: the store completes the path, and the file sends no more than before.
    assert_eq!(answer(&node, &["cert", "import", &issuing]).0, 0);
    let (status, chain) = answer(&node, &["cert", "chain", &leaf]);
    assert_eq!((status, chain[0]["sent"].as_array().unwrap().len()), (1, 1));
    assert_eq!(origins(&chain[0]), ["sent", "store", "root"]);
    assert_eq!(chain[0]["missing"]["in_store"], true);
    let text = String::from_utf8(node.cli(&["cert", "chain", &leaf]).stdout).unwrap();
    assert!(text.contains("1 sends   CN=mail.contoso.example"), "{text}");
    assert!(text.contains("NOT sent  O=Example Trust,CN=Example Issuing CA 1"), "{text}");
    let repair = node.cli(&["cert", "chain", &leaf, "--platform", "stunnel"]);
    let repair = String::from_utf8(repair.stdout).unwrap();
    assert!(repair.contains("stunnel") && !repair.contains("postfix"), "{repair}");

    // The same certificate in the personal store is sent with what the ca store has.
    assert_eq!(answer(&node, &["cert", "import", &leaf, "--key", &key, "--name", "mail"]).0, 0);
    let (status, chain) = answer(&node, &["cert", "chain", "personal:mail"]);
    assert_eq!((status, chain[0]["reason"].as_str()), (0, Some("ok")));
    assert_eq!(origins(&chain[0]), ["sent", "sent", "root"]);
    let sent: Vec<_> = chain[0]["sent"].as_array().unwrap().iter().collect();
    assert_eq!(sent.len(), 2, "never the root");

    let root = write(&node, "authority.pem", &authority.root_pem);
    assert!(error_of(&node.cli(&["cert", "chain", &root])).contains("no server presents it"));
}

#[test]
fn intermediates_are_exported_as_windows_wants_them() {
    let authority = Authority::new("Example");
    let node = Node::prepare(&authority, &Settings::default());
    let identity = authority.issue(&["mail.contoso.example"]);
    let file = write(&node, "mail-chain.pem", &identity.chain_pem);
    let out = node.path("import").display().to_string();
    let export = ["cert", "export", &file, "--intermediates", "--output", &out];
    let (status, exported) = answer(&node, &export);
    assert_eq!((status, exported.len()), (0, 1));
    let written = PathBuf::from(exported[0]["file"].as_str().unwrap());
    assert_eq!(written.extension().unwrap(), "cer");
    assert_eq!(fs::read(&written).unwrap(), der(&authority.issuing_pem));
    assert!(
        node.ask(&export).contains("Import-Certificate -CertStoreLocation cert:\\LocalMachine\\CA")
    );
    fs::write(&written, "something else").unwrap();
    assert!(error_of(&node.cli(&export)).contains("something else"));

    assert_eq!(
        node.ask(&["cert", "export", &file]).lines().next(),
        identity.leaf_pem.lines().next()
    );
    let chain = node.ask(&["cert", "export", &file, "--chain"]);
    assert_eq!(chain.matches("BEGIN CERTIFICATE").count(), 2);
    let alone = write(&node, "leaf.pem", &identity.leaf_pem);
    let nothing = node.cli(&["cert", "export", &alone, "--intermediates"]);
    assert!(error_of(&nothing).contains("cert obtain"), "{nothing:?}");
}

/// A web server that has one file, and how often it was asked.
fn web_server(file: Vec<u8>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/issuing.cer", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 1024]);
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", file.len());
            let _ = stream.write_all(&[head.as_bytes(), &file].concat());
        }
    });
    (address, asked)
}

#[test]
fn a_refused_sender_obtains_its_intermediate_and_the_queue_goes_out_by_itself() {
    let authority = Authority::new("Example");
    let mailbox = NextHop::start();
    let gateway = Node::start(&authority, &Settings::default());
    gateway.apply(&tenant("contoso", "contoso.example", &mailbox.smart_host()));

    let (address, asked) = web_server(der(&authority.issuing_pem));
    let settings = Settings::default().with("certificates.obtain_from_loopback", true);
    let mut sender = Node::prepare(&authority, &settings);
    let identity = authority.issue_with_address(&["mail.contoso.example"], &address);
    let (leaf, key) = identity.write(sender.folder(), "mail", Sent::LeafOnly);
    let (leaf, key) = (leaf.display().to_string(), key.display().to_string());
    assert_eq!(answer(&sender, &["cert", "import", &leaf, &key, "--name", "mail"]).0, 0);
    sender.run();
    let smart_host = gateway.smtp().to_string();
    let own = tenant("contoso", "contoso.example", &smart_host)
        + "tls_settings = \"encryption-only\"\ntls_certificate = \"personal:mail\"\n";
    sender.apply(&own.replace(
        "tls_sender_certificate_name = \"mail.contoso.example\"",
        "sender_ip_addresses = [\"127.0.0.1\"]",
    ));
    assert!(sender.ask(&["export", "contoso"]).contains("tls_certificate = \"personal:mail\""));

    let mut client = Dialogue::connect(sender.smtp());
    client.expect(250, "EHLO app.example");
    let body = "From: ann@contoso.example\r\nSubject: Offer\r\n\r\nHello.";
    let queued = client.send_message("ann@contoso.example", "bob@elsewhere.example", body);
    assert_eq!(queued.code, 250, "{queued}");
    crate::common::wait_for("the gateway refuses", || {
        let queue = sender.json(&["queue"]);
        let detail = queue.first()?["detail"].as_str()?.to_owned();
        detail.contains("5.7.64").then_some(())
    });
    assert_eq!(mailbox.count(), 0);

    // Offered first, with its proof; imported on a yes only.
    let (status, offered) = answer(&sender, &["cert", "obtain", "personal:mail"]);
    assert_eq!(status, 0, "{offered:?}");
    assert_eq!(offered[0]["subject"], "O=Example Trust,CN=Example Issuing CA 1");
    assert_eq!((&offered[0]["from"], &offered[0]["imported"]), (&address.into(), &false.into()));
    assert_eq!(sender.json(&["cert", "list", "--store", "ca"]).len(), 0);
    let said = sender.ask(&["cert", "obtain", "personal:mail", "--yes"]);
    assert!(said.contains("imported") && said.contains("the chain is complete"), "{said}");
    assert_eq!(asked.load(Ordering::SeqCst), 2);

    // Nobody sends the message again.
    crate::common::wait_for("the message arrives", || {
        mailbox
            .delivered()
            .iter()
            .any(|one| one.text().contains("Subject: Offer\r\n"))
            .then_some(())
    });
    sender.wait_for_empty_queue();
    let (_, complete) = answer(&sender, &["cert", "obtain", "personal:mail"]);
    assert_eq!(complete[0]["complete"], true);
    assert_eq!(asked.load(Ordering::SeqCst), 2, "nothing is missing, so nobody is asked");
}

#[test]
fn two_missing_intermediates_are_followed_up_to_the_root() {
    let ca = |name: &str, address: Option<&str>| {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.use_authority_key_identifier_extension = true;
        params.custom_extensions = address.map(ca_issuers).into_iter().collect();
        params
    };
    let key = || KeyPair::generate().unwrap();
    let root = CertifiedIssuer::self_signed(ca("Root", None), key()).unwrap();
    let (root_address, root_asked) = web_server(root.der().to_vec());
    let upper = ca("Upper", Some(&root_address));
    let upper = CertifiedIssuer::signed_by(upper, key(), &root).unwrap();
    let lower = ca("Lower", Some(&web_server(upper.der().to_vec()).0));
    let lower = CertifiedIssuer::signed_by(lower, key(), &upper).unwrap();
    let mut leaf = CertificateParams::new(["mail.contoso.example".to_owned()]).unwrap();
    leaf.use_authority_key_identifier_extension = true;
    leaf.custom_extensions = vec![ca_issuers(&web_server(lower.der().to_vec()).0)];
    let leaf_key = key();
    let leaf = leaf.signed_by(&leaf_key, &lower).unwrap();

    // Nobody here trusts that root; it is met all the same, and is not offered.
    let settings = Settings::default().with("certificates.obtain_from_loopback", true);
    let node = Node::prepare(&Authority::new("Example"), &settings);
    let both = write(&node, "both.pem", leaf.pem() + &leaf_key.serialize_pem());
    assert_eq!(answer(&node, &["cert", "import", &both, "--name", "mail"]).0, 0);
    let (status, obtained) = answer(&node, &["cert", "obtain", "mail", "--yes"]);
    let subjects: Vec<_> = obtained.iter().filter_map(|one| one["subject"].as_str()).collect();
    assert_eq!((status, subjects.as_slice()), (0, &["CN=Lower", "CN=Upper"][..]), "{obtained:?}");
    assert_eq!(root_asked.load(Ordering::SeqCst), 1);
    let (_, chain) = answer(&node, &["cert", "chain", "mail"]);
    assert_eq!(chain[0]["sent"].as_array().unwrap().len(), 3);
    assert_eq!(node.json(&["cert", "list", "--store", "root"]).len(), 0);
}

#[test]
fn tls_05_obtain_asks_no_address_inside_our_network_and_takes_no_false_issuer() {
    let (authority, stranger) = (Authority::new("Example"), Authority::new("Stranger"));
    let namesake = Authority::with_issuing_name("Other", "Example Issuing CA 1");
    let settings = Settings::default();
    let node = Node::prepare(&authority, &settings);
    let (address, asked) = web_server(der(&authority.issuing_pem));
    let identity = authority.issue_with_address(&["mail.contoso.example"], &address);
    let leaf = write(&node, "leaf.pem", &identity.leaf_pem);
    let (status, refused) = answer(&node, &["cert", "obtain", &leaf, "--yes"]);
    assert_eq!(status, 1);
    assert!(refused[0]["error"].as_str().unwrap().contains("no public address"), "{refused:?}");
    assert_eq!(asked.load(Ordering::SeqCst), 0);

    node.rewrite_settings(&settings.with("certificates.obtain_from_loopback", true));
    for (file, why) in [
        (der(&stranger.issuing_pem), "another name"),
        (der(&namesake.issuing_pem), "another key"),
        (b"<html>404</html>".to_vec(), "no certificate"),
    ] {
        let (address, _) = web_server(file);
        let identity = authority.issue_with_address(&["mail.contoso.example"], &address);
        let leaf = write(&node, "leaf.pem", &identity.leaf_pem);
        let (status, refused) = answer(&node, &["cert", "obtain", &leaf, "--yes"]);
        let error = refused[0]["error"].as_str().unwrap();
        assert!(status == 1 && error.contains(why), "{why}: {error}");
    }
    assert_eq!(node.json(&["cert", "list"]).len(), 0, "nothing of it was imported");
}

#[test]
fn tls_06_what_lies_in_the_ca_store_makes_nobody_trusted() {
    let (authority, attacker) = (Authority::new("Example"), Authority::new("Attacker"));
    let next_hop = NextHop::start();
    let mut node = Node::prepare(&authority, &Settings::default());
    // Past import, which would refuse it: straight into the folder.
    let folder = node.data().join("certificates/ca");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("root.pem"), &attacker.root_pem).unwrap();
    fs::write(folder.join("issuing.pem"), &attacker.issuing_pem).unwrap();
    node.run();
    node.apply(&tenant("contoso", "contoso.example", &next_hop.smart_host()));
    let relay = |issuer: &Authority, expected| {
        let identity = issuer.issue(&["mail.contoso.example"]);
        let identity = Some((&identity, Sent::FullChain));
        let mut sender = Dialogue::secured(node.smtp(), &authority, identity);
        sender.expect(250, "MAIL FROM:<ann@contoso.example>");
        sender.expect(expected, "RCPT TO:<bob@elsewhere.example>");
    };
    relay(&authority, 250);
    relay(&attacker, 550);

    // A root is trusted by the operator's word, and live without a restart.
    let root = write(&node, "attacker.pem", &attacker.root_pem);
    assert_eq!(answer(&node, &["cert", "import", &root, "--store", "root"]).0, 0);
    crate::common::wait_for("the root store is read again", || {
        node.log().contains("The root store was read again").then_some(())
    });
    relay(&attacker, 250);
}

#[test]
fn the_nodes_own_certificate_may_come_from_the_personal_store_and_is_renewed_live() {
    if !needs("cert_stores::the_nodes_own_certificate_from_the_personal_store", &["openssl"]) {
        return;
    }
    let authority = Authority::new("Example");
    let settings =
        Settings::default().with("smtp.certificate", "\"personal:mx\"").without("smtp.key");
    let mut node = Node::prepare(&authority, &settings);
    let import = |node: &Node, more: &[&str]| {
        let identity = authority.issue(&["gw.example.net"]);
        let chain =
            write(node, "mx.pem", identity.chain_pem + &authority.root_pem + &identity.key_pem);
        answer(node, &[&["cert", "import", &chain, "--name", "mx"], more].concat())
    };
    let missing = node.cli(&["check"]);
    assert!(String::from_utf8_lossy(&missing.stdout).contains("no certificate mx"), "{missing:?}");
    let (status, imported) = import(&node, &[]);
    assert_eq!(status, 0, "{imported:?}");
    node.run();
    let first = shown_by(&node);
    assert_eq!(first.len(), 2, "the leaf and its issuer, not the root");
    assert_eq!(import(&node, &["--replace"]).0, 0);
    crate::common::wait_for("the renewal is taken up", || {
        (shown_by(&node)[0] != first[0]).then_some(())
    });
    assert!(node.ask(&["check"]).contains("the node's own certificate is complete and trusted"));
}

/// The certificates that the node sends, as `openssl s_client` sees them.
fn shown_by(node: &Node) -> Vec<String> {
    let address = node.smtp().to_string();
    let output = Command::new("openssl")
        .args(["s_client", "-starttls", "smtp", "-showcerts", "-connect", &address])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let chain = text.split("Server certificate").next().unwrap();
    let begin = "-----BEGIN CERTIFICATE-----";
    chain.split(begin).skip(1).map(|one| one.split("-----END").next().unwrap().to_owned()).collect()
}

#[test]
fn each_tenant_has_intermediates_of_its_own() {
    let authority = Authority::new("Example");
    let node = Node::start(&authority, &Settings::default());
    let next_hop = NextHop::start();
    node.apply(&tenant("contoso", "contoso.example", &next_hop.smart_host()));
    let issuing = write(&node, "issuing.pem", &authority.issuing_pem);
    let (status, imported) = answer(&node, &["cert", "import", &issuing, "--tenant", "Contoso"]);
    assert_eq!((status, imported[0]["store"].as_str()), (0, Some("ca")));
    let id = imported[0]["tenant"].as_u64().unwrap();
    assert!(is_file_in(&node.data().join(format!("tenants/{id}/ca"))));
    assert_eq!(node.json(&["cert", "list"]).len(), 0, "and none of the node's");
    let listed = node.json(&["cert", "list", "--tenant", "contoso"]);
    assert_eq!(listed[0]["tenant"].as_u64(), Some(id));
    let stranger = node.cli(&["cert", "import", &issuing, "--tenant", "fabrikam"]);
    assert!(error_of(&stranger).contains("no tenant fabrikam"));
}

fn is_file_in(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().count() == 1
}
