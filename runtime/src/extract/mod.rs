//! Extractors: the verified session, and the guard that the access attributes put first.

mod authorize;
mod bearer;
mod guard;
mod session;

pub use guard::{Guard, Nobody, Public};
pub use session::{Session, Transport, claims_from_parts, optional_claims_from_parts};
