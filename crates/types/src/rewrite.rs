//! What is to be changed in a message: decided by `policy`, applied by `message`.
//!
//! Plain data. Whoever makes one vouches that names and values are single lines: they come from
//! a tenant's file, which was checked when it was read.

/// One change of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rewrite {
    /// Every field of this name goes, and one with this value stands in its place.
    SetHeader {
        /// The field's name.
        name: Box<str>,
        /// Its value: one line.
        value: Box<str>,
    },
    /// Every field of this name goes.
    RemoveHeader(Box<str>),
    /// This stands before the subject, unless the subject begins with it already.
    PrependSubject(Box<str>),
    /// A notice is added to the text that people read.
    Disclaimer(Disclaimer),
}

/// A notice for the readers of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disclaimer {
    /// For parts of plain text.
    pub text: Box<str>,
    /// For parts of HTML; where it is empty, the text is escaped and used.
    pub html: Box<str>,
    /// Where it goes.
    pub place: DisclaimerPlace,
    /// What is done with a message that it cannot be added to.
    pub fallback: DisclaimerFallback,
}

/// Where a notice goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DisclaimerPlace {
    /// Below the text.
    #[default]
    Append,
    /// Above it.
    Prepend,
}

/// What is done with a message that a notice cannot be added to: one that is signed or encrypted,
/// or that has no text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DisclaimerFallback {
    /// The message becomes an attachment of one that carries the notice.
    #[default]
    Wrap,
    /// It goes out without the notice.
    Ignore,
    /// It is refused.
    Reject,
}
