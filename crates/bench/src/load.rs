//! The sender of a relay measurement: many sessions at once, each one message after the other.
//!
//! May touch: connections to loopback. Pipelines as real servers do (RFC 2920); the same for all
//! that are measured, in one thread, and as cheap as can be.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::{JoinSet, LocalSet};

use crate::Result;

/// Messages over one session before a new one is opened, as busy servers do.
const MESSAGES_PER_SESSION: u64 = 100;

/// Longest wait for one reply.
const REPLY_TIME_MAX: Duration = Duration::from_secs(60);

/// What to send.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    /// To whom.
    pub(crate) to: SocketAddr,
    /// Sessions at once.
    pub(crate) sessions: u64,
    /// Messages in all.
    pub(crate) messages: u64,
}

/// What came of it.
pub(crate) struct Sent {
    /// When the first session was opened.
    pub(crate) begun: Instant,
    /// How long it took until the last message was accepted.
    pub(crate) time: Duration,
}

/// An HTML message of 10 kB, as a newsletter or an invoice is; what stands before the number that
/// makes each one its own, and what comes after it.
pub(crate) fn message() -> (Vec<u8>, Vec<u8>) {
    const BYTES: usize = 10 * 1024;
    let head = b"From: Alice <alice@contoso.example>\r\nTo: Bob <bob@elsewhere.example>\r\n\
        Subject: Your order has been sent\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n\
        MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\
        Content-Transfer-Encoding: 7bit\r\nMessage-ID: <";
    let mut tail = b"@mail.contoso.example>\r\n\r\n<!DOCTYPE html>\r\n<html><body>\r\n".to_vec();
    let mut row = 0;
    while head.len() + tail.len() < BYTES - 40 {
        row += 1;
        let line = format!(
            "<tr class=\"item\"><td>{row}</td><td><a href=\"https://shop.example/i/{row}\">Item \
             {row}</a></td><td align=\"right\">{}.{:02} EUR</td></tr>\r\n",
            row * 3,
            row * 7 % 100
        );
        tail.extend_from_slice(line.as_bytes());
    }
    tail.extend_from_slice(b"</body></html>\r\n.\r\n");
    (head.to_vec(), tail)
}

/// Sends all of it; every message must be accepted.
pub(crate) fn send(load: Load) -> Result<Sent> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let begun = Instant::now();
    let left = Rc::new(Cell::new(load.messages));
    LocalSet::new().block_on(&runtime, async {
        let mut sessions = JoinSet::new();
        for _ in 0..load.sessions {
            let left = Rc::clone(&left);
            sessions.spawn_local(async move {
                while left.get() > 0 {
                    session(load.to, &left).await?;
                }
                Result::Ok(())
            });
        }
        while let Some(ended) = sessions.join_next().await {
            ended??;
        }
        Result::Ok(())
    })?;
    Ok(Sent { begun, time: begun.elapsed() })
}

async fn session(to: SocketAddr, left: &Cell<u64>) -> Result<()> {
    const ENVELOPE: &[u8] =
        b"MAIL FROM:<alice@contoso.example>\r\nRCPT TO:<bob@elsewhere.example>\r\nDATA\r\n";
    let mut dialogue = Dialogue::open(to).await?;
    let (head, tail) = message();
    let mut mail = Vec::with_capacity(head.len() + tail.len() + 20);
    for _ in 0..MESSAGES_PER_SESSION {
        let number = left.get();
        if number == 0 {
            break;
        }
        left.set(number - 1);
        dialogue.say(ENVELOPE, 3).await?;
        mail.clear();
        mail.extend_from_slice(&head);
        mail.extend_from_slice(format!("{number:016}").as_bytes());
        mail.extend_from_slice(&tail);
        dialogue.say(&mail, 1).await?;
    }
    dialogue.say(b"QUIT\r\n", 1).await
}

/// One plain SMTP session, as far as a measurement needs it.
pub(crate) struct Dialogue {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// The last line of the last reply.
    pub(crate) last: String,
}

impl Dialogue {
    /// Connects, hears the greeting and says EHLO.
    pub(crate) async fn open(to: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        let mut dialogue = Self { stream, buffer: Vec::with_capacity(4096), last: String::new() };
        dialogue.hear(1).await?;
        dialogue.say(b"EHLO mail.contoso.example\r\n", 1).await?;
        Ok(dialogue)
    }

    /// Says this, and hears so many replies, none of which may refuse.
    pub(crate) async fn say(&mut self, words: &[u8], replies: usize) -> Result<()> {
        self.ask(words, replies).await?;
        if self.last.starts_with(['2', '3']) { Ok(()) } else { Err(self.last.clone().into()) }
    }

    /// Says this, and hears so many replies; the first that refuses, else the last one, is kept.
    pub(crate) async fn ask(&mut self, words: &[u8], replies: usize) -> Result<()> {
        self.stream.write_all(words).await?;
        self.hear(replies).await
    }

    /// The connection, for a handshake.
    pub(crate) fn into_stream(self) -> TcpStream {
        self.stream
    }

    async fn hear(&mut self, replies: usize) -> Result<()> {
        let mut wanted = replies;
        let mut refused = false;
        loop {
            while let Some(end) = memchr::memchr(b'\n', &self.buffer) {
                let line = self.buffer.get(..end).unwrap_or_default();
                if line.get(3) != Some(&b'-') {
                    wanted = wanted.saturating_sub(1);
                    let positive = matches!(line.first(), Some(b'2' | b'3'));
                    if !refused && (wanted == 0 || !positive) {
                        self.last = String::from_utf8_lossy(line).trim_end().to_owned();
                    }
                    refused |= !positive;
                }
                self.buffer.drain(..=end);
            }
            if wanted == 0 {
                return Ok(());
            }
            let read = self.stream.read_buf(&mut self.buffer);
            if tokio::time::timeout(REPLY_TIME_MAX, read).await?? == 0 {
                return Err("the server hung up".into());
            }
        }
    }
}
