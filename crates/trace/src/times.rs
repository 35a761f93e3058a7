//! Points in time as traces, events and logs write them: RFC 3339, always UTC.
//! Pure. What lies outside the years 1970 to 9999 is shown as the nearest that can be written.

use time::OffsetDateTime;
use time::macros::format_description;

/// Last millisecond of the year 9999.
const MILLIS_MAX: i64 = 253_402_300_799_999;

/// `2026-11-23T18:10:27.042Z`.
pub(crate) fn rfc3339(millis: i64) -> String {
    let format =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    calendar(millis).format(format).unwrap_or_default()
}

/// `2026-11-23`.
pub(crate) fn day(millis: i64) -> String {
    calendar(millis).format(format_description!("[year]-[month]-[day]")).unwrap_or_default()
}

/// `2026-11-23 18:10:27`: the W3C log's date and time, two fields.
pub(crate) fn w3c(millis: i64) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    calendar(millis).format(format).unwrap_or_default()
}

/// `2026-11-23T18:10:27.0420000Z`: Windows event logs count in 100 nanoseconds.
pub(crate) fn windows(millis: i64) -> String {
    let format =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:7]Z");
    calendar(millis).format(format).unwrap_or_default()
}

fn calendar(millis: i64) -> OffsetDateTime {
    let nanoseconds = i128::from(millis.clamp(0, MILLIS_MAX)) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc() {
        assert_eq!(rfc3339(1_795_457_427_042), "2026-11-23T18:10:27.042Z");
        assert_eq!(windows(1_795_457_427_042), "2026-11-23T18:10:27.0420000Z");
        assert_eq!(day(1_795_457_427_042), "2026-11-23");
        assert_eq!(w3c(1_795_457_427_042), "2026-11-23 18:10:27");
        assert_eq!(rfc3339(i64::MIN), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(i64::MAX), "9999-12-31T23:59:59.999Z");
    }
}
