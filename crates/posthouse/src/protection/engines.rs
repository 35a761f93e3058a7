//! What looks at messages: loaded at start and when the settings are read again.
//!
//! May touch: the files and the daemon that `[filter]` names. A file that cannot be used is an error that says
//! which; the engines in use stay then.

use std::path::Path;
use std::sync::Arc;

use posthouse_attachment::yara;
use posthouse_classifier::Model;
use posthouse_filter::Tools;
use posthouse_lookup::{Clamd, ClamdLimits};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{FilterSettings, Surroundings};
use crate::office::Trouble;
use crate::world::World;

/// Room beside the largest message for the header that this node writes into it, in bytes.
const HEADER_BYTES: u64 = 64 * 1024;
const MIB: u64 = 1024 * 1024;

/// The engines, and how much they may look at at once.
pub(crate) struct Engines {
    /// In KiB: how much of messages is in memory for judging.
    room: Arc<Semaphore>,
    room_kib: u32,
    yara: Option<yara::Rules>,
    model: Option<Model>,
    pub(super) clamd: Option<Clamd>,
    /// Without its answer nothing passes.
    pub(super) is_clamd_required: bool,
}

impl Engines {
    /// Loads what the settings name.
    pub(crate) fn load(settings: &FilterSettings) -> Result<Self, String> {
        let room_kib = u32::try_from(settings.bytes_at_once_max / 1024).unwrap_or(u32::MAX).max(1);
        let room = Arc::new(Semaphore::new(room_kib as usize));
        Ok(Self {
            room,
            room_kib,
            yara: rules(settings)?,
            model: model(settings)?,
            clamd: clamd(settings)?,
            is_clamd_required: settings.clamd_required,
        })
    }

    /// What measuring a message needs.
    pub(super) fn tools<'a>(&'a self, surroundings: &'a Surroundings) -> Tools<'a> {
        Tools {
            yara: self.yara.as_ref(),
            model: self.model.as_ref(),
            protected: Some(&surroundings.protected),
            has_corresponded: surroundings.has_corresponded,
            learned: surroundings.learned.as_deref(),
        }
    }

    /// Waits until a message of this size may be looked at. One that is larger than all the room
    /// there is gets all of it.
    pub(super) async fn room_for(&self, bytes: u64) -> Option<OwnedSemaphorePermit> {
        let kib = u32::try_from(bytes / 1024 + 1).unwrap_or(u32::MAX).min(self.room_kib);
        // The semaphore is never closed.
        Arc::clone(&self.room).acquire_many_owned(kib).await.ok()
    }
}

/// Whether clamd answers, and takes the largest message that this node takes: a smaller one of its
/// limits means mail that nobody scanned (AV-01). Says what was found; `None` without a clamd.
pub(crate) async fn examine_clamd(
    settings: &FilterSettings,
    message_bytes_max: u64,
) -> Option<Result<String, Trouble>> {
    let clamd = match clamd(settings) {
        Ok(clamd) => clamd.filter(|_| settings.enabled)?,
        Err(error) => return Some(Err(Trouble::new(error, "correct [filter] clamd"))),
    };
    let limit = message_bytes_max.div_ceil(MIB);
    let answered = async {
        Ok((clamd.version().await?, clamd.takes(message_bytes_max + HEADER_BYTES).await?))
    };
    let found: Result<_, String> = answered.await;
    Some(match found {
        Ok((version, true)) => {
            let made = version.made.map(|made| format!(", signatures of {made}"));
            let made = made.unwrap_or_default();
            Ok(format!("clamd ({}{made}) takes messages of {limit} MiB", version.program))
        }
        Ok((_, false)) => {
            let then = match settings.clamd_required {
                true => "larger mail is answered 451",
                false => "larger mail passes unscanned",
            };
            let next = format!(
                "set StreamMaxLength, MaxFileSize and MaxScanSize to {}M in clamd.conf, restart clamd",
                limit + 1
            );
            let what =
                format!("clamd takes less than [smtp] message_bytes_max ({limit} MiB): {then}");
            Err(Trouble::new(what, next))
        }
        Err(why) => Err(Trouble::new(
            format!("clamd gives no proper answer: {why}"),
            "see that clamd runs and that this user may use its socket, or correct [filter] clamd",
        )),
    })
}

/// Tells the log where [`examine_clamd`] found something wrong.
pub(crate) async fn warn_of_clamd(world: Arc<World>) {
    let settings = world.settings();
    let found = examine_clamd(&settings.filter, settings.smtp.message_bytes_max).await;
    if let Some(Err(trouble)) = found {
        tracing::warn!(next = trouble.next, "{}", trouble.what);
    }
}

/// All rule files together: one scan finds what any of them names.
fn rules(settings: &FilterSettings) -> Result<Option<yara::Rules>, String> {
    let mut text = String::new();
    for file in &settings.yara {
        text.push_str(&read(file)?);
        text.push('\n');
    }
    if text.is_empty() {
        return Ok(None);
    }
    let compiled = yara::compile(&text);
    compiled.map(Some).map_err(|error| format!("[filter] yara: the rules cannot be used: {error}"))
}

/// ClamAV's daemon.
fn clamd(settings: &FilterSettings) -> Result<Option<Clamd>, String> {
    let Some(text) = &settings.clamd else { return Ok(None) };
    let at = text.parse().map_err(|error| format!("[filter] clamd: \"{text}\": {error}"))?;
    let limits = ClamdLimits { total_time_max: settings.time_max(), ..ClamdLimits::default() };
    Ok(Some(Clamd::new(at, limits)))
}

/// The model that words are weighed by.
fn model(settings: &FilterSettings) -> Result<Option<Model>, String> {
    let Some(file) = &settings.model else { return Ok(Some(Model::shipped())) };
    let bytes = std::fs::read(file)
        .map_err(|error| format!("[filter] model: {} cannot be read: {error}", file.display()))?;
    let model = Model::from_bytes(&bytes);
    model.map(Some).map_err(|error| {
        format!(
            "[filter] model: {} is no model of this version: {error}\n  next: posthouse train DIR \
             --out {}",
            file.display(),
            file.display()
        )
    })
}

fn read(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file)
        .map_err(|error| format!("[filter] yara: {} cannot be read: {error}", file.display()))
}
