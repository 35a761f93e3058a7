//! DKIM (RFC 6376, 8301, 8463): what each signature of a message says.
//!
//! Asks DNS for keys through a counted share. At most [`SIGNATURES_MAX`] signatures are checked,
//! the topmost ones; the rest is counted. The arithmetic and the body's canonical form are
//! `mail-auth`'s; the grammar is read here, so that what is verified is what is reported.

use std::time::{SystemTime, UNIX_EPOCH};

use mail_auth::common::crypto::Algorithm;
use mail_auth::dkim::Canonicalization;
use posthouse_types::{
    BodyCoverage, DkimFact, DkimReason, DkimResult, SHOWN_CHARACTERS_MAX, printable,
};

use super::key::{Keys, PublicKey};
use super::message_view::{
    BodyHashes, MessageView, RawField, without_signature, write_field, write_signed_fields,
};
use super::tags::Tags;

/// Signatures of one message that are checked. Mail with more than three is rare.
pub const SIGNATURES_MAX: usize = 10;
/// Names in `h=` that are looked at; oversigning needs fewer than a hundred.
const SIGNED_NAMES_MAX: usize = 500;
/// Characters of `b=` that tell a signature from others.
const FINGERPRINT_CHARACTERS: usize = 24;
/// Fields a reader is shown, of which only one may stand in a message (RFC 5322 section 3.6): a
/// second one above the signed one is what a reader may take.
const SHOWN_ONCE: &[&str] =
    &["from", "to", "subject", "date", "reply-to", "sender", "content-type"];

/// One signature, read as far as its grammar goes.
pub(crate) struct Signature<'a> {
    field: RawField<'a>,
    pub(crate) tags: Option<Tags>,
    pub(crate) selector: String,
    pub(crate) domain: String,
}

/// The signatures to check, and how many more there are.
pub(crate) fn signatures<'a>(view: &MessageView<'a>) -> (Vec<Signature<'a>>, usize) {
    let mut found: Vec<_> = view.named("DKIM-Signature").collect();
    let unchecked = found.len().saturating_sub(SIGNATURES_MAX);
    found.truncate(SIGNATURES_MAX);
    (found.into_iter().map(signature).collect(), unchecked)
}

fn signature(field: RawField<'_>) -> Signature<'_> {
    let tags = Tags::parse(&field.unfolded());
    let text = |name: &str| tags.as_ref().and_then(|tags| tags.filled(name)).unwrap_or_default();
    let domain = text("d").to_ascii_lowercase();
    let selector = text("s").to_owned();
    Signature { field, selector, domain, tags }
}

/// Seconds since 1970, for the expiry of signatures.
pub(crate) fn now_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// What has to be known to verify one signature.
struct Parameters {
    algorithm: Algorithm,
    header_form: Canonicalization,
    body_form: Canonicalization,
    signature: Vec<u8>,
    body_hash: Vec<u8>,
    names: Vec<String>,
    signed_bytes_max: Option<u64>,
    /// The domain of `i=`.
    identity: String,
}

/// Verifies one signature.
pub(crate) fn verify(
    view: &MessageView<'_>,
    signature: &Signature<'_>,
    keys: &Keys,
    hashes: &mut BodyHashes,
    now_seconds: u64,
) -> DkimFact {
    let mut fact = DkimFact {
        domain: printable(&signature.domain, SHOWN_CHARACTERS_MAX),
        selector: printable(&signature.selector, SHOWN_CHARACTERS_MAX),
        ..DkimFact::default()
    };
    let outcome = verify_into(&mut fact, view, signature, (keys, hashes), now_seconds);
    fact.reason = match outcome {
        Ok(()) => DkimReason::Verified,
        Err(reason) => reason,
    };
    fact.result = result_of(fact.reason);
    fact
}

fn result_of(reason: DkimReason) -> DkimResult {
    match reason {
        DkimReason::Verified => DkimResult::Pass,
        DkimReason::BodyHash | DkimReason::Signature | DkimReason::ShortKey => DkimResult::Fail,
        DkimReason::KeyUnavailable => DkimResult::TempError,
        DkimReason::NotAsked => DkimResult::NotAsked,
        DkimReason::NoKey
        | DkimReason::Revoked
        | DkimReason::BadKey
        | DkimReason::Expired
        | DkimReason::Malformed
        | DkimReason::FromNotSigned
        | DkimReason::TooManyKeys
        | DkimReason::Algorithm => DkimResult::PermError,
    }
}

fn verify_into(
    fact: &mut DkimFact,
    view: &MessageView<'_>,
    signature: &Signature<'_>,
    (keys, hashes): (&Keys, &mut BodyHashes),
    now_seconds: u64,
) -> Result<(), DkimReason> {
    let tags = signature.tags.as_ref().ok_or(DkimReason::Malformed)?;
    tags.value("a").unwrap_or_default().clone_into(&mut fact.algorithm);
    fact.fingerprint = fingerprint(tags);
    let parameters = parameters(tags, &signature.domain)?;
    let times = (tags.number("t"), tags.number("x"));
    let (Ok(signed_at), Ok(expires_at)) = times else {
        return Err(DkimReason::Malformed);
    };
    (fact.signed_at_seconds, fact.expires_at_seconds) = (signed_at, expires_at);
    fact.covers_from = parameters.names.iter().any(|name| name.eq_ignore_ascii_case("from"));
    fact.unsigned_fields = unsigned_fields(view, &parameters.names);
    if !fact.covers_from {
        return Err(DkimReason::FromNotSigned);
    }
    if let (Some(signed_at), Some(expires_at)) = (signed_at, expires_at)
        && expires_at <= signed_at
    {
        return Err(DkimReason::Malformed);
    }
    if expires_at.is_some_and(|expires_at| expires_at < now_seconds) {
        return Err(DkimReason::Expired);
    }
    fact.body = check_body(view, &parameters, hashes)?;
    let key = match keys.key(&signature.selector, &signature.domain) {
        Ok(key) => key,
        Err(no_key) => {
            fact.key_bits = no_key.bits;
            return Err(no_key.reason);
        }
    };
    fact.key_bits = Some(key.bits);
    fact.is_test_key = key.is_test;
    if !key.allows(parameters.algorithm)
        || (key.is_strict && parameters.identity != signature.domain)
    {
        return Err(DkimReason::BadKey);
    }
    check_signature(view, &signature.field, &parameters, key)
}

fn fingerprint(tags: &Tags) -> String {
    let text = tags.value("b").unwrap_or_default();
    text.chars().filter(char::is_ascii_graphic).take(FINGERPRINT_CHARACTERS).collect()
}

fn parameters(tags: &Tags, domain: &str) -> Result<Parameters, DkimReason> {
    let malformed = DkimReason::Malformed;
    let is_method_known = tags.list("q").is_none_or(|q| q.iter().any(|m| m == "dns/txt"));
    if tags.value("v") != Some("1") || !is_method_known || !is_domain(domain) {
        return Err(malformed);
    }
    tags.filled("s").filter(|selector| is_selector(selector)).ok_or(malformed)?;
    let algorithm = match tags.filled("a").ok_or(malformed)? {
        "rsa-sha256" => Algorithm::RsaSha256,
        "ed25519-sha256" => Algorithm::Ed25519Sha256,
        _ => return Err(DkimReason::Algorithm),
    };
    let (header_form, body_form) = forms(tags.value("c")).ok_or(malformed)?;
    let names = tags.list("h").filter(|names| !names.is_empty()).ok_or(malformed)?;
    if names.len() > SIGNED_NAMES_MAX {
        return Err(malformed);
    }
    let identity = match tags.value("i") {
        None => domain.to_owned(),
        Some(identity) => {
            let (_, identity) = identity.rsplit_once('@').ok_or(malformed)?;
            identity.to_ascii_lowercase()
        }
    };
    let below = identity.strip_suffix(domain);
    if !below.is_some_and(|below| below.is_empty() || below.ends_with('.')) {
        return Err(malformed);
    }
    Ok(Parameters {
        algorithm,
        header_form,
        body_form,
        signature: tags.base64("b").ok_or(malformed)?,
        body_hash: tags.base64("bh").ok_or(malformed)?,
        names,
        signed_bytes_max: tags.number("l").map_err(|()| malformed)?,
        identity,
    })
}

/// `c=`: simple for what is not said.
pub(crate) fn forms(text: Option<&str>) -> Option<(Canonicalization, Canonicalization)> {
    let form = |word: &str| match word {
        "simple" => Some(Canonicalization::Simple),
        "relaxed" => Some(Canonicalization::Relaxed),
        _ => None,
    };
    match text {
        None => Some((Canonicalization::Simple, Canonicalization::Simple)),
        Some(text) => match text.split_once('/') {
            Some((header, body)) => Some((form(header)?, form(body)?)),
            None => Some((form(text)?, Canonicalization::Simple)),
        },
    }
}

/// A name that can stand in DNS and is more than a public top-level label.
pub(crate) fn is_domain(name: &str) -> bool {
    name.contains('.') && is_selector(name)
}

pub(crate) fn is_selector(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

/// Fields that stand in the header more often than they are signed, where a reader is shown one.
/// Content-Type counts only where it is partly signed or stands there twice: most signers leave
/// it out, and that alone says nothing.
fn unsigned_fields(view: &MessageView<'_>, names: &[String]) -> Vec<String> {
    let mut unsigned = Vec::new();
    for shown in SHOWN_ONCE {
        let present = view.named(shown).len();
        let signed = names.iter().filter(|name| name.eq_ignore_ascii_case(shown)).count();
        if present > 1 && present > signed {
            unsigned.push((*shown).to_owned());
        }
    }
    unsigned
}

fn check_body(
    view: &MessageView<'_>,
    parameters: &Parameters,
    hashes: &mut BodyHashes,
) -> Result<BodyCoverage, DkimReason> {
    let limit = parameters.signed_bytes_max;
    let hash = hashes.of(view.body, parameters.body_form, limit);
    let body_bytes = hash.canonical_bytes;
    if hash.sha256 != parameters.body_hash || limit.is_some_and(|limit| limit > body_bytes) {
        return Err(DkimReason::BodyHash);
    }
    match limit {
        Some(signed_bytes) if signed_bytes < body_bytes => {
            Ok(BodyCoverage::Partial { signed_bytes, body_bytes })
        }
        _ => Ok(BodyCoverage::Whole),
    }
}

fn check_signature(
    view: &MessageView<'_>,
    field: &RawField<'_>,
    parameters: &Parameters,
    key: &PublicKey,
) -> Result<(), DkimReason> {
    let mut signed = Vec::with_capacity(2048);
    write_signed_fields(&mut signed, view, &parameters.names, parameters.header_form);
    write_field(&mut signed, &without_signature(field.text), parameters.header_form);
    if key.verifies(&signed, &parameters.signature, parameters.algorithm) {
        Ok(())
    } else {
        Err(DkimReason::Signature)
    }
}
