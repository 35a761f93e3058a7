//! `[filter]` of the settings: which engines look at a message, and how long.
//!
//! Touches nothing; the files and addresses that it names are opened by `engines`.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

/// `[filter]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FilterSettings {
    /// Off: nothing is judged, and every message says so (`X-Posthouse-Filtered: no`).
    pub(crate) enabled: bool,
    /// A model that `posthouse train` made. Left out: the one that ships with the program.
    pub(crate) model: Option<PathBuf>,
    /// Look-ups and daemons together may take so long, in seconds; what has not answered by then
    /// is a fact. The sender waits for its 250 meanwhile: RFC 5321 gives us ten minutes.
    pub(crate) seconds_max: u64,
    /// Messages that are looked at in memory at once, in bytes, together.
    pub(crate) bytes_at_once_max: usize,
    /// ClamAV's daemon: an address (`127.0.0.1:3310`) or the path of its socket.
    pub(crate) clamd: Option<String>,
    /// No answer from it: the message is deferred (451). Otherwise that is a fact in the trace.
    pub(crate) clamd_required: bool,
    /// Files of YARA rules.
    pub(crate) yara: Vec<PathBuf>,
    /// A program that is told, by a line of JSON on its standard input, of each delivered message
    /// whose verdict has become worse. Left out: nobody is told.
    pub(crate) zero_hour_hook: Option<PathBuf>,
    /// DNS block lists that are asked about the peer's address.
    pub(crate) dns_block_lists: Vec<String>,
}

impl Default for FilterSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            model: None,
            seconds_max: 15,
            bytes_at_once_max: 256 * 1024 * 1024,
            clamd: None,
            clamd_required: false,
            yara: Vec::new(),
            zero_hour_hook: None,
            dns_block_lists: Vec::new(),
        }
    }
}

impl FilterSettings {
    /// Nothing looks at the mail: an edge's own, or where the operator says so.
    pub(crate) fn off() -> Self {
        Self { enabled: false, ..Self::default() }
    }

    /// How long gathering may take.
    pub(crate) fn time_max(&self) -> Duration {
        Duration::from_secs(self.seconds_max)
    }
}
