//! An application that uses every macro under every lint; the mistakes are in `cases/`.
//!
//! It is a library because rustc checks only in libraries that public items have docs. The lints warn, so that a newer
//! compiler with newer lints can still run the tests; CI turns every warning into an error.

#![warn(clippy::all, clippy::pedantic, clippy::nursery, clippy::missing_docs_in_private_items)]
#![warn(clippy::exhaustive_enums)]
#![allow(clippy::redundant_pub_crate, reason = "it wants the opposite of `unreachable_pub`")]
#![allow(clippy::unused_async, reason = "axum wants async functions")]
#![warn(missing_debug_implementations, missing_docs, rust_2018_idioms, unreachable_pub, unused)]
#![warn(let_underscore_drop, non_ascii_idents, single_use_lifetimes, trivial_casts, unit_bindings)]
#![warn(unused_lifetimes, unused_qualifications, variant_size_differences)]

#[path = "cases/pass/claims.rs"]
pub mod claims;
#[path = "cases/pass/forbidden.rs"]
pub mod forbidden;
#[path = "cases/pass/handlers.rs"]
pub mod handlers;
#[path = "cases/pass/places.rs"]
pub mod places;
#[path = "cases/pass/rules.rs"]
pub mod rules;
