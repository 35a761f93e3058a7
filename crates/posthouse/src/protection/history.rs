//! What the node itself remembers that bears on a message: its sources' reputation, whether its
//! signatures are being repeated, which part of its domain's mail it belongs to.
//!
//! May touch: the ledger in memory. Counts a message once, when it was judged.

use aws_lc_rs::hmac;
use posthouse_filter::authentication::is_sent_on;
use posthouse_filter::{Measured, reputation};
use posthouse_message::HeaderFacts;
use posthouse_mime::Reading;
use posthouse_policy as policy;
use posthouse_types::{Facts, Judged, ReplayFacts, SourceKind, UnixMillis, Verdicts};

use super::Sample;
use crate::world::World;

/// Fields by which a mailing list is known (RFC 2919, RFC 2369).
const LIST_FIELDS: [&str; 3] = ["List-Id", "List-Post", "List-Unsubscribe"];

/// Completes the facts by what is remembered.
pub(super) fn recall(world: &World, sample: &Sample<'_>, reading: &Reading, facts: &mut Facts) {
    let now = world.now();
    let sources = reputation::sources(facts.connection.as_ref(), facts.authentication.as_ref());
    facts.reputation = world.ledger.reputation(&sources, now);
    let domain = sources.iter().find(|(kind, _)| *kind == SourceKind::Domain);
    let complaints = domain.map(|(_, name)| world.office.complaints.about(name, now));
    facts.complaints = complaints.unwrap_or_default();
    facts.replay = replay(world, sample, reading, facts, now);
}

/// Counts what the message came to.
pub(super) fn remember(world: &World, facts: &Facts, measured: &Measured, verdicts: &Verdicts) {
    let Some(outcome) = reputation::outcome(facts, measured, verdicts) else { return };
    let sources = reputation::sources(facts.connection.as_ref(), facts.authentication.as_ref());
    if !sources.is_empty() {
        world.ledger.count_outcome(sources, outcome, world.now());
    }
}

/// Notes which entries of the tenant's list a message uses, of those that end when nobody does.
pub(super) fn note_uses(world: &World, sample: &Sample<'_>, judged: &Judged) {
    let directory = world.directory();
    let Some(id) = sample.tenant else { return };
    let protection = directory.tenant(id).and_then(|tenant| tenant.protection());
    let entries = protection.map_or(&[][..], |protection| &protection.tenant_allow_blocks);
    let now = world.now();
    for entry in policy::used_entries(entries, judged, now) {
        world.ledger.note_use(id, &entry.key(), now);
    }
}

fn replay(
    world: &World,
    sample: &Sample<'_>,
    reading: &Reading,
    facts: &Facts,
    now: UnixMillis,
) -> ReplayFacts {
    let Some(authentication) = &facts.authentication else { return ReplayFacts::default() };
    let recipients = sample.arrived.recipients.iter();
    let shown = ["To", "Cc"].into_iter().flat_map(|name| reading.fields(name));
    let shown = shown.flat_map(|field| posthouse_mime::addresses(&field.decoded()));
    let replay = ReplayFacts {
        recipients: recipients.map(|one| one.recipient.address.folded()).collect(),
        shown_recipients: shown.map(|one| folded(&one.address)).collect(),
        is_list: has_list_fields(reading),
        seen: 0,
        now_seconds: u64::try_from(now.0 / 1000).unwrap_or(0),
    };
    let recipients = replay.recipients.len() as u64;
    let sent_on = authentication.dkim.iter().filter(|one| is_sent_on(one, authentication, &replay));
    let seen = sent_on.map(|one| {
        let name = format!("{}/{}", one.domain, one.fingerprint);
        world.ledger.count_signature(&name, recipients, now)
    });
    ReplayFacts { seen: seen.max().unwrap_or(0), ..replay }
}

/// Whether it came by a mailing list, or says how to leave one.
pub(super) fn has_list_fields(reading: &Reading) -> bool {
    LIST_FIELDS.iter().any(|name| reading.fields(name).next().is_some())
}

fn folded(text: &str) -> String {
    match posthouse_smtp::parse_address(text, true) {
        Ok(address) => address.folded(),
        Err(_) => text.to_lowercase(),
    }
}

/// Draws the part of a domain's mail that a message belongs to (`pct=`). By the node's secret: a
/// sender could else choose a Message-ID that is always spared.
pub(crate) struct Sampling(hmac::Key);

impl Sampling {
    /// By a key of its own, made of the node's secret.
    pub(crate) fn new(node_secret: &[u8]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, node_secret);
        let own = hmac::sign(&key, b"posthouse dmarc sample 1");
        Self(hmac::Key::new(hmac::HMAC_SHA256, own.as_ref()))
    }

    /// 0 to 99: the same for the same message, on whichever way it comes.
    pub(super) fn of(&self, header: &HeaderFacts) -> u8 {
        let text = format!("{}\n{}\n{}", header.message_id, header.from, header.subject);
        let tag = hmac::sign(&self.0, text.as_bytes());
        let number =
            tag.as_ref().iter().take(4).fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
        u8::try_from(number % 100).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_always_in_the_same_part_and_all_parts_are_drawn() {
        let sampling = Sampling::new(&[7; 32]);
        let draw = |number: u32| {
            let message_id = format!("<{number}@x.example>");
            sampling.of(&HeaderFacts { message_id, ..HeaderFacts::default() })
        };
        assert_eq!(draw(1), draw(1));
        let spared = (0..10_000).filter(|number| draw(*number) >= 30).count();
        assert!((6_800..7_200).contains(&spared), "{spared} of 10,000 are spared by pct=30");
    }
}
