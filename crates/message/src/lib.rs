//! Made when first needed.
