//! The endpoints of sessions: their places, their documents, and the routes of `Auth::routes`.

#[cfg(feature = "openapi")]
mod document;
mod keys;
mod routes;

use http::Method;

#[cfg(feature = "openapi")]
pub(super) use document::is_refresh;
#[cfg(feature = "openapi")]
pub use document::refresh_document;
pub use keys::KeyRoutes;
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
    /// ([`LogoutRequest`](crate::LogoutRequest)), or several of them. The answer is 204 even when there is nothing to end, and 503
    /// when the store does not answer. It is public: the token that it ends is the credential. Cookies count if
    /// [the site itself](crate::Auth::csrf_token) has sent them, and are taken away.
    ///
    /// It is the `revocation_endpoint` of an OAuth client as well (RFC 7009). A body with `token`, of either type, ends the session of that
    /// token; cookies and headers are not looked at. The answer is then 200, for every token. Access tokens that were given out already are
    /// accepted until they expire, except where the session is looked up.
    Logout,
    /// `POST /logout-all`: ends every session of the caller, the one of the request too.
    LogoutAll,
    /// `GET /sessions`: lists the caller's sessions, as a [`SessionList`](crate::SessionList).
    Sessions,
    /// `DELETE /sessions/{id}`: ends one of the caller's sessions.
    ///
    /// The identifier of another user's session, an unknown one, and a text that is no identifier get the same 404.
    RevokeSession,
    /// `DELETE /sessions`: ends every session of the caller but the one of the request. Offer it after a change of password.
    RevokeOthers,
    /// `POST /introspect`: tells another service whether a token is active (RFC 7662), as [`Auth::introspect`](crate::Auth::introspect).
    ///
    /// It is mounted by [`SessionRoutes::introspection`] alone, which says who may ask.
    Introspection,
}

impl Endpoint {
    /// Those that are mounted unless the application says otherwise.
    const USUAL: [Self; 6] = [
        Self::Refresh,
        Self::Logout,
        Self::LogoutAll,
        Self::Sessions,
        Self::RevokeSession,
        Self::RevokeOthers,
    ];

    /// Its path until the application chooses another.
    const fn path(self) -> &'static str {
        match self {
            Self::Refresh => "/refresh",
            Self::Logout => "/logout",
            Self::LogoutAll => "/logout-all",
            Self::Sessions | Self::RevokeOthers => "/sessions",
            Self::RevokeSession => "/sessions/{id}",
            Self::Introspection => "/introspect",
        }
    }

    const fn method(self) -> Method {
        match self {
            Self::Refresh | Self::Logout | Self::LogoutAll | Self::Introspection => Method::POST,
            Self::Sessions => Method::GET,
            Self::RevokeSession | Self::RevokeOthers => Method::DELETE,
        }
    }
}

/// The tag of endpoints to which the application gives none.
#[cfg(feature = "openapi")]
pub const TAG: &str = "sessions";

/// The parameter of a path that names a session.
const ID: &str = "{id}";
