//! Who a message is from, as far as it can be proven: SPF, DKIM, DMARC and ARC of one message, and
//! what DNS says of the connection.
//!
//! Asks DNS only, through the crate's resolver, with a budget of questions and of time for each
//! message. Never fails and never decides: a question that was not asked, not answered or not
//! affordable is a fact, and never reads like a failure of the sender (FLT-14).

mod arc;
mod connection;
mod dkim;
mod dmarc;
mod key;
mod message_view;
mod questions;
mod spf;
mod spf_record;
mod tags;

use std::net::IpAddr;
use std::time::Duration;

use posthouse_types::{
    ArcFact, ArcResult, AuthenticationFacts, ConnectionFacts, FromFact, SHOWN_CHARACTERS_MAX,
    SpfFact, printable,
};
use tokio::time::Instant;

pub use dkim::SIGNATURES_MAX;

use crate::Resolver;
use message_view::MessageView;
use questions::Questions;
use spf::SpfQuestion;

/// DNS questions of one message for SPF: the record, 10 terms, and the hosts of mail exchangers.
/// Honest records need fewer than fifteen.
pub const SPF_QUESTIONS_MAX: u32 = 19;
/// For keys of DKIM and ARC together; each key is asked for once.
pub const KEY_QUESTIONS_MAX: u32 = 10;
/// For DMARC: four From domains and their organisations.
pub const DMARC_QUESTIONS_MAX: u32 = 8;
/// For the connecting address's name.
pub const REVERSE_QUESTIONS_MAX: u32 = 3;
/// All shares together, without block lists: the bound of AUT-09.
pub const QUESTIONS_MAX: u32 =
    SPF_QUESTIONS_MAX + KEY_QUESTIONS_MAX + DMARC_QUESTIONS_MAX + REVERSE_QUESTIONS_MAX;
/// From domains that DMARC is asked for; of more, none has passed.
const FROM_DOMAINS_MAX: usize = 4;

/// What the gathering may cost.
#[derive(Clone, Debug)]
pub struct AuthenticationLimits {
    /// Time for all questions of one message together. RFC 7208 section 4.6.4 asks for 20 seconds
    /// at least for SPF alone; a sender waits for its 250 that long.
    pub time_max: Duration,
    /// Zones of DNS block lists (RFC 5782) that the connecting address is looked up in; none is
    /// asked by itself.
    pub block_list_zones: Vec<String>,
}

impl Default for AuthenticationLimits {
    fn default() -> Self {
        Self { time_max: Duration::from_secs(20), block_list_zones: Vec::new() }
    }
}

/// One message and how it came.
#[derive(Clone, Copy, Debug)]
pub struct Submission<'a> {
    /// The connecting address: after skip listing the one that counts.
    pub client: IpAddr,
    /// What it called itself.
    pub helo: &'a str,
    /// MAIL FROM without brackets; empty for the null sender.
    pub mail_from: &'a str,
    /// The whole message with CRLF line ends, as it came in: our own fields are not on it yet.
    pub message: &'a [u8],
    /// This node's name.
    pub node_name: &'a str,
}

/// Gathers the facts of messages. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Authenticator {
    resolver: Resolver,
    limits: AuthenticationLimits,
}

impl Authenticator {
    /// Asks through this resolver. One that asks nobody makes every fact "not asked".
    pub fn new(resolver: Resolver, limits: AuthenticationLimits) -> Self {
        Self { resolver, limits }
    }

    /// What DNS says of a connecting address.
    pub async fn connection(&self, client: IpAddr, helo: &str) -> ConnectionFacts {
        let client = client.to_canonical();
        let deadline = Instant::now() + self.limits.time_max;
        let reverse = Questions::new(&self.resolver, REVERSE_QUESTIONS_MAX, deadline);
        let zones = &self.limits.block_list_zones;
        let lists = u32::try_from(zones.len()).unwrap_or(u32::MAX);
        let lists = Questions::new(&self.resolver, lists, deadline);
        let (reverse_name, block_lists) = tokio::join!(
            connection::reverse_name(&reverse, client),
            connection::block_lists(&lists, zones, client)
        );
        let helo = printable(helo, SHOWN_CHARACTERS_MAX);
        ConnectionFacts { address: client, helo, gateway: None, reverse_name, block_lists }
    }

    /// SPF of MAIL FROM, or of HELO for the null sender, without a message.
    pub async fn spf(&self, submission: &Submission<'_>) -> SpfFact {
        let deadline = Instant::now() + self.limits.time_max;
        let questions = Questions::new(&self.resolver, SPF_QUESTIONS_MAX, deadline);
        spf::check(&questions, &spf_question(submission, dkim::now_seconds())).await
    }

    /// All facts of one message; who it is from is read by `posthouse_message::read_author`.
    pub async fn authenticate(&self, submission: &Submission<'_>) -> AuthenticationFacts {
        let deadline = Instant::now() + self.limits.time_max;
        let questions = |max: u32| Questions::new(&self.resolver, max, deadline);
        let now_seconds = dkim::now_seconds();
        let view = MessageView::of(submission.message);
        let from = posthouse_message::read_author(submission.message);

        let for_spf = questions(SPF_QUESTIONS_MAX);
        let for_dmarc = questions(DMARC_QUESTIONS_MAX);
        let for_keys = questions(KEY_QUESTIONS_MAX);
        let question = spf_question(submission, now_seconds);
        let domains = from.domains.iter().take(FROM_DOMAINS_MAX);
        let ask_policies = key::all(domains.map(|domain| dmarc::look_up(&for_dmarc, domain)));
        let (spf, policies, (dkim, dkim_unchecked, arc)) = tokio::join!(
            spf::check(&for_spf, &question),
            ask_policies,
            signatures(&for_keys, &view, now_seconds)
        );

        let mut facts = AuthenticationFacts {
            spf,
            dkim,
            dkim_unchecked,
            arc,
            is_cut_short: [&for_spf, &for_dmarc, &for_keys]
                .iter()
                .any(|share| share.is_cut_short())
                || from.domains.len() > FROM_DOMAINS_MAX
                || view.is_cut,
            ..AuthenticationFacts::default()
        };
        let concluded = policies.iter().map(|policy| dmarc::conclude(policy, &facts)).collect();
        (facts.dmarc, facts.dmarc_of_others) = dmarc::worst_first(concluded);
        facts.from = from;
        withhold(&mut facts);
        facts
    }
}

fn spf_question<'a>(submission: &Submission<'a>, now_seconds: u64) -> SpfQuestion<'a> {
    SpfQuestion {
        client: submission.client,
        mail_from: submission.mail_from,
        helo: submission.helo,
        receiver: submission.node_name,
        now_seconds,
    }
}

/// DKIM and ARC: their keys are asked for together.
async fn signatures(
    questions: &Questions<'_>,
    view: &MessageView<'_>,
    now_seconds: u64,
) -> (Vec<posthouse_types::DkimFact>, usize, ArcFact) {
    let (signatures, unchecked) = dkim::signatures(view);
    let chain = arc::chain(view);
    let of_dkim = signatures.iter().filter(|signature| signature.tags.is_some());
    let of_dkim = of_dkim.map(|signature| (signature.selector.as_str(), signature.domain.as_str()));
    let of_arc = chain.as_ref().ok().and_then(Option::as_ref).map(arc::ArcChain::key_names);
    let of_arc = of_arc.unwrap_or_default();
    let keys = key::Keys::ask(questions, of_dkim.chain(of_arc)).await;
    let mut hashes = message_view::BodyHashes::default();
    let verify = |one| dkim::verify(view, one, &keys, &mut hashes, now_seconds);
    let dkim = signatures.iter().map(verify).collect();
    let arc = match &chain {
        Ok(None) => ArcFact::default(),
        Ok(Some(chain)) => chain.verify(view, &keys, &mut hashes, now_seconds),
        Err(why) => ArcFact {
            result: ArcResult::Fail,
            reason: printable(why, SHOWN_CHARACTERS_MAX),
            ..ArcFact::default()
        },
    };
    (dkim, unchecked, arc)
}

/// A pass is taken back where the From is such that another domain than the checked ones may be
/// the one that is shown (AUT-01).
fn withhold(facts: &mut AuthenticationFacts) {
    use posthouse_types::{DmarcResult, FromProblem};

    let is_uncertain = |from: &FromFact| {
        from.problems.contains(&FromProblem::TooMuch) || from.domains.len() > FROM_DOMAINS_MAX
    };
    let passes = matches!(facts.dmarc.result, DmarcResult::Pass | DmarcResult::BestGuessPass);
    if passes && is_uncertain(&facts.from) {
        facts.dmarc.result = DmarcResult::PermError;
        "From names more domains than are checked".clone_into(&mut facts.dmarc.reason);
    }
}
