//! Unit tests over the repository itself: the floor plan, sizes, documentation pages, licences.
//!
//! Holds nothing that runs in the product. Reads the source tree and `cargo metadata`, never the
//! network. A failing test here names file, line and what to do; there are no lists of exceptions.

#[cfg(test)]
mod documents;
#[cfg(test)]
mod floor_plan;
#[cfg(test)]
mod licences;
#[cfg(test)]
mod reasons;
#[cfg(test)]
mod scan;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod tree;
