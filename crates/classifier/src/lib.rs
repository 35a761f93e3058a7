//! The statistical classifier: words, character n-grams and structure, weighed by a trained model.
//!
//! Touches nothing: a reading and a model in, scores out. The same training data always makes the
//! same model. Only a neutral view of a message is learned from (`view`), since header fields and
//! dates tell how a corpus was made, not what a mail wants.

mod bulk;
mod classify;
mod dense;
mod features;
mod findings;
mod html;
mod learned;
mod linear;
mod mailing;
mod model;
mod trainer;
mod url;
mod view;

pub use bulk::{BULK_LEVEL_STRICT, bulk_finding, bulk_level};
pub use classify::{Classification, classify, classify_for};
pub use findings::{
    READS_LIKE_A_MAILING, SENT_TO_MANY, WORDS_LIKE_PHISH, WORDS_LIKE_RELEASED, WORDS_LIKE_REPORTED,
    WORDS_LIKE_SPAM, WORDS_LIKE_WANTED,
};
pub use learned::{ENTRIES_MAX, LEARNED_BYTES_MAX, Learned, SAYS_MAX, Said, USERS_SAY_MAX, Voice};
pub use model::{Counts, MODEL_BYTES_MAX, Model, ModelError};
pub use trainer::{Audience, Label, Trainer};

use posthouse_types::FindingKind;

/// Every kind of finding that this room makes.
pub const FINDINGS: &[&FindingKind] = &[
    &WORDS_LIKE_SPAM,
    &WORDS_LIKE_PHISH,
    &WORDS_LIKE_WANTED,
    &WORDS_LIKE_RELEASED,
    &WORDS_LIKE_REPORTED,
    &SENT_TO_MANY,
    &READS_LIKE_A_MAILING,
];
