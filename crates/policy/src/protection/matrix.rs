//! Who wins, as the tables of spec 2.2: what an allow or a block makes of each verdict.
//!
//! Touches nothing. The tables are data; `overrides` asks them.

use posthouse_types::Category;

/// A row: verdicts that are treated alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// Malware.
    Malware,
    /// Phishing of high confidence.
    HighConfidencePhish,
    /// Phishing; and forgery and impersonation, which the table does not name.
    Phish,
    /// Spam, of any confidence.
    Spam,
    /// Bulk, and what is no spam.
    NotSpam,
}

impl Row {
    /// The row of a verdict.
    pub fn of(category: Category) -> Self {
        match category {
            Category::Malware => Self::Malware,
            Category::HighConfidencePhish => Self::HighConfidencePhish,
            Category::Phish
            | Category::Spoof
            | Category::UserImpersonation
            | Category::DomainImpersonation
            | Category::GraphImpersonation => Self::Phish,
            Category::HighConfidenceSpam | Category::Spam => Self::Spam,
            Category::Bulk | Category::None => Self::NotSpam,
        }
    }
}

/// What becomes of the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The filter's verdict stands.
    Filter,
    /// It goes to the inbox.
    Deliver,
    /// The verdict stands, and the tenant's policy acts on it.
    PolicyAction,
    /// To the junk folder.
    Junk,
}

/// A column: where an allow or block comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A mail-flow rule set SCL -1.
    RuleAllow,
    /// The IP allow list; of the connection filter or the Tenant Allow/Block List.
    IpAllow,
    /// The anti-spam policy allows the sender.
    PolicyAllow,
    /// The Tenant Allow/Block List allows the sender.
    TenantAllow,
    /// The user's safe sender.
    UserSafe,
    /// The user's blocked sender.
    UserBlocked,
    /// A mail-flow rule set an SCL of 5 to 9.
    RuleBlock,
    /// The anti-spam policy blocks the sender.
    PolicyBlock,
}

const COLUMNS: [Source; 8] = [
    Source::RuleAllow,
    Source::IpAllow,
    Source::PolicyAllow,
    Source::TenantAllow,
    Source::UserSafe,
    Source::UserBlocked,
    Source::RuleBlock,
    Source::PolicyBlock,
];

use Effect::{Deliver, Filter, Junk, PolicyAction};

/// Spec 2.2: its table, and the two columns of its text about blocks.
#[rustfmt::skip]
pub const MATRIX: [(Row, [Effect; 8]); 5] = [
    //                          rule allow  IP allow  policy allow  TABL allow  user safe  user blocked  rule block    policy block
    (Row::Malware,             [Filter,     Filter,   Filter,       Filter,     Filter,    Filter,       Filter,       Filter]),
    (Row::HighConfidencePhish, [Filter,     Filter,   Filter,       Filter,     Filter,    Filter,       Filter,       Filter]),
    (Row::Phish,               [Deliver,    Deliver,  Deliver,      Deliver,    Deliver,   PolicyAction, PolicyAction, PolicyAction]),
    (Row::Spam,                [Deliver,    Deliver,  Deliver,      Deliver,    Deliver,   PolicyAction, Junk,         Junk]),
    (Row::NotSpam,             [Deliver,    Deliver,  Deliver,      Deliver,    Deliver,   Junk,         Junk,         Junk]),
];

/// What a source makes of a verdict.
pub fn effect(category: Category, source: Source) -> Effect {
    let row = Row::of(category);
    let cells = MATRIX.iter().find(|(name, _)| *name == row).map(|(_, cells)| cells);
    let place = COLUMNS.iter().position(|column| *column == source);
    cells.zip(place).and_then(|(cells, place)| cells.get(place)).copied().unwrap_or(Filter)
}
