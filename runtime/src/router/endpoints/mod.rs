//! The endpoints of sessions: the table that describes them, their documents, and the routes of `Auth::routes`.

mod document;
mod routes;

use utoipa::openapi::Required;
use utoipa::openapi::path::HttpMethod;

use self::document::Body;
use crate::auth::TokenPair;
use crate::http::{LogoutRequest, RefreshRequest, SessionList};

pub use document::refresh_document;
pub use routes::SessionRoutes;

/// An endpoint of [`Auth::routes`](crate::Auth::routes).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// `POST /refresh`: exchanges a refresh token for the next pair of tokens.
    Refresh,
    /// `POST /logout`: ends the session of the tokens in the request.
    ///
    /// It takes the access token in any place that may hold one, expired or not, the refresh token in its cookie or in the body
    /// ([`LogoutRequest`]), or several of them. The answer is 204 even when there is nothing to end (RFC 7009 section 2.2), and 503
    /// when the store does not answer. It is public: the token that it ends is the credential. Cookies count if
    /// [the site itself](crate::Auth::csrf_token) has sent them, and are taken away.
    Logout,
    /// `POST /logout-all`: ends every session of the caller, the one of the request too.
    LogoutAll,
    /// `GET /sessions`: lists the caller's sessions, as a [`SessionList`].
    Sessions,
    /// `DELETE /sessions/{id}`: ends one of the caller's sessions.
    ///
    /// The identifier of another user's session, an unknown one, and a text that is no identifier get the same 404.
    RevokeSession,
    /// `DELETE /sessions`: ends every session of the caller but the one of the request. Offer it after a change of password.
    RevokeOthers,
}

/// The description of an endpoint.
///
/// Its access is not here: that follows from the first argument of its handler, as for every other handler.
struct Facts {
    path: &'static str,
    method: HttpMethod,
    /// The operation's name in the document.
    id: &'static str,
    /// Summary and description, with a blank line between them.
    docs: &'static str,
    request: Option<(Body, Required)>,
    /// Status, description and body of the answer.
    success: (&'static str, &'static str, Option<Body>),
    /// Status and description of refusals of its own. Those of every endpoint and those that follow from the access are added.
    refusals: &'static [(&'static str, &'static str)],
}

impl Endpoint {
    const ALL: [Self; 6] = [
        Self::Refresh,
        Self::Logout,
        Self::LogoutAll,
        Self::Sessions,
        Self::RevokeSession,
        Self::RevokeOthers,
    ];

    fn facts(self) -> Facts {
        match self {
            Self::Refresh => Facts {
                path: "/refresh",
                method: HttpMethod::Post,
                id: "refresh",
                docs: "Exchanges a refresh token for the next pair of tokens",
                request: Some((Body::of::<RefreshRequest>(), Required::True)),
                success: (
                    "200",
                    "The next pair; the refresh token of the request is used up",
                    Some(Body::of::<TokenPair>()),
                ),
                refusals: &[("400", "The refresh token is not valid any more, or the request is malformed")],
            },
            Self::Logout => Facts {
                path: "/logout",
                method: HttpMethod::Post,
                id: "logout",
                docs: "Ends the session of the tokens in the request\n\n\
                       The access token may have expired. The answer is the same if there is nothing to end.",
                request: Some((Body::of::<LogoutRequest>(), Required::False)),
                success: ("204", "Signed out", None),
                refusals: &[],
            },
            Self::LogoutAll => Facts {
                path: "/logout-all",
                method: HttpMethod::Post,
                id: "logout_all",
                docs: "Ends every session of the caller, this one too",
                request: None,
                success: ("204", "Signed out everywhere", None),
                refusals: &[],
            },
            Self::Sessions => Facts {
                path: "/sessions",
                method: HttpMethod::Get,
                id: "sessions",
                docs: "Lists the sessions of the caller, the newest first",
                request: None,
                success: ("200", "The sessions", Some(Body::of::<SessionList>())),
                refusals: &[],
            },
            Self::RevokeSession => Facts {
                path: "/sessions/{id}",
                method: HttpMethod::Delete,
                id: "revoke_session",
                docs: "Ends one session of the caller",
                request: None,
                success: ("204", "The session has ended", None),
                refusals: &[("404", "The caller has no such session")],
            },
            Self::RevokeOthers => Facts {
                path: "/sessions",
                method: HttpMethod::Delete,
                id: "revoke_others",
                docs: "Ends every session of the caller but this one",
                request: None,
                success: ("204", "The other sessions have ended", None),
                refusals: &[],
            },
        }
    }
}
