//! Tables of facts and what they mean.
