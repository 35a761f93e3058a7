//! Claims about the store as a whole, on real files in a folder of their own.
//!
//! A crash is a copy of the folder taken while the store is open: what a killed process leaves.

mod counts;
mod damage;
mod durability;
mod fresh;
mod keeping;
mod learned;
mod notifications;
mod quarantine;
mod queue;
mod records;
mod restricted;
mod zero_hour;

use std::path::{Path, PathBuf};

use posthouse_trace::{
    Direction, EventData, Level, OperationalEvent, TraceEvent, TraceRow, TraceStatus, TraceStep,
};
use posthouse_types::{
    Address, BodyType, Domain, DsnNotify, DsnReturn, MailParameters, RecipientParameters,
    Reference, TenantId, UnixMillis,
};

use crate::{Cursor, NewMessage, NewRecipient, QueuedRecipient, Recovery, Store, StoreOptions};

const NOW: UnixMillis = UnixMillis(1_700_000_000_000);
const TENANT: TenantId = TenantId(7);

fn options() -> StoreOptions {
    StoreOptions {
        secret_if_new: Some([7; 32]),
        inline_bytes_max: 1000,
        reserve_file_bytes: 64 * 1024,
        disk_reserve_bytes: 0,
        // What is read back is to come from the disk.
        fresh_bytes_max: 0,
        ..StoreOptions::default()
    }
}

fn open(folder: &Path) -> (Store, Recovery) {
    Store::open(folder, options()).unwrap()
}

fn reference(number: u8) -> Reference {
    Reference::from_random([number; 10])
}

fn address(text: &str) -> Address {
    let (local, domain) = text.split_once('@').unwrap();
    Address::new(local, Domain::from_normalized(domain))
}

/// A message of this many bytes to these recipients, with a trace row for each.
fn message(store: &Store, number: u8, bytes: usize, recipients: &[&str]) -> NewMessage {
    let mut body = store.draft();
    body.append(&content(number, bytes)).unwrap();
    NewMessage {
        reference: reference(number),
        tenant: Some(TENANT),
        received: NOW,
        sender: Some(address("alice@contoso.example")),
        parameters: MailParameters {
            size: Some(bytes as u64),
            body: BodyType::EightBitMime,
            smtputf8: true,
            dsn_return: Some(DsnReturn::Headers),
            envelope_id: Some("QQ314159".to_owned()),
        },
        authenticated: true,
        head: b"Received: by edge\r\n".to_vec(),
        body,
        message_id: "<1@contoso.example>".to_owned(),
        subject: "Offer".to_owned(),
        recipients: recipients
            .iter()
            .map(|recipient| NewRecipient {
                address: address(recipient),
                parameters: RecipientParameters {
                    notify: Some(DsnNotify { success: true, delay: true, ..DsnNotify::default() }),
                    original: Some(format!("rfc822;{recipient}")),
                },
                due: NOW,
                held: None,
                quarantine: None,
            })
            .collect(),
        trace: recipients.iter().map(|recipient| row(number, recipient)).collect(),
        events: Vec::new(),
        facts: String::new(),
    }
}

fn content(number: u8, bytes: usize) -> Vec<u8> {
    (0..bytes).map(|place| number.wrapping_add((place % 251) as u8)).collect()
}

fn row(number: u8, recipient: &str) -> TraceRow {
    TraceRow {
        received: NOW.0,
        tenant: Some(TENANT.0),
        reference: reference(number).to_string(),
        message_id: "<1@contoso.example>".to_owned(),
        sender: "alice@contoso.example".to_owned(),
        recipient: recipient.to_owned(),
        subject: "Offer".to_owned(),
        status: TraceStatus::Pending,
        from_ip: "192.0.2.1".to_owned(),
        to_ip: String::new(),
        size: 100,
        connector: "from-contoso".to_owned(),
        direction: Direction::Originating,
        reason: String::new(),
        events: vec![TraceEvent::new(NOW, TraceStep::Receive, "taken over")],
        explanation: None,
    }
}

fn event(number: u8, time: UnixMillis) -> OperationalEvent {
    OperationalEvent {
        time: time.0,
        level: Level::Information,
        tenant: Some(TENANT.0),
        reference: reference(number).to_string(),
        reason: String::new(),
        text: "Something happened.".to_owned(),
        data: EventData::NodeStopped,
    }
}

async fn all_due(store: &Store) -> Vec<QueuedRecipient> {
    store.due(UnixMillis(i64::MAX), Cursor::START, 0).await.unwrap()
}

/// All bytes of a stored message's body.
async fn body_of(store: &Store, recipient: &QueuedRecipient) -> Vec<u8> {
    let stored = store.load(recipient.message, NOW).await.unwrap();
    let mut reader = stored.body.reader();
    let mut bytes = Vec::new();
    loop {
        let piece = reader.next().await.unwrap();
        if piece.is_empty() {
            return bytes;
        }
        bytes.extend_from_slice(piece);
    }
}

/// What a process that is killed now would leave.
fn crash(store: &Store, to: &Path) -> PathBuf {
    let from = &store.inner.layout.data_dir;
    let target = to.join("crashed");
    copy_folder(from, &target);
    // The index of the log belongs to the process that has it open.
    let _ = std::fs::remove_file(target.join("posthouse.db-shm"));
    target
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Names of the body files in a data folder.
fn body_files(data_dir: &Path) -> Vec<String> {
    crate::draft::Bodies::names(&data_dir.join("bodies")).unwrap()
}
