//! The keys of issuers that answer well, badly and not at all.

mod discovery;
mod faults;
mod kit;
mod lives;
mod model;
mod outage;
mod published;
#[cfg(feature = "reqwest")]
mod reqwest_client;
