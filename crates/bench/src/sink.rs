//! The next hop of a relay measurement: takes every message, keeps none, counts them.
//!
//! May touch: a listener on loopback. The same for all that are measured, in one thread of its own,
//! and as cheap as can be, so that what is measured is the relay.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use memchr::memmem::Finder;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::Result;

/// Bytes read at a time.
const READ_BYTES: usize = 64 * 1024;

/// What ends a message.
const END: &[u8] = b"\r\n.\r\n";

/// A sink; it runs until its process ends.
pub(crate) struct Sink {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    taken: Arc<AtomicU64>,
}

impl Sink {
    /// Starts one on a free port.
    pub(crate) fn start() -> Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let taken = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&taken);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("sink".to_owned()).spawn(move || {
            // An error here shows as messages that never arrive, which the measurement reports.
            let _ = runtime.block_on(accept(listener, counter));
        })?;
        Ok(Self { address, taken })
    }

    /// Messages taken so far.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Acquire)
    }

    /// Waits until so many messages were taken in all; gives when that was, to a millisecond.
    pub(crate) fn wait_for(&self, messages: u64, patience: Duration) -> Result<Instant> {
        let give_up = Instant::now() + patience;
        while self.taken() < messages {
            if Instant::now() > give_up {
                return Err(format!("{} of {messages} messages arrived", self.taken()).into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(Instant::now())
    }
}

async fn accept(listener: std::net::TcpListener, taken: Arc<AtomicU64>) -> Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let taken = Arc::clone(&taken);
        tokio::spawn(async move {
            // A relay that breaks off sends its message again.
            let _ = serve(stream, &taken).await;
        });
    }
}

async fn serve(mut stream: TcpStream, taken: &AtomicU64) -> Result<()> {
    let end = Finder::new(END);
    stream.write_all(b"220 sink.example ESMTP\r\n").await?;
    let mut buffer = Vec::with_capacity(READ_BYTES);
    let mut in_body = false;
    loop {
        let mut answer = Vec::new();
        loop {
            let used = if in_body { body(&buffer, &end) } else { line(&buffer) };
            let Some(used) = used else { break };
            if in_body {
                in_body = false;
                taken.fetch_add(1, Ordering::AcqRel);
                answer.extend_from_slice(b"250 2.0.0 taken\r\n");
            } else {
                let verb = buffer.get(..4).unwrap_or_default().to_ascii_uppercase();
                in_body = verb == b"DATA";
                answer.extend_from_slice(reply(&verb));
            }
            buffer.drain(..used);
        }
        if !answer.is_empty() {
            stream.write_all(&answer).await?;
        }
        // Of a body only as much is kept as its end may need.
        if in_body && buffer.len() > END.len() {
            buffer.drain(..buffer.len() - END.len());
        }
        buffer.reserve(READ_BYTES);
        if stream.read_buf(&mut buffer).await? == 0 {
            return Ok(());
        }
    }
}

fn reply(verb: &[u8]) -> &'static [u8] {
    match verb {
        b"EHLO" => b"250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE\r\n",
        b"DATA" => b"354 go on\r\n",
        b"QUIT" => b"221 2.0.0 bye\r\n",
        _ => b"250 2.0.0 ok\r\n",
    }
}

/// Length of the first line, with its end.
fn line(buffer: &[u8]) -> Option<usize> {
    memchr::memchr(b'\n', buffer).map(|at| at + 1)
}

/// Length of the body, with its end.
fn body(buffer: &[u8], end: &Finder<'_>) -> Option<usize> {
    end.find(buffer).map(|at| at + END.len())
}
