//! The scheduler's time: the wall clock's, as far as it goes forward.
//!
//! Touches nothing: the wall's time comes in. Cannot fail.

use std::time::Duration;

use posthouse_types::UnixMillis;

/// Time that never goes back. When the wall clock is set back, what was due in a minute stays
/// due in a minute; a jump forward only makes things due early.
#[derive(Debug, Default)]
pub(super) struct SteadyClock {
    /// The steady time last seen.
    pub(super) now: UnixMillis,
    /// The wall's time last seen.
    wall: UnixMillis,
    /// How far the wall clock was set back in all.
    behind: Duration,
}

impl SteadyClock {
    pub(super) fn steady(&mut self, wall: UnixMillis) -> UnixMillis {
        self.behind = self.behind.saturating_add(self.wall.since(wall));
        self.wall = wall;
        self.now = self.to_steady(wall);
        self.now
    }

    pub(super) fn to_steady(&self, wall: UnixMillis) -> UnixMillis {
        wall + self.behind
    }

    pub(super) fn to_wall(&self, steady: UnixMillis) -> UnixMillis {
        steady - self.behind
    }
}
