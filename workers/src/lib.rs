//! Sessions of [Countersign](countersign) at the edge: in Cloudflare's Durable Objects, for axum in a Worker.
//!
//! - [`DurableObjectStore`] is the [`SessionStore`](countersign::store::SessionStore); it keeps sessions in objects of the class
//!   [`CountersignSessions`].
//! - [`EndedCache`] remembers in Workers KV which sessions have ended, and only that.
//!
//! This crate switches on the feature `wasm-js` of Countersign, so its default [`SystemClock`](countersign::SystemClock) and its
//! random numbers work in a Worker. A Worker takes Countersign without the default features, with `rust-crypto`:
//!
//! ```toml
//! [lib]
//! crate-type = ["cdylib"]
//!
//! [dependencies]
//! axum = { version = "0.8", default-features = false, features = ["json"] }
//! countersign = { version = "0.1", default-features = false, features = ["macros", "openapi", "rust-crypto"] }
//! countersign-workers = "0.1"
//! worker = { version = "0.8", features = ["http"] }
//! ```
//!
//! The futures of this crate are `Send`, as [`SessionStore`](countersign::store::SessionStore) and axum ask. Those of a Worker's own
//! bindings are not; wrap them in [`SendFuture`], or put [`macro@worker::send`] above the handler.
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]

mod ended;
#[expect(missing_docs, reason = "those of the macro have none")]
mod object;
mod objects;
mod row;
mod sql;
mod store;
#[cfg(test)]
mod tests;

pub use ended::{EndedCache, Entries, Kv};
pub use object::CountersignSessions;
pub use objects::{Objects, ask};
pub use store::DurableObjectStore;
pub use worker::send::{SendFuture, SendWrapper};

/// The chapter of the guide is compiled as a documentation test.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/the-edge.md")]
struct Guide;
