//! Endpoints: wrappers around [`Auth`](crate::Auth), without decisions of their own. And what HTTP adds to tokens: cookies, and who sent a request.

mod cookies;
#[cfg(feature = "cors")]
mod cors;
pub(crate) mod csrf;
#[cfg(feature = "user-agent")]
mod device;
mod metadata;
mod origin;
mod refresh;
mod sign_in;
mod token;

use http::HeaderName;

pub(crate) use cookies::{CookieRules, largest_value};
pub use cookies::{CookieSameSite, CookieTokens, Cookies, ExpiredCookies};
pub(crate) use csrf::X_CSRF_TOKEN;
pub use refresh::{RefreshAnswer, RefreshRequest, refresh_session};
pub use sign_in::SignIn;

/// The header of a refresh token that stands beside an access token.
pub(crate) const X_REFRESH_TOKEN: HeaderName = HeaderName::from_static("x-refresh-token");
