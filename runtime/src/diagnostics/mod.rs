//! Checks at compile time, as constants that the macros' output evaluates: named roles exist ([`roles`]), some callers satisfy a rule and
//! others do not ([`rules`]), and an argument requires no more than the attribute above its handler ([`arguments`]).
//!
//! A constant that finds a mistake panics with a [`message`], which rustc shows at the guilty token.

pub(crate) mod arguments;
pub(crate) mod issuers;
pub(crate) mod message;
mod nearest;
pub(crate) mod roles;
pub(crate) mod rules;
