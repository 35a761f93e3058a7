//! What the filter knows and says about one message.

/// The verdicts of the classify contract, mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Nothing against it.
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
}

/// One reason of a verdict.
#[derive(Clone, Debug, PartialEq)]
pub struct VerdictReason {
    /// The reason's id, with a page of its own in `docs/reasons/`.
    pub id: &'static str,
    /// How much it counted; positive speaks against the message.
    pub weight: f64,
    /// The reason in plain words.
    pub text: String,
}

/// The filter's judgement of one message.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdicts {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, heaviest first; never empty.
    pub reasons: Vec<VerdictReason>,
}
