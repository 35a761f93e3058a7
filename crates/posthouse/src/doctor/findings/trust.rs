//! What the domain itself says about its servers' encryption: MTA-STS and DANE.
//!
//! Pure.

use posthouse_lookup::{
    Answer, HttpAnswer, MailExchangers, Proof, StsMode, StsPolicy, Tlsa, policy_id,
};
use posthouse_trace::ChainFacts;

use super::{Facts, Stage, StageId, Status, mend, shown, texts};
use crate::doctor::dane::DaneMatch;
use crate::doctor::facts::{DaneFacts, PolicyFile};

pub(super) fn mta_sts(facts: &Facts) -> Stage {
    let id = StageId::MtaSts;
    let Some(policy) = &facts.policy else {
        return Stage::left_out(id, texts::STS_SMART_HOST);
    };
    let domain = &facts.target.host;
    let warning =
        |text: String| Stage::new(id, Status::Warning, text).mended_by([mend::mend_policy(domain)]);
    let stage = match &policy.value.record {
        Answer::NoRecords | Answer::NoSuchName => {
            Stage::new(id, Status::Ok, texts::sts_none(domain))
        }
        Answer::NotAsked => Stage::left_out(id, texts::STS_NOT_ASKED),
        Answer::Failed(why) => warning(texts::dns_failed(why)),
        Answer::Found(records) => match policy_id(records) {
            Ok(None) => Stage::new(id, Status::Ok, texts::sts_none(domain)),
            Err(why) => warning(texts::sts_bad_record(domain, &why)),
            Ok(Some(policy_id)) => {
                let file = policy.value.file.as_ref();
                policy_file(facts, file).with("policy_id", policy_id)
            }
        },
    };
    stage.took(policy.millis)
}

fn policy_file(facts: &Facts, file: Option<&Result<PolicyFile, String>>) -> Stage {
    let id = StageId::MtaSts;
    let domain = &facts.target.host;
    let warning =
        |text: String| Stage::new(id, Status::Warning, text).mended_by([mend::mend_policy(domain)]);
    let file = match file {
        Some(Ok(file)) => file,
        Some(Err(why)) => return warning(texts::sts_unreachable(domain, &shown(why))),
        None => return warning(texts::sts_unreachable(domain, "")),
    };
    if !file.chain.is_accepted() {
        let text = texts::sts_bad_certificate(domain, &file.chain);
        return warning(text).about(ChainFacts::from(&file.chain));
    }
    let parsed = file.answer.clone().and_then(|answer| read_policy(&answer));
    match parsed {
        Err(why) => warning(texts::sts_bad_file(domain, &shown(&why))),
        Ok(policy) => judged(facts, &policy)
            .with("mode", policy.mode.as_str())
            .with("max_age_seconds", policy.max_age_seconds)
            .with("policy_mx", policy.mx.iter().map(|mx| shown(mx)).collect::<Vec<_>>()),
    }
}

/// RFC 8461 section 3.3: 200 and text/plain, or it is no policy.
fn read_policy(answer: &HttpAnswer) -> Result<StsPolicy, String> {
    if answer.status != 200 {
        return Err(texts::sts_status(answer.status));
    }
    if answer.content_type != "text/plain" {
        return Err(texts::sts_content_type(&shown(&answer.content_type)));
    }
    StsPolicy::parse(&String::from_utf8_lossy(&answer.body))
}

/// Whether the domain's servers meet its own policy.
fn judged(facts: &Facts, policy: &StsPolicy) -> Stage {
    let id = StageId::MtaSts;
    let domain = &facts.target.host;
    let hosts: Vec<&str> = match facts.exchangers.as_ref().map(|timed| &timed.value) {
        Some(Answer::Found(MailExchangers::Hosts(hosts))) => {
            hosts.iter().map(|mx| mx.host.as_str()).collect()
        }
        _ => vec![domain],
    };
    if policy.mode == StsMode::None {
        return Stage::new(id, Status::Ok, texts::sts_mode_none(domain));
    }
    let uncovered: Vec<String> =
        hosts.into_iter().filter(|host| !policy.covers(host)).map(shown).collect();
    let named = facts.server_name.as_ref();
    let certificate_fails = named.is_some_and(|chain| !chain.is_accepted());
    let encrypts = facts.session.as_ref().is_none_or(|session| session.tls().is_some());
    let bad = if policy.mode == StsMode::Enforce { Status::Error } else { Status::Warning };
    let mode = policy.mode.as_str();
    if !uncovered.is_empty() {
        return Stage::new(id, bad, texts::sts_uncovered(mode, &uncovered))
            .mended_by([mend::mend_policy_mx(domain)]);
    }
    if certificate_fails || !encrypts {
        return Stage::new(id, bad, texts::sts_server_fails(mode))
            .mended_by([mend::mend_policy_server()]);
    }
    Stage::new(id, Status::Ok, texts::sts_good(domain, mode, policy.max_age_seconds / 86_400))
}

pub(super) fn dane(facts: &Facts) -> Stage {
    let id = StageId::Dane;
    let Some(dane) = &facts.dane else {
        return Stage::after(id, StageId::Connect);
    };
    let stage = match &dane.value.records {
        Answer::NoRecords | Answer::NoSuchName => Stage::new(id, Status::Ok, texts::DANE_NONE),
        Answer::NotAsked => Stage::left_out(id, texts::DANE_NOT_ASKED),
        Answer::Failed(why) => Stage::new(id, Status::Warning, texts::dane_failed(why))
            .mended_by([mend::mend_dane_dns()]),
        Answer::Found(records) => with_records(&dane.value)
            .with("tlsa", records.iter().map(tlsa_text).collect::<Vec<_>>()),
    };
    stage.took(dane.millis)
}

fn with_records(dane: &DaneFacts) -> Stage {
    let id = StageId::Dane;
    let Some(matched) = dane.matched else {
        return Stage::after(id, StageId::StartTls);
    };
    let fits = matches!(matched, DaneMatch::EndEntity | DaneMatch::TrustAnchor);
    let mends = |stage: Stage| stage.mended_by([mend::mend_dane()]);
    match &dane.proof {
        Some(Proof::Bogus) => {
            Stage::new(id, Status::Error, texts::DANE_BOGUS).mended_by([mend::mend_dane_dns()])
        }
        Some(Proof::Insecure) => mends(Stage::new(id, Status::Warning, texts::DANE_INSECURE)),
        Some(Proof::NotValidated(why)) => {
            Stage::new(id, Status::Warning, texts::dane_not_validated(&shown(why), fits))
        }
        None => Stage::new(id, Status::Warning, texts::dane_not_validated("", fits)),
        Some(Proof::Secure) => match (matched, &dane.mx_proof) {
            (DaneMatch::Nothing, _) => mends(Stage::new(id, Status::Error, texts::DANE_NO_MATCH)),
            (DaneMatch::NoneUsable, _) => {
                mends(Stage::new(id, Status::Warning, texts::DANE_NONE_USABLE))
            }
            (_, None | Some(Proof::Secure)) => {
                let ends = matched == DaneMatch::EndEntity;
                Stage::new(id, Status::Ok, texts::dane_good(ends))
            }
            (_, Some(_)) => mends(Stage::new(id, Status::Warning, texts::DANE_MX_UNSIGNED)),
        },
    }
}

/// `3 1 1 0123...`, as a zone file has it.
fn tlsa_text(record: &Tlsa) -> String {
    let Tlsa { usage, selector, matching, data } = record;
    let hex: String = data.iter().take(64).map(|octet| format!("{octet:02x}")).collect();
    format!("{usage} {selector} {matching} {hex}")
}
