//! Reading a stored message for delivery, and setting aside what cannot be read.
//!
//! The checksum is verified before the first byte is handed out: a message that is damaged is
//! held, kept and reported, never sent as it is, and never stops the others.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;
use std::sync::Arc;

use posthouse_trace::{EventData, Level, OperationalEvent, TraceStatus};
use posthouse_types::{Address, MailParameters, Reason, Reference, TenantId, UnixMillis};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::checksum::Checksum;
use crate::commit::{body_type, dsn_return};
use crate::draft::{Bodies, sync_folder};
use crate::quarantine::QuarantineStatus;
use crate::queue::address_of;
use crate::trace::{Step, insert_event, record_step};
use crate::writer::{Class, Fault, Work};
use crate::{MessageId, Store, StoreError};

/// Bytes of a body file that are in memory at a time.
const PIECE_BYTES: usize = 64 * 1024;

/// A message as it was stored.
#[derive(Clone, Debug)]
pub struct StoredMessage {
    /// Its number.
    pub id: MessageId,
    /// Its transaction's reference.
    pub reference: Reference,
    /// Whose it is.
    pub tenant: Option<TenantId>,
    /// When it was taken over.
    pub received: UnixMillis,
    /// MAIL FROM; `None` is the null sender.
    pub sender: Option<Address>,
    /// Parameters of MAIL FROM.
    pub parameters: MailParameters,
    /// Whether its sender may be sent reports.
    pub authenticated: bool,
    /// The Message-ID header.
    pub message_id: String,
    /// The Subject.
    pub subject: String,
    /// Header fields of ours that go out before the body.
    pub head: Vec<u8>,
    /// Whether it was released from quarantine: its head still says what kept it there.
    pub is_released: bool,
    /// The message as received.
    pub body: StoredBody,
}

/// A body whose checksum has been verified.
#[derive(Clone, Debug)]
pub enum StoredBody {
    /// In memory.
    Inline(Arc<[u8]>),
    /// In an open file: it can be read although its message may end meanwhile.
    File {
        /// The file.
        file: Arc<File>,
        /// Its length in bytes.
        len: u64,
    },
}

impl StoredBody {
    /// Length in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Inline(bytes) => bytes.len() as u64,
            Self::File { len, .. } => *len,
        }
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads it from its beginning; several may read at a time.
    pub fn reader(&self) -> BodyReader {
        BodyReader { body: self.clone(), position: 0, piece: Vec::new() }
    }
}

/// Reads a body in pieces.
#[derive(Debug)]
pub struct BodyReader {
    body: StoredBody,
    position: u64,
    piece: Vec<u8>,
}

impl BodyReader {
    /// The next piece, at most 64 KiB; empty at the end.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where the disk fails, or the file has become shorter.
    pub async fn next(&mut self) -> Result<&[u8], StoreError> {
        match &self.body {
            StoredBody::Inline(bytes) => {
                let rest = usize::try_from(self.position).ok().and_then(|at| bytes.get(at..));
                self.position = bytes.len() as u64;
                Ok(rest.unwrap_or_default())
            }
            StoredBody::File { file, len } => {
                let wanted = (len - self.position).min(PIECE_BYTES as u64);
                let (file, position) = (Arc::clone(file), self.position);
                let mut piece = std::mem::take(&mut self.piece);
                piece.resize(usize::try_from(wanted).unwrap_or(PIECE_BYTES), 0);
                let read = tokio::task::spawn_blocking(move || {
                    use std::os::unix::fs::FileExt;
                    file.read_exact_at(&mut piece, position).map(|()| piece)
                });
                self.piece =
                    read.await.map_err(|panic| StoreError::Unavailable(panic.to_string()))??;
                self.position += wanted;
                Ok(&self.piece)
            }
        }
    }
}

impl Store {
    /// Reads a message; for its first delivery mostly from memory. A damaged one is set aside here: its recipients leave the queue in state
    /// damaged, its bytes stay where they are and are copied to `damaged/` as far as they can be
    /// read, and an event says so.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Damaged`]; [`StoreError::Unavailable`].
    pub async fn load(
        &self,
        message: MessageId,
        now: UnixMillis,
    ) -> Result<StoredMessage, StoreError> {
        if let Some(message) = self.inner.fresh.take(message) {
            return Ok(message);
        }
        let bodies = Arc::clone(&self.inner.bodies);
        let loaded = self
            .inner
            .readers
            .read(move |connection| Ok(read_message(connection, &bodies, message)))
            .await?;
        match loaded {
            Ok(message) => Ok(message),
            Err(Unreadable::Store(error)) => Err(error),
            Err(Unreadable::Damaged { words, bytes }) => {
                let kept = self.keep_damaged(message, &words, bytes).await;
                self.set_aside(message, &kept, now).await?;
                Err(StoreError::Damaged { kept })
            }
        }
    }

    /// Sets a message aside as damaged.
    pub(crate) async fn set_aside(
        &self,
        message: MessageId,
        kept: &str,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        let kept = kept.to_owned();
        self.submit(Class::Settle, 0, Vec::new(), move |work| mark(work, message, &kept, now)).await
    }

    /// Copies what can be read of a damaged message; gives words that say where it is.
    async fn keep_damaged(&self, message: MessageId, words: &str, bytes: Option<Source>) -> String {
        let Some(bytes) = bytes else { return format!("message {message}: {words}") };
        let path = self.inner.layout.damaged().join(format!("message-{message}.eml"));
        let name = path.display().to_string();
        let copied = tokio::task::spawn_blocking(move || copy_readable(bytes, path)).await;
        match copied {
            Ok(Ok(())) => format!("message {message}: {words}; its bytes are in {name}"),
            _ => format!("message {message}: {words}; its bytes stay where they were"),
        }
    }
}

/// Why a message could not be read.
enum Unreadable {
    Store(StoreError),
    Damaged { words: String, bytes: Option<Source> },
}

/// Bytes of a damaged message.
enum Source {
    Memory(Vec<u8>),
    File(PathBuf),
}

fn read_message(
    connection: &Connection,
    bodies: &Bodies,
    id: MessageId,
) -> Result<StoredMessage, Unreadable> {
    let damaged = |words: String| Unreadable::Damaged { words, bytes: None };
    let released = QuarantineStatus::Released.number();
    let row = connection
        .prepare_cached(
            "SELECT reference, tenant, received, sender, authenticated, declared_size, body_type,
                smtputf8, dsn_return, envelope_id, checksum, body_file, message_id, subject,
                head, data, EXISTS (SELECT 1 FROM quarantine
                    WHERE quarantine.message = message.id AND quarantine.status = ?2)
             FROM message LEFT JOIN body ON body.message = message.id WHERE message.id = ?1",
        )
        .and_then(|mut statement| {
            statement.query_row((id.0, released), |row| Ok(row_to_message(row))).optional()
        });
    let row = match row {
        Ok(Some(row)) => row,
        Ok(None) => return Err(Unreadable::Store(StoreError::NotFound)),
        Err(error) if crate::error::concerns_one_job(&error) => {
            return Err(damaged(error.to_string()));
        }
        Err(error) => return Err(Unreadable::Store(error.into())),
    };
    let row = row.map_err(|error| damaged(format!("its row cannot be read: {error}")))?;
    let row = row.ok_or_else(|| damaged("its envelope cannot be read".to_owned()))?;
    verify(row, bodies, id)
}

/// A message's row, before its body is known to be sound.
struct Unverified {
    message: StoredMessage,
    checksum: i64,
    file: Option<String>,
    data: Vec<u8>,
}

/// `Ok(None)` where a value does not mean anything.
fn row_to_message(row: &Row<'_>) -> rusqlite::Result<Option<Unverified>> {
    let reference: String = row.get(0)?;
    let sender: Option<String> = row.get(3)?;
    let sender = match sender {
        None => None,
        Some(text) => match address_of(&text) {
            Some(address) => Some(address),
            None => return Ok(None),
        },
    };
    let Ok(reference) = reference.parse() else { return Ok(None) };
    let parameters = MailParameters {
        size: row.get::<_, Option<i64>>(5)?.map(i64::cast_unsigned),
        body: body_type(row.get(6)?),
        smtputf8: row.get(7)?,
        dsn_return: row.get::<_, Option<i64>>(8)?.map(dsn_return),
        envelope_id: row.get(9)?,
    };
    let message = StoredMessage {
        id: MessageId(0),
        reference,
        tenant: row.get::<_, Option<i64>>(1)?.map(|number| TenantId(number.cast_unsigned())),
        received: UnixMillis(row.get(2)?),
        sender,
        parameters,
        authenticated: row.get(4)?,
        message_id: row.get(12)?,
        subject: row.get(13)?,
        head: row.get(14)?,
        is_released: row.get(16)?,
        body: StoredBody::Inline(Arc::from([])),
    };
    let data = row.get::<_, Option<Vec<u8>>>(15)?.unwrap_or_default();
    Ok(Some(Unverified { message, checksum: row.get(10)?, file: row.get(11)?, data }))
}

/// Compares the checksum; of a file by reading it once through.
fn verify(row: Unverified, bodies: &Bodies, id: MessageId) -> Result<StoredMessage, Unreadable> {
    let Unverified { mut message, checksum, file, data } = row;
    message.id = id;
    let mut sum = Checksum::new();
    match file {
        None => {
            sum.add(&data);
            sum.add(&message.head);
            if sum.value() != checksum {
                let bytes = Some(Source::Memory([message.head, data].concat()));
                let words = "its checksum does not match".to_owned();
                return Err(Unreadable::Damaged { words, bytes });
            }
            message.body = StoredBody::Inline(data.into());
        }
        Some(name) => {
            let path = bodies.path(&name);
            let unreadable =
                |words| Unreadable::Damaged { words, bytes: Some(Source::File(path.clone())) };
            let (file, len) = sum_file(&path, &mut sum).map_err(|error| {
                match error.raw_os_error() {
                    // Not this message's fault: no more files may be open, no memory.
                    Some(EMFILE | ENFILE | ENOMEM) => Unreadable::Store(error.into()),
                    _ => unreadable(format!("its body cannot be read: {error}")),
                }
            })?;
            sum.add(&message.head);
            if sum.value() != checksum {
                return Err(unreadable("its checksum does not match".to_owned()));
            }
            message.body = StoredBody::File { file: Arc::new(file), len };
        }
    }
    Ok(message)
}

/// System error numbers of Linux that speak of this process or machine, not of a file.
const ENOMEM: i32 = 12;
const ENFILE: i32 = 23;
const EMFILE: i32 = 24;

fn sum_file(path: &PathBuf, sum: &mut Checksum) -> io::Result<(File, u64)> {
    let mut file = File::open(path)?;
    let mut piece = vec![0; PIECE_BYTES];
    let mut len = 0;
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok((file, len));
        }
        sum.add(piece.get(..read).unwrap_or_default());
        len += read as u64;
    }
}

/// Copies what can be read, piece by piece; a piece that cannot be read is left out.
fn copy_readable(source: Source, to: PathBuf) -> io::Result<()> {
    let mut copy = File::create(&to)?;
    match source {
        Source::Memory(bytes) => copy.write_all(&bytes)?,
        Source::File(path) => {
            let mut file = File::open(path)?;
            let len = file.metadata()?.len();
            let mut piece = vec![0; PIECE_BYTES];
            let mut at = 0;
            while at < len {
                file.seek(io::SeekFrom::Start(at))?;
                let read = file.read(&mut piece).unwrap_or(0);
                copy.write_all(piece.get(..read).unwrap_or_default())?;
                at += if read == 0 { PIECE_BYTES as u64 } else { read as u64 };
            }
        }
    }
    copy.sync_all()?;
    sync_folder(to.parent().unwrap_or(&to))
}

/// Marks the recipients of a damaged message, in the trace too, and writes the event.
fn mark(work: &Work<'_>, message: MessageId, kept: &str, now: UnixMillis) -> Result<(), Fault> {
    let connection = work.connection;
    work.fresh.take(message);
    let traces = connection
        .prepare_cached(
            "UPDATE queue SET state = 2, since = ?3, reason = ?4, detail = ?2
             WHERE message = ?1 AND state < 2 RETURNING trace",
        )?
        .query_map((message.0, kept, now.0, Reason::Damaged.id()), |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<Option<i64>>>>()?;
    if traces.is_empty() {
        return Ok(());
    }
    let step = Step {
        status: TraceStatus::Quarantined,
        at: now,
        reason: Reason::Damaged.id(),
        detail: kept,
        to_ip: "",
        by: "",
        reported: false,
    };
    for trace in traces.into_iter().flatten() {
        record_step(connection, trace, &step)?;
    }
    let (tenant, reference) = connection
        .query_row("SELECT tenant, reference FROM message WHERE id = ?1", [message.0], |row| {
            Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, String>(1)?))
        })
        .unwrap_or_default();
    let event = OperationalEvent {
        time: now.0,
        level: Level::Error,
        tenant: tenant.map(i64::cast_unsigned),
        reference,
        reason: Reason::Damaged.id().to_owned(),
        text: "A stored message is damaged and was set aside; nothing of it was delivered since."
            .to_owned(),
        data: EventData::MessageDamaged { kept: kept.to_owned() },
    };
    insert_event(connection, &event)
}
