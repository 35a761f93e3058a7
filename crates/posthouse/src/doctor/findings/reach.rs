//! From a domain to a server that answers: MX, addresses, connection, greeting and EHLO.
//!
//! Pure.

use posthouse_lookup::{Answer, MailExchangers};

use super::{Facts, Stage, StageId, Status, mend, said, shown, texts, words};
use crate::doctor::facts::{Attempt, HostAddresses};

pub(super) fn mx(facts: &Facts) -> Stage {
    let Some(exchangers) = &facts.exchangers else {
        return Stage::left_out(StageId::Mx, texts::MX_SMART_HOST);
    };
    let domain = &facts.target.host;
    let error = |text: String| {
        Stage::new(StageId::Mx, Status::Error, text).mended_by([mend::mend_mx(domain)])
    };
    let stage = match &exchangers.value {
        Answer::Found(MailExchangers::Hosts(hosts)) => {
            let hosts: Vec<String> =
                hosts.iter().map(|mx| format!("{} ({})", shown(&mx.host), mx.preference)).collect();
            Stage::new(StageId::Mx, Status::Ok, texts::mx_found(domain, &hosts)).with("mx", hosts)
        }
        Answer::Found(MailExchangers::NullMx) => error(texts::mx_null(domain)),
        Answer::NoRecords => Stage::new(StageId::Mx, Status::Warning, texts::mx_none(domain))
            .mended_by([mend::mend_mx(domain)]),
        Answer::NoSuchName => error(texts::mx_no_domain(domain)),
        Answer::Failed(why) => Stage::new(StageId::Mx, Status::Error, texts::dns_failed(why))
            .mended_by([mend::mend_dns(domain)]),
        Answer::NotAsked => Stage::new(StageId::Mx, Status::Error, texts::dns_not_asked(domain))
            .mended_by([mend::mend_dns_not_asked()]),
    };
    stage.took(exchangers.millis)
}

pub(super) fn address(facts: &Facts) -> Stage {
    if mx(facts).status == Status::Error {
        return Stage::after(StageId::Address, StageId::Mx);
    }
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for HostAddresses { host, addresses } in &facts.addresses.value {
        match addresses {
            Answer::Found(addresses) => {
                let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
                found.push(texts::host_addresses(&shown(host), &addresses));
            }
            Answer::NotAsked => missing.push(texts::dns_not_asked(&shown(host))),
            Answer::Failed(why) => missing.push(texts::dns_failed(why)),
            Answer::NoSuchName => missing.push(texts::host_unknown(&shown(host))),
            Answer::NoRecords => missing.push(texts::host_without_address(&shown(host))),
        }
    }
    let not_asked =
        facts.addresses.value.iter().any(|one| matches!(one.addresses, Answer::NotAsked));
    let mend = if not_asked { mend::mend_dns_not_asked() } else { mend::mend_address() };
    let status = match (found.is_empty(), missing.is_empty()) {
        (true, _) => Status::Error,
        (false, true) => Status::Ok,
        (false, false) => Status::Warning,
    };
    let text = missing.iter().chain(&found).cloned().collect::<Vec<_>>().join(" ");
    let fix = (status != Status::Ok).then_some(mend);
    Stage::new(StageId::Address, status, text)
        .took(facts.addresses.millis)
        .mended_by(fix)
        .with("addresses", found)
}

pub(super) fn connect(facts: &Facts) -> Stage {
    if facts.attempts.is_empty() {
        return Stage::after(StageId::Connect, StageId::Address);
    }
    let millis = facts.attempts.iter().map(|attempt| attempt.millis).sum();
    let failed: Vec<String> = facts.attempts.iter().filter_map(failure).collect();
    let reached = facts.attempts.last().filter(|attempt| attempt.failure.is_none());
    let port = facts.target.port;
    let stage = match reached {
        Some(Attempt { host, address, .. }) => {
            let status = if failed.is_empty() { Status::Ok } else { Status::Warning };
            let text = texts::connected(&shown(host), &address.to_string(), &failed);
            Stage::new(StageId::Connect, status, text).with("connected_to", address.to_string())
        }
        None => Stage::new(StageId::Connect, Status::Error, texts::not_connected(&failed))
            .mended_by([mend::mend_connection(port)]),
    };
    stage.took(millis).with("failed", failed)
}

fn failure(attempt: &Attempt) -> Option<String> {
    let Attempt { host, address, failure, .. } = attempt;
    failure.as_ref().map(|why| texts::attempt_failed(&shown(host), &address.to_string(), why))
}

pub(super) fn hello(facts: &Facts) -> Stage {
    let Some(session) = &facts.session else {
        return Stage::after(StageId::Hello, StageId::Connect);
    };
    let greeting = &session.greeting;
    let Some(hello) = &session.hello else {
        let stage = Stage::new(StageId::Hello, Status::Error, texts::greeting_bad(&said(greeting)));
        let stage = stage.took(greeting.millis).with("greeting", words(greeting));
        return match &greeting.answer {
            Ok(reply) => stage.mended_by([super::envelope::advice(reply).1]),
            Err(_) => stage.mended_by([mend::mend_silence()]),
        };
    };
    let millis = greeting.millis + hello.heard.millis;
    let (status, text) = match (hello.is_good(), hello.by_helo) {
        (false, _) => (Status::Error, texts::hello_bad(&said(&hello.heard))),
        (true, true) => (Status::Warning, texts::hello_by_helo().to_owned()),
        (true, false) => {
            let within = session.hello_again.as_ref().filter(|hello| hello.is_good());
            let offers: Vec<String> =
                within.unwrap_or(hello).offers.iter().map(|offer| shown(offer)).collect();
            (Status::Ok, texts::hello_good(&said(greeting), &offers))
        }
    };
    let fix = (status == Status::Error).then(mend::mend_hello);
    let list = |offers: &[String]| offers.iter().map(|offer| shown(offer)).collect::<Vec<_>>();
    let stage = Stage::new(StageId::Hello, status, text)
        .took(millis)
        .mended_by(fix)
        .with("greeting", words(greeting))
        .with("offers", list(&hello.offers));
    match &session.hello_again {
        Some(again) => stage.with("offers_within_tls", list(&again.offers)),
        None => stage,
    }
}
