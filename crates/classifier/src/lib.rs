//! The statistical classifier: words, character n-grams and structure, weighed by a trained model.
//!
//! Touches nothing: a reading and a model in, scores out. The same training data always makes the
//! same model.

mod dense;
mod encoded;
mod features;
mod html;
mod linear;
pub mod trial;
mod url;
mod view;
