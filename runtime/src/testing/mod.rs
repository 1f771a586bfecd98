//! For tests: a clock to set, a store that fails on command, the conformance suite for session stores, and a
//! committed file of who may call what.
//!
//! Needs the feature `test-util`; enable it in `[dev-dependencies]` only.

mod clock;
pub mod conformance;
mod faulty;
#[cfg(feature = "openapi")]
mod matrix;

#[doc(inline)]
pub use crate::__store_conformance as store_conformance;
#[doc(inline)]
#[cfg(feature = "openapi")]
pub use crate::assert_access_matrix;
pub use clock::TestClock;
pub use faulty::{Fault, FaultyStore};
#[cfg(feature = "openapi")]
pub use matrix::__assert_access_matrix;
