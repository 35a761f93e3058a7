//! Tenants by the thousand: the directory in memory, the attribution of mail to them, and a node
//! that starts with a million.
//!
//! May touch: a store and a node in folders of their own; this program as a child process, so that
//! the memory of one directory is measured without the traces of another.

use std::hint::black_box;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use posthouse_policy::{
    Directory, Grants, Question, RecipientPath, SharedIdentities, Tenant, attribute,
};
use posthouse_store::{Store, StoreOptions};
use posthouse_types::{Address, ChainReason, ChainReport, Domain, Peer, TenantId, TlsFacts};
use serde_json::{Value, json};

use crate::Result;
use crate::certificates::{Authority, Kind};
use crate::load::Dialogue;
use crate::node::Node;
use crate::process::resident_kib;
use crate::report::Row;

/// Attributions that are timed, each for another tenant.
const QUESTIONS: usize = 50_000;

/// How often all of them are asked; the best round counts.
const ROUNDS: usize = 3;

/// Longest that 99 of 100 attributions may take with a million tenants, in nanoseconds.
const P99_NS_MAX: u64 = 10_000;

/// What a million tenants may occupy, in KiB.
const MILLION_KIB_MAX: u64 = 1024 * 1024;

/// Tenants that are written to the store at a time.
const CHUNK: u64 = 20_000;

/// Longest wait for a node to load its tenants.
const LOAD_TIME_MAX: Duration = Duration::from_secs(120);

/// The directory rows, for each of these numbers of tenants.
pub(crate) fn measure_directory(counts: &[u64]) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for count in counts {
        let found = in_child(*count)?;
        let number = |key: &str| found.get(key).and_then(Value::as_u64).unwrap_or(u64::MAX);
        for proof in ["certificate", "address"] {
            let (p50, p99) = (number(&format!("{proof}_p50")), number(&format!("{proof}_p99")));
            let what = format!("attribution by {proof}, {count} tenants: p50 / p99");
            let figure = format!("{:.1} / {:.1} µs", p50 as f64 / 1e3, p99 as f64 / 1e3);
            rows.push(if *count >= 1_000_000 {
                Row::target(&what, figure, "p99 < 10 µs", p99 < P99_NS_MAX)
            } else {
                Row::figure(&what, figure)
            });
        }
        let what = format!("directory of {count} tenants: memory");
        let figure = format!("{} MiB", number("kib") / 1024);
        rows.push(if *count >= 1_000_000 {
            Row::target(&what, figure, "≤ 1 GiB", number("kib") <= MILLION_KIB_MAX)
        } else {
            Row::figure(&what, figure)
        });
    }
    Ok(rows)
}

fn in_child(count: u64) -> Result<Value> {
    let output = Command::new(std::env::current_exe()?)
        .args(["directory-child", &count.to_string()])
        .stdin(Stdio::null())
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The child's part: builds a directory, asks it, and prints what it found as JSON.
pub(crate) fn directory_child(count: u64) -> Result<()> {
    let before = resident_kib(std::process::id())?;
    let (directory, unusable) = Directory::build((0..count).filter_map(|number| {
        let tenant = Tenant::from_json(&tenant_json(number)).ok()?;
        Some((TenantId(number), Arc::new(tenant), Grants::default()))
    }));
    let kib = resident_kib(std::process::id())?.saturating_sub(before);
    if !unusable.is_empty() || directory.len() as u64 != count {
        return Err(format!("only {} of {count} tenants could be used", directory.len()).into());
    }
    let certificate = best(&directory, count, Proof::Certificate)?;
    let address = best(&directory, count, Proof::Address)?;
    println!(
        "{}",
        json!({
            "kib": kib,
            "certificate_p50": certificate.0, "certificate_p99": certificate.1,
            "address_p50": address.0, "address_p99": address.1,
        })
    );
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Proof {
    Certificate,
    Address,
}

/// The best of some rounds: what else the machine does only ever makes slower.
fn best(directory: &Directory, count: u64, proof: Proof) -> Result<(u64, u64)> {
    let mut best = percentiles(directory, count, proof)?;
    for _ in 1..ROUNDS {
        let (p50, p99) = percentiles(directory, count, proof)?;
        best = (best.0.min(p50), best.1.min(p99));
    }
    Ok(best)
}

/// Median and 99th percentile of one attribution, in nanoseconds.
fn percentiles(directory: &Directory, count: u64, proof: Proof) -> Result<(u64, u64)> {
    let shared = SharedIdentities::built_in();
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let mut times = Vec::with_capacity(QUESTIONS);
    let recipient = address("bob@elsewhere.example")?;
    for _ in 0..QUESTIONS {
        // Xorshift: another tenant each time, so that no cache knows the answer.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let number = random % count;
        let peer = peer(number, proof);
        let sender = address(&format!("info@t{number}.example"))?;
        let question = Question {
            peer: &peer,
            sender: Some(&sender),
            recipient: RecipientPath::Mailbox(&recipient),
            transaction: None,
            shared: &shared,
            chain_sentence: "",
            chains: &[],
        };
        let begun = Instant::now();
        let attribution = black_box(attribute(black_box(&question), directory));
        times.push(u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX));
        if attribution.outcome.is_err() {
            return Err(format!("tenant {number} was not recognised").into());
        }
    }
    times.sort_unstable();
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or(u64::MAX);
    Ok((at(50), at(99)))
}

fn peer(number: u64, proof: Proof) -> Peer {
    let by_address = proof == Proof::Address;
    let source = if by_address { tenant_address(number) } else { [198, 51, 100, 7] };
    let tls = (!by_address).then(|| {
        let mut chain = ChainReport::no_certificate();
        chain.reason = ChainReason::Ok;
        chain.names = vec![Domain::from_normalized(format!("mail.t{number}.example"))];
        TlsFacts { version: "TLSv1.3", cipher: String::new(), chain: Arc::new(chain) }
    });
    Peer {
        address: SocketAddr::from((source, 25)),
        local_address: SocketAddr::from(([127, 0, 0, 1], 25)),
        helo: String::new(),
        tls,
    }
}

fn address(text: &str) -> Result<Address> {
    let (local, domain) = text.rsplit_once('@').ok_or("an address has an @")?;
    Ok(Address::new(local, Domain::from_normalized(domain)))
}

/// An address of its own for each of 16 million tenants.
fn tenant_address(number: u64) -> [u8; 4] {
    let [.., a, b, c] = number.to_be_bytes();
    [11, a, b, c]
}

/// A small tenant: a domain, three recipients, a connector each way.
fn tenant_json(number: u64) -> String {
    let [a, b, c, d] = tenant_address(number);
    format!(
        r#"{{"tenant":{{"name":"tenant-{number}","postmaster":"postmaster@t{number}.example"}},"accepted_domain":[{{"name":"t{number}.example","type":"authoritative","verified":true}}],"recipient":[{{"address":"anna@t{number}.example"}},{{"address":"bert@t{number}.example"}},{{"address":"info@t{number}.example"}}],"inbound_connector":[{{"name":"From on-premises","connector_type":"on-premises","tls_sender_certificate_name":"mail.t{number}.example","sender_ip_addresses":["{a}.{b}.{c}.{d}"]}}],"outbound_connector":[{{"name":"To on-premises","connector_type":"on-premises","recipient_domains":["*"],"smart_hosts":["mail.t{number}.example:25"]}}]}}"#
    )
}

/// The tenant that joins a running node.
const NEWCOMER: &str = r#"
[tenant]
name = "newcomer"
[[accepted_domain]]
name = "newcomer.example"
type = "authoritative"
verified = true
[[recipient]]
address = "new@newcomer.example"
[[outbound_connector]]
name = "To newcomer"
connector_type = "on-premises"
recipient_domains = ["newcomer.example"]
smart_hosts = ["mail.newcomer.example:25"]
"#;

/// The rows of a node that starts with so many tenants and has one changed.
pub(crate) fn measure_node(place: &Path, count: u64) -> Result<Vec<Row>> {
    let authority = Authority::new(Kind::P256)?;
    let mut node = Node::prepare(place, &authority)?;
    fill_blocking(&node.data(), count)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;

    let begun = Instant::now();
    let to_greeting = node.start()?;
    let recipient = format!("info@t{}.example", count - 1);
    let while_loading = runtime.block_on(rcpt(node.address, &recipient))?;
    let mut now_says = while_loading.clone();
    while now_says.starts_with("451") && begun.elapsed() < LOAD_TIME_MAX {
        std::thread::sleep(Duration::from_millis(20));
        now_says = runtime.block_on(rcpt(node.address, &recipient))?;
    }
    let to_loaded = begun.elapsed();
    let kib = resident_kib(node.process()?)?;

    let newcomer = "new@newcomer.example";
    let refused = runtime.block_on(rcpt(node.address, newcomer))?;
    let change = node.apply(NEWCOMER)?;
    let taken = runtime.block_on(rcpt(node.address, newcomer))?;
    let loading_is_said = while_loading.contains("ATTR55") && now_says.starts_with("250");
    let live = !refused.starts_with("250") && taken.starts_with("250");
    Ok(vec![
        Row::target(
            &format!("node with {count} tenants: start to first 220"),
            format!("{} ms", to_greeting.as_millis()),
            "< 10 s",
            to_greeting < Duration::from_secs(10),
        ),
        Row::target(
            &format!("node with {count} tenants: RCPT while it loads"),
            if loading_is_said { "451 … ATTR55, then 250".to_owned() } else { while_loading },
            "451 … ATTR55, then 250",
            loading_is_said,
        ),
        Row::figure(
            &format!("node with {count} tenants: start to first 250 after RCPT"),
            format!("{:.1} s", to_loaded.as_secs_f64()),
        ),
        Row::target(
            &format!("node with {count} tenants: resident memory"),
            format!("{} MiB", kib / 1024),
            "≤ 1 GiB",
            kib <= MILLION_KIB_MAX,
        ),
        Row::target(
            &format!("node with {count} tenants: a change is live"),
            if live {
                format!("{} ms", change.as_millis())
            } else {
                format!("before: {refused}; after: {taken}")
            },
            "< 1 s",
            live && change < Duration::from_secs(1),
        ),
    ])
}

/// Makes a store with so many tenants.
pub(crate) fn fill_blocking(data: &Path, count: u64) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(fill(data, count))
}

async fn fill(data: &Path, count: u64) -> Result<()> {
    let options = StoreOptions { secret_if_new: Some([7; 32]), ..StoreOptions::default() };
    let (store, _) = Store::open(data, options)?;
    let mut next = 0;
    while next < count {
        let end = (next + CHUNK).min(count);
        let named = |number| (format!("tenant-{number}"), tenant_json(number));
        store.put_tenants_bulk((next..end).map(named).collect()).await?;
        next = end;
    }
    store.close().await;
    Ok(())
}

/// What a node answers to RCPT from a stranger, in a session of its own.
async fn rcpt(node: SocketAddr, recipient: &str) -> Result<String> {
    let mut dialogue = Dialogue::open(node).await?;
    dialogue.say(b"MAIL FROM:<stranger@elsewhere.example>\r\n", 1).await?;
    dialogue.ask(format!("RCPT TO:<{recipient}>\r\n").as_bytes(), 1).await?;
    Ok(dialogue.last)
}
