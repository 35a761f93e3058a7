//! `posthouse demo`: the story that everything serves, played on loopback and explained.
//!
//! May touch: loopback, child processes of this binary, one temporary folder; leaves nothing
//! behind. Both nodes are this program as it runs in production; only the retry interval is
//! shorter than its default. Exit status 0 only if every step did what it says.

mod certificates;
mod client;
mod mailbox;
mod stage;

use std::io;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anstyle::{AnsiColor, Style};
use posthouse_types::printable;
use serde_json::Value;

use certificates::Authority;
use client::{Letter, hand_over};
use mailbox::{Arrived, Mailbox};
use stage::{Node, Stage};

const HEADING: Style = AnsiColor::Cyan.on_default().bold();
const BAD: Style = AnsiColor::Yellow.on_default().bold();
const GOOD: Style = AnsiColor::Blue.on_default().bold();
const FAINT: Style = Style::new().dimmed();

/// No step takes longer than this; the whole story takes a few seconds.
const STEP_TIME_MAX: Duration = Duration::from_secs(10);

const SENDER_CHAIN: &str = "contoso-chain.pem";
const SUBJECT: &str = "Offer for Bob";

/// Plays the story.
pub(crate) fn run() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            anstream::eprintln!("error: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let played = runtime.block_on(async {
        tokio::select! {
            played = play() => played,
            // Dropping the story ends its nodes and removes its folder.
            _ = tokio::signal::ctrl_c() => Err(io::Error::other("interrupted")),
        }
    });
    match played {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("{BAD}error{BAD:#}: the demo did not do what it says: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn play() -> io::Result<()> {
    let started = Instant::now();
    let stage = Stage::build()?;
    let mailbox = Mailbox::open().await?;
    let authority = write_certificates(&stage)?;
    let (gateway, sender) = start_nodes(&stage, &mailbox).await?;
    let reference = refused(&stage, &gateway, &sender).await?;
    where_it_shows(&stage, &gateway, &sender, &mailbox, &reference).await?;
    mended(&stage, &mailbox, &authority).await?;
    other_tenant(&stage, &gateway).await?;
    sender.stop().await?;
    gateway.stop().await?;
    drop(stage);
    say(&format!(
        "\n{GOOD}Done{GOOD:#} in {:.1} s; nothing is left behind. What to type next:\n  \
         posthouse --help                          all verbs\n  \
         posthouse check --config node.toml        what is wrong with a configuration\n  \
         posthouse serve --config node.toml        run a gateway; examples/ has commented files\n  \
         posthouse explain REF                     why a message was refused, and the repair",
        started.elapsed().as_secs_f32()
    ));
    Ok(())
}

fn write_certificates(stage: &Stage) -> io::Result<Authority> {
    let authority = Authority::new().map_err(io::Error::other)?;
    stage.write("root.pem", authority.root_pem())?;
    let intermediate = authority.intermediate_pem();
    for (name, host, sends_chain) in [
        ("gateway", "gateway.demo.example", true),
        ("contoso", "mail.contoso.example", false),
        ("fabrikam", "mail.fabrikam.example", true),
    ] {
        let issued = authority.issue(host).map_err(io::Error::other)?;
        let chain = if sends_chain { issued.leaf_pem + &intermediate } else { issued.leaf_pem };
        stage.write(&format!("{name}-chain.pem"), &chain)?;
        stage.write(&format!("{name}-key.pem"), &issued.key_pem)?;
    }
    Ok(authority)
}

async fn start_nodes(stage: &Stage, mailbox: &Mailbox) -> io::Result<(Node, Node)> {
    heading(1, "Two nodes start on loopback");
    let gateway = stage.start("gateway", &node_settings("gateway", "gateway.demo.example")).await?;
    for tenant in ["contoso", "fabrikam"] {
        let file = format!("{tenant}.toml");
        stage.write(&file, &gateway_tenant(tenant, mailbox))?;
        let path = stage.path(&file).display().to_string();
        stage.run(&gateway, &["apply", &path]).await?;
    }
    let sender = stage.start("sender", &node_settings("sender", "mail.contoso.example")).await?;
    stage.write("on-premises.toml", &sender_tenant(&gateway, mailbox))?;
    let path = stage.path("on-premises.toml").display().to_string();
    stage.run(&sender, &["apply", &path]).await?;
    say(&format!(
        "  gateway  {}  hosts two tenants, contoso and fabrikam. Each has an inbound\n           \
         connector that recognises its own server by its TLS client certificate.\n  \
         sender   {}  contoso's server on its own premises. Its certificate file holds\n           \
         its own certificate only: the intermediate is missing, and nobody has noticed.",
        gateway.address, sender.address
    ));
    Ok((gateway, sender))
}

/// Alice's application hands over a message; the gateway refuses it.
async fn refused(stage: &Stage, gateway: &Node, sender: &Node) -> io::Result<String> {
    heading(2, "Alice sends a message to Bob, and it is refused");
    let letter = Letter {
        from: "alice@contoso.example",
        to: "bob@partner.example",
        text: "From: Alice <alice@contoso.example>\r\nTo: Bob <bob@partner.example>\r\n\
               Subject: Offer for Bob\r\nMessage-ID: <offer@contoso.example>\r\n\r\n\
               Dear Bob, here is our offer.\r\n",
    };
    let said = hand_over(sender.address, None, &letter).await?;
    expect(
        said.first().is_some_and(|line| line.starts_with("250")),
        "the sender takes the message",
    )?;
    say("  Her application hands it to the sender, which queues it and relays it to the gateway.");
    let queued = wait_until(async || {
        let queue = stage.ask(sender, &["queue", "--json"]).await?;
        Ok(queue.into_iter().find(|entry| text(entry, "/reason") == "relay-refused"))
    })
    .await?;
    say("  The gateway answers to RCPT TO:");
    let detail = text(&queued, "/detail");
    for line in detail.split(" 550 ") {
        let code = if line.starts_with("550") { "" } else { "550 " };
        say(&format!("    {BAD}{}{BAD:#}", wrapped(&format!("{code}{line}"), 4)));
    }
    expect(
        detail.contains("5.7.64 TenantAttribution; Relay Access Denied"),
        "the reply has the code",
    )?;
    expect(detail.contains("CN=Demo Issuing CA 01"), "the reply names the missing certificate")?;
    let trace = stage.ask(gateway, &["trace", "--json"]).await?;
    let reference = trace
        .iter()
        .find(|row| text(row, "/reason") == "chain-incomplete")
        .map(|row| text(row, "/message_trace_id"))
        .ok_or_else(|| io::Error::other("the gateway's trace does not show the refusal"))?;
    Ok(reference.to_owned())
}

/// The same reason, in every place where an administrator would look.
async fn where_it_shows(
    stage: &Stage,
    gateway: &Node,
    sender: &Node,
    mailbox: &Mailbox,
    reference: &str,
) -> io::Result<()> {
    heading(3, "Everybody who looks finds the reason");
    let is_notice = |message: &Arrived| {
        message.recipients == ["alice@contoso.example"] && message.text.contains("multipart/report")
    };
    let notice = mailbox
        .wait_for(STEP_TIME_MAX, is_notice)
        .await
        .ok_or_else(|| io::Error::other("Alice got no report"))?;
    expect(notice.text.contains("5.7.64"), "Alice's report quotes the reply")?;
    say(&format!("  {HEADING}Alice{HEADING:#}, in her mailbox, a report from her own server:"));
    let unfolded = notice.text.replace("\r\n ", " ");
    for field in ["Subject: ", "Action: ", "Status: ", "Diagnostic-Code: "] {
        if let Some(line) = unfolded.lines().find(|line| line.starts_with(field)) {
            say(&format!("    {}", wrapped(line, 4)));
        }
    }
    say(&format!("  {HEADING}Contoso's administrator{HEADING:#}, in the send protocol log:"));
    let log = protocol_log(sender)?;
    let line = log.lines().find(|line| line.contains("5.7.64")).unwrap_or_default();
    expect(!line.is_empty(), "the send log quotes the reply")?;
    say(&format!("    {}", wrapped(line, 4)));
    let events = stage.ask(gateway, &["events", "--format", "json"]).await?;
    let event = events
        .iter()
        .find(|event| event.get("event_id") == Some(&Value::from(30)))
        .ok_or_else(|| io::Error::other("there is no event 30"))?;
    expect(text(event, "/result") == "800B010A", "event 30 has the code of an incomplete chain")?;
    say(&format!("  {HEADING}The gateway's event log{HEADING:#}, event 30, as CAPI2 writes it:"));
    let words = text(event, "/result_text");
    say(&format!("    {}", wrapped(&format!("Result 800B010A: {words}"), 4)));
    say(&format!(
        "  {HEADING}Anybody with the reference{HEADING:#}, posthouse explain {reference}:"
    ));
    let explained = stage.ask(gateway, &["explain", reference, "--json"]).await?;
    let explained = explained.first().unwrap_or(&Value::Null);
    expect(text(explained, "/reason") == "chain-incomplete", "explain names the reason")?;
    for (label, path) in [
        ("reason", "/reason"),
        ("missing", "/missing/subject"),
        ("key id", "/missing/key_id"),
        ("get it", "/missing/get/0"),
        ("connector", "/connectors/0/why"),
    ] {
        let text = format!("{label:<10}{}", text(explained, path));
        say(&format!("    {}", wrapped(&text, 14)));
    }
    Ok(())
}

/// The missing intermediate is appended; the queue does the rest.
async fn mended(stage: &Stage, mailbox: &Mailbox, authority: &Authority) -> io::Result<()> {
    heading(4, "The administrator appends the intermediate, and touches nothing else");
    say(&format!("  {FAINT}$ cat issuing-ca-01.pem >> {SENDER_CHAIN}{FAINT:#}"));
    stage.append(SENDER_CHAIN, &authority.intermediate_pem())?;
    let appended = Instant::now();
    let is_offer = |message: &Arrived| {
        message.recipients == ["bob@partner.example"] && message.text.contains(SUBJECT)
    };
    let delivered = mailbox
        .wait_for(STEP_TIME_MAX, is_offer)
        .await
        .ok_or_else(|| io::Error::other("the message was not delivered"))?;
    say(&format!(
        "  The queue's own retry took it {:.1} s later (this demo retries every second; the\n  \
         default is 15 s, then 1 min): {GOOD}delivered to Bob{GOOD:#}.",
        appended.elapsed().as_secs_f32()
    ));
    let received = delivered.text.lines().filter(|line| line.starts_with("Received:")).count();
    expect(received == 2, "the message went through both nodes")
}

/// The other tenant's certificate is a good one, and gives no right to contoso's name.
async fn other_tenant(stage: &Stage, gateway: &Node) -> io::Result<()> {
    heading(5, "Fabrikam's server tries to send as Alice of contoso");
    let letter = Letter {
        from: "alice@contoso.example",
        to: "bob@partner.example",
        text: "From: Alice <alice@contoso.example>\r\nSubject: Not from Alice\r\n\r\nPay me.\r\n",
    };
    let (chain, key) = (stage.path("fabrikam-chain.pem"), stage.path("fabrikam-key.pem"));
    let said = hand_over(gateway.address, Some((&chain, &key)), &letter).await?;
    for line in &said {
        say(&format!("    {BAD}{}{BAD:#}", wrapped(line, 4)));
    }
    let all = said.join(" ");
    expect(all.starts_with("550") && all.contains("5.7.64"), "the gateway refuses")?;
    expect(!all.contains("contoso"), "the reply tells nothing of the other tenant")?;
    say(
        "  Its chain is complete and its connector knows it: a good certificate proves who sends,\n  \
         not that they may send as somebody else.",
    );
    Ok(())
}

fn node_settings(name: &str, node_name: &str) -> String {
    let certificate = if name == "gateway" {
        "certificate = \"gateway-chain.pem\"\nkey = \"gateway-key.pem\"\n"
    } else {
        ""
    };
    format!(
        "[node]\nname = \"{node_name}\"\ndata_dir = \"{name}\"\n\
         [smtp]\nlisten = [\"127.0.0.1:0\"]\n{certificate}\
         [trust]\nroots = \"root.pem\"\n[dns]\nservers = []\n\
         [queue]\nretry_seconds = [1, 1, 1, 1, 1, 1, 1, 1]\n"
    )
}

/// A tenant as the gateway knows it.
fn gateway_tenant(name: &str, mailbox: &Mailbox) -> String {
    format!(
        "[tenant]\nname = \"{name}\"\n\
         [[accepted_domain]]\nname = \"{name}.example\"\nverified = true\n\
         [[inbound_connector]]\nname = \"On-premises\"\nconnector_type = \"on-premises\"\n\
         tls_sender_certificate_name = \"mail.{name}.example\"\n\
         [[outbound_connector]]\nname = \"Everywhere\"\nconnector_type = \"on-premises\"\n\
         recipient_domains = [\"*\"]\nsmart_hosts = [\"{}\"]\n",
        mailbox.address
    )
}

/// Contoso as its own sender knows it: applications by address, the world by the gateway.
fn sender_tenant(gateway: &Node, mailbox: &Mailbox) -> String {
    format!(
        "[tenant]\nname = \"contoso\"\n\
         [[accepted_domain]]\nname = \"contoso.example\"\nverified = true\n\
         [[inbound_connector]]\nname = \"Applications\"\nconnector_type = \"on-premises\"\n\
         sender_ip_addresses = [\"127.0.0.1\"]\n\
         [[outbound_connector]]\nname = \"Mailboxes\"\nconnector_type = \"on-premises\"\n\
         recipient_domains = [\"contoso.example\"]\nsmart_hosts = [\"{}\"]\n\
         [[outbound_connector]]\nname = \"To the gateway\"\nconnector_type = \"partner\"\n\
         recipient_domains = [\"*\"]\nsmart_hosts = [\"{}\"]\n\
         tls_settings = \"domain-validation\"\ntls_domain = \"gateway.demo.example\"\n\
         tls_certificate = \"{SENDER_CHAIN}\"\ntls_key = \"contoso-key.pem\"\n",
        mailbox.address, gateway.address
    )
}

fn protocol_log(node: &Node) -> io::Result<String> {
    let mut text = String::new();
    for entry in std::fs::read_dir(node.data_dir.join("ProtocolLog").join("SmtpSend"))? {
        text.push_str(&std::fs::read_to_string(entry?.path())?);
    }
    Ok(text)
}

/// Asks again until there is an answer, for as long as a step may take.
async fn wait_until<T>(mut look: impl AsyncFnMut() -> io::Result<Option<T>>) -> io::Result<T> {
    let until = Instant::now() + STEP_TIME_MAX;
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if Instant::now() > until {
            return Err(io::Error::other("a step took too long"));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A text in an answer, by its JSON pointer; empty where it is not there.
fn text<'a>(answer: &'a Value, path: &str) -> &'a str {
    answer.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

fn expect(held: bool, claim: &str) -> io::Result<()> {
    if held { Ok(()) } else { Err(io::Error::other(format!("not so: {claim}"))) }
}

fn heading(number: u8, text: &str) {
    say(&format!("\n{HEADING}{number}. {text}{HEADING:#}"));
}

fn say(text: &str) {
    anstream::println!("{text}");
}

/// A line made printable and broken before column 100, later lines indented.
fn wrapped(line: &str, indent: usize) -> String {
    const COLUMNS: usize = 96;
    let mut out = String::new();
    let mut column = indent;
    for word in printable(line, 2000).split(' ') {
        if column + word.len() + 1 > COLUMNS && column > indent {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            column = indent;
        } else if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
        column += word.len() + 1;
    }
    out
}
