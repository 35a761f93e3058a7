//! ClamAV's daemon: one message in, one fact out (clamd(8), `INSTREAM`).
//!
//! May touch the socket that it was given, with a deadline on every step. Sends octets and never a
//! name: file names have been commands there (CVE-2024-20328). Whatever is no proper answer is
//! [`EngineFact::Failed`], never clean: a time-out, a refusal, nonsense, `ERROR`, half a reply.

mod reach;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use posthouse_types::{EngineFact, SHOWN_CHARACTERS_MAX, printable};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};

pub use reach::ClamdReach;

/// Octets of a message that are sent at once. clamd reads into a buffer of its own anyway.
const CHUNK_BYTES: usize = 64 * 1024;
/// A reply is one line with one name.
const REPLY_BYTES_MAX: usize = 4 * 1024;

/// Where the daemon listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClamdAt {
    /// An address and port. Nothing is encrypted on the way: a loopback or a network of one's own.
    Tcp(SocketAddr),
    /// A socket of this machine.
    Unix(PathBuf),
}

impl FromStr for ClamdAt {
    type Err = String;

    /// `127.0.0.1:3310`, or a path that begins with `/`; `tcp:` and `unix:` may stand before it.
    fn from_str(text: &str) -> Result<Self, String> {
        let bare = text.strip_prefix("unix:").or_else(|| text.strip_prefix("tcp:"));
        let bare = bare.unwrap_or(text);
        if bare.starts_with('/') {
            return Ok(Self::Unix(PathBuf::from(bare)));
        }
        bare.parse()
            .map(Self::Tcp)
            .map_err(|_| format!("\"{text}\" is neither ADDRESS:PORT nor the path of a socket"))
    }
}

/// Bounds of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClamdLimits {
    /// Waiting for the connection.
    pub connect_time_max: Duration,
    /// Waiting for the daemon to take a chunk.
    pub write_time_max: Duration,
    /// Waiting for its answer, once everything is sent.
    pub answer_time_max: Duration,
    /// All of it, and waiting for a free connection. The client behind SMTP waits for as long.
    pub total_time_max: Duration,
    /// Longer messages are not sent. clamd's own `StreamMaxLength` is 25 MB to 100 MB.
    pub message_bytes_max: usize,
    /// Connections at a time: clamd's `MaxThreads` is 10.
    pub connections_max: usize,
}

impl ClamdLimits {
    /// The defaults, but no more than so long for all of it.
    #[must_use]
    pub fn within(total: Duration) -> Self {
        let limits = Self::default();
        Self { total_time_max: total, answer_time_max: limits.answer_time_max.min(total), ..limits }
    }
}

impl Default for ClamdLimits {
    fn default() -> Self {
        Self {
            connect_time_max: Duration::from_secs(2),
            write_time_max: Duration::from_secs(5),
            answer_time_max: Duration::from_secs(20),
            total_time_max: Duration::from_secs(25),
            message_bytes_max: 100 * 1024 * 1024,
            connections_max: 8,
        }
    }
}

/// What a daemon says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClamdVersion {
    /// The program, as `ClamAV 1.4.3`.
    pub program: String,
    /// The number of the signatures; none where there are none of ClamAV's own.
    pub signatures: Option<u32>,
    /// When those were made, as the daemon writes it: `Mon Nov 23 08:26:41 2026`.
    pub made: Option<String>,
}

/// A client of one daemon: to be kept and shared.
#[derive(Debug)]
pub struct Clamd {
    at: ClamdAt,
    limits: ClamdLimits,
    free: Semaphore,
}

impl Clamd {
    /// A client; nothing is connected yet.
    pub fn new(at: ClamdAt, limits: ClamdLimits) -> Self {
        let free = Semaphore::new(limits.connections_max.max(1));
        Self { at, limits, free }
    }

    /// Has a message looked at.
    pub async fn scan(&self, message: &[u8]) -> EngineFact {
        if message.len() > self.limits.message_bytes_max {
            let most = self.limits.message_bytes_max;
            return EngineFact::Failed(format!("the message is longer than {most} octets"));
        }
        let until = Instant::now() + self.limits.total_time_max;
        let asked = async {
            // The pool is bounded, so that a slow daemon does not take every socket of ours.
            let _permit = self.free.acquire().await.map_err(|_| "it is shut down".to_owned())?;
            let mut stream = self.connect().await?;
            self.stream(&mut stream, message.chunks(CHUNK_BYTES)).await
        };
        match timeout_at(until, asked).await {
            Ok(Ok(reply)) => fact(&reply),
            Ok(Err(reason)) => EngineFact::Failed(reason),
            Err(_) => EngineFact::Failed(format!(
                "no answer within {} s",
                self.limits.total_time_max.as_secs_f32()
            )),
        }
    }

    /// Asks who is there, and how old its signatures are.
    ///
    /// # Errors
    /// Why there is no proper answer, printable.
    pub async fn version(&self) -> Result<ClamdVersion, String> {
        let asked = async {
            let mut stream = self.connect().await?;
            self.write(&mut stream, b"zVERSION\0").await?;
            version(&self.reply(&mut stream).await?)
        };
        match timeout(self.limits.total_time_max, asked).await {
            Ok(answer) => answer,
            Err(_) => Err("no answer in time".to_owned()),
        }
    }

    async fn connect(&self) -> Result<Box<dyn Both>, String> {
        let connecting = async {
            Ok::<Box<dyn Both>, std::io::Error>(match &self.at {
                ClamdAt::Tcp(address) => Box::new(TcpStream::connect(address).await?),
                ClamdAt::Unix(path) => Box::new(UnixStream::connect(path).await?),
            })
        };
        match timeout(self.limits.connect_time_max, connecting).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(format!("cannot connect: {}", shown(&error.to_string()))),
            Err(_) => Err("cannot connect in time".to_owned()),
        }
    }

    /// `zINSTREAM`, chunks with their lengths, an empty one; then the reply.
    async fn stream(
        &self,
        stream: &mut Box<dyn Both>,
        chunks: impl Iterator<Item = &[u8]>,
    ) -> Result<String, String> {
        let sent = async {
            self.write(stream, b"zINSTREAM\0").await?;
            for chunk in chunks {
                let length = u32::try_from(chunk.len()).unwrap_or_default();
                self.write(stream, &length.to_be_bytes()).await?;
                self.write(stream, chunk).await?;
            }
            self.write(stream, &0_u32.to_be_bytes()).await
        };
        match sent.await {
            Ok(()) => self.reply(stream).await,
            // A daemon that has read enough says why and closes: that is worth reading.
            Err(reason) => {
                let reply = self.reply(stream).await.map_err(|_| reason.clone())?;
                if reply.ends_with("ERROR") { Ok(reply) } else { Err(reason) }
            }
        }
    }

    async fn write(&self, stream: &mut Box<dyn Both>, bytes: &[u8]) -> Result<(), String> {
        match timeout(self.limits.write_time_max, stream.write_all(bytes)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(format!("the connection broke: {}", shown(&error.to_string()))),
            Err(_) => Err("it does not take what is sent".to_owned()),
        }
    }

    /// One reply, up to its NUL: without it, it is half a reply.
    async fn reply(&self, stream: &mut Box<dyn Both>) -> Result<String, String> {
        let mut bytes = Vec::new();
        let reading = async {
            while bytes.last() != Some(&0) {
                if bytes.len() > REPLY_BYTES_MAX {
                    return Err("its reply has no end".to_owned());
                }
                match stream.read_buf(&mut bytes).await {
                    Ok(0) if bytes.is_empty() => return Err("it closed without a reply".to_owned()),
                    Ok(0) => return Err("it closed in the middle of its reply".to_owned()),
                    Ok(_) => {}
                    Err(error) => {
                        return Err(format!("the connection broke: {}", shown(&error.to_string())));
                    }
                }
            }
            Ok(())
        };
        match timeout(self.limits.answer_time_max, reading).await {
            Ok(read) => read?,
            Err(_) => return Err("no reply in time".to_owned()),
        }
        bytes.pop();
        String::from_utf8(bytes).map_err(|_| "its reply is no text".to_owned())
    }
}

/// A stream of either kind.
trait Both: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Both for S {}

/// What a reply to INSTREAM means: `stream: OK`, `stream: NAME FOUND`, or anything else.
fn fact(reply: &str) -> EngineFact {
    let Some(said) = reply.strip_prefix("stream: ") else {
        return EngineFact::Failed(format!("it replied \"{}\"", shown(reply)));
    };
    match said.strip_suffix(" FOUND") {
        // With AlertExceedsMax it "finds" that it did not look at everything.
        Some(name) if name.starts_with("Heuristics.Limits.Exceeded") => {
            EngineFact::Failed(format!("its own limits ended the scan: {}", shown(name)))
        }
        Some(name) if !name.trim().is_empty() => EngineFact::Infected(shown(name)),
        None if said == "OK" => EngineFact::Clean,
        _ => EngineFact::Failed(format!("it replied \"{}\"", shown(reply))),
    }
}

/// `ClamAV 1.4.3/27450/Mon Nov 23 08:26:41 2026`, or the program alone.
fn version(reply: &str) -> Result<ClamdVersion, String> {
    let mut fields = reply.splitn(3, '/');
    let program = fields.next().unwrap_or_default();
    if !program.starts_with("ClamAV ") {
        return Err(format!("it replied \"{}\"", shown(reply)));
    }
    let signatures = fields.next().and_then(|number| number.parse().ok());
    Ok(ClamdVersion { program: shown(program), signatures, made: fields.next().map(shown) })
}

fn shown(text: &str) -> String {
    printable(text.trim(), SHOWN_CHARACTERS_MAX)
}
