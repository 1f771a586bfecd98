//! Checks at compile time: whether named roles exist, whether a rule can be met, whether arguments fit the attribute above them.

pub(crate) mod arguments;
pub(crate) mod message;
pub(crate) mod roles;
pub(crate) mod rules;
