//! For tests: a clock to set, a store that fails on command, and the conformance suite for session stores.
//!
//! Needs the feature `test-util`; enable it in `[dev-dependencies]` only.

mod clock;
pub mod conformance;
#[cfg(feature = "openapi")]
mod document;
mod faulty;

#[doc(inline)]
pub use crate::__store_conformance as store_conformance;
pub use clock::TestClock;
#[cfg(feature = "openapi")]
#[cfg_attr(docsrs, doc(cfg(feature = "openapi")))]
pub use document::assert_document_matches;
pub use faulty::{Fault, FaultyStore};
