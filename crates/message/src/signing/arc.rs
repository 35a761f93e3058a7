//! Sealing what is passed on, so that the next server can believe what we saw (RFC 8617).
//!
//! Pure. What we saw is the Authentication-Results field among our own fields above the message,
//! never one that came with it. Never seals a chain that we did not judge, or that is broken or
//! full.

use super::{Digest, Folded, Signer, sign, signature_over_message};
use crate::header::{field_name, field_value, fields};
use crate::signing::canonical::relaxed_field;

/// Sets of one chain (RFC 8617 section 4.2.1).
pub const SEALS_MAX: usize = 50;

/// Longest results that are carried on, in bytes.
const RESULTS_BYTES_MAX: usize = 4 * 1024;

const RESULTS: &str = "ARC-Authentication-Results";
const MESSAGE_SIGNATURE: &str = "ARC-Message-Signature";
const SEAL: &str = "ARC-Seal";

/// Why a message is not sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SealFailure {
    /// It carries no results of ours.
    NoResults,
    /// It has a chain, and our results do not say what we made of it; or it is broken: it ends
    /// here (section 5.1.2).
    ChainNotPassed,
    /// The chain has 50 sets.
    ChainFull,
    /// The key failed.
    Key(String),
}

/// Three fields that seal a message, the newest first, to be put above it. `own_head`: the fields
/// that this node wrote above the message.
///
/// # Errors
/// Why it is not sealed: then it goes on as it is.
pub fn seal(
    digest: &Digest,
    signer: &Signer<'_>,
    own_head: &[u8],
    node_name: &str,
    unix_seconds: i64,
) -> Result<Vec<u8>, SealFailure> {
    let header = digest.header();
    let results = own_results(own_head, node_name).ok_or(SealFailure::NoResults)?;
    let sets = sets(header).ok_or(SealFailure::ChainNotPassed)?;
    let cv = match (sets.len(), result_of(&results, "arc")) {
        (0, _) => "none",
        (_, Some("pass")) => "pass",
        _ => return Err(SealFailure::ChainNotPassed),
    };
    let instance = sets.len() + 1;
    if instance > SEALS_MAX {
        return Err(SealFailure::ChainFull);
    }
    let mut field = Folded::begin(RESULTS);
    let text = format!("i={instance}; {node_name} 1; {results}");
    text.split(' ').for_each(|word| field.word(word));
    let authentication_results = format!("{}\r\n", field.text).into_bytes();

    let (domain, selector) = (signer.domain, signer.selector);
    let algorithm = signer.algorithm.as_str();
    let start = format!(
        "i={instance}; a={algorithm}; c=relaxed/relaxed; d={domain}; s={selector}; \
         t={unix_seconds};"
    );
    let message_signature =
        signature_over_message(MESSAGE_SIGNATURE, &start, digest, signer, &["DKIM-Signature"])
            .map_err(SealFailure::Key)?;

    // Section 5.1.1: every set in its order, then ours, whose seal comes last and is empty.
    let mut signed = Vec::new();
    let own = [&authentication_results[..], &message_signature[..]];
    for field in sets.into_iter().flatten().chain(own) {
        signed.extend(relaxed_field(field));
        signed.extend_from_slice(b"\r\n");
    }
    let mut field = Folded::begin(SEAL);
    let start = format!(
        "i={instance}; a={algorithm}; t={unix_seconds}; cv={cv}; d={domain}; s={selector}; b="
    );
    start.split(' ').for_each(|word| field.word(word));
    let mut out = sign(field, signed, signer).map_err(SealFailure::Key)?;
    out.extend(message_signature);
    out.extend(authentication_results);
    Ok(out)
}

/// What we found out about the message, on one line.
fn own_results(own_head: &[u8], node_name: &str) -> Option<String> {
    let is = |field: &&[u8]| {
        field_name(field).is_some_and(|name| name.eq_ignore_ascii_case(b"Authentication-Results"))
    };
    let value = field_value(fields(own_head).find(is)?);
    let value = value.get(..value.len().min(RESULTS_BYTES_MAX)).unwrap_or_default();
    let text = String::from_utf8_lossy(value);
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let line = words.join(" ");
    // Microsoft's form has no name of the server; others begin with it.
    let line = match line.split_once(';') {
        Some((name, rest)) if name.trim().eq_ignore_ascii_case(node_name) => rest.trim().to_owned(),
        _ => line,
    };
    (!line.is_empty() && line.bytes().all(|byte| (0x20..0x7f).contains(&byte))).then_some(line)
}

/// The result of one method: the word behind `method=`.
fn result_of<'a>(results: &'a str, method: &str) -> Option<&'a str> {
    results.split(';').find_map(|part| {
        let (name, rest) = part.trim().split_once('=')?;
        let word = rest.split([' ', '(']).next()?;
        name.trim().eq_ignore_ascii_case(method).then_some(word)
    })
}

/// The sets of the chain, by their numbers: results, signature, seal. `None` where one is not
/// whole, or a number stands twice or is left out.
fn sets(header: &[u8]) -> Option<Vec<[&[u8]; 3]>> {
    const NAMES: [&str; 3] = [RESULTS, MESSAGE_SIGNATURE, SEAL];
    let mut found: Vec<[Option<&[u8]>; 3]> = Vec::new();
    for field in fields(header) {
        let name = field_name(field).unwrap_or_default();
        let Some(place) =
            NAMES.iter().position(|known| known.as_bytes().eq_ignore_ascii_case(name))
        else {
            continue;
        };
        let instance = instance(field_value(field)).filter(|i| (1..=SEALS_MAX).contains(i))?;
        if found.len() < instance {
            found.resize(instance, [None; 3]);
        }
        let slot = found.get_mut(instance - 1)?.get_mut(place)?;
        if slot.replace(field).is_some() {
            return None;
        }
    }
    found
        .into_iter()
        .map(|[results, signature, seal]| Some([results?, signature?, seal?]))
        .collect()
}

/// The number in `i=`, which every field of a set begins with or holds.
fn instance(value: &[u8]) -> Option<usize> {
    let mut tags = value.split(|byte| *byte == b';');
    tags.find_map(|tag| {
        let text = std::str::from_utf8(tag).ok()?.trim();
        let (name, number) = text.split_once('=')?;
        (name.trim() == "i").then(|| number.trim().parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signing::SignatureAlgorithm;

    fn sealed(own_head: &str, header: &str) -> Result<String, SealFailure> {
        let mut digest = Digest::default();
        digest.push(format!("{own_head}{header}From: a@o.example\r\n\r\nx\r\n").as_bytes());
        let sign = |bytes: &[u8]| Ok(bytes.to_vec());
        let signer = Signer {
            domain: "t.example",
            selector: "s1",
            algorithm: SignatureAlgorithm::RsaSha256,
            sign: &sign,
        };
        seal(&digest.finished(), &signer, own_head.as_bytes(), "mx.example", 1_795_000_000)
            .map(|fields| String::from_utf8(fields).unwrap())
    }

    fn set(instance: usize) -> String {
        ["ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"]
            .map(|name| format!("{name}: i={instance}; x\r\n"))
            .concat()
    }

    const PASSED: &str = "Authentication-Results: spf=pass (sender IP is 192.0.2.1)\r\n \
        smtp.mailfrom=o.example; arc=pass (0)\r\n";

    #[test]
    fn the_first_seal_has_no_chain_before_it() {
        let fields = sealed("Authentication-Results: mx.example; spf=pass\r\n", "").unwrap();
        let names: Vec<_> = fields.lines().filter_map(|line| line.split_once(": i=1;")).collect();
        assert_eq!(names.len(), 3);
        assert!(fields.contains("cv=none"), "{fields}");
        assert!(fields.ends_with("ARC-Authentication-Results: i=1; mx.example 1; spf=pass\r\n"));
    }

    #[test]
    fn a_chain_that_passed_is_continued() {
        let fields = sealed(PASSED, &format!("{}{}", set(2), set(1))).unwrap();
        assert!(fields.starts_with("ARC-Seal: i=3;") && fields.contains("cv=pass"), "{fields}");
    }

    #[test]
    fn aut_08_a_chain_that_was_not_judged_or_is_broken_is_not_continued() {
        let unjudged = "Authentication-Results: spf=pass\r\n";
        let failed = "Authentication-Results: spf=pass; arc=fail\r\n";
        for (own_head, header) in [
            (unjudged, set(1)),
            (failed, set(1)),
            (PASSED, set(2)),
            (PASSED, format!("{}{}", set(1), set(1))),
            (PASSED, "ARC-Seal: i=1; x\r\n".to_owned()),
            (PASSED, "ARC-Seal: i=51; x\r\n".to_owned()),
            (PASSED, "ARC-Seal: x\r\n".to_owned()),
        ] {
            assert_eq!(sealed(own_head, &header), Err(SealFailure::ChainNotPassed), "{header}");
        }
        let full: String = (1..=SEALS_MAX).map(set).collect();
        assert_eq!(sealed(PASSED, &full), Err(SealFailure::ChainFull));
        // What a stranger says we saw is nothing.
        assert_eq!(sealed("", PASSED), Err(SealFailure::NoResults));
    }
}
