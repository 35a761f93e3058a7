//! The rig: this crate's client and server joined by pipes of memory, under a virtual clock.
//!
//! The pipes may hand over octets in pieces of any size, and may break or fall silent after any
//! octet. Deterministic: the same plan plays the same way.

use std::sync::Arc;

use posthouse_smtp::client::{
    Client, ClientOptions, ClientStep, ClientTimeouts, RecipientOutcome, SessionFailure, TlsWish,
    Transaction,
};
use posthouse_smtp::{
    ForwardPath, LineEnds, MailCommand, RecipientCommand, Server, ServerOptions, Step,
};
use posthouse_types::{
    Address, Domain, EnhancedStatus, MailParameters, Reason, Recipient, RecipientParameters,
    Refusal, Reply, SmtpLimits, UnixMillis,
};

const START: UnixMillis = UnixMillis(1_750_000_000_000);

/// More steps than any plan of these tests takes: a livelock shows as a failure.
const STEPS_MAX: usize = 2_000_000;

/// What is played.
pub struct Plan {
    pub transactions: Vec<(Transaction, Vec<u8>)>,
    pub pieces: Pieces,
    pub break_after: Option<(usize, Break)>,
    pub tls: TlsWish,
    /// What the server answers to a whole message.
    pub verdict: Reply,
    /// The server stops, as a node does that is shut down, when it has seen this many recipients.
    pub stop_after_recipients: Option<usize>,
}

/// How octets are handed over.
#[derive(Clone, Copy, Debug)]
pub enum Pieces {
    /// All there is, at once.
    Whole,
    /// This many at a time.
    Of(usize),
    /// Whole, but never across this octet of either direction.
    SplitAt(usize),
}

/// What happens to the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// Both sides see its end.
    Closed,
    /// Nobody hears anything any more.
    Silent,
}

/// A message for which the server said 250.
#[derive(Debug, PartialEq, Eq)]
pub struct Accepted {
    pub mail: MailCommand,
    pub recipients: Vec<RecipientCommand>,
    pub body: Vec<u8>,
}

/// What came of a plan.
#[derive(Debug)]
pub struct Played {
    /// One for each transaction that was begun.
    pub outcomes: Vec<Vec<RecipientOutcome>>,
    pub accepted: Vec<Accepted>,
    pub failure: Option<SessionFailure>,
    /// Octets that arrived, both directions together.
    pub octets: usize,
    /// Virtual time that passed.
    pub took: std::time::Duration,
}

impl Plan {
    pub fn new(transactions: Vec<(Transaction, Vec<u8>)>) -> Self {
        Self {
            transactions,
            pieces: Pieces::Whole,
            break_after: None,
            tls: TlsWish::Never,
            verdict: Reply::new(250, EnhancedStatus(2, 6, 0), "Queued"),
            stop_after_recipients: None,
        }
    }

    pub fn play(self) -> Played {
        let mut pair = Pair::new(self);
        for _ in 0..STEPS_MAX {
            let client = pair.step_client();
            let server = pair.step_server();
            match (client, server) {
                (Moved::Over, _) => return pair.played(),
                (Moved::Yes, _) | (_, Moved::Yes) => {}
                (Moved::Until(client), Moved::Until(server)) => pair.now = client.min(server),
                (Moved::Until(client), Moved::Over) => pair.now = client,
            }
        }
        panic!("the two never come to an end");
    }
}

pub fn address(text: &str) -> Address {
    let (local, domain) = text.rsplit_once('@').expect("an address");
    Address::new(local, Domain::from_normalized(domain))
}

pub fn transaction(recipients: &[&str], body: &[u8]) -> (Transaction, Vec<u8>) {
    let recipients = recipients.iter().map(|text| Recipient {
        address: address(text),
        parameters: RecipientParameters::default(),
    });
    let transaction = Transaction {
        sender: Some(address("a@contoso.example")),
        recipients: recipients.collect(),
        parameters: MailParameters::default(),
        size: body.len() as u64,
        has_8bit: !body.is_ascii(),
    };
    (transaction, body.to_vec())
}

/// Whether a side did something.
enum Moved {
    Yes,
    /// It waits, until then.
    Until(UnixMillis),
    Over,
}

#[derive(Default)]
struct Pipe {
    octets: Vec<u8>,
    passed: usize,
}

struct Pair {
    plan: Plan,
    client: Client,
    server: Server,
    now: UnixMillis,
    to_client: Pipe,
    to_server: Pipe,
    octets: usize,
    broken: Option<Break>,
    server_over: bool,
    /// The message that the client sends, from the octet that is next.
    sending: Vec<u8>,
    begun: usize,
    mail: Option<MailCommand>,
    recipients: Vec<RecipientCommand>,
    body: Vec<u8>,
    outcomes: Vec<Vec<RecipientOutcome>>,
    accepted: Vec<Accepted>,
    failure: Option<SessionFailure>,
}

impl Pair {
    fn new(plan: Plan) -> Self {
        let client_options = ClientOptions {
            helo_name: "edge.contoso.example".into(),
            tls: plan.tls,
            timeouts: ClientTimeouts::default(),
            log_lines: false,
        };
        let server_options = ServerOptions {
            node_name: "gateway.example".into(),
            limits: SmtpLimits::default(),
            tls_offered: true,
            line_ends: LineEnds::Refuse,
            authentication: None,
            log_lines: false,
        };
        Self {
            client: Client::new(Arc::new(client_options)),
            server: Server::new(Arc::new(server_options), "[192.0.2.1]", START),
            plan,
            now: START,
            to_client: Pipe::default(),
            to_server: Pipe::default(),
            octets: 0,
            broken: None,
            server_over: false,
            sending: Vec::new(),
            begun: 0,
            mail: None,
            recipients: Vec::new(),
            body: Vec::new(),
            outcomes: Vec::new(),
            accepted: Vec::new(),
            failure: None,
        }
    }

    fn played(self) -> Played {
        Played {
            outcomes: self.outcomes,
            accepted: self.accepted,
            failure: self.failure,
            octets: self.octets,
            took: self.now.since(START),
        }
    }

    fn step_client(&mut self) -> Moved {
        match self.client.next_step(self.now) {
            ClientStep::Send { .. } => {
                let output = self.client.take_output();
                self.to_server.octets.extend(output);
            }
            ClientStep::Receive { until } => match self.take(Side::Client) {
                Some(octets) => self.client.receive(&octets),
                None if self.is_closed_for_client() => self.client.peer_closed(),
                None => return Moved::Until(until),
            },
            ClientStep::StartTls => self.client.secured(),
            ClientStep::Ready => match self.plan.transactions.get(self.begun) {
                Some((transaction, body)) => {
                    self.sending = body.clone();
                    self.begun += 1;
                    self.client.begin(transaction.clone()).expect("it is ready");
                }
                None => self.client.quit(),
            },
            ClientStep::BodyWanted if self.sending.is_empty() => self.client.body_end(),
            ClientStep::BodyWanted => {
                let length = match self.plan.pieces {
                    Pieces::Of(length) => length.min(self.sending.len()),
                    Pieces::Whole | Pieces::SplitAt(_) => self.sending.len(),
                };
                let piece: Vec<u8> = self.sending.drain(..length).collect();
                self.client.body(&piece);
            }
            ClientStep::Finished(outcomes) => self.outcomes.push(outcomes),
            ClientStep::Closed(failure) => {
                self.failure = failure;
                return Moved::Over;
            }
        }
        Moved::Yes
    }

    fn step_server(&mut self) -> Moved {
        if self.server_over {
            return Moved::Over;
        }
        match self.server.next_step(self.now) {
            Step::Send => {
                let output = self.server.take_output();
                self.to_client.octets.extend(output);
            }
            Step::Receive { until } => match self.take(Side::Server) {
                Some(octets) => self.server.receive(self.now, &octets),
                None if self.broken == Some(Break::Closed) => self.server.peer_closed(),
                None => return Moved::Until(until),
            },
            Step::StartTls => self.server.secured(self.now),
            Step::Mail(mail) => {
                self.mail = Some(mail);
                self.server.answer_mail(Ok(()));
            }
            Step::Recipient(recipient) => self.answer_recipient(recipient),
            Step::Body(part) => self.body.extend(part),
            Step::Message => {
                let mail = self.mail.take().expect("a message has a sender");
                let recipients = std::mem::take(&mut self.recipients);
                let body = std::mem::take(&mut self.body);
                if self.plan.verdict.is_positive() {
                    self.accepted.push(Accepted { mail, recipients, body });
                }
                self.server.answer_message(self.plan.verdict.clone());
            }
            Step::Authenticate(_) => unreachable!("AUTH is not offered"),
            Step::Discard => {
                self.mail = None;
                self.recipients.clear();
                self.body.clear();
            }
            Step::Note(_) => {}
            Step::Close => self.server_over = true,
        }
        Moved::Yes
    }

    /// Recipients whose name begins with `no-` do not exist, with `later-` do not exist yet.
    fn answer_recipient(&mut self, recipient: RecipientCommand) {
        let ForwardPath::Mailbox(address) = &recipient.path else {
            panic!("nobody sends to the bare postmaster here");
        };
        let answer = if address.local().starts_with("no-") {
            Err(refusal(550, EnhancedStatus(5, 1, 1), "no such recipient"))
        } else if address.local().starts_with("later-") {
            Err(refusal(451, EnhancedStatus(4, 2, 1), "not now"))
        } else {
            self.recipients.push(recipient);
            Ok(())
        };
        self.server.answer_recipient(answer);
        if self.plan.stop_after_recipients == Some(self.recipients.len()) {
            self.server.shut_down(refusal(421, EnhancedStatus(4, 3, 2), "stopping"));
        }
    }

    fn is_closed_for_client(&self) -> bool {
        match self.broken {
            Some(Break::Closed) => true,
            Some(Break::Silent) => false,
            None => self.server_over,
        }
    }

    /// The next piece for one side, if anything is there and the connection still carries it.
    fn take(&mut self, side: Side) -> Option<Vec<u8>> {
        let left = match self.plan.break_after {
            Some((after, how)) if self.octets >= after => {
                self.broken = Some(how);
                return None;
            }
            Some((after, _)) => after - self.octets,
            None => usize::MAX,
        };
        let pipe = match side {
            Side::Client => &mut self.to_client,
            Side::Server => &mut self.to_server,
        };
        let wanted = match self.plan.pieces {
            Pieces::Whole => usize::MAX,
            Pieces::Of(length) => length,
            Pieces::SplitAt(place) if pipe.passed < place => place - pipe.passed,
            Pieces::SplitAt(_) => usize::MAX,
        };
        let length = pipe.octets.len().min(wanted).min(left);
        if length == 0 {
            return None;
        }
        pipe.passed += length;
        self.octets += length;
        Some(pipe.octets.drain(..length).collect())
    }
}

#[derive(Clone, Copy)]
enum Side {
    Client,
    Server,
}

fn refusal(code: u16, status: EnhancedStatus, text: &str) -> Refusal {
    Refusal::new(Reason::RecipientUnknown, code, status, text, text)
}
