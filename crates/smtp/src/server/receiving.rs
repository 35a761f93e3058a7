//! Messages on their way in: DATA and BDAT from the first octet to the question to the caller,
//! and octets that must be read past because nobody wants them.
//!
//! A body with a fault is swallowed to its proper end, so that its rest is never taken for
//! commands; how much is swallowed is bounded. Broken framing ends the session behind it.

use std::collections::VecDeque;
use std::mem;

use posthouse_types::Refusal;

use crate::body::{BodyDecoder, BodyFault, Framing};
use crate::command::{self, ChunkCommand};
use crate::texts::{self, RefusalText};

use super::{After, Idle, Server, State, Step};

/// How many octets of a body that was refused already are read past before the session ends. A
/// peer that cannot hear a reply before its body's end should hear it: the bound lies well above
/// Exchange Online's largest message (150 MB), and far below what would hurt.
const SWALLOWED_OCTETS_MAX: u64 = 256 * 1024 * 1024;

/// One transaction between MAIL and its end.
#[derive(Debug)]
pub(super) struct Transaction {
    /// Whether MAIL had SMTPUTF8.
    pub(super) smtputf8: bool,
    /// Accepted recipients.
    pub(super) recipients: usize,
    /// The decoder, once BDAT has begun the message.
    pub(super) chunks: Option<BodyDecoder>,
}

impl Transaction {
    pub(super) fn new(smtputf8: bool) -> Self {
        Self { smtputf8, recipients: 0, chunks: None }
    }
}

/// A message, or one chunk of it, on its way in.
#[derive(Debug)]
pub(super) struct Receiving {
    transaction: Transaction,
    decoder: BodyDecoder,
    /// The chunk, with BDAT.
    chunk: Option<Chunk>,
    /// Octets read since the message had a fault.
    swallowed: u64,
}

/// One chunk on its way in.
#[derive(Clone, Copy, Debug)]
struct Chunk {
    command: ChunkCommand,
    remaining: u64,
}

impl Receiving {
    pub(super) fn data(transaction: Transaction, decoder: BodyDecoder) -> Self {
        Self { transaction, decoder, chunk: None, swallowed: 0 }
    }
}

/// A chunk that must be read past, and what is said at its end.
#[derive(Debug)]
pub(super) struct Swallowing {
    remaining: u64,
    fault: &'static RefusalText,
    counts_as_error: bool,
}

impl Server {
    /// BDAT (RFC 3030 section 2). Whatever is wrong, the chunk's octets follow the command and
    /// are no commands.
    pub(super) fn chunk(&mut self, arguments: &str) {
        let command = match command::read_chunk(arguments) {
            Ok(command) => command,
            Err(refusal) => return self.close_refusing(refusal),
        };
        self.clock.body_begins();
        let recipients = match &self.state {
            State::Transaction(transaction) => Some(transaction.recipients),
            _ => None,
        };
        let fault = match recipients {
            _ if !self.is_esmtp() => Some((&texts::GREETING_FIRST, true)),
            None => Some(self.outside_fault()),
            // As with DATA: a pipelining client sent it before it could know.
            Some(0) => Some((&texts::NO_RECIPIENTS, false)),
            Some(_) => None,
        };
        match fault {
            Some((fault, counts_as_error)) => {
                self.begin_swallowing(Swallowing {
                    remaining: command.octets,
                    fault,
                    counts_as_error,
                });
            }
            None => self.begin_chunk(command),
        }
    }

    /// A chunk of a message that is wanted, as far as can be told before its octets. One that will
    /// be too large is refused at its end, where the peer listens; a boundless one at once.
    fn begin_chunk(&mut self, command: ChunkCommand) {
        let fresh = self.decoder(Framing::Counted);
        let State::Transaction(mut transaction) = self.take_state() else {
            return;
        };
        let mut decoder = transaction.chunks.take().unwrap_or(fresh);
        if decoder.would_overflow(command.octets) {
            decoder.fail(BodyFault::TooLarge);
        }
        let chunk = Some(Chunk { command, remaining: command.octets });
        self.state = State::Receiving(Receiving { transaction, decoder, chunk, swallowed: 0 });
        if command.octets > SWALLOWED_OCTETS_MAX
            && command.octets > self.options.limits.message_bytes_max
        {
            // Nobody waits for the end of 2^64 octets.
            self.close_refusing(self.too_large());
        } else if command.octets == 0 {
            self.end_of_body();
        }
    }

    /// A chunk that came where none may: read past, then refused, then the session goes on.
    fn begin_swallowing(&mut self, swallowing: Swallowing) {
        if swallowing.remaining > SWALLOWED_OCTETS_MAX {
            return self.close_refusing(swallowing.fault.refusal());
        }
        let done = swallowing.remaining == 0;
        let after = match self.take_state() {
            State::Transaction(transaction) => After::Transaction(transaction),
            State::Idle(idle) => After::Idle(idle),
            _ => After::Idle(Idle::default()),
        };
        self.state = State::Swallowing(swallowing, after);
        if done {
            self.end_of_swallowing();
        }
    }

    /// Takes what the buffer holds of a body; whether it held anything.
    pub(super) fn take_buffered_body(&mut self) -> bool {
        if self.input.is_empty() {
            return false;
        }
        let mut input = mem::take(&mut self.input);
        let consumed = self.take_body(input.unread());
        input.skip(consumed);
        // Where the body's end also ended the session, the rest is nobody's.
        if !matches!(self.state, State::Closing) {
            self.input = input;
        }
        true
    }

    /// Takes octets of a body; how many of them were the body's.
    pub(super) fn take_body(&mut self, octets: &[u8]) -> usize {
        match &mut self.state {
            State::Receiving(receiving) => {
                let (consumed, ended) = receive(receiving, octets, &mut self.steps);
                let swallowed = receiving.swallowed;
                self.clock.body_came(consumed);
                if ended {
                    self.end_of_body();
                } else if swallowed > SWALLOWED_OCTETS_MAX {
                    self.refuse_body();
                    self.input.clear();
                    self.state = State::Closing;
                }
                consumed
            }
            State::Swallowing(swallowing, _) => {
                let consumed = octets_within(octets, swallowing.remaining).len();
                swallowing.remaining -= as_u64(consumed);
                let done = swallowing.remaining == 0;
                self.clock.body_came(consumed);
                if done {
                    self.end_of_swallowing();
                }
                consumed
            }
            _ => 0,
        }
    }

    /// DATA's end, or a chunk's.
    fn end_of_body(&mut self) {
        self.clock.command_came();
        let State::Receiving(receiving) = &mut self.state else {
            return;
        };
        let last = receiving.chunk.is_none_or(|chunk| chunk.command.last);
        if let (Some(_), true) = (receiving.chunk, last) {
            let mut tail = Vec::new();
            receiving.decoder.finish(&mut tail);
            if !tail.is_empty() {
                self.steps.push_back(Step::Body(tail));
            }
        }
        if receiving.decoder.fault().is_some() {
            return self.refuse_body();
        }
        let State::Receiving(Receiving { mut transaction, decoder, chunk, .. }) = self.take_state()
        else {
            return;
        };
        match chunk {
            Some(Chunk { command, .. }) if !last => {
                self.say(&format!("250 2.0.0 {} octets received\r\n", command.octets));
                transaction.chunks = Some(decoder);
                self.state = State::Transaction(transaction);
            }
            _ => {
                self.steps.push_back(Step::Message);
                self.state = State::MessageAsked { smtputf8: transaction.smtputf8 };
            }
        }
    }

    /// Refuses a message for its fault. One that is only too large ends its transaction; broken
    /// line ends end the session, since the peer may disagree about where its message ended.
    fn refuse_body(&mut self) {
        let Some((fault, refusal)) = self.body_fault() else {
            return;
        };
        if fault == BodyFault::TooLarge {
            self.refuse(refusal);
            self.discard_transaction();
            self.state = State::Idle(Idle { just_refused: true });
        } else {
            self.close_refusing(refusal);
        }
    }

    /// The fault of the message that is arriving, and what the peer is told about it: also where
    /// it is, as nobody finds a bare LF in a message by looking.
    pub(super) fn body_fault(&self) -> Option<(BodyFault, Refusal)> {
        let State::Receiving(receiving) = &self.state else {
            return None;
        };
        let fault = receiving.decoder.fault()?;
        let place = || format!("behind octet {} of the message", receiving.decoder.octets());
        let refusal = match fault {
            BodyFault::TooLarge => self.too_large(),
            BodyFault::BareLineEnding => texts::BARE_LINE_ENDING.about(&place()),
            BodyFault::NulOctet => texts::NUL_OCTET.about(&place()),
        };
        Some((fault, refusal))
    }

    /// The unwanted chunk is over: back to where the session was, with the reply it was due.
    fn end_of_swallowing(&mut self) {
        self.clock.command_came();
        let State::Swallowing(swallowing, after) = self.take_state() else {
            return;
        };
        self.state = match after {
            After::Idle(idle) => State::Idle(idle),
            After::Transaction(transaction) => State::Transaction(transaction),
        };
        if swallowing.counts_as_error {
            self.refuse_error(swallowing.fault.refusal());
        } else {
            self.refuse(swallowing.fault.refusal());
        }
    }
}

/// Decodes octets of a message into one step; how many were its own, and whether it, or its
/// chunk, ended with them.
fn receive(receiving: &mut Receiving, octets: &[u8], steps: &mut VecDeque<Step>) -> (usize, bool) {
    let own = match &receiving.chunk {
        Some(chunk) => octets_within(octets, chunk.remaining),
        None => octets,
    };
    let faulty = receiving.decoder.fault().is_some();
    let mut out = Vec::with_capacity(if faulty { 0 } else { own.len() });
    let progress = receiving.decoder.decode(own, &mut out);
    if receiving.decoder.fault().is_some() {
        receiving.swallowed = receiving.swallowed.saturating_add(as_u64(progress.consumed));
    } else if !out.is_empty() {
        steps.push_back(Step::Body(out));
    }
    let ended = match &mut receiving.chunk {
        Some(chunk) => {
            chunk.remaining -= as_u64(progress.consumed);
            chunk.remaining == 0
        }
        None => progress.ended,
    };
    (progress.consumed, ended)
}

/// The front of `octets`, at most `count` of them.
fn octets_within(octets: &[u8], count: u64) -> &[u8] {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    octets.get(..count).unwrap_or(octets)
}

fn as_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
