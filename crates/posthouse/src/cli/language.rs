//! The language of explanations, as it is typed.
//!
//! Touches nothing.

use clap::ValueEnum;
use posthouse_types::Language;

/// A language of explanations, as typed.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum LanguageArgument {
    /// English
    #[default]
    En,
    /// Deutsch
    De,
}

impl From<LanguageArgument> for Language {
    fn from(argument: LanguageArgument) -> Self {
        match argument {
            LanguageArgument::En => Self::English,
            LanguageArgument::De => Self::German,
        }
    }
}
