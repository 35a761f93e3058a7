//! What looks at messages: loaded at start and when the settings are read again.
//!
//! May touch: the files that `[filter]` names. A file that cannot be used is an error that says
//! which; the engines in use stay then.

use std::path::Path;
use std::sync::Arc;

use posthouse_attachment::yara;
use posthouse_classifier::Model;
use posthouse_filter::Tools;
use posthouse_lookup::{Clamd, ClamdLimits};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{FilterSettings, Surroundings};

/// The engines, and how much they may look at at once.
pub(crate) struct Engines {
    /// In KiB: how much of messages is in memory for judging.
    room: Arc<Semaphore>,
    room_kib: u32,
    /// Threads that measure at once.
    turns: Arc<Semaphore>,
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
            turns: Arc::new(Semaphore::new(turns())),
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

    /// Waits for a processor to measure with. More threads than these would not be faster: each
    /// keeps memory of its own warm, and they would only take the processors from one another.
    pub(super) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        // The semaphore is never closed.
        Arc::clone(&self.turns).acquire_owned().await.ok()
    }

    /// Waits until a message of this size may be looked at. One that is larger than all the room
    /// there is gets all of it.
    pub(super) async fn room_for(&self, bytes: u64) -> Option<OwnedSemaphorePermit> {
        let kib = u32::try_from(bytes / 1024 + 1).unwrap_or(u32::MAX).min(self.room_kib);
        // The semaphore is never closed.
        Arc::clone(&self.room).acquire_many_owned(kib).await.ok()
    }
}

/// Twice the processors: a message that takes long leaves room for others.
fn turns() -> usize {
    std::thread::available_parallelism().map_or(4, |processors| processors.get() * 2)
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

/// ClamAV's daemon. What is too long was refused before: no limit of its own cuts here.
pub(super) fn clamd(settings: &FilterSettings) -> Result<Option<Clamd>, String> {
    let Some(text) = &settings.clamd else { return Ok(None) };
    let at = text.parse().map_err(|error| format!("[filter] clamd: \"{text}\": {error}"))?;
    let limits = ClamdLimits {
        total_time_max: settings.time_max(),
        message_bytes_max: usize::MAX,
        ..ClamdLimits::default()
    };
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
