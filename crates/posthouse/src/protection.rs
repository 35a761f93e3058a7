//! The filter's way through one message: read it whole, gather facts, measure, judge.
//!
//! May touch: the draft's bytes, DNS and daemons through `lookup`, the clock. Never acts: what
//! becomes of the message is `policy`'s. A look-up that fails is a fact; an engine that is
//! required and does not answer defers the message, it never passes unseen.

mod engines;
mod settings;

use std::sync::Arc;

use posthouse_filter as filter;
use posthouse_message::HeaderFacts;
use posthouse_store::Draft;
use posthouse_types::{Address, Facts, Peer, Refusal, Verdicts};

pub(crate) use engines::Engines;
pub(crate) use settings::FilterSettings;

use crate::refusals;
use crate::world::World;

/// What is judged.
pub(crate) struct Sample<'a> {
    pub(crate) peer: &'a Peer,
    pub(crate) sender: Option<&'a Address>,
    /// A connector attributed it.
    pub(crate) attributed: bool,
    pub(crate) header: &'a HeaderFacts,
    pub(crate) draft: &'a Draft,
}

/// Judges one message, unless the filter is off.
pub(crate) async fn judge(world: &World, sample: &Sample<'_>) -> Result<Verdicts, Refusal> {
    let settings = world.settings();
    if !settings.filter.enabled {
        return Ok(filter::absent());
    }
    let engines = world.engines();
    let _room = engines.room_for(sample.draft.len()).await;
    let message = whole(sample).map_err(|error| refusals::store(&error))?;
    let measured = measure(Arc::clone(&engines), message).await?;
    let facts = Facts { attributed: sample.attributed };
    Ok(filter::judge(&facts, &measured))
}

/// The message as it was sent: signatures were made over that header.
fn whole(sample: &Sample<'_>) -> Result<Arc<[u8]>, posthouse_store::StoreError> {
    let stored = sample.draft.read()?;
    let Some(original) = &sample.header.original else { return Ok(stored.into()) };
    let body = stored.get(sample.header.header_bytes..).unwrap_or_default();
    Ok([original, body].concat().into())
}

/// Measures on a thread that may compute: a hostile message takes as long as its limits allow,
/// and the sessions of others must not wait for it.
async fn measure(engines: Arc<Engines>, message: Arc<[u8]>) -> Result<filter::Measured, Refusal> {
    let measured =
        tokio::task::spawn_blocking(move || filter::measure(&message, &engines.tools()).1);
    measured.await.map_err(|panic| {
        tracing::error!(%panic, "the filter failed on a message");
        refusals::filter_unavailable(format!("The filter failed on this message: {panic}."))
    })
}
