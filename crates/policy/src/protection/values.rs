//! Values that the protection tables share: switches, lists, sender patterns, ranges, times.
//!
//! Touches nothing. A text that cannot be read is an error that says what was expected.

use std::fmt::{self, Display};
use std::net::IpAddr;
use std::ops::Deref;

use posthouse_types::{Address, Domain, UnixMillis};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ranges::{AddressRange, SharedIdentities};
use crate::text::{self, FromText, shown, words};

words! {
    /// On or off.
    Switch {
        /// Off.
        Off = "off",
        /// On.
        On = "on",
    }
}

words! {
    /// A switch of the advanced spam filter.
    AsfState {
        /// Off.
        Off = "off",
        /// On: it marks as spam.
        On = "on",
        /// Only the test mode's action is taken.
        Test = "test",
    }
}

/// A list in a policy: fixed once it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<T>(Box<[T]>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Box::default())
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

impl<T: Display> Serialize for List<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        text::list::serialize(&self.0, to)
    }
}

impl<'de, T: FromText> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        text::list::deserialize(from).map(Self)
    }
}

/// A sender in a list: one address, one domain, or a domain with all below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SenderPattern {
    /// `anna@contoso.com`, in any case.
    Address(Address),
    /// `contoso.com`: this one only.
    Domain(Domain),
    /// `*.contoso.com`: this one and all below it.
    WithSubdomains(Domain),
}

impl SenderPattern {
    /// Whether this sender is meant.
    pub fn covers(&self, sender: &Address) -> bool {
        match self {
            Self::Address(address) => is_same(address, sender),
            Self::Domain(domain) => domain == sender.domain(),
            Self::WithSubdomains(domain) => sender.domain().is_or_below(domain.as_str()),
        }
    }
}

/// Whether two addresses are one, the local part in any case, as Exchange compares them.
pub(crate) fn is_same(a: &Address, b: &Address) -> bool {
    a.domain() == b.domain()
        && (a.local() == b.local() || a.local().to_lowercase() == b.local().to_lowercase())
}

impl FromText for SenderPattern {
    fn from_text(text: &str) -> Result<Self, String> {
        match text.strip_prefix("*.") {
            Some(base) => Domain::from_text(base).map(Self::WithSubdomains),
            None if text.contains('@') => Address::from_text(text).map(Self::Address),
            None => Domain::from_text(text).map(Self::Domain),
        }
        .map_err(|_| {
            format!("{} is no sender: write an address, a domain, or *. and a domain", shown(text))
        })
    }
}

impl Display for SenderPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(formatter, "{address}"),
            Self::Domain(domain) => write!(formatter, "{domain}"),
            Self::WithSubdomains(domain) => write!(formatter, "*.{domain}"),
        }
    }
}

/// A person whose imitation is looked for (TargetedUsersToProtect): the name that is shown beside
/// the address, and the address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtectedUser {
    /// The name; where none is given, the words of the address's local part.
    name: Option<Box<str>>,
    /// The address.
    pub address: Address,
}

impl ProtectedUser {
    /// The name that imitators would show.
    pub fn name(&self) -> String {
        match &self.name {
            Some(name) => name.to_string(),
            None => self.address.local().replace(['.', '_', '-'], " "),
        }
    }
}

impl FromText for ProtectedUser {
    /// `Carla Chief;carla@contoso.com`, as Exchange writes it, or the address alone.
    fn from_text(text: &str) -> Result<Self, String> {
        let (name, address) = match text.rsplit_once(';') {
            Some((name, address)) => (Some(name.trim()), address.trim()),
            None => (None, text),
        };
        let is_sound = |name: &str| !name.is_empty() && !name.contains(char::is_control);
        if !name.is_none_or(is_sound) {
            let expected = "write \"Carla Chief;carla@contoso.com\", or the address alone";
            return Err(format!("{} names nobody: {expected}", shown(text)));
        }
        Ok(Self { name: name.map(Box::from), address: Address::from_text(address)? })
    }
}

impl Display for ProtectedUser {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(formatter, "{name};{}", self.address),
            None => write!(formatter, "{}", self.address),
        }
    }
}

/// An entry of the connection filter: an address, a range by its ends, or a CIDR range of /24 to
/// /32 (IPv6, which Exchange Online's lists do not take: /64 to /128).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceRange {
    /// An address or CIDR range.
    Prefix(AddressRange),
    /// From the first to the last, both in.
    Between(IpAddr, IpAddr),
}

impl SourceRange {
    /// Whether an address lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        match self {
            Self::Prefix(range) => range.contains(address),
            Self::Between(first, last) => {
                first.is_ipv4() == address.is_ipv4() && (*first..=*last).contains(&address)
            }
        }
    }

    /// Who shares out a part of it among many organisations; of a range by its ends, one of them.
    pub(crate) fn shared_by<'s>(&self, shared: &'s SharedIdentities) -> Option<&'s str> {
        match self {
            Self::Prefix(range) => shared.owner_of_range(range),
            Self::Between(first, last) => {
                shared.owner_of_address(*first).or_else(|| shared.owner_of_address(*last))
            }
        }
    }
}

/// Addresses in one range that is written by its ends, IPv4: what a /24 holds.
const BETWEEN_V4_MAX: u32 = 256;

impl FromText for SourceRange {
    fn from_text(text: &str) -> Result<Self, String> {
        let Some((first, last)) = text.split_once('-') else {
            return AddressRange::from_text(text).map(Self::Prefix);
        };
        let wrong = || {
            format!(
                "{} is no range: write both ends, the lower first, at most {BETWEEN_V4_MAX} IPv4 \
                 addresses apart, as 192.0.2.1-192.0.2.9",
                shown(text)
            )
        };
        match (first.trim().parse::<IpAddr>(), last.trim().parse::<IpAddr>()) {
            (Ok(IpAddr::V4(first)), Ok(IpAddr::V4(last)))
                if first <= last && last.to_bits() - first.to_bits() < BETWEEN_V4_MAX =>
            {
                Ok(Self::Between(first.into(), last.into()))
            }
            _ => Err(wrong()),
        }
    }
}

impl Display for SourceRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefix(range) => write!(formatter, "{range}"),
            Self::Between(first, last) => write!(formatter, "{first}-{last}"),
        }
    }
}

/// A code of two letters: a language (ISO 639-1) or a country (ISO 3166-1), in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code([u8; 2]);

impl Code {
    /// Whether this is the code, in any case.
    pub fn is(&self, code: &str) -> bool {
        code.as_bytes().eq_ignore_ascii_case(&self.0)
    }
}

impl FromText for Code {
    fn from_text(text: &str) -> Result<Self, String> {
        let letters: Option<[u8; 2]> = text.as_bytes().try_into().ok();
        match letters.map(|letters| letters.map(|letter| letter.to_ascii_lowercase())) {
            Some(letters) if letters.iter().all(u8::is_ascii_lowercase) => Ok(Self(letters)),
            _ => Err(format!("{} is no code of two letters, as de is", shown(text))),
        }
    }
}

impl Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(str::from_utf8(&self.0).unwrap_or_default())
    }
}

/// A file type by its extension: lower case, without the dot, 1 to 20 letters and digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileType(Box<str>);

impl FileType {
    /// The extension.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// One of the built-in list, which is sound.
    pub(crate) fn built_in(extension: &'static str) -> Self {
        Self(extension.into())
    }
}

impl FromText for FileType {
    fn from_text(text: &str) -> Result<Self, String> {
        let name = text.strip_prefix('.').unwrap_or(text).to_ascii_lowercase();
        let is_sound =
            (1..=20).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if is_sound {
            Ok(Self(name.into()))
        } else {
            Err(format!("{} is no file type, as exe is", shown(text)))
        }
    }
}

impl Display for FileType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A point in time as a file writes it: a day (`2026-12-24`, its first moment in UTC) or
/// `2026-12-24T18:00:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(pub UnixMillis);

const SECONDS_PER_DAY: i64 = 86_400;

impl FromText for Instant {
    fn from_text(text: &str) -> Result<Self, String> {
        read_instant(text).map(|seconds| Self(UnixMillis::from_seconds(seconds))).ok_or_else(|| {
            format!("{} is no time: write 2026-12-24 or 2026-12-24T18:00:00Z", shown(text))
        })
    }
}

fn read_instant(text: &str) -> Option<i64> {
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, Some(time.strip_suffix(['Z', 'z'])?)),
        None => (text, None),
    };
    let numbers = |text: &str, separator: char, widths: [usize; 3]| -> Option<[i64; 3]> {
        let mut out = [0; 3];
        let mut parts = text.split(separator);
        for (number, width) in out.iter_mut().zip(widths) {
            let part = parts.next().filter(|part| part.len() == width)?;
            let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
            *number = is_number.then(|| part.parse().ok())??;
        }
        parts.next().is_none().then_some(out)
    };
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = match time {
        Some(time) => numbers(time, ':', [2, 2, 2])?,
        None => [0; 3],
    };
    let is_sound = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    let seconds = days_since_1970(year, month, day) * SECONDS_PER_DAY;
    is_sound.then_some(seconds + hour * 3600 + minute * 60 + second)
}

fn days_in(year: i64, month: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a day of the Gregorian calendar. Years begin in March here, so that
/// the leap day is a year's last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    year * 365 + leap_days + (month * 306 + 5) / 10 + day - 1 - DAYS_TO_1970
}

/// Days from 0000-03-01 to 1970-01-01.
const DAYS_TO_1970: i64 = 719_468;

impl Display for Instant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.seconds().max(0);
        let (mut days, rest) = (seconds / SECONDS_PER_DAY, seconds % SECONDS_PER_DAY);
        let mut year = 1970;
        while days >= days_since_1970(year + 1, 1, 1) - days_since_1970(year, 1, 1) {
            days -= days_since_1970(year + 1, 1, 1) - days_since_1970(year, 1, 1);
            year += 1;
        }
        let mut month = 1;
        while days >= days_in(year, month) {
            days -= days_in(year, month);
            month += 1;
        }
        write!(
            formatter,
            "{year:04}-{month:02}-{:02}T{:02}:{:02}:{:02}Z",
            days + 1,
            rest / 3600,
            rest / 60 % 60,
            rest % 60
        )
    }
}

/// A table of settings: a struct whose fields all have defaults. What is default is left out of
/// the file, and every field's name is a key.
macro_rules! settings {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident : $type:ty = $default:expr,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
        #[serde(default)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }

        impl $name {
            /// The keys of its table.
            pub const KEYS: &'static [&'static str] = &[$(stringify!($field)),+];
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap;
                let default = Self::default();
                let mut map = to.serialize_map(None)?;
                $(if self.$field != default.$field {
                    map.serialize_entry(stringify!($field), &self.$field)?;
                })+
                map.end()
            }
        }
    };
}

pub(crate) use settings;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_and_written_alike() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:00:00Z", 951_825_600),
            ("2026-11-25T14:00:00Z", 1_795_615_200),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
        ] {
            let instant = Instant::from_text(text).unwrap();
            assert_eq!(instant.0.seconds(), seconds, "{text}");
            assert_eq!(instant.to_string(), text);
        }
        assert_eq!(Instant::from_text("2026-11-25").unwrap().to_string(), "2026-11-25T00:00:00Z");
        for text in ["2026-02-29", "2026-13-01", "26-11-25", "2026-11-25T24:00:00Z", "tomorrow", ""]
        {
            assert!(Instant::from_text(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_sender_pattern_covers_at_label_boundaries_and_in_any_case() {
        let sender = Address::from_text("Anna@mail.contoso.com").unwrap();
        for (pattern, covers) in [
            ("anna@mail.contoso.com", true),
            ("bert@mail.contoso.com", false),
            ("mail.contoso.com", true),
            ("contoso.com", false),
            ("*.contoso.com", true),
            ("*.mail.contoso.com", true),
            ("*.oso.com", false),
        ] {
            let read = SenderPattern::from_text(pattern).unwrap();
            assert_eq!(read.covers(&sender), covers, "{pattern}");
            assert_eq!(read.to_string(), pattern);
        }
        assert!(SenderPattern::from_text("*").is_err());
    }

    #[test]
    fn a_source_range_is_single_between_or_cidr() {
        let inside: IpAddr = "192.0.2.9".parse().unwrap();
        for (text, contains) in [
            ("192.0.2.9", true),
            ("192.0.2.1-192.0.2.9", true),
            ("192.0.2.1-192.0.2.8", false),
            ("192.0.2.0/24", true),
            ("2001:db8::/64", false),
        ] {
            let range = SourceRange::from_text(text).unwrap();
            assert_eq!(range.contains(inside), contains, "{text}");
            assert_eq!(range.to_string(), text);
        }
        for text in ["192.0.0.0/16", "192.0.2.9-192.0.2.1", "10.0.0.0-10.0.9.9", "a-b"] {
            assert!(SourceRange::from_text(text).is_err(), "{text}");
        }
    }
}
