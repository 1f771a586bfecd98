//! Integration tests, one module a topic. Rows are those of the project's security requirements.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in a test that is how it fails")]

mod attributes;
mod both_tokens;
mod browser;
mod claims;
mod config;
mod cookies;
mod csrf;
mod endpoints;
mod errors;
mod events;
mod examples;
mod fragments;
mod guard;
mod introspection;
mod layers;
mod liveness;
mod mounting;
mod openapi;
mod paths;
mod process;
mod quickstart;
mod refresh;
mod routers;
mod sessions;
mod sign_in;
mod sign_out;
mod stores;
mod support;
mod transport;
