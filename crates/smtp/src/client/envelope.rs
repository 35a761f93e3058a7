//! One transaction under way: which command is next, and what each answer means for whom.
//!
//! Touches nothing. Each recipient is decided exactly once; a later answer never changes it.

use std::fmt::Write as _;
use std::sync::Arc;

use posthouse_types::{Address, DsnNotify, DsnReturn, Reason, RecipientParameters};

use super::capabilities::{Capabilities, SizeOffer};
use super::options::Transaction;
use super::outcome::{Doubt, RecipientOutcome, SessionFailure};
use crate::reply_reader::RemoteReply;
use crate::stuff::Stuffer;

/// A transaction and what is known about its recipients.
#[derive(Debug)]
pub(super) struct Envelope {
    transaction: Transaction,
    recipients: Vec<RecipientState>,
    stage: Stage,
    began: bool,
    /// How many recipients the server accepted.
    accepted: usize,
    /// The server accepted a recipient that was decided before: it is out of step with us.
    pub(super) out_of_step: bool,
    /// Whether the server has DSN.
    dsn: bool,
    pub(super) stuffer: Stuffer,
}

/// What is known about one recipient.
#[derive(Debug)]
enum RecipientState {
    /// The server has not answered yet, or was not asked.
    Open,
    /// RCPT was accepted: the answer to the message decides.
    Accepted,
    /// Decided for good.
    Decided(RecipientOutcome),
}

/// What is sent next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Mail,
    Recipient(usize),
    Data,
    AllSent,
}

/// A command of the envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EnvelopeCommand {
    Mail,
    Recipient(usize),
    Data,
}

impl Envelope {
    /// Decides what can be decided without asking the server, for it costs nothing and the
    /// message of a server about it would be less clear.
    pub(super) fn new(transaction: Transaction, offered: &Capabilities) -> Self {
        let recipients = transaction.recipients.iter().map(|recipient| {
            let failure = failure_of_message(&transaction, offered)
                .or_else(|| failure_of_address(&recipient.address, offered));
            match failure {
                Some(reason) => RecipientState::Decided(RecipientOutcome::failed_here(reason)),
                None => RecipientState::Open,
            }
        });
        Self {
            recipients: recipients.collect(),
            transaction,
            stage: Stage::Mail,
            began: false,
            accepted: 0,
            out_of_step: false,
            dsn: offered.dsn,
            stuffer: Stuffer::default(),
        }
    }

    /// The next command, written to `line`; none where an answer must come first or all is said.
    /// `answers_due` counts the commands that were sent and not yet answered.
    pub(super) fn next_command(
        &mut self,
        offered: &Capabilities,
        answers_due: usize,
        line: &mut String,
    ) -> Option<EnvelopeCommand> {
        loop {
            match self.stage {
                Stage::Mail => {
                    self.stage = Stage::Recipient(0);
                    if !self.any_open() {
                        self.stage = Stage::AllSent;
                        return None;
                    }
                    self.began = true;
                    write_mail(&self.transaction, offered, line);
                    return Some(EnvelopeCommand::Mail);
                }
                Stage::Recipient(index) => {
                    let Some(recipient) = self.transaction.recipients.get(index) else {
                        self.stage = Stage::Data;
                        continue;
                    };
                    self.stage = Stage::Recipient(index + 1);
                    if matches!(self.recipients.get(index), Some(RecipientState::Open)) {
                        let _ = write!(line, "RCPT TO:<{}>", recipient.address);
                        write_recipient_parameters(&recipient.parameters, offered, line);
                        return Some(EnvelopeCommand::Recipient(index));
                    }
                }
                Stage::Data => {
                    if self.accepted == 0 && (answers_due == 0 || !self.any_open()) {
                        self.stage = Stage::AllSent;
                        return None;
                    }
                    self.stage = Stage::AllSent;
                    line.push_str("DATA");
                    return Some(EnvelopeCommand::Data);
                }
                Stage::AllSent => return None,
            }
        }
    }

    /// Whether MAIL was sent, so that the server has to be told when nothing comes of it.
    pub(super) fn began(&self) -> bool {
        self.began
    }

    /// Whether any recipient was accepted, so that the message is wanted.
    pub(super) fn any_accepted(&self) -> bool {
        self.accepted > 0
    }

    /// RCPT was accepted.
    pub(super) fn accept(&mut self, index: usize) {
        match self.recipients.get_mut(index) {
            Some(state @ RecipientState::Open) => {
                *state = RecipientState::Accepted;
                self.accepted += 1;
            }
            _ => self.out_of_step = true,
        }
    }

    /// RCPT was refused.
    pub(super) fn refuse(&mut self, index: usize, reply: &Arc<RemoteReply>) {
        // RFC 5321 section 4.5.3.1.10: some servers say 552 where they mean 452, too many
        // recipients. That is meant only where others were taken and no status says otherwise.
        let outcome = if reply.code == 552 && reply.status.is_none() && self.accepted > 0 {
            RecipientOutcome::deferred(reply)
        } else {
            RecipientOutcome::refused(reply)
        };
        if let Some(state @ RecipientState::Open) = self.recipients.get_mut(index) {
            *state = RecipientState::Decided(outcome);
        }
    }

    /// MAIL, DATA or the message was refused: that decides every recipient who is left.
    pub(super) fn refuse_all(&mut self, reply: &Arc<RemoteReply>) {
        self.decide_rest(|| RecipientOutcome::refused(reply));
        self.stage = Stage::AllSent;
    }

    /// The message was taken.
    pub(super) fn delivered(&mut self, reply: &Arc<RemoteReply>) {
        let dsn_passed_on = self.dsn;
        self.decide_rest(|| RecipientOutcome::Delivered {
            reply: Arc::clone(reply),
            dsn_passed_on,
        });
    }

    /// The session ended before the answer.
    pub(super) fn lost(&mut self, failure: &SessionFailure, doubt: Doubt) {
        self.decide_rest(|| RecipientOutcome::undecided(failure, doubt));
    }

    /// What became of each recipient, in their order. Called when all are decided.
    pub(super) fn into_outcomes(self) -> Vec<RecipientOutcome> {
        let outcomes = self.recipients.into_iter().filter_map(|state| match state {
            RecipientState::Decided(outcome) => Some(outcome),
            RecipientState::Open | RecipientState::Accepted => None,
        });
        outcomes.collect()
    }

    fn decide_rest(&mut self, outcome: impl Fn() -> RecipientOutcome) {
        for state in &mut self.recipients {
            if !matches!(state, RecipientState::Decided(_)) {
                *state = RecipientState::Decided(outcome());
            }
        }
        self.accepted = 0;
    }

    fn any_open(&self) -> bool {
        self.recipients.iter().any(|state| matches!(state, RecipientState::Open))
    }
}

/// Why this message cannot go to this server at all.
fn failure_of_message(transaction: &Transaction, offered: &Capabilities) -> Option<Reason> {
    // RFC 1870 section 6.1: a client does not send what the server has said it will not take.
    if matches!(offered.size, SizeOffer::Limit(limit) if transaction.size > limit) {
        return Some(Reason::RemoteSizeExceeded);
    }
    transaction.sender.as_ref().and_then(|sender| failure_of_address(sender, offered))
}

/// Why this address cannot be named to this server.
fn failure_of_address(address: &Address, offered: &Capabilities) -> Option<Reason> {
    // No parser lets a control character through. Should one ever come this far, it must not
    // become a command of its own.
    if address.local().chars().chain(address.domain().as_str().chars()).any(char::is_control) {
        return Some(Reason::SyntaxError);
    }
    let needs_it = address.needs_smtputf8() && !offered.smtputf8;
    needs_it.then_some(Reason::SmtpUtf8NotOffered)
}

fn write_mail(transaction: &Transaction, offered: &Capabilities, line: &mut String) {
    // Writing to a String cannot fail.
    let _ = match &transaction.sender {
        Some(sender) => write!(line, "MAIL FROM:<{sender}>"),
        None => write!(line, "MAIL FROM:<>"),
    };
    if offered.size != SizeOffer::NotOffered {
        let _ = write!(line, " SIZE={}", transaction.size);
    }
    if transaction.has_8bit && offered.eight_bit_mime {
        line.push_str(" BODY=8BITMIME");
    }
    if offered.smtputf8 && needs_smtputf8(transaction) {
        line.push_str(" SMTPUTF8");
    }
    if !offered.dsn {
        return;
    }
    match transaction.parameters.dsn_return {
        Some(DsnReturn::Full) => line.push_str(" RET=FULL"),
        Some(DsnReturn::Headers) => line.push_str(" RET=HDRS"),
        None => {}
    }
    if let Some(id) = transaction.parameters.envelope_id.as_deref().filter(|id| is_word(id)) {
        let _ = write!(line, " ENVID={id}");
    }
}

/// Whether SMTPUTF8 belongs on MAIL: it came with it, or an address has no other form.
fn needs_smtputf8(transaction: &Transaction) -> bool {
    transaction.parameters.smtputf8
        || transaction.sender.as_ref().is_some_and(Address::needs_smtputf8)
        || transaction.recipients.iter().any(|recipient| recipient.address.needs_smtputf8())
}

fn write_recipient_parameters(
    parameters: &RecipientParameters,
    offered: &Capabilities,
    line: &mut String,
) {
    if !offered.dsn {
        return;
    }
    if let Some(notify) = parameters.notify {
        line.push_str(" NOTIFY=");
        write_notify(notify, line);
    }
    if let Some(original) = parameters.original.as_deref().filter(|original| is_word(original)) {
        let _ = write!(line, " ORCPT={original}");
    }
}

/// RFC 3461 section 4.1: NEVER stands alone. An empty set asks for nothing, which is NEVER.
fn write_notify(notify: DsnNotify, line: &mut String) {
    let wanted =
        [(notify.success, "SUCCESS"), (notify.failure, "FAILURE"), (notify.delay, "DELAY")];
    let mut words = wanted.iter().filter(|(wanted, _)| *wanted && !notify.never);
    line.push_str(words.next().map_or("NEVER", |(_, word)| word));
    for (_, word) in words {
        line.push(',');
        line.push_str(word);
    }
}

/// Whether a parameter's value is one word of printable ASCII, as xtext is (RFC 3461 section 4).
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}
