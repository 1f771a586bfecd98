//! Extractors: the verified session, alone or with its refresh token, and the guard that the access attributes put first.
//!
//! A request goes through these files from top to bottom: its [`credentials`] are found, its access token is [`verify`]-ed and its
//! refresh token [`examine`]-d, [`authorize`] decides, and [`extractors`], [`guard`] and [`proof`] hand the answer to the handler.

mod authorize;
mod bearer;
pub(crate) mod check;
mod credentials;
pub(crate) mod csrf;
mod examine;
mod extractors;
mod guard;
pub(crate) mod proof;
mod refusal;
mod remembered;
mod verify;

pub(crate) use authorize::{authorize, decided, required};
pub(crate) use credentials::{access_credential, refresh_cookie_of, refresh_token_of};
pub(crate) use examine::show;
pub use extractors::{claims_from_parts, optional_claims_from_parts};
pub use guard::{Guard, Nobody, Public};
pub(crate) use refusal::{Refusal, for_request, refuse};
pub(crate) use verify::forget;
