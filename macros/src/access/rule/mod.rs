//! A rule in Rust's own expression form, as `#[require(...)]` and `rule!` take it.

mod atoms;
mod expand;
mod model;
mod operators;
mod parse;
mod sense;
#[cfg(test)]
mod tests;
mod time;

pub(crate) use atoms::example_of;
pub(crate) use expand::{Markers, checks, consistency, constant, proves};
pub(crate) use model::{Atom, Condition, Rule};
pub(crate) use parse::rule;
pub(crate) use sense::excluded;
