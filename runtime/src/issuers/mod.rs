//! Tokens of other issuers, and the keys that verify them.

mod address;
mod discovery;
mod failure;
mod fetch;
mod keys;
mod published;

#[cfg(test)]
mod tests;

pub use fetch::{Fetch, FetchError, FetchRequest, Fetched};
