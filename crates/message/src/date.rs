//! Points in time as messages and replies write them. Pure: the caller brings the time.
//! Times outside the years 1970 to 9999 are shown as the nearest one that can be written.

use posthouse_types::UnixMillis;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use time::macros::format_description;

/// Last second of the year 9999: both formats have four digits for the year.
const SECONDS_MAX: i64 = 253_402_300_799;

/// `Mon, 23 Nov 2026 18:10:27 +0000` (RFC 5322 section 3.3), always in UTC.
pub fn date_rfc5322(at: UnixMillis) -> String {
    calendar(at).format(&Rfc2822).unwrap_or_default()
}

/// `2026-11-23T18:10:27.042Z` (RFC 3339), always in UTC and with milliseconds: what replies,
/// traces and logs print.
pub fn date_rfc3339(at: UnixMillis) -> String {
    let format =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    calendar(at).format(format).unwrap_or_default()
}

/// `11/23/2026 6:10:27 PM`: how Exchange writes times into a report's diagnostic part, which
/// readers and tools compare with their own servers' reports.
pub(crate) fn date_exchange(at: UnixMillis) -> String {
    let format = format_description!(
        "[month padding:none]/[day padding:none]/[year] [hour repr:12 padding:none]:[minute]:[second] [period]"
    );
    calendar(at).format(format).unwrap_or_default()
}

fn calendar(at: UnixMillis) -> OffsetDateTime {
    let millis = at.0.clamp(0, SECONDS_MAX * 1000 + 999);
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: UnixMillis = UnixMillis(1_795_457_427_042);

    #[test]
    fn dates_are_written_in_utc() {
        assert_eq!(date_rfc5322(AT), "Mon, 23 Nov 2026 18:10:27 +0000");
        assert_eq!(date_rfc3339(AT), "2026-11-23T18:10:27.042Z");
        assert_eq!(date_exchange(AT), "11/23/2026 6:10:27 PM");
    }

    #[test]
    fn a_time_that_cannot_be_written_is_shown_as_the_nearest_one() {
        assert_eq!(date_rfc3339(UnixMillis(i64::MIN)), "1970-01-01T00:00:00.000Z");
        assert_eq!(date_rfc3339(UnixMillis(i64::MAX)), "9999-12-31T23:59:59.999Z");
        assert_eq!(date_rfc5322(UnixMillis(i64::MAX)), "Fri, 31 Dec 9999 23:59:59 +0000");
    }
}
