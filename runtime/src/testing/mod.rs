//! For tests: an [`Auth`](crate::Auth) in one line, good and bad tokens, a clock to set, a store that fails on command, a probe that
//! proves the access of every route, a committed file of who may call what, and the conformance suite for session stores.
//!
//! Needs the feature `test-util`; enable it in `[dev-dependencies]` only. Cargo builds a crate once, with the features that any of its
//! dependents enables. So one package with `test-util` in its `[dependencies]` makes [`granted`] and the rest of this module available
//! to every crate in the same build. `cargo tree -e normal,features -i countersign` shows which package enables which feature in the
//! binary that you ship.

mod auth;
mod clock;
pub mod conformance;
#[cfg(feature = "openapi")]
mod document;
mod faulty;
mod forge;
mod granted;
mod issuer;
mod key_store;
mod matrix;
mod probe;

#[doc(inline)]
pub use crate::__store_conformance as store_conformance;
#[doc(inline)]
pub use crate::assert_access_matrix;
pub use auth::TestAuth;
pub use clock::TestClock;
#[cfg(feature = "openapi")]
#[cfg_attr(docsrs, doc(cfg(feature = "openapi")))]
pub use document::assert_document_matches;
pub use faulty::{Fault, FaultyStore};
pub use forge::TokenForge;
pub use granted::{Granted, granted};
pub use issuer::TestIssuer;
pub use key_store::assert_key_store;
pub use matrix::__assert_access_matrix;
pub use probe::{AccessProbe, GapKind, ProbeGap, ProbeReport};
