//! What an engine outside said about a message: plain data.

/// One malware engine's word about one message.
///
/// Only [`Clean`](Self::Clean) means that it looked and found nothing. An engine that did not
/// answer, or not properly, never counts as clean (attacks.md AV-02).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum EngineFact {
    /// Nobody asked it.
    #[default]
    NotAsked,
    /// It looked, and found nothing.
    Clean,
    /// It found this; the engine's name for it, printable.
    Infected(String),
    /// It gave no answer that counts; why, printable, for the administrator.
    Failed(String),
}

impl EngineFact {
    /// It gave an answer: clean or infected.
    pub fn is_answer(&self) -> bool {
        matches!(self, Self::Clean | Self::Infected(_))
    }

    /// It was asked and did not answer: where the engine is required, that defers the message.
    pub fn failure(&self) -> Option<&str> {
        match self {
            Self::Failed(reason) => Some(reason),
            Self::NotAsked | Self::Clean | Self::Infected(_) => None,
        }
    }
}
