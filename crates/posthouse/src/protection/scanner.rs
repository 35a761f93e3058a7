//! What clamd can do for the mail that is taken here: limits below the longest message, and
//! signatures that nobody renews, mean mail that nobody looked at.
//!
//! May touch: the daemon that `[filter] clamd` names. Decides nothing about mail: what is found is
//! said by `check`, and by the node at its start and every hour.

use std::sync::Arc;
use std::time::Duration;

use posthouse_attachment::signature::eicar;
use posthouse_lookup::{Clamd, ClamdReach, ClamdVersion};
use posthouse_types::UnixMillis;
use time::PrimitiveDateTime;
use time::macros::format_description;

use super::FilterSettings;
use super::engines;
use crate::settings::Settings;
use crate::world::World;

/// How often the node asks again.
const INTERVAL: Duration = Duration::from_secs(60 * 60);
/// Older signatures are worth an alarm. ClamAV's come once a day; its time zone is not told, and
/// the mirror may be late.
const SIGNATURES_AGE_MAX: Duration = Duration::from_secs(48 * 60 * 60);
/// Beyond, ClamAV's own parsers have been overrun (CVE-2025-20260 needs files of 1 GiB): a daemon
/// that is told to look at such files is a risk of its own.
const SCANNED_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    /// As it should be.
    Fine,
    /// Somebody should look.
    Warning,
    /// Mail passes that nobody looked at, or none passes.
    Fault,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScannerFinding {
    pub(crate) severity: Severity,
    pub(crate) what: String,
    /// What to do about it.
    pub(crate) next: String,
}

/// What the daemon said.
struct Facts<'a> {
    /// As the settings name it.
    at: &'a str,
    is_required: bool,
    message_bytes_max: u64,
    version: Result<ClamdVersion, String>,
    /// Of a stream as long as the longest message.
    reach: Result<ClamdReach, String>,
    now: UnixMillis,
}

/// Asks the daemon; says nothing where the settings name none.
pub(crate) async fn check_scanner(settings: &Settings, now: UnixMillis) -> Vec<ScannerFinding> {
    let FilterSettings { enabled: true, clamd: Some(at), .. } = &settings.filter else {
        return Vec::new();
    };
    let clamd: Clamd = match engines::clamd(&settings.filter) {
        Ok(Some(clamd)) => clamd,
        Ok(None) => return Vec::new(),
        Err(what) => return vec![fault(what, "correct [filter] clamd".to_owned())],
    };
    let message_bytes_max = settings.smtp.message_bytes_max;
    let version = clamd.version().await;
    // No more than what is sane is streamed; above, that is the finding.
    let reach = clamd.reach(&eicar(), message_bytes_max.min(SCANNED_BYTES_MAX)).await;
    let is_required = settings.filter.clamd_required;
    judge(&Facts { at, is_required, message_bytes_max, version, reach, now })
}

/// What that means.
fn judge(facts: &Facts<'_>) -> Vec<ScannerFinding> {
    let mut found = Vec::new();
    let version = match &facts.version {
        Ok(version) => version,
        Err(why) => return vec![absent(facts, why)],
    };
    if facts.message_bytes_max > SCANNED_BYTES_MAX {
        found.push(fault(
            format!(
                "[smtp] message_bytes_max is above {} MiB: no scanner is to be given such files",
                SCANNED_BYTES_MAX >> 20
            ),
            "lower it: parsers of scanners have been overrun by larger ones".to_owned(),
        ));
    }
    found.push(limits(facts, version));
    found.extend(age(facts, version));
    found
}

/// Nobody is there.
fn absent(facts: &Facts<'_>, why: &str) -> ScannerFinding {
    let what = format!("clamd at {} does not answer: {why}", facts.at);
    let next = format!("start it; clamdscan --ping 1 has to answer. Until then {}", unseen(facts));
    match facts.is_required {
        true => fault(what, next),
        false => ScannerFinding { severity: Severity::Warning, what, next },
    }
}

/// What becomes of a message that has no answer.
fn unseen(facts: &Facts<'_>) -> &'static str {
    match facts.is_required {
        true => "mail gets 451",
        false => "mail passes that it did not look at",
    }
}

/// How long a message may be.
fn limits(facts: &Facts<'_>, version: &ClamdVersion) -> ScannerFinding {
    let bytes = facts.message_bytes_max.min(SCANNED_BYTES_MAX);
    let (at, mib) = (facts.at, bytes.div_ceil(1024 * 1024));
    let raise = |keys: &str| {
        format!("set {keys} to at least {mib}M in clamd.conf, or lower [smtp] message_bytes_max")
    };
    match &facts.reach {
        Ok(ClamdReach::Looks) => ScannerFinding {
            severity: Severity::Fine,
            what: format!("clamd at {at} ({}) looks at messages of {mib} MiB", version.program),
            next: String::new(),
        },
        Ok(ClamdReach::Takes) => ScannerFinding {
            severity: Severity::Warning,
            what: format!(
                "clamd at {at} takes {mib} MiB, and its signatures do not know the EICAR test file: \
                 whether it looks at all of them is not known"
            ),
            next: format!("install its signatures (freshclam), and {}", raise("MaxFileSize")),
        },
        Ok(ClamdReach::Skips) => fault(
            format!("clamd at {at} calls a message of {mib} MiB clean without looking at it"),
            raise("MaxFileSize and MaxScanSize"),
        ),
        Ok(ClamdReach::Ends(said)) => fault(
            format!(
                "clamd at {at} does not take a message of {mib} MiB (\"{said}\"): for those {}",
                unseen(facts)
            ),
            raise("StreamMaxLength, MaxFileSize and MaxScanSize"),
        ),
        Err(why) => absent(facts, why),
    }
}

/// Whether the signatures are of these days.
fn age(facts: &Facts<'_>, version: &ClamdVersion) -> Option<ScannerFinding> {
    let made = made(version.made.as_ref()?)?;
    let age = facts.now.since(made);
    (age > SIGNATURES_AGE_MAX).then(|| ScannerFinding {
        severity: Severity::Warning,
        what: format!(
            "clamd at {} has signatures that are {} days old",
            facts.at,
            age.as_secs() / 86_400
        ),
        next: "see why freshclam does not renew them".to_owned(),
    })
}

/// `Mon Nov 23 08:26:41 2026` as a moment of UTC: what is meant is local, which does not matter
/// for days.
fn made(text: &str) -> Option<UnixMillis> {
    let format = format_description!(
        "[month repr:short] [day padding:space] [hour]:[minute]:[second] [year]"
    );
    let without_weekday = text.split_once(' ')?.1;
    let moment = PrimitiveDateTime::parse(without_weekday, format).ok()?.assume_utc();
    Some(UnixMillis(moment.unix_timestamp().checked_mul(1000)?))
}

fn fault(what: String, next: String) -> ScannerFinding {
    ScannerFinding { severity: Severity::Fault, what, next }
}

/// Asks at the start and every hour, and says what is wrong when that changes.
pub(crate) async fn watch_scanner(world: Arc<World>) {
    let mut said = Vec::new();
    loop {
        let mut found = check_scanner(&world.settings(), world.now()).await;
        found.retain(|finding| finding.severity != Severity::Fine);
        metrics::gauge!("posthouse_scanner_faults").set(found.len() as f64);
        if found != said {
            for ScannerFinding { what, next, .. } in &found {
                tracing::warn!("{what}\n  next: {next}");
            }
            said = found;
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(is_required: bool, reach: ClamdReach, made: Option<&str>) -> Vec<ScannerFinding> {
        judge(&Facts {
            at: "/run/clamd",
            is_required,
            message_bytes_max: 36 * 1024 * 1024,
            version: Ok(ClamdVersion {
                program: "ClamAV 1.4.3".to_owned(),
                signatures: Some(27450),
                made: made.map(str::to_owned),
            }),
            reach: Ok(reach),
            now: UnixMillis(1_795_600_000_000), // 2026-11-25
        })
    }

    #[test]
    fn av_01_a_limit_below_the_longest_message_is_a_fault_that_names_the_key() {
        let fine = judged(false, ClamdReach::Looks, Some("Wed Nov 25 08:26:41 2026"));
        assert_eq!(fine.len(), 1);
        assert_eq!(fine[0].severity, Severity::Fine);
        let skips = judged(false, ClamdReach::Skips, None);
        assert_eq!(skips[0].severity, Severity::Fault);
        assert!(skips[0].next.contains("MaxFileSize and MaxScanSize to at least 36M"));
        let said = "INSTREAM size limit exceeded. ERROR".to_owned();
        for (is_required, outcome) in [(true, "mail gets 451"), (false, "did not look at")] {
            let ends = judged(is_required, ClamdReach::Ends(said.clone()), None);
            assert_eq!(ends[0].severity, Severity::Fault);
            assert!(ends[0].what.ends_with(outcome), "{ends:?}");
        }
        assert_eq!(judged(true, ClamdReach::Takes, None)[0].severity, Severity::Warning);
    }

    #[test]
    fn av_01_old_signatures_are_said() {
        for (made, days) in [("Sun Nov 22 08:26:41 2026", "3 days"), ("Thu Jan  1 1:0", "")] {
            let found = judged(false, ClamdReach::Looks, Some(made));
            let said = found.get(1).map_or("", |finding| &finding.what);
            assert!(said.contains(days) && said.is_empty() == days.is_empty(), "{found:?}");
        }
    }
}
