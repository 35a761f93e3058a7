//! The doctor turned round: a throwaway receiver that tells any sender what it presented.
//!
//! May touch: one listening socket and the connections that come to it, the clock, randomness. Its
//! certificate is made when it starts and forgotten when it ends. Takes no mail: each recipient is
//! refused for now (450), so that a sender which is led here by its queue keeps what it has.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use posthouse_pki::{Examination, TrustedRoots, examine, sentence};
use posthouse_smtp::{LineEnds, Server, ServerOptions, Step};
use posthouse_trace::ChainFacts;
use posthouse_types::{
    ChainReason, ChainReport, EnhancedStatus, Reason, Refusal, Reply, SHOWN_CHARACTERS_MAX,
    SmtpLimits, printable,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};

use super::dialogue::millis;
use super::findings::own_fixes;
use super::report::{Report, Stage, StageId, Status};
use super::texts;
use crate::tls::{ClientIdentity, HandshakeFacts, HandshakeFailure, ServerTls};
use crate::wire::{ReadOutcome, Wire};
use crate::world;

/// Connections at once: whoever tests a sender has a few.
const CONNECTIONS_MAX: usize = 32;

/// What the receiver needs.
pub(crate) struct ListenWishes {
    /// Where to listen.
    pub(crate) address: SocketAddr,
    /// Stop after so many connections; `None`: when told to.
    pub(crate) count: Option<u64>,
    /// Who is trusted.
    pub(crate) roots: Arc<TrustedRoots>,
}

/// What the receiver tells while it runs.
pub(crate) enum Told {
    /// It listens here.
    Listening(SocketAddr),
    /// What one sender presented.
    Sender(Box<Report>),
}

/// Listens until `count` connections have ended or Ctrl-C comes. Says whether each sender's chain
/// was accepted.
///
/// # Errors
/// What kept it from listening, with the way out.
pub(crate) async fn listen(
    wishes: ListenWishes,
    mut tell: impl FnMut(Told),
) -> Result<bool, String> {
    let receiver = Arc::new(Receiver::new(wishes.roots)?);
    let listener = TcpListener::bind(wishes.address)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", wishes.address))?;
    let address = listener.local_addr().unwrap_or(wishes.address);
    tell(Told::Listening(address));
    let (results, mut reports) = mpsc::channel::<Heard>(CONNECTIONS_MAX);
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let (mut ended, mut all_good) = (0, true);
    while wishes.count.is_none_or(|count| ended < count) {
        tokio::select! {
            connection = listener.accept() => {
                let (Ok((stream, peer)), Ok(slot)) =
                    (connection, Arc::clone(&slots).try_acquire_owned())
                else {
                    continue; // Too many at once: this one is closed.
                };
                let (receiver, results) = (Arc::clone(&receiver), results.clone());
                tokio::spawn(async move {
                    receiver.serve(stream, peer, &results).await;
                    drop(slot);
                    // The loop is there as long as anybody serves.
                    let _ = results.send(Heard::End).await;
                });
            }
            heard = reports.recv() => match heard {
                Some(Heard::Report(report)) => {
                    all_good &= report.verdict() != Status::Error;
                    tell(Told::Sender(report));
                }
                Some(Heard::End) => ended += 1,
                None => break,
            },
            _ = tokio::signal::ctrl_c() => break,
        }
    }
    Ok(all_good)
}

/// What a connection tells the loop.
enum Heard {
    Report(Box<Report>),
    End,
}

/// What all connections share.
struct Receiver {
    tls: ServerTls,
    options: Arc<ServerOptions>,
    roots: Arc<TrustedRoots>,
}

impl Receiver {
    fn new(roots: Arc<TrustedRoots>) -> Result<Self, String> {
        let name = "doctor.posthouse.invalid";
        let made = rcgen::generate_simple_self_signed([name.to_owned()])
            .map_err(|error| format!("cannot make a certificate: {error}"))?;
        let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let own = "the certificate made for this run";
        let identity = ClientIdentity::from_pem(certificate.as_bytes(), key.as_bytes(), own, own)
            .map_err(|failure| failure.text)?;
        let options = ServerOptions {
            node_name: name.to_owned(),
            limits: SmtpLimits::default(),
            tls_offered: true,
            line_ends: LineEnds::Refuse,
            authentication: None,
            log_lines: false,
        };
        Ok(Self { tls: ServerTls::fixed(&identity), options: Arc::new(options), roots })
    }

    /// Leads one session. Whatever the peer does, it ends within the session's limits.
    async fn serve(&self, stream: TcpStream, peer: SocketAddr, results: &mpsc::Sender<Heard>) {
        let _ = stream.set_nodelay(true);
        let mut wire = Wire::plain(stream);
        let label = format!("[{}]", peer.ip());
        let mut session = Server::new(Arc::clone(&self.options), &label, world::now());
        let mut shown = None;
        let mut helo = String::new();
        loop {
            if !session.helo().is_empty() {
                helo = session.helo().to_owned();
            }
            match session.next_step(world::now()) {
                Step::Send => {
                    if wire.write(&session.take_output()).await.is_err() {
                        session.peer_closed();
                    }
                }
                Step::Receive { until } => match wire.read(until.since(world::now())).await {
                    ReadOutcome::Bytes(bytes) => session.receive(world::now(), bytes),
                    ReadOutcome::Closed => session.peer_closed(),
                    ReadOutcome::TimedOut => {} // The next step sees the time.
                },
                Step::StartTls => {
                    let start = Instant::now();
                    let shaken = wire.start_tls_server(&self.tls).await;
                    let finding = self.judge(shaken).took(millis(start));
                    send(results, peer, &helo, finding.stage.clone()).await;
                    if finding.is_encrypted {
                        session.secured(world::now());
                    } else {
                        session.peer_closed();
                    }
                    shown = Some(finding);
                }
                Step::Mail(_) => session.answer_mail(Ok(())),
                Step::Recipient(_) => session.answer_recipient(Err(answer(shown.as_ref()))),
                Step::Authenticate(_) => session.answer_authentication(Err(answer(None))),
                // No recipient is ever accepted, so no message can come.
                Step::Message => session.answer_message(answer(shown.as_ref()).reply),
                Step::Body(_) | Step::Discard | Step::Note(_) => {}
                Step::Close => break,
            }
        }
        if shown.is_none() {
            let stage =
                Stage::new(StageId::ClientCertificate, Status::Error, texts::LISTEN_WITHOUT_TLS);
            send(results, peer, &helo, stage).await;
        }
        wire.close().await;
    }

    /// What a handshake showed, as a finding and as words for the sender.
    fn judge(&self, shaken: Result<HandshakeFacts, HandshakeFailure>) -> Presented {
        let id = StageId::ClientCertificate;
        let facts = match shaken {
            Ok(facts) => facts,
            Err(failure) => {
                let text = texts::handshake_failed(&failure.text);
                let stage = Stage::new(id, Status::Error, text).with("reason", failure.reason.id());
                return Presented { stage, words: String::new(), is_encrypted: false };
            }
        };
        let presented: Vec<&[u8]> = facts.presented.iter().map(Vec::as_slice).collect();
        let chain = examine(&presented, &Examination::new(&self.roots, world::now()));
        let (status, text, words) = verdict(&chain);
        let stage = Stage::new(id, status, text)
            .mended_by(own_fixes(&chain))
            .about(ChainFacts::from(&chain))
            .with("tls_version", facts.version)
            .with("cipher", printable(&facts.cipher, SHOWN_CHARACTERS_MAX))
            .with("reason", chain.reason.id());
        Presented { stage, words, is_encrypted: true }
    }
}

/// What one sender presented.
struct Presented {
    stage: Stage,
    /// For the sender: printable ASCII.
    words: String,
    is_encrypted: bool,
}

impl Presented {
    fn took(mut self, millis: u64) -> Self {
        self.stage = self.stage.took(millis);
        self
    }
}

fn verdict(chain: &ChainReport) -> (Status, String, String) {
    let sent = texts::certificates(chain.presented.len());
    match chain.reason {
        ChainReason::Ok => {
            let names: Vec<&str> = chain.names.iter().map(|name| name.as_str()).collect();
            let names = printable(&names.join(", "), SHOWN_CHARACTERS_MAX);
            let text = texts::listen_good(&sent, &names);
            (Status::Ok, text.clone(), text)
        }
        reason => {
            let words = sentence(chain);
            (Status::Error, texts::listen_bad(&sent, reason.id(), &words), words)
        }
    }
}

/// The answer to RCPT: what was seen, and that nothing is taken.
fn answer(shown: Option<&Presented>) -> Refusal {
    let reason = Reason::ShuttingDown;
    let words = match shown {
        Some(presented) => presented.words.clone(),
        None => texts::LISTEN_WITHOUT_TLS.to_owned(),
    };
    let reply = Reply {
        code: 450,
        status: Some(EnhancedStatus(4, 7, 0)),
        lines: vec![words, texts::LISTEN_TAKES_NOTHING.to_owned()],
    };
    Refusal { reason, reply, operator_text: String::new() }
}

async fn send(results: &mpsc::Sender<Heard>, peer: SocketAddr, helo: &str, stage: Stage) {
    let report = Report {
        host: peer.ip().to_string(),
        port: peer.port(),
        time: posthouse_message::date_rfc3339(world::now()),
        summary: texts::listen_summary(helo, stage.status),
        stages: vec![stage.with("helo", printable(helo, SHOWN_CHARACTERS_MAX))],
        transcript: Vec::new(),
    };
    // The loop is there as long as anybody serves.
    let _ = results.send(Heard::Report(Box::new(report))).await;
}
