//! Measures how many messages a second the store commits on this machine's disk, with 1, 8 and 64
//! senders at a time, and how many it settles. Makes its data in a folder of its own and removes it.
//!
//! `cargo run --release -p posthouse-store --example commit_rate [SECONDS] [BODY_BYTES]`

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use posthouse_store::{Cursor, NewMessage, NewRecipient, Outcome, Settlement, Store, StoreOptions};
use posthouse_trace::{Direction, TraceEvent, TraceRow, TraceStatus, TraceStep};
use posthouse_types::{
    Address, Domain, MailParameters, RecipientParameters, Reference, TenantId, UnixMillis,
};

/// The time that every row gets; the store has no clock.
const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

/// What is known of a message with two links and a file, as the gateway writes it.
const FACTS: &str = r#"{"category":"NONE","scl":1,"from":"eve@stranger.example",
    "mail_from":"bounce@mailer.example","client_ip":"192.0.2.1",
    "urls":["https://shop.example/offer/12","https://news.example/unsubscribe"],
    "files":["0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"],
    "dkim_domains":["mailer.example"],"sender_weight":-0.75,"sender_phish_weight":0.0}"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().map_or(Ok(5), |word| word.parse())?;
    let bytes = arguments.next().map_or(Ok(10_240), |word| word.parse())?;
    println!("bodies of {bytes} bytes, {seconds} s each; every commit is synced to disk");
    for senders in [1, 8, 64, 256] {
        let folder = tempfile::tempdir_in(".")?;
        let rate = measure(folder.path(), senders, Duration::from_secs(seconds), bytes).await?;
        println!("{senders:>4} senders: {rate}");
    }
    Ok(())
}

async fn measure(
    folder: &Path,
    senders: usize,
    time: Duration,
    bytes: usize,
) -> Result<String, Box<dyn std::error::Error>> {
    let options = StoreOptions { secret_if_new: Some([1; 32]), ..StoreOptions::default() };
    let (store, _) = Store::open(folder, options)?;
    let next = Arc::new(AtomicU64::new(0));
    let body: Arc<[u8]> = vec![b'x'; bytes].into();
    let begin = Instant::now();
    let mut working = tokio::task::JoinSet::new();
    for _ in 0..senders {
        let (store, next, body) = (store.clone(), Arc::clone(&next), Arc::clone(&body));
        working.spawn(async move {
            let mut slowest = Duration::ZERO;
            while begin.elapsed() < time {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let at = Instant::now();
                let mail = message(&store, number, &body)?;
                store.commit(mail).await?;
                slowest = slowest.max(at.elapsed());
            }
            Ok::<_, posthouse_store::StoreError>(slowest)
        });
    }
    let mut slowest = Duration::ZERO;
    while let Some(done) = working.join_next().await {
        slowest = slowest.max(done??);
    }
    let committed = next.load(Ordering::Relaxed);
    let rate = per_second(committed, begin.elapsed());

    let begin = Instant::now();
    let settled = settle_all(&store).await?;
    let settle_rate = per_second(settled, begin.elapsed());
    store.close().await;
    Ok(format!("{rate:>6} commits/s, slowest {slowest:>5.0?}; {settle_rate:>6} settled/s"))
}

/// Delivers everything, as a queue would: pages of what is due, many settlements at a time.
async fn settle_all(store: &Store) -> Result<u64, Box<dyn std::error::Error>> {
    let mut settled = 0;
    let mut after = Cursor::START;
    loop {
        let page = store.due(NOW, after, 1000).await?;
        let Some(last) = page.last() else { return Ok(settled) };
        after = last.cursor();
        let mut working = tokio::task::JoinSet::new();
        for recipient in page {
            let store = store.clone();
            working.spawn(async move {
                let outcome = Outcome::Delivered {
                    to_ip: "198.51.100.7".to_owned(),
                    detail: "250 2.0.0 queued".to_owned(),
                    at: NOW,
                };
                let outcomes = vec![(recipient.id, outcome)];
                store.settle(Settlement { outcomes, ..Settlement::default() }).await
            });
        }
        while let Some(done) = working.join_next().await {
            done??;
            settled += 1;
        }
    }
}

fn per_second(count: u64, time: Duration) -> u64 {
    (count as f64 / time.as_secs_f64()) as u64
}

fn message(
    store: &Store,
    number: u64,
    bytes: &[u8],
) -> Result<NewMessage, posthouse_store::StoreError> {
    let mut body = store.draft();
    body.append(bytes)?;
    // Spread over the whole range, as random references are.
    let mut bits = [0; 10];
    bits[..8].copy_from_slice(&number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
    let reference = Reference::from_random(bits);
    let recipient =
        Address::new(format!("user{number}"), Domain::from_normalized("fabrikam.example"));
    Ok(NewMessage {
        reference,
        tenant: Some(TenantId(number % 1000)),
        received: UnixMillis(NOW.0 + number as i64),
        sender: Some(Address::new("alice", Domain::from_normalized("contoso.example"))),
        parameters: MailParameters { size: Some(bytes.len() as u64), ..MailParameters::default() },
        authenticated: true,
        head: vec![b'h'; 600],
        body,
        message_id: format!("<{number}.1700000000@mail.contoso.example>"),
        subject: "Quarterly figures, second draft".to_owned(),
        trace: vec![row(reference, number, &recipient)],
        recipients: vec![NewRecipient {
            address: recipient,
            parameters: RecipientParameters::default(),
            due: NOW,
            held: None,
            quarantine: None,
        }],
        events: Vec::new(),
        facts: FACTS.to_owned(),
    })
}

fn row(reference: Reference, number: u64, recipient: &Address) -> TraceRow {
    TraceRow {
        received: NOW.0 + number as i64,
        tenant: Some(number % 1000),
        reference: reference.to_string(),
        message_id: format!("<{number}.1700000000@mail.contoso.example>"),
        sender: "alice@contoso.example".to_owned(),
        recipient: recipient.to_string(),
        subject: "Quarterly figures, second draft".to_owned(),
        status: TraceStatus::Pending,
        from_ip: "192.0.2.25".to_owned(),
        to_ip: String::new(),
        size: 10_840,
        connector: "from-on-premises".to_owned(),
        direction: Direction::Originating,
        reason: String::new(),
        events: vec![TraceEvent::new(NOW, TraceStep::Receive, "by mx1, TLS 1.3")],
        explanation: None,
    }
}
