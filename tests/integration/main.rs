//! Integration tests, one module a topic. Rows are those of the project's security requirements.

mod claims;
mod config;
mod errors;
mod guard;

mod openapi;
mod quickstart;
mod refresh;
mod sessions;
mod support;
