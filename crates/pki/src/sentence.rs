//! One plain English sentence or two about a chain, for the peer and for people.
//!
//! Pure. Says only what the peer's own certificates say. ASCII, one line, bounded: it may stand in
//! an SMTP reply. A peer's strings are escaped and cut before they go in (design decision 9).

use posthouse_types::{
    CertificateSummary, ChainReason, ChainReport, ChainWarning, ElementOrigin, MissingCertificate,
    SHOWN_CHARACTERS_MAX, UnixMillis, printable_ascii,
};

use crate::limits::SENTENCE_CHARACTERS_MAX;

/// What stands where a text was cut, as `printable_ascii` has it.
const CUT: &str = "[cut]";

/// Says what became of a chain, as its sender would want to read it: `Your server sent 1
/// certificate; the one that signed it, CN=..., was not sent. Get it from http://...`.
///
/// Of a chain that counts only with our copy of an intermediate, that one is named too.
///
/// Printable ASCII without line breaks, at most [`SENTENCE_CHARACTERS_MAX`] characters.
pub fn sentence(report: &ChainReport) -> String {
    let is_completed = report.warnings.contains(&ChainWarning::CompletedFromStore);
    let mut text = match report.reason {
        ChainReason::ChainIncomplete => incomplete(report),
        ChainReason::Ok if is_completed => completed(report),
        _ => fault(report),
    };
    if let Some(missing) = &report.missing
        && report.reason != ChainReason::ChainIncomplete
        && !is_completed
    {
        text.push_str(&format!(" {} was not sent either.", shown(&missing.subject)));
    }
    printable_ascii(&text, SENTENCE_CHARACTERS_MAX - CUT.len())
}

/// Which certificate was needed and not sent, and where it is to be had.
fn incomplete(report: &ChainReport) -> String {
    let count = count(report);
    let signed = match report.element {
        Some(0) if report.presented.len() == 1 => "it".to_owned(),
        None | Some(0) => "your own".to_owned(),
        Some(_) => element(report).map_or_else(String::new, |one| shown(&one.subject)),
    };
    let Some(missing) = &report.missing else {
        return format!("Your server sent {count}, but the path to a trusted root is not whole.");
    };
    let namesake_trusted = report.warnings.contains(&ChainWarning::NamesakeTrusted);
    // Above the leaf the missing one may well be the root itself, which sending would not mend.
    let may_be_root = report.element != Some(0) && !missing.in_store && !namesake_trusted;
    let mut text = format!(
        "Your server sent {count}; the one that signed {signed}, {}, was not sent{}.",
        named(missing),
        if may_be_root { " and is no root trusted here" } else { "" }
    );
    if missing.namesake_sent {
        text.push_str(" The one sent under that name has another key.");
    }
    if namesake_trusted {
        text.push_str(" The root trusted here under that name has another key.");
    }
    match address(missing) {
        Some(address) => text.push_str(&format!(" Get it from {}", shown(address))),
        None => text.push_str(" Your server must send it after its own."),
    }
    text
}

/// Accepted with our copy of what was not sent: elsewhere nobody may have one.
fn completed(report: &ChainReport) -> String {
    let Some(missing) = &report.missing else { return fault(report) };
    let mut text = format!(
        "Your server sent {}; {} was not sent, and a copy held here took its place. Other servers \
         will refuse this chain.",
        count(report),
        named(missing)
    );
    if let Some(address) = address(missing) {
        text.push_str(&format!(" Get it from {}", shown(address)));
    }
    text
}

/// How many certificates were sent, and how many of those were looked at.
fn count(report: &ChainReport) -> String {
    let looked_at = report.presented.len();
    let left_out = report.warnings.iter().find_map(|warning| match warning {
        ChainWarning::NotLookedAt(count) => Some(*count),
        _ => None,
    });
    match (looked_at, left_out) {
        (1, None) => "1 certificate".to_owned(),
        (_, None) => format!("{looked_at} certificates"),
        (_, Some(left_out)) => {
            let all = looked_at + left_out;
            format!("{all} certificates, of which only the first {looked_at} count")
        }
    }
}

/// The missing certificate by its subject, and by its key where the name alone would mislead.
fn named(missing: &MissingCertificate) -> String {
    match &missing.key_id {
        Some(key_id) if missing.namesake_sent => {
            format!("{} (key {})", shown(&missing.subject), shown(key_id))
        }
        _ => shown(&missing.subject),
    }
}

/// An address that a person can use: by HTTP where there is one.
pub(crate) fn address(missing: &MissingCertificate) -> Option<&str> {
    let is_http = |address: &&String| address.starts_with("http://");
    missing.get.iter().find(is_http).or(missing.get.first()).map(String::as_str)
}

fn fault(report: &ChainReport) -> String {
    let subject = subject(report);
    let at = |moment: fn(&CertificateSummary) -> UnixMillis| {
        element(report).map_or_else(String::new, |one| moment_text(moment(one)))
    };
    match report.reason {
        ChainReason::Ok | ChainReason::ChainIncomplete => format!("{subject} is accepted."),
        ChainReason::NoCertificate => "Your server sent no certificate.".to_owned(),
        ChainReason::RootUntrusted => format!(
            "The path of your certificate ends in {}, which is not trusted here.",
            element(report).map_or_else(String::new, |one| shown(&one.subject))
        ),
        ChainReason::SelfSigned => {
            format!("{subject} signed itself and is not trusted here.")
        }
        ChainReason::Expired => {
            format!("{subject} expired at {} (is the clock right?).", at(|one| one.not_after))
        }
        ChainReason::NotYetValid => format!(
            "{subject} is not valid before {} (is the clock right?).",
            at(|one| one.not_before)
        ),
        ChainReason::SignatureInvalid => format!(
            "{subject} bears a signature that the key of its issuer did not make: it was damaged, \
             or another CA of that name signed it."
        ),
        ChainReason::IssuerNotACa => {
            format!("{subject} signed the one below it, but is not a CA's.")
        }
        ChainReason::PathTooLong => {
            format!("{subject} does not allow as many CAs below it as your server sent.")
        }
        ChainReason::NameConstraint => {
            format!("{subject} holds a name that its issuers may not vouch for (name constraints).")
        }
        ChainReason::NameMismatch => {
            format!("{subject} does not hold the name that was asked for.")
        }
        ChainReason::AlgorithmWeak => {
            let algorithms = element(report).map_or_else(String::new, |one| {
                format!(" (signature {}, key {})", shown(&one.signature), shown(&one.key))
            });
            format!("{subject} has a signature or key that is too weak or unknown{algorithms}.")
        }
        ChainReason::UsageNotPermitted => usage(report, &subject),
        ChainReason::UnknownCriticalExtension => {
            format!("{subject} has a critical extension that is not understood here.")
        }
        ChainReason::Revoked => format!("{subject} is revoked."),
        ChainReason::Malformed => format!("{subject} cannot be read."),
    }
}

fn usage(report: &ChainReport, subject: &str) -> String {
    let is_ca = element(report).is_some_and(|one| one.is_ca);
    if report.element == Some(0) && is_ca && report.warnings.contains(&ChainWarning::OutOfOrder) {
        return format!(
            "{subject} is a CA's own, and came first: your server's certificate must be sent \
             before those of its issuers."
        );
    }
    if report.element == Some(0) && is_ca {
        return format!("{subject} is a CA's own and cannot stand for a server.");
    }
    format!("{subject} permits neither client nor server authentication (extended key usage).")
}

/// The element that the reason is about, as the subject of a sentence.
fn subject(report: &ChainReport) -> String {
    let at = report.element.and_then(|place| report.path.get(place));
    match (at, element(report)) {
        (Some(at), Some(one)) if at.origin == ElementOrigin::Root => {
            format!("The root {}", shown(&one.subject))
        }
        (Some(at), Some(one)) if at.origin != ElementOrigin::Sent(0) => {
            format!("The certificate {} in your chain", shown(&one.subject))
        }
        (_, Some(one)) if !one.subject.is_empty() => {
            format!("Your certificate {}", shown(&one.subject))
        }
        _ => "Your certificate".to_owned(),
    }
}

/// The certificate that the reason is about; the leaf where it is about none.
fn element(report: &ChainReport) -> Option<&CertificateSummary> {
    let on_path = report.element.and_then(|place| report.path.get(place));
    on_path.map(|element| &element.certificate).or_else(|| report.leaf())
}

/// A peer's words in ASCII, cut by what they take up here: an escaped letter is eight characters,
/// and three names that are all escapes would leave no room for what is said about them.
fn shown(text: &str) -> String {
    if text.is_empty() {
        return "(without a name)".to_owned();
    }
    let mut out = String::new();
    for character in text.chars() {
        let piece = printable_ascii(character.encode_utf8(&mut [0; 4]), 1);
        if out.len() + piece.len() > SHOWN_CHARACTERS_MAX {
            out.push_str(CUT);
            break;
        }
        out.push_str(&piece);
    }
    out
}

/// A moment in RFC 3339 form, UTC, to the second.
fn moment_text(moment: UnixMillis) -> String {
    let (days, seconds) =
        (moment.seconds().div_euclid(86_400), moment.seconds().rem_euclid(86_400));
    // Counted from 0000-03-01 in eras of 400 years, so that the leap day ends a year.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = (year + era * 400, if month < 10 { month + 3 } else { month - 9 });
    let year = if month <= 2 { year + 1 } else { year };
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_in_the_gregorian_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_709_251_200, "2024-03-01T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(moment_text(UnixMillis::from_seconds(seconds)), text);
        }
    }

    #[test]
    fn a_peer_without_a_certificate_is_told_so() {
        let report = ChainReport::no_certificate();
        assert_eq!(sentence(&report), "Your server sent no certificate.");
    }
}
