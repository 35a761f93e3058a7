//! What the filter hands to the policies: one message, measured and judged, before anybody has
//! decided what becomes of it for any recipient.
//!
//! Plain data. Everything a policy may ask about a message is here, so that deciding needs
//! neither the message nor the network; what one recipient adds stands in [`RecipientContext`].

use std::net::IpAddr;

use crate::{Address, CompositeAuthentication, CompositeResult, Domain};

/// The verdicts in the order of spec 2.1, mildest first: of several that apply, the greatest is
/// the message's (`CAT`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Nothing against it.
    #[default]
    None,
    /// Bulk mail at or above the recipient's threshold.
    Bulk,
    /// Spam.
    Spam,
    /// Mailbox intelligence: somebody this recipient knows is imitated.
    GraphImpersonation,
    /// A protected domain is imitated.
    DomainImpersonation,
    /// A protected user is imitated.
    UserImpersonation,
    /// The From address is forged.
    Spoof,
    /// Spam, with high confidence.
    HighConfidenceSpam,
    /// Phishing.
    Phish,
    /// Phishing, with high confidence.
    HighConfidencePhish,
    /// Malware, or a file of a blocked type.
    Malware,
}

impl Category {
    /// All of them, mildest first.
    pub const ALL: [Self; 11] = [
        Self::None,
        Self::Bulk,
        Self::Spam,
        Self::GraphImpersonation,
        Self::DomainImpersonation,
        Self::UserImpersonation,
        Self::Spoof,
        Self::HighConfidenceSpam,
        Self::Phish,
        Self::HighConfidencePhish,
        Self::Malware,
    ];

    /// The word in `CAT:` (spec 2.4).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Bulk => "BULK",
            Self::Spam => "SPM",
            Self::GraphImpersonation => "GIMP",
            Self::DomainImpersonation => "DIMP",
            Self::UserImpersonation => "UIMP",
            Self::Spoof => "SPOOF",
            Self::HighConfidenceSpam => "HSPM",
            Self::Phish => "PHSH",
            Self::HighConfidencePhish => "HPHSH",
            Self::Malware => "MALW",
        }
    }
}

/// What DMARC asks of the receiver: the record's `p=` (or `sp=`) where the message fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DmarcOutcome {
    /// No record, or not looked up: nothing explicit is known.
    #[default]
    NoRecord,
    /// It passes.
    Pass,
    /// It fails, and the domain's owner asks for nothing (`p=none`).
    FailNone,
    /// It fails, and the owner asks for quarantine.
    FailQuarantine,
    /// It fails, and the owner asks for rejection.
    FailReject,
}

/// How sure the filter is of phishing that is not of high confidence by itself (spec 2.8, phish
/// threshold).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PhishConfidence {
    /// Low.
    #[default]
    Low,
    /// Medium.
    Medium,
    /// High, but not very high.
    High,
}

/// Who is imitated, and how it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impersonation {
    /// [`Category::UserImpersonation`], [`Category::DomainImpersonation`] or
    /// [`Category::GraphImpersonation`]; any other counts as the last.
    pub category: Category,
    /// The protected address, or the protected domain, in lower case and A-labels.
    pub protected: String,
}

/// The fifteen switches of the advanced spam filter (spec 2.6), in that table's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AsfSwitch {
    /// An image is loaded from a remote site.
    ImageLinks,
    /// A link's host is a number.
    NumericIps,
    /// A link goes to another port than 80, 8080 or 443.
    RedirectToOtherPort,
    /// A link goes to .biz or .info.
    BizOrInfoUrls,
    /// No body, no subject, no attachment.
    EmptyMessages,
    /// `<embed>`.
    EmbedTags,
    /// JavaScript or VBScript in HTML.
    JavaScript,
    /// `<form>`.
    FormTags,
    /// `<frame>` or `<iframe>`.
    Frames,
    /// An invisible image that reports who reads.
    WebBugs,
    /// `<object>`.
    ObjectTags,
    /// A word of the sensitive list.
    SensitiveWords,
    /// SPF says fail.
    SpfHardFail,
    /// SPF or Sender ID of the From address says fail.
    FromAddressAuthFail,
    /// A report about mail that was never sent.
    NdrBackscatter,
}

impl AsfSwitch {
    /// All of them, in the table's order.
    pub const ALL: [Self; 15] = [
        Self::ImageLinks,
        Self::NumericIps,
        Self::RedirectToOtherPort,
        Self::BizOrInfoUrls,
        Self::EmptyMessages,
        Self::EmbedTags,
        Self::JavaScript,
        Self::FormTags,
        Self::Frames,
        Self::WebBugs,
        Self::ObjectTags,
        Self::SensitiveWords,
        Self::SpfHardFail,
        Self::FromAddressAuthFail,
        Self::NdrBackscatter,
    ];
}

/// One judged message, the same for all its recipients.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// Every verdict that applies, in any order; empty is nothing against it. Bulk and
    /// impersonation are not listed here: they depend on the recipient's policies, and are decided
    /// from [`bcl`](Self::bcl) and [`impersonations`](Self::impersonations). Spoof is listed where
    /// the filter judges the From address forged; spoof intelligence off takes it away again.
    pub categories: Vec<Category>,
    /// How sure the filter is of [`Category::Phish`]: `phish_threshold_level` makes high confidence
    /// of the lower ones.
    pub phish_confidence: PhishConfidence,
    /// Whether the spam verdict means to raise to 6 or 9 (spec 2.3): the filter's own level, -1 to
    /// 9. 2, 3, 4 are never stamped; the decision rounds them.
    pub scl: i8,
    /// Bulk complaint level, 0 to 9.
    pub bcl: u8,
    /// Composite authentication.
    pub composite: CompositeAuthentication,
    /// What DMARC asks.
    pub dmarc: DmarcOutcome,
    /// SPF passes for MAIL FROM, or a DKIM signature verifies; for the `?` in clients.
    pub has_spf_or_dkim: bool,
    /// Advanced-spam-filter switches whose sign was seen, whatever any policy says about them.
    pub asf: Vec<AsfSwitch>,
    /// Types of attachments and of what lies in them: by content first, extension second; lower
    /// case, no dot (`exe`).
    pub file_types: Vec<String>,
    /// SHA-256 of attachments and of what lies in them: 64 lower-case hex digits.
    pub file_hashes: Vec<String>,
    /// Addresses of links, as written or decoded, with or without a scheme.
    pub urls: Vec<String>,
    /// MAIL FROM (P1); `None` is the null sender.
    pub mail_from: Option<Address>,
    /// From (P2): the address that is shown and was authenticated.
    pub from: Option<Address>,
    /// Domains of verified DKIM signatures.
    pub dkim_domains: Vec<Domain>,
    /// The address that counts as the sender's, IPv4-mapped ones unmapped.
    pub client_ip: Option<IpAddr>,
    /// The domain that stands for the connecting host by its reverse DNS: its registrable domain,
    /// forward-confirmed.
    pub ptr_domain: Option<Domain>,
    /// Who is imitated, by the tenant's protected names.
    pub impersonations: Vec<Impersonation>,
    /// The From address holds letters or digits that are drawn like others.
    pub has_unusual_characters: bool,
    /// A connector attributed the message to the tenant: its sender is authenticated (decision 6).
    pub attributed: bool,
    /// From and recipient are of one tenant: the intra-organisation rules apply.
    pub is_internal: bool,
    /// The spam level that a mail-flow rule set: -1 bypasses, 0 and above marks.
    pub rule_scl: Option<i8>,
    /// It was released from quarantine, so that what caught it may not catch it again.
    pub is_released: bool,
    /// ISO 639-1 code of the language, where it is known; lower case.
    pub language: Option<String>,
    /// ISO 3166-1 code of the connecting address's country, where it is known; upper case.
    pub country: Option<String>,
}

impl Default for Judged {
    /// A message that has nothing against it and of which nothing is known.
    fn default() -> Self {
        Self {
            categories: Vec::new(),
            phish_confidence: PhishConfidence::Low,
            scl: 1,
            bcl: 0,
            composite: CompositeAuthentication { result: CompositeResult::None, reason: 300 },
            dmarc: DmarcOutcome::NoRecord,
            has_spf_or_dkim: false,
            asf: Vec::new(),
            file_types: Vec::new(),
            file_hashes: Vec::new(),
            urls: Vec::new(),
            mail_from: None,
            from: None,
            dkim_domains: Vec::new(),
            client_ip: None,
            ptr_domain: None,
            impersonations: Vec::new(),
            has_unusual_characters: false,
            attributed: false,
            is_internal: false,
            rule_scl: None,
            is_released: false,
            language: None,
            country: None,
        }
    }
}

/// What one recipient adds to a judged message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipientContext {
    /// The recipient.
    pub address: Address,
    /// How often this sender wrote to this recipient before, as far as it is kept.
    pub messages_before: u64,
    /// The recipient wrote to the sender before: they correspond, and impersonation is skipped.
    pub corresponded: bool,
    /// The recipient's own safe senders: folded addresses or bare domains.
    pub safe_senders: Vec<String>,
    /// The recipient's own blocked senders, likewise.
    pub blocked_senders: Vec<String>,
    /// A mailbox of the security team: everything is delivered (advanced delivery).
    pub is_sec_ops_mailbox: bool,
    /// The recipient's domain has its MX elsewhere and enhanced filtering is off: what DMARC asks
    /// cannot be honoured, since the connecting host is not the sender's.
    pub mx_points_elsewhere: bool,
}

impl RecipientContext {
    /// A recipient of whom nothing more is known.
    pub fn of(address: Address) -> Self {
        Self {
            address,
            messages_before: 0,
            corresponded: false,
            safe_senders: Vec::new(),
            blocked_senders: Vec::new(),
            is_sec_ops_mailbox: false,
            mx_points_elsewhere: false,
        }
    }
}
