//! ARC (RFC 8617): whether a chain of forwarders' seals holds, and what each claims to have seen.
//!
//! Asks DNS for keys through a counted share. A chain that holds proves who sealed, nothing about
//! the sender: whose claims count is the tenant's affair (trusted sealers), judged in `filter`.

use mail_auth::common::crypto::Algorithm;
use mail_auth::dkim::Canonicalization;
use posthouse_types::{ArcClaims, ArcFact, ArcResult, DkimReason, SHOWN_CHARACTERS_MAX, printable};

use super::dkim::{forms, is_domain, is_selector};
use super::key::{Keys, PublicKey, key_name};
use super::message_view::{
    BodyHashes, MessageView, RawField, without_signature, write_field, write_signed_fields,
};
use super::tags::Tags;

/// Longest chain (RFC 8617 section 4.2.1).
pub(crate) const SETS_MAX: usize = 50;
/// DKIM domains that are kept of one set's claims.
const CLAIMED_DOMAINS_MAX: usize = 10;

const SEAL: &str = "ARC-Seal";
const SIGNATURE: &str = "ARC-Message-Signature";
const RESULTS: &str = "ARC-Authentication-Results";

/// One hop's three fields.
struct ArcSet<'a> {
    results: RawField<'a>,
    signature: RawField<'a>,
    signature_tags: Tags,
    seal: RawField<'a>,
    seal_tags: Tags,
}

/// A chain whose grammar holds, the oldest set first.
pub(crate) struct ArcChain<'a> {
    sets: Vec<ArcSet<'a>>,
}

/// Reads the chain. `Err` has the words for a chain that cannot hold; `Ok(None)`: there is none.
pub(crate) fn chain<'a>(view: &MessageView<'a>) -> Result<Option<ArcChain<'a>>, String> {
    let seals: Vec<_> = view.named(SEAL).collect();
    let signatures: Vec<_> = view.named(SIGNATURE).collect();
    let results: Vec<_> = view.named(RESULTS).collect();
    let count = seals.len();
    if count == 0 && signatures.is_empty() && results.is_empty() {
        return Ok(None);
    }
    if count.max(signatures.len()).max(results.len()) > SETS_MAX {
        return Err("there are more than 50 sets".to_owned());
    }
    if signatures.len() != count || results.len() != count {
        return Err("a set is not whole".to_owned());
    }
    let (seals, signatures) = (tagged(&seals, SEAL)?, tagged(&signatures, SIGNATURE)?);
    let mut sets = Vec::with_capacity(count);
    for instance in 1..=count as u64 {
        let (seal, seal_tags) = of_instance(&seals, instance, SEAL)?;
        let (signature, signature_tags) = of_instance(&signatures, instance, SIGNATURE)?;
        let mut with_instance =
            results.iter().filter(|field| aar_instance(field) == Some(instance));
        let results = *with_instance.next().ok_or_else(|| broken(instance, RESULTS))?;
        if with_instance.next().is_some() {
            return Err(broken(instance, RESULTS));
        }
        sets.push(ArcSet { results, signature, signature_tags, seal, seal_tags });
    }
    let chain = ArcChain { sets };
    chain.check_grammar()?;
    Ok(Some(chain))
}

fn broken(instance: u64, name: &str) -> String {
    format!("set {instance} has no single readable {name}")
}

/// Every field with its tags; one that cannot be read breaks the chain.
fn tagged<'a>(fields: &[RawField<'a>], name: &str) -> Result<Vec<(RawField<'a>, Tags)>, String> {
    let read = |field: &RawField<'a>| {
        let tags = Tags::parse(&field.unfolded());
        tags.map(|tags| (*field, tags)).ok_or_else(|| format!("an {name} is malformed"))
    };
    fields.iter().map(read).collect()
}

/// The one field of that instance.
fn of_instance<'a>(
    fields: &[(RawField<'a>, Tags)],
    instance: u64,
    name: &str,
) -> Result<(RawField<'a>, Tags), String> {
    let is_it =
        |(_, tags): &&(RawField<'a>, Tags)| tags.number("i").ok().flatten() == Some(instance);
    let mut found = fields.iter().filter(is_it);
    match (found.next(), found.next()) {
        (Some(field), None) => Ok(field.clone()),
        _ => Err(broken(instance, name)),
    }
}

/// `i=` of an ARC-Authentication-Results, which comes first and ends with a semicolon.
fn aar_instance(field: &RawField<'_>) -> Option<u64> {
    let text = field.unfolded();
    let (first, _) = text.split_once(';')?;
    let (name, number) = first.split_once('=')?;
    let number = number.trim();
    let is_number = name.trim() == "i" && number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse().ok().filter(|_| is_number)
}

fn algorithm(tags: &Tags) -> Option<Algorithm> {
    match tags.filled("a")? {
        "rsa-sha256" => Some(Algorithm::RsaSha256),
        "ed25519-sha256" => Some(Algorithm::Ed25519Sha256),
        _ => None,
    }
}

/// What both signatures of a set must have.
fn is_signature(tags: &Tags) -> bool {
    tags.filled("d").is_some_and(is_domain)
        && tags.filled("s").is_some_and(is_selector)
        && tags.base64("b").is_some()
        && algorithm(tags).is_some()
        && tags.number("t").is_ok()
}

impl<'a> ArcChain<'a> {
    fn check_grammar(&self) -> Result<(), String> {
        for (index, set) in self.sets.iter().enumerate() {
            let instance = index + 1;
            let expected = if instance == 1 { "none" } else { "pass" };
            if set.seal_tags.value("cv") != Some(expected) {
                return Err(format!("seal {instance} does not say cv={expected}"));
            }
            if !is_signature(&set.seal_tags) || set.seal_tags.value("h").is_some() {
                return Err(format!("seal {instance} is malformed"));
            }
            let tags = &set.signature_tags;
            let names = tags.list("h");
            let signs_seal = names
                .as_ref()
                .is_some_and(|names| names.iter().any(|n| n.eq_ignore_ascii_case(SEAL)));
            let is_readable = is_signature(tags)
                && tags.base64("bh").is_some()
                && forms(tags.value("c")).is_some()
                && tags.number("x").is_ok()
                && names.is_some();
            if !is_readable || signs_seal {
                return Err(format!("signature {instance} is malformed"));
            }
        }
        Ok(())
    }

    /// Selector and domain of each key that verifying needs, the newest first.
    pub(crate) fn key_names(&self) -> Vec<(&str, &str)> {
        let newest = self.sets.last().map(|set| &set.signature_tags);
        let seals = self.sets.iter().rev().map(|set| &set.seal_tags);
        let mut seen = Vec::new();
        let mut names = Vec::new();
        for tags in newest.into_iter().chain(seals) {
            let (Some(selector), Some(domain)) = (tags.filled("s"), tags.filled("d")) else {
                continue;
            };
            let name = key_name(selector, domain);
            if !seen.contains(&name) {
                seen.push(name);
                names.push((selector, domain));
            }
        }
        names
    }

    /// Verifies the newest signature and every seal.
    pub(crate) fn verify(
        &self,
        view: &MessageView<'_>,
        keys: &Keys,
        hashes: &mut BodyHashes,
        now_seconds: u64,
    ) -> ArcFact {
        let mut fact = ArcFact { sets: self.sets.len(), ..ArcFact::default() };
        match self.verified(view, keys, hashes, now_seconds) {
            Ok(()) => {
                fact.result = ArcResult::Pass;
                fact.claims =
                    self.sets.iter().enumerate().map(|(at, set)| claims(at, set)).collect();
            }
            Err((result, reason)) => {
                fact.result = result;
                fact.reason = printable(&reason, SHOWN_CHARACTERS_MAX);
            }
        }
        fact
    }

    fn verified(
        &self,
        view: &MessageView<'_>,
        keys: &Keys,
        hashes: &mut BodyHashes,
        now_seconds: u64,
    ) -> Result<(), (ArcResult, String)> {
        if let Some(newest) = self.sets.last() {
            verify_signature(view, newest, (keys, hashes), now_seconds)?;
        }
        for count in (1..=self.sets.len()).rev() {
            verify_seal(self.sets.get(..count).unwrap_or_default(), keys)?;
        }
        Ok(())
    }
}

type Broken = (ArcResult, String);

fn fails(reason: impl Into<String>) -> Broken {
    (ArcResult::Fail, reason.into())
}

fn key_of<'k>(tags: &Tags, keys: &'k Keys, what: &str) -> Result<&'k PublicKey, Broken> {
    let (selector, domain) = (tags.filled("s").unwrap_or(""), tags.filled("d").unwrap_or(""));
    keys.key(selector, domain).map_err(|no_key| {
        let result = match no_key.reason {
            DkimReason::KeyUnavailable => ArcResult::TempError,
            DkimReason::NotAsked => ArcResult::NotAsked,
            _ => ArcResult::Fail,
        };
        (result, format!("{what} by {domain}: {}", no_key.reason.as_str()))
    })
}

fn verify_signature(
    view: &MessageView<'_>,
    set: &ArcSet<'_>,
    (keys, hashes): (&Keys, &mut BodyHashes),
    now_seconds: u64,
) -> Result<(), Broken> {
    let tags = &set.signature_tags;
    let key = key_of(tags, keys, "the newest signature")?;
    let expires_at = tags.number("x").ok().flatten();
    if expires_at.is_some_and(|expires_at| expires_at < now_seconds) {
        return Err(fails("the newest signature expired"));
    }
    let unreadable = || fails("the newest signature is malformed");
    let (header_form, body_form) = forms(tags.value("c")).ok_or_else(unreadable)?;
    let limit = tags.number("l").map_err(|()| unreadable())?;
    let hash = hashes.of(view.body, body_form, limit);
    if limit.is_some_and(|limit| limit != hash.canonical_bytes) {
        return Err(fails("the newest signature covers a part of the body only"));
    }
    if tags.base64("bh") != Some(hash.sha256) {
        return Err(fails("the body hash did not verify"));
    }
    let names = tags.list("h").unwrap_or_default();
    let mut signed = Vec::with_capacity(2048);
    write_signed_fields(&mut signed, view, &names, header_form);
    write_field(&mut signed, &without_signature(set.signature.text), header_form);
    check(key, &signed, tags, "the newest signature")
}

/// The last of `sets` seals them all (section 5.1.1).
fn verify_seal(sets: &[ArcSet<'_>], keys: &Keys) -> Result<(), Broken> {
    let Some((last, before)) = sets.split_last() else {
        return Ok(());
    };
    let what = format!("seal {}", sets.len());
    let key = key_of(&last.seal_tags, keys, &what)?;
    let mut signed = Vec::with_capacity(1024 * sets.len());
    let mut put = |field: &[u8]| {
        write_field(&mut signed, field, Canonicalization::Relaxed);
        signed.extend_from_slice(b"\r\n");
    };
    for set in before {
        put(set.results.text);
        put(set.signature.text);
        put(set.seal.text);
    }
    put(last.results.text);
    put(last.signature.text);
    write_field(&mut signed, &without_signature(last.seal.text), Canonicalization::Relaxed);
    check(key, &signed, &last.seal_tags, &what)
}

fn check(key: &PublicKey, signed: &[u8], tags: &Tags, what: &str) -> Result<(), Broken> {
    let holds = match (algorithm(tags), tags.base64("b")) {
        (Some(algorithm), Some(signature)) => {
            key.allows(algorithm) && key.verifies(signed, &signature, algorithm)
        }
        _ => false,
    };
    if holds { Ok(()) } else { Err(fails(format!("{what} did not verify"))) }
}

/// What one set says it saw.
fn claims(index: usize, set: &ArcSet<'_>) -> ArcClaims {
    let domain = |tags: &Tags| tags.filled("d").unwrap_or_default().to_ascii_lowercase();
    let mut claims = ArcClaims {
        instance: u32::try_from(index + 1).unwrap_or(u32::MAX),
        sealer: domain(&set.seal_tags),
        signer: domain(&set.signature_tags),
        ..ArcClaims::default()
    };
    let text = without_comments(&set.results.unfolded());
    // `i=1; authserv-id; results`
    for result in text.split(';').skip(2) {
        let mut words = result.split_whitespace();
        let verdict = words.next().unwrap_or_default().to_ascii_lowercase();
        let words: Vec<&str> = words.collect();
        let property = |names: &[&str]| {
            let found = words.iter().find_map(|word| {
                let (name, value) = word.split_once('=')?;
                names.iter().any(|wanted| name.eq_ignore_ascii_case(wanted)).then_some(value)
            })?;
            let domain = found.rsplit_once('@').map_or(found, |(_, domain)| domain);
            is_domain(domain).then(|| domain.to_ascii_lowercase())
        };
        match verdict.as_str() {
            "spf=pass" => claims.spf_pass = property(&["smtp.mailfrom", "smtp.mfrom", "smtp.helo"]),
            "dmarc=pass" => claims.dmarc_pass = property(&["header.from"]),
            "dkim=pass" if claims.dkim_pass.len() < CLAIMED_DOMAINS_MAX => {
                claims.dkim_pass.extend(property(&["header.d", "header.i"]));
            }
            _ => {}
        }
    }
    claims
}

/// Comments gone, nested ones too; what is in quotes stays.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut depth, mut is_quoted, mut is_escaped) = (0usize, false, false);
    for character in text.chars() {
        let was_escaped = std::mem::take(&mut is_escaped);
        match character {
            _ if was_escaped => {}
            '\\' if depth > 0 || is_quoted => is_escaped = true,
            '"' if depth == 0 => is_quoted = !is_quoted,
            '(' if !is_quoted => depth += 1,
            ')' if !is_quoted && depth > 0 => {
                depth -= 1;
                continue;
            }
            _ => {}
        }
        if depth == 0 {
            out.push(character);
        }
    }
    out
}
