//! The gateway, from accept to 250. Read this file first; every line names the next room.
//!
//! bytes -> `smtp` -> (client chain) `pki` -> (whose mail?) `policy::attribute`
//!       -> `protection::judge` -> `store` -> 250 -> `outbound.rs`
//!
//! May touch: the peer's socket and `World`. Decides nothing: each decision is a pure call. A
//! failure of the peer ends its session; a failure of ours is a 4yz reply, never a lie.

use std::sync::Arc;

use posthouse_message::{HeaderFacts, Protocol};
use posthouse_pki as pki;
use posthouse_policy::{
    self as policy, Accepted, Direction, Directory, Owner, Place, Question, RecipientPath, srs,
};
use posthouse_smtp::{Credentials, ForwardPath, MailCommand, RecipientCommand, Server, Step};
use posthouse_store::{Committed, NewMessage};
use posthouse_trace::Judgement;
use posthouse_trace::protocol_log::tls_failed;
use posthouse_types::{
    Address, ChainReport, ChainWarning, Domain, EnhancedStatus, MailParameters, Peer, Reason,
    Recipient, RecipientParameters, Reference, Refusal, Reply, SHOWN_CHARACTERS_MAX, TenantId,
    TlsFacts, UnixMillis, printable_ascii,
};

use crate::body::{Body, Origin};
use crate::edge::{self, User};
use crate::listeners::Entrance;
use crate::outbound::Entries;
use crate::protection::{
    self, Acquaintance, Arrived, Circumstances, Contacts, Judgment, Leaving, Sample, Taken, treat,
};
use crate::receive_log::ReceiveLog;
use crate::records::{self, Submission};
use crate::refusals;
use crate::wire::{ReadOutcome, Wire};
use crate::world::World;

/// Serves one connection until the peer quits or the session ends it.
pub(crate) async fn serve(wire: Wire, peer: Peer, entrance: Entrance, world: Arc<World>) {
    let mut session = Session::new(wire, peer, entrance, world);
    if entrance == Entrance::SubmissionTls && session.start_tls().await.is_err() {
        return;
    }
    loop {
        match session.protocol.next_step(session.world.now()) {
            Step::Send => session.send().await,
            Step::Receive { until } => session.receive(until).await,
            // An untrusted chain does not fail the handshake; RCPT judges it and can say why.
            Step::StartTls => {
                if session.start_tls().await.is_err() {
                    return;
                }
            }
            Step::Authenticate(credentials) => {
                let answer = session.log_in(credentials).await;
                session.protocol.answer_authentication(answer);
            }
            Step::Mail(mail) => {
                let answer = session.begin(mail).await;
                session.protocol.answer_mail(answer);
            }
            Step::Recipient(recipient) => {
                let answer = session.admit(recipient).await;
                session.protocol.answer_recipient(answer);
            }
            Step::Body(bytes) => session.append(bytes),
            Step::Message => {
                let reply = session.take().await;
                session.protocol.answer_message(reply);
            }
            Step::Discard => session.transaction = None,
            Step::Note(refusal) => session.note(refusal).await,
            Step::Close => return session.close().await,
        }
    }
}

struct Session {
    wire: Wire,
    protocol: Server,
    peer: Peer,
    /// Who logged in, on an edge.
    user: Option<Arc<User>>,
    /// The certificates that the peer sent, as DER: a connector may have them judged again.
    presented: Vec<Vec<u8>>,
    transaction: Option<Transaction>,
    log: ReceiveLog,
    world: Arc<World>,
}

/// What is valid between MAIL FROM and the end of data.
struct Transaction {
    reference: Reference,
    sender: Option<Address>,
    parameters: MailParameters,
    /// The attribution of the first recipient: one transaction, one tenant (decision 5).
    accepted: Option<Accepted>,
    /// The report by which a connector recognised the peer, where it is not the one on the chain
    /// as sent.
    chain: Option<Arc<ChainReport>>,
    recipients: Vec<Admitted>,
    /// Made with the first piece of the body.
    body: Option<Body>,
    /// Why the body cannot be taken; answered once it has ended.
    failure: Option<Refusal>,
    /// What led to a refusal of the whole message.
    judgement: Option<Judgement>,
}

/// A recipient that was answered 250.
#[derive(Clone)]
pub(crate) struct Admitted {
    /// Where the message goes: the recipient as given, or who stands in for a postmaster.
    pub(crate) recipient: Recipient,
    /// The tenant that the recipient belongs to, where it is hosted here.
    pub(crate) hosted_by: Option<TenantId>,
    /// Nobody is there to take a postmaster's mail: it is held.
    pub(crate) held: Option<Reason>,
}

impl Transaction {
    /// A recipient that stands for a sender which was rewritten on its way out.
    fn take_returned(
        &mut self,
        parameters: RecipientParameters,
        returned: Result<(Address, Accepted), Refusal>,
    ) -> Result<(), Refusal> {
        let (address, accepted) = returned?;
        if self.accepted.as_ref().is_some_and(|first| first.owner != accepted.owner) {
            return Err(policy::other_tenant_in_transaction());
        }
        let recipient = Recipient { address, parameters };
        self.recipients.push(Admitted { recipient, hosted_by: None, held: None });
        self.accepted.get_or_insert(accepted);
        Ok(())
    }
}

impl Session {
    fn new(wire: Wire, peer: Peer, entrance: Entrance, world: Arc<World>) -> Self {
        let label = peer.address.ip().to_string();
        let protocol = Server::new(world.server_options(entrance), &label, world.now());
        let log = ReceiveLog::begin(&world, entrance.log_name(), &peer);
        let (user, presented, transaction) = (None, Vec::new(), None);
        Self { wire, protocol, peer, user, presented, transaction, log, world }
    }

    async fn close(mut self) {
        self.log.note(&self.world, &mut self.protocol);
        self.log.end(&self.world, if self.wire.ended_by().is_some() { "Remote" } else { "Local" });
        self.wire.close().await;
    }

    async fn send(&mut self) {
        self.log.note(&self.world, &mut self.protocol);
        let output = self.protocol.take_output();
        if self.wire.write(&output).await.is_err() {
            self.protocol.peer_closed();
        }
    }

    async fn receive(&mut self, until: UnixMillis) {
        let within = until.since(self.world.now());
        let outcome = tokio::select! {
            outcome = self.wire.read(within) => outcome,
            // Between transactions a stopping node says so at once; within one the peer may end it.
            () = self.world.stopping.stopped(), if !self.protocol.in_transaction() => {
                return self.protocol.shut_down(refusals::shutting_down());
            }
        };
        match outcome {
            ReadOutcome::Bytes(bytes) => self.protocol.receive(self.world.now(), bytes),
            ReadOutcome::Closed => self.protocol.peer_closed(),
            ReadOutcome::TimedOut => {} // The next step sees the time and ends the session.
        }
    }

    /// Shakes hands and examines what the peer presented. A failure leaves no channel on which
    /// the peer could be told, so it becomes an event and a trace row that name it.
    async fn start_tls(&mut self) -> Result<(), ()> {
        let Some(server_tls) = self.world.server_tls.as_ref() else { return Err(()) };
        match self.wire.start_tls_server(server_tls).await {
            Ok(facts) => {
                let presented: Vec<&[u8]> = facts.presented.iter().map(Vec::as_slice).collect();
                let chain = self.world.examine(&presented);
                self.log.certificates(&self.world, &facts);
                let (version, cipher) = (facts.version, facts.cipher);
                self.presented = facts.presented;
                self.peer.tls = Some(TlsFacts { version, cipher, chain });
                self.protocol.secured(self.world.now());
                Ok(())
            }
            Err(failure) => {
                let reference = self.world.new_reference();
                self.log.information(&self.world, "", &tls_failed(&failure.text));
                self.log.end(&self.world, "Local");
                records::handshake_failed(&self.world, &self.peer, reference, &failure).await;
                Err(())
            }
        }
    }

    /// AUTH, on an edge: says who this is, or refuses it, late.
    async fn log_in(&mut self, credentials: Credentials) -> Result<(), Refusal> {
        self.protocol.helo().clone_into(&mut self.peer.helo);
        let user = edge::log_in(&self.world, &self.peer, credentials).await?;
        self.log.information(&self.world, user.name(), "authenticated");
        self.user = Some(user);
        Ok(())
    }

    /// MAIL FROM: is there room, before anything is promised? And may this user send as that?
    async fn begin(&mut self, mail: MailCommand) -> Result<(), Refusal> {
        self.protocol.helo().clone_into(&mut self.peer.helo);
        if let Some(user) =
            self.user.as_deref().filter(|user| !user.may_send_as(mail.sender.as_ref()))
        {
            return Err(self.refuse_sender(user, mail.sender.as_ref()).await);
        }
        self.world.store().check_room().map_err(|error| {
            self.world.count_refusal(error.reason());
            refusals::store(&error)
        })?;
        self.transaction = Some(Transaction {
            reference: self.world.new_reference(),
            sender: mail.sender,
            parameters: mail.parameters,
            accepted: None,
            chain: None,
            recipients: Vec::new(),
            body: None,
            failure: None,
            judgement: None,
        });
        Ok(())
    }

    /// RCPT TO: says whose mail this is, or refuses it with the reason. The reason can be read by
    /// `explain` before the reply is sent (decision 11).
    async fn admit(&mut self, command: RecipientCommand) -> Result<(), Refusal> {
        let Some(transaction) = self.transaction.as_mut() else {
            return Err(refusals::bad_sequence());
        };
        let directory = self.world.directory();
        if let ForwardPath::Mailbox(address) = &command.path
            && let Some(returned) =
                srs::returning(address, &directory, &self.world.srs, self.world.now())
        {
            return transaction.take_returned(command.parameters, returned);
        }
        let chain_sentence = match &self.peer.tls {
            Some(tls) if !tls.chain.is_accepted() => pki::sentence(&tls.chain),
            _ => String::new(),
        };
        let path = match &command.path {
            ForwardPath::Postmaster => RecipientPath::Postmaster,
            ForwardPath::Mailbox(address) => RecipientPath::Mailbox(address),
        };
        let shared = self.world.shared_identities();
        let question = Question {
            peer: &self.peer,
            sender: transaction.sender.as_ref(),
            recipient: path,
            transaction: transaction.accepted.as_ref().map(|accepted| accepted.owner),
            chain_sentence: &chain_sentence,
            shared: &shared,
            chains: &[],
        };
        let settings = self.world.settings();
        let attribution = match &settings.edge {
            Some(edge) => {
                edge::attribute(&self.world, edge, &self.peer, self.user.as_deref(), path)
            }
            None => {
                // Connectors with a rule of their own have the chain judged again; most have none.
                let chains: Vec<_> = policy::chain_rules(&question, &directory)
                    .into_iter()
                    .map(|rule| self.world.judge(&self.presented, rule))
                    .collect();
                policy::attribute(&Question { chains: &chains, ..question }, &directory)
            }
        };
        match &attribution.outcome {
            Ok(accepted) => {
                let admitted = admitted(command, &accepted.place, &self.world);
                transaction.recipients.push(admitted);
                transaction.accepted.get_or_insert_with(|| accepted.clone());
                transaction.chain = transaction.chain.take().or(attribution.chain);
                Ok(())
            }
            Err(refusal) => {
                let recipient = match &command.path {
                    ForwardPath::Postmaster => "Postmaster".to_owned(),
                    ForwardPath::Mailbox(address) => address.to_string(),
                };
                let submission = Submission {
                    peer: &self.peer,
                    chain: attribution.chain.as_deref(),
                    reference: transaction.reference,
                    sender: transaction.sender.as_ref(),
                    recipient,
                    now: self.world.now(),
                };
                let refusal = refusal.clone();
                Err(records::refused(&self.world, &submission, refusal, &attribution).await)
            }
        }
    }

    /// One piece of the body. A failure is kept and answered when the body has ended.
    fn append(&mut self, bytes: Vec<u8>) {
        let Some(transaction) = self.transaction.as_mut() else { return };
        if transaction.failure.is_some() {
            return;
        }
        let world = &self.world;
        let accepted = transaction.accepted.as_ref();
        let body = transaction.body.get_or_insert_with(|| Body::new(world, accepted));
        if let Err(refusal) = body.append(&bytes) {
            transaction.failure = Some(refusal);
            transaction.body = None;
        }
    }

    /// Takes responsibility for one message. A 250 can only be made from what `commit` returns.
    async fn take(&mut self) -> Reply {
        let Some(mut transaction) = self.transaction.take() else {
            return refusals::bad_sequence().reply;
        };
        if let Some(refusal) = transaction.failure.take() {
            return self.refuse_message(&transaction, refusal).await;
        }
        let Some(accepted) = transaction.accepted.take() else {
            return self.refuse_message(&transaction, refusals::bad_sequence()).await;
        };
        let new_body = || Body::new(&self.world, Some(&accepted));
        let body = transaction.body.take().unwrap_or_else(new_body);
        let (draft, header) = match body.finish() {
            Ok(finished) => finished,
            Err(refusal) => return self.refuse_message(&transaction, refusal).await,
        };
        if let Some(user) = self.user.as_deref().filter(|user| !user.may_write_as(&header.authors))
        {
            let refusal = edge::send_as_denied(user, &header.authors.addresses.join(", "));
            return self.refuse_message(&transaction, refusal).await;
        }
        let (sender, recipients) = (transaction.sender.as_ref(), &transaction.recipients);
        let arrived = Arrived { peer: &self.peer, header: &header, draft: &draft, recipients };
        let (source, accepted) = match protection::trace_back(&self.world, &arrived, accepted) {
            Ok(traced) => traced,
            Err(refusal) => return self.refuse_message(&transaction, refusal).await,
        };
        let acquaintance = Acquaintance::of(&self.world, &header, sender, recipients).await;
        let sample = Sample {
            arrived: &arrived,
            source,
            sender,
            attributed: is_originating(&accepted),
            tenant: tenant_of(&accepted),
            acquaintance: &acquaintance,
        };
        let judgment = match protection::judge(&self.world, sample).await {
            Ok(judgment) => judgment,
            Err(refusal) => return self.refuse_message(&transaction, refusal).await,
        };
        let now = self.world.now();
        let directory = self.world.directory();
        if let Err(refusal) = self.permits(&judgment, &accepted, &directory, &transaction).await {
            return self.refuse_message(&transaction, refusal).await;
        }
        let circumstances = Circumstances {
            accepted: &accepted,
            directory: &directory,
            sender: transaction.sender.as_ref(),
            message_bytes: draft.len(),
            acquaintance: &acquaintance,
            now,
        };
        let treatments = match treat(&judgment, transaction.recipients.clone(), &circumstances) {
            Ok(treatments) => treatments,
            Err(refused) => {
                transaction.judgement = Some(refused.judgement);
                return self.refuse_message(&transaction, refused.refusal).await;
            }
        };
        let contacts = acquaintance.to_count(&treatments, &accepted);
        let taken = Taken {
            submission: &self.submission(&transaction, String::new(), now),
            origin: self.origin(&transaction, now),
            parameters: &transaction.parameters,
            accepted: &accepted,
            header: &header,
            judgment: &judgment,
        };
        match protection::messages(&self.world, &taken, draft, treatments) {
            Ok(messages) => self.commit(messages, contacts, &header, &transaction).await,
            Err(refusal) => self.refuse_message(&transaction, refusal).await,
        }
    }

    /// Whether this sender may send this at all: a stranger in the tenant's name may not, nor may
    /// whoever sends more than its tenant allows.
    async fn permits(
        &self,
        judgment: &Judgment,
        accepted: &Accepted,
        directory: &Directory,
        transaction: &Transaction,
    ) -> Result<(), Refusal> {
        let sender = transaction.sender.as_ref();
        if let Some(refusal) = protection::refused_outright(judgment, accepted, sender, directory) {
            return Err(refusal);
        }
        let (recipients, now) = (&transaction.recipients, self.world.now());
        let leaving = Leaving { accepted, directory, sender, recipients, now };
        protection::check_leaving(&self.world, judgment, &leaving).await
    }

    /// RFC 5321 section 6.1: after 250 a crash may not lose the message. No early reply here.
    async fn commit(
        &self,
        messages: Vec<NewMessage>,
        contacts: Contacts,
        header: &HeaderFacts,
        transaction: &Transaction,
    ) -> Reply {
        let entries: Vec<_> = messages.iter().map(Entries::of_one).collect();
        match self.world.store().commit_all(messages).await {
            Ok(committed) => {
                let Some(first) = committed.first() else {
                    return self.refuse_message(transaction, refusals::bad_sequence()).await;
                };
                contacts.count(&self.world, self.world.now());
                let reply = reply_queued(first, header, transaction, &self.world);
                for (entries, committed) in entries.into_iter().zip(&committed) {
                    self.world.outbound.committed(entries.numbered(committed));
                }
                reply
            }
            Err(error) => self.refuse_message(transaction, refusals::store(&error)).await,
        }
    }

    /// A sender that this user is not: said where `explain` finds it.
    async fn refuse_sender(&self, user: &User, sender: Option<&Address>) -> Refusal {
        let shown = sender.map_or_else(|| "<>".to_owned(), ToString::to_string);
        let (reference, now) = (self.world.new_reference(), self.world.now());
        let refusal = edge::send_as_denied(user, &shown);
        let refusal = records::stamped(&self.world, refusal, reference, now);
        let submission = Submission {
            peer: &self.peer,
            chain: None,
            reference,
            sender,
            recipient: String::new(),
            now,
        };
        records::message_refused(&self.world, &submission, &refusal, None, None).await;
        self.world.count_refusal(refusal.reason);
        refusal
    }

    async fn refuse_message(&self, transaction: &Transaction, refusal: Refusal) -> Reply {
        let now = self.world.now();
        let refusal = records::stamped(&self.world, refusal, transaction.reference, now);
        self.record_refused(transaction, &refusal, now).await;
        self.world.count_refusal(refusal.reason);
        refusal.reply
    }

    /// A refusal that the protocol core made itself. One that ends a message is traced for each of
    /// its recipients; one before that is counted only: nobody's mail was refused.
    async fn note(&self, refusal: Refusal) {
        self.world.count_refusal(refusal.reason);
        if let Some(transaction) = &self.transaction {
            self.record_refused(transaction, &refusal, self.world.now()).await;
        }
    }

    async fn record_refused(&self, transaction: &Transaction, refusal: &Refusal, now: UnixMillis) {
        let tenant = transaction.accepted.as_ref().and_then(tenant_of);
        for admitted in &transaction.recipients {
            let recipient = admitted.recipient.address.to_string();
            let submission = self.submission(transaction, recipient, now);
            let judgement = transaction.judgement.as_ref();
            records::message_refused(&self.world, &submission, refusal, tenant, judgement).await;
        }
    }

    fn submission<'a>(
        &'a self,
        transaction: &'a Transaction,
        recipient: String,
        now: UnixMillis,
    ) -> Submission<'a> {
        Submission {
            peer: &self.peer,
            chain: transaction.chain.as_deref(),
            reference: transaction.reference,
            sender: transaction.sender.as_ref(),
            recipient,
            now,
        }
    }

    /// Where the message comes from, for its Received line.
    fn origin<'a>(&'a self, transaction: &'a Transaction, now: UnixMillis) -> Origin<'a> {
        Origin {
            helo: &self.peer.helo,
            address: Some(self.peer.address.ip()),
            protocol: match (transaction.parameters.smtputf8, self.protocol.is_esmtp()) {
                (true, _) => Protocol::Utf8Smtp,
                (false, true) => Protocol::Esmtp,
                (false, false) => Protocol::Smtp,
            },
            authenticated: self.user.is_some(),
            tls: self.peer.tls.as_ref(),
            reference: transaction.reference,
            recipients: &transaction.recipients,
            now,
        }
    }
}

/// The only `250` after a message: it takes the store's proof.
fn reply_queued(
    _proof: &Committed,
    header: &HeaderFacts,
    transaction: &Transaction,
    world: &World,
) -> Reply {
    let message_id = printable_ascii(&header.message_id, SHOWN_CHARACTERS_MAX);
    let text = format!(
        "{message_id} [InternalId={}, Hostname={}] Queued mail for delivery",
        transaction.reference,
        world.node_name()
    );
    let mut reply = Reply::new(250, EnhancedStatus(2, 6, 0), text.trim_start());
    // Accepted here, and nowhere else: the sender's own log is where that is looked for.
    if let Some(chain) = transaction.chain.as_deref().filter(|chain| is_completed(chain)) {
        reply.lines.push(pki::sentence(chain));
    }
    reply
}

/// Whether a chain counts only with a copy from the tenant's store.
pub(crate) fn is_completed(chain: &ChainReport) -> bool {
    chain.warnings.contains(&ChainWarning::CompletedFromStore)
}

/// Where an accepted recipient's mail goes. A postmaster's goes to the tenant's address, else the
/// operator's; where neither is known it is held rather than lost (RFC 5321 section 4.5.1).
fn admitted(command: RecipientCommand, place: &Place, world: &World) -> Admitted {
    let RecipientCommand { path, parameters } = command;
    let given = match path {
        ForwardPath::Mailbox(address) => address,
        ForwardPath::Postmaster => {
            Address::new("postmaster", Domain::from_normalized(world.node_name()))
        }
    };
    let recipient = |address, parameters| Recipient { address, parameters };
    match place {
        Place::Hosted(tenant) => Admitted {
            recipient: recipient(given, parameters),
            hosted_by: Some(*tenant),
            held: None,
        },
        Place::Elsewhere => {
            Admitted { recipient: recipient(given, parameters), hosted_by: None, held: None }
        }
        Place::Postmaster { tenant, address } => {
            let stands_in =
                address.clone().or_else(|| world.settings().postmaster().ok().flatten());
            let held = stands_in.is_none().then_some(Reason::Undeliverable);
            let original = parameters.original.clone().or_else(|| Some(format!("rfc822;{given}")));
            let parameters = RecipientParameters { original, ..parameters };
            let address = stands_in.unwrap_or(given);
            Admitted { recipient: recipient(address, parameters), hosted_by: *tenant, held }
        }
    }
}

/// Whether a connector attributed the message: its sender is authenticated (decision 6).
pub(crate) fn is_originating(accepted: &Accepted) -> bool {
    matches!(accepted.direction, Direction::Originating { .. })
}

/// The tenant that the transaction belongs to; none for the operator's own mail.
pub(crate) fn tenant_of(accepted: &Accepted) -> Option<TenantId> {
    match accepted.owner {
        Owner::Tenant(tenant) => Some(tenant),
        Owner::Operator => None,
    }
}
