//! SMTP MTA Strict Transport Security (RFC 8461): the record that announces a policy, and what a
//! policy says.
//!
//! Pure parsing, touches nothing: the caller asks for the TXT records and fetches the file. A
//! record or policy that does not follow the grammar is named, never guessed at.

use posthouse_types::{SHOWN_CHARACTERS_MAX, printable};

/// Longest policy that is read: RFC 8461 section 3.3 suggests this bound.
pub const POLICY_BYTES_MAX: usize = 64 * 1024;

/// Host patterns of one policy that are kept; the largest providers list about ten.
const PATTERNS_MAX: usize = 256;

/// Longest `max_age` (RFC 8461 section 3.2): a year and a quarter of a day.
const MAX_AGE_SECONDS_MAX: u64 = 31_557_600;

/// What a sender has to do when a server does not meet the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StsMode {
    /// Deliver to no server that fails.
    Enforce,
    /// Deliver, and report.
    Testing,
    /// There is no policy any more.
    None,
}

impl StsMode {
    /// The word in a policy.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Testing => "testing",
            Self::None => "none",
        }
    }
}

/// A policy (RFC 8461 section 3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StsPolicy {
    /// What happens to servers that fail.
    pub mode: StsMode,
    /// For how long a sender keeps it.
    pub max_age_seconds: u64,
    /// Host names of mail exchangers, lower case; `*.d` covers one label below d.
    pub mx: Vec<String>,
}

/// The host that serves a domain's policy, over HTTPS at `/.well-known/mta-sts.txt`.
pub fn policy_host(domain: &str) -> String {
    format!("mta-sts.{domain}")
}

/// The policy's id out of the TXT records of `_mta-sts.d`. `Ok(None)`: no policy is announced.
///
/// # Errors
/// More than one record, or one without a usable id: senders then act as if there were none
/// (RFC 8461 section 3.1).
pub fn policy_id(records: &[String]) -> Result<Option<String>, String> {
    let ours: Vec<&String> =
        records.iter().filter(|record| record.split(';').next() == Some("v=STSv1")).collect();
    let record = match ours.as_slice() {
        [] => return Ok(None),
        [record] => record,
        several => {
            return Err(format!("there are {} records that begin with v=STSv1", several.len()));
        }
    };
    let id = record.split(';').filter_map(|field| field.trim().strip_prefix("id=")).next();
    let is_sound = |id: &&str| {
        (1..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    match id.filter(is_sound) {
        Some(id) => Ok(Some(id.to_owned())),
        None => Err("the record has no id= of 1 to 32 letters and digits".to_owned()),
    }
}

impl StsPolicy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// Which field is missing or wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (mut version, mut mode, mut max_age, mut mx) = (None, None, None, Vec::new());
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let Some((name, value)) = line.split_once(':') else {
                let line = printable(line, SHOWN_CHARACTERS_MAX);
                return Err(format!("the line \"{line}\" has no colon"));
            };
            let value = value.trim();
            // Of a field that may stand once the first one counts (RFC 8461 section 3.2).
            match name.trim() {
                "version" => version = version.or(Some(value)),
                "mode" => mode = mode.or(Some(value)),
                "max_age" => max_age = max_age.or(Some(value)),
                "mx" if mx.len() < PATTERNS_MAX => mx.push(value.to_ascii_lowercase()),
                _ => {}
            }
        }
        if version != Some("STSv1") {
            return Err("there is no line version: STSv1".to_owned());
        }
        let mode = match mode {
            Some("enforce") => StsMode::Enforce,
            Some("testing") => StsMode::Testing,
            Some("none") => StsMode::None,
            _ => return Err("mode is none of enforce, testing and none".to_owned()),
        };
        let max_age_seconds = max_age
            .and_then(|age| age.parse().ok())
            .filter(|age| *age <= MAX_AGE_SECONDS_MAX)
            .ok_or("max_age is no number of seconds up to 31557600")?;
        if mx.is_empty() && mode != StsMode::None {
            return Err("it names no mx".to_owned());
        }
        Ok(Self { mode, max_age_seconds, mx })
    }

    /// Whether a mail exchanger is one that the policy names (RFC 8461 section 4.1).
    pub fn covers(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        self.mx.iter().any(|pattern| match pattern.strip_prefix("*.") {
            Some(parent) => host.split_once('.').is_some_and(|(_, rest)| rest == parent),
            None => *pattern == host,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(records: &[&str]) -> Result<Option<String>, String> {
        policy_id(&records.iter().map(|record| (*record).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_policy_is_announced_by_exactly_one_record() {
        assert_eq!(ids(&["v=spf1 -all", "v=STSv1; id=20260101T1;"]), Ok(Some("20260101T1".into())));
        assert_eq!(ids(&["v=spf1 -all", "v=STSv10; id=1"]), Ok(None));
        assert!(ids(&["v=STSv1; id=1", "v=STSv1; id=2"]).unwrap_err().contains('2'));
        assert!(ids(&["v=STSv1;"]).is_err());
        assert!(ids(&["v=STSv1; id=a-b"]).is_err());
    }

    #[test]
    fn a_policy_is_read_with_either_line_end() {
        for end in ["\n", "\r\n"] {
            let text = [
                "version: STSv1",
                "mode: enforce",
                "mx: Mail.d.example",
                "mx:*.b.example",
                "max_age: 86400",
                "",
            ]
            .join(end);
            let policy = StsPolicy::parse(&text).unwrap();
            assert_eq!((policy.mode, policy.max_age_seconds), (StsMode::Enforce, 86_400));
            assert_eq!(policy.mx, ["mail.d.example", "*.b.example"]);
        }
    }

    #[test]
    fn a_policy_that_lacks_something_says_what() {
        for (text, word) in [
            ("mode: enforce\nmx: a\nmax_age: 1", "version"),
            ("version: STSv1\nmode: maybe\nmx: a\nmax_age: 1", "mode"),
            ("version: STSv1\nmode: testing\nmax_age: 1", "mx"),
            ("version: STSv1\nmode: testing\nmx: a\nmax_age: 99999999", "max_age"),
            ("<html>", "colon"),
        ] {
            let error = StsPolicy::parse(text).unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
        }
        assert!(StsPolicy::parse("version: STSv1\nmode: none\nmax_age: 1").is_ok());
    }

    #[test]
    fn a_pattern_covers_one_label() {
        let policy = StsPolicy::parse(
            "version: STSv1\nmode: enforce\nmx: mail.d.example\nmx: *.b.example\nmax_age: 1",
        )
        .unwrap();
        assert!(policy.covers("MAIL.d.example.") && policy.covers("one.b.example"));
        assert!(!policy.covers("b.example") && !policy.covers("x.one.b.example"));
        assert!(!policy.covers("d.example") && !policy.covers("xb.example"));
    }
}
