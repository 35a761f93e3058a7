//! What the server says to MAIL, RCPT and a message, and what its refusal means.
//!
//! Pure. The general advice is the one that non-delivery reports give; for a refusal to relay the
//! doctor knows more, since it saw what was shown.

use posthouse_message::{Language, reply_advice};
use posthouse_smtp::reply_reader::RemoteReply;
use posthouse_trace::Fix;
use posthouse_types::EnhancedStatus;

use super::{Facts, Stage, StageId, Status, mend, said, texts, words};
use crate::doctor::facts::{Heard, Session};

/// Exchange Online's TenantAttribution.
const RELAY_ACCESS_DENIED: EnhancedStatus = EnhancedStatus(5, 7, 64);

pub(super) fn mail(facts: &Facts) -> Stage {
    let id = StageId::Mail;
    if facts.wanted.sender.is_none() {
        return Stage::left_out(id, texts::NO_SENDER_GIVEN);
    }
    match facts.session.as_ref() {
        Some(Session { mail: Some(heard), .. }) => answered(facts, id, heard),
        session => Stage::after(id, failed_before(session)),
    }
}

/// The stage that kept MAIL from being said.
fn failed_before(session: Option<&Session>) -> StageId {
    match session {
        None => StageId::Connect,
        Some(session) if session.starttls.is_none() => StageId::Hello,
        // In TLS 1.3 the server's word on our certificate comes in place of EHLO's answer.
        Some(session) if session.tls().is_some_and(|tls| !tls.sent.is_empty()) => {
            StageId::ClientCertificate
        }
        Some(_) => StageId::StartTls,
    }
}

pub(super) fn recipient(facts: &Facts) -> Stage {
    let id = StageId::Recipient;
    if facts.wanted.recipient.is_none() {
        return Stage::left_out(id, texts::NO_RECIPIENT_GIVEN);
    }
    match facts.session.as_ref().and_then(|session| session.recipient.as_ref()) {
        Some(heard) => answered(facts, id, heard),
        None => Stage::after(id, StageId::Mail),
    }
}

pub(super) fn message(facts: &Facts) -> Stage {
    let id = StageId::Message;
    if !facts.wanted.message {
        return Stage::left_out(id, texts::NO_MESSAGE_WANTED);
    }
    match facts.session.as_ref().and_then(|session| session.message.as_ref()) {
        Some(heard) => answered(facts, id, heard),
        None => Stage::after(id, StageId::Recipient),
    }
}

fn answered(facts: &Facts, id: StageId, heard: &Heard) -> Stage {
    let stage = match &heard.answer {
        Ok(reply) if reply.is_positive() => {
            Stage::new(id, Status::Ok, texts::accepted(&said(heard)))
        }
        Ok(reply) => {
            let (status, (cause, fix)) = match is_greylisting(reply) {
                true => (
                    Status::Warning,
                    (texts::GREYLISTED.to_owned(), vec![mend::mend_greylisting()]),
                ),
                false => (Status::Error, refusal(facts, reply)),
            };
            Stage::new(id, status, texts::refused(&said(heard), &cause))
                .mended_by(fix)
                .with("code", reply.code)
                .with("enhanced_status", status_of(reply).to_string())
        }
        Err(silence) => Stage::new(id, Status::Error, texts::no_answer(&silence.to_string()))
            .mended_by([mend::mend_silence()]),
    };
    stage.took(heard.millis).with("reply", words(heard))
}

/// A server that asks unknown senders to come back (RFC 6647) refuses nobody.
fn is_greylisting(reply: &RemoteReply) -> bool {
    let says = |line: &String| {
        let line = line.to_ascii_lowercase();
        line.contains("greylist") || line.contains("graylist")
    };
    reply.is_transient() && reply.lines.iter().any(says)
}

/// What a refusal means here, and what mends it.
fn refusal(facts: &Facts, reply: &RemoteReply) -> (String, Vec<Fix>) {
    let says = |word: &str| reply.raw_lines().iter().any(|line| line.contains(word));
    let is_relay_denial = reply.status == Some(RELAY_ACCESS_DENIED) || says("5.7.64");
    if is_relay_denial
        && !says("ATTR36")
        && let Some(seen) = unrecognised(facts)
    {
        return seen;
    }
    let (cause, fix) = advice(reply);
    (cause, vec![fix])
}

/// Why a gateway could not recognise this sender by its certificate, as far as the session shows.
fn unrecognised(facts: &Facts) -> Option<(String, Vec<Fix>)> {
    let session = facts.session.as_ref()?;
    let Some(tls) = session.tls() else {
        let fix = mend::mend_starttls(&session.host);
        return Some((texts::RELAY_WITHOUT_TLS.to_owned(), vec![fix]));
    };
    match facts.identity.as_ref().map(|identity| &identity.value) {
        None => Some((
            texts::RELAY_WITHOUT_CERTIFICATE.to_owned(),
            vec![mend::mend_no_certificate_given()],
        )),
        Some(Err(_)) => None,
        Some(Ok(_)) if !tls.asked => {
            let fix = mend::mend_certificate_not_asked(&session.host);
            Some((texts::RELAY_NOT_ASKED.to_owned(), vec![fix]))
        }
        Some(Ok(own)) if !own.chain.is_accepted() => {
            let text = texts::relay_with_bad_chain(own.chain.reason.id());
            Some((text, vec![mend::mend_own_chain_first()]))
        }
        // The chain is whole: it is the connector that does not fit.
        Some(Ok(own)) => {
            let names: Vec<String> = own.chain.names.iter().map(ToString::to_string).collect();
            Some((texts::relay_with_good_chain(&names), vec![mend::mend_connector(&names)]))
        }
    }
}

/// What a reply of this status usually means, and what helps.
pub(super) fn advice(reply: &RemoteReply) -> (String, Fix) {
    let advice = reply_advice(status_of(reply), reply.raw_lines(), Language::English);
    (advice.cause.to_owned(), mend::general_fix(advice.fix))
}

fn status_of(reply: &RemoteReply) -> EnhancedStatus {
    let class = if reply.is_permanent() { 5 } else { 4 };
    reply.status.unwrap_or(EnhancedStatus(class, 0, 0))
}
