//! The mailbox stand-in: an SMTP server that takes everything and shows what it took.
//!
//! May touch: one listener on loopback. Speaks through the same protocol core as the gateway.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use posthouse_smtp::{LineEnds, Server, ServerOptions, Step};
use posthouse_types::{EnhancedStatus, Reply, SmtpLimits};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::wire::{ReadOutcome, Wire};
use crate::world;

/// A message that arrived.
#[derive(Clone, Debug)]
pub(super) struct Arrived {
    pub(super) recipients: Vec<String>,
    pub(super) text: String,
}

/// The stand-in.
pub(super) struct Mailbox {
    pub(super) address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    arrived: Mutex<Vec<Arrived>>,
    news: Notify,
}

impl Mailbox {
    /// Opens on a free port of loopback.
    pub(super) async fn open() -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State::default());
        let options = Arc::new(ServerOptions {
            node_name: "mailbox.demo.example".to_owned(),
            limits: SmtpLimits::default(),
            tls_offered: false,
            line_ends: LineEnds::Refuse,
            authentication: None,
            log_lines: false,
        });
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&options), Arc::clone(&shared)));
            }
        });
        Ok(Self { address, state })
    }

    /// Waits until a message came that is as asked for; `None` when the time is over.
    pub(super) async fn wait_for(
        &self,
        within: Duration,
        is_it: impl Fn(&Arrived) -> bool,
    ) -> Option<Arrived> {
        let looking = async {
            loop {
                let news = self.state.news.notified();
                let found = {
                    let arrived = self.state.arrived.lock().unwrap_or_else(PoisonError::into_inner);
                    arrived.iter().find(|message| is_it(message)).cloned()
                };
                if let Some(found) = found {
                    return found;
                }
                news.await;
            }
        };
        tokio::time::timeout(within, looking).await.ok()
    }
}

async fn serve(stream: TcpStream, options: Arc<ServerOptions>, state: Arc<State>) {
    let mut wire = Wire::plain(stream);
    let mut session = Server::new(options, "127.0.0.1", world::now());
    let mut recipients = Vec::new();
    let mut body = Vec::new();
    loop {
        match session.next_step(world::now()) {
            Step::Send => {
                if wire.write(&session.take_output()).await.is_err() {
                    return;
                }
            }
            Step::Receive { until } => match wire.read(until.since(world::now())).await {
                ReadOutcome::Bytes(bytes) => session.receive(world::now(), bytes),
                ReadOutcome::Closed => session.peer_closed(),
                ReadOutcome::TimedOut => {}
            },
            Step::Mail(_) => {
                (recipients, body) = (Vec::new(), Vec::new());
                session.answer_mail(Ok(()));
            }
            Step::Recipient(recipient) => {
                if let posthouse_smtp::ForwardPath::Mailbox(address) = recipient.path {
                    recipients.push(address.to_string());
                }
                session.answer_recipient(Ok(()));
            }
            Step::Body(bytes) => body.extend_from_slice(&bytes),
            Step::Message => {
                let text = String::from_utf8_lossy(&body).into_owned();
                let arrived = Arrived { recipients: std::mem::take(&mut recipients), text };
                state.arrived.lock().unwrap_or_else(PoisonError::into_inner).push(arrived);
                state.news.notify_waiters();
                session.answer_message(Reply::new(250, EnhancedStatus(2, 0, 0), "In the mailbox"));
            }
            Step::Discard | Step::Note(_) | Step::Authenticate(_) => {}
            Step::StartTls | Step::Close => return,
        }
    }
}
