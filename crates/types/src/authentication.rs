//! Who a message says it is from, and what was proven about that: SPF (RFC 7208), DKIM (RFC 6376),
//! DMARC (RFC 7489), ARC (RFC 8617).
//!
//! Plain data, gathered by `lookup`, judged by `filter`, written into headers by `message`. A
//! look-up that failed or that nobody made is a fact of its own, never a verdict against the sender.

use std::net::IpAddr;

/// All that was gathered about who a message is from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthenticationFacts {
    /// SPF of MAIL FROM, or of HELO for the null sender.
    pub spf: SpfFact,
    /// Each DKIM signature that was checked, in the header's order.
    pub dkim: Vec<DkimFact>,
    /// Signatures beyond the limit, which nobody looked at.
    pub dkim_unchecked: usize,
    /// DMARC of the From domain; of several, the worst.
    pub dmarc: DmarcFact,
    /// DMARC of every further domain that a reader could take for the sender's.
    pub dmarc_of_others: Vec<DmarcFact>,
    /// The ARC chain.
    pub arc: ArcFact,
    /// Who the header says wrote it.
    pub from: FromFact,
    /// Whether a budget (questions or time) was used up before everything was asked.
    pub is_cut_short: bool,
}

impl AuthenticationFacts {
    /// The domains whose DKIM signatures hold for the whole message.
    pub fn verified_domains(&self) -> impl Iterator<Item = &str> {
        self.dkim.iter().filter(|fact| fact.counts()).map(|fact| fact.domain.as_str())
    }
}

/// A result of SPF (RFC 7208 section 2.6), or that nobody asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SpfResult {
    /// The address may send for the domain.
    Pass,
    /// It may not.
    Fail,
    /// It probably may not.
    SoftFail,
    /// The domain's owner says nothing about the address.
    Neutral,
    /// There is no record, or no domain to ask for.
    None,
    /// A look-up failed; another time it may not.
    TempError,
    /// The record cannot be read or asks for too much.
    PermError,
    /// No DNS is configured.
    #[default]
    NotAsked,
}

impl SpfResult {
    /// The word of Authentication-Results (RFC 8601 section 2.7.2).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::SoftFail => "softfail",
            Self::Neutral => "neutral",
            Self::None | Self::NotAsked => "none",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

/// Which identity SPF was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SpfIdentity {
    /// The domain of MAIL FROM.
    #[default]
    MailFrom,
    /// HELO's name: the sender is null (RFC 7208 section 2.4).
    Helo,
}

/// What SPF says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpfFact {
    /// The result.
    pub result: SpfResult,
    /// The domain that was asked for, lower-case A-labels; empty where there was none.
    pub domain: String,
    /// MAIL FROM's or HELO's.
    pub identity: SpfIdentity,
    /// The address that was asked about.
    pub client: Option<IpAddr>,
    /// Why, in few words: the term that matched, or what was wrong. Printable.
    pub reason: String,
    /// It passes for (nearly) every address there is: the pass proves nothing.
    pub is_open: bool,
    /// What the domain's owner explains about a fail (RFC 7208 section 6.2): a stranger's words.
    pub explanation: Option<String>,
}

/// A result of DKIM for one signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DkimResult {
    /// The signature holds.
    Pass,
    /// It does not.
    Fail,
    /// The key could not be looked up now.
    TempError,
    /// The signature or its key cannot be used at all.
    PermError,
    /// Nobody asked for the key.
    #[default]
    NotAsked,
}

impl DkimResult {
    /// The word of Authentication-Results.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail | Self::PermError => "fail",
            Self::TempError => "temperror",
            Self::NotAsked => "none",
        }
    }
}

/// Why a signature has its result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DkimReason {
    /// It holds.
    Verified,
    /// The body was changed.
    BodyHash,
    /// The signed header fields were changed, or the key is another's.
    Signature,
    /// There is no key under its name.
    NoKey,
    /// The key was withdrawn (`p=` is empty).
    Revoked,
    /// The key's record cannot be used: unknown type, odd numbers, not meant for mail.
    BadKey,
    /// The key is shorter than 1024 bits (RFC 8301).
    ShortKey,
    /// The signature's time is over.
    Expired,
    /// The signature's field breaks the grammar or lacks a tag.
    Malformed,
    /// From is not among the signed fields (RFC 6376 section 5.4).
    FromNotSigned,
    /// Its algorithm is unknown, or too weak (RFC 8301: rsa-sha1).
    Algorithm,
    /// The key could not be looked up.
    KeyUnavailable,
    /// The message names more keys than are asked for.
    TooManyKeys,
    /// Nobody asked.
    #[default]
    NotAsked,
}

impl DkimReason {
    /// The comment that stands in Authentication-Results.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "signature was verified",
            Self::BodyHash => "body hash did not verify",
            Self::Signature => "signature did not verify",
            Self::NoKey => "no key for signature",
            Self::Revoked => "key was revoked",
            Self::BadKey => "key is unusable",
            Self::ShortKey => "key is too short",
            Self::Expired => "signature expired",
            Self::Malformed => "signature is malformed",
            Self::FromNotSigned => "From is not signed",
            Self::Algorithm => "algorithm is not accepted",
            Self::KeyUnavailable => "key query failed",
            Self::TooManyKeys => "too many keys",
            Self::NotAsked => "not checked",
        }
    }
}

/// How much of the body a signature covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BodyCoverage {
    /// All of it.
    #[default]
    Whole,
    /// Its first octets only (`l=`): whatever follows may be anybody's.
    Partial {
        /// Octets of the canonical body that are signed.
        signed_bytes: u64,
        /// Octets that the canonical body has.
        body_bytes: u64,
    },
}

/// What one DKIM signature says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DkimFact {
    /// The result.
    pub result: DkimResult,
    /// Why.
    pub reason: DkimReason,
    /// `d=`: who takes responsibility, lower-case A-labels.
    pub domain: String,
    /// `s=`: which of its keys.
    pub selector: String,
    /// `a=`.
    pub algorithm: String,
    /// The key's size in bits, where a key was read. Ed25519 keys have 256.
    pub key_bits: Option<u32>,
    /// The key says that its owner is only testing (`t=y`).
    pub is_test_key: bool,
    /// How much of the body is signed.
    pub body: BodyCoverage,
    /// Whether From is among the signed fields.
    pub covers_from: bool,
    /// Fields that a reader is shown and that stand there unsigned: another `From`, `To`, `Subject`
    /// or `Date` above the signed one, or a `Content-Type` beside others. Lower case, each once.
    pub unsigned_fields: Vec<String>,
    /// `t=`, in seconds since 1970.
    pub signed_at_seconds: Option<u64>,
    /// `x=`, likewise.
    pub expires_at_seconds: Option<u64>,
    /// The start of `b=`, which tells one signature from another: what a replay is counted by.
    pub fingerprint: String,
}

impl DkimFact {
    /// Whether the signature speaks for the message that a reader is shown: it holds, and it covers
    /// the whole body and From.
    pub fn counts(&self) -> bool {
        self.result == DkimResult::Pass
            && self.body == BodyCoverage::Whole
            && self.covers_from
            && !self.unsigned_fields.iter().any(|name| name == "from")
    }
}

/// A result of DMARC, in Microsoft's words (spec 2.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DmarcResult {
    /// An aligned identity passed, and there is a record.
    Pass,
    /// There is a record, and nothing aligned passed.
    Fail,
    /// There is no record, and DMARC would pass.
    BestGuessPass,
    /// There is no record, and it would not.
    None,
    /// A look-up failed, and nothing aligned passed.
    TempError,
    /// The record cannot be read.
    PermError,
    /// No DNS is configured, or there is no From domain to ask for.
    #[default]
    NotAsked,
}

impl DmarcResult {
    /// The word of Authentication-Results.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::BestGuessPass => "bestguesspass",
            Self::None | Self::NotAsked => "none",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

/// What a domain's owner asks to be done with mail that fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DmarcPolicy {
    /// Nothing.
    #[default]
    None,
    /// Treat it with suspicion.
    Quarantine,
    /// Refuse it.
    Reject,
}

impl DmarcPolicy {
    /// The word of the record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        }
    }
}

/// A published DMARC record, as far as it matters to a receiver that acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DmarcRecord {
    /// The name below which it was found, without `_dmarc.`.
    pub domain: String,
    /// `p=`.
    pub policy: DmarcPolicy,
    /// `sp=`, where it is given.
    pub subdomain_policy: Option<DmarcPolicy>,
    /// `pct=`, 0 to 100.
    pub percent: u8,
    /// `aspf=s`.
    pub is_spf_strict: bool,
    /// `adkim=s`.
    pub is_dkim_strict: bool,
    /// `t=y` (RFC 9989): the owner is only testing.
    pub is_testing: bool,
}

/// What DMARC says of one From domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DmarcFact {
    /// The result.
    pub result: DmarcResult,
    /// The From domain, lower-case A-labels.
    pub header_from: String,
    /// Its organisational domain by the public suffix list; empty where it has none.
    pub organizational_domain: String,
    /// The record that applies.
    pub record: Option<DmarcRecord>,
    /// The policy that applies: `p`, or `sp` for a name below the record's.
    pub policy: DmarcPolicy,
    /// SPF passed for an aligned domain.
    pub spf_aligned: bool,
    /// A DKIM signature that counts is of an aligned domain.
    pub dkim_aligned: bool,
    /// What is wrong with the record or the look-up. Printable.
    pub reason: String,
}

/// A result of ARC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ArcResult {
    /// There is no chain.
    #[default]
    None,
    /// Every seal holds, and the newest signature too.
    Pass,
    /// The chain is broken.
    Fail,
    /// A key could not be looked up now.
    TempError,
    /// There is a chain, and nobody asked for its keys.
    NotAsked,
}

impl ArcResult {
    /// The word of Authentication-Results (RFC 8617 section 4.1).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None | Self::NotAsked => "none",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::TempError => "temperror",
        }
    }
}

/// What one ARC-Authentication-Results claims that its sealer saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArcClaims {
    /// `i=`, from 1: the first hop that sealed.
    pub instance: u32,
    /// `d=` of the seal, lower case.
    pub sealer: String,
    /// `d=` of the ARC-Message-Signature of this instance, lower case.
    pub signer: String,
    /// The domain that `spf=pass` was said of.
    pub spf_pass: Option<String>,
    /// The domains that `dkim=pass` was said of.
    pub dkim_pass: Vec<String>,
    /// The From domain that `dmarc=pass` was said of.
    pub dmarc_pass: Option<String>,
}

/// What the ARC chain says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArcFact {
    /// The result.
    pub result: ArcResult,
    /// Why it failed, in few words. Printable.
    pub reason: String,
    /// What each instance claims, the oldest first. Filled where the chain passes.
    pub claims: Vec<ArcClaims>,
    /// Sets that were counted.
    pub sets: usize,
}

/// Why a From field is not plainly one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FromProblem {
    /// There is no From field.
    Missing,
    /// There is more than one From field.
    SeveralFields,
    /// There is more than one address, and no Sender.
    SeveralAddresses,
    /// The field breaks the grammar of RFC 5322: readers will differ on who it names.
    Malformed,
    /// It holds an address that only one way of reading finds.
    Ambiguous,
    /// It holds control characters, NUL, or octets that are not UTF-8.
    OddOctets,
    /// It holds more addresses, or octets, than are read.
    TooMuch,
}

/// Who the header says wrote the message, by every way of reading it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FromFact {
    /// Every address that a reader could take for the author's, in order, each once.
    pub addresses: Vec<String>,
    /// Their domains in lower-case A-labels, each once: what DMARC is asked for.
    pub domains: Vec<String>,
    /// The first display name, decoded; empty where there is none.
    pub display_name: String,
    /// Addresses that stand in display names or comments: shown, and nobody's claim.
    pub shown_addresses: Vec<String>,
    /// The addresses of Sender.
    pub senders: Vec<String>,
    /// From fields.
    pub fields: usize,
    /// What is wrong with it; sorted, each once.
    pub problems: Vec<FromProblem>,
}

/// compauth: the answer to "is this sender who the reader will think it is?" (spec 2.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CompositeResult {
    /// Yes.
    Pass,
    /// No.
    Fail,
    /// Probably, by implicit signs.
    SoftPass,
    /// It was not asked, or bypassed.
    #[default]
    None,
}

impl CompositeResult {
    /// The word of Authentication-Results.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::SoftPass => "softpass",
            Self::None => "none",
        }
    }
}

/// compauth with its reason code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CompositeAuthentication {
    /// The result.
    pub result: CompositeResult,
    /// The code, 000 to 999; written with three digits.
    pub reason: u16,
}

/// What DMARC asks to be done with this message (`action=` of spec 2.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DmarcAction {
    /// Nothing.
    #[default]
    None,
    /// The record cannot be read.
    PermError,
    /// A look-up failed.
    TempError,
    /// The policy is reject.
    OverrideReject,
    /// The policy is quarantine.
    Quarantine,
    /// It would be quarantined, but the owner asked for a part of the mail only (`pct=`).
    PercentQuarantine,
    /// It would be rejected, but for `pct=`.
    PercentReject,
}

impl DmarcAction {
    /// The word of Authentication-Results.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::PermError => "permerror",
            Self::TempError => "temperror",
            Self::OverrideReject => "oreject",
            Self::Quarantine => "quarantine",
            Self::PercentQuarantine => "pct.quarantine",
            Self::PercentReject => "pct.reject",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aut_03_a_signature_over_a_part_of_the_body_counts_for_nobody() {
        let whole = DkimFact {
            result: DkimResult::Pass,
            covers_from: true,
            domain: "contoso.example".into(),
            ..DkimFact::default()
        };
        assert!(whole.counts());
        let body = BodyCoverage::Partial { signed_bytes: 10, body_bytes: 20 };
        assert!(!DkimFact { body, ..whole.clone() }.counts());
        assert!(!DkimFact { covers_from: false, ..whole.clone() }.counts());
        let second_from = DkimFact { unsigned_fields: vec!["from".into()], ..whole.clone() };
        assert!(!second_from.counts());
        let facts = AuthenticationFacts { dkim: vec![second_from, whole], ..Default::default() };
        assert_eq!(facts.verified_domains().collect::<Vec<_>>(), ["contoso.example"]);
    }

    #[test]
    fn what_nobody_asked_is_the_default_and_speaks_against_nobody() {
        let facts = AuthenticationFacts::default();
        assert_eq!(facts.spf.result.as_str(), "none");
        assert_eq!(facts.dmarc.result.as_str(), "none");
        assert_eq!(facts.arc.result.as_str(), "none");
        assert_eq!(crate::Lookup::<u8>::default(), crate::Lookup::NotAsked);
    }
}
