//! When one recipient is tried again, and when it is given up.
//!
//! Touches nothing: the caller brings the time, the count of attempts and one random byte.
//! A clock that jumps neither ends nor immortalises a message: elapsed time is believed only as
//! far as the number of attempts agrees with it.

use std::time::Duration;

use posthouse_types::UnixMillis;

/// The retry schedule of a node (RFC 5321 section 4.5.4.1; Exchange's glitch and transient
/// retries). All values are settable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetrySchedule {
    /// Waits after the first failures, one each: most failures are over within seconds
    /// (Exchange's glitch retry).
    pub glitch_delays: Vec<Duration>,
    /// Every wait after those.
    pub interval: Duration,
    /// How long delivery is tried, from the moment the message was queued.
    pub lifetime: Duration,
    /// When the sender is told that the message is late (a DSN with `Action: delayed`).
    pub delay_notice_after: Duration,
}

impl Default for RetrySchedule {
    fn default() -> Self {
        Self {
            glitch_delays: vec![
                Duration::from_secs(15),
                Duration::from_secs(60),
                Duration::from_secs(60),
            ],
            interval: Duration::from_secs(5 * 60),
            lifetime: Duration::from_secs(24 * 60 * 60),
            delay_notice_after: Duration::from_secs(4 * 60 * 60),
        }
    }
}

/// What follows a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextStep {
    /// Try again at this time.
    RetryAt(UnixMillis),
    /// Its time is over: report or hold it (reason `message-expired`).
    GiveUp,
}

/// An interval shorter than this is taken as this: a schedule set to zero would spin.
const INTERVAL_MIN: Duration = Duration::from_secs(1);

/// How far `spread` moves a wait to either side, in percent. Enough to pull messages apart that
/// failed together, too little for anyone to notice.
const SPREAD_PERCENT: u64 = 10;

/// A message is given up by the number of attempts alone once it had this many times the
/// attempts that its lifetime holds: a clock set back cannot keep it forever.
const LIFETIMES_OF_ATTEMPTS_MAX: u64 = 4;

impl RetrySchedule {
    /// What to do after a failed attempt.
    ///
    /// `attempts` counts the failed attempts so far, this one included. `spread` is one random
    /// byte of the caller's; it moves the wait by up to 10 % either way.
    ///
    /// A message is given up when the clock says that its lifetime is over *and* it has had at
    /// least [`Self::attempts_min`] attempts. After a jump of the clock, or a node that was down
    /// for days, everything in the queue therefore keeps its chances, and what expires later does
    /// so spread over hours, never all at once.
    pub fn after_failure(
        &self,
        attempts: u32,
        first_queued: UnixMillis,
        now: UnixMillis,
        spread: u8,
    ) -> NextStep {
        let lifetime_over = now.since(first_queued) >= self.lifetime;
        let attempts_max =
            self.attempts_scheduled(self.lifetime).saturating_mul(LIFETIMES_OF_ATTEMPTS_MAX);
        if lifetime_over && attempts >= self.attempts_min() || u64::from(attempts) > attempts_max {
            return NextStep::GiveUp;
        }
        NextStep::RetryAt(now + spread_out(self.wait_after(attempts), spread))
    }

    /// The attempts below which no message is ever given up: half of those that its lifetime
    /// holds, at least one. Half, since an attempt at a host that swallows packets may itself
    /// take as long as the interval.
    pub fn attempts_min(&self) -> u32 {
        let half = self.attempts_scheduled(self.lifetime) / 2;
        u32::try_from(half).unwrap_or(u32::MAX).max(1)
    }

    /// Whether the sender ought to be told by now that the message is late. The caller remembers
    /// that it was told. As with expiry, the clock is believed only where the attempts agree.
    pub fn delay_notice_due(
        &self,
        attempts: u32,
        first_queued: UnixMillis,
        now: UnixMillis,
    ) -> bool {
        now.since(first_queued) >= self.delay_notice_after
            && u64::from(attempts) >= (self.attempts_scheduled(self.delay_notice_after) / 2).max(1)
    }

    /// How long to wait after the given number of failed attempts, before the spread.
    fn wait_after(&self, attempts: u32) -> Duration {
        let place = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
        self.glitch_delays.get(place).copied().unwrap_or(self.interval).max(INTERVAL_MIN)
    }

    /// How many attempts the schedule makes within `time`, the first one not counted.
    fn attempts_scheduled(&self, time: Duration) -> u64 {
        let mut left = time;
        let mut attempts: u64 = 0;
        for delay in &self.glitch_delays {
            let Some(rest) = left.checked_sub((*delay).max(INTERVAL_MIN)) else {
                return attempts;
            };
            left = rest;
            attempts += 1;
        }
        let interval_ms = self.interval.max(INTERVAL_MIN).as_millis();
        attempts.saturating_add(u64::try_from(left.as_millis() / interval_ms).unwrap_or(u64::MAX))
    }
}

/// `wait`, moved by up to [`SPREAD_PERCENT`] either way: 0 is the shortest, 255 the longest.
fn spread_out(wait: Duration, spread: u8) -> Duration {
    let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    // Divided first: a lifetime in milliseconds times 100 still has to fit.
    let shortest = wait_ms - wait_ms / 100 * SPREAD_PERCENT;
    let range = wait_ms / 100 * SPREAD_PERCENT * 2;
    Duration::from_millis(shortest.saturating_add(range / 255 * u64::from(spread)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const QUEUED: UnixMillis = UnixMillis(1_750_000_000_000);
    /// The random byte that leaves a wait as it is, but for rounding.
    const MIDDLE: u8 = 127;

    fn wait_s(schedule: &RetrySchedule, attempts: u32, now: UnixMillis) -> i64 {
        match schedule.after_failure(attempts, QUEUED, now, MIDDLE) {
            NextStep::RetryAt(time) => ((time.0 - now.0) as f64 / 1000.0).round() as i64,
            NextStep::GiveUp => panic!("given up after {attempts}"),
        }
    }

    #[test]
    fn the_first_retries_come_after_15_60_and_60_seconds_then_every_5_minutes() {
        let schedule = RetrySchedule::default();
        let waits: Vec<i64> = (1..=6).map(|attempts| wait_s(&schedule, attempts, QUEUED)).collect();
        assert_eq!(waits, [15, 60, 60, 300, 300, 300]);
    }

    #[test]
    fn a_message_that_fails_all_day_is_given_up_after_a_day_and_not_before() {
        let schedule = RetrySchedule::default();
        let mut now = QUEUED;
        for attempts in 1.. {
            match schedule.after_failure(attempts, QUEUED, now, (attempts % 256) as u8) {
                NextStep::RetryAt(time) => now = time,
                NextStep::GiveUp => break,
            }
        }
        let lived = now.since(QUEUED);
        assert!(lived >= schedule.lifetime, "{lived:?}");
        assert!(lived <= schedule.lifetime + 2 * schedule.interval, "{lived:?}");
    }

    #[test]
    fn flt_12_a_clock_400_days_ahead_gives_up_nothing_that_has_had_few_attempts() {
        let schedule = RetrySchedule::default();
        let later = QUEUED + Duration::from_secs(400 * 24 * 3600);
        for attempts in 1..schedule.attempts_min() {
            assert_ne!(schedule.after_failure(attempts, QUEUED, later, 0), NextStep::GiveUp);
        }
        assert!(schedule.attempts_min() > 100, "12 hours of attempts stand behind it");
        assert!(!schedule.delay_notice_due(3, QUEUED, later));
    }

    #[test]
    fn flt_12_a_clock_set_back_cannot_keep_a_message_for_ever() {
        let schedule = RetrySchedule::default();
        let earlier = QUEUED - Duration::from_secs(400 * 24 * 3600);
        assert_eq!(schedule.after_failure(2000, QUEUED, earlier, 0), NextStep::GiveUp);
        assert_ne!(schedule.after_failure(300, QUEUED, earlier, 0), NextStep::GiveUp);
    }

    #[test]
    fn the_delay_notice_is_due_after_4_hours_of_attempts() {
        let schedule = RetrySchedule::default();
        let hours = |hours: u64| QUEUED + Duration::from_secs(hours * 3600);
        assert!(!schedule.delay_notice_due(40, QUEUED, hours(3)));
        assert!(schedule.delay_notice_due(48, QUEUED, hours(4)));
    }

    #[test]
    fn a_schedule_of_zeroes_neither_spins_nor_panics() {
        let schedule = RetrySchedule {
            glitch_delays: vec![Duration::ZERO],
            interval: Duration::ZERO,
            lifetime: Duration::ZERO,
            delay_notice_after: Duration::ZERO,
        };
        assert_eq!(schedule.after_failure(1, QUEUED, QUEUED, 0), NextStep::GiveUp);
        let patient = RetrySchedule { lifetime: Duration::from_secs(60), ..schedule };
        assert!(wait_s(&patient, 1, QUEUED) >= 1);
    }

    proptest! {
        #[test]
        fn a_retry_is_spread_by_at_most_a_tenth(attempts in 1u32..400, spread: u8) {
            let schedule = RetrySchedule::default();
            let wait = schedule.wait_after(attempts);
            let step = schedule.after_failure(attempts, QUEUED, QUEUED, spread);
            let NextStep::RetryAt(time) = step else { panic!("given up at once") };
            let actual = time.since(QUEUED);
            prop_assert!(actual >= wait * 9 / 10 && actual <= wait * 11 / 10, "{actual:?}");
        }

        #[test]
        fn no_times_however_odd_make_it_panic(
            attempts: u32, queued: i64, now: i64, spread: u8, seconds: u64,
        ) {
            let schedule = RetrySchedule {
                interval: Duration::from_secs(seconds),
                lifetime: Duration::from_secs(seconds),
                ..RetrySchedule::default()
            };
            let (queued, now) = (UnixMillis(queued), UnixMillis(now));
            let _ = schedule.after_failure(attempts, queued, now, spread);
            let _ = schedule.delay_notice_due(attempts, queued, now);
        }
    }
}
