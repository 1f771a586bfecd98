//! Extractors: the verified session, alone or with its refresh token, and the guard that the access attributes put first.

mod authorize;
mod bearer;
mod credentials;
mod guard;
mod refresh_session;
mod remembered;
mod session;

pub(crate) use authorize::{Refusal, authorize, authorize_with, decided, placed, refuse};
pub(crate) use credentials::{access_credential, one_header, refresh_cookie_of, refresh_token_of};
pub use guard::{Guard, Nobody, Public};
pub use refresh_session::RefreshSession;
pub(crate) use refresh_session::show;
pub(crate) use remembered::{remember, take};
pub use session::{Session, Transport, claims_from_parts, optional_claims_from_parts};
pub(crate) use session::{forget, verified};
