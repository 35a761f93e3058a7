//! Points in time as logs write them. Pure; what is no time is `None`, never a guess.

use posthouse_types::UnixMillis;
use time::{Date, Month, PrimitiveDateTime, Time};

/// `2016-12-01T03:09:55.100Z`, with a blank for the `T`, with any number of decimals, with or
/// without `Z`: logs of both kinds are in UTC.
pub(crate) fn moment(text: &str) -> Option<UnixMillis> {
    let text = text.trim();
    let date = calendar_day(text.get(..10)?)?;
    let clock = text.get(10..)?.strip_prefix(['T', ' ', 't'])?;
    at(date, clock)
}

/// A W3C log's date and time columns.
pub(crate) fn moment_of(date: &str, clock: &str) -> Option<UnixMillis> {
    at(calendar_day(date)?, clock)
}

fn calendar_day(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
    let year = year.parse().ok().filter(|year| (1601..=9999).contains(year))?;
    Date::from_calendar_date(year, month, day.parse().ok()?).ok()
}

fn at(date: Date, clock: &str) -> Option<UnixMillis> {
    let clock = clock.trim_end_matches(['Z', 'z']);
    let (whole, decimals) = clock.split_once('.').unwrap_or((clock, ""));
    let mut parts = whole.split(':').map(|part| part.parse::<u8>().ok());
    let time = Time::from_hms(parts.next()??, parts.next()??, parts.next()??).ok()?;
    let millis: String = decimals.chars().chain("000".chars()).take(3).collect();
    let seconds = PrimitiveDateTime::new(date, time).assume_utc().unix_timestamp();
    Some(UnixMillis(seconds * 1000 + millis.parse::<i64>().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_both_kinds_of_log_are_utc() {
        let expected = Some(UnixMillis(1_480_561_795_100));
        assert_eq!(moment("2016-12-01T03:09:55.100Z"), expected);
        assert_eq!(moment("2016-12-01 03:09:55.1000000Z"), expected);
        assert_eq!(moment_of("2016-12-01", "03:09:55.1"), expected);
        assert_eq!(moment("2016-12-01T03:09:55Z"), Some(UnixMillis(1_480_561_795_000)));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "x",
            "2016-13-01T00:00:00Z",
            "2016-12-01T25:00:00Z",
            "2016-12-01",
            "99999-12-01T00:00:00Z",
            "2016-12-01T00:00:00.x",
            "2016-12-ö1T00:00:00Z",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
