//! The filter's way through one message: read it whole, gather facts, measure, judge.
//!
//! May touch: the draft's bytes, DNS and daemons through `lookup`, the clock. Never acts: what
//! becomes of the message is decided in `treat`. A look-up that fails is a fact; an engine that is
//! required and does not answer defers the message, it never passes unseen.

mod bounded;
mod contacts;
mod engines;
mod explanation;
mod history;
mod leaving;
pub(crate) mod ledger;
mod parts;
mod rules;
mod scanner;
mod settings;
mod source;
mod spoofs;
mod treat;

use std::sync::Arc;

use posthouse_classifier::Learned;
use posthouse_content::Protected;
use posthouse_filter::authentication::{SenderContext, composite};
use posthouse_filter::{self as filter, Counterfactual, Measured, SenderWeight};
use posthouse_lookup::{AuthenticationLimits, Authenticator, Submission};
use posthouse_mime::Reading;
use posthouse_policy::{KeptFacts, Tenant};
use posthouse_types::{
    Address, ConnectionFacts, Domain, EngineFact, Facts, Judged, Refusal, TenantId, Verdicts,
};

pub(crate) use contacts::{Acquaintance, Contacts};
pub(crate) use engines::Engines;
pub(crate) use explanation::{because, judgement};
pub(crate) use history::Sampling;
pub(crate) use leaving::{Leaving, check_leaving};
pub(crate) use ledger::Ledger;
pub(crate) use parts::{Taken, messages};
pub(crate) use scanner::{Severity, check_scanner, watch_scanner};
pub(crate) use settings::FilterSettings;
pub(crate) use source::{Arrived, Source, trace_back};
pub(crate) use treat::{Circumstances, Treatment, keeper, refused_outright, treat};

use crate::office::Office;
use crate::refusals;
use crate::world::World;

/// What is judged.
pub(crate) struct Sample<'a> {
    pub(crate) arrived: &'a Arrived<'a>,
    pub(crate) source: Source,
    pub(crate) sender: Option<&'a Address>,
    /// A connector attributed it.
    pub(crate) attributed: bool,
    /// Whose mail it is.
    pub(crate) tenant: Option<TenantId>,
    /// How well the recipients know the sender.
    pub(crate) acquaintance: &'a Acquaintance,
}

/// What was found out about one message.
pub(crate) struct Judgment {
    pub(crate) source: Source,
    pub(crate) facts: Facts,
    pub(crate) verdicts: Verdicts,
    /// The same in the words that policies read.
    pub(crate) judged: Judged,
    /// The smallest change of what was found that would have changed the verdict.
    pub(crate) change: Option<Counterfactual>,
    pub(crate) measured: Measured,
    pub(crate) reading: Reading,
    /// The filter is on and has looked at it.
    is_judged: bool,
    /// The tenant whose own people wrote it: a connector recognised it, and From is of its domain.
    written_within: Option<TenantId>,
    /// The recipients wrote to the sender before.
    has_corresponded: bool,
}

impl Judgment {
    /// Whether sender and recipient are of one tenant: rules within the organisation apply.
    pub(crate) fn is_internal_for(&self, host: Option<TenantId>) -> bool {
        host.is_some() && self.written_within == host
    }
}

/// Judges one message, unless the filter is off.
///
/// # Errors
/// The message has to be deferred: it could not be read back, or could not be looked at.
pub(crate) async fn judge(world: &World, sample: Sample<'_>) -> Result<Judgment, Refusal> {
    let settings = world.settings();
    if !settings.filter.enabled {
        return unjudged(world, sample).await;
    }
    let engines = world.engines();
    let _room = engines.room_for(sample.arrived.draft.len()).await;
    let message = whole(sample.arrived).map_err(|error| refusals::store(&error))?;
    let surroundings = surroundings(world, &sample).await;
    let (mut facts, engine, measured) = tokio::join!(
        gather(world, &settings.filter, &sample, &message),
        scan(&engines, &message),
        measure(Arc::clone(&engines), Arc::clone(&message), surroundings),
    );
    let (reading, measured) = measured?;
    if let Some(why) = engine.failure().filter(|_| settings.filter.clamd_required) {
        return Err(refusals::filter_unavailable(format!("clamd did not answer: {why}.")));
    }
    facts.engine = engine;
    history::recall(world, &sample, &reading, &mut facts);
    let verdicts = filter::judge(&facts, &measured);
    history::remember(world, &facts, &measured, &verdicts);
    let direction = if sample.attributed { "outbound" } else { "inbound" };
    let verdict = verdicts.verdict.as_str();
    metrics::counter!("posthouse_verdicts_total", "direction" => direction, "verdict" => verdict)
        .increment(1);
    let change = filter::counterfactual(&facts, &measured, &verdicts);
    let mut judged = filter::judged(&facts, &measured, &verdicts, sample.sender);
    // Nobody had to ask who sent the tenant's own mail; who wrote it is in its header.
    judged.from = judged.from.or_else(|| author(&reading));
    history::note_uses(world, &sample, &judged);
    let directory = world.directory();
    let writer = judged.from.as_ref().and_then(|from| directory.owner_of(from.domain()));
    let written_within = writer
        .map(|(owner, _)| owner)
        .filter(|owner| sample.attributed && sample.tenant == Some(*owner));
    let has_corresponded = sample.acquaintance.has_corresponded().unwrap_or_default();
    Ok(Judgment {
        source: sample.source,
        facts,
        verdicts,
        judged,
        change,
        measured,
        reading,
        is_judged: true,
        written_within,
        has_corresponded,
    })
}

/// Nobody judges it. Where the tenant has mail-flow rules, it is read for their sake.
async fn unjudged(world: &World, sample: Sample<'_>) -> Result<Judgment, Refusal> {
    let facts = Facts { attributed: sample.attributed, ..Facts::default() };
    let (reading, seen) = match has_rules(world, &sample) {
        true => {
            let engines = world.engines();
            let _room = engines.room_for(sample.arrived.draft.len()).await;
            let message = whole(sample.arrived).map_err(|error| refusals::store(&error))?;
            measure(engines, message, Surroundings::default()).await?
        }
        false => Default::default(),
    };
    // What is attached is what rules ask; what else was seen counts for nothing.
    let measured = Measured { attachments: seen.attachments, ..Measured::default() };
    let verdicts = filter::absent();
    let judged = Judged {
        file_types: Vec::new(),
        file_hashes: Vec::new(),
        ..filter::judged(&facts, &measured, &verdicts, sample.sender)
    };
    Ok(Judgment {
        source: sample.source,
        facts,
        verdicts,
        judged,
        change: None,
        measured,
        reading,
        is_judged: false,
        written_within: None,
        has_corresponded: false,
    })
}

/// Whether the message's tenant has mail-flow rules.
fn has_rules(world: &World, sample: &Sample<'_>) -> bool {
    let directory = world.directory();
    let tenant = sample.tenant.and_then(|tenant| directory.tenant(tenant));
    tenant.is_some_and(|tenant| !tenant.mail_flow_rules().is_empty())
}

/// The first address in From.
fn author(reading: &Reading) -> Option<Address> {
    let all = reading.fields("From").flat_map(|field| posthouse_mime::addresses(&field.value));
    all.into_iter().find_map(|one| posthouse_smtp::parse_address(&one.address, true).ok())
}

/// The message as it was sent: signatures were made over that header.
fn whole(arrived: &Arrived<'_>) -> Result<Arc<[u8]>, posthouse_store::StoreError> {
    let stored = arrived.draft.read()?;
    let Some(original) = &arrived.header.original else { return Ok(stored.into()) };
    let body = stored.get(arrived.header.header_bytes..).unwrap_or_default();
    Ok([original, body].concat().into())
}

/// What has to be asked of others. The tenant's own mail was recognised by its connector, and
/// nothing else could say more of who sent it.
async fn gather(
    world: &World,
    settings: &FilterSettings,
    sample: &Sample<'_>,
    message: &[u8],
) -> Facts {
    let attributed = sample.attributed;
    if attributed {
        return Facts { attributed, ..Facts::default() };
    }
    let limits = AuthenticationLimits {
        time_max: settings.time_max(),
        block_list_zones: settings.dns_block_lists.clone(),
    };
    let authenticator = Authenticator::new(world.office.resolver.clone(), limits);
    let Source { client, helo, gateway, .. } = &sample.source;
    let client = *client;
    let mail_from = sample.sender.map(ToString::to_string).unwrap_or_default();
    let node_name = world.node_name();
    let submission =
        Submission { client, helo, mail_from: &mail_from, message, node_name: &node_name };
    let (authentication, connection) = tokio::join!(
        authenticator.authenticate(&submission),
        authenticator.connection(client, helo),
    );
    let connection = ConnectionFacts { gateway: *gateway, ..connection };
    let own_domains = own_domains(world, sample);
    let own: Vec<&str> = own_domains.iter().map(Domain::as_str).collect();
    let directory = world.directory();
    let tenant = sample.tenant.and_then(|tenant| directory.tenant(tenant));
    let protection = tenant.and_then(|tenant| tenant.protection());
    let sealers = protection.map_or(&[][..], |protection| &protection.general.arc_trusted_sealers);
    let sealers: Vec<&str> = sealers.iter().map(Domain::as_str).collect();
    let spoof_entries = spoofs::entries(protection, client, world.now());
    let dmarc_sample = world.sampling.of(sample.arrived.header);
    let context = SenderContext {
        own_domains: &own,
        trusted_sealers: &sealers,
        spoof_entries: &spoof_entries,
        connection: Some(&connection),
        dmarc_sample,
        ..SenderContext::EMPTY
    };
    let composite = composite(&authentication, &context);
    let facts = Facts {
        dmarc_sample,
        composite,
        connection: Some(connection),
        authentication: Some(authentication),
        ..Facts::default()
    };
    spoofs::count(world, sample, &facts, &own_domains);
    facts
}

/// The verified domains of the tenant that the mail is for.
fn own_domains(world: &World, sample: &Sample<'_>) -> Vec<Domain> {
    let directory = world.directory();
    let tenant = sample.tenant.and_then(|tenant| directory.tenant(tenant));
    let domains = tenant.into_iter().flat_map(|tenant| &tenant.accepted_domains);
    domains.filter(|domain| domain.verified).map(|domain| domain.name.clone()).collect()
}

/// What the recipients' tenant knows that bears on the content.
#[derive(Default)]
struct Surroundings {
    protected: Protected,
    /// What its own people said of other mail.
    learned: Option<Arc<Learned>>,
    has_corresponded: Option<bool>,
}

async fn surroundings(world: &World, sample: &Sample<'_>) -> Surroundings {
    let has_corresponded = sample.acquaintance.has_corresponded();
    // What a tenant sends was not what its people spoke of.
    let learned = match sample.tenant.filter(|_| !sample.attributed) {
        Some(tenant) => world.office.learned.of(world.store(), tenant).await,
        None => None,
    };
    let directory = world.directory();
    let tenant = sample.tenant.and_then(|tenant| directory.tenant(tenant));
    let protected = tenant.map(|tenant| protected(tenant)).unwrap_or_default();
    Surroundings { protected, learned, has_corresponded }
}

/// Whom the tenant protects from being imitated: its own domains, and those that its anti-phish
/// policies and presets name.
fn protected(tenant: &Tenant) -> Protected {
    let own = tenant.accepted_domains.iter().filter(|domain| domain.verified);
    let targets = tenant.protection().map(|protection| protection.targets()).unwrap_or_default();
    let users: Vec<_> =
        targets.users.iter().map(|user| (user.name(), user.address.to_string())).collect();
    Protected::new(
        users.iter().map(|(name, address)| (name.as_str(), address.as_str())),
        own.map(|domain| domain.name.as_str()),
        targets.domains.iter().map(|domain| domain.as_str()),
    )
}

/// What is known of a message that was kept.
#[derive(Default)]
pub(crate) struct Again {
    surroundings: Surroundings,
    sender: SenderWeight,
}

impl Again {
    /// What was known when it came, and what its tenant says and knows now.
    pub(crate) async fn of(
        office: &Office,
        facts: &KeptFacts,
        (id, tenant): (TenantId, &Tenant),
    ) -> Self {
        let learned = office.learned.of(&office.store, id).await;
        let has_corresponded = facts.has_corresponded.then_some(true);
        Self {
            surroundings: Surroundings { protected: protected(tenant), learned, has_corresponded },
            sender: SenderWeight { sum: facts.sender_weight, phish: facts.sender_phish_weight },
        }
    }
}

/// Scans a message that was kept once more, with the engines of now: all that the running node
/// has, else those that need nobody.
///
/// # Errors
/// Why it could not be scanned: a required engine does not answer, or the filter failed.
pub(crate) async fn scan_again(
    engines: Option<Arc<Engines>>,
    message: Vec<u8>,
    again: Again,
) -> Result<Verdicts, String> {
    let Again { surroundings, sender } = again;
    let message: Arc<[u8]> = message.into();
    let engine = match &engines {
        Some(engines) => {
            let _room = engines.room_for(message.len() as u64).await;
            scan(engines, &message).await
        }
        None => EngineFact::NotAsked,
    };
    let is_required = engines.as_ref().is_some_and(|engines| engines.is_clamd_required);
    if let Some(why) = engine.failure().filter(|_| is_required) {
        return Err(format!("clamd did not answer: {why}"));
    }
    let measured = tokio::task::spawn_blocking(move || {
        let tools = engines.as_ref().map(|engines| engines.tools(&surroundings));
        filter::measure(&message, &tools.unwrap_or_default()).1
    });
    let measured = measured.await.map_err(|panic| panic.to_string())?;
    Ok(filter::judge_again(&measured, engine, sender))
}

/// What the malware engine says, where there is one.
async fn scan(engines: &Engines, message: &[u8]) -> EngineFact {
    match &engines.clamd {
        Some(clamd) => clamd.scan(message).await,
        None => EngineFact::NotAsked,
    }
}

/// Measures on a thread that may compute: a hostile message takes as long as its limits allow,
/// and the sessions of others must not wait for it.
async fn measure(
    engines: Arc<Engines>,
    message: Arc<[u8]>,
    surroundings: Surroundings,
) -> Result<(Reading, Measured), Refusal> {
    let turn = engines.turn().await;
    let measured = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        filter::measure(&message, &engines.tools(&surroundings))
    });
    measured.await.map_err(|panic| {
        tracing::error!(%panic, "the filter failed on a message");
        refusals::filter_unavailable(format!("The filter failed on this message: {panic}."))
    })
}
