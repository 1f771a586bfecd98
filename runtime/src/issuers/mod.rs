//! Tokens that somebody else signed: the keys of other issuers.

mod address;
mod discovery;
mod failure;
mod fetch;
mod keys;
mod published;

#[cfg(test)]
mod tests;

pub use fetch::{Fetch, FetchError, FetchRequest, Fetched};
