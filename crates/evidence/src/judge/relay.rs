//! Theories from sessions: what a refused session showed, and what the ones before it did that
//! were not refused (KB 4051495: a renewed certificate with another name, a changed address).
//!
//! Pure. A rule speaks only of what the log can show; where it cannot, candidates are named in
//! the order in which they are worth looking at.

use posthouse_types::{SHOWN_CHARACTERS_MAX, printable};

use super::{Denial, Theory};
use crate::book::domain;
use crate::facts::{Facts, LoggedCertificate, Proof, Session, Tls};
use crate::verdict::{Cause, Confidence};

/// The best explanation of one denial, or `unknown` with what it could be.
pub(super) fn explain(denial: &Denial<'_>, facts: &Facts) -> Theory {
    let theory = match denial.session {
        None => unknown(
            "Relay was refused, and a report alone does not show what was presented.",
            &[
                Cause::ChainIncomplete,
                Cause::NameMismatch,
                Cause::NoCertificate,
                Cause::AddressChanged,
                Cause::TlsNotUsed,
                Cause::NoConnector,
            ],
        ),
        Some(session) => match before(session, facts) {
            Some(earlier) => changed(session, earlier).unwrap_or_else(|| alone(session, denial)),
            None => alone(session, denial),
        },
    };
    let mut theory = theory.at(denial.time);
    theory.proof.extend(denial.proof().cloned());
    theory
}

/// Sessions over one connector to one service.
pub(super) fn same_route(one: &Session, other: &Session) -> bool {
    let (a, b) = (domain(&one.host), domain(&other.host));
    let same_service = a == b || a.is_empty() || b.is_empty();
    one.connector == other.connector && one.is_receiving == other.is_receiving && same_service
}

/// The latest session of this route before this one that was not refused.
fn before<'a>(session: &Session, facts: &'a Facts) -> Option<&'a Session> {
    facts
        .sessions
        .iter()
        .filter(|other| other.accepted.is_some() && other.failures.is_empty())
        .filter(|other| same_route(other, session) && other.first < session.last)
        .max_by_key(|other| other.last.min(session.last))
}

/// What differs from the session that went well.
fn changed(session: &Session, earlier: &Session) -> Option<Theory> {
    let lines = [certificate_proof(session), certificate_proof(earlier)].concat();
    let other_address = !session.source.is_empty()
        && !earlier.source.is_empty()
        && session.source != earlier.source;
    let theory = match (&earlier.client_certificate, &session.client_certificate) {
        (Some(old), Some(new)) if !same_certificate(old, new) => {
            let moved: &[Cause] = if other_address { &[Cause::AddressChanged] } else { &[] };
            renewed(old, new).map(|theory| {
                let instead = [moved, &theory.instead].concat();
                theory.instead(&instead)
            })
        }
        (Some(_), None) if !session.is_verbose && is_encrypted(session) => None,
        (Some(_), None) => Some(stopped_sending(session)),
        (None, None) if other_address && earlier.tls == session.tls => {
            Some(moved(session, earlier, Confidence::VeryLikely).instead(&[Cause::NoConnector]))
        }
        (Some(_), Some(_)) if other_address => {
            Some(moved(session, earlier, Confidence::Likely).instead(&[
                Cause::NoConnector,
                Cause::ChainIncomplete,
                Cause::Expired,
            ]))
        }
        (old, new) if old.is_some() == new.is_some() && earlier.tls == session.tls => {
            Some(unknown(
                "The same server with the same certificate was accepted before, from the same \
                 address: what changed is not in this log.",
                &[
                    Cause::NoConnector,
                    Cause::ChainIncomplete,
                    Cause::Expired,
                    Cause::SenderDomainNotAccepted,
                    Cause::NameMismatch,
                ],
            ))
        }
        _ => None,
    }?;
    Some(theory.proven_by(&lines).proven_by(&earlier.accepted))
}

/// Another certificate than the one that was accepted.
fn renewed(old: &LoggedCertificate, new: &LoggedCertificate) -> Option<Theory> {
    let lost: Vec<String> =
        names(old).into_iter().filter(|name| !names(new).contains(name)).collect();
    if !lost.is_empty() {
        let why = format!(
            "The certificate was replaced: before, one for {} was accepted; now one for {} is \
             refused. The connector still names the old one.",
            shown(&lost.join(", ")),
            shown(&names(new).join(", "))
        );
        let instead = [Cause::ChainIncomplete, Cause::NoConnector];
        return Some(
            Theory::new(Cause::NameMismatch, Confidence::VeryLikely, why).instead(&instead),
        );
    }
    if !old.issuer.is_empty() && !new.issuer.is_empty() && old.issuer != new.issuer {
        let why = format!(
            "The certificate was renewed with the same name, by another issuer, {}: its \
             intermediate is probably not installed yet.",
            shown(&new.issuer)
        );
        let mut theory = Theory::new(Cause::ChainIncomplete, Confidence::Likely, why)
            .instead(&[Cause::RootUntrusted, Cause::NameMismatch]);
        theory.missing = Some((new.issuer.clone(), Vec::new()));
        return Some(theory);
    }
    Some(unknown(
        "The certificate was renewed with the same name by the same issuer, and is refused since.",
        &[Cause::ChainIncomplete, Cause::NoConnector, Cause::NameMismatch],
    ))
}

/// Before, a certificate was sent; now none is.
fn stopped_sending(session: &Session) -> Theory {
    let confidence = Confidence::VeryLikely;
    if is_encrypted(session) {
        let why = "Before, a certificate was sent and accepted; in the refused session none was.";
        return Theory::new(Cause::NoCertificate, confidence, why)
            .instead(&[Cause::PrivateKeyUnavailable, Cause::CertificateNotFound]);
    }
    let why = "Before, the session was encrypted and a certificate accepted; the refused session \
               was not encrypted, so none could be sent.";
    Theory::new(Cause::TlsNotUsed, confidence, why).instead(&[Cause::PrivateKeyUnavailable])
}

fn moved(session: &Session, earlier: &Session, confidence: Confidence) -> Theory {
    let why = format!(
        "Before, mail was accepted from {}; it is refused from {}. A connector that recognises \
         this server by its address still lists the old one.",
        shown(&earlier.source),
        shown(&session.source)
    );
    Theory::new(Cause::AddressChanged, confidence, why).proven_by(&session.opened)
}

/// What one refused session shows by itself.
fn alone(session: &Session, denial: &Denial<'_>) -> Theory {
    if let Tls::Failed(error) = &session.tls {
        let why = format!(
            "TLS failed with error {}, and the session went on without it: no certificate could be \
             sent.",
            shown(error)
        );
        return Theory::new(Cause::TlsNotUsed, Confidence::Likely, why)
            .instead(&[Cause::PrivateKeyUnavailable, Cause::CertificateNotFound])
            .proven_by(&session.tls_proof);
    }
    if !is_encrypted(session) {
        return unencrypted(session);
    }
    let Some(certificate) = &session.client_certificate else {
        if session.is_verbose {
            let why = "The session was encrypted, and its log shows no certificate being sent.";
            return Theory::new(Cause::NoCertificate, Confidence::Likely, why)
                .instead(&[Cause::CertificateNotFound, Cause::AddressChanged])
                .proven_by(&session.tls_proof);
        }
        return unknown(
            "The session was encrypted, but this log does not show which certificate was sent.",
            &[
                Cause::ChainIncomplete,
                Cause::NoCertificate,
                Cause::NameMismatch,
                Cause::AddressChanged,
                Cause::NoConnector,
            ],
        )
        .proven_by(&session.tls_proof);
    };
    let lines = certificate_proof(session);
    if !certificate.subject.is_empty() && certificate.subject == certificate.issuer {
        let why = format!(
            "The certificate that was sent, {}, signed itself: no receiver trusts it unless told \
             to.",
            shown(&certificate.subject)
        );
        return Theory::new(Cause::RootUntrusted, Confidence::Likely, why)
            .instead(&[Cause::NameMismatch, Cause::NoConnector])
            .proven_by(&lines);
    }
    if denial.is_restriction {
        let why = "A partner connector of the recipient's side refused: neither the certificate \
                   nor the address made out who sends. The certificate's name is not the one that \
                   the connector names, or its chain was not accepted.";
        return Theory::new(Cause::NameMismatch, Confidence::Likely, why)
            .instead(&[Cause::ChainIncomplete, Cause::AddressChanged])
            .proven_by(&lines);
    }
    let mut theory = unknown(
        "A certificate was sent, and relay was refused. A send log shows the server's own \
         certificate only, never whether its issuers were sent too.",
        &[
            Cause::ChainIncomplete,
            Cause::NameMismatch,
            Cause::Expired,
            Cause::NoConnector,
            Cause::RootUntrusted,
            Cause::AddressChanged,
        ],
    )
    .proven_by(&lines);
    theory.missing = Some((certificate.issuer.clone(), Vec::new()));
    theory
}

fn unencrypted(session: &Session) -> Theory {
    let why = match (&session.tls, session.offers_tls) {
        (Tls::Refused, _) => "The server refused STARTTLS, so no certificate could be sent.",
        (_, Some(false)) => {
            "The server offered no STARTTLS, so no certificate could be sent: it may be filtered \
             out on the way."
        }
        _ => "The session was not encrypted, so no certificate could be sent.",
    };
    Theory::new(Cause::TlsNotUsed, Confidence::Likely, why)
        .instead(&[Cause::AddressChanged, Cause::NoConnector])
        .proven_by(&session.tls_proof)
        .proven_by(&session.opened)
}

fn unknown(why: &str, candidates: &[Cause]) -> Theory {
    Theory::new(Cause::Unknown, Confidence::Weak, why).instead(candidates)
}

fn is_encrypted(session: &Session) -> bool {
    matches!(session.tls, Tls::Begun | Tls::Succeeded) || session.client_certificate.is_some()
}

fn same_certificate(one: &LoggedCertificate, other: &LoggedCertificate) -> bool {
    if one.thumbprint.is_empty() || other.thumbprint.is_empty() {
        return one.subject == other.subject && one.issuer == other.issuer;
    }
    one.thumbprint == other.thumbprint
}

/// What a connector can recognise a certificate by: its DNS names, else its common name.
fn names(certificate: &LoggedCertificate) -> Vec<String> {
    if certificate.names.is_empty() {
        return common_name(&certificate.subject).into_iter().collect();
    }
    certificate.names.clone()
}

/// The CN of a subject, lower-case, in the order and quoting of any log.
pub(super) fn common_name(subject: &str) -> Option<String> {
    let mut parts = subject.split([',', '+']).map(str::trim);
    let name = parts.find_map(|part| part.strip_prefix("CN=").or(part.strip_prefix("cn=")))?;
    Some(name.trim_matches('"').to_lowercase())
}

fn certificate_proof(session: &Session) -> Vec<Proof> {
    session.client_certificate.as_ref().map(|one| one.proof.clone()).unwrap_or_default()
}

fn shown(text: &str) -> String {
    printable(text, SHOWN_CHARACTERS_MAX)
}
