//! For tests: a clock to set, a store that fails on command, and the conformance suite for session stores.
//!
//! Needs the feature `test-util`; enable it in `[dev-dependencies]` only.

mod clock;
pub mod conformance;
mod faulty;

#[doc(inline)]
pub use crate::__store_conformance as store_conformance;
pub use clock::TestClock;
pub use faulty::{Fault, FaultyStore};
