//! Integration tests, one module a topic. Rows are those of the project's security requirements.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in a test that is how it fails")]

mod both_tokens;
mod claims;
mod config;
mod errors;
mod events;
mod fragments;
mod guard;
mod layers;
mod liveness;
mod openapi;
mod quickstart;
mod refresh;
mod sessions;
mod stores;
mod support;
