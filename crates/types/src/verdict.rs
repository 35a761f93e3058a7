//! What the filter says about one message.

use crate::{
    AuthenticationFacts, CompositeAuthentication, ConnectionFacts, EngineFact, Finding,
    PhishConfidence, ReplayFacts, ReputationFact,
};

/// The verdicts of the classify contract, mildest first. The order is not the precedence: that is
/// [`Verdict::PRECEDENCE`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Nothing against it.
    #[default]
    None,
    /// Bulk mail.
    Bulk,
    /// Spam.
    Spam,
    /// High-confidence spam.
    HighConfidenceSpam,
    /// Spoofed sender.
    Spoof,
    /// Phishing.
    Phish,
    /// High-confidence phishing.
    HighConfidencePhish,
    /// Malware.
    Malware,
}

impl Verdict {
    /// Of several that hold, the first one here is the message's (spec 2.1).
    pub const PRECEDENCE: &'static [Self] = &[
        Self::Malware,
        Self::HighConfidencePhish,
        Self::Phish,
        Self::HighConfidenceSpam,
        Self::Spoof,
        Self::Spam,
        Self::Bulk,
    ];

    /// The word used in headers, trace and JSON (spec 2.4, CAT).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Bulk => "BULK",
            Self::Spam => "SPM",
            Self::HighConfidenceSpam => "HSPM",
            Self::Spoof => "SPOOF",
            Self::Phish => "PHSH",
            Self::HighConfidencePhish => "HPHSH",
            Self::Malware => "MALW",
        }
    }
}

/// What was gathered about one message before it is judged. A look-up that failed is a fact too.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// A connector attributed the message to a tenant: its sender is authenticated (decision 6).
    pub attributed: bool,
    /// What the connection showed; none where nobody looked: a message from a file, or the
    /// tenant's own.
    pub connection: Option<ConnectionFacts>,
    /// Who it is from, as far as it was proven; none likewise.
    pub authentication: Option<AuthenticationFacts>,
    /// Composite authentication: whether the sender is who the reader will think it is.
    pub composite: CompositeAuthentication,
    /// Which part of a domain's mail it belongs to, 0 to 99, where the owner asks for a part only
    /// (`pct=`): the same for the same message.
    pub dmarc_sample: u8,
    /// Whether its signatures were meant for these recipients.
    pub replay: ReplayFacts,
    /// What earlier mail of its sources came to.
    pub reputation: Vec<ReputationFact>,
    /// How often bulk mail of its proven domain was called junk, as of now: a number of each tenant
    /// whose people did.
    pub complaints: Vec<f32>,
    /// What the malware engine said.
    pub engine: EngineFact,
}

/// One reason of a verdict.
#[derive(Clone, Debug)]
pub struct VerdictReason {
    /// What was found.
    pub finding: Finding,
    /// How much it counted; positive speaks against the message.
    pub weight: f32,
    /// It decided alone.
    pub decisive: bool,
}

impl VerdictReason {
    /// The finding's id.
    pub fn id(&self) -> &'static str {
        self.finding.kind.id
    }
}

/// The filter's judgement of one message, before any tenant's policy.
#[derive(Clone, Debug, Default)]
pub struct Verdicts {
    /// The first by precedence of those that hold.
    pub verdict: Verdict,
    /// All that hold, by precedence; empty where nothing is against the message.
    pub all: Vec<Verdict>,
    /// Spam confidence level: 1, 5, 6, 8 or 9 (spec 2.3; 2 to 4 are never stamped).
    pub scl: i8,
    /// Bulk complaint level, 0 to 9.
    pub bcl: u8,
    /// The sum of all weights, in natural logarithms of odds: one scale for all mail.
    pub score: f32,
    /// How sure it is of phishing, where that is not of high confidence.
    pub phish_confidence: PhishConfidence,
    /// Why, heaviest first; never empty.
    pub reasons: Vec<VerdictReason>,
}
