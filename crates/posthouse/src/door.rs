//! The one door: command-line verbs talk to the running node over a Unix socket in `data_dir`.
//!
//! May touch: that socket. Its permissions (0600 in a folder of 0700) are the authentication: who
//! may open it may read the store as well. One request line in, answer lines out, then the end
//! line; a client that stops reading or writing is dropped after its deadline.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, BufWriter};
use tokio::net::{UnixListener, UnixStream};

use crate::office::{Answer, Request, Trouble};
use crate::world::World;

/// Longest request: a tenant's file with a hundred thousand recipients has room.
const REQUEST_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// A client that is silent for longer holds nothing for us.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(30);

/// One line of an answer.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Line {
    /// One object of the answer.
    Item(Value),
    /// The answer is complete.
    End,
    /// The request was not done.
    Trouble(Trouble),
}

/// Where the door of a node is.
pub(crate) fn socket_path(data_dir: &Path) -> PathBuf {
    data_dir.join("door.sock")
}

/// Opens the door. The caller holds the store's lock, so a socket that is already there was left
/// by a process that is gone.
pub(crate) fn open(data_dir: &Path) -> io::Result<UnixListener> {
    let path = socket_path(data_dir);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Answers requests until the node stops.
pub(crate) async fn serve(listener: UnixListener, world: Arc<World>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let world = Arc::clone(&world);
                tokio::spawn(async move {
                    if let Err(error) = answer_one(stream, &world).await {
                        tracing::debug!(%error, "a client of the door went away");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the door cannot accept");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn answer_one(stream: UnixStream, world: &World) -> io::Result<()> {
    let (read, write) = stream.into_split();
    let mut line = String::new();
    let mut reader = BufReader::new(read.take(REQUEST_BYTES_MAX));
    tokio::time::timeout(REQUEST_TIME_MAX, reader.read_line(&mut line)).await??;
    let answer = match serde_json::from_str::<Request>(&line) {
        Ok(request) => world.office.answer(request, world.now()).await,
        Err(error) => Err(Trouble::new(
            format!("the node does not understand this request: {error}"),
            "use the posthouse binary of the version that runs the node",
        )),
    };
    let mut writer = BufWriter::new(write);
    for line in lines(answer) {
        writer.write_all(&serde_json::to_vec(&line)?).await?;
        writer.write_all(b"\n").await?;
    }
    writer.flush().await
}

fn lines(answer: Answer) -> Vec<Line> {
    match answer {
        Ok(items) => items.into_iter().map(Line::Item).chain([Line::End]).collect(),
        Err(trouble) => vec![Line::Trouble(trouble)],
    }
}

/// Asks a running node; `None` where no node runs here.
pub(crate) async fn ask(data_dir: &Path, request: &Request) -> Option<Answer> {
    let stream = UnixStream::connect(socket_path(data_dir)).await.ok()?;
    Some(converse(stream, request).await.unwrap_or_else(|error| {
        Err(Trouble::new(
            format!("the running node did not answer: {error}"),
            "look at its log, or stop it and ask again: the store can be read without it",
        ))
    }))
}

async fn converse(stream: UnixStream, request: &Request) -> io::Result<Answer> {
    let (read, mut write) = stream.into_split();
    let mut bytes = serde_json::to_vec(request)?;
    bytes.push(b'\n');
    write.write_all(&bytes).await?;
    let mut items = Vec::new();
    let mut lines = BufReader::new(read).lines();
    while let Some(line) = lines.next_line().await? {
        match serde_json::from_str::<Line>(&line)? {
            Line::Item(item) => items.push(item),
            Line::End => return Ok(Ok(items)),
            Line::Trouble(trouble) => return Ok(Err(trouble)),
        }
    }
    Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the answer broke off"))
}
