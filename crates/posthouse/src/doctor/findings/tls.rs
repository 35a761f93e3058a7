//! Encryption and certificates, in both directions.
//!
//! Pure. Acceptance and the reasons are `pki`'s; here they become findings about one server.

use posthouse_pki::{names_match, repairs, sentence};
use posthouse_trace::{ChainFacts, Fix};
use posthouse_types::{ChainReason, ChainReport, ChainWarning, Domain};

use super::{Facts, Stage, StageId, Status, mend, said, shown, texts};
use crate::doctor::dane::DaneMatch;
use crate::doctor::facts::{Session, Silence};
use crate::tls::HandshakeFacts;

/// What the file that was given would show.
pub(super) fn own_certificate(facts: &Facts) -> Stage {
    let id = StageId::OwnCertificate;
    let Some(identity) = &facts.identity else {
        return Stage::left_out(id, texts::NO_CERTIFICATE_GIVEN);
    };
    let stage = match &identity.value {
        Err(why) => Stage::new(id, Status::Error, why.clone()).mended_by([mend::mend_own_files()]),
        Ok(own) => {
            let file = shown(&own.file);
            let warnings = own_warnings(&own.chain);
            let stage = match (own.chain.is_accepted(), warnings.is_empty()) {
                (true, true) => Stage::new(id, Status::Ok, texts::own_good(&file, &own.chain)),
                (true, false) => {
                    Stage::new(id, Status::Warning, texts::own_warned(&file, &warnings))
                        .mended_by([mend::mend_own_warnings()])
                }
                (false, _) => {
                    let text = texts::own_bad(&file, own.chain.reason.id(), &sentence(&own.chain));
                    Stage::new(id, Status::Error, text).mended_by(fixes(&own.chain))
                }
            };
            stage.about(ChainFacts::from(&own.chain)).with("file", file)
        }
    };
    stage.took(identity.millis)
}

fn own_warnings(chain: &ChainReport) -> Vec<String> {
    let worth = |warning: &&ChainWarning| {
        !matches!(warning, ChainWarning::RootSent | ChainWarning::Unrelated(_))
    };
    chain.warnings.iter().filter(worth).map(texts::chain_warning).collect()
}

/// What mends a chain that we send, once for each platform.
pub(in crate::doctor) fn fixes(chain: &ChainReport) -> Vec<Fix> {
    let own = |repair: posthouse_pki::repair::Repair| Fix {
        platform: repair.platform.to_owned(),
        title: repair.title,
        steps: repair.steps,
        commands: repair.commands,
    };
    repairs(chain).into_iter().map(own).collect()
}

pub(super) fn starttls(facts: &Facts) -> Stage {
    let id = StageId::StartTls;
    let Some((session, hello)) = session_with_hello(facts) else {
        return Stage::after(id, StageId::Hello);
    };
    let error = |text: String, fix: Fix| Stage::new(id, Status::Error, text).mended_by([fix]);
    let host = shown(&session.host);
    if !hello.offered.starttls {
        return error(texts::starttls_not_offered(&host), mend::mend_starttls(&host));
    }
    let Some(answer) = &session.starttls else {
        return Stage::after(id, StageId::Hello);
    };
    let Some(handshake) = &session.handshake else {
        return error(texts::starttls_refused(&said(answer)), mend::mend_starttls(&host))
            .took(answer.millis);
    };
    let millis = answer.millis + handshake.millis;
    let stage = match &handshake.value {
        Err(failure) => {
            // In TLS 1.2 a server refuses our certificate within the handshake.
            let fix = match facts.identity.is_some() && failure.text.contains("alert") {
                true => mend::mend_certificate_refused(&host),
                false => mend::mend_handshake(&host),
            };
            error(texts::handshake_failed(&failure.text), fix).with("reason", failure.reason.id())
        }
        Ok(_) if session.injected => error(texts::INJECTED.to_owned(), mend::mend_injected(&host)),
        Ok(tls) if ended_over_certificate(session, tls).is_none() && !is_ready(session) => {
            let heard = session.hello_again.as_ref().map(|hello| said(&hello.heard));
            error(texts::hello_again_bad(&heard.unwrap_or_default()), mend::mend_handshake(&host))
        }
        Ok(tls) => Stage::new(id, Status::Ok, texts::encrypted(tls.version, &shown(&tls.cipher))),
    };
    let stage = stage.took(millis);
    match session.tls() {
        Some(tls) => stage.with("tls_version", tls.version).with("cipher", shown(&tls.cipher)),
        None => stage,
    }
}

fn session_with_hello(facts: &Facts) -> Option<(&Session, &crate::doctor::facts::Hello)> {
    let session = facts.session.as_ref()?;
    session.hello.as_ref().filter(|hello| hello.is_good()).map(|hello| (session, hello))
}

fn is_ready(session: &Session) -> bool {
    session.hello_again.as_ref().is_some_and(crate::doctor::facts::Hello::is_good)
}

/// In TLS 1.3 a server looks at our certificate after our part of the handshake is over; what it
/// says about it is an alert in place of its first answer.
fn ended_over_certificate<'a>(session: &'a Session, tls: &HandshakeFacts) -> Option<&'a str> {
    let hello = session.hello_again.as_ref()?;
    match &hello.heard.answer {
        Err(Silence::Broke(cause)) if !tls.sent.is_empty() && cause.contains("alert") => {
            Some(cause)
        }
        _ => None,
    }
}

pub(super) fn versions(facts: &Facts) -> Stage {
    let id = StageId::TlsVersions;
    let Some(versions) = &facts.versions else {
        return Stage::after(id, StageId::StartTls);
    };
    let spoken: Vec<&str> =
        versions.value.iter().filter(|one| one.outcome.is_ok()).map(|one| one.version).collect();
    let stage = match (spoken.as_slice(), versions.value.iter().find(|one| one.outcome.is_err())) {
        (_, None) => Stage::new(id, Status::Ok, texts::VERSIONS_BOTH),
        (spoken, Some(failed)) => {
            let why = failed.outcome.as_ref().err().cloned().unwrap_or_default();
            let text = texts::versions_one(spoken, failed.version, &shown(&why));
            Stage::new(id, Status::Warning, text).mended_by([mend::mend_versions(failed.version)])
        }
    };
    versions
        .value
        .iter()
        .fold(stage, |stage, one| {
            let name = one.version.to_ascii_lowercase().replace('.', "_");
            let (Ok(outcome) | Err(outcome)) = &one.outcome;
            stage.with(&name, shown(outcome))
        })
        .took(versions.millis)
}

/// Whether DANE vouches for the server's own key, so that no root has to.
fn dane_vouches(facts: &Facts) -> bool {
    facts.dane.as_ref().is_some_and(|dane| {
        dane.value.matched == Some(DaneMatch::EndEntity)
            && dane.value.proof == Some(posthouse_lookup::Proof::Secure)
    })
}

pub(super) fn server_certificate(facts: &Facts) -> Stage {
    let id = StageId::ServerCertificate;
    let (Some(chain), Some(session)) = (&facts.server_chain, &facts.session) else {
        return Stage::after(id, StageId::StartTls);
    };
    let host = shown(&session.host);
    let soon = chain.warnings.iter().any(|one| matches!(one, ChainWarning::ExpiresSoon(_)));
    let stage = match (chain.is_accepted(), soon) {
        (true, false) => Stage::new(id, Status::Ok, texts::server_good(&host, chain)),
        (true, true) => Stage::new(id, Status::Warning, texts::server_expires_soon(&host, chain))
            .mended_by([mend::mend_server_renewal(&host)]),
        (false, _) => {
            let vouched = dane_vouches(facts);
            let status = if vouched { Status::Warning } else { Status::Error };
            Stage::new(id, status, texts::server_bad(&host, chain, vouched))
                .mended_by(mend::mend_server_chain(&host, chain))
        }
    };
    stage.about(ChainFacts::from(chain)).with("reason", chain.reason.id())
}

pub(super) fn server_name(facts: &Facts) -> Stage {
    let id = StageId::ServerName;
    let (Some(chain), Some(named), Some(session)) =
        (&facts.server_chain, &facts.server_name, &facts.session)
    else {
        return Stage::after(id, StageId::StartTls);
    };
    let host = shown(&session.host);
    let wanted = Domain::from_normalized(session.host.to_ascii_lowercase());
    let loosely = names_match(&chain.names, &wanted);
    let names: Vec<String> = chain.names.iter().map(|name| shown(name.as_str())).collect();
    let stage = match (named.is_accepted(), named.reason == ChainReason::NameMismatch, loosely) {
        // What a whole chain says of the name counts; of a broken one only the names are seen.
        (true, ..) | (false, false, true) => {
            Stage::new(id, Status::Ok, texts::name_good(&host, &names))
        }
        (false, true, true) => Stage::new(id, Status::Warning, texts::name_in_cn_only(&host))
            .mended_by([mend::mend_name(&host)]),
        (false, _, false) => Stage::new(id, Status::Error, texts::name_bad(&host, &names))
            .mended_by([mend::mend_name(&host)]),
    };
    stage.with("names", names).with("wanted", host)
}

pub(super) fn client_certificate(facts: &Facts) -> Stage {
    let id = StageId::ClientCertificate;
    let Some((session, tls)) =
        facts.session.as_ref().and_then(|session| Some((session, session.tls()?)))
    else {
        return Stage::after(id, StageId::StartTls);
    };
    let host = shown(&session.host);
    let stage = match facts.identity.as_ref().map(|identity| &identity.value) {
        None if tls.asked => Stage::new(id, Status::Ok, texts::certificate_wanted(&host)),
        None => Stage::new(id, Status::Ok, texts::certificate_not_wanted(&host)),
        Some(Err(_)) => Stage::after(id, StageId::OwnCertificate),
        Some(Ok(own)) => match ended_over_certificate(session, tls) {
            Some(alert) => {
                Stage::new(id, Status::Error, texts::certificate_refused(&host, &shown(alert)))
                    .mended_by([mend::mend_certificate_refused(&host)])
            }
            None if !tls.asked => {
                Stage::new(id, Status::Warning, texts::certificate_not_asked(&host))
                    .mended_by([mend::mend_certificate_not_asked(&host)])
            }
            None if tls.sent.is_empty() => {
                Stage::new(id, Status::Error, texts::certificate_not_sendable(&host))
                    .mended_by([mend::mend_certificate_not_sendable()])
            }
            None if own.chain.is_accepted() => {
                Stage::new(id, Status::Ok, texts::certificate_sent(&host, tls.sent.len()))
            }
            None => {
                let count = tls.sent.len();
                let text = texts::certificate_sent_bad(&host, count, own.chain.reason.id());
                Stage::new(id, Status::Error, text).mended_by([mend::mend_own_chain_first()])
            }
        },
    };
    stage.with("asked", tls.asked).with("sent", tls.sent.len())
}
