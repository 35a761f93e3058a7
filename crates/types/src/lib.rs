//! The nouns that two or more rooms share.
//!
//! Touches nothing: std only, no IO, no clock, no randomness. Every type here is plain data that
//! may be built by hand in a test. Parsing belongs to the room whose syntax it is (`smtp` parses
//! addresses, `pki` certificates, `policy` tenants); this room only holds what came out.

mod address;
mod authentication;
mod chain;
mod connection;
mod decision;
mod engine;
mod envelope;
mod finding;
mod judged;
mod limits;
mod peer;
mod reason;
mod reference;
mod reply;
mod rewrite;
mod time;
mod verdict;

pub use address::{Address, Domain};
pub use authentication::{
    ArcClaims, ArcFact, ArcResult, AuthenticationFacts, BodyCoverage, CompositeAuthentication,
    CompositeResult, DkimFact, DkimReason, DkimResult, DmarcAction, DmarcFact, DmarcPolicy,
    DmarcRecord, DmarcResult, FromFact, FromProblem, SpfFact, SpfIdentity, SpfResult,
};
pub use chain::{
    CertificateSummary, ChainElement, ChainMode, ChainReason, ChainReport, ChainWarning,
    ElementOrigin, MissingCertificate,
};
pub use connection::{
    BlockListFact, ConnectionFacts, GatewayFact, Lookup, ReplayFacts, ReputationFact, ReverseName,
    SourceKind, Tally,
};
pub use decision::{
    Action, AppliedOverride, Because, Counterfactual, Decision, OverrideWhy, PolicyKind,
    Quarantine, QuarantineReason, SafetyTip, Sfty, Sfv,
};
pub use engine::EngineFact;
pub use envelope::{
    BodyType, DsnNotify, DsnReturn, MailParameters, Recipient, RecipientParameters, TenantId,
};
pub use finding::{Concern, Finding, FindingKind, Force, Language};
pub use judged::{
    AsfSwitch, Category, DmarcOutcome, Impersonation, Judged, PhishConfidence, RecipientContext,
};
pub use limits::SmtpLimits;
pub use peer::{Peer, TlsFacts};
pub use reason::{Blame, Reason};
pub use reference::{NotAReference, Reference};
pub use reply::{EnhancedStatus, Refusal, Reply};
pub use rewrite::{Disclaimer, DisclaimerFallback, DisclaimerPlace, Rewrite};
pub use time::UnixMillis;
pub use verdict::{Facts, Verdict, VerdictReason, Verdicts};

/// A peer's words made safe to show on one line of a reply, a log or a terminal: control
/// characters, bidirectional overrides and backslashes become `\u{..}`, and what is longer than
/// `characters_max` is cut with `…` (`...` would look like part of the value).
///
/// Design decision 9: a peer's strings are data. JSON and XML writers escape for themselves;
/// this is for everything that has no escaping of its own.
pub fn printable(text: &str, characters_max: usize) -> String {
    let mut out = String::with_capacity(text.len().min(characters_max * 4));
    for (count, character) in text.chars().enumerate() {
        if count == characters_max {
            out.push('…');
            break;
        }
        if character.is_control() || is_format_control(character) {
            out.extend(character.escape_unicode());
        } else {
            out.push(character);
        }
    }
    out
}

/// [`printable`], and ASCII only: what may stand in an SMTP reply to a peer that did not ask for
/// SMTPUTF8 (RFC 6531 section 3.5). Other characters become `\u{..}`.
pub fn printable_ascii(text: &str, characters_max: usize) -> String {
    let mut out = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == characters_max {
            out.push_str("[cut]");
            break;
        }
        if character == ' ' || character.is_ascii_graphic() {
            out.push(character);
        } else {
            out.extend(character.escape_unicode());
        }
    }
    out
}

/// Longest piece of a peer's text that is shown in one place, in characters (decision 9).
pub const SHOWN_CHARACTERS_MAX: usize = 120;

/// Characters that change how their neighbours are drawn: bidirectional controls, zero width
/// joiners and the like. They let a name look like another one.
fn is_format_control(character: char) -> bool {
    matches!(character,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
        | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_and_direction_overrides_never_survive_printing() {
        let hostile = "CN=a\r\n250 ok\u{202e}gpj";
        for shown in [printable(hostile, 120), printable_ascii(hostile, 120)] {
            assert!(!shown.contains(['\r', '\n', '\u{202e}']), "{shown}");
            assert!(shown.contains("250 ok"));
        }
    }

    #[test]
    fn long_text_is_cut_and_says_so() {
        assert_eq!(printable("abcdef", 3), "abc…");
        assert_eq!(printable_ascii("abcdef", 3), "abc[cut]");
        assert_eq!(printable("abc", 3), "abc");
    }

    #[test]
    fn replies_stay_ascii() {
        assert_eq!(printable_ascii("Müller", 120), "M\\u{fc}ller");
    }
}
