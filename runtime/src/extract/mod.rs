//! Extractors: the verified session, and the guard that the access attributes put first.

mod authorize;
mod bearer;
mod credentials;
mod guard;
mod session;

pub(crate) use authorize::{Refusal, refuse};
pub(crate) use credentials::{access_credential, one_header, refresh_cookie_of, refresh_token_of};
pub use guard::{Guard, Nobody, Public};
pub use session::{Session, Transport, claims_from_parts, optional_claims_from_parts};
