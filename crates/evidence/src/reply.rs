//! What a refusal's words say for certain, and what they leave open. One table of texts, matched
//! without case in one line's worth of words.
//!
//! Pure. Only words count that a server chose itself: a name or an address quoted in a reply never
//! decides.

use crate::limits::{REPLIES_IN_TEXT_MAX, VALUE_CHARACTERS_MAX};
use crate::verdict::{Cause, Confidence};

/// What the words of a reply mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// They name the cause.
    Stated {
        /// The cause.
        cause: Cause,
        /// How sure that is.
        confidence: Confidence,
        /// What it is instead, where that can be.
        instead: Vec<Cause>,
        /// Subject of the certificate that was not sent.
        missing: Option<String>,
        /// Where that one can be had.
        get: Option<String>,
    },
    /// Relay was refused, and any cause may be behind it (5.7.64 without more).
    Denied,
    /// The same, seen by a partner connector (5.7.51).
    Restricted,
    /// A refusal that has nothing to do with who relays.
    Other,
}

/// Reads one reply.
pub(crate) fn meaning(text: &str) -> Meaning {
    let words = text.to_ascii_lowercase();
    let has = |part: &str| words.contains(part);
    let stated = |cause, confidence, instead: &[Cause]| Meaning::Stated {
        cause,
        confidence,
        instead: instead.to_vec(),
        missing: None,
        get: None,
    };
    if let Some(meaning) = own_sentence(text, &words) {
        return meaning;
    }
    if has("attr36") || has("att36") {
        return stated(Cause::SenderDomainNotAccepted, Confidence::Certain, &[]);
    }
    if has("tlscertificatename") && has("could not be found") {
        return stated(Cause::CertificateNotFound, Confidence::Certain, &[]);
    }
    if has("starttls is required") || has("must issue a starttls") || has("starttls-not-supported")
    {
        return stated(Cause::TlsNotUsed, Confidence::Certain, &[]);
    }
    if let Some(error) = tls_error(&words) {
        return Meaning::Stated {
            cause: error.0,
            confidence: error.1,
            instead: error.2.to_vec(),
            missing: None,
            get: None,
        };
    }
    if has("5.7.64") || has("tenantattribution") {
        return Meaning::Denied;
    }
    if has("5.7.51") && has("connector") || has("tenantinboundattribution") {
        return Meaning::Restricted;
    }
    if has("own-certificate-unusable") {
        return stated(
            Cause::PrivateKeyUnavailable,
            Confidence::Likely,
            &[Cause::CertificateNotFound],
        );
    }
    if has("tls-required-not-offered") {
        return stated(Cause::TlsNotUsed, Confidence::Certain, &[]);
    }
    if has("unable to relay") || has("relay access denied") || has("relaying denied") {
        let instead = [Cause::AddressChanged, Cause::NoCertificate, Cause::NameMismatch];
        return stated(Cause::NoConnector, Confidence::Weak, &instead);
    }
    Meaning::Other
}

/// What a TLS error means: Exchange's own (`UntrustedRoot`), and what it adds to 4.4.317.
fn tls_error(words: &str) -> Option<(Cause, Confidence, &'static [Cause])> {
    let has = |part: &str| words.contains(part);
    if has("message=untrustedroot") || has("error untrustedroot") {
        return Some((Cause::ChainIncomplete, Confidence::Likely, &[Cause::RootUntrusted]));
    }
    if has("message=subjectmismatch")
        || has("error subjectmismatch")
        || has("error wrongprincipal")
        || has("message=certificatenamemismatch")
        || has("certificate-host-mismatch")
    {
        return Some((Cause::NameMismatch, Confidence::Certain, &[]));
    }
    if has("message=certificateexpired")
        || has("error certexpired")
        || has("error certificateexpired")
        || has("certificate-expired")
        || has("certificateexpired")
    {
        return Some((Cause::Expired, Confidence::Certain, &[]));
    }
    if has("nocredentials") {
        let instead = &[Cause::CertificateNotFound];
        return Some((Cause::PrivateKeyUnavailable, Confidence::VeryLikely, instead));
    }
    None
}

/// What the error of a TLS negotiation means.
pub(crate) fn handshake_error(error: &str) -> Meaning {
    let words = format!("error {}", error.to_ascii_lowercase());
    match tls_error(&words) {
        Some((cause, confidence, instead)) => Meaning::Stated {
            cause,
            confidence,
            instead: instead.to_vec(),
            missing: None,
            get: None,
        },
        None => Meaning::Other,
    }
}

/// The sentence that a posthouse gateway adds to its refusal: it knows, and says it.
fn own_sentence(text: &str, words: &str) -> Option<Meaning> {
    let has = |part: &str| words.contains(part);
    let starts = has("your server sent")
        || has("your server used")
        || has("your certificate")
        || has("path of your certificate")
        || has("in your chain")
        || has("the certificate that your");
    if !starts {
        return None;
    }
    let certain = |cause| Some((cause, Confidence::Certain, &[][..]));
    let found: Option<(Cause, Confidence, &[Cause])> = if has("used no tls") {
        certain(Cause::TlsNotUsed)
    } else if has("sent no client certificate") || has("sent no certificate") {
        certain(Cause::NoCertificate)
    } else if has("was not sent and is no root trusted here") {
        Some((Cause::ChainIncomplete, Confidence::Certain, &[Cause::RootUntrusted]))
    } else if has("was not sent") || has("path to a trusted root is not whole") {
        certain(Cause::ChainIncomplete)
    } else if has("which is not trusted here") || has("signed itself and is not trusted") {
        certain(Cause::RootUntrusted)
    } else if has(" expired at ") || has("is not valid before") {
        certain(Cause::Expired)
    } else if has("does not hold the name") || has("was not issued by the issuer that is expected")
    {
        certain(Cause::NameMismatch)
    } else if has("is valid, but gives no right to relay") {
        let instead = &[Cause::NameMismatch, Cause::SenderDomainNotAccepted];
        Some((Cause::NoConnector, Confidence::Likely, instead))
    } else if OTHER_FAULTS.iter().any(|fault| has(fault)) {
        // No cause of its own here: the sentence itself is the news.
        Some((Cause::Unknown, Confidence::Weak, &[]))
    } else {
        None
    };
    let (cause, confidence, instead) = found?;
    let missing = (cause == Cause::ChainIncomplete).then(|| missing_subject(text)).flatten();
    let get = text.split_once("Get it from ").and_then(|(_, rest)| {
        let address = rest.split([' ', '\'', '"', '>', '<']).next().unwrap_or_default();
        (!address.is_empty()).then(|| address.to_owned())
    });
    let instead = instead.to_vec();
    Some(Meaning::Stated { cause, confidence, instead, missing, get })
}

/// Faults of a chain that a posthouse gateway names and that are rare enough to have no cause here.
const OTHER_FAULTS: &[&str] = &[
    "is revoked",
    "permits neither",
    "is too weak or unknown",
    "is not a ca's",
    "is a ca's own",
    "does not allow as many",
    "name constraints",
    "critical extension",
    "cannot be read",
    "bears a signature",
];

/// The subject in `the one that signed it, SUBJECT, was not sent`.
fn missing_subject(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("the one that signed ")?;
    let (named, _) = rest.split_once(", was not sent")?;
    // The certificate that was signed: `it`, `your own`, or a name of its own.
    let subject = match named.split_once(", ") {
        Some(("it" | "your own", subject)) => subject,
        Some(_) => named.rsplit_once(", ")?.1,
        None => return None,
    };
    let subject = subject.split(" (key ").next().unwrap_or(subject);
    Some(subject.to_owned())
}

/// The replies quoted in a text: from a code and status (`550 5.7.64`) to the end of what is
/// quoted. The text may be folded anyhow.
pub(crate) fn quoted_replies(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().take(200_000).collect();
    let mut replies = Vec::new();
    let mut at = 0;
    while at < words.len() && replies.len() < REPLIES_IN_TEXT_MAX {
        let Some(code) = code_at(&words, at) else {
            at += 1;
            continue;
        };
        let (reply, next) = reply_from(&words, at, &code);
        replies.push(reply);
        at = next.max(at + 1);
    }
    replies
}

/// A reply whose lines were put into one: without the code and status that each line repeats.
pub(crate) fn unified(text: &str) -> String {
    let Some((code, rest)) = text.split_at_checked(3) else { return text.to_owned() };
    let rest = rest.trim_start_matches(['-', ' ']);
    let (status, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    if !is_code(code) || !is_status(status) {
        return text.to_owned();
    }
    let rest =
        rest.replace(&format!("{code}-{status} "), "").replace(&format!("{code} {status} "), "");
    format!("{code} {status} {rest}")
}

/// `550 5.7.64` or `550-5.7.64`, wherever a quote or a label sticks to it.
fn code_at(words: &[&str], at: usize) -> Option<String> {
    let word = words.get(at)?;
    let start = word.rfind(['\'', '"', ';', '=', '#', '(', '[', '‘', '“']).map_or(0, |found| {
        found + word.get(found..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
    });
    let bare = word.get(start..)?;
    if let Some((code, status)) = bare.split_once('-') {
        return (is_code(code) && is_status(status)).then(|| format!("{code} {status}"));
    }
    let status = words.get(at + 1)?;
    (is_code(bare) && is_status(status)).then(|| format!("{bare} {status}"))
}

fn is_code(word: &str) -> bool {
    word.len() == 3 && word.starts_with(['4', '5']) && word.bytes().all(|b| b.is_ascii_digit())
}

fn is_status(word: &str) -> bool {
    let word = word.trim_end_matches([';', ',', ':', '\'']);
    let parts: Vec<&str> = word.split('.').collect();
    parts.len() == 3
        && parts.iter().all(|part| {
            (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        })
}

/// The words from a code on, until the quote closes, another code begins, or it is long enough.
/// Where the same code begins again, it is the next line of the same reply.
fn reply_from(words: &[&str], from: usize, code: &str) -> (String, usize) {
    let mut reply = code.to_owned();
    let mut at = from + if words.get(from).is_some_and(|word| word.contains('-')) { 1 } else { 2 };
    // `'550 5.7.64 ...'` ends with its quote; without one, with the text.
    let is_quoted = words.get(from).is_some_and(|word| word.contains(['\'', '‘']));
    while let Some(word) = words.get(at) {
        match code_at(words, at) {
            Some(again) if again == code => {
                at += if word.contains('-') { 1 } else { 2 };
                continue;
            }
            // `[Message=451 5.7.3 ...]` is part of the reply around it.
            Some(_) if !word.contains('=') => break,
            _ => {}
        }
        if reply.len() > VALUE_CHARACTERS_MAX {
            break;
        }
        let bare = word.trim_end_matches(['\'', '’']);
        let closes = is_quoted && bare.len() < word.len();
        reply.push(' ');
        reply.push_str(if closes { bare } else { word });
        at += 1;
        if closes {
            break;
        }
    }
    (reply, at)
}

/// The reference in a reply's brackets: its last word, which log and report share.
pub(crate) fn reference(text: &str) -> Option<&str> {
    let inside = text.split_once('[')?.1.split_once(']')?.0;
    inside.split_whitespace().next_back().filter(|word| word.len() >= 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(text: &str) -> Option<(Cause, Confidence)> {
        match meaning(text) {
            Meaning::Stated { cause, confidence, .. } => Some((cause, confidence)),
            _ => None,
        }
    }

    #[test]
    fn a_gateway_that_names_the_missing_certificate_is_believed() {
        let text = "550 5.7.64 TenantAttribution; Relay Access Denied [gw 2026-11-23T18:10:27Z \
                    0W3GE1R70W3GE1R7] Your server sent 1 certificate; the one that signed it, \
                    CN=Demo Issuing CA 01,O=Demo, was not sent. Get it from http://ca.example/1.cer";
        let Meaning::Stated { cause, confidence, missing, get, .. } = meaning(text) else {
            panic!("not read");
        };
        assert_eq!((cause, confidence), (Cause::ChainIncomplete, Confidence::Certain));
        assert_eq!(missing.as_deref(), Some("CN=Demo Issuing CA 01,O=Demo"));
        assert_eq!(get.as_deref(), Some("http://ca.example/1.cer"));
        assert_eq!(reference(text), Some("0W3GE1R70W3GE1R7"));
    }

    #[test]
    fn the_missing_one_is_found_whatever_it_signed() {
        for (sentence, subject) in [
            ("the one that signed your own, CN=A, was not sent", "CN=A"),
            ("the one that signed CN=B, CN=Root,O=X, was not sent and is no root", "CN=Root,O=X"),
            ("the one that signed it, CN=A (key ab12), was not sent. The one", "CN=A"),
        ] {
            assert_eq!(missing_subject(sentence).as_deref(), Some(subject), "{sentence}");
        }
    }

    #[test]
    fn words_that_only_quote_a_name_decide_nothing() {
        assert_eq!(cause("550 5.1.1 <starttls@contoso.example> no such user"), None);
        assert_eq!(meaning("550 5.7.64 TenantAttribution; Relay Access Denied"), Meaning::Denied);
        assert_eq!(meaning("550 5.1.1 User unknown"), Meaning::Other);
        let cut = "550 5.7.64 TenantAttribution; Denied [gw t ref] Your server sent 1 certificate";
        assert_eq!(meaning(cut), Meaning::Denied);
    }

    #[test]
    fn replies_are_found_in_folded_and_quoted_text() {
        let text = "Remote Server returned '550-5.7.64 TenantAttribution;\n Relay Access Denied \
                    [gw id] 550 5.7.64 Your server sent no client certificate'\n\nOriginal";
        assert_eq!(
            quoted_replies(text),
            ["550 5.7.64 TenantAttribution; Relay Access Denied [gw id] Your server sent no \
              client certificate"]
        );
        assert_eq!(quoted_replies("smtp;550 5.1.1 RESOLVER.ADR.RecipNotFound; not found").len(), 1);
        assert_eq!(quoted_replies("Room 550 at 5 o'clock, 1.2.3"), Vec::<String>::new());
        assert_eq!(quoted_replies("a 450 4.4.317 x 550 5.7.64 y").len(), 2);
        let nested = "450 4.4.317 Cannot connect [Message=451 5.7.3 STARTTLS is required]";
        assert_eq!(quoted_replies(nested), [nested]);
    }

    #[test]
    fn lines_that_were_put_into_one_are_told_apart() {
        let told = "550 5.7.64 Denied [gw] Your server used no TLS";
        for code in ["550-5.7.64", "550 5.7.64"] {
            let one = format!("{code} Denied [gw] 550 5.7.64 Your server used no TLS");
            assert_eq!(unified(&one), told);
        }
        for text in ["250 ok", "", "5", "550 x", "äöü"] {
            assert_eq!(unified(text), text);
        }
    }
}
