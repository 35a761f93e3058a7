//! What becomes of a message for one recipient, and why: made by `policy`, written into headers by
//! `message`, kept by `store`.
//!
//! Plain data. A decision says everything that is stamped, traced or explained about it; nobody
//! who acts on it asks a policy again.

use crate::{Address, Category, EnhancedStatus};

/// What is done. Only one of them: what comes beside it (a copy, tips, headers) stands in the
/// [`Decision`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// To the inbox.
    Deliver,
    /// A policy's word for: it is spam, and nothing is done. Delivered.
    NoAction,
    /// To the junk folder: delivered with a spam level that the mailbox server moves it by.
    JunkHeader,
    /// Delivered with a field of the policy's choice.
    AddXHeader {
        /// The field's name, checked.
        name: String,
        /// Its fixed text.
        value: String,
    },
    /// Delivered to the junk folder with a text before its subject.
    ModifySubject {
        /// The text.
        prefix: String,
    },
    /// To others in place of the recipient.
    Redirect {
        /// Whom.
        to: Vec<Address>,
    },
    /// Thrown away, unseen, because the policy says so.
    Delete,
    /// Kept in quarantine.
    Quarantine(Quarantine),
    /// Refused in the reply to DATA, if all recipients' decisions say so.
    Reject {
        /// `550` comes with it.
        status: EnhancedStatus,
        /// For the peer, ASCII, without the status.
        text: String,
        /// What becomes of it where another recipient's decision says otherwise (decision 5).
        otherwise: Quarantine,
    },
}

impl Action {
    /// The word for it, in kebab-case.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Deliver => "deliver",
            Self::NoAction => "no-action",
            Self::JunkHeader => "move-to-jmf",
            Self::AddXHeader { .. } => "add-x-header",
            Self::ModifySubject { .. } => "modify-subject",
            Self::Redirect { .. } => "redirect",
            Self::Delete => "delete",
            Self::Quarantine(_) => "quarantine",
            Self::Reject { .. } => "reject",
        }
    }

    /// Whether the recipient gets it.
    pub fn delivers(&self) -> bool {
        matches!(
            self,
            Self::Deliver
                | Self::NoAction
                | Self::JunkHeader
                | Self::AddXHeader { .. }
                | Self::ModifySubject { .. }
        )
    }
}

/// How something is kept in quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantine {
    /// Why it is there.
    pub reason: QuarantineReason,
    /// For how long, in days.
    pub retention_days: u16,
    /// The quarantine policy: what its recipient may do with it.
    pub policy: String,
    /// What that policy permits now: a later change of the policy is for later mail (spec 3.2).
    pub permissions: u8,
    /// Whether its recipient is told.
    pub notifies: bool,
}

macro_rules! quarantine_reasons {
    ($($(#[doc = $doc:literal])+ $name:ident, $id:literal, $exchange:literal;)+) => {
        /// Why a message is in quarantine (spec 3.1).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum QuarantineReason {
            $($(#[doc = $doc])+ $name,)+
        }

        impl QuarantineReason {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The id, in kebab-case.
            pub fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)+ }
            }

            /// Microsoft's QuarantineTypes.
            pub fn exchange_type(self) -> &'static str {
                match self { $(Self::$name => $exchange,)+ }
            }
        }
    };
}

quarantine_reasons! {
    /// Spam.
    Spam, "spam", "Spam";
    /// Spam, with high confidence.
    HighConfidenceSpam, "high-confidence-spam", "Spam";
    /// Bulk mail.
    Bulk, "bulk", "Bulk";
    /// Phishing.
    Phish, "phish", "Phish";
    /// Phishing, with high confidence.
    HighConfidencePhish, "high-confidence-phish", "HighConfPhish";
    /// A forged From address.
    Spoof, "spoof", "Phish";
    /// What the domain's owner asks for mail that fails DMARC.
    Dmarc, "dmarc", "Phish";
    /// A protected user is imitated.
    UserImpersonation, "user-impersonation", "Phish";
    /// A protected domain is imitated.
    DomainImpersonation, "domain-impersonation", "Phish";
    /// Somebody the recipient knows is imitated.
    GraphImpersonation, "mailbox-intelligence", "Phish";
    /// Malware.
    Malware, "malware", "Malware";
    /// A file of a blocked type.
    FileType, "file-type-block", "FileTypeBlock";
    /// A mail-flow rule.
    TransportRule, "transport-rule", "TransportRule";
    /// It was to be refused, but not for all its recipients (decision 5).
    RejectNotUnanimous, "reject-not-unanimous", "FileTypeBlock";
    /// Outbound mail of a sender that the outbound policy stops.
    Outbound, "outbound", "Spam";
}

impl QuarantineReason {
    /// From its id.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.id() == id)
    }

    /// Whether its recipient may never release it, whatever the quarantine policy says (spec 3.2,
    /// WEB-07).
    pub fn is_admin_release_only(self) -> bool {
        matches!(
            self,
            Self::Malware | Self::FileType | Self::HighConfidencePhish | Self::RejectNotUnanimous
        )
    }
}

/// Which kind of policy decided (Microsoft's PolicyTypes).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyKind {
    /// HostedContentFilterPolicy.
    #[default]
    AntiSpam,
    /// AntiPhishPolicy.
    AntiPhish,
    /// AntiMalwarePolicy.
    AntiMalware,
    /// ExchangeTransportRule.
    MailFlowRule,
    /// HostedConnectionFilterPolicy.
    ConnectionFilter,
    /// HostedOutboundSpamFilterPolicy.
    Outbound,
    /// Tenant Allow/Block List.
    TenantAllowBlock,
    /// A user's own lists.
    User,
}

impl PolicyKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::AntiSpam,
        Self::AntiPhish,
        Self::AntiMalware,
        Self::MailFlowRule,
        Self::ConnectionFilter,
        Self::Outbound,
        Self::TenantAllowBlock,
        Self::User,
    ];

    /// The word, in kebab-case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AntiSpam => "anti-spam-policy",
            Self::AntiPhish => "anti-phish-policy",
            Self::AntiMalware => "malware-policy",
            Self::MailFlowRule => "mail-flow-rule",
            Self::ConnectionFilter => "connection-filter",
            Self::Outbound => "outbound-policy",
            Self::TenantAllowBlock => "tenant-allow-block",
            Self::User => "user-list",
        }
    }

    /// From its word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// `SFV:` of spec 2.4.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sfv {
    /// Not spam.
    #[default]
    Nspm,
    /// Marked by the filter.
    Spm,
    /// Marked as no spam before the filter.
    Skn,
    /// Marked as spam before the filter.
    Sks,
    /// A policy allowed the sender.
    Ska,
    /// A policy blocked the sender.
    Skb,
    /// Released from quarantine.
    Skq,
    /// The user's safe sender.
    Sfe,
    /// The user's blocked sender.
    Blk,
}

impl Sfv {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nspm => "NSPM",
            Self::Spm => "SPM",
            Self::Skn => "SKN",
            Self::Sks => "SKS",
            Self::Ska => "SKA",
            Self::Skb => "SKB",
            Self::Skq => "SKQ",
            Self::Sfe => "SFE",
            Self::Blk => "BLK",
        }
    }
}

/// A list or rule that decided in place of the filter, or tried to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedOverride {
    /// Whose list.
    pub policy: PolicyKind,
    /// Allow or block.
    pub allows: bool,
    /// The entry, as it is written.
    pub entry: String,
    /// Whether it changed what the filter said.
    pub acted: bool,
    /// Why, or why not.
    pub why: OverrideWhy,
}

/// Why a list or rule acted on a message, or did not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverrideWhy {
    /// Another one acted before it.
    DecidedBefore,
    /// The verdict is beyond any list.
    NeverLetThrough,
    /// A block: the policy's action on the verdict stands.
    VerdictStands,
    /// A block: it goes to the junk folder.
    Junk,
    /// An allow.
    LetThrough,
    /// An allow, as far as it is no forgery.
    LetThroughInPart,
    /// An allow of a sender that nothing proves.
    LetThroughUnproven,
    /// A mailbox of the security team.
    SecurityTeam,
}

impl OverrideWhy {
    /// In English and German.
    pub fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::DecidedBefore => (
                "another list or rule decided before",
                "eine andere Liste oder Regel hat vorher entschieden",
            ),
            Self::NeverLetThrough => (
                "malware and phishing of high confidence are never let through",
                "Schadsoftware und sicheres Phishing werden nie durchgelassen",
            ),
            Self::VerdictStands => (
                "the verdict stands, and the policy acts on it",
                "das Urteil bleibt, und die Richtlinie handelt danach",
            ),
            Self::Junk => {
                ("blocked: it goes to the junk folder", "gesperrt: sie kommt in den Junk-Ordner")
            }
            Self::LetThrough => ("let through", "durchgelassen"),
            Self::LetThroughInPart => (
                "let through as far as it is no forgery and no imitation",
                "durchgelassen, soweit nichts gefälscht oder nachgeahmt ist",
            ),
            Self::LetThroughUnproven => (
                "let through, although nothing shows that it is from this sender",
                "durchgelassen, obwohl nichts zeigt, dass sie von diesem Absender ist",
            ),
            Self::SecurityTeam => (
                "a mailbox of the security team gets everything as it came",
                "ein Postfach des Sicherheitsteams bekommt alles, wie es kam",
            ),
        }
    }
}

/// A line that is shown above a message (spec 2.8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SafetyTip {
    /// The recipient does not often hear from this address.
    FirstContact {
        /// The From address.
        address: String,
    },
    /// Somebody the recipient knows has a name like this.
    SimilarUser,
    /// The tenant has a domain like this.
    SimilarDomain,
    /// Letters that look like others.
    UnusualCharacters {
        /// The From address.
        address: String,
    },
    /// Neither SPF, DKIM nor DMARC say that it is from where it says.
    UnauthenticatedSender,
    /// It came by way of another domain.
    Via {
        /// Which.
        domain: String,
    },
}

/// `SFTY:` of spec 2.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sfty {
    /// `9.19`.
    DomainImpersonation,
    /// `9.20`.
    UserImpersonation,
    /// `9.25`.
    FirstContact,
}

impl Sfty {
    /// The number.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DomainImpersonation => "9.19",
            Self::UserImpersonation => "9.20",
            Self::FirstContact => "9.25",
        }
    }
}

/// One step on the way to a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Because {
    /// Which kind of policy.
    pub policy: PolicyKind,
    /// Its name.
    pub name: String,
    /// Its setting, in snake_case.
    pub setting: &'static str,
    /// What that setting says.
    pub value: String,
}

/// A single setting that would have made another action of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counterfactual {
    /// Which kind of policy.
    pub policy: PolicyKind,
    /// Its name.
    pub name: String,
    /// Its setting, in snake_case.
    pub setting: String,
    /// What it would have to say.
    pub value: String,
    /// What would then be done: [`Action::as_str`].
    pub action: &'static str,
}

/// What becomes of one message for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What is done.
    pub action: Action,
    /// `CAT`: the verdict that decided.
    pub category: Category,
    /// The word in `CAT:`: the category's, or the finer `FTBP` (a file of a blocked type) or
    /// `INTOS` (phishing within the organisation).
    pub category_word: &'static str,
    /// The level that is stamped: -1, 0, 1, 5, 6, 7, 8 or 9.
    pub scl: i8,
    /// Bulk complaint level.
    pub bcl: u8,
    /// `SRV:BULK`.
    pub is_bulk: bool,
    /// `SFV`.
    pub sfv: Sfv,
    /// `IPV:CAL` in place of `NLI`: the address is on the allow list.
    pub is_ip_allowed: bool,
    /// `SFTY`.
    pub sfty: Option<Sfty>,
    /// The kind of the policy that decided.
    pub policy: PolicyKind,
    /// Its name.
    pub policy_name: String,
    /// Lists and rules that applied.
    pub overrides: Vec<AppliedOverride>,
    /// Lines to show above it.
    pub safety_tips: Vec<SafetyTip>,
    /// Texts of `X-CustomSpam`, of the switches that are on or in test.
    pub custom_spam: Vec<&'static str>,
    /// Who gets a copy beside.
    pub bcc: Vec<Address>,
    /// How it came to this, in order.
    pub because: Vec<Because>,
    /// What single change would have made another action of it.
    pub counterfactuals: Vec<Counterfactual>,
}
