//! Theories from Windows events: which certificate they are about, whether that one is ours, and
//! what their result really means. 800B0109 blames the root, but is what Windows says too when
//! only the leaf was sent (KB 3212877).
//!
//! Pure. A machine logs events about many certificates; one that belongs to nothing here is no
//! evidence.

use std::collections::BTreeMap;

use posthouse_types::{SHOWN_CHARACTERS_MAX, printable};

use super::relay::common_name;
use super::{Denial, Source, Theory, is_near};
use crate::facts::{Event, Facts, LoggedCertificate, Session};
use crate::verdict::{Cause, Confidence};

// Results (winerror.h).
const CERT_E_EXPIRED: u32 = 0x800B_0101;
const CERT_E_VALIDITYPERIODNESTING: u32 = 0x800B_0102;
const CERT_E_UNTRUSTEDROOT: u32 = 0x800B_0109;
const CERT_E_CHAINING: u32 = 0x800B_010A;
const CERT_E_UNTRUSTEDTESTROOT: u32 = 0x800B_010D;
const CERT_E_CN_NO_MATCH: u32 = 0x800B_010F;
const CERT_E_REVOCATION_FAILURE: u32 = 0x800B_010E;
const CRYPT_E_NO_REVOCATION_CHECK: u32 = 0x8009_2012;
const CRYPT_E_REVOCATION_OFFLINE: u32 = 0x8009_2013;

// Trust status bits (wincrypt.h).
const IS_UNTRUSTED_ROOT: u32 = 0x20;
const IS_PARTIAL_CHAIN: u32 = 0x1_0000;
const IS_SELF_SIGNED: u32 = 0x8;

/// Programs that check certificates for a mail server: Schannel itself, Exchange's transport, IIS.
const MAIL_PROGRAMS: &[&str] =
    &["lsass.exe", "edgetransport.exe", "msexchange", "inetinfo.exe", "posthouse"];

/// How an event's certificate belongs to the refusals at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    /// It is the one that was sent and refused.
    Own,
    /// It is the server's.
    Remote,
    /// It was logged when the refusal was.
    Near,
    /// Nothing joins it to anything, and nothing contradicts.
    Alone,
    /// Another certificate, or another program.
    Unrelated,
}

/// What the events say.
pub(super) fn theories(facts: &Facts, denials: &[Denial<'_>]) -> Vec<Theory> {
    let mut by_certificate: BTreeMap<String, Vec<&Event>> = BTreeMap::new();
    for event in &facts.events {
        let key = if event.thumbprint.is_empty() { &event.subject } else { &event.thumbprint };
        by_certificate.entry(key.to_lowercase()).or_default().push(event);
    }
    let groups = by_certificate.into_values();
    groups.filter_map(|events| about_one_certificate(&events, facts, denials)).collect()
}

fn about_one_certificate(
    events: &[&Event],
    facts: &Facts,
    denials: &[Denial<'_>],
) -> Option<Theory> {
    let failed: Vec<&Event> = events.iter().copied().filter(|event| is_failure(event)).collect();
    let latest = failed.iter().copied().max_by_key(|event| event.time)?;
    let relation = relation(&failed, facts, denials);
    let (cause, mut confidence, mut why, instead) = reading(&failed, events, relation)?;
    let joined = matches!(relation, Relation::Own | Relation::Near) && !denials.is_empty();
    if joined && confidence == Confidence::Likely {
        confidence = Confidence::VeryLikely;
        let how = if relation == Relation::Own {
            " It is the certificate that was sent when relay was refused."
        } else {
            " It was logged when relay was refused."
        };
        why.push_str(how);
    }
    let mut theory = Theory::new(cause, confidence, why).instead(&instead).at(latest.time);
    theory.source = Source::Event;
    theory.proof = failed.iter().filter_map(|event| event.proof.clone()).collect();
    if relation == Relation::Own {
        let own = sessions_with(&failed, facts).filter_map(|one| one.client_certificate.as_ref());
        theory.proof.extend(own.flat_map(|one| one.proof.clone()));
    }
    theory.missing = missing(&failed, facts);
    Some(theory)
}

fn is_failure(event: &Event) -> bool {
    // Programs often check without revocation, and are told so: that is no fault of the chain.
    let is_about_revocation = matches!(
        event.result,
        Some(CERT_E_REVOCATION_FAILURE | CRYPT_E_NO_REVOCATION_CHECK | CRYPT_E_REVOCATION_OFFLINE)
    );
    let has_failed = event.result.is_some_and(|result| result != 0) || event.result.is_none();
    has_failed && !is_about_revocation
}

/// What the events mean, how sure that is, and what they could mean instead.
fn reading(
    failed: &[&Event],
    all: &[&Event],
    relation: Relation,
) -> Option<(Cause, Confidence, String, Vec<Cause>)> {
    let latest = failed.iter().max_by_key(|event| event.time)?;
    let subject = printable(&latest.subject, SHOWN_CHARACTERS_MAX);
    if let Some(stated) = failed.iter().find_map(|event| stated(&event.stated_reason)) {
        let why =
            format!("The gateway's own event says so of {subject}: {}.", latest.stated_reason);
        return Some((stated, Confidence::Certain, why, Vec::new()));
    }
    if let Some((cause, why)) = failed.iter().find_map(|event| other_provider(event)) {
        return Some((cause, Confidence::VeryLikely, why.to_owned(), Vec::new()));
    }
    match relation {
        Relation::Unrelated => return None,
        Relation::Remote => {
            let why = format!(
                "This machine does not accept the certificate of the server that it sends to, \
                 {subject}."
            );
            let instead = vec![Cause::ChainIncomplete, Cause::Expired];
            return Some((Cause::RootUntrusted, Confidence::Weak, why, instead));
        }
        Relation::Own | Relation::Near | Relation::Alone => {}
    }
    if failed.iter().any(|event| event.id == 70) {
        let why = format!("Windows could not get the private key of {subject}.");
        return Some((Cause::PrivateKeyUnavailable, Confidence::VeryLikely, why, Vec::new()));
    }
    let results: Vec<u32> = failed.iter().filter_map(|event| event.result).collect();
    let has = |wanted: &[u32]| results.iter().any(|result| wanted.contains(result));
    if has(&[CERT_E_EXPIRED, CERT_E_VALIDITYPERIODNESTING]) {
        let why = format!("Windows says that {subject}, or one above it, is outside its validity.");
        return Some((Cause::Expired, Confidence::VeryLikely, why, Vec::new()));
    }
    if has(&[CERT_E_UNTRUSTEDROOT, CERT_E_CHAINING, CERT_E_UNTRUSTEDTESTROOT]) {
        return Some(no_path(all, &subject));
    }
    if has(&[CERT_E_CN_NO_MATCH]) {
        let why = format!("Windows says that {subject} does not hold the name that was asked for.");
        return Some((Cause::NameMismatch, Confidence::VeryLikely, why, Vec::new()));
    }
    let result = results.first().copied().unwrap_or_default();
    let words = posthouse_trace::capi2::result_text(&format!("{result:08X}"));
    let why = format!("Windows refuses {subject} with result {result:08X}. {words}");
    (relation != Relation::Alone).then(|| (Cause::Unknown, Confidence::Weak, why, Vec::new()))
}

/// The path did not reach a trusted root: an intermediate is missing, unless the events show that
/// the path was whole.
fn no_path(events: &[&Event], subject: &str) -> (Cause, Confidence, String, Vec<Cause>) {
    let incomplete = |confidence, why: String| {
        (Cause::ChainIncomplete, confidence, why, vec![Cause::RootUntrusted])
    };
    let untrusted = |confidence, why: String| {
        (Cause::RootUntrusted, confidence, why, vec![Cause::ChainIncomplete])
    };
    let built = events.iter().filter(|event| !event.chain.is_empty()).max_by_key(|one| one.time);
    let Some(built) = built else {
        return incomplete(
            Confidence::Likely,
            format!(
                "Windows found no trusted root above {subject}. Whatever the result's text says \
                 about the root: this is what is logged when the intermediate was not sent."
            ),
        );
    };
    let is_self_signed =
        built.chain.last().is_some_and(|one| one.information & IS_SELF_SIGNED != 0);
    let error = built.chain.iter().fold(built.chain_error, |bits, one| bits | one.error);
    if is_self_signed && built.chain.len() == 1 {
        let why = format!("{subject} signed itself: it has no issuer that could be trusted.");
        return untrusted(Confidence::VeryLikely, why);
    }
    if !is_self_signed || error & IS_PARTIAL_CHAIN != 0 {
        let why = format!(
            "The path that Windows built ends after {} of {subject}: its issuer was not sent.",
            if built.chain.len() == 1 { "the certificate" } else { "an intermediate" }
        );
        return incomplete(Confidence::VeryLikely, why);
    }
    let came_along = |thumbprint: &String| built.additional.contains(thumbprint);
    let mut between = built.chain.iter().skip(1).rev().skip(1).map(|one| &one.thumbprint);
    if error & IS_UNTRUSTED_ROOT != 0 && between.all(came_along) {
        let why = format!(
            "Every certificate between {subject} and its root came along, and the root is not \
             trusted."
        );
        return untrusted(Confidence::VeryLikely, why);
    }
    let why = format!(
        "Windows built a path for {subject} from its own stores, but the certificates between it \
         and the root did not come along: the other side has only what was sent."
    );
    incomplete(Confidence::Likely, why)
}

fn relation(failed: &[&Event], facts: &Facts, denials: &[Denial<'_>]) -> Relation {
    let is_about = |certificate: &Option<LoggedCertificate>| {
        certificate.as_ref().is_some_and(|one| failed.iter().any(|event| is_of(event, one)))
    };
    if facts.sessions.iter().any(|session| is_about(&session.client_certificate)) {
        return Relation::Own;
    }
    if facts.sessions.iter().any(|session| is_about(&session.server_certificate)) {
        return Relation::Remote;
    }
    let is_mail = failed.iter().any(|event| is_about_mail(event));
    let refused = denials.iter().filter_map(|denial| denial.session);
    let known = refused.filter(|session| session.client_certificate.is_some()).count();
    if !is_mail || known > 0 {
        return Relation::Unrelated;
    }
    let near = |event: &&&Event| denials.iter().any(|denial| is_near(event.time, denial.time));
    if failed.iter().any(|event| near(&event)) { Relation::Near } else { Relation::Alone }
}

/// Whether a program that serves mail asked.
fn is_about_mail(event: &Event) -> bool {
    let program = event.process.to_ascii_lowercase();
    let is_program = MAIL_PROGRAMS.iter().any(|known| program.starts_with(known));
    is_program || (program.is_empty() && event.policy.contains("SSL"))
}

/// The events of programs that serve mail, where all of them say that all is well.
pub(super) fn all_well(facts: &Facts) -> Vec<&Event> {
    let events: Vec<&Event> = facts.events.iter().filter(|event| is_about_mail(event)).collect();
    if events.iter().any(|event| event.result != Some(0)) { Vec::new() } else { events }
}

/// Whether an event is about a certificate that a log shows.
fn is_of(event: &Event, certificate: &LoggedCertificate) -> bool {
    if !event.thumbprint.is_empty() && event.thumbprint == certificate.thumbprint {
        return true;
    }
    let both = !event.thumbprint.is_empty() && !certificate.thumbprint.is_empty();
    let subject = event.subject.to_lowercase();
    // A short name is enough where one of them has no thumbprint; a renewed certificate has the
    // same name and another thumbprint, and is another one.
    !both
        && !subject.is_empty()
        && (common_name(&certificate.subject).as_ref() == Some(&subject)
            || certificate.names.contains(&subject))
}

fn sessions_with<'a>(events: &'a [&Event], facts: &'a Facts) -> impl Iterator<Item = &'a Session> {
    let has = |session: &&Session| {
        let certificate = session.client_certificate.as_ref();
        certificate.is_some_and(|one| events.iter().any(|event| is_of(event, one)))
    };
    facts.sessions.iter().filter(has).take(1)
}

/// What is missing, as the gateway's event says, else as the log names the issuer.
fn missing(events: &[&Event], facts: &Facts) -> Option<(String, Vec<String>)> {
    if let Some(event) = events.iter().find(|event| !event.missing.is_empty()) {
        return Some((event.missing.clone(), event.get.clone()));
    }
    let session = sessions_with(events, facts).next()?;
    let issuer = session.client_certificate.as_ref()?.issuer.clone();
    (!issuer.is_empty()).then(|| (issuer, Vec::new()))
}

/// A posthouse node's reason id as a cause.
fn stated(reason: &str) -> Option<Cause> {
    match reason {
        "self-signed" => Some(Cause::RootUntrusted),
        "not-yet-valid" => Some(Cause::Expired),
        other => Cause::from_id(other).filter(|cause| *cause != Cause::None),
    }
}

/// Events of Exchange's transport and of Schannel.
fn other_provider(event: &Event) -> Option<(Cause, &'static str)> {
    let provider = event.provider.to_ascii_lowercase();
    if provider.starts_with("msexchangetransport") {
        return match event.id {
            12014 => Some((
                Cause::CertificateNotFound,
                "Exchange says that it found no certificate with the name that the connector needs \
                 (event 12014).",
            )),
            12015 | 12016 | 12023 => Some((
                Cause::Expired,
                "Exchange says that its transport certificate expired or is not valid.",
            )),
            _ => None,
        };
    }
    let is_key = provider.contains("schannel") && event.id == 36870;
    is_key.then_some((
        Cause::PrivateKeyUnavailable,
        "Schannel says that it could not use the private key of a certificate (event 36870).",
    ))
}
