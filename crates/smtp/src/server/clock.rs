//! The session's deadlines: total time, waiting for a command, and the body's minimum rate.
//!
//! No clock of its own: `now` comes in. Only time spent waiting for the peer is held against it;
//! time that the caller takes to answer is not.

use std::time::Duration;

use posthouse_types::{SmtpLimits, UnixMillis};

use crate::texts::{self, RefusalText};

/// What the session waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awaited {
    /// The rest of a command line.
    Command,
    /// The rest of a message or chunk.
    Body,
}

/// One session's time.
#[derive(Debug)]
pub(super) struct Clock {
    session_end: UnixMillis,
    /// Since when the peer owes a whole command, or the next octet of a body.
    owed_since: Option<UnixMillis>,
    /// Since when the caller has been reading.
    reading_since: Option<UnixMillis>,
    /// The body's current window: how long it was waited for, and how much came.
    window_waited: Duration,
    window_octets: u64,
}

impl Clock {
    pub(super) fn new(now: UnixMillis, limits: &SmtpLimits) -> Self {
        Self {
            session_end: now + limits.session_time_max,
            owed_since: None,
            reading_since: None,
            window_waited: Duration::ZERO,
            window_octets: 0,
        }
    }

    /// Whether the whole session has lasted too long.
    pub(super) fn session_over(&self, now: UnixMillis) -> bool {
        now >= self.session_end
    }

    /// The caller's read ended.
    pub(super) fn read_ended(&mut self, now: UnixMillis) {
        if let Some(since) = self.reading_since.take() {
            self.window_waited = self.window_waited.saturating_add(now.since(since));
        }
    }

    /// A whole command came: the peer owes the next one from the next wait on.
    pub(super) fn command_came(&mut self) {
        self.owed_since = None;
    }

    /// A body begins: so does its first window.
    pub(super) fn body_begins(&mut self) {
        self.owed_since = None;
        self.window_waited = Duration::ZERO;
        self.window_octets = 0;
    }

    /// Some of a body came.
    pub(super) fn body_came(&mut self, octets: usize) {
        self.owed_since = None;
        let octets = u64::try_from(octets).unwrap_or(u64::MAX);
        self.window_octets = self.window_octets.saturating_add(octets);
    }

    /// Until when the caller may read; or why the session ends instead.
    ///
    /// A command must be whole within the idle time, however its octets drip. A body may pause
    /// for less than the idle time, and must bring its minimum over each window.
    pub(super) fn wait(
        &mut self,
        now: UnixMillis,
        awaited: Awaited,
        limits: &SmtpLimits,
    ) -> Result<UnixMillis, &'static RefusalText> {
        self.read_ended(now);
        if self.session_over(now) {
            return Err(&texts::SESSION_OVER);
        }
        let idle_end = *self.owed_since.get_or_insert(now) + limits.idle_time_max;
        if now >= idle_end {
            return Err(&texts::IDLE);
        }
        let mut until = idle_end.min(self.session_end);
        let window = limits.body_rate_window;
        if awaited == Awaited::Body && !window.is_zero() {
            if self.window_waited >= window {
                let rate = u128::from(limits.body_bytes_per_second_min);
                if u128::from(self.window_octets) * 1000 < rate * window.as_millis() {
                    return Err(&texts::TOO_SLOW);
                }
                self.window_waited = Duration::ZERO;
                self.window_octets = 0;
            }
            until = until.min(now + window.saturating_sub(self.window_waited));
        }
        self.reading_since = Some(now);
        Ok(until)
    }
}
