//! Integration tests, one module a topic. A row is a row of `docs/REQUIREMENTS.md`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in a test that is how it fails")]

mod attributes;
mod both_tokens;
mod browser;
mod check_paths;
mod checks;
mod claims;
mod config;
mod cookies;
mod csrf;
mod document;
mod endpoints;
mod errors;
mod events;
mod examples;
mod fragments;
mod freshness;
mod guard;
mod impersonation;
mod introspection;
mod layers;
mod liveness;
mod matrix;
mod mounted_endpoints;
mod openapi;
mod paths;
mod probe;
mod process;
mod proofs;
mod quickstart;
mod reauthentication;
mod refresh;
mod refresh_keys;
mod requirements;
mod reused_requests;
mod routers;
mod rules;
mod sessions;
mod sign_in;
mod sign_out;
mod stores;
mod support;
mod testkit;
mod transport;
