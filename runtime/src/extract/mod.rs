//! From a request to a decision: credentials, verification, authorization, and the extractors that handlers see.
//!
//! Every request takes the same way, whether an extractor, a guard, a proof or a layer asks:
//!
//! 1. [`credentials`] decides which access token counts, and which refresh token where a rule needs it. What the client chose to send beats
//!    what the browser adds by itself ([`bearer`] tells a token of ours from the credentials of other layers).
//! 2. [`verify`] checks the access token and makes the `Session`; [`csrf`] checks the sender if the token came in a cookie.
//! 3. [`authorize`] collects the facts that the rule needs: whether the session is live, the refresh token ([`examine`]), and the results
//!    of checks ([`check`]). It asks `access::decide` until that names no further check.
//! 4. A [`refusal`] becomes an event and a response. Otherwise [`extractors`], [`guard`] and [`proof`] pass the session on to the handler.
//!
//! The results of steps 2 and 3 stay in the request's extensions ([`remembered`]), so that later extractors repeat no work, and take a machine
//! that was [`admitted`]. What the
//! answer has to say about them goes into its [`notes`].

mod admitted;
mod authorize;
mod bearer;
pub(crate) mod check;
mod credentials;
pub(crate) mod csrf;
mod examine;
mod extractors;
mod guard;
mod navigation;
mod notes;
pub(crate) mod path_fit;
mod plain_http;
pub(crate) mod proof;
mod refusal;
mod remembered;
mod verify;

pub(crate) use admitted::forget as forget_admission;
pub(crate) use authorize::{Asker, authorize, decided, forget_bad_cookie, required};
pub(crate) use credentials::{
    Held, HeldInCookie, access_credential, held, refresh_cookie_of, refresh_token_of,
};
pub(crate) use examine::show;
pub use extractors::{claims_from_parts, optional_claims_from_parts};
pub use guard::{DenyAll, Guard, Public};
pub(crate) use navigation::Destination;
pub(crate) use notes::AnswerNotes;
pub(crate) use plain_http::sign_of_plain_http;
pub(crate) use refusal::{Refusal, address_of, for_request, refuse};
pub(crate) use verify::{forget, verified};
